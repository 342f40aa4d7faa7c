/* bands.c - the bands of an asset, see parts.h */
#include "connectors/stac/parts.h"

#include "runtime/base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <strings.h>

/* The first of two spellings of a field that is there and not null: which one, and its value. */
static const json_t *
s_find_field (const json_t *object, const char *const fields[2], const char **field_out)
{
	for (size_t i = 0; i < 2; i++) {
		const json_t *value = fields[i] != NULL ? json_object_get (object, fields[i]) : NULL;
		*field_out = fields[i];
		if (value != NULL && !json_is_null (value))
			return value;
	}
	return NULL;
}

static int
s_fill_text (const weir_stac_at_t *at, const json_t *object, const char *first, const char *second,
             char **text)
{
	const char *field;
	const json_t *value = s_find_field (object, (const char *const[2]){ first, second }, &field);
	if (value == NULL)
		return 0;
	if (!json_is_string (value))
		return weir_stac_expected (at, field, "a text", value);
	if (*text == NULL)
		*text = weir_strdup (json_string_value (value));
	return 0;
}

static int
s_fill_number (const weir_stac_at_t *at, const json_t *object, const char *first,
               const char *second, bool *has, double *number)
{
	const char *field;
	const json_t *value = s_find_field (object, (const char *const[2]){ first, second }, &field);
	if (value == NULL)
		return 0;
	if (!json_is_number (value))
		return weir_stac_expected (at, field, "a number", value);
	if (!*has)
		*number = json_number_value (value);
	*has = true;
	return 0;
}

static int
s_fill_nodata (const weir_stac_at_t *at, const json_t *object, weir_stac_band_t *band)
{
	const json_t *value = json_object_get (object, "nodata");
	const char *text = json_string_value (value);
	double nodata = 0;
	if (value == NULL || json_is_null (value))
		return 0;
	if (json_is_number (value))
		nodata = json_number_value (value);
	else if (text != NULL && strcasecmp (text, "nan") == 0)
		nodata = (double) NAN;
	else if (text != NULL && strcasecmp (text, "inf") == 0)
		nodata = HUGE_VAL;
	else if (text != NULL && strcasecmp (text, "-inf") == 0)
		nodata = -HUGE_VAL;
	else
		return weir_stac_expected (at, "nodata", "a number, 'nan', 'inf' or '-inf'", value);
	if (!band->has_nodata)
		band->nodata = nodata;
	band->has_nodata = true;
	return 0;
}

/* Types that Weir has no cell for (64-bit integers, complex, "other") are left open: the file
 * decides later. */
static int
s_fill_type (const weir_stac_at_t *at, const json_t *object, weir_stac_band_t *band)
{
	const char *text;
	int status = weir_stac_get_text (at, object, "data_type", &text);
	if (status == 0 && text != NULL && !band->has_type)
		band->has_type = weir_type_parse (text, &band->type);
	return status;
}

/* Fills what the band leaves open with what one object says: an entry of one of the lists, or the
 * asset itself. */
static int
s_fill_values (const weir_stac_at_t *at, const json_t *object, bool is_asset,
               weir_stac_band_t *band)
{
	int status = s_fill_type (at, object, band);
	if (status == 0)
		status = s_fill_nodata (at, object, band);
	if (status == 0)
		status = s_fill_number (at, object, "raster:scale", is_asset ? NULL : "scale",
		                        &band->has_scale, &band->scale);
	if (status == 0)
		status = s_fill_number (at, object, "raster:offset", is_asset ? NULL : "offset",
		                        &band->has_offset, &band->offset);
	return status;
}

static int
s_fill_band (const weir_stac_at_t *at, const json_t *entry, weir_stac_band_t *band)
{
	int status = s_fill_text (at, entry, "name", NULL, &band->name);
	if (status == 0)
		status = s_fill_text (at, entry, "eo:common_name", "common_name", &band->common_name);
	if (status == 0)
		status = s_fill_text (at, entry, "description", NULL, &band->description);
	return status != 0 ? status : s_fill_values (at, entry, false, band);
}

static int
s_fill_bands (weir_stac_at_t at, const json_t *list, weir_stac_band_t *bands)
{
	for (at.index = 0; at.index < json_array_size (list); at.index++) {
		const json_t *entry = json_array_get (list, at.index);
		int status = json_is_object (entry) ? s_fill_band (&at, entry, &bands[at.index])
		                                    : weir_stac_expected (&at, "band", "an object", entry);
		if (status != 0)
			return status;
	}
	return 0;
}

static bool
s_has_values (const json_t *asset)
{
	static const char *const fields[] = { "data_type", "nodata", "raster:scale", "raster:offset" };
	for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
		const json_t *value = json_object_get (asset, fields[i]);
		if (value != NULL && !json_is_null (value))
			return true;
	}
	return false;
}

int
weir_stac_parse_bands (const weir_stac_at_t *at, const json_t *asset, size_t *n_bands_out,
                       weir_stac_band_t **bands_out)
{
	static const char *const names[3] = { "bands", "eo:bands", "raster:bands" };
	const json_t *lists[3];
	size_t n_bands = 0;
	int status = 0;
	for (size_t i = 0; i < 3 && status == 0; i++) {
		status = weir_stac_get_list (at, asset, names[i], &lists[i]);
		n_bands = json_array_size (lists[i]) > n_bands ? json_array_size (lists[i]) : n_bands;
	}
	if (status != 0)
		return status;
	if (n_bands == 0 && s_has_values (asset))
		n_bands = 1;
	if (n_bands == 0)
		return 0;
	*bands_out = weir_alloc (n_bands * sizeof **bands_out);
	*n_bands_out = n_bands; /* from here on the caller clears them, also after an error */
	weir_stac_at_t here = *at;
	for (size_t i = 0; i < 3 && status == 0; i++) {
		here.list = names[i];
		status = s_fill_bands (here, lists[i], *bands_out);
	}
	for (size_t i = 0; i < n_bands && status == 0; i++)
		status = s_fill_values (at, asset, true, &(*bands_out)[i]);
	return status;
}
