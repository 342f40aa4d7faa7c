/* test_read.c - windows of files block by block: cells, shapes, the handle cache, every kind of bad
 * file */
#include "fixture.h"

#include "connectors/raster/cache.h"
#include "runtime/base/mem.h"

#include <cpl_string.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
	weir_window_t window;
	weir_cell_t cell;
	size_t band;
	uint8_t *seen; /* how often each pixel came */
	size_t n_calls;
	size_t n_wrong;
	int stop_with;
} s_check_t;

static int
s_check_piece (void *arg, weir_type_t type, const void *cells, size_t row_stride, size_t row,
               size_t col, size_t n_rows, size_t n_cols)
{
	s_check_t *self = arg;
	self->n_calls++;
	if (self->stop_with != 0)
		return self->stop_with;
	weir_cell_t raw = { .type = type };
	for (size_t r = 0; r < n_rows; r++) {
		for (size_t c = 0; c < n_cols; c++) {
			double got = weir_cell_get (raw, cells, r * row_stride + c);
			double want = fixture_value (self->cell, 0, self->band,
			                             self->window.row + (int64_t) (row + r),
			                             self->window.col + (int64_t) (col + c));
			if (weir_is_nodata_f64 (want) && !weir_type_is_float (type))
				want = self->cell.nodata;
			self->n_wrong += !(got == want || (isnan (got) && isnan (want))) ||
			                 type != self->cell.type;
			self->seen[(row + r) * (size_t) self->window.width + col + c]++;
		}
	}
	return 0;
}

static void
s_check_window (weir_raster_cache_t *cache, const char *path, int64_t width, int64_t height,
                s_check_t check)
{
	weir_err_t err;
	size_t n = (size_t) (check.window.width * check.window.height);
	check.seen = weir_alloc (n + 1);
	assert_ok (weir_raster_read (cache, path, width, height, (uint32_t) check.band + 1,
	                             check.window, s_check_piece, &check, &err),
	           err);
	assert_int_equal (check.n_wrong, 0);
	for (size_t i = 0; i < n; i++)
		assert_int_equal (check.seen[i], 1);
	free (check.seen);
}

static const char *const s_layouts[][6] = {
	{ "TILED=YES", "BLOCKXSIZE=32", "BLOCKYSIZE=16", NULL },
	{ "TILED=YES", "BLOCKXSIZE=64", "BLOCKYSIZE=64", "COMPRESS=DEFLATE", "PREDICTOR=2", NULL },
	{ "BLOCKYSIZE=1", NULL },
	{ "BLOCKYSIZE=7", "COMPRESS=LZW", NULL },
	{ "TILED=YES", "BLOCKXSIZE=32", "BLOCKYSIZE=32", "INTERLEAVE=PIXEL", "COMPRESS=ZSTD", NULL },
	{ "TILED=YES", "BLOCKXSIZE=32", "BLOCKYSIZE=32", "INTERLEAVE=BAND", "BIGTIFF=YES", NULL },
};

static void
s_test_windows (void **state)
{
	(void) state;
	static const weir_window_t windows[] = {
		{ 0, 0, 75, 43 }, { 0, 0, 1, 1 },    { 74, 42, 1, 1 }, { 31, 15, 2, 2 },
		{ 5, 7, 60, 30 }, { 64, 0, 11, 43 }, { 10, 10, 0, 0 },
	};
	weir_raster_cache_t *cache = weir_raster_cache_new ((size_t) 64 << 20);
	for (int type = 0; type < WEIR_N_TYPES; type++) {
		weir_cell_t cell =
			weir_type_is_float ((weir_type_t) type)
				? weir_cell_float ((weir_type_t) type)
				: (weir_cell_t){ .type = (weir_type_t) type, .has_nodata = true, .nodata = 99 };
		for (size_t layout = 0; layout < sizeof s_layouts / sizeof s_layouts[0]; layout++) {
			char *path = weir_asprintf ("%s/w%d-%zu.tif", fixture_folder (), type, layout);
			if (layout == 1 && weir_type_is_float (cell.type))
				fixture_make_tiff (path, cell, 3, 75, 43, s_layouts[0]);
			else
				fixture_make_tiff (path, cell, 3, 75, 43, s_layouts[layout]);
			for (size_t i = 0; i < sizeof windows / sizeof windows[0]; i++)
				for (size_t band = 0; band < 3; band++)
					s_check_window (
						cache, path, 75, 43,
						(s_check_t){ .window = windows[i], .cell = cell, .band = band });
			unlink (path);
			free (path);
		}
	}
	assert_int_equal (weir_raster_cache_stats (cache).n_opened, WEIR_N_TYPES * 6);
	weir_raster_cache_destroy (&cache);
	weir_raster_cache_destroy (&cache);
}

