/* test_item.c - one item from its JSON: every field, and every wrong type
 *
 * Items are built from a whole one by replacing one field: the path in the table, "a.b.c", and its
 * JSON. */
#include "connectors/stac/stac.h"
#include "runtime/base/mem.h"

#include <jansson.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char s_base[] =
	"{'type':'Feature','stac_version':'1.0.0','id':'i1','collection':'c1',"
	"'geometry':{'type':'Polygon','coordinates':[[[10,50],[11,50],[11,51],[10,51],[10,50]]]},"
	"'bbox':[10,50,11,51],"
	"'properties':{'datetime':'2022-09-01T00:00:00Z','proj:epsg':32632,'proj:shape':[20,30],"
	"'proj:transform':[10,0,500000,0,-10,5600000]},"
	"'links':[],'assets':{'a':{'href':'../cog/a.tif','type':'image/tiff','title':'A','roles':['data','x'],"
	"'eo:bands':[{'name':'B1','common_name':'red','description':'first'}],"
	"'raster:bands':[{'data_type':'uint16','nodata':0,'scale':0.5,'offset':-1}]}}}";

/* JSON with ' for ", so that tables can be read. */
static json_t *
s_load (const char *text)
{
	char *copy = weir_strdup (text);
	for (char *at = copy; *at != '\0'; at++)
		if (*at == '\'')
			*at = '"';
	json_error_t error;
	json_t *json = json_loads (copy, JSON_DECODE_ANY, &error);
	if (json == NULL)
		fail_msg ("%s: %s", text, error.text);
	free (copy);
	return json;
}

/* Puts value (NULL: nothing) at the path "a.b"; names with dots do not occur. */
static void
s_replace (json_t *json, const char *path, const char *value)
{
	char *copy = weir_strdup (path), *rest = copy, *name;
	while (name = strsep (&rest, "."), rest != NULL)
		json = json_object_get (json, name);
	if (value != NULL)
		json_object_set_new (json, name, s_load (value));
	else
		json_object_del (json, name);
	free (copy);
}

static int
s_parse_with (const char *path, const char *value, weir_stac_item_t *item, weir_err_t *err)
{
	json_t *json = s_load (s_base);
	if (path != NULL)
		s_replace (json, path, value);
	int status = weir_stac_parse_item (json, "/data/items/i1.json", item, err);
	json_decref (json);
	if (status != 0 && value != NULL && err->code[0] == '\0')
		fail_msg ("no error text for %s", path);
	return status;
}

static weir_stac_item_t
s_parse_good (const char *path, const char *value)
{
	weir_stac_item_t item;
	weir_err_t err;
	if (s_parse_with (path, value, &item, &err) != 0)
		fail_msg ("%s = %s: %s: %s", path, value, err.where, err.text);
	return item;
}

static void
s_test_whole (void **state)
{
	(void) state;
	weir_stac_item_t item = s_parse_good (NULL, NULL);
	static const double transform[6] = { 500000, 10, 0, 5600000, 0, -10 };
	assert_string_equal (item.id, "i1");
	assert_string_equal (item.collection, "c1");
	assert_string_equal (item.href, "/data/items/i1.json");
	assert_int_equal (item.time_us, 1661990400000000);
	assert_true (item.has_geometry);
	assert_true (item.bbox.west == 10 && item.bbox.south == 50 && item.bbox.east == 11 &&
	             item.bbox.north == 51);
	assert_non_null (json_object_get (item.properties, "datetime"));
	assert_int_equal (item.n_assets, 1);
	const weir_stac_asset_t *asset = &item.assets[0];
	assert_string_equal (asset->key, "a");
	assert_string_equal (asset->href, "/data/cog/a.tif");
	assert_string_equal (asset->media_type, "image/tiff");
	assert_string_equal (asset->title, "A");
	assert_int_equal (asset->n_roles, 2);
	assert_string_equal (asset->roles[1], "x");
	assert_int_equal (asset->n_bands, 1);
	const weir_stac_band_t *band = &asset->bands[0];
	assert_string_equal (band->name, "B1");
	assert_string_equal (band->common_name, "red");
	assert_string_equal (band->description, "first");
	assert_true (band->has_type && band->type == WEIR_U16);
	assert_true (band->has_nodata && band->nodata == 0);
	assert_true (band->has_scale && band->scale == 0.5 && band->has_offset && band->offset == -1);
	assert_string_equal (asset->proj.crs, "EPSG:32632");
	assert_memory_equal (asset->proj.transform, transform, sizeof transform);
	assert_true (asset->proj.has_shape && asset->proj.height == 20 && asset->proj.width == 30);
	weir_stac_item_clear (&item);
}

