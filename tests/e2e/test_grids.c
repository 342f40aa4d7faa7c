/* test_grids.c - items on other grids, resample_spatial, polygons: against figures that other
 * programs computed (WEIR_SHARED)
 *
 * The references of landsat-ny lie beside the data. Those of equi7 and overlap-rondonia are figures
 * below: every pixel centre was transformed by pyproj and the file's pixel that holds it was taken
 * with numpy; gdalwarp -r near -et 0 gives the same. Count and two sums stand for all pixels. */
#include "tests/e2e/harness.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N(array) (sizeof (array) / sizeof *(array))

/* load (more arguments) → resample_spatial (arguments, or NULL) → fold over t → GTiff */
static void
s_write_graph (const char *catalog, const char *band, const char *load_more, const char *resample,
               const char *fold)
{
	char resample_node[1024] = "";
	if (resample != NULL)
		snprintf (resample_node, sizeof resample_node,
		          "\"rs\": {\"process_id\": \"resample_spatial\", \"arguments\": {\"data\": "
		          "{\"from_node\": \"load\"}, %s}},",
		          resample);
	e2e_write (
		"grids.json",
		"{\"load\": {\"process_id\": \"load_stac\", \"arguments\": {\"url\": \"%s\", "
		"\"bands\": [\"%s\"]%s}}, %s"
		"\"fold\": {\"process_id\": \"reduce_dimension\", \"arguments\": {\"data\": "
		"{\"from_node\": \"%s\"}, \"dimension\": \"t\", \"reducer\": {\"process_graph\": "
		"{\"f\": {\"process_id\": \"%s\", \"arguments\": {\"data\": {\"from_parameter\": "
		"\"data\"}}, \"result\": true}}}}},"
		"\"save\": {\"process_id\": \"save_result\", \"arguments\": {\"data\": "
		"{\"from_node\": \"fold\"}, \"format\": \"GTiff\", \"options\": {\"blockxsize\": 128, "
		"\"blockysize\": 128}}, \"result\": true}}",
		catalog, band, load_more, resample_node, resample != NULL ? "rs" : "load", fold);
}

/* ---- landsat-ny: 19 scenes on 19 grids */

static const struct {
	const char *fold;
	GDALDataType type;
	double tolerance;
} s_landsat[] = {
	{ "count", GDT_UInt32, 0 }, { "max", GDT_UInt16, 0 },   { "mean", GDT_Float32, 1e-6 },
	{ "min", GDT_UInt16, 0 },   { "sum", GDT_Int32, 1e-6 },
};

static bool
s_is_missing (const e2e_raster_t *raster, double value)
{
	return isnan (value) || (raster->has_nodata && value == raster->nodata);
}

static void
s_compare (const char *name, const char *got_path, const char *want_path, double tolerance)
{
	e2e_raster_t got = e2e_raster (got_path), want = e2e_raster (want_path);
	assert_int_equal (got.width, want.width);
	assert_int_equal (got.height, want.height);
	assert_memory_equal (got.transform, want.transform, sizeof got.transform);
	size_t n = (size_t) got.width * (size_t) got.height, n_wrong = 0;
	for (size_t i = 0; i < n; i++) {
		bool is_missing = s_is_missing (&got, got.cells[i]);
		double off = fabs (got.cells[i] - want.cells[i]);
		bool is_right = is_missing == s_is_missing (&want, want.cells[i]) &&
		                (is_missing || off <= tolerance * fabs (want.cells[i]));
		if (!is_right && n_wrong++ < 3)
			print_error ("%s: cell %zu: %.9g, not %.9g\n", name, i, got.cells[i], want.cells[i]);
	}
	assert_int_equal (n_wrong, 0);
	e2e_raster_free (&got);
	e2e_raster_free (&want);
}

