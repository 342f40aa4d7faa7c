/* test_parse.c - graphs that are let through, and what is said of those that are not */
#include "tests/unit/graph/fixture.h"

#include "runtime/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LOAD "'l':{'process_id':'load_stac','arguments':{'url':'u'}}"
#define SAVE(data)                                                                                 \
	"'s':{'process_id':'save_result','arguments':{'data':{'from_node':'" data                      \
	"'},'format':'GTiff'},'result':true}"
#define APPLY(process)                                                                             \
	"'a':{'process_id':'apply','arguments':{'data':{'from_node':'l'},'process':" process "}}"
#define ADD(x, y, result)                                                                          \
	"{'process_id':'add','arguments':{'x':" x ",'y':" y "},'result':" result "}"
#define WITH(callback) "{" LOAD "," APPLY (callback) "," SAVE ("a") "}"
#define X "{'from_parameter':'x'}"

static const struct {
	const char *text, *code, *where, *reason;
} s_bad[] = {
	/* not a graph */
	{ "", "ProcessGraphInvalid", "", "not JSON: line 1, column 0" },
	{ "{'a':\n  {'b'}}", "ProcessGraphInvalid", "", "not JSON: line 2, column 7: ':' expected" },
	{ "{'a':1,'a':2}", "ProcessGraphInvalid", "", "duplicate object key" },
	{ "\xFF", "ProcessGraphInvalid", "", "not JSON" },
	{ "null", "ProcessGraphInvalid", "", "process graph: expected an object, found null" },
	{ "[]", "ProcessGraphInvalid", "", "process graph: expected an object, found an array" },
	{ "3", "ProcessGraphInvalid", "", "process graph: expected an object, found a number" },
	{ "{}", "ProcessGraphMissing", "", "no nodes" },
	{ "{'process_graph':{}}", "ProcessGraphMissing", "", "no nodes" },
	{ "{'process':{'process_graph':{}}}", "ProcessGraphMissing", "", "no nodes" },
	{ "{'process_graph':null}", "ProcessGraphInvalid", "",
	  "process_graph: expected an object, found null" },
	{ "{'process_graph':'a'}", "ProcessGraphInvalid", "",
	  "process_graph: expected an object, found a string" },
	/* nodes */
	{ "{'a':null}", "ProcessGraphInvalid", "a", "node: expected an object, found null" },
	{ "{'a':{}}", "ProcessGraphInvalid", "a", "process_id: expected a string, found nothing" },
	{ "{'a':{'process_id':3}}", "ProcessGraphInvalid", "a",
	  "process_id: expected a string, found a number" },
	{ "{'a':{'process_id':'add'}}", "ProcessGraphInvalid", "a",
	  "arguments: expected an object, found nothing" },
	{ "{'a':{'process_id':'add','arguments':[]}}", "ProcessGraphInvalid", "a",
	  "arguments: expected an object, found an array" },
	{ "{'a':{'process_id':'add','arguments':{},'result':1}}", "ProcessGraphInvalid", "a",
	  "result: expected a boolean, found a number" },
	{ "{'a':{'process_id':'frobnicate','arguments':{}}}", "ProcessUnsupported", "a",
	  "process 'frobnicate': there is no such process" },
	{ "{'a':{'process_id':'add','namespace':'me','arguments':{}}}", "ProcessUnsupported", "a",
	  "in that namespace" },
	{ "{'a\\nb':3}", "ProcessGraphInvalid", "a?b", "node: expected an object, found a number" },
	/* arguments */
	{ "{'a':{'process_id':'add','arguments':{'x':1}}}", "ProcessParameterRequired", "a",
	  "argument 'y': add needs it, and it is missing" },
	{ "{'a':{'process_id':'add','arguments':{'x':1,'y':1,'w':1}}}", "ProcessParameterUnsupported",
	  "a", "argument 'w': add has no such parameter" },
	{ "{'a':" ADD ("1", "'b'", "true") "}", "ProcessParameterInvalid", "a",
	  "argument 'y': expected a number or null, found a string" },
	{ "{'a':" ADD ("1", "[]", "true") "}", "ProcessParameterInvalid", "a",
	  "argument 'y': expected a number or null, found an array" },
	{ "{'l':{'process_id':'load_stac','arguments':{'url':null}}}", "ProcessParameterInvalid", "l",
	  "argument 'url': expected a string, found null" },
	{ "{'l':{'process_id':'load_stac','arguments':{'url':'u','bands':'b'}}}",
	  "ProcessParameterInvalid", "l",
	  "argument 'bands': expected an array or null, found a string" },
	{ "{'l':{'process_id':'load_stac','arguments':{'url':'u','properties':{'p':3}}}}",
	  "ProcessParameterInvalid", "l",
	  "argument 'properties': 'p': expected a process graph, found a number" },
	{ "{'s':{'process_id':'save_result','arguments':{'data':3,'format':'PNG'}}}",
	  "ProcessParameterInvalid", "s", "argument 'data': expected a raster cube, found a number" },
	{ "{" LOAD ",'s':{'process_id':'save_result','arguments':{'data':{'from_node':'l'},'format':"
	  "'PNG','options':null}}}",
	  "ProcessParameterInvalid", "s", "argument 'options': expected an object, found null" },
	/* references */
	{ "{" LOAD "," SAVE ("k") "}", "ProcessGraphInvalid", "s",
	  "argument 'data': from_node 'k': there is no such node" },
	{ "{" LOAD "," SAVE ("k\\u0007") "}", "ProcessGraphInvalid", "s", "from_node 'k?'" },
	{ "{'a':" ADD ("{'from_node':3}", "1", "true") "}", "ProcessGraphInvalid", "a",
	  "argument 'x': from_node: expected a string, found a number" },
	{ "{'a':" ADD ("{'from_parameter':null}", "1", "true") "}", "ProcessGraphInvalid", "a",
	  "argument 'x': from_parameter: expected a string, found null" },
	{ "{'a':" ADD ("{'from_parameter':'p'}", "1", "true") "}", "ProcessParameterRequired", "a",
	  "argument 'x': parameter 'p' has no value" },
	{ "{'parameters':[],'process_graph':{'a':" ADD ("{'from_parameter':'p'}", "1", "true") "}}",
	  "ProcessGraphInvalid", "a", "argument 'x': from_parameter 'p': there is no such parameter" },
	{ "{'a':" ADD ("{'from_node':'a'}", "1", "true") "}", "ProcessGraphInvalid", "a",
	  "cycle: a → a" },
	{ "{'z':" ADD ("{'from_node':'a'}", "1", "true") ",'a':" ADD (
		  "1", "{'from_node':'b'}", "false") ","
	                                         "'b':" ADD ("{'from_node':'c'}", "1",
	                                                     "false") ",'c':" ADD ("{'from_node':'a'}",
	                                                                           "1", "false") "}",
	  "ProcessGraphInvalid", "a", "cycle: a → b → c → a" },
	{ "{'a':{'process_id':'first','arguments':{'data':[[{'from_node':'b'}]]},'result':true}}",
	  "ProcessGraphInvalid", "a", "from_node 'b': there is no such node" },
	{ "{" LOAD ",'a':" ADD ("{'from_node':'l'}", "1", "true") "}", "ProcessParameterInvalid", "a",
	  "argument 'x': expected a number or null, found what node 'l' (load_stac) gives" },
	{ "{'a':" ADD ("1", "1", "false") "," SAVE ("a") "}", "ProcessParameterInvalid", "s",
	  "argument 'data': expected a raster cube, found what node 'a' (add) gives" },
	{ "{'a':" ADD ("1", "1",
	               "false") ",'n':{'process_id':'not','arguments':{'x':{'from_node':'a'}},"
	                        "'result':true}}",
	  "ProcessParameterInvalid", "n", "argument 'x': expected a boolean or null" },
	/* results */
	{ "{" LOAD "}", "ProcessGraphInvalid", "", "no result node" },
	{ "{'a':" ADD ("1", "1", "true") ",'b':" ADD ("1", "1", "true") "}", "ProcessGraphInvalid", "b",
	  "two result nodes: 'a' is one already" },
	/* callbacks */
	{ WITH ("null"), "ProcessParameterInvalid", "a",
	  "argument 'process': expected a process graph, found null" },
	{ WITH ("{'add':1}"), "ProcessParameterInvalid", "a",
	  "argument 'process': expected a process graph, found an object" },
	{ WITH ("{'from_node':'l'}"), "ProcessParameterInvalid", "a",
	  "argument 'process': expected a process graph, found a reference to a node" },
	{ WITH ("{'process_graph':null}"), "ProcessGraphInvalid", "a",
	  "argument 'process': process_graph: expected an object, found null" },
	{ WITH ("{'process_graph':{}}"), "ProcessGraphMissing", "a", "argument 'process'" },
	{ WITH ("{'process_graph':{'i':null}}"), "ProcessGraphInvalid", "a/i",
	  "node: expected an object, found null" },
	{ WITH ("{'process_graph':{'i':{'process_id':'nope','arguments':{}}}}"), "ProcessUnsupported",
	  "a/i", "process 'nope'" },
	{ WITH ("{'process_graph':{'i':{'process_id':'add','arguments':{'x':" X "}}}}"),
	  "ProcessParameterRequired", "a/i", "argument 'y'" },
	{ WITH ("{'process_graph':{'i':" ADD ("{'from_parameter':'z'}", "1", "true") "}}"),
	  "ProcessGraphInvalid", "a/i", "from_parameter 'z': there is no such parameter" },
	{ WITH ("{'process_graph':{'i':" ADD ("{'from_node':'l'}", "1", "true") "}}"),
	  "ProcessGraphInvalid", "a/i", "from_node 'l': there is no such node" },
	{ WITH ("{'process_graph':{'i':" ADD (X, "1", "false") "}}"), "ProcessGraphInvalid", "a",
	  "no result node" },
	{ WITH ("{'process_graph':{'i':" ADD ("{'from_node':'i'}", "1", "true") "}}"),
	  "ProcessGraphInvalid", "a/i", "cycle: i → i" },
	{ WITH ("{'process_graph':{'i':{'process_id':'load_stac','arguments':{'url':'u'},"
	        "'result':true}}}"),
	  "ProcessUnsupported", "a/i",
	  "process 'load_stac': works on cubes, not inside another process" },
	{ WITH ("{'process_graph':{'i':{'process_id':'sum','arguments':{'data':" X
	        "},'result':true}}}"),
	  "ProcessParameterInvalid", "a/i", "argument 'data': sum needs a series" },
	{ "{" LOAD ",'r':{'process_id':'reduce_dimension','arguments':{'data':{'from_node':'l'},"
	  "'dimension':'t','reducer':{'process_graph':{'c':{'process_id':'count','arguments':{'data':"
	  "{'from_parameter':'data'},'condition':{'process_graph':{'g':{'process_id':'gt','arguments':"
	  "{'x':1}}}}},'result':true}}}},'result':true}}",
	  "ProcessParameterRequired", "r/c/g", "argument 'y'" },
	/* parameters of the process object */
	{ "{'parameters':3,'process_graph':{" LOAD "}}", "ProcessGraphInvalid", "",
	  "parameters: expected an array, found a number" },
	{ "{'parameters':[{}],'process_graph':{" LOAD "}}", "ProcessGraphInvalid", "",
	  "parameters: an entry has no name" },
	{ "{'parameters':[{'name':'p'}],'process_graph':{" LOAD "}}", "ProcessParameterRequired", "",
	  "parameter 'p': the graph needs a value for it" },
};

