/* stage.c - see stage.h: from a pipeline to maps, folds and planes */
#include "cube/kernel/stage.h"

#include "cube/kernel/stage_impl.h"
#include "cube/kernel/vec.h"
#include "runtime/base/mem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct {
	size_t n;
	const weir_prog_t *progs[WEIR_PIPELINE_STEPS_MAX + WEIR_FOLD_PROGS_MAX + 2];
} s_progs_t;

static void
s_progs_add (s_progs_t *self, const weir_prog_t *progs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		self->progs[self->n++] = &progs[i];
}

static weir_cell_t
s_progs_out (const s_progs_t *self, weir_cell_t in)
{
	return self->n > 0 ? self->progs[self->n - 1]->out : in;
}

/* What one value becomes. */
static double
s_progs_eval (const s_progs_t *self, double value)
{
	for (size_t i = 0; i < self->n; i++)
		value = weir_prog_eval (self->progs[i], &value);
	return value;
}

/* A map, and what comes out of it. Wide inputs are not worked out one by one; a boolean operation
 * is known. */
static weir_map_t *
s_new_map (weir_cell_t in, const s_progs_t *progs, weir_domain_t *domain_out)
{
	weir_map_spec_t spec = { .in = in,
		                     .lo = weir_type_min (in.type),
		                     .hi = weir_type_max (in.type) };
	weir_cell_t out = s_progs_out (progs, in);
	spec.chain = (weir_chain_spec_t){
		.n_inputs = 1, .n_progs = progs->n, .progs = progs->progs, .out = out
	};
	weir_map_t *map = weir_map_new (&spec);
	*domain_out = weir_map_domain (map);
	if (weir_type_is_float (out.type) || weir_map_kind (map) != WEIR_MAP_CHAIN)
		return map;
	const weir_prog_t *last = progs->progs[progs->n - 1];
	if (weir_op_is_bool (last->instr[last->n_instr - 1].op)) {
		domain_out->lo = 0;
		domain_out->hi = fmin (1, weir_type_max (out.type));
	}
	return map;
}

/* The value of unobserved cells is one of those that occur. */
static void
s_widen_domain (weir_domain_t *domain, double value)
{
	if (weir_is_nodata_f64 (value)) {
		domain->may_be_nodata = true;
		return;
	}
	domain->lo = fmin (domain->lo, value);
	domain->hi = fmax (domain->hi, value);
}

/* ---- slices and folds */

/* Steps of one phase: those before the bands become one go to `before` (all, where they do not
 * there), the rest to `after`. */
static void
s_split_steps (const weir_pipeline_t *pipeline, weir_bands_at_t at, s_progs_t *before,
               s_progs_t *after)
{
	bool is_slice = at == WEIR_BANDS_SLICE;
	const weir_prog_t *steps = is_slice ? pipeline->slice_steps : pipeline->chunk_steps;
	size_t n = is_slice ? pipeline->n_slice_steps : pipeline->n_chunk_steps;
	size_t n_before = pipeline->bands_at == at ? pipeline->n_bands_before : n;
	s_progs_t *rest = pipeline->n_inputs > 1 ? after : before;
	s_progs_add (before, steps, n_before);
	if (pipeline->bands_at != at)
		return;
	s_progs_add (rest, &pipeline->bands, 1); /* of one band alone: a step like any other */
	for (size_t i = n_before; i < n; i++)
		s_progs_add (rest, &steps[i], 1);
}

/* All inputs are `value`. */
static double
s_combine_eval (const s_progs_t *progs, size_t n_inputs, double value)
{
	double inputs[WEIR_PROG_INPUT_MAX];
	s_progs_t rest = { .n = progs->n - 1 };
	for (size_t i = 0; i < n_inputs; i++)
		inputs[i] = value;
	for (size_t i = 0; i < rest.n; i++)
		rest.progs[i] = progs->progs[i + 1];
	return s_progs_eval (&rest, weir_prog_eval (progs->progs[0], inputs));
}

static weir_combine_t *
s_new_combine (const weir_pipeline_t *pipeline, const s_progs_t *progs, weir_cell_t in,
               weir_cell_t out)
{
	weir_chain_spec_t spec = {
		.n_inputs = pipeline->n_inputs, .n_progs = progs->n, .progs = progs->progs, .out = out
	};
	return weir_combine_new (in, &spec);
}

