/* codec.c - every body there and back; every bound of the rules from both sides */
#include "tests/unit/messages/make.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void
s_round_trip (const ProtobufCMessageDescriptor *type, unsigned body, size_t n_list)
{
	bool is_control = type == &weir__control__descriptor;
	ProtobufCMessage *made = make_message (type, body, n_list);
	if (made == NULL)
		return;
	size_t n_bytes = 0, n_again = 0;
	uint8_t *bytes = is_control ? weir_control_encode ((Weir__Control *) made, &n_bytes)
	                            : weir_data_encode ((Weir__Data *) made, &n_bytes);
	weir_err_t err;
	weir_err_clear (&err);
	uint8_t *again = NULL;
	if (is_control) {
		Weir__Control *back = weir_control_decode (bytes, n_bytes, &err);
		if (back == NULL)
			fail_msg ("%s: %s", weir_control_name ((int) body), err.text);
		assert_int_equal (back->body_case, body);
		again = weir_control_encode (back, &n_again);
		weir_control_free (&back);
		assert_null (back);
		weir_control_free (&back);
	} else {
		Weir__Data *back = weir_data_decode (bytes, n_bytes, &err);
		if (back == NULL)
			fail_msg ("%s: %s", weir_data_name ((int) body), err.text);
		again = weir_data_encode (back, &n_again);
		weir_data_free (&back);
		weir_data_free (&back);
	}
	assert_int_equal (n_again, n_bytes);
	assert_memory_equal (again, bytes, n_bytes);
	free (bytes);
	free (again);
	protobuf_c_message_free_unpacked (made, NULL);
}

static void
test_every_body_comes_back (void **state)
{
	(void) state;
	for (unsigned body = 0; body < WEIR_CONTROL_N_BODIES + 3; body++)
		for (size_t n = 0; n < 600; n = n * 3 + 1)
			s_round_trip (&weir__control__descriptor, body, n);
	for (unsigned body = 0; body < WEIR_DATA_N_BODIES + 3; body++)
		for (size_t n = 0; n < 600; n = n * 3 + 1)
			s_round_trip (&weir__data__descriptor, body, n);
}

static void
test_tables_hold_every_body (void **state)
{
	(void) state;
	for (unsigned i = 0; i < weir__control__descriptor.n_fields; i++)
		assert_true (weir__control__descriptor.fields[i].id < WEIR_CONTROL_N_BODIES);
	for (unsigned i = 0; i < weir__data__descriptor.n_fields; i++)
		assert_true (weir__data__descriptor.fields[i].id < WEIR_DATA_N_BODIES);
	assert_string_equal (weir_control_name (WEIR__CONTROL__BODY_HELLO), "hello");
	assert_string_equal (weir_control_name (0), "none");
	assert_string_equal (weir_control_name (99), "unknown");
	assert_string_equal (weir_data_name (WEIR__DATA__BODY_BLOCK), "block");
	assert_string_equal (weir_data_name (1), "unknown");
}

/* ---- bounds: a message with one field changed is taken or refused */
static char s_long_text[100000];

static bool
s_is_taken (const Weir__Control *msg)
{
	size_t n_bytes;
	weir_err_t err;
	weir_err_clear (&err);
	uint8_t *bytes = weir_control_encode (msg, &n_bytes);
	Weir__Control *back = weir_control_decode (bytes, n_bytes, &err);
	bool is_taken = back != NULL;
	if (!is_taken) {
		assert_string_equal (err.code, "MessageInvalid");
		assert_int_equal (err.status, WEIR_E_INVALID);
	}
	weir_control_free (&back);
	free (bytes);
	return is_taken;
}

static Weir__Submit
s_submit (void)
{
	Weir__Submit submit = WEIR__SUBMIT__INIT;
	submit.job = (char *) "j";
	submit.graph = (char *) "{}";
	submit.results_dir = (char *) "/r";
	return submit;
}

static bool
s_takes_submit (Weir__Submit *submit)
{
	Weir__Client client = WEIR__CLIENT__INIT;
	client.body_case = WEIR__CLIENT__BODY_SUBMIT;
	client.submit = submit;
	Weir__Control msg = WEIR_CONTROL (CLIENT, client, &client);
	return s_is_taken (&msg);
}

static char *
s_text_of (size_t n)
{
	memset (s_long_text, 'a', sizeof s_long_text);
	s_long_text[n] = '\0';
	s_long_text[0] = '/';
	return s_long_text;
}

typedef struct {
	const char *field, *value;
	size_t n; /* instead of a value: so many characters, the first a slash */
	bool is_taken;
} s_text_case_t;

