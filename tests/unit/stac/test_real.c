/* test_real.c - items and catalogues of real publishers, field by field
 *
 * Needs the reference data (WEIR_SHARED); without it the test says so and skips.
 */
#include "connectors/stac/stac.h"
#include "real_items.h"
#include "runtime/base/mem.h"

#include <jansson.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char *s_shared;

static weir_stac_items_t *
s_load (const char *name)
{
	char *url = weir_asprintf ("%s/data/%s", s_shared, name);
	weir_plan_want_t want = { .url = url };
	weir_stac_items_t *items;
	char **warnings;
	size_t n_warnings;
	weir_err_t err;
	if (weir_stac_load (&want, false, NULL, NULL, &items, &warnings, &n_warnings, &err) != 0)
		fail_msg ("%s: %s: %s", name, err.where, err.text);
	assert_int_equal (n_warnings, 0);
	free (url);
	return items;
}

typedef struct { /* the first item of a file, by id, and sums over its assets */
	const char *name;
	size_t n_items;
	const char *id;
	int64_t time_us;
	size_t n_assets, n_bands;
	size_t n_transforms, n_shapes, n_crs, n_nodata; /* n_nodata: bands that have one */
} s_file_t;

static const s_file_t s_files[] = {
	{ "cdse-stac11-s2-36NYH-itemcollection.json", 1,
	  "S2B_MSIL2A_20200322T074609_N0500_R135_T36NYH_20230612T214223", 1584863169024000, 43, 43, 36,
	  37, 36, 42 },
	{ "dea-fc-percentile-only-epsg.json", 1, "3af1acae-0255-4762-b2b2-f26034cf3ce8",
	  1546300800000000, 9, 9, 0, 0, 9, 0 },
	{ "dea-ls8-ard-3.json", 1, "2aa69fcf-aa55-4747-9d95-3652f9fe79b0", 1590449747745731, 25, 22, 25,
	  25, 25, 0 },
	{ "earthsearch-v0-s2-28QCH.json", 1, "S2A_28QCH_20200714_0_L2A", 1594727752000000, 20, 0, 17,
	  17, 20, 0 },
	{ "earthsearch-v1-s2-32TPS-projcode.json", 1, "S2A_32TPS_20230602_0_L2A", 1685701083169000, 35,
	  36, 32, 32, 35, 30 },
	{ "eurac-s2-zarr-datacube.json", 1, "s2_l2a_zarr_sample", 1654128000000000, 1, 0, 0, 0, 0, 0 },
	{ "landsat-c2l2-classification-shape-transform.json", 1, "LC08_L2SP_047027_20201204_02_T1",
	  1607108531194486, 25, 19, 25, 25, 25, 18 },
	{ "pc-s2-itemcollection-tall-strip.geojson", 9,
	  "S2B_MSIL2A_20200606T080609_R078_T35LND_20200826T094848", 1591430769024000, 24, 15, 16, 16,
	  24, 0 },
	{ "pc-s2-l2a-06VVN-raster-ext.json", 1,
	  "S2B_MSIL2A_20190629T212529_R043_T06VVN_20201006T080531", 1561843529024000, 24, 16, 16, 16,
	  24, 12 },
	{ "pc-s2-l2a-06VVN.json", 1, "S2B_MSIL2A_20190629T212529_R043_T06VVN_20201006T080531",
	  1561843529024000, 24, 15, 16, 16, 24, 0 },
	{ "rio-tiler-netcdf-asset.json", 1, "my_stac", 1730797427523834, 2, 0, 2, 2, 2, 0 },
	{ "usgs-landsat8-c2l2-sr.json", 1, "LC08_L2SP_028030_20200114_20200824_02_T1_SR",
	  1579021546732651, 17, 7, 17, 17, 17, 0 },
	{ "vito-hrvpp-31UFS-itemcollection.json", 1, "VPP_2018_S2_T31UFS-010m_V101_s1",
	  1514764800000000, 14, 14, 0, 0, 14, 0 },
};

static s_file_t
s_sum_item (const weir_stac_item_t *item)
{
	s_file_t sum = { .n_assets = item->n_assets };
	for (size_t i = 0; i < item->n_assets; i++) {
		const weir_stac_asset_t *asset = &item->assets[i];
		sum.n_bands += asset->n_bands;
		sum.n_transforms += asset->proj.has_transform;
		sum.n_shapes += asset->proj.has_shape;
		sum.n_crs += asset->proj.crs != NULL;
		for (size_t k = 0; k < asset->n_bands; k++)
			sum.n_nodata += asset->bands[k].has_nodata;
	}
	return sum;
}

