/* stage.h - a compiled pipeline: slice steps, folds over labels, chunk steps
 *
 * Made once from a weir_pipeline_t, immutable afterwards and shared by all threads. It owns the
 * choice of kernels (ranges with constant or affine value, tables, or the vector interpreter) and
 * of accumulator types; callers see bytes. One accumulator ("acc") covers one band of one chunk:
 * `n_cells` cells, row-major, row 0 north. Where the pipeline makes one band of several, it does so
 * before the folds (a run then takes all input bands together) or after them
 * (weir_stage_finish_bands).
 *
 * Exactness   Integer folds, min, max, count, any, all, first and last are exact. Float sums and
 *             means accumulate in float64 in leaves of WEIR_LEAF_LABELS consecutive ranks, merged
 *             by the fixed binary tree over leaf numbers: node (level, i) = merge (node (level-1,
 *             2i), node (level-1, 2i+1)), a missing right child leaves the left one. weir_run_fold
 *             does this inside a run; runs are aligned subtrees of 2^k leaves, so any cut and any
 *             place of merging gives the same bits.
 * Dense       a label at which a cell was not observed counts as no-data there (weir_run_skip).
 * Runs on     any thread; a run and its accs belong to one thread at a time
 * Source      DESIGN 3, 8
 */
#ifndef WEIR_CUBE_KERNEL_STAGE_H
#define WEIR_CUBE_KERNEL_STAGE_H

#include "cube/kernel/prog.h"

#define WEIR_LEAF_LABELS 16
#define WEIR_PIPELINE_FOLDS_MAX 8
#define WEIR_PIPELINE_STEPS_MAX 32

typedef enum {
	WEIR_FOLD_NONE = 0, /* no reduction: the one slice of the chunk is the result */
	WEIR_FOLD_SUM,
	WEIR_FOLD_MIN,
	WEIR_FOLD_MAX,
	WEIR_FOLD_MEAN,
	WEIR_FOLD_COUNT,
	WEIR_FOLD_ANY,
	WEIR_FOLD_ALL,
	WEIR_FOLD_FIRST,
	WEIR_FOLD_LAST,
	WEIR_FOLD_PRODUCT,
	WEIR_FOLD_VARIANCE, /* of a sample: divided by n - 1; NaN for one value */
	WEIR_FOLD_SD,       /* its square root */
	WEIR_N_FOLDS
} weir_fold_kind_t;

const char *weir_fold_name (weir_fold_kind_t kind);
bool weir_fold_parse (const char *name, weir_fold_kind_t *kind_out);

typedef struct {
	weir_fold_kind_t kind;
	bool ignore_nodata;
	bool has_condition; /* COUNT only: count cells for which condition (input 0) is true; */
	bool count_all;     /* COUNT only: condition true: no-data counts too. Neither: valid cells */
	weir_prog_t condition; /* out is boolean */
	weir_cell_t out;       /* the fold's result type by DESIGN 8 */
} weir_fold_t;

/* Where bands become one, if they do. */
typedef enum { WEIR_BANDS_APART = 0, WEIR_BANDS_SLICE, WEIR_BANDS_CHUNK } weir_bands_at_t;

/* What happens to each cell, in order. All cells of all bands alike, until `bands` makes one band
 * of them. */
typedef struct {
	weir_cell_t in; /* slices as the reader delivers them: validity already applied */
	size_t n_slice_steps;
	weir_prog_t *slice_steps; /* one input each, applied one after the other, each rounding */
	size_t n_folds;           /* 0: no reduction */
	weir_fold_t *folds;
	weir_prog_t
		post; /* n_instr 0: the one fold's value; else inputs 0 … n_folds-1 are the folds' values */
	size_t n_chunk_steps;
	weir_prog_t *chunk_steps;
	weir_cell_t out; /* type of the chunk's result; a last conversion happens where it differs */
	weir_bands_at_t bands_at; /* APART: none of what follows; among the slice or the chunk steps */
	size_t n_bands_before;    /* steps there that come before `bands` */
	size_t n_inputs;
	uint32_t *inputs;  /* the source's bands that are read, ascending */
	weir_prog_t bands; /* input i: band inputs[i] */
} weir_pipeline_t;

