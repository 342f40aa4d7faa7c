/* lower_bands.c - reducers over bands: array_element, and folds written out as expressions
 *
 * The bands of a cube are known when it is planned, and all of them are at hand for a cell: a fold
 * over them is a chain of instructions, in the order of the bands, in float64, without rounding in
 * between.
 *
 * Limits   WEIR_PROG_INPUT_MAX bands in one expression
 * Source   openEO processes 2.0, DESIGN 8
 */
#include "cube/graph/lower.h"

#include "cube/process/value.h"

#include <math.h>
#include <string.h>

/* ---- instructions */

static uint16_t
s_op (weir_lower_t *self, weir_op_t op, uint16_t a, uint16_t b, uint16_t c)
{
	return weir_lower_emit (self, (weir_instr_t){ .op = op, .a = a, .b = b, .c = c });
}

static uint16_t
s_const (weir_lower_t *self, double value)
{
	return weir_lower_emit (self, (weir_instr_t){ .op = WEIR_OP_CONST, .value = value });
}

static uint16_t
s_none_of (weir_lower_t *self, uint16_t value)
{
	return s_op (self, WEIR_OP_IS_NODATA, value, 0, 0);
}

static uint16_t
s_pick (weir_lower_t *self, uint16_t condition, uint16_t yes, uint16_t no)
{
	return s_op (self, WEIR_OP_IF, condition, yes, no);
}

/* The cell of a band; *instr_out an input. */
static int
s_band (weir_lower_t *self, const weir_node_t *node, uint32_t band, uint16_t *instr_out)
{
	weir_lower_bands_t *bands = self->bands;
	size_t i = 0;
	while (i < bands->n_inputs && bands->inputs[i] != band)
		i++;
	if (i == WEIR_PROG_INPUT_MAX)
		return weir_lower_fail (self, node, "process '%s': more than %d bands in one expression",
		                        node->pub.process->id, WEIR_PROG_INPUT_MAX);
	if (i == bands->n_inputs)
		bands->inputs[bands->n_inputs++] = band;
	*instr_out = weir_lower_emit (self, (weir_instr_t){ .op = WEIR_OP_INPUT, .a = (uint16_t) i });
	return 0;
}

/* ---- array_element */

static int
s_no_element (const weir_lower_t *self, const weir_node_t *node, bool gives_nodata,
              weir_lowered_t *out)
{
	*out = weir_lowered_const (WEIR_LOWERED_NODATA, 0);
	if (gives_nodata)
		return 0;
	const json_t *index = json_object_get (node->arguments, "index");
	const json_t *label = json_object_get (node->arguments, "label");
	const char *name = weir_value_string (label);
	if (name != NULL)
		return weir_graph_fail (self->err, "ArrayElementNotAvailable", self->graph->path, node->id,
		                        "there is no band '%s'", name);
	if (json_is_number (label))
		return weir_graph_fail (self->err, "ArrayElementNotAvailable", self->graph->path, node->id,
		                        "there is no band %.17g", json_number_value (label));
	return weir_graph_fail (self->err, "ArrayElementNotAvailable", self->graph->path, node->id,
	                        "there is no band of index %.17g: the cube has %zu",
	                        json_number_value (index), self->bands->n);
}

/* Index of the band, or bands->n where there is none. */
static size_t
s_find_element (const weir_lower_t *self, const json_t *index, const json_t *label)
{
	const weir_lower_bands_t *bands = self->bands;
	const char *name = weir_value_string (label);
	if (bands->names == NULL)
		return 0;
	if (name != NULL) {
		for (size_t i = 0; i < bands->n; i++)
			if (strcmp (bands->names[i], name) == 0)
				return i;
		return bands->n;
	}
	double at = json_number_value (index);
	bool is_there = json_is_number (index) && at >= 0 && at < (double) bands->n && at == floor (at);
	return is_there ? (size_t) at : bands->n;
}

