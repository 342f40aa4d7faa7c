/* mask.c - the polygons of an extent in the CRS of the grid; edges are straight there
 *
 * Source   DESIGN 8 (Extent)
 */
#include "cube/plan/planner.h"

#include <math.h>
#include <string.h>

int
weir_mask_build (const weir_plan_want_t *want, const weir_plan_options_t *options,
                 const weir_plan_t *plan, const weir_grid_t *grid, weir_shape_t *mask_out,
                 weir_err_t *err)
{
	char crs[WEIR_SHAPE_CRS_BYTES];
	if (want->geometry == NULL)
		return WEIR_OK;
	weir_err_t reason = { 0 };
	int rc = weir_shape_parse (want->geometry, mask_out, crs, &reason);
	const char *grid_crs = plan->crs[grid->crs_id];
	if (rc == WEIR_OK)
		rc = options->transform (options->arg, crs, grid_crs, mask_out->n_points, mask_out->x,
		                         mask_out->y, &reason);
	for (size_t i = 0; rc == WEIR_OK && i < mask_out->n_points; i++)
		if (!isfinite (mask_out->x[i]) || !isfinite (mask_out->y[i]))
			rc = weir_err_invalid (&reason, "ExtentInvalid", NULL,
			                       "a vertex has no place in the CRS of the data");
	if (rc == WEIR_OK)
		return rc;
	return weir_err_set (err, rc, reason.klass, reason.code, want->node,
	                     "argument 'spatial_extent' of load_stac: %.1500s", reason.text);
}
