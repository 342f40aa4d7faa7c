/* reader.c - checked reading of a plan's JSON, see codec.h */
#include "cube/plan/codec.h"
#include "runtime/base/mem.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool
weir_reader_fail (weir_reader_t *self, const char *key, const char *format, ...)
{
	if (self->failed)
		return false;
	char text[512];
	va_list args;
	va_start (args, format);
	vsnprintf (text, sizeof text, format, args);
	va_end (args);
	weir_err_invalid (self->err, "PlanInvalid", NULL, "plan: '%s': %s", key, text);
	self->failed = true;
	return false;
}

int64_t
weir_reader_int (weir_reader_t *self, const json_t *object, const char *key, int64_t min,
                 int64_t max)
{
	const json_t *value = json_object_get (object, key);
	if (self->failed)
		return min;
	if (!json_is_integer (value))
		return weir_reader_fail (self, key, "expected an integer"), min;
	json_int_t number = json_integer_value (value);
	if (number < min || number > max)
		return weir_reader_fail (self, key, "%lld is out of range", (long long) number), min;
	return number;
}

int64_t
weir_reader_int_at (weir_reader_t *self, const json_t *array, const char *key, size_t i,
                    int64_t min, int64_t max)
{
	const json_t *value = json_array_get (array, i);
	if (self->failed)
		return min;
	if (!json_is_integer (value))
		return weir_reader_fail (self, key, "expected an integer at %zu", i), min;
	json_int_t number = json_integer_value (value);
	if (number < min || number > max)
		return weir_reader_fail (self, key, "%lld is out of range", (long long) number), min;
	return number;
}

bool
weir_reader_bool (weir_reader_t *self, const json_t *object, const char *key)
{
	const json_t *value = json_object_get (object, key);
	if (!json_is_boolean (value))
		return weir_reader_fail (self, key, "expected true or false");
	return json_is_true (value);
}

char *
weir_reader_text (weir_reader_t *self, const json_t *object, const char *key)
{
	const char *text = json_string_value (json_object_get (object, key));
	if (text == NULL)
		return weir_reader_fail (self, key, "expected a text"), NULL;
	return weir_strdup (text);
}

char *
weir_reader_text_or_null (weir_reader_t *self, const json_t *object, const char *key)
{
	if (json_is_null (json_object_get (object, key)))
		return NULL;
	return weir_reader_text (self, object, key);
}

const json_t *
weir_reader_object (weir_reader_t *self, const json_t *object, const char *key)
{
	const json_t *value = json_object_get (object, key);
	if (!json_is_object (value))
		return weir_reader_fail (self, key, "expected an object"), NULL;
	return value;
}

const json_t *
weir_reader_array (weir_reader_t *self, const json_t *object, const char *key, size_t min,
                   size_t max)
{
	const json_t *value = json_object_get (object, key);
	if (!json_is_array (value))
		return weir_reader_fail (self, key, "expected an array"), NULL;
	size_t n = json_array_size (value);
	if (n < min || n > max)
		return weir_reader_fail (self, key, "%zu entries, expected %zu to %zu", n, min, max), NULL;
	return value;
}

double
weir_reader_number (weir_reader_t *self, const json_t *value, const char *key)
{
	if (json_is_number (value))
		return json_number_value (value);
	const char *text = json_string_value (value);
	if (text != NULL && strcmp (text, "nodata") == 0)
		return weir_nodata_f64 ();
	if (text != NULL && strcmp (text, "nan") == 0)
		return (double) NAN;
	if (text != NULL && strcmp (text, "inf") == 0)
		return (double) INFINITY;
	if (text != NULL && strcmp (text, "-inf") == 0)
		return -(double) INFINITY;
	weir_reader_fail (self, key, "expected a number");
	return 0;
}

char **
weir_reader_texts (weir_reader_t *self, const json_t *object, const char *key, size_t max,
                   size_t *n_out)
{
	const json_t *array = weir_reader_array (self, object, key, 0, max);
	size_t n = json_array_size (array);
	*n_out = n;
	char **texts = weir_alloc (n * sizeof *texts);
	for (size_t i = 0; i < n; i++) {
		const char *text = json_string_value (json_array_get (array, i));
		if (text == NULL)
			weir_reader_fail (self, key, "expected texts");
		texts[i] = weir_strdup (text != NULL ? text : "");
	}
	return texts;
}

weir_cell_t
weir_reader_cell (weir_reader_t *self, const json_t *object, const char *key)
{
	weir_cell_t cell = weir_cell_bool ();
	const json_t *array = weir_reader_array (self, object, key, 3, 3);
	const char *name = json_string_value (json_array_get (array, 0));
	const json_t *is_bool = json_array_get (array, 1), *nodata = json_array_get (array, 2);
	if (array == NULL)
		return cell;
	if (name == NULL || !weir_type_parse (name, &cell.type) || !json_is_boolean (is_bool))
		return weir_reader_fail (self, key, "expected [type, boolean, no-data]"), weir_cell_bool ();
	cell.is_bool = json_is_true (is_bool);
	cell.has_nodata = !json_is_null (nodata);
	cell.nodata = cell.has_nodata ? weir_reader_number (self, nodata, key) : 0;
	bool is_float = weir_type_is_float (cell.type);
	if (is_float ? cell.has_nodata : cell.has_nodata && !weir_type_holds (cell.type, cell.nodata))
		return weir_reader_fail (self, key, "no-data does not fit the type"), weir_cell_bool ();
	if (cell.is_bool && (cell.type != WEIR_U8 || !cell.has_nodata || cell.nodata != 255))
		return weir_reader_fail (self, key, "booleans are uint8 with no-data 255"),
		       weir_cell_bool ();
	return is_float ? weir_cell_float (cell.type) : cell;
}
