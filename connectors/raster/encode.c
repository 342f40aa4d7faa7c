/* encode.c - a finished chunk to an encoded one (encode.h) */
#include "connectors/raster/encode.h"

#include "connectors/raster/piece.h"
#include "connectors/raster/range.h"
#include "connectors/raster/tiffmem.h"
#include "runtime/base/mem.h"

#include <stdlib.h>
#include <zlib.h>

#define ROW_PIECE_LEVEL 1 /* these bytes live only until the file is made */

/* One chunk on its way. */
typedef struct {
	const weir_plan_output_t *output;
	weir_piece_shape_t shape;
	weir_cell_t cell;
	size_t cell_bytes;
	bool renames_nodata; /* floats: no-data gets the value that the file declares */
	const uint8_t *cells;
	uint32_t *lengths;
	weir_piece_range_t range;
	weir_err_t *err;
} s_encoder_t;

static const uint8_t *
s_cell_at (const s_encoder_t *self, uint32_t band, size_t row, size_t col)
{
	size_t plane = (size_t) self->shape.cols * self->shape.rows;
	return self->cells + (band * plane + row * self->shape.cols + col) * self->cell_bytes;
}

static void
s_fill_padding (const s_encoder_t *self, uint8_t *tile, size_t n_cells)
{
	if (self->cell.has_nodata || weir_type_is_float (self->cell.type))
		weir_cell_fill_nodata (self->cell, tile, n_cells);
	else
		memset (tile, 0, n_cells * self->cell_bytes);
}

/* The cells of a tile: in place where they lie together already, else copied (and padded) into
 * `tile`. */
static const uint8_t *
s_gather_tile (const s_encoder_t *self, uint32_t band, uint32_t tile_row, uint32_t tile_col,
               uint8_t *tile)
{
	const weir_piece_shape_t *shape = &self->shape;
	size_t row = (size_t) tile_row * shape->height;
	size_t col = (size_t) tile_col * shape->width;
	size_t n_rows = shape->rows - row < shape->height ? shape->rows - row : shape->height;
	size_t n_cols = shape->cols - col < shape->width ? shape->cols - col : shape->width;
	const uint8_t *src = s_cell_at (self, band, row, col);
	if (shape->cols == shape->width && n_rows == shape->height)
		return src;
	if (n_rows < shape->height || n_cols < shape->width)
		s_fill_padding (self, tile, (size_t) shape->width * shape->height);
	for (size_t i = 0; i < n_rows; i++)
		memcpy (tile + i * shape->width * self->cell_bytes,
		        src + i * shape->cols * self->cell_bytes, n_cols * self->cell_bytes);
	return tile;
}

/* The same cells, or a copy of them in `copy`, with no-data as the file says it. */
static const uint8_t *
s_rename_nodata (const s_encoder_t *self, const uint8_t *cells, uint8_t *copy, size_t n_cells)
{
	double value = self->output->options.nodata;
	if (!self->renames_nodata)
		return cells;
	if (cells != copy)
		memcpy (copy, cells, n_cells * self->cell_bytes);
	if (self->cell.type == WEIR_F32) {
		float *floats = (float *) (void *) copy;
		for (size_t i = 0; i < n_cells; i++)
			floats[i] = weir_is_nodata_f32 (floats[i]) ? (float) value : floats[i];
	} else {
		double *doubles = (double *) (void *) copy;
		for (size_t i = 0; i < n_cells; i++)
			doubles[i] = weir_is_nodata_f64 (doubles[i]) ? value : doubles[i];
	}
	return copy;
}

/* Much of a map is tiles of one value: what such a tile became is remembered for a few values. */
typedef struct {
	uint8_t value[8];
	size_t offset;   /* of its bytes in the buffer */
	uint32_t length; /* 0: none yet */
} s_flat_t;

enum { N_FLATS = 4 };

static bool
s_is_flat (const uint8_t *cells, size_t n_bytes, size_t cell_bytes)
{
	return memcmp (cells, cells + cell_bytes, n_bytes - cell_bytes) == 0;
}

static const s_flat_t *
s_find_flat (const s_flat_t *flats, const uint8_t *cell, size_t cell_bytes)
{
	for (size_t i = 0; i < N_FLATS; i++)
		if (flats[i].length > 0 && memcmp (flats[i].value, cell, cell_bytes) == 0)
			return &flats[i];
	return NULL;
}

static int
s_encode_tile (s_encoder_t *self, weir_tiffmem_t *memory, s_flat_t *flats, uint32_t i,
               const uint8_t *cells)
{
	size_t n_bytes = (size_t) self->shape.width * self->shape.height * self->cell_bytes;
	bool is_flat = s_is_flat (cells, n_bytes, self->cell_bytes);
	const s_flat_t *known = is_flat ? s_find_flat (flats, cells, self->cell_bytes) : NULL;
	if (known != NULL) {
		self->lengths[i] = known->length;
		return weir_tiffmem_repeat (memory, i, known->offset, known->length, self->err);
	}
	s_flat_t flat = { .offset = weir_tiffmem_used (memory) };
	int status = weir_tiffmem_add (memory, i, cells, &self->lengths[i], self->err);
	if (status == 0 && is_flat) {
		memcpy (flat.value, cells, self->cell_bytes);
		flat.length = self->lengths[i];
		memmove (flats + 1, flats, (N_FLATS - 1) * sizeof *flats);
		flats[0] = flat;
	}
	return status;
}

