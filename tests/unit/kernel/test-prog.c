/* test-prog.c - cells, and each operation of a program against openEO's meaning */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cube/kernel/prog.h"
#include "cube/kernel/vec.h"

#include <math.h>
#include <stdlib.h>

#define ND weir_nodata_f64 ()
#define N_ELEMENTS(array) (sizeof (array) / sizeof (array)[0])

static void
s_assert_same (double got, double expected, const char *what, size_t row)
{
	bool same = weir_is_nodata_f64 (expected) ? weir_is_nodata_f64 (got)
	            : isnan (expected)            ? isnan (got) && !weir_is_nodata_f64 (got)
	                                          : got == expected;
	if (!same)
		fail_msg ("%s, row %zu: %g instead of %g", what, row, got, expected);
}

/* ---- operations */

#define NODATA (-7777.0) /* stands for no-data in the table: the pattern is no constant in C */

static const struct {
	weir_op_t op;
	double x, y, z, value, expected;
} s_operations[] = {
	{ WEIR_OP_ADD, 5, 2.5, 0, 0, 7.5 },
	{ WEIR_OP_ADD, NODATA, 2.5, 0, 0, NODATA },
	{ WEIR_OP_ADD, 5, NODATA, 0, 0, NODATA },
	{ WEIR_OP_ADD, INFINITY, -INFINITY, 0, 0, NAN },
	{ WEIR_OP_ADD, NAN, NODATA, 0, 0, NODATA },
	{ WEIR_OP_SUBTRACT, 5, 2.5, 0, 0, 2.5 },
	{ WEIR_OP_SUBTRACT, NAN, 1, 0, 0, NAN },
	{ WEIR_OP_MULTIPLY, 5, 2.5, 0, 0, 12.5 },
	{ WEIR_OP_MULTIPLY, 0, INFINITY, 0, 0, NAN },
	{ WEIR_OP_DIVIDE, 5, 2, 0, 0, 2.5 },
	{ WEIR_OP_DIVIDE, 1, 0, 0, 0, INFINITY },
	{ WEIR_OP_DIVIDE, -1, 0, 0, 0, -INFINITY },
	{ WEIR_OP_DIVIDE, 0, 0, 0, 0, NAN },
	{ WEIR_OP_DIVIDE, NODATA, 0, 0, 0, NODATA },
	{ WEIR_OP_ABSOLUTE, -3.5, 0, 0, 0, 3.5 },
	{ WEIR_OP_ABSOLUTE, -INFINITY, 0, 0, 0, INFINITY },
	{ WEIR_OP_ABSOLUTE, NODATA, 0, 0, 0, NODATA },
	{ WEIR_OP_EQ, 1, 1, 0, -1, 1 },
	{ WEIR_OP_EQ, 1, 1.001, 0, -1, 0 },
	{ WEIR_OP_EQ, -1, -1.001, 0, 0.01, 1 },
	{ WEIR_OP_EQ, 115, 110, 0, 5, 1 },
	{ WEIR_OP_EQ, INFINITY, INFINITY, 0, 0.1, 1 },
	{ WEIR_OP_EQ, INFINITY, -INFINITY, 0, 0.1, 0 },
	{ WEIR_OP_EQ, NAN, NAN, 0, -1, 0 },
	{ WEIR_OP_EQ, NODATA, NODATA, 0, -1, NODATA },
	{ WEIR_OP_EQ, 1, NODATA, 0, -1, NODATA },
	{ WEIR_OP_NEQ, 1, 1, 0, -1, 0 },
	{ WEIR_OP_NEQ, 1.02, 1, 0, 0.01, 1 },
	{ WEIR_OP_NEQ, NAN, 5, 0, -1, 1 },
	{ WEIR_OP_NEQ, NAN, NAN, 0, -1, 1 },
	{ WEIR_OP_NEQ, INFINITY, -INFINITY, 0, -1, 1 },
	{ WEIR_OP_NEQ, 1, NODATA, 0, -1, NODATA },
	{ WEIR_OP_GT, 2, 1, 0, 0, 1 },
	{ WEIR_OP_GT, 1, 1, 0, 0, 0 },
	{ WEIR_OP_GT, NAN, 1, 0, 0, 0 },
	{ WEIR_OP_GT, NODATA, 1, 0, 0, NODATA },
	{ WEIR_OP_GTE, 1, 1, 0, 0, 1 },
	{ WEIR_OP_GTE, 1, NAN, 0, 0, 0 },
	{ WEIR_OP_LT, 1, 2, 0, 0, 1 },
	{ WEIR_OP_LT, 2, 2, 0, 0, 0 },
	{ WEIR_OP_LT, 2, NODATA, 0, 0, NODATA },
	{ WEIR_OP_LTE, 2, 2, 0, 0, 1 },
	{ WEIR_OP_LTE, NAN, NAN, 0, 0, 0 },
	{ WEIR_OP_BETWEEN, 1, 0, 1, 0, 1 },
	{ WEIR_OP_BETWEEN, 1, 0, 1, 1, 0 },
	{ WEIR_OP_BETWEEN, 0, 0, 1, 1, 1 },
	{ WEIR_OP_BETWEEN, 0.5, 1, 0, 0, 0 },
	{ WEIR_OP_BETWEEN, NAN, 0, 1, 0, 0 },
	{ WEIR_OP_BETWEEN, NODATA, 0, 1, 0, NODATA },
	{ WEIR_OP_BETWEEN, 0, NODATA, 1, 0, NODATA },
	{ WEIR_OP_BETWEEN, 0, 0, NODATA, 0, NODATA },
	{ WEIR_OP_AND, 1, 1, 0, 0, 1 },
	{ WEIR_OP_AND, 1, 0, 0, 0, 0 },
	{ WEIR_OP_AND, 1, NODATA, 0, 0, NODATA },
	{ WEIR_OP_AND, 0, NODATA, 0, 0, 0 },
	{ WEIR_OP_AND, NODATA, 0, 0, 0, 0 },
	{ WEIR_OP_AND, NODATA, NODATA, 0, 0, NODATA },
	{ WEIR_OP_OR, 0, 0, 0, 0, 0 },
	{ WEIR_OP_OR, 0, 1, 0, 0, 1 },
	{ WEIR_OP_OR, NODATA, 1, 0, 0, 1 },
	{ WEIR_OP_OR, 0, NODATA, 0, 0, NODATA },
	{ WEIR_OP_OR, NODATA, NODATA, 0, 0, NODATA },
	{ WEIR_OP_XOR, 1, 1, 0, 0, 0 },
	{ WEIR_OP_XOR, 0, 1, 0, 0, 1 },
	{ WEIR_OP_XOR, NODATA, 1, 0, 0, NODATA },
	{ WEIR_OP_XOR, 0, NODATA, 0, 0, NODATA },
	{ WEIR_OP_NOT, 0, 0, 0, 0, 1 },
	{ WEIR_OP_NOT, 1, 0, 0, 0, 0 },
	{ WEIR_OP_NOT, NODATA, 0, 0, 0, NODATA },
	{ WEIR_OP_IF, 1, 10, 20, 0, 10 },
	{ WEIR_OP_IF, 0, 10, 20, 0, 20 },
	{ WEIR_OP_IF, NODATA, 10, 20, 0, 20 },
	{ WEIR_OP_IF, 1, NODATA, 20, 0, NODATA },
	{ WEIR_OP_IF, 1, 10, NODATA, 0, 10 },
	{ WEIR_OP_IS_NODATA, NODATA, 0, 0, 0, 1 },
	{ WEIR_OP_IS_NODATA, NAN, 0, 0, 0, 0 },
	{ WEIR_OP_IS_NODATA, 1, 0, 0, 0, 0 },
	{ WEIR_OP_IS_NAN, NAN, 0, 0, 0, 1 },
	{ WEIR_OP_IS_NAN, NODATA, 0, 0, 0, 0 },
	{ WEIR_OP_IS_NAN, INFINITY, 0, 0, 0, 0 },
	{ WEIR_OP_IS_VALID, 1, 0, 0, 0, 1 },
	{ WEIR_OP_IS_VALID, NAN, 0, 0, 0, 0 },
	{ WEIR_OP_IS_VALID, INFINITY, 0, 0, 0, 0 },
	{ WEIR_OP_IS_VALID, NODATA, 0, 0, 0, 0 },
};

