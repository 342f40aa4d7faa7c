/* test_load.c - catalogues on disk: kinds of documents, filters, order, loops, and everything that
 * can be wrong */
#include "connectors/stac/stac.h"
#include "folder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define ITEM(id, bbox, time)                                                                       \
	"{'type':'Feature','stac_version':'1.0.0','id':'" id                                           \
	"','geometry':{'type':'Point','coordinates':[0,0]},"                                           \
	"'bbox':" bbox ",'properties':{'datetime':'" time                                              \
	"'},'links':[],'assets':{'a':{'href':'a.tif'}}}"
#define DAY(id, day) ITEM (id, "[0,0,1,1]", "2022-09-" day "T00:00:00Z")

typedef struct {
	weir_stac_items_t *items;
	char **warnings;
	size_t n_warnings;
	weir_err_t err;
} s_result_t;

static int
s_load_want (weir_plan_want_t want, bool skip, s_result_t *result)
{
	*result = (s_result_t){ 0 };
	return weir_stac_load (&want, skip, NULL, NULL, &result->items, &result->warnings,
	                       &result->n_warnings, &result->err);
}

static int
s_load (const char *folder, const char *name, s_result_t *result)
{
	char *url = folder_path (folder, name);
	int status = s_load_want ((weir_plan_want_t){ .url = url }, false, result);
	free (url);
	return status;
}

static void
s_clear (s_result_t *result)
{
	weir_stac_items_destroy (&result->items);
	for (size_t i = 0; i < result->n_warnings; i++)
		free (result->warnings[i]);
	free (result->warnings);
}

/* "a b c" */
static void
s_check_ids (const s_result_t *result, const char *expected)
{
	char ids[400] = "";
	for (size_t i = 0; i < result->items->n_items; i++)
		snprintf (ids + strlen (ids), 50, "%s%s", i > 0 ? " " : "", result->items->items[i].id);
	assert_string_equal (ids, expected);
}

static void
s_check_load (const char *folder, const char *name, const char *expected)
{
	s_result_t result;
	if (s_load (folder, name, &result) != 0)
		fail_msg ("%s: %s: %s", name, result.err.where, result.err.text);
	s_check_ids (&result, expected);
	s_clear (&result);
}

static void
s_test_kinds (void **state)
{
	const char *folder = *state;
	folder_write (folder, "items/b.json", DAY ("b", "02"));
	folder_write (folder, "items/a.json", DAY ("a", "01"));
	folder_write (folder, "deep/c.json", DAY ("c", "03"));
	folder_write (
		folder, "deep/child.json",
		"{'type':'Collection','id':'x','links':[{'rel':'root','href':'../root.json'},"
		"{'rel':'parent','href':'../root.json'},{'rel':'item','href':'./c.json'},"
		"{'rel':'item','href':'../items/a.json'},{'rel':'child','href':'../root.json'}]}");
	folder_write (
		folder, "root.json",
		"{'type':'Catalog','id':'r','links':[{'rel':'self','href':'http://127.0.0.1:9/root.json'},"
		"{'rel':'item','href':'items/b.json'},{'rel':'child','href':'deep/child.json'},"
		"{'rel':'item','href':'items/a.json'},{'rel':'licence','href':'nowhere'}]}");
	folder_write (
		folder, "old.json",
		"{'stac_version':'1.0.0-beta.2','id':'o','links':[{'rel':'item','href':'items/a.json'}]}");
	folder_write (
		folder, "all.json",
		"{'type':'FeatureCollection','features':[" DAY ("b", "02") "," DAY ("a", "01") "]}");
	folder_write (folder, "both.json",
	              "{'type':'Collection','id':'x','links':[{'rel':'items','href':'items/all.json'},"
	              "{'rel':'item','href':'items/a.json'}]}");
	folder_write (folder, "items/all.json",
	              "{'type':'FeatureCollection','features':[" DAY ("b", "02") "," DAY (
					  "a", "01") "],'links':[]}");
	folder_write (folder, "bom.json", "\xef\xbb\xbf{'type':'Catalog','id':'e'}");
	s_check_load (folder, "items/a.json", "a");
	s_check_load (folder, "root.json", "a b c");
	s_check_load (folder, "deep/child.json", "a b c");
	s_check_load (folder, "old.json", "a");
	s_check_load (folder, "all.json", "a b");
	s_check_load (folder, "both.json", "a b");
	s_check_load (folder, "bom.json", "");
	char *url = weir_asprintf ("file://%s/root.json", folder);
	s_result_t result;
	assert_int_equal (s_load_want ((weir_plan_want_t){ .url = url }, false, &result), 0);
	s_check_ids (&result, "a b c");
	char *href = folder_path (folder, "deep/a.tif");
	assert_string_equal (result.items->items[2].assets[0].href, href);
	s_clear (&result);
	free (href);
	free (url);
}

