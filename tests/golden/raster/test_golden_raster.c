/* test_golden_raster.c - a tiny map through the whole connector, every number written out
 *
 * A file of 18 × 3 uint8 cells, no-data 255, is read in three windows, widened to int16, encoded as
 * two chunks (16 and 2 columns), assembled to a GeoTIFF and to a picture, and read back.
 */
#include "connectors/raster/encode.h"
#include "connectors/raster/raster.h"
#include "runtime/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <gdal.h>
#include <gdal_frmts.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { WIDTH = 18, HEIGHT = 3 };

/* Three scenes side by side; 255 was not observed. */
static const uint8_t s_file[HEIGHT][WIDTH] = {
	{ 0, 1, 2, 3, 4, 5, 255, 255, 0, 0, 0, 0, 0, 0, 0, 9, 10, 255 },
	{ 0, 1, 2, 3, 4, 5, 6, 255, 0, 0, 0, 0, 0, 0, 0, 9, 255, 255 },
	{ 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 20, 9, 5, 1 },
};

/* As int16 the no-data is the smallest value (DESIGN 8: widened by one step). */
#define N (-32768)
static const int16_t s_cells[HEIGHT][WIDTH] = {
	{ 0, 1, 2, 3, 4, 5, N, N, 0, 0, 0, 0, 0, 0, 0, 9, 10, N },
	{ 0, 1, 2, 3, 4, 5, 6, N, 0, 0, 0, 0, 0, 0, 0, 9, N, N },
	{ N, N, N, N, N, N, N, N, 0, 0, 0, 0, 0, 0, 20, 9, 5, 1 },
};

/* From 0 to 20 onto 0 to 255: value × 12.75, halves to even: 1 → 12.75 → 13, 2 → 25.5 → 26, 3 →
 * 38.25 → 38, 4 → 51, 5 → 63.75 → 64, 6 → 76.5 → 76, 9 → 114.75 → 115, 10 → 127.5 → 128, 20 → 255.
 * */
static const uint8_t s_grey[HEIGHT][WIDTH] = {
	{ 0, 13, 26, 38, 51, 64, 0, 0, 0, 0, 0, 0, 0, 0, 0, 115, 128, 0 },
	{ 0, 13, 26, 38, 51, 64, 76, 0, 0, 0, 0, 0, 0, 0, 0, 115, 0, 0 },
	{ 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 115, 64, 13 },
};

typedef struct {
	int16_t cells[HEIGHT][WIDTH];
	weir_cell_t cell;
	weir_window_t window;
} s_target_t;

static int
s_take_piece (void *arg, weir_type_t type, const void *cells, size_t row_stride, size_t row,
              size_t col, size_t n_rows, size_t n_cols)
{
	s_target_t *self = arg;
	for (size_t i = 0; i < n_rows; i++)
		weir_raster_translate (
			type, true, 255, (const uint8_t *) cells + i * row_stride, self->cell,
			&self->cells[(size_t) self->window.row + row + i][(size_t) self->window.col + col],
			n_cols);
	return 0;
}

static int
s_fetch (void *arg, uint64_t number, uint8_t **bytes_out, size_t *n_bytes_out, weir_err_t *err)
{
	const weir_plan_t *plan = arg;
	weir_plan_chunk_t chunk = weir_plan_chunk (plan, number);
	int16_t cells[HEIGHT * WIDTH];
	for (int64_t row = 0; row < HEIGHT; row++)
		for (int64_t col = 0; col < chunk.window.width; col++)
			cells[row * chunk.window.width + col] = s_cells[row][chunk.window.col + col];
	return weir_encode_chunk (plan, &chunk, cells, bytes_out, n_bytes_out, err);
}

static void
s_read_band (const char *path, int number, GDALDataType type, void *cells)
{
	GDALDatasetH dataset = GDALOpen (path, GA_ReadOnly);
	assert_non_null (dataset);
	assert_int_equal (GDALRasterIO (GDALGetRasterBand (dataset, number), GF_Read, 0, 0, WIDTH,
	                                HEIGHT, cells, WIDTH, HEIGHT, type, 0, 0),
	                  CE_None);
	GDALClose (dataset);
}

