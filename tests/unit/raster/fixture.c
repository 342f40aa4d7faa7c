/* fixture.c - see fixture.h */
#include "fixture.h"

#include "connectors/raster/driver.h"
#include "runtime/base/mem.h"

#include <cpl_string.h>
#include <dirent.h>
#include <math.h>
#include <ogr_srs_api.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char s_folder[256];

int
fixture_setup (void **state)
{
	(void) state;
	const char *base = getenv ("TMPDIR");
	snprintf (s_folder, sizeof s_folder, "%s/weir-raster-XXXXXX", base != NULL ? base : "/tmp");
	weir_err_t err;
	return mkdtemp (s_folder) != NULL && weir_raster_init (&err) == 0 ? 0 : -1;
}

int
fixture_teardown (void **state)
{
	(void) state;
	fixture_empty (s_folder);
	weir_raster_shutdown ();
	return 0;
}

const char *
fixture_folder (void)
{
	return s_folder;
}

char *
fixture_path (const char *name)
{
	return weir_asprintf ("%s/%s", s_folder, name);
}

static bool
s_is_dots (const char *name)
{
	return strcmp (name, ".") == 0 || strcmp (name, "..") == 0;
}

size_t
fixture_count_files (const char *folder)
{
	DIR *dir = opendir (folder);
	size_t n = 0;
	for (struct dirent *entry = dir != NULL ? readdir (dir) : NULL; entry != NULL;
	     entry = readdir (dir))
		n += !s_is_dots (entry->d_name);
	if (dir != NULL)
		closedir (dir);
	return n;
}

void
fixture_empty (const char *folder)
{
	DIR *dir = opendir (folder);
	for (struct dirent *entry = dir != NULL ? readdir (dir) : NULL; entry != NULL;
	     entry = readdir (dir)) {
		if (s_is_dots (entry->d_name))
			continue;
		char *path = weir_asprintf ("%s/%s", folder, entry->d_name);
		struct stat info;
		if (lstat (path, &info) == 0 && S_ISDIR (info.st_mode))
			fixture_empty (path);
		else
			unlink (path);
		free (path);
	}
	if (dir != NULL)
		closedir (dir);
	rmdir (folder);
}

void
fixture_write (const char *path, const void *bytes, size_t n_bytes)
{
	FILE *file = fopen (path, "wb");
	assert_non_null (file);
	if (n_bytes > 0)
		assert_int_equal (fwrite (bytes, 1, n_bytes, file), n_bytes);
	assert_int_equal (fclose (file), 0);
}

const char *
fixture_shared (void)
{
	const char *folder = getenv ("WEIR_SHARED");
	if (folder == NULL)
		folder = "../shared";
	char *data = weir_asprintf ("%s/data", folder);
	bool is_there = access (data, R_OK) == 0;
	free (data);
	if (!is_there)
		print_message ("skipped: no reference data (WEIR_SHARED)\n");
	return is_there ? folder : NULL;
}

double
fixture_value (weir_cell_t cell, size_t label, size_t band, int64_t row, int64_t col)
{
	uint64_t hash = (uint64_t) row * 31 + (uint64_t) (col / 3) * 7 + band * 101 + label * 57;
	if (cell.has_nodata && hash % 11 == 0)
		return weir_nodata_f64 ();
	if (weir_type_is_float (cell.type))
		return hash % 13 == 0 ? -0.0 : (double) (float) ((double) (hash % 1000) / 7.0 - 40);
	double low = weir_type_min (cell.type) < 0 ? -60 : 0;
	double value = low + (double) (hash % 120);
	return value == cell.nodata ? value + 1 : value;
}

static void
s_fill_cells (weir_cell_t cell, size_t label, size_t band, weir_window_t window, void *cells)
{
	for (int64_t row = 0; row < window.height; row++)
		for (int64_t col = 0; col < window.width; col++)
			weir_cell_set (cell, cells, (size_t) (row * window.width + col),
			               fixture_value (cell, label, band, window.row + row, window.col + col));
}

void
fixture_make_tiff (const char *path, weir_cell_t cell, int n_bands, int width, int height,
                   const char *const *options)
{
	bool is_signed_byte;
	GDALDataType type = weir_driver_type_of (cell.type, &is_signed_byte);
	char **all = CSLDuplicate ((char **) (uintptr_t) options);
	if (is_signed_byte)
		all = CSLSetNameValue (all, "PIXELTYPE", "SIGNEDBYTE");
	GDALDatasetH dataset = GDALCreate (GDALGetDriverByName ("GTiff"), path, width, height, n_bands,
	                                   type, all);
	CSLDestroy (all);
	assert_non_null (dataset);
	double transform[6] = { 600000, 10, 0, 8200000, 0, -10 };
	GDALSetGeoTransform (dataset, transform);
	OGRSpatialReferenceH crs = OSRNewSpatialReference (NULL);
	OSRImportFromEPSG (crs, 32735);
	GDALSetSpatialRef (dataset, crs);
	OSRDestroySpatialReference (crs);
	void *cells = weir_alloc ((size_t) width * (size_t) height * weir_type_size (cell.type));
	for (int band = 1; band <= n_bands; band++) {
		GDALRasterBandH handle = GDALGetRasterBand (dataset, band);
		if (cell.has_nodata)
			GDALSetRasterNoDataValue (handle,
			                          weir_type_is_float (cell.type) ? (double) NAN : cell.nodata);
		s_fill_cells (cell, 0, (size_t) band - 1, (weir_window_t){ 0, 0, width, height }, cells);
		assert_int_equal (
			GDALRasterIO (handle, GF_Write, 0, 0, width, height, cells, width, height, type, 0, 0),
			CE_None);
	}
	free (cells);
	GDALClose (dataset);
}