static int
s_check_element (const weir_lower_t *self, const weir_node_t *node)
{
	const json_t *data = json_object_get (node->arguments, "data");
	const char *name = json_string_value (json_object_get (data, "from_parameter"));
	if (self->input_name != NULL)
		return weir_lower_fail (self, node,
		                        "argument 'data': array_element needs an array, and here is one "
		                        "value at a time");
	if (name == NULL || strcmp (name, "data") != 0)
		return weir_lower_fail (
			self, node, "argument 'data': array_element takes the reducer's parameter 'data'");
	if (self->bands == NULL)
		return weir_graph_fail (
			self->err, "FeatureUnsupported", self->graph->path, node->id,
			"array_element picks bands: over the temporal dimension it is not offered yet");
	return 0;
}

int
weir_lower_element (weir_lower_t *self, const weir_node_t *node, weir_lowered_t *out)
{
	const json_t *index = json_object_get (node->arguments, "index");
	const json_t *label = json_object_get (node->arguments, "label");
	bool has_index = !weir_value_is_nodata (index), has_label = !weir_value_is_nodata (label);
	int rc = s_check_element (self, node);
	if (rc == 0 && has_index == has_label)
		rc = weir_graph_fail (
			self->err, has_index ? "ArrayElementParameterConflict" : "ArrayElementParameterMissing",
			self->graph->path, node->id, "array_element takes either 'index' or 'label'");
	bool is_constant = has_index ? json_is_number (index)
	                             : json_is_number (label) || weir_value_string (label) != NULL;
	if (rc == 0 && !is_constant)
		rc = weir_lower_fail (self, node, "argument '%s': expected a constant",
		                      has_index ? "index" : "label");
	if (rc != 0)
		return rc;
	size_t band = s_find_element (self, index, label);
	if (band >= self->bands->n)
		return s_no_element (self, node,
		                     weir_argument_flag (node->arguments, "return_nodata", false), out);
	uint16_t instr = 0;
	rc = s_band (self, node, (uint32_t) band, &instr);
	*out = weir_lowered_input (self->in, instr);
	return rc;
}

/* ---- folds */

typedef uint16_t s_join_fn (weir_lower_t *self, uint16_t a, uint16_t b);

static uint16_t
s_join_add (weir_lower_t *self, uint16_t a, uint16_t b)
{
	return s_op (self, WEIR_OP_ADD, a, b, 0);
}

static uint16_t
s_join_multiply (weir_lower_t *self, uint16_t a, uint16_t b)
{
	return s_op (self, WEIR_OP_MULTIPLY, a, b, 0);
}

/* A NaN takes over. */
static uint16_t
s_join_extreme (weir_lower_t *self, weir_op_t op, uint16_t a, uint16_t b)
{
	uint16_t is_better = s_op (self, op, b, a, 0), is_nan = s_op (self, WEIR_OP_IS_NAN, b, 0, 0);
	uint16_t best = s_pick (self, s_op (self, WEIR_OP_OR, is_better, is_nan, 0), b, a);
	return s_pick (self, s_none_of (self, a), a, s_pick (self, s_none_of (self, b), b, best));
}

static uint16_t
s_join_min (weir_lower_t *self, uint16_t a, uint16_t b)
{
	return s_join_extreme (self, WEIR_OP_LT, a, b);
}

static uint16_t
s_join_max (weir_lower_t *self, uint16_t a, uint16_t b)
{
	return s_join_extreme (self, WEIR_OP_GT, a, b);
}

static uint16_t
s_join_first (weir_lower_t *self, uint16_t a, uint16_t b)
{
	(void) self, (void) b;
	return a;
}

static uint16_t
s_join_last (weir_lower_t *self, uint16_t a, uint16_t b)
{
	(void) self, (void) a;
	return b;
}

static uint16_t
s_join_any (weir_lower_t *self, uint16_t a, uint16_t b)
{
	return s_op (self, WEIR_OP_OR, a, b, 0);
}

