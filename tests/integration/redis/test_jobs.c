/* test_jobs.c - records of jobs, plans, parts and the leader; deletion; order of answers */
#include "tests/integration/redis/fixture.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t s_plan[] = { 'p', 'l', 0, 'a', 'n' };

/* Puts the job with that plan; the answer, or "" and err set. */
static outcome_t
s_put (fixture_t *fixture, uint64_t generation, uint64_t n_chunks, const char *sha)
{
	outcome_t outcome = { 0 };
	weir_redis_job_put (fixture->redis, JOB, generation, n_chunks, sha, s_plan, sizeof s_plan, "me",
	                    "blue", outcome_done, &outcome);
	fixture_wait (fixture);
	return outcome;
}

static void
test_job_put (void **state)
{
	fixture_t *fixture = *state;
	assert_string_equal (s_put (fixture, 5, 100, "abc").answers, "g");
	assert_string_equal (fixture_ask (fixture, "HGET " KEY " state"), "PLANNING");
	assert_string_equal (fixture_ask (fixture, "HGET " KEY " n_chunks"), "100");
	assert_string_equal (fixture_ask (fixture, "HGET " KEY " owner"), "me");
	assert_string_equal (fixture_ask (fixture, "HGET " KEY " cluster"), "blue");
	assert_string_equal (fixture_ask (fixture, "HGET " KEY " n0"), "100");
	assert_string_equal (fixture_ask (fixture, "STRLEN " KEY ":plan:abc"), "5");
	static const struct {
		uint64_t generation, n_chunks;
		const char *sha, *answer;
	} s_again[] = {
		{ 5, 100, "abc", "g" }, { 4, 100, "abc", "o" }, { 5, 101, "abc", "s" },
		{ 6, 100, "abd", "s" }, { 9, 100, "abc", "g" }, { 8, 100, "abc", "o" },
	};
	for (size_t i = 0; i < sizeof s_again / sizeof *s_again; i++)
		assert_string_equal (
			s_put (fixture, s_again[i].generation, s_again[i].n_chunks, s_again[i].sha).answers,
			s_again[i].answer);
	assert_string_equal (fixture_ask (fixture, "EXISTS " KEY ":plan:abd"), "0");
}

static void
test_job_state_and_parts (void **state)
{
	fixture_t *fixture = *state;
	outcome_t out[6] = { 0 };
	weir_redis_job_state (fixture->redis, JOB, 5, "RUNNING", outcome_done, &out[0]);
	weir_redis_job_put (fixture->redis, JOB, 5, 10, "abc", s_plan, sizeof s_plan, NULL, NULL,
	                    outcome_done, &out[1]);
	weir_redis_job_state (fixture->redis, JOB, 5, "RUNNING", outcome_done, &out[2]);
	weir_redis_job_state (fixture->redis, JOB, 4, "FAILED", outcome_done, &out[3]);
	weir_redis_part (fixture->redis, JOB, 5, 7, "OPEN", 3, UINT64_C (1) << 60, outcome_done,
	                 &out[4]);
	weir_redis_part (fixture->redis, JOB, 4, 7, "LOST", 3, 0, outcome_done, &out[5]);
	assert_int_equal (weir_redis_n_pending (fixture->redis), 6);
	fixture_wait (fixture);
	static const char *const s_answers[] = { "o", "g", "g", "o", "g", "o" };
	for (int i = 0; i < 6; i++) {
		assert_string_equal (out[i].answers, s_answers[i]);
		assert_int_equal (out[i].at, out[0].at + i);
	}
	assert_string_equal (fixture_ask (fixture, "HGET " KEY " state"), "RUNNING");
	assert_string_equal (fixture_ask (fixture, "HGET " KEY ":parts 7"),
	                     "OPEN 3 1152921504606846976");
}

static void
s_delete (fixture_t *fixture)
{
	outcome_t outcome = { 0 };
	weir_redis_job_delete (fixture->redis, JOB, outcome_done, &outcome);
	fixture_wait (fixture);
	assert_string_equal (outcome.answers, "g");
	assert_int_equal (outcome.n_calls, 1);
}

