/* chunk_table.c - see chunk_table.h */
#include "runtime/core/chunk_table.h"

#include "runtime/base/mem.h"

#include <stdlib.h>
#include <string.h>

#define S_SEGMENT_CHUNKS 16384

/* The machine: one line a cell, G (state, event, next), I (state, event, reason) to ignore, R (…,
 * reason) to refuse. A cell that is missing or doubled does not compile. */
#define S_CELLS(G, I, R)                                                                           \
	G (PENDING, LEASE, LEASED)                                                                     \
	I (PENDING, WRITTEN_REPORTED, "its lease has ended")                                           \
	I (PENDING, SYNCED, "its block was given up")                                                  \
	I (PENDING, HAND_BACK, "it is back already")                                                   \
	I (PENDING, LEASE_EXPIRED, "its lease has ended")                                              \
	I (PENDING, SINK_LOST, "no sink holds it")                                                     \
	I (PENDING, PART_LOST, "no part holds it")                                                     \
	I (PENDING, FAILED_RETRY, "its lease has ended")                                               \
	I (PENDING, FAILED_GIVE_UP, "its lease has ended")                                             \
	G (PENDING, CANCEL, CANCELLED)                                                                 \
	R (LEASED, LEASE, "it is leased already")                                                      \
	G (LEASED, WRITTEN_REPORTED, WRITTEN)                                                          \
	I (LEASED, SYNCED, "the block of this lease is not stored yet")                                \
	G (LEASED, HAND_BACK, PENDING)                                                                 \
	G (LEASED, LEASE_EXPIRED, PENDING)                                                             \
	G (LEASED, SINK_LOST, PENDING)                                                                 \
	I (LEASED, PART_LOST, "no part holds it")                                                      \
	G (LEASED, FAILED_RETRY, PENDING)                                                              \
	G (LEASED, FAILED_GIVE_UP, QUARANTINED)                                                        \
	G (LEASED, CANCEL, CANCELLED)                                                                  \
	R (WRITTEN, LEASE, "a sink holds its block")                                                   \
	I (WRITTEN, WRITTEN_REPORTED, "it is stored already")                                          \
	G (WRITTEN, SYNCED, DONE)                                                                      \
	I (WRITTEN, HAND_BACK, "a sink holds its block")                                               \
	I (WRITTEN, LEASE_EXPIRED, "a sink holds its block")                                           \
	G (WRITTEN, SINK_LOST, PENDING)                                                                \
	G (WRITTEN, PART_LOST, PENDING)                                                                \
	I (WRITTEN, FAILED_RETRY, "a sink holds its block")                                            \
	I (WRITTEN, FAILED_GIVE_UP, "a sink holds its block")                                          \
	G (WRITTEN, CANCEL, CANCELLED)                                                                 \
	R (DONE, LEASE, "it is done")                                                                  \
	I (DONE, WRITTEN_REPORTED, "it is done")                                                       \
	I (DONE, SYNCED, "it is done already")                                                         \
	I (DONE, HAND_BACK, "it is done")                                                              \
	I (DONE, LEASE_EXPIRED, "it is done")                                                          \
	I (DONE, SINK_LOST, "its part is on disk")                                                     \
	G (DONE, PART_LOST, PENDING)                                                                   \
	I (DONE, FAILED_RETRY, "it is done")                                                           \
	I (DONE, FAILED_GIVE_UP, "it is done")                                                         \
	I (DONE, CANCEL, "it is done")                                                                 \
	R (QUARANTINED, LEASE, "it is quarantined")                                                    \
	I (QUARANTINED, WRITTEN_REPORTED, "it is quarantined")                                         \
	I (QUARANTINED, SYNCED, "it is quarantined")                                                   \
	I (QUARANTINED, HAND_BACK, "it is quarantined")                                                \
	I (QUARANTINED, LEASE_EXPIRED, "it is quarantined")                                            \
	I (QUARANTINED, SINK_LOST, "it is quarantined")                                                \
	I (QUARANTINED, PART_LOST, "it is quarantined")                                                \
	I (QUARANTINED, FAILED_RETRY, "it is quarantined")                                             \
	I (QUARANTINED, FAILED_GIVE_UP, "it is quarantined already")                                   \
	I (QUARANTINED, CANCEL, "it is quarantined")                                                   \
	R (CANCELLED, LEASE, "it is cancelled")                                                        \
	I (CANCELLED, WRITTEN_REPORTED, "it is cancelled")                                             \
	I (CANCELLED, SYNCED, "it is cancelled")                                                       \
	I (CANCELLED, HAND_BACK, "it is cancelled")                                                    \
	I (CANCELLED, LEASE_EXPIRED, "it is cancelled")                                                \
	I (CANCELLED, SINK_LOST, "it is cancelled")                                                    \
	I (CANCELLED, PART_LOST, "it is cancelled")                                                    \
	I (CANCELLED, FAILED_RETRY, "it is cancelled")                                                 \
	I (CANCELLED, FAILED_GIVE_UP, "it is cancelled")                                               \
	I (CANCELLED, CANCEL, "it is cancelled already")