static uint16_t
s_join_all (weir_lower_t *self, uint16_t a, uint16_t b)
{
	return s_op (self, WEIR_OP_AND, a, b, 0);
}

/* values[0 … n-1] one after the other; with `ignores`, no-data is passed over. */
static uint16_t
s_join (weir_lower_t *self, s_join_fn *join, bool ignores, const uint16_t *values, size_t n)
{
	uint16_t all = values[0];
	for (size_t i = 1; i < n; i++) {
		uint16_t both = join (self, all, values[i]);
		if (ignores) {
			uint16_t rest = s_pick (self, s_none_of (self, values[i]), all, both);
			both = s_pick (self, s_none_of (self, all), values[i], rest);
		}
		all = both;
	}
	return all;
}

/* How many of the values are there. */
static uint16_t
s_number_of (weir_lower_t *self, const uint16_t *values, size_t n)
{
	uint16_t zero = s_const (self, 0), one = s_const (self, 1), total = zero;
	for (size_t i = 0; i < n; i++) {
		uint16_t is_there = s_pick (self, s_none_of (self, values[i]), zero, one);
		total = i == 0 ? is_there : s_join_add (self, total, is_there);
	}
	return total;
}

static uint16_t
s_mean (weir_lower_t *self, bool ignores, const uint16_t *values, size_t n)
{
	uint16_t sum = s_join (self, s_join_add, ignores, values, n);
	return s_op (self, WEIR_OP_DIVIDE, sum, s_number_of (self, values, n), 0);
}

/* Sum of squared distances from the mean over n - 1. */
static uint16_t
s_variance (weir_lower_t *self, bool ignores, const uint16_t *values, size_t n)
{
	uint16_t squares[WEIR_PROG_INPUT_MAX] = { 0 }, mean = s_mean (self, ignores, values, n);
	for (size_t i = 0; i < n; i++) {
		uint16_t off = s_op (self, WEIR_OP_SUBTRACT, values[i], mean, 0);
		squares[i] = s_op (self, WEIR_OP_MULTIPLY, off, off, 0);
	}
	uint16_t sum = s_join (self, s_join_add, ignores, squares, n);
	uint16_t one = s_const (self, 1), number = s_number_of (self, values, n);
	return s_op (self, WEIR_OP_DIVIDE, sum, s_op (self, WEIR_OP_SUBTRACT, number, one, 0), 0);
}

/* The condition's program with `value` as its input. */
static uint16_t
s_inline (weir_lower_t *self, const weir_prog_t *prog, uint16_t value)
{
	uint16_t moved[WEIR_PROG_INSTR_MAX], last = value;
	for (size_t i = 0; i < prog->n_instr; i++) {
		weir_instr_t instr = prog->instr[i];
		bool is_leaf = instr.op == WEIR_OP_CONST || instr.op == WEIR_OP_NODATA;
		int n = is_leaf ? 0 : weir_op_n_operands (instr.op);
		instr.a = n > 0 ? moved[instr.a] : 0;
		instr.b = n > 1 ? moved[instr.b] : 0;
		instr.c = n > 2 ? moved[instr.c] : 0;
		last = moved[i] = instr.op == WEIR_OP_INPUT ? value : weir_lower_emit (self, instr);
	}
	return last;
}

static uint16_t
s_count (weir_lower_t *self, const weir_fold_t *fold, const uint16_t *values, size_t n)
{
	if (fold->count_all)
		return s_const (self, (double) n);
	uint16_t zero = s_const (self, 0), one = s_const (self, 1), total = zero;
	for (size_t i = 0; i < n; i++) {
		uint16_t counts = fold->has_condition ? s_inline (self, &fold->condition, values[i])
		                                      : s_op (self, WEIR_OP_IS_VALID, values[i], 0, 0);
		uint16_t number = s_pick (self, counts, one, zero);
		total = i == 0 ? number : s_join_add (self, total, number);
	}
	return total;
}

