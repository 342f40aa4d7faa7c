/* combine.h - several bands become one: a program over their cells, tile by tile
 *
 * Always by the vector interpreter (chain.h): an expression over two or more wide inputs has no
 * shorter form.
 *
 * Runs on   any thread; immutable; each thread brings its own memory
 */
#ifndef WEIR_CUBE_KERNEL_COMBINE_H
#define WEIR_CUBE_KERNEL_COMBINE_H

#include "cube/kernel/chain.h"

typedef struct weir_combine weir_combine_t;

/* in: cells of each input; the chain's first program reads them all. */
weir_combine_t *weir_combine_new (weir_cell_t in, const weir_chain_spec_t *chain);
void weir_combine_destroy (weir_combine_t **self_p);

size_t weir_combine_n_inputs (const weir_combine_t *self);
weir_cell_t weir_combine_in (const weir_combine_t *self);
size_t weir_combine_tile (const weir_combine_t *self); /* cells that one run takes at most */
size_t weir_combine_memory_bytes (const weir_combine_t *self);
void weir_combine_prepare (const weir_combine_t *self, double *memory);
/* Input by input, then the run; n the same for all. */
void weir_combine_load (const weir_combine_t *self, double *memory, size_t input, const void *cells,
                        size_t n);
bool weir_combine_run (const weir_combine_t *self, double *memory, size_t n, void *dst,
                       weir_misfit_t *misfit_out);

#endif
