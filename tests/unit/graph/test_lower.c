/* test_lower.c - callbacks of apply: instructions, type of the result, values */
#include "cube/graph/eval.h"
#include "tests/unit/graph/fixture.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CASE(expression, in, out, prog, ...)                                                       \
	{                                                                                              \
		expression, in, out, prog,                                                                 \
		{                                                                                          \
			__VA_ARGS__                                                                            \
		}                                                                                          \
	}
#define END 12345678.0 /* of a list of pairs */

/* pairs: x, result, x, result, …; 0, 0 at the end where a table stops early is a pair too. */
static const struct {
	const char *expression, *in, *out, *prog;
	double pairs[10];
} s_cases[] = {
	/* the flood job */
	CASE ("if(or(is_nodata(x), eq(x, 0)), 0, x)", "u8/255", "u8/255",
	      "x0 is_nodata:0 0 eq:0,2 or:1,3 0 if:4,5,0", ND, 0, 0, 0, 7, 7, 254, 254, END),
	CASE ("if(gt(x, 0), 1, 0)", "i32/-2147483648", "u8/255", "x0 0 gt:0,1 1 0 if:2,3,4", ND, 0, 0,
	      0, 5, 1, -5, 0, END),
	/* constants alone, and booleans */
	CASE ("if(gt(x, 0), 254, 0)", "f64", "u8/255", NULL, 1, 254, END),
	CASE ("if(gt(x, 0), 255, 0)", "u8/255", "f32", NULL, 1, 255, END),
	CASE ("if(gt(x, 0), 255, 0)", "f64", "f64", NULL, 1, 255, END),
	CASE ("if(gt(x, 0), 0.5, 0)", "i16/-1", "f32", NULL, 1, 0.5, END),
	CASE ("if(gt(x, 0), -1, 0)", "u8/255", "f32", NULL, 1, -1, END),
	CASE ("gt(x, 3)", "f32", "bool", "x0 3 gt:0,1", 4, 1, 3, 0, ND, ND, NAN, 0, END),
	CASE ("between(x, 1, 3, true)", "u8/255", "bool", NULL, 1, 1, 3, 0, ND, ND, END),
	CASE ("neq(x, 3, 0.5)", "f32", "bool", NULL, 3.5, 0, 3.75, 1, NAN, 1, END),
	CASE ("if(gt(x, 0), true, is_nan(x))", "f32", "bool", NULL, NAN, 1, 1, 1, -1, 0, END),
	CASE ("if(is_nodata(x), null, null)", "u16", "u8/255", "nodata", 4, ND, END),
	/* null branches take the other branch's type */
	CASE ("if(gt(x, 9), x, null)", "u8/255", "u8/255", NULL, 10, 10, 9, ND, END),
	CASE ("if(gt(x, 9), x)", "i16/-9999", "i16/-9999", NULL, 10, 10, 9, ND, ND, ND, END),
	CASE ("if(gt(x, 9), null, 1)", "f64", "u8/255", NULL, 10, ND, 9, 1, END),
	CASE ("if(gt(x, 9), x, null)", "u8", "i16/-32768", NULL, 10, 10, 9, ND, END),
	CASE ("if(gt(x, 9), x, null)", "u16", "i32/-2147483648", NULL, 65535, 65535, 9, ND, END),
	CASE ("if(gt(x, 9), x, null)", "u32", "f64", NULL, 4294967295, 4294967295, 9, ND, END),
	CASE ("if(gt(x, 9), x, 3)", "u8", "u8", NULL, 255, 255, 9, 3, END),
	/* a constant beside cells */
	CASE ("if(is_nodata(x), 0, x)", "i16/-9999", "i16/-9999", NULL, ND, 0, -3, -3, END),
	CASE ("if(is_nodata(x), 255, x)", "u8/255", "i16/-32768", NULL, ND, 255, 3, 3, END),
	CASE ("if(is_nodata(x), 300, x)", "u8/255", "f32", NULL, ND, 300, 3, 3, END),
	CASE ("if(is_nodata(x), 0.5, x)", "i32/0", "f64", NULL, ND, 0.5, 3, 3, END),
	CASE ("if(is_nodata(x), 0.5, x)", "f32", "f32", NULL, ND, 0.5, 3, 3, END),
	CASE ("if(gt(x, 5), if(gt(x, 7), 1, 2), x)", "i16/-1", "i16/-1", NULL, 8, 1, 6, 2, 5, 5, END),
	/* booleans beside numbers are 0 and 1 */
	CASE ("if(gt(x, 5), gt(x, 7), x)", "i16/-1", "i16/-1", NULL, 8, 1, 6, 0, 5, 5, END),
	CASE ("if(gt(x, 5), gt(x, 7), 3)", "i16/-1", "u8/255", NULL, 8, 1, 6, 0, 5, 3, END),
	CASE ("add(gt(x, 5), gt(x, 7))", "u8/255", "f32", NULL, 8, 2, 6, 1, 5, 0, ND, ND, END),
	/* arithmetic */
	CASE ("add(x, 1)", "u8/255", "f32", "x0 1 add:0,1", 255, 256, ND, ND, END),
	CASE ("multiply(x, 0.0001)", "i16/-3000", "f32", NULL, 10000, 1, ND, ND, END),
	CASE ("add(x, 1)", "u32", "f64", NULL, 4294967295, 4294967296, END),
	CASE ("divide(x, 0)", "f64", "f64", NULL, 1, INFINITY, -1, -INFINITY, 0, NAN, ND, ND, END),
	CASE ("absolute(subtract(x, 5))", "u16/0", "f32", NULL, 3, 2, END),
	CASE ("add(x, null)", "u8/255", "u8/255", "nodata", 3, ND, END),
	CASE ("if(gt(x, 0), add(x, 1), x)", "u8/255", "f32", NULL, 3, 4, 0, 0, ND, ND, END),
	/* types never mix in comparisons, but no-data goes through */
	CASE ("eq(x, true)", "u8/255", "bool", NULL, 1, 0, ND, ND, END),
	CASE ("neq(x, true)", "u8/255", "bool", NULL, 1, 1, ND, ND, END),
	CASE ("neq(x, 'a')", "u8", "bool", "1", 1, 1, END),
	CASE ("gt(x, 'a')", "u8/255", "bool", NULL, 1, 0, ND, ND, END),
	CASE ("eq(x, 1)", "bool", "bool", NULL, 1, 0, ND, ND, END),
	CASE ("eq(x, true)", "bool", "bool", "x0 1 eq:0,1", 1, 1, 0, 0, ND, ND, END),
	CASE ("eq(x, null)", "u8/255", "u8/255", "nodata", 1, ND, END),
	/* three-valued logic */
	CASE ("or(gt(x, 1), true)", "u8/255", "bool", NULL, ND, 1, END),
	CASE ("and(gt(x, 1), null)", "u8/255", "bool", NULL, 0, 0, 2, ND, END),
	CASE ("xor(x, not(x))", "bool", "bool", NULL, 0, 1, 1, 1, ND, ND, END),
	CASE ("is_valid(divide(x, 0))", "u8/255", "bool", NULL, 1, 0, ND, 0, END),
	/* constants fold */
	CASE ("if(gt(2, 1), x, 300)", "u8/255", "u8/255", "x0", 3, 3, ND, ND, END),
	CASE ("if(eq('Ä', 'ä', null, false), add(1, 2), x)", "f32", "u8/255", "3", 9, 3, END),
	CASE ("add(x, subtract(multiply(2, 3), 5))", "f32", "f32", "x0 1 add:0,1", 1, 2, END),
	CASE ("if(context, 1, x)", "u8/255", "u8/255", "x0", 5, 5, END),
};

