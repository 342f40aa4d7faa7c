/* ahead.c - remote reads ahead of their turn (raster.h, cache_impl.h)
 *
 * A read that is announced goes through: head under way → file open → its blocks wanted → their
 * ranges under way → read. s_advance moves all of them as far as they go without waiting, in the
 * order in which they were announced; whoever waits for one moves the others on too.
 *
 * Invariants   an expected read is in its handle's n_expected; a planned one holds one use of each
 *              of its blocks, which the read consumes
 */
#include "connectors/raster/cache_impl.h"
#include "connectors/raster/url.h"

#include <cpl_string.h>
#include <stdio.h>
#include <stdlib.h>

#define EXPECTED_MAX 1024

bool
weir_raster_is_remote (const char *name)
{
	weir_reach_t reach;
	return weir_url_of_name (name, &reach) != NULL;
}

void
weir_raster_cache_watch (weir_raster_cache_t *self, bool (*is_cancelled) (void *arg), void *arg)
{
	self->is_cancelled = is_cancelled;
	self->arg = arg;
	if (self->group != NULL)
		weir_fetch_group_watch (self->group, is_cancelled, arg);
}

static weir_raster_handle_t *
s_find_or_start (weir_raster_cache_t *self, const char *name)
{
	weir_raster_handle_t *handle = weir_raster_cache_find (self, name);
	if (handle != NULL)
		return handle;
	if (self->group == NULL) {
		self->group = weir_fetch_group_new ();
		weir_fetch_group_watch (self->group, self->is_cancelled, self->arg);
	}
	return weir_raster_cache_add (self, name, NULL,
	                              weir_remote_new (self->group, name, &self->held));
}

static void
s_push_expected (weir_raster_cache_t *self, const char *name, uint32_t band, weir_window_t window)
{
	weir_raster_expected_t fresh = { .handle = s_find_or_start (self, name),
		                             .band = band,
		                             .window = window };
	fresh.handle->n_expected++;
	weir_vec_push (&self->expected, fresh);
}

static size_t
s_count_files (const weir_raster_cache_t *self)
{
	size_t n = 0;
	for (size_t i = 0; i < self->expected.n; i++)
		n += i == 0 || self->expected.at[i].handle != self->expected.at[i - 1].handle;
	return n;
}

bool
weir_raster_may_expect (const weir_raster_cache_t *self)
{
	return self->expected.n < EXPECTED_MAX && s_count_files (self) < WEIR_RASTER_AHEAD_FILES &&
	       self->held < WEIR_RASTER_AHEAD_BYTES;
}

void
weir_raster_expect (weir_raster_cache_t *self, const char *name, uint32_t band,
                    weir_window_t window)
{
	if (weir_raster_is_remote (name))
		s_push_expected (self, name, band, window);
}

static void
s_remove (weir_raster_cache_t *self, size_t i)
{
	weir_raster_expected_t *at = &self->expected.at[i];
	at->handle->n_expected--;
	memmove (at, at + 1, (self->expected.n - i - 1) * sizeof *at);
	self->expected.n--;
}

void
weir_raster_ahead_forget (weir_raster_cache_t *self, const weir_raster_handle_t *handle)
{
	for (size_t i = self->expected.n; i > 0; i--)
		if (self->expected.at[i - 1].handle == handle)
			s_remove (self, i - 1);
}

/* A file with ranges that nobody will read goes as a whole. */
void
weir_raster_expect_none (weir_raster_cache_t *self)
{
	while (self->expected.n > 0)
		weir_raster_cache_drop (self, self->expected.at[self->expected.n - 1].handle);
}

/* ---- blocks */

static bool
s_get_number (GDALRasterBandH band, const char *what, int col, int row, uint64_t *out)
{
	char key[64], *end;
	snprintf (key, sizeof key, "BLOCK_%s_%d_%d", what, col, row);
	const char *text = GDALGetMetadataItem (band, key, "TIFF");
	if (text == NULL)
		return false;
	*out = strtoull (text, &end, 10);
	return end != text;
}

bool
weir_raster_ahead_block (GDALRasterBandH band, int col, int row, weir_remote_block_t *out)
{
	return s_get_number (band, "OFFSET", col, row, &out->offset) &&
	       s_get_number (band, "SIZE", col, row, &out->n_bytes);
}

int
weir_raster_ahead_need (weir_raster_cache_t *self, const weir_raster_band_t *band, int col, int row,
                        weir_err_t *err)
{
	weir_remote_block_t block;
	(void) self;
	if (!weir_raster_ahead_block (band->band, col, row, &block))
		return 0;
	return weir_remote_need (band->handle->remote, block, err);
}

void
weir_raster_ahead_use (weir_raster_cache_t *self, const weir_raster_band_t *band, int col, int row)
{
	weir_remote_block_t block;
	if (weir_raster_ahead_block (band->band, col, row, &block))
		weir_remote_use (band->handle->remote, block);
	weir_remote_start (band->handle->remote, WEIR_RASTER_AHEAD_BYTES);
	(void) self;
}

/* ---- moving on */

