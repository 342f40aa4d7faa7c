/* transfer.c - one transfer: what is asked, what of the answer is believed, what a failure means
 *
 * Runs on   the thread of fetch.c
 */
#include "connectors/raster/fetch_impl.h"
#include "connectors/raster/url.h"
#include "runtime/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define REDIRECTS_MAX 5
#define ATTEMPTS_ANSWERED 4 /* the server is there and says no */
#define ATTEMPTS_NETWORK 3  /* it cannot be reached, or breaks off */
#define BACKOFF_MS 250
#define RETRY_AFTER_MAX_S 30
#define TRANSFER_SECONDS 300L
#define SPEED_MIN 1024L

weir_raster_http_t weir_fetch_config = { .connect_s = 10, .silence_s = 15 };

static void
s_refuse (weir_fetch_t *self, bool is_wrong, const char *why)
{
	snprintf (self->refused, sizeof self->refused, "%s", why);
	self->is_wrong = is_wrong;
}

/* ---- sockets */

static curl_socket_t
s_open_socket (void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	(void) purpose;
	weir_fetch_t *self = arg;
	if (self->reach == WEIR_REACH_PUBLIC && !self->is_proxied &&
	    weir_url_rules.is_private (&address->addr)) {
		s_refuse (self, true, "a private address");
		return CURL_SOCKET_BAD;
	}
	return socket (address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* What reaches only public hosts takes the proxy for all of them: with exceptions, a name could be
 * chosen that goes round it to a private host. */
static void
s_set_proxy (weir_fetch_t *self)
{
	bool is_https = strncasecmp (self->url, "https:", 6) == 0;
	const char *const names[] = { is_https ? "https_proxy" : "http_proxy",
		                          is_https ? "HTTPS_PROXY" : "http_proxy", "all_proxy",
		                          "ALL_PROXY" };
	self->is_proxied = false;
	if (self->reach != WEIR_REACH_PUBLIC)
		return;
	for (size_t i = 0; i < sizeof names / sizeof names[0] && !self->is_proxied; i++) {
		const char *proxy = getenv (names[i]);
		if (proxy == NULL || proxy[0] == '\0')
			continue;
		curl_easy_setopt (self->curl, CURLOPT_PROXY, proxy);
		curl_easy_setopt (self->curl, CURLOPT_NOPROXY, "");
		self->is_proxied = true;
	}
}

/* ---- the answer */

/* A decimal number and the character that must follow it; moves on behind both. */
static bool
s_take_number (const char **text, char end, uint64_t *number_out)
{
	if (**text < '0' || **text > '9')
		return false;
	char *rest;
	errno = 0;
	*number_out = strtoull (*text, &rest, 10);
	if (errno != 0 || *rest != end)
		return false;
	*text = rest + (end != '\0');
	return true;
}

/* "bytes 0-99/1234" */
static bool
s_parse_range (weir_fetch_t *self, const char *text)
{
	static const char unit[] = "bytes ";
	if (strncmp (text, unit, sizeof unit - 1) != 0)
		return false;
	text += sizeof unit - 1;
	return s_take_number (&text, '-', &self->range_first) &&
	       s_take_number (&text, '/', &self->range_last) &&
	       s_take_number (&text, '\0', &self->range_size) &&
	       self->range_first <= self->range_last && self->range_last < self->range_size;
}

static bool
s_take_field (const char *line, size_t n, const char *name, char *value, size_t value_bytes)
{
	size_t n_name = strlen (name);
	if (n <= n_name || strncasecmp (line, name, n_name) != 0)
		return false;
	while (n_name < n && (line[n_name] == ' ' || line[n_name] == '\t'))
		n_name++;
	while (n > n_name && (unsigned char) line[n - 1] <= ' ')
		n--;
	if (n - n_name >= value_bytes)
		return false;
	memcpy (value, line + n_name, n - n_name);
	value[n - n_name] = '\0';
	return true;
}

static size_t
s_take_header (char *line, size_t size, size_t n, void *arg)
{
	weir_fetch_t *self = arg;
	char text[128];
	n *= size;
	if (n >= 5 && strncmp (line, "HTTP/", 5) == 0) { /* a new answer: forget the last one's */
		self->has_range = false;
		self->found = (weir_fetch_version_t){ 0 };
	}
	(void) s_take_field (line, n, "etag:", self->found.etag, sizeof self->found.etag);
	(void) s_take_field (line, n, "last-modified:", self->found.modified,
	                     sizeof self->found.modified);
	if (s_take_field (line, n, "content-range:", text, sizeof text))
		self->has_range = s_parse_range (self, text);
	if (s_take_field (line, n, "content-encoding:", text, sizeof text) && text[0] != '\0' &&
	    strcasecmp (text, "identity") != 0)
		s_refuse (self, true, "the server compresses what should be the file's own bytes");
	return n;
}

/* Weak tags say nothing of single bytes. */
static bool
s_is_strong (const char *etag)
{
	return etag[0] == '"';
}

static bool
s_is_other_version (const weir_fetch_version_t *a, const weir_fetch_version_t *b)
{
	if (a->size != b->size)
		return true;
	if (s_is_strong (a->etag) && s_is_strong (b->etag))
		return strcmp (a->etag, b->etag) != 0;
	return a->modified[0] != '\0' && b->modified[0] != '\0' &&
	       strcmp (a->modified, b->modified) != 0;
}

/* What the head of a 206 or 200 promises; false: not what was asked for. */
static bool
s_check_head (weir_fetch_t *self, long answer)
{
	curl_off_t length = -1;
	curl_easy_getinfo (self->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	if (answer == 206 && !self->has_range) {
		s_refuse (self, false, "the answer to a range request does not say which bytes it holds");
	} else if (answer == 206) {
		uint64_t last = self->offset + self->n_wanted - 1;
		self->found.size = self->range_size;
		self->n_expected = (size_t) (self->range_last - self->range_first + 1);
		if (last >= self->range_size)
			last = self->range_size - 1;
		if (self->range_first != self->offset || self->range_last != last ||
		    (length >= 0 && (uint64_t) length != self->n_expected))
			s_refuse (self, false, "the server sends another range than it was asked for");
	} else if (self->offset > 0 || length < 0 || (uint64_t) length > self->n_wanted) {
		s_refuse (self, true, "the server does not serve byte ranges");
	} else {
		self->n_expected = (size_t) length;
		self->found.size = (uint64_t) length;
	}
	if (self->refused[0] == '\0' && self->has_expected &&
	    s_is_other_version (&self->expected, &self->found))
		s_refuse (self, true, "the file has changed since it was opened");
	return self->refused[0] == '\0';
}

/* Once an answer; false: nothing of it is wanted. */
static bool
s_begin_body (weir_fetch_t *self, long answer)
{
	self->has_head = true;
	if (self->refused[0] != '\0' || !s_check_head (self, answer))
		return false;
	self->bytes = malloc (self->n_expected > 0 ? self->n_expected : 1);
	if (self->bytes == NULL)
		s_refuse (self, false, "no memory for the answer");
	return self->bytes != NULL;
}

static size_t
s_take_bytes (char *bytes, size_t size, size_t n, void *arg)
{
	weir_fetch_t *self = arg;
	long answer = 0;
	n *= size;
	curl_easy_getinfo (self->curl, CURLINFO_RESPONSE_CODE, &answer);
	if (answer != 206 && answer != 200)
		return n; /* a redirect's body */
	if (!self->has_head && !s_begin_body (self, answer))
		return n + 1;
	if (n > self->n_expected - self->n_bytes) {
		s_refuse (self, false, "the server sends more bytes than it was asked for");
		return n + 1;
	}
	memcpy (self->bytes + self->n_bytes, bytes, n);
	self->n_bytes += n;
	return n;
}

/* ---- an attempt */

static void
s_set_options (weir_fetch_t *self)
{
	CURL *curl = self->curl;
	char range[64];
	snprintf (range, sizeof range, "%" PRIu64 "-%" PRIu64, self->offset,
	          self->offset + self->n_wanted - 1);
	curl_easy_setopt (curl, CURLOPT_RANGE, range);
	curl_easy_setopt (curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt (curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt (curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt (curl, CURLOPT_FAILONERROR, 1L);
	curl_easy_setopt (curl, CURLOPT_NETRC, (long) CURL_NETRC_IGNORED);
	curl_easy_setopt (curl, CURLOPT_USERAGENT, "weir/" WEIR_VERSION);
	curl_easy_setopt (curl, CURLOPT_CONNECTTIMEOUT, (long) weir_fetch_config.connect_s);
	curl_easy_setopt (curl, CURLOPT_LOW_SPEED_LIMIT, SPEED_MIN);
	curl_easy_setopt (curl, CURLOPT_LOW_SPEED_TIME, (long) weir_fetch_config.silence_s);
	curl_easy_setopt (curl, CURLOPT_TIMEOUT, TRANSFER_SECONDS);
	curl_easy_setopt (curl, CURLOPT_ERRORBUFFER, self->words);
	curl_easy_setopt (curl, CURLOPT_HEADERFUNCTION, s_take_header);
	curl_easy_setopt (curl, CURLOPT_HEADERDATA, self);
	curl_easy_setopt (curl, CURLOPT_WRITEFUNCTION, s_take_bytes);
	curl_easy_setopt (curl, CURLOPT_WRITEDATA, self);
	curl_easy_setopt (curl, CURLOPT_OPENSOCKETFUNCTION, s_open_socket);
	curl_easy_setopt (curl, CURLOPT_OPENSOCKETDATA, self);
	curl_easy_setopt (curl, CURLOPT_PRIVATE, self);
	s_set_proxy (self);
}

static void
s_forget_answer (weir_fetch_t *self)
{
	free (self->bytes);
	self->bytes = NULL;
	self->n_bytes = self->n_expected = 0;
	self->words[0] = self->refused[0] = '\0';
	self->is_wrong = self->has_range = self->has_head = false;
	self->found = (weir_fetch_version_t){ 0 };
}

static int
s_fail (weir_fetch_t *self, int status, weir_err_class_t klass, const char *code, const char *why)
{
	char what[80] = "cannot open the raster";
	if (self->has_expected)
		snprintf (what, sizeof what, "cannot read bytes %" PRIu64 "-%" PRIu64, self->offset,
		          self->offset + self->n_wanted - 1);
	self->err = weir_alloc (sizeof *self->err);
	bool is_elsewhere = strcmp (self->url, self->first_url) != 0;
	self->status = weir_err_set (self->err, status, klass, code, self->first_url, "%s: %s%s%s%s",
	                             what, why, is_elsewhere ? " (redirected to " : "",
	                             is_elsewhere ? self->url : "", is_elsewhere ? ")" : "");
	return self->status;
}

bool
weir_transfer_prepare (weir_fetch_t *self)
{
	weir_err_t err;
	char *url = NULL;
	s_forget_answer (self);
	if (weir_url_check (self->url, self->reach, &url, &err) != 0) {
		(void) s_fail (self, err.status, err.klass, err.code, err.text);
		return false;
	}
	curl_easy_reset (self->curl);
	s_set_options (self);
	CURLcode code = curl_easy_setopt (self->curl, CURLOPT_URL, url);
	free (url);
	if (code != CURLE_OK)
		(void) s_fail (self, WEIR_E_IO, WEIR_CLASS_GIVE_UP, "RasterUnreadable",
		               curl_easy_strerror (code));
	return code == CURLE_OK;
}

/* ---- its end */

static bool
s_is_busy (long answer)
{
	return answer == 408 || answer == 429 || answer == 500 || answer == 502 || answer == 503 ||
	       answer == 504;
}

/* The network, not the request. */
static bool
s_is_network (CURLcode code)
{
	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_CONNECT:
	case CURLE_PARTIAL_FILE:
	case CURLE_GOT_NOTHING:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_HTTP2:
	case CURLE_HTTP2_STREAM: return true;
	default: return false;
	}
}

/* How long to wait before the next attempt; -1: there is none. */
static int64_t
s_backoff_ms (weir_fetch_t *self, CURLcode code, long answer)
{
	bool is_busy = code == CURLE_HTTP_RETURNED_ERROR && s_is_busy (answer);
	if (!is_busy && !s_is_network (code))
		return -1;
	if (++self->n_failed >= (is_busy ? ATTEMPTS_ANSWERED : ATTEMPTS_NETWORK))
		return -1;
	curl_off_t asked_s = 0;
	curl_easy_getinfo (self->curl, CURLINFO_RETRY_AFTER, &asked_s);
	if (is_busy && asked_s > 0)
		return asked_s <= RETRY_AFTER_MAX_S ? asked_s * 1000 : -1;
	int64_t wait_ms = (int64_t) BACKOFF_MS << (self->n_failed - 1);
	return wait_ms - wait_ms * (rand () % 256) / 512; /* NOLINT: any jitter will do */
}

static int
s_end_failed (weir_fetch_t *self, CURLcode code, long answer)
{
	const char *words = self->words[0] != '\0' ? self->words : curl_easy_strerror (code);
	if (self->refused[0] != '\0') {
		bool is_private = strcmp (self->refused, "a private address") == 0;
		return s_fail (self, is_private ? WEIR_E_INVALID : WEIR_E_IO,
		               self->is_wrong ? WEIR_CLASS_GIVE_UP : WEIR_CLASS_RETRY,
		               is_private ? "AddressNotAllowed" : "RasterUnreadable", self->refused);
	}
	bool is_missing = code == CURLE_HTTP_RETURNED_ERROR && (answer == 404 || answer == 410);
	bool may_pass = s_is_network (code) || code == CURLE_OPERATION_TIMEDOUT ||
	                (code == CURLE_HTTP_RETURNED_ERROR && s_is_busy (answer));
	return s_fail (self, is_missing ? WEIR_E_NOT_FOUND : WEIR_E_IO,
	               may_pass ? WEIR_CLASS_RETRY : WEIR_CLASS_GIVE_UP, "RasterUnreadable", words);
}

/* 0: followed */
static int
s_redirect (weir_fetch_t *self)
{
	char *to = NULL;
	curl_easy_getinfo (self->curl, CURLINFO_REDIRECT_URL, &to);
	if (to == NULL)
		return s_fail (self, WEIR_E_IO, WEIR_CLASS_GIVE_UP, "RasterUnreadable",
		               "a redirect without an address");
	if (self->n_redirects++ == REDIRECTS_MAX)
		return s_fail (self, WEIR_E_IO, WEIR_CLASS_GIVE_UP, "RasterUnreadable",
		               "more than 5 redirects");
	bool was_safe = strncasecmp (self->url, "https:", 6) == 0;
	free (self->url);
	self->url = weir_strdup (to);
	if (was_safe && strncasecmp (self->url, "http:", 5) == 0)
		return s_fail (self, WEIR_E_INVALID, WEIR_CLASS_GIVE_UP, "AddressNotAllowed",
		               "a redirect from https to http");
	return 0;
}

static s_verdict_t
s_end_answered (weir_fetch_t *self, long answer)
{
	if (answer == 206 || answer == 200) {
		if (!self->has_head && !s_begin_body (self, answer)) /* no byte came */
			(void) s_end_failed (self, CURLE_OK, answer);
		else if (self->n_bytes != self->n_expected)
			(void) s_fail (self, WEIR_E_IO, WEIR_CLASS_RETRY, "RasterUnreadable",
			               "the answer ends in the middle");
		return S_VERDICT_DONE;
	}
	bool is_redirect = answer == 301 || answer == 302 || answer == 303 || answer == 307 ||
	                   answer == 308;
	if (is_redirect)
		return s_redirect (self) == 0 ? S_VERDICT_AGAIN : S_VERDICT_DONE;
	char why[64];
	snprintf (why, sizeof why, "an answer %ld that is no range", answer);
	(void) s_fail (self, WEIR_E_IO, WEIR_CLASS_GIVE_UP, "RasterUnreadable", why);
	return S_VERDICT_DONE;
}

s_verdict_t
weir_transfer_judge (weir_fetch_t *self, CURLcode code, int64_t *wait_ms_out)
{
	long answer = 0;
	curl_easy_getinfo (self->curl, CURLINFO_RESPONSE_CODE, &answer);
	if (code == CURLE_OK)
		return s_end_answered (self, answer);
	int64_t wait_ms = self->refused[0] == '\0' ? s_backoff_ms (self, code, answer) : -1;
	if (wait_ms >= 0) {
		*wait_ms_out = wait_ms;
		return S_VERDICT_LATER;
	}
	(void) s_end_failed (self, code, answer);
	return S_VERDICT_DONE;
}
