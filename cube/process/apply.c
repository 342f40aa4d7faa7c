/* apply.c - a process for each cell of a cube
 *
 * Source   openEO processes 2.0
 */
#include "cube/graph/eval.h"
#include "cube/process/json_cube.h"
#include "cube/process/processes.h"

#define S_CALLBACK_PARAMETERS "x context"

static int
s_apply_cell (const weir_graph_t *graph, json_t *context, json_t **cell_p, weir_err_t *err)
{
	json_t *result = NULL;
	json_t *names = json_pack ("{s:O, s:O?}", "x", *cell_p, "context", context);
	int rc = weir_graph_eval (graph, names, &result, err);
	json_decref (names);
	if (rc == 0)
		rc = weir_json_cell_check ("process", &result, err);
	if (rc != 0) {
		json_decref (result);
		return rc;
	}
	json_decref (*cell_p);
	*cell_p = result;
	return 0;
}

static int
s_eval_apply (const json_t *arguments, json_t **result_out, weir_err_t *err)
{
	weir_graph_t *graph = NULL;
	weir_json_cube_t cube = { 0 };
	int rc = weir_callback_new (json_object_get (arguments, "process"), S_CALLBACK_PARAMETERS,
	                            &graph, err);
	if (rc == 0)
		rc = weir_json_cube_parse (json_object_get (arguments, "data"), &cube, err);
	json_t *context = json_object_get (arguments, "context");
	for (size_t i = 0; rc == 0 && cube.has_data && i < cube.n_cells; i++)
		rc = s_apply_cell (graph, context, &cube.cells[i], err);
	if (rc == 0)
		*result_out = weir_json_cube_build (&cube, -1, cube.cells, cube.n_cells);
	weir_json_cube_clear (&cube);
	weir_graph_destroy (&graph);
	return rc;
}

static const weir_parameter_t s_parameters[] = {
	{ .name = "data", .is_required = true, .types = "raster-cube", .description = "The cube." },
	{ .name = "process",
	  .is_required = true,
	  .types = "callback",
	  .description = "What is done to each cell, which is its parameter `x`.",
	  .callback_parameters = S_CALLBACK_PARAMETERS },
	{ .name = "context",
	  .types = "any",
	  .default_json = "null",
	  .description = "Handed to the process as it is." },
};

const weir_process_t weir_descriptor_apply = {
	.id = "apply",
	.summary = "Does the same to every cell of a cube",
	.klass = WEIR_PROCESS_SLICE,
	.n_parameters = WEIR_N_OF (s_parameters),
	.parameters = s_parameters,
	.eval = s_eval_apply,
	.op = -1,
	.fold = -1,
	.returns = "raster-cube",
};
