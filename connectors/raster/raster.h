/* raster.h - reading rasters through GDAL: whole blocks, a bounded cache of open files
 *
 * A weir_raster_cache_t belongs to one thread (GDAL datasets never cross threads). It keeps the
 * most recently used datasets open within a byte bound, and reads windows block by block with
 * GDALReadBlock. weir_raster_init () is called once, before any thread: registers the allowed
 * drivers, sets GDAL_DISABLE_READDIR_ON_OPEN=EMPTY_DIR, a small block cache and a quiet error
 * handler that keeps the last words.
 *
 * Errors   code "RasterUnreadable" (where: the file; text ends with the system's or GDAL's own
 *          words), "RasterSizeMismatch" where the file is of another size than its item says
 * Runs on  one thread a cache; blocks on disk
 * Limits   ~90 KB an open GeoTIFF; a block at most 256 MiB
 */
#ifndef WEIR_CONNECTORS_RASTER_H
#define WEIR_CONNECTORS_RASTER_H

#include "cube/cell.h"
#include "cube/grid/grid.h"
#include "cube/source/item.h"

int weir_raster_init (weir_err_t *err);
void weir_raster_shutdown (void);

/* How far an address from a document may lead. */
typedef enum {
	WEIR_REACH_PUBLIC = 0, /* no loopback, private or link-local address (connectors/net/host.h) */
	WEIR_REACH_ANY
} weir_reach_t;

typedef struct {
	unsigned connect_s; /* 0: 10 */
	unsigned silence_s; /* less than 1 KiB/s for so long ends a transfer; 0: 15 */
	enum {
		WEIR_PRIVATE_LIKE_CATALOGUE = 0, /* where the catalogue itself is local or private */
		WEIR_PRIVATE_NEVER,
		WEIR_PRIVATE_ALWAYS
	} private_hosts; /* whether what a catalogue names may be on a private host */
} weir_raster_http_t;
void weir_raster_http_configure (const weir_raster_http_t *config); /* before any thread */

typedef struct { /* arg of weir_raster_probe and weir_raster_name_of_href */
	weir_reach_t reach;
	bool (*is_cancelled) (void *arg); /* may be NULL */
	void *arg;
} weir_raster_context_t;

/* How far the addresses in this catalogue (a path or an address) may lead, as configured. May
 * resolve the host's name. */
weir_reach_t weir_raster_reach_of (const char *catalogue);

/* For weir_plan_options_t: see build.h. arg: NULL, or a context for the last two. */
weir_transform_fn weir_raster_transform;
char *weir_raster_crs_resolve (void *arg, size_t n, const char *const *candidates);
bool weir_raster_crs_equal (void *arg, const char *a, const char *b);
/* "EPSG:32642" where the CRS is exactly what PROJ has under the code that it names; else NULL.
 * Yours. */
char *weir_raster_crs_code (const char *crs);
int weir_raster_probe (void *arg, const char *name, weir_probe_t *probe_out, weir_err_t *err);
/* Path, file:// address or http(s) URL -> GDAL name. Refuses "/vsi…", "<…", driver prefixes and
 * unknown schemes (code "AddressNotAllowed"); http(s) follows the rules of url.h, without a context
 * those of WEIR_REACH_PUBLIC. */
int weir_raster_name_of_href (void *arg, const char *href, char **name_out, weir_err_t *err);

/* A transformation that is made once and used often, by one thread. Its points are a
 * weir_points_fn of at most 2^31 - 1 points. */
typedef struct weir_raster_transformer weir_raster_transformer_t;
int weir_raster_transformer_new (const char *src_crs, const char *dst_crs,
                                 weir_raster_transformer_t **transformer_out, weir_err_t *err);
void weir_raster_transformer_destroy (weir_raster_transformer_t **self_p);
int weir_raster_transformer_points (void *transformer, size_t n, double *x, double *y,
                                    weir_err_t *err);

typedef struct weir_raster_cache weir_raster_cache_t;
weir_raster_cache_t *weir_raster_cache_new (size_t handle_bytes_max);
void weir_raster_cache_destroy (weir_raster_cache_t **self_p);

/* Asked all the time while something remote is waited for; may be NULL. */
void weir_raster_cache_watch (weir_raster_cache_t *self, bool (*is_cancelled) (void *arg),
                              void *arg);
/* Says that this read will come, so that what is remote is under way before its turn; costs nothing
 * for local files. Reads that are announced together share requests; begin makes them
 * start. */
void weir_raster_expect (weir_raster_cache_t *self, const char *name, uint32_t band,
                         weir_window_t window);
void weir_raster_expect_begin (weir_raster_cache_t *self);
bool weir_raster_may_expect (const weir_raster_cache_t *self); /* false: enough is under way */
void weir_raster_expect_none (weir_raster_cache_t *self); /* what was announced will not come */
bool weir_raster_is_remote (const char *name);

/* Gets one decoded piece: cells of `type` (the file band's own type), row_stride in cells; the
 * rectangle (row, col, n_rows, n_cols) is in pixels of the requested window. Return non-zero to
 * stop; it becomes the result. */
typedef int weir_raster_sink_fn (void *arg, weir_type_t type, const void *cells, size_t row_stride,
                                 size_t row, size_t col, size_t n_rows, size_t n_cols);

/* Reads `window` (pixels of the file; inside it) of one band, one call of `sink` for each block
 * that it touches, each with the part of the block that lies in the window; the rectangles are
 * disjoint and cover the window. Cells are only valid during the call. Raw values: no-data is not
 * translated. width, height: what the item says (mismatch is an error). */
int weir_raster_read (weir_raster_cache_t *self, const char *name, int64_t width, int64_t height,
                      uint32_t band, weir_window_t window, weir_raster_sink_fn *sink, void *arg,
                      weir_err_t *err);

/* As above, for band bands[i]; i counts up and begins anew with each block. */
typedef int weir_raster_bands_sink_fn (void *arg, size_t i, weir_type_t type, const void *cells,
                                       size_t row_stride, size_t row, size_t col, size_t n_rows,
                                       size_t n_cols);
/* Several bands of one file, block by block: where they are interleaved by pixel a block is decoded
 * once for all. WEIR_E_UNSUPPORTED before any piece where their blocks differ in size. */
int weir_raster_read_bands (weir_raster_cache_t *self, const char *name, int64_t width,
                            int64_t height, size_t n_bands, const uint32_t *bands,
                            weir_window_t window, weir_raster_bands_sink_fn *sink, void *arg,
                            weir_err_t *err);
/* Size of the blocks of a band; opens the file as weir_raster_read does. */
int weir_raster_block_size (weir_raster_cache_t *self, const char *name, uint32_t band,
                            int *width_out, int *height_out, weir_err_t *err);

/* Translates n raw cells of file type to `cell`'s type and no-data: values equal to `nodata` (where
 * has_nodata) and NaN become no-data. True in *is_identity_out of the check below means the bytes
 * can be used as they are. */
bool weir_raster_is_identity (weir_type_t type, bool has_nodata, double nodata, weir_cell_t cell);
void weir_raster_translate (weir_type_t type, bool has_nodata, double nodata, const void *raw,
                            weir_cell_t cell, void *cells, size_t n);

#endif
