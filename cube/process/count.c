/* count.c - how many elements of a series are valid, or meet a condition
 *
 * Source   openEO processes 2.0
 */
#include "cube/graph/eval.h"
#include "cube/process/processes.h"
#include "cube/process/validity.h"
#include "cube/process/value.h"

#define S_CONDITION_PARAMETERS "element context"

static int
s_count_condition (const json_t *data, const json_t *arguments, size_t *n_out, weir_err_t *err)
{
	weir_graph_t *graph = NULL;
	int rc = weir_callback_new (json_object_get (arguments, "condition"), S_CONDITION_PARAMETERS,
	                            &graph, err);
	json_t *context = json_object_get (arguments, "context");
	for (size_t i = 0; rc == 0 && i < weir_value_array_size (data); i++) {
		json_t *result = NULL;
		json_t *names = json_pack ("{s:O?, s:O?}", "element", weir_value_array_at (data, i),
		                           "context", context);
		rc = weir_graph_eval (graph, names, &result, err);
		json_decref (names);
		if (rc == 0 && json_is_true (result))
			++*n_out;
		else if (rc == 0 && !json_is_boolean (result) && !weir_value_is_nodata (result))
			rc = weir_argument_invalid (err, "condition", "a result that is a boolean", result);
		json_decref (result);
	}
	weir_graph_destroy (&graph);
	return rc;
}

static int
s_eval_count (const json_t *arguments, json_t **result_out, weir_err_t *err)
{
	const json_t *data = json_object_get (arguments, "data");
	const json_t *condition = json_object_get (arguments, "condition");
	size_t n = 0;
	int rc = 0;
	if (json_is_true (condition)) {
		n = weir_value_array_size (data);
	} else if (weir_value_kind (condition) == WEIR_VALUE_CALLBACK) {
		rc = s_count_condition (data, arguments, &n, err);
	} else if (weir_value_is_nodata (condition)) {
		for (size_t i = 0; i < weir_value_array_size (data); i++)
			n += weir_value_is_valid (weir_value_array_at (data, i)) ? 1 : 0;
	} else {
		rc = weir_argument_invalid (err, "condition", "true, null or a process graph", condition);
	}
	if (rc == 0)
		*result_out = json_integer ((json_int_t) n);
	return rc;
}

static const weir_parameter_t s_parameters[] = {
	{ .name = "data", .is_required = true, .types = "array", .description = "The series." },
	{ .name = "condition",
	  .types = "callback boolean null",
	  .default_json = "null",
	  .description =
	      "null counts the valid elements, true all, a process graph those it is true for.",
	  .callback_parameters = S_CONDITION_PARAMETERS },
	{ .name = "context",
	  .types = "any",
	  .default_json = "null",
	  .description = "Handed to the condition as it is." },
};

const weir_process_t weir_descriptor_count = {
	.id = "count",
	.summary = "How many elements of a series are valid or meet a condition",
	.klass = WEIR_PROCESS_FOLD,
	.n_parameters = WEIR_N_OF (s_parameters),
	.parameters = s_parameters,
	.eval = s_eval_count,
	.op = -1,
	.fold = WEIR_FOLD_COUNT,
	.returns = "number",
};
