/* shape.c - pixels whose centres lie in polygons, see shape.h
 *
 * Row by row: the crossings of a polygon's edges with the line of centres, in order, pair up. An
 * edge crosses a line that lies in [lower end, upper end), so that a vertex counts once; ends and
 * level edges on the line are added by themselves, since edges belong to the polygon. */
#include "cube/grid/shape.h"

#include "runtime/base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct { /* from the lower end to the upper: both polygons of a shared edge see the same */
	double x0, y0, x1, y1;
	int64_t first, end; /* rows of the window whose line it may touch */
} s_edge_t;

typedef struct {
	const weir_grid_t *grid;
	weir_window_t window;
	uint8_t *inside;
	s_edge_t *edges; /* of one polygon, by first row */
	size_t n_edges;
	size_t *active; /* edges that meet the row */
	double *crossings;
} s_fill_t;

static double
s_centre (const weir_grid_t *grid, int axis, int64_t index)
{
	return grid->transform[3 * axis] + ((double) index + 0.5) * grid->transform[axis == 0 ? 1 : 5];
}

/* The first row or column (as counted from `first`, at most n) whose centre is at or after `value`
 * in the direction of the axis; with is_after: after it. */
static int64_t
s_first_centre (const weir_grid_t *grid, int axis, int64_t first, int64_t n, double value,
                bool is_after)
{
	double step = grid->transform[axis == 0 ? 1 : 5], origin = grid->transform[3 * axis];
	double guess = ceil ((value - origin) / step - 0.5) - (double) first;
	int64_t i = guess < 0 ? 0 : guess > (double) n ? n : (int64_t) guess;
	int sign = step > 0 ? 1 : -1;
	/* The guess may be off by what float arithmetic adds; the centres themselves decide. */
	while (i > 0) {
		double ahead = sign * (s_centre (grid, axis, first + i - 1) - value);
		if (is_after ? ahead <= 0 : ahead < 0)
			break;
		i--;
	}
	while (i < n) {
		double ahead = sign * (s_centre (grid, axis, first + i) - value);
		if (is_after ? ahead > 0 : ahead >= 0)
			break;
		i++;
	}
	return i;
}

/* Marks the closed interval [a, b] of a row. */
static void
s_mark (const s_fill_t *self, int64_t row, double a, double b)
{
	weir_window_t w = self->window;
	int64_t first = s_first_centre (self->grid, 0, w.col, w.width, a, false);
	int64_t end = s_first_centre (self->grid, 0, w.col, w.width, b, true);
	if (end > first)
		memset (self->inside + row * w.width + first, 1, (size_t) (end - first));
}

static int
s_compare_edges (const void *a, const void *b)
{
	int64_t fa = ((const s_edge_t *) a)->first, fb = ((const s_edge_t *) b)->first;
	return (fa > fb) - (fa < fb);
}

static int
s_compare_numbers (const void *a, const void *b)
{
	double x = *(const double *) a, y = *(const double *) b;
	return (x > y) - (x < y);
}

static void
s_add_edge (s_fill_t *self, double x0, double y0, double x1, double y1)
{
	bool is_up = y0 < y1 || (y0 == y1 && x0 <= x1);
	s_edge_t edge = is_up ? (s_edge_t){ x0, y0, x1, y1, 0, 0 } : (s_edge_t){ x1, y1, x0, y0, 0, 0 };
	bool is_north_up = self->grid->transform[5] < 0;
	double top = is_north_up ? edge.y1 : edge.y0, bottom = is_north_up ? edge.y0 : edge.y1;
	weir_window_t w = self->window;
	edge.first = s_first_centre (self->grid, 1, w.row, w.height, top, false);
	edge.end = s_first_centre (self->grid, 1, w.row, w.height, bottom, true);
	if (edge.first < edge.end)
		self->edges[self->n_edges++] = edge;
}

static double
s_cross (const s_edge_t *edge, double y)
{
	double x = edge->x0 + (y - edge->y0) / (edge->y1 - edge->y0) * (edge->x1 - edge->x0);
	/* Rounding must not carry it past its ends. */
	return fmax (fmin (edge->x0, edge->x1), fmin (fmax (edge->x0, edge->x1), x));
}

static void
s_fill_row (s_fill_t *self, int64_t row, size_t n_active)
{
	double y = s_centre (self->grid, 1, self->window.row + row);
	size_t n = 0;
	for (size_t i = 0; i < n_active; i++) {
		const s_edge_t *edge = &self->edges[self->active[i]];
		if (edge->y0 == edge->y1)
			s_mark (self, row, edge->x0, edge->x1);
		else if (y == edge->y1)
			s_mark (self, row, edge->x1, edge->x1);
		else
			self->crossings[n++] = s_cross (edge, y);
		if (y == edge->y0)
			s_mark (self, row, edge->x0, edge->x0);
	}
	qsort (self->crossings, n, sizeof *self->crossings, s_compare_numbers);
	for (size_t i = 0; i + 1 < n; i += 2)
		s_mark (self, row, self->crossings[i], self->crossings[i + 1]);
}

static void
s_fill_polygon (s_fill_t *self)
{
	size_t next = 0, n_active = 0;
	qsort (self->edges, self->n_edges, sizeof *self->edges, s_compare_edges);
	for (int64_t row = 0; row < self->window.height; row++) {
		for (size_t i = n_active; i-- > 0;)
			if (self->edges[self->active[i]].end <= row)
				self->active[i] = self->active[--n_active];
		for (; next < self->n_edges && self->edges[next].first <= row; next++)
			self->active[n_active++] = next;
		if (n_active > 0)
			s_fill_row (self, row, n_active);
	}
}

static void
s_add_ring (s_fill_t *self, const weir_shape_t *shape, const weir_ring_t *ring)
{
	const double *x = shape->x + ring->first, *y = shape->y + ring->first;
	for (size_t i = 0; i < ring->n; i++) {
		size_t k = i + 1 < ring->n ? i + 1 : 0;
		s_add_edge (self, x[i], y[i], x[k], y[k]);
	}
}

size_t
weir_shape_fill (const weir_shape_t *self, const weir_grid_t *grid, weir_window_t window,
                 uint8_t *inside)
{
	size_t n = (size_t) window.width * (size_t) window.height, n_inside = 0;
	s_fill_t fill = { .grid = grid, .window = window, .inside = inside };
	memset (inside, 0, n);
	fill.edges = weir_alloc (self->n_points * sizeof *fill.edges);
	fill.active = weir_alloc (self->n_points * sizeof *fill.active);
	fill.crossings = weir_alloc (self->n_points * sizeof *fill.crossings);
	for (size_t r = 0; r < self->n_rings;) {
		uint32_t polygon = self->rings[r].polygon;
		fill.n_edges = 0;
		for (; r < self->n_rings && self->rings[r].polygon == polygon; r++)
			s_add_ring (&fill, self, &self->rings[r]);
		if (fill.n_edges > 0)
			s_fill_polygon (&fill);
	}
	free (fill.edges);
	free (fill.active);
	free (fill.crossings);
	for (size_t i = 0; i < n; i++)
		n_inside += inside[i];
	return n_inside;
}
