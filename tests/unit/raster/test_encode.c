/* test_encode.c - encoded chunks: what the header says, what the check survives, what is refused */
#include "fixture.h"

#include "connectors/raster/piece.h"
#include "runtime/base/mem.h"

#include <math.h>
#include <stdlib.h>

static fixture_spec_t
s_spec (void)
{
	static char s_deflate[] = "DEFLATE";
	return (fixture_spec_t){
		.cell = { .type = WEIR_I16, .has_nodata = true, .nodata = 99 },
		.n_bands = 2,
		.n_labels = 1,
		.width = 70,
		.height = 50,
		.chunk_width = 64,
		.chunk_height = 32,
		.format = WEIR_FORMAT_GTIFF,
		.options = { .compress = s_deflate,
		             .predictor = 1,
		             .block_width = 32,
		             .block_height = 16,
		             .tiled = true },
	};
}

static void
s_test_header (void **state)
{
	(void) state;
	weir_err_t err;
	weir_piece_view_t view;
	fixture_spec_t spec = s_spec ();
	fixture_plan_t *plan = fixture_plan_new (&spec);
	fixture_encode_all (plan);
	weir_plan_chunk_t chunk = weir_plan_chunk (&plan->plan, 3); /* the corner: 6 × 18 pixels */
	assert_ok (
		weir_piece_parse (&plan->plan, &chunk, plan->chunks[3], plan->chunk_bytes[3], &view, &err),
		err);
	assert_int_equal (view.shape.n_pieces, 2 * 1 * 2);
	assert_int_equal (view.shape.n_bands, 2);
	assert_int_equal (view.shape.cols, 6);
	assert_int_equal (view.shape.rows, 18);
	static const uint8_t head[] = { 'W', 'E', 'I',      'R', 'E', 'N', 'C', '1', 1, 0,
		                            0,   0,   WEIR_I16, 0,   0,   0,   2,   0,   0, 0,
		                            32,  0,   0,        0,   16,  0,   0,   0,   1, 0,
		                            0,   0,   2,        0,   0,   0,   4,   0,   0, 0 };
	assert_memory_equal (plan->chunks[3], head, sizeof head);
	fixture_plan_destroy (&plan);
}

/* Any byte changed, any length: an error or a header that says the same, never more. */
static void
s_test_check_survives (void **state)
{
	(void) state;
	weir_err_t err;
	fixture_spec_t spec = s_spec ();
	fixture_plan_t *plan = fixture_plan_new (&spec);
	fixture_encode_all (plan);
	weir_plan_chunk_t chunk = weir_plan_chunk (&plan->plan, 0);
	size_t n = plan->chunk_bytes[0];
	assert_ok (weir_encoded_check (&plan->plan, &chunk, plan->chunks[0], n, &err), err);
	assert_int_equal (weir_encoded_check (&plan->plan, &chunk, NULL, 0, &err), WEIR_E_INVALID);
	for (size_t length = 0; length < n;
	     length++) { /* copied, so that a read beyond the end is seen */
		uint8_t *bytes = malloc (length + (length == 0));
		memcpy (bytes, plan->chunks[0], length);
		assert_int_equal (weir_encoded_check (&plan->plan, &chunk, bytes, length, &err),
		                  WEIR_E_INVALID);
		assert_string_equal (err.code, "EncodedChunkInvalid");
		free (bytes);
	}
	for (size_t i = 0; i < 64 + 4 * 8; i++) {
		bool is_range = i >= 40 && i < 64;
		plan->chunks[0][i] ^= 0x81;
		int status = weir_encoded_check (&plan->plan, &chunk, plan->chunks[0], n, &err);
		assert_true (is_range || status == WEIR_E_INVALID);
		plan->chunks[0][i] ^= 0x81;
	}
	chunk = weir_plan_chunk (&plan->plan, 3); /* another chunk's bytes */
	assert_int_equal (weir_encoded_check (&plan->plan, &chunk, plan->chunks[0], n, &err),
	                  WEIR_E_INVALID);
	fixture_plan_destroy (&plan);
}

static void
s_test_noise_fits_bound (void **state)
{
	(void) state;
	static char *const compressions[] = { "NONE", "LZW", "DEFLATE", "ZSTD", "PACKBITS" };
	weir_err_t err;
	uint64_t seed = 88172645463325252ULL;
	for (size_t c = 0; c < sizeof compressions / sizeof compressions[0]; c++) {
		fixture_spec_t spec = s_spec ();
		spec.cell = (weir_cell_t){ .type = WEIR_U8 };
		spec.width = spec.height = spec.chunk_width = spec.chunk_height = 256;
		spec.options.compress = compressions[c];
		spec.options.block_width = spec.options.block_height = 128;
		fixture_plan_t *plan = fixture_plan_new (&spec);
		weir_plan_chunk_t chunk = weir_plan_chunk (&plan->plan, 0);
		uint8_t *cells = malloc (2 * 256 * 256);
		for (size_t i = 0; i < (size_t) 2 * 256 * 256; i++) {
			seed ^= seed << 13;
			seed ^= seed >> 7;
			seed ^= seed << 17;
			cells[i] = (uint8_t) seed;
		}
		assert_ok (weir_encode_chunk (&plan->plan, &chunk, cells, &plan->chunks[0],
		                              &plan->chunk_bytes[0], &err),
		           err);
		assert_true (plan->chunk_bytes[0] <= weir_encode_bytes_max (&plan->plan, 0));
		assert_ok (
			weir_encoded_check (&plan->plan, &chunk, plan->chunks[0], plan->chunk_bytes[0], &err),
			err);
		free (cells);
		fixture_plan_destroy (&plan);
	}
}

