/* core_chunk.c - the way of one chunk: handed out, leased, read, written, synced, or back
 *
 * Every change of state is first a store; only its confirmation (weir_core_stored) moves the table
 * and lets effects out.
 */
#include "runtime/core/core_internal.h"

#include <string.h>

#define NOBODY 0ULL

static bool
s_is_token (const weir_flight_t *flight, const weir_chunk_ref_t *ref)
{
	return flight->token_hi == ref->token_hi && flight->token_lo == ref->token_lo;
}

static weir_flight_t *
s_find_flight (const weir_core_t *self, uint64_t number, const weir_chunk_ref_t *ref,
               weir_core_job_t **job_out)
{
	weir_core_job_t *job = weir_core_find_job (self, number);
	*job_out = job;
	if (job == NULL || job->state != WEIR_JOB_RUNNING)
		return NULL;
	weir_flight_t *flight = weir_flights_find (&job->flights, ref->chunk);
	return flight != NULL && s_is_token (flight, ref) ? flight : NULL;
}

static void
s_push_store (weir_core_t *self, const weir_core_job_t *job, const weir_flight_t *flight,
              weir_chunk_state_t from, weir_chunk_state_t to, uint8_t attempts)
{
	weir_transition_t transition = {
		.chunk = flight->chunk,
		.from = (uint8_t) from,
		.to = (uint8_t) to,
		.attempts = attempts,
		.part = to == WEIR_CHUNK_WRITTEN || to == WEIR_CHUNK_DONE ? flight->part : 0,
		.token_hi = flight->token_hi,
		.token_lo = flight->token_lo,
		.holder = to == WEIR_CHUNK_WRITTEN ? flight->sink : flight->collector,
	};
	weir_vec_push (&self->stores, transition);
	weir_vec_push (&self->store_jobs, job->spec.job);
}

static uint8_t
s_attempts_after (const weir_core_job_t *job, uint64_t chunk, weir_chunk_event_t event)
{
	uint8_t attempts = weir_chunk_table_attempts (job->table, chunk);
	bool counts = event == WEIR_CHUNK_EVENT_LEASE_EXPIRED || event == WEIR_CHUNK_EVENT_FAILED_RETRY;
	return (uint8_t) (counts && attempts < WEIR_ATTEMPTS_MAX ? attempts + 1 : attempts);
}

static bool
s_is_storing (const weir_flight_t *flight)
{
	return flight->phase == PHASE_STORING_LEASE || flight->phase == PHASE_STORING_WRITTEN ||
	       flight->phase == PHASE_STORING_DONE || flight->phase == PHASE_STORING_BACK;
}

/* While a store is under way its answer decides; what comes meanwhile is kept only if it will
 * matter then: a lease that is being stored ends by anything, a block that is being noted only with
 * its sink. */
static void
s_keep_event (weir_flight_t *flight, weir_chunk_event_t event)
{
	bool matters = flight->phase == PHASE_STORING_LEASE ||
	               (flight->phase == PHASE_STORING_WRITTEN && event == WEIR_CHUNK_EVENT_SINK_LOST);
	if (!matters || flight->is_lost)
		return;
	flight->is_lost = true;
	flight->back_event = (uint8_t) event;
}

/* Sends a chunk back by `event`. */
static void
s_go_back (weir_core_t *self, weir_core_job_t *job, weir_flight_t *flight, weir_chunk_event_t event)
{
	if (s_is_storing (flight)) {
		s_keep_event (flight, event);
		return;
	}
	weir_chunk_state_t from = weir_chunk_table_state (job->table, flight->chunk), to;
	if (weir_chunk_table_check (job->table, flight->chunk, event, &to) != WEIR_VERDICT_GO)
		return;
	if (flight->phase != PHASE_WRITTEN)
		job->n_unwritten--;
	flight->phase = PHASE_STORING_BACK;
	flight->back_event = (uint8_t) event;
	s_push_store (self, job, flight, from, to, s_attempts_after (job, flight->chunk, event));
}