static int
s_encode_tiles (s_encoder_t *self, uint8_t **bytes_out, size_t *n_bytes_out)
{
	const weir_piece_shape_t *shape = &self->shape;
	weir_tiffmem_t *memory = NULL;
	s_flat_t flats[N_FLATS] = { 0 };
	int status = weir_tiffmem_new (shape, &self->output->options, self->output->node,
	                               weir_piece_head_bytes (shape), &memory, self->err);
	if (status != 0)
		return status;
	uint8_t *tile = weir_alloc ((size_t) shape->width * shape->height * self->cell_bytes);
	for (uint32_t i = 0; status == 0 && i < shape->n_pieces; i++) {
		uint32_t per_band = shape->n_cols * shape->n_rows;
		uint32_t in_band = i % per_band;
		const uint8_t *cells = s_gather_tile (self, i / per_band, in_band / shape->n_cols,
		                                      in_band % shape->n_cols, tile);
		cells = s_rename_nodata (self, cells, tile, (size_t) shape->width * shape->height);
		status = s_encode_tile (self, memory, flats, i, cells);
	}
	free (tile);
	if (status == 0)
		*bytes_out = weir_tiffmem_take (memory, n_bytes_out);
	weir_tiffmem_destroy (&memory);
	return status;
}

static int
s_out_of_memory (const s_encoder_t *self)
{
	return weir_err_set (self->err, WEIR_E_MEMORY, WEIR_CLASS_OVERLOADED, "MemoryExhausted",
	                     self->output->node, "no memory to encode a chunk");
}

/* Appends one piece, deflated, to *bytes_p. */
static int
s_encode_row_piece (s_encoder_t *self, uint32_t i, uint8_t *scratch, uint8_t **bytes_p,
                    size_t *used)
{
	const weir_piece_shape_t *shape = &self->shape;
	uint32_t piece_row = i % shape->n_rows;
	size_t n_cells = (size_t) weir_piece_rows_of (shape, piece_row) * shape->cols;
	const uint8_t *cells = s_cell_at (self, i / shape->n_rows, (size_t) piece_row * shape->height,
	                                  0);
	cells = s_rename_nodata (self, cells, scratch, n_cells);
	size_t n = n_cells * self->cell_bytes;
	uLongf length = compressBound (n);
	uint8_t *grown = *used + length <= WEIR_ENCODED_BYTES_MAX ? realloc (*bytes_p, *used + length)
	                                                          : NULL;
	if (grown == NULL)
		return s_out_of_memory (self);
	*bytes_p = grown;
	if (compress2 (grown + *used, &length, cells, n, ROW_PIECE_LEVEL) != Z_OK)
		return s_out_of_memory (self);
	*used += length;
	self->lengths[i] = (uint32_t) length;
	return 0;
}

static int
s_encode_rows (s_encoder_t *self, uint8_t **bytes_out, size_t *n_bytes_out)
{
	const weir_piece_shape_t *shape = &self->shape;
	size_t used = weir_piece_head_bytes (shape);
	uint8_t *bytes = NULL, *scratch = NULL;
	int status = 0;
	if (self->renames_nodata)
		scratch = weir_alloc ((size_t) shape->height * shape->cols * self->cell_bytes);
	for (uint32_t i = 0; status == 0 && i < shape->n_pieces; i++)
		status = s_encode_row_piece (self, i, scratch, &bytes, &used);
	free (scratch);
	if (status != 0) {
		free (bytes);
		return status;
	}
	uint8_t *fitting = realloc (bytes, used);
	*bytes_out = fitting != NULL ? fitting : bytes;
	*n_bytes_out = used;
	return 0;
}

static int
s_encode_nothing (s_encoder_t *self, uint8_t **bytes_out, size_t *n_bytes_out)
{
	*n_bytes_out = weir_piece_head_bytes (&self->shape);
	*bytes_out = malloc (*n_bytes_out);
	return *bytes_out != NULL ? 0 : s_out_of_memory (self);
}

int
weir_encode_chunk (const weir_plan_t *plan, const weir_plan_chunk_t *chunk, const void *cells,
                   uint8_t **bytes_out, size_t *n_bytes_out, weir_err_t *err)
{
	*bytes_out = NULL;
	*n_bytes_out = 0;
	s_encoder_t self = { .cells = cells, .err = err };
	int status = weir_piece_shape (plan, chunk, &self.shape, err);
	if (status != 0)
		return status;
	self.output = &plan->outputs[chunk->output];
	self.cell = self.output->pipeline.out;
	self.cell_bytes = weir_type_size (self.cell.type);
	self.renames_nodata = self.output->options.has_nodata && weir_type_is_float (self.cell.type);
	self.lengths = weir_alloc (((size_t) self.shape.n_pieces + 1) * sizeof *self.lengths);
	if (self.shape.kind == WEIR_PIECE_TILES)
		status = s_encode_tiles (&self, bytes_out, n_bytes_out);
	else if (self.shape.kind == WEIR_PIECE_ROWS)
		status = s_encode_rows (&self, bytes_out, n_bytes_out);
	else
		status = s_encode_nothing (&self, bytes_out, n_bytes_out);
	if (self.output->format == WEIR_FORMAT_PNG)
		weir_range_add (&self.range, self.cell, cells,
		                (size_t) self.shape.n_bands * self.shape.rows * self.shape.cols);
	if (status == 0)
		weir_piece_write_head (&self.shape, &self.range, self.lengths, *bytes_out);
	free (self.lengths);
	return status;
}
