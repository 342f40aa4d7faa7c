/* test_formats.c - what save_result writes: every option seen in the file, a file a date, COG, and
 * results that are loaded again by their collection.json */
#include "tests/e2e/harness.h"

#include <jansson.h>
#include <math.h>
#include <ogr_srs_api.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define WIDTH 300
#define HEIGHT 200
#define N_DATES 3
#define N_BANDS 2

static const char *const s_dates[N_DATES] = { "2020-01-01T00:00:00Z", "2020-01-01T00:00:00.5Z",
	                                          "2020-02-01T10:20:30.25Z" };
static const char *const s_labels[N_DATES] = { "20200101T000000Z", "20200101T000000.5Z",
	                                           "20200201T102030.25Z" };

/* ---- archives: three dates of two bands, with gaps */

static double
s_value (int date, int band, int i)
{
	return (i + 5 * date) % 13 == 0 ? (double) NAN
	                                : (double) ((i * 7 + date * 31 + band * 101) % 97);
}

static void
s_make_tiff (const char *path, int date, GDALDataType type, double nodata)
{
	GDALDatasetH dataset = GDALCreate (GDALGetDriverByName ("GTiff"), path, WIDTH, HEIGHT, N_BANDS,
	                                   type, NULL);
	assert_non_null (dataset);
	double transform[6] = { 300000, 20, 0, 3000000, 0, -20 };
	GDALSetGeoTransform (dataset, transform);
	OGRSpatialReferenceH crs = OSRNewSpatialReference (NULL);
	OSRImportFromEPSG (crs, 32642);
	GDALSetSpatialRef (dataset, crs);
	OSRDestroySpatialReference (crs);
	double *cells = malloc (sizeof *cells * WIDTH * HEIGHT);
	for (int band = 0; band < N_BANDS; band++) {
		for (int i = 0; i < WIDTH * HEIGHT; i++) {
			cells[i] = s_value (date, band, i);
			cells[i] = isnan (cells[i]) ? nodata : cells[i];
		}
		assert_int_equal (GDALRasterIO (GDALGetRasterBand (dataset, band + 1), GF_Write, 0, 0,
		                                WIDTH, HEIGHT, cells, WIDTH, HEIGHT, GDT_Float64, 0, 0),
		                  CE_None);
	}
	free (cells);
	GDALClose (dataset);
}

static void
s_make_archive (const char *folder, GDALDataType type, const char *type_name, double nodata)
{
	char path[128], items[8192] = "", word[32];
	assert_int_equal (mkdir (folder, 0700), 0);
	snprintf (word, sizeof word, isnan (nodata) ? "\"nan\"" : "%g", nodata);
	for (int i = 0; i < N_DATES; i++) {
		snprintf (path, sizeof path, "%s/d%d.tif", folder, i);
		s_make_tiff (path, i, type, nodata);
		size_t used = strlen (items);
		snprintf (
			items + used, sizeof items - used,
			"%s{\"type\": \"Feature\", \"stac_version\": \"1.1.0\", \"id\": \"d%d\", \"bbox\": [66, 27, 68, 28],"
			"\"geometry\": {\"type\": \"Polygon\", \"coordinates\": [[[66, 27], [68, 27], [68, 28], [66, 27]]]},"
			"\"links\": [], \"properties\": {\"datetime\": \"%s\", \"proj:code\": \"EPSG:32642\"},"
			"\"assets\": {\"data\": {\"href\": \"./d%d.tif\", \"roles\": [\"data\"], \"type\": \"image/tiff\","
			"\"bands\": [{\"name\": \"b1\", \"data_type\": \"%s\", \"nodata\": %s},"
			"{\"name\": \"b2\", \"data_type\": \"%s\", \"nodata\": %s}]}}}",
			i > 0 ? "," : "", i, s_dates[i], i, type_name, word, type_name, word);
	}
	snprintf (path, sizeof path, "%s/items.json", folder);
	e2e_write (path, "{\"type\": \"FeatureCollection\", \"features\": [%s]}", items);
}

