/* test_data.c - plans of real items, with the numbers that their metadata gives */
#include "actors/coordinator/planning.h"
#include "connectors/raster/raster.h"
#include "runtime/base/mem.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char *s_data;

typedef struct {
	weir_plan_t *plan;
	weir_err_t err;
} outcome_t;

/* load (catalogue, more arguments) -> mean over t -> GTiff */
static int
s_plan (const char *catalogue, const char *load_more, bool skip_bad_items, outcome_t *out)
{
	char *text = weir_asprintf (
		"{'load': {'process_id': 'load_stac', 'arguments': {'url': '%s/%s'%s}},"
		"'mean': {'process_id': 'reduce_dimension', 'arguments': {'data': {'from_node': 'load'}, "
		"'dimension': 't',"
		"'reducer': {'process_graph': {'m': {'process_id': 'mean', 'arguments': {'data': "
		"{'from_parameter': 'data'}},"
		"'result': true}}}}},"
		"'save': {'process_id': 'save_result', 'arguments': {'data': {'from_node': 'mean'}, "
		"'format': 'GTiff'},"
		"'result': true}}",
		s_data, catalogue, load_more);
	for (char *c = text; *c != '\0'; c++)
		*c = *c == '\'' ? '"' : *c;
	weir_graph_t *graph = NULL;
	weir_plan_options_t options = { .memory_bytes = UINT64_C (256) << 20,
		                            .n_slots = 2,
		                            .skip_bad_items = skip_bad_items };
	*out = (outcome_t){ 0 };
	int rc = weir_graph_parse (text, strlen (text), NULL, &graph, &out->err);
	if (rc == 0)
		rc = weir_planning_run (graph, &options, NULL, NULL, &out->plan, &out->err);
	weir_graph_destroy (&graph);
	free (text);
	return rc;
}

static void
s_expect_ok (int rc, const outcome_t *outcome)
{
	if (rc != 0)
		fail_msg ("%s: %s: %s", outcome->err.code, outcome->err.where, outcome->err.text);
	char *text = weir_plan_encode (outcome->plan);
	weir_plan_t *back = NULL;
	weir_err_t err = { 0 };
	if (weir_plan_decode (text, strlen (text), &back, &err) != 0)
		fail_msg ("%s", err.text);
	weir_plan_destroy (&back);
	free (text);
}

/* 28 days, EPSG:4326, 234 × 197, float32, NaN. */
static void
test_chirps (void **state)
{
	(void) state;
	outcome_t outcome;
	s_expect_ok (s_plan ("chirps-zambia/collection.json", "", false, &outcome), &outcome);
	const weir_plan_source_t *source = &outcome.plan->sources[0];
	assert_int_equal (source->n_labels, 28);
	assert_int_equal (source->n_items, 28);
	assert_int_equal (source->grid.width, 234);
	assert_int_equal (source->grid.height, 197);
	assert_true (source->grid.transform[0] == 21.950000625 &&
	             source->grid.transform[3] == -8.200000718);
	assert_int_equal (source->cell.type, WEIR_F32);
	assert_string_equal (source->bands[0].name, "rain");
	assert_int_equal (source->block_width, 128);
	assert_int_equal (outcome.plan->n_crs, 1);
	assert_non_null (strstr (outcome.plan->crs[0], "4326"));
	assert_int_equal (outcome.plan->n_chunks, 1);
	assert_int_equal (outcome.plan->n_warnings, 0);
	assert_int_equal (outcome.plan->outputs[0].pipeline.out.type, WEIR_F32);
	weir_plan_destroy (&outcome.plan);
	/* left-closed, right-open: 2016-10-25 … 2016-10-31 */
	s_expect_ok (s_plan ("chirps-zambia/collection.json",
	                     ",'bands': ['rain'], 'temporal_extent': ['2016-10-25', '2016-11-01']",
	                     false, &outcome),
	             &outcome);
	assert_int_equal (outcome.plan->sources[0].n_labels, 7);
	weir_plan_destroy (&outcome.plan);
	/* 10 columns: centres of 25.05 … 25.50 or so; rows likewise */
	s_expect_ok (
		s_plan ("chirps-zambia/collection.json",
	            ",'spatial_extent': {'west': 25, 'south': -12, 'east': 25.5, 'north': -11}", false,
	            &outcome),
		&outcome);
	assert_int_equal (outcome.plan->sources[0].grid.width, 10);
	assert_int_equal (outcome.plan->sources[0].grid.height, 20);
	weir_plan_destroy (&outcome.plan);
	assert_true (s_plan ("chirps-zambia/collection.json", ",'bands': ['snow']", false, &outcome) <
	             0);
	assert_string_equal (outcome.err.code, "BandNotAvailable");
	assert_string_equal (outcome.err.where, "chirps-zambia-2016-10-25");
}

/* 12 dates, a sinusoidal WKT, 255 × 147, int16, -3000, scale 0.0001. */
static void
test_modis (void **state)
{
	(void) state;
	outcome_t outcome;
	s_expect_ok (s_plan ("modis-ndvi-sinop/collection.json", "", false, &outcome), &outcome);
	const weir_plan_source_t *source = &outcome.plan->sources[0];
	assert_int_equal (source->n_labels, 12);
	assert_int_equal (source->grid.width, 255);
	assert_int_equal (source->grid.height, 147);
	assert_int_equal (source->cell.type, WEIR_I16);
	assert_true (source->cell.nodata == -3000);
	assert_true (source->bands[0].has_scale && source->bands[0].scale == 0.0001);
	assert_int_equal (outcome.plan->n_warnings, 0); /* the file's CRS is equal but for names */
	char *lines = weir_plan_explain (outcome.plan, false);
	assert_non_null (strstr (lines, "scale: NDVI × 0.0001"));
	free (lines);
	weir_plan_destroy (&outcome.plan);
	/* longitudes and latitudes onto the sinusoidal grid: inside the items */
	s_expect_ok (
		s_plan ("modis-ndvi-sinop/collection.json",
	            ",'spatial_extent': {'west': -55.6, 'south': -11.7, 'east': -55.4, 'north': -11.6}",
	            false, &outcome),
		&outcome);
	const weir_grid_t *grid = &outcome.plan->sources[0].grid;
	assert_true (grid->width > 80 && grid->width < 120);
	/* 0.1° of latitude on a sphere of 6371007.181 m: 11119.5 m of 231.656 m each: 48 rows */
	assert_int_equal (grid->height, 48);
	weir_plan_destroy (&outcome.plan);
}

