/* test_bad_input.c - whatever is wrong, there is one clear message, the right exit status and
 * nothing left behind */
#include "tests/e2e/harness.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static uint8_t s_cells[64 * 64];

static void
s_make (const char *folder)
{
	unsigned x = 7; /* noise, so that the file has a body that can be cut */
	for (size_t i = 0; i < sizeof s_cells; i++) {
		x = x * 1664525U + 1013904223U;
		s_cells[i] = (uint8_t) (x >> 31);
	}
	e2e_archive_t archive = { .folder = folder,
		                      .band = "ensemble_flood_extent",
		                      .type = GDT_Byte,
		                      .has_nodata = true,
		                      .nodata = 255 };
	e2e_item_t items[] = {
		{ "I1", "2022-09-02T00:00:00Z", 0, 0, 64, 64, s_cells },
		{ "I2", "2022-09-03T00:00:00Z", 0, 0, 64, 64, s_cells },
	};
	e2e_make_archive (&archive, 2, items);
}

/* One line on standard error that begins as it should and holds each of the words; nothing in the
 * results folder. */
static void
s_expect_error (int status, const char *const *words, const char *command)
{
	e2e_result_t result = e2e_weir ("%s", command);
	if (result.status != status)
		print_error ("weir %s: status %d, not %d\n%s\n", command, result.status, status,
		             result.err);
	assert_int_equal (result.status, status);
	const char *line = strstr (result.err, "weir: error: ");
	if (line != result.err || strstr (line + 1, "weir: error: ") != NULL ||
	    strchr (line, '\n') == NULL || strchr (line, '\n')[1] != '\0')
		fail_msg ("weir %s: not one clear message: %s", command, result.err);
	for (; *words != NULL; words++)
		if (strstr (result.err, *words) == NULL)
			fail_msg ("weir %s: no \"%s\" in: %s", command, *words, result.err);
	assert_string_equal (result.out, "");
	assert_false (e2e_exists ("bad/result.tif"));
	assert_int_equal (e2e_leftovers ("bad"), 0);
	e2e_free (&result);
}

#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define RUN_FLOOD "run graph.json -o bad --param catalog="

static void
s_write_flood_graph (void)
{
	char *path = e2e_source ("examples/max-flood-extent.json"), *text = e2e_read (path);
	e2e_write ("graph.json", "%s", text);
	free (path);
	free (text);
}

/* ---- graphs */

#define LOAD                                                                                       \
	"\"l\": {\"process_id\": \"load_stac\", \"arguments\": {\"url\": \"a/collection.json\"}}"
#define SAVE(from)                                                                                 \
	"\"s\": {\"process_id\": \"save_result\", \"arguments\": {\"data\": {\"from_node\": \"" from   \
	"\"}, \"format\": \"GTiff\"}, \"result\": true}"
#define APPLY(from, node)                                                                          \
	"\"a\": {\"process_id\": \"apply\", \"arguments\": {\"data\": {\"from_node\": \"" from         \
	"\"}, \"process\": "                                                                           \
	"{\"process_graph\": {\"c\": " node "}}}}"
#define ABSOLUTE                                                                                   \
	"{\"process_id\": \"absolute\", \"arguments\": {\"x\": {\"from_parameter\": \"x\"}}, \"result\": true}"

