/* sink.c - see sink.h */
#include "actors/sink/sink.h"

#include "actors/sink/sink_task.h"

#include <string.h>

#define SYNC_EVERY_MS 1000
#define SYNC_BYTES ((uint64_t) 64 << 20)
#define LIST_FLUSH 4096

typedef struct {            /* what this sink has of a job; job->user */
	weir_part_file_t *part; /* touched by the worker only, while the job is open */
	uint8_t *has;           /* bitmap of chunks that are here */
	size_t has_bytes;
	WEIR_VEC (weir_sink_block_t) queue;
	WEIR_VEC (weir_sink_block_t) early;      /* came before the plan: not looked at yet */
	WEIR_VEC (weir_sink_task_t *) finishing; /* FINISH that came before the plan */
	bool is_appending, is_syncing, wants_sync;
	uint64_t end_bytes, synced_bytes;
	int64_t synced_ms;
} weir_sink_job_t;

typedef struct { /* said at the end of the burst */
	uint64_t job, peer;
	uint64_t chunk, token_hi, token_lo, bytes;
} weir_told_t;

struct weir_sink {
	weir_host_t *host;
	uint64_t credit_bytes, registry_hash;
	uint64_t actor; /* its number when it last registered; 0: not yet */
	bool keeps_parts;
	weir_jobs_t jobs;
	WEIR_VEC (weir_told_t) stored;  /* bytes: of credit to return */
	WEIR_VEC (weir_told_t) written; /* bytes: where the record ends */
};

weir_sink_t *
weir_sink_new (uint64_t credit_bytes, uint64_t registry_hash)
{
	weir_sink_t *self = weir_alloc (sizeof *self);
	self->credit_bytes = credit_bytes;
	self->registry_hash = registry_hash;
	return self;
}

void
weir_sink_keep_parts (weir_sink_t *self)
{
	self->keeps_parts = true;
}

void
weir_sink_destroy (weir_sink_t **self_p)
{
	weir_sink_t *self = *self_p;
	if (self == NULL)
		return;
	weir_jobs_clear (&self->jobs);
	weir_vec_clear (&self->stored);
	weir_vec_clear (&self->written);
	free (self);
	*self_p = NULL;
}

static int
s_start (void *arg, weir_host_t *host, weir_err_t *err)
{
	(void) err;
	((weir_sink_t *) arg)->host = host;
	return 0;
}

static void
s_fill_hello (void *arg, Weir__Hello *hello)
{
	weir_sink_t *self = arg;
	hello->slots = 1;
	hello->memory_bytes = self->credit_bytes;
	hello->registry_hash = self->registry_hash;
}

static void
s_free_sink_job (void *user)
{
	weir_sink_job_t *state = user;
	for (size_t i = 0; i < state->queue.n; i++)
		weir_buf_release (&state->queue.at[i].block);
	weir_vec_clear (&state->queue);
	for (size_t i = 0; i < state->early.n; i++)
		weir_buf_release (&state->early.at[i].block);
	weir_vec_clear (&state->early);
	weir_vec_clear (&state->finishing);
	weir_part_close (&state->part);
	free (state->has);
	free (state);
}

/* ---- which chunks are here */

static bool
s_has_chunk (const weir_sink_job_t *state, uint64_t chunk)
{
	return chunk / 8 < state->has_bytes && (state->has[chunk / 8] >> (chunk % 8) & 1) != 0;
}

static void
s_mark_chunk (weir_sink_job_t *state, uint64_t chunk, bool is_here)
{
	if (chunk / 8 >= state->has_bytes) {
		size_t bytes = (size_t) (chunk / 8 + 4096) * 2;
		state->has = weir_realloc (state->has, bytes);
		memset (state->has + state->has_bytes, 0, bytes - state->has_bytes);
		state->has_bytes = bytes;
	}
	uint8_t bit = (uint8_t) (1U << (chunk % 8));
	if (is_here)
		state->has[chunk / 8] |= bit;
	else
		state->has[chunk / 8] &= (uint8_t) ~bit;
}

/* ---- lists */

