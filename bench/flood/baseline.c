/* baseline.c - bench-flood-baseline: the least a program must do to turn the same files into a map
 * of the same size
 *
 * Decodes every block of every file with GDALReadBlock and throws it away, then writes an LZW file
 * of the result's size and content, with the same number of threads in each half. No mosaic, no
 * arithmetic, no state, no message. The cells that it writes are those of Weir's own result, so
 * that both compress the same; reading them first is told apart (prepare_seconds).
 *
 * run LIST RESULT.tif OUT.tif THREADS    prints one JSON object with the seconds of each half
 * compare LIST RESULT.tif THREADS        computes the map by the book, compares cell by cell
 *
 * LIST has a line for each file: a number for its date, a blank, the path.
 */
#include "bench/flood/baseline.h"

#include <cpl_conv.h>
#include <cpl_string.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct {
	const job_t *job;
	size_t n_strips; /* pieces that one file is decoded in */
	atomic_size_t next;
	atomic_ullong n_blocks, n_bytes;
} decode_t;

static double
s_now (void)
{
	struct timespec t;
	clock_gettime (CLOCK_MONOTONIC, &t);
	return (double) t.tv_sec + (double) t.tv_nsec * 1e-9;
}

typedef struct {
	bool (*work) (void *arg);
	void *arg;
	bool is_good;
} thread_t;

static void *
s_thread_main (void *arg)
{
	thread_t *thread = arg;
	thread->is_good = thread->work (thread->arg);
	return NULL;
}

bool
run_threads (int n, bool (*work) (void *arg), void *arg)
{
	pthread_t *ids = calloc ((size_t) n, sizeof *ids);
	thread_t *threads = calloc ((size_t) n, sizeof *threads);
	int n_started = 0;
	bool is_good = ids != NULL && threads != NULL;
	for (int i = 0; i < n && is_good; i++) {
		threads[i] = (thread_t){ work, arg, false };
		is_good = pthread_create (&ids[i], NULL, s_thread_main, &threads[i]) == 0;
		n_started += is_good ? 1 : 0;
	}
	for (int i = 0; i < n_started; i++) {
		pthread_join (ids[i], NULL);
		is_good = is_good && threads[i].is_good;
	}
	free (ids);
	free (threads);
	return is_good;
}

/* Decodes one strip of block rows of all bands of one file. */
static bool
s_decode_strip (decode_t *self, const char *path, size_t strip)
{
	GDALDatasetH dataset = GDALOpen (path, GA_ReadOnly);
	if (dataset == NULL)
		return false;
	bool is_good = true;
	void *block = NULL;
	for (int b = 1; b <= GDALGetRasterCount (dataset) && is_good; b++) {
		GDALRasterBandH band = GDALGetRasterBand (dataset, b);
		int width, height;
		GDALGetBlockSize (band, &width, &height);
		int n_cols = (GDALGetRasterXSize (dataset) + width - 1) / width;
		size_t n_rows = (size_t) ((GDALGetRasterYSize (dataset) + height - 1) / height);
		size_t bytes = (size_t) width * (size_t) height *
		               (size_t) GDALGetDataTypeSizeBytes (GDALGetRasterDataType (band));
		free (block);
		block = malloc (bytes);
		size_t end = n_rows * (strip + 1) / self->n_strips;
		for (size_t row = n_rows * strip / self->n_strips; row < end && is_good; row++) {
			for (int col = 0; col < n_cols && is_good; col++)
				is_good = block != NULL && GDALReadBlock (band, col, (int) row, block) == CE_None;
			atomic_fetch_add (&self->n_blocks, (unsigned long long) n_cols);
			atomic_fetch_add (&self->n_bytes, (unsigned long long) n_cols * bytes);
		}
	}
	free (block);
	GDALClose (dataset);
	return is_good;
}

static bool
s_decode_work (void *arg)
{
	decode_t *self = arg;
	for (;;) {
		size_t i = atomic_fetch_add (&self->next, 1);
		if (i >= self->job->n_files * self->n_strips)
			return true;
		if (!s_decode_strip (self, self->job->files[i / self->n_strips].path, i % self->n_strips))
			return false;
	}
}

bool
map_read (const char *path, map_t *map_out)
{
	GDALDatasetH dataset = GDALOpen (path, GA_ReadOnly);
	if (dataset == NULL)
		return false;
	map_t map = { .width = GDALGetRasterXSize (dataset), .height = GDALGetRasterYSize (dataset) };
	GDALRasterBandH band = GDALGetRasterBand (dataset, 1);
	GDALGetGeoTransform (dataset, map.transform);
	map.crs = strdup (GDALGetProjectionRef (dataset));
	map.cells = malloc ((size_t) map.width * (size_t) map.height);
	int has_nodata = 0;
	double nodata = GDALGetRasterNoDataValue (band, &has_nodata);
	bool is_good = map.cells != NULL && GDALGetRasterDataType (band) == GDT_Byte && has_nodata &&
	               nodata == 255 &&
	               GDALRasterIO (band, GF_Read, 0, 0, map.width, map.height, map.cells, map.width,
	                             map.height, GDT_Byte, 0, 0) == CE_None;
	if (!is_good)
		fprintf (stderr, "%s: not a map of uint8 with no-data 255\n", path);
	GDALClose (dataset);
	*map_out = map;
	return is_good;
}