/* ---- handing out */

static weir_core_actor_t *
s_pick_collector (weir_core_t *self, uint64_t bytes)
{
	for (size_t i = 0; i < self->actors.n; i++) {
		size_t at = (self->collector_next + i) % self->actors.n;
		weir_core_actor_t *actor = &self->actors.at[at];
		if (actor->kind != WEIR_KIND_COMPUTE)
			continue;
		/* An idle collector takes a chunk of any size: the plan has checked that one fits. */
		if (actor->reserved_bytes != 0 && actor->reserved_bytes + bytes > actor->memory_bytes)
			continue;
		self->collector_next = at + 1;
		return actor;
	}
	return NULL;
}

static uint64_t
s_pick_nth (const weir_core_t *self, weir_kind_t kind, uint64_t nth)
{
	size_t n = 0;
	for (size_t i = 0; i < self->actors.n; i++)
		n += self->actors.at[i].kind == kind;
	if (n == 0)
		return NOBODY;
	nth %= n;
	for (size_t i = 0; i < self->actors.n; i++)
		if (self->actors.at[i].kind == kind && nth-- == 0)
			return self->actors.at[i].actor;
	return NOBODY;
}

static bool
s_next_chunk (weir_core_job_t *job, uint64_t *chunk_out)
{
	while (job->back_first < job->back.n) {
		uint64_t chunk = job->back.at[job->back_first++];
		if (job->back_first == job->back.n)
			job->back_first = job->back.n = 0;
		if (weir_chunk_table_state (job->table, chunk) == WEIR_CHUNK_PENDING) {
			*chunk_out = chunk;
			return true;
		}
	}
	if (job->cursor == job->spec.n_chunks)
		return false;
	*chunk_out = job->cursor++;
	return true;
}

void
weir_core_hand_out (weir_core_t *self, weir_core_job_t *job)
{
	while (job->flights.n < WEIR_CORE_FLIGHT_MAX) {
		uint64_t peek = job->back_first < job->back.n ? job->back.at[job->back_first] : job->cursor;
		if (peek >= job->spec.n_chunks)
			return;
		const weir_job_output_t *output = weir_core_output (job, peek, NULL);
		uint64_t bytes = weir_core_reserve_bytes (output), chunk;
		uint64_t sink = s_pick_nth (self, WEIR_KIND_SINK, peek / output->column_chunks);
		weir_core_actor_t *collector = sink != NOBODY ? s_pick_collector (self, bytes) : NULL;
		if (collector == NULL || !s_next_chunk (job, &chunk))
			return;
		if (weir_flights_find (&job->flights, chunk) != NULL)
			continue;
		weir_flight_t *flight = weir_flights_add (&job->flights, chunk);
		weir_core_random (self, &flight->token_hi, &flight->token_lo);
		flight->collector = collector->actor;
		flight->sink = sink;
		flight->n_runs = output->n_runs;
		flight->phase = PHASE_STORING_LEASE;
		job->n_unwritten++;
		job->is_flushed = false;
		weir_core_reserve (self, job, flight->collector, (int64_t) bytes);
		s_push_store (self, job, flight, WEIR_CHUNK_PENDING, WEIR_CHUNK_LEASED,
		              weir_chunk_table_attempts (job->table, chunk));
	}
}

/* ---- reading */

/* The reader of a run, with WEIR_RUN_SENT once it said that the partial is on its way. */
static uint64_t *
s_run_reader (weir_flight_t *flight, uint32_t run)
{
	return flight->n_runs > 1 ? &flight->run_reader[run] : &flight->one_reader;
}

/* Columns stay with a reader, so that its open files serve again; a reader far behind is passed
 * over. */
