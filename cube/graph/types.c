/* types.c - whether the callbacks of a graph can be lowered, tried with a cell of a nominal type
 *
 * What lowering refuses (a series used as one value, a number where a truth value is due) does not
 * depend on the width of the cells, only on number or boolean; so it is found when the graph is
 * read, before anything is asked of a catalogue.
 */
#include "cube/graph/internal.h"

#include "runtime/base/mem.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
	bool is_known;
	weir_cell_t cell;
} s_typed_t;

static int
s_type_apply (const weir_graph_t *callback, weir_cell_t *cell, weir_err_t *err)
{
	weir_prog_t prog;
	int rc = weir_lower_apply (callback, *cell, &prog, err);
	if (rc == 0) {
		*cell = prog.out;
		weir_prog_clear (&prog);
	}
	return rc;
}

static int
s_type_reduce (const weir_graph_t *callback, weir_cell_t *cell, weir_err_t *err)
{
	weir_fold_t folds[WEIR_PIPELINE_FOLDS_MAX];
	size_t n_folds = 0;
	weir_prog_t post;
	int rc = weir_lower_reducer (callback, *cell, folds, &n_folds, &post, cell, err);
	for (size_t i = 0; rc == 0 && i < n_folds; i++)
		weir_prog_clear (&folds[i].condition);
	if (rc == 0)
		weir_prog_clear (&post);
	return rc;
}

/* The names of dimensions are the catalogue's: what takes single elements is over bands. */
static bool
s_is_over_bands (const weir_graph_t *callback, const json_t *dimension)
{
	const char *name = json_string_value (dimension);
	if (name != NULL && strcmp (name, "bands") == 0)
		return true;
	bool is_time = name != NULL && (strcmp (name, "t") == 0 || strcmp (name, "time") == 0);
	for (size_t i = 0; !is_time && i < callback->n_nodes; i++) {
		if (strcmp (callback->nodes[i]->pub.process->id, "array_element") == 0)
			return true;
	}
	return false;
}

static int
s_type_reduce_bands (const weir_graph_t *callback, weir_cell_t *cell, weir_err_t *err)
{
	weir_prog_t prog;
	size_t n_inputs;
	uint32_t inputs[WEIR_PROG_INPUT_MAX];
	int rc = weir_lower_bands_reducer (callback, *cell, 2, NULL, &prog, &n_inputs, inputs, err);
	if (rc == 0) {
		*cell = prog.out;
		weir_prog_clear (&prog);
	}
	return rc;
}

static int
s_type_node (const weir_graph_t *graph, const weir_node_t *node, s_typed_t *typed, weir_err_t *err)
{
	const char *id = node->pub.process->id;
	s_typed_t *out = &typed[node->position];
	if (node->pub.process->klass == WEIR_PROCESS_SOURCE) {
		*out = (s_typed_t){ true, { .type = WEIR_U8, .has_nodata = true, .nodata = 255 } };
		return 0;
	}
	const weir_graph_node_t *input = weir_graph_argument_node (graph, &node->pub, "data");
	if (input == NULL || !typed[((const weir_node_t *) input)->position].is_known)
		return 0;
	const weir_graph_t *process = weir_graph_argument_callback (graph, &node->pub, "process");
	const weir_graph_t *reducer = weir_graph_argument_callback (graph, &node->pub, "reducer");
	*out = typed[((const weir_node_t *) input)->position];
	if (strcmp (id, "apply") == 0 && process != NULL)
		return s_type_apply (process, &out->cell, err);
	if (strcmp (id, "reduce_dimension") == 0 && reducer != NULL &&
	    s_is_over_bands (reducer, json_object_get (node->arguments, "dimension")))
		return s_type_reduce_bands (reducer, &out->cell, err);
	if (strcmp (id, "reduce_dimension") == 0 && reducer != NULL)
		return s_type_reduce (reducer, &out->cell, err);
	return 0;
}

int
weir_graph_check_types (const weir_graph_t *graph, weir_err_t *err)
{
	int rc = 0;
	s_typed_t *typed = weir_alloc (graph->n_nodes * sizeof *typed);
	for (size_t i = 0; rc == 0 && i < graph->n_nodes; i++)
		rc = s_type_node (graph, graph->order[i], typed, err);
	free (typed);
	return rc;
}
