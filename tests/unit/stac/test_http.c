/* test_http.c - documents over http, from a server inside the test that answers by path */
#include "connectors/stac/loading.h"
#include "runtime/base/mem.h"
#include "server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define ITEM(id)                                                                                   \
	"{\"type\":\"Feature\",\"id\":\"" id                                                           \
	"\",\"geometry\":null,\"properties\":{\"datetime\":\"2022-09-01\"},"                           \
	"\"assets\":{\"a\":{\"href\":\"../cog/a.tif\"}}}"
#define N_MANY 300

static const struct {
	const char *path;
	int status;
	const char *header, *body;
} s_answers[] = {
	{ "/c/collection.json", 200, NULL,
	  "{\"type\":\"Collection\",\"id\":\"c\",\"links\":[{\"rel\":\"item\",\"href\":\"./items/b.json\"},"
	  "{\"rel\":\"item\",\"href\":\"/c/items/a.json?v=1\"}]}" },
	{ "/c/items/a.json?v=1", 200, NULL, ITEM ("a") },
	{ "/c/items/b.json", 200, NULL, ITEM ("b") },
	{ "/moved", 302, "Location: /c/collection.json\r\n", "" },
	{ "/round", 302, "Location: /round\r\n", "" },
	{ "/nowhere", 301, NULL, "" },
	{ "/to-file", 302, "Location: file:///etc/hostname\r\n", "" },
	{ "/html", 200, NULL, "<!doctype html><title>Sign in</title>" },
	{ "/busy", 503, NULL, "later" },
	{ "/patience", 429, "Retry-After: 3600\r\n", "" },
	{ "/forbidden", 403, NULL, "{\"code\":\"Forbidden\",\"description\":\"not\\u000afor you\"}" },
	{ "/leads-out", 200, NULL,
	  "{\"type\":\"Catalog\",\"id\":\"c\",\"links\":[{\"rel\":\"child\",\"href\":\"file:///etc/hostname\"}]}" },
	{ "/half", 200, NULL, "{\"type\":" },
	{ "/stall", 200, NULL, "{\"type\":\"Catalog\",\"links\":[]}" },
	{ "/big", 200, NULL, "" },
	{ "/one-missing", 200, NULL,
	  "{\"type\":\"Catalog\",\"id\":\"c\",\"links\":[{\"rel\":\"item\",\"href\":\"/c/items/a.json?v=1\"},"
	  "{\"rel\":\"item\",\"href\":\"/c/items/gone.json\"}]}" },
	{ "/to-private", 302, NULL, "" }, /* these two: to 127.0.0.1, which the test calls private */
	{ "/catalog-to-private", 200, NULL, "" },
};

static const weir_http_policy_t s_policy = { .attempts = 3,
	                                         .attempts_network = 2,
	                                         .backoff_ms = 1,
	                                         .backoff_max_ms = 4,
	                                         .retry_after_max_s = 2,
	                                         .connect_ms = 2000,
	                                         .silence_s = 1,
	                                         .transfer_s = 20 };
static server_t *s_server;
static unsigned s_n_requests, s_n_flaky;

/* A catalogue of many items, each of which fails once in a while. */
static void
s_answer_many (const char *path, server_answer_t *answer)
{
	int number;
	if (sscanf (path, "/many/%d", &number) == 1) {
		if (number % 10 == 0 && ++s_n_flaky % 2 == 1)
			answer->status = 500;
		answer->body = weir_asprintf ("{\"type\":\"Feature\",\"id\":\"i%03d\",\"geometry\":null,"
		                              "\"properties\":{\"datetime\":\"2022-09-01\"},"
		                              "\"assets\":{\"a\":{\"href\":\"a.tif\"}}}",
		                              number);
		return;
	}
	json_t *links = json_array ();
	for (int i = N_MANY; i > 0; i--) {
		char *href = weir_asprintf ("/many/%d", i);
		json_array_append_new (links, json_pack ("{s:s, s:s}", "rel", "item", "href", href));
		free (href);
	}
	json_t *json = json_pack ("{s:s, s:o}", "type", "Catalog", "links", links);
	json_object_set_new (json, "stac_version", json_string ("1.0.0"));
	answer->body = json_dumps (json, 0);
	json_decref (json);
}

static void
s_answer (void *arg, const server_request_t *request, server_answer_t *answer)
{
	const char *path = request->path;
	(void) arg;
	s_n_requests++;
	if (strncmp (path, "/many", 5) == 0) {
		s_answer_many (path, answer);
		return;
	}
	answer->status = 404;
	for (size_t i = 0; i < sizeof s_answers / sizeof s_answers[0]; i++) {
		if (strcmp (path, s_answers[i].path) != 0)
			continue;
		answer->status = s_answers[i].status;
		answer->headers = weir_strdup (s_answers[i].header);
		answer->body = weir_strdup (s_answers[i].body);
	}
	answer->length_added = strcmp (path, "/half") == 0 ? 100 : 0;
	answer->is_stalled = strcmp (path, "/stall") == 0;
	answer->spaces = strcmp (path, "/big") == 0 ? (size_t) 66 << 20 : 0;
	if (strcmp (path, "/to-private") == 0)
		answer->headers = weir_asprintf ("Location: http://127.0.0.1:%d/c/collection.json\r\n",
		                                 server_port (s_server));
	if (strcmp (path, "/catalog-to-private") == 0) {
		free (answer->body);
		answer->body = weir_asprintf (
			"{\"type\":\"Catalog\",\"links\":[{\"rel\":\"child\",\"href\":"
			"\"http://127.0.0.1:%d/c/collection.json\"}]}",
			server_port (s_server));
	}
}

