/* job.h - an actor's view of the jobs it works for: announced, plan fetched by hash, compiled
 *
 * Every actor keeps one weir_jobs_t. JOB_OPEN makes an entry and asks for the plan; PLAN_REPLY
 * decodes and compiles it; JOB_CLOSE cancels it. Tasks on workers hold a reference, so that a
 * closed job is freed when its last task is back.
 *
 * Runs on      the actor's loop; a job that is ready is read-only and may be read by workers
 *              (is_cancelled is atomic)
 * Ownership    weir_jobs_find borrows; weir_job_ref/weir_job_release count
 */
#ifndef WEIR_ACTORS_JOB_H
#define WEIR_ACTORS_JOB_H

#include "cube/plan/plan.h"
#include "runtime/base/vec.h"
#include "runtime/host/host.h"

#include <stdatomic.h>

typedef struct {
	uint64_t number, generation;
	char *name;
	char *results_dir;
	uint16_t part; /* sinks */
	uint8_t plan_sha256[32];
	weir_plan_t *plan;     /* NULL: not here yet */
	weir_stage_t **stages; /* one an output */
	weir_err_t *failure;   /* why there will never be a plan; else NULL */
	atomic_bool is_cancelled;
	atomic_uint refs;
	void *user;                     /* the actor's own, */
	void (*user_free) (void *user); /* freed with the job, on whichever thread releases last */
} weir_job_t;

typedef struct {
	WEIR_VEC (weir_job_t *) list;
} weir_jobs_t;

void weir_jobs_clear (weir_jobs_t *self);
weir_job_t *weir_jobs_find (const weir_jobs_t *self, uint64_t number); /* NULL: unknown */

/* JOB_OPEN: the entry, and a PLAN_REQUEST on its way. Known already: the same entry. */
weir_job_t *weir_jobs_open (weir_jobs_t *self, weir_host_t *host, const Weir__JobOpen *open);
/* PLAN_REPLY: the jobs that wait for it are settled one by one: with their plan, or, where it does
 * not match its hash,
 * unpack, decode or compile, with `failure`; then that is the error returned. */
int weir_jobs_plan (weir_jobs_t *self, const Weir__PlanReply *reply,
                    void (*settled) (void *arg, weir_job_t *job), void *arg, weir_err_t *err);
/* JOB_CLOSE: cancels and forgets. */
void weir_jobs_close (weir_jobs_t *self, uint64_t number);

weir_job_t *weir_job_ref (weir_job_t *self);
void weir_job_release (weir_job_t **self_p);
bool weir_job_is_cancelled (void *job); /* a weir_job_t *; any thread */

/* SHA-256 and zlib, as the plan travels. Results are malloc'ed, yours. */
void weir_plan_hash (const void *bytes, size_t n_bytes, uint8_t sha256_out[32]);
uint8_t *weir_plan_pack (const char *text, size_t text_bytes, size_t *n_bytes_out);
char *weir_plan_unpack (const uint8_t *bytes, size_t n_bytes, size_t text_bytes, weir_err_t *err);

#endif
