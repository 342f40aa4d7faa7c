/* test_shape.c - graphs to pipelines and outputs; chunks, runs and memory; what is told of it */
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

/* ---- graphs */

#define LOAD "'load': {'process_id': 'load_stac', 'arguments': {'url': 'x'}}"
#define CALLBACK(process, arguments)                                                               \
	"{'process_graph': {'c': {'process_id': '" process "', 'arguments': {" arguments               \
	"}, 'result': true}}}"
#define APPLY(id, from, process, arguments)                                                        \
	"'" id "': {'process_id': 'apply', 'arguments': {'data': {'from_node': '" from                 \
	"'}, 'process': " CALLBACK (process, arguments) "}}"
#define REDUCE(id, from, dimension, process)                                                       \
	"'" id "': {'process_id': 'reduce_dimension', 'arguments': {'data': {'from_node': '" from      \
	"'}, 'dimension': '" dimension "',"                                                            \
	"'reducer': " CALLBACK (process, "'data': {'from_parameter': 'data'}") "}}"
#define SAVE(id, from, result)                                                                     \
	"'" id "': {'process_id': 'save_result', 'arguments': {'data': {'from_node': '" from           \
	"'}, 'format': 'GTiff'}, 'result': " result "}"
#define GT "'x': {'from_parameter': 'x'}, 'y': 0"

static void
test_flood_job (void **state)
{
	(void) state;
	fixture_t fixture;
	fixture_init (&fixture);
	fixture_add_items (&fixture, N (s_tiles), s_tiles);
	fixture_expect_ok (
		&fixture,
		fixture_plan (
			&fixture,
			"{" LOAD
			"," APPLY ("wet", "load", "gt", GT) "," REDUCE ("sum", "wet", "t", "any") "," APPLY (
				"not", "sum", "not", "'x': {'from_parameter': 'x'}") "," SAVE ("save", "not",
	                                                                           "true") "}"));
	const weir_pipeline_t *pipeline = &fixture.plan->outputs[0].pipeline;
	assert_int_equal (pipeline->n_slice_steps, 1);
	assert_int_equal (pipeline->n_folds, 1);
	assert_int_equal (pipeline->folds[0].kind, WEIR_FOLD_ANY);
	assert_int_equal (pipeline->n_chunk_steps, 1);
	assert_true (pipeline->out.is_bool);
	assert_int_equal (fixture.plan->outputs[0].block_bytes, 200 * 100);
	fixture_clear (&fixture);
}

/* Without a reduction time stays: a file and chunks for each label. */
static void
test_time_stays (void **state)
{
	(void) state;
	fixture_t fixture;
	fixture_init (&fixture);
	fixture_add_items (&fixture, N (s_tiles), s_tiles);
	fixture_expect_ok (
		&fixture, fixture_plan (&fixture, "{" LOAD "," APPLY ("wet", "load", "gt", GT) "," SAVE (
											  "save", "wet", "true") "}"));
	const weir_plan_output_t *output = &fixture.plan->outputs[0];
	assert_true (output->keeps_time && output->is_whole_chunk);
	assert_int_equal (output->n_chunks, 2);
	assert_int_equal (output->pipeline.n_slice_steps, 1);
	assert_int_equal (output->pipeline.n_chunk_steps, 0);
	fixture_clear (&fixture);
}

static void
test_two_outputs (void **state)
{
	(void) state;
	fixture_t fixture;
	fixture_init (&fixture);
	fixture_add_items (&fixture, N (s_tiles), s_tiles);
	fixture_expect_ok (
		&fixture,
		fixture_plan (
			&fixture,
			"{" LOAD
			"," REDUCE ("max", "load", "t", "max") "," REDUCE ("min", "load", "t", "min") "," SAVE (
				"other", "min", "false") "," SAVE ("save", "max", "true") "}"));
	assert_int_equal (fixture.plan->n_sources, 1);
	assert_int_equal (fixture.plan->n_outputs, 2);
	assert_int_equal (fixture.plan->n_chunks, 2);
	assert_int_equal (fixture.plan->outputs[1].first_chunk, 1);
	assert_int_equal (fixture.plan->outputs[0].is_result + fixture.plan->outputs[1].is_result, 1);
	char *lines = weir_plan_explain (fixture.plan, false);
	assert_non_null (strstr (lines, "other: "));
	free (lines);
	fixture_expect (&fixture,
	                fixture_plan (&fixture, "{" LOAD "," SAVE ("../up", "load", "false") "," SAVE (
												"save", "load", "true") "}"),
	                "ProcessGraphInvalid", "../up", "folder");
	fixture_clear (&fixture);
}

