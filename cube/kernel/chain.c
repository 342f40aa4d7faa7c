/* chain.c - see chain.h */
#include "cube/kernel/chain.h"

#include "cube/kernel/vec.h"
#include "runtime/base/mem.h"

#include <math.h>
#include <stdlib.h>

#define TILE_MAX 1024
#define TILE_MIN 64
#define TILE_BYTES_AIM (256 * 1024) /* all slots together stay in L2 */

typedef struct {
	weir_vec_op_fn_t *fn;
	uint32_t dst, a, b, c;
	double value;
} s_code_t;

typedef struct {
	size_t n_code;
	s_code_t *code;
	uint32_t result; /* slot */
	weir_cell_t out;
} s_step_t;

struct weir_chain {
	size_t n_inputs;
	weir_cell_t *in_cells; /* or NULL */
	size_t n_steps;
	s_step_t *steps;
	weir_cell_t out;
	bool converts;
	size_t n_consts;
	double *consts; /* of slots n_inputs … n_inputs + n_consts - 1 */
	size_t n_slots, tile;
};

/* ---- compile */

typedef struct { /* what is known while one program is compiled */
	const weir_prog_t *prog;
	uint32_t *last_use; /* by instruction: index of its last live reader; 0: dead */
	uint32_t *slot_of;
	uint32_t *free_slots;
	size_t n_free;
} s_work_t;

static bool
s_is_leaf (weir_op_t op)
{
	return op == WEIR_OP_INPUT || op == WEIR_OP_CONST || op == WEIR_OP_NODATA;
}

static uint16_t
s_operand (const weir_instr_t *instr, int i)
{
	return i == 0 ? instr->a : i == 1 ? instr->b : instr->c;
}

/* Backwards from the result; the result itself is read by one past the end. */
static void
s_find_last_uses (s_work_t *work)
{
	const weir_prog_t *prog = work->prog;
	work->last_use[prog->n_instr - 1] = (uint32_t) prog->n_instr;
	for (size_t i = prog->n_instr; i-- > 0;) {
		if (work->last_use[i] == 0)
			continue;
		for (int k = 0; k < weir_op_n_operands (prog->instr[i].op); k++) {
			uint32_t *use = &work->last_use[s_operand (&prog->instr[i], k)];
			if (*use == 0)
				*use = (uint32_t) i;
		}
	}
}

static void
s_work_init (s_work_t *work, const weir_prog_t *prog)
{
	work->prog = prog;
	work->last_use = weir_alloc (prog->n_instr * sizeof (uint32_t));
	work->slot_of = weir_alloc (prog->n_instr * sizeof (uint32_t));
	work->free_slots = weir_alloc (prog->n_instr * sizeof (uint32_t));
	work->n_free = 0;
	s_find_last_uses (work);
}

static void
s_work_clear (s_work_t *work)
{
	free (work->last_use);
	free (work->slot_of);
	free (work->free_slots);
}

/* Constants get slots that no temporary ever takes, so all programs' constants come before any
 * temporary. */
static void
s_add_consts (weir_chain_t *self, s_work_t *work)
{
	for (size_t i = 0; i < work->prog->n_instr; i++) {
		const weir_instr_t *instr = &work->prog->instr[i];
		if (work->last_use[i] == 0 || !s_is_leaf (instr->op))
			continue;
		if (instr->op == WEIR_OP_INPUT) {
			work->slot_of[i] = instr->a;
			continue;
		}
		double value = instr->op == WEIR_OP_NODATA ? weir_nodata_f64 ()
		                                           : weir_nan_canonical (instr->value);
		self->consts = weir_realloc (self->consts, (self->n_consts + 1) * sizeof (double));
		self->consts[self->n_consts] = value;
		work->slot_of[i] = (uint32_t) (self->n_inputs + self->n_consts++);
	}
}

