/* read.c - see read.h */
#include "actors/reader/read.h"

#include <string.h>

/* Fewer than fit the bounded cache of open files, so that none is opened twice in a group. */
#define GROUP_ITEMS_MAX 40

typedef struct { /* where the pieces of one item's band go */
	weir_read_worker_t *worker;
	weir_job_t *job;
	const weir_plan_source_t *source;
	weir_plan_nodata_t nodata; /* of the file's pixels */
	weir_run_t *run;           /* fold there, or, where NULL, paint into slice */
	uint8_t *slice;
	size_t slice_stride;
	uint32_t rank;
	size_t row, col; /* of the window read, within the chunk */
} weir_piece_target_t;

weir_read_worker_t *
weir_read_worker_new (weir_pool_t *pool, size_t handle_bytes_max)
{
	weir_read_worker_t *self = weir_alloc (sizeof *self);
	self->pool = pool;
	self->cache = weir_raster_cache_new (handle_bytes_max);
	return self;
}

void
weir_read_worker_destroy (weir_read_worker_t **self_p)
{
	weir_read_worker_t *self = *self_p;
	if (self == NULL)
		return;
	weir_raster_cache_destroy (&self->cache);
	free (self->scratch);
	free (self->slice);
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
	uint64_t accs = weir_stage_run_accs (job->stages[output], n_labels);
	return accs * out->acc_bytes + (out->is_whole_chunk ? out->block_bytes : out->acc_bytes);
}

static void
s_fail_order (weir_read_order_t *order, const weir_err_t *err)
{
	if (order->err != NULL)
		return;
	order->err = weir_alloc (sizeof *order->err);
	*order->err = *err;
}

static void *
s_scratch (void **memory, size_t *have, size_t want)
{
	if (*have < want) {
		free (*memory);
		*memory = aligned_alloc (64, (want + 63) & ~(size_t) 63);
		weir_assert (*memory != NULL);
		*have = want;
	}
	return *memory;
}

/* ---- pieces of files */

/* Paints what is valid over what is there: items come in reverse order of their ids, so the first
 * valid one wins. */
static void
s_paint_row (weir_cell_t cell, uint8_t *dst, const uint8_t *src, size_t n)
{
	size_t size = weir_type_size (cell.type);
	if (!cell.has_nodata) {
		memcpy (dst, src, n * size);
		return;
	}
	uint64_t pattern = 0;
	weir_cell_fill_nodata (cell, &pattern, 1);
#define PAINT(T)                                                                                   \
	do {                                                                                           \
		T nodata;                                                                                  \
		memcpy (&nodata, &pattern, sizeof nodata);                                                 \
		T *d = (T *) (void *) dst;                                                                 \
		const T *s = (const T *) (const void *) src;                                               \
		for (size_t i = 0; i < n; i++)                                                             \
			d[i] = s[i] != nodata ? s[i] : d[i];                                                   \
	} while (0)
	if (size == 1)
		PAINT (uint8_t);
	else if (size == 2)
		PAINT (uint16_t);
	else if (size == 4)
		PAINT (uint32_t);
	else
		PAINT (uint64_t);
#undef PAINT
}

static void
s_take_cells (const weir_piece_target_t *to, const uint8_t *cells, size_t row_stride, size_t row,
              size_t col, size_t n_rows, size_t n_cols)
{
	if (to->run != NULL) {
		weir_run_fold (to->run, to->rank, cells, row_stride, to->row + row, to->col + col, n_rows,
		               n_cols);
		return;
	}
	size_t size = weir_type_size (to->source->cell.type);
	for (size_t r = 0; r < n_rows; r++)
		s_paint_row (to->source->cell,
		             to->slice + ((to->row + row + r) * to->slice_stride + to->col + col) * size,
		             cells + r * row_stride * size, n_cols);
}

