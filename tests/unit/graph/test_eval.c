/* test_eval.c - evaluation on JSON values, where the vectors do not reach */
#include "cube/graph/eval.h"
#include "tests/unit/graph/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CUBE(data)                                                                                 \
	"{'type':'datacube','nodata':[255,0],'order':['time','b'],'dimensions':{'time':{'type':"       \
	"'temporal','values':['2020-01-01','2020-01-02']},'b':{'type':'bands','values':['r']}},"       \
	"'data':" data "}"
#define REDUCED(cell)                                                                              \
	"{'type':'datacube','nodata':[255,0],'order':['b'],'dimensions':"                              \
	"{'b':{'type':'bands','values':['r']}},'data':[" cell "]}"
#define GRAPH(process, arguments)                                                                  \
	"{'process_graph':{'n':{'process_id':'" process "','arguments':{" arguments "},'result':true}}}"
#define X "{'from_parameter':'x'}"
#define DATA "{'from_parameter':'data'}"

/* result: JSON, or an error's code. */
static const struct {
	const char *process, *arguments, *result;
} s_cases[] = {
	{ "add", "{'x':1,'y':2}", "3" },
	{ "add", "{'x':9007199254740993,'y':0.5}", "9007199254740992.0" },
	{ "add", "{'x':1}", "ProcessParameterRequired" },
	{ "add", "{'x':1,'y':2,'z':3}", "ProcessParameterUnsupported" },
	{ "add", "{'x':1,'y':'2'}", "ProcessParameterInvalid" },
	{ "add", "{'x':1,'y':true}", "ProcessParameterInvalid" },
	{ "add", "null", "ProcessGraphInvalid" },
	{ "plus", "{}", "ProcessUnsupported" },
	{ "load_stac", "{'url':'a'}", "ProcessUnsupported" },
	{ "divide", "{'x':0,'y':0}", "{'type':'number','value':'NaN'}" },
	{ "divide", "{'x':-1,'y':0}", "{'type':'number','value':'-Infinity'}" },
	{ "is_valid", "{'x':{'type':'number','value':'Infinity'}}", "false" },
	{ "eq", "{'x':[1],'y':[1]}", "false" },
	{ "eq", "{'x':'ÄΣЖ','y':'äσж','case_sensitive':false}", "true" },
	{ "eq", "{'x':'Äs','y':'äst','case_sensitive':false}", "false" },
	{ "xor", "{'x':null,'y':1}", "ProcessParameterInvalid" },
	{ "sum",
	  "{'data':{'type':'labeled-array','data':[{'key':'a','value':1},{'key':'b','value':2}]}}",
	  "3" },
	{ "sum", "{'data':[1,'a']}", "ProcessParameterInvalid" },
	{ "any", "{'data':[]}", "false" },
	{ "all", "{'data':[null]}", "true" },
	{ "any", "{'data':[1]}", "ProcessParameterInvalid" },
	{ "min", "{'data':[2,null],'ignore_nodata':false}", "null" },
	{ "count", "{'data':[1,{'type':'number','value':'NaN'},null]}", "1" },
	{ "count", "{'data':[1],'condition':" GRAPH ("add", "'x':1,'y':1") "}",
	  "ProcessParameterInvalid" },
	{ "count",
	  "{'data':[1,5],'condition':" GRAPH ("gt", "'x':{'from_parameter':'element'},"
	                                            "'y':{'from_parameter':'context'}") ",'context':3}",
	  "1" },
	/* cubes: every spelling of no-data comes out as the first */
	{ "apply", "{'data':" CUBE ("[[255],[7]]") ",'process':" GRAPH ("add", "'x':" X ",'y':1") "}",
	  CUBE ("[[255],[8]]") },
	{ "apply", "{'data':" CUBE ("[[0],[7]]") ",'process':" GRAPH ("is_nodata", "'x':" X) "}",
	  CUBE ("[[true],[false]]") },
	{ "apply", "{'data':" CUBE ("null") ",'process':" GRAPH ("is_nodata", "'x':" X) "}",
	  CUBE ("null") },
	{ "apply", "{'data':" CUBE ("[[1],[7],[3]]") ",'process':" GRAPH ("is_nodata", "'x':" X) "}",
	  "ProcessParameterInvalid" },
	{ "apply", "{'data':" CUBE ("[[1],7]") ",'process':" GRAPH ("is_nodata", "'x':" X) "}",
	  "ProcessParameterInvalid" },
	{ "apply", "{'data':" CUBE ("[[1],[[7]]]") ",'process':" GRAPH ("is_nodata", "'x':" X) "}",
	  "ProcessParameterInvalid" },
	{ "apply",
	  "{'data':" CUBE ("[[1],[7]]") ",'process':" GRAPH ("if", "'value':true,'accept':[1]") "}",
	  "ProcessParameterInvalid" },
	{ "apply", "{'data':3,'process':" GRAPH ("is_nodata", "'x':" X) "}",
	  "ProcessParameterInvalid" },
	{ "apply", "{'data':" CUBE ("[[1],[7]]") ",'process':3}", "ProcessParameterInvalid" },
	{ "apply", "{'data':" CUBE ("[[1],[7]]") ",'process':{'process_graph':{}}}",
	  "ProcessGraphMissing" },
	{ "apply",
	  "{'data':" CUBE ("[[1],[7]]") ",'process':" GRAPH ("is_nodata",
	                                                     "'x':{'from_parameter':'z'}") "}",
	  "ProcessGraphInvalid" },
	{ "reduce_dimension",
	  "{'data':" CUBE ("[[0],[7]]") ",'dimension':'t','reducer':" GRAPH ("max", "'data':" DATA) "}",
	  REDUCED ("7") },
	/* a valid 0 in the result cannot be spelled as no-data */
	{ "reduce_dimension",
	  "{'data':" CUBE ("[[0],[7]]") ",'dimension':'b','reducer':" GRAPH ("count",
	                                                                     "'data':" DATA) "}",
	  "{'type':'datacube','nodata':null,'order':['time'],'dimensions':{'time':{'type':'temporal',"
	  "'values':['2020-01-01','2020-01-02']}},'data':[0,1]}" },
	{ "reduce_dimension",
	  "{'data':" CUBE ("[[0],[7]]") ",'dimension':'x','reducer':" GRAPH ("max", "'data':" DATA) "}",
	  "DimensionNotAvailable" },
	{ "reduce_dimension",
	  "{'data':" CUBE ("[[0],[7]]") ",'dimension':'b','reducer':" GRAPH (
		  "if", "'value':true,'accept':" DATA) "}",
	  "ProcessParameterInvalid" },
	/* a condition inside a reducer sees the reducer's parameters */
	{ "reduce_dimension",
	  "{'data':" CUBE ("[[3],[7]]") ",'dimension':'t','context':3,'reducer':" GRAPH (
		  "count",
		  "'data':" DATA ",'condition':" GRAPH (
			  "eq",
			  "'x':{'from_parameter':'element'},"
			  "'y':{'from_parameter':'context'}") ",'context':{'from_parameter':'context'}") "}",
	  REDUCED ("1") },
};

