/* fixture.c - see fixture.h */
#include "tests/unit/plan/fixture.h"

#include "runtime/base/mem.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static weir_cell_t s_file_cells[4] = { { .type = WEIR_U8, .has_nodata = true, .nodata = 255 } };

static int
s_transform (void *arg, const char *src, const char *dst, size_t n, double *x, double *y,
             weir_err_t *err)
{
	(void) arg;
	(void) dst;
	(void) n;
	(void) x;
	(void) y;
	if (strncmp (src, "bad", 3) == 0)
		return weir_err_invalid (err, "CrsUnknown", NULL, "'%s' is no CRS", src);
	return 0;
}

static char *
s_resolve (void *arg, size_t n, const char *const *candidates)
{
	(void) arg;
	for (size_t i = 0; i < n; i++)
		if (strncmp (candidates[i], "bad", 3) != 0)
			return weir_strdup (candidates[i]);
	return NULL;
}

/* Texts that are equal but for what comes before a colon. */
static bool
s_equal (void *arg, const char *a, const char *b)
{
	(void) arg;
	const char *ca = strchr (a, ':'), *cb = strchr (b, ':');
	return strcmp (ca != NULL ? ca : a, cb != NULL ? cb : b) == 0;
}

static int
s_probe (void *arg, const char *name, weir_probe_t *probe_out, weir_err_t *err)
{
	fixture_t *self = arg;
	self->n_probes++;
	if (self->missing != NULL && strcmp (self->missing, name) == 0)
		return weir_err_set (err, WEIR_E_IO, WEIR_CLASS_GIVE_UP, "RasterUnreadable", name,
		                     "No such file or directory");
	*probe_out = self->probe;
	for (size_t i = 0; i < self->items->n_items && self->probe.grid.width == 0; i++) {
		const weir_stac_asset_t *asset = self->items->items[i].assets;
		if (strcmp (asset->href, name) != 0)
			continue;
		probe_out->grid.width = asset->proj.width;
		probe_out->grid.height = asset->proj.height;
		memcpy (probe_out->grid.transform, asset->proj.transform, sizeof asset->proj.transform);
	}
	probe_out->crs = weir_strdup (self->probe.crs);
	probe_out->bands = weir_alloc (self->probe.n_bands * sizeof *probe_out->bands);
	memcpy (probe_out->bands, self->probe.bands, self->probe.n_bands * sizeof *probe_out->bands);
	if (self->probe.descriptions == NULL)
		return 0;
	probe_out->descriptions = weir_alloc (self->probe.n_bands * sizeof (char *));
	for (size_t i = 0; i < self->probe.n_bands; i++)
		probe_out->descriptions[i] = weir_strdup (self->probe.descriptions[i]);
	return 0;
}

static int
s_name_of_href (void *arg, const char *href, char **name_out, weir_err_t *err)
{
	(void) arg;
	if (strncmp (href, "/vsi", 4) == 0)
		return weir_err_invalid (err, "AddressNotAllowed", href, "not allowed");
	*name_out = weir_strdup (href);
	return 0;
}

void
fixture_init (fixture_t *self)
{
	*self = (fixture_t){
		.probe = { .block_width = 256, .block_height = 256, .n_bands = 1, .bands = s_file_cells }
	};
	self->options = (weir_plan_options_t){ .memory_bytes = (uint64_t) 256 << 20,
		                                   .n_slots = 2,
		                                   .transform = s_transform,
		                                   .crs_resolve = s_resolve,
		                                   .crs_equal = s_equal,
		                                   .probe = s_probe,
		                                   .name_of_href = s_name_of_href,
		                                   .arg = self };
	self->items = weir_alloc (sizeof *self->items);
}

void
fixture_clear (fixture_t *self)
{
	weir_plan_destroy (&self->plan);
	free (self->wants);
	self->wants = NULL;
	weir_graph_destroy (&self->graph);
	weir_stac_items_destroy (&self->items);
}

