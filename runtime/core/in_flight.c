/* in_flight.c - see in_flight.h */
#include "runtime/core/in_flight.h"

#include "runtime/base/mem.h"

#include <stdlib.h>
#include <string.h>

#define S_SLOTS_MIN 64
#define S_RUNS_SMALL 64

struct weir_in_flight_map {
	weir_in_flight_t **slots; /* NULL: free */
	size_t mask;              /* number of slots - 1, a power of two less one */
	size_t n;
};

/* Neighbouring chunks are in flight together: a multiplicative hash spreads them. */
static size_t
s_hash_chunk (uint64_t chunk)
{
	uint64_t mixed = (chunk ^ (chunk >> 32)) * UINT64_C (0x9E3779B97F4A7C15);
	return (size_t) (mixed >> 24);
}

static size_t
s_find_slot (const weir_in_flight_map_t *self, uint64_t chunk)
{
	size_t slot = s_hash_chunk (chunk) & self->mask;
	while (self->slots[slot] != NULL && self->slots[slot]->chunk != chunk)
		slot = (slot + 1) & self->mask;
	return slot;
}

static void
s_free_record (weir_in_flight_t *record)
{
	if (record == NULL)
		return;
	free (record->runs);
	free (record);
}

static void
s_grow_map (weir_in_flight_map_t *self)
{
	weir_in_flight_t **old = self->slots;
	size_t n_old = self->mask + 1, bytes = 0;
	weir_assert (weir_size_mul (n_old * 2, sizeof *old, &bytes));
	self->slots = weir_alloc (bytes);
	self->mask = n_old * 2 - 1;
	for (size_t i = 0; i < n_old; i++)
		if (old[i] != NULL)
			self->slots[s_find_slot (self, old[i]->chunk)] = old[i];
	free (old);
}

weir_in_flight_map_t *
weir_in_flight_map_new (void)
{
	weir_in_flight_map_t *self = weir_alloc (sizeof *self);
	self->slots = weir_alloc (S_SLOTS_MIN * sizeof *self->slots);
	self->mask = S_SLOTS_MIN - 1;
	return self;
}

void
weir_in_flight_map_destroy (weir_in_flight_map_t **self_p)
{
	if (self_p == NULL || *self_p == NULL)
		return;
	weir_in_flight_map_t *self = *self_p;
	for (size_t i = 0; i <= self->mask; i++)
		s_free_record (self->slots[i]);
	free (self->slots);
	free (self);
	*self_p = NULL;
}

size_t
weir_in_flight_map_count (const weir_in_flight_map_t *self)
{
	return self->n;
}

weir_in_flight_t *
weir_in_flight_map_put (weir_in_flight_map_t *self, uint64_t chunk, uint32_t n_runs)
{
	if (self->n * 3 >= (self->mask + 1) * 2)
		s_grow_map (self);
	size_t slot = s_find_slot (self, chunk);
	if (self->slots[slot] != NULL)
		return NULL;
	weir_in_flight_t *record = weir_alloc (sizeof *record);
	record->chunk = chunk;
	record->n_runs = record->n_runs_left = n_runs;
	if (n_runs > S_RUNS_SMALL)
		record->runs = weir_alloc (((size_t) n_runs + 63) / 64 * sizeof *record->runs);
	self->slots[slot] = record;
	self->n++;
	return record;
}

weir_in_flight_t *
weir_in_flight_map_find (const weir_in_flight_map_t *self, uint64_t chunk)
{
	return self->slots[s_find_slot (self, chunk)];
}

bool
weir_in_flight_map_remove (weir_in_flight_map_t *self, uint64_t chunk)
{
	size_t hole = s_find_slot (self, chunk);
	if (self->slots[hole] == NULL)
		return false;
	s_free_record (self->slots[hole]);
	self->slots[hole] = NULL;
	self->n--;
	/* Close the gap: whoever probed past the hole moves into it, so no search stops too early. */
	for (size_t i = (hole + 1) & self->mask; self->slots[i] != NULL; i = (i + 1) & self->mask) {
		size_t home = s_hash_chunk (self->slots[i]->chunk) & self->mask;
		if (((i - home) & self->mask) < ((i - hole) & self->mask))
			continue;
		self->slots[hole] = self->slots[i];
		self->slots[i] = NULL;
		hole = i;
	}
	return true;
}

weir_in_flight_t *
weir_in_flight_map_next (const weir_in_flight_map_t *self, size_t *cursor)
{
	while (*cursor <= self->mask) {
		weir_in_flight_t *record = self->slots[(*cursor)++];
		if (record != NULL)
			return record;
	}
	return NULL;
}

bool
weir_in_flight_is_token (const weir_in_flight_t *self, uint64_t token_hi, uint64_t token_lo)
{
	return self->token_hi == token_hi && self->token_lo == token_lo;
}

static uint64_t *
s_pick_word (const weir_in_flight_t *self, uint32_t run)
{
	/* The record is the caller's; only the answer of has_run is const. */
	return self->runs != NULL ? &self->runs[run / 64] : (uint64_t *) &self->runs_small;
}

bool
weir_in_flight_has_run (const weir_in_flight_t *self, uint32_t run)
{
	return run < self->n_runs && (*s_pick_word (self, run) >> (run % 64) & 1) != 0;
}

bool
weir_in_flight_mark_run (weir_in_flight_t *self, uint32_t run)
{
	if (run >= self->n_runs || weir_in_flight_has_run (self, run))
		return false;
	*s_pick_word (self, run) |= UINT64_C (1) << (run % 64);
	self->n_runs_left--;
	return true;
}

void
weir_in_flight_clear_runs (weir_in_flight_t *self)
{
	self->runs_small = 0;
	if (self->runs != NULL)
		memset (self->runs, 0, ((size_t) self->n_runs + 63) / 64 * sizeof *self->runs);
	self->n_runs_left = self->n_runs;
}
