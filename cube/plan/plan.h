/* plan.h - the compiled job: what every actor needs to know, O(items), never O(chunks)
 *
 * The planner makes it once (build.h), it is stored under the SHA-256 of its text, fetched by hash
 * and decoded by each actor. Chunks are not listed: weir_plan_chunk () works one out from its
 * number.
 *
 * Chunk numbers  outputs one after the other; within an output label by label (one label unless
 *                the time dimension survives); within a label column by column of chunks ("chunk
 *                column"), top to bottom, so that neighbouring numbers hit the same files. Numbers
 *                are 0 … n_chunks - 1.
 * Shapes         chunk: n_bands × rows × cols, row 0 north; edge chunks are smaller, never padded
 * Decode         survives any bytes: sizes, indices and enums are checked; a bad plan is an error,
 *                never a crash
 * Runs on        any thread; pure; immutable after build or decode
 */
#ifndef WEIR_CUBE_PLAN_H
#define WEIR_CUBE_PLAN_H

#include "cube/grid/grid.h"
#include "cube/grid/shape.h"
#include "cube/kernel/stage.h"

typedef struct {    /* one band of one item: where its pixels are */
	uint32_t asset; /* index into weir_plan_item_t.files */
	uint32_t band;  /* 1-based band in the file; 0: this item lacks the band (all no-data) */
} weir_plan_item_band_t;

typedef struct { /* what means no-data in the pixels of a file */
	bool has_value;
	double value;
} weir_plan_nodata_t;

typedef struct { /* where a file's raster lies */
	/* In pixels of the source's grid; may stick out. Resampled: what it may reach at the most. */
	weir_window_t window;
	bool is_resampled; /* near, from its own grid */
	weir_grid_t grid;  /* where is_resampled: the file's own */
} weir_plan_place_t;

typedef struct {
	char *id;
	uint32_t label;       /* index into the source's labels */
	weir_window_t window; /* all its rasters in pixels of the source grid; may stick out */
	size_t n_files;
	weir_plan_place_t
		*places;  /* NULL: every file is `window`, on the source's grid; else n_files */
	char **files; /* GDAL-ready names, built by us */
	weir_plan_item_band_t *bands; /* source.n_bands of them */
	weir_plan_nodata_t *nodata;   /* NULL: as the source's bands say; else source.n_bands of them */
} weir_plan_item_t;

typedef struct {
	char *name;
	char *description; /* or NULL */
	bool has_scale, has_offset;
	double scale, offset; /* shown, never applied */
	bool has_nodata;      /* declared: STAC over file */
	double nodata;        /* the value that means no-data in the files */
} weir_plan_band_t;

typedef struct { /* one load_stac with its extents */
	char *node;
	weir_grid_t grid;
	weir_cell_t cell; /* type of slices as readers deliver them (common to all bands; may be wider
	                     than the files') */
	size_t n_bands;
	weir_plan_band_t *bands;
	size_t n_labels;
	int64_t *labels_us; /* ascending, unique */
	size_t n_items;
	weir_plan_item_t *items; /* sorted by label, then id */
	size_t *label_items; /* n_labels + 1: items of label l are [label_items[l], label_items[l+1]) */
	int block_width, block_height; /* of the files, the commonest */
	/* n_points 0: none. Else what lies outside was not observed; in the CRS of the grid. */
	weir_shape_t mask;
	bool is_warped; /* some file has another CRS than the grid; worked out */
	bool is_null;   /* a bench source: no files, no reads */
} weir_plan_source_t;

typedef enum {
	WEIR_FORMAT_GTIFF = 0,
	WEIR_FORMAT_COG, /* the same tiles, directories first, with overviews */
	WEIR_FORMAT_PNG,
	WEIR_FORMAT_NULL,
	WEIR_N_FORMATS
} weir_format_t;

typedef struct {    /* options of save_result, defaults filled in */
	char *compress; /* "NONE", "LZW", "DEFLATE", "ZSTD", "PACKBITS"; GTiff default "DEFLATE" */
	int predictor;  /* 1, 2, 3 */
	int block_width, block_height; /* output tiles, default 512 × 512 */
	bool tiled;
	char *bigtiff; /* "IF_SAFER", "YES", "NO", "IF_NEEDED" */
	bool overviews;
	char
		*resampling; /* of overviews, GDAL's name; NULL: nearest for integers, average for floats */
	bool dates_as_bands;
	bool has_nodata; /* floats: no-data is written as this value, not as NaN */
	double nodata;
} weir_format_options_t;

