/* reader.c - see reader.h */
#include "actors/reader/reader.h"
#include "actors/reader/read.h"

#include <string.h>

#define SLOT_BYTES_AIM ((uint64_t) 12 << 20)
#define BATCH_MAX 64
#define HANDLE_BYTES_AIM ((size_t) 6 << 20) /* of open files, a slot */
#define LIST_FLUSH 4096

typedef struct {
	uint64_t job;
	uint64_t chunk, token_hi, token_lo, collector;
	uint32_t run;
} weir_waiting_t;

struct weir_reader {
	weir_host_t *host;
	uint32_t n_slots, n_remote_slots;
	uint64_t memory_bytes, registry_hash;
	weir_pool_t *pool;
	weir_jobs_t jobs;
	WEIR_VEC (weir_waiting_t) queue;
	size_t queue_first;
	WEIR_VEC (weir_waiting_t) sent; /* to be told at the end of the burst */
};

weir_reader_t *
weir_reader_new (uint32_t n_slots, uint64_t memory_bytes, uint64_t registry_hash)
{
	weir_reader_t *self = weir_alloc (sizeof *self);
	self->n_slots = n_slots > 0 ? n_slots : 1;
	self->n_remote_slots = self->n_slots;
	self->memory_bytes = memory_bytes;
	self->registry_hash = registry_hash;
	self->pool = weir_pool_new (memory_bytes);
	return self;
}

void
weir_reader_set_remote_slots (weir_reader_t *self, uint32_t n)
{
	self->n_remote_slots = n > self->n_slots ? n : self->n_slots;
}

void
weir_reader_destroy (weir_reader_t **self_p)
{
	weir_reader_t *self = *self_p;
	if (self == NULL)
		return;
	weir_jobs_clear (&self->jobs);
	weir_vec_clear (&self->queue);
	weir_vec_clear (&self->sent);
	weir_pool_destroy (&self->pool);
	free (self);
	*self_p = NULL;
}

static int
s_start (void *arg, weir_host_t *host, weir_err_t *err)
{
	(void) err;
	((weir_reader_t *) arg)->host = host;
	return 0;
}

static void
s_fill_hello (void *arg, Weir__Hello *hello)
{
	weir_reader_t *self = arg;
	hello->slots = self->n_slots;
	hello->memory_bytes = self->memory_bytes;
	hello->registry_hash = self->registry_hash;
}

static void *
s_worker_new (void *arg)
{
	weir_reader_t *self = arg;
	return weir_read_worker_new (self->pool, HANDLE_BYTES_AIM);
}

static void
s_worker_run (void *arg, void *state, void *task)
{
	(void) arg;
	weir_read_task_run (state, task);
}

static void
s_worker_destroy (void *arg, void *state)
{
	(void) arg;
	weir_read_worker_t *worker = state;
	weir_read_worker_destroy (&worker);
}

/* ---- answers */

static void
s_send_result (weir_reader_t *self, const weir_job_t *job, const weir_waiting_t *order,
               Weir__PayloadKind payload, weir_buf_t **result_p)
{
	Weir__Partial partial = WEIR__PARTIAL__INIT;
	partial.job = job->number;
	partial.generation = job->generation;
	partial.chunk = order->chunk;
	partial.token_hi = order->token_hi;
	partial.token_lo = order->token_lo;
	partial.run = order->run;
	partial.payload = payload;
	Weir__Data msg = WEIR__DATA__INIT;
	msg.body_case = WEIR__DATA__BODY_PARTIAL;
	msg.partial = &partial;
	/* A collector that is gone is the coordinator's to notice; the run counts as sent either way.
	 * */
	(void) weir_host_send_data (self->host, order->collector, &msg, result_p);
	weir_vec_push (&self->sent, *order);
}

