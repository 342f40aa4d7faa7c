/* test_assemble.c - chunks in, GeoTIFF out, read back by GDAL: cells to the bit, tags, names,
 * nothing left on errors */
#include "fixture.h"

#include "connectors/raster/driver.h"
#include "runtime/base/mem.h"

#include <cpl_conv.h>
#include <math.h>
#include <ogr_srs_api.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char s_none[] = "NONE", s_lzw[] = "LZW", s_deflate[] = "DEFLATE", s_zstd[] = "ZSTD",
			s_packbits[] = "PACKBITS";
static char s_big[] = "YES";

static weir_cell_t
s_cell_of (weir_type_t type)
{
	if (weir_type_is_float (type))
		return weir_cell_float (type);
	return (weir_cell_t){ .type = type, .has_nodata = true, .nodata = 99 };
}

static fixture_spec_t
s_spec (weir_type_t type)
{
	return (fixture_spec_t){
		.cell = s_cell_of (type),
		.n_bands = 1,
		.n_labels = 1,
		.width = 70,
		.height = 50,
		.chunk_width = 64,
		.chunk_height = 32,
		.format = WEIR_FORMAT_GTIFF,
		.options = { .compress = s_lzw,
		             .predictor = 1,
		             .block_width = 32,
		             .block_height = 16,
		             .tiled = true },
	};
}

/* Assembles into <folder>/out; the caller frees the paths. */
static int
s_assemble (fixture_plan_t *plan, char ***files_out, size_t *n_files_out, weir_err_t *err)
{
	char *dir = fixture_path ("out");
	int status = weir_assemble_output (&plan->plan, 0, dir, fixture_fetch, plan,
	                                   fixture_is_cancelled, files_out, n_files_out, err);
	free (dir);
	return status;
}

static void
s_check_band (const fixture_plan_t *plan, GDALDatasetH dataset, size_t label, size_t band,
              int number)
{
	weir_cell_t cell = plan->output.pipeline.out;
	int width = (int) plan->source.grid.width, height = (int) plan->source.grid.height;
	GDALRasterBandH handle = GDALGetRasterBand (dataset, number);
	bool is_signed_byte;
	weir_err_t err;
	weir_type_t type;
	assert_ok (weir_driver_band_type (handle, "", &type, &err), err);
	assert_int_equal (type, cell.type);
	uint8_t *cells = weir_alloc ((size_t) width * (size_t) height * 8);
	assert_int_equal (GDALRasterIO (handle, GF_Read, 0, 0, width, height, cells, width, height,
	                                weir_driver_type_of (type, &is_signed_byte), 0, 0),
	                  CE_None);
	for (int row = 0; row < height; row++) {
		for (int col = 0; col < width; col++) {
			double got = weir_cell_get (cell, cells, (size_t) row * (size_t) width + (size_t) col);
			double want = fixture_value (cell, label, band, row, col);
			assert_memory_equal (&got, &want, sizeof got);
		}
	}
	free (cells);
	int has_nodata = 0;
	double nodata = GDALGetRasterNoDataValue (handle, &has_nodata);
	assert_int_equal (has_nodata, cell.has_nodata);
	if (weir_type_is_float (cell.type))
		assert_true (isnan (nodata));
	else if (cell.has_nodata)
		assert_true (nodata == cell.nodata);
}

static void
s_check_place (const fixture_plan_t *plan, GDALDatasetH dataset)
{
	double transform[6];
	assert_int_equal (GDALGetGeoTransform (dataset, transform), CE_None);
	assert_memory_equal (transform, plan->source.grid.transform, sizeof transform);
	char *wkt = NULL;
	OSRExportToWkt (GDALGetSpatialRef (dataset), &wkt);
	assert_true (weir_raster_crs_equal (NULL, wkt, plan->plan.crs[0]));
	CPLFree (wkt);
}

