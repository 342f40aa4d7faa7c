/* rules.c - see rules.h */
#include "messages/rules.h"

#include "messages/codec.h"
#include "messages/utf8.h"
#include "runtime/base/mem.h"

#include <pthread.h>
#include <stdint.h>
#include <string.h>

#define S_MESSAGES_MAX 96
#define S_CHECKS_MAX 512

#define S_PATH 4096
#define S_BITMAP ((uint64_t) 1 << 20)
#define S_RUNS (8 * S_BITMAP)
#define S_GRAPH ((uint64_t) 64 << 20)
#define S_PIXELS ((uint64_t) 1 << 30)
#define S_MS ((uint64_t) 24 * 3600 * 1000)

typedef enum {
	S_RANGE,    /* number, or length of a string, within min … max */
	S_JOB,      /* [A-Za-z0-9_-], length within min … max */
	S_ABSOLUTE, /* begins with '/', or is empty where min is 0 */
	S_FIXED,    /* bytes: exactly max long, or none where min is 0 */
	S_BODY,     /* a message that must be there */
} s_form_t;

typedef struct {
	const ProtobufCMessageDescriptor *message;
	const char *field;
	s_form_t form;
	uint64_t min, max;
} s_rule_t;

/* clang-format off */
static const s_rule_t s_rules[] = {
	{ &weir__error__descriptor, "code", S_RANGE, 0, 256 },
	{ &weir__submit__descriptor, "job", S_JOB, 1, 64 },
	{ &weir__submit__descriptor, "graph", S_RANGE, 1, S_GRAPH },
	{ &weir__submit__descriptor, "results_dir", S_ABSOLUTE, 1, S_PATH },
	{ &weir__submit__descriptor, "work_dir", S_ABSOLUTE, 0, S_PATH },
	{ &weir__submit__descriptor, "owner", S_RANGE, 0, 256 },
	{ &weir__submit__descriptor, "cluster", S_RANGE, 0, 256 },
	{ &weir__submit__descriptor, "chunk_width", S_RANGE, 0, S_PIXELS },
	{ &weir__submit__descriptor, "chunk_height", S_RANGE, 0, S_PIXELS },
	{ &weir__submitted__descriptor, "job", S_JOB, 1, 64 },
	{ &weir__progress__descriptor, "job", S_JOB, 1, 64 },
	{ &weir__job_end__descriptor, "job", S_JOB, 1, 64 },
	{ &weir__job_end__descriptor, "files", S_RANGE, 0, S_PATH },
	{ &weir__job_cancel__descriptor, "job", S_JOB, 1, 64 },
	{ &weir__job_attach__descriptor, "job", S_JOB, 1, 64 },
	{ &weir__job_rejected__descriptor, "job", S_JOB, 0, 64 },
	{ &weir__job_rejected__descriptor, "error", S_BODY, 1, 1 },

	{ &weir__held__descriptor, "runs", S_RANGE, 0, S_BITMAP },
	{ &weir__hello__descriptor, "kind", S_RANGE, WEIR__ACTOR_KIND__ACTOR_READER,
	  WEIR__ACTOR_KIND__ACTOR_SINK },
	{ &weir__hello__descriptor, "instance", S_FIXED, 1, 16 },
	{ &weir__hello__descriptor, "endpoint", S_RANGE, 1, S_PATH },
	{ &weir__hello__descriptor, "public_key", S_FIXED, 0, 32 },
	{ &weir__hello__descriptor, "cluster", S_RANGE, 0, 256 },
	{ &weir__hello__descriptor, "slots", S_RANGE, 0, 65536 },
	{ &weir__hello__descriptor, "root_id", S_FIXED, 0, 16 },
	{ &weir__welcome__descriptor, "actor", S_RANGE, 1, UINT64_MAX },
	{ &weir__welcome__descriptor, "leader", S_RANGE, 0, 64 },
	{ &weir__welcome__descriptor, "heartbeat_ms", S_RANGE, 1, S_MS },
	{ &weir__welcome__descriptor, "lost_ms", S_RANGE, 1, S_MS },
	{ &weir__refused__descriptor, "error", S_BODY, 1, 1 },
	{ &weir__peer__descriptor, "actor", S_RANGE, 1, UINT64_MAX },
	{ &weir__peer__descriptor, "endpoint", S_RANGE, 0, S_PATH },
	{ &weir__peer__descriptor, "public_key", S_FIXED, 0, 32 },
	{ &weir__job_open__descriptor, "name", S_JOB, 1, 64 },
	{ &weir__job_open__descriptor, "plan_sha256", S_FIXED, 1, 32 },
	{ &weir__job_open__descriptor, "owner", S_RANGE, 0, 256 },
	{ &weir__job_open__descriptor, "cluster", S_RANGE, 0, 256 },
	{ &weir__job_open__descriptor, "results_dir", S_ABSOLUTE, 0, S_PATH },
	{ &weir__plan_request__descriptor, "sha256", S_FIXED, 1, 32 },
	{ &weir__plan_reply__descriptor, "sha256", S_FIXED, 1, 32 },
	{ &weir__plan_reply__descriptor, "text_bytes", S_RANGE, 0, (uint64_t) 1 << 30 },
	{ &weir__plan_reply__descriptor, "plan", S_RANGE, 0, S_GRAPH },
	{ &weir__lease__descriptor, "n_runs", S_RANGE, 0, S_RUNS },
	{ &weir__handed_back__descriptor, "runs", S_RANGE, 0, S_BITMAP },
	{ &weir__order__descriptor, "run", S_RANGE, 0, S_RUNS },
	{ &weir__run_ref__descriptor, "run", S_RANGE, 0, S_RUNS },
	{ &weir__failed__descriptor, "run", S_RANGE, 0, S_RUNS },
	{ &weir__failed__descriptor, "error", S_BODY, 1, 1 },
	{ &weir__finish__descriptor, "parts", S_RANGE, 1, S_PATH },
	{ &weir__missing_chunk__descriptor, "error", S_BODY, 1, 1 },
	{ &weir__finished__descriptor, "files", S_RANGE, 0, S_PATH },

	{ &weir__data__descriptor, "protocol", S_RANGE, WEIR_PROTOCOL_MIN, WEIR_PROTOCOL_MAX },
	{ &weir__data__descriptor, "payload_bytes", S_RANGE, 0, WEIR_PAYLOAD_BYTES_MAX },
	{ &weir__partial__descriptor, "run", S_RANGE, 0, S_RUNS },
	{ &weir__not_stored__descriptor, "chunk", S_BODY, 1, 1 },
	{ &weir__not_stored__descriptor, "error", S_BODY, 1, 1 },
};
/* clang-format on */

