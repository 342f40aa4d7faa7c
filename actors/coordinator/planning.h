/* planning.h - from a process graph to a plan: the I/O around weir_plan_build
 *
 * Loads the items of each load_stac and hands the raster connector to the planner. The
 * coordinator's worker and `weir plan` use the same.
 *
 * Runs on   any thread after weir_raster_init; blocks on disk and network
 * Errors    those of weir_plan_wants, weir_stac_load and weir_plan_build;
 *           "Cancelled" (WEIR_E_CANCELLED)
 */
#ifndef WEIR_ACTORS_PLANNING_H
#define WEIR_ACTORS_PLANNING_H

#include "cube/plan/build.h"

/* base: numbers and flags only, the callbacks are filled in. is_cancelled may be NULL. What the
 * STAC connector warns of goes into the plan's warnings. */
int weir_planning_run (const weir_graph_t *graph, const weir_plan_options_t *base,
                       bool (*is_cancelled) (void *arg), void *arg, weir_plan_t **plan_out,
                       weir_err_t *err);

#endif
