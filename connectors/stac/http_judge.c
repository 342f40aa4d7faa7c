/* http_judge.c - which hosts a transfer may ask, and what its failures mean; see http.h */
#include "connectors/net/host.h"
#include "connectors/stac/document.h"
#include "connectors/stac/http_impl.h"
#include "runtime/base/mem.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SERVER_WORDS_MAX 300

/* ---- hosts */

/* Part of a URL, yours to free with curl_free; NULL where there is none. */
static char *
s_url_part (const char *url, CURLUPart part)
{
	CURLU *parsed = curl_url ();
	char *text = NULL;
	if (curl_url_set (parsed, CURLUPART_URL, url, CURLU_GUESS_SCHEME) == CURLUE_OK &&
	    curl_url_get (parsed, part, &text, CURLU_DEFAULT_PORT) != CURLUE_OK)
		text = NULL;
	curl_url_cleanup (parsed);
	return text;
}

static void
s_add_proxy (weir_http_t *self, const char *url)
{
	char *host = s_url_part (url, CURLUPART_HOST), *port = s_url_part (url, CURLUPART_PORT);
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found = NULL;
	if (host != NULL && getaddrinfo (host, NULL, &hints, &found) == 0)
		for (const struct addrinfo *at = found; at != NULL; at = at->ai_next) {
			self->proxies = weir_realloc (self->proxies,
			                              (self->n_proxies + 1) * sizeof *self->proxies);
			memset (&self->proxies[self->n_proxies], 0, sizeof *self->proxies);
			memcpy (&self->proxies[self->n_proxies++], at->ai_addr, at->ai_addrlen);
		}
	if (found != NULL)
		freeaddrinfo (found);
	curl_free (host);
	curl_free (port);
}

void
weir_http_find_proxies (weir_http_t *self)
{
	static const char *const names[] = { "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
		                                 "ALL_PROXY" };
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		const char *url = getenv (names[i]);
		if (url != NULL && url[0] != '\0')
			s_add_proxy (self, url);
	}
}

static bool
s_is_same_host (const struct sockaddr *a, const struct sockaddr *b)
{
	if (a->sa_family != b->sa_family)
		return false;
	if (a->sa_family == AF_INET)
		return memcmp (&((const struct sockaddr_in *) (const void *) a)->sin_addr,
		               &((const struct sockaddr_in *) (const void *) b)->sin_addr,
		               sizeof (struct in_addr)) == 0;
	return a->sa_family == AF_INET6 &&
	       memcmp (&((const struct sockaddr_in6 *) (const void *) a)->sin6_addr,
	               &((const struct sockaddr_in6 *) (const void *) b)->sin6_addr,
	               sizeof (struct in6_addr)) == 0;
}

static bool
s_is_proxy (const weir_http_t *self, const struct sockaddr *address)
{
	for (size_t i = 0; i < self->n_proxies; i++)
		if (s_is_same_host (address, (const struct sockaddr *) &self->proxies[i]))
			return true;
	return false;
}

/* Private by its text; literals are left to the policy. */
static bool
s_has_private_name (const weir_http_t *self, const char *url)
{
	char *host = s_url_part (url, CURLUPART_HOST);
	struct in_addr v4;
	bool is_private = host == NULL || weir_host_is_private_name (host);
	if (is_private && host != NULL && self->policy->is_private != weir_host_is_private)
		is_private = host[0] != '[' && inet_aton (host, &v4) == 0;
	curl_free (host);
	return is_private;
}

bool
weir_http_may_ask (weir_http_transfer_t *self)
{
	if (self->http->trust != S_TRUST_PUBLIC || !s_has_private_name (self->http, self->url))
		return true;
	char *host = s_url_part (self->url, CURLUPART_HOST);
	snprintf (self->refused, sizeof self->refused, "%s", host != NULL ? host : "?");
	curl_free (host);
	return false;
}

