/* url.h - addresses of remote rasters: what may be asked, and the GDAL name that stands for it
 *
 * A remote raster's name is "/vsiweir/<reach>/<url>", built here from a parsed and normalised URL.
 * The prefix belongs to a file system of our own (remote.h), so GDAL's network code is never used.
 * The reach travels in the name: a plan says of each file how far it may lead, and whoever reads it
 * keeps to that.
 *
 * Runs on   any thread
 * Source    RFC 3986, RFC 9110
 */
#ifndef WEIR_CONNECTORS_RASTER_URL_H
#define WEIR_CONNECTORS_RASTER_URL_H

#include "connectors/raster/raster.h"

#include <sys/socket.h>

#define WEIR_REMOTE_PREFIX "/vsiweir/"
#define WEIR_URL_BYTES_MAX 8192

/* Which hosts are private, by the socket's address and by name; tests put others in their place. */
typedef struct {
	bool (*is_private) (const struct sockaddr *address);
	bool (*is_private_name) (const char *host);
} weir_url_rules_t;
extern weir_url_rules_t weir_url_rules;

/* Checks and normalises: http or https, a host, no user-info; the fragment goes, what a URL may not
 * hold is percent-encoded. With WEIR_REACH_PUBLIC also no private host by its text, and no port
 * below 1024 but 80 and 443. Code "AddressNotAllowed"; *url_out is yours. */
int weir_url_check (const char *text, weir_reach_t reach, char **url_out, weir_err_t *err);

/* Checked URL -> name; yours. */
char *weir_url_name (const char *url, weir_reach_t reach);

/* The URL inside a name, borrowed from it; NULL for names of local files. */
const char *weir_url_of_name (const char *name, weir_reach_t *reach_out);

/* How people know a file: the URL of a remote one, the path of a local one. */
const char *weir_url_shown (const char *name);

/* The host of a checked URL leads to a private address, by its text or by what it resolves to now.
 */
bool weir_url_is_private (const char *url);

#endif
