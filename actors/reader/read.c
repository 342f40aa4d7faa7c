/* read.c - see read.h */
#include "actors/reader/read.h"

#include "actors/reader/slice.h"

#include <string.h>

/* Fewer than fit the bounded cache of open files, so that none is opened twice in a group. */
#define GROUP_ITEMS_MAX 40

weir_read_worker_t *
weir_read_worker_new (weir_pool_t *pool, size_t handle_bytes_max)
{
	weir_read_worker_t *self = weir_alloc (sizeof *self);
	self->pool = pool;
	self->cache = weir_raster_cache_new (handle_bytes_max);
	self->warps = weir_warps_new (WEIR_WARPS_BYTES);
	return self;
}

void
weir_read_worker_destroy (weir_read_worker_t **self_p)
{
	weir_read_worker_t *self = *self_p;
	if (self == NULL)
		return;
	weir_warps_destroy (&self->warps);
	weir_raster_cache_destroy (&self->cache);
	free (self->scratch);
	free (self->slice);
	free (self->at);
	free (self);
	*self_p = NULL;
}

void
weir_read_task_destroy (weir_read_task_t **self_p)
{
	weir_read_task_t *self = *self_p;
	if (self == NULL)
		return;
	const weir_plan_t *plan = self->job->plan;
	for (size_t i = 0; i < self->n_orders; i++) {
		weir_read_order_t *order = &self->orders[i];
		const weir_plan_output_t *output = &plan->outputs[order->where.output];
		size_t n_accs = weir_plan_output_accs (&plan->sources[output->source], output);
		for (size_t b = 0; order->runs != NULL && b < n_accs; b++)
			weir_run_destroy (&order->runs[b]);
		free (order->runs);
		weir_buf_release (&order->memory);
		weir_buf_release (&order->inside);
		weir_buf_release (&order->result);
		free (order->err);
	}
	free (self->orders);
	weir_job_release (&self->job);
	free (self);
	*self_p = NULL;
}

static size_t
s_cells_of (const weir_plan_chunk_t *chunk)
{
	return (size_t) chunk->window.width * (size_t) chunk->window.height;
}

uint64_t
weir_read_order_bytes (const weir_job_t *job, uint32_t output, uint32_t n_labels)
{
	const weir_plan_output_t *out = &job->plan->outputs[output];
	const weir_plan_source_t *source = &job->plan->sources[out->source];
	uint64_t accs = weir_stage_run_accs (job->stages[output], n_labels);
	uint64_t cells = (uint64_t) out->chunk_width * (uint64_t) out->chunk_height;
	uint64_t bytes = accs * out->acc_bytes +
	                 (out->is_whole_chunk ? out->block_bytes : out->acc_bytes);
	bytes += source->mask.n_points > 0 ? cells : 0;
	return bytes + (source->is_warped ? WEIR_WARP_CELL_BYTES * cells : 0);
}

static void
s_fail_order (weir_read_order_t *order, const weir_err_t *err)
{
	if (order->err != NULL)
		return;
	order->err = weir_alloc (sizeof *order->err);
	*order->err = *err;
}

/* ---- orders */

/* Which cells of the chunk the polygons of the extent hold; nothing is kept where that is all of
 * them or none. */
static int
s_mark_inside (weir_read_worker_t *self, const weir_plan_source_t *source, weir_read_order_t *order,
               weir_err_t *err)
{
	if (source->mask.n_points == 0)
		return 0;
	size_t n_cells = s_cells_of (&order->where);
	order->inside = weir_pool_take (self->pool, n_cells, err);
	if (order->inside == NULL)
		return WEIR_E_MEMORY;
	size_t n = weir_shape_fill (&source->mask, &source->grid, order->where.window,
	                            weir_buf_data (order->inside));
	order->is_outside = n == 0;
	if (n == 0 || n == n_cells)
		weir_buf_release (&order->inside);
	return 0;
}

