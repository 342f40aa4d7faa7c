/* source.c - from the items of one load_stac to a source of the plan */
#include "cube/plan/planner.h"
#include "runtime/base/mem.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WARNINGS_SHOWN 1000

void
weir_plan_warn (weir_plan_t *plan, const char *format, ...)
{
	char text[WEIR_ERR_TEXT_MAX];
	va_list args;
	va_start (args, format);
	vsnprintf (text, sizeof text, format, args);
	va_end (args);
	if (plan->n_warnings > WARNINGS_SHOWN)
		return;
	if (plan->n_warnings == WARNINGS_SHOWN)
		snprintf (text, sizeof text, "there are more warnings than these %d", WARNINGS_SHOWN);
	json_t *check = json_string (text); /* plans are JSON: texts must be UTF-8 */
	for (char *c = text; check == NULL && *c != '\0'; c++)
		*c = (unsigned char) *c < 0x80U ? *c : '?';
	json_decref (check);
	plan->warnings = weir_realloc (plan->warnings, (plan->n_warnings + 1) * sizeof *plan->warnings);
	plan->warnings[plan->n_warnings++] = weir_strdup (text);
}

bool
weir_work_drop (weir_source_work_t *self, weir_candidate_t *candidate, weir_err_t *err)
{
	if (!self->options->skip_bad_items || err->klass == WEIR_CLASS_BUG ||
	    err->status == WEIR_E_CANCELLED)
		return false;
	char text[2 * WEIR_ERR_TEXT_MAX];
	weir_err_format (err, text, sizeof text);
	weir_plan_warn (self->plan, "item '%s' is left out: %.1800s", candidate->item->id, text);
	weir_err_clear (err);
	candidate->is_dropped = true;
	return true;
}

int
weir_work_probe (weir_source_work_t *self, weir_file_t *file, weir_err_t *err)
{
	if (file->is_probed)
		return WEIR_OK;
	int rc = self->options->probe (self->options->arg, file->name, &file->probe, err);
	file->is_probed = rc == WEIR_OK;
	return rc;
}

/* ---- candidates */

static int
s_compare_candidates (const void *a, const void *b)
{
	const weir_stac_item_t *ia = ((const weir_candidate_t *) a)->item,
						   *ib = ((const weir_candidate_t *) b)->item;
	if (ia->time_us != ib->time_us)
		return ia->time_us < ib->time_us ? -1 : 1;
	int order = strcmp (ia->id, ib->id);
	return order != 0 ? order : (ia > ib) - (ia < ib);
}

static int
s_collect (weir_source_work_t *self, weir_err_t *err)
{
	const weir_plan_want_t *want = self->want;
	self->candidates = weir_alloc (self->items->n_items * sizeof *self->candidates);
	for (size_t i = 0; i < self->items->n_items; i++) {
		const weir_stac_item_t *item = &self->items->items[i];
		/* An open end takes the last instant too. */
		bool is_before_end = item->time_us < want->time_to_us || want->time_to_us == INT64_MAX;
		bool is_inside = !want->has_time || (item->time_us >= want->time_from_us && is_before_end);
		if (is_inside)
			self->candidates[self->n_candidates++].item = item;
	}
	qsort (self->candidates, self->n_candidates, sizeof *self->candidates, s_compare_candidates);
	if (self->n_candidates > 0)
		return WEIR_OK;
	return weir_err_invalid (err, "NoDataAvailable", want->node, "no item of %s meets the extents",
	                         want->url);
}

static int
s_settle_candidate (weir_source_work_t *self, weir_candidate_t *candidate, weir_err_t *err)
{
	if (!candidate->item->has_geometry)
		return weir_err_invalid (err, "ItemInvalid", candidate->item->id, "no geometry");
	int rc = weir_bands_resolve (self, candidate, err);
	return rc == WEIR_OK ? weir_place_item (self, candidate, err) : rc;
}

static int
s_settle_candidates (weir_source_work_t *self, weir_err_t *err)
{
	int rc = weir_bands_list (self, err);
	if (rc != WEIR_OK)
		return rc;
	for (size_t i = 0; i < self->n_candidates; i++) {
		weir_candidate_t *candidate = &self->candidates[i];
		if (candidate->is_dropped)
			continue;
		rc = s_settle_candidate (self, candidate, err);
		if (rc != WEIR_OK && !weir_work_drop (self, candidate, err))
			return rc;
	}
	return WEIR_OK;
}

