/* field.h - typed access to the fields of a STAC item, with errors that name item and field
 *
 * JSON null counts as absent everywhere: STAC uses it to say "known to have none". A value of
 * another type than STAC says fails with "ItemInvalid", the item's id as `where`, and a text like
 * assets.rain.raster:bands[0].nodata: expected a number, found true (in /data/items/a.json)
 *
 * Runs on   any thread; pure
 */
#ifndef WEIR_CONNECTORS_STAC_FIELD_H
#define WEIR_CONNECTORS_STAC_FIELD_H

#include "runtime/base/err.h"

#include <jansson.h>
#include <stdbool.h>

typedef struct {    /* where in which item we are, for messages; borrowed */
	const char *id; /* NULL until known */
	const char *href;
	const char *part;  /* "properties" or NULL */
	const char *asset; /* key, or NULL */
	const char *list;  /* "raster:bands" …, or NULL */
	size_t index;      /* in list */
	weir_err_t *err;
} weir_stac_at_t;

/* In words, for "expected …, found …": "null", "an object", "a list", "a text", "a number", "true",
 * "false". */
const char *weir_json_word (const json_t *value);

/* Always returns WEIR_E_INVALID. `found` may be NULL: "nothing". */
int weir_stac_expected (const weir_stac_at_t *at, const char *field, const char *expected,
                        const json_t *found);
int weir_stac_invalid (const weir_stac_at_t *at, const char *field, const char *format, ...)
	__attribute__ ((format (printf, 3, 4)));

/* Borrowed values; absent: NULL or *has_out false, and 0 is returned. */
int weir_stac_get_text (const weir_stac_at_t *at, const json_t *object, const char *field,
                        const char **text_out);
int weir_stac_get_number (const weir_stac_at_t *at, const json_t *object, const char *field,
                          bool *has_out, double *number_out);
int weir_stac_get_list (const weir_stac_at_t *at, const json_t *object, const char *field,
                        const json_t **list_out);
int weir_stac_get_object (const weir_stac_at_t *at, const json_t *object, const char *field,
                          const json_t **object_out);

#endif
