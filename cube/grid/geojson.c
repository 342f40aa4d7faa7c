/* geojson.c - polygons out of GeoJSON, see shape.h */
#include "cube/grid/shape.h"
#include "runtime/base/mem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 8 /* of collections in collections */

typedef struct {
	weir_shape_t shape;
	size_t points_cap, rings_cap;
	uint32_t n_polygons;
	weir_err_t *err;
} s_parse_t;

void
weir_shape_clear (weir_shape_t *self)
{
	free (self->rings);
	free (self->x);
	free (self->y);
	*self = (weir_shape_t){ 0 };
}

static int
s_fail (const s_parse_t *self, const char *reason)
{
	return weir_err_invalid (self->err, "ProcessParameterInvalid", NULL, "GeoJSON: %s", reason);
}

static int
s_add_point (s_parse_t *self, const json_t *position)
{
	weir_shape_t *shape = &self->shape;
	const json_t *x = json_array_get (position, 0), *y = json_array_get (position, 1);
	if (!json_is_number (x) || !json_is_number (y) || !isfinite (json_number_value (x)) ||
	    !isfinite (json_number_value (y)))
		return s_fail (self, "a position is an array of two numbers");
	if (shape->n_points == WEIR_SHAPE_POINTS_MAX)
		return s_fail (self, "more than 1000000 points");
	if (shape->n_points == self->points_cap) {
		self->points_cap = self->points_cap > 0 ? 2 * self->points_cap : 64;
		shape->x = weir_realloc (shape->x, self->points_cap * sizeof *shape->x);
		shape->y = weir_realloc (shape->y, self->points_cap * sizeof *shape->y);
	}
	shape->x[shape->n_points] = json_number_value (x);
	shape->y[shape->n_points++] = json_number_value (y);
	return 0;
}

/* A ring ends where it began; the repeated point is left out. */
static int
s_add_ring (s_parse_t *self, const json_t *positions)
{
	weir_shape_t *shape = &self->shape;
	weir_ring_t ring = { .first = shape->n_points, .polygon = self->n_polygons };
	size_t n = json_array_size (positions);
	if (!json_is_array (positions) || n < 4)
		return s_fail (self, "a ring is an array of four or more positions");
	for (size_t i = 0; i < n; i++) {
		int rc = s_add_point (self, json_array_get (positions, i));
		if (rc != 0)
			return rc;
	}
	size_t last = shape->n_points - 1;
	if (shape->x[ring.first] != shape->x[last] || shape->y[ring.first] != shape->y[last])
		return s_fail (self, "a ring does not end where it begins");
	shape->n_points--;
	ring.n = n - 1;
	if (shape->n_rings == self->rings_cap) {
		self->rings_cap = self->rings_cap > 0 ? 2 * self->rings_cap : 8;
		shape->rings = weir_realloc (shape->rings, self->rings_cap * sizeof *shape->rings);
	}
	shape->rings[shape->n_rings++] = ring;
	return 0;
}

static int
s_add_polygon (s_parse_t *self, const json_t *rings)
{
	if (!json_is_array (rings))
		return s_fail (self, "the coordinates of a polygon are an array of rings");
	for (size_t i = 0; i < json_array_size (rings); i++) {
		int rc = s_add_ring (self, json_array_get (rings, i));
		if (rc != 0)
			return rc;
	}
	self->n_polygons++;
	return 0;
}

static int s_add_any (s_parse_t *self, const json_t *object, int depth);

static int
s_add_members (s_parse_t *self, const json_t *array, const char *name, int depth)
{
	char reason[64];
	snprintf (reason, sizeof reason, "'%s' is an array", name);
	if (!json_is_array (array))
		return s_fail (self, reason);
	for (size_t i = 0; i < json_array_size (array); i++) {
		int rc = s_add_any (self, json_array_get (array, i), depth + 1);
		if (rc != 0)
			return rc;
	}
	return 0;
}

