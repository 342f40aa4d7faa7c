/* instant.h - instants as STAC writes them
 *
 * RFC 3339, and what catalogues write besides: a date alone (its midnight), no offset (UTC), a
 * space for the T, more than six decimals (cut off). Years 0000 to 9999. 60 seconds is the leap
 * second, read as the next second.
 *
 * Runs on   any thread; pure
 */
#ifndef WEIR_CONNECTORS_STAC_INSTANT_H
#define WEIR_CONNECTORS_STAC_INSTANT_H

#include <stdbool.h>
#include <stdint.h>

/* Microseconds since 1970-01-01T00:00:00Z; false where the text is no instant. */
bool weir_instant_parse (const char *text, int64_t *time_us_out);

#define WEIR_INSTANT_BYTES 40
/* "2022-09-01T05:12:33Z", with six decimals where they are not zero; ".." (an open
 * end) outside the years 0000 to 9999. */
void weir_instant_format (int64_t time_us, char buf[WEIR_INSTANT_BYTES]);

#endif