static int
s_setup (void **state)
{
	if (e2e_setup (state) != 0)
		return -1;
	s_make_archive ("ints", GDT_Int16, "int16", -1);
	s_make_archive ("floats", GDT_Float32, "float32", (double) NAN);
	return 0;
}

/* load → (max over t) → save, run into `folder` */
static void
s_run (const char *url, bool is_folded, const char *format, const char *options, const char *folder)
{
	e2e_write (
		"graph.json",
		"{\"load\": {\"process_id\": \"load_stac\", \"arguments\": {\"url\": \"%s\"}},%s"
		"\"save\": {\"process_id\": \"save_result\", \"arguments\": {\"data\": {\"from_node\": \"%s\"},"
		"\"format\": \"%s\", \"options\": %s}, \"result\": true}}",
		url,
		is_folded
			? "\"fold\": {\"process_id\": \"reduce_dimension\", \"arguments\": {\"data\": {\"from_node\": "
			  "\"load\"}, \"dimension\": \"t\", \"reducer\": {\"process_graph\": {\"m\": {\"process_id\": "
			  "\"max\", \"arguments\": {\"data\": {\"from_parameter\": \"data\"}}, \"result\": true}}}}},"
			: "",
		is_folded ? "fold" : "load", format, options);
	e2e_expect (0, "run graph.json -o %s", folder);
	assert_int_equal (e2e_leftovers (folder), 0);
}

/* ---- reading back */

static bool
s_is_nodata (const e2e_raster_t *raster, size_t i)
{
	return raster->has_nodata &&
	       (isnan (raster->nodata) ? isnan (raster->cells[i]) : raster->cells[i] == raster->nodata);
}

/* Cells of both, no-data however it is marked. */
static void
s_assert_same_cells (const char *a, const char *b)
{
	e2e_raster_t x = e2e_raster (a), y = e2e_raster (b);
	assert_int_equal (x.n_bands, y.n_bands);
	assert_int_equal (x.width, y.width);
	assert_int_equal (x.height, y.height);
	assert_memory_equal (x.transform, y.transform, sizeof x.transform);
	size_t n = (size_t) x.width * (size_t) x.height * (size_t) x.n_bands, n_gaps = 0;
	for (size_t i = 0; i < n; i++) {
		n_gaps += s_is_nodata (&x, i);
		if (s_is_nodata (&x, i) != s_is_nodata (&y, i) ||
		    (!s_is_nodata (&x, i) && memcmp (&x.cells[i], &y.cells[i], sizeof (double)) != 0))
			fail_msg ("%s, %s: cell %zu: %.17g and %.17g", a, b, i, x.cells[i], y.cells[i]);
	}
	assert_true (n_gaps < n);
	e2e_raster_free (&x);
	e2e_raster_free (&y);
}

static void
s_assert_values (const char *path, int date)
{
	e2e_raster_t raster = e2e_raster (path);
	assert_int_equal (raster.n_bands, N_BANDS);
	for (int i = 0; i < N_BANDS * WIDTH * HEIGHT; i++) {
		double want = s_value (date, i / (WIDTH * HEIGHT), i % (WIDTH * HEIGHT));
		if (isnan (want) ? !s_is_nodata (&raster, (size_t) i) : raster.cells[i] != want)
			fail_msg ("%s: cell %d: %g, not %g", path, i, raster.cells[i], want);
	}
	e2e_raster_free (&raster);
}

static const char *
s_structure (GDALDatasetH dataset, const char *key)
{
	const char *value = GDALGetMetadataItem (dataset, key, "IMAGE_STRUCTURE");
	return value != NULL ? value : "";
}

