/* vec.c - see vec.h */
#include "cube/kernel/vec.h"

#include "cube/kernel/clones.h"
#include "runtime/base/mem.h"

#include <float.h>
#include <math.h>

#define ND weir_nodata_f64 ()

/* ---- operations */

#define IS_TRUE(x) (((x) < 0) | ((x) > 0))
#define BOOL(condition) ((condition) ? 1.0 : 0.0)
#define EQUAL(x, y, delta) (((x) == (y)) | (fabs ((x) - (y)) <= (delta)))

/* `result` may use x, y, z and value; `no_data` says where the result is no-data instead. */
#define VEC_OP(name, n_args, no_data, result)                                                      \
	WEIR_CLONES static void s_op_##name (double *restrict dst, const double *a, const double *b,   \
	                                     const double *c, double value, size_t n)                  \
	{                                                                                              \
		(void) value, (void) b, (void) c;                                                          \
		for (size_t i = 0; i < n; i++) {                                                           \
			double x = a[i], y = (n_args) > 1 ? b[i] : 0, z = (n_args) > 2 ? c[i] : 0;             \
			(void) y, (void) z;                                                                    \
			double r = (result);                                                                   \
			dst[i] = weir_nd_where (no_data, r);                                                   \
		}                                                                                          \
	}

#define ND1 WEIR_ND_MASK (x)
#define ND2 (WEIR_ND_MASK (x) | WEIR_ND_MASK (y))
#define ND3 (WEIR_ND_MASK (x) | WEIR_ND_MASK (y) | WEIR_ND_MASK (z))
#define MASK(condition) (-(uint64_t) (condition))
#define FALSE_MASK(x) (MASK (!IS_TRUE (x)) & ~WEIR_ND_MASK (x))

VEC_OP (add, 2, ND2, x + y)
VEC_OP (subtract, 2, ND2, x - y)
VEC_OP (multiply, 2, ND2, x *y)
VEC_OP (divide, 2, ND2, x / y)
VEC_OP (absolute, 1, ND1, fabs (x))
VEC_OP (sqrt, 1, ND1, sqrt (x))
VEC_OP (normalized_difference, 2, ND2, (x - y) / (x + y))
VEC_OP (eq, 2, ND2, BOOL (EQUAL (x, y, value)))
VEC_OP (neq, 2, ND2, BOOL (!EQUAL (x, y, value)))
VEC_OP (gt, 2, ND2, BOOL (x > y))
VEC_OP (gte, 2, ND2, BOOL (x >= y))
VEC_OP (lt, 2, ND2, BOOL (x < y))
VEC_OP (lte, 2, ND2, BOOL (x <= y))
VEC_OP (between, 3, ND3, BOOL ((x >= y) & ((x < z) | ((x == z) & (value == 0)))))
VEC_OP (and, 2, ND2 & ~FALSE_MASK (x) & ~FALSE_MASK (y), BOOL (IS_TRUE (x) & IS_TRUE (y)))
VEC_OP (or, 2, ND2 &MASK (!IS_TRUE (x)) & MASK (!IS_TRUE (y)), BOOL (IS_TRUE (x) | IS_TRUE (y)))
VEC_OP (xor, 2, ND2, BOOL (IS_TRUE (x) != IS_TRUE (y)))
VEC_OP (not, 1, ND1, BOOL (!IS_TRUE (x)))
VEC_OP (if, 3, 0, IS_TRUE (x) ? y : z)
VEC_OP (is_nodata, 1, 0, weir_f64_from_bits (ND1 &weir_f64_bits (1.0)))
VEC_OP (is_nan, 1, 0, weir_f64_from_bits (MASK (x != x) & ~ND1 & weir_f64_bits (1.0)))
VEC_OP (is_valid, 1, 0, BOOL (fabs (x) <= DBL_MAX))

static weir_vec_op_fn_t *const s_op_table[WEIR_N_OPS] = {
	[WEIR_OP_ADD] = s_op_add,
	[WEIR_OP_SUBTRACT] = s_op_subtract,
	[WEIR_OP_MULTIPLY] = s_op_multiply,
	[WEIR_OP_DIVIDE] = s_op_divide,
	[WEIR_OP_ABSOLUTE] = s_op_absolute,
	[WEIR_OP_SQRT] = s_op_sqrt,
	[WEIR_OP_NORMALIZED_DIFFERENCE] = s_op_normalized_difference,
	[WEIR_OP_EQ] = s_op_eq,
	[WEIR_OP_NEQ] = s_op_neq,
	[WEIR_OP_GT] = s_op_gt,
	[WEIR_OP_GTE] = s_op_gte,
	[WEIR_OP_LT] = s_op_lt,
	[WEIR_OP_LTE] = s_op_lte,
	[WEIR_OP_BETWEEN] = s_op_between,
	[WEIR_OP_AND] = s_op_and,
	[WEIR_OP_OR] = s_op_or,
	[WEIR_OP_XOR] = s_op_xor,
	[WEIR_OP_NOT] = s_op_not,
	[WEIR_OP_IF] = s_op_if,
	[WEIR_OP_IS_NODATA] = s_op_is_nodata,
	[WEIR_OP_IS_NAN] = s_op_is_nan,
	[WEIR_OP_IS_VALID] = s_op_is_valid,
};

