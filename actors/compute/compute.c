/* compute.c - see compute.h */
#include "actors/compute/compute_internal.h"

#include <string.h>

weir_compute_t *
weir_compute_new (uint32_t n_workers, uint64_t memory_bytes, uint64_t grant_bytes,
                  uint64_t registry_hash)
{
	weir_compute_t *self = weir_alloc (sizeof *self);
	self->n_workers = n_workers;
	self->memory_bytes = memory_bytes;
	self->grant_bytes = grant_bytes;
	self->registry_hash = registry_hash;
	self->pool = weir_pool_new (memory_bytes);
	return self;
}

void
weir_compute_destroy (weir_compute_t **self_p)
{
	weir_compute_t *self = *self_p;
	if (self == NULL)
		return;
	weir_jobs_clear (&self->jobs);
	for (size_t i = 0; i < self->outlets.n; i++)
		weir_vec_clear (&self->outlets.at[i].waiting);
	weir_vec_clear (&self->outlets);
	weir_vec_clear (&self->reserved);
	weir_vec_clear (&self->released);
	weir_pool_destroy (&self->pool);
	free (self);
	*self_p = NULL;
}

static int
s_start (void *arg, weir_host_t *host, weir_err_t *err)
{
	(void) err;
	((weir_compute_t *) arg)->host = host;
	return 0;
}

static void
s_fill_hello (void *arg, Weir__Hello *hello)
{
	weir_compute_t *self = arg;
	hello->slots = self->n_workers;
	hello->memory_bytes = self->grant_bytes;
	hello->registry_hash = self->registry_hash;
}

/* ---- records: a map of in-flight chunks for each job, kept in job->user */

static void
s_destroy_collect (weir_in_flight_t *record)
{
	weir_collect_t *collect = (weir_collect_t *) (uintptr_t) record->user;
	if (collect == NULL)
		return;
	for (uint32_t r = 0; collect->runs != NULL && r < record->n_runs; r++)
		weir_buf_release (&collect->runs[r]);
	free (collect->runs);
	weir_buf_release (&collect->block);
	free (collect);
	record->user = 0;
}

static weir_in_flight_map_t *
s_map (const weir_job_t *job)
{
	return ((weir_collect_job_t *) job->user)->map;
}

static void
s_clear_records (weir_in_flight_map_t **map_p)
{
	size_t cursor = 0;
	weir_in_flight_t *record;
	while ((record = weir_in_flight_map_next (*map_p, &cursor)) != NULL)
		s_destroy_collect (record);
	weir_in_flight_map_destroy (map_p);
}

static void
s_free_collect_job (void *user)
{
	weir_collect_job_t *self = user;
	s_clear_records (&self->map);
	weir_vec_clear (&self->early);
	free (self);
}

static weir_in_flight_t *
s_find_record (const weir_job_t *job, uint64_t chunk, uint64_t token_hi, uint64_t token_lo)
{
	if (job == NULL || job->user == NULL)
		return NULL;
	weir_in_flight_t *record = weir_in_flight_map_find (s_map (job), chunk);
	return record != NULL && weir_in_flight_is_token (record, token_hi, token_lo) ? record : NULL;
}

static weir_collect_t *
s_collect_of (const weir_in_flight_t *record)
{
	return (weir_collect_t *) (uintptr_t) record->user;
}

static void
s_forget_record (weir_compute_t *self, weir_job_t *job, weir_in_flight_t *record)
{
	weir_named_chunk_t name = { job->number, record->chunk, record->token_hi, record->token_lo };
	s_destroy_collect (record);
	weir_in_flight_map_remove (s_map (job), name.chunk);
	weir_vec_push (&self->released, name);
}

/* ---- blocks to sinks */

static weir_outlet_t *
s_outlet (weir_compute_t *self, uint64_t sink)
{
	for (size_t i = 0; i < self->outlets.n; i++)
		if (self->outlets.at[i].sink == sink)
			return &self->outlets.at[i];
	weir_vec_push (&self->outlets, ((weir_outlet_t){ .sink = sink }));
	return &self->outlets.at[self->outlets.n - 1];
}

