/* paint.c - see paint.h
 *
 * No-data is one bit pattern, in floats too, so cells are compared as integers of their size. */
#include "actors/reader/paint.h"

#include <stdbool.h>
#include <string.h>

static uint64_t
s_nodata_pattern (weir_cell_t cell)
{
	uint64_t pattern = 0;
	if (cell.has_nodata)
		weir_cell_fill_nodata (cell, &pattern, 1);
	return pattern;
}

/* One function a size: ROW, CELLS and MASK. */
#define PAINTERS(T)                                                                                \
	static void s_row_##T (T *d, const T *s, T nodata, size_t n)                                   \
	{                                                                                              \
		for (size_t i = 0; i < n; i++)                                                             \
			d[i] = s[i] != nodata ? s[i] : d[i];                                                   \
	}                                                                                              \
	static void s_cells_##T (T *d, const uint32_t *at, const T *s, T nodata, bool has_nodata,      \
	                         size_t n)                                                             \
	{                                                                                              \
		for (size_t i = 0; i < n; i++)                                                             \
			if (!has_nodata || s[i] != nodata)                                                     \
				d[at[i]] = s[i];                                                                   \
	}                                                                                              \
	static void s_mask_##T (T *d, const uint8_t *inside, T nodata, size_t n)                       \
	{                                                                                              \
		for (size_t i = 0; i < n; i++)                                                             \
			d[i] = inside[i] != 0 ? d[i] : nodata;                                                 \
	}

PAINTERS (uint8_t)
PAINTERS (uint16_t)
PAINTERS (uint32_t)
PAINTERS (uint64_t)

#define BY_SIZE(call)                                                                              \
	switch (weir_type_size (cell.type)) {                                                          \
	case 1: call (uint8_t); break;                                                                 \
	case 2: call (uint16_t); break;                                                                \
	case 4: call (uint32_t); break;                                                                \
	default: call (uint64_t); break;                                                               \
	}

void
weir_paint_row (weir_cell_t cell, void *dst, const void *src, size_t n)
{
	if (!cell.has_nodata) {
		memcpy (dst, src, n * weir_type_size (cell.type));
		return;
	}
	uint64_t nodata = s_nodata_pattern (cell);
#define CALL(T) s_row_##T (dst, src, (T) nodata, n)
	BY_SIZE (CALL)
#undef CALL
}

void
weir_paint_cells (weir_cell_t cell, void *dst, const uint32_t *at, const void *src, size_t n)
{
	uint64_t nodata = s_nodata_pattern (cell);
#define CALL(T) s_cells_##T (dst, at, src, (T) nodata, cell.has_nodata, n)
	BY_SIZE (CALL)
#undef CALL
}

void
weir_paint_mask (weir_cell_t cell, void *dst, const uint8_t *inside, size_t n)
{
	uint64_t nodata = s_nodata_pattern (cell);
#define CALL(T) s_mask_##T (dst, inside, (T) nodata, n)
	BY_SIZE (CALL)
#undef CALL
}