static const struct {
	const char *graph;
	const char *words[4];
} s_graphs[] = {
	{ "{}", { "ProcessGraphMissing" } },
	{ "not json", { "ProcessGraphInvalid" } },
	{ "{\"process_graph\": null}", { "ProcessGraphInvalid", "expected an object, found null" } },
	{ "[1]", { "ProcessGraphInvalid", "expected an object, found" } },
	{ "{" LOAD ", " APPLY ("s", ABSOLUTE) ", " SAVE ("a") "}", { "ProcessGraphInvalid", "cycle" } },
	{ "{" LOAD "}", { "ProcessGraphInvalid", "no result node" } },
	{ "{" LOAD ", " SAVE (
		  "l") ", \"t\": {\"process_id\": \"save_result\", \"arguments\": {\"data\": {\"from_node\": "
	           "\"l\"}, \"format\": \"PNG\"}, \"result\": true}}",
	  { "ProcessGraphInvalid", "result" } },
	{ "{" LOAD ", " SAVE ("nowhere") "}", { "ProcessGraphInvalid", "s", "nowhere" } },
	{ "{\"l\": {\"process_id\": \"load_moon\", \"arguments\": {}}, " SAVE ("l") "}",
	  { "ProcessUnsupported", "l", "load_moon" } },
	{ "{\"l\": {\"process_id\": \"load_stac\", \"arguments\": {}}, " SAVE ("l") "}",
	  { "ProcessParameterRequired", "l", "url" } },
	{ "{\"l\": {\"process_id\": \"load_stac\", \"arguments\": {\"url\": \"x\", \"colour\": 1}}, " SAVE (
		  "l") "}",
	  { "ProcessParameterUnsupported", "l", "colour" } },
	{ "{" LOAD ", " APPLY (
		  "l",
		  "{\"process_id\": \"frobnicate\", \"arguments\": {}, \"result\": true}") ", " SAVE ("a") "}",
	  { "ProcessUnsupported", "a", "frobnicate" } },
	{ "{" LOAD
	  ", \"s\": {\"process_id\": \"save_result\", \"arguments\": {\"data\": {\"from_node\": \"l\"}, \"format\": "
	  "\"ECW\"}, \"result\": true}}",
	  { "FormatUnsupported", "s", "ECW" } },
	{ "{" LOAD
	  ", \"s\": {\"process_id\": \"save_result\", \"arguments\": {\"data\": {\"from_node\": \"l\"}, \"format\": "
	  "\"GTiff\", \"options\": {\"colour\": 1}}, \"result\": true}}",
	  { "s", "colour" } },
	{ "{" LOAD
	  ", \"r\": {\"process_id\": \"reduce_dimension\", \"arguments\": {\"data\": {\"from_node\": \"l\"}, "
	  "\"dimension\": \"height\", \"reducer\": {\"process_graph\": {\"m\": {\"process_id\": \"max\", \"arguments\": "
	  "{\"data\": {\"from_parameter\": \"data\"}}, \"result\": true}}}}}, " SAVE ("r") "}",
	  { "DimensionNotAvailable", "r", "height" } },
};

static void
test_graphs (void **state)
{
	(void) state;
	s_make ("a");
	for (size_t i = 0; i < sizeof s_graphs / sizeof s_graphs[0]; i++) {
		e2e_write ("bad.json", "%s", s_graphs[i].graph);
		s_expect_error (2, s_graphs[i].words, "run bad.json -o bad");
	}
	s_expect_error (2, WORDS ("missing.json", "No such file or directory"),
	                "run missing.json -o bad");
}

/* ---- items */

/* Replaces the first `from` in a file by `to`. */
static void
s_edit (const char *path, const char *from, const char *to)
{
	char *text = e2e_read (path), *at = strstr (text, from);
	if (at == NULL)
		fail_msg ("%s: no %s in it", path, from);
	*at = '\0';
	char *rest = strdup (at + strlen (from));
	e2e_write (path, "%s%s%s", text, to, rest);
	free (rest);
	free (text);
}