static void
s_flush_sent (weir_reader_t *self)
{
	size_t i = 0;
	while (i < self->sent.n) {
		static _Thread_local Weir__RunRef refs[LIST_FLUSH];
		static _Thread_local Weir__RunRef *list[LIST_FLUSH];
		Weir__RunsSent sent = WEIR__RUNS_SENT__INIT;
		sent.job = self->sent.at[i].job;
		size_t n = 0;
		for (; i < self->sent.n && n < LIST_FLUSH && self->sent.at[i].job == sent.job; i++, n++) {
			weir__run_ref__init (&refs[n]);
			refs[n].chunk = self->sent.at[i].chunk;
			refs[n].token_hi = self->sent.at[i].token_hi;
			refs[n].token_lo = self->sent.at[i].token_lo;
			refs[n].run = self->sent.at[i].run;
			list[n] = &refs[n];
		}
		sent.runs = list;
		sent.n_runs = n;
		Weir__Control msg = WEIR_CONTROL (RUNS_SENT, runs_sent, &sent);
		weir_host_send (self->host, &msg);
	}
	self->sent.n = 0;
}

static void
s_send_failure (weir_reader_t *self, const weir_job_t *job, const weir_waiting_t *order,
                const weir_err_t *err)
{
	Weir__Failed failed = WEIR__FAILED__INIT;
	Weir__Error error = WEIR__ERROR__INIT;
	weir_error_to_message (err, &error);
	failed.job = job->number;
	failed.generation = job->generation;
	failed.chunk = order->chunk;
	failed.token_hi = order->token_hi;
	failed.token_lo = order->token_lo;
	failed.run = order->run;
	failed.error = &error;
	Weir__Control msg = WEIR_CONTROL (FAILED, failed, &failed);
	weir_host_send (self->host, &msg);
}

static void
s_on_task (void *arg, void *done)
{
	weir_reader_t *self = arg;
	weir_read_task_t *task = done;
	for (size_t i = 0; i < task->n_orders && !weir_job_is_cancelled (task->job); i++) {
		weir_read_order_t *order = &task->orders[i];
		weir_waiting_t ref = { task->job->number, order->chunk,     order->token_hi,
			                   order->token_lo,   order->collector, order->run };
		if (order->err != NULL)
			s_send_failure (self, task->job, &ref, order->err);
		else
			s_send_result (self, task->job, &ref, order->payload, &order->result);
	}
	weir_read_task_destroy (&task);
}

static void
s_on_task_dropped (void *arg, void *dropped)
{
	(void) arg;
	weir_read_task_t *task = dropped;
	weir_read_task_destroy (&task);
}

/* ---- batches */

static void
s_send_null (weir_reader_t *self, const weir_job_t *job, const weir_waiting_t *order)
{
	weir_err_t err;
	weir_buf_t *buf = weir_pool_take (self->pool, job->plan->outputs[0].acc_bytes, &err);
	if (buf == NULL) {
		s_send_failure (self, job, order, &err);
		return;
	}
	memset (weir_buf_data (buf), 0, weir_buf_size (buf));
	memcpy (weir_buf_data (buf), &order->chunk, sizeof order->chunk);
	s_send_result (self, job, order, WEIR__PAYLOAD_KIND__PAYLOAD_ACCUMULATORS, &buf);
}

static bool
s_is_null (const weir_job_t *job)
{
	return job->plan->n_sources == 1 && job->plan->sources[0].is_null;
}

/* By the first and the last item: a catalogue is of one kind. */
static bool
s_is_remote (const weir_job_t *job, uint32_t output)
{
	const weir_plan_source_t *source = &job->plan->sources[job->plan->outputs[output].source];
	const weir_plan_item_t *ends[] = { source->items, source->items + source->n_items - 1 };
	for (size_t i = 0; source->n_items > 0 && i < 2; i++)
		if (ends[i]->n_files > 0 && weir_raster_is_remote (ends[i]->files[0]))
			return true;
	return false;
}

/* Tasks at a time: a remote one mostly waits, so there may be more of them than processors, as far
 * as a quarter of the memory goes. */
