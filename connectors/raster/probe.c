/* probe.c - what a raster file says of itself (raster.h) */
#include "connectors/raster/crs.h"
#include "connectors/raster/driver.h"
#include "connectors/raster/raster.h"
#include "connectors/raster/remote.h"
#include "connectors/raster/url.h"
#include "runtime/base/mem.h"

#include <math.h>

/* A tag outside the band's type marks nothing and is left out. Floats always have no-data: the
 * tag's value, else NaN. */
static void
s_read_nodata (GDALRasterBandH band, weir_cell_t *cell)
{
	int has_tag = 0;
	double value = GDALGetRasterNoDataValue (band, &has_tag);
	if (weir_type_is_float (cell->type)) {
		cell->has_nodata = true;
		cell->nodata = has_tag ? value : NAN;
	} else if (has_tag && weir_type_holds (cell->type, value)) {
		cell->has_nodata = true;
		cell->nodata = value;
	}
}

static int
s_read_bands (GDALDatasetH dataset, const char *name, weir_probe_t *probe, weir_err_t *err)
{
	probe->n_bands = (size_t) GDALGetRasterCount (dataset);
	if (probe->n_bands == 0)
		return weir_err_set (err, WEIR_E_IO, WEIR_CLASS_GIVE_UP, "RasterUnreadable", name,
		                     "no raster band");
	probe->bands = weir_alloc (probe->n_bands * sizeof *probe->bands);
	probe->descriptions = weir_alloc (probe->n_bands * sizeof *probe->descriptions);
	for (size_t i = 0; i < probe->n_bands; i++) {
		GDALRasterBandH band = GDALGetRasterBand (dataset, (int) i + 1);
		int status = weir_driver_band_type (band, name, &probe->bands[i].type, err);
		if (status != 0)
			return status;
		s_read_nodata (band, &probe->bands[i]);
		const char *description = GDALGetDescription (band);
		if (description != NULL && description[0] != '\0')
			probe->descriptions[i] = weir_strdup (description);
	}
	GDALGetBlockSize (GDALGetRasterBand (dataset, 1), &probe->block_width, &probe->block_height);
	return 0;
}

static int
s_probe_dataset (GDALDatasetH dataset, const char *name, weir_probe_t *probe, weir_err_t *err)
{
	probe->grid.crs_id = -1;
	probe->grid.width = GDALGetRasterXSize (dataset);
	probe->grid.height = GDALGetRasterYSize (dataset);
	/* A file without georeference has a transform of zeros: no grid accepts it, an item's own still
	 * may. */
	if (GDALGetGeoTransform (dataset, probe->grid.transform) != CE_None)
		memset (probe->grid.transform, 0, sizeof probe->grid.transform);
	probe->crs = weir_crs_export (GDALGetSpatialRef (dataset));
	return s_read_bands (dataset, name, probe, err);
}

static int
s_wait_open (const weir_raster_context_t *context, weir_fetch_group_t *group, weir_remote_t *remote,
             GDALDatasetH *dataset_out, weir_err_t *err)
{
	int status = 0;
	if (context != NULL)
		weir_fetch_group_watch (group, context->is_cancelled, context->arg);
	while (status == 0) {
		uint64_t seen = weir_fetch_group_count (group);
		if (weir_remote_is_ready (remote))
			return weir_remote_open (remote, dataset_out, err);
		status = weir_fetch_group_wait (group, seen, err);
	}
	return status;
}

static int
s_probe_remote (const weir_raster_context_t *context, const char *name, weir_probe_t *probe,
                weir_err_t *err)
{
	size_t held = 0;
	weir_fetch_group_t *group = weir_fetch_group_new ();
	weir_remote_t *remote = weir_remote_new (group, name, &held);
	GDALDatasetH dataset = NULL;
	int status = s_wait_open (context, group, remote, &dataset, err);
	if (status == 0)
		status = s_probe_dataset (dataset, weir_url_shown (name), probe, err);
	if (dataset != NULL)
		GDALClose (dataset);
	weir_remote_destroy (&remote);
	weir_fetch_group_destroy (&group);
	return status;
}

static int
s_probe_local (const char *name, weir_probe_t *probe, weir_err_t *err)
{
	GDALDatasetH dataset = NULL;
	int status = weir_driver_open (name, &dataset, err);
	if (status == 0)
		status = s_probe_dataset (dataset, name, probe, err);
	if (dataset != NULL)
		GDALClose (dataset);
	return status;
}

int
weir_raster_probe (void *arg, const char *name, weir_probe_t *probe_out, weir_err_t *err)
{
	memset (probe_out, 0, sizeof *probe_out);
	int status = weir_raster_is_remote (name) ? s_probe_remote (arg, name, probe_out, err)
	                                          : s_probe_local (name, probe_out, err);
	if (status != 0)
		weir_probe_clear (probe_out);
	return status;
}
