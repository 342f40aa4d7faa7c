/* prog.h - a cell expression as a short program over float64 values
 *
 * A callback of `apply` (or what follows the folds of a reducer) is lowered to straight-line code:
 * each instruction reads earlier results and writes one. A value is a number or a boolean, or
 * no-data. Values are computed in float64 and rounded once, at the end, to the type of `out`
 * (DESIGN 3.6, 8).
 *
 * No-data     any no-data operand of arithmetic or comparison gives no-data; AND, OR, XOR are
 *             three-valued; IF takes `c` on anything but true; IS_NODATA, IS_NAN, IS_VALID never
 *             give no-data
 * Comparison  with NaN is false (NEQ: true); EQ between number and boolean is false: settled when
 *             lowering
 * Source      openEO processes 2.0
 */
#ifndef WEIR_CUBE_KERNEL_PROG_H
#define WEIR_CUBE_KERNEL_PROG_H

#include "cube/cell.h"
#include "runtime/base/err.h"

typedef enum {
	WEIR_OP_INPUT = 0, /* a = which input (0 for apply's x) */
	WEIR_OP_CONST,     /* value */
	WEIR_OP_NODATA,
	WEIR_OP_ADD, /* a, b */
	WEIR_OP_SUBTRACT,
	WEIR_OP_MULTIPLY,
	WEIR_OP_DIVIDE, /* x / 0 is ±Infinity, 0 / 0 is NaN */
	WEIR_OP_ABSOLUTE,
	WEIR_OP_SQRT,                  /* NaN below 0 */
	WEIR_OP_NORMALIZED_DIFFERENCE, /* (a - b) / (a + b) */
	WEIR_OP_EQ,                    /* a, b, value = delta (< 0: none) */
	WEIR_OP_NEQ,
	WEIR_OP_GT,
	WEIR_OP_GTE,
	WEIR_OP_LT,
	WEIR_OP_LTE,
	WEIR_OP_BETWEEN, /* a = x, b = min, c = max, value != 0: exclude max */
	WEIR_OP_AND,
	WEIR_OP_OR,
	WEIR_OP_XOR,
	WEIR_OP_NOT,
	WEIR_OP_IF, /* a = value, b = accept, c = reject */
	WEIR_OP_IS_NODATA,
	WEIR_OP_IS_NAN,
	WEIR_OP_IS_VALID,
	WEIR_N_OPS
} weir_op_t;

#define WEIR_PROG_INSTR_MAX 4096
#define WEIR_PROG_INPUT_MAX 64

typedef struct {
	weir_op_t op;
	uint16_t a, b, c; /* indices of earlier instructions (INPUT: of the input) */
	double value;
} weir_instr_t;

typedef struct {
	size_t n_instr; /* the last instruction is the result */
	weir_instr_t *instr;
	weir_cell_t out; /* type and no-data the result is rounded to */
} weir_prog_t;

const char *weir_op_name (weir_op_t op); /* the openEO process id, "input", "const", "nodata" */
bool weir_op_parse (const char *name, weir_op_t *op_out);
int weir_op_n_operands (weir_op_t op);
bool weir_op_is_bool (weir_op_t op); /* gives a boolean whatever its operands are (IF: no) */

void weir_prog_clear (weir_prog_t *self); /* frees instr */
void weir_prog_copy (const weir_prog_t *self, weir_prog_t *out);
/* Checks indices, operand order and sizes; for programs that came from a plan. */
int weir_prog_check (const weir_prog_t *self, size_t n_inputs, weir_err_t *err);
/* One cell; inputs and result use WEIR_NODATA_F64 for no-data; rounded to `out` (an integer result
 * that does not fit saturates). The reference that the vector kernels are tested against. */
double weir_prog_eval (const weir_prog_t *self, const double *inputs);

#endif
