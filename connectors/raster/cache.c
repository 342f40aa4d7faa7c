/* cache.c - open datasets, most recently used first, and reading their blocks (raster.h)
 *
 * Blocks bypass GDAL's own cache: GDALReadBlock decodes into one aligned buffer of the cache
 * object, which also answers when the next read begins with the block that the last one ended with.
 *
 * Invariants   newest … oldest is one list; bytes is the sum over it; the newest is never evicted
 *              for its own sake
 */
#include "connectors/raster/cache_impl.h"
#include "connectors/raster/url.h"
#include "connectors/raster/words.h"
#include "runtime/base/mem.h"

#include <stdlib.h>

weir_raster_cache_t *
weir_raster_cache_new (size_t handle_bytes_max)
{
	weir_raster_cache_t *self = weir_alloc (sizeof *self);
	self->bytes_max = handle_bytes_max;
	return self;
}

static void
s_unlink (weir_raster_cache_t *self, weir_raster_handle_t *handle)
{
	if (handle->newer != NULL)
		handle->newer->older = handle->older;
	else
		self->newest = handle->older;
	if (handle->older != NULL)
		handle->older->newer = handle->newer;
	else
		self->oldest = handle->newer;
	handle->newer = handle->older = NULL;
}

static void
s_push_newest (weir_raster_cache_t *self, weir_raster_handle_t *handle)
{
	handle->older = self->newest;
	if (self->newest != NULL)
		self->newest->newer = handle;
	else
		self->oldest = handle;
	self->newest = handle;
}

void
weir_raster_cache_drop (weir_raster_cache_t *self, weir_raster_handle_t *handle)
{
	if (handle->n_expected > 0)
		weir_raster_ahead_forget (self, handle);
	s_unlink (self, handle);
	if (self->block_handle == handle)
		self->block_handle = NULL;
	self->stats.bytes -= handle->bytes;
	self->stats.n_open--;
	self->stats.n_closed++;
	if (handle->dataset != NULL)
		GDALClose (handle->dataset);
	weir_remote_destroy (&handle->remote);
	free (handle->name);
	free (handle);
}

void
weir_raster_cache_destroy (weir_raster_cache_t **self_p)
{
	weir_raster_cache_t *self = self_p != NULL ? *self_p : NULL;
	if (self == NULL)
		return;
	while (self->newest != NULL)
		weir_raster_cache_drop (self, self->newest);
	free (self->block);
	weir_fetch_group_destroy (&self->group);
	weir_vec_clear (&self->expected);
	weir_vec_clear (&self->blocks);
	free (self);
	*self_p = NULL;
}

weir_raster_cache_stats_t
weir_raster_cache_stats (const weir_raster_cache_t *self)
{
	return self->stats;
}

/* ---- handles */

static uint64_t
s_hash_name (const char *name)
{
	uint64_t hash = 14695981039346656037ULL; /* FNV-1a */
	for (; *name != '\0'; name++)
		hash = (hash ^ (uint8_t) *name) * 1099511628211ULL;
	return hash;
}

/* libtiff keeps offset and length of each block that the file has, 16 bytes, for every band where
 * they lie apart. */
static size_t
s_estimate_bytes (GDALDatasetH dataset)
{
	int width = 1, height = 1;
	GDALRasterBandH band = GDALGetRasterBand (dataset, 1);
	if (band == NULL)
		return WEIR_RASTER_HANDLE_BYTES;
	GDALGetBlockSize (band, &width, &height);
	size_t cols = ((size_t) GDALGetRasterXSize (dataset) + (size_t) width - 1) / (size_t) width;
	size_t rows = ((size_t) GDALGetRasterYSize (dataset) + (size_t) height - 1) / (size_t) height;
	size_t n_planes = 1, bytes;
	const char *interleave = GDALGetMetadataItem (dataset, "INTERLEAVE", "IMAGE_STRUCTURE");
	if (interleave != NULL && strcmp (interleave, "BAND") == 0)
		n_planes = (size_t) GDALGetRasterCount (dataset);
	if (!weir_size_mul (cols, rows, &bytes) || !weir_size_mul (bytes, 16 * n_planes, &bytes) ||
	    !weir_size_add (bytes, WEIR_RASTER_HANDLE_BYTES, &bytes))
		return SIZE_MAX / 2;
	return bytes;
}

/* The newest stays, and what reads are announced for. */
static void
s_make_room (weir_raster_cache_t *self, bool is_remote)
{
	size_t most = self->bytes_max;
	if (is_remote && most > WEIR_RASTER_REMOTE_BYTES)
		most = WEIR_RASTER_REMOTE_BYTES;
	weir_raster_handle_t *handle = self->oldest;
	while (self->stats.bytes > most && handle != NULL && handle != self->newest) {
		weir_raster_handle_t *newer = handle->newer;
		if (handle->n_expected == 0)
			weir_raster_cache_drop (self, handle);
		handle = newer;
	}
}

