/* lower_expr.c - one process on cells becomes one instruction, or a constant
 *
 * Types are settled here, so that the program knows only numbers, 0 and 1, and no-data: a
 * comparison of different types is false (neq: true) wherever neither side is no-data.
 *
 * Source   openEO processes 2.0, DESIGN 8
 */
#include "cube/graph/lower.h"

#include "cube/process/value.h"
#include "runtime/base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const s_kind_phrases[] = {
	[WEIR_LOWERED_NUMBER] = "a number", [WEIR_LOWERED_BOOL] = "a boolean",
	[WEIR_LOWERED_NODATA] = "null",     [WEIR_LOWERED_TEXT] = "a string",
	[WEIR_LOWERED_SERIES] = "a series", [WEIR_LOWERED_OTHER] = "an object",
};

int
weir_lower_fail (const weir_lower_t *self, const weir_node_t *node, const char *format, ...)
{
	char text[WEIR_ERR_TEXT_MAX];
	va_list args;
	va_start (args, format);
	vsnprintf (text, sizeof text, format, args);
	va_end (args);
	return weir_graph_fail (self->err, "ProcessParameterInvalid", self->graph->path, node->id, "%s",
	                        text);
}

/* Past the limit nothing more is kept; the caller sees n_instr and refuses. */
uint16_t
weir_lower_emit (weir_lower_t *self, weir_instr_t instr)
{
	if (self->n_instr >= WEIR_PROG_INSTR_MAX) {
		self->n_instr = WEIR_PROG_INSTR_MAX + 1;
		return 0;
	}
	if (self->n_instr == self->n_instr_max) {
		self->n_instr_max = self->n_instr_max * 2 + 16;
		self->instr = weir_realloc (self->instr, self->n_instr_max * sizeof *self->instr);
	}
	self->instr[self->n_instr] = instr;
	return (uint16_t) self->n_instr++;
}

uint16_t
weir_lower_operand (weir_lower_t *self, const weir_lowered_t *value)
{
	if (!value->is_const)
		return value->instr;
	if (value->kind == WEIR_LOWERED_NODATA)
		return weir_lower_emit (self, (weir_instr_t){ .op = WEIR_OP_NODATA });
	return weir_lower_emit (self, (weir_instr_t){ .op = WEIR_OP_CONST, .value = value->value });
}

static weir_lowered_t
s_literal (const json_t *value)
{
	double number = 0;
	weir_lowered_t other = { .is_const = true };
	switch (weir_value_kind (value)) {
	case WEIR_VALUE_NODATA: return weir_lowered_const (WEIR_LOWERED_NODATA, 0);
	case WEIR_VALUE_NUMBER:
		weir_value_number (value, &number);
		return weir_lowered_const (WEIR_LOWERED_NUMBER, number);
	case WEIR_VALUE_BOOL:
		return weir_lowered_const (WEIR_LOWERED_BOOL, json_is_true (value) ? 1 : 0);
	case WEIR_VALUE_STRING:
		other.kind = WEIR_LOWERED_TEXT;
		other.text = weir_value_string (value);
		return other;
	case WEIR_VALUE_ARRAY: other.kind = WEIR_LOWERED_SERIES; return other;
	default: other.kind = WEIR_LOWERED_OTHER; return other;
	}
}

int
weir_lower_argument (weir_lower_t *self, const weir_node_t *node, const char *name,
                     weir_lowered_t *out)
{
	const json_t *value = json_object_get (node->arguments, name);
	weir_value_kind_t kind = weir_value_kind (value);
	if (kind == WEIR_VALUE_NODE) {
		const weir_graph_node_t *input = weir_graph_argument_node (self->graph, &node->pub, name);
		*out = self->values[((const weir_node_t *) input)->position];
		return 0;
	}
	if (kind != WEIR_VALUE_PARAMETER) {
		*out = s_literal (value);
		return 0;
	}
	const char *parameter = json_string_value (json_object_get (value, "from_parameter"));
	if (self->input_name != NULL && strcmp (parameter, self->input_name) == 0) {
		*out = weir_lowered_input (self->in,
		                           weir_lower_emit (self, (weir_instr_t){ .op = WEIR_OP_INPUT }));
		return 0;
	}
	if (self->input_name == NULL && strcmp (parameter, "data") == 0)
		return weir_lower_fail (
			self, node, "argument '%s': expected one value, found the series 'data': fold it first",
			name);
	return weir_lower_fail (self, node,
	                        "argument '%s': parameter '%s' has no value that is known beforehand",
	                        name, parameter);
}

