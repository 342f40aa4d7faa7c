/* slice.c - see slice.h */
#include "actors/reader/slice.h"

#include "actors/reader/paint.h"

#include <string.h>

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
	/* Of a resampled file; row and col are of the warp's window. */
	const weir_warp_t *warp;
	const weir_warp_read_t *warp_read;
	weir_type_t file_type;
} weir_piece_target_t;

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
		weir_paint_row (to->source->cell,
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

/* ---- pieces of resampled files */

static void
s_take_warped_cells (void *arg, const void *cells, const uint32_t *targets, size_t n)
{
	const weir_piece_target_t *to = arg;
	weir_cell_t cell = to->source->cell;
	uint32_t *at = s_scratch (&to->worker->at, &to->worker->at_bytes, n * sizeof *at);
	uint8_t *scratch = s_scratch (&to->worker->scratch, &to->worker->scratch_bytes,
	                              n * weir_type_size (cell.type));
	uint32_t width = (uint32_t) to->warp->window.width;
	for (size_t i = 0; i < n; i++)
		at[i] = (uint32_t) ((to->row + targets[i] / width) * to->slice_stride + to->col +
		                    targets[i] % width);
	weir_raster_translate (to->file_type, to->nodata.has_value, to->nodata.value, cells, cell,
	                       scratch, n);
	weir_paint_cells (cell, to->slice, at, scratch, n);
}

static int
s_take_warped_piece (void *arg, weir_type_t type, const void *cells, size_t row_stride, size_t row,
                     size_t col, size_t n_rows, size_t n_cols)
{
	weir_piece_target_t *to = arg;
	if (weir_job_is_cancelled (to->job))
		return WEIR_E_CANCELLED;
	to->file_type = type;
	weir_warp_gather (to->warp, to->warp_read, weir_type_size (type), cells, row_stride, row, col,
	                  n_rows, n_cols, s_take_warped_cells, to);
	return 0;
}

/* All reads of a warp; those that come next are announced, where the file is remote. */
static int
s_read_warp (weir_piece_target_t *to, const char *file, uint32_t band, const weir_grid_t *grid,
             weir_err_t *err)
{
	weir_raster_cache_t *cache = to->worker->cache;
	bool is_remote = weir_raster_is_remote (file);
	int status = 0;
	for (size_t i = 0, next = 0; status == 0 && i < to->warp->n_reads; i++) {
		to->warp_read = &to->warp->reads[i];
		for (;
		     is_remote && next < to->warp->n_reads && (next <= i || weir_raster_may_expect (cache));
		     next++)
			weir_raster_expect (cache, file, band, to->warp->reads[next].window);
		if (is_remote)
			weir_raster_expect_begin (cache);
		status = weir_raster_read (cache, file, grid->width, grid->height, band,
		                           to->warp_read->window, s_take_warped_piece, to, err);
	}
	return status;
}

/* Some rows of a chunk at once, so that what is kept for each cell stays small. */
static int
s_read_warped (weir_piece_target_t *to, const char *file, uint32_t band,
               const weir_plan_place_t *place, weir_window_t chunk, weir_err_t *err)
{
	weir_window_t part = weir_window_intersect (place->window, chunk), rows = part;
	int64_t rows_max = (int64_t) WEIR_WARP_CELLS_MAX / part.width;
	int block[2], status;
	status = weir_raster_block_size (to->worker->cache, file, band, &block[0], &block[1], err);
	to->col = (size_t) (part.col - chunk.col);
	for (; status == 0 && rows.row < part.row + part.height; rows.row += rows.height) {
		int64_t left = part.row + part.height - rows.row;
		rows.height = rows_max < 1 ? 1 : rows_max < left ? rows_max : left;
		to->row = (size_t) (rows.row - chunk.row);
		status = weir_warps_find (to->worker->warps, to->job, &to->source->grid, rows, &place->grid,
		                          block, &to->warp, err);
		if (status == 0)
			status = s_read_warp (to, file, band, &place->grid, err);
	}
	return status;
}

/* ---- one slice */

/* The part of a file that lies in the chunk. Of a resampled one only the file is known: nothing. */
static weir_window_t
s_window_in_file (const weir_plan_place_t *place, weir_window_t chunk)
{
	weir_window_t part = weir_window_intersect (place->window, chunk);
	if (place->is_resampled)
		return (weir_window_t){ 0 };
	part.col -= place->window.col;
	part.row -= place->window.row;
	return part;
}

static int
s_read_item (weir_piece_target_t *to, const weir_plan_item_t *item, size_t band,
             weir_window_t chunk, weir_err_t *err)
{
	const weir_plan_item_band_t *where = &item->bands[band];
	weir_plan_place_t place = weir_plan_item_place (item, where->asset);
	weir_window_t part = weir_window_intersect (place.window, chunk);
	weir_window_t in_file = s_window_in_file (&place, chunk);
	to->nodata = weir_plan_item_nodata (to->source, item, band);
	if (place.is_resampled)
		return s_read_warped (to, item->files[where->asset], where->band, &place, chunk, err);
	to->row = (size_t) (part.row - chunk.row);
	to->col = (size_t) (part.col - chunk.col);
	return weir_raster_read (to->worker->cache, item->files[where->asset], place.window.width,
	                         place.window.height, where->band, in_file, s_take_piece, to, err);
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
	if (item->bands[band].band == 0 ||
	    weir_window_is_empty (weir_window_intersect (item->window, chunk)))
		return false;
	return item->places == NULL || !weir_window_is_empty (weir_window_intersect (
									   item->places[item->bands[band].asset].window, chunk));
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

/* All items of one label that touch the chunk, one over the other, without what lies outside
 * `inside` (or NULL), then one fold. */
static int
s_compose_slice (weir_piece_target_t *to, size_t first, size_t end, size_t band,
                 weir_window_t chunk, const uint8_t *inside, weir_err_t *err)
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
	if (status == 0 && inside != NULL)
		weir_paint_mask (to->source->cell, to->slice, inside, n_cells);
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
	bool is_resampled = false;
	for (size_t i = first; i < end && !order->is_outside; i++) {
		const weir_plan_item_t *item = &source->items[i];
		if (s_has_band (item, band, chunk)) {
			is_resampled = item->places != NULL &&
			               item->places[item->bands[band].asset].is_resampled;
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
	const weir_plan_item_t *only = &source->items[hit];
	if (n_hits > 1 || is_resampled || order->inside != NULL)
		return s_compose_slice (&to, first, end, band, chunk,
		                        order->inside != NULL ? weir_buf_data (order->inside) : NULL, err);
	weir_window_t there = weir_plan_item_place (only, only->bands[band].asset).window;
	s_skip_around (run, rank, chunk, weir_window_intersect (there, chunk));
	return s_read_item (&to, &source->items[hit], band, chunk, err);
}

/* ---- several bands */

/* The input bands of one slice; targets[i] is where those of input i go. */
typedef struct {
	const weir_plan_output_t *output;
	const weir_read_order_t *order;
	weir_window_t chunk;
	size_t first, end; /* the label's items */
	size_t n_inputs;
	weir_piece_target_t *targets;
	weir_run_t *run; /* takes all bands together; NULL: each target for itself */
	const void **srcs;
} s_bands_t;

/* All bands in one file, which is the only one here, on the grid and not masked; else NULL. */
static const weir_plan_item_t *
s_find_only_file (const s_bands_t *self)
{
	const weir_plan_source_t *source = self->targets[0].source;
	const weir_plan_item_t *only = NULL;
	if (self->order->inside != NULL || self->order->is_outside)
		return NULL;
	for (size_t i = self->first; i < self->end; i++) {
		const weir_plan_item_t *item = &source->items[i];
		if (weir_window_is_empty (weir_window_intersect (item->window, self->chunk)))
			continue;
		uint32_t asset = item->bands[weir_plan_output_input (self->output, 0)].asset;
		for (size_t k = 0; k < self->n_inputs; k++) {
			uint32_t band = weir_plan_output_input (self->output, k);
			if (only != NULL || item->places != NULL || item->bands[band].band == 0 ||
			    item->bands[band].asset != asset)
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
	weir_plan_place_t place = { .window = item->window };
	weir_window_t in_file = s_window_in_file (&place, self->chunk);
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
		if (status == 0 && self->order->inside != NULL)
			weir_paint_mask (source->cell, to->slice, weir_buf_data (self->order->inside), n_cells);
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
	for (size_t i = self->first; i < self->end && !self->order->is_outside; i++)
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

int
weir_slice_read (weir_read_worker_t *worker, weir_job_t *job, weir_read_order_t *order,
                 uint32_t label, weir_err_t *err)
{
	const weir_plan_t *plan = job->plan;
	const weir_plan_output_t *output = &plan->outputs[order->where.output];
	const weir_plan_source_t *source = &plan->sources[output->source];
	s_bands_t self = { .output = output,
		               .order = order,
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

/* ---- remote files, ahead of their turn */

void
weir_slice_expect (weir_read_worker_t *worker, const weir_plan_t *plan,
                   const weir_read_order_t *order, uint32_t label)
{
	const weir_plan_output_t *output = &plan->outputs[order->where.output];
	const weir_plan_source_t *source = &plan->sources[output->source];
	weir_window_t chunk = order->where.window;
	size_t n_inputs = weir_plan_output_inputs (source, output);
	for (size_t i = source->label_items[label + 1];
	     i > source->label_items[label] && !order->is_outside; i--) {
		const weir_plan_item_t *item = &source->items[i - 1];
		for (size_t k = 0; k < n_inputs; k++) {
			const weir_plan_item_band_t *where = &item->bands[weir_plan_output_input (output, k)];
			if (!s_has_band (item, weir_plan_output_input (output, k), chunk))
				continue;
			weir_plan_place_t place = weir_plan_item_place (item, where->asset);
			weir_raster_expect (worker->cache, item->files[where->asset], where->band,
			                    s_window_in_file (&place, chunk));
		}
	}
}
