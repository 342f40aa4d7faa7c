/* test_chunk.c - chunks and runs worked out from numbers: every pixel once, every label once */
#include "cube/plan/codec.h"
#include "cube/plan/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef struct {
	weir_plan_t plan;
	weir_plan_source_t sources[2];
	weir_plan_output_t outputs[3];
} small_plan_t;

static void
s_add_output (small_plan_t *self, uint32_t source, int64_t chunk_width, int64_t chunk_height,
              bool keeps_time, uint32_t run_labels)
{
	weir_plan_output_t *output = &self->outputs[self->plan.n_outputs++];
	*output = (weir_plan_output_t){ .source = source,
		                            .chunk_width = chunk_width,
		                            .chunk_height = chunk_height,
		                            .keeps_time = keeps_time,
		                            .run_labels = run_labels,
		                            .first_chunk = self->plan.n_chunks };
	assert_true (weir_plan_count_chunks (output, &self->sources[source]));
	self->plan.n_chunks += output->n_chunks;
}

static void
s_init (small_plan_t *self, int64_t width, int64_t height, size_t n_labels)
{
	*self = (small_plan_t){ 0 };
	for (int i = 0; i < 2; i++)
		self->sources[i] = (weir_plan_source_t){ .grid = { .width = width, .height = height },
			                                     .n_labels = n_labels };
	self->plan.n_sources = 2;
	self->plan.sources = self->sources;
	self->plan.outputs = self->outputs;
}

/* Marks the chunk's pixels for its labels; none may be marked twice. */
static void
s_mark (const small_plan_t *small, uint64_t number, int64_t width, int64_t height, uint8_t *seen)
{
	weir_plan_chunk_t chunk = weir_plan_chunk (&small->plan, number);
	assert_false (weir_window_is_empty (chunk.window));
	assert_true (chunk.window.col + chunk.window.width <= width);
	assert_true (chunk.window.row + chunk.window.height <= height);
	uint32_t next = chunk.rank_first;
	for (uint32_t run = 0; run < chunk.n_runs; run++) {
		uint32_t rank, n_labels;
		weir_plan_run (&small->plan, &chunk, run, &rank, &n_labels);
		assert_int_equal (rank, next);
		assert_true (n_labels > 0 && n_labels <= small->outputs[chunk.output].run_labels);
		for (uint32_t label = rank; label < rank + n_labels; label++)
			for (int64_t row = 0; row < chunk.window.height; row++)
				for (int64_t col = 0; col < chunk.window.width; col++) {
					uint8_t *cell =
						&seen[((int64_t) label * height + chunk.window.row + row) * width +
					          chunk.window.col + col];
					assert_int_equal (*cell, 0);
					*cell = 1;
				}
		next += n_labels;
	}
	assert_int_equal (next, chunk.rank_first + chunk.n_labels);
}

static void
s_check_cover (int64_t width, int64_t height, size_t n_labels, int64_t chunk_width,
               int64_t chunk_height)
{
	small_plan_t small;
	s_init (&small, width, height, n_labels);
	s_add_output (&small, 0, chunk_width, chunk_height, false, 16);
	s_add_output (&small, 1, chunk_height, chunk_width, true, 16);
	s_add_output (&small, 0, chunk_width, chunk_width, false, 64);
	size_t bytes = (size_t) width * (size_t) height * n_labels;
	uint8_t *seen = calloc (bytes, 1);
	for (size_t o = 0; o < small.plan.n_outputs; o++) {
		memset (seen, 0, bytes);
		const weir_plan_output_t *output = &small.outputs[o];
		for (uint64_t i = 0; i < output->n_chunks; i++)
			s_mark (&small, output->first_chunk + i, width, height, seen);
		assert_null (memchr (seen, 0, bytes));
	}
	free (seen);
}

static void
test_every_pixel_once (void **state)
{
	(void) state;
	static const int64_t sizes[] = { 1, 2, 15, 16, 17, 31, 33, 50 };
	static const int64_t chunks[] = { 1, 7, 16, 32 };
	static const size_t labels[] = { 1, 16, 33 };
	for (size_t w = 0; w < 8; w++)
		for (size_t h = 0; h < 8; h++)
			for (size_t c = 0; c < 4; c++)
				s_check_cover (sizes[w], sizes[h], labels[(w + h + c) % 3], chunks[c],
				               chunks[(c + w) % 4]);
}

