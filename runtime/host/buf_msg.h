/* buf_msg.h - buffers as ZeroMQ messages and back, without a copy
 *
 * A payload leaves by weir_buf_to_msg: inproc hands on the very bytes, ipc and tcp write from them;
 * the buffer is released when ZeroMQ is through with it, on whichever thread that is. A payload
 * arrives by weir_buf_from_msg: the buffer is the received message.
 *
 * Limits   payloads up to WEIR_BUF_COPY_MAX are copied, which is cheaper than the bookkeeping of a
 *          shared one. A payload received over ipc or tcp is aligned to 8 bytes only; one that
 *          ZeroMQ put at an odd address is copied (they are small: at most 8 KiB).
 */
#ifndef WEIR_HOST_BUF_MSG_H
#define WEIR_HOST_BUF_MSG_H

#include "runtime/host/buf.h"

#include <zmq.h>

#define WEIR_BUF_COPY_MAX 128

/* Takes the buffer; initialises *msg. */
void weir_buf_to_msg (weir_buf_t **self_p, zmq_msg_t *msg);
/* Takes the message's content; *msg is then an empty message. */
weir_buf_t *weir_buf_from_msg (zmq_msg_t *msg);

#endif
