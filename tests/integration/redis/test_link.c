/* test_link.c - calls whose scripts, server or answers go missing; ways to connect */
#include "tests/integration/redis/fixture.h"

#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static int64_t
s_now_ms (void)
{
	struct timespec now;
	clock_gettime (CLOCK_MONOTONIC, &now);
	return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static weir_redis_transition_t
s_lease (uint64_t chunk)
{
	return (weir_redis_transition_t){ .chunk = chunk, .from = 0, .to = 1, .token_hi = 1 };
}

static void
s_check_lost (const outcome_t *outcome)
{
	assert_int_equal (outcome->n_calls, 1);
	assert_string_equal (outcome->err.code, "RedisUnavailable");
	assert_int_equal (outcome->err.klass, WEIR_CLASS_RETRY);
	assert_int_equal (outcome->err.status, WEIR_E_IO);
}

/* Somebody empties the script cache with calls under way: all are answered, in order. */
static void
test_scripts_are_loaded_again (void **state)
{
	fixture_t *fixture = *state;
	fixture_put_job (fixture, 5, 100);
	fixture_ask (fixture, "SCRIPT FLUSH");
	outcome_t out[5] = { 0 };
	weir_redis_transition_t all[5];
	for (uint64_t i = 0; i < 4; i++) {
		all[i] = s_lease (i);
		weir_redis_transition (fixture->redis, JOB, 5, 1, &all[i], outcome_done, &out[i]);
	}
	weir_redis_job_state (fixture->redis, JOB, 5, "RUNNING", outcome_done, &out[4]);
	fixture_wait (fixture);
	for (int i = 0; i < 5; i++) {
		assert_string_equal (out[i].answers, "g");
		assert_int_equal (out[i].at, out[0].at + i);
	}
	assert_string_equal (fixture_ask (fixture, "HLEN " KEY ":flight"), "4");
}

/* Ticks until connected again; fails after 5 s. */
static void
s_wait_connected (fixture_t *fixture)
{
	int64_t deadline = s_now_ms () + 5000;
	while (!weir_redis_is_connected (fixture->redis)) {
		struct pollfd fd = { .fd = weir_redis_fd (fixture->redis), .events = POLLIN };
		poll (&fd, 1, 5);
		weir_redis_handle (fixture->redis, true, false);
		weir_redis_tick (fixture->redis, s_now_ms ());
		assert_true (s_now_ms () < deadline);
	}
}

static void
s_wait_down (fixture_t *fixture)
{
	struct pollfd fd = { .fd = weir_redis_fd (fixture->redis), .events = POLLIN };
	while (weir_redis_is_connected (fixture->redis)) {
		assert_int_equal (poll (&fd, 1, 5000), 1);
		weir_redis_handle (fixture->redis, true, false);
	}
}

static void
test_server_dies_and_comes_back (void **state)
{
	fixture_t *fixture = *state;
	weir_err_t err;
	fixture_put_job (fixture, 5, 100);
	int fd_before = weir_redis_fd (fixture->redis);
	kill (weir_redis_server_pid (fixture->server), SIGSTOP);
	outcome_t out[4] = { 0 };
	weir_redis_transition_t lease = s_lease (1);
	for (int i = 0; i < 3; i++)
		weir_redis_transition (fixture->redis, JOB, 5, 1, &lease, outcome_done, &out[i]);
	weir_redis_handle (fixture->redis, true, true);
	kill (weir_redis_server_pid (fixture->server), SIGKILL);
	s_wait_down (fixture);
	for (int i = 0; i < 3; i++) {
		s_check_lost (&out[i]);
		assert_int_equal (out[i].at, out[0].at + i);
	}
	weir_redis_transition (fixture->redis, JOB, 5, 1, &lease, outcome_done, &out[3]);
	assert_int_equal (out[3].n_calls, 0);
	weir_redis_tick (fixture->redis, s_now_ms ());
	s_check_lost (&out[3]);
	uint64_t used;
	assert_int_equal (weir_redis_used_memory (fixture->redis, &used, &err), WEIR_E_IO);
	while (weir_redis_server_check (fixture->server, &err) == 0)
		poll (NULL, 0, 1);
	assert_non_null (strstr (err.text, "redis-server: ended"));
	weir_redis_server_stop (&fixture->server);
	fixture_start_server (fixture);
	s_wait_connected (fixture);
	assert_int_equal (weir_redis_fd (fixture->redis), fd_before);
	fixture_put_job (fixture, 5, 100);
	assert_string_equal (fixture_transit (fixture, 5, 1, &lease), "g");
}

/* Time is what tick says it is: no answer for 10 s of it. */
static void
test_deadline (void **state)
{
	fixture_t *fixture = *state;
	fixture_put_job (fixture, 5, 100);
	kill (weir_redis_server_pid (fixture->server), SIGSTOP);
	outcome_t out[2] = { 0 };
	weir_redis_transition_t lease = s_lease (1);
	weir_redis_transition (fixture->redis, JOB, 5, 1, &lease, outcome_done, &out[0]);
	weir_redis_tick (fixture->redis, 1000000);
	weir_redis_transition (fixture->redis, JOB, 5, 1, &lease, outcome_done, &out[1]);
	weir_redis_tick (fixture->redis, 1009999);
	assert_int_equal (weir_redis_n_pending (fixture->redis), 2);
	weir_redis_tick (fixture->redis, 1010000);
	s_check_lost (&out[0]);
	s_check_lost (&out[1]);
	assert_non_null (strstr (out[0].err.text, "no answer within 10 s"));
	kill (weir_redis_server_pid (fixture->server), SIGCONT);
}

static void
test_destroy_answers (void **state)
{
	fixture_t *fixture = *state;
	outcome_t out[2] = { 0 };
	weir_redis_job_state (fixture->redis, JOB, 5, "RUNNING", outcome_done, &out[0]);
	weir_redis_job_state (fixture->redis, JOB, 5, "RUNNING", NULL, NULL);
	weir_redis_job_state (fixture->redis, JOB, 5, "RUNNING", outcome_done, &out[1]);
	weir_redis_destroy (&fixture->redis);
	assert_null (fixture->redis);
	s_check_lost (&out[0]);
	s_check_lost (&out[1]);
	weir_redis_destroy (&fixture->redis);
}

/* What Redis itself says against a call is kept in its words; a full memory passes. */
static void
test_error_replies (void **state)
{
	fixture_t *fixture = *state;
	fixture_put_job (fixture, 5, 100);
	fixture_ask (fixture, "CONFIG SET maxmemory 1");
	outcome_t out = { 0 };
	weir_redis_job_state (fixture->redis, JOB, 5, "RUNNING", outcome_done, &out);
	fixture_wait (fixture);
	s_check_lost (&out);
	assert_non_null (strstr (out.err.text, "OOM"));
	fixture_ask (fixture, "CONFIG SET maxmemory 0");
	fixture_ask (fixture, "DEL " KEY);
	fixture_ask (fixture, "SET " KEY " text");
	weir_redis_job_state (fixture->redis, JOB, 5, "RUNNING", outcome_done, &out);
	fixture_wait (fixture);
	assert_int_equal (out.err.klass, WEIR_CLASS_GIVE_UP);
	assert_non_null (strstr (out.err.text, "WRONGTYPE"));
}

/* ---- ways to connect */

static int
s_pick_port (void)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		                           .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
	socklen_t bytes = sizeof address;
	int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal (bind (fd, (struct sockaddr *) &address, sizeof address), 0);
	getsockname (fd, (struct sockaddr *) &address, &bytes);
	close (fd);
	return ntohs (address.sin_port);
}

