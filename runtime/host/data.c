/* data.c - the data link: a ROUTER of our own, DEALERs to peers, queues for what a socket does not
 * take
 *
 * A DEALER's routing id is 'A' and the sender's actor number, so the receiver knows who speaks.
 *
 * Order   what one actor sends to one peer arrives in order, for as long as the peer is known under
 *         the same endpoint: the first message chooses the way (our own DEALER, or the peer's
 *         connection to our ROUTER where it has no endpoint or came first) and all others follow
 *         it. Nothing is promised between the two directions, or between peers.
 * Loss    what is on its way when a link or a peer ends is lost; tokens and leases repair that.
 */
#include "runtime/host/buf_msg.h"
#include "runtime/host/handoff.h"
#include "runtime/host/host_internal.h"

#include <errno.h>
#include <string.h>

#define ROUTING_ID_BYTES 9
#define DATA_HWM 1024
#define HEARTBEAT_MS 5000
#define SILENCE_MS 30000 /* a frame of 2 GiB may take its time */
#define STRANGERS_MAX 4096

static void
s_fill_routing_id (uint64_t actor, uint8_t id[ROUTING_ID_BYTES])
{
	id[0] = 'A';
	memcpy (id + 1, &actor, sizeof actor);
}

static void
s_set_limits (zsock_t *socket)
{
	zsock_set_sndhwm (socket, DATA_HWM);
	zsock_set_rcvhwm (socket, DATA_HWM);
	zsock_set_linger (socket, 100);
	zsock_set_heartbeat_ivl (socket, HEARTBEAT_MS);
	zsock_set_heartbeat_timeout (socket, SILENCE_MS);
	int64_t most = (int64_t) WEIR_PAYLOAD_BYTES_MAX;
	(void) zmq_setsockopt (zsock_resolve (socket), ZMQ_MAXMSGSIZE, &most, sizeof most);
}

int
weir_data_open (weir_host_t *self, weir_err_t *err)
{
	self->data = zsock_new (ZMQ_ROUTER);
	if (self->data == NULL)
		return weir_err_set (err, WEIR_E_IO, WEIR_CLASS_RETRY, "EndpointUnavailable",
		                     self->config.endpoint, "cannot make a socket: %s",
		                     zmq_strerror (zmq_errno ()));
	s_set_limits (self->data);
	zsock_set_router_mandatory (self->data, 1);
	zsock_set_router_handover (self->data, 1);
	if (zsock_bind (self->data, "%s", self->config.endpoint) < 0)
		return weir_err_set (err, WEIR_E_IO, WEIR_CLASS_GIVE_UP, "EndpointUnavailable",
		                     self->config.endpoint, "cannot bind: %s", zmq_strerror (zmq_errno ()));
	return 0;
}

static weir_link_t *
s_find_link (weir_host_t *self, uint64_t actor)
{
	if (self->link_last < self->links.n && self->links.at[self->link_last].actor == actor)
		return &self->links.at[self->link_last];
	for (size_t i = 0; i < self->links.n; i++) {
		if (self->links.at[i].actor != actor)
			continue;
		self->link_last = i;
		return &self->links.at[i];
	}
	return NULL;
}

static void
s_clear_outgoing (weir_outgoing_t *outgoing)
{
	zmq_msg_close (&outgoing->header);
	if (outgoing->has_payload)
		zmq_msg_close (&outgoing->payload);
}

/* Forgets what waits and the way it was to go. */
static void
s_reset_link (weir_link_t *link)
{
	for (; link->queue_first < link->queue.n; link->queue_first++)
		s_clear_outgoing (&link->queue.at[link->queue_first]);
	link->queue_first = 0;
	weir_vec_clear (&link->queue);
	zsock_destroy (&link->dealer);
	link->is_by_router = false;
}

static void
s_clear_link (weir_link_t *link)
{
	s_reset_link (link);
	free (link->endpoint);
}

void
weir_data_renumber (weir_host_t *self)
{
	for (size_t i = 0; i < self->links.n; i++)
		s_reset_link (&self->links.at[i]);
}