static void
s_test_bad (void **state)
{
	(void) state;
	for (size_t i = 0; i < sizeof s_bad / sizeof s_bad[0]; i++) {
		weir_err_t err = { 0 };
		weir_graph_t *graph = NULL;
		char *text = fixture_quotes (s_bad[i].text);
		/* In texts that quote: '…' of messages, not of JSON. */
		int rc = weir_graph_parse (text, strlen (text), NULL, &graph, &err);
		if (rc != WEIR_E_INVALID || strcmp (err.code, s_bad[i].code) != 0 ||
		    strcmp (err.where, s_bad[i].where) != 0 || strstr (err.text, s_bad[i].reason) == NULL)
			fail_msg ("%s\ngives %d %s: %s: %s\nwanted %s: %s: %s", text, rc, err.code, err.where,
			          err.text, s_bad[i].code, s_bad[i].where, s_bad[i].reason);
		assert_null (graph);
		free (text);
	}
}

static weir_graph_t *
s_parse (const char *quoted, const char *params_text, weir_err_t *err)
{
	weir_graph_t *graph = NULL;
	char *text = fixture_quotes (quoted);
	char *params_quoted = params_text != NULL ? fixture_quotes (params_text) : NULL;
	json_t *params = params_quoted != NULL ? json_loads (params_quoted, 0, NULL) : NULL;
	weir_err_clear (err);
	weir_graph_parse (text, strlen (text), params, &graph, err);
	json_decref (params);
	free (params_quoted);
	free (text);
	return graph;
}

