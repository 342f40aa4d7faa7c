/* test_translate.c - raw values to cells: every pair of types against one plain definition, and the
 * cases by hand */
#include "fixture.h"

#include <float.h>
#include <math.h>

/* What a raw value has to become, told with doubles only. */
static double
s_expect (double raw, bool has_nodata, double nodata, weir_cell_t cell)
{
	if (isnan (raw) || (has_nodata && raw == nodata))
		return cell.has_nodata ? weir_nodata_f64 () : 0;
	if (weir_type_is_float (cell.type))
		return cell.type == WEIR_F32 ? (double) (float) raw : raw;
	double value = rint (raw);
	double low = weir_type_min (cell.type);
	double high = weir_type_max (cell.type);
	return value < low ? low : value > high ? high : value;
}

static weir_cell_t
s_cell_of (weir_type_t type)
{
	if (weir_type_is_float (type))
		return weir_cell_float (type);
	return (weir_cell_t){ .type = type,
		                  .has_nodata = true,
		                  .nodata = weir_type_min (type) < 0 ? weir_type_min (type) : 255 };
}

static void
s_check_pair (weir_type_t from, weir_type_t to, bool has_nodata, double nodata)
{
	weir_cell_t raw_cell = { .type = from };
	weir_cell_t cell = s_cell_of (to);
	uint64_t raw[70], got[70];
	double values[70];
	for (size_t i = 0; i < 70; i++) {
		values[i] = (double) i * 3 - (weir_type_min (from) < 0 ? 100 : 0);
		if (weir_type_is_float (from))
			values[i] += i % 2 == 0 ? 0.5 : 0.25;
	}
	values[3] = weir_type_min (from);
	values[4] = weir_type_max (from);
	values[5] = 7;
	if (to == WEIR_F32 && from == WEIR_F64)
		values[3] = -1e30, values[4] = 1e30;
	for (size_t i = 0; i < 70; i++)
		weir_cell_set (raw_cell, raw, i, values[i]);
	if (weir_type_is_float (from))
		values[9] = (double) NAN;
	if (from == WEIR_F32)
		((float *) raw)[9] = NAN;
	if (from == WEIR_F64)
		((double *) raw)[9] = (double) NAN;
	weir_raster_translate (from, has_nodata, nodata, raw, cell, got, 70);
	for (size_t i = 0; i < 70; i++) {
		double value = weir_cell_get (cell, got, i);
		double expected = s_expect (values[i], has_nodata, nodata, cell);
		/* a value that happens to be the cell's mark reads as no-data too */
		if (!weir_type_is_float (to) && expected == cell.nodata)
			expected = weir_nodata_f64 ();
		assert_memory_equal (&value, &expected, sizeof value);
	}
}

static void
s_test_all_pairs (void **state)
{
	(void) state;
	for (int from = 0; from < WEIR_N_TYPES; from++) {
		for (int to = 0; to < WEIR_N_TYPES; to++) {
			s_check_pair ((weir_type_t) from, (weir_type_t) to, false, 0);
			s_check_pair ((weir_type_t) from, (weir_type_t) to, true, 7);
			s_check_pair ((weir_type_t) from, (weir_type_t) to, true,
			              1e9 + 0.5); /* no integer holds it */
		}
	}
}

static void
s_test_identity (void **state)
{
	(void) state;
	weir_cell_t u8 = { .type = WEIR_U8, .has_nodata = true, .nodata = 255 };
	weir_cell_t plain = { .type = WEIR_U8 };
	assert_true (weir_raster_is_identity (WEIR_U8, true, 255, u8));
	assert_true (weir_raster_is_identity (WEIR_U8, false, 0, u8));
	assert_true (weir_raster_is_identity (WEIR_U8, false, 0, plain));
	assert_true (
		weir_raster_is_identity (WEIR_U8, true, -9999, u8)); /* a tag that no cell can hold */
	assert_true (weir_raster_is_identity (WEIR_U8, true, (double) NAN, u8));
	assert_false (weir_raster_is_identity (WEIR_U8, true, 0, u8));
	assert_false (weir_raster_is_identity (WEIR_I8, true, 255, u8));
	assert_false (weir_raster_is_identity (WEIR_U8, true, 255, weir_cell_widen (plain)));
	assert_false (weir_raster_is_identity (WEIR_F32, false, 0, weir_cell_float (WEIR_F32)));
	assert_false (
		weir_raster_is_identity (WEIR_F64, true, (double) NAN, weir_cell_float (WEIR_F64)));
}

static void
s_test_float_bits (void **state)
{
	(void) state;
	/* any NaN, the tag's value, a tag that overshoots float32, infinities and negative zero stay */
	float raw[6] = { NAN, -9999, -FLT_MAX, INFINITY, -0.0F, 1.5F };
	uint32_t got[6];
	uint32_t zero = 0x80000000U;
	uint32_t other_nan = 0xFFC00001U;
	memcpy (&raw[0], &other_nan, 4);
	weir_raster_translate (WEIR_F32, true, -9999, raw, weir_cell_float (WEIR_F32), got, 6);
	assert_int_equal (got[0], WEIR_NODATA_F32_BITS);
	assert_int_equal (got[1], WEIR_NODATA_F32_BITS);
	assert_memory_equal (&got[2], &raw[2], 8);
	assert_int_equal (got[4], zero);
	weir_raster_translate (WEIR_F32, true, -1.7976931348623157e308, raw, weir_cell_float (WEIR_F32),
	                       got, 6);
	assert_int_equal (got[2], WEIR_NODATA_F32_BITS);
	assert_memory_equal (&got[1], &raw[1], 4);
	uint64_t wide[6];
	weir_raster_translate (WEIR_F32, false, 0, raw, weir_cell_float (WEIR_F64), wide, 6);
	assert_true (wide[0] == WEIR_NODATA_F64_BITS);
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (s_test_all_pairs),
		cmocka_unit_test (s_test_identity),
		cmocka_unit_test (s_test_float_bits),
	};
	return cmocka_run_group_tests (tests, NULL, NULL);
}
