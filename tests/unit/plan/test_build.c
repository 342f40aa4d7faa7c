/* test_build.c - items made by hand: which are taken, where they lie, what they hold */
#include "tests/unit/plan/fixture.h"

#include "runtime/base/mem.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
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

static void
test_union_and_order (void **state)
{
	(void) state;
	fixture_t fixture;
	fixture_init (&fixture);
	fixture_add_items (&fixture, N (s_tiles), s_tiles);
	fixture_expect_ok (&fixture, fixture_plan_max (&fixture, "", GTIFF));
	const weir_plan_source_t *source = &fixture.plan->sources[0];
	assert_int_equal (source->grid.width, 200);
	assert_int_equal (source->grid.height, 100);
	assert_int_equal (source->n_labels, 2);
	assert_int_equal (source->n_items, 3);
	assert_string_equal (source->items[0].id, "a");
	assert_string_equal (source->items[1].id, "b");
	assert_string_equal (source->items[2].id, "c");
	assert_int_equal (source->label_items[1], 2);
	assert_int_equal (source->label_items[2], 3);
	assert_int_equal (source->items[1].window.col, 100);
	assert_int_equal (source->items[2].label, 1);
	assert_string_equal (source->items[2].files[0], "/data/c.tif");
	assert_int_equal (source->items[2].bands[0].band, 1);
	assert_int_equal (source->block_width, 256);
	assert_string_equal (source->bands[0].name, "v");
	assert_true (source->bands[0].has_nodata && source->bands[0].nodata == 255);
	assert_int_equal (source->cell.type, WEIR_U8);
	assert_int_equal (fixture.n_probes, 1);
	assert_string_equal (fixture.plan->crs[0], "EPSG:1");
	assert_true (fixture.plan->outputs[0].is_whole_chunk);
	assert_int_equal (fixture.plan->n_chunks, 1);
	fixture_clear (&fixture);
}

/* bbox in the data's CRS: rows and columns whose centre is inside, cut items, none that only
 * touches. */
static void
test_extent (void **state)
{
	(void) state;
	fixture_t fixture;
	fixture_init (&fixture);
	fixture_add_items (&fixture, N (s_tiles), s_tiles);
	fixture_expect_ok (
		&fixture,
		fixture_plan_max (
			&fixture,
			",'spatial_extent': {'west': 905, 'south': 20, 'east': 1000, 'north': 995, 'crs': 1}",
			GTIFF));
	const weir_plan_source_t *source = &fixture.plan->sources[0];
	assert_int_equal (source->grid.width, 10);  /* centres 905 … 995 */
	assert_int_equal (source->grid.height, 98); /* centres 995 … 25 */
	assert_true (source->grid.transform[0] == 900 && source->grid.transform[3] == 1000);
	assert_int_equal (source->n_items, 2); /* b begins at 1000 */
	assert_int_equal (source->items[0].window.col, -90);
	fixture_expect (
		&fixture,
		fixture_plan_max (
			&fixture, ",'spatial_extent': {'west': 5000, 'south': 20, 'east': 6000, 'north': 995}",
			GTIFF),
		"NoDataAvailable", "load", "spatial extent");
	fixture_expect (
		&fixture,
		fixture_plan_max (&fixture,
	                      ",'spatial_extent': {'west': 1, 'south': 20, 'east': 2, 'north': 995}",
	                      GTIFF),
		"NoDataAvailable", "load", "no pixel centre");
	fixture_expect (
		&fixture,
		fixture_plan_max (
			&fixture,
			",'spatial_extent': {'west': 1, 'south': 20, 'east': 2000, 'north': 995, 'crs': 'bad'}",
			GTIFF),
		"CrsUnknown", "load", "'bad' is no CRS");
	/* inside the lattice but beyond the items: kept as it was asked for */
	fixture_expect_ok (
		&fixture,
		fixture_plan_max (
			&fixture, ",'spatial_extent': {'west': -500, 'south': 20, 'east': 1000, 'north': 995}",
			GTIFF));
	assert_int_equal (fixture.plan->sources[0].grid.width, 150);
	fixture_clear (&fixture);
}