/* One file without time, or one file with all labels as bands. */
static void
s_check_round_trip (const fixture_spec_t *spec)
{
	weir_err_t err;
	char **files = NULL;
	size_t n_files = 0;
	fixture_plan_t *plan = fixture_plan_new (spec);
	fixture_encode_all (plan);
	assert_ok (s_assemble (plan, &files, &n_files, &err), err);
	assert_int_equal (n_files, 1);
	assert_non_null (strstr (files[0], "/out/result.tif"));
	GDALDatasetH dataset = GDALOpen (files[0], GA_ReadOnly);
	assert_non_null (dataset);
	size_t n_labels = spec->keeps_time ? spec->n_labels : 1;
	assert_int_equal (GDALGetRasterCount (dataset), n_labels * spec->n_bands);
	for (size_t label = 0; label < n_labels; label++)
		for (size_t band = 0; band < spec->n_bands; band++)
			s_check_band (plan, dataset, label, band, (int) (label * spec->n_bands + band) + 1);
	s_check_place (plan, dataset);
	int width, height;
	GDALGetBlockSize (GDALGetRasterBand (dataset, 1), &width, &height);
	if (spec->options.tiled)
		assert_int_equal (width, spec->options.block_width);
	else
		assert_int_equal (width, spec->width);
	GDALClose (dataset);
	char *dir = fixture_path ("out");
	assert_int_equal (fixture_count_files (dir), 1);
	free (dir);
	fixture_free_paths (files, n_files);
	fixture_plan_destroy (&plan);
}

static void
s_test_compressions (void **state)
{
	(void) state;
	char *const compressions[] = { s_none, s_lzw, s_deflate, s_zstd, s_packbits };
	for (int type = 0; type < WEIR_N_TYPES; type++) {
		for (size_t c = 0; c < 5; c++) {
			for (int predictor = 1; predictor <= (weir_type_is_float ((weir_type_t) type) ? 3 : 2);
			     predictor++) {
				fixture_spec_t spec = s_spec ((weir_type_t) type);
				spec.options.compress = compressions[c];
				spec.options.predictor = predictor;
				s_check_round_trip (&spec);
				spec.options.tiled = false;
				s_check_round_trip (&spec);
			}
		}
	}
}

