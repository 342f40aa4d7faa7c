/* place.c - where items lie: CRS, grid of each, the grid of all
 *
 * Source   DESIGN 8 (Extent, Grid, CRS)
 */
#include "cube/plan/planner.h"
#include "runtime/base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SIDE_MAX WEIR_PLAN_SIDE_MAX

/* ---- CRS */

/* Takes a canonical text; the number of an equal one that is there already, else a new number. */
static int
s_intern_crs (weir_source_work_t *self, char *text)
{
	weir_plan_t *plan = self->plan;
	for (size_t i = 0; i < plan->n_crs; i++)
		if (strcmp (plan->crs[i], text) == 0
		    || self->options->crs_equal (self->options->arg, plan->crs[i], text)) {
			free (text);
			return (int) i;
		}
	plan->crs = weir_realloc (plan->crs, (plan->n_crs + 1) * sizeof *plan->crs);
	plan->crs[plan->n_crs] = text;
	return (int) plan->n_crs++;
}

static size_t
s_count_candidates (const weir_stac_proj_t *proj)
{
	size_t n = 0;
	while (n < sizeof proj->crs_candidates / sizeof *proj->crs_candidates && proj->crs_candidates[n] != NULL)
		n++;
	return n;
}

/* All candidates in one text, as a key: items of a collection mostly say the same. */
static char *
s_join_candidates (const weir_stac_proj_t *proj)
{
	const char *c[4] = { "", "", "", "" };
	for (size_t i = 0; i < s_count_candidates (proj); i++)
		c[i] = proj->crs_candidates[i];
	return weir_asprintf ("%s\n%s\n%s\n%s", c[0], c[1], c[2], c[3]);
}

/* Number of the CRS that STAC gives; -1 if it gives none that PROJ knows. */
static int
s_find_stac_crs (weir_source_work_t *self, const weir_stac_proj_t *proj)
{
	char *key = s_join_candidates (proj);
	for (size_t i = self->n_crs_texts; i-- > 0;)
		if (strcmp (self->crs_texts[i], key) == 0) {
			free (key);
			return self->crs_ids[i];
		}
	size_t n = s_count_candidates (proj);
	char *text = n == 0 ? NULL
	                    : self->options->crs_resolve (self->options->arg, n,
	                                                  (const char *const *) proj->crs_candidates);
	size_t used = self->n_crs_texts++;
	self->crs_texts = weir_realloc (self->crs_texts, (used + 1) * sizeof *self->crs_texts);
	self->crs_ids = weir_realloc (self->crs_ids, (used + 1) * sizeof *self->crs_ids);
	self->crs_texts[used] = key;
	self->crs_ids[used] = text != NULL ? s_intern_crs (self, text) : -1;
	return self->crs_ids[used];
}

/* ---- one item */

static int
s_bad_item (const weir_candidate_t *candidate, const weir_file_t *file, const char *what, weir_err_t *err)
{
	return weir_err_invalid (err, "ItemInvalid", candidate->item->id, "asset '%s': %s", file->asset->key, what);
}

static int
s_check_bands (const weir_source_work_t *self, const weir_candidate_t *candidate, const weir_file_t *file,
               weir_err_t *err)
{
	for (size_t i = 0; i < self->n_specs; i++) {
		if (&candidate->files[candidate->bands[i].asset] != file)
			continue;
		if (candidate->bands[i].band > file->probe.n_bands)
			return weir_err_invalid (err, "BandNotAvailable", candidate->item->id,
			                         "band '%s' is band %u of asset '%s', whose file has %zu",
			                         self->specs[i].name, candidate->bands[i].band, file->asset->key,
			                         file->probe.n_bands);
		bool is_by_key = self->specs[i].asset_key == NULL && strcmp (self->specs[i].name, file->asset->key) == 0;
		if (is_by_key && file->asset->n_bands == 0 && file->probe.n_bands > 1)
			return weir_err_invalid (err, "BandNotAvailable", candidate->item->id,
			                         "band '%s' is an asset of %zu bands: name its bands",
			                         self->specs[i].name, file->probe.n_bands);
	}
	return WEIR_OK;
}

