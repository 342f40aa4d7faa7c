/* address.c - see address.h */
#include "connectors/stac/address.h"

#include "runtime/base/mem.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

typedef struct { /* a piece of a text; at NULL: not there, which is not the same as empty */
	const char *at;
	size_t n;
} s_span_t;

typedef struct {
	s_span_t scheme, authority, path, query, fragment;
} s_parts_t;

static bool
s_is_alpha (char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Bytes of "scheme" in "scheme:…", 0 where there is none. */
static size_t
s_scheme_length (const char *text)
{
	if (!s_is_alpha (text[0]))
		return 0;
	size_t n = 1;
	while (s_is_alpha (text[n]) || (text[n] >= '0' && text[n] <= '9') || text[n] == '+' ||
	       text[n] == '-' || text[n] == '.')
		n++;
	return text[n] == ':' ? n : 0;
}

bool
weir_address_has_scheme (const char *text)
{
	return s_scheme_length (text) > 0;
}

bool
weir_address_is_path (const char *text)
{
	return s_scheme_length (text) == 0;
}

bool
weir_address_is_http (const char *text)
{
	return strncasecmp (text, "http://", 7) == 0 || strncasecmp (text, "https://", 8) == 0;
}

static int
s_hex_digit (char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Undoes percent escapes; a '%' that starts none stays. False: an escaped zero byte. */
static bool
s_unescape (char *text)
{
	char *to = text;
	for (const char *from = text; *from != '\0'; from++) {
		int high = from[0] == '%' ? s_hex_digit (from[1]) : -1;
		int low = high >= 0 ? s_hex_digit (from[2]) : -1;
		if (low < 0) {
			*to++ = *from;
			continue;
		}
		if (high == 0 && low == 0)
			return false;
		*to++ = (char) (high * 16 + low);
		from += 2;
	}
	*to = '\0';
	return true;
}

/* Removes "." and ".." segments in place (RFC 3986, 5.2.4); never climbs above the root. */
static void
s_remove_dots (char *path)
{
	bool rooted = path[0] == '/';
	const char *from = path;
	char *to = path;
	while (*from != '\0') {
		const char *end = strchr (from + 1, '/');
		size_t n = end != NULL ? (size_t) (end - from) : strlen (from);
		const char *name = from[0] == '/' ? from + 1 : from;
		size_t n_name = n - (size_t) (name - from);
		bool one = n_name == 1 && name[0] == '.';
		bool two = n_name == 2 && name[0] == '.' && name[1] == '.';
		if (two)
			while (to > path && *--to != '/')
				;
		if ((one || two) && end == NULL && (rooted || to > path))
			*to++ = '/';
		if (!one && !two) {
			memmove (to, from, n);
			to += n;
		}
		from += n;
	}
	*to = '\0';
}

static void
s_merge_slashes (char *path)
{
	char *to = path;
	for (const char *from = path; *from != '\0'; from++)
		if (from[0] != '/' || from[1] != '/')
			*to++ = *from;
	*to = '\0';
}

static char *
s_tidy_path (char *path)
{
	s_merge_slashes (path);
	s_remove_dots (path);
	return path;
}

char *
weir_address_path_of_file_url (const char *text)
{
	if (strncasecmp (text, "file:", 5) != 0)
		return NULL;
	const char *path = text + 5;
	if (strncmp (path, "//", 2) == 0) {
		path += 2;
		if (strncasecmp (path, "localhost/", 10) == 0)
			path += 9;
	}
	if (path[0] != '/')
		return NULL;
	char *copy = weir_strdup (path);
	if (!s_unescape (copy)) {
		free (copy);
		return NULL;
	}
	return s_tidy_path (copy);
}

char *
weir_address_absolute (const char *text)
{
	if (weir_address_has_scheme (text)) {
		char *path = weir_address_path_of_file_url (text);
		return path != NULL ? path : weir_strdup (text);
	}
	if (text[0] == '/')
		return s_tidy_path (weir_strdup (text));
	char *folder = getcwd (NULL, 0);
	char *joined = weir_asprintf ("%s/%s", folder != NULL ? folder : ".", text);
	free (folder);
	return s_tidy_path (joined);
}

static s_span_t
s_span (const char *at, size_t n)
{
	return (s_span_t){ at, n };
}

/* RFC 3986, appendix B. */
static s_parts_t
s_split (const char *text)
{
	s_parts_t parts = { 0 };
	size_t n = s_scheme_length (text);
	if (n > 0) {
		parts.scheme = s_span (text, n);
		text += n + 1;
	}
	if (strncmp (text, "//", 2) == 0) {
		n = strcspn (text + 2, "/?#");
		parts.authority = s_span (text + 2, n);
		text += 2 + n;
	}
	n = strcspn (text, "?#");
	parts.path = s_span (text, n);
	text += n;
	if (*text == '?') {
		n = strcspn (text + 1, "#");
		parts.query = s_span (text + 1, n);
		text += 1 + n;
	}
	if (*text == '#')
		parts.fragment = s_span (text + 1, strlen (text + 1));
	return parts;
}

/* The base's path up to its last '/', and then the reference (RFC 3986, 5.2.3). */
static char *
s_merge_paths (s_span_t base, bool has_authority, s_span_t reference)
{
	size_t keep = base.n;
	while (keep > 0 && base.at[keep - 1] != '/')
		keep--;
	if (base.n == 0 && has_authority)
		return weir_asprintf ("/%.*s", (int) reference.n, reference.at);
	return weir_asprintf ("%.*s%.*s", (int) keep, base.at, (int) reference.n, reference.at);
}

static char *
s_join (const s_parts_t *parts, const char *path)
{
	s_span_t none = s_span ("", 0);
	s_span_t authority = parts->authority.at != NULL ? parts->authority : none;
	s_span_t query = parts->query.at != NULL ? parts->query : none;
	s_span_t fragment = parts->fragment.at != NULL ? parts->fragment : none;
	return weir_asprintf ("%.*s:%s%.*s%s%s%.*s%s%.*s", (int) parts->scheme.n, parts->scheme.at,
	                      parts->authority.at != NULL ? "//" : "", (int) authority.n, authority.at,
	                      path, parts->query.at != NULL ? "?" : "", (int) query.n, query.at,
	                      parts->fragment.at != NULL ? "#" : "", (int) fragment.n, fragment.at);
}

/* RFC 3986, 5.2.2, for a reference without a scheme. */
static char *
s_resolve_url (const char *base_text, const char *reference_text)
{
	s_parts_t base = s_split (base_text), reference = s_split (reference_text);
	s_parts_t target = base;
	target.fragment = reference.fragment;
	char *path = NULL;
	if (reference.authority.at != NULL) {
		target.authority = reference.authority;
		target.query = reference.query;
		path = weir_asprintf ("%.*s", (int) reference.path.n, reference.path.at);
	} else if (reference.path.n == 0) {
		if (reference.query.at != NULL)
			target.query = reference.query;
		path = weir_asprintf ("%.*s", (int) base.path.n, base.path.at);
	} else {
		target.query = reference.query;
		if (reference.path.at[0] == '/')
			path = weir_asprintf ("%.*s", (int) reference.path.n, reference.path.at);
		else
			path = s_merge_paths (base.path, base.authority.at != NULL, reference.path);
	}
	if (reference.path.n > 0 || reference.authority.at != NULL)
		s_remove_dots (path);
	char *url = s_join (&target, path);
	free (path);
	return url;
}

char *
weir_address_resolve (const char *base, const char *reference)
{
	if (weir_address_has_scheme (reference))
		return weir_address_absolute (reference);
	if (weir_address_has_scheme (base))
		return s_resolve_url (base, reference);
	if (reference[0] == '/')
		return s_tidy_path (weir_strdup (reference));
	if (reference[0] == '\0')
		return weir_strdup (base);
	const char *slash = strrchr (base, '/');
	size_t n_folder = slash != NULL ? (size_t) (slash - base) + 1 : 0;
	return s_tidy_path (weir_asprintf ("%.*s%s", (int) n_folder, base, reference));
}
