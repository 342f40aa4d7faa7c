/* decode.c - a plan out of its JSON: all is checked here, so that nobody has to look again */
#include "cube/plan/codec.h"
#include "cube/plan/plan.h"
#include "runtime/base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CRS_MAX 65536
#define WARNINGS_MAX 65536
#define FILES_MAX WEIR_PLAN_BANDS_MAX
#define BAND_IN_FILE_MAX 65535

static void
s_read_grid (weir_reader_t *reader, const json_t *holder, size_t n_crs, bool is_null,
             weir_grid_t *out)
{
	const json_t *grid = weir_reader_object (reader, holder, "grid");
	const json_t *transform = weir_reader_array (reader, grid, "t", 6, 6);
	int64_t side_max = is_null ? WEIR_PLAN_NULL_SIDE_MAX : WEIR_PLAN_SIDE_MAX;
	out->crs_id = (int) weir_reader_int (reader, grid, "crs", is_null ? -1 : 0,
	                                     (int64_t) n_crs - 1);
	out->width = weir_reader_int (reader, grid, "w", 1, side_max);
	out->height = weir_reader_int (reader, grid, "h", 1, side_max);
	for (size_t i = 0; i < 6; i++)
		out->transform[i] = weir_reader_number (reader, json_array_get (transform, i), "t");
	const double *t = out->transform;
	for (size_t i = 0; i < 6; i++)
		if (!isfinite (t[i]))
			weir_reader_fail (reader, "t", "not finite");
	if (!(t[1] > 0) || t[5] == 0 || t[2] != 0 || t[4] != 0)
		weir_reader_fail (reader, "t", "rotated or without extent");
}

static weir_plan_nodata_t
s_read_nodata (weir_reader_t *reader, const json_t *value)
{
	if (json_is_null (value))
		return (weir_plan_nodata_t){ false, 0 };
	return (weir_plan_nodata_t){ true, weir_reader_number (reader, value, "nodata") };
}

static void
s_read_bands (weir_reader_t *reader, const json_t *object, weir_plan_source_t *out)
{
	const json_t *array = weir_reader_array (reader, object, "bands", 1, WEIR_PLAN_BANDS_MAX);
	out->n_bands = json_array_size (array);
	out->bands = weir_alloc (out->n_bands * sizeof *out->bands);
	for (size_t i = 0; i < out->n_bands && !reader->failed; i++) {
		const json_t *entry = json_array_get (array, i);
		const json_t *scale = json_object_get (entry, "scale"),
					 *offset = json_object_get (entry, "offset");
		weir_plan_band_t *band = &out->bands[i];
		band->name = weir_reader_text (reader, entry, "name");
		band->description = weir_reader_text_or_null (reader, entry, "text");
		weir_plan_nodata_t nodata = s_read_nodata (reader, json_object_get (entry, "nodata"));
		band->has_nodata = nodata.has_value;
		band->nodata = nodata.value;
		band->has_scale = scale != NULL;
		band->has_offset = offset != NULL;
		band->scale = scale != NULL ? weir_reader_number (reader, scale, "scale") : 0;
		band->offset = offset != NULL ? weir_reader_number (reader, offset, "offset") : 0;
	}
}

static void
s_read_labels (weir_reader_t *reader, const json_t *object, weir_plan_source_t *out)
{
	const json_t *labels = weir_reader_array (reader, object, "labels", 1, WEIR_PLAN_ITEMS_MAX);
	if (labels == NULL)
		return;
	size_t n = json_array_size (labels);
	const json_t *counts = weir_reader_array (reader, object, "counts", n, n);
	out->n_labels = n;
	out->labels_us = weir_alloc (n * sizeof *out->labels_us);
	out->label_items = weir_alloc ((n + 1) * sizeof *out->label_items);
	for (size_t i = 0; i < n && !reader->failed; i++) {
		int64_t count = weir_reader_int_at (reader, counts, "counts", i, out->is_null ? 0 : 1,
		                                    WEIR_PLAN_ITEMS_MAX);
		out->labels_us[i] = weir_reader_int_at (reader, labels, "labels", i, INT64_MIN, INT64_MAX);
		out->label_items[i + 1] = out->label_items[i] + (size_t) count;
		if (i > 0 && out->labels_us[i] <= out->labels_us[i - 1])
			weir_reader_fail (reader, "labels", "not in ascending order");
	}
}