/* To tell public from private on one machine: only 127.0.0.1 is private here. */
static bool
s_is_private (const struct sockaddr *address)
{
	struct sockaddr_in v4;
	memcpy (&v4, address, sizeof v4);
	return v4.sin_addr.s_addr == htonl (INADDR_LOOPBACK);
}

static int
s_load_from (const char *host, const char *path, bool skip, weir_stac_items_t **items_out,
             weir_err_t *err)
{
	char *url = weir_asprintf ("http://%s:%d%s", host, server_port (s_server), path);
	weir_plan_want_t want = { .url = url };
	char **warnings;
	size_t n_warnings;
	weir_http_policy_t policy = s_policy;
	policy.is_private = s_is_private;
	weir_stac_limits_t limits = weir_stac_limits_default;
	limits.http = &policy;
	int status = weir_stac_load_within (&limits, &want, skip, NULL, NULL, items_out, &warnings,
	                                    &n_warnings, err);
	for (size_t i = 0; i < n_warnings; i++)
		free (warnings[i]);
	free (warnings);
	free (url);
	return status;
}

static int
s_load (const char *path, weir_stac_items_t **items_out, weir_err_t *err)
{
	return s_load_from ("127.0.0.1", path, false, items_out, err);
}

static void
s_test_good (void **state)
{
	(void) state;
	static const char *const paths[] = { "/c/collection.json", "/moved", "/to-private" };
	for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
		weir_stac_items_t *items;
		weir_err_t err;
		if (s_load (paths[i], &items, &err) != 0)
			fail_msg ("%s: %s", err.where, err.text);
		assert_int_equal (items->n_items, 2);
		char *href = weir_asprintf ("http://127.0.0.1:%d/c/cog/a.tif", server_port (s_server));
		assert_string_equal (items->items[0].id, "a");
		assert_string_equal (items->items[0].assets[0].href, href);
		free (href);
		weir_stac_items_destroy (&items);
	}
}

/* Items are fetched together over few connections, and those that fail are tried again. */
static void
s_test_many (void **state)
{
	(void) state;
	weir_stac_items_t *items;
	weir_err_t err;
	unsigned before = server_n_connections (s_server);
	if (s_load ("/many", &items, &err) != 0)
		fail_msg ("%s: %s", err.where, err.text);
	assert_int_equal (items->n_items, N_MANY);
	assert_string_equal (items->items[N_MANY - 1].id, "i300");
	weir_stac_items_destroy (&items);
	assert_in_range (server_n_connections (s_server) - before, 2, 8);
}

