/* piece.c - see piece.h */
#include "connectors/raster/piece.h"

#include "runtime/base/mem.h"

#define ROW_PIECE_HEIGHT 512 /* where the plan says no block height */

static const uint8_t s_magic[8] = { 'W', 'E', 'I', 'R', 'E', 'N', 'C', '1' };

static void
s_put_u32 (uint8_t *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t) (value >> (8 * i));
}

static void
s_put_u64 (uint8_t *at, uint64_t value)
{
	s_put_u32 (at, (uint32_t) value);
	s_put_u32 (at + 4, (uint32_t) (value >> 32));
}

static void
s_put_f64 (uint8_t *at, double value)
{
	uint64_t bits;
	memcpy (&bits, &value, sizeof bits);
	s_put_u64 (at, bits);
}

static uint32_t
s_get_u32 (const uint8_t *at)
{
	return (uint32_t) at[0] | (uint32_t) at[1] << 8 | (uint32_t) at[2] << 16 |
	       (uint32_t) at[3] << 24;
}

static uint64_t
s_get_u64 (const uint8_t *at)
{
	return (uint64_t) s_get_u32 (at) | (uint64_t) s_get_u32 (at + 4) << 32;
}

static double
s_get_f64 (const uint8_t *at)
{
	uint64_t bits = s_get_u64 (at);
	double value;
	memcpy (&value, &bits, sizeof value);
	return value;
}

/* ---- shape */

static weir_piece_kind_t
s_kind_of (const weir_plan_output_t *output)
{
	if (output->format == WEIR_FORMAT_PNG)
		return WEIR_PIECE_ROWS;
	if (output->format == WEIR_FORMAT_GTIFF || output->format == WEIR_FORMAT_COG)
		return output->options.tiled ? WEIR_PIECE_TILES : WEIR_PIECE_ROWS;
	return WEIR_PIECE_NONE;
}

static int
s_bad_shape (weir_err_t *err, const char *node, const char *text)
{
	return weir_err_invalid (err, "PlanInvalid", node, "%s", text);
}

/* Sizes of one band's pieces; the chunk's own size was checked. */
static int
s_shape_pieces (const weir_plan_output_t *output, weir_piece_shape_t *shape, weir_err_t *err)
{
	int width = output->options.block_width;
	int height = output->options.block_height;
	if (shape->kind == WEIR_PIECE_ROWS) {
		width = (int) shape->cols;
		if (height <= 0)
			height = ROW_PIECE_HEIGHT;
		if (output->n_chunk_rows > 1 && output->chunk_height % height != 0)
			return s_bad_shape (err, output->node,
			                    "the chunk height is no multiple of the block height");
	} else {
		if (width <= 0 || height <= 0 || width % 16 != 0 || height % 16 != 0)
			return s_bad_shape (err, output->node, "output tiles have to be multiples of 16");
		if ((output->n_chunk_cols > 1 && output->chunk_width % width != 0) ||
		    (output->n_chunk_rows > 1 && output->chunk_height % height != 0))
			return s_bad_shape (err, output->node, "the chunk is no multiple of the output tile");
	}
	shape->width = (uint32_t) width;
	shape->height = (uint32_t) height;
	shape->n_cols = (shape->cols - 1) / shape->width + 1;
	shape->n_rows = (shape->rows - 1) / shape->height + 1;
	size_t n;
	if (!weir_size_mul ((size_t) shape->n_cols * shape->n_rows, shape->n_bands, &n) ||
	    n > UINT32_MAX / 16)
		return s_bad_shape (err, output->node, "too many output tiles in a chunk");
	shape->n_pieces = (uint32_t) n;
	if (!weir_size_mul ((size_t) shape->width * shape->height, weir_type_size (shape->type), &n) ||
	    n > WEIR_ENCODED_BYTES_MAX / 4)
		return s_bad_shape (err, output->node, "an output tile of more than 512 MiB");
	return 0;
}