static const s_text_case_t s_text_cases[] = {
	{ "job", "", 0, false },
	{ "job", "A-z_09", 0, true },
	{ "job", "a/b", 0, false },
	{ "job", "a b", 0, false },
	{ "job", "\xC3\xA4", 0, false },
	{ "job", "1234567890123456789012345678901234567890123456789012345678901234", 0, true },
	{ "job", "12345678901234567890123456789012345678901234567890123456789012345", 0, false },
	{ "graph", "", 0, false },
	{ "graph", NULL, 90000, true },
	{ "graph", "\xC0\x80", 0, false },
	{ "graph", "\xED\xA0\x80", 0, false },
	{ "graph", "\xF4\x90\x80\x80", 0, false },
	{ "graph", "\xF0\x9F\x8C\x8A", 0, true },
	{ "graph", "cut \xE2\x82", 0, false },
	{ "results_dir", "", 0, false },
	{ "results_dir", "relative/dir", 0, false },
	{ "results_dir", NULL, 4096, true },
	{ "results_dir", NULL, 4097, false },
	{ "work_dir", "", 0, true },
	{ "work_dir", "x", 0, false },
	{ "owner", NULL, 256, true },
	{ "owner", NULL, 257, false },
	{ "cluster", NULL, 257, false },
};

static void
test_texts_have_bounds (void **state)
{
	(void) state;
	for (size_t i = 0; i < sizeof s_text_cases / sizeof s_text_cases[0]; i++) {
		const s_text_case_t *c = &s_text_cases[i];
		Weir__Submit submit = s_submit ();
		const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field_by_name (
			submit.base.descriptor, c->field);
		char *value = c->value != NULL ? (char *) c->value : s_text_of (c->n);
		*(char **) ((char *) &submit + field->offset) = value;
		if (s_takes_submit (&submit) != c->is_taken)
			fail_msg ("case %zu: %s", i, c->field);
	}
}

static void
test_numbers_have_bounds (void **state)
{
	(void) state;
	static const struct {
		int64_t width;
		bool is_taken;
	} cases[] = { { 0, true },          { 4096, true },    { -1, false },
		          { INT64_MIN, false }, { 1 << 30, true }, { (1 << 30) + 1, false } };
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		Weir__Submit submit = s_submit ();
		submit.chunk_width = cases[i].width;
		assert_int_equal (s_takes_submit (&submit), cases[i].is_taken);
	}
}

typedef struct {
	size_t instance, key, root;
	int kind;
	uint32_t min, max;
	bool is_taken;
} s_hello_case_t;

static const s_hello_case_t s_hello_cases[] = {
	{ 16, 0, 0, 1, 1, 1, true },   { 16, 32, 16, 3, 1, 9, true }, { 0, 0, 0, 1, 1, 1, false },
	{ 15, 0, 0, 1, 1, 1, false },  { 17, 0, 0, 1, 1, 1, false },  { 16, 31, 0, 1, 1, 1, false },
	{ 16, 33, 0, 1, 1, 1, false }, { 16, 0, 15, 1, 1, 1, false }, { 16, 0, 0, 0, 1, 1, false },
	{ 16, 0, 0, 4, 1, 1, false },  { 16, 0, 0, 77, 1, 1, false }, { 16, 0, 0, -1, 1, 1, false },
	{ 16, 0, 0, 1, 0, 1, false },  { 16, 0, 0, 1, 2, 1, false },
};

static void
test_hello_has_bounds (void **state)
{
	(void) state;
	uint8_t zeros[64] = { 0 };
	for (size_t i = 0; i < sizeof s_hello_cases / sizeof s_hello_cases[0]; i++) {
		const s_hello_case_t *c = &s_hello_cases[i];
		Weir__Hello hello = WEIR__HELLO__INIT;
		hello.endpoint = (char *) "inproc://x";
		hello.instance = (ProtobufCBinaryData){ c->instance, zeros };
		hello.public_key = (ProtobufCBinaryData){ c->key, zeros };
		hello.root_id = (ProtobufCBinaryData){ c->root, zeros };
		hello.kind = (Weir__ActorKind) c->kind;
		hello.protocol_min = c->min;
		hello.protocol_max = c->max;
		Weir__Control msg = WEIR_CONTROL (HELLO, hello, &hello);
		if (s_is_taken (&msg) != c->is_taken)
			fail_msg ("case %zu", i);
	}
}

static void
test_bitmaps_and_hashes_have_sizes (void **state)
{
	(void) state;
	uint8_t *bytes = calloc (1, ((size_t) 1 << 20) + 1);
	for (size_t extra = 0; extra < 2; extra++) {
		Weir__HandedBack back = WEIR__HANDED_BACK__INIT;
		back.runs = (ProtobufCBinaryData){ ((size_t) 1 << 20) + extra, bytes };
		Weir__Control msg = WEIR_CONTROL (HANDED_BACK, handed_back, &back);
		assert_int_equal (s_is_taken (&msg), extra == 0);
	}
	for (size_t n = 31; n <= 33; n++) {
		Weir__PlanRequest ask = WEIR__PLAN_REQUEST__INIT;
		ask.sha256 = (ProtobufCBinaryData){ n, bytes };
		Weir__Control msg = WEIR_CONTROL (PLAN_REQUEST, plan_request, &ask);
		assert_int_equal (s_is_taken (&msg), n == 32);
	}
	free (bytes);
}

