/* json_cube.h - a raster cube in JSON, as `weir eval` reads and answers it
 *
 * {"type":"datacube","data":nested arrays in `order`,"nodata":value or
 * list,"order":[…],"dimensions":{…}}. Here: the cells in one flat list, no-data made null. "data":
 * null says that only the structure counts.
 *
 * Ownership   cells are references of our own; names and the description stay the caller's JSON
 * Limits      WEIR_JSON_CUBE_DIMS_MAX dimensions, WEIR_JSON_CUBE_CELLS_MAX cells
 * Runs on     any thread; pure
 */
#ifndef WEIR_CUBE_JSON_CUBE_H
#define WEIR_CUBE_JSON_CUBE_H

#include "runtime/base/err.h"

#include <jansson.h>
#include <stdbool.h>

#define WEIR_JSON_CUBE_DIMS_MAX 16
#define WEIR_JSON_CUBE_CELLS_MAX 16777216

typedef struct {
	const json_t *json;
	size_t n_dims;
	const char *dims[WEIR_JSON_CUBE_DIMS_MAX];
	size_t sizes[WEIR_JSON_CUBE_DIMS_MAX];
	bool has_data;
	size_t n_cells;
	json_t **cells; /* row-major in `order` */
} weir_json_cube_t;

/* Code ProcessParameterInvalid where the cube is not whole. Clear it also after an error. */
int weir_json_cube_parse (const json_t *json, weir_json_cube_t *self, weir_err_t *err);
void weir_json_cube_clear (weir_json_cube_t *self);

/* The index of a dimension, -1 if there is none. `t` and `time` also find the only temporal
 * dimension, `x` and `y` the one with that axis, where no dimension has such a name. */
int weir_json_cube_find (const weir_json_cube_t *self, const char *name);
/* Labels of a dimension, or NULL. */
const json_t *weir_json_cube_labels (const weir_json_cube_t *self, size_t dim);

/* The cube of these cells (null where no-data), spelled as `self` is, without dimension `dropped`
 * (-1: all stay). cells: NULL where there is no data. */
json_t *weir_json_cube_build (const weir_json_cube_t *self, int dropped, json_t *const *cells,
                              size_t n_cells);

/* What a callback gave for one cell: an error unless it is one value; no-data of any spelling
 * becomes null. */
int weir_json_cell_check (const char *argument, json_t **cell_p, weir_err_t *err);

#endif
