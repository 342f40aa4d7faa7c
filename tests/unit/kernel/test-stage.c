/* test-stage.c - whole pipelines against the plain reference, whatever the pieces, runs and places
 * of merging */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cube/kernel/stage.h"
#include "random.h"
#include "reference.h"
#include "runtime/base/mem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define N_ELEMENTS(array) (sizeof (array) / sizeof (array)[0])

/* ---- a small archive: slices, and what of them was observed */

typedef struct {
	weir_cell_t cell;
	size_t n_rows, n_cols, n_labels;
	char *slices;    /* n_labels × rows × cols */
	bool *is_absent; /* of each quarter of each slice */
	size_t split_row, split_col;
} archive_t;

static size_t
s_n_cells (const archive_t *self)
{
	return self->n_rows * self->n_cols;
}

static void
s_make_archive (archive_t *self, random_t *random, weir_cell_t cell, size_t n_labels, bool may_skip)
{
	static const size_t sizes[] = { 1, 2, 3, 7, 17, 33 };
	self->cell = cell;
	self->n_rows = sizes[random_below (random, 6)];
	self->n_cols = sizes[random_below (random, 6)];
	self->n_labels = n_labels;
	self->split_row = random_below (random, (uint32_t) self->n_rows + 1);
	self->split_col = random_chance (random, 30)
	                      ? self->n_cols
	                      : random_below (random, (uint32_t) self->n_cols + 1);
	self->slices = weir_alloc (n_labels * s_n_cells (self) * weir_type_size (cell.type));
	self->is_absent = weir_alloc (n_labels * 4 * sizeof (bool));
	random_cells (random, cell, self->slices, n_labels * s_n_cells (self));
	uint32_t percent = random_chance (random, 30) ? 90 : 25;
	for (size_t i = 0; may_skip && i < n_labels * 4; i++)
		self->is_absent[i] = random_chance (random, percent);
}

static void
s_free_archive (archive_t *self)
{
	free (self->slices);
	free (self->is_absent);
}

static size_t
s_quarter (const archive_t *self, size_t row, size_t col)
{
	return (row >= self->split_row ? 2U : 0U) + (col >= self->split_col ? 1U : 0U);
}

static double
s_value (const archive_t *self, size_t label, size_t cell)
{
	if (self->is_absent[label * 4 + s_quarter (self, cell / self->n_cols, cell % self->n_cols)])
		return weir_nodata_f64 ();
	return weir_cell_get (self->cell, self->slices, label * s_n_cells (self) + cell);
}

/* ---- running */

static void
s_fold_label (const archive_t *self, weir_run_t *run, size_t label)
{
	size_t bytes = weir_type_size (self->cell.type);
	for (size_t q = 0; q < 4; q++) {
		size_t row = q & 2U ? self->split_row : 0, col = q & 1U ? self->split_col : 0;
		size_t n_rows = q & 2U ? self->n_rows - row : self->split_row;
		size_t n_cols = q & 1U ? self->n_cols - col : self->split_col;
		const char *src = self->slices +
		                  (label * s_n_cells (self) + row * self->n_cols + col) * bytes;
		if (self->is_absent[label * 4 + q])
			weir_run_skip (run, (uint32_t) label, row, col, n_rows, n_cols);
		else
			weir_run_fold (run, (uint32_t) label, src, self->n_cols, row, col, n_rows, n_cols);
	}
}

static void *
s_run (const archive_t *self, const weir_stage_t *stage, size_t first, size_t n)
{
	size_t acc_bytes = weir_stage_acc_bytes (stage, s_n_cells (self));
	size_t bytes = acc_bytes * weir_stage_run_accs (stage, (uint32_t) n);
	assert_int_equal (acc_bytes % 64, 0);
	void *memory = aligned_alloc (64, bytes + 64);
	memset (memory, 0xCD, bytes);
	weir_run_t *run = weir_run_new (stage, self->n_rows, self->n_cols, (uint32_t) first,
	                                (uint32_t) n, memory);
	for (size_t label = first; label < first + n; label++)
		s_fold_label (self, run, label);
	weir_run_end (run);
	weir_run_destroy (&run);
	assert_null (run);
	return memory;
}

