/* test_api.c - STAC APIs: an archive behind a server inside the test, in the ways that APIs page,
 * refuse, stall and err
 *
 * The first part of a path names the manner, /<manner>/collections/c and /<manner>/search.
 */
#include "connectors/stac/loading.h"
#include "cube/graph/eval.h"
#include "runtime/base/mem.h"
#include "server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include <cmocka.h>

#define N_ITEMS 25
#define DAY_US INT64_C (86400000000)
#define SEPTEMBER INT64_C (1661990400000000) /* 2022-09-01T00:00:00Z */

static weir_http_policy_t s_policy = { .attempts = 3,
	                                   .attempts_network = 2,
	                                   .backoff_ms = 1,
	                                   .backoff_max_ms = 4,
	                                   .retry_after_max_s = 2,
	                                   .connect_ms = 2000,
	                                   .silence_s = 1,
	                                   .transfer_s = 20 };

static server_t *s_server;
static unsigned s_n_requests, s_n_busy;
static char *s_asked; /* body or path of the first search */

/* ---- the server */

static json_t *
s_parse (const char *text)
{
	char *copy = weir_strdup (text);
	for (char *p = copy; *p != '\0'; p++)
		*p = *p == '\'' ? '"' : *p;
	json_t *json = json_loads (copy, JSON_DECODE_ANY, NULL);
	weir_assert (json != NULL);
	free (copy);
	return json;
}

static bool
s_is (const char *manner, const char *name)
{
	return strcmp (manner, name) == 0;
}

static bool
s_has (const char *manner, const char *part)
{
	return strstr (manner, part) != NULL;
}

static json_t *
s_link (const char *rel, const char *method, const char *format, const char *manner,
        const char *end)
{
	char *href = weir_asprintf ("http://127.0.0.1:%d/%s%s", server_port (s_server), manner, end);
	json_t *link = json_pack ("{s:s, s:s, s:s}", "rel", rel, "href", href, "type", format);
	if (method != NULL)
		json_object_set_new (link, "method", json_string (method));
	free (href);
	return link;
}

static json_t *
s_landing (const char *manner)
{
	json_t *json = s_parse ("{'type':'Catalog','id':'api','stac_version':'1.0.0','conformsTo':["
	                        "'https://api.stacspec.org/v1.0.0/item-search']}");
	json_t *conforms = json_object_get (json, "conformsTo"), *links = json_array ();
	if (s_has (manner, "cql2")) {
		json_array_append_new (conforms,
		                       json_string ("https://api.stacspec.org/v1.0.0/item-search#filter"));
		json_array_append_new (
			conforms, json_string ("http://www.opengis.net/spec/cql2/1.0/conf/basic-cql2"));
		json_array_append_new (
			conforms, json_string (s_has (manner, "text")
		                               ? "http://www.opengis.net/spec/cql2/1.0/conf/cql2-text"
		                               : "http://www.opengis.net/spec/cql2/1.0/conf/cql2-json"));
	}
	json_array_append_new (links, s_link ("search", NULL, "text/html", manner, "/browser"));
	if (!s_has (manner, "post-only"))
		json_array_append_new (links,
		                       s_link ("search", "GET", "application/geo+json", manner, "/search"));
	if (!s_has (manner, "get"))
		json_array_append_new (
			links, s_link ("search", "POST", "application/geo+json", manner, "/search"));
	json_array_append_new (links,
	                       s_link ("child", NULL, "application/json", manner, "/collections/c"));
	json_object_set_new (json, "links", links);
	return json;
}

static json_t *
s_collection (const char *manner)
{
	json_t *json = s_parse ("{'type':'Collection','id':'c','stac_version':'1.0.0',"
	                        "'cube:dimensions':{'lon':{'type':'spatial','axis':'x'}}}");
	json_t *links = json_array ();
	json_array_append_new (
		links, s_link ("items", NULL, "application/geo+json", manner, "/collections/c/items"));
	json_array_append_new (links, s_link ("root", NULL, "application/json", manner, ""));
	json_object_set_new (json, "links", links);
	return json;
}

