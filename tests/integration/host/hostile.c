/* hostile.c - malformed frames from raw sockets: dropped, answered where there is whom to
 * answer, nobody is hurt */
#include "tests/integration/host/cast.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include <cmocka.h>

static uint64_t s_seed = 88172645463325252U;

static uint32_t
s_random (uint32_t below)
{
	s_seed ^= s_seed << 13;
	s_seed ^= s_seed >> 7;
	s_seed ^= s_seed << 17;
	return (uint32_t) (s_seed >> 32) % below;
}

static void *
s_connect (void *context, const char *endpoint, const void *id, size_t n_id)
{
	void *socket = zmq_socket (context, ZMQ_DEALER);
	int linger = 1000;
	zmq_setsockopt (socket, ZMQ_LINGER, &linger, sizeof linger);
	if (n_id > 0)
		zmq_setsockopt (socket, ZMQ_ROUTING_ID, id, n_id);
	assert_int_equal (zmq_connect (socket, endpoint), 0);
	return socket;
}

/* Some hundred messages of one to five frames: empty, random, or a header that promises what
 * does not come. */
static void
s_send_rubbish (void *socket)
{
	Weir__Block block = WEIR__BLOCK__INIT;
	Weir__Data lie = WEIR_DATA (BLOCK, block, &block);
	lie.payload_bytes = 1000000;
	size_t n_lie;
	uint8_t *lie_bytes = weir_data_encode (&lie, &n_lie);
	for (int i = 0; i < 300; i++) {
		uint32_t n_frames = 1 + s_random (5);
		for (uint32_t frame = 0; frame < n_frames; frame++) {
			uint8_t bytes[300];
			size_t n = s_random (sizeof bytes);
			for (size_t k = 0; k < n; k++)
				bytes[k] = (uint8_t) s_random (256);
			bool is_lie = frame == 0 && i % 3 == 0;
			zmq_send (socket, is_lie ? lie_bytes : bytes, is_lie ? n_lie : n,
			          frame + 1 < n_frames ? ZMQ_SNDMORE : 0);
		}
	}
	free (lie_bytes);
}

static void
s_send_ping (player_t *self)
{
	if (self->number == 0)
		return;
	Weir__Credit credit = WEIR__CREDIT__INIT;
	credit.bytes = 1;
	Weir__Data msg = WEIR_DATA (CREDIT, credit, &credit);
	(void) weir_host_send_data (self->host, 2, &msg, NULL);
}

static void
s_expect_refused (void *socket)
{
	int timeout = 10000;
	zmq_setsockopt (socket, ZMQ_RCVTIMEO, &timeout, sizeof timeout);
	uint8_t bytes[8192];
	int n = zmq_recv (socket, bytes, sizeof bytes, 0);
	assert_true (n > 0);
	weir_err_t err;
	Weir__Control *msg = weir_control_decode (bytes, (size_t) n, &err);
	assert_non_null (msg);
	assert_int_equal (msg->body_case, WEIR__CONTROL__BODY_REFUSED);
	assert_string_equal (msg->refused->error->code, "MessageInvalid");
	weir_control_free (&msg);
}

static void
test_rubbish_hurts_nobody (void **state)
{
	(void) state;
	char control[128], ping[128], pong[128];
	cast_endpoint (control, sizeof control, "ipc", "leader");
	cast_endpoint (ping, sizeof ping, "ipc", "ping");
	cast_endpoint (pong, sizeof pong, "ipc", "pong");
	leader_t leader = { .generation = 1 };
	player_t a = { .on_tick = s_send_ping }, b = { 0 };
	leader_start (&leader, control);
	player_start (&a, "ping", WEIR__ACTOR_KIND__ACTOR_READER, control, ping);
	cast_wait_for (a.n_registered, 1);
	player_start (&b, "pong", WEIR__ACTOR_KIND__ACTOR_SINK, control, pong);
	cast_wait_for (b.n_data, 1);
	void *context = zmq_ctx_new ();
	void *to_leader = s_connect (context, control, NULL, 0);
	void *nameless = s_connect (context, pong, NULL, 0);
	void *odd = s_connect (context, pong, "Bogus", 5);
	void *forged = s_connect (context, pong, "A\1\2\3\4\5\6\7\7", 9);
	void *sockets[] = { to_leader, nameless, odd, forged };
	for (int round = 0; round < 5; round++)
		for (size_t i = 0; i < 4; i++)
			s_send_rubbish (sockets[i]);
	s_expect_refused (to_leader);
	int n_data = atomic_load (&b.n_data), n_heartbeats = atomic_load (&leader.n_heartbeats);
	cast_wait_for (b.n_data, n_data + 50);
	cast_wait_for (leader.n_heartbeats, n_heartbeats + 4);
	assert_int_equal (atomic_load (&a.n_registered), 1);
	assert_int_equal (atomic_load (&b.n_registered), 1);
	for (size_t i = 0; i < 4; i++)
		zmq_close (sockets[i]);
	zmq_ctx_term (context);
	weir_err_t err;
	assert_int_equal (player_stop (&a, &err), 0);
	assert_int_equal (player_stop (&b, &err), 0);
	leader_stop (&leader);
}

/* ---- clients */

static void
test_clients_are_answered_or_refused (void **state)
{
	(void) state;
	for (const char *const *scheme = cast_schemes; *scheme != NULL; scheme++) {
		char control[128];
		cast_endpoint (control, sizeof control, *scheme, "leader");
		leader_t leader = { .generation = 1 };
		leader_start (&leader, control);
		weir_client_t *clients[20];
		Weir__Submit submit = WEIR__SUBMIT__INIT;
		submit.job = submit.graph = (char *) "j";
		submit.results_dir = (char *) "/r";
		Weir__Client body = WEIR__CLIENT__INIT;
		body.body_case = WEIR__CLIENT__BODY_SUBMIT;
		body.submit = &submit;
		weir_err_t err;
		for (int i = 0; i < 20; i++) {
			clients[i] = weir_client_new (control);
			assert_null (weir_client_receive (clients[i], 0));
			submit.job = (char *) (i % 2 == 0 ? "good" : "bad job");
			assert_int_equal (weir_client_send (clients[i], &body, &err), 0);
		}
		for (int i = 0; i < 20; i++) {
			Weir__Control *msg = weir_client_receive (clients[i], 10000);
			assert_non_null (msg);
			assert_int_equal (msg->body_case, WEIR__CONTROL__BODY_CLIENT);
			assert_int_equal (msg->client->body_case, i % 2 == 0 ? WEIR__CLIENT__BODY_SUBMITTED
			                                                     : WEIR__CLIENT__BODY_REJECTED);
			weir_control_free (&msg);
			assert_null (weir_client_receive (clients[i], 1));
			weir_client_destroy (&clients[i]);
			weir_client_destroy (&clients[i]);
		}
		assert_int_equal (atomic_load (&leader.n_clients), 10);
		leader_stop (&leader);
	}
}

static int
s_end (void **state)
{
	(void) state;
	weir_host_shutdown ();
	cast_remove_folder ();
	return 0;
}

int
main (void)
{
	weir_host_init ();
	weir_log_level_set (WEIR_LOG_ERROR);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (test_rubbish_hurts_nobody),
		cmocka_unit_test (test_clients_are_answered_or_refused),
	};
	return cmocka_run_group_tests (tests, NULL, s_end);
}
