/* label.c - instants as text: labels of files, and the dates that graphs and items carry
 *
 * Limits   reads years 0000 … 9999 (RFC 3339); writes any int64 of microseconds
 * Source   RFC 3339, section 5.6; a leap second is the first second of the next minute
 */
#include "cube/plan/plan.h"

#include <ctype.h>
#include <stdio.h>

#define US_PER_SECOND INT64_C (1000000)
#define SECONDS_PER_DAY INT64_C (86400)
#define DAYS_PER_400_YEARS INT64_C (146097)

static bool
s_is_leap (int64_t year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int
s_days_of_month (int64_t year, int month)
{
	static const int days[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	return days[month - 1] + (month == 2 && s_is_leap (year));
}

/* Days before 1 January of `year` (0 … 400 within a cycle), counted from year 0. */
static int64_t
s_days_before_year (int64_t year)
{
	return year == 0 ? 0 : 365 * year + (year - 1) / 4 - (year - 1) / 100 + (year - 1) / 400 + 1;
}

#define DAYS_BEFORE_1970 INT64_C (719528)

char *
weir_label_format (int64_t time_us, char *buf, size_t buf_bytes)
{
	int64_t seconds = time_us / US_PER_SECOND, us = time_us % US_PER_SECOND;
	if (us < 0) {
		us += US_PER_SECOND;
		seconds--;
	}
	int64_t days = seconds / SECONDS_PER_DAY, rest = seconds % SECONDS_PER_DAY;
	if (rest < 0) {
		rest += SECONDS_PER_DAY;
		days--;
	}
	days += DAYS_BEFORE_1970;
	int64_t cycle = days >= 0 ? days / DAYS_PER_400_YEARS : -((-days - 1) / DAYS_PER_400_YEARS) - 1;
	days -= cycle * DAYS_PER_400_YEARS;
	int64_t year = days / 366;
	while (year < 399 && s_days_before_year (year + 1) <= days)
		year++;
	days -= s_days_before_year (year);
	int month = 1;
	for (; days >= s_days_of_month (year, month); month++)
		days -= s_days_of_month (year, month);
	char fraction[16] = "";
	if (us != 0) {
		int n = snprintf (fraction, sizeof fraction, ".%06d", (int) us);
		while (n > 0 && n < (int) sizeof fraction && fraction[n - 1] == '0')
			fraction[--n] = '\0';
	}
	snprintf (buf, buf_bytes, "%04lld%02d%02dT%02d%02d%02d%sZ", (long long) (year + 400 * cycle),
	          month, (int) days + 1, (int) (rest / 3600), (int) (rest / 60 % 60), (int) (rest % 60),
	          fraction);
	return buf;
}

/* Exactly n digits at *p, which moves on. */
static bool
s_read_digits (const char **p, int n, int *value_out)
{
	int value = 0;
	for (int i = 0; i < n; i++, (*p)++) {
		if (!isdigit ((unsigned char) **p))
			return false;
		value = 10 * value + (**p - '0');
	}
	*value_out = value;
	return true;
}

static bool
s_read_char (const char **p, char expected)
{
	if (**p != expected)
		return false;
	(*p)++;
	return true;
}

/* ".123456789": microseconds, further digits are cut off. */
static bool
s_read_fraction (const char **p, int *us_out)
{
	*us_out = 0;
	if (**p != '.')
		return true;
	(*p)++;
	if (!isdigit ((unsigned char) **p))
		return false;
	for (int unit = 100000; isdigit ((unsigned char) **p); (*p)++, unit /= 10)
		*us_out += unit * (**p - '0');
	return true;
}

static bool
s_read_offset (const char **p, int *minutes_out)
{
	*minutes_out = 0;
	if (**p == 'Z' || **p == 'z') {
		(*p)++;
		return true;
	}
	int sign = **p == '-' ? -1 : **p == '+' ? 1 : 0, hours, minutes;
	if (sign == 0)
		return false;
	(*p)++;
	if (!s_read_digits (p, 2, &hours) || !s_read_char (p, ':') || !s_read_digits (p, 2, &minutes) ||
	    hours > 23 || minutes > 59)
		return false;
	*minutes_out = sign * (60 * hours + minutes);
	return true;
}

/* The part after "T": microseconds to add to the day's midnight UTC. */
static bool
s_read_time (const char *p, int64_t *us_out)
{
	int hour, minute, second, us, offset;
	if (!s_read_digits (&p, 2, &hour) || !s_read_char (&p, ':') ||
	    !s_read_digits (&p, 2, &minute) || !s_read_char (&p, ':') ||
	    !s_read_digits (&p, 2, &second) || !s_read_fraction (&p, &us) ||
	    !s_read_offset (&p, &offset) || *p != '\0')
		return false;
	if (hour > 23 || minute > 59 || second > 60)
		return false;
	int utc = ((60 * hour + minute - offset) % 1440 + 1440) % 1440;
	if (second == 60 && utc != 1439)
		return false;
	*us_out = (60 * (60 * hour + minute - offset) + second) * US_PER_SECOND + us;
	return true;
}

bool
weir_label_parse (const char *text, int64_t *time_us_out)
{
	int year, month, day;
	const char *p = text;
	if (p == NULL || !s_read_digits (&p, 4, &year) || !s_read_char (&p, '-') ||
	    !s_read_digits (&p, 2, &month) || !s_read_char (&p, '-') || !s_read_digits (&p, 2, &day))
		return false;
	if (month < 1 || month > 12 || day < 1 || day > s_days_of_month (year, month))
		return false;
	int64_t days = s_days_before_year (year) - DAYS_BEFORE_1970 + day - 1;
	for (int m = 1; m < month; m++)
		days += s_days_of_month (year, m);
	int64_t us = 0;
	if (*p != '\0') {
		if (*p != 'T' && *p != 't' && *p != ' ')
			return false;
		if (!s_read_time (p + 1, &us))
			return false;
	}
	*time_us_out = days * SECONDS_PER_DAY * US_PER_SECOND + us;
	return true;
}
