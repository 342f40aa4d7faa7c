/* explain.c - a plan for people: the lines of `weir plan`
 *
 * The same keys in both forms. As text, what differs between several outputs is told one after the
 * other, each with its node's name; as JSON the values are those of the result, and `pipeline` has
 * one entry for each output.
 */
#include "cube/plan/explain.h"
#include "cube/plan/planner.h"
#include "runtime/base/mem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IDS_SHOWN 50

/* ---- pieces */

static void
s_append_text (char **text, const char *separator, char *piece)
{
	char *joined = *text == NULL ? weir_strdup (piece)
	                             : weir_asprintf ("%s%s%s", *text, separator, piece);
	free (*text);
	free (piece);
	*text = joined;
}

/* The name of a WKT2 and its own ID (not that of a part): "WGS 84 (EPSG:4326)". */
static char *
s_name_crs (const char *wkt)
{
	const char *quote = strchr (wkt, '"'), *end = quote != NULL ? strchr (quote + 1, '"') : NULL;
	if (end == NULL)
		return weir_strdup (*wkt != '\0' ? wkt : "unknown");
	char *name = weir_asprintf ("%.*s", (int) (end - quote - 1), quote + 1);
	int depth = 0;
	bool is_quoted = false;
	for (const char *p = wkt; *p != '\0'; p++) {
		char authority[32], code[32];
		is_quoted = is_quoted != (*p == '"');
		if (is_quoted)
			continue;
		depth += (*p == '[') - (*p == ']');
		if (depth != 1 || strncmp (p, "ID[\"", 4) != 0 ||
		    sscanf (p, "ID[\"%31[^\"]\",%31[0-9]", authority, code) != 2)
			continue;
		char *full = weir_asprintf ("%s (%s:%s)", name, authority, code);
		free (name);
		return full;
	}
	return name;
}

char *
weir_explain_crs (const weir_plan_t *plan, const weir_grid_t *grid)
{
	return grid->crs_id < 0 ? weir_strdup ("none") : s_name_crs (plan->crs[grid->crs_id]);
}

static char *
s_nodata_text (weir_cell_t cell)
{
	if (weir_type_is_float (cell.type))
		return weir_strdup ("nan");
	return cell.has_nodata ? weir_asprintf ("%.17g", cell.nodata) : weir_strdup ("none");
}

static char *
s_fold_text (const weir_fold_t *fold)
{
	const char *more = fold->count_all ? " of all" : fold->has_condition ? " where" : "";
	return weir_asprintf ("%s%s%s", weir_fold_name (fold->kind), more,
	                      fold->ignore_nodata ? "" : " with no-data");
}

/* "apply, apply" … */
static void
s_append_steps (char **text, const char *name, size_t n)
{
	if (n > 0)
		s_append_text (text, " -> ",
		               n == 1 ? weir_strdup (name) : weir_asprintf ("%zu × %s", n, name));
}

/* Steps of one phase, and among them what makes one of several bands. */
static void
s_append_phase (char **text, const char *name, weir_bands_at_t at, const weir_pipeline_t *pipeline)
{
	size_t n = at == WEIR_BANDS_SLICE ? pipeline->n_slice_steps : pipeline->n_chunk_steps;
	size_t n_before = pipeline->bands_at == at ? pipeline->n_bands_before : n;
	s_append_steps (text, name, n_before);
	if (pipeline->bands_at == at)
		s_append_text (text, " -> ",
		               weir_asprintf ("%zu band%s to one (%s)", pipeline->n_inputs,
		                              pipeline->n_inputs == 1 ? "" : "s",
		                              weir_type_name (pipeline->bands.out.type)));
	s_append_steps (text, name, n - n_before);
}

char *
weir_explain_pipeline (const weir_plan_t *plan, const weir_plan_output_t *output)
{
	const weir_pipeline_t *pipeline = &output->pipeline;
	char *text = weir_asprintf ("%s (%s)", plan->sources[output->source].node,
	                            weir_type_name (pipeline->in.type));
	char *folds = NULL;
	s_append_phase (&text, "slice step", WEIR_BANDS_SLICE, pipeline);
	for (size_t i = 0; i < pipeline->n_folds; i++)
		s_append_text (&folds, " + ", s_fold_text (&pipeline->folds[i]));
	if (folds != NULL)
		s_append_text (
			&text, " -> ",
			weir_asprintf ("fold %s%s", folds, pipeline->post.n_instr > 0 ? " -> expression" : ""));
	free (folds);
	s_append_phase (&text, "chunk step", WEIR_BANDS_CHUNK, pipeline);
	s_append_text (&text, " -> ",
	               weir_asprintf ("%s (%s)", weir_plan_format_name (output->format),
	                              weir_type_name (pipeline->out.type)));
	return text;
}

