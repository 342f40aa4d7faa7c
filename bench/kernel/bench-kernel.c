/* bench-kernel.c - cells a second of the kernels' main paths, one thread, data in cache as a reader
 * has them
 *
 * Each line: a pipeline over blocks of 512 × 512 cells, 40 labels, best of 5; "rows": the same into
 * the left half of a chunk twice as wide, row by row. Finishing is timed on its own.
 */
#include "cube/kernel/stage.h"
#include "runtime/base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define SIDE 512
#define N_LABELS 40
#define N_TRIES 5
#define N_BLOCKS 4 /* different sources, so that not all comes from L1 */

typedef struct {
	const char *name;
	weir_pipeline_t pipeline;
} s_case_t;

static double
s_now (void)
{
	struct timespec t;
	clock_gettime (CLOCK_MONOTONIC, &t);
	return (double) t.tv_sec + 1e-9 * (double) t.tv_nsec;
}

static void
s_fill (weir_cell_t cell, char *cells, size_t n)
{
	uint64_t state = 1;
	bool is_float = weir_type_is_float (cell.type);
	for (size_t i = 0; i < n; i++) {
		state = state * 6364136223846793005ULL + 1;
		uint32_t x = (uint32_t) (state >> 40);
		double value = is_float ? x % 1000 * 0.25 : x % 200;
		weir_cell_set (cell, cells, i, x % 7 == 0 ? weir_nodata_f64 () : value);
	}
}

static double
s_time_fold (const weir_stage_t *stage, const char *src, size_t block_bytes, size_t n_cols,
             void *memory)
{
	double best = 1e9;
	for (int try = 0; try < N_TRIES; try++) {
		weir_run_t *run = weir_run_new (stage, SIDE, n_cols, 0, N_LABELS, memory);
		double start = s_now ();
		for (uint32_t rank = 0; rank < N_LABELS; rank++)
			weir_run_fold (run, rank, src + rank % N_BLOCKS * block_bytes, SIDE, 0, 0, SIDE, SIDE);
		weir_run_end (run);
		double took = s_now () - start;
		best = took < best ? took : best;
		weir_run_destroy (&run);
	}
	return (double) SIDE * SIDE * N_LABELS / best * 1e-9;
}

static double
s_time_finish (const weir_stage_t *stage, const void *acc, void *out)
{
	double best = 1e9;
	weir_err_t err;
	for (int try = 0; try < N_TRIES; try++) {
		double start = s_now ();
		if (weir_stage_finish (stage, acc, (size_t) SIDE * SIDE, out, &err) != 0) {
			fprintf (stderr, "bench-kernel: %s\n", err.text);
			exit (1);
		}
		double took = s_now () - start;
		best = took < best ? took : best;
	}
	return (double) SIDE * SIDE / best * 1e-9;
}

static void
s_bench (const s_case_t *what)
{
	weir_stage_t *stage;
	weir_err_t err;
	if (weir_stage_new (&what->pipeline, N_LABELS, &stage, &err) != 0) {
		fprintf (stderr, "bench-kernel: %s: %s\n", what->name, err.text);
		exit (1);
	}
	size_t block_bytes = (size_t) SIDE * SIDE * weir_type_size (what->pipeline.in.type);
	size_t acc_bytes = weir_stage_acc_bytes (stage, (size_t) SIDE * SIDE * 2);
	void *memory = aligned_alloc (64, acc_bytes * weir_stage_run_accs (stage, N_LABELS));
	char *src = weir_alloc (N_BLOCKS * block_bytes);
	void *out = weir_alloc ((size_t) SIDE * SIDE * 8);
	s_fill (what->pipeline.in, src, (size_t) N_BLOCKS * SIDE * SIDE);
	double rows = s_time_fold (stage, src, block_bytes, (size_t) SIDE * 2, memory);
	double whole = s_time_fold (stage, src, block_bytes, SIDE, memory);
	double finish = s_time_finish (stage, memory, out);
	printf ("%-22s %7.2f %7.2f %7.2f   %s\n", what->name, whole, rows, finish,
	        weir_stage_kernel_name (stage));
	free (memory);
	free (src);
	free (out);
	weir_stage_destroy (&stage);
}