static void
s_send_block (weir_compute_t *self, weir_outlet_t *outlet, weir_job_t *job,
              weir_in_flight_t *record)
{
	weir_collect_t *collect = s_collect_of (record);
	Weir__Block block = WEIR__BLOCK__INIT;
	block.job = job->number;
	block.generation = job->generation;
	block.chunk = record->chunk;
	block.token_hi = record->token_hi;
	block.token_lo = record->token_lo;
	Weir__Data msg = WEIR__DATA__INIT;
	msg.body_case = WEIR__DATA__BODY_BLOCK;
	msg.block = &block;
	uint64_t bytes = weir_buf_size (collect->block);
	outlet->credit_bytes -= bytes < outlet->credit_bytes ? bytes : outlet->credit_bytes;
	weir_buf_t *payload = weir_buf_ref (collect->block);
	collect->is_sent = true;
	(void) weir_host_send_data (self->host, outlet->sink, &msg, &payload);
}

static void
s_pump_outlet (weir_compute_t *self, weir_outlet_t *outlet)
{
	if (!outlet->is_asked) {
		Weir__CreditAsk ask = WEIR__CREDIT_ASK__INIT;
		Weir__Data msg = WEIR__DATA__INIT;
		msg.body_case = WEIR__DATA__BODY_CREDIT_ASK;
		msg.credit_ask = &ask;
		outlet->is_asked = weir_host_send_data (self->host, outlet->sink, &msg, NULL);
	}
	while (outlet->waiting_first < outlet->waiting.n && outlet->has_grant) {
		weir_named_chunk_t name = outlet->waiting.at[outlet->waiting_first];
		weir_job_t *job = weir_jobs_find (&self->jobs, name.job);
		weir_in_flight_t *record = s_find_record (job, name.chunk, name.token_hi, name.token_lo);
		if (record != NULL && s_collect_of (record)->block != NULL) {
			uint64_t bytes = weir_buf_size (s_collect_of (record)->block);
			/* A block larger than the whole grant goes alone. */
			if (bytes > outlet->credit_bytes && outlet->credit_bytes < outlet->granted_bytes)
				break;
			s_send_block (self, outlet, job, record);
		}
		outlet->waiting_first++;
	}
	if (outlet->waiting_first == outlet->waiting.n)
		outlet->waiting_first = outlet->waiting.n = 0;
}

static void
s_queue_block (weir_compute_t *self, weir_job_t *job, weir_in_flight_t *record, weir_buf_t *block)
{
	s_collect_of (record)->block = block;
	weir_outlet_t *outlet = s_outlet (self, record->sink);
	weir_named_chunk_t name = { job->number, record->chunk, record->token_hi, record->token_lo };
	weir_vec_push (&outlet->waiting, name);
}

static void
s_on_credit (void *arg, uint64_t peer, const Weir__Data *msg, weir_buf_t **payload_p)
{
	(void) payload_p;
	weir_outlet_t *outlet = s_outlet (arg, peer);
	outlet->has_grant = true;
	outlet->credit_bytes = outlet->granted_bytes = msg->credit->bytes;
}

static void
s_return_credit (weir_outlet_t *outlet, uint64_t bytes)
{
	outlet->credit_bytes += bytes;
	if (outlet->credit_bytes > outlet->granted_bytes)
		outlet->credit_bytes = outlet->granted_bytes;
}

static void
s_on_stored (void *arg, uint64_t peer, const Weir__Data *msg, weir_buf_t **payload_p)
{
	(void) payload_p;
	weir_compute_t *self = arg;
	const Weir__Stored *stored = msg->stored;
	s_return_credit (s_outlet (self, peer), stored->credit_bytes);
	weir_job_t *job = weir_jobs_find (&self->jobs, stored->job);
	for (size_t i = 0; i < stored->n_chunks && job != NULL; i++) {
		const Weir__ChunkRef *ref = stored->chunks[i];
		weir_in_flight_t *record = s_find_record (job, ref->chunk, ref->token_hi, ref->token_lo);
		if (record != NULL)
			s_forget_record (self, job, record);
	}
}

