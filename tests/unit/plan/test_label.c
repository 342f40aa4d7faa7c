/* test_label.c - instants as text, there and back */
#include "cube/plan/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define S INT64_C (1000000)

static void
test_parse_and_format (void **state)
{
	(void) state;
	static const struct {
		const char *text;
		int64_t us;
		const char *label;
	} rows[] = {
		{ "1970-01-01", 0, "19700101T000000Z" },
		{ "1970-01-01T00:00:01Z", 1 * S, "19700101T000001Z" },
		{ "2022-09-01T05:12:33Z", 1662009153 * S, "20220901T051233Z" },
		{ "2022-09-01t05:12:33z", 1662009153 * S, "20220901T051233Z" },
		{ "2022-09-01 05:12:33Z", 1662009153 * S, "20220901T051233Z" },
		{ "2022-09-01T07:12:33+02:00", 1662009153 * S, "20220901T051233Z" },
		{ "2022-08-31T23:42:33-05:30", 1662009153 * S, "20220901T051233Z" },
		{ "2022-09-01T05:12:33.5Z", 1662009153 * S + 500000, "20220901T051233.5Z" },
		{ "2022-09-01T05:12:33.024000Z", 1662009153 * S + 24000, "20220901T051233.024Z" },
		{ "2022-09-01T05:12:33.0000019Z", 1662009153 * S + 1,
		  "20220901T051233.000001Z" }, /* cut off */
		{ "1969-12-31T23:59:59.25Z", -750000, "19691231T235959.25Z" },
		{ "2020-02-29", 1582934400 * S, "20200229T000000Z" },
		{ "2000-02-29", 951782400 * S, "20000229T000000Z" },
		{ "2016-12-31T23:59:60Z", 1483228800 * S, "20170101T000000Z" }, /* leap second */
		{ "2017-01-01T00:59:60+01:00", 1483228800 * S, "20170101T000000Z" },
		{ "0000-01-01", -62167219200 * S, "00000101T000000Z" },
		{ "9999-12-31T23:59:59Z", 253402300799 * S, "99991231T235959Z" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int64_t us = 0;
		char buf[40];
		assert_true (weir_label_parse (rows[i].text, &us));
		assert_int_equal (us, rows[i].us);
		assert_string_equal (weir_label_format (us, buf, sizeof buf), rows[i].label);
	}
}

static void
test_bad_texts (void **state)
{
	(void) state;
	static const char *const rows[] = {
		"",
		"2022",
		"2022-09",
		"2022-9-01",
		"2022-13-01",
		"2022-00-01",
		"2022-02-29",
		"1900-02-29",
		"2022-04-31",
		"2022-01-00",
		"2022-09-01T",
		"2022-09-01T05",
		"2022-09-01T05:12Z",
		"2022-09-01T05:12:33",
		"2022-09-01T24:00:00Z",
		"2022-09-01T05:60:00Z",
		"2022-09-01T05:12:61Z",
		"2022-09-01T05:12:60Z",
		"2022-09-01T05:12:33.Z",
		"2022-09-01T05:12:33+2:00",
		"2022-09-01T05:12:33+0200",
		"2022-09-01T05:12:33+24:00",
		"2022-09-01T05:12:33Zx",
		"2022-09-01x",
		" 2022-09-01",
		"+2022-09-01",
		"yesterday",
		"20220901T051233Z",
	};
	int64_t us = 42;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_false (weir_label_parse (rows[i], &us));
	assert_false (weir_label_parse (NULL, &us));
	assert_int_equal (us, 42);
}

/* Every day of 800 years: the next day is a day later, and reads back as what was written. */
static void
test_every_day (void **state)
{
	(void) state;
	for (int64_t day = -200000; day < 100000; day++) {
		int64_t us = day * 86400 * S + 86399 * S, back = 0;
		char label[40], text[40];
		weir_label_format (us, label, sizeof label);
		assert_int_equal (strlen (label), 16);
		snprintf (text, sizeof text, "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", label, label + 4, label + 6,
		          label + 9, label + 11, label + 13);
		assert_true (weir_label_parse (text, &back));
		assert_int_equal (back, us);
	}
}

static void
test_ends_of_time (void **state)
{
	(void) state;
	char buf[40];
	assert_true (strlen (weir_label_format (INT64_MIN, buf, sizeof buf)) < sizeof buf);
	assert_true (strlen (weir_label_format (INT64_MAX, buf, sizeof buf)) < sizeof buf);
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (test_parse_and_format),
		cmocka_unit_test (test_bad_texts),
		cmocka_unit_test (test_every_day),
		cmocka_unit_test (test_ends_of_time),
	};
	return cmocka_run_group_tests (tests, NULL, NULL);
}
