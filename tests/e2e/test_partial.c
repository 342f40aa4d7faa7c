/* test_partial.c - what is delivered where a chunk cannot be computed, what --json says, and who
 * answers nobody */
#include "tests/e2e/harness.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SIDE 1024

static uint8_t s_cells[SIDE * SIDE];

/* One file of 4 × 4 blocks of noise. */
static void
s_make_cut (void)
{
	unsigned x = 7;
	for (size_t i = 0; i < sizeof s_cells; i++) {
		x = x * 1664525U + 1013904223U;
		s_cells[i] = (uint8_t) (x >> 31);
	}
	e2e_archive_t archive = { .folder = "cut",
		                      .band = "ensemble_flood_extent",
		                      .type = GDT_Byte,
		                      .has_nodata = true,
		                      .nodata = 255,
		                      .block = 256 };
	e2e_item_t item = { "I1", "2022-09-02T00:00:00Z", 0, 0, SIDE, SIDE, s_cells };
	e2e_make_archive (&archive, 1, &item);
	char *graph = e2e_source ("examples/max-flood-extent.json"), *text = e2e_read (graph);
	e2e_write ("graph.json", "%s", text);
	free (text);
	free (graph);
}

/* The end of the file, where the last block is, becomes zeros. */
static void
s_break_last_block (void)
{
	FILE *file = fopen ("cut/I1.tif", "r+e");
	assert_non_null (file);
	static const char zeros[2000];
	assert_int_equal (fseek (file, -(long) sizeof zeros, SEEK_END), 0);
	assert_int_equal (fwrite (zeros, 1, sizeof zeros, file), sizeof zeros);
	assert_int_equal (fclose (file), 0);
}

#define RUN "run graph.json -o out --chunk 512x512 --param catalog=cut/collection.json"

static void
test_without_partial_there_is_nothing (void **state)
{
	(void) state;
	s_make_cut ();
	s_break_last_block ();
	e2e_expect (1, RUN);
	assert_false (e2e_exists ("out/result.tif"));
	assert_false (e2e_exists ("out/result.partial.tif"));
	assert_false (e2e_exists ("out/missing.json"));
	assert_int_equal (e2e_leftovers ("out"), 0);
}

static void
test_partial_delivers_what_there_is (void **state)
{
	(void) state;
	s_make_cut ();
	s_break_last_block ();
	e2e_result_t result = e2e_weir (RUN " --partial --json");
	if (result.status != 1)
		print_error ("%s%s", result.out, result.err);
	assert_int_equal (result.status, 1);
	assert_non_null (strstr (result.err, "weir: error: JobIncomplete: "));
	assert_non_null (strstr (result.err, "1 of 4 chunks are missing"));
	assert_non_null (strstr (result.err, "I1.tif"));
	char *last = strstr (result.out, "{\"state\":\"incomplete\"");
	if (last == NULL)
		fail_msg ("no last line: %s", result.out);
	assert_non_null (strstr (last, "result.partial.tif"));
	assert_non_null (strstr (last, "missing.json"));
	e2e_free (&result);
	assert_false (e2e_exists ("out/result.tif"));
	assert_int_equal (e2e_leftovers ("out"), 0);
	char *list = e2e_read ("out/missing.json");
	assert_non_null (list);
	assert_non_null (strstr (list, "\"chunks_missing\": 1"));
	assert_non_null (strstr (list, "\"col\": 512"));
	assert_non_null (strstr (list, "I1.tif"));
	free (list);
	e2e_raster_t raster = e2e_raster ("out/result.partial.tif");
	assert_int_equal (raster.width, SIDE);
	for (size_t i = 0; i < (size_t) SIDE * SIDE; i++) {
		double wanted = i / SIDE >= 512 && i % SIDE >= 512 ? 255 : s_cells[i];
		if (raster.cells[i] != wanted)
			fail_msg ("cell %zu: %g, not %g", i, raster.cells[i], wanted);
	}
	e2e_raster_free (&raster);
}

static void
test_partial_of_a_whole_job_is_a_whole_result (void **state)
{
	(void) state;
	s_make_cut ();
	e2e_result_t result = e2e_weir (
		"run graph.json -o whole --partial --json --param catalog=cut/collection.json");
	assert_int_equal (result.status, 0);
	assert_string_equal (result.err, "");
	char *last = strstr (result.out, "{\"state\":\"done\",\"files\":[\"/");
	if (last == NULL || strchr (last, '\n') == NULL || strchr (last, '\n')[1] != '\0')
		fail_msg ("not the last line: %s", result.out);
	for (const char *line = result.out; line < last; line = strchr (line, '\n') + 1)
		assert_int_equal (strncmp (line, "{\"job\":\"", 8), 0);
	e2e_free (&result);
	assert_true (e2e_exists ("whole/result.tif"));
	assert_false (e2e_exists ("whole/missing.json"));
}