static int
s_begin_order (weir_read_worker_t *self, const weir_read_task_t *task, weir_read_order_t *order,
               weir_err_t *err)
{
	const weir_plan_t *plan = task->job->plan;
	const weir_plan_output_t *output = &plan->outputs[order->where.output];
	const weir_stage_t *stage = task->job->stages[order->where.output];
	size_t n_accs = weir_plan_output_accs (&plan->sources[output->source], output);
	size_t band_bytes = weir_stage_run_accs (stage, task->n_labels) *
	                    weir_stage_acc_bytes (stage, s_cells_of (&order->where));
	order->memory = weir_pool_take (self->pool, n_accs * band_bytes, err);
	if (order->memory == NULL)
		return WEIR_E_MEMORY;
	order->runs = weir_alloc (n_accs * sizeof (weir_run_t *));
	uint32_t rank = output->keeps_time ? 0 : task->rank;
	for (size_t b = 0; b < n_accs; b++)
		order->runs[b] = weir_run_new (stage, (size_t) order->where.window.height,
		                               (size_t) order->where.window.width, rank, task->n_labels,
		                               weir_buf_data (order->memory) + b * band_bytes);
	return s_mark_inside (self, &plan->sources[output->source], order, err);
}

static int
s_give_cells (weir_read_worker_t *self, const weir_read_task_t *task, weir_read_order_t *order,
              size_t acc_stride, weir_err_t *err)
{
	const weir_plan_output_t *output = &task->job->plan->outputs[order->where.output];
	const weir_plan_source_t *source = &task->job->plan->sources[output->source];
	const weir_stage_t *stage = task->job->stages[order->where.output];
	size_t n_cells = s_cells_of (&order->where);
	size_t out_bytes = n_cells * weir_type_size (output->pipeline.out.type);
	order->payload = WEIR__PAYLOAD_KIND__PAYLOAD_CELLS;
	order->result = weir_pool_take (self->pool, weir_plan_output_bands (source, output) * out_bytes,
	                                err);
	if (order->result == NULL)
		return WEIR_E_MEMORY;
	return weir_stage_finish_bands (stage, weir_buf_data (order->memory), acc_stride,
	                                weir_plan_output_accs (source, output), n_cells,
	                                weir_buf_data (order->result), err);
}

static int
s_end_order (weir_read_worker_t *self, const weir_read_task_t *task, weir_read_order_t *order,
             weir_err_t *err)
{
	const weir_plan_t *plan = task->job->plan;
	const weir_plan_output_t *output = &plan->outputs[order->where.output];
	const weir_stage_t *stage = task->job->stages[order->where.output];
	size_t n_accs = weir_plan_output_accs (&plan->sources[output->source], output);
	size_t acc_bytes = weir_stage_acc_bytes (stage, s_cells_of (&order->where));
	size_t band_bytes = weir_stage_run_accs (stage, task->n_labels) * acc_bytes;
	for (size_t b = 0; b < n_accs; b++)
		weir_run_end (order->runs[b]);
	if (output->is_whole_chunk) {
		int status = s_give_cells (self, task, order, band_bytes, err);
		weir_buf_release (&order->memory);
		return status;
	}
	order->payload = WEIR__PAYLOAD_KIND__PAYLOAD_ACCUMULATORS;
	if (band_bytes == acc_bytes) {
		order->result = order->memory;
		order->memory = NULL;
		return 0;
	}
	order->result = weir_pool_take (self->pool, n_accs * acc_bytes, err);
	if (order->result == NULL)
		return WEIR_E_MEMORY;
	for (size_t b = 0; b < n_accs; b++)
		memcpy (weir_buf_data (order->result) + b * acc_bytes,
		        weir_buf_data (order->memory) + b * band_bytes, acc_bytes);
	weir_buf_release (&order->memory);
	return 0;
}

