/* test_crs.c - which texts are a CRS, which two are the same, and where points go */
#include "fixture.h"

#include "runtime/base/mem.h"

#include <cpl_conv.h>
#include <math.h>
#include <ogr_srs_api.h>
#include <pthread.h>
#include <stdlib.h>

static const char s_projjson[] =
	"{\"type\":\"GeographicCRS\",\"name\":\"WGS 84\",\"datum\":{\"type\":\"GeodeticReferenceFrame\","
	"\"name\":\"World Geodetic System 1984\",\"ellipsoid\":{\"name\":\"WGS 84\",\"semi_major_axis\":6378137,"
	"\"inverse_flattening\":298.257223563}},\"coordinate_system\":{\"subtype\":\"ellipsoidal\",\"axis\":["
	"{\"name\":\"Geodetic latitude\",\"abbreviation\":\"Lat\",\"direction\":\"north\",\"unit\":\"degree\"},"
	"{\"name\":\"Geodetic longitude\",\"abbreviation\":\"Lon\",\"direction\":\"east\",\"unit\":\"degree\"}]},"
	"\"id\":{\"authority\":\"EPSG\",\"code\":4326}}";

#define EQUI7(name, datum)                                                                         \
	"PROJCRS[\"" name "\",BASEGEOGCRS[\"" name "\",DATUM[\"" datum                                 \
	"\",ELLIPSOID[\"WGS 84\",6378137,298.257223563,LENGTHUNIT[\"metre\",1]]],"                     \
	"PRIMEM[\"Greenwich\",0,"                                                                      \
	"ANGLEUNIT[\"degree\",0.0174532925199433]]],CONVERSION[\"" name                                \
	"\",METHOD[\"Modified Azimuthal Equidistant\",ID[\"EPSG\",9832]],"                             \
	"PARAMETER[\"Latitude of natural origin\",47,ANGLEUNIT[\"degree\",0.0174532925199433],"        \
	"ID[\"EPSG\",8801]],PARAMETER[\"Longitude of natural origin\",94,ANGLEUNIT[\"degree\","        \
	"0.0174532925199433],ID[\"EPSG\",8802]],PARAMETER[\"False easting\",4340913.84808,"            \
	"LENGTHUNIT[\"metre\",1],ID[\"EPSG\",8806]],PARAMETER[\"False northing\",4812712.92347,"       \
	"LENGTHUNIT[\"metre\",1],ID[\"EPSG\",8807]]],CS[Cartesian,2],AXIS[\"easting\",east,ORDER[1],"  \
	"LENGTHUNIT[\"metre\",1]],AXIS[\"northing\",north,ORDER[2],LENGTHUNIT[\"metre\",1]]]"

static char *
s_resolve (const char *text)
{
	return weir_raster_crs_resolve (NULL, 1, &text);
}

static void
s_test_resolve (void **state)
{
	(void) state;
	static const struct {
		const char *text, *begin; /* begin NULL: no CRS */
	} cases[] = {
		{ "EPSG:32735", "PROJCRS[\"WGS 84 / UTM zone 35S\"" },
		{ "epsg:4326", "GEOGCRS[\"WGS 84\"" },
		{ " EPSG:4326", "GEOGCRS[\"WGS 84\"" },
		{ "ESRI:54009", "PROJCRS[\"World_Mollweide\"" },
		{ "OGC:CRS84", "GEOGCRS[\"WGS 84" },
		{ s_projjson, "GEOGCRS[\"WGS 84\"" },
		{ EQUI7 ("Azimuthal_Equidistant", "World Geodetic System 1984"),
		  "PROJCRS[\"Azimuthal_Equidistant\"" },
		{ "", NULL },
		{ "EPSG:", NULL },
		{ "EPSG:0", NULL },
		{ "EPSG:99999999999999999999", NULL },
		{ "EPSG:123456", NULL },
		{ "EPSG:4326+5773/../x", NULL },
		{ "NOPE:4326", NULL },
		{ "4326", NULL },
		{ "WGS84", NULL },
		{ "+proj=longlat +datum=WGS84", NULL },
		{ "http://example.com/crs", NULL },
		{ "/etc/passwd", NULL },
		{ "ESRI::/etc/passwd", NULL },
		{ "{}", NULL },
		{ "{\"type\":\"Feature\"}", NULL },
		{ "{\"type\":\"ProjectedCRS\"}", NULL },
		{ "{not json", NULL },
		{ "PROJCRS[", NULL },
		{ "PROJCRS[\"x\"]", NULL },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char *wkt = s_resolve (cases[i].text);
		if (cases[i].begin == NULL) {
			assert_null (wkt);
			continue;
		}
		assert_non_null (wkt);
		assert_memory_equal (wkt, cases[i].begin, strlen (cases[i].begin));
		assert_null (strchr (wkt, '\n'));
		char *again = s_resolve (wkt); /* canonical: resolving it gives the same text */
		assert_non_null (again);
		assert_string_equal (again, wkt);
		free (again);
		free (wkt);
	}
}