/* Item i: one a day from 2022-09-01, one degree further east each, clouds 4 i. */
static json_t *
s_item (const char *manner, int i)
{
	const char *collection = s_is (manner, "foreign-all") || (s_is (manner, "foreign") && i == 13)
	                             ? "other"
	                             : "c";
	char *id = weir_asprintf ("i%05d", i);
	char *day = weir_asprintf ("2022-09-%02dT00:00:00Z", i % 28 + 1);
	json_t *json = json_pack (
		"{s:s, s:s, s:s, s:s, s:{s:s, s:[i,i]}, s:[i,i,i,i], s:{s:s, s:i, s:s}, s:{s:{s:s}}, s:[]}",
		"type", "Feature", "stac_version", "1.0.0", "id", id, "collection", collection, "geometry",
		"type", "Point", "coordinates", i % 90, 0, "bbox", i % 90, 0, i % 90 + 1, 1, "properties",
		"datetime", day, "eo:cloud_cover", 4 * i, "platform", i % 2 == 0 ? "even" : "odd", "assets",
		"a", "href", "https://example.com/a.tif", "links");
	free (id);
	free (day);
	return json;
}

/* Where the page begins, from body, query or header. */
static int
s_find_token (const server_request_t *request, const json_t *body)
{
	const char *query = strstr (request->path, "token=");
	const char *header = strstr (request->headers, "Search-After: ");
	if (header != NULL)
		return atoi (header + 14);
	if (query != NULL)
		return atoi (query + 6);
	return (int) json_integer_value (json_object_get (body, "token"));
}

static json_t *
s_next (const char *manner, const server_request_t *request, const json_t *body, int token)
{
	char end[64] = "/search";
	bool is_post = strcmp (request->method, "POST") == 0;
	if (!is_post || s_is (manner, "post-href") || s_is (manner, "post-to-get"))
		snprintf (end, sizeof end, "/search?token=%d", token);
	if (s_is (manner, "items"))
		snprintf (end, sizeof end, "/collections/c/items?token=%d", token);
	bool next_is_post = is_post && !s_is (manner, "post-to-get");
	json_t *link = s_link ("next", next_is_post ? "POST" : NULL, "application/geo+json", manner,
	                       end);
	if (s_is (manner, "post-full")) { /* the whole body again */
		json_object_set_new (link, "body", json_deep_copy (body));
		json_object_set_new (json_object_get (link, "body"), "token", json_integer (token));
	} else if (s_is (manner, "post-headers") || s_is (manner, "get-headers")) {
		json_object_set_new (link, "headers",
		                     json_pack ("{s:o, s:s, s:s}", "Search-After",
		                                json_sprintf ("%d", token), "Authorization", "Bearer x",
		                                "Bad\r\nName", "x"));
	} else if (next_is_post && !s_is (manner, "post-href")) {
		json_object_set_new (link, "merge", json_true ());
		json_object_set_new (link, "body", json_pack ("{s:i}", "token", token));
	}
	return link;
}

static json_t *
s_page (const char *manner, const server_request_t *request, const json_t *body)
{
	bool is_many = s_is (manner, "many"), is_endless = s_has (manner, "endless");
	int n_items = is_many ? 10000 : is_endless ? 1000000 : N_ITEMS;
	int token = s_find_token (request, body), n = is_many ? 1 : 10;
	json_t *json = s_parse ("{'type':'FeatureCollection','features':[],'links':[]}");
	json_t *features = json_object_get (json, "features"), *links = json_object_get (json, "links");
	int first = s_is (manner, "endless-same-items") ? 0 : token;
	for (int i = first; i < first + n && i < n_items && !s_is (manner, "endless-empty"); i++)
		json_array_append_new (features, s_item (manner, i));
	if (token + n < n_items && !s_is (manner, "matched"))
		json_array_append_new (links, s_next (manner, request, body, token + n));
	if (s_is (manner, "endless-same-link"))
		json_array_append_new (links, s_next (manner, request, body, 10));
	if (s_is (manner, "matched"))
		json_object_set_new (json, "numberMatched", json_integer (25));
	if (s_is (manner, "next-to-file"))
		json_array_append_new (links, s_parse ("{'rel':'next','href':'file:///etc/hostname'}"));
	if (s_is (manner, "next-put"))
		json_array_append_new (links, s_parse ("{'rel':'next','href':'x','method':'PUT'}"));
	if (s_is (manner, "next-bad-body"))
		json_array_append_new (links,
		                       s_parse ("{'rel':'next','href':'x','method':'POST','body':[]}"));
	return json;
}