static void
s_test_times (void **state)
{
	(void) state;
	static const struct {
		const char *properties;
		int64_t time_us; /* -1: an error */
	} rows[] = {
		{ "{'datetime':'1970-01-01T00:00:01Z','start_datetime':'1970-01-01T00:00:02Z'}", 1000000 },
		{ "{'datetime':null,'start_datetime':'1970-01-01T00:00:02Z'}", 2000000 },
		{ "{'start_datetime':'1970-01-01T00:00:02Z'}", 2000000 },
		{ "{'datetime':null}", -1 },
		{ "{'datetime':'yesterday'}", -1 },
		{ "{'datetime':1}", -1 },
		{ "{'datetime':null,'start_datetime':[]}", -1 },
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		weir_stac_item_t item;
		weir_err_t err;
		int status = s_parse_with ("properties", rows[i].properties, &item, &err);
		assert_int_equal (status, rows[i].time_us < 0 ? WEIR_E_INVALID : 0);
		if (status == 0)
			assert_int_equal (item.time_us, rows[i].time_us);
		weir_stac_item_clear (&item);
	}
}

static void
s_test_places (void **state)
{
	(void) state;
	weir_stac_item_t item = s_parse_good ("geometry", "null");
	assert_false (item.has_geometry);
	assert_true (item.bbox.north == 51);
	weir_stac_item_clear (&item);
	item = s_parse_good ("geometry", NULL);
	assert_false (item.has_geometry);
	weir_stac_item_clear (&item);
	item = s_parse_good ("bbox", NULL);
	assert_true (item.has_geometry && item.bbox.west == 10 && item.bbox.north == 51);
	weir_stac_item_clear (&item);
	item = s_parse_good ("bbox", "[170, -10, 0, -170, 10, 99]");
	assert_true (item.bbox.west == 170 && item.bbox.east == -170 && item.bbox.north == 10);
	weir_stac_item_clear (&item);
	item = s_parse_good ("geometry", "{'type':'GeometryCollection','geometries':["
	                                 "{'type':'Point','coordinates':[1,2,3]},"
	                                 "{'type':'MultiPolygon','coordinates':[[[[4,5],[6,7]]]]}]}");
	assert_true (item.has_geometry);
	weir_stac_item_clear (&item);
}

static const struct {
	const char *asset; /* the whole asset */
	const char *names; /* of its bands, joined; "-" for none */
	const char *types;
	double nodata;        /* of the last band; 1e9: none */
	double scale, offset; /* of the last band; 1e9: none */
} s_band_rows[] = {
	{ "{'href':'x'}", "", "", 1e9, 1e9, 1e9 },
	{ "{'href':'x','eo:bands':[{'name':'a'},{'name':'b'}],'raster:bands':[{'data_type':'int16'}]}",
	  "a b", "int16 -", 1e9, 1e9, 1e9 },
	{ "{'href':'x','eo:bands':[{'name':'a'}],'raster:bands':[{'name':'q'},{'name':'r','nodata':'-inf'}]}",
	  "a r", "- -", -HUGE_VAL, 1e9, 1e9 },
	{ "{'href':'x','bands':[{'name':'n','data_type':'float32','nodata':'inf','raster:scale':2,'scale':3}]}",
	  "n", "float32", HUGE_VAL, 2, 1e9 },
	{ "{'href':'x','bands':[{'name':'n','scale':3,'offset':4}]}", "n", "-", 1e9, 3, 4 },
	{ "{'href':'x','data_type':'uint8','nodata':255,'raster:scale':2,'raster:offset':1,"
	  "'bands':[{'name':'a','nodata':7},{'name':'b'}]}",
	  "a b", "uint8 uint8", 255, 2, 1 },
	{ "{'href':'x','data_type':'uint8','nodata':255,'bands':[{'name':'a','nodata':7,'data_type':'int8'}]}",
	  "a", "int8", 7, 1e9, 1e9 },
	{ "{'href':'x','data_type':'uint8'}", "-", "uint8", 1e9, 1e9, 1e9 },
	{ "{'href':'x','scale':3,'offset':4}", "", "", 1e9, 1e9, 1e9 },
	{ "{'href':'x','raster:bands':[{'data_type':'uint64'},{'data_type':'cfloat32','nodata':null}]}",
	  "- -", "- -", 1e9, 1e9, 1e9 },
	{ "{'href':'x','bands':null,'eo:bands':[],'raster:bands':null}", "", "", 1e9, 1e9, 1e9 },
};

