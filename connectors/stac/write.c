/* write.c - see write.h */
#include "connectors/stac/write.h"

#include "cube/plan/plan.h"
#include "runtime/base/mem.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

#define STAC_VERSION "1.1.0"
#define PROJECTION "https://stac-extensions.github.io/projection/v2.0.0/schema.json"
#define DEGREE_DIGITS 1e9 /* a tenth of a millimetre */
#define DUMP_FLAGS (JSON_INDENT (2) | JSON_REAL_PRECISION (17))

/* ---- small pieces */

/* "20220901T051233.5Z" with the signs of RFC 3339. */
static json_t *
s_instant (int64_t time_us)
{
	char label[64], text[80];
	weir_label_format (time_us, label, sizeof label);
	const char *t = strchr (label, 'T');
	int n_year = (int) (t - label) - 4;
	snprintf (text, sizeof text, "%.*s-%.2s-%.2sT%.2s:%.2s:%s", n_year, label, label + n_year,
	          label + n_year + 2, t + 1, t + 3, t + 5);
	return json_string (text);
}

static json_t *
s_degrees (double value)
{
	return json_real (rint (value * DEGREE_DIGITS) / DEGREE_DIGITS);
}

static json_t *
s_bbox (weir_bbox_t box)
{
	return json_pack ("[o,o,o,o]", s_degrees (box.west), s_degrees (box.south),
	                  s_degrees (box.east), s_degrees (box.north));
}

static void
s_add_link (json_t *links, const char *rel, const char *file, const char *type)
{
	char *href = weir_asprintf ("./%s", file);
	json_array_append_new (links,
	                       json_pack ("{s:s, s:s, s:s}", "rel", rel, "href", href, "type", type));
	free (href);
}

/* "result_….tif" -> "result_…" */
static char *
s_id_of (const weir_stac_made_item_t *item)
{
	const char *dot = strrchr (item->file, '.');
	size_t n = dot != NULL ? (size_t) (dot - item->file) : strlen (item->file);
	return weir_asprintf ("%.*s", (int) n, item->file);
}

char *
weir_stac_made_name (const weir_stac_made_item_t *item)
{
	char *id = s_id_of (item);
	char *name = weir_asprintf ("%s.json", id);
	free (id);
	return name;
}

/* ---- geometry */

static json_t *
s_ring (size_t n, const double *x, const double *y)
{
	json_t *ring = json_array ();
	for (size_t i = 0; i <= n; i++) /* closed: the first once more */
		json_array_append_new (ring,
		                       json_pack ("[o,o]", s_degrees (x[i % n]), s_degrees (y[i % n])));
	return ring;
}

static json_t *
s_box_ring (double west, double south, double east, double north)
{
	double x[4] = { west, west, east, east }, y[4] = { north, south, south, north };
	return s_ring (4, x, y);
}

static json_t *
s_geometry (const weir_footprint_t *footprint)
{
	const weir_bbox_t *box = &footprint->bbox;
	if (box->west > box->east) /* cut at the date line */
		return json_pack ("{s:s, s:[[o],[o]]}", "type", "MultiPolygon", "coordinates",
		                  s_box_ring (box->west, box->south, 180, box->north),
		                  s_box_ring (-180, box->south, box->east, box->north));
	json_t *ring = footprint->n_points > 0
	                   ? s_ring (footprint->n_points, footprint->x, footprint->y)
	                   : s_box_ring (box->west, box->south, box->east, box->north);
	return json_pack ("{s:s, s:[o]}", "type", "Polygon", "coordinates", ring);
}

/* ---- an item */

static json_t *
s_band (const weir_stac_made_band_t *band)
{
	json_t *object = json_object ();
	if (band->name != NULL)
		json_object_set_new (object, "name", json_string (band->name));
	json_object_set_new (object, "data_type", json_string (weir_type_name (band->type)));
	if (!band->has_nodata)
		return object;
	json_t *nodata = isnan (band->nodata)   ? json_string ("nan")
	                 : isinf (band->nodata) ? json_string (band->nodata > 0 ? "inf" : "-inf")
	                 : rint (band->nodata) == band->nodata && fabs (band->nodata) < 1e15
	                     ? json_integer ((json_int_t) band->nodata)
	                     : json_real (band->nodata);
	json_object_set_new (object, "nodata", nodata);
	return object;
}

static json_t *
s_asset (const weir_stac_made_item_t *item)
{
	json_t *bands = json_array ();
	for (size_t i = 0; i < item->n_bands; i++)
		json_array_append_new (bands, s_band (&item->bands[i]));
	char *href = weir_asprintf ("./%s", item->file);
	json_t *asset = json_pack ("{s:s, s:s, s:[s], s:o}", "href", href, "type", item->media_type,
	                           "roles", item->role, "bands", bands);
	free (href);
	return asset;
}

