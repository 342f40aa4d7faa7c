/* parse.c - from text or JSON to a graph: finds the map of nodes, binds the parameters of the top
 *
 * See graph.h.
 */
#include "cube/graph/eval.h"
#include "cube/graph/internal.h"
#include "cube/process/value.h"

#include <stdlib.h>
#include <string.h>

static int
s_expect_object (const json_t *json, const char *what, weir_err_t *err)
{
	if (json_is_object (json))
		return 0;
	return weir_graph_fail (err, "ProcessGraphInvalid", "", "", "%s: expected an object, found %s",
	                        what, weir_value_describe (json));
}

/* {"process_graph": map, "parameters": […]}, the same inside {"process": …}, or the bare map. */
static int
s_unwrap (const json_t *json, const json_t **map_out, const json_t **parameters_out,
          weir_err_t *err)
{
	*parameters_out = NULL;
	int rc = s_expect_object (json, "process graph", err);
	if (rc != 0)
		return rc;
	const json_t *inner = json_object_get (json, "process");
	if (json_object_get (inner, "process_graph") != NULL &&
	    json_object_get (inner, "process_id") == NULL)
		json = inner;
	*map_out = json;
	const json_t *map = json_object_get (json, "process_graph");
	if (map != NULL && !json_is_string (json_object_get (map, "process_id"))) {
		*map_out = map;
		*parameters_out = json_object_get (json, "parameters");
	}
	rc = s_expect_object (*map_out, "process_graph", err);
	if (rc == 0 && json_object_size (*map_out) == 0)
		rc = weir_graph_fail (err, "ProcessGraphMissing", "", "",
		                      "process graph: there is none: no nodes");
	return rc;
}

/* A JSON schema's "type", as far as it is plain: does it admit the value? */
static bool
s_schema_admits (const json_t *type, const json_t *value)
{
	const char *name = json_string_value (type);
	if (json_is_array (type)) {
		for (size_t i = 0; i < json_array_size (type); i++) {
			if (json_is_string (json_array_get (type, i)) &&
			    s_schema_admits (json_array_get (type, i), value))
				return true;
		}
		return json_array_size (type) == 0;
	}
	if (name == NULL)
		return true;
	if (strcmp (name, "integer") == 0)
		return json_is_integer (value);
	return strcmp (name, "object") == 0 ? json_is_object (value) : weir_value_matches (value, name);
}

/* schema: an object or a list of alternatives. */
static bool
s_schemas_admit (const json_t *schema, const json_t *value)
{
	if (!json_is_array (schema))
		return s_schema_admits (json_object_get (schema, "type"), value);
	for (size_t i = 0; i < json_array_size (schema); i++) {
		if (s_schema_admits (json_object_get (json_array_get (schema, i), "type"), value))
			return true;
	}
	return json_array_size (schema) == 0;
}

/* "5" on a command line is a number; where the schema wants a text it is one again. */
static json_t *
s_fit_text (const json_t *schema, json_t *value)
{
	const char *type = json_string_value (json_object_get (schema, "type"));
	if (type == NULL || strcmp (type, "string") != 0 ||
	    !(json_is_integer (value) || json_is_boolean (value)))
		return json_incref (value);
	char *text = json_dumps (value, JSON_ENCODE_ANY);
	json_t *string = json_string (text);
	free (text);
	return string;
}

static int
s_bind_one (const json_t *declared, const json_t *params, json_t *bound, weir_err_t *err)
{
	const char *name = json_string_value (json_object_get (declared, "name"));
	if (name == NULL)
		return weir_graph_fail (err, "ProcessGraphInvalid", "", "",
		                        "parameters: an entry has no name");
	json_t *schema = json_object_get (declared, "schema");
	json_t *given = json_object_get (params, name);
	json_t *fallback = json_object_get (declared, "default");
	if (given == NULL && fallback == NULL && !json_is_true (json_object_get (declared, "optional")))
		return weir_graph_fail (err, "ProcessParameterRequired", "", "",
		                        "parameter '%s': the graph needs a value for it", name);
	if (given == NULL)
		return json_object_set_new (bound, name,
		                            fallback != NULL ? json_incref (fallback) : json_null ());
	json_t *value = s_fit_text (schema, given);
	bool is_default = fallback != NULL && json_equal (value, fallback) != 0;
	bool is_admitted = is_default || s_schemas_admit (schema, value);
	json_object_set_new (bound, name, value);
	if (is_admitted)
		return 0;
	return weir_graph_fail (err, "ProcessParameterInvalid", "", "",
	                        "parameter '%s': %s is not what its schema asks for", name,
	                        weir_value_describe (given));
}

