/* fold.c - see fold.h: which planes and loops a fold takes */
#include "cube/kernel/fold.h"

#include "cube/kernel/vec.h"
#include "runtime/base/mem.h"

#include <math.h>

/* ---- programs before the loop */

/* true -> 1; false, no-data -> 0; in a type that has no no-data */
static weir_instr_t s_truth_instr[] = {
	{ .op = WEIR_OP_INPUT },
	{ .op = WEIR_OP_CONST, .value = 1 },
	{ .op = WEIR_OP_CONST, .value = 0 },
	{ .op = WEIR_OP_IF, .a = 0, .b = 1, .c = 2 },
};
static const weir_prog_t s_truth = { .n_instr = 4,
	                                 .instr = s_truth_instr,
	                                 .out = { .type = WEIR_U8 } };

/* anything -> false, true, no-data */
static weir_instr_t s_boolean_instr[] = {
	{ .op = WEIR_OP_INPUT },
	{ .op = WEIR_OP_CONST, .value = 0 },
	{ .op = WEIR_OP_OR, .a = 0, .b = 1 },
};
static const weir_prog_t s_boolean = {
	.n_instr = 3,
	.instr = s_boolean_instr,
	.out = { .type = WEIR_U8, .is_bool = true, .has_nodata = true, .nodata = 255 },
};

size_t
weir_fold_progs (const weir_fold_t *fold, weir_cell_t cell, const weir_prog_t **progs_out)
{
	if (fold->kind == WEIR_FOLD_COUNT && fold->has_condition) {
		progs_out[0] = &fold->condition;
		progs_out[1] = &s_truth;
		return 2;
	}
	bool is_logic = fold->kind == WEIR_FOLD_ANY || fold->kind == WEIR_FOLD_ALL;
	if (is_logic && !weir_cell_equal (cell, weir_cell_bool ())) {
		progs_out[0] = &s_boolean;
		return 1;
	}
	return 0;
}

/* ---- planes */

static const struct {
	int type;
	size_t bytes;
	double max;
	int64_t none;
} s_accs[WEIR_N_ACCS] = {
	[WEIR_ACC_U16] = { WEIR_U16, 2, UINT16_MAX, UINT16_MAX },
	[WEIR_ACC_I32] = { WEIR_I32, 4, INT32_MAX, INT32_MIN },
	[WEIR_ACC_I64] = { WEIR_I64, 8, (double) INT64_MAX, INT64_MIN },
	[WEIR_ACC_F64] = { WEIR_F64, 8, INFINITY, (int64_t) WEIR_NODATA_F64_BITS },
	[WEIR_ACC_I128] = { WEIR_I128, 16, INFINITY, 0 },
};

static weir_plane_t
s_plane_of_acc (weir_acc_t acc, bool has_none)
{
	weir_plane_t plane = { .type = s_accs[acc].type, .bytes = s_accs[acc].bytes };
	if (has_none) {
		plane.has_none = true;
		plane.none = (double) s_accs[acc].none;
		plane.fold_args.none = plane.merge_args.none = plane.merge_args.nodata = s_accs[acc].none;
	}
	return plane;
}

static int64_t
s_nodata_arg (weir_cell_t cell)
{
	if (cell.type == WEIR_F32)
		return (int64_t) WEIR_NODATA_F32_BITS;
	if (cell.type == WEIR_F64)
		return (int64_t) WEIR_NODATA_F64_BITS;
	return cell.has_nodata ? (int64_t) cell.nodata : 0;
}

static uint64_t
s_cell_bits (weir_cell_t cell, double value)
{
	uint64_t bits = 0;
	weir_cell_set (cell, &bits, 0, value);
	return bits;
}

static weir_plane_t
s_plane_of_cell (weir_cell_t cell)
{
	int64_t nodata = s_nodata_arg (cell);
	return (weir_plane_t){ .type = (int) cell.type,
		                   .bytes = weir_type_size (cell.type),
		                   .has_none = cell.has_nodata || weir_type_is_float (cell.type),
		                   .none = cell.nodata,
		                   .fold_args = { nodata, nodata },
		                   .merge_args = { nodata, nodata } };
}

/* The narrowest accumulator for n_labels values of the domain, with `spare` values of it kept free.
 * */
