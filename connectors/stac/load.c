/* load.c - all items behind one address, see stac.h
 *
 * Walks the documents depth first in the order of their links; each address is read once, so loops
 * end and an item that two catalogues name comes once. What is loaded is sorted at the end: the
 * order of links never shows. */
#include "connectors/stac/address.h"
#include "connectors/stac/document.h"
#include "connectors/stac/parts.h"
#include "connectors/stac/stac.h"
#include "runtime/base/mem.h"

#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 16
#define ITEMS_MAX 1000000
#define DOCUMENTS_MAX 1200000

typedef struct {
	const weir_plan_want_t *want;
	bool skip_bad_items;
	weir_err_t *err;
	weir_document_reader_t *reader;
	json_t *seen; /* addresses read or being read: an object as a set */
	weir_stac_items_t *out;
	size_t items_cap;
	bool has_dims;
	char **warnings;
	size_t n_warnings;
} s_load_t;

static int s_load_document (s_load_t *self, const char *address, bool is_item, int depth);

/* ---- what is wanted */

static bool
s_overlaps (double a_low, double a_high, double b_low, double b_high)
{
	return a_low <= b_high && b_low <= a_high;
}

/* Closed boxes; west > east goes over the date line. */
static bool
s_boxes_meet (weir_bbox_t a, weir_bbox_t b)
{
	if (!s_overlaps (a.south, a.north, b.south, b.north))
		return false;
	if (a.west > a.east)
		return s_boxes_meet ((weir_bbox_t){ a.west, a.south, 180, a.north }, b) ||
		       s_boxes_meet ((weir_bbox_t){ -180, a.south, a.east, a.north }, b);
	if (b.west > b.east)
		return s_boxes_meet (b, a);
	return s_overlaps (a.west, a.east, b.west, b.east);
}

static bool
s_is_lonlat (const char *crs)
{
	return crs == NULL || strcmp (crs, "EPSG:4326") == 0 || strcmp (crs, "OGC:CRS84") == 0;
}

/* An item without geometry is never filtered by place: the planner reports it. */
static bool
s_is_wanted (const weir_plan_want_t *want, const weir_stac_item_t *item)
{
	if (want->has_time && (item->time_us < want->time_from_us || item->time_us >= want->time_to_us))
		return false;
	if (!want->has_bbox || !s_is_lonlat (want->bbox_crs) || !item->has_geometry)
		return true;
	return s_boxes_meet (want->bbox, item->bbox);
}

/* ---- items */

/* A bad item: fails, or becomes a warning where the user said so. What may pass by itself is no bad
 * item. */
static int
s_judge_item (s_load_t *self, int status)
{
	bool is_bad = status == WEIR_E_INVALID || status == WEIR_E_NOT_FOUND || status == WEIR_E_IO;
	if (!self->skip_bad_items || !is_bad || self->err->klass != WEIR_CLASS_GIVE_UP)
		return status;
	char text[3 * WEIR_ERR_TEXT_MAX];
	weir_err_format (self->err, text, sizeof text);
	weir_err_clear (self->err);
	/* one slot more than needed at powers of two only, so that a million warnings stay linear */
	if ((self->n_warnings & (self->n_warnings + 1)) == 0)
		self->warnings = weir_realloc (self->warnings,
		                               (2 * self->n_warnings + 1) * sizeof *self->warnings);
	self->warnings[self->n_warnings++] = weir_strdup (text);
	return 0;
}

static int
s_add_item (s_load_t *self, const json_t *json, const char *href)
{
	weir_stac_item_t item;
	int status = weir_stac_parse_head (json, href, &item, self->err);
	if (status != 0)
		return s_judge_item (self, status);
	if (!s_is_wanted (self->want, &item)) {
		weir_stac_item_clear (&item);
		return 0;
	}
	status = weir_stac_parse_assets (json, &item, self->err);
	if (status != 0)
		return s_judge_item (self, status);
	weir_stac_items_t *out = self->out;
	if (out->n_items == ITEMS_MAX) {
		weir_stac_item_clear (&item);
		return weir_err_set (self->err, WEIR_E_UNSUPPORTED, WEIR_CLASS_GIVE_UP, "StacUnreadable",
		                     self->want->url, "more than 1000000 items");
	}
	if (out->n_items == self->items_cap) {
		self->items_cap = self->items_cap > 0 ? 2 * self->items_cap : 64;
		out->items = weir_realloc (out->items, self->items_cap * sizeof *out->items);
	}
	out->items[out->n_items++] = item;
	return 0;
}

/* An item inside a collection file lives where its `self` link says, else where the file is. */
static char *
s_find_self (const json_t *item, const char *base)
{
	const json_t *links = json_object_get (item, "links");
	for (size_t i = 0; i < json_array_size (links); i++) {
		const json_t *link = json_array_get (links, i);
		const char *rel = json_string_value (json_object_get (link, "rel"));
		const char *href = json_string_value (json_object_get (link, "href"));
		if (rel != NULL && href != NULL && strcmp (rel, "self") == 0 &&
		    weir_address_has_scheme (href))
			return weir_address_absolute (href);
	}
	return weir_strdup (base);
}

