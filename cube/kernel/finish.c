/* finish.c - see stage.h: from accumulators to finished cells */
#include "cube/kernel/stage_impl.h"
#include "cube/kernel/vec.h"
#include "runtime/base/mem.h"

#include <math.h>
#include <stdlib.h>

static int
s_out_of_range (const weir_stage_t *self, const weir_misfit_t *misfit, weir_err_t *err)
{
	const char *what = misfit->is_input ? weir_fold_name (self->folds[misfit->input].kind)
	                                    : "result";
	const char *type = weir_type_name (misfit->cell.type);
	if (isnan (misfit->value))
		return weir_err_invalid (
			err, "ValueOutOfRange", "",
			"%s: %s: %s has no value for it; choose another type with the option `dtype`, "
			"or a no-data value with `nodata`",
			what, weir_is_nodata_f64 (misfit->value) ? "no-data" : "NaN", type);
	return weir_err_invalid (
		err, "ValueOutOfRange", "",
		"%s: %.17g does not fit into %s; choose a larger type with the option `dtype`", what,
		misfit->value, type);
}

static void
s_load_plane (const weir_plane_t *plane, double *values, const char *acc, size_t cell, size_t n)
{
	weir_vec_load (plane->type, plane->has_none ? plane->none : WEIR_NAN, values,
	               acc + cell * plane->bytes, n);
}

static void
s_load_spread (const weir_fold_plan_t *fold, const char **acc_p, size_t n_cells, size_t cell,
               double *values, size_t n)
{
	const void *planes[WEIR_FOLD_PLANES_MAX];
	for (size_t k = 0; k < fold->n_planes; k++) {
		planes[k] = *acc_p + cell * fold->planes[k].bytes;
		*acc_p += weir_plane_bytes (&fold->planes[k], n_cells);
	}
	weir_fold_spread_finish (fold, planes, values, n);
}

/* One fold's values of n cells from `cell` on; *acc_p moves on to the next fold. `spare`: room for
 * n more. */
static void
s_load_fold (const weir_fold_plan_t *fold, const char **acc_p, size_t n_cells, size_t cell,
             double *values, double *spare, size_t n)
{
	if (fold->kind == WEIR_FOLD_VARIANCE || fold->kind == WEIR_FOLD_SD) {
		s_load_spread (fold, acc_p, n_cells, cell, values, n);
		return;
	}
	s_load_plane (&fold->planes[0], values, *acc_p, cell, n);
	*acc_p += weir_plane_bytes (&fold->planes[0], n_cells);
	if (fold->n_planes < 2)
		return;
	weir_plane_t counts = fold->planes[1];
	double poison = counts.has_none ? counts.none : -1;
	counts.has_none = false;
	s_load_plane (&counts, spare, *acc_p, cell, n);
	*acc_p += weir_plane_bytes (&fold->planes[1], n_cells);
	weir_vec_mean (values, spare, poison, n);
}

/* Cells from … end - 1 of one accumulator. */
static int
s_finish_chain (const weir_stage_t *self, const void *acc, size_t n_cells, size_t from, size_t end,
                char *out, weir_err_t *err)
{
	const weir_chain_t *chain = self->finish_chain;
	size_t tile = weir_chain_tile (chain), out_bytes = weir_type_size (self->finished.type);
	size_t bytes = weir_round_up (weir_chain_memory_bytes (chain));
	char *block = weir_alloc (bytes + tile * sizeof (double) + WEIR_PLANE_ALIGN);
	double *memory = (double *) weir_align (block);
	double *spare = memory + bytes / sizeof (double);
	weir_misfit_t misfit;
	int status = 0;
	weir_chain_prepare (chain, memory);
	for (size_t cell = from; status == 0 && cell < end; cell += tile) {
		size_t n = end - cell < tile ? end - cell : tile;
		const char *at = acc;
		for (size_t i = 0; i < self->n_folds; i++)
			s_load_fold (&self->folds[i], &at, n_cells, cell, weir_chain_input (chain, memory, i),
			             spare, n);
		if (!weir_chain_run (chain, memory, n, out + (cell - from) * out_bytes, &misfit))
			status = s_out_of_range (self, &misfit, err);
	}
	free (block);
	return status;
}

static int
s_finish_map (const weir_stage_t *self, const char *acc, size_t from, size_t end, char *out,
              weir_err_t *err)
{
	const weir_map_t *map = self->finish_map;
	size_t acc_bytes = self->folds[0].planes[0].bytes;
	size_t out_bytes = weir_type_size (self->finished.type);
	char *block = weir_alloc (weir_map_memory_bytes (map) + WEIR_PLANE_ALIGN);
	double *memory = (double *) weir_align (block);
	weir_misfit_t misfit;
	int status = 0;
	weir_map_prepare (map, memory);
	for (size_t cell = from; status == 0 && cell < end; cell += WEIR_TILE) {
		size_t n = end - cell < WEIR_TILE ? end - cell : WEIR_TILE;
		if (!weir_map_run (map, memory, out + (cell - from) * out_bytes, acc + cell * acc_bytes, n,
		                   &misfit))
			status = s_out_of_range (self, &misfit, err);
	}
	free (block);
	return status;
}

