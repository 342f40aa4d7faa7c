/* reference.c - see reference.h */
#include "reference.h"

#include "cube/kernel/vec.h"
#include "runtime/base/mem.h"

#include <math.h>
#include <stdlib.h>

#define ND weir_nodata_f64 ()

static bool
s_is_nd (double value)
{
	return weir_is_nodata_f64 (value);
}

/* Sum of a range of ranks by leaves of 16 and the binary tree over the leaves' numbers; `start` of
 * each leaf. */
static double
s_tree_sum (const double *values, size_t first, size_t n, bool is_none_start)
{
	size_t span = WEIR_LEAF_LABELS;
	while (span < n)
		span *= 2;
	if (span > WEIR_LEAF_LABELS) {
		double left = s_tree_sum (values, first, span / 2, is_none_start);
		double right = s_tree_sum (values, first + span / 2, n - span / 2, is_none_start);
		return s_is_nd (left) ? right : s_is_nd (right) ? left : left + right;
	}
	double sum = is_none_start ? ND : 0.0;
	for (size_t i = first; i < first + n; i++)
		if (!s_is_nd (values[i]))
			sum = s_is_nd (sum) ? values[i] : sum + values[i];
	return sum;
}

static double
s_sum (const weir_fold_t *fold, weir_cell_t cell, const double *values, size_t n)
{
	if (weir_type_is_float (cell.type))
		return s_tree_sum (values, 0, n, fold->kind == WEIR_FOLD_SUM && fold->ignore_nodata);
	int64_t sum = 0;
	for (size_t i = 0; i < n; i++)
		if (!s_is_nd (values[i]))
			sum += (int64_t) values[i];
	return (double) sum;
}

/* The same for products. */
static double
s_tree_product (const double *values, size_t first, size_t n)
{
	size_t span = WEIR_LEAF_LABELS;
	while (span < n)
		span *= 2;
	if (span > WEIR_LEAF_LABELS) {
		double left = s_tree_product (values, first, span / 2);
		double right = s_tree_product (values, first + span / 2, n - span / 2);
		return s_is_nd (left) ? right : s_is_nd (right) ? left : left * right;
	}
	double product = ND;
	for (size_t i = first; i < first + n; i++)
		if (!s_is_nd (values[i]))
			product = s_is_nd (product) ? values[i] : product * values[i];
	return product;
}

typedef struct {
	double count, mean, squares;
} s_spread_t;

static s_spread_t
s_join_spreads (s_spread_t a, s_spread_t b)
{
	s_spread_t both = { .count = a.count + b.count };
	if (a.count == 0 || b.count == 0)
		return a.count == 0 ? b : a;
	double off = b.mean - a.mean;
	both.mean = a.mean + off * (b.count / both.count);
	both.squares = a.squares + (b.squares + off * off * (a.count * b.count / both.count));
	return both;
}

static s_spread_t
s_tree_spread (const double *values, size_t first, size_t n)
{
	size_t span = WEIR_LEAF_LABELS;
	s_spread_t leaf = { 0 };
	while (span < n)
		span *= 2;
	if (span > WEIR_LEAF_LABELS)
		return s_join_spreads (s_tree_spread (values, first, span / 2),
		                       s_tree_spread (values, first + span / 2, n - span / 2));
	for (size_t i = first; i < first + n; i++) {
		if (s_is_nd (values[i]))
			continue;
		double off = values[i] - leaf.mean;
		leaf.count += 1;
		leaf.mean += off / leaf.count;
		leaf.squares += off * (values[i] - leaf.mean);
	}
	return leaf;
}

/* Of a sample; of one value NaN. */
static double
s_variance (weir_cell_t cell, const double *values, size_t n, size_t n_valid)
{
	__extension__ __int128 sum = 0, squares = 0, count = (int64_t) n_valid;
	if (n_valid == 1)
		return NAN;
	if (weir_type_is_float (cell.type)) {
		s_spread_t spread = s_tree_spread (values, 0, n);
		return spread.squares / (spread.count - 1);
	}
	for (size_t i = 0; i < n; i++)
		if (!s_is_nd (values[i])) {
			__extension__ __int128 x = (int64_t) values[i];
			sum += x;
			squares += x * x;
		}
	return (double) (count * squares - sum * sum) / (double) (count * (count - 1));
}

static double
s_extreme (bool is_max, const double *values, size_t n)
{
	double best = ND;
	for (size_t i = 0; i < n; i++) {
		if (s_is_nd (values[i]))
			continue;
		bool is_better = is_max ? values[i] > best : values[i] < best;
		if (s_is_nd (best) || isnan (values[i]) || is_better)
			best = values[i];
	}
	return best;
}