static void
s_test_shapes (void **state)
{
	(void) state;
	static const struct {
		int64_t width, height, chunk_width, chunk_height;
		int block_width, block_height;
		size_t n_bands;
	} cases[] = {
		{ 1, 1, 512, 512, 512, 512, 1 },  { 64, 32, 64, 32, 32, 16, 3 },
		{ 65, 33, 64, 32, 32, 16, 3 },    { 64, 64, 32, 64, 32, 64, 2 },
		{ 100, 10, 16, 16, 16, 16, 1 },   { 10, 100, 16, 16, 16, 16, 8 },
		{ 130, 70, 512, 512, 64, 64, 2 }, { 97, 61, 96, 48, 48, 16, 4 },
		{ 48, 48, 48, 48, 48, 48, 3 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		for (int variant = 0; variant < 4; variant++) {
			fixture_spec_t spec = s_spec (variant < 2 ? WEIR_U8 : WEIR_F32);
			if (variant == 1)
				spec.cell.has_nodata = false;
			spec.width = cases[i].width;
			spec.height = cases[i].height;
			spec.chunk_width = cases[i].chunk_width;
			spec.chunk_height = cases[i].chunk_height;
			spec.options.block_width = cases[i].block_width;
			spec.options.block_height = cases[i].block_height;
			spec.n_bands = cases[i].n_bands;
			spec.options.bigtiff = variant == 1 ? s_big : NULL;
			spec.options.tiled = variant != 3;
			s_check_round_trip (&spec);
		}
	}
}

static void
s_test_dates_as_bands (void **state)
{
	(void) state;
	weir_err_t err;
	fixture_spec_t spec = s_spec (WEIR_I16);
	spec.n_labels = 3;
	spec.n_bands = 2;
	spec.keeps_time = true;
	spec.options.dates_as_bands = true;
	s_check_round_trip (&spec);
	spec.options.tiled = false;
	s_check_round_trip (&spec);
	/* names tell label and band */
	fixture_plan_t *plan = fixture_plan_new (&spec);
	fixture_encode_all (plan);
	char **files;
	size_t n_files;
	assert_ok (s_assemble (plan, &files, &n_files, &err), err);
	GDALDatasetH dataset = GDALOpen (files[0], GA_ReadOnly);
	assert_string_equal (GDALGetDescription (GDALGetRasterBand (dataset, 1)),
	                     "20220901T051233Z flood");
	assert_string_equal (GDALGetDescription (GDALGetRasterBand (dataset, 6)),
	                     "20220903T051233Z B04");
	GDALClose (dataset);
	fixture_free_paths (files, n_files);
	fixture_plan_destroy (&plan);
}

static void
s_test_file_per_label (void **state)
{
	(void) state;
	weir_err_t err;
	char **files;
	size_t n_files;
	fixture_spec_t spec = s_spec (WEIR_U16);
	spec.n_labels = 3;
	spec.n_bands = 2;
	spec.keeps_time = true;
	char *dir = fixture_path ("out");
	fixture_empty (dir);
	fixture_plan_t *plan = fixture_plan_new (&spec);
	fixture_encode_all (plan);
	for (int again = 0; again < 2; again++) { /* the second time over the first */
		assert_ok (s_assemble (plan, &files, &n_files, &err), err);
		assert_int_equal (n_files, 3);
		assert_int_equal (fixture_count_files (dir), 3);
		for (size_t label = 0; label < 3; label++) {
			char name[64];
			snprintf (name, sizeof name, "/out/result_2022090%zuT051233Z.tif", label + 1);
			assert_int_equal (files[label][0], '/');
			assert_non_null (strstr (files[label], name));
			GDALDatasetH dataset = GDALOpen (files[label], GA_ReadOnly);
			assert_non_null (dataset);
			assert_int_equal (GDALGetRasterCount (dataset), 2);
			for (size_t band = 0; band < 2; band++)
				s_check_band (plan, dataset, label, band, (int) band + 1);
			assert_string_equal (GDALGetDescription (GDALGetRasterBand (dataset, 2)), "B04");
			GDALClose (dataset);
		}
		fixture_free_paths (files, n_files);
	}
	fixture_plan_destroy (&plan);
	fixture_empty (dir);
	free (dir);
}

static void
s_test_overviews (void **state)
{
	(void) state;
	weir_err_t err;
	char **files;
	size_t n_files;
	for (int type = 0; type < WEIR_N_TYPES; type++) {
		fixture_spec_t spec = s_spec ((weir_type_t) type);
		spec.width = spec.height = 130;
		spec.options.block_width = spec.options.block_height = 32;
		spec.options.overviews = true;
		fixture_plan_t *plan = fixture_plan_new (&spec);
		fixture_encode_all (plan);
		assert_ok (s_assemble (plan, &files, &n_files, &err), err);
		GDALDatasetH dataset = GDALOpen (files[0], GA_ReadOnly);
		GDALRasterBandH band = GDALGetRasterBand (dataset, 1);
		assert_int_equal (GDALGetOverviewCount (band), 3); /* 65, 33, 17 */
		assert_int_equal (GDALGetRasterBandXSize (GDALGetOverview (band, 2)), 17);
		s_check_band (plan, dataset, 0, 0, 1);
		GDALClose (dataset);
		char *dir = fixture_path ("out");
		assert_int_equal (fixture_count_files (dir), 1); /* no .ovr, no .aux.xml */
		fixture_empty (dir);
		free (dir);
		fixture_free_paths (files, n_files);
		fixture_plan_destroy (&plan);
	}
}

/* CRS without a code, as of Equi7 and MODIS, have to come back from the file. */
static void
s_test_odd_crs (void **state)
{
	(void) state;
	static const char *const texts[] = {
		"EPSG:4326",
		"EPSG:3035",
		"ESRI:54009",
		"EPSG:6933",
		"PROJCRS[\"unknown\",BASEGEOGCRS[\"unknown\",DATUM[\"World Geodetic System 1984\",ELLIPSOID[\"WGS 84\","
		"6378137,298.257223563,LENGTHUNIT[\"metre\",1]],ID[\"EPSG\",6326]],PRIMEM[\"Greenwich\",0,"
		"ANGLEUNIT[\"degree\",0.0174532925199433],ID[\"EPSG\",8901]]],CONVERSION[\"unknown\","
		"METHOD[\"Modified Azimuthal Equidistant\",ID[\"EPSG\",9832]],PARAMETER[\"Latitude of natural origin\",47,"
		"ANGLEUNIT[\"degree\",0.0174532925199433],ID[\"EPSG\",8801]],PARAMETER[\"Longitude of natural origin\",94,"
		"ANGLEUNIT[\"degree\",0.0174532925199433],ID[\"EPSG\",8802]],PARAMETER[\"False easting\",4340913.84808,"
		"LENGTHUNIT[\"metre\",1],ID[\"EPSG\",8806]],PARAMETER[\"False northing\",4812712.92347,"
		"LENGTHUNIT[\"metre\",1],ID[\"EPSG\",8807]]],CS[Cartesian,2],AXIS[\"(E)\",east,ORDER[1],"
		"LENGTHUNIT[\"metre\",1,ID[\"EPSG\",9001]]],AXIS[\"(N)\",north,ORDER[2],LENGTHUNIT[\"metre\",1,"
		"ID[\"EPSG\",9001]]]]",
		"PROJCRS[\"MODIS Sinusoidal\",BASEGEOGCRS[\"Unknown datum based upon the custom spheroid\","
		"DATUM[\"Not_specified_based_on_custom_spheroid\",ELLIPSOID[\"Custom spheroid\",6371007.181,0,"
		"LENGTHUNIT[\"metre\",1]]],PRIMEM[\"Greenwich\",0,ANGLEUNIT[\"degree\",0.0174532925199433]]],"
		"CONVERSION[\"Sinusoidal\",METHOD[\"Sinusoidal\"],PARAMETER[\"Longitude of natural origin\",0,"
		"ANGLEUNIT[\"degree\",0.0174532925199433],ID[\"EPSG\",8802]],PARAMETER[\"False easting\",0,"
		"LENGTHUNIT[\"metre\",1],ID[\"EPSG\",8806]],PARAMETER[\"False northing\",0,LENGTHUNIT[\"metre\",1],"
		"ID[\"EPSG\",8807]]],CS[Cartesian,2],AXIS[\"easting\",east,ORDER[1],LENGTHUNIT[\"metre\",1]],"
		"AXIS[\"northing\",north,ORDER[2],LENGTHUNIT[\"metre\",1]]]",
	};
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		fixture_spec_t spec = s_spec (WEIR_U8);
		spec.crs = texts[i];
		s_check_round_trip (&spec);
	}
}

