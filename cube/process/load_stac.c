/* load_stac.c - a cube from a STAC catalogue, collection, item or API
 *
 * The planner asks the STAC connector for items and makes the cube's grid; there is nothing to
 * evaluate on values.
 *
 * Source   openEO processes 2.0 (proposals)
 */
#include "cube/process/processes.h"

static const weir_parameter_t s_parameters[] = {
	{ .name = "url",
	  .is_required = true,
	  .types = "string",
	  .description = "Address of the STAC document: http(s), file:// or a path." },
	{ .name = "spatial_extent",
	  .types = "object null",
	  .default_json = "null",
	  .description =
	      "A bounding box (west, south, east, north, crs) or GeoJSON; null: everything." },
	{ .name = "temporal_extent",
	  .types = "array null",
	  .default_json = "null",
	  .description =
	      "From (inside) and to (outside), one of which may be null; null: everything." },
	{ .name = "bands",
	  .types = "array null",
	  .default_json = "null",
	  .description = "Names of the wanted bands, in the order of the result; null: all." },
	{ .name = "properties",
	  .types = "object null",
	  .default_json = "null",
	  .description = "Conditions on properties of the items, by name; all must be true.",
	  .callback_parameters = "value" },
};

const weir_process_t weir_descriptor_load_stac = {
	.id = "load_stac",
	.summary = "A cube of the raster files that a STAC catalogue lists",
	.klass = WEIR_PROCESS_SOURCE,
	.n_parameters = WEIR_N_OF (s_parameters),
	.parameters = s_parameters,
	.op = -1,
	.fold = -1,
	.returns = "raster-cube",
};
