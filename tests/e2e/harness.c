/* harness.c - see harness.h */
#include "tests/e2e/harness.h"

#include <cpl_conv.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ogr_srs_api.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

const char e2e_equi7_wkt[] =
	"PROJCS[\"Azimuthal_Equidistant_Asia\",GEOGCS[\"WGS 84\",DATUM[\"WGS_1984\",SPHEROID[\"WGS 84\",6378137,"
	"298.257223563]],PRIMEM[\"Greenwich\",0],UNIT[\"degree\",0.0174532925199433]],"
	"PROJECTION[\"Azimuthal_Equidistant\"],PARAMETER[\"latitude_of_center\",47],"
	"PARAMETER[\"longitude_of_center\",94],PARAMETER[\"false_easting\",4340913.84808],"
	"PARAMETER[\"false_northing\",4812712.92347],UNIT[\"metre\",1]]";

static char s_folder[64];

static char *
s_format (const char *format, va_list args)
{
	char *text = NULL;
	if (vasprintf (&text, format, args) < 0)
		abort ();
	return text;
}

int
e2e_setup (void **state)
{
	(void) state;
	strcpy (s_folder, "/tmp/weir-e2e-XXXXXX");
	if (mkdtemp (s_folder) == NULL || chdir (s_folder) != 0)
		return -1;
	GDALAllRegister ();
	return 0;
}

int
e2e_teardown (void **state)
{
	(void) state;
	char command[128];
	snprintf (command, sizeof command, "rm -rf %s", s_folder);
	if (chdir ("/") != 0 || system (command) != 0)
		return -1;
	GDALDestroyDriverManager ();
	return 0;
}

/* ---- files */

void
e2e_write (const char *path, const char *format, ...)
{
	FILE *file = fopen (path, "w");
	assert_non_null (file);
	va_list args;
	va_start (args, format);
	vfprintf (file, format, args);
	va_end (args);
	assert_int_equal (fclose (file), 0);
}

char *
e2e_read (const char *path)
{
	FILE *file = fopen (path, "r");
	if (file == NULL)
		return NULL;
	char *text = NULL;
	size_t n = 0, cap = 0;
	for (size_t got = 1; got > 0; n += got) {
		if (cap - n < 65536)
			text = realloc (text, cap += 131072);
		got = fread (text + n, 1, 65535, file);
	}
	text[n] = '\0';
	fclose (file);
	return text;
}

bool
e2e_exists (const char *path)
{
	return access (path, F_OK) == 0;
}

static char *
s_below (const char *variable, const char *path)
{
	const char *base = getenv (variable);
	char *full = NULL;
	if (base == NULL || asprintf (&full, "%s/%s", base, path) < 0)
		return NULL;
	return full;
}

char *
e2e_source (const char *path)
{
	char *full = s_below ("WEIR_SOURCE_DIR", path);
	assert_non_null (full);
	return full;
}

char *
e2e_shared (const char *path)
{
	char *full = s_below ("WEIR_SHARED", path);
	if (full == NULL || !e2e_exists (full)) {
		print_message ("skipped: no reference data (WEIR_SHARED)\n");
		free (full);
		skip ();
	}
	return full;
}

size_t
e2e_leftovers (const char *folder)
{
	DIR *dir = opendir (folder);
	size_t n = 0;
	for (struct dirent *entry; dir != NULL && (entry = readdir (dir)) != NULL;) {
		if (strcmp (entry->d_name, ".") == 0 || strcmp (entry->d_name, "..") == 0)
			continue;
		if (entry->d_name[0] == '.' || strstr (entry->d_name, ".tmp") != NULL) {
			print_error ("left behind: %s/%s\n", folder, entry->d_name);
			n++;
		}
	}
	if (dir != NULL)
		closedir (dir);
	return n;
}

/* ---- the program */

#define ARGUMENTS_MAX 64

