/* argument.c - the arguments of a node: names, parameters, types, references, callbacks
 *
 * See internal.h.
 */
#include "cube/graph/internal.h"

#include "cube/process/value.h"
#include "runtime/base/mem.h"

#include <stdlib.h>
#include <string.h>

/* What is being looked at; for messages. */
typedef struct {
	weir_build_t *build;
	weir_graph_t *graph;
	weir_node_t *node;
	const weir_scope_t *scope;
	const char *argument;
} s_at_t;

#define s_fail(at, code, ...)                                                                      \
	weir_graph_fail ((at)->build->err, code, (at)->graph->path, (at)->node->id, __VA_ARGS__)

const weir_parameter_t *
weir_process_parameter (const weir_process_t *process, const char *name)
{
	for (size_t i = 0; i < process->n_parameters; i++) {
		if (strcmp (process->parameters[i].name, name) == 0)
			return &process->parameters[i];
	}
	return NULL;
}

static int
s_spend (const s_at_t *at, const json_t *value, size_t depth)
{
	size_t cost = 1 + json_string_length (value) / 8;
	if (depth > WEIR_GRAPH_DEPTH_MAX)
		return s_fail (at, "ProcessGraphInvalid", "argument '%s': nested deeper than %d",
		               at->argument, WEIR_GRAPH_DEPTH_MAX);
	if (cost > at->build->budget)
		return s_fail (at, "ProcessGraphInvalid", "argument '%s': the graph is too large",
		               at->argument);
	at->build->budget -= cost;
	return 0;
}

static int
s_missing_parameter (const s_at_t *at, const weir_scope_t *top, const char *name)
{
	bool is_callback = at->graph->path[0] != '\0' || at->graph->parameters[0] != '\0';
	if (top->bound == NULL || top->has_declarations || is_callback)
		return s_fail (at, "ProcessGraphInvalid",
		               "argument '%s': from_parameter '%s': there is no such parameter",
		               at->argument, name);
	return s_fail (at, "ProcessParameterRequired", "argument '%s': parameter '%s' has no value",
	               at->argument, name);
}

/* *value_out: the value to put in place, or NULL where the name stays. */
static int
s_look_up (const s_at_t *at, const char *name, json_t **value_out)
{
	const weir_scope_t *scope = at->scope;
	for (;; scope = scope->outer) {
		*value_out = json_object_get (scope->bound, name);
		if (*value_out != NULL || weir_words_have (scope->free_names, name, strlen (name)))
			break;
		if (scope->outer == NULL)
			return s_missing_parameter (at, scope, name);
	}
	if (scope->outer == NULL && *value_out != NULL && at->build->used != NULL)
		json_object_set_new (at->build->used, name, json_true ());
	return 0;
}

static int s_put_in (const s_at_t *at, json_t *value, size_t depth, json_t **out);

static int
s_put_in_members (const s_at_t *at, json_t *value, size_t depth, json_t **out)
{
	int rc = 0;
	const char *key;
	size_t i;
	json_t *member, *copy;
	*out = json_is_array (value) ? json_array () : json_object ();
	if (json_is_array (value)) {
		json_array_foreach (value, i, member)
		{
			if (rc == 0 && (rc = s_put_in (at, member, depth + 1, &copy)) == 0)
				json_array_append_new (*out, copy);
		}
	} else {
		json_object_foreach (value, key, member)
		{
			if (rc == 0 && (rc = s_put_in (at, member, depth + 1, &copy)) == 0)
				json_object_set_new (*out, key, copy);
		}
	}
	if (rc != 0) {
		json_decref (*out);
		*out = NULL;
	}
	return rc;
}

/* A copy of the value with parameters in place; callbacks have a pass of their own. */
static int
s_put_in (const s_at_t *at, json_t *value, size_t depth, json_t **out)
{
	*out = NULL;
	int rc = s_spend (at, value, depth);
	if (rc != 0)
		return rc;
	weir_value_kind_t kind = weir_value_kind (value);
	if (kind == WEIR_VALUE_PARAMETER) {
		const json_t *name = json_object_get (value, "from_parameter");
		json_t *found = NULL;
		if (!json_is_string (name))
			return s_fail (at, "ProcessGraphInvalid",
			               "argument '%s': from_parameter: expected a string, found %s",
			               at->argument, weir_value_describe (name));
		rc = s_look_up (at, json_string_value (name), &found);
		if (rc == 0)
			*out = json_incref (found != NULL ? found : value);
		return rc;
	}
	if (kind == WEIR_VALUE_CALLBACK || kind == WEIR_VALUE_NODE ||
	    (!json_is_array (value) && !json_is_object (value))) {
		*out = json_incref (value);
		return 0;
	}
	return s_put_in_members (at, value, depth, out);
}