static bool
s_is_endpoint (const char *endpoint)
{
	return strncmp (endpoint, "inproc://", 9) == 0 || strncmp (endpoint, "ipc://", 6) == 0;
}

/* A peer under another endpoint than before is another peer: a new leader counts anew. */
static void
s_learn_endpoint (weir_host_t *self, weir_link_t *link, const char *endpoint)
{
	if (!s_is_endpoint (endpoint)) {
		weir_log (WEIR_LOG_WARN, self->klass->name,
		          "actor %llu has no endpoint that links offer: '%s'",
		          (unsigned long long) link->actor, endpoint);
		return;
	}
	if (link->endpoint != NULL && strcmp (link->endpoint, endpoint) == 0)
		return;
	if (link->endpoint != NULL)
		s_reset_link (link);
	else if (self->n_strangers > 0)
		self->n_strangers--;
	free (link->endpoint);
	link->endpoint = weir_strdup (endpoint);
}

static void
s_lose_peer (weir_host_t *self, uint64_t actor)
{
	weir_link_t *link = s_find_link (self, actor);
	if (link == NULL)
		return;
	if (link->endpoint == NULL && self->n_strangers > 0)
		self->n_strangers--;
	if (link->dealer != NULL)
		zsock_set_linger (link->dealer, 0);
	s_clear_link (link);
	weir_vec_remove (&self->links, link - self->links.at);
}

void
weir_data_close (weir_host_t *self)
{
	for (size_t i = 0; i < self->links.n; i++)
		s_clear_link (&self->links.at[i]);
	weir_vec_clear (&self->links);
	zsock_destroy (&self->data);
}

void
weir_data_peers (weir_host_t *self, const Weir__Peers *peers)
{
	for (size_t i = 0; i < peers->n_peers; i++) {
		const Weir__Peer *peer = peers->peers[i];
		if (peer->is_gone) {
			s_lose_peer (self, peer->actor);
			if (self->klass->on_peer_gone != NULL)
				self->klass->on_peer_gone (self->actor_self, peer->actor);
			continue;
		}
		weir_link_t *link = s_find_link (self, peer->actor);
		if (link == NULL) {
			weir_vec_push (&self->links, ((weir_link_t){ .actor = peer->actor }));
			self->n_strangers++; /* until its endpoint is known */
			link = &self->links.at[self->links.n - 1];
		}
		s_learn_endpoint (self, link, peer->endpoint);
	}
}

/* ---- sending */

static bool
s_connect_link (weir_host_t *self, weir_link_t *link)
{
	uint8_t id[ROUTING_ID_BYTES];
	s_fill_routing_id (self->actor, id);
	link->dealer = zsock_new (ZMQ_DEALER);
	if (link->dealer == NULL) {
		weir_log (WEIR_LOG_ERROR, self->klass->name, "cannot make a socket: %s",
		          zmq_strerror (zmq_errno ()));
		return false;
	}
	s_set_limits (link->dealer);
	(void) zmq_setsockopt (zsock_resolve (link->dealer), ZMQ_ROUTING_ID, id, sizeof id);
	if (zsock_connect (link->dealer, "%s", link->endpoint) == 0)
		return true;
	weir_log (WEIR_LOG_ERROR, self->klass->name, "%s: cannot connect: %s", link->endpoint,
	          zmq_strerror (zmq_errno ()));
	zsock_destroy (&link->dealer);
	return false;
}

/* Chooses the way at the first message. False: there is none. */
static bool
s_find_way (weir_host_t *self, weir_link_t *link)
{
	if (link->dealer != NULL || link->is_by_router)
		return true;
	if (link->endpoint != NULL)
		return s_connect_link (self, link);
	link->is_by_router = true;
	return true;
}

/* 0: sent; EAGAIN: not now; else the peer is not there, and both frames are still the caller's.
 * Once the first frame is taken the rest only fails with its connection, and is then lost with
 * it. */