static pid_t
s_spawn (char *line, const char *out_path, const char *err_path)
{
	char *argv[ARGUMENTS_MAX + 2] = { getenv ("WEIR_PROGRAM") };
	assert_non_null (argv[0]);
	size_t n = 1;
	for (char *word = strtok (line, " "); word != NULL && n < ARGUMENTS_MAX;
	     word = strtok (NULL, " "))
		argv[n++] = word;
	posix_spawn_file_actions_t actions;
	posix_spawn_file_actions_init (&actions);
	posix_spawn_file_actions_addopen (&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen (&actions, 1, out_path, O_CREAT | O_TRUNC | O_WRONLY, 0600);
	posix_spawn_file_actions_addopen (&actions, 2, err_path, O_CREAT | O_TRUNC | O_WRONLY, 0600);
	pid_t pid = -1;
	assert_int_equal (posix_spawn (&pid, argv[0], &actions, NULL, argv, environ), 0);
	posix_spawn_file_actions_destroy (&actions);
	return pid;
}

static int
s_status (int status)
{
	return WIFEXITED (status) ? WEXITSTATUS (status) : 128 + WTERMSIG (status);
}

static e2e_result_t
s_run (char *line)
{
	pid_t pid = s_spawn (line, "e2e.out", "e2e.err");
	int status = 0;
	while (waitpid (pid, &status, 0) < 0)
		assert_int_equal (errno, EINTR);
	return (e2e_result_t){ s_status (status), e2e_read ("e2e.out"), e2e_read ("e2e.err") };
}

e2e_result_t
e2e_weir (const char *format, ...)
{
	va_list args;
	va_start (args, format);
	char *line = s_format (format, args);
	va_end (args);
	e2e_result_t result = s_run (line);
	free (line);
	return result;
}

void
e2e_free (e2e_result_t *result)
{
	free (result->out);
	free (result->err);
	*result = (e2e_result_t){ 0 };
}

void
e2e_expect (int status, const char *format, ...)
{
	va_list args;
	va_start (args, format);
	char *line = s_format (format, args), *copy = strdup (line);
	va_end (args);
	e2e_result_t result = s_run (line);
	if (result.status != status)
		print_error ("weir %s: status %d\n%s%s\n", copy, result.status, result.out, result.err);
	assert_int_equal (result.status, status);
	e2e_free (&result);
	free (line);
	free (copy);
}

pid_t
e2e_start (const char *err_path, const char *format, ...)
{
	va_list args;
	va_start (args, format);
	char *line = s_format (format, args);
	va_end (args);
	pid_t pid = s_spawn (line, "/dev/null", err_path);
	free (line);
	return pid;
}

int
e2e_wait (pid_t pid, int timeout_ms)
{
	int status = 0;
	for (int waited = 0; waited < timeout_ms; waited += 5) {
		if (waitpid (pid, &status, WNOHANG) == pid)
			return s_status (status);
		struct timespec pause = { .tv_nsec = 5 * 1000 * 1000 };
		nanosleep (&pause, NULL);
	}
	kill (pid, SIGKILL);
	waitpid (pid, &status, 0);
	return -1;
}

size_t
e2e_processes_of (const char *needle)
{
	DIR *dir = opendir ("/proc");
	size_t n = 0;
	for (struct dirent *entry; dir != NULL && (entry = readdir (dir)) != NULL;) {
		char path[300], text[4096];
		snprintf (path, sizeof path, "/proc/%s/cmdline", entry->d_name);
		FILE *file = entry->d_name[0] >= '0' && entry->d_name[0] <= '9' ? fopen (path, "r") : NULL;
		if (file == NULL)
			continue;
		size_t got = fread (text, 1, sizeof text - 1, file);
		fclose (file);
		for (size_t i = 0; i < got; i++)
			if (text[i] == '\0')
				text[i] = ' ';
		text[got] = '\0';
		n += strstr (text, needle) != NULL;
	}
	if (dir != NULL)
		closedir (dir);
	return n;
}

/* ---- archives */

#define PIXEL 20.0
#define ORIGIN_X 4800000.0
#define ORIGIN_Y 1500000.0

static void
s_make_tiff (const e2e_archive_t *archive, const e2e_item_t *item, const char *path)
{
	char block[32], height[32], compress[64];
	int side = archive->block > 0 ? archive->block : 16;
	snprintf (block, sizeof block, "BLOCKXSIZE=%d", side);
	snprintf (height, sizeof height, "BLOCKYSIZE=%d", side);
	snprintf (compress, sizeof compress, "COMPRESS=%s",
	          archive->compress != NULL ? archive->compress : "DEFLATE");
	char *options[] = { "TILED=YES", block, height, compress, "INTERLEAVE=PIXEL", NULL };
	int n_bands = archive->n_bands > 0 ? archive->n_bands : 1;
	GDALDatasetH dataset = GDALCreate (GDALGetDriverByName ("GTiff"), path, item->width,
	                                   item->height, n_bands, archive->type, options);
	assert_non_null (dataset);
	double transform[6] = { ORIGIN_X + item->col * PIXEL, PIXEL, 0,
		                    ORIGIN_Y - item->row * PIXEL, 0,     -PIXEL };
	GDALSetGeoTransform (dataset, transform);
	GDALSetProjection (dataset, archive->crs_wkt != NULL ? archive->crs_wkt : e2e_equi7_wkt);
	size_t band_bytes = (size_t) item->width * (size_t) item->height *
	                    (size_t) GDALGetDataTypeSizeBytes (archive->type);
	for (int i = 0; i < n_bands; i++) {
		GDALRasterBandH band = GDALGetRasterBand (dataset, i + 1);
		if (archive->has_nodata)
			GDALSetRasterNoDataValue (band, archive->nodata);
		const char *cells = (const char *) item->cells + (size_t) i * band_bytes;
		assert_int_equal (GDALRasterIO (band, GF_Write, 0, 0, item->width, item->height,
		                                (void *) (uintptr_t) cells, item->width, item->height,
		                                archive->type, 0, 0),
		                  CE_None);
	}
	GDALClose (dataset);
}

static char *
s_json_text (const char *text)
{
	char *out = malloc (2 * strlen (text) + 3), *at = out;
	*at++ = '"';
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			*at++ = '\\';
		*at++ = *text;
	}
	*at++ = '"';
	*at = '\0';
	return out;
}

