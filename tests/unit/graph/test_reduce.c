/* test_reduce.c - reducers: folds, types, the program after them */
#include "cube/graph/eval.h"
#include "tests/unit/graph/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* folds: "sum:i32/…" …; "!": ignore_nodata false, "?": condition, "*": count all. */
static const struct {
	const char *expression, *in, *folds, *post, *out;
} s_cases[] = {
	{ "sum(data)", "u8/255", "sum:i32/-2147483648", "", "i32/-2147483648" },
	{ "sum(data)", "i16/-1", "sum:i32/-2147483648", "", "i32/-2147483648" },
	{ "sum(data)", "u16", "sum:i32/-2147483648", "", "i32/-2147483648" },
	{ "sum(data)", "bool", "sum:i32/-2147483648", "", "i32/-2147483648" },
	{ "sum(data)", "i32/0", "sum:f64", "", "f64" },
	{ "sum(data)", "f32", "sum:f32", "", "f32" },
	{ "sum(data, false)", "f64", "!sum:f64", "", "f64" },
	{ "mean(data)", "u8/255", "mean:f32", "", "f32" },
	{ "mean(data)", "u32/0", "mean:f64", "", "f64" },
	{ "product(data)", "u8/255", "product:f32", "", "f32" },
	{ "product(data, false)", "i32/0", "!product:f64", "", "f64" },
	{ "sd(data)", "i16/-9999", "sd:f32", "", "f32" },
	{ "variance(data)", "f64", "variance:f64", "", "f64" },
	{ "divide(subtract(max(data), min(data)), add(max(data), min(data)))", "u8/255",
	  "max:u8/255 min:u8/255", "x0 x1 subtract:0,1 add:0,1 divide:2,3", "f32" },
	{ "divide(sd(data), mean(data))", "f32", "sd:f64 mean:f64", "x0 x1 divide:0,1", "f32" },
	{ "min(data)", "i16/-9999", "min:i16/-9999", "", "i16/-9999" },
	{ "max(data)", "u8", "max:u8", "", "u8" },
	{ "first(data)", "f32", "first:f32", "", "f32" },
	{ "last(data, false)", "u16/0", "!last:u16/0", "", "u16/0" },
	{ "count(data)", "f32", "count:u32", "", "u32" },
	{ "count(data, true)", "u8/255", "*count:u32", "", "u32" },
	{ "count(data, {gt(element, 2)})", "u8/255", "?count:u32", "", "u32" },
	{ "any(data)", "bool", "any:bool", "", "bool" },
	{ "all(data, false)", "bool", "!all:bool", "", "bool" },
	{ "max(data)", "bool", "max:bool", "", "bool" },
	{ "subtract(max(data), min(data))", "u8/255", "max:u8/255 min:u8/255", "x0 x1 subtract:0,1",
	  "f32" },
	{ "divide(sum(data), count(data))", "u8/255", "sum:i32/-2147483648 count:u32",
	  "x0 x1 divide:0,1", "f64" },
	{ "if(gt(count(data), 3), mean(data), null)", "f32", "count:u32 mean:f64",
	  "x0 3 gt:0,1 x1 nodata if:2,3,4", "f32" },
	{ "if(gt(count(data), 3), max(data), 0)", "i16/-9999", "count:u32 max:i16/-9999",
	  "x0 3 gt:0,1 x1 0 if:2,3,4", "i16/-9999" },
	{ "if(gt(count(data), 3), count(data), null)", "u8/255", "count:u32",
	  "x0 3 gt:0,1 nodata if:2,0,3", "f64" },
	{ "gt(sum(data), 0)", "u8/255", "sum:i32/-2147483648", "x0 0 gt:0,1", "bool" },
	/* the same fold twice is one; what a constant decides is dropped */
	{ "subtract(max(data), max(data))", "f32", "max:f32", "x0 subtract:0,0", "f32" },
	{ "if(true, max(data), sum(data))", "f32", "max:f32", "", "f32" },
	{ "add(if(false, sum(data), mean(data)), 1)", "f32", "mean:f64", "x0 1 add:0,1", "f32" },
};