char *
weir_explain_pushed (const weir_plan_t *plan, const weir_plan_output_t *output)
{
	const weir_plan_source_t *source = &plan->sources[output->source];
	const char *what = output->pipeline.n_folds == 0 ? "slice steps" : "slice steps and folds";
	const char *where = output->is_whole_chunk ? ", whole chunks: blocks move"
	                                           : ", runs: partials move";
	weir_stage_t *stage = NULL;
	char *text;
	if (weir_stage_new (&output->pipeline, (uint32_t) source->n_labels, &stage, NULL) == WEIR_OK)
		text = weir_asprintf ("%s into the readers%s (kernel %s%s)", what, where,
		                      weir_stage_kernel_name (stage),
		                      weir_stage_skips_nodata (stage) ? ", absent slices are skipped" : "");
	else
		text = weir_asprintf ("%s into the readers%s", what, where);
	weir_stage_destroy (&stage);
	return text;
}

static char *
s_chunks_text (const weir_plan_t *plan, const weir_plan_output_t *output)
{
	weir_plan_chunk_t chunk = weir_plan_chunk (plan, output->first_chunk);
	return weir_asprintf (
		"%llu of %lld × %lld, %u run%s of up to %u labels each",
		(unsigned long long) output->n_chunks, (long long) output->chunk_width,
		(long long) output->chunk_height, chunk.n_runs, chunk.n_runs == 1 ? "" : "s",
		output->run_labels < chunk.n_labels ? output->run_labels : chunk.n_labels);
}

static char *
s_scale_text (const weir_plan_source_t *source)
{
	char *text = NULL;
	for (size_t i = 0; i < source->n_bands; i++) {
		const weir_plan_band_t *band = &source->bands[i];
		if (!band->has_scale && !band->has_offset)
			continue;
		s_append_text (&text, ", ",
		               weir_asprintf ("%s × %.17g + %.17g", band->name,
		                              band->has_scale ? band->scale : 1,
		                              band->has_offset ? band->offset : 0));
	}
	if (text == NULL)
		return weir_strdup ("none");
	char *full = weir_asprintf ("%s (in STAC, not applied)", text);
	free (text);
	return full;
}

static char *
s_grid_text (const weir_plan_t *plan, const weir_plan_source_t *source)
{
	const weir_grid_t *grid = &source->grid;
	char *crs = weir_explain_crs (plan, grid);
	char *text = weir_asprintf ("%lld × %lld, %s, pixels of %.10g × %.10g from %.10g, %.10g%s",
	                            (long long) grid->width, (long long) grid->height, crs,
	                            grid->transform[1], fabs (grid->transform[5]), grid->transform[0],
	                            grid->transform[3],
	                            source->mask.n_points > 0 ? ", masked by polygons" : "");
	free (crs);
	return text;
}

static char *
s_bands_text (const weir_plan_source_t *source)
{
	char *text = NULL;
	for (size_t i = 0; i < source->n_bands; i++)
		s_append_text (&text, ", ", weir_strdup (source->bands[i].name));
	return text;
}

static char *
s_labels_text (const weir_plan_source_t *source)
{
	char first[40], last[40];
	weir_label_format (source->labels_us[0], first, sizeof first);
	weir_label_format (source->labels_us[source->n_labels - 1], last, sizeof last);
	return source->n_labels == 1 ? weir_asprintf ("1, %s", first)
	                             : weir_asprintf ("%zu, %s to %s", source->n_labels, first, last);
}

/* ---- as text */

typedef char *weir_source_text_fn (const weir_plan_t *plan, const weir_plan_source_t *source);
typedef char *weir_output_text_fn (const weir_plan_t *plan, const weir_plan_output_t *output);

/* One value, or each with the name of its node. */
static void
s_append_named (char **value, size_t n, const char *node, char *piece)
{
	if (n == 1) {
		s_append_text (value, "; ", piece);
		return;
	}
	s_append_text (value, "; ", weir_asprintf ("%s: %s", node, piece));
	free (piece);
}

