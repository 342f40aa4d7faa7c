/* links.c - two actors over inproc and ipc: payloads, order, a slow receiver, a peer that goes */
#include "tests/integration/host/cast.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

typedef struct {
	char control[128], ping[128], pong[128];
	leader_t leader;
	player_t a, b;
} stage_t;

static stage_t *
s_stage_new (const char *scheme)
{
	stage_t *self = calloc (1, sizeof *self);
	cast_endpoint (self->control, sizeof self->control, scheme, "leader");
	cast_endpoint (self->ping, sizeof self->ping, scheme, "ping");
	cast_endpoint (self->pong, sizeof self->pong, scheme, "pong");
	self->leader.generation = 7;
	return self;
}

/* Both are registered and know each other; a is actor 1, b actor 2. */
static void
s_stage_start (stage_t *self)
{
	leader_start (&self->leader, self->control);
	player_start (&self->a, "ping", WEIR__ACTOR_KIND__ACTOR_READER, self->control, self->ping);
	cast_wait_for (self->a.n_registered, 1);
	player_start (&self->b, "pong", WEIR__ACTOR_KIND__ACTOR_COMPUTE, self->control, self->pong);
	cast_wait_for (self->b.n_registered, 1);
	assert_int_equal (atomic_load (&self->a.actor), 1);
	assert_int_equal (atomic_load (&self->b.actor), 2);
	assert_int_equal (atomic_load (&self->b.generation), 7);
}

static void
s_stage_end (stage_t *self)
{
	weir_err_t err;
	assert_int_equal (player_stop (&self->a, &err), 0);
	assert_int_equal (player_stop (&self->b, &err), 0);
	cast_wait_for (self->leader.n_goodbyes, 2);
	leader_stop (&self->leader);
	free (self);
}

/* ---- payloads there, answers back */

static const size_t s_sizes[] = { 0, 1, 64, 128, 129, 1000, 8192, 100003, (size_t) 5 << 20 };
#define N_SIZES (sizeof s_sizes / sizeof s_sizes[0])
#define N_ROUNDS 40

typedef struct {
	weir_pool_t *pool;
	atomic_uintptr_t sent_at[N_SIZES * N_ROUNDS], got_at[N_SIZES * N_ROUNDS];
	atomic_int n_wrong, n_answers;
	bool is_begun;
} payloads_t;

static void
s_begin_payloads (player_t *self)
{
	payloads_t *more = self->more;
	if (more->is_begun || self->number == 0 || atomic_load (&self->n_registered) == 0)
		return;
	Weir__CreditAsk ask = WEIR__CREDIT_ASK__INIT;
	Weir__Data msg = WEIR_DATA (CREDIT_ASK, credit_ask, &ask);
	if (!weir_host_send_data (self->host, 2, &msg, NULL))
		return; /* PEERS has not named it yet */
	more->is_begun = true;
	for (size_t chunk = 0; chunk < N_SIZES * N_ROUNDS; chunk++) {
		size_t n_bytes = s_sizes[chunk % N_SIZES];
		weir_buf_t *buf = n_bytes > 0 ? weir_pool_take (more->pool, n_bytes, NULL) : NULL;
		if (buf != NULL) {
			memset (weir_buf_data (buf), (int) (chunk % 251), n_bytes);
			atomic_store (&more->sent_at[chunk], (uintptr_t) weir_buf_data (buf));
		}
		player_send (self, 2, chunk, &buf);
		assert_null (buf);
	}
}

