/* control.c - the control link: registration and heartbeats of an actor, the ROUTER of a
 * coordinator
 *
 * A connection's number is its ZeroMQ routing id itself: length in the top byte, up to seven bytes
 * below.
 *
 * An actor seeks a leader (HELLO every 250 ms, on a new socket after four without an answer, since
 * an inproc socket never finds a coordinator that was bound anew) or is registered (heartbeats).
 * What it sends while it seeks is held, and goes after the next WELCOME, in order. A leader is lost
 * when it says nothing for lost_ms, when its acknowledgement names a higher generation than the one
 * we registered under, or when it refuses us with an error that may go away.
 */
#include "runtime/host/handoff.h"
#include "runtime/host/host_internal.h"

#include "runtime/base/mem.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#define BIND_WAIT_MS 2000
#define BIND_STEP_MS 5
#define CONN_BYTES_MAX 7
/* What travels here is bounded by leases and jobs in flight. A peer that lets so many messages pile
 * up is as good as gone: what more is sent to it is refused. */
#define CONTROL_HWM 65536
#define HELD_BYTES_MAX ((size_t) 256 << 20)
#define HELLOS_A_SOCKET 4

bool
weir_host_is_coordinator (const weir_host_t *self)
{
	return self->klass->kind == WEIR__ACTOR_KIND__ACTOR_COORDINATOR;
}

static uint64_t
s_conn_of_id (const uint8_t *id, size_t n)
{
	if (n == 0 || n > CONN_BYTES_MAX)
		return 0;
	uint64_t conn = (uint64_t) n << 56;
	for (size_t i = 0; i < n; i++)
		conn |= (uint64_t) id[i] << (8 * i);
	return conn;
}

static size_t
s_id_of_conn (uint64_t conn, uint8_t id[CONN_BYTES_MAX])
{
	size_t n = (size_t) (conn >> 56);
	for (size_t i = 0; i < n && i < CONN_BYTES_MAX; i++)
		id[i] = (uint8_t) (conn >> (8 * i));
	return n;
}

/* ZeroMQ gives up an endpoint some time after its socket was closed: who binds right after another
 * one has left waits for that. */
static int
s_bind (weir_host_t *self)
{
	int status = zsock_bind (self->control, "%s", self->config.control);
	for (int waited = 0; status < 0 && zmq_errno () == EADDRINUSE && waited < BIND_WAIT_MS;
	     waited += BIND_STEP_MS) {
		struct timespec pause = { .tv_nsec = BIND_STEP_MS * 1000000L };
		nanosleep (&pause, NULL);
		status = zsock_bind (self->control, "%s", self->config.control);
	}
	return status;
}

int
weir_control_open (weir_host_t *self, weir_err_t *err)
{
	bool is_coordinator = weir_host_is_coordinator (self);
	self->n_hellos = 0;
	self->control = zsock_new (is_coordinator ? ZMQ_ROUTER : ZMQ_DEALER);
	if (self->control == NULL)
		return weir_err_set (err, WEIR_E_IO, WEIR_CLASS_RETRY, "EndpointUnavailable",
		                     self->config.control, "cannot make a socket: %s",
		                     zmq_strerror (zmq_errno ()));
	zsock_set_sndhwm (self->control, CONTROL_HWM);
	zsock_set_rcvhwm (self->control, CONTROL_HWM);
	zsock_set_linger (self->control, 200);
	int64_t most = (int64_t) WEIR_CONTROL_BYTES_MAX;
	(void) zmq_setsockopt (zsock_resolve (self->control), ZMQ_MAXMSGSIZE, &most, sizeof most);
	if (is_coordinator)
		zsock_set_router_mandatory (self->control, 1);
	int status = is_coordinator ? s_bind (self)
	                            : zsock_connect (self->control, "%s", self->config.control);
	if (status >= 0)
		return 0;
	return weir_err_set (err, WEIR_E_IO, WEIR_CLASS_GIVE_UP, "EndpointUnavailable",
	                     self->config.control, "cannot %s: %s", is_coordinator ? "bind" : "connect",
	                     zmq_strerror (zmq_errno ()));
}

/* ---- sending */

static void
s_pack (const Weir__Control *msg, zmq_msg_t *frame)
{
	zmq_msg_init_size (frame, weir__control__get_packed_size (msg));
	weir__control__pack (msg, zmq_msg_data (frame));
	weir_handoff_give (zmq_msg_data (frame));
}