static void
s_add_line (char **lines, const char *key, char *value)
{
	if (value == NULL)
		value = weir_strdup ("none");
	for (char *c = value; *c != '\0'; c++)
		*c = *c == '\n' || *c == '\r' ? ' ' : *c; /* one line a key */
	s_append_text (lines, "", weir_asprintf ("%s: %s\n", key, value));
	free (value);
}

static void
s_add_source_line (const weir_plan_t *plan, char **lines, const char *key,
                   weir_source_text_fn *text_of)
{
	char *value = NULL;
	for (size_t i = 0; i < plan->n_sources; i++)
		s_append_named (&value, plan->n_sources, plan->sources[i].node,
		                text_of (plan, &plan->sources[i]));
	s_add_line (lines, key, value);
}

static void
s_add_output_line (const weir_plan_t *plan, char **lines, const char *key,
                   weir_output_text_fn *text_of)
{
	char *value = NULL;
	for (size_t i = 0; i < plan->n_outputs; i++)
		s_append_named (&value, plan->n_outputs, plan->outputs[i].node,
		                text_of (plan, &plan->outputs[i]));
	s_add_line (lines, key, value);
}

static char *
s_bands_line (const weir_plan_t *plan, const weir_plan_source_t *source)
{
	(void) plan;
	return s_bands_text (source);
}

static char *
s_scale_line (const weir_plan_t *plan, const weir_plan_source_t *source)
{
	(void) plan;
	return s_scale_text (source);
}

static char *
s_labels_line (const weir_plan_t *plan, const weir_plan_source_t *source)
{
	(void) plan;
	return s_labels_text (source);
}

/* Ids of what is resampled, the first few. */
static char *
s_resampled_line (const weir_plan_t *plan, const weir_plan_source_t *source)
{
	size_t n = 0;
	char *text = NULL;
	for (size_t i = 0; i < source->n_items; i++) {
		const weir_plan_item_t *item = &source->items[i];
		if (weir_plan_item_is_resampled (item) && n++ < IDS_SHOWN)
			s_append_text (&text, ", ", weir_strdup (item->id));
	}
	(void) plan;
	if (text == NULL)
		return weir_strdup ("none");
	char *full = weir_asprintf ("%zu of %zu items, near: %s%s", n, source->n_items, text,
	                            n > IDS_SHOWN ? " …" : "");
	free (text);
	return full;
}

static char *
s_items_line (const weir_plan_t *plan, const weir_plan_source_t *source)
{
	(void) plan;
	return weir_asprintf ("%zu", source->n_items);
}

static char *
s_type_line (const weir_plan_t *plan, const weir_plan_output_t *output)
{
	(void) plan;
	return weir_strdup (weir_type_name (output->pipeline.out.type));
}

static char *
s_nodata_line (const weir_plan_t *plan, const weir_plan_output_t *output)
{
	(void) plan;
	return s_nodata_text (output->pipeline.out);
}

static char *
s_warnings_text (const weir_plan_t *plan)
{
	char *text = NULL;
	for (size_t i = 0; i < plan->n_warnings; i++)
		s_append_text (&text, "; ", weir_strdup (plan->warnings[i]));
	return text != NULL ? text : weir_strdup ("none");
}

static char *
s_explain_text (const weir_plan_t *self)
{
	char *lines = NULL, bytes[32];
	s_add_source_line (self, &lines, "grid", s_grid_text);
	s_add_source_line (self, &lines, "bands", s_bands_line);
	s_add_output_line (self, &lines, "type", s_type_line);
	s_add_output_line (self, &lines, "nodata", s_nodata_line);
	s_add_source_line (self, &lines, "scale", s_scale_line);
	s_add_source_line (self, &lines, "labels", s_labels_line);
	s_add_source_line (self, &lines, "items", s_items_line);
	s_add_source_line (self, &lines, "resampled", s_resampled_line);
	s_add_output_line (self, &lines, "chunks", s_chunks_text);
	s_add_output_line (self, &lines, "pipeline", weir_explain_pipeline);
	s_add_output_line (self, &lines, "pushed_down", weir_explain_pushed);
	s_add_line (&lines, "memory",
	            weir_asprintf ("%s a slot",
	                           weir_plan_bytes_text (self->memory_bytes, bytes, sizeof bytes)));
	s_add_line (&lines, "warnings", s_warnings_text (self));
	return lines;
}

char *
weir_plan_explain (const weir_plan_t *self, bool json)
{
	return json ? weir_explain_json (self) : s_explain_text (self);
}
