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
s_check_fold (const char *fold)
{
	e2e_write_fold_graph ("graph.json", "floats/collection.json", "v", fold, NULL,
	                      "{\"blockxsize\": 16, \"blockysize\": 16}");
	e2e_expect (0, "run graph.json -o one --readers 1 --computes 1 --sinks 1 --slots 1");
	for (size_t i = 0; i < sizeof s_ways / sizeof s_ways[0]; i++) {
		e2e_expect (0, "run graph.json -o other %s", s_ways[i]);
		if (!e2e_same_files ("one/result.tif", "other/result.tif"))
			fail_msg ("%s differs with %s", fold, s_ways[i]);
	}
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
		cmocka_unit_test (test_float_sums_repeat),
		cmocka_unit_test (test_float_means_repeat),
		cmocka_unit_test (test_ordered_picks_repeat),
		cmocka_unit_test (test_flood_masks_repeat),
	};
	return cmocka_run_group_tests (tests, e2e_setup, e2e_teardown);
}
