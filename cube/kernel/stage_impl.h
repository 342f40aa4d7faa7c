/* stage_impl.h - the inside of a stage, for the files that implement stage.h */
#ifndef WEIR_CUBE_KERNEL_STAGE_IMPL_H
#define WEIR_CUBE_KERNEL_STAGE_IMPL_H

#include "cube/kernel/combine.h"
#include "cube/kernel/fold.h"
#include "cube/kernel/map.h"
#include "cube/kernel/stage.h"

#define WEIR_TILE 4096 /* cells that are mapped and folded at once: they stay in L1 */
#define WEIR_PLANE_ALIGN 64

struct weir_stage {
	weir_cell_t in, out;
	weir_cell_t mapped; /* after the slice steps */
	weir_map_t *map;
	weir_combine_t *combine;        /* NULL: slices come band by band */
	weir_combine_t *finish_combine; /* NULL: bands stay as they are */
	size_t n_folds;                 /* at least 1: no reduction is a fold of its own kind */
	weir_fold_plan_t folds[WEIR_PIPELINE_FOLDS_MAX];
	weir_map_t *premaps[WEIR_PIPELINE_FOLDS_MAX]; /* or NULL */
	weir_cell_t finished;                         /* after finish_map or finish_chain */
	weir_map_t *finish_map;                       /* of a single plane … */
	weir_chain_t *finish_chain; /* … or of whatever s_load_fold makes of several */
	bool skips, is_ordered;
	bool can_skip;      /* false: no-data cannot be told in the slices' type */
	uint64_t skip_bits; /* a cell of `mapped` */
	uint32_t n_labels;
	char name[256];
};

int weir_pipeline_check (const weir_pipeline_t *pipeline, uint32_t n_labels, weir_err_t *err);

static inline size_t
weir_round_up (size_t bytes)
{
	return (bytes + WEIR_PLANE_ALIGN - 1) / WEIR_PLANE_ALIGN * WEIR_PLANE_ALIGN;
}

/* What a plane takes in an accumulator of n_cells. */
static inline size_t
weir_plane_bytes (const weir_plane_t *plane, size_t n_cells)
{
	return weir_round_up (n_cells * plane->bytes);
}

/* The first aligned byte at or after `memory`, which has WEIR_PLANE_ALIGN bytes to spare. */
static inline char *
weir_align (void *memory)
{
	uintptr_t past = (uintptr_t) memory % WEIR_PLANE_ALIGN;
	return (char *) memory + (past > 0 ? WEIR_PLANE_ALIGN - past : 0);
}

void weir_stage_acc_init (const weir_stage_t *self, void *acc, size_t n_cells);

#endif