/* Cuts the labels into runs of `run_labels` and merges them as a binary tree over the runs. */
static void *
s_merge_runs (const archive_t *self, const weir_stage_t *stage, size_t run_labels, size_t first,
              size_t n)
{
	if (n <= run_labels)
		return s_run (self, stage, first, n);
	size_t half = run_labels;
	while (half * 2 < n)
		half *= 2;
	void *left = s_merge_runs (self, stage, run_labels, first, half);
	void *right = s_merge_runs (self, stage, run_labels, first + half, n - half);
	weir_stage_acc_merge (stage, left, right, s_n_cells (self));
	free (right);
	return left;
}

/* The reference's cells; false where one does not fit. */
static bool
s_reference (const archive_t *self, const weir_pipeline_t *pipeline, void *out)
{
	bool fits = true;
	double *values = weir_alloc (self->n_labels * sizeof *values);
	for (size_t cell = 0; cell < s_n_cells (self); cell++) {
		for (size_t label = 0; label < self->n_labels; label++)
			values[label] = s_value (self, label, cell);
		fits = reference_cell (pipeline, values, self->n_labels, out, cell) && fits;
	}
	free (values);
	return fits;
}

static size_t s_n_results, s_n_errors;

static void
s_check_cut (const archive_t *self, const weir_pipeline_t *pipeline, const weir_stage_t *stage,
             size_t run_labels, size_t round)
{
	size_t n = s_n_cells (self), bytes = n * weir_type_size (pipeline->out.type);
	char *expected = weir_alloc (bytes), *got = weir_alloc (bytes);
	weir_err_t err;
	bool fits = s_reference (self, pipeline, expected);
	void *acc = s_merge_runs (self, stage, run_labels, 0, self->n_labels);
	int status = weir_stage_finish (stage, acc, n, got, &err);
	s_n_results += status == 0;
	s_n_errors += status != 0;
	if ((status == 0) != fits)
		fail_msg ("round %zu, %s: status %d, expected %s: %s", round,
		          weir_stage_kernel_name (stage), status, fits ? "a result" : "an error",
		          status != 0 ? err.text : "");
	if (status != 0)
		assert_string_equal (err.code, "ValueOutOfRange");
	for (size_t i = 0; status == 0 && i < n; i++) {
		size_t size = weir_type_size (pipeline->out.type);
		if (memcmp (got + i * size, expected + i * size, size) != 0)
			fail_msg ("round %zu, %s, %zu labels in runs of %zu: cell %zu: %.17g instead of %.17g",
			          round, weir_stage_kernel_name (stage), self->n_labels, run_labels, i,
			          weir_cell_get (pipeline->out, got, i),
			          weir_cell_get (pipeline->out, expected, i));
	}
	free (acc);
	free (expected);
	free (got);
}

static void
s_check_pipeline (random_t *random, const weir_pipeline_t *pipeline, size_t round)
{
	static const size_t counts[] = { 1, 2, 15, 16, 17, 33, 48, 70, 130 };
	size_t n_labels = pipeline->n_folds == 0 ? 1 : counts[random_below (random, 9)];
	weir_stage_t *stage;
	weir_err_t err;
	if (weir_stage_new (pipeline, (uint32_t) n_labels, &stage, &err) != 0)
		fail_msg ("round %zu: %s", round, err.text);
	archive_t archive;
	bool may_skip = pipeline->n_slice_steps > 0 || pipeline->in.has_nodata ||
	                weir_type_is_float (pipeline->in.type);
	s_make_archive (&archive, random, pipeline->in, n_labels, may_skip);
	for (size_t run_labels = 16; run_labels < 2 * n_labels || run_labels == 16; run_labels *= 2)
		s_check_cut (&archive, pipeline, stage, run_labels, round);
	s_free_archive (&archive);
	weir_stage_destroy (&stage);
	assert_null (stage);
}

static void
test_random_pipelines (void **state)
{
	(void) state;
	random_t random = { 11 };
	for (size_t round = 0; round < 800; round++) {
		weir_pipeline_t pipeline;
		random_pipeline (&random, &pipeline);
		s_check_pipeline (&random, &pipeline, round);
		weir_pipeline_clear (&pipeline);
	}
	assert_true (s_n_results > 1500); /* most of them; and errors are found too */
	assert_true (s_n_errors > 50);
}

