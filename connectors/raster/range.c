/* range.c - see range.h */
#include "connectors/raster/range.h"

#include <math.h>

#define CONSTANT_GREY 128

/* X (enum, C type, what tells no-data) */
#define INTEGER_IS_MISSING(v) (cell.has_nodata && (double) (v) == cell.nodata)
#define FLOAT_IS_MISSING(v) (!isfinite (v))
#define EACH_TYPE(X)                                                                               \
	X (WEIR_U8, uint8_t, INTEGER_IS_MISSING)                                                       \
	X (WEIR_I8, int8_t, INTEGER_IS_MISSING)                                                        \
	X (WEIR_U16, uint16_t, INTEGER_IS_MISSING)                                                     \
	X (WEIR_I16, int16_t, INTEGER_IS_MISSING)                                                      \
	X (WEIR_U32, uint32_t, INTEGER_IS_MISSING)                                                     \
	X (WEIR_I32, int32_t, INTEGER_IS_MISSING)                                                      \
	X (WEIR_F32, float, FLOAT_IS_MISSING)                                                          \
	X (WEIR_F64, double, FLOAT_IS_MISSING)

#define FIND_RANGE(type_id, c_type, is_missing)                                                    \
	case type_id: {                                                                                \
		const c_type *v = cells;                                                                   \
		for (size_t i = 0; i < n; i++) {                                                           \
			if (is_missing (v[i]))                                                                 \
				continue;                                                                          \
			found.min = n_valid == 0 || (double) v[i] < found.min ? (double) v[i] : found.min;     \
			found.max = n_valid == 0 || (double) v[i] > found.max ? (double) v[i] : found.max;     \
			n_valid++;                                                                             \
		}                                                                                          \
		break;                                                                                     \
	}

void
weir_range_add (weir_piece_range_t *self, weir_cell_t cell, const void *cells, size_t n)
{
	weir_piece_range_t found = { 0 };
	uint64_t n_valid = 0;
	switch (cell.type) {
		EACH_TYPE (FIND_RANGE)
	default: break;
	}
	found.n_valid = n_valid;
	weir_range_merge (self, &found);
}

void
weir_range_merge (weir_piece_range_t *self, const weir_piece_range_t *other)
{
	if (other->n_valid == 0)
		return;
	if (self->n_valid == 0 || other->min < self->min)
		self->min = other->min;
	if (self->n_valid == 0 || other->max > self->max)
		self->max = other->max;
	self->n_valid += other->n_valid;
}

static uint8_t
s_grey_of (const weir_piece_range_t *self, double value)
{
	if (!(self->max > self->min))
		return CONSTANT_GREY;
	/* Halves first: the width of float64's own range does not fit into float64. */
	double share = (value / 2 - self->min / 2) / (self->max / 2 - self->min / 2);
	double grey = rint (share * 255);
	return grey <= 0 ? 0 : grey >= 255 ? 255 : (uint8_t) grey;
}

/* A value missing among floats may still be infinite, which has an end to go to. */
#define STRETCH(type_id, c_type, is_missing)                                                       \
	case type_id: {                                                                                \
		const c_type *v = cells;                                                                   \
		for (size_t i = 0; i < n; i++) {                                                           \
			bool is_shown = !is_missing (v[i]) || isinf ((double) v[i]);                           \
			grey_alpha[2 * i] = is_shown ? s_grey_of (self, (double) v[i]) : 0;                    \
			grey_alpha[2 * i + 1] = is_shown ? 255 : 0;                                            \
		}                                                                                          \
		break;                                                                                     \
	}

static void
s_stretch_cells (const weir_piece_range_t *self, weir_cell_t cell, const void *cells, size_t n,
                 uint8_t *grey_alpha)
{
	switch (cell.type) {
		EACH_TYPE (STRETCH)
	default: break;
	}
}

void
weir_range_stretch (const weir_piece_range_t *self, weir_cell_t cell, const void *cells, size_t n,
                    uint8_t *grey_alpha)
{
	if (cell.type != WEIR_U8 || n < 256) {
		s_stretch_cells (self, cell, cells, n, grey_alpha);
		return;
	}
	uint8_t values[256], table[512];
	for (int i = 0; i < 256; i++)
		values[i] = (uint8_t) i;
	s_stretch_cells (self, cell, values, 256, table);
	const uint8_t *v = cells;
	for (size_t i = 0; i < n; i++)
		memcpy (grey_alpha + 2 * i, table + 2 * (size_t) v[i], 2);
}
