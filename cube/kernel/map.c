/* map.c - see map.h: tabulate, find the ranges, choose the kernel */
#include "cube/kernel/map.h"

#include "cube/kernel/vec.h"
#include "runtime/base/mem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

struct weir_map {
	weir_map_kind_t kind;
	weir_cell_t in, out;
	size_t in_bytes, out_bytes;
	weir_domain_t domain;
	size_t n_ranges;
	weir_map_range_t ranges[WEIR_MAP_RANGES_MAX + 1]; /* the first from the smallest value on */
	weir_map_fn_t *first_fn, *next_fn;
	void *table; /* by the bits of the input */
	weir_map_table_fn_t *table_fn;
	weir_chain_t *chain; /* kept for WEIR_MAP_CHAIN only */
};

typedef struct { /* every value of an 8- or 16-bit type, in ascending order */
	size_t n;
	int32_t first;
	bool *occurs;
	void *results; /* cells of `out` */
} s_tab_t;

/* ---- tabulate */

static bool
s_run_chain (const weir_chain_t *chain, double *memory, const double *values, size_t n,
             void *results, size_t out_bytes)
{
	size_t tile = weir_chain_tile (chain);
	weir_misfit_t misfit;
	for (size_t i = 0; i < n; i += tile) {
		size_t m = n - i < tile ? n - i : tile;
		memcpy (weir_chain_input (chain, memory, 0), values + i, m * sizeof (double));
		if (!weir_chain_run (chain, memory, m, (char *) results + i * out_bytes, &misfit))
			return false;
	}
	return true;
}

/* What does not occur stands for something that does, so that nothing strange is worked out. */
static void
s_set_values (const weir_map_spec_t *spec, s_tab_t *tab, double *values)
{
	double nodata = spec->in.has_nodata ? spec->in.nodata : WEIR_NAN;
	double other = spec->lo <= spec->hi ? spec->lo : weir_nodata_f64 ();
	for (size_t i = 0; i < tab->n; i++) {
		double value = (double) tab->first + (double) i;
		bool is_nodata = value == nodata;
		tab->occurs[i] = is_nodata || (value >= spec->lo && value <= spec->hi);
		values[i] = is_nodata ? weir_nodata_f64 () : tab->occurs[i] ? value : other;
	}
}

/* False if a value that occurs does not fit into `out`: then each run has to look for it. */
static bool
s_tabulate (const weir_map_spec_t *spec, const weir_chain_t *chain, s_tab_t *tab)
{
	size_t out_bytes = weir_type_size (spec->chain.out.type);
	tab->n = weir_type_size (spec->in.type) == 1 ? 256 : 65536;
	tab->first = (int32_t) weir_type_min (spec->in.type);
	tab->occurs = weir_alloc (tab->n * sizeof *tab->occurs);
	tab->results = weir_alloc (tab->n * out_bytes);
	double *values = weir_alloc (tab->n * sizeof *values);
	double *memory = weir_alloc (weir_chain_memory_bytes (chain));
	weir_chain_prepare (chain, memory);
	s_set_values (spec, tab, values);
	bool ok = s_run_chain (chain, memory, values, tab->n, tab->results, out_bytes);
	free (memory);
	free (values);
	return ok;
}

static void
s_find_domain (weir_map_t *self, const s_tab_t *tab)
{
	self->domain = (weir_domain_t){ .lo = INFINITY, .hi = -INFINITY };
	for (size_t i = 0; i < tab->n; i++) {
		if (!tab->occurs[i])
			continue;
		double value = weir_cell_get (self->out, tab->results, i);
		if (weir_is_nodata_f64 (value)) {
			self->domain.may_be_nodata = true;
			continue;
		}
		self->domain.lo = fmin (self->domain.lo, value);
		self->domain.hi = fmax (self->domain.hi, value);
	}
}

/* ---- ranges */

typedef struct { /* a range while it grows: constant and affine as long as they hold */
	bool has_value, is_const, is_affine;
	uint32_t konst; /* bits */
	int32_t add;    /* result - value, modulo the width for integers */
} s_guess_t;

static uint32_t
s_result_bits (const weir_map_t *self, const s_tab_t *tab, size_t i)
{
	uint32_t bits = 0;
	memcpy (&bits, (const char *) tab->results + i * self->out_bytes, self->out_bytes);
	return bits;
}