static weir_domain_t
s_any_of (weir_cell_t cell)
{
	if (cell.is_bool)
		return (weir_domain_t){ .may_be_nodata = cell.has_nodata, .lo = 0, .hi = 1 };
	return (weir_domain_t){ .may_be_nodata = cell.has_nodata || weir_type_is_float (cell.type),
		                    .lo = weir_type_min (cell.type),
		                    .hi = weir_type_max (cell.type) };
}

/* One fold takes the programs that it needs before it into the slices' map; several have maps of
 * their own. */
static void
s_compile_slices (weir_stage_t *self, const weir_pipeline_t *pipeline, weir_fold_input_t *input_out)
{
	s_progs_t progs = { 0 }, after = { 0 };
	s_split_steps (pipeline, WEIR_BANDS_SLICE, &progs, &after);
	s_progs_t *last = after.n > 0 ? &after : &progs;
	if (pipeline->n_folds == 1)
		last->n += weir_fold_progs (&pipeline->folds[0], s_progs_out (last, pipeline->in),
		                            &last->progs[last->n]);
	self->mapped = s_progs_out (last, pipeline->in);
	self->can_skip = last->n > 0 || pipeline->in.has_nodata ||
	                 weir_type_is_float (pipeline->in.type);
	input_out->n_labels = self->n_labels;
	input_out->cell = self->mapped;
	input_out->skip = s_progs_eval (&progs, weir_nodata_f64 ());
	self->map = s_new_map (pipeline->in, &progs, &input_out->domain);
	if (after.n > 0) {
		self->combine = s_new_combine (pipeline, &after, s_progs_out (&progs, pipeline->in),
		                               self->mapped);
		input_out->skip = s_combine_eval (&after, pipeline->n_inputs, input_out->skip);
		input_out->domain = s_any_of (self->mapped);
	}
	if (self->can_skip) {
		s_widen_domain (&input_out->domain, input_out->skip);
		weir_cell_set (self->mapped, &self->skip_bits, 0, input_out->skip);
	}
}

static void
s_compile_fold (weir_stage_t *self, const weir_fold_t *fold, size_t at,
                const weir_fold_input_t *slices)
{
	weir_fold_input_t input = *slices;
	s_progs_t progs = { 0 };
	if (self->n_folds > 1)
		progs.n = weir_fold_progs (fold, slices->cell, progs.progs);
	if (progs.n > 0) {
		input.cell = s_progs_out (&progs, slices->cell);
		input.skip = s_progs_eval (&progs, slices->skip);
		self->premaps[at] = s_new_map (slices->cell, &progs, &input.domain);
		s_widen_domain (&input.domain, input.skip);
	}
	weir_fold_plan (fold, &input, &self->folds[at]);
	self->skips = self->skips && self->folds[at].skips;
	self->is_ordered = self->is_ordered || self->folds[at].is_ordered;
}

static void
s_compile_folds (weir_stage_t *self, const weir_pipeline_t *pipeline,
                 const weir_fold_input_t *input)
{
	static const weir_fold_t none = { .kind = WEIR_FOLD_NONE };
	self->skips = true;
	self->n_folds = pipeline->n_folds > 0 ? pipeline->n_folds : 1;
	for (size_t i = 0; i < self->n_folds; i++)
		s_compile_fold (self, pipeline->n_folds > 0 ? &pipeline->folds[i] : &none, i, input);
}

/* ---- what comes after */

/* The accumulator of a single plane as cells: false for 64-bit sums, which are none of the cell
 * types. */
static bool
s_plane_cell (const weir_fold_plan_t *fold, weir_cell_t *cell_out)
{
	const weir_plane_t *plane = &fold->planes[0];
	if (fold->n_planes != 1 || plane->type == WEIR_I64)
		return false;
	bool is_float = weir_type_is_float ((weir_type_t) plane->type);
	*cell_out = is_float
	                ? weir_cell_float ((weir_type_t) plane->type)
	                : (weir_cell_t){ .type = (weir_type_t) plane->type,
		                             .has_nodata = plane->has_none && fold->domain.may_be_nodata,
		                             .nodata = plane->none };
	return true;
}

