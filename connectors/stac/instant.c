/* instant.c - see instant.h */
#include "connectors/stac/instant.h"

#include <stddef.h>
#include <stdio.h>
#include <time.h>

/* Reads exactly n digits; moves *at_p behind them. */
static bool
s_read_digits (const char **at_p, int n, int *value_out)
{
	int value = 0;
	for (int i = 0; i < n; i++) {
		char c = (*at_p)[i];
		if (c < '0' || c > '9')
			return false;
		value = value * 10 + (c - '0');
	}
	*at_p += n;
	*value_out = value;
	return true;
}

static bool
s_read_char (const char **at_p, char c)
{
	if (**at_p != c)
		return false;
	(*at_p)++;
	return true;
}

/* Days from 1970-01-01, proleptic Gregorian; counts years from March so that the leap day comes
 * last. */
static int64_t
s_count_days (int year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t m = month <= 2 ? month + 9 : month - 3;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t of_era = y - era * 400;
	int64_t of_year = (153 * m + 2) / 5 + day - 1;
	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static bool
s_is_date (int year, int month, int day)
{
	static const int days[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	if (month < 1 || month > 12 || day < 1)
		return false;
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return day <= days[month - 1] + (month == 2 && leap ? 1 : 0);
}

static bool
s_read_date (const char **at_p, int64_t *days_out)
{
	int year, month, day;
	bool good = s_read_digits (at_p, 4, &year) && s_read_char (at_p, '-') &&
	            s_read_digits (at_p, 2, &month) && s_read_char (at_p, '-') &&
	            s_read_digits (at_p, 2, &day) && s_is_date (year, month, day);
	if (good)
		*days_out = s_count_days (year, month, day);
	return good;
}

/* ".123456789" -> 123456; false where no digit follows the point. */
static bool
s_read_fraction (const char **at_p, int64_t *us_out)
{
	*us_out = 0;
	if (**at_p != '.')
		return true;
	(*at_p)++;
	int64_t scale = 100000;
	const char *start = *at_p;
	for (; **at_p >= '0' && **at_p <= '9'; (*at_p)++, scale /= 10)
		*us_out += (**at_p - '0') * scale;
	return *at_p > start;
}

/* "", "Z", "+02:00", "-0530". */
static bool
s_read_offset (const char **at_p, int64_t *seconds_out)
{
	*seconds_out = 0;
	char sign = **at_p;
	if (sign == '\0')
		return true;
	(*at_p)++;
	if (sign == 'Z' || sign == 'z')
		return true;
	int hours, minutes;
	if ((sign != '+' && sign != '-') || !s_read_digits (at_p, 2, &hours))
		return false;
	(void) s_read_char (at_p, ':');
	if (!s_read_digits (at_p, 2, &minutes) || hours > 23 || minutes > 59)
		return false;
	*seconds_out = (sign == '-' ? -1 : 1) * (int64_t) (hours * 3600 + minutes * 60);
	return true;
}

bool
weir_instant_parse (const char *text, int64_t *time_us_out)
{
	int64_t days, us = 0, offset = 0;
	int hour = 0, minute = 0, second = 0;
	const char *at = text;
	if (!s_read_date (&at, &days))
		return false;
	if (*at == 'T' || *at == 't' || *at == ' ') {
		at++;
		if (!s_read_digits (&at, 2, &hour) || !s_read_char (&at, ':') ||
		    !s_read_digits (&at, 2, &minute) || !s_read_char (&at, ':') ||
		    !s_read_digits (&at, 2, &second) || !s_read_fraction (&at, &us))
			return false;
		if (hour > 23 || minute > 59 || second > 60 || !s_read_offset (&at, &offset))
			return false;
	}
	if (*at != '\0')
		return false;
	int64_t seconds = days * 86400 + hour * 3600 + minute * 60 + second - offset;
	*time_us_out = seconds * 1000000 + us;
	return true;
}

void
weir_instant_format (int64_t time_us, char buf[WEIR_INSTANT_BYTES])
{
	int64_t seconds = time_us / 1000000, us = time_us % 1000000;
	if (us < 0) {
		us += 1000000;
		seconds--;
	}
	struct tm at;
	time_t time = (time_t) seconds;
	char fraction[16] = "";
	if (gmtime_r (&time, &at) == NULL || at.tm_year < -1900 || at.tm_year > 9999 - 1900) {
		snprintf (buf, WEIR_INSTANT_BYTES, "..");
		return;
	}
	if (us != 0)
		snprintf (fraction, sizeof fraction, ".%06d", (int) us);
	snprintf (buf, WEIR_INSTANT_BYTES, "%04u-%02u-%02uT%02u:%02u:%02u%sZ",
	          (unsigned) (at.tm_year + 1900) % 10000, (unsigned) (at.tm_mon + 1) % 100,
	          (unsigned) at.tm_mday % 100, (unsigned) at.tm_hour % 100, (unsigned) at.tm_min % 100,
	          (unsigned) at.tm_sec % 100, fraction);
}
