/* encode.c - a plan as canonical JSON: sorted keys, compact, reals with 17 digits
 *
 * What follows from the rest (counts of chunks, first chunk, label of an item) is not written but
 * worked out again by decode.c. Numbers that JSON lacks are texts: "nan", "inf", "-inf", and
 * "nodata" for the no-data pattern.
 *
 * Limits   O(items); 10,000 items take some tens of milliseconds
 */
#include "cube/plan/codec.h"
#include "cube/plan/plan.h"

#include <math.h>

static json_t *
s_encode_number (double value)
{
	if (weir_is_nodata_f64 (value))
		return json_string ("nodata");
	if (isnan (value))
		return json_string ("nan");
	if (isinf (value))
		return json_string (value > 0 ? "inf" : "-inf");
	return json_real (value);
}

static json_t *
s_encode_text (const char *text)
{
	return text != NULL ? json_string (text) : json_null ();
}

/* [type, is boolean, no-data or null] */
static json_t *
s_encode_cell (weir_cell_t cell)
{
	json_t *array = json_array ();
	json_array_append_new (array, json_string (weir_type_name (cell.type)));
	json_array_append_new (array, json_boolean (cell.is_bool));
	bool has_value = cell.has_nodata && !weir_type_is_float (cell.type);
	json_array_append_new (array, has_value ? s_encode_number (cell.nodata) : json_null ());
	return array;
}

/* {"out": cell, "code": [[op, a, b, c, value], …]} */
static json_t *
s_encode_prog (const weir_prog_t *prog)
{
	json_t *code = json_array ();
	for (size_t i = 0; i < prog->n_instr; i++) {
		const weir_instr_t *instr = &prog->instr[i];
		json_t *line = json_array ();
		json_array_append_new (line, json_string (weir_op_name (instr->op)));
		json_array_append_new (line, json_integer (instr->a));
		json_array_append_new (line, json_integer (instr->b));
		json_array_append_new (line, json_integer (instr->c));
		json_array_append_new (line, s_encode_number (instr->value));
		json_array_append_new (code, line);
	}
	json_t *object = json_object ();
	json_object_set_new (object, "out", s_encode_cell (prog->out));
	json_object_set_new (object, "code", code);
	return object;
}

static json_t *
s_encode_progs (size_t n, const weir_prog_t *progs)
{
	json_t *array = json_array ();
	for (size_t i = 0; i < n; i++)
		json_array_append_new (array, s_encode_prog (&progs[i]));
	return array;
}

static json_t *
s_encode_fold (const weir_fold_t *fold)
{
	json_t *object = json_object ();
	json_object_set_new (object, "kind", json_string (weir_fold_name (fold->kind)));
	json_object_set_new (object, "ignore", json_boolean (fold->ignore_nodata));
	json_object_set_new (object, "all", json_boolean (fold->count_all));
	if (fold->has_condition)
		json_object_set_new (object, "condition", s_encode_prog (&fold->condition));
	json_object_set_new (object, "out", s_encode_cell (fold->out));
	return object;
}

/* {"at": "slice" or "chunk", "before": steps, "inputs": [band, …], "program": …} */
static json_t *
s_encode_bands (const weir_pipeline_t *pipeline)
{
	json_t *object = json_object (), *inputs = json_array ();
	for (size_t i = 0; i < pipeline->n_inputs; i++)
		json_array_append_new (inputs, json_integer (pipeline->inputs[i]));
	json_object_set_new (object, "at",
	                     json_string (pipeline->bands_at == WEIR_BANDS_SLICE ? "slice" : "chunk"));
	json_object_set_new (object, "before", json_integer ((json_int_t) pipeline->n_bands_before));
	json_object_set_new (object, "inputs", inputs);
	json_object_set_new (object, "program", s_encode_prog (&pipeline->bands));
	return object;
}

static json_t *
s_encode_pipeline (const weir_pipeline_t *pipeline)
{
	json_t *folds = json_array ();
	for (size_t i = 0; i < pipeline->n_folds; i++)
		json_array_append_new (folds, s_encode_fold (&pipeline->folds[i]));
	json_t *object = json_object ();
	json_object_set_new (object, "in", s_encode_cell (pipeline->in));
	json_object_set_new (object, "slice",
	                     s_encode_progs (pipeline->n_slice_steps, pipeline->slice_steps));
	json_object_set_new (object, "folds", folds);
	if (pipeline->post.n_instr > 0)
		json_object_set_new (object, "post", s_encode_prog (&pipeline->post));
	json_object_set_new (object, "chunk",
	                     s_encode_progs (pipeline->n_chunk_steps, pipeline->chunk_steps));
	json_object_set_new (object, "out", s_encode_cell (pipeline->out));
	if (pipeline->bands_at != WEIR_BANDS_APART)
		json_object_set_new (object, "bands", s_encode_bands (pipeline));
	return object;
}

