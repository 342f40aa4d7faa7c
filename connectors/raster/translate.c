/* translate.c - raw cells of a file to cells of a slice: type and no-data (raster.h)
 *
 * One loop for each pair of types, without branches, so that the compiler makes vectors of it. A
 * value that does not fit a narrower integer is saturated; floats going to integers round half to
 * even.
 *
 * Runs on   any thread; pure
 */
#include "connectors/raster/raster.h"

#include <float.h>
#include <math.h>

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(WEIR_SANITIZED)
#define CLONES __attribute__ ((target_clones ("avx2", "default")))
#else
#define CLONES
#endif

/* X (name, C type, smallest, largest) of the integers */
#define INTEGERS(X, ...)                                                                           \
	X (U8, uint8_t, 0, UINT8_MAX, __VA_ARGS__)                                                     \
	X (I8, int8_t, INT8_MIN, INT8_MAX, __VA_ARGS__)                                                \
	X (U16, uint16_t, 0, UINT16_MAX, __VA_ARGS__)                                                  \
	X (I16, int16_t, INT16_MIN, INT16_MAX, __VA_ARGS__)                                            \
	X (U32, uint32_t, 0, UINT32_MAX, __VA_ARGS__)                                                  \
	X (I32, int32_t, INT32_MIN, INT32_MAX, __VA_ARGS__)

typedef void s_translate_fn (bool has_nodata, double nodata, const void *raw, double marker,
                             void *cells, size_t n);

/* marker: what no-data becomes; ignored for floats. nodata is a value of the raw type where
 * has_nodata. */
#define INTEGER_TO_INTEGER(to, to_c, to_min, to_max, from, from_c)                                 \
	CLONES static void s_##from##_to_##to (bool has_nodata, double nodata, const void *raw,        \
	                                       double marker, void *cells, size_t n)                   \
	{                                                                                              \
		const from_c *src = raw;                                                                   \
		to_c *dst = cells;                                                                         \
		const from_c missing = has_nodata ? (from_c) nodata : 0;                                   \
		const to_c mark = (to_c) marker;                                                           \
		if (has_nodata) {                                                                          \
			for (size_t i = 0; i < n; i++) {                                                       \
				int64_t v = src[i];                                                                \
				to_c c = (to_c) (v < (to_min) ? (to_min) : v > (to_max) ? (to_max) : v);           \
				dst[i] = src[i] == missing ? mark : c;                                             \
			}                                                                                      \
		} else {                                                                                   \
			for (size_t i = 0; i < n; i++) {                                                       \
				int64_t v = src[i];                                                                \
				dst[i] = (to_c) (v < (to_min) ? (to_min) : v > (to_max) ? (to_max) : v);           \
			}                                                                                      \
		}                                                                                          \
	}

#define INTEGER_TO_FLOAT(from, from_c, to, to_c, pattern)                                          \
	CLONES static void s_##from##_to_##to (bool has_nodata, double nodata, const void *raw,        \
	                                       double marker, void *cells, size_t n)                   \
	{                                                                                              \
		(void) marker;                                                                             \
		const from_c *src = raw;                                                                   \
		to_c *dst = cells;                                                                         \
		const from_c missing = has_nodata ? (from_c) nodata : 0;                                   \
		const to_c mark = pattern ();                                                              \
		for (size_t i = 0; i < n; i++)                                                             \
			dst[i] = has_nodata && src[i] == missing ? mark : (to_c) src[i];                       \
	}

/* Where nothing is declared `nodata` is NaN, which equals nothing. */
#define FLOAT_TO_INTEGER(to, to_c, to_min, to_max, from, from_c)                                   \
	CLONES static void s_##from##_to_##to (bool has_nodata, double nodata, const void *raw,        \
	                                       double marker, void *cells, size_t n)                   \
	{                                                                                              \
		(void) has_nodata;                                                                         \
		const from_c *src = raw;                                                                   \
		to_c *dst = cells;                                                                         \
		const from_c missing = (from_c) nodata;                                                    \
		const to_c mark = (to_c) marker;                                                           \
		for (size_t i = 0; i < n; i++) {                                                           \
			double v = rint ((double) src[i]);                                                     \
			bool is_missing = src[i] != src[i] || src[i] == missing;                               \
			dst[i] = is_missing              ? mark                                                \
			         : v < (double) (to_min) ? (to_c) (to_min)                                     \
			         : v > (double) (to_max) ? (to_c) (to_max)                                     \
			                                 : (to_c) v;                                           \
		}                                                                                          \
	}

