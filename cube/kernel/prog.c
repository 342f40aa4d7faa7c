/* prog.c - see prog.h: names, checks and the one-cell reference */
#include "cube/kernel/prog.h"

#include "cube/kernel/vec.h"
#include "runtime/base/mem.h"

#include <math.h>
#include <stdlib.h>

static const struct {
	const char *name;
	int n_operands;
	bool is_bool;
} s_ops[WEIR_N_OPS] = {
	[WEIR_OP_INPUT] = { "input", 0, false },
	[WEIR_OP_CONST] = { "const", 0, false },
	[WEIR_OP_NODATA] = { "nodata", 0, false },
	[WEIR_OP_ADD] = { "add", 2, false },
	[WEIR_OP_SUBTRACT] = { "subtract", 2, false },
	[WEIR_OP_MULTIPLY] = { "multiply", 2, false },
	[WEIR_OP_DIVIDE] = { "divide", 2, false },
	[WEIR_OP_ABSOLUTE] = { "absolute", 1, false },
	[WEIR_OP_SQRT] = { "sqrt", 1, false },
	[WEIR_OP_NORMALIZED_DIFFERENCE] = { "normalized_difference", 2, false },
	[WEIR_OP_EQ] = { "eq", 2, true },
	[WEIR_OP_NEQ] = { "neq", 2, true },
	[WEIR_OP_GT] = { "gt", 2, true },
	[WEIR_OP_GTE] = { "gte", 2, true },
	[WEIR_OP_LT] = { "lt", 2, true },
	[WEIR_OP_LTE] = { "lte", 2, true },
	[WEIR_OP_BETWEEN] = { "between", 3, true },
	[WEIR_OP_AND] = { "and", 2, true },
	[WEIR_OP_OR] = { "or", 2, true },
	[WEIR_OP_XOR] = { "xor", 2, true },
	[WEIR_OP_NOT] = { "not", 1, true },
	[WEIR_OP_IF] = { "if", 3, false },
	[WEIR_OP_IS_NODATA] = { "is_nodata", 1, true },
	[WEIR_OP_IS_NAN] = { "is_nan", 1, true },
	[WEIR_OP_IS_VALID] = { "is_valid", 1, true },
};

const char *
weir_op_name (weir_op_t op)
{
	return s_ops[op].name;
}

bool
weir_op_parse (const char *name, weir_op_t *op_out)
{
	for (int op = 0; name != NULL && op < WEIR_N_OPS; op++)
		if (strcmp (name, s_ops[op].name) == 0) {
			*op_out = (weir_op_t) op;
			return true;
		}
	return false;
}

int
weir_op_n_operands (weir_op_t op)
{
	return s_ops[op].n_operands;
}

bool
weir_op_is_bool (weir_op_t op)
{
	return s_ops[op].is_bool;
}

void
weir_prog_clear (weir_prog_t *self)
{
	if (self == NULL)
		return;
	free (self->instr);
	self->instr = NULL;
	self->n_instr = 0;
}

void
weir_prog_copy (const weir_prog_t *self, weir_prog_t *out)
{
	*out = *self;
	out->instr = NULL;
	if (self->n_instr == 0)
		return;
	out->instr = weir_alloc (self->n_instr * sizeof *out->instr);
	memcpy (out->instr, self->instr, self->n_instr * sizeof *out->instr);
}

/* ---- checks */

int
weir_cell_check (weir_cell_t cell, const char *what, weir_err_t *err)
{
	if ((int) cell.type < 0 || cell.type >= WEIR_N_TYPES)
		return weir_err_invalid (err, "Internal", "", "%s: unknown cell type %d", what,
		                         (int) cell.type);
	if (weir_type_is_float (cell.type) || !cell.has_nodata)
		return 0;
	if (!weir_type_holds (cell.type, cell.nodata))
		return weir_err_invalid (err, "Internal", "",
		                         "%s: no-data value %.17g is not a value of %s", what, cell.nodata,
		                         weir_type_name (cell.type));
	return 0;
}

static int
s_check_instr (const weir_instr_t *instr, size_t at, size_t n_inputs, weir_err_t *err)
{
	if ((int) instr->op < 0 || instr->op >= WEIR_N_OPS)
		return weir_err_invalid (err, "Internal", "",
		                         "cell expression: instruction %zu: unknown operation %d", at,
		                         (int) instr->op);
	if (instr->op == WEIR_OP_INPUT && instr->a >= n_inputs)
		return weir_err_invalid (err, "Internal", "",
		                         "cell expression: instruction %zu: input %u of %zu", at,
		                         (unsigned) instr->a, n_inputs);
	const uint16_t operands[3] = { instr->a, instr->b, instr->c };
	for (int i = 0; i < s_ops[instr->op].n_operands; i++)
		if (operands[i] >= at)
			return weir_err_invalid (
				err, "Internal", "",
				"cell expression: instruction %zu: operand %u does not come before it", at,
				(unsigned) operands[i]);
	return 0;
}