/* 3 columns, 2 rows: numbers go down a column first, labels last. */
static void
test_order (void **state)
{
	(void) state;
	small_plan_t small;
	s_init (&small, 40, 20, 2);
	s_add_output (&small, 0, 16, 16, true, 16);
	static const struct {
		uint64_t label, col, row;
		weir_window_t window;
	} rows[] = {
		{ 0, 0, 0, { 0, 0, 16, 16 } },  { 0, 0, 1, { 0, 16, 16, 4 } },
		{ 0, 1, 0, { 16, 0, 16, 16 } }, { 0, 1, 1, { 16, 16, 16, 4 } },
		{ 0, 2, 0, { 32, 0, 8, 16 } },  { 0, 2, 1, { 32, 16, 8, 4 } },
		{ 1, 0, 0, { 0, 0, 16, 16 } },
	};
	assert_int_equal (small.plan.n_chunks, 12);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		weir_plan_chunk_t chunk = weir_plan_chunk (&small.plan, i);
		assert_int_equal (chunk.label, rows[i].label);
		assert_int_equal (chunk.col, rows[i].col);
		assert_int_equal (chunk.row, rows[i].row);
		assert_memory_equal (&chunk.window, &rows[i].window, sizeof chunk.window);
		assert_int_equal (chunk.rank_first, rows[i].label);
		assert_int_equal (chunk.n_labels, 1);
		assert_int_equal (chunk.n_runs, 1);
	}
}

static void
test_no_such_chunk_or_run (void **state)
{
	(void) state;
	small_plan_t small;
	s_init (&small, 40, 20, 40);
	s_add_output (&small, 0, 16, 16, false, 16);
	weir_plan_chunk_t chunk = weir_plan_chunk (&small.plan, 6);
	assert_int_equal (chunk.n_runs, 0);
	assert_true (weir_window_is_empty (chunk.window));
	chunk = weir_plan_chunk (&small.plan, UINT64_MAX);
	assert_int_equal (chunk.n_runs, 0);
	chunk = weir_plan_chunk (&small.plan, 0);
	assert_int_equal (chunk.n_runs, 3);
	uint32_t rank, n_labels;
	weir_plan_run (&small.plan, &chunk, 2, &rank, &n_labels);
	assert_int_equal (rank, 32);
	assert_int_equal (n_labels, 8);
	weir_plan_run (&small.plan, &chunk, 3, &rank, &n_labels);
	assert_int_equal (n_labels, 0);
}

static void
test_null_plans (void **state)
{
	(void) state;
	static const uint64_t counts[] = { 1, 2, 1000003, (uint64_t) 1 << 40 };
	assert_null (weir_plan_null (0));
	assert_null (weir_plan_null (((uint64_t) 1 << 40) + 1));
	for (size_t i = 0; i < 4; i++) {
		weir_plan_t *plan = weir_plan_null (counts[i]);
		assert_int_equal (plan->n_chunks, counts[i]);
		weir_plan_chunk_t last = weir_plan_chunk (plan, counts[i] - 1);
		assert_int_equal (last.col, counts[i] - 1);
		assert_int_equal (last.window.width * last.window.height, 64);
		assert_int_equal (last.n_runs, 1);
		assert_int_equal (weir_plan_chunk (plan, counts[i]).n_runs, 0);
		char *text = weir_plan_encode (plan);
		weir_plan_t *back = NULL;
		assert_int_equal (weir_plan_decode (text, strlen (text), &back, NULL), 0);
		assert_true (back->sources[0].is_null);
		assert_int_equal (back->n_chunks, counts[i]);
		assert_int_equal (back->outputs[0].acc_bytes, 64);
		char *again = weir_plan_encode (back);
		assert_string_equal (text, again);
		free (text);
		free (again);
		weir_plan_destroy (&back);
		weir_plan_destroy (&plan);
		weir_plan_destroy (&plan);
	}
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (test_every_pixel_once),
		cmocka_unit_test (test_order),
		cmocka_unit_test (test_no_such_chunk_or_run),
		cmocka_unit_test (test_null_plans),
	};
	return cmocka_run_group_tests (tests, NULL, NULL);
}