static void
s_on_not_stored (void *arg, uint64_t peer, const Weir__Data *msg, weir_buf_t **payload_p)
{
	(void) payload_p;
	weir_compute_t *self = arg;
	const Weir__NotStored *refusal = msg->not_stored;
	s_return_credit (s_outlet (self, peer), refusal->credit_bytes);
	weir_job_t *job = weir_jobs_find (&self->jobs, refusal->job);
	const Weir__ChunkRef *ref = refusal->chunk;
	weir_in_flight_t *record = s_find_record (job, ref->chunk, ref->token_hi, ref->token_lo);
	if (record == NULL)
		return;
	weir_err_t err;
	weir_error_from_message (refusal->error, &err);
	weir_named_chunk_t name = { job->number, ref->chunk, ref->token_hi, ref->token_lo };
	weir_compute_send_failure (self, job, &name, &err);
	s_forget_record (self, job, record);
}

static void
s_hand_back (weir_compute_t *self, weir_job_t *job, weir_in_flight_t *record, Weir__HandBack why)
{
	Weir__ChunkRef ref = WEIR__CHUNK_REF__INIT, *list[1] = { &ref };
	ref.chunk = record->chunk;
	ref.token_hi = record->token_hi;
	ref.token_lo = record->token_lo;
	Weir__HandedBack back = WEIR__HANDED_BACK__INIT;
	back.job = job->number;
	back.n_chunks = 1;
	back.chunks = list;
	back.why = why;
	Weir__Control msg = WEIR_CONTROL (HANDED_BACK, handed_back, &back);
	weir_host_send (self->host, &msg);
	s_destroy_collect (record);
	weir_in_flight_map_remove (s_map (job), ref.chunk);
}

/* Leases for that sink which wait for the plan: their room is given back. */
static void
s_drop_early (weir_compute_t *self, weir_job_t *job, uint64_t sink)
{
	weir_collect_job_t *state = job->user;
	for (size_t i = 0; i < state->early.n;) {
		weir_early_lease_t *lease = &state->early.at[i];
		if (lease->sink != sink) {
			i++;
			continue;
		}
		weir_named_chunk_t name = { job->number, lease->chunk, lease->token_hi, lease->token_lo };
		weir_vec_push (&self->released, name);
		weir_vec_remove (&state->early, i);
	}
}

/* A sink is gone: what waits for it, or was sent and not answered, goes back. Others' losses are
 * the coordinator's. */
static void
s_on_peer_gone (void *arg, uint64_t actor)
{
	weir_compute_t *self = arg;
	for (size_t j = 0; j < self->jobs.list.n; j++) {
		weir_job_t *job = self->jobs.list.at[j];
		s_drop_early (self, job, actor);
		size_t cursor = 0;
		weir_in_flight_t *record;
		while ((record = weir_in_flight_map_next (s_map (job), &cursor)) != NULL) {
			if (record->sink != actor)
				continue;
			s_hand_back (self, job, record, WEIR__HAND_BACK__HAND_BACK_PEER_LOST);
			cursor = 0;
		}
	}
	for (size_t i = 0; i < self->outlets.n; i++) {
		if (self->outlets.at[i].sink != actor)
			continue;
		weir_vec_clear (&self->outlets.at[i].waiting);
		weir_vec_remove (&self->outlets, i);
		break;
	}
}

/* ---- partials */

static void
s_start_task (weir_compute_t *self, weir_job_t *job, weir_in_flight_t *record)
{
	weir_collect_t *collect = s_collect_of (record);
	weir_collect_task_t *task = weir_alloc (sizeof *task);
	task->job = weir_job_ref (job);
	task->chunk = record->chunk;
	task->token_hi = record->token_hi;
	task->token_lo = record->token_lo;
	task->payload = collect->payload;
	task->n_runs = record->n_runs;
	task->runs = collect->runs;
	collect->runs = NULL;
	weir_host_submit (self->host, task);
}

