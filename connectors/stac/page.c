/* page.c - the pages of an API, one after the other, until none is named
 *
 * A `next` link is a request of its own: address, method, headers and body, which `merge` puts over
 * those of the first request. Nothing of a page stays but its items and 16 to 32 bytes for each
 * item and each request, by which paging that does not end is found: a request that was made
 * before, a page without a new item.
 *
 * Source   STAC API 1.0 item-search (paging), OGC API Features (numberMatched)
 */
#include "connectors/stac/address.h"
#include "connectors/stac/field.h"
#include "connectors/stac/loading.h"
#include "connectors/stac/seen.h"
#include "runtime/base/mem.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define HEADERS_MAX 16
#define HEADER_BYTES_MAX 4096

typedef struct {
	weir_stac_loading_t *load;
	const weir_stac_pages_t *start;
	char *url;
	json_t *body; /* NULL: GET */
	char *headers[HEADERS_MAX];
	size_t n_headers;
	bool has_dropped_header;
	weir_seen_t requests, items;
	size_t n_pages, n_received, n_empty;
	json_int_t n_matched; /* -1: the API does not say */
} s_pages_t;

static int
s_fail_endless (const s_pages_t *self, const char *base, const char *what)
{
	return weir_err_invalid (self->load->err, "StacUnreadable", base,
	                         "page %zu %s: the paging does not end", self->n_pages, what);
}

/* ---- the items of a page */

/* Items of another collection were not asked for: an answer that has some cannot be trusted to be
 * complete. */
static int
s_check_collection (s_pages_t *self, const json_t *feature, const char *base, bool *is_foreign_out)
{
	const char *wanted = self->start->collection;
	const char *found = json_string_value (json_object_get (feature, "collection"));
	const char *id = json_string_value (json_object_get (feature, "id"));
	*is_foreign_out = wanted != NULL && found != NULL && strcmp (wanted, found) != 0;
	if (!*is_foreign_out)
		return 0;
	int status = weir_err_invalid (self->load->err, "ItemInvalid", id,
	                               "collection: expected '%s', as asked for, found '%s' (in %s)",
	                               wanted, found, base);
	return weir_stac_judge_item (self->load, status);
}

static int
s_take_feature (s_pages_t *self, const json_t *feature, const char *base, size_t *n_new,
                size_t *n_foreign)
{
	bool is_foreign;
	const char *id = json_string_value (json_object_get (feature, "id"));
	const char *collection = json_string_value (json_object_get (feature, "collection"));
	bool is_new = id == NULL ||
	              weir_seen_add (&self->items, 2, (const char *const[2]){ id, collection });
	if (!is_new && self->n_pages > 1)
		return 0; /* pages shift while an archive grows */
	++*n_new;
	int status = s_check_collection (self, feature, base, &is_foreign);
	*n_foreign += is_foreign;
	if (status != 0 || is_foreign)
		return status;
	return weir_stac_add_feature (self->load, feature, base);
}

static json_int_t
s_find_matched (const json_t *page)
{
	const json_t *found = json_object_get (page, "numberMatched");
	if (!json_is_integer (found))
		found = json_object_get (json_object_get (page, "context"), "matched");
	return json_is_integer (found) ? json_integer_value (found) : -1;
}

static int
s_check_limits (const s_pages_t *self, const char *base, size_t n_features, size_t n_new,
                size_t n_foreign, bool has_next)
{
	const weir_stac_limits_t *limits = self->load->limits;
	if (n_features > 0 && n_foreign == n_features)
		return weir_err_invalid (self->load->err, "StacUnreadable", base,
		                         "page %zu holds nothing but items of other collections: the API "
		                         "does not search by collection ('%s')",
		                         self->n_pages, self->start->collection);
	if (n_features > 0 && n_new == 0 && self->n_pages > 1)
		return s_fail_endless (self, base, "brings only items that came before");
	if (self->n_received > limits->items_max)
		return weir_err_set (self->load->err, WEIR_E_UNSUPPORTED, WEIR_CLASS_GIVE_UP,
		                     "StacUnreadable", self->load->want->url,
		                     "more than %zu items on the pages of %s", limits->items_max, base);
	if (has_next && self->n_pages >= limits->pages_max)
		return weir_err_set (self->load->err, WEIR_E_UNSUPPORTED, WEIR_CLASS_GIVE_UP,
		                     "StacUnreadable", self->load->want->url, "more than %zu pages at %s",
		                     limits->pages_max, base);
	if (has_next && self->n_empty > limits->pages_empty_max)
		return s_fail_endless (self, base, "is empty, like many before it, and there is another");
	return 0;
}