static int
s_finish_range (const weir_stage_t *self, const void *acc, size_t n_cells, size_t from, size_t end,
                void *out, weir_err_t *err)
{
	if (self->finish_map != NULL)
		return s_finish_map (self, acc, from, end, out, err);
	return s_finish_chain (self, acc, n_cells, from, end, out, err);
}

int
weir_stage_finish (const weir_stage_t *self, const void *acc, size_t n_cells, void *out,
                   weir_err_t *err)
{
	weir_assert (self->finish_combine == NULL);
	return s_finish_range (self, acc, n_cells, 0, n_cells, out, err);
}

/* ---- bands that become one after the folds */

#define STRIP 65536 /* cells of each band that are finished before they are put together */

typedef struct {
	const weir_stage_t *stage;
	size_t n_cells; /* of an accumulator */
	char *cells;    /* n_inputs strips of finished cells */
	double *memory;
} s_strip_t;

static int
s_combine_strip (const s_strip_t *self, size_t n, char *out, weir_err_t *err)
{
	const weir_combine_t *combine = self->stage->finish_combine;
	size_t tile = weir_combine_tile (combine), n_inputs = weir_combine_n_inputs (combine);
	size_t in_bytes = weir_type_size (weir_combine_in (combine).type);
	size_t out_bytes = weir_type_size (self->stage->out.type);
	weir_misfit_t misfit;
	for (size_t cell = 0; cell < n; cell += tile) {
		size_t m = n - cell < tile ? n - cell : tile;
		for (size_t b = 0; b < n_inputs; b++)
			weir_combine_load (combine, self->memory, b,
			                   self->cells + (b * STRIP + cell) * in_bytes, m);
		if (!weir_combine_run (combine, self->memory, m, out + cell * out_bytes, &misfit))
			return s_out_of_range (self->stage, &misfit, err);
	}
	return 0;
}

static int
s_finish_strip (const s_strip_t *self, const char *accs, size_t acc_stride, size_t from, size_t end,
                char *out, weir_err_t *err)
{
	const weir_combine_t *combine = self->stage->finish_combine;
	size_t in_bytes = weir_type_size (weir_combine_in (combine).type);
	int status = 0;
	for (size_t b = 0; status == 0 && b < weir_combine_n_inputs (combine); b++)
		status = s_finish_range (self->stage, accs + b * acc_stride, self->n_cells, from, end,
		                         self->cells + b * STRIP * in_bytes, err);
	return status == 0 ? s_combine_strip (self, end - from, out, err) : status;
}

static int
s_finish_combined (const weir_stage_t *self, const char *accs, size_t acc_stride, size_t n_cells,
                   char *out, weir_err_t *err)
{
	const weir_combine_t *combine = self->finish_combine;
	size_t in_bytes = weir_type_size (weir_combine_in (combine).type);
	size_t bytes = weir_round_up (weir_combine_memory_bytes (combine));
	size_t strips = weir_combine_n_inputs (combine) * STRIP * in_bytes;
	char *block = weir_alloc (bytes + strips + WEIR_PLANE_ALIGN);
	s_strip_t strip = { .stage = self, .n_cells = n_cells };
	strip.memory = (double *) weir_align (block);
	strip.cells = weir_align (block) + bytes;
	weir_combine_prepare (combine, strip.memory);
	int status = 0;
	for (size_t from = 0; status == 0 && from < n_cells; from += STRIP)
		status = s_finish_strip (&strip, accs, acc_stride, from,
		                         n_cells - from < STRIP ? n_cells : from + STRIP,
		                         out + from * weir_type_size (self->out.type), err);
	free (block);
	return status;
}

int
weir_stage_finish_bands (const weir_stage_t *self, const void *accs, size_t acc_stride,
                         size_t n_accs, size_t n_cells, void *out, weir_err_t *err)
{
	int status = 0;
	size_t out_bytes = n_cells * weir_type_size (self->out.type);
	if (self->finish_combine != NULL) {
		weir_assert (n_accs == weir_combine_n_inputs (self->finish_combine));
		return s_finish_combined (self, accs, acc_stride, n_cells, out, err);
	}
	for (size_t i = 0; status == 0 && i < n_accs; i++)
		status = weir_stage_finish (self, (const char *) accs + i * acc_stride, n_cells,
		                            (char *) out + i * out_bytes, err);
	return status;
}
