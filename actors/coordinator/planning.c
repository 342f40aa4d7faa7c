/* planning.c - see planning.h */
#include "actors/coordinator/planning.h"

#include "connectors/raster/raster.h"
#include "connectors/stac/stac.h"
#include "runtime/base/mem.h"

#include <stdlib.h>

#define BOX_MARGIN 0.01 /* of a side, and in degrees */

typedef struct {
	bool (*is_cancelled) (void *arg);
	void *arg;
	size_t n_wants;
	weir_plan_want_t *wants;
	weir_stac_items_t **items; /* n_wants */
	size_t n_warnings;
	char **warnings;
	weir_raster_context_t raster;
} weir_planning_t;

static int
s_check_cancelled (void *arg, weir_err_t *err)
{
	const weir_planning_t *self = arg;
	if (self->is_cancelled == NULL || !self->is_cancelled (self->arg))
		return WEIR_OK;
	return weir_err_set (err, WEIR_E_CANCELLED, WEIR_CLASS_GIVE_UP, "Cancelled", NULL,
	                     "cancelled while planning");
}

/* The planner's callbacks: the raster connector's, with a look at the user's wish between files. */
static int
s_transform (void *arg, const char *src_crs, const char *dst_crs, size_t n, double *x, double *y,
             weir_err_t *err)
{
	(void) arg;
	return weir_raster_transform (NULL, src_crs, dst_crs, n, x, y, err);
}

static char *
s_resolve_crs (void *arg, size_t n, const char *const *candidates)
{
	(void) arg;
	return weir_raster_crs_resolve (NULL, n, candidates);
}

static bool
s_equal_crs (void *arg, const char *a, const char *b)
{
	(void) arg;
	return weir_raster_crs_equal (NULL, a, b);
}

static int
s_probe (void *arg, const char *name, weir_probe_t *probe_out, weir_err_t *err)
{
	int rc = s_check_cancelled (arg, err);
	weir_planning_t *self = arg;
	return rc == WEIR_OK ? weir_raster_probe (&self->raster, name, probe_out, err) : rc;
}

static int
s_name_of_href (void *arg, const char *href, char **name_out, weir_err_t *err)
{
	weir_planning_t *self = arg;
	return weir_raster_name_of_href (&self->raster, href, name_out, err);
}

/* Takes n texts. */
static void
s_append_warnings (size_t *n_all, char ***all, size_t n, char **texts)
{
	if (n > 0)
		*all = weir_realloc (*all, (*n_all + n) * sizeof **all);
	for (size_t i = 0; i < n; i++)
		(*all)[(*n_all)++] = texts[i];
	free (texts);
}

/* The wanted box in degrees, which is what items and APIs speak: a little larger than the true one,
 * since what comes is looked at again. Where it has none the box stays as it is. */
static weir_plan_want_t
s_search_want (weir_planning_t *self, const weir_plan_want_t *want)
{
	weir_plan_want_t search = *want;
	weir_bbox_t box;
	if (!want->has_bbox || weir_stac_is_lonlat (want->bbox_crs) ||
	    weir_bbox_transform (want->bbox, want->bbox_crs, "EPSG:4326", s_transform, self, &box,
	                         NULL) != WEIR_OK)
		return search;
	double margin_x = BOX_MARGIN * (1 + box.east - box.west);
	double margin_y = BOX_MARGIN * (1 + box.north - box.south);
	box = (weir_bbox_t){ box.west - margin_x, box.south - margin_y, box.east + margin_x,
		                 box.north + margin_y };
	if (box.east - box.west > 180) { /* over the date line, or around a pole */
		box.west = -180;
		box.east = 180;
		box.south = box.south < 0 ? -90 : box.south;
		box.north = box.north > 0 ? 90 : box.north;
	}
	search.bbox = box;
	search.bbox_crs = "EPSG:4326";
	search.geometry = NULL;
	return search;
}

static int
s_load_items (weir_planning_t *self, bool skip_bad_items, weir_err_t *err)
{
	self->items = weir_alloc (self->n_wants * sizeof (weir_stac_items_t *));
	for (size_t i = 0; i < self->n_wants; i++) {
		size_t n = 0;
		char **texts = NULL;
		weir_plan_want_t search = s_search_want (self, &self->wants[i]);
		int rc = s_check_cancelled (self, err);
		if (rc == WEIR_OK)
			rc = weir_stac_load (&search, skip_bad_items, self->is_cancelled, self->arg,
			                     &self->items[i], &texts, &n, err);
		if (rc != WEIR_OK)
			return rc;
		s_append_warnings (&self->n_warnings, &self->warnings, n, texts);
	}
	return WEIR_OK;
}

static int
s_build (weir_planning_t *self, const weir_graph_t *graph, const weir_plan_options_t *base,
         weir_plan_t **plan_out, weir_err_t *err)
{
	weir_plan_options_t options = *base;
	options.transform = s_transform;
	options.crs_resolve = s_resolve_crs;
	options.crs_equal = s_equal_crs;
	options.probe = s_probe;
	options.name_of_href = s_name_of_href;
	options.arg = self;
	int rc = weir_plan_build (graph, self->n_wants, self->wants,
	                          (const weir_stac_items_t *const *) self->items, &options, plan_out,
	                          err);
	if (rc != WEIR_OK)
		return rc;
	weir_plan_t *plan = *plan_out;
	char **texts = self->warnings;
	self->warnings = NULL;
	s_append_warnings (&plan->n_warnings, &plan->warnings, self->n_warnings, texts);
	self->n_warnings = 0;
	return WEIR_OK;
}

static void
s_clear (weir_planning_t *self)
{
	for (size_t i = 0; self->items != NULL && i < self->n_wants; i++)
		weir_stac_items_destroy (&self->items[i]);
	free (self->items);
	free (self->wants);
	for (size_t i = 0; i < self->n_warnings; i++)
		free (self->warnings[i]);
	free (self->warnings);
}

/* One catalogue from the open network, and nothing in the job leads to a private host. */
static void
s_choose_reach (weir_planning_t *self)
{
	self->raster.is_cancelled = self->is_cancelled;
	self->raster.arg = self->arg;
	self->raster.reach = WEIR_REACH_ANY;
	for (size_t i = 0; i < self->n_wants; i++)
		if (weir_raster_reach_of (self->wants[i].url) == WEIR_REACH_PUBLIC)
			self->raster.reach = WEIR_REACH_PUBLIC;
}

int
weir_planning_run (const weir_graph_t *graph, const weir_plan_options_t *base,
                   bool (*is_cancelled) (void *arg), void *arg, weir_plan_t **plan_out,
                   weir_err_t *err)
{
	weir_planning_t self = { .is_cancelled = is_cancelled, .arg = arg };
	int rc = weir_plan_wants (graph, &self.n_wants, &self.wants, err);
	if (rc == WEIR_OK)
		rc = s_load_items (&self, base->skip_bad_items, err);
	s_choose_reach (&self);
	if (rc == WEIR_OK)
		rc = s_check_cancelled (&self, err);
	if (rc == WEIR_OK)
		rc = s_build (&self, graph, base, plan_out, err);
	s_clear (&self);
	return rc;
}