static void
s_lower (const char *expression, const char *in, weir_prog_t *prog)
{
	weir_err_t err = { 0 };
	weir_graph_t *graph = NULL;
	/* In a graph, so that context is bound; a literal cube has no type to check against. */
	json_t *callback = fixture_callback (expression);
	json_t *json = json_pack ("{s:{s:s, s:{s:{s:s}, s:o}, s:b}}", "a", "process_id", "apply",
	                          "arguments", "data", "type", "datacube", "process", callback,
	                          "result", 1);
	int rc = weir_graph_from_json (json, NULL, &graph, &err);
	if (rc != 0)
		print_error ("%s: %s: %s\n", expression, err.where, err.text);
	assert_int_equal (rc, 0);
	const weir_graph_node_t *node = weir_graph_find (graph, "a");
	rc = weir_lower_apply (weir_graph_argument_callback (graph, node, "process"), fixture_cell (in),
	                       prog, &err);
	assert_int_equal (rc, 0);
	assert_int_equal (weir_prog_check (prog, 1, &err), 0);
	weir_graph_destroy (&graph);
	json_decref (json);
}

static void
s_test_lower (void **state)
{
	(void) state;
	for (size_t i = 0; i < sizeof s_cases / sizeof s_cases[0]; i++) {
		weir_prog_t prog;
		s_lower (s_cases[i].expression, s_cases[i].in, &prog);
		if (strcmp (fixture_cell_text (prog.out), s_cases[i].out) != 0)
			fail_msg ("%s on %s: type %s, wanted %s", s_cases[i].expression, s_cases[i].in,
			          fixture_cell_text (prog.out), s_cases[i].out);
		if (s_cases[i].prog != NULL && strcmp (fixture_prog_text (&prog), s_cases[i].prog) != 0)
			fail_msg ("%s: %s, wanted %s", s_cases[i].expression, fixture_prog_text (&prog),
			          s_cases[i].prog);
		const double *pairs = s_cases[i].pairs;
		for (size_t k = 0; k + 1 < 10 && pairs[k] != END; k += 2) {
			double x = fixture_value (pairs[k]), got = weir_prog_eval (&prog, &x);
			if (!fixture_same (got, pairs[k + 1]))
				fail_msg ("%s: %g gives %g, wanted %g", s_cases[i].expression, pairs[k], got,
				          pairs[k + 1]);
		}
		weir_prog_clear (&prog);
	}
}