static int
s_take_piece (void *arg, weir_type_t type, const void *cells, size_t row_stride, size_t row,
              size_t col, size_t n_rows, size_t n_cols)
{
	const weir_piece_target_t *to = arg;
	if (weir_job_is_cancelled (to->job))
		return WEIR_E_CANCELLED;
	weir_cell_t cell = to->source->cell;
	if (weir_raster_is_identity (type, to->nodata.has_value, to->nodata.value, cell)) {
		s_take_cells (to, cells, row_stride, row, col, n_rows, n_cols);
		return 0;
	}
	size_t size = weir_type_size (cell.type), file_size = weir_type_size (type);
	uint8_t *scratch = s_scratch (&to->worker->scratch, &to->worker->scratch_bytes,
	                              n_rows * n_cols * size);
	for (size_t r = 0; r < n_rows; r++)
		weir_raster_translate (type, to->nodata.has_value, to->nodata.value,
		                       (const uint8_t *) cells + r * row_stride * file_size, cell,
		                       scratch + r * n_cols * size, n_cols);
	s_take_cells (to, scratch, n_cols, row, col, n_rows, n_cols);
	return 0;
}

/* ---- one slice */

/* The part of an item's file that lies in the chunk. */
static weir_window_t
s_window_in_file (const weir_plan_item_t *item, weir_window_t chunk)
{
	weir_window_t part = weir_window_intersect (item->window, chunk);
	part.col -= item->window.col;
	part.row -= item->window.row;
	return part;
}

static int
s_read_item (weir_piece_target_t *to, const weir_plan_item_t *item, size_t band,
             weir_window_t chunk, weir_err_t *err)
{
	weir_window_t part = weir_window_intersect (item->window, chunk);
	weir_window_t in_file = s_window_in_file (item, chunk);
	to->row = (size_t) (part.row - chunk.row);
	to->col = (size_t) (part.col - chunk.col);
	to->nodata = weir_plan_item_nodata (to->source, item, band);
	const weir_plan_item_band_t *where = &item->bands[band];
	return weir_raster_read (to->worker->cache, item->files[where->asset], item->window.width,
	                         item->window.height, where->band, in_file, s_take_piece, to, err);
}

/* What of the chunk lies outside `part` was not observed: at most four rectangles. */
static void
s_skip_around (weir_run_t *run, uint32_t rank, weir_window_t chunk, weir_window_t part)
{
	size_t top = (size_t) (part.row - chunk.row), left = (size_t) (part.col - chunk.col);
	size_t height = (size_t) part.height, width = (size_t) part.width;
	size_t rows = (size_t) chunk.height, cols = (size_t) chunk.width;
	if (top > 0)
		weir_run_skip (run, rank, 0, 0, top, cols);
	if (top + height < rows)
		weir_run_skip (run, rank, top + height, 0, rows - top - height, cols);
	if (left > 0)
		weir_run_skip (run, rank, top, 0, height, left);
	if (left + width < cols)
		weir_run_skip (run, rank, top, left + width, height, cols - left - width);
}

static bool
s_has_band (const weir_plan_item_t *item, size_t band, weir_window_t chunk)
{
	return item->bands[band].band != 0 &&
	       !weir_window_is_empty (weir_window_intersect (item->window, chunk));
}

/* An empty slice to paint on. */
static void
s_clear_slice (const weir_plan_source_t *source, void *slice, size_t n_cells)
{
	if (source->cell.has_nodata)
		weir_cell_fill_nodata (source->cell, slice, n_cells);
	else
		memset (slice, 0, n_cells * weir_type_size (source->cell.type));
}

/* All items of one label that touch the chunk, one over the other, then one fold. */
static int
s_compose_slice (weir_piece_target_t *to, size_t first, size_t end, size_t band,
                 weir_window_t chunk, weir_err_t *err)
{
	weir_run_t *run = to->run;
	size_t n_cells = (size_t) chunk.width * (size_t) chunk.height;
	size_t bytes = n_cells * weir_type_size (to->source->cell.type);
	to->slice = s_scratch (&to->worker->slice, &to->worker->slice_bytes, bytes);
	to->slice_stride = (size_t) chunk.width;
	s_clear_slice (to->source, to->slice, n_cells);
	to->run = NULL;
	int status = 0;
	for (size_t i = end; i > first && status == 0; i--)
		if (s_has_band (&to->source->items[i - 1], band, chunk))
			status = s_read_item (to, &to->source->items[i - 1], band, chunk, err);
	to->run = run;
	if (status == 0)
		weir_run_fold (run, to->rank, to->slice, to->slice_stride, 0, 0, (size_t) chunk.height,
		               (size_t) chunk.width);
	return status;
}

