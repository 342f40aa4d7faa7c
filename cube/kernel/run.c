/* run.c - see stage.h: folding the slices of one run, in tiles and leaves
 *
 * Memory of an ordered run is a stack of accumulators. Leaf by leaf the top is filled; a finished
 * leaf is a tree of level 0, and two trees of one level on top of each other become one of the
 * next, as digits carry in a binary counter. A leaf that no label was told of is not touched:
 * merging "none" changes nothing.
 */
#include "cube/kernel/stage_impl.h"
#include "cube/kernel/vec.h"
#include "runtime/base/mem.h"

#include <stdlib.h>

#define STACK_MAX 34
#define NO_RANK UINT32_MAX

typedef struct {
	unsigned level;
	bool is_empty; /* its memory was never written */
} s_tree_t;

struct weir_run {
	const weir_stage_t *stage;
	size_t n_rows, n_cols, n_cells;
	uint32_t rank_first, n_labels;
	uint32_t rank; /* the last that came, NO_RANK before */
	uint32_t leaf; /* that is being filled, counted from the run's first; unordered: always 0 */
	uint32_t leaf_rank; /* its first rank */
	char *memory;
	size_t acc_bytes;
	size_t depth; /* trees below the leaf; the leaf is accumulator `depth` */
	s_tree_t stack[STACK_MAX];
	bool leaf_is_open, has_ended;
	size_t plane_at[WEIR_FOLD_PLANES_MAX * WEIR_PIPELINE_FOLDS_MAX]; /* offsets in an accumulator */
	void *
		/* all of what follows: aligned, as vectors that straddle cache lines cost double */
		scratch;
	double *map_memory, *premap_memory[WEIR_PIPELINE_FOLDS_MAX];
	void *mapped; /* a tile after the slice steps; NULL: they do nothing */
	void *apart;  /* a tile of one band before the bands become one; NULL: as it came */
	double *combine_memory;
	void *premapped;
	void *skipped; /* a tile of the skip value, filled when it is wanted */
	bool has_skipped;
};

/* ---- making */

/* The next `bytes` of the scratch memory, or, while that is only measured, none. */
static void *
s_carve (weir_run_t *self, size_t *used, size_t bytes)
{
	size_t at = *used;
	*used += weir_round_up (bytes);
	return self->scratch != NULL && bytes > 0 ? weir_align (self->scratch) + at : NULL;
}

static size_t
s_lay_scratch (weir_run_t *self)
{
	const weir_stage_t *stage = self->stage;
	size_t used = 0, mapped_bytes = weir_type_size (stage->mapped.type) * WEIR_TILE;
	self->map_memory = s_carve (self, &used, weir_map_memory_bytes (stage->map));
	bool maps = weir_map_kind (stage->map) != WEIR_MAP_IDENTITY;
	if (stage->combine != NULL) {
		self->combine_memory = s_carve (self, &used, weir_combine_memory_bytes (stage->combine));
		size_t cell_bytes = weir_type_size (weir_combine_in (stage->combine).type);
		self->apart = maps ? s_carve (self, &used, cell_bytes * WEIR_TILE) : NULL;
	}
	if (maps || stage->combine != NULL)
		self->mapped = s_carve (self, &used, mapped_bytes);
	if (!weir_stage_skips_nodata (stage))
		self->skipped = s_carve (self, &used, mapped_bytes);
	bool premaps = false;
	for (size_t i = 0; i < stage->n_folds; i++) {
		if (stage->premaps[i] == NULL)
			continue;
		self->premap_memory[i] = s_carve (self, &used, weir_map_memory_bytes (stage->premaps[i]));
		premaps = true;
	}
	if (premaps)
		self->premapped = s_carve (self, &used, WEIR_TILE); /* uint8 */
	return used;
}

static void
s_make_scratch (weir_run_t *self)
{
	const weir_stage_t *stage = self->stage;
	size_t bytes = s_lay_scratch (self);
	self->scratch = weir_alloc (bytes + WEIR_PLANE_ALIGN);
	s_lay_scratch (self);
	weir_map_prepare (stage->map, self->map_memory);
	if (stage->combine != NULL)
		weir_combine_prepare (stage->combine, self->combine_memory);
	for (size_t i = 0; i < stage->n_folds; i++)
		if (stage->premaps[i] != NULL)
			weir_map_prepare (stage->premaps[i], self->premap_memory[i]);
}

static void
s_lay_planes (weir_run_t *self)
{
	size_t at = 0;
	for (size_t i = 0; i < self->stage->n_folds; i++)
		for (size_t k = 0; k < self->stage->folds[i].n_planes; k++) {
			self->plane_at[WEIR_FOLD_PLANES_MAX * i + k] = at;
			at += weir_plane_bytes (&self->stage->folds[i].planes[k], self->n_cells);
		}
	self->acc_bytes = at;
}