/* Nothing to round: the accumulator is the fold's result already. Sums of floats are rounded in any
 * case, which also makes one NaN of all. */
static bool
s_is_result (const weir_fold_plan_t *fold, weir_cell_t acc, weir_cell_t out)
{
	if (fold->kind == WEIR_FOLD_SUM || fold->kind == WEIR_FOLD_COUNT ||
	    fold->kind == WEIR_FOLD_PRODUCT)
		return false;
	out.is_bool = false;
	return weir_cell_equal (acc, out);
}

static void
s_compile_finish (weir_stage_t *self, const weir_pipeline_t *pipeline)
{
	s_progs_t progs = { 0 }, after = { 0 };
	weir_cell_t cells[WEIR_PIPELINE_FOLDS_MAX], acc;
	for (size_t i = 0; i < self->n_folds; i++)
		cells[i] = pipeline->n_folds > 0 ? pipeline->folds[i].out : self->mapped;
	if (pipeline->post.n_instr > 0)
		s_progs_add (&progs, &pipeline->post, 1);
	s_split_steps (pipeline, WEIR_BANDS_CHUNK, &progs, &after);
	self->finished = pipeline->out;
	if (after.n > 0) {
		self->finished = s_progs_out (&progs, cells[0]);
		self->finish_combine = s_new_combine (pipeline, &after, self->finished, pipeline->out);
	}
	weir_chain_spec_t chain = { .n_inputs = self->n_folds,
		                        .in_cells = cells,
		                        .out = self->finished };
	chain.n_progs = progs.n;
	chain.progs = progs.progs;
	if (self->n_folds > 1 || !s_plane_cell (&self->folds[0], &acc)) {
		self->finish_chain = weir_chain_new (&chain);
		return;
	}
	weir_map_spec_t spec = { .in = acc, .chain = chain };
	spec.lo = self->folds[0].domain.lo;
	spec.hi = self->folds[0].domain.hi;
	if (s_is_result (&self->folds[0], acc, cells[0]))
		spec.chain.in_cells = NULL;
	spec.in.is_bool = self->finished.is_bool; /* booleans are plain cells here */
	self->finish_map = weir_map_new (&spec);
}

/* ---- names */

static const char *
s_acc_name (const weir_plane_t *plane)
{
	if (plane->type == WEIR_I128)
		return "int128";
	return plane->type == WEIR_I64 ? "int64" : weir_type_name ((weir_type_t) plane->type);
}

static void
s_describe (weir_stage_t *self)
{
	char map[32], *at = self->name, *end = self->name + sizeof self->name;
	weir_map_describe (self->map, map, sizeof map);
	at += snprintf (at, (size_t) (end - at), "%s", map);
	if (self->combine != NULL)
		at += snprintf (at, (size_t) (end - at), " > %zu bands",
		                weir_combine_n_inputs (self->combine));
	for (size_t i = 0; i < self->n_folds && at < end; i++) {
		const char *name = weir_fold_name (self->folds[i].kind);
		at += snprintf (at, (size_t) (end - at), "%s%s:%s", i == 0 ? " > " : ", ", name,
		                s_acc_name (&self->folds[i].planes[0]));
	}
	snprintf (map, sizeof map, "interpreter");
	if (self->finish_map != NULL)
		weir_map_describe (self->finish_map, map, sizeof map);
	if (at < end)
		at += snprintf (at, (size_t) (end - at), " > %s", map);
	if (at < end && self->finish_combine != NULL)
		snprintf (at, (size_t) (end - at), " > %zu bands",
		          weir_combine_n_inputs (self->finish_combine));
}

/* ---- the stage */

