/* test_name.c - addresses to GDAL names: what is built, what is refused */
#include "fixture.h"

#include "runtime/base/mem.h"

#include <stdlib.h>
#include <unistd.h>

typedef struct {
	const char *href;
	const char *name; /* NULL: refused; "./x": x below the working directory */
	int status;
	const char *code;
} s_case_t;

static const s_case_t s_cases[] = {
	{ "/data/a.tif", "/data/a.tif", 0, NULL },
	{ "/data/with space:and colon.tif", "/data/with space:and colon.tif", 0, NULL },
	{ "a.tif", "./a.tif", 0, NULL },
	{ "./sub/a.tif", "./sub/a.tif", 0, NULL },
	{ "../a.tif", "./../a.tif", 0, NULL },
	{ "file:///data/a.tif", "/data/a.tif", 0, NULL },
	{ "FILE:///data/a%20b%C3%BC.tif", "/data/a b\xc3\xbc.tif", 0, NULL },
	{ "file://localhost/data/a.tif", "/data/a.tif", 0, NULL },
	{ "file:/data/a.tif", "/data/a.tif", 0, NULL },
	{ "https://example.com/a.tif", "/vsiweir/public/https://example.com/a.tif", 0, NULL },
	{ "HTTP://example.com/a.tif", "/vsiweir/public/http://example.com/a.tif", 0, NULL },
	{ "https://example.com/a b/\xc3\xbc.tif?q={1}#f",
	  "/vsiweir/public/https://example.com/a%20b/%C3%BC.tif?q=%7B1%7D", 0, NULL },
	{ "https://example.com/a%20b.tif?X=%2F&Y=1",
	  "/vsiweir/public/https://example.com/a%20b.tif?X=%2F&Y=1", 0, NULL },
	{ "https://example.com:8443/a.tif", "/vsiweir/public/https://example.com:8443/a.tif", 0, NULL },
	{ "https://[2606:2800::1]/a.tif", "/vsiweir/public/https://[2606:2800::1]/a.tif", 0, NULL },
	{ "https://example.com/<VRTDataset>", "/vsiweir/public/https://example.com/%3CVRTDataset%3E", 0,
	  NULL },
	{ "https://user@example.com/a.tif", NULL, WEIR_E_INVALID, "AddressNotAllowed" },
	{ "https://user:secret@example.com/a.tif", NULL, WEIR_E_INVALID, "AddressNotAllowed" },
	{ "https://example.com:22/a.tif", NULL, WEIR_E_INVALID, "AddressNotAllowed" },
	{ "https://example.com:99999/a.tif", NULL, WEIR_E_INVALID, "AddressNotAllowed" },
	{ "https://example.com/a\nb.tif", NULL, WEIR_E_INVALID, "AddressNotAllowed" },
	{ "https:///a.tif", NULL, WEIR_E_INVALID, "AddressNotAllowed" },
	{ "http://", NULL, WEIR_E_INVALID, "AddressNotAllowed" },
	{ "http://localhost/a.tif", NULL, WEIR_E_INVALID, "AddressNotAllowed" },
	{ "http://127.0.0.1:8080/a.tif", NULL, WEIR_E_INVALID, "AddressNotAllowed" },
	{ "http://2130706433/a.tif", NULL, WEIR_E_INVALID, "AddressNotAllowed" },
	{ "http://0x7f.1/a.tif", NULL, WEIR_E_INVALID, "AddressNotAllowed" },
	{ "http://10.1.2.3/a.tif", NULL, WEIR_E_INVALID, "AddressNotAllowed" },
	{ "http://172.16.0.1/a.tif", NULL, WEIR_E_INVALID, "AddressNotAllowed" },
	{ "http://192.168.0.1/a.tif", NULL, WEIR_E_INVALID, "AddressNotAllowed" },
	{ "http://169.254.169.254/latest", NULL, WEIR_E_INVALID, "AddressNotAllowed" },
	{ "http://[::1]/a.tif", NULL, WEIR_E_INVALID, "AddressNotAllowed" },
	{ "http://[fd00::1]/a.tif", NULL, WEIR_E_INVALID, "AddressNotAllowed" },
	{ "http://[fe80::1]/a.tif", NULL, WEIR_E_INVALID, "AddressNotAllowed" },
	{ "http://[::ffff:10.0.0.1]/a.tif", NULL, WEIR_E_INVALID, "AddressNotAllowed" },
	{ "", NULL, WEIR_E_INVALID, "AddressNotAllowed" },
	{ NULL, NULL, WEIR_E_INVALID, "AddressNotAllowed" },
	{ "file://other/data/a.tif", NULL, WEIR_E_INVALID, "AddressNotAllowed" },
	{ "file://a.tif", NULL, WEIR_E_INVALID, "AddressNotAllowed" },
	{ "file:a.tif", NULL, WEIR_E_INVALID, "AddressNotAllowed" },
	{ "file:///a%00b", NULL, WEIR_E_INVALID, "AddressNotAllowed" },
	{ "file:///a%2", NULL, WEIR_E_INVALID, "AddressNotAllowed" },
	{ "file:///a%zz", NULL, WEIR_E_INVALID, "AddressNotAllowed" },
	{ "file:///%76simem/a", NULL, WEIR_E_INVALID, "AddressNotAllowed" },
	{ "file:////vsicurl/a", NULL, WEIR_E_INVALID, "AddressNotAllowed" },
	{ "/vsimem/a.tif", NULL, WEIR_E_INVALID, "AddressNotAllowed" },
	{ "/vsicurl/https://example.com/a.tif", NULL, WEIR_E_INVALID, "AddressNotAllowed" },
	{ "/VSIS3/bucket/a.tif", NULL, WEIR_E_INVALID, "AddressNotAllowed" },
	{ "<VRTDataset/>", NULL, WEIR_E_INVALID, "AddressNotAllowed" },
	{ "GTIFF_DIR:1:/data/a.tif", NULL, WEIR_E_INVALID, "AddressNotAllowed" },
	{ "NETCDF:\"/data/a.nc\":t", NULL, WEIR_E_INVALID, "AddressNotAllowed" },
	{ "s3://bucket/a.tif", NULL, WEIR_E_INVALID, "AddressNotAllowed" },
	{ "ftp://example.com/a.tif", NULL, WEIR_E_INVALID, "AddressNotAllowed" },
};