weir_run_t *
weir_run_new (const weir_stage_t *stage, size_t n_rows, size_t n_cols, uint32_t rank_first,
              uint32_t n_labels, void *memory)
{
	weir_assert (!stage->is_ordered || rank_first % WEIR_LEAF_LABELS == 0);
	weir_assert (n_labels <= UINT32_MAX - rank_first);
	weir_run_t *self = weir_alloc (sizeof *self);
	self->stage = stage;
	self->n_rows = n_rows;
	self->n_cols = n_cols;
	weir_assert (weir_size_mul (n_rows, n_cols, &self->n_cells));
	self->rank_first = self->leaf_rank = rank_first;
	self->n_labels = n_labels;
	self->rank = NO_RANK;
	self->memory = memory;
	s_lay_planes (self);
	s_make_scratch (self);
	return self;
}

void
weir_run_destroy (weir_run_t **self_p)
{
	weir_run_t *self = *self_p;
	*self_p = NULL;
	if (self == NULL)
		return;
	free (self->scratch);
	free (self);
}

/* ---- leaves */

static char *
s_acc (const weir_run_t *self, size_t depth)
{
	return self->memory + depth * self->acc_bytes;
}

/* The two topmost trees become one; the left one stays where it is. */
static void
s_merge_top (weir_run_t *self)
{
	s_tree_t *left = &self->stack[self->depth - 2], *right = &self->stack[self->depth - 1];
	char *to = s_acc (self, self->depth - 2), *from = s_acc (self, self->depth - 1);
	if (left->is_empty && !right->is_empty)
		memcpy (to, from, self->acc_bytes);
	else if (!left->is_empty && !right->is_empty)
		weir_stage_acc_merge (self->stage, to, from, self->n_cells);
	left->is_empty = left->is_empty && right->is_empty;
	left->level++;
	self->depth--;
}

static void
s_close_leaf (weir_run_t *self)
{
	self->stack[self->depth++] = (s_tree_t){ .level = 0, .is_empty = !self->leaf_is_open };
	self->leaf_is_open = false;
	while (self->depth >= 2 &&
	       self->stack[self->depth - 2].level == self->stack[self->depth - 1].level)
		s_merge_top (self);
}

static void
s_open_leaf (weir_run_t *self)
{
	weir_stage_acc_init (self->stage, s_acc (self, self->depth), self->n_cells);
	self->leaf_is_open = true;
}

static void
s_go_to_rank (weir_run_t *self, uint32_t rank)
{
	weir_assert (!self->has_ended);
	weir_assert (rank >= self->rank_first && rank - self->rank_first < self->n_labels);
	weir_assert (self->rank == NO_RANK || rank >= self->rank);
	self->rank = rank;
	uint32_t leaf = self->stage->is_ordered ? (rank - self->rank_first) / WEIR_LEAF_LABELS : 0;
	for (; self->leaf < leaf; self->leaf++)
		s_close_leaf (self);
	if (self->stage->is_ordered)
		self->leaf_rank = self->rank_first + leaf * WEIR_LEAF_LABELS;
	if (!self->leaf_is_open)
		s_open_leaf (self);
}

void
weir_run_end (weir_run_t *self)
{
	if (self->has_ended)
		return;
	self->has_ended = true;
	s_close_leaf (self);
	while (self->depth > 1)
		s_merge_top (self);
	if (self->stack[0].is_empty)
		weir_stage_acc_init (self->stage, self->memory, self->n_cells);
}

/* ---- cells */

static void
s_fold_all (const weir_fold_plan_t *fold, char *acc, const size_t *plane_at, size_t cell,
            const void *src, size_t n)
{
	void *planes[WEIR_FOLD_PLANES_MAX];
	for (size_t k = 0; k < fold->n_planes; k++)
		planes[k] = acc + plane_at[k] + cell * fold->planes[k].bytes;
	fold->fold_all (planes, src, n);
}

static void
s_fold_tile (weir_run_t *self, size_t cell, const void *mapped, size_t n)
{
	const weir_stage_t *stage = self->stage;
	weir_misfit_t misfit;
	char *acc = s_acc (self, self->depth);
	for (size_t i = 0; i < stage->n_folds; i++) {
		const weir_fold_plan_t *fold = &stage->folds[i];
		const void *src = mapped;
		if (stage->premaps[i] != NULL) {
			weir_map_run (stage->premaps[i], self->premap_memory[i], self->premapped, mapped, n,
			              &misfit);
			src = self->premapped;
		}
		const size_t *plane_at = &self->plane_at[WEIR_FOLD_PLANES_MAX * i];
		if (fold->fold_all != NULL) {
			s_fold_all (fold, acc, plane_at, cell, src, n);
			continue;
		}
		bool sets = fold->sets_first && self->rank == self->leaf_rank;
		for (size_t k = 0; k < fold->n_planes; k++) {
			const weir_plane_t *plane = &fold->planes[k];
			char *to = acc + plane_at[k] + cell * plane->bytes;
			if (sets)
				memcpy (to, src, n * plane->bytes);
			else if (plane->fold != NULL)
				plane->fold (to, src, n, &plane->fold_args);
		}
	}
}