static const char *
s_type_name (GDALDataType type)
{
	switch (type) {
	case GDT_Byte: return "uint8";
	case GDT_Int16: return "int16";
	case GDT_UInt16: return "uint16";
	case GDT_Int32: return "int32";
	case GDT_Float32: return "float32";
	default: return "float64";
	}
}

static char *
s_wkt2 (const char *wkt)
{
	OGRSpatialReferenceH srs = OSRNewSpatialReference (wkt);
	char *out = NULL;
	const char *const options[] = { "FORMAT=WKT2_2019", NULL };
	OSRExportToWktEx (srs, &out, options);
	char *json = s_json_text (out);
	CPLFree (out);
	OSRDestroySpatialReference (srs);
	return json;
}

/* "eo:bands": […], "raster:bands": […] */
static void
s_bands_text (const e2e_archive_t *archive, const char *nodata, char *text, size_t text_bytes)
{
	char names[512] = "", cells[1024] = "";
	int n_bands = archive->n_bands > 0 ? archive->n_bands : 1;
	for (int i = 0; i < n_bands; i++) {
		size_t n = strlen (names), m = strlen (cells);
		snprintf (names + n, sizeof names - n, "%s{\"name\": \"%s%d\"}", i > 0 ? ", " : "",
		          archive->band, i + 1);
		snprintf (cells + m, sizeof cells - m, "%s{\"data_type\": \"%s\"%s}", i > 0 ? ", " : "",
		          s_type_name (archive->type), nodata);
	}
	snprintf (text, text_bytes, "%s%s%s\"raster:bands\": [%s]",
	          archive->n_bands > 0 ? "\"eo:bands\": [" : "", archive->n_bands > 0 ? names : "",
	          archive->n_bands > 0 ? "], " : "", cells);
}

static void
s_write_item (const e2e_archive_t *archive, const e2e_item_t *item, const char *path)
{
	char *wkt = s_wkt2 (archive->crs_wkt != NULL ? archive->crs_wkt : e2e_equi7_wkt);
	char nodata[64] = "";
	if (archive->has_nodata)
		snprintf (nodata, sizeof nodata,
		          archive->nodata != archive->nodata ? ", \"nodata\": \"nan\""
		                                             : ", \"nodata\": %.17g",
		          archive->nodata);
	char bands[2048];
	s_bands_text (archive, nodata, bands, sizeof bands);
	double x = ORIGIN_X + item->col * PIXEL, y = ORIGIN_Y - item->row * PIXEL;
	e2e_write (
		path,
		"{\"type\": \"Feature\", \"stac_version\": \"1.0.0\", \"id\": \"%s\",\n"
		" \"geometry\": {\"type\": \"Polygon\", \"coordinates\": [[[98, 16], [100, 16], [100, 18], [98, 18], "
		"[98, 16]]]}, \"bbox\": [98, 16, 100, 18],\n"
		" \"properties\": {\"datetime\": \"%s\", \"proj:wkt2\": %s, \"proj:shape\": [%d, %d],\n"
		"  \"proj:transform\": [%.17g, 0, %.17g, 0, %.17g, %.17g]},\n"
		" \"links\": [], \"assets\": {\"%s\": {\"href\": \"./%s.tif\", \"roles\": [\"data\"],\n"
		"  \"type\": \"image/tiff; application=geotiff\", %s}}}\n",
		item->id, item->datetime, wkt, item->height, item->width, PIXEL, x, -PIXEL, y,
		archive->band, item->id, bands);
	free (wkt);
}