static void
test_dimensions (void **state)
{
	(void) state;
	static const struct {
		const char *wanted, *dim_t, *code, *word;
	} rows[] = {
		{ "t", NULL, NULL, NULL },
		{ "time", NULL, NULL, NULL },
		{ "t", "when", NULL, NULL },
		{ "when", "when", NULL, NULL },
		{ "bands", NULL, NULL, NULL },
		{ "x", NULL, "FeatureUnsupported", "'x'" },
		{ "y", NULL, "FeatureUnsupported", "'y'" },
		{ "depth", NULL, "DimensionNotAvailable", "'x', 'y', 't', 'bands'" },
		{ "T", "when", "DimensionNotAvailable", "'when'" },
	};
	for (size_t i = 0; i < N (rows); i++) {
		fixture_t fixture;
		fixture_init (&fixture);
		fixture_add_items (&fixture, N (s_tiles), s_tiles);
		fixture.items->dim_t = weir_strdup (rows[i].dim_t);
		char *graph = weir_asprintf (
			"{" LOAD "," REDUCE ("max", "load", "%s", "max") "," SAVE ("save", "max", "true") "}",
			rows[i].wanted);
		int rc = fixture_plan (&fixture, graph);
		free (graph);
		if (rows[i].code != NULL)
			fixture_expect (&fixture, rc, rows[i].code, "max", rows[i].word);
		else
			fixture_expect_ok (&fixture, rc);
		fixture_clear (&fixture);
	}
}

static void
test_graphs_that_are_refused (void **state)
{
	(void) state;
	static const struct {
		const char *graph, *code, *where, *word;
	} rows[] = {
		{ "{" LOAD "," REDUCE ("a", "load", "t", "max") "," REDUCE ("b", "a", "t", "max") "," SAVE (
			  "save", "b", "true") "}",
		  "DimensionNotAvailable", "b", "'a' has reduced it" },
		{ "{" LOAD "," REDUCE ("a", "load", "bands", "max") "," REDUCE (
			  "b", "a", "bands", "max") "," SAVE ("save", "b", "true") "}",
		  "DimensionNotAvailable", "b", "'bands'" },
		{ "{" LOAD
		  "," REDUCE ("a", "load", "t", "max") "," REDUCE ("b", "a", "bands", "max") "," REDUCE (
			  "c", "b", "x", "max") "," SAVE ("save", "c", "true") "}",
		  "FeatureUnsupported", "c", "third" },
		{ "{'load': {'process_id': 'load_stac', 'arguments': {'url': 'x'}, 'result': true}}",
		  "ProcessGraphInvalid", "load", "save_result" },
	};
	for (size_t i = 0; i < N (rows); i++) {
		fixture_t fixture;
		fixture_init (&fixture);
		fixture_add_items (&fixture, N (s_tiles), s_tiles);
		fixture_expect (&fixture, fixture_plan (&fixture, rows[i].graph), rows[i].code,
		                rows[i].where, rows[i].word);
		fixture_clear (&fixture);
	}
}

/* ---- shapes */