static weir_acc_t
s_choose_acc (const weir_fold_input_t *input, bool may_u16, double spare)
{
	if (weir_type_is_float (input->cell.type))
		return WEIR_ACC_F64;
	bool is_small = weir_type_size (input->cell.type) <= 2;
	double lo = fmin (input->domain.lo, 0) * input->n_labels;
	double hi = fmax (input->domain.hi, 0) * input->n_labels;
	if (may_u16 && is_small && lo >= 0 && hi <= s_accs[WEIR_ACC_U16].max - spare)
		return WEIR_ACC_U16;
	if (is_small && lo >= -s_accs[WEIR_ACC_I32].max && hi <= s_accs[WEIR_ACC_I32].max)
		return WEIR_ACC_I32;
	return WEIR_ACC_I64;
}

/* Floats are always looked at: their loops have no plain form. */
static weir_fold_mode_t
s_mode (const weir_fold_t *fold, const weir_fold_input_t *input)
{
	if (!input->domain.may_be_nodata && !weir_type_is_float (input->cell.type))
		return WEIR_PLAIN;
	return fold->ignore_nodata ? WEIR_IGNORE : WEIR_POISON;
}

/* ---- the kinds */

static void
s_plan_sum (const weir_fold_t *fold, const weir_fold_input_t *input, weir_fold_plan_t *plan)
{
	weir_fold_mode_t mode = s_mode (fold, input);
	weir_acc_t acc = s_choose_acc (input, true, mode == WEIR_PLAIN ? 0 : 1);
	weir_plane_t *plane = &plan->planes[plan->n_planes++];
	*plane = s_plane_of_acc (acc, mode != WEIR_PLAIN);
	plane->fold_args.nodata = s_nodata_arg (input->cell);
	plane->fold = weir_fold_sum_fn ((int) input->cell.type, acc, mode);
	plane->merge = weir_fold_sum_fn (plane->type, acc, mode);
	plane->init = mode == WEIR_IGNORE ? (uint64_t) plane->fold_args.none : 0;
	plan->is_ordered = acc == WEIR_ACC_F64;
	plan->domain.may_be_nodata = mode != WEIR_PLAIN;
	plan->domain.lo = fmin (input->domain.lo * input->n_labels, input->domain.lo);
	plan->domain.hi = fmax (input->domain.hi * input->n_labels, input->domain.hi);
	if (mode == WEIR_PLAIN) { /* labels that were skipped add nothing */
		plan->domain.lo = fmin (plan->domain.lo, 0);
		plan->domain.hi = fmax (plan->domain.hi, 0);
	}
	bool skip_is_nodata = weir_is_nodata_f64 (input->skip);
	plan->skips = skip_is_nodata ? mode == WEIR_IGNORE : mode == WEIR_PLAIN && input->skip == 0;
}

static weir_plane_t
s_count_plane (const weir_fold_input_t *input, weir_fold_mode_t mode)
{
	weir_acc_t acc = input->n_labels < UINT16_MAX ? WEIR_ACC_U16 : WEIR_ACC_I32;
	weir_plane_t plane = s_plane_of_acc (acc, mode == WEIR_POISON);
	weir_fold_mode_t merge_mode = mode == WEIR_POISON ? WEIR_POISON : WEIR_PLAIN;
	plane.fold_args.nodata = s_nodata_arg (input->cell);
	plane.fold = weir_fold_count_fn (input->cell.type, acc, mode);
	plane.merge = weir_fold_sum_fn (plane.type, acc, merge_mode);
	return plane;
}

static void
s_plan_mean (const weir_fold_t *fold, const weir_fold_input_t *input, weir_fold_plan_t *plan)
{
	weir_fold_mode_t mode = s_mode (fold, input);
	weir_acc_t acc = s_choose_acc (input, false, 0);
	weir_plane_t *plane = &plan->planes[plan->n_planes++];
	*plane = s_plane_of_acc (acc, false);
	plane->fold_args.nodata = s_nodata_arg (input->cell);
	plane->fold = mode == WEIR_PLAIN ? weir_fold_sum_fn ((int) input->cell.type, acc, mode)
	                                 : weir_fold_total_fn ((int) input->cell.type, acc);
	plane->merge = weir_fold_sum_fn (plane->type, acc, WEIR_PLAIN);
	plan->planes[plan->n_planes++] = s_count_plane (input, mode);
	plan->is_ordered = acc == WEIR_ACC_F64;
	plan->skips = weir_is_nodata_f64 (input->skip) && mode == WEIR_IGNORE;
}

