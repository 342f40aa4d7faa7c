/* lower_shape.c - the type that a value needs as a result, see lower.h
 *
 * Source   DESIGN 8, Types
 */
#include "cube/graph/lower.h"

bool
weir_cell_is_wide (weir_cell_t cell)
{
	return cell.type == WEIR_U32 || cell.type == WEIR_I32 || cell.type == WEIR_F64;
}

weir_lowered_t
weir_lowered_const (weir_lowered_kind_t kind, double value)
{
	weir_lowered_t self = {
		.kind = kind, .is_const = true, .value = value, .shape = WEIR_SHAPE_CONSTS
	};
	self.can_nodata = kind == WEIR_LOWERED_NODATA;
	self.n_consts = kind == WEIR_LOWERED_NODATA ? 0 : 1;
	self.consts[0] = value;
	return self;
}

weir_lowered_t
weir_lowered_input (weir_cell_t cell, uint16_t instr)
{
	weir_lowered_t self = { .instr = instr, .shape = WEIR_SHAPE_CELL, .cell = cell };
	self.kind = cell.is_bool ? WEIR_LOWERED_BOOL : WEIR_LOWERED_NUMBER;
	self.can_nodata = cell.has_nodata || weir_type_is_float (cell.type);
	return self;
}

static weir_cell_t
s_small_cell (void)
{
	weir_cell_t cell = weir_cell_bool ();
	cell.is_bool = false;
	return cell;
}

/* Whole numbers that uint8 holds beside no-data 255. */
static bool
s_are_small (const weir_lowered_t *self)
{
	for (size_t i = 0; i < self->n_consts; i++) {
		if (!weir_type_holds (WEIR_U8, self->consts[i]) || self->consts[i] == 255)
			return false;
	}
	return true;
}

bool
weir_lowered_is_wide (const weir_lowered_t *self)
{
	if (self->shape == WEIR_SHAPE_FLOAT)
		return self->is_wide;
	return self->shape == WEIR_SHAPE_CELL && weir_cell_is_wide (self->cell);
}

/* A boolean among numbers is one of the constants 0 and 1. */
static weir_lowered_t
s_as_number (const weir_lowered_t *value)
{
	weir_lowered_t self = *value;
	if (self.kind == WEIR_LOWERED_BOOL && !self.is_const) {
		self.shape = WEIR_SHAPE_CONSTS;
		self.n_consts = 2;
		self.consts[0] = 0;
		self.consts[1] = 1;
	}
	self.kind = WEIR_LOWERED_NUMBER;
	return self;
}

static void
s_join_consts (weir_lowered_t *self, const weir_lowered_t *a, const weir_lowered_t *b)
{
	self->shape = WEIR_SHAPE_CONSTS;
	self->n_consts = 0;
	if (a->n_consts + b->n_consts <= WEIR_LOWERED_CONSTS_MAX) {
		for (size_t i = 0; i < a->n_consts; i++)
			self->consts[self->n_consts++] = a->consts[i];
		for (size_t i = 0; i < b->n_consts; i++)
			self->consts[self->n_consts++] = b->consts[i];
		return;
	}
	bool is_small = s_are_small (a) && s_are_small (b);
	self->shape = is_small ? WEIR_SHAPE_CELL : WEIR_SHAPE_FLOAT;
	self->cell = s_small_cell ();
	self->is_wide = false;
}

/* Constants beside cells of an integer type: they take it where they fit; one that equals no-data
 * widens it. */
static void
s_join_cell (weir_lowered_t *self, const weir_lowered_t *consts, const weir_lowered_t *cells)
{
	weir_cell_t cell = cells->cell;
	bool is_taken = false;
	self->shape = WEIR_SHAPE_CELL;
	self->cell = cell;
	if (weir_type_is_float (cell.type))
		return;
	for (size_t i = 0; i < consts->n_consts; i++) {
		if (!weir_type_holds (cell.type, consts->consts[i])) {
			self->shape = WEIR_SHAPE_FLOAT;
			self->is_wide = weir_cell_is_wide (cell);
			return;
		}
		is_taken = is_taken || (cell.has_nodata && consts->consts[i] == cell.nodata);
	}
	if (is_taken)
		self->cell = weir_cell_widen (cell);
}

static void
s_join_numbers (weir_lowered_t *self, const weir_lowered_t *a, const weir_lowered_t *b)
{
	if (a->shape == WEIR_SHAPE_CONSTS && b->shape == WEIR_SHAPE_CONSTS)
		s_join_consts (self, a, b);
	else if (a->shape == WEIR_SHAPE_CONSTS && b->shape == WEIR_SHAPE_CELL)
		s_join_cell (self, a, b);
	else if (a->shape == WEIR_SHAPE_CELL && b->shape == WEIR_SHAPE_CONSTS)
		s_join_cell (self, b, a);
	else if (a->shape == WEIR_SHAPE_CELL && b->shape == WEIR_SHAPE_CELL &&
	         weir_cell_equal (a->cell, b->cell)) {
		self->shape = WEIR_SHAPE_CELL;
		self->cell = a->cell;
	} else {
		self->shape = WEIR_SHAPE_FLOAT;
		self->is_wide = weir_lowered_is_wide (a) || weir_lowered_is_wide (b);
	}
}

weir_lowered_t
weir_lowered_join (const weir_lowered_t *a, const weir_lowered_t *b)
{
	weir_lowered_t self;
	if (a->kind == WEIR_LOWERED_NODATA || b->kind == WEIR_LOWERED_NODATA) {
		self = a->kind == WEIR_LOWERED_NODATA ? *b : *a;
	} else if (a->kind == WEIR_LOWERED_BOOL && b->kind == WEIR_LOWERED_BOOL) {
		self = (weir_lowered_t){ .kind = WEIR_LOWERED_BOOL,
			                     .shape = WEIR_SHAPE_CELL,
			                     .cell = weir_cell_bool () };
	} else {
		weir_lowered_t x = s_as_number (a), y = s_as_number (b);
		self = (weir_lowered_t){ .kind = WEIR_LOWERED_NUMBER };
		s_join_numbers (&self, &x, &y);
	}
	self.is_const = false;
	self.can_nodata = a->can_nodata || b->can_nodata;
	return self;
}

weir_cell_t
weir_lowered_cell (const weir_lowered_t *self, weir_cell_t in)
{
	if (self->kind == WEIR_LOWERED_BOOL)
		return weir_cell_bool ();
	if (self->kind == WEIR_LOWERED_NODATA)
		return s_small_cell ();
	if (self->shape == WEIR_SHAPE_CONSTS) {
		if (s_are_small (self))
			return s_small_cell ();
		return weir_cell_float (weir_cell_is_wide (in) ? WEIR_F64 : WEIR_F32);
	}
	if (self->shape == WEIR_SHAPE_FLOAT)
		return weir_cell_float (self->is_wide ? WEIR_F64 : WEIR_F32);
	if (self->can_nodata && !self->cell.has_nodata && !weir_type_is_float (self->cell.type))
		return weir_cell_widen (self->cell);
	return self->cell;
}