static int
s_bind (const json_t *declared, const json_t *params, json_t *bound, weir_err_t *err)
{
	if (declared == NULL || json_is_null (declared))
		return params != NULL && json_object_update (bound, (json_t *) params) != 0 ? WEIR_E_BUG
		                                                                            : 0;
	if (!json_is_array (declared))
		return weir_graph_fail (err, "ProcessGraphInvalid", "", "",
		                        "parameters: expected an array, found %s",
		                        weir_value_describe (declared));
	for (size_t i = 0; i < json_array_size (declared); i++) {
		int rc = s_bind_one (json_array_get (declared, i), params, bound, err);
		if (rc != 0)
			return rc;
	}
	return 0;
}

/* A value that nobody asked for is a slip of the pen. */
static int
s_check_unused (const json_t *params, const json_t *bound, const json_t *used, bool is_declared,
                weir_err_t *err)
{
	const char *name;
	json_t *value;
	json_object_foreach ((json_t *) params, name, value)
	{
		bool is_known = json_object_get (is_declared ? bound : used, name) != NULL;
		if (!is_known)
			return weir_graph_fail (err, "ProcessParameterUnsupported", "", "",
			                        "parameter '%s': the graph has no such parameter", name);
	}
	return 0;
}

int
weir_graph_from_json (const json_t *json, const json_t *params, weir_graph_t **graph_out,
                      weir_err_t *err)
{
	const json_t *map, *declared;
	*graph_out = NULL;
	int rc = s_unwrap (json, &map, &declared, err);
	if (rc == 0 && params != NULL)
		rc = s_expect_object (params, "parameters", err);
	if (rc != 0)
		return rc;
	json_t *bound = json_object ();
	bool is_declared = json_is_array (declared);
	weir_build_t build = { .err = err, .budget = WEIR_GRAPH_BUDGET, .used = json_object () };
	weir_scope_t scope = { .bound = bound, .free_names = "", .has_declarations = is_declared };
	rc = s_bind (declared, params, bound, err);
	if (rc == 0)
		rc = weir_graph_build (&build, map, &scope, "", "", graph_out);
	if (rc == 0 && params != NULL)
		rc = s_check_unused (params, bound, build.used, is_declared, err);
	if (rc == 0)
		rc = weir_graph_check_types (*graph_out, err);
	if (rc != 0)
		weir_graph_destroy (graph_out);
	json_decref (build.used);
	json_decref (bound);
	return rc;
}

int
weir_graph_parse (const char *text, size_t text_bytes, const json_t *params,
                  weir_graph_t **graph_out, weir_err_t *err)
{
	json_error_t error;
	*graph_out = NULL;
	if (text_bytes > WEIR_GRAPH_TEXT_MAX)
		return weir_graph_fail (err, "ProcessGraphInvalid", "", "",
		                        "process graph: larger than 64 MiB");
	json_t *json = json_loadb (text, text_bytes, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &error);
	if (json == NULL)
		return weir_graph_fail (err, "ProcessGraphInvalid", "", "",
		                        "process graph: not JSON: line %d, column %d: %s", error.line,
		                        error.column, error.text);
	int rc = weir_graph_from_json (json, params, graph_out, err);
	json_decref (json);
	return rc;
}

int
weir_callback_new (const json_t *callback, const char *parameters, weir_graph_t **graph_out,
                   weir_err_t *err)
{
	const json_t *map, *declared;
	*graph_out = NULL;
	int rc = s_unwrap (callback, &map, &declared, err);
	if (rc != 0)
		return rc;
	weir_build_t build = { .err = err, .budget = WEIR_GRAPH_BUDGET, .nesting = 1 };
	weir_scope_t scope = { .free_names = parameters };
	rc = weir_graph_build (&build, map, &scope, "", parameters, graph_out);
	if (rc != 0)
		weir_graph_destroy (graph_out);
	return rc;
}
