/* skeleton.c - see skeleton.h */
#include "connectors/raster/skeleton.h"

#include "connectors/raster/crs.h"
#include "connectors/raster/driver.h"
#include "connectors/raster/raster.h"
#include "connectors/raster/tiffmem.h"
#include "connectors/raster/words.h"
#include "runtime/base/mem.h"

#include <cpl_conv.h>
#include <cpl_string.h>
#include <cpl_vsi.h>
#include <errno.h>
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/statvfs.h>

#define OVERVIEWS_MAX 30

static int
s_refuse (const weir_assembly_t *self, const char *text, weir_err_t *err)
{
	return weir_err_set (err, WEIR_E_UNSUPPORTED, WEIR_CLASS_GIVE_UP, "FormatUnsupported",
	                     self->output->node, "GTiff: %s", text);
}

static char **
s_make_options (const weir_assembly_t *self, bool is_signed_byte)
{
	const weir_format_options_t *wanted = &self->output->options;
	uint16_t compression = 0;
	char number[32];
	char **options = NULL;
	options = CSLSetNameValue (options, "SPARSE_OK", "TRUE");
	options = CSLSetNameValue (options, "INTERLEAVE", "BAND");
	options = CSLSetNameValue (options, "PHOTOMETRIC", "MINISBLACK");
	options = CSLSetNameValue (options, "ALPHA", "NO");
	options = CSLSetNameValue (options, "TILED", wanted->tiled ? "YES" : "NO");
	options = CSLSetNameValue (options, "COMPRESS", wanted->compress);
	options = CSLSetNameValue (options, "BIGTIFF",
	                           wanted->bigtiff != NULL ? wanted->bigtiff : "IF_SAFER");
	if (wanted->tiled) {
		snprintf (number, sizeof number, "%d", wanted->block_width);
		options = CSLSetNameValue (options, "BLOCKXSIZE", number);
	}
	if (wanted->block_height > 0) {
		snprintf (number, sizeof number, "%d", wanted->block_height);
		options = CSLSetNameValue (options, "BLOCKYSIZE", number);
	}
	if (wanted->predictor > 1 && weir_tiff_compression (wanted->compress, &compression) &&
	    weir_tiff_has_predictor (compression)) {
		snprintf (number, sizeof number, "%d", wanted->predictor);
		options = CSLSetNameValue (options, "PREDICTOR", number);
	}
	if (is_signed_byte)
		options = CSLSetNameValue (options, "PIXELTYPE", "SIGNEDBYTE");
	return options;
}

char *
weir_output_band_name (const weir_plan_t *plan, uint32_t output, uint64_t label_first,
                       uint64_t n_labels, uint64_t i)
{
	const weir_plan_output_t *out = &plan->outputs[output];
	const weir_plan_source_t *source = &plan->sources[out->source];
	size_t n_bands = weir_plan_output_bands (source, out);
	bool is_named = out->pipeline.bands_at == WEIR_BANDS_APART;
	const char *name = is_named ? source->bands[i % n_bands].name : NULL;
	if (!out->keeps_time || (n_labels == 1 && !out->options.dates_as_bands))
		return weir_strdup (name);
	char label[64];
	weir_label_format (source->labels_us[label_first + i / n_bands], label, sizeof label);
	return n_bands == 1 ? weir_strdup (label)
	                    : weir_asprintf ("%s %s", label, name != NULL ? name : "");
}

bool
weir_output_nodata (const weir_plan_t *plan, uint32_t output, double *nodata_out)
{
	const weir_plan_output_t *out = &plan->outputs[output];
	weir_cell_t cell = out->pipeline.out;
	*nodata_out = !weir_type_is_float (cell.type) ? cell.nodata
	              : out->options.has_nodata       ? out->options.nodata
	                                              : (double) NAN;
	return weir_type_is_float (cell.type) || cell.has_nodata;
}

static void
s_describe_bands (const weir_assembly_t *self, uint64_t label_first, uint64_t n_labels,
                  GDALDatasetH dataset)
{
	double nodata;
	bool has_nodata = weir_output_nodata (self->plan, self->index, &nodata);
	for (uint64_t i = 0; i < n_labels * weir_plan_output_bands (self->source, self->output); i++) {
		GDALRasterBandH band = GDALGetRasterBand (dataset, (int) i + 1);
		char *text = weir_output_band_name (self->plan, self->index, label_first, n_labels, i);
		if (text != NULL)
			GDALSetDescription (band, text);
		free (text);
		if (has_nodata)
			GDALSetRasterNoDataValue (band, nodata);
	}
}

static bool
s_set_place (const weir_assembly_t *self, GDALDatasetH dataset)
{
	const weir_grid_t *grid = &self->source->grid;
	double transform[6];
	memcpy (transform, grid->transform, sizeof transform);
	if (GDALSetGeoTransform (dataset, transform) != CE_None)
		return false;
	if (grid->crs_id < 0 || (size_t) grid->crs_id >= self->plan->n_crs)
		return true;
	OGRSpatialReferenceH crs = weir_crs_import (self->plan->crs[grid->crs_id]);
	bool is_ok = crs != NULL && GDALSetSpatialRef (dataset, crs) == CE_None;
	OSRDestroySpatialReference (crs);
	return is_ok;
}

