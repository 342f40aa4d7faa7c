/* rows.c - see rows.h */
#include "connectors/raster/rows.h"

#include "runtime/base/mem.h"

#include <stdlib.h>
#include <zlib.h>

typedef struct {
	const weir_assembly_t *assembly;
	weir_assembly_chunk_t *chunks; /* one row of them */
	size_t *offsets;               /* of the next piece of each chunk's band */
	size_t cell_bytes, width;      /* of the grid */
	uint8_t *cells;                /* the piece row */
	size_t cells_bytes;
	uint8_t *piece; /* one inflated piece, where it cannot go to its place at once */
	size_t piece_bytes;
} s_rows_t;

static bool
s_reserve (uint8_t **buffer, size_t *capacity, size_t rows, size_t cols, size_t cell_bytes)
{
	size_t bytes;
	if (!weir_size_mul (rows, cols, &bytes) || !weir_size_mul (bytes, cell_bytes, &bytes))
		return false;
	if (bytes <= *capacity)
		return *buffer != NULL;
	free (*buffer);
	*buffer = malloc (bytes);
	*capacity = *buffer != NULL ? bytes : 0;
	return *buffer != NULL;
}

static int
s_inflate_piece (s_rows_t *self, uint64_t col, uint32_t index, uint32_t n_rows, weir_err_t *err)
{
	weir_assembly_chunk_t *chunk = &self->chunks[col];
	size_t cols = chunk->view.shape.cols;
	size_t row_bytes = cols * self->cell_bytes;
	bool is_whole = cols == self->width;
	uint8_t *place = self->cells + (size_t) chunk->chunk.window.col * self->cell_bytes;
	if (!is_whole && !s_reserve (&self->piece, &self->piece_bytes, n_rows, cols, self->cell_bytes))
		return weir_err_set (err, WEIR_E_MEMORY, WEIR_CLASS_OVERLOADED, "MemoryExhausted",
		                     self->assembly->output->node, "no memory for rows of the result");
	uint8_t *target = is_whole ? place : self->piece;
	uint32_t length = weir_piece_length (&chunk->view, index);
	uLongf got = row_bytes * n_rows;
	int status = uncompress (target, &got, chunk->view.pieces + self->offsets[col], length);
	self->offsets[col] += length;
	if (status != Z_OK || got != row_bytes * n_rows)
		return weir_err_invalid (err, "EncodedChunkInvalid", self->assembly->output->node,
		                         "a piece of an encoded chunk that cannot be decoded");
	for (uint32_t row = 0; !is_whole && row < n_rows; row++)
		memcpy (place + row * self->width * self->cell_bytes, self->piece + row * row_bytes,
		        row_bytes);
	return 0;
}

/* One piece row of one band, over all chunks of the row. */
static int
s_emit_piece_row (s_rows_t *self, uint32_t band, uint32_t piece_row, weir_rows_fn *fn, void *arg,
                  weir_err_t *err)
{
	const weir_piece_shape_t *shape = &self->chunks[0].view.shape;
	uint32_t n_rows = weir_piece_rows_of (shape, piece_row);
	if (!s_reserve (&self->cells, &self->cells_bytes, n_rows, self->width, self->cell_bytes))
		return weir_err_set (err, WEIR_E_MEMORY, WEIR_CLASS_OVERLOADED, "MemoryExhausted",
		                     self->assembly->output->node, "no memory for rows of the result");
	int status = weir_assembly_ask (self->assembly, err);
	for (uint64_t col = 0; status == 0 && col < self->assembly->output->n_chunk_cols; col++)
		status = s_inflate_piece (self, col, band * shape->n_rows + piece_row, n_rows, err);
	if (status != 0)
		return status;
	int64_t row = self->chunks[0].chunk.window.row + (int64_t) piece_row * shape->height;
	return fn (arg, band, row, n_rows, self->cells, err);
}

static int
s_fetch_row (s_rows_t *self, uint64_t label, uint64_t chunk_row, weir_err_t *err)
{
	int status = 0;
	int64_t covered = 0;
	uint64_t n_cols = self->assembly->output->n_chunk_cols;
	for (uint64_t col = 0; status == 0 && col < n_cols; col++) {
		weir_assembly_chunk_t *chunk = &self->chunks[col];
		status = weir_assembly_fetch (self->assembly, label, col, chunk_row, chunk, err);
		self->offsets[col] = 0;
		if (status == 0 &&
		    (chunk->view.shape.kind != WEIR_PIECE_ROWS || chunk->chunk.window.col != covered ||
		     chunk->view.shape.rows != self->chunks[0].view.shape.rows))
			status = weir_err_invalid (err, "PlanInvalid", self->assembly->output->node,
			                           "chunks that do not fit side by side");
		covered += chunk->chunk.window.width;
	}
	if (status == 0 && covered != (int64_t) self->width)
		status = weir_err_invalid (err, "PlanInvalid", self->assembly->output->node,
		                           "chunks that do not cover the grid");
	return status;
}

int
weir_rows_each (const weir_assembly_t *assembly, uint64_t label, weir_rows_fn *fn, void *arg,
                weir_err_t *err)
{
	const weir_plan_output_t *output = assembly->output;
	s_rows_t self = { .assembly = assembly,
		              .chunks = weir_alloc (output->n_chunk_cols * sizeof *self.chunks),
		              .offsets = weir_alloc (output->n_chunk_cols * sizeof *self.offsets),
		              .cell_bytes = weir_type_size (output->pipeline.out.type),
		              .width = (size_t) assembly->source->grid.width };
	int status = 0;
	for (uint64_t chunk_row = 0; status == 0 && chunk_row < output->n_chunk_rows; chunk_row++) {
		status = s_fetch_row (&self, label, chunk_row, err);
		const weir_piece_shape_t *shape = &self.chunks[0].view.shape;
		for (uint32_t band = 0; status == 0 && band < shape->n_bands; band++)
			for (uint32_t piece_row = 0; status == 0 && piece_row < shape->n_rows; piece_row++)
				status = s_emit_piece_row (&self, band, piece_row, fn, arg, err);
		for (uint64_t col = 0; col < output->n_chunk_cols; col++)
			weir_assembly_release (&self.chunks[col]);
	}
	free (self.chunks);
	free (self.offsets);
	free (self.cells);
	free (self.piece);
	return status;
}