static void
s_fold_cells (weir_run_t *self, size_t cell, const char *src, size_t n)
{
	size_t in_bytes = weir_type_size (self->stage->in.type);
	weir_misfit_t misfit;
	for (size_t i = 0; i < n; i += WEIR_TILE) {
		size_t m = n - i < WEIR_TILE ? n - i : WEIR_TILE;
		const void *mapped = src + i * in_bytes;
		if (self->mapped != NULL) {
			weir_map_run (self->stage->map, self->map_memory, self->mapped, mapped, m, &misfit);
			mapped = self->mapped;
		}
		s_fold_tile (self, cell + i, mapped, m);
	}
}

/* The same n cells of all bands, `at` cells into each. */
static void
s_fold_bands (weir_run_t *self, size_t cell, const void *const *srcs, size_t at, size_t n)
{
	const weir_combine_t *combine = self->stage->combine;
	size_t in_bytes = weir_type_size (self->stage->in.type), tile = weir_combine_tile (combine);
	weir_misfit_t misfit;
	for (size_t i = 0; i < n; i += tile) {
		size_t m = n - i < tile ? n - i : tile;
		for (size_t b = 0; b < weir_combine_n_inputs (combine); b++) {
			const void *cells = (const char *) srcs[b] + (at + i) * in_bytes;
			if (self->apart != NULL) {
				weir_map_run (self->stage->map, self->map_memory, self->apart, cells, m, &misfit);
				cells = self->apart;
			}
			weir_combine_load (combine, self->combine_memory, b, cells, m);
		}
		weir_combine_run (combine, self->combine_memory, m, self->mapped, &misfit);
		s_fold_tile (self, cell + i, self->mapped, m);
	}
}

static void
s_assert_inside (const weir_run_t *self, size_t row, size_t col, size_t n_rows, size_t n_cols)
{
	weir_assert (row <= self->n_rows && n_rows <= self->n_rows - row);
	weir_assert (col <= self->n_cols && n_cols <= self->n_cols - col);
}

void
weir_run_fold (weir_run_t *self, uint32_t rank, const void *src, size_t row_stride, size_t row,
               size_t col, size_t n_rows, size_t n_cols)
{
	s_assert_inside (self, row, col, n_rows, n_cols);
	weir_assert (self->stage->combine == NULL);
	if (n_rows == 0 || n_cols == 0)
		return;
	s_go_to_rank (self, rank);
	size_t in_bytes = weir_type_size (self->stage->in.type);
	if (n_cols == self->n_cols && row_stride == n_cols) { /* whole rows: one piece */
		s_fold_cells (self, row * self->n_cols, src, n_rows * n_cols);
		return;
	}
	for (size_t i = 0; i < n_rows; i++)
		s_fold_cells (self, (row + i) * self->n_cols + col,
		              (const char *) src + i * row_stride * in_bytes, n_cols);
}

void
weir_run_fold_bands (weir_run_t *self, uint32_t rank, const void *const *srcs, size_t row_stride,
                     size_t row, size_t col, size_t n_rows, size_t n_cols)
{
	if (self->stage->combine == NULL) {
		weir_run_fold (self, rank, srcs[0], row_stride, row, col, n_rows, n_cols);
		return;
	}
	s_assert_inside (self, row, col, n_rows, n_cols);
	if (n_rows == 0 || n_cols == 0)
		return;
	s_go_to_rank (self, rank);
	if (n_cols == self->n_cols && row_stride == n_cols) {
		s_fold_bands (self, row * self->n_cols, srcs, 0, n_rows * n_cols);
		return;
	}
	for (size_t i = 0; i < n_rows; i++)
		s_fold_bands (self, (row + i) * self->n_cols + col, srcs, i * row_stride, n_cols);
}

static void
s_skip_cells (weir_run_t *self, size_t cell, size_t n)
{
	for (size_t i = 0; i < n; i += WEIR_TILE)
		s_fold_tile (self, cell + i, self->skipped, n - i < WEIR_TILE ? n - i : WEIR_TILE);
}

void
weir_run_skip (weir_run_t *self, uint32_t rank, size_t row, size_t col, size_t n_rows,
               size_t n_cols)
{
	const weir_stage_t *stage = self->stage;
	s_assert_inside (self, row, col, n_rows, n_cols);
	if (weir_stage_skips_nodata (stage) || n_rows == 0 || n_cols == 0)
		return;
	weir_assert (stage->can_skip);
	s_go_to_rank (self, rank);
	if (!self->has_skipped)
		weir_fill_bits (self->skipped, weir_type_size (stage->mapped.type), stage->skip_bits,
		                WEIR_TILE);
	self->has_skipped = true;
	if (n_cols == self->n_cols) {
		s_skip_cells (self, row * n_cols, n_rows * n_cols);
		return;
	}
	for (size_t i = 0; i < n_rows; i++)
		s_skip_cells (self, (row + i) * self->n_cols + col, n_cols);
}
