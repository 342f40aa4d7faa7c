/* cast.c - see cast.h */
#include "tests/integration/host/cast.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

const char *const cast_schemes[] = { "inproc", "ipc", NULL };

static char s_folder[64];

void
cast_endpoint (char *out, size_t out_bytes, const char *scheme, const char *name)
{
	static int n_made;
	if (s_folder[0] == '\0') {
		snprintf (s_folder, sizeof s_folder, "%s", "/tmp/weir-host-XXXXXX");
		assert_non_null (mkdtemp (s_folder));
	}
	bool is_ipc = strcmp (scheme, "ipc") == 0;
	snprintf (out, out_bytes, "%s://%s%s%s-%d", scheme, is_ipc ? s_folder : "", is_ipc ? "/" : "",
	          name, n_made++);
}

void
cast_remove_folder (void)
{
	if (s_folder[0] != '\0')
		(void) rmdir (s_folder);
}

void
cast_wait (atomic_int *counter, int n)
{
	struct timespec nap = { .tv_nsec = 1000000 };
	for (int i = 0; atomic_load (counter) < n; i++) {
		if (i > 20000)
			fail_msg ("waited in vain: %d of %d", atomic_load (counter), n);
		nanosleep (&nap, NULL);
	}
}

/* ---- the leader */

static void
s_send_peers (leader_t *self, uint64_t conn, size_t first, size_t n, bool is_gone)
{
	Weir__Peer peers[16];
	Weir__Peer *list[16];
	for (size_t i = 0; i < n; i++) {
		weir__peer__init (&peers[i]);
		peers[i].actor = first + i + 1;
		peers[i].kind = (Weir__ActorKind) self->kinds[first + i];
		peers[i].endpoint = self->endpoints[first + i];
		peers[i].is_gone = is_gone;
		list[i] = &peers[i];
	}
	Weir__Peers body = WEIR__PEERS__INIT;
	body.n_peers = n;
	body.peers = list;
	Weir__Control msg = WEIR_CONTROL (PEERS, peers, &body);
	weir_host_send_to (self->host, conn, &msg);
}

static size_t
s_find_or_add (leader_t *self, uint64_t conn, const Weir__Hello *hello)
{
	for (size_t i = 0; i < self->n_members; i++)
		if (memcmp (self->instances[i], hello->instance.data, 16) == 0) {
			self->conns[i] = conn;
			return i;
		}
	size_t i = self->n_members++;
	self->conns[i] = conn;
	self->kinds[i] = (int) hello->kind;
	self->endpoints[i] = strdup (hello->endpoint);
	memcpy (self->instances[i], hello->instance.data, 16);
	return i;
}

static void
s_refuse (leader_t *self, uint64_t conn)
{
	weir_err_t err;
	weir_err_set (&err, WEIR_E_INVALID, self->refuse_class, self->refuse_code, NULL, "not today");
	Weir__Error error;
	weir_error_to_message (&err, &error);
	Weir__Refused refused = WEIR__REFUSED__INIT;
	refused.error = &error;
	Weir__Control msg = WEIR_CONTROL (REFUSED, refused, &refused);
	weir_host_send_to (self->host, conn, &msg);
}

static void
s_on_hello (void *arg, uint64_t conn, const Weir__Control *in)
{
	leader_t *self = arg;
	atomic_fetch_add (&self->n_hellos, 1);
	assert_string_equal (in->hello->cluster, "test");
	if (self->refuse_code != NULL) {
		s_refuse (self, conn);
		return;
	}
	size_t i = s_find_or_add (self, conn, in->hello);
	Weir__Welcome welcome = WEIR__WELCOME__INIT;
	welcome.protocol = WEIR_PROTOCOL_MAX;
	welcome.actor = i + 1;
	welcome.generation = self->generation;
	welcome.heartbeat_ms = CAST_HEARTBEAT_MS;
	welcome.lost_ms = CAST_LOST_MS;
	Weir__Control msg = WEIR_CONTROL (WELCOME, welcome, &welcome);
	weir_host_send_to (self->host, conn, &msg);
	s_send_peers (self, conn, 0, self->n_members, false);
	for (size_t k = 0; k < self->n_members; k++)
		if (k != i)
			s_send_peers (self, self->conns[k], i, 1, false);
	atomic_fetch_add (&self->n_welcomed, 1);
}

