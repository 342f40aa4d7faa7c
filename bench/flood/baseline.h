/* baseline.h - what the two halves of bench-flood-baseline share
 *
 * Deliberately nothing of Weir: GDAL's C API and threads, as a careful programmer would write this
 * one job by hand.
 */
#ifndef WEIR_BENCH_FLOOD_BASELINE_H
#define WEIR_BENCH_FLOOD_BASELINE_H

#include <gdal.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct {  /* one line of the list: a file and the date it belongs to */
	int64_t date; /* files of one date stand together, in the order in which they are mosaicked */
	char *path;
} file_t;

typedef struct {
	size_t n_files;
	file_t *files;
	int n_threads;
} job_t;

typedef struct { /* a map in memory */
	int width, height;
	double transform[6];
	char *crs;
	uint8_t *cells;
} map_t;

/* Runs `work` in n threads at once; true if all returned true. */
bool run_threads (int n, bool (*work) (void *arg), void *arg);

bool map_read (const char *path, map_t *map_out);
void map_clear (map_t *map);

/* The flood job by the book: 1 where any date's first valid value is neither 0 nor 255. Prints how
 * many cells of `result` differ; true if none does. */
bool reference_compare (const job_t *job, const map_t *result);

#endif
