/* chunk_table.h - the state of every chunk of a job, and the table of what may follow what
 *
 * The coordinator's mirror of what Redis holds. An event is looked up in a table [state][event]
 * whose every cell says one of three things: go to a state, ignore (a late or repeated message; the
 * reason is a text), or refuse (somebody made a mistake; the reason is a text). There is one
 * setter, and it asks the table. Tokens and generations are not looked at here: who reports is
 * checked against the in-flight record (in_flight.h) and, with authority, in Redis.
 *
 * Invariants   the counts of all states add up to n_chunks; part is 0 except in WRITTEN and DONE
 * Runs on      one thread; pure: no I/O, no clock
 * Limits       3 bytes a chunk in segments of 16,384 that are allocated at the first change of a
 *              chunk in them (until then all are PENDING without attempts), and 24 bytes for each
 *              segment
 * Source       DESIGN 4
 */
#ifndef WEIR_CORE_CHUNK_TABLE_H
#define WEIR_CORE_CHUNK_TABLE_H

#include "runtime/core/in_flight.h"
#include "runtime/core/states.h"

#include <stdbool.h>
#include <stdint.h>

/* LEASE             given to a collector with a token
 * WRITTEN_REPORTED  a sink has stored the block; `part` says in which part (never 0)
 * SYNCED            that part is on disk up to the end of the block
 * HAND_BACK         the collector returns it (drain, memory, lost peer): never an attempt
 * LEASE_EXPIRED     the collector died or made no progress: an attempt
 * SINK_LOST         the sink that was to store it, or holds it unsynced, is gone: never an attempt
 * PART_LOST         the part that holds it is gone
 * FAILED_RETRY      reported failure that may go away: an attempt
 * FAILED_GIVE_UP    reported failure that will not: the input is bad
 * CANCEL            by the user */
#define WEIR_CHUNK_EVENTS(X)                                                                       \
	X (LEASE)                                                                                      \
	X (WRITTEN_REPORTED)                                                                           \
	X (SYNCED)                                                                                     \
	X (HAND_BACK)                                                                                  \
	X (LEASE_EXPIRED)                                                                              \
	X (SINK_LOST)                                                                                  \
	X (PART_LOST)                                                                                  \
	X (FAILED_RETRY)                                                                               \
	X (FAILED_GIVE_UP)                                                                             \
	X (CANCEL)

#define WEIR_CHUNK_EVENT_ENUM(name) WEIR_CHUNK_EVENT_##name,
typedef enum { WEIR_CHUNK_EVENTS (WEIR_CHUNK_EVENT_ENUM) WEIR_N_CHUNK_EVENTS } weir_chunk_event_t;

typedef enum {
	WEIR_VERDICT_REFUSE = 0, /* a mistake of somebody: log it, answer with the reason */
	WEIR_VERDICT_IGNORE,     /* late or repeated: nothing to do */
	WEIR_VERDICT_GO
} weir_verdict_t;

typedef struct weir_chunk_table weir_chunk_table_t;

weir_chunk_table_t *weir_chunk_table_new (uint64_t n_chunks);
void weir_chunk_table_destroy (weir_chunk_table_t **self_p); /* NULL is fine, twice too */

uint64_t weir_chunk_table_n_chunks (const weir_chunk_table_t *self);
/* A chunk that the job does not have: WEIR_N_CHUNK_STATES, 0, 0. */
weir_chunk_state_t weir_chunk_table_state (const weir_chunk_table_t *self, uint64_t chunk);
uint8_t weir_chunk_table_attempts (const weir_chunk_table_t *self, uint64_t chunk);
uint16_t weir_chunk_table_part (const weir_chunk_table_t *self, uint64_t chunk);
uint64_t weir_chunk_table_count (const weir_chunk_table_t *self, weir_chunk_state_t state);

/* The first chunk at or after `from` in that state; n_chunks if there is none. Segments without one
 * are skipped. */
uint64_t weir_chunk_table_next (const weir_chunk_table_t *self, weir_chunk_state_t state,
                                uint64_t from);

/* What the event would do. *to_out (may be NULL) is the state that it would have afterwards, for
 * IGNORE and REFUSE the state it has. LEASE_EXPIRED and FAILED_RETRY go to QUARANTINED instead of
 * PENDING with the last attempt. A chunk that the job does not have is refused. */
weir_verdict_t weir_chunk_table_check (const weir_chunk_table_t *self, uint64_t chunk,
                                       weir_chunk_event_t event, weir_chunk_state_t *to_out);

/* The same and, if it says GO, does it: state, counts, attempts (+ 1 on LEASE_EXPIRED and
 * FAILED_RETRY) and part.
 * part   WRITTEN_REPORTED: the part that holds the block, refused if 0. SYNCED, SINK_LOST,
 *        PART_LOST: the part that the event is about, or 0 for whichever it is; another part than
 *        the chunk's is ignored. Otherwise not looked at. */
weir_verdict_t weir_chunk_table_apply (weir_chunk_table_t *self, uint64_t chunk,
                                       weir_chunk_event_t event, uint16_t part);

/* Loading what Redis or a part file says, before events: sets without asking the table. false: no
 * such chunk or state. */
bool weir_chunk_table_load (weir_chunk_table_t *self, uint64_t chunk, weir_chunk_state_t state,
                            uint8_t attempts, uint16_t part);

/* The table itself, for logs, documents and tests. */
const char *weir_chunk_event_name (weir_chunk_event_t event);
const char *weir_verdict_name (weir_verdict_t verdict);
weir_verdict_t weir_chunk_cell (weir_chunk_state_t state, weir_chunk_event_t event,
                                weir_chunk_state_t *to_out);
/* Why the cell says IGNORE or REFUSE; NULL for GO. */
const char *weir_chunk_reason (weir_chunk_state_t state, weir_chunk_event_t event);

#endif
