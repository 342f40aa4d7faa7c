/* search.c - asks a STAC API for the items of one collection
 *
 * An API is told by the collection's links: `items`, and a `root` whose landing page has a link to
 * `search`. What can be asked is asked (collection, place, time, and conditions where conformance
 * has them); the items that come are filtered again by collect.c.
 *
 * Source   STAC API 1.0 core, item-search, filter; OGC API Features part 3; CQL2
 */
#include "connectors/stac/address.h"
#include "connectors/stac/instant.h"
#include "connectors/stac/loading.h"
#include "runtime/base/mem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define GEOMETRY_BYTES_POST 65536 /* what is longer is asked for by its box */
#define GEOMETRY_BYTES_GET 1024

typedef struct {
	char *post, *get; /* addresses, or NULL */
	bool has_cql2_json, has_cql2_text;
} s_api_t;

/* ---- what the landing page says */

char *
weir_stac_find_link (const json_t *json, const char *rel, const char *base)
{
	const json_t *links = json_object_get (json, "links");
	for (size_t i = 0; i < json_array_size (links); i++) {
		const json_t *link = json_array_get (links, i);
		const char *link_rel = json_string_value (json_object_get (link, "rel"));
		const char *href = json_string_value (json_object_get (link, "href"));
		if (link_rel != NULL && href != NULL && strcmp (link_rel, rel) == 0)
			return weir_address_resolve (base, href);
	}
	return NULL;
}

bool
weir_stac_is_landing (const json_t *json)
{
	char *search = weir_stac_find_link (json, "search", "");
	bool is_landing = search != NULL || json_is_array (json_object_get (json, "conformsTo"));
	free (search);
	return is_landing;
}

int
weir_stac_refuse_landing (weir_stac_loading_t *self, const json_t *json, const char *base)
{
	char *child = weir_stac_find_link (json, "child", base);
	size_t n = strlen (base);
	while (n > 0 && base[n - 1] == '/')
		n--;
	int status = weir_err_invalid (self->err, "StacUnreadable", base,
	                               "the landing page of a STAC API: name one of its collections, "
	                               "as in %.*s%s",
	                               child != NULL ? (int) strlen (child) : (int) n,
	                               child != NULL ? child : base,
	                               child != NULL ? "" : "/collections/ID");
	free (child);
	return status;
}

static bool
s_conforms (const json_t *json, const char *part)
{
	const json_t *list = json_object_get (json, "conformsTo");
	for (size_t i = 0; i < json_array_size (list); i++) {
		const char *text = json_string_value (json_array_get (list, i));
		if (text != NULL && strstr (text, part) != NULL)
			return true;
	}
	return false;
}

static void
s_take_search_link (s_api_t *api, const json_t *link, const char *base)
{
	const char *rel = json_string_value (json_object_get (link, "rel"));
	const char *href = json_string_value (json_object_get (link, "href"));
	const char *type = json_string_value (json_object_get (link, "type"));
	const char *method = json_string_value (json_object_get (link, "method"));
	if (rel == NULL || href == NULL || strcmp (rel, "search") != 0 ||
	    (type != NULL && strstr (type, "json") == NULL))
		return;
	char **address = method != NULL && strcasecmp (method, "POST") == 0 ? &api->post : &api->get;
	if (*address == NULL)
		*address = weir_address_resolve (base, href);
	if (!weir_address_is_http (*address)) {
		free (*address);
		*address = NULL;
	}
}

static void
s_read_landing (s_api_t *api, const json_t *landing, const char *base)
{
	const json_t *links = json_object_get (landing, "links");
	for (size_t i = 0; i < json_array_size (links); i++)
		s_take_search_link (api, json_array_get (links, i), base);
	bool has_filter = s_conforms (landing, "item-search#filter") &&
	                  s_conforms (landing, "basic-cql2");
	api->has_cql2_json = has_filter && s_conforms (landing, "/cql2-json");
	api->has_cql2_text = has_filter && s_conforms (landing, "/cql2-text");
}

/* A root that is not there makes no API; a network that fails makes an error. */
static int
s_find_api (weir_stac_loading_t *self, const json_t *collection, const char *base, s_api_t *api)
{
	char *items = weir_stac_find_link (collection, "items", base);
	char *root = weir_stac_find_link (collection, "root", base);
	int status = 0;
	if (items != NULL && weir_address_is_http (items) && root != NULL &&
	    weir_address_is_http (root)) {
		json_t *landing = NULL;
		char *landing_base = NULL;
		status = weir_document_read (self->reader, root, &landing, &landing_base, self->err);
		if (status == 0)
			s_read_landing (api, landing, landing_base);
		else if (status != WEIR_E_CANCELLED && self->err->klass == WEIR_CLASS_GIVE_UP)
			status = 0;
		json_decref (landing);
		free (landing_base);
	}
	free (items);
	free (root);
	return status;
}