typedef struct {
	Weir__ChunkRef refs[LIST_FLUSH];
	Weir__ChunkRef *list[LIST_FLUSH];
	Weir__WrittenChunk chunks[LIST_FLUSH];
	Weir__WrittenChunk *chunk_list[LIST_FLUSH];
} weir_told_list_t;

static _Thread_local weir_told_list_t s_list; /* scratch of this sink's loop */

static void
s_flush_stored (weir_sink_t *self, weir_told_list_t *out)
{
	for (size_t i = 0; i < self->stored.n;) {
		Weir__Stored stored = WEIR__STORED__INIT;
		stored.job = self->stored.at[i].job;
		uint64_t peer = self->stored.at[i].peer;
		size_t n = 0;
		for (; i < self->stored.n && n < LIST_FLUSH / 4 && self->stored.at[i].job == stored.job &&
		       self->stored.at[i].peer == peer;
		     i++, n++) {
			weir__chunk_ref__init (&out->refs[n]);
			out->refs[n].chunk = self->stored.at[i].chunk;
			out->refs[n].token_hi = self->stored.at[i].token_hi;
			out->refs[n].token_lo = self->stored.at[i].token_lo;
			stored.credit_bytes += self->stored.at[i].bytes;
			out->list[n] = &out->refs[n];
		}
		stored.chunks = out->list;
		stored.n_chunks = n;
		Weir__Data msg = WEIR__DATA__INIT;
		msg.body_case = WEIR__DATA__BODY_STORED;
		msg.stored = &stored;
		(void) weir_host_send_data (self->host, peer, &msg, NULL);
	}
	self->stored.n = 0;
}

static void
s_flush_written (weir_sink_t *self, weir_told_list_t *out)
{
	for (size_t i = 0; i < self->written.n;) {
		Weir__Written written = WEIR__WRITTEN__INIT;
		written.job = self->written.at[i].job;
		weir_job_t *job = weir_jobs_find (&self->jobs, written.job);
		size_t n = 0;
		for (; i < self->written.n && n < LIST_FLUSH && self->written.at[i].job == written.job;
		     i++, n++) {
			weir__written_chunk__init (&out->chunks[n]);
			out->chunks[n].chunk = self->written.at[i].chunk;
			out->chunks[n].token_hi = self->written.at[i].token_hi;
			out->chunks[n].token_lo = self->written.at[i].token_lo;
			out->chunks[n].end_bytes = self->written.at[i].bytes;
			out->chunk_list[n] = &out->chunks[n];
		}
		if (job == NULL)
			continue;
		written.generation = job->generation;
		written.part = job->part;
		written.chunks = out->chunk_list;
		written.n_chunks = n;
		Weir__Control msg = WEIR_CONTROL (WRITTEN, written, &written);
		weir_host_send (self->host, &msg);
	}
	self->written.n = 0;
}

static void
s_tell_kept (weir_sink_t *self, uint64_t job, const weir_sink_block_t *block)
{
	weir_told_t told = {
		job, block->peer, block->chunk, block->token_hi, block->token_lo, block->credit_bytes
	};
	weir_vec_push (&self->stored, told);
	told.bytes = block->end_bytes;
	weir_vec_push (&self->written, told);
}

static void
s_tell_refused (weir_sink_t *self, uint64_t job, const weir_sink_block_t *block,
                const weir_err_t *err)
{
	Weir__Error error = WEIR__ERROR__INIT;
	weir_error_to_message (err, &error);
	Weir__ChunkRef ref = WEIR__CHUNK_REF__INIT;
	ref.chunk = block->chunk;
	ref.token_hi = block->token_hi;
	ref.token_lo = block->token_lo;
	Weir__NotStored refusal = WEIR__NOT_STORED__INIT;
	refusal.job = job;
	refusal.chunk = &ref;
	refusal.error = &error;
	refusal.credit_bytes = block->credit_bytes;
	Weir__Data msg = WEIR__DATA__INIT;
	msg.body_case = WEIR__DATA__BODY_NOT_STORED;
	msg.not_stored = &refusal;
	(void) weir_host_send_data (self->host, block->peer, &msg, NULL);
}