static void
s_read_item_bands (weir_reader_t *reader, const json_t *object, size_t n_bands,
                   weir_plan_item_t *out)
{
	const json_t *bands = weir_reader_array (reader, object, "b", 2 * n_bands, 2 * n_bands);
	out->bands = weir_alloc (n_bands * sizeof *out->bands);
	for (size_t i = 0; i < n_bands && !reader->failed; i++) {
		int64_t asset = weir_reader_int_at (reader, bands, "b", 2 * i, 0, FILES_MAX);
		out->bands[i].asset = (uint32_t) asset;
		out->bands[i].band = (uint32_t) weir_reader_int_at (reader, bands, "b", 2 * i + 1, 0,
		                                                    BAND_IN_FILE_MAX);
		if (out->bands[i].band != 0 && (uint64_t) asset >= out->n_files)
			weir_reader_fail (reader, "b", "no file %lld", (long long) asset);
	}
	const json_t *nodata = json_object_get (object, "n");
	if (nodata == NULL || weir_reader_array (reader, object, "n", n_bands, n_bands) == NULL)
		return;
	out->nodata = weir_alloc (n_bands * sizeof *out->nodata);
	for (size_t i = 0; i < n_bands; i++)
		out->nodata[i] = s_read_nodata (reader, json_array_get (nodata, i));
}

static weir_window_t
s_read_window (weir_reader_t *reader, const json_t *object, int64_t side_min, int64_t side_max)
{
	const int64_t far = WEIR_PLAN_OFFSET_MAX;
	const json_t *w = weir_reader_array (reader, object, "w", 4, 4);
	return (weir_window_t){ weir_reader_int_at (reader, w, "w", 0, -far, far),
		                    weir_reader_int_at (reader, w, "w", 1, -far, far),
		                    weir_reader_int_at (reader, w, "w", 2, side_min, side_max),
		                    weir_reader_int_at (reader, w, "w", 3, side_min, side_max) };
}

static void
s_read_places (weir_reader_t *reader, const json_t *object, size_t n_crs, weir_plan_item_t *out)
{
	if (json_object_get (object, "p") == NULL)
		return;
	const json_t *places = weir_reader_array (reader, object, "p", out->n_files, out->n_files);
	out->places = weir_alloc (out->n_files * sizeof *out->places);
	for (size_t i = 0; i < out->n_files && !reader->failed; i++) {
		const json_t *entry = json_array_get (places, i);
		weir_plan_place_t *place = &out->places[i];
		place->is_resampled = json_object_get (entry, "grid") != NULL;
		place->window = s_read_window (reader, entry, place->is_resampled ? 0 : 1,
		                               WEIR_PLAN_SIDE_MAX);
		if (place->is_resampled)
			s_read_grid (reader, entry, n_crs, false, &place->grid);
	}
}

static void
s_read_item (weir_reader_t *reader, const json_t *object, size_t n_bands, size_t n_crs,
             weir_plan_item_t *out)
{
	/* Of several files the window is their union, which may be wider than one can be. */
	bool is_union = json_object_get (object, "p") != NULL;
	out->id = weir_reader_text (reader, object, "i");
	out->window = s_read_window (reader, object, 1,
	                             is_union ? 4 * WEIR_PLAN_OFFSET_MAX : WEIR_PLAN_SIDE_MAX);
	out->files = weir_reader_texts (reader, object, "f", FILES_MAX, &out->n_files);
	s_read_places (reader, object, n_crs, out);
	s_read_item_bands (reader, object, n_bands, out);
}

static void
s_read_items (weir_reader_t *reader, const json_t *object, size_t n_crs, weir_plan_source_t *out)
{
	const json_t *array = weir_reader_array (reader, object, "items", 0, WEIR_PLAN_ITEMS_MAX);
	out->n_items = json_array_size (array);
	if (reader->failed || out->label_items[out->n_labels] != out->n_items) {
		weir_reader_fail (reader, "counts", "do not add up to the number of items");
		out->n_items = 0;
		return;
	}
	out->items = weir_alloc (out->n_items * sizeof *out->items);
	uint32_t label = 0;
	for (size_t i = 0; i < out->n_items && !reader->failed; i++) {
		while (out->label_items[label + 1] <= i)
			label++;
		weir_plan_item_t *item = &out->items[i];
		item->label = label;
		s_read_item (reader, json_array_get (array, i), out->n_bands, n_crs, item);
		out->is_warped = out->is_warped ||
		                 (!reader->failed && weir_plan_item_is_warped (out, item));
		bool is_ordered = reader->failed || i == out->label_items[label] ||
		                  strcmp (out->items[i - 1].id, item->id) <= 0;
		if (!is_ordered)
			weir_reader_fail (reader, "items", "not sorted by id within a label");
	}
}

