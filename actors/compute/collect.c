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
s_merge_runs (weir_collect_task_t *task, const weir_stage_t *stage, size_t n_bands, size_t n_cells)
{
	size_t acc_bytes = weir_stage_acc_bytes (stage, n_cells);
	for (uint32_t step = 1; step < task->n_runs; step *= 2) {
		for (uint32_t r = 0; r + step < task->n_runs; r += 2 * step) {
			for (size_t b = 0; b < n_bands; b++)
				weir_stage_acc_merge (stage, weir_buf_data (task->runs[r]) + b * acc_bytes,
				                      weir_buf_data (task->runs[r + step]) + b * acc_bytes,
				                      n_cells);
			weir_buf_release (&task->runs[r + step]);
		}
	}
}

static weir_buf_t *
s_finish_cells (weir_pool_t *pool, weir_collect_task_t *task, const weir_plan_output_t *output,
                const weir_plan_chunk_t *where, size_t n_bands, weir_err_t *err)
{
	const weir_stage_t *stage = task->job->stages[where->output];
	size_t n_cells = (size_t) where->window.width * (size_t) where->window.height;
	size_t acc_bytes = weir_stage_acc_bytes (stage, n_cells);
	size_t out_bytes = n_cells * weir_type_size (output->pipeline.out.type);
	s_merge_runs (task, stage, n_bands, n_cells);
	weir_buf_t *cells = weir_pool_take (pool, n_bands * out_bytes, err);
	for (size_t b = 0; b < n_bands && cells != NULL; b++)
		if (weir_stage_finish (stage, weir_buf_data (task->runs[0]) + b * acc_bytes, n_cells,
		                       weir_buf_data (cells) + b * out_bytes, err) != 0)
			weir_buf_release (&cells);
	weir_buf_release (&task->runs[0]);
	return cells;
}

/* Partials may have come before the plan did, and then nobody has looked at their sizes. */
static bool
s_is_whole (const weir_collect_task_t *task, const weir_plan_chunk_t *where,
            const weir_plan_output_t *output, size_t n_bands)
{
	size_t n_cells = (size_t) where->window.width * (size_t) where->window.height;
	bool is_cells = task->payload == WEIR__PAYLOAD_KIND__PAYLOAD_CELLS;
	size_t each = is_cells ? n_cells * weir_type_size (output->pipeline.out.type)
	                       : weir_stage_acc_bytes (task->job->stages[where->output], n_cells);
	for (uint32_t r = 0; r < task->n_runs; r++)
		if (weir_buf_size (task->runs[r]) != n_bands * each)
			return false;
	return true;
}

static int
s_collect (weir_pool_t *pool, weir_collect_task_t *task, weir_err_t *err)
{
	const weir_plan_t *plan = task->job->plan;
	weir_plan_chunk_t where = weir_plan_chunk (plan, task->chunk);
	const weir_plan_output_t *output = &plan->outputs[where.output];
	size_t n_bands = plan->sources[output->source].n_bands;
	if (!s_is_whole (task, &where, output, n_bands))
		return weir_err_set (err, WEIR_E_BUG, WEIR_CLASS_BUG, "PartialInvalid", "",
		                     "chunk %llu: a partial has not the size that the plan says",
		                     (unsigned long long) task->chunk);
	weir_buf_t *cells;
	if (task->payload == WEIR__PAYLOAD_KIND__PAYLOAD_CELLS) {
		cells = task->runs[0];
		task->runs[0] = NULL;
	} else {
		cells = s_finish_cells (pool, task, output, &where, n_bands, err);
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
