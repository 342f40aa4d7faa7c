/* json_cube.c - see json_cube.h */
#include "cube/process/json_cube.h"

#include "cube/process/value.h"
#include "runtime/base/mem.h"

#include <stdlib.h>
#include <string.h>

static int
s_fail (weir_err_t *err, const char *what)
{
	return weir_err_invalid (err, "ProcessParameterInvalid", "", "argument 'data': raster cube: %s",
	                         what);
}

const json_t *
weir_json_cube_labels (const weir_json_cube_t *self, size_t dim)
{
	const json_t *dimension = json_object_get (json_object_get (self->json, "dimensions"),
	                                           self->dims[dim]);
	const json_t *values = json_object_get (dimension, "values");
	return json_is_array (values) ? values : NULL;
}

static int
s_parse_dims (weir_json_cube_t *self, weir_err_t *err)
{
	const json_t *order = json_object_get (self->json, "order");
	const json_t *dimensions = json_object_get (self->json, "dimensions");
	size_t n = json_array_size (order);
	if (!json_is_array (order) || !json_is_object (dimensions))
		return s_fail (err, "'order' must be an array and 'dimensions' an object");
	if (n > WEIR_JSON_CUBE_DIMS_MAX || n != json_object_size (dimensions))
		return s_fail (err, "'order' does not name each dimension once");
	for (size_t i = 0; i < n; i++) {
		const char *name = json_string_value (json_array_get (order, i));
		if (name == NULL || !json_is_object (json_object_get (dimensions, name)))
			return s_fail (err, "'order' names what is not in 'dimensions'");
		for (size_t k = 0; k < i; k++) {
			if (strcmp (self->dims[k], name) == 0)
				return s_fail (err, "'order' names a dimension twice");
		}
		self->dims[i] = name;
	}
	self->n_dims = n;
	return 0;
}

/* Sizes by the first element at each depth; labels tell where the data ends early or is missing. */
static int
s_parse_sizes (weir_json_cube_t *self, const json_t *data, weir_err_t *err)
{
	self->n_cells = 1;
	for (size_t i = 0; i < self->n_dims; i++) {
		const json_t *labels = weir_json_cube_labels (self, i);
		bool is_known = self->has_data && data != NULL;
		if (is_known && !json_is_array (data))
			return s_fail (err, "'data' has fewer levels than 'order' dimensions");
		self->sizes[i] = json_array_size (is_known ? data : labels);
		if (is_known && labels != NULL && json_array_size (labels) != self->sizes[i])
			return s_fail (err, "'data' and the labels of a dimension differ in length");
		data = is_known ? json_array_get (data, 0) : NULL;
		if (!weir_size_mul (self->n_cells, self->sizes[i], &self->n_cells) ||
		    self->n_cells > WEIR_JSON_CUBE_CELLS_MAX)
			return s_fail (err, "too many cells");
	}
	return 0;
}

static bool
s_means_nodata (const json_t *cell, const json_t *nodata)
{
	if (weir_value_is_nodata (cell))
		return true;
	if (nodata == NULL || !json_is_array (nodata))
		return nodata != NULL && weir_value_same (cell, nodata);
	for (size_t i = 0; i < json_array_size (nodata); i++) {
		if (weir_value_same (cell, json_array_get (nodata, i)))
			return true;
	}
	return false;
}

static int
s_flatten (weir_json_cube_t *self, const json_t *data, size_t dim, size_t *n_done, weir_err_t *err)
{
	if (dim == self->n_dims) {
		bool is_nodata = s_means_nodata (data, json_object_get (self->json, "nodata"));
		self->cells[*n_done] = is_nodata ? json_null () : json_incref ((json_t *) data);
		return weir_json_cell_check ("data", &self->cells[(*n_done)++], err);
	}
	if (!json_is_array (data) || json_array_size (data) != self->sizes[dim])
		return s_fail (err, "the arrays in 'data' differ in length");
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < self->sizes[dim]; i++)
		rc = s_flatten (self, json_array_get (data, i), dim + 1, n_done, err);
	return rc;
}

int
weir_json_cube_parse (const json_t *json, weir_json_cube_t *self, weir_err_t *err)
{
	*self = (weir_json_cube_t){ .json = json };
	const json_t *data = json_object_get (json, "data");
	self->has_data = data != NULL && !weir_value_is_nodata (data);
	int rc = s_parse_dims (self, err);
	if (rc == 0)
		rc = s_parse_sizes (self, data, err);
	if (rc != 0 || !self->has_data)
		return rc;
	self->cells = weir_alloc (self->n_cells * sizeof *self->cells);
	size_t n_done = 0;
	rc = s_flatten (self, data, 0, &n_done, err);
	self->n_cells = n_done;
	return rc;
}