static void
s_test_eval (void **state)
{
	(void) state;
	for (size_t i = 0; i < sizeof s_cases / sizeof s_cases[0]; i++) {
		weir_err_t err = { 0 };
		char *text = fixture_quotes (s_cases[i].arguments);
		char *wanted = fixture_quotes (s_cases[i].result);
		json_t *arguments = json_loads (text, JSON_DECODE_ANY, NULL), *result = NULL;
		assert_non_null (arguments);
		int rc = weir_process_eval (s_cases[i].process, arguments, &result, &err);
		if (s_cases[i].result[0] >= 'A' && s_cases[i].result[0] <= 'Z') {
			assert_int_not_equal (rc, 0);
			assert_null (result);
			if (strcmp (err.code, wanted) != 0)
				fail_msg ("%s %s: %s %s", s_cases[i].process, text, err.code, err.text);
		} else {
			json_t *json = json_loads (wanted, JSON_DECODE_ANY, NULL);
			char *got = json_dumps (result, JSON_ENCODE_ANY);
			if (rc != 0 || !json_equal (json, result))
				fail_msg ("%s %s: %s %s", s_cases[i].process, text, got != NULL ? got : "nothing",
				          err.text);
			free (got);
			json_decref (json);
		}
		json_decref (result);
		json_decref (arguments);
		free (text);
		free (wanted);
	}
}

/* Names of an outer process reach into a callback unless it has the same name itself. */
static void
s_test_names (void **state)
{
	(void) state;
	char *text = fixture_quotes (GRAPH (
		"count", "'data':{'from_parameter':'list'},'condition':" GRAPH (
					 "gt", "'x':{'from_parameter':'element'},'y':{'from_parameter':'least'}")));
	weir_err_t err = { 0 };
	weir_graph_t *graph = NULL;
	json_t *callback = json_loads (text, 0, NULL), *result = NULL;
	json_t *names = json_pack ("{s:[iii], s:i, s:i}", "list", 1, 2, 3, "least", 1, "element", 99);
	assert_int_equal (weir_callback_new (callback, "list least", &graph, &err), 0);
	assert_int_equal (weir_graph_eval (graph, names, &result, &err), 0);
	assert_int_equal (json_integer_value (result), 2);
	json_decref (result);
	json_decref (names);
	json_decref (callback);
	weir_graph_destroy (&graph);
	free (text);
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (s_test_eval),
		cmocka_unit_test (s_test_names),
	};
	return cmocka_run_group_tests (tests, NULL, NULL);
}