static void
s_test_sparse_and_stop (void **state)
{
	(void) state;
	/* a tile that was never written reads as no-data; what the sink returns ends the read */
	weir_cell_t cell = { .type = WEIR_U8, .has_nodata = true, .nodata = 99 };
	char *path = fixture_path ("sparse.tif");
	char **options = CSLAddString (NULL, "SPARSE_OK=TRUE");
	GDALDatasetH dataset = GDALCreate (GDALGetDriverByName ("GTiff"), path, 64, 64, 1, GDT_Byte,
	                                   options);
	CSLDestroy (options);
	GDALSetRasterNoDataValue (GDALGetRasterBand (dataset, 1), 99);
	GDALClose (dataset);
	weir_err_t err;
	weir_raster_cache_t *cache = weir_raster_cache_new (0);
	s_check_t check = { .window = { 0, 0, 64, 64 }, .cell = cell, .stop_with = 42 };
	assert_int_equal (
		weir_raster_read (cache, path, 64, 64, 1, check.window, s_check_piece, &check, &err), 42);
	assert_int_equal (check.n_calls, 1);
	weir_raster_cache_destroy (&cache);
	free (path);
}

static void
s_test_cache (void **state)
{
	(void) state;
	weir_cell_t cell = { .type = WEIR_U8, .has_nodata = true, .nodata = 99 };
	char *paths[4];
	for (int i = 0; i < 4; i++) {
		paths[i] = weir_asprintf ("%s/c%d.tif", fixture_folder (), i);
		fixture_make_tiff (paths[i], cell, 1, 64, 64, s_layouts[0]);
	}
	/* room for two handles of 8 blocks each */
	size_t handle = WEIR_RASTER_HANDLE_BYTES + 16 * 8;
	weir_raster_cache_t *cache = weir_raster_cache_new (2 * handle + 10);
	static const struct {
		int file;
		size_t n_open, n_opened;
	} steps[] = { { 0, 1, 1 }, { 1, 2, 2 }, { 0, 2, 2 }, { 2, 2, 3 },
		          { 0, 2, 3 }, { 1, 2, 4 }, { 3, 2, 5 }, { 1, 2, 5 } };
	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		s_check_window (cache, paths[steps[i].file], 64, 64,
		                (s_check_t){ .window = { 0, 0, 40, 40 }, .cell = cell });
		weir_raster_cache_stats_t stats = weir_raster_cache_stats (cache);
		assert_int_equal (stats.n_open, steps[i].n_open);
		assert_int_equal (stats.n_opened, steps[i].n_opened);
		assert_int_equal (stats.bytes, stats.n_open * handle);
	}
	weir_raster_cache_destroy (&cache);
	/* a bound below one handle still reads, one file at a time */
	cache = weir_raster_cache_new (1);
	for (int i = 0; i < 4; i++) {
		s_check_window (cache, paths[i], 64, 64,
		                (s_check_t){ .window = { 0, 0, 64, 64 }, .cell = cell });
		assert_int_equal (weir_raster_cache_stats (cache).n_open, 1);
	}
	/* the last block is kept: the same one again is not decoded again */
	size_t n_blocks = weir_raster_cache_stats (cache).n_blocks;
	s_check_window (cache, paths[3], 64, 64,
	                (s_check_t){ .window = { 40, 60, 4, 4 }, .cell = cell });
	assert_int_equal (weir_raster_cache_stats (cache).n_blocks, n_blocks);
	weir_raster_cache_destroy (&cache);
	for (int i = 0; i < 4; i++)
		free (paths[i]);
}

