/* cql2.c - conditions as a CQL2 filter, as far as it says the same
 *
 * The result is evaluated again by us, so a filter may let through too much, never too little: of
 * an `and` the half that CQL2 cannot say is left out, of an `or` both halves must be sayable. What
 * CQL2 would read differently is not sent: comparisons with a tolerance or without regard to case,
 * times, order of texts.
 *
 * Source   OGC 21-065 (CQL2), basic class; STAC API filter extension
 */
#include "connectors/stac/instant.h"
#include "connectors/stac/loading.h"
#include "cube/process/process.h"
#include "runtime/base/mem.h"

#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 32

typedef struct {
	const weir_graph_t *graph;
	const char *property;
} s_scope_t;

static const struct {
	const char *process, *op, *mirrored;
} s_comparisons[] = {
	{ "eq", "=", "=" },    { "neq", "<>", "<>" }, { "lt", "<", ">" },
	{ "lte", "<=", ">=" }, { "gt", ">", "<" },    { "gte", ">=", "<=" },
};

static json_t *s_of_node (const s_scope_t *scope, const weir_graph_node_t *node, int depth);

/* A name that CQL2 takes between quotes, in both encodings. */
static bool
s_is_name (const char *text)
{
	static const char first[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_:";
	return text[0] != '\0' && strchr (first, text[0]) != NULL &&
	       text[strspn (
			   text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_:.0123456789")] == '\0';
}

static bool
s_is_value (const json_t *argument)
{
	const char *name = json_string_value (json_object_get (argument, "from_parameter"));
	return name != NULL && strcmp (name, "value") == 0;
}

static bool
s_is_plain_text (const json_t *constant)
{
	int64_t time_us;
	const char *text = json_string_value (constant);
	if (text == NULL || weir_instant_parse (text, &time_us))
		return false;
	for (; *text != '\0'; text++)
		if ((unsigned char) *text < ' ' || *text == 0x7f)
			return false;
	return true;
}

static json_t *
s_compare (const s_scope_t *scope, const char *op, const json_t *constant)
{
	bool is_equality = strcmp (op, "=") == 0 || strcmp (op, "<>") == 0;
	if (!json_is_number (constant) &&
	    !(is_equality && (json_is_boolean (constant) || s_is_plain_text (constant))))
		return NULL;
	return json_pack ("{s:s, s:[{s:s}, O]}", "op", op, "args", "property", scope->property,
	                  (json_t *) constant);
}

/* Takes both; NULL stands for what cannot be said. */
static json_t *
s_both (json_t *a, json_t *b)
{
	if (a == NULL || b == NULL)
		return a != NULL ? a : b;
	return json_pack ("{s:s, s:[o, o]}", "op", "and", "args", a, b);
}

static json_t *
s_either (json_t *a, json_t *b)
{
	if (a != NULL && b != NULL)
		return json_pack ("{s:s, s:[o, o]}", "op", "or", "args", a, b);
	json_decref (a);
	json_decref (b);
	return NULL;
}

static json_t *
s_of_argument (const s_scope_t *scope, const weir_graph_node_t *node, const char *argument,
               int depth)
{
	const weir_graph_node_t *input = weir_graph_argument_node (scope->graph, node, argument);
	return input != NULL && depth < DEPTH_MAX ? s_of_node (scope, input, depth + 1) : NULL;
}

static bool
s_is_given (const json_t *arguments, const char *name)
{
	const json_t *value = json_object_get (arguments, name);
	return value != NULL && !json_is_null (value);
}

static json_t *
s_of_between (const s_scope_t *scope, const json_t *arguments)
{
	const json_t *open = json_object_get (arguments, "exclude_max");
	if (!s_is_value (json_object_get (arguments, "x")) ||
	    (s_is_given (arguments, "exclude_max") && !json_is_boolean (open)))
		return NULL;
	return s_both (
		s_compare (scope, ">=", json_object_get (arguments, "min")),
		s_compare (scope, json_is_true (open) ? "<" : "<=", json_object_get (arguments, "max")));
}

static json_t *
s_of_node (const s_scope_t *scope, const weir_graph_node_t *node, int depth)
{
	const char *id = node->process->id;
	const json_t *x = json_object_get (node->arguments, "x");
	const json_t *y = json_object_get (node->arguments, "y");
	if (strcmp (id, "and") == 0)
		return s_both (s_of_argument (scope, node, "x", depth),
		               s_of_argument (scope, node, "y", depth));
	if (strcmp (id, "or") == 0)
		return s_either (s_of_argument (scope, node, "x", depth),
		                 s_of_argument (scope, node, "y", depth));
	if (strcmp (id, "between") == 0)
		return s_of_between (scope, node->arguments);
	if (s_is_given (node->arguments, "delta") || s_is_given (node->arguments, "case_sensitive"))
		return NULL;
	for (size_t i = 0; i < sizeof s_comparisons / sizeof s_comparisons[0]; i++) {
		if (strcmp (id, s_comparisons[i].process) != 0)
			continue;
		if (s_is_value (x))
			return s_compare (scope, s_comparisons[i].op, y);
		return s_is_value (y) ? s_compare (scope, s_comparisons[i].mirrored, x) : NULL;
	}
	return NULL;
}

json_t *
weir_cql2_of_conditions (size_t n, const weir_plan_condition_t *conditions)
{
	json_t *filter = NULL;
	for (size_t i = 0; i < n; i++) {
		s_scope_t scope = { conditions[i].graph, conditions[i].name };
		if (s_is_name (scope.property))
			filter = s_both (filter, s_of_node (&scope, weir_graph_result (scope.graph), 0));
	}
	return filter;
}

/* ---- text */

static char *
s_text_of_constant (const json_t *constant)
{
	if (!json_is_string (constant))
		return json_dumps (constant, JSON_ENCODE_ANY | JSON_COMPACT);
	const char *from = json_string_value (constant);
	char *text = weir_alloc (2 * strlen (from) + 3), *to = text;
	*to++ = '\'';
	for (; *from != '\0'; from++) {
		if (*from == '\'')
			*to++ = '\'';
		*to++ = *from;
	}
	*to = '\'';
	return text;
}

/* Only what weir_cql2_of_conditions makes: "op" and two arguments. */
char *
weir_cql2_text (const json_t *filter)
{
	const char *op = json_string_value (json_object_get (filter, "op"));
	const json_t *args = json_object_get (filter, "args");
	const json_t *a = json_array_get (args, 0), *b = json_array_get (args, 1);
	const char *property = json_string_value (json_object_get (a, "property"));
	char *left = property != NULL ? weir_asprintf ("\"%s\"", property) : weir_cql2_text (a);
	char *right = property != NULL ? s_text_of_constant (b) : weir_cql2_text (b);
	char *text = property != NULL ? weir_asprintf ("%s %s %s", left, op, right)
	                              : weir_asprintf ("(%s) %s (%s)", left,
	                                               strcmp (op, "and") == 0 ? "AND" : "OR", right);
	free (left);
	free (right);
	return text;
}
