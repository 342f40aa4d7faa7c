/* test_transition.c - batches of transitions on a real redis-server: fences, shapes, books */
#include "runtime/core/states.h"
#include "tests/integration/redis/fixture.h"

#include <stdlib.h>
#include <string.h>

enum {
	PENDING = WEIR_CHUNK_PENDING,
	LEASED = WEIR_CHUNK_LEASED,
	WRITTEN = WEIR_CHUNK_WRITTEN,
	DONE = WEIR_CHUNK_DONE,
	QUARANTINED = WEIR_CHUNK_QUARANTINED,
	CANCELLED = WEIR_CHUNK_CANCELLED
};

static weir_redis_transition_t
s_make (uint64_t chunk, int from, int to)
{
	return (weir_redis_transition_t){ .chunk = chunk,
		                              .from = (uint8_t) from,
		                              .to = (uint8_t) to,
		                              .part = to == WRITTEN || to == DONE ? 0x1234 : 0,
		                              .token_hi = 11,
		                              .token_lo = 22,
		                              .holder = 33 };
}

static void
s_check_chunk (fixture_t *fixture, uint64_t chunk, int state, int attempts, int part)
{
	uint8_t got_state = 99, got_attempts = 99;
	uint16_t got_part = 99;
	weir_err_t err;
	assert_int_equal (weir_redis_read_chunk (fixture->redis, JOB, chunk, &got_state, &got_attempts,
	                                         &got_part, &err),
	                  0);
	assert_int_equal (got_state, state);
	assert_int_equal (got_attempts, attempts);
	assert_int_equal (got_part, part);
}

static void
test_way_of_a_chunk (void **state)
{
	fixture_t *fixture = *state;
	fixture_put_job (fixture, 5, 100);
	weir_redis_transition_t step = s_make (42, PENDING, LEASED);
	step.attempts = 3;
	assert_string_equal (fixture_transit (fixture, 5, 1, &step), "g");
	s_check_chunk (fixture, 42, LEASED, 3, 0);
	assert_string_equal (fixture_ask (fixture, "HLEN " KEY ":flight"), "1");
	redisReply *reply = redisCommand (fixture->plain, "HGET " KEY ":flight %b",
	                                  "\x2a\0\0\0\0\0\0\0", (size_t) 8);
	static const uint8_t s_record[24] = { 11, 0, 0, 0, 0,  0, 0, 0, 22, 0, 0, 0,
		                                  0,  0, 0, 0, 33, 0, 0, 0, 0,  0, 0, 0 };
	assert_int_equal (reply->len, 24);
	assert_memory_equal (reply->str, s_record, 24);
	freeReplyObject (reply);
	step = s_make (42, LEASED, WRITTEN);
	step.holder = 44;
	step.attempts = 3;
	assert_string_equal (fixture_transit (fixture, 5, 1, &step), "g");
	s_check_chunk (fixture, 42, WRITTEN, 3, 0x1234);
	assert_string_equal (fixture_ask (fixture, "HGET " KEY " n0"), "99");
	assert_string_equal (fixture_ask (fixture, "HGET " KEY " n2"), "1");
	step = s_make (42, WRITTEN, DONE);
	assert_string_equal (fixture_transit (fixture, 5, 1, &step), "g");
	s_check_chunk (fixture, 42, DONE, 0, 0x1234);
	assert_string_equal (fixture_ask (fixture, "EXISTS " KEY ":flight"), "0");
	assert_string_equal (fixture_ask (fixture, "HGET " KEY " n3"), "1");
	assert_string_equal (fixture_ask (fixture, "STRLEN " KEY ":s:0"), "300");
}