static void
test_time (void **state)
{
	(void) state;
	static const struct {
		const char *extent;
		size_t n_items;
	} rows[] = {
		{ "['2020-01-01T10:00:00Z', '2020-01-02T10:00:00Z']", 2 }, /* left-closed, right-open */
		{ "['2020-01-01T10:00:01Z', null]", 1 },
		{ "[null, '2020-01-02T10:00:00.000001Z']", 3 },
		{ "['2020-01-01', '2020-01-03']", 3 },
		{ "null", 3 },
	};
	fixture_t fixture;
	fixture_init (&fixture);
	fixture_add_items (&fixture, N (s_tiles), s_tiles);
	for (size_t i = 0; i < N (rows); i++) {
		char more[128];
		snprintf (more, sizeof more, ",'temporal_extent': %s", rows[i].extent);
		fixture_expect_ok (&fixture, fixture_plan_max (&fixture, more, GTIFF));
		assert_int_equal (fixture.plan->sources[0].n_items, rows[i].n_items);
	}
	fixture_expect (
		&fixture,
		fixture_plan_max (&fixture, ",'temporal_extent': ['2021-01-01', '2022-01-01']", GTIFF),
		"NoDataAvailable", "load", "no item");
	fixture_expect (
		&fixture,
		fixture_plan_max (&fixture, ",'temporal_extent': ['2021-01-01', '2021-01-01']", GTIFF),
		"TemporalExtentEmpty", "load", "later");
	fixture_clear (&fixture);
}

static void
test_bad_arguments (void **state)
{
	(void) state;
	static const struct {
		const char *more, *code, *word;
	} rows[] = {
		{ ",'temporal_extent': ['2020-13-01', null]", "ProcessParameterInvalid",
		  "temporal_extent" },
		{ ",'temporal_extent': ['2020-01-01']", "ProcessParameterInvalid", "temporal_extent" },
		{ ",'spatial_extent': {'west': 1, 'south': 2, 'east': 3}", "ProcessParameterInvalid",
		  "north" },
		{ ",'spatial_extent': {'west': 5, 'south': 2, 'east': 3, 'north': 4}",
		  "ProcessParameterInvalid", "west" },
		{ ",'spatial_extent': {'west': 1, 'south': 5, 'east': 3, 'north': 4}",
		  "ProcessParameterInvalid", "south" },
		{ ",'spatial_extent': {'type': 'Polygon', 'coordinates': []}", "ProcessParameterInvalid",
		  "no polygon" },
		{ ",'spatial_extent': {'west': 170, 'south': 2, 'east': -170, 'north': 4}",
		  "ProcessParameterInvalid", "antimeridian" },
		{ ",'spatial_extent': {'west': 1, 'south': 2, 'east': 3, 'north': 4, 'crs': 1.5}",
		  "ProcessParameterInvalid", "crs" },
		{ ",'spatial_extent': {'west': 1, 'south': 2, 'east': 3, 'north': 4, 'crs': '0'}",
		  "ProcessParameterInvalid", "crs" },
		{ ",'spatial_extent': {'west': 1, 'south': 2, 'east': 3, 'north': 4, 'crs': 'bad'}",
		  "CrsUnknown", "bad" },
		{ ",'spatial_extent': {'west': -2e10, 'south': 0, 'east': 3e10, 'north': 4}",
		  "ExtentTooLarge", "5000000000 pixels a side" },
		{ ",'spatial_extent': {'west': 26, 'south': 700, 'east': 26, 'north': 700}",
		  "NoDataAvailable", "" },
		{ ",'bands': []", "ProcessParameterInvalid", "bands" },
		{ ",'bands': ['v', 'v']", "ProcessParameterInvalid", "twice" },
		{ ",'bands': [1]", "ProcessParameterInvalid", "bands" },
	};
	for (size_t i = 0; i < N (rows); i++) {
		fixture_t fixture;
		fixture_init (&fixture);
		fixture_add_items (&fixture, N (s_tiles), s_tiles);
		int rc = fixture_plan_max (&fixture, rows[i].more, GTIFF);
		if (rc == 0 || strcmp (fixture.err.where, "load") != 0)
			fail_msg ("%s: %d %s %s", rows[i].more, rc, fixture.err.code, fixture.err.where);
		assert_string_equal (fixture.err.code, rows[i].code);
		assert_non_null (strstr (fixture.err.text, rows[i].word));
		fixture_clear (&fixture);
	}
}

