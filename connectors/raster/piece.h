/* piece.h - how an encoded chunk is laid out: header, lengths, pieces
 *
 * A piece is one output tile of one band (tiles: compressed as libtiff would, padded at the grid's
 * right and bottom edge), or, where the file is made row by row (PNG, GTiff with strips), the
 * chunk's full width times block_height rows of one band (rows: native cells, deflated, not
 * padded). Which of them, how large and how many follows from plan and chunk alone, so the header
 * is only a check.
 *
 *   0 magic[8]   8 kind   12 type   16 n_bands   20 piece_width   24 piece_height   28 n_piece_cols
 *     32 n_piece_rows
 *  36 n_pieces  40 valid_min (f64)  48 valid_max (f64)  56 n_valid (u64)  64 length[n_pieces] (u32)
 *   then the pieces
 *
 * All little endian. Order of pieces: band, then piece row, then piece column. valid_min, valid_max
 * and n_valid speak of finite values that are not no-data; they are only counted where the format
 * stretches (PNG), else n_valid is 0.
 *
 * Runs on   any thread; pure
 */
#ifndef WEIR_CONNECTORS_RASTER_PIECE_H
#define WEIR_CONNECTORS_RASTER_PIECE_H

#include "connectors/raster/encode.h"

#define WEIR_PIECE_HEADER_BYTES ((size_t) 64)
#define WEIR_PIECE_MAGIC "WEIRENC1"

typedef enum { WEIR_PIECE_NONE = 0, WEIR_PIECE_TILES, WEIR_PIECE_ROWS } weir_piece_kind_t;

typedef struct {
	weir_piece_kind_t kind;
	weir_type_t type;
	uint32_t n_bands;
	uint32_t width, height;  /* of a piece; rows: the last of a chunk may be lower */
	uint32_t n_cols, n_rows; /* pieces in a chunk's band */
	uint32_t n_pieces;
	uint32_t cols, rows; /* of the chunk */
} weir_piece_shape_t;

typedef struct {
	double min, max;
	uint64_t n_valid;
} weir_piece_range_t;

typedef struct { /* a checked encoded chunk; borrows its bytes */
	weir_piece_shape_t shape;
	weir_piece_range_t range;
	const uint8_t *lengths;
	const uint8_t *pieces;
} weir_piece_view_t;

/* Fails where the plan's numbers do not go together (a plan may have come over the wire). */
int weir_piece_shape (const weir_plan_t *plan, const weir_plan_chunk_t *chunk,
                      weir_piece_shape_t *shape_out, weir_err_t *err);
uint32_t weir_piece_rows_of (const weir_piece_shape_t *self,
                             uint32_t piece_row); /* cells high, kind rows */
/* Most bytes that one piece can have, and the header's size with lengths. */
size_t weir_piece_bytes_max (const weir_piece_shape_t *self, const char *compress);
size_t weir_piece_head_bytes (const weir_piece_shape_t *self);

/* lengths: n_pieces of them; head: weir_piece_head_bytes () long. */
void weir_piece_write_head (const weir_piece_shape_t *self, const weir_piece_range_t *range,
                            const uint32_t *lengths, uint8_t *head);
int weir_piece_parse (const weir_plan_t *plan, const weir_plan_chunk_t *chunk, const uint8_t *bytes,
                      size_t n_bytes, weir_piece_view_t *view_out, weir_err_t *err);
/* What an encoded chunk says of itself, held against nothing but its own length; false where that
 * cannot be. The chunk's rows and columns are not in it: 0. */
bool weir_piece_describe (const uint8_t *bytes, size_t n_bytes, weir_piece_view_t *view_out);
/* Length of piece i; pieces lie one after the other. */
uint32_t weir_piece_length (const weir_piece_view_t *self, uint32_t i);

#endif
