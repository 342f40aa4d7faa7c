/* test_repeat.c - the same pixels, to the bit, for any number of actors, any chunk shape, any cut
 * into runs */
#include "tests/e2e/harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N_DATES = 70, WIDTH = 150, HEIGHT = 90 };

static float
s_value (int date, int row, int col)
{
	unsigned x = (unsigned) (date * 7919 + row * 104729 + col * 1299709);
	x ^= x >> 13;
	x *= 0x5bd1e995U;
	x ^= x >> 15;
	return (float) (x % 100003) * 1e-3F - (float) (x % 17) * 1e4F;
}

/* Float rasters whose sum depends on the order of adding; every sixth cell missing, frames of
 * different extents. */
static void
s_make (void)
{
	static float cells[N_DATES][HEIGHT * WIDTH];
	static char ids[N_DATES][16], times[N_DATES][32];
	e2e_item_t items[N_DATES];
	for (int d = 0; d < N_DATES; d++) {
		int width = WIDTH - (d % 5) * 9, height = HEIGHT - (d % 7) * 5;
		for (int r = 0; r < height; r++)
			for (int c = 0; c < width; c++)
				cells[d][r * width + c] = (d + r + c) % 6 == 0 ? -9999.0F : s_value (d, r, c);
		snprintf (ids[d], sizeof ids[d], "D%02d", d);
		snprintf (times[d], sizeof times[d], "2020-%02d-%02dT00:00:00Z", 1 + d / 28, 1 + d % 28);
		items[d] = (e2e_item_t){ ids[d], times[d], d % 3, d % 2, width, height, cells[d] };
	}
	e2e_archive_t archive = { .folder = "floats",
		                      .band = "v",
		                      .type = GDT_Float32,
		                      .has_nodata = true,
		                      .nodata = -9999,
		                      .block = 32 };
	e2e_make_archive (&archive, N_DATES, items);
}

static const char *const s_ways[] = {
	"--readers 2 --computes 2 --sinks 2",
	"--readers 7 --computes 7 --sinks 7 --slots 1",
	"--chunk 64x32",
	"--chunk 48x96 --run-labels 16",
	"--run-labels 32 --readers 7 --computes 2",
	"--chunk 1024x1024 --run-labels 16 --readers 2 --sinks 7",
	"--slots 5 --chunk 16x16",
	"--launcher process",
	"--launcher process --readers 2 --computes 2 --sinks 2 --chunk 64x32 --run-labels 16",
};

static void
s_check_graph (const char *what)
{
	e2e_expect (0, "run graph.json -o one --readers 1 --computes 1 --sinks 1 --slots 1");
	for (size_t i = 0; i < sizeof s_ways / sizeof s_ways[0]; i++) {
		e2e_expect (0, "run graph.json -o other %s", s_ways[i]);
		if (!e2e_same_files ("one/result.tif", "other/result.tif"))
			fail_msg ("%s differs with %s", what, s_ways[i]);
	}
}

static void
s_check_fold_of (const char *fold, const char *apply)
{
	e2e_write_fold_graph ("graph.json", "floats/collection.json", "v", fold, apply,
	                      "{\"blockxsize\": 16, \"blockysize\": 16}");
	s_check_graph (fold);
}

static void
s_check_fold (const char *fold)
{
	s_check_fold_of (fold, NULL);
}

static void
test_float_sums_repeat (void **state)
{
	(void) state;
	s_make ();
	s_check_fold ("sum");
}

static void
test_float_means_repeat (void **state)
{
	(void) state;
	s_make ();
	s_check_fold ("mean");
}

static void
test_float_spreads_repeat (void **state)
{
	(void) state;
	s_make ();
	s_check_fold ("variance");
	s_check_fold ("sd");
}

static void
test_products_repeat (void **state)
{
	(void) state;
	s_make ();
	s_check_fold_of ("product", "{\"d\": {\"process_id\": \"divide\", \"arguments\": {\"x\": "
	                            "{\"from_parameter\": \"x\"}, \"y\": 50000}, \"result\": true}}");
}

enum { N_BANDS = 3 };