static void
s_check_number (bool has, double value, double expected)
{
	assert_true (has == (expected != 1e9));
	if (has)
		assert_true (value == expected);
}

static void
s_test_bands (void **state)
{
	(void) state;
	for (size_t i = 0; i < sizeof s_band_rows / sizeof s_band_rows[0]; i++) {
		weir_stac_item_t item = s_parse_good ("assets.a", s_band_rows[i].asset);
		const weir_stac_asset_t *asset = &item.assets[0];
		char names[200] = "", types[200] = "";
		for (size_t k = 0; k < asset->n_bands; k++) {
			const weir_stac_band_t *band = &asset->bands[k];
			snprintf (names + strlen (names), 50, "%s%s", k > 0 ? " " : "",
			          band->name ? band->name : "-");
			snprintf (types + strlen (types), 50, "%s%s", k > 0 ? " " : "",
			          band->has_type ? weir_type_name (band->type) : "-");
		}
		assert_string_equal (names, s_band_rows[i].names);
		assert_string_equal (types, s_band_rows[i].types);
		if (asset->n_bands > 0) {
			const weir_stac_band_t *band = &asset->bands[asset->n_bands - 1];
			s_check_number (band->has_nodata, band->nodata, s_band_rows[i].nodata);
			s_check_number (band->has_scale, band->scale, s_band_rows[i].scale);
			s_check_number (band->has_offset, band->offset, s_band_rows[i].offset);
		}
		weir_stac_item_clear (&item);
	}
	weir_stac_item_t item = s_parse_good ("assets.a",
	                                      "{'href':'x','raster:bands':[{'nodata':'nan'}]}");
	assert_true (item.assets[0].bands[0].has_nodata && isnan (item.assets[0].bands[0].nodata));
	weir_stac_item_clear (&item);
}

static const struct {
	const char *properties, *asset; /* fields beside datetime and href */
	const char *candidates;         /* joined by | */
	double transform[6];            /* [1] == 0: none */
	int64_t height, width;          /* 0: none */
} s_proj_rows[] = {
	{ "", "", "", { 0 }, 0, 0 },
	{ ",'proj:wkt2':'W','proj:projjson':{'a':1},'proj:epsg':3035,'proj:code':'EPSG:1'",
	  "",
	  "EPSG:1|EPSG:3035|{\"a\":1}|W",
	  { 0 },
	  0,
	  0 },
	{ ",'proj:epsg':null,'proj:wkt2':'W'", "", "W", { 0 }, 0, 0 },
	{ ",'proj:epsg':1,'proj:wkt2':''", "", "EPSG:1", { 0 }, 0, 0 },
	/* the asset wins field by field, with null too */
	{ ",'proj:epsg':1,'proj:shape':[1,2],'proj:transform':[1,0,2,0,-1,3]",
	  ",'proj:epsg':2,'proj:transform':[5,0,6,0,-5,7,0,0,1]",
	  "EPSG:2",
	  { 6, 5, 0, 7, 0, -5 },
	  1,
	  2 },
	{ ",'proj:code':'EPSG:1','proj:shape':[1,2]",
	  ",'proj:code':null,'proj:wkt2':'W','proj:shape':null",
	  "W",
	  { 0 },
	  0,
	  0 },
	/* rotation passes: refusing it is the planner's */
	{ "", ",'proj:transform':[1,2,3,4,5,6],'proj:shape':[7,8]", "", { 3, 1, 2, 6, 4, 5 }, 7, 8 },
	{ ",'proj:epsg':4326.0,'proj:shape':[7.0,8]", "", "EPSG:4326", { 0 }, 7, 8 },
};

