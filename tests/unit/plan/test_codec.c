/* test_codec.c - plans as text: there and back, and bytes that are no plan */
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
#include <time.h>

#include <cmocka.h>

/* Two bands' worth of everything: several types, own no-data, steps, folds with a condition, an
 * expression after. */
static const char s_graph[] = "{'load': {'process_id': 'load_stac', 'arguments': {'url': 'x'}},"
							  "'wet': {'process_id': 'apply', 'arguments': {'data': {'from_node': "
							  "'load'}, 'process': {'process_graph': {"
							  "'d': {'process_id': 'multiply', 'arguments': {'x': "
							  "{'from_parameter': 'x'}, 'y': 0.1}, 'result': true}}}}},"
							  "'mean': {'process_id': 'reduce_dimension', 'arguments': {'data': "
							  "{'from_node': 'wet'}, 'dimension': 't',"
							  "'reducer': {'process_graph': {"
							  "'m': {'process_id': 'mean', 'arguments': {'data': "
							  "{'from_parameter': 'data'}}, 'result': true}}}}},"
							  "'high': {'process_id': 'apply', 'arguments': {'data': {'from_node': "
							  "'mean'}, 'process': {'process_graph': {"
							  "'g': {'process_id': 'gt', 'arguments': {'x': {'from_parameter': "
							  "'x'}, 'y': 0.5}, 'result': true}}}}},"
							  "'days': {'process_id': 'save_result', 'arguments': {'data': "
							  "{'from_node': 'wet'}, 'format': 'GTiff'}},"
							  "'save': {'process_id': 'save_result', 'arguments': {'data': "
							  "{'from_node': 'high'}, 'format': 'GTiff',"
							  "'options': {'compress': 'LZW'}}, 'result': true},"
							  "'one': {'process_id': 'reduce_dimension', 'arguments': {'data': "
							  "{'from_node': 'mean'}, 'dimension': 'bands', 'reducer': "
							  "{'process_graph': {'e': {'process_id': 'array_element', "
							  "'arguments': {'data': {'from_parameter': 'data'}, 'index': 0}}, "
							  "'s': {'process_id': 'subtract', 'arguments': {'x': {'from_node': "
							  "'e'}, 'y': 1}, 'result': true}}}}},"
							  "'band': {'process_id': 'save_result', 'arguments': {'data': "
							  "{'from_node': 'one'}, 'format': 'GTiff'}}}";

static const fixture_item_t s_items[] = {
	{ "a", "2020-01-01T00:00:00.5Z", 0.1, 1000, 0.1, 100, 100, "EPSG:1", "int16", "-9999", NULL,
	  false },
	{ "b", "2020-01-01T00:00:00.5Z", 10.1, 1000, 0.1, 100, 100, "EPSG:1", "int16", "-1", NULL,
	  false },
	{ "ümläut\n\"", "2020-01-03", 0.1, 1000, 0.1, 100, 100, "EPSG:1", "float32", "nan", NULL,
	  false },
};

static char *
s_make_text (void)
{
	static weir_cell_t file = { .type = WEIR_I16 };
	fixture_t fixture;
	fixture_init (&fixture);
	fixture.probe.bands = &file;
	fixture.probe.crs = (char *) (uintptr_t) "EPSG:9"; /* for a warning */
	fixture_add_items (&fixture, 3, s_items);
	fixture.items->items[0].assets[0].bands[0].has_scale = true;
	fixture.items->items[0].assets[0].bands[0].scale = 0.1;
	fixture.items->items[0].assets[0].bands[0].description = weir_strdup ("height above ground");
	int rc = fixture_plan (&fixture, s_graph);
	if (rc != 0)
		fail_msg ("%s: %s: %s", fixture.err.code, fixture.err.where, fixture.err.text);
	char *text = weir_plan_encode (fixture.plan);
	fixture_clear (&fixture);
	return text;
}

static void
test_there_and_back (void **state)
{
	(void) state;
	char *text = s_make_text ();
	weir_plan_t *plan = NULL;
	weir_err_t err = { 0 };
	if (weir_plan_decode (text, strlen (text), &plan, &err) != 0)
		fail_msg ("%s: %s", err.text, text);
	char *again = weir_plan_encode (plan);
	assert_string_equal (text, again);
	assert_int_equal (plan->n_outputs, 3);
	assert_int_equal (plan->n_chunks, plan->outputs[0].n_chunks + plan->outputs[1].n_chunks +
	                                      plan->outputs[2].n_chunks);
	const weir_plan_source_t *source = &plan->sources[0];
	assert_int_equal (source->labels_us[0], 1577836800500000);
	assert_int_equal (source->items[2].label, 1);
	assert_true (source->grid.transform[1] == 0.1);
	assert_true (source->bands[0].has_scale && source->bands[0].scale == 0.1 &&
	             !source->bands[0].has_offset);
	assert_string_equal (source->bands[0].description, "height above ground");
	assert_true (isnan (weir_plan_item_nodata (source, &source->items[2], 0).value));
	assert_true (weir_plan_item_nodata (source, &source->items[1], 0).value == -1);
	assert_true (weir_plan_item_nodata (source, &source->items[0], 0).value == -9999);
	assert_int_equal (plan->n_warnings, 1);
	free (text);
	free (again);
	weir_plan_destroy (&plan);
}