int
weir_piece_shape (const weir_plan_t *plan, const weir_plan_chunk_t *chunk,
                  weir_piece_shape_t *shape_out, weir_err_t *err)
{
	memset (shape_out, 0, sizeof *shape_out);
	if (chunk->output >= plan->n_outputs || plan->outputs[chunk->output].source >= plan->n_sources)
		return s_bad_shape (err, "", "no such output");
	const weir_plan_output_t *output = &plan->outputs[chunk->output];
	const weir_plan_source_t *source = &plan->sources[output->source];
	shape_out->kind = s_kind_of (output);
	shape_out->type = output->pipeline.out.type;
	if (shape_out->kind == WEIR_PIECE_NONE)
		return 0;
	size_t n_cells, n_bands = weir_plan_output_bands (source, output);
	if (chunk->window.width <= 0 || chunk->window.height <= 0 || chunk->window.width > INT32_MAX ||
	    chunk->window.height > INT32_MAX || n_bands == 0 || n_bands > UINT16_MAX ||
	    shape_out->type >= WEIR_N_TYPES ||
	    !weir_size_mul ((size_t) chunk->window.width * (size_t) chunk->window.height, n_bands * 8,
	                    &n_cells))
		return s_bad_shape (err, output->node, "a chunk of impossible size");
	shape_out->cols = (uint32_t) chunk->window.width;
	shape_out->rows = (uint32_t) chunk->window.height;
	shape_out->n_bands = (uint32_t) n_bands;
	return s_shape_pieces (output, shape_out, err);
}

uint32_t
weir_piece_rows_of (const weir_piece_shape_t *self, uint32_t piece_row)
{
	uint32_t first = piece_row * self->height;
	return self->rows - first < self->height ? self->rows - first : self->height;
}

size_t
weir_piece_head_bytes (const weir_piece_shape_t *self)
{
	return WEIR_PIECE_HEADER_BYTES + 4 * (size_t) self->n_pieces;
}

/* LZW spends at most 12 bits on a byte, with a clear code every 3,800; the others add little to
 * what they cannot shrink. */
size_t
weir_piece_bytes_max (const weir_piece_shape_t *self, const char *compress)
{
	size_t raw = (size_t) self->width * self->height * weir_type_size (self->type);
	if (self->kind == WEIR_PIECE_TILES && compress != NULL && strcmp (compress, "LZW") == 0)
		return raw + raw / 2 + raw / 512 + 4096;
	return raw + raw / 64 + 4096;
}

size_t
weir_encode_bytes_max (const weir_plan_t *plan, uint32_t output)
{
	weir_piece_shape_t shape;
	weir_plan_chunk_t chunk = { .output = output };
	if (output >= plan->n_outputs)
		return 0;
	const weir_plan_output_t *out = &plan->outputs[output];
	chunk.window.width = out->chunk_width;
	chunk.window.height = out->chunk_height;
	if (weir_piece_shape (plan, &chunk, &shape, NULL) != 0)
		return WEIR_ENCODED_BYTES_MAX;
	size_t bytes;
	if (!weir_size_mul (weir_piece_bytes_max (&shape, out->options.compress), shape.n_pieces,
	                    &bytes) ||
	    !weir_size_add (bytes, weir_piece_head_bytes (&shape), &bytes) ||
	    bytes > WEIR_ENCODED_BYTES_MAX)
		return WEIR_ENCODED_BYTES_MAX;
	return bytes;
}

/* ---- header */

void
weir_piece_write_head (const weir_piece_shape_t *self, const weir_piece_range_t *range,
                       const uint32_t *lengths, uint8_t *head)
{
	memcpy (head, s_magic, sizeof s_magic);
	s_put_u32 (head + 8, (uint32_t) self->kind);
	s_put_u32 (head + 12, (uint32_t) self->type);
	s_put_u32 (head + 16, self->n_bands);
	s_put_u32 (head + 20, self->width);
	s_put_u32 (head + 24, self->height);
	s_put_u32 (head + 28, self->n_cols);
	s_put_u32 (head + 32, self->n_rows);
	s_put_u32 (head + 36, self->n_pieces);
	s_put_f64 (head + 40, range->min);
	s_put_f64 (head + 48, range->max);
	s_put_u64 (head + 56, range->n_valid);
	for (uint32_t i = 0; i < self->n_pieces; i++)
		s_put_u32 (head + WEIR_PIECE_HEADER_BYTES + 4 * (size_t) i, lengths[i]);
}

static bool
s_head_agrees (const weir_piece_shape_t *shape, const uint8_t *head)
{
	return memcmp (head, s_magic, sizeof s_magic) == 0 &&
	       s_get_u32 (head + 8) == (uint32_t) shape->kind &&
	       s_get_u32 (head + 12) == (uint32_t) shape->type &&
	       s_get_u32 (head + 16) == shape->n_bands && s_get_u32 (head + 20) == shape->width &&
	       s_get_u32 (head + 24) == shape->height && s_get_u32 (head + 28) == shape->n_cols &&
	       s_get_u32 (head + 32) == shape->n_rows && s_get_u32 (head + 36) == shape->n_pieces;
}