static void
s_test_proj (void **state)
{
	(void) state;
	for (size_t i = 0; i < sizeof s_proj_rows / sizeof s_proj_rows[0]; i++) {
		char *text = weir_asprintf ("{'id':'i','properties':{'datetime':'2022-01-01T00:00:00Z'%s},"
		                            "'assets':{'a':{'href':'x'%s}}}",
		                            s_proj_rows[i].properties, s_proj_rows[i].asset);
		json_t *json = s_load (text);
		weir_stac_item_t item;
		weir_err_t err;
		assert_int_equal (weir_stac_parse_item (json, "https://h/i.json", &item, &err), 0);
		const weir_stac_proj_t *proj = &item.assets[0].proj;
		char joined[200] = "";
		for (size_t k = 0; k < 4 && proj->crs_candidates[k] != NULL; k++)
			snprintf (joined + strlen (joined), 100, "%s%s", k > 0 ? "|" : "",
			          proj->crs_candidates[k]);
		assert_string_equal (joined, s_proj_rows[i].candidates);
		assert_true ((proj->crs == NULL) == (joined[0] == '\0'));
		if (proj->crs != NULL)
			assert_string_equal (proj->crs, proj->crs_candidates[0]);
		assert_true (proj->has_transform == (s_proj_rows[i].transform[1] != 0));
		if (proj->has_transform)
			assert_memory_equal (proj->transform, s_proj_rows[i].transform, sizeof proj->transform);
		assert_true (proj->has_shape == (s_proj_rows[i].height != 0));
		assert_true (!proj->has_shape || (proj->height == s_proj_rows[i].height &&
		                                  proj->width == s_proj_rows[i].width));
		assert_string_equal (item.assets[0].href, "https://h/x");
		weir_stac_item_clear (&item);
		json_decref (json);
		free (text);
	}
}

static void
s_test_order (void **state)
{
	(void) state;
	weir_stac_item_t item = s_parse_good (
		"assets", "{'z':{'href':'1'},'m':{'href':'2'},'a':{'href':'3'},'y':{'href':'4'}}");
	char keys[8] = "";
	for (size_t i = 0; i < item.n_assets; i++)
		keys[i] = item.assets[i].key[0];
	assert_string_equal (keys, "zmay");
	weir_stac_item_clear (&item);
}

