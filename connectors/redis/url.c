/* url.c - where Redis is: unix:///path or redis://[user:password@]host:port[/db] */
#include "connectors/redis/internal.h"
#include "runtime/base/mem.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#define S_CODE "RedisUnavailable"

void
weir_redis_url_clear (weir_redis_url_t *self)
{
	free (self->path);
	free (self->host);
	free (self->user);
	free (self->password);
	free (self->shown);
	*self = (weir_redis_url_t){ 0 };
}

static char *
s_copy_part (const char *text, size_t n)
{
	char *copy = weir_alloc (n + 1);
	memcpy (copy, text, n);
	return copy;
}

static int
s_parse_hex (char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char) tolower ((unsigned char) c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* %XX in user and password; a lone % stays what it is. */
static char *
s_decode_part (const char *text, size_t n)
{
	char *out = weir_alloc (n + 1);
	size_t used = 0;
	for (size_t i = 0; i < n; i++) {
		int high = text[i] == '%' && i + 2 < n ? s_parse_hex (text[i + 1]) : -1;
		int low = high >= 0 ? s_parse_hex (text[i + 2]) : -1;
		if (low >= 0) {
			out[used++] = (char) (high * 16 + low);
			i += 2;
		} else {
			out[used++] = text[i];
		}
	}
	return out;
}

/* A whole number in [low, high] that ends at `end`. */
static bool
s_parse_number (const char *text, const char *end, long low, long high, int *out)
{
	long value = 0;
	if (text == end)
		return false;
	for (; text < end; text++) {
		if (!isdigit ((unsigned char) *text) || value > high)
			return false;
		value = value * 10 + (*text - '0');
	}
	if (value < low || value > high)
		return false;
	*out = (int) value;
	return true;
}

static int
s_parse_unix (const char *path, weir_redis_url_t *url, weir_err_t *err)
{
	size_t limit = sizeof ((struct sockaddr_un *) 0)->sun_path - 1;
	if (path[0] != '/')
		return weir_err_invalid (err, S_CODE, url->shown, "not an absolute path: %s", path);
	if (strlen (path) > limit)
		return weir_err_invalid (err, S_CODE, url->shown,
		                         "path of a unix socket is too long: %zu bytes, at most %zu",
		                         strlen (path), limit);
	url->path = weir_strdup (path);
	return 0;
}

/* host, host:port, [v6] or [v6]:port, up to end */
static bool
s_parse_host (const char *text, const char *end, weir_redis_url_t *url)
{
	const char *host_end = end, *colon;
	url->port = 6379;
	if (*text == '[') {
		host_end = memchr (text, ']', (size_t) (end - text));
		if (host_end == NULL)
			return false;
		text++;
		colon = host_end + 1 < end ? host_end + 1 : NULL;
		if (colon != NULL && *colon != ':')
			return false;
	} else {
		colon = memchr (text, ':', (size_t) (end - text));
		if (colon != NULL)
			host_end = colon;
	}
	if (host_end == text ||
	    (colon != NULL && !s_parse_number (colon + 1, end, 1, 65535, &url->port)))
		return false;
	url->host = s_copy_part (text, (size_t) (host_end - text));
	return true;
}

static int
s_parse_tcp (const char *text, weir_redis_url_t *url, weir_err_t *err)
{
	const char *end = text + strcspn (text, "/");
	const char *at = memrchr (text, '@', (size_t) (end - text));
	if (at != NULL) {
		const char *colon = memchr (text, ':', (size_t) (at - text));
		const char *user_end = colon != NULL ? colon : at;
		url->user = s_decode_part (text, (size_t) (user_end - text));
		if (colon != NULL)
			url->password = s_decode_part (colon + 1, (size_t) (at - colon - 1));
		char *shown = weir_asprintf ("redis://%s", at + 1);
		free (url->shown);
		url->shown = shown;
		text = at + 1;
	}
	if (!s_parse_host (text, end, url))
		return weir_err_invalid (err, S_CODE, url->shown, "expected redis://host:port");
	const char *db = end + (*end == '/');
	if (*db != '\0' && !s_parse_number (db, db + strlen (db), 0, 9999, &url->db))
		return weir_err_invalid (err, S_CODE, url->shown, "not a database number: %s", db);
	return 0;
}

int
weir_redis_url_parse (const char *text, weir_redis_url_t *url_out, weir_err_t *err)
{
	*url_out = (weir_redis_url_t){ .shown = weir_strdup (text) };
	int status;
	if (strncmp (text, "unix://", 7) == 0)
		status = s_parse_unix (text + 7, url_out, err);
	else if (strncmp (text, "redis://", 8) == 0)
		status = s_parse_tcp (text + 8, url_out, err);
	else
		status = weir_err_invalid (err, S_CODE, text, "expected unix:///path or redis://host:port");
	if (status != 0)
		weir_redis_url_clear (url_out);
	return status;
}
