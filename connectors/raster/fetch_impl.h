/* fetch_impl.h - what fetch.c (who waits for what) and transfer.c (one transfer) share
 *
 * Runs on   what is said of each field; the engine's mutex guards what both sides touch
 */
#ifndef WEIR_CONNECTORS_RASTER_FETCH_IMPL_H
#define WEIR_CONNECTORS_RASTER_FETCH_IMPL_H

#include "connectors/raster/fetch.h"

#include <curl/curl.h>

typedef enum { S_QUEUED = 0, S_RUNNING, S_WAITING, S_DONE } s_fetch_state_t;

struct weir_fetch {
	weir_fetch_t *next;
	weir_fetch_group_t *group;
	bool is_done, is_abandoned; /* under the mutex */

	/* the engine's until done, the worker's afterwards */
	s_fetch_state_t state;
	char *first_url, *url; /* as asked for; after redirects */
	weir_reach_t reach;
	uint64_t offset;
	size_t n_wanted;
	bool has_expected;
	weir_fetch_version_t expected, found;
	uint8_t *bytes;
	size_t n_bytes, n_expected; /* got; what the answer's head promises */
	int status;
	weir_err_t *err; /* where status is not 0 */

	/* of the attempt */
	CURL *curl;
	char words[CURL_ERROR_SIZE];
	char refused[128]; /* why the answer was not taken; "": it was */
	bool is_wrong;     /* refused for what trying again will not mend */
	bool is_proxied, has_range, has_head;
	uint64_t range_first, range_last, range_size;
	unsigned n_failed, n_redirects;
	int64_t due_ms;
};

typedef enum { S_VERDICT_DONE, S_VERDICT_AGAIN, S_VERDICT_LATER } s_verdict_t;

extern weir_raster_http_t weir_fetch_config;

/* Sets self->curl up; false: refused, the fetch has its error. */
bool weir_transfer_prepare (weir_fetch_t *self);
/* After curl ended it: done (with a status), again at once (a redirect), or later. */
s_verdict_t weir_transfer_judge (weir_fetch_t *self, CURLcode code, int64_t *wait_ms_out);

#endif
