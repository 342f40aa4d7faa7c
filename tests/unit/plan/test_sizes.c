/* test_sizes.c - sizes of memory as people write them */
#include "tools/weir/sizes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void
test_sizes (void **state)
{
	(void) state;
	static const struct {
		const char *text;
		uint64_t bytes;
	} good[] = {
		{ "1", 1 },
		{ "4096", 4096 },
		{ "512K", 512 << 10 },
		{ "512k", 512 << 10 },
		{ "512M", 512 << 20 },
		{ "2G", UINT64_C (2) << 30 },
		{ "1.5G", UINT64_C (3) << 29 },
		{ "2GiB", UINT64_C (2) << 30 },
		{ "2GB", UINT64_C (2) << 30 },
		{ "100B", 100 },
		{ "1T", UINT64_C (1) << 40 },
	};
	static const char *const bad[] = { "",     "0",   "M",    "-1",        "1.G",
		                               "1 G",  "1Gi", ".5G",  "1e9",       "1X",
		                               "1GG",  "nan", "0x10", "99999999P", "1iB",
		                               "1..5", " 1",  "0.1",  "1,5G",      "9999999999999999" };
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		uint64_t bytes = 0;
		assert_true (weir_size_parse (good[i].text, &bytes));
		assert_int_equal (bytes, good[i].bytes);
	}
	uint64_t bytes = 7;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (weir_size_parse (bad[i], &bytes))
			fail_msg ("'%s' is no size", bad[i]);
	assert_false (weir_size_parse (NULL, &bytes));
	assert_int_equal (bytes, 7);
}

int
main (void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test (test_sizes) };
	return cmocka_run_group_tests (tests, NULL, NULL);
}
