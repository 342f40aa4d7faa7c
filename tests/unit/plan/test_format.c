/* test_format.c - format and options of save_result: what is taken, what is refused, and with which
 * words */
#include "tests/unit/plan/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const fixture_item_t s_items[] = {
	{ "a", "2020-01-01", 0, 100, 1, 100, 100, "EPSG:1", "uint8", "255", NULL, false },
	{ "b", "2020-01-02", 0, 100, 1, 100, 100, "EPSG:1", "uint8", "255", NULL, false },
};

static const fixture_item_t s_floats[] = {
	{ "a", "2020-01-01", 0, 100, 1, 100, 100, "EPSG:1", "float32", "nan", NULL, false },
};

static void
test_refusals (void **state)
{
	(void) state;
	static const struct {
		const char *save, *code, *word;
	} rows[] = {
		{ "'format': 'netCDF'", "FormatUnsupported", "GTiff, COG and PNG" },
		{ "'format': 'NULL'", "FormatUnsupported", "NULL" },
		{ "'format': 'GTiff', 'options': {'colour': 1}", "ProcessParameterUnsupported",
		  "'colour'" },
		{ "'format': 'COG', 'options': {'tiled': true}", "ProcessParameterUnsupported",
		  "COG has no option 'tiled': it has compress, predictor, blocksize, bigtiff, overviews, "
		  "resampling, dtype, nodata, dates" },
		{ "'format': 'COG', 'options': {'blocksize': 48}", "ProcessParameterInvalid", "64, 128" },
		{ "'format': 'COG', 'options': {'blocksize': 8192}", "ProcessParameterInvalid", "64, 128" },
		{ "'format': 'COG', 'options': {'blocksize': '512'}", "ProcessParameterInvalid",
		  "64, 128" },
		{ "'format': 'COG', 'options': {'resampling': 'best'}", "ProcessParameterInvalid",
		  "NEAREST, AVERAGE, MODE" },
		{ "'format': 'GTiff', 'options': {'resampling': 'average'}", "ProcessParameterUnsupported",
		  "'resampling'" },
		{ "'format': 'GTiff', 'options': {'dtype': 'float32', 'nodata': 1e39}",
		  "ProcessParameterInvalid", "1e+39 does not fit float32" },
		{ "'format': 'PNG', 'options': {'compress': 'LZW'}", "ProcessParameterUnsupported",
		  "none" },
		{ "'format': 'GTiff', 'options': {'compress': 'ZIP'}", "ProcessParameterInvalid",
		  "LZW, DEFLATE" },
		{ "'format': 'GTiff', 'options': {'compress': 5}", "ProcessParameterInvalid",
		  "'compress'" },
		{ "'format': 'GTiff', 'options': {'predictor': 4}", "ProcessParameterInvalid",
		  "1, 2 or 3" },
		{ "'format': 'GTiff', 'options': {'predictor': 3}", "ProcessParameterInvalid", "integer" },
		{ "'format': 'GTiff', 'options': {'predictor': 2, 'compress': 'none'}",
		  "ProcessParameterInvalid", "compress" },
		{ "'format': 'GTiff', 'options': {'blockxsize': 100}", "ProcessParameterInvalid",
		  "multiple of 16" },
		{ "'format': 'GTiff', 'options': {'blockysize': 0}", "ProcessParameterInvalid",
		  "multiple of 16" },
		{ "'format': 'GTiff', 'options': {'blockysize': 8192}", "ProcessParameterInvalid", "4096" },
		{ "'format': 'GTiff', 'options': {'tiled': 'yes'}", "ProcessParameterInvalid",
		  "true or false" },
		{ "'format': 'GTiff', 'options': {'tiled': false, 'blockxsize': 16}",
		  "ProcessParameterInvalid", "tiled" },
		{ "'format': 'GTiff', 'options': {'bigtiff': 'MAYBE'}", "ProcessParameterInvalid",
		  "IF_SAFER" },
		{ "'format': 'GTiff', 'options': {'overviews': 2}", "ProcessParameterInvalid",
		  "overviews" },
		{ "'format': 'GTiff', 'options': {'dtype': 'int64'}", "ProcessParameterInvalid",
		  "float64" },
		{ "'format': 'GTiff', 'options': {'nodata': 256}", "ProcessParameterInvalid",
		  "256 does not fit uint8" },
		{ "'format': 'GTiff', 'options': {'nodata': 1.5}", "ProcessParameterInvalid",
		  "does not fit" },
		{ "'format': 'GTiff', 'options': {'nodata': 'nan'}", "ProcessParameterInvalid",
		  "does not fit" },
		{ "'format': 'GTiff', 'options': {'nodata': []}", "ProcessParameterInvalid", "a number" },
		{ "'format': 'GTiff', 'options': {'dates': 'rows'}", "ProcessParameterInvalid", "bands" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		fixture_t fixture;
		fixture_init (&fixture);
		fixture_add_items (&fixture, 2, s_items);
		int rc = fixture_plan_max (&fixture, "", rows[i].save);
		if (rc == 0 || strcmp (fixture.err.code, rows[i].code) != 0 ||
		    strstr (fixture.err.text, rows[i].word) == NULL)
			fail_msg ("%s: %d %s: %s", rows[i].save, rc, fixture.err.code, fixture.err.text);
		assert_string_equal (fixture.err.where, "save");
		fixture_clear (&fixture);
	}
}

static void
test_defaults (void **state)
{
	(void) state;
	fixture_t fixture;
	fixture_init (&fixture);
	fixture_add_items (&fixture, 2, s_items);
	assert_int_equal (
		fixture_plan_max (&fixture, "", "'format': 'gtiff', 'options': {'compress': null}"), 0);
	const weir_format_options_t *options = &fixture.plan->outputs[0].options;
	assert_int_equal (fixture.plan->outputs[0].format, WEIR_FORMAT_GTIFF);
	assert_string_equal (options->compress, "DEFLATE");
	assert_string_equal (options->bigtiff, "IF_SAFER");
	assert_int_equal (options->predictor, 1);
	assert_int_equal (options->block_width, 512);
	assert_int_equal (options->block_height, 512);
	assert_true (options->tiled && !options->overviews && !options->dates_as_bands);
	fixture_clear (&fixture);
}

static void
test_all_options (void **state)
{
	(void) state;
	fixture_t fixture;
	fixture_init (&fixture);
	fixture_add_items (&fixture, 2, s_items);
	assert_int_equal (
		fixture_plan_max (
			&fixture, "",
			"'format': 'GTIFF', 'options': {'compress': 'lzw', 'predictor': 2, 'blockxsize': 256,"
			"'blockysize': 128, 'bigtiff': 'yes', 'overviews': true, 'dtype': 'int16',"
			"'nodata': -1, 'dates': 'bands'}"),
		0);
	const weir_plan_output_t *output = &fixture.plan->outputs[0];
	assert_string_equal (output->options.compress, "LZW");
	assert_string_equal (output->options.bigtiff, "YES");
	assert_int_equal (output->options.predictor, 2);
	assert_int_equal (output->options.block_width, 256);
	assert_int_equal (output->options.block_height, 128);
	assert_true (output->options.overviews && output->options.dates_as_bands);
	assert_int_equal (output->pipeline.out.type, WEIR_I16);
	assert_true (output->pipeline.out.has_nodata && output->pipeline.out.nodata == -1);
	assert_int_equal (output->block_bytes, 100 * 100 * 2);
	fixture_clear (&fixture);
}

/* dtype without nodata: kept where it fits, else the type's own end, NaN in floats. */
static void
test_dtype (void **state)
{
	(void) state;
	static const struct {
		const char *dtype;
		weir_cell_t out;
	} rows[] = {
		{ "uint8", { .type = WEIR_U8, .has_nodata = true, .nodata = 255 } },
		{ "int8", { .type = WEIR_I8, .has_nodata = true, .nodata = -128 } },
		{ "uint16", { .type = WEIR_U16, .has_nodata = true, .nodata = 255 } },
		{ "float32", { .type = WEIR_F32, .has_nodata = true } },
		{ "float64", { .type = WEIR_F64, .has_nodata = true } },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		fixture_t fixture;
		char save[128];
		fixture_init (&fixture);
		fixture_add_items (&fixture, 2, s_items);
		snprintf (save, sizeof save, "'format': 'GTiff', 'options': {'dtype': '%s'}",
		          rows[i].dtype);
		assert_int_equal (fixture_plan_max (&fixture, "", save), 0);
		assert_true (weir_cell_equal (fixture.plan->outputs[0].pipeline.out, rows[i].out));
		fixture_clear (&fixture);
	}
	fixture_t fixture;
	fixture_init (&fixture);
	fixture_add_items (&fixture, 1, s_floats);
	assert_int_equal (
		fixture_plan_max (&fixture, "", "'format': 'GTiff', 'options': {'dtype': 'uint8'}"), 0);
	assert_true (fixture.plan->outputs[0].pipeline.out.nodata == 255);
	assert_int_equal (
		fixture_plan_max (&fixture, "", "'format': 'GTiff', 'options': {'predictor': 3}"), 0);
	assert_int_equal (
		fixture_plan_max (&fixture, "", "'format': 'GTiff', 'options': {'predictor': 2}"),
		WEIR_E_INVALID);
	assert_int_equal (
		fixture_plan_max (&fixture, "", "'format': 'GTiff', 'options': {'nodata': 'nan'}"), 0);
	assert_int_equal (
		fixture_plan_max (&fixture, "", "'format': 'GTiff', 'options': {'nodata': -9999.9}"), 0);
	const weir_plan_output_t *output = &fixture.plan->outputs[0];
	assert_true (output->options.has_nodata);
	assert_true (output->options.nodata == (double) -9999.9F); /* as a float32 has it */
	assert_true (weir_cell_equal (output->pipeline.out, weir_cell_float (WEIR_F32)));
	fixture_clear (&fixture);
}

static void
test_cog (void **state)
{
	(void) state;
	fixture_t fixture;
	fixture_init (&fixture);
	fixture_add_items (&fixture, 2, s_items);
	assert_int_equal (fixture_plan_max (&fixture, "", "'format': 'cog'"), 0);
	const weir_plan_output_t *output = &fixture.plan->outputs[0];
	assert_int_equal (output->format, WEIR_FORMAT_COG);
	assert_true (output->options.tiled && output->options.overviews);
	assert_null (output->options.resampling);
	assert_int_equal (output->options.block_width, 512);
	assert_int_equal (
		fixture_plan_max (&fixture, "",
	                      "'format': 'COG', 'options': {'blocksize': 128, 'overviews': false,"
	                      "'resampling': 'Average', 'compress': 'zstd', 'predictor': 2,"
	                      "'nodata': 7}"),
		0);
	output = &fixture.plan->outputs[0];
	assert_false (output->options.overviews);
	assert_string_equal (output->options.resampling, "AVERAGE");
	assert_int_equal (output->options.block_width, 128);
	assert_int_equal (output->options.block_height, 128);
	assert_true (output->pipeline.out.nodata == 7 && !output->options.has_nodata);
	fixture_clear (&fixture);
}

static void
test_strips (void **state)
{
	(void) state;
	fixture_t fixture;
	fixture_init (&fixture);
	fixture_add_items (&fixture, 2, s_items);
	assert_int_equal (
		fixture_plan_max (&fixture, "", "'format': 'GTiff', 'options': {'tiled': false}"), 0);
	const weir_plan_output_t *output = &fixture.plan->outputs[0];
	assert_false (output->options.tiled);
	assert_int_equal (output->options.block_height, 16); /* rows of a strip */
	assert_int_equal (output->chunk_width, 512);
	assert_int_equal (output->chunk_height, 112); /* whole strips, no more than the grid has */
	fixture_clear (&fixture);
}

/* PNG takes one band and no time. */
static void
test_png (void **state)
{
	(void) state;
	fixture_t fixture;
	fixture_init (&fixture);
	fixture_add_items (&fixture, 2, s_items);
	assert_int_equal (fixture_plan_max (&fixture, "", "'format': 'png', 'options': {}"), 0);
	assert_int_equal (fixture.plan->outputs[0].format, WEIR_FORMAT_PNG);
	assert_int_equal (fixture_plan (&fixture, "{'load': {'process_id': 'load_stac', 'arguments': "
	                                          "{'url': 'x'}}, 'save': {'process_id':"
	                                          "'save_result', 'arguments': {'data': {'from_node': "
	                                          "'load'}, 'format': 'PNG'}, 'result': true}}"),
	                  WEIR_E_UNSUPPORTED);
	assert_string_equal (fixture.err.code, "FormatUnsupported");
	assert_non_null (strstr (fixture.err.text, "temporal"));
	fixture_clear (&fixture);
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (test_refusals),    cmocka_unit_test (test_defaults),
		cmocka_unit_test (test_all_options), cmocka_unit_test (test_dtype),
		cmocka_unit_test (test_strips),      cmocka_unit_test (test_png),
		cmocka_unit_test (test_cog),
	};
	return cmocka_run_group_tests (tests, NULL, NULL);
}