/* In float64 whatever the cells are: it rounds, so the order counts. */
static void
s_plan_product (const weir_fold_t *fold, const weir_fold_input_t *input, weir_fold_plan_t *plan)
{
	weir_fold_mode_t mode = s_mode (fold, input);
	weir_plane_t *plane = &plan->planes[plan->n_planes++];
	*plane = s_plane_of_acc (WEIR_ACC_F64, true);
	plane->fold_args.nodata = s_nodata_arg (input->cell);
	plane->fold = weir_fold_product_fn (input->cell.type, mode);
	plane->merge = weir_fold_product_fn (WEIR_F64, mode == WEIR_POISON ? mode : WEIR_IGNORE);
	plane->init = s_cell_bits (weir_cell_float (WEIR_F64),
	                           mode == WEIR_IGNORE ? weir_nodata_f64 () : 1);
	plan->is_ordered = true;
	plan->domain.may_be_nodata = true;
	bool skip_is_nodata = weir_is_nodata_f64 (input->skip);
	plan->skips = skip_is_nodata ? mode == WEIR_IGNORE : mode == WEIR_PLAIN && input->skip == 1;
}

static void
s_plan_float_spread (weir_type_t type, weir_fold_mode_t mode, weir_fold_plan_t *plan)
{
	for (plan->n_planes = 0; plan->n_planes < 3; plan->n_planes++)
		plan->planes[plan->n_planes] = s_plane_of_acc (WEIR_ACC_F64, false);
	plan->fold_all = weir_fold_spread_fn (type, mode);
	plan->merge_all = weir_fold_spread_merge;
	plan->is_ordered = true;
}

/* n, Σx, Σx²: 128 bits hold the squares of 32-bit cells over 2^31 labels. */
static void
s_plan_spread (const weir_fold_t *fold, const weir_fold_input_t *input, weir_fold_plan_t *plan)
{
	weir_fold_mode_t mode = s_mode (fold, input);
	weir_type_t type = input->cell.type;
	plan->skips = weir_is_nodata_f64 (input->skip) && mode == WEIR_IGNORE;
	if (weir_type_is_float (type)) {
		s_plan_float_spread (type, mode, plan);
		return;
	}
	double side = fmax (fabs (input->domain.lo), fabs (input->domain.hi));
	weir_acc_t acc = s_choose_acc (input, false, 0), squares = WEIR_ACC_I128;
	if (weir_type_size (type) <= 2)
		squares = side * side * input->n_labels <= INT32_MAX ? WEIR_ACC_I32 : WEIR_ACC_I64;
	plan->planes[plan->n_planes++] = s_count_plane (input, mode);
	weir_plane_t *sum = &plan->planes[plan->n_planes++];
	*sum = s_plane_of_acc (acc, false);
	sum->fold_args.nodata = s_nodata_arg (input->cell);
	sum->fold = mode == WEIR_PLAIN ? weir_fold_sum_fn ((int) type, acc, mode)
	                               : weir_fold_total_fn ((int) type, acc);
	sum->merge = weir_fold_sum_fn (sum->type, acc, WEIR_PLAIN);
	weir_plane_t *square = &plan->planes[plan->n_planes++];
	*square = s_plane_of_acc (squares, false);
	square->fold_args.nodata = s_nodata_arg (input->cell); /* 0 where there is none: adds 0 */
	square->fold = weir_fold_square_fn ((int) type, squares);
	square->merge = squares == WEIR_ACC_I128 ? weir_fold_square_fn (WEIR_I128, squares)
	                                         : weir_fold_sum_fn (square->type, squares, WEIR_PLAIN);
}

/* By the condition (0 and 1 are what comes in), all labels, or the valid ones. */
static void
s_plan_count (const weir_fold_t *fold, const weir_fold_input_t *input, weir_fold_plan_t *plan)
{
	weir_fold_mode_t mode = fold->count_all ? WEIR_PLAIN : s_mode (fold, input);
	weir_plane_t *plane = &plan->planes[plan->n_planes++];
	*plane = s_count_plane (input, mode == WEIR_PLAIN ? WEIR_PLAIN : WEIR_IGNORE);
	weir_acc_t acc = plane->bytes == 2 ? WEIR_ACC_U16 : WEIR_ACC_I32;
	plan->skips = weir_is_nodata_f64 (input->skip) && mode != WEIR_PLAIN;
	if (fold->has_condition) {
		plane->fold = weir_fold_sum_fn ((int) input->cell.type, acc, WEIR_PLAIN);
		plan->skips = input->skip == 0;
	} else if (!fold->count_all && weir_type_is_float (input->cell.type)) {
		plane->fold = weir_fold_finite_fn (input->cell.type, acc);
		plan->skips = !isfinite (input->skip);
	}
	plan->domain = (weir_domain_t){ .lo = 0, .hi = input->n_labels };
}

