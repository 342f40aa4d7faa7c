/* eval.h - evaluates a graph on JSON values, for `weir eval` and for conditions on STAC properties
 *
 * The values' spelling is that of cube/process/value.h. Slow and exact; cubes go through lowering
 * instead.
 *
 * Runs on   any thread; pure
 */
#ifndef WEIR_CUBE_GRAPH_EVAL_H
#define WEIR_CUBE_GRAPH_EVAL_H

#include "cube/graph/graph.h"

/* A callback as a graph of its own. parameters: the names it may use, separated by spaces. */
int weir_callback_new (const json_t *callback, const char *parameters, weir_graph_t **graph_out,
                       weir_err_t *err);

/* values: object of values for the names in from_parameter, or NULL. Result is yours. */
int weir_graph_eval (const weir_graph_t *graph, const json_t *values, json_t **result_out,
                     weir_err_t *err);

/* One process on these arguments, checked as a node of a graph would be. */
int weir_process_eval (const char *process_id, const json_t *arguments, json_t **result_out,
                       weir_err_t *err);

#endif