static void
test_landsat (void **state)
{
	(void) state;
	char *catalog = e2e_shared ("data/landsat-ny/collection.json");
	for (size_t i = 0; i < N (s_landsat); i++) {
		char name[256];
		snprintf (name, sizeof name, "data/expected/landsat-ny/b5_nearest3000_temporal_%s.tif",
		          s_landsat[i].fold);
		char *want = e2e_shared (name);
		s_write_graph (catalog, "B5",
		               ", \"spatial_extent\": {\"west\": 390000, \"south\": 4353000, \"east\": "
		               "765000, \"north\": 4743000, \"crs\": 32618}",
		               "\"resolution\": 3000, \"method\": \"near\"", s_landsat[i].fold);
		e2e_expect (0, "run grids.json -o landsat");
		e2e_raster_t got = e2e_raster ("landsat/result.tif");
		assert_int_equal (got.type, s_landsat[i].type);
		e2e_raster_free (&got);
		s_compare (s_landsat[i].fold, "landsat/result.tif", want, s_landsat[i].tolerance);
		free (want);
	}
	free (catalog);
}

/* ---- two CRS at once */

typedef struct {
	const char *name, *catalog, *band, *resample, *fold;
	int width, height;
	double x, y;
	long n_valid, sum, weighted; /* weights: number of the pixel, row by row, modulo 65521 */
	int cells[16][3];            /* row, column, value */
} s_case_t;

static const s_case_t s_cases[] = {
	{ "two Equi7 zones on the grid of the first",
	  "equi7",
	  "data",
	  NULL,
	  "max",
	  884,
	  831,
	  1800000,
	  7271000,
	  12839,
	  4156319,
	  137470483371,
	  { { 78, 440, 136 },
	    { 81, 381, 98 },
	    { 83, 383, 100 },
	    { 86, 381, 107 },
	    { 90, 421, 136 },
	    { 102, 400, 146 },
	    { 116, 352, 191 },
	    { 139, 337, 262 },
	    { 147, 379, 277 },
	    { 153, 373, 294 },
	    { 176, 354, 375 },
	    { 182, 332, 400 },
	    { 191, 368, 454 },
	    { 205, 341, 499 },
	    { 104, 850, -9999 },
	    { 528, 797, -9999 } } },
	{ "two Equi7 zones in longitude and latitude",
	  "equi7",
	  "data",
	  "\"resolution\": 0.01, \"projection\": 4326",
	  "max",
	  1793,
	  760,
	  44.5,
	  63.71,
	  20819,
	  6684931,
	  216067012948,
	  { { 143, 629, 133 },
	    { 144, 608, 109 },
	    { 146, 638, 154 },
	    { 152, 598, 113 },
	    { 161, 597, 130 },
	    { 189, 568, 181 },
	    { 193, 659, 301 },
	    { 242, 555, 347 },
	    { 243, 643, 432 },
	    { 278, 567, 495 },
	    { 282, 555, 512 },
	    { 286, 648, 622 },
	    { 298, 656, 680 },
	    { 299, 639, 647 },
	    { 686, 1093, -9999 },
	    { 696, 860, -9999 } } },
	{ "two dates in two CRS on the grid of the first",
	  "overlap-rondonia",
	  "class",
	  NULL,
	  "max",
	  634,
	  484,
	  -62.67011436239274,
	  -8.69987897044336,
	  306423,
	  4093039,
	  125381155321,
	  { { 38, 368, 29 },
	    { 41, 46, 4 },
	    { 97, 356, 27 },
	    { 110, 191, 33 },
	    { 119, 304, 4 },
	    { 183, 71, 4 },
	    { 239, 551, 33 },
	    { 255, 318, 33 },
	    { 328, 350, 33 },
	    { 347, 98, 4 },
	    { 447, 473, 1 },
	    { 460, 621, 1 },
	    { 463, 606, 1 },
	    { 472, 496, 33 },
	    { 349, 633, 255 },
	    { 468, 633, 255 } } },
	{ "two dates in two CRS on a third",
	  "overlap-rondonia",
	  "class",
	  "\"resolution\": 0.0003, \"projection\": 4326",
	  "max",
	  569,
	  435,
	  -62.6703,
	  -8.6997,
	  246522,
	  3286471,
	  99537138158,
	  { { 28, 169, 27 },
	    { 29, 436, 4 },
	    { 45, 429, 33 },
	    { 48, 200, 4 },
	    { 84, 113, 4 },
	    { 87, 282, 4 },
	    { 172, 384, 17 },
	    { 253, 391, 29 },
	    { 261, 205, 17 },
	    { 264, 293, 29 },
	    { 269, 178, 27 },
	    { 286, 329, 33 },
	    { 295, 435, 4 },
	    { 329, 311, 4 },
	    { 0, 210, 255 },
	    { 59, 568, 255 } } },
};

