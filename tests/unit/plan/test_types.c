/* test_types.c - one type and no-data for files that differ: the table of DESIGN 8 */
#include "cube/plan/planner.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void
test_join (void **state)
{
	(void) state;
	static const struct {
		weir_type_t a, b, both;
	} rows[] = {
		{ WEIR_U8, WEIR_U8, WEIR_U8 },    { WEIR_U8, WEIR_I8, WEIR_I16 },
		{ WEIR_U8, WEIR_U16, WEIR_U16 },  { WEIR_U8, WEIR_I16, WEIR_I16 },
		{ WEIR_I8, WEIR_U16, WEIR_I32 },  { WEIR_U16, WEIR_I16, WEIR_I32 },
		{ WEIR_U16, WEIR_U32, WEIR_U32 }, { WEIR_I16, WEIR_I32, WEIR_I32 },
		{ WEIR_U32, WEIR_I8, WEIR_F64 },  { WEIR_U32, WEIR_I32, WEIR_F64 },
		{ WEIR_F32, WEIR_U16, WEIR_F32 }, { WEIR_F32, WEIR_I32, WEIR_F64 },
		{ WEIR_F32, WEIR_F64, WEIR_F64 }, { WEIR_F64, WEIR_U8, WEIR_F64 },
		{ WEIR_F32, WEIR_F32, WEIR_F32 },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal (weir_type_join (rows[i].a, rows[i].b), rows[i].both);
		assert_int_equal (weir_type_join (rows[i].b, rows[i].a), rows[i].both);
	}
}

#define CELL(t, v)                                                                                 \
	{                                                                                              \
		.type = (t), .has_nodata = true, .nodata = (v)                                             \
	}
#define BARE(t)                                                                                    \
	{                                                                                              \
		.type = (t)                                                                                \
	}

static void
test_common_cell (void **state)
{
	(void) state;
	static const struct {
		weir_cell_t cells[3];
		size_t n;
		bool may_be_unobserved;
		weir_cell_t common;
	} rows[] = {
		/* declared: kept, observed or not */
		{ { CELL (WEIR_U8, 255) }, 1, true, CELL (WEIR_U8, 255) },
		{ { CELL (WEIR_I16, -3000) }, 1, false, CELL (WEIR_I16, -3000) },
		/* not declared, wholly observed: none */
		{ { BARE (WEIR_U8) }, 1, false, BARE (WEIR_U8) },
		/* not declared, may be unobserved: one step wider, the smallest value */
		{ { BARE (WEIR_U8) }, 1, true, CELL (WEIR_I16, -32768) },
		{ { BARE (WEIR_I8) }, 1, true, CELL (WEIR_I16, -32768) },
		{ { BARE (WEIR_U16) }, 1, true, CELL (WEIR_I32, -2147483648.0) },
		{ { BARE (WEIR_I16) }, 1, true, CELL (WEIR_I32, -2147483648.0) },
		{ { BARE (WEIR_U32) }, 1, true, CELL (WEIR_F64, 0) },
		{ { BARE (WEIR_I32) }, 1, true, CELL (WEIR_F64, 0) },
		/* floats: NaN, whatever was declared */
		{ { CELL (WEIR_F32, -9999) }, 1, false, CELL (WEIR_F32, 0) },
		{ { BARE (WEIR_F64) }, 1, false, CELL (WEIR_F64, 0) },
		/* one declared value that is no value anywhere else */
		{ { CELL (WEIR_I16, -9999), BARE (WEIR_U8) }, 2, false, CELL (WEIR_I16, -9999) },
		{ { CELL (WEIR_U8, 255), CELL (WEIR_U16, 255) }, 2, true, CELL (WEIR_U16, 255) },
		/* different values, each a value of the other: room is made */
		{ { CELL (WEIR_U8, 255), CELL (WEIR_U8, 0) }, 2, false, CELL (WEIR_I16, -32768) },
		{ { CELL (WEIR_U8, 255), BARE (WEIR_U8) }, 2, false, CELL (WEIR_I16, -32768) },
		{ { CELL (WEIR_I16, -9999), CELL (WEIR_I16, -32768) },
		  2,
		  true,
		  CELL (WEIR_I32, -2147483648.0) },
		/* different types */
		{ { BARE (WEIR_U8), BARE (WEIR_I16), BARE (WEIR_U16) }, 3, false, BARE (WEIR_I32) },
		{ { CELL (WEIR_U8, 255), CELL (WEIR_F32, 0) }, 2, false, CELL (WEIR_F32, 0) },
		{ { CELL (WEIR_I32, -1), CELL (WEIR_F32, 0) }, 2, false, CELL (WEIR_F64, 0) },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		weir_cell_t common = weir_cell_common (rows[i].n, rows[i].cells, rows[i].may_be_unobserved);
		if (!weir_cell_equal (common, rows[i].common))
			fail_msg ("row %zu: %s %d %g", i, weir_type_name (common.type), common.has_nodata,
			          common.nodata);
	}
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (test_join),
		cmocka_unit_test (test_common_cell),
	};
	return cmocka_run_group_tests (tests, NULL, NULL);
}
