/* test_grid.c - windows, agreement and extents of grids, with the arithmetic written out */
#include "cube/grid/grid.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static weir_grid_t
s_grid (int crs_id, double x, double y, double dx, double dy, int64_t width, int64_t height)
{
	return (weir_grid_t){ crs_id, { x, dx, 0, y, 0, dy }, width, height };
}

static void
test_bbox_of_grid (void **state)
{
	(void) state;
	weir_grid_t north_up = s_grid (0, 100, 200, 10, -10, 3, 2);
	weir_bbox_t box = weir_grid_bbox (&north_up);
	assert_true (box.west == 100 && box.east == 130 && box.south == 180 && box.north == 200);
	weir_grid_t south_up = s_grid (0, 100, 200, 10, 10, 3, 2);
	box = weir_grid_bbox (&south_up);
	assert_true (box.south == 200 && box.north == 220);
}

static void
test_intersect (void **state)
{
	(void) state;
	static const struct {
		weir_window_t a, b, both;
	} rows[] = {
		{ { 0, 0, 10, 10 }, { 5, 6, 10, 10 }, { 5, 6, 5, 4 } },
		{ { -5, -5, 10, 10 }, { 0, 0, 3, 9 }, { 0, 0, 3, 5 } },
		{ { 0, 0, 10, 10 }, { 10, 0, 5, 5 }, { 10, 0, 0, 5 } }, /* touching is not meeting */
		{ { 0, 0, 10, 10 }, { 40, 50, 5, 5 }, { 40, 50, 0, 0 } },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		weir_window_t both = weir_window_intersect (rows[i].a, rows[i].b);
		assert_memory_equal (&both, &rows[i].both, sizeof both);
	}
	assert_true (weir_window_is_empty ((weir_window_t){ 10, 0, 0, 5 }));
	assert_true (weir_window_is_empty ((weir_window_t){ 0, 0, 5, 0 }));
	assert_false (weir_window_is_empty ((weir_window_t){ 9, 9, 1, 1 }));
}

static void
test_agreement (void **state)
{
	(void) state;
	const weir_grid_t a = s_grid (0, 1000, 5000, 20, -20, 100, 50);
	const struct {
		weir_grid_t b;
		bool agrees;
		int64_t col, row;
	} rows[] = {
		{ s_grid (0, 1000, 5000, 20, -20, 7, 9), true, 0, 0 },
		{ s_grid (0, 1000 + 3 * 20, 5000 - 4 * 20, 20, -20, 7, 9), true, 3, 4 },
		{ s_grid (0, 1000 - 3 * 20, 5000 + 4 * 20, 20, -20, 7, 9), true, -3, -4 },
		{ s_grid (0, 1000 + 0.009 * 20, 5000, 20, -20, 7, 9), true, 0, 0 },  /* 0.009 of a pixel */
		{ s_grid (0, 1000 + 0.011 * 20, 5000, 20, -20, 7, 9), false, 0, 0 }, /* 0.011 */
		{ s_grid (0, 1000, 5000 - 0.5 * 20, 20, -20, 7, 9), false, 0, 0 },   /* half a pixel */
		{ s_grid (0, 1000, 5000, 20 * (1 + 0.9e-6), -20, 7, 9), true, 0, 0 },
		{ s_grid (0, 1000, 5000, 20 * (1 + 1.1e-6), -20, 7, 9), false, 0, 0 },
		{ s_grid (0, 1000, 5000, 20, 20, 7, 9), false, 0, 0 }, /* upside down */
		{ s_grid (0, 1000, 5000, 10, -10, 7, 9), false, 0, 0 },
		{ s_grid (1, 1000, 5000, 20, -20, 7, 9), false, 0, 0 },
		{ s_grid (-1, 1000, 5000, 20, -20, 7, 9), false, 0, 0 },
		{ s_grid (0, 1e300, 5000, 20, -20, 7, 9), false, 0, 0 },
		{ s_grid (0, NAN, 5000, 20, -20, 7, 9), false, 0, 0 },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		weir_window_t window = { 0 };
		assert_int_equal (weir_grid_agrees (&a, &rows[i].b, &window), rows[i].agrees);
		if (!rows[i].agrees)
			continue;
		assert_int_equal (window.col, rows[i].col);
		assert_int_equal (window.row, rows[i].row);
		assert_int_equal (window.width, 7);
		assert_int_equal (window.height, 9);
	}
	weir_grid_t unknown = s_grid (-1, 0, 0, 1, -1, 1, 1);
	assert_false (
		weir_grid_agrees (&unknown, &unknown, NULL)); /* unknown is not known to be equal */
	weir_grid_t rotated = a;
	rotated.transform[2] = 0.1;
	assert_false (weir_grid_agrees (&rotated, &rotated, NULL));
}