static void
s_test_good (void **state)
{
	(void) state;
	weir_err_t err = { 0 };
	static const char map[] = "{" SAVE ("a") "," APPLY (
		"{'process_graph':{'i':" ADD (X, "{'from_parameter':'context'}", "true") "}}") "," LOAD "}";
	weir_graph_t *graph = s_parse (map, NULL, &err);
	assert_non_null (graph);
	assert_int_equal (weir_graph_n_nodes (graph), 3);
	assert_string_equal (weir_graph_node (graph, 0)->id, "l");
	assert_string_equal (weir_graph_node (graph, 1)->id, "a");
	assert_string_equal (weir_graph_node (graph, 2)->id, "s");
	assert_null (weir_graph_node (graph, 3));
	const weir_graph_node_t *save = weir_graph_result (graph),
							*apply = weir_graph_find (graph, "a");
	assert_ptr_equal (save, weir_graph_find (graph, "s"));
	assert_true (save->is_result);
	assert_ptr_equal (weir_graph_argument_node (graph, save, "data"), apply);
	assert_null (weir_graph_argument_node (graph, save, "format"));
	assert_null (weir_graph_find (graph, "q"));
	const weir_graph_t *callback = weir_graph_argument_callback (graph, apply, "process");
	assert_int_equal (weir_graph_n_nodes (callback), 1);
	assert_null (weir_graph_argument_callback (graph, apply, "data"));
	char *text = weir_graph_text (graph);
	assert_string_equal (
		text,
		"{\"process_graph\":{\"a\":{\"arguments\":{\"data\":{\"from_node\":\"l\"},\"process\":"
		"{\"process_graph\":{\"i\":{\"arguments\":{\"x\":{\"from_parameter\":\"x\"},\"y\":null},"
		"\"process_id\":\"add\",\"result\":true}}}},\"process_id\":\"apply\"},\"l\":{"
		"\"arguments\":{\"url\":\"u\"},\"process_id\":\"load_stac\"},\"s\":{\"arguments\":{"
		"\"data\":{\"from_node\":\"a\"},\"format\":\"GTiff\"},\"process_id\":\"save_result\","
		"\"result\":true}}}");
	weir_graph_destroy (&graph);
	weir_graph_destroy (&graph);
	/* What is written reads the same. */
	assert_int_equal (weir_graph_parse (text, strlen (text), NULL, &graph, &err), 0);
	char *again = weir_graph_text (graph);
	assert_string_equal (text, again);
	free (again);
	free (text);
	weir_graph_destroy (&graph);
}

