/* test_chunk_table.c - every cell of the chunk table, attempts, parts, counts, lazy segments */
#include "runtime/core/chunk_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define N_EVENTS 10

static const weir_chunk_event_t s_events[N_EVENTS] = {
	WEIR_CHUNK_EVENT_LEASE,     WEIR_CHUNK_EVENT_WRITTEN_REPORTED, WEIR_CHUNK_EVENT_SYNCED,
	WEIR_CHUNK_EVENT_HAND_BACK, WEIR_CHUNK_EVENT_LEASE_EXPIRED,    WEIR_CHUNK_EVENT_SINK_LOST,
	WEIR_CHUNK_EVENT_PART_LOST, WEIR_CHUNK_EVENT_FAILED_RETRY,     WEIR_CHUNK_EVENT_FAILED_GIVE_UP,
	WEIR_CHUNK_EVENT_CANCEL,
};

/* The first letter of the next state, - to ignore, ! to refuse; columns as in s_events. */
static const struct {
	weir_chunk_state_t state;
	const char *cells;
} s_rows[] = {
	{ WEIR_CHUNK_PENDING, "L--------C" },     { WEIR_CHUNK_LEASED, "!W-PPP-PQC" },
	{ WEIR_CHUNK_WRITTEN, "!-D--PP--C" },     { WEIR_CHUNK_DONE, "!-----P---" },
	{ WEIR_CHUNK_QUARANTINED, "!---------" }, { WEIR_CHUNK_CANCELLED, "!---------" },
};

static void
s_check_cell (weir_chunk_state_t state, weir_chunk_event_t event, char cell)
{
	weir_chunk_state_t to, seen;
	weir_verdict_t verdict = weir_chunk_cell (state, event, &to);
	const char *reason = weir_chunk_reason (state, event);
	weir_chunk_table_t *table = weir_chunk_table_new (3);
	assert_true (weir_chunk_table_load (table, 1, state, 0, 9));
	assert_int_equal (weir_chunk_table_check (table, 1, event, &seen), verdict);
	assert_int_equal (seen, to);
	assert_int_equal (weir_chunk_table_apply (table, 1, event, 9), verdict);
	assert_int_equal (weir_chunk_table_state (table, 1), to);
	assert_int_equal (weir_chunk_table_count (table, to), to == WEIR_CHUNK_PENDING ? 3 : 1);
	if (cell == '-' || cell == '!') {
		assert_int_equal (verdict, cell == '-' ? WEIR_VERDICT_IGNORE : WEIR_VERDICT_REFUSE);
		assert_int_equal (to, state);
		assert_non_null (reason);
		assert_int_equal (weir_chunk_table_part (table, 1), 9);
	} else {
		assert_int_equal (verdict, WEIR_VERDICT_GO);
		assert_int_equal (weir_chunk_state_name (to)[0], cell);
		assert_null (reason);
	}
	weir_chunk_table_destroy (&table);
}

static void
test_every_cell (void **state)
{
	(void) state;
	assert_int_equal (N_EVENTS, WEIR_N_CHUNK_EVENTS);
	assert_int_equal (sizeof s_rows / sizeof *s_rows, WEIR_N_CHUNK_STATES);
	for (size_t row = 0; row < WEIR_N_CHUNK_STATES; row++)
		for (size_t col = 0; col < N_EVENTS; col++)
			s_check_cell (s_rows[row].state, s_events[col], s_rows[row].cells[col]);
}

static void
test_names (void **state)
{
	(void) state;
	assert_string_equal (weir_chunk_state_name (WEIR_CHUNK_QUARANTINED), "QUARANTINED");
	assert_string_equal (weir_job_state_name (WEIR_JOB_FINISHING), "FINISHING");
	assert_string_equal (weir_part_state_name (WEIR_PART_TAKEN_OVER), "TAKEN_OVER");
	assert_string_equal (weir_chunk_event_name (WEIR_CHUNK_EVENT_PART_LOST), "PART_LOST");
	assert_string_equal (weir_verdict_name (WEIR_VERDICT_IGNORE), "ignore");
	assert_string_equal (weir_chunk_state_name ((weir_chunk_state_t) 77), "?");
	assert_string_equal (weir_job_state_name ((weir_job_state_t) 0), "?");
	assert_string_equal (weir_part_state_name ((weir_part_state_t) 9), "?");
	assert_string_equal (weir_chunk_event_name ((weir_chunk_event_t) 10), "?");
	assert_string_equal (weir_verdict_name ((weir_verdict_t) 9), "?");
}