static uint32_t
s_width_mask (const weir_map_t *self)
{
	return self->out_bytes == 4 ? UINT32_MAX : (1U << (8 * self->out_bytes)) - 1;
}

/* The `add` that makes an affine result of value x; false if there is none. */
static bool
s_affine_add (const weir_map_t *self, int32_t x, uint32_t bits, int32_t *add_out)
{
	if (self->out.type != WEIR_F32) {
		*add_out = (int32_t) ((bits - (uint32_t) x) & s_width_mask (self));
		return true;
	}
	float result;
	memcpy (&result, &bits, sizeof result);
	if (!(fabsf (result) <= 8388608.0F) || rintf (result) != result || (result == 0 && bits != 0))
		return false;
	*add_out = (int32_t) result - x;
	return true;
}

static bool
s_guess_extend (const weir_map_t *self, s_guess_t *guess, int32_t x, uint32_t bits)
{
	int32_t add = 0;
	bool can_affine = s_affine_add (self, x, bits, &add);
	if (!guess->has_value) {
		*guess = (s_guess_t){ true, true, can_affine, bits, add };
		return true;
	}
	bool is_const = guess->is_const && bits == guess->konst;
	bool is_affine = guess->is_affine && can_affine && add == guess->add;
	if (!is_const && !is_affine)
		return false;
	guess->is_const = is_const;
	guess->is_affine = is_affine;
	return true;
}

static weir_map_range_t
s_guess_range (const weir_map_t *self, const s_guess_t *guess, int32_t from)
{
	/* A lone value may be seen either way: x + 0 makes identities of them. */
	bool affine = guess->is_affine && (!guess->is_const || guess->add == 0);
	weir_map_range_t range = { .from = from, .mask = affine ? UINT32_MAX : 0 };
	if (self->out.type == WEIR_F32) {
		range.add = affine ? guess->add : 0;
		range.konst = affine ? 0 : guess->konst;
	} else
		range.konst = affine ? (uint32_t) guess->add : guess->konst;
	return range;
}

/* Greedy from left to right, which gives the fewest; values that do not occur fit anywhere. */
static bool
s_find_ranges (weir_map_t *self, const s_tab_t *tab)
{
	s_guess_t guess = { 0 };
	int32_t from = tab->first;
	for (size_t i = 0; i < tab->n; i++) {
		int32_t x = tab->first + (int32_t) i;
		uint32_t bits = s_result_bits (self, tab, i);
		if (!tab->occurs[i] || s_guess_extend (self, &guess, x, bits))
			continue;
		if (self->n_ranges + 1 >= WEIR_MAP_RANGES_MAX)
			return false;
		self->ranges[self->n_ranges++] = s_guess_range (self, &guess, from);
		from = x;
		guess = (s_guess_t){ 0 };
		s_guess_extend (self, &guess, x, bits);
	}
	self->ranges[self->n_ranges++] = s_guess_range (self, &guess, from);
	return true;
}

static bool
s_is_identity (const weir_map_t *self)
{
	return self->n_ranges == 1 && self->in_bytes == self->out_bytes && self->out.type != WEIR_F32 &&
	       self->ranges[0].mask != 0 && (self->ranges[0].konst & s_width_mask (self)) == 0;
}

static bool
s_try_ranges (weir_map_t *self, const s_tab_t *tab)
{
	if (weir_map_kernel (self->in.type, self->out.type, 2) == NULL || !s_find_ranges (self, tab))
		return false;
	if (s_is_identity (self)) {
		self->kind = WEIR_MAP_IDENTITY;
		return true;
	}
	self->kind = WEIR_MAP_RANGES;
	if (self->n_ranges == 1) { /* the kernels want two: the same again */
		self->ranges[1] = self->ranges[0];
		self->n_ranges = 2;
	}
	self->first_fn = weir_map_kernel (self->in.type, self->out.type, self->n_ranges == 2 ? 2 : 3);
	self->next_fn = weir_map_kernel (self->in.type, self->out.type, 1);
	return true;
}

/* From the order of values to the order of bits: for signed inputs the halves change places. */
static void
s_make_table (weir_map_t *self, const s_tab_t *tab)
{
	self->kind = WEIR_MAP_TABLE;
	self->table = weir_alloc (tab->n * self->out_bytes);
	for (size_t i = 0; i < tab->n; i++) {
		size_t at = (size_t) (uint32_t) (tab->first + (int32_t) i) & (tab->n - 1);
		memcpy ((char *) self->table + at * self->out_bytes,
		        (char *) tab->results + i * self->out_bytes, self->out_bytes);
	}
	self->table_fn = weir_map_table_kernel (self->in.type, self->out.type);
}