static int
s_add_input (const s_at_t *at, const json_t *reference)
{
	weir_node_t *node = at->node;
	const json_t *name = json_object_get (reference, "from_node");
	if (!json_is_string (name))
		return s_fail (at, "ProcessGraphInvalid",
		               "argument '%s': from_node: expected a string, found %s", at->argument,
		               weir_value_describe (name));
	const weir_graph_node_t *input = weir_graph_find (at->graph, json_string_value (name));
	if (input == NULL)
		return s_fail (at, "ProcessGraphInvalid",
		               "argument '%s': from_node '%s': there is no such node", at->argument,
		               json_string_value (name));
	if ((node->n_inputs & (node->n_inputs - 1)) == 0)
		node->inputs = weir_realloc (node->inputs, (node->n_inputs * 2 + 1) * sizeof *node->inputs);
	node->inputs[node->n_inputs++] = (weir_node_t *) input;
	return 0;
}

/* Follows every reference in a value as it will be used. */
static int
s_scan (const s_at_t *at, const json_t *value, size_t depth)
{
	int rc = s_spend (at, value, depth);
	weir_value_kind_t kind = weir_value_kind (value);
	if (rc != 0 || kind == WEIR_VALUE_CALLBACK ||
	    (!json_is_array (value) && !json_is_object (value)))
		return rc;
	if (kind == WEIR_VALUE_NODE)
		return s_add_input (at, value);
	if (kind == WEIR_VALUE_PARAMETER) {
		json_t *found;
		const char *name = json_string_value (json_object_get (value, "from_parameter"));
		return s_look_up (at, name != NULL ? name : "", &found);
	}
	const char *key;
	size_t i;
	json_t *member;
	if (json_is_array (value)) {
		json_array_foreach (value, i, member)
		{
			if ((rc = s_scan (at, member, depth + 1)) != 0)
				return rc;
		}
		return 0;
	}
	json_object_foreach ((json_t *) value, key, member)
	{
		if ((rc = s_scan (at, member, depth + 1)) != 0)
			return rc;
	}
	return 0;
}

static int
s_check_type (const s_at_t *at, const weir_parameter_t *parameter, const json_t *value)
{
	char wanted[256];
	weir_value_kind_t kind = weir_value_kind (value);
	bool is_callback = weir_words_have (parameter->types, "callback", 8);
	bool is_reference = kind == WEIR_VALUE_NODE || kind == WEIR_VALUE_PARAMETER;
	if (is_reference && !(is_callback && !weir_words_have (parameter->types, "null", 4)))
		return 0;
	if (weir_value_matches (value, parameter->types))
		return 0;
	return s_fail (at, "ProcessParameterInvalid", "argument '%s': expected %s, found %s",
	               parameter->name, weir_types_describe (parameter->types, wanted, sizeof wanted),
	               weir_value_describe (value));
}

/* "x context", the context argument -> bound context, free "x". */
static char *
s_free_names (const char *names, bool is_context_bound)
{
	char *copy = weir_strdup (names);
	char *context = is_context_bound ? strstr (copy, "context") : NULL;
	if (context != NULL)
		memset (context, ' ', strlen ("context"));
	return copy;
}

static bool
s_is_constant (const json_t *value)
{
	weir_value_kind_t kind = weir_value_kind (value);
	if (kind == WEIR_VALUE_NODE || kind == WEIR_VALUE_PARAMETER)
		return false;
	const char *key;
	size_t i;
	json_t *member;
	json_array_foreach (value, i, member)
	{
		if (!s_is_constant (member))
			return false;
	}
	json_object_foreach ((json_t *) value, key, member)
	{
		if (!s_is_constant (member))
			return false;
	}
	return true;
}

static int
s_build_graph (const s_at_t *at, const json_t *callback, const char *names,
               weir_graph_t **graph_out)
{
	const json_t *map = json_object_get (callback, "process_graph");
	if (!json_is_object (map))
		return s_fail (at, "ProcessGraphInvalid",
		               "argument '%s': process_graph: expected an object, found %s", at->argument,
		               weir_value_describe (map));
	if (json_object_size (map) == 0)
		return s_fail (at, "ProcessGraphMissing",
		               "argument '%s': process_graph: there is none: no nodes", at->argument);
	if (at->build->nesting >= WEIR_GRAPH_NESTING_MAX)
		return s_fail (at, "ProcessGraphInvalid",
		               "argument '%s': process graphs nested deeper than %d", at->argument,
		               WEIR_GRAPH_NESTING_MAX);
	const json_t *context = json_object_get (at->node->arguments, "context");
	bool is_bound = weir_words_have (names, "context", 7) &&
	                (context == NULL || s_is_constant (context));
	json_t *bound = json_object ();
	if (is_bound && context == NULL)
		json_object_set_new (bound, "context", json_null ());
	else if (is_bound)
		json_object_set (bound, "context", (json_t *) context);
	char *free_names = s_free_names (names, is_bound);
	char *path = weir_asprintf ("%s%s/", at->graph->path, at->node->id);
	weir_scope_t scope = { .outer = at->scope, .bound = bound, .free_names = free_names };
	at->build->nesting++;
	int rc = weir_graph_build (at->build, map, &scope, path, names, graph_out);
	at->build->nesting--;
	free (path);
	free (free_names);
	json_decref (bound);
	return rc;
}