/* ---- what is asked */

static double
s_clip (double x, double low, double high)
{
	return fmin (fmax (x, low), high);
}

/* The bare geometry of a GeoJSON extent, as `intersects` wants it; NULL for several.
 * Yours. */
static json_t *
s_bare_geometry (const json_t *geojson)
{
	const json_t *features = json_object_get (geojson, "features");
	if (json_array_size (features) == 1)
		geojson = json_array_get (features, 0);
	const json_t *geometry = json_object_get (geojson, "geometry");
	if (geometry != NULL)
		geojson = geometry;
	const json_t *coordinates = json_object_get (geojson, "coordinates");
	if (coordinates == NULL)
		return NULL;
	return json_pack ("{s:O, s:O}", "type", json_object_get (geojson, "type"), "coordinates",
	                  (json_t *) coordinates);
}

static void
s_ask_geometry (const weir_plan_want_t *want, bool is_post, json_t *body)
{
	json_t *geometry = s_bare_geometry (want->geometry);
	size_t bytes = json_dumpb (geometry, NULL, 0, JSON_COMPACT);
	if (geometry != NULL && bytes <= (is_post ? GEOMETRY_BYTES_POST : GEOMETRY_BYTES_GET)) {
		json_object_set (body, "intersects", geometry);
		json_object_del (body, "bbox"); /* an API takes one of them */
	}
	json_decref (geometry);
}

/* A box that leaves -180..180 asks for all longitudes: the items are looked at again. */
static int
s_ask_bbox (const weir_stac_loading_t *self, json_t *body)
{
	const weir_plan_want_t *want = self->want;
	weir_bbox_t box = want->bbox;
	if (!want->has_bbox)
		return 0;
	if (!weir_stac_is_lonlat (want->bbox_crs))
		return weir_err_invalid (
			self->err, "ProcessParameterInvalid", want->node,
			"argument 'spatial_extent' of load_stac: a STAC API needs degrees, "
			"and '%.100s' cannot be turned into them",
			want->bbox_crs);
	if (box.west < -180 || box.east > 180) {
		box.west = -180;
		box.east = 180;
	}
	json_object_set_new (body, "bbox",
	                     json_pack ("[f,f,f,f]", box.west, s_clip (box.south, -90, 90), box.east,
	                                s_clip (box.north, -90, 90)));
	return 0;
}

/* The end is inside what an API gives, outside of what we keep. */
static void
s_ask_time (const weir_plan_want_t *want, json_t *body)
{
	char from[WEIR_INSTANT_BYTES], to[WEIR_INSTANT_BYTES];
	if (!want->has_time)
		return;
	weir_instant_format (want->time_from_us, from);
	weir_instant_format (want->time_to_us, to);
	if (strcmp (from, "..") != 0 || strcmp (to, "..") != 0)
		json_object_set_new (body, "datetime", json_sprintf ("%s/%s", from, to));
}

static void
s_ask_filter (const weir_plan_want_t *want, const s_api_t *api, bool is_post, json_t *body)
{
	json_t *filter = weir_cql2_of_conditions (want->n_conditions, want->conditions);
	if (filter == NULL || (!api->has_cql2_text && !(api->has_cql2_json && is_post))) {
		json_decref (filter);
		return;
	}
	if (is_post && api->has_cql2_json) {
		json_object_set_new (body, "filter", filter);
		json_object_set_new (body, "filter-lang", json_string ("cql2-json"));
		return;
	}
	char *text = weir_cql2_text (filter);
	json_object_set_new (body, "filter", json_string (text));
	json_object_set_new (body, "filter-lang", json_string ("cql2-text"));
	free (text);
	json_decref (filter);
}

/* is_plain: without what an API may refuse. */
static int
s_make_body (const weir_stac_loading_t *self, const char *collection, const s_api_t *api,
             bool is_post, bool is_plain, json_t **body_out)
{
	json_t *body = json_pack ("{s:[s], s:I}", "collections", collection, "limit",
	                          (json_int_t) self->limits->page_items);
	int status = s_ask_bbox (self, body);
	if (status != 0) {
		json_decref (body);
		return status;
	}
	s_ask_time (self->want, body);
	if (!is_plain && self->want->geometry != NULL)
		s_ask_geometry (self->want, is_post, body);
	if (!is_plain)
		s_ask_filter (self->want, api, is_post, body);
	*body_out = body;
	return 0;
}

