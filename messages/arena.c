/* arena.c - see arena.h */
#include "messages/arena.h"

#include "runtime/base/mem.h"

#include <stdlib.h>

#define S_ALIGN ((size_t) 16)
#define S_BLOCK_MAX ((size_t) 1 << 20)
#define S_FIRST_MAX ((size_t) 1 << 16)

typedef struct s_block {
	struct s_block *next;
	size_t n_bytes;
} s_block_t;

struct weir_arena {
	s_block_t *blocks;
	uint8_t *at, *end; /* what is left of the newest block */
	size_t budget;     /* bytes that further blocks may take */
	size_t block_bytes;
	bool is_exhausted;
	bool has_message;
};

_Static_assert(sizeof (s_block_t) % S_ALIGN == 0, "blocks keep the alignment");

static size_t
s_round_up (size_t bytes)
{
	return (bytes + S_ALIGN - 1) & ~(S_ALIGN - 1);
}

/* The message is the first thing in the arena's own block: its place is fixed, so that it can be
 * found again. */
static size_t
s_message_offset (void)
{
	return s_round_up (sizeof (weir_arena_t));
}

#define S_MESSAGE_BYTES ((size_t) 256)

weir_arena_t *
weir_arena_new (size_t n_bytes)
{
	size_t first = 256 + 4 * (n_bytes < S_FIRST_MAX ? n_bytes : S_FIRST_MAX);
#ifdef __SANITIZE_ADDRESS__
	first = 0;
#endif
	size_t total = s_message_offset () + S_MESSAGE_BYTES + first;
	weir_arena_t *self = malloc (total);
	if (self == NULL)
		return NULL;
	size_t narrow = ((size_t) 64 << 10) + 64 * n_bytes;
	size_t wide = ((size_t) 24 << 20) + 4 * n_bytes;
	*self = (weir_arena_t){ .budget = narrow < wide ? narrow : wide };
	self->at = (uint8_t *) self + s_message_offset () + S_MESSAGE_BYTES;
	self->end = (uint8_t *) self + total;
	self->block_bytes = 2 * (first + 256);
	return self;
}

void
weir_arena_destroy (weir_arena_t **self_p)
{
	weir_arena_t *self = *self_p;
	if (self == NULL)
		return;
	*self_p = NULL;
	s_block_t *block = self->blocks;
	while (block != NULL) {
		s_block_t *next = block->next;
		free (block);
		block = next;
	}
	free (self);
}

static void *
s_alloc_block (weir_arena_t *self, size_t bytes)
{
	size_t wanted = bytes;
#ifndef __SANITIZE_ADDRESS__
	if (wanted < self->block_bytes)
		wanted = self->block_bytes;
#endif
	if (wanted > self->budget)
		wanted = bytes;
	if (wanted > self->budget) {
		self->is_exhausted = true;
		return NULL;
	}
	s_block_t *block = malloc (sizeof *block + wanted);
	if (block == NULL)
		return NULL;
	self->budget -= wanted;
	block->next = self->blocks;
	block->n_bytes = wanted;
	self->blocks = block;
	if (self->block_bytes < S_BLOCK_MAX)
		self->block_bytes *= 2;
	uint8_t *bytes_p = (uint8_t *) (block + 1);
	/* keep the larger rest: a big allocation must not waste the block that small ones are cut
	 * from */
	if (wanted - bytes > (size_t) (self->end - self->at)) {
		self->at = bytes_p + bytes;
		self->end = bytes_p + wanted;
	}
	return bytes_p;
}

static void *
s_arena_alloc (void *data, size_t bytes)
{
	weir_arena_t *self = data;
	if (bytes > SIZE_MAX / 2)
		return NULL;
	if (!self->has_message) {
		weir_assert (bytes <= S_MESSAGE_BYTES);
		self->has_message = true;
		return (uint8_t *) self + s_message_offset ();
	}
	bytes = s_round_up (bytes > 0 ? bytes : 1);
	if (bytes > (size_t) (self->end - self->at))
		return s_alloc_block (self, bytes);
	void *result = self->at;
	self->at += bytes;
	return result;
}

static void
s_arena_free (void *data, void *pointer)
{
	(void) data;
	(void) pointer; /* all go together */
}

ProtobufCAllocator
weir_arena_allocator (weir_arena_t *self)
{
	return (ProtobufCAllocator){ s_arena_alloc, s_arena_free, self };
}

bool
weir_arena_is_exhausted (const weir_arena_t *self)
{
	return self->is_exhausted;
}

weir_arena_t *
weir_arena_of (void *message)
{
	return (weir_arena_t *) ((uint8_t *) message - s_message_offset ());
}