/* Builds one callback and puts its graph, parameters in place, back into the arguments. */
static int
s_add_callback (const s_at_t *at, json_t *holder, const char *member, const char *key,
                const char *names)
{
	weir_node_t *node = at->node;
	size_t bytes = (node->n_callbacks + 1) * sizeof *node->callbacks;
	node->callbacks = weir_realloc (node->callbacks, bytes);
	weir_node_callback_t *callback = &node->callbacks[node->n_callbacks++];
	*callback = (weir_node_callback_t){ .key = weir_strdup (key) };
	int rc = s_build_graph (at, json_object_get (holder, member), names, &callback->graph);
	if (rc == 0)
		json_object_set_new (
			holder, member,
			json_pack ("{s:o}", "process_graph", weir_graph_json (callback->graph)));
	return rc;
}

static int
s_add_callbacks (const s_at_t *at, const weir_parameter_t *parameter)
{
	json_t *arguments = at->node->arguments;
	json_t *value = json_object_get (arguments, parameter->name);
	weir_value_kind_t kind = weir_value_kind (value);
	if (kind == WEIR_VALUE_CALLBACK && weir_words_have (parameter->types, "callback", 8))
		return s_add_callback (at, arguments, parameter->name, parameter->name,
		                       parameter->callback_parameters);
	if (kind != WEIR_VALUE_OBJECT || !weir_words_have (parameter->types, "object", 6))
		return 0;
	int rc = 0;
	value = json_copy (value); /* it may be a parameter's, which stays as it is */
	json_object_set_new (arguments, parameter->name, value);
	void *iter = json_object_iter (value);
	for (; rc == 0 && iter != NULL; iter = json_object_iter_next (value, iter)) {
		const char *member = json_object_iter_key (iter);
		if (weir_value_kind (json_object_iter_value (iter)) != WEIR_VALUE_CALLBACK)
			return s_fail (at, "ProcessParameterInvalid",
			               "argument '%s': '%s': expected a process graph, found %s",
			               parameter->name, member,
			               weir_value_describe (json_object_iter_value (iter)));
		char *key = weir_asprintf ("%s/%s", parameter->name, member);
		rc = s_add_callback (at, value, member, key, parameter->callback_parameters);
		free (key);
	}
	return rc;
}

static int
s_check_names (const s_at_t *at, const json_t *given)
{
	const weir_process_t *process = at->node->pub.process;
	const char *name;
	json_t *value;
	if (!json_is_object (given))
		return s_fail (at, "ProcessGraphInvalid", "arguments: expected an object, found %s",
		               weir_value_describe (given));
	json_object_foreach ((json_t *) given, name, value)
	{
		if (weir_process_parameter (process, name) == NULL)
			return s_fail (at, "ProcessParameterUnsupported",
			               "argument '%s': %s has no such parameter", name, process->id);
	}
	for (size_t i = 0; i < process->n_parameters; i++) {
		if (process->parameters[i].is_required &&
		    json_object_get (given, process->parameters[i].name) == NULL)
			return s_fail (at, "ProcessParameterRequired",
			               "argument '%s': %s needs it, and it is missing",
			               process->parameters[i].name, process->id);
	}
	return 0;
}

int
weir_node_build_arguments (weir_build_t *build, weir_graph_t *graph, weir_node_t *node,
                           const weir_scope_t *scope)
{
	s_at_t at = { build, graph, node, scope, "" };
	json_t *given = json_object_get (node->json, "arguments");
	const weir_process_t *process = node->pub.process;
	node->arguments = json_object ();
	node->pub.arguments = node->arguments;
	int rc = s_check_names (&at, given);
	for (size_t i = 0; rc == 0 && i < process->n_parameters; i++) {
		const weir_parameter_t *parameter = &process->parameters[i];
		json_t *value = json_object_get (given, parameter->name), *copy = NULL;
		at.argument = parameter->name;
		if (value == NULL)
			continue;
		rc = s_put_in (&at, value, 0, &copy);
		if (rc == 0)
			json_object_set_new (node->arguments, parameter->name, copy);
		if (rc == 0)
			rc = s_scan (&at, copy, 0);
		if (rc == 0)
			rc = s_check_type (&at, parameter, copy);
	}
	for (size_t i = 0; rc == 0 && i < process->n_parameters; i++) {
		at.argument = process->parameters[i].name;
		if (process->parameters[i].callback_parameters != NULL)
			rc = s_add_callbacks (&at, &process->parameters[i]);
	}
	return rc;
}
