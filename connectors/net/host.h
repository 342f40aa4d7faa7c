/* host.h - which hosts an address from outside may lead to
 *
 * A catalogue or a redirect from the network must not send Weir to machines that only we can reach:
 * cloud metadata, databases, routers. Whoever opens a socket asks weir_host_is_private with the
 * address it is about to use, after the name was resolved; asking before would leave the time
 * between the two to whoever runs the name server. weir_host_is_private_name is for where somebody
 * else opens the socket (a proxy, GDAL): it resolves nothing.
 *
 * Runs on   any thread; pure
 * Source    IANA special-purpose address registries (RFC 6890), RFC 4291, RFC 6598, RFC 6761
 */
#ifndef WEIR_CONNECTORS_NET_HOST_H
#define WEIR_CONNECTORS_NET_HOST_H

#include <stdbool.h>
#include <sys/socket.h>

/* Loopback, private, shared, link-local, unspecified, multicast, reserved; IPv4 inside IPv6
 * (mapped, NAT64, 6to4) counts as what is inside. Anything but IPv4 and IPv6 is private. */
bool weir_host_is_private (const struct sockaddr *address);

/* The host of a URL, brackets of an IPv6 literal or not: a private literal in any spelling that
 * resolvers know (also 0x7f000001, 127.1), localhost, names without a dot, and names that end in
 * .localhost, .local, .internal, .lan, .home.arpa. */
bool weir_host_is_private_name (const char *host);

#endif