static int
s_read_slice (weir_read_worker_t *self, weir_job_t *job, weir_read_order_t *order, uint32_t label,
              size_t input, weir_err_t *err)
{
	const weir_plan_t *plan = job->plan;
	const weir_plan_source_t *source = &plan->sources[plan->outputs[order->where.output].source];
	size_t band = weir_plan_output_input (&plan->outputs[order->where.output], input);
	weir_window_t chunk = order->where.window;
	size_t first = source->label_items[label], end = source->label_items[label + 1];
	size_t n_hits = 0, hit = 0;
	for (size_t i = first; i < end; i++) {
		if (s_has_band (&source->items[i], band, chunk)) {
			hit = i;
			n_hits++;
		}
	}
	uint32_t rank = plan->outputs[order->where.output].keeps_time ? 0 : label;
	weir_run_t *run = order->runs[input];
	if (n_hits == 0) {
		weir_run_skip (run, rank, 0, 0, (size_t) chunk.height, (size_t) chunk.width);
		return 0;
	}
	weir_piece_target_t to = {
		.worker = self, .job = job, .source = source, .run = run, .rank = rank
	};
	if (n_hits > 1)
		return s_compose_slice (&to, first, end, band, chunk, err);
	s_skip_around (run, rank, chunk, weir_window_intersect (source->items[hit].window, chunk));
	return s_read_item (&to, &source->items[hit], band, chunk, err);
}

/* ---- several bands */

/* The input bands of one slice; targets[i] is where those of input i go. */
typedef struct {
	const weir_plan_output_t *output;
	weir_window_t chunk;
	size_t first, end; /* the label's items */
	size_t n_inputs;
	weir_piece_target_t *targets;
	weir_run_t *run; /* takes all bands together; NULL: each target for itself */
	const void **srcs;
} s_bands_t;

/* All bands in one file, which is the only one here; else NULL. */
static const weir_plan_item_t *
s_find_only_file (const s_bands_t *self)
{
	const weir_plan_source_t *source = self->targets[0].source;
	const weir_plan_item_t *only = NULL;
	for (size_t i = self->first; i < self->end; i++) {
		const weir_plan_item_t *item = &source->items[i];
		if (weir_window_is_empty (weir_window_intersect (item->window, self->chunk)))
			continue;
		uint32_t asset = item->bands[weir_plan_output_input (self->output, 0)].asset;
		for (size_t k = 0; k < self->n_inputs; k++) {
			uint32_t band = weir_plan_output_input (self->output, k);
			if (only != NULL || item->bands[band].band == 0 || item->bands[band].asset != asset)
				return NULL;
		}
		only = item;
	}
	return only;
}

/* Keeps the piece until that of the last band has come, then folds them all. */
static int
s_take_together (const s_bands_t *self, size_t i, weir_type_t type, const uint8_t *cells,
                 size_t row_stride, size_t row, size_t col, size_t n_rows, size_t n_cols)
{
	weir_piece_target_t *to = &self->targets[i];
	weir_cell_t cell = to->source->cell;
	size_t size = weir_type_size (cell.type), file_size = weir_type_size (type);
	size_t bytes = (n_rows * n_cols * size + 63) & ~(size_t) 63;
	uint8_t *pieces = s_scratch (&to->worker->scratch, &to->worker->scratch_bytes,
	                             self->n_inputs * bytes);
	for (size_t r = 0; r < n_rows; r++)
		weir_raster_translate (type, to->nodata.has_value, to->nodata.value,
		                       cells + r * row_stride * file_size, cell,
		                       pieces + i * bytes + r * n_cols * size, n_cols);
	if (i + 1 < self->n_inputs)
		return 0;
	for (size_t k = 0; k < self->n_inputs; k++)
		self->srcs[k] = pieces + k * bytes;
	weir_run_fold_bands (self->run, to->rank, self->srcs, n_cols, to->row + row, to->col + col,
	                     n_rows, n_cols);
	return 0;
}

