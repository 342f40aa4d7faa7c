/* flight.c - the records of chunks in flight: open addressing by chunk number
 *
 * A record's address may change when another is added or removed: never keep one across a call.
 */
#include "runtime/core/core_internal.h"

#define FREE_SLOT UINT64_MAX
#define SLOTS_MIN 64

static size_t
s_hash_chunk (uint64_t chunk, size_t cap)
{
	return (size_t) ((chunk * 0x9E3779B97F4A7C15ULL) >> 20) & (cap - 1);
}

weir_flight_t *
weir_flights_find (const weir_flights_t *self, uint64_t chunk)
{
	if (self->n == 0)
		return NULL;
	for (size_t i = s_hash_chunk (chunk, self->cap);; i = (i + 1) & (self->cap - 1)) {
		if (self->slots[i].chunk == chunk)
			return &self->slots[i];
		if (self->slots[i].chunk == FREE_SLOT)
			return NULL;
	}
}

static void
s_grow_slots (weir_flights_t *self)
{
	weir_flights_t old = *self;
	self->cap = old.cap > 0 ? old.cap * 2 : SLOTS_MIN;
	self->slots = weir_alloc (self->cap * sizeof *self->slots);
	for (size_t i = 0; i < self->cap; i++)
		self->slots[i].chunk = FREE_SLOT;
	for (size_t i = 0; i < old.cap; i++) {
		if (old.slots[i].chunk == FREE_SLOT)
			continue;
		size_t at = s_hash_chunk (old.slots[i].chunk, self->cap);
		while (self->slots[at].chunk != FREE_SLOT)
			at = (at + 1) & (self->cap - 1);
		self->slots[at] = old.slots[i];
	}
	free (old.slots);
}

weir_flight_t *
weir_flights_add (weir_flights_t *self, uint64_t chunk)
{
	if ((self->n + 1) * 2 > self->cap)
		s_grow_slots (self);
	size_t at = s_hash_chunk (chunk, self->cap);
	while (self->slots[at].chunk != FREE_SLOT)
		at = (at + 1) & (self->cap - 1);
	self->slots[at] = (weir_flight_t){ .chunk = chunk };
	self->n++;
	return &self->slots[at];
}

/* Closes the gap by moving back what probed over it, so that no tombstones are needed. */
void
weir_flights_remove (weir_flights_t *self, weir_flight_t *flight)
{
	size_t hole = (size_t) (flight - self->slots);
	free (flight->run_reader);
	self->n--;
	size_t i = hole;
	for (;;) {
		i = (i + 1) & (self->cap - 1);
		if (self->slots[i].chunk == FREE_SLOT)
			break;
		size_t home = s_hash_chunk (self->slots[i].chunk, self->cap);
		if (((i - home) & (self->cap - 1)) >= ((i - hole) & (self->cap - 1))) {
			self->slots[hole] = self->slots[i];
			hole = i;
		}
	}
	self->slots[hole] = (weir_flight_t){ .chunk = FREE_SLOT };
}

void
weir_flights_clear (weir_flights_t *self)
{
	for (size_t i = 0; i < self->cap; i++)
		if (self->slots[i].chunk != FREE_SLOT)
			free (self->slots[i].run_reader);
	free (self->slots);
	*self = (weir_flights_t){ 0 };
}