#define PARAMETERS                                                                                 \
	"'parameters':[{'name':'u','schema':{'type':'string'}},"                                       \
	"{'name':'b','schema':{'type':['array','null']},'optional':true,'default':null}]"
#define PARAMETRIC                                                                                 \
	"'l':{'process_id':'load_stac','arguments':{'url':{'from_parameter':'u'},'bands':"             \
	"{'from_parameter':'b'}},'result':true}"

/* expected: the arguments of l, or the code of an error. */
static const struct {
	const char *text, *params, *expected;
} s_parametric[] = {
	{ "{" PARAMETERS ",'process_graph':{" PARAMETRIC "}}", "{'u':'a'}",
	  "{'bands':null,'url':'a'}" },
	{ "{'process':{" PARAMETERS ",'process_graph':{" PARAMETRIC "}}}", "{'u':'a','b':['x']}",
	  "{'bands':['x'],'url':'a'}" },
	{ "{" PARAMETRIC "}", "{'u':'a','b':['x']}", "{'bands':['x'],'url':'a'}" },
	{ "{" PARAMETERS ",'process_graph':{" PARAMETRIC "}}", "{'u':2022}",
	  "{'bands':null,'url':'2022'}" },
	{ "{" PARAMETERS ",'process_graph':{" PARAMETRIC "}}", NULL, "ProcessParameterRequired" },
	{ "{" PARAMETERS ",'process_graph':{" PARAMETRIC "}}", "{'u':['a']}",
	  "ProcessParameterInvalid" },
	{ "{" PARAMETERS ",'process_graph':{" PARAMETRIC "}}", "{'u':'a','b':'x'}",
	  "ProcessParameterInvalid" },
	{ "{" PARAMETERS ",'process_graph':{" PARAMETRIC "}}", "{'u':'a','v':1}",
	  "ProcessParameterUnsupported" },
	{ "{" PARAMETRIC "}", "{'u':'a','b':null,'v':1}", "ProcessParameterUnsupported" },
	{ "{" PARAMETRIC "}", "{'u':'a'}", "ProcessParameterRequired" },
	{ "{" PARAMETRIC "}", "{'u':'a','b':{'from_node':'zz'}}", "ProcessGraphInvalid" },
	{ "{" PARAMETRIC "}", "{'u':'a','b':{'from_node':'l'}}", "ProcessGraphInvalid" },
	{ "{" PARAMETRIC "}", "{'u':'a','b':[{'from_parameter':'q'}]}", "ProcessParameterRequired" },
};

