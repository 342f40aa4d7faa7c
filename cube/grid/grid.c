/* grid.c - see grid.h */
#include "cube/grid/grid.h"

#include <math.h>
#include <string.h>

#define GRID_SIDE_MAX 2147483647.0      /* pixels a side of what is asked for */
#define GRID_OFFSET_MAX 1099511627776.0 /* 2^40: further apart is no grid of this earth */
#define GRID_CENTRE_SLACK                                                                          \
	1e-7 /* of a pixel: what float arithmetic may add to a centre on the edge */
#define GRID_RESOLUTION_SLACK 1e-6
#define GRID_ORIGIN_SLACK 0.01
#define GRID_POINTS_PER_EDGE 21

weir_bbox_t
weir_grid_bbox (const weir_grid_t *self)
{
	const double *t = self->transform;
	double x0 = t[0], x1 = t[0] + (double) self->width * t[1];
	double y0 = t[3], y1 = t[3] + (double) self->height * t[5];
	return (weir_bbox_t){
		.west = fmin (x0, x1), .south = fmin (y0, y1), .east = fmax (x0, x1), .north = fmax (y0, y1)
	};
}

bool
weir_window_is_empty (weir_window_t w)
{
	return w.width <= 0 || w.height <= 0;
}

/* [*first, *first + *length) becomes its part inside [first_b, first_b + length_b). */
static void
s_intersect_span (int64_t *first, int64_t *length, int64_t first_b, int64_t length_b)
{
	int64_t end = *first + *length, end_b = first_b + length_b;
	int64_t low = *first > first_b ? *first : first_b;
	int64_t high = end < end_b ? end : end_b;
	*first = low;
	*length = high > low ? high - low : 0;
}

weir_window_t
weir_window_intersect (weir_window_t a, weir_window_t b)
{
	s_intersect_span (&a.col, &a.width, b.col, b.width);
	s_intersect_span (&a.row, &a.height, b.row, b.height);
	return a;
}

void
weir_window_join (weir_window_t *all, weir_window_t w)
{
	int64_t right = all->col + all->width, bottom = all->row + all->height;
	if (weir_window_is_empty (w))
		return;
	if (weir_window_is_empty (*all)) {
		*all = w;
		return;
	}
	right = w.col + w.width > right ? w.col + w.width : right;
	bottom = w.row + w.height > bottom ? w.row + w.height : bottom;
	all->col = w.col < all->col ? w.col : all->col;
	all->row = w.row < all->row ? w.row : all->row;
	all->width = right - all->col;
	all->height = bottom - all->row;
}

/* Whole pixels from origin a to origin b at resolution `step`; false if they are not whole. */
static bool
s_offset_in_pixels (double a, double b, double step, int64_t *pixels_out)
{
	double offset = (b - a) / step;
	if (!isfinite (offset) || fabs (offset) > GRID_OFFSET_MAX)
		return false;
	double whole = rint (offset);
	if (fabs (offset - whole) > GRID_ORIGIN_SLACK)
		return false;
	*pixels_out = (int64_t) whole;
	return true;
}

static bool
s_same_resolution (double a, double b)
{
	return isfinite (a) && isfinite (b) && a != 0 &&
	       fabs (a - b) <= GRID_RESOLUTION_SLACK * fabs (a);
}

bool
weir_grid_equal (const weir_grid_t *a, const weir_grid_t *b)
{
	bool is_equal = a->crs_id == b->crs_id && a->width == b->width && a->height == b->height;
	for (int i = 0; i < 6 && is_equal; i++)
		is_equal = a->transform[i] == b->transform[i];
	return is_equal;
}

bool
weir_grid_agrees (const weir_grid_t *a, const weir_grid_t *b, weir_window_t *window_out)
{
	const double *ta = a->transform, *tb = b->transform;
	if (a->crs_id < 0 || a->crs_id != b->crs_id)
		return false;
	if (ta[2] != 0 || ta[4] != 0 || tb[2] != 0 || tb[4] != 0)
		return false;
	if (!s_same_resolution (ta[1], tb[1]) || !s_same_resolution (ta[5], tb[5]))
		return false;
	weir_window_t window = { .width = b->width, .height = b->height };
	if (!s_offset_in_pixels (ta[0], tb[0], ta[1], &window.col) ||
	    !s_offset_in_pixels (ta[3], tb[3], ta[5], &window.row))
		return false;
	if (window_out != NULL)
		*window_out = window;
	return true;
}