static void
test_lists_have_bounds (void **state)
{
	(void) state;
	Weir__ChunkRef one = WEIR__CHUNK_REF__INIT;
	one.chunk = 1;
	one.token_hi = one.token_lo = 5;
	Weir__ChunkRef **refs = calloc (WEIR_LIST_MAX + 1, sizeof (void *));
	for (size_t i = 0; i <= WEIR_LIST_MAX; i++)
		refs[i] = &one;
	for (size_t extra = 0; extra < 2; extra++) {
		Weir__Reserved reserved = WEIR__RESERVED__INIT;
		reserved.chunks = refs;
		reserved.n_chunks = WEIR_LIST_MAX + extra;
		Weir__Control msg = WEIR_CONTROL (RESERVED, reserved, &reserved);
		assert_int_equal (s_is_taken (&msg), extra == 0);
	}
	free (refs);
}

static void
test_bodies_must_be_there (void **state)
{
	(void) state;
	weir_err_t err;
	static const uint8_t unknown[] = { 0xBA, 0x06, 0x00 }; /* field 103, empty */
	assert_null (weir_control_decode (unknown, sizeof unknown, &err));
	assert_null (weir_control_decode (unknown, 0, &err));
	static const uint8_t empty_client[] = { 0x0A, 0x00 };
	assert_null (weir_control_decode (empty_client, sizeof empty_client, &err));
	Weir__Refused refused = WEIR__REFUSED__INIT;
	Weir__Control msg = WEIR_CONTROL (REFUSED, refused, &refused);
	assert_false (s_is_taken (&msg));
	Weir__Error error = WEIR__ERROR__INIT;
	refused.error = &error;
	assert_true (s_is_taken (&msg));
	error.class_ = (Weir__ErrorClass) 9;
	assert_false (s_is_taken (&msg));
}

static void
test_payloads_belong_to_partials_and_blocks (void **state)
{
	(void) state;
	Weir__Credit credit = WEIR__CREDIT__INIT;
	Weir__Block block = WEIR__BLOCK__INIT;
	Weir__Data with_credit = WEIR_DATA (CREDIT, credit, &credit);
	Weir__Data with_block = WEIR_DATA (BLOCK, block, &block);
	static const struct {
		bool is_block, is_taken;
		uint32_t protocol;
		uint64_t payload_bytes;
	} cases[] = {
		{ true, true, 1, WEIR_PAYLOAD_BYTES_MAX },
		{ true, false, 1, WEIR_PAYLOAD_BYTES_MAX + 1 },
		{ false, true, 1, 0 },
		{ false, false, 1, 1 },
		{ true, false, 0, 1 },
		{ true, false, WEIR_PROTOCOL_MAX + 1, 1 },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		Weir__Data *msg = cases[i].is_block ? &with_block : &with_credit;
		msg->protocol = cases[i].protocol;
		msg->payload_bytes = cases[i].payload_bytes;
		size_t n_bytes;
		uint8_t *bytes = weir_data_encode (msg, &n_bytes);
		Weir__Data *back = weir_data_decode (bytes, n_bytes, NULL);
		assert_int_equal (back != NULL, cases[i].is_taken);
		weir_data_free (&back);
		free (bytes);
	}
}

static void
test_errors_travel (void **state)
{
	(void) state;
	weir_err_t err, back;
	weir_err_set (&err, WEIR_E_IO, WEIR_CLASS_RETRY, "FileUnreadable", "a.tif", "read: %s", "gone");
	Weir__Error msg;
	weir_error_to_message (&err, &msg);
	weir_error_from_message (&msg, &back);
	assert_int_equal (back.status, WEIR_E_IO);
	assert_int_equal (back.klass, WEIR_CLASS_RETRY);
	assert_string_equal (back.code, "FileUnreadable");
	assert_string_equal (back.where, "a.tif");
	assert_string_equal (back.text, "read: gone");
	weir_error_from_message (NULL, &back);
	assert_int_equal (back.status, WEIR_E_BUG);
	assert_int_equal (back.klass, WEIR_CLASS_BUG);
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (test_every_body_comes_back),
		cmocka_unit_test (test_tables_hold_every_body),
		cmocka_unit_test (test_texts_have_bounds),
		cmocka_unit_test (test_numbers_have_bounds),
		cmocka_unit_test (test_hello_has_bounds),
		cmocka_unit_test (test_bitmaps_and_hashes_have_sizes),
		cmocka_unit_test (test_lists_have_bounds),
		cmocka_unit_test (test_bodies_must_be_there),
		cmocka_unit_test (test_payloads_belong_to_partials_and_blocks),
		cmocka_unit_test (test_errors_travel),
	};
	return cmocka_run_group_tests (tests, NULL, NULL);
}