static void
s_test_names (void **state)
{
	(void) state;
	char *here = getcwd (NULL, 0);
	for (size_t i = 0; i < sizeof s_cases / sizeof s_cases[0]; i++) {
		const s_case_t *c = &s_cases[i];
		weir_err_t err;
		char *name = NULL;
		weir_err_clear (&err);
		assert_int_equal (weir_raster_name_of_href (NULL, c->href, &name, &err), c->status);
		if (c->name == NULL) {
			assert_null (name);
			assert_string_equal (err.code, c->code);
			assert_string_equal (err.where, c->href != NULL ? c->href : "");
			continue;
		}
		char *expected = c->name[0] == '.' ? weir_asprintf ("%s/%s", here, c->name + 2)
		                                   : weir_strdup (c->name);
		assert_string_equal (name, expected);
		free (expected);
		free (name);
	}
	free (here);
}

static void
s_test_reach (void **state)
{
	(void) state;
	weir_raster_context_t context = { .reach = WEIR_REACH_ANY };
	weir_err_t err;
	char *name = NULL;
	assert_int_equal (weir_raster_name_of_href (&context, "http://127.0.0.1:81/a.tif", &name, &err),
	                  0);
	assert_string_equal (name, "/vsiweir/any/http://127.0.0.1:81/a.tif");
	assert_true (weir_raster_is_remote (name));
	free (name);
	assert_false (weir_raster_is_remote ("/data/a.tif"));
	assert_int_equal (weir_raster_reach_of ("/data/collection.json"), WEIR_REACH_ANY);
	assert_int_equal (weir_raster_reach_of ("collection.json"), WEIR_REACH_ANY);
	assert_int_equal (weir_raster_reach_of ("file:///data/collection.json"), WEIR_REACH_ANY);
	assert_int_equal (weir_raster_reach_of ("http://127.0.0.1:8080/c.json"), WEIR_REACH_ANY);
	assert_int_equal (weir_raster_reach_of ("https://8.8.8.8/c.json"), WEIR_REACH_PUBLIC);
	weir_raster_http_t never = { .private_hosts = WEIR_PRIVATE_NEVER }, normal = { 0 };
	weir_raster_http_configure (&never);
	assert_int_equal (weir_raster_reach_of ("/data/collection.json"), WEIR_REACH_PUBLIC);
	weir_raster_http_configure (&normal);
}

int
main (void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test (s_test_names),
		                                cmocka_unit_test (s_test_reach) };
	return cmocka_run_group_tests (tests, fixture_setup, fixture_teardown);
}