/* What cannot be planned (a window outside the file, a missing band) fails when it is read. */
static void
s_list_blocks (weir_raster_cache_t *self, const weir_raster_expected_t *read)
{
	GDALDatasetH dataset = read->handle->dataset;
	weir_window_t w = read->window;
	if (w.col < 0 || w.row < 0 || w.width <= 0 || w.height <= 0 ||
	    w.width > GDALGetRasterXSize (dataset) - w.col ||
	    w.height > GDALGetRasterYSize (dataset) - w.row)
		return;
	weir_raster_band_t band;
	if (weir_raster_open_band (self, read->handle, read->band, &band, NULL) != 0)
		return;
	weir_raster_span_t span = weir_raster_span (&band, w);
	for (int row = span.row_first; row <= span.row_last; row++) {
		for (int col = span.col_first; col <= span.col_last; col++) {
			weir_remote_block_t block;
			if (weir_raster_ahead_block (band.band, col, row, &block))
				weir_vec_push (&self->blocks, block);
		}
	}
}

/* All reads that are announced for one file, so that they share ranges. */
static void
s_plan (weir_raster_cache_t *self, weir_raster_handle_t *handle)
{
	self->blocks.n = 0;
	for (size_t i = 0; i < self->expected.n; i++) {
		weir_raster_expected_t *read = &self->expected.at[i];
		if (read->handle != handle || read->is_planned)
			continue;
		s_list_blocks (self, read);
		read->is_planned = true;
	}
	if (self->blocks.n > 0)
		weir_remote_want (handle->remote, self->blocks.n, self->blocks.at);
}

/* True: the file is open. A failure stays in the remote file until it is read. */
static bool
s_open (weir_raster_cache_t *self, weir_raster_handle_t *handle, weir_err_t *err, int *status_out)
{
	*status_out = 0;
	if (handle->dataset != NULL)
		return true;
	if (!weir_remote_is_ready (handle->remote))
		return false;
	GDALDatasetH dataset = NULL;
	*status_out = weir_remote_open (handle->remote, &dataset, err);
	if (dataset != NULL)
		weir_raster_cache_opened (self, handle, dataset);
	return dataset != NULL;
}

static void
s_advance (weir_raster_cache_t *self)
{
	for (size_t i = 0; i < self->expected.n; i++) {
		weir_raster_handle_t *handle = self->expected.at[i].handle;
		int status;
		if ((i > 0 && handle == self->expected.at[i - 1].handle) ||
		    !s_open (self, handle, NULL, &status))
			continue;
		s_plan (self, handle);
		weir_remote_start (handle->remote, WEIR_RASTER_AHEAD_BYTES);
	}
}

void
weir_raster_expect_begin (weir_raster_cache_t *self)
{
	if (self->expected.n > 0)
		s_advance (self);
}

static size_t
s_find_expected (const weir_raster_cache_t *self, const weir_raster_handle_t *handle, uint32_t band,
                 weir_window_t window)
{
	for (size_t i = 0; handle != NULL && i < self->expected.n; i++) {
		const weir_raster_expected_t *read = &self->expected.at[i];
		if (read->handle == handle && read->band == band && read->window.col == window.col &&
		    read->window.row == window.row && read->window.width == window.width &&
		    read->window.height == window.height)
			return i;
	}
	return SIZE_MAX;
}

/* Announces what of the read was not. */
static weir_raster_handle_t *
s_expect_all (weir_raster_cache_t *self, const char *name, size_t n_bands, const uint32_t *bands,
              weir_window_t window)
{
	weir_raster_handle_t *handle = s_find_or_start (self, name);
	for (size_t i = 0; i < n_bands; i++)
		if (s_find_expected (self, handle, bands[i], window) == SIZE_MAX)
			s_push_expected (self, name, bands[i], window);
	return handle;
}

static bool
s_are_planned (const weir_raster_cache_t *self, const weir_raster_handle_t *handle, size_t n_bands,
               const uint32_t *bands, weir_window_t window)
{
	for (size_t i = 0; i < n_bands; i++)
		if (!self->expected.at[s_find_expected (self, handle, bands[i], window)].is_planned)
			return false;
	return handle->dataset != NULL;
}

int
weir_raster_ahead_begin (weir_raster_cache_t *self, const char *name, size_t n_bands,
                         const uint32_t *bands, weir_window_t window,
                         weir_raster_handle_t **handle_out, weir_err_t *err)
{
	weir_raster_handle_t *handle = s_expect_all (self, name, n_bands, bands, window);
	*handle_out = handle;
	for (;;) {
		uint64_t seen = weir_fetch_group_count (self->group);
		int status;
		if (!s_open (self, handle, err, &status) && status != 0) {
			weir_raster_cache_drop (self, handle);
			return status;
		}
		s_advance (self);
		if (s_are_planned (self, handle, n_bands, bands, window))
			return 0;
		status = weir_fetch_group_wait (self->group, seen, err);
		if (status != 0)
			return status;
	}
}

void
weir_raster_ahead_end (weir_raster_cache_t *self, weir_raster_handle_t *handle, uint32_t band,
                       weir_window_t window)
{
	size_t at = s_find_expected (self, handle, band, window);
	if (at != SIZE_MAX)
		s_remove (self, at);
}
