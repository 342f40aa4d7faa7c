/* probe.c - what a raster file says of itself (raster.h) */
#include "connectors/raster/crs.h"
#include "connectors/raster/driver.h"
#include "connectors/raster/raster.h"
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

int
weir_raster_probe (void *arg, const char *name, weir_probe_t *probe_out, weir_err_t *err)
{
	(void) arg;
	memset (probe_out, 0, sizeof *probe_out);
	GDALDatasetH dataset = NULL;
	int status = weir_driver_open (name, &dataset, err);
	if (status != 0)
		return status;
	probe_out->grid.crs_id = -1;
	probe_out->grid.width = GDALGetRasterXSize (dataset);
	probe_out->grid.height = GDALGetRasterYSize (dataset);
	/* A file without georeference has a transform of zeros: no grid accepts it, an item's own still
	 * may. */
	if (GDALGetGeoTransform (dataset, probe_out->grid.transform) != CE_None)
		memset (probe_out->grid.transform, 0, sizeof probe_out->grid.transform);
	probe_out->crs = weir_crs_export (GDALGetSpatialRef (dataset));
	status = s_read_bands (dataset, name, probe_out, err);
	GDALClose (dataset);
	if (status != 0)
		weir_probe_clear (probe_out);
	return status;
}