/* Manners that answer a search with something else. */
static bool
s_misbehave (const char *manner, const server_request_t *request, const json_t *body,
             server_answer_t *answer)
{
	if (s_is (manner, "down")) {
		answer->status = 503;
	} else if (s_is (manner, "busy") && ++s_n_busy % 2 == 1) {
		answer->status = 429;
		answer->headers = weir_strdup ("Retry-After: 1\r\n");
	} else if (s_is (manner, "no-post") && strcmp (request->method, "POST") == 0) {
		answer->status = 405;
	} else if (s_is (manner, "cql2-refused") && (json_object_get (body, "filter") != NULL ||
	                                             json_object_get (body, "intersects") != NULL)) {
		answer->status = 400;
		answer->body = weir_strdup ("{\"detail\":\"no such queryable\"}");
	} else if (s_is (manner, "html")) {
		answer->body = weir_strdup ("<html><body>Sign in</body></html>");
	} else if (s_is (manner, "cut")) {
		answer->body = weir_strdup ("{\"type\":\"FeatureCollection\",\"features\":[{");
	} else if (s_is (manner, "not-a-page")) {
		answer->body = weir_strdup ("{\"type\":\"Feature\"}");
	} else if (s_is (manner, "gone")) {
		answer->status = 404;
		answer->body = weir_strdup ("404 page not found");
	} else {
		return false;
	}
	return true;
}

static void
s_answer_search (const char *manner, const server_request_t *request, server_answer_t *answer)
{
	json_t *body = request->body[0] != '\0' ? json_loads (request->body, 0, NULL) : NULL;
	if (s_asked == NULL)
		s_asked = weir_strdup (body != NULL ? request->body : request->path);
	if (s_misbehave (manner, request, body, answer)) {
		json_decref (body);
		return;
	}
	json_t *page = s_page (manner, request, body);
	answer->body = json_dumps (page, JSON_COMPACT);
	answer->is_stalled = s_is (manner, "stall") && s_find_token (request, body) > 0;
	json_decref (page);
	json_decref (body);
}

static void
s_answer (void *arg, const server_request_t *request, server_answer_t *answer)
{
	char manner[64] = "";
	(void) arg;
	s_n_requests++;
	sscanf (request->path, "/%63[^/]", manner);
	const char *rest = request->path + 1 + strlen (manner);
	json_t *json = NULL;
	if (strncmp (rest, "/search", 7) == 0 || strncmp (rest, "/collections/c/items", 20) == 0)
		s_answer_search (manner, request, answer);
	else if (strcmp (rest, "/collections/c") == 0)
		json = s_collection (manner);
	else if (strcmp (rest, "/collections") == 0)
		json = s_parse ("{'collections':[],'links':[]}");
	else if (rest[0] == '\0' && !s_is (manner, "items"))
		json = s_landing (manner);
	else
		answer->status = 404;
	if (json != NULL)
		answer->body = json_dumps (json, 0);
	json_decref (json);
}

/* ---- loading */

typedef struct {
	weir_stac_items_t *items;
	char **warnings;
	size_t n_warnings;
	weir_err_t err;
	weir_stac_limits_t limits;
	bool skip;
} s_result_t;

static int
s_load_at (const char *manner, const char *end, weir_plan_want_t want, s_result_t *result)
{
	char *url = weir_asprintf ("http://127.0.0.1:%d/%s%s", server_port (s_server), manner, end);
	result->limits.http = &s_policy;
	want.url = url;
	want.node = "load";
	s_n_requests = 0;
	s_n_busy = 0;
	free (s_asked);
	s_asked = NULL;
	int status = weir_stac_load_within (&result->limits, &want, result->skip, NULL, NULL,
	                                    &result->items, &result->warnings, &result->n_warnings,
	                                    &result->err);
	free (url);
	return status;
}

static s_result_t
s_result (void)
{
	s_result_t result = { .limits = weir_stac_limits_default };
	result.limits.pages_empty_max = 5;
	return result;
}