static void
s_test_files (void **state)
{
	(void) state;
	for (size_t i = 0; i < sizeof s_files / sizeof s_files[0]; i++) {
		const s_file_t *expected = &s_files[i];
		char *name = weir_asprintf ("stac-items/%s", expected->name);
		weir_stac_items_t *items = s_load (name);
		assert_int_equal (items->n_items, expected->n_items);
		const weir_stac_item_t *item = &items->items[0];
		assert_string_equal (item->id, expected->id);
		assert_int_equal (item->time_us, expected->time_us);
		assert_true (item->has_geometry);
		s_file_t sum = s_sum_item (item);
		assert_int_equal (sum.n_assets, expected->n_assets);
		assert_int_equal (sum.n_bands, expected->n_bands);
		assert_int_equal (sum.n_transforms, expected->n_transforms);
		assert_int_equal (sum.n_shapes, expected->n_shapes);
		assert_int_equal (sum.n_crs, expected->n_crs);
		assert_int_equal (sum.n_nodata, expected->n_nodata);
		weir_stac_items_destroy (&items);
		free (name);
	}
}

typedef struct { /* one asset, its first band where it has one */
	const char *file, *key;
	size_t position; /* in the document */
	const char *href_end, *crs;
	double transform[6];
	int64_t height, width;
	size_t n_bands;
	const char *band, *common_name, *type;
	double nodata, scale, offset; /* 1e9: none */
} s_asset_row_t;

static const s_asset_row_t s_assets[] = {
	{ "cdse-stac11-s2-36NYH-itemcollection.json",
	  "B02_10m",
	  5,
	  "T36NYH_20200322T074609_B02_10m.jp2",
	  "EPSG:32636",
	  { 699960, 10, 0, 300000, 0, -10 },
	  10980,
	  10980,
	  1,
	  "B02",
	  "blue",
	  "uint16",
	  0,
	  0.0001,
	  -0.1 },
	{ "cdse-stac11-s2-36NYH-itemcollection.json",
	  "AOT_10m",
	  0,
	  "T36NYH_20200322T074609_AOT_10m.jp2",
	  "EPSG:32636",
	  { 699960, 10, 0, 300000, 0, -10 },
	  10980,
	  10980,
	  1,
	  NULL,
	  NULL,
	  "uint16",
	  0,
	  0.0001,
	  -0.1 },
	{ "cdse-stac11-s2-36NYH-itemcollection.json",
	  "TCI_10m",
	  31,
	  "T36NYH_20200322T074609_TCI_10m.jp2",
	  "EPSG:32636",
	  { 699960, 10, 0, 300000, 0, -10 },
	  10980,
	  10980,
	  3,
	  "B04",
	  "red",
	  "uint8",
	  0,
	  1e9,
	  1e9 },
	{ "dea-ls8-ard-3.json",
	  "nbart_blue",
	  0,
	  "ga_ls8c_nbart_3-1-0_088080_2020-05-25_final_band02.tif",
	  "EPSG:32656",
	  { 526785, 30, 0, -3077085, 0, -30 },
	  7841,
	  7781,
	  1,
	  "nbart_blue",
	  NULL,
	  NULL,
	  1e9,
	  1e9,
	  1e9 },
	{ "earthsearch-v1-s2-32TPS-projcode.json",
	  "red",
	  8,
	  "S2A_32TPS_20230602_0_L2A/B04.tif",
	  "EPSG:32632",
	  { 600000, 10, 0, 5200020, 0, -10 },
	  10980,
	  10980,
	  1,
	  "red",
	  "red",
	  "uint16",
	  0,
	  0.0001,
	  -0.1 },
	{ "landsat-c2l2-classification-shape-transform.json",
	  "qa_pixel",
	  6,
	  "/stac-items/LC08_L2SP_047027_20201204_20210313_02_T1_QA_PIXEL.TIF",
	  "EPSG:32610",
	  { 0 },
	  0,
	  0,
	  1,
	  NULL,
	  NULL,
	  "uint16",
	  1,
	  1e9,
	  1e9 },
	{ "pc-s2-l2a-06VVN-raster-ext.json",
	  "SCL",
	  13,
	  "T06VVN_20190629T212529_SCL_20m.tif",
	  "EPSG:32606",
	  { 399960, 20, 0, 6800040, 0, -20 },
	  5490,
	  5490,
	  1,
	  NULL,
	  NULL,
	  "uint8",
	  0,
	  1e9,
	  1e9 },
	{ "rio-tiler-netcdf-asset.json",
	  "netcdf",
	  1,
	  "/stac-items/dataset_2d.nc",
	  "EPSG:4326",
	  { 0 },
	  1000,
	  2000,
	  0,
	  NULL,
	  NULL,
	  NULL,
	  1e9,
	  1e9,
	  1e9 },
	{ "usgs-landsat8-c2l2-sr.json",
	  "red",
	  6,
	  "SR_B4.TIF",
	  "EPSG:32615",
	  { 173085, 30, 0, 4904715, 0, -30 },
	  8041,
	  7931,
	  1,
	  "B4",
	  "red",
	  NULL,
	  1e9,
	  1e9,
	  1e9 },
	{ "vito-hrvpp-31UFS-itemcollection.json",
	  "SPROD",
	  10,
	  "/copernicus_r_utm-wgs84_10_m_hrvpp-vpp_p_2017-now_v01/items/$SPROD_TIF",
	  "EPSG:32631",
	  { 0 },
	  0,
	  0,
	  1,
	  "SPROD",
	  NULL,
	  "uint16",
	  1e9,
	  0.02,
	  0 },
};