static double
s_from_table (double value)
{
	return value == NODATA ? ND : value;
}

static double
s_eval (weir_op_t op, double x, double y, double z, double value)
{
	weir_instr_t instr[] = { { .op = WEIR_OP_INPUT, .a = 0 },
		                     { .op = WEIR_OP_INPUT, .a = 1 },
		                     { .op = WEIR_OP_INPUT, .a = 2 },
		                     { .op = op, .a = 0, .b = 1, .c = 2, .value = value } };
	weir_prog_t prog = { .n_instr = 4, .instr = instr, .out = weir_cell_float (WEIR_F64) };
	double inputs[] = { s_from_table (x), s_from_table (y), s_from_table (z) };
	assert_int_equal (weir_prog_check (&prog, 3, NULL), 0);
	return weir_prog_eval (&prog, inputs);
}

static void
test_operations (void **state)
{
	(void) state;
	for (size_t i = 0; i < N_ELEMENTS (s_operations); i++) {
		weir_op_t op = s_operations[i].op;
		double got = s_eval (op, s_operations[i].x, s_operations[i].y, s_operations[i].z,
		                     s_operations[i].value);
		s_assert_same (got, s_from_table (s_operations[i].expected), weir_op_name (op), i);
	}
	/* the no-data pattern with its sign turned is a NaN like any other, also once it is absolute */
	s_assert_same (s_eval (WEIR_OP_ABSOLUTE, -ND, 0, 0, 0), NAN, "absolute", 0);
}