static void
s_add_projection (const weir_stac_made_t *self, json_t *properties)
{
	const double *t = self->grid.transform;
	json_object_set_new (properties, "proj:code",
	                     self->crs_code != NULL ? json_string (self->crs_code) : json_null ());
	if (self->crs_code == NULL && self->crs_wkt != NULL)
		json_object_set_new (properties, "proj:wkt2", json_string (self->crs_wkt));
	json_object_set_new (
		properties, "proj:shape",
		json_pack ("[I,I]", (json_int_t) self->grid.height, (json_int_t) self->grid.width));
	json_object_set_new (properties, "proj:transform",
	                     json_pack ("[f,f,f,f,f,f]", t[1], t[2], t[0], t[4], t[5], t[3]));
}

static json_t *
s_properties (const weir_stac_made_t *self, const weir_stac_made_item_t *item)
{
	json_t *properties = json_object ();
	json_object_set_new (properties, "datetime",
	                     item->is_instant ? s_instant (item->first_us) : json_null ());
	if (!item->is_instant) {
		json_object_set_new (properties, "start_datetime", s_instant (item->first_us));
		json_object_set_new (properties, "end_datetime", s_instant (item->last_us));
	}
	s_add_projection (self, properties);
	return properties;
}

static char *
s_dump (json_t *object)
{
	char *text = json_dumps (object, DUMP_FLAGS);
	json_decref (object);
	weir_assert (text != NULL); /* all texts in it were JSON before */
	char *line = weir_asprintf ("%s\n", text);
	free (text);
	return line;
}

char *
weir_stac_made_item (const weir_stac_made_t *self, size_t i)
{
	const weir_stac_made_item_t *item = &self->items[i];
	json_t *object = json_object (), *links = json_array ();
	char *id = s_id_of (item);
	json_object_set_new (object, "type", json_string ("Feature"));
	json_object_set_new (object, "stac_version", json_string (STAC_VERSION));
	json_object_set_new (object, "stac_extensions", json_pack ("[s]", PROJECTION));
	json_object_set_new (object, "id", json_string (id));
	json_object_set_new (object, "collection", json_string (self->id));
	json_object_set_new (object, "geometry",
	                     self->footprint != NULL ? s_geometry (self->footprint) : json_null ());
	if (self->footprint != NULL)
		json_object_set_new (object, "bbox", s_bbox (self->footprint->bbox));
	json_object_set_new (object, "properties", s_properties (self, item));
	json_object_set_new (object, "assets", json_pack ("{s:o}", "result", s_asset (item)));
	s_add_link (links, "root", WEIR_STAC_COLLECTION_FILE, "application/json");
	s_add_link (links, "parent", WEIR_STAC_COLLECTION_FILE, "application/json");
	s_add_link (links, "collection", WEIR_STAC_COLLECTION_FILE, "application/json");
	json_object_set_new (object, "links", links);
	free (id);
	return s_dump (object);
}

/* ---- the collection */

static json_t *
s_extent (const weir_stac_made_t *self)
{
	weir_bbox_t box = self->footprint != NULL ? self->footprint->bbox
	                                          : (weir_bbox_t){ -180, -90, 180, 90 };
	int64_t first = INT64_MAX, last = INT64_MIN;
	for (size_t i = 0; i < self->n_items; i++) {
		const weir_stac_made_item_t *item = &self->items[i];
		int64_t end = item->is_instant ? item->first_us : item->last_us;
		first = item->first_us < first ? item->first_us : first;
		last = end > last ? end : last;
	}
	json_t *interval = self->n_items > 0 ? json_pack ("[o,o]", s_instant (first), s_instant (last))
	                                     : json_pack ("[n,n]");
	return json_pack ("{s:{s:[o]}, s:{s:[o]}}", "spatial", "bbox", s_bbox (box), "temporal",
	                  "interval", interval);
}

char *
weir_stac_made_collection (const weir_stac_made_t *self)
{
	json_t *object = json_object (), *links = json_array ();
	json_object_set_new (object, "type", json_string ("Collection"));
	json_object_set_new (object, "stac_version", json_string (STAC_VERSION));
	json_object_set_new (object, "id", json_string (self->id));
	json_object_set_new (object, "description", json_string (self->description));
	json_object_set_new (object, "license", json_string ("other"));
	json_object_set_new (object, "extent", s_extent (self));
	s_add_link (links, "root", WEIR_STAC_COLLECTION_FILE, "application/json");
	for (size_t i = 0; i < self->n_items; i++) {
		char *name = weir_stac_made_name (&self->items[i]);
		s_add_link (links, "item", name, "application/geo+json");
		free (name);
	}
	json_object_set_new (object, "links", links);
	return s_dump (object);
}