typedef struct s_checks s_checks_t;

typedef struct {
	const ProtobufCFieldDescriptor *field;
	const s_checks_t *sub;
	s_form_t form;
	uint64_t min, max;
} s_check_t;

struct s_checks {
	const ProtobufCMessageDescriptor *message;
	const s_check_t *checks;
	uint32_t n_checks;
	bool is_body; /* consists of one oneof that must be set */
};

static s_checks_t s_table[S_MESSAGES_MAX];
static s_check_t s_pool[S_CHECKS_MAX];
static uint32_t s_n_messages, s_n_checks;
static pthread_once_t s_once = PTHREAD_ONCE_INIT;

static const s_rule_t *
s_find_rule (const ProtobufCMessageDescriptor *message, const ProtobufCFieldDescriptor *field)
{
	for (size_t i = 0; i < sizeof s_rules / sizeof s_rules[0]; i++)
		if (s_rules[i].message == message && strcmp (s_rules[i].field, field->name) == 0)
			return &s_rules[i];
	return NULL;
}

/* The field's bounds by its rule, or the default of its type. False: nothing to look at. */
static bool
s_make_check (const ProtobufCMessageDescriptor *message, const ProtobufCFieldDescriptor *field,
              s_check_t *out)
{
	const s_rule_t *rule = s_find_rule (message, field);
	*out = (s_check_t){ .field = field, .form = S_RANGE, .min = 0, .max = WEIR_TEXT_MAX };
	if (field->type == PROTOBUF_C_TYPE_ENUM)
		out->max = INT32_MAX;
	if (rule != NULL) {
		out->form = rule->form;
		out->min = rule->min;
		out->max = rule->max;
	} else if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
		out->min = 0;
	}
	return rule != NULL || field->label == PROTOBUF_C_LABEL_REPEATED ||
	       field->type == PROTOBUF_C_TYPE_STRING || field->type == PROTOBUF_C_TYPE_BYTES ||
	       field->type == PROTOBUF_C_TYPE_ENUM || field->type == PROTOBUF_C_TYPE_MESSAGE;
}

