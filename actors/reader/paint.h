/* paint.h - cells into a slice that is being composed: what is valid covers what is there
 *
 * Items come in reverse order of their ids, so the first valid one wins.
 *
 * Shape      cells are of cell.type; a type without no-data is always valid
 * Runs on    any thread; pure
 */
#ifndef WEIR_ACTORS_PAINT_H
#define WEIR_ACTORS_PAINT_H

#include "cube/cell.h"

#include <stddef.h>
#include <stdint.h>

void weir_paint_row (weir_cell_t cell, void *dst, const void *src, size_t n);
/* src[i] goes to dst[at[i]]. */
void weir_paint_cells (weir_cell_t cell, void *dst, const uint32_t *at, const void *src, size_t n);
/* No-data wherever inside[i] is 0; the cell has a no-data. */
void weir_paint_mask (weir_cell_t cell, void *dst, const uint8_t *inside, size_t n);

#endif
