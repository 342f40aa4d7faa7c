/* in_flight.h - the full records of the chunks that somebody works on, found by chunk number
 *
 * A chunk has a record from its lease until its block is synced (or it goes back); all others cost
 * their packed field in chunk_table.h only. The map is open addressing with linear probing; the
 * records are allocated one by one, so a pointer to one stays good until that record is removed.
 *
 * Invariants   n_runs_left = n_runs less the bits that are set
 * Runs on      one thread; pure: no I/O; deadlines are whatever clock the caller uses
 * Limits       about 150 bytes a record, and a bit for each run above 64
 */
#ifndef WEIR_CORE_IN_FLIGHT_H
#define WEIR_CORE_IN_FLIGHT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
	uint64_t chunk;
	uint64_t token_hi, token_lo;
	uint64_t collector, sink; /* actor numbers; 0: none */
	int64_t alive_deadline_ms, progress_deadline_ms;
	uint64_t end_bytes; /* WRITTEN: where its block ends in its part */
	uint64_t user;      /* the owner's */
	uint32_t n_runs, n_runs_left;
	uint64_t runs_small; /* the bitmap of merged runs up to 64 … */
	uint64_t *runs;      /* … and above; use the functions */
} weir_in_flight_t;

typedef struct weir_in_flight_map weir_in_flight_map_t;

weir_in_flight_map_t *weir_in_flight_map_new (void);
void weir_in_flight_map_destroy (weir_in_flight_map_t **self_p);
size_t weir_in_flight_map_count (const weir_in_flight_map_t *self);

/* A fresh record, zero but for chunk, n_runs and n_runs_left. NULL if the chunk has one already. */
weir_in_flight_t *weir_in_flight_map_put (weir_in_flight_map_t *self, uint64_t chunk,
                                          uint32_t n_runs);
weir_in_flight_t *weir_in_flight_map_find (const weir_in_flight_map_t *self,
                                           uint64_t chunk); /* or NULL */
bool weir_in_flight_map_remove (weir_in_flight_map_t *self, uint64_t chunk);
/* Walks all, in no order: start with *cursor = 0; NULL at the end. No put and no remove during a
 * walk. */
weir_in_flight_t *weir_in_flight_map_next (const weir_in_flight_map_t *self, size_t *cursor);

/* true if the token is the record's */
bool weir_in_flight_is_token (const weir_in_flight_t *self, uint64_t token_hi, uint64_t token_lo);
/* Marks a run as merged: true the first time; false when it was already, or when there is no such
 * run. */
bool weir_in_flight_mark_run (weir_in_flight_t *self, uint32_t run);
bool weir_in_flight_has_run (const weir_in_flight_t *self, uint32_t run);
void weir_in_flight_clear_runs (weir_in_flight_t *self); /* the collector was lost: all again */

#endif
