/* process.h - the registry of processes: one descriptor each, one line in the table
 *
 * A descriptor declares what the process is (class), its parameters, how it is evaluated on JSON
 * values (`weir eval`) and, for what works cell by cell or folds, the operation it lowers to. The
 * reference (`weir processes`) and the registry hash in HELLO come from here.
 *
 * To add one: a file with its descriptor, a line in registry.c.
 */
#ifndef WEIR_CUBE_PROCESS_H
#define WEIR_CUBE_PROCESS_H

#include "cube/kernel/stage.h"

#include <jansson.h>

typedef enum {
	WEIR_PROCESS_SOURCE = 0, /* load_stac */
	WEIR_PROCESS_SLICE,      /* cell by cell, one slice */
	WEIR_PROCESS_FOLD,       /* mergeable */
	WEIR_PROCESS_STACK,      /* needs all labels of a dimension for one chunk */
	WEIR_PROCESS_SPATIAL,    /* needs a halo or another grid */
	WEIR_PROCESS_ZONAL,
	WEIR_PROCESS_SINK, /* save_result */
	WEIR_PROCESS_VALUE /* on values inside callbacks */
} weir_process_class_t;

typedef struct {
	const char *name;
	bool is_required;
	/* Words: number boolean string array object null raster-cube callback any. */
	const char *types;
	const char *default_json; /* or NULL */
	const char *description;
	/* Callbacks: the names that their graph may use in from_parameter, separated by spaces; else
	 * NULL. With type "object" every member of the object is such a callback. */
	const char *callback_parameters;
} weir_parameter_t;

typedef struct weir_process weir_process_t;
struct weir_process {
	const char *id;
	const char *summary; /* our own words */
	weir_process_class_t klass;
	size_t n_parameters;
	const weir_parameter_t *parameters;
	/* Evaluates on JSON values (spelling of the test vectors: null or {"type":"nodata"},
	 * {"type":"number",…}, {"type":"datacube",…}); arguments: object, all values evaluated,
	 * callbacks as JSON. Result is yours. NULL: not here. */
	int (*eval) (const json_t *arguments, json_t **result_out, weir_err_t *err);
	int op;              /* weir_op_t, or -1 */
	int fold;            /* weir_fold_kind_t, or -1 */
	const char *returns; /* words as in weir_parameter_t.types */
};

const weir_process_t *weir_process_find (const char *id); /* NULL: unknown */
size_t weir_process_count (void);
const weir_process_t *weir_process_at (size_t i); /* sorted by id */
/* 64-bit hash over ids, parameters and classes; the same program gives the same. */
uint64_t weir_process_registry_hash (void);

#endif
