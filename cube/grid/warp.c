/* warp.c - see warp.h */
#include "cube/grid/warp.h"

#include "runtime/base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BINS_MAX 65536  /* of blocks along one side; more are taken together */
#define PACK_CELLS 1024 /* given on at once */

void
weir_warp_destroy (weir_warp_t **self_p)
{
	weir_warp_t *self = *self_p;
	if (self == NULL)
		return;
	free (self->col);
	free (self->row);
	free (self->target);
	free (self->reads);
	free (self);
	*self_p = NULL;
}

size_t
weir_warp_bytes (const weir_warp_t *self)
{
	size_t bytes = sizeof *self + self->n_reads * sizeof *self->reads;
	if (self->is_separable)
		return bytes + (size_t) (self->window.width + self->window.height) * sizeof (int32_t);
	size_t n = self->n_reads > 0 ? self->reads[self->n_reads - 1].end : 0;
	return bytes + n * (2 * sizeof (int32_t) + sizeof (uint32_t));
}

static weir_warp_read_t *
s_add_read (weir_warp_t *self)
{
	if ((self->n_reads & (self->n_reads - 1)) == 0)
		self->reads = weir_realloc (self->reads, (self->n_reads > 0 ? 2 * self->n_reads : 1) *
		                                             sizeof *self->reads);
	self->reads[self->n_reads] = (weir_warp_read_t){ 0 };
	return &self->reads[self->n_reads++];
}

/* The pixel that holds a map coordinate; -1: none of `size` does. NaN is nowhere. */
static int32_t
s_find_pixel (double value, double origin, double step, int64_t size)
{
	double pixel = floor ((value - origin) / step);
	return pixel >= 0 && pixel < (double) size ? (int32_t) pixel : -1;
}

/* ---- the same CRS: columns and rows apart */

static int32_t *
s_find_line (double origin, double step, int64_t first, int64_t n, double file_origin,
             double file_step, int64_t file_size)
{
	int32_t *line = weir_alloc ((size_t) n * sizeof *line);
	for (int64_t i = 0; i < n; i++)
		line[i] = s_find_pixel (origin + ((double) (first + i) + 0.5) * step, file_origin,
		                        file_step, file_size);
	return line;
}

static void
s_widen (int64_t *first, int64_t *length, int64_t at)
{
	int64_t end = *first + *length;
	if (*length == 0) {
		*first = at;
		end = at + 1;
	}
	*first = at < *first ? at : *first;
	end = at >= end ? at + 1 : end;
	*length = end - *first;
}

/* The columns that lie in a run of touching blocks, from `from` on; false where there are none. */
static bool
s_next_run (const weir_warp_t *self, size_t from, weir_warp_read_t *read)
{
	size_t n = (size_t) self->window.width, i = from;
	while (i < n && self->col[i] < 0)
		i++;
	read->col_first = i;
	read->window.width = 0;
	while (i < n && self->col[i] >= 0 &&
	       (i == read->col_first ||
	        self->col[i] / self->block_width <= self->col[i - 1] / self->block_width + 1)) {
		s_widen (&read->window.col, &read->window.width, self->col[i]);
		i++;
	}
	read->col_end = i;
	return read->col_first < n;
}

static void
s_list_separable (weir_warp_t *self, int64_t block_height)
{
	size_t n_rows = (size_t) self->window.height;
	for (size_t r = 0; r < n_rows;) {
		if (self->row[r] < 0) {
			r++;
			continue;
		}
		weir_warp_read_t rows = { .first = r };
		int64_t block = self->row[r] / block_height;
		for (; r < n_rows && self->row[r] >= 0 && self->row[r] / block_height == block; r++)
			s_widen (&rows.window.row, &rows.window.height, self->row[r]);
		rows.end = r;
		for (rows.col_end = 0; s_next_run (self, rows.col_end, &rows);)
			*s_add_read (self) = rows;
	}
}

static void
s_make_separable (weir_warp_t *self, const weir_grid_t *grid, const weir_grid_t *file,
                  int64_t block_height)
{
	const double *t = grid->transform, *f = file->transform;
	weir_window_t w = self->window;
	self->is_separable = true;
	self->col = s_find_line (t[0], t[1], w.col, w.width, f[0], f[1], file->width);
	self->row = s_find_line (t[3], t[5], w.row, w.height, f[3], f[5], file->height);
	s_list_separable (self, block_height);
}

/* ---- another CRS: cell by cell */

typedef struct { /* pixels of the file by cell of the window, not yet in order */
	size_t n;
	int32_t *col, *row;
	uint32_t *target;
} s_cells_t;

typedef struct {
	const weir_grid_t *grid, *file;
	weir_window_t window;
	weir_points_fn *points;
	void *arg;
} s_job_t;

