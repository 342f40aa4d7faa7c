/* test_host.c - which hosts are private, by address and by name */
#include "connectors/net/host.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include <cmocka.h>

static const struct {
	const char *text;
	bool is_private;
} s_addresses[] = {
	{ "127.0.0.1", true },
	{ "127.255.255.255", true },
	{ "126.255.255.255", false },
	{ "128.0.0.0", false },
	{ "0.0.0.0", true },
	{ "10.1.2.3", true },
	{ "11.0.0.0", false },
	{ "100.63.255.255", false },
	{ "100.64.0.1", true },
	{ "100.128.0.0", false },
	{ "169.254.169.254", true },
	{ "172.15.255.255", false },
	{ "172.16.0.0", true },
	{ "172.31.255.255", true },
	{ "172.32.0.0", false },
	{ "192.168.0.1", true },
	{ "192.169.0.1", false },
	{ "198.18.0.1", true },
	{ "224.0.0.1", true },
	{ "255.255.255.255", true },
	{ "8.8.8.8", false },
	{ "::", true },
	{ "::1", true },
	{ "::127.0.0.1", true },
	{ "::ffff:127.0.0.1", true },
	{ "::ffff:8.8.8.8", false },
	{ "64:ff9b::10.0.0.1", true },
	{ "64:ff9b::8.8.8.8", false },
	{ "2002:7f00:1::", true },
	{ "2002:808:808::", false },
	{ "fc00::1", true },
	{ "fd12::1", true },
	{ "fe80::1", true },
	{ "ff02::1", true },
	{ "2001:4860:4860::8888", false },
};

static void
s_test_addresses (void **state)
{
	(void) state;
	for (size_t i = 0; i < sizeof s_addresses / sizeof s_addresses[0]; i++) {
		struct sockaddr_in v4 = { .sin_family = AF_INET };
		struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
		const char *text = s_addresses[i].text;
		bool is_v6 = strchr (text, ':') != NULL;
		assert_int_equal (inet_pton (is_v6 ? AF_INET6 : AF_INET, text,
		                             is_v6 ? (void *) &v6.sin6_addr : (void *) &v4.sin_addr),
		                  1);
		const struct sockaddr *address = is_v6 ? (const struct sockaddr *) &v6
		                                       : (const struct sockaddr *) &v4;
		if (weir_host_is_private (address) != s_addresses[i].is_private ||
		    weir_host_is_private_name (text) != s_addresses[i].is_private)
			fail_msg ("%s", text);
	}
	struct sockaddr_un local = { .sun_family = AF_UNIX };
	assert_true (weir_host_is_private ((const struct sockaddr *) &local));
}

static void
s_test_names (void **state)
{
	(void) state;
	static const struct {
		const char *text;
		bool is_private;
	} rows[] = {
		{ "localhost", true },
		{ "LOCALHOST.", true },
		{ "a.localhost", true },
		{ "printer.local", true },
		{ "metadata.google.internal", true },
		{ "redis", true },
		{ "nas.lan", true },
		{ "x.home.arpa", true },
		{ "stac.example.org", false },
		{ "local.example.org", false },
		{ "notlocal", true },
		{ "example.notlocal", false },
		{ "[::1]", true },
		{ "[fe80::1%25eth0]", true },
		{ "[2001:4860:4860::8888]", false },
		{ "0x7f000001", true },
		{ "2130706433", true },
		{ "127.1", true },
		{ "017700000001", true },
		{ "0x08080808", false },
		{ "", true },
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (weir_host_is_private_name (rows[i].text) != rows[i].is_private)
			fail_msg ("%s", rows[i].text);
	char longest[400];
	memset (longest, 'a', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	longest[200] = '.';
	assert_true (weir_host_is_private_name (longest));
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (s_test_addresses),
		cmocka_unit_test (s_test_names),
	};
	return cmocka_run_group_tests_name ("hosts", tests, NULL, NULL);
}