void
map_clear (map_t *map)
{
	free (map->crs);
	free (map->cells);
}

static bool
s_write_map (const map_t *map, const char *path, int n_threads)
{
	char threads[16];
	snprintf (threads, sizeof threads, "%d", n_threads);
	char **options = CSLSetNameValue (NULL, "COMPRESS", "LZW");
	options = CSLSetNameValue (options, "TILED", "YES");
	options = CSLSetNameValue (options, "BLOCKXSIZE", "512");
	options = CSLSetNameValue (options, "BLOCKYSIZE", "512");
	options = CSLSetNameValue (options, "NUM_THREADS", threads);
	GDALDatasetH dataset = GDALCreate (GDALGetDriverByName ("GTiff"), path, map->width, map->height,
	                                   1, GDT_Byte, options);
	CSLDestroy (options);
	if (dataset == NULL)
		return false;
	double transform[6];
	memcpy (transform, map->transform, sizeof transform);
	GDALSetGeoTransform (dataset, transform);
	GDALSetProjection (dataset, map->crs);
	GDALRasterBandH band = GDALGetRasterBand (dataset, 1);
	GDALSetRasterNoDataValue (band, 255);
	bool is_good = GDALRasterIO (band, GF_Write, 0, 0, map->width, map->height, map->cells,
	                             map->width, map->height, GDT_Byte, 0, 0) == CE_None;
	GDALClose (dataset);
	return is_good;
}

static bool
s_read_list (const char *path, job_t *job)
{
	FILE *list = fopen (path, "r");
	if (list == NULL) {
		perror (path);
		return false;
	}
	char *line = NULL;
	size_t capacity = 0;
	while (getline (&line, &capacity, list) > 0) {
		char *rest;
		int64_t date = strtoll (line, &rest, 10);
		if (rest == line || *rest != ' ')
			continue;
		rest[strcspn (rest, "\n")] = '\0';
		file_t *grown = realloc (job->files, (job->n_files + 1) * sizeof *grown);
		if (grown == NULL)
			break;
		job->files = grown;
		job->files[job->n_files++] = (file_t){ date, strdup (rest + 1) };
	}
	free (line);
	fclose (list);
	return job->n_files > 0;
}

static bool
s_run (const job_t *job, const map_t *map, const char *out, double prepare_seconds)
{
	decode_t decode = { .job = job, .n_strips = 1 };
	if (job->n_files < 8 * (size_t) job->n_threads)
		decode.n_strips = 4;
	double start = s_now ();
	bool is_good = run_threads (job->n_threads, s_decode_work, &decode);
	double decoded = s_now ();
	is_good = is_good && s_write_map (map, out, job->n_threads);
	double written = s_now ();
	printf ("{\"seconds\": %.4f, \"decode_seconds\": %.4f, \"write_seconds\": %.4f, "
	        "\"prepare_seconds\": %.4f, \"blocks\": %llu, \"bytes\": %llu}\n",
	        written - start, decoded - start, written - decoded, prepare_seconds,
	        (unsigned long long) decode.n_blocks, (unsigned long long) decode.n_bytes);
	return is_good;
}

int
main (int argc, char **argv)
{
	bool is_run = argc == 6 && strcmp (argv[1], "run") == 0;
	bool is_compare = argc == 5 && strcmp (argv[1], "compare") == 0;
	if (!is_run && !is_compare) {
		fprintf (stderr, "usage: bench-flood-baseline run LIST RESULT.tif OUT.tif THREADS\n"
		                 "       bench-flood-baseline compare LIST RESULT.tif THREADS\n");
		return 2;
	}
	CPLSetConfigOption ("GDAL_DISABLE_READDIR_ON_OPEN", "EMPTY_DIR");
	GDALAllRegister ();
	job_t job = { .n_threads = (int) strtol (argv[argc - 1], NULL, 10) };
	map_t map = { 0 };
	double start = s_now ();
	bool is_good = job.n_threads > 0 && s_read_list (argv[2], &job) && map_read (argv[3], &map);
	if (is_good && is_run)
		is_good = s_run (&job, &map, argv[4], s_now () - start);
	else if (is_good)
		is_good = reference_compare (&job, &map);
	map_clear (&map);
	for (size_t i = 0; i < job.n_files; i++)
		free (job.files[i].path);
	free (job.files);
	return is_good ? 0 : 1;
}
