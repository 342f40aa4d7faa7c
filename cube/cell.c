/* cell.c - see cell.h */
#include "cube/cell.h"

#include "cube/kernel/vec.h"

#include <float.h>
#include <math.h>
#include <strings.h>

static const struct {
	const char *name, *alias;
	size_t bytes;
	bool is_float;
	double min, max;
} s_types[WEIR_N_TYPES] = {
	[WEIR_U8] = { "uint8", "byte", 1, false, 0, UINT8_MAX },
	[WEIR_I8] = { "int8", NULL, 1, false, INT8_MIN, INT8_MAX },
	[WEIR_U16] = { "uint16", NULL, 2, false, 0, UINT16_MAX },
	[WEIR_I16] = { "int16", NULL, 2, false, INT16_MIN, INT16_MAX },
	[WEIR_U32] = { "uint32", NULL, 4, false, 0, UINT32_MAX },
	[WEIR_I32] = { "int32", NULL, 4, false, INT32_MIN, INT32_MAX },
	[WEIR_F32] = { "float32", "float", 4, true, -(double) FLT_MAX, (double) FLT_MAX },
	[WEIR_F64] = { "float64", "double", 8, true, -DBL_MAX, DBL_MAX },
};

size_t
weir_type_size (weir_type_t type)
{
	return s_types[type].bytes;
}

const char *
weir_type_name (weir_type_t type)
{
	return s_types[type].name;
}

bool
weir_type_parse (const char *name, weir_type_t *type_out)
{
	for (int type = 0; name != NULL && type < WEIR_N_TYPES; type++) {
		const char *alias = s_types[type].alias;
		if (strcasecmp (name, s_types[type].name) == 0 ||
		    (alias != NULL && strcasecmp (name, alias) == 0)) {
			*type_out = (weir_type_t) type;
			return true;
		}
	}
	return false;
}

bool
weir_type_is_float (weir_type_t type)
{
	return s_types[type].is_float;
}

double
weir_type_min (weir_type_t type)
{
	return s_types[type].min;
}

double
weir_type_max (weir_type_t type)
{
	return s_types[type].max;
}

bool
weir_type_holds (weir_type_t type, double value)
{
	if (s_types[type].is_float)
		return true;
	return value >= s_types[type].min && value <= s_types[type].max && rint (value) == value;
}

weir_cell_t
weir_cell_bool (void)
{
	return (weir_cell_t){ .type = WEIR_U8, .is_bool = true, .has_nodata = true, .nodata = 255 };
}

weir_cell_t
weir_cell_float (weir_type_t type)
{
	return (weir_cell_t){ .type = type, .has_nodata = true, .nodata = weir_nodata_f64 () };
}

weir_cell_t
weir_cell_widen (weir_cell_t cell)
{
	weir_type_t wider;
	switch (cell.type) {
	case WEIR_U8:
	case WEIR_I8: wider = WEIR_I16; break;
	case WEIR_U16:
	case WEIR_I16: wider = WEIR_I32; break;
	case WEIR_U32:
	case WEIR_I32: return weir_cell_float (WEIR_F64);
	default: return weir_cell_float (cell.type);
	}
	return (weir_cell_t){ .type = wider, .has_nodata = true, .nodata = weir_type_min (wider) };
}

bool
weir_cell_equal (weir_cell_t a, weir_cell_t b)
{
	if (a.type != b.type || a.is_bool != b.is_bool)
		return false;
	if (weir_type_is_float (a.type))
		return true;
	return a.has_nodata == b.has_nodata && (!a.has_nodata || a.nodata == b.nodata);
}

/* Reads one value of C type `ctype`; alignment does not matter. */
#define READ(ctype, cells, i)                                                                      \
	__extension__({                                                                                \
		ctype read_value;                                                                          \
		memcpy (&read_value, (const char *) (cells) + (i) * sizeof (ctype), sizeof (ctype));       \
		(double) read_value;                                                                       \
	})

#define WRITE(ctype, cells, i, value)                                                              \
	do {                                                                                           \
		ctype write_value = (ctype) (value);                                                       \
		memcpy ((char *) (cells) + (i) * sizeof (ctype), &write_value, sizeof (ctype));            \
	} while (0)

double
weir_cell_get (weir_cell_t cell, const void *cells, size_t i)
{
	double value = 0;
	switch (cell.type) {
	case WEIR_U8: value = READ (uint8_t, cells, i); break;
	case WEIR_I8: value = READ (int8_t, cells, i); break;
	case WEIR_U16: value = READ (uint16_t, cells, i); break;
	case WEIR_I16: value = READ (int16_t, cells, i); break;
	case WEIR_U32: value = READ (uint32_t, cells, i); break;
	case WEIR_I32: value = READ (int32_t, cells, i); break;
	case WEIR_F32: return READ (float, cells, i);
	case WEIR_F64: return READ (double, cells, i);
	case WEIR_N_TYPES: break;
	}
	return cell.has_nodata && value == cell.nodata ? weir_nodata_f64 () : value;
}

void
weir_cell_set (weir_cell_t cell, void *cells, size_t i, double value)
{
	if (!weir_type_is_float (cell.type)) {
		if (isnan (value)) /* no-data, and NaN, which no integer can hold */
			value = cell.has_nodata ? cell.nodata : 0;
		value = rint (fmin (fmax (value, weir_type_min (cell.type)), weir_type_max (cell.type)));
	}
	switch (cell.type) {
	case WEIR_U8: WRITE (uint8_t, cells, i, value); break;
	case WEIR_I8: WRITE (int8_t, cells, i, value); break;
	case WEIR_U16: WRITE (uint16_t, cells, i, value); break;
	case WEIR_I16: WRITE (int16_t, cells, i, value); break;
	case WEIR_U32: WRITE (uint32_t, cells, i, value); break;
	case WEIR_I32: WRITE (int32_t, cells, i, value); break;
	case WEIR_F32: WRITE (float, cells, i, value); break;
	case WEIR_F64: WRITE (double, cells, i, value); break;
	case WEIR_N_TYPES: break;
	}
}

void
weir_cell_fill_nodata (weir_cell_t cell, void *cells, size_t n)
{
	uint64_t bits = 0;
	weir_cell_set (cell, &bits, 0, weir_nodata_f64 ());
	weir_fill_bits (cells, weir_type_size (cell.type), bits, n);
}
