/* collect.c - see collect.h */
#include "actors/compute/collect.h"

#include "connectors/raster/encode.h"

#include <string.h>

void
weir_collect_task_destroy (weir_collect_task_t **self_p)
{
	weir_collect_task_t *self = *self_p;
	if (self == NULL)
		return;
	for (uint32_t r = 0; r < self->n_runs; r++)
		weir_buf_release (&self->runs[r]);
	free (self->runs);
	weir_buf_release (&self->encoded);
	free (self->err);
	weir_job_release (&self->job);
	free (self);
	*self_p = NULL;
}

/* Merges all runs into the first, by the fixed tree; gives back what is merged. */
static void
s_merge_runs (weir_collect_task_t *task, const weir_stage_t *stage, size_t n_accs, size_t n_cells)
{
	size_t acc_bytes = weir_stage_acc_bytes (stage, n_cells);
	for (uint32_t step = 1; step < task->n_runs; step *= 2) {
		for (uint32_t r = 0; r + step < task->n_runs; r += 2 * step) {
			for (size_t b = 0; b < n_accs; b++)
				weir_stage_acc_merge (stage, weir_buf_data (task->runs[r]) + b * acc_bytes,
				                      weir_buf_data (task->runs[r + step]) + b * acc_bytes,
				                      n_cells);
			weir_buf_release (&task->runs[r + step]);
		}
	}
}

static weir_buf_t *
s_finish_cells (weir_pool_t *pool, weir_collect_task_t *task, const weir_plan_output_t *output,
                const weir_plan_chunk_t *where, weir_err_t *err)
{
	const weir_stage_t *stage = task->job->stages[where->output];
	const weir_plan_source_t *source = &task->job->plan->sources[output->source];
	size_t n_cells = (size_t) where->window.width * (size_t) where->window.height;
	size_t acc_bytes = weir_stage_acc_bytes (stage, n_cells);
	size_t out_bytes = n_cells * weir_type_size (output->pipeline.out.type);
	size_t n_accs = weir_plan_output_accs (source, output);
	size_t n_bands = weir_plan_output_bands (source, output);
	s_merge_runs (task, stage, n_accs, n_cells);
	weir_buf_t *cells = weir_pool_take (pool, n_bands * out_bytes, err);
	if (cells != NULL && weir_stage_finish_bands (stage, weir_buf_data (task->runs[0]), acc_bytes,
	                                              n_accs, n_cells, weir_buf_data (cells), err) != 0)
		weir_buf_release (&cells);
	weir_buf_release (&task->runs[0]);
	return cells;
}

/* Partials may have come before the plan did, and then nobody has looked at their sizes. */
static bool
s_is_whole (const weir_collect_task_t *task, const weir_plan_chunk_t *where,
            const weir_plan_output_t *output)
{
	const weir_plan_source_t *source = &task->job->plan->sources[output->source];
	size_t n_cells = (size_t) where->window.width * (size_t) where->window.height;
	bool is_cells = task->payload == WEIR__PAYLOAD_KIND__PAYLOAD_CELLS;
	size_t each = is_cells ? n_cells * weir_type_size (output->pipeline.out.type)
	                       : weir_stage_acc_bytes (task->job->stages[where->output], n_cells);
	size_t n = is_cells ? weir_plan_output_bands (source, output)
	                    : weir_plan_output_accs (source, output);
	for (uint32_t r = 0; r < task->n_runs; r++)
		if (weir_buf_size (task->runs[r]) != n * each)
			return false;
	return true;
}

static int
s_collect (weir_pool_t *pool, weir_collect_task_t *task, weir_err_t *err)
{
	const weir_plan_t *plan = task->job->plan;
	weir_plan_chunk_t where = weir_plan_chunk (plan, task->chunk);
	const weir_plan_output_t *output = &plan->outputs[where.output];
	if (!s_is_whole (task, &where, output))
		return weir_err_set (err, WEIR_E_BUG, WEIR_CLASS_BUG, "PartialInvalid", "",
		                     "chunk %llu: a partial has not the size that the plan says",
		                     (unsigned long long) task->chunk);
	weir_buf_t *cells;
	if (task->payload == WEIR__PAYLOAD_KIND__PAYLOAD_CELLS) {
		cells = task->runs[0];
		task->runs[0] = NULL;
	} else {
		cells = s_finish_cells (pool, task, output, &where, err);
		if (cells == NULL)
			return err->status;
	}
	uint8_t *bytes;
	size_t n_bytes;
	int status = weir_encode_chunk (plan, &where, weir_buf_data (cells), &bytes, &n_bytes, err);
	weir_buf_release (&cells);
	if (status == 0)
		task->encoded = weir_buf_adopt (bytes, n_bytes);
	return status;
}

void
weir_collect_task_run (weir_pool_t *pool, weir_collect_task_t *task)
{
	weir_err_t err;
	weir_err_clear (&err);
	if (weir_job_is_cancelled (task->job))
		weir_err_set (&err, WEIR_E_CANCELLED, WEIR_CLASS_GIVE_UP, "JobCancelled", "",
		              "job: cancelled");
	else if (s_collect (pool, task, &err) == 0)
		return;
	task->err = weir_alloc (sizeof *task->err);
	*task->err = err;
}