/* The job is over: the blocks are nobody's, their credit is the collectors' for other jobs. */
static void
s_give_up_blocks (weir_sink_t *self, uint64_t job, const weir_sink_block_t *blocks, size_t n)
{
	weir_err_t err;
	weir_err_set (&err, WEIR_E_CANCELLED, WEIR_CLASS_GIVE_UP, "JobCancelled", "", "job: cancelled");
	for (size_t i = 0; i < n; i++)
		s_tell_refused (self, job, &blocks[i], &err);
}

static void
s_tell_synced (weir_sink_t *self, const weir_job_t *job, uint64_t synced_bytes)
{
	Weir__Synced synced = WEIR__SYNCED__INIT;
	synced.job = job->number;
	synced.part = job->part;
	synced.synced_bytes = synced_bytes;
	Weir__Control msg = WEIR_CONTROL (SYNCED, synced, &synced);
	weir_host_send (self->host, &msg);
}

/* ---- tasks */

static weir_sink_task_t *
s_new_task (weir_job_t *job, weir_sink_task_kind_t kind)
{
	weir_sink_task_t *task = weir_alloc (sizeof *task);
	task->kind = kind;
	task->job = weir_job_ref (job);
	return task;
}

static void
s_start_append (weir_sink_t *self, weir_job_t *job)
{
	weir_sink_job_t *state = job->user;
	if (state->is_appending || state->queue.n == 0)
		return;
	weir_sink_task_t *task = s_new_task (job, WEIR_SINK_APPEND);
	task->blocks = state->queue.at;
	task->n_blocks = state->queue.n;
	memset (&state->queue, 0, sizeof state->queue);
	state->is_appending = true;
	weir_host_submit (self->host, task);
}

static void
s_start_sync (weir_sink_t *self, weir_job_t *job)
{
	weir_sink_job_t *state = job->user;
	/* While blocks are being appended too: the worker takes one task after the other, and what it
	 * has appended by then is
	 * said to be written before it is said to be synced. */
	if (state->is_syncing || state->end_bytes == state->synced_bytes)
		return;
	state->is_syncing = true;
	state->wants_sync = state->wants_sync && (state->is_appending || state->queue.n > 0);
	weir_host_submit (self->host, s_new_task (job, WEIR_SINK_SYNC));
}

static void
s_appended (weir_sink_t *self, weir_sink_task_t *task, weir_sink_job_t *state)
{
	state->is_appending = false;
	for (size_t i = 0; i < task->n_blocks; i++) {
		weir_sink_block_t *block = &task->blocks[i];
		if (block->err != NULL) {
			s_mark_chunk (state, block->chunk, false);
			s_tell_refused (self, task->job->number, block, block->err);
			continue;
		}
		if (block->end_bytes > state->end_bytes)
			state->end_bytes = block->end_bytes;
		s_tell_kept (self, task->job->number, block);
	}
}

static void
s_fail_job (weir_sink_t *self, const weir_job_t *job, uint32_t output, const weir_err_t *err)
{
	Weir__Error error = WEIR__ERROR__INIT;
	weir_error_to_message (err, &error);
	Weir__Finished finished = WEIR__FINISHED__INIT;
	finished.job = job->number;
	finished.output = output;
	finished.error = &error;
	Weir__Control msg = WEIR_CONTROL (FINISHED, finished, &finished);
	weir_host_send (self->host, &msg);
}

static void
s_synced (weir_sink_t *self, weir_sink_task_t *task, weir_sink_job_t *state)
{
	state->is_syncing = false;
	state->synced_ms = weir_host_now_ms (self->host);
	if (task->has_err) {
		s_fail_job (self, task->job, 0, &task->err);
		return;
	}
	if (task->synced_bytes > state->synced_bytes) {
		state->synced_bytes = task->synced_bytes;
		s_flush_written (self, &s_list); /* "written" is said before "synced" */
		s_tell_synced (self, task->job, state->synced_bytes);
	}
}

