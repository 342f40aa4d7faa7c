/* document.h - JSON documents from disk or the network
 *
 * One reader keeps one connection pool; it belongs to one thread. Only regular files are opened.
 * What holds over http(s) is said in http.h; an answer that is no JSON is told by what it is.
 *
 * Errors   "StacUnreadable" (where: the address; the reason in the words of system, curl or JSON
 *          parser), "Cancelled"
 * Runs on  one thread a reader; blocks
 * Limits   WEIR_DOCUMENT_BYTES_MAX a document; WEIR_DOCUMENTS_AHEAD of them in memory
 */
#ifndef WEIR_CONNECTORS_STAC_DOCUMENT_H
#define WEIR_CONNECTORS_STAC_DOCUMENT_H

#include "connectors/stac/http.h"
#include "runtime/base/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define WEIR_DOCUMENTS_AHEAD 8 /* fetched at the same time */

typedef struct weir_document_reader weir_document_reader_t;

/* policy is borrowed; is_cancelled may be NULL; it is asked during transfers too. */
weir_document_reader_t *weir_document_reader_new (const weir_http_policy_t *policy,
                                                  bool (*is_cancelled) (void *arg), void *arg);
void weir_document_reader_destroy (weir_document_reader_t **self_p);

/* The user's own address is a path: links may lead to private hosts. */
void weir_document_trust_private (weir_document_reader_t *self);

/* address: see address.h. *json_out is an object, yours; *base_out (yours) is where it was found
 * after redirects. */
int weir_document_read (weir_document_reader_t *self, const char *address, json_t **json_out,
                        char **base_out, weir_err_t *err);

/* The same for any http(s) request; *answer_out: the HTTP status or 0. */
int weir_document_request (weir_document_reader_t *self, const weir_http_request_t *request,
                           json_t **json_out, char **base_out, long *answer_out, weir_err_t *err);

/* All of them, several at a time; take is called in their order, with json and base (borrowed)
 * where status is 0, else with err filled. Ends with the first status but 0 that take returns. */
typedef int weir_document_take_fn (void *arg, const char *address, int status, const json_t *json,
                                   const char *base);
int weir_document_read_all (weir_document_reader_t *self, size_t n, char *const *addresses,
                            weir_document_take_fn *take, void *arg, weir_err_t *err);

/* Text -> object; for weir_document_read and tests. */
int weir_document_parse (const char *text, size_t n, const char *address, json_t **json_out,
                         weir_err_t *err);

#endif