static void
s_lose_chunk (weir_chunk_table_t *table, weir_chunk_event_t event)
{
	assert_int_equal (weir_chunk_table_apply (table, 0, WEIR_CHUNK_EVENT_LEASE, 0),
	                  WEIR_VERDICT_GO);
	assert_int_equal (weir_chunk_table_apply (table, 0, event, 0), WEIR_VERDICT_GO);
}

static void
test_attempts_end_in_quarantine (void **state)
{
	(void) state;
	weir_chunk_table_t *table = weir_chunk_table_new (1);
	s_lose_chunk (table, WEIR_CHUNK_EVENT_LEASE_EXPIRED);
	s_lose_chunk (table, WEIR_CHUNK_EVENT_HAND_BACK); /* these two are never attempts */
	s_lose_chunk (table, WEIR_CHUNK_EVENT_SINK_LOST);
	s_lose_chunk (table, WEIR_CHUNK_EVENT_FAILED_RETRY);
	s_lose_chunk (table, WEIR_CHUNK_EVENT_LEASE_EXPIRED);
	assert_int_equal (weir_chunk_table_attempts (table, 0), 3);
	assert_int_equal (weir_chunk_table_state (table, 0), WEIR_CHUNK_PENDING);
	weir_chunk_table_apply (table, 0, WEIR_CHUNK_EVENT_LEASE, 0);
	weir_chunk_state_t to;
	assert_int_equal (weir_chunk_table_check (table, 0, WEIR_CHUNK_EVENT_FAILED_RETRY, &to),
	                  WEIR_VERDICT_GO);
	assert_int_equal (to, WEIR_CHUNK_QUARANTINED);
	weir_chunk_table_apply (table, 0, WEIR_CHUNK_EVENT_FAILED_RETRY, 0);
	assert_int_equal (weir_chunk_table_state (table, 0), WEIR_CHUNK_QUARANTINED);
	assert_int_equal (weir_chunk_table_attempts (table, 0), 4);
	weir_chunk_table_destroy (&table);
}

static void
test_parts (void **state)
{
	(void) state;
	weir_chunk_table_t *table = weir_chunk_table_new (1);
	weir_chunk_table_apply (table, 0, WEIR_CHUNK_EVENT_LEASE, 5);
	assert_int_equal (weir_chunk_table_part (table, 0), 0);
	assert_int_equal (weir_chunk_table_apply (table, 0, WEIR_CHUNK_EVENT_WRITTEN_REPORTED, 0),
	                  WEIR_VERDICT_REFUSE);
	assert_int_equal (weir_chunk_table_apply (table, 0, WEIR_CHUNK_EVENT_WRITTEN_REPORTED, 5),
	                  WEIR_VERDICT_GO);
	assert_int_equal (weir_chunk_table_part (table, 0), 5);
	/* what is said of another part is not about this chunk */
	assert_int_equal (weir_chunk_table_apply (table, 0, WEIR_CHUNK_EVENT_SYNCED, 6),
	                  WEIR_VERDICT_IGNORE);
	assert_int_equal (weir_chunk_table_apply (table, 0, WEIR_CHUNK_EVENT_PART_LOST, 6),
	                  WEIR_VERDICT_IGNORE);
	assert_int_equal (weir_chunk_table_apply (table, 0, WEIR_CHUNK_EVENT_SYNCED, 5),
	                  WEIR_VERDICT_GO);
	assert_int_equal (weir_chunk_table_part (table, 0), 5);
	assert_int_equal (weir_chunk_table_apply (table, 0, WEIR_CHUNK_EVENT_PART_LOST, 0),
	                  WEIR_VERDICT_GO);
	assert_int_equal (weir_chunk_table_part (table, 0), 0);
	assert_int_equal (weir_chunk_table_attempts (table, 0), 0);
	weir_chunk_table_destroy (&table);
}

static void
test_out_of_range (void **state)
{
	(void) state;
	weir_chunk_table_t *table = weir_chunk_table_new (2);
	weir_chunk_state_t to;
	assert_int_equal (weir_chunk_table_state (table, 2), WEIR_N_CHUNK_STATES);
	assert_int_equal (weir_chunk_table_attempts (table, UINT64_MAX), 0);
	assert_int_equal (weir_chunk_table_part (table, 2), 0);
	assert_int_equal (weir_chunk_table_check (table, 2, WEIR_CHUNK_EVENT_LEASE, &to),
	                  WEIR_VERDICT_REFUSE);
	assert_int_equal (weir_chunk_table_apply (table, 2, WEIR_CHUNK_EVENT_LEASE, 0),
	                  WEIR_VERDICT_REFUSE);
	assert_int_equal (weir_chunk_table_apply (table, 0, (weir_chunk_event_t) 10, 0),
	                  WEIR_VERDICT_REFUSE);
	assert_false (weir_chunk_table_load (table, 2, WEIR_CHUNK_DONE, 0, 1));
	assert_false (weir_chunk_table_load (table, 0, WEIR_N_CHUNK_STATES, 0, 1));
	assert_false (weir_chunk_table_load (table, 0, WEIR_CHUNK_DONE, 16, 1));
	assert_int_equal (weir_chunk_table_count (table, WEIR_N_CHUNK_STATES), 0);
	assert_int_equal (weir_chunk_table_count (table, WEIR_CHUNK_PENDING), 2);
	weir_chunk_table_destroy (&table);
	weir_chunk_table_destroy (&table);
	weir_chunk_table_destroy (NULL);
	table = weir_chunk_table_new (0);
	assert_int_equal (weir_chunk_table_next (table, WEIR_CHUNK_PENDING, 0), 0);
	weir_chunk_table_destroy (&table);
}

