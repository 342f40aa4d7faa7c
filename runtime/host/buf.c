/* buf.c - see buf.h and buf_msg.h */
#include "runtime/host/buf.h"

#include "runtime/base/mem.h"
#include "runtime/host/buf_msg.h"
#include "runtime/host/handoff.h"
#include "runtime/host/pool.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

typedef enum { S_POOLED, S_ADOPTED, S_RECEIVED } s_origin_t;

struct weir_buf {
	atomic_uint n_refs;
	s_origin_t origin;
	uint8_t *data;
	size_t n_bytes;
	weir_pool_t *pool; /* S_POOLED */
	weir_slab_t slab;
	zmq_msg_t msg; /* S_RECEIVED */
};

static weir_buf_t *
s_buf_new (s_origin_t origin, uint8_t *data, size_t n_bytes)
{
	weir_buf_t *self = malloc (sizeof *self);
	weir_assert (self != NULL);
	atomic_init (&self->n_refs, 1);
	self->origin = origin;
	self->data = data;
	self->n_bytes = n_bytes;
	self->pool = NULL;
	return self;
}

weir_buf_t *
weir_pool_take (weir_pool_t *self, size_t bytes, weir_err_t *err)
{
	weir_slab_t slab;
	if (weir_pool_take_slab (self, bytes, &slab, err) < 0)
		return NULL;
	weir_buf_t *buf = s_buf_new (S_POOLED, slab.data, bytes);
	buf->pool = self;
	buf->slab = slab;
	return buf;
}

weir_buf_t *
weir_buf_adopt (void *bytes, size_t n_bytes)
{
	return s_buf_new (S_ADOPTED, bytes, n_bytes);
}

weir_buf_t *
weir_buf_ref (weir_buf_t *self)
{
	atomic_fetch_add_explicit (&self->n_refs, 1, memory_order_relaxed);
	return self;
}

void
weir_buf_release (weir_buf_t **self_p)
{
	weir_buf_t *self = *self_p;
	if (self == NULL)
		return;
	*self_p = NULL;
	if (atomic_fetch_sub_explicit (&self->n_refs, 1, memory_order_acq_rel) != 1)
		return;
	switch (self->origin) {
	case S_POOLED: weir_pool_give_slab (self->pool, self->slab); break;
	case S_ADOPTED: free (self->data); break;
	case S_RECEIVED: zmq_msg_close (&self->msg); break;
	}
	free (self);
}

uint8_t *
weir_buf_data (weir_buf_t *self)
{
	return self->data;
}

size_t
weir_buf_size (const weir_buf_t *self)
{
	return self->n_bytes;
}

void
weir_buf_shrink (weir_buf_t *self, size_t bytes)
{
	weir_assert (bytes <= self->n_bytes);
	self->n_bytes = bytes;
}

/* ZeroMQ is through with the bytes. */
static void
s_release_bytes (void *data, void *hint)
{
	(void) data;
	weir_buf_t *buf = hint;
	weir_buf_release (&buf);
}

void
weir_buf_to_msg (weir_buf_t **self_p, zmq_msg_t *msg)
{
	weir_buf_t *self = *self_p;
	*self_p = NULL;
	int rc;
	weir_handoff_give (self->data);
	if (self->n_bytes <= WEIR_BUF_COPY_MAX) {
		rc = zmq_msg_init_size (msg, self->n_bytes);
		if (rc == 0 && self->n_bytes > 0)
			memcpy (zmq_msg_data (msg), self->data, self->n_bytes);
		weir_handoff_give (zmq_msg_data (msg));
		weir_buf_release (&self);
	} else
		rc = zmq_msg_init_data (msg, self->data, self->n_bytes, s_release_bytes, self);
	weir_assert (rc == 0); /* fails only where a few bytes of memory are not to be had */
}

weir_buf_t *
weir_buf_from_msg (zmq_msg_t *msg)
{
	size_t n_bytes = zmq_msg_size (msg);
	weir_handoff_take (zmq_msg_data (msg));
	if ((uintptr_t) zmq_msg_data (msg) % 8 != 0 || n_bytes <= WEIR_BUF_COPY_MAX) {
		uint8_t *copy = aligned_alloc (64, (n_bytes + 64) & ~(size_t) 63);
		weir_assert (copy != NULL);
		memcpy (copy, zmq_msg_data (msg), n_bytes);
		zmq_msg_close (msg);
		zmq_msg_init (msg);
		return weir_buf_adopt (copy, n_bytes);
	}
	weir_buf_t *self = s_buf_new (S_RECEIVED, NULL, n_bytes);
	zmq_msg_init (&self->msg);
	zmq_msg_move (&self->msg, msg);
	self->data = zmq_msg_data (&self->msg);
	return self;
}