static void
s_take_payload (player_t *self, uint64_t peer, const Weir__Data *msg, weir_buf_t **payload_p)
{
	payloads_t *more = self->more;
	if (msg->body_case == WEIR__DATA__BODY_CREDIT_ASK)
		return;
	size_t chunk = msg->partial->chunk, n_bytes = s_sizes[chunk % N_SIZES];
	bool is_right = peer == 1 && msg->payload_bytes == n_bytes &&
	                (*payload_p != NULL) == (n_bytes > 0);
	if (is_right && n_bytes > 0) {
		const uint8_t *data = weir_buf_data (*payload_p);
		is_right = weir_buf_size (*payload_p) == n_bytes && (uintptr_t) data % 8 == 0;
		for (size_t i = 0; is_right && i < n_bytes; i += 1 + n_bytes / 97)
			is_right = data[i] == chunk % 251;
		atomic_store (&more->got_at[chunk], (uintptr_t) data);
		if (chunk % 2 == 0) { /* taken, and released later than the handler */
			weir_buf_t *taken = *payload_p;
			*payload_p = NULL;
			weir_buf_release (&taken);
		}
	}
	if (!is_right)
		atomic_fetch_add (&more->n_wrong, 1);
	Weir__ChunkRef ref = WEIR__CHUNK_REF__INIT, *refs = &ref;
	ref.chunk = chunk;
	Weir__Stored stored = WEIR__STORED__INIT;
	stored.n_chunks = 1;
	stored.chunks = &refs;
	Weir__Data answer = WEIR_DATA (STORED, stored, &stored);
	if (!weir_host_send_data (self->host, peer, &answer, NULL))
		atomic_fetch_add (&more->n_wrong, 1);
}

static void
s_take_answer (player_t *self, uint64_t peer, const Weir__Data *msg, weir_buf_t **payload_p)
{
	payloads_t *more = self->more;
	int n = atomic_load (&more->n_answers);
	if (peer != 2 || *payload_p != NULL || msg->stored->chunks[0]->chunk != (uint64_t) n)
		atomic_fetch_add (&more->n_wrong, 1);
	atomic_fetch_add (&more->n_answers, 1);
}

static void
s_run_payloads (const char *scheme)
{
	stage_t *stage = s_stage_new (scheme);
	payloads_t *more = calloc (1, sizeof *more);
	more->pool = weir_pool_new ((uint64_t) 1 << 30);
	stage->a.more = stage->b.more = more;
	stage->a.on_tick = s_begin_payloads;
	stage->a.on_data = s_take_answer;
	stage->b.on_data = s_take_payload;
	s_stage_start (stage);
	cast_wait_for (more->n_answers, N_SIZES * N_ROUNDS);
	assert_int_equal (atomic_load (&more->n_wrong), 0);
	for (size_t chunk = 0; strcmp (scheme, "inproc") == 0 && chunk < N_SIZES * N_ROUNDS; chunk++)
		if (s_sizes[chunk % N_SIZES] > 128) /* the very buffer, not a copy */
			assert_int_equal (atomic_load (&more->sent_at[chunk]),
			                  atomic_load (&more->got_at[chunk]));
	s_stage_end (stage);
	assert_int_equal (weir_pool_stats (more->pool).used_bytes, 0);
	weir_pool_destroy (&more->pool);
	free (more);
}

static void
test_payloads_arrive_and_are_answered (void **state)
{
	(void) state;
	for (const char *const *scheme = cast_schemes; *scheme != NULL; scheme++)
		s_run_payloads (*scheme);
}

/* ---- a receiver that stands still */

#define N_FLOOD 20000

typedef struct {
	atomic_int is_held, n_sent, n_wrong, n_got;
} flood_t;

static void
s_begin_flood (player_t *self)
{
	flood_t *more = self->more;
	Weir__CreditAsk ask = WEIR__CREDIT_ASK__INIT;
	Weir__Data msg = WEIR_DATA (CREDIT_ASK, credit_ask, &ask);
	if (atomic_load (&more->n_sent) > 0 || self->number == 0 ||
	    !weir_host_send_data (self->host, 2, &msg, NULL))
		return;
	for (int i = 0; i < N_FLOOD; i++) {
		weir_buf_t *buf = weir_buf_adopt (calloc (1, 600), 600);
		player_send (self, 2, (uint64_t) i, &buf);
	}
	atomic_store (&more->n_sent, N_FLOOD);
}