/* ---- bad items: an error that names them, or left out with a warning */

static const struct {
	fixture_item_t item;
	const char *code, *where, *word;
} s_bad_items[] = {
	{ { "bad", "2020-01-01", 0, 1000, 10, 100, 100, NULL, "uint8", "255", NULL, false },
	  "ItemInvalid",
	  "bad",
	  "no CRS" },
	{ { "bad", "2020-01-01", 0, 1000, 10, 100, 100, "badcrs", "uint8", "255", NULL, false },
	  "ItemInvalid",
	  "bad",
	  "no CRS" },
	{ { "bad", "2020-01-01", 0, 1000, 10, 100, 100, "EPSG:1", "uint8", "255", NULL, true },
	  "ItemInvalid",
	  "bad",
	  "geometry" },
	{ { "bad", "2020-01-01", 0, 1000, 10, 100, 100, "EPSG:1", "uint8", "255", "w", false },
	  "BandNotAvailable",
	  "bad",
	  "'v'" },
	{ { "bad", "2020-01-01", NAN, 1000, 10, 100, 100, "EPSG:1", "uint8", "255", NULL, false },
	  "ItemInvalid",
	  "bad",
	  "finite" },
	{ { "bad", "2020-01-01", 0, 1000, -10, 100, 100, "EPSG:1", "uint8", "255", NULL, false },
	  "ItemInvalid",
	  "bad",
	  "east to west" },
	{ { "../vsi", "2020-01-01", 0, 1000, 10, 100, 100, "EPSG:1", "uint8", "255", NULL, false },
	  "RasterUnreadable",
	  "/data/../vsi.tif",
	  "No such file" },
};

static void
test_bad_items (void **state)
{
	(void) state;
	for (size_t i = 0; i < N (s_bad_items); i++) {
		fixture_t fixture;
		fixture_init (&fixture);
		fixture.missing = "/data/../vsi.tif";
		fixture_add_items (&fixture, N (s_tiles), s_tiles);
		fixture_add_items (&fixture, 1, &s_bad_items[i].item);
		fixture_expect (&fixture, fixture_plan_max (&fixture, ",'bands': ['v']", GTIFF),
		                s_bad_items[i].code, s_bad_items[i].where, s_bad_items[i].word);
		fixture.options.skip_bad_items = true;
		fixture_expect_ok (&fixture, fixture_plan_max (&fixture, ",'bands': ['v']", GTIFF));
		assert_int_equal (fixture.plan->sources[0].n_items, 3);
		assert_int_equal (fixture.plan->n_warnings, 1);
		assert_non_null (strstr (fixture.plan->warnings[0], s_bad_items[i].item.id));
		assert_non_null (strstr (fixture.plan->warnings[0], s_bad_items[i].word));
		fixture_clear (&fixture);
	}
}

static void
test_only_bad_items (void **state)
{
	(void) state;
	fixture_t fixture;
	fixture_init (&fixture);
	fixture.options.skip_bad_items = true;
	fixture_add_items (&fixture, 1, &s_bad_items[0].item);
	fixture_expect (&fixture, fixture_plan_max (&fixture, "", GTIFF), "NoDataAvailable", "load",
	                "usable");
	fixture_clear (&fixture);
}