static void
s_read_mask_points (weir_reader_t *reader, const json_t *mask, weir_shape_t *out)
{
	const json_t *x = weir_reader_array (reader, mask, "x", 3, WEIR_SHAPE_POINTS_MAX);
	size_t n = json_array_size (x);
	const json_t *y = weir_reader_array (reader, mask, "y", n, n);
	out->n_points = n;
	out->x = weir_alloc (n * sizeof *out->x);
	out->y = weir_alloc (n * sizeof *out->y);
	for (size_t i = 0; i < n && !reader->failed; i++) {
		out->x[i] = weir_reader_number (reader, json_array_get (x, i), "x");
		out->y[i] = weir_reader_number (reader, json_array_get (y, i), "y");
		if (!isfinite (out->x[i]) || !isfinite (out->y[i]))
			weir_reader_fail (reader, "mask", "not finite");
	}
}

static void
s_read_mask (weir_reader_t *reader, const json_t *object, weir_shape_t *out)
{
	const json_t *mask = json_object_get (object, "mask");
	if (mask == NULL)
		return;
	s_read_mask_points (reader, mask, out);
	const json_t *rings = weir_reader_array (reader, mask, "rings", 2, 2 * WEIR_SHAPE_POINTS_MAX);
	size_t n = json_array_size (rings) / 2, used = 0;
	out->n_rings = n;
	out->rings = weir_alloc (n * sizeof *out->rings);
	for (size_t i = 0; i < n && !reader->failed; i++) {
		weir_ring_t *ring = &out->rings[i];
		ring->polygon = (uint32_t) weir_reader_int_at (reader, rings, "rings", 2 * i, 0,
		                                               WEIR_SHAPE_POINTS_MAX);
		ring->first = used;
		ring->n = (size_t) weir_reader_int_at (reader, rings, "rings", 2 * i + 1, 3,
		                                       WEIR_SHAPE_POINTS_MAX);
		used += ring->n;
	}
	if (!reader->failed && used != out->n_points)
		weir_reader_fail (reader, "rings", "do not add up to the number of points");
}

static void
s_read_source (weir_reader_t *reader, const json_t *object, size_t n_crs, weir_plan_source_t *out)
{
	out->node = weir_reader_text (reader, object, "node");
	out->is_null = weir_reader_bool (reader, object, "null");
	s_read_grid (reader, object, n_crs, out->is_null, &out->grid);
	out->cell = weir_reader_cell (reader, object, "cell");
	const json_t *block = weir_reader_array (reader, object, "block", 2, 2);
	out->block_width = (int) weir_reader_int_at (reader, block, "block", 0, 1, INT32_MAX);
	out->block_height = (int) weir_reader_int_at (reader, block, "block", 1, 1, INT32_MAX);
	s_read_bands (reader, object, out);
	s_read_labels (reader, object, out);
	s_read_items (reader, object, n_crs, out);
	s_read_mask (reader, object, &out->mask);
	if (out->mask.n_points > 0 && !out->cell.has_nodata && !weir_type_is_float (out->cell.type))
		weir_reader_fail (reader, "mask", "its cells have no no-data");
}

static bool
s_is_one_of (const char *text, const char *const *names)
{
	for (; text != NULL && *names != NULL; names++)
		if (strcmp (text, *names) == 0)
			return true;
	return false;
}

