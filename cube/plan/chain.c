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
	if (s_is_process (node, "apply")) {
		/* Walking backwards: what comes before the reduction is met after it. */
		if (chain->reduce == NULL)
			s_append (&chain->after, &chain->n_after, node);
		else
			s_append (&chain->before, &chain->n_before, node);
		return WEIR_OK;
	}
	if (!s_is_process (node, "reduce_dimension"))
		return s_unsupported (node, "cannot stand between load_stac and save_result yet", err);
	if (chain->reduce != NULL)
		return s_unsupported (chain->reduce,
		                      "a second reduction of the same cube is not offered yet", err);
	chain->reduce = node;
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
	if (chain.reduce == NULL) { /* every step is then a step on slices */
		chain.before = chain.after;
		chain.n_before = chain.n_after;
		chain.after = NULL;
		chain.n_after = 0;
	}
	s_reverse (chain.before, chain.n_before);
	s_reverse (chain.after, chain.n_after);
	if (chain.n_before > WEIR_PIPELINE_STEPS_MAX || chain.n_after > WEIR_PIPELINE_STEPS_MAX) {
		weir_chain_clear (&chain);
		return s_unsupported (save, "more than 32 steps in a row are not offered", err);
	}
	*chain_out = chain;
	return WEIR_OK;
}

void
weir_chain_clear (weir_chain_t *self)
{
	free (self->before);
	free (self->after);
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

int
weir_chain_check_dimension (const weir_chain_t *self, const weir_stac_items_t *items,
                            weir_err_t *err)
{
	if (self->reduce == NULL)
		return WEIR_OK;
	const char *wanted = json_string_value (json_object_get (self->reduce->arguments, "dimension"));
	const char *t = items->dim_t != NULL ? items->dim_t : "t";
	const char *others[3] = { items->dim_bands != NULL ? items->dim_bands : "bands",
		                      items->dim_x != NULL ? items->dim_x : "x",
		                      items->dim_y != NULL ? items->dim_y : "y" };
	if (wanted == NULL)
		return weir_err_invalid (err, "ProcessParameterInvalid", self->reduce->id,
		                         "argument 'dimension' of reduce_dimension: expected a text");
	if (strcmp (wanted, t) == 0)
		return WEIR_OK;
	bool is_spatial_alias = strcmp (wanted, "x") == 0 || strcmp (wanted, "y") == 0;
	for (int i = 0; i < 3; i++)
		if (strcmp (wanted, others[i]) == 0 || (is_spatial_alias && i == 2))
			return weir_err_set (
				err, WEIR_E_UNSUPPORTED, WEIR_CLASS_GIVE_UP, "FeatureUnsupported", self->reduce->id,
				"reduce_dimension over '%s' is not offered yet: only over '%s'", wanted, t);
	if (strcmp (wanted, "t") == 0 || strcmp (wanted, "time") == 0)
		return WEIR_OK;
	return weir_err_invalid (err, "DimensionNotAvailable", self->reduce->id,
	                         "dimension '%s' does not exist: the cube has '%s', '%s', '%s', '%s'",
	                         wanted, others[1], others[2], t, others[0]);
}