static void
test_rotation (void **state)
{
	(void) state;
	fixture_t fixture;
	fixture_init (&fixture);
	fixture_add_items (&fixture, N (s_tiles), s_tiles);
	fixture.items->items[1].assets[0].proj.transform[2] = 0.5;
	fixture_expect (&fixture, fixture_plan_max (&fixture, "", GTIFF), "ItemInvalid", "b",
	                "rotated");
	fixture_clear (&fixture);
}

/* The commonest grid wins, a tie goes to the lowest id. */
static void
test_commonest_grid (void **state)
{
	(void) state;
	static const fixture_item_t rows[] = {
		{ "d", "2020-01-01", 0, 1000, 10, 10, 10, "EPSG:1", "uint8", "255", NULL, false },
		{ "c", "2020-01-02", 0, 1000, 20, 10, 10, "EPSG:1", "uint8", "255", NULL, false },
		{ "b", "2020-01-03", 0, 1000, 10, 10, 10, "EPSG:1", "uint8", "255", NULL, false },
		{ "a", "2020-01-04", 0, 1000, 20, 10, 10, "EPSG:1", "uint8", "255", NULL, false },
		{ "e", "2020-01-05", 0, 1000, 10, 10, 10, "EPSG:1", "uint8", "255", NULL, false },
	};
	fixture_t fixture;
	fixture_init (&fixture);
	fixture.options.skip_bad_items = true;
	fixture_add_items (&fixture, 5, rows);
	fixture_expect_ok (&fixture, fixture_plan_max (&fixture, "", GTIFF));
	assert_true (fixture.plan->sources[0].grid.transform[1] == 10);
	fixture_clear (&fixture);
	fixture_init (&fixture);
	fixture.options.skip_bad_items = true;
	fixture_add_items (&fixture, 4, rows);
	fixture_expect_ok (&fixture, fixture_plan_max (&fixture, "", GTIFF));
	assert_true (fixture.plan->sources[0].grid.transform[1] == 20);
	fixture_clear (&fixture);
}

/* ---- what files say */

static void
test_probed_grid (void **state)
{
	(void) state;
	static const fixture_item_t rows[] = {
		{ "a", "2020-01-01", 0, 0, 0, 0, 0, NULL, NULL, NULL, NULL, false },
		{ "b", "2020-01-02", 0, 0, 0, 0, 0, NULL, NULL, NULL, NULL, false },
	};
	fixture_t fixture;
	fixture_init (&fixture);
	fixture.probe.grid = (weir_grid_t){ 0, { 5, 1, 0, 9, 0, -1 }, 30, 20 };
	fixture.probe.crs = (char *) (uintptr_t) "file:crs";
	fixture_add_items (&fixture, 2, rows);
	fixture_expect_ok (&fixture, fixture_plan_max (&fixture, "", GTIFF));
	const weir_plan_source_t *source = &fixture.plan->sources[0];
	assert_int_equal (source->grid.width, 30);
	assert_string_equal (fixture.plan->crs[0], "file:crs");
	assert_int_equal (fixture.n_probes, 2);
	assert_int_equal (source->cell.type, WEIR_U8);
	assert_true (source->bands[0].has_nodata && source->bands[0].nodata == 255);
	fixture_clear (&fixture);
}

/* Equal but for names is equal; otherwise the item wins, with a warning; another size is an error.
 */