/* ---- bad input */

/* ---- several bands at once */

typedef struct {
	s_check_t bands[2];
	size_t next; /* band of the next piece */
} s_bands_check_t;

static int
s_check_band (void *arg, size_t i, weir_type_t type, const void *cells, size_t row_stride,
              size_t row, size_t col, size_t n_rows, size_t n_cols)
{
	s_bands_check_t *self = arg;
	assert_int_equal (i, self->next);
	self->next = (i + 1) % 2;
	return s_check_piece (&self->bands[i], type, cells, row_stride, row, col, n_rows, n_cols);
}

static void
s_test_several_bands (void **state)
{
	(void) state;
	const weir_window_t window = { 10, 5, 50, 30 };
	const uint32_t numbers[2] = { 3, 1 };
	const weir_cell_t cell = { .type = WEIR_U16, .has_nodata = true, .nodata = 9 };
	size_t n = (size_t) window.width * (size_t) window.height;
	weir_raster_cache_t *cache = weir_raster_cache_new ((size_t) 1 << 20);
	for (size_t layout = 0; layout < sizeof s_layouts / sizeof s_layouts[0]; layout++) {
		weir_err_t err;
		weir_err_clear (&err);
		char *path = fixture_path ("bands.tif");
		fixture_make_tiff (path, cell, 3, 75, 43, s_layouts[layout]);
		s_bands_check_t check = { 0 };
		for (size_t i = 0; i < 2; i++)
			check.bands[i] = (s_check_t){
				.window = window, .cell = cell, .band = numbers[i] - 1, .seen = weir_alloc (n)
			};
		assert_ok (weir_raster_read_bands (cache, path, 75, 43, 2, numbers, window, s_check_band,
		                                   &check, &err),
		           err);
		for (size_t i = 0; i < 2; i++) {
			assert_int_equal (check.bands[i].n_wrong, 0);
			for (size_t k = 0; k < n; k++)
				assert_int_equal (check.bands[i].seen[k], 1);
			free (check.bands[i].seen);
		}
		const uint32_t bad[2] = { 1, 4 };
		assert_int_equal (weir_raster_read_bands (cache, path, 75, 43, 2, bad, window, s_check_band,
		                                          &check, &err),
		                  WEIR_E_INVALID);
		weir_raster_cache_destroy (&cache);
		cache = weir_raster_cache_new ((size_t) 1 << 20);
		unlink (path);
		free (path);
	}
	weir_raster_cache_destroy (&cache);
}

static int
s_ignore_piece (void *arg, weir_type_t type, const void *cells, size_t row_stride, size_t row,
                size_t col, size_t n_rows, size_t n_cols)
{
	(void) arg, (void) type, (void) cells, (void) row_stride, (void) row, (void) col, (void) n_rows,
		(void) n_cols;
	return 0;
}

static void
s_expect_error (const char *path, int64_t width, uint32_t band, weir_window_t window, int status,
                const char *code, const char *words)
{
	weir_err_t err;
	weir_err_clear (&err);
	weir_raster_cache_t *cache = weir_raster_cache_new ((size_t) 1 << 20);
	assert_int_equal (
		weir_raster_read (cache, path, width, 64, band, window, s_ignore_piece, NULL, &err),
		status);
	assert_string_equal (err.code, code);
	assert_string_equal (err.where, path);
	if (strstr (err.text, words) == NULL)
		print_error ("'%s' is not in '%s'\n", words, err.text);
	assert_non_null (strstr (err.text, words));
	assert_int_equal (err.klass, WEIR_CLASS_GIVE_UP);
	weir_raster_cache_destroy (&cache);
}