static void
s_go_on (weir_compute_t *self, weir_job_t *job, weir_in_flight_t *record)
{
	weir_collect_t *collect = s_collect_of (record);
	if (collect->n_missing > 0 || collect->runs == NULL)
		return;
	if (job->plan->outputs[0].format == WEIR_FORMAT_NULL) {
		weir_buf_t *block = collect->runs[0];
		collect->runs[0] = NULL;
		s_queue_block (self, job, record, block);
		return;
	}
	s_start_task (self, job, record);
}

static uint64_t
s_expected_bytes (const weir_job_t *job, uint64_t chunk, Weir__PayloadKind payload)
{
	weir_plan_chunk_t where = weir_plan_chunk (job->plan, chunk);
	const weir_plan_output_t *output = &job->plan->outputs[where.output];
	if (output->format == WEIR_FORMAT_NULL)
		return output->acc_bytes;
	const weir_plan_source_t *source = &job->plan->sources[output->source];
	size_t n_cells = (size_t) where.window.width * (size_t) where.window.height;
	if (payload == WEIR__PAYLOAD_KIND__PAYLOAD_CELLS)
		return weir_plan_output_bands (source, output) * n_cells *
		       weir_type_size (output->pipeline.out.type);
	return weir_plan_output_accs (source, output) *
	       weir_stage_acc_bytes (job->stages[where.output], n_cells);
}

static bool
s_is_acceptable (const weir_job_t *job, const weir_in_flight_t *record,
                 const Weir__Partial *partial, weir_buf_t *payload)
{
	bool is_cells = partial->payload == WEIR__PAYLOAD_KIND__PAYLOAD_CELLS;
	bool is_accs = partial->payload == WEIR__PAYLOAD_KIND__PAYLOAD_ACCUMULATORS;
	if (payload == NULL || !(is_accs || (is_cells && record->n_runs == 1)))
		return false;
	return weir_buf_size (payload) == s_expected_bytes (job, record->chunk, partial->payload);
}

static void
s_on_partial (void *arg, uint64_t peer, const Weir__Data *msg, weir_buf_t **payload_p)
{
	weir_compute_t *self = arg;
	const Weir__Partial *partial = msg->partial;
	weir_job_t *job = weir_jobs_find (&self->jobs, partial->job);
	weir_in_flight_t *record = s_find_record (job, partial->chunk, partial->token_hi,
	                                          partial->token_lo);
	if (record == NULL) /* late: the lease is over */
		return;
	weir_collect_t *collect = s_collect_of (record);
	if (!s_is_acceptable (job, record, partial, *payload_p)) {
		weir_err_t err;
		weir_err_set (&err, WEIR_E_BUG, WEIR_CLASS_BUG, "PartialInvalid", job->name,
		              "partial of chunk %llu from actor %llu: not what the plan says",
		              (unsigned long long) partial->chunk, (unsigned long long) peer);
		weir_named_chunk_t name = { job->number, record->chunk, record->token_hi,
			                        record->token_lo };
		weir_compute_send_failure (self, job, &name, &err);
		s_forget_record (self, job, record);
		return;
	}
	if (collect->runs == NULL || !weir_in_flight_mark_run (record, partial->run))
		return;
	collect->payload = partial->payload;
	collect->runs[partial->run] = *payload_p;
	*payload_p = NULL;
	collect->n_missing--;
	s_go_on (self, job, record);
}

static void
s_on_task (void *arg, void *done)
{
	weir_compute_t *self = arg;
	weir_collect_task_t *task = done;
	weir_in_flight_t *record = weir_job_is_cancelled (task->job)
	                               ? NULL
	                               : s_find_record (task->job, task->chunk, task->token_hi,
	                                                task->token_lo);
	if (record != NULL && task->err != NULL) {
		weir_named_chunk_t name = { task->job->number, task->chunk, task->token_hi,
			                        task->token_lo };
		weir_compute_send_failure (self, task->job, &name, task->err);
		s_forget_record (self, task->job, record);
	} else if (record != NULL) {
		s_queue_block (self, task->job, record, task->encoded);
		task->encoded = NULL;
	}
	weir_collect_task_destroy (&task);
}

