/* client.c - the client's link: one DEALER, no loop */
#include "runtime/host/handoff.h"
#include "runtime/host/host_internal.h"

#include <time.h>

#define HWM 65536

struct weir_client {
	zsock_t *socket;
};

weir_client_t *
weir_client_new (const char *coordinator)
{
	weir_client_t *self = weir_alloc (sizeof *self);
	self->socket = zsock_new (ZMQ_DEALER);
	weir_assert (self->socket != NULL);
	zsock_set_linger (self->socket, 200);
	zsock_set_sndhwm (self->socket, HWM);
	zsock_set_rcvhwm (self->socket, HWM);
	int64_t most = (int64_t) WEIR_CONTROL_BYTES_MAX;
	(void) zmq_setsockopt (zsock_resolve (self->socket), ZMQ_MAXMSGSIZE, &most, sizeof most);
	if (zsock_connect (self->socket, "%s", coordinator) != 0)
		weir_log (WEIR_LOG_ERROR, "client", "%s: cannot connect: %s", coordinator,
		          zmq_strerror (zmq_errno ()));
	return self;
}

void
weir_client_destroy (weir_client_t **self_p)
{
	weir_client_t *self = *self_p;
	if (self == NULL)
		return;
	zsock_destroy (&self->socket);
	free (self);
	*self_p = NULL;
}

int
weir_client_send (weir_client_t *self, const Weir__Client *client, weir_err_t *err)
{
	Weir__Control msg = WEIR_CONTROL (CLIENT, client, (Weir__Client *) (uintptr_t) client);
	size_t n;
	uint8_t *bytes = weir_control_encode (&msg, &n);
	int sent = zmq_send (zsock_resolve (self->socket), bytes, n, ZMQ_DONTWAIT);
	free (bytes);
	if (sent >= 0)
		return 0;
	return weir_err_set (err, WEIR_E_IO, WEIR_CLASS_RETRY, "CoordinatorUnavailable", "",
	                     "cannot send: %s", zmq_strerror (zmq_errno ()));
}

static int64_t
s_clock_ms (void)
{
	struct timespec now;
	clock_gettime (CLOCK_MONOTONIC, &now);
	return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A coordinator that could not read what we sent says REFUSED: to a client that is a job
 * rejected, of no name. */
static Weir__Control *
s_rejection_of (const Weir__Refused *refused)
{
	Weir__JobRejected rejected = WEIR__JOB_REJECTED__INIT;
	rejected.error = refused->error;
	Weir__Client client = WEIR__CLIENT__INIT;
	client.body_case = WEIR__CLIENT__BODY_REJECTED;
	client.rejected = &rejected;
	Weir__Control msg = WEIR_CONTROL (CLIENT, client, &client);
	size_t n_bytes;
	uint8_t *bytes = weir_control_encode (&msg, &n_bytes);
	Weir__Control *own = weir_control_decode (bytes, n_bytes, NULL);
	free (bytes);
	return own;
}

/* One message of the socket; NULL for one that is not for clients or cannot be read. */
static Weir__Control *
s_receive_one (void *socket)
{
	zmq_msg_t frame;
	zmq_msg_init (&frame);
	Weir__Control *msg = NULL;
	weir_err_t err;
	if (zmq_msg_recv (&frame, socket, ZMQ_DONTWAIT) >= 0) {
		weir_handoff_take (zmq_msg_data (&frame));
		weir_record_t record = { .kind = WEIR_RECORD_CONTROL,
			                     .receiver = "client",
			                     .n_bytes = (uint32_t) zmq_msg_size (&frame) };
		weir_record_write (&record, zmq_msg_data (&frame));
		msg = weir_control_decode (zmq_msg_data (&frame), zmq_msg_size (&frame), &err);
		if (msg == NULL)
			weir_log (WEIR_LOG_WARN, "client", "message dropped: %s", err.text);
	}
	zmq_msg_close (&frame);
	if (msg == NULL || msg->body_case == WEIR__CONTROL__BODY_CLIENT)
		return msg;
	Weir__Control *rejection = msg->body_case == WEIR__CONTROL__BODY_REFUSED
	                               ? s_rejection_of (msg->refused)
	                               : NULL;
	weir_control_free (&msg);
	return rejection;
}

Weir__Control *
weir_client_receive (weir_client_t *self, int timeout_ms)
{
	zmq_pollitem_t item = { .socket = zsock_resolve (self->socket), .events = ZMQ_POLLIN };
	int64_t end_ms = s_clock_ms () + timeout_ms;
	for (int64_t left = timeout_ms; left >= 0; left = end_ms - s_clock_ms ()) {
		if (zmq_poll (&item, 1, (long) left) <= 0)
			return NULL;
		Weir__Control *msg = s_receive_one (item.socket);
		if (msg != NULL)
			return msg;
	}
	return NULL;
}
