/* lower.h - what the lowering of a callback knows of each of its values
 *
 * Every node of a callback becomes one weir_lowered_t: whether it is a number or a boolean, whether
 * it can be no-data, and what type of cell it would need as a result. Constants stay constants
 * until an instruction needs them.
 *
 * How the type of a result is found (DESIGN 8, Types), by shape:
 *
 * CELL     values of one cell type: an input as it is, or with constants that fit
 * CONSTS   some of a few constants: the smallest type for them, or that of what they join
 * FLOAT    arithmetic: float32, or float64 where is_wide
 */
#ifndef WEIR_CUBE_GRAPH_LOWER_H
#define WEIR_CUBE_GRAPH_LOWER_H

#include "cube/graph/internal.h"

#define WEIR_LOWERED_CONSTS_MAX 8

typedef enum {
	WEIR_LOWERED_NUMBER = 0,
	WEIR_LOWERED_BOOL,
	WEIR_LOWERED_NODATA, /* nothing but no-data */
	WEIR_LOWERED_TEXT,   /* constant only */
	WEIR_LOWERED_SERIES, /* the reducer's `data`; arrays */
	WEIR_LOWERED_OTHER
} weir_lowered_kind_t;

typedef enum { WEIR_SHAPE_CELL = 0, WEIR_SHAPE_CONSTS, WEIR_SHAPE_FLOAT } weir_shape_t;

typedef struct {
	weir_lowered_kind_t kind;
	bool is_const; /* value or text below */
	bool can_nodata;
	double value;
	const char *text;
	uint16_t instr; /* unless is_const */
	weir_shape_t shape;
	weir_cell_t cell; /* CELL */
	bool is_wide;     /* FLOAT */
	size_t n_consts;  /* CONSTS */
	double consts[WEIR_LOWERED_CONSTS_MAX];
} weir_lowered_t;

/* A reducer over bands: which of them, and which the program reads. */
typedef struct {
	size_t n;
	const char *const *names; /* NULL: not known yet */
	size_t n_inputs;
	uint32_t *inputs; /* input i is this band; WEIR_PROG_INPUT_MAX */
} weir_lower_bands_t;

/* One callback. */
typedef struct {
	const weir_graph_t *graph;
	weir_err_t *err;
	const char *input_name; /* "x", "element"; NULL: a reducer, whose inputs are folds */
	weir_cell_t in;         /* of the cube */
	weir_lowered_t *values; /* by position */
	size_t n_instr, n_instr_max;
	weir_instr_t *instr;
	size_t n_folds;
	weir_fold_t *folds;
	weir_lower_bands_t *bands; /* or NULL: a reducer over labels */
} weir_lower_t;

/* lower_shape.c */
/* 32-bit integers and float64: their arithmetic gives float64. */
bool weir_cell_is_wide (weir_cell_t cell);
weir_lowered_t weir_lowered_const (weir_lowered_kind_t kind, double value);
weir_lowered_t weir_lowered_input (weir_cell_t cell, uint16_t instr);
/* What `if` gives: kind, shape and can_nodata of the two branches together. */
weir_lowered_t weir_lowered_join (const weir_lowered_t *a, const weir_lowered_t *b);
bool weir_lowered_is_wide (const weir_lowered_t *self);
/* The cell of a result. in: the cube's, for constants that need a float. */
weir_cell_t weir_lowered_cell (const weir_lowered_t *self, weir_cell_t in);

/* lower_expr.c: one node with an op. */
int weir_lower_node (weir_lower_t *self, const weir_node_t *node, weir_lowered_t *out);
int weir_lower_fail (const weir_lower_t *self, const weir_node_t *node, const char *format, ...)
	__attribute__ ((format (printf, 3, 4)));
int weir_lower_argument (weir_lower_t *self, const weir_node_t *node, const char *name,
                         weir_lowered_t *out);
uint16_t weir_lower_emit (weir_lower_t *self, weir_instr_t instr);
uint16_t weir_lower_operand (weir_lower_t *self, const weir_lowered_t *value);

/* lower_bands.c: a node with a fold, checked, or array_element, over bands. */
int weir_lower_bands_fold (weir_lower_t *self, const weir_node_t *node, const weir_fold_t *fold,
                           weir_lowered_t *out);
int weir_lower_element (weir_lower_t *self, const weir_node_t *node, weir_lowered_t *out);
/* After compacting: only the bands that the program reads, ascending. */
void weir_lower_sort_bands (weir_lower_bands_t *self, weir_prog_t *prog);

/* lower_fold.c: one node with a fold; *out is an input. */
int weir_lower_fold (weir_lower_t *self, const weir_node_t *node, weir_lowered_t *out);

/* lower.c: a callback on single cells; *kind_out: number, boolean or no-data. */
int weir_lower_cells (const weir_graph_t *callback, const char *input_name, weir_cell_t in,
                      weir_prog_t *prog_out, weir_lowered_kind_t *kind_out, weir_err_t *err);

#endif