/* Pixels whose centres lie in the closed interval between the map coordinates a and b. */
static int
s_select_centres (double origin, double step, double a, double b, int64_t *first_out,
                  int64_t *count_out, weir_err_t *err)
{
	double pa = (a - origin) / step - 0.5, pb = (b - origin) / step - 0.5;
	if (!isfinite (pa) || !isfinite (pb))
		return weir_err_invalid (err, "ExtentInvalid", NULL,
		                         "the extent has no finite position on the grid");
	double first = ceil (fmin (pa, pb) - GRID_CENTRE_SLACK);
	double last = floor (fmax (pa, pb) + GRID_CENTRE_SLACK);
	if (last < first)
		return weir_err_invalid (err, "NoDataAvailable", NULL,
		                         "no pixel centre of the grid lies inside the extent");
	if (last - first + 1 > GRID_SIDE_MAX || fabs (first) > GRID_OFFSET_MAX ||
	    fabs (last) > GRID_OFFSET_MAX)
		return weir_err_invalid (err, "ExtentTooLarge", NULL,
		                         "the extent is %.0f pixels a side, at most %.0f are possible",
		                         last - first + 1, GRID_SIDE_MAX);
	*first_out = (int64_t) first;
	*count_out = (int64_t) (last - first) + 1;
	return WEIR_OK;
}

int
weir_grid_window_of_bbox (const weir_grid_t *self, weir_bbox_t bbox, weir_window_t *window_out,
                          weir_err_t *err)
{
	const double *t = self->transform;
	weir_window_t window;
	int rc = s_select_centres (t[0], t[1], bbox.west, bbox.east, &window.col, &window.width, err);
	if (rc == WEIR_OK)
		rc = s_select_centres (t[3], t[5], bbox.south, bbox.north, &window.row, &window.height,
		                       err);
	if (rc == WEIR_OK)
		*window_out = window;
	return rc;
}

weir_grid_t
weir_grid_crop (const weir_grid_t *self, weir_window_t window)
{
	weir_grid_t cropped = *self;
	cropped.transform[0] += (double) window.col * self->transform[1];
	cropped.transform[3] += (double) window.row * self->transform[5];
	cropped.width = window.width;
	cropped.height = window.height;
	return cropped;
}

/* The points of all four edges; x and y hold 4 × GRID_POINTS_PER_EDGE each. */
static void
s_densify_edges (weir_bbox_t bbox, double *x, double *y)
{
	for (int i = 0; i < GRID_POINTS_PER_EDGE; i++) {
		double f = (double) i / (GRID_POINTS_PER_EDGE - 1);
		/* Written so that the corners come out exactly. */
		double along_x = i == GRID_POINTS_PER_EDGE - 1 ? bbox.east
		                                               : bbox.west + f * (bbox.east - bbox.west);
		double along_y = i == GRID_POINTS_PER_EDGE - 1 ? bbox.north
		                                               : bbox.south + f * (bbox.north - bbox.south);
		double px[4] = { along_x, along_x, bbox.west, bbox.east };
		double py[4] = { bbox.south, bbox.north, along_y, along_y };
		memcpy (x + 4 * (size_t) i, px, sizeof px);
		memcpy (y + 4 * (size_t) i, py, sizeof py);
	}
}

int
weir_bbox_transform (weir_bbox_t bbox, const char *src_crs, const char *dst_crs,
                     weir_transform_fn *transform, void *arg, weir_bbox_t *bbox_out,
                     weir_err_t *err)
{
	if (strcmp (src_crs, dst_crs) == 0) {
		*bbox_out = bbox;
		return WEIR_OK;
	}
	double x[4 * GRID_POINTS_PER_EDGE], y[4 * GRID_POINTS_PER_EDGE];
	size_t n = sizeof x / sizeof *x;
	s_densify_edges (bbox, x, y);
	int rc = transform (arg, src_crs, dst_crs, n, x, y, err);
	if (rc != WEIR_OK)
		return rc;
	weir_bbox_t box = { INFINITY, INFINITY, -INFINITY, -INFINITY };
	for (size_t i = 0; i < n; i++) {
		if (!isfinite (x[i]) || !isfinite (y[i]))
			return weir_err_invalid (
				err, "ExtentInvalid", NULL,
				"an edge of the extent has no position in the CRS of the data");
		box.west = fmin (box.west, x[i]);
		box.east = fmax (box.east, x[i]);
		box.south = fmin (box.south, y[i]);
		box.north = fmax (box.north, y[i]);
	}
	*bbox_out = box;
	return WEIR_OK;
}