/* Two zones of Equi7 are two CRS: of equally common grids that of the lowest id is the cube's. */
static void
test_equi7 (void **state)
{
	(void) state;
	outcome_t outcome;
	s_expect_ok (s_plan ("equi7/collection.json", ",'bands': ['data']", false, &outcome), &outcome);
	const weir_plan_source_t *source = &outcome.plan->sources[0];
	assert_int_equal (source->n_items, 2);
	assert_false (weir_plan_item_is_resampled (&source->items[0]));
	assert_true (weir_plan_item_is_resampled (&source->items[1]));
	assert_int_equal (source->grid.width, 884);
	assert_int_equal (source->grid.height, 831);
	assert_true (source->grid.transform[0] == 1800000 && source->grid.transform[3] == 7271000);
	assert_int_equal (source->cell.type, WEIR_I16);
	assert_true (source->cell.nodata == -9999);
	weir_plan_destroy (&outcome.plan);
}

/* No projection fields at all: everything comes from the files. */
static void
test_static_catalogue (void **state)
{
	(void) state;
	outcome_t outcome;
	s_expect_ok (
		s_plan ("openeo-static-stac/collection.json", ",'bands': ['B03', 'B04']", false, &outcome),
		&outcome);
	const weir_plan_source_t *source = &outcome.plan->sources[0];
	assert_int_equal (source->n_labels, 3);
	assert_int_equal (source->grid.width, 73);
	assert_int_equal (source->grid.height, 58);
	assert_int_equal (source->n_bands, 2);
	assert_int_equal (source->items[0].n_files, 1);
	assert_int_equal (source->items[0].bands[0].band, 2); /* B04, B03, B02 in the file */
	assert_int_equal (source->items[0].bands[1].band, 1);
	assert_int_equal (source->cell.type, WEIR_I16);
	assert_true (source->cell.nodata == -32768);
	assert_non_null (strstr (outcome.plan->crs[0], "32631"));
	weir_plan_destroy (&outcome.plan);
	s_expect_ok (s_plan ("openeo-static-stac/collection.json", "", false, &outcome), &outcome);
	assert_int_equal (outcome.plan->sources[0].n_bands, 3);
	assert_string_equal (outcome.plan->sources[0].bands[0].name, "B04");
	weir_plan_destroy (&outcome.plan);
}

/* Every scene has its own origin and pixel size. */
static void
test_landsat (void **state)
{
	(void) state;
	outcome_t outcome;
	s_expect_ok (s_plan ("landsat-ny/collection.json", ",'bands': ['B5']", false, &outcome),
	             &outcome);
	const weir_plan_source_t *source = &outcome.plan->sources[0];
	assert_int_equal (source->n_items, 19);
	size_t n_resampled = 0;
	for (size_t i = 0; i < source->n_items; i++)
		n_resampled += weir_plan_item_is_resampled (&source->items[i]);
	assert_int_equal (n_resampled, 17); /* two scenes of one grid are the most */
	weir_plan_destroy (&outcome.plan);
}

static bool
s_say_yes (void *arg)
{
	(void) arg;
	return true;
}

static void
test_cancel (void **state)
{
	(void) state;
	static const char text[] =
		"{\"load\": {\"process_id\": \"load_stac\", \"arguments\": {\"url\": \"none\"}},"
		"\"save\": {\"process_id\": \"save_result\", \"arguments\": {\"data\": {\"from_node\": "
		"\"load\"},"
		"\"format\": \"GTiff\"}, \"result\": true}}";
	weir_graph_t *graph = NULL;
	weir_plan_t *plan = NULL;
	weir_err_t err = { 0 };
	weir_plan_options_t options = { .memory_bytes = 1 << 28, .n_slots = 1 };
	assert_int_equal (weir_graph_parse (text, sizeof text - 1, NULL, &graph, &err), 0);
	assert_int_equal (weir_planning_run (graph, &options, s_say_yes, NULL, &plan, &err),
	                  WEIR_E_CANCELLED);
	assert_null (plan);
	weir_graph_destroy (&graph);
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (test_chirps),  cmocka_unit_test (test_modis),
		cmocka_unit_test (test_equi7),   cmocka_unit_test (test_static_catalogue),
		cmocka_unit_test (test_landsat), cmocka_unit_test (test_cancel),
	};
	const char *shared = getenv ("WEIR_SHARED");
	s_data = weir_asprintf ("%s/data", shared != NULL ? shared : "../shared");
	if (access (s_data, R_OK) != 0) {
		printf ("skipped: no reference data at %s (WEIR_SHARED)\n", s_data);
		free (s_data);
		return 77;
	}
	if (weir_raster_init (NULL) != 0)
		return 1;
	int failed = cmocka_run_group_tests (tests, NULL, NULL);
	weir_raster_shutdown ();
	free (s_data);
	return failed;
}
