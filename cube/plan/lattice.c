/* lattice.c - the grid of all items, cut to the extent, and where each file lies in it
 *
 * Files are grouped by grids that agree; that of the lowest item id is the lead of its group, whose
 * grid is the lattice that windows are counted in. The group with the most files that meet the
 * extent gives the cube's grid, unless a resample_spatial makes another; files whose grid does not
 * agree with it are resampled onto it.
 *
 * Limits   O(items × groups)
 * Source   DESIGN 8 (Extent, Grid)
 */
#include "cube/plan/planner.h"
#include "runtime/base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SIDE_MAX WEIR_PLAN_SIDE_MAX
#define BOXES_KEPT 256 /* of grids that were met last: items of one tile share one */
#define REACH 0.05     /* what 21 points an edge may miss of a warped box, of its side */

typedef struct {
	const weir_grid_t *lattice; /* of the lead */
	size_t n_files;             /* that meet the extent */
	bool has_box;
	weir_bbox_t box; /* the extent, in its CRS */
} weir_group_t;

typedef struct { /* a grid's box in another CRS, kept for the next file of the same */
	weir_grid_t grid;
	int crs_id;
	weir_bbox_t box;
	size_t n_lost;
} weir_box_t;

typedef struct {
	weir_source_work_t *work;
	size_t n;
	weir_candidate_t **list; /* those that are left, by id */
	size_t n_groups;
	weir_group_t *groups;
	size_t reference;
	size_t n_boxes;
	weir_box_t boxes[BOXES_KEPT];
} weir_lattice_t;

static int
s_compare_ids (const void *a, const void *b)
{
	const weir_candidate_t *ca = *(weir_candidate_t *const *) a,
						   *cb = *(weir_candidate_t *const *) b;
	int order = strcmp (ca->item->id, cb->item->id);
	return order != 0 ? order : (ca > cb) - (ca < cb);
}

static void
s_list_by_id (weir_lattice_t *self)
{
	weir_source_work_t *work = self->work;
	self->list = weir_alloc (work->n_candidates * sizeof (weir_candidate_t *));
	for (size_t i = 0; i < work->n_candidates; i++)
		if (!work->candidates[i].is_dropped)
			self->list[self->n++] = &work->candidates[i];
	qsort (self->list, self->n, sizeof *self->list, s_compare_ids);
}

static void
s_group_file (weir_lattice_t *self, weir_file_t *file)
{
	size_t g = 0;
	file->place = (weir_plan_place_t){ 0 };
	while (g < self->n_groups &&
	       !weir_grid_agrees (self->groups[g].lattice, &file->grid, &file->place.window))
		g++;
	if (g == self->n_groups) {
		self->groups = weir_realloc (self->groups, (g + 1) * sizeof *self->groups);
		self->groups[self->n_groups++] = (weir_group_t){ .lattice = &file->grid };
		file->place.window = (weir_window_t){ 0, 0, file->grid.width, file->grid.height };
	}
	file->group = g;
}

/* ---- boxes */

static bool
s_boxes_meet (weir_bbox_t a, weir_bbox_t b)
{
	return a.west < b.east && b.west < a.east && a.south < b.north && b.south < a.north;
}

/* What a grid covers in a CRS; points that have no place there are left out. */
static int
s_cover (weir_lattice_t *self, const weir_grid_t *grid, int crs_id, weir_box_t *out,
         weir_err_t *err)
{
	const weir_plan_options_t *options = self->work->options;
	char *const *crs = self->work->plan->crs;
	size_t kept = self->n_boxes < BOXES_KEPT ? self->n_boxes : BOXES_KEPT;
	for (size_t i = 0; i < kept; i++)
		if (self->boxes[i].crs_id == crs_id && weir_grid_equal (&self->boxes[i].grid, grid)) {
			*out = self->boxes[i];
			return WEIR_OK;
		}
	*out = (weir_box_t){ .grid = *grid, .crs_id = crs_id };
	int rc = weir_bbox_cover (weir_grid_bbox (grid), crs[grid->crs_id], crs[crs_id],
	                          options->transform, options->arg, &out->box, &out->n_lost, err);
	if (rc == WEIR_OK)
		self->boxes[self->n_boxes++ % BOXES_KEPT] = *out;
	return rc;
}

/* The bbox in the CRS of each group. Fails only where it has a place in none. */
static int
s_find_extents (weir_lattice_t *self, weir_err_t *err)
{
	const weir_plan_want_t *want = self->work->want;
	const weir_plan_options_t *options = self->work->options;
	bool any = false;
	weir_err_t first = { 0 };
	for (size_t g = 0; g < self->n_groups && want->has_bbox; g++) {
		weir_group_t *group = &self->groups[g];
		weir_err_t reason = { 0 };
		int rc = weir_bbox_transform (want->bbox, want->bbox_crs,
		                              self->work->plan->crs[group->lattice->crs_id],
		                              options->transform, options->arg, &group->box, &reason);
		group->has_box = rc == WEIR_OK;
		any = any || rc == WEIR_OK;
		if (rc != WEIR_OK && first.status == WEIR_OK)
			first = reason;
	}
	if (any || !want->has_bbox)
		return WEIR_OK;
	return weir_err_set (err, first.status, first.klass, first.code, want->node,
	                     "argument 'spatial_extent' of load_stac: %.1500s", first.text);
}

