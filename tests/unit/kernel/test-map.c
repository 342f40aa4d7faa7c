/* test-map.c - identity, ranges, tables and the vector interpreter against weir_prog_eval, one cell
 * at a time */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cube/kernel/map.h"
#include "random.h"
#include "runtime/base/mem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static size_t s_kinds[4];

static void *
s_run (const weir_map_t *map, weir_cell_t out, const void *src, size_t n)
{
	void *dst = weir_alloc (n * weir_type_size (out.type));
	double *memory = weir_alloc (weir_map_memory_bytes (map));
	weir_misfit_t misfit;
	weir_map_prepare (map, memory);
	assert_true (weir_map_run (map, memory, dst, src, n, &misfit));
	free (memory);
	return dst;
}

static void
s_check_map (weir_cell_t in, const weir_prog_t *const *progs, size_t n_progs, const void *src,
             size_t n)
{
	weir_cell_t out = n_progs > 0 ? progs[n_progs - 1]->out : in;
	weir_map_spec_t spec = { .in = in,
		                     .lo = weir_type_min (in.type),
		                     .hi = weir_type_max (in.type) };
	spec.chain =
		(weir_chain_spec_t){ .n_inputs = 1, .n_progs = n_progs, .progs = progs, .out = out };
	weir_map_t *map = weir_map_new (&spec);
	s_kinds[weir_map_kind (map)]++;
	void *dst = s_run (map, out, src, n);
	for (size_t i = 0; i < n; i++) {
		double value = weir_cell_get (in, src, i);
		uint64_t expected = 0, got = 0;
		for (size_t k = 0; k < n_progs; k++)
			value = weir_prog_eval (progs[k], &value);
		weir_cell_set (out, &expected, 0, value);
		memcpy (&got, (char *) dst + i * weir_type_size (out.type), weir_type_size (out.type));
		if (got != expected)
			fail_msg ("%s -> %s: cell %zu of value %g: %llx instead of %llx",
			          weir_type_name (in.type), weir_type_name (out.type), i,
			          weir_cell_get (in, src, i), (unsigned long long) got,
			          (unsigned long long) expected);
	}
	free (dst);
	weir_map_destroy (&map);
}

static void
test_random_maps (void **state)
{
	(void) state;
	random_t random = { 1 };
	static const size_t sizes[] = { 0, 1, 3, 64, 1000, 3001 };
	for (size_t round = 0; round < 900; round++) {
		weir_cell_t in = random_cell (&random);
		weir_prog_t steps[3];
		const weir_prog_t *progs[3] = { &steps[0], &steps[1], &steps[2] };
		size_t n_progs = random_below (&random, 4), n = sizes[random_below (&random, 6)];
		for (size_t k = 0; k < n_progs; k++)
			random_prog (&random, 1, random_cell (&random), &steps[k]);
		void *src = weir_alloc (n * weir_type_size (in.type));
		random_cells (&random, in, src, n);
		s_check_map (in, progs, n_progs, src, n);
		free (src);
		for (size_t k = 0; k < n_progs; k++)
			weir_prog_clear (&steps[k]);
	}
	for (int kind = 0; kind < 4; kind++)
		assert_true (s_kinds[kind] > 20);
}

/* Every value of the small types, through steps made of comparisons: many ranges of all sorts. */
static void
test_many_ranges (void **state)
{
	(void) state;
	random_t random = { 2 };
	for (size_t round = 0; round < 120; round++) {
		weir_cell_t in = random_cell_of (&random, (weir_type_t) (round % 4));
		weir_cell_t out = random_cell_of (&random,
		                                  (weir_type_t) random_below (&random, WEIR_N_TYPES));
		double lo = weir_type_min (in.type), span = weir_type_max (in.type) - lo;
		weir_instr_t instr[64] = { { .op = WEIR_OP_INPUT } };
		uint16_t n = 1, last = 0;
		for (uint32_t k = random_below (&random, 9); k > 0; k--, n += 5) {
			instr[n] = (weir_instr_t){
				.op = WEIR_OP_CONST, .value = lo + floor (span * random_below (&random, 97) / 97)
			};
			instr[n + 1] = (weir_instr_t){ .op = WEIR_OP_GT, .a = 0, .b = n };
			instr[n + 2] = (weir_instr_t){ .op = WEIR_OP_CONST,
				                           .value = random_below (&random, 90) };
			instr[n + 3] = (weir_instr_t){ .op = WEIR_OP_ADD, .a = 0, .b = (uint16_t) (n + 2) };
			uint16_t then = (uint16_t) (n + (random_chance (&random, 50) ? 2 : 3));
			instr[n + 4] =
				(weir_instr_t){ .op = WEIR_OP_IF, .a = (uint16_t) (n + 1), .b = then, .c = last };
			last = (uint16_t) (n + 4);
		}
		weir_prog_t prog = { .n_instr = (size_t) last + 1, .instr = instr, .out = out };
		const weir_prog_t *progs[] = { &prog };
		size_t count = weir_type_size (in.type) == 1 ? 256 : 65536;
		void *src = weir_alloc (count * weir_type_size (in.type));
		for (size_t i = 0; i < count; i++)
			weir_cell_set ((weir_cell_t){ .type = in.type }, src, i, lo + (double) i);
		s_check_map (in, progs, 1, src, count);
		free (src);
	}
}