/* A hundred million chunks, of which three are touched: two segments are all that is allocated for
 * them. */
static void
test_large_and_sparse (void **state)
{
	(void) state;
	uint64_t n = UINT64_C (100000000), far = n - 1;
	weir_chunk_table_t *table = weir_chunk_table_new (n);
	weir_chunk_table_apply (table, 0, WEIR_CHUNK_EVENT_LEASE, 0);
	weir_chunk_table_apply (table, far, WEIR_CHUNK_EVENT_LEASE, 0);
	weir_chunk_table_apply (table, far - 1, WEIR_CHUNK_EVENT_CANCEL, 0);
	assert_int_equal (weir_chunk_table_count (table, WEIR_CHUNK_PENDING), n - 3);
	assert_int_equal (weir_chunk_table_count (table, WEIR_CHUNK_LEASED), 2);
	assert_int_equal (weir_chunk_table_next (table, WEIR_CHUNK_PENDING, 0), 1);
	assert_int_equal (weir_chunk_table_next (table, WEIR_CHUNK_PENDING, 20000), 20000);
	assert_int_equal (weir_chunk_table_next (table, WEIR_CHUNK_LEASED, 1), far);
	assert_int_equal (weir_chunk_table_next (table, WEIR_CHUNK_CANCELLED, 0), far - 1);
	assert_int_equal (weir_chunk_table_next (table, WEIR_CHUNK_PENDING, far - 1), n);
	assert_int_equal (weir_chunk_table_next (table, WEIR_CHUNK_DONE, 0), n);
	assert_int_equal (weir_chunk_table_next (table, WEIR_N_CHUNK_STATES, 0), n);
	weir_chunk_table_destroy (&table);
}

static uint64_t
s_sum_counts (const weir_chunk_table_t *table)
{
	uint64_t sum = 0;
	for (int s = 0; s < WEIR_N_CHUNK_STATES; s++)
		sum += weir_chunk_table_count (table, (weir_chunk_state_t) s);
	return sum;
}

/* Any events in any order: the counts stay those of the states, and nobody has a part who should
 * not. */
static void
test_random_events_keep_books (void **state)
{
	(void) state;
	enum { N = 16384 + 40 };
	weir_chunk_table_t *table = weir_chunk_table_new (N);
	uint64_t seed = 42, seen[WEIR_N_CHUNK_STATES] = { 0 };
	for (int i = 0; i < 200000; i++) {
		seed = seed * UINT64_C (6364136223846793005) + 1;
		uint64_t chunk = 16384 - 40 + (seed >> 33) % 80;
		weir_chunk_table_apply (table, chunk, (weir_chunk_event_t) ((seed >> 50) % 9),
		                        (uint16_t) ((seed >> 40) % 3));
	}
	assert_int_equal (s_sum_counts (table), N);
	for (uint64_t chunk = 0; chunk < N; chunk++) {
		weir_chunk_state_t at = weir_chunk_table_state (table, chunk);
		seen[at]++;
		bool has_part = weir_chunk_table_part (table, chunk) != 0;
		assert_int_equal (has_part, at == WEIR_CHUNK_WRITTEN || at == WEIR_CHUNK_DONE);
		assert_true (weir_chunk_table_attempts (table, chunk) <= WEIR_ATTEMPTS_MAX);
	}
	for (int s = 0; s < WEIR_N_CHUNK_STATES; s++)
		assert_int_equal (seen[s], weir_chunk_table_count (table, (weir_chunk_state_t) s));
	weir_chunk_table_destroy (&table);
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (test_every_cell),
		cmocka_unit_test (test_names),
		cmocka_unit_test (test_attempts_end_in_quarantine),
		cmocka_unit_test (test_parts),
		cmocka_unit_test (test_out_of_range),
		cmocka_unit_test (test_large_and_sparse),
		cmocka_unit_test (test_random_events_keep_books),
	};
	return cmocka_run_group_tests (tests, NULL, NULL);
}
