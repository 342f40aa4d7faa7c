/* test_write.c - results as a collection: read back by our own reader, and member by member */
#include "connectors/stac/stac.h"
#include "connectors/stac/write.h"

#include <jansson.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const weir_stac_made_band_t s_bands[] = {
	{ "flood", WEIR_U8, true, 255 },
	{ "depth \"m\"", WEIR_F32, true, (double) NAN },
	{ "age", WEIR_I32, false, 0 },
	{ "rain", WEIR_F64, true, -9999.25 },
};

static const weir_stac_made_item_t s_items[] = {
	{ "result_20220901T051233.5Z.tif", "image/tiff; application=geotiff", "data", true,
	  INT64_C (1662009153500000), INT64_C (1662009153500000), 4, s_bands },
	{ "result.tif", "image/tiff; application=geotiff", "data", false, INT64_C (1661990400000000),
	  INT64_C (1664582399999999), 4, s_bands },
};

static const weir_footprint_t s_square = {
	.bbox = { 67, 26, 68, 27 }, .n_points = 4, .x = { 67, 67, 68, 68 }, .y = { 27, 26, 26, 27 }
};

static weir_stac_made_t
s_made (const weir_footprint_t *footprint)
{
	return (weir_stac_made_t){
		.id = "save",
		.description = "made by a test",
		.grid = { 0, { 300000.1, 20, 0, 3000000, 0, -20 }, 70, 50 },
		.crs_code = "EPSG:32642",
		.crs_wkt = "PROJCRS[…]",
		.footprint = footprint,
		.n_items = 2,
		.items = s_items,
	};
}

static json_t *
s_parse (char *text)
{
	json_t *json = json_loads (text, 0, NULL);
	assert_non_null (json);
	free (text);
	return json;
}

static void
test_items_read_back (void **state)
{
	(void) state;
	weir_stac_made_t made = s_made (&s_square);
	for (size_t i = 0; i < made.n_items; i++) {
		json_t *json = s_parse (weir_stac_made_item (&made, i));
		weir_stac_item_t item;
		weir_err_t err;
		assert_int_equal (weir_stac_parse_item (json, "/data/x.json", &item, &err), 0);
		assert_string_equal (item.id, i == 0 ? "result_20220901T051233.5Z" : "result");
		assert_string_equal (item.collection, "save");
		assert_true (item.time_us == s_items[i].first_us);
		assert_true (item.has_geometry && item.bbox.west == 67 && item.bbox.north == 27);
		assert_int_equal (item.n_assets, 1);
		const weir_stac_asset_t *asset = &item.assets[0];
		assert_string_equal (asset->href,
		                     i == 0 ? "/data/result_20220901T051233.5Z.tif" : "/data/result.tif");
		assert_string_equal (asset->proj.crs, "EPSG:32642");
		assert_true (asset->proj.width == 70 && asset->proj.height == 50);
		assert_memory_equal (asset->proj.transform, made.grid.transform,
		                     sizeof made.grid.transform);
		assert_int_equal (asset->n_bands, 4);
		for (size_t b = 0; b < 4; b++) {
			assert_string_equal (asset->bands[b].name, s_bands[b].name);
			assert_int_equal (asset->bands[b].type, s_bands[b].type);
			assert_int_equal (asset->bands[b].has_nodata, s_bands[b].has_nodata);
			if (b == 1)
				assert_true (isnan (asset->bands[b].nodata));
			else
				assert_true (asset->bands[b].nodata == s_bands[b].nodata);
		}
		weir_stac_item_clear (&item);
		json_decref (json);
	}
}