int
weir_prog_check (const weir_prog_t *self, size_t n_inputs, weir_err_t *err)
{
	if (self->n_instr == 0 || self->n_instr > WEIR_PROG_INSTR_MAX || self->instr == NULL)
		return weir_err_invalid (err, "Internal", "",
		                         "cell expression: %zu instructions, expected 1 to %d",
		                         self->n_instr, WEIR_PROG_INSTR_MAX);
	if (n_inputs > WEIR_PROG_INPUT_MAX)
		return weir_err_invalid (err, "Internal", "", "cell expression: %zu inputs, at most %d",
		                         n_inputs, WEIR_PROG_INPUT_MAX);
	for (size_t i = 0; i < self->n_instr; i++) {
		int status = s_check_instr (&self->instr[i], i, n_inputs, err);
		if (status != 0)
			return status;
	}
	return weir_cell_check (self->out, "cell expression", err);
}

/* ---- the reference: one cell, no tricks */

static double
s_bool (bool value)
{
	return value ? 1.0 : 0.0;
}

static bool
s_is_true (double value)
{
	return value > 0 || value < 0; /* neither NaN nor no-data */
}

static bool
s_is_equal (double x, double y, double delta)
{
	return x == y || (delta >= 0 && fabs (x - y) <= delta);
}

/* Three-valued: `absorbing` (true for OR, false for AND) wins over no-data. */
static double
s_eval_and_or (double x, double y, bool absorbing)
{
	bool x_nd = weir_is_nodata_f64 (x), y_nd = weir_is_nodata_f64 (y);
	if ((!x_nd && s_is_true (x) == absorbing) || (!y_nd && s_is_true (y) == absorbing))
		return s_bool (absorbing);
	return x_nd || y_nd ? weir_nodata_f64 () : s_bool (!absorbing);
}

/* Operations for which any no-data operand gives no-data. */
static double
s_eval_strict (const weir_instr_t *instr, double x, double y, double z)
{
	switch (instr->op) {
	case WEIR_OP_ADD: return x + y;
	case WEIR_OP_SUBTRACT: return x - y;
	case WEIR_OP_MULTIPLY: return x * y;
	case WEIR_OP_DIVIDE: return x / y;
	case WEIR_OP_ABSOLUTE: return fabs (x);
	case WEIR_OP_SQRT: return sqrt (x);
	case WEIR_OP_NORMALIZED_DIFFERENCE: return (x - y) / (x + y);
	case WEIR_OP_EQ: return s_bool (s_is_equal (x, y, instr->value));
	case WEIR_OP_NEQ: return s_bool (!s_is_equal (x, y, instr->value));
	case WEIR_OP_GT: return s_bool (x > y);
	case WEIR_OP_GTE: return s_bool (x >= y);
	case WEIR_OP_LT: return s_bool (x < y);
	case WEIR_OP_LTE: return s_bool (x <= y);
	case WEIR_OP_BETWEEN: return s_bool (x >= y && (instr->value != 0 ? x < z : x <= z));
	case WEIR_OP_XOR: return s_bool (s_is_true (x) != s_is_true (y));
	case WEIR_OP_NOT: return s_bool (!s_is_true (x));
	default: return NAN;
	}
}

double
weir_nan_canonical (double value)
{
	if (!isnan (value) || weir_is_nodata_f64 (value))
		return value;
	return WEIR_NAN;
}

static double
s_eval_instr (const weir_instr_t *instr, const double *values, const double *inputs)
{
	if (instr->op == WEIR_OP_INPUT)
		return weir_nan_canonical (inputs[instr->a]);
	if (instr->op == WEIR_OP_CONST)
		return weir_nan_canonical (instr->value);
	if (instr->op == WEIR_OP_NODATA)
		return weir_nodata_f64 ();
	int n = s_ops[instr->op].n_operands;
	double x = values[instr->a], y = n > 1 ? values[instr->b] : 0, z = n > 2 ? values[instr->c] : 0;
	switch (instr->op) {
	case WEIR_OP_AND: return s_eval_and_or (x, y, false);
	case WEIR_OP_OR: return s_eval_and_or (x, y, true);
	case WEIR_OP_IF: return s_is_true (x) ? y : z;
	case WEIR_OP_IS_NODATA: return s_bool (weir_is_nodata_f64 (x));
	case WEIR_OP_IS_NAN: return s_bool (isnan (x) && !weir_is_nodata_f64 (x));
	case WEIR_OP_IS_VALID: return s_bool (isfinite (x));
	default: break;
	}
	if (weir_is_nodata_f64 (x) || weir_is_nodata_f64 (y) || weir_is_nodata_f64 (z))
		return weir_nodata_f64 ();
	return s_eval_strict (instr, x, y, z);
}

double
weir_cell_round (weir_cell_t cell, double value)
{
	union {
		uint64_t bits;
		char bytes[8];
	} cells = { 0 };
	weir_cell_set (cell, &cells, 0, weir_nan_canonical (value));
	return weir_cell_get (cell, &cells, 0);
}

double
weir_prog_eval (const weir_prog_t *self, const double *inputs)
{
	double few[64], *values = few;
	if (self->n_instr > sizeof few / sizeof few[0])
		values = weir_alloc (self->n_instr * sizeof *values);
	for (size_t i = 0; i < self->n_instr; i++)
		values[i] = s_eval_instr (&self->instr[i], values, inputs);
	double result = weir_cell_round (self->out, values[self->n_instr - 1]);
	if (values != few)
		free (values);
	return result;
}