static weir_core_actor_t *
s_pick_reader (weir_core_t *self, const weir_job_output_t *output, uint64_t chunk, uint32_t run)
{
	uint64_t column = (chunk - output->first_chunk) / output->column_chunks;
	uint64_t wanted = s_pick_nth (self, WEIR_KIND_READER, column + run);
	weir_core_actor_t *reader = weir_core_find_actor (self, wanted), *least = reader;
	for (size_t i = 0; i < self->actors.n; i++) {
		weir_core_actor_t *actor = &self->actors.at[i];
		if (actor->kind == WEIR_KIND_READER && actor->n_runs_out < least->n_runs_out)
			least = actor;
	}
	if (reader != NULL && reader->n_runs_out > 2 * least->n_runs_out + 16)
		return least;
	return reader;
}

void
weir_core_order_runs (weir_core_t *self, weir_core_job_t *job)
{
	for (size_t i = 0; i < job->unread.n; i++) {
		weir_unread_t unread = job->unread.at[i];
		weir_flight_t *flight = weir_flights_find (&job->flights, unread.chunk);
		if (flight == NULL || flight->phase != PHASE_READING)
			continue;
		const weir_job_output_t *output = weir_core_output (job, unread.chunk, NULL);
		weir_core_actor_t *reader = s_pick_reader (self, output, unread.chunk, unread.run);
		if (reader == NULL) { /* none is there: wait for one */
			memmove (job->unread.at, job->unread.at + i,
			         (job->unread.n - i) * sizeof *job->unread.at);
			job->unread.n -= i;
			return;
		}
		*s_run_reader (flight, unread.run) = reader->actor;
		reader->n_runs_out++;
		weir_order_t order = {
			.job = job->spec.job,
			.actor = reader->actor,
			.ref = { flight->chunk, flight->token_hi, flight->token_lo },
			.run = unread.run,
			.collector = flight->collector,
			.grant_bytes = output->partial_bytes,
		};
		weir_vec_push (&self->orders, order);
	}
	job->unread.n = 0;
}

void
weir_core_reserved (weir_core_t *self, uint64_t number, uint64_t actor, const weir_chunk_ref_t *ref)
{
	weir_core_begin (self);
	weir_core_job_t *job;
	weir_flight_t *flight = s_find_flight (self, number, ref, &job);
	if (flight == NULL || flight->phase != PHASE_LEASED || flight->collector != actor)
		return;
	flight->phase = PHASE_READING;
	if (flight->n_runs > 1 && flight->run_reader == NULL)
		flight->run_reader = weir_alloc (flight->n_runs * sizeof *flight->run_reader);
	for (uint32_t run = 0; run < flight->n_runs; run++)
		weir_vec_push (&job->unread, ((weir_unread_t){ flight->chunk, run }));
}

/* The flight of a run that this reader still has; its slot becomes `next`. */
static weir_flight_t *
s_take_run (weir_core_t *self, uint64_t number, uint64_t actor, const weir_chunk_ref_t *ref,
            uint32_t run, uint64_t next, weir_core_job_t **job_out)
{
	weir_core_begin (self);
	weir_core_actor_t *reader = weir_core_find_actor (self, actor);
	if (reader != NULL && reader->n_runs_out > 0)
		reader->n_runs_out--;
	weir_flight_t *flight = s_find_flight (self, number, ref, job_out);
	if (flight == NULL || flight->phase != PHASE_READING || run >= flight->n_runs ||
	    *s_run_reader (flight, run) != actor)
		return NULL;
	*s_run_reader (flight, run) = next;
	return flight;
}

void
weir_core_run_sent (weir_core_t *self, uint64_t job, uint64_t actor, const weir_chunk_ref_t *ref,
                    uint32_t run)
{
	weir_core_job_t *found;
	(void) s_take_run (self, job, actor, ref, run, actor | WEIR_RUN_SENT, &found);
}

void
weir_core_run_back (weir_core_t *self, uint64_t number, uint64_t actor, const weir_chunk_ref_t *ref,
                    uint32_t run)
{
	weir_core_job_t *job;
	weir_flight_t *flight = s_take_run (self, number, actor, ref, run, NOBODY, &job);
	if (flight != NULL)
		weir_vec_push (&job->unread, ((weir_unread_t){ flight->chunk, run }));
}