/* What a probed file says against what its item says. */
static int
s_check_probe (weir_source_work_t *self, const weir_candidate_t *candidate, const weir_file_t *file, int crs_id,
               weir_err_t *err)
{
	const weir_stac_proj_t *proj = &file->asset->proj;
	const weir_grid_t *grid = &file->probe.grid;
	if (proj->has_shape && (proj->width != grid->width || proj->height != grid->height))
		return weir_err_invalid (err, "RasterSizeMismatch", file->name,
		                         "the file is %lld × %lld, item '%s' says %lld × %lld",
		                         (long long) grid->width, (long long) grid->height, candidate->item->id,
		                         (long long) proj->width, (long long) proj->height);
	if (crs_id >= 0 && file->probe.crs != NULL && strcmp (self->plan->crs[crs_id], file->probe.crs) != 0
	    && !self->options->crs_equal (self->options->arg, self->plan->crs[crs_id], file->probe.crs))
		weir_plan_warn (self->plan, "item '%s': the CRS of %s is another one: the item's is taken",
		                candidate->item->id, file->name);
	return s_check_bands (self, candidate, file, err);
}

static int
s_check_grid (const weir_candidate_t *candidate, const weir_file_t *file, const weir_grid_t *grid,
              weir_err_t *err)
{
	const double *t = grid->transform;
	for (int i = 0; i < 6; i++)
		if (!isfinite (t[i]))
			return s_bad_item (candidate, file, "its transform is not finite", err);
	if (t[2] != 0 || t[4] != 0)
		return s_bad_item (candidate, file, "its grid is rotated, which is not supported", err);
	if (!(t[1] > 0) || t[5] == 0)
		return s_bad_item (candidate, file, "its grid runs from east to west or has no height, which is not "
		                                    "supported", err);
	if (grid->width < 1 || grid->height < 1 || grid->width > SIDE_MAX || grid->height > SIDE_MAX)
		return s_bad_item (candidate, file, "its size is not from 1 to 2147483647 pixels a side", err);
	return WEIR_OK;
}

static int
s_find_grid (weir_source_work_t *self, weir_candidate_t *candidate, weir_file_t *file, weir_grid_t *out,
             weir_err_t *err)
{
	const weir_stac_proj_t *proj = &file->asset->proj;
	weir_grid_t grid = { .crs_id = s_find_stac_crs (self, proj) };
	int rc = WEIR_OK;
	if (grid.crs_id < 0 || !proj->has_transform || !proj->has_shape)
		rc = weir_work_probe (self, file, err);
	if (rc != WEIR_OK)
		return rc;
	if (grid.crs_id < 0 && file->probe.crs != NULL) {
		grid.crs_id = s_intern_crs (self, weir_strdup (file->probe.crs));
		if (s_count_candidates (proj) > 0)
			weir_plan_warn (self->plan, "item '%s': PROJ knows none of its CRS: that of %s is taken",
			                candidate->item->id, file->name);
	}
	if (grid.crs_id < 0)
		return s_bad_item (candidate, file, "no CRS: neither the item nor the file gives one that PROJ knows", err);
	memcpy (grid.transform, proj->has_transform ? proj->transform : file->probe.grid.transform,
	        sizeof grid.transform);
	grid.width = proj->has_shape ? proj->width : file->probe.grid.width;
	grid.height = proj->has_shape ? proj->height : file->probe.grid.height;
	*out = grid;
	if (file->is_probed)
		rc = s_check_probe (self, candidate, file, grid.crs_id, err);
	return rc == WEIR_OK ? s_check_grid (candidate, file, &grid, err) : rc;
}

int
weir_place_item (weir_source_work_t *self, weir_candidate_t *candidate, weir_err_t *err)
{
	for (size_t i = 0; i < candidate->n_files; i++) {
		weir_grid_t grid;
		weir_window_t window;
		int rc = s_find_grid (self, candidate, &candidate->files[i], &grid, err);
		if (rc != WEIR_OK)
			return rc;
		if (i == 0)
			candidate->grid = grid;
		bool is_same = weir_grid_agrees (&candidate->grid, &grid, &window) && window.col == 0 && window.row == 0
		               && window.width == candidate->grid.width && window.height == candidate->grid.height;
		if (!is_same)
			return weir_err_set (err, WEIR_E_UNSUPPORTED, WEIR_CLASS_GIVE_UP, "GridMismatch",
			                     candidate->item->id,
			                     "assets '%s' and '%s' have different grids: resampling is not offered yet",
			                     candidate->files[0].asset->key, candidate->files[i].asset->key);
	}
	return WEIR_OK;
}