static void
s_on_heartbeat (void *arg, uint64_t conn, const Weir__Control *in)
{
	leader_t *self = arg;
	atomic_fetch_add (&self->n_heartbeats, 1);
	for (size_t i = 0; i < self->n_members; i++) {
		if (self->conns[i] != conn)
			continue;
		Weir__HeartbeatAck ack = WEIR__HEARTBEAT_ACK__INIT;
		ack.seq = in->heartbeat->seq;
		ack.generation = self->generation;
		Weir__Control msg = WEIR_CONTROL (HEARTBEAT_ACK, heartbeat_ack, &ack);
		weir_host_send_to (self->host, conn, &msg);
	}
}

static void
s_on_runs_sent (void *arg, uint64_t conn, const Weir__Control *in)
{
	(void) conn;
	leader_t *self = arg;
	for (size_t i = 0; i < in->runs_sent->n_runs; i++) {
		uint64_t run = in->runs_sent->runs[i]->run;
		if (run != atomic_load (&self->run_last) + 1)
			atomic_store (&self->is_in_order, 0);
		atomic_store (&self->run_last, run);
		atomic_fetch_add (&self->n_runs_sent, 1);
	}
}

static void
s_on_goodbye (void *arg, uint64_t conn, const Weir__Control *in)
{
	(void) conn;
	(void) in;
	atomic_fetch_add (&((leader_t *) arg)->n_goodbyes, 1);
}

static void
s_on_client (void *arg, uint64_t conn, const Weir__Control *in)
{
	leader_t *self = arg;
	atomic_fetch_add (&self->n_clients, 1);
	Weir__Submitted submitted = WEIR__SUBMITTED__INIT;
	submitted.job = in->client->body_case == WEIR__CLIENT__BODY_SUBMIT ? in->client->submit->job
	                                                                   : (char *) "x";
	submitted.generation = self->generation;
	Weir__Client client = WEIR__CLIENT__INIT;
	client.body_case = WEIR__CLIENT__BODY_SUBMITTED;
	client.submitted = &submitted;
	Weir__Control msg = WEIR_CONTROL (CLIENT, client, &client);
	assert_true (weir_host_send_to (self->host, conn, &msg));
	assert_false (weir_host_send_to (self->host, conn + 1, &msg)); /* nobody there */
}

static void
s_on_leader_tick (void *arg, int64_t now_ms)
{
	(void) now_ms;
	leader_t *self = arg;
	int wish = atomic_exchange (&self->wish, CAST_NOTHING);
	Weir__Stop stop = WEIR__STOP__INIT;
	Weir__Control msg = WEIR_CONTROL (STOP, stop, &stop);
	for (size_t i = 0; i < self->n_members; i++) {
		if (wish == CAST_STOP_ALL)
			weir_host_send_to (self->host, self->conns[i], &msg);
		else if (wish == CAST_GONE)
			s_send_peers (self, self->conns[i], (size_t) atomic_load (&self->wish_actor) - 1, 1,
			              true);
	}
}

static int
s_start_leader (void *arg, weir_host_t *host, weir_err_t *err)
{
	(void) err;
	((leader_t *) arg)->host = host;
	return 0;
}

static const weir_actor_class_t s_leader_class = {
	.name = "leader",
	.kind = WEIR__ACTOR_KIND__ACTOR_COORDINATOR,
	.start = s_start_leader,
	.on_tick = s_on_leader_tick,
	.on_control = { [WEIR__CONTROL__BODY_HELLO] = s_on_hello,
	                [WEIR__CONTROL__BODY_HEARTBEAT] = s_on_heartbeat,
	                [WEIR__CONTROL__BODY_RUNS_SENT] = s_on_runs_sent,
	                [WEIR__CONTROL__BODY_CLIENT] = s_on_client,
	                [WEIR__CONTROL__BODY_GOODBYE] = s_on_goodbye },
};

