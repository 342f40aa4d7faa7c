/* resample_spatial.c - a cube on another grid
 *
 * The planner fuses it into the reading; there is nothing to evaluate on values.
 *
 * Source   openEO processes 2.0; DESIGN 8 (Grid)
 */
#include "cube/process/processes.h"

static const weir_parameter_t s_parameters[] = {
	{ .name = "data", .is_required = true, .types = "raster-cube", .description = "The cube." },
	{ .name = "resolution",
	  .types = "number array",
	  .default_json = "0",
	  .description = "Size of a pixel in the units of the new CRS, one number or x and y; 0: as it "
	                 "is." },
	{ .name = "projection",
	  .types = "number string object null",
	  .default_json = "null",
	  .description = "The new CRS: EPSG number, code, WKT2 or PROJJSON; null: as it is." },
	{ .name = "method",
	  .types = "string",
	  .default_json = "\"near\"",
	  .description = "How pixels are made; only near is offered yet." },
	{ .name = "align",
	  .types = "string null",
	  .default_json = "null",
	  .description = "The corner of the extent that pixels begin at: upper-left, lower-left, "
	                 "upper-right, lower-right. Not given: edges lie on whole multiples of the "
	                 "resolution from the CRS's origin." },
};

const weir_process_t weir_descriptor_resample_spatial = {
	.id = "resample_spatial",
	.summary = "Puts a cube onto another grid",
	.klass = WEIR_PROCESS_SPATIAL,
	.n_parameters = WEIR_N_OF (s_parameters),
	.parameters = s_parameters,
	.op = -1,
	.fold = -1,
	.returns = "raster-cube",
};