/* Each fold on each type, with and without ignoring no-data, nothing before and after. */
static void
test_every_fold (void **state)
{
	(void) state;
	random_t random = { 12 };
	for (size_t round = 0; round < 9U * 8 * 2 * 3; round++) {
		weir_cell_t in = random_cell_of (&random, (weir_type_t) (round / 9 % 8));
		weir_fold_t fold = { .kind = (weir_fold_kind_t) (1 + round % 9),
			                 .ignore_nodata = round / 72 % 2 == 0 };
		bool is_logic = fold.kind == WEIR_FOLD_ANY || fold.kind == WEIR_FOLD_ALL;
		fold.out = fold.kind == WEIR_FOLD_SUM || fold.kind == WEIR_FOLD_MEAN
		               ? weir_cell_float (WEIR_F64)
		           : fold.kind == WEIR_FOLD_COUNT ? (weir_cell_t){ .type = WEIR_U32 }
		           : is_logic                     ? weir_cell_bool ()
		                                          : in;
		weir_pipeline_t pipeline = { .in = in, .n_folds = 1, .folds = &fold, .out = fold.out };
		s_check_pipeline (&random, &pipeline, round);
	}
}

/* ---- the flood job, written out */

static void
test_flood (void **state)
{
	(void) state;
	weir_instr_t clean[] = { { .op = WEIR_OP_INPUT },
		                     { .op = WEIR_OP_CONST, .value = 0 },
		                     { .op = WEIR_OP_IS_NODATA, .a = 0 },
		                     { .op = WEIR_OP_EQ, .a = 0, .b = 1, .value = -1 },
		                     { .op = WEIR_OP_OR, .a = 2, .b = 3 },
		                     { .op = WEIR_OP_IF, .a = 4, .b = 1, .c = 0 } };
	weir_instr_t above[] = { { .op = WEIR_OP_INPUT },
		                     { .op = WEIR_OP_CONST, .value = 0 },
		                     { .op = WEIR_OP_GT, .a = 0, .b = 1 },
		                     { .op = WEIR_OP_CONST, .value = 1 },
		                     { .op = WEIR_OP_IF, .a = 2, .b = 3, .c = 1 } };
	weir_cell_t u8 = { .type = WEIR_U8, .has_nodata = true, .nodata = 255 };
	weir_prog_t slice = { N_ELEMENTS (clean), clean, u8 },
				chunk = { N_ELEMENTS (above), above, u8 };
	weir_fold_t sum = { .kind = WEIR_FOLD_SUM,
		                .ignore_nodata = true,
		                .out = { .type = WEIR_I32, .has_nodata = true, .nodata = INT32_MIN } };
	weir_pipeline_t pipeline = { .in = u8,
		                         .n_slice_steps = 1,
		                         .slice_steps = &slice,
		                         .n_folds = 1,
		                         .folds = &sum,
		                         .n_chunk_steps = 1,
		                         .chunk_steps = &chunk,
		                         .out = u8 };
	weir_stage_t *stage;
	assert_int_equal (weir_stage_new (&pipeline, 40, &stage, NULL), 0);
	assert_string_equal (weir_stage_kernel_name (stage), "ranges(2) > sum:uint16 > ranges(2)");
	assert_true (weir_stage_skips_nodata (stage));
	assert_false (weir_stage_is_ordered (stage));
	assert_int_equal (weir_stage_run_accs (stage, 40), 1);
	/* three dates of 2 × 3 cells; the right column is seen only on the second date, the last cell
	 * never */
	static const uint8_t first[] = { 0, 1, 255, 0 }, second[] = { 0, 0, 1, 255, 1, 255 },
						 third[] = { 0, 254, 255, 0 };
	static const uint8_t expected[] = { 0, 1, 1, 0, 1, 0 };
	uint8_t out[6];
	void *memory = aligned_alloc (64, weir_stage_acc_bytes (stage, 6));
	weir_run_t *run = weir_run_new (stage, 2, 3, 0, 40, memory);
	weir_run_fold (run, 0, first, 2, 0, 0, 2, 2);
	weir_run_skip (run, 0, 0, 2, 2, 1);
	weir_run_fold (run, 7, second, 3, 0, 0, 2, 3);
	weir_run_fold (run, 39, third, 2, 0, 0, 2, 2);
	weir_run_end (run);
	weir_run_destroy (&run);
	assert_int_equal (weir_stage_finish (stage, memory, 6, out, NULL), 0);
	assert_memory_equal (out, expected, 6);
	free (memory);
	weir_stage_destroy (&stage);
	assert_int_equal (weir_stage_new (&pipeline, 300, &stage, NULL),
	                  0); /* 300 × 254 is too much for 16 bits */
	assert_string_equal (weir_stage_kernel_name (stage), "ranges(2) > sum:int32 > interpreter");
	weir_stage_destroy (&stage);
}

