/* fixture.h - items made by hand, a world without files, and plans out of them
 *
 * Coordinates are their own transform; a CRS whose name begins with "bad" is one that PROJ does not
 * know; every file is what the fixture's probe says.
 */
#ifndef WEIR_TESTS_PLAN_FIXTURE_H
#define WEIR_TESTS_PLAN_FIXTURE_H

#include "cube/plan/build.h"

typedef struct {
	const char *id, *time; /* RFC 3339 */
	double x, y, step;     /* north-up */
	int64_t width, height; /* 0: STAC says neither shape nor transform */
	const char *crs;       /* NULL: none */
	const char *type;      /* of its one band "v"; NULL: STAC does not say */
	const char *nodata;    /* NULL: not declared; "nan" or a number */
	const char *key;       /* of the asset; NULL: "v" */
	bool has_no_geometry;
} fixture_item_t;

typedef struct {
	weir_plan_options_t options; /* filled by fixture_init; change before fixture_plan */
	weir_probe_t
		probe; /* borrowed texts and arrays: what every file is; width 0: of its item's grid */
	const char *missing; /* this file cannot be opened */
	size_t n_probes;
	weir_stac_items_t *items;
	weir_graph_t *graph;
	weir_plan_want_t *wants;
	size_t n_wants;
	weir_plan_t *plan;
	weir_err_t err;
} fixture_t;

void fixture_init (fixture_t *self);
void fixture_clear (fixture_t *self);
void fixture_add_items (fixture_t *self, size_t n, const fixture_item_t *rows);
/* graph: JSON with ' for ". Returns the status; plan or err are in the fixture. */
int fixture_plan (fixture_t *self, const char *graph);
/* The same with the usual graph: load (more arguments), reduce by max over t, save_result
 * (arguments after data). */
int fixture_plan_max (fixture_t *self, const char *load_more, const char *save_more);

void fixture_expect_ok (const fixture_t *self, int rc);
/* It failed with this code, this place, and this word in its text. */
void fixture_expect (const fixture_t *self, int rc, const char *code, const char *where,
                     const char *word);

#endif