/* ---- back */

void
weir_core_released (weir_core_t *self, uint64_t number, uint64_t actor, uint64_t chunk)
{
	weir_core_begin (self);
	weir_core_job_t *job = weir_core_find_job (self, number);
	if (job == NULL || chunk >= job->spec.n_chunks)
		return;
	weir_core_reserve (self, job, actor,
	                   -(int64_t) weir_core_reserve_bytes (weir_core_output (job, chunk, NULL)));
}

void
weir_core_handed_back (weir_core_t *self, uint64_t number, uint64_t actor,
                       const weir_chunk_ref_t *ref)
{
	weir_core_released (self, number, actor, ref->chunk);
	weir_core_job_t *job;
	weir_flight_t *flight = s_find_flight (self, number, ref, &job);
	if (flight != NULL && flight->collector == actor)
		s_go_back (self, job, flight, WEIR_CHUNK_EVENT_HAND_BACK);
}

void
weir_core_failed (weir_core_t *self, uint64_t number, uint64_t actor, const weir_chunk_ref_t *ref,
                  const weir_err_t *why)
{
	weir_core_begin (self);
	weir_core_actor_t *reporter = weir_core_find_actor (self, actor);
	if (reporter != NULL && reporter->kind == WEIR_KIND_READER && reporter->n_runs_out > 0)
		reporter->n_runs_out--;
	weir_core_job_t *job;
	weir_flight_t *flight = s_find_flight (self, number, ref, &job);
	bool is_ours = flight != NULL && reporter != NULL &&
	               (reporter->kind == WEIR_KIND_READER || flight->collector == actor);
	if (!is_ours || (flight->phase != PHASE_LEASED && flight->phase != PHASE_READING))
		return; /* late: the chunk went its way without it */
	if (why->klass ==
	    WEIR_CLASS_OVERLOADED) { /* of the disk or of memory: the job cannot go on here */
		weir_core_fail_job (self, job, why);
		return;
	}
	weir_chunk_event_t event = why->klass == WEIR_CLASS_RETRY ? WEIR_CHUNK_EVENT_FAILED_RETRY
	                                                          : WEIR_CHUNK_EVENT_FAILED_GIVE_UP;
	weir_chunk_state_t to;
	if (weir_chunk_table_check (job->table, ref->chunk, event, &to) == WEIR_VERDICT_GO &&
	    to == WEIR_CHUNK_QUARANTINED && job->error.status == 0)
		job->error = *why;
	weir_core_push_effect (self, (weir_effect_t){ .kind = WEIR_EFFECT_REVOKE,
	                                              .job = number,
	                                              .actor = flight->collector,
	                                              .ref = *ref });
	s_go_back (self, job, flight, event);
}

/* Partials that were sent may have died with their reader: they are read again too, and the
 * collector drops repeats. */
static void
s_lose_runs (weir_core_job_t *job, weir_flight_t *flight, uint64_t reader)
{
	for (uint32_t run = 0; run < flight->n_runs && flight->phase == PHASE_READING; run++) {
		if ((*s_run_reader (flight, run) & ~WEIR_RUN_SENT) != reader)
			continue;
		*s_run_reader (flight, run) = NOBODY;
		weir_vec_push (&job->unread, ((weir_unread_t){ flight->chunk, run }));
	}
}

void
weir_core_lost_actor (weir_core_t *self, weir_core_job_t *job, const weir_core_actor_t *actor)
{
	if (job->finisher == actor->actor)
		job->finisher = NOBODY;
	for (size_t i = 0; i < job->flights.cap; i++) {
		weir_flight_t *flight = &job->flights.slots[i];
		if (flight->chunk == UINT64_MAX)
			continue;
		bool is_written = flight->phase >= PHASE_WRITTEN || flight->phase == PHASE_STORING_WRITTEN;
		if (actor->kind == WEIR_KIND_READER)
			s_lose_runs (job, flight, actor->actor);
		else if (actor->kind == WEIR_KIND_COMPUTE && flight->collector == actor->actor &&
		         !is_written)
			s_go_back (self, job, flight, WEIR_CHUNK_EVENT_LEASE_EXPIRED);
		else if (actor->kind == WEIR_KIND_SINK && flight->sink == actor->actor)
			s_go_back (self, job, flight, WEIR_CHUNK_EVENT_SINK_LOST);
	}
}

