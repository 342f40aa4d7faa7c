/* lattice.c - the grid of all items: the commonest, cut to the extent
 *
 * Items are grouped by grids that agree; the item with the lowest id of a group is its lead, whose
 * grid is the lattice that windows are counted in.
 *
 * Limits   O(items × groups)
 * Source   DESIGN 8 (Extent, Grid)
 */
#include "cube/plan/planner.h"
#include "runtime/base/mem.h"

#include <stdlib.h>
#include <string.h>

#define SIDE_MAX WEIR_PLAN_SIDE_MAX

typedef struct {
	const weir_candidate_t *lead; /* lowest id: its grid is the lattice */
	size_t n_items;
	bool meets_extent;
	weir_window_t extent; /* of the bbox, in the lattice */
} weir_group_t;

static int
s_compare_ids (const void *a, const void *b)
{
	const weir_candidate_t *ca = *(weir_candidate_t *const *) a,
						   *cb = *(weir_candidate_t *const *) b;
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
		while (g < n_groups &&
		       !weir_grid_agrees (&groups[g].lead->grid, &list[i]->grid, &list[i]->window))
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
s_find_extents (const weir_source_work_t *self, size_t n_groups, weir_group_t *groups,
                weir_err_t *err)
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
s_drop_outside (const weir_source_work_t *self, size_t n, weir_candidate_t *const *list,
                weir_group_t *groups)
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
s_drop_others (weir_source_work_t *self, size_t n, weir_candidate_t *const *list,
               const weir_group_t *group, size_t reference, weir_err_t *err)
{
	for (size_t i = 0; i < n; i++) {
		if (list[i]->is_dropped || list[i]->group == reference)
			continue;
		weir_err_set (
			err, WEIR_E_UNSUPPORTED, WEIR_CLASS_GIVE_UP, "GridMismatch", list[i]->item->id,
			"its grid does not agree with that of %zu other items (first: '%s'): resampling is not "
			"offered yet",
			group->n_items, group->lead->item->id);
		if (!weir_work_drop (self, list[i], err))
			return WEIR_E_UNSUPPORTED;
	}
	return WEIR_OK;
}

static int
s_unite (const weir_source_work_t *self, size_t n, weir_candidate_t *const *list,
         weir_window_t *out, weir_err_t *err)
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
		return weir_err_invalid (
			err, "ExtentTooLarge", self->want->node,
			"the items together span %lld × %lld pixels, at most %lld a side are possible",
			(long long) (right - left), (long long) (bottom - top), (long long) SIDE_MAX);
	*out = (weir_window_t){ left, top, right - left, bottom - top };
	return WEIR_OK;
}

static int
s_settle_grid (weir_source_work_t *self, size_t n, weir_candidate_t *const *list,
               const weir_group_t *group, weir_err_t *err)
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
		const char *reason = self->plan->n_warnings > 0 ? self->plan->warnings[0] : NULL;
		rc = weir_err_invalid (err, "NoDataAvailable", self->want->node,
		                       "no usable item is left of %s%s%.1000s", self->want->url,
		                       reason != NULL ? ": " : "", reason != NULL ? reason : "");
	}
	free (groups);
	free (list);
	return rc;
}
