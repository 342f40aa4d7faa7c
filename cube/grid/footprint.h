/* footprint.h - where a grid lies on the earth: its outline and box in longitude and latitude
 *
 * The outline is the grid's edges, densified where they bend. What GeoJSON cannot draw as one ring
 * (over the date line, around a pole, corners off the earth) has a box only.
 *
 * Runs on   any thread; pure
 * Source    RFC 7946, sections 3.1.6, 5.2, 5.3
 */
#ifndef WEIR_CUBE_FOOTPRINT_H
#define WEIR_CUBE_FOOTPRINT_H

#include "cube/grid/grid.h"

#define WEIR_FOOTPRINT_EDGE 20 /* steps an edge */
#define WEIR_FOOTPRINT_POINTS (4 * WEIR_FOOTPRINT_EDGE)

typedef struct {
	weir_bbox_t bbox; /* west > east: over the date line */
	size_t n_points; /* of the outline, anticlockwise, not closed; 0: the box is all that is said */
	double x[WEIR_FOOTPRINT_POINTS], y[WEIR_FOOTPRINT_POINTS];
} weir_footprint_t;

/* crs: of the grid, as `transform` takes it. Never fails: a grid of which no point has a place on
 * the earth may be anywhere. */
void weir_grid_footprint (const weir_grid_t *self, const char *crs, weir_transform_fn *transform,
                          void *arg, weir_footprint_t *out);

#endif
