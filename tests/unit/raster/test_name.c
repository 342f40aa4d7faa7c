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
	{ "https://example.com/a.tif", NULL, WEIR_E_UNSUPPORTED, "RasterUnreadable" },
	{ "HTTP://example.com/a.tif", NULL, WEIR_E_UNSUPPORTED, "RasterUnreadable" },
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

int
main (void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test (s_test_names) };
	return cmocka_run_group_tests (tests, fixture_setup, fixture_teardown);
}