static void
s_check_cells (const s_case_t *c, const e2e_raster_t *got)
{
	long n_valid = 0, sum = 0, weighted = 0;
	for (long i = 0; i < (long) got->width * got->height; i++) {
		if (s_is_missing (got, got->cells[i]))
			continue;
		n_valid++;
		sum += (long) got->cells[i];
		weighted += (long) got->cells[i] * (i % 65521);
	}
	for (size_t i = 0; i < N (c->cells); i++) {
		const int *cell = c->cells[i];
		double value = got->cells[cell[0] * got->width + cell[1]];
		if (value != cell[2])
			fail_msg ("%s: row %d, column %d: %g, not %d", c->name, cell[0], cell[1], value,
			          cell[2]);
	}
	if (n_valid != c->n_valid || sum != c->sum || weighted != c->weighted)
		fail_msg ("%s: %ld valid, sum %ld, weighted %ld", c->name, n_valid, sum, weighted);
}

/* The same, whatever the chunks. */
static void
test_two_crs (void **state)
{
	(void) state;
	static const char *const ways[] = { "--chunk 128x128", "--chunk 1024x256 --slots 3" };
	for (size_t i = 0; i < N (s_cases); i++) {
		const s_case_t *c = &s_cases[i];
		char name[128];
		snprintf (name, sizeof name, "data/%s/collection.json", c->catalog);
		char *catalog = e2e_shared (name);
		s_write_graph (catalog, c->band, "", c->resample, c->fold);
		e2e_expect (0, "run grids.json -o one");
		e2e_raster_t got = e2e_raster ("one/result.tif");
		assert_int_equal (got.width, c->width);
		assert_int_equal (got.height, c->height);
		assert_true (fabs (got.transform[0] - c->x) <= 1e-12 * fabs (c->x));
		assert_true (fabs (got.transform[3] - c->y) <= 1e-12 * fabs (c->y));
		s_check_cells (c, &got);
		e2e_raster_free (&got);
		for (size_t k = 0; k < N (ways); k++) {
			e2e_expect (0, "run grids.json -o other %s", ways[k]);
			assert_true (e2e_same_files ("one/result.tif", "other/result.tif"));
		}
		free (catalog);
	}
}

/* ---- polygons: a GeoJSON extent is the polygon's box, masked by pixel centre */

typedef struct {
	const char *catalog, *band, *day, *next_day;
	const char *polygons, *csv;
	double scale;
	int step; /* every so many polygons */
} s_zones_t;

static const s_zones_t s_zones[] = {
	{ "chirps-zambia", "rain", "2016-10-25", "2016-10-26", "districts.geojson",
	  "zonal_districts.csv", 1, 9 },
	{ "modis-ndvi-sinop", "NDVI", "2013-09-14", "2013-09-15", "municipalities.geojson",
	  "zonal_municipalities.csv", 0.0001, 1 },
};

/* Count and sum of a polygon on a day, as the reference says; false: no pixel. */
static bool
s_find_reference (const char *csv, size_t polygon, const char *day, long *count, double *sum)
{
	char key[32];
	for (const char *line = csv; line != NULL; line = strchr (line + 1, '\n')) {
		line += *line == '\n';
		snprintf (key, sizeof key, "%zu,", polygon);
		const char *date = strstr (line, day), *end = strchr (line, '\n');
		if (strncmp (line, key, strlen (key)) != 0 || date == NULL || (end != NULL && date > end))
			continue;
		return sscanf (strchr (date, ','), ",%ld,%lf", count, sum) == 2;
	}
	return false;
}

