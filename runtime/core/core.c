/* core.c - actors, jobs and decisions of the coordinator; chunks are in core_chunk.c */
#include "runtime/core/core_internal.h"

#include <stdlib.h>
#include <string.h>

weir_core_t *
weir_core_new (const uint8_t seed[32])
{
	weir_core_t *self = weir_alloc (sizeof *self);
	memcpy (self->random, seed, sizeof self->random);
	self->random[0] |= 1; /* the generator must not start at zero */
	return self;
}

static void
s_destroy_job (weir_core_job_t *job)
{
	weir_flights_clear (&job->flights);
	for (size_t i = 0; i < job->parts.n; i++)
		weir_vec_clear (&job->parts.at[i].unsynced);
	weir_vec_clear (&job->parts);
	weir_vec_clear (&job->back);
	weir_vec_clear (&job->unread);
	weir_vec_clear (&job->ledger);
	weir_chunk_table_destroy (&job->table);
	free (job->output_done);
	free (job->outputs);
	free (job);
}

void
weir_core_destroy (weir_core_t **self_p)
{
	weir_core_t *self = *self_p;
	if (self == NULL)
		return;
	for (size_t i = 0; i < self->jobs.n; i++)
		s_destroy_job (self->jobs.at[i]);
	weir_vec_clear (&self->jobs);
	weir_vec_clear (&self->actors);
	weir_vec_clear (&self->stores);
	weir_vec_clear (&self->store_jobs);
	weir_vec_clear (&self->leases);
	weir_vec_clear (&self->orders);
	weir_vec_clear (&self->effects);
	free (self);
	*self_p = NULL;
}

void
weir_core_begin (weir_core_t *self)
{
	if (!self->is_given)
		return;
	self->stores.n = self->store_jobs.n = self->leases.n = self->orders.n = self->effects.n = 0;
	self->is_given = false;
}

weir_core_job_t *
weir_core_find_job (const weir_core_t *self, uint64_t job)
{
	for (size_t i = 0; i < self->jobs.n; i++)
		if (self->jobs.at[i]->spec.job == job)
			return self->jobs.at[i];
	return NULL;
}

weir_core_actor_t *
weir_core_find_actor (weir_core_t *self, uint64_t actor)
{
	for (size_t i = 0; i < self->actors.n; i++)
		if (self->actors.at[i].actor == actor)
			return &self->actors.at[i];
	return NULL;
}

static uint64_t
s_rotate_left (uint64_t x, int k)
{
	return (x << k) | (x >> (64 - k));
}

/* xoshiro256**: D. Blackman, S. Vigna, "Scrambled linear pseudorandom number generators", 2018. */
static uint64_t
s_next_random (uint64_t s[4])
{
	uint64_t result = s_rotate_left (s[1] * 5, 7) * 9;
	uint64_t t = s[1] << 17;
	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = s_rotate_left (s[3], 45);
	return result;
}

void
weir_core_random (weir_core_t *self, uint64_t *hi_out, uint64_t *lo_out)
{
	*hi_out = s_next_random (self->random);
	*lo_out = s_next_random (self->random);
}

void
weir_core_push_effect (weir_core_t *self, weir_effect_t effect)
{
	weir_vec_push (&self->effects, effect);
}

/* The runs that readers still have of a job that ends are nobody's any more. */
static void
s_forget_runs (weir_core_t *self, weir_core_job_t *job)
{
	for (size_t i = 0; i < job->flights.cap; i++) {
		weir_flight_t *flight = &job->flights.slots[i];
		for (uint32_t run = 0; flight->chunk != UINT64_MAX && run < flight->n_runs; run++) {
			uint64_t reader = flight->n_runs == 1          ? flight->one_reader
			                  : flight->run_reader != NULL ? flight->run_reader[run]
			                                               : 0;
			weir_core_actor_t *actor = reader != 0 ? weir_core_find_actor (self, reader) : NULL;
			if (actor != NULL && actor->n_runs_out > 0)
				actor->n_runs_out--;
		}
	}
}

