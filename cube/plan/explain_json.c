/* explain_json.c - a plan for machines: one object with the keys of explain.c */
#include "cube/plan/explain.h"
#include "cube/plan/planner.h"

#include <math.h>
#include <stdlib.h>

static void
s_set_text (json_t *object, const char *key, char *text)
{
	json_object_set_new (object, key, text != NULL ? json_string (text) : json_null ());
	free (text);
}

static json_t *
s_real (double value)
{
	return isfinite (value) ? json_real (value)
	                        : json_string (isnan (value) ? "nan"
	                                       : value > 0   ? "inf"
	                                                     : "-inf");
}

static json_t *
s_nodata_json (weir_cell_t cell)
{
	if (weir_type_is_float (cell.type))
		return json_string ("nan");
	return cell.has_nodata ? json_integer ((json_int_t) cell.nodata) : json_null ();
}

static json_t *
s_grid_json (const weir_plan_t *plan, const weir_plan_source_t *source)
{
	const weir_grid_t *grid = &source->grid;
	weir_bbox_t box = weir_grid_bbox (grid);
	json_t *object = json_object (), *transform = json_array ();
	for (int i = 0; i < 6; i++)
		json_array_append_new (transform, s_real (grid->transform[i]));
	s_set_text (object, "crs", weir_explain_crs (plan, grid));
	json_object_set_new (object, "width", json_integer (grid->width));
	json_object_set_new (object, "height", json_integer (grid->height));
	json_object_set_new (object, "transform", transform);
	json_object_set_new (object, "masked", json_boolean (source->mask.n_points > 0));
	json_object_set_new (object, "bbox",
	                     json_pack ("[f,f,f,f]", box.west, box.south, box.east, box.north));
	return object;
}

static json_t *
s_bands_json (const weir_plan_source_t *source)
{
	json_t *array = json_array ();
	for (size_t i = 0; i < source->n_bands; i++)
		json_array_append_new (array, json_string (source->bands[i].name));
	return array;
}

static json_t *
s_scale_json (const weir_plan_source_t *source)
{
	json_t *array = json_array ();
	for (size_t i = 0; i < source->n_bands; i++) {
		const weir_plan_band_t *band = &source->bands[i];
		if (!band->has_scale && !band->has_offset)
			continue;
		json_t *object = json_object ();
		json_object_set_new (object, "band", json_string (band->name));
		json_object_set_new (object, "scale", s_real (band->has_scale ? band->scale : 1));
		json_object_set_new (object, "offset", s_real (band->has_offset ? band->offset : 0));
		json_array_append_new (array, object);
	}
	return array;
}

static json_t *
s_labels_json (const weir_plan_source_t *source)
{
	char label[40];
	json_t *object = json_object ();
	json_object_set_new (object, "count", json_integer ((json_int_t) source->n_labels));
	weir_label_format (source->labels_us[0], label, sizeof label);
	json_object_set_new (object, "first", json_string (label));
	weir_label_format (source->labels_us[source->n_labels - 1], label, sizeof label);
	json_object_set_new (object, "last", json_string (label));
	return object;
}

/* Ids of the items that are resampled. */
static json_t *
s_resampled_json (const weir_plan_source_t *source)
{
	json_t *ids = json_array ();
	for (size_t i = 0; i < source->n_items; i++)
		if (weir_plan_item_is_resampled (&source->items[i]))
			json_array_append_new (ids, json_string (source->items[i].id));
	return json_pack ("{s:s, s:o}", "method", "near", "items", ids);
}

static json_t *
s_chunks_json (const weir_plan_t *plan, const weir_plan_output_t *output)
{
	weir_plan_chunk_t chunk = weir_plan_chunk (plan, output->first_chunk);
	json_t *object = json_object ();
	json_object_set_new (object, "count", json_integer ((json_int_t) output->n_chunks));
	json_object_set_new (object, "width", json_integer (output->chunk_width));
	json_object_set_new (object, "height", json_integer (output->chunk_height));
	json_object_set_new (object, "runs", json_integer (chunk.n_runs));
	json_object_set_new (object, "run_labels", json_integer (output->run_labels));
	return object;
}

static json_t *
s_pipeline_json (const weir_plan_t *plan)
{
	json_t *array = json_array ();
	for (size_t i = 0; i < plan->n_outputs; i++) {
		const weir_plan_output_t *output = &plan->outputs[i];
		json_t *object = json_object ();
		json_object_set_new (object, "node", json_string (output->node));
		json_object_set_new (object, "source", json_string (plan->sources[output->source].node));
		json_object_set_new (object, "type",
		                     json_string (weir_type_name (output->pipeline.out.type)));
		json_object_set_new (object, "nodata", s_nodata_json (output->pipeline.out));
		json_object_set_new (object, "chunks", s_chunks_json (plan, output));
		s_set_text (object, "steps", weir_explain_pipeline (plan, output));
		json_array_append_new (array, object);
	}
	return array;
}

static const weir_plan_output_t *
s_result (const weir_plan_t *plan)
{
	size_t i = 0;
	while (i + 1 < plan->n_outputs && !plan->outputs[i].is_result)
		i++;
	return &plan->outputs[i];
}

char *
weir_explain_json (const weir_plan_t *self)
{
	const weir_plan_output_t *output = s_result (self);
	const weir_plan_source_t *source = &self->sources[output->source];
	json_t *object = json_object (), *warnings = json_array ();
	json_object_set_new (object, "grid", s_grid_json (self, source));
	json_object_set_new (object, "bands", s_bands_json (source));
	json_object_set_new (object, "type", json_string (weir_type_name (output->pipeline.out.type)));
	json_object_set_new (object, "nodata", s_nodata_json (output->pipeline.out));
	json_object_set_new (object, "scale", s_scale_json (source));
	json_object_set_new (object, "labels", s_labels_json (source));
	json_object_set_new (object, "items", json_integer ((json_int_t) source->n_items));
	json_object_set_new (object, "resampled", s_resampled_json (source));
	json_object_set_new (object, "chunks", s_chunks_json (self, output));
	json_object_set_new (object, "pipeline", s_pipeline_json (self));
	s_set_text (object, "pushed_down", weir_explain_pushed (self, output));
	json_object_set_new (object, "memory", json_integer ((json_int_t) self->memory_bytes));
	for (size_t i = 0; i < self->n_warnings; i++)
		json_array_append_new (warnings, json_string (self->warnings[i]));
	json_object_set_new (object, "warnings", warnings);
	char *text = json_dumps (object, JSON_COMPACT | JSON_REAL_PRECISION (17));
	json_decref (object);
	return text;
}
