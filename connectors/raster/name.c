/* name.c - from an address in a STAC document to the name that GDAL gets (raster.h)
 *
 * User text never becomes a GDAL name: what comes out is always an absolute path built here, so no
 * driver prefix, no virtual file system and no embedded XML can be reached.
 *
 * Runs on   any thread
 */
#include "connectors/raster/fetch_impl.h"
#include "connectors/raster/url.h"
#include "runtime/base/mem.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

/* Length of "scheme" in "scheme:…", 0 if there is none before the first '/'. */
static size_t
s_scheme_length (const char *href)
{
	size_t n = 0;
	if (!isalpha ((unsigned char) href[0]))
		return 0;
	while (isalnum ((unsigned char) href[n]) || href[n] == '+' || href[n] == '-' ||
	       href[n] == '.' || href[n] == '_')
		n++;
	return href[n] == ':' ? n : 0;
}

static bool
s_is_scheme (const char *href, size_t n, const char *scheme)
{
	return strlen (scheme) == n && strncasecmp (href, scheme, n) == 0;
}

static int
s_hex (char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char) tolower ((unsigned char) c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* NULL where an escape is broken or stands for a zero byte. */
static char *
s_decode_percent (const char *text)
{
	char *out = weir_alloc (strlen (text) + 1);
	char *end = out;
	for (; *text != '\0'; text++) {
		if (*text != '%') {
			*end++ = *text;
			continue;
		}
		int high = s_hex (text[1]);
		int low = high >= 0 ? s_hex (text[2]) : -1;
		if (low < 0 || high + low == 0) {
			free (out);
			return NULL;
		}
		*end++ = (char) (high * 16 + low);
		text += 2;
	}
	return out;
}

/* "file:///p", "file://localhost/p", "file:/p" -> "/p" */
static int
s_path_of_file_url (const char *href, char **path_out, weir_err_t *err)
{
	const char *path = href + strlen ("file:");
	if (strncmp (path, "//", 2) == 0) {
		const char *host = path + 2;
		path = strchr (host, '/');
		size_t n = path != NULL ? (size_t) (path - host) : strlen (host);
		if (path == NULL || (n != 0 && !s_is_scheme (host, n, "localhost")))
			return weir_err_invalid (err, "AddressNotAllowed", href,
			                         "a file address of another machine");
	}
	*path_out = s_decode_percent (path);
	if (*path_out == NULL)
		return weir_err_invalid (err, "AddressNotAllowed", href, "broken percent-encoding");
	if ((*path_out)[0] == '/')
		return 0;
	free (*path_out);
	*path_out = NULL;
	return weir_err_invalid (err, "AddressNotAllowed", href,
	                         "a file address without an absolute path");
}

/* Takes path (freed). */
static int
s_name_of_path (char *path, const char *href, char **name_out, weir_err_t *err)
{
	size_t slashes = strspn (path, "/");
	if (path[0] == '<' || (slashes > 0 && strncasecmp (path + slashes, "vsi", 3) == 0)) {
		free (path);
		return weir_err_invalid (err, "AddressNotAllowed", href, "not a plain path");
	}
	if (slashes > 0) {
		*name_out = path;
		return 0;
	}
	char *folder = getcwd (NULL, 0);
	if (folder == NULL) {
		free (path);
		return weir_err_set (err, WEIR_E_IO, WEIR_CLASS_GIVE_UP, "RasterUnreadable", href,
		                     "no working directory: %s", strerror (errno));
	}
	const char *rest = path;
	while (strncmp (rest, "./", 2) == 0)
		rest += 2;
	*name_out = weir_asprintf ("%s/%s", strcmp (folder, "/") == 0 ? "" : folder, rest);
	free (folder);
	free (path);
	return 0;
}

static int
s_name_of_url (const char *href, weir_reach_t reach, char **name_out, weir_err_t *err)
{
	char *url = NULL;
	int status = weir_url_check (href, reach, &url, err);
	if (status == 0)
		*name_out = weir_url_name (url, reach);
	free (url);
	return status;
}

weir_reach_t
weir_raster_reach_of (const char *catalogue)
{
	size_t n = s_scheme_length (catalogue);
	if (weir_fetch_config.private_hosts != WEIR_PRIVATE_LIKE_CATALOGUE)
		return weir_fetch_config.private_hosts == WEIR_PRIVATE_ALWAYS ? WEIR_REACH_ANY
		                                                              : WEIR_REACH_PUBLIC;
	if (!s_is_scheme (catalogue, n, "http") && !s_is_scheme (catalogue, n, "https"))
		return WEIR_REACH_ANY;
	return weir_url_is_private (catalogue) ? WEIR_REACH_ANY : WEIR_REACH_PUBLIC;
}

int
weir_raster_name_of_href (void *arg, const char *href, char **name_out, weir_err_t *err)
{
	const weir_raster_context_t *context = arg;
	*name_out = NULL;
	if (href == NULL || href[0] == '\0')
		return weir_err_invalid (err, "AddressNotAllowed", "", "an empty address");
	size_t n = s_scheme_length (href);
	if (n == 0)
		return s_name_of_path (weir_strdup (href), href, name_out, err);
	if (s_is_scheme (href, n, "http") || s_is_scheme (href, n, "https"))
		return s_name_of_url (href, context != NULL ? context->reach : WEIR_REACH_PUBLIC, name_out,
		                      err);
	if (!s_is_scheme (href, n, "file"))
		return weir_err_invalid (err, "AddressNotAllowed", href,
		                         "the scheme '%.*s:' is not allowed", (int) n, href);
	char *path = NULL;
	int status = s_path_of_file_url (href, &path, err);
	if (status != 0)
		return status;
	return s_name_of_path (path, href, name_out, err);
}