void
weir_core_set_job_state (weir_core_t *self, weir_core_job_t *job, weir_job_state_t state)
{
	if (job->state == state)
		return;
	job->state = state;
	weir_core_push_effect (
		self,
		(weir_effect_t){ .kind = WEIR_EFFECT_JOB_STATE, .job = job->spec.job, .state = state });
	if (state != WEIR_JOB_DONE && state != WEIR_JOB_FAILED && state != WEIR_JOB_CANCELLED)
		return;
	s_forget_runs (self, job);
	weir_flights_clear (&job->flights);
	job->unread.n = 0;
	while (job->ledger.n > 0) {
		weir_ledger_t entry = job->ledger.at[job->ledger.n - 1];
		weir_core_reserve (self, job, entry.actor, -(int64_t) entry.bytes);
		job->ledger.n--;
	}
}

static bool
s_is_ended (const weir_core_job_t *job)
{
	return job->state == WEIR_JOB_DONE || job->state == WEIR_JOB_FAILED ||
	       job->state == WEIR_JOB_CANCELLED;
}

void
weir_core_fail_job (weir_core_t *self, weir_core_job_t *job, const weir_err_t *why)
{
	if (s_is_ended (job))
		return;
	job->error = *why;
	weir_core_set_job_state (self, job, WEIR_JOB_FAILED);
}

const weir_job_output_t *
weir_core_output (const weir_core_job_t *job, uint64_t chunk, uint32_t *output_out)
{
	uint32_t i = 0;
	while (i + 1 < job->spec.n_outputs && chunk >= job->outputs[i + 1].first_chunk)
		i++;
	if (output_out != NULL)
		*output_out = i;
	return &job->outputs[i];
}

uint64_t
weir_core_reserve_bytes (const weir_job_output_t *output)
{
	return output->n_runs * output->partial_bytes + output->block_bytes;
}

/* Books bytes on a collector and in the job's ledger; negative gives back. */
void
weir_core_reserve (weir_core_t *self, weir_core_job_t *job, uint64_t actor, int64_t bytes)
{
	weir_core_actor_t *collector = weir_core_find_actor (self, actor);
	if (collector == NULL)
		return;
	size_t i = 0;
	while (i < job->ledger.n && job->ledger.at[i].actor != actor)
		i++;
	if (i == job->ledger.n)
		weir_vec_push (&job->ledger, ((weir_ledger_t){ .actor = actor }));
	if (bytes < 0 && (uint64_t) -bytes > job->ledger.at[i].bytes)
		bytes = -(int64_t) job->ledger.at[i].bytes;
	job->ledger.at[i].bytes += (uint64_t) bytes;
	collector->reserved_bytes += (uint64_t) bytes;
}

/* ---- actors */

void
weir_core_actor_joined (weir_core_t *self, uint64_t actor, weir_kind_t kind, uint32_t slots,
                        uint64_t memory_bytes)
{
	weir_core_begin (self);
	weir_core_actor_t *known = weir_core_find_actor (self, actor);
	if (known != NULL) {
		known->slots = slots;
		known->memory_bytes = memory_bytes;
		return;
	}
	weir_vec_push (&self->actors, ((weir_core_actor_t){ .actor = actor,
	                                                    .kind = kind,
	                                                    .slots = slots > 0 ? slots : 1,
	                                                    .memory_bytes = memory_bytes }));
}

static void
s_forget_ledger (weir_core_job_t *job, uint64_t actor)
{
	for (size_t i = 0; i < job->ledger.n; i++) {
		if (job->ledger.at[i].actor == actor) {
			weir_vec_remove (&job->ledger, i);
			return;
		}
	}
}