static uint32_t
s_slots_for (const weir_reader_t *self, const weir_job_t *job, const weir_waiting_t *head)
{
	weir_plan_chunk_t where = weir_plan_chunk (job->plan, head->chunk);
	if (self->n_remote_slots == self->n_slots || !s_is_remote (job, where.output))
		return self->n_slots;
	uint32_t rank, n_labels;
	weir_plan_run (job->plan, &where, head->run, &rank, &n_labels);
	uint64_t each = weir_read_order_bytes (job, where.output, n_labels);
	uint64_t n = each > 0 ? self->memory_bytes / 4 / each : self->n_remote_slots;
	return n < self->n_slots          ? self->n_slots
	       : n < self->n_remote_slots ? (uint32_t) n
	                                  : self->n_remote_slots;
}

/* How many orders from the head of the queue go together: the same job, output and ranks. */
static size_t
s_batch_size (const weir_reader_t *self, const weir_job_t *job, uint32_t n_slots,
              weir_read_task_t *task, uint32_t *output_out)
{
	const weir_waiting_t *head = &self->queue.at[self->queue_first];
	weir_plan_chunk_t first = weir_plan_chunk (job->plan, head->chunk);
	weir_plan_run (job->plan, &first, head->run, &task->rank, &task->n_labels);
	*output_out = first.output;
	uint64_t each = weir_read_order_bytes (job, first.output, task->n_labels);
	size_t waiting = self->queue.n - self->queue_first;
	uint64_t aim = SLOT_BYTES_AIM * self->n_slots / n_slots;
	/* Half of an even share, so that nobody is left with much at the end. Remote: the even share,
	 * for each task costs two answers of the network, and orders of one task share them. */
	size_t most = n_slots > self->n_slots ? (waiting - 1) / n_slots + 1
	                                      : waiting / (2 * (size_t) n_slots);
	if (each > 0 && most > aim / each)
		most = (size_t) (aim / each);
	most = most < 1 ? 1 : most > BATCH_MAX ? BATCH_MAX : most;
	size_t n = 1;
	while (n < most) {
		const weir_waiting_t *next = &self->queue.at[self->queue_first + n];
		if (next->job != head->job || next->run != head->run)
			break;
		weir_plan_chunk_t where = weir_plan_chunk (job->plan, next->chunk);
		if (where.output != first.output || where.rank_first != first.rank_first ||
		    where.n_runs == 0)
			break;
		n++;
	}
	return n;
}

static weir_read_task_t *
s_take_batch (weir_reader_t *self, weir_job_t *job, uint32_t n_slots)
{
	weir_read_task_t *task = weir_alloc (sizeof *task);
	uint32_t output;
	task->n_orders = s_batch_size (self, job, n_slots, task, &output);
	task->job = weir_job_ref (job);
	task->orders = weir_alloc (task->n_orders * sizeof *task->orders);
	for (size_t i = 0; i < task->n_orders; i++) {
		const weir_waiting_t *from = &self->queue.at[self->queue_first++];
		weir_read_order_t *order = &task->orders[i];
		order->chunk = from->chunk;
		order->token_hi = from->token_hi;
		order->token_lo = from->token_lo;
		order->collector = from->collector;
		order->run = from->run;
		order->where = weir_plan_chunk (job->plan, from->chunk);
	}
	return task;
}

static int
s_check_order (const weir_job_t *job, const weir_waiting_t *order, weir_err_t *err)
{
	if (job->failure != NULL) {
		*err = *job->failure;
		return err->status;
	}
	if (order->run < weir_plan_chunk (job->plan, order->chunk).n_runs) /* no runs: no such chunk */
		return 0;
	return weir_err_set (err, WEIR_E_BUG, WEIR_CLASS_BUG, "Internal", job->name,
	                     "order for chunk %llu, run %u: the plan has none such",
	                     (unsigned long long) order->chunk, order->run);
}