int
weir_place_check (weir_source_work_t *self, weir_candidate_t *candidate, weir_err_t *err)
{
	for (size_t i = 0; i < candidate->n_files; i++) {
		weir_file_t *file = &candidate->files[i];
		if (file->is_probed)
			continue;
		int rc = weir_work_probe (self, file, err);
		if (rc == WEIR_OK)
			rc = s_check_probe (self, candidate, file, candidate->grid.crs_id, err);
		if (rc != WEIR_OK)
			return rc;
	}
	return WEIR_OK;
}

/* ---- the grid of all */

typedef struct {
	const weir_candidate_t *lead; /* lowest id: its grid is the lattice */
	size_t n_items;
	bool meets_extent;
	weir_window_t extent; /* of the bbox, in the lattice */
} weir_group_t;

static int
s_compare_ids (const void *a, const void *b)
{
	const weir_candidate_t *ca = *(weir_candidate_t *const *) a, *cb = *(weir_candidate_t *const *) b;
	int order = strcmp (ca->item->id, cb->item->id);
	return order != 0 ? order : (ca > cb) - (ca < cb);
}

/* Candidates that are left, by id: the first of a group is its lead. */
static weir_candidate_t **
s_list_by_id (weir_source_work_t *self, size_t *n_out)
{
	weir_candidate_t **list = weir_alloc (self->n_candidates * sizeof (weir_candidate_t *));
	size_t n = 0;
	for (size_t i = 0; i < self->n_candidates; i++)
		if (!self->candidates[i].is_dropped)
			list[n++] = &self->candidates[i];
	qsort (list, n, sizeof *list, s_compare_ids);
	*n_out = n;
	return list;
}

static weir_group_t *
s_group_grids (size_t n, weir_candidate_t *const *list, size_t *n_groups_out)
{
	weir_group_t *groups = NULL;
	size_t n_groups = 0;
	for (size_t i = 0; i < n; i++) {
		size_t g = 0;
		while (g < n_groups && !weir_grid_agrees (&groups[g].lead->grid, &list[i]->grid, &list[i]->window))
			g++;
		if (g == n_groups) {
			groups = weir_realloc (groups, (n_groups + 1) * sizeof *groups);
			groups[n_groups++] = (weir_group_t){ .lead = list[i], .meets_extent = true };
			list[i]->window = (weir_window_t){ 0, 0, list[i]->grid.width, list[i]->grid.height };
		}
		list[i]->group = g;
		groups[g].n_items++;
	}
	*n_groups_out = n_groups;
	return groups;
}

/* The bbox in the lattice of each group. Fails only where it has a place in none. */
static int
s_find_extents (const weir_source_work_t *self, size_t n_groups, weir_group_t *groups, weir_err_t *err)
{
	const weir_plan_want_t *want = self->want;
	bool any = false;
	weir_err_t first = { 0 };
	for (size_t g = 0; g < n_groups && want->has_bbox; g++) {
		const weir_grid_t *grid = &groups[g].lead->grid;
		weir_bbox_t box;
		weir_err_t reason = { 0 };
		int rc = weir_bbox_transform (want->bbox, want->bbox_crs, self->plan->crs[grid->crs_id],
		                              self->options->transform, self->options->arg, &box, &reason);
		if (rc == WEIR_OK)
			rc = weir_grid_window_of_bbox (grid, box, &groups[g].extent, &reason);
		groups[g].meets_extent = rc == WEIR_OK;
		any = any || rc == WEIR_OK;
		if (rc != WEIR_OK && first.status == WEIR_OK)
			first = reason;
	}
	if (any || !want->has_bbox)
		return WEIR_OK;
	return weir_err_set (err, first.status, first.klass, first.code, want->node,
	                     "argument 'spatial_extent' of load_stac: %.1500s", first.text);
}