static void
s_test_relative (void **state)
{
	const char *folder = *state;
	char *before = getcwd (NULL, 0);
	folder_write (folder, "a.json", DAY ("a", "01"));
	assert_int_equal (chdir (folder), 0);
	s_result_t result;
	assert_int_equal (s_load_want ((weir_plan_want_t){ .url = "./a.json" }, false, &result), 0);
	char *href = folder_path (folder, "a.tif");
	assert_string_equal (result.items->items[0].assets[0].href, href);
	s_clear (&result);
	assert_int_equal (chdir (before), 0);
	free (href);
	free (before);
}

/* Items of a collection file live where `self` says; without one, beside the file. */
static void
s_test_self (void **state)
{
	const char *folder = *state;
	folder_write (
		folder, "all.json",
		"{'type':'FeatureCollection','features':["
		"{'id':'a','properties':{'datetime':'2022-01-01'},'assets':{'x':{'href':'../x.tif'}},"
		"'links':[{'rel':'self','href':'https://h/c/items/a.json'}]},"
		"{'id':'b','properties':{'datetime':'2022-01-01'},'assets':{'x':{'href':'./x.tif'}},"
		"'links':[{'rel':'self','href':'./b.json'}]}]}");
	s_result_t result;
	assert_int_equal (s_load (folder, "all.json", &result), 0);
	assert_string_equal (result.items->items[0].assets[0].href, "https://h/c/x.tif");
	char *href = folder_path (folder, "x.tif");
	assert_string_equal (result.items->items[1].assets[0].href, href);
	free (href);
	s_clear (&result);
}