static void
s_test_bad (void **state)
{
	(void) state;
	static const struct {
		const char *path;
		int status;
		weir_err_class_t klass;
		unsigned n_requests;
		const char *message;
	} rows[] = {
		{ "/nothing", WEIR_E_NOT_FOUND, WEIR_CLASS_GIVE_UP, 1,
		  "The requested URL returned error: 404" },
		{ "/forbidden", WEIR_E_IO, WEIR_CLASS_GIVE_UP, 1,
		  "The requested URL returned error: 403: not for you" },
		{ "/busy", WEIR_E_IO, WEIR_CLASS_RETRY, 3,
		  "The requested URL returned error: 503 (3 times)" },
		{ "/patience", WEIR_E_IO, WEIR_CLASS_RETRY, 1,
		  "error: 429; it asks to wait 3600 s, longer than the 2 s" },
		{ "/round", WEIR_E_IO, WEIR_CLASS_GIVE_UP, 6, "Maximum (5) redirects followed" },
		{ "/nowhere", WEIR_E_IO, WEIR_CLASS_GIVE_UP, 1, "redirects without saying where to" },
		{ "/to-file", WEIR_E_IO, WEIR_CLASS_GIVE_UP, 1,
		  "cannot fetch: it redirects to 'file:///etc/hostname'" },
		{ "/html", WEIR_E_INVALID, WEIR_CLASS_GIVE_UP, 1, "not JSON: found an HTML page" },
		{ "/half", WEIR_E_IO, WEIR_CLASS_RETRY, 2, "transfer closed with 100 bytes remaining" },
		{ "/stall", WEIR_E_IO, WEIR_CLASS_RETRY, 2, "Operation too slow" },
		{ "/big", WEIR_E_UNSUPPORTED, WEIR_CLASS_GIVE_UP, 1, "larger than 64 MiB" },
		{ "/leads-out", WEIR_E_INVALID, WEIR_CLASS_GIVE_UP, 1,
		  "leads out of the network: /etc/hostname" },
		{ "/one-missing", WEIR_E_NOT_FOUND, WEIR_CLASS_GIVE_UP, 3, "error: 404" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		weir_stac_items_t *items;
		weir_err_t err;
		s_n_requests = 0;
		assert_int_equal (s_load (rows[i].path, &items, &err), rows[i].status);
		assert_string_equal (err.code, "StacUnreadable");
		assert_int_equal (err.klass, rows[i].klass);
		assert_non_null (strstr (err.where, "http://127.0.0.1:"));
		if (strstr (err.text, rows[i].message) == NULL)
			fail_msg ("%s: expected '%s' in '%s'", rows[i].path, rows[i].message, err.text);
		assert_null (items);
		if (s_n_requests != rows[i].n_requests)
			fail_msg ("%s: %u requests, not %u", rows[i].path, s_n_requests, rows[i].n_requests);
	}
}

/* From a public address nothing leads to a private one: neither redirect nor link. */
static void
s_test_private (void **state)
{
	(void) state;
	static const char *const paths[] = { "/to-private", "/catalog-to-private" };
	weir_stac_items_t *items;
	weir_err_t err;
	for (size_t i = 0; i < 2; i++) {
		s_n_requests = 0;
		assert_int_equal (s_load_from ("127.0.0.2", paths[i], false, &items, &err), WEIR_E_INVALID);
		assert_string_equal (err.code, "StacUnreadable");
		if (strstr (err.text, "leads to a private address (127.0.0.1)") == NULL)
			fail_msg ("%s: %s", paths[i], err.text);
		assert_int_equal (s_n_requests, 1);
	}
	assert_int_equal (s_load_from ("127.0.0.2", "/moved", false, &items, &err), 0);
	weir_stac_items_destroy (&items);
}

static void
s_test_skip (void **state)
{
	(void) state;
	weir_stac_items_t *items;
	weir_err_t err;
	assert_int_equal (s_load_from ("127.0.0.1", "/one-missing", true, &items, &err), 0);
	assert_int_equal (items->n_items, 1);
	weir_stac_items_destroy (&items);
}

static bool
s_cancel_soon (void *arg)
{
	unsigned *n_asked = arg;
	return ++*n_asked > 3;
}

/* Neither a server that says nothing nor waiting to try again holds up a wish to cancel. */
static void
s_test_cancel (void **state)
{
	(void) state;
	static const char *const paths[] = { "/stall", "/busy" };
	for (size_t i = 0; i < 2; i++) {
		weir_http_policy_t policy = s_policy;
		policy.is_private = s_is_private;
		policy.silence_s = 60;
		policy.backoff_ms = policy.backoff_max_ms = 60000;
		weir_document_bytes_t bytes = { 0 };
		unsigned n_asked = 0;
		char *base,
			*url = weir_asprintf ("http://127.0.0.1:%d%s", server_port (s_server), paths[i]);
		weir_http_t *http = weir_http_new (&policy, s_cancel_soon, &n_asked);
		weir_http_transfer_t *transfer = weir_http_start (http,
		                                                  &(weir_http_request_t){ .url = url });
		weir_err_t err;
		assert_int_equal (weir_http_finish (&transfer, &bytes, &base, NULL, &err),
		                  WEIR_E_CANCELLED);
		assert_null (transfer);
		assert_null (base);
		weir_http_destroy (&http);
		free (url);
	}
}

static void
s_test_refused (void **state)
{
	(void) state;
	int fd = socket (AF_INET, SOCK_STREAM, 0); /* bound, not listening: connections are refused */
	struct sockaddr_in address = { .sin_family = AF_INET,
		                           .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
	socklen_t n = sizeof address;
	assert_int_equal (bind (fd, (struct sockaddr *) &address, n), 0);
	assert_int_equal (getsockname (fd, (struct sockaddr *) &address, &n), 0);
	weir_stac_items_t *items;
	weir_err_t err;
	char *host = weir_asprintf ("127.0.0.1:%d/c?", ntohs (address.sin_port));
	assert_int_equal (s_load_from (host, "", false, &items, &err), WEIR_E_IO);
	free (host);
	assert_int_equal (err.klass, WEIR_CLASS_RETRY);
	assert_non_null (strstr (err.text, "cannot fetch: Failed to connect to 127.0.0.1"));
	close (fd);
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (s_test_good),    cmocka_unit_test (s_test_many),
		cmocka_unit_test (s_test_bad),     cmocka_unit_test (s_test_private),
		cmocka_unit_test (s_test_skip),    cmocka_unit_test (s_test_cancel),
		cmocka_unit_test (s_test_refused),
	};
	setenv ("no_proxy", "127.0.0.1,127.0.0.2", 1);
	s_server = server_start (s_answer, NULL);
	if (s_server == NULL) {
		printf ("skipped: no socket on the loopback\n");
		return 77;
	}
	int failures = cmocka_run_group_tests_name ("stac over http", tests, NULL, NULL);
	server_stop (&s_server);
	return failures;
}