static int
s_add_features (s_load_t *self, const json_t *json, const char *base)
{
	const json_t *features = json_object_get (json, "features");
	if (!json_is_array (features))
		return weir_err_invalid (self->err, "StacUnreadable", base,
		                         "features: expected a list, found %s", weir_json_word (features));
	for (size_t i = 0; i < json_array_size (features); i++) {
		const json_t *feature = json_array_get (features, i);
		char *href = s_find_self (feature, base);
		int status = s_add_item (self, feature, href);
		free (href);
		if (status != 0)
			return status;
	}
	return 0;
}

/* ---- links */

typedef int s_link_fn (s_load_t *self, const char *rel, const char *href, const char *base,
                       int depth);

static int
s_each_link (s_load_t *self, const json_t *json, const char *base, int depth, s_link_fn *fn)
{
	const json_t *links = json_object_get (json, "links");
	if (links == NULL || json_is_null (links))
		return 0;
	if (!json_is_array (links))
		return weir_err_invalid (self->err, "StacUnreadable", base,
		                         "links: expected a list, found %s", weir_json_word (links));
	for (size_t i = 0; i < json_array_size (links); i++) {
		const json_t *link = json_array_get (links, i);
		const char *rel = json_string_value (json_object_get (link, "rel"));
		const char *href = json_string_value (json_object_get (link, "href"));
		if (rel == NULL || href == NULL)
			return weir_err_invalid (self->err, "StacUnreadable", base,
			                         "links[%zu]: expected an object with texts rel and href", i);
		int status = fn (self, rel, href, base, depth);
		if (status != 0)
			return status;
	}
	return 0;
}

/* Half an answer must not pass for the whole. */
static int
s_refuse_next (s_load_t *self, const char *rel, const char *href, const char *base, int depth)
{
	(void) depth;
	if (strcmp (rel, "next") != 0)
		return 0;
	char *next = weir_address_resolve (base, href);
	int status = weir_err_set (
		self->err, WEIR_E_UNSUPPORTED, WEIR_CLASS_GIVE_UP, "StacUnreadable", base,
		"gives its items in pages (next: %s), which is not supported yet: use a static "
		"catalogue or a complete item collection",
		next);
	free (next);
	return status;
}

static int
s_follow (s_load_t *self, const char *rel, const char *href, const char *base, int depth)
{
	bool is_item = strcmp (rel, "item") == 0;
	if (!is_item && strcmp (rel, "items") != 0 && strcmp (rel, "child") != 0)
		return 0;
	char *address = weir_address_resolve (base, href);
	int status = 0;
	if (weir_address_is_http (base) && !weir_address_is_http (address))
		status = weir_err_invalid (self->err, "StacUnreadable", base,
		                           "the link '%s' leads out of the network: %s", rel, address);
	else
		status = s_load_document (self, address, is_item, depth + 1);
	free (address);
	return status;
}

/* ---- dimensions */

static void
s_take_dim (char **name, const char *key)
{
	if (*name == NULL)
		*name = weir_strdup (key);
}

/* cube:dimensions -> names; the first of its kind counts. Descriptions that are no objects say
 * nothing. */
static void
s_take_dims (s_load_t *self, const json_t *holder)
{
	json_t *dims = json_object_get (holder, "cube:dimensions");
	if (self->has_dims || !json_is_object (dims))
		return;
	self->has_dims = true;
	const char *key;
	json_t *dim;
	json_object_foreach (dims, key, dim)
	{
		const char *type = json_string_value (json_object_get (dim, "type"));
		const char *axis = json_string_value (json_object_get (dim, "axis"));
		if (type == NULL)
			continue;
		if (strcmp (type, "temporal") == 0)
			s_take_dim (&self->out->dim_t, key);
		else if (strcmp (type, "bands") == 0)
			s_take_dim (&self->out->dim_bands, key);
		else if (strcmp (type, "spatial") == 0 && axis != NULL && strcmp (axis, "x") == 0)
			s_take_dim (&self->out->dim_x, key);
		else if (strcmp (type, "spatial") == 0 && axis != NULL && strcmp (axis, "y") == 0)
			s_take_dim (&self->out->dim_y, key);
	}
}

static void
s_finish_dims (s_load_t *self)
{
	weir_stac_items_t *out = self->out;
	if (out->n_items > 0)
		s_take_dims (self, out->items[0].properties);
	s_take_dim (&out->dim_x, "x");
	s_take_dim (&out->dim_y, "y");
	s_take_dim (&out->dim_t, "t");
	s_take_dim (&out->dim_bands, "bands");
}

/* ---- documents */

/* Before 1.0.0 catalogues had no type: they are told by their links. */
static const char *
s_type_of (const json_t *json)
{
	const char *type = json_string_value (json_object_get (json, "type"));
	if (type == NULL && json_object_get (json, "stac_version") != NULL &&
	    json_is_array (json_object_get (json, "links")))
		type = "Catalog";
	return type != NULL ? type : "";
}