typedef struct {
	weir_verdict_t verdict;
	weir_chunk_state_t to;
	const char *reason;
} s_cell_t;

#define S_AT(state, event) [WEIR_CHUNK_##state][WEIR_CHUNK_EVENT_##event]
#define S_GO(state, event, next) S_AT (state, event) = { WEIR_VERDICT_GO, WEIR_CHUNK_##next, NULL },
#define S_STAY(state, event, why)                                                                  \
	S_AT (state, event) = { WEIR_VERDICT_IGNORE, WEIR_CHUNK_##state, why },
#define S_NEVER(state, event, why)                                                                 \
	S_AT (state, event) = { WEIR_VERDICT_REFUSE, WEIR_CHUNK_##state, why },
#define S_ONE(state, event, what) +1

static const s_cell_t s_cells[WEIR_N_CHUNK_STATES][WEIR_N_CHUNK_EVENTS] = { S_CELLS (S_GO, S_STAY,
	                                                                                 S_NEVER) };
_Static_assert((0 S_CELLS (S_ONE, S_ONE, S_ONE)) ==
                   (int) WEIR_N_CHUNK_STATES * (int) WEIR_N_CHUNK_EVENTS,
               "every state needs a cell for every event");

#define S_NAME_EVENT(name) [WEIR_CHUNK_EVENT_##name] = #name,
static const char *const s_event_names[WEIR_N_CHUNK_EVENTS] = { WEIR_CHUNK_EVENTS (S_NAME_EVENT) };

typedef struct {
	uint8_t fields
		[S_SEGMENT_CHUNKS]; /* state in the high, attempts in the low four bits: as in Redis */
	uint16_t parts[S_SEGMENT_CHUNKS];
} s_segment_t;

typedef struct {
	s_segment_t *segment;                 /* NULL: all PENDING, no attempts */
	uint16_t counts[WEIR_N_CHUNK_STATES]; /* only where segment is there */
} s_slot_t;

struct weir_chunk_table {
	uint64_t n_chunks;
	uint64_t counts[WEIR_N_CHUNK_STATES];
	s_slot_t *slots;
};

/* ---- the table */

const char *
weir_chunk_event_name (weir_chunk_event_t event)
{
	return (size_t) event < WEIR_N_CHUNK_EVENTS ? s_event_names[event] : "?";
}

const char *
weir_verdict_name (weir_verdict_t verdict)
{
	switch (verdict) {
	case WEIR_VERDICT_GO: return "go";
	case WEIR_VERDICT_IGNORE: return "ignore";
	case WEIR_VERDICT_REFUSE: return "refuse";
	}
	return "?";
}

static const s_cell_t *
s_find_cell (weir_chunk_state_t state, weir_chunk_event_t event)
{
	static const s_cell_t s_unknown = { WEIR_VERDICT_REFUSE, WEIR_N_CHUNK_STATES,
		                                "no such chunk or event" };
	if ((size_t) state >= WEIR_N_CHUNK_STATES || (size_t) event >= WEIR_N_CHUNK_EVENTS)
		return &s_unknown;
	return &s_cells[state][event];
}

weir_verdict_t
weir_chunk_cell (weir_chunk_state_t state, weir_chunk_event_t event, weir_chunk_state_t *to_out)
{
	const s_cell_t *cell = s_find_cell (state, event);
	if (to_out != NULL)
		*to_out = cell->to;
	return cell->verdict;
}

const char *
weir_chunk_reason (weir_chunk_state_t state, weir_chunk_event_t event)
{
	return s_find_cell (state, event)->reason;
}

/* ---- the states */

static uint64_t
s_count_slots (uint64_t n_chunks)
{
	return n_chunks / S_SEGMENT_CHUNKS + (n_chunks % S_SEGMENT_CHUNKS != 0);
}

weir_chunk_table_t *
weir_chunk_table_new (uint64_t n_chunks)
{
	weir_chunk_table_t *self = weir_alloc (sizeof *self);
	size_t bytes = 0;
	weir_assert (weir_size_mul (s_count_slots (n_chunks), sizeof *self->slots, &bytes));
	self->n_chunks = n_chunks;
	self->counts[WEIR_CHUNK_PENDING] = n_chunks;
	self->slots = weir_alloc (bytes);
	return self;
}

void
weir_chunk_table_destroy (weir_chunk_table_t **self_p)
{
	if (self_p == NULL || *self_p == NULL)
		return;
	weir_chunk_table_t *self = *self_p;
	for (uint64_t i = 0; i < s_count_slots (self->n_chunks); i++)
		free (self->slots[i].segment);
	free (self->slots);
	free (self);
	*self_p = NULL;
}

uint64_t
weir_chunk_table_n_chunks (const weir_chunk_table_t *self)
{
	return self->n_chunks;
}

/* The chunk's segment, NULL if it is not allocated or the chunk is not the job's. */
static const s_segment_t *
s_find_segment (const weir_chunk_table_t *self, uint64_t chunk)
{
	return chunk < self->n_chunks ? self->slots[chunk / S_SEGMENT_CHUNKS].segment : NULL;
}

weir_chunk_state_t
weir_chunk_table_state (const weir_chunk_table_t *self, uint64_t chunk)
{
	if (chunk >= self->n_chunks)
		return WEIR_N_CHUNK_STATES;
	const s_segment_t *segment = s_find_segment (self, chunk);
	return segment == NULL ? WEIR_CHUNK_PENDING
	                       : (weir_chunk_state_t) (segment->fields[chunk % S_SEGMENT_CHUNKS] >> 4);
}

uint8_t
weir_chunk_table_attempts (const weir_chunk_table_t *self, uint64_t chunk)
{
	const s_segment_t *segment = s_find_segment (self, chunk);
	return segment == NULL ? 0 : segment->fields[chunk % S_SEGMENT_CHUNKS] & 15;
}

uint16_t
weir_chunk_table_part (const weir_chunk_table_t *self, uint64_t chunk)
{
	const s_segment_t *segment = s_find_segment (self, chunk);
	return segment == NULL ? 0 : segment->parts[chunk % S_SEGMENT_CHUNKS];
}

uint64_t
weir_chunk_table_count (const weir_chunk_table_t *self, weir_chunk_state_t state)
{
	return (size_t) state < WEIR_N_CHUNK_STATES ? self->counts[state] : 0;
}

/* The first chunk in [from, end) in that state; end if none. All lie in one segment. */
static uint64_t
s_scan_segment (const weir_chunk_table_t *self, weir_chunk_state_t state, uint64_t from,
                uint64_t end)
{
	const s_slot_t *slot = &self->slots[from / S_SEGMENT_CHUNKS];
	if (slot->segment == NULL)
		return state == WEIR_CHUNK_PENDING ? from : end;
	if (slot->counts[state] == 0)
		return end;
	while (from < end && slot->segment->fields[from % S_SEGMENT_CHUNKS] >> 4 != (int) state)
		from++;
	return from;
}

uint64_t
weir_chunk_table_next (const weir_chunk_table_t *self, weir_chunk_state_t state, uint64_t from)
{
	if ((size_t) state >= WEIR_N_CHUNK_STATES || self->counts[state] == 0)
		return self->n_chunks;
	while (from < self->n_chunks) {
		uint64_t left = S_SEGMENT_CHUNKS - from % S_SEGMENT_CHUNKS;
		uint64_t end = self->n_chunks - from > left ? from + left : self->n_chunks;
		uint64_t found = s_scan_segment (self, state, from, end);
		if (found < end)
			return found;
		from = end;
	}
	return self->n_chunks;
}

/* ---- the one setter */

static void
s_set_chunk (weir_chunk_table_t *self, uint64_t chunk, weir_chunk_state_t state, uint8_t attempts,
             uint16_t part)
{
	s_slot_t *slot = &self->slots[chunk / S_SEGMENT_CHUNKS];
	if (slot->segment == NULL) {
		uint64_t first = chunk - chunk % S_SEGMENT_CHUNKS, left = self->n_chunks - first;
		slot->segment = weir_alloc (sizeof *slot->segment);
		slot->counts[WEIR_CHUNK_PENDING] = (uint16_t) (left < S_SEGMENT_CHUNKS ? left
		                                                                       : S_SEGMENT_CHUNKS);
	}
	uint8_t *field = &slot->segment->fields[chunk % S_SEGMENT_CHUNKS];
	slot->counts[*field >> 4]--;
	self->counts[*field >> 4]--;
	slot->counts[state]++;
	self->counts[state]++;
	*field = (uint8_t) ((unsigned) state << 4 | (attempts & 15U));
	slot->segment->parts[chunk % S_SEGMENT_CHUNKS] = part;
}

static bool
s_is_attempt (weir_chunk_event_t event)
{
	return event == WEIR_CHUNK_EVENT_LEASE_EXPIRED || event == WEIR_CHUNK_EVENT_FAILED_RETRY;
}

weir_verdict_t
weir_chunk_table_check (const weir_chunk_table_t *self, uint64_t chunk, weir_chunk_event_t event,
                        weir_chunk_state_t *to_out)
{
	weir_chunk_state_t to = WEIR_N_CHUNK_STATES;
	weir_verdict_t verdict = weir_chunk_cell (weir_chunk_table_state (self, chunk), event, &to);
	if (verdict == WEIR_VERDICT_GO && s_is_attempt (event) &&
	    weir_chunk_table_attempts (self, chunk) + 1 >= WEIR_ATTEMPTS_MAX)
		to = WEIR_CHUNK_QUARANTINED;
	if (to_out != NULL)
		*to_out = to;
	return verdict;
}

/* What the part number says about the event. */
static weir_verdict_t
s_check_part (uint16_t held, weir_chunk_event_t event, uint16_t part)
{
	if (event == WEIR_CHUNK_EVENT_WRITTEN_REPORTED)
		return part != 0 ? WEIR_VERDICT_GO : WEIR_VERDICT_REFUSE;
	bool is_about_part = event == WEIR_CHUNK_EVENT_SYNCED || event == WEIR_CHUNK_EVENT_SINK_LOST ||
	                     event == WEIR_CHUNK_EVENT_PART_LOST;
	return is_about_part && part != 0 && held != 0 && part != held ? WEIR_VERDICT_IGNORE
	                                                               : WEIR_VERDICT_GO;
}

weir_verdict_t
weir_chunk_table_apply (weir_chunk_table_t *self, uint64_t chunk, weir_chunk_event_t event,
                        uint16_t part)
{
	weir_chunk_state_t to;
	weir_verdict_t verdict = weir_chunk_table_check (self, chunk, event, &to);
	if (verdict != WEIR_VERDICT_GO)
		return verdict;
	uint16_t held = weir_chunk_table_part (self, chunk);
	verdict = s_check_part (held, event, part);
	if (verdict != WEIR_VERDICT_GO)
		return verdict;
	uint8_t attempts = (uint8_t) (weir_chunk_table_attempts (self, chunk) +
	                              (s_is_attempt (event) ? 1 : 0));
	uint16_t kept = 0;
	if (to == WEIR_CHUNK_WRITTEN)
		kept = part;
	else if (to == WEIR_CHUNK_DONE)
		kept = held;
	s_set_chunk (self, chunk, to, attempts, kept);
	return WEIR_VERDICT_GO;
}

bool
weir_chunk_table_load (weir_chunk_table_t *self, uint64_t chunk, weir_chunk_state_t state,
                       uint8_t attempts, uint16_t part)
{
	if (chunk >= self->n_chunks || (size_t) state >= WEIR_N_CHUNK_STATES || attempts > 15)
		return false;
	s_set_chunk (self, chunk, state, attempts, part);
	return true;
}