/* Takes the frame, if only to hold it. */
static void
s_send_or_hold (weir_host_t *self, zmq_msg_t *frame)
{
	bool must_wait = !self->is_registered || self->held.n > 0;
	if (!must_wait && zmq_msg_send (frame, zsock_resolve (self->control), ZMQ_DONTWAIT) >= 0)
		return;
	self->held_bytes += zmq_msg_size (frame);
	weir_vec_push (&self->held, *frame);
	if (self->held_bytes <= HELD_BYTES_MAX)
		return;
	weir_err_t err;
	weir_err_set (&err, WEIR_E_FULL, WEIR_CLASS_OVERLOADED, "CoordinatorUnavailable",
	              self->config.control, "%zu bytes of reports wait for a coordinator",
	              self->held_bytes);
	weir_host_fail (self, &err);
}

/* What was held, in order, as far as the socket takes it. */
static void
s_send_held (weir_host_t *self)
{
	size_t n_sent = 0;
	void *socket = self->control != NULL ? zsock_resolve (self->control) : NULL;
	while (socket != NULL && n_sent < self->held.n) {
		size_t bytes = zmq_msg_size (&self->held.at[n_sent]);
		if (zmq_msg_send (&self->held.at[n_sent], socket, ZMQ_DONTWAIT) < 0)
			break;
		self->held_bytes -= bytes;
		n_sent++;
	}
	if (n_sent == 0)
		return;
	self->held.n -= n_sent;
	memmove (self->held.at, self->held.at + n_sent, self->held.n * sizeof *self->held.at);
}

void
weir_control_close (weir_host_t *self)
{
	if (self->is_registered)
		s_send_held (self);
	for (size_t i = 0; i < self->held.n; i++)
		zmq_msg_close (&self->held.at[i]);
	weir_vec_clear (&self->held);
	self->held_bytes = 0;
	zsock_destroy (&self->control);
}

void
weir_host_send (weir_host_t *self, const Weir__Control *msg)
{
	weir_assert (!weir_host_is_coordinator (self));
	zmq_msg_t frame;
	s_pack (msg, &frame);
	s_send_or_hold (self, &frame);
}

