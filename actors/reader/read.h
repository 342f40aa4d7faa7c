/* read.h - what a reader's worker does: read runs of chunks, fold them, finish them where the plan
 * says so
 *
 * A task is a batch of orders of one output and the same ranks, usually neighbours in a chunk
 * column. It goes through the labels once and through the orders within each label, so that a file
 * is opened once for the whole batch. Pixels are folded block by block as they are decoded; only
 * where several items share a timestamp is a slice composed first.
 *
 * Shape      result: PAYLOAD_CELLS: bands × rows × cols of the pipeline's out type;
 *            PAYLOAD_ACCUMULATORS: bands × weir_stage_acc_bytes
 * Runs on    a worker; blocks; stops early when the job is cancelled
 */
#ifndef WEIR_ACTORS_READ_H
#define WEIR_ACTORS_READ_H

#include "actors/job/job.h"
#include "actors/reader/warps.h"
#include "connectors/raster/raster.h"

typedef struct {
	uint64_t chunk, token_hi, token_lo, collector;
	uint32_t run;
	weir_plan_chunk_t where;
	weir_buf_t *memory; /* of the runs under way */
	weir_run_t **runs;  /* one a band */
	/* One byte a cell: 1 where the extent's polygons hold it. NULL: they hold all, or none. */
	weir_buf_t *inside;
	bool is_outside; /* none */
	weir_buf_t *result;
	Weir__PayloadKind payload;
	weir_err_t *err; /* set where it failed; owned */
} weir_read_order_t;

typedef struct {
	weir_job_t *job; /* a reference */
	uint32_t rank, n_labels;
	size_t n_orders;
	weir_read_order_t *orders;
} weir_read_task_t;

typedef struct { /* one worker's own */
	weir_raster_cache_t *cache;
	weir_warps_t *warps;
	weir_pool_t *pool; /* borrowed */
	void *scratch;     /* translated blocks and composed slices */
	size_t scratch_bytes;
	void *slice;
	size_t slice_bytes;
	void *at; /* where cells of a resampled file go */
	size_t at_bytes;
} weir_read_worker_t;

weir_read_worker_t *weir_read_worker_new (weir_pool_t *pool, size_t handle_bytes_max);
void weir_read_worker_destroy (weir_read_worker_t **self_p);
void weir_read_task_run (weir_read_worker_t *self, weir_read_task_t *task);
void weir_read_task_destroy (weir_read_task_t **self_p);
/* Bytes that one order of this output holds while it is being read. */
uint64_t weir_read_order_bytes (const weir_job_t *job, uint32_t output, uint32_t n_labels);

#endif
