/* chain.h - several cell programs, one after the other, compiled for tiles: the vector interpreter
 *
 * values of the inputs -> (rounded to in_cells) -> program, round -> program, round … -> conversion
 * to `out`
 *
 * Instructions work on "slots", arrays of weir_chain_tile () doubles: inputs first, then constants
 * (filled once), then temporaries, reused as soon as their last reader is done. A program's result
 * is rounded into slot 0, where the next one finds its input. Dead instructions are left out.
 *
 * Runs on   any thread; immutable; each thread brings its own memory
 */
#ifndef WEIR_CUBE_KERNEL_CHAIN_H
#define WEIR_CUBE_KERNEL_CHAIN_H

#include "cube/kernel/prog.h"

typedef struct weir_chain weir_chain_t;

typedef struct {
	size_t n_inputs;
	const weir_cell_t
		*in_cells; /* round (and check) the inputs to these; NULL: they are what they are */
	size_t n_progs;
	const weir_prog_t *const
		*progs;      /* the first reads all inputs, the others the one result before them */
	weir_cell_t out; /* checked where it differs from what the last program gives */
} weir_chain_spec_t;

/* A value that an integer cell cannot hold. */
typedef struct {
	bool is_input; /* in_cells[input], else `out` */
	size_t input;
	double value;
	weir_cell_t cell;
} weir_misfit_t;

weir_chain_t *weir_chain_new (const weir_chain_spec_t *spec);
void weir_chain_destroy (weir_chain_t **self_p);

size_t weir_chain_tile (const weir_chain_t *self); /* cells that one run takes at most */
size_t weir_chain_memory_bytes (const weir_chain_t *self);
/* Once for each memory; best aligned to 64 bytes: vectors that straddle cache lines cost double. */
void weir_chain_prepare (const weir_chain_t *self, double *memory);
double *weir_chain_input (const weir_chain_t *self, double *memory, size_t input);
/* Inputs are overwritten. dst: n cells of `out`. False, and *misfit_out, at a value that does not
 * fit. */
bool weir_chain_run (const weir_chain_t *self, double *memory, size_t n, void *dst,
                     weir_misfit_t *misfit_out);

#endif