static void
s_check_polygon (const s_zones_t *zones, const char *catalog, size_t i, const json_t *feature,
                 const char *csv)
{
	long count = 0, n = 0;
	double want = 0, sum = 0;
	if (!s_find_reference (csv, i, zones->day, &count, &want) || count == 0)
		return;
	char *geojson = json_dumps (feature, JSON_COMPACT | JSON_REAL_PRECISION (17)), *more = NULL;
	assert_true (asprintf (&more, ", \"spatial_extent\": %s, \"temporal_extent\": [\"%s\", \"%s\"]",
	                       geojson, zones->day, zones->next_day) > 0);
	s_write_graph (catalog, zones->band, more, NULL, "max");
	e2e_expect (0, "run grids.json -o zone");
	e2e_raster_t got = e2e_raster ("zone/result.tif");
	for (long k = 0; k < (long) got.width * got.height; k++) {
		if (s_is_missing (&got, got.cells[k]))
			continue;
		n++;
		sum += got.cells[k] * zones->scale;
	}
	if (n != count || fabs (sum - want) > 1e-6 * fabs (want))
		fail_msg ("%s, polygon %zu: %ld pixels, sum %.9g, not %ld and %.9g", zones->polygons, i, n,
		          sum, count, want);
	e2e_raster_free (&got);
	free (geojson);
	free (more);
}

static void
test_polygons (void **state)
{
	(void) state;
	for (size_t z = 0; z < N (s_zones); z++) {
		const s_zones_t *zones = &s_zones[z];
		char name[256];
		snprintf (name, sizeof name, "data/%s/collection.json", zones->catalog);
		char *catalog = e2e_shared (name);
		snprintf (name, sizeof name, "data/%s/%s", zones->catalog, zones->polygons);
		char *polygons = e2e_shared (name);
		snprintf (name, sizeof name, "data/expected/%s/%s", zones->catalog, zones->csv);
		char *csv_path = e2e_shared (name), *csv = e2e_read (csv_path);
		json_t *json = json_load_file (polygons, 0, NULL);
		assert_true (json != NULL && csv != NULL);
		const json_t *features = json_object_get (json, "features");
		for (size_t i = 0; i < json_array_size (features); i += (size_t) zones->step)
			s_check_polygon (zones, catalog, i, json_array_get (features, i), csv);
		json_decref (json);
		free (csv);
		free (csv_path);
		free (polygons);
		free (catalog);
	}
}

/* ---- what is refused, and the words of `weir plan` */

static void
test_refused (void **state)
{
	(void) state;
	static const struct {
		const char *extent, *resample, *word;
	} rows[] = {
		{ "{\"west\": 30, \"south\": -12, \"east\": 25, \"north\": -11}", NULL,
		  "ProcessParameterInvalid: load: argument 'spatial_extent' of load_stac: west is greater "
		  "than east" },
		{ "{\"west\": 170, \"south\": -12, \"east\": -170, \"north\": -11}", NULL, "antimeridian" },
		{ "{\"west\": 25, \"south\": -12, \"east\": 25, \"north\": -12}", "\"resolution\": 0.05",
		  "the extent has no area" },
		{ "{\"west\": -180, \"south\": -85, \"east\": 180, \"north\": 85}",
		  "\"resolution\": 1, \"projection\": 3857", "40075018 × 39943738 pixels" },
		{ "{\"west\": -180, \"south\": -85, \"east\": 180, \"north\": 85}",
		  "\"resolution\": 0.01, \"projection\": 3857", "at most 2147483647 a side" },
		{ "{\"west\": 25, \"south\": -12, \"east\": 26, \"north\": -11, \"crs\": 999999}", NULL,
		  "EPSG:999999" },
		{ "{\"type\": \"Point\", \"coordinates\": [1, 2]}", NULL, "'Point' is no polygon" },
	};
	char *catalog = e2e_shared ("data/chirps-zambia/collection.json");
	for (size_t i = 0; i < N (rows); i++) {
		char more[512];
		snprintf (more, sizeof more, ", \"spatial_extent\": %s", rows[i].extent);
		s_write_graph (catalog, "rain", more, rows[i].resample, "max");
		e2e_result_t result = e2e_weir ("run grids.json -o refused");
		if (result.status == 0 || strstr (result.err, rows[i].word) == NULL)
			fail_msg ("%s: %d, %s", rows[i].word, result.status, result.err);
		assert_false (e2e_exists ("refused/result.tif"));
		e2e_free (&result);
	}
	free (catalog);
}