typedef struct {
	char *node;      /* id of the save_result node */
	bool is_result;  /* the graph's result: files go into DIR, else DIR/<node>/ */
	uint32_t source; /* index of the source it computes from */
	weir_format_t format;
	weir_format_options_t options;
	weir_pipeline_t pipeline;
	bool keeps_time; /* no fold over t: one file a label */
	int64_t chunk_width, chunk_height;
	uint64_t n_chunk_cols, n_chunk_rows;
	uint64_t first_chunk, n_chunks; /* n_chunks = (keeps_time ? n_labels : 1) × cols × rows */
	uint32_t run_labels;  /* labels of one run: 16·2^k, or ≥ n_labels: one run a chunk */
	bool is_whole_chunk;  /* one reader takes all runs and finishes: block instead of partial */
	uint64_t acc_bytes;   /* of a whole chunk, all bands: size of one partial's payload */
	uint64_t block_bytes; /* of a whole finished chunk, uncompressed */
} weir_plan_output_t;

typedef struct weir_plan {
	size_t n_crs;
	char **crs; /* canonical WKT2 */
	size_t n_sources;
	weir_plan_source_t *sources;
	size_t n_outputs;
	weir_plan_output_t *outputs;
	uint64_t n_chunks;
	uint64_t memory_bytes; /* largest working set of one slot */
	size_t n_warnings;
	char **warnings;
} weir_plan_t;

typedef struct { /* one chunk, worked out */
	uint32_t output;
	uint64_t label;       /* of the output; 0 unless keeps_time */
	uint64_t col, row;    /* in chunks */
	weir_window_t window; /* in pixels of the source's grid */
	uint32_t rank_first;  /* the source's labels in it: [rank_first, rank_first + n_labels) */
	uint32_t n_labels;
	uint32_t n_runs;
} weir_plan_chunk_t;

/* What a reader's slot may hold of where cells of warped files lie. */
#define WEIR_WARPS_BYTES ((size_t) 32 << 20)

void weir_plan_destroy (weir_plan_t **self_p);
weir_plan_chunk_t weir_plan_chunk (const weir_plan_t *self, uint64_t chunk);
/* Labels of run `run` of a chunk: *rank_out, *n_labels_out. */
void weir_plan_run (const weir_plan_t *self, const weir_plan_chunk_t *chunk, uint32_t run,
                    uint32_t *rank_out, uint32_t *n_labels_out);

/* Bands of the source that are read for an output; input i of them is band …_input (output, i). */
size_t weir_plan_output_inputs (const weir_plan_source_t *source, const weir_plan_output_t *output);
uint32_t weir_plan_output_input (const weir_plan_output_t *output, size_t i);
/* Accumulators of a chunk, side by side in a partial. */
size_t weir_plan_output_accs (const weir_plan_source_t *source, const weir_plan_output_t *output);
/* Bands of the result. */
size_t weir_plan_output_bands (const weir_plan_source_t *source, const weir_plan_output_t *output);

/* The value that means no-data in the file's pixels of one band of one item: the item's own, else
 * the band's. */
weir_plan_nodata_t weir_plan_item_nodata (const weir_plan_source_t *source,
                                          const weir_plan_item_t *item, size_t band);

/* Where file `file` of an item lies. */
weir_plan_place_t weir_plan_item_place (const weir_plan_item_t *item, size_t file);
bool weir_plan_item_is_warped (const weir_plan_source_t *source, const weir_plan_item_t *item);
bool weir_plan_item_is_resampled (const weir_plan_item_t *item); /* some file of it */

/* A plan without files, for benches: one source (is_null), one output of format NULL, n_chunks
 * chunks of 64 cells, one run each, payloads of 64 bytes. NULL unless 1 ≤ n_chunks ≤ 2^40. */
weir_plan_t *weir_plan_null (uint64_t n_chunks);

/* JSON text, yours; the same plan gives the same text. */
char *weir_plan_encode (const weir_plan_t *self);
int weir_plan_decode (const char *text, size_t text_bytes, weir_plan_t **plan_out, weir_err_t *err);

/* "20220901T051233Z" (fractions of a second kept where there are any); buf of 40 bytes at least. */
char *weir_label_format (int64_t time_us, char *buf, size_t buf_bytes);
/* RFC 3339 date-time or date -> µs; false if it is neither. */
bool weir_label_parse (const char *text, int64_t *time_us_out);

#endif
