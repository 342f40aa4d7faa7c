/* core_internal.h - the structs behind core.h, shared by core.c, core_chunk.c and flight.c
 *
 * Not for others. A chunk in flight is a weir_flight_t in its job's map; where it stands between
 * two stores is its phase.
 */
#ifndef WEIR_CORE_INTERNAL_H
#define WEIR_CORE_INTERNAL_H

#include "runtime/base/vec.h"
#include "runtime/core/chunk_table.h"
#include "runtime/core/core.h"

typedef enum {
	PHASE_STORING_LEASE = 1, /* LEASED is being stored */
	PHASE_LEASED,            /* stored; the collector has not yet reserved */
	PHASE_READING,           /* orders are out */
	PHASE_STORING_WRITTEN,
	PHASE_WRITTEN, /* waits for the part's sync */
	PHASE_STORING_DONE,
	PHASE_STORING_BACK /* PENDING, QUARANTINED or CANCELLED is being stored */
} weir_phase_t;

#define WEIR_RUN_SENT (UINT64_C (1) << 63)

typedef struct {
	uint64_t chunk; /* UINT64_MAX: free slot */
	uint64_t token_hi, token_lo;
	uint64_t collector, sink;
	uint64_t end_bytes;   /* in its part, once written */
	uint64_t *run_reader; /* n_runs of them where n_runs > 1; with WEIR_RUN_SENT once sent */
	uint64_t one_reader;  /* where n_runs is 1; 0: not ordered */
	uint32_t n_runs;
	uint16_t part;
	uint8_t phase;
	uint8_t back_event; /* weir_chunk_event_t of STORING_BACK */
	bool
		/* its collector or sink went while a store was under way: goes back when that is answered
		 * */
		is_lost;
} weir_flight_t;

typedef struct {
	size_t n, cap; /* cap: power of two */
	weir_flight_t *slots;
} weir_flights_t;

typedef struct {
	uint64_t sink;
	uint16_t number;
	uint64_t synced_bytes;
	WEIR_VEC (weir_chunk_ref_t)
	unsynced; /* token_hi unused here: end_bytes in token_lo; in writing order */
	size_t unsynced_first;
} weir_part_t;

typedef struct {
	uint64_t chunk;
	uint32_t run;
} weir_unread_t;

typedef struct { /* bytes of this job that a collector has reserved */
	uint64_t actor, bytes;
} weir_ledger_t;

typedef struct {
	weir_job_spec_t spec;
	weir_job_output_t *outputs;
	weir_job_state_t state;
	weir_chunk_table_t *table;
	weir_flights_t flights;
	uint64_t cursor;          /* chunks below were handed out at least once */
	WEIR_VEC (uint64_t) back; /* chunks to hand out again */
	size_t back_first;
	WEIR_VEC (weir_part_t) parts;
	uint16_t part_last;
	bool is_flushed;                 /* sinks were asked to sync: nothing more is to come */
	WEIR_VEC (weir_unread_t) unread; /* runs that wait for a reader */
	WEIR_VEC (weir_ledger_t) ledger;
	uint64_t n_unwritten; /* flights before PHASE_WRITTEN */
	uint64_t finisher;    /* the sink that builds the results */
	bool *output_done;
	weir_err_t error;
} weir_core_job_t;

typedef struct {
	uint64_t actor;
	weir_kind_t kind;
	uint32_t slots;
	uint64_t memory_bytes, reserved_bytes;
	uint64_t n_runs_out;
} weir_core_actor_t;

struct weir_core {
	uint64_t random[4];
	WEIR_VEC (weir_core_job_t *) jobs;
	size_t job_next;
	WEIR_VEC (weir_core_actor_t) actors;
	size_t collector_next;
	WEIR_VEC (weir_transition_t) stores;
	WEIR_VEC (uint64_t) store_jobs;
	WEIR_VEC (weir_lease_t) leases;
	WEIR_VEC (weir_order_t) orders;
	WEIR_VEC (weir_effect_t) effects;
	weir_effects_t given; /* what decide handed out; its lists are cleared on the next event */
	bool is_given;
};

/* flight.c */
weir_flight_t *weir_flights_find (const weir_flights_t *self, uint64_t chunk);
weir_flight_t *weir_flights_add (weir_flights_t *self, uint64_t chunk); /* not there yet; zeroed */
void weir_flights_remove (weir_flights_t *self, weir_flight_t *flight);
void weir_flights_clear (weir_flights_t *self);

/* core.c */
void weir_core_begin (
	weir_core_t *self); /* first in every event: forgets the effects that were handed out */
weir_core_job_t *weir_core_find_job (const weir_core_t *self, uint64_t job);
weir_core_actor_t *weir_core_find_actor (weir_core_t *self, uint64_t actor);
void weir_core_random (weir_core_t *self, uint64_t *hi_out, uint64_t *lo_out);
void weir_core_push_effect (weir_core_t *self, weir_effect_t effect);
void weir_core_set_job_state (weir_core_t *self, weir_core_job_t *job, weir_job_state_t state);
void weir_core_fail_job (weir_core_t *self, weir_core_job_t *job, const weir_err_t *why);
const weir_job_output_t *weir_core_output (const weir_core_job_t *job, uint64_t chunk,
                                           uint32_t *output_out);
uint64_t weir_core_reserve_bytes (const weir_job_output_t *output);

void weir_core_reserve (weir_core_t *self, weir_core_job_t *job, uint64_t actor, int64_t bytes);

/* core_chunk.c */
void weir_core_hand_out (weir_core_t *self, weir_core_job_t *job);
void weir_core_order_runs (weir_core_t *self, weir_core_job_t *job);
void weir_core_lost_actor (weir_core_t *self, weir_core_job_t *job, const weir_core_actor_t *actor);

#endif
