/* fold_spread.c - the loops of product, variance and sd, see fold.h
 *
 * Integers: sums of squares, exact. Floats: each leaf goes through its labels keeping count, mean
 * and squared deviations up to date; two trees are merged by the pairwise formula. A count below 0
 * says that no-data came where it counts.
 *
 * Source   B. P. Welford, Technometrics 4 (1962) 419; T. F. Chan, G. H. Golub, R. J. LeVeque,
 *          Updating formulae and a pairwise algorithm for computing sample variances (1979)
 */
#include "cube/kernel/clones.h"
#include "cube/kernel/fold.h"
#include "cube/kernel/vec.h"
#include "runtime/base/mem.h"

#include <math.h>

__extension__ typedef __int128 s_wide_t;

/* ---- sums of squares */

#define SQUARE(T, TN, A, AN)                                                                       \
	WEIR_CLONES static void s_square_##TN##_##AN (void *restrict acc, const void *restrict src,    \
	                                              size_t n, const weir_fold_args_t *args)          \
	{                                                                                              \
		A *restrict out = acc;                                                                     \
		const T *restrict in = src;                                                                \
		A nodata = (A) args->nodata;                                                               \
		for (size_t i = 0; i < n; i++) {                                                           \
			A x = (A) in[i];                                                                       \
			A add = x == nodata ? 0 : x;                                                           \
			out[i] = (A) (out[i] + add * add);                                                     \
		}                                                                                          \
	}

SQUARE (uint8_t, u8, int32_t, i32)
SQUARE (int8_t, i8, int32_t, i32)
SQUARE (uint16_t, u16, int32_t, i32)
SQUARE (int16_t, i16, int32_t, i32)
SQUARE (uint8_t, u8, int64_t, i64)
SQUARE (int8_t, i8, int64_t, i64)
SQUARE (uint16_t, u16, int64_t, i64)
SQUARE (int16_t, i16, int64_t, i64)
SQUARE (uint32_t, u32, s_wide_t, i128)
SQUARE (int32_t, i32, s_wide_t, i128)

static void
s_add_i128 (void *restrict acc, const void *restrict src, size_t n, const weir_fold_args_t *args)
{
	(void) args;
	s_wide_t *restrict out = acc;
	const s_wide_t *restrict in = src;
	for (size_t i = 0; i < n; i++)
		out[i] += in[i];
}

weir_fold_fn_t *
weir_fold_square_fn (int type, weir_acc_t acc)
{
	static weir_fold_fn_t *const fns[WEIR_I128 + 1][WEIR_N_ACCS] = {
		[WEIR_U8] = { [WEIR_ACC_I32] = s_square_u8_i32, [WEIR_ACC_I64] = s_square_u8_i64 },
		[WEIR_I8] = { [WEIR_ACC_I32] = s_square_i8_i32, [WEIR_ACC_I64] = s_square_i8_i64 },
		[WEIR_U16] = { [WEIR_ACC_I32] = s_square_u16_i32, [WEIR_ACC_I64] = s_square_u16_i64 },
		[WEIR_I16] = { [WEIR_ACC_I32] = s_square_i16_i32, [WEIR_ACC_I64] = s_square_i16_i64 },
		[WEIR_U32] = { [WEIR_ACC_I128] = s_square_u32_i128 },
		[WEIR_I32] = { [WEIR_ACC_I128] = s_square_i32_i128 },
		[WEIR_I128] = { [WEIR_ACC_I128] = s_add_i128 },
	};
	return fns[type][acc];
}

/* ---- products */

