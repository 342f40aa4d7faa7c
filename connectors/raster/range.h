/* range.h - smallest and largest valid value of cells, and their stretch to grey
 *
 * Valid is what is finite and not no-data.
 *
 * Runs on   any thread; pure
 */
#ifndef WEIR_CONNECTORS_RASTER_RANGE_H
#define WEIR_CONNECTORS_RASTER_RANGE_H

#include "connectors/raster/piece.h"

void weir_range_add (weir_piece_range_t *self, weir_cell_t cell, const void *cells, size_t n);
void weir_range_merge (weir_piece_range_t *self, const weir_piece_range_t *other);

/* n cells to n pairs of grey and alpha: min -> 0, max -> 255, rounded; a map of one value only is
 * 128; no-data and NaN are grey 0, alpha 0; infinite values take the nearer end. */
void weir_range_stretch (const weir_piece_range_t *self, weir_cell_t cell, const void *cells,
                         size_t n, uint8_t *grey_alpha);

#endif