/* Leaves out what lies outside the extent; that is no fault of the item. */
static void
s_drop_outside (const weir_source_work_t *self, size_t n, weir_candidate_t *const *list, weir_group_t *groups)
{
	for (size_t i = 0; i < n && self->want->has_bbox; i++) {
		weir_group_t *group = &groups[list[i]->group];
		weir_window_t both = weir_window_intersect (list[i]->window, group->extent);
		if (group->meets_extent && !weir_window_is_empty (both))
			continue;
		list[i]->is_dropped = true;
		group->n_items--;
	}
}

static size_t
s_find_commonest (size_t n_groups, const weir_group_t *groups)
{
	size_t best = 0;
	for (size_t g = 1; g < n_groups; g++)
		if (groups[g].n_items > groups[best].n_items)
			best = g;
	return best;
}

static int
s_drop_others (weir_source_work_t *self, size_t n, weir_candidate_t *const *list, const weir_group_t *group,
               size_t reference, weir_err_t *err)
{
	for (size_t i = 0; i < n; i++) {
		if (list[i]->is_dropped || list[i]->group == reference)
			continue;
		weir_err_set (err, WEIR_E_UNSUPPORTED, WEIR_CLASS_GIVE_UP, "GridMismatch", list[i]->item->id,
		              "its grid does not agree with that of %zu other items (first: '%s'): resampling is not "
		              "offered yet", group->n_items, group->lead->item->id);
		if (!weir_work_drop (self, list[i], err))
			return WEIR_E_UNSUPPORTED;
	}
	return WEIR_OK;
}

static int
s_unite (const weir_source_work_t *self, size_t n, weir_candidate_t *const *list, weir_window_t *out,
         weir_err_t *err)
{
	int64_t left = INT64_MAX, top = INT64_MAX, right = INT64_MIN, bottom = INT64_MIN;
	for (size_t i = 0; i < n; i++) {
		weir_window_t w = list[i]->window;
		if (list[i]->is_dropped)
			continue;
		left = w.col < left ? w.col : left;
		top = w.row < top ? w.row : top;
		right = w.col + w.width > right ? w.col + w.width : right;
		bottom = w.row + w.height > bottom ? w.row + w.height : bottom;
	}
	if (right - left > SIDE_MAX || bottom - top > SIDE_MAX)
		return weir_err_invalid (err, "ExtentTooLarge", self->want->node,
		                         "the items together span %lld × %lld pixels, at most %lld a side are possible",
		                         (long long) (right - left), (long long) (bottom - top), (long long) SIDE_MAX);
	*out = (weir_window_t){ left, top, right - left, bottom - top };
	return WEIR_OK;
}

static int
s_settle_grid (weir_source_work_t *self, size_t n, weir_candidate_t *const *list, const weir_group_t *group,
               weir_err_t *err)
{
	weir_window_t extent = group->extent;
	int rc = self->want->has_bbox ? WEIR_OK : s_unite (self, n, list, &extent, err);
	if (rc != WEIR_OK)
		return rc;
	self->grid = weir_grid_crop (&group->lead->grid, extent);
	for (size_t i = 0; i < n; i++) {
		list[i]->window.col -= extent.col;
		list[i]->window.row -= extent.row;
	}
	return WEIR_OK;
}

int
weir_place_grid (weir_source_work_t *self, weir_err_t *err)
{
	size_t n, n_groups;
	weir_candidate_t **list = s_list_by_id (self, &n);
	weir_group_t *groups = s_group_grids (n, list, &n_groups);
	int rc = n > 0 ? s_find_extents (self, n_groups, groups, err) : WEIR_OK;
	if (rc == WEIR_OK && n > 0) {
		s_drop_outside (self, n, list, groups);
		size_t reference = s_find_commonest (n_groups, groups);
		bool is_empty = groups[reference].n_items == 0;
		if (is_empty)
			rc = weir_err_invalid (err, "NoDataAvailable", self->want->node,
			                       "no item of %s meets the spatial extent", self->want->url);
		else
			rc = s_drop_others (self, n, list, &groups[reference], reference, err);
		if (rc == WEIR_OK)
			rc = s_settle_grid (self, n, list, &groups[reference], err);
	} else if (rc == WEIR_OK) {
		rc = weir_err_invalid (err, "NoDataAvailable", self->want->node, "no usable item is left of %s",
		                       self->want->url);
	}
	free (groups);
	free (list);
	return rc;
}
