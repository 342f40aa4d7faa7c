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

/* One fold's values of n cells from `cell` on; *acc_p moves on to the next fold. `spare`: room for
 * n more. */
static void
s_load_fold (const weir_fold_plan_t *fold, const char **acc_p, size_t n_cells, size_t cell,
             double *values, double *spare, size_t n)
{
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

static int
s_finish_chain (const weir_stage_t *self, const void *acc, size_t n_cells, char *out,
                weir_err_t *err)
{
	const weir_chain_t *chain = self->finish_chain;
	size_t tile = weir_chain_tile (chain), out_bytes = weir_type_size (self->out.type);
	size_t bytes = weir_round_up (weir_chain_memory_bytes (chain));
	char *block = weir_alloc (bytes + tile * sizeof (double) + WEIR_PLANE_ALIGN);
	double *memory = (double *) weir_align (block);
	double *spare = memory + bytes / sizeof (double);
	weir_misfit_t misfit;
	int status = 0;
	weir_chain_prepare (chain, memory);
	for (size_t cell = 0; status == 0 && cell < n_cells; cell += tile) {
		size_t n = n_cells - cell < tile ? n_cells - cell : tile;
		const char *at = acc;
		for (size_t i = 0; i < self->n_folds; i++)
			s_load_fold (&self->folds[i], &at, n_cells, cell, weir_chain_input (chain, memory, i),
			             spare, n);
		if (!weir_chain_run (chain, memory, n, out + cell * out_bytes, &misfit))
			status = s_out_of_range (self, &misfit, err);
	}
	free (block);
	return status;
}

static int
s_finish_map (const weir_stage_t *self, const char *acc, size_t n_cells, char *out, weir_err_t *err)
{
	const weir_map_t *map = self->finish_map;
	size_t acc_bytes = self->folds[0].planes[0].bytes, out_bytes = weir_type_size (self->out.type);
	char *block = weir_alloc (weir_map_memory_bytes (map) + WEIR_PLANE_ALIGN);
	double *memory = (double *) weir_align (block);
	weir_misfit_t misfit;
	int status = 0;
	weir_map_prepare (map, memory);
	for (size_t cell = 0; status == 0 && cell < n_cells; cell += WEIR_TILE) {
		size_t n = n_cells - cell < WEIR_TILE ? n_cells - cell : WEIR_TILE;
		if (!weir_map_run (map, memory, out + cell * out_bytes, acc + cell * acc_bytes, n, &misfit))
			status = s_out_of_range (self, &misfit, err);
	}
	free (block);
	return status;
}

int
weir_stage_finish (const weir_stage_t *self, const void *acc, size_t n_cells, void *out,
                   weir_err_t *err)
{
	if (self->finish_map != NULL)
		return s_finish_map (self, acc, n_cells, out, err);
	return s_finish_chain (self, acc, n_cells, out, err);
}
