/* save_result.c - what becomes a file
 *
 * Formats and their options are checked by the planner, which knows the cube.
 *
 * Source   openEO processes 2.0, DESIGN 7
 */
#include "cube/process/processes.h"

static const weir_parameter_t s_parameters[] = {
	{ .name = "data",
	  .is_required = true,
	  .types = "raster-cube",
	  .description = "The cube to write." },
	{ .name = "format",
	  .is_required = true,
	  .types = "string",
	  .description = "The file format, in capital or small letters: GTiff, COG, PNG." },
	{ .name = "options",
	  .types = "object",
	  .default_json = "{}",
	  .description = "Options of the format, by name." },
};

const weir_process_t weir_descriptor_save_result = {
	.id = "save_result",
	.summary = "Writes a cube to files",
	.klass = WEIR_PROCESS_SINK,
	.n_parameters = WEIR_N_OF (s_parameters),
	.parameters = s_parameters,
	.op = -1,
	.fold = -1,
	.returns = "boolean",
};