static void
s_folds_text (const weir_fold_t *folds, size_t n, char *text)
{
	text[0] = '\0';
	for (size_t i = 0; i < n; i++)
		sprintf (text + strlen (text), "%s%s%s%s%s:%s", i > 0 ? " " : "",
		         folds[i].ignore_nodata ? "" : "!", folds[i].count_all ? "*" : "",
		         folds[i].has_condition ? "?" : "", weir_fold_name (folds[i].kind),
		         fixture_cell_text (folds[i].out));
}

static void
s_test_reduce (void **state)
{
	(void) state;
	for (size_t i = 0; i < sizeof s_cases / sizeof s_cases[0]; i++) {
		weir_err_t err = { 0 };
		weir_graph_t *graph = NULL;
		weir_fold_t folds[WEIR_PIPELINE_FOLDS_MAX];
		weir_prog_t post;
		weir_cell_t out;
		size_t n = 0;
		char text[512];
		json_t *callback = fixture_callback (s_cases[i].expression);
		int rc = weir_callback_new (callback, "data context", &graph, &err);
		if (rc == 0)
			rc = weir_lower_reducer (graph, fixture_cell (s_cases[i].in), folds, &n, &post, &out,
			                         &err);
		if (rc != 0)
			fail_msg ("%s: %s: %s", s_cases[i].expression, err.where, err.text);
		s_folds_text (folds, n, text);
		assert_string_equal (text, s_cases[i].folds);
		assert_string_equal (fixture_prog_text (&post), s_cases[i].post);
		assert_string_equal (fixture_cell_text (out), s_cases[i].out);
		for (size_t k = 0; k < n; k++) {
			if (folds[k].has_condition)
				assert_int_equal (weir_prog_check (&folds[k].condition, 1, &err), 0);
			weir_prog_clear (&folds[k].condition);
		}
		weir_prog_clear (&post);
		weir_graph_destroy (&graph);
		json_decref (callback);
	}
}

static const struct {
	const char *expression, *in, *where, *text;
} s_refused[] = {
	{ "add(data, 1)", "u8/255", "add0",
	  "argument 'x': expected one value, found the series 'data': fold it first" },
	{ "add(max(data), data)", "u8/255", "add1",
	  "argument 'y': expected one value, found the series 'data': fold it first" },
	{ "add(1, 2)", "u8/255", "add0",
	  "process 'add': the reducer folds nothing: its result does not depend on 'data'" },
	{ "any(data)", "u8/255", "any0", "argument 'data': any expects booleans, found numbers" },
	{ "sum(context)", "u8/255", "sum0",
	  "argument 'data': only the reducer's parameter 'data' can be folded by sum" },
	{ "count(data, {add(element, 2)})", "u8/255", "count0",
	  "argument 'condition': expected a process graph that gives a boolean" },
	{ "count(data, {gt(element, data)})", "u8/255", "count0/gt0",
	  "argument 'y': parameter 'data' has no value that is known beforehand" },
	{ "count(data, false)", "u8/255", "count0",
	  "argument 'condition': expected true, null or a process graph, found a boolean" },
	{ "add(add(add(max(data), max(data, false)), add(min(data), min(data, false))),"
	  " add(add(sum(data), sum(data, false)),"
	  " add(mean(data), add(mean(data, false), count(data)))))",
	  "u8/255", "count12", "process 'count': more than 8 folds in one reducer" },
};

static void
s_test_refused (void **state)
{
	(void) state;
	for (size_t i = 0; i < sizeof s_refused / sizeof s_refused[0]; i++) {
		weir_err_t err = { 0 };
		weir_graph_t *graph = NULL;
		weir_fold_t folds[WEIR_PIPELINE_FOLDS_MAX];
		weir_prog_t post;
		weir_cell_t out;
		size_t n = 0;
		json_t *callback = fixture_callback (s_refused[i].expression);
		int rc = weir_callback_new (callback, "data context", &graph, &err);
		assert_int_equal (rc, 0);
		rc = weir_lower_reducer (graph, fixture_cell (s_refused[i].in), folds, &n, &post, &out,
		                         &err);
		assert_int_equal (rc, WEIR_E_INVALID);
		assert_string_equal (err.code, "ProcessParameterInvalid");
		assert_string_equal (err.text, s_refused[i].text);
		assert_string_equal (err.where, s_refused[i].where);
		weir_graph_destroy (&graph);
		json_decref (callback);
	}
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (s_test_reduce),
		cmocka_unit_test (s_test_refused),
	};
	return cmocka_run_group_tests (tests, NULL, NULL);
}
