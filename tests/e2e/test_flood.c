/* test_flood.c - the main job on two tiles, with what must come of it written out */
#include "tests/e2e/harness.h"

#include <ogr_srs_api.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Two tiles side by side, 8 × 6 each, blocks of 16. 0 dry, 1 flood, 255 no-data.
 *   A1 and A2 are frames of one tile at one instant and overlap: ids decide where both saw
 *   something (tie), the second fills what the first did not see. A3 is the same tile later. B1 is
 *   the second tile; its last rows nobody observed. */
static const uint8_t s_a1[6][8] = {
	{ 255, 0, 0, 0, 1, 1, 255, 255 }, { 255, 0, 1, 0, 1, 0, 255, 255 },
	{ 255, 0, 0, 0, 0, 0, 255, 255 }, { 255, 0, 0, 0, 0, 0, 255, 255 },
	{ 255, 255, 0, 0, 0, 0, 0, 255 }, { 255, 255, 255, 0, 0, 0, 0, 255 },
};
static const uint8_t s_a2[6][8] = {
	{ 255, 255, 255, 1, 0, 0, 1, 0 },   { 255, 255, 255, 1, 0, 1, 0, 0 },
	{ 255, 255, 255, 0, 0, 0, 1, 255 }, { 255, 255, 255, 0, 0, 0, 0, 255 },
	{ 255, 255, 255, 255, 0, 0, 0, 0 }, { 255, 255, 255, 255, 255, 0, 1, 1 },
};
static const uint8_t s_a3[6][8] = {
	{ 255, 255, 255, 255, 255, 255, 255, 255 },
	{ 0, 0, 0, 0, 0, 0, 0, 0 },
	{ 0, 1, 0, 0, 0, 0, 0, 0 },
	{ 0, 0, 0, 0, 0, 0, 0, 255 },
	{ 0, 0, 0, 0, 0, 0, 0, 255 },
	{ 255, 255, 255, 255, 255, 255, 255, 255 },
};
static const uint8_t s_b1[4][8] = {
	{ 1, 0, 255, 255, 255, 255, 255, 0 },
	{ 0, 0, 0, 0, 0, 0, 0, 0 },
	{ 0, 0, 0, 0, 1, 1, 0, 0 },
	{ 255, 255, 255, 255, 255, 255, 255, 1 },
};

/* (0,3): A1 saw dry, A2 flood at the same instant: A1 comes first, 0. (0,6): only A2 saw it: 1.
 * (2,1): A3: 1. B's rows 4 and 5 do not exist: never observed, 0. */
static const uint8_t s_expected[6][16] = {
	{ 0, 0, 0, 0, 1, 1, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0 },
	{ 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 },
	{ 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 1, 0, 0 },
	{ 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 },
	{ 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 },
	{ 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0 },
};

static void
s_make (void)
{
	e2e_archive_t archive = { .folder = "flood",
		                      .band = "ensemble_flood_extent",
		                      .type = GDT_Byte,
		                      .has_nodata = true,
		                      .nodata = 255 };
	e2e_item_t items[] = {
		{ "F_A2", "2022-09-02T00:10:00Z", 0, 0, 8, 6, s_a2 },
		{ "F_A1", "2022-09-02T00:10:00Z", 0, 0, 8, 6, s_a1 },
		{ "F_A3", "2022-09-14T00:10:00Z", 0, 0, 8, 6, s_a3 },
		{ "F_B1", "2022-09-02T00:10:00Z", 8, 0, 8, 4, s_b1 },
	};
	e2e_make_archive (&archive, 4, items);
}

static void
test_the_map_is_what_was_written_out (void **state)
{
	(void) state;
	s_make ();
	char *graph = e2e_source ("examples/max-flood-extent.json");
	e2e_expect (0, "run %s --param catalog=flood/collection.json -o out", graph);
	e2e_raster_t map = e2e_raster ("out/result.tif");
	assert_int_equal (map.width, 16);
	assert_int_equal (map.height, 6);
	assert_int_equal (map.type, GDT_Byte);
	assert_true (map.has_nodata && map.nodata == 255);
	for (int r = 0; r < 6; r++)
		for (int c = 0; c < 16; c++)
			if (map.cells[r * 16 + c] != s_expected[r][c])
				fail_msg ("row %d col %d: %g, not %d", r, c, map.cells[r * 16 + c],
				          s_expected[r][c]);
	e2e_raster_free (&map);
	assert_int_equal (e2e_leftovers ("out"), 0);
	free (graph);
}