static void
s_test_south_up (void **state)
{
	(void) state;
	weir_err_t err;
	char **files;
	size_t n_files;
	fixture_spec_t spec = s_spec (WEIR_U8);
	fixture_plan_t *plan = fixture_plan_new (&spec);
	plan->source.grid.transform[5] = 10;
	fixture_encode_all (plan);
	assert_ok (s_assemble (plan, &files, &n_files, &err), err);
	GDALDatasetH dataset = GDALOpen (files[0], GA_ReadOnly);
	s_check_band (plan, dataset, 0, 0, 1);
	s_check_place (plan, dataset);
	GDALClose (dataset);
	fixture_free_paths (files, n_files);
	fixture_plan_destroy (&plan);
}

/* ---- errors: what was there stays, nothing new does */

static void
s_expect_failure (fixture_plan_t *plan, int status, const char *code)
{
	weir_err_t err;
	weir_err_clear (&err);
	char **files = NULL;
	size_t n_files = 1;
	char *dir = fixture_path ("out");
	fixture_empty (dir);
	assert_int_equal (s_assemble (plan, &files, &n_files, &err), status);
	assert_string_equal (err.code, code);
	assert_null (files);
	assert_int_equal (n_files, 0);
	assert_int_equal (fixture_count_files (dir), 0);
	free (dir);
}

