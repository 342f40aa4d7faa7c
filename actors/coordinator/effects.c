/* effects.c - what the core decided: stores first, then messages */
#include "actors/coordinator/coordinator_internal.h"

#include <string.h>

#define LIST_MAX 4096

/* ---- stores */

typedef struct {
	weir_coordinator_t *coordinator;
	uint64_t job;
	size_t n;
	weir_transition_t transitions[];
} weir_store_batch_t;

static void
s_on_stored (void *arg, const weir_err_t *err, size_t n, const char *answers)
{
	weir_store_batch_t *batch = arg;
	weir_coordinator_t *self = batch->coordinator;
	if (err != NULL && self->is_performing) {
		weir_vec_push (&self->failures, ((weir_job_failure_t){ batch->job, *err }));
	} else if (err != NULL) {
		weir_core_job_failed (self->core, batch->job, err);
	} else {
		bool go[LIST_MAX];
		for (size_t i = 0; i < batch->n; i++)
			go[i] = i < n && answers[i] == WEIR_REDIS_GO;
		weir_core_stored (self->core, batch->job, batch->n, batch->transitions, go);
	}
	free (batch);
}

static void
s_store_batch (weir_coordinator_t *self, uint64_t number, const weir_transition_t *transitions,
               size_t n)
{
	static _Thread_local weir_redis_transition_t out[LIST_MAX];
	const weir_coordinated_job_t *job = weir_coordinator_job (self, number);
	if (job == NULL)
		return;
	weir_store_batch_t *batch = weir_alloc (sizeof *batch + n * sizeof *transitions);
	batch->coordinator = self;
	batch->job = number;
	batch->n = n;
	memcpy (batch->transitions, transitions, n * sizeof *transitions);
	for (size_t i = 0; i < n; i++) {
		const weir_transition_t *t = &transitions[i];
		out[i] = (weir_redis_transition_t){ .chunk = t->chunk,
			                                .from = t->from,
			                                .to = t->to,
			                                .attempts = t->attempts,
			                                .force = t->force,
			                                .part = t->part,
			                                .token_hi = t->token_hi,
			                                .token_lo = t->token_lo,
			                                .holder = t->holder };
	}
	weir_redis_transition (self->redis, job->name, job->generation, n, out, s_on_stored, batch);
}

static void
s_store_all (weir_coordinator_t *self, const weir_effects_t *effects)
{
	size_t i = 0;
	while (i < effects->n_stores) {
		size_t n = 1;
		while (i + n < effects->n_stores && n < LIST_MAX &&
		       effects->store_jobs[i + n] == effects->store_jobs[i])
			n++;
		s_store_batch (self, effects->store_jobs[i], effects->stores + i, n);
		i += n;
	}
}

/* ---- leases and orders: one message for each actor and job */

static void
s_send_leases (weir_coordinator_t *self, const weir_lease_t *leases, size_t n_leases)
{
	static _Thread_local Weir__Lease items[LIST_MAX];
	static _Thread_local Weir__Lease *list[LIST_MAX];
	bool *is_sent = weir_alloc (n_leases);
	for (size_t first = 0; first < n_leases; first++) {
		if (is_sent[first])
			continue;
		Weir__Leases message = WEIR__LEASES__INIT;
		message.job = leases[first].job;
		message.generation = self->generation;
		size_t n = 0;
		for (size_t i = first; i < n_leases && n < LIST_MAX; i++) {
			const weir_lease_t *lease = &leases[i];
			if (is_sent[i] || lease->actor != leases[first].actor || lease->job != message.job)
				continue;
			is_sent[i] = true;
			weir__lease__init (&items[n]);
			items[n].chunk = lease->ref.chunk;
			items[n].token_hi = lease->ref.token_hi;
			items[n].token_lo = lease->ref.token_lo;
			items[n].n_runs = lease->n_runs;
			items[n].reserve_bytes = lease->reserve_bytes;
			items[n].sink = lease->sink;
			list[n] = &items[n];
			n++;
		}
		message.n_leases = n;
		message.leases = list;
		Weir__Control msg = WEIR_CONTROL (LEASES, leases, &message);
		weir_coordinator_send (self, leases[first].actor, &msg);
	}
	free (is_sent);
}