/* Tiles of one value share their bytes; those of other values, or with one cell that differs, do
 * not. */
static void
s_test_flat_tiles (void **state)
{
	(void) state;
	weir_err_t err;
	weir_piece_view_t view;
	fixture_spec_t spec = s_spec ();
	spec.n_bands = 1;
	spec.width = spec.chunk_width = 320;
	spec.height = spec.chunk_height = 16;
	fixture_plan_t *plan = fixture_plan_new (&spec);
	weir_plan_chunk_t chunk = weir_plan_chunk (&plan->plan, 0);
	int16_t cells[16 * 320];
	static const int16_t values[10] = { 0, 1, 0, 256, 1, 257, 2, 3, 0, 4 };
	for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++)
		cells[i] = values[i % 320 / 32];
	cells[15 * 320 + 8 * 32 + 31] = 7; /* the last cell of the ninth tile, else all 0 */
	assert_ok (weir_encode_chunk (&plan->plan, &chunk, cells, &plan->chunks[0],
	                              &plan->chunk_bytes[0], &err),
	           err);
	assert_ok (
		weir_piece_parse (&plan->plan, &chunk, plan->chunks[0], plan->chunk_bytes[0], &view, &err),
		err);
	const uint8_t *pieces[10];
	pieces[0] = view.pieces;
	for (uint32_t i = 1; i < 10; i++)
		pieces[i] = pieces[i - 1] + weir_piece_length (&view, i - 1);
	for (uint32_t i = 0; i < 10; i++) {
		for (uint32_t k = 0; k < i; k++) {
			bool is_same = weir_piece_length (&view, i) == weir_piece_length (&view, k) &&
			               memcmp (pieces[i], pieces[k], weir_piece_length (&view, k)) == 0;
			assert_int_equal (is_same, values[i] == values[k] && i != 8 && k != 8);
		}
	}
	fixture_plan_destroy (&plan);
}

static void
s_expect_refusal (const fixture_spec_t *spec, int status, const char *code)
{
	weir_err_t err;
	fixture_plan_t *plan = fixture_plan_new (spec);
	weir_plan_chunk_t chunk = weir_plan_chunk (&plan->plan, 0);
	void *cells = fixture_chunk_cells (plan, 0);
	uint8_t *bytes = (uint8_t *) 1;
	size_t n;
	assert_int_equal (weir_encode_chunk (&plan->plan, &chunk, cells, &bytes, &n, &err), status);
	assert_string_equal (err.code, code);
	assert_string_equal (err.where, "save");
	assert_null (bytes);
	free (cells);
	fixture_plan_destroy (&plan);
}

static void
s_test_refused (void **state)
{
	(void) state;
	static char s_jpeg[] = "JPEG";
	fixture_spec_t spec = s_spec ();
	spec.options.compress = s_jpeg;
	s_expect_refusal (&spec, WEIR_E_UNSUPPORTED, "FormatUnsupported");
	spec = s_spec ();
	spec.options.predictor = 3; /* of integers */
	s_expect_refusal (&spec, WEIR_E_UNSUPPORTED, "FormatUnsupported");
	spec = s_spec ();
	spec.options.block_width = 20;
	s_expect_refusal (&spec, WEIR_E_INVALID, "PlanInvalid");
	spec = s_spec ();
	spec.options.block_width = 48; /* two chunks would share a tile */
	s_expect_refusal (&spec, WEIR_E_INVALID, "PlanInvalid");
	spec = s_spec ();
	spec.options.block_width = 0;
	s_expect_refusal (&spec, WEIR_E_INVALID, "PlanInvalid");
}

static void
s_test_null_format (void **state)
{
	(void) state;
	weir_err_t err;
	fixture_spec_t spec = s_spec ();
	spec.format = WEIR_FORMAT_NULL;
	fixture_plan_t *plan = fixture_plan_new (&spec);
	fixture_encode_all (plan);
	weir_plan_chunk_t chunk = weir_plan_chunk (&plan->plan, 0);
	assert_ok (
		weir_encoded_check (&plan->plan, &chunk, plan->chunks[0], plan->chunk_bytes[0], &err), err);
	char **files = NULL;
	size_t n_files = 7;
	assert_ok (weir_assemble_output (&plan->plan, 0, "/nowhere/at/all", fixture_fetch, plan, NULL,
	                                 &files, &n_files, &err),
	           err);
	assert_int_equal (n_files, 0);
	fixture_plan_destroy (&plan);
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (s_test_header),           cmocka_unit_test (s_test_check_survives),
		cmocka_unit_test (s_test_noise_fits_bound), cmocka_unit_test (s_test_flat_tiles),
		cmocka_unit_test (s_test_refused),          cmocka_unit_test (s_test_null_format),
	};
	return cmocka_run_group_tests (tests, fixture_setup, fixture_teardown);
}