static int
s_take_bands (void *arg, size_t i, weir_type_t type, const void *cells, size_t row_stride,
              size_t row, size_t col, size_t n_rows, size_t n_cols)
{
	const s_bands_t *self = arg;
	if (self->run == NULL)
		return s_take_piece (&self->targets[i], type, cells, row_stride, row, col, n_rows, n_cols);
	if (weir_job_is_cancelled (self->targets[i].job))
		return WEIR_E_CANCELLED;
	return s_take_together (self, i, type, cells, row_stride, row, col, n_rows, n_cols);
}

/* All bands of an item out of its one file, block by block. */
static int
s_read_bands_of (s_bands_t *self, const weir_plan_item_t *item, weir_err_t *err)
{
	weir_window_t part = weir_window_intersect (item->window, self->chunk);
	weir_window_t in_file = s_window_in_file (item, self->chunk);
	uint32_t *bands = weir_alloc (self->n_inputs * sizeof *bands);
	for (size_t i = 0; i < self->n_inputs; i++) {
		uint32_t band = weir_plan_output_input (self->output, i);
		weir_piece_target_t *to = &self->targets[i];
		bands[i] = item->bands[band].band;
		to->row = (size_t) (part.row - self->chunk.row);
		to->col = (size_t) (part.col - self->chunk.col);
		to->nodata = weir_plan_item_nodata (to->source, item, band);
	}
	uint32_t asset = item->bands[weir_plan_output_input (self->output, 0)].asset;
	int status = weir_raster_read_bands (self->targets[0].worker->cache, item->files[asset],
	                                     item->window.width, item->window.height, self->n_inputs,
	                                     bands, in_file, s_take_bands, self, err);
	free (bands);
	return status;
}

/* Whole slices of all bands, then one fold of them together. */
static int
s_compose_bands (s_bands_t *self, weir_err_t *err)
{
	weir_read_worker_t *worker = self->targets[0].worker;
	const weir_plan_source_t *source = self->targets[0].source;
	size_t n_cells = (size_t) self->chunk.width * (size_t) self->chunk.height;
	size_t bytes = (n_cells * weir_type_size (source->cell.type) + 63) & ~(size_t) 63;
	uint8_t *slices = s_scratch (&worker->slice, &worker->slice_bytes, self->n_inputs * bytes);
	int status = 0;
	for (size_t k = 0; k < self->n_inputs && status == 0; k++) {
		weir_piece_target_t *to = &self->targets[k];
		uint32_t band = weir_plan_output_input (self->output, k);
		to->slice = slices + k * bytes;
		to->slice_stride = (size_t) self->chunk.width;
		self->srcs[k] = to->slice;
		s_clear_slice (source, to->slice, n_cells);
		for (size_t i = self->end; i > self->first && status == 0; i--)
			if (s_has_band (&source->items[i - 1], band, self->chunk))
				status = s_read_item (to, &source->items[i - 1], band, self->chunk, err);
	}
	if (status == 0)
		weir_run_fold_bands (self->run, self->targets[0].rank, self->srcs,
		                     (size_t) self->chunk.width, 0, 0, (size_t) self->chunk.height,
		                     (size_t) self->chunk.width);
	return status;
}

static bool
s_is_observed (const s_bands_t *self)
{
	const weir_plan_source_t *source = self->targets[0].source;
	for (size_t i = self->first; i < self->end; i++)
		for (size_t k = 0; k < self->n_inputs; k++)
			if (s_has_band (&source->items[i], weir_plan_output_input (self->output, k),
			                self->chunk))
				return true;
	return false;
}

/* One slice that its run takes all bands of at once. */
static int
s_read_together (s_bands_t *self, weir_err_t *err)
{
	uint32_t rank = self->targets[0].rank;
	const weir_plan_item_t *item = s_find_only_file (self);
	if (!s_is_observed (self)) {
		weir_run_skip (self->run, rank, 0, 0, (size_t) self->chunk.height,
		               (size_t) self->chunk.width);
		return 0;
	}
	int status = item != NULL ? s_read_bands_of (self, item, err) : WEIR_E_UNSUPPORTED;
	if (status == WEIR_E_UNSUPPORTED) /* nothing was folded yet */
		return s_compose_bands (self, err);
	if (status == 0)
		s_skip_around (self->run, rank, self->chunk,
		               weir_window_intersect (item->window, self->chunk));
	return status;
}

