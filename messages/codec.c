/* codec.c - see codec.h */
#include "messages/codec.h"

#include "messages/arena.h"
#include "messages/rules.h"
#include "runtime/base/mem.h"

#include <stdlib.h>

static int
s_refuse (weir_err_t *err, const char *what)
{
	return weir_err_invalid (err, "MessageInvalid", NULL, "%s", what);
}

/* Bytes to a message of `type` whose fields keep the rules; NULL with err. */
static ProtobufCMessage *
s_decode (const ProtobufCMessageDescriptor *type, const uint8_t *bytes, size_t n_bytes,
          size_t n_bytes_max, weir_err_t *err)
{
	if (n_bytes == 0 || n_bytes > n_bytes_max) {
		weir_err_invalid (err, "MessageInvalid", NULL, "%s: %zu bytes, allowed are 1 to %zu",
		                  type->short_name, n_bytes, n_bytes_max);
		return NULL;
	}
	weir_arena_t *arena = weir_arena_new (n_bytes);
	if (arena == NULL) {
		weir_err_set (err, WEIR_E_MEMORY, WEIR_CLASS_OVERLOADED, "OutOfMemory", NULL,
		              "a message of %zu bytes", n_bytes);
		return NULL;
	}
	ProtobufCAllocator allocator = weir_arena_allocator (arena);
	ProtobufCMessage *message = protobuf_c_message_unpack (type, &allocator, n_bytes, bytes);
	if (message == NULL)
		s_refuse (err, weir_arena_is_exhausted (arena) ? "takes more memory than its size allows"
		                                               : "not a protobuf message");
	else if (weir_rules_check (message, err) < 0)
		message = NULL;
	if (message == NULL)
		weir_arena_destroy (&arena);
	return message;
}

static void
s_free (void *message)
{
	weir_arena_t *arena = weir_arena_of (message);
	weir_arena_destroy (&arena);
}

static uint8_t *
s_encode (const ProtobufCMessage *message, size_t *n_bytes_out)
{
	size_t n_bytes = protobuf_c_message_get_packed_size (message);
	uint8_t *bytes = weir_alloc (n_bytes);
	*n_bytes_out = protobuf_c_message_pack (message, bytes);
	return bytes;
}

static const char *
s_body_name (const ProtobufCMessageDescriptor *type, int body_case)
{
	if (body_case <= 0)
		return "none";
	const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field (
		type, (unsigned) body_case);
	bool is_body = field != NULL && (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;
	return is_body ? field->name : "unknown";
}

Weir__Control *
weir_control_decode (const uint8_t *bytes, size_t n_bytes, weir_err_t *err)
{
	Weir__Control *self = (Weir__Control *) s_decode (&weir__control__descriptor, bytes, n_bytes,
	                                                  WEIR_CONTROL_BYTES_MAX, err);
	if (self == NULL || self->body_case != WEIR__CONTROL__BODY_HELLO)
		return self;
	const Weir__Hello *hello = self->hello;
	if (hello->protocol_min < 1 || hello->protocol_max < hello->protocol_min) {
		s_refuse (err, "Hello.protocol_min, protocol_max: not a range");
		weir_control_free (&self);
	}
	return self;
}

void
weir_control_free (Weir__Control **self_p)
{
	if (*self_p != NULL)
		s_free (*self_p);
	*self_p = NULL;
}

uint8_t *
weir_control_encode (const Weir__Control *self, size_t *n_bytes_out)
{
	return s_encode (&self->base, n_bytes_out);
}

const char *
weir_control_name (int body_case)
{
	return s_body_name (&weir__control__descriptor, body_case);
}

Weir__Data *
weir_data_decode (const uint8_t *bytes, size_t n_bytes, weir_err_t *err)
{
	Weir__Data *self = (Weir__Data *) s_decode (&weir__data__descriptor, bytes, n_bytes,
	                                            WEIR_DATA_HEADER_BYTES_MAX, err);
	if (self == NULL || self->payload_bytes == 0)
		return self;
	if (self->body_case != WEIR__DATA__BODY_PARTIAL && self->body_case != WEIR__DATA__BODY_BLOCK) {
		s_refuse (err, "Data.payload_bytes: this body has no payload");
		weir_data_free (&self);
	}
	return self;
}

void
weir_data_free (Weir__Data **self_p)
{
	if (*self_p != NULL)
		s_free (*self_p);
	*self_p = NULL;
}

uint8_t *
weir_data_encode (const Weir__Data *self, size_t *n_bytes_out)
{
	return s_encode (&self->base, n_bytes_out);
}

const char *
weir_data_name (int body_case)
{
	return s_body_name (&weir__data__descriptor, body_case);
}

void
weir_error_to_message (const weir_err_t *err, Weir__Error *msg)
{
	weir__error__init (msg);
	msg->status = err->status;
	msg->class_ = (Weir__ErrorClass) err->klass;
	msg->code = (char *) err->code;
	msg->where = (char *) err->where;
	msg->text = (char *) err->text;
}

void
weir_error_from_message (const Weir__Error *msg, weir_err_t *err)
{
	if (msg == NULL) {
		weir_err_set (err, WEIR_E_BUG, WEIR_CLASS_BUG, "Internal", NULL,
		              "an error without a record");
		return;
	}
	int status = msg->status < 0 ? msg->status : WEIR_E_BUG;
	const char *code = msg->code != NULL && msg->code[0] != '\0' ? msg->code : NULL;
	weir_err_set (err, status, (weir_err_class_t) msg->class_, code, msg->where, "%s",
	              msg->text != NULL ? msg->text : "");
}