static void
s_test_parameters (void **state)
{
	(void) state;
	for (size_t i = 0; i < sizeof s_parametric / sizeof s_parametric[0]; i++) {
		weir_err_t err = { 0 };
		weir_graph_t *graph = s_parse (s_parametric[i].text, s_parametric[i].params, &err);
		char *expected = fixture_quotes (s_parametric[i].expected);
		char *got = NULL;
		if (graph != NULL)
			got = json_dumps (weir_graph_find (graph, "l")->arguments,
			                  JSON_SORT_KEYS | JSON_COMPACT);
		if (strcmp (got != NULL ? got : err.code, expected) != 0)
			fail_msg ("%s with %s: %s %s, wanted %s", s_parametric[i].text, s_parametric[i].params,
			          got != NULL ? got : err.code, err.text, expected);
		free (got);
		free (expected);
		weir_graph_destroy (&graph);
	}
}

/* Conditions on properties are callbacks of their own. */
static void
s_test_properties (void **state)
{
	(void) state;
	weir_err_t err = { 0 };
	weir_graph_t *graph = s_parse (
		"{'l':{'process_id':'load_stac','arguments':{'url':'u','properties':{'eo:cloud_cover':"
		"{'process_graph':{'c':{'process_id':'lt','arguments':{'x':{'from_parameter':'value'},"
		"'y':{'from_parameter':'most'}},'result':true}}}}},'result':true}}",
		"{'most':20}", &err);
	assert_non_null (graph);
	const weir_graph_node_t *load = weir_graph_result (graph);
	const weir_graph_t *condition = weir_graph_argument_callback (graph, load,
	                                                              "properties/eo:cloud_cover");
	assert_non_null (condition);
	const json_t *y = json_object_get (weir_graph_result (condition)->arguments, "y");
	assert_int_equal (json_integer_value (y), 20);
	weir_graph_destroy (&graph);
}

static char *
s_repeat (const char *head, const char *piece, size_t n, const char *tail)
{
	size_t bytes = strlen (piece);
	char *text = weir_alloc (strlen (head) + n * bytes + strlen (tail) + 1);
	char *p = stpcpy (text, head);
	for (size_t i = 0; i < n; i++)
		p = stpcpy (p, piece);
	stpcpy (p, tail);
	return text;
}

static void
s_expect (const char *text, int status, const char *reason)
{
	weir_err_t err = { 0 };
	weir_graph_t *graph = NULL;
	assert_int_equal (weir_graph_parse (text, strlen (text), NULL, &graph, &err), status);
	if (strstr (err.text, reason) == NULL)
		fail_msg ("%s, wanted %s", err.text, reason);
	weir_graph_destroy (&graph);
}

static void
s_test_depth (void **state)
{
	(void) state;
	char *many = s_repeat ("", "[", 100000, "");
	s_expect (many, WEIR_E_INVALID, "not JSON");
	free (many);
	for (size_t n = 100; n <= 200; n += 100) {
		char *close = s_repeat ("", "]", n, "},\"result\":true}}");
		char *deep = s_repeat ("{\"f\":{\"process_id\":\"first\",\"arguments\":{\"data\":", "[", n,
		                       close);
		s_expect (deep, n == 100 ? 0 : WEIR_E_INVALID, n == 100 ? "" : "nested deeper than");
		free (deep);
		free (close);
	}
}