static weir_candidate_t *
s_first (const weir_source_work_t *self)
{
	size_t i = 0;
	while (i < self->n_candidates && self->candidates[i].is_dropped)
		i++;
	return i < self->n_candidates ? &self->candidates[i] : NULL;
}

/* The grid of what is left, until the files of the first item can be opened. */
static int
s_settle_grid (weir_source_work_t *self, weir_err_t *err)
{
	for (;;) {
		int rc = weir_place_grid (self, err);
		if (rc != WEIR_OK)
			return rc;
		weir_candidate_t *first = s_first (self);
		rc = weir_place_check (self, first, err);
		if (rc == WEIR_OK || !weir_work_drop (self, first, err))
			return rc;
	}
}

/* ---- types */

/* What band b of a candidate holds; where neither STAC nor an open file says, what the first item's
 * does. */
static weir_file_band_t
s_describe_band (const weir_candidate_t *candidate, size_t b, const weir_file_band_t *first)
{
	weir_file_band_t out = first != NULL ? *first : (weir_file_band_t){ 0 };
	const weir_file_t *file = &candidate->files[candidate->bands[b].asset];
	const weir_stac_band_t *stac = candidate->stac_bands[b];
	if (file->is_probed) {
		const weir_cell_t *cell = &file->probe.bands[candidate->bands[b].band - 1];
		out.cell.type = cell->type;
		/* An undeclared NaN is no-data anyway: only what differs from it counts as declared. */
		out.nodata = (weir_plan_nodata_t){ cell->has_nodata && !isnan (cell->nodata),
			                               cell->nodata };
	}
	if (stac != NULL && stac->has_type)
		out.cell.type = file->is_probed ? weir_type_join (out.cell.type, stac->type) : stac->type;
	if (stac != NULL && stac->has_nodata)
		out.nodata = (weir_plan_nodata_t){ true, stac->nodata };
	out.cell.has_nodata = weir_type_is_float (out.cell.type) ||
	                      (out.nodata.has_value &&
	                       weir_type_holds (out.cell.type, out.nodata.value));
	out.cell.nodata = out.cell.has_nodata ? out.nodata.value : 0;
	return out;
}

static void
s_warn_of_band (weir_source_work_t *self, const weir_candidate_t *first, size_t b,
                const weir_file_band_t *band)
{
	const weir_file_t *file = &first->files[first->bands[b].asset];
	const weir_stac_band_t *stac = first->stac_bands[b];
	const char *name = self->specs[b].name;
	weir_type_t of_file = file->probe.bands[first->bands[b].band - 1].type;
	if (stac != NULL && stac->has_type && stac->type != of_file)
		weir_plan_warn (self->plan, "band '%s': the items say %s, %s holds %s", name,
		                weir_type_name (stac->type), file->name, weir_type_name (of_file));
	if (band->nodata.has_value && !band->cell.has_nodata)
		weir_plan_warn (self->plan, "band '%s': no-data %g cannot occur in %s and is not used",
		                name, band->nodata.value, weir_type_name (band->cell.type));
}

/* The distinct kinds of cells so far; mostly one. */
typedef struct {
	size_t n;
	weir_cell_t *cells;
} weir_cell_set_t;

static void
s_add_cell (weir_cell_set_t *set, weir_cell_t cell)
{
	for (size_t i = 0; i < set->n; i++)
		if (weir_cell_equal (set->cells[i], cell))
			return;
	set->cells = weir_realloc (set->cells, (set->n + 1) * sizeof *set->cells);
	set->cells[set->n++] = cell;
}

static bool
s_same_nodata (weir_plan_nodata_t a, weir_plan_nodata_t b)
{
	if (!a.has_value || !b.has_value)
		return a.has_value == b.has_value;
	return a.value == b.value || (isnan (a.value) && isnan (b.value));
}

/* ---- filling the source */