static void
s_fill_asset (const fixture_item_t *row, weir_stac_asset_t *asset)
{
	asset->key = weir_strdup (row->key != NULL ? row->key : "v");
	asset->href = weir_asprintf ("/data/%s.tif", row->id);
	asset->n_roles = 1;
	asset->roles = weir_alloc (sizeof (char *));
	asset->roles[0] = weir_strdup ("data");
	asset->n_bands = 1;
	asset->bands = weir_alloc (sizeof *asset->bands);
	weir_stac_band_t *band = asset->bands;
	band->has_type = row->type != NULL && weir_type_parse (row->type, &band->type);
	band->has_nodata = row->nodata != NULL;
	if (row->nodata != NULL)
		band->nodata = strcmp (row->nodata, "nan") == 0 ? (double) NAN : strtod (row->nodata, NULL);
	asset->proj.crs_candidates[0] = weir_strdup (row->crs);
	asset->proj.has_shape = asset->proj.has_transform = row->width > 0;
	asset->proj.width = row->width;
	asset->proj.height = row->height;
	const double transform[6] = { row->x, row->step, 0, row->y, 0, -row->step };
	memcpy (asset->proj.transform, transform, sizeof transform);
}

void
fixture_add_items (fixture_t *self, size_t n, const fixture_item_t *rows)
{
	weir_stac_items_t *items = self->items;
	items->items = weir_realloc (items->items, (items->n_items + n) * sizeof *items->items);
	for (size_t i = 0; i < n; i++) {
		weir_stac_item_t *item = &items->items[items->n_items++];
		*item = (weir_stac_item_t){ .id = weir_strdup (rows[i].id),
			                        .has_geometry = !rows[i].has_no_geometry };
		assert_true (weir_label_parse (rows[i].time, &item->time_us));
		item->n_assets = 1;
		item->assets = weir_alloc (sizeof *item->assets);
		s_fill_asset (&rows[i], item->assets);
	}
}

int
fixture_plan (fixture_t *self, const char *graph)
{
	char *text = weir_strdup (graph);
	for (char *c = text; *c != '\0'; c++)
		*c = *c == '\'' ? '"' : *c;
	weir_plan_destroy (&self->plan);
	free (self->wants);
	self->wants = NULL;
	weir_graph_destroy (&self->graph);
	weir_err_clear (&self->err);
	int rc = weir_graph_parse (text, strlen (text), NULL, &self->graph, &self->err);
	free (text);
	if (rc == 0)
		rc = weir_plan_wants (self->graph, &self->n_wants, &self->wants, &self->err);
	if (rc != 0)
		return rc;
	const weir_stac_items_t *items[8] = { self->items, self->items, self->items, self->items,
		                                  self->items, self->items, self->items, self->items };
	assert_true (self->n_wants <= 8);
	return weir_plan_build (self->graph, self->n_wants, self->wants, items, &self->options,
	                        &self->plan, &self->err);
}

int
fixture_plan_max (fixture_t *self, const char *load_more, const char *save_more)
{
	char *graph = weir_asprintf (
		"{'load': {'process_id': 'load_stac', 'arguments': {'url': 'x'%s}},"
		"'max': {'process_id': 'reduce_dimension', 'arguments': {'data': {'from_node': 'load'}, "
		"'dimension': 't',"
		"'reducer': {'process_graph': {'m': {'process_id': 'max', 'arguments': {'data': "
		"{'from_parameter': 'data'}},"
		"'result': true}}}}},"
		"'save': {'process_id': 'save_result', 'arguments': {'data': {'from_node': 'max'}, %s}, "
		"'result': true}}",
		load_more, save_more);
	int rc = fixture_plan (self, graph);
	free (graph);
	return rc;
}

void
fixture_expect (const fixture_t *fixture, int rc, const char *code, const char *where,
                const char *word)
{
	if (rc == 0 || strcmp (fixture->err.code, code) != 0 ||
	    strcmp (fixture->err.where, where) != 0 || strstr (fixture->err.text, word) == NULL)
		fail_msg ("expected %s: %s: … %s …, got %d %s: %s: %s", code, where, word, rc,
		          fixture->err.code, fixture->err.where, fixture->err.text);
}

void
fixture_expect_ok (const fixture_t *fixture, int rc)
{
	if (rc != 0)
		fail_msg ("%s: %s: %s", fixture->err.code, fixture->err.where, fixture->err.text);
}