/* ---- written and synced */

static weir_part_t *
s_find_part (weir_core_job_t *job, uint16_t number)
{
	for (size_t i = 0; i < job->parts.n; i++)
		if (job->parts.at[i].number == number)
			return &job->parts.at[i];
	return NULL;
}

void
weir_core_written (weir_core_t *self, uint64_t number, uint64_t actor, uint16_t part,
                   const weir_chunk_ref_t *ref, uint64_t end_bytes)
{
	weir_core_begin (self);
	weir_core_job_t *job;
	weir_flight_t *flight = s_find_flight (self, number, ref, &job);
	if (flight == NULL || flight->sink != actor || flight->phase > PHASE_READING)
		return;
	const weir_part_t *its = s_find_part (job, part);
	if (its == NULL || its->sink != actor)
		return;
	flight->part = part;
	flight->end_bytes = end_bytes;
	flight->phase = PHASE_STORING_WRITTEN;
	job->n_unwritten--;
	s_push_store (self, job, flight, WEIR_CHUNK_LEASED, WEIR_CHUNK_WRITTEN,
	              weir_chunk_table_attempts (job->table, ref->chunk));
}

static void
s_store_done (weir_core_t *self, weir_core_job_t *job, weir_flight_t *flight)
{
	flight->phase = PHASE_STORING_DONE;
	s_push_store (self, job, flight, WEIR_CHUNK_WRITTEN, WEIR_CHUNK_DONE,
	              weir_chunk_table_attempts (job->table, flight->chunk));
}

void
weir_core_synced (weir_core_t *self, uint64_t number, uint64_t actor, uint16_t part_number,
                  uint64_t synced_bytes)
{
	weir_core_begin (self);
	weir_core_job_t *job = weir_core_find_job (self, number);
	weir_part_t *part = job != NULL ? s_find_part (job, part_number) : NULL;
	if (part == NULL || part->sink != actor || job->state != WEIR_JOB_RUNNING ||
	    synced_bytes < part->synced_bytes)
		return;
	part->synced_bytes = synced_bytes;
	while (part->unsynced_first < part->unsynced.n) {
		weir_chunk_ref_t next = part->unsynced.at[part->unsynced_first];
		if (next.token_lo > synced_bytes)
			break;
		part->unsynced_first++;
		weir_flight_t *flight = weir_flights_find (&job->flights, next.chunk);
		if (flight != NULL && flight->phase == PHASE_WRITTEN && flight->part == part_number &&
		    flight->end_bytes == next.token_lo)
			s_store_done (self, job, flight);
	}
	if (part->unsynced_first == part->unsynced.n)
		part->unsynced_first = part->unsynced.n = 0;
}

static void
s_now_written (weir_core_t *self, weir_core_job_t *job, weir_flight_t *flight)
{
	flight->phase = PHASE_WRITTEN;
	weir_part_t *part = s_find_part (job, flight->part);
	if (part == NULL)
		return;
	if (part->synced_bytes >= flight->end_bytes)
		s_store_done (self, job, flight);
	else
		weir_vec_push (&part->unsynced,
		               ((weir_chunk_ref_t){ flight->chunk, 0, flight->end_bytes }));
}

/* ---- answers of the store */

static void
s_now_leased (weir_core_t *self, weir_core_job_t *job, weir_flight_t *flight)
{
	flight->phase = PHASE_LEASED;
	const weir_job_output_t *output = weir_core_output (job, flight->chunk, NULL);
	weir_lease_t lease = {
		.job = job->spec.job,
		.actor = flight->collector,
		.ref = { flight->chunk, flight->token_hi, flight->token_lo },
		.n_runs = flight->n_runs,
		.reserve_bytes = weir_core_reserve_bytes (output),
		.sink = flight->sink,
	};
	weir_vec_push (&self->leases, lease);
}