/* Grid with pixels of 10 from x 100, y 200 downwards: centres at x 105, 115, …, y 195, 185, … */
static void
test_closed_intervals (void **state)
{
	(void) state;
	const weir_grid_t grid = s_grid (0, 100, 200, 10, -10, 10, 10);
	static const struct {
		weir_bbox_t box; /* west, south, east, north */
		bool is_some;
		weir_window_t window;
	} rows[] = {
		{ { 105, 185, 115, 195 }, true, { 0, 0, 2, 2 } }, /* both edges on centres: both are in */
		{ { 105.001, 185, 115, 195 }, true, { 1, 0, 1, 2 } }, /* just past a centre */
		{ { 105, 185, 114.999, 195 }, true, { 0, 0, 1, 2 } },
		{ { 100, 180, 120, 200 }, true, { 0, 0, 2, 2 } },  /* pixel edges */
		{ { 105, 195, 105, 195 }, true, { 0, 0, 1, 1 } },  /* a point on a centre */
		{ { 106, 190, 114, 194 }, false, { 0, 0, 0, 0 } }, /* between centres */
		{ { 80, 80, 104, 200 }, true, { -2, 0, 2, 12 } },  /* beyond the grid the lattice goes on */
		{ { 104.9999999, 185, 115, 195 }, true, { 0, 0, 2, 2 } },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		weir_window_t window = { 0 };
		weir_err_t err = { 0 };
		int rc = weir_grid_window_of_bbox (&grid, rows[i].box, &window, &err);
		assert_int_equal (rc == WEIR_OK, rows[i].is_some);
		if (rows[i].is_some)
			assert_memory_equal (&window, &rows[i].window, sizeof window);
		else
			assert_string_equal (err.code, "NoDataAvailable");
	}
}

static void
test_bbox_of_south_up (void **state)
{
	(void) state;
	const weir_grid_t grid = s_grid (0, 0, -90, 0.5, 0.5, 720, 360);
	weir_window_t window;
	assert_int_equal (weir_grid_window_of_bbox (&grid, (weir_bbox_t){ 0.25, -89.75, 1.25, -88.75 },
	                                            &window, NULL),
	                  0);
	assert_int_equal (window.row, 0);
	assert_int_equal (window.height, 3);
	assert_int_equal (window.width, 3);
}

/* Steps of 0.05 have no exact double: a box that ends on a centre in decimals still takes it. */
static void
test_decimal_steps (void **state)
{
	(void) state;
	const weir_grid_t grid = s_grid (0, 21.95, -8.2, 0.05, -0.05, 234, 197);
	for (int i = 0; i < 234; i++) {
		double centre = (2195 + 5 * i + 2.5) / 100;
		weir_window_t window;
		weir_bbox_t box = { centre, -10, centre, -9 };
		assert_int_equal (weir_grid_window_of_bbox (&grid, box, &window, NULL), 0);
		assert_int_equal (window.col, i);
		assert_int_equal (window.width, 1);
	}
}

static void
test_extents_that_are_refused (void **state)
{
	(void) state;
	const weir_grid_t fine = s_grid (0, 0, 0, 1e-9, -1e-9, 10, 10);
	weir_window_t window;
	weir_err_t err = { 0 };
	assert_true (weir_grid_window_of_bbox (&fine, (weir_bbox_t){ 0, -10, 10, 0 }, &window, &err) <
	             0);
	assert_string_equal (err.code, "ExtentTooLarge");
	assert_true (weir_grid_window_of_bbox (&fine, (weir_bbox_t){ NAN, 0, 1, 1 }, &window, &err) <
	             0);
	assert_true (
		weir_grid_window_of_bbox (&fine, (weir_bbox_t){ 0, 0, INFINITY, 1 }, &window, &err) < 0);
}