#define PRODUCT(T, TN, is_skipped)                                                                 \
	WEIR_CLONES static void s_product_plain_##TN (void *restrict acc, const void *restrict src,    \
	                                              size_t n, const weir_fold_args_t *args)          \
	{                                                                                              \
		(void) args;                                                                               \
		double *restrict out = acc;                                                                \
		const T *restrict in = src;                                                                \
		for (size_t i = 0; i < n; i++)                                                             \
			out[i] *= (double) in[i];                                                              \
	}                                                                                              \
	WEIR_CLONES static void s_product_ignore_##TN (void *restrict acc, const void *restrict src,   \
	                                               size_t n, const weir_fold_args_t *args)         \
	{                                                                                              \
		double *restrict out = acc;                                                                \
		const T *restrict in = src;                                                                \
		T nodata = (T) args->nodata;                                                               \
		(void) nodata;                                                                             \
		for (size_t i = 0; i < n; i++) {                                                           \
			double old = out[i], x = (double) in[i];                                               \
			uint64_t none = WEIR_ND_MASK (old), skip = (is_skipped);                               \
			uint64_t product = (weir_f64_bits (old * x) & ~none) | (weir_f64_bits (x) & none);     \
			out[i] = weir_f64_from_bits ((product & ~skip) | (weir_f64_bits (old) & skip));        \
		}                                                                                          \
	}                                                                                              \
	WEIR_CLONES static void s_product_poison_##TN (void *restrict acc, const void *restrict src,   \
	                                               size_t n, const weir_fold_args_t *args)         \
	{                                                                                              \
		double *restrict out = acc;                                                                \
		const T *restrict in = src;                                                                \
		T nodata = (T) args->nodata;                                                               \
		(void) nodata;                                                                             \
		for (size_t i = 0; i < n; i++) {                                                           \
			double old = out[i], x = (double) in[i];                                               \
			out[i] = weir_nd_where (WEIR_ND_MASK (old) | (is_skipped), old * x);                   \
		}                                                                                          \
	}
#define IS_VALUE (-(uint64_t) (in[i] == nodata))

PRODUCT (uint8_t, u8, IS_VALUE)
PRODUCT (int8_t, i8, IS_VALUE)
PRODUCT (uint16_t, u16, IS_VALUE)
PRODUCT (int16_t, i16, IS_VALUE)
PRODUCT (uint32_t, u32, IS_VALUE)
PRODUCT (int32_t, i32, IS_VALUE)
PRODUCT (float, f32, WEIR_ND_MASK (x))
PRODUCT (double, f64, WEIR_ND_MASK (x))

weir_fold_fn_t *
weir_fold_product_fn (weir_type_t type, weir_fold_mode_t mode)
{
#define PRODUCTS(t)                                                                                \
	{                                                                                              \
		s_product_plain_##t, s_product_ignore_##t, s_product_poison_##t                            \
	}
	static weir_fold_fn_t *const fns[WEIR_N_TYPES][WEIR_N_MODES] = {
		[WEIR_U8] = PRODUCTS (u8),   [WEIR_I8] = PRODUCTS (i8),   [WEIR_U16] = PRODUCTS (u16),
		[WEIR_I16] = PRODUCTS (i16), [WEIR_U32] = PRODUCTS (u32), [WEIR_I32] = PRODUCTS (i32),
		[WEIR_F32] = PRODUCTS (f32), [WEIR_F64] = PRODUCTS (f64),
	};
#undef PRODUCTS
	return fns[type][mode];
}

/* ---- count, mean, squared deviations of floats */

#define SPREAD(T, TN)                                                                              \
	WEIR_CLONES static void s_spread_ignore_##TN (void *const *planes, const void *src, size_t n)  \
	{                                                                                              \
		double *restrict counts = planes[0];                                                       \
		double *restrict means = planes[1];                                                        \
		double *restrict squares = planes[2];                                                      \
		const T *restrict in = src;                                                                \
		for (size_t i = 0; i < n; i++) {                                                           \
			double x = (double) in[i], mean = means[i], square = squares[i];                       \
			uint64_t skip = WEIR_ND_MASK (x);                                                      \
			double count = counts[i] + 1, off = x - mean;                                          \
			double moved = mean + off / count;                                                     \
			double grown = square + off * (x - moved);                                             \
			counts[i] = weir_f64_from_bits ((weir_f64_bits (count) & ~skip) |                      \
			                                (weir_f64_bits (counts[i]) & skip));                   \
			means[i] = weir_f64_from_bits ((weir_f64_bits (moved) & ~skip) |                       \
			                               (weir_f64_bits (mean) & skip));                         \
			squares[i] = weir_f64_from_bits ((weir_f64_bits (grown) & ~skip) |                     \
			                                 (weir_f64_bits (square) & skip));                     \
		}                                                                                          \
	}                                                                                              \
	static void s_spread_poison_##TN (void *const *planes, const void *src, size_t n)              \
	{                                                                                              \
		double *counts = planes[0];                                                                \
		const T *in = src;                                                                         \
		s_spread_ignore_##TN (planes, src, n);                                                     \
		for (size_t i = 0; i < n; i++)                                                             \
			if (weir_is_nodata_f64 ((double) in[i]))                                               \
				counts[i] = -(double) INFINITY; /* and stays, whatever is added */                 \
	}