/* ---- GET: the same as a query */

/* Takes text; returns it with "name=value" behind it, percent-encoded. */
static char *
s_add_query (char *text, const char *name, const char *value)
{
	static const char hex[] = "0123456789ABCDEF";
	char *encoded = weir_alloc (3 * strlen (value) + 1), *to = encoded;
	for (const unsigned char *p = (const unsigned char *) value; *p != '\0'; p++) {
		if ((*p >= '0' && *p <= '9') || (*p >= 'A' && *p <= 'Z') || (*p >= 'a' && *p <= 'z') ||
		    strchr ("-._~,:/", *p) != NULL) {
			*to++ = (char) *p;
			continue;
		}
		*to++ = '%';
		*to++ = hex[*p >> 4];
		*to++ = hex[*p & 15];
	}
	char *joined = weir_asprintf ("%s%s%s=%s", text, strchr (text, '?') != NULL ? "&" : "?", name,
	                              encoded);
	free (encoded);
	free (text);
	return joined;
}

static char *
s_text_of (const json_t *value)
{
	if (json_is_string (value))
		return weir_strdup (json_string_value (value));
	if (!json_is_array (value))
		return json_dumps (value, JSON_ENCODE_ANY);
	char *text = weir_strdup ("");
	for (size_t i = 0; i < json_array_size (value); i++) {
		char *part = s_text_of (json_array_get (value, i));
		char *joined = weir_asprintf ("%s%s%s", text, i > 0 ? "," : "", part);
		free (part);
		free (text);
		text = joined;
	}
	return text;
}

static char *
s_make_query (const char *address, const json_t *body)
{
	const char *name;
	json_t *value;
	char *url = weir_asprintf ("%.*s", (int) strcspn (address, "#"), address);
	json_object_foreach ((json_t *) body, name, value)
	{
		char *text = s_text_of (value);
		url = s_add_query (url, name, text);
		free (text);
	}
	return url;
}

/* ---- the search */

static int
s_ask (weir_stac_loading_t *self, const s_api_t *api, const char *collection, bool is_post,
       bool is_plain, bool *is_plain_out, long *answer_out)
{
	json_t *body = NULL;
	*answer_out = 0;
	int status = s_make_body (self, collection, api, is_post, is_plain, &body);
	if (status != 0)
		return status;
	*is_plain_out = json_object_get (body, "filter") == NULL &&
	                json_object_get (body, "intersects") == NULL;
	char *url = is_post ? weir_strdup (api->post) : s_make_query (api->get, body);
	status = weir_stac_read_pages (
		self,
		&(weir_stac_pages_t){ .url = url, .body = is_post ? body : NULL, .collection = collection },
		answer_out);
	free (url);
	json_decref (body);
	return status;
}

/* An API that says it filters may still refuse a filter, over a property it does not know, or a
 * geometry. */
static int
s_ask_by (weir_stac_loading_t *self, const s_api_t *api, const char *collection, bool is_post,
          long *answer_out)
{
	bool was_plain = true;
	int status = s_ask (self, api, collection, is_post, false, &was_plain, answer_out);
	if (status == 0 || was_plain || (*answer_out != 400 && *answer_out != 422))
		return status;
	weir_stac_warn (
		self,
		"%s: refuses the geometry or the conditions on properties, which are now looked "
		"at here alone: %s",
		is_post ? api->post : api->get, self->err->text);
	weir_err_clear (self->err);
	return s_ask (self, api, collection, is_post, true, &was_plain, answer_out);
}

int
weir_stac_search (weir_stac_loading_t *self, const json_t *collection, const char *base,
                  bool *is_done_out)
{
	const char *id = json_string_value (json_object_get (collection, "id"));
	s_api_t api = { 0 };
	long answer = 0;
	int status = id != NULL ? s_find_api (self, collection, base, &api) : 0;
	*is_done_out = api.post != NULL || api.get != NULL;
	if (status == 0 && api.post != NULL) {
		status = s_ask_by (self, &api, id, true, &answer);
		if (status != 0 && api.get != NULL && (answer == 404 || answer == 405 || answer == 501)) {
			weir_err_clear (self->err);
			status = s_ask_by (self, &api, id, false, &answer);
		}
	} else if (status == 0 && api.get != NULL) {
		status = s_ask_by (self, &api, id, false, &answer);
	}
	free (api.post);
	free (api.get);
	return status;
}