static double
s_count (const weir_fold_t *fold, const double *values, size_t n)
{
	size_t count = 0;
	for (size_t i = 0; i < n; i++) {
		if (fold->count_all)
			count++;
		else if (fold->has_condition) {
			double truth = weir_prog_eval (&fold->condition, &values[i]);
			count += truth > 0 || truth < 0;
		} else
			count += isfinite (values[i]) != 0;
	}
	return (double) count;
}

static double
s_logic (bool is_all, bool ignores, const double *values, size_t n)
{
	bool nodata = false;
	for (size_t i = 0; i < n; i++) {
		bool is_true = values[i] > 0 || values[i] < 0;
		if (s_is_nd (values[i]))
			nodata = true;
		else if (is_true != is_all)
			return !is_all;
	}
	return nodata && !ignores ? ND : is_all;
}

static double
s_end (bool is_first, bool ignores, const double *values, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		double value = values[is_first ? i : n - 1 - i];
		if (!ignores || !s_is_nd (value))
			return value;
	}
	return ND;
}

static double
s_fold (const weir_fold_t *fold, weir_cell_t cell, const double *values, size_t n)
{
	size_t n_valid = 0;
	for (size_t i = 0; i < n; i++)
		n_valid += !s_is_nd (values[i]);
	switch (fold->kind) {
	case WEIR_FOLD_COUNT: return s_count (fold, values, n);
	case WEIR_FOLD_ANY: return s_logic (false, fold->ignore_nodata, values, n);
	case WEIR_FOLD_ALL: return s_logic (true, fold->ignore_nodata, values, n);
	case WEIR_FOLD_FIRST: return s_end (true, fold->ignore_nodata, values, n);
	case WEIR_FOLD_LAST: return s_end (false, fold->ignore_nodata, values, n);
	default: break;
	}
	if (n_valid == 0 || (!fold->ignore_nodata && n_valid < n))
		return ND;
	switch (fold->kind) {
	case WEIR_FOLD_SUM: return s_sum (fold, cell, values, n);
	case WEIR_FOLD_MEAN: return s_sum (fold, cell, values, n) / (double) n_valid;
	case WEIR_FOLD_PRODUCT: return s_tree_product (values, 0, n);
	case WEIR_FOLD_VARIANCE: return weir_nan_canonical (s_variance (cell, values, n, n_valid));
	case WEIR_FOLD_SD: return weir_nan_canonical (sqrt (s_variance (cell, values, n, n_valid)));
	default: return s_extreme (fold->kind == WEIR_FOLD_MAX, values, n);
	}
}

/* Rounds to a cell; false where an integer cannot hold it. */
static bool
s_fit (weir_cell_t cell, bool strict, double *value)
{
	bool fits = true;
	if (!weir_type_is_float (cell.type)) {
		double rounded = rint (*value);
		fits = isnan (*value) ? cell.has_nodata : weir_type_holds (cell.type, rounded);
		if (strict && cell.has_nodata && *value == cell.nodata)
			fits = false;
	}
	*value = weir_cell_round (cell, *value);
	return fits;
}

static double
s_steps (const weir_prog_t *steps, size_t n, double value)
{
	for (size_t i = 0; i < n; i++)
		value = weir_prog_eval (&steps[i], &value);
	return value;
}

bool
reference_cell (const weir_pipeline_t *p, const double *values, size_t n_labels, void *out,
                size_t i)
{
	double *mapped = weir_alloc (n_labels * sizeof *mapped);
	weir_cell_t cell = p->n_slice_steps > 0 ? p->slice_steps[p->n_slice_steps - 1].out : p->in;
	for (size_t k = 0; k < n_labels; k++)
		mapped[k] = s_steps (p->slice_steps, p->n_slice_steps, values[k]);
	double folded[WEIR_PIPELINE_FOLDS_MAX] = { n_labels > 0 ? mapped[0] : ND };
	bool fits = true;
	for (size_t k = 0; k < p->n_folds; k++) {
		folded[k] = s_fold (&p->folds[k], cell, mapped, n_labels);
		fits = s_fit (p->folds[k].out, true, &folded[k]) && fits;
	}
	free (mapped);
	double value = p->post.n_instr > 0 ? weir_prog_eval (&p->post, folded) : folded[0];
	value = s_steps (p->chunk_steps, p->n_chunk_steps, value);
	fits = s_fit (p->out, false, &value) && fits;
	weir_cell_set (p->out, out, i, value);
	return fits;
}
