/* test_reference.c - real rasters against results that another program computed (WEIR_SHARED) */
#include "tests/e2e/harness.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
	const char *data, *band, *apply; /* apply: a callback's nodes, or NULL */
	const char *fold;
	double tolerance; /* relative */
	GDALDataType type;
} s_case_t;

/* The stored integers of MOD13Q1 are NDVI × 10000; scale is never applied on load, so the graph
 * does it. */
static const char s_scale[] =
	"{\"s\": {\"process_id\": \"multiply\", \"arguments\": {\"x\": {\"from_parameter\": "
	"\"x\"}, \"y\": 0.0001}, \"result\": true}}";

static const s_case_t s_cases[] = {
	{ "chirps-zambia", "rain", NULL, "sum", 1e-6, GDT_Float32 },
	{ "chirps-zambia", "rain", NULL, "mean", 1e-6, GDT_Float32 },
	{ "chirps-zambia", "rain", NULL, "min", 0, GDT_Float32 },
	{ "chirps-zambia", "rain", NULL, "max", 0, GDT_Float32 },
	{ "chirps-zambia", "rain", NULL, "count", 0, GDT_UInt32 },
	{ "modis-ndvi-sinop", "NDVI", s_scale, "sum", 1e-6, GDT_Float32 },
	{ "modis-ndvi-sinop", "NDVI", s_scale, "mean", 1e-6, GDT_Float32 },
	{ "modis-ndvi-sinop", "NDVI", s_scale, "min", 1e-7, GDT_Float32 },
	{ "modis-ndvi-sinop", "NDVI", s_scale, "max", 1e-7, GDT_Float32 },
	{ "modis-ndvi-sinop", "NDVI", s_scale, "count", 0, GDT_UInt32 },
};

static bool
s_is_near (double got, double want, double tolerance)
{
	if (isnan (want) || isnan (got))
		return isnan (want) && isnan (got);
	return fabs (got - want) <= tolerance * fabs (want) + (tolerance > 0 ? 1e-9 : 0);
}

static void
s_compare (const s_case_t *c, const char *got_path, const char *want_path)
{
	e2e_raster_t got = e2e_raster (got_path), want = e2e_raster (want_path);
	assert_int_equal (got.width, want.width);
	assert_int_equal (got.height, want.height);
	assert_int_equal (got.type, c->type);
	for (int i = 0; i < 6; i++)
		assert_true (fabs (got.transform[i] - want.transform[i]) <=
		             1e-9 * fabs (want.transform[i]));
	size_t n = (size_t) got.width * (size_t) got.height, n_wrong = 0;
	for (size_t i = 0; i < n; i++) {
		if (s_is_near (got.cells[i], want.cells[i], c->tolerance))
			continue;
		if (n_wrong++ < 3)
			print_error ("%s %s: cell %zu: %.9g, not %.9g\n", c->data, c->fold, i, got.cells[i],
			             want.cells[i]);
	}
	assert_int_equal (n_wrong, 0);
	e2e_raster_free (&got);
	e2e_raster_free (&want);
}

static void
test_temporal_references (void **state)
{
	(void) state;
	char *data = e2e_shared ("data");
	for (size_t i = 0; i < sizeof s_cases / sizeof s_cases[0]; i++) {
		const s_case_t *c = &s_cases[i];
		char catalog[4096], want[4096];
		snprintf (catalog, sizeof catalog, "%s/%s/collection.json", data, c->data);
		snprintf (want, sizeof want, "%s/expected/%s/temporal_%s.tif", data, c->data, c->fold);
		e2e_write_fold_graph ("graph.json", catalog, c->band, c->fold, c->apply, "{}");
		e2e_expect (0, "run graph.json -o reference");
		s_compare (c, "reference/result.tif", want);
	}
	free (data);
}

/* NDVI of one file of 23 bands, four dates of which are empty. The bands are found by label and by
 * index, before the reduction over time. */