void weir_pipeline_clear (weir_pipeline_t *self);

typedef struct weir_stage weir_stage_t;

/* n_labels: labels of the whole job (bounds integer sums). */
int weir_stage_new (const weir_pipeline_t *pipeline, uint32_t n_labels, weir_stage_t **stage_out,
                    weir_err_t *err);
void weir_stage_destroy (weir_stage_t **self_p);

/* True if a slice (or part of one) of nothing but no-data leaves every accumulator as it is, so
 * that absent slices need not even be told. Found by trying the steps once on no-data. */
bool weir_stage_skips_nodata (const weir_stage_t *self);
/* A float sum, mean, variance or sd; a product. */
bool weir_stage_is_ordered (const weir_stage_t *self);
/* Bands that a run takes together (weir_run_fold_bands); 1: weir_run_fold. */
size_t weir_stage_run_bands (const weir_stage_t *self);
const char *weir_stage_kernel_name (const weir_stage_t *self); /* for `weir plan` and benches */

/* Bytes of one band's accumulator of n_cells; a multiple of 64. This is the payload of a partial.
 * */
size_t weir_stage_acc_bytes (const weir_stage_t *self, size_t n_cells);
/* Accumulators that a run of n_labels needs at once: 1, or for ordered folds 1 + tree levels + 1.
 * */
size_t weir_stage_run_accs (const weir_stage_t *self, uint32_t n_labels);

/* ---- one run: consecutive ranks [rank_first, rank_first + n_labels) of one band of one chunk */
typedef struct weir_run weir_run_t;

/* memory: weir_stage_run_accs () × weir_stage_acc_bytes () bytes, 64-aligned, borrowed for the life
 * of the run; its first acc_bytes hold the result after weir_run_end. rank_first is a multiple of
 * WEIR_LEAF_LABELS. */
weir_run_t *weir_run_new (const weir_stage_t *stage, size_t n_rows, size_t n_cols,
                          uint32_t rank_first, uint32_t n_labels, void *memory);
void weir_run_destroy (weir_run_t **self_p);
/* Ranks come in ascending order; each rank's cells must be covered exactly once by fold and skip
 * together, in any number of disjoint rectangles. src: cells of the `in` type, row_stride in cells.
 * */
void weir_run_fold (weir_run_t *self, uint32_t rank, const void *src, size_t row_stride, size_t row,
                    size_t col, size_t n_rows, size_t n_cols);
/* The same for weir_stage_run_bands () bands at once, all of the `in` type. */
void weir_run_fold_bands (weir_run_t *self, uint32_t rank, const void *const *srcs,
                          size_t row_stride, size_t row, size_t col, size_t n_rows, size_t n_cols);
/* The rectangle was not observed at this rank. A no-op where weir_stage_skips_nodata. */
void weir_run_skip (weir_run_t *self, uint32_t rank, size_t row, size_t col, size_t n_rows,
                    size_t n_cols);
void weir_run_end (weir_run_t *self); /* merges what is left; result in memory[0 … acc_bytes) */

/* ---- between runs: left holds lower ranks than right; result in left */
void weir_stage_acc_merge (const weir_stage_t *self, void *left, const void *right, size_t n_cells);

/* Accumulator -> finished cells of pipeline.out (post, chunk steps, conversion). Fails with
 * code "ValueOutOfRange" where a sum is outside its type, naming option `dtype`. out: n_cells of
 * the out type. */
int weir_stage_finish (const weir_stage_t *self, const void *acc, size_t n_cells, void *out,
                       weir_err_t *err);
/* All accumulators of a chunk, acc_stride bytes apart: each gives its band in `out`, or together
 * they give one, where the pipeline makes one band of them among its chunk steps. */
int weir_stage_finish_bands (const weir_stage_t *self, const void *accs, size_t acc_stride,
                             size_t n_accs, size_t n_cells, void *out, weir_err_t *err);

#endif