static void
s_take_flood (player_t *self, uint64_t peer, const Weir__Data *msg, weir_buf_t **payload_p)
{
	(void) peer;
	(void) payload_p;
	flood_t *more = self->more;
	struct timespec nap = { .tv_nsec = 1000000 };
	while (atomic_load (&more->is_held) != 0)
		nanosleep (&nap, NULL);
	if (msg->body_case != WEIR__DATA__BODY_PARTIAL)
		return;
	if (msg->partial->chunk != (uint64_t) atomic_load (&more->n_got))
		atomic_fetch_add (&more->n_wrong, 1);
	atomic_fetch_add (&more->n_got, 1);
}

/* The sender's loop goes on ticking while most of what it sent waits in its host; then all
 * arrives, in order. */
static void
test_slow_receiver_holds_nobody_up (void **state)
{
	(void) state;
	for (const char *const *scheme = cast_schemes; *scheme != NULL; scheme++) {
		stage_t *stage = s_stage_new (*scheme);
		flood_t more = { .is_held = 1 };
		stage->a.more = stage->b.more = &more;
		stage->a.on_tick = s_begin_flood;
		stage->b.on_data = s_take_flood;
		s_stage_start (stage);
		cast_wait_for (more.n_sent, N_FLOOD);
		int n_ticks = atomic_load (&stage->a.n_ticks);
		cast_wait_for (stage->a.n_ticks, n_ticks + 20);
		assert_int_equal (atomic_load (&more.n_got), 0);
		atomic_store (&more.is_held, 0);
		cast_wait_for (more.n_got, N_FLOOD);
		assert_int_equal (atomic_load (&more.n_wrong), 0);
		assert_true (atomic_load (&stage->a.n_bursts) > 0);
		s_stage_end (stage);
	}
}

/* ---- a peer that goes */

typedef struct {
	atomic_int n_taken, n_refused, is_sending;
} going_t;

static void
s_keep_sending (player_t *self)
{
	going_t *more = self->more;
	if (self->number == 0 || atomic_load (&more->is_sending) == 0)
		return;
	Weir__Partial partial = WEIR__PARTIAL__INIT;
	Weir__Data msg = WEIR_DATA (PARTIAL, partial, &partial);
	weir_buf_t *buf = weir_buf_adopt (calloc (1, 1000), 1000);
	bool is_taken = weir_host_send_data (self->host, 2, &msg, &buf);
	assert_null (buf);
	atomic_fetch_add (is_taken ? &more->n_taken : &more->n_refused, 1);
}

static void
test_peer_that_goes_is_told_and_refused (void **state)
{
	(void) state;
	for (const char *const *scheme = cast_schemes; *scheme != NULL; scheme++) {
		stage_t *stage = s_stage_new (*scheme);
		going_t more = { .is_sending = 1 };
		stage->a.more = &more;
		stage->a.on_tick = s_keep_sending;
		s_stage_start (stage);
		cast_wait_for (stage->b.n_data, 5);
		weir_err_t err;
		assert_int_equal (player_stop (&stage->b, &err), 0);
		int n_taken = atomic_load (&more.n_taken);
		cast_wait_for (more.n_taken,
		               n_taken + 5); /* nobody said that it is gone: it may come back */
		int n_refused = atomic_load (&more.n_refused);
		atomic_store (&stage->leader.wish_actor, 2);
		atomic_store (&stage->leader.wish, CAST_GONE);
		cast_wait_for (stage->a.n_peers_gone, 1);
		cast_wait_for (more.n_refused, n_refused + 3);
		assert_int_equal (player_stop (&stage->a, &err), 0);
		leader_stop (&stage->leader);
		free (stage);
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
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (test_payloads_arrive_and_are_answered),
		cmocka_unit_test (test_slow_receiver_holds_nobody_up),
		cmocka_unit_test (test_peer_that_goes_is_told_and_refused),
	};
	return cmocka_run_group_tests (tests, NULL, s_end);
}
