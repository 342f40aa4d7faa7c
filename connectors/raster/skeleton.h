/* skeleton.h - the empty GeoTIFF that encoded tiles are put into
 *
 * GDAL makes it in memory (SPARSE_OK: all tags, no tile), so that every byte on disk is written by
 * our own calls, whose errors have a number.
 *
 * Runs on   any thread; memory: 16 bytes a tile
 */
#ifndef WEIR_CONNECTORS_RASTER_SKELETON_H
#define WEIR_CONNECTORS_RASTER_SKELETON_H

#include "connectors/raster/assembly.h"

/* *bytes_out: free with VSIFree. */
int weir_skeleton_make (const weir_assembly_t *self, uint64_t label_first, uint64_t n_labels,
                        uint8_t **bytes_out, size_t *n_bytes_out, weir_err_t *err);

/* Adds overviews (halves, until one output tile holds all) to the closed file at file->temp_path.
 * */
int weir_skeleton_add_overviews (const weir_assembly_t *self, const weir_outfile_t *file,
                                 weir_err_t *err);

#endif