static void
test_chunk_shapes (void **state)
{
	(void) state;
	static const struct {
		int64_t grid, asked;
		int tile, block_width, block_height;
		int64_t width, height; /* of a chunk */
	} rows[] = {
		{ 10000, 0, 512, 512, 512, 512, 512 },
		{ 10000, 0, 512, 256, 256, 512, 512 },
		{ 10000, 0, 512, 1024, 1024, 1024, 1024 },
		{ 10000, 0, 256, 384, 384, 768, 768 }, /* the least common multiple */
		{ 10000, 0, 512, 1000, 1000, 1024,
		  1024 }, /* too large a one: the tiles that hold a block */
		{ 10000, 0, 512, 8192, 8192, 4096, 4096 }, /* never more */
		{ 10000, 0, 512, 10000, 1, 4096, 512 },    /* strips */
		{ 10000, 0, 256, 10000, 16, 4096, 512 },   /* count as blocks of 512 rows */
		{ 300, 0, 512, 256, 256, 512, 512 },       /* no more tiles than the grid has */
		{ 600, 0, 512, 2048, 2048, 1024, 1024 },
		{ 10000, 700, 512, 512, 512, 1024, 1024 }, /* asked for: rounded up to tiles */
		{ 10000, 16, 16, 512, 512, 16, 16 },
		{ 300, 5000, 512, 256, 256, 512, 512 },
	};
	for (size_t i = 0; i < N (rows); i++) {
		fixture_item_t item = { "a",          "2020-01-01", 0,       1000,  10,   rows[i].grid,
			                    rows[i].grid, "EPSG:1",     "uint8", "255", NULL, false };
		char save[128];
		fixture_t fixture;
		fixture_init (&fixture);
		fixture.probe.block_width = rows[i].block_width;
		fixture.probe.block_height = rows[i].block_height;
		fixture.options.memory_bytes = UINT64_C (4) << 30;
		fixture.options.chunk_width = fixture.options.chunk_height = rows[i].asked;
		fixture_add_items (&fixture, 1, &item);
		snprintf (save, sizeof save, GTIFF ", 'options': {'blockxsize': %d, 'blockysize': %d}",
		          rows[i].tile, rows[i].tile);
		fixture_expect_ok (&fixture, fixture_plan_max (&fixture, "", save));
		const weir_plan_output_t *output = &fixture.plan->outputs[0];
		if (output->chunk_width != rows[i].width || output->chunk_height != rows[i].height)
			fail_msg ("row %zu: %d × %d", i, (int) output->chunk_width, (int) output->chunk_height);
		fixture_clear (&fixture);
	}
}

static void
test_runs (void **state)
{
	(void) state;
	static const struct {
		int n_labels;
		int64_t grid;
		uint32_t n_slots, asked, run_labels;
		bool is_whole;
	} rows[] = {
		{ 157, 4096, 2, 0, 256, true },  /* 64 chunks ≥ 4 × 2 slots: whole chunks */
		{ 157, 512, 2, 0, 16, false },   /* 1 chunk, 8 runs wanted: 10 of 16 */
		{ 1000, 512, 2, 0, 128, false }, /* 8 of 128 */
		{ 157, 1024, 2, 0, 128, false }, /* 4 chunks, 2 runs each wanted: 2 of 128 */
		{ 12, 512, 8, 0, 16, true },     /* fewer labels than a leaf */
		{ 157, 4096, 2, 16, 16, false }, /* asked for */
		{ 157, 4096, 2, 33, 64, false }, { 157, 4096, 2, 5000, 8192, true },
	};
	for (size_t i = 0; i < N (rows); i++) {
		fixture_t fixture;
		fixture_init (&fixture);
		fixture.options.n_slots = rows[i].n_slots;
		fixture.options.run_labels = rows[i].asked;
		for (int label = 0; label < rows[i].n_labels; label++) {
			char id[16], time[32];
			snprintf (id, sizeof id, "i%05d", label);
			snprintf (time, sizeof time, "2020-01-01T%02d:%02d:%02dZ", label / 3600,
			          label / 60 % 60, label % 60);
			fixture_item_t item = { id,           time,     0,       1000,  10,   rows[i].grid,
				                    rows[i].grid, "EPSG:1", "uint8", "255", NULL, false };
			fixture_add_items (&fixture, 1, &item);
		}
		fixture_expect_ok (&fixture, fixture_plan_max (&fixture, "", GTIFF));
		const weir_plan_output_t *output = &fixture.plan->outputs[0];
		if (output->run_labels != rows[i].run_labels)
			fail_msg ("row %zu: %u", i, output->run_labels);
		assert_int_equal (output->is_whole_chunk, rows[i].is_whole);
		fixture_clear (&fixture);
	}
}