static void
test_json_of_a_job_that_fails (void **state)
{
	(void) state;
	s_make_cut ();
	assert_int_equal (unlink ("cut/I1.tif"), 0);
	e2e_result_t result = e2e_weir (
		"run graph.json -o bad --json --param catalog=cut/collection.json");
	assert_int_equal (result.status, 1);
	char *last = strstr (result.out, "{\"state\":\"failed\",\"files\":[],\"error\":{\"code\":\"");
	if (last == NULL)
		fail_msg ("no last line: %s", result.out);
	assert_non_null (strstr (last, "No such file or directory"));
	e2e_free (&result);
}

static void
test_nobody_listens (void **state)
{
	(void) state;
	s_make_cut ();
	e2e_result_t result = e2e_weir (
		"run graph.json -o bad --coordinator ipc:///tmp/weir-nobody-listens --param catalog=x");
	assert_int_equal (result.status, 1);
	assert_non_null (strstr (
		result.err,
		"weir: error: CoordinatorUnavailable: ipc:///tmp/weir-nobody-listens: submit: no answer"));
	e2e_free (&result);
}

/* The redis-server whose socket lies in this folder; 0: there is none. */
static pid_t
s_find_redis (const char *dir)
{
	DIR *proc = opendir ("/proc");
	pid_t found = 0;
	for (struct dirent *entry; found == 0 && (entry = readdir (proc)) != NULL;) {
		char path[300], line[1024] = "";
		snprintf (path, sizeof path, "/proc/%s/cmdline", entry->d_name);
		FILE *file = atoi (entry->d_name) > 0 ? fopen (path, "re") : NULL;
		if (file == NULL)
			continue;
		size_t n = fread (line, 1, sizeof line - 1, file);
		fclose (file);
		for (size_t i = 0; i < n; i++)
			if (line[i] == '\0')
				line[i] = ' ';
		if (strstr (line, "redis-server") != NULL && strstr (line, dir) != NULL)
			found = atoi (entry->d_name);
	}
	closedir (proc);
	return found;
}

/* The private redis-server is killed by somebody in the middle of a job. */
static void
test_redis_goes_away (void **state)
{
	(void) state;
	char command[4096], dir[] = "/tmp/wp-XXXXXX";
	assert_non_null (mkdtemp (dir));
	setenv ("TMPDIR", dir, 1);
	snprintf (command, sizeof command,
	          "%s/weir-archive long --kind noisy --dates 24 --size 3072 >/dev/null 2>&1",
	          getenv ("WEIR_BUILD_DIR"));
	assert_int_equal (system (command), 0);
	s_make_cut ();
	pid_t pid = e2e_start (
		"redis.err",
		"run graph.json -o gone --chunk 512x512 --slots 1 --param catalog=long/collection.json");
	struct timespec pause = { .tv_nsec = 5000000 };
	for (int waited = 0; waited < 4000 && system ("ls gone/.weir-*/part-* >/dev/null 2>&1") != 0;
	     waited++)
		nanosleep (&pause, NULL);
	pid_t server = s_find_redis (dir);
	assert_true (server > 0);
	assert_int_equal (kill (server, SIGKILL), 0);
	int status = e2e_wait (pid, 20000);
	char *text = e2e_read ("redis.err");
	const char *line = text; /* a slow machine tells how far it is first */
	while (strncmp (line, "weir: running: ", 15) == 0)
		line = strchr (line, '\n') + 1;
	if (status != 1 || strncmp (line, "weir: error: RedisUnavailable", 29) != 0 ||
	    strchr (line, '\n')[1] != '\0')
		fail_msg ("status %d: %s", status, text);
	free (text);
	assert_int_equal (e2e_leftovers ("gone"), 0);
	assert_false (e2e_exists ("gone/result.tif"));
	snprintf (command, sizeof command, "rmdir %s", dir);
	assert_int_equal (system (command), 0);
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (test_without_partial_there_is_nothing),
		cmocka_unit_test (test_partial_delivers_what_there_is),
		cmocka_unit_test (test_partial_of_a_whole_job_is_a_whole_result),
		cmocka_unit_test (test_json_of_a_job_that_fails),
		cmocka_unit_test (test_nobody_listens),
		cmocka_unit_test (test_redis_goes_away),
	};
	return cmocka_run_group_tests (tests, e2e_setup, e2e_teardown);
}
