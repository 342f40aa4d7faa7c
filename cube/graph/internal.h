/* internal.h - what the files of cube/graph share
 *
 * A graph is built in passes: nodes are indexed (build.c), arguments checked and parameters put in
 * (argument.c), references followed and nodes ordered (order.c), and callbacks tried for what
 * lowering would refuse (types.c).
 *
 * Limits   WEIR_GRAPH_… below; the budget bounds the work on arguments that parameters repeat many
 *          times over
 */
#ifndef WEIR_CUBE_GRAPH_INTERNAL_H
#define WEIR_CUBE_GRAPH_INTERNAL_H

#include "cube/graph/graph.h"
#include "cube/process/process.h"

#define WEIR_GRAPH_TEXT_MAX (64U << 20)
#define WEIR_GRAPH_NODES_MAX 100000
#define WEIR_GRAPH_NESTING_MAX 32 /* callbacks */
#define WEIR_GRAPH_DEPTH_MAX 128  /* arrays and objects in an argument */
#define WEIR_GRAPH_BUDGET (64U << 20)

typedef struct {
	char *key; /* the argument, or "argument/member" */
	weir_graph_t *graph;
} weir_node_callback_t;

typedef struct weir_node {
	weir_graph_node_t pub; /* first: a pointer to it is a pointer to the node */
	char *id;
	json_t *json; /* the node as given; borrowed while the graph is built */
	json_t *arguments;
	size_t n_callbacks;
	weir_node_callback_t *callbacks;
	size_t n_inputs;
	struct weir_node **inputs; /* the nodes that from_node names; may repeat */
	size_t position;           /* in evaluation order */
	int mark;                  /* while ordering */
} weir_node_t;

struct weir_graph {
	char *path;       /* "" or "outer/": what stands before the id of a node in messages */
	char *parameters; /* callbacks: names that stay free, separated by spaces; "" at the top */
	size_t n_nodes;
	weir_node_t **nodes; /* as in the text */
	weir_node_t **order; /* each after all that it reads */
	json_t *index;       /* id -> index in nodes */
	weir_node_t *result;
};

/* Names that from_parameter may use, innermost first. */
typedef struct weir_scope {
	const struct weir_scope *outer;
	const json_t *bound;    /* name -> value, put in place; NULL: none */
	const char *free_names; /* stay as they are */
	bool has_declarations;  /* the top of a process object that lists its parameters */
} weir_scope_t;

/* One parse. */
typedef struct {
	weir_err_t *err;
	size_t budget;
	size_t n_nodes;
	size_t nesting;
	json_t *used; /* names of top-level parameters that were asked for */
} weir_build_t;

/* Fills err with where = path + id and control characters made harmless; returns WEIR_E_INVALID. */
int weir_graph_fail (weir_err_t *err, const char *code, const char *path, const char *id,
                     const char *format, ...) __attribute__ ((format (printf, 5, 6)));

/* build.c: map is {id: node, …}; *graph_out also on error (to be destroyed). */
int weir_graph_build (weir_build_t *build, const json_t *map, const weir_scope_t *scope,
                      const char *path, const char *parameters, weir_graph_t **graph_out);
json_t *weir_graph_json (const weir_graph_t *self); /* {id: node, …}, yours */

/* argument.c */
int weir_node_build_arguments (weir_build_t *build, weir_graph_t *graph, weir_node_t *node,
                               const weir_scope_t *scope);
const weir_parameter_t *weir_process_parameter (const weir_process_t *process, const char *name);

/* order.c */
int weir_graph_order (weir_build_t *build, weir_graph_t *graph);

/* types.c */
int weir_graph_check_types (const weir_graph_t *graph, weir_err_t *err);

#endif