/* stored: how the chunk comes there; what is asked; the answer */
static const struct {
	int stored, from, to;
	bool other_token, force;
	char answer;
} s_fences[] = {
	{ PENDING, PENDING, LEASED, false, false, 'g' },
	{ PENDING, PENDING, CANCELLED, true, false, 'g' },
	{ PENDING, LEASED, WRITTEN, false, false, 's' },
	{ PENDING, LEASED, WRITTEN, false, true, 's' },
	{ LEASED, PENDING, LEASED, false, false, 's' },
	{ LEASED, LEASED, WRITTEN, false, false, 'g' },
	{ LEASED, LEASED, WRITTEN, true, false, 't' },
	{ LEASED, LEASED, PENDING, true, false, 't' },
	{ LEASED, LEASED, PENDING, false, false, 'g' },
	{ LEASED, LEASED, PENDING, true, true, 'g' },
	{ LEASED, LEASED, QUARANTINED, true, false, 't' },
	{ LEASED, LEASED, QUARANTINED, false, false, 'g' },
	{ LEASED, LEASED, CANCELLED, true, false, 'g' },
	{ LEASED, WRITTEN, DONE, false, false, 's' },
	{ WRITTEN, WRITTEN, DONE, false, false, 'g' },
	{ WRITTEN, WRITTEN, DONE, true, false, 't' },
	{ WRITTEN, WRITTEN, PENDING, true, false, 't' },
	{ WRITTEN, WRITTEN, PENDING, true, true, 'g' },
	{ WRITTEN, WRITTEN, CANCELLED, true, false, 'g' },
	{ DONE, DONE, PENDING, true, false, 'g' },
	{ DONE, WRITTEN, DONE, false, false, 's' },
	{ QUARANTINED, PENDING, LEASED, false, false, 's' },
	{ CANCELLED, PENDING, LEASED, false, false, 's' },
};

/* Brings a chunk to a state by forced steps with token 11, 22. */
static void
s_bring_to (fixture_t *fixture, uint64_t chunk, int to)
{
	int from = PENDING;
	if (to == PENDING)
		return;
	if (to != CANCELLED) {
		weir_redis_transition_t lease = s_make (chunk, PENDING, LEASED);
		assert_string_equal (fixture_transit (fixture, 5, 1, &lease), "g");
		from = LEASED;
	}
	if (to != from) {
		weir_redis_transition_t last = s_make (chunk, from, to);
		assert_string_equal (fixture_transit (fixture, 5, 1, &last), "g");
	}
}

static void
test_fences (void **state)
{
	fixture_t *fixture = *state;
	size_t n = sizeof s_fences / sizeof *s_fences;
	weir_redis_transition_t all[sizeof s_fences / sizeof *s_fences];
	fixture_put_job (fixture, 5, n);
	for (size_t i = 0; i < n; i++) {
		s_bring_to (fixture, i, s_fences[i].stored);
		all[i] = s_make (i, s_fences[i].from, s_fences[i].to);
		all[i].token_lo += s_fences[i].other_token;
		all[i].force = s_fences[i].force;
	}
	const char *answers = fixture_transit (fixture, 5, n, all);
	for (size_t i = 0; i < n; i++) {
		if (answers[i] != s_fences[i].answer)
			fail_msg ("fence %zu: %c", i, answers[i]);
		uint8_t at = 0, attempts = 0;
		uint16_t part = 0;
		weir_err_t err;
		weir_redis_read_chunk (fixture->redis, JOB, i, &at, &attempts, &part, &err);
		assert_int_equal (at, answers[i] == 'g' ? s_fences[i].to : s_fences[i].stored);
	}
}

static void
test_generations (void **state)
{
	fixture_t *fixture = *state;
	weir_redis_transition_t all[3] = { s_make (0, PENDING, LEASED), s_make (1, PENDING, LEASED),
		                               s_make (2, PENDING, LEASED) };
	assert_string_equal (fixture_transit (fixture, 9, 3, all), "ooo"); /* no such job */
	assert_string_equal (fixture_ask (fixture, "DBSIZE"), "0");
	fixture_put_job (fixture, 5, 100);
	assert_string_equal (fixture_transit (fixture, 4, 3, all), "ooo");
	s_check_chunk (fixture, 0, PENDING, 0, 0);
	assert_string_equal (fixture_transit (fixture, 1763000000000001, 1, all), "g");
	assert_string_equal (fixture_ask (fixture, "HGET " KEY " generation"), "1763000000000001");
	assert_string_equal (fixture_transit (fixture, 1763000000000000, 2, all + 1), "oo");
	assert_string_equal (fixture_transit (fixture, 1763000000000001, 2, all + 1), "gg");
}

