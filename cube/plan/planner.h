/* planner.h - the steps of weir_plan_build, private to cube/plan/
 *
 *   chain.c    from a save_result back to its load_stac
 *   wants.c    what a load_stac asks for
 *   format.c   what a save_result asks for
 *   bands.c    names of bands -> assets and bands of files
 *   place.c    CRS and grid of an item
 *   resample.c what a resample_spatial asks for, and the grid it makes
 *   lattice.c  the grid of all items, windows in it
 *   mask.c     polygons of an extent in the CRS of the grid
 *   types.c    one cell type for all files
 *   source.c   items -> a source of the plan, by the four above
 *   shape.c    chunks, runs and memory of an output
 *   build.c    all of it in order
 */
#ifndef WEIR_CUBE_PLAN_PLANNER_H
#define WEIR_CUBE_PLAN_PLANNER_H

#include "cube/plan/build.h"
#include "cube/plan/codec.h"

#define WEIR_TILE_DEFAULT 512
#define WEIR_CHUNK_SIDE_MAX 4096

/* ---- chain.c */
typedef struct { /* nodes are borrowed from the graph */
	const weir_graph_node_t *save, *load;
	const weir_graph_node_t *resample; /* or NULL */
	size_t n_steps;                    /* apply and reduce_dimension, in the order of the data */
	const weir_graph_node_t **steps;
	/* Once it is settled, each one of the steps or NULL. */
	const weir_graph_node_t *over_time, *over_bands;
} weir_chain_t;

int weir_chain_walk (const weir_graph_t *graph, const weir_graph_node_t *save,
                     weir_chain_t *chain_out, weir_err_t *err);
/* The want is this chain's load, with its resample_spatial. */
bool weir_chain_is_fed_by (const weir_chain_t *self, const weir_plan_want_t *want);
void weir_chain_clear (weir_chain_t *self);
/* The chains of all save_result nodes of the graph; the result must be one of them. */
int weir_chains_walk (const weir_graph_t *graph, size_t *n_out, weir_chain_t **chains_out,
                      weir_err_t *err);
void weir_chains_free (size_t n, weir_chain_t *chains);
/* Which reduction is over which dimension, by the names that the catalogue gives them: over the
 * temporal one, over bands, each once. */
int weir_chain_settle (weir_chain_t *self, const weir_stac_items_t *items, weir_err_t *err);

/* ---- format.c */
typedef struct {
	weir_format_t format;
	weir_format_options_t options; /* owned texts */
	bool has_type;
	weir_type_t type;
	bool has_nodata;
	double nodata;
} weir_target_t;

int weir_target_read (const weir_graph_node_t *save, weir_target_t *target_out, weir_err_t *err);
void weir_target_clear (weir_target_t *self);
/* What depends on the data: predictor and type, no-data and type, PNG's one band. Changes
 * pipeline->out, and what floats write for no-data. */
int weir_target_apply (weir_target_t *self, const char *node, size_t n_bands, bool keeps_time,
                       weir_pipeline_t *pipeline, weir_err_t *err);

/* ---- types.c */
weir_type_t weir_type_join (weir_type_t a, weir_type_t b); /* the smallest that holds both */
/* One cell for files of n kinds of cells (n ≥ 1), see DESIGN 8; may_be_unobserved: no-data is
 * needed. */
weir_cell_t weir_cell_common (size_t n, const weir_cell_t *cells, bool may_be_unobserved);

/* ---- items on their way into a source */
typedef struct {
	const weir_stac_asset_t *asset;
	char *name; /* GDAL-ready */
	bool is_probed;
	weir_probe_t probe;
	weir_grid_t grid;        /* crs_id of the plan */
	size_t group;            /* of files whose grids agree */
	weir_plan_place_t place; /* while grids are grouped: its window in the group's lattice */
} weir_file_t;

typedef struct {               /* what one band of one item's file holds */
	weir_cell_t cell;          /* type; no-data as far as it can occur */
	weir_plan_nodata_t nodata; /* as it is declared */
} weir_file_band_t;

typedef struct {
	const weir_stac_item_t *item;
	bool is_dropped;
	size_t n_files;
	weir_file_t *files;
	weir_plan_item_band_t *bands;        /* n_specs */
	const weir_stac_band_t **stac_bands; /* n_specs; NULL where STAC says nothing */
} weir_candidate_t;