/* ---- damaged plans: one thing changed at a time */

static json_t *
s_get (json_t *root, const char *path) /* "sources/0/grid" */
{
	char part[64];
	json_t *value = root;
	while (*path != '\0' && value != NULL) {
		size_t n = strcspn (path, "/");
		snprintf (part, sizeof part, "%.*s", (int) n, path);
		value = json_is_array (value) ? json_array_get (value, strtoul (part, NULL, 10))
		                              : json_object_get (value, part);
		path += n + (path[n] == '/');
	}
	return value;
}

static void
s_set (json_t *root, const char *parent, const char *key, const char *json)
{
	json_t *object = s_get (root, parent), *value = json_loads (json, JSON_DECODE_ANY, NULL);
	assert_non_null (object);
	assert_non_null (value);
	if (json_is_array (object))
		json_array_set_new (object, strtoul (key, NULL, 10), value);
	else
		json_object_set_new (object, key, value);
}

static void
test_damaged_plans (void **state)
{
	(void) state;
	static const struct {
		const char *parent, *key, *json;
	} rows[] = {
		{ "", "weir_plan", "2" },
		{ "", "sources", "[]" },
		{ "", "outputs", "[]" },
		{ "", "outputs", "{}" },
		{ "", "crs", "[1]" },
		{ "", "warnings", "null" },
		{ "", "memory", "-1" },
		{ "sources/0/grid", "crs", "1" },
		{ "sources/0/grid", "crs", "-1" },
		{ "sources/0/grid", "w", "0" },
		{ "sources/0/grid", "w", "2147483648" },
		{ "sources/0/grid", "h", "1.5" },
		{ "sources/0/grid/t", "1", "0" },
		{ "sources/0/grid/t", "2", "1" },
		{ "sources/0/grid/t", "5", "0" },
		{ "sources/0/grid/t", "0", "\"nan\"" },
		{ "sources/0", "cell", "[\"uint64\",false,null]" },
		{ "sources/0", "cell", "[\"uint8\",false,256]" },
		{ "sources/0", "cell", "[\"uint8\",true,1]" },
		{ "sources/0", "cell", "[\"float32\",false,1]" },
		{ "sources/0", "cell", "[\"int16\",false,-1]" }, /* the pipeline takes another */
		{ "sources/0", "null", "true" },
		{ "sources/0", "bands", "[]" },
		{ "sources/0/bands/0", "name", "null" },
		{ "sources/0/labels", "1", "0" }, /* not ascending */
		{ "sources/0", "labels", "[]" },
		{ "sources/0/counts", "0", "3" }, /* sums */
		{ "sources/0/counts", "0", "0" },
		{ "sources/0/counts", "0", "-1" },
		{ "sources/0", "items", "[]" },
		{ "sources/0/block", "0", "0" },
		{ "sources/0/items/0", "i", "\"z\"" }, /* not sorted */
		{ "sources/0/items/0/w", "0", "1099511627777" },
		{ "sources/0/items/0/w", "2", "0" },
		{ "sources/0/items/0/b", "0", "1" }, /* no such file */
		{ "sources/0/items/0/b", "1", "65536" },
		{ "sources/0/items/0", "b", "[0]" },
		{ "sources/0/items/0", "f", "[]" },
		{ "sources/0/items/1", "n", "[]" },
		{ "outputs/0", "source", "1" },
		{ "outputs/0", "format", "\"JPEG\"" },
		{ "outputs/0", "format", "\"NULL\"" },
		{ "outputs/0", "time", "false" },
		{ "outputs/1", "time", "true" },
		{ "outputs/0/chunk", "0", "0" },
		{ "outputs/0/chunk", "0", "100" },
		{ "outputs/1", "run", "0" },
		{ "outputs/1", "run", "4294967296" },
		{ "outputs/1", "run", "1" },
		{ "outputs/1", "acc", "64" },
		{ "outputs/1", "cells", "1" },
		{ "outputs/1/options", "compress", "\"ZIP\"" },
		{ "outputs/1/options", "compress", "null" },
		{ "outputs/1/options", "predictor", "4" },
		{ "outputs/1/options/block", "0", "0" },
		{ "outputs/1/pipeline", "folds", "[{},{}]" },
		{ "outputs/1/pipeline/folds/0", "kind", "\"median\"" },
		{ "outputs/1/pipeline/folds/0", "kind", "\"none\"" },
		{ "outputs/1/pipeline/folds/0", "all", "true" },
		{ "outputs/1/pipeline/slice/0", "code", "[]" },
		{ "outputs/1/pipeline/slice/0/code/0", "0", "\"exec\"" },
		{ "outputs/1/pipeline/slice/0/code/0", "1", "1" },
		{ "outputs/1/pipeline/slice/0/code/0", "1", "70000" },
		{ "outputs/1/pipeline/slice/0/code/0", "4", "\"1\"" },
		{ "outputs/1/pipeline", "post",
		  "{\"out\":[\"uint8\",true,255],\"code\":[[\"input\",1,0,0,0.0]]}" },
		{ "outputs/0/pipeline", "post",
		  "{\"out\":[\"uint8\",true,255],\"code\":[[\"input\",0,0,0,0.0]]}" },
	};
	char *text = s_make_text ();
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		json_t *root = json_loads (text, 0, NULL);
		s_set (root, rows[i].parent, rows[i].key, rows[i].json);
		char *damaged = json_dumps (root, JSON_COMPACT);
		weir_plan_t *plan = NULL;
		weir_err_t err = { 0 };
		if (weir_plan_decode (damaged, strlen (damaged), &plan, &err) == 0)
			fail_msg ("%s/%s = %s is taken", rows[i].parent, rows[i].key, rows[i].json);
		assert_null (plan);
		assert_string_equal (err.code, "PlanInvalid");
		assert_true (*err.text != '\0');
		free (damaged);
		json_decref (root);
	}
	free (text);
}

