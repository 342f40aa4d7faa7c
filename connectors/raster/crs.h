/* crs.h - coordinate reference systems: from a user's text to PROJ, by typed importers only
 *
 * Accepted forms: "AUTHORITY:CODE" of a known authority, WKT 1 or 2, PROJJSON. Anything else (PROJ
 * strings, file names, addresses) is no CRS. Axis order of what is made here is always x, y.
 *
 * Runs on   any thread
 * Limits    WEIR_CRS_TEXT_MAX bytes a text
 */
#ifndef WEIR_CONNECTORS_RASTER_CRS_H
#define WEIR_CONNECTORS_RASTER_CRS_H

#include <ogr_srs_api.h>

#define WEIR_CRS_TEXT_MAX ((size_t) 1 << 18)

/* NULL where the text is none of the forms or PROJ does not know it; else yours
 * (OSRDestroySpatialReference). */
OGRSpatialReferenceH weir_crs_import (const char *text);
char *weir_crs_export (
	OGRSpatialReferenceH crs); /* canonical WKT2:2019, one line; NULL for none; yours */

#endif