static void
s_clear (s_result_t *result)
{
	weir_stac_items_destroy (&result->items);
	for (size_t i = 0; i < result->n_warnings; i++)
		free (result->warnings[i]);
	free (result->warnings);
}

static void
s_check_asked (const char *name, const char *expected)
{
	json_t *asked = json_loads (s_asked, 0, NULL), *wanted = s_parse (expected);
	if (!json_equal (asked, wanted))
		fail_msg ("%s: asked %s, expected %s", name, s_asked, expected);
	json_decref (asked);
	json_decref (wanted);
}

/* ---- what works */

static void
s_test_manners (void **state)
{
	(void) state;
	static const struct {
		const char *manner, *end;
		unsigned n_requests; /* collection, root, three pages */
		size_t n_warnings;
	} rows[] = {
		{ "post-merge", "/collections/c", 5, 0 },   { "post-only", "/collections/c", 5, 0 },
		{ "post-full", "/collections/c", 5, 0 },    { "post-href", "/collections/c", 5, 0 },
		{ "post-headers", "/collections/c", 5, 1 }, { "get", "/collections/c", 5, 0 },
		{ "get-headers", "/collections/c", 5, 1 },  { "post-to-get", "/collections/c", 5, 0 },
		{ "no-post", "/collections/c", 6, 0 },      { "items", "/collections/c", 5, 0 },
		{ "get", "/search?limit=10", 3, 0 },        { "get", "/collections/c/items", 3, 0 },
		{ "matched", "/collections/c", 3, 1 },
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		s_result_t result = s_result ();
		if (s_load_at (rows[i].manner, rows[i].end, (weir_plan_want_t){ 0 }, &result) != 0)
			fail_msg ("%s: %s: %s", rows[i].manner, result.err.where, result.err.text);
		size_t n = s_is (rows[i].manner, "matched") ? 10 : N_ITEMS;
		if (result.items->n_items != n || s_n_requests != rows[i].n_requests ||
		    result.n_warnings != rows[i].n_warnings)
			fail_msg ("%s: %zu items, %u requests, %zu warnings", rows[i].manner,
			          result.items->n_items, s_n_requests, result.n_warnings);
		assert_string_equal (result.items->items[n - 1].id, n == 10 ? "i00009" : "i00024");
		assert_string_equal (result.items->dim_x,
		                     rows[i].end[1] == 'c' && rows[i].end[14] != '/' ? "lon" : "x");
		if (s_is (rows[i].manner, "matched"))
			assert_non_null (strstr (result.warnings[0], "25 items match, but 10 came"));
		if (s_has (rows[i].manner, "headers")) {
			assert_non_null (strstr (result.warnings[0], "asks for the header"));
			assert_null (strpbrk (result.warnings[0], "\r\n"));
		}
		s_clear (&result);
	}
}

/* Each of three pages is refused once, and asks to wait for a second. */
static void
s_test_patience (void **state)
{
	(void) state;
	struct timespec before, after;
	s_result_t result = s_result ();
	clock_gettime (CLOCK_MONOTONIC, &before);
	assert_int_equal (s_load_at ("busy", "/collections/c", (weir_plan_want_t){ 0 }, &result), 0);
	clock_gettime (CLOCK_MONOTONIC, &after);
	assert_true (after.tv_sec - before.tv_sec >= 2); /* whole seconds: at least 3 passed */
	assert_int_equal (s_n_requests, 8);
	assert_int_equal (result.items->n_items, N_ITEMS);
	s_clear (&result);
}

/* The connection is kept from one page to the next. */
static void
s_test_reuse (void **state)
{
	(void) state;
	s_result_t result = s_result ();
	unsigned before = server_n_connections (s_server);
	assert_int_equal (s_load_at ("post-merge", "/collections/c", (weir_plan_want_t){ 0 }, &result),
	                  0);
	assert_int_equal (server_n_connections (s_server) - before, 1);
	s_clear (&result);
}

/* What is asked, and that what comes is looked at again: this server filters nothing. The end of
 * the time is inside for the API and outside for us. */