int
weir_bbox_cover (weir_bbox_t bbox, const char *src_crs, const char *dst_crs,
                 weir_transform_fn *transform, void *arg, weir_bbox_t *bbox_out, size_t *n_lost_out,
                 weir_err_t *err)
{
	double x[WEIR_BBOX_COVER_POINTS], y[WEIR_BBOX_COVER_POINTS];
	const int side = GRID_POINTS_PER_EDGE;
	*n_lost_out = 0;
	if (strcmp (src_crs, dst_crs) == 0) {
		*bbox_out = bbox;
		return WEIR_OK;
	}
	for (int i = 0; i < side * side; i++) {
		int step_x = i % side, step_y = i / side;
		double fx = (double) step_x / (side - 1), fy = (double) step_y / (side - 1);
		x[i] = (1 - fx) * bbox.west + fx * bbox.east;
		y[i] = (1 - fy) * bbox.south + fy * bbox.north;
	}
	int rc = transform (arg, src_crs, dst_crs, WEIR_BBOX_COVER_POINTS, x, y, err);
	weir_bbox_t box = { INFINITY, INFINITY, -INFINITY, -INFINITY };
	for (int i = 0; i < side * side; i++) {
		if (!isfinite (x[i]) || !isfinite (y[i])) {
			(*n_lost_out)++;
			continue;
		}
		box.west = fmin (box.west, x[i]);
		box.east = fmax (box.east, x[i]);
		box.south = fmin (box.south, y[i]);
		box.north = fmax (box.north, y[i]);
	}
	*bbox_out = box;
	return rc;
}

/* ---- a grid that covers a box */

/* Along one axis: where pixels begin (the low edge) and how many there are. */
static void
s_snap_span (double low, double high, double res, bool is_origin, bool is_from_high,
             double *low_out, double *count_out)
{
	if (is_origin) {
		double first = floor (low / res + GRID_CENTRE_SLACK);
		*low_out = first * res;
		*count_out = ceil (high / res - GRID_CENTRE_SLACK) - first;
		return;
	}
	*count_out = ceil ((high - low) / res - GRID_CENTRE_SLACK);
	*low_out = is_from_high ? high - *count_out * res : low;
}

int
weir_grid_snap (weir_bbox_t bbox, double res_x, double res_y, weir_align_t align, int crs_id,
                weir_grid_t *grid_out, weir_err_t *err)
{
	double west, south, n_cols, n_rows;
	bool is_origin = align == WEIR_ALIGN_ORIGIN;
	s_snap_span (bbox.west, bbox.east, res_x, is_origin,
	             align == WEIR_ALIGN_UPPER_RIGHT || align == WEIR_ALIGN_LOWER_RIGHT, &west,
	             &n_cols);
	s_snap_span (bbox.south, bbox.north, res_y, is_origin,
	             align == WEIR_ALIGN_UPPER_LEFT || align == WEIR_ALIGN_UPPER_RIGHT, &south,
	             &n_rows);
	if (!(n_cols >= 1) || !(n_rows >= 1) || !isfinite (west) || !isfinite (south))
		return weir_err_invalid (err, "ExtentInvalid", NULL, "the extent has no area");
	if (n_cols > GRID_SIDE_MAX || n_rows > GRID_SIDE_MAX)
		return weir_err_invalid (
			err, "ExtentTooLarge", NULL,
			"the extent is %.0f × %.0f pixels, at most %.0f a side are possible", n_cols, n_rows,
			GRID_SIDE_MAX);
	double north = bbox.north;
	if (is_origin) /* not south + rows · res: the edge is a whole multiple too */
		north = (rint (south / res_y) + n_rows) * res_y;
	else if (align == WEIR_ALIGN_LOWER_LEFT || align == WEIR_ALIGN_LOWER_RIGHT)
		north = bbox.south + n_rows * res_y;
	*grid_out = (weir_grid_t){ .crs_id = crs_id,
		                       .transform = { west, res_x, 0, north, 0, -res_y },
		                       .width = (int64_t) n_cols,
		                       .height = (int64_t) n_rows };
	return WEIR_OK;
}