static void
s_assert_name (weir_cell_t in, const weir_prog_t *prog, const char *expected)
{
	const weir_prog_t *progs[] = { prog };
	weir_map_spec_t spec = { .in = in,
		                     .lo = weir_type_min (in.type),
		                     .hi = weir_type_max (in.type) };
	spec.chain =
		(weir_chain_spec_t){ .n_inputs = 1, .n_progs = 1, .progs = progs, .out = prog->out };
	weir_map_t *map = weir_map_new (&spec);
	char name[32];
	weir_map_describe (map, name, sizeof name);
	assert_string_equal (name, expected);
	weir_map_destroy (&map);
}

static void
test_choice (void **state)
{
	(void) state;
	weir_cell_t u8 = { .type = WEIR_U8, .has_nodata = true, .nodata = 255 },
				i16 = { .type = WEIR_I16 };
	weir_instr_t above[] = { { .op = WEIR_OP_INPUT },
		                     { .op = WEIR_OP_CONST, .value = 100 },
		                     { .op = WEIR_OP_GT, .b = 1 } };
	weir_instr_t scale[] = { { .op = WEIR_OP_INPUT },
		                     { .op = WEIR_OP_CONST, .value = 0.1 },
		                     { .op = WEIR_OP_MULTIPLY, .b = 1 } };
	weir_instr_t same[] = { { .op = WEIR_OP_INPUT } };
	weir_prog_t gt = { 3, above, weir_cell_bool () };
	s_assert_name (u8, &gt, "ranges(3)");
	s_assert_name (weir_cell_float (WEIR_F32), &gt, "interpreter");
	weir_prog_t times = { 3, scale, weir_cell_float (WEIR_F32) };
	s_assert_name (i16, &times, "table");
	weir_prog_t identity = { 1, same, u8 };
	s_assert_name (u8, &identity, "identity");
	weir_prog_t to_float = { 1, same, weir_cell_float (WEIR_F32) };
	s_assert_name (u8, &to_float, "ranges(2)");
}

/* The longest program there may be, all of it alive at once: the tile shrinks. */
static void
test_long_program (void **state)
{
	(void) state;
	enum { N = WEIR_PROG_INSTR_MAX };
	weir_instr_t *instr = weir_alloc (N * sizeof *instr);
	instr[0].op = WEIR_OP_INPUT;
	for (size_t i = 1; i < N / 2; i++)
		instr[i] = (weir_instr_t){ .op = WEIR_OP_ADD, .a = (uint16_t) (i - 1), .b = 0 };
	for (size_t i = N / 2; i < N; i++)
		instr[i] = (weir_instr_t){ .op = WEIR_OP_SUBTRACT,
			                       .a = (uint16_t) (i - 1),
			                       .b = (uint16_t) (N - 1 - i) };
	weir_prog_t prog = { .n_instr = N, .instr = instr, .out = weir_cell_float (WEIR_F64) };
	const weir_prog_t *progs[] = { &prog };
	double src[300];
	for (size_t i = 0; i < 300; i++)
		src[i] = (double) i * 0.5;
	assert_int_equal (weir_prog_check (&prog, 1, NULL), 0);
	s_check_map (weir_cell_float (WEIR_F64), progs, 1, src, 300);
	free (instr);
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (test_random_maps),
		cmocka_unit_test (test_many_ranges),
		cmocka_unit_test (test_choice),
		cmocka_unit_test (test_long_program),
	};
	return cmocka_run_group_tests_name ("kernel-map", tests, NULL, NULL);
}