static void
s_drop_head (weir_reader_t *self)
{
	self->queue_first++;
}

static void
s_dispatch (weir_reader_t *self)
{
	while (self->queue_first < self->queue.n) {
		const weir_waiting_t *head = &self->queue.at[self->queue_first];
		weir_job_t *job = weir_jobs_find (&self->jobs, head->job);
		if (job == NULL) {
			s_drop_head (self);
			continue;
		}
		if (job->plan == NULL && job->failure == NULL)
			break;
		weir_err_t err;
		if (s_check_order (job, head, &err) != 0) {
			s_send_failure (self, job, head, &err);
			s_drop_head (self);
			continue;
		}
		if (s_is_null (job)) {
			s_send_null (self, job, head);
			s_drop_head (self);
			continue;
		}
		uint32_t n_slots = s_slots_for (self, job, head);
		if (weir_host_n_busy (self->host) >= n_slots)
			break;
		weir_host_submit (self->host, s_take_batch (self, job, n_slots));
	}
	if (self->queue_first == self->queue.n)
		self->queue_first = self->queue.n = 0;
}

static void
s_on_burst_end (void *arg)
{
	weir_reader_t *self = arg;
	s_dispatch (self);
	s_flush_sent (self);
}

/* ---- control */

static void
s_on_job_open (void *arg, uint64_t conn, const Weir__Control *msg)
{
	(void) conn;
	weir_reader_t *self = arg;
	weir_jobs_open (&self->jobs, self->host, msg->job_open);
}

static void
s_ignore_ready (void *arg, weir_job_t *job)
{
	(void) arg;
	(void) job;
}

static void
s_on_plan_reply (void *arg, uint64_t conn, const Weir__Control *msg)
{
	(void) conn;
	weir_reader_t *self = arg;
	weir_err_t err;
	if (weir_jobs_plan (&self->jobs, msg->plan_reply, s_ignore_ready, NULL, &err) != 0)
		weir_log (WEIR_LOG_INFO, "reader", "%s", err.text);
}

static void
s_on_job_close (void *arg, uint64_t conn, const Weir__Control *msg)
{
	(void) conn;
	weir_reader_t *self = arg;
	weir_jobs_close (&self->jobs, msg->job_close->job);
}

static void
s_on_orders (void *arg, uint64_t conn, const Weir__Control *msg)
{
	(void) conn;
	weir_reader_t *self = arg;
	const Weir__Orders *orders = msg->orders;
	if (self->queue_first > 0 && self->queue_first * 2 > self->queue.n) {
		memmove (self->queue.at, self->queue.at + self->queue_first,
		         (self->queue.n - self->queue_first) * sizeof *self->queue.at);
		self->queue.n -= self->queue_first;
		self->queue_first = 0;
	}
	for (size_t i = 0; i < orders->n_orders; i++) {
		const Weir__Order *order = orders->orders[i];
		weir_waiting_t waiting = { orders->job,     order->chunk,     order->token_hi,
			                       order->token_lo, order->collector, order->run };
		weir_vec_push (&self->queue, waiting);
	}
}

const weir_actor_class_t weir_reader_class = {
	.name = "reader",
	.kind = WEIR__ACTOR_KIND__ACTOR_READER,
	.start = s_start,
	.fill_hello = s_fill_hello,
	.on_task = s_on_task,
	.on_task_dropped = s_on_task_dropped,
	.on_burst_end = s_on_burst_end,
	.worker_new = s_worker_new,
	.worker_run = s_worker_run,
	.worker_destroy = s_worker_destroy,
	.on_control = {
	    [WEIR__CONTROL__BODY_JOB_OPEN] = s_on_job_open,
	    [WEIR__CONTROL__BODY_JOB_CLOSE] = s_on_job_close,
	    [WEIR__CONTROL__BODY_PLAN_REPLY] = s_on_plan_reply,
	    [WEIR__CONTROL__BODY_ORDERS] = s_on_orders,
	},
};