static uint32_t
s_take_slot (s_work_t *work, size_t *n_slots)
{
	if (work->n_free > 0)
		return work->free_slots[--work->n_free];
	return (uint32_t) (*n_slots)++;
}

/* After instruction i: temporaries whose last reader it was are free. */
static void
s_free_slots (s_work_t *work, size_t i)
{
	const weir_instr_t *instr = &work->prog->instr[i];
	for (int k = 0; k < weir_op_n_operands (instr->op); k++) {
		uint16_t from = s_operand (instr, k);
		if (s_is_leaf (work->prog->instr[from].op) || work->last_use[from] != i)
			continue;
		work->last_use[from] = UINT32_MAX; /* x + x: only once */
		work->free_slots[work->n_free++] = work->slot_of[from];
	}
}

static double
s_instr_value (const weir_instr_t *instr)
{
	bool has_delta = instr->op == WEIR_OP_EQ || instr->op == WEIR_OP_NEQ;
	return has_delta && !(instr->value >= 0) ? -1 : instr->value;
}

static void
s_emit (weir_chain_t *self, s_step_t *step, s_work_t *work, size_t first_temp)
{
	const weir_prog_t *prog = work->prog;
	size_t n_slots = first_temp;
	step->code = weir_alloc (prog->n_instr * sizeof *step->code);
	for (size_t i = 0; i < prog->n_instr; i++) {
		const weir_instr_t *instr = &prog->instr[i];
		if (work->last_use[i] == 0 || s_is_leaf (instr->op))
			continue;
		int n = weir_op_n_operands (instr->op);
		uint32_t a = work->slot_of[instr->a];
		s_code_t *code = &step->code[step->n_code++];
		*code = (s_code_t){ .fn = weir_vec_op (instr->op), .a = a, .value = s_instr_value (instr) };
		code->b = n > 1 ? work->slot_of[instr->b] : a;
		code->c = n > 2 ? work->slot_of[instr->c] : a;
		code->dst = work->slot_of[i] = s_take_slot (work, &n_slots);
		s_free_slots (work, i);
	}
	step->result = work->slot_of[prog->n_instr - 1];
	step->out = prog->out;
	if (n_slots > self->n_slots)
		self->n_slots = n_slots;
}

static void
s_compile (weir_chain_t *self, const weir_chain_spec_t *spec)
{
	self->n_steps = spec->n_progs;
	self->steps = weir_alloc (spec->n_progs * sizeof *self->steps);
	s_work_t *works = weir_alloc (spec->n_progs * sizeof *works);
	for (size_t i = 0; i < spec->n_progs; i++) {
		s_work_init (&works[i], spec->progs[i]);
		s_add_consts (self, &works[i]);
	}
	size_t first_temp = self->n_inputs + self->n_consts;
	self->n_slots = first_temp;
	for (size_t i = 0; i < spec->n_progs; i++) {
		s_emit (self, &self->steps[i], &works[i], first_temp);
		s_work_clear (&works[i]);
	}
	free (works);
}

/* The type of values before the conversion to `out`, or false if nobody knows. */
static bool
s_last_cell (const weir_chain_spec_t *spec, weir_cell_t *cell_out)
{
	if (spec->n_progs > 0)
		*cell_out = spec->progs[spec->n_progs - 1]->out;
	else if (spec->in_cells != NULL)
		*cell_out = spec->in_cells[0];
	else
		return false;
	return true;
}

