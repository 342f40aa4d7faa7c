/* test_in_flight.c - the map of chunks in flight against a plain list, and the bitmap of runs */
#include "runtime/core/in_flight.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void
test_put_find_remove (void **state)
{
	(void) state;
	weir_in_flight_map_t *map = weir_in_flight_map_new ();
	weir_in_flight_t *record = weir_in_flight_map_put (map, 7, 2);
	assert_non_null (record);
	assert_null (weir_in_flight_map_put (map, 7, 2));
	assert_ptr_equal (weir_in_flight_map_find (map, 7), record);
	assert_null (weir_in_flight_map_find (map, 8));
	assert_false (weir_in_flight_map_remove (map, 8));
	assert_true (weir_in_flight_map_remove (map, 7));
	assert_null (weir_in_flight_map_find (map, 7));
	assert_int_equal (weir_in_flight_map_count (map), 0);
	weir_in_flight_map_put (map, UINT64_MAX, 0);
	weir_in_flight_map_destroy (&map);
	weir_in_flight_map_destroy (&map);
}

/* Puts and removals in a scrambled order; after each round the map holds exactly what the list
 * says. */
static void
test_like_a_list (void **state)
{
	(void) state;
	enum { N = 3000 };
	static bool s_is_there[N];
	memset (s_is_there, 0, sizeof s_is_there);
	weir_in_flight_map_t *map = weir_in_flight_map_new ();
	uint64_t seed = 1, n = 0;
	for (int i = 0; i < 60000; i++) {
		seed = seed * UINT64_C (6364136223846793005) + 1442695040888963407U;
		size_t chunk = (seed >> 33) % N;
		if (s_is_there[chunk]) {
			assert_true (weir_in_flight_map_remove (map, chunk));
			n--;
		} else {
			assert_non_null (weir_in_flight_map_put (map, chunk, 100));
			n++;
		}
		s_is_there[chunk] = !s_is_there[chunk];
	}
	assert_int_equal (weir_in_flight_map_count (map), n);
	for (size_t chunk = 0; chunk < N; chunk++)
		assert_int_equal (weir_in_flight_map_find (map, chunk) != NULL, s_is_there[chunk]);
	size_t cursor = 0;
	for (weir_in_flight_t *record; (record = weir_in_flight_map_next (map, &cursor)) != NULL; n--)
		assert_true (s_is_there[record->chunk]);
	assert_int_equal (n, 0);
	weir_in_flight_map_destroy (&map);
}

static void
test_runs (void **state)
{
	(void) state;
	static const uint32_t s_sizes[] = { 0, 1, 63, 64, 65, 1000 };
	weir_in_flight_map_t *map = weir_in_flight_map_new ();
	for (size_t i = 0; i < sizeof s_sizes / sizeof *s_sizes; i++) {
		uint32_t n = s_sizes[i];
		weir_in_flight_t *record = weir_in_flight_map_put (map, i, n);
		assert_int_equal (record->n_runs_left, n);
		assert_false (weir_in_flight_mark_run (record, n));
		for (uint32_t run = 0; run < n; run++) {
			assert_false (weir_in_flight_has_run (record, run));
			assert_true (weir_in_flight_mark_run (record, run));
			assert_false (weir_in_flight_mark_run (record, run));
			assert_int_equal (record->n_runs_left, n - run - 1);
		}
		weir_in_flight_clear_runs (record);
		assert_int_equal (record->n_runs_left, n);
		assert_false (weir_in_flight_has_run (record, 0));
	}
	weir_in_flight_map_destroy (&map);
}

static void
test_token (void **state)
{
	(void) state;
	weir_in_flight_t record = { .token_hi = 1, .token_lo = 2 };
	assert_true (weir_in_flight_is_token (&record, 1, 2));
	assert_false (weir_in_flight_is_token (&record, 1, 3));
	assert_false (weir_in_flight_is_token (&record, 2, 2));
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (test_put_find_remove),
		cmocka_unit_test (test_like_a_list),
		cmocka_unit_test (test_runs),
		cmocka_unit_test (test_token),
	};
	return cmocka_run_group_tests (tests, NULL, NULL);
}
