/* collect.c - the items that a load keeps: filtered, judged, sorted; see loading.h */
#include "connectors/stac/address.h"
#include "connectors/stac/loading.h"
#include "connectors/stac/parts.h"
#include "runtime/base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

bool
weir_stac_is_lonlat (const char *crs)
{
	return crs == NULL || strcmp (crs, "EPSG:4326") == 0 || strcmp (crs, "OGC:CRS84") == 0;
}

/* An item without geometry is never filtered by place: the planner reports it. */
static bool
s_is_wanted (const weir_plan_want_t *want, const weir_stac_item_t *item)
{
	if (want->has_time && (item->time_us < want->time_from_us || item->time_us >= want->time_to_us))
		return false;
	if (!want->has_bbox || !weir_stac_is_lonlat (want->bbox_crs) || !item->has_geometry)
		return true;
	return s_boxes_meet (want->bbox, item->bbox);
}

/* ---- items */

static void
s_take_warning (weir_stac_loading_t *self, char *text)
{
	/* one slot more than needed at powers of two only, so that a million warnings stay linear */
	if ((self->n_warnings & (self->n_warnings + 1)) == 0)
		self->warnings = weir_realloc (self->warnings,
		                               (2 * self->n_warnings + 1) * sizeof *self->warnings);
	self->warnings[self->n_warnings++] = text;
}

void
weir_stac_warn (weir_stac_loading_t *self, const char *format, ...)
{
	char text[2 * WEIR_ERR_TEXT_MAX];
	va_list args;
	va_start (args, format);
	vsnprintf (text, sizeof text, format, args);
	va_end (args);
	for (char *p = text; *p != '\0'; p++) /* what servers say must not move a terminal's cursor */
		if ((unsigned char) *p < ' ' || *p == 0x7f)
			*p = ' ';
	s_take_warning (self, weir_strdup (text));
}

int
weir_stac_judge_item (weir_stac_loading_t *self, int status)
{
	bool is_bad = status == WEIR_E_INVALID || status == WEIR_E_NOT_FOUND || status == WEIR_E_IO;
	if (!self->skip_bad_items || !is_bad || self->err->klass != WEIR_CLASS_GIVE_UP)
		return status;
	char text[3 * WEIR_ERR_TEXT_MAX];
	weir_err_format (self->err, text, sizeof text);
	weir_err_clear (self->err);
	s_take_warning (self, weir_strdup (text));
	return 0;
}

static int
s_keep_item (weir_stac_loading_t *self, weir_stac_item_t *item)
{
	weir_stac_items_t *out = self->out;
	if (out->n_items == self->limits->items_max) {
		weir_stac_item_clear (item);
		return weir_err_set (self->err, WEIR_E_UNSUPPORTED, WEIR_CLASS_GIVE_UP, "StacUnreadable",
		                     self->want->url, "more than %zu items", self->limits->items_max);
	}
	if (out->n_items == self->items_cap) {
		self->items_cap = self->items_cap > 0 ? 2 * self->items_cap : 64;
		out->items = weir_realloc (out->items, self->items_cap * sizeof *out->items);
	}
	out->items[out->n_items++] = *item;
	return 0;
}

int
weir_stac_add_item (weir_stac_loading_t *self, const json_t *json, const char *href)
{
	weir_stac_item_t item;
	bool meets = false;
	int status = weir_stac_parse_head (json, href, &item, self->err);
	if (status != 0)
		return weir_stac_judge_item (self, status);
	if (s_is_wanted (self->want, &item))
		status = weir_stac_meets (self->want, &item, &meets, self->err);
	if (status != 0 || !meets) {
		weir_stac_item_clear (&item);
		return status != 0 ? weir_stac_judge_item (self, status) : 0;
	}
	status = weir_stac_parse_assets (json, &item, self->err);
	return status != 0 ? weir_stac_judge_item (self, status) : s_keep_item (self, &item);
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

int
weir_stac_add_feature (weir_stac_loading_t *self, const json_t *feature, const char *base)
{
	char *href = s_find_self (feature, base);
	int status = weir_stac_add_item (self, feature, href);
	free (href);
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
void
weir_stac_take_dims (weir_stac_loading_t *self, const json_t *holder)
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
s_finish_dims (weir_stac_loading_t *self)
{
	weir_stac_items_t *out = self->out;
	if (out->n_items > 0)
		weir_stac_take_dims (self, out->items[0].properties);
	s_take_dim (&out->dim_x, "x");
	s_take_dim (&out->dim_y, "y");
	s_take_dim (&out->dim_t, "t");
	s_take_dim (&out->dim_bands, "bands");
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

void
weir_stac_finish_items (weir_stac_loading_t *self)
{
	s_sort_items (self->out);
	s_finish_dims (self);
}

void
weir_stac_drop_warnings (weir_stac_loading_t *self)
{
	for (size_t i = 0; i < self->n_warnings; i++)
		free (self->warnings[i]);
	free (self->warnings);
	self->warnings = NULL;
	self->n_warnings = 0;
}