/* ---- what does not fit */

static void
test_sum_out_of_range (void **state)
{
	(void) state;
	weir_cell_t u16 = { .type = WEIR_U16, .has_nodata = true, .nodata = 0 };
	weir_fold_t sum = { .kind = WEIR_FOLD_SUM,
		                .ignore_nodata = true,
		                .out = { .type = WEIR_I16, .has_nodata = true, .nodata = -1 } };
	weir_pipeline_t pipeline = { .in = u16, .n_folds = 1, .folds = &sum, .out = sum.out };
	static const uint16_t src[] = { 0, 32767, 32768 };
	int16_t out[3];
	weir_stage_t *stage;
	weir_err_t err;
	assert_int_equal (weir_stage_new (&pipeline, 1, &stage, NULL), 0);
	void *memory = aligned_alloc (64, weir_stage_acc_bytes (stage, 3));
	weir_run_t *run = weir_run_new (stage, 1, 3, 0, 1, memory);
	weir_run_fold (run, 0, src, 3, 0, 0, 1, 3);
	weir_run_end (run);
	weir_run_destroy (&run);
	assert_int_equal (weir_stage_finish (stage, memory, 2, out, &err), 0);
	assert_int_equal (out[0], -1);
	assert_int_equal (out[1], 32767);
	assert_int_equal (weir_stage_finish (stage, memory, 3, out, &err), WEIR_E_INVALID);
	assert_string_equal (err.code, "ValueOutOfRange");
	assert_non_null (strstr (err.text, "sum: 32768 does not fit into int16"));
	assert_non_null (strstr (err.text, "`dtype`"));
	free (memory);
	weir_stage_destroy (&stage);
}

static void
test_bad_pipelines (void **state)
{
	(void) state;
	weir_cell_t u8 = { .type = WEIR_U8, .has_nodata = true, .nodata = 255 };
	weir_cell_t bad = { .type = WEIR_U8, .has_nodata = true, .nodata = -1 };
	weir_instr_t two[] = { { .op = WEIR_OP_INPUT, .a = 1 } };
	weir_prog_t needs_two = { 1, two, u8 };
	weir_fold_t max = { .kind = WEIR_FOLD_MAX, .out = u8 },
				unknown = { .kind = WEIR_N_FOLDS, .out = u8 };
	weir_fold_t odd = { .kind = WEIR_FOLD_MAX, .count_all = true, .out = u8 };
	weir_fold_t empty = { .kind = WEIR_FOLD_COUNT, .has_condition = true, .out = u8 };
	weir_fold_t pair[] = { max, max };
	const struct {
		weir_pipeline_t pipeline;
		uint32_t n_labels;
	} rows[] = {
		{ { .in = bad, .out = u8 }, 1 },
		{ { .in = u8, .out = { .type = (weir_type_t) 8 } }, 1 },
		{ { .in = u8, .out = u8, .n_slice_steps = 1 }, 1 },
		{ { .in = u8, .out = u8, .n_slice_steps = 33, .slice_steps = &needs_two }, 1 },
		{ { .in = u8, .out = u8, .n_slice_steps = 1, .slice_steps = &needs_two }, 1 },
		{ { .in = u8, .out = u8, .n_chunk_steps = 1, .chunk_steps = &needs_two }, 1 },
		{ { .in = u8, .out = u8, .n_folds = 1 }, 1 },
		{ { .in = u8, .out = u8, .n_folds = 9, .folds = &max }, 1 },
		{ { .in = u8, .out = u8, .n_folds = 1, .folds = &unknown }, 1 },
		{ { .in = u8, .out = u8, .n_folds = 1, .folds = &odd }, 1 },
		{ { .in = u8, .out = u8, .n_folds = 1, .folds = &empty }, 1 },
		{ { .in = u8, .out = u8, .n_folds = 2, .folds = pair }, 1 },
		{ { .in = u8, .out = u8, .n_folds = 1, .folds = &max, .post = needs_two }, 1 },
		{ { .in = u8, .out = u8, .post = needs_two }, 1 },
		{ { .in = u8, .out = u8, .n_folds = 1, .folds = &max }, 0x80000000U },
	};
	for (size_t i = 0; i < N_ELEMENTS (rows); i++) {
		weir_stage_t *stage;
		weir_err_t err;
		if (weir_stage_new (&rows[i].pipeline, rows[i].n_labels, &stage, &err) == 0)
			fail_msg ("row %zu was taken", i);
		assert_null (stage);
	}
	weir_stage_t *none = NULL;
	weir_stage_destroy (&none);
}