static void
test_tcp_and_passwords (void **state)
{
	fixture_t *fixture = *state;
	static const struct {
		const char *login, *db, *words; /* words: of the error; NULL: it connects */
	} s_cases[] = {
		{ ":secret@", "", NULL },       { "default:secret@", "/0", NULL },
		{ "me:pa%40ss@", "", NULL },    { "", "", "NOAUTH" },
		{ ":wrong@", "", "WRONGPASS" }, { ":secret@", "/9", "DB index is out of range" },
	};
	int port = s_pick_port ();
	assert_string_equal (fixture_ask (fixture, "CONFIG SET port %d", port), "OK");
	assert_string_equal (fixture_ask (fixture, "ACL SETUSER me on >pa@ss ~* +@all"), "OK");
	assert_string_equal (fixture_ask (fixture, "CONFIG SET requirepass secret"), "OK");
	for (size_t i = 0; i < sizeof s_cases / sizeof *s_cases; i++) {
		char url[128];
		weir_redis_t *redis = NULL;
		weir_err_t err = { 0 };
		snprintf (url, sizeof url, "redis://%s127.0.0.1:%d%s", s_cases[i].login, port,
		          s_cases[i].db);
		int status = weir_redis_connect (url, 2000, &redis, &err);
		if (s_cases[i].words == NULL) {
			assert_int_equal (status, 0);
			uint64_t used = 0;
			assert_int_equal (weir_redis_used_memory (redis, &used, &err), 0);
		} else {
			assert_int_equal (status, WEIR_E_IO);
			assert_non_null (strstr (err.text, s_cases[i].words));
			assert_null (strchr (err.where, '@')); /* no password in a message */
		}
		weir_redis_destroy (&redis);
	}
}

