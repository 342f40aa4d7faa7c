/* item.c - one STAC item from its JSON, see parts.h and stac.h */
#include "connectors/stac/address.h"
#include "connectors/stac/instant.h"
#include "connectors/stac/parts.h"
#include "connectors/stac/stac.h"
#include "runtime/base/mem.h"

#include <math.h>
#include <stdlib.h>

#define GEOMETRY_DEPTH_MAX 8 /* a MultiPolygon has 4 levels of lists; collections may nest */

static void
s_grow_box (weir_bbox_t *box, double x, double y)
{
	box->west = fmin (box->west, x);
	box->south = fmin (box->south, y);
	box->east = fmax (box->east, x);
	box->north = fmax (box->north, y);
}

/* Lists of lists of positions, as deep as they come. */
static int
s_walk_coordinates (const weir_stac_at_t *at, const json_t *list, int depth, weir_bbox_t *box)
{
	if (!json_is_array (list) || depth > GEOMETRY_DEPTH_MAX)
		return weir_stac_expected (at, "geometry.coordinates", "lists of positions", list);
	if (json_is_number (json_array_get (list, 0))) {
		const json_t *y = json_array_get (list, 1);
		if (!json_is_number (y))
			return weir_stac_expected (at, "geometry.coordinates", "longitude and latitude", y);
		s_grow_box (box, json_number_value (json_array_get (list, 0)), json_number_value (y));
		return 0;
	}
	for (size_t i = 0; i < json_array_size (list); i++) {
		int status = s_walk_coordinates (at, json_array_get (list, i), depth + 1, box);
		if (status != 0)
			return status;
	}
	return 0;
}

static int
s_walk_geometry (const weir_stac_at_t *at, const json_t *geometry, int depth, weir_bbox_t *box)
{
	const json_t *type = json_object_get (geometry, "type");
	if (!json_is_object (geometry) || depth > GEOMETRY_DEPTH_MAX)
		return weir_stac_expected (at, "geometry", "a GeoJSON geometry", geometry);
	if (!json_is_string (type))
		return weir_stac_expected (at, "geometry.type", "a text", type);
	const json_t *parts = json_object_get (geometry, "geometries");
	if (parts == NULL)
		return s_walk_coordinates (at, json_object_get (geometry, "coordinates"), 0, box);
	for (size_t i = 0; i < json_array_size (parts); i++) {
		int status = s_walk_geometry (at, json_array_get (parts, i), depth + 1, box);
		if (status != 0)
			return status;
	}
	return 0;
}

/* 4 numbers, or 6 with heights; west > east is a box over the date line and stays as it is. */
static int
s_parse_bbox (const weir_stac_at_t *at, const json_t *list, weir_bbox_t *box_out)
{
	size_t n = json_array_size (list);
	if (n != 4 && n != 6)
		return weir_stac_invalid (at, "bbox", "expected 4 or 6 numbers, found %zu", n);
	double numbers[6];
	for (size_t i = 0; i < n; i++) {
		const json_t *number = json_array_get (list, i);
		if (!json_is_number (number))
			return weir_stac_expected (at, "bbox", "4 or 6 numbers", number);
		numbers[i] = json_number_value (number);
	}
	*box_out = (weir_bbox_t){ numbers[0], numbers[1], numbers[n / 2], numbers[n / 2 + 1] };
	if (box_out->south > box_out->north)
		return weir_stac_invalid (at, "bbox", "south %.10g is north of north %.10g", box_out->south,
		                          box_out->north);
	return 0;
}

static int
s_parse_place (const weir_stac_at_t *at, const json_t *json, weir_stac_item_t *item)
{
	const json_t *geometry = json_object_get (json, "geometry"), *list;
	weir_bbox_t box = { HUGE_VAL, HUGE_VAL, -HUGE_VAL, -HUGE_VAL };
	int status = 0;
	if (geometry != NULL && !json_is_null (geometry)) {
		status = s_walk_geometry (at, geometry, 0, &box);
		item->has_geometry = box.west <= box.east;
	}
	if (status == 0 && item->has_geometry)
		item->bbox = box;
	if (status == 0)
		status = weir_stac_get_list (at, json, "bbox", &list);
	if (status == 0 && list != NULL)
		status = s_parse_bbox (at, list, &item->bbox);
	return status;
}

static int
s_parse_time (const weir_stac_at_t *at, const json_t *properties, int64_t *time_us_out)
{
	weir_stac_at_t here = *at;
	here.part = "properties";
	const char *field = "datetime", *text;
	int status = weir_stac_get_text (&here, properties, field, &text);
	if (status == 0 && text == NULL) {
		field = "start_datetime";
		status = weir_stac_get_text (&here, properties, field, &text);
	}
	if (status != 0)
		return status;
	if (text == NULL)
		return weir_stac_invalid (&here, "datetime",
		                          "expected a time, found null, and there is no start_datetime");
	if (!weir_instant_parse (text, time_us_out))
		return weir_stac_expected (&here, field, "a time like 2022-09-01T05:12:33Z",
		                           json_object_get (properties, field));
	return 0;
}