static void
s_check_text (const char *text, const char *expected)
{
	if (expected == NULL)
		assert_null (text);
	else
		assert_string_equal (text, expected);
}

static void
s_check_number (bool has, double value, double expected)
{
	assert_true (has == (expected != 1e9));
	assert_true (!has || value == expected);
}

static void
s_check_asset (const weir_stac_asset_t *asset, const s_asset_row_t *row)
{
	assert_string_equal (asset->key, row->key);
	size_t n = strlen (asset->href), n_end = strlen (row->href_end);
	assert_true (n >= n_end);
	assert_string_equal (asset->href + n - n_end, row->href_end);
	assert_string_equal (asset->proj.crs, row->crs);
	if (row->transform[1] != 0)
		assert_memory_equal (asset->proj.transform, row->transform, sizeof row->transform);
	if (row->height != 0) {
		assert_int_equal (asset->proj.height, row->height);
		assert_int_equal (asset->proj.width, row->width);
	}
	assert_int_equal (asset->n_bands, row->n_bands);
	if (asset->n_bands == 0)
		return;
	const weir_stac_band_t *band = &asset->bands[0];
	s_check_text (band->name, row->band);
	s_check_text (band->common_name, row->common_name);
	s_check_text (band->has_type ? weir_type_name (band->type) : NULL, row->type);
	s_check_number (band->has_nodata, band->nodata, row->nodata);
	s_check_number (band->has_scale, band->scale, row->scale);
	s_check_number (band->has_offset, band->offset, row->offset);
}

static void
s_test_assets (void **state)
{
	(void) state;
	for (size_t i = 0; i < sizeof s_assets / sizeof s_assets[0]; i++) {
		char *name = weir_asprintf ("stac-items/%s", s_assets[i].file);
		weir_stac_items_t *items = s_load (name);
		const weir_stac_item_t *item = &items->items[0];
		size_t k = 0;
		while (k < item->n_assets && strcmp (item->assets[k].key, s_assets[i].key) != 0)
			k++;
		assert_int_equal (k, s_assets[i].position);
		s_check_asset (&item->assets[k], &s_assets[i]);
		weir_stac_items_destroy (&items);
		free (name);
	}
}

/* ---- every asset of every file, see real_items.h */

static void
s_write_number (char *text, size_t bytes, bool has, double number)
{
	size_t n = strlen (text);
	snprintf (text + n, bytes - n, has ? " %.12g" : " -", number);
}

static void
s_describe_values (const weir_stac_asset_t *asset, char *text, size_t bytes)
{
	text[0] = '\0';
	for (size_t i = 0; i < asset->n_bands; i++) {
		const weir_stac_band_t *band = &asset->bands[i];
		size_t n = strlen (text);
		snprintf (text + n, bytes - n, "%s%s", i > 0 ? ", " : "",
		          band->has_type ? weir_type_name (band->type) : "-");
		s_write_number (text, bytes, band->has_nodata, band->nodata);
		s_write_number (text, bytes, band->has_scale, band->scale);
		s_write_number (text, bytes, band->has_offset, band->offset);
	}
}