static void
s_now_back (weir_core_t *self, weir_core_job_t *job, weir_flight_t *flight)
{
	uint64_t chunk = flight->chunk;
	weir_chunk_table_apply (job->table, chunk, (weir_chunk_event_t) flight->back_event, 0);
	weir_flights_remove (&job->flights, flight);
	weir_chunk_state_t state = weir_chunk_table_state (job->table, chunk);
	if (state == WEIR_CHUNK_PENDING)
		weir_vec_push (&job->back, chunk);
	else if (state == WEIR_CHUNK_QUARANTINED && !job->spec.partial) {
		weir_err_t why = job->error;
		if (why.status == 0)
			weir_err_set (&why, WEIR_E_IO, WEIR_CLASS_GIVE_UP, "ChunkFailed", "",
			              "chunk %llu: given up after %d attempts", (unsigned long long) chunk,
			              WEIR_ATTEMPTS_MAX);
		weir_core_fail_job (self, job, &why);
	}
}

static void
s_unreserve (weir_core_t *self, weir_core_job_t *job, const weir_flight_t *flight)
{
	const weir_job_output_t *output = weir_core_output (job, flight->chunk, NULL);
	weir_core_reserve (self, job, flight->collector, -(int64_t) weir_core_reserve_bytes (output));
}

static void
s_take_answer (weir_core_t *self, weir_core_job_t *job, weir_flight_t *flight)
{
	switch ((weir_phase_t) flight->phase) {
	case PHASE_STORING_LEASE:
		weir_chunk_table_apply (job->table, flight->chunk, WEIR_CHUNK_EVENT_LEASE, 0);
		flight->phase = PHASE_LEASED;
		if (!flight->is_lost)
			s_now_leased (self, job, flight);
		else /* never sent: its collector cannot give back what it does not know of */
			s_unreserve (self, job, flight);
		break;
	case PHASE_STORING_WRITTEN:
		weir_chunk_table_apply (job->table, flight->chunk, WEIR_CHUNK_EVENT_WRITTEN_REPORTED,
		                        flight->part);
		flight->phase = PHASE_WRITTEN;
		if (!flight->is_lost)
			s_now_written (self, job, flight);
		break;
	case PHASE_STORING_DONE:
		weir_chunk_table_apply (job->table, flight->chunk, WEIR_CHUNK_EVENT_SYNCED, flight->part);
		weir_flights_remove (&job->flights, flight);
		return;
	case PHASE_STORING_BACK: s_now_back (self, job, flight); return;
	default: return;
	}
	if (flight->is_lost) {
		flight->is_lost = false;
		s_go_back (self, job, flight, (weir_chunk_event_t) flight->back_event);
	}
}

void
weir_core_stored (weir_core_t *self, uint64_t number, size_t n,
                  const weir_transition_t *transitions, const bool *go)
{
	weir_core_begin (self);
	weir_core_job_t *job = weir_core_find_job (self, number);
	for (size_t i = 0; i < n && job != NULL && job->state == WEIR_JOB_RUNNING; i++) {
		weir_flight_t *flight = weir_flights_find (&job->flights, transitions[i].chunk);
		if (flight == NULL || flight->token_lo != transitions[i].token_lo)
			continue;
		if (!go[i]) {
			weir_err_t why;
			weir_err_set (&why, WEIR_E_STALE, WEIR_CLASS_BUG, "StateRefused", "",
			              "chunk %llu: the store refuses %s → %s",
			              (unsigned long long) transitions[i].chunk,
			              weir_chunk_state_name ((weir_chunk_state_t) transitions[i].from),
			              weir_chunk_state_name ((weir_chunk_state_t) transitions[i].to));
			weir_core_fail_job (self, job, &why);
			return;
		}
		s_take_answer (self, job, flight);
	}
}
