/* value.c - see value.h */
#include "cube/process/value.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *spelling;
	double value;
} s_specials[] = { { "NaN", NAN }, { "Infinity", INFINITY }, { "-Infinity", -INFINITY } };

/* By weir_value_kind_t: the word in a parameter's types, and how a message says it. */
static const struct {
	const char *word, *phrase;
} s_kinds[] = {
	[WEIR_VALUE_NODATA] = { "null", "null" },
	[WEIR_VALUE_NUMBER] = { "number", "a number" },
	[WEIR_VALUE_BOOL] = { "boolean", "a boolean" },
	[WEIR_VALUE_STRING] = { "string", "a string" },
	[WEIR_VALUE_ARRAY] = { "array", "an array" },
	[WEIR_VALUE_OBJECT] = { "object", "an object" },
	[WEIR_VALUE_CUBE] = { "raster-cube", "a raster cube" },
	[WEIR_VALUE_CALLBACK] = { "callback", "a process graph" },
	[WEIR_VALUE_NODE] = { "from_node", "a reference to a node" },
	[WEIR_VALUE_PARAMETER] = { "from_parameter", "a reference to a parameter" },
};
#define S_N_KINDS (sizeof s_kinds / sizeof s_kinds[0])

static bool
s_special_number (const json_t *object, double *number_out)
{
	const char *spelling = json_string_value (json_object_get (object, "value"));
	for (size_t i = 0; spelling != NULL && i < sizeof s_specials / sizeof s_specials[0]; i++) {
		if (strcmp (spelling, s_specials[i].spelling) == 0) {
			*number_out = s_specials[i].value;
			return true;
		}
	}
	return false;
}

static weir_value_kind_t
s_kind_of_object (const json_t *object)
{
	if (json_object_get (object, "from_node") != NULL)
		return WEIR_VALUE_NODE;
	if (json_object_get (object, "from_parameter") != NULL)
		return WEIR_VALUE_PARAMETER;
	if (json_object_get (object, "process_graph") != NULL)
		return WEIR_VALUE_CALLBACK;
	const char *type = json_string_value (json_object_get (object, "type"));
	double number;
	if (type == NULL)
		return WEIR_VALUE_OBJECT;
	if (strcmp (type, "nodata") == 0)
		return WEIR_VALUE_NODATA;
	if (strcmp (type, "number") == 0 && s_special_number (object, &number))
		return WEIR_VALUE_NUMBER;
	if (strcmp (type, "datetime") == 0 && json_is_string (json_object_get (object, "value")))
		return WEIR_VALUE_STRING;
	if (strcmp (type, "labeled-array") == 0 && json_is_array (json_object_get (object, "data")))
		return WEIR_VALUE_ARRAY;
	return strcmp (type, "datacube") == 0 ? WEIR_VALUE_CUBE : WEIR_VALUE_OBJECT;
}

weir_value_kind_t
weir_value_kind (const json_t *value)
{
	if (value == NULL)
		return WEIR_VALUE_NODATA;
	switch (json_typeof (value)) {
	case JSON_OBJECT: return s_kind_of_object (value);
	case JSON_ARRAY: return WEIR_VALUE_ARRAY;
	case JSON_STRING: return WEIR_VALUE_STRING;
	case JSON_INTEGER:
	case JSON_REAL: return WEIR_VALUE_NUMBER;
	case JSON_TRUE:
	case JSON_FALSE: return WEIR_VALUE_BOOL;
	case JSON_NULL: break;
	}
	return WEIR_VALUE_NODATA;
}

const char *
weir_value_describe (const json_t *value)
{
	return value != NULL ? s_kinds[weir_value_kind (value)].phrase : "nothing";
}

bool
weir_value_is_nodata (const json_t *value)
{
	return weir_value_kind (value) == WEIR_VALUE_NODATA;
}

bool
weir_words_have (const char *words, const char *word, size_t n)
{
	for (const char *p = words; p != NULL && *p != '\0'; p += *p == ' ' ? 1 : 0) {
		size_t length = strcspn (p, " ");
		if (length == n && memcmp (p, word, n) == 0)
			return true;
		p += length;
	}
	return false;
}

