/* test_inspect.c - `weir inspect`: parts, encoded chunks, plans, recorded messages, and bytes that
 * are none of these */
#include "tests/e2e/harness.h"

#include "actors/job/job.h"
#include "actors/sink/part.h"
#include "connectors/raster/piece.h"
#include "runtime/base/mem.h"
#include "runtime/host/record.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
s_write_bytes (const char *path, const void *bytes, size_t n)
{
	FILE *file = fopen (path, "wb");
	assert_non_null (file);
	assert_int_equal (fwrite (bytes, 1, n, file), n);
	assert_int_equal (fclose (file), 0);
}

/* Runs, and wants these words on the named stream. */
static void
s_expect (const char *arguments, int status, const char *out, const char *err)
{
	e2e_result_t result = e2e_weir ("inspect %s", arguments);
	if (result.status != status || strstr (result.out, out) == NULL ||
	    strstr (result.err, err) == NULL || (err[0] == '\0' && result.err[0] != '\0'))
		fail_msg ("inspect %s: %d\n%s%s", arguments, result.status, result.out, result.err);
	e2e_free (&result);
}

/* Two tiles of 16 × 32 uint8, of 3 and 5 bytes. */
static size_t
s_make_encoded (uint8_t *bytes)
{
	weir_piece_shape_t shape = { .kind = WEIR_PIECE_TILES,
		                         .type = WEIR_U8,
		                         .n_bands = 1,
		                         .width = 16,
		                         .height = 32,
		                         .n_cols = 2,
		                         .n_rows = 1,
		                         .n_pieces = 2 };
	weir_piece_range_t range = { 2, 7, 40 };
	uint32_t lengths[2] = { 3, 5 };
	weir_piece_write_head (&shape, &range, lengths, bytes);
	memset (bytes + weir_piece_head_bytes (&shape), 9, 8);
	return weir_piece_head_bytes (&shape) + 8;
}

static void
test_encoded_chunk (void **state)
{
	(void) state;
	uint8_t bytes[128];
	size_t n = s_make_encoded (bytes);
	s_write_bytes ("chunk.bin", bytes, n);
	s_expect ("chunk.bin", 0, "encoded chunk, 80 bytes: 2 tiles of 16 x 32 uint8", "");
	s_expect ("chunk.bin", 0,
	          "valid 2 to 7\nband 0, row 0, col 0: 3 bytes\nband 0, row 0, col 1: 5", "");
	s_expect ("chunk.bin --json", 0, "\"lengths\":[3,5]", "");
	s_write_bytes ("chunk.bin", bytes, n - 1);
	s_expect ("chunk.bin", 1, "", "FileUnreadable: chunk.bin: an encoded chunk whose header");
	s_write_bytes ("chunk.bin", bytes, 20);
	s_expect ("chunk.bin", 1, "", "an encoded chunk whose header");
}

static void
test_part (void **state)
{
	(void) state;
	weir_part_file_t *part = NULL;
	weir_err_t err;
	uint8_t bytes[128];
	size_t n = s_make_encoded (bytes);
	uint64_t end, second;
	assert_int_equal (weir_part_create ("part-0.weir", &part, &err), 0);
	assert_int_equal (weir_part_append (part, 7, bytes, n, &end, &err), 0);
	assert_int_equal (weir_part_append (part, 3, "abc", 3, &second, &err), 0);
	weir_part_close (&part);
	s_expect ("part-0.weir", 0, "chunk 7: offset 32, length 80, crc ok; 2 tiles of 16 x 32", "");
	s_expect ("part-0.weir", 0, "chunk 3: offset 144, length 3, crc ok\npart: 2 records in 147",
	          "");
	s_expect ("--json part-0.weir", 0,
	          "{\"kind\":\"part\",\"records\":2,\"bytes\":147,\"tail_bytes\":0}", "");
	/* a byte of the first payload, and half a record at the end */
	char *text = e2e_read ("part-0.weir");
	uint8_t changed[160];
	memcpy (changed, text, 147);
	free (text);
	changed[100] ^= 1;
	s_write_bytes ("bad.weir", changed, 147);
	s_expect ("bad.weir", 1, "chunk 7: offset 32, length 80, crc WRONG\nchunk 3",
	          "1 records are not");
	changed[100] ^= 1;
	memcpy (changed + 147, "WRP1 half", 9);
	s_write_bytes ("cut.weir", changed, 156);
	s_expect ("cut.weir", 1, "part: 2 records in 147", "9 bytes after the last whole record");
}

static void
test_plan (void **state)
{
	(void) state;
	weir_plan_t *plan = weir_plan_null (5);
	char *text = weir_plan_encode (plan);
	size_t n = 0;
	uint8_t *packed = weir_plan_pack (text, strlen (text), &n);
	s_write_bytes ("plan.json", text, strlen (text));
	s_write_bytes ("plan.z", packed, n);
	s_expect ("plan.json", 0, "chunks: ", "");
	s_expect ("plan.z", 0, "chunks: ", "");
	s_expect ("plan.z --json", 0, "\"chunks\"", "");
	s_write_bytes ("half.json", text, strlen (text) / 2);
	s_expect ("half.json", 1, "", "FileUnreadable: half.json: JSON, but not a plan: ");
	s_write_bytes ("half.z", packed, n / 2);
	s_expect ("half.z", 1, "", "not a part, an encoded chunk, a plan or recorded messages");
	free (packed);
	free (text);
	weir_plan_destroy (&plan);
}

/* ---- messages */

