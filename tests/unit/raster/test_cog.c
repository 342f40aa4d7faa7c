/* test_cog.c - COG: directories in front and in order, data from the smallest overview to the full
 * image, leaders and trailers, cells as in the GTiff; what is no file of ours is refused */
#include "fixture.h"

#include "connectors/raster/tiffdir.h"
#include "runtime/base/mem.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char s_lzw[] = "LZW", s_deflate[] = "DEFLATE", s_yes[] = "YES", s_average[] = "AVERAGE";

static fixture_spec_t
s_spec (weir_type_t type, size_t n_bands, int64_t width, int64_t height)
{
	return (fixture_spec_t){
		.cell = weir_type_is_float (type)
		            ? weir_cell_float (type)
		            : (weir_cell_t){ .type = type, .has_nodata = true, .nodata = 99 },
		.n_bands = n_bands,
		.n_labels = 1,
		.width = width,
		.height = height,
		.chunk_width = 128,
		.chunk_height = 64,
		.format = WEIR_FORMAT_COG,
		.options = { .compress = s_lzw,
		             .predictor = 1,
		             .block_width = 64,
		             .block_height = 64,
		             .tiled = true,
		             .overviews = true },
	};
}

/* Assembles into <folder>/out and gives the one file's path. */
static char *
s_make (const fixture_spec_t *spec)
{
	weir_err_t err;
	char **files = NULL, *dir = fixture_path ("out");
	size_t n_files = 0;
	fixture_plan_t *plan = fixture_plan_new (spec);
	fixture_encode_all (plan);
	assert_ok (weir_assemble_output (&plan->plan, 0, dir, fixture_fetch, plan, NULL, &files,
	                                 &n_files, &err),
	           err);
	assert_int_equal (n_files, 1);
	assert_int_equal (fixture_count_files (dir), 1);
	char *path = weir_strdup (files[0]);
	fixture_free_paths (files, n_files);
	fixture_plan_destroy (&plan);
	free (dir);
	return path;
}

static long long
s_number (GDALRasterBandH band, const char *key)
{
	const char *text = GDALGetMetadataItem (band, key, "TIFF");
	return text != NULL ? atoll (text) : -1;
}

/* Blocks of one band in row order, each between its length and its last bytes; returns where the
 * first begins. */
static long long
s_check_blocks (FILE *file, GDALRasterBandH band)
{
	int width, height;
	GDALGetBlockSize (band, &width, &height);
	long long first = 0, last = 0;
	for (int row = 0; row * height < GDALGetRasterBandYSize (band); row++)
		for (int col = 0; col * width < GDALGetRasterBandXSize (band); col++) {
			char key[64];
			uint8_t bytes[8];
			uint32_t leader;
			snprintf (key, sizeof key, "BLOCK_OFFSET_%d_%d", col, row);
			long long at = s_number (band, key);
			snprintf (key, sizeof key, "BLOCK_SIZE_%d_%d", col, row);
			long long n = s_number (band, key);
			assert_true (at > last && n >= 4);
			first = first == 0 ? at : first;
			last = at;
			assert_int_equal (fseek (file, (long) at - 4, SEEK_SET), 0);
			assert_int_equal (fread (&leader, 1, 4, file), 4);
			assert_int_equal (leader, n);
			assert_int_equal (fseek (file, (long) (at + n) - 4, SEEK_SET), 0);
			assert_int_equal (fread (bytes, 1, 8, file), 8);
			assert_memory_equal (bytes, bytes + 4, 4);
		}
	return first;
}

static void
s_check_layout (const char *path, int n_overviews)
{
	char note[43] = "";
	int size = 0;
	FILE *file = fopen (path, "rb");
	GDALDatasetH dataset = GDALOpen (path, GA_ReadOnly);
	assert_non_null (file);
	assert_non_null (dataset);
	assert_string_equal (GDALGetMetadataItem (dataset, "LAYOUT", "IMAGE_STRUCTURE"), "COG");
	uint8_t head[4];
	assert_int_equal (fread (head, 1, 4, file), 4);
	long note_at = head[2] == 43 ? 16 : 8;
	fseek (file, note_at, SEEK_SET);
	assert_int_equal (fread (note, 1, 42, file), 42);
	assert_int_equal (sscanf (note, "GDAL_STRUCTURAL_METADATA_SIZE=%6d bytes", &size), 1);
	for (int b = 1; b <= GDALGetRasterCount (dataset); b++) {
		GDALRasterBandH band = GDALGetRasterBand (dataset, b);
		assert_int_equal (GDALGetOverviewCount (band), n_overviews);
		long long dir = s_number (band, "IFD_OFFSET"), data = s_check_blocks (file, band);
		long note_end = note_at + 43 + size;
		assert_int_equal (dir, note_end + note_end % 2);
		for (int i = 0; i < n_overviews; i++) {
			GDALRasterBandH overview = GDALGetOverview (band, i);
			long long next_dir = s_number (overview, "IFD_OFFSET");
			long long next_data = s_check_blocks (file, overview);
			assert_true (next_dir > dir && next_data < data && next_data > next_dir);
			dir = next_dir;
			data = next_data;
		}
	}
	fclose (file);
	GDALClose (dataset);
}