/* ---- what instructions give */

static weir_lowered_t
s_boolean (uint16_t instr, bool can_nodata)
{
	weir_lowered_t value = weir_lowered_input (weir_cell_bool (), instr);
	value.can_nodata = can_nodata;
	return value;
}

static bool
s_is_plain (const weir_lowered_t *value)
{
	return value->kind == WEIR_LOWERED_NUMBER || value->kind == WEIR_LOWERED_BOOL ||
	       value->kind == WEIR_LOWERED_NODATA;
}

/* Constants are worked out by the interpreter itself: one meaning for all. */
static weir_lowered_t
s_fold_constants (weir_op_t op, const weir_lowered_t *operands, size_t n, double extra)
{
	weir_instr_t instr[4] = { { 0 } };
	for (size_t i = 0; i < n; i++) {
		bool is_nodata = operands[i].kind == WEIR_LOWERED_NODATA;
		instr[i] = (weir_instr_t){ .op = is_nodata ? WEIR_OP_NODATA : WEIR_OP_CONST,
			                       .value = operands[i].value };
	}
	instr[n] = (weir_instr_t){ .op = op, .a = 0, .b = 1, .c = 2, .value = extra };
	weir_prog_t prog = { .n_instr = n + 1, .instr = instr, .out = weir_cell_float (WEIR_F64) };
	double unused = 0, value = weir_prog_eval (&prog, &unused);
	if (weir_is_nodata_f64 (value))
		return weir_lowered_const (WEIR_LOWERED_NODATA, 0);
	return weir_lowered_const (weir_op_is_bool (op) ? WEIR_LOWERED_BOOL : WEIR_LOWERED_NUMBER,
	                           value);
}

static bool
s_are_const (const weir_lowered_t *operands, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!operands[i].is_const)
			return false;
	}
	return true;
}

static bool
s_has_kind (const weir_lowered_t *operands, size_t n, weir_lowered_kind_t kind)
{
	for (size_t i = 0; i < n; i++) {
		if (operands[i].kind == kind)
			return true;
	}
	return false;
}

static bool
s_can_nodata (const weir_lowered_t *operands, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (operands[i].can_nodata)
			return true;
	}
	return false;
}

static uint16_t
s_emit_op (weir_lower_t *self, weir_op_t op, const weir_lowered_t *operands, size_t n, double extra)
{
	weir_instr_t instr = { .op = op, .value = extra };
	instr.a = weir_lower_operand (self, &operands[0]);
	if (n > 1)
		instr.b = weir_lower_operand (self, &operands[1]);
	if (n > 2)
		instr.c = weir_lower_operand (self, &operands[2]);
	return weir_lower_emit (self, instr);
}

static int
s_lower_arithmetic (weir_lower_t *self, const weir_node_t *node, weir_lowered_t *operands, size_t n,
                    weir_lowered_t *out)
{
	bool is_wide = false;
	for (size_t i = 0; i < n; i++) {
		if (!s_is_plain (&operands[i]))
			return weir_lower_fail (
				self, node, "argument '%s': expected a number or null, found %s",
				node->pub.process->parameters[i].name, s_kind_phrases[operands[i].kind]);
		is_wide = is_wide || weir_lowered_is_wide (&operands[i]);
	}
	weir_op_t op = (weir_op_t) node->pub.process->op;
	if (s_has_kind (operands, n, WEIR_LOWERED_NODATA))
		*out = weir_lowered_const (WEIR_LOWERED_NODATA, 0);
	else if (s_are_const (operands, n))
		*out = s_fold_constants (op, operands, n, 0);
	else
		*out = (weir_lowered_t){ .kind = WEIR_LOWERED_NUMBER,
			                     .can_nodata = s_can_nodata (operands, n),
			                     .instr = s_emit_op (self, op, operands, n, 0),
			                     .shape = WEIR_SHAPE_FLOAT,
			                     .is_wide = is_wide };
	return 0;
}

