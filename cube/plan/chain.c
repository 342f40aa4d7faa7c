/* chain.c - from a save_result back through the graph to the load_stac that feeds it */
#include "cube/plan/planner.h"
#include "cube/process/process.h"
#include "runtime/base/mem.h"

#include <stdlib.h>
#include <string.h>

static bool
s_is_process (const weir_graph_node_t *node, const char *id)
{
	return strcmp (node->process->id, id) == 0;
}

static void
s_append (const weir_graph_node_t ***nodes, size_t *n, const weir_graph_node_t *node)
{
	*nodes = weir_realloc (*nodes, (*n + 1) * sizeof **nodes);
	(*nodes)[(*n)++] = node;
}

static void
s_reverse (const weir_graph_node_t **nodes, size_t n)
{
	for (size_t i = 0; i < n / 2; i++) {
		const weir_graph_node_t *node = nodes[i];
		nodes[i] = nodes[n - 1 - i];
		nodes[n - 1 - i] = node;
	}
}

static int
s_unsupported (const weir_graph_node_t *node, const char *text, weir_err_t *err)
{
	return weir_err_set (err, WEIR_E_UNSUPPORTED, WEIR_CLASS_GIVE_UP, "FeatureUnsupported",
	                     node->id, "%s: %s", node->process->id, text);
}

/* A result that is not the graph's goes into a folder of its node's name. */
static int
s_check_folder (const weir_graph_node_t *save, weir_err_t *err)
{
	bool is_folder = *save->id != '\0' && *save->id != '.' && strchr (save->id, '/') == NULL &&
	                 strlen (save->id) < 200;
	if (save->is_result || is_folder)
		return WEIR_OK;
	return weir_err_invalid (
		err, "ProcessGraphInvalid", save->id,
		"the result of save_result goes into a folder of the node's name, which this "
		"one cannot be");
}

/* One step back: notes what `node` does. */
static int
s_note_node (const weir_graph_node_t *node, weir_chain_t *chain, weir_err_t *err)
{
	if (s_is_process (node, "load_stac")) {
		chain->load = node;
		return WEIR_OK;
	}
	if (chain->resample != NULL)
		return s_unsupported (
			chain->resample,
			"is offered right after load_stac only, where it becomes part of the reading", err);
	if (s_is_process (node, "resample_spatial")) {
		chain->resample = node;
		return WEIR_OK;
	}
	if (!s_is_process (node, "apply") && !s_is_process (node, "reduce_dimension"))
		return s_unsupported (node, "cannot stand between load_stac and save_result yet", err);
	s_append (&chain->steps, &chain->n_steps, node);
	return WEIR_OK;
}

/* Between two reductions there are at most as many steps as a pipeline takes. */
static int
s_check_length (const weir_chain_t *chain, weir_err_t *err)
{
	size_t in_a_row = 0, n_reductions = 0;
	for (size_t i = 0; i < chain->n_steps; i++) {
		bool is_apply = s_is_process (chain->steps[i], "apply");
		in_a_row = is_apply ? in_a_row + 1 : 0;
		n_reductions += !is_apply;
		if (in_a_row > WEIR_PIPELINE_STEPS_MAX)
			return s_unsupported (chain->save, "more than 32 steps in a row are not offered", err);
		if (n_reductions > 2)
			return s_unsupported (chain->steps[i],
			                      "a third reduction of the same cube is not offered", err);
	}
	return WEIR_OK;
}

int
weir_chain_walk (const weir_graph_t *graph, const weir_graph_node_t *save, weir_chain_t *chain_out,
                 weir_err_t *err)
{
	weir_chain_t chain = { .save = save };
	int rc = WEIR_OK;
	const weir_graph_node_t *node = save;
	while (rc == WEIR_OK && chain.load == NULL) {
		const weir_graph_node_t *from = weir_graph_argument_node (graph, node, "data");
		if (from == NULL)
			rc = weir_err_invalid (err, "ProcessParameterInvalid", node->id,
			                       "argument 'data' of %s: expected a cube from another node",
			                       node->process->id);
		else
			rc = s_note_node (from, &chain, err);
		node = from;
	}
	if (rc != WEIR_OK) {
		weir_chain_clear (&chain);
		return rc;
	}
	s_reverse (chain.steps, chain.n_steps);
	rc = s_check_length (&chain, err);
	if (rc != WEIR_OK) {
		weir_chain_clear (&chain);
		return rc;
	}
	*chain_out = chain;
	return WEIR_OK;
}

bool
weir_chain_is_fed_by (const weir_chain_t *self, const weir_plan_want_t *want)
{
	if (strcmp (want->node, self->load->id) != 0)
		return false;
	if (want->resample.node == NULL || self->resample == NULL)
		return want->resample.node == NULL && self->resample == NULL;
	return strcmp (want->resample.node, self->resample->id) == 0;
}

