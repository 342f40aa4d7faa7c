/* fixture.h - what the raster tests share: a temporary folder, files made by GDAL, a plan made by
 * hand
 *
 * Runs on   a test's only thread
 */
#ifndef WEIR_TESTS_RASTER_FIXTURE_H
#define WEIR_TESTS_RASTER_FIXTURE_H

#include "connectors/raster/encode.h"
#include "connectors/raster/raster.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <gdal.h>

/* For a group: weir_raster_init and a fresh folder; its end deletes the folder. */
int fixture_setup (void **state);
int fixture_teardown (void **state);
const char *fixture_folder (void);
char *fixture_path (const char *name);           /* below the folder; yours */
size_t fixture_count_files (const char *folder); /* hidden ones too; 0 where there is no folder */
void fixture_empty (const char *folder);         /* deletes what is in it, and it */
void fixture_write (const char *path, const void *bytes, size_t n_bytes);
const char *fixture_shared (
	void); /* the folder of reference data, NULL where it is missing (says so) */

/* The value of a cell in made-up rasters: every eleventh or so is no-data, the rest differs from
 * its neighbours. */
double fixture_value (weir_cell_t cell, size_t label, size_t band, int64_t row, int64_t col);
/* A GeoTIFF of fixture_value; options: GDAL's, NULL-ended, may be NULL. nodata is tagged where the
 * cell has one. */
void fixture_make_tiff (const char *path, weir_cell_t cell, int n_bands, int width, int height,
                        const char *const *options);

typedef struct {
	weir_cell_t cell;
	size_t n_bands, n_labels;
	int64_t width, height;
	int64_t chunk_width, chunk_height;
	weir_format_t format;
	weir_format_options_t options;
	bool keeps_time;
	const char *crs; /* NULL: EPSG:32735 */
} fixture_spec_t;

typedef struct {
	weir_plan_t plan;
	weir_plan_source_t source;
	weir_plan_output_t output;
	weir_plan_band_t bands[8];
	int64_t labels_us[8];
	char *crs[1];
	/* the store of encoded chunks */
	size_t n_chunks;
	uint8_t **chunks;
	size_t *chunk_bytes;
	uint64_t cancel_after; /* is_cancelled says yes after so many questions; 0: never */
	uint64_t n_asked;
	uint64_t bad_chunk_plus_1; /* fetching this one fails */
} fixture_plan_t;

fixture_plan_t *fixture_plan_new (const fixture_spec_t *spec);
void fixture_plan_destroy (fixture_plan_t **self_p);
/* Cells of a chunk by fixture_value; yours. */
void *fixture_chunk_cells (const fixture_plan_t *self, uint64_t chunk);
void fixture_encode_all (fixture_plan_t *self);
weir_encoded_fetch_fn fixture_fetch;
bool fixture_is_cancelled (void *arg);

void fixture_free_paths (char **paths, size_t n);

#define assert_ok(call, err)                                                                       \
	do {                                                                                           \
		int assert_ok_status = (call);                                                             \
		if (assert_ok_status != 0)                                                                 \
			print_error ("%s: %s: %s\n", (err).code, (err).where, (err).text);                     \
		assert_int_equal (assert_ok_status, 0);                                                    \
	} while (0)

#endif
