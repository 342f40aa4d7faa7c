/* test_place.c - items on other grids, grids that are asked for, polygons: where files lie */
#include "tests/unit/plan/fixture.h"

#include "runtime/base/mem.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define GTIFF "'format': 'GTiff'"
#define N(rows) (sizeof (rows) / sizeof *(rows))

/* Two tiles side by side and a later one that repeats the first; the order of the list does not
 * matter. */
static const fixture_item_t s_tiles[] = {
	{ "c", "2020-01-02T10:00:00Z", 0, 1000, 10, 100, 100, "EPSG:1", "uint8", "255", NULL, false },
	{ "b", "2020-01-01T10:00:00Z", 1000, 1000, 10, 100, 100, "EPSG:1", "uint8", "255", NULL,
	  false },
	{ "a", "2020-01-01T10:00:00Z", 0, 1000, 10, 100, 100, "EPSG:1", "uint8", "255", NULL, false },
};

/* Items of another grid are resampled; those that lie outside the extent are left out. */
static void
test_other_grids (void **state)
{
	(void) state;
	static const struct {
		fixture_item_t item;
		bool is_warped;
	} rows[] = {
		{ { "z", "2020-01-01", 5, 1000, 10, 100, 100, "EPSG:1", "uint8", "255", NULL, false },
		  false },
		{ { "z", "2020-01-01", 0, 500, 20, 10, 10, "EPSG:1", "uint8", "255", NULL, false }, false },
		{ { "z", "2020-01-01", 0, 1000, 10, 100, 100, "EPSG:2", "uint8", "255", NULL, false },
		  true },
	};
	for (size_t i = 0; i < N (rows); i++) {
		fixture_t fixture;
		fixture_init (&fixture);
		fixture_add_items (&fixture, N (s_tiles), s_tiles);
		fixture_add_items (&fixture, 1, &rows[i].item);
		fixture_expect_ok (&fixture, fixture_plan_max (&fixture, "", GTIFF));
		const weir_plan_source_t *source = &fixture.plan->sources[0];
		assert_int_equal (source->n_items, 4);
		assert_int_equal (source->is_warped, rows[i].is_warped);
		for (size_t k = 0; k < 4; k++) {
			bool is_other = strcmp (source->items[k].id, "z") == 0;
			assert_int_equal (weir_plan_item_is_resampled (&source->items[k]), is_other);
			if (!is_other)
				continue;
			weir_plan_place_t place = weir_plan_item_place (&source->items[k], 0);
			assert_true (place.is_resampled && place.grid.width == rows[i].item.width);
			assert_true (place.grid.transform[0] == rows[i].item.x);
		}
		fixture_expect_ok (
			&fixture,
			fixture_plan_max (
				&fixture,
				",'spatial_extent': {'west': 1500, 'south': 0, 'east': 2000, 'north': 90}", GTIFF));
		fixture_clear (&fixture);
	}
}

/* Only the item that does not meet the extent is left out. */
static void
test_other_grid_outside (void **state)
{
	(void) state;
	static const fixture_item_t far = { "far", "2020-01-01", 50000,   1000,  7,    10,
		                                10,    "EPSG:2",     "uint8", "255", NULL, false };
	fixture_t fixture;
	fixture_init (&fixture);
	fixture_add_items (&fixture, N (s_tiles), s_tiles);
	fixture_add_items (&fixture, 1, &far);
	fixture_expect_ok (&fixture, fixture_plan_max (&fixture, "", GTIFF));
	assert_int_equal (fixture.plan->sources[0].n_items, 4);
	assert_true (fixture.plan->sources[0].grid.width > 4990);
	fixture_expect_ok (
		&fixture,
		fixture_plan_max (&fixture,
	                      ",'spatial_extent': {'west': 0, 'south': 0, 'east': 2000, 'north': 1000}",
	                      GTIFF));
	assert_int_equal (fixture.plan->sources[0].n_items, 3);
	fixture_clear (&fixture);
}

/* ---- resample_spatial */

