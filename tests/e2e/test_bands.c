/* test_bands.c - bands as a dimension: elements, folds over them before and after time; apart */
#include "tests/e2e/harness.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N_CELLS = 4, N_BANDS = 3 };
#define ND NAN

/* Two dates of four cells in three bands; 255 is no-data. */
static void
s_make (void)
{
	static const uint8_t first[N_BANDS * N_CELLS] = { 10, 20,  255, 255, /* b1 */
		                                              4,  255, 6,   255, /* b2 */
		                                              1,  2,   3,   255 };
	static const uint8_t second[N_BANDS * N_CELLS] = {
		30, 255, 5, 255, 2, 8, 6, 255, 1, 2, 3, 255
	};
	static const e2e_item_t items[] = {
		{ "one", "2021-05-01T00:00:00Z", 0, 0, N_CELLS, 1, first },
		{ "two", "2021-05-02T00:00:00Z", 0, 0, N_CELLS, 1, second },
	};
	static const e2e_archive_t archive = { .folder = "small",
		                                   .band = "b",
		                                   .type = GDT_Byte,
		                                   .has_nodata = true,
		                                   .nodata = 255,
		                                   .n_bands = N_BANDS };
	e2e_make_archive (&archive, 2, items);
}

#define DATA "'data': {'from_parameter': 'data'}"
#define ONE(process, more)                                                                         \
	"'f': {'process_id': '" process "', 'arguments': {" DATA more "}, 'result': true}"
#define ELEMENT(node, more)                                                                        \
	"'" node "': {'process_id': 'array_element', 'arguments': {" DATA ", " more "}}"

typedef struct {
	const char *over_bands, *over_time; /* nodes of the reducers */
	bool is_after;                      /* bands after time */
	GDALDataType type;
	double want[N_CELLS];
} s_case_t;

static const s_case_t s_cases[] = {
	/* after `first` the bands hold 10 20 5 -, 4 8 6 -, 1 2 3 - */
	{ ONE ("max", ""), ONE ("first", ""), true, GDT_Byte, { 10, 20, 6, ND } },
	{ ONE ("min", ""), ONE ("first", ""), true, GDT_Byte, { 1, 2, 3, ND } },
	{ ONE ("sum", ""), ONE ("first", ""), true, GDT_Int32, { 15, 30, 14, ND } },
	{ ONE ("product", ""), ONE ("first", ""), true, GDT_Float32, { 40, 320, 90, ND } },
	{ ONE ("mean", ""), ONE ("first", ""), true, GDT_Float32, { 5, 10, 14.0 / 3, ND } },
	{ ONE ("variance", ""), ONE ("first", ""), true, GDT_Float32, { 21, 84, 7.0 / 3, ND } },
	{ ONE ("sd", ""),
	  ONE ("first", ""),
	  true,
	  GDT_Float32,
	  { 4.58257569, 9.16515139, 1.52752523, ND } },
	{ ONE ("count", ""), ONE ("first", ""), true, GDT_UInt32, { 3, 3, 3, 0 } },
	{ ONE ("first", ""), ONE ("first", ""), true, GDT_Byte, { 10, 20, 5, ND } },
	{ ONE ("last", ""), ONE ("first", ""), true, GDT_Byte, { 1, 2, 3, ND } },
	{ ONE ("array_element", ", 'label': 'b2'"),
	  ONE ("first", ""),
	  true,
	  GDT_Byte,
	  { 4, 8, 6, ND } },
	{ ONE ("array_element", ", 'index': 2"), ONE ("first", ""), true, GDT_Byte, { 1, 2, 3, ND } },
	/* before: date by date */
	{ ONE ("max", ""), ONE ("sum", ""), false, GDT_Int32, { 40, 28, 12, ND } },
	{ ONE ("min", ", 'ignore_nodata': false"), ONE ("max", ""), false, GDT_Byte, { 1, ND, 3, ND } },
	{ ONE ("count", ""), ONE ("sum", ""), false, GDT_Float64, { 6, 4, 5, 0 } },
	{ ONE ("array_element", ", 'index': 0"),
	  ONE ("mean", ""),
	  false,
	  GDT_Float32,
	  { 20, 20, 5, ND } },
	{ ELEMENT ("a", "'label': 'b1'") "," ELEMENT ("b", "'label': 'b3'") "," ELEMENT (
		  "c",
		  "'label': 'b9', 'return_nodata': true") ","
	                                              "'n': {'process_id': 'is_nodata', 'arguments': {'x': {'from_node': 'c'}}},"
	                                              "'d': {'process_id': 'subtract', 'arguments': {'x': {'from_node': 'a'}, 'y': {'from_node': 'b'}}},"
	                                              "'f': {'process_id': 'if', 'arguments': {'value': {'from_node': 'n'}, 'accept': {'from_node': 'd'},"
	                                              " 'reject': 0}, 'result': true}",
	  ONE ("max", ""),
	  false,
	  GDT_Float32,
	  { 29, 18, 2, ND } },
	/* several folds in one callback: (max - min) / (max + min) over time, of b1 */
	{ ONE ("array_element", ", 'index': 0"),
	  "'a': {'process_id': 'max', 'arguments': {" DATA "}},"
	  "'b': {'process_id': 'min', 'arguments': {" DATA "}},"
	  "'f': {'process_id': 'normalized_difference', 'arguments': {'x': {'from_node': 'a'}, "
	  "'y': {'from_node': 'b'}}, 'result': true}",
	  false,
	  GDT_Float32,
	  { 0.5, 0, 0, ND } },
};

