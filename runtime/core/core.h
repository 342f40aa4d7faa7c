/* core.h - what the coordinator knows and decides; no socket, no file, no clock
 *
 * Events go in one at a time (weir_core_step), at the end of a burst weir_core_decide hands out
 * chunks and fills lists of effects, which the host performs in order: stores first. Nothing is
 * sent whose store was not confirmed: a lease is sent when its STORED event says so, never before.
 *
 *   PENDING ─store LEASED→ lease → reserved → orders → (partials, block: not our business) →
 *   written
 *           ─store WRITTEN→ synced ─store DONE→ forgotten but for two bytes
 *
 * Invariants   a chunk in flight has exactly one record; a record exists iff its state is LEASED or
 *              WRITTEN, or such a store is under way. A collector's reserved bytes are the sum over
 *              its leased chunks
 * Runs on      the coordinator's loop
 * Limits       3 bytes a chunk touched, about 150 bytes a chunk in flight, WEIR_CORE_FLIGHT_MAX in
 *              flight a job
 * Source       DESIGN 3, 4, 5
 */
#ifndef WEIR_CORE_H
#define WEIR_CORE_H

#include "runtime/base/err.h"
#include "runtime/core/states.h"

#include <stdbool.h>
#include <stdint.h>

#define WEIR_CORE_FLIGHT_MAX 8192

typedef enum { WEIR_KIND_READER = 1, WEIR_KIND_COMPUTE = 2, WEIR_KIND_SINK = 3 } weir_kind_t;

typedef struct { /* the chunks of one output, as numbers */
	uint64_t first_chunk, n_chunks;
	uint64_t column_chunks; /* chunks of one column: neighbours that hit the same files */
	uint32_t n_runs;        /* of each chunk */
	uint64_t partial_bytes, block_bytes; /* to be reserved: n_runs partials and a block */
} weir_job_output_t;

typedef struct {
	uint64_t job;
	uint64_t generation;
	uint64_t n_chunks;
	uint32_t n_outputs;
	const weir_job_output_t *outputs; /* copied */
	bool partial;                     /* quarantined chunks do not fail the job */
} weir_job_spec_t;

typedef struct {
	uint64_t chunk, token_hi, token_lo;
} weir_chunk_ref_t;

typedef struct {
	uint64_t chunk;
	uint8_t from, to, attempts;
	bool force;
	uint16_t part;
	uint64_t token_hi, token_lo, holder;
} weir_transition_t;

typedef struct {
	uint64_t job, actor; /* to whom */
	weir_chunk_ref_t ref;
	uint32_t n_runs;
	uint64_t reserve_bytes, sink;
} weir_lease_t;

typedef struct {
	uint64_t job, actor;
	weir_chunk_ref_t ref;
	uint32_t run;
	uint64_t collector, grant_bytes;
} weir_order_t;

typedef struct { /* things said to one actor or about a job, rare */
	enum {
		WEIR_EFFECT_JOB_STATE, /* job, state: store it and tell the client */
		WEIR_EFFECT_FLUSH,     /* job, actor (a sink): sync now */
		WEIR_EFFECT_FINISH,    /* job, actor, output */
		WEIR_EFFECT_REVOKE     /* job, actor, ref */
	} kind;
	uint64_t job, actor;
	weir_job_state_t state;
	uint32_t output;
	weir_chunk_ref_t ref;
} weir_effect_t;

typedef struct { /* borrowed until the next call; performed in this order */
	size_t n_stores;
	const weir_transition_t *stores; /* one job's run after the other: */
	const uint64_t *store_jobs;      /* n_stores of them */
	size_t n_leases;
	const weir_lease_t *leases; /* sorted by nothing; the host groups by actor */
	size_t n_orders;
	const weir_order_t *orders;
	size_t n_effects;
	const weir_effect_t *effects;
} weir_effects_t;

typedef struct {
	weir_job_state_t state;
	uint64_t n_chunks, n_by_state[WEIR_N_CHUNK_STATES];
	weir_err_t error; /* the first, where state is FAILED */
} weir_job_view_t;

typedef struct weir_core weir_core_t;

/* seed: 32 random bytes, from which lease tokens are drawn. */
weir_core_t *weir_core_new (const uint8_t seed[32]);
void weir_core_destroy (weir_core_t **self_p);

/* ---- events */
void weir_core_actor_joined (weir_core_t *self, uint64_t actor, weir_kind_t kind, uint32_t slots,
                             uint64_t memory_bytes);
void weir_core_actor_gone (weir_core_t *self, uint64_t actor);
int weir_core_job_added (weir_core_t *self, const weir_job_spec_t *spec, weir_err_t *err);
void weir_core_job_cancelled (weir_core_t *self, uint64_t job);
void weir_core_job_failed (weir_core_t *self, uint64_t job,
                           const weir_err_t *why); /* from outside: Redis, a full disk */
void weir_core_job_forget (weir_core_t *self, uint64_t job);
/* The outcome of stores given out earlier: answers[i] for transitions[i]; go: stored. */
void weir_core_stored (weir_core_t *self, uint64_t job, size_t n,
                       const weir_transition_t *transitions, const bool *go);
void weir_core_reserved (weir_core_t *self, uint64_t job, uint64_t actor,
                         const weir_chunk_ref_t *ref);
void weir_core_released (weir_core_t *self, uint64_t job, uint64_t actor, uint64_t chunk);
void weir_core_run_sent (weir_core_t *self, uint64_t job, uint64_t actor,
                         const weir_chunk_ref_t *ref, uint32_t run);
void weir_core_run_back (weir_core_t *self, uint64_t job, uint64_t actor,
                         const weir_chunk_ref_t *ref, uint32_t run);
void weir_core_handed_back (weir_core_t *self, uint64_t job, uint64_t actor,
                            const weir_chunk_ref_t *ref);
void weir_core_failed (weir_core_t *self, uint64_t job, uint64_t actor, const weir_chunk_ref_t *ref,
                       const weir_err_t *why);
void weir_core_written (weir_core_t *self, uint64_t job, uint64_t actor, uint16_t part,
                        const weir_chunk_ref_t *ref, uint64_t end_bytes);
void weir_core_synced (weir_core_t *self, uint64_t job, uint64_t actor, uint16_t part,
                       uint64_t synced_bytes);
void weir_core_finished (weir_core_t *self, uint64_t job, uint32_t output,
                         const weir_err_t *why /* NULL: well */);

/* ---- decisions */
const weir_effects_t *weir_core_decide (weir_core_t *self);
bool weir_core_job_view (const weir_core_t *self, uint64_t job, weir_job_view_t *view_out);
/* The part of a sink in a job (given on first asking, from 1); 0 if there are no numbers left. */
uint16_t weir_core_part (weir_core_t *self, uint64_t job, uint64_t sink);
uint16_t weir_core_part_last (const weir_core_t *self,
                              uint64_t job); /* the highest number given; 0: none */
/* The first quarantined chunk at or after `from`; UINT64_MAX if there is none. */
uint64_t weir_core_next_quarantined (const weir_core_t *self, uint64_t job, uint64_t from);

#endif