static void
test_crop (void **state)
{
	(void) state;
	const weir_grid_t grid = s_grid (3, 100, 200, 10, -10, 10, 10);
	weir_grid_t cropped = weir_grid_crop (&grid, (weir_window_t){ -2, 4, 5, 6 });
	assert_true (cropped.transform[0] == 80 && cropped.transform[3] == 160);
	assert_int_equal (cropped.crs_id, 3);
	assert_int_equal (cropped.width, 5);
	assert_int_equal (cropped.height, 6);
	weir_window_t window;
	assert_true (weir_grid_agrees (&grid, &cropped, &window));
	assert_int_equal (window.col, -2);
	assert_int_equal (window.row, 4);
}

/* x' = x, y' = y bulged in the middle of the box: only densified edges see it. */
static int
s_bulge (void *arg, const char *src, const char *dst, size_t n, double *x, double *y,
         weir_err_t *err)
{
	(void) src;
	(void) dst;
	if (arg != NULL)
		return weir_err_invalid (err, "CrsUnknown", NULL, "no such CRS");
	for (size_t i = 0; i < n; i++)
		y[i] += 10 * (1 - x[i] * x[i]);
	return 0;
}

static void
test_transform_of_bbox (void **state)
{
	(void) state;
	weir_bbox_t box = { -1, 0, 1, 5 }, out;
	assert_int_equal (weir_bbox_transform (box, "a", "b", s_bulge, NULL, &out, NULL), 0);
	assert_true (out.west == -1 && out.east == 1 && out.south == 0 &&
	             fabs (out.north - 15) < 1e-12);
	assert_int_equal (weir_bbox_transform (box, "a", "a", s_bulge, NULL, &out, NULL), 0);
	assert_true (out.north == 5);
	weir_err_t err = { 0 };
	assert_int_equal (weir_bbox_transform (box, "a", "b", s_bulge, &box, &out, &err),
	                  WEIR_E_INVALID);
	assert_string_equal (err.code, "CrsUnknown");
}

/* Points north of 10 have no place. */
static int
s_lose_north (void *arg, const char *src, const char *dst, size_t n, double *x, double *y,
              weir_err_t *err)
{
	(void) arg;
	(void) src;
	(void) dst;
	(void) err;
	for (size_t i = 0; i < n; i++)
		x[i] = y[i] > 10 ? (double) INFINITY : 2 * x[i];
	return 0;
}

static void
test_cover (void **state)
{
	(void) state;
	weir_bbox_t box = { -1, 0, 1, 20 }, out;
	size_t n_lost;
	assert_int_equal (weir_bbox_cover (box, "a", "a", s_lose_north, NULL, &out, &n_lost, NULL), 0);
	assert_true (n_lost == 0 && out.west == -1 && out.north == 20);
	assert_int_equal (weir_bbox_cover (box, "a", "b", s_lose_north, NULL, &out, &n_lost, NULL), 0);
	assert_int_equal (n_lost, 210);
	assert_true (out.west == -2 && out.east == 2 && out.south == 0 && out.north == 10);
	box.south = 15;
	assert_int_equal (weir_bbox_cover (box, "a", "b", s_lose_north, NULL, &out, &n_lost, NULL), 0);
	assert_int_equal (n_lost, WEIR_BBOX_COVER_POINTS);
	assert_true (out.west > out.east);
	assert_int_equal (weir_bbox_transform (box, "a", "b", s_lose_north, NULL, &out, NULL),
	                  WEIR_E_INVALID);
}