static void
test_times (void **state)
{
	(void) state;
	weir_stac_made_t made = s_made (&s_square);
	static const char *const want[2][3] = {
		{ "2022-09-01T05:12:33.5Z", NULL, NULL },
		{ NULL, "2022-09-01T00:00:00Z", "2022-09-30T23:59:59.999999Z" },
	};
	static const char *const keys[3] = { "datetime", "start_datetime", "end_datetime" };
	for (size_t i = 0; i < 2; i++) {
		json_t *json = s_parse (weir_stac_made_item (&made, i));
		const json_t *properties = json_object_get (json, "properties");
		assert_non_null (json_object_get (properties, "datetime")); /* at least as null */
		for (size_t k = 0; k < 3; k++) {
			const char *text = json_string_value (json_object_get (properties, keys[k]));
			assert_true ((text == NULL) == (want[i][k] == NULL));
			if (text != NULL)
				assert_string_equal (text, want[i][k]);
		}
		json_decref (json);
	}
}

static void
test_geometry (void **state)
{
	(void) state;
	static const weir_footprint_t date_line = { .bbox = { 175, -10, -175, 10 } };
	static const struct {
		const weir_footprint_t *footprint;
		const char *geometry;
	} rows[] = {
		{ &s_square, "{\"type\":\"Polygon\",\"coordinates\":[[[67.0,27.0],[67.0,26.0],[68.0,26.0],"
		             "[68.0,27.0],[67.0,27.0]]]}" },
		{ &date_line,
		  "{\"type\":\"MultiPolygon\",\"coordinates\":[[[[175.0,10.0],[175.0,-10.0],[180.0,-10.0],"
		  "[180.0,10.0],[175.0,10.0]]],[[[-180.0,10.0],[-180.0,-10.0],[-175.0,-10.0],[-175.0,10.0],"
		  "[-180.0,10.0]]]]}" },
		{ NULL, "null" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		weir_stac_made_t made = s_made (rows[i].footprint);
		json_t *json = s_parse (weir_stac_made_item (&made, 0));
		char *text = json_dumps (json_object_get (json, "geometry"),
		                         JSON_COMPACT | JSON_ENCODE_ANY);
		assert_string_equal (text, rows[i].geometry);
		assert_int_equal (json_object_get (json, "bbox") != NULL, rows[i].footprint != NULL);
		free (text);
		json_decref (json);
	}
}

static void
test_crs_without_code (void **state)
{
	(void) state;
	weir_stac_made_t made = s_made (&s_square);
	made.crs_code = NULL;
	json_t *json = s_parse (weir_stac_made_item (&made, 0));
	const json_t *properties = json_object_get (json, "properties");
	assert_true (json_is_null (json_object_get (properties, "proj:code")));
	assert_string_equal (json_string_value (json_object_get (properties, "proj:wkt2")),
	                     "PROJCRS[…]");
	json_decref (json);
}

static void
test_collection (void **state)
{
	(void) state;
	weir_stac_made_t made = s_made (&s_square);
	json_t *json = s_parse (weir_stac_made_collection (&made));
	char *extent = json_dumps (json_object_get (json, "extent"), JSON_COMPACT);
	assert_string_equal (
		extent, "{\"spatial\":{\"bbox\":[[67.0,26.0,68.0,27.0]]},\"temporal\":{\"interval\":"
				"[[\"2022-09-01T00:00:00Z\",\"2022-09-30T23:59:59.999999Z\"]]}}");
	const json_t *links = json_object_get (json, "links");
	assert_int_equal (json_array_size (links), 3);
	const json_t *link = json_array_get (links, 1);
	assert_string_equal (json_string_value (json_object_get (link, "rel")), "item");
	assert_string_equal (json_string_value (json_object_get (link, "href")),
	                     "./result_20220901T051233.5Z.json");
	char *again = weir_stac_made_collection (&made), *once = weir_stac_made_collection (&made);
	assert_string_equal (once, again);
	free (once);
	free (again);
	free (extent);
	json_decref (json);
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (test_items_read_back), cmocka_unit_test (test_times),
		cmocka_unit_test (test_geometry),        cmocka_unit_test (test_crs_without_code),
		cmocka_unit_test (test_collection),
	};
	return cmocka_run_group_tests (tests, NULL, NULL);
}
