/* fold_kernels.c - the loops of fold.h, one for each pair of types */
#include "cube/kernel/clones.h"
#include "cube/kernel/fold.h"
#include "cube/kernel/vec.h"

#define CAT2_(a, b) a##_##b
#define CAT2(a, b) CAT2_ (a, b)
#define CAT3_(a, b, c) a##_##b##_##c
#define CAT3(a, b, c) CAT3_ (a, b, c)

/* ---- integers: sums, min, max */

#define T uint8_t
#define TN u8
#include "cube/kernel/fold_int.inc"

#define T int8_t
#define TN i8
#include "cube/kernel/fold_int.inc"

#define T uint16_t
#define TN u16
#include "cube/kernel/fold_int.inc"

#define T int16_t
#define TN i16
#include "cube/kernel/fold_int.inc"

#define T uint32_t
#define TN u32
#define WIDE_ONLY
#include "cube/kernel/fold_int.inc"

#define T int32_t
#define TN i32
#define WIDE_ONLY
#include "cube/kernel/fold_int.inc"

/* merging wide sums */
#define T int64_t
#define TN i64
#define A int64_t
#define AN i64
#include "cube/kernel/fold_sum.inc"
#undef T
#undef TN

/* ---- floats */

#define T float
#define TN f32
#define B uint32_t
#define ND_BITS WEIR_NODATA_F32_BITS
#define EXPONENT_BITS 0x7F800000U
#include "cube/kernel/fold_float.inc"

#define T double
#define TN f64
#define B uint64_t
#define ND_BITS WEIR_NODATA_F64_BITS
#define EXPONENT_BITS 0x7FF0000000000000ULL
#include "cube/kernel/fold_float.inc"

WEIR_CLONES static void
s_sum_plain_f64_f64 (void *restrict acc, const void *restrict src, size_t n,
                     const weir_fold_args_t *args)
{
	(void) args;
	double *restrict out = acc;
	const double *restrict in = src;
	for (size_t i = 0; i < n; i++)
		out[i] += in[i];
}

/* ---- by bits */

#define B uint8_t
#define BN b8
#include "cube/kernel/fold_bits.inc"
#define B uint16_t
#define BN b16
#include "cube/kernel/fold_bits.inc"
#define B uint32_t
#define BN b32
#include "cube/kernel/fold_bits.inc"
#define B uint64_t
#define BN b64
#include "cube/kernel/fold_bits.inc"

WEIR_CLONES static void
s_count_all_u16 (void *restrict acc, const void *restrict src, size_t n,
                 const weir_fold_args_t *args)
{
	(void) src, (void) args;
	uint16_t *out = acc;
	for (size_t i = 0; i < n; i++)
		out[i] = (uint16_t) (out[i] + 1U);
}

WEIR_CLONES static void
s_count_all_i32 (void *restrict acc, const void *restrict src, size_t n,
                 const weir_fold_args_t *args)
{
	(void) src, (void) args;
	int32_t *out = acc;
	for (size_t i = 0; i < n; i++)
		out[i] += 1;
}

/* ---- any, all: 0, 1, 255; whatever else is not 0 is true */

#define BOOLEANS(name, ctype_body)                                                                 \
	WEIR_CLONES static void name (void *restrict acc, const void *restrict src, size_t n,          \
	                              const weir_fold_args_t *args)                                    \
	{                                                                                              \
		(void) args;                                                                               \
		uint8_t *restrict out = acc;                                                               \
		const uint8_t *restrict in = src;                                                          \
		for (size_t i = 0; i < n; i++) {                                                           \
			uint8_t x = in[i], old = out[i];                                                       \
			uint8_t is_true = (x != 0) & (x != 255), is_nodata = (x == 255) | (old == 255);        \
			(void) is_true, (void) is_nodata;                                                      \
			out[i] = (uint8_t) (ctype_body);                                                       \
		}                                                                                          \
	}
#define OR_NODATA(decided, value, otherwise) ((decided) ? (value) : is_nodata ? 255 : (otherwise))

BOOLEANS (s_any_ignore, old | is_true)
BOOLEANS (s_any_poison, OR_NODATA (is_true | (old == 1), 1, 0))
BOOLEANS (s_all_ignore, old &(x != 0))
BOOLEANS (s_all_poison, OR_NODATA ((x == 0) | (old == 0), 0, 1))

/* ---- tables */

#define SUMS(t, a)                                                                                 \
	{                                                                                              \
		s_sum_plain_##t##_##a, s_sum_ignore_##t##_##a, s_sum_poison_##t##_##a                      \
	}
#define SMALL_SUMS(t)                                                                              \
	{                                                                                              \
		[WEIR_ACC_U16] = SUMS (t, u16), [WEIR_ACC_I32] = SUMS (t, i32),                            \
		[WEIR_ACC_I64] = SUMS (t, i64)                                                             \
	}

weir_fold_fn_t *
weir_fold_sum_fn (int type, weir_acc_t acc, weir_fold_mode_t mode)
{
	static weir_fold_fn_t *const fns[WEIR_I64 + 1][WEIR_N_ACCS][WEIR_N_MODES] = {
		[WEIR_U8] = SMALL_SUMS (u8),
		[WEIR_I8] = SMALL_SUMS (i8),
		[WEIR_U16] = SMALL_SUMS (u16),
		[WEIR_I16] = SMALL_SUMS (i16),
		[WEIR_U32] = { [WEIR_ACC_I32] = SUMS (u32, i32), [WEIR_ACC_I64] = SUMS (u32, i64) },
		[WEIR_I32] = { [WEIR_ACC_I32] = SUMS (i32, i32), [WEIR_ACC_I64] = SUMS (i32, i64) },
		[WEIR_F32] = { [WEIR_ACC_F64] = { NULL, s_sum_ignore_f32_f64, s_sum_poison_f32_f64 } },
		[WEIR_F64] = { [WEIR_ACC_F64] = SUMS (f64, f64) },
		[WEIR_I64] = { [WEIR_ACC_I64] = SUMS (i64, i64) },
	};
	return fns[type][acc][mode];
}