/* One slice of bands that stay apart: out of one file if they are all there, else band by band. */
static int
s_read_apart (s_bands_t *self, weir_read_order_t *order, uint32_t label, weir_err_t *err)
{
	const weir_plan_item_t *item = s_find_only_file (self);
	int status = WEIR_E_UNSUPPORTED;
	for (size_t i = 0; i < self->n_inputs; i++)
		self->targets[i].run = order->runs[i];
	if (item != NULL)
		status = s_read_bands_of (self, item, err);
	if (status == 0)
		for (size_t i = 0; i < self->n_inputs; i++)
			s_skip_around (order->runs[i], self->targets[i].rank, self->chunk,
			               weir_window_intersect (item->window, self->chunk));
	if (status != WEIR_E_UNSUPPORTED)
		return status;
	status = 0;
	for (size_t i = 0; i < self->n_inputs && status == 0; i++)
		status = s_read_slice (self->targets[i].worker, self->targets[i].job, order, label, i, err);
	return status;
}

static int
s_read_bands (weir_read_worker_t *worker, weir_job_t *job, weir_read_order_t *order, uint32_t label,
              weir_err_t *err)
{
	const weir_plan_t *plan = job->plan;
	const weir_plan_output_t *output = &plan->outputs[order->where.output];
	const weir_plan_source_t *source = &plan->sources[output->source];
	s_bands_t self = { .output = output,
		               .chunk = order->where.window,
		               .first = source->label_items[label],
		               .end = source->label_items[label + 1],
		               .n_inputs = weir_plan_output_inputs (source, output) };
	if (self.n_inputs == 1)
		return s_read_slice (worker, job, order, label, 0, err);
	self.targets = weir_alloc (self.n_inputs * sizeof *self.targets);
	self.srcs = weir_alloc (self.n_inputs * sizeof *self.srcs);
	for (size_t i = 0; i < self.n_inputs; i++)
		self.targets[i] = (weir_piece_target_t){
			.worker = worker, .job = job, .source = source, .rank = output->keeps_time ? 0 : label
		};
	if (output->pipeline.bands_at == WEIR_BANDS_SLICE)
		self.run = order->runs[0];
	int status = self.run != NULL ? s_read_together (&self, err)
	                              : s_read_apart (&self, order, label, err);
	free (self.targets);
	free (self.srcs);
	return status;
}

/* ---- orders */

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
	return 0;
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
		if (order->err == NULL && s_read_bands (self, task->job, order, label, &err) != 0)
			s_fail_order (order, &err);
}

/* ---- remote files, ahead of their turn */

/* What will be asked of the items of one label. */
static void
s_expect_order (weir_read_worker_t *self, const weir_plan_t *plan, const weir_read_order_t *order,
                uint32_t label)
{
	const weir_plan_output_t *output = &plan->outputs[order->where.output];
	const weir_plan_source_t *source = &plan->sources[output->source];
	weir_window_t chunk = order->where.window;
	size_t n_inputs = weir_plan_output_inputs (source, output);
	for (size_t i = source->label_items[label + 1]; i > source->label_items[label]; i--) {
		const weir_plan_item_t *item = &source->items[i - 1];
		for (size_t k = 0; k < n_inputs; k++) {
			uint32_t band = weir_plan_output_input (output, k);
			if (!s_has_band (item, band, chunk))
				continue;
			weir_raster_expect (self->cache, item->files[item->bands[band].asset],
			                    item->bands[band].band, s_window_in_file (item, chunk));
		}
	}
}

static void
s_expect_label (weir_read_worker_t *self, const weir_read_task_t *task, uint32_t label)
{
	for (size_t i = 0; i < task->n_orders; i++)
		if (task->orders[i].err == NULL)
			s_expect_order (self, task->job->plan, &task->orders[i], label);
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