static const struct {
	const char *path, *value;
	const char *text; /* what the message must hold */
} s_bad_rows[] = {
	{ "id", NULL, "id: expected a text, found nothing" },
	{ "id", "7", "id: expected a text, found a number" },
	{ "id", "''", "id: expected a text" },
	{ "collection", "{}", "collection: expected a text, found an object" },
	{ "properties", NULL, "properties: expected an object, found nothing" },
	{ "properties", "[]", "properties: expected an object, found a list" },
	{ "properties.datetime", "true", "properties.datetime: expected a text, found true" },
	{ "properties.datetime", "'1/2/22'",
	  "properties.datetime: expected a time like 2022-09-01T05:12:33Z, found "
	  "the text '1/2/22'" },
	{ "properties.datetime", NULL,
	  "properties.datetime: expected a time, found null, and there is no" },
	{ "geometry", "'here'", "geometry: expected a GeoJSON geometry, found the text 'here'" },
	{ "geometry.type", "1", "geometry.type: expected a text" },
	{ "geometry.coordinates", "[['a','b']]", "geometry.coordinates: expected" },
	{ "geometry.coordinates", "[[1]]",
	  "geometry.coordinates: expected longitude and latitude, found nothing" },
	{ "geometry.coordinates", NULL,
	  "geometry.coordinates: expected lists of positions, found nothing" },
	{ "geometry.coordinates", "[[[[[[[[[[[[1,2]]]]]]]]]]]]",
	  "geometry.coordinates: expected lists" },
	{ "bbox", "'1,2,3,4'", "bbox: expected a list, found the text '1,2,3,4'" },
	{ "bbox", "[1,2,3]", "bbox: expected 4 or 6 numbers, found 3" },
	{ "bbox", "[1,2,3,'4']", "bbox: expected 4 or 6 numbers, found the text '4'" },
	{ "bbox", "[1,9,3,4]", "bbox: south 9 is north of north 4" },
	{ "assets", NULL, "assets: expected an object, found nothing" },
	{ "assets", "[]", "assets: expected an object, found a list" },
	{ "assets.a", "'a.tif'", "assets.a.asset: expected an object, found the text 'a.tif'" },
	{ "assets.a.href", NULL, "assets.a.href: expected an address, found nothing" },
	{ "assets.a.href", "''", "assets.a.href: expected an address" },
	{ "assets.a.href", "{}", "assets.a.href: expected a text, found an object" },
	{ "assets.a.type", "1", "assets.a.type: expected a text, found a number" },
	{ "assets.a.title", "false", "assets.a.title: expected a text, found false" },
	{ "assets.a.roles", "'data'", "assets.a.roles: expected a list, found the text 'data'" },
	{ "assets.a.roles", "['data',1]", "assets.a.roles: expected a list of texts, found a number" },
	{ "assets.a.eo:bands", "{}", "assets.a.eo:bands: expected a list, found an object" },
	{ "assets.a.eo:bands", "[0]", "assets.a.eo:bands[0].band: expected an object, found a number" },
	{ "assets.a.eo:bands", "[{},{'name':1}]",
	  "assets.a.eo:bands[1].name: expected a text, found a number" },
	{ "assets.a.eo:bands", "[{'common_name':1}]",
	  "assets.a.eo:bands[0].common_name: expected a text" },
	{ "assets.a.bands", "[{'eo:common_name':1}]",
	  "assets.a.bands[0].eo:common_name: expected a text" },
	{ "assets.a.bands", "[{'description':1}]", "assets.a.bands[0].description: expected a text" },
	{ "assets.a.bands", "7", "assets.a.bands: expected a list, found a number" },
	{ "assets.a.raster:bands", "[{'data_type':8}]",
	  "assets.a.raster:bands[0].data_type: expected a text" },
	{ "assets.a.raster:bands", "[{'nodata':true}]",
	  "assets.a.raster:bands[0].nodata: expected a number, 'nan', 'inf' or '-inf', found true" },
	{ "assets.a.raster:bands", "[{'nodata':'none'}]",
	  "nodata: expected a number, 'nan', 'inf' or '-inf', found "
	  "the text 'none'" },
	{ "assets.a.raster:bands", "[{'scale':'1'}]",
	  "assets.a.raster:bands[0].scale: expected a number" },
	{ "assets.a.raster:bands", "[{'raster:offset':[]}]",
	  "raster:bands[0].raster:offset: expected a number" },
	{ "assets.a.nodata", "{}", "assets.a.nodata: expected a number" },
	{ "assets.a.data_type", "1", "assets.a.data_type: expected a text" },
	{ "properties.proj:epsg", "'EPSG:32632'",
	  "properties.proj:epsg: expected an EPSG number, found the text 'EPSG:32632'" },
	{ "properties.proj:epsg", "1.5", "properties.proj:epsg: expected an EPSG number" },
	{ "properties.proj:epsg", "-3", "properties.proj:epsg: expected an EPSG number" },
	{ "properties.proj:code", "4326", "properties.proj:code: expected a text, found a number" },
	{ "properties.proj:projjson", "'x'", "properties.proj:projjson: expected an object" },
	{ "assets.a.proj:wkt2", "{}", "assets.a.proj:wkt2: expected a text, found an object" },
	{ "assets.a.proj:transform", "'x'",
	  "assets.a.proj:transform: expected a list of 6 or 9 numbers" },
	{ "assets.a.proj:transform", "[1,2,3]",
	  "assets.a.proj:transform: expected 6 or 9 numbers, found 3" },
	{ "assets.a.proj:transform", "[1,2,3,4,5,null]", "expected 6 or 9 numbers, found null" },
	{ "assets.a.proj:transform", "[1,0,3,0,5,6,0,0,2]",
	  "expected the last row 0, 0, 1, found 0, 0, 2" },
	{ "properties.proj:shape", "[1]",
	  "properties.proj:shape: expected a list of height and width" },
	{ "properties.proj:shape", "[1,'2']",
	  "properties.proj:shape: expected two whole numbers, found the text" },
	{ "properties.proj:shape", "[1,0]",
	  "expected two whole numbers from 1 to 2147483647, found 0" },
	{ "properties.proj:shape", "[1,2.5]",
	  "expected two whole numbers from 1 to 2147483647, found 2.5" },
	{ "properties.proj:shape", "[1,3000000000]",
	  "expected two whole numbers from 1 to 2147483647" },
};