static void
s_plan_extreme (const weir_fold_t *fold, const weir_fold_input_t *input, weir_fold_plan_t *plan)
{
	bool is_max = fold->kind == WEIR_FOLD_MAX;
	weir_fold_mode_t mode = s_mode (fold, input);
	weir_plane_t *plane = &plan->planes[plan->n_planes++];
	*plane = s_plane_of_cell (input->cell);
	plane->fold = plane->merge = weir_fold_extreme_fn (input->cell.type, is_max, mode);
	double neutral = is_max ? weir_type_min (input->cell.type) : weir_type_max (input->cell.type);
	plane->init = s_cell_bits (input->cell, mode == WEIR_PLAIN ? neutral : weir_nodata_f64 ());
	plan->sets_first = mode == WEIR_POISON;
	bool skip_is_nodata = weir_is_nodata_f64 (input->skip);
	plan->skips = skip_is_nodata ? mode == WEIR_IGNORE
	                             : mode == WEIR_PLAIN && input->skip == neutral;
	plan->domain = input->domain;
}

static void
s_plan_first_last (const weir_fold_t *fold, const weir_fold_input_t *input, weir_fold_plan_t *plan)
{
	bool is_first = fold->kind == WEIR_FOLD_FIRST;
	bool ignores = s_mode (fold, input) == WEIR_IGNORE;
	weir_plane_t *plane = &plan->planes[plan->n_planes++];
	*plane = s_plane_of_cell (input->cell);
	plane->init = s_cell_bits (input->cell, weir_nodata_f64 ());
	if (ignores)
		plane->fold = is_first ? weir_fold_first_fn (input->cell.type)
		                       : weir_fold_last_fn (input->cell.type);
	else
		plane->fold = is_first ? NULL : weir_fold_copy_fn (input->cell.type);
	plane->merge = plane->fold;
	plan->sets_first = is_first && !ignores;
	plan->skips = ignores && weir_is_nodata_f64 (input->skip);
	plan->domain = input->domain;
}

static void
s_plan_logic (const weir_fold_t *fold, const weir_fold_input_t *input, weir_fold_plan_t *plan)
{
	bool is_all = fold->kind == WEIR_FOLD_ALL;
	bool skip_is_nodata = weir_is_nodata_f64 (input->skip);
	weir_plane_t *plane = &plan->planes[plan->n_planes++];
	*plane = s_plane_of_cell (weir_cell_bool ());
	plane->init = is_all;
	plane->fold = plane->merge = weir_fold_any_fn (is_all, fold->ignore_nodata);
	plan->skips = skip_is_nodata ? fold->ignore_nodata : (input->skip != 0) == is_all;
	plan->domain = (weir_domain_t){ .may_be_nodata = !fold->ignore_nodata, .lo = 0, .hi = 1 };
}

/* No reduction: the accumulator starts as what an unobserved slice gives, so that nothing need be
 * told. */
static void
s_plan_none (const weir_fold_input_t *input, weir_fold_plan_t *plan)
{
	weir_plane_t *plane = &plan->planes[plan->n_planes++];
	*plane = s_plane_of_cell (input->cell);
	plane->init = s_cell_bits (input->cell, input->skip);
	plane->fold = plane->merge = weir_fold_copy_fn (input->cell.type);
	plan->skips = true;
	plan->domain = input->domain;
}

void
weir_fold_plan (const weir_fold_t *fold, const weir_fold_input_t *input, weir_fold_plan_t *plan_out)
{
	*plan_out = (weir_fold_plan_t){ .kind = fold->kind };
	switch (fold->kind) {
	case WEIR_FOLD_SUM: s_plan_sum (fold, input, plan_out); break;
	case WEIR_FOLD_MEAN: s_plan_mean (fold, input, plan_out); break;
	case WEIR_FOLD_COUNT: s_plan_count (fold, input, plan_out); break;
	case WEIR_FOLD_MIN:
	case WEIR_FOLD_MAX: s_plan_extreme (fold, input, plan_out); break;
	case WEIR_FOLD_FIRST:
	case WEIR_FOLD_LAST: s_plan_first_last (fold, input, plan_out); break;
	case WEIR_FOLD_ANY:
	case WEIR_FOLD_ALL: s_plan_logic (fold, input, plan_out); break;
	case WEIR_FOLD_PRODUCT: s_plan_product (fold, input, plan_out); break;
	case WEIR_FOLD_VARIANCE:
	case WEIR_FOLD_SD: s_plan_spread (fold, input, plan_out); break;
	case WEIR_FOLD_NONE: s_plan_none (input, plan_out); break;
	case WEIR_N_FOLDS: weir_assert (false);
	}
}