static bool
s_is_big (const char *path)
{
	unsigned char head[4] = { 0 };
	FILE *file = fopen (path, "rb");
	assert_non_null (file);
	assert_int_equal (fread (head, 1, 4, file), 4);
	fclose (file);
	return head[2] == 43;
}

/* ---- GTiff: each option in the file */

typedef struct {
	const char *options, *compress; /* compress: as GDAL says it */
	int block_width, block_height, n_overviews, predictor;
	GDALDataType type;
	double nodata;
	bool is_big;
} s_row_t;

static void
s_check_row (const s_row_t *row, const char *base)
{
	s_run ("ints/items.json", true, "GTiff", row->options, "options");
	s_assert_same_cells (base, "options/result.tif");
	GDALDatasetH dataset = GDALOpen ("options/result.tif", GA_ReadOnly);
	GDALRasterBandH band = GDALGetRasterBand (dataset, 2);
	int width, height, has_nodata;
	GDALGetBlockSize (band, &width, &height);
	if (width != row->block_width || height != row->block_height ||
	    GDALGetOverviewCount (band) != row->n_overviews ||
	    GDALGetRasterDataType (band) != row->type)
		fail_msg ("%s: blocks %d x %d, %d overviews, %s", row->options, width, height,
		          GDALGetOverviewCount (band), GDALGetDataTypeName (GDALGetRasterDataType (band)));
	double nodata = GDALGetRasterNoDataValue (band, &has_nodata);
	if (!has_nodata || (isnan (row->nodata) ? !isnan (nodata) : nodata != row->nodata))
		fail_msg ("%s: no-data %g", row->options, nodata);
	if (strcmp (s_structure (dataset, "COMPRESSION"), row->compress) != 0)
		fail_msg ("%s: %s", row->options, s_structure (dataset, "COMPRESSION"));
	if (row->predictor > 1)
		assert_int_equal (atoi (s_structure (dataset, "PREDICTOR")), row->predictor);
	assert_string_equal (GDALGetDescription (band), "b2");
	GDALClose (dataset);
	assert_int_equal (s_is_big ("options/result.tif"), row->is_big);
}

static void
test_gtiff_options (void **state)
{
	(void) state;
	static const s_row_t rows[] = {
		{ "{}", "DEFLATE", 512, 512, 0, 1, GDT_Int16, -1, false },
		{ "{\"compress\": \"none\"}", "", 512, 512, 0, 1, GDT_Int16, -1, false },
		{ "{\"compress\": \"lzw\", \"predictor\": 2}", "LZW", 512, 512, 0, 2, GDT_Int16, -1,
		  false },
		{ "{\"compress\": \"ZSTD\"}", "ZSTD", 512, 512, 0, 1, GDT_Int16, -1, false },
		{ "{\"compress\": \"packbits\"}", "PACKBITS", 512, 512, 0, 1, GDT_Int16, -1, false },
		{ "{\"blockxsize\": 128, \"blockysize\": 64}", "DEFLATE", 128, 64, 0, 1, GDT_Int16, -1,
		  false },
		{ "{\"tiled\": false}", "DEFLATE", 300, 16, 0, 1, GDT_Int16, -1, false },
		{ "{\"tiled\": false, \"blockysize\": 32, \"compress\": \"lzw\"}", "LZW", 300, 32, 0, 1,
		  GDT_Int16, -1, false },
		{ "{\"bigtiff\": \"yes\"}", "DEFLATE", 512, 512, 0, 1, GDT_Int16, -1, true },
		{ "{\"overviews\": true, \"blockxsize\": 64, \"blockysize\": 64}", "DEFLATE", 64, 64, 3, 1,
		  GDT_Int16, -1, false },
		{ "{\"dtype\": \"int32\", \"predictor\": 2}", "DEFLATE", 512, 512, 0, 2, GDT_Int32, -1,
		  false },
		{ "{\"dtype\": \"uint8\"}", "DEFLATE", 512, 512, 0, 1, GDT_Byte, 255, false },
		{ "{\"nodata\": -32768}", "DEFLATE", 512, 512, 0, 1, GDT_Int16, -32768, false },
		{ "{\"dtype\": \"uint16\", \"nodata\": 65535}", "DEFLATE", 512, 512, 0, 1, GDT_UInt16,
		  65535, false },
		{ "{\"dtype\": \"float32\", \"predictor\": 3}", "DEFLATE", 512, 512, 0, 3, GDT_Float32,
		  (double) NAN, false },
		{ "{\"dtype\": \"float32\", \"nodata\": -9999}", "DEFLATE", 512, 512, 0, 1, GDT_Float32,
		  -9999, false },
		{ "{\"dtype\": \"float64\", \"nodata\": -9999.9, \"tiled\": false}", "DEFLATE", 300, 16, 0,
		  1, GDT_Float64, -9999.9, false },
	};
	s_run ("ints/items.json", true, "GTiff", "{}", "base");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		s_check_row (&rows[i], "base/result.tif");
}

