/* random.h - seeded programs, cells and pipelines for the kernel tests */
#ifndef WEIR_TEST_KERNEL_RANDOM_H
#define WEIR_TEST_KERNEL_RANDOM_H

#include "cube/kernel/stage.h"

typedef struct {
	uint64_t state;
} random_t;

uint32_t random_next (random_t *self);
uint32_t random_below (random_t *self, uint32_t n);
bool random_chance (random_t *self, uint32_t percent);

weir_cell_t random_cell (random_t *self);
weir_cell_t random_cell_of (random_t *self, weir_type_t type);
/* n_inputs >= 1; few instructions; `out` as given. */
void random_prog (random_t *self, size_t n_inputs, weir_cell_t out, weir_prog_t *prog_out);
/* A value that a cell can hold, often no-data or something odd. */
double random_value (random_t *self, weir_cell_t cell);
void random_cells (random_t *self, weir_cell_t cell, void *cells, size_t n);
void random_pipeline (random_t *self, weir_pipeline_t *pipeline_out);

#endif