weir_fold_fn_t *
weir_fold_total_fn (int type, weir_acc_t acc)
{
	static weir_fold_fn_t *const fns[WEIR_I64 + 1][WEIR_N_ACCS] = {
		[WEIR_U8] = { [WEIR_ACC_I32] = s_total_u8_i32, [WEIR_ACC_I64] = s_total_u8_i64 },
		[WEIR_I8] = { [WEIR_ACC_I32] = s_total_i8_i32, [WEIR_ACC_I64] = s_total_i8_i64 },
		[WEIR_U16] = { [WEIR_ACC_I32] = s_total_u16_i32, [WEIR_ACC_I64] = s_total_u16_i64 },
		[WEIR_I16] = { [WEIR_ACC_I32] = s_total_i16_i32, [WEIR_ACC_I64] = s_total_i16_i64 },
		[WEIR_U32] = { [WEIR_ACC_I32] = s_total_u32_i32, [WEIR_ACC_I64] = s_total_u32_i64 },
		[WEIR_I32] = { [WEIR_ACC_I32] = s_total_i32_i32, [WEIR_ACC_I64] = s_total_i32_i64 },
		[WEIR_F32] = { [WEIR_ACC_F64] = s_total_f32_f64 },
		[WEIR_F64] = { [WEIR_ACC_F64] = s_total_f64_f64 },
	};
	return fns[type][acc];
}

#define EXTREMES(t)                                                                                \
	{                                                                                              \
		{ s_plain_min_##t, s_ignore_min_##t, s_poison_min_##t },                                   \
		{                                                                                          \
			s_plain_max_##t, s_ignore_max_##t, s_poison_max_##t                                    \
		}                                                                                          \
	}
#define FLOAT_EXTREMES(t)                                                                          \
	{                                                                                              \
		{ NULL, s_ignore_min_##t, s_poison_min_##t },                                              \
		{                                                                                          \
			NULL, s_ignore_max_##t, s_poison_max_##t                                               \
		}                                                                                          \
	}

weir_fold_fn_t *
weir_fold_extreme_fn (weir_type_t type, bool is_max, weir_fold_mode_t mode)
{
	static weir_fold_fn_t *const fns[WEIR_N_TYPES][2][WEIR_N_MODES] = {
		[WEIR_U8] = EXTREMES (u8),         [WEIR_I8] = EXTREMES (i8),
		[WEIR_U16] = EXTREMES (u16),       [WEIR_I16] = EXTREMES (i16),
		[WEIR_U32] = EXTREMES (u32),       [WEIR_I32] = EXTREMES (i32),
		[WEIR_F32] = FLOAT_EXTREMES (f32), [WEIR_F64] = FLOAT_EXTREMES (f64),
	};
	return fns[type][is_max][mode];
}

static int
s_width (weir_type_t type)
{
	size_t bytes = weir_type_size (type);
	return bytes == 1 ? 0 : bytes == 2 ? 1 : bytes == 4 ? 2 : 3;
}

#define BY_WIDTH(name)                                                                             \
	{                                                                                              \
		name##_b8, name##_b16, name##_b32, name##_b64                                              \
	}
#define BY_WIDTH_INTO(name, c)                                                                     \
	{                                                                                              \
		name##_b8_##c, name##_b16_##c, name##_b32_##c, name##_b64_##c                              \
	}

weir_fold_fn_t *
weir_fold_count_fn (weir_type_t type, weir_acc_t acc, weir_fold_mode_t mode)
{
	static weir_fold_fn_t *const all[2] = { s_count_all_u16, s_count_all_i32 };
	static weir_fold_fn_t *const valid[2][4] = { BY_WIDTH_INTO (s_count, u16),
		                                         BY_WIDTH_INTO (s_count, i32) };
	static weir_fold_fn_t *const poison[2][4] = { BY_WIDTH_INTO (s_count_poison, u16),
		                                          BY_WIDTH_INTO (s_count_poison, i32) };
	bool is_wide = acc != WEIR_ACC_U16;
	if (mode == WEIR_PLAIN)
		return all[is_wide];
	return mode == WEIR_IGNORE ? valid[is_wide][s_width (type)] : poison[is_wide][s_width (type)];
}

weir_fold_fn_t *
weir_fold_finite_fn (weir_type_t type, weir_acc_t acc)
{
	if (type == WEIR_F32)
		return acc == WEIR_ACC_U16 ? s_finite_f32_u16 : s_finite_f32_i32;
	return acc == WEIR_ACC_U16 ? s_finite_f64_u16 : s_finite_f64_i32;
}

weir_fold_fn_t *
weir_fold_first_fn (weir_type_t type)
{
	static weir_fold_fn_t *const fns[4] = BY_WIDTH (s_first);
	return fns[s_width (type)];
}

weir_fold_fn_t *
weir_fold_last_fn (weir_type_t type)
{
	static weir_fold_fn_t *const fns[4] = BY_WIDTH (s_last);
	return fns[s_width (type)];
}

weir_fold_fn_t *
weir_fold_copy_fn (weir_type_t type)
{
	static weir_fold_fn_t *const fns[4] = BY_WIDTH (s_copy);
	return fns[s_width (type)];
}

weir_fold_fn_t *
weir_fold_any_fn (bool is_all, bool ignore_nodata)
{
	if (is_all)
		return ignore_nodata ? s_all_ignore : s_all_poison;
	return ignore_nodata ? s_any_ignore : s_any_poison;
}
