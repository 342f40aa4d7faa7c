/* record.c - see record.h */
#include "runtime/host/record.h"

#include "messages/codec.h"
#include "runtime/host/host_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "records are written as they lie");

typedef struct {
	char magic[8];
	uint32_t kind, n_bytes;
	int64_t time_us;
	uint64_t from, to, payload_bytes;
	char receiver[16];
} s_head_t;

_Static_assert(sizeof (s_head_t) == WEIR_RECORD_HEAD_BYTES, "a head has no padding");

static pthread_once_t s_once = PTHREAD_ONCE_INIT;
static pthread_mutex_t s_mutex = PTHREAD_MUTEX_INITIALIZER;
static int s_fd = -1;

static void
s_open (void)
{
	const char *path = getenv ("WEIR_RECORD");
	if (path == NULL || path[0] == '\0')
		return;
	s_fd = open (path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (s_fd < 0)
		weir_log (WEIR_LOG_ERROR, "record", "%s: cannot record: %s", path, strerror (errno));
}

bool
weir_record_is_on (void)
{
	pthread_once (&s_once, s_open);
	return s_fd >= 0;
}

void
weir_record_write (const weir_record_t *record, const void *bytes)
{
	if (!weir_record_is_on ())
		return;
	struct timespec now;
	clock_gettime (CLOCK_REALTIME, &now);
	s_head_t head = { .kind = record->kind,
		              .n_bytes = record->n_bytes,
		              .time_us = (int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000,
		              .from = record->from,
		              .to = record->to,
		              .payload_bytes = record->payload_bytes };
	memcpy (head.magic, WEIR_RECORD_MAGIC, sizeof head.magic);
	memcpy (head.receiver, record->receiver, sizeof head.receiver);
	struct iovec iov[2] = { { &head, sizeof head },
		                    { (void *) (uintptr_t) bytes, record->n_bytes } };
	pthread_mutex_lock (&s_mutex);
	ssize_t n = writev (s_fd, iov, 2);
	pthread_mutex_unlock (&s_mutex);
	(void) n; /* a full disk cuts the recording, never the job */
}

void
weir_host_record (const weir_host_t *self, weir_record_kind_t kind, uint64_t from, zmq_msg_t *frame,
                  uint64_t payload_bytes)
{
	if (!weir_record_is_on ())
		return;
	weir_record_t record = { .kind = kind,
		                     .from = from,
		                     .to = self->actor,
		                     .payload_bytes = payload_bytes,
		                     .n_bytes = (uint32_t) zmq_msg_size (frame) };
	snprintf (record.receiver, sizeof record.receiver, "%s", self->klass->name);
	weir_record_write (&record, zmq_msg_data (frame));
}

bool
weir_record_parse (const uint8_t bytes[WEIR_RECORD_HEAD_BYTES], weir_record_t *record_out)
{
	s_head_t head;
	memcpy (&head, bytes, sizeof head);
	if (memcmp (head.magic, WEIR_RECORD_MAGIC, sizeof head.magic) != 0 ||
	    (head.kind != WEIR_RECORD_CONTROL && head.kind != WEIR_RECORD_DATA) ||
	    head.n_bytes > WEIR_CONTROL_BYTES_MAX)
		return false;
	*record_out = (weir_record_t){ .kind = (weir_record_kind_t) head.kind,
		                           .time_us = head.time_us,
		                           .from = head.from,
		                           .to = head.to,
		                           .payload_bytes = head.payload_bytes,
		                           .n_bytes = head.n_bytes };
	memcpy (record_out->receiver, head.receiver, sizeof head.receiver);
	return true;
}