/* ---- the map */

static weir_domain_t
s_type_domain (weir_cell_t cell)
{
	return (weir_domain_t){ .may_be_nodata = cell.has_nodata || weir_type_is_float (cell.type),
		                    .lo = weir_type_min (cell.type),
		                    .hi = weir_type_max (cell.type) };
}

weir_map_t *
weir_map_new (const weir_map_spec_t *spec)
{
	weir_map_t *self = weir_alloc (sizeof *self);
	self->in = spec->in;
	self->out = spec->chain.out;
	self->in_bytes = weir_type_size (self->in.type);
	self->out_bytes = weir_type_size (self->out.type);
	self->chain = weir_chain_new (&spec->chain);
	self->kind = WEIR_MAP_CHAIN;
	self->domain = s_type_domain (self->out);
	bool does_nothing = spec->chain.n_progs == 0 && spec->chain.in_cells == NULL &&
	                    weir_cell_equal (self->in, self->out);
	s_tab_t tab = { 0 };
	if (does_nothing && self->in_bytes > 2)
		self->kind = WEIR_MAP_IDENTITY;
	else if (self->in_bytes <= 2 && s_tabulate (spec, self->chain, &tab)) {
		s_find_domain (self, &tab);
		if (!s_try_ranges (self, &tab))
			s_make_table (self, &tab);
	}
	free (tab.occurs);
	free (tab.results);
	if (self->kind != WEIR_MAP_CHAIN)
		weir_chain_destroy (&self->chain);
	return self;
}

void
weir_map_destroy (weir_map_t **self_p)
{
	weir_map_t *self = *self_p;
	*self_p = NULL;
	if (self == NULL)
		return;
	weir_chain_destroy (&self->chain);
	free (self->table);
	free (self);
}

weir_map_kind_t
weir_map_kind (const weir_map_t *self)
{
	return self->kind;
}

weir_domain_t
weir_map_domain (const weir_map_t *self)
{
	return self->domain;
}

void
weir_map_describe (const weir_map_t *self, char *buf, size_t buf_bytes)
{
	static const char *const names[] = { "identity", "ranges", "table", "interpreter" };
	if (self->kind == WEIR_MAP_RANGES)
		snprintf (buf, buf_bytes, "ranges(%zu)", self->n_ranges);
	else
		snprintf (buf, buf_bytes, "%s", names[self->kind]);
}

size_t
weir_map_memory_bytes (const weir_map_t *self)
{
	return self->chain != NULL ? weir_chain_memory_bytes (self->chain) : 0;
}

void
weir_map_prepare (const weir_map_t *self, double *memory)
{
	if (self->chain != NULL)
		weir_chain_prepare (self->chain, memory);
}

static bool
s_run_tiles (const weir_map_t *self, double *memory, char *dst, const char *src, size_t n,
             weir_misfit_t *misfit_out)
{
	size_t tile = weir_chain_tile (self->chain);
	double nodata = self->in.has_nodata ? self->in.nodata : WEIR_NAN;
	for (size_t i = 0; i < n; i += tile) {
		size_t m = n - i < tile ? n - i : tile;
		weir_vec_load ((int) self->in.type, nodata, weir_chain_input (self->chain, memory, 0),
		               src + i * self->in_bytes, m);
		if (!weir_chain_run (self->chain, memory, m, dst + i * self->out_bytes, misfit_out))
			return false;
	}
	return true;
}

bool
weir_map_run (const weir_map_t *self, double *memory, void *dst, const void *src, size_t n,
              weir_misfit_t *misfit_out)
{
	switch (self->kind) {
	case WEIR_MAP_IDENTITY: memcpy (dst, src, n * self->out_bytes); break;
	case WEIR_MAP_TABLE: self->table_fn (dst, src, n, self->table); break;
	case WEIR_MAP_CHAIN: return s_run_tiles (self, memory, dst, src, n, misfit_out);
	case WEIR_MAP_RANGES:
		self->first_fn (dst, src, n, self->ranges);
		for (size_t i = WEIR_MAP_KERNEL_RANGES; i < self->n_ranges; i++)
			self->next_fn (dst, src, n, &self->ranges[i]);
		break;
	}
	return true;
}