#define N_OF(array) (sizeof (array) / sizeof (array)[0])

int
main (void)
{
	weir_cell_t u8 = { .type = WEIR_U8, .has_nodata = true, .nodata = 255 };
	weir_cell_t u16 = { .type = WEIR_U16, .has_nodata = true, .nodata = 65535 };
	weir_cell_t i16 = { .type = WEIR_I16, .has_nodata = true, .nodata = -32768 };
	weir_cell_t i32 = { .type = WEIR_I32, .has_nodata = true, .nodata = INT32_MIN };
	weir_cell_t f32 = weir_cell_float (WEIR_F32);
	weir_instr_t clean[] = { { .op = WEIR_OP_INPUT },
		                     { .op = WEIR_OP_CONST, .value = 0 },
		                     { .op = WEIR_OP_IS_NODATA, .a = 0 },
		                     { .op = WEIR_OP_IF, .a = 2, .b = 1, .c = 0 } };
	weir_instr_t above[] = { { .op = WEIR_OP_INPUT },
		                     { .op = WEIR_OP_CONST, .value = 0 },
		                     { .op = WEIR_OP_GT, .a = 0, .b = 1 },
		                     { .op = WEIR_OP_CONST, .value = 1 },
		                     { .op = WEIR_OP_IF, .a = 2, .b = 3, .c = 1 } };
	weir_instr_t scale[] = { { .op = WEIR_OP_INPUT },
		                     { .op = WEIR_OP_CONST, .value = 0.0001 },
		                     { .op = WEIR_OP_MULTIPLY, .a = 0, .b = 1 } };
	weir_prog_t to_zero = { N_OF (clean), clean, u8 }, to_bool = { N_OF (above), above, u8 };
	weir_prog_t scaled = { N_OF (scale), scale, f32 };
	weir_fold_t sum_i = { .kind = WEIR_FOLD_SUM, .ignore_nodata = true, .out = i32 };
	weir_fold_t sum_f = { .kind = WEIR_FOLD_SUM, .ignore_nodata = true, .out = f32 };
	weir_fold_t min = { .kind = WEIR_FOLD_MIN, .ignore_nodata = true, .out = i16 };
	weir_fold_t max = { .kind = WEIR_FOLD_MAX, .ignore_nodata = true, .out = i16 };
	weir_fold_t mean = { .kind = WEIR_FOLD_MEAN, .ignore_nodata = true, .out = f32 };
	weir_fold_t count = { .kind = WEIR_FOLD_COUNT, .out = { .type = WEIR_U32 } };
	const s_case_t cases[] = {
		{ "flood",
		  { u8, 1, &to_zero, 1, &sum_i, .n_chunk_steps = 1, .chunk_steps = &to_bool, .out = u8 } },
		{ "sum uint8", { u8, 0, NULL, 1, &sum_i, .out = i32 } },
		{ "sum float32", { f32, 0, NULL, 1, &sum_f, .out = f32 } },
		{ "min int16", { i16, 0, NULL, 1, &min, .out = i16 } },
		{ "max int16", { i16, 0, NULL, 1, &max, .out = i16 } },
		{ "mean uint16", { u16, 0, NULL, 1, &mean, .out = f32 } },
		{ "mean float32", { f32, 0, NULL, 1, &mean, .out = f32 } },
		{ "count int16", { i16, 0, NULL, 1, &count, .out = count.out } },
		{ "scaled mean (table)", { i16, 1, &scaled, 1, &mean, .out = f32 } },
		{ "interpreter, 3 steps", { f32, 1, &to_bool, 1, &sum_i, .out = i32 } },
	};
	printf ("%-22s %7s %7s %7s   Gcells/s, one thread\n", "", "fold", "rows", "finish");
	for (size_t i = 0; i < N_OF (cases); i++)
		s_bench (&cases[i]);
	return 0;
}