static const weir_window_t s_all = { 0, 0, 64, 64 };

static void
s_expect_unreadable (const char *name, int status, const char *words)
{
	char *path = fixture_path (name);
	weir_err_t err;
	weir_probe_t probe;
	s_expect_error (path, 64, 1, s_all, status, "RasterUnreadable", words);
	int probed = weir_raster_probe (NULL, path, &probe, &err);
	if (probed == 0) /* only its cells are bad */
		weir_probe_clear (&probe);
	else
		assert_int_equal (probed, status);
	free (path);
}

static void
s_test_bad_places (void **state)
{
	(void) state;
	char *loop = fixture_path ("loop.tif");
	char *fifo = fixture_path ("fifo.tif");
	char *empty = fixture_path ("empty.tif");
	assert_int_equal (symlink (loop, loop), 0);
	assert_int_equal (mkfifo (fifo, 0600), 0);
	fixture_write (empty, "", 0);
	s_expect_unreadable ("missing.tif", WEIR_E_NOT_FOUND, ": No such file or directory");
	s_expect_unreadable ("empty.tif/a.tif", WEIR_E_NOT_FOUND, ": Not a directory");
	s_expect_unreadable (".", WEIR_E_IO, ": Is a directory");
	s_expect_unreadable ("loop.tif", WEIR_E_IO, ": Too many levels of symbolic links");
	s_expect_unreadable ("fifo.tif", WEIR_E_IO, "not a regular file");
	s_expect_unreadable ("empty.tif", WEIR_E_IO, "not recognized as a supported file format");
	if (geteuid () != 0) {
		assert_int_equal (chmod (empty, 0), 0);
		s_expect_unreadable ("empty.tif", WEIR_E_IO, ": Permission denied");
	}
	s_expect_error ("GTIFF_DIR:1:x.tif", 64, 1, s_all, WEIR_E_INVALID, "AddressNotAllowed", "");
	s_expect_error ("/vsimem/x.tif", 64, 1, s_all, WEIR_E_INVALID, "AddressNotAllowed", "");
	free (loop);
	free (fifo);
	free (empty);
}

static uint8_t *
s_load (const char *path, size_t *n_bytes_out)
{
	FILE *file = fopen (path, "rb");
	assert_non_null (file);
	uint8_t *bytes = weir_alloc (1 << 20);
	*n_bytes_out = fread (bytes, 1, 1 << 20, file);
	fclose (file);
	return bytes;
}

static void
s_test_bad_bytes (void **state)
{
	(void) state;
	static const char garbage[] = "this is no raster at all, not even nearly";
	static const uint8_t headless[] = { 'I', 'I', 42, 0, 0xF0, 0xFF, 0xFF, 0x7F };
	const char *deflate[] = { "TILED=YES", "BLOCKXSIZE=32", "BLOCKYSIZE=32", "COMPRESS=DEFLATE",
		                      NULL };
	weir_cell_t cell = { .type = WEIR_U8, .has_nodata = true, .nodata = 99 };
	char *path = fixture_path ("good.tif");
	char *bad = fixture_path ("bad.tif");
	size_t n;
	fixture_make_tiff (path, cell, 1, 64, 64, deflate);
	uint8_t *bytes = s_load (path, &n);
	fixture_write (bad, garbage, sizeof garbage);
	s_expect_unreadable ("bad.tif", WEIR_E_IO, "not recognized as a supported file format");
	fixture_write (bad, headless, sizeof headless);
	s_expect_unreadable ("bad.tif", WEIR_E_IO, "");
	fixture_write (bad, bytes, n - 100); /* the last tile is cut */
	s_expect_unreadable ("bad.tif", WEIR_E_IO, "cannot read block 1, 1 of band 1: ");
	s_expect_unreadable ("bad.tif", WEIR_E_IO, "Read error");
	memset (bytes + n - 200, 0xA5, 200);
	fixture_write (bad, bytes, n);
	s_expect_unreadable ("bad.tif", WEIR_E_IO, "Decod"); /* of zlib or libdeflate */
	for (size_t cut = 0; cut < n;
	     cut += 13) { /* whatever is left of it: an error or a read, never more */
		weir_err_t err;
		fixture_write (bad, bytes, cut);
		weir_raster_cache_t *cache = weir_raster_cache_new (0);
		int status = weir_raster_read (cache, bad, 64, 64, 1, s_all, s_ignore_piece, NULL, &err);
		assert_true (status < 0);
		weir_raster_cache_destroy (&cache);
	}
	free (bytes);
	free (path);
	free (bad);
}

