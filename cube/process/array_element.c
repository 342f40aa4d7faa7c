/* array_element.c - one element of an array, by its index or its label
 *
 * Source   openEO processes 2.0
 */
#include "cube/process/processes.h"
#include "cube/process/value.h"

#include <math.h>

static bool
s_is_label (const json_t *key, const json_t *label)
{
	const char *a = weir_value_string (key), *b = weir_value_string (label);
	return a != NULL && b != NULL ? strcmp (a, b) == 0 : weir_value_same (key, label);
}

/* The element, or NULL. */
static const json_t *
s_find_label (const json_t *data, const json_t *label)
{
	const json_t *list = json_object_get (data, "data"); /* of a labeled-array */
	for (size_t i = 0; i < json_array_size (list); i++) {
		const json_t *entry = json_array_get (list, i);
		if (s_is_label (json_object_get (entry, "key"), label))
			return json_object_get (entry, "value");
	}
	return NULL;
}

static const json_t *
s_find_index (const json_t *data, const json_t *index)
{
	double at;
	if (!weir_value_number (index, &at) || at < 0 || at != floor (at) ||
	    at >= (double) weir_value_array_size (data))
		return NULL;
	return weir_value_array_at (data, (size_t) at);
}

static int
s_eval_array_element (const json_t *arguments, json_t **result_out, weir_err_t *err)
{
	const json_t *data = json_object_get (arguments, "data");
	const json_t *index = json_object_get (arguments, "index");
	const json_t *label = json_object_get (arguments, "label");
	bool has_index = !weir_value_is_nodata (index), has_label = !weir_value_is_nodata (label);
	if (has_index && has_label)
		return weir_err_invalid (err, "ArrayElementParameterConflict", "",
		                         "index and label: only one of them can say which element");
	if (!has_index && !has_label)
		return weir_err_invalid (err, "ArrayElementParameterMissing", "",
		                         "neither index nor label says which element");
	if (has_label && json_is_array (data))
		return weir_err_invalid (err, "ArrayNotLabeled", "", "the array has no labels");
	const json_t *element = has_index ? s_find_index (data, index) : s_find_label (data, label);
	if (element == NULL && !weir_argument_flag (arguments, "return_nodata", false))
		return weir_err_invalid (err, "ArrayElementNotAvailable", "",
		                         "the array has no such element");
	*result_out = element != NULL ? json_incref ((json_t *) element) : weir_value_new_nodata ();
	return 0;
}

static const weir_parameter_t s_parameters[] = {
	{ .name = "data", .is_required = true, .types = "array", .description = "The array." },
	{ .name = "index",
	  .types = "number null",
	  .default_json = "null",
	  .description = "Which element, counted from 0." },
	{ .name = "label",
	  .types = "number string null",
	  .default_json = "null",
	  .description = "Which element, by its label: over bands the name of one." },
	{ .name = "return_nodata",
	  .types = "boolean",
	  .default_json = "false",
	  .description = "Whether a missing element gives no-data; else it is an error." },
};

const weir_process_t weir_descriptor_array_element = {
	.id = "array_element",
	.summary = "One element of an array",
	.klass = WEIR_PROCESS_VALUE,
	.n_parameters = WEIR_N_OF (s_parameters),
	.parameters = s_parameters,
	.eval = s_eval_array_element,
	.op = -1,
	.fold = -1,
	.returns = "any",
};