/* A chunk that comes several times in a batch goes through its transitions in the order given. */
static void
test_same_chunk_twice (void **state)
{
	fixture_t *fixture = *state;
	fixture_put_job (fixture, 5, 100);
	weir_redis_transition_t all[] = {
		s_make (9, PENDING, LEASED), s_make (3, PENDING, LEASED),  s_make (9, LEASED, WRITTEN),
		s_make (9, PENDING, LEASED), s_make (9, WRITTEN, PENDING), s_make (9, PENDING, LEASED),
		s_make (1, LEASED, DONE),    s_make (3, LEASED, PENDING),
	};
	assert_string_equal (fixture_transit (fixture, 5, 8, all), "gggsggsg");
	s_check_chunk (fixture, 9, LEASED, 0, 0);
	s_check_chunk (fixture, 3, PENDING, 0, 0);
	assert_string_equal (fixture_ask (fixture, "HLEN " KEY ":flight"), "1");
}

static void
test_ends_of_segments (void **state)
{
	fixture_t *fixture = *state;
	fixture_put_job (fixture, 5, 16384 * 2 + 10);
	weir_redis_transition_t all[] = {
		s_make (16384 * 2 + 9, PENDING, LEASED),
		s_make (16384 * 2 + 10, PENDING, LEASED),
		s_make (16383, PENDING, LEASED),
		s_make (16384, PENDING, LEASED),
		s_make (16384 * 2 - 1, PENDING, LEASED),
		s_make (16384 * 2, PENDING, LEASED),
		s_make (UINT64_C (1) << 52, PENDING, LEASED),
	};
	assert_string_equal (fixture_transit (fixture, 5, 7, all), "gsggggs");
	assert_string_equal (fixture_ask (fixture, "STRLEN " KEY ":s:0"), "49152");
	assert_string_equal (fixture_ask (fixture, "STRLEN " KEY ":s:1"), "49152");
	assert_string_equal (fixture_ask (fixture, "STRLEN " KEY ":s:2"), "30");
	assert_string_equal (fixture_ask (fixture, "HGET " KEY " n0"), "32773");
	s_check_chunk (fixture, 16384 * 2, LEASED, 0, 0);
	s_check_chunk (fixture, 16384 * 2 + 1, PENDING, 0, 0);
}

static void
test_refused_batches (void **state)
{
	fixture_t *fixture = *state;
	static weir_redis_transition_t s_many[WEIR_REDIS_BATCH_MAX + 1];
	static outcome_t s_out[4];
	memset (s_out, 0, sizeof s_out);
	fixture_put_job (fixture, 5, 100);
	weir_redis_transition_t bad = s_make (1, PENDING, 6), attempts = s_make (1, PENDING, LEASED);
	attempts.attempts = 16;
	weir_redis_transition (fixture->redis, JOB, 5, 0, s_many, outcome_done, &s_out[0]);
	weir_redis_transition (fixture->redis, JOB, 5, WEIR_REDIS_BATCH_MAX + 1, s_many, outcome_done,
	                       &s_out[1]);
	weir_redis_transition (fixture->redis, JOB, 5, 1, &bad, outcome_done, &s_out[2]);
	weir_redis_transition (fixture->redis, JOB, 5, 1, &attempts, outcome_done, &s_out[3]);
	fixture_wait (fixture);
	for (int i = 0; i < 4; i++) {
		assert_int_equal (s_out[i].err.klass, WEIR_CLASS_BUG);
		assert_int_equal (s_out[i].n_calls, 1);
	}
}

/* ---- against a model: random batches of all shapes, each answer and in the end each chunk
 * compared */

#define N_MODEL 40000
#define N_BATCH 4096

typedef struct {
	uint8_t state, attempts;
	uint16_t part;
	uint64_t token;
} model_t;

static uint64_t s_seed;