static void
s_send_orders (weir_coordinator_t *self, const weir_order_t *orders, size_t n_orders)
{
	static _Thread_local Weir__Order items[LIST_MAX];
	static _Thread_local Weir__Order *list[LIST_MAX];
	bool *is_sent = weir_alloc (n_orders);
	for (size_t first = 0; first < n_orders; first++) {
		if (is_sent[first])
			continue;
		Weir__Orders message = WEIR__ORDERS__INIT;
		message.job = orders[first].job;
		message.generation = self->generation;
		size_t n = 0;
		for (size_t i = first; i < n_orders && n < LIST_MAX; i++) {
			const weir_order_t *order = &orders[i];
			if (is_sent[i] || order->actor != orders[first].actor || order->job != message.job)
				continue;
			is_sent[i] = true;
			weir__order__init (&items[n]);
			items[n].chunk = order->ref.chunk;
			items[n].token_hi = order->ref.token_hi;
			items[n].token_lo = order->ref.token_lo;
			items[n].run = order->run;
			items[n].collector = order->collector;
			items[n].grant_bytes = order->grant_bytes;
			list[n] = &items[n];
			n++;
		}
		message.n_orders = n;
		message.orders = list;
		Weir__Control msg = WEIR_CONTROL (ORDERS, orders, &message);
		weir_coordinator_send (self, orders[first].actor, &msg);
	}
	free (is_sent);
}

/* ---- the rare ones */

static void
s_send_revoke (weir_coordinator_t *self, const weir_effect_t *effect)
{
	Weir__ChunkRef ref = WEIR__CHUNK_REF__INIT, *list[1] = { &ref };
	ref.chunk = effect->ref.chunk;
	ref.token_hi = effect->ref.token_hi;
	ref.token_lo = effect->ref.token_lo;
	Weir__Revoke revoke = WEIR__REVOKE__INIT;
	revoke.job = effect->job;
	revoke.n_chunks = 1;
	revoke.chunks = list;
	Weir__Control msg = WEIR_CONTROL (REVOKE, revoke, &revoke);
	weir_coordinator_send (self, effect->actor, &msg);
}

static void
s_on_state_stored (void *arg, const weir_err_t *err, size_t n, const char *answers)
{
	(void) n;
	(void) answers;
	const weir_coordinator_t *self = arg;
	if (err != NULL && !self->is_closing) /* without a store the job has said so itself */
		weir_log (err->klass == WEIR_CLASS_RETRY ? WEIR_LOG_INFO : WEIR_LOG_WARN, "coordinator",
		          "job state not stored: %s", err->text);
}

static void
s_set_job_state (weir_coordinator_t *self, const weir_effect_t *effect)
{
	weir_coordinated_job_t *job = weir_coordinator_job (self, effect->job);
	if (job == NULL)
		return;
	weir_redis_job_state (self->redis, job->name, job->generation,
	                      weir_job_state_name (effect->state), s_on_state_stored, self);
	if (effect->state == WEIR_JOB_DONE || effect->state == WEIR_JOB_FAILED ||
	    effect->state == WEIR_JOB_CANCELLED) {
		weir_coordinator_job_ended (self, job, effect->state);
		return;
	}
	job->state = effect->state;
	weir_coordinator_tell_progress (self, job);
}

static void
s_perform_effect (weir_coordinator_t *self, const weir_effect_t *effect)
{
	Weir__Flush flush = WEIR__FLUSH__INIT;
	flush.job = effect->job;
	Weir__Control msg = WEIR_CONTROL (FLUSH, flush, &flush);
	switch (effect->kind) {
	case WEIR_EFFECT_JOB_STATE: s_set_job_state (self, effect); break;
	case WEIR_EFFECT_FLUSH: weir_coordinator_send (self, effect->actor, &msg); break;
	case WEIR_EFFECT_FINISH: weir_coordinator_send_finish (self, effect); break;
	case WEIR_EFFECT_REVOKE: s_send_revoke (self, effect); break;
	}
}

static void
s_perform_once (weir_coordinator_t *self)
{
	const weir_effects_t *effects = weir_core_decide (self->core);
	s_store_all (self, effects);
	if (effects->n_leases > 0)
		s_send_leases (self, effects->leases, effects->n_leases);
	if (effects->n_orders > 0)
		s_send_orders (self, effects->orders, effects->n_orders);
	for (size_t i = 0; i < effects->n_effects; i++)
		s_perform_effect (self, &effects->effects[i]);
}

void
weir_coordinator_perform (weir_coordinator_t *self)
{
	self->is_performing = true;
	s_perform_once (self);
	self->is_performing = false;
	while (self->failures.n > 0) {
		weir_job_failure_t failure = self->failures.at[--self->failures.n];
		weir_core_job_failed (self->core, failure.job, &failure.why);
		self->is_performing = true;
		s_perform_once (self);
		self->is_performing = false;
	}
}
