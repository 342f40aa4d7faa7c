/* text_fold.c - comparison of texts without regard to case
 *
 * The C library folds case by the locale of the process; a result must not depend on that. Simple
 * one-to-one folding of the scripts that band names and places are written in; all else compares as
 * it is.
 *
 * Source   Unicode CaseFolding.txt, status C and S, for the ranges in the table
 */
#include "cube/process/value.h"

#include <stdint.h>

typedef struct {
	uint32_t first, last;
	/* Added to capitals; 0: capitals are even and their small letter follows; 1: they are odd. */
	int32_t offset;
} s_range_t;

static const s_range_t s_ranges[] = {
	{ 0x41, 0x5A, 32 },    { 0xC0, 0xD6, 32 },     { 0xD8, 0xDE, 32 },
	{ 0x100, 0x12F, 0 },   { 0x132, 0x137, 0 },    { 0x139, 0x148, 1 },
	{ 0x14A, 0x177, 0 },   { 0x178, 0x178, -121 }, { 0x179, 0x17E, 1 },
	{ 0x1CD, 0x1DC, 1 },   { 0x1DE, 0x1EF, 0 },    { 0x1F8, 0x21F, 0 },
	{ 0x386, 0x386, 38 },  { 0x388, 0x38A, 37 },   { 0x38C, 0x38C, 64 },
	{ 0x38E, 0x38F, 63 },  { 0x391, 0x3A1, 32 },   { 0x3A3, 0x3AB, 32 },
	{ 0x3C2, 0x3C2, 1 },   { 0x400, 0x40F, 80 },   { 0x410, 0x42F, 32 },
	{ 0x460, 0x481, 0 },   { 0x48A, 0x4BF, 0 },    { 0x4D0, 0x52F, 0 },
	{ 0x531, 0x556, 48 },  { 0x1E00, 0x1E95, 0 },  { 0x1E9E, 0x1E9E, -7615 },
	{ 0x1EA0, 0x1EFF, 0 }, { 0xFF21, 0xFF3A, 32 },
};

static uint32_t
s_fold (uint32_t code)
{
	for (size_t i = 0; i < sizeof s_ranges / sizeof s_ranges[0]; i++) {
		const s_range_t *range = &s_ranges[i];
		if (code < range->first || code > range->last)
			continue;
		bool is_paired = range->offset == 0 || (range->offset == 1 && range->first != range->last);
		if (!is_paired)
			return (uint32_t) ((int64_t) code + range->offset);
		return (code & 1U) == (uint32_t) range->offset ? code + 1 : code;
	}
	return code;
}

/* Strings of jansson are valid UTF-8; anything else is taken byte by byte. */
static uint32_t
s_next (const unsigned char **text_p)
{
	const unsigned char *p = *text_p;
	uint32_t code = *p++;
	int more = code >= 0xF0 ? 3 : code >= 0xE0 ? 2 : code >= 0xC0 ? 1 : 0;
	if (more > 0)
		code &= 0x3FU >> more;
	for (; more > 0 && (*p & 0xC0U) == 0x80U; more--)
		code = code << 6 | (*p++ & 0x3FU);
	*text_p = p;
	return code;
}

bool
weir_text_equal_folded (const char *a, const char *b)
{
	const unsigned char *p = (const unsigned char *) a, *q = (const unsigned char *) b;
	while (*p != '\0' && *q != '\0') {
		if (s_fold (s_next (&p)) != s_fold (s_next (&q)))
			return false;
	}
	return *p == *q;
}