static void
s_record_job (void)
{
	static const uint8_t cells[32 * 32] = { 1 };
	e2e_archive_t archive = {
		.folder = "small", .band = "b", .type = GDT_Byte, .has_nodata = true, .nodata = 255
	};
	e2e_item_t item = { "I1", "2022-09-02T00:00:00Z", 0, 0, 32, 32, cells };
	e2e_make_archive (&archive, 1, &item);
	e2e_write_fold_graph ("graph.json", "small/collection.json", "b", "max", NULL, "{}");
	setenv ("WEIR_RECORD", "messages.bin", 1);
	e2e_expect (0, "run graph.json -o out");
	unsetenv ("WEIR_RECORD");
}

static void
test_messages (void **state)
{
	(void) state;
	s_record_job ();
	static const struct {
		const char *kind, *receiver, *message;
	} wanted[] = {
		{ "control", "coordinator", "hello" },    { "control", "reader", "orders" },
		{ "control", "compute", "leases" },       { "data", "sink", "block" },
		{ "data", "compute", "stored" },          { "control", "sink", "finish" },
		{ "control", "coordinator", "finished" }, { "control", "client", "client" },
	};
	bool seen[sizeof wanted / sizeof *wanted] = { false };
	e2e_result_t result = e2e_weir ("inspect messages.bin --json");
	assert_int_equal (result.status, 0);
	for (char *line = strtok (result.out, "\n"); line != NULL; line = strtok (NULL, "\n")) {
		json_t *json = json_loads (line, 0, NULL);
		assert_non_null (json);
		assert_null (json_object_get (json, "error"));
		assert_true (json_is_object (json_object_get (json, "fields")));
		const char *kind = json_string_value (json_object_get (json, "kind"));
		const char *receiver = json_string_value (json_object_get (json, "receiver"));
		const char *message = json_string_value (json_object_get (json, "message"));
		for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
			seen[i] = seen[i] || (strcmp (kind, wanted[i].kind) == 0 &&
			                      strcmp (receiver, wanted[i].receiver) == 0 &&
			                      strcmp (message, wanted[i].message) == 0);
		json_decref (json);
	}
	e2e_free (&result);
	for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
		if (!seen[i])
			fail_msg ("no %s at %s", wanted[i].message, wanted[i].receiver);
	s_expect ("messages.bin", 0, " client control client from 0: {\"submitted\":{\"job\":\"", "");
	s_expect ("messages.bin", 0, "of payload", "");
}

/* A message that does not decode is shown with its reason; a recording that is cut is an error. */
static void
test_bad_messages (void **state)
{
	(void) state;
	uint8_t bytes[WEIR_RECORD_HEAD_BYTES + 5] = WEIR_RECORD_MAGIC;
	uint32_t kind = WEIR_RECORD_CONTROL, n = 5;
	memcpy (bytes + 8, &kind, 4);
	memcpy (bytes + 12, &n, 4);
	memcpy (bytes + 48, "compute", 7);
	memcpy (bytes + WEIR_RECORD_HEAD_BYTES, "\xff\xff\xff\xff\xff", 5);
	s_write_bytes ("bad.bin", bytes, sizeof bytes);
	s_expect ("bad.bin", 0, "1970-01-01T00:00:00.000000Z compute control unreadable from 0: ", "");
	s_expect ("bad.bin --json", 0, "\"message\":\"unreadable\"", "");
	s_write_bytes ("bad.bin", bytes, sizeof bytes - 1);
	s_expect ("bad.bin", 1, "", "FileUnreadable: bad.bin: the message at byte 0 is cut short");
	bytes[8] = 9;
	s_write_bytes ("bad.bin", bytes, sizeof bytes);
	s_expect ("bad.bin", 1, "", "no message begins at byte 0");
	memset (bytes + 48, 0xFF, 16);
	bytes[8] = WEIR_RECORD_DATA;
	s_write_bytes ("bad.bin", bytes, sizeof bytes);
	s_expect ("bad.bin --json", 0, "\"message\":\"unreadable\"", "");
}

static void
test_other_files (void **state)
{
	(void) state;
	static const char none[] = "not a part, an encoded chunk, a plan or recorded messages";
	e2e_write ("text.txt", "hello\n");
	e2e_write ("empty.txt", "%s", "");
	e2e_write ("graph2.json", "{\"process_graph\": {}}");
	s_expect ("text.txt", 1, "", none);
	s_expect ("empty.txt", 1, "", none);
	s_expect ("graph2.json", 1, "", "JSON, but not a plan");
	s_expect ("missing.bin", 1, "", "missing.bin: cannot be opened: No such file or directory");
	s_expect (".", 1, "", "cannot be opened: Is a directory");
	s_expect ("--help", 0, "usage: weir inspect FILE [--json]", "");
	s_expect ("", 2, "", "expected one file, found 0");
	s_expect ("a b", 2, "", "expected one file, found 2");
	s_expect ("--colour a", 2, "", "unknown option: --colour");
	/* seeded noise behind each magic */
	static const char *const magics[] = { "WRP1", WEIR_RECORD_MAGIC, WEIR_PIECE_MAGIC, "{",
		                                  "\x78" };
	unsigned x = 1;
	for (size_t i = 0; i < sizeof magics / sizeof *magics; i++) {
		uint8_t bytes[300];
		for (size_t k = 0; k < sizeof bytes; k++) {
			x = x * 1664525U + 1013904223U;
			bytes[k] = (uint8_t) (x >> 24);
		}
		memcpy (bytes, magics[i], strlen (magics[i]));
		s_write_bytes ("noise.bin", bytes, sizeof bytes);
		s_expect ("noise.bin", 1, "", "weir: error: FileUnreadable: noise.bin: ");
	}
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (test_encoded_chunk), cmocka_unit_test (test_part),
		cmocka_unit_test (test_plan),          cmocka_unit_test (test_messages),
		cmocka_unit_test (test_bad_messages),  cmocka_unit_test (test_other_files),
	};
	return cmocka_run_group_tests (tests, e2e_setup, e2e_teardown);
}
