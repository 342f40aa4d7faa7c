/* write.h - results as a STAC collection: what is needed to load them again
 *
 * One item a file of an output, all on one grid; the collection links to the items, the items to
 * the files beside them, by relative addresses, so that the folder may be moved.
 *
 * Runs on   any thread; pure
 * Source    STAC 1.1.0, projection extension 2.0.0, RFC 7946
 */
#ifndef WEIR_CONNECTORS_STAC_WRITE_H
#define WEIR_CONNECTORS_STAC_WRITE_H

#include "cube/cell.h"
#include "cube/grid/footprint.h"

#define WEIR_STAC_COLLECTION_FILE "collection.json"

typedef struct { /* borrowed texts, as all of these */
	const char *name;
	weir_type_t type;
	bool has_nodata;
	double nodata;
} weir_stac_made_band_t;

typedef struct {
	const char *file; /* its name, without folder: "result_20220901T051233Z.tif" */
	const char *media_type, *role;
	bool is_instant;           /* first_us is the time … */
	int64_t first_us, last_us; /* … else this closed interval */
	size_t n_bands;
	const weir_stac_made_band_t *bands;
} weir_stac_made_item_t;

typedef struct {
	const char *id, *description;
	weir_grid_t grid;
	const char *crs_code;              /* "EPSG:32642"; NULL where the CRS has none … */
	const char *crs_wkt;               /* … then this; NULL: unknown CRS, and no place on earth */
	const weir_footprint_t *footprint; /* NULL: unknown */
	size_t n_items;
	const weir_stac_made_item_t *items;
} weir_stac_made_t;

/* The name of an item's own file, "result_20220901T051233Z.json"; yours. */
char *weir_stac_made_name (const weir_stac_made_item_t *item);
/* JSON texts, yours; the same input gives the same text. */
char *weir_stac_made_item (const weir_stac_made_t *self, size_t i);
char *weir_stac_made_collection (const weir_stac_made_t *self);

#endif