static json_t *
s_encode_grid (const weir_grid_t *grid)
{
	json_t *transform = json_array ();
	for (int i = 0; i < 6; i++)
		json_array_append_new (transform, json_real (grid->transform[i]));
	json_t *object = json_object ();
	json_object_set_new (object, "crs", json_integer (grid->crs_id));
	json_object_set_new (object, "t", transform);
	json_object_set_new (object, "w", json_integer (grid->width));
	json_object_set_new (object, "h", json_integer (grid->height));
	return object;
}

static json_t *
s_encode_nodata (bool has_value, double value)
{
	return has_value ? s_encode_number (value) : json_null ();
}

static json_t *
s_encode_band (const weir_plan_band_t *band)
{
	json_t *object = json_object ();
	json_object_set_new (object, "name", json_string (band->name));
	json_object_set_new (object, "text", s_encode_text (band->description));
	json_object_set_new (object, "nodata", s_encode_nodata (band->has_nodata, band->nodata));
	if (band->has_scale)
		json_object_set_new (object, "scale", s_encode_number (band->scale));
	if (band->has_offset)
		json_object_set_new (object, "offset", s_encode_number (band->offset));
	return object;
}

static json_t *
s_encode_window (weir_window_t w)
{
	return json_pack ("[I,I,I,I]", (json_int_t) w.col, (json_int_t) w.row, (json_int_t) w.width,
	                  (json_int_t) w.height);
}

/* [{"w": window} or {"w": window, "grid": the file's own}, …] */
static json_t *
s_encode_places (const weir_plan_item_t *item)
{
	json_t *array = json_array ();
	for (size_t i = 0; i < item->n_files; i++) {
		const weir_plan_place_t *place = &item->places[i];
		json_t *object = json_object ();
		json_object_set_new (object, "w", s_encode_window (place->window));
		if (place->is_resampled)
			json_object_set_new (object, "grid", s_encode_grid (&place->grid));
		json_array_append_new (array, object);
	}
	return array;
}

/* {"b": [asset, band, …], "f": [file, …], "i": id, "w": [col, row, width, height]},
 * "p": [place, …] where files lie differently, "n": [no-data, …] where the item has its own */
static json_t *
s_encode_item (const weir_plan_item_t *item, size_t n_bands)
{
	json_t *object = json_object (), *bands = json_array (), *files = json_array ();
	for (size_t i = 0; i < n_bands; i++) {
		json_array_append_new (bands, json_integer (item->bands[i].asset));
		json_array_append_new (bands, json_integer (item->bands[i].band));
	}
	for (size_t i = 0; i < item->n_files; i++)
		json_array_append_new (files, json_string (item->files[i]));
	json_object_set_new (object, "b", bands);
	json_object_set_new (object, "f", files);
	json_object_set_new (object, "i", json_string (item->id));
	json_object_set_new (object, "w", s_encode_window (item->window));
	if (item->places != NULL)
		json_object_set_new (object, "p", s_encode_places (item));
	if (item->nodata == NULL)
		return object;
	json_t *nodata = json_array ();
	for (size_t i = 0; i < n_bands; i++)
		json_array_append_new (nodata,
		                       s_encode_nodata (item->nodata[i].has_value, item->nodata[i].value));
	json_object_set_new (object, "n", nodata);
	return object;
}

/* {"rings": [polygon, points, …], "x": […], "y": […]} */
static json_t *
s_encode_mask (const weir_shape_t *mask)
{
	json_t *rings = json_array (), *x = json_array (), *y = json_array ();
	for (size_t i = 0; i < mask->n_rings; i++) {
		json_array_append_new (rings, json_integer (mask->rings[i].polygon));
		json_array_append_new (rings, json_integer ((json_int_t) mask->rings[i].n));
	}
	for (size_t i = 0; i < mask->n_points; i++) {
		json_array_append_new (x, json_real (mask->x[i]));
		json_array_append_new (y, json_real (mask->y[i]));
	}
	json_t *object = json_object ();
	json_object_set_new (object, "rings", rings);
	json_object_set_new (object, "x", x);
	json_object_set_new (object, "y", y);
	return object;
}

