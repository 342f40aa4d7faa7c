/* http.c - see http.h
 *
 * A transfer is RUNNING in curl, WAITING for its next attempt, or DONE. s_drive moves all of them;
 * redirects are followed here and not by curl, so that each hop is looked at.
 */
#include "connectors/stac/http.h"

#include "connectors/net/host.h"
#include "connectors/stac/address.h"
#include "connectors/stac/http_impl.h"
#include "runtime/base/mem.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define POLL_MS 100 /* how long a wish to cancel may go unseen */
#define REDIRECTS_MAX 5
#define CONNECTIONS_MAX 8L

const weir_http_policy_t weir_http_policy_default = {
	.attempts = 5,
	.attempts_network = 3,
	.backoff_ms = 500,
	.backoff_max_ms = 8000,
	.retry_after_max_s = 60,
	.connect_ms = 20000,
	.silence_s = 30,
	.transfer_s = 600,
	.is_private = weir_host_is_private,
};

static void
s_start_curl (void)
{
	curl_global_init (CURL_GLOBAL_DEFAULT);
}

int64_t
weir_http_now_ms (void)
{
	struct timespec now;
	clock_gettime (CLOCK_MONOTONIC, &now);
	return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

weir_http_t *
weir_http_new (const weir_http_policy_t *policy, bool (*is_cancelled) (void *arg), void *arg)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once (&once, s_start_curl);
	weir_http_t *self = weir_alloc (sizeof *self);
	self->policy = policy;
	self->is_cancelled = is_cancelled;
	self->arg = arg;
	self->seed = (unsigned) weir_http_now_ms () ^ (unsigned) getpid ();
	self->multi = curl_multi_init ();
	weir_assert (self->multi != NULL);
	curl_multi_setopt (self->multi, CURLMOPT_MAX_HOST_CONNECTIONS, CONNECTIONS_MAX);
	curl_multi_setopt (self->multi, CURLMOPT_MAXCONNECTS, 2 * CONNECTIONS_MAX);
	weir_http_find_proxies (self);
	return self;
}

void
weir_http_destroy (weir_http_t **self_p)
{
	if (self_p == NULL || *self_p == NULL)
		return;
	weir_http_t *self = *self_p;
	*self_p = NULL;
	weir_assert (self->transfers == NULL);
	for (size_t i = 0; i < self->n_spare; i++)
		curl_easy_cleanup (self->spare[i]);
	curl_multi_cleanup (self->multi);
	free (self->proxies);
	free (self);
}

void
weir_http_trust_private (weir_http_t *self)
{
	self->trust = S_TRUST_PRIVATE;
}

/* ---- one attempt */

static size_t
s_take_bytes (char *bytes, size_t size, size_t n, void *arg)
{
	weir_http_transfer_t *transfer = arg;
	return weir_document_append (&transfer->bytes, bytes, size * n) ? n : 0;
}