static void
s_finished (weir_sink_t *self, weir_sink_task_t *task)
{
	if (task->has_err) {
		s_fail_job (self, task->job, task->output, &task->err);
		return;
	}
	Weir__Finished finished = WEIR__FINISHED__INIT;
	finished.job = task->job->number;
	finished.output = task->output;
	finished.n_files = task->n_files;
	finished.files = task->files;
	Weir__Control msg = WEIR_CONTROL (FINISHED, finished, &finished);
	weir_host_send (self->host, &msg);
}

static void
s_on_task (void *arg, void *done)
{
	weir_sink_t *self = arg;
	weir_sink_task_t *task = done;
	weir_sink_job_t *state = task->job->user;
	if (!weir_job_is_cancelled (task->job)) {
		if (task->kind == WEIR_SINK_APPEND)
			s_appended (self, task, state);
		else if (task->kind == WEIR_SINK_SYNC)
			s_synced (self, task, state);
		else if (task->kind == WEIR_SINK_FINISH)
			s_finished (self, task);
	} else {
		s_give_up_blocks (self, task->job->number, task->blocks, task->n_blocks);
	}
	weir_sink_task_destroy (&task);
}

static void
s_worker_run (void *arg, void *worker_state, void *work)
{
	(void) arg;
	(void) worker_state;
	weir_sink_task_t *task = work;
	weir_sink_job_t *state = task->job->user;
	weir_sink_task_run (task, &state->part);
}

static void
s_on_task_dropped (void *arg, void *dropped)
{
	weir_sink_task_t *task = dropped;
	if (task->kind == WEIR_SINK_CLEAN)
		s_worker_run (arg, NULL, task);
	weir_sink_task_destroy (&task);
}

static bool
s_is_null (const weir_job_t *job)
{
	return job->plan != NULL && job->plan->outputs[0].format == WEIR_FORMAT_NULL;
}

/* A null output has no disk to wait for. */
static void
s_sync_null (weir_sink_t *self, weir_job_t *job)
{
	weir_sink_job_t *state = job->user;
	if (state->end_bytes == state->synced_bytes)
		return;
	state->synced_bytes = state->end_bytes;
	s_tell_synced (self, job, state->synced_bytes);
}

/* ---- bursts and time */

static void
s_on_burst_end (void *arg)
{
	weir_sink_t *self = arg;
	for (size_t i = 0; i < self->jobs.list.n; i++) {
		weir_job_t *job = self->jobs.list.at[i];
		weir_sink_job_t *state = job->user;
		s_start_append (self, job);
		if (s_is_null (job))
			continue;
		if (state->wants_sync || state->end_bytes - state->synced_bytes >= SYNC_BYTES)
			s_start_sync (self, job);
	}
	s_flush_stored (self, &s_list);
	s_flush_written (self, &s_list);
	for (size_t i = 0; i < self->jobs.list.n; i++)
		if (s_is_null (self->jobs.list.at[i]))
			s_sync_null (self, self->jobs.list.at[i]);
}

static void
s_on_tick (void *arg, int64_t now_ms)
{
	weir_sink_t *self = arg;
	for (size_t i = 0; i < self->jobs.list.n; i++) {
		weir_sink_job_t *state = self->jobs.list.at[i]->user;
		if (!s_is_null (self->jobs.list.at[i]) && now_ms - state->synced_ms >= SYNC_EVERY_MS)
			s_start_sync (self, self->jobs.list.at[i]);
	}
}

/* ---- data */

static void
s_on_credit_ask (void *arg, uint64_t peer, const Weir__Data *msg, weir_buf_t **payload_p)
{
	(void) msg;
	(void) payload_p;
	weir_sink_t *self = arg;
	Weir__Credit credit = WEIR__CREDIT__INIT;
	credit.bytes = self->credit_bytes;
	Weir__Data answer = WEIR__DATA__INIT;
	answer.body_case = WEIR__DATA__BODY_CREDIT;
	answer.credit = &credit;
	(void) weir_host_send_data (self->host, peer, &answer, NULL);
}

