/* graph.h - an openEO process graph: parsed, checked, in the order it can be evaluated
 *
 * weir_graph_parse takes {"process_graph": {…}}, a whole process object, or the bare map,
 * substitutes parameters and validates: known processes, required and unknown arguments,
 * references, cycles, exactly one result node, in callbacks too. What it lets through can be
 * lowered or evaluated without looking again.
 *
 * Ownership   the graph owns everything; const pointers live as long as it does
 * Limits      64 MiB of text, 100,000 nodes, callbacks nested 32 deep
 * Errors      ProcessGraphMissing, ProcessGraphInvalid, ProcessUnsupported,
 *             ProcessParameterRequired, ProcessParameterUnsupported, ProcessParameterInvalid;
 *             where = node id (callbacks: "outer/inner")
 * Source      openEO API 1.2, processes 2.0
 */
#ifndef WEIR_CUBE_GRAPH_H
#define WEIR_CUBE_GRAPH_H

#include "cube/kernel/stage.h"
#include "runtime/base/err.h"

#include <jansson.h>

typedef struct weir_graph weir_graph_t;
typedef struct weir_process weir_process_t; /* cube/process/process.h */

typedef struct weir_graph_node {
	const char *id;
	const weir_process_t *process;
	const json_t *arguments; /* object; parameters substituted */
	bool is_result;
} weir_graph_node_t;

/* params: object of values for {"from_parameter": name} outside callbacks, or NULL. */
int weir_graph_parse (const char *text, size_t text_bytes, const json_t *params,
                      weir_graph_t **graph_out, weir_err_t *err);
int weir_graph_from_json (const json_t *json, const json_t *params, weir_graph_t **graph_out,
                          weir_err_t *err);
void weir_graph_destroy (weir_graph_t **self_p);

size_t weir_graph_n_nodes (const weir_graph_t *self);
/* In evaluation order. */
const weir_graph_node_t *weir_graph_node (const weir_graph_t *self, size_t i);
const weir_graph_node_t *weir_graph_find (const weir_graph_t *self, const char *id);
const weir_graph_node_t *weir_graph_result (const weir_graph_t *self);
/* The graph as JSON text with parameters in place, sorted keys; yours. */
char *weir_graph_text (const weir_graph_t *self);

/* An argument that is {"from_node": id}: that node, else NULL. */
const weir_graph_node_t *weir_graph_argument_node (const weir_graph_t *self,
                                                   const weir_graph_node_t *node,
                                                   const char *argument);
/* An argument that is a callback {"process_graph": …}: already validated, owned by the graph; else
 * NULL. */
const weir_graph_t *weir_graph_argument_callback (const weir_graph_t *self,
                                                  const weir_graph_node_t *node,
                                                  const char *argument);

/* ---- lowering callbacks (cube/graph/lower.c) */
/* apply's `process`: cell by cell, parameter x. */
int weir_lower_apply (const weir_graph_t *callback, weir_cell_t in, weir_prog_t *prog_out,
                      weir_err_t *err);
/* reduce_dimension's `reducer`: folds over parameter `data` and, where more is done than one fold,
 * a post program over the folds' values (prog_out->n_instr 0 where not). folds: room for
 * WEIR_PIPELINE_FOLDS_MAX. */
int weir_lower_reducer (const weir_graph_t *callback, weir_cell_t in, weir_fold_t *folds,
                        size_t *n_folds_out, weir_prog_t *post_out, weir_cell_t *cell_out,
                        weir_err_t *err);
/* The same over bands: `data` are the cells of all bands at one place and time. One program; its
 * inputs are the bands in `inputs` (room for WEIR_PROG_INPUT_MAX), ascending, those it needs.
 * names: of the bands; NULL where they are not known yet: every element then is there. */
int weir_lower_bands_reducer (const weir_graph_t *callback, weir_cell_t in, size_t n_bands,
                              const char *const *names, weir_prog_t *prog_out, size_t *n_inputs_out,
                              uint32_t *inputs, weir_err_t *err);

#endif
