/* part.h - a part: an append-only file of encoded blocks, owned by one sink at a time
 *
 * A record is a header of WEIR_PART_HEADER_BYTES (magic, CRC-32 of the payload, chunk, length,
 * CRC-32 of the header; little endian) and the payload. Reading stops at the first record that is
 * not whole: what is after it was never synced.
 *
 * Errors   "OutputUnwritable", "DiskFull" (class overloaded), "PartUnreadable"
 * Runs on  a worker of its sink; blocks
 */
#ifndef WEIR_ACTORS_PART_H
#define WEIR_ACTORS_PART_H

#include "runtime/base/err.h"

#include <stddef.h>
#include <stdint.h>

#define WEIR_PART_HEADER_BYTES 32
#define WEIR_PART_MAGIC_TEXT "WRP1"

typedef struct weir_part_file weir_part_file_t;

/* Makes `path` (and its folder) new. */
int weir_part_create (const char *path, weir_part_file_t **part_out, weir_err_t *err);
void weir_part_close (weir_part_file_t **self_p);
/* *end_bytes_out: where the record ends; durable once weir_part_sync has covered it. */
int weir_part_append (weir_part_file_t *self, uint64_t chunk, const void *payload, size_t n_bytes,
                      uint64_t *end_bytes_out, weir_err_t *err);
uint64_t weir_part_end (const weir_part_file_t *self);
int weir_part_sync (weir_part_file_t *self, uint64_t *synced_bytes_out, weir_err_t *err);

typedef struct {
	uint64_t chunk, offset, n_bytes; /* of the payload */
	uint32_t crc;
	uint32_t part; /* index of the file in the list that was read */
} weir_part_entry_t;

/* Every whole record in the order of the file; fd: to fetch its payload. A file that is not there
 * has none. *end_bytes_out: behind the last whole record. */
typedef void weir_part_visit_fn (void *arg, int fd, const weir_part_entry_t *entry);
int weir_part_walk (const char *path, weir_part_visit_fn *visit, void *arg, uint64_t *end_bytes_out,
                    weir_err_t *err);
/* All whole records of the files, by chunk, the first of each chunk only; *entries_out is yours. */
int weir_part_index (size_t n_paths, const char *const *paths, weir_part_entry_t **entries_out,
                     size_t *n_out, weir_err_t *err);
/* Reads and checks one payload; malloc'ed, yours. fd: of the file that `entry` is in. */
int weir_part_fetch (int fd, const char *path, const weir_part_entry_t *entry, uint8_t **bytes_out,
                     weir_err_t *err);

#endif