static void
s_on_task_dropped (void *arg, void *dropped)
{
	(void) arg;
	weir_collect_task_t *task = dropped;
	weir_collect_task_destroy (&task);
}

static void
s_on_burst_end (void *arg)
{
	weir_compute_t *self = arg;
	for (size_t i = 0; i < self->outlets.n; i++)
		s_pump_outlet (self, &self->outlets.at[i]);
	weir_compute_flush_lists (self);
}

/* ---- control */

static void
s_on_job_open (void *arg, uint64_t conn, const Weir__Control *msg)
{
	(void) conn;
	weir_compute_t *self = arg;
	weir_job_t *job = weir_jobs_open (&self->jobs, self->host, msg->job_open);
	if (job->user == NULL) {
		weir_collect_job_t *state = weir_alloc (sizeof *state);
		state->map = weir_in_flight_map_new ();
		job->user = state;
		job->user_free = s_free_collect_job;
	}
}

/* The plan is here, or will never be. A lease that does not agree with it is failed, before
 * anything is set aside. */
static int
s_check_lease (const weir_job_t *job, const weir_early_lease_t *lease, weir_err_t *err)
{
	if (job->failure != NULL) {
		*err = *job->failure;
		return err->status;
	}
	uint32_t n_runs = weir_plan_chunk (job->plan, lease->chunk).n_runs;
	if (n_runs > 0 && n_runs == lease->n_runs)
		return 0;
	return weir_err_set (err, WEIR_E_BUG, WEIR_CLASS_BUG, "Internal", job->name,
	                     "lease of chunk %llu with %u runs: the plan has none such",
	                     (unsigned long long) lease->chunk, lease->n_runs);
}

static void
s_take_lease (weir_compute_t *self, weir_job_t *job, const weir_early_lease_t *lease)
{
	weir_named_chunk_t name = { job->number, lease->chunk, lease->token_hi, lease->token_lo };
	weir_in_flight_t *record = weir_in_flight_map_find (s_map (job), lease->chunk);
	if (record != NULL && weir_in_flight_is_token (record, lease->token_hi, lease->token_lo))
		return;
	if (record != NULL) /* an older lease of the same chunk: void */
		s_forget_record (self, job, record);
	weir_err_t err;
	if (s_check_lease (job, lease, &err) != 0) {
		weir_compute_send_failure (self, job, &name, &err);
		weir_vec_push (&self->released, name);
		return;
	}
	record = weir_in_flight_map_put (s_map (job), lease->chunk, lease->n_runs);
	record->token_hi = lease->token_hi;
	record->token_lo = lease->token_lo;
	record->sink = lease->sink;
	weir_collect_t *collect = weir_alloc (sizeof *collect);
	collect->runs = weir_alloc (lease->n_runs * sizeof (weir_buf_t *));
	collect->n_missing = lease->n_runs;
	record->user = (uint64_t) (uintptr_t) collect;
	weir_vec_push (&self->reserved, name);
}

static void
s_on_settled (void *arg, weir_job_t *job)
{
	weir_compute_t *self = arg;
	weir_collect_job_t *state = job->user;
	for (size_t i = 0; i < state->early.n; i++)
		s_take_lease (self, job, &state->early.at[i]);
	weir_vec_clear (&state->early);
}

static void
s_on_plan_reply (void *arg, uint64_t conn, const Weir__Control *msg)
{
	(void) conn;
	weir_compute_t *self = arg;
	weir_err_t err;
	if (weir_jobs_plan (&self->jobs, msg->plan_reply, s_on_settled, self, &err) != 0)
		weir_log (WEIR_LOG_INFO, "compute", "%s", err.text);
}

