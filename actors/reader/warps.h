/* warps.h - one worker's transformations, and where cells of resampled files lie, kept for the next
 * date
 *
 * Dates of one tile share their grid: what was worked out for a chunk is good for all of them.
 * Least recently used goes first. Everything is dropped when another plan comes.
 *
 * Runs on    the worker's own thread
 * Limits     bytes_max of warps, or the one in use where that is larger
 */
#ifndef WEIR_ACTORS_WARPS_H
#define WEIR_ACTORS_WARPS_H

#include "actors/job/job.h"
#include "cube/grid/warp.h"

typedef struct weir_warps weir_warps_t;

weir_warps_t *weir_warps_new (size_t bytes_max);
void weir_warps_destroy (weir_warps_t **self_p);
/* *warp_out is borrowed until the next call. */
int weir_warps_find (weir_warps_t *self, const weir_job_t *job, const weir_grid_t *grid,
                     weir_window_t window, const weir_grid_t *file, const int block[2],
                     const weir_warp_t **warp_out, weir_err_t *err);

#endif
