/* make.c - see make.h */
#include "tests/unit/messages/make.h"

#include <stdlib.h>
#include <string.h>

static uint64_t s_number = 1;

static char *
s_make_text (const char *name)
{
	bool is_path = strcmp (name, "results_dir") == 0 || strcmp (name, "work_dir") == 0;
	bool is_job = strcmp (name, "job") == 0 || strcmp (name, "name") == 0;
	return strdup (is_path ? "/a/b c/d" : is_job ? "job-1_X" : "text \xC3\xA4\xE2\x82\xAC");
}

static ProtobufCBinaryData
s_make_bytes (const char *name)
{
	bool is_long = strstr (name, "sha256") != NULL || strcmp (name, "public_key") == 0;
	ProtobufCBinaryData bytes = { is_long ? 32 : 16, NULL };
	bytes.data = malloc (bytes.len);
	for (size_t i = 0; i < bytes.len; i++)
		bytes.data[i] = (uint8_t) (i * 37 + s_number);
	return bytes;
}

static void s_fill (ProtobufCMessage *message, size_t n_list);

static ProtobufCMessage *
s_make_empty (const ProtobufCMessageDescriptor *type)
{
	ProtobufCMessage *message = malloc (type->sizeof_message);
	protobuf_c_message_init (type, message);
	return message;
}

static void
s_fill_value (const ProtobufCFieldDescriptor *field, void *at, size_t n_list)
{
	switch (field->type) {
	case PROTOBUF_C_TYPE_STRING: *(char **) at = s_make_text (field->name); break;
	case PROTOBUF_C_TYPE_BYTES: *(ProtobufCBinaryData *) at = s_make_bytes (field->name); break;
	case PROTOBUF_C_TYPE_MESSAGE: {
		ProtobufCMessage *sub = s_make_empty (field->descriptor);
		s_fill (sub, n_list);
		*(ProtobufCMessage **) at = sub;
		break;
	}
	case PROTOBUF_C_TYPE_BOOL: *(protobuf_c_boolean *) at = 1; break;
	case PROTOBUF_C_TYPE_ENUM: *(int *) at = 1; break;
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_INT32: *(uint32_t *) at = 1 + (uint32_t) (s_number++ % 1000); break;
	default: *(uint64_t *) at = 1 + s_number++ % 100000; break;
	}
}

static size_t
s_value_bytes (const ProtobufCFieldDescriptor *field)
{
	return field->type == PROTOBUF_C_TYPE_BYTES ? sizeof (ProtobufCBinaryData) : sizeof (void *);
}

static void
s_fill_oneof (const ProtobufCFieldDescriptor *field, char *base, size_t n_list)
{
	*(uint32_t *) (base + field->quantifier_offset) = field->id;
	s_fill_value (field, base + field->offset, n_list);
}

static void
s_fill (ProtobufCMessage *message, size_t n_list)
{
	char *base = (char *) message;
	for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
		if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
			s_fill_oneof (field, base, n_list);
			return; /* Client: the first body stands for all */
		}
		if (field->label != PROTOBUF_C_LABEL_REPEATED) {
			s_fill_value (field, base + field->offset, n_list);
			continue;
		}
		char *items = calloc (n_list + 1, s_value_bytes (field));
		for (size_t k = 0; k < n_list; k++)
			s_fill_value (field, items + k * s_value_bytes (field), n_list);
		*(void **) (base + field->offset) = items;
		*(size_t *) (base + field->quantifier_offset) = n_list;
	}
}

ProtobufCMessage *
make_message (const ProtobufCMessageDescriptor *type, unsigned body, size_t n_list)
{
	const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field (type, body);
	if (field == NULL || (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) == 0)
		return NULL;
	ProtobufCMessage *message = s_make_empty (type);
	s_fill_oneof (field, (char *) message, n_list);
	if (type == &weir__data__descriptor) {
		Weir__Data *data = (Weir__Data *) message;
		data->protocol = WEIR_PROTOCOL_MAX;
		bool has_payload = strcmp (field->name, "partial") == 0 ||
		                   strcmp (field->name, "block") == 0;
		data->payload_bytes = has_payload ? 1000 : 0;
	}
	if (strcmp (field->name, "hello") == 0 && type == &weir__control__descriptor) {
		((Weir__Control *) message)->hello->protocol_min = 1;
		((Weir__Control *) message)->hello->protocol_max = 7;
	}
	return message;
}
