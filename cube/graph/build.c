/* build.c - nodes of a graph: made, found, written out again, let go
 *
 * See internal.h.
 */
#include "cube/graph/internal.h"

#include "cube/process/value.h"
#include "runtime/base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
s_blank_controls (char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char) *text < 0x20 || *text == 0x7F)
			*text = '?';
	}
}

int
weir_graph_fail (weir_err_t *err, const char *code, const char *path, const char *id,
                 const char *format, ...)
{
	if (err == NULL)
		return WEIR_E_INVALID;
	char text[WEIR_ERR_TEXT_MAX + 8];
	va_list args;
	va_start (args, format);
	vsnprintf (text, sizeof text, format, args);
	va_end (args);
	char *where = weir_asprintf ("%s%s", path, id);
	weir_err_invalid (err, code, where, "%s", text);
	free (where);
	s_blank_controls (err->where);
	s_blank_controls (err->text);
	return WEIR_E_INVALID;
}

static void
s_node_destroy (weir_node_t *self)
{
	for (size_t i = 0; i < self->n_callbacks; i++) {
		free (self->callbacks[i].key);
		weir_graph_destroy (&self->callbacks[i].graph);
	}
	free (self->callbacks);
	free (self->inputs);
	json_decref (self->arguments);
	free (self->id);
	free (self);
}

void
weir_graph_destroy (weir_graph_t **self_p)
{
	weir_graph_t *self = self_p != NULL ? *self_p : NULL;
	if (self == NULL)
		return;
	*self_p = NULL;
	for (size_t i = 0; i < self->n_nodes; i++)
		s_node_destroy (self->nodes[i]);
	free (self->nodes);
	free (self->order);
	json_decref (self->index);
	free (self->parameters);
	free (self->path);
	free (self);
}

/* The node's own fields, before any argument is looked at. */
static int
s_read_node (weir_build_t *build, const weir_graph_t *graph, weir_node_t *node)
{
	if (!json_is_object (node->json))
		return weir_graph_fail (build->err, "ProcessGraphInvalid", graph->path, node->id,
		                        "node: expected an object, found %s",
		                        weir_value_describe (node->json));
	const json_t *id = json_object_get (node->json, "process_id");
	const json_t *space = json_object_get (node->json, "namespace");
	const json_t *result = json_object_get (node->json, "result");
	if (!json_is_string (id))
		return weir_graph_fail (build->err, "ProcessGraphInvalid", graph->path, node->id,
		                        "process_id: expected a string, found %s",
		                        weir_value_describe (id));
	if (result != NULL && !json_is_boolean (result))
		return weir_graph_fail (build->err, "ProcessGraphInvalid", graph->path, node->id,
		                        "result: expected a boolean, found %s",
		                        weir_value_describe (result));
	node->pub.id = node->id;
	node->pub.is_result = json_is_true (result);
	node->pub.process = weir_process_find (json_string_value (id));
	bool is_foreign = space != NULL && !json_is_null (space) &&
	                  (!json_is_string (space) ||
	                   strcmp (json_string_value (space), "backend") != 0);
	if (node->pub.process == NULL || is_foreign)
		return weir_graph_fail (build->err, "ProcessUnsupported", graph->path, node->id,
		                        "process '%s': there is no such process%s", json_string_value (id),
		                        is_foreign ? " in that namespace" : "");
	return 0;
}

static int
s_index_nodes (weir_build_t *build, weir_graph_t *graph, const json_t *map)
{
	size_t n = json_object_size (map);
	build->n_nodes += n;
	if (build->n_nodes > WEIR_GRAPH_NODES_MAX)
		return weir_graph_fail (build->err, "ProcessGraphInvalid", graph->path, "",
		                        "process graph: more than %d nodes", WEIR_GRAPH_NODES_MAX);
	graph->nodes = weir_alloc (n * sizeof (weir_node_t *));
	graph->order = weir_alloc (n * sizeof (weir_node_t *));
	graph->index = json_object ();
	const char *id;
	json_t *json;
	json_object_foreach ((json_t *) map, id, json)
	{
		weir_node_t *node = weir_alloc (sizeof *node);
		node->id = weir_strdup (id);
		node->json = json;
		json_object_set_new (graph->index, id, json_integer ((json_int_t) graph->n_nodes));
		graph->nodes[graph->n_nodes++] = node;
	}
	return 0;
}