static void
test_names (void **state)
{
	(void) state;
	for (int op = 0; op < WEIR_N_OPS; op++) {
		weir_op_t parsed;
		assert_true (weir_op_parse (weir_op_name ((weir_op_t) op), &parsed));
		assert_int_equal (parsed, op);
	}
	weir_op_t op;
	assert_false (weir_op_parse ("power", &op));
	assert_false (weir_op_parse (NULL, &op));
	assert_true (weir_op_is_bool (WEIR_OP_GT));
	assert_false (weir_op_is_bool (WEIR_OP_IF));
	assert_int_equal (weir_op_n_operands (WEIR_OP_BETWEEN), 3);
}

/* ---- programs from outside */

static void
test_check (void **state)
{
	(void) state;
	weir_cell_t f64 = weir_cell_float (WEIR_F64);
	weir_cell_t bad_nodata = { .type = WEIR_U8, .has_nodata = true, .nodata = 256 };
	weir_cell_t bad_type = { .type = (weir_type_t) 99 };
	const struct {
		size_t n;
		weir_instr_t instr[2];
		weir_cell_t out;
		size_t n_inputs;
		bool ok;
	} rows[] = {
		{ 1, { { .op = WEIR_OP_INPUT } }, f64, 1, true },
		{ 2, { { .op = WEIR_OP_INPUT }, { .op = WEIR_OP_NOT } }, f64, 1, true },
		{ 0, { { .op = WEIR_OP_INPUT } }, f64, 1, false },
		{ WEIR_PROG_INSTR_MAX + 1, { { .op = WEIR_OP_INPUT } }, f64, 1, false },
		{ 1, { { .op = WEIR_OP_INPUT, .a = 1 } }, f64, 1, false },
		{ 1, { { .op = WEIR_OP_NOT } }, f64, 1, false },
		{ 2, { { .op = WEIR_OP_INPUT }, { .op = WEIR_OP_ADD, .a = 0, .b = 1 } }, f64, 1, false },
		{ 2, { { .op = WEIR_OP_INPUT }, { .op = WEIR_OP_IF, .c = 65535 } }, f64, 1, false },
		{ 1, { { .op = WEIR_N_OPS } }, f64, 1, false },
		{ 1, { { .op = (weir_op_t) -1 } }, f64, 1, false },
		{ 1, { { .op = WEIR_OP_INPUT } }, bad_nodata, 1, false },
		{ 1, { { .op = WEIR_OP_INPUT } }, bad_type, 1, false },
		{ 1, { { .op = WEIR_OP_INPUT } }, f64, WEIR_PROG_INPUT_MAX + 1, false },
	};
	for (size_t i = 0; i < N_ELEMENTS (rows); i++) {
		weir_instr_t instr[2] = { rows[i].instr[0], rows[i].instr[1] };
		weir_prog_t prog = { .n_instr = rows[i].n, .instr = instr, .out = rows[i].out };
		weir_err_t err;
		int status = weir_prog_check (&prog, rows[i].n_inputs, &err);
		if ((status == 0) != rows[i].ok)
			fail_msg ("row %zu: %d", i, status);
	}
	weir_prog_t no_code = { .n_instr = 1, .out = f64 };
	assert_int_not_equal (weir_prog_check (&no_code, 1, NULL), 0);
}