/* Labels from `first` on whose files stay open together: one label at the least. */
static uint32_t
s_group_end (const weir_read_task_t *task, const weir_plan_source_t *source, uint32_t first)
{
	uint32_t end = first + 1, last = task->rank + task->n_labels;
	while (end < last &&
	       source->label_items[end + 1] - source->label_items[first] <= GROUP_ITEMS_MAX)
		end++;
	return end;
}

static void
s_read_group (weir_read_worker_t *self, weir_read_task_t *task, weir_read_order_t *order,
              uint32_t first, uint32_t end)
{
	weir_err_t err;
	for (uint32_t label = first; label < end && !weir_job_is_cancelled (task->job); label++)
		if (order->err == NULL && weir_slice_read (self, task->job, order, label, &err) != 0)
			s_fail_order (order, &err);
}

/* ---- remote files, ahead of their turn */

static void
s_expect_label (weir_read_worker_t *self, const weir_read_task_t *task, uint32_t label)
{
	for (size_t i = 0; i < task->n_orders; i++)
		if (task->orders[i].err == NULL)
			weir_slice_expect (self, task->job->plan, &task->orders[i], label);
}

/* Label by label, so that what a file is asked for comes in few requests and goes soon; the labels
 * that come next are under way meanwhile. */
static void
s_read_remote (weir_read_worker_t *self, weir_read_task_t *task)
{
	uint32_t last = task->rank + task->n_labels, next = task->rank;
	weir_raster_cache_watch (self->cache, weir_job_is_cancelled, task->job);
	for (uint32_t label = task->rank; label < last; label++) {
		while (next < last && (next <= label || weir_raster_may_expect (self->cache)))
			s_expect_label (self, task, next++);
		weir_raster_expect_begin (self->cache);
		for (size_t i = 0; i < task->n_orders; i++)
			s_read_group (self, task, &task->orders[i], label, label + 1);
	}
	weir_raster_expect_none (self->cache);
	weir_raster_cache_watch (self->cache, NULL, NULL);
}

static bool
s_is_remote (const weir_plan_source_t *source, uint32_t first, uint32_t last)
{
	for (size_t i = source->label_items[first]; i < source->label_items[last]; i++)
		if (source->items[i].n_files > 0 && weir_raster_is_remote (source->items[i].files[0]))
			return true;
	return false;
}

/* Group by group of labels, and within a group order by order: the files of a group stay open for
 * the whole batch, and an order's accumulators stay in the processor's cache for a whole group. */
static void
s_read_all (weir_read_worker_t *self, weir_read_task_t *task)
{
	const weir_plan_t *plan = task->job->plan;
	const weir_plan_output_t *output = &plan->outputs[task->orders[0].where.output];
	const weir_plan_source_t *source = &plan->sources[output->source];
	uint32_t last = task->rank + task->n_labels, end;
	if (s_is_remote (source, task->rank, last)) {
		s_read_remote (self, task);
		return;
	}
	for (uint32_t first = task->rank; first < last; first = end) {
		end = s_group_end (task, source, first);
		for (size_t i = 0; i < task->n_orders; i++)
			s_read_group (self, task, &task->orders[i], first, end);
	}
}

void
weir_read_task_run (weir_read_worker_t *self, weir_read_task_t *task)
{
	weir_err_t err;
	weir_err_clear (&err);
	for (size_t i = 0; i < task->n_orders; i++)
		if (s_begin_order (self, task, &task->orders[i], &err) != 0)
			s_fail_order (&task->orders[i], &err);
	s_read_all (self, task);
	if (weir_job_is_cancelled (task->job))
		weir_err_set (&err, WEIR_E_CANCELLED, WEIR_CLASS_GIVE_UP, "JobCancelled", "",
		              "job: cancelled");
	for (size_t i = 0; i < task->n_orders; i++) {
		weir_read_order_t *order = &task->orders[i];
		if (weir_job_is_cancelled (task->job))
			s_fail_order (order, &err);
		if (order->err == NULL && s_end_order (self, task, order, &err) != 0)
			s_fail_order (order, &err);
	}
}