weir_vec_op_fn_t *
weir_vec_op (weir_op_t op)
{
	weir_assert (s_op_table[op] != NULL);
	return s_op_table[op];
}

/* ---- load */

#define VEC_LOAD(name, ctype)                                                                      \
	WEIR_CLONES static void s_load_##name (double *restrict dst, const ctype *restrict src,        \
	                                       double nodata, size_t n)                                \
	{                                                                                              \
		for (size_t i = 0; i < n; i++) {                                                           \
			double x = (double) src[i];                                                            \
			dst[i] = x == nodata ? ND : x;                                                         \
		}                                                                                          \
	}

VEC_LOAD (u8, uint8_t)
VEC_LOAD (i8, int8_t)
VEC_LOAD (u16, uint16_t)
VEC_LOAD (i16, int16_t)
VEC_LOAD (u32, uint32_t)
VEC_LOAD (i32, int32_t)

/* 64-bit sums lose bits as double: their sentinel is told apart as an integer. */
WEIR_CLONES static void
s_load_i64 (double *restrict dst, const int64_t *restrict src, double nodata, size_t n)
{
	bool has_none = nodata == nodata;
	for (size_t i = 0; i < n; i++)
		dst[i] = has_none && src[i] == INT64_MIN ? ND : (double) src[i];
}

#define VEC_LOAD_FLOAT(name, ctype)                                                                \
	WEIR_CLONES static void s_load_##name (double *restrict dst, const ctype *restrict src,        \
	                                       size_t n)                                               \
	{                                                                                              \
		for (size_t i = 0; i < n; i++) {                                                           \
			double x = (double) src[i];                                                            \
			dst[i] = weir_nan_of (x, x);                                                           \
		}                                                                                          \
	}

VEC_LOAD_FLOAT (f32, float)
VEC_LOAD_FLOAT (f64, double)

void
weir_vec_load (int type, double nodata, double *dst, const void *src, size_t n)
{
	switch (type) {
	case WEIR_U8: s_load_u8 (dst, src, nodata, n); break;
	case WEIR_I8: s_load_i8 (dst, src, nodata, n); break;
	case WEIR_U16: s_load_u16 (dst, src, nodata, n); break;
	case WEIR_I16: s_load_i16 (dst, src, nodata, n); break;
	case WEIR_U32: s_load_u32 (dst, src, nodata, n); break;
	case WEIR_I32: s_load_i32 (dst, src, nodata, n); break;
	case WEIR_F32: s_load_f32 (dst, src, n); break;
	case WEIR_F64: s_load_f64 (dst, src, n); break;
	case WEIR_I64: s_load_i64 (dst, src, nodata, n); break;
	default: weir_assert (false);
	}
}

/* ---- round */

#define ROUND_MAGIC                                                                                \
	6755399441055744.0 /* 1.5 * 2^52: adding and subtracting it rounds half to even */

/* Clamped first, so that the magic holds; a zero comes out positive. `lost` stands for no-data and
 * NaN. */
WEIR_CLONES static void
s_round_int (double *dst, const double *src, double lo, double hi, double nodata, double lost,
             size_t n)
{
#pragma GCC ivdep
	for (size_t i = 0; i < n; i++) {
		double x = src[i];
		double clamped = x < lo ? lo : x;
		clamped = clamped > hi ? hi : clamped;
		double r = (clamped + ROUND_MAGIC) - ROUND_MAGIC;
		uint64_t nan = MASK (x != x);
		uint64_t bits = (weir_f64_bits (r) & ~nan) | (weir_f64_bits (lost) & nan);
		dst[i] = weir_nd_where (MASK (r == nodata), weir_f64_from_bits (bits));
	}
}

WEIR_CLONES static void
s_round_f32 (double *dst, const double *src, size_t n)
{
#pragma GCC ivdep
	for (size_t i = 0; i < n; i++) {
		double x = src[i];
		dst[i] = weir_nan_of (x, (double) (float) x);
	}
}

WEIR_CLONES static void
s_round_f64 (double *dst, const double *src, size_t n)
{
#pragma GCC ivdep
	for (size_t i = 0; i < n; i++) {
		dst[i] = weir_nan_of (src[i], src[i]);
	}
}