void
weir_json_cube_clear (weir_json_cube_t *self)
{
	for (size_t i = 0; self->cells != NULL && i < self->n_cells; i++)
		json_decref (self->cells[i]);
	free (self->cells);
	*self = (weir_json_cube_t){ 0 };
}

static bool
s_dim_is (const weir_json_cube_t *self, size_t dim, const char *key, const char *value)
{
	const json_t *dimension = json_object_get (json_object_get (self->json, "dimensions"),
	                                           self->dims[dim]);
	const char *text = json_string_value (json_object_get (dimension, key));
	return text != NULL && strcmp (text, value) == 0;
}

int
weir_json_cube_find (const weir_json_cube_t *self, const char *name)
{
	int found = -1;
	bool is_time = strcmp (name, "t") == 0 || strcmp (name, "time") == 0;
	bool is_plane = strcmp (name, "x") == 0 || strcmp (name, "y") == 0;
	for (size_t i = 0; i < self->n_dims; i++) {
		if (strcmp (self->dims[i], name) == 0)
			return (int) i;
	}
	for (size_t i = 0; i < self->n_dims; i++) {
		if (!(is_time && s_dim_is (self, i, "type", "temporal")) &&
		    !(is_plane && s_dim_is (self, i, "axis", name)))
			continue;
		if (found >= 0)
			return -1;
		found = (int) i;
	}
	return found;
}

/* The value that spells no-data in the result: that of the source, unless a valid cell has the same
 * one. */
static json_t *
s_spelling (const weir_json_cube_t *self, json_t *const *cells, size_t n_cells)
{
	json_t *nodata = json_object_get (self->json, "nodata");
	json_t *spelling = json_is_array (nodata) ? json_array_get (nodata, 0) : nodata;
	for (size_t i = 0; spelling != NULL && cells != NULL && i < n_cells; i++) {
		if (!json_is_null (cells[i]) && s_means_nodata (cells[i], nodata))
			return NULL;
	}
	return spelling;
}

typedef struct {
	const weir_json_cube_t *cube;
	int dropped;
	json_t *const *cells;
	json_t *nodata;
	size_t n_done;
} s_nest_t;

static json_t *
s_nest (s_nest_t *self, size_t dim)
{
	if ((int) dim == self->dropped)
		dim++;
	if (dim >= self->cube->n_dims) {
		json_t *cell = self->cells[self->n_done++];
		return json_incref (json_is_null (cell) && self->nodata != NULL ? self->nodata : cell);
	}
	json_t *array = json_array ();
	for (size_t i = 0; i < self->cube->sizes[dim]; i++)
		json_array_append_new (array, s_nest (self, dim + 1));
	return array;
}

json_t *
weir_json_cube_build (const weir_json_cube_t *self, int dropped, json_t *const *cells,
                      size_t n_cells)
{
	json_t *nodata = s_spelling (self, cells, n_cells);
	json_t *was = json_object_get (self->json, "nodata");
	json_t *order = json_array (), *dimensions = json_object ();
	const json_t *all = json_object_get (self->json, "dimensions");
	for (size_t i = 0; i < self->n_dims; i++) {
		if ((int) i == dropped)
			continue;
		json_array_append_new (order, json_string (self->dims[i]));
		json_object_set (dimensions, self->dims[i], json_object_get (all, self->dims[i]));
	}
	s_nest_t nest = { self, dropped, cells, nodata, 0 };
	json_t *data = cells != NULL ? s_nest (&nest, 0) : json_null ();
	json_t *json = json_pack ("{s:s, s:o, s:o, s:o}", "type", "datacube", "order", order,
	                          "dimensions", dimensions, "data", data);
	json_object_set (json, "nodata", nodata != NULL ? was : json_null ());
	return json;
}

int
weir_json_cell_check (const char *argument, json_t **cell_p, weir_err_t *err)
{
	switch (weir_value_kind (*cell_p)) {
	case WEIR_VALUE_NODATA:
		json_decref (*cell_p);
		*cell_p = json_null ();
		return 0;
	case WEIR_VALUE_NUMBER:
	case WEIR_VALUE_BOOL:
	case WEIR_VALUE_STRING: return 0;
	default: return weir_argument_invalid (err, argument, "one value for a cell", *cell_p);
	}
}
