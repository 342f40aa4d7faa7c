/* rows.h - encoded chunks of kind "rows", put side by side to bands of full rows
 *
 * For formats that are written row by row. One row of chunks is held at a time, still deflated, and
 * of it one piece row (block_height rows of one band, the grid's full width) decoded.
 *
 * Runs on   one thread
 */
#ifndef WEIR_CONNECTORS_RASTER_ROWS_H
#define WEIR_CONNECTORS_RASTER_ROWS_H

#include "connectors/raster/assembly.h"

/* n_rows full rows of `band` from `row` on; cells are valid during the call. */
typedef int weir_rows_fn (void *arg, uint32_t band, int64_t row, uint32_t n_rows, const void *cells,
                          weir_err_t *err);

/* Chunk row by chunk row, in it band by band, in it top to bottom. */
int weir_rows_each (const weir_assembly_t *self, uint64_t label, weir_rows_fn *fn, void *arg,
                    weir_err_t *err);

#endif