weir_raster_handle_t *
weir_raster_cache_find (weir_raster_cache_t *self, const char *name)
{
	uint64_t hash = s_hash_name (name);
	for (weir_raster_handle_t *handle = self->newest; handle != NULL; handle = handle->older) {
		if (handle->hash != hash || strcmp (handle->name, name) != 0)
			continue;
		s_unlink (self, handle);
		s_push_newest (self, handle);
		return handle;
	}
	return NULL;
}

weir_raster_handle_t *
weir_raster_cache_add (weir_raster_cache_t *self, const char *name, GDALDatasetH dataset,
                       weir_remote_t *remote)
{
	weir_raster_handle_t *handle = weir_alloc (sizeof *handle);
	handle->name = weir_strdup (name);
	handle->hash = s_hash_name (name);
	handle->remote = remote;
	handle->bytes = remote != NULL ? WEIR_REMOTE_HEAD_BYTES : 0;
	s_push_newest (self, handle);
	self->stats.bytes += handle->bytes;
	self->stats.n_open++;
	self->stats.n_opened++;
	if (dataset != NULL)
		weir_raster_cache_opened (self, handle, dataset);
	return handle;
}

void
weir_raster_cache_opened (weir_raster_cache_t *self, weir_raster_handle_t *handle,
                          GDALDatasetH dataset)
{
	size_t bytes = s_estimate_bytes (dataset);
	handle->dataset = dataset;
	handle->bytes += bytes;
	self->stats.bytes += bytes;
	s_make_room (self, handle->remote != NULL);
}

static int
s_find_handle (weir_raster_cache_t *self, const char *name, weir_raster_handle_t **handle_out,
               weir_err_t *err)
{
	*handle_out = weir_raster_cache_find (self, name);
	if (*handle_out != NULL)
		return 0;
	GDALDatasetH dataset = NULL;
	int status = weir_driver_open (name, &dataset, err);
	if (status == 0)
		*handle_out = weir_raster_cache_add (self, name, dataset, NULL);
	return status;
}

/* ---- reading */

static int
s_unreadable (weir_err_t *err, const char *name, int status, const char *text)
{
	return weir_err_set (err, status, WEIR_CLASS_GIVE_UP, "RasterUnreadable", weir_url_shown (name),
	                     "%s", text);
}

static int
s_check_size (const weir_raster_handle_t *handle, int64_t width, int64_t height,
              weir_window_t window, weir_err_t *err)
{
	int64_t cols = GDALGetRasterXSize (handle->dataset);
	int64_t rows = GDALGetRasterYSize (handle->dataset);
	if (cols != width || rows != height)
		return weir_err_invalid (err, "RasterSizeMismatch", weir_url_shown (handle->name),
		                         "the file is %lld x %lld pixels, its item says %lld x %lld",
		                         (long long) cols, (long long) rows, (long long) width,
		                         (long long) height);
	if (window.col < 0 || window.row < 0 || window.width < 0 || window.height < 0 ||
	    window.width > cols || window.height > rows || window.col > cols - window.width ||
	    window.row > rows - window.height)
		return s_unreadable (err, handle->name, WEIR_E_INVALID,
		                     "the window to read lies outside the file");
	return 0;
}

static int
s_reserve_block (weir_raster_cache_t *self, size_t bytes, const char *name, weir_err_t *err)
{
	if (bytes <= self->block_bytes)
		return 0;
	free (self->block);
	self->block_handle = NULL;
	self->block_bytes = 0;
	self->block = aligned_alloc (64, (bytes + 63) / 64 * 64);
	if (self->block == NULL)
		return weir_err_set (err, WEIR_E_MEMORY, WEIR_CLASS_OVERLOADED, "MemoryExhausted",
		                     weir_url_shown (name), "no memory for a block of %zu bytes", bytes);
	self->block_bytes = bytes;
	return 0;
}