static void
s_read_options (weir_reader_t *reader, const json_t *output, weir_format_t format,
                weir_format_options_t *out)
{
	const json_t *object = weir_reader_object (reader, output, "options");
	const json_t *block = weir_reader_array (reader, object, "block", 2, 2);
	out->compress = weir_reader_text_or_null (reader, object, "compress");
	out->bigtiff = weir_reader_text_or_null (reader, object, "bigtiff");
	out->predictor = (int) weir_reader_int (reader, object, "predictor", 1, 3);
	out->block_width = (int) weir_reader_int_at (reader, block, "block", 0, 1, INT32_MAX);
	out->block_height = (int) weir_reader_int_at (reader, block, "block", 1, 1, INT32_MAX);
	out->tiled = weir_reader_bool (reader, object, "tiled");
	out->overviews = weir_reader_bool (reader, object, "overviews");
	out->dates_as_bands = weir_reader_bool (reader, object, "dates_as_bands");
	out->resampling = weir_reader_text_or_null (reader, object, "resampling");
	const json_t *nodata = json_object_get (object, "nodata");
	out->has_nodata = !json_is_null (nodata);
	if (out->has_nodata)
		out->nodata = weir_reader_number (reader, nodata, "nodata");
	bool is_tiff = format == WEIR_FORMAT_GTIFF || format == WEIR_FORMAT_COG;
	if (is_tiff && !s_is_one_of (out->compress, weir_plan_compressions))
		weir_reader_fail (reader, "compress", "not a compression");
	if (is_tiff && !s_is_one_of (out->bigtiff, weir_plan_bigtiffs))
		weir_reader_fail (reader, "bigtiff", "not a choice");
	if (out->resampling != NULL && !s_is_one_of (out->resampling, weir_plan_resamplings))
		weir_reader_fail (reader, "resampling", "not a choice");
	if (format == WEIR_FORMAT_COG && !out->tiled)
		weir_reader_fail (reader, "tiled", "a COG has tiles");
}

/* Chunk, run and payload sizes must be those that the pipeline has on this source. */
static void
s_check_output (weir_reader_t *reader, const weir_plan_source_t *source, weir_plan_output_t *out)
{
	const weir_pipeline_t *pipeline = &out->pipeline;
	uint64_t n_labels = out->keeps_time ? 1 : source->n_labels;
	bool is_leaves = out->run_labels % WEIR_LEAF_LABELS == 0 &&
	                 (out->run_labels & (out->run_labels - 1)) == 0;
	if (!weir_cell_equal (pipeline->in, source->cell))
		weir_reader_fail (reader, "pipeline", "does not take what the source gives");
	if (out->keeps_time != (pipeline->n_folds == 0))
		weir_reader_fail (reader, "time", "does not go with %zu folds", pipeline->n_folds);
	if (out->run_labels < n_labels && !is_leaves)
		weir_reader_fail (reader, "run", "not 16 times a power of two");
	if (out->is_whole_chunk && out->run_labels < n_labels)
		weir_reader_fail (reader, "whole", "more than one run a chunk");
	if (source->is_null != (out->format == WEIR_FORMAT_NULL))
		weir_reader_fail (reader, "format", "does not go with the source");
	if (out->format != WEIR_FORMAT_NULL && (out->chunk_width % out->options.block_width != 0 ||
	                                        out->chunk_height % out->options.block_height != 0))
		weir_reader_fail (reader, "chunk", "not whole output tiles");
	if (reader->failed || source->is_null)
		return;
	if (pipeline->bands_at != WEIR_BANDS_APART &&
	    pipeline->inputs[pipeline->n_inputs - 1] >= source->n_bands) {
		weir_reader_fail (reader, "inputs", "more bands than the source has");
		return;
	}
	uint64_t cells = weir_plan_chunk_cells (out, source), bytes;
	size_t cell_bytes = weir_type_size (pipeline->out.type);
	if (__builtin_mul_overflow (cells, weir_plan_output_bands (source, out) * cell_bytes, &bytes) ||
	    bytes > WEIR_PLAN_PAYLOAD_MAX || bytes != out->block_bytes)
		weir_reader_fail (reader, "cells", "not the size of a chunk");
	weir_stage_t *stage = NULL;
	weir_err_t err = { 0 };
	if (reader->failed)
		return;
	if (weir_stage_new (pipeline, (uint32_t) source->n_labels, &stage, &err) != WEIR_OK)
		weir_reader_fail (reader, "pipeline", "%.400s", err.text);
	else if (weir_plan_output_accs (source, out) * weir_stage_acc_bytes (stage, cells) !=
	         out->acc_bytes)
		weir_reader_fail (reader, "acc", "not the size of an accumulator");
	weir_stage_destroy (&stage);
}