static void
test_file_against_item (void **state)
{
	(void) state;
	fixture_t fixture;
	fixture_init (&fixture);
	fixture_add_items (&fixture, N (s_tiles), s_tiles);
	fixture.probe.crs = (char *) (uintptr_t) "OTHER:1";
	fixture_expect_ok (&fixture, fixture_plan_max (&fixture, "", GTIFF));
	assert_int_equal (fixture.plan->n_warnings, 0);
	fixture.probe.crs = (char *) (uintptr_t) "EPSG:7";
	fixture_expect_ok (&fixture, fixture_plan_max (&fixture, "", GTIFF));
	assert_int_equal (fixture.plan->n_warnings, 1);
	assert_non_null (strstr (fixture.plan->warnings[0], "item 'a'"));
	assert_string_equal (fixture.plan->crs[0], "EPSG:1");
	fixture.probe.grid = (weir_grid_t){ 0, { 0, 10, 0, 1000, 0, -10 }, 100, 99 };
	fixture_expect (&fixture, fixture_plan_max (&fixture, "", GTIFF), "RasterSizeMismatch",
	                "/data/a.tif", "100 × 99");
	fixture_clear (&fixture);
}

static void
test_types_of_items (void **state)
{
	(void) state;
	static const struct {
		const char *type[2], *nodata[2];
		int64_t width; /* of the second item: 100 covers, 50 leaves pixels unobserved */
		weir_type_t type_out;
		bool has_nodata;
		double nodata_out;
		bool is_own; /* the second item has a no-data of its own */
	} rows[] = {
		{ { "uint8", "uint8" }, { "255", "255" }, 100, WEIR_U8, true, 255, false },
		{ { "uint16", "uint16" }, { NULL, NULL }, 100, WEIR_U16, false, 0, false },
		{ { "uint16", "uint16" }, { NULL, NULL }, 50, WEIR_I32, true, -2147483648.0, false },
		{ { "uint8", "uint8" }, { "255", "0" }, 100, WEIR_I16, true, -32768, true },
		{ { "int16", "float32" }, { "-9999", "nan" }, 100, WEIR_F32, true, 0, true },
		{ { "float64", "float64" }, { NULL, NULL }, 50, WEIR_F64, true, 0, false },
		{ { "uint8", "uint8" }, { "-9999", "-9999" }, 100, WEIR_U8, false, 0, false }, /* cannot
		                                                                                  occur */
	};
	for (size_t i = 0; i < N (rows); i++) {
		fixture_item_t items[] = {
			{ "a", "2020-01-01", 0, 1000, 10, 100, 100, "EPSG:1", rows[i].type[0],
			  rows[i].nodata[0], NULL, false },
			{ "b", "2020-01-02", 0, 1000, 10, rows[i].width, 100, "EPSG:1", rows[i].type[1],
			  rows[i].nodata[1], NULL, false },
		};
		weir_cell_t file = { .type = WEIR_U8 };
		fixture_t fixture;
		fixture_init (&fixture);
		assert_true (weir_type_parse (rows[i].type[0], &file.type));
		fixture.probe.bands = &file;
		fixture_add_items (&fixture, 2, items);
		fixture_expect_ok (&fixture, fixture_plan_max (&fixture, "", GTIFF));
		const weir_plan_source_t *source = &fixture.plan->sources[0];
		if (source->cell.type != rows[i].type_out || source->cell.has_nodata != rows[i].has_nodata)
			fail_msg ("row %zu: %s", i, weir_type_name (source->cell.type));
		if (!weir_type_is_float (source->cell.type) && source->cell.has_nodata)
			assert_true (source->cell.nodata == rows[i].nodata_out);
		assert_int_equal (source->items[1].nodata != NULL, rows[i].is_own);
		weir_plan_nodata_t of_b = weir_plan_item_nodata (source, &source->items[1], 0);
		const char *declared = rows[i].nodata[1];
		assert_int_equal (of_b.has_value, declared != NULL);
		if (declared != NULL)
			assert_true (isnan (of_b.value) || of_b.value == strtod (declared, NULL));
		fixture_clear (&fixture);
	}
}

