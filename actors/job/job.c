/* job.c - see job.h */
#include "actors/job/job.h"

#include <sodium.h>
#include <string.h>
#include <zlib.h>

#define PLAN_TEXT_BYTES_MAX ((size_t) 1 << 30)

void
weir_plan_hash (const void *bytes, size_t n_bytes, uint8_t sha256_out[32])
{
	crypto_hash_sha256 (sha256_out, bytes, n_bytes);
}

uint8_t *
weir_plan_pack (const char *text, size_t text_bytes, size_t *n_bytes_out)
{
	uLongf n = compressBound (text_bytes);
	uint8_t *packed = weir_alloc (n);
	int status = compress2 (packed, &n, (const Bytef *) text, text_bytes, 1);
	weir_assert (status == Z_OK);
	*n_bytes_out = n;
	return packed;
}

char *
weir_plan_unpack (const uint8_t *bytes, size_t n_bytes, size_t text_bytes, weir_err_t *err)
{
	if (text_bytes > PLAN_TEXT_BYTES_MAX || text_bytes / 2000 > n_bytes) {
		weir_err_invalid (err, "PlanInvalid", "", "plan: %zu bytes cannot come from %zu",
		                  text_bytes, n_bytes);
		return NULL;
	}
	char *text = weir_alloc (text_bytes + 1);
	uLongf n = text_bytes;
	if (uncompress ((Bytef *) text, &n, bytes, n_bytes) == Z_OK && n == text_bytes)
		return text;
	free (text);
	weir_err_invalid (err, "PlanInvalid", "",
	                  "plan: does not unpack to the %zu bytes it should have", text_bytes);
	return NULL;
}

/* ---- one job */

weir_job_t *
weir_job_ref (weir_job_t *self)
{
	atomic_fetch_add (&self->refs, 1);
	return self;
}

void
weir_job_release (weir_job_t **self_p)
{
	weir_job_t *self = *self_p;
	*self_p = NULL;
	if (self == NULL || atomic_fetch_sub (&self->refs, 1) != 1)
		return;
	if (self->user_free != NULL)
		self->user_free (self->user);
	for (size_t i = 0; self->stages != NULL && i < self->plan->n_outputs; i++)
		weir_stage_destroy (&self->stages[i]);
	free (self->stages);
	weir_plan_destroy (&self->plan);
	free (self->failure);
	free (self->name);
	free (self->results_dir);
	free (self);
}

bool
weir_job_is_cancelled (void *job)
{
	weir_job_t *self = job;
	return atomic_load_explicit (&self->is_cancelled, memory_order_relaxed);
}

static int
s_compile_stages (weir_job_t *self, weir_err_t *err)
{
	self->stages = weir_alloc (self->plan->n_outputs * sizeof (weir_stage_t *));
	for (size_t i = 0; i < self->plan->n_outputs; i++) {
		const weir_plan_output_t *output = &self->plan->outputs[i];
		uint32_t n_labels = output->keeps_time
		                        ? 1
		                        : (uint32_t) self->plan->sources[output->source].n_labels;
		if (output->format == WEIR_FORMAT_NULL)
			continue;
		int status = weir_stage_new (&output->pipeline, n_labels, &self->stages[i], err);
		if (status != 0)
			return status;
	}
	return 0;
}

/* ---- all of an actor's */

weir_job_t *
weir_jobs_find (const weir_jobs_t *self, uint64_t number)
{
	for (size_t i = 0; i < self->list.n; i++)
		if (self->list.at[i]->number == number)
			return self->list.at[i];
	return NULL;
}

weir_job_t *
weir_jobs_open (weir_jobs_t *self, weir_host_t *host, const Weir__JobOpen *open)
{
	weir_job_t *job = weir_jobs_find (self, open->job);
	if (job != NULL) {
		job->generation = open->generation;
		return job;
	}
	job = weir_alloc (sizeof *job);
	job->number = open->job;
	job->generation = open->generation;
	job->name = weir_strdup (open->name);
	job->results_dir = weir_strdup (open->results_dir);
	job->part = open->part <= UINT16_MAX ? (uint16_t) open->part : 0;
	memcpy (job->plan_sha256, open->plan_sha256.data, sizeof job->plan_sha256);
	atomic_init (&job->is_cancelled, false);
	atomic_init (&job->refs, 1);
	weir_vec_push (&self->list, job);
	Weir__PlanRequest request = WEIR__PLAN_REQUEST__INIT;
	request.sha256.data = job->plan_sha256;
	request.sha256.len = sizeof job->plan_sha256;
	Weir__Control msg = WEIR_CONTROL (PLAN_REQUEST, plan_request, &request);
	weir_host_send (host, &msg);
	return job;
}

static int
s_load_plan (weir_job_t *job, const char *text, size_t text_bytes, weir_err_t *err)
{
	int status = weir_plan_decode (text, text_bytes, &job->plan, err);
	if (status == 0)
		status = s_compile_stages (job, err);
	if (status != 0 && job->plan != NULL) {
		for (size_t i = 0; job->stages != NULL && i < job->plan->n_outputs; i++)
			weir_stage_destroy (&job->stages[i]);
		free (job->stages);
		job->stages = NULL;
		weir_plan_destroy (&job->plan);
	}
	return status;
}

/* The text of the plan, yours; NULL (err filled) if it is not what its hash says. */
static char *
s_unpack_reply (const Weir__PlanReply *reply, weir_err_t *err)
{
	char *text = weir_plan_unpack (reply->plan.data, reply->plan.len, reply->text_bytes, err);
	if (text == NULL)
		return NULL;
	uint8_t sha256[32];
	weir_plan_hash (text, reply->text_bytes, sha256);
	if (memcmp (sha256, reply->sha256.data, sizeof sha256) == 0)
		return text;
	free (text);
	weir_err_invalid (err, "PlanInvalid", "", "plan: is not the one that was asked for");
	return NULL;
}

static void
s_fail_plan (weir_job_t *job, const weir_err_t *err)
{
	job->failure = weir_alloc (sizeof *job->failure);
	*job->failure = *err;
}

int
weir_jobs_plan (weir_jobs_t *self, const Weir__PlanReply *reply,
                void (*settled) (void *arg, weir_job_t *job), void *arg, weir_err_t *err)
{
	char *text = s_unpack_reply (reply, err);
	int result = text != NULL ? 0 : err->status;
	for (size_t i = 0; i < self->list.n; i++) {
		weir_job_t *job = self->list.at[i];
		if (job->plan != NULL || job->failure != NULL ||
		    memcmp (job->plan_sha256, reply->sha256.data, sizeof job->plan_sha256) != 0)
			continue;
		if (text == NULL || s_load_plan (job, text, reply->text_bytes, err) != 0) {
			s_fail_plan (job, err);
			result = err->status;
		}
		settled (arg, job);
	}
	free (text);
	return result;
}

void
weir_jobs_close (weir_jobs_t *self, uint64_t number)
{
	for (size_t i = 0; i < self->list.n; i++) {
		if (self->list.at[i]->number != number)
			continue;
		weir_job_t *job = self->list.at[i];
		weir_vec_remove (&self->list, i);
		atomic_store (&job->is_cancelled, true);
		weir_job_release (&job);
		return;
	}
}

void
weir_jobs_clear (weir_jobs_t *self)
{
	while (self->list.n > 0)
		weir_jobs_close (self, self->list.at[0]->number);
	weir_vec_clear (&self->list);
}