curl_socket_t
weir_http_open_socket (void *transfer, curlsocktype purpose, struct curl_sockaddr *address)
{
	weir_http_transfer_t *self = transfer;
	(void) purpose;
	if (self->http->trust == S_TRUST_PUBLIC && self->http->policy->is_private (&address->addr) &&
	    !s_is_proxy (self->http, &address->addr)) {
		if (getnameinfo (&address->addr, address->addrlen, self->refused, sizeof self->refused,
		                 NULL, 0, NI_NUMERICHOST) != 0)
			snprintf (self->refused, sizeof self->refused, "?");
		return CURL_SOCKET_BAD;
	}
	return socket (address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

void
weir_http_learn_trust (weir_http_transfer_t *self)
{
	weir_http_t *http = self->http;
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	struct sockaddr *address = NULL;
	char *text = NULL;
	if (http->trust != S_TRUST_UNKNOWN)
		return;
	curl_easy_getinfo (self->curl, CURLINFO_PRIMARY_IP, &text);
	if (text != NULL && inet_pton (AF_INET, text, &v4.sin_addr) == 1)
		address = (struct sockaddr *) &v4;
	else if (text != NULL && inet_pton (AF_INET6, text, &v6.sin6_addr) == 1)
		address = (struct sockaddr *) &v6;
	bool is_private = address != NULL && !s_is_proxy (http, address)
	                      ? http->policy->is_private (address)
	                      : s_has_private_name (http, self->url);
	http->trust = is_private ? S_TRUST_PRIVATE : S_TRUST_PUBLIC;
}

/* ---- failures */

bool
weir_http_is_passing (CURLcode code, long answer)
{
	switch (code) {
	case CURLE_OK:
		return answer == 408 || answer == 429 || answer == 500 || answer == 502 || answer == 503 ||
		       answer == 504;
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

/* What the server says of its refusal, on one line: ": the reason" or "". */
static void
s_find_server_words (const weir_http_transfer_t *self, char *buf, size_t bytes)
{
	static const char *const fields[] = { "description", "detail", "message", "title" };
	buf[0] = '\0';
	json_t *json = json_loadb (self->bytes.text != NULL ? self->bytes.text : "", self->bytes.n, 0,
	                           NULL);
	for (size_t i = 0; i < sizeof fields / sizeof fields[0] && buf[0] == '\0'; i++) {
		json_t *value = json_object_get (json, fields[i]);
		char *text = json_is_string (value)  ? weir_strdup (json_string_value (value))
		             : json_is_array (value) ? json_dumps (value, JSON_COMPACT)
		                                     : NULL;
		if (text != NULL && text[0] != '\0')
			snprintf (buf, bytes, ": %s", text);
		free (text);
	}
	json_decref (json);
	for (char *p = buf; *p != '\0'; p++)
		if ((unsigned char) *p < ' ' || *p == 0x7f)
			*p = ' ';
}

static int
s_fail_answer (weir_http_transfer_t *self)
{
	char words[SERVER_WORDS_MAX], more[160] = "";
	bool is_missing = self->answer == 404 || self->answer == 410;
	s_find_server_words (self, words, sizeof words);
	if (self->asked_s > (curl_off_t) self->http->policy->retry_after_max_s)
		snprintf (more, sizeof more,
		          "; it asks to wait %lld s, longer than the %u s that Weir does",
		          (long long) self->asked_s, self->http->policy->retry_after_max_s);
	else if (self->n_failed > 1)
		snprintf (more, sizeof more, " (%u times)", self->n_failed);
	return weir_err_set (
		&self->err, is_missing ? WEIR_E_NOT_FOUND : WEIR_E_IO,
		weir_http_is_passing (CURLE_OK, self->answer) ? WEIR_CLASS_RETRY : WEIR_CLASS_GIVE_UP,
		"StacUnreadable", self->first_url,
		"cannot fetch: The requested URL returned error: %ld%s%s", self->answer, words, more);
}

int
weir_http_fail_refused (weir_http_transfer_t *self)
{
	return weir_err_set (&self->err, WEIR_E_INVALID, WEIR_CLASS_GIVE_UP, "StacUnreadable",
	                     self->first_url,
	                     "cannot fetch: %s%s leads to a private address (%s), which is only "
	                     "allowed where the first address is private itself",
	                     self->n_redirects > 0 ? "the redirect to " : "",
	                     self->n_redirects > 0 ? self->url : "it", self->refused);
}

int
weir_http_fail (weir_http_transfer_t *self, CURLcode code)
{
	if (self->refused[0] != '\0' && code != CURLE_OK)
		return weir_http_fail_refused (self);
	if (self->bytes.is_too_big)
		return weir_err_set (&self->err, WEIR_E_UNSUPPORTED, WEIR_CLASS_GIVE_UP, "StacUnreadable",
		                     self->first_url, "cannot read: the document is larger than 64 MiB");
	if (code == CURLE_OK)
		return s_fail_answer (self);
	char more[32] = "";
	const char *words = self->words[0] != '\0' ? self->words : curl_easy_strerror (code);
	if (self->n_failed > 1)
		snprintf (more, sizeof more, " (%u times)", self->n_failed);
	return weir_err_set (&self->err, WEIR_E_IO,
	                     weir_http_is_passing (code, 0) ? WEIR_CLASS_RETRY : WEIR_CLASS_GIVE_UP,
	                     "StacUnreadable", self->first_url, "cannot fetch: %s%s", words, more);
}

int
weir_http_fail_redirect (weir_http_transfer_t *self, const char *to, int redirects_max)
{
	if (to == NULL)
		return weir_err_set (
			&self->err, WEIR_E_IO, WEIR_CLASS_GIVE_UP, "StacUnreadable", self->first_url,
			"cannot fetch: answer %ld redirects without saying where to", self->answer);
	if ((int) self->n_redirects == redirects_max)
		return weir_err_set (
			&self->err, WEIR_E_IO, WEIR_CLASS_GIVE_UP, "StacUnreadable", self->first_url,
			"cannot fetch: Maximum (%d) redirects followed, the next to %s", redirects_max, to);
	return weir_err_set (
		&self->err, WEIR_E_IO, WEIR_CLASS_GIVE_UP, "StacUnreadable", self->first_url,
		"cannot fetch: it redirects to '%s', which is no http or https address", to);
}