void
weir_vec_round (weir_cell_t cell, double *dst, const double *src, size_t n)
{
	if (cell.type == WEIR_F64)
		s_round_f64 (dst, src, n);
	else if (cell.type == WEIR_F32)
		s_round_f32 (dst, src, n);
	else
		s_round_int (dst, src, weir_type_min (cell.type), weir_type_max (cell.type),
		             cell.has_nodata ? cell.nodata : WEIR_NAN, cell.has_nodata ? ND : 0.0, n);
}

/* ---- store */

#define VEC_STORE(name, ctype, via)                                                                \
	WEIR_CLONES static void s_store_##name (ctype *restrict dst, const double *restrict src,       \
	                                        double nodata, size_t n)                               \
	{                                                                                              \
		for (size_t i = 0; i < n; i++) {                                                           \
			double x = src[i];                                                                     \
			x = x == x ? x : nodata;                                                               \
			dst[i] = (ctype) (via);                                                                \
		}                                                                                          \
	}

VEC_STORE (u8, uint8_t, (int32_t) x)
VEC_STORE (i8, int8_t, (int32_t) x)
VEC_STORE (u16, uint16_t, (int32_t) x)
VEC_STORE (i16, int16_t, (int32_t) x)
VEC_STORE (i32, int32_t, (int32_t) x)
/* There is no vector conversion to uint32 below AVX-512: go through int32. */
VEC_STORE (u32, uint32_t, (uint32_t) (int32_t) (x - 2147483648.0) ^ 0x80000000U)

WEIR_CLONES static void
s_store_f32 (float *restrict dst, const double *restrict src, size_t n)
{
	for (size_t i = 0; i < n; i++)
		dst[i] = (float) src[i];
}

void
weir_vec_store (weir_cell_t cell, void *dst, const double *src, size_t n)
{
	double nodata = cell.has_nodata ? cell.nodata : 0;
	switch (cell.type) {
	case WEIR_U8: s_store_u8 (dst, src, nodata, n); break;
	case WEIR_I8: s_store_i8 (dst, src, nodata, n); break;
	case WEIR_U16: s_store_u16 (dst, src, nodata, n); break;
	case WEIR_I16: s_store_i16 (dst, src, nodata, n); break;
	case WEIR_U32: s_store_u32 (dst, src, nodata, n); break;
	case WEIR_I32: s_store_i32 (dst, src, nodata, n); break;
	case WEIR_F32: s_store_f32 (dst, src, n); break;
	case WEIR_F64: memcpy (dst, src, n * sizeof (double)); break;
	case WEIR_N_TYPES: weir_assert (false);
	}
}

/* ---- checks and helpers */

WEIR_CLONES static size_t
s_count_misfits (const double *src, double lo, double hi, double nodata, bool no_nan, size_t n)
{
	uint64_t misfits = 0, nan_counts = MASK (no_nan);
	for (size_t i = 0; i < n; i++) {
		double x = src[i];
		uint64_t misfit = MASK (x < lo) | MASK (x >= hi) | MASK (x == nodata);
		misfits -= misfit | (MASK (x != x) & nan_counts);
	}
	return misfits;
}

size_t
weir_vec_misfits (weir_cell_t cell, bool strict, const double *src, size_t n)
{
	if (weir_type_is_float (cell.type))
		return 0;
	/* Half to even: the smallest value is even and takes its half, the largest is odd and does not.
	 * */
	return s_count_misfits (src, weir_type_min (cell.type) - 0.5, weir_type_max (cell.type) + 0.5,
	                        strict && cell.has_nodata ? cell.nodata : WEIR_NAN, !cell.has_nodata,
	                        n);
}

WEIR_CLONES static void
s_mean (double *restrict sum, const double *restrict count, double poison, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		double r = sum[i] / count[i];
		sum[i] = weir_nd_where (MASK (count[i] == 0) | MASK (count[i] == poison), r);
	}
}

void
weir_vec_mean (double *sum, const double *count, double poison, size_t n)
{
	s_mean (sum, count, poison, n);
}

void
weir_fill_bits (void *dst, size_t cell_bytes, uint64_t bits, size_t n)
{
	enum { BLOCK = 4096 };
	char *bytes = dst;
	size_t total = cell_bytes * n, block = total < BLOCK ? total : BLOCK;
	if (total == 0)
		return;
	if (cell_bytes == 1 || cell_bytes > sizeof bits) { /* wide cells only ever start at 0 */
		memset (bytes, (int) (bits & 0xFFU), total);
		return;
	}
	memcpy (bytes, &bits, cell_bytes); /* little-endian: the low bytes come first */
	for (size_t done = cell_bytes; done < block; done *= 2)
		memcpy (bytes + done, bytes, done < block - done ? done : block - done);
	for (size_t done = block; done < total; done += block)
		memcpy (bytes + done, bytes, block < total - done ? block : total - done);
}
