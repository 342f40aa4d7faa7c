/* driver.h - the GDAL drivers that may open a file, and how their bands map to cell types
 *
 * A format joins by one line in the table of driver.c. No other driver is ever registered, so none
 * can be reached by a crafted name or file.
 *
 * Runs on   any thread after weir_raster_init ()
 */
#ifndef WEIR_CONNECTORS_RASTER_DRIVER_H
#define WEIR_CONNECTORS_RASTER_DRIVER_H

#include "cube/cell.h"
#include "runtime/base/err.h"

#include <gdal.h>

/* NULL-ended, as GDALOpenEx wants it. */
const char *const *weir_driver_list (void);

/* Opens a local file read-only with the allowed drivers; the reason of a failure in the system's or
 * GDAL's words. */
int weir_driver_open (const char *name, GDALDatasetH *dataset_out, weir_err_t *err);
/* The same for a name that is known to be good; shown: what errors call it. */
int weir_driver_open_name (const char *name, const char *shown, GDALDatasetH *dataset_out,
                           weir_err_t *err);

/* What a band holds: WEIR_E_UNSUPPORTED for complex and 64-bit integer types. */
int weir_driver_band_type (GDALRasterBandH band, const char *name, weir_type_t *type_out,
                           weir_err_t *err);

/* GDAL's name for a type; *is_signed_byte_out where it takes the creation option
 * PIXELTYPE=SIGNEDBYTE (GDAL < 3.7). */
GDALDataType weir_driver_type_of (weir_type_t type, bool *is_signed_byte_out);

#endif