#define FLOAT_TO_FLOAT(from, from_c, to, to_c, pattern)                                            \
	CLONES static void s_##from##_to_##to (bool has_nodata, double nodata, const void *raw,        \
	                                       double marker, void *cells, size_t n)                   \
	{                                                                                              \
		(void) has_nodata;                                                                         \
		(void) marker;                                                                             \
		const from_c *src = raw;                                                                   \
		to_c *dst = cells;                                                                         \
		const from_c missing = (from_c) nodata;                                                    \
		const to_c mark = pattern ();                                                              \
		for (size_t i = 0; i < n; i++)                                                             \
			dst[i] = (src[i] != src[i]) | (src[i] == missing) ? mark : (to_c) src[i];              \
	}

#define FROM_INTEGER(from, from_c)                                                                 \
	INTEGERS (INTEGER_TO_INTEGER, from, from_c)                                                    \
	INTEGER_TO_FLOAT (from, from_c, F32, float, weir_nodata_f32)                                   \
	INTEGER_TO_FLOAT (from, from_c, F64, double, weir_nodata_f64)

FROM_INTEGER (U8, uint8_t)
FROM_INTEGER (I8, int8_t)
FROM_INTEGER (U16, uint16_t)
FROM_INTEGER (I16, int16_t)
FROM_INTEGER (U32, uint32_t)
FROM_INTEGER (I32, int32_t)
INTEGERS (FLOAT_TO_INTEGER, F32, float)
INTEGERS (FLOAT_TO_INTEGER, F64, double)
FLOAT_TO_FLOAT (F32, float, F32, float, weir_nodata_f32)
FLOAT_TO_FLOAT (F32, float, F64, double, weir_nodata_f64)
FLOAT_TO_FLOAT (F64, double, F32, float, weir_nodata_f32)
FLOAT_TO_FLOAT (F64, double, F64, double, weir_nodata_f64)

#define ROW(from)                                                                                  \
	{                                                                                              \
		s_##from##_to_U8, s_##from##_to_I8, s_##from##_to_U16, s_##from##_to_I16,                  \
			s_##from##_to_U32, s_##from##_to_I32, s_##from##_to_F32, s_##from##_to_F64             \
	}

static s_translate_fn *const s_translate[WEIR_N_TYPES][WEIR_N_TYPES] = {
	ROW (U8), ROW (I8), ROW (U16), ROW (I16), ROW (U32), ROW (I32), ROW (F32), ROW (F64),
};

bool
weir_raster_is_identity (weir_type_t type, bool has_nodata, double nodata, weir_cell_t cell)
{
	if (type != cell.type || weir_type_is_float (type))
		return false; /* any NaN of a file has to become the one NaN that is no-data */
	if (!has_nodata || !weir_type_holds (type, nodata))
		return true;
	return !cell.has_nodata || cell.nodata == nodata;
}

/* The declared value as a value of the raw type; NaN where there is none, so that nothing equals
 * it. */
static double
s_comparable_nodata (weir_type_t type, bool has_nodata, double nodata)
{
	if (!has_nodata || isnan (nodata))
		return (double) NAN;
	if (type == WEIR_F32 && isfinite (nodata) && fabs (nodata) > (double) FLT_MAX)
		return nodata < 0 ? -(double) FLT_MAX : (double) FLT_MAX; /* tags often overshoot float32 */
	if (!weir_type_is_float (type) && !weir_type_holds (type, nodata))
		return (double) NAN;
	return nodata;
}

void
weir_raster_translate (weir_type_t type, bool has_nodata, double nodata, const void *raw,
                       weir_cell_t cell, void *cells, size_t n)
{
	if (weir_raster_is_identity (type, has_nodata, nodata, cell)) {
		memcpy (cells, raw, n * weir_type_size (type));
		return;
	}
	double missing = s_comparable_nodata (type, has_nodata, nodata);
	double marker = cell.has_nodata && weir_type_holds (cell.type, cell.nodata) ? cell.nodata : 0;
	bool is_marked = !isnan (missing) && (cell.has_nodata || weir_type_is_float (cell.type));
	s_translate[type][cell.type](is_marked, missing, raw, marker, cells, n);
}
