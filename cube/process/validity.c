/* validity.c - is_nodata, is_nan, is_valid
 *
 * NaN and no-data are different things: NaN is a number that came of arithmetic, no-data is nothing
 * observed. Valid is what is neither no-data, NaN nor infinite.
 *
 * Source   openEO processes 2.0
 */
#include "cube/process/validity.h"
#include "cube/process/processes.h"
#include "cube/process/value.h"

#include <math.h>

bool
weir_value_is_valid (const json_t *value)
{
	double number;
	switch (weir_value_kind (value)) {
	case WEIR_VALUE_NODATA: return false;
	case WEIR_VALUE_NUMBER: return weir_value_number (value, &number) && isfinite (number);
	default: return true;
	}
}

static int
s_eval_is_nodata (const json_t *arguments, json_t **result_out, weir_err_t *err)
{
	(void) err;
	*result_out = json_boolean (weir_value_is_nodata (json_object_get (arguments, "x")));
	return 0;
}

static int
s_eval_is_nan (const json_t *arguments, json_t **result_out, weir_err_t *err)
{
	(void) err;
	const json_t *x = json_object_get (arguments, "x");
	double number = 0;
	bool is_number = weir_value_kind (x) == WEIR_VALUE_NUMBER && weir_value_number (x, &number);
	*result_out = json_boolean (is_number && isnan (number));
	return 0;
}

static int
s_eval_is_valid (const json_t *arguments, json_t **result_out, weir_err_t *err)
{
	(void) err;
	*result_out = json_boolean (weir_value_is_valid (json_object_get (arguments, "x")));
	return 0;
}

static const weir_parameter_t s_parameters[] = {
	{ .name = "x", .is_required = true, .types = "any", .description = "The value to look at." },
};

const weir_process_t weir_descriptor_is_nodata = {
	.id = "is_nodata",
	.summary = "Whether a value is no-data",
	.klass = WEIR_PROCESS_VALUE,
	.n_parameters = 1,
	.parameters = s_parameters,
	.eval = s_eval_is_nodata,
	.op = WEIR_OP_IS_NODATA,
	.fold = -1,
	.returns = "boolean",
};

const weir_process_t weir_descriptor_is_nan = {
	.id = "is_nan",
	.summary = "Whether a value is the number NaN",
	.klass = WEIR_PROCESS_VALUE,
	.n_parameters = 1,
	.parameters = s_parameters,
	.eval = s_eval_is_nan,
	.op = WEIR_OP_IS_NAN,
	.fold = -1,
	.returns = "boolean",
};

const weir_process_t weir_descriptor_is_valid = {
	.id = "is_valid",
	.summary = "Whether a value is neither no-data nor NaN nor infinite",
	.klass = WEIR_PROCESS_VALUE,
	.n_parameters = 1,
	.parameters = s_parameters,
	.eval = s_eval_is_valid,
	.op = WEIR_OP_IS_VALID,
	.fold = -1,
	.returns = "boolean",
};