static void
s_write_graph (const s_case_t *c)
{
	char text[8192];
	snprintf (
		text, sizeof text,
		"{'load': {'process_id': 'load_stac', 'arguments': {'url': 'small/collection.json'}},\n"
		"'b': {'process_id': 'reduce_dimension', 'arguments': {'data': {'from_node': '%s'}, "
		"'dimension': 'bands', 'reducer': {'process_graph': {%s}}}},\n"
		"'t': {'process_id': 'reduce_dimension', 'arguments': {'data': {'from_node': '%s'}, "
		"'dimension': 't', 'reducer': {'process_graph': {%s}}}},\n"
		"'save': {'process_id': 'save_result', 'arguments': {'data': {'from_node': '%s'}, "
		"'format': 'GTiff'}, 'result': true}}\n",
		c->is_after ? "t" : "load", c->over_bands, c->is_after ? "load" : "b", c->over_time,
		c->is_after ? "b" : "t");
	for (char *at = text; *at != '\0'; at++)
		*at = *at == '\'' ? '"' : *at;
	e2e_write ("graph.json", "%s", text);
}

static bool
s_is_near (const e2e_raster_t *raster, double got, double want)
{
	if (isnan (want))
		return isnan (got) || (raster->has_nodata && got == raster->nodata);
	return fabs (got - want) <= 1e-6 * fabs (want);
}

static void
test_reductions_over_bands (void **state)
{
	(void) state;
	s_make ();
	for (size_t i = 0; i < sizeof s_cases / sizeof s_cases[0]; i++) {
		s_write_graph (&s_cases[i]);
		e2e_expect (0, "run graph.json -o out");
		e2e_raster_t got = e2e_raster ("out/result.tif");
		assert_int_equal (got.n_bands, 1);
		for (int c = 0; c < N_CELLS; c++)
			if (!s_is_near (&got, got.cells[c], s_cases[i].want[c]))
				fail_msg ("case %zu: cell %d: %.9g, not %.9g", i, c, got.cells[c],
				          s_cases[i].want[c]);
		if (got.type != s_cases[i].type)
			fail_msg ("case %zu: %s", i, GDALGetDataTypeName (got.type));
		e2e_raster_free (&got);
	}
}

/* What is not reduced stays: every band for itself, and all of them in the file. */
static void
test_bands_stay_apart (void **state)
{
	(void) state;
	static const double want[N_BANDS * N_CELLS] = { 31, 21, 6, ND, 5, 9, 7, ND, 2, 3, 4, ND };
	s_make ();
	e2e_write (
		"apart.json", "%s",
		"{\"load\": {\"process_id\": \"load_stac\", \"arguments\": {\"url\": "
		"\"small/collection.json\"}},\n"
		"\"add\": {\"process_id\": \"apply\", \"arguments\": {\"data\": {\"from_node\": \"load\"}, "
		"\"process\": {\"process_graph\": {\"a\": {\"process_id\": \"add\", \"arguments\": {\"x\": "
		"{\"from_parameter\": \"x\"}, \"y\": 1}, \"result\": true}}}}},\n"
		"\"t\": {\"process_id\": \"reduce_dimension\", \"arguments\": {\"data\": {\"from_node\": "
		"\"add\"}, \"dimension\": \"t\", \"reducer\": {\"process_graph\": {\"f\": {\"process_id\": "
		"\"max\", \"arguments\": {\"data\": {\"from_parameter\": \"data\"}}, \"result\": true}}}}},\n"
		"\"save\": {\"process_id\": \"save_result\", \"arguments\": {\"data\": {\"from_node\": \"t\"}, "
		"\"format\": \"GTiff\"}, \"result\": true}}\n");
	e2e_expect (0, "run apart.json -o out");
	e2e_raster_t got = e2e_raster ("out/result.tif");
	assert_int_equal (got.n_bands, N_BANDS);
	assert_string_equal (got.description, "b1");
	for (int i = 0; i < N_BANDS * N_CELLS; i++)
		assert_true (s_is_near (&got, got.cells[i], want[i]));
	e2e_raster_free (&got);
}

static void
test_elements_that_are_not_there (void **state)
{
	(void) state;
	static const struct {
		const char *more, *code;
	} rows[] = {
		{ ONE ("array_element", ", 'label': 'b9'"), "ArrayElementNotAvailable" },
		{ ONE ("array_element", ", 'index': 3"), "ArrayElementNotAvailable" },
		{ ONE ("array_element", ", 'index': -1"), "ArrayElementNotAvailable" },
		{ ONE ("array_element", ""), "ArrayElementParameterMissing" },
		{ ONE ("array_element", ", 'index': 0, 'label': 'b1'"), "ArrayElementParameterConflict" },
	};
	s_make ();
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		s_case_t c = { .over_bands = rows[i].more, .over_time = ONE ("max", "") };
		s_write_graph (&c);
		e2e_result_t result = e2e_weir ("run graph.json -o none");
		assert_true (result.status == 1 || result.status == 2);
		if (strstr (result.err, rows[i].code) == NULL)
			fail_msg ("%s: %s", rows[i].code, result.err);
		assert_false (e2e_exists ("none/result.tif"));
		e2e_free (&result);
	}
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (test_reductions_over_bands),
		cmocka_unit_test (test_bands_stay_apart),
		cmocka_unit_test (test_elements_that_are_not_there),
	};
	return cmocka_run_group_tests (tests, e2e_setup, e2e_teardown);
}