/* A sum that does not fit the type that was asked for fails with a word about dtype. */
static void
test_dtype_too_small (void **state)
{
	(void) state;
	e2e_write_fold_graph (
		"small.json", "ints/items.json", "b2", "sum",
		"{\"m\": {\"process_id\": \"multiply\", \"arguments\": {\"x\": {\"from_parameter\": \"x\"},"
		"\"y\": 1000}, \"result\": true}}",
		"{\"dtype\": \"uint8\"}");
	e2e_result_t result = e2e_weir ("run small.json -o small");
	assert_int_equal (result.status, 1);
	assert_non_null (strstr (result.err, "uint8"));
	assert_false (e2e_exists ("small/result.tif") || e2e_exists ("small/collection.json"));
	e2e_free (&result);
}

/* ---- dates */

static void
test_a_file_a_date (void **state)
{
	(void) state;
	s_run ("ints/items.json", false, "gtiff", "{\"blockxsize\": 128}", "dates");
	for (int i = 0; i < N_DATES; i++) {
		char path[128];
		snprintf (path, sizeof path, "dates/result_%s.tif", s_labels[i]);
		s_assert_values (path, i);
		snprintf (path, sizeof path, "dates/result_%s.json", s_labels[i]);
		assert_true (e2e_exists (path));
	}
	assert_false (e2e_exists ("dates/result.tif"));
}

static void
test_dates_as_bands (void **state)
{
	(void) state;
	s_run ("floats/items.json", false, "GTiff", "{\"dates\": \"bands\"}", "bands");
	e2e_raster_t raster = e2e_raster ("bands/result.tif");
	assert_int_equal (raster.n_bands, N_DATES * N_BANDS);
	for (int i = 0; i < N_DATES * N_BANDS * WIDTH * HEIGHT; i++) {
		int band = i / (WIDTH * HEIGHT);
		double want = s_value (band / N_BANDS, band % N_BANDS, i % (WIDTH * HEIGHT));
		assert_true (isnan (want) ? isnan (raster.cells[i]) : raster.cells[i] == want);
	}
	assert_string_equal (raster.description, "20200101T000000Z b1");
	e2e_raster_free (&raster);
}

/* ---- COG */

