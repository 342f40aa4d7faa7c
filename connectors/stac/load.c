/* load.c - all items behind one address, see stac.h
 *
 * Walks the documents depth first; each address is read once, so loops end and an item that two
 * catalogues name comes once. What is loaded is sorted at the end: the order of links never shows.
 * The items that a catalogue links to are fetched several at a time.
 */
#include "connectors/stac/address.h"
#include "connectors/stac/field.h"
#include "connectors/stac/loading.h"
#include "runtime/base/mem.h"

#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 16
#define DOCUMENTS_MAX 1200000

const weir_stac_limits_t weir_stac_limits_default = {
	.http = &weir_http_policy_default,
	.items_max = 1000000,
	.pages_max = 100000,
	.pages_empty_max = 100,
	.page_items = 100,
};

typedef struct { /* the documents that one catalogue links to */
	weir_stac_loading_t *load;
	int depth;
	size_t n_items, items_cap;
	char **items; /* addresses of `item` links, not met before */
} s_walk_t;

static int s_load_document (weir_stac_loading_t *self, const char *address, int depth);

/* ---- links */

typedef int s_link_fn (s_walk_t *walk, const char *rel, const char *href, const char *base);

static int
s_each_link (s_walk_t *walk, const json_t *json, const char *base, s_link_fn *fn)
{
	const json_t *links = json_object_get (json, "links");
	if (links == NULL || json_is_null (links))
		return 0;
	if (!json_is_array (links))
		return weir_err_invalid (walk->load->err, "StacUnreadable", base,
		                         "links: expected a list, found %s", weir_json_word (links));
	for (size_t i = 0; i < json_array_size (links); i++) {
		const json_t *link = json_array_get (links, i);
		const char *rel = json_string_value (json_object_get (link, "rel"));
		const char *href = json_string_value (json_object_get (link, "href"));
		if (rel == NULL || href == NULL)
			return weir_err_invalid (walk->load->err, "StacUnreadable", base,
			                         "links[%zu]: expected an object with texts rel and href", i);
		int status = fn (walk, rel, href, base);
		if (status != 0)
			return status;
	}
	return 0;
}

/* *address_out is yours. */
static int
s_resolve_link (const s_walk_t *walk, const char *rel, const char *href, const char *base,
                char **address_out)
{
	*address_out = weir_address_resolve (base, href);
	if (!weir_address_is_http (base) || weir_address_is_http (*address_out))
		return 0;
	int status = weir_err_invalid (walk->load->err, "StacUnreadable", base,
	                               "the link '%s' leads out of the network: %s", rel, *address_out);
	free (*address_out);
	*address_out = NULL;
	return status;
}

/* True, and noted, where the address was not met before. */
static int
s_note (weir_stac_loading_t *self, const char *address, bool *is_new_out)
{
	*is_new_out = json_object_get (self->seen, address) == NULL;
	if (json_object_size (self->seen) == DOCUMENTS_MAX)
		return weir_err_set (self->err, WEIR_E_UNSUPPORTED, WEIR_CLASS_GIVE_UP, "StacUnreadable",
		                     self->want->url, "more than %d documents", DOCUMENTS_MAX);
	if (*is_new_out)
		json_object_set_new_nocheck (self->seen, address, json_true ());
	return 0;
}

static int
s_gather_item (s_walk_t *walk, const char *rel, const char *href, const char *base)
{
	char *address = NULL;
	bool is_new = false;
	if (strcmp (rel, "item") != 0)
		return 0;
	int status = s_resolve_link (walk, rel, href, base, &address);
	if (status == 0)
		status = s_note (walk->load, address, &is_new);
	if (status != 0 || !is_new) {
		free (address);
		return status;
	}
	if (walk->n_items == walk->items_cap) {
		walk->items_cap = walk->items_cap > 0 ? 2 * walk->items_cap : 16;
		walk->items = weir_realloc (walk->items, walk->items_cap * sizeof *walk->items);
	}
	walk->items[walk->n_items++] = address;
	return 0;
}