void
weir_core_actor_gone (weir_core_t *self, uint64_t actor)
{
	weir_core_begin (self);
	weir_core_actor_t *known = weir_core_find_actor (self, actor);
	if (known == NULL)
		return;
	weir_core_actor_t gone = *known;
	weir_vec_remove (&self->actors, known - self->actors.at);
	for (size_t i = 0; i < self->jobs.n; i++) {
		s_forget_ledger (self->jobs.at[i], actor);
		if (!s_is_ended (self->jobs.at[i]))
			weir_core_lost_actor (self, self->jobs.at[i], &gone);
	}
}

/* ---- jobs */

int
weir_core_job_added (weir_core_t *self, const weir_job_spec_t *spec, weir_err_t *err)
{
	weir_core_begin (self);
	if (weir_core_find_job (self, spec->job) != NULL)
		return weir_err_invalid (err, "JobExists", "", "job %llu: is there already",
		                         (unsigned long long) spec->job);
	if (spec->n_outputs == 0 || spec->n_chunks == 0)
		return weir_err_invalid (err, "JobEmpty", "", "job: has no chunks");
	weir_core_job_t *job = weir_alloc (sizeof *job);
	job->spec = *spec;
	job->outputs = weir_alloc (spec->n_outputs * sizeof *job->outputs);
	memcpy (job->outputs, spec->outputs, spec->n_outputs * sizeof *job->outputs);
	job->spec.outputs = job->outputs;
	job->output_done = weir_alloc (spec->n_outputs * sizeof *job->output_done);
	job->table = weir_chunk_table_new (spec->n_chunks);
	job->state = WEIR_JOB_PLANNING;
	weir_vec_push (&self->jobs, job);
	weir_core_set_job_state (self, job, WEIR_JOB_RUNNING);
	return 0;
}

void
weir_core_job_cancelled (weir_core_t *self, uint64_t number)
{
	weir_core_begin (self);
	weir_core_job_t *job = weir_core_find_job (self, number);
	if (job != NULL && !s_is_ended (job))
		weir_core_set_job_state (self, job, WEIR_JOB_CANCELLED);
}

void
weir_core_job_failed (weir_core_t *self, uint64_t number, const weir_err_t *why)
{
	weir_core_begin (self);
	weir_core_job_t *job = weir_core_find_job (self, number);
	if (job != NULL)
		weir_core_fail_job (self, job, why);
}

void
weir_core_job_forget (weir_core_t *self, uint64_t number)
{
	weir_core_begin (self);
	for (size_t i = 0; i < self->jobs.n; i++) {
		if (self->jobs.at[i]->spec.job != number)
			continue;
		s_destroy_job (self->jobs.at[i]);
		weir_vec_remove (&self->jobs, i);
		return;
	}
}

void
weir_core_finished (weir_core_t *self, uint64_t number, uint32_t output, const weir_err_t *why)
{
	weir_core_begin (self);
	weir_core_job_t *job = weir_core_find_job (self, number);
	if (job == NULL || job->state != WEIR_JOB_FINISHING || output >= job->spec.n_outputs)
		return;
	if (why != NULL) {
		weir_core_fail_job (self, job, why);
		return;
	}
	job->output_done[output] = true;
	for (uint32_t i = 0; i < job->spec.n_outputs; i++)
		if (!job->output_done[i])
			return;
	weir_core_set_job_state (self, job, WEIR_JOB_DONE);
}

uint16_t
weir_core_part (weir_core_t *self, uint64_t number, uint64_t sink)
{
	weir_core_job_t *job = weir_core_find_job (self, number);
	if (job == NULL)
		return 0;
	for (size_t i = 0; i < job->parts.n; i++)
		if (job->parts.at[i].sink == sink)
			return job->parts.at[i].number;
	if (job->part_last == UINT16_MAX)
		return 0;
	job->part_last++;
	weir_vec_push (&job->parts, ((weir_part_t){ .sink = sink, .number = job->part_last }));
	return job->part_last;
}

uint16_t
weir_core_part_last (const weir_core_t *self, uint64_t number)
{
	const weir_core_job_t *job = weir_core_find_job (self, number);
	return job != NULL ? job->part_last : 0;
}

