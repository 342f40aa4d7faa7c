/* eval.c - see eval.h */
#include "cube/graph/eval.h"

#include "cube/graph/internal.h"
#include "cube/process/value.h"
#include "runtime/base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
	const weir_graph_t *graph;
	const json_t *names; /* values for from_parameter */
	json_t **results;    /* by position */
	weir_err_t *err;
} s_eval_t;

/* Names of an outer process stay visible inside a callback, but for those that the callback has
 * itself. */
static json_t *
s_hide (const json_t *names, const char *words)
{
	json_t *visible = json_copy ((json_t *) names);
	for (const char *p = words; p != NULL && *p != '\0';) {
		char name[64];
		size_t n = strcspn (p, " ");
		snprintf (name, sizeof name, "%.*s", (int) n, p);
		json_object_del (visible, name);
		p += n + strspn (p + n, " ");
	}
	return visible;
}

static json_t *s_fill (const json_t *value, const json_t *names);

static json_t *
s_fill_node (const json_t *json, const weir_process_t *process, const json_t *names)
{
	json_t *node = json_copy ((json_t *) json), *arguments = json_object ();
	const char *key;
	json_t *value;
	json_object_foreach (json_object_get (json, "arguments"), key, value)
	{
		const weir_parameter_t *parameter = weir_process_parameter (process, key);
		json_t *visible = s_hide (names, parameter != NULL ? parameter->callback_parameters : NULL);
		json_object_set_new (arguments, key, s_fill (value, visible));
		json_decref (visible);
	}
	json_object_set_new (node, "arguments", arguments);
	return node;
}

/* A copy of a callback's JSON with the outer names that are known by now in place. */
static json_t *
s_fill (const json_t *value, const json_t *names)
{
	const weir_process_t *process = weir_process_find (
		json_string_value (json_object_get (value, "process_id")));
	const char *name = json_string_value (json_object_get (value, "from_parameter"));
	if (name != NULL && json_object_get (names, name) != NULL)
		return json_incref (json_object_get (names, name));
	if (process != NULL)
		return s_fill_node (value, process, names);
	const char *key;
	size_t i;
	json_t *member, *copy;
	if (json_is_array (value)) {
		copy = json_array ();
		json_array_foreach (value, i, member) json_array_append_new (copy, s_fill (member, names));
		return copy;
	}
	if (!json_is_object (value))
		return json_incref ((json_t *) value);
	copy = json_object ();
	json_object_foreach ((json_t *) value, key, member)
		json_object_set_new (copy, key, s_fill (member, names));
	return copy;
}

/* A value with references replaced by what they stand for. */
static json_t *
s_resolve (const s_eval_t *self, const json_t *value)
{
	const json_t *found = NULL;
	const char *key;
	size_t i;
	json_t *member, *copy;
	switch (weir_value_kind (value)) {
	case WEIR_VALUE_NODE:
		found = json_object_get (self->graph->index,
		                         json_string_value (json_object_get (value, "from_node")));
		return json_incref (
			self->results[self->graph->nodes[json_integer_value (found)]->position]);
	case WEIR_VALUE_PARAMETER:
		found = json_object_get (self->names,
		                         json_string_value (json_object_get (value, "from_parameter")));
		return found != NULL ? json_incref ((json_t *) found) : json_null ();
	case WEIR_VALUE_CUBE: return json_incref ((json_t *) value);
	default: break;
	}
	if (json_is_array (value)) {
		copy = json_array ();
		json_array_foreach (value, i, member)
			json_array_append_new (copy, s_resolve (self, member));
		return copy;
	}
	if (!json_is_object (value))
		return json_incref ((json_t *) value);
	copy = json_object ();
	json_object_foreach ((json_t *) value, key, member)
		json_object_set_new (copy, key, s_resolve (self, member));
	return copy;
}

static json_t *
s_resolve_argument (const s_eval_t *self, const weir_parameter_t *parameter, const json_t *value)
{
	if (parameter->callback_parameters == NULL)
		return s_resolve (self, value);
	json_t *visible = s_hide (self->names, parameter->callback_parameters);
	json_t *filled = s_fill (value, visible);
	json_decref (visible);
	if (weir_value_kind (filled) != WEIR_VALUE_NODE &&
	    weir_value_kind (filled) != WEIR_VALUE_PARAMETER)
		return filled;
	json_t *resolved = s_resolve (self, filled);
	json_decref (filled);
	return resolved;
}