static void
s_read_output (weir_reader_t *reader, const json_t *object, weir_plan_t *plan,
               weir_plan_output_t *out)
{
	const char *format = json_string_value (json_object_get (object, "format"));
	if (format == NULL || !weir_plan_format_parse (format, &out->format))
		weir_reader_fail (reader, "format", "not a format");
	out->node = weir_reader_text (reader, object, "node");
	out->is_result = weir_reader_bool (reader, object, "result");
	out->source = (uint32_t) weir_reader_int (reader, object, "source", 0,
	                                          (int64_t) plan->n_sources - 1);
	out->keeps_time = weir_reader_bool (reader, object, "time");
	const json_t *chunk = weir_reader_array (reader, object, "chunk", 2, 2);
	out->chunk_width = weir_reader_int_at (reader, chunk, "chunk", 0, 1, WEIR_PLAN_SIDE_MAX);
	out->chunk_height = weir_reader_int_at (reader, chunk, "chunk", 1, 1, WEIR_PLAN_SIDE_MAX);
	out->run_labels = (uint32_t) weir_reader_int (reader, object, "run", 1,
	                                              WEIR_PLAN_RUN_LABELS_MAX);
	out->is_whole_chunk = weir_reader_bool (reader, object, "whole");
	out->acc_bytes = (uint64_t) weir_reader_int (reader, object, "acc", 0,
	                                             (int64_t) WEIR_PLAN_PAYLOAD_MAX);
	out->block_bytes = (uint64_t) weir_reader_int (reader, object, "cells", 1,
	                                               (int64_t) WEIR_PLAN_PAYLOAD_MAX);
	s_read_options (reader, object, out->format, &out->options);
	weir_reader_pipeline (reader, object, "pipeline", &out->pipeline);
	if (reader->failed)
		return;
	s_check_output (reader, &plan->sources[out->source], out);
	out->first_chunk = plan->n_chunks;
	if (!weir_plan_count_chunks (out, &plan->sources[out->source]) ||
	    out->n_chunks > WEIR_PLAN_CHUNKS_MAX - plan->n_chunks)
		weir_reader_fail (reader, "chunk", "too many chunks");
	else
		plan->n_chunks += out->n_chunks;
}

static void
s_read_plan (weir_reader_t *reader, const json_t *root, weir_plan_t *plan)
{
	weir_reader_int (reader, root, "weir_plan", WEIR_PLAN_VERSION, WEIR_PLAN_VERSION);
	plan->crs = weir_reader_texts (reader, root, "crs", CRS_MAX, &plan->n_crs);
	plan->warnings = weir_reader_texts (reader, root, "warnings", WARNINGS_MAX, &plan->n_warnings);
	plan->memory_bytes = (uint64_t) weir_reader_int (reader, root, "memory", 0, INT64_MAX);
	const json_t *sources = weir_reader_array (reader, root, "sources", 1, WEIR_PLAN_SOURCES_MAX);
	const json_t *outputs = weir_reader_array (reader, root, "outputs", 1, WEIR_PLAN_OUTPUTS_MAX);
	if (reader->failed)
		return;
	plan->n_sources = json_array_size (sources);
	plan->sources = weir_alloc (plan->n_sources * sizeof *plan->sources);
	for (size_t i = 0; i < plan->n_sources && !reader->failed; i++)
		s_read_source (reader, json_array_get (sources, i), plan->n_crs, &plan->sources[i]);
	plan->n_outputs = json_array_size (outputs);
	plan->outputs = weir_alloc (plan->n_outputs * sizeof *plan->outputs);
	for (size_t i = 0; i < plan->n_outputs && !reader->failed; i++)
		s_read_output (reader, json_array_get (outputs, i), plan, &plan->outputs[i]);
}

int
weir_plan_decode (const char *text, size_t text_bytes, weir_plan_t **plan_out, weir_err_t *err)
{
	json_error_t json_err;
	json_t *root = json_loadb (text, text_bytes, JSON_REJECT_DUPLICATES, &json_err);
	if (root == NULL)
		return weir_err_invalid (err, "PlanInvalid", NULL, "plan: not JSON: line %d: %s",
		                         json_err.line, json_err.text);
	weir_reader_t reader = { .err = err };
	weir_plan_t *plan = weir_alloc (sizeof *plan);
	s_read_plan (&reader, root, plan);
	json_decref (root);
	if (reader.failed) {
		weir_plan_destroy (&plan);
		return WEIR_E_INVALID;
	}
	*plan_out = plan;
	return WEIR_OK;
}