/* "key:band/common,band" */
static void
s_describe_asset (const weir_stac_asset_t *asset, char *text, size_t bytes)
{
	snprintf (text, bytes, "%s", asset->key);
	for (size_t i = 0; i < asset->n_bands; i++) {
		const weir_stac_band_t *band = &asset->bands[i];
		size_t n = strlen (text);
		snprintf (text + n, bytes - n, "%s%s%s%s", i > 0 ? "," : ":",
		          band->name != NULL ? band->name : "-", band->common_name != NULL ? "/" : "",
		          band->common_name != NULL ? band->common_name : "");
	}
}

static bool
s_has_word (const char *words, const char *word)
{
	size_t n = strlen (word);
	for (const char *at = words; (at = strstr (at, word)) != NULL; at++)
		if ((at == words || at[-1] == ' ') && (at[n] == ' ' || at[n] == '\0'))
			return true;
	return false;
}

static bool
s_says (const weir_stac_asset_t *asset, const real_row_t *row)
{
	char transform[200] = "", values[1000];
	const double *t = asset->proj.transform;
	if (asset->proj.has_transform)
		snprintf (transform, sizeof transform, "%.12g,%.12g,%.12g,%.12g,%.12g,%.12g", t[0], t[1],
		          t[2], t[3], t[4], t[5]);
	s_describe_values (asset, values, sizeof values);
	return strcmp (asset->proj.crs != NULL ? asset->proj.crs : "", row->crs) == 0 &&
	       strcmp (transform, row->transform) == 0 && asset->proj.has_shape == (row->height != 0) &&
	       asset->proj.height == row->height && asset->proj.width == row->width &&
	       strcmp (values, row->values) == 0;
}

static void
s_test_every_asset (void **state)
{
	(void) state;
	for (size_t i = 0; i < sizeof s_files / sizeof s_files[0]; i++) {
		char *name = weir_asprintf ("stac-items/%s", s_files[i].name);
		weir_stac_items_t *items = s_load (name);
		const weir_stac_item_t *item = &items->items[0];
		for (size_t k = 0; k < item->n_assets; k++) {
			char text[1000];
			size_t n_rows = 0;
			s_describe_asset (&item->assets[k], text, sizeof text);
			for (size_t r = 0; r < sizeof real_rows / sizeof real_rows[0]; r++)
				n_rows += strcmp (real_rows[r].file, s_files[i].name) == 0 &&
				          s_has_word (real_rows[r].assets, text) &&
				          s_says (&item->assets[k], &real_rows[r]);
			if (n_rows != 1)
				fail_msg ("%s: %s: %zu rows say what it says", name, text, n_rows);
		}
		weir_stac_items_destroy (&items);
		free (name);
	}
}

static void
s_test_strip (void **state)
{
	(void) state;
	weir_stac_items_t *items = s_load ("stac-items/pc-s2-itemcollection-tall-strip.geojson");
	assert_int_equal (items->n_items, sizeof real_strip / sizeof real_strip[0]);
	for (size_t i = 0; i < items->n_items; i++) {
		const weir_stac_item_t *item = &items->items[i];
		const weir_stac_asset_t *asset = item->assets;
		while (strcmp (asset->key, "B02") != 0)
			asset++;
		char *crs = weir_asprintf ("EPSG:%d", real_strip[i].epsg);
		assert_non_null (strstr (item->id, real_strip[i].tile));
		assert_string_equal (asset->proj.crs, crs);
		assert_true (asset->proj.transform[0] == real_strip[i].x);
		assert_true (asset->proj.transform[3] == real_strip[i].y);
		free (crs);
	}
	weir_stac_items_destroy (&items);
}

