/* test_fetch.c - byte ranges over HTTP: what is believed, what is refused, what is given up
 *
 * server.py serves a file of which byte i is i * 7 + i / 256.
 */
#include "connectors/raster/fetch.h"
#include "connectors/raster/url.h"

#include "runtime/base/mem.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define FILE_BYTES 100000

extern char **environ;
static char s_folder[] = "/tmp/weir-fetch-XXXXXX";
static pid_t s_server;
static int s_keep_alive;
static unsigned s_port;

static uint8_t
s_byte (size_t i)
{
	return (uint8_t) (i * 7 + i / 256);
}

static int
s_start_server (void)
{
	int in[2], out[2];
	char text[16] = "", *script = weir_asprintf ("%s/tests/integration/remote/server.py",
	                                             getenv ("WEIR_SOURCE_DIR"));
	if (pipe2 (in, O_CLOEXEC) != 0 || pipe2 (out, O_CLOEXEC) != 0)
		return -1;
	posix_spawn_file_actions_t actions;
	posix_spawn_file_actions_init (&actions);
	posix_spawn_file_actions_adddup2 (&actions, in[0], 0);
	posix_spawn_file_actions_adddup2 (&actions, out[1], 1);
	char *argv[] = { "python3", script, s_folder, NULL };
	int failed = posix_spawnp (&s_server, "python3", &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy (&actions);
	free (script);
	close (in[0]);
	close (out[1]);
	s_keep_alive = in[1];
	FILE *said = fdopen (out[0], "re");
	bool has_line = !failed && said != NULL && fgets (text, sizeof text, said) != NULL;
	if (said != NULL)
		fclose (said);
	s_port = (unsigned) strtoul (text, NULL, 10);
	return has_line && s_port > 0 ? 0 : -1;
}

static int
s_setup (void **state)
{
	(void) state;
	weir_raster_http_t config = { .silence_s = 1, .connect_s = 2 };
	weir_raster_http_configure (&config);
	if (getenv ("WEIR_SOURCE_DIR") == NULL || mkdtemp (s_folder) == NULL)
		return -1;
	char *path = weir_asprintf ("%s/f", s_folder);
	FILE *file = fopen (path, "we");
	free (path);
	if (file == NULL)
		return -1;
	for (size_t i = 0; i < FILE_BYTES; i++)
		fputc (s_byte (i), file);
	fclose (file);
	return s_start_server ();
}

static int
s_teardown (void **state)
{
	(void) state;
	weir_fetch_shutdown ();
	close (s_keep_alive);
	kill (s_server, SIGTERM);
	waitpid (s_server, NULL, 0);
	char *path = weir_asprintf ("%s/f", s_folder);
	unlink (path);
	free (path);
	return rmdir (s_folder);
}

static char *
s_url (const char *how)
{
	return weir_asprintf ("http://127.0.0.1:%u/%s/f", s_port, how);
}

static void
s_wait (weir_fetch_group_t *group, const weir_fetch_t *fetch)
{
	weir_err_t err;
	for (;;) {
		uint64_t seen = weir_fetch_group_count (group);
		if (weir_fetch_is_done (fetch))
			return;
		assert_int_equal (weir_fetch_group_wait (group, seen, &err), 0);
	}
}

static void
s_check_bytes (const weir_fetch_t *fetch, size_t offset, size_t n_wanted)
{
	size_t n;
	const uint8_t *bytes = weir_fetch_bytes (fetch, &n);
	assert_int_equal (n, n_wanted);
	for (size_t i = 0; i < n; i++)
		assert_int_equal (bytes[i], s_byte (offset + i));
}

static void
s_test_ranges (void **state)
{
	(void) state;
	static const struct {
		size_t offset, n, n_got;
	} cases[] = { { 0, 1, 1 },     { 0, 32768, 32768 }, { 0, 1000000, FILE_BYTES },
		          { 99999, 1, 1 }, { 99990, 100, 10 },  { 5000, 60000, 60000 } };
	enum { N = sizeof cases / sizeof cases[0] };
	weir_fetch_group_t *group = weir_fetch_group_new ();
	weir_fetch_t *fetches[N];
	char *url = s_url ("good");
	for (size_t i = 0; i < N; i++)
		fetches[i] = weir_fetch_start (group, url, WEIR_REACH_ANY, cases[i].offset, cases[i].n,
		                               NULL);
	for (size_t i = 0; i < N; i++) {
		weir_err_t err;
		s_wait (group, fetches[i]);
		assert_int_equal (weir_fetch_status (fetches[i], &err), 0);
		s_check_bytes (fetches[i], cases[i].offset, cases[i].n_got);
		assert_int_equal (weir_fetch_version (fetches[i])->size, FILE_BYTES);
		assert_string_equal (weir_fetch_version (fetches[i])->etag, "\"one\"");
		weir_fetch_end (&fetches[i]);
	}
	free (url);
	weir_fetch_group_destroy (&group);
}

/* More than may run at a time, half of them given up at once. */
static void
s_test_many (void **state)
{
	(void) state;
	enum { N = 300 };
	weir_fetch_group_t *group = weir_fetch_group_new ();
	weir_fetch_t *fetches[N];
	char *url = s_url ("good");
	for (size_t i = 0; i < N; i++)
		fetches[i] = weir_fetch_start (group, url, WEIR_REACH_ANY, i * 300, 300, NULL);
	for (size_t i = 0; i < N; i += 2)
		weir_fetch_end (&fetches[i]);
	for (size_t i = 1; i < N; i += 2) {
		weir_err_t err;
		s_wait (group, fetches[i]);
		if (weir_fetch_status (fetches[i], &err) != 0)
			fail_msg ("%s", err.text);
		s_check_bytes (fetches[i], i * 300, 300);
		weir_fetch_end (&fetches[i]);
	}
	free (url);
	weir_fetch_group_destroy (&group);
}

static void
s_test_failures (void **state)
{
	(void) state;
	static const struct {
		const char *how;
		size_t offset;
		int status;
		weir_err_class_t klass;
		const char *code, *words;
	} cases[] = {
		{ "missing", 0, WEIR_E_NOT_FOUND, WEIR_CLASS_GIVE_UP, "RasterUnreadable", "error: 404" },
		{ "denied", 0, WEIR_E_IO, WEIR_CLASS_GIVE_UP, "RasterUnreadable", "error: 403" },
		{ "always503", 0, WEIR_E_IO, WEIR_CLASS_RETRY, "RasterUnreadable", "error: 503" },
		{ "wrong", 10, WEIR_E_IO, WEIR_CLASS_RETRY, "RasterUnreadable", "another range" },
		{ "close", 10, WEIR_E_IO, WEIR_CLASS_RETRY, "RasterUnreadable", "transfer closed" },
		{ "stall", 10, WEIR_E_IO, WEIR_CLASS_RETRY, "RasterUnreadable", "too slow" },
		{ "mute", 0, WEIR_E_IO, WEIR_CLASS_RETRY, "RasterUnreadable", "too slow" },
		{ "whole", 0, WEIR_E_IO, WEIR_CLASS_GIVE_UP, "RasterUnreadable", "byte ranges" },
		{ "whole", 10, WEIR_E_IO, WEIR_CLASS_GIVE_UP, "RasterUnreadable", "byte ranges" },
		{ "gzip", 0, WEIR_E_IO, WEIR_CLASS_GIVE_UP, "RasterUnreadable", "compresses" },
		{ "loop", 0, WEIR_E_IO, WEIR_CLASS_GIVE_UP, "RasterUnreadable", "5 redirects" },
		{ "file", 0, WEIR_E_INVALID, WEIR_CLASS_GIVE_UP, "AddressNotAllowed", "only http" },
		{ "user", 0, WEIR_E_INVALID, WEIR_CLASS_GIVE_UP, "AddressNotAllowed", "user name" },
	};
	enum { N = sizeof cases / sizeof cases[0] };
	weir_fetch_group_t *group = weir_fetch_group_new ();
	weir_fetch_t *fetches[N];
	for (size_t i = 0; i < N; i++) {
		char *url = s_url (cases[i].how);
		fetches[i] = weir_fetch_start (group, url, WEIR_REACH_ANY, cases[i].offset, 5000, NULL);
		free (url);
	}
	for (size_t i = 0; i < N; i++) {
		weir_err_t err;
		char *url = s_url (cases[i].how);
		s_wait (group, fetches[i]);
		assert_int_equal (weir_fetch_status (fetches[i], &err), cases[i].status);
		assert_int_equal (err.klass, cases[i].klass);
		assert_string_equal (err.code, cases[i].code);
		assert_string_equal (err.where, url);
		if (strstr (err.text, cases[i].words) == NULL)
			fail_msg ("%s: no \"%s\" in: %s", cases[i].how, cases[i].words, err.text);
		weir_fetch_end (&fetches[i]);
		free (url);
	}
	weir_fetch_group_destroy (&group);
}

static void
s_test_version (void **state)
{
	(void) state;
	static const struct {
		weir_fetch_version_t expected;
		bool is_same;
	} cases[] = {
		{ { FILE_BYTES, "\"one\"", "" }, true },    { { FILE_BYTES, "", "" }, true },
		{ { FILE_BYTES, "W/\"zero\"", "" }, true }, /* weak tags say nothing of bytes */
		{ { FILE_BYTES, "\"zero\"", "" }, false },  { { FILE_BYTES + 1, "\"one\"", "" }, false },
	};
	weir_fetch_group_t *group = weir_fetch_group_new ();
	char *url = s_url ("good");
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		weir_err_t err;
		weir_fetch_t *fetch = weir_fetch_start (group, url, WEIR_REACH_ANY, 0, 10,
		                                        &cases[i].expected);
		s_wait (group, fetch);
		assert_int_equal (weir_fetch_status (fetch, &err), cases[i].is_same ? 0 : WEIR_E_IO);
		if (!cases[i].is_same) {
			assert_int_equal (err.klass, WEIR_CLASS_GIVE_UP);
			assert_non_null (strstr (err.text, "has changed"));
		}
		weir_fetch_end (&fetch);
	}
	free (url);
	weir_fetch_group_destroy (&group);
}

