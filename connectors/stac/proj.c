/* proj.c - the projection extension, see parts.h */
#include "connectors/stac/parts.h"

#include "runtime/base/mem.h"

#include <math.h>

#define SHAPE_MAX 2147483647.0

/* The asset's field where it is there (null included), else the item's; *at_out says which, for
 * messages. */
static const json_t *
s_pick_field (const weir_stac_at_t *at, const json_t *asset, const json_t *properties,
              const char *field, weir_stac_at_t *at_out)
{
	*at_out = *at;
	const json_t *value = json_object_get (asset, field);
	if (value == NULL) {
		at_out->asset = NULL;
		at_out->part = "properties";
		value = json_object_get (properties, field);
	}
	return json_is_null (value) ? NULL : value;
}

/* One CRS field -> a text that the raster connector can resolve, or NULL where it says nothing. */
static int
s_parse_crs (const weir_stac_at_t *at, const char *field, const json_t *value, char **crs_out)
{
	*crs_out = NULL;
	if (value == NULL)
		return 0;
	switch (field[5]) {
	case 'e': { /* proj:epsg */
		double code = json_number_value (value);
		if (!json_is_number (value) || code != floor (code) || code < 1 || code > 1e9)
			return weir_stac_expected (at, field, "an EPSG number", value);
		*crs_out = weir_asprintf ("EPSG:%.0f", code);
		return 0;
	}
	case 'p': /* proj:projjson */
		if (!json_is_object (value))
			return weir_stac_expected (at, field, "an object", value);
		*crs_out = json_dumps (value, JSON_COMPACT | JSON_REAL_PRECISION (17));
		return 0;
	default: /* proj:code, proj:wkt2 */
		if (!json_is_string (value))
			return weir_stac_expected (at, field, "a text", value);
		if (json_string_length (value) > 0)
			*crs_out = weir_strdup (json_string_value (value));
		return 0;
	}
}

static int
s_parse_transform (const weir_stac_at_t *at, const json_t *value, weir_stac_proj_t *proj)
{
	size_t n = json_array_size (value);
	if (!json_is_array (value))
		return weir_stac_expected (at, "proj:transform", "a list of 6 or 9 numbers", value);
	if (n != 6 && n != 9)
		return weir_stac_invalid (at, "proj:transform", "expected 6 or 9 numbers, found %zu", n);
	double numbers[9] = { 0, 0, 0, 0, 0, 0, 0, 0, 1 };
	for (size_t i = 0; i < n; i++) {
		const json_t *number = json_array_get (value, i);
		if (!json_is_number (number))
			return weir_stac_expected (at, "proj:transform", "6 or 9 numbers", number);
		numbers[i] = json_number_value (number);
	}
	if (numbers[6] != 0 || numbers[7] != 0 || numbers[8] != 1)
		return weir_stac_invalid (at, "proj:transform",
		                          "expected the last row 0, 0, 1, found %g, %g, %g", numbers[6],
		                          numbers[7], numbers[8]);
	/* STAC: x = a·col + b·row + c, y = d·col + e·row + f; GDAL wants c, a, b, f, d, e */
	static const int order[6] = { 2, 0, 1, 5, 3, 4 };
	for (int i = 0; i < 6; i++)
		proj->transform[i] = numbers[order[i]];
	proj->has_transform = true;
	return 0;
}

static int
s_parse_shape (const weir_stac_at_t *at, const json_t *value, weir_stac_proj_t *proj)
{
	if (!json_is_array (value) || json_array_size (value) != 2)
		return weir_stac_expected (at, "proj:shape", "a list of height and width", value);
	double sizes[2];
	for (size_t i = 0; i < 2; i++) {
		const json_t *number = json_array_get (value, i);
		sizes[i] = json_number_value (number);
		if (!json_is_number (number))
			return weir_stac_expected (at, "proj:shape", "two whole numbers", number);
		if (sizes[i] != floor (sizes[i]) || sizes[i] < 1 || sizes[i] > SHAPE_MAX)
			return weir_stac_invalid (
				at, "proj:shape", "expected two whole numbers from 1 to 2147483647, found %.17g",
				sizes[i]);
	}
	proj->height = (int64_t) sizes[0];
	proj->width = (int64_t) sizes[1];
	proj->has_shape = true;
	return 0;
}

int
weir_stac_parse_proj (const weir_stac_at_t *at, const json_t *asset, const json_t *properties,
                      weir_stac_proj_t *proj_out)
{
	static const char *const fields[4] = { "proj:code", "proj:epsg", "proj:projjson", "proj:wkt2" };
	weir_stac_at_t here;
	size_t n_crs = 0;
	for (size_t i = 0; i < 4; i++) {
		const json_t *value = s_pick_field (at, asset, properties, fields[i], &here);
		char *crs;
		int status = s_parse_crs (&here, fields[i], value, &crs);
		if (status != 0)
			return status;
		if (crs != NULL)
			proj_out->crs_candidates[n_crs++] = crs;
	}
	proj_out->crs = weir_strdup (proj_out->crs_candidates[0]);
	const json_t *transform = s_pick_field (at, asset, properties, "proj:transform", &here);
	int status = transform != NULL ? s_parse_transform (&here, transform, proj_out) : 0;
	if (status != 0)
		return status;
	const json_t *shape = s_pick_field (at, asset, properties, "proj:shape", &here);
	return shape != NULL ? s_parse_shape (&here, shape, proj_out) : 0;
}