static void
test_the_file_says_where_it_is (void **state)
{
	(void) state;
	s_make ();
	char *graph = e2e_source ("examples/max-flood-extent.json");
	e2e_expect (0, "run %s --param catalog=flood/collection.json -o out", graph);
	e2e_raster_t map = e2e_raster ("out/result.tif"), item = e2e_raster ("flood/F_A1.tif");
	assert_memory_equal (map.transform, item.transform, sizeof map.transform);
	OGRSpatialReferenceH a = OSRNewSpatialReference (map.wkt),
						 b = OSRNewSpatialReference (item.wkt);
	assert_true (OSRIsSame (a, b));
	OSRDestroySpatialReference (a);
	OSRDestroySpatialReference (b);
	assert_int_equal (map.block_width, 512);
	assert_int_equal (map.block_height, 512);
	assert_string_equal (map.description, "ensemble_flood_extent");
	e2e_raster_free (&map);
	e2e_raster_free (&item);
	GDALDatasetH dataset = GDALOpen ("out/result.tif", GA_ReadOnly);
	assert_string_equal (GDALGetMetadataItem (dataset, "COMPRESSION", "IMAGE_STRUCTURE"), "LZW");
	GDALClose (dataset);
	free (graph);
}

static void
test_dates_outside_the_interval_do_not_count (void **state)
{
	(void) state;
	s_make ();
	char *graph = e2e_source ("examples/max-flood-extent.json");
	e2e_expect (0,
	            "run %s --param catalog=flood/collection.json --param "
	            "temporal_extent=[\"2022-09-10\",\"2022-09-14T00:10:01Z\"] -o late",
	            graph);
	e2e_raster_t map = e2e_raster ("late/result.tif");
	double sum = 0;
	for (int i = 0; i < map.width * map.height; i++)
		sum += map.cells[i];
	assert_true (sum == 1);
	e2e_raster_free (&map);
	e2e_expect (1,
	            "run %s --param catalog=flood/collection.json --param "
	            "temporal_extent=[\"2022-09-10\",\"2022-09-14T00:10:00Z\"] -o none",
	            graph);
	free (graph);
}

static void
test_a_picture_is_grey_and_transparent (void **state)
{
	(void) state;
	s_make ();
	e2e_write_fold_graph ("picture.json", "flood/collection.json", "ensemble_flood_extent", "max",
	                      NULL, "{}");
	char *text = e2e_read ("picture.json"), *gtiff = strstr (text, "\"GTiff\"");
	memcpy (gtiff, "\"PNG\"  ", 7);
	e2e_write ("picture.json", "%s", text);
	free (text);
	e2e_expect (0, "run picture.json -o picture");
	e2e_raster_t png = e2e_raster ("picture/result.png");
	assert_int_equal (png.n_bands, 2);
	assert_int_equal (png.width, 16);
	size_t n = (size_t) png.width * (size_t) png.height;
	assert_true (png.cells[0 * 16 + 8] == 255 &&
	             png.cells[n + 0 * 16 + 8] == 255);                               /* flood: white */
	assert_true (png.cells[1 * 16 + 1] == 0 && png.cells[n + 1 * 16 + 1] == 255); /* dry: black */
	assert_true (png.cells[n + 5 * 16 + 15] == 0);                                /* not observed */
	e2e_raster_free (&png);
}

static void
test_without_a_reduction_there_is_a_file_a_date (void **state)
{
	(void) state;
	s_make ();
	e2e_write ("dates.json",
	           "{\"load\": {\"process_id\": \"load_stac\", \"arguments\": {\"url\": "
	           "\"flood/collection.json\"}},\n \"save\": {\"process_id\": \"save_result\", "
	           "\"arguments\": {\"data\": {\"from_node\": \"load\"}, \"format\": \"GTiff\"}, "
	           "\"result\": true}}");
	e2e_expect (0, "run dates.json -o dates");
	e2e_raster_t first = e2e_raster ("dates/result_20220902T001000Z.tif");
	e2e_raster_t second = e2e_raster ("dates/result_20220914T001000Z.tif");
	assert_true (first.cells[0 * 16 + 3] == 0 && first.cells[0 * 16 + 6] == 1 &&
	             first.cells[0] == 255);
	assert_true (first.cells[5 * 16 + 12] == 255);
	assert_true (second.cells[2 * 16 + 1] == 1 && second.cells[8] == 255);
	e2e_raster_free (&first);
	e2e_raster_free (&second);
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (test_the_map_is_what_was_written_out),
		cmocka_unit_test (test_the_file_says_where_it_is),
		cmocka_unit_test (test_dates_outside_the_interval_do_not_count),
		cmocka_unit_test (test_a_picture_is_grey_and_transparent),
		cmocka_unit_test (test_without_a_reduction_there_is_a_file_a_date),
	};
	return cmocka_run_group_tests (tests, e2e_setup, e2e_teardown);
}
