/* grid.h - the spatial plane of a cube: CRS, affine transform, width and height
 *
 * transform is GDAL's order: x = t[0] + col·t[1] + row·t[2], y = t[3] + col·t[4] + row·t[5], for
 * pixel corners; rotation (t[2], t[4]) is refused, t[1] > 0; t[5] < 0 is north-up (t[5] > 0,
 * south-up, is kept as it is). A CRS is a text that the raster connector resolved: canonical WKT2;
 * two grids share a CRS iff crs_id is equal.
 *
 * Runs on   any thread; pure
 * Source    DESIGN 8 (Extent, Grid)
 */
#ifndef WEIR_CUBE_GRID_H
#define WEIR_CUBE_GRID_H

#include "runtime/base/err.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct {
	int crs_id; /* index into the plan's list of CRS; -1: unknown */
	double transform[6];
	int64_t width, height;
} weir_grid_t;

typedef struct {
	int64_t col, row, width, height; /* in pixels of some grid; may be empty (width or height 0) */
} weir_window_t;

typedef struct {
	double west, south, east, north;
} weir_bbox_t;

weir_bbox_t weir_grid_bbox (const weir_grid_t *self);
bool weir_window_is_empty (weir_window_t w);
weir_window_t weir_window_intersect (weir_window_t a, weir_window_t b);
/* *all becomes the smallest window that holds both; empty ones hold nothing. */
void weir_window_join (weir_window_t *all, weir_window_t w);

bool weir_grid_equal (const weir_grid_t *a, const weir_grid_t *b); /* in every number */

/* Same CRS, resolution within 1e-6 (relative), origins apart by whole pixels ± 0.01: then
 * *window_out is `b`'s extent in pixels of `a` (may be negative or outside). */
bool weir_grid_agrees (const weir_grid_t *a, const weir_grid_t *b, weir_window_t *window_out);

/* The rows and columns of `grid`'s lattice whose pixel centre lies in the closed box (in the grid's
 * CRS); the lattice goes on beyond the grid. Errors: an empty selection, more than 2^31 - 1 pixels
 * a side. */
int weir_grid_window_of_bbox (const weir_grid_t *self, weir_bbox_t bbox, weir_window_t *window_out,
                              weir_err_t *err);
weir_grid_t weir_grid_crop (const weir_grid_t *self, weir_window_t window);

/* Handed in by connectors: transforms n points in place from one CRS to another (texts as users
 * write them: "EPSG:4326", WKT, PROJJSON); axis order is always x, y (longitude, latitude). Points
 * without a place in the other CRS become infinite; that is no error. */
typedef int weir_transform_fn (void *arg, const char *src_crs, const char *dst_crs, size_t n,
                               double *x, double *y, weir_err_t *err);

/* bbox in src_crs -> smallest box in dst_crs that holds its densified edges (21 points an edge). */
int weir_bbox_transform (weir_bbox_t bbox, const char *src_crs, const char *dst_crs,
                         weir_transform_fn *transform, void *arg, weir_bbox_t *bbox_out,
                         weir_err_t *err);

/* Where what lies in the box may lie in dst_crs: the box of 21 × 21 points over it. *n_lost_out
 * counts those that have no place there (all: *bbox_out is empty, west > east). */
int weir_bbox_cover (weir_bbox_t bbox, const char *src_crs, const char *dst_crs,
                     weir_transform_fn *transform, void *arg, weir_bbox_t *bbox_out,
                     size_t *n_lost_out, weir_err_t *err);
#define WEIR_BBOX_COVER_POINTS 441

typedef enum { /* which corner of an extent a grid begins at */
	           WEIR_ALIGN_ORIGIN =
	               0, /* none: edges on whole multiples of the resolution from the CRS origin */
	           WEIR_ALIGN_UPPER_LEFT,
	           WEIR_ALIGN_LOWER_LEFT,
	           WEIR_ALIGN_UPPER_RIGHT,
	           WEIR_ALIGN_LOWER_RIGHT
} weir_align_t;

/* The north-up grid of pixels of res_x × res_y (> 0) that covers the box, snapped outward. Errors:
 * a box without area, more than 2^31 - 1 pixels a side. */
int weir_grid_snap (weir_bbox_t bbox, double res_x, double res_y, weir_align_t align, int crs_id,
                    weir_grid_t *grid_out, weir_err_t *err);

#endif
