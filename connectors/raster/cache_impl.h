/* cache_impl.h - what cache.c (open files, blocks) and ahead.c (remote files, ahead of their turn)
 * share
 *
 * Runs on   the cache's own thread
 */
#ifndef WEIR_CONNECTORS_RASTER_CACHE_IMPL_H
#define WEIR_CONNECTORS_RASTER_CACHE_IMPL_H

#include "connectors/raster/cache.h"
#include "connectors/raster/driver.h"
#include "connectors/raster/remote.h"
#include "runtime/base/vec.h"

typedef struct weir_raster_handle {
	struct weir_raster_handle *newer, *older;
	char *name;
	uint64_t hash;
	weir_remote_t *remote; /* NULL: a local file */
	GDALDatasetH dataset;  /* NULL: a remote file whose head is under way */
	size_t bytes;
	uint32_t n_expected; /* reads that are announced: it stays open for them */
} weir_raster_handle_t;

/* One band of one open file, as a read needs it. */
typedef struct {
	weir_raster_handle_t *handle;
	uint32_t number;
	GDALRasterBandH band;
	weir_type_t type;
	size_t cell_bytes;
	int block_width, block_height;
} weir_raster_band_t;

typedef struct { /* a remote read that is announced */
	weir_raster_handle_t *handle;
	uint32_t band;
	weir_window_t window;
	bool is_planned; /* its blocks are wanted */
} weir_raster_expected_t;

struct weir_raster_cache {
	weir_raster_handle_t *newest, *oldest;
	size_t bytes_max;
	weir_raster_cache_stats_t stats;
	uint8_t *block; /* 64-aligned */
	size_t block_bytes;
	const weir_raster_handle_t *block_handle; /* what `block` holds; NULL: nothing */
	uint32_t block_band;
	int block_col, block_row;

	weir_fetch_group_t *group; /* made with the first remote file */
	bool (*is_cancelled) (void *arg);
	void *arg;
	size_t held; /* bytes of remote ranges */
	WEIR_VEC (weir_raster_expected_t) expected;
	WEIR_VEC (weir_remote_block_t) blocks; /* scratch */
};

/* Blocks that a window touches. */
typedef struct {
	int col_first, col_last, row_first, row_last;
} weir_raster_span_t;
weir_raster_span_t weir_raster_span (const weir_raster_band_t *band, weir_window_t window);

/* ---- cache.c */
weir_raster_handle_t *weir_raster_cache_find (weir_raster_cache_t *self, const char *name);
/* A handle for a dataset or a remote file, newest; both become the cache's. */
weir_raster_handle_t *weir_raster_cache_add (weir_raster_cache_t *self, const char *name,
                                             GDALDatasetH dataset, weir_remote_t *remote);
void weir_raster_cache_opened (weir_raster_cache_t *self, weir_raster_handle_t *handle,
                               GDALDatasetH dataset);
/* With the reads that are announced for it. */
void weir_raster_cache_drop (weir_raster_cache_t *self, weir_raster_handle_t *handle);
int weir_raster_open_band (weir_raster_cache_t *self, weir_raster_handle_t *handle, uint32_t number,
                           weir_raster_band_t *band, weir_err_t *err);

/* ---- ahead.c */
void weir_raster_ahead_forget (weir_raster_cache_t *self, const weir_raster_handle_t *handle);
/* Waits until the file is open and the blocks of the read are wanted. */
int weir_raster_ahead_begin (weir_raster_cache_t *self, const char *name, size_t n_bands,
                             const uint32_t *bands, weir_window_t window,
                             weir_raster_handle_t **handle_out, weir_err_t *err);
void weir_raster_ahead_end (weir_raster_cache_t *self, weir_raster_handle_t *handle, uint32_t band,
                            weir_window_t window);
/* Where a block is; false: not in the file (no-data), or not known. */
bool weir_raster_ahead_block (GDALRasterBandH band, int col, int row, weir_remote_block_t *out);
/* Before and after a block of a remote file is decoded. */
int weir_raster_ahead_need (weir_raster_cache_t *self, const weir_raster_band_t *band, int col,
                            int row, weir_err_t *err);
void weir_raster_ahead_use (weir_raster_cache_t *self, const weir_raster_band_t *band, int col,
                            int row);

#endif