static int
s_try_send (weir_host_t *self, weir_link_t *link, weir_outgoing_t *outgoing)
{
	void *socket = zsock_resolve (link->dealer != NULL ? link->dealer : self->data);
	bool is_begun = link->dealer == NULL;
	if (is_begun) {
		uint8_t id[ROUTING_ID_BYTES];
		s_fill_routing_id (link->actor, id);
		if (zmq_send (socket, id, sizeof id, ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0)
			return zmq_errno ();
	}
	int more = outgoing->has_payload ? ZMQ_SNDMORE : 0;
	int sent = zmq_msg_send (&outgoing->header, socket, ZMQ_DONTWAIT | more);
	if (sent < 0 && !is_begun)
		return zmq_errno ();
	if (sent >= 0 && outgoing->has_payload)
		sent = zmq_msg_send (&outgoing->payload, socket, ZMQ_DONTWAIT);
	if (sent < 0)
		s_clear_outgoing (outgoing);
	return 0;
}

static void
s_pack_message (const Weir__Data *msg, weir_buf_t **payload_p, weir_outgoing_t *out)
{
	Weir__Data copy = *msg;
	copy.protocol = WEIR_PROTOCOL_MAX;
	out->has_payload = payload_p != NULL && *payload_p != NULL;
	copy.payload_bytes = out->has_payload ? weir_buf_size (*payload_p) : 0;
	zmq_msg_init_size (&out->header, weir__data__get_packed_size (&copy));
	weir__data__pack (&copy, zmq_msg_data (&out->header));
	weir_handoff_give (zmq_msg_data (&out->header));
	if (!out->has_payload)
		return;
	weir_buf_to_msg (payload_p, &out->payload);
}

bool
weir_host_send_data (weir_host_t *self, uint64_t peer, const Weir__Data *msg,
                     weir_buf_t **payload_p)
{
	weir_link_t *link = s_find_link (self, peer);
	if (link == NULL || !s_find_way (self, link)) {
		if (payload_p != NULL)
			weir_buf_release (payload_p);
		return false;
	}
	weir_outgoing_t outgoing;
	s_pack_message (msg, payload_p, &outgoing);
	int error = link->queue_first < link->queue.n ? EAGAIN : s_try_send (self, link, &outgoing);
	if (error == EHOSTUNREACH && link->is_by_router && link->endpoint != NULL) {
		link->is_by_router = false; /* it left our ROUTER; it is still to be reached at its own */
		if (s_find_way (self, link))
			error = s_try_send (self, link, &outgoing);
	}
	if (error == EAGAIN)
		weir_vec_push (&link->queue, outgoing);
	if (error == 0 || error == EAGAIN)
		return true;
	s_clear_outgoing (&outgoing);
	return false;
}

/* What was sent makes room at the front, once that is half of the whole. */
static void
s_compact (weir_link_t *link)
{
	size_t n_left = link->queue.n - link->queue_first;
	if (n_left > link->queue_first)
		return;
	memmove (link->queue.at, link->queue.at + link->queue_first, n_left * sizeof *link->queue.at);
	link->queue.n = n_left;
	link->queue_first = 0;
}

void
weir_data_pump (weir_host_t *self)
{
	for (size_t i = 0; i < self->links.n; i++) {
		weir_link_t *link = &self->links.at[i];
		while (link->queue_first < link->queue.n) {
			weir_outgoing_t *outgoing = &link->queue.at[link->queue_first];
			int error = s_try_send (self, link, outgoing);
			if (error == EAGAIN)
				break;
			if (error != 0)
				s_clear_outgoing (outgoing);
			link->queue_first++;
		}
		if (link->queue_first > 0)
			s_compact (link);
	}
}

bool
weir_data_is_waiting (const weir_host_t *self)
{
	for (size_t i = 0; i < self->links.n; i++)
		if (self->links.at[i].queue_first < self->links.at[i].queue.n)
			return true;
	return false;
}

/* ---- receiving */

static void
s_drop_rest (void *socket)
{
	zmq_msg_t frame;
	for (bool more = true; more;) {
		int flag = 0;
		size_t size = sizeof flag;
		zmq_getsockopt (socket, ZMQ_RCVMORE, &flag, &size);
		more = flag != 0;
		if (!more)
			break;
		zmq_msg_init (&frame);
		(void) zmq_msg_recv (&frame, socket, ZMQ_DONTWAIT);
		zmq_msg_close (&frame);
	}
}

static void
s_complain (weir_host_t *self, uint64_t peer, const char *what)
{
	if (weir_host_is_new_offender (self, peer))
		weir_log (WEIR_LOG_WARN, self->klass->name, "data message of actor %llu dropped: %s",
		          (unsigned long long) peer, what);
}

static void
s_handle (weir_host_t *self, uint64_t peer, zmq_msg_t *header, zmq_msg_t *payload)
{
	weir_err_t err;
	weir_handoff_take (zmq_msg_data (header));
	weir_host_record (self, WEIR_RECORD_DATA, peer, header,
	                  payload != NULL ? zmq_msg_size (payload) : 0);
	Weir__Data *msg = weir_data_decode (zmq_msg_data (header), zmq_msg_size (header), &err);
	if (msg == NULL) {
		s_complain (self, peer, err.text);
		return;
	}
	size_t got = payload != NULL ? zmq_msg_size (payload) : 0;
	if (got != msg->payload_bytes) {
		s_complain (self, peer, "the payload has another size than its header says");
	} else if (self->klass->on_data[msg->body_case] != NULL) {
		weir_buf_t *buf = payload != NULL ? weir_buf_from_msg (payload) : NULL;
		self->klass->on_data[msg->body_case](self->actor_self, peer, msg, &buf);
		weir_buf_release (&buf);
	}
	weir_data_free (&msg);
}

/* The sender of a message on our ROUTER; 0 for an identity that is none of ours. */
static bool
s_receive_peer (void *socket, uint64_t *peer_out)
{
	zmq_msg_t id;
	zmq_msg_init (&id);
	bool is_here = zmq_msg_recv (&id, socket, ZMQ_DONTWAIT) >= 0;
	*peer_out = 0;
	const uint8_t *bytes = zmq_msg_data (&id);
	if (is_here && zmq_msg_size (&id) == ROUTING_ID_BYTES && bytes[0] == 'A')
		memcpy (peer_out, bytes + 1, sizeof *peer_out);
	zmq_msg_close (&id);
	return is_here;
}

/* A peer that speaks to us can be answered, even before PEERS names it. Nobody makes us remember
 * more than so many. */
static void
s_meet_peer (weir_host_t *self, uint64_t peer)
{
	if (s_find_link (self, peer) != NULL || self->n_strangers >= STRANGERS_MAX)
		return;
	weir_vec_push (&self->links, ((weir_link_t){ .actor = peer, .is_by_router = true }));
	self->n_strangers++;
}

static bool
s_receive_one (weir_host_t *self, void *socket, uint64_t peer, bool is_router)
{
	if (is_router && !s_receive_peer (socket, &peer))
		return false;
	zmq_msg_t header, payload;
	zmq_msg_init (&header);
	if (zmq_msg_recv (&header, socket, ZMQ_DONTWAIT) < 0) {
		zmq_msg_close (&header);
		return false;
	}
	bool has_payload = zmq_msg_more (&header) != 0;
	zmq_msg_init (&payload);
	if (has_payload)
		(void) zmq_msg_recv (&payload, socket, ZMQ_DONTWAIT);
	bool has_too_much = has_payload && zmq_msg_more (&payload) != 0;
	if (has_too_much)
		s_drop_rest (socket);
	if (peer == 0 || has_too_much)
		s_complain (self, peer,
		            peer == 0 ? "its sender has no actor's identity" : "more than two frames");
	else {
		if (is_router)
			s_meet_peer (self, peer);
		s_handle (self, peer, &header, has_payload ? &payload : NULL);
	}
	zmq_msg_close (&header);
	zmq_msg_close (&payload);
	return true;
}

void
weir_data_drain (weir_host_t *self, zsock_t *socket, uint64_t peer_of_dealer)
{
	bool is_router = socket == self->data;
	for (int i = 0; i < WEIR_BURST_MAX; i++)
		if (!s_receive_one (self, zsock_resolve (socket), peer_of_dealer, is_router))
			return;
}
