/* test_cql2.c - conditions as CQL2: what is said, in both encodings, and what is left to us */
#include "connectors/stac/loading.h"
#include "connectors/stac/seen.h"
#include "cube/graph/eval.h"
#include "runtime/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define V "{'from_parameter':'value'}"
#define NODE(id, process, arguments)                                                               \
	"'" id "':{'process_id':'" process "','arguments':{" arguments "}"
#define RESULT ",'result':true}"
#define ONE(process, arguments) NODE ("a", process, arguments) RESULT

static const struct {
	const char *property, *nodes;
	const char *text; /* NULL: nothing is said */
} s_rows[] = {
	{ "p", ONE ("eq", "'x':" V ",'y':5"), "\"p\" = 5" },
	{ "p", ONE ("neq", "'x':" V ",'y':0.5"), "\"p\" <> 0.5" },
	{ "eo:cloud_cover", ONE ("lt", "'x':" V ",'y':20"), "\"eo:cloud_cover\" < 20" },
	{ "p", ONE ("lte", "'x':" V ",'y':-3"), "\"p\" <= -3" },
	{ "p", ONE ("gt", "'x':" V ",'y':1e30"), "\"p\" > 1e30" },
	{ "p", ONE ("gte", "'x':" V ",'y':2"), "\"p\" >= 2" },
	{ "p", ONE ("lt", "'x':2,'y':" V), "\"p\" > 2" },
	{ "p", ONE ("gte", "'x':2,'y':" V), "\"p\" <= 2" },
	{ "p", ONE ("eq", "'x':2,'y':" V), "\"p\" = 2" },
	{ "p", ONE ("eq", "'x':" V ",'y':'O\\u0027Neil'"), "\"p\" = 'O''Neil'" },
	{ "p", ONE ("eq", "'x':" V ",'y':true"), "\"p\" = true" },
	{ "p", ONE ("between", "'x':" V ",'min':1,'max':3"), "(\"p\" >= 1) AND (\"p\" <= 3)" },
	{ "p", ONE ("between", "'x':" V ",'min':1,'max':3,'exclude_max':true"),
	  "(\"p\" >= 1) AND (\"p\" < 3)" },
	{ "p",
	  NODE ("a", "lt", "'x':" V ",'y':1") "}," NODE ("b", "gt", "'x':" V ",'y':9") "}," NODE (
		  "c", "or", "'x':{'from_node':'a'},'y':{'from_node':'b'}") RESULT,
	  "(\"p\" < 1) OR (\"p\" > 9)" },
	{ "p",
	  NODE ("a", "lt", "'x':" V ",'y':1") "}," NODE ("b", "eq", "'x':" V ",'y':9") "}," NODE (
		  "c", "and", "'x':{'from_node':'a'},'y':{'from_node':'b'}") RESULT,
	  "(\"p\" < 1) AND (\"p\" = 9)" },
	/* half of an `and`; nothing of an `or` */
	{ "p",
	  NODE ("a", "lt", "'x':" V ",'y':1") "}," NODE ("b", "is_nan", "'x':" V) "}," NODE (
		  "c", "and", "'x':{'from_node':'b'},'y':{'from_node':'a'}") RESULT,
	  "\"p\" < 1" },
	{ "p",
	  NODE ("a", "lt", "'x':" V ",'y':1") "}," NODE ("b", "is_nan", "'x':" V) "}," NODE (
		  "c", "or", "'x':{'from_node':'b'},'y':{'from_node':'a'}") RESULT,
	  NULL },
	/* read differently, or not at all */
	{ "p", ONE ("eq", "'x':" V ",'y':5,'delta':1"), NULL },
	{ "p", ONE ("eq", "'x':" V ",'y':'a','case_sensitive':false"), NULL },
	{ "p", ONE ("eq", "'x':" V ",'y':'2022-09-01T00:00:00Z'"), NULL },
	{ "p", ONE ("lt", "'x':" V ",'y':'a'"), NULL },
	{ "p", ONE ("eq", "'x':" V ",'y':'a\\nb'"), NULL },
	{ "p", ONE ("eq", "'x':" V ",'y':null"), NULL },
	{ "p", ONE ("eq", "'x':" V ",'y':" V), NULL },
	{ "p", ONE ("is_nodata", "'x':" V), NULL },
	{ "p",
	  NODE ("a", "lt", "'x':" V ",'y':1") "}," NODE ("b", "not", "'x':{'from_node':'a'}") RESULT,
	  NULL },
	{ "p\" OR 1=1", ONE ("eq", "'x':" V ",'y':5"), NULL },
	{ "p-q", ONE ("eq", "'x':" V ",'y':5"), NULL },
	{ "", ONE ("eq", "'x':" V ",'y':5"), NULL },
};

static weir_graph_t *
s_condition (const char *nodes)
{
	weir_graph_t *graph = NULL;
	weir_err_t err;
	char *text = weir_asprintf ("{'process_graph':{%s}}", nodes);
	for (char *p = text; *p != '\0'; p++)
		*p = *p == '\'' ? '"' : *p;
	json_t *json = json_loads (text, 0, NULL);
	if (json == NULL || weir_callback_new (json, "value", &graph, &err) != 0)
		fail_msg ("%s: %s", text, json != NULL ? err.text : "not JSON");
	json_decref (json);
	free (text);
	return graph;
}