bool
weir_host_send_to (weir_host_t *self, uint64_t conn, const Weir__Control *msg)
{
	weir_assert (weir_host_is_coordinator (self));
	uint8_t id[CONN_BYTES_MAX];
	size_t n = s_id_of_conn (conn, id);
	void *socket = zsock_resolve (self->control);
	if (n == 0 || zmq_send (socket, id, n, ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0)
		return false;
	zmq_msg_t frame;
	s_pack (msg, &frame);
	if (zmq_msg_send (&frame, socket, ZMQ_DONTWAIT) >= 0)
		return true;
	zmq_msg_close (&frame);
	return false;
}

static void
s_send_hello (weir_host_t *self)
{
	Weir__Hello hello = WEIR__HELLO__INIT;
	hello.protocol_min = WEIR_PROTOCOL_MIN;
	hello.protocol_max = WEIR_PROTOCOL_MAX;
	hello.kind = self->klass->kind;
	hello.instance.data = self->instance;
	hello.instance.len = sizeof self->instance;
	hello.endpoint = self->endpoint;
	hello.cluster = (char *) (uintptr_t) (self->config.cluster != NULL ? self->config.cluster : "");
	if (self->klass->fill_hello != NULL)
		self->klass->fill_hello (self->actor_self, &hello);
	Weir__Control msg = WEIR_CONTROL (HELLO, hello, &hello);
	zmq_msg_t frame;
	s_pack (&msg, &frame);
	if (zmq_msg_send (&frame, zsock_resolve (self->control), ZMQ_DONTWAIT) < 0)
		zmq_msg_close (&frame);
	self->hello_ms = self->now_ms;
	self->n_hellos++;
}

/* A new socket: what the old leader still says to us is not heard any more. */
static void
s_reopen (weir_host_t *self)
{
	zsock_set_linger (self->control, 0);
	zsock_destroy (&self->control);
	weir_err_t err;
	if (weir_control_open (self, &err) < 0)
		weir_host_fail (self, &err);
}

static void
s_lose_leader (weir_host_t *self, const char *why)
{
	weir_log (WEIR_LOG_WARN, self->klass->name, "%s: registering again", why);
	self->is_registered = false;
	self->must_reopen = true; /* on the next tick: we may be in the middle of its messages */
}

static void
s_send_heartbeat (weir_host_t *self)
{
	Weir__Heartbeat heartbeat = WEIR__HEARTBEAT__INIT;
	heartbeat.seq = ++self->heartbeat_seq;
	heartbeat.busy_slots = weir_host_n_busy (self);
	Weir__Control msg = WEIR_CONTROL (HEARTBEAT, heartbeat, &heartbeat);
	weir_host_send (self, &msg);
	self->heartbeat_sent_ms = self->now_ms;
}

/* ---- what the host itself answers */

static void
s_on_welcome (weir_host_t *self, const Weir__Welcome *welcome)
{
	if (welcome->generation < self->generation) {
		weir_log (WEIR_LOG_WARN, self->klass->name, "welcome of an older leader refused");
		return;
	}
	if (welcome->protocol < WEIR_PROTOCOL_MIN || welcome->protocol > WEIR_PROTOCOL_MAX) {
		weir_err_t err;
		weir_err_set (&err, WEIR_E_UNSUPPORTED, WEIR_CLASS_GIVE_UP, "ProtocolUnsupported",
		              self->config.control, "the coordinator speaks protocol %u, we %d to %d",
		              welcome->protocol, WEIR_PROTOCOL_MIN, WEIR_PROTOCOL_MAX);
		weir_host_fail (self, &err);
		return;
	}
	self->leader_seen_ms = self->now_ms;
	self->n_hellos = 0;
	if (self->is_registered && self->actor == welcome->actor &&
	    self->generation == welcome->generation)
		return; /* the answer to a repeated HELLO */
	bool is_renumbered = self->actor != 0 && self->actor != welcome->actor;
	self->actor = welcome->actor;
	self->generation = welcome->generation;
	if (is_renumbered)
		weir_data_renumber (self);
	self->heartbeat_ms = welcome->heartbeat_ms > 0 ? welcome->heartbeat_ms : 1000;
	self->lost_ms = welcome->lost_ms > 0 ? welcome->lost_ms : 10000;
	self->is_registered = true;
	self->must_reopen = false;
	self->heartbeat_sent_ms = self->now_ms;
	s_send_held (self);
	if (self->klass->on_registered != NULL)
		self->klass->on_registered (self->actor_self, self->actor, self->generation);
}

static void
s_on_refused (weir_host_t *self, const Weir__Refused *refused)
{
	weir_err_t err;
	weir_error_from_message (refused->error, &err);
	bool may_go_away = err.klass == WEIR_CLASS_RETRY || err.klass == WEIR_CLASS_OVERLOADED;
	if (!self->is_registered && !may_go_away)
		weir_host_fail (self, &err);
	else if (self->is_registered && (may_go_away || err.status == WEIR_E_STALE))
		s_lose_leader (self, "the coordinator refuses us");
	else
		weir_log (WEIR_LOG_WARN, self->klass->name, "refused: %s: %s", err.code, err.text);
}

static void
s_on_ack (weir_host_t *self, const Weir__HeartbeatAck *ack)
{
	if (ack->generation > self->generation)
		s_lose_leader (self, "there is a new leader");
	else if (ack->generation == self->generation)
		self->leader_seen_ms = self->now_ms;
}

/* true: it was the host's own business */
static bool
s_handle_own (weir_host_t *self, const Weir__Control *msg)
{
	if (self->is_registered && msg->body_case != WEIR__CONTROL__BODY_HEARTBEAT_ACK &&
	    msg->body_case != WEIR__CONTROL__BODY_WELCOME)
		self->leader_seen_ms = self->now_ms;
	switch (msg->body_case) {
	case WEIR__CONTROL__BODY_WELCOME: s_on_welcome (self, msg->welcome); return true;
	case WEIR__CONTROL__BODY_REFUSED: s_on_refused (self, msg->refused); return true;
	case WEIR__CONTROL__BODY_HEARTBEAT_ACK: s_on_ack (self, msg->heartbeat_ack); return true;
	case WEIR__CONTROL__BODY_PEERS: weir_data_peers (self, msg->peers); return true;
	case WEIR__CONTROL__BODY_STOP: weir_host_stop (self); return true;
	default: return false;
	}
}

static void
s_answer_refused (weir_host_t *self, uint64_t conn, const weir_err_t *why)
{
	Weir__Error error = WEIR__ERROR__INIT;
	weir_error_to_message (why, &error);
	Weir__Refused refused = WEIR__REFUSED__INIT;
	refused.error = &error;
	Weir__Control msg = WEIR_CONTROL (REFUSED, refused, &refused);
	(void) weir_host_send_to (self, conn, &msg);
}

static void
s_handle (weir_host_t *self, uint64_t conn, zmq_msg_t *frame)
{
	weir_err_t err;
	weir_handoff_take (zmq_msg_data (frame));
	weir_host_record (self, WEIR_RECORD_CONTROL, conn, frame, 0);
	Weir__Control *msg = weir_control_decode (zmq_msg_data (frame), zmq_msg_size (frame), &err);
	if (msg == NULL) {
		if (weir_host_is_new_offender (self, conn))
			weir_log (WEIR_LOG_WARN, self->klass->name, "control message dropped: %s", err.text);
		if (conn != 0)
			s_answer_refused (self, conn, &err);
		return;
	}
	weir_control_fn *fn = self->klass->on_control[msg->body_case];
	if ((conn != 0 || !s_handle_own (self, msg)) && fn != NULL)
		fn (self->actor_self, conn, msg);
	else if (conn != 0 || fn == NULL)
		weir_log (WEIR_LOG_DEBUG, self->klass->name, "control message ignored: %s",
		          weir_control_name ((int) msg->body_case));
	weir_control_free (&msg);
}

static bool
s_receive_one (weir_host_t *self)
{
	void *socket = zsock_resolve (self->control);
	uint64_t conn = 0;
	zmq_msg_t frame;
	if (weir_host_is_coordinator (self)) {
		zmq_msg_init (&frame);
		if (zmq_msg_recv (&frame, socket, ZMQ_DONTWAIT) < 0) {
			zmq_msg_close (&frame);
			return false;
		}
		conn = s_conn_of_id (zmq_msg_data (&frame), zmq_msg_size (&frame));
		zmq_msg_close (&frame);
	}
	zmq_msg_init (&frame);
	if (zmq_msg_recv (&frame, socket, ZMQ_DONTWAIT) < 0) {
		zmq_msg_close (&frame);
		return false;
	}
	bool is_single = zmq_msg_more (&frame) == 0;
	if (is_single && (conn != 0 || !weir_host_is_coordinator (self)))
		s_handle (self, conn, &frame);
	zmq_msg_close (&frame);
	for (bool more = !is_single; more;) { /* nobody of ours says things in several frames */
		zmq_msg_init (&frame);
		more = zmq_msg_recv (&frame, socket, ZMQ_DONTWAIT) >= 0 && zmq_msg_more (&frame) != 0;
		zmq_msg_close (&frame);
	}
	return true;
}

void
weir_control_drain (weir_host_t *self)
{
	for (int i = 0; i < WEIR_BURST_MAX; i++)
		if (!s_receive_one (self))
			return;
}

void
weir_control_tick (weir_host_t *self)
{
	if (weir_host_is_coordinator (self))
		return;
	uint32_t give_up_ms = self->config.leader_timeout_ms > 0 ? self->config.leader_timeout_ms
	                                                         : 600000;
	if (self->now_ms - self->leader_seen_ms > (int64_t) give_up_ms) {
		weir_err_t err;
		weir_err_set (&err, WEIR_E_IO, WEIR_CLASS_RETRY, "CoordinatorUnavailable",
		              self->config.control, "no answer for %u s", give_up_ms / 1000);
		weir_host_fail (self, &err);
		return;
	}
	if (self->is_registered && self->now_ms - self->leader_seen_ms > (int64_t) self->lost_ms)
		s_lose_leader (self, "the coordinator does not answer");
	if (!self->is_registered && (self->must_reopen || self->n_hellos >= HELLOS_A_SOCKET)) {
		self->must_reopen = false;
		s_reopen (self);
		if (self->control == NULL)
			return;
	}
	if (!self->is_registered && self->now_ms - self->hello_ms >= WEIR_HELLO_EVERY_MS)
		s_send_hello (self);
	if (self->is_registered && self->held.n > 0)
		s_send_held (self);
	if (self->is_registered &&
	    self->now_ms - self->heartbeat_sent_ms >= (int64_t) self->heartbeat_ms)
		s_send_heartbeat (self);
}
