/* http.h - GET and POST through libcurl, several at a time, tried again where that may help
 *
 * All transfers of one weir_http_t share one pool of connections. A transfer is started and later
 * finished; finishing waits for it and drives all others meanwhile.
 *
 * Safety    redirects at most 5, only to http(s). The first address that answers decides whether
 *           private hosts (connectors/net/host.h) may be asked: where it is public they are
 *           refused, at each hop and for each address that a document names. No .netrc, no cookies.
 * Retries   on 408, 429, 500, 502, 503, 504 and where the network fails, with back-off and jitter;
 *           Retry-After is kept to, and ends the transfer where it asks for too long. Failures to
 *           connect and time-outs are tried less often than answers: each costs its whole time.
 * Errors    "StacUnreadable" (where: the address; curl's or the server's words), class retry where
 *           it may pass by itself; "Cancelled"
 * Limits    WEIR_DOCUMENT_BYTES_MAX an answer, decompressed; at most 8 connections a host
 * Runs on   one thread a weir_http_t; finishing blocks
 * Source    RFC 9110
 */
#ifndef WEIR_CONNECTORS_STAC_HTTP_H
#define WEIR_CONNECTORS_STAC_HTTP_H

#include "runtime/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#define WEIR_DOCUMENT_BYTES_MAX ((size_t) 64 << 20)

typedef struct { /* bytes as they come in */
	char *text;
	size_t n, cap;
	bool is_too_big;
} weir_document_bytes_t;

/* False, and is_too_big set, where the limit would be passed. */
bool weir_document_append (weir_document_bytes_t *self, const void *bytes, size_t n);

typedef struct {
	unsigned attempts;         /* where the server answers */
	unsigned attempts_network; /* where it cannot be reached or falls silent */
	unsigned backoff_ms;       /* doubles each time; up to half of it is taken off by chance */
	unsigned backoff_max_ms;
	unsigned retry_after_max_s;
	unsigned connect_ms;
	unsigned silence_s; /* less than one byte a second for so long */
	unsigned transfer_s;
	bool (*is_private) (const struct sockaddr *address);
} weir_http_policy_t;

extern const weir_http_policy_t weir_http_policy_default;

typedef struct { /* borrowed until the transfer is started */
	const char *url;
	const char *body; /* NULL: GET; else POST of this JSON */
	size_t n_headers;
	const char *const *headers; /* "Name: value", after ours */
} weir_http_request_t;

typedef struct weir_http weir_http_t;
typedef struct weir_http_transfer weir_http_transfer_t;

/* policy is borrowed; is_cancelled may be NULL, and is asked all the time. */
weir_http_t *weir_http_new (const weir_http_policy_t *policy, bool (*is_cancelled) (void *arg),
                            void *arg);
void weir_http_destroy (weir_http_t **self_p); /* after its transfers */

/* The user's own address is private (a path): private hosts may be asked. */
void weir_http_trust_private (weir_http_t *self);

weir_http_transfer_t *weir_http_start (weir_http_t *self, const weir_http_request_t *request);
void weir_http_abort (weir_http_transfer_t **transfer_p);
/* Waits; the transfer is gone afterwards. The answer replaces what is in bytes; *base_out (yours)
 * is the address after redirects. *answer_out (may be NULL): the HTTP status, 0 where there was
 * none. */
int weir_http_finish (weir_http_transfer_t **transfer_p, weir_document_bytes_t *bytes,
                      char **base_out, long *answer_out, weir_err_t *err);

#endif
