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
	};
	return cmocka_run_group_tests (tests, NULL, NULL);
}
