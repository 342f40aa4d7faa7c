/* lower.c - callbacks become cell programs and folds, see graph.h
 *
 * Nodes are lowered in the order of evaluation, only those that the result needs; then the
 * instructions that the result does not use are dropped, so that it is the last one.
 */
#include "cube/graph/lower.h"

#include "cube/process/value.h"
#include "runtime/base/mem.h"

#include <stdlib.h>
#include <string.h>

static bool *
s_needed_nodes (const weir_graph_t *graph)
{
	bool *needed = weir_alloc (graph->n_nodes * sizeof *needed);
	needed[graph->result->position] = true;
	for (size_t i = graph->result->position + 1; i-- > 0;) {
		for (size_t k = 0; needed[i] && k < graph->order[i]->n_inputs; k++)
			needed[graph->order[i]->inputs[k]->position] = true;
	}
	return needed;
}

static int
s_lower_one (weir_lower_t *self, const weir_node_t *node)
{
	const weir_process_t *process = node->pub.process;
	weir_lowered_t *out = &self->values[node->position];
	if (process->op >= 0)
		return weir_lower_node (self, node, out);
	if (process->fold >= 0)
		return weir_lower_fold (self, node, out);
	if (strcmp (process->id, "array_element") == 0)
		return weir_lower_element (self, node, out);
	return weir_graph_fail (self->err, "ProcessUnsupported", self->graph->path, node->id,
	                        "process '%s': works on cubes, not inside another process",
	                        process->id);
}

static int
s_lower_graph (weir_lower_t *self)
{
	const weir_graph_t *graph = self->graph;
	bool *needed = s_needed_nodes (graph);
	int rc = 0;
	self->values = weir_alloc (graph->n_nodes * sizeof *self->values);
	for (size_t i = 0; rc == 0 && i <= graph->result->position; i++) {
		if (needed[i])
			rc = s_lower_one (self, graph->order[i]);
		if (rc == 0 && self->n_instr > WEIR_PROG_INSTR_MAX)
			rc = weir_graph_fail (self->err, "ProcessGraphInvalid", graph->path,
			                      graph->order[i]->id, "process graph: more than %d operations",
			                      WEIR_PROG_INSTR_MAX);
	}
	free (needed);
	return rc;
}

/* Which of a, b, c name instructions. */
static size_t
s_n_operands (const weir_instr_t *instr)
{
	if (instr->op == WEIR_OP_INPUT || instr->op == WEIR_OP_CONST || instr->op == WEIR_OP_NODATA)
		return 0;
	return (size_t) weir_op_n_operands (instr->op);
}

/* Keeps what `last` needs, each input once, and renumbers; returns how many are left. */
static size_t
s_compact (weir_instr_t *instr, size_t last)
{
	bool *used = weir_alloc ((last + 1) * sizeof *used);
	uint16_t *moved = weir_alloc ((last + 1) * sizeof *moved);
	uint16_t inputs[WEIR_PROG_INPUT_MAX];
	memset (inputs, 0xFF, sizeof inputs);
	used[last] = true;
	for (size_t i = last + 1; i-- > 0;) {
		size_t n = used[i] ? s_n_operands (&instr[i]) : 0;
		if (n > 0)
			used[instr[i].a] = true;
		if (n > 1)
			used[instr[i].b] = true;
		if (n > 2)
			used[instr[i].c] = true;
	}
	size_t n_kept = 0;
	for (size_t i = 0; i <= last; i++) {
		bool is_input = instr[i].op == WEIR_OP_INPUT;
		if (used[i] && is_input && inputs[instr[i].a] != UINT16_MAX) {
			moved[i] = inputs[instr[i].a];
			continue;
		}
		if (!used[i])
			continue;
		weir_instr_t kept = instr[i];
		size_t n = s_n_operands (&kept);
		kept.a = n > 0 ? moved[kept.a] : kept.a;
		kept.b = n > 1 ? moved[kept.b] : 0;
		kept.c = n > 2 ? moved[kept.c] : 0;
		if (is_input)
			inputs[kept.a] = (uint16_t) n_kept;
		moved[i] = (uint16_t) n_kept;
		instr[n_kept++] = kept;
	}
	free (moved);
	free (used);
	return n_kept;
}

/* The result as a program; takes the instructions. */
static int
s_finish (weir_lower_t *self, weir_prog_t *prog_out)
{
	const weir_node_t *node = self->graph->result;
	const weir_lowered_t *result = &self->values[node->position];
	if (result->kind > WEIR_LOWERED_NODATA)
		return weir_lower_fail (self, node,
		                        "process '%s': expected a result that is a number or a boolean",
		                        node->pub.process->id);
	uint16_t last = weir_lower_operand (self, result);
	if (self->n_instr > WEIR_PROG_INSTR_MAX)
		return weir_graph_fail (self->err, "ProcessGraphInvalid", self->graph->path, node->id,
		                        "process graph: more than %d operations", WEIR_PROG_INSTR_MAX);
	prog_out->n_instr = s_compact (self->instr, last);
	prog_out->instr = self->instr;
	prog_out->out = weir_lowered_cell (result, self->in);
	self->instr = NULL;
	return 0;
}