/* ---- plans */

static char *const s_band_names[8] = { "flood", "B04", "B08", "b4", "b5", "b6", "b7", "b8" };

static void
s_set_source (fixture_plan_t *self, const fixture_spec_t *spec)
{
	self->source.n_bands = spec->n_bands;
	self->source.bands = self->bands;
	self->source.cell = spec->cell;
	self->source.n_labels = spec->n_labels;
	self->source.labels_us = self->labels_us;
	self->source.grid = (weir_grid_t){ .crs_id = 0,
		                               .transform = { 600000, 10, 0, 8200000, 0, -10 },
		                               .width = spec->width,
		                               .height = spec->height };
	for (size_t i = 0; i < spec->n_bands; i++)
		self->bands[i].name = s_band_names[i];
	for (size_t i = 0; i < spec->n_labels; i++)
		self->labels_us[i] = 1662009153000000 + (int64_t) i * 86400000000;
}

fixture_plan_t *
fixture_plan_new (const fixture_spec_t *spec)
{
	static char s_node[] = "save";
	fixture_plan_t *self = weir_alloc (sizeof *self);
	s_set_source (self, spec);
	const char *crs = spec->crs != NULL ? spec->crs : "EPSG:32735";
	self->crs[0] = weir_raster_crs_resolve (NULL, 1, &crs);
	assert_non_null (self->crs[0]);
	weir_plan_output_t *output = &self->output;
	output->node = s_node;
	output->is_result = true;
	output->format = spec->format;
	output->options = spec->options;
	output->pipeline.in = output->pipeline.out = spec->cell;
	output->keeps_time = spec->keeps_time;
	output->chunk_width = spec->chunk_width;
	output->chunk_height = spec->chunk_height;
	output->run_labels = 16;
	output->n_chunk_cols = (uint64_t) ((spec->width - 1) / spec->chunk_width + 1);
	output->n_chunk_rows = (uint64_t) ((spec->height - 1) / spec->chunk_height + 1);
	output->n_chunks = output->n_chunk_cols * output->n_chunk_rows *
	                   (spec->keeps_time ? spec->n_labels : 1);
	self->plan = (weir_plan_t){ .n_crs = 1,
		                        .crs = self->crs,
		                        .n_sources = 1,
		                        .sources = &self->source,
		                        .n_outputs = 1,
		                        .outputs = output,
		                        .n_chunks = output->n_chunks };
	self->n_chunks = (size_t) output->n_chunks;
	self->chunks = weir_alloc (self->n_chunks * sizeof *self->chunks);
	self->chunk_bytes = weir_alloc (self->n_chunks * sizeof *self->chunk_bytes);
	return self;
}

void
fixture_plan_destroy (fixture_plan_t **self_p)
{
	fixture_plan_t *self = *self_p;
	for (size_t i = 0; i < self->n_chunks; i++)
		free (self->chunks[i]);
	free (self->chunks);
	free (self->chunk_bytes);
	free (self->crs[0]);
	free (self);
	*self_p = NULL;
}

void *
fixture_chunk_cells (const fixture_plan_t *self, uint64_t number)
{
	weir_plan_chunk_t chunk = weir_plan_chunk (&self->plan, number);
	weir_cell_t cell = self->output.pipeline.out;
	size_t plane = (size_t) (chunk.window.width * chunk.window.height) * weir_type_size (cell.type);
	uint8_t *cells = weir_alloc (plane * self->source.n_bands);
	for (size_t band = 0; band < self->source.n_bands; band++)
		s_fill_cells (cell, (size_t) chunk.label, band, chunk.window, cells + band * plane);
	return cells;
}

void
fixture_encode_all (fixture_plan_t *self)
{
	for (size_t i = 0; i < self->n_chunks; i++) {
		weir_err_t err;
		weir_plan_chunk_t chunk = weir_plan_chunk (&self->plan, i);
		void *cells = fixture_chunk_cells (self, i);
		free (self->chunks[i]);
		assert_ok (weir_encode_chunk (&self->plan, &chunk, cells, &self->chunks[i],
		                              &self->chunk_bytes[i], &err),
		           err);
		assert_true (self->chunk_bytes[i] <= weir_encode_bytes_max (&self->plan, 0));
		free (cells);
	}
}

int
fixture_fetch (void *arg, uint64_t chunk, uint8_t **bytes_out, size_t *n_bytes_out, weir_err_t *err)
{
	fixture_plan_t *self = arg;
	if (self->bad_chunk_plus_1 == chunk + 1)
		return weir_err_set (err, WEIR_E_IO, WEIR_CLASS_RETRY, "PartUnreadable", "part 1",
		                     "made to fail");
	*n_bytes_out = self->chunk_bytes[chunk];
	*bytes_out = malloc (*n_bytes_out);
	memcpy (*bytes_out, self->chunks[chunk], *n_bytes_out);
	return 0;
}

bool
fixture_is_cancelled (void *arg)
{
	fixture_plan_t *self = arg;
	return self->cancel_after > 0 && ++self->n_asked > self->cancel_after;
}

void
fixture_free_paths (char **paths, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free (paths[i]);
	free (paths);
}