static void
s_test_first_that_resolves (void **state)
{
	(void) state;
	const char *candidates[] = { NULL, "EPSG:27703000", "nonsense", "EPSG:4326", "EPSG:32735" };
	char *wkt = weir_raster_crs_resolve (NULL, 5, candidates);
	assert_non_null (wkt);
	assert_non_null (strstr (wkt, "ID[\"EPSG\",4326]"));
	free (wkt);
	assert_null (weir_raster_crs_resolve (NULL, 3, candidates));
	assert_null (weir_raster_crs_resolve (NULL, 0, NULL));
}

static void
s_test_equal (void **state)
{
	(void) state;
	static const struct {
		const char *a, *b;
		bool is_equal;
	} cases[] = {
		{ "EPSG:4326", "EPSG:4326", true },
		{ "EPSG:4326", s_projjson, true },
		{ "EPSG:4326", "OGC:CRS84", true }, /* order of axes is no difference for rasters */
		{ "EPSG:4326", "EPSG:32735", false },
		{ "EPSG:32735", "EPSG:32736", false },
		{ "EPSG:4258", "EPSG:4269", false }, /* two datums on one ellipsoid */
		{ "EPSG:4326", NULL, false },
		{ NULL, NULL, false },
		{ "EPSG:4326", "nonsense", false },
		{ EQUI7 ("unknown", "World Geodetic System 1984"),
		  EQUI7 ("Equi7 AS", "World Geodetic System 1984"), true },
		{ EQUI7 ("unknown", "World Geodetic System 1984"),
		  EQUI7 ("Equi7", "Unknown based on WGS 84 ellipsoid using towgs84=0,0,0"), true },
		{ EQUI7 ("unknown", "World Geodetic System 1984"), "EPSG:3857", false },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		assert_int_equal (weir_raster_crs_equal (NULL, cases[i].a, cases[i].b), cases[i].is_equal);
		assert_int_equal (weir_raster_crs_equal (NULL, cases[i].b, cases[i].a), cases[i].is_equal);
	}
}

/* proj:wkt2 of an item against the CRS of its file */
static void
s_check_item (const char *shared, const char *file, const char *wkt, bool is_equal)
{
	weir_err_t err;
	weir_probe_t probe;
	char *path = weir_asprintf ("%s/data/%s", shared, file);
	char *name = NULL;
	assert_ok (weir_raster_name_of_href (NULL, path, &name, &err), err);
	assert_ok (weir_raster_probe (NULL, name, &probe, &err), err);
	assert_non_null (probe.crs);
	char *resolved = s_resolve (wkt);
	assert_int_equal (weir_raster_crs_equal (NULL, probe.crs, resolved), is_equal);
	free (resolved);
	weir_probe_clear (&probe);
	free (name);
	free (path);
}

static void
s_test_files (void **state)
{
	(void) state;
	const char *shared = fixture_shared ();
	if (shared == NULL)
		skip ();
	const char *equi7 = EQUI7 ("unknown", "World Geodetic System 1984");
	s_check_item (shared, "equi7/AS_E018N066T6_aeqd.tif", equi7, true);
	s_check_item (shared, "equi7/EU_E072N030T6_aeqd.tif", equi7, false);
	s_check_item (
		shared, "modis-ndvi-sinop/cog/MOD13Q1_012010_NDVI_2014-01-17.tif",
		"PROJCRS[\"MODIS Sinusoidal\",BASEGEOGCRS[\"Unknown datum based upon the custom spheroid\","
		"DATUM[\"Not_specified_based_on_custom_spheroid\",ELLIPSOID[\"Custom spheroid\",6371007.181,0,"
		"LENGTHUNIT[\"metre\",1]]],PRIMEM[\"Greenwich\",0,ANGLEUNIT[\"degree\",0.0174532925199433]]],"
		"CONVERSION[\"Sinusoidal\",METHOD[\"Sinusoidal\"],PARAMETER[\"Longitude of natural origin\",0,"
		"ANGLEUNIT[\"degree\",0.0174532925199433],ID[\"EPSG\",8802]],PARAMETER[\"False easting\",0,"
		"LENGTHUNIT[\"metre\",1],ID[\"EPSG\",8806]],PARAMETER[\"False northing\",0,LENGTHUNIT[\"metre\",1],"
		"ID[\"EPSG\",8807]]],CS[Cartesian,2],AXIS[\"easting\",east,ORDER[1],LENGTHUNIT[\"metre\",1]],"
		"AXIS[\"northing\",north,ORDER[2],LENGTHUNIT[\"metre\",1]]]",
		true);
	s_check_item (shared, "chirps-zambia/cog/chirps-zambia-2016-10-25.tif", "EPSG:4326", true);
}

