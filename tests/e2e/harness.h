/* harness.h - what the end-to-end tests share: running the program, making small archives, reading
 * results
 *
 * A group runs in a temporary folder of its own, which is the working directory and is deleted at
 * the end. Archives are written pixel by pixel, so that a test can write out what must come of
 * them.
 *
 * Runs on   a test's only thread
 */
#ifndef WEIR_TESTS_E2E_HARNESS_H
#define WEIR_TESTS_E2E_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cmocka.h>
#include <gdal.h>

int e2e_setup (void **state);
int e2e_teardown (void **state);

/* ---- files */
void e2e_write (const char *path, const char *format, ...) __attribute__ ((format (printf, 2, 3)));
char *e2e_read (const char *path); /* yours; NULL where there is none */
bool e2e_exists (const char *path);
char *e2e_source (const char *path); /* below the source tree; yours */
char *e2e_shared (
	const char *path); /* below the reference data; skips the test where there is none; yours */
/* Hidden and temporary files that a job left in a folder; 0 for a folder that is not there. */
size_t e2e_leftovers (const char *folder);

/* ---- the program */
typedef struct {
	int status; /* exit status; 128 + signal where a signal ended it */
	char *out, *err;
} e2e_result_t;

/* Arguments are split at spaces, without quoting. */
e2e_result_t e2e_weir (const char *format, ...) __attribute__ ((format (printf, 1, 2)));
void e2e_free (e2e_result_t *result);
/* Runs, prints what it said if the status is another, and frees. */
void e2e_expect (int status, const char *format, ...) __attribute__ ((format (printf, 2, 3)));
/* Starts without waiting; its standard error goes to the file. */
pid_t e2e_start (const char *err_path, const char *format, ...)
	__attribute__ ((format (printf, 2, 3)));
int e2e_wait (pid_t pid, int timeout_ms);     /* exit status; -1: still runs (and is killed) */
size_t e2e_processes_of (const char *needle); /* processes whose command line contains it */

/* ---- archives: items on one lattice, a file each */
typedef struct {
	const char *id;
	const char *datetime;
	int col, row, width, height; /* on the lattice */
	const void *cells;
} e2e_item_t;

typedef struct {
	const char *folder;
	const char *band; /* asset key */
	GDALDataType type;
	bool has_nodata;
	double nodata;
	const char *crs_wkt;  /* NULL: an Equi7-like custom one without a code */
	int block;            /* tile size; 0: 16 */
	const char *compress; /* NULL: DEFLATE */
	/* 0: one band. Else so many in the file, by pixel, named <band>1, <band>2 …; cells: one band
	 * after the other */
	int n_bands;
} e2e_archive_t;

/* Writes TIFFs, items and collection.json: the address is <folder>/collection.json. */
void e2e_make_archive (const e2e_archive_t *archive, size_t n_items, const e2e_item_t *items);
extern const char e2e_equi7_wkt[];

/* ---- graphs */
/* load → reduce t with `fold` → save, with options as JSON text ("{}") */
void e2e_write_fold_graph (const char *path, const char *catalog, const char *band,
                           const char *fold, const char *apply_json, const char *options);

/* ---- results */
typedef struct {
	int width, height, n_bands;
	GDALDataType type;
	bool has_nodata;
	double nodata;
	double transform[6];
	char *wkt;
	char *description;
	int block_width, block_height;
	double *cells; /* of all bands */
} e2e_raster_t;

e2e_raster_t e2e_raster (const char *path);
void e2e_raster_free (e2e_raster_t *raster);
bool e2e_same_files (const char *a, const char *b); /* pixels, type, no-data, georeference */

#endif