static void
s_test_request (void **state)
{
	(void) state;
	weir_plan_want_t want = { .has_bbox = true,
		                      .bbox = { 2.5, -100, 8.25, 45 },
		                      .bbox_crs = "EPSG:4326",
		                      .has_time = true,
		                      .time_from_us = SEPTEMBER + DAY_US,
		                      .time_to_us = SEPTEMBER + 6 * DAY_US + 500000 };
	s_result_t result = s_result ();
	assert_int_equal (s_load_at ("post-merge", "/collections/c", want, &result), 0);
	s_check_asked ("post", "{'collections':['c'],'limit':100,'bbox':[2.5,-90.0,8.25,45.0],"
	                       "'datetime':'2022-09-02T00:00:00Z/2022-09-07T00:00:00.500000Z'}");
	assert_int_equal (result.items->n_items, 5); /* i2 to i6 */
	assert_string_equal (result.items->items[0].id, "i00002");
	s_clear (&result);

	want.time_from_us = INT64_MIN;
	want.time_to_us = SEPTEMBER + 6 * DAY_US;
	want.bbox.west = -190;
	assert_int_equal (s_load_at ("get", "/collections/c", want, &result), 0);
	assert_string_equal (s_asked, "/get/search?collections=c&limit=100&bbox=-180.0,-90.0,180.0,45.0"
	                              "&datetime=../2022-09-07T00:00:00Z");
	assert_int_equal (result.items->n_items, 6); /* i0 to i5 */
	s_clear (&result);

	/* a GeoJSON extent: the geometry goes instead of its box, unless it is many or too long */
	static const struct {
		const char *manner, *geometry, *asked;
	} rows[] = {
#define SQUARE "'type':'Polygon','coordinates':[[[2.5,0],[8,0],[8,1],[2.5,0]]]"
#define ASK(place)                                                                                 \
	"{'collections':['c'],'limit':100," place ",'datetime':'../2022-09-07T00:00:00Z'}"
		{ "post-merge", "{" SQUARE "}", ASK ("'intersects':{" SQUARE "}") },
		{ "post-merge", "{'type':'Feature','properties':{},'geometry':{" SQUARE "}}",
		  ASK ("'intersects':{" SQUARE "}") },
		{ "post-merge", "{'type':'FeatureCollection','features':[{'geometry':{" SQUARE "}}]}",
		  ASK ("'intersects':{" SQUARE "}") },
		{ "post-merge", "{'type':'FeatureCollection','features':[{},{}]}",
		  ASK ("'bbox':[-180.0,-90.0,180.0,45.0]") },
		{ "cql2-refused", "{" SQUARE "}", ASK ("'intersects':{" SQUARE "}") },
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		json_t *geometry = s_parse (rows[i].geometry);
		want.geometry = geometry;
		assert_int_equal (s_load_at (rows[i].manner, "/collections/c", want, &result), 0);
		s_check_asked (rows[i].manner, rows[i].asked);
		assert_int_equal (result.items->n_items, 6);
		assert_int_equal (result.n_warnings, s_is (rows[i].manner, "cql2-refused"));
		json_decref (geometry);
		s_clear (&result);
	}
	want.geometry = NULL;

	want.bbox_crs = "EPSG:32618";
	assert_int_equal (s_load_at ("get", "/collections/c", want, &result), WEIR_E_INVALID);
	assert_string_equal (result.err.where, "load");
	assert_non_null (strstr (result.err.text, "a STAC API needs degrees"));
}

static weir_graph_t *
s_condition (const char *nodes)
{
	weir_graph_t *graph = NULL;
	weir_err_t err;
	char *text = weir_asprintf ("{'process_graph':{%s}}", nodes);
	json_t *json = s_parse (text);
	if (weir_callback_new (json, "value", &graph, &err) != 0)
		fail_msg ("%s: %s", nodes, err.text);
	json_decref (json);
	free (text);
	return graph;
}