static const struct {
	const char *expression, *in, *where, *text;
} s_refused[] = {
	{ "and(x, true)", "u8/255", "and0",
	  "argument 'x': expected a boolean or null, found a number" },
	{ "if(x, 1, 0)", "u8/255", "if0",
	  "argument 'value': expected a boolean or null, found a number" },
	{ "if(gt(x, 1), 'a', 0)", "u8/255", "if1",
	  "argument 'accept': expected a number, a boolean or null, found a string" },
	{ "add(x, y)", "u8/255", "add0",
	  "argument 'y': parameter 'y' has no value that is known beforehand" },
	{ "eq(x, 1, y)", "u8/255", "eq0", "argument 'delta': expected a constant number from 0 on" },
	{ "eq(x, 1, -1)", "u8/255", "eq0", "argument 'delta': expected a constant number from 0 on" },
	{ "sum(x)", "u8/255", "sum0",
	  "argument 'data': sum needs a series, and here is one value at a time" },
};

static void
s_test_refused (void **state)
{
	(void) state;
	for (size_t i = 0; i < sizeof s_refused / sizeof s_refused[0]; i++) {
		weir_err_t err = { 0 };
		weir_graph_t *graph = NULL;
		weir_prog_t prog;
		json_t *callback = fixture_callback (s_refused[i].expression);
		int rc = weir_callback_new (callback, "x y", &graph, &err);
		assert_int_equal (rc, 0);
		rc = weir_lower_apply (graph, fixture_cell (s_refused[i].in), &prog, &err);
		assert_int_equal (rc, WEIR_E_INVALID);
		assert_string_equal (err.code, "ProcessParameterInvalid");
		assert_string_equal (err.where, s_refused[i].where);
		assert_string_equal (err.text, s_refused[i].text);
		weir_graph_destroy (&graph);
		json_decref (callback);
	}
}

/* add(add(add(… x …, 1), 1), 1): as long as a program may be, and one longer. */
static void
s_test_limit (void **state)
{
	(void) state;
	for (size_t n = 2047; n <= 2048; n++) {
		weir_err_t err = { 0 };
		weir_graph_t *graph = NULL;
		weir_prog_t prog;
		json_t *map = json_object ();
		char id[32], before[32];
		for (size_t i = 0; i < n; i++) {
			snprintf (id, sizeof id, "n%zu", i);
			snprintf (before, sizeof before, "n%zu", i - 1);
			json_t *x = i == 0 ? json_pack ("{s:s}", "from_parameter", "x")
			                   : json_pack ("{s:s}", "from_node", before);
			json_object_set_new (map, id,
			                     json_pack ("{s:s, s:{s:o, s:i}, s:b}", "process_id", "add",
			                                "arguments", "x", x, "y", 1, "result", i + 1 == n));
		}
		json_t *callback = json_pack ("{s:o}", "process_graph", map);
		assert_int_equal (weir_callback_new (callback, "x", &graph, &err), 0);
		int rc = weir_lower_apply (graph, fixture_cell ("f64"), &prog, &err);
		assert_int_equal (rc, n == 2047 ? 0 : WEIR_E_INVALID);
		if (rc == 0) {
			double x = 1;
			assert_true (weir_prog_eval (&prog, &x) == 2048);
			weir_prog_clear (&prog);
		}
		weir_graph_destroy (&graph);
		json_decref (callback);
	}
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (s_test_lower),
		cmocka_unit_test (s_test_refused),
		cmocka_unit_test (s_test_limit),
	};
	return cmocka_run_group_tests (tests, NULL, NULL);
}