static void
test_snap (void **state)
{
	(void) state;
	static const struct {
		weir_bbox_t box;
		double res_x, res_y;
		weir_align_t align;
		double x, y;
		int64_t width, height;
	} rows[] = {
		{ { 0, 0, 30, 20 }, 10, 10, WEIR_ALIGN_ORIGIN, 0, 20, 3, 2 },
		{ { 1, 1, 29, 19 }, 10, 10, WEIR_ALIGN_ORIGIN, 0, 20, 3, 2 },
		{ { -1, -1, 31, 21 }, 10, 10, WEIR_ALIGN_ORIGIN, -10, 30, 5, 4 },
		{ { 390000, 4353000, 765000, 4743000 },
		  3000,
		  3000,
		  WEIR_ALIGN_ORIGIN,
		  390000,
		  4743000,
		  125,
		  130 },
		/* 0.3 / 0.1 is 2.9999999999999996, which is no third pixel more */
		{ { 0.1, 0.1, 0.3, 0.3 }, 0.1, 0.1, WEIR_ALIGN_ORIGIN, 0.1, 0.1 * 3, 2, 2 },
		{ { 1, 2, 26, 23 }, 10, 5, WEIR_ALIGN_UPPER_LEFT, 1, 23, 3, 5 },
		{ { 1, 2, 26, 23 }, 10, 5, WEIR_ALIGN_LOWER_LEFT, 1, 27, 3, 5 },
		{ { 1, 2, 26, 23 }, 10, 5, WEIR_ALIGN_UPPER_RIGHT, -4, 23, 3, 5 },
		{ { 1, 2, 26, 23 }, 10, 5, WEIR_ALIGN_LOWER_RIGHT, -4, 27, 3, 5 },
		{ { 3, 3, 4, 4 }, 10, 10, WEIR_ALIGN_ORIGIN, 0, 10, 1, 1 },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		weir_grid_t grid;
		assert_int_equal (weir_grid_snap (rows[i].box, rows[i].res_x, rows[i].res_y, rows[i].align,
		                                  7, &grid, NULL),
		                  0);
		assert_int_equal (grid.crs_id, 7);
		assert_int_equal (grid.width, rows[i].width);
		assert_int_equal (grid.height, rows[i].height);
		assert_true (grid.transform[0] == rows[i].x && grid.transform[3] == rows[i].y);
		assert_true (grid.transform[1] == rows[i].res_x && grid.transform[5] == -rows[i].res_y);
	}
	static const struct {
		weir_bbox_t box;
		const char *code, *word;
	} refused[] = {
		{ { 10, 0, 10, 20 }, "ExtentInvalid", "no area" },
		{ { 10, 0, -INFINITY, 20 }, "ExtentInvalid", "no area" },
		{ { 0, 0, NAN, 20 }, "ExtentInvalid", "no area" },
		{ { -2e9, 0, 2e9, 20 }, "ExtentTooLarge", "4000000000 × 20" },
	};
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		weir_grid_t grid;
		weir_err_t err = { 0 };
		assert_int_equal (weir_grid_snap (refused[i].box, 1, 1, WEIR_ALIGN_ORIGIN, 0, &grid, &err),
		                  WEIR_E_INVALID);
		assert_string_equal (err.code, refused[i].code);
		assert_non_null (strstr (err.text, refused[i].word));
	}
}

static void
test_join (void **state)
{
	(void) state;
	weir_window_t all = { 0 };
	weir_window_join (&all, (weir_window_t){ 5, -5, 10, 10 });
	weir_window_join (&all, (weir_window_t){ 100, 100, 0, 7 });
	weir_window_join (&all, (weir_window_t){ -1, 0, 2, 20 });
	const weir_window_t want = { -1, -5, 16, 25 };
	assert_memory_equal (&all, &want, sizeof all);
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (test_bbox_of_grid),
		cmocka_unit_test (test_intersect),
		cmocka_unit_test (test_agreement),
		cmocka_unit_test (test_closed_intervals),
		cmocka_unit_test (test_bbox_of_south_up),
		cmocka_unit_test (test_decimal_steps),
		cmocka_unit_test (test_extents_that_are_refused),
		cmocka_unit_test (test_crop),
		cmocka_unit_test (test_transform_of_bbox),
		cmocka_unit_test (test_cover),
		cmocka_unit_test (test_snap),
		cmocka_unit_test (test_join),
	};
	return cmocka_run_group_tests (tests, NULL, NULL);
}