static int
s_bad_bytes (weir_err_t *err, const weir_plan_output_t *output, const char *text)
{
	return weir_err_invalid (err, "EncodedChunkInvalid", output->node, "%s", text);
}

int
weir_piece_parse (const weir_plan_t *plan, const weir_plan_chunk_t *chunk, const uint8_t *bytes,
                  size_t n_bytes, weir_piece_view_t *view_out, weir_err_t *err)
{
	int status = weir_piece_shape (plan, chunk, &view_out->shape, err);
	if (status != 0)
		return status;
	const weir_piece_shape_t *shape = &view_out->shape;
	const weir_plan_output_t *output = &plan->outputs[chunk->output];
	size_t head = weir_piece_head_bytes (shape);
	if (bytes == NULL || n_bytes < head || n_bytes > WEIR_ENCODED_BYTES_MAX)
		return s_bad_bytes (err, output, "an encoded chunk of impossible length");
	if (!s_head_agrees (shape, bytes))
		return s_bad_bytes (err, output,
		                    "the header of an encoded chunk does not agree with the plan");
	view_out->range.min = s_get_f64 (bytes + 40);
	view_out->range.max = s_get_f64 (bytes + 48);
	view_out->range.n_valid = s_get_u64 (bytes + 56);
	view_out->lengths = bytes + WEIR_PIECE_HEADER_BYTES;
	view_out->pieces = bytes + head;
	if (view_out->range.n_valid > 0 && !(view_out->range.min <= view_out->range.max))
		return s_bad_bytes (err, output, "an encoded chunk with an impossible range of values");
	size_t longest = weir_piece_bytes_max (shape, output->options.compress);
	uint64_t total = 0;
	for (uint32_t i = 0; i < shape->n_pieces; i++) {
		uint32_t length = weir_piece_length (view_out, i);
		if (length == 0 || length > longest)
			return s_bad_bytes (err, output, "a piece of impossible length in an encoded chunk");
		total += length;
	}
	if (total != n_bytes - head)
		return s_bad_bytes (err, output, "an encoded chunk that is cut short or too long");
	return 0;
}

bool
weir_piece_describe (const uint8_t *bytes, size_t n_bytes, weir_piece_view_t *view_out)
{
	memset (view_out, 0, sizeof *view_out);
	if (n_bytes < WEIR_PIECE_HEADER_BYTES || memcmp (bytes, s_magic, sizeof s_magic) != 0)
		return false;
	weir_piece_shape_t shape = { .kind = (weir_piece_kind_t) s_get_u32 (bytes + 8),
		                         .type = (weir_type_t) s_get_u32 (bytes + 12),
		                         .n_bands = s_get_u32 (bytes + 16),
		                         .width = s_get_u32 (bytes + 20),
		                         .height = s_get_u32 (bytes + 24),
		                         .n_cols = s_get_u32 (bytes + 28),
		                         .n_rows = s_get_u32 (bytes + 32),
		                         .n_pieces = s_get_u32 (bytes + 36) };
	if ((unsigned) shape.kind > WEIR_PIECE_ROWS || (unsigned) shape.type >= WEIR_N_TYPES ||
	    weir_piece_head_bytes (&shape) > n_bytes)
		return false;
	view_out->shape = shape;
	view_out->range.min = s_get_f64 (bytes + 40);
	view_out->range.max = s_get_f64 (bytes + 48);
	view_out->range.n_valid = s_get_u64 (bytes + 56);
	view_out->lengths = bytes + WEIR_PIECE_HEADER_BYTES;
	view_out->pieces = bytes + weir_piece_head_bytes (&shape);
	uint64_t total = weir_piece_head_bytes (&shape);
	for (uint32_t i = 0; i < shape.n_pieces; i++)
		total += weir_piece_length (view_out, i);
	return total == n_bytes &&
	       (uint64_t) shape.n_cols * shape.n_rows * shape.n_bands == shape.n_pieces;
}

uint32_t
weir_piece_length (const weir_piece_view_t *self, uint32_t i)
{
	return s_get_u32 (self->lengths + 4 * (size_t) i);
}

int
weir_encoded_check (const weir_plan_t *plan, const weir_plan_chunk_t *chunk, const uint8_t *bytes,
                    size_t n_bytes, weir_err_t *err)
{
	weir_piece_view_t view;
	return weir_piece_parse (plan, chunk, bytes, n_bytes, &view, err);
}