static void
test_job_delete (void **state)
{
	fixture_t *fixture = *state;
	static const uint64_t s_sizes[] = { 0, 1, 16384, 16385, UINT64_C (16384) * 9000 + 1 };
	for (size_t i = 0; i < sizeof s_sizes / sizeof *s_sizes; i++) {
		uint64_t n = s_sizes[i];
		assert_string_equal (s_put (fixture, 5, n, "abc").answers, "g");
		weir_redis_transition_t all[] = { { .chunk = 0, .to = 1 }, { .chunk = n - 1, .to = 1 } };
		if (n > 1)
			assert_string_equal (fixture_transit (fixture, 5, 2, all), "gg");
		outcome_t outcome = { 0 };
		weir_redis_part (fixture->redis, JOB, 5, 1, "OPEN", 3, 0, outcome_done, &outcome);
		s_delete (fixture);
		assert_string_equal (fixture_ask (fixture, "DBSIZE"), "0");
	}
	s_delete (fixture); /* again is harmless */
	assert_string_equal (fixture_ask (fixture, "DBSIZE"), "0");
}

static uint64_t
s_take (fixture_t *fixture, const char *cluster)
{
	outcome_t outcome = { 0 };
	weir_redis_take_generation (fixture->redis, cluster, outcome_done, &outcome);
	fixture_wait (fixture);
	assert_string_equal (outcome.err.text, "");
	assert_int_equal (strlen (outcome.answers), outcome.n);
	return strtoull (outcome.answers, NULL, 10);
}

static void
test_generation (void **state)
{
	fixture_t *fixture = *state;
	uint64_t first = s_take (fixture, "red"), second = s_take (fixture, "red");
	assert_true (first > UINT64_C (1600000000000000));
	assert_true (second > first);
	char id[64];
	snprintf (id, sizeof id, "%s", fixture_ask (fixture, "HGET weir:{red}:leader id"));
	assert_int_equal (strlen (id), 32);
	/* a clock that went back: one more than the last */
	fixture_ask (fixture, "HSET weir:{red}:leader generation 9000000000000000");
	assert_int_equal (s_take (fixture, "red"), UINT64_C (9000000000000001));
	assert_string_not_equal (fixture_ask (fixture, "HGET weir:{red}:leader id"), id);
	assert_true (s_take (fixture, "blue") < UINT64_C (9000000000000000));
	/* from now on, its jobs are this cluster's */
	assert_string_equal (s_put (fixture, 5, 10, "abc").answers, "g");
	assert_string_equal (fixture_ask (fixture, "EXISTS weir:{blue:" JOB "}"), "1");
}

static void
test_large_plan (void **state)
{
	fixture_t *fixture = *state;
	size_t bytes = 8 << 20;
	uint8_t *plan = malloc (bytes);
	assert_non_null (plan);
	memset (plan, 7, bytes);
	outcome_t outcome = { 0 };
	weir_redis_job_put (fixture->redis, JOB, 5, 10, "abc", plan, bytes, "", "", outcome_done,
	                    &outcome);
	free (plan); /* it was copied */
	fixture_wait (fixture);
	assert_string_equal (outcome.answers, "g");
	assert_string_equal (fixture_ask (fixture, "STRLEN " KEY ":plan:abc"), "8388608");
	uint64_t used = 0;
	weir_err_t err;
	assert_int_equal (weir_redis_used_memory (fixture->redis, &used, &err), 0);
	assert_true (used > bytes);
}

int
main (int argc, char **argv)
{
	int status = fixture_main (argc, argv);
	if (status >= 0)
		return status;
#define WITH_SERVER(test) cmocka_unit_test_setup_teardown (test, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		WITH_SERVER (test_job_put),    WITH_SERVER (test_job_state_and_parts),
		WITH_SERVER (test_job_delete), WITH_SERVER (test_generation),
		WITH_SERVER (test_large_plan),
	};
	return cmocka_run_group_tests (tests, NULL, NULL);
}