static void
s_check_read (const char *path)
{
	weir_err_t err;
	uint8_t raw[HEIGHT][WIDTH];
	memcpy (raw, s_file, sizeof raw);
	GDALDatasetH dataset = GDALCreate (GDALGetDriverByName ("GTiff"), path, WIDTH, HEIGHT, 1,
	                                   GDT_Byte, NULL);
	assert_int_equal (GDALRasterIO (GDALGetRasterBand (dataset, 1), GF_Write, 0, 0, WIDTH, HEIGHT,
	                                raw, WIDTH, HEIGHT, GDT_Byte, 0, 0),
	                  CE_None);
	GDALClose (dataset);
	weir_raster_cache_t *cache = weir_raster_cache_new ((size_t) 1 << 20);
	s_target_t target = { .cell = { .type = WEIR_I16, .has_nodata = true, .nodata = N } };
	static const weir_window_t windows[] = { { 0, 0, 7, HEIGHT },
		                                     { 7, 0, 11, 2 },
		                                     { 7, 2, 11, 1 } };
	for (size_t i = 0; i < 3; i++) {
		target.window = windows[i];
		assert_int_equal (weir_raster_read (cache, path, WIDTH, HEIGHT, 1, windows[i], s_take_piece,
		                                    &target, &err),
		                  0);
	}
	assert_memory_equal (target.cells, s_cells, sizeof s_cells);
	weir_raster_cache_destroy (&cache);
	unlink (path);
}

static void
s_check_write (weir_format_t format, const char *folder)
{
	char node[] = "save", compress[] = "LZW", band_name[] = "flood";
	weir_err_t err;
	weir_plan_band_t band = { .name = band_name };
	weir_plan_source_t source = { .n_bands = 1,
		                          .bands = &band,
		                          .n_labels = 1,
		                          .grid = { .crs_id = -1,
		                                    .transform = { 500000, 20, 0, 4000000, 0, -20 },
		                                    .width = WIDTH,
		                                    .height = HEIGHT } };
	weir_plan_output_t output = {
		.node = node,
		.format = format,
		.options = { .compress = compress,
		             .predictor = 2,
		             .block_width = 16,
		             .block_height = 16,
		             .tiled = true },
		.pipeline.out = { .type = WEIR_I16, .has_nodata = true, .nodata = N },
		.chunk_width = 16,
		.chunk_height = 16,
		.n_chunk_cols = 2,
		.n_chunk_rows = 1,
		.n_chunks = 2,
		.run_labels = 16,
	};
	weir_plan_t plan = {
		.n_sources = 1, .sources = &source, .n_outputs = 1, .outputs = &output, .n_chunks = 2
	};
	char **files;
	size_t n_files;
	assert_int_equal (
		weir_assemble_output (&plan, 0, folder, s_fetch, &plan, NULL, &files, &n_files, &err), 0);
	assert_int_equal (n_files, 1);
	int16_t cells[HEIGHT][WIDTH];
	uint8_t grey[HEIGHT][WIDTH], alpha[HEIGHT][WIDTH];
	if (format == WEIR_FORMAT_GTIFF) {
		s_read_band (files[0], 1, GDT_Int16, cells);
		assert_memory_equal (cells, s_cells, sizeof cells);
	} else {
		s_read_band (files[0], 1, GDT_Byte, grey);
		s_read_band (files[0], 2, GDT_Byte, alpha);
		assert_memory_equal (grey, s_grey, sizeof grey);
		for (int i = 0; i < WIDTH * HEIGHT; i++)
			assert_int_equal (alpha[i / WIDTH][i % WIDTH],
			                  s_file[i / WIDTH][i % WIDTH] == 255 ? 0 : 255);
	}
	unlink (files[0]);
	free (files[0]);
	free (files);
}

static void
s_test_golden (void **state)
{
	(void) state;
	weir_err_t err;
	char folder[] = "/tmp/weir-golden-XXXXXX";
	assert_non_null (mkdtemp (folder));
	assert_int_equal (weir_raster_init (&err), 0);
	GDALRegister_PNG (); /* for reading back only */
	char *path = weir_asprintf ("%s/in.tif", folder);
	s_check_read (path);
	s_check_write (WEIR_FORMAT_GTIFF, folder);
	s_check_write (WEIR_FORMAT_PNG, folder);
	assert_int_equal (rmdir (folder), 0); /* nothing else was left in it */
	free (path);
	weir_raster_shutdown ();
}

int
main (void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test (s_test_golden) };
	return cmocka_run_group_tests (tests, NULL, NULL);
}