static void
test_memory (void **state)
{
	(void) state;
	static const fixture_item_t item = { "a",   "2020-01-01", 0,       1000,  10,   10000,
		                                 10000, "EPSG:1",     "uint8", "255", NULL, false };
	fixture_t fixture;
	fixture_init (&fixture);
	fixture.probe.block_width = fixture.probe.block_height = 4096;
	fixture_add_items (&fixture, 1, &item);
	fixture.options.memory_bytes = UINT64_C (1) << 30;
	fixture_expect_ok (&fixture, fixture_plan_max (&fixture, "", GTIFF));
	assert_int_equal (fixture.plan->outputs[0].chunk_width, 4096);
	uint64_t all = fixture.plan->memory_bytes;
	fixture.options.memory_bytes = all - 1;
	fixture_expect_ok (&fixture, fixture_plan_max (&fixture, "", GTIFF)); /* shrinks */
	assert_true (fixture.plan->outputs[0].chunk_width * fixture.plan->outputs[0].chunk_height <
	             4096 * 4096);
	assert_int_equal (fixture.plan->outputs[0].chunk_width % 512, 0);
	fixture.options.memory_bytes = 1000;
	fixture_expect (&fixture, fixture_plan_max (&fixture, "", GTIFF), "MemoryExceeded", "save",
	                "would fit");
	/* and what is named does fit */
	unsigned long long mebibytes = strtoull (strstr (fixture.err.text, "--memory ") + 9, NULL, 10);
	fixture.options.memory_bytes = mebibytes << 20;
	fixture_expect_ok (&fixture, fixture_plan_max (&fixture, "", GTIFF));
	assert_int_equal (fixture.plan->outputs[0].chunk_width, 512);
	fixture_clear (&fixture);
}

static void
test_explain_keys (void **state)
{
	(void) state;
	static const char *const keys[] = { "grid",        "bands",  "type",      "nodata", "scale",
		                                "labels",      "items",  "resampled", "chunks", "pipeline",
		                                "pushed_down", "memory", "warnings" };
	fixture_t fixture;
	fixture_init (&fixture);
	fixture_add_items (&fixture, N (s_tiles), s_tiles);
	fixture_expect_ok (&fixture, fixture_plan_max (&fixture, "", GTIFF));
	char *lines = weir_plan_explain (fixture.plan, false),
		 *json = weir_plan_explain (fixture.plan, true);
	json_t *object = json_loads (json, 0, NULL);
	const char *line = lines;
	assert_int_equal (json_object_size (object), N (keys));
	for (size_t i = 0; i < N (keys); i++) {
		size_t n = strlen (keys[i]);
		assert_memory_equal (line, keys[i], n);
		assert_memory_equal (line + n, ": ", 2);
		line = strchr (line, '\n') + 1;
		assert_non_null (json_object_get (object, keys[i]));
	}
	assert_int_equal (*line, '\0');
	json_decref (object);
	free (lines);
	free (json);
	fixture_clear (&fixture);
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (test_flood_job),
		cmocka_unit_test (test_time_stays),
		cmocka_unit_test (test_two_outputs),
		cmocka_unit_test (test_dimensions),
		cmocka_unit_test (test_graphs_that_are_refused),
		cmocka_unit_test (test_chunk_shapes),
		cmocka_unit_test (test_runs),
		cmocka_unit_test (test_memory),
		cmocka_unit_test (test_explain_keys),
	};
	return cmocka_run_group_tests (tests, NULL, NULL);
}
