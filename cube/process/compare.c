/* compare.c - eq, neq, gt, gte, lt, lte, between
 *
 * Any no-data operand gives no-data. Types are strict: a number never equals a boolean or a text;
 * arrays and objects equal nothing, and differ from nothing either. Only numbers have an order: any
 * other comparison is false. NaN equals nothing and has no order.
 *
 * Source   openEO processes 2.0
 */
#include "cube/process/processes.h"
#include "cube/process/value.h"

#include <math.h>
#include <string.h>

static bool
s_is_collection (weir_value_kind_t kind)
{
	return kind != WEIR_VALUE_NUMBER && kind != WEIR_VALUE_BOOL && kind != WEIR_VALUE_STRING;
}

static bool
s_equal_numbers (double x, double y, const json_t *delta)
{
	double tolerance;
	if (x == y || weir_value_is_nodata (delta) || !weir_value_number (delta, &tolerance))
		return x == y;
	return fabs (x - y) <= tolerance;
}

static bool
s_equal (const json_t *x, const json_t *y, const json_t *arguments)
{
	weir_value_kind_t kind = weir_value_kind (x);
	if (kind != weir_value_kind (y))
		return false;
	if (kind == WEIR_VALUE_BOOL)
		return json_is_true (x) == json_is_true (y);
	if (kind == WEIR_VALUE_STRING) {
		const char *a = weir_value_string (x), *b = weir_value_string (y);
		bool is_strict = weir_argument_flag (arguments, "case_sensitive", true);
		return is_strict ? strcmp (a, b) == 0 : weir_text_equal_folded (a, b);
	}
	double a = 0, b = 0;
	weir_value_number (x, &a);
	weir_value_number (y, &b);
	return s_equal_numbers (a, b, json_object_get (arguments, "delta"));
}

static int
s_eval_equality (const json_t *arguments, bool is_negated, json_t **result_out)
{
	const json_t *x = json_object_get (arguments, "x"), *y = json_object_get (arguments, "y");
	if (weir_value_is_nodata (x) || weir_value_is_nodata (y))
		*result_out = weir_value_new_nodata ();
	else if (s_is_collection (weir_value_kind (x)) || s_is_collection (weir_value_kind (y)))
		*result_out = json_false ();
	else
		*result_out = json_boolean (s_equal (x, y, arguments) != is_negated);
	return 0;
}

static int
s_eval_eq (const json_t *arguments, json_t **result_out, weir_err_t *err)
{
	(void) err;
	return s_eval_equality (arguments, false, result_out);
}

static int
s_eval_neq (const json_t *arguments, json_t **result_out, weir_err_t *err)
{
	(void) err;
	return s_eval_equality (arguments, true, result_out);
}

typedef enum { S_GT, S_GTE, S_LT, S_LTE } s_order_t;

static bool
s_is_ordered (const json_t *x, s_order_t order, const json_t *y)
{
	double a, b;
	if (weir_value_kind (x) != WEIR_VALUE_NUMBER || weir_value_kind (y) != WEIR_VALUE_NUMBER)
		return false;
	weir_value_number (x, &a);
	weir_value_number (y, &b);
	switch (order) {
	case S_GT: return a > b;
	case S_GTE: return a >= b;
	case S_LT: return a < b;
	case S_LTE: break;
	}
	return a <= b;
}

static int
s_eval_order (const json_t *arguments, s_order_t order, json_t **result_out)
{
	const json_t *x = json_object_get (arguments, "x"), *y = json_object_get (arguments, "y");
	if (weir_value_is_nodata (x) || weir_value_is_nodata (y))
		*result_out = weir_value_new_nodata ();
	else
		*result_out = json_boolean (s_is_ordered (x, order, y));
	return 0;
}

static int
s_eval_gt (const json_t *arguments, json_t **result_out, weir_err_t *err)
{
	(void) err;
	return s_eval_order (arguments, S_GT, result_out);
}

static int
s_eval_gte (const json_t *arguments, json_t **result_out, weir_err_t *err)
{
	(void) err;
	return s_eval_order (arguments, S_GTE, result_out);
}

static int
s_eval_lt (const json_t *arguments, json_t **result_out, weir_err_t *err)
{
	(void) err;
	return s_eval_order (arguments, S_LT, result_out);
}

static int
s_eval_lte (const json_t *arguments, json_t **result_out, weir_err_t *err)
{
	(void) err;
	return s_eval_order (arguments, S_LTE, result_out);
}

