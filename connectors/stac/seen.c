/* seen.c - see seen.h */
#include "connectors/stac/seen.h"

#include "runtime/base/mem.h"

#include <stdlib.h>

#define FNV_PRIME UINT64_C (0x100000001b3)
#define FNV_START UINT64_C (0xcbf29ce484222325)
#define OTHER_PRIME UINT64_C (0x9e3779b97f4a7c15)

/* The finisher of splitmix64. */
static uint64_t
s_mix (uint64_t x)
{
	x = (x ^ (x >> 30)) * UINT64_C (0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C (0x94d049bb133111eb);
	return x ^ (x >> 31);
}

static void
s_digest (size_t n_texts, const char *const *texts, uint64_t key_out[2])
{
	uint64_t a = FNV_START, b = OTHER_PRIME;
	for (size_t i = 0; i < n_texts; i++) {
		const unsigned char *p = (const unsigned char *) (texts[i] != NULL ? texts[i] : "");
		do { /* the zero at the end parts the texts */
			a = (a ^ *p) * FNV_PRIME;
			b = s_mix (b + *p) * OTHER_PRIME;
		} while (*p++ != '\0');
	}
	key_out[0] = s_mix (a);
	key_out[1] = s_mix (b) | 1; /* never the mark of a free slot */
}

/* The slot of the key, or the free one where it belongs. */
static uint64_t *
s_find (const weir_seen_t *self, const uint64_t key[2])
{
	size_t at = (size_t) key[0] & (self->cap - 1);
	while (self->slots[at][1] != 0 &&
	       (self->slots[at][0] != key[0] || self->slots[at][1] != key[1]))
		at = (at + 1) & (self->cap - 1);
	return self->slots[at];
}

static void
s_put (weir_seen_t *self, const uint64_t key[2])
{
	uint64_t *slot = s_find (self, key);
	slot[0] = key[0];
	slot[1] = key[1];
}

static void
s_grow (weir_seen_t *self)
{
	weir_seen_t old = *self;
	self->cap = old.cap > 0 ? 2 * old.cap : 64;
	self->slots = weir_alloc (self->cap * sizeof *self->slots);
	for (size_t i = 0; i < old.cap; i++)
		if (old.slots[i][1] != 0)
			s_put (self, old.slots[i]);
	free (old.slots);
}

bool
weir_seen_add (weir_seen_t *self, size_t n_texts, const char *const *texts)
{
	uint64_t key[2];
	s_digest (n_texts, texts, key);
	if (4 * self->n >= 3 * self->cap)
		s_grow (self);
	if (s_find (self, key)[1] != 0)
		return false;
	s_put (self, key);
	self->n++;
	return true;
}

void
weir_seen_clear (weir_seen_t *self)
{
	free (self->slots);
	*self = (weir_seen_t){ 0 };
}