static void
s_fill_bands (weir_source_work_t *self, weir_plan_source_t *source, const weir_file_band_t *kinds)
{
	const weir_candidate_t *first = s_first (self);
	source->n_bands = self->n_specs;
	source->bands = weir_alloc (self->n_specs * sizeof *source->bands);
	for (size_t b = 0; b < self->n_specs; b++) {
		weir_plan_band_t *band = &source->bands[b];
		const weir_stac_band_t *stac = first->stac_bands[b];
		band->name = weir_strdup (self->specs[b].name);
		band->has_nodata = kinds[b].nodata.has_value;
		band->nodata = kinds[b].nodata.has_value ? kinds[b].nodata.value : 0;
		if (stac == NULL)
			continue;
		band->description = weir_strdup (stac->description);
		band->has_scale = stac->has_scale;
		band->has_offset = stac->has_offset;
		band->scale = stac->has_scale ? stac->scale : 0;
		band->offset = stac->has_offset ? stac->offset : 0;
	}
}

/* The item's own no-data where it differs from the bands'; NULL where it does not. */
static weir_plan_nodata_t *
s_list_nodata (const weir_source_work_t *self, const weir_candidate_t *candidate,
               const weir_file_band_t *kinds, weir_cell_set_t *set)
{
	weir_plan_nodata_t *own = weir_alloc (self->n_specs * sizeof *own);
	bool is_special = false;
	for (size_t b = 0; b < self->n_specs; b++) {
		weir_file_band_t kind = s_describe_band (candidate, b, &kinds[b]);
		s_add_cell (set, kind.cell);
		own[b] = kind.nodata;
		is_special = is_special || !s_same_nodata (kind.nodata, kinds[b].nodata);
	}
	if (is_special)
		return own;
	free (own);
	return NULL;
}

/* One window where all files are alike, else a place for each. */
static void
s_fill_places (const weir_candidate_t *candidate, weir_plan_item_t *item)
{
	bool is_alike = true;
	for (size_t i = 0; i < candidate->n_files; i++) {
		const weir_plan_place_t *place = &candidate->files[i].place;
		is_alike = is_alike && !place->is_resampled &&
		           memcmp (&place->window, &candidate->files[0].place.window,
		                   sizeof place->window) == 0;
		if (i == 0)
			item->window = place->window;
		else
			weir_window_join (&item->window, place->window);
	}
	if (is_alike)
		return;
	item->places = weir_alloc (candidate->n_files * sizeof *item->places);
	for (size_t i = 0; i < candidate->n_files; i++)
		item->places[i] = candidate->files[i].place;
}

/* Moves what the candidate owns into the item. */
static void
s_fill_item (const weir_source_work_t *self, weir_candidate_t *candidate,
             const weir_file_band_t *kinds, weir_cell_set_t *set, weir_plan_item_t *item)
{
	item->id = weir_strdup (candidate->item->id);
	s_fill_places (candidate, item);
	item->nodata = s_list_nodata (self, candidate, kinds, set);
	item->bands = candidate->bands;
	candidate->bands = NULL;
	item->n_files = candidate->n_files;
	item->files = weir_alloc (item->n_files * sizeof *item->files);
	for (size_t i = 0; i < item->n_files; i++) {
		item->files[i] = candidate->files[i].name;
		candidate->files[i].name = NULL;
	}
}

/* What is resampled may miss a pixel at its edges: it covers nothing for certain. */
static bool
s_covers_grid (const weir_candidate_t *candidate, const weir_grid_t *grid)
{
	for (size_t i = 0; i < candidate->n_files; i++) {
		const weir_plan_place_t *place = &candidate->files[i].place;
		const weir_window_t *window = &place->window;
		if (place->is_resampled || window->col > 0 || window->row > 0 ||
		    window->col + window->width < grid->width ||
		    window->row + window->height < grid->height)
			return false;
	}
	return true;
}

static void
s_fill_items (weir_source_work_t *self, const weir_file_band_t *kinds, weir_cell_set_t *set,
              weir_plan_source_t *source)
{
	source->items = weir_alloc (self->n_candidates * sizeof *source->items);
	source->labels_us = weir_alloc (self->n_candidates * sizeof *source->labels_us);
	source->label_items = weir_alloc ((self->n_candidates + 1) * sizeof *source->label_items);
	self->is_covered = true;
	bool is_label_covered = true;
	for (size_t i = 0; i < self->n_candidates; i++) {
		weir_candidate_t *candidate = &self->candidates[i];
		if (candidate->is_dropped)
			continue;
		int64_t time_us = candidate->item->time_us;
		if (source->n_labels == 0 || source->labels_us[source->n_labels - 1] != time_us) {
			self->is_covered = self->is_covered && is_label_covered;
			is_label_covered = false;
			source->labels_us[source->n_labels++] = time_us;
		}
		is_label_covered = is_label_covered || s_covers_grid (candidate, &self->grid);
		weir_plan_item_t *item = &source->items[source->n_items++];
		item->label = (uint32_t) source->n_labels - 1;
		s_fill_item (self, candidate, kinds, set, item);
		source->is_warped = source->is_warped || weir_plan_item_is_warped (source, item);
		source->label_items[source->n_labels] = source->n_items;
	}
	self->is_covered = self->is_covered && is_label_covered;
}

