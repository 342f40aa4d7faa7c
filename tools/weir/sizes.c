/* sizes.c - see sizes.h */
#include "tools/weir/sizes.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#define DIGITS_MAX 15 /* so that a double holds the number exactly */

/* "12" or "12.5" without a look at the locale; *p moves on. */
static bool
s_read_number (const char **p, double *out)
{
	double value = 0, unit = 1;
	int digits = 0;
	bool is_fraction = false;
	for (; isdigit ((unsigned char) **p) || (**p == '.' && !is_fraction && digits > 0); (*p)++) {
		if (**p == '.') {
			is_fraction = true;
			continue;
		}
		value = 10 * value + (**p - '0');
		unit *= is_fraction ? 10 : 1;
		if (++digits > DIGITS_MAX)
			return false;
	}
	*out = value / unit;
	return digits > 0 && (*p)[-1] != '.';
}

bool
weir_size_parse (const char *text, uint64_t *bytes_out)
{
	static const char letters[] = "KMGTP";
	double value;
	const char *p = text;
	if (text == NULL || !s_read_number (&p, &value))
		return false;
	const char *letter = *p != '\0' ? strchr (letters, toupper ((unsigned char) *p)) : NULL;
	if (letter != NULL) {
		for (const char *l = letters; l <= letter; l++)
			value *= 1024;
		p++;
	}
	bool is_end = *p == '\0' || strcasecmp (p, "B") == 0 ||
	              (letter != NULL && strcasecmp (p, "iB") == 0);
	if (!is_end || value < 1 || value >= 9223372036854775808.0)
		return false;
	*bytes_out = (uint64_t) value;
	return true;
}
