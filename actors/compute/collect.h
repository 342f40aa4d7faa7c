/* collect.h - what a collector's worker does: merge the runs of a chunk, finish it, encode it
 *
 * Runs are aligned subtrees of one fixed binary tree (cube/kernel/stage.h), so they are merged
 * pairwise by distance 1, 2, 4 …: the same bits however the chunk was cut.
 *
 * Runs on   a worker
 */
#ifndef WEIR_ACTORS_COLLECT_H
#define WEIR_ACTORS_COLLECT_H

#include "actors/job/job.h"

typedef struct {
	weir_job_t *job; /* a reference */
	uint64_t chunk, token_hi, token_lo;
	Weir__PayloadKind payload;
	uint32_t n_runs;
	weir_buf_t **runs;   /* n_runs of them, owned */
	weir_buf_t *encoded; /* the block, when done */
	weir_err_t *err;     /* set where it failed; owned */
} weir_collect_task_t;

void weir_collect_task_run (weir_pool_t *pool, weir_collect_task_t *task);
void weir_collect_task_destroy (weir_collect_task_t **self_p);

#endif
