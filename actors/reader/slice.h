/* slice.h - one label of one chunk: what its items hold, folded into the order's runs
 *
 * Pixels of one item that is on the grid are folded block by block as they are decoded. Where
 * several items share a timestamp, where a file is resampled or polygons mask, a slice is composed
 * first.
 *
 * Runs on    a worker; blocks; stops early when the job is cancelled
 */
#ifndef WEIR_ACTORS_SLICE_H
#define WEIR_ACTORS_SLICE_H

#include "actors/reader/read.h"

int weir_slice_read (weir_read_worker_t *worker, weir_job_t *job, weir_read_order_t *order,
                     uint32_t label, weir_err_t *err);
/* Announces what will be asked of the items of a label; of a resampled file, that it will be. */
void weir_slice_expect (weir_read_worker_t *worker, const weir_plan_t *plan,
                        const weir_read_order_t *order, uint32_t label);

#endif