static int
s_eval_between (const json_t *arguments, json_t **result_out, weir_err_t *err)
{
	(void) err;
	const json_t *x = json_object_get (arguments, "x");
	const json_t *min = json_object_get (arguments, "min"),
				 *max = json_object_get (arguments, "max");
	s_order_t upper = weir_argument_flag (arguments, "exclude_max", false) ? S_LT : S_LTE;
	if (weir_value_is_nodata (x) || weir_value_is_nodata (min) || weir_value_is_nodata (max))
		*result_out = weir_value_new_nodata ();
	else
		*result_out = json_boolean (s_is_ordered (x, S_GTE, min) && s_is_ordered (x, upper, max));
	return 0;
}

static const weir_parameter_t s_equality[] = {
	{ .name = "x", .is_required = true, .types = "any", .description = "The first operand." },
	{ .name = "y", .is_required = true, .types = "any", .description = "The second operand." },
	{ .name = "delta",
	  .types = "number null",
	  .default_json = "null",
	  .description = "Numbers that differ by no more than this are equal." },
	{ .name = "case_sensitive",
	  .types = "boolean",
	  .default_json = "true",
	  .description = "Whether capital and small letters differ." },
};

static const weir_parameter_t s_order[] = {
	{ .name = "x", .is_required = true, .types = "any", .description = "The first operand." },
	{ .name = "y", .is_required = true, .types = "any", .description = "The second operand." },
};

static const weir_parameter_t s_between[] = {
	{ .name = "x", .is_required = true, .types = "any", .description = "The value to look at." },
	{ .name = "min",
	  .is_required = true,
	  .types = "number",
	  .description = "The smallest value inside." },
	{ .name = "max",
	  .is_required = true,
	  .types = "number",
	  .description = "The largest value inside." },
	{ .name = "exclude_max",
	  .types = "boolean",
	  .default_json = "false",
	  .description = "Whether `max` itself lies outside." },
};

const weir_process_t weir_descriptor_eq = {
	.id = "eq",
	.summary = "Whether two values are the same",
	.klass = WEIR_PROCESS_VALUE,
	.n_parameters = WEIR_N_OF (s_equality),
	.parameters = s_equality,
	.eval = s_eval_eq,
	.op = WEIR_OP_EQ,
	.fold = -1,
	.returns = "boolean null",
};

const weir_process_t weir_descriptor_neq = {
	.id = "neq",
	.summary = "Whether two values differ",
	.klass = WEIR_PROCESS_VALUE,
	.n_parameters = WEIR_N_OF (s_equality),
	.parameters = s_equality,
	.eval = s_eval_neq,
	.op = WEIR_OP_NEQ,
	.fold = -1,
	.returns = "boolean null",
};

const weir_process_t weir_descriptor_gt = {
	.id = "gt",
	.summary = "Whether the first number is the larger",
	.klass = WEIR_PROCESS_VALUE,
	.n_parameters = WEIR_N_OF (s_order),
	.parameters = s_order,
	.eval = s_eval_gt,
	.op = WEIR_OP_GT,
	.fold = -1,
	.returns = "boolean null",
};

const weir_process_t weir_descriptor_gte = {
	.id = "gte",
	.summary = "Whether the first number is the larger, or both are equal",
	.klass = WEIR_PROCESS_VALUE,
	.n_parameters = WEIR_N_OF (s_order),
	.parameters = s_order,
	.eval = s_eval_gte,
	.op = WEIR_OP_GTE,
	.fold = -1,
	.returns = "boolean null",
};

const weir_process_t weir_descriptor_lt = {
	.id = "lt",
	.summary = "Whether the first number is the smaller",
	.klass = WEIR_PROCESS_VALUE,
	.n_parameters = WEIR_N_OF (s_order),
	.parameters = s_order,
	.eval = s_eval_lt,
	.op = WEIR_OP_LT,
	.fold = -1,
	.returns = "boolean null",
};

const weir_process_t weir_descriptor_lte = {
	.id = "lte",
	.summary = "Whether the first number is the smaller, or both are equal",
	.klass = WEIR_PROCESS_VALUE,
	.n_parameters = WEIR_N_OF (s_order),
	.parameters = s_order,
	.eval = s_eval_lte,
	.op = WEIR_OP_LTE,
	.fold = -1,
	.returns = "boolean null",
};

const weir_process_t weir_descriptor_between = {
	.id = "between",
	.summary = "Whether a number lies between two others",
	.klass = WEIR_PROCESS_VALUE,
	.n_parameters = WEIR_N_OF (s_between),
	.parameters = s_between,
	.eval = s_eval_between,
	.op = WEIR_OP_BETWEEN,
	.fold = -1,
	.returns = "boolean null",
};
