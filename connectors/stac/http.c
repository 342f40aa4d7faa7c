/* http.c - GET through libcurl, see document.h */
#include "connectors/stac/document.h"

#include "runtime/base/mem.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define CONNECT_SECONDS 20L
#define SILENCE_SECONDS 30L /* less than one byte a second for so long */
#define TRANSFER_SECONDS 600L
#define REDIRECTS_MAX 5L

struct weir_http {
	CURL *curl;
	struct curl_slist *headers;
	char words[CURL_ERROR_SIZE];
	bool (*is_cancelled) (void *arg);
	void *arg;
	weir_document_bytes_t *bytes; /* of the transfer that is under way */
};

static void
s_start_curl (void)
{
	curl_global_init (CURL_GLOBAL_DEFAULT);
}

static size_t
s_take_bytes (char *bytes, size_t size, size_t n, void *arg)
{
	weir_http_t *self = arg;
	return weir_document_append (self->bytes, bytes, size * n) ? n : 0;
}

static int
s_ask_cancelled (void *arg, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
                 curl_off_t up)
{
	(void) down_total, (void) down, (void) up_total, (void) up;
	const weir_http_t *self = arg;
	return self->is_cancelled != NULL && self->is_cancelled (self->arg) ? 1 : 0;
}

static void
s_set_options (weir_http_t *self)
{
	CURL *curl = self->curl;
	curl_easy_setopt (curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt (curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt (curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
	curl_easy_setopt (curl, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt (curl, CURLOPT_MAXREDIRS, REDIRECTS_MAX);
	curl_easy_setopt (curl, CURLOPT_NETRC, (long) CURL_NETRC_IGNORED);
	curl_easy_setopt (curl, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
	curl_easy_setopt (curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt (curl, CURLOPT_LOW_SPEED_TIME, SILENCE_SECONDS);
	curl_easy_setopt (curl, CURLOPT_TIMEOUT, TRANSFER_SECONDS);
	curl_easy_setopt (curl, CURLOPT_FAILONERROR, 1L);
	curl_easy_setopt (curl, CURLOPT_ACCEPT_ENCODING, "");
	curl_easy_setopt (curl, CURLOPT_USERAGENT, "weir/" WEIR_VERSION);
	curl_easy_setopt (curl, CURLOPT_HTTPHEADER, self->headers);
	curl_easy_setopt (curl, CURLOPT_ERRORBUFFER, self->words);
	curl_easy_setopt (curl, CURLOPT_WRITEFUNCTION, s_take_bytes);
	curl_easy_setopt (curl, CURLOPT_WRITEDATA, self);
	curl_easy_setopt (curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt (curl, CURLOPT_XFERINFOFUNCTION, s_ask_cancelled);
	curl_easy_setopt (curl, CURLOPT_XFERINFODATA, self);
}

weir_http_t *
weir_http_new (bool (*is_cancelled) (void *arg), void *arg)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once (&once, s_start_curl);
	weir_http_t *self = weir_alloc (sizeof *self);
	self->is_cancelled = is_cancelled;
	self->arg = arg;
	self->curl = curl_easy_init ();
	weir_assert (self->curl != NULL);
	self->headers = curl_slist_append (NULL, "Accept: application/geo+json, application/json");
	s_set_options (self);
	return self;
}

void
weir_http_destroy (weir_http_t **self_p)
{
	if (self_p == NULL || *self_p == NULL)
		return;
	weir_http_t *self = *self_p;
	*self_p = NULL;
	curl_easy_cleanup (self->curl);
	curl_slist_free_all (self->headers);
	free (self);
}

/* What may go away by itself: the network, a busy or broken server. A wrong address or a refusal
 * does not. */
static bool
s_is_passing (CURLcode code, long answer)
{
	switch (code) {
	case CURLE_HTTP_RETURNED_ERROR: return answer == 408 || answer == 429 || answer >= 500;
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_CONNECT:
	case CURLE_OPERATION_TIMEDOUT:
	case CURLE_PARTIAL_FILE:
	case CURLE_GOT_NOTHING:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_HTTP2:
	case CURLE_HTTP2_STREAM: return true;
	default: return false;
	}
}

static int
s_translate_error (const weir_http_t *self, CURLcode code, const char *url, weir_err_t *err)
{
	long answer = 0;
	curl_easy_getinfo (self->curl, CURLINFO_RESPONSE_CODE, &answer);
	if (code == CURLE_ABORTED_BY_CALLBACK)
		return weir_err_set (err, WEIR_E_CANCELLED, WEIR_CLASS_GIVE_UP, "Cancelled", url,
		                     "reading was cancelled");
	if (self->bytes->is_too_big)
		return weir_err_set (err, WEIR_E_UNSUPPORTED, WEIR_CLASS_GIVE_UP, "StacUnreadable", url,
		                     "cannot read: the document is larger than 64 MiB");
	const char *words = self->words[0] != '\0' ? self->words : curl_easy_strerror (code);
	bool missing = code == CURLE_HTTP_RETURNED_ERROR && (answer == 404 || answer == 410);
	return weir_err_set (err, missing ? WEIR_E_NOT_FOUND : WEIR_E_IO,
	                     s_is_passing (code, answer) ? WEIR_CLASS_RETRY : WEIR_CLASS_GIVE_UP,
	                     "StacUnreadable", url, "cannot fetch: %s", words);
}

int
weir_http_get (weir_http_t *self, const char *url, weir_document_bytes_t *bytes, char **base_out,
               weir_err_t *err)
{
	self->bytes = bytes;
	self->words[0] = '\0';
	CURLcode code = curl_easy_setopt (self->curl, CURLOPT_URL, url);
	if (code == CURLE_OK)
		code = curl_easy_perform (self->curl);
	if (code != CURLE_OK)
		return s_translate_error (self, code, url, err);
	char *effective = NULL;
	curl_easy_getinfo (self->curl, CURLINFO_EFFECTIVE_URL, &effective);
	*base_out = weir_strdup (effective != NULL ? effective : url);
	return 0;
}
