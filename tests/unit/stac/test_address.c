/* test_address.c - addresses, against the examples of RFC 3986 5.4 and paths; instants */
#include "connectors/stac/address.h"
#include "connectors/stac/instant.h"
#include "runtime/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const struct {
	const char *base, *reference, *address;
} s_resolved[] = {
	/* RFC 3986, 5.4.1 and 5.4.2 */
	{ "http://a/b/c/d;p?q", "g:h", "g:h" },
	{ "http://a/b/c/d;p?q", "g", "http://a/b/c/g" },
	{ "http://a/b/c/d;p?q", "./g", "http://a/b/c/g" },
	{ "http://a/b/c/d;p?q", "g/", "http://a/b/c/g/" },
	{ "http://a/b/c/d;p?q", "/g", "http://a/g" },
	{ "http://a/b/c/d;p?q", "//g", "http://g" },
	{ "http://a/b/c/d;p?q", "?y", "http://a/b/c/d;p?y" },
	{ "http://a/b/c/d;p?q", "g?y", "http://a/b/c/g?y" },
	{ "http://a/b/c/d;p?q", "#s", "http://a/b/c/d;p?q#s" },
	{ "http://a/b/c/d;p?q", "g#s", "http://a/b/c/g#s" },
	{ "http://a/b/c/d;p?q", "g?y#s", "http://a/b/c/g?y#s" },
	{ "http://a/b/c/d;p?q", ";x", "http://a/b/c/;x" },
	{ "http://a/b/c/d;p?q", "g;x?y#s", "http://a/b/c/g;x?y#s" },
	{ "http://a/b/c/d;p?q", "", "http://a/b/c/d;p?q" },
	{ "http://a/b/c/d;p?q", ".", "http://a/b/c/" },
	{ "http://a/b/c/d;p?q", "./", "http://a/b/c/" },
	{ "http://a/b/c/d;p?q", "..", "http://a/b/" },
	{ "http://a/b/c/d;p?q", "../", "http://a/b/" },
	{ "http://a/b/c/d;p?q", "../g", "http://a/b/g" },
	{ "http://a/b/c/d;p?q", "../..", "http://a/" },
	{ "http://a/b/c/d;p?q", "../../g", "http://a/g" },
	{ "http://a/b/c/d;p?q", "../../../g", "http://a/g" },
	{ "http://a/b/c/d;p?q", "/./g", "http://a/g" },
	{ "http://a/b/c/d;p?q", "/../g", "http://a/g" },
	{ "http://a/b/c/d;p?q", "g.", "http://a/b/c/g." },
	{ "http://a/b/c/d;p?q", ".g", "http://a/b/c/.g" },
	{ "http://a/b/c/d;p?q", "g..", "http://a/b/c/g.." },
	{ "http://a/b/c/d;p?q", "./../g", "http://a/b/g" },
	{ "http://a/b/c/d;p?q", "./g/.", "http://a/b/c/g/" },
	{ "http://a/b/c/d;p?q", "g/./h", "http://a/b/c/g/h" },
	{ "http://a/b/c/d;p?q", "g/../h", "http://a/b/c/h" },
	{ "http://a/b/c/d;p?q", "g;x=1/../y", "http://a/b/c/y" },
	{ "http://a/b/c/d;p?q", "g?y/../x", "http://a/b/c/g?y/../x" },
	/* what catalogues do */
	{ "https://host", "items/a.json", "https://host/items/a.json" },
	{ "https://host/c?token=1", "a.tif", "https://host/a.tif" },
	{ "s3://bucket/k/item.json", "../a.tif", "s3://bucket/a.tif" },
	{ "https://host/c.json", "s3://bucket/a.tif", "s3://bucket/a.tif" },
	{ "/data/items/a.json", "../cog/a.tif", "/data/cog/a.tif" },
	{ "/data/items/a.json", "./a.tif", "/data/items/a.tif" },
	{ "/data/items/a.json", "/other/a.tif", "/other/a.tif" },
	{ "/data/a.json", "../../../a.tif", "/a.tif" },
	{ "/data/a.json", "a%20b.tif", "/data/a%20b.tif" },
	{ "/data/a.json", "x//./y/../a.tif", "/data/x/a.tif" },
	{ "/data/a.json", "https://host/x/../a.tif?sig=%2F", "https://host/x/../a.tif?sig=%2F" },
	{ "/data/a.json", "file:///x/a%20b.tif", "/x/a b.tif" },
	{ "/data/a.json", "", "/data/a.json" },
	{ "/data/a.json", "..", "/" },
};

