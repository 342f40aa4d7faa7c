/* test_http.c - documents over http, from a server inside the test that answers by path */
#include "connectors/stac/stac.h"
#include "runtime/base/mem.h"

#include <arpa/inet.h>
#include <pthread.h>
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

static const struct {
	const char *path, *status, *header, *body;
} s_answers[] = {
	{ "/c/collection.json", "200 OK", NULL,
	  "{\"type\":\"Collection\",\"id\":\"c\",\"links\":[{\"rel\":\"item\",\"href\":\"./items/b.json\"},"
	  "{\"rel\":\"item\",\"href\":\"/c/items/a.json?v=1\"}]}" },
	{ "/c/items/a.json?v=1", "200 OK", NULL, ITEM ("a") },
	{ "/c/items/b.json", "200 OK", NULL, ITEM ("b") },
	{ "/moved", "302 Found", "Location: /c/collection.json", "" },
	{ "/round", "302 Found", "Location: /round", "" },
	{ "/to-file", "302 Found", "Location: file:///etc/hostname", "" },
	{ "/html", "200 OK", NULL, "<!doctype html><title>Sign in</title>" },
	{ "/busy", "503 Service Unavailable", NULL, "later" },
	{ "/api", "200 OK", NULL,
	  "{\"type\":\"Collection\",\"id\":\"c\",\"links\":[{\"rel\":\"items\",\"href\":\"/page\"}]}" },
	{ "/page", "200 OK", NULL,
	  "{\"type\":\"FeatureCollection\",\"features\":[" ITEM (
		  "a") "],\"links\":[{\"rel\":\"next\",\"href\":\"/page?token=2\"}]}" },
	{ "/api-small", "200 OK", NULL,
	  "{\"type\":\"Collection\",\"id\":\"c\",\"links\":[{\"rel\":\"items\",\"href\":\"/one-page\"}]}" },
	{ "/one-page", "200 OK", NULL,
	  "{\"type\":\"FeatureCollection\",\"features\":[" ITEM ("a") "]}" },
	{ "/leads-out", "200 OK", NULL,
	  "{\"type\":\"Catalog\",\"id\":\"c\",\"links\":[{\"rel\":\"child\",\"href\":\"file:///etc/hostname\"}]}" },
	{ "/half", "200 OK", "X-Half: yes", "{\"type\":" },
	{ "/big", "200 OK", "X-Big: yes", "" },
};

static int s_listener;
static uint16_t s_port;

static void
s_send (int fd, const char *text, size_t n)
{
	while (n > 0) {
		ssize_t sent = send (fd, text, n, MSG_NOSIGNAL);
		if (sent <= 0)
			return;
		text += sent;
		n -= (size_t) sent;
	}
}

static void
s_send_big (int fd)
{
	enum { BLOCK = 1 << 20 };
	char *spaces = weir_alloc (BLOCK);
	memset (spaces, ' ', BLOCK);
	for (int i = 0; i < 66; i++)
		s_send (fd, spaces, BLOCK);
	free (spaces);
}

static void
s_answer (int fd, const char *path)
{
	const char *status = "404 Not Found", *header = NULL, *body = "nothing here";
	for (size_t i = 0; i < sizeof s_answers / sizeof s_answers[0]; i++) {
		if (strcmp (path, s_answers[i].path) == 0) {
			status = s_answers[i].status;
			header = s_answers[i].header;
			body = s_answers[i].body;
		}
	}
	bool half = strcmp (path, "/half") == 0, big = strcmp (path, "/big") == 0;
	char length[64] = "";
	if (!big)
		snprintf (length, sizeof length, "Content-Length: %zu\r\n",
		          strlen (body) + (half ? 100 : 0));
	char *text = weir_asprintf ("HTTP/1.1 %s\r\nConnection: close\r\n%s%s%s\r\n%s", status, length,
	                            header != NULL ? header : "", header != NULL ? "\r\n" : "", body);
	s_send (fd, text, strlen (text));
	free (text);
	if (big)
		s_send_big (fd);
}

static void *
s_serve (void *arg)
{
	(void) arg;
	for (;;) {
		char request[4096] = "", path[256] = "";
		int fd = accept (s_listener, NULL, NULL);
		if (fd < 0)
			return NULL;
		size_t n = 0;
		ssize_t got = 1;
		while (strstr (request, "\r\n\r\n") == NULL && n + 1 < sizeof request && got > 0) {
			got = recv (fd, request + n, sizeof request - 1 - n, 0);
			n += got > 0 ? (size_t) got : 0;
		}
		if (sscanf (request, "GET %255s", path) == 1)
			s_answer (fd, path);
		close (fd);
	}
}

