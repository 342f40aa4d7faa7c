/* http_impl.h - what http.c (moves transfers) and http_judge.c (says what may be asked, and what
 * went wrong) share */
#ifndef WEIR_CONNECTORS_STAC_HTTP_IMPL_H
#define WEIR_CONNECTORS_STAC_HTTP_IMPL_H

#include "connectors/stac/http.h"

#include <curl/curl.h>
#include <stdint.h>

#define S_SPARE_MAX 16

typedef enum { S_RUNNING = 0, S_WAITING, S_DONE } s_state_t;
typedef enum { S_TRUST_UNKNOWN = 0, S_TRUST_PUBLIC, S_TRUST_PRIVATE } s_trust_t;

struct weir_http {
	const weir_http_policy_t *policy;
	bool (*is_cancelled) (void *arg);
	void *arg;
	CURLM *multi;
	weir_http_transfer_t *transfers; /* all that are not finished */
	CURL *spare[S_SPARE_MAX];        /* handles to use again */
	size_t n_spare;
	s_trust_t trust;
	size_t n_proxies;
	struct sockaddr_storage *proxies; /* of the environment; curl goes there for what is public */
	unsigned seed;
};

struct weir_http_transfer {
	weir_http_t *http;
	weir_http_transfer_t *next;
	s_state_t state;
	CURL *curl;
	char *first_url, *url; /* as asked for; after redirects */
	char *body;
	struct curl_slist *headers;
	char words[CURL_ERROR_SIZE];
	char refused[64]; /* the private address that was not asked */
	weir_document_bytes_t bytes;
	unsigned n_failed, n_redirects;
	int64_t due_ms;
	curl_off_t asked_s; /* Retry-After of the last answer */
	long answer;
	int status; /* once DONE */
	weir_err_t err;
};

int64_t weir_http_now_ms (void);

/* ---- http_judge.c */
void weir_http_find_proxies (weir_http_t *self);
/* By the text of the address alone; what it resolves to is looked at by weir_http_open_socket. */
bool weir_http_may_ask (weir_http_transfer_t *self);
curl_socket_t weir_http_open_socket (void *transfer, curlsocktype purpose,
                                     struct curl_sockaddr *address);
/* The first answer says whether the user's own address is private. */
void weir_http_learn_trust (weir_http_transfer_t *self);

/* What may go away by itself; code CURLE_OK: by the answer. */
bool weir_http_is_passing (CURLcode code, long answer);
/* These fill self->err and return its status. */
int weir_http_fail (weir_http_transfer_t *self, CURLcode code);
int weir_http_fail_refused (weir_http_transfer_t *self);
int weir_http_fail_redirect (weir_http_transfer_t *self, const char *to, int redirects_max);

#endif