static int
s_take_page (s_pages_t *self, const json_t *page, const char *base, bool has_next)
{
	const json_t *features = json_object_get (page, "features");
	const char *type = json_string_value (json_object_get (page, "type"));
	size_t n = json_array_size (features), n_new = 0, n_foreign = 0;
	self->n_pages++;
	if (type == NULL || strcmp (type, "FeatureCollection") != 0)
		return weir_err_invalid (self->load->err, "StacUnreadable", base,
		                         "not a page of items: expected type FeatureCollection, found "
		                         "'%.100s'",
		                         type != NULL ? type : "");
	if (!json_is_array (features))
		return weir_err_invalid (self->load->err, "StacUnreadable", base,
		                         "features: expected a list, found %s", weir_json_word (features));
	self->n_received += n;
	self->n_empty = n == 0 ? self->n_empty + 1 : 0;
	self->n_matched = s_find_matched (page);
	for (size_t i = 0; i < n; i++) {
		int status = s_take_feature (self, json_array_get (features, i), base, &n_new, &n_foreign);
		if (status != 0)
			return status;
	}
	return s_check_limits (self, base, n, n_new, n_foreign, has_next);
}

/* ---- the next request */

static int
s_find_next (const s_pages_t *self, const json_t *page, const char *base, const json_t **next_out)
{
	const json_t *links = json_object_get (page, "links");
	*next_out = NULL;
	if (links != NULL && !json_is_null (links) && !json_is_array (links))
		return weir_err_invalid (self->load->err, "StacUnreadable", base,
		                         "links: expected a list, found %s", weir_json_word (links));
	for (size_t i = 0; i < json_array_size (links); i++) {
		const json_t *link = json_array_get (links, i);
		const char *rel = json_string_value (json_object_get (link, "rel"));
		if (rel != NULL && strcmp (rel, "next") == 0)
			*next_out = link;
	}
	return 0;
}

/* What a server may have us send: its own tokens, nothing that speaks for the user, the connection
 * or another host. */
static bool
s_is_safe_header (const char *name)
{
	static const char *const refused[] = { "authorization",
		                                   "cookie",
		                                   "cookie2",
		                                   "host",
		                                   "connection",
		                                   "keep-alive",
		                                   "te",
		                                   "trailer",
		                                   "transfer-encoding",
		                                   "upgrade",
		                                   "expect",
		                                   "forwarded",
		                                   "via",
		                                   "range",
		                                   "origin",
		                                   "referer",
		                                   "user-agent",
		                                   "x-http-method-override",
		                                   "x-method-override" };
	static const char *const starts[] = { "accept",       "content-",        "proxy-", "sec-",
		                                  "x-forwarded-", "access-control-", "if-",    "x-amz-" };
	for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
		if (strcasecmp (name, refused[i]) == 0)
			return false;
	for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++)
		if (strncasecmp (name, starts[i], strlen (starts[i])) == 0)
			return false;
	return name[0] != '\0' && name[strspn (name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuv"
	                                             "wxyz0123456789-_")] == '\0';
}

static bool
s_is_header_value (const char *text)
{
	for (const char *p = text; *p != '\0'; p++)
		if ((unsigned char) *p < ' ' || *p == 0x7f)
			return false;
	return strlen (text) <= HEADER_BYTES_MAX;
}

static void
s_drop_headers (s_pages_t *self)
{
	for (size_t i = 0; i < self->n_headers; i++)
		free (self->headers[i]);
	self->n_headers = 0;
}

/* The first request has none of its own, so merged or not is the same. */
static void
s_take_headers (s_pages_t *self, const json_t *headers)
{
	const char *name;
	json_t *value;
	s_drop_headers (self);
	json_object_foreach ((json_t *) headers, name, value)
	{
		const char *text = json_string_value (value);
		if (strcasecmp (name, "accept") == 0 || strcasecmp (name, "content-type") == 0)
			continue; /* ours say the same */
		if (text != NULL && s_is_safe_header (name) && s_is_header_value (text) &&
		    self->n_headers < HEADERS_MAX) {
			self->headers[self->n_headers++] = weir_asprintf ("%s: %s", name, text);
			continue;
		}
		if (!self->has_dropped_header)
			weir_stac_warn (self->load,
			                "%s: the next page asks for the header '%.60s', which is "
			                "not sent",
			                self->url, name);
		self->has_dropped_header = true;
	}
}

static int
s_take_body (s_pages_t *self, const json_t *link, const char *base)
{
	json_t *body = json_object_get (link, "body");
	bool is_merged = json_is_true (json_object_get (link, "merge"));
	if (body != NULL && !json_is_null (body) && !json_is_object (body))
		return weir_err_invalid (self->load->err, "StacUnreadable", base,
		                         "next link: body: expected an object, found %s",
		                         weir_json_word (body));
	/* without a body of its own the link can only mean the one that was sent */
	json_t *next = json_is_object (body) && !is_merged ? json_object ()
	                                                   : json_deep_copy (self->start->body);
	if (next == NULL)
		next = json_object ();
	if (json_is_object (body))
		json_object_update (next, body);
	json_decref (self->body);
	self->body = next;
	return 0;
}