int
weir_raster_open_band (weir_raster_cache_t *self, weir_raster_handle_t *handle, uint32_t number,
                       weir_raster_band_t *band, weir_err_t *err)
{
	uint32_t n_bands = (uint32_t) GDALGetRasterCount (handle->dataset);
	if (number < 1 || number > n_bands)
		return weir_err_invalid (err, "RasterUnreadable", weir_url_shown (handle->name),
		                         "no band %u: the file has %u", number, n_bands);
	band->handle = handle;
	band->number = number;
	band->band = GDALGetRasterBand (handle->dataset, (int) number);
	weir_type_t type;
	int status = weir_driver_band_type (band->band, weir_url_shown (handle->name), &type, err);
	if (status != 0)
		return status;
	band->type = type;
	int block_width = 1, block_height = 1;
	GDALGetBlockSize (band->band, &block_width, &block_height);
	band->block_width = block_width;
	band->block_height = block_height;
	band->cell_bytes = weir_type_size (band->type);
	size_t bytes;
	if (!weir_size_mul ((size_t) band->block_width, (size_t) band->block_height, &bytes) ||
	    !weir_size_mul (bytes, band->cell_bytes, &bytes) || bytes > WEIR_RASTER_BLOCK_BYTES_MAX)
		return weir_err_set (err, WEIR_E_UNSUPPORTED, WEIR_CLASS_GIVE_UP, "RasterUnreadable",
		                     weir_url_shown (handle->name),
		                     "its blocks of %d x %d cells are larger than 256 MiB",
		                     band->block_width, band->block_height);
	return s_reserve_block (self, bytes, handle->name, err);
}

static int
s_fail_block (const weir_raster_band_t *band, int col, int row, weir_err_t *err)
{
	weir_remote_t *remote = band->handle->remote;
	int status = remote != NULL ? weir_remote_take_error (remote, err) : 0;
	if (status != 0)
		return status;
	return weir_err_set (
		err, WEIR_E_IO, WEIR_CLASS_GIVE_UP, "RasterUnreadable", weir_url_shown (band->handle->name),
		"cannot read block %d, %d of band %u: %s", col, row, band->number, weir_words_get ());
}

static int
s_load_block (weir_raster_cache_t *self, const weir_raster_band_t *band, int col, int row,
              weir_err_t *err)
{
	if (self->block_handle == band->handle && self->block_band == band->number &&
	    self->block_col == col && self->block_row == row)
		return 0;
	self->block_handle = NULL;
	int status = band->handle->remote != NULL ? weir_raster_ahead_need (self, band, col, row, err)
	                                          : 0;
	if (status != 0)
		return status;
	weir_words_reset ();
	if (GDALReadBlock (band->band, col, row, self->block) != CE_None)
		return s_fail_block (band, col, row, err);
	self->stats.n_blocks++;
	self->block_handle = band->handle;
	self->block_band = band->number;
	self->block_col = col;
	self->block_row = row;
	return 0;
}

/* The part of a block inside the window goes to the sink. */
static int
s_hand_on (const weir_raster_cache_t *self, const weir_raster_band_t *band, weir_window_t window,
           weir_raster_sink_fn *sink, void *arg)
{
	int64_t left = (int64_t) self->block_col * band->block_width;
	int64_t top = (int64_t) self->block_row * band->block_height;
	int64_t col = left > window.col ? left : window.col;
	int64_t row = top > window.row ? top : window.row;
	int64_t right = left + band->block_width;
	int64_t bottom = top + band->block_height;
	if (right > window.col + window.width)
		right = window.col + window.width;
	if (bottom > window.row + window.height)
		bottom = window.row + window.height;
	size_t first = (size_t) (row - top) * (size_t) band->block_width + (size_t) (col - left);
	return sink (arg, band->type, self->block + first * band->cell_bytes,
	             (size_t) band->block_width, (size_t) (row - window.row),
	             (size_t) (col - window.col), (size_t) (bottom - row), (size_t) (right - col));
}

weir_raster_span_t
weir_raster_span (const weir_raster_band_t *band, weir_window_t window)
{
	return (weir_raster_span_t){
		.col_first = (int) (window.col / band->block_width),
		.col_last = (int) ((window.col + window.width - 1) / band->block_width),
		.row_first = (int) (window.row / band->block_height),
		.row_last = (int) ((window.row + window.height - 1) / band->block_height)
	};
}

/* ---- reading */

typedef struct { /* one read of some bands */
	size_t n_bands;
	weir_raster_band_t *bands;
	weir_window_t window;
	weir_raster_bands_sink_fn *sink;
	void *arg;
	size_t i; /* the band that s_take_one hands on */
} s_read_t;

static int
s_take_one (void *arg, weir_type_t type, const void *cells, size_t row_stride, size_t row,
            size_t col, size_t n_rows, size_t n_cols)
{
	const s_read_t *read = arg;
	return read->sink (read->arg, read->i, type, cells, row_stride, row, col, n_rows, n_cols);
}

static int
s_open_bands (weir_raster_cache_t *self, weir_raster_handle_t *handle, const uint32_t *bands,
              s_read_t *read, weir_err_t *err)
{
	for (size_t i = 0; i < read->n_bands; i++) {
		int status = weir_raster_open_band (self, handle, bands[i], &read->bands[i], err);
		if (status != 0)
			return status;
		if (read->bands[i].block_width != read->bands[0].block_width ||
		    read->bands[i].block_height != read->bands[0].block_height)
			return weir_err_set (err, WEIR_E_UNSUPPORTED, WEIR_CLASS_GIVE_UP, "RasterUnreadable",
			                     weir_url_shown (handle->name),
			                     "bands %u and %u have blocks of different sizes", bands[0],
			                     bands[i]);
	}
	return 0;
}

