/* png.c - the sink format PNG: a picture of one band
 *
 * 8-bit grey with alpha. The smallest valid value of the whole map is black, the largest white, a
 * map of one value only is mid grey (128); no-data and NaN are transparent. Two passes over the
 * chunks: their headers give the range, then rows are stretched and written from top to bottom, one
 * row of chunks in memory.
 *
 * Runs on   one thread a file; blocks on disk
 */
#include "connectors/raster/assembly.h"
#include "connectors/raster/range.h"
#include "connectors/raster/rows.h"
#include "connectors/raster/words.h"
#include "runtime/base/mem.h"

#include <errno.h>
#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

typedef struct {
	const weir_assembly_t *assembly;
	weir_outfile_t *file;
	weir_piece_range_t range;
	png_structp png;
	png_infop info;
	uint8_t *row;
	weir_err_t *err;
	int status;                 /* of the file */
	char words[WEIR_WORDS_MAX]; /* libpng's */
} s_png_t;

/* ---- libpng's callbacks; errors leave by longjmp to the nearest of the functions below */

static void
s_keep_error (png_structp png, png_const_charp text)
{
	s_png_t *self = png_get_error_ptr (png);
	snprintf (self->words, sizeof self->words, "%s", text);
	png_longjmp (png, 1);
}

static void
s_ignore_warning (png_structp png, png_const_charp text)
{
	(void) png;
	(void) text;
}

static void
s_write_bytes (png_structp png, png_bytep bytes, size_t n_bytes)
{
	s_png_t *self = png_get_io_ptr (png);
	self->status = weir_outfile_write (self->file, bytes, n_bytes, self->err);
	if (self->status != 0)
		png_error (png, "write failed");
}

static void
s_flush (png_structp png)
{
	(void) png;
}

static int
s_png_failed (s_png_t *self)
{
	if (self->status != 0)
		return self->status; /* err is filled */
	return weir_err_set (self->err, WEIR_E_IO, WEIR_CLASS_GIVE_UP, "OutputUnwritable",
	                     self->file->path, "cannot write: %s", self->words);
}

/* ---- the three steps of a picture, each with its own place to come back to */

static int
s_begin (s_png_t *self)
{
	const weir_grid_t *grid = &self->assembly->source->grid;
	self->png = png_create_write_struct (PNG_LIBPNG_VER_STRING, self, s_keep_error,
	                                     s_ignore_warning);
	self->info = self->png != NULL ? png_create_info_struct (self->png) : NULL;
	if (self->info == NULL)
		return s_png_failed (self);
	if (setjmp (png_jmpbuf (self->png)))
		return s_png_failed (self);
	png_set_write_fn (self->png, self, s_write_bytes, s_flush);
	png_set_user_limits (self->png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
	png_set_filter (self->png, PNG_FILTER_TYPE_BASE,
	                PNG_FILTER_NONE); /* masks shrink best as they are */
	png_set_IHDR (self->png, self->info, (png_uint_32) grid->width, (png_uint_32) grid->height, 8,
	              PNG_COLOR_TYPE_GRAY_ALPHA, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
	              PNG_FILTER_TYPE_DEFAULT);
	png_write_info (self->png, self->info);
	return 0;
}

static int
s_put_rows (void *arg, uint32_t band, int64_t row, uint32_t n_rows, const void *cells,
            weir_err_t *err)
{
	s_png_t *self = arg;
	(void) band;
	(void) row;
	(void) err;
	size_t width = (size_t) self->assembly->source->grid.width;
	weir_cell_t cell = self->assembly->output->pipeline.out;
	if (setjmp (png_jmpbuf (self->png)))
		return s_png_failed (self);
	for (uint32_t i = 0; i < n_rows; i++) {
		const uint8_t *first = (const uint8_t *) cells + i * width * weir_type_size (cell.type);
		weir_range_stretch (&self->range, cell, first, width, self->row);
		png_write_row (self->png, self->row);
	}
	return 0;
}

static int
s_end (s_png_t *self)
{
	if (setjmp (png_jmpbuf (self->png)))
		return s_png_failed (self);
	png_write_end (self->png, NULL);
	return 0;
}

/* ---- the format */

static int
s_find_range (s_png_t *self, uint64_t label)
{
	const weir_plan_output_t *output = self->assembly->output;
	int status = 0;
	for (uint64_t i = 0; status == 0 && i < output->n_chunk_rows * output->n_chunk_cols; i++) {
		weir_assembly_chunk_t chunk;
		status = weir_assembly_fetch (self->assembly, label, i / output->n_chunk_rows,
		                              i % output->n_chunk_rows, &chunk, self->err);
		if (status == 0)
			weir_range_merge (&self->range, &chunk.view.range);
		weir_assembly_release (&chunk);
	}
	return status;
}

static int
s_write_png (const weir_assembly_t *assembly, uint64_t label_first, uint64_t n_labels,
             weir_outfile_t *file, weir_err_t *err)
{
	(void) n_labels;
	s_png_t self = { .assembly = assembly, .file = file, .err = err };
	snprintf (self.words, sizeof self.words, "no memory");
	int status = s_find_range (&self, label_first);
	if (status != 0)
		return status;
	self.row = weir_alloc (2 * (size_t) assembly->source->grid.width);
	status = s_begin (&self);
	if (status == 0)
		status = weir_rows_each (assembly, label_first, s_put_rows, &self, err);
	if (status == 0)
		status = s_end (&self);
	if (self.png != NULL)
		png_destroy_write_struct (&self.png, &self.info);
	free (self.row);
	return status;
}

static int
s_check_png (const weir_assembly_t *self, weir_err_t *err)
{
	const weir_grid_t *grid = &self->source->grid;
	const char *text = weir_plan_output_bands (self->source, self->output) != 1
	                       ? "PNG holds one band, the cube has more"
	                   : self->output->keeps_time ? "PNG holds no temporal dimension"
	                   : grid->width < 1 || grid->height < 1 || grid->width > INT32_MAX ||
	                           grid->height > INT32_MAX
	                       ? "PNG holds at most 2147483647 pixels a side"
	                       : NULL;
	if (text == NULL)
		return 0;
	return weir_err_set (err, WEIR_E_UNSUPPORTED, WEIR_CLASS_GIVE_UP, "FormatUnsupported",
	                     self->output->node, "%s", text);
}

const weir_sink_format_t weir_sink_format_png = {
	.format = WEIR_FORMAT_PNG,
	.extension = "png",
	.check = s_check_png,
	.write = s_write_png,
};