static void
s_test_bad (void **state)
{
	(void) state;
	for (size_t i = 0; i < sizeof s_bad_rows / sizeof s_bad_rows[0]; i++) {
		weir_stac_item_t item;
		weir_err_t err;
		assert_int_equal (s_parse_with (s_bad_rows[i].path, s_bad_rows[i].value, &item, &err),
		                  WEIR_E_INVALID);
		assert_string_equal (err.code, "ItemInvalid");
		assert_int_equal (err.klass, WEIR_CLASS_GIVE_UP);
		bool no_id = strcmp (s_bad_rows[i].path, "id") == 0;
		assert_string_equal (err.where, no_id ? "/data/items/i1.json" : "i1");
		if (strstr (err.text, s_bad_rows[i].text) == NULL)
			fail_msg ("expected '%s' in '%s'", s_bad_rows[i].text, err.text);
		assert_null (item.id); /* cleared */
	}
}

static void
s_test_no_object (void **state)
{
	(void) state;
	static const char *const texts[] = { "[]", "1", "null", "'x'" };
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		json_t *json = s_load (texts[i]);
		weir_stac_item_t item;
		weir_err_t err;
		assert_int_equal (weir_stac_parse_item (json, "/i.json", &item, &err), WEIR_E_INVALID);
		assert_string_equal (err.where, "/i.json");
		assert_int_equal (weir_stac_parse_item (json, "/i.json", &item, NULL), WEIR_E_INVALID);
		json_decref (json);
	}
}

/* Every value of the item, at any depth, by a value of every type: parsed or refused, never worse.
 * */
static size_t
s_try_all (const json_t *root, json_t *node)
{
	static const char *const values[] = {
		"null",    "true", "7",     "-1e300", "'x'",
		"[]",      "{}",   "[[1]]", "[{}]",   "[null,null,null,null,null,null]",
		"{'a':{}}"
	};
	size_t n_refused = 0;
	const char *key;
	void *next;
	json_t *old;
	json_object_foreach_safe (node, next, key, old)
	{
		json_incref (old);
		n_refused += s_try_all (root, old);
		for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
			weir_stac_item_t item;
			weir_err_t err;
			json_object_set_new (node, key, s_load (values[i]));
			int status = weir_stac_parse_item (root, "/data/items/i1.json", &item, &err);
			assert_true (status == 0 || status == WEIR_E_INVALID);
			assert_true (status == 0 || strcmp (err.code, "ItemInvalid") == 0);
			n_refused += status != 0;
			weir_stac_item_clear (&item);
		}
		json_object_set_new (node, key, old);
	}
	for (size_t i = 0; i < json_array_size (node); i++)
		n_refused += s_try_all (root, json_array_get (node, i));
	return n_refused;
}

static void
s_test_all_types (void **state)
{
	(void) state;
	json_t *json = s_load (s_base);
	assert_in_range (s_try_all (json, json), 150, 400);
	weir_stac_item_t item;
	assert_int_equal (weir_stac_parse_item (json, "/i.json", &item, NULL), 0); /* whole again */
	weir_stac_item_clear (&item);
	json_decref (json);
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (s_test_whole),     cmocka_unit_test (s_test_times),
		cmocka_unit_test (s_test_places),    cmocka_unit_test (s_test_bands),
		cmocka_unit_test (s_test_proj),      cmocka_unit_test (s_test_order),
		cmocka_unit_test (s_test_bad),       cmocka_unit_test (s_test_no_object),
		cmocka_unit_test (s_test_all_types),
	};
	return cmocka_run_group_tests_name ("stac items", tests, NULL, NULL);
}
