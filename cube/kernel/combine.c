/* combine.c - see combine.h */
#include "cube/kernel/combine.h"

#include "cube/kernel/vec.h"
#include "runtime/base/mem.h"

#include <stdlib.h>

struct weir_combine {
	size_t n_inputs;
	weir_cell_t in;
	weir_chain_t *chain;
};

weir_combine_t *
weir_combine_new (weir_cell_t in, const weir_chain_spec_t *chain)
{
	weir_combine_t *self = weir_alloc (sizeof *self);
	self->n_inputs = chain->n_inputs;
	self->in = in;
	self->chain = weir_chain_new (chain);
	return self;
}

void
weir_combine_destroy (weir_combine_t **self_p)
{
	weir_combine_t *self = *self_p;
	*self_p = NULL;
	if (self == NULL)
		return;
	weir_chain_destroy (&self->chain);
	free (self);
}

size_t
weir_combine_n_inputs (const weir_combine_t *self)
{
	return self->n_inputs;
}

weir_cell_t
weir_combine_in (const weir_combine_t *self)
{
	return self->in;
}

size_t
weir_combine_tile (const weir_combine_t *self)
{
	return weir_chain_tile (self->chain);
}

size_t
weir_combine_memory_bytes (const weir_combine_t *self)
{
	return weir_chain_memory_bytes (self->chain);
}

void
weir_combine_prepare (const weir_combine_t *self, double *memory)
{
	weir_chain_prepare (self->chain, memory);
}

void
weir_combine_load (const weir_combine_t *self, double *memory, size_t input, const void *cells,
                   size_t n)
{
	weir_vec_load ((int) self->in.type, self->in.has_nodata ? self->in.nodata : WEIR_NAN,
	               weir_chain_input (self->chain, memory, input), cells, n);
}

bool
weir_combine_run (const weir_combine_t *self, double *memory, size_t n, void *dst,
                  weir_misfit_t *misfit_out)
{
	return weir_chain_run (self->chain, memory, n, dst, misfit_out);
}