static void
test_cog (void **state)
{
	(void) state;
	s_run ("ints/items.json", true, "GTiff", "{}", "base");
	static const struct {
		const char *options;
		int side, n_overviews;
	} rows[] = {
		{ "{}", 512, 0 },
		{ "{\"blocksize\": 64, \"compress\": \"lzw\", \"predictor\": 2}", 64, 3 },
		{ "{\"blocksize\": 128, \"overviews\": false}", 128, 0 },
		{ "{\"blocksize\": 128, \"bigtiff\": \"yes\", \"resampling\": \"average\"}", 128, 2 },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		s_run ("ints/items.json", true, "COG", rows[i].options, "cog");
		s_assert_same_cells ("base/result.tif", "cog/result.tif");
		GDALDatasetH dataset = GDALOpen ("cog/result.tif", GA_ReadOnly);
		assert_string_equal (s_structure (dataset, "LAYOUT"), "COG");
		GDALRasterBandH band = GDALGetRasterBand (dataset, 2);
		int width, height;
		GDALGetBlockSize (band, &width, &height);
		assert_int_equal (width, rows[i].side);
		assert_int_equal (height, rows[i].side);
		assert_int_equal (GDALGetOverviewCount (band), rows[i].n_overviews);
		assert_int_equal (s_is_big ("cog/result.tif"), i == 3);
		GDALClose (dataset);
	}
}

/* ---- results loaded again */

/* The texts of member `key` of all bands of a result's item, one after the other. */
static void
s_join_bands (const char *path, const char *key, char *out, size_t out_bytes)
{
	json_t *item = json_load_file (path, 0, NULL);
	const json_t *bands = json_object_get (
		json_object_get (json_object_get (item, "assets"), "result"), "bands");
	out[0] = '\0';
	for (size_t i = 0; i < json_array_size (bands); i++) {
		char *text = json_dumps (json_object_get (json_array_get (bands, i), key), JSON_ENCODE_ANY);
		size_t used = strlen (out);
		snprintf (out + used, out_bytes - used, "%s%s", i > 0 ? " " : "", text);
		free (text);
	}
	json_decref (item);
}

