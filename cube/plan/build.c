/* build.c - see build.h: chains to sources, pipelines and outputs */
#include "cube/plan/build.h"

#include "cube/plan/planner.h"
#include "runtime/base/mem.h"

#include <stdlib.h>
#include <string.h>

/* A chain on its way into a pipeline. */
typedef struct {
	const weir_graph_t *graph;
	const weir_chain_t *chain;
	const weir_plan_source_t *source;
	weir_pipeline_t *pipeline; /* cleared by the caller, also on error */
	weir_cell_t cell;          /* after the steps so far */
	bool is_folded;            /* over time */
} s_lowering_t;

static int
s_lower_apply (s_lowering_t *self, const weir_graph_node_t *node, weir_err_t *err)
{
	weir_pipeline_t *pipeline = self->pipeline;
	const weir_graph_t *callback = weir_graph_argument_callback (self->graph, node, "process");
	if (callback == NULL)
		return weir_err_invalid (err, "ProcessParameterInvalid", node->id,
		                         "argument 'process' of apply: expected a process graph");
	weir_prog_t **progs = self->is_folded ? &pipeline->chunk_steps : &pipeline->slice_steps;
	size_t *n = self->is_folded ? &pipeline->n_chunk_steps : &pipeline->n_slice_steps;
	*progs = weir_realloc (*progs, (*n + 1) * sizeof **progs);
	int rc = weir_lower_apply (callback, self->cell, &(*progs)[*n], err);
	if (rc != WEIR_OK)
		return rc;
	self->cell = (*progs)[*n].out;
	++*n;
	return WEIR_OK;
}

static int
s_lower_time (s_lowering_t *self, const weir_graph_t *callback, weir_err_t *err)
{
	weir_pipeline_t *pipeline = self->pipeline;
	pipeline->folds = weir_alloc (WEIR_PIPELINE_FOLDS_MAX * sizeof *pipeline->folds);
	self->is_folded = true;
	return weir_lower_reducer (callback, self->cell, pipeline->folds, &pipeline->n_folds,
	                           &pipeline->post, &self->cell, err);
}

static int
s_lower_bands (s_lowering_t *self, const weir_graph_t *callback, weir_err_t *err)
{
	weir_pipeline_t *pipeline = self->pipeline;
	size_t n_bands = self->source->n_bands;
	const char **names = weir_alloc (n_bands * sizeof *names);
	for (size_t i = 0; i < n_bands; i++)
		names[i] = self->source->bands[i].name;
	pipeline->inputs = weir_alloc (WEIR_PROG_INPUT_MAX * sizeof *pipeline->inputs);
	int rc = weir_lower_bands_reducer (callback, self->cell, n_bands, names, &pipeline->bands,
	                                   &pipeline->n_inputs, pipeline->inputs, err);
	pipeline->bands_at = self->is_folded ? WEIR_BANDS_CHUNK : WEIR_BANDS_SLICE;
	pipeline->n_bands_before = self->is_folded ? pipeline->n_chunk_steps : pipeline->n_slice_steps;
	if (rc == WEIR_OK)
		self->cell = pipeline->bands.out;
	free (names);
	return rc;
}

static int
s_lower_step (s_lowering_t *self, const weir_graph_node_t *node, weir_err_t *err)
{
	if (node != self->chain->over_time && node != self->chain->over_bands)
		return s_lower_apply (self, node, err);
	const weir_graph_t *callback = weir_graph_argument_callback (self->graph, node, "reducer");
	if (callback == NULL)
		return weir_err_invalid (
			err, "ProcessParameterInvalid", node->id,
			"argument 'reducer' of reduce_dimension: expected a process graph");
	return node == self->chain->over_time ? s_lower_time (self, callback, err)
	                                      : s_lower_bands (self, callback, err);
}

/* Source cells to what save_result is given. */
static int
s_lower_chain (const weir_graph_t *graph, const weir_chain_t *chain,
               const weir_plan_source_t *source, weir_pipeline_t *pipeline, weir_err_t *err)
{
	s_lowering_t self = {
		.graph = graph, .chain = chain, .source = source, .pipeline = pipeline, .cell = source->cell
	};
	int rc = WEIR_OK;
	pipeline->in = source->cell;
	for (size_t i = 0; i < chain->n_steps && rc == WEIR_OK; i++)
		rc = s_lower_step (&self, chain->steps[i], err);
	pipeline->out = self.cell;
	return rc;
}