/* Operands whose types never compare: `value` wherever none of them is no-data. */
static weir_lowered_t
s_mixed (weir_lower_t *self, const weir_lowered_t *operands, size_t n, bool value)
{
	weir_lowered_t constant = weir_lowered_const (WEIR_LOWERED_BOOL, value ? 1 : 0);
	weir_lowered_t nodata = weir_lowered_const (WEIR_LOWERED_NODATA, 0);
	uint16_t any = 0;
	bool has_any = false;
	for (size_t i = 0; i < n; i++) {
		if (!operands[i].can_nodata || operands[i].is_const)
			continue;
		uint16_t is_nodata = weir_lower_emit (
			self, (weir_instr_t){ .op = WEIR_OP_IS_NODATA, .a = operands[i].instr });
		any = has_any ? weir_lower_emit (
							self, (weir_instr_t){ .op = WEIR_OP_OR, .a = any, .b = is_nodata })
		              : is_nodata;
		has_any = true;
	}
	if (!has_any)
		return constant;
	weir_lowered_t branches[3] = { s_boolean (any, false), nodata, constant };
	return s_boolean (s_emit_op (self, WEIR_OP_IF, branches, 3, 0), true);
}

static weir_lowered_t
s_compare (weir_lower_t *self, weir_op_t op, const weir_lowered_t *operands, size_t n, double extra)
{
	if (s_are_const (operands, n))
		return s_fold_constants (op, operands, n, extra);
	return s_boolean (s_emit_op (self, op, operands, n, extra), s_can_nodata (operands, n));
}

static bool
s_equal_texts (const weir_node_t *node, const weir_lowered_t *operands)
{
	if (weir_argument_flag (node->arguments, "case_sensitive", true))
		return strcmp (operands[0].text, operands[1].text) == 0;
	return weir_text_equal_folded (operands[0].text, operands[1].text);
}

static int
s_lower_equality (weir_lower_t *self, const weir_node_t *node, const weir_lowered_t *operands,
                  weir_lowered_t *out)
{
	weir_op_t op = (weir_op_t) node->pub.process->op;
	const json_t *json = json_object_get (node->arguments, "delta");
	double delta = -1;
	if (!weir_value_is_nodata (json) && (!weir_value_number (json, &delta) || !(delta >= 0)))
		return weir_lower_fail (self, node,
		                        "argument 'delta': expected a constant number from 0 on");
	bool is_collection = s_has_kind (operands, 2, WEIR_LOWERED_SERIES) ||
	                     s_has_kind (operands, 2, WEIR_LOWERED_OTHER);
	if (s_has_kind (operands, 2, WEIR_LOWERED_NODATA))
		*out = weir_lowered_const (WEIR_LOWERED_NODATA, 0);
	else if (is_collection)
		*out = s_mixed (self, operands, 2, false);
	else if (operands[0].kind != operands[1].kind)
		*out = s_mixed (self, operands, 2, op == WEIR_OP_NEQ);
	else if (operands[0].kind == WEIR_LOWERED_TEXT)
		*out = weir_lowered_const (WEIR_LOWERED_BOOL,
		                           s_equal_texts (node, operands) != (op == WEIR_OP_NEQ) ? 1 : 0);
	else
		*out = s_compare (self, op, operands, 2,
		                  operands[0].kind == WEIR_LOWERED_NUMBER ? delta : -1);
	return 0;
}

static int
s_lower_order (weir_lower_t *self, const weir_node_t *node, const weir_lowered_t *operands,
               size_t n, weir_lowered_t *out)
{
	weir_op_t op = (weir_op_t) node->pub.process->op;
	bool is_mixed = false;
	for (size_t i = 0; i < n; i++)
		is_mixed = is_mixed || operands[i].kind != WEIR_LOWERED_NUMBER;
	double extra = weir_argument_flag (node->arguments, "exclude_max", false) ? 1 : 0;
	if (s_has_kind (operands, n, WEIR_LOWERED_NODATA))
		*out = weir_lowered_const (WEIR_LOWERED_NODATA, 0);
	else if (is_mixed)
		*out = s_mixed (self, operands, n, false);
	else
		*out = s_compare (self, op, operands, n, extra);
	return 0;
}