static int
s_parse_head (weir_stac_at_t *at, const json_t *json, weir_stac_item_t *item)
{
	const char *text;
	if (!json_is_object (json))
		return weir_stac_expected (at, "item", "an object", json);
	int status = weir_stac_get_text (at, json, "id", &text);
	if (status == 0 && (text == NULL || text[0] == '\0'))
		status = weir_stac_expected (at, "id", "a text", json_object_get (json, "id"));
	if (status != 0)
		return status;
	at->id = item->id = weir_strdup (text);
	status = weir_stac_get_text (at, json, "collection", &text);
	if (status != 0)
		return status;
	item->collection = weir_strdup (text);
	json_t *properties = json_object_get (json, "properties");
	if (!json_is_object (properties))
		return weir_stac_expected (at, "properties", "an object", properties);
	item->properties = json_incref (properties);
	status = s_parse_time (at, properties, &item->time_us);
	return status != 0 ? status : s_parse_place (at, json, item);
}

int
weir_stac_parse_head (const json_t *json, const char *href, weir_stac_item_t *item, weir_err_t *err)
{
	*item = (weir_stac_item_t){ .href = weir_strdup (href) };
	weir_stac_at_t at = { .href = href, .err = err };
	int status = s_parse_head (&at, json, item);
	if (status != 0)
		weir_stac_item_clear (item);
	return status;
}

static int
s_parse_roles (const weir_stac_at_t *at, const json_t *json, weir_stac_asset_t *asset)
{
	const json_t *list;
	int status = weir_stac_get_list (at, json, "roles", &list);
	size_t n_roles = json_array_size (list);
	if (status != 0 || n_roles == 0)
		return status;
	asset->roles = weir_alloc (n_roles * sizeof *asset->roles);
	for (size_t i = 0; i < n_roles; i++) {
		const json_t *role = json_array_get (list, i);
		if (!json_is_string (role))
			return weir_stac_expected (at, "roles", "a list of texts", role);
		asset->roles[asset->n_roles++] = weir_strdup (json_string_value (role));
	}
	return 0;
}

static int
s_parse_asset (const weir_stac_at_t *at, const json_t *json, const json_t *properties,
               weir_stac_asset_t *asset)
{
	const char *href, *type, *title;
	int status = weir_stac_get_text (at, json, "href", &href);
	if (status == 0 && (href == NULL || href[0] == '\0'))
		status = weir_stac_expected (at, "href", "an address", json_object_get (json, "href"));
	if (status == 0)
		status = weir_stac_get_text (at, json, "type", &type);
	if (status == 0)
		status = weir_stac_get_text (at, json, "title", &title);
	if (status != 0)
		return status;
	asset->href = weir_address_resolve (at->href, href);
	asset->media_type = weir_strdup (type);
	asset->title = weir_strdup (title);
	status = s_parse_roles (at, json, asset);
	if (status == 0)
		status = weir_stac_parse_bands (at, json, &asset->n_bands, &asset->bands);
	return status != 0 ? status : weir_stac_parse_proj (at, json, properties, &asset->proj);
}

static int
s_parse_assets (weir_stac_at_t *at, const json_t *json, weir_stac_item_t *item)
{
	json_t *assets = json_object_get (json, "assets");
	if (!json_is_object (assets))
		return weir_stac_expected (at, "assets", "an object", assets);
	item->assets = weir_alloc (json_object_size (assets) * sizeof *item->assets);
	/* an iterator gives the document's order */
	for (void *at_key = json_object_iter (assets); at_key != NULL;
	     at_key = json_object_iter_next (assets, at_key)) {
		const json_t *value = json_object_iter_value (at_key);
		weir_stac_asset_t *asset = &item->assets[item->n_assets++];
		at->asset = json_object_iter_key (at_key);
		asset->key = weir_strdup (at->asset);
		int status = json_is_object (value) ? s_parse_asset (at, value, item->properties, asset)
		                                    : weir_stac_expected (at, "asset", "an object", value);
		if (status != 0)
			return status;
	}
	return 0;
}

int
weir_stac_parse_assets (const json_t *json, weir_stac_item_t *item, weir_err_t *err)
{
	/* the error text borrows id and href, which the clearing frees: weir_err_set copies them first
	 * */
	weir_stac_at_t at = { .id = item->id, .href = item->href, .err = err };
	int status = s_parse_assets (&at, json, item);
	if (status != 0)
		weir_stac_item_clear (item);
	return status;
}

int
weir_stac_parse_item (const void *json, const char *href, weir_stac_item_t *item_out,
                      weir_err_t *err)
{
	char *address = weir_address_absolute (href);
	int status = weir_stac_parse_head (json, address, item_out, err);
	free (address);
	return status != 0 ? status : weir_stac_parse_assets (json, item_out, err);
}
