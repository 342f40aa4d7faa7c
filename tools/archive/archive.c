/* archive.c - weir-archive: makes flood archives for the demonstration, tests and benches
 *
 * Files are independent of each other: threads take them one by one. Only what was written is put
 * into the catalogue, and the catalogue is written last: a folder with a collection.json is whole.
 *
 * Limits   memory: one tile of pixels a thread
 */
#include "mask.h"
#include "options.h"
#include "runtime/base/mem.h"
#include "write.h"

#include <cpl_conv.h>
#include <cpl_error.h>
#include <gdal.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct { /* one file */
	int64_t tile, date;
	int frame;
	char *id; /* NULL: the frame does not touch the tile, or the file is not there yet */
	int64_t bytes;
} s_task_t;

typedef struct {
	const weir_scene_t *scene;
	size_t n_tasks;
	s_task_t *tasks;
	atomic_size_t next;
	pthread_mutex_t mutex; /* guards err */
	weir_err_t err;        /* the first one */
} s_work_t;

static void
s_list_tasks (s_work_t *work)
{
	const weir_scene_t *scene = work->scene;
	size_t cap = (size_t) (scene->n_tiles * scene->options.dates * WEIR_SCENE_FRAMES_MAX);
	work->tasks = weir_alloc (cap * sizeof *work->tasks);
	for (int64_t date = 0; date < scene->options.dates; date++)
		for (int frame = 0; frame < weir_scene_n_frames (scene, date); frame++)
			for (int64_t tile = 0; tile < scene->n_tiles; tile++)
				work->tasks[work->n_tasks++] =
					(s_task_t){ .tile = tile, .date = date, .frame = frame };
}

static size_t
s_fill_tile (const weir_scene_t *scene, const s_task_t *task, uint8_t *cells)
{
	const weir_scene_tile_t *tile = &scene->tiles[task->tile];
	int64_t size = scene->options.size;
	size_t n_valid = 0;
	weir_mask_t *mask = weir_mask_new (scene, task->date, task->frame, tile->col, size);
	for (int64_t row = 0; row < size; row++)
		n_valid += weir_mask_fill_row (mask, tile->row + row, cells + row * size);
	weir_mask_destroy (&mask);
	return n_valid;
}

static int
s_make_files (const weir_scene_t *scene, s_task_t *task, uint8_t *cells, weir_err_t *err)
{
	const weir_scene_tile_t *tile = &scene->tiles[task->tile];
	int64_t seconds = weir_scene_seconds (scene, task->date, task->frame);
	char *id = weir_stac_make_id (tile, seconds);
	char *raster = weir_asprintf ("%s/cog/%s.tif", scene->options.folder, id);
	char *document = weir_asprintf ("%s/items/%s.json", scene->options.folder, id);
	json_t *item = weir_stac_make_item (scene, tile, id, seconds);
	struct stat about;
	int status = weir_write_raster (scene, tile, cells, raster, err);
	if (status == 0)
		status = weir_write_json (item, document, err);
	if (status == 0 && stat (raster, &about) == 0)
		task->bytes = (int64_t) about.st_size;
	task->id = status == 0 ? id : NULL;
	if (status != 0)
		free (id);
	json_decref (item);
	free (raster);
	free (document);
	return status;
}

static void
s_keep_error (s_work_t *work, const weir_err_t *err)
{
	pthread_mutex_lock (&work->mutex);
	if (work->err.status == 0)
		work->err = *err;
	pthread_mutex_unlock (&work->mutex);
	atomic_store (&work->next, work->n_tasks);
}

static void *
s_run_worker (void *arg)
{
	s_work_t *work = arg;
	size_t side = (size_t) work->scene->options.size;
	uint8_t *cells = weir_alloc (side * side);
	for (;;) {
		size_t i = atomic_fetch_add (&work->next, 1);
		if (i >= work->n_tasks)
			break;
		weir_err_t err;
		if (s_fill_tile (work->scene, &work->tasks[i], cells) > 0 &&
		    s_make_files (work->scene, &work->tasks[i], cells, &err) != 0)
			s_keep_error (work, &err);
	}
	free (cells);
	return NULL;
}