static int
s_follow (s_walk_t *walk, const char *rel, const char *href, const char *base)
{
	char *address = NULL;
	bool is_new = false;
	if (strcmp (rel, "items") != 0 && strcmp (rel, "child") != 0)
		return 0;
	int status = s_resolve_link (walk, rel, href, base, &address);
	if (status == 0)
		status = s_note (walk->load, address, &is_new);
	if (status == 0 && is_new)
		status = s_load_document (walk->load, address, walk->depth + 1);
	free (address);
	return status;
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

/* Half an answer must not pass for the whole: a page that was saved says so. */
static int
s_use_features (weir_stac_loading_t *self, const json_t *json, const char *base)
{
	long answer;
	char *next = weir_stac_find_link (json, "next", base);
	int status = 0;
	if (next != NULL && !weir_address_is_http (base))
		status = weir_err_set (self->err, WEIR_E_UNSUPPORTED, WEIR_CLASS_GIVE_UP, "StacUnreadable",
		                       base,
		                       "gives its items in pages (next: %s), of which this is only one: "
		                       "use the address of the API or a complete item collection",
		                       next);
	else
		status = weir_stac_read_pages (
			self, &(weir_stac_pages_t){ .url = base, .page = json, .base = base }, &answer);
	free (next);
	return status;
}

static int s_use_document (weir_stac_loading_t *self, const json_t *json, const char *base,
                           int depth);

static int
s_take_item (void *arg, const char *address, int status, const json_t *json, const char *base)
{
	s_walk_t *walk = arg;
	(void) address;
	if (status == 0)
		status = s_use_document (walk->load, json, base, walk->depth + 1);
	return status != 0 ? weir_stac_judge_item (walk->load, status) : 0;
}

static int
s_use_links (weir_stac_loading_t *self, const json_t *json, const char *base, int depth)
{
	s_walk_t walk = { .load = self, .depth = depth };
	int status = s_each_link (&walk, json, base, s_gather_item);
	if (status == 0)
		status = weir_document_read_all (self->reader, walk.n_items, walk.items, s_take_item, &walk,
		                                 self->err);
	for (size_t i = 0; i < walk.n_items; i++)
		free (walk.items[i]);
	free (walk.items);
	return status != 0 ? status : s_each_link (&walk, json, base, s_follow);
}

static int
s_refuse_type (weir_stac_loading_t *self, const json_t *json, const char *type, const char *base)
{
	if (json_is_array (json_object_get (json, "collections")))
		return weir_err_invalid (self->err, "StacUnreadable", base,
		                         "a list of collections: name one of them");
	return weir_err_invalid (
		self->err, "StacUnreadable", base,
		"not STAC: expected type Feature, FeatureCollection, Collection or Catalog, "
		"found '%.100s'",
		type);
}

static int
s_use_document (weir_stac_loading_t *self, const json_t *json, const char *base, int depth)
{
	const char *type = s_type_of (json);
	bool is_searched = false;
	if (depth > DEPTH_MAX)
		return weir_err_invalid (self->err, "StacUnreadable", base,
		                         "catalogues nested more than %d deep", DEPTH_MAX);
	if (strcmp (type, "Feature") == 0)
		return weir_stac_add_item (self, json, base);
	if (strcmp (type, "FeatureCollection") == 0)
		return s_use_features (self, json, base);
	if (strcmp (type, "Collection") != 0 && strcmp (type, "Catalog") != 0)
		return s_refuse_type (self, json, type, base);
	if (strcmp (type, "Catalog") == 0 && weir_stac_is_landing (json))
		return weir_stac_refuse_landing (self, json, base);
	weir_stac_take_dims (self, json);
	int status = strcmp (type, "Collection") == 0
	                 ? weir_stac_search (self, json, base, &is_searched)
	                 : 0;
	return status != 0 || is_searched ? status : s_use_links (self, json, base, depth);
}

static int
s_load_document (weir_stac_loading_t *self, const char *address, int depth)
{
	json_t *json;
	char *base;
	int status = weir_document_read (self->reader, address, &json, &base, self->err);
	if (status == 0)
		status = s_use_document (self, json, base, depth);
	json_decref (json);
	free (base);
	return status;
}

int
weir_stac_load_within (const weir_stac_limits_t *limits, const weir_plan_want_t *want,
                       bool skip_bad_items, bool (*is_cancelled) (void *arg), void *arg,
                       weir_stac_items_t **items_out, char ***warnings_out, size_t *n_warnings_out,
                       weir_err_t *err)
{
	weir_err_t local; /* judging an item reads the error, wanted by the caller or not */
	bool is_new;
	weir_stac_loading_t self = { .want = want,
		                         .limits = limits,
		                         .skip_bad_items = skip_bad_items,
		                         .err = err != NULL ? err : &local };
	self.reader = weir_document_reader_new (limits->http, is_cancelled, arg);
	self.seen = json_object ();
	self.out = weir_alloc (sizeof *self.out);
	char *address = weir_address_absolute (want->url);
	if (weir_address_is_path (address))
		weir_document_trust_private (self.reader);
	int status = s_note (&self, address, &is_new);
	if (status == 0)
		status = s_load_document (&self, address, 0);
	free (address);
	json_decref (self.seen);
	weir_document_reader_destroy (&self.reader);
	if (status == 0) {
		weir_stac_finish_items (&self);
	} else {
		weir_stac_items_destroy (&self.out);
		weir_stac_drop_warnings (&self);
	}
	*items_out = self.out;
	*warnings_out = self.warnings;
	*n_warnings_out = self.n_warnings;
	return status;
}

int
weir_stac_load (const weir_plan_want_t *want, bool skip_bad_items, bool (*is_cancelled) (void *arg),
                void *arg, weir_stac_items_t **items_out, char ***warnings_out,
                size_t *n_warnings_out, weir_err_t *err)
{
	return weir_stac_load_within (&weir_stac_limits_default, want, skip_bad_items, is_cancelled,
	                              arg, items_out, warnings_out, n_warnings_out, err);
}