static int
s_read_block (weir_raster_cache_t *self, s_read_t *read, int col, int row, weir_err_t *err)
{
	for (read->i = 0; read->i < read->n_bands; read->i++) {
		const weir_raster_band_t *band = &read->bands[read->i];
		int status = s_load_block (self, band, col, row, err);
		if (status == 0 && band->handle->remote != NULL)
			weir_raster_ahead_use (self, band, col, row);
		if (status == 0)
			status = s_hand_on (self, band, read->window, s_take_one, read);
		if (status != 0)
			return status;
	}
	return 0;
}

static int
s_read_blocks (weir_raster_cache_t *self, s_read_t *read, weir_err_t *err)
{
	int status = 0;
	if (read->n_bands == 0 || read->window.width <= 0 || read->window.height <= 0)
		return 0;
	weir_raster_span_t span = weir_raster_span (&read->bands[0], read->window);
	for (int row = span.row_first; row <= span.row_last && status == 0; row++)
		for (int col = span.col_first; col <= span.col_last && status == 0; col++)
			status = s_read_block (self, read, col, row, err);
	return status;
}

/* A remote file waits until all bands are planned, so that they share ranges. */
static int
s_begin (weir_raster_cache_t *self, const char *name, const uint32_t *bands, const s_read_t *read,
         weir_raster_handle_t **handle_out, weir_err_t *err)
{
	if (!weir_raster_is_remote (name))
		return s_find_handle (self, name, handle_out, err);
	return weir_raster_ahead_begin (self, name, read->n_bands, bands, read->window, handle_out,
	                                err);
}

int
weir_raster_read_bands (weir_raster_cache_t *self, const char *name, int64_t width, int64_t height,
                        size_t n_bands, const uint32_t *bands, weir_window_t window,
                        weir_raster_bands_sink_fn *sink, void *arg, weir_err_t *err)
{
	weir_raster_handle_t *handle = NULL;
	s_read_t read = { .n_bands = n_bands, .window = window, .sink = sink, .arg = arg };
	int status = s_begin (self, name, bands, &read, &handle, err);
	if (status != 0)
		return status;
	read.bands = weir_alloc (n_bands * sizeof *read.bands);
	status = s_check_size (handle, width, height, window, err);
	if (status == 0)
		status = s_open_bands (self, handle, bands, &read, err);
	if (status == 0)
		status = s_read_blocks (self, &read, err);
	free (read.bands);
	if (status != 0 && status != WEIR_E_UNSUPPORTED)
		weir_raster_cache_drop (self, handle); /* a later attempt begins with a fresh handle */
	for (size_t i = 0; status == 0 && handle->remote != NULL && i < n_bands; i++)
		weir_raster_ahead_end (self, handle, bands[i], window);
	return status;
}

typedef struct { /* a sink of one band as one of several */
	weir_raster_sink_fn *sink;
	void *arg;
} s_single_t;

static int
s_take_single (void *arg, size_t i, weir_type_t type, const void *cells, size_t row_stride,
               size_t row, size_t col, size_t n_rows, size_t n_cols)
{
	const s_single_t *self = arg;
	(void) i;
	return self->sink (self->arg, type, cells, row_stride, row, col, n_rows, n_cols);
}

int
weir_raster_read (weir_raster_cache_t *self, const char *name, int64_t width, int64_t height,
                  uint32_t band, weir_window_t window, weir_raster_sink_fn *sink, void *arg,
                  weir_err_t *err)
{
	s_single_t single = { sink, arg };
	return weir_raster_read_bands (self, name, width, height, 1, &band, window, s_take_single,
	                               &single, err);
}

int
weir_raster_block_size (weir_raster_cache_t *self, const char *name, uint32_t band, int *width_out,
                        int *height_out, weir_err_t *err)
{
	weir_raster_handle_t *handle = NULL;
	weir_raster_band_t source = { 0 };
	s_read_t read = { .n_bands =
		                  1 }; /* an empty window: nothing is fetched but what opening takes */
	int status = s_begin (self, name, &band, &read, &handle, err);
	if (status == 0)
		status = weir_raster_open_band (self, handle, band, &source, err);
	if (status == 0 && handle->remote != NULL)
		weir_raster_ahead_end (self, handle, band, read.window);
	*width_out = source.block_width;
	*height_out = source.block_height;
	return status;
}
