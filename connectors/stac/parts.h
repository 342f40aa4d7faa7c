/* parts.h - the pieces of a STAC item: projection, bands, head and assets
 *
 * weir_stac_parse_item () of stac.h is head and assets together. A catalogue reader calls them one
 * by one, so that an item outside the wanted box or time costs no more than its head.
 *
 * Runs on   any thread; pure
 * Source    STAC 1.0 and 1.1, projection 1.x and 2.0, raster 1.1 and 2.0, eo 1.1
 */
#ifndef WEIR_CONNECTORS_STAC_PARTS_H
#define WEIR_CONNECTORS_STAC_PARTS_H

#include "connectors/stac/field.h"
#include "cube/source/item.h"

/* Projection of an asset over that of the item, field by field: a field that the asset has, even as
 * null, hides the item's. */
int weir_stac_parse_proj (const weir_stac_at_t *at, const json_t *asset, const json_t *properties,
                          weir_stac_proj_t *proj_out);

/* `bands` (1.1), `eo:bands` and `raster:bands` (1.0), merged by position; in a tie that order wins.
 * Values of the asset itself (data_type, nodata, raster:scale, raster:offset) fill what a band
 * leaves open; an asset with such values and no list has one band. */
int weir_stac_parse_bands (const weir_stac_at_t *at, const json_t *asset, size_t *n_bands_out,
                           weir_stac_band_t **bands_out);

/* id, collection, time, box and properties. On error *item is cleared. */
int weir_stac_parse_head (const json_t *json, const char *href, weir_stac_item_t *item,
                          weir_err_t *err);
/* The assets of an item whose head is there. On error *item is cleared. */
int weir_stac_parse_assets (const json_t *json, weir_stac_item_t *item, weir_err_t *err);

#endif