/* One segment of one row: what of it lies in the window and in the file is added. */
static int
s_add_segment (const s_job_t *job, int64_t row, int64_t segment, s_cells_t *cells, weir_err_t *err)
{
	const double *t = job->grid->transform, *f = job->file->transform;
	double x[WEIR_WARP_SEGMENT], y[WEIR_WARP_SEGMENT];
	int64_t first = segment * WEIR_WARP_SEGMENT;
	for (int i = 0; i < WEIR_WARP_SEGMENT; i++) {
		x[i] = t[0] + ((double) (first + i) + 0.5) * t[1];
		y[i] = t[3] + ((double) row + 0.5) * t[5];
	}
	int rc = job->points (job->arg, WEIR_WARP_SEGMENT, x, y, err);
	for (int i = 0; rc == 0 && i < WEIR_WARP_SEGMENT; i++) {
		int64_t c = first + i - job->window.col;
		if (c < 0 || c >= job->window.width)
			continue;
		int32_t col = s_find_pixel (x[i], f[0], f[1], job->file->width);
		int32_t line = s_find_pixel (y[i], f[3], f[5], job->file->height);
		if (col < 0 || line < 0)
			continue;
		cells->col[cells->n] = col;
		cells->row[cells->n] = line;
		cells->target[cells->n++] = (uint32_t) ((row - job->window.row) * job->window.width + c);
	}
	return rc;
}

static int64_t
s_floor_div (int64_t a, int64_t b)
{
	return a >= 0 ? a / b : -((-a + b - 1) / b);
}

static int
s_find_cells (const s_job_t *job, s_cells_t *cells, weir_err_t *err)
{
	weir_window_t w = job->window;
	int64_t first = s_floor_div (w.col, WEIR_WARP_SEGMENT);
	int64_t last = s_floor_div (w.col + w.width - 1, WEIR_WARP_SEGMENT);
	for (int64_t row = w.row; row < w.row + w.height; row++)
		for (int64_t segment = first; segment <= last; segment++) {
			int rc = s_add_segment (job, row, segment, cells, err);
			if (rc != 0)
				return rc;
		}
	return 0;
}

static void
s_alloc_cells (s_cells_t *cells, size_t n)
{
	cells->n = 0;
	cells->col = weir_alloc (n * sizeof *cells->col);
	cells->row = weir_alloc (n * sizeof *cells->row);
	cells->target = weir_alloc (n * sizeof *cells->target);
}

static void
s_free_cells (s_cells_t *cells)
{
	free (cells->col);
	free (cells->row);
	free (cells->target);
}

/* A stable counting sort by blocks along one side; *block_p grows where there would be too many. */
static void
s_sort_cells (const s_cells_t *from, s_cells_t *to, const int32_t *key, int64_t *block_p)
{
	int32_t low = INT32_MAX, high = 0;
	for (size_t i = 0; i < from->n; i++) {
		low = key[i] < low ? key[i] : low;
		high = key[i] > high ? key[i] : high;
	}
	while (high / *block_p - low / *block_p >= BINS_MAX)
		*block_p *= 2;
	int64_t block = *block_p, base = low / block;
	size_t n_bins = (size_t) (high / block - base) + 1;
	size_t *next = weir_alloc ((n_bins + 1) * sizeof *next);
	for (size_t i = 0; i < from->n; i++)
		next[key[i] / block - base + 1]++;
	for (size_t b = 0; b < n_bins; b++)
		next[b + 1] += next[b];
	for (size_t i = 0; i < from->n; i++) {
		size_t k = next[key[i] / block - base]++;
		to->col[k] = from->col[i];
		to->row[k] = from->row[i];
		to->target[k] = from->target[i];
	}
	to->n = from->n;
	free (next);
}

/* Cells are sorted by row of blocks, then column of blocks: one read for each run of blocks that
 * touch. */
static void
s_list_cells (weir_warp_t *self, const s_cells_t *cells, int64_t block_height)
{
	weir_warp_read_t *read = NULL;
	for (size_t i = 0; i < cells->n; i++) {
		bool is_near = read != NULL &&
		               cells->row[i] / block_height == cells->row[i - 1] / block_height &&
		               cells->col[i] / self->block_width <=
		                   cells->col[i - 1] / self->block_width + 1;
		if (!is_near) {
			read = s_add_read (self);
			read->first = i;
		}
		s_widen (&read->window.col, &read->window.width, cells->col[i]);
		s_widen (&read->window.row, &read->window.height, cells->row[i]);
		read->end = i + 1;
	}
}

static int
s_make_cells (weir_warp_t *self, const s_job_t *job, int64_t block_height, weir_err_t *err)
{
	s_cells_t found, sorted;
	size_t n = (size_t) self->window.width * (size_t) self->window.height;
	s_alloc_cells (&found, n);
	int rc = s_find_cells (job, &found, err);
	if (rc == 0 && found.n > 0) {
		s_alloc_cells (&sorted, found.n);
		s_sort_cells (&found, &sorted, found.col, &self->block_width);
		s_sort_cells (&sorted, &found, sorted.row, &block_height);
		/* What is kept is as large as what was found, not as the window. */
		memcpy (sorted.col, found.col, found.n * sizeof *found.col);
		memcpy (sorted.row, found.row, found.n * sizeof *found.row);
		memcpy (sorted.target, found.target, found.n * sizeof *found.target);
		self->col = sorted.col;
		self->row = sorted.row;
		self->target = sorted.target;
		s_list_cells (self, &sorted, block_height);
	}
	s_free_cells (&found);
	return rc;
}

