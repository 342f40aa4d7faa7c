/* fetch.h - byte ranges of remote files, many at a time
 *
 * One thread of its own moves all transfers of the process and shares one pool of connections, so
 * that what is under way does not depend on how many workers there are. A worker starts fetches,
 * does something else, and waits where it must. A group is one worker's: its fetches wake it.
 *
 * Safety    redirects (at most 5) are followed here and not by curl: each hop is checked like the
 *           first address (url.h), and each socket for the address it is opened for. No .netrc, no
 *           cookies, no credentials. Never from https to http.
 * Answers   206 with exactly the range that was asked for and of the version that is expected, or,
 *           for a file that is no longer than what was asked for, 200. Nothing else is used.
 * Retries   answers 408, 429, 500, 502, 503, 504: 4 attempts; connections that fail or break: 3;
 *           with back-off, or as Retry-After says. Time-outs are not tried again here.
 * Errors    "RasterUnreadable" (where: the URL; curl's words), "AddressNotAllowed", "Cancelled";
 *           class retry where it may pass by itself
 * Limits    64 transfers at a time, others wait their turn; memory: what is asked for
 * Runs on   any thread; only weir_fetch_group_wait blocks
 * Source    RFC 9110
 */
#ifndef WEIR_CONNECTORS_RASTER_FETCH_H
#define WEIR_CONNECTORS_RASTER_FETCH_H

#include "connectors/raster/raster.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct { /* which bytes a file had */
	uint64_t size;
	char etag[128], modified[64]; /* "": the server says none */
} weir_fetch_version_t;

typedef struct weir_fetch_group weir_fetch_group_t;
typedef struct weir_fetch weir_fetch_t;

weir_fetch_group_t *weir_fetch_group_new (void);
void weir_fetch_group_destroy (weir_fetch_group_t **self_p); /* after its fetches */
/* is_cancelled (may be NULL) is asked every 100 ms while waiting. */
void weir_fetch_group_watch (weir_fetch_group_t *self, bool (*is_cancelled) (void *arg), void *arg);
uint64_t weir_fetch_group_count (weir_fetch_group_t *self); /* how many fetches have ended */
/* Waits until that count is another than `seen`; "Cancelled" where the wish comes first. */
int weir_fetch_group_wait (weir_fetch_group_t *self, uint64_t seen, weir_err_t *err);

/* expected: NULL where nothing is known of the file yet. */
weir_fetch_t *weir_fetch_start (weir_fetch_group_t *group, const char *url, weir_reach_t reach,
                                uint64_t offset, size_t n_bytes,
                                const weir_fetch_version_t *expected);
void weir_fetch_end (weir_fetch_t **self_p); /* also one that is under way */
bool weir_fetch_is_done (const weir_fetch_t *self);

/* Of one that is done: */
int weir_fetch_status (const weir_fetch_t *self, weir_err_t *err);
const uint8_t *weir_fetch_bytes (const weir_fetch_t *self, size_t *n_out);
const weir_fetch_version_t *weir_fetch_version (const weir_fetch_t *self);
const char *weir_fetch_url (const weir_fetch_t *self); /* after redirects */

void weir_fetch_shutdown (void); /* ends the thread, if it was needed; after all groups */

#endif