weir_chain_t *
weir_chain_new (const weir_chain_spec_t *spec)
{
	weir_assert (spec->n_inputs > 0);
	weir_chain_t *self = weir_alloc (sizeof *self);
	self->n_inputs = spec->n_inputs;
	if (spec->in_cells != NULL) {
		self->in_cells = weir_alloc (spec->n_inputs * sizeof *self->in_cells);
		memcpy (self->in_cells, spec->in_cells, spec->n_inputs * sizeof *self->in_cells);
	}
	s_compile (self, spec);
	weir_cell_t last;
	self->out = spec->out;
	self->converts = !s_last_cell (spec, &last) || last.type != spec->out.type ||
	                 last.has_nodata != spec->out.has_nodata ||
	                 (last.has_nodata && !weir_type_is_float (last.type) &&
	                  last.nodata != spec->out.nodata);
	size_t tile = TILE_BYTES_AIM / sizeof (double) / self->n_slots / TILE_MIN * TILE_MIN;
	self->tile = tile > TILE_MAX ? TILE_MAX : tile < TILE_MIN ? TILE_MIN : tile;
	return self;
}

void
weir_chain_destroy (weir_chain_t **self_p)
{
	weir_chain_t *self = *self_p;
	*self_p = NULL;
	if (self == NULL)
		return;
	for (size_t i = 0; i < self->n_steps; i++)
		free (self->steps[i].code);
	free (self->steps);
	free (self->in_cells);
	free (self->consts);
	free (self);
}

/* ---- run */

size_t
weir_chain_tile (const weir_chain_t *self)
{
	return self->tile;
}

size_t
weir_chain_memory_bytes (const weir_chain_t *self)
{
	return self->n_slots * self->tile * sizeof (double);
}

void
weir_chain_prepare (const weir_chain_t *self, double *memory)
{
	for (size_t i = 0; i < self->n_consts; i++) {
		double *slot = memory + (self->n_inputs + i) * self->tile;
		for (size_t k = 0; k < self->tile; k++)
			slot[k] = self->consts[i];
	}
}

double *
weir_chain_input (const weir_chain_t *self, double *memory, size_t input)
{
	return memory + input * self->tile;
}

/* Which value it was: slow, and only once. */
static void
s_find_misfit (weir_cell_t cell, bool strict, const double *values, size_t n,
               weir_misfit_t *misfit_out)
{
	size_t i = 0;
	while (i + 1 < n && weir_vec_misfits (cell, strict, values + i, 1) == 0)
		i++;
	misfit_out->value = values[i];
	misfit_out->cell = cell;
}

static bool
s_round_inputs (const weir_chain_t *self, double *memory, size_t n, weir_misfit_t *misfit_out)
{
	for (size_t i = 0; i < self->n_inputs; i++) {
		double *values = weir_chain_input (self, memory, i);
		if (weir_vec_misfits (self->in_cells[i], true, values, n) > 0) {
			*misfit_out = (weir_misfit_t){ .is_input = true, .input = i };
			s_find_misfit (self->in_cells[i], true, values, n, misfit_out);
			return false;
		}
		weir_vec_round (self->in_cells[i], values, values, n);
	}
	return true;
}

static void
s_run_step (const weir_chain_t *self, const s_step_t *step, double *memory, size_t n)
{
	size_t tile = self->tile;
	for (size_t i = 0; i < step->n_code; i++) {
		const s_code_t *code = &step->code[i];
		code->fn (memory + code->dst * tile, memory + code->a * tile, memory + code->b * tile,
		          memory + code->c * tile, code->value, n);
	}
	weir_vec_round (step->out, memory, memory + step->result * tile, n);
}

bool
weir_chain_run (const weir_chain_t *self, double *memory, size_t n, void *dst,
                weir_misfit_t *misfit_out)
{
	if (self->in_cells != NULL && !s_round_inputs (self, memory, n, misfit_out))
		return false;
	for (size_t i = 0; i < self->n_steps; i++)
		s_run_step (self, &self->steps[i], memory, n);
	if (self->converts) {
		if (weir_vec_misfits (self->out, false, memory, n) > 0) {
			*misfit_out = (weir_misfit_t){ .is_input = false };
			s_find_misfit (self->out, false, memory, n, misfit_out);
			return false;
		}
		weir_vec_round (self->out, memory, memory, n);
	}
	weir_vec_store (self->out, dst, memory, n);
	return true;
}
