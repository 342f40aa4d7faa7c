/* inspect_fields.c - any message as JSON, by its descriptor */
#include "tools/weir/inspect.h"

#include <stdio.h>
#include <string.h>

#define BYTES_SHOWN 64
#define TEXT_SHOWN 4096

static json_t *
s_bytes (const ProtobufCBinaryData *data)
{
	char text[2 * BYTES_SHOWN + 1] = "";
	if (data->len > BYTES_SHOWN) {
		snprintf (text, sizeof text, "%zu bytes", data->len);
		return json_string (text);
	}
	for (size_t i = 0; i < data->len; i++)
		snprintf (text + 2 * i, 3, "%02x", data->data[i]);
	return json_string (text);
}

static json_t *
s_text (const char *text)
{
	size_t n = text != NULL ? strlen (text) : 0;
	if (n <= TEXT_SHOWN)
		return json_string (text != NULL ? text : "");
	char about[32];
	snprintf (about, sizeof about, "%zu characters", n);
	return json_string (about);
}

/* JSON's integers end where int64 does: larger ones are texts. */
static json_t *
s_unsigned (uint64_t value)
{
	char text[24];
	if (value <= INT64_MAX)
		return json_integer ((json_int_t) value);
	snprintf (text, sizeof text, "%llu", (unsigned long long) value);
	return json_string (text);
}

static json_t *
s_enum (const ProtobufCFieldDescriptor *field, int value)
{
	const ProtobufCEnumValue *known = protobuf_c_enum_descriptor_get_value (field->descriptor,
	                                                                        value);
	return known != NULL ? json_string (known->name) : json_integer (value);
}

static size_t
s_size_of (ProtobufCType type)
{
	switch (type) {
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
	case PROTOBUF_C_TYPE_ENUM: return 4;
	case PROTOBUF_C_TYPE_FLOAT: return sizeof (float);
	case PROTOBUF_C_TYPE_BOOL: return sizeof (protobuf_c_boolean);
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_MESSAGE: return sizeof (void *);
	case PROTOBUF_C_TYPE_BYTES: return sizeof (ProtobufCBinaryData);
	default: return 8;
	}
}

static json_t *
s_number (ProtobufCType type, const void *at)
{
	switch (type) {
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32: return json_integer (*(const int32_t *) at);
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32: return json_integer (*(const uint32_t *) at);
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64: return json_integer (*(const int64_t *) at);
	case PROTOBUF_C_TYPE_FLOAT: return json_real ((double) *(const float *) at);
	case PROTOBUF_C_TYPE_DOUBLE: return json_real (*(const double *) at);
	default: return s_unsigned (*(const uint64_t *) at);
	}
}

static json_t *
s_value (const ProtobufCFieldDescriptor *field, const void *at)
{
	json_t *value = NULL;
	switch (field->type) {
	case PROTOBUF_C_TYPE_BOOL: value = json_boolean (*(const protobuf_c_boolean *) at); break;
	case PROTOBUF_C_TYPE_ENUM: value = s_enum (field, *(const int *) at); break;
	case PROTOBUF_C_TYPE_STRING: value = s_text (*(char *const *) at); break;
	case PROTOBUF_C_TYPE_BYTES: value = s_bytes (at); break;
	case PROTOBUF_C_TYPE_MESSAGE:
		value = weir_inspect_fields (*(ProtobufCMessage *const *) at);
		break;
	default: value = s_number (field->type, at); break;
	}
	return value != NULL ? value : json_null (); /* a number that JSON lacks */
}

static json_t *
s_list (const ProtobufCFieldDescriptor *field, const ProtobufCMessage *message)
{
	const uint8_t *base = (const uint8_t *) message;
	size_t n = *(const size_t *) (const void *) (base + field->quantifier_offset);
	const uint8_t *items = *(uint8_t *const *) (const void *) (base + field->offset);
	json_t *list = json_array ();
	for (size_t i = 0; i < n; i++)
		json_array_append_new (list, s_value (field, items + i * s_size_of (field->type)));
	return list;
}

/* Unset, or what an unset field is read as. */
static bool
s_is_default (const ProtobufCFieldDescriptor *field, const ProtobufCMessage *message)
{
	static const uint8_t zeros[sizeof (ProtobufCBinaryData)];
	const uint8_t *base = (const uint8_t *) message, *at = base + field->offset;
	if (field->label == PROTOBUF_C_LABEL_REPEATED)
		return *(const size_t *) (const void *) (base + field->quantifier_offset) == 0;
	if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0)
		return *(const uint32_t *) (const void *) (base + field->quantifier_offset) != field->id;
	if (field->type == PROTOBUF_C_TYPE_STRING) {
		const char *text = *(char *const *) (const void *) at;
		return text == NULL || text[0] == '\0';
	}
	if (field->type == PROTOBUF_C_TYPE_BYTES)
		return ((const ProtobufCBinaryData *) (const void *) at)->len == 0;
	return memcmp (at, zeros, s_size_of (field->type)) == 0;
}

json_t *
weir_inspect_fields (const ProtobufCMessage *message)
{
	json_t *object = json_object ();
	for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
		if (s_is_default (field, message))
			continue;
		json_object_set_new (object, field->name,
		                     field->label == PROTOBUF_C_LABEL_REPEATED
		                         ? s_list (field, message)
		                         : s_value (field, (const uint8_t *) message + field->offset));
	}
	return object;
}