void
weir_chain_clear (weir_chain_t *self)
{
	free (self->steps);
	*self = (weir_chain_t){ 0 };
}

int
weir_chains_walk (const weir_graph_t *graph, size_t *n_out, weir_chain_t **chains_out,
                  weir_err_t *err)
{
	const weir_graph_node_t *result = weir_graph_result (graph);
	if (!s_is_process (result, "save_result"))
		return weir_err_invalid (err, "ProcessGraphInvalid", result->id,
		                         "the result node is '%s': a job ends in save_result",
		                         result->process->id);
	size_t n = 0, n_nodes = weir_graph_n_nodes (graph);
	weir_chain_t *chains = weir_alloc (n_nodes * sizeof *chains);
	int rc = WEIR_OK;
	for (size_t i = 0; i < n_nodes && rc == WEIR_OK; i++) {
		const weir_graph_node_t *node = weir_graph_node (graph, i);
		if (!s_is_process (node, "save_result"))
			continue;
		if (n == WEIR_PLAN_OUTPUTS_MAX)
			rc = s_unsupported (node, "more than 256 results in one graph are not offered", err);
		else
			rc = s_check_folder (node, err);
		if (rc == WEIR_OK)
			rc = weir_chain_walk (graph, node, &chains[n], err);
		n += rc == WEIR_OK;
	}
	if (rc != WEIR_OK) {
		weir_chains_free (n, chains);
		return rc;
	}
	*n_out = n;
	*chains_out = chains;
	return WEIR_OK;
}

void
weir_chains_free (size_t n, weir_chain_t *chains)
{
	for (size_t i = 0; chains != NULL && i < n; i++)
		weir_chain_clear (&chains[i]);
	free (chains);
}

/* ---- dimensions */

typedef struct { /* names, as the catalogue has them */
	const char *t, *bands, *x, *y;
} s_dims_t;

static int
s_settle_reduction (weir_chain_t *self, const weir_graph_node_t *node, const s_dims_t *dims,
                    weir_err_t *err)
{
	const char *wanted = json_string_value (json_object_get (node->arguments, "dimension"));
	if (wanted == NULL)
		return weir_err_invalid (err, "ProcessParameterInvalid", node->id,
		                         "argument 'dimension' of reduce_dimension: expected a text");
	bool is_space = strcmp (wanted, dims->x) == 0 || strcmp (wanted, dims->y) == 0;
	bool is_time = strcmp (wanted, dims->t) == 0, is_bands = strcmp (wanted, dims->bands) == 0;
	if (!is_time && !is_bands && !is_space) {
		is_time = strcmp (wanted, "t") == 0 || strcmp (wanted, "time") == 0;
		is_space = strcmp (wanted, "x") == 0 || strcmp (wanted, "y") == 0;
	}
	const weir_graph_node_t **place = is_time ? &self->over_time : &self->over_bands;
	if (is_space && !is_time && !is_bands)
		return weir_err_set (
			err, WEIR_E_UNSUPPORTED, WEIR_CLASS_GIVE_UP, "FeatureUnsupported", node->id,
			"reduce_dimension over '%s' is not offered yet: only over '%s' and '%s'", wanted,
			dims->t, dims->bands);
	if ((is_time || is_bands) && *place != NULL)
		return weir_err_invalid (err, "DimensionNotAvailable", node->id,
		                         "dimension '%s' does not exist: '%s' has reduced it", wanted,
		                         (*place)->id);
	if (!is_time && !is_bands)
		return weir_err_invalid (
			err, "DimensionNotAvailable", node->id,
			"dimension '%s' does not exist: the cube has '%s', '%s', '%s', '%s'", wanted, dims->x,
			dims->y, dims->t, dims->bands);
	*place = node;
	return WEIR_OK;
}

int
weir_chain_settle (weir_chain_t *self, const weir_stac_items_t *items, weir_err_t *err)
{
	s_dims_t dims = { .t = items->dim_t != NULL ? items->dim_t : "t",
		              .bands = items->dim_bands != NULL ? items->dim_bands : "bands",
		              .x = items->dim_x != NULL ? items->dim_x : "x",
		              .y = items->dim_y != NULL ? items->dim_y : "y" };
	int rc = WEIR_OK;
	size_t n_apply = 0;
	for (size_t i = 0; i < self->n_steps && rc == WEIR_OK; i++) {
		n_apply++;
		if (s_is_process (self->steps[i], "apply")) {
			if (n_apply > WEIR_PIPELINE_STEPS_MAX)
				return s_unsupported (self->save, "more than 32 steps in a row are not offered",
				                      err);
			continue;
		}
		rc = s_settle_reduction (self, self->steps[i], &dims, err);
		n_apply = self->over_time == self->steps[i] ? 0 : n_apply - 1;
	}
	return rc;
}