static void
test_copy (void **state)
{
	(void) state;
	weir_instr_t instr[] = { { .op = WEIR_OP_CONST, .value = 3 } };
	weir_prog_t prog = { .n_instr = 1, .instr = instr, .out = weir_cell_float (WEIR_F32) }, copy,
				empty;
	weir_prog_copy (&prog, &copy);
	assert_ptr_not_equal (copy.instr, instr);
	assert_true (weir_prog_eval (&copy, NULL) == 3);
	weir_prog_clear (&copy);
	weir_prog_clear (&copy);
	prog.n_instr = 0;
	weir_prog_copy (&prog, &empty);
	assert_null (empty.instr);
	weir_prog_clear (NULL);
}

/* ---- rounding to the type of `out` */

static void
test_rounding (void **state)
{
	(void) state;
	weir_cell_t u8 = { .type = WEIR_U8, .has_nodata = true, .nodata = 255 },
				plain = { .type = WEIR_U8 };
	weir_cell_t i16 = { .type = WEIR_I16, .has_nodata = true, .nodata = -32768 };
	weir_cell_t f32 = weir_cell_float (WEIR_F32);
	const struct {
		weir_cell_t out;
		double value, expected;
	} rows[] = {
		{ u8, 0.5, 0 },           { u8, 1.5, 2 },    { u8, 2.5, 2 },       { u8, -7, 0 },
		{ u8, 254.4, 254 },       { u8, 300, ND },   { u8, ND, ND },       { u8, NAN, ND },
		{ plain, 300, 255 },      { plain, ND, 0 },  { plain, NAN, 0 },    { i16, -40000, ND },
		{ i16, 40000, 32767 },    { i16, -1.5, -2 }, { f32, ND, ND },      { f32, 0.1, 0.1F },
		{ f32, 1e300, INFINITY }, { f32, NAN, NAN }, { u8, INFINITY, ND }, { u8, -INFINITY, 0 },
	};
	for (size_t i = 0; i < N_ELEMENTS (rows); i++) {
		weir_instr_t instr[] = { { .op = WEIR_OP_INPUT } };
		weir_prog_t prog = { .n_instr = 1, .instr = instr, .out = rows[i].out };
		s_assert_same (weir_prog_eval (&prog, &rows[i].value), rows[i].expected, "round", i);
	}
	weir_cell_t i32 = { .type = WEIR_I32 };
	assert_false (signbit (weir_cell_round (i32, -0.2)));
}

/* ---- cells */