/* Recursion ends: no message of ours contains itself, and each is put in the table once. */
static const s_checks_t *
s_compile (const ProtobufCMessageDescriptor *message) // NOLINT(misc-no-recursion)
{
	for (uint32_t i = 0; i < s_n_messages; i++)
		if (s_table[i].message == message)
			return &s_table[i];
	weir_assert (s_n_messages < S_MESSAGES_MAX);
	s_checks_t *self = &s_table[s_n_messages++];
	s_check_t *checks = &s_pool[s_n_checks];
	self->message = message;
	self->checks = checks;
	for (unsigned i = 0; i < message->n_fields; i++) {
		weir_assert (s_n_checks < S_CHECKS_MAX);
		if (message->fields[i].flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
			self->is_body = true;
		if (s_make_check (message, &message->fields[i], &checks[self->n_checks])) {
			self->n_checks++;
			s_n_checks++;
		}
	}
	for (uint32_t i = 0; i < self->n_checks; i++)
		if (checks[i].field->type == PROTOBUF_C_TYPE_MESSAGE)
			checks[i].sub = s_compile (checks[i].field->descriptor);
	return self;
}

static void
s_compile_all (void)
{
	for (size_t i = 0; i < sizeof s_rules / sizeof s_rules[0]; i++)
		weir_assert (protobuf_c_message_descriptor_get_field_by_name (s_rules[i].message,
		                                                              s_rules[i].field) != NULL);
	s_compile (&weir__control__descriptor);
	s_compile (&weir__data__descriptor);
}

static int
s_refuse (const s_checks_t *self, const s_check_t *check, weir_err_t *err, const char *what,
          uint64_t value)
{
	return weir_err_invalid (err, "MessageInvalid", NULL, "%s.%s: %s (%llu)",
	                         self->message->short_name, check->field->name, what,
	                         (unsigned long long) value);
}

static bool
s_is_job_text (const char *text)
{
	for (; *text != '\0'; text++) {
		char c = *text;
		bool is_fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		               c == '_' || c == '-';
		if (!is_fine)
			return false;
	}
	return true;
}

static int
s_check_text (const s_checks_t *self, const s_check_t *check, const char *text, weir_err_t *err)
{
	size_t n = text != NULL ? strlen (text) : 0;
	if (n < check->min || n > check->max)
		return s_refuse (self, check, err, "length out of bounds", n);
	if (n == 0)
		return 0;
	if (!weir_utf8_is_valid (text, n))
		return s_refuse (self, check, err, "not UTF-8, length", n);
	if (check->form == S_JOB && !s_is_job_text (text))
		return s_refuse (self, check, err, "other characters than [A-Za-z0-9_-], length", n);
	if (check->form == S_ABSOLUTE && text[0] != '/')
		return s_refuse (self, check, err, "not an absolute path, length", n);
	return 0;
}

static int
s_check_bytes (const s_checks_t *self, const s_check_t *check, const ProtobufCBinaryData *bytes,
               weir_err_t *err)
{
	bool is_fine = check->form == S_FIXED
	                   ? bytes->len == check->max || (bytes->len == 0 && check->min == 0)
	                   : bytes->len >= check->min && bytes->len <= check->max;
	return is_fine ? 0 : s_refuse (self, check, err, "size out of bounds", bytes->len);
}

static int
s_check_enum (const s_checks_t *self, const s_check_t *check, int value, weir_err_t *err)
{
	if (protobuf_c_enum_descriptor_get_value (check->field->descriptor, value) == NULL ||
	    value < (int64_t) check->min || value > (int64_t) check->max)
		return s_refuse (self, check, err, "unknown value", (uint64_t) (uint32_t) value);
	return 0;
}

static int
s_check_number (const s_checks_t *self, const s_check_t *check, const void *at, weir_err_t *err)
{
	uint64_t value;
	switch (check->field->type) {
	case PROTOBUF_C_TYPE_UINT32: value = *(const uint32_t *) at; break;
	case PROTOBUF_C_TYPE_UINT64: value = *(const uint64_t *) at; break;
	case PROTOBUF_C_TYPE_SINT64: value = (uint64_t) * (const int64_t *) at; break;
	default: weir_assert (!"a rule for a number of this type"); return WEIR_E_BUG;
	}
	if (value < check->min || value > check->max)
		return s_refuse (self, check, err, "out of range", value);
	return 0;
}

static int s_check_message (const s_checks_t *self, const ProtobufCMessage *message,
                            weir_err_t *err);

/* One value of a field, at `at`. */
static int
s_check_value (const s_checks_t *self, const s_check_t *check, const void *at, // NOLINT
               weir_err_t *err)
{
	switch (check->field->type) {
	case PROTOBUF_C_TYPE_STRING: return s_check_text (self, check, *(char *const *) at, err);
	case PROTOBUF_C_TYPE_BYTES: return s_check_bytes (self, check, at, err);
	case PROTOBUF_C_TYPE_ENUM: return s_check_enum (self, check, *(const int *) at, err);
	case PROTOBUF_C_TYPE_MESSAGE: {
		const ProtobufCMessage *message = *(const ProtobufCMessage *const *) at;
		if (message != NULL)
			return s_check_message (check->sub, message, err);
		return check->form == S_BODY ? s_refuse (self, check, err, "missing", 0) : 0;
	}
	default: return s_check_number (self, check, at, err);
	}
}

static size_t
s_value_bytes (const ProtobufCFieldDescriptor *field)
{
	switch (field->type) {
	case PROTOBUF_C_TYPE_STRING: return sizeof (char *);
	case PROTOBUF_C_TYPE_BYTES: return sizeof (ProtobufCBinaryData);
	case PROTOBUF_C_TYPE_MESSAGE: return sizeof (ProtobufCMessage *);
	default: weir_assert (!"a list of this type"); return 0;
	}
}

static int
s_check_list (const s_checks_t *self, const s_check_t *check, const void *base, // NOLINT
              weir_err_t *err)
{
	size_t n = *(const size_t *) ((const char *) base + check->field->quantifier_offset);
	if (n > WEIR_LIST_MAX)
		return s_refuse (self, check, err, "too many entries", n);
	if (check->sub != NULL && check->sub->n_checks == 0)
		return 0;
	const char *items = *(const char *const *) ((const char *) base + check->field->offset);
	size_t value_bytes = s_value_bytes (check->field);
	for (size_t i = 0; i < n; i++) {
		int rc = s_check_value (self, check, items + i * value_bytes, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int
s_check_message (const s_checks_t *self, const ProtobufCMessage *message, // NOLINT
                 weir_err_t *err)
{
	const char *base = (const char *) message;
	bool has_body = false;
	for (uint32_t i = 0; i < self->n_checks; i++) {
		const s_check_t *check = &self->checks[i];
		const ProtobufCFieldDescriptor *field = check->field;
		if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
			if (*(const uint32_t *) (base + field->quantifier_offset) != field->id)
				continue;
			has_body = *(const void *const *) (base + field->offset) != NULL;
		}
		int rc = field->label == PROTOBUF_C_LABEL_REPEATED
		             ? s_check_list (self, check, message, err)
		             : s_check_value (self, check, base + field->offset, err);
		if (rc < 0)
			return rc;
	}
	if (self->is_body && !has_body)
		return weir_err_invalid (err, "MessageInvalid", NULL, "%s: no body, or one that is unknown",
		                         self->message->short_name);
	return 0;
}

int
weir_rules_check (const ProtobufCMessage *message, weir_err_t *err)
{
	pthread_once (&s_once, s_compile_all);
	for (uint32_t i = 0; i < s_n_messages; i++)
		if (s_table[i].message == message->descriptor)
			return s_check_message (&s_table[i], message, err);
	return weir_err_set (err, WEIR_E_BUG, WEIR_CLASS_BUG, "Internal", NULL, "no rules for %s",
	                     message->descriptor->name);
}
