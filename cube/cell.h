/* cell.h - what one cell of a cube holds: type and no-data
 *
 * Integers mark no-data with a declared value of their type. Floating point marks it with one
 * particular NaN, WEIR_NODATA_F64 (narrowed: WEIR_NODATA_F32), so that a NaN made by arithmetic
 * stays a NaN and is not missing. Test floats for no-data by their bits, never by x != x.
 * Conversion between float and double keeps the pattern. Booleans are WEIR_U8 with no-data 255 and
 * is_bool set.
 *
 * Runs on   any thread; pure
 */
#ifndef WEIR_CUBE_CELL_H
#define WEIR_CUBE_CELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef enum {
	WEIR_U8 = 0,
	WEIR_I8,
	WEIR_U16,
	WEIR_I16,
	WEIR_U32,
	WEIR_I32,
	WEIR_F32,
	WEIR_F64,
	WEIR_N_TYPES
} weir_type_t;

typedef struct {
	weir_type_t type;
	bool is_bool;    /* values 0 and 1 stand for false and true */
	bool has_nodata; /* floats: always true */
	double nodata;   /* integers: the value; floats: ignored (the NaN pattern) */
} weir_cell_t;

#define WEIR_NODATA_F32_BITS 0x7FC57EDAU
#define WEIR_NODATA_F64_BITS 0x7FF8AFDB40000000ULL

static inline double
weir_nodata_f64 (void)
{
	uint64_t bits = WEIR_NODATA_F64_BITS;
	double value;
	memcpy (&value, &bits, sizeof value);
	return value;
}

static inline float
weir_nodata_f32 (void)
{
	uint32_t bits = WEIR_NODATA_F32_BITS;
	float value;
	memcpy (&value, &bits, sizeof value);
	return value;
}

static inline bool
weir_is_nodata_f64 (double value)
{
	uint64_t bits;
	memcpy (&bits, &value, sizeof bits);
	return bits == WEIR_NODATA_F64_BITS;
}

static inline bool
weir_is_nodata_f32 (float value)
{
	uint32_t bits;
	memcpy (&bits, &value, sizeof bits);
	return bits == WEIR_NODATA_F32_BITS;
}

size_t weir_type_size (weir_type_t type);
const char *weir_type_name (weir_type_t type);                  /* "uint8" … "float64" */
bool weir_type_parse (const char *name, weir_type_t *type_out); /* also "byte", "float", "double" */
bool weir_type_is_float (weir_type_t type);
double weir_type_min (weir_type_t type); /* smallest and largest finite value */
double weir_type_max (weir_type_t type);
bool weir_type_holds (weir_type_t type,
                      double value); /* integers: whole and in range; floats: true */

weir_cell_t weir_cell_bool (void);              /* uint8, 255, is_bool */
weir_cell_t weir_cell_float (weir_type_t type); /* WEIR_F32 or WEIR_F64 */
/* One step wider, for an integer without declared no-data that may be unobserved (DESIGN 8):
 * uint8, int8 -> int16; int16, uint16 -> int32; others -> float64; no-data is the smallest value.
 * */
weir_cell_t weir_cell_widen (weir_cell_t cell);
bool weir_cell_equal (weir_cell_t a, weir_cell_t b);

/* Reads or writes cell i of an array as double; no-data is WEIR_NODATA_F64 on both sides.
 * Writing to an integer rounds half to even and saturates; not for hot loops. */
double weir_cell_get (weir_cell_t cell, const void *cells, size_t i);
void weir_cell_set (weir_cell_t cell, void *cells, size_t i, double value);
void weir_cell_fill_nodata (weir_cell_t cell, void *cells, size_t n);

#endif
