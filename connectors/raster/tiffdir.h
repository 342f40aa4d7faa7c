/* tiffdir.h - the directories of a TIFF file as tables of tags: read, and written somewhere else
 *
 * libtiff has no way to move a directory; a COG needs all of them in front. Only what our own
 * writers make is understood: little endian, classic or BigTIFF, tiled. Anything else is an error,
 * never a crash, since the file lay on a disk in between.
 *
 * Runs on   any thread; blocks on disk
 * Limits    16 bytes of memory a tile; 64 directories, 1 GiB a tag
 * Source    TIFF 6.0, section 2; BigTIFF as libtiff writes it
 */
#ifndef WEIR_CONNECTORS_RASTER_TIFFDIR_H
#define WEIR_CONNECTORS_RASTER_TIFFDIR_H

#include "runtime/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WEIR_TIFFDIR_MAX 64

typedef struct {
	uint16_t tag, type;
	uint64_t count;
	uint8_t *value; /* little endian, as in the file; NULL for the two lists of tiles */
	size_t value_bytes;
} weir_tifftag_t;

typedef struct {
	uint32_t width, height; /* of the image */
	size_t n_tags;
	weir_tifftag_t *tags; /* ascending */
	size_t n_tiles;
	uint64_t *offsets; /* of the tiles' bytes; changed by whoever moves them */
	uint32_t *lengths;
} weir_tiffdir_t;

typedef struct {
	bool is_big;
	size_t n_dirs;
	weir_tiffdir_t dirs[WEIR_TIFFDIR_MAX]; /* largest image first */
} weir_tiffdirs_t;

/* path: for messages. On error *dirs_out is empty. */
int weir_tiffdirs_read (int fd, const char *path, weir_tiffdirs_t *dirs_out, weir_err_t *err);
void weir_tiffdirs_clear (weir_tiffdirs_t *self);

size_t weir_tiffdirs_header_bytes (const weir_tiffdirs_t *self); /* 8 or 16 */
/* Bytes of directory i with all its values; even. */
uint64_t weir_tiffdirs_bytes (const weir_tiffdirs_t *self, size_t i);
void weir_tiffdirs_put_header (const weir_tiffdirs_t *self, uint64_t first, uint8_t *bytes);
/* Directory i as it has to stand at offset `at`; next: where the following one is, 0 for none. */
void weir_tiffdirs_put (const weir_tiffdirs_t *self, size_t i, uint64_t at, uint64_t next,
                        uint8_t *bytes);

#endif