static void
s_take_block (weir_sink_t *self, weir_job_t *job, weir_sink_block_t *block)
{
	weir_sink_job_t *state = job->user;
	if (block->chunk >= job->plan->n_chunks) {
		weir_err_t err;
		weir_err_set (&err, WEIR_E_BUG, WEIR_CLASS_BUG, "Internal", job->name,
		              "chunk %llu: the plan has none such", (unsigned long long) block->chunk);
		s_tell_refused (self, job->number, block, &err);
		weir_buf_release (&block->block);
		return;
	}
	block->is_repeat = s_has_chunk (state, block->chunk);
	s_mark_chunk (state, block->chunk, true);
	if (s_is_null (job)) {
		block->end_bytes = state->end_bytes = state->end_bytes + block->credit_bytes;
		s_tell_kept (self, job->number, block);
		weir_buf_release (&block->block);
		return;
	}
	if (block->is_repeat)
		weir_buf_release (&block->block);
	weir_vec_push (&state->queue, *block);
}

static void
s_on_block (void *arg, uint64_t peer, const Weir__Data *msg, weir_buf_t **payload_p)
{
	weir_sink_t *self = arg;
	const Weir__Block *in = msg->block;
	weir_sink_block_t block = {
		.peer = peer, .chunk = in->chunk, .token_hi = in->token_hi, .token_lo = in->token_lo
	};
	block.credit_bytes = *payload_p != NULL ? weir_buf_size (*payload_p) : 0;
	weir_job_t *job = weir_jobs_find (&self->jobs, in->job);
	weir_err_t err;
	if (job == NULL || job->part == 0 || *payload_p == NULL) {
		weir_err_set (&err, WEIR_E_STALE, WEIR_CLASS_RETRY, "JobUnknown", "",
		              "job %llu: is not open at this sink", (unsigned long long) in->job);
		s_tell_refused (self, in->job, &block, &err);
		return;
	}
	if (job->failure != NULL) {
		s_tell_refused (self, in->job, &block, job->failure);
		return;
	}
	block.block = *payload_p;
	*payload_p = NULL;
	weir_sink_job_t *state = job->user;
	if (job->plan != NULL)
		s_take_block (self, job, &block);
	else
		weir_vec_push (&state->early, block);
}

/* ---- control */

static void
s_on_job_open (void *arg, uint64_t conn, const Weir__Control *msg)
{
	(void) conn;
	weir_sink_t *self = arg;
	weir_job_t *job = weir_jobs_open (&self->jobs, self->host, msg->job_open);
	if (job->user != NULL)
		return;
	weir_sink_job_t *state = weir_alloc (sizeof *state);
	state->synced_ms = weir_host_now_ms (self->host);
	job->user = state;
	job->user_free = s_free_sink_job;
}

/* The plan is here, or will never be: what waited for it. */
static void
s_on_ready (void *arg, weir_job_t *job)
{
	weir_sink_t *self = arg;
	weir_sink_job_t *state = job->user;
	for (size_t i = 0; i < state->early.n; i++) {
		if (job->failure == NULL) {
			s_take_block (self, job, &state->early.at[i]);
			continue;
		}
		s_tell_refused (self, job->number, &state->early.at[i], job->failure);
		weir_buf_release (&state->early.at[i].block);
	}
	state->early.n = 0;
	for (size_t i = 0; i < state->finishing.n; i++) {
		weir_sink_task_t *task = state->finishing.at[i];
		if (job->failure == NULL) {
			weir_host_submit (self->host, task);
			continue;
		}
		s_fail_job (self, job, task->output, job->failure);
		weir_sink_task_destroy (&task);
	}
	state->finishing.n = 0;
}

static void
s_on_plan_reply (void *arg, uint64_t conn, const Weir__Control *msg)
{
	(void) conn;
	weir_sink_t *self = arg;
	weir_err_t err;
	if (weir_jobs_plan (&self->jobs, msg->plan_reply, s_on_ready, self, &err) != 0)
		weir_log (WEIR_LOG_INFO, "sink", "%s", err.text);
}

/* Forgets a job; what its worker still does ends by itself. */
static void
s_close_job (weir_sink_t *self, weir_job_t *job)
{
	weir_sink_job_t *state = job->user;
	s_give_up_blocks (self, job->number, state->queue.at, state->queue.n);
	s_give_up_blocks (self, job->number, state->early.at, state->early.n);
	for (size_t i = 0; i < state->finishing.n; i++)
		weir_sink_task_destroy (&state->finishing.at[i]);
	state->finishing.n = 0;
	weir_jobs_close (&self->jobs, job->number);
}

