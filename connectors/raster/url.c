/* url.c - see url.h */
#include "connectors/raster/url.h"

#include "connectors/net/host.h"
#include "runtime/base/mem.h"

#include <curl/curl.h>
#include <netdb.h>
#include <stdlib.h>
#include <strings.h>

static const char *const s_reach_names[] = {
	[WEIR_REACH_PUBLIC] = "public/", [WEIR_REACH_ANY] = "any/"
};

weir_url_rules_t weir_url_rules = { .is_private = weir_host_is_private,
	                                .is_private_name = weir_host_is_private_name };

static int
s_refuse (weir_err_t *err, const char *text, const char *why)
{
	return weir_err_invalid (err, "AddressNotAllowed", text, "%s", why);
}

/* What RFC 3986 has no place for; escapes that are there stay. */
static char *
s_encode (const char *text)
{
	static const char odd[] = " \"<>\\^`{|}", hex[] = "0123456789ABCDEF";
	char *out = weir_alloc (3 * strlen (text) + 1), *end = out;
	for (; *text != '\0'; text++) {
		unsigned char byte = (unsigned char) *text;
		if (byte < 0x80 && strchr (odd, byte) == NULL) {
			*end++ = *text;
			continue;
		}
		*end++ = '%';
		*end++ = hex[byte >> 4];
		*end++ = hex[byte & 15];
	}
	return out;
}

static bool
s_is_odd_port (CURLU *parsed)
{
	char *text = NULL;
	if (curl_url_get (parsed, CURLUPART_PORT, &text, CURLU_DEFAULT_PORT) != CURLUE_OK)
		return true;
	long port = strtol (text, NULL, 10);
	curl_free (text);
	return port < 1024 && port != 80 && port != 443;
}

static bool
s_has_private_name (CURLU *parsed)
{
	char *host = NULL;
	if (curl_url_get (parsed, CURLUPART_HOST, &host, 0) != CURLUE_OK)
		return true;
	bool is_private = weir_url_rules.is_private_name (host);
	curl_free (host);
	return is_private;
}

static int
s_check_parsed (CURLU *parsed, const char *text, weir_reach_t reach, char **url_out,
                weir_err_t *err)
{
	char *part = NULL;
	bool is_http = curl_url_get (parsed, CURLUPART_SCHEME, &part, 0) == CURLUE_OK &&
	               (strcasecmp (part, "http") == 0 || strcasecmp (part, "https") == 0);
	curl_free (part);
	if (!is_http)
		return s_refuse (err, text, "only http and https are allowed");
	const char *slashes = strstr (text, "://");
	if (slashes == NULL || slashes[3] == '/' || slashes[3] == '\0') /* curl would guess */
		return s_refuse (err, text, "no host");
	if (reach == WEIR_REACH_PUBLIC && s_has_private_name (parsed))
		return s_refuse (err, text, "a private address");
	if (reach == WEIR_REACH_PUBLIC && s_is_odd_port (parsed))
		return s_refuse (err, text, "this port is not allowed");
	curl_url_set (parsed, CURLUPART_FRAGMENT, NULL, 0);
	CURLUcode code = curl_url_get (parsed, CURLUPART_URL, &part, 0);
	if (code != CURLUE_OK)
		return s_refuse (err, text, curl_url_strerror (code));
	*url_out = weir_strdup (part);
	curl_free (part);
	return 0;
}

int
weir_url_check (const char *text, weir_reach_t reach, char **url_out, weir_err_t *err)
{
	*url_out = NULL;
	if (strlen (text) > WEIR_URL_BYTES_MAX)
		return s_refuse (err, text, "the address is too long");
	for (const char *at = text; *at != '\0'; at++)
		if ((unsigned char) *at < ' ' || *at == 0x7f)
			return s_refuse (err, text, "a control character");
	CURLU *parsed = curl_url ();
	weir_assert (parsed != NULL);
	char *encoded = s_encode (text);
	CURLUcode code = curl_url_set (parsed, CURLUPART_URL, encoded, CURLU_DISALLOW_USER);
	free (encoded);
	int status = 0;
	if (code == CURLUE_USER_NOT_ALLOWED)
		status = s_refuse (err, text, "a user name or password in the address");
	else if (code != CURLUE_OK)
		status = s_refuse (err, text, curl_url_strerror (code));
	else
		status = s_check_parsed (parsed, text, reach, url_out, err);
	curl_url_cleanup (parsed);
	return status;
}

char *
weir_url_name (const char *url, weir_reach_t reach)
{
	return weir_asprintf (WEIR_REMOTE_PREFIX "%s%s", s_reach_names[reach], url);
}

const char *
weir_url_of_name (const char *name, weir_reach_t *reach_out)
{
	if (strncmp (name, WEIR_REMOTE_PREFIX, strlen (WEIR_REMOTE_PREFIX)) != 0)
		return NULL;
	name += strlen (WEIR_REMOTE_PREFIX);
	for (int reach = WEIR_REACH_PUBLIC; reach <= WEIR_REACH_ANY; reach++) {
		size_t n = strlen (s_reach_names[reach]);
		if (strncmp (name, s_reach_names[reach], n) != 0)
			continue;
		*reach_out = (weir_reach_t) reach;
		return name + n;
	}
	return NULL;
}

const char *
weir_url_shown (const char *name)
{
	weir_reach_t ignored;
	const char *url = weir_url_of_name (name, &ignored);
	return url != NULL ? url : name;
}

bool
weir_url_is_private (const char *url)
{
	CURLU *parsed = curl_url ();
	char *host = NULL;
	bool is_private = false;
	weir_assert (parsed != NULL);
	if (curl_url_set (parsed, CURLUPART_URL, url, 0) == CURLUE_OK &&
	    curl_url_get (parsed, CURLUPART_HOST, &host, 0) == CURLUE_OK) {
		struct addrinfo *found = NULL, hints = { .ai_socktype = SOCK_STREAM };
		is_private = weir_url_rules.is_private_name (host);
		if (!is_private && host[0] != '[' && getaddrinfo (host, NULL, &hints, &found) == 0)
			for (struct addrinfo *at = found; at != NULL && !is_private; at = at->ai_next)
				is_private = weir_url_rules.is_private (at->ai_addr);
		if (found != NULL)
			freeaddrinfo (found);
	}
	curl_free (host);
	curl_url_cleanup (parsed);
	return is_private;
}
