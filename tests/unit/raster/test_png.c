/* test_png.c - pictures: the stretch over the whole map, transparency, what PNG cannot hold */
#include "fixture.h"

#include "connectors/raster/range.h"
#include "runtime/base/mem.h"

#include <gdal_frmts.h>
#include <math.h>
#include <stdlib.h>

static int
s_setup (void **state)
{
	int status = fixture_setup (state);
	GDALRegister_PNG (); /* for reading back only */
	return status;
}

static fixture_spec_t
s_spec (weir_type_t type)
{
	static char s_deflate[] = "DEFLATE";
	weir_cell_t cell = { .type = type, .has_nodata = true, .nodata = 99 };
	return (fixture_spec_t){
		.cell = weir_type_is_float (type) ? weir_cell_float (type) : cell,
		.n_bands = 1,
		.n_labels = 1,
		.width = 300,
		.height = 50,
		.chunk_width = 64,
		.chunk_height = 32,
		.format = WEIR_FORMAT_PNG,
		.options = { .compress = s_deflate, .predictor = 1, .block_width = 32, .block_height = 16 },
	};
}

static void
s_find_ends (const fixture_plan_t *plan, double *min, double *max)
{
	*min = INFINITY;
	*max = -INFINITY;
	for (int64_t row = 0; row < plan->source.grid.height; row++) {
		for (int64_t col = 0; col < plan->source.grid.width; col++) {
			double value = fixture_value (plan->output.pipeline.out, 0, 0, row, col);
			if (weir_is_nodata_f64 (value))
				continue;
			*min = value < *min ? value : *min;
			*max = value > *max ? value : *max;
		}
	}
}

static void
s_test_types (void **state)
{
	(void) state;
	for (int type = 0; type < WEIR_N_TYPES; type++) {
		weir_err_t err;
		char **files;
		size_t n_files;
		double min, max;
		fixture_spec_t spec = s_spec ((weir_type_t) type);
		fixture_plan_t *plan = fixture_plan_new (&spec);
		fixture_encode_all (plan);
		s_find_ends (plan, &min, &max);
		assert_ok (weir_assemble_output (&plan->plan, 0, fixture_folder (), fixture_fetch, plan,
		                                 NULL, &files, &n_files, &err),
		           err);
		assert_int_equal (n_files, 1);
		assert_non_null (strstr (files[0], "/result.png"));
		GDALDatasetH dataset = GDALOpen (files[0], GA_ReadOnly);
		assert_non_null (dataset);
		assert_int_equal (GDALGetRasterCount (dataset), 2);
		uint8_t grey[300 * 50], alpha[300 * 50];
		assert_int_equal (GDALRasterIO (GDALGetRasterBand (dataset, 1), GF_Read, 0, 0, 300, 50,
		                                grey, 300, 50, GDT_Byte, 0, 0),
		                  CE_None);
		assert_int_equal (GDALRasterIO (GDALGetRasterBand (dataset, 2), GF_Read, 0, 0, 300, 50,
		                                alpha, 300, 50, GDT_Byte, 0, 0),
		                  CE_None);
		for (int64_t i = 0; i < (int64_t) 300 * 50; i++) {
			double value = fixture_value (spec.cell, 0, 0, i / 300, i % 300);
			assert_int_equal (alpha[i], weir_is_nodata_f64 (value) ? 0 : 255);
			if (weir_is_nodata_f64 (value))
				assert_int_equal (grey[i], 0);
			else
				assert_int_equal (grey[i], (int) rint ((value - min) / (max - min) * 255));
		}
		GDALClose (dataset);
		fixture_free_paths (files, n_files);
		fixture_plan_destroy (&plan);
	}
}

