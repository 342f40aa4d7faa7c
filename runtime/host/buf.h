/* buf.h - reference-counted byte buffers from a recycling pool with a ceiling
 *
 * A buffer is filled by one thread, then only read, by any number. The same buffer travels over
 * inproc as it is, and over ipc and tcp without an extra copy. The pool keeps freed buffers by size
 * class and never holds more than its ceiling in use; a request above it is refused
 * (WEIR_E_MEMORY), not waited for.
 *
 * Runs on    any thread (the pool locks)
 * Limits     64-byte alignment; up to 2 GiB a buffer
 */
#ifndef WEIR_HOST_BUF_H
#define WEIR_HOST_BUF_H

#include "runtime/base/err.h"

#include <stdint.h>

typedef struct weir_pool weir_pool_t;
typedef struct weir_buf weir_buf_t;

typedef struct {
	uint64_t used_bytes, idle_bytes, peak_bytes, ceiling_bytes;
	uint64_t n_taken, n_recycled, n_refused;
} weir_pool_stats_t;

weir_pool_t *weir_pool_new (uint64_t ceiling_bytes);
/* Buffers still out keep the pool's books alive; the last one to come back frees them. */
void weir_pool_destroy (weir_pool_t **self_p);
weir_pool_stats_t weir_pool_stats (weir_pool_t *self);

/* Contents undefined. NULL where the ceiling refuses. */
weir_buf_t *weir_pool_take (weir_pool_t *self, size_t bytes, weir_err_t *err);
/* Adopts malloc'ed memory (freed with free). */
weir_buf_t *weir_buf_adopt (void *bytes, size_t n_bytes);
weir_buf_t *weir_buf_ref (weir_buf_t *self);
void weir_buf_release (weir_buf_t **self_p); /* NULL is fine */
uint8_t *weir_buf_data (weir_buf_t *self);
size_t weir_buf_size (const weir_buf_t *self);
void weir_buf_shrink (weir_buf_t *self, size_t bytes); /* what counts as its size; memory stays */

#endif