static void
s_on_job_close (void *arg, uint64_t conn, const Weir__Control *msg)
{
	(void) conn;
	weir_compute_t *self = arg;
	weir_jobs_close (&self->jobs, msg->job_close->job);
}

static void
s_on_leases (void *arg, uint64_t conn, const Weir__Control *msg)
{
	(void) conn;
	weir_compute_t *self = arg;
	weir_job_t *job = weir_jobs_find (&self->jobs, msg->leases->job);
	if (job == NULL) {
		weir_log (WEIR_LOG_WARN, "compute", "leases of job %llu: it is not open here",
		          (unsigned long long) msg->leases->job);
		return;
	}
	weir_collect_job_t *state = job->user;
	for (size_t i = 0; i < msg->leases->n_leases; i++) {
		const Weir__Lease *in = msg->leases->leases[i];
		weir_early_lease_t lease = { in->chunk, in->token_hi, in->token_lo, in->sink, in->n_runs };
		if (job->plan != NULL || job->failure != NULL)
			s_take_lease (self, job, &lease);
		else
			weir_vec_push (&state->early, lease);
	}
}

/* Registered under another number: the coordinator took us for lost and has leased our chunks to
 * others. Sinks know us
 * by the old number, so that credit is asked for anew. */
static void
s_on_registered (void *arg, uint64_t actor, uint64_t generation)
{
	(void) generation;
	weir_compute_t *self = arg;
	bool is_new = self->actor != 0 && self->actor != actor;
	self->actor = actor;
	if (!is_new)
		return;
	for (size_t i = 0; i < self->jobs.list.n; i++) {
		weir_collect_job_t *state = self->jobs.list.at[i]->user;
		s_clear_records (&state->map);
		state->map = weir_in_flight_map_new ();
		weir_vec_clear (&state->early);
	}
	for (size_t i = 0; i < self->outlets.n; i++)
		weir_vec_clear (&self->outlets.at[i].waiting);
	self->outlets.n = 0;
	self->reserved.n = self->released.n = 0;
}

static void
s_on_revoke (void *arg, uint64_t conn, const Weir__Control *msg)
{
	(void) conn;
	weir_compute_t *self = arg;
	weir_job_t *job = weir_jobs_find (&self->jobs, msg->revoke->job);
	for (size_t i = 0; i < msg->revoke->n_chunks && job != NULL; i++) {
		const Weir__ChunkRef *ref = msg->revoke->chunks[i];
		weir_in_flight_t *record = s_find_record (job, ref->chunk, ref->token_hi, ref->token_lo);
		if (record != NULL)
			s_forget_record (self, job, record);
	}
}

static void
s_worker_run (void *arg, void *state, void *task)
{
	(void) state;
	weir_collect_task_run (((weir_compute_t *) arg)->pool, task);
}

const weir_actor_class_t weir_compute_class = {
	.name = "compute",
	.kind = WEIR__ACTOR_KIND__ACTOR_COMPUTE,
	.start = s_start,
	.fill_hello = s_fill_hello,
	.on_registered = s_on_registered,
	.on_peer_gone = s_on_peer_gone,
	.on_task = s_on_task,
	.on_task_dropped = s_on_task_dropped,
	.on_burst_end = s_on_burst_end,
	.worker_run = s_worker_run,
	.on_control = {
	    [WEIR__CONTROL__BODY_JOB_OPEN] = s_on_job_open,
	    [WEIR__CONTROL__BODY_JOB_CLOSE] = s_on_job_close,
	    [WEIR__CONTROL__BODY_PLAN_REPLY] = s_on_plan_reply,
	    [WEIR__CONTROL__BODY_LEASES] = s_on_leases,
	    [WEIR__CONTROL__BODY_REVOKE] = s_on_revoke,
	},
	.on_data = {
	    [WEIR__DATA__BODY_PARTIAL] = s_on_partial,
	    [WEIR__DATA__BODY_CREDIT] = s_on_credit,
	    [WEIR__DATA__BODY_STORED] = s_on_stored,
	    [WEIR__DATA__BODY_NOT_STORED] = s_on_not_stored,
	},
};