static int
s_load (const char *path, weir_stac_items_t **items_out, weir_err_t *err)
{
	char *url = weir_asprintf ("http://127.0.0.1:%d%s", s_port, path);
	weir_plan_want_t want = { .url = url };
	char **warnings;
	size_t n_warnings;
	int status = weir_stac_load (&want, false, NULL, NULL, items_out, &warnings, &n_warnings, err);
	free (url);
	return status;
}

static void
s_test_good (void **state)
{
	(void) state;
	static const char *const paths[] = { "/c/collection.json", "/moved", "/api-small" };
	for (size_t i = 0; i < 3; i++) {
		weir_stac_items_t *items;
		weir_err_t err;
		if (s_load (paths[i], &items, &err) != 0)
			fail_msg ("%s: %s", err.where, err.text);
		assert_int_equal (items->n_items, i < 2 ? 2 : 1);
		char *href = weir_asprintf ("http://127.0.0.1:%d%s/cog/a.tif", s_port, i < 2 ? "/c" : "");
		assert_string_equal (items->items[0].id, "a");
		assert_string_equal (items->items[0].assets[0].href, href);
		free (href);
		weir_stac_items_destroy (&items);
	}
}

static void
s_test_bad (void **state)
{
	(void) state;
	static const struct {
		const char *path;
		int status;
		weir_err_class_t klass;
		const char *message;
	} rows[] = {
		{ "/nothing", WEIR_E_NOT_FOUND, WEIR_CLASS_GIVE_UP,
		  "The requested URL returned error: 404" },
		{ "/busy", WEIR_E_IO, WEIR_CLASS_RETRY, "The requested URL returned error: 503" },
		{ "/round", WEIR_E_IO, WEIR_CLASS_GIVE_UP, "Maximum (5) redirects followed" },
		{ "/to-file", WEIR_E_IO, WEIR_CLASS_GIVE_UP, "cannot fetch: " },
		{ "/html", WEIR_E_INVALID, WEIR_CLASS_GIVE_UP, "not JSON: found an HTML page" },
		{ "/half", WEIR_E_IO, WEIR_CLASS_RETRY, "transfer closed with 100 bytes remaining" },
		{ "/big", WEIR_E_UNSUPPORTED, WEIR_CLASS_GIVE_UP, "larger than 64 MiB" },
		{ "/api", WEIR_E_UNSUPPORTED, WEIR_CLASS_GIVE_UP, "gives its items in pages" },
		{ "/leads-out", WEIR_E_INVALID, WEIR_CLASS_GIVE_UP,
		  "leads out of the network: /etc/hostname" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		weir_stac_items_t *items;
		weir_err_t err;
		assert_int_equal (s_load (rows[i].path, &items, &err), rows[i].status);
		assert_string_equal (err.code, "StacUnreadable");
		assert_int_equal (err.klass, rows[i].klass);
		assert_non_null (strstr (err.where, "http://127.0.0.1:"));
		if (strstr (err.text, rows[i].message) == NULL)
			fail_msg ("%s: expected '%s' in '%s'", rows[i].path, rows[i].message, err.text);
		assert_null (items);
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
	uint16_t port = s_port;
	s_port = ntohs (address.sin_port);
	weir_stac_items_t *items;
	weir_err_t err;
	assert_int_equal (s_load ("/c", &items, &err), WEIR_E_IO);
	assert_int_equal (err.klass, WEIR_CLASS_RETRY);
	assert_non_null (strstr (err.text, "cannot fetch: Failed to connect to 127.0.0.1"));
	s_port = port;
	close (fd);
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (s_test_good),
		cmocka_unit_test (s_test_bad),
		cmocka_unit_test (s_test_refused),
	};
	setenv ("no_proxy", "127.0.0.1", 1);
	struct sockaddr_in address = { .sin_family = AF_INET,
		                           .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
	socklen_t n = sizeof address;
	s_listener = socket (AF_INET, SOCK_STREAM, 0);
	if (bind (s_listener, (struct sockaddr *) &address, n) != 0 || listen (s_listener, 16) != 0 ||
	    getsockname (s_listener, (struct sockaddr *) &address, &n) != 0) {
		printf ("skipped: no socket on the loopback\n");
		return 77;
	}
	s_port = ntohs (address.sin_port);
	pthread_t server;
	weir_assert (pthread_create (&server, NULL, s_serve, NULL) == 0);
	int failures = cmocka_run_group_tests_name ("stac over http", tests, NULL, NULL);
	shutdown (s_listener, SHUT_RDWR);
	pthread_join (server, NULL);
	close (s_listener);
	return failures;
}
