/* arithmetic.c - add, subtract, multiply, divide, absolute, sqrt, normalized_difference
 *
 * No-data in, no-data out; else IEEE 754: x / 0 is ±Infinity, 0 / 0 is NaN.
 *
 * Source   openEO processes 2.0
 */
#include "cube/process/processes.h"
#include "cube/process/value.h"

#include <math.h>

typedef double s_binary_fn (double x, double y);

static int
s_eval_binary (const json_t *arguments, s_binary_fn *function, json_t **result_out, weir_err_t *err)
{
	double x, y;
	bool x_is_nodata, y_is_nodata;
	int rc = weir_argument_number (arguments, "x", &x, &x_is_nodata, err);
	if (rc == 0)
		rc = weir_argument_number (arguments, "y", &y, &y_is_nodata, err);
	if (rc != 0)
		return rc;
	*result_out = x_is_nodata || y_is_nodata ? weir_value_new_nodata ()
	                                         : weir_value_new_number (function (x, y));
	return 0;
}

static double
s_add (double x, double y)
{
	return x + y;
}

static double
s_subtract (double x, double y)
{
	return x - y;
}

static double
s_multiply (double x, double y)
{
	return x * y;
}

/* Spelled out: C leaves division by zero undefined, and sanitizers say so. */
static double
s_divide (double x, double y)
{
	if (y != 0.0)
		return x / y;
	if (x == 0.0 || isnan (x))
		return (double) NAN;
	return signbit (x) == signbit (y) ? (double) INFINITY : (double) -INFINITY;
}

static double
s_normalized_difference (double x, double y)
{
	return s_divide (x - y, x + y);
}

static int
s_eval_add (const json_t *arguments, json_t **result_out, weir_err_t *err)
{
	return s_eval_binary (arguments, s_add, result_out, err);
}

static int
s_eval_subtract (const json_t *arguments, json_t **result_out, weir_err_t *err)
{
	return s_eval_binary (arguments, s_subtract, result_out, err);
}

static int
s_eval_multiply (const json_t *arguments, json_t **result_out, weir_err_t *err)
{
	return s_eval_binary (arguments, s_multiply, result_out, err);
}

static int
s_eval_divide (const json_t *arguments, json_t **result_out, weir_err_t *err)
{
	return s_eval_binary (arguments, s_divide, result_out, err);
}

static int
s_eval_absolute (const json_t *arguments, json_t **result_out, weir_err_t *err)
{
	double x;
	bool is_nodata;
	int rc = weir_argument_number (arguments, "x", &x, &is_nodata, err);
	if (rc == 0)
		*result_out = is_nodata ? weir_value_new_nodata () : weir_value_new_number (fabs (x));
	return rc;
}

static int
s_eval_normalized_difference (const json_t *arguments, json_t **result_out, weir_err_t *err)
{
	return s_eval_binary (arguments, s_normalized_difference, result_out, err);
}

static int
s_eval_sqrt (const json_t *arguments, json_t **result_out, weir_err_t *err)
{
	double x;
	bool is_nodata;
	int rc = weir_argument_number (arguments, "x", &x, &is_nodata, err);
	if (rc == 0)
		*result_out = is_nodata ? weir_value_new_nodata () : weir_value_new_number (sqrt (x));
	return rc;
}

static const weir_parameter_t s_operands[] = {
	{ .name = "x",
	  .is_required = true,
	  .types = "number null",
	  .description = "The first operand." },
	{ .name = "y",
	  .is_required = true,
	  .types = "number null",
	  .description = "The second operand." },
};

const weir_process_t weir_descriptor_add = {
	.id = "add",
	.summary = "The sum of two numbers",
	.klass = WEIR_PROCESS_VALUE,
	.n_parameters = 2,
	.parameters = s_operands,
	.eval = s_eval_add,
	.op = WEIR_OP_ADD,
	.fold = -1,
	.returns = "number null",
};

const weir_process_t weir_descriptor_subtract = {
	.id = "subtract",
	.summary = "The first number less the second",
	.klass = WEIR_PROCESS_VALUE,
	.n_parameters = 2,
	.parameters = s_operands,
	.eval = s_eval_subtract,
	.op = WEIR_OP_SUBTRACT,
	.fold = -1,
	.returns = "number null",
};

const weir_process_t weir_descriptor_multiply = {
	.id = "multiply",
	.summary = "The product of two numbers",
	.klass = WEIR_PROCESS_VALUE,
	.n_parameters = 2,
	.parameters = s_operands,
	.eval = s_eval_multiply,
	.op = WEIR_OP_MULTIPLY,
	.fold = -1,
	.returns = "number null",
};

const weir_process_t weir_descriptor_divide = {
	.id = "divide",
	.summary = "The first number divided by the second",
	.klass = WEIR_PROCESS_VALUE,
	.n_parameters = 2,
	.parameters = s_operands,
	.eval = s_eval_divide,
	.op = WEIR_OP_DIVIDE,
	.fold = -1,
	.returns = "number null",
};

const weir_process_t weir_descriptor_absolute = {
	.id = "absolute",
	.summary = "A number without its sign",
	.klass = WEIR_PROCESS_VALUE,
	.n_parameters = 1,
	.parameters = s_operands,
	.eval = s_eval_absolute,
	.op = WEIR_OP_ABSOLUTE,
	.fold = -1,
	.returns = "number null",
};

const weir_process_t weir_descriptor_sqrt = {
	.id = "sqrt",
	.summary = "The square root of a number",
	.klass = WEIR_PROCESS_VALUE,
	.n_parameters = 1,
	.parameters = s_operands,
	.eval = s_eval_sqrt,
	.op = WEIR_OP_SQRT,
	.fold = -1,
	.returns = "number null",
};

const weir_process_t weir_descriptor_normalized_difference = {
	.id = "normalized_difference",
	.summary = "The difference of two numbers over their sum",
	.klass = WEIR_PROCESS_VALUE,
	.n_parameters = 2,
	.parameters = s_operands,
	.eval = s_eval_normalized_difference,
	.op = WEIR_OP_NORMALIZED_DIFFERENCE,
	.fold = -1,
	.returns = "number null",
};
