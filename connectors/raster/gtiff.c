/* gtiff.c - the sink format GTiff: a sparse skeleton by GDAL, then encoded tiles put in place by
 * libtiff
 *
 * Chunks are taken row by row of chunks, so memory is one encoded chunk; inside a chunk tiles go in
 * in tile order. The bytes of the file therefore depend on the plan alone. Strips (tiled=false) are
 * compressed here, one at a time.
 *
 * Runs on   one thread a file; blocks on disk
 */
#include "connectors/raster/assembly.h"
#include "connectors/raster/rows.h"
#include "connectors/raster/skeleton.h"
#include "connectors/raster/words.h"
#include "runtime/base/mem.h"

#include <cpl_vsi.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <tiffio.h>
#include <unistd.h>

typedef struct {
	const weir_assembly_t *assembly;
	weir_outfile_t *file;
	TIFF *tiff;
	uint32_t n_cols, n_rows; /* tiles or strips of one band */
	uint32_t band_first;     /* of the label that is being written, in the file */
	int failed;              /* errno of a system call under libtiff */
} s_gtiff_t;

/* ---- the file under libtiff: plain system calls that remember why they failed */

static tmsize_t
s_read (thandle_t handle, void *data, tmsize_t n)
{
	s_gtiff_t *self = handle;
	tmsize_t done = 0;
	while (done < n) {
		ssize_t got = read (self->file->fd, (uint8_t *) data + done, (size_t) (n - done));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			self->failed = errno;
		if (got <= 0)
			break;
		done += got;
	}
	return done;
}

static tmsize_t
s_write (thandle_t handle, void *data, tmsize_t n)
{
	s_gtiff_t *self = handle;
	tmsize_t done = 0;
	while (done < n) {
		ssize_t put = write (self->file->fd, (const uint8_t *) data + done, (size_t) (n - done));
		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0) {
			self->failed = put < 0 ? errno : ENOSPC;
			break;
		}
		done += put;
	}
	return done;
}

static toff_t
s_seek (thandle_t handle, toff_t offset, int whence)
{
	s_gtiff_t *self = handle;
	off_t at = lseek (self->file->fd, (off_t) offset, whence);
	if (at < 0)
		self->failed = errno;
	return (toff_t) at;
}

static int
s_close (thandle_t handle)
{
	(void) handle; /* the file is the caller's */
	return 0;
}

static toff_t
s_size (thandle_t handle)
{
	s_gtiff_t *self = handle;
	struct stat info;
	return fstat (self->file->fd, &info) == 0 ? (toff_t) info.st_size : 0;
}

static int
s_write_failed (s_gtiff_t *self, weir_err_t *err)
{
	if (self->failed != 0)
		return weir_words_output_errno (err, self->failed, self->file->path, "cannot write");
	return weir_err_set (err, WEIR_E_IO, WEIR_CLASS_GIVE_UP, "OutputUnwritable", self->file->path,
	                     "cannot write: %s", weir_words_get ());
}

/* The skeleton has to have the tiles that the pieces were made for. */
static int
s_open_tiff (s_gtiff_t *self, uint64_t n_labels, weir_err_t *err)
{
	const weir_format_options_t *options = &self->assembly->output->options;
	const weir_grid_t *grid = &self->assembly->source->grid;
	uint32_t width = (uint32_t) grid->width, height = 0;
	if (lseek (self->file->fd, 0, SEEK_SET) != 0) /* libtiff reads from where the file stands */
		return weir_words_output_errno (err, errno, self->file->path, "cannot write");
	self->tiff = TIFFClientOpen (self->file->path, "r+m", self, s_read, s_write, s_seek, s_close,
	                             s_size, NULL, NULL);
	if (self->tiff == NULL)
		return s_write_failed (self, err);
	bool is_tiled = TIFFIsTiled (self->tiff) != 0;
	if (is_tiled) {
		TIFFGetField (self->tiff, TIFFTAG_TILEWIDTH, &width);
		TIFFGetField (self->tiff, TIFFTAG_TILELENGTH, &height);
	} else {
		TIFFGetField (self->tiff, TIFFTAG_ROWSPERSTRIP, &height);
	}
	if (is_tiled != options->tiled || width == 0 || height == 0 ||
	    (is_tiled &&
	     (width != (uint32_t) options->block_width || height != (uint32_t) options->block_height)))
		return weir_err_set (err, WEIR_E_BUG, WEIR_CLASS_BUG, "Internal", self->file->path,
		                     "GDAL made other tiles than were asked for");
	self->n_cols = (uint32_t) ((grid->width - 1) / width + 1);
	self->n_rows = (uint32_t) ((grid->height - 1) / height + 1);
	uint64_t n = (uint64_t) self->n_cols * self->n_rows * n_labels *
	             weir_plan_output_bands (self->assembly->source, self->assembly->output);
	if (n != (is_tiled ? TIFFNumberOfTiles (self->tiff) : TIFFNumberOfStrips (self->tiff)))
		return weir_err_set (err, WEIR_E_BUG, WEIR_CLASS_BUG, "Internal", self->file->path,
		                     "GDAL made another number of tiles than expected");
	return 0;
}

