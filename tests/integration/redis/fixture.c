/* fixture.c - see fixture.h */
#include "tests/integration/redis/fixture.h"

#include "runtime/base/mem.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int s_n_answers;

int
fixture_main (int argc, char **argv)
{
	(void) argc;
	(void) argv;
	if (system ("redis-server --version >/dev/null 2>&1") != 0) {
		printf ("skipped: no redis-server\n");
		return 77;
	}
	return -1;
}

void
fixture_start_server (fixture_t *self)
{
	weir_err_t err = { 0 };
	int status = weir_redis_server_start (self->dir, &self->server, &err);
	if (status == 0 && self->redis == NULL)
		status = weir_redis_connect (weir_redis_server_url (self->server), 5000, &self->redis,
		                             &err);
	if (status != 0)
		fail_msg ("%s: %s", err.where, err.text);
}

int
fixture_setup (void **state)
{
	fixture_t *self = weir_alloc (sizeof *self);
	strcpy (self->dir, "/tmp/weir-test-XXXXXX");
	if (mkdtemp (self->dir) == NULL)
		return -1;
	fixture_start_server (self);
	self->plain = redisConnectUnix (weir_redis_server_url (self->server) + strlen ("unix://"));
	*state = self;
	return self->plain != NULL && self->plain->err == 0 ? 0 : -1;
}

/* Fails where somebody left a file behind. */
void
fixture_remove_dir (fixture_t *self)
{
	assert_int_equal (rmdir (self->dir), 0);
}

int
fixture_teardown (void **state)
{
	fixture_t *self = *state;
	redisFree (self->plain);
	weir_redis_destroy (&self->redis);
	weir_redis_server_stop (&self->server);
	fixture_remove_dir (self);
	free (self);
	return 0;
}

void
outcome_done (void *arg, const weir_err_t *err, size_t n, const char *answers)
{
	outcome_t *self = arg;
	self->n_calls++;
	self->at = s_n_answers++;
	self->n = n;
	self->err = (weir_err_t){ 0 };
	memset (self->answers, 0, sizeof self->answers);
	if (err != NULL)
		self->err = *err;
	else
		memcpy (self->answers, answers, n < sizeof self->answers ? n : sizeof self->answers - 1);
	assert_int_equal (err == NULL, answers != NULL);
}

void
fixture_wait (fixture_t *self)
{
	time_t deadline = time (NULL) + 5;
	while (weir_redis_n_pending (self->redis) > 0) {
		struct pollfd fd = { .fd = weir_redis_fd (self->redis), .events = POLLIN };
		poll (&fd, 1, 100);
		weir_redis_handle (self->redis, true, weir_redis_wants_write (self->redis));
		if (time (NULL) > deadline)
			fail_msg ("%zu calls without an answer", weir_redis_n_pending (self->redis));
	}
}

void
fixture_put_job (fixture_t *self, uint64_t generation, uint64_t n_chunks)
{
	outcome_t outcome = { 0 };
	weir_redis_job_put (self->redis, JOB, generation, n_chunks, "abc", (const uint8_t *) "pl\0an",
	                    5, "me", "local", outcome_done, &outcome);
	fixture_wait (self);
	assert_string_equal (outcome.err.text, "");
	assert_string_equal (outcome.answers, "g");
}

const char *
fixture_transit (fixture_t *self, uint64_t generation, size_t n, const weir_redis_transition_t *all)
{
	static outcome_t s_outcome;
	s_outcome = (outcome_t){ 0 };
	weir_redis_transition (self->redis, JOB, generation, n, all, outcome_done, &s_outcome);
	assert_int_equal (s_outcome.n_calls, 0); /* never from inside the call */
	fixture_wait (self);
	assert_string_equal (s_outcome.err.text, "");
	assert_int_equal (s_outcome.n_calls, 1);
	assert_int_equal (s_outcome.n, n);
	return s_outcome.answers;
}

const char *
fixture_ask (fixture_t *self, const char *format, ...)
{
	static char s_text[4096];
	va_list args;
	va_start (args, format);
	redisReply *reply = redisvCommand (self->plain, format, args);
	va_end (args);
	assert_non_null (reply);
	s_text[0] = '\0';
	if (reply->type == REDIS_REPLY_INTEGER)
		snprintf (s_text, sizeof s_text, "%lld", reply->integer);
	else if (reply->str != NULL)
		snprintf (s_text, sizeof s_text, "%s", reply->str);
	freeReplyObject (reply);
	return s_text;
}