static void
s_test_filters (void **state)
{
	const char *folder = *state;
	folder_write (
		folder, "all.json",
		"{'type':'FeatureCollection','features':[" ITEM ("west", "[0,0,1,1]", "2022-09-01T00:00:00Z") "," ITEM (
			"east", "[10,0,11,1]",
			"2022-09-02T00:00:00Z") "," ITEM ("date-line", "[179,0,-179,1]",
	                                          "2022-09-03T00:00:00Z") ","
																	  "{'id':'nowhere','geometry':null,'properties':{'datetime':'2022-09-04T00:00:00Z'},'assets':{}}]}");
	static const struct {
		bool has_bbox;
		weir_bbox_t bbox;
		const char *crs;
		int from, to; /* days of September 2022; 0: open */
		const char *ids;
	} rows[] = {
		{ false, { 0, 0, 0, 0 }, NULL, 0, 0, "date-line east nowhere west" },
		{ true, { 0.5, 0.5, 0.6, 0.6 }, "EPSG:4326", 0, 0, "nowhere west" },
		{ true, { 1, 1, 10, 1 }, "EPSG:4326", 0, 0, "east nowhere west" }, /* boxes are closed */
		{ true, { 1.1, 0, 9.9, 1 }, NULL, 0, 0, "nowhere" },
		{ true, { 179.5, 0, 179.9, 1 }, "EPSG:4326", 0, 0, "date-line nowhere" },
		{ true, { -179.5, 0, -178, 1 }, "OGC:CRS84", 0, 0, "date-line nowhere" },
		{ true, { 170, 0, 0, 1 }, "EPSG:4326", 0, 0, "date-line nowhere west" },
		{ true, { 178, 2, 180, 3 }, "EPSG:4326", 0, 0, "nowhere" },
		{ true, { 500000, 0, 600000, 1 }, "EPSG:32632", 0, 0, "date-line east nowhere west" },
		{ false, { 0, 0, 0, 0 }, NULL, 2, 3, "east" }, /* left-closed, right-open */
		{ false, { 0, 0, 0, 0 }, NULL, 2, 0, "date-line east nowhere" },
		{ false, { 0, 0, 0, 0 }, NULL, 0, 2, "west" },
		{ false, { 0, 0, 0, 0 }, NULL, 20, 30, "" },
		{ true, { 0, 0, 20, 1 }, "EPSG:4326", 2, 0, "east nowhere" },
	};
	char *url = folder_path (folder, "all.json");
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		int64_t september_us = 1661990400000000, day_us = 86400000000;
		weir_plan_want_t want = { .url = url, .has_bbox = rows[i].has_bbox, .bbox = rows[i].bbox };
		want.bbox_crs = rows[i].crs;
		want.has_time = rows[i].from + rows[i].to > 0;
		want.time_from_us = rows[i].from > 0 ? september_us + (rows[i].from - 1) * day_us
		                                     : INT64_MIN;
		want.time_to_us = rows[i].to > 0 ? september_us + (rows[i].to - 1) * day_us : INT64_MAX;
		s_result_t result;
		assert_int_equal (s_load_want (want, false, &result), 0);
		s_check_ids (&result, rows[i].ids);
		s_clear (&result);
	}
	free (url);
}