static void
s_set_limits (CURL *curl, const weir_http_policy_t *policy)
{
	curl_easy_setopt (curl, CURLOPT_CONNECTTIMEOUT_MS, (long) policy->connect_ms);
	curl_easy_setopt (curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt (curl, CURLOPT_LOW_SPEED_TIME, (long) policy->silence_s);
	curl_easy_setopt (curl, CURLOPT_TIMEOUT, (long) policy->transfer_s);
}

static void
s_set_options (weir_http_transfer_t *transfer)
{
	CURL *curl = transfer->curl;
	curl_easy_setopt (curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt (curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt (curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
	curl_easy_setopt (curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt (curl, CURLOPT_NETRC, (long) CURL_NETRC_IGNORED);
	curl_easy_setopt (curl, CURLOPT_ACCEPT_ENCODING, "");
	curl_easy_setopt (curl, CURLOPT_USERAGENT, "weir/" WEIR_VERSION);
	curl_easy_setopt (curl, CURLOPT_HTTPHEADER, transfer->headers);
	curl_easy_setopt (curl, CURLOPT_ERRORBUFFER, transfer->words);
	curl_easy_setopt (curl, CURLOPT_WRITEFUNCTION, s_take_bytes);
	curl_easy_setopt (curl, CURLOPT_WRITEDATA, transfer);
	curl_easy_setopt (curl, CURLOPT_OPENSOCKETFUNCTION, weir_http_open_socket);
	curl_easy_setopt (curl, CURLOPT_OPENSOCKETDATA, transfer);
	curl_easy_setopt (curl, CURLOPT_PRIVATE, transfer);
	if (transfer->body != NULL) {
		curl_easy_setopt (curl, CURLOPT_POSTFIELDS, transfer->body);
		curl_easy_setopt (curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) strlen (transfer->body));
	}
	s_set_limits (curl, transfer->http->policy);
}

static void
s_end (weir_http_transfer_t *transfer, int status)
{
	transfer->state = S_DONE;
	transfer->status = status;
	free (transfer->body);
	transfer->body = NULL;
}

static void
s_attempt (weir_http_transfer_t *transfer)
{
	transfer->bytes.n = 0;
	transfer->bytes.is_too_big = false;
	transfer->words[0] = '\0';
	transfer->refused[0] = '\0';
	transfer->answer = 0;
	if (!weir_http_may_ask (transfer)) {
		s_end (transfer, weir_http_fail_refused (transfer));
		return;
	}
	s_set_options (transfer);
	CURLcode code = curl_easy_setopt (transfer->curl, CURLOPT_URL, transfer->url);
	if (code != CURLE_OK) {
		s_end (transfer, weir_http_fail (transfer, code));
		return;
	}
	weir_assert (curl_multi_add_handle (transfer->http->multi, transfer->curl) == CURLM_OK);
	transfer->state = S_RUNNING;
}

/* ---- after an attempt */

/* How long to wait before the next attempt; -1: there is none. */
static int64_t
s_backoff_ms (weir_http_transfer_t *transfer, CURLcode code)
{
	weir_http_t *http = transfer->http;
	const weir_http_policy_t *policy = http->policy;
	unsigned attempts = code == CURLE_OK ? policy->attempts : policy->attempts_network;
	if (!weir_http_is_passing (code, transfer->answer) || ++transfer->n_failed >= attempts)
		return -1;
	curl_off_t asked_s = 0;
	curl_easy_getinfo (transfer->curl, CURLINFO_RETRY_AFTER, &asked_s);
	if (code == CURLE_OK && asked_s > 0) {
		transfer->asked_s = asked_s;
		return asked_s <= (curl_off_t) policy->retry_after_max_s ? asked_s * 1000 : -1;
	}
	unsigned doublings = transfer->n_failed - 1 < 16 ? transfer->n_failed - 1 : 16;
	int64_t wait_ms = (int64_t) policy->backoff_ms << doublings;
	if (wait_ms > (int64_t) policy->backoff_max_ms)
		wait_ms = (int64_t) policy->backoff_max_ms;
	return wait_ms - (int64_t) ((double) wait_ms / 2 * rand_r (&http->seed) / RAND_MAX);
}

static void
s_redirect (weir_http_transfer_t *transfer)
{
	char *to = NULL;
	curl_easy_getinfo (transfer->curl, CURLINFO_REDIRECT_URL, &to);
	if (to == NULL || transfer->n_redirects == REDIRECTS_MAX || !weir_address_is_http (to)) {
		s_end (transfer, weir_http_fail_redirect (transfer, to, REDIRECTS_MAX));
		return;
	}
	transfer->n_redirects++;
	free (transfer->url);
	transfer->url = weir_strdup (to);
	if (transfer->answer == 303 && transfer->body != NULL) {
		free (transfer->body);
		transfer->body = NULL;
	}
	curl_easy_reset (transfer->curl);
	s_attempt (transfer);
}

static bool
s_is_redirect (long answer)
{
	return answer == 301 || answer == 302 || answer == 303 || answer == 307 || answer == 308;
}

static void
s_judge (weir_http_transfer_t *transfer, CURLcode code)
{
	curl_easy_getinfo (transfer->curl, CURLINFO_RESPONSE_CODE, &transfer->answer);
	if (code == CURLE_OK)
		weir_http_learn_trust (transfer);
	if (code == CURLE_OK && s_is_redirect (transfer->answer)) {
		s_redirect (transfer);
		return;
	}
	if (code == CURLE_OK && transfer->answer >= 200 && transfer->answer < 300) {
		s_end (transfer, 0);
		return;
	}
	transfer->asked_s = 0;
	int64_t wait_ms = transfer->refused[0] != '\0' ? -1 : s_backoff_ms (transfer, code);
	if (wait_ms < 0) {
		s_end (transfer, weir_http_fail (transfer, code));
		return;
	}
	transfer->due_ms = weir_http_now_ms () + wait_ms;
	transfer->state = S_WAITING;
}

/* ---- all transfers */

static void
s_collect (weir_http_t *self)
{
	int n_left;
	for (CURLMsg *message; (message = curl_multi_info_read (self->multi, &n_left)) != NULL;) {
		if (message->msg != CURLMSG_DONE)
			continue;
		CURLcode code = message->data.result;
		CURL *curl = message->easy_handle;
		char *transfer = NULL;
		curl_easy_getinfo (curl, CURLINFO_PRIVATE, &transfer);
		curl_multi_remove_handle (self->multi, curl);
		s_judge ((weir_http_transfer_t *) (void *) transfer, code);
	}
}

/* One round; waits a little unless that finished what is awaited. */
static void
s_drive (weir_http_t *self, const weir_http_transfer_t *awaited)
{
	int n_running = 0, wait_ms = POLL_MS;
	int64_t now_ms = weir_http_now_ms ();
	for (weir_http_transfer_t *t = self->transfers; t != NULL; t = t->next) {
		if (t->state == S_WAITING && t->due_ms <= now_ms)
			s_attempt (t);
		else if (t->state == S_WAITING && t->due_ms - now_ms < wait_ms)
			wait_ms = (int) (t->due_ms - now_ms);
	}
	weir_assert (curl_multi_perform (self->multi, &n_running) == CURLM_OK);
	s_collect (self);
	if (awaited->state != S_DONE)
		curl_multi_poll (self->multi, NULL, 0, wait_ms, NULL);
}

weir_http_transfer_t *
weir_http_start (weir_http_t *self, const weir_http_request_t *request)
{
	weir_http_transfer_t *transfer = weir_alloc (sizeof *transfer);
	transfer->http = self;
	transfer->first_url = weir_strdup (request->url);
	transfer->url = weir_strdup (request->url);
	transfer->body = weir_strdup (request->body);
	transfer->headers = curl_slist_append (NULL, "Accept: application/geo+json, application/json");
	if (request->body != NULL)
		transfer->headers = curl_slist_append (transfer->headers, "Content-Type: application/json");
	for (size_t i = 0; i < request->n_headers; i++)
		transfer->headers = curl_slist_append (transfer->headers, request->headers[i]);
	transfer->curl = self->n_spare > 0 ? self->spare[--self->n_spare] : curl_easy_init ();
	weir_assert (transfer->curl != NULL);
	transfer->next = self->transfers;
	self->transfers = transfer;
	s_attempt (transfer);
	return transfer;
}

void
weir_http_abort (weir_http_transfer_t **transfer_p)
{
	if (transfer_p == NULL || *transfer_p == NULL)
		return;
	weir_http_transfer_t *transfer = *transfer_p;
	weir_http_t *http = transfer->http;
	*transfer_p = NULL;
	if (transfer->state == S_RUNNING)
		curl_multi_remove_handle (http->multi, transfer->curl);
	weir_http_transfer_t **at = &http->transfers;
	while (*at != transfer)
		at = &(*at)->next;
	*at = transfer->next;
	curl_easy_reset (transfer->curl);
	if (http->n_spare < S_SPARE_MAX)
		http->spare[http->n_spare++] = transfer->curl;
	else
		curl_easy_cleanup (transfer->curl);
	curl_slist_free_all (transfer->headers);
	free (transfer->bytes.text);
	free (transfer->first_url);
	free (transfer->url);
	free (transfer->body);
	free (transfer);
}

int
weir_http_finish (weir_http_transfer_t **transfer_p, weir_document_bytes_t *bytes, char **base_out,
                  long *answer_out, weir_err_t *err)
{
	weir_http_transfer_t *transfer = *transfer_p;
	weir_http_t *http = transfer->http;
	int status = 0;
	*base_out = NULL;
	while (transfer->state != S_DONE && status == 0) {
		if (http->is_cancelled != NULL && http->is_cancelled (http->arg))
			status = weir_err_set (err, WEIR_E_CANCELLED, WEIR_CLASS_GIVE_UP, "Cancelled",
			                       transfer->first_url, "reading was cancelled");
		else
			s_drive (http, transfer);
	}
	if (status == 0 && transfer->status != 0) {
		status = transfer->status;
		if (err != NULL)
			*err = transfer->err;
	}
	if (answer_out != NULL)
		*answer_out = transfer->answer;
	if (status == 0) {
		weir_document_bytes_t old = *bytes;
		*bytes = transfer->bytes;
		transfer->bytes = old;
		*base_out = weir_strdup (transfer->url);
	}
	weir_http_abort (transfer_p);
	return status;
}