static void
test_ndvi_of_one_file_with_23_bands (void **state)
{
	(void) state;
	static const struct {
		const char *fold;
		double tolerance;
		GDALDataType type;
	} cases[] = {
		{ "count", 0, GDT_UInt32 },   { "sum", 1e-6, GDT_Float32 }, { "mean", 1e-6, GDT_Float32 },
		{ "min", 1e-6, GDT_Float32 }, { "max", 1e-6, GDT_Float32 },
	};
	char *data = e2e_shared ("data");
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char want[4096];
		e2e_write (
			"ndvi.json",
			"{\"load\": {\"process_id\": \"load_stac\", \"arguments\": {\"url\": "
			"\"%s/s2-chilanga/collection.json\"}},\n"
			"\"ndvi\": {\"process_id\": \"reduce_dimension\", \"arguments\": {\"data\": "
			"{\"from_node\": \"load\"}, \"dimension\": \"bands\", \"reducer\": {\"process_graph\": {"
			"\"nir\": {\"process_id\": \"array_element\", \"arguments\": {\"data\": "
			"{\"from_parameter\": \"data\"}, \"label\": \"B8\"}},"
			"\"red\": {\"process_id\": \"array_element\", \"arguments\": {\"data\": "
			"{\"from_parameter\": \"data\"}, \"index\": 3}},"
			"\"less\": {\"process_id\": \"subtract\", \"arguments\": {\"x\": {\"from_node\": \"nir\"}, "
			"\"y\": {\"from_node\": \"red\"}}},"
			"\"more\": {\"process_id\": \"add\", \"arguments\": {\"x\": {\"from_node\": \"nir\"}, "
			"\"y\": {\"from_node\": \"red\"}}},"
			"\"ratio\": {\"process_id\": \"divide\", \"arguments\": {\"x\": {\"from_node\": \"less\"}, "
			"\"y\": {\"from_node\": \"more\"}}, \"result\": true}}}}},\n"
			"\"fold\": {\"process_id\": \"reduce_dimension\", \"arguments\": {\"data\": "
			"{\"from_node\": \"ndvi\"}, \"dimension\": \"t\", \"reducer\": {\"process_graph\": {\"f\": "
			"{\"process_id\": \"%s\", \"arguments\": {\"data\": {\"from_parameter\": \"data\"}}, "
			"\"result\": true}}}}},\n"
			"\"save\": {\"process_id\": \"save_result\", \"arguments\": {\"data\": {\"from_node\": "
			"\"fold\"}, \"format\": \"GTiff\"}, \"result\": true}}\n",
			data, cases[i].fold);
		snprintf (want, sizeof want, "%s/expected/s2-chilanga/ndvi_temporal_%s.tif", data,
		          cases[i].fold);
		e2e_expect (0, "run ndvi.json -o ndvi");
		s_case_t as = { .data = "s2-chilanga",
			            .fold = cases[i].fold,
			            .tolerance = cases[i].tolerance,
			            .type = cases[i].type };
		s_compare (&as, "ndvi/result.tif", want);
	}
	free (data);
}

/* Each of the two Equi7 tiles by itself: the file's values come out on its own grid. */
static void
test_equi7_tiles_come_out_as_they_are (void **state)
{
	(void) state;
	static const char *const tiles[] = { "AS_E018N066T6", "EU_E072N030T6" };
	for (size_t i = 0; i < 2; i++) {
		char item[256], file[256];
		snprintf (item, sizeof item, "data/equi7/items/%s.json", tiles[i]);
		snprintf (file, sizeof file, "data/equi7/%s_aeqd.tif", tiles[i]);
		char *item_path = e2e_shared (item), *file_path = e2e_shared (file);
		e2e_write_fold_graph ("tile.json", item_path, "data", "max", NULL, "{}");
		e2e_expect (0, "run tile.json -o tile");
		e2e_raster_t got = e2e_raster ("tile/result.tif"), want = e2e_raster (file_path);
		assert_int_equal (got.type, GDT_Int16);
		assert_true (got.has_nodata && got.nodata == -9999);
		assert_int_equal (got.width, want.width);
		assert_memory_equal (got.cells, want.cells,
		                     (size_t) want.width * (size_t) want.height * sizeof (double));
		e2e_raster_free (&got);
		e2e_raster_free (&want);
		free (item_path);
		free (file_path);
	}
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (test_temporal_references),
		cmocka_unit_test (test_ndvi_of_one_file_with_23_bands),
		cmocka_unit_test (test_equi7_tiles_come_out_as_they_are),
	};
	return cmocka_run_group_tests (tests, e2e_setup, e2e_teardown);
}
