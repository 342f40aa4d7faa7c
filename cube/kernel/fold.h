/* fold.h - one fold: its planes of accumulators and the loops over them
 *
 * An accumulator is one to three planes of cells (mean: sum and count). "none" is the sentinel that a
 * plane starts with where there is no neutral element; where every value of the input is valid
 * there is no sentinel at all.
 *
 *   sum of integers   uint16, int32 or int64: the narrowest that holds n_labels × the largest value
 *   sum of floats     float64, the no-data pattern is none
 *   mean              sum (int32, int64, float64) and count (uint16, int32)
 *   min max first last   the cell's own type, none is its no-data
 *   any all           uint8: 0, 1, and 255 for no-data where that counts
 *   count             uint16 or int32
 *   product           float64, the no-data pattern is none
 *   variance sd       of integers: count, sum and sum of squares, exact (int32, int64, 128 bits);
 *                     of floats: count, mean and squared deviations, all float64, in one loop
 *
 * ignore_nodata = false: one no-data "poisons" a cell, the sentinel then says so and stays.
 *
 * Runs on   any thread; immutable
 */
#ifndef WEIR_CUBE_KERNEL_FOLD_H
#define WEIR_CUBE_KERNEL_FOLD_H

#include "cube/kernel/map.h"
#include "cube/kernel/stage.h"

typedef struct {
	int64_t nodata; /* of the source cells: value or bits */
	int64_t none;   /* of the accumulator */
} weir_fold_args_t;

typedef void weir_fold_fn_t (void *restrict acc, const void *restrict src, size_t n,
                             const weir_fold_args_t *args);

/* What a loop does with no-data: there is none, it is skipped, it poisons. */
typedef enum { WEIR_PLAIN = 0, WEIR_IGNORE, WEIR_POISON, WEIR_N_MODES } weir_fold_mode_t;

typedef enum {
	WEIR_ACC_U16 = 0,
	WEIR_ACC_I32,
	WEIR_ACC_I64,
	WEIR_ACC_F64,
	WEIR_ACC_I128,
	WEIR_N_ACCS
} weir_acc_t;

/* acc += src; `type`: weir_type_t or WEIR_I64. NULL where there is no such loop. */
weir_fold_fn_t *weir_fold_sum_fn (int type, weir_acc_t acc, weir_fold_mode_t mode);
/* acc += src where src is valid; no sentinel in acc. For means. */
weir_fold_fn_t *weir_fold_total_fn (int type, weir_acc_t acc);
/* acc += src × src where src is valid; acc WEIR_ACC_I32, WEIR_ACC_I64 (16-bit cells at most) or
 * WEIR_ACC_I128 (32-bit cells, and WEIR_I128 itself: a plain sum). */
weir_fold_fn_t *weir_fold_square_fn (int type, weir_acc_t acc);
weir_fold_fn_t *weir_fold_product_fn (weir_type_t type, weir_fold_mode_t mode);
weir_fold_fn_t *weir_fold_extreme_fn (weir_type_t type, bool is_max, weir_fold_mode_t mode);
/* Number of cells: all (PLAIN), valid ones (IGNORE), valid ones or poison; acc WEIR_ACC_U16 or
 * WEIR_ACC_I32. */
weir_fold_fn_t *weir_fold_count_fn (weir_type_t type, weir_acc_t acc, weir_fold_mode_t mode);
/* Number of finite values: what `count` calls valid. */
weir_fold_fn_t *weir_fold_finite_fn (weir_type_t type, weir_acc_t acc);
weir_fold_fn_t *weir_fold_first_fn (weir_type_t type);
weir_fold_fn_t *weir_fold_last_fn (weir_type_t type);
weir_fold_fn_t *weir_fold_copy_fn (weir_type_t type);
weir_fold_fn_t *weir_fold_any_fn (bool is_all, bool ignore_nodata);

typedef struct {
	int type; /* weir_type_t or WEIR_I64 */
	size_t bytes;
	uint64_t init; /* bits */
	bool has_none;
	double none;           /* as weir_vec_load takes it */
	weir_fold_fn_t *fold;  /* NULL: nothing to do */
	weir_fold_fn_t *merge; /* NULL: left stays as it is */
	weir_fold_args_t fold_args, merge_args;
} weir_plane_t;

/* All planes of one fold together. */
typedef void weir_fold_all_fn_t (void *const *planes, const void *src, size_t n);
typedef void weir_fold_merge_all_fn_t (void *const *left, const void *const *right, size_t n);
weir_fold_all_fn_t *weir_fold_spread_fn (weir_type_t type, weir_fold_mode_t mode);
weir_fold_merge_all_fn_t weir_fold_spread_merge;

#define WEIR_FOLD_PLANES_MAX 3

typedef struct {
	weir_fold_kind_t kind; /* WEIR_FOLD_NONE: the slice itself */
	bool is_ordered;       /* depends on the order of labels: float sums */
	bool sets_first;       /* the first label is copied, not folded */
	bool skips;            /* the skip value changes nothing */
	size_t n_planes;
	weir_plane_t planes[WEIR_FOLD_PLANES_MAX];
	weir_fold_all_fn_t *fold_all; /* instead of the planes' own */
	weir_fold_merge_all_fn_t *merge_all;
	weir_domain_t domain; /* of a single plane's values at the end */
} weir_fold_plan_t;

typedef struct { /* what a fold is fed with */
	weir_cell_t cell;
	weir_domain_t domain;
	double skip; /* the value where nothing was observed */
	uint32_t n_labels;
} weir_fold_input_t;

/* The programs that come before the fold's own loop: condition to 0 or 1, anything to boolean. */
#define WEIR_FOLD_PROGS_MAX 2
size_t weir_fold_progs (const weir_fold_t *fold, weir_cell_t cell, const weir_prog_t **progs_out);
/* progs: what weir_fold_progs gave was put before the input. */
void weir_fold_plan (const weir_fold_t *fold, const weir_fold_input_t *input,
                     weir_fold_plan_t *plan_out);
/* Values of n cells of a variance or sd out of its planes. */
void weir_fold_spread_finish (const weir_fold_plan_t *self, const void *const *planes,
                              double *values, size_t n);

#endif