static void
s_test_stretch (void **state)
{
	(void) state;
	weir_cell_t u8 = { .type = WEIR_U8, .has_nodata = true, .nodata = 255 };
	uint8_t cells[4] = { 0, 1, 255, 1 }, got[8];
	weir_piece_range_t range = { 0 };
	weir_range_add (&range, u8, cells, 4);
	assert_true (range.min == 0 && range.max == 1 && range.n_valid == 3);
	weir_range_stretch (&range, u8, cells, 4, got);
	assert_memory_equal (got, ((uint8_t[]){ 0, 255, 255, 255, 0, 0, 255, 255 }), 8);
	/* one value only: mid grey */
	range = (weir_piece_range_t){ 0 };
	weir_range_add (&range, u8, cells + 1, 2);
	weir_range_stretch (&range, u8, cells + 1, 2, got);
	assert_memory_equal (got, ((uint8_t[]){ 128, 255, 0, 0 }), 4);
	/* nothing valid: all transparent */
	range = (weir_piece_range_t){ 0 };
	weir_range_add (&range, u8, cells + 2, 1);
	assert_true (range.n_valid == 0);
	weir_range_stretch (&range, u8, cells + 2, 1, got);
	assert_memory_equal (got, ((uint8_t[]){ 0, 0 }), 2);
	/* infinities do not stretch the range; the width of all float64 does not overflow; NaN is
	 * transparent */
	double wide[5] = { -1.7e308, 1.7e308, (double) INFINITY, -(double) INFINITY, (double) NAN };
	uint8_t shown[10];
	range = (weir_piece_range_t){ 0 };
	weir_range_add (&range, weir_cell_float (WEIR_F64), wide, 5);
	assert_true (range.n_valid == 2 && range.min == -1.7e308 && range.max == 1.7e308);
	weir_range_stretch (&range, weir_cell_float (WEIR_F64), wide, 5, shown);
	assert_memory_equal (shown, ((uint8_t[]){ 0, 255, 255, 255, 255, 255, 0, 255, 0, 0 }), 10);
}

static void
s_expect_refusal (const fixture_spec_t *spec, int status, const char *code)
{
	weir_err_t err;
	char **files;
	size_t n_files;
	fixture_plan_t *plan = fixture_plan_new (spec);
	fixture_encode_all (plan);
	char *dir = fixture_path ("refused");
	assert_int_equal (weir_assemble_output (&plan->plan, 0, dir, fixture_fetch, plan, NULL, &files,
	                                        &n_files, &err),
	                  status);
	assert_string_equal (err.code, code);
	assert_int_equal (fixture_count_files (dir), 0);
	free (dir);
	fixture_plan_destroy (&plan);
}

static void
s_test_refused (void **state)
{
	(void) state;
	fixture_spec_t spec = s_spec (WEIR_U8);
	spec.n_bands = 2;
	s_expect_refusal (&spec, WEIR_E_UNSUPPORTED, "FormatUnsupported");
	spec = s_spec (WEIR_U8);
	spec.n_labels = 2;
	spec.keeps_time = true;
	s_expect_refusal (&spec, WEIR_E_UNSUPPORTED, "FormatUnsupported");
}

static void
s_test_failures (void **state)
{
	(void) state;
	weir_err_t err;
	char **files;
	size_t n_files;
	char *dir = fixture_path ("failed");
	fixture_spec_t spec = s_spec (WEIR_U8);
	fixture_plan_t *plan = fixture_plan_new (&spec);
	fixture_encode_all (plan);
	for (plan->cancel_after = 1; plan->cancel_after < 25; plan->cancel_after += 4) {
		plan->n_asked = 0;
		assert_int_equal (weir_assemble_output (&plan->plan, 0, dir, fixture_fetch, plan,
		                                        fixture_is_cancelled, &files, &n_files, &err),
		                  WEIR_E_CANCELLED);
		assert_int_equal (fixture_count_files (dir), 0);
	}
	plan->chunks[9][plan->chunk_bytes[9] - 3] ^= 0xFF;
	assert_int_equal (weir_assemble_output (&plan->plan, 0, dir, fixture_fetch, plan, NULL, &files,
	                                        &n_files, &err),
	                  WEIR_E_INVALID);
	assert_string_equal (err.code, "EncodedChunkInvalid");
	assert_int_equal (fixture_count_files (dir), 0);
	fixture_plan_destroy (&plan);
	free (dir);
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (s_test_types),
		cmocka_unit_test (s_test_stretch),
		cmocka_unit_test (s_test_refused),
		cmocka_unit_test (s_test_failures),
	};
	return cmocka_run_group_tests (tests, s_setup, fixture_teardown);
}