static void
test_nobody_there (void **state)
{
	fixture_t *fixture = *state;
	static const struct {
		const char *url, *words;
	} s_cases[] = {
		{ "unix:///nowhere/redis.sock", "cannot connect: No such file or directory" },
		{ "redis://127.0.0.1:1", "cannot connect: Connection refused" },
	};
	for (size_t i = 0; i < sizeof s_cases / sizeof *s_cases; i++) {
		weir_redis_t *redis = fixture->redis;
		weir_err_t err;
		int64_t start = s_now_ms ();
		assert_int_equal (weir_redis_connect (s_cases[i].url, 50, &redis, &err), WEIR_E_IO);
		assert_null (redis);
		assert_string_equal (err.code, "RedisUnavailable");
		assert_string_equal (err.where, s_cases[i].url);
		assert_string_equal (err.text, s_cases[i].words);
		assert_int_equal (err.klass, WEIR_CLASS_RETRY);
		assert_in_range (s_now_ms () - start, 40, 3000);
	}
}

/* A server that takes the connection and says nothing. */
static void
test_silent_server (void **state)
{
	(void) state;
	struct sockaddr_in address = { .sin_family = AF_INET,
		                           .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
	socklen_t bytes = sizeof address;
	int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal (bind (fd, (struct sockaddr *) &address, sizeof address), 0);
	assert_int_equal (listen (fd, 5), 0);
	getsockname (fd, (struct sockaddr *) &address, &bytes);
	char url[64];
	snprintf (url, sizeof url, "redis://127.0.0.1:%d", ntohs (address.sin_port));
	weir_redis_t *redis;
	weir_err_t err;
	assert_int_equal (weir_redis_connect (url, 100, &redis, &err), WEIR_E_IO);
	assert_string_equal (err.text, "cannot connect: no answer within 100 ms");
	close (fd);
}

int
main (int argc, char **argv)
{
	int status = fixture_main (argc, argv);
	if (status >= 0)
		return status;
#define WITH_SERVER(test) cmocka_unit_test_setup_teardown (test, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		WITH_SERVER (test_scripts_are_loaded_again),
		WITH_SERVER (test_server_dies_and_comes_back),
		WITH_SERVER (test_deadline),
		WITH_SERVER (test_destroy_answers),
		WITH_SERVER (test_error_replies),
		WITH_SERVER (test_tcp_and_passwords),
		WITH_SERVER (test_nobody_there),
		cmocka_unit_test (test_silent_server),
	};
	return cmocka_run_group_tests (tests, NULL, NULL);
}
