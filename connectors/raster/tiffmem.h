/* tiffmem.h - output tiles compressed by libtiff, caught on their way to a file that does not exist
 *
 * libtiff is given a tiled image that is exactly as large as a chunk's pieces and writes it into a
 * growing buffer. Tiles are written in order, so each one lands right behind the last; no directory
 * is ever written, and what is in the buffer is what a raw tile of the final file has to be.
 *
 * Runs on   one thread an object
 */
#ifndef WEIR_CONNECTORS_RASTER_TIFFMEM_H
#define WEIR_CONNECTORS_RASTER_TIFFMEM_H

#include "connectors/raster/piece.h"

#include <tiffio.h>

/* libtiff's number for a compression by name (COMPRESSION_…); false if it is unknown or not built
 * in. */
bool weir_tiff_compression (const char *name, uint16_t *number_out);
bool weir_tiff_has_predictor (uint16_t compression);

typedef struct weir_tiffmem weir_tiffmem_t;

/* head_bytes: free space left at the front of the buffer. */
int weir_tiffmem_new (const weir_piece_shape_t *shape, const weir_format_options_t *options,
                      const char *where, size_t head_bytes, weir_tiffmem_t **self_out,
                      weir_err_t *err);
void weir_tiffmem_destroy (weir_tiffmem_t **self_p);
/* Appends tile i (the next one). cells: a whole tile. */
int weir_tiffmem_add (weir_tiffmem_t *self, uint32_t i, const void *cells, uint32_t *length_out,
                      weir_err_t *err);
/* Appends tile i as a copy of an earlier tile's bytes, which begin `offset` bytes into the buffer.
 * */
int weir_tiffmem_repeat (weir_tiffmem_t *self, uint32_t i, size_t offset, uint32_t length,
                         weir_err_t *err);
/* Bytes in the buffer: where the next tile will begin. */
size_t weir_tiffmem_used (const weir_tiffmem_t *self);
/* The buffer becomes the caller's (free). */
uint8_t *weir_tiffmem_take (weir_tiffmem_t *self, size_t *n_bytes_out);

#endif
