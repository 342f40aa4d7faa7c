/* footprint.c - see footprint.h */
#include "cube/grid/footprint.h"

#include <math.h>
#include <string.h>

#define LONGITUDE_LATITUDE "EPSG:4326"
#define STRAIGHT_DEGREES 1e-7 /* an edge that bends less than a centimetre has two points */
#define SAMPLES 21            /* a side, where the outline has no place */

static const weir_bbox_t s_earth = { -180, -90, 180, 90 };

/* Step i of the way round: down the first column, along the last row, and back. */
static void
s_place_on_edge (const weir_grid_t *grid, size_t i, double *x_out, double *y_out)
{
	const double *t = grid->transform;
	double width = (double) grid->width, height = (double) grid->height;
	double share = (double) (i % WEIR_FOOTPRINT_EDGE) / WEIR_FOOTPRINT_EDGE;
	double col = 0, row = 0;
	switch (i / WEIR_FOOTPRINT_EDGE) {
	case 0: row = share * height; break;
	case 1:
		col = share * width;
		row = height;
		break;
	case 2:
		col = width;
		row = (1 - share) * height;
		break;
	default: col = (1 - share) * width; break;
	}
	*x_out = t[0] + col * t[1];
	*y_out = t[3] + row * t[5];
}

static void
s_grow (weir_bbox_t *box, double x, double y)
{
	box->west = fmin (box->west, x);
	box->east = fmax (box->east, x);
	box->south = fmin (box->south, y);
	box->north = fmax (box->north, y);
}

/* Longitudes of the ring without jumps of a turn; returns what is missing to a closed ring. */
static double
s_unwrap (weir_footprint_t *ring)
{
	for (size_t i = 1; i < ring->n_points; i++)
		ring->x[i] -= 360 * rint ((ring->x[i] - ring->x[i - 1]) / 360);
	double gap = ring->x[0] - ring->x[ring->n_points - 1];
	return 360 * rint (gap / 360);
}

/* Points of edges that are straight lines here are left out. */
static void
s_simplify (weir_footprint_t *ring)
{
	double x[WEIR_FOOTPRINT_POINTS], y[WEIR_FOOTPRINT_POINTS];
	size_t n = 0;
	for (size_t edge = 0; edge < 4; edge++) {
		size_t first = edge * WEIR_FOOTPRINT_EDGE;
		size_t last = (first + WEIR_FOOTPRINT_EDGE) % WEIR_FOOTPRINT_POINTS;
		bool is_straight = true;
		for (size_t i = 1; is_straight && i < WEIR_FOOTPRINT_EDGE; i++) {
			double share = (double) i / WEIR_FOOTPRINT_EDGE;
			double at_x = ring->x[first] + share * (ring->x[last] - ring->x[first]);
			double at_y = ring->y[first] + share * (ring->y[last] - ring->y[first]);
			is_straight = fabs (ring->x[first + i] - at_x) < STRAIGHT_DEGREES &&
			              fabs (ring->y[first + i] - at_y) < STRAIGHT_DEGREES;
		}
		for (size_t i = 0; i < (is_straight ? 1 : WEIR_FOOTPRINT_EDGE); i++, n++) {
			x[n] = ring->x[first + i];
			y[n] = ring->y[first + i];
		}
	}
	memcpy (ring->x, x, n * sizeof *x);
	memcpy (ring->y, y, n * sizeof *y);
	ring->n_points = n;
}

static void
s_turn_anticlockwise (weir_footprint_t *ring)
{
	double area = 0;
	size_t n = ring->n_points;
	for (size_t i = 0; i < n; i++) {
		size_t next = (i + 1) % n;
		area += ring->x[i] * ring->y[next] - ring->x[next] * ring->y[i];
	}
	for (size_t i = 0; area < 0 && i < n / 2; i++) {
		double x = ring->x[i], y = ring->y[i];
		ring->x[i] = ring->x[n - 1 - i];
		ring->y[i] = ring->y[n - 1 - i];
		ring->x[n - 1 - i] = x;
		ring->y[n - 1 - i] = y;
	}
}

/* Into -180 … 180. */
static double
s_wrap (double longitude)
{
	return longitude - 360 * rint (longitude / 360);
}

static void
s_draw_ring (weir_footprint_t *out)
{
	double missing = s_unwrap (out);
	weir_bbox_t box = { HUGE_VAL, HUGE_VAL, -HUGE_VAL, -HUGE_VAL };
	for (size_t i = 0; i < out->n_points; i++)
		s_grow (&box, out->x[i], out->y[i]);
	box.south = fmax (box.south, -90);
	box.north = fmin (box.north, 90);
	if (missing != 0) { /* all the way round: a pole is inside */
		if (box.south + box.north > 0)
			box.north = 90;
		else
			box.south = -90;
	}
	bool is_band = missing != 0 || box.east - box.west >= 360;
	bool is_split = !is_band && (box.west < -180 || box.east > 180);
	if (!is_band && !is_split) {
		s_simplify (out);
		s_turn_anticlockwise (out);
	} else {
		out->n_points = 0;
		box.west = is_band ? -180 : s_wrap (box.west);
		box.east = is_band ? 180 : s_wrap (box.east);
	}
	out->bbox = box;
}

/* Corners off the earth: the box of those points inside that are on it. */
static void
s_sample_box (const weir_grid_t *grid, const char *crs, weir_transform_fn *transform, void *arg,
              weir_footprint_t *out)
{
	weir_bbox_t box = { HUGE_VAL, HUGE_VAL, -HUGE_VAL, -HUGE_VAL };
	const double *t = grid->transform;
	for (int i = 0; i < SAMPLES * SAMPLES; i++) {
		int sample_col = i % SAMPLES, sample_row = i / SAMPLES;
		double col = (double) grid->width * sample_col / (SAMPLES - 1);
		double row = (double) grid->height * sample_row / (SAMPLES - 1);
		double x = t[0] + col * t[1], y = t[3] + row * t[5];
		weir_err_t err;
		if (transform (arg, crs, LONGITUDE_LATITUDE, 1, &x, &y, &err) == 0 && isfinite (x))
			s_grow (&box, x, y);
	}
	out->n_points = 0;
	out->bbox = box.west <= box.east ? box : s_earth;
}

void
weir_grid_footprint (const weir_grid_t *self, const char *crs, weir_transform_fn *transform,
                     void *arg, weir_footprint_t *out)
{
	weir_err_t err;
	out->n_points = WEIR_FOOTPRINT_POINTS;
	for (size_t i = 0; i < out->n_points; i++)
		s_place_on_edge (self, i, &out->x[i], &out->y[i]);
	bool is_whole = transform (arg, crs, LONGITUDE_LATITUDE, out->n_points, out->x, out->y, &err) ==
	                0;
	for (size_t i = 0; i < out->n_points; i++)
		is_whole = is_whole && isfinite (out->x[i]) && isfinite (out->y[i]);
	if (is_whole)
		s_draw_ring (out);
	else
		s_sample_box (self, crs, transform, arg, out);
}