/* Block size that most of the opened files have. */
static void
s_fill_block (const weir_source_work_t *self, weir_plan_source_t *source)
{
	struct {
		int width, height;
		size_t n;
	} *sizes = NULL;
	size_t n = 0, best = 0;
	for (size_t i = 0; i < self->n_candidates; i++)
		for (size_t f = 0; f < self->candidates[i].n_files; f++) {
			const weir_file_t *file = &self->candidates[i].files[f];
			const weir_probe_t *probe = &file->probe;
			if (self->candidates[i].is_dropped || !file->is_probed || file->place.is_resampled)
				continue;
			size_t k = 0;
			while (k < n &&
			       (sizes[k].width != probe->block_width || sizes[k].height != probe->block_height))
				k++;
			if (k == n) {
				sizes = weir_realloc (sizes, ++n * sizeof *sizes);
				sizes[k].width = probe->block_width;
				sizes[k].height = probe->block_height;
				sizes[k].n = 0;
			}
			sizes[k].n++;
			best = sizes[k].n > sizes[best].n ? k : best;
		}
	source->block_width = n > 0 && sizes[best].width > 0 ? sizes[best].width : 1;
	source->block_height = n > 0 && sizes[best].height > 0 ? sizes[best].height : 1;
	free (sizes);
}

static void
s_fill_source (weir_source_work_t *self, weir_plan_source_t *source)
{
	const weir_candidate_t *first = s_first (self);
	weir_file_band_t *kinds = weir_alloc (self->n_specs * sizeof *kinds);
	weir_cell_set_t set = { 0 };
	for (size_t b = 0; b < self->n_specs; b++) {
		kinds[b] = s_describe_band (first, b, NULL);
		s_warn_of_band (self, first, b, &kinds[b]);
	}
	source->node = weir_strdup (self->want->node);
	source->grid = self->grid;
	s_fill_bands (self, source, kinds);
	s_fill_block (self, source);
	s_fill_items (self, kinds, &set, source);
	bool is_masked = source->mask.n_points > 0;
	source->cell = weir_cell_common (set.n, set.cells, !self->is_covered || is_masked);
	free (set.cells);
	free (kinds);
}

static void
s_clear_work (weir_source_work_t *self)
{
	for (size_t i = 0; i < self->n_candidates; i++) {
		weir_candidate_t *candidate = &self->candidates[i];
		for (size_t f = 0; f < candidate->n_files; f++) {
			free (candidate->files[f].name);
			weir_probe_clear (&candidate->files[f].probe);
		}
		free (candidate->files);
		free (candidate->bands);
		free (candidate->stac_bands);
	}
	free (self->candidates);
	for (size_t i = 0; i < self->n_specs; i++) {
		free (self->specs[i].name);
		free (self->specs[i].asset_key);
		free (self->specs[i].described_key);
	}
	free (self->specs);
	for (size_t i = 0; i < self->n_crs_texts; i++)
		free (self->crs_texts[i]);
	free (self->crs_texts);
	free (self->crs_ids);
}

int
weir_source_build (const weir_plan_want_t *want, const weir_stac_items_t *items,
                   const weir_plan_options_t *options, weir_plan_t *plan,
                   weir_plan_source_t *source, weir_err_t *err)
{
	weir_source_work_t work = { .want = want, .items = items, .options = options, .plan = plan };
	int rc = s_collect (&work, err);
	if (rc == WEIR_OK)
		rc = s_settle_candidates (&work, err);
	if (rc == WEIR_OK)
		rc = s_settle_grid (&work, err);
	if (rc == WEIR_OK)
		rc = weir_mask_build (want, options, plan, &work.grid, &source->mask, err);
	if (rc == WEIR_OK)
		s_fill_source (&work, source);
	s_clear_work (&work);
	return rc;
}