static void
test_items (void **state)
{
	(void) state;
	s_write_flood_graph ();
	s_make ("b");
	s_edit ("b/I2.json", "\"geometry\"", "\"geometria\"");
	s_edit ("b/I2.json", "\"bbox\"", "\"bboxes\"");
	s_expect_error (1, WORDS ("I2", "geometry"), RUN_FLOOD "b/collection.json");
	s_make ("b");
	s_edit ("b/I2.json", "\"proj:wkt2\"", "\"proj:nothing\"");
	char *wkt = e2e_read (
		"b/I1.tif"); /* the file has the CRS: without STAC's it is taken from there */
	free (wkt);
	e2e_expect (0, RUN_FLOOD "b/collection.json");
	assert_int_equal (unlink ("bad/result.tif"), 0);
	s_make ("b");
	s_edit ("b/I2.json", "ensemble_flood_extent", "something_else");
	s_expect_error (1, WORDS ("I2", "ensemble_flood_extent"), RUN_FLOOD "b/collection.json");
	e2e_result_t skipped = e2e_weir (RUN_FLOOD "b/collection.json --skip-bad-items");
	assert_int_equal (skipped.status, 0);
	assert_non_null (strstr (skipped.err, "I2"));
	e2e_free (&skipped);
	assert_int_equal (unlink ("bad/result.tif"), 0);
	s_expect_error (1, WORDS ("nowhere/collection.json", "No such file or directory"),
	                RUN_FLOOD "nowhere/collection.json");
}

static void
test_an_item_without_any_crs (void **state)
{
	(void) state;
	s_write_flood_graph ();
	e2e_archive_t archive = { .folder = "nocrs",
		                      .band = "ensemble_flood_extent",
		                      .type = GDT_Byte,
		                      .has_nodata = true,
		                      .nodata = 255,
		                      .crs_wkt = "" };
	e2e_item_t item = { "N1", "2022-09-02T00:00:00Z", 0, 0, 64, 64, s_cells };
	archive.crs_wkt = NULL;
	e2e_make_archive (&archive, 1, &item);
	GDALDatasetH dataset = GDALCreate (GDALGetDriverByName ("GTiff"), "nocrs/N1.tif", 64, 64, 1,
	                                   GDT_Byte, NULL);
	GDALClose (dataset);
	s_edit ("nocrs/N1.json", "\"proj:wkt2\"", "\"proj:nothing\"");
	s_expect_error (1, WORDS ("N1", "CRS"), RUN_FLOOD "nocrs/collection.json");
}

/* ---- files */

static void
test_files (void **state)
{
	(void) state;
	s_write_flood_graph ();
	s_make ("c");
	assert_int_equal (unlink ("c/I2.tif"), 0);
	s_expect_error (1, WORDS ("c/I2.tif", "No such file or directory"),
	                RUN_FLOOD "c/collection.json");
	e2e_write ("c/I2.tif", "this is not a TIFF, whatever its name says");
	s_expect_error (1, WORDS ("c/I2.tif"), RUN_FLOOD "c/collection.json");
	e2e_write ("c/I2.tif", "%s", "");
	s_expect_error (1, WORDS ("c/I2.tif"), RUN_FLOOD "c/collection.json");
	s_make ("c");
	struct stat whole;
	assert_int_equal (stat ("c/I2.tif", &whole), 0);
	assert_int_equal (truncate ("c/I2.tif", whole.st_size / 2), 0);
	s_expect_error (1, WORDS ("c/I2.tif"), RUN_FLOOD "c/collection.json");
	s_make ("c");
	s_edit ("c/I2.json", "[64, 64]", "[64, 80]");
	s_expect_error (1, WORDS ("c/I2.tif", "64", "80"), RUN_FLOOD "c/collection.json");
}

static void
test_the_output_cannot_be_written (void **state)
{
	(void) state;
	s_write_flood_graph ();
	s_make ("d");
	e2e_write ("file", "in the way");
	s_expect_error (1, WORDS ("OutputUnwritable", "file", "Not a directory"),
	                "run graph.json -o file --param catalog=d/collection.json");
	s_expect_error (1, WORDS ("OutputUnwritable", "/proc/weir"),
	                "run graph.json -o /proc/weir --param catalog=d/collection.json");
}