/* any and all: no-data that is passed over is what changes nothing. */
static uint16_t
s_logic (weir_lower_t *self, bool is_all, bool ignores, const uint16_t *values, size_t n)
{
	uint16_t known[WEIR_PROG_INPUT_MAX] = { 0 }, neutral = s_const (self, is_all ? 1 : 0);
	for (size_t i = 0; i < n; i++)
		known[i] = ignores ? s_pick (self, s_none_of (self, values[i]), neutral, values[i])
		                   : values[i];
	if (n == 1) /* a boolean whatever it was */
		return s_op (self, is_all ? WEIR_OP_AND : WEIR_OP_OR, known[0], neutral, 0);
	return s_join (self, is_all ? s_join_all : s_join_any, false, known, n);
}

static uint16_t
s_emit_fold (weir_lower_t *self, const weir_fold_t *fold, const uint16_t *values, size_t n)
{
	bool ignores = fold->ignore_nodata;
	switch (fold->kind) {
	case WEIR_FOLD_SUM: return s_join (self, s_join_add, ignores, values, n);
	case WEIR_FOLD_PRODUCT: return s_join (self, s_join_multiply, ignores, values, n);
	case WEIR_FOLD_MIN: return s_join (self, s_join_min, ignores, values, n);
	case WEIR_FOLD_MAX: return s_join (self, s_join_max, ignores, values, n);
	case WEIR_FOLD_FIRST: return s_join (self, s_join_first, ignores, values, n);
	case WEIR_FOLD_LAST: return s_join (self, s_join_last, ignores, values, n);
	case WEIR_FOLD_MEAN: return s_mean (self, ignores, values, n);
	case WEIR_FOLD_VARIANCE: return s_variance (self, ignores, values, n);
	case WEIR_FOLD_SD:
		return s_op (self, WEIR_OP_SQRT, s_variance (self, ignores, values, n), 0, 0);
	case WEIR_FOLD_COUNT: return s_count (self, fold, values, n);
	default: return s_logic (self, fold->kind == WEIR_FOLD_ALL, ignores, values, n);
	}
}

int
weir_lower_bands_fold (weir_lower_t *self, const weir_node_t *node, const weir_fold_t *fold,
                       weir_lowered_t *out)
{
	uint16_t values[WEIR_PROG_INPUT_MAX] = { 0 };
	size_t n = self->bands->n;
	int rc = 0;
	if (n == 0 || n > WEIR_PROG_INPUT_MAX)
		return weir_lower_fail (self, node, "process '%s': %zu bands, at most %d can be folded",
		                        node->pub.process->id, n, WEIR_PROG_INPUT_MAX);
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = s_band (self, node, (uint32_t) i, &values[i]);
	if (rc != 0)
		return rc;
	*out = weir_lowered_input (fold->out, s_emit_fold (self, fold, values, n));
	return 0;
}

void
weir_lower_sort_bands (weir_lower_bands_t *self, weir_prog_t *prog)
{
	uint32_t sorted[WEIR_PROG_INPUT_MAX];
	uint16_t place[WEIR_PROG_INPUT_MAX] = { 0 };
	bool used[WEIR_PROG_INPUT_MAX] = { false };
	size_t n = 0;
	for (size_t i = 0; i < prog->n_instr; i++)
		if (prog->instr[i].op == WEIR_OP_INPUT)
			used[prog->instr[i].a] = true;
	for (size_t i = 0; i < self->n_inputs; i++)
		for (size_t k = 0; used[i] && k < self->n_inputs; k++)
			place[i] = (uint16_t) (place[i] + (used[k] && self->inputs[k] < self->inputs[i]));
	for (size_t i = 0; i < self->n_inputs; i++)
		if (used[i]) {
			sorted[place[i]] = self->inputs[i];
			n++;
		}
	for (size_t i = 0; i < prog->n_instr; i++)
		if (prog->instr[i].op == WEIR_OP_INPUT)
			prog->instr[i].a = place[prog->instr[i].a];
	memcpy (self->inputs, sorted, n * sizeof *sorted);
	self->n_inputs = n;
}
