/* loading.h - one weir_stac_load while it runs, shared by the files that do it
 *
 * load.c walks documents and links; collect.c keeps items, warnings and dimensions; search.c asks
 * an API; page.c follows its pages; condition.c and cql2.c know the conditions on properties.
 *
 * Runs on   one thread a loading
 */
#ifndef WEIR_CONNECTORS_STAC_LOADING_H
#define WEIR_CONNECTORS_STAC_LOADING_H

#include "connectors/stac/document.h"
#include "connectors/stac/stac.h"

typedef struct { /* weir_stac_load uses the default; tests make it fast and its limits small */
	const weir_http_policy_t *http;
	size_t items_max;
	size_t pages_max;
	size_t pages_empty_max; /* in a row */
	size_t page_items;      /* how many to ask an API for at a time */
} weir_stac_limits_t;

extern const weir_stac_limits_t weir_stac_limits_default;

typedef struct {
	const weir_plan_want_t *want;
	const weir_stac_limits_t *limits;
	bool skip_bad_items;
	weir_err_t *err;
	weir_document_reader_t *reader;
	json_t *seen; /* addresses read or being read: an object as a set */
	weir_stac_items_t *out;
	size_t items_cap;
	bool has_dims;
	char **warnings;
	size_t n_warnings;
} weir_stac_loading_t;

/* weir_stac_load with limits of its own. */
int weir_stac_load_within (const weir_stac_limits_t *limits, const weir_plan_want_t *want,
                           bool skip_bad_items, bool (*is_cancelled) (void *arg), void *arg,
                           weir_stac_items_t **items_out, char ***warnings_out,
                           size_t *n_warnings_out, weir_err_t *err);

/* ---- collect.c */
void weir_stac_warn (weir_stac_loading_t *self, const char *format, ...)
	__attribute__ ((format (printf, 2, 3)));
/* A bad item: fails, or becomes a warning where the user said so. What may pass by itself is no bad
 * item. */
int weir_stac_judge_item (weir_stac_loading_t *self, int status);
int weir_stac_add_item (weir_stac_loading_t *self, const json_t *json, const char *href);
/* An item inside a collection of items that was read from `base`. */
int weir_stac_add_feature (weir_stac_loading_t *self, const json_t *feature, const char *base);
/* cube:dimensions -> names; the first of its kind counts. */
void weir_stac_take_dims (weir_stac_loading_t *self, const json_t *holder);
/* Sorts what came and names the dimensions. */
void weir_stac_finish_items (weir_stac_loading_t *self);
void weir_stac_drop_warnings (weir_stac_loading_t *self);

/* ---- search.c */
/* The page that an API begins with: conformance, or a link to search. */
bool weir_stac_is_landing (const json_t *json);
int weir_stac_refuse_landing (weir_stac_loading_t *self, const json_t *json, const char *base);
/* Searches the API that the collection belongs to; *is_done_out false where there is none. */
int weir_stac_search (weir_stac_loading_t *self, const json_t *collection, const char *base,
                      bool *is_done_out);
/* The first link of that kind, resolved; NULL if there is none. Yours. */
char *weir_stac_find_link (const json_t *json, const char *rel, const char *base);

/* ---- page.c */
typedef struct {
	const char *url;
	const json_t *body;     /* NULL: GET */
	const char *collection; /* all items must be of it; NULL: any */
	const json_t *page;     /* the first page where it was read already, and its address */
	const char *base;
} weir_stac_pages_t;

/* All pages from the first. *answer_out: what the server said to the first request, 0 where it was
 * not to blame. */
int weir_stac_read_pages (weir_stac_loading_t *self, const weir_stac_pages_t *pages,
                          long *answer_out);

/* ---- condition.c */
/* Do the item's properties meet all conditions? */
int weir_stac_meets (const weir_plan_want_t *want, const weir_stac_item_t *item, bool *meets_out,
                     weir_err_t *err);

/* ---- cql2.c */
/* What CQL2 can say of the conditions: lets through all that they let through, perhaps more. NULL:
 * nothing. Yours. */
json_t *weir_cql2_of_conditions (size_t n, const weir_plan_condition_t *conditions);
char *weir_cql2_text (const json_t *filter);

#endif