static int
s_take_next (s_pages_t *self, const json_t *link, const char *base)
{
	const json_t *headers = json_object_get (link, "headers");
	const char *href = json_string_value (json_object_get (link, "href"));
	const json_t *method_json = json_object_get (link, "method");
	const char *method = method_json == NULL || json_is_null (method_json)
	                         ? "GET"
	                         : json_string_value (method_json);
	if (href == NULL)
		return weir_err_invalid (self->load->err, "StacUnreadable", base,
		                         "next link: href: expected a text, found %s",
		                         weir_json_word (json_object_get (link, "href")));
	if (method == NULL || (strcasecmp (method, "GET") != 0 && strcasecmp (method, "POST") != 0))
		return weir_err_invalid (self->load->err, "StacUnreadable", base,
		                         "next link: method: expected GET or POST, found %.40s",
		                         method != NULL ? method : weir_json_word (method_json));
	if (headers != NULL && !json_is_null (headers) && !json_is_object (headers))
		return weir_err_invalid (self->load->err, "StacUnreadable", base,
		                         "next link: headers: expected an object, found %s",
		                         weir_json_word (headers));
	char *url = weir_address_resolve (base, href);
	if (!weir_address_is_http (url)) {
		int status = weir_err_invalid (self->load->err, "StacUnreadable", base,
		                               "the next page leads out of the network: %s", url);
		free (url);
		return status;
	}
	free (self->url);
	self->url = url;
	s_take_headers (self, headers);
	if (strcasecmp (method, "POST") == 0)
		return s_take_body (self, link, base);
	json_decref (self->body);
	self->body = NULL;
	return 0;
}

static char *
s_body_text (const s_pages_t *self)
{
	return self->body != NULL ? json_dumps (self->body, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
}

/* False where this very request was made before. */
static bool
s_note_request (s_pages_t *self)
{
	const char *texts[2 + HEADERS_MAX] = { self->url };
	char *body = s_body_text (self);
	texts[1] = body;
	for (size_t i = 0; i < self->n_headers; i++)
		texts[2 + i] = self->headers[i];
	bool is_new = weir_seen_add (&self->requests, 2 + self->n_headers, texts);
	free (body);
	return is_new;
}

/* ---- all pages */

static int
s_request_page (s_pages_t *self, json_t **page_out, char **base_out, long *answer_out)
{
	char *body = s_body_text (self);
	weir_http_request_t request = { .url = self->url,
		                            .body = body,
		                            .n_headers = self->n_headers,
		                            .headers = (const char *const *) self->headers };
	int status = weir_document_request (self->load->reader, &request, page_out, base_out,
	                                    answer_out, self->load->err);
	free (body);
	return status;
}

static int
s_use_page (s_pages_t *self, const json_t *page, const char *base, bool *has_next_out)
{
	const json_t *next;
	int status = s_find_next (self, page, base, &next);
	*has_next_out = next != NULL;
	if (status == 0)
		status = s_take_page (self, page, base, next != NULL);
	if (status != 0 || next == NULL)
		return status;
	status = s_take_next (self, next, base);
	if (status == 0 && !s_note_request (self))
		status = s_fail_endless (self, base, "names as the next a page that was read before");
	return status;
}

static int
s_read_all (s_pages_t *self, long *answer_out)
{
	bool has_next = true;
	int status = 0;
	if (self->start->page != NULL)
		status = s_use_page (self, self->start->page, self->start->base, &has_next);
	while (status == 0 && has_next) {
		json_t *page = NULL;
		char *base = NULL;
		long answer = 0;
		status = s_request_page (self, &page, &base, &answer);
		if (status != 0 && self->n_pages == 0)
			*answer_out = answer;
		if (status == 0)
			status = s_use_page (self, page, base, &has_next);
		json_decref (page);
		free (base);
	}
	return status;
}

int
weir_stac_read_pages (weir_stac_loading_t *load, const weir_stac_pages_t *pages, long *answer_out)
{
	s_pages_t self = { .load = load,
		               .start = pages,
		               .url = weir_strdup (pages->url),
		               .body = json_deep_copy (pages->body),
		               .n_matched = -1 };
	*answer_out = 0;
	s_note_request (&self);
	int status = s_read_all (&self, answer_out);
	if (status == 0 && self.n_matched > (json_int_t) self.n_received)
		weir_stac_warn (load, "%s: %lld items match, but %zu came, and no further page is named",
		                pages->url, (long long) self.n_matched, self.n_received);
	s_drop_headers (&self);
	weir_seen_clear (&self.requests);
	weir_seen_clear (&self.items);
	json_decref (self.body);
	free (self.url);
	return status;
}
