/* stac.h - items from a STAC address: API collection, static catalogue, item collection, item
 *
 * Reads the JSON of `url` (path relative to the working directory, file://; http(s) through
 * libcurl). A collection of an API is searched: by collection, place, time and, where the API has
 * CQL2, conditions on properties. Else `item`, `items` and `child` links are followed. Whatever
 * filtered before, the items given meet bbox, time and conditions; they are sorted by id.
 *
 * Errors   "StacUnreadable" (where: the address; reason in the server's, system's or curl's words),
 *          "ItemInvalid" (where: item id)
 * Limits   64 MiB a document, 1,000,000 items, 100,000 pages, catalogues nested 16 deep, loops
 *          found; time-outs and retries: http.h
 * Runs on  any thread; blocks
 * Source   STAC 1.0.0 and 1.1.0, projection 1.x and 2.0, raster 1.1, STAC API 1.0, CQL2
 */
#ifndef WEIR_CONNECTORS_STAC_H
#define WEIR_CONNECTORS_STAC_H

#include "cube/plan/build.h"
#include "cube/source/item.h"

/* One item from its JSON; href: its own address, to resolve asset hrefs against. */
int weir_stac_parse_item (const void *json /* json_t * */, const char *href,
                          weir_stac_item_t *item_out, weir_err_t *err);

/* A box of the want in any other CRS is not compared, and refused where an API is asked. */
bool weir_stac_is_lonlat (const char *crs);

/* is_cancelled may be NULL. A bad item fails the call, or with skip_bad_items is left out and named
 * in warnings (n_warnings strings, yours). */
int weir_stac_load (const weir_plan_want_t *want, bool skip_bad_items,
                    bool (*is_cancelled) (void *arg), void *arg, weir_stac_items_t **items_out,
                    char ***warnings_out, size_t *n_warnings_out, weir_err_t *err);

#endif
