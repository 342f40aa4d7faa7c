/* any_all.c - any, all of a series of truth values
 *
 * An empty series gives false for any and true for all. Where ignore_nodata is false, no-data is
 * "unknown" and the result is three-valued.
 *
 * Source   openEO processes 2.0
 */
#include "cube/process/processes.h"
#include "cube/process/value.h"

/* any: one true decides; all: one false decides. */
static int
s_eval_series (const json_t *arguments, bool decisive, json_t **result_out, weir_err_t *err)
{
	const json_t *data = json_object_get (arguments, "data");
	bool ignores_nodata = weir_argument_flag (arguments, "ignore_nodata", true);
	bool is_unknown = false, is_decided = false;
	for (size_t i = 0; i < weir_value_array_size (data); i++) {
		const json_t *element = weir_value_array_at (data, i);
		if (weir_value_is_nodata (element))
			is_unknown = is_unknown || !ignores_nodata;
		else if (!json_is_boolean (element))
			return weir_argument_invalid (err, "data", "booleans or null", element);
		else
			is_decided = is_decided || json_is_true (element) == decisive;
	}
	if (is_decided)
		*result_out = json_boolean (decisive);
	else
		*result_out = is_unknown ? weir_value_new_nodata () : json_boolean (!decisive);
	return 0;
}

static int
s_eval_any (const json_t *arguments, json_t **result_out, weir_err_t *err)
{
	return s_eval_series (arguments, true, result_out, err);
}

static int
s_eval_all (const json_t *arguments, json_t **result_out, weir_err_t *err)
{
	return s_eval_series (arguments, false, result_out, err);
}

static const weir_parameter_t s_parameters[] = {
	{ .name = "data",
	  .is_required = true,
	  .types = "array",
	  .description = "The series of truth values." },
	{ .name = "ignore_nodata",
	  .types = "boolean",
	  .default_json = "true",
	  .description = "Whether no-data is left out; else it counts as unknown." },
};

const weir_process_t weir_descriptor_any = {
	.id = "any",
	.summary = "Whether at least one value of a series is true",
	.klass = WEIR_PROCESS_FOLD,
	.n_parameters = WEIR_N_OF (s_parameters),
	.parameters = s_parameters,
	.eval = s_eval_any,
	.op = -1,
	.fold = WEIR_FOLD_ANY,
	.returns = "boolean null",
};

const weir_process_t weir_descriptor_all = {
	.id = "all",
	.summary = "Whether every value of a series is true",
	.klass = WEIR_PROCESS_FOLD,
	.n_parameters = WEIR_N_OF (s_parameters),
	.parameters = s_parameters,
	.eval = s_eval_all,
	.op = -1,
	.fold = WEIR_FOLD_ALL,
	.returns = "boolean null",
};