/* A computed truth value may stand for a number, as when cubes are processed. */
static int
s_check_type (const s_eval_t *self, const weir_node_t *node, const weir_parameter_t *parameter,
              const json_t *value)
{
	char wanted[256];
	bool is_flag = json_is_boolean (value) && weir_words_have (parameter->types, "number", 6);
	if (value == NULL || is_flag || weir_value_matches (value, parameter->types))
		return 0;
	return weir_graph_fail (self->err, "ProcessParameterInvalid", self->graph->path, node->id,
	                        "argument '%s': expected %s, found %s", parameter->name,
	                        weir_types_describe (parameter->types, wanted, sizeof wanted),
	                        weir_value_describe (value));
}

static int
s_eval_node (s_eval_t *self, const weir_node_t *node)
{
	const weir_process_t *process = node->pub.process;
	if (process->eval == NULL)
		return weir_graph_fail (self->err, "ProcessUnsupported", self->graph->path, node->id,
		                        "process '%s': cannot be evaluated on single values", process->id);
	int rc = 0;
	json_t *arguments = json_object ();
	for (size_t i = 0; rc == 0 && i < process->n_parameters; i++) {
		const weir_parameter_t *parameter = &process->parameters[i];
		const json_t *value = json_object_get (node->arguments, parameter->name);
		if (value == NULL)
			continue;
		json_t *resolved = s_resolve_argument (self, parameter, value);
		rc = s_check_type (self, node, parameter, resolved);
		json_object_set_new (arguments, parameter->name, resolved);
	}
	weir_err_t err = { 0 };
	if (rc == 0) {
		rc = process->eval (arguments, &self->results[node->position], &err);
		if (rc != 0)
			weir_graph_fail (self->err, err.code, self->graph->path, node->id, "%s%s%s", err.where,
			                 err.where[0] != '\0' ? ": " : "", err.text);
	}
	json_decref (arguments);
	return rc;
}

/* Only what the result needs. */
static bool *
s_needed (const weir_graph_t *graph)
{
	bool *needed = weir_alloc (graph->n_nodes * sizeof *needed);
	needed[graph->result->position] = true;
	for (size_t i = graph->result->position + 1; i-- > 0;) {
		for (size_t k = 0; needed[i] && k < graph->order[i]->n_inputs; k++)
			needed[graph->order[i]->inputs[k]->position] = true;
	}
	return needed;
}

int
weir_graph_eval (const weir_graph_t *graph, const json_t *values, json_t **result_out,
                 weir_err_t *err)
{
	s_eval_t self = { .graph = graph, .err = err };
	json_t *none = json_object ();
	self.names = values != NULL ? values : none;
	self.results = weir_alloc (graph->n_nodes * sizeof *self.results);
	bool *needed = s_needed (graph);
	int rc = 0;
	*result_out = NULL;
	for (size_t i = 0; rc == 0 && i <= graph->result->position; i++) {
		if (needed[i])
			rc = s_eval_node (&self, graph->order[i]);
	}
	if (rc == 0)
		*result_out = json_incref (self.results[graph->result->position]);
	for (size_t i = 0; i < graph->n_nodes; i++)
		json_decref (self.results[i]);
	free (self.results);
	free (needed);
	json_decref (none);
	return rc;
}

int
weir_process_eval (const char *process_id, const json_t *arguments, json_t **result_out,
                   weir_err_t *err)
{
	weir_graph_t *graph = NULL;
	*result_out = NULL;
	json_t *json = json_pack ("{s:{s:{s:s, s:O?, s:b}}}", "process_graph", process_id, "process_id",
	                          process_id, "arguments", arguments, "result", 1);
	if (json == NULL)
		return weir_graph_fail (err, "ProcessGraphInvalid", "", "",
		                        "process_id: not a text in UTF-8");
	int rc = weir_graph_from_json (json, NULL, &graph, err);
	if (rc == 0)
		rc = weir_graph_eval (graph, NULL, result_out, err);
	weir_graph_destroy (&graph);
	json_decref (json);
	return rc;
}