bool
weir_value_matches (const json_t *value, const char *types)
{
	const char *word = s_kinds[weir_value_kind (value)].word;
	return weir_words_have (types, "any", 3) || weir_words_have (types, word, strlen (word));
}

char *
weir_types_describe (const char *types, char *buf, size_t buf_bytes)
{
	size_t used = 0;
	buf[0] = '\0';
	for (const char *p = types; *p != '\0';) {
		size_t n = strcspn (p, " ");
		const char *phrase = "any value";
		for (size_t k = 0; k < S_N_KINDS; k++) {
			if (strlen (s_kinds[k].word) == n && memcmp (s_kinds[k].word, p, n) == 0)
				phrase = s_kinds[k].phrase;
		}
		int wrote = snprintf (buf + used, buf_bytes - used, "%s%s", used > 0 ? " or " : "", phrase);
		used += wrote > 0 ? (size_t) wrote : 0;
		if (used >= buf_bytes)
			break;
		p += n + strspn (p + n, " ");
	}
	return buf;
}

bool
weir_value_number (const json_t *value, double *number_out)
{
	if (json_is_number (value))
		*number_out = json_number_value (value);
	else if (json_is_boolean (value))
		*number_out = json_is_true (value) ? 1.0 : 0.0;
	else
		return weir_value_kind (value) == WEIR_VALUE_NUMBER && s_special_number (value, number_out);
	return true;
}

const char *
weir_value_string (const json_t *value)
{
	if (weir_value_kind (value) != WEIR_VALUE_STRING)
		return NULL;
	return json_string_value (json_is_string (value) ? value : json_object_get (value, "value"));
}

bool
weir_value_same (const json_t *a, const json_t *b)
{
	weir_value_kind_t kind = weir_value_kind (a);
	double x, y;
	if (kind != weir_value_kind (b))
		return false;
	if (kind == WEIR_VALUE_NODATA)
		return true;
	if (kind == WEIR_VALUE_NUMBER && weir_value_number (a, &x) && weir_value_number (b, &y))
		return x == y || (isnan (x) && isnan (y));
	return json_equal (a, b) != 0;
}

static const json_t *
s_elements (const json_t *array)
{
	return json_is_object (array) ? json_object_get (array, "data") : array;
}

size_t
weir_value_array_size (const json_t *array)
{
	return json_array_size (s_elements (array));
}

const json_t *
weir_value_array_at (const json_t *array, size_t i)
{
	const json_t *element = json_array_get (s_elements (array), i);
	return json_is_object (array) ? json_object_get (element, "value") : element;
}

json_t *
weir_value_new_number (double number)
{
	if (isfinite (number)) {
		bool is_whole = fabs (number) < 9007199254740992.0 && number == floor (number);
		if (is_whole && !(number == 0.0 && signbit (number)))
			return json_integer ((json_int_t) number);
		return json_real (number);
	}
	const char *spelling = isnan (number) ? "NaN" : number > 0 ? "Infinity" : "-Infinity";
	return json_pack ("{s:s, s:s}", "type", "number", "value", spelling);
}

json_t *
weir_value_new_nodata (void)
{
	return json_null ();
}

int
weir_argument_invalid (weir_err_t *err, const char *name, const char *wanted, const json_t *found)
{
	return weir_err_invalid (err, "ProcessParameterInvalid", "",
	                         "argument '%s': expected %s, found %s", name, wanted,
	                         weir_value_describe (found));
}

int
weir_argument_number (const json_t *arguments, const char *name, double *number_out,
                      bool *is_nodata_out, weir_err_t *err)
{
	const json_t *value = json_object_get (arguments, name);
	*number_out = 0;
	*is_nodata_out = weir_value_is_nodata (value);
	if (*is_nodata_out || weir_value_number (value, number_out))
		return 0;
	return weir_argument_invalid (err, name, "a number or null", value);
}

bool
weir_argument_flag (const json_t *arguments, const char *name, bool fallback)
{
	const json_t *value = json_object_get (arguments, name);
	return json_is_boolean (value) ? json_is_true (value) : fallback;
}