static void
s_run_workers (s_work_t *work)
{
	long n_cpus = sysconf (_SC_NPROCESSORS_ONLN);
	size_t n = (size_t) work->scene->options.threads;
	if (n == 0)
		n = n_cpus > 0 ? (size_t) n_cpus : 1;
	n = n < work->n_tasks ? n : work->n_tasks;
	pthread_t *threads = weir_alloc (n * sizeof *threads);
	size_t n_started = 0;
	while (n_started + 1 < n && pthread_create (&threads[n_started], NULL, s_run_worker, work) == 0)
		n_started++;
	s_run_worker (work); /* this thread works too: fewer threads than asked for are only slower */
	for (size_t i = 0; i < n_started; i++)
		pthread_join (threads[i], NULL);
	free (threads);
}

static int
s_write_collection (const s_work_t *work, weir_err_t *err)
{
	const weir_scene_t *scene = work->scene;
	char **ids = weir_alloc (work->n_tasks * sizeof *ids);
	size_t n_ids = 0;
	double megabytes = 0;
	for (size_t i = 0; i < work->n_tasks; i++) {
		if (work->tasks[i].id != NULL)
			ids[n_ids++] = work->tasks[i].id;
		megabytes += (double) work->tasks[i].bytes / 1e6;
	}
	char *name = weir_asprintf ("%s/collection.json", scene->options.folder);
	json_t *collection = weir_stac_make_collection (scene, n_ids, ids);
	int status = weir_write_json (collection, name, err);
	if (status == 0)
		printf ("catalog: %s\nitems: %zu\nmegabytes: %.1f\nbbox: %.8g %.8g %.8g %.8g\n", name,
		        n_ids, megabytes, scene->bbox[0], scene->bbox[1], scene->bbox[2], scene->bbox[3]);
	json_decref (collection);
	free (name);
	free (ids);
	return status;
}

static int
s_make_folders (const char *folder, weir_err_t *err)
{
	static const char *const parts[] = { "cog", "items" };
	int status = 0;
	for (size_t i = 0; i < 2 && status == 0; i++) {
		char *part = weir_asprintf ("%s/%s", folder, parts[i]);
		status = weir_write_folder (part, err);
		free (part);
	}
	return status;
}

static int
s_make_archive (const weir_archive_options_t *options, weir_err_t *err)
{
	weir_scene_t *scene;
	int status = weir_scene_new (options, &scene, err);
	if (status == 0)
		status = s_make_folders (options->folder, err);
	if (status != 0) {
		weir_scene_destroy (&scene);
		return status;
	}
	s_work_t work = { .scene = scene, .mutex = PTHREAD_MUTEX_INITIALIZER };
	s_list_tasks (&work);
	s_run_workers (&work);
	status = work.err.status;
	if (status == 0)
		status = s_write_collection (&work, err);
	else
		*err = work.err;
	for (size_t i = 0; i < work.n_tasks; i++)
		free (work.tasks[i].id);
	free (work.tasks);
	weir_scene_destroy (&scene);
	return status;
}

int
main (int argc, char **argv)
{
	weir_archive_options_t options;
	weir_err_t err;
	int status = weir_archive_options_parse (argc, argv, &options, &err);
	if (status == 0 && options.help) {
		fputs (weir_archive_help (), stdout);
		return 0;
	}
	if (status == 0) {
		CPLSetErrorHandler (CPLQuietErrorHandler); /* its words come with our error */
		CPLSetConfigOption ("GDAL_CACHEMAX", "64");
		GDALAllRegister ();
		status = s_make_archive (&options, &err);
	}
	if (status == 0)
		return 0;
	char text[3 * WEIR_ERR_TEXT_MAX];
	fprintf (stderr, "weir-archive: error: %s\n", weir_err_format (&err, text, sizeof text));
	return strcmp (err.code, "BadUsage") == 0 ? 2 : 1;
}