/* count in the condition of count in the condition of … */
static void
s_test_nesting (void **state)
{
	(void) state;
	static const char open[] =
		"{\"c\":{\"process_id\":\"count\",\"arguments\":{\"data\":[],\"condition\":"
		"{\"process_graph\":";
	static const char inner[] =
		"{\"c\":{\"process_id\":\"count\",\"arguments\":{\"data\":[]},\"result\":true}}";
	for (size_t n = 32; n <= 33; n++) {
		char *close = s_repeat (inner, "}},\"result\":true}}", n, "");
		char *text = s_repeat ("", open, n, close);
		s_expect (text, n == 32 ? 0 : WEIR_E_INVALID, n == 32 ? "" : "nested deeper than 32");
		free (text);
		free (close);
	}
}

/* Each context holds the outer one twice: 2^30 values if nobody counted. */
static void
s_test_blow_up (void **state)
{
	(void) state;
	static const char context[] = "{\"from_parameter\":\"context\"}";
	char *text = weir_strdup (
		"{\"c\":{\"process_id\":\"count\",\"arguments\":{\"data\":[]},\"result\":true}}");
	for (size_t i = 0; i < 30; i++) {
		char *next = weir_asprintf (
			"{\"c\":{\"process_id\":\"count\",\"arguments\":{\"data\":[],\"context\":"
			"[%s,%s],\"condition\":{\"process_graph\":%s}},\"result\":true}}",
			i == 29 ? "1" : context, i == 29 ? "1" : context, text);
		free (text);
		text = next;
	}
	s_expect (text, WEIR_E_INVALID, "the graph is too large");
	free (text);
}

/* A chain of many nodes costs no stack; one too many is refused. */
static void
s_test_chain (void **state)
{
	(void) state;
	for (size_t n = 100000; n <= 100001; n++) {
		weir_err_t err = { 0 };
		weir_graph_t *graph = NULL;
		json_t *map = json_object ();
		char id[32], next[32];
		for (size_t i = 0; i < n; i++) {
			snprintf (id, sizeof id, "%zu", i);
			snprintf (next, sizeof next, "%zu", i + 1);
			json_t *x = i + 1 == n ? json_integer (1) : json_pack ("{s:s}", "from_node", next);
			json_object_set_new (map, id,
			                     json_pack ("{s:s, s:{s:o}, s:b}", "process_id", "absolute",
			                                "arguments", "x", x, "result", i == 0));
		}
		int rc = weir_graph_from_json (map, NULL, &graph, &err);
		assert_int_equal (rc, n == 100000 ? 0 : WEIR_E_INVALID);
		if (rc == 0)
			assert_string_equal (weir_graph_node (graph, 0)->id, "99999");
		weir_graph_destroy (&graph);
		json_decref (map);
	}
}

/* Every beginning of a graph, and every byte of it changed, gives a graph or an error. */
static void
s_test_bytes (void **state)
{
	(void) state;
	char *text = fixture_quotes (WITH ("{'process_graph':{'i':" ADD (X, "1", "true") "}}"));
	size_t n = strlen (text);
	static const char bytes[] = { 0, '"', '{', '}', '[', ':', ',', '1', 'x', '\\', (char) 0xC3 };
	for (size_t i = 0; i <= n; i++) {
		weir_err_t err = { 0 };
		weir_graph_t *graph = NULL;
		int rc = weir_graph_parse (text, i, NULL, &graph, &err);
		assert_int_equal (rc == 0, graph != NULL);
		weir_graph_destroy (&graph);
		for (size_t k = 0; i < n && k < sizeof bytes; k++) {
			char was = text[i];
			text[i] = bytes[k];
			rc = weir_graph_parse (text, n, NULL, &graph, &err);
			assert_int_equal (rc == 0, graph != NULL);
			weir_graph_destroy (&graph);
			text[i] = was;
		}
	}
	free (text);
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (s_test_bad),        cmocka_unit_test (s_test_good),
		cmocka_unit_test (s_test_parameters), cmocka_unit_test (s_test_properties),
		cmocka_unit_test (s_test_depth),      cmocka_unit_test (s_test_nesting),
		cmocka_unit_test (s_test_blow_up),    cmocka_unit_test (s_test_chain),
		cmocka_unit_test (s_test_bytes),
	};
	return cmocka_run_group_tests (tests, NULL, NULL);
}
