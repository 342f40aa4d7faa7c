/* codec.h - bytes to checked messages and back
 *
 * Decoding validates before anyone reads: sizes, enums, required bodies, string lengths and UTF-8,
 * list lengths, token and key sizes, bitmap sizes. Arbitrary bytes give an error (code
 * "MessageInvalid"), never a crash.
 *
 * Ownership   decode returns yours, freed with the matching _free; encode returns malloc'ed bytes,
 *             yours
 * Limits      control 80 MiB a message, data headers 64 KiB, lists 65,536 entries, graph and plan
 *             64 MiB, other strings 8 KiB at most; decoding n bytes never takes more than 4 n + 24
 *             MiB of memory. The rules of every field are one table in rules.c.
 * Frees       only with the _free here: a decoded message lives in one arena
 * Runs on     any thread
 */
#ifndef WEIR_MESSAGES_CODEC_H
#define WEIR_MESSAGES_CODEC_H

#include "messages/client.pb-c.h"
#include "messages/control.pb-c.h"
#include "messages/data.pb-c.h"
#include "runtime/base/err.h"

#include <stdint.h>

#define WEIR_PROTOCOL_MIN 1
#define WEIR_PROTOCOL_MAX 1
#define WEIR_CONTROL_BYTES_MAX ((size_t) 80 << 20)
#define WEIR_DATA_HEADER_BYTES_MAX ((size_t) 1 << 16)
#define WEIR_LIST_MAX 65536
#define WEIR_PAYLOAD_BYTES_MAX ((uint64_t) 1 << 31)

#define WEIR_CONTROL_N_BODIES 29 /* body cases 0 … 28, for handler tables */
#define WEIR_DATA_N_BODIES 9

Weir__Control *weir_control_decode (const uint8_t *bytes, size_t n_bytes, weir_err_t *err);
void weir_control_free (Weir__Control **self_p);
uint8_t *weir_control_encode (const Weir__Control *self, size_t *n_bytes_out);
const char *weir_control_name (int body_case); /* "hello", … */

Weir__Data *weir_data_decode (const uint8_t *bytes, size_t n_bytes, weir_err_t *err);
void weir_data_free (Weir__Data **self_p);
uint8_t *weir_data_encode (const Weir__Data *self, size_t *n_bytes_out);
const char *weir_data_name (int body_case);

/* Error records over the wire: fills *msg with pointers into *err (borrowed), and back. */
void weir_error_to_message (const weir_err_t *err, Weir__Error *msg);
void weir_error_from_message (const Weir__Error *msg, weir_err_t *err); /* NULL: a nameless bug */

/* Wraps `body` (any of the oneof's structs) into a Control on the caller's stack. */
#define WEIR_CONTROL(case_name, field, pointer)                                                    \
	{                                                                                              \
		PROTOBUF_C_MESSAGE_INIT (&weir__control__descriptor), WEIR__CONTROL__BODY_##case_name,     \
		{                                                                                          \
			.field = (pointer)                                                                     \
		}                                                                                          \
	}

/* The same for Data; the host fills in protocol and payload_bytes when it sends. */
#define WEIR_DATA(case_name, field, pointer)                                                       \
	{                                                                                              \
		PROTOBUF_C_MESSAGE_INIT (&weir__data__descriptor), WEIR_PROTOCOL_MAX, 0,                   \
			WEIR__DATA__BODY_##case_name,                                                          \
		{                                                                                          \
			.field = (pointer)                                                                     \
		}                                                                                          \
	}

#endif