static int
s_find_result (weir_build_t *build, weir_graph_t *graph)
{
	for (size_t i = 0; i < graph->n_nodes; i++) {
		weir_node_t *node = graph->nodes[i];
		if (node->pub.is_result && graph->result != NULL)
			return weir_graph_fail (build->err, "ProcessGraphInvalid", graph->path, node->id,
			                        "two result nodes: '%s' is one already", graph->result->id);
		if (node->pub.is_result)
			graph->result = node;
	}
	if (graph->result != NULL)
		return 0;
	size_t n = strlen (graph->path);
	char *owner = weir_strdup (graph->path);
	if (n > 0)
		owner[n - 1] = '\0';
	int rc = weir_graph_fail (build->err, "ProcessGraphInvalid", owner, "",
	                          "process graph: no result node: one must have \"result\": true");
	free (owner);
	return rc;
}

int
weir_graph_build (weir_build_t *build, const json_t *map, const weir_scope_t *scope,
                  const char *path, const char *parameters, weir_graph_t **graph_out)
{
	weir_graph_t *graph = *graph_out = weir_alloc (sizeof *graph);
	graph->path = weir_strdup (path);
	graph->parameters = weir_strdup (parameters);
	int rc = s_index_nodes (build, graph, map);
	for (size_t i = 0; rc == 0 && i < graph->n_nodes; i++)
		rc = s_read_node (build, graph, graph->nodes[i]);
	for (size_t i = 0; rc == 0 && i < graph->n_nodes; i++)
		rc = weir_node_build_arguments (build, graph, graph->nodes[i], scope);
	if (rc == 0)
		rc = weir_graph_order (build, graph);
	if (rc == 0)
		rc = s_find_result (build, graph);
	return rc;
}

size_t
weir_graph_n_nodes (const weir_graph_t *self)
{
	return self->n_nodes;
}

const weir_graph_node_t *
weir_graph_node (const weir_graph_t *self, size_t i)
{
	return i < self->n_nodes ? &self->order[i]->pub : NULL;
}

const weir_graph_node_t *
weir_graph_find (const weir_graph_t *self, const char *id)
{
	const json_t *index = json_object_get (self->index, id);
	return index != NULL ? &self->nodes[json_integer_value (index)]->pub : NULL;
}

const weir_graph_node_t *
weir_graph_result (const weir_graph_t *self)
{
	return &self->result->pub;
}

const weir_graph_node_t *
weir_graph_argument_node (const weir_graph_t *self, const weir_graph_node_t *node,
                          const char *argument)
{
	const json_t *value = json_object_get (node->arguments, argument);
	if (weir_value_kind (value) != WEIR_VALUE_NODE)
		return NULL;
	return weir_graph_find (self, json_string_value (json_object_get (value, "from_node")));
}

const weir_graph_t *
weir_graph_argument_callback (const weir_graph_t *self, const weir_graph_node_t *node,
                              const char *argument)
{
	(void) self;
	const weir_node_t *full = (const weir_node_t *) node;
	for (size_t i = 0; i < full->n_callbacks; i++) {
		if (strcmp (full->callbacks[i].key, argument) == 0)
			return full->callbacks[i].graph;
	}
	return NULL;
}

json_t *
weir_graph_json (const weir_graph_t *self)
{
	json_t *map = json_object ();
	for (size_t i = 0; i < self->n_nodes; i++) {
		const weir_node_t *node = self->nodes[i];
		json_t *json = json_pack ("{s:s, s:O}", "process_id", node->pub.process->id, "arguments",
		                          node->arguments);
		if (node->pub.is_result)
			json_object_set_new (json, "result", json_true ());
		json_object_set_new (map, node->id, json);
	}
	return map;
}

char *
weir_graph_text (const weir_graph_t *self)
{
	json_t *json = json_pack ("{s:o}", "process_graph", weir_graph_json (self));
	char *text = json_dumps (json, JSON_SORT_KEYS | JSON_COMPACT);
	json_decref (json);
	return text;
}
