/* item.h - a STAC item as far as Weir uses it, and what a raster file says of itself
 *
 * Pure data: the STAC connector parses JSON into it, the raster connector fills weir_probe_t, the
 * planner reads both. All strings are owned by the item. Times are microseconds since
 * 1970-01-01T00:00:00Z.
 *
 * Source   STAC 1.0 and 1.1, projection, raster and eo extensions
 */
#ifndef WEIR_CUBE_SOURCE_ITEM_H
#define WEIR_CUBE_SOURCE_ITEM_H

#include "cube/cell.h"
#include "cube/grid/grid.h"

typedef struct { /* one band of an asset as STAC describes it; absent fields: NULL, false */
	char *name;
	char *common_name;
	char *description;
	bool has_type;
	weir_type_t type;
	bool has_nodata;
	double nodata; /* "nan", "inf", "-inf" are spelled out as values */
	bool has_scale, has_offset;
	double scale, offset;
} weir_stac_band_t;

typedef struct {
	char *crs; /* best candidate that is there: proj:code, proj:epsg ("EPSG:n"), proj:projjson,
	              proj:wkt2 */
	char *crs_candidates[4]; /* all that are there, in that order; NULL-filled */
	bool has_transform;
	double transform[6]; /* GDAL order (converted from STAC's) */
	bool has_shape;
	int64_t height, width;
} weir_stac_proj_t;

typedef struct {
	char *key;
	char *href; /* absolute: path or URL, resolved against the item's own address */
	char *media_type;
	char *title;
	size_t n_roles;
	char **roles;
	size_t n_bands;
	weir_stac_band_t *bands;
	weir_stac_proj_t proj; /* asset level over item level, already merged */
} weir_stac_asset_t;

typedef struct {
	char *id;
	char *collection;
	char *href;      /* where the item was read from, for messages */
	int64_t time_us; /* datetime, or start_datetime where that is null */
	bool has_geometry;
	weir_bbox_t bbox; /* longitude, latitude; from bbox, else from the geometry */
	size_t n_assets;
	weir_stac_asset_t *assets; /* in the order of the document */
	void *properties;          /* json_t * of "properties", for conditions; owned */
} weir_stac_item_t;

typedef struct {
	size_t n_items;
	weir_stac_item_t *items;
	size_t n_horizontal_dims;                /* reserved for cube:dimensions */
	char *dim_x, *dim_y, *dim_t, *dim_bands; /* from cube:dimensions, else "x", "y", "t", "bands" */
} weir_stac_items_t;

void weir_stac_item_clear (weir_stac_item_t *self);
void weir_stac_items_destroy (weir_stac_items_t **self_p);

/* What a raster file says of itself, asked once a job of a few files. */
typedef struct {
	weir_grid_t grid; /* crs_id unused */
	char *crs;        /* canonical WKT2, or NULL */
	int block_width, block_height;
	size_t n_bands;
	weir_cell_t *bands;  /* type and declared no-data; 64-bit integers are refused */
	char **descriptions; /* may hold NULL */
} weir_probe_t;

void weir_probe_clear (weir_probe_t *self);

#endif