static uint64_t
s_draw (uint64_t below)
{
	s_seed = s_seed * UINT64_C (6364136223846793005) + UINT64_C (1442695040888963407);
	return (s_seed >> 33) % below;
}

static char
s_step_model (model_t *model, const weir_redis_transition_t *t)
{
	if (t->chunk >= N_MODEL || model[t->chunk].state != t->from)
		return 's';
	model_t *at = &model[t->chunk];
	bool is_held = t->from == LEASED || t->from == WRITTEN;
	if (is_held && !t->force && t->to != CANCELLED && at->token != t->token_lo)
		return 't';
	*at = (model_t){ t->to, t->attempts, t->part, t->token_lo };
	return 'g';
}

/* shape 0: consecutive, 1: strides, 2: anywhere, 3: few chunks again and again */
static weir_redis_transition_t
s_draw_transition (const model_t *model, int shape, uint64_t start, size_t i)
{
	uint64_t chunk = shape == 0   ? start + i
	                 : shape == 1 ? start + i * (1 + start % 70)
	                 : shape == 2 ? s_draw (N_MODEL + 50)
	                              : start + s_draw (20);
	bool is_there = chunk < N_MODEL && s_draw (8) != 0;
	return (weir_redis_transition_t){
		.chunk = chunk,
		.from = is_there ? model[chunk].state : (uint8_t) s_draw (6),
		.to = (uint8_t) s_draw (4),
		.attempts = (uint8_t) s_draw (5),
		.part = (uint16_t) s_draw (65536),
		.force = s_draw (10) == 0,
		.token_hi = 1,
		.token_lo = chunk < N_MODEL && s_draw (6) != 0 ? model[chunk].token : s_draw (9),
		.holder = s_draw (100),
	};
}

static void
test_against_model (void **state)
{
	fixture_t *fixture = *state;
	static model_t s_model[N_MODEL];
	static weir_redis_transition_t s_all[N_BATCH];
	static char s_expected[N_BATCH + 1];
	memset (s_model, 0, sizeof s_model);
	s_seed = 7;
	fixture_put_job (fixture, 5, N_MODEL);
	for (int round = 0; round < 60; round++) {
		size_t n = 1 + s_draw (round % 3 == 0 ? N_BATCH : 300);
		uint64_t start = s_draw (N_MODEL);
		int shape = round % 4;
		for (size_t i = 0; i < n; i++)
			s_all[i] = s_draw_transition (s_model, shape, start, i);
		for (size_t i = 0; i < n; i++)
			s_expected[i] = s_step_model (s_model, &s_all[i]);
		s_expected[n] = '\0';
		assert_string_equal (fixture_transit (fixture, 5, n, s_all), s_expected);
	}
	uint64_t counts[6] = { 0 };
	for (uint64_t chunk = 0; chunk < N_MODEL; chunk++) {
		counts[s_model[chunk].state]++;
		if (chunk % 7 == 0)
			s_check_chunk (fixture, chunk, s_model[chunk].state, s_model[chunk].attempts,
			               s_model[chunk].part);
	}
	for (int i = 0; i < 6; i++)
		assert_int_equal (strtoull (fixture_ask (fixture, "HGET " KEY " n%d", i), NULL, 10),
		                  counts[i]);
	assert_int_equal (strtoull (fixture_ask (fixture, "HLEN " KEY ":flight"), NULL, 10),
	                  counts[LEASED] + counts[WRITTEN]);
}

int
main (int argc, char **argv)
{
	int status = fixture_main (argc, argv);
	if (status >= 0)
		return status;
#define WITH_SERVER(test) cmocka_unit_test_setup_teardown (test, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		WITH_SERVER (test_way_of_a_chunk),   WITH_SERVER (test_fences),
		WITH_SERVER (test_generations),      WITH_SERVER (test_same_chunk_twice),
		WITH_SERVER (test_ends_of_segments), WITH_SERVER (test_refused_batches),
		WITH_SERVER (test_against_model),
	};
	return cmocka_run_group_tests (tests, NULL, NULL);
}