/* The CRS of a box: number, code, WKT, PROJJSON. */
static void
test_crs_of_boxes (void **state)
{
	(void) state;
	static const char *const crs[] = {
		"32735",
		"\"32735\"",
		"\"EPSG:32735\"",
		"{\"type\": \"ProjectedCRS\", \"name\": \"UTM 35S\", \"base_crs\": {\"name\": \"WGS 84\", "
		"\"datum\": {\"type\": \"GeodeticReferenceFrame\", \"name\": \"World Geodetic System "
		"1984\", \"ellipsoid\": {\"name\": \"WGS 84\", \"semi_major_axis\": 6378137, "
		"\"inverse_flattening\": 298.257223563}}, \"coordinate_system\": {\"subtype\": "
		"\"ellipsoidal\", \"axis\": [{\"name\": \"Latitude\", \"abbreviation\": \"lat\", "
		"\"direction\": \"north\", \"unit\": \"degree\"}, {\"name\": \"Longitude\", "
		"\"abbreviation\": \"lon\", \"direction\": \"east\", \"unit\": \"degree\"}]}}, "
		"\"conversion\": {\"name\": \"UTM zone 35S\", \"method\": {\"name\": \"Transverse "
		"Mercator\", \"id\": {\"authority\": \"EPSG\", \"code\": 9807}}, \"parameters\": ["
		"{\"name\": \"Latitude of natural origin\", \"value\": 0, \"unit\": \"degree\", \"id\": "
		"{\"authority\": \"EPSG\", \"code\": 8801}}, {\"name\": \"Longitude of natural origin\", "
		"\"value\": 27, \"unit\": \"degree\", \"id\": {\"authority\": \"EPSG\", \"code\": 8802}}, "
		"{\"name\": \"Scale factor at natural origin\", \"value\": 0.9996, \"unit\": \"unity\", "
		"\"id\": {\"authority\": \"EPSG\", \"code\": 8805}}, {\"name\": \"False easting\", "
		"\"value\": 500000, \"unit\": \"metre\", \"id\": {\"authority\": \"EPSG\", \"code\": "
		"8806}}, {\"name\": \"False northing\", \"value\": 10000000, \"unit\": \"metre\", "
		"\"id\": {\"authority\": \"EPSG\", \"code\": 8807}}]}, \"coordinate_system\": "
		"{\"subtype\": \"Cartesian\", \"axis\": [{\"name\": \"Easting\", \"abbreviation\": "
		"\"E\", \"direction\": \"east\", \"unit\": \"metre\"}, {\"name\": \"Northing\", "
		"\"abbreviation\": \"N\", \"direction\": \"north\", \"unit\": \"metre\"}]}}",
	};
	char *catalog = e2e_shared ("data/chirps-zambia/collection.json");
	char *first = NULL;
	for (size_t i = 0; i < N (crs); i++) {
		char more[4096];
		snprintf (more, sizeof more,
		          ", \"spatial_extent\": {\"west\": 400000, \"south\": 8600000, \"east\": 600000, "
		          "\"north\": 8700000, \"crs\": %s}",
		          crs[i]);
		s_write_graph (catalog, "rain", more, NULL, "max");
		e2e_result_t result = e2e_weir ("plan grids.json");
		assert_int_equal (result.status, 0);
		assert_non_null (strstr (result.out, "grid: 36 × 18, WGS 84"));
		assert_non_null (strstr (result.out, "resampled: none"));
		if (first == NULL)
			first = strdup (result.out);
		assert_string_equal (result.out, first);
		e2e_free (&result);
	}
	free (first);
	free (catalog);
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (test_landsat),      cmocka_unit_test (test_two_crs),
		cmocka_unit_test (test_polygons),     cmocka_unit_test (test_refused),
		cmocka_unit_test (test_crs_of_boxes),
	};
	return cmocka_run_group_tests (tests, e2e_setup, e2e_teardown);
}