static int
s_add_multi (s_parse_t *self, const json_t *polygons)
{
	if (!json_is_array (polygons))
		return s_fail (self, "the coordinates of a MultiPolygon are an array of polygons");
	for (size_t i = 0; i < json_array_size (polygons); i++) {
		int rc = s_add_polygon (self, json_array_get (polygons, i));
		if (rc != 0)
			return rc;
	}
	return 0;
}

static int
s_add_any (s_parse_t *self, const json_t *object, int depth)
{
	const char *type = json_string_value (json_object_get (object, "type"));
	const json_t *coordinates = json_object_get (object, "coordinates");
	if (depth > DEPTH_MAX)
		return s_fail (self, "nested deeper than 8");
	if (type == NULL)
		return s_fail (self, "an object without 'type'");
	if (strcmp (type, "Polygon") == 0)
		return s_add_polygon (self, coordinates);
	if (strcmp (type, "MultiPolygon") == 0)
		return s_add_multi (self, coordinates);
	if (strcmp (type, "GeometryCollection") == 0)
		return s_add_members (self, json_object_get (object, "geometries"), "geometries", depth);
	if (strcmp (type, "FeatureCollection") == 0)
		return s_add_members (self, json_object_get (object, "features"), "features", depth);
	if (strcmp (type, "Feature") == 0) {
		const json_t *geometry = json_object_get (object, "geometry");
		return json_is_null (geometry) ? 0 : s_add_any (self, geometry, depth + 1);
	}
	char reason[128];
	snprintf (reason, sizeof reason, "'%.60s' is no polygon", type);
	return s_fail (self, reason);
}

/* GeoJSON of 2008 has {"crs": {"type": "name", "properties": {"name": …}}}, mostly as
 * "urn:ogc:def:crs:EPSG::32618". */
static int
s_read_crs (const json_t *geojson, char *crs_out, weir_err_t *err)
{
	const json_t *crs = json_object_get (geojson, "crs");
	snprintf (crs_out, WEIR_SHAPE_CRS_BYTES, "EPSG:4326");
	if (crs == NULL || json_is_null (crs))
		return 0;
	const json_t *properties = json_object_get (crs, "properties");
	const char *name = json_string_value (json_object_get (properties, "name"));
	char authority[16], code[20];
	if (name != NULL &&
	    (sscanf (name, "urn:ogc:def:crs:%15[A-Za-z]::%19[A-Za-z0-9]", authority, code) == 2 ||
	     sscanf (name, "urn:ogc:def:crs:%15[A-Za-z]:%*[0-9.]:%19[A-Za-z0-9]", authority, code) ==
	         2 ||
	     sscanf (name, "%15[A-Za-z]:%19[A-Za-z0-9]", authority, code) == 2)) {
		snprintf (crs_out, WEIR_SHAPE_CRS_BYTES, "%s:%s", authority, code);
		return 0;
	}
	return weir_err_invalid (err, "ProcessParameterInvalid", NULL,
	                         "GeoJSON: 'crs' must name a code such as urn:ogc:def:crs:EPSG::4326");
}

int
weir_shape_parse (const json_t *geojson, weir_shape_t *shape_out, char *crs_out, weir_err_t *err)
{
	s_parse_t self = { .err = err };
	int rc = s_read_crs (geojson, crs_out, err);
	if (rc == 0)
		rc = s_add_any (&self, geojson, 0);
	if (rc == 0 && self.shape.n_rings == 0)
		rc = s_fail (&self, "no polygon in it");
	if (rc != 0)
		weir_shape_clear (&self.shape);
	*shape_out = self.shape;
	return rc;
}

weir_bbox_t
weir_shape_bbox (const weir_shape_t *self)
{
	weir_bbox_t box = { INFINITY, INFINITY, -INFINITY, -INFINITY };
	for (size_t i = 0; i < self->n_points; i++) {
		box.west = fmin (box.west, self->x[i]);
		box.east = fmax (box.east, self->x[i]);
		box.south = fmin (box.south, self->y[i]);
		box.north = fmax (box.north, self->y[i]);
	}
	return box;
}