static void
test_types (void **state)
{
	(void) state;
	weir_type_t type;
	for (int i = 0; i < WEIR_N_TYPES; i++) {
		assert_true (weir_type_parse (weir_type_name ((weir_type_t) i), &type));
		assert_int_equal (type, i);
	}
	assert_true (weir_type_parse ("Byte", &type) && type == WEIR_U8);
	assert_true (weir_type_parse ("float", &type) && type == WEIR_F32);
	assert_true (weir_type_parse ("double", &type) && type == WEIR_F64);
	assert_false (weir_type_parse ("int64", &type));
	assert_false (weir_type_parse (NULL, &type));
	assert_true (weir_type_holds (WEIR_I8, -128));
	assert_false (weir_type_holds (WEIR_I8, 128));
	assert_false (weir_type_holds (WEIR_U16, 0.5));
	assert_false (weir_type_holds (WEIR_U16, NAN));
	assert_true (weir_type_holds (WEIR_F32, NAN));
}

static void
test_widen (void **state)
{
	(void) state;
	const struct {
		weir_type_t from, to;
		double nodata;
	} rows[] = {
		{ WEIR_U8, WEIR_I16, -32768 },     { WEIR_I8, WEIR_I16, -32768 },
		{ WEIR_I16, WEIR_I32, INT32_MIN }, { WEIR_U16, WEIR_I32, INT32_MIN },
		{ WEIR_U32, WEIR_F64, 0 },         { WEIR_I32, WEIR_F64, 0 },
		{ WEIR_F32, WEIR_F32, 0 },
	};
	for (size_t i = 0; i < N_ELEMENTS (rows); i++) {
		weir_cell_t wide = weir_cell_widen ((weir_cell_t){ .type = rows[i].from });
		assert_int_equal (wide.type, rows[i].to);
		assert_true (wide.has_nodata);
		if (!weir_type_is_float (wide.type))
			assert_true (wide.nodata == rows[i].nodata);
	}
	assert_true (weir_cell_equal (weir_cell_bool (), weir_cell_bool ()));
	assert_false (weir_cell_equal (weir_cell_bool (), (weir_cell_t){ .type = WEIR_U8 }));
	assert_true (weir_cell_equal (weir_cell_float (WEIR_F32), (weir_cell_t){ .type = WEIR_F32 }));
}

static void
test_fill (void **state)
{
	(void) state;
	static const size_t sizes[] = { 0, 1, 2, 3, 511, 513, 1025, 5000 };
	for (int type = 0; type < WEIR_N_TYPES; type++)
		for (size_t k = 0; k < N_ELEMENTS (sizes); k++) {
			bool is_float = weir_type_is_float ((weir_type_t) type);
			weir_cell_t cell = { .type = (weir_type_t) type, .has_nodata = true, .nodata = 77 };
			size_t bytes = weir_type_size (cell.type), n = sizes[k];
			unsigned char *cells = malloc ((n + 1) * bytes);
			memset (cells, 0xAB, (n + 1) * bytes);
			weir_cell_fill_nodata (cell, cells, n);
			for (size_t i = 0; i < n; i++)
				assert_true (weir_is_nodata_f64 (weir_cell_get (cell, cells, i)));
			for (size_t i = n * bytes; i < (n + 1) * bytes; i++)
				assert_int_equal (cells[i], 0xAB);
			cell.has_nodata = is_float;
			if (n > 0 && !is_float)
				assert_true (weir_cell_get (cell, cells, n - 1) == 77);
			free (cells);
		}
}

static void
test_nodata_pattern (void **state)
{
	(void) state;
	float narrow = (float) weir_nodata_f64 ();
	assert_true (weir_is_nodata_f32 (narrow));
	assert_true (weir_is_nodata_f64 ((double) weir_nodata_f32 ()));
	assert_false (weir_is_nodata_f64 (NAN));
	assert_false (weir_is_nodata_f32 (NAN));
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (test_operations),     cmocka_unit_test (test_names),
		cmocka_unit_test (test_check),          cmocka_unit_test (test_copy),
		cmocka_unit_test (test_rounding),       cmocka_unit_test (test_types),
		cmocka_unit_test (test_widen),          cmocka_unit_test (test_fill),
		cmocka_unit_test (test_nodata_pattern),
	};
	return cmocka_run_group_tests_name ("kernel-prog", tests, NULL, NULL);
}