static int
s_plan_resampled (fixture_t *fixture, const char *load_more, const char *resample_more)
{
	char *graph = weir_asprintf (
		"{'load': {'process_id': 'load_stac', 'arguments': {'url': 'x'%s}},"
		"'rs': {'process_id': 'resample_spatial', 'arguments': {'data': {'from_node': 'load'}%s}},"
		"'save': {'process_id': 'save_result', 'arguments': {'data': {'from_node': 'rs'}, %s}, "
		"'result': true}}",
		load_more, resample_more, GTIFF);
	int rc = fixture_plan (fixture, graph);
	free (graph);
	return rc;
}

static void
test_resample (void **state)
{
	(void) state;
	static const char box[] = ",'spatial_extent': {'west': 105, 'south': 105, 'east': 895, "
							  "'north': 900}";
	static const struct {
		const char *load, *resample;
		double x, y, res_x, res_y;
		int64_t width, height;
		size_t n_resampled;
	} rows[] = {
		{ box, "", 100, 900, 10, 10, 80, 80, 0 }, /* nothing asked for: centres decide */
		{ box, ", 'resolution': 10", 100, 900, 10, 10, 80, 80, 0 },
		{ box, ", 'resolution': 30", 90, 900, 30, 30, 27, 27, 1 },
		{ box, ", 'resolution': [30, 0]", 90, 900, 30, 10, 27, 80, 1 },
		{ box, ", 'resolution': 30, 'align': 'upper-left'", 105, 900, 30, 30, 27, 27, 1 },
		{ box, ", 'resolution': 30, 'align': 'lower-right'", 85, 915, 30, 30, 27, 27, 1 },
		{ box, ", 'projection': 2", 100, 900, 10, 10, 80, 80, 1 },
		{ box, ", 'projection': 1", 100, 900, 10, 10, 80, 80, 0 },
		{ "", ", 'resolution': 64, 'method': 'near'", 0, 1024, 64, 64, 16, 16, 1 },
	};
	static const fixture_item_t item = { "a", "2020-01-01", 0,       1000,  10,   100,
		                                 100, "EPSG:1",     "uint8", "255", NULL, false };
	for (size_t i = 0; i < N (rows); i++) {
		fixture_t fixture;
		fixture_init (&fixture);
		fixture_add_items (&fixture, 1, &item);
		fixture_expect_ok (&fixture, s_plan_resampled (&fixture, rows[i].load, rows[i].resample));
		const weir_plan_source_t *source = &fixture.plan->sources[0];
		const double *t = source->grid.transform;
		if (t[0] != rows[i].x || t[3] != rows[i].y || fabs (t[1] - rows[i].res_x) > 1e-9 ||
		    fabs (t[5] + rows[i].res_y) > 1e-9 || source->grid.width != rows[i].width ||
		    source->grid.height != rows[i].height)
			fail_msg ("%s: %lld × %lld at %g, %g by %g, %g", rows[i].resample,
			          (long long) source->grid.width, (long long) source->grid.height, t[0], t[3],
			          t[1], t[5]);
		assert_int_equal (weir_plan_item_is_resampled (&source->items[0]), rows[i].n_resampled);
		fixture_clear (&fixture);
	}
}

static void
test_bad_resample (void **state)
{
	(void) state;
	static const struct {
		const char *resample, *code, *word;
	} rows[] = {
		{ ", 'method': 'bilinear'", "FeatureUnsupported", "'bilinear' is not offered yet" },
		{ ", 'method': 'nearest'", "ProcessParameterInvalid", "method" },
		{ ", 'resolution': -1", "ProcessParameterInvalid", "resolution" },
		{ ", 'resolution': [1, 2, 3]", "ProcessParameterInvalid", "resolution" },
		{ ", 'resolution': [1, 'x']", "ProcessParameterInvalid", "resolution" },
		{ ", 'align': 'middle'", "ProcessParameterInvalid", "align" },
		{ ", 'projection': 'bad'", "ProcessParameterInvalid", "PROJ knows no CRS 'bad'" },
		{ ", 'projection': 0", "ProcessParameterInvalid", "projection" },
		{ ", 'resolution': 1e-8", "ExtentTooLarge", "100000000000 × 100000000000" },
		{ ", 'resolution': 1e-6", "ExtentTooLarge", "1000000000 × 1000000000 pixels" },
	};
	static const fixture_item_t item = { "a", "2020-01-01", 0,       1000,  10,   100,
		                                 100, "EPSG:1",     "uint8", "255", NULL, false };
	for (size_t i = 0; i < N (rows); i++) {
		fixture_t fixture;
		fixture_init (&fixture);
		fixture_add_items (&fixture, 1, &item);
		int rc = s_plan_resampled (&fixture, "", rows[i].resample);
		fixture_expect (&fixture, rc, rows[i].code, i == N (rows) - 1 ? "save" : "rs",
		                rows[i].word);
		fixture_clear (&fixture);
	}
}