static void
s_test_text (void **state)
{
	(void) state;
	for (size_t i = 0; i < sizeof s_rows / sizeof s_rows[0]; i++) {
		weir_graph_t *graph = s_condition (s_rows[i].nodes);
		weir_plan_condition_t condition = { s_rows[i].property, graph };
		json_t *filter = weir_cql2_of_conditions (1, &condition);
		char *text = filter != NULL ? weir_cql2_text (filter) : NULL;
		if (strcmp (text != NULL ? text : "", s_rows[i].text != NULL ? s_rows[i].text : "") != 0)
			fail_msg ("%s: '%s', not '%s'", s_rows[i].nodes, text, s_rows[i].text);
		free (text);
		json_decref (filter);
		weir_graph_destroy (&graph);
	}
}

static void
s_test_json (void **state)
{
	(void) state;
	weir_graph_t *low = s_condition (ONE ("lt", "'x':" V ",'y':20"));
	weir_graph_t *odd = s_condition (ONE ("is_nan", "'x':" V));
	weir_graph_t *name = s_condition (ONE ("eq", "'x':" V ",'y':'S2A'"));
	const weir_plan_condition_t conditions[] = { { "eo:cloud_cover", low },
		                                         { "odd", odd },
		                                         { "platform", name } };
	json_t *filter = weir_cql2_of_conditions (3, conditions);
	char *text = json_dumps (filter, JSON_COMPACT);
	assert_string_equal (text, "{\"op\":\"and\",\"args\":[{\"op\":\"<\",\"args\":[{\"property\":"
	                           "\"eo:cloud_cover\"},20]},{\"op\":\"=\",\"args\":[{\"property\":"
	                           "\"platform\"},\"S2A\"]}]}");
	free (text);
	json_decref (filter);
	assert_null (weir_cql2_of_conditions (0, NULL));
	weir_graph_destroy (&low);
	weir_graph_destroy (&odd);
	weir_graph_destroy (&name);
}

/* An item without the property, or with null, is let through only by a condition that asks for it;
 * what a process cannot take is the item's mistake, and says so. */
static void
s_test_meets (void **state)
{
	(void) state;
	static const struct {
		const char *nodes, *value;
		int status;
		bool meets;
	} rows[] = {
		{ ONE ("lt", "'x':" V ",'y':20"), "12.5", 0, true },
		{ ONE ("lt", "'x':" V ",'y':20"), "20", 0, false },
		{ ONE ("lt", "'x':" V ",'y':20"), "null", 0, false },
		{ ONE ("lt", "'x':" V ",'y':20"), NULL, 0, false },
		{ ONE ("neq", "'x':" V ",'y':20"), NULL, 0, false },
		{ ONE ("is_nodata", "'x':" V), NULL, 0, true },
		{ ONE ("is_nodata", "'x':" V), "1", 0, false },
		{ ONE ("eq", "'x':" V ",'y':'S2A'"), "\"S2A\"", 0, true },
		{ ONE ("eq", "'x':" V ",'y':'s2a','case_sensitive':false"), "\"S2A\"", 0, true },
		{ NODE ("a", "lt", "'x':" V ",'y':1") "}," NODE ("b", "not", "'x':{'from_node':'a'}")
		      RESULT,
		  "true", 0, true },
		{ ONE ("not", "'x':" V), "\"text\"", WEIR_E_INVALID, false },
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		weir_graph_t *graph = s_condition (rows[i].nodes);
		weir_plan_condition_t condition = { "p", graph };
		weir_plan_want_t want = { .n_conditions = 1, .conditions = &condition };
		json_t *properties = json_object ();
		if (rows[i].value != NULL)
			json_object_set_new (properties, "p",
			                     json_loads (rows[i].value, JSON_DECODE_ANY, NULL));
		weir_stac_item_t item = { .id = (char *) "i",
			                      .href = (char *) "h",
			                      .properties = properties };
		weir_err_t err = { 0 };
		bool meets = false;
		int status = weir_stac_meets (&want, &item, &meets, &err);
		if (status != rows[i].status || (status == 0 && meets != rows[i].meets))
			fail_msg ("%s of %s: %d, %d %s", rows[i].nodes, rows[i].value, status, meets, err.text);
		if (status != 0)
			assert_non_null (strstr (err.text, "properties.p: the condition cannot be evaluated"));
		json_decref (properties);
		weir_graph_destroy (&graph);
	}
}

static void
s_test_seen (void **state)
{
	(void) state;
	weir_seen_t seen = { 0 };
	assert_true (weir_seen_add (&seen, 2, (const char *const[2]){ "a", "bc" }));
	assert_true (weir_seen_add (&seen, 2, (const char *const[2]){ "ab", "c" }));
	assert_true (weir_seen_add (&seen, 1, (const char *const[1]){ "abc" }));
	assert_true (weir_seen_add (&seen, 1, (const char *const[1]){ NULL }));
	assert_false (weir_seen_add (&seen, 1, (const char *const[1]){ "" }));
	assert_false (weir_seen_add (&seen, 2, (const char *const[2]){ "ab", "c" }));
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < 100000; i++) {
			char text[16];
			snprintf (text, sizeof text, "%d", i);
			assert_true (weir_seen_add (&seen, 1, (const char *const[1]){ text }) == (round == 0));
		}
	assert_int_equal (seen.n, 100004);
	assert_true (seen.cap * 16 <= 32 * 131072);
	weir_seen_clear (&seen);
	weir_seen_clear (&seen);
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (s_test_text),
		cmocka_unit_test (s_test_json),
		cmocka_unit_test (s_test_meets),
		cmocka_unit_test (s_test_seen),
	};
	return cmocka_run_group_tests_name ("stac conditions", tests, NULL, NULL);
}