/* ---- small things */

static void
test_names (void **state)
{
	(void) state;
	for (int kind = 0; kind < WEIR_N_FOLDS; kind++) {
		weir_fold_kind_t parsed;
		assert_true (weir_fold_parse (weir_fold_name ((weir_fold_kind_t) kind), &parsed));
		assert_int_equal (parsed, kind);
	}
	weir_fold_kind_t kind;
	assert_false (weir_fold_parse ("median", &kind));
	assert_false (weir_fold_parse (NULL, &kind));
}

static void
test_no_cells (void **state)
{
	(void) state;
	weir_fold_t mean = { .kind = WEIR_FOLD_MEAN,
		                 .ignore_nodata = true,
		                 .out = weir_cell_float (WEIR_F32) };
	weir_pipeline_t pipeline = {
		.in = weir_cell_float (WEIR_F32), .n_folds = 1, .folds = &mean, .out = mean.out
	};
	weir_stage_t *stage;
	assert_int_equal (weir_stage_new (&pipeline, 0, &stage, NULL), 0);
	assert_int_equal (weir_stage_acc_bytes (stage, 0), 0);
	char memory[64], out[4];
	weir_run_t *run = weir_run_new (stage, 0, 5, 0, 3, memory);
	weir_run_fold (run, 1, NULL, 5, 0, 0, 0, 5);
	weir_run_skip (run, 2, 0, 0, 0, 5);
	weir_run_end (run);
	weir_run_destroy (&run);
	assert_int_equal (weir_stage_finish (stage, memory, 0, out, NULL), 0);
	weir_stage_destroy (&stage);
}

/* Ordered runs need as many accumulators as the leaves' number has digits. */
static void
test_run_accs (void **state)
{
	(void) state;
	weir_fold_t sum = { .kind = WEIR_FOLD_SUM,
		                .ignore_nodata = true,
		                .out = weir_cell_float (WEIR_F32) };
	weir_pipeline_t pipeline = {
		.in = weir_cell_float (WEIR_F32), .n_folds = 1, .folds = &sum, .out = sum.out
	};
	static const size_t rows[][2] = { { 0, 1 },  { 1, 1 },  { 16, 1 }, { 17, 2 },
		                              { 32, 2 }, { 33, 2 }, { 64, 3 }, { 2000, 7 } };
	weir_stage_t *stage;
	assert_int_equal (weir_stage_new (&pipeline, 2000, &stage, NULL), 0);
	assert_true (weir_stage_is_ordered (stage));
	for (size_t i = 0; i < N_ELEMENTS (rows); i++)
		assert_int_equal (weir_stage_run_accs (stage, (uint32_t) rows[i][0]), rows[i][1]);
	weir_stage_destroy (&stage);
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (test_flood),
		cmocka_unit_test (test_every_fold),
		cmocka_unit_test (test_random_pipelines),
		cmocka_unit_test (test_sum_out_of_range),
		cmocka_unit_test (test_bad_pipelines),
		cmocka_unit_test (test_names),
		cmocka_unit_test (test_no_cells),
		cmocka_unit_test (test_run_accs),
	};
	return cmocka_run_group_tests_name ("kernel-stage", tests, NULL, NULL);
}
