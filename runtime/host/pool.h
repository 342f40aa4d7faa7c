/* pool.h - where pooled buffers' bytes come from and go back to; private to buf.c and pool.c */
#ifndef WEIR_HOST_POOL_H
#define WEIR_HOST_POOL_H

#include "runtime/host/buf.h"

/* The bytes of one pooled buffer, without its head. */
typedef struct {
	uint8_t *data;
	size_t capacity; /* of its size class */
	size_t charged;  /* what counts as used */
	uint32_t class_index;
} weir_slab_t;

int weir_pool_take_slab (weir_pool_t *self, size_t bytes, weir_slab_t *slab_out, weir_err_t *err);
/* The last one to come back after weir_pool_destroy frees the pool. */
void weir_pool_give_slab (weir_pool_t *self, weir_slab_t slab);

#endif