static const struct {
	const char *name;
	size_t n_items;
	const char *first, *last;
	const char *asset, *type;
	double nodata; /* of the first asset's first band; 1e9: none */
} s_catalogues[] = {
	{ "chirps-zambia/collection.json", 28, "chirps-zambia-2016-10-25", "chirps-zambia-2016-11-21",
	  "rain", "float32", (double) NAN },
	{ "modis-ndvi-sinop/collection.json", 12, "MOD13Q1_012010_NDVI_2013-09-14",
	  "MOD13Q1_012010_NDVI_2014-08-29", "NDVI", "int16", -3000 },
	{ "equi7/collection.json", 2, "AS_E018N066T6", "EU_E072N030T6", "data", "int16", -9999 },
	{ "openeo-static-stac/collection.json", 3, "openEO_2023-06-01Z.tif", "openEO_2023-06-06Z.tif",
	  "openEO_2023-06-01Z.tif", NULL, 1e9 },
	{ "landsat-ny/collection.json", 19, "LC08_L1TP_013032_20180131_20180207_01_T1",
	  "LC08_L1TP_014032_20181208_20181226_01_T1", NULL, NULL, 1e9 },
	{ "s2-chilanga/collection.json", 25, "20201105T080121_20201105T081923_T35LPC",
	  "20210529T075609_20210529T082146_T35LPC", NULL, NULL, 1e9 },
	{ "overlap-rondonia/collection.json", 2, "prodes_2020", "s2_20LNR_2021", NULL, NULL, 1e9 },
	{ "era5-uk/collection.json", 1, "era5-t2m-uk-2019-03", "era5-t2m-uk-2019-03", "netcdf", NULL,
	  1e9 },
};

static void
s_test_catalogues (void **state)
{
	(void) state;
	for (size_t i = 0; i < sizeof s_catalogues / sizeof s_catalogues[0]; i++) {
		weir_stac_items_t *items = s_load (s_catalogues[i].name);
		assert_int_equal (items->n_items, s_catalogues[i].n_items);
		assert_string_equal (items->items[0].id, s_catalogues[i].first);
		assert_string_equal (items->items[items->n_items - 1].id, s_catalogues[i].last);
		const weir_stac_asset_t *asset = &items->items[0].assets[0];
		if (s_catalogues[i].asset != NULL)
			assert_string_equal (asset->key, s_catalogues[i].asset);
		if (s_catalogues[i].type != NULL) {
			assert_string_equal (weir_type_name (asset->bands[0].type), s_catalogues[i].type);
			double nodata = s_catalogues[i].nodata;
			assert_true (asset->bands[0].has_nodata);
			assert_true (isnan (nodata) ? isnan (asset->bands[0].nodata)
			                            : asset->bands[0].nodata == nodata);
		}
		assert_int_equal (access (asset->href, R_OK), 0); /* the file is where the href leads */
		weir_stac_items_destroy (&items);
	}
}

static void
s_test_details (void **state)
{
	(void) state;
	weir_stac_items_t *items = s_load ("equi7/collection.json");
	const weir_stac_proj_t *proj = &items->items[1].assets[0].proj;
	assert_string_equal (proj->crs_candidates[0], "EPSG:27704"); /* proj:epsg is null */
	assert_memory_equal (proj->crs_candidates[1], "PROJCRS[", 8);
	assert_null (proj->crs_candidates[2]);
	assert_true (proj->transform[0] == 7200000 && proj->transform[5] == -1000);
	weir_stac_items_destroy (&items);

	items = s_load ("era5-uk/collection.json"); /* datetime is null, dimensions are the item's */
	assert_int_equal (items->items[0].time_us, 1551398400000000);
	assert_string_equal (items->dim_x, "longitude");
	assert_string_equal (items->dim_y, "latitude");
	assert_string_equal (items->dim_t, "time");
	assert_string_equal (items->dim_bands, "bands");
	weir_stac_items_destroy (&items);

	items = s_load ("openeo-static-stac/collection.json"); /* common_name is null */
	assert_int_equal (items->items[0].assets[0].n_bands, 3);
	assert_string_equal (items->items[0].assets[0].bands[2].name, "B02");
	assert_null (items->items[0].assets[0].bands[2].common_name);
	assert_null (items->items[0].assets[0].proj.crs);
	weir_stac_items_destroy (&items);
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (s_test_files),       cmocka_unit_test (s_test_assets),
		cmocka_unit_test (s_test_every_asset), cmocka_unit_test (s_test_strip),
		cmocka_unit_test (s_test_catalogues),  cmocka_unit_test (s_test_details),
	};
	s_shared = getenv ("WEIR_SHARED");
	char *data = weir_asprintf ("%s/data/stac-items", s_shared != NULL ? s_shared : "");
	bool is_there = s_shared != NULL && access (data, R_OK) == 0;
	free (data);
	if (!is_there) {
		printf ("skipped: no reference data (WEIR_SHARED)\n");
		return 77;
	}
	return cmocka_run_group_tests_name ("stac, real items", tests, NULL, NULL);
}