/* Three bands of 16-bit integers in one file; some dates in two frames that overlap. */
static void
s_make_bands (void)
{
	static uint16_t cells[2 * N_DATES][N_BANDS * HEIGHT * WIDTH];
	static char ids[2 * N_DATES][16], times[2 * N_DATES][32];
	e2e_item_t items[2 * N_DATES];
	size_t n = 0;
	for (int i = 0; i < 2 * N_DATES; i++) {
		int d = i / 2, is_second = i % 2;
		if (is_second && d % 3 != 0)
			continue;
		int width = WIDTH - (d % 5) * 9 - is_second * 40, height = HEIGHT - (d % 7) * 5;
		for (int b = 0; b < N_BANDS; b++)
			for (int r = 0; r < height; r++)
				for (int c = 0; c < width; c++)
					cells[i][(b * height + r) * width + c] =
						(d + r + c + b * is_second) % 6 == 0
							? 0
							: (uint16_t) (1 + ((unsigned) s_value (d + b, r, c) & 8191U));
		snprintf (ids[i], sizeof ids[i], "D%02d%d", d, is_second);
		snprintf (times[i], sizeof times[i], "2020-%02d-%02dT00:00:00Z", 1 + d / 28, 1 + d % 28);
		items[n++] = (e2e_item_t){ ids[i], times[i], d % 3, d % 2, width, height, cells[i] };
	}
	e2e_archive_t archive = { .folder = "bands",
		                      .band = "b",
		                      .type = GDT_UInt16,
		                      .has_nodata = true,
		                      .nodata = 0,
		                      .block = 32,
		                      .n_bands = N_BANDS };
	e2e_make_archive (&archive, n, items);
}

/* (b3 - b1) / (b3 + b1) of each date and its spread; or of what is left of each band. */
static void
s_check_ndvi (const char *fold, bool is_after)
{
	e2e_write (
		"graph.json",
		"{\"load\": {\"process_id\": \"load_stac\", \"arguments\": {\"url\": "
		"\"bands/collection.json\"}},\n"
		"\"ndvi\": {\"process_id\": \"reduce_dimension\", \"arguments\": {\"data\": {\"from_node\": "
		"\"%s\"}, \"dimension\": \"bands\", \"reducer\": {\"process_graph\": {"
		"\"a\": {\"process_id\": \"array_element\", \"arguments\": {\"data\": {\"from_parameter\": "
		"\"data\"}, \"label\": \"b3\"}},"
		"\"b\": {\"process_id\": \"array_element\", \"arguments\": {\"data\": {\"from_parameter\": "
		"\"data\"}, \"index\": 0}},"
		"\"n\": {\"process_id\": \"normalized_difference\", \"arguments\": {\"x\": {\"from_node\": "
		"\"a\"}, \"y\": {\"from_node\": \"b\"}}, \"result\": true}}}}},\n"
		"\"fold\": {\"process_id\": \"reduce_dimension\", \"arguments\": {\"data\": {\"from_node\": "
		"\"%s\"}, \"dimension\": \"t\", \"reducer\": {\"process_graph\": {\"f\": {\"process_id\": "
		"\"%s\", \"arguments\": {\"data\": {\"from_parameter\": \"data\"}}, \"result\": true}}}}},\n"
		"\"save\": {\"process_id\": \"save_result\", \"arguments\": {\"data\": {\"from_node\": "
		"\"%s\"}, \"format\": \"GTiff\", \"options\": {\"blockxsize\": 16, \"blockysize\": 16}}, "
		"\"result\": true}}\n",
		is_after ? "fold" : "load", is_after ? "load" : "ndvi", fold, is_after ? "ndvi" : "fold");
	s_check_graph (is_after ? "ndvi after" : "ndvi before");
}

static void
test_bands_repeat (void **state)
{
	(void) state;
	s_make_bands ();
	s_check_ndvi ("sd", false);
	s_check_ndvi ("mean", false);
	s_check_ndvi ("variance", true);
}

static void
test_ordered_picks_repeat (void **state)
{
	(void) state;
	s_make ();
	s_check_fold ("first");
	s_check_fold ("last");
}

static void
test_flood_masks_repeat (void **state)
{
	(void) state;
	char *graph = e2e_source ("examples/max-flood-extent.json");
	char command[4096];
	snprintf (command, sizeof command,
	          "%s/weir-archive masks --tiles 2 --dates 6 --size 1100 --block 128 >/dev/null 2>&1",
	          getenv ("WEIR_BUILD_DIR"));
	assert_int_equal (system (command), 0);
	e2e_expect (0, "run %s --param catalog=masks/collection.json -o one --slots 1", graph);
	for (size_t i = 0; i < 3; i++) {
		e2e_expect (0, "run %s --param catalog=masks/collection.json -o other %s", graph,
		            s_ways[i]);
		assert_true (e2e_same_files ("one/result.tif", "other/result.tif"));
	}
	free (graph);
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (test_float_sums_repeat),    cmocka_unit_test (test_float_means_repeat),
		cmocka_unit_test (test_float_spreads_repeat), cmocka_unit_test (test_products_repeat),
		cmocka_unit_test (test_bands_repeat),         cmocka_unit_test (test_ordered_picks_repeat),
		cmocka_unit_test (test_flood_masks_repeat),
	};
	return cmocka_run_group_tests (tests, e2e_setup, e2e_teardown);
}