/* Every byte of the directory turned round once: survived, whatever it says then. */
static void
s_test_flipped_bytes (void **state)
{
	(void) state;
	const char *lzw[] = { "COMPRESS=LZW", "BLOCKYSIZE=64", NULL };
	weir_cell_t cell = { .type = WEIR_I16, .has_nodata = true, .nodata = 99 };
	char *path = fixture_path ("flip.tif");
	size_t n;
	fixture_make_tiff (path, cell, 1, 64, 64, lzw);
	uint8_t *bytes = s_load (path, &n);
	for (size_t i = 0; i < n && i < 700; i++) {
		weir_err_t err;
		weir_probe_t probe;
		bytes[i] ^= 0xFF;
		fixture_write (path, bytes, n);
		bytes[i] ^= 0xFF;
		weir_raster_cache_t *cache = weir_raster_cache_new (0);
		weir_raster_read (cache, path, 64, 64, 1, s_all, s_ignore_piece, NULL, &err);
		weir_raster_cache_destroy (&cache);
		if (weir_raster_probe (NULL, path, &probe, &err) == 0)
			weir_probe_clear (&probe);
	}
	free (bytes);
	free (path);
}

static void
s_test_bad_requests (void **state)
{
	(void) state;
	weir_cell_t cell = { .type = WEIR_U8 };
	char *path = fixture_path ("request.tif");
	fixture_make_tiff (path, cell, 2, 64, 64, NULL);
	s_expect_error (path, 65, 1, s_all, WEIR_E_INVALID, "RasterSizeMismatch",
	                "the file is 64 x 64 pixels, its item says 65 x 64");
	s_expect_error (path, 64, 3, s_all, WEIR_E_INVALID, "RasterUnreadable",
	                "no band 3: the file has 2");
	s_expect_error (path, 64, 0, s_all, WEIR_E_INVALID, "RasterUnreadable", "no band 0");
	static const weir_window_t windows[] = {
		{ 1, 0, 64, 64 },       { -1, 0, 4, 4 }, { 0, 0, 64, 65 },
		{ INT64_MAX, 0, 2, 2 }, { 0, 0, -1, 3 },
	};
	for (size_t i = 0; i < sizeof windows / sizeof windows[0]; i++)
		s_expect_error (path, 64, 1, windows[i], WEIR_E_INVALID, "RasterUnreadable",
		                "outside the file");
	free (path);
}

