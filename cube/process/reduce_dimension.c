/* reduce_dimension.c - one value in place of all along a dimension
 *
 * Source   openEO processes 2.0
 */
#include "cube/graph/eval.h"
#include "cube/process/json_cube.h"
#include "cube/process/processes.h"
#include "cube/process/value.h"
#include "runtime/base/mem.h"

#include <stdlib.h>

#define S_CALLBACK_PARAMETERS "data context"

typedef struct {
	const weir_json_cube_t *cube;
	const weir_graph_t *graph;
	json_t *context;
	size_t dim;
	size_t stride; /* between neighbours along the dimension */
} s_reduce_t;

/* The cells along the dimension, with its labels where it has any. */
static json_t *
s_series (const s_reduce_t *self, size_t first)
{
	const json_t *labels = weir_json_cube_labels (self->cube, self->dim);
	json_t *list = json_array ();
	for (size_t i = 0; i < self->cube->sizes[self->dim]; i++) {
		json_t *cell = self->cube->cells[first + i * self->stride];
		if (labels == NULL)
			json_array_append (list, cell);
		else
			json_array_append_new (
				list, json_pack ("{s:O, s:O}", "key", json_array_get (labels, i), "value", cell));
	}
	return labels == NULL ? list : json_pack ("{s:s, s:o}", "type", "labeled-array", "data", list);
}

static int
s_reduce_cell (const s_reduce_t *self, size_t cell, json_t **result_out, weir_err_t *err)
{
	size_t outer = cell / self->stride, inner = cell % self->stride;
	size_t first = outer * self->stride * self->cube->sizes[self->dim] + inner;
	json_t *names = json_pack ("{s:o, s:O?}", "data", s_series (self, first), "context",
	                           self->context);
	int rc = weir_graph_eval (self->graph, names, result_out, err);
	json_decref (names);
	if (rc == 0)
		rc = weir_json_cell_check ("reducer", result_out, err);
	return rc;
}

static int
s_reduce (const weir_json_cube_t *cube, const weir_graph_t *graph, const json_t *arguments,
          size_t dim, json_t **result_out, weir_err_t *err)
{
	s_reduce_t reduce = { cube, graph, json_object_get (arguments, "context"), dim, 1 };
	size_t n_cells = 1;
	for (size_t i = 0; i < cube->n_dims; i++) {
		if (i != dim && (!weir_size_mul (n_cells, cube->sizes[i], &n_cells) ||
		                 n_cells > WEIR_JSON_CUBE_CELLS_MAX))
			return weir_err_invalid (err, "ProcessParameterInvalid", "",
			                         "argument 'data': too many cells");
		if (i > dim)
			reduce.stride *= cube->sizes[i];
	}
	if (!cube->has_data) {
		*result_out = weir_json_cube_build (cube, (int) dim, NULL, 0);
		return 0;
	}
	json_t **cells = weir_alloc (n_cells * sizeof *cells);
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < n_cells; i++)
		rc = s_reduce_cell (&reduce, i, &cells[i], err);
	if (rc == 0)
		*result_out = weir_json_cube_build (cube, (int) dim, cells, n_cells);
	for (size_t i = 0; i < n_cells; i++)
		json_decref (cells[i]);
	free (cells);
	return rc;
}

static int
s_eval_reduce_dimension (const json_t *arguments, json_t **result_out, weir_err_t *err)
{
	weir_graph_t *graph = NULL;
	weir_json_cube_t cube = { 0 };
	const char *name = weir_value_string (json_object_get (arguments, "dimension"));
	int rc = weir_callback_new (json_object_get (arguments, "reducer"), S_CALLBACK_PARAMETERS,
	                            &graph, err);
	if (rc == 0)
		rc = weir_json_cube_parse (json_object_get (arguments, "data"), &cube, err);
	int dim = rc == 0 && name != NULL ? weir_json_cube_find (&cube, name) : -1;
	if (rc == 0 && dim < 0)
		rc = weir_err_invalid (err, "DimensionNotAvailable", "",
		                       "argument 'dimension': the cube has no dimension '%s'",
		                       name != NULL ? name : "");
	if (rc == 0)
		rc = s_reduce (&cube, graph, arguments, (size_t) dim, result_out, err);
	weir_json_cube_clear (&cube);
	weir_graph_destroy (&graph);
	return rc;
}

static const weir_parameter_t s_parameters[] = {
	{ .name = "data", .is_required = true, .types = "raster-cube", .description = "The cube." },
	{ .name = "reducer",
	  .is_required = true,
	  .types = "callback",
	  .description =
	      "What makes one value of the series along the dimension, its parameter `data`.",
	  .callback_parameters = S_CALLBACK_PARAMETERS },
	{ .name = "dimension",
	  .is_required = true,
	  .types = "string",
	  .description = "The dimension that goes." },
	{ .name = "context",
	  .types = "any",
	  .default_json = "null",
	  .description = "Handed to the reducer as it is." },
};

const weir_process_t weir_descriptor_reduce_dimension = {
	.id = "reduce_dimension",
	.summary = "Folds a cube along one dimension",
	.klass = WEIR_PROCESS_FOLD,
	.n_parameters = WEIR_N_OF (s_parameters),
	.parameters = s_parameters,
	.eval = s_eval_reduce_dimension,
	.op = -1,
	.fold = -1,
	.returns = "raster-cube",
};