static int
s_use_document (s_load_t *self, const json_t *json, const char *base, int depth)
{
	const char *type = s_type_of (json);
	if (strcmp (type, "Feature") == 0)
		return s_add_item (self, json, base);
	if (strcmp (type, "FeatureCollection") == 0) {
		int status = s_each_link (self, json, base, depth, s_refuse_next);
		return status != 0 ? status : s_add_features (self, json, base);
	}
	if (strcmp (type, "Collection") != 0 && strcmp (type, "Catalog") != 0)
		return weir_err_invalid (
			self->err, "StacUnreadable", base,
			"not STAC: expected type Feature, FeatureCollection, Collection or Catalog, "
			"found '%.100s'",
			type);
	s_take_dims (self, json);
	return s_each_link (self, json, base, depth, s_follow);
}

static int
s_load_document (s_load_t *self, const char *address, bool is_item, int depth)
{
	if (json_object_get (self->seen, address) != NULL)
		return 0;
	if (depth > DEPTH_MAX)
		return weir_err_invalid (self->err, "StacUnreadable", address,
		                         "catalogues nested more than %d deep", DEPTH_MAX);
	if (json_object_size (self->seen) == DOCUMENTS_MAX)
		return weir_err_set (self->err, WEIR_E_UNSUPPORTED, WEIR_CLASS_GIVE_UP, "StacUnreadable",
		                     self->want->url, "more than %d documents", DOCUMENTS_MAX);
	json_object_set_new_nocheck (self->seen, address, json_true ());
	json_t *json;
	char *base;
	int status = weir_document_read (self->reader, address, &json, &base, self->err);
	if (status != 0)
		return is_item ? s_judge_item (self, status) : status;
	status = s_use_document (self, json, base, depth);
	json_decref (json);
	free (base);
	return status != 0 && is_item ? s_judge_item (self, status) : status;
}

/* ---- order */

static int
s_compare_text (const char *a, const char *b)
{
	return strcmp (a != NULL ? a : "", b != NULL ? b : "");
}

static int
s_compare_items (const void *a_p, const void *b_p)
{
	const weir_stac_item_t *a = a_p, *b = b_p;
	int order = s_compare_text (a->id, b->id);
	if (order == 0)
		order = s_compare_text (a->collection, b->collection);
	return order != 0 ? order : s_compare_text (a->href, b->href);
}

/* The same item may come from two documents: once by its own address, once inside an item
 * collection. */
static bool
s_is_same_item (const weir_stac_item_t *a, const weir_stac_item_t *b)
{
	if (strcmp (a->id, b->id) != 0 || s_compare_text (a->collection, b->collection) != 0)
		return false;
	if (a->time_us != b->time_us || a->n_assets != b->n_assets)
		return false;
	for (size_t i = 0; i < a->n_assets; i++)
		if (strcmp (a->assets[i].href, b->assets[i].href) != 0)
			return false;
	return true;
}

static void
s_sort_items (weir_stac_items_t *items)
{
	if (items->n_items < 2)
		return;
	qsort (items->items, items->n_items, sizeof *items->items, s_compare_items);
	size_t n_kept = 1;
	for (size_t i = 1; i < items->n_items; i++) {
		if (s_is_same_item (&items->items[n_kept - 1], &items->items[i]))
			weir_stac_item_clear (&items->items[i]);
		else
			items->items[n_kept++] = items->items[i];
	}
	items->n_items = n_kept;
}

static void
s_drop_warnings (s_load_t *self)
{
	for (size_t i = 0; i < self->n_warnings; i++)
		free (self->warnings[i]);
	free (self->warnings);
	self->warnings = NULL;
	self->n_warnings = 0;
}

int
weir_stac_load (const weir_plan_want_t *want, bool skip_bad_items, bool (*is_cancelled) (void *arg),
                void *arg, weir_stac_items_t **items_out, char ***warnings_out,
                size_t *n_warnings_out, weir_err_t *err)
{
	weir_err_t local; /* judging an item reads the error, wanted by the caller or not */
	s_load_t self = { .want = want,
		              .skip_bad_items = skip_bad_items,
		              .err = err != NULL ? err : &local };
	self.reader = weir_document_reader_new (is_cancelled, arg);
	self.seen = json_object ();
	self.out = weir_alloc (sizeof *self.out);
	char *address = weir_address_absolute (want->url);
	int status = s_load_document (&self, address, false, 0);
	free (address);
	json_decref (self.seen);
	weir_document_reader_destroy (&self.reader);
	if (status == 0) {
		s_sort_items (self.out);
		s_finish_dims (&self);
	} else {
		weir_stac_items_destroy (&self.out);
		s_drop_warnings (&self);
	}
	*items_out = self.out;
	*warnings_out = self.warnings;
	*n_warnings_out = self.n_warnings;
	return status;
}