static int
s_build_output (const weir_graph_t *graph, const weir_chain_t *chain,
                const weir_plan_options_t *options, weir_plan_t *plan, weir_plan_output_t *output,
                weir_err_t *err)
{
	const weir_plan_source_t *source = &plan->sources[output->source];
	weir_target_t target = { 0 };
	output->node = weir_strdup (chain->save->id);
	output->is_result = chain->save->is_result;
	output->keeps_time = chain->over_time == NULL;
	int rc = s_lower_chain (graph, chain, source, &output->pipeline, err);
	if (rc == WEIR_OK)
		rc = weir_target_read (chain->save, &target, err);
	if (rc != WEIR_OK)
		return rc;
	rc = weir_target_apply (&target, output->node, weir_plan_output_bands (source, output),
	                        output->keeps_time, &output->pipeline, err);
	output->format = target.format;
	output->options = target.options; /* texts move */
	uint64_t memory_bytes = 0;
	if (rc == WEIR_OK)
		rc = weir_shape_output (options, source, output, &memory_bytes, err);
	if (memory_bytes > plan->memory_bytes)
		plan->memory_bytes = memory_bytes;
	return rc;
}

static size_t
s_find_want (size_t n_wants, const weir_plan_want_t *wants, const weir_chain_t *chain)
{
	size_t i = 0;
	while (i < n_wants && !weir_chain_is_fed_by (chain, &wants[i]))
		i++;
	weir_assert (i < n_wants); /* wants come from the same graph */
	return i;
}

static int
s_build_sources (size_t n_wants, const weir_plan_want_t *wants,
                 const weir_stac_items_t *const *items, const weir_plan_options_t *options,
                 weir_plan_t *plan, weir_err_t *err)
{
	plan->sources = weir_alloc (n_wants * sizeof *plan->sources);
	for (size_t i = 0; i < n_wants; i++) {
		plan->n_sources = i + 1;
		int rc = weir_source_build (&wants[i], items[i], options, plan, &plan->sources[i], err);
		if (rc != WEIR_OK)
			return rc;
	}
	return WEIR_OK;
}

static int
s_build_outputs (const weir_graph_t *graph, size_t n_chains, const weir_chain_t *chains,
                 size_t n_wants, const weir_plan_want_t *wants, const weir_plan_options_t *options,
                 weir_plan_t *plan, weir_err_t *err)
{
	plan->outputs = weir_alloc (n_chains * sizeof *plan->outputs);
	for (size_t i = 0; i < n_chains; i++) {
		weir_plan_output_t *output = &plan->outputs[i];
		plan->n_outputs = i + 1;
		output->source = (uint32_t) s_find_want (n_wants, wants, &chains[i]);
		int rc = s_build_output (graph, &chains[i], options, plan, output, err);
		if (rc != WEIR_OK)
			return rc;
		output->first_chunk = plan->n_chunks;
		plan->n_chunks += output->n_chunks; /* 256 times 2^40 at most */
		if (plan->n_chunks > WEIR_PLAN_CHUNKS_MAX)
			return weir_err_invalid (err, "ExtentTooLarge", output->node, "more than 2^40 chunks");
	}
	return WEIR_OK;
}

/* What can be checked before files are opened is checked first. */
static int
s_settle_chains (size_t n_chains, weir_chain_t *chains, size_t n_wants,
                 const weir_plan_want_t *wants, const weir_stac_items_t *const *items,
                 weir_err_t *err)
{
	for (size_t i = 0; i < n_chains; i++) {
		int rc = weir_chain_settle (&chains[i], items[s_find_want (n_wants, wants, &chains[i])],
		                            err);
		if (rc != WEIR_OK)
			return rc;
	}
	return WEIR_OK;
}

int
weir_plan_build (const weir_graph_t *graph, size_t n_wants, const weir_plan_want_t *wants,
                 const weir_stac_items_t *const *items, const weir_plan_options_t *options,
                 weir_plan_t **plan_out, weir_err_t *err)
{
	weir_err_t own = { 0 }; /* bad items are judged by their error, so there must be one */
	size_t n_chains = 0;
	weir_chain_t *chains = NULL;
	if (err == NULL)
		err = &own;
	int rc = weir_chains_walk (graph, &n_chains, &chains, err);
	if (rc != WEIR_OK)
		return rc;
	weir_plan_t *plan = weir_alloc (sizeof *plan);
	rc = s_settle_chains (n_chains, chains, n_wants, wants, items, err);
	if (rc == WEIR_OK)
		rc = s_build_sources (n_wants, wants, items, options, plan, err);
	if (rc == WEIR_OK)
		rc = s_build_outputs (graph, n_chains, chains, n_wants, wants, options, plan, err);
	weir_chains_free (n_chains, chains);
	if (rc != WEIR_OK)
		weir_plan_destroy (&plan);
	else
		*plan_out = plan;
	return rc;
}
