/* test_archive.c - weir-archive as its users run it: what it writes loads, agrees and repeats
 *
 * Finds the program in WEIR_BUILD_DIR.
 */
#include "connectors/stac/stac.h"
#include "tests/unit/stac/folder.h"

#include <gdal.h>
#include <ogr_srs_api.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/wait.h>

#include <cmocka.h>

typedef struct {
	int status;
	char text[4000]; /* both outputs */
} s_run_t;

static s_run_t
s_run (const char *folder, const char *arguments)
{
	s_run_t run = { 0 };
	char *command = weir_asprintf ("cd '%s' && '%s/weir-archive' %s 2>&1", folder,
	                               getenv ("WEIR_BUILD_DIR"), arguments);
	FILE *pipe = popen (command, "r"); /* NOLINT(cert-env33-c): our own words */
	weir_assert (pipe != NULL);
	run.text[fread (run.text, 1, sizeof run.text - 1, pipe)] = '\0';
	run.status = WEXITSTATUS (pclose (pipe));
	free (command);
	return run;
}

static weir_stac_items_t *
s_load (const char *folder, const char *name)
{
	char *url = weir_asprintf ("%s/%s/collection.json", folder, name);
	weir_plan_want_t want = { .url = url };
	weir_stac_items_t *items;
	char **warnings;
	size_t n_warnings;
	weir_err_t err;
	if (weir_stac_load (&want, false, NULL, NULL, &items, &warnings, &n_warnings, &err) != 0)
		fail_msg ("%s: %s", err.where, err.text);
	free (url);
	return items;
}

static uint8_t *
s_read_cells (const char *name, int size)
{
	GDALDatasetH dataset = GDALOpen (name, GA_ReadOnly);
	assert_non_null (dataset);
	size_t side = (size_t) size;
	uint8_t *cells = weir_alloc (side * side);
	assert_int_equal (GDALGetRasterXSize (dataset), size);
	assert_int_equal (GDALGetRasterYSize (dataset), size);
	assert_int_equal (GDALRasterIO (GDALGetRasterBand (dataset, 1), GF_Read, 0, 0, size, size,
	                                cells, size, size, GDT_Byte, 0, 0),
	                  CE_None);
	GDALClose (dataset);
	return cells;
}

/* The file says what the item says: grid, CRS, type, no-data, blocks. */
static void
s_check_file (const weir_stac_asset_t *asset, int size, int block)
{
	static const char *const options[] = { "CRITERION=EQUIVALENT", NULL };
	double transform[6];
	int block_width, block_height, has_nodata;
	GDALDatasetH dataset = GDALOpen (asset->href, GA_ReadOnly);
	assert_non_null (dataset);
	GDALRasterBandH band = GDALGetRasterBand (dataset, 1);
	assert_int_equal (GDALGetGeoTransform (dataset, transform), CE_None);
	assert_memory_equal (transform, asset->proj.transform, sizeof transform);
	assert_int_equal (asset->proj.width, size);
	assert_int_equal (asset->proj.height, size);
	GDALGetBlockSize (band, &block_width, &block_height);
	assert_true (block_width == block && block_height == block);
	assert_true (GDALGetRasterNoDataValue (band, &has_nodata) == 255 && has_nodata);
	assert_true (asset->n_bands == 1 && asset->bands[0].has_nodata &&
	             asset->bands[0].nodata == 255);
	assert_true (asset->bands[0].has_type && asset->bands[0].type == WEIR_U8);
	assert_int_equal (GDALGetRasterDataType (band), GDT_Byte);
	OGRSpatialReferenceH crs = OSRNewSpatialReference (asset->proj.crs);
	assert_non_null (crs);
	assert_true (OSRIsSameEx (crs, GDALGetSpatialRef (dataset), options));
	assert_null (OSRGetAuthorityCode (crs, NULL));
	OSRDestroySpatialReference (crs);
	GDALClose (dataset);
}

static void
s_test_flood (void **state)
{
	const char *folder = *state;
	s_run_t run = s_run (folder, "a --size 300 --dates 6 --block 128");
	if (run.status != 0)
		fail_msg ("%s", run.text);
	assert_non_null (strstr (run.text, "catalog: a/collection.json\nitems: "));
	weir_stac_items_t *items = s_load (folder, "a");
	assert_true (items->n_items > 2 * 6);
	size_t n_cells[3] = { 0 };
	for (size_t i = 0; i < items->n_items; i++) {
		const weir_stac_item_t *item = &items->items[i];
		assert_memory_equal (item->id, "ENSEMBLE_FLOOD_202209", 21);
		assert_true (item->has_geometry);
		assert_true (item->time_us >= 1661990400000000 && item->time_us < 1664582400000000);
		assert_string_equal (item->assets[0].key, "ensemble_flood_extent");
		assert_string_equal (item->assets[0].roles[0], "data");
		s_check_file (&item->assets[0], 300, 128);
		uint8_t *cells = s_read_cells (item->assets[0].href, 300);
		for (size_t k = 0; k < (size_t) 300 * 300; k++) {
			assert_true (cells[k] <= 1 || cells[k] == 255);
			n_cells[cells[k] == 255 ? 2 : cells[k]]++;
		}
		free (cells);
	}
	assert_true (n_cells[0] > 0 && n_cells[1] > 0 && n_cells[2] > 0);
	/* two neighbours on one lattice */
	double apart = items->items[0].assets[0].proj.transform[0] -
	               items->items[1].assets[0].proj.transform[0];
	assert_true (apart == 300 * 20 || apart == -300 * 20);
	weir_stac_items_destroy (&items);
}