static double *
s_read (const char *path, size_t *n_out)
{
	GDALDatasetH dataset = GDALOpen (path, GA_ReadOnly);
	assert_non_null (dataset);
	int width = GDALGetRasterXSize (dataset), height = GDALGetRasterYSize (dataset);
	int n_bands = GDALGetRasterCount (dataset);
	size_t plane = (size_t) width * (size_t) height;
	double *cells = weir_alloc (plane * (size_t) n_bands * sizeof *cells);
	for (int b = 0; b < n_bands; b++)
		assert_int_equal (GDALRasterIO (GDALGetRasterBand (dataset, b + 1), GF_Read, 0, 0, width,
		                                height, cells + (size_t) b * plane, width, height,
		                                GDT_Float64, 0, 0),
		                  CE_None);
	*n_out = plane * (size_t) n_bands;
	GDALClose (dataset);
	return cells;
}

static void
s_check_cells (fixture_spec_t spec, const char *cog)
{
	size_t n, n_plain;
	double *cells = s_read (cog, &n);
	spec.format = WEIR_FORMAT_GTIFF;
	char *plain = s_make (&spec); /* under the same name */
	double *want = s_read (plain, &n_plain);
	assert_int_equal (n, n_plain);
	assert_memory_equal (cells, want, n * sizeof *cells);
	free (cells);
	free (want);
	free (plain);
}

static void
s_test_layouts (void **state)
{
	(void) state;
	static const struct {
		weir_type_t type;
		size_t n_bands;
		int64_t width, height;
		bool is_big, has_overviews;
		int n_overviews;
	} cases[] = {
		{ WEIR_U8, 1, 64, 64, false, true, 0 },     { WEIR_U8, 1, 65, 64, false, true, 1 },
		{ WEIR_I16, 3, 300, 200, false, true, 3 },  { WEIR_F32, 2, 300, 200, true, true, 3 },
		{ WEIR_F64, 1, 1, 1, false, true, 0 },      { WEIR_U32, 8, 130, 70, true, true, 2 },
		{ WEIR_U16, 2, 300, 200, false, false, 0 }, { WEIR_I8, 1, 1000, 17, false, true, 4 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		fixture_spec_t spec = s_spec (cases[i].type, cases[i].n_bands, cases[i].width,
		                              cases[i].height);
		spec.options.overviews = cases[i].has_overviews;
		spec.options.bigtiff = cases[i].is_big ? s_yes : NULL;
		spec.options.compress = i % 2 == 0 ? s_lzw : s_deflate;
		char *path = s_make (&spec);
		s_check_layout (path, cases[i].n_overviews);
		s_check_cells (spec, path);
		free (path);
	}
}

/* What the overview's first cell is made of: cells 0 and 1 of rows 0 and 1. */
static void
s_test_resampling (void **state)
{
	(void) state;
	for (int is_average = 0; is_average < 2; is_average++) {
		fixture_spec_t spec = s_spec (WEIR_I16, 1, 128, 128);
		spec.options.resampling = is_average ? s_average : NULL;
		char *path = s_make (&spec);
		GDALDatasetH dataset = GDALOpen (path, GA_ReadOnly);
		double got = 0, sum = 0;
		assert_int_equal (GDALRasterIO (GDALGetOverview (GDALGetRasterBand (dataset, 1), 0),
		                                GF_Read, 10, 10, 1, 1, &got, 1, 1, GDT_Float64, 0, 0),
		                  CE_None);
		int n = 0;
		bool is_one_of_them = false;
		for (int i = 0; i < 4; i++) {
			double value = fixture_value (spec.cell, 0, 0, 20 + i / 2, 20 + i % 2);
			is_one_of_them = is_one_of_them || value == got ||
			                 (weir_is_nodata_f64 (value) && got == spec.cell.nodata);
			sum += !weir_is_nodata_f64 (value) ? value : 0;
			n += !weir_is_nodata_f64 (value);
		}
		if (is_average && !(fabs (got - sum / n) <= 0.5))
			fail_msg ("%g, not %g / %d", got, sum, n);
		if (!is_average)
			assert_true (is_one_of_them);
		GDALClose (dataset);
		free (path);
	}
}

/* Files that were changed on disk in between: an error, whatever the bytes. */
static void
s_test_bad_directories (void **state)
{
	(void) state;
	fixture_spec_t spec = s_spec (WEIR_U8, 2, 130, 70);
	char *path = s_make (&spec), *copy = fixture_path ("broken.tif");
	static uint8_t bytes[1 << 16], changed[1 << 16];
	FILE *file = fopen (path, "rb");
	size_t n = fread (bytes, 1, sizeof bytes, file);
	fclose (file);
	weir_tiffdirs_t dirs;
	for (size_t i = 0; i < 2000 && i < n; i++) {
		memcpy (changed, bytes, n);
		changed[i] ^= 0xFF;
		fixture_write (copy, changed, i % 3 == 0 ? i : n); /* or cut */
		int fd = open (copy, O_RDONLY);
		weir_err_t err;
		if (weir_tiffdirs_read (fd, copy, &dirs, &err) == 0)
			weir_tiffdirs_clear (&dirs);
		else
			assert_string_equal (err.code, "OutputUnwritable");
		close (fd);
	}
	free (copy);
	free (path);
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (s_test_layouts),
		cmocka_unit_test (s_test_resampling),
		cmocka_unit_test (s_test_bad_directories),
	};
	return cmocka_run_group_tests (tests, fixture_setup, fixture_teardown);
}