static void
s_test_dimensions (void **state)
{
	const char *folder = *state;
	folder_write (
		folder, "c.json",
		"{'type':'Collection','id':'c','links':[],'cube:dimensions':{"
		"'lon':{'type':'spatial','axis':'x'},'lat':{'type':'spatial','axis':'y'},"
		"'time':{'type':'temporal'},'spectral':{'type':'bands'},'time2':{'type':'temporal'}}}");
	folder_write (
		folder, "i.json",
		"{'type':'Feature','id':'i','properties':{'datetime':'2022-01-01','cube:dimensions':"
		"{'time':{'type':'temporal'},'odd':7}},'assets':{}}");
	folder_write (folder, "n.json",
	              "{'type':'Collection','id':'c','links':[],'cube:dimensions':7}");
	static const struct {
		const char *name, *x, *y, *t, *bands;
	} rows[] = {
		{ "c.json", "lon", "lat", "time", "spectral" },
		{ "i.json", "x", "y", "time", "bands" },
		{ "n.json", "x", "y", "t", "bands" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		s_result_t result;
		assert_int_equal (s_load (folder, rows[i].name, &result), 0);
		assert_string_equal (result.items->dim_x, rows[i].x);
		assert_string_equal (result.items->dim_y, rows[i].y);
		assert_string_equal (result.items->dim_t, rows[i].t);
		assert_string_equal (result.items->dim_bands, rows[i].bands);
		s_clear (&result);
	}
}

/* Equal ids of different collections stay; the order does not depend on that of the links. */
static void
s_test_order (void **state)
{
	const char *folder = *state;
	const char *const one =
		"{'id':'a','collection':'x','properties':{'datetime':'2022-01-01'},'assets':{}}";
	const char *const two =
		"{'id':'a','collection':'y','properties':{'datetime':'2022-01-01'},'assets':{}}";
	for (int turn = 0; turn < 2; turn++) {
		char *text = weir_asprintf ("{'type':'FeatureCollection','features':[%s,%s,%s]}",
		                            turn ? one : two, turn ? two : one, one);
		folder_write (folder, "all.json", text);
		free (text);
		s_result_t result;
		assert_int_equal (s_load (folder, "all.json", &result), 0);
		s_check_ids (&result, "a a");
		assert_string_equal (result.items->items[0].collection, "x");
		assert_string_equal (result.items->items[1].collection, "y");
		s_clear (&result);
	}
}

static const struct {
	const char *text; /* of the document; NULL: it is not there */
	int status;
	const char *message;
} s_bad_documents[] = {
	{ NULL, WEIR_E_NOT_FOUND, "cannot read: No such file or directory" },
	{ "", WEIR_E_INVALID, "not JSON: the document is empty" },
	{ " \n\t ", WEIR_E_INVALID, "not JSON: the document is empty" },
	{ "<!DOCTYPE html><html><body>Sign in</body></html>", WEIR_E_INVALID,
	  "not JSON: found an HTML page" },
	{ "\n  <HTML>", WEIR_E_INVALID, "not JSON: found an HTML page" },
	{ "<?xml version='1.0'?><Error/>", WEIR_E_INVALID, "not JSON: found XML or HTML" },
	{ "II*\x08", WEIR_E_INVALID, "not JSON: found a TIFF file" },
	{ "{'type':'Feature',\n 'id': nonsense}", WEIR_E_INVALID, "not JSON: line 2, column" },
	{ "{'type':'Feature','id':'a','proper", WEIR_E_INVALID,
	  "not JSON: the document ends in the middle (line 1" },
	{ "{'type':'Catalog'} {}", WEIR_E_INVALID, "not JSON: line 1, column" },
	{ "{'id':'\xff'}", WEIR_E_INVALID, "not JSON: line 1, column" },
	{ "[]", WEIR_E_INVALID, "not STAC: expected an object, found a list" },
	{ "'text'", WEIR_E_INVALID, "not STAC: expected an object, found a text" },
	{ "null", WEIR_E_INVALID, "not STAC: expected an object, found null" },
	{ "{}", WEIR_E_INVALID,
	  "not STAC: expected type Feature, FeatureCollection, Collection or Catalog, found ''" },
	{ "{'type':'Topology'}", WEIR_E_INVALID, "found 'Topology'" },
	{ "{'type':7}", WEIR_E_INVALID, "not STAC: expected type" },
	{ "{'type':'FeatureCollection'}", WEIR_E_INVALID, "features: expected a list, found nothing" },
	{ "{'type':'FeatureCollection','features':{}}", WEIR_E_INVALID,
	  "features: expected a list, found an object" },
	{ "{'type':'Catalog','links':{}}", WEIR_E_INVALID, "links: expected a list, found an object" },
	{ "{'type':'Catalog','links':[7]}", WEIR_E_INVALID,
	  "links[0]: expected an object with texts rel and href" },
	{ "{'type':'Catalog','links':[{'rel':'item'}]}", WEIR_E_INVALID,
	  "links[0]: expected an object" },
	{ "{'type':'FeatureCollection','features':[],'links':[{'rel':'next','href':'?page=2'}]}",
	  WEIR_E_UNSUPPORTED, "gives its items in pages (next: " },
};

static void
s_test_bad_documents (void **state)
{
	const char *folder = *state;
	char *path = folder_path (folder, "bad.json");
	for (size_t i = 0; i < sizeof s_bad_documents / sizeof s_bad_documents[0]; i++) {
		(void) unlink (path);
		if (s_bad_documents[i].text != NULL)
			folder_write (folder, "bad.json", s_bad_documents[i].text);
		s_result_t result;
		assert_int_equal (s_load (folder, "bad.json", &result), s_bad_documents[i].status);
		assert_string_equal (result.err.code, "StacUnreadable");
		assert_string_equal (result.err.where, path);
		if (strstr (result.err.text, s_bad_documents[i].message) == NULL)
			fail_msg ("expected '%s' in '%s'", s_bad_documents[i].message, result.err.text);
		assert_null (result.items);
		assert_null (result.warnings);
	}
	free (path);
}

static void
s_test_bad_addresses (void **state)
{
	const char *folder = *state;
	char *fifo = folder_path (folder, "fifo");
	assert_int_equal (mkfifo (fifo, 0600), 0);
	const struct {
		const char *url, *message;
	} rows[] = {
		{ folder, "cannot read: Is a directory" },
		{ fifo, "cannot read: not a regular file" },
		{ "s3://bucket/collection.json", "cannot read: not an http, https or file address" },
		{ "file://elsewhere/collection.json", "cannot read: not an http, https or file address" },
		{ "ftp://host/collection.json", "cannot read: not an http" },
		{ "http://", "cannot fetch: " },
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		s_result_t result;
		assert_true (s_load_want ((weir_plan_want_t){ .url = rows[i].url }, false, &result) < 0);
		assert_string_equal (result.err.where, rows[i].url);
		if (strstr (result.err.text, rows[i].message) == NULL)
			fail_msg ("expected '%s' in '%s'", rows[i].message, result.err.text);
	}
	free (fifo);
}

static void
s_test_too_big (void **state)
{
	const char *folder = *state;
	folder_write (folder, "big.json", "{}");
	char *path = folder_path (folder, "big.json");
	assert_int_equal (truncate (path, ((off_t) 64 << 20) + 1), 0);
	s_result_t result;
	assert_int_equal (s_load (folder, "big.json", &result), WEIR_E_UNSUPPORTED);
	assert_non_null (strstr (result.err.text, "larger than 64 MiB"));
	free (path);
}

static void
s_test_too_deep (void **state)
{
	const char *folder = *state;
	for (int i = 0; i < 20; i++) {
		char *name = weir_asprintf ("c%d.json", i);
		char *text = weir_asprintf (
			"{'type':'Catalog','id':'c','links':[{'rel':'child','href':'c%d.json'}]}", i + 1);
		folder_write (folder, name, text);
		free (name);
		free (text);
	}
	folder_write (folder, "c20.json", "{'type':'Catalog','id':'c'}");
	s_result_t result;
	assert_int_equal (s_load (folder, "c0.json", &result), WEIR_E_INVALID);
	assert_string_equal (result.err.text, "catalogues nested more than 16 deep");
	s_check_load (folder, "c4.json", "");
}

static void
s_test_skip_bad (void **state)
{
	const char *folder = *state;
	folder_write (folder, "a.json", DAY ("a", "01"));
	folder_write (folder, "half.json", "{'type':'Feature'");
	folder_write (folder, "wrong.json",
	              "{'type':'Feature','id':'w','properties':{'datetime':7},'assets':{}}");
	folder_write (folder, "band.json",
	              "{'type':'Feature','id':'v','properties':{'datetime':'2022-01-01'},"
	              "'assets':{'x':{'href':'x','bands':7}}}");
	folder_write (folder, "c.json",
	              "{'type':'Collection','id':'c','links':[{'rel':'item','href':'half.json'},"
	              "{'rel':'item','href':'wrong.json'},{'rel':'item','href':'a.json'},"
	              "{'rel':'item','href':'gone.json'},{'rel':'item','href':'band.json'}]}");
	char *url = folder_path (folder, "c.json");
	s_result_t result;
	assert_int_equal (s_load_want ((weir_plan_want_t){ .url = url }, false, &result),
	                  WEIR_E_INVALID);
	assert_non_null (strstr (result.err.where, "half.json"));
	assert_int_equal (s_load_want ((weir_plan_want_t){ .url = url }, true, &result), 0);
	s_check_ids (&result, "a");
	static const char *const words[] = { "half.json: not JSON",
		                                 "ItemInvalid: w: properties.datetime",
		                                 "gone.json: cannot read: No such file or directory",
		                                 "ItemInvalid: v: assets.x.bands" };
	assert_int_equal (result.n_warnings, 4);
	for (size_t i = 0; i < 4; i++)
		if (strstr (result.warnings[i], words[i]) == NULL)
			fail_msg ("expected '%s' in '%s'", words[i], result.warnings[i]);
	s_clear (&result);
	/* a catalogue that cannot be read is no bad item */
	folder_write (folder, "c.json",
	              "{'type':'Catalog','id':'c','links':[{'rel':'child','href':'gone.json'}]}");
	assert_int_equal (s_load_want ((weir_plan_want_t){ .url = url }, true, &result),
	                  WEIR_E_NOT_FOUND);
	free (url);
}

static bool
s_cancel_later (void *arg)
{
	int *n_left = arg;
	return (*n_left)-- <= 0;
}

static void
s_test_cancel (void **state)
{
	const char *folder = *state;
	folder_write (folder, "a.json", DAY ("a", "01"));
	folder_write (folder, "c.json",
	              "{'type':'Catalog','id':'c','links':[{'rel':'item','href':'a.json'}]}");
	char *url = folder_path (folder, "c.json");
	weir_plan_want_t want = { .url = url };
	for (int n = 0; n < 3; n++) {
		s_result_t result = { 0 };
		int n_left = n;
		int status = weir_stac_load (&want, true, s_cancel_later, &n_left, &result.items,
		                             &result.warnings, &result.n_warnings, &result.err);
		assert_int_equal (status, n < 2 ? WEIR_E_CANCELLED : 0);
		s_clear (&result);
	}
	free (url);
}

/* Ten thousand files; nothing but the time-out of the test fails where this is quadratic. */
static void
s_test_many (void **state)
{
	const char *folder = *state;
	enum { N = 10000 };
	char *path = folder_path (folder, "c.json");
	FILE *file = fopen (path, "w");
	fprintf (file, "{\"type\":\"Collection\",\"id\":\"c\",\"links\":[");
	for (int i = N - 1; i >= 0; i--) {
		char *name = weir_asprintf ("items/i%05d.json", i);
		char *text = weir_asprintf (
			"{'type':'Feature','id':'i%05d','geometry':null,'properties':{'datetime':"
			"'2022-09-01T00:00:00Z'},'assets':{'a':{'href':'../a.tif'}}}",
			i);
		folder_write (folder, name, text);
		fprintf (file, "{\"rel\":\"item\",\"href\":\"%s\"}%s", name, i > 0 ? "," : "]}");
		free (name);
		free (text);
	}
	fclose (file);
	free (path);
	s_result_t result;
	assert_int_equal (s_load (folder, "c.json", &result), 0);
	assert_int_equal (result.items->n_items, N);
	assert_string_equal (result.items->items[0].id, "i00000");
	assert_string_equal (result.items->items[N - 1].id, "i09999");
	s_clear (&result);
}

static int
s_set_up (void **state)
{
	*state = folder_make ();
	return 0;
}

static int
s_tear_down (void **state)
{
	folder_destroy (*state);
	return 0;
}

#define FOLDER_TEST(fn) cmocka_unit_test_setup_teardown (fn, s_set_up, s_tear_down)

int
main (void)
{
	const struct CMUnitTest tests[] = {
		FOLDER_TEST (s_test_kinds),         FOLDER_TEST (s_test_relative),
		FOLDER_TEST (s_test_self),          FOLDER_TEST (s_test_filters),
		FOLDER_TEST (s_test_dimensions),    FOLDER_TEST (s_test_order),
		FOLDER_TEST (s_test_bad_documents), FOLDER_TEST (s_test_bad_addresses),
		FOLDER_TEST (s_test_too_big),       FOLDER_TEST (s_test_too_deep),
		FOLDER_TEST (s_test_skip_bad),      FOLDER_TEST (s_test_cancel),
		FOLDER_TEST (s_test_many),
	};
	return cmocka_run_group_tests_name ("stac catalogues", tests, NULL, NULL);
}