/* The same cells whatever the number of threads; others with another seed. */
static void
s_test_repeat (void **state)
{
	const char *folder = *state;
	assert_int_equal (s_run (folder, "a --size 200 --dates 3 --threads 1").status, 0);
	assert_int_equal (s_run (folder, "b --size 200 --dates 3 --threads 3").status, 0);
	assert_int_equal (s_run (folder, "c --size 200 --dates 3 --seed 2").status, 0);
	weir_stac_items_t *a = s_load (folder, "a"), *b = s_load (folder, "b"),
					  *c = s_load (folder, "c");
	assert_int_equal (a->n_items, b->n_items);
	for (size_t i = 0; i < a->n_items; i++) {
		assert_string_equal (a->items[i].id, b->items[i].id);
		uint8_t *left = s_read_cells (a->items[i].assets[0].href, 200);
		uint8_t *right = s_read_cells (b->items[i].assets[0].href, 200);
		assert_memory_equal (left, right, (size_t) 200 * 200);
		free (left);
		free (right);
	}
	uint8_t *left = s_read_cells (a->items[0].assets[0].href, 200);
	uint8_t *right = s_read_cells (c->items[0].assets[0].href, 200);
	assert_memory_not_equal (left, right, (size_t) 200 * 200);
	free (left);
	free (right);
	weir_stac_items_destroy (&a);
	weir_stac_items_destroy (&b);
	weir_stac_items_destroy (&c);
}

/* How far the two bench kinds deflate, on a size that is quick. */
static void
s_test_ratios (void **state)
{
	const char *folder = *state;
	static const struct {
		const char *kind;
		double low, high;
	} rows[] = { { "noisy", 9, 11.5 }, { "smooth", 200, 1000 } };
	for (size_t i = 0; i < 2; i++) {
		char *arguments = weir_asprintf ("%s --kind %s --size 4096 --dates 2", rows[i].kind,
		                                 rows[i].kind);
		assert_int_equal (s_run (folder, arguments).status, 0);
		weir_stac_items_t *items = s_load (folder, rows[i].kind);
		assert_int_equal (items->n_items, 2);
		for (size_t k = 0; k < 2; k++) {
			struct stat about;
			assert_int_equal (stat (items->items[k].assets[0].href, &about), 0);
			double ratio = 4096.0 * 4096.0 / (double) about.st_size;
			assert_true (ratio > rows[i].low && ratio < rows[i].high);
			s_check_file (&items->items[k].assets[0], 4096, 512);
		}
		weir_stac_items_destroy (&items);
		free (arguments);
	}
}

static void
s_test_usage (void **state)
{
	const char *folder = *state;
	folder_write (folder, "file", "");
	static const struct {
		const char *arguments;
		int status;
		const char *text;
	} rows[] = {
		{ "", 2, "weir-archive: error: BadUsage: needs the folder to write to" },
		{ "--help", 0, "usage: weir-archive DIR" },
		{ "a b", 2, "BadUsage: b: expected one folder only" },
		{ "a --dates", 2, "BadUsage: --dates: needs a value" },
		{ "a --dates 0", 2,
		  "BadUsage: --dates: expected a whole number from 1 to 20000, found '0'" },
		{ "a --size 12x", 2,
		  "BadUsage: --size: expected a whole number from 16 to 32768, found '12x'" },
		{ "a --block 500", 2, "from 128 to 4096 that is a multiple of 16, found '500'" },
		{ "a --seed 99999999999999999999", 2, "BadUsage: --seed: expected a whole number" },
		{ "a --kind rain", 2, "BadUsage: --kind: expected flood, noisy or smooth, found 'rain'" },
		{ "a --colour red", 2, "BadUsage: --colour: unknown option" },
		{ "file/a", 1, "ArchiveFailed: file: cannot write: Not a directory" },
		{ "file", 1, "ArchiveFailed: file: cannot write: Not a directory" },
		{ "a --tiles 400 --size 32768 --pixel 1000", 2, "the tile leaves the grid" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		s_run_t run = s_run (folder, rows[i].arguments);
		if (run.status != rows[i].status || strstr (run.text, rows[i].text) == NULL)
			fail_msg ("'%s': status %d: %s", rows[i].arguments, run.status, run.text);
	}
}

static int
s_set_up (void **state)
{
	*state = folder_make ();
	return 0;
}

static int
s_tear_down (void **state)
{
	folder_destroy (*state);
	return 0;
}

#define FOLDER_TEST(fn) cmocka_unit_test_setup_teardown (fn, s_set_up, s_tear_down)

int
main (void)
{
	const struct CMUnitTest tests[] = {
		FOLDER_TEST (s_test_flood),
		FOLDER_TEST (s_test_repeat),
		FOLDER_TEST (s_test_ratios),
		FOLDER_TEST (s_test_usage),
	};
	if (getenv ("WEIR_BUILD_DIR") == NULL) {
		printf ("skipped: WEIR_BUILD_DIR does not say where weir-archive is\n");
		return 77;
	}
	GDALAllRegister ();
	return cmocka_run_group_tests_name ("weir-archive", tests, NULL, NULL);
}
