/* random.c - see random.h */
#include "random.h"

#include "runtime/base/mem.h"

#include <math.h>

uint32_t
random_next (random_t *self)
{
	self->state = self->state * 6364136223846793005ULL + 1442695040888963407ULL;
	uint64_t x = self->state;
	x ^= x >> 31;
	x *= 0x9E3779B97F4A7C15ULL;
	return (uint32_t) (x >> 32);
}

uint32_t
random_below (random_t *self, uint32_t n)
{
	return random_next (self) % n;
}

bool
random_chance (random_t *self, uint32_t percent)
{
	return random_below (self, 100) < percent;
}

weir_cell_t
random_cell_of (random_t *self, weir_type_t type)
{
	if (weir_type_is_float (type))
		return weir_cell_float (type);
	double lo = weir_type_min (type), hi = weir_type_max (type);
	double nodatas[] = { lo, hi, 0, hi - 1, 7 };
	return (weir_cell_t){ .type = type,
		                  .has_nodata = random_chance (self, 75),
		                  .nodata = nodatas[random_below (self, 5)] };
}

weir_cell_t
random_cell (random_t *self)
{
	if (random_chance (self, 15))
		return weir_cell_bool ();
	return random_cell_of (self, (weir_type_t) random_below (self, WEIR_N_TYPES));
}

static double
s_random_const (random_t *self)
{
	static const double some[] = { 0,   1,  2,    3,     7,     100, 127,   128,  254, 255,
		                           256, -1, -128, 32767, 65535, 0.5, 0.001, -2.5, 1e9, 1e300 };
	uint32_t i = random_below (self, 24);
	if (i < sizeof some / sizeof some[0])
		return some[i];
	return i == 20 ? INFINITY : i == 21 ? NAN : (double) random_below (self, 300);
}

void
random_prog (random_t *self, size_t n_inputs, weir_cell_t out, weir_prog_t *prog_out)
{
	size_t n = 1 + random_below (self, 14);
	*prog_out = (weir_prog_t){ .n_instr = n, .out = out };
	prog_out->instr = weir_alloc (n * sizeof (weir_instr_t));
	for (size_t i = 0; i < n; i++) {
		weir_instr_t *instr = &prog_out->instr[i];
		uint32_t op = random_below (self, WEIR_N_OPS + 4);
		instr->op = i == 0 ? WEIR_OP_INPUT : op < WEIR_N_OPS ? (weir_op_t) op : WEIR_OP_CONST;
		instr->value = s_random_const (self);
		if (instr->op == WEIR_OP_INPUT) {
			instr->a = (uint16_t) random_below (self, (uint32_t) n_inputs);
			continue;
		}
		if (i == 0)
			continue;
		instr->a = (uint16_t) random_below (self, (uint32_t) i);
		instr->b = (uint16_t) random_below (self, (uint32_t) i);
		instr->c = (uint16_t) random_below (self, (uint32_t) i);
	}
}

double
random_value (random_t *self, weir_cell_t cell)
{
	bool is_float = weir_type_is_float (cell.type);
	uint32_t what = random_below (self, 100);
	if (what < 25 && (cell.has_nodata || is_float))
		return weir_nodata_f64 ();
	if (what < 40)
		return (double) random_below (self, 4);
	if (is_float) {
		if (what < 43)
			return what == 40 ? NAN : what == 41 ? INFINITY : -INFINITY;
		return what < 50 ? -0.0 : ((double) random_below (self, 20000) - 10000) * 0.37;
	}
	double lo = weir_type_min (cell.type), hi = weir_type_max (cell.type);
	if (what < 46)
		return random_chance (self, 50) ? lo : hi;
	return lo + floor ((hi - lo) * (random_next (self) / 4294967296.0));
}

void
random_cells (random_t *self, weir_cell_t cell, void *cells, size_t n)
{
	for (size_t i = 0; i < n; i++)
		weir_cell_set (cell, cells, i, random_value (self, cell));
}

/* ---- pipelines */

static weir_cell_t
s_fold_out (random_t *self, weir_fold_kind_t kind, weir_cell_t mapped)
{
	bool is_small = weir_type_size (mapped.type) <= 2;
	switch (kind) {
	case WEIR_FOLD_SUM:
		if (is_small && random_chance (self, 80))
			return (weir_cell_t){ .type = WEIR_I32, .has_nodata = true, .nodata = INT32_MIN };
		return weir_cell_float (random_chance (self, 50) ? WEIR_F32 : WEIR_F64);
	case WEIR_FOLD_PRODUCT:
	case WEIR_FOLD_VARIANCE:
	case WEIR_FOLD_SD:
	case WEIR_FOLD_MEAN: return weir_cell_float (random_chance (self, 50) ? WEIR_F32 : WEIR_F64);
	case WEIR_FOLD_COUNT: return (weir_cell_t){ .type = WEIR_U32 };
	case WEIR_FOLD_ANY:
	case WEIR_FOLD_ALL: return weir_cell_bool ();
	default: return mapped;
	}
}

static void
s_random_fold (random_t *self, weir_cell_t mapped, weir_fold_t *fold)
{
	fold->kind = (weir_fold_kind_t) (1 + random_below (self, WEIR_N_FOLDS - 1));
	fold->ignore_nodata = random_chance (self, 60);
	fold->out = s_fold_out (self, fold->kind, mapped);
	if (fold->kind != WEIR_FOLD_COUNT || random_chance (self, 35))
		return;
	fold->count_all = random_chance (self, 30);
	fold->has_condition = !fold->count_all;
	if (fold->has_condition)
		random_prog (self, 1, weir_cell_bool (), &fold->condition);
}

static void
s_random_steps (random_t *self, weir_cell_t *cell, size_t n, weir_prog_t **steps_out)
{
	*steps_out = weir_alloc (n * sizeof **steps_out);
	for (size_t i = 0; i < n; i++) {
		*cell = random_cell (self);
		random_prog (self, 1, *cell, &(*steps_out)[i]);
	}
}

void
random_pipeline (random_t *self, weir_pipeline_t *pipeline_out)
{
	weir_pipeline_t *p = pipeline_out;
	*p = (weir_pipeline_t){ .in = random_cell (self) };
	weir_cell_t cell = p->in;
	p->n_slice_steps = random_below (self, 3);
	s_random_steps (self, &cell, p->n_slice_steps, &p->slice_steps);
	p->n_folds = random_chance (self, 10)   ? 0
	             : random_chance (self, 70) ? 1
	                                        : 2 + random_below (self, 2);
	p->folds = weir_alloc (p->n_folds * sizeof *p->folds);
	for (size_t i = 0; i < p->n_folds; i++)
		s_random_fold (self, cell, &p->folds[i]);
	if (p->n_folds == 1)
		cell = p->folds[0].out;
	if (p->n_folds > 1 || (p->n_folds == 1 && random_chance (self, 20))) {
		cell = random_cell (self);
		random_prog (self, p->n_folds, cell, &p->post);
	}
	p->n_chunk_steps = random_below (self, 3);
	s_random_steps (self, &cell, p->n_chunk_steps, &p->chunk_steps);
	p->out = random_chance (self, 70) ? cell : random_cell (self);
}