void
leader_start (leader_t *self, const char *control)
{
	weir_host_config_t config = { .control = control, .cluster = "test", .tick_ms = 10 };
	weir_err_t err;
	atomic_store (&self->is_in_order, 1);
	assert_int_equal (weir_host_thread_start (&s_leader_class, self, &config, &self->thread, &err),
	                  0);
}

void
leader_stop (leader_t *self)
{
	weir_err_t err;
	weir_host_thread_stop (self->thread);
	if (weir_host_thread_join (&self->thread, &err) != 0)
		fail_msg ("leader: %s", err.text);
	for (size_t i = 0; i < self->n_members; i++)
		free (self->endpoints[i]);
	self->n_members = 0;
}

/* ---- actors */

static int
s_start_player (void *arg, weir_host_t *host, weir_err_t *err)
{
	(void) err;
	((player_t *) arg)->host = host;
	return 0;
}

static void
s_on_registered (void *arg, uint64_t actor, uint64_t generation)
{
	player_t *self = arg;
	self->number = actor;
	atomic_store (&self->actor, actor);
	atomic_store (&self->generation, generation);
	atomic_fetch_add (&self->n_registered, 1);
}

static void
s_on_peer_gone (void *arg, uint64_t actor)
{
	(void) actor;
	atomic_fetch_add (&((player_t *) arg)->n_peers_gone, 1);
}

static void
s_on_data (void *arg, uint64_t peer, const Weir__Data *msg, weir_buf_t **payload_p)
{
	player_t *self = arg;
	if (self->on_data != NULL)
		self->on_data (self, peer, msg, payload_p);
	atomic_fetch_add (&self->n_data, 1);
}

static void
s_on_player_tick (void *arg, int64_t now_ms)
{
	(void) now_ms;
	player_t *self = arg;
	atomic_fetch_add (&self->n_ticks, 1);
	if (self->on_tick != NULL)
		self->on_tick (self);
}

static void
s_on_burst_end (void *arg)
{
	atomic_fetch_add (&((player_t *) arg)->n_bursts, 1);
}

static void
s_stop_player (void *arg)
{
	player_t *self = arg;
	Weir__Goodbye goodbye = WEIR__GOODBYE__INIT;
	Weir__Control msg = WEIR_CONTROL (GOODBYE, goodbye, &goodbye);
	weir_host_send (self->host, &msg);
}

void
player_start (player_t *self, const char *name, Weir__ActorKind kind, const char *control,
              const char *endpoint)
{
	self->klass.name = name;
	self->klass.kind = kind;
	self->klass.start = s_start_player;
	self->klass.on_registered = s_on_registered;
	self->klass.on_peer_gone = s_on_peer_gone;
	self->klass.on_tick = s_on_player_tick;
	self->klass.on_burst_end = s_on_burst_end;
	self->klass.stop = s_stop_player;
	for (int i = 0; i < WEIR_DATA_N_BODIES; i++)
		self->klass.on_data[i] = s_on_data;
	weir_host_config_t config = { .control = control,
		                          .endpoint = endpoint,
		                          .cluster = "test",
		                          .tick_ms = 5,
		                          .leader_timeout_ms = 1500 };
	weir_err_t err;
	assert_int_equal (weir_host_thread_start (&self->klass, self, &config, &self->thread, &err), 0);
}

int
player_join (player_t *self, weir_err_t *err)
{
	return weir_host_thread_join (&self->thread, err);
}

int
player_stop (player_t *self, weir_err_t *err)
{
	weir_host_thread_stop (self->thread);
	return player_join (self, err);
}

void
player_send (player_t *self, uint64_t peer, uint64_t chunk, weir_buf_t **payload_p)
{
	Weir__Partial partial = WEIR__PARTIAL__INIT;
	partial.chunk = chunk;
	partial.payload = WEIR__PAYLOAD_KIND__PAYLOAD_CELLS;
	Weir__Data msg = WEIR_DATA (PARTIAL, partial, &partial);
	if (!weir_host_send_data (self->host, peer, &msg, payload_p))
		fail_msg ("%s: nobody is there", self->klass.name);
}