/* The group with the most files that meet the extent; of equals the one whose lead comes first. */
static int
s_find_reference (weir_lattice_t *self, weir_err_t *err)
{
	const weir_plan_want_t *want = self->work->want;
	for (size_t i = 0; i < self->n; i++)
		for (size_t f = 0; f < self->list[i]->n_files; f++) {
			const weir_file_t *file = &self->list[i]->files[f];
			weir_group_t *group = &self->groups[file->group];
			group->n_files += !want->has_bbox ||
			                  (group->has_box &&
			                   s_boxes_meet (weir_grid_bbox (&file->grid), group->box));
		}
	for (size_t g = 1; g < self->n_groups; g++)
		if (self->groups[g].n_files > self->groups[self->reference].n_files)
			self->reference = g;
	if (self->groups[self->reference].n_files > 0)
		return WEIR_OK;
	return weir_err_invalid (err, "NoDataAvailable", want->node,
	                         "no item of %s meets the spatial extent", want->url);
}

/* ---- the grid */

/* What a file covers of the lattice; empty where it has no place in its CRS, or no centre. */
static int
s_window_in_lattice (weir_lattice_t *self, const weir_file_t *file, weir_window_t *out,
                     weir_err_t *err)
{
	const weir_grid_t *lattice = self->groups[self->reference].lattice;
	weir_box_t cover;
	*out = file->place.window;
	if (file->group == self->reference)
		return WEIR_OK;
	*out = (weir_window_t){ 0 };
	int rc = s_cover (self, &file->grid, lattice->crs_id, &cover, err);
	if (rc == WEIR_OK && cover.n_lost < WEIR_BBOX_COVER_POINTS &&
	    weir_grid_window_of_bbox (lattice, cover.box, out, NULL) != WEIR_OK)
		*out = (weir_window_t){ 0 };
	return rc;
}

/* The union of the items. */
static int
s_unite (weir_lattice_t *self, weir_window_t *out, weir_err_t *err)
{
	*out = (weir_window_t){ 0 };
	for (size_t i = 0; i < self->n; i++)
		for (size_t f = 0; f < self->list[i]->n_files; f++) {
			weir_window_t window;
			int rc = s_window_in_lattice (self, &self->list[i]->files[f], &window, err);
			if (rc != WEIR_OK)
				return rc;
			if (!weir_window_is_empty (window))
				weir_window_join (out, window);
		}
	if (out->width > SIDE_MAX || out->height > SIDE_MAX)
		return weir_err_invalid (
			err, "ExtentTooLarge", self->work->want->node,
			"the items together span %lld × %lld pixels, at most %lld a side are possible",
			(long long) out->width, (long long) out->height, (long long) SIDE_MAX);
	return WEIR_OK;
}

/* The extent that was asked for, in a CRS; without one, what the items cover. */
static int
s_extent_in (void *arg, int crs_id, weir_bbox_t *box_out, weir_err_t *err)
{
	weir_lattice_t *self = arg;
	const weir_plan_want_t *want = self->work->want;
	const weir_plan_options_t *options = self->work->options;
	if (want->has_bbox)
		return weir_bbox_transform (want->bbox, want->bbox_crs, self->work->plan->crs[crs_id],
		                            options->transform, options->arg, box_out, err);
	weir_bbox_t all = { INFINITY, INFINITY, -INFINITY, -INFINITY };
	for (size_t i = 0; i < self->n; i++)
		for (size_t f = 0; f < self->list[i]->n_files; f++) {
			weir_box_t cover;
			int rc = s_cover (self, &self->list[i]->files[f].grid, crs_id, &cover, err);
			if (rc != WEIR_OK)
				return rc;
			all.west = fmin (all.west, cover.box.west);
			all.south = fmin (all.south, cover.box.south);
			all.east = fmax (all.east, cover.box.east);
			all.north = fmax (all.north, cover.box.north);
		}
	*box_out = all;
	return WEIR_OK;
}

/* The grid of the items themselves; *offset_out: where it begins in the reference's lattice. */
static int
s_cut_lattice (weir_lattice_t *self, weir_window_t *offset_out, weir_err_t *err)
{
	weir_source_work_t *work = self->work;
	const weir_group_t *group = &self->groups[self->reference];
	weir_err_t reason = { 0 };
	int rc;
	if (!work->want->has_bbox)
		rc = s_unite (self, offset_out, err);
	else {
		rc = weir_grid_window_of_bbox (group->lattice, group->box, offset_out, &reason);
		if (rc != WEIR_OK)
			weir_err_set (err, rc, reason.klass, reason.code, work->want->node,
			              "argument 'spatial_extent' of load_stac: %.1500s", reason.text);
	}
	if (rc == WEIR_OK)
		work->grid = weir_grid_crop (group->lattice, *offset_out);
	return rc;
}

/* ---- places */