static void
s_test_failures (void **state)
{
	(void) state;
	for (int tiled = 0; tiled < 2; tiled++) {
		fixture_spec_t spec = s_spec (WEIR_U8);
		spec.n_labels = 3;
		spec.keeps_time = true;
		spec.options.tiled = tiled != 0;
		fixture_plan_t *plan = fixture_plan_new (&spec);
		fixture_encode_all (plan);
		plan->bad_chunk_plus_1 = plan->n_chunks; /* the last one: two files are whole by then */
		s_expect_failure (plan, WEIR_E_IO, "PartUnreadable");
		plan->bad_chunk_plus_1 = 0;
		plan->chunks[5][70] ^= 1;
		s_expect_failure (plan, WEIR_E_INVALID, "EncodedChunkInvalid");
		plan->chunks[5][70] ^= 1;
		for (plan->cancel_after = 1; plan->cancel_after < 20; plan->cancel_after += 3) {
			plan->n_asked = 0;
			s_expect_failure (plan, WEIR_E_CANCELLED, "Cancelled");
		}
		fixture_plan_destroy (&plan);
	}
}

static void
s_test_corrupt_rows (void **state)
{
	(void) state;
	fixture_spec_t spec = s_spec (WEIR_U8);
	spec.options.tiled = false;
	fixture_plan_t *plan = fixture_plan_new (&spec);
	fixture_encode_all (plan);
	plan->chunks[1][plan->chunk_bytes[1] - 3] ^=
		0xFF; /* inside the deflated rows: the header is right */
	s_expect_failure (plan, WEIR_E_INVALID, "EncodedChunkInvalid");
	fixture_plan_destroy (&plan);
}

static void
s_test_folders (void **state)
{
	(void) state;
	weir_err_t err;
	char **files;
	size_t n_files;
	fixture_spec_t spec = s_spec (WEIR_U8);
	fixture_plan_t *plan = fixture_plan_new (&spec);
	fixture_encode_all (plan);
	char *deep = fixture_path ("deep/er/and/deeper/");
	assert_ok (weir_assemble_output (&plan->plan, 0, deep, fixture_fetch, plan, NULL, &files,
	                                 &n_files, &err),
	           err);
	assert_null (strstr (files[0], "//"));
	assert_int_equal (access (files[0], R_OK), 0);
	char *below_file = weir_asprintf ("%s/sub", files[0]);
	fixture_free_paths (files, n_files);
	assert_int_equal (weir_assemble_output (&plan->plan, 0, below_file, fixture_fetch, plan, NULL,
	                                        &files, &n_files, &err),
	                  WEIR_E_IO);
	assert_string_equal (err.code, "OutputUnwritable");
	assert_string_equal (err.where, below_file);
	assert_non_null (strstr (err.text, ": Not a directory"));
	assert_int_equal (weir_assemble_output (&plan->plan, 0, "/proc/self/out", fixture_fetch, plan,
	                                        NULL, &files, &n_files, &err),
	                  WEIR_E_IO);
	assert_string_equal (err.code, "OutputUnwritable");
	assert_int_equal (weir_assemble_output (&plan->plan, 1, deep, fixture_fetch, plan, NULL, &files,
	                                        &n_files, &err),
	                  WEIR_E_INVALID);
	if (geteuid () != 0) {
		char *locked = fixture_path ("locked");
		assert_int_equal (mkdir (locked, 0500), 0);
		assert_int_equal (weir_assemble_output (&plan->plan, 0, locked, fixture_fetch, plan, NULL,
		                                        &files, &n_files, &err),
		                  WEIR_E_IO);
		assert_non_null (strstr (err.text, ": Permission denied"));
		free (locked);
	}
	fixture_plan_destroy (&plan);
	free (below_file);
	free (deep);
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (s_test_compressions),   cmocka_unit_test (s_test_shapes),
		cmocka_unit_test (s_test_dates_as_bands), cmocka_unit_test (s_test_file_per_label),
		cmocka_unit_test (s_test_overviews),      cmocka_unit_test (s_test_odd_crs),
		cmocka_unit_test (s_test_south_up),       cmocka_unit_test (s_test_failures),
		cmocka_unit_test (s_test_corrupt_rows),   cmocka_unit_test (s_test_folders),
	};
	return cmocka_run_group_tests (tests, fixture_setup, fixture_teardown);
}
