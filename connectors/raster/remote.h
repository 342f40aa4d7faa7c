/* remote.h - one remote file: its head, the ranges that are wanted of it, and GDAL's view of both
 *
 * GDAL sees a file system of ours, "/vsiweir/", that never asks the network on its own account: the
 * head of a file is there before GDAL opens it, and the bytes of blocks before they are decoded.
 * Only what GDAL reads beyond those (long lists of blocks) is fetched while it waits.
 *
 * Blocks that are wanted are merged into ranges: neighbours, and those with little between them,
 * are one request. A range counts the blocks that will be used from it and goes with the last one.
 *
 * Runs on   one thread a file; weir_remote_need and what GDAL calls block
 * Limits    32 KiB of head; a range is at most 4 MiB, or one block
 */
#ifndef WEIR_CONNECTORS_RASTER_REMOTE_H
#define WEIR_CONNECTORS_RASTER_REMOTE_H

#include "connectors/raster/fetch.h"

#include <gdal.h>

#define WEIR_REMOTE_HEAD_BYTES ((size_t) 32 << 10)
#define WEIR_REMOTE_GAP_BYTES ((uint64_t) 128 << 10) /* read rather than asked round */
#define WEIR_REMOTE_RANGE_BYTES ((uint64_t) 4 << 20)

typedef struct {
	uint64_t offset, n_bytes;
} weir_remote_block_t;

typedef struct weir_remote weir_remote_t;

/* Makes the file system known to GDAL; once. */
int weir_remote_install (weir_err_t *err);

/* Starts to fetch the head. *held counts the bytes of ranges that are under way or here, of all
 * files that share it. name: of url.h. */
weir_remote_t *weir_remote_new (weir_fetch_group_t *group, const char *name, size_t *held);
void weir_remote_destroy (weir_remote_t **self_p); /* after the dataset */
bool weir_remote_is_ready (weir_remote_t *self);   /* the head is here, or has failed */
int weir_remote_open (weir_remote_t *self, GDALDatasetH *dataset_out, weir_err_t *err);

/* Adds a use of each block (sorted in place). Starts nothing. */
void weir_remote_want (weir_remote_t *self, size_t n, weir_remote_block_t *blocks);
/* Starts ranges in order of offset while *held is below the limit. */
void weir_remote_start (weir_remote_t *self, size_t held_max);
/* Waits for the range that holds a wanted block. */
int weir_remote_need (weir_remote_t *self, weir_remote_block_t block, weir_err_t *err);
/* One use less. */
void weir_remote_use (weir_remote_t *self, weir_remote_block_t block);

/* What went wrong while GDAL read, if that was a fetch; forgets it. */
int weir_remote_take_error (weir_remote_t *self, weir_err_t *err);

#endif