/* The pixels of the grid that a file of another grid may reach. */
static weir_window_t
s_reach (const weir_grid_t *grid, const weir_box_t *cover)
{
	weir_window_t all = { 0, 0, grid->width, grid->height };
	const double *t = grid->transform;
	if (cover->n_lost > 0)
		return all;
	double along_x = REACH * (cover->box.east - cover->box.west);
	double along_y = REACH * (cover->box.north - cover->box.south);
	double left = (cover->box.west - along_x - t[0]) / t[1] - 2;
	double right = (cover->box.east + along_x - t[0]) / t[1] + 2;
	double a = (cover->box.south - along_y - t[3]) / t[5];
	double b = (cover->box.north + along_y - t[3]) / t[5];
	double top = fmin (a, b) - 2, bottom = fmax (a, b) + 2;
	left = fmin (fmax (floor (left), 0), (double) grid->width);
	right = fmin (fmax (ceil (right), 0), (double) grid->width);
	top = fmin (fmax (floor (top), 0), (double) grid->height);
	bottom = fmin (fmax (ceil (bottom), 0), (double) grid->height);
	return (weir_window_t){ (int64_t) left, (int64_t) top, (int64_t) (right - left),
		                    (int64_t) (bottom - top) };
}

/* offset: of the grid in the reference's lattice; NULL: the grid is of another one. */
static int
s_place_file (weir_lattice_t *self, weir_file_t *file, const weir_window_t *offset, bool *meets_out,
              weir_err_t *err)
{
	const weir_grid_t *grid = &self->work->grid;
	weir_window_t all = { 0, 0, grid->width, grid->height }, window = file->place.window;
	bool agrees;
	if (offset != NULL) {
		agrees = file->group == self->reference;
		window.col -= offset->col;
		window.row -= offset->row;
	} else
		agrees = weir_grid_agrees (grid, &file->grid, &window);
	file->place = (weir_plan_place_t){ .window = window };
	if (agrees) {
		*meets_out = !weir_window_is_empty (weir_window_intersect (window, all));
		return WEIR_OK;
	}
	weir_box_t cover;
	int rc = s_cover (self, &file->grid, grid->crs_id, &cover, err);
	if (rc != WEIR_OK)
		return rc;
	file->place = (weir_plan_place_t){ s_reach (grid, &cover), true, file->grid };
	*meets_out = cover.n_lost < WEIR_BBOX_COVER_POINTS &&
	             !weir_window_is_empty (file->place.window) &&
	             (cover.n_lost > 0 || s_boxes_meet (cover.box, weir_grid_bbox (grid)));
	return WEIR_OK;
}

/* Leaves out what lies outside the grid; that is no fault of the item. */
static int
s_place_files (weir_lattice_t *self, const weir_window_t *offset, weir_err_t *err)
{
	bool any = false;
	for (size_t i = 0; i < self->n; i++) {
		bool meets_any = false;
		for (size_t f = 0; f < self->list[i]->n_files; f++) {
			bool meets = false;
			int rc = s_place_file (self, &self->list[i]->files[f], offset, &meets, err);
			if (rc != WEIR_OK)
				return rc;
			meets_any = meets_any || meets;
		}
		self->list[i]->is_dropped = !meets_any;
		any = any || meets_any;
	}
	if (any)
		return WEIR_OK;
	return weir_err_invalid (err, "NoDataAvailable", self->work->want->node,
	                         "no item of %s meets the spatial extent", self->work->want->url);
}

static int
s_settle (weir_lattice_t *self, weir_err_t *err)
{
	weir_source_work_t *work = self->work;
	weir_window_t offset = { 0 };
	bool is_resampled = false;
	for (size_t i = 0; i < self->n; i++)
		for (size_t f = 0; f < self->list[i]->n_files; f++)
			s_group_file (self, &self->list[i]->files[f]);
	int rc = s_find_extents (self, err);
	if (rc == WEIR_OK)
		rc = s_find_reference (self, err);
	if (rc == WEIR_OK && work->want->resample.node != NULL)
		rc = weir_resample_grid (work, self->groups[self->reference].lattice, s_extent_in, self,
		                         &is_resampled, &work->grid, err);
	if (rc == WEIR_OK && !is_resampled)
		rc = s_cut_lattice (self, &offset, err);
	return rc == WEIR_OK ? s_place_files (self, is_resampled ? NULL : &offset, err) : rc;
}

int
weir_place_grid (weir_source_work_t *work, weir_err_t *err)
{
	weir_lattice_t *self = weir_alloc (sizeof *self);
	self->work = work;
	s_list_by_id (self);
	int rc;
	if (self->n > 0)
		rc = s_settle (self, err);
	else {
		const char *reason = work->plan->n_warnings > 0 ? work->plan->warnings[0] : NULL;
		rc = weir_err_invalid (err, "NoDataAvailable", work->want->node,
		                       "no usable item is left of %s%s%.1000s", work->want->url,
		                       reason != NULL ? ": " : "", reason != NULL ? reason : "");
	}
	free (self->groups);
	free (self->list);
	free (self);
	return rc;
}