static void
test_load_again (void **state)
{
	(void) state;
	static const struct {
		const char *archive, *format, *options;
		bool is_folded;
		const char *nodata; /* of the bands in STAC */
	} rows[] = {
		{ "ints", "GTiff", "{}", false, "-1 -1" },
		{ "ints", "COG", "{\"blocksize\": 64}", false, "-1 -1" },
		{ "ints", "GTiff", "{\"dtype\": \"uint8\"}", true, "255 255" },
		{ "floats", "GTiff", "{\"tiled\": false}", false, "\"nan\" \"nan\"" },
		{ "floats", "GTiff", "{\"nodata\": -9999}", false, "-9999 -9999" },
		{ "floats", "COG", "{\"nodata\": -0.5, \"blocksize\": 128}", true, "-0.5 -0.5" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char url[64], path[128], once[128], twice[128], text[128];
		snprintf (url, sizeof url, "%s/items.json", rows[i].archive);
		snprintf (once, sizeof once, "once%zu", i);
		s_run (url, rows[i].is_folded, rows[i].format, rows[i].options, once);
		snprintf (url, sizeof url, "once%zu/collection.json", i);
		snprintf (twice, sizeof twice, "twice%zu", i);
		s_run (url, false, "GTiff", "{}", twice);
		for (int date = 0; date < (rows[i].is_folded ? 1 : N_DATES); date++) {
			const char *label = rows[i].is_folded ? "" : s_labels[date];
			const char *line = rows[i].is_folded ? "" : "_";
			snprintf (path, sizeof path, "once%zu/result%s%s.json", i, line, label);
			s_join_bands (path, "name", text, sizeof text);
			assert_string_equal (text, "\"b1\" \"b2\"");
			s_join_bands (path, "nodata", text, sizeof text);
			assert_string_equal (text, rows[i].nodata);
			snprintf (once, sizeof once, "once%zu/result%s%s.tif", i, line, label);
			snprintf (twice, sizeof twice, "twice%zu/result_%s.tif", i, s_labels[date]);
			s_assert_same_cells (once, twice);
		}
	}
}

/* One band of a result in which dates are bands, by its name. */
static void
test_load_bands_again (void **state)
{
	(void) state;
	s_run ("ints/items.json", false, "GTiff", "{\"dates\": \"bands\"}", "bands");
	e2e_write (
		"one.json",
		"{\"load\": {\"process_id\": \"load_stac\", \"arguments\": {\"url\": \"bands/collection.json\","
		"\"bands\": [\"20200101T000000.5Z b2\"]}},"
		"\"save\": {\"process_id\": \"save_result\", \"arguments\": {\"data\": {\"from_node\": \"load\"},"
		"\"format\": \"GTiff\"}, \"result\": true}}");
	e2e_expect (0, "run one.json -o one");
	e2e_raster_t raster = e2e_raster ("one/result_20200101T000000Z.tif");
	assert_int_equal (raster.n_bands, 1);
	for (int i = 0; i < WIDTH * HEIGHT; i++) {
		double want = s_value (1, 1, i);
		assert_true (isnan (want) ? raster.cells[i] == -1 : raster.cells[i] == want);
	}
	e2e_raster_free (&raster);
}

/* ---- collection.json */

static void
test_collection (void **state)
{
	(void) state;
	e2e_write (
		"pair.json",
		"{\"load\": {\"process_id\": \"load_stac\", \"arguments\": {\"url\": \"ints/items.json\","
		"\"bands\": [\"b1\"]}}, \"max\": {\"process_id\": \"reduce_dimension\", \"arguments\": {\"data\": "
		"{\"from_node\": \"load\"}, \"dimension\": \"t\", \"reducer\": {\"process_graph\": {\"m\": "
		"{\"process_id\": \"max\", \"arguments\": {\"data\": {\"from_parameter\": \"data\"}}, \"result\": true}}}}},"
		"\"side\": {\"process_id\": \"save_result\", \"arguments\": {\"data\": {\"from_node\": \"max\"}, "
		"\"format\": \"PNG\"}},"
		"\"map\": {\"process_id\": \"save_result\", \"arguments\": {\"data\": {\"from_node\": \"max\"}, "
		"\"format\": \"COG\"}, \"result\": true}}");
	e2e_result_t result = e2e_weir ("run pair.json -o pair --json");
	assert_int_equal (result.status, 0);
	static const char *const files[] = { "pair/result.tif",       "pair/result.json",
		                                 "pair/collection.json",  "pair/side/result.png",
		                                 "pair/side/result.json", "pair/side/collection.json" };
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		assert_true (e2e_exists (files[i]));
		assert_non_null (strstr (result.out, files[i]));
	}
	e2e_free (&result);
	json_t *collection = json_load_file ("pair/collection.json", 0, NULL);
	assert_string_equal (json_string_value (json_object_get (collection, "id")), "map");
	json_t *item = json_load_file ("pair/result.json", 0, NULL);
	const json_t *properties = json_object_get (item, "properties");
	assert_true (json_is_null (json_object_get (properties, "datetime")));
	assert_string_equal (json_string_value (json_object_get (properties, "start_datetime")),
	                     "2020-01-01T00:00:00Z");
	assert_string_equal (json_string_value (json_object_get (properties, "end_datetime")),
	                     "2020-02-01T10:20:30.25Z");
	assert_string_equal (json_string_value (json_object_get (properties, "proj:code")),
	                     "EPSG:32642");
	const json_t *asset = json_object_get (json_object_get (item, "assets"), "result");
	assert_string_equal (json_string_value (json_object_get (asset, "type")),
	                     "image/tiff; application=geotiff; profile=cloud-optimized");
	assert_string_equal (json_string_value (json_object_get (asset, "href")), "./result.tif");
	json_decref (collection);
	json_decref (item);
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (test_gtiff_options),
		cmocka_unit_test (test_dtype_too_small),
		cmocka_unit_test (test_a_file_a_date),
		cmocka_unit_test (test_dates_as_bands),
		cmocka_unit_test (test_cog),
		cmocka_unit_test (test_load_again),
		cmocka_unit_test (test_load_bands_again),
		cmocka_unit_test (test_collection),
	};
	return cmocka_run_group_tests (tests, s_setup, e2e_teardown);
}
