/* utf8.c - see utf8.h */
#include "messages/utf8.h"

#include <stdint.h>
#include <string.h>

/* Length of the sequence that begins with `at`, 0 if there is none; the bounds of the second
 * byte depend on the first. */
static size_t
s_sequence_bytes (const uint8_t *at, size_t n_left)
{
	uint8_t first = at[0], low = 0x80, high = 0xBF;
	size_t n = 0;
	if (first >= 0xC2 && first <= 0xDF)
		n = 2;
	else if (first >= 0xE0 && first <= 0xEF)
		n = 3;
	else if (first >= 0xF0 && first <= 0xF4)
		n = 4;
	if (n == 0 || n > n_left)
		return 0;
	if (first == 0xE0)
		low = 0xA0;
	else if (first == 0xED)
		high = 0x9F;
	else if (first == 0xF0)
		low = 0x90;
	else if (first == 0xF4)
		high = 0x8F;
	if (at[1] < low || at[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++)
		if ((at[i] & 0xC0U) != 0x80U)
			return 0;
	return n;
}

bool
weir_utf8_is_valid (const char *text, size_t n_bytes)
{
	const uint8_t *at = (const uint8_t *) text;
	size_t i = 0;
	while (i < n_bytes) {
		uint64_t eight;
		if (n_bytes - i >= sizeof eight) {
			memcpy (&eight, at + i, sizeof eight);
			if ((eight & UINT64_C (0x8080808080808080)) == 0) {
				i += sizeof eight;
				continue;
			}
		}
		size_t n = at[i] < 0x80 ? 1 : s_sequence_bytes (at + i, n_bytes - i);
		if (n == 0)
			return false;
		i += n;
	}
	return true;
}