static void
s_test_conditions (void **state)
{
	(void) state;
	weir_graph_t *clear = s_condition ("'a':{'process_id':'lte','arguments':{'x':{'from_parameter':"
	                                   "'value'},'y':20},'result':true}");
	weir_graph_t *even = s_condition ("'a':{'process_id':'eq','arguments':{'x':{'from_parameter':"
	                                  "'value'},'y':'even'},'result':true}");
	const weir_plan_condition_t conditions[] = { { "eo:cloud_cover", clear },
		                                         { "platform", even } };
	weir_plan_want_t want = { .n_conditions = 2, .conditions = conditions };
#define ASKED "{'collections':['c'],'limit':100"
#define JSON_FILTER                                                                                \
	",'filter-lang':'cql2-json','filter':{'op':'and','args':[{'op':'<=','args':["                  \
	"{'property':'eo:cloud_cover'},20]},{'op':'=','args':[{'property':'platform'},'even']}]}}"
	static const struct {
		const char *manner, *asked;
	} rows[] = {
		{ "post-merge", ASKED "}" },
		{ "cql2", ASKED JSON_FILTER },
		{ "cql2-refused", ASKED JSON_FILTER },
		{ "cql2-text-post", ASKED
		  ",'filter-lang':'cql2-text','filter':"
		  "'(\\u0022eo:cloud_cover\\u0022 <= 20) AND (\\u0022platform\\u0022 = \\u0027even\\u0027)'}" },
		{ "cql2-text-get", "/cql2-text-get/search?collections=c&limit=100&filter=%28%22eo:cloud_"
		                   "cover%22%20%3C%3D%2020%29%20AND%20%28%22platform%22%20%3D%20%27even%27"
		                   "%29&filter-lang=cql2-text" },
		{ "cql2-json-get", "/cql2-json-get/search?collections=c&limit=100" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		s_result_t result = s_result ();
		if (s_load_at (rows[i].manner, "/collections/c", want, &result) != 0)
			fail_msg ("%s: %s", rows[i].manner, result.err.text);
		assert_int_equal (result.items->n_items, 3); /* 0, 2, 4 */
		assert_int_equal (result.n_warnings, s_is (rows[i].manner, "cql2-refused"));
		if (result.n_warnings > 0)
			assert_non_null (strstr (result.warnings[0], "400: no such queryable"));
		if (rows[i].asked[0] == '/')
			assert_string_equal (s_asked, rows[i].asked);
		else
			s_check_asked (rows[i].manner, rows[i].asked);
		s_clear (&result);
	}
	weir_graph_destroy (&clear);
	weir_graph_destroy (&even);
}

/* Ten thousand pages, of whose items none is kept: memory stays as it is. */
static void
s_test_many (void **state)
{
	(void) state;
	struct rusage before, after;
	weir_plan_want_t want = { .has_time = true,
		                      .time_from_us = SEPTEMBER + 100 * DAY_US,
		                      .time_to_us = SEPTEMBER + 101 * DAY_US };
	s_result_t result = s_result ();
	assert_int_equal (s_load_at ("post-merge", "/collections/c", want, &result), 0);
	s_clear (&result);
	getrusage (RUSAGE_SELF, &before);
	if (s_load_at ("many", "/collections/c", want, &result) != 0)
		fail_msg ("%s: %s", result.err.where, result.err.text);
	getrusage (RUSAGE_SELF, &after);
	assert_int_equal (s_n_requests, 10002);
	assert_int_equal (result.items->n_items, 0);
	s_clear (&result);
#ifndef WEIR_SANITIZED
	assert_in_range (after.ru_maxrss - before.ru_maxrss, 0, 4096); /* KiB */
#endif
	assert_int_equal (s_load_at ("many", "/collections/c", (weir_plan_want_t){ 0 }, &result), 0);
	assert_int_equal (result.items->n_items, 10000);
	s_clear (&result);
}

/* ---- what does not */

static void
s_test_bad (void **state)
{
	(void) state;
	static const struct {
		const char *manner, *end;
		int status;
		weir_err_class_t klass;
		const char *code, *message;
	} rows[] = {
#define ROW(manner, end, status, klass, message)                                                   \
	{ manner, end, WEIR_E_##status, WEIR_CLASS_##klass, "StacUnreadable", message }
#define SEARCH(manner, status, klass, message)                                                     \
	ROW (manner, "/collections/c", status, klass, message)
		SEARCH ("down", IO, RETRY, "The requested URL returned error: 503 (3 times)"),
		SEARCH ("gone", NOT_FOUND, GIVE_UP, "The requested URL returned error: 404"),
		SEARCH ("html", INVALID, GIVE_UP, "not JSON: found an HTML page"),
		SEARCH ("cut", INVALID, GIVE_UP, "the document ends in the middle"),
		SEARCH ("stall", IO, RETRY, "Operation too slow"),
		SEARCH ("not-a-page", INVALID, GIVE_UP, "expected type FeatureCollection, found 'Feature'"),
		SEARCH ("endless-same-link", INVALID, GIVE_UP,
		        "page 2 names as the next a page that was read before: the paging does not end"),
		SEARCH ("endless-same-items", INVALID, GIVE_UP,
		        "page 2 brings only items that came before: the paging does not end"),
		SEARCH ("endless-empty", INVALID, GIVE_UP,
		        "page 6 is empty, like many before it, and there is another"),
		SEARCH ("endless-pages", UNSUPPORTED, GIVE_UP, "more than 7 pages at http"),
		SEARCH ("endless-items", UNSUPPORTED, GIVE_UP, "more than 40 items"),
		SEARCH ("foreign-all", INVALID, GIVE_UP, "expected 'c', as asked for, found 'other'"),
		SEARCH ("foreign", INVALID, GIVE_UP, "expected 'c', as asked for, found 'other'"),
		SEARCH ("next-to-file", INVALID, GIVE_UP, "leads out of the network: /etc/hostname"),
		SEARCH ("next-put", INVALID, GIVE_UP, "method: expected GET or POST, found PUT"),
		SEARCH ("next-bad-body", INVALID, GIVE_UP, "body: expected an object, found a list"),
		ROW ("get", "", INVALID, GIVE_UP,
		     "the landing page of a STAC API: name one of its collections, as in http"),
		ROW ("get", "/collections", INVALID, GIVE_UP, "a list of collections: name one of them"),
		ROW ("get", "/collections/d", NOT_FOUND, GIVE_UP, "error: 404"),
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		s_result_t result = s_result ();
		result.limits.pages_max = s_is (rows[i].manner, "endless-pages") ? 7 : 1000;
		result.limits.items_max = s_is (rows[i].manner, "endless-items") ? 40 : 1000;
		int status = s_load_at (rows[i].manner, rows[i].end, (weir_plan_want_t){ 0 }, &result);
		if (status != rows[i].status || result.err.klass != rows[i].klass ||
		    strstr (result.err.text, rows[i].message) == NULL)
			fail_msg ("%s: status %d class %d: %s", rows[i].manner, status, (int) result.err.klass,
			          result.err.text);
		bool is_item = strncmp (rows[i].manner, "foreign", 7) == 0;
		assert_string_equal (result.err.code, is_item ? "ItemInvalid" : rows[i].code);
		assert_null (result.items);
		assert_null (result.warnings);
	}
}

/* With skip_bad_items one item of another collection is left out and named; an API that gives
 * nothing else is still refused. */
static void
s_test_skip (void **state)
{
	(void) state;
	s_result_t result = s_result ();
	result.skip = true;
	assert_int_equal (s_load_at ("foreign", "/collections/c", (weir_plan_want_t){ 0 }, &result), 0);
	assert_int_equal (result.items->n_items, N_ITEMS - 1);
	assert_int_equal (result.n_warnings, 1);
	assert_non_null (strstr (result.warnings[0], "ItemInvalid: i00013: collection: expected 'c'"));
	s_clear (&result);
	assert_int_equal (s_load_at ("foreign-all", "/collections/c", (weir_plan_want_t){ 0 }, &result),
	                  WEIR_E_INVALID);
	assert_non_null (strstr (result.err.text, "the API does not search by collection ('c')"));
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (s_test_manners),    cmocka_unit_test (s_test_patience),
		cmocka_unit_test (s_test_reuse),      cmocka_unit_test (s_test_request),
		cmocka_unit_test (s_test_conditions), cmocka_unit_test (s_test_many),
		cmocka_unit_test (s_test_bad),        cmocka_unit_test (s_test_skip),
	};
	setenv ("no_proxy", "127.0.0.1", 1);
	s_policy.is_private = weir_http_policy_default.is_private;
	s_server = server_start (s_answer, NULL);
	if (s_server == NULL) {
		printf ("skipped: no socket on the loopback\n");
		return 77;
	}
	int failures = cmocka_run_group_tests_name ("stac api", tests, NULL, NULL);
	server_stop (&s_server);
	free (s_asked);
	return failures;
}
