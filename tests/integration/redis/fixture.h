/* fixture.h - a private redis-server, a client under test, a plain client that looks behind it
 *
 * The test program is its own guard: main begins with fixture_main. Without redis-server the test
 * is skipped.
 */
#ifndef WEIR_TESTS_REDIS_FIXTURE_H
#define WEIR_TESTS_REDIS_FIXTURE_H

#include "connectors/redis/redis.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <hiredis/hiredis.h>

#define JOB "job-1"
#define KEY "weir:{local:job-1}"

typedef struct {
	char dir[64];
	weir_redis_server_t *server;
	weir_redis_t *redis;
	redisContext *plain;
} fixture_t;

typedef struct { /* what done was told */
	int n_calls;
	int at; /* how many answers any call had before this one */
	weir_err_t err;
	size_t n;
	char answers[WEIR_REDIS_BATCH_MAX + 1];
} outcome_t;

/* -1: go on with the tests; otherwise main's exit status. */
int fixture_main (int argc, char **argv);
int fixture_setup (void **state);
int fixture_teardown (void **state);
void fixture_start_server (fixture_t *self);
void fixture_remove_dir (fixture_t *self);

void outcome_done (void *arg, const weir_err_t *err, size_t n, const char *answers);
/* Runs the loop until all calls are answered; fails after 5 s. */
void fixture_wait (fixture_t *self);
/* Puts the job and waits. */
void fixture_put_job (fixture_t *self, uint64_t generation, uint64_t n_chunks);
/* One batch of the job, answered. */
const char *fixture_transit (fixture_t *self, uint64_t generation, size_t n,
                             const weir_redis_transition_t *all);
/* An integer or string reply of a plain command as text, "" if nil; good until the next call. */
const char *fixture_ask (fixture_t *self, const char *format, ...)
	__attribute__ ((format (printf, 2, 3)));

#endif
