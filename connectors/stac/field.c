/* field.c - see field.h */
#include "connectors/stac/field.h"

#include <stdarg.h>
#include <stdio.h>

const char *
weir_json_word (const json_t *value)
{
	if (value == NULL)
		return "nothing";
	switch (json_typeof (value)) {
	case JSON_OBJECT: return "an object";
	case JSON_ARRAY: return "a list";
	case JSON_STRING: return "a text";
	case JSON_INTEGER:
	case JSON_REAL: return "a number";
	case JSON_TRUE: return "true";
	case JSON_FALSE: return "false";
	default: return "null";
	}
}

/* "assets.rain.raster:bands[0]." for messages. */
static void
s_write_place (const weir_stac_at_t *at, char *buf, size_t bytes)
{
	char list[128] = "";
	if (at->list != NULL)
		snprintf (list, sizeof list, "%s[%zu].", at->list, at->index);
	if (at->asset != NULL)
		snprintf (buf, bytes, "assets.%s.%s", at->asset, list);
	else if (at->part != NULL)
		snprintf (buf, bytes, "%s.%s", at->part, list);
	else
		snprintf (buf, bytes, "%s", list);
}

int
weir_stac_invalid (const weir_stac_at_t *at, const char *field, const char *format, ...)
{
	char place[512], reason[1024];
	s_write_place (at, place, sizeof place);
	va_list args;
	va_start (args, format);
	vsnprintf (reason, sizeof reason, format, args);
	va_end (args);
	if (at->id == NULL)
		return weir_err_invalid (at->err, "ItemInvalid", at->href, "%s%s: %s", place, field,
		                         reason);
	return weir_err_invalid (at->err, "ItemInvalid", at->id, "%s%s: %s (in %s)", place, field,
	                         reason, at->href);
}

int
weir_stac_expected (const weir_stac_at_t *at, const char *field, const char *expected,
                    const json_t *found)
{
	if (json_is_string (found))
		return weir_stac_invalid (at, field, "expected %s, found the text '%.200s'", expected,
		                          json_string_value (found));
	return weir_stac_invalid (at, field, "expected %s, found %s", expected, weir_json_word (found));
}

static const json_t *
s_get (const json_t *object, const char *field)
{
	const json_t *value = json_object_get (object, field);
	return json_is_null (value) ? NULL : value;
}

int
weir_stac_get_text (const weir_stac_at_t *at, const json_t *object, const char *field,
                    const char **text_out)
{
	const json_t *value = s_get (object, field);
	*text_out = json_string_value (value);
	if (value != NULL && *text_out == NULL)
		return weir_stac_expected (at, field, "a text", value);
	return 0;
}

int
weir_stac_get_number (const weir_stac_at_t *at, const json_t *object, const char *field,
                      bool *has_out, double *number_out)
{
	const json_t *value = s_get (object, field);
	*has_out = json_is_number (value);
	if (value != NULL && !*has_out)
		return weir_stac_expected (at, field, "a number", value);
	if (*has_out)
		*number_out = json_number_value (value);
	return 0;
}

int
weir_stac_get_list (const weir_stac_at_t *at, const json_t *object, const char *field,
                    const json_t **list_out)
{
	const json_t *value = s_get (object, field);
	*list_out = value;
	if (value != NULL && !json_is_array (value))
		return weir_stac_expected (at, field, "a list", value);
	return 0;
}

int
weir_stac_get_object (const weir_stac_at_t *at, const json_t *object, const char *field,
                      const json_t **object_out)
{
	const json_t *value = s_get (object, field);
	*object_out = value;
	if (value != NULL && !json_is_object (value))
		return weir_stac_expected (at, field, "an object", value);
	return 0;
}