typedef struct { /* a band that is wanted */
	char *name;
	char *asset_key; /* fixed: this asset, this band; NULL: by name */
	uint32_t file_band;
	bool is_described;   /* descriptions in files were looked at … */
	char *described_key; /* … and found in this asset (or NULL) */
	uint32_t described_band;
} weir_band_spec_t;

typedef struct {
	const weir_plan_want_t *want;
	const weir_stac_items_t *items;
	const weir_plan_options_t *options;
	weir_plan_t *plan;
	size_t n_candidates;
	weir_candidate_t *candidates; /* by time, then id */
	size_t n_specs;
	weir_band_spec_t *specs;
	size_t n_crs_texts; /* CRS as items write them, and what became of them (-1: PROJ knows none) */
	char **crs_texts;
	int *crs_ids;
	weir_grid_t grid; /* the source's */
	bool is_covered;  /* every label has an item that covers the whole grid */
} weir_source_work_t;

/* ---- source.c */
int weir_source_build (const weir_plan_want_t *want, const weir_stac_items_t *items,
                       const weir_plan_options_t *options, weir_plan_t *plan,
                       weir_plan_source_t *source, weir_err_t *err);
/* A bad item: left out with a warning if the options say so (true; err is cleared), else an error
 * (false). */
bool weir_work_drop (weir_source_work_t *self, weir_candidate_t *candidate, weir_err_t *err);
/* Opens a file once. */
int weir_work_probe (weir_source_work_t *self, weir_file_t *file, weir_err_t *err);

/* ---- bands.c */
int weir_bands_list (weir_source_work_t *self, weir_err_t *err); /* fills specs */
int weir_bands_resolve (weir_source_work_t *self, weir_candidate_t *candidate, weir_err_t *err);

/* ---- wants.c
 * A CRS as a graph may write it: EPSG number, code, WKT, PROJJSON (also as an object). text has
 * room for WEIR_CRS_TEXT_BYTES, or for the object's text if that is longer; *crs_out is it, or the
 * graph's own. */
#define WEIR_CRS_TEXT_BYTES ((size_t) WEIR_SHAPE_CRS_BYTES)
bool weir_want_read_crs (const json_t *value, char *text, const char **crs_out);

/* ---- place.c */
int weir_place_item (weir_source_work_t *self, weir_candidate_t *candidate, weir_err_t *err);
/* Opens the files of an item and holds them against what it says. */
int weir_place_check (weir_source_work_t *self, weir_candidate_t *candidate, weir_err_t *err);
/* The plan's number of a canonical CRS, which is taken. */
int weir_place_intern_crs (weir_source_work_t *self, char *text);

/* ---- resample.c */
int weir_resample_read (const weir_graph_node_t *node, weir_plan_resample_t *out, char *crs_text,
                        weir_err_t *err);
/* The grid that want->resample makes of what would otherwise be `base`, with an extent of its own:
 * *box (in the CRS *crs_id_out names) is asked for by `extent`. */
typedef int weir_resample_extent_fn (void *arg, int crs_id, weir_bbox_t *box_out, weir_err_t *err);
int weir_resample_grid (weir_source_work_t *self, const weir_grid_t *base,
                        weir_resample_extent_fn *extent, void *arg, bool *is_changed_out,
                        weir_grid_t *grid_out, weir_err_t *err);

/* ---- lattice.c
 * Chooses the grid, drops what does not meet it, sets places in its pixels. */
int weir_place_grid (weir_source_work_t *self, weir_err_t *err);

/* ---- mask.c */
int weir_mask_build (const weir_plan_want_t *want, const weir_plan_options_t *options,
                     const weir_plan_t *plan, const weir_grid_t *grid, weir_shape_t *mask_out,
                     weir_err_t *err);

/* ---- shape.c */
int weir_shape_output (const weir_plan_options_t *options, const weir_plan_source_t *source,
                       weir_plan_output_t *output, uint64_t *memory_out, weir_err_t *err);

void weir_plan_warn (weir_plan_t *plan, const char *format, ...)
	__attribute__ ((format (printf, 2, 3)));
/* "12.3 MiB" */
char *weir_plan_bytes_text (uint64_t bytes, char *buf, size_t buf_bytes);

#endif
