/* clones.h - what the hot kernels share: CPU variants, and no-data by its bits
 *
 * Debian builds for plain x86-64 (SSE2). WEIR_CLONES compiles a function for AVX-512 and AVX2 as
 * well and lets the loader choose. All variants give the same bits: no contraction
 * (-ffp-contract=off), no reordering of floats. WEIR_KERNEL_BASELINE leaves the clones out, so that
 * a test can compare.
 */
#ifndef WEIR_CUBE_KERNEL_CLONES_H
#define WEIR_CUBE_KERNEL_CLONES_H

#include "cube/cell.h"

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && defined(__OPTIMIZE__) &&    \
	!defined(WEIR_SANITIZED) && !defined(WEIR_KERNEL_BASELINE)
#define WEIR_CLONES __attribute__ ((target_clones ("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define WEIR_CLONES
#endif

static inline uint64_t
weir_f64_bits (double value)
{
	uint64_t bits;
	memcpy (&bits, &value, sizeof bits);
	return bits;
}

static inline uint32_t
weir_f32_bits (float value)
{
	uint32_t bits;
	memcpy (&bits, &value, sizeof bits);
	return bits;
}

static inline double
weir_f64_from_bits (uint64_t bits)
{
	double value;
	memcpy (&value, &bits, sizeof value);
	return value;
}

/* Masks (all ones or zero) rather than conditions: GCC 12 vectorises these for AVX2 too. */
#define WEIR_ND_MASK(value) (-(uint64_t) (weir_f64_bits (value) == WEIR_NODATA_F64_BITS))

/* no-data where the mask says so, else `value`. */
static inline double
weir_nd_where (uint64_t mask, double value)
{
	return weir_f64_from_bits ((weir_f64_bits (value) & ~mask) | (WEIR_NODATA_F64_BITS & mask));
}

/* `value`, and every NaN in it that is not no-data (by the bits of `of`) the one NaN of ours. */
static inline double
weir_nan_of (double of, double value)
{
	uint64_t nan = -(uint64_t) (of != of);
	uint64_t bits = (weir_f64_bits (value) & ~nan) | (0x7FF8000000000000ULL & nan);
	return weir_nd_where (WEIR_ND_MASK (of), weir_f64_from_bits (bits));
}

#endif