/* Every member left out once, and every byte damaged: an error or a plan that encodes, never more.
 */
static void
s_decode_any (const char *text, size_t n)
{
	weir_plan_t *plan = NULL;
	if (weir_plan_decode (text, n, &plan, NULL) != 0)
		return;
	char *again = weir_plan_encode (plan), *lines = weir_plan_explain (plan, false);
	for (uint64_t chunk = 0; chunk < plan->n_chunks && chunk < 10; chunk++)
		weir_plan_chunk (plan, chunk);
	free (again);
	free (lines);
	weir_plan_destroy (&plan);
}

static void
test_any_bytes (void **state)
{
	(void) state;
	char *text = s_make_text ();
	size_t n = strlen (text);
	uint32_t random = 12345;
	for (size_t i = 0; i < n; i += 3) {
		random = random * 1664525 + 1013904223;
		char old = text[i];
		text[i] = (char) (random >> 24);
		s_decode_any (text, n);
		text[i] = (char) ('0' + (random >> 16) % 10);
		s_decode_any (text, n);
		text[i] = old;
	}
	for (size_t i = 0; i < n; i += 7)
		s_decode_any (text, i);
	free (text);
}

static void
test_missing_members (void **state)
{
	(void) state;
	char *text = s_make_text ();
	json_t *root = json_loads (text, 0, NULL);
	static const char *const parents[] = { "",
		                                   "sources/0",
		                                   "sources/0/grid",
		                                   "sources/0/bands/0",
		                                   "sources/0/items/1",
		                                   "outputs/0",
		                                   "outputs/1",
		                                   "outputs/1/options",
		                                   "outputs/1/pipeline",
		                                   "outputs/1/pipeline/slice/0",
		                                   "outputs/1/pipeline/folds/0" };
	for (size_t i = 0; i < sizeof parents / sizeof *parents; i++) {
		json_t *copy = json_deep_copy (root);
		json_t *at = s_get (copy, parents[i]);
		json_t *flat = json_copy (at);
		const char *key;
		json_t *child;
		json_object_foreach (flat, key, child)
		{
			json_object_del (at, key);
			char *less = json_dumps (copy, JSON_COMPACT);
			s_decode_any (less, strlen (less));
			free (less);
			json_object_set (at, key, child);
		}
		json_decref (flat);
		json_decref (copy);
	}
	json_decref (root);
	free (text);
}

/* 10,000 items: planning, text and back, well under a second each (sanitizers are slow: 10 s). */
static void
test_many_items (void **state)
{
	(void) state;
	fixture_t fixture;
	fixture_init (&fixture);
	for (int i = 0; i < 10000; i++) {
		char id[16], time[32];
		snprintf (id, sizeof id, "i%05d", i);
		snprintf (time, sizeof time, "2020-01-01T%02d:%02d:%02dZ", i / 3600, i / 60 % 60, i % 60);
		fixture_item_t item = { id,  time,     10 * (i % 7), 1000,  10,   100,
			                    100, "EPSG:1", "uint8",      "255", NULL, false };
		fixture_add_items (&fixture, 1, &item);
	}
	clock_t start = clock ();
	assert_int_equal (fixture_plan_max (&fixture, "", "'format': 'GTiff'"), 0);
	char *text = weir_plan_encode (fixture.plan);
	weir_plan_t *back = NULL;
	assert_int_equal (weir_plan_decode (text, strlen (text), &back, NULL), 0);
	double seconds = (double) (clock () - start) / CLOCKS_PER_SEC;
	print_message ("10,000 items: %.3f s, %zu bytes\n", seconds, strlen (text));
	assert_true (seconds < 10);
	assert_int_equal (back->sources[0].n_items, 10000);
	free (text);
	weir_plan_destroy (&back);
	fixture_clear (&fixture);
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (test_there_and_back), cmocka_unit_test (test_damaged_plans),
		cmocka_unit_test (test_any_bytes),      cmocka_unit_test (test_missing_members),
		cmocka_unit_test (test_many_items),
	};
	return cmocka_run_group_tests (tests, NULL, NULL);
}