static void
test_file_of_another_type (void **state)
{
	(void) state;
	weir_cell_t file = { .type = WEIR_I16 };
	fixture_t fixture;
	fixture_init (&fixture);
	fixture.probe.bands = &file;
	fixture_add_items (&fixture, N (s_tiles), s_tiles);
	fixture_expect_ok (&fixture, fixture_plan_max (&fixture, "", GTIFF));
	assert_int_equal (fixture.plan->n_warnings, 1);
	assert_non_null (strstr (fixture.plan->warnings[0], "int16"));
	assert_int_equal (fixture.plan->sources[0].cell.type, WEIR_I16);
	fixture_clear (&fixture);
}

/* ---- bands */

static void
s_add_asset (weir_stac_item_t *item, const char *key, const char *role, const char *band,
             const char *common_name)
{
	item->assets = weir_realloc (item->assets, (item->n_assets + 1) * sizeof *item->assets);
	weir_stac_asset_t *asset = &item->assets[item->n_assets++];
	*asset = (weir_stac_asset_t){ .key = weir_strdup (key),
		                          .href = weir_asprintf ("/data/%s_%s.tif", item->id, key) };
	asset->n_roles = 1;
	asset->roles = weir_alloc (sizeof (char *));
	asset->roles[0] = weir_strdup (role);
	asset->n_bands = 1;
	asset->bands = weir_alloc (sizeof *asset->bands);
	asset->bands[0] = (weir_stac_band_t){ .name = weir_strdup (band),
		                                  .common_name = weir_strdup (common_name),
		                                  .has_type = true };
	asset->proj = item->assets[0].proj;
	asset->proj.crs_candidates[0] = weir_strdup (item->assets[0].proj.crs_candidates[0]);
}

static void
test_band_names (void **state)
{
	(void) state;
	static const struct {
		const char *bands, *file; /* where the first band comes from; NULL: not found */
		uint32_t n_bands;
	} rows[] = {
		{ ",'bands': ['B04']", "/data/a_B04.tif",
		  1 }, /* asset key before a band's name elsewhere */
		{ ",'bands': ['ndvi']", "/data/a_index.tif", 1 }, /* band name: data before visual */
		{ ",'bands': ['red']", "/data/a_B04.tif", 1 },    /* common name */
		{ ",'bands': ['quick']", NULL, 0 },               /* thumbnails never */
		{ ",'bands': ['thumb']", NULL, 0 },
		{ ",'bands': ['ndvi', 'v', 'B04']", "/data/a_index.tif", 3 },
		{ "", "/data/a.tif", 3 }, /* all of the data assets, in their order */
	};
	for (size_t i = 0; i < N (rows); i++) {
		fixture_t fixture;
		fixture_init (&fixture);
		fixture.probe.grid = (weir_grid_t){ 0, { 0, 10, 0, 1000, 0, -10 }, 100, 100 };
		fixture_add_items (&fixture, 1, &s_tiles[2]);
		weir_stac_item_t *item = &fixture.items->items[0];
		s_add_asset (item, "picture", "visual", "ndvi", "red");
		s_add_asset (item, "B04", "data", NULL, "red");
		s_add_asset (item, "index", "data", "ndvi", NULL);
		s_add_asset (item, "thumb", "thumbnail", "quick", NULL);
		int rc = fixture_plan_max (&fixture, rows[i].bands, GTIFF);
		if (rows[i].file == NULL) {
			fixture_expect (&fixture, rc, "BandNotAvailable", "a", "v, picture, B04, index");
		} else {
			fixture_expect_ok (&fixture, rc);
			const weir_plan_source_t *source = &fixture.plan->sources[0];
			assert_int_equal (source->n_bands, rows[i].n_bands);
			assert_string_equal (source->items[0].files[source->items[0].bands[0].asset],
			                     rows[i].file);
		}
		fixture_clear (&fixture);
	}
}