static bool
s_create (const weir_assembly_t *self, const char *name, uint64_t label_first, uint64_t n_labels)
{
	const weir_grid_t *grid = &self->source->grid;
	bool is_signed_byte = false;
	GDALDataType type = weir_driver_type_of (self->output->pipeline.out.type, &is_signed_byte);
	char **options = s_make_options (self, is_signed_byte);
	GDALDatasetH dataset = GDALCreate (
		GDALGetDriverByName ("GTiff"), name, (int) grid->width, (int) grid->height,
		(int) (n_labels * weir_plan_output_bands (self->source, self->output)), type, options);
	CSLDestroy (options);
	if (dataset == NULL)
		return false;
	bool is_ok = s_set_place (self, dataset);
	if (is_ok)
		s_describe_bands (self, label_first, n_labels, dataset);
	GDALClose (dataset);
	return is_ok && !weir_words_any ();
}

int
weir_skeleton_make (const weir_assembly_t *self, uint64_t label_first, uint64_t n_labels,
                    uint8_t **bytes_out, size_t *n_bytes_out, weir_err_t *err)
{
	static atomic_uint s_count;
	const weir_grid_t *grid = &self->source->grid;
	uint16_t compression;
	*bytes_out = NULL;
	*n_bytes_out = 0;
	if (grid->width < 1 || grid->height < 1 || grid->width > INT32_MAX || grid->height > INT32_MAX)
		return s_refuse (self, "more than 2147483647 pixels a side", err);
	size_t n_bands = weir_plan_output_bands (self->source, self->output);
	if (n_bands < 1 || n_labels > UINT16_MAX || n_bands * n_labels > UINT16_MAX)
		return s_refuse (self, "more than 65535 bands in a file", err);
	if (!weir_tiff_compression (self->output->options.compress, &compression))
		return s_refuse (self, "this compression is not offered", err);
	char name[64];
	snprintf (name, sizeof name, "/vsimem/weir-skeleton-%u.tif", atomic_fetch_add (&s_count, 1));
	weir_words_reset ();
	bool is_ok = s_create (self, name, label_first, n_labels);
	vsi_l_offset n_bytes = 0;
	uint8_t *bytes = VSIGetMemFileBuffer (name, &n_bytes, TRUE);
	if (!is_ok || bytes == NULL || n_bytes == 0) {
		VSIFree (bytes);
		return s_refuse (self, weir_words_get (), err);
	}
	*bytes_out = bytes;
	*n_bytes_out = (size_t) n_bytes;
	return 0;
}

/* ---- overviews */

static int CPL_STDCALL
s_progress (double share, const char *message, void *arg)
{
	const weir_assembly_t *self = arg;
	(void) share;
	(void) message;
	return self->is_cancelled == NULL || !self->is_cancelled (self->arg);
}

static int
s_list_levels (const weir_assembly_t *self, int *levels)
{
	int64_t tile = self->output->options.tiled ? self->output->options.block_width : 512;
	int64_t side = self->source->grid.width > self->source->grid.height ? self->source->grid.width
	                                                                    : self->source->grid.height;
	int n = 0;
	for (int64_t level = 2; n < OVERVIEWS_MAX && side > tile * level / 2; level *= 2)
		levels[n++] = (int) level;
	return n;
}

/* Overviews get the output's own tiles where GDAL can (squares of a power of two), else GDAL's 128.
 * */
static void
s_set_overview_tile (const weir_assembly_t *self, bool is_on)
{
	char number[32];
	int side = self->output->options.block_width;
	bool is_square = self->output->options.tiled && side == self->output->options.block_height;
	snprintf (number, sizeof number, "%d", side);
	bool is_fit = is_square && side >= 64 && side <= 4096 && (side & (side - 1)) == 0;
	CPLSetThreadLocalConfigOption ("GDAL_TIFF_OVR_BLOCKSIZE", is_on && is_fit ? number : NULL);
}

/* GDAL writes here and keeps the number of an error to itself: its words and the room that is left
 * tell. */
static int
s_overviews_failed (const weir_assembly_t *self, const weir_outfile_t *file, weir_err_t *err)
{
	struct statvfs info;
	int status = weir_assembly_ask (self, err);
	if (status != 0)
		return status;
	if (strstr (weir_words_get (), "No space left") != NULL ||
	    (statvfs (file->temp_path, &info) == 0 && info.f_bavail < 16))
		return weir_words_output_errno (err, ENOSPC, file->path, "cannot write overviews");
	return weir_err_set (err, WEIR_E_IO, WEIR_CLASS_GIVE_UP, "OutputUnwritable", file->path,
	                     "cannot write overviews: %s", weir_words_get ());
}

int
weir_skeleton_add_overviews (const weir_assembly_t *self, const weir_outfile_t *file,
                             weir_err_t *err)
{
	int levels[OVERVIEWS_MAX];
	int n_levels = s_list_levels (self, levels);
	if (n_levels == 0)
		return 0;
	weir_words_reset ();
	GDALDatasetH dataset = GDALOpenEx (file->temp_path,
	                                   GDAL_OF_RASTER | GDAL_OF_UPDATE | GDAL_OF_VERBOSE_ERROR,
	                                   weir_driver_list (), NULL, NULL);
	if (dataset == NULL)
		return s_overviews_failed (self, file, err);
	const char *resampling = self->output->options.resampling;
	if (resampling == NULL)
		resampling = weir_type_is_float (self->output->pipeline.out.type) ? "AVERAGE" : "NEAREST";
	s_set_overview_tile (self, true);
	CPLErr result = GDALBuildOverviews (dataset, resampling, n_levels, levels, 0, NULL, s_progress,
	                                    (void *) (uintptr_t) self);
	GDALClose (dataset);
	s_set_overview_tile (self, false);
	return result != CE_None || weir_words_any () ? s_overviews_failed (self, file, err) : 0;
}
