/* first_last.c - first, last of a series, of any type
 *
 * Source   openEO processes 2.0
 */
#include "cube/process/processes.h"
#include "cube/process/value.h"

static int
s_eval_end (const json_t *arguments, bool is_last, json_t **result_out)
{
	json_t *data = json_object_get (arguments, "data");
	bool ignores_nodata = weir_argument_flag (arguments, "ignore_nodata", true);
	size_t n = weir_value_array_size (data);
	*result_out = NULL;
	for (size_t i = 0; i < n && *result_out == NULL; i++) {
		const json_t *element = weir_value_array_at (data, is_last ? n - 1 - i : i);
		if (!weir_value_is_nodata (element))
			*result_out = json_incref ((json_t *) element);
		else if (!ignores_nodata)
			break;
	}
	if (*result_out == NULL)
		*result_out = weir_value_new_nodata ();
	return 0;
}

static int
s_eval_first (const json_t *arguments, json_t **result_out, weir_err_t *err)
{
	(void) err;
	return s_eval_end (arguments, false, result_out);
}

static int
s_eval_last (const json_t *arguments, json_t **result_out, weir_err_t *err)
{
	(void) err;
	return s_eval_end (arguments, true, result_out);
}

static const weir_parameter_t s_parameters[] = {
	{ .name = "data", .is_required = true, .types = "array", .description = "The series." },
	{ .name = "ignore_nodata",
	  .types = "boolean",
	  .default_json = "true",
	  .description = "Whether no-data is passed over; else it may be the result." },
};

const weir_process_t weir_descriptor_first = {
	.id = "first",
	.summary = "The first value of a series",
	.klass = WEIR_PROCESS_FOLD,
	.n_parameters = WEIR_N_OF (s_parameters),
	.parameters = s_parameters,
	.eval = s_eval_first,
	.op = -1,
	.fold = WEIR_FOLD_FIRST,
	.returns = "any",
};

const weir_process_t weir_descriptor_last = {
	.id = "last",
	.summary = "The last value of a series",
	.klass = WEIR_PROCESS_FOLD,
	.n_parameters = WEIR_N_OF (s_parameters),
	.parameters = s_parameters,
	.eval = s_eval_last,
	.op = -1,
	.fold = WEIR_FOLD_LAST,
	.returns = "any",
};