int
weir_stage_new (const weir_pipeline_t *pipeline, uint32_t n_labels, weir_stage_t **stage_out,
                weir_err_t *err)
{
	*stage_out = NULL;
	weir_pipeline_t checked = *pipeline;
	if (checked.n_folds == 1 && checked.folds != NULL && checked.folds[0].kind == WEIR_FOLD_NONE)
		checked.n_folds = 0;
	int status = weir_pipeline_check (&checked, n_labels, err);
	if (status != 0)
		return status;
	weir_stage_t *self = weir_alloc (sizeof *self);
	self->n_labels = n_labels > 0 ? n_labels : 1;
	self->in = checked.in;
	self->out = checked.out;
	weir_fold_input_t input = { 0 };
	s_compile_slices (self, &checked, &input);
	s_compile_folds (self, &checked, &input);
	s_compile_finish (self, &checked);
	s_describe (self);
	*stage_out = self;
	return 0;
}

void
weir_stage_destroy (weir_stage_t **self_p)
{
	weir_stage_t *self = *self_p;
	*self_p = NULL;
	if (self == NULL)
		return;
	weir_map_destroy (&self->map);
	for (size_t i = 0; i < WEIR_PIPELINE_FOLDS_MAX; i++)
		weir_map_destroy (&self->premaps[i]);
	weir_map_destroy (&self->finish_map);
	weir_combine_destroy (&self->combine);
	weir_combine_destroy (&self->finish_combine);
	weir_chain_destroy (&self->finish_chain);
	free (self);
}

bool
weir_stage_skips_nodata (const weir_stage_t *self)
{
	return self->skips && self->can_skip;
}

bool
weir_stage_is_ordered (const weir_stage_t *self)
{
	return self->is_ordered;
}

size_t
weir_stage_run_bands (const weir_stage_t *self)
{
	return self->combine != NULL ? weir_combine_n_inputs (self->combine) : 1;
}

const char *
weir_stage_kernel_name (const weir_stage_t *self)
{
	return self->name;
}

/* ---- accumulators */

size_t
weir_stage_acc_bytes (const weir_stage_t *self, size_t n_cells)
{
	weir_assert (n_cells <= SIZE_MAX / 256);
	size_t bytes = 0;
	for (size_t i = 0; i < self->n_folds; i++)
		for (size_t k = 0; k < self->folds[i].n_planes; k++)
			bytes += weir_plane_bytes (&self->folds[i].planes[k], n_cells);
	return bytes;
}

/* The stack of a binary counter over leaves is never deeper than its number of digits. */
size_t
weir_stage_run_accs (const weir_stage_t *self, uint32_t n_labels)
{
	if (!self->is_ordered)
		return 1;
	uint64_t n_leaves = ((uint64_t) n_labels + WEIR_LEAF_LABELS - 1) / WEIR_LEAF_LABELS;
	size_t accs = 1;
	for (; n_leaves > 1; n_leaves /= 2)
		accs++;
	return accs;
}

void
weir_stage_acc_init (const weir_stage_t *self, void *acc, size_t n_cells)
{
	char *at = acc;
	for (size_t i = 0; i < self->n_folds; i++)
		for (size_t k = 0; k < self->folds[i].n_planes; k++) {
			const weir_plane_t *plane = &self->folds[i].planes[k];
			size_t bytes = weir_plane_bytes (plane, n_cells), used = n_cells * plane->bytes;
			weir_fill_bits (at, plane->bytes, plane->init, n_cells);
			memset (at + used, 0, bytes - used); /* partials are sent: nothing undefined in them */
			at += bytes;
		}
}

void
weir_stage_acc_merge (const weir_stage_t *self, void *left, const void *right, size_t n_cells)
{
	char *to = left;
	const char *from = right;
	for (size_t i = 0; i < self->n_folds; i++) {
		const weir_fold_plan_t *fold = &self->folds[i];
		void *left_planes[WEIR_FOLD_PLANES_MAX];
		const void *right_planes[WEIR_FOLD_PLANES_MAX];
		for (size_t k = 0; k < fold->n_planes; k++) {
			const weir_plane_t *plane = &fold->planes[k];
			left_planes[k] = to;
			right_planes[k] = from;
			if (plane->merge != NULL)
				plane->merge (to, from, n_cells, &plane->merge_args);
			to += weir_plane_bytes (plane, n_cells);
			from += weir_plane_bytes (plane, n_cells);
		}
		if (fold->merge_all != NULL)
			fold->merge_all (left_planes, right_planes, n_cells);
	}
}
