/* plan.c - what a plan owns, and chunks and runs worked out from their numbers */
#include "cube/plan/plan.h"

#include "runtime/base/mem.h"

#include <stdlib.h>

static void
s_free_texts (char **texts, size_t n)
{
	for (size_t i = 0; texts != NULL && i < n; i++)
		free (texts[i]);
	free (texts);
}

static void
s_clear_source (weir_plan_source_t *self)
{
	free (self->node);
	for (size_t i = 0; self->bands != NULL && i < self->n_bands; i++) {
		free (self->bands[i].name);
		free (self->bands[i].description);
	}
	free (self->bands);
	free (self->labels_us);
	for (size_t i = 0; self->items != NULL && i < self->n_items; i++) {
		weir_plan_item_t *item = &self->items[i];
		free (item->id);
		s_free_texts (item->files, item->n_files);
		free (item->bands);
		free (item->places);
		free (item->nodata);
	}
	free (self->items);
	free (self->label_items);
	weir_shape_clear (&self->mask);
}

static void
s_clear_output (weir_plan_output_t *self)
{
	free (self->node);
	free (self->options.compress);
	free (self->options.bigtiff);
	free (self->options.resampling);
	weir_pipeline_clear (&self->pipeline);
}

void
weir_plan_destroy (weir_plan_t **self_p)
{
	if (self_p == NULL || *self_p == NULL)
		return;
	weir_plan_t *self = *self_p;
	*self_p = NULL;
	s_free_texts (self->crs, self->n_crs);
	for (size_t i = 0; self->sources != NULL && i < self->n_sources; i++)
		s_clear_source (&self->sources[i]);
	free (self->sources);
	for (size_t i = 0; self->outputs != NULL && i < self->n_outputs; i++)
		s_clear_output (&self->outputs[i]);
	free (self->outputs);
	s_free_texts (self->warnings, self->n_warnings);
	free (self);
}

weir_plan_chunk_t
weir_plan_chunk (const weir_plan_t *self, uint64_t chunk)
{
	weir_plan_chunk_t out = { 0 };
	uint32_t o = 0;
	while (o < self->n_outputs && chunk - self->outputs[o].first_chunk >= self->outputs[o].n_chunks)
		o++;
	if (o == self->n_outputs)
		return out; /* no such chunk: an empty window, no labels, no runs */
	const weir_plan_output_t *output = &self->outputs[o];
	const weir_plan_source_t *source = &self->sources[output->source];
	uint64_t index = chunk - output->first_chunk;
	uint64_t per_label = output->n_chunk_cols * output->n_chunk_rows;
	out.output = o;
	out.label = index / per_label;
	out.col = index % per_label / output->n_chunk_rows;
	out.row = index % per_label % output->n_chunk_rows;
	weir_window_t grid = { 0, 0, source->grid.width, source->grid.height };
	weir_window_t window = { (int64_t) out.col * output->chunk_width,
		                     (int64_t) out.row * output->chunk_height, output->chunk_width,
		                     output->chunk_height };
	out.window = weir_window_intersect (window, grid);
	out.rank_first = output->keeps_time ? (uint32_t) out.label : 0;
	out.n_labels = output->keeps_time ? 1 : (uint32_t) source->n_labels;
	out.n_runs = (out.n_labels - 1) / output->run_labels + 1;
	return out;
}

void
weir_plan_run (const weir_plan_t *self, const weir_plan_chunk_t *chunk, uint32_t run,
               uint32_t *rank_out, uint32_t *n_labels_out)
{
	*rank_out = chunk->rank_first;
	*n_labels_out = 0;
	if (run >= chunk->n_runs)
		return;
	uint32_t run_labels = self->outputs[chunk->output].run_labels;
	uint32_t before = run * run_labels, rest = chunk->n_labels - before;
	*rank_out += before;
	*n_labels_out = rest < run_labels ? rest : run_labels;
}

weir_plan_nodata_t
weir_plan_item_nodata (const weir_plan_source_t *source, const weir_plan_item_t *item, size_t band)
{
	if (item->nodata != NULL)
		return item->nodata[band];
	return (weir_plan_nodata_t){ source->bands[band].has_nodata, source->bands[band].nodata };
}

weir_plan_place_t
weir_plan_item_place (const weir_plan_item_t *item, size_t file)
{
	if (item->places != NULL)
		return item->places[file];
	return (weir_plan_place_t){ .window = item->window };
}

bool
weir_plan_item_is_resampled (const weir_plan_item_t *item)
{
	for (size_t i = 0; item->places != NULL && i < item->n_files; i++)
		if (item->places[i].is_resampled)
			return true;
	return false;
}

bool
weir_plan_item_is_warped (const weir_plan_source_t *source, const weir_plan_item_t *item)
{
	for (size_t i = 0; item->places != NULL && i < item->n_files; i++)
		if (item->places[i].is_resampled && item->places[i].grid.crs_id != source->grid.crs_id)
			return true;
	return false;
}

/* ---- bands */

size_t
weir_plan_output_inputs (const weir_plan_source_t *source, const weir_plan_output_t *output)
{
	const weir_pipeline_t *pipeline = &output->pipeline;
	return pipeline->bands_at == WEIR_BANDS_APART ? source->n_bands : pipeline->n_inputs;
}

uint32_t
weir_plan_output_input (const weir_plan_output_t *output, size_t i)
{
	const weir_pipeline_t *pipeline = &output->pipeline;
	return pipeline->bands_at == WEIR_BANDS_APART ? (uint32_t) i : pipeline->inputs[i];
}

size_t
weir_plan_output_accs (const weir_plan_source_t *source, const weir_plan_output_t *output)
{
	bool is_one = output->pipeline.bands_at == WEIR_BANDS_SLICE;
	return is_one ? 1 : weir_plan_output_inputs (source, output);
}

size_t
weir_plan_output_bands (const weir_plan_source_t *source, const weir_plan_output_t *output)
{
	return output->pipeline.bands_at == WEIR_BANDS_APART ? source->n_bands : 1;
}
