/* test_part.c - parts: whatever is torn off or broken, whole records before it are found and
 * nothing else */
#include "actors/sink/part.h"

#include "runtime/base/mem.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

static char s_dir[] = "/tmp/weir-part-XXXXXX";

static char *
s_path (const char *name)
{
	return weir_asprintf ("%s/%s", s_dir, name);
}

static const struct {
	uint64_t chunk;
	const char *payload;
} s_records[] = {
	{ 7, "seven" }, { 0, "" }, { UINT64_C (1) << 40, "far away" }, { 7, "seven again" }
};

#define N_RECORDS (sizeof s_records / sizeof s_records[0])

/* Writes them all; ends_out: where each ends. */
static void
s_write (const char *path, uint64_t ends_out[N_RECORDS])
{
	weir_err_t err;
	weir_part_file_t *part = NULL;
	assert_int_equal (weir_part_create (path, &part, &err), 0);
	for (size_t i = 0; i < N_RECORDS; i++)
		assert_int_equal (weir_part_append (part, s_records[i].chunk, s_records[i].payload,
		                                    strlen (s_records[i].payload), &ends_out[i], &err),
		                  0);
	uint64_t synced;
	assert_int_equal (weir_part_sync (part, &synced, &err), 0);
	assert_int_equal (synced, ends_out[N_RECORDS - 1]);
	assert_int_equal (weir_part_end (part), synced);
	weir_part_close (&part);
	weir_part_close (&part);
}

static size_t
s_index (const char *path, weir_part_entry_t **entries_out)
{
	weir_err_t err;
	size_t n = 0;
	assert_int_equal (weir_part_index (1, &path, entries_out, &n, &err), 0);
	return n;
}

static void
s_expect_payload (const char *path, const weir_part_entry_t *entry, const char *payload)
{
	weir_err_t err;
	uint8_t *bytes = NULL;
	int fd = open (path, O_RDONLY | O_CLOEXEC);
	assert_int_equal (entry->n_bytes, strlen (payload));
	assert_int_equal (weir_part_fetch (fd, path, entry, &bytes, &err), 0);
	assert_memory_equal (bytes, payload, strlen (payload));
	free (bytes);
	close (fd);
}

static void
test_what_is_written_is_read (void **state)
{
	(void) state;
	char *path = s_path ("whole");
	uint64_t ends[N_RECORDS];
	s_write (path, ends);
	weir_part_entry_t *entries = NULL;
	assert_int_equal (s_index (path, &entries), 3);
	assert_int_equal (entries[0].chunk, 0);
	s_expect_payload (path, &entries[0], "");
	s_expect_payload (path, &entries[1], "seven"); /* the first copy wins */
	assert_true (entries[2].chunk == UINT64_C (1) << 40);
	s_expect_payload (path, &entries[2], "far away");
	free (entries);
	free (path);
}

static void
test_the_first_copy_wins_across_parts (void **state)
{
	(void) state;
	char *paths[3] = { s_path ("one"), s_path ("never written"), s_path ("two") };
	uint64_t ends[N_RECORDS];
	s_write (paths[0], ends);
	s_write (paths[2], ends);
	weir_part_entry_t *entries = NULL;
	weir_err_t err;
	size_t n;
	assert_int_equal (weir_part_index (3, (const char *const *) paths, &entries, &n, &err), 0);
	assert_int_equal (n, 3);
	for (size_t i = 0; i < n; i++)
		assert_int_equal (entries[i].part, 0);
	free (entries);
	for (size_t i = 0; i < 3; i++)
		free (paths[i]);
}

/* Records that are whole before byte `size`. */
static size_t
s_n_whole (const uint64_t ends[N_RECORDS], uint64_t size)
{
	size_t n = 0;
	while (n < N_RECORDS && ends[n] <= size)
		n++;
	return n < N_RECORDS ? n : 3; /* the last is a copy */
}

static void
test_torn_at_any_byte (void **state)
{
	(void) state;
	char *path = s_path ("torn");
	uint64_t ends[N_RECORDS];
	s_write (path, ends);
	for (uint64_t size = ends[N_RECORDS - 1]; size > 0; size--) {
		assert_int_equal (truncate (path, (off_t) size - 1), 0);
		weir_part_entry_t *entries = NULL;
		assert_int_equal (s_index (path, &entries), s_n_whole (ends, size - 1));
		free (entries);
	}
	free (path);
}

static void
s_flip (const char *path, off_t at)
{
	uint8_t byte;
	int fd = open (path, O_RDWR | O_CLOEXEC);
	assert_int_equal (pread (fd, &byte, 1, at), 1);
	byte ^= 0x10;
	assert_int_equal (pwrite (fd, &byte, 1, at), 1);
	close (fd);
}