void
e2e_make_archive (const e2e_archive_t *archive, size_t n_items, const e2e_item_t *items)
{
	char path[512];
	assert_true (mkdir (archive->folder, 0700) == 0 || errno == EEXIST);
	snprintf (path, sizeof path, "%s/collection.json", archive->folder);
	FILE *collection = fopen (path, "w");
	assert_non_null (collection);
	fprintf (collection,
	         "{\"type\": \"Collection\", \"stac_version\": \"1.0.0\", \"id\": \"%s\", \"links\": [",
	         archive->folder);
	for (size_t i = 0; i < n_items; i++) {
		fprintf (collection, "%s{\"rel\": \"item\", \"href\": \"./%s.json\"}", i > 0 ? ", " : "",
		         items[i].id);
		snprintf (path, sizeof path, "%s/%s.tif", archive->folder, items[i].id);
		if (items[i].cells != NULL)
			s_make_tiff (archive, &items[i], path);
		snprintf (path, sizeof path, "%s/%s.json", archive->folder, items[i].id);
		s_write_item (archive, &items[i], path);
	}
	fprintf (collection, "], \"description\": \"made by a test\", \"license\": \"CC0-1.0\"}\n");
	fclose (collection);
}

/* ---- graphs */

void
e2e_write_fold_graph (const char *path, const char *catalog, const char *band, const char *fold,
                      const char *apply_json, const char *options)
{
	bool has_apply = apply_json != NULL;
	e2e_write (
		path,
		"{\"load\": {\"process_id\": \"load_stac\", \"arguments\": {\"url\": \"%s\", \"spatial_extent\": null, "
		"\"temporal_extent\": null, \"bands\": [\"%s\"]}},\n%s%s%s"
		" \"fold\": {\"process_id\": \"reduce_dimension\", \"arguments\": {\"data\": {\"from_node\": \"%s\"}, "
		"\"dimension\": \"t\", \"reducer\": {\"process_graph\": {\"f\": {\"process_id\": \"%s\", "
		"\"arguments\": {\"data\": {\"from_parameter\": \"data\"}}, \"result\": true}}}}},\n"
		" \"save\": {\"process_id\": \"save_result\", \"arguments\": {\"data\": {\"from_node\": \"fold\"}, "
		"\"format\": \"GTiff\", \"options\": %s}, \"result\": true}}\n",
		catalog, band,
		has_apply
			? " \"apply\": {\"process_id\": \"apply\", \"arguments\": {\"data\": {\"from_node\": "
			  "\"load\"}, \"process\": {\"process_graph\": "
			: "",
		has_apply ? apply_json : "", has_apply ? "}}},\n" : "", has_apply ? "apply" : "load", fold,
		options);
}

/* ---- results */

e2e_raster_t
e2e_raster (const char *path)
{
	e2e_raster_t self = { 0 };
	GDALDatasetH dataset = GDALOpen (path, GA_ReadOnly);
	if (dataset == NULL)
		print_error ("%s: does not open\n", path);
	assert_non_null (dataset);
	GDALRasterBandH band = GDALGetRasterBand (dataset, 1);
	self.width = GDALGetRasterXSize (dataset);
	self.height = GDALGetRasterYSize (dataset);
	self.n_bands = GDALGetRasterCount (dataset);
	self.type = GDALGetRasterDataType (band);
	int has_nodata = 0;
	self.nodata = GDALGetRasterNoDataValue (band, &has_nodata);
	self.has_nodata = has_nodata != 0;
	GDALGetGeoTransform (dataset, self.transform);
	self.wkt = strdup (GDALGetProjectionRef (dataset));
	self.description = strdup (GDALGetDescription (band));
	GDALGetBlockSize (band, &self.block_width, &self.block_height);
	size_t n = (size_t) self.width * (size_t) self.height;
	self.cells = malloc (n * (size_t) self.n_bands * sizeof (double));
	for (int b = 0; b < self.n_bands; b++)
		assert_int_equal (GDALRasterIO (GDALGetRasterBand (dataset, b + 1), GF_Read, 0, 0,
		                                self.width, self.height, self.cells + (size_t) b * n,
		                                self.width, self.height, GDT_Float64, 0, 0),
		                  CE_None);
	GDALClose (dataset);
	return self;
}

void
e2e_raster_free (e2e_raster_t *raster)
{
	free (raster->wkt);
	free (raster->description);
	free (raster->cells);
	*raster = (e2e_raster_t){ 0 };
}

bool
e2e_same_files (const char *a, const char *b)
{
	e2e_raster_t x = e2e_raster (a), y = e2e_raster (b);
	size_t n = (size_t) x.width * (size_t) x.height * (size_t) x.n_bands;
	bool same = x.width == y.width && x.height == y.height && x.n_bands == y.n_bands &&
	            x.type == y.type && x.has_nodata == y.has_nodata &&
	            memcmp (x.transform, y.transform, sizeof x.transform) == 0 &&
	            strcmp (x.wkt, y.wkt) == 0 && memcmp (x.cells, y.cells, n * sizeof (double)) == 0;
	e2e_raster_free (&x);
	e2e_raster_free (&y);
	return same;
}
