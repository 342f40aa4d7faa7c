/* place.c - where an item lies: CRS and grid, from STAC, else from its file
 *
 * Source   DESIGN 8 (Grid, CRS)
 */
#include "cube/plan/planner.h"
#include "runtime/base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SIDE_MAX WEIR_PLAN_SIDE_MAX

/* ---- CRS */

/* The number of an equal one that is there already, else a new number. */
int
weir_place_intern_crs (weir_source_work_t *self, char *text)
{
	weir_plan_t *plan = self->plan;
	for (size_t i = 0; i < plan->n_crs; i++)
		if (strcmp (plan->crs[i], text) == 0 ||
		    self->options->crs_equal (self->options->arg, plan->crs[i], text)) {
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
	while (n < sizeof proj->crs_candidates / sizeof *proj->crs_candidates &&
	       proj->crs_candidates[n] != NULL)
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
	self->crs_ids[used] = text != NULL ? weir_place_intern_crs (self, text) : -1;
	return self->crs_ids[used];
}

/* ---- one item */

static int
s_bad_item (const weir_candidate_t *candidate, const weir_file_t *file, const char *what,
            weir_err_t *err)
{
	return weir_err_invalid (err, "ItemInvalid", candidate->item->id, "asset '%s': %s",
	                         file->asset->key, what);
}

static int
s_check_bands (const weir_source_work_t *self, const weir_candidate_t *candidate,
               const weir_file_t *file, weir_err_t *err)
{
	for (size_t i = 0; i < self->n_specs; i++) {
		if (&candidate->files[candidate->bands[i].asset] != file)
			continue;
		if (candidate->bands[i].band > file->probe.n_bands)
			return weir_err_invalid (err, "BandNotAvailable", candidate->item->id,
			                         "band '%s' is band %u of asset '%s', whose file has %zu",
			                         self->specs[i].name, candidate->bands[i].band,
			                         file->asset->key, file->probe.n_bands);
		bool is_by_key = self->specs[i].asset_key == NULL &&
		                 strcmp (self->specs[i].name, file->asset->key) == 0;
		if (is_by_key && file->asset->n_bands == 0 && file->probe.n_bands > 1)
			return weir_err_invalid (err, "BandNotAvailable", candidate->item->id,
			                         "band '%s' is an asset of %zu bands: name its bands",
			                         self->specs[i].name, file->probe.n_bands);
	}
	return WEIR_OK;
}

/* What a probed file says against what its item says. */
static int
s_check_probe (weir_source_work_t *self, const weir_candidate_t *candidate, const weir_file_t *file,
               int crs_id, weir_err_t *err)
{
	const weir_stac_proj_t *proj = &file->asset->proj;
	const weir_grid_t *grid = &file->probe.grid;
	if (proj->has_shape && (proj->width != grid->width || proj->height != grid->height))
		return weir_err_invalid (err, "RasterSizeMismatch", file->name,
		                         "the file is %lld × %lld, item '%s' says %lld × %lld",
		                         (long long) grid->width, (long long) grid->height,
		                         candidate->item->id, (long long) proj->width,
		                         (long long) proj->height);
	if (crs_id >= 0 && file->probe.crs != NULL &&
	    strcmp (self->plan->crs[crs_id], file->probe.crs) != 0 &&
	    !self->options->crs_equal (self->options->arg, self->plan->crs[crs_id], file->probe.crs))
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
		return s_bad_item (candidate, file,
		                   "its grid runs from east to west or has no height, which is not "
		                   "supported",
		                   err);
	if (grid->width < 1 || grid->height < 1 || grid->width > SIDE_MAX || grid->height > SIDE_MAX)
		return s_bad_item (candidate, file, "its size is not from 1 to 2147483647 pixels a side",
		                   err);
	return WEIR_OK;
}

static int
s_find_grid (weir_source_work_t *self, weir_candidate_t *candidate, weir_file_t *file,
             weir_grid_t *out, weir_err_t *err)
{
	const weir_stac_proj_t *proj = &file->asset->proj;
	weir_grid_t grid = { .crs_id = s_find_stac_crs (self, proj) };
	int rc = WEIR_OK;
	if (grid.crs_id < 0 || !proj->has_transform || !proj->has_shape)
		rc = weir_work_probe (self, file, err);
	if (rc != WEIR_OK)
		return rc;
	if (grid.crs_id < 0 && file->probe.crs != NULL) {
		grid.crs_id = weir_place_intern_crs (self, weir_strdup (file->probe.crs));
		if (s_count_candidates (proj) > 0)
			weir_plan_warn (self->plan,
			                "item '%s': PROJ knows none of its CRS: that of %s is taken",
			                candidate->item->id, file->name);
	}
	if (grid.crs_id < 0)
		return s_bad_item (candidate, file,
		                   "no CRS: neither the item nor the file gives one that PROJ knows", err);
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
	int rc = WEIR_OK;
	for (size_t i = 0; i < candidate->n_files && rc == WEIR_OK; i++)
		rc = s_find_grid (self, candidate, &candidate->files[i], &candidate->files[i].grid, err);
	return rc;
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
			rc = s_check_probe (self, candidate, file, file->grid.crs_id, err);
		if (rc != WEIR_OK)
			return rc;
	}
	return WEIR_OK;
}
