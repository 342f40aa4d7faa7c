/* build.c - see build.h: chains to sources, pipelines and outputs */
#include "cube/plan/build.h"

#include "cube/plan/planner.h"
#include "runtime/base/mem.h"

#include <stdlib.h>
#include <string.h>

static int
s_lower_steps (const weir_graph_t *graph, size_t n, const weir_graph_node_t *const *nodes,
               weir_cell_t *cell, size_t *n_out, weir_prog_t **progs_out, weir_err_t *err)
{
	*progs_out = weir_alloc (n * sizeof **progs_out);
	for (size_t i = 0; i < n; i++) {
		const weir_graph_t *callback = weir_graph_argument_callback (graph, nodes[i], "process");
		if (callback == NULL)
			return weir_err_invalid (err, "ProcessParameterInvalid", nodes[i]->id,
			                         "argument 'process' of apply: expected a process graph");
		weir_prog_t *prog = &(*progs_out)[i];
		int rc = weir_lower_apply (callback, *cell, prog, err);
		if (rc != WEIR_OK)
			return rc;
		*n_out = i + 1;
		*cell = prog->out;
	}
	return WEIR_OK;
}

static int
s_lower_reducer (const weir_graph_t *graph, const weir_graph_node_t *reduce, weir_cell_t *cell,
                 weir_pipeline_t *pipeline, weir_err_t *err)
{
	const weir_graph_t *callback = weir_graph_argument_callback (graph, reduce, "reducer");
	if (callback == NULL)
		return weir_err_invalid (
			err, "ProcessParameterInvalid", reduce->id,
			"argument 'reducer' of reduce_dimension: expected a process graph");
	pipeline->folds = weir_alloc (WEIR_PIPELINE_FOLDS_MAX * sizeof *pipeline->folds);
	return weir_lower_reducer (callback, *cell, pipeline->folds, &pipeline->n_folds,
	                           &pipeline->post, cell, err);
}

/* Source cells to what save_result is given; *pipeline is cleared by the caller, also on error. */
static int
s_lower_chain (const weir_graph_t *graph, const weir_chain_t *chain, weir_cell_t cell,
               weir_pipeline_t *pipeline, weir_err_t *err)
{
	pipeline->in = cell;
	int rc = s_lower_steps (graph, chain->n_before, chain->before, &cell, &pipeline->n_slice_steps,
	                        &pipeline->slice_steps, err);
	if (rc == WEIR_OK && chain->reduce != NULL)
		rc = s_lower_reducer (graph, chain->reduce, &cell, pipeline, err);
	if (rc == WEIR_OK)
		rc = s_lower_steps (graph, chain->n_after, chain->after, &cell, &pipeline->n_chunk_steps,
		                    &pipeline->chunk_steps, err);
	pipeline->out = cell;
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
	output->keeps_time = chain->reduce == NULL;
	int rc = s_lower_chain (graph, chain, source->cell, &output->pipeline, err);
	if (rc == WEIR_OK)
		rc = weir_target_read (chain->save, &target, err);
	if (rc != WEIR_OK)
		return rc;
	output->format = target.format;
	output->options = target.options; /* texts move */
	target.options.compress = target.options.bigtiff = NULL;
	target.options.predictor = output->options.predictor;
	rc = weir_target_apply (&target, output->node, source->n_bands, output->keeps_time,
	                        &output->pipeline, err);
	weir_target_clear (&target);
	uint64_t memory_bytes = 0;
	if (rc == WEIR_OK)
		rc = weir_shape_output (options, source, output, &memory_bytes, err);
	if (memory_bytes > plan->memory_bytes)
		plan->memory_bytes = memory_bytes;
	return rc;
}

static size_t
s_find_want (size_t n_wants, const weir_plan_want_t *wants, const weir_graph_node_t *load)
{
	size_t i = 0;
	while (i < n_wants && strcmp (wants[i].node, load->id) != 0)
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
		output->source = (uint32_t) s_find_want (n_wants, wants, chains[i].load);
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
s_check_dimensions (size_t n_chains, const weir_chain_t *chains, size_t n_wants,
                    const weir_plan_want_t *wants, const weir_stac_items_t *const *items,
                    weir_err_t *err)
{
	for (size_t i = 0; i < n_chains; i++) {
		int rc = weir_chain_check_dimension (
			&chains[i], items[s_find_want (n_wants, wants, chains[i].load)], err);
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
	rc = s_check_dimensions (n_chains, chains, n_wants, wants, items, err);
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