int
weir_lower_cells (const weir_graph_t *callback, const char *input_name, weir_cell_t in,
                  weir_prog_t *prog_out, weir_lowered_kind_t *kind_out, weir_err_t *err)
{
	weir_lower_t self = { .graph = callback, .err = err, .input_name = input_name, .in = in };
	memset (prog_out, 0, sizeof *prog_out);
	int rc = s_lower_graph (&self);
	if (rc == 0)
		rc = s_finish (&self, prog_out);
	if (rc == 0)
		*kind_out = self.values[callback->result->position].kind;
	free (self.values);
	free (self.instr);
	return rc;
}

int
weir_lower_apply (const weir_graph_t *callback, weir_cell_t in, weir_prog_t *prog_out,
                  weir_err_t *err)
{
	weir_lowered_kind_t kind;
	return weir_lower_cells (callback, "x", in, prog_out, &kind, err);
}

/* Folds that constants made needless go; the others close ranks. */
static void
s_drop_unused_folds (weir_prog_t *prog, weir_fold_t *folds, size_t *n_folds)
{
	bool used[WEIR_PIPELINE_FOLDS_MAX] = { false };
	uint16_t moved[WEIR_PIPELINE_FOLDS_MAX] = { 0 };
	size_t n_kept = 0;
	for (size_t i = 0; i < prog->n_instr; i++) {
		if (prog->instr[i].op == WEIR_OP_INPUT)
			used[prog->instr[i].a] = true;
	}
	for (size_t i = 0; i < *n_folds; i++) {
		moved[i] = (uint16_t) n_kept;
		if (used[i])
			folds[n_kept++] = folds[i];
		else
			weir_prog_clear (&folds[i].condition);
	}
	for (size_t i = 0; i < prog->n_instr; i++) {
		if (prog->instr[i].op == WEIR_OP_INPUT)
			prog->instr[i].a = moved[prog->instr[i].a];
	}
	*n_folds = n_kept;
}

static int
s_folds_nothing (const weir_lower_t *self, weir_prog_t *prog)
{
	weir_prog_clear (prog);
	return weir_lower_fail (
		self, self->graph->result,
		"process '%s': the reducer folds nothing: its result does not depend on 'data'",
		self->graph->result->pub.process->id);
}

static bool
s_is_computed (weir_fold_kind_t kind)
{
	return kind == WEIR_FOLD_SUM || kind == WEIR_FOLD_MEAN || kind == WEIR_FOLD_PRODUCT ||
	       kind == WEIR_FOLD_VARIANCE || kind == WEIR_FOLD_SD;
}

/* A callback rounds once, at its end: folds inside an expression stay as exact as they are. */
static void
s_keep_exact (weir_fold_t *folds, size_t n_folds)
{
	for (size_t i = 0; i < n_folds; i++)
		if (folds[i].out.type == WEIR_F32 && s_is_computed (folds[i].kind))
			folds[i].out = weir_cell_float (WEIR_F64);
}

static int
s_finish_reducer (weir_lower_t *self, weir_prog_t *post_out, weir_cell_t *cell_out)
{
	int rc = s_finish (self, post_out);
	if (rc != 0)
		return rc;
	s_drop_unused_folds (post_out, self->folds, &self->n_folds);
	*cell_out = post_out->out;
	if (self->n_folds == 0)
		return s_folds_nothing (self, post_out);
	if (post_out->n_instr == 1 && post_out->instr[0].op == WEIR_OP_INPUT) {
		weir_prog_clear (post_out);
		memset (post_out, 0, sizeof *post_out);
		*cell_out = self->folds[0].out;
	} else {
		s_keep_exact (self->folds, self->n_folds);
	}
	return 0;
}

int
weir_lower_reducer (const weir_graph_t *callback, weir_cell_t in, weir_fold_t *folds,
                    size_t *n_folds_out, weir_prog_t *post_out, weir_cell_t *cell_out,
                    weir_err_t *err)
{
	weir_lower_t self = { .graph = callback, .err = err, .in = in, .folds = folds };
	memset (post_out, 0, sizeof *post_out);
	*n_folds_out = 0;
	int rc = s_lower_graph (&self);
	if (rc == 0)
		rc = s_finish_reducer (&self, post_out, cell_out);
	for (size_t i = 0; rc != 0 && i < self.n_folds; i++)
		weir_prog_clear (&folds[i].condition);
	if (rc == 0)
		*n_folds_out = self.n_folds;
	free (self.values);
	free (self.instr);
	return rc;
}

int
weir_lower_bands_reducer (const weir_graph_t *callback, weir_cell_t in, size_t n_bands,
                          const char *const *names, weir_prog_t *prog_out, size_t *n_inputs_out,
                          uint32_t *inputs, weir_err_t *err)
{
	weir_lower_bands_t bands = { .n = n_bands, .names = names, .inputs = inputs };
	weir_lower_t self = { .graph = callback, .err = err, .in = in, .bands = &bands };
	memset (prog_out, 0, sizeof *prog_out);
	*n_inputs_out = 0;
	int rc = s_lower_graph (&self);
	if (rc == 0)
		rc = s_finish (&self, prog_out);
	if (rc == 0)
		weir_lower_sort_bands (&bands, prog_out);
	if (rc == 0 && bands.n_inputs == 0)
		rc = s_folds_nothing (&self, prog_out);
	*n_inputs_out = bands.n_inputs;
	free (self.values);
	free (self.instr);
	return rc;
}
