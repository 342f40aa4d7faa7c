/* test_footprint.c - outline and box of grids in longitude and latitude, by made-up projections */
#include "cube/grid/footprint.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define PI 3.14159265358979323846

/* "same": degrees; "bent": x bends with y; "pole": metres around the north pole, "south": around the
 * other; "disk": only points within 100 of the origin are on the earth; "nowhere" */
static int
s_transform (void *arg, const char *src, const char *dst, size_t n, double *x, double *y,
             weir_err_t *err)
{
	(void) arg;
	(void) dst;
	for (size_t i = 0; i < n; i++) {
		double r = hypot (x[i], y[i]), angle = atan2 (x[i], -y[i]) * 180 / PI;
		bool is_off = strcmp (src, "nowhere") == 0 || (strcmp (src, "disk") == 0 && r > 100);
		if (is_off)
			return weir_err_invalid (err, "TransformFailed", "", "off the earth");
		if (strcmp (src, "bent") == 0)
			x[i] += 0.001 * y[i] * y[i];
		if (strcmp (src, "pole") == 0 || strcmp (src, "south") == 0) {
			x[i] = angle;
			y[i] = strcmp (src, "pole") == 0 ? 90 - r : r - 90;
		}
	}
	return 0;
}

static weir_footprint_t
s_footprint (const char *crs, double x, double y, double step, int64_t width, int64_t height)
{
	weir_grid_t grid = { 0, { x, fabs (step), 0, y, 0, -step }, width, height };
	weir_footprint_t footprint;
	memset (&footprint, 0xAA, sizeof footprint);
	weir_grid_footprint (&grid, crs, s_transform, NULL, &footprint);
	return footprint;
}

static void
s_assert_box (const weir_footprint_t *got, double west, double south, double east, double north)
{
	const weir_bbox_t *box = &got->bbox;
	if (fabs (box->west - west) > 1e-9 || fabs (box->south - south) > 1e-9 ||
	    fabs (box->east - east) > 1e-9 || fabs (box->north - north) > 1e-9)
		fail_msg ("%g %g %g %g", box->west, box->south, box->east, box->north);
}

static double
s_area (const weir_footprint_t *ring)
{
	double area = 0;
	for (size_t i = 0; i < ring->n_points; i++) {
		size_t next = (i + 1) % ring->n_points;
		area += ring->x[i] * ring->y[next] - ring->x[next] * ring->y[i];
	}
	return area / 2;
}

static void
test_boxes (void **state)
{
	(void) state;
	weir_footprint_t got = s_footprint ("same", 10, 50, 1, 3, 2);
	s_assert_box (&got, 10, 48, 13, 50);
	assert_int_equal (got.n_points, 4);
	assert_true (fabs (s_area (&got) - 6) < 1e-9); /* positive: anticlockwise */
	got = s_footprint ("same", 10, 48, -1, 3, 2); /* south-up: the same place, the same way round */
	s_assert_box (&got, 10, 48, 13, 50);
	assert_true (fabs (s_area (&got) - 6) < 1e-9);
	got = s_footprint ("same", -180, 90, 1, 360, 180);
	s_assert_box (&got, -180, -90, 180, 90);
	got = s_footprint ("same", 0, 90, 1, 360, 180);
	s_assert_box (&got, -180, -90, 180, 90);
	assert_int_equal (got.n_points, 0);
}

static void
test_bent_edges (void **state)
{
	(void) state;
	weir_footprint_t got = s_footprint ("bent", 0, 10, 1, 10, 20); /* both sides bulge */
	s_assert_box (&got, 0, -10, 10.1, 10);
	assert_int_equal (got.n_points, 2 * WEIR_FOOTPRINT_EDGE + 2);
	assert_true (s_area (&got) > 199);
}

static void
test_date_line (void **state)
{
	(void) state;
	weir_footprint_t got = s_footprint ("same", 175, 10, 1, 10, 20);
	s_assert_box (&got, 175, -10, -175, 10);
	assert_int_equal (got.n_points, 0);
	got = s_footprint ("same", -185, 10, 1, 10, 20);
	s_assert_box (&got, 175, -10, -175, 10);
	got = s_footprint ("pole", -5, 21, 1, 10, 1); /* where y is up, longitude is 180 */
	assert_true (got.bbox.west > got.bbox.east);
	assert_int_equal (got.n_points, 0);
}

static void
test_poles (void **state)
{
	(void) state;
	weir_footprint_t got = s_footprint ("pole", -10, 10, 1, 20, 20);
	s_assert_box (&got, -180, 90 - hypot (10, 10), 180, 90);
	got = s_footprint ("south", -10, 10, 1, 20, 20);
	s_assert_box (&got, -180, -90, 180, hypot (10, 10) - 90);
	assert_int_equal (got.n_points, 0);
}

static void
test_off_the_earth (void **state)
{
	(void) state;
	weir_footprint_t got = s_footprint ("disk", -100, 100, 1, 200, 200);
	s_assert_box (&got, -100, -100, 100, 100);
	assert_int_equal (got.n_points, 0);
	got = s_footprint ("nowhere", 0, 0, 1, 10, 10);
	s_assert_box (&got, -180, -90, 180, 90);
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (test_boxes),         cmocka_unit_test (test_bent_edges),
		cmocka_unit_test (test_date_line),     cmocka_unit_test (test_poles),
		cmocka_unit_test (test_off_the_earth),
	};
	return cmocka_run_group_tests (tests, NULL, NULL);
}