static void
s_test_unsupported (void **state)
{
	(void) state;
	static const GDALDataType types[] = { GDT_CInt16, GDT_CFloat32, GDT_CFloat64, GDT_UInt64,
		                                  GDT_Int64 };
	char *path = fixture_path ("types.tif");
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
		weir_err_t err;
		weir_probe_t probe;
		GDALClose (GDALCreate (GDALGetDriverByName ("GTiff"), path, 64, 64, 1, types[i], NULL));
		s_expect_error (path, 64, 1, s_all, WEIR_E_UNSUPPORTED, "RasterUnreadable",
		                GDALGetDataTypeName (types[i]));
		assert_int_equal (weir_raster_probe (NULL, path, &probe, &err), WEIR_E_UNSUPPORTED);
	}
	/* a tile of 269 MB, refused before anything of it is read */
	const char *big[] = { "SPARSE_OK=TRUE", "TILED=YES", "BLOCKXSIZE=16400", "BLOCKYSIZE=16400",
		                  NULL };
	char **options = CSLDuplicate ((char **) (uintptr_t) big);
	GDALClose (GDALCreate (GDALGetDriverByName ("GTiff"), path, 30000, 64, 1, GDT_Byte, options));
	CSLDestroy (options);
	weir_err_t err;
	weir_raster_cache_t *cache = weir_raster_cache_new (0);
	assert_int_equal (weir_raster_read (cache, path, 30000, 64, 1, (weir_window_t){ 0, 0, 1, 1 },
	                                    s_ignore_piece, NULL, &err),
	                  WEIR_E_UNSUPPORTED);
	assert_non_null (strstr (err.text, "larger than 256 MiB"));
	weir_raster_cache_destroy (&cache);
	free (path);
}

/* ---- probe */

static void
s_test_probe (void **state)
{
	(void) state;
	weir_err_t err;
	weir_probe_t probe;
	char *path = fixture_path ("probe.tif");
	weir_cell_t cell = { .type = WEIR_I16, .has_nodata = true, .nodata = -3000 };
	fixture_make_tiff (path, cell, 2, 75, 43, s_layouts[0]);
	GDALDatasetH dataset = GDALOpen (path, GA_Update);
	GDALSetDescription (GDALGetRasterBand (dataset, 2), "B08");
	GDALClose (dataset);
	assert_ok (weir_raster_probe (NULL, path, &probe, &err), err);
	assert_int_equal (probe.grid.width, 75);
	assert_int_equal (probe.grid.height, 43);
	assert_true (probe.grid.transform[0] == 600000 && probe.grid.transform[5] == -10);
	assert_true (weir_raster_crs_equal (NULL, probe.crs, "EPSG:32735"));
	assert_int_equal (probe.block_width, 32);
	assert_int_equal (probe.block_height, 16);
	assert_int_equal (probe.n_bands, 2);
	assert_int_equal (probe.bands[1].type, WEIR_I16);
	assert_true (probe.bands[1].has_nodata && probe.bands[1].nodata == -3000);
	assert_null (probe.descriptions[0]);
	assert_string_equal (probe.descriptions[1], "B08");
	weir_probe_clear (&probe);
	/* without tags, CRS and place; a float's no-data is NaN then; a tag that no uint8 can be marks
	 * nothing */
	GDALClose (GDALCreate (GDALGetDriverByName ("GTiff"), path, 20, 10, 1, GDT_Float32, NULL));
	assert_ok (weir_raster_probe (NULL, path, &probe, &err), err);
	assert_null (probe.crs);
	assert_true (probe.grid.transform[1] == 0);
	assert_true (probe.bands[0].has_nodata && isnan (probe.bands[0].nodata));
	weir_probe_clear (&probe);
	dataset = GDALCreate (GDALGetDriverByName ("GTiff"), path, 20, 10, 1, GDT_Byte, NULL);
	GDALSetRasterNoDataValue (GDALGetRasterBand (dataset, 1), -9999);
	GDALClose (dataset);
	assert_ok (weir_raster_probe (NULL, path, &probe, &err), err);
	assert_false (probe.bands[0].has_nodata);
	weir_probe_clear (&probe);
	free (path);
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (s_test_windows),       cmocka_unit_test (s_test_sparse_and_stop),
		cmocka_unit_test (s_test_cache),         cmocka_unit_test (s_test_bad_places),
		cmocka_unit_test (s_test_bad_bytes),     cmocka_unit_test (s_test_flipped_bytes),
		cmocka_unit_test (s_test_bad_requests),  cmocka_unit_test (s_test_unsupported),
		cmocka_unit_test (s_test_several_bands), cmocka_unit_test (s_test_probe),
	};
	return cmocka_run_group_tests (tests, fixture_setup, fixture_teardown);
}