/* ---- private hosts: for this test 127.0.0.2 is, 127.0.0.1 is not */

static bool
s_is_two (const struct sockaddr *address)
{
	struct sockaddr_in v4;
	memcpy (&v4, address, sizeof v4);
	return ntohl (v4.sin_addr.s_addr) == 0x7f000002;
}

static bool
s_say_no (const char *host)
{
	(void) host;
	return false;
}

static int
s_fetch_public (const char *how, weir_err_t *err)
{
	weir_fetch_group_t *group = weir_fetch_group_new ();
	char *url = s_url (how);
	weir_fetch_t *fetch = weir_fetch_start (group, url, WEIR_REACH_PUBLIC, 0, 10, NULL);
	s_wait (group, fetch);
	int status = weir_fetch_status (fetch, err);
	weir_fetch_end (&fetch);
	free (url);
	weir_fetch_group_destroy (&group);
	return status;
}

static void
s_test_private (void **state)
{
	(void) state;
	weir_err_t err;
	weir_url_rules_t rules = weir_url_rules;
	assert_int_equal (s_fetch_public ("good", &err), WEIR_E_INVALID); /* by its text */
	assert_string_equal (err.code, "AddressNotAllowed");
	weir_url_rules = (weir_url_rules_t){ .is_private = s_is_two, .is_private_name = s_say_no };
	assert_int_equal (s_fetch_public ("good", &err), 0);
	assert_int_equal (s_fetch_public ("hop", &err), 0);
	assert_int_equal (s_fetch_public ("inside", &err), WEIR_E_INVALID); /* by the socket */
	assert_string_equal (err.code, "AddressNotAllowed");
	assert_int_equal (err.klass, WEIR_CLASS_GIVE_UP);
	assert_non_null (strstr (err.text, "a private address (redirected to http://127.0.0.2:"));
	weir_url_rules = rules;
}

static bool
s_say_yes (void *arg)
{
	(void) arg;
	return true;
}

static void
s_test_cancel (void **state)
{
	(void) state;
	weir_err_t err;
	weir_fetch_group_t *group = weir_fetch_group_new ();
	char *url = s_url ("mute");
	weir_fetch_group_watch (group, s_say_yes, NULL);
	weir_fetch_t *fetch = weir_fetch_start (group, url, WEIR_REACH_ANY, 0, 10, NULL);
	assert_int_equal (weir_fetch_group_wait (group, weir_fetch_group_count (group), &err),
	                  WEIR_E_CANCELLED);
	weir_fetch_end (&fetch);
	assert_null (fetch);
	free (url);
	weir_fetch_group_destroy (&group);
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (s_test_ranges),   cmocka_unit_test (s_test_many),
		cmocka_unit_test (s_test_failures), cmocka_unit_test (s_test_version),
		cmocka_unit_test (s_test_private),  cmocka_unit_test (s_test_cancel),
	};
	return cmocka_run_group_tests (tests, s_setup, s_teardown);
}