static void
s_test_transform (void **state)
{
	(void) state;
	weir_err_t err;
	double x[3] = { 27, 27, 24 };
	double y[3] = { 0, -15, -15 };
	for (int i = 0; i < 2; i++) { /* the second time from the kept transformation, back and forth */
		assert_ok (weir_raster_transform (NULL, "EPSG:4326", "EPSG:32735", 3, x, y, &err), err);
		assert_true (fabs (x[0] - 500000) < 1e-6 && fabs (y[0] - 10000000) < 1e-6);
		assert_true (fabs (x[1] - 500000) < 1e-6 && y[1] < 9000000);
		assert_true (x[2] < 200000);
		assert_ok (weir_raster_transform (NULL, "EPSG:32735", "EPSG:4326", 3, x, y, &err), err);
		assert_true (fabs (x[2] - 24) < 1e-9 && fabs (y[2] + 15) < 1e-9);
	}
	assert_ok (weir_raster_transform (NULL, "EPSG:4326", "EPSG:32735", 0, NULL, NULL, &err), err);
}

static void
s_test_transform_fails (void **state)
{
	(void) state;
	weir_err_t err;
	double x = 10, y = 95;
	assert_int_equal (weir_raster_transform (NULL, "EPSG:4326", "nonsense", 1, &x, &y, &err),
	                  WEIR_E_INVALID);
	assert_string_equal (err.code, "CRSInvalid");
	assert_non_null (strstr (err.text, "nonsense"));
	assert_int_equal (weir_raster_transform (NULL, NULL, "EPSG:4326", 1, &x, &y, &err),
	                  WEIR_E_INVALID);
}

/* Points without a place become infinite and leave the others as they are. */
static void
s_test_points_without_a_place (void **state)
{
	(void) state;
	weir_err_t err;
	double x[3] = { 27, 10, 27 }, y[3] = { 0, 95, 0 };
	assert_ok (weir_raster_transform (NULL, "EPSG:4326", "EPSG:32735", 3, x, y, &err), err);
	assert_true (isinf (x[1]) && isinf (y[1]));
	assert_true (fabs (x[0] - 500000) < 1e-6 && x[2] == x[0]);
	weir_raster_transformer_t *transformer = NULL;
	assert_ok (weir_raster_transformer_new ("EPSG:4326", "EPSG:32735", &transformer, &err), err);
	double u[2] = { 27, 10 }, v[2] = { 0, 95 };
	assert_ok (weir_raster_transformer_points (transformer, 2, u, v, &err), err);
	assert_true (u[0] == x[0] && isinf (u[1]));
	weir_raster_transformer_destroy (&transformer);
	weir_raster_transformer_destroy (&transformer);
	assert_int_equal (weir_raster_transformer_new ("EPSG:4326", "x", &transformer, &err),
	                  WEIR_E_INVALID);
}

static void *
s_run_thread (void *arg)
{
	double x = 27, y = 0;
	weir_err_t err;
	(void) arg;
	bool is_ok = weir_raster_transform (NULL, "EPSG:4326", "EPSG:32735", 1, &x, &y, &err) == 0;
	return is_ok && fabs (x - 500000) < 1e-6 ? NULL : "failed";
}

static void
s_test_threads (void **state)
{
	(void) state;
	pthread_t threads[4];
	for (int i = 0; i < 4; i++)
		assert_int_equal (pthread_create (&threads[i], NULL, s_run_thread, NULL), 0);
	for (int i = 0; i < 4; i++) {
		void *result = NULL;
		pthread_join (threads[i], &result);
		assert_null (result);
	}
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (s_test_resolve),   cmocka_unit_test (s_test_first_that_resolves),
		cmocka_unit_test (s_test_equal),     cmocka_unit_test (s_test_files),
		cmocka_unit_test (s_test_transform), cmocka_unit_test (s_test_transform_fails),
		cmocka_unit_test (s_test_threads),   cmocka_unit_test (s_test_points_without_a_place),
	};
	return cmocka_run_group_tests (tests, fixture_setup, fixture_teardown);
}