static json_t *
s_encode_source (const weir_plan_source_t *source)
{
	json_t *bands = json_array (), *labels = json_array (), *counts = json_array (),
		   *items = json_array ();
	for (size_t i = 0; i < source->n_bands; i++)
		json_array_append_new (bands, s_encode_band (&source->bands[i]));
	for (size_t i = 0; i < source->n_labels; i++) {
		size_t n = source->label_items[i + 1] - source->label_items[i];
		json_array_append_new (labels, json_integer (source->labels_us[i]));
		json_array_append_new (counts, json_integer ((json_int_t) n));
	}
	for (size_t i = 0; i < source->n_items; i++)
		json_array_append_new (items, s_encode_item (&source->items[i], source->n_bands));
	json_t *object = json_object ();
	json_object_set_new (object, "node", json_string (source->node));
	json_object_set_new (object, "null", json_boolean (source->is_null));
	json_object_set_new (object, "grid", s_encode_grid (&source->grid));
	json_object_set_new (object, "cell", s_encode_cell (source->cell));
	json_object_set_new (object, "block",
	                     json_pack ("[i,i]", source->block_width, source->block_height));
	if (source->mask.n_points > 0)
		json_object_set_new (object, "mask", s_encode_mask (&source->mask));
	json_object_set_new (object, "bands", bands);
	json_object_set_new (object, "labels", labels);
	json_object_set_new (object, "counts", counts);
	json_object_set_new (object, "items", items);
	return object;
}

static json_t *
s_encode_options (const weir_format_options_t *options)
{
	json_t *object = json_object ();
	json_object_set_new (object, "compress", s_encode_text (options->compress));
	json_object_set_new (object, "predictor", json_integer (options->predictor));
	json_object_set_new (object, "block",
	                     json_pack ("[i,i]", options->block_width, options->block_height));
	json_object_set_new (object, "tiled", json_boolean (options->tiled));
	json_object_set_new (object, "bigtiff", s_encode_text (options->bigtiff));
	json_object_set_new (object, "overviews", json_boolean (options->overviews));
	json_object_set_new (object, "resampling", s_encode_text (options->resampling));
	json_object_set_new (object, "nodata", s_encode_nodata (options->has_nodata, options->nodata));
	json_object_set_new (object, "dates_as_bands", json_boolean (options->dates_as_bands));
	return object;
}

static json_t *
s_encode_output (const weir_plan_output_t *output)
{
	json_t *object = json_object ();
	json_object_set_new (object, "node", json_string (output->node));
	json_object_set_new (object, "result", json_boolean (output->is_result));
	json_object_set_new (object, "source", json_integer (output->source));
	json_object_set_new (object, "format", json_string (weir_plan_format_name (output->format)));
	json_object_set_new (object, "options", s_encode_options (&output->options));
	json_object_set_new (object, "pipeline", s_encode_pipeline (&output->pipeline));
	json_object_set_new (object, "time", json_boolean (output->keeps_time));
	json_object_set_new (
		object, "chunk",
		json_pack ("[I,I]", (json_int_t) output->chunk_width, (json_int_t) output->chunk_height));
	json_object_set_new (object, "run", json_integer (output->run_labels));
	json_object_set_new (object, "whole", json_boolean (output->is_whole_chunk));
	json_object_set_new (object, "acc", json_integer ((json_int_t) output->acc_bytes));
	json_object_set_new (object, "cells", json_integer ((json_int_t) output->block_bytes));
	return object;
}

static json_t *
s_encode_texts (size_t n, char *const *texts)
{
	json_t *array = json_array ();
	for (size_t i = 0; i < n; i++)
		json_array_append_new (array, json_string (texts[i]));
	return array;
}

char *
weir_plan_encode (const weir_plan_t *self)
{
	json_t *sources = json_array (), *outputs = json_array ();
	for (size_t i = 0; i < self->n_sources; i++)
		json_array_append_new (sources, s_encode_source (&self->sources[i]));
	for (size_t i = 0; i < self->n_outputs; i++)
		json_array_append_new (outputs, s_encode_output (&self->outputs[i]));
	json_t *object = json_object ();
	json_object_set_new (object, "weir_plan", json_integer (WEIR_PLAN_VERSION));
	json_object_set_new (object, "crs", s_encode_texts (self->n_crs, self->crs));
	json_object_set_new (object, "sources", sources);
	json_object_set_new (object, "outputs", outputs);
	json_object_set_new (object, "memory", json_integer ((json_int_t) self->memory_bytes));
	json_object_set_new (object, "warnings", s_encode_texts (self->n_warnings, self->warnings));
	char *text = json_dumps (object, JSON_COMPACT | JSON_SORT_KEYS | JSON_REAL_PRECISION (17));
	json_decref (object);
	return text;
}
