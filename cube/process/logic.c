/* logic.c - and, or, xor, not, if
 *
 * Three-valued: no-data is "unknown". `if` takes `reject` on anything but true.
 *
 * Source   openEO processes 2.0
 */
#include "cube/process/processes.h"
#include "cube/process/value.h"

typedef enum { S_FALSE = 0, S_TRUE = 1, S_UNKNOWN = 2 } s_truth_t;

static int
s_truth (const json_t *arguments, const char *name, s_truth_t *truth_out, weir_err_t *err)
{
	const json_t *value = json_object_get (arguments, name);
	*truth_out = json_is_true (value) ? S_TRUE : json_is_boolean (value) ? S_FALSE : S_UNKNOWN;
	if (*truth_out == S_UNKNOWN && !weir_value_is_nodata (value))
		return weir_argument_invalid (err, name, "a boolean or null", value);
	return 0;
}

static json_t *
s_truth_json (s_truth_t truth)
{
	return truth == S_UNKNOWN ? weir_value_new_nodata () : json_boolean (truth == S_TRUE);
}

static const s_truth_t s_and[3][3] = { { S_FALSE, S_FALSE, S_FALSE },
	                                   { S_FALSE, S_TRUE, S_UNKNOWN },
	                                   { S_FALSE, S_UNKNOWN, S_UNKNOWN } };
static const s_truth_t s_or[3][3] = { { S_FALSE, S_TRUE, S_UNKNOWN },
	                                  { S_TRUE, S_TRUE, S_TRUE },
	                                  { S_UNKNOWN, S_TRUE, S_UNKNOWN } };
static const s_truth_t s_xor[3][3] = { { S_FALSE, S_TRUE, S_UNKNOWN },
	                                   { S_TRUE, S_FALSE, S_UNKNOWN },
	                                   { S_UNKNOWN, S_UNKNOWN, S_UNKNOWN } };
static const s_truth_t s_not[3] = { S_TRUE, S_FALSE, S_UNKNOWN };

static int
s_eval_table (const json_t *arguments, const s_truth_t table[3][3], json_t **result_out,
              weir_err_t *err)
{
	s_truth_t x, y;
	int rc = s_truth (arguments, "x", &x, err);
	if (rc == 0)
		rc = s_truth (arguments, "y", &y, err);
	if (rc == 0)
		*result_out = s_truth_json (table[x][y]);
	return rc;
}

static int
s_eval_and (const json_t *arguments, json_t **result_out, weir_err_t *err)
{
	return s_eval_table (arguments, s_and, result_out, err);
}

static int
s_eval_or (const json_t *arguments, json_t **result_out, weir_err_t *err)
{
	return s_eval_table (arguments, s_or, result_out, err);
}

static int
s_eval_xor (const json_t *arguments, json_t **result_out, weir_err_t *err)
{
	return s_eval_table (arguments, s_xor, result_out, err);
}

static int
s_eval_not (const json_t *arguments, json_t **result_out, weir_err_t *err)
{
	s_truth_t x;
	int rc = s_truth (arguments, "x", &x, err);
	if (rc == 0)
		*result_out = s_truth_json (s_not[x]);
	return rc;
}

static int
s_eval_if (const json_t *arguments, json_t **result_out, weir_err_t *err)
{
	s_truth_t value;
	int rc = s_truth (arguments, "value", &value, err);
	if (rc != 0)
		return rc;
	json_t *branch = json_object_get (arguments, value == S_TRUE ? "accept" : "reject");
	*result_out = branch != NULL ? json_incref (branch) : weir_value_new_nodata ();
	return 0;
}

static const weir_parameter_t s_operands[] = {
	{ .name = "x",
	  .is_required = true,
	  .types = "boolean null",
	  .description = "The first operand." },
	{ .name = "y",
	  .is_required = true,
	  .types = "boolean null",
	  .description = "The second operand." },
};

static const weir_parameter_t s_branches[] = {
	{ .name = "value",
	  .is_required = true,
	  .types = "boolean null",
	  .description = "What decides." },
	{ .name = "accept",
	  .is_required = true,
	  .types = "any",
	  .description = "The result where `value` is true." },
	{ .name = "reject",
	  .types = "any",
	  .default_json = "null",
	  .description = "The result where it is false or no-data." },
};

const weir_process_t weir_descriptor_and = {
	.id = "and",
	.summary = "Whether both values are true",
	.klass = WEIR_PROCESS_VALUE,
	.n_parameters = 2,
	.parameters = s_operands,
	.eval = s_eval_and,
	.op = WEIR_OP_AND,
	.fold = -1,
	.returns = "boolean null",
};

const weir_process_t weir_descriptor_or = {
	.id = "or",
	.summary = "Whether one value or both are true",
	.klass = WEIR_PROCESS_VALUE,
	.n_parameters = 2,
	.parameters = s_operands,
	.eval = s_eval_or,
	.op = WEIR_OP_OR,
	.fold = -1,
	.returns = "boolean null",
};

const weir_process_t weir_descriptor_xor = {
	.id = "xor",
	.summary = "Whether exactly one value is true",
	.klass = WEIR_PROCESS_VALUE,
	.n_parameters = 2,
	.parameters = s_operands,
	.eval = s_eval_xor,
	.op = WEIR_OP_XOR,
	.fold = -1,
	.returns = "boolean null",
};

const weir_process_t weir_descriptor_not = {
	.id = "not",
	.summary = "The opposite of a truth value",
	.klass = WEIR_PROCESS_VALUE,
	.n_parameters = 1,
	.parameters = s_operands,
	.eval = s_eval_not,
	.op = WEIR_OP_NOT,
	.fold = -1,
	.returns = "boolean null",
};

const weir_process_t weir_descriptor_if = {
	.id = "if",
	.summary = "One of two values, by a truth value",
	.klass = WEIR_PROCESS_VALUE,
	.n_parameters = WEIR_N_OF (s_branches),
	.parameters = s_branches,
	.eval = s_eval_if,
	.op = WEIR_OP_IF,
	.fold = -1,
	.returns = "any",
};
