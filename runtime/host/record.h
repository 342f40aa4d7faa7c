/* record.h - messages as they came in, kept in a file for `weir inspect`
 *
 * With WEIR_RECORD=FILE in the environment each host, and each client, appends every control and
 * data message that it receives, also one that does not decode. Payloads are left out, only their
 * size is kept. All actors of a process, and all processes, may share the file: a record goes out
 * in one write at its end. Off by default; then it costs a look at one variable a message.
 *
 *   0 magic[8]   8 kind (u32)   12 n_bytes (u32)   16 time_us (i64, since 1970)   24 from (u64)
 *  32 to (u64)  40 payload_bytes (u64)  48 receiver[16]  64 the message as it was on the wire
 *
 * All little endian. from: the connection's number (control) or the sender's actor number (data).
 * Lease tokens are in it: the file is its owner's alone.
 *
 * Runs on   any thread
 */
#ifndef WEIR_HOST_RECORD_H
#define WEIR_HOST_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WEIR_RECORD_MAGIC "WEIRMSG1"
#define WEIR_RECORD_HEAD_BYTES 64

typedef enum { WEIR_RECORD_CONTROL = 1, WEIR_RECORD_DATA = 2 } weir_record_kind_t;

typedef struct {
	weir_record_kind_t kind;
	int64_t time_us; /* set when it is written */
	uint64_t from, to;
	uint64_t payload_bytes;
	char receiver[17]; /* "reader", "client", … */
	uint32_t n_bytes;
} weir_record_t;

bool weir_record_is_on (void); /* WEIR_RECORD is set and its file could be opened */
void weir_record_write (const weir_record_t *record, const void *bytes);
/* false: these are not the first 64 bytes of a record. */
bool weir_record_parse (const uint8_t head[WEIR_RECORD_HEAD_BYTES], weir_record_t *record_out);

#endif