static void
s_on_job_close (void *arg, uint64_t conn, const Weir__Control *msg)
{
	(void) conn;
	weir_sink_t *self = arg;
	weir_job_t *job = weir_jobs_find (&self->jobs, msg->job_close->job);
	if (job == NULL)
		return;
	weir_host_submit (self->host, s_new_task (job, WEIR_SINK_CLEAN));
	s_close_job (self, job);
}

/* Registered under another number: the coordinator took us for lost. What is in the old parts
 * stays there, and
 * JOB_OPEN brings new ones. */
static void
s_on_registered (void *arg, uint64_t actor, uint64_t generation)
{
	(void) generation;
	weir_sink_t *self = arg;
	while (self->actor != 0 && self->actor != actor && self->jobs.list.n > 0)
		s_close_job (self, self->jobs.list.at[0]);
	self->actor = actor;
}

static void
s_on_flush (void *arg, uint64_t conn, const Weir__Control *msg)
{
	(void) conn;
	weir_sink_t *self = arg;
	weir_job_t *job = weir_jobs_find (&self->jobs, msg->flush->job);
	if (job == NULL)
		return;
	weir_sink_job_t *state = job->user;
	state->wants_sync = true;
}

static void
s_on_finish (void *arg, uint64_t conn, const Weir__Control *msg)
{
	(void) conn;
	weir_sink_t *self = arg;
	const Weir__Finish *finish = msg->finish;
	weir_job_t *job = weir_jobs_find (&self->jobs, finish->job);
	if (job == NULL)
		return;
	weir_sink_task_t *task = s_new_task (job, WEIR_SINK_FINISH);
	task->output = finish->output;
	task->n_parts = finish->n_parts;
	task->parts = weir_alloc ((finish->n_parts + 1) * sizeof (char *));
	for (size_t i = 0; i < finish->n_parts; i++)
		task->parts[i] = weir_strdup (finish->parts[i]);
	weir_sink_task_take_missing (task, finish);
	weir_sink_job_t *state = job->user;
	weir_vec_push (&state->finishing, task);
	if (job->plan != NULL || job->failure != NULL)
		s_on_ready (self, job);
}

/* The loop ends with jobs still open: their parts are nobody's any more, unless others are there
 * to finish them. */
static void
s_stop (void *arg)
{
	weir_sink_t *self = arg;
	for (size_t i = 0; i < self->jobs.list.n; i++) {
		weir_job_t *job = self->jobs.list.at[i];
		weir_sink_job_t *state = job->user;
		weir_part_close (&state->part);
		for (size_t f = 0; f < state->finishing.n; f++)
			weir_sink_task_destroy (&state->finishing.at[f]);
		state->finishing.n = 0;
		if (!self->keeps_parts)
			weir_sink_remove_parts (job->results_dir, job->name);
	}
}

const weir_actor_class_t weir_sink_class = {
	.name = "sink",
	.kind = WEIR__ACTOR_KIND__ACTOR_SINK,
	.start = s_start,
	.fill_hello = s_fill_hello,
	.on_registered = s_on_registered,
	.on_task = s_on_task,
	.on_task_dropped = s_on_task_dropped,
	.on_burst_end = s_on_burst_end,
	.on_tick = s_on_tick,
	.stop = s_stop,
	.worker_run = s_worker_run,
	.on_control = {
	    [WEIR__CONTROL__BODY_JOB_OPEN] = s_on_job_open,
	    [WEIR__CONTROL__BODY_JOB_CLOSE] = s_on_job_close,
	    [WEIR__CONTROL__BODY_PLAN_REPLY] = s_on_plan_reply,
	    [WEIR__CONTROL__BODY_FLUSH] = s_on_flush,
	    [WEIR__CONTROL__BODY_FINISH] = s_on_finish,
	},
	.on_data = {
	    [WEIR__DATA__BODY_BLOCK] = s_on_block,
	    [WEIR__DATA__BODY_CREDIT_ASK] = s_on_credit_ask,
	},
};