uint64_t
weir_core_next_quarantined (const weir_core_t *self, uint64_t number, uint64_t from)
{
	const weir_core_job_t *job = weir_core_find_job (self, number);
	if (job == NULL)
		return UINT64_MAX;
	uint64_t chunk = weir_chunk_table_next (job->table, WEIR_CHUNK_QUARANTINED, from);
	return chunk < job->spec.n_chunks ? chunk : UINT64_MAX;
}

bool
weir_core_job_view (const weir_core_t *self, uint64_t number, weir_job_view_t *view_out)
{
	const weir_core_job_t *job = weir_core_find_job (self, number);
	if (job == NULL)
		return false;
	view_out->state = job->state;
	view_out->n_chunks = job->spec.n_chunks;
	for (int s = 0; s < WEIR_N_CHUNK_STATES; s++)
		view_out->n_by_state[s] = weir_chunk_table_count (job->table, (weir_chunk_state_t) s);
	view_out->error = job->error;
	return true;
}

/* ---- decisions */

static void
s_ask_sync (weir_core_t *self, weir_core_job_t *job)
{
	if (job->is_flushed || job->n_unwritten > 0 || job->flights.n == 0)
		return;
	job->is_flushed = true;
	for (size_t i = 0; i < job->parts.n; i++)
		weir_core_push_effect (self, (weir_effect_t){ .kind = WEIR_EFFECT_FLUSH,
		                                              .job = job->spec.job,
		                                              .actor = job->parts.at[i].sink });
}

static void
s_start_finishing (weir_core_t *self, weir_core_job_t *job)
{
	uint64_t sink = 0;
	for (size_t i = 0; i < self->actors.n && sink == 0; i++)
		if (self->actors.at[i].kind == WEIR_KIND_SINK)
			sink = self->actors.at[i].actor;
	if (sink == 0)
		return;
	job->finisher = sink;
	weir_core_set_job_state (self, job, WEIR_JOB_FINISHING);
	for (uint32_t i = 0; i < job->spec.n_outputs; i++)
		if (!job->output_done[i])
			weir_core_push_effect (self, (weir_effect_t){ .kind = WEIR_EFFECT_FINISH,
			                                              .job = job->spec.job,
			                                              .actor = sink,
			                                              .output = i });
}

static void
s_decide_job (weir_core_t *self, weir_core_job_t *job)
{
	if (job->state == WEIR_JOB_FINISHING && job->finisher == 0)
		s_start_finishing (self, job);
	if (job->state != WEIR_JOB_RUNNING)
		return;
	weir_core_hand_out (self, job);
	weir_core_order_runs (self, job);
	bool is_all_out = job->cursor == job->spec.n_chunks && job->back_first == job->back.n;
	if (is_all_out)
		s_ask_sync (self, job);
	uint64_t ended = weir_chunk_table_count (job->table, WEIR_CHUNK_DONE) +
	                 weir_chunk_table_count (job->table, WEIR_CHUNK_QUARANTINED);
	if (is_all_out && job->flights.n == 0 && ended == job->spec.n_chunks)
		s_start_finishing (self, job);
}

const weir_effects_t *
weir_core_decide (weir_core_t *self)
{
	weir_core_begin (self);
	for (size_t i = 0; i < self->jobs.n; i++)
		s_decide_job (self, self->jobs.at[(self->job_next + i) % self->jobs.n]);
	self->job_next++;
	self->given = (weir_effects_t){
		.n_stores = self->stores.n,
		.stores = self->stores.at,
		.store_jobs = self->store_jobs.at,
		.n_leases = self->leases.n,
		.leases = self->leases.at,
		.n_orders = self->orders.n,
		.orders = self->orders.at,
		.n_effects = self->effects.n,
		.effects = self->effects.at,
	};
	self->is_given = true;
	return &self->given;
}
