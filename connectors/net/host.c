/* host.c - see host.h */
#include "connectors/net/host.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const struct {
	uint32_t address;
	int bits;
} s_v4_private[] = {
	{ 0x00000000, 8 },  /* this network */
	{ 0x0a000000, 8 },  /* private */
	{ 0x64400000, 10 }, /* shared, carrier-grade NAT */
	{ 0x7f000000, 8 },  /* loopback */
	{ 0xa9fe0000, 16 }, /* link-local, cloud metadata */
	{ 0xac100000, 12 }, /* private */
	{ 0xc0000000, 24 }, /* protocol assignments */
	{ 0xc0a80000, 16 }, /* private */
	{ 0xc6120000, 15 }, /* benchmarks */
	{ 0xe0000000, 4 },  /* multicast */
	{ 0xf0000000, 4 },  /* reserved, broadcast */
};

static bool
s_is_private_v4 (uint32_t address)
{
	for (size_t i = 0; i < sizeof s_v4_private / sizeof s_v4_private[0]; i++)
		if ((address ^ s_v4_private[i].address) >> (32 - s_v4_private[i].bits) == 0)
			return true;
	return false;
}

static uint32_t
s_v4_at (const uint8_t *bytes)
{
	return (uint32_t) bytes[0] << 24 | (uint32_t) bytes[1] << 16 | (uint32_t) bytes[2] << 8 |
	       bytes[3];
}

static bool
s_is_private_v6 (const uint8_t *b)
{
	static const uint8_t zeros[12], mapped[12] = { [10] = 0xff, [11] = 0xff };
	static const uint8_t nat64[12] = { 0x00, 0x64, 0xff, 0x9b };
	if (memcmp (b, zeros, 12) == 0) /* ::, ::1, and IPv4 in the old spelling */
		return true;
	if (memcmp (b, mapped, 12) == 0 || memcmp (b, nat64, 12) == 0)
		return s_is_private_v4 (s_v4_at (b + 12));
	if (b[0] == 0x20 && b[1] == 0x02) /* 6to4 */
		return s_is_private_v4 (s_v4_at (b + 2));
	/* only 2000::/3 is global unicast: this leaves out fc00::/7, fe80::/10, fec0::/10, ff00::/8 */
	return (b[0] & 0xe0) != 0x20;
}

bool
weir_host_is_private (const struct sockaddr *address)
{
	if (address->sa_family == AF_INET) {
		struct sockaddr_in v4;
		memcpy (&v4, address, sizeof v4);
		return s_is_private_v4 (ntohl (v4.sin_addr.s_addr));
	}
	if (address->sa_family == AF_INET6) {
		struct sockaddr_in6 v6;
		memcpy (&v6, address, sizeof v6);
		return s_is_private_v6 (v6.sin6_addr.s6_addr);
	}
	return true;
}

/* Also true for the name itself: "local" for ".local". */
static bool
s_ends_with (const char *host, size_t n, const char *end)
{
	size_t n_end = strlen (end);
	return (n >= n_end && strncasecmp (host + n - n_end, end, n_end) == 0) ||
	       (n == n_end - 1 && strncasecmp (host, end + 1, n) == 0);
}

bool
weir_host_is_private_name (const char *host)
{
	static const char *const ends[] = { ".localhost", ".local", ".internal", ".lan", ".home.arpa" };
	char name[256];
	struct in_addr v4;
	struct in6_addr v6;
	bool has_bracket = host[0] == '[';
	int n_text = snprintf (name, sizeof name, "%s", host + has_bracket);
	if (n_text <= 0 || (size_t) n_text >= sizeof name)
		return true;
	size_t n = strcspn (name, "]%"); /* the end of a literal, or its zone */
	while (n > 1 && name[n - 1] == '.')
		n--;
	name[n] = '\0';
	if (inet_pton (AF_INET6, name, &v6) == 1)
		return s_is_private_v6 (v6.s6_addr);
	if (inet_aton (name, &v4) != 0)
		return s_is_private_v4 (ntohl (v4.s_addr));
	for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
		if (s_ends_with (name, n, ends[i]))
			return true;
	return strchr (name, '.') == NULL;
}