static void
test_a_full_disk (void **state)
{
	(void) state;
	s_write_flood_graph ();
	static uint8_t noise[1024 * 1024];
	unsigned x = 1;
	for (size_t i = 0; i < sizeof noise; i++) {
		x = x * 1664525U + 1013904223U;
		noise[i] = (uint8_t) (x >> 31);
	}
	e2e_archive_t archive = { .folder = "full",
		                      .band = "ensemble_flood_extent",
		                      .type = GDT_Byte,
		                      .has_nodata = true,
		                      .nodata = 255,
		                      .block = 256 };
	e2e_item_t item = { "L1", "2022-09-02T00:00:00Z", 0, 0, 1024, 1024, noise };
	e2e_make_archive (&archive, 1, &item);
	assert_int_equal (mkdir ("small", 0700), 0);
	if (mount ("tmpfs", "small", "tmpfs", 0, "size=64k") != 0) {
		print_message ("cannot mount a small disk here (%s): tried /dev/full elsewhere\n",
		               strerror (errno));
		return;
	}
	e2e_result_t result = e2e_weir ("run graph.json -o small --param catalog=full/collection.json");
	char *left = e2e_exists ("small/result.tif") ? strdup ("a result") : NULL;
	size_t leftovers = e2e_leftovers ("small");
	umount ("small");
	print_message ("%s", result.err);
	assert_int_equal (result.status, 1);
	assert_non_null (strstr (result.err, "weir: error: DiskFull: "));
	assert_non_null (strstr (result.err, "No space left on device"));
	assert_null (left);
	assert_int_equal (leftovers, 0);
	e2e_free (&result);
}

static void
test_no_redis_server (void **state)
{
	(void) state;
	s_write_flood_graph ();
	s_make ("e");
	char *path = strdup (getenv ("PATH"));
	setenv ("PATH", "/nonexistent", 1);
	s_expect_error (1, WORDS ("RedisUnavailable", "redis-server", "No such file or directory"),
	                RUN_FLOOD "e/collection.json");
	setenv ("PATH", path, 1);
	free (path);
	s_expect_error (1, WORDS ("RedisUnavailable", "unix:///nonexistent/redis.sock"),
	                RUN_FLOOD "e/collection.json --redis unix:///nonexistent/redis.sock");
}

static void
test_bad_usage (void **state)
{
	(void) state;
	static const char *const commands[] = {
		"",
		"run",
		"run a.json b.json",
		"run --frobnicate a.json",
		"run a.json --slots 0",
		"run a.json --memory lots",
		"run a.json --readers 3:2",
		"run a.json --redis x",
		"fly",
		"run a.json --param",
		"actor dancer",
	};
	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
		e2e_expect (2, "%s", commands[i]);
	e2e_expect (0, "--help");
	e2e_expect (0, "run --help");
	e2e_expect (0, "plan --help");
}

static void
test_too_little_memory_is_said_before_reading (void **state)
{
	(void) state;
	s_write_flood_graph ();
	e2e_archive_t archive = { .folder = "wide",
		                      .band = "ensemble_flood_extent",
		                      .type = GDT_Byte,
		                      .has_nodata = true,
		                      .nodata = 255 };
	e2e_item_t item = { "W1", "2022-09-02T00:00:00Z", 0, 0, 64, 64, s_cells };
	e2e_make_archive (&archive, 1, &item);
	assert_int_equal (unlink ("wide/W1.tif"), 0);
	e2e_result_t result = e2e_weir (RUN_FLOOD "wide/collection.json --memory 16M");
	assert_int_equal (result.status, 1);
	e2e_free (&result);
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (test_graphs),
		cmocka_unit_test (test_items),
		cmocka_unit_test (test_an_item_without_any_crs),
		cmocka_unit_test (test_files),
		cmocka_unit_test (test_the_output_cannot_be_written),
		cmocka_unit_test (test_a_full_disk),
		cmocka_unit_test (test_no_redis_server),
		cmocka_unit_test (test_bad_usage),
		cmocka_unit_test (test_too_little_memory_is_said_before_reading),
	};
	return cmocka_run_group_tests (tests, e2e_setup, e2e_teardown);
}