static void
test_band_by_description (void **state)
{
	(void) state;
	weir_cell_t cells[3] = { { .type = WEIR_U8 }, { .type = WEIR_U8 }, { .type = WEIR_U8 } };
	char first[] = "depth", second[] = "extent", *texts[3] = { first, NULL, second };
	fixture_t fixture;
	fixture_init (&fixture);
	fixture.probe.n_bands = 3;
	fixture.probe.bands = cells;
	fixture.probe.descriptions = texts;
	fixture_add_items (&fixture, N (s_tiles), s_tiles);
	for (size_t i = 0; i < N (s_tiles); i++) { /* STAC lists no bands */
		free (fixture.items->items[i].assets[0].bands);
		fixture.items->items[i].assets[0].bands = NULL;
		fixture.items->items[i].assets[0].n_bands = 0;
	}
	fixture_expect_ok (&fixture, fixture_plan_max (&fixture, ",'bands': ['extent']", GTIFF));
	for (size_t i = 0; i < N (s_tiles); i++)
		assert_int_equal (fixture.plan->sources[0].items[i].bands[0].band, 3);
	assert_int_equal (fixture.n_probes, 2); /* not one for each item */
	fixture_expect (&fixture, fixture_plan_max (&fixture, ",'bands': ['v']", GTIFF),
	                "BandNotAvailable", "a", "3 bands");
	fixture_expect_ok (
		&fixture,
		fixture_plan_max (&fixture, "", GTIFF)); /* all: by description, else by key and number */
	assert_int_equal (fixture.plan->sources[0].n_bands, 3);
	assert_string_equal (fixture.plan->sources[0].bands[0].name, "depth");
	assert_string_equal (fixture.plan->sources[0].bands[1].name, "v_2");
	fixture_clear (&fixture);
}

/* Conditions on properties reach whoever fetches the items, with parameters in place. */
static void
test_conditions (void **state)
{
	(void) state;
	fixture_t fixture;
	fixture_init (&fixture);
	fixture_add_items (&fixture, N (s_tiles), s_tiles);
	fixture_expect_ok (
		&fixture, fixture_plan_max (
					  &fixture,
					  ",'bands': ['v'], 'properties': {'eo:cloud_cover': {'process_graph': {'a': "
					  "{'process_id': 'lt', 'arguments': {'x': {'from_parameter': 'value'}, 'y': "
					  "20}, 'result': true}}}, 'platform': {'process_graph': {'b': {'process_id': "
					  "'eq', 'arguments': {'x': {'from_parameter': 'value'}, 'y': 'a'}, 'result': "
					  "true}}}}",
					  GTIFF));
	assert_int_equal (fixture.n_wants, 1);
	const weir_plan_want_t *want = &fixture.wants[0];
	assert_int_equal (want->n_conditions, 2);
	assert_string_equal (want->conditions[0].name, "eo:cloud_cover");
	assert_string_equal (weir_graph_result (want->conditions[0].graph)->id, "a");
	assert_string_equal (want->conditions[1].name, "platform");
	assert_string_equal (weir_graph_result (want->conditions[1].graph)->id, "b");
	assert_string_equal (want->bands[0], "v");
	fixture_clear (&fixture);
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (test_union_and_order),
		cmocka_unit_test (test_extent),
		cmocka_unit_test (test_time),
		cmocka_unit_test (test_bad_arguments),
		cmocka_unit_test (test_bad_items),
		cmocka_unit_test (test_only_bad_items),
		cmocka_unit_test (test_rotation),
		cmocka_unit_test (test_commonest_grid),
		cmocka_unit_test (test_probed_grid),
		cmocka_unit_test (test_file_against_item),
		cmocka_unit_test (test_types_of_items),
		cmocka_unit_test (test_file_of_another_type),
		cmocka_unit_test (test_band_names),
		cmocka_unit_test (test_band_by_description),
		cmocka_unit_test (test_conditions),
	};
	return cmocka_run_group_tests (tests, NULL, NULL);
}