int
weir_warp_new (const weir_grid_t *grid, weir_window_t window, const weir_grid_t *file,
               int block_width, int block_height, weir_points_fn *points, void *arg,
               weir_warp_t **warp_out, weir_err_t *err)
{
	weir_warp_t *self = weir_alloc (sizeof *self);
	self->window = window;
	self->block_width = block_width;
	int rc = 0;
	if (points == NULL) {
		s_make_separable (self, grid, file, block_height);
	} else {
		s_job_t job = { grid, file, window, points, arg };
		rc = s_make_cells (self, &job, block_height, err);
	}
	if (rc != 0)
		weir_warp_destroy (&self);
	*warp_out = self;
	return rc;
}

/* ---- cells out of a decoded piece */

typedef struct { /* a piece in pixels of the file, and what was taken from it so far */
	const uint8_t *cells;
	size_t cell_bytes, row_stride;
	int64_t col, row, col_end, row_end;
	weir_warp_emit_fn *emit;
	void *arg;
	size_t n;
	uint32_t targets[PACK_CELLS];
	uint64_t packed[PACK_CELLS]; /* room for the largest cells */
} s_piece_t;

static void
s_flush (s_piece_t *piece)
{
	if (piece->n > 0)
		piece->emit (piece->arg, piece->packed, piece->targets, piece->n);
	piece->n = 0;
}

static inline void
s_take (s_piece_t *piece, int64_t row, int64_t col, uint32_t target)
{
	const uint8_t *cell = piece->cells + ((size_t) (row - piece->row) * piece->row_stride +
	                                      (size_t) (col - piece->col)) *
	                                         piece->cell_bytes;
	uint8_t *to = (uint8_t *) piece->packed + piece->n * piece->cell_bytes;
	switch (piece->cell_bytes) {
	case 1: *to = *cell; break;
	case 2: memcpy (to, cell, 2); break;
	case 4: memcpy (to, cell, 4); break;
	default: memcpy (to, cell, 8); break;
	}
	piece->targets[piece->n++] = target;
	if (piece->n == PACK_CELLS)
		s_flush (piece);
}

/* The first i of [first, end) with col[i] / block ≥ wanted: columns of blocks ascend. */
static size_t
s_lower_bound (const weir_warp_t *self, size_t first, size_t end, int64_t wanted)
{
	while (first < end) {
		size_t middle = first + (end - first) / 2;
		if (self->col[middle] / self->block_width < wanted)
			first = middle + 1;
		else
			end = middle;
	}
	return first;
}

static void
s_gather_separable (const weir_warp_t *self, const weir_warp_read_t *read, s_piece_t *piece)
{
	size_t first = s_lower_bound (self, read->col_first, read->col_end,
	                              piece->col / self->block_width);
	size_t end = s_lower_bound (self, first, read->col_end,
	                            (piece->col_end - 1) / self->block_width + 1);
	while (first < end && self->col[first] < piece->col)
		first++;
	while (end > first && self->col[end - 1] >= piece->col_end)
		end--;
	for (size_t r = read->first; r < read->end; r++) {
		if (self->row[r] < piece->row || self->row[r] >= piece->row_end)
			continue;
		uint32_t target = (uint32_t) (r * (size_t) self->window.width);
		for (size_t c = first; c < end; c++)
			s_take (piece, self->row[r], self->col[c], target + (uint32_t) c);
	}
}

static void
s_gather_cells (const weir_warp_t *self, const weir_warp_read_t *read, s_piece_t *piece)
{
	size_t i = s_lower_bound (self, read->first, read->end, piece->col / self->block_width);
	size_t end = s_lower_bound (self, i, read->end, (piece->col_end - 1) / self->block_width + 1);
	for (; i < end; i++) {
		int64_t row = self->row[i], col = self->col[i];
		if (row >= piece->row && row < piece->row_end && col >= piece->col && col < piece->col_end)
			s_take (piece, row, col, self->target[i]);
	}
}

void
weir_warp_gather (const weir_warp_t *self, const weir_warp_read_t *read, size_t cell_bytes,
                  const void *cells, size_t row_stride, size_t row, size_t col, size_t n_rows,
                  size_t n_cols, weir_warp_emit_fn *emit, void *arg)
{
	s_piece_t piece;
	piece.cells = cells;
	piece.cell_bytes = cell_bytes;
	piece.row_stride = row_stride;
	piece.col = read->window.col + (int64_t) col;
	piece.row = read->window.row + (int64_t) row;
	piece.col_end = piece.col + (int64_t) n_cols;
	piece.row_end = piece.row + (int64_t) n_rows;
	piece.emit = emit;
	piece.arg = arg;
	piece.n = 0;
	if (self->is_separable)
		s_gather_separable (self, read, &piece);
	else
		s_gather_cells (self, read, &piece);
	s_flush (&piece);
}