SPREAD (float, f32)
SPREAD (double, f64)

weir_fold_all_fn_t *
weir_fold_spread_fn (weir_type_t type, weir_fold_mode_t mode)
{
	if (type == WEIR_F32)
		return mode == WEIR_POISON ? s_spread_poison_f32 : s_spread_ignore_f32;
	return mode == WEIR_POISON ? s_spread_poison_f64 : s_spread_ignore_f64;
}

void
weir_fold_spread_merge (void *const *left, const void *const *right, size_t n)
{
	double *counts = left[0], *means = left[1], *squares = left[2];
	const double *other_counts = right[0], *other_means = right[1], *other_squares = right[2];
	for (size_t i = 0; i < n; i++) {
		double a = counts[i], b = other_counts[i], count = a + b;
		if (b == 0)
			continue;
		counts[i] = count;
		if (a == 0) {
			means[i] = other_means[i];
			squares[i] = other_squares[i];
			continue;
		}
		double off = other_means[i] - means[i];
		means[i] += off * (b / count);
		squares[i] += other_squares[i] + off * off * (a * b / count);
	}
}

/* ---- values */

static double
s_spread_value (double count, double squares)
{
	if (count <= 0)
		return weir_nodata_f64 ();
	double value = count == 1 ? WEIR_NAN : squares / (count - 1);
	return value != value ? WEIR_NAN : value;
}

static s_wide_t
s_wide_at (const weir_plane_t *plane, const void *cells, size_t i)
{
	switch (plane->type) {
	case WEIR_U16: return ((const uint16_t *) cells)[i];
	case WEIR_I32: return ((const int32_t *) cells)[i];
	case WEIR_I64: return ((const int64_t *) cells)[i];
	default: return ((const s_wide_t *) cells)[i];
	}
}

/* n Σx² - (Σx)² is exact: at most 2^31 values of 32 bits; only then is anything rounded. */
static double
s_exact_value (const weir_fold_plan_t *self, const void *const *planes, size_t i)
{
	s_wide_t count = s_wide_at (&self->planes[0], planes[0], i);
	s_wide_t sum = s_wide_at (&self->planes[1], planes[1], i);
	s_wide_t squares = s_wide_at (&self->planes[2], planes[2], i);
	if (count <= 0 || (self->planes[0].has_none && (double) count == self->planes[0].none))
		return weir_nodata_f64 ();
	if (count == 1)
		return WEIR_NAN;
	return (double) (count * squares - sum * sum) / (double) (count * (count - 1));
}

void
weir_fold_spread_finish (const weir_fold_plan_t *self, const void *const *planes, double *values,
                         size_t n)
{
	bool is_float = self->fold_all != NULL;
	for (size_t i = 0; i < n; i++) {
		if (is_float)
			values[i] = s_spread_value (((const double *) planes[0])[i],
			                            ((const double *) planes[2])[i]);
		else
			values[i] = s_exact_value (self, planes, i);
		if (self->kind == WEIR_FOLD_SD && !weir_is_nodata_f64 (values[i]))
			values[i] = weir_nan_canonical (sqrt (values[i]));
	}
}
