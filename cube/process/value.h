/* value.h - JSON values as `weir eval` and process graphs spell them
 *
 * Plain JSON, and objects by "type" for what JSON cannot spell: {"type":"nodata"} (the same as
 * null), {"type":"number","value":"NaN" | "Infinity" | "-Infinity"},
 * {"type":"datetime","value":"…"}, {"type":"labeled-array","data":[{"key":…,"value":…}…]},
 * {"type":"datacube",…}.
 *
 * Ownership   weir_value_new_… and *…_out are yours; all else is borrowed
 * Runs on     any thread; pure
 */
#ifndef WEIR_CUBE_VALUE_H
#define WEIR_CUBE_VALUE_H

#include "runtime/base/err.h"

#include <jansson.h>
#include <stdbool.h>

typedef enum {
	WEIR_VALUE_NODATA = 0,
	WEIR_VALUE_NUMBER,
	WEIR_VALUE_BOOL,
	WEIR_VALUE_STRING, /* and datetime */
	WEIR_VALUE_ARRAY,  /* and labeled-array */
	WEIR_VALUE_OBJECT,
	WEIR_VALUE_CUBE,
	WEIR_VALUE_CALLBACK, /* {"process_graph": …} */
	WEIR_VALUE_NODE,     /* {"from_node": …} */
	WEIR_VALUE_PARAMETER /* {"from_parameter": …} */
} weir_value_kind_t;

weir_value_kind_t weir_value_kind (const json_t *value); /* NULL counts as no-data */
/* For messages: "a number", "an array", "null"; NULL gives "nothing". */
const char *weir_value_describe (const json_t *value);
bool weir_value_is_nodata (const json_t *value);

/* True if `words` (separated by spaces) holds `word`, n bytes long. */
bool weir_words_have (const char *words, const char *word, size_t n);
/* True if one of the type words of a parameter admits the value. */
bool weir_value_matches (const json_t *value, const char *types);
/* "number null" -> "a number or null", cut to buf_bytes; returns buf. */
char *weir_types_describe (const char *types, char *buf, size_t buf_bytes);

/* A number as double; a boolean that was computed counts 0 or 1. False for anything else. */
bool weir_value_number (const json_t *value, double *number_out);
const char *weir_value_string (const json_t *value); /* NULL if it is none */
bool weir_value_same (const json_t *a,
                      const json_t *b); /* equal numbers, NaN with NaN; else json_equal */

size_t weir_value_array_size (const json_t *array);
const json_t *weir_value_array_at (const json_t *array, size_t i); /* a labeled-array's value */

json_t *weir_value_new_number (
	double number); /* whole numbers as integers, NaN and infinities by type */
json_t *weir_value_new_nodata (void);

/* ---- arguments of an evaluation; text of the error: "argument '<name>': …" */
/* *is_nodata_out or *number_out; an error if it is neither. */
int weir_argument_number (const json_t *arguments, const char *name, double *number_out,
                          bool *is_nodata_out, weir_err_t *err);
bool weir_argument_flag (const json_t *arguments, const char *name, bool fallback);
int weir_argument_invalid (weir_err_t *err, const char *name, const char *wanted,
                           const json_t *found);

/* Same letters but for their case: Latin, Greek, Cyrillic and Armenian. */
bool weir_text_equal_folded (const char *a, const char *b);

#endif
