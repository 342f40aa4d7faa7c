/* reference.c - the flood job by the book, to compare a result with before anything is timed
 *
 * For each strip of rows and each date: the files of that date laid over each other, first valid
 * cell wins; a cell counts as flooded where that value is neither 0 nor 255. What no file covers
 * stays 0.
 */
#include "bench/flood/baseline.h"

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STRIP_ROWS 256

typedef struct {
	const job_t *job;
	const map_t *result;
	atomic_int next_row;
	atomic_ullong n_differ, n_flooded;
} compare_t;

typedef struct { /* rows [row, row + n_rows) of the result, all columns */
	const map_t *map;
	int row, n_rows;
	uint8_t *slice, *window, *flooded;
} strip_t;

/* Lays the part of the file that lies in the strip under what the slice holds already. */
static bool
s_lay_file (strip_t *strip, const char *path)
{
	GDALDatasetH dataset = GDALOpen (path, GA_ReadOnly);
	if (dataset == NULL)
		return false;
	double t[6];
	GDALGetGeoTransform (dataset, t);
	const double *m = strip->map->transform;
	int col = (int) lround ((t[0] - m[0]) / m[1]); /* of the file's first pixel in the map */
	int row = (int) lround ((t[3] - m[3]) / m[5]) - strip->row;
	int col_first = col > 0 ? col : 0;
	int row_first = row > 0 ? row : 0;
	int col_end = col + GDALGetRasterXSize (dataset);
	int row_end = row + GDALGetRasterYSize (dataset);
	col_end = col_end < strip->map->width ? col_end : strip->map->width;
	row_end = row_end < strip->n_rows ? row_end : strip->n_rows;
	bool is_good = true;
	if (col_first < col_end && row_first < row_end) {
		int n_cols = col_end - col_first;
		int n_rows = row_end - row_first;
		is_good = GDALRasterIO (GDALGetRasterBand (dataset, 1), GF_Read, col_first - col,
		                        row_first - row, n_cols, n_rows, strip->window, n_cols, n_rows,
		                        GDT_Byte, 0, 0) == CE_None;
		for (int r = 0; r < n_rows; r++) {
			const uint8_t *src = strip->window + (size_t) r * (size_t) n_cols;
			uint8_t *dst = strip->slice + (size_t) (row_first + r) * (size_t) strip->map->width +
			               col_first;
			for (int c = 0; c < n_cols; c++)
				dst[c] = dst[c] == 255 ? src[c] : dst[c];
		}
	}
	GDALClose (dataset);
	return is_good;
}

static bool
s_compute_strip (const job_t *job, strip_t *strip)
{
	size_t n_cells = (size_t) strip->n_rows * (size_t) strip->map->width;
	memset (strip->flooded, 0, n_cells);
	for (size_t first = 0; first < job->n_files;) {
		memset (strip->slice, 255, n_cells);
		size_t i = first;
		for (; i < job->n_files && job->files[i].date == job->files[first].date; i++) {
			if (!s_lay_file (strip, job->files[i].path))
				return false;
		}
		for (size_t k = 0; k < n_cells; k++)
			strip->flooded[k] |= strip->slice[k] != 0 && strip->slice[k] != 255;
		first = i;
	}
	return true;
}

static bool
s_compare_work (void *arg)
{
	compare_t *self = arg;
	const map_t *map = self->result;
	size_t capacity = (size_t) STRIP_ROWS * (size_t) map->width;
	strip_t strip = { .map = map };
	strip.slice = malloc (capacity);
	strip.window = malloc (capacity);
	strip.flooded = malloc (capacity);
	bool is_good = strip.slice != NULL && strip.window != NULL && strip.flooded != NULL;
	while (is_good) {
		strip.row = atomic_fetch_add (&self->next_row, STRIP_ROWS);
		if (strip.row >= map->height)
			break;
		strip.n_rows = map->height - strip.row < STRIP_ROWS ? map->height - strip.row : STRIP_ROWS;
		is_good = s_compute_strip (self->job, &strip);
		const uint8_t *got = map->cells + (size_t) strip.row * (size_t) map->width;
		unsigned long long n_differ = 0, n_flooded = 0;
		for (size_t k = 0; k < (size_t) strip.n_rows * (size_t) map->width; k++) {
			n_differ += got[k] != strip.flooded[k];
			n_flooded += strip.flooded[k];
		}
		atomic_fetch_add (&self->n_differ, n_differ);
		atomic_fetch_add (&self->n_flooded, n_flooded);
	}
	free (strip.slice);
	free (strip.window);
	free (strip.flooded);
	return is_good;
}

bool
reference_compare (const job_t *job, const map_t *result)
{
	compare_t self = { .job = job, .result = result };
	bool is_good = run_threads (job->n_threads, s_compare_work, &self);
	printf ("{\"cells\": %llu, \"flooded\": %llu, \"differ\": %llu}\n",
	        (unsigned long long) result->width * (unsigned long long) result->height,
	        (unsigned long long) self.n_flooded, (unsigned long long) self.n_differ);
	return is_good && self.n_differ == 0 && self.n_flooded > 0;
}
