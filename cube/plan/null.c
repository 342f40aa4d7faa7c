/* null.c - a plan that reads nothing and writes nothing, to measure what a chunk costs by itself */
#include "cube/plan/plan.h"
#include "runtime/base/mem.h"

#define NULL_CHUNKS_MAX ((uint64_t) 1 << 40)
#define NULL_CELLS 64 /* of uint8: 64 bytes of partial, 64 bytes of block */

static void
s_fill_source (weir_plan_source_t *source, uint64_t n_chunks)
{
	source->node = weir_strdup ("null");
	source->is_null = true;
	source->grid = (weir_grid_t){ .crs_id = -1,
		                          .transform = { 0, 1, 0, 0, 0, -1 },
		                          .width = (int64_t) n_chunks * NULL_CELLS,
		                          .height = 1 };
	source->cell = (weir_cell_t){ .type = WEIR_U8, .has_nodata = true, .nodata = 255 };
	source->n_bands = 1;
	source->bands = weir_alloc (sizeof *source->bands);
	source->bands[0].name = weir_strdup ("null");
	source->n_labels = 1;
	source->labels_us = weir_alloc (sizeof *source->labels_us);
	source->label_items = weir_alloc (2 * sizeof *source->label_items);
	source->block_width = NULL_CELLS;
	source->block_height = 1;
}

static void
s_fill_output (weir_plan_output_t *output, weir_cell_t cell, uint64_t n_chunks)
{
	output->node = weir_strdup ("null");
	output->is_result = true;
	output->format = WEIR_FORMAT_NULL;
	output->options =
		(weir_format_options_t){ .predictor = 1, .block_width = NULL_CELLS, .block_height = 1 };
	output->pipeline.in = output->pipeline.out = cell;
	output->pipeline.n_folds = 1;
	output->pipeline.folds = weir_alloc (sizeof *output->pipeline.folds);
	output->pipeline.folds[0] =
		(weir_fold_t){ .kind = WEIR_FOLD_MAX, .ignore_nodata = true, .out = cell };
	output->chunk_width = NULL_CELLS;
	output->chunk_height = 1;
	output->n_chunk_cols = output->n_chunks = n_chunks;
	output->n_chunk_rows = 1;
	output->run_labels = WEIR_LEAF_LABELS;
	output->acc_bytes = output->block_bytes = NULL_CELLS;
}

weir_plan_t *
weir_plan_null (uint64_t n_chunks)
{
	if (n_chunks == 0 || n_chunks > NULL_CHUNKS_MAX)
		return NULL;
	weir_plan_t *self = weir_alloc (sizeof *self);
	self->n_sources = self->n_outputs = 1;
	self->sources = weir_alloc (sizeof *self->sources);
	self->outputs = weir_alloc (sizeof *self->outputs);
	s_fill_source (self->sources, n_chunks);
	s_fill_output (self->outputs, self->sources[0].cell, n_chunks);
	self->n_chunks = n_chunks;
	self->memory_bytes = 2 * NULL_CELLS;
	return self;
}
