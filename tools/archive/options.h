/* options.h - what weir-archive is asked for
 *
 * Limits   see the table in options.c; a value outside is an error that names option and limits
 */
#ifndef WEIR_ARCHIVE_OPTIONS_H
#define WEIR_ARCHIVE_OPTIONS_H

#include "runtime/base/err.h"

#include <stdbool.h>
#include <stdint.h>

typedef enum {
	WEIR_ARCHIVE_FLOOD = 0, /* several frames a tile and date, swath edges, a river that floods */
	WEIR_ARCHIVE_NOISY,     /* one whole frame a date, scattered pixels: deflates about 10 times */
	WEIR_ARCHIVE_SMOOTH /* one frame a date, swath edges, smooth banks: deflates over 200 times */
} weir_archive_kind_t;

typedef struct {
	const char *folder; /* borrowed from argv; NULL: only help was asked for */
	bool help;
	int64_t tiles;
	int64_t dates;
	int64_t size;  /* pixels a side of a tile */
	int64_t block; /* pixels a side of a block */
	int64_t pixel; /* metres */
	int64_t seed;
	int64_t threads; /* 0: as many as there are CPUs */
	weir_archive_kind_t kind;
} weir_archive_options_t;

int weir_archive_options_parse (int argc, char **argv, weir_archive_options_t *options_out,
                                weir_err_t *err);
const char *weir_archive_help (void);

#endif
