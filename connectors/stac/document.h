/* document.h - JSON documents from disk or the network
 *
 * One reader keeps one connection pool; it belongs to one thread. Only regular files are opened.
 * Over http(s): redirects at most 5 and only to http(s), no .netrc, no cookies, time-outs for
 * connecting and for silence, and a size limit that counts decompressed bytes.
 *
 * Errors   "StacUnreadable" (where: the address; the reason in the words of system, curl or JSON
 * parser), "Cancelled" Runs on  one thread a reader; blocks
 * Limits   WEIR_DOCUMENT_BYTES_MAX a document
 */
#ifndef WEIR_CONNECTORS_STAC_DOCUMENT_H
#define WEIR_CONNECTORS_STAC_DOCUMENT_H

#include "runtime/base/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define WEIR_DOCUMENT_BYTES_MAX ((size_t) 64 << 20)

typedef struct weir_document_reader weir_document_reader_t;

typedef struct { /* bytes as they come in */
	char *text;
	size_t n, cap;
	bool is_too_big;
} weir_document_bytes_t;

/* False, and is_too_big set, where the limit would be passed. */
bool weir_document_append (weir_document_bytes_t *self, const void *bytes, size_t n);

/* is_cancelled may be NULL; it is asked during transfers too. */
weir_document_reader_t *weir_document_reader_new (bool (*is_cancelled) (void *arg), void *arg);
void weir_document_reader_destroy (weir_document_reader_t **self_p);

/* address: see address.h. *json_out is an object, yours; *base_out (yours) is where it was found
 * after redirects. */
int weir_document_read (weir_document_reader_t *self, const char *address, json_t **json_out,
                        char **base_out, weir_err_t *err);

/* Text -> object; for weir_document_read and tests. */
int weir_document_parse (const char *text, size_t n, const char *address, json_t **json_out,
                         weir_err_t *err);

/* ---- http.c */
typedef struct weir_http weir_http_t;
weir_http_t *weir_http_new (bool (*is_cancelled) (void *arg), void *arg);
void weir_http_destroy (weir_http_t **self_p);
int weir_http_get (weir_http_t *self, const char *url, weir_document_bytes_t *bytes,
                   char **base_out, weir_err_t *err);

#endif
