/* arena.h - the memory of one decoded message, bounded before the first byte is read
 *
 * Unpacking makes an allocation for every entry of every list, and hostile bytes can ask for fifty
 * times their own size. All of one message's allocations are cut from a few blocks of memory under
 * a budget that follows from the size of its bytes; they are freed together. Under the address
 * sanitizer each allocation is a block of its own, so that a read beyond its end is seen.
 *
 * Invariants   the arena's record lies directly before the first allocation, which is the message
 * Runs on      any thread; one message belongs to one thread at a time
 * Limits       64 KiB + 64 n, at most 24 MiB + 4 n, for n bytes of message
 */
#ifndef WEIR_MESSAGES_ARENA_H
#define WEIR_MESSAGES_ARENA_H

#include <protobuf-c/protobuf-c.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct weir_arena weir_arena_t;

/* NULL where the system has no memory. */
weir_arena_t *weir_arena_new (size_t n_bytes);
void weir_arena_destroy (weir_arena_t **self_p);
ProtobufCAllocator weir_arena_allocator (weir_arena_t *self);
/* Did an allocation fail for the budget? */
bool weir_arena_is_exhausted (const weir_arena_t *self);
/* The arena of a message that was its first allocation. */
weir_arena_t *weir_arena_of (void *message);

#endif
