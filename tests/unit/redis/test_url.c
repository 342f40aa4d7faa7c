/* test_url.c - addresses of Redis, and the names in keys */
#include "connectors/redis/internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct {
	const char *text, *path, *host, *user, *password, *shown;
	int port, db;
} s_good[] = {
	{ "unix:///run/r.sock", "/run/r.sock", NULL, NULL, NULL, "unix:///run/r.sock", 0, 0 },
	{ "redis://localhost", NULL, "localhost", NULL, NULL, "redis://localhost", 6379, 0 },
	{ "redis://h:1/15", NULL, "h", NULL, NULL, "redis://h:1/15", 1, 15 },
	{ "redis://h:65535/", NULL, "h", NULL, NULL, "redis://h:65535/", 65535, 0 },
	{ "redis://[::1]:7000/2", NULL, "::1", NULL, NULL, "redis://[::1]:7000/2", 7000, 2 },
	{ "redis://[::1]", NULL, "::1", NULL, NULL, "redis://[::1]", 6379, 0 },
	{ "redis://:pass@h:1", NULL, "h", "", "pass", "redis://h:1", 1, 0 },
	{ "redis://me:p%40s%3As%2f%zz@h:1", NULL, "h", "me", "p@s:s/%zz", "redis://h:1", 1, 0 },
	{ "redis://me:a@b@h", NULL, "h", "me", "a@b", "redis://h", 6379, 0 },
};

static const char *const s_bad[] = {
	"",
	"h:1",
	"http://h",
	"unix://relative",
	"unix://",
	"redis://",
	"redis://:1",
	"redis://h:",
	"redis://h:0",
	"redis://h:65536",
	"redis://h:99999999999999999999",
	"redis://h:x",
	"redis://h/x",
	"redis://h/-1",
	"redis://h/10000",
	"redis://[::1",
	"redis://[::1]x",
	"redis://me:p@",
};

static void
s_check_text (const char *got, const char *expected)
{
	assert_int_equal (got == NULL, expected == NULL);
	if (expected != NULL)
		assert_string_equal (got, expected);
}

static void
test_good_urls (void **state)
{
	(void) state;
	for (size_t i = 0; i < sizeof s_good / sizeof *s_good; i++) {
		weir_redis_url_t url;
		weir_err_t err;
		assert_int_equal (weir_redis_url_parse (s_good[i].text, &url, &err), 0);
		s_check_text (url.path, s_good[i].path);
		s_check_text (url.host, s_good[i].host);
		s_check_text (url.user, s_good[i].user);
		s_check_text (url.password, s_good[i].password);
		s_check_text (url.shown, s_good[i].shown);
		assert_int_equal (url.port, s_good[i].port);
		assert_int_equal (url.db, s_good[i].db);
		weir_redis_url_clear (&url);
	}
}

static void
test_bad_urls (void **state)
{
	(void) state;
	for (size_t i = 0; i < sizeof s_bad / sizeof *s_bad; i++) {
		weir_redis_url_t url;
		weir_err_t err;
		weir_redis_t *redis = (weir_redis_t *) &url;
		assert_int_equal (weir_redis_url_parse (s_bad[i], &url, &err), WEIR_E_INVALID);
		assert_string_equal (err.code, "RedisUnavailable");
		assert_null (strstr (err.where, "me:p"));
		assert_int_equal (weir_redis_connect (s_bad[i], 1, &redis, &err), WEIR_E_INVALID);
		assert_null (redis);
	}
}

/* A unix socket's path: 107 bytes fit, 108 do not. */
static void
test_long_paths (void **state)
{
	(void) state;
	char text[200];
	weir_redis_url_t url;
	weir_err_t err;
	memset (text, 'a', sizeof text);
	memcpy (text, "unix:///", 8);
	text[7 + 107] = '\0';
	assert_int_equal (weir_redis_url_parse (text, &url, &err), 0);
	weir_redis_url_clear (&url);
	text[7 + 107] = 'a';
	text[7 + 108] = '\0';
	assert_int_equal (weir_redis_url_parse (text, &url, &err), WEIR_E_INVALID);
	assert_non_null (strstr (err.text, "too long: 108 bytes, at most 107"));
}

static void
test_job_keys (void **state)
{
	(void) state;
	static const struct {
		const char *cluster, *job, *key;
	} s_keys[] = {
		{ "local", "job-1", "weir:{local:job-1}" },
		{ "a:b", "c", "weir:{a%3Ab:c}" },
		{ "a", "b:c", "weir:{a:b%3Ac}" },
		{ "{x}", "% \n", "weir:{%7Bx%7D:%25%20%0A}" },
		{ "é", "", "weir:{é:}" },
	};
	for (size_t i = 0; i < sizeof s_keys / sizeof *s_keys; i++) {
		weir_redis_t redis = { .cluster = (char *) s_keys[i].cluster };
		char *key = weir_redis_job_key (&redis, s_keys[i].job);
		assert_string_equal (key, s_keys[i].key);
		free (key);
	}
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (test_good_urls),
		cmocka_unit_test (test_bad_urls),
		cmocka_unit_test (test_long_paths),
		cmocka_unit_test (test_job_keys),
	};
	return cmocka_run_group_tests (tests, NULL, NULL);
}