static int
s_lower_logic (weir_lower_t *self, const weir_node_t *node, const weir_lowered_t *operands,
               size_t n, weir_lowered_t *out)
{
	for (size_t i = 0; i < n; i++) {
		if (operands[i].kind != WEIR_LOWERED_BOOL && operands[i].kind != WEIR_LOWERED_NODATA)
			return weir_lower_fail (
				self, node, "argument '%s': expected a boolean or null, found %s",
				node->pub.process->parameters[i].name, s_kind_phrases[operands[i].kind]);
	}
	*out = s_compare (self, (weir_op_t) node->pub.process->op, operands, n, 0);
	return 0;
}

static int
s_lower_if (weir_lower_t *self, const weir_node_t *node, const weir_lowered_t *operands,
            weir_lowered_t *out)
{
	const weir_lowered_t *value = &operands[0];
	if (value->kind != WEIR_LOWERED_BOOL && value->kind != WEIR_LOWERED_NODATA)
		return weir_lower_fail (self, node,
		                        "argument 'value': expected a boolean or null, found %s",
		                        s_kind_phrases[value->kind]);
	for (size_t i = 1; i < 3; i++) {
		if (!s_is_plain (&operands[i]))
			return weir_lower_fail (
				self, node, "argument '%s': expected a number, a boolean or null, found %s",
				node->pub.process->parameters[i].name, s_kind_phrases[operands[i].kind]);
	}
	if (value->is_const) {
		*out = value->kind == WEIR_LOWERED_BOOL && value->value != 0 ? operands[1] : operands[2];
		return 0;
	}
	bool is_nodata = operands[1].kind == WEIR_LOWERED_NODATA &&
	                 operands[2].kind == WEIR_LOWERED_NODATA;
	*out = is_nodata ? operands[1] : weir_lowered_join (&operands[1], &operands[2]);
	if (!is_nodata)
		out->instr = s_emit_op (self, WEIR_OP_IF, operands, 3, 0);
	return 0;
}

static void
s_lower_validity (weir_lower_t *self, weir_op_t op, const weir_lowered_t *x, weir_lowered_t *out)
{
	if (!s_is_plain (x))
		*out = weir_lowered_const (WEIR_LOWERED_BOOL, op == WEIR_OP_IS_VALID ? 1 : 0);
	else if (x->is_const)
		*out = s_fold_constants (op, x, 1, 0);
	else
		*out = s_boolean (s_emit_op (self, op, x, 1, 0), false);
}

int
weir_lower_node (weir_lower_t *self, const weir_node_t *node, weir_lowered_t *out)
{
	const weir_process_t *process = node->pub.process;
	weir_op_t op = (weir_op_t) process->op;
	weir_lowered_t operands[3];
	size_t n = (size_t) weir_op_n_operands (op);
	for (size_t i = 0; i < n && i < 3; i++) {
		int rc = weir_lower_argument (self, node, process->parameters[i].name, &operands[i]);
		if (rc != 0)
			return rc;
	}
	switch (op) {
	case WEIR_OP_EQ:
	case WEIR_OP_NEQ: return s_lower_equality (self, node, operands, out);
	case WEIR_OP_GT:
	case WEIR_OP_GTE:
	case WEIR_OP_LT:
	case WEIR_OP_LTE:
	case WEIR_OP_BETWEEN: return s_lower_order (self, node, operands, n, out);
	case WEIR_OP_AND:
	case WEIR_OP_OR:
	case WEIR_OP_XOR:
	case WEIR_OP_NOT: return s_lower_logic (self, node, operands, n, out);
	case WEIR_OP_IF: return s_lower_if (self, node, operands, out);
	case WEIR_OP_IS_NODATA:
	case WEIR_OP_IS_NAN:
	case WEIR_OP_IS_VALID: s_lower_validity (self, op, &operands[0], out); return 0;
	default: return s_lower_arithmetic (self, node, operands, n, out);
	}
}
