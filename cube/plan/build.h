/* build.h - from a validated graph and the items it names to a plan
 *
 * Two steps with I/O between them, done by the caller: weir_plan_wants () says what each load_stac
 * asks for; the caller fetches the items and probes files; weir_plan_build () does the rest. Both
 * are pure functions.
 *
 * Errors    openEO codes where there is one; `where` names the node or the item
 * Source    DESIGN 3, 7, 8
 */
#ifndef WEIR_CUBE_PLAN_BUILD_H
#define WEIR_CUBE_PLAN_BUILD_H

#include "cube/graph/graph.h"
#include "cube/plan/plan.h"
#include "cube/source/item.h"

typedef struct {               /* a condition on a property of the items */
	const char *name;          /* "eo:cloud_cover" */
	const weir_graph_t *graph; /* of the callback, parameter `value` */
} weir_plan_condition_t;

typedef struct {         /* a resample_spatial right after the load; it fuses into the read */
	const char *node;    /* NULL: none */
	double res_x, res_y; /* 0: as the items have it */
	const char *crs;     /* NULL: the items' */
	weir_align_t align;
} weir_plan_resample_t;

typedef struct { /* what one load_stac node asks for; borrowed strings live as long as the graph */
	const char *node;
	const char *url;
	bool has_bbox;
	weir_bbox_t bbox;
	const char *bbox_crs; /* "EPSG:4326" unless given */
	/* A const json_t *: GeoJSON that was checked; bbox is its box, and it masks. NULL: none. */
	const void *geometry;
	bool has_time;
	int64_t time_from_us, time_to_us; /* left-closed, right-open; open ends: INT64_MIN, INT64_MAX */
	size_t n_bands;
	const char *const *bands; /* n_bands 0: all */
	size_t n_conditions;      /* all must be true */
	const weir_plan_condition_t *conditions;
	weir_plan_resample_t resample;
} weir_plan_want_t;

/* One entry for each load_stac node that a result needs, in graph order; one more for each
 * resample_spatial of it. *wants_out is yours to free (one block). */
int weir_plan_wants (const weir_graph_t *graph, size_t *n_wants_out, weir_plan_want_t **wants_out,
                     weir_err_t *err);

typedef struct {
	uint64_t memory_bytes; /* budget of one actor's working sets */
	uint32_t n_slots;      /* reader slots of the whole job, at the least */
	bool skip_bad_items;
	int64_t chunk_width, chunk_height; /* 0: the planner's choice; for tests and benches */
	uint32_t run_labels;               /* 0: the planner's choice */
	weir_transform_fn *transform;
	/* Resolves the first of n candidates that PROJ knows to canonical WKT2 (yours to free); NULL if
	 * none. */
	char *(*crs_resolve) (void *arg, size_t n, const char *const *candidates);
	bool (*crs_equal) (void *arg, const char *a, const char *b);
	/* Opens a file and tells what it is; name: GDAL-ready. */
	int (*probe) (void *arg, const char *name, weir_probe_t *probe_out, weir_err_t *err);
	/* href -> GDAL-ready name (yours to free), or an error where the address is not allowed. */
	int (*name_of_href) (void *arg, const char *href, char **name_out, weir_err_t *err);
	void *arg;
} weir_plan_options_t;

/* items[i] belongs to wants[i]; borrowed. */
int weir_plan_build (const weir_graph_t *graph, size_t n_wants, const weir_plan_want_t *wants,
                     const weir_stac_items_t *const *items, const weir_plan_options_t *options,
                     weir_plan_t **plan_out, weir_err_t *err);

/* The lines of `weir plan` ("key: value"), yours to free; keys: grid, bands, type, nodata, scale,
 * labels, items, resampled, chunks, pipeline, pushed_down, memory, warnings. json: one object with
 * the same keys. */
char *weir_plan_explain (const weir_plan_t *self, bool json);

#endif
