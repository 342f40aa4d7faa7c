/* client.c - the client's link: one DEALER, no loop */
#include "runtime/host/host_internal.h"

struct weir_client {
	zsock_t *socket;
};

weir_client_t *
weir_client_new (const char *coordinator)
{
	weir_client_t *self = weir_alloc (sizeof *self);
	self->socket = zsock_new (ZMQ_DEALER);
	zsock_set_linger (self->socket, 200);
	zsock_set_sndhwm (self->socket, 0);
	zsock_set_rcvhwm (self->socket, 0);
	if (zsock_connect (self->socket, "%s", coordinator) != 0)
		weir_log (WEIR_LOG_ERROR, "client", "%s: cannot connect: %s", coordinator, zmq_strerror (zmq_errno ()));
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
	return weir_err_set (err, WEIR_E_IO, WEIR_CLASS_RETRY, "CoordinatorUnavailable", "", "cannot send: %s",
	                     zmq_strerror (zmq_errno ()));
}

Weir__Control *
weir_client_receive (weir_client_t *self, int timeout_ms)
{
	zmq_pollitem_t item = { .socket = zsock_resolve (self->socket), .events = ZMQ_POLLIN };
	if (zmq_poll (&item, 1, timeout_ms) <= 0)
		return NULL;
	zmq_msg_t frame;
	zmq_msg_init (&frame);
	Weir__Control *msg = NULL;
	weir_err_t err;
	if (zmq_msg_recv (&frame, item.socket, ZMQ_DONTWAIT) >= 0)
		msg = weir_control_decode (zmq_msg_data (&frame), zmq_msg_size (&frame), &err);
	zmq_msg_close (&frame);
	if (msg != NULL && msg->body_case != WEIR__CONTROL__BODY_CLIENT)
		weir_control_free (&msg);
	return msg;
}