static void
s_test_resolve (void **state)
{
	(void) state;
	for (size_t i = 0; i < sizeof s_resolved / sizeof s_resolved[0]; i++) {
		char *address = weir_address_resolve (s_resolved[i].base, s_resolved[i].reference);
		assert_string_equal (address, s_resolved[i].address);
		free (address);
	}
}

static void
s_test_file_urls (void **state)
{
	(void) state;
	static const struct {
		const char *url, *path;
	} rows[] = {
		{ "file:///a/b.json", "/a/b.json" },
		{ "file://localhost/a", "/a" },
		{ "FILE:/a/../b", "/b" },
		{ "file:///a%2Fb%zz%4", "/a/b%zz%4" },
		{ "file://elsewhere/a", NULL },
		{ "file:a", NULL },
		{ "file:///a%00b", NULL },
		{ "http://a/b", NULL },
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char *path = weir_address_path_of_file_url (rows[i].url);
		if (rows[i].path == NULL)
			assert_null (path);
		else
			assert_string_equal (path, rows[i].path);
		free (path);
	}
}

static void
s_test_absolute (void **state)
{
	(void) state;
	char *folder = getcwd (NULL, 0);
	char *expected = weir_asprintf ("%s/a.json", strcmp (folder, "/") == 0 ? "" : folder);
	char *address = weir_address_absolute ("x/../a.json");
	assert_string_equal (address, expected);
	free (address);
	free (expected);
	free (folder);
	address = weir_address_absolute ("HTTPS://Host/a");
	assert_string_equal (address, "HTTPS://Host/a");
	assert_true (weir_address_is_http (address));
	free (address);
}

static void
s_test_instants (void **state)
{
	(void) state;
	static const struct {
		const char *text;
		int64_t time_us;
	} good[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "1970-01-01", 0 },
		{ "1969-12-31T23:59:59.5Z", -500000 },
		{ "2022-09-01T05:12:33Z", 1662009153000000 },
		{ "2022-09-01t05:12:33z", 1662009153000000 },
		{ "2022-09-01 05:12:33", 1662009153000000 },
		{ "2022-09-01T07:12:33+02:00", 1662009153000000 },
		{ "2022-09-01T00:42:33-0430", 1662009153000000 },
		{ "2020-01-14T17:05:46.732651Z", 1579021546732651 },
		{ "2020-01-14T17:05:46.732651999Z", 1579021546732651 },
		{ "2020-02-29T00:00:00Z", 1582934400000000 },
		{ "2016-12-31T23:59:60Z", 1483228800000000 },
		{ "0000-03-01T00:00:00Z", -62162035200000000 },
		{ "9999-12-31T23:59:59.999999Z", 253402300799999999 },
	};
	static const char *const bad[] = {
		"",
		"now",
		"2022",
		"2022-9-1",
		"2022-13-01",
		"2021-02-29T00:00:00Z",
		"2022-00-10",
		"2022-01-00",
		"2022-01-01T",
		"2022-01-01T24:00:00Z",
		"2022-01-01T00:60:00Z",
		"2022-01-01T00:00:61Z",
		"2022-01-01T00:00:00.Z",
		"2022-01-01T00:00:00+25:00",
		"2022-01-01T00:00:00Zz",
		"2022-01-01T00:00Z",
		"2022-01-01T00:00:00+",
		"20220101T000000Z",
		" 2022-01-01",
		"2022-01-01Z",
	};
	int64_t time_us;
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		assert_true (weir_instant_parse (good[i].text, &time_us));
		assert_int_equal (time_us, good[i].time_us);
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_false (weir_instant_parse (bad[i], &time_us));
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (s_test_resolve),
		cmocka_unit_test (s_test_file_urls),
		cmocka_unit_test (s_test_absolute),
		cmocka_unit_test (s_test_instants),
	};
	return cmocka_run_group_tests_name ("stac addresses", tests, NULL, NULL);
}
