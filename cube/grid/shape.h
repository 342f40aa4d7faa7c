/* shape.h - polygons that an extent masks by: from GeoJSON, in a cube's CRS, to pixels
 *
 * A pixel is inside where its centre lies in one of the polygons, by the even-odd rule over the
 * polygon's rings: the first is its outline, the others are holes. Edges belong to it, so that a
 * centre on an edge that two polygons share is in both. Edges are straight in the CRS that the
 * points are in.
 *
 * Runs on      any thread; pure
 * Ownership    weir_shape_clear frees what a shape points to
 * Limits       WEIR_SHAPE_POINTS_MAX points; memory O(points)
 * Source       RFC 7946; DESIGN 8 (Extent)
 */
#ifndef WEIR_CUBE_SHAPE_H
#define WEIR_CUBE_SHAPE_H

#include "cube/grid/grid.h"

#include <jansson.h>

#define WEIR_SHAPE_POINTS_MAX 1000000

typedef struct {
	size_t first, n;  /* points; the last is not the first again */
	uint32_t polygon; /* rings of one polygon stand together */
} weir_ring_t;

typedef struct {
	size_t n_rings, n_points;
	weir_ring_t *rings;
	double *x, *y;
} weir_shape_t;

void weir_shape_clear (weir_shape_t *self);

#define WEIR_SHAPE_CRS_BYTES 40

/* Polygon, MultiPolygon, GeometryCollection of them, Feature or FeatureCollection; empty geometries
 * are left out, but something must be left. crs_out, of WEIR_SHAPE_CRS_BYTES: "EPSG:4326", or the
 * code that a member `crs` names. Positions are x, y. */
int weir_shape_parse (const json_t *geojson, weir_shape_t *shape_out, char *crs_out,
                      weir_err_t *err);
weir_bbox_t weir_shape_bbox (const weir_shape_t *self);

/* inside[row · width + col] = 1 where the centre of that pixel of the window is inside, else 0;
 * returns how many are. */
size_t weir_shape_fill (const weir_shape_t *self, const weir_grid_t *grid, weir_window_t window,
                        uint8_t *inside);

#endif
