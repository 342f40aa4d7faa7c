/* hostile.c - mutated, truncated, spliced and random bytes: an error or a message that keeps the
 * rules, never a crash
 *
 * Seeded: the same bytes every time. What decodes is encoded and decoded again; that may only fail
 * for fields that nobody knows (field number 0 in long form is kept, but not taken back).
 */
#include "tests/unit/messages/make.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define S_BYTES_MAX 4096
#define S_ROUNDS 200000

static uint64_t s_seed = 0x9E3779B97F4A7C15U;

static uint32_t
s_random (uint32_t below)
{
	s_seed ^= s_seed << 13;
	s_seed ^= s_seed >> 7;
	s_seed ^= s_seed << 17;
	return (uint32_t) (s_seed >> 32) % below;
}

typedef struct {
	uint8_t *bytes;
	size_t n_bytes;
} s_sample_t;

static s_sample_t s_samples[WEIR_CONTROL_N_BODIES + WEIR_DATA_N_BODIES];
static size_t s_n_samples;

static void
s_add_samples (const ProtobufCMessageDescriptor *type, unsigned n_bodies)
{
	for (unsigned body = 1; body < n_bodies; body++) {
		ProtobufCMessage *made = make_message (type, body, 3);
		if (made == NULL)
			continue;
		s_sample_t *sample = &s_samples[s_n_samples++];
		sample->bytes = malloc (protobuf_c_message_get_packed_size (made) + 1);
		sample->n_bytes = protobuf_c_message_pack (made, sample->bytes);
		protobuf_c_message_free_unpacked (made, NULL);
	}
}

static void
s_mutate (uint8_t *bytes, size_t *n_p)
{
	size_t n = *n_p;
	switch (s_random (6)) {
	case 0: *n_p = n > 0 ? s_random ((uint32_t) n) : 0; break;
	case 1:
		if (n > 0)
			bytes[s_random ((uint32_t) n)] ^= (uint8_t) (1U << s_random (8));
		break;
	case 2:
		if (n > 0)
			bytes[s_random ((uint32_t) n)] = (uint8_t) s_random (256);
		break;
	case 3: { /* a piece of another message on top */
		const s_sample_t *other = &s_samples[s_random ((uint32_t) s_n_samples)];
		if (other->n_bytes == 0 || n == 0)
			break;
		size_t from = s_random ((uint32_t) other->n_bytes), to = s_random ((uint32_t) n);
		size_t length = 1 + s_random (64);
		for (size_t i = 0; i < length && from + i < other->n_bytes && to + i < n; i++)
			bytes[to + i] = other->bytes[from + i];
		break;
	}
	case 4: /* the same again behind it: doubled fields merge */
		if (n * 2 <= S_BYTES_MAX) {
			memcpy (bytes + n, bytes, n);
			*n_p = n * 2;
		}
		break;
	default:
		if (n + 8 <= S_BYTES_MAX)
			for (int i = 0; i < 8; i++)
				bytes[(*n_p)++] = (uint8_t) s_random (256);
		break;
	}
}

/* An exact copy on the heap, so that the sanitizer sees a read beyond it. */
static bool
s_try (const uint8_t *bytes, size_t n_bytes)
{
	uint8_t *exact = malloc (n_bytes > 0 ? n_bytes : 1);
	memcpy (exact, bytes, n_bytes);
	weir_err_t err;
	size_t n_again;
	Weir__Control *control = weir_control_decode (exact, n_bytes, &err);
	Weir__Data *data = weir_data_decode (exact, n_bytes, &err);
	bool is_taken = control != NULL || data != NULL;
	if (control != NULL) {
		uint8_t *again = weir_control_encode (control, &n_again);
		Weir__Control *twice = weir_control_decode (again, n_again, &err);
		weir_control_free (&twice);
		free (again);
	}
	if (data != NULL) {
		uint8_t *again = weir_data_encode (data, &n_again);
		Weir__Data *twice = weir_data_decode (again, n_again, &err);
		weir_data_free (&twice);
		free (again);
	}
	weir_control_free (&control);
	weir_data_free (&data);
	free (exact);
	return is_taken;
}

static void
test_mutated (void **state)
{
	(void) state;
	uint8_t bytes[2 * S_BYTES_MAX];
	size_t n_taken = 0;
	for (int round = 0; round < S_ROUNDS; round++) {
		const s_sample_t *sample = &s_samples[s_random ((uint32_t) s_n_samples)];
		size_t n = sample->n_bytes;
		assert_true (n <= S_BYTES_MAX);
		memcpy (bytes, sample->bytes, n);
		for (uint32_t i = 0, times = 1 + s_random (4); i < times; i++)
			s_mutate (bytes, &n);
		n_taken += s_try (bytes, n);
	}
	assert_true (n_taken > S_ROUNDS / 100);
	assert_true (n_taken < S_ROUNDS);
}

static void
test_every_truncation (void **state)
{
	(void) state;
	for (size_t i = 0; i < s_n_samples; i++)
		for (size_t n = 0; n <= s_samples[i].n_bytes; n++)
			s_try (s_samples[i].bytes, n);
}

static void
test_random_bytes (void **state)
{
	(void) state;
	uint8_t bytes[256];
	for (int round = 0; round < S_ROUNDS; round++) {
		size_t n = s_random (sizeof bytes);
		for (size_t i = 0; i < n; i++)
			bytes[i] = (uint8_t) s_random (256);
		s_try (bytes, n);
	}
}

/* Two bytes an entry ask for a hundred: the budget ends that. */
static void
test_lists_of_nothing_cost_little (void **state)
{
	(void) state;
	size_t n_list = (size_t) 8 << 20, at = 0;
	uint8_t *bytes = malloc (n_list + 32);
	bytes[at++] = 0x62; /* Control.leases */
	for (size_t left = n_list; left > 0; left >>= 7)
		bytes[at++] = (uint8_t) ((left & 0x7F) | (left > 0x7F ? 0x80 : 0));
	for (size_t i = 0; i < n_list; i += 2) {
		bytes[at + i] = 0x1A; /* Leases.leases, empty */
		bytes[at + i + 1] = 0x00;
	}
	weir_err_t err;
	assert_null (weir_control_decode (bytes, at + n_list, &err));
	assert_non_null (strstr (err.text, "memory"));
	free (bytes);
}

static int
s_set_up (void **state)
{
	(void) state;
	s_add_samples (&weir__control__descriptor, WEIR_CONTROL_N_BODIES);
	s_add_samples (&weir__data__descriptor, WEIR_DATA_N_BODIES);
	return 0;
}

static int
s_tear_down (void **state)
{
	(void) state;
	for (size_t i = 0; i < s_n_samples; i++)
		free (s_samples[i].bytes);
	return 0;
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (test_mutated),
		cmocka_unit_test (test_every_truncation),
		cmocka_unit_test (test_random_bytes),
		cmocka_unit_test (test_lists_of_nothing_cost_little),
	};
	return cmocka_run_group_tests (tests, s_set_up, s_tear_down);
}