/* One load with and without: two sources. After another step: refused. */
static void
test_resample_in_graphs (void **state)
{
	(void) state;
	fixture_t fixture;
	fixture_init (&fixture);
	fixture_add_items (&fixture, N (s_tiles), s_tiles);
	fixture_expect_ok (
		&fixture,
		fixture_plan (
			&fixture,
			"{'load': {'process_id': 'load_stac', 'arguments': {'url': 'x'}},"
			"'rs': {'process_id': 'resample_spatial', 'arguments': {'data': {'from_node': 'load'}, "
			"'resolution': 50}},"
			"'s1': {'process_id': 'save_result', 'arguments': {'data': {'from_node': 'rs'}, "
			"'format': 'GTiff'}, 'result': true},"
			"'s2': {'process_id': 'save_result', 'arguments': {'data': {'from_node': 'load'}, "
			"'format': 'GTiff'}}}"));
	assert_int_equal (fixture.plan->n_sources, 2);
	for (size_t i = 0; i < 2; i++) {
		const weir_plan_output_t *output = &fixture.plan->outputs[i];
		double step = fixture.plan->sources[output->source].grid.transform[1];
		assert_true (step == (strcmp (output->node, "s1") == 0 ? 50 : 10));
	}
	fixture_expect (
		&fixture,
		fixture_plan (
			&fixture,
			"{'load': {'process_id': 'load_stac', 'arguments': {'url': 'x'}},"
			"'a': {'process_id': 'apply', 'arguments': {'data': {'from_node': 'load'}, 'process': "
			"{'process_graph': {'x': {'process_id': 'absolute', 'arguments': {'x': "
			"{'from_parameter': 'x'}}, 'result': true}}}}},"
			"'rs': {'process_id': 'resample_spatial', 'arguments': {'data': {'from_node': 'a'}, "
			"'resolution': 50}},"
			"'s1': {'process_id': 'save_result', 'arguments': {'data': {'from_node': 'rs'}, "
			"'format': 'GTiff'}, 'result': true}}"),
		"FeatureUnsupported", "rs", "right after load_stac");
	fixture_clear (&fixture);
}

/* ---- polygons */

static void
test_polygons (void **state)
{
	(void) state;
	fixture_t fixture;
	fixture_init (&fixture);
	fixture_add_items (&fixture, N (s_tiles), s_tiles);
	fixture_expect_ok (
		&fixture, fixture_plan_max (&fixture,
	                                ",'spatial_extent': {'type': 'Polygon', 'coordinates': [[[100, "
	                                "100], [300, 100], [200, 300], [100, 100]]]}",
	                                GTIFF));
	const weir_plan_source_t *source = &fixture.plan->sources[0];
	assert_int_equal (source->mask.n_points, 3);
	assert_int_equal (source->mask.n_rings, 1);
	assert_int_equal (source->grid.width, 20);
	assert_int_equal (source->grid.height, 20);
	assert_true (source->cell.has_nodata);
	char *text = weir_plan_encode (fixture.plan), *again;
	weir_plan_t *back = NULL;
	assert_int_equal (weir_plan_decode (text, strlen (text), &back, NULL), 0);
	again = weir_plan_encode (back);
	assert_string_equal (text, again);
	weir_plan_destroy (&back);
	free (again);
	free (text);
	fixture_clear (&fixture);
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (test_other_grids),        cmocka_unit_test (test_other_grid_outside),
		cmocka_unit_test (test_resample),           cmocka_unit_test (test_bad_resample),
		cmocka_unit_test (test_resample_in_graphs), cmocka_unit_test (test_polygons),
	};
	return cmocka_run_group_tests (tests, NULL, NULL);
}