/* ---- tiles */

static int
s_put_chunk (s_gtiff_t *self, const weir_assembly_chunk_t *chunk, weir_err_t *err)
{
	const weir_piece_shape_t *shape = &chunk->view.shape;
	uint32_t col = (uint32_t) (chunk->chunk.window.col / shape->width);
	uint32_t row = (uint32_t) (chunk->chunk.window.row / shape->height);
	const uint8_t *piece = chunk->view.pieces;
	for (uint32_t i = 0; i < shape->n_pieces; i++) {
		uint32_t band = i / (shape->n_cols * shape->n_rows);
		uint32_t in_band = i % (shape->n_cols * shape->n_rows);
		uint32_t tile = ((self->band_first + band) * self->n_rows + row + in_band / shape->n_cols) *
		                    self->n_cols +
		                col + in_band % shape->n_cols;
		uint32_t length = weir_piece_length (&chunk->view, i);
		int status = weir_assembly_ask (self->assembly, err);
		if (status != 0)
			return status;
		/* libtiff's parameter is not const; it only writes it out */
		if (TIFFWriteRawTile (self->tiff, tile, (void *) (uintptr_t) piece, (tmsize_t) length) !=
		    (tmsize_t) length)
			return s_write_failed (self, err);
		piece += length;
	}
	return 0;
}

static int
s_put_tiles (s_gtiff_t *self, uint64_t label, weir_err_t *err)
{
	const weir_plan_output_t *output = self->assembly->output;
	int status = 0;
	for (uint64_t i = 0; status == 0 && i < output->n_chunk_rows * output->n_chunk_cols; i++) {
		weir_assembly_chunk_t chunk;
		status = weir_assembly_fetch (self->assembly, label, i % output->n_chunk_cols,
		                              i / output->n_chunk_cols, &chunk, err);
		if (status == 0)
			status = s_put_chunk (self, &chunk, err);
		weir_assembly_release (&chunk);
	}
	return status;
}

/* ---- strips */

static int
s_put_strip (void *arg, uint32_t band, int64_t row, uint32_t n_rows, const void *cells,
             weir_err_t *err)
{
	s_gtiff_t *self = arg;
	uint32_t strip = TIFFComputeStrip (self->tiff, (uint32_t) row,
	                                   (uint16_t) (self->band_first + band));
	tmsize_t bytes = TIFFVStripSize (self->tiff, n_rows);
	if (TIFFWriteEncodedStrip (self->tiff, strip, (void *) (uintptr_t) cells, bytes) != bytes)
		return s_write_failed (self, err);
	return 0;
}

/* ---- the format */

static int
s_fill (s_gtiff_t *self, uint64_t label_first, uint64_t n_labels, weir_err_t *err)
{
	int status = s_open_tiff (self, n_labels, err);
	for (uint64_t i = 0; status == 0 && i < n_labels; i++) {
		self->band_first = (uint32_t) (i * weir_plan_output_bands (self->assembly->source,
		                                                           self->assembly->output));
		if (self->assembly->output->options.tiled)
			status = s_put_tiles (self, label_first + i, err);
		else
			status = weir_rows_each (self->assembly, label_first + i, s_put_strip, self, err);
	}
	if (status == 0 && TIFFFlush (self->tiff) != 1)
		status = s_write_failed (self, err);
	if (self->tiff != NULL) {
		TIFFSetMode (self->tiff,
		             O_RDONLY); /* flushed already; a failed file is thrown away as it is */
		TIFFCleanup (self->tiff);
	}
	return status;
}

static int
s_write_gtiff (const weir_assembly_t *assembly, uint64_t label_first, uint64_t n_labels,
               weir_outfile_t *file, weir_err_t *err)
{
	uint8_t *skeleton = NULL;
	size_t n_bytes = 0;
	int status = weir_skeleton_make (assembly, label_first, n_labels, &skeleton, &n_bytes, err);
	if (status == 0)
		status = weir_outfile_write (file, skeleton, n_bytes, err);
	VSIFree (skeleton);
	if (status != 0)
		return status;
	s_gtiff_t self = { .assembly = assembly, .file = file };
	weir_words_reset ();
	status = s_fill (&self, label_first, n_labels, err);
	if (status != 0 || !assembly->output->options.overviews)
		return status;
	status = weir_outfile_close (file, err);
	return status == 0 ? weir_skeleton_add_overviews (assembly, file, err) : status;
}

const weir_sink_format_t weir_sink_format_gtiff = {
	.format = WEIR_FORMAT_GTIFF,
	.extension = "tif",
	.write = s_write_gtiff,
};