static void
test_a_flipped_bit_is_found (void **state)
{
	(void) state;
	char *path = s_path ("flipped");
	uint64_t ends[N_RECORDS];
	for (off_t at = 0; at < WEIR_PART_HEADER_BYTES + 5; at++) {
		s_write (path, ends);
		s_flip (path, at);
		weir_part_entry_t *entries = NULL;
		size_t n = s_index (path, &entries);
		if (at < WEIR_PART_HEADER_BYTES) {
			assert_int_equal (n, 0); /* nothing after a broken header can be trusted */
			free (entries);
			continue;
		}
		weir_err_t err;
		uint8_t *bytes = NULL;
		int fd = open (path, O_RDONLY | O_CLOEXEC);
		assert_true (weir_part_fetch (fd, path, &entries[1], &bytes, &err) < 0);
		assert_string_equal (err.code, "PartUnreadable");
		assert_null (bytes);
		close (fd);
		free (entries);
	}
	free (path);
}

static void
test_garbage_is_an_empty_part (void **state)
{
	(void) state;
	char *path = s_path ("garbage");
	FILE *file = fopen (path, "we");
	for (unsigned i = 0; i < 5000; i++)
		fputc ((int) (i * 2654435761U >> 13 & 255U), file);
	fclose (file);
	weir_part_entry_t *entries = NULL;
	assert_int_equal (s_index (path, &entries), 0);
	free (entries);
	free (path);
}

/* A limit on the file's size stands for a full disk: the record that does not fit leaves no trace.
 * */
static void
test_a_record_that_does_not_fit (void **state)
{
	(void) state;
	char *path = s_path ("full");
	weir_err_t err;
	weir_part_file_t *part = NULL;
	uint64_t end, kept;
	char payload[1000] = "x";
	struct rlimit old, limit;
	getrlimit (RLIMIT_FSIZE, &old);
	limit = old;
	limit.rlim_cur = 2000;
	signal (SIGXFSZ, SIG_IGN);
	assert_int_equal (weir_part_create (path, &part, &err), 0);
	assert_int_equal (weir_part_append (part, 1, payload, sizeof payload, &kept, &err), 0);
	setrlimit (RLIMIT_FSIZE, &limit);
	int status = weir_part_append (part, 2, payload, sizeof payload, &end, &err);
	setrlimit (RLIMIT_FSIZE, &old);
	assert_int_equal (status, WEIR_E_IO);
	assert_string_equal (err.code, "OutputUnwritable");
	assert_non_null (strstr (err.text, "File too large"));
	assert_int_equal (weir_part_end (part), kept);
	assert_int_equal (weir_part_append (part, 3, "abc", 3, &end, &err), 0);
	assert_int_equal (end, kept + WEIR_PART_HEADER_BYTES + 3);
	weir_part_close (&part);
	weir_part_entry_t *entries = NULL;
	assert_int_equal (s_index (path, &entries), 2);
	s_expect_payload (path, &entries[1], "abc");
	free (entries);
	free (path);
}

static void
test_a_full_disk_is_overload (void **state)
{
	(void) state;
	weir_err_t err;
	weir_part_file_t *part = NULL;
	uint64_t end;
	if (access ("/dev/full", W_OK) != 0)
		skip ();
	assert_int_equal (weir_part_create ("/dev/full", &part, &err), 0);
	assert_int_equal (weir_part_append (part, 1, "abc", 3, &end, &err), WEIR_E_FULL);
	assert_string_equal (err.code, "DiskFull");
	assert_int_equal (err.klass, WEIR_CLASS_OVERLOADED);
	assert_non_null (strstr (err.text, "No space left on device"));
	weir_part_close (&part);
	assert_true (weir_part_create ("/proc/nowhere/part", &part, &err) < 0);
	assert_string_equal (err.code, "OutputUnwritable");
}

static int
s_setup (void **state)
{
	(void) state;
	return mkdtemp (s_dir) != NULL ? 0 : -1;
}

static int
s_teardown (void **state)
{
	(void) state;
	char command[64];
	snprintf (command, sizeof command, "rm -rf %s", s_dir);
	return system (command);
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (test_what_is_written_is_read),
		cmocka_unit_test (test_the_first_copy_wins_across_parts),
		cmocka_unit_test (test_torn_at_any_byte),
		cmocka_unit_test (test_a_flipped_bit_is_found),
		cmocka_unit_test (test_garbage_is_an_empty_part),
		cmocka_unit_test (test_a_record_that_does_not_fit),
		cmocka_unit_test (test_a_full_disk_is_overload),
	};
	return cmocka_run_group_tests (tests, s_setup, s_teardown);
}
