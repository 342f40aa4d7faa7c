/* lower_fold.c - the folds of a reducer
 *
 * Source   openEO processes 2.0, DESIGN 8, Types
 */
#include "cube/graph/lower.h"

#include "cube/process/value.h"

#include <string.h>

static weir_cell_t
s_sum_cell (weir_cell_t in)
{
	weir_cell_t cell = { .type = WEIR_I32, .has_nodata = true, .nodata = (double) INT32_MIN };
	if (weir_type_is_float (in.type) || weir_cell_is_wide (in))
		return weir_cell_float (weir_cell_is_wide (in) ? WEIR_F64 : WEIR_F32);
	return cell;
}

static weir_cell_t
s_fold_cell (weir_fold_kind_t kind, weir_cell_t in)
{
	switch (kind) {
	case WEIR_FOLD_COUNT: return (weir_cell_t){ .type = WEIR_U32 };
	case WEIR_FOLD_ANY:
	case WEIR_FOLD_ALL: return weir_cell_bool ();
	case WEIR_FOLD_SUM: return s_sum_cell (in);
	case WEIR_FOLD_PRODUCT:
	case WEIR_FOLD_VARIANCE:
	case WEIR_FOLD_SD:
	case WEIR_FOLD_MEAN: return weir_cell_float (weir_cell_is_wide (in) ? WEIR_F64 : WEIR_F32);
	default: return in;
	}
}

static int
s_check_data (const weir_lower_t *self, const weir_node_t *node)
{
	const json_t *data = json_object_get (node->arguments, "data");
	const char *name = json_string_value (json_object_get (data, "from_parameter"));
	const char *id = node->pub.process->id;
	if (self->input_name != NULL)
		return weir_lower_fail (
			self, node, "argument 'data': %s needs a series, and here is one value at a time", id);
	if (name == NULL || strcmp (name, "data") != 0)
		return weir_lower_fail (
			self, node, "argument 'data': only the reducer's parameter 'data' can be folded by %s",
			id);
	bool is_logic = node->pub.process->fold == WEIR_FOLD_ANY ||
	                node->pub.process->fold == WEIR_FOLD_ALL;
	if (is_logic && !self->in.is_bool)
		return weir_lower_fail (self, node, "argument 'data': %s expects booleans, found numbers",
		                        id);
	return 0;
}

static int
s_read_ignore (const weir_lower_t *self, const weir_node_t *node, weir_fold_t *fold)
{
	const json_t *value = json_object_get (node->arguments, "ignore_nodata");
	fold->ignore_nodata = weir_argument_flag (node->arguments, "ignore_nodata", true);
	if (value == NULL || json_is_boolean (value))
		return 0;
	return weir_lower_fail (self, node, "argument 'ignore_nodata': expected a constant");
}

static int
s_read_condition (const weir_lower_t *self, const weir_node_t *node, weir_fold_t *fold)
{
	const json_t *value = json_object_get (node->arguments, "condition");
	const weir_graph_t *callback = weir_graph_argument_callback (self->graph, &node->pub,
	                                                             "condition");
	weir_lowered_kind_t kind;
	fold->count_all = json_is_true (value);
	if (callback == NULL && !fold->count_all && !weir_value_is_nodata (value))
		return weir_lower_fail (
			self, node, "argument 'condition': expected true, null or a process graph, found %s",
			weir_value_describe (value));
	if (callback == NULL)
		return 0;
	int rc = weir_lower_cells (callback, "element", self->in, &fold->condition, &kind, self->err);
	fold->has_condition = rc == 0;
	if (rc == 0 && kind == WEIR_LOWERED_NUMBER) {
		weir_prog_clear (&fold->condition);
		fold->has_condition = false;
		rc = weir_lower_fail (
			self, node, "argument 'condition': expected a process graph that gives a boolean");
	}
	fold->condition.out = weir_cell_bool ();
	return rc;
}

/* The same fold asked for twice is done once. */
static size_t
s_find_fold (const weir_lower_t *self, const weir_fold_t *fold)
{
	size_t i = 0;
	for (; i < self->n_folds; i++) {
		const weir_fold_t *other = &self->folds[i];
		if (!fold->has_condition && !other->has_condition && fold->kind == other->kind &&
		    fold->ignore_nodata == other->ignore_nodata && fold->count_all == other->count_all)
			break;
	}
	return i;
}

int
weir_lower_fold (weir_lower_t *self, const weir_node_t *node, weir_lowered_t *out)
{
	weir_fold_t fold = { .kind = (weir_fold_kind_t) node->pub.process->fold };
	int rc = s_check_data (self, node);
	if (rc == 0)
		rc = s_read_ignore (self, node, &fold);
	if (rc == 0)
		rc = s_read_condition (self, node, &fold);
	if (rc != 0)
		return rc;
	fold.out = s_fold_cell (fold.kind, self->in);
	if (self->bands != NULL) {
		rc = weir_lower_bands_fold (self, node, &fold, out);
		weir_prog_clear (&fold.condition);
		return rc;
	}
	size_t i = s_find_fold (self, &fold);
	if (i == WEIR_PIPELINE_FOLDS_MAX) {
		weir_prog_clear (&fold.condition);
		return weir_lower_fail (self, node, "process '%s': more than %d folds in one reducer",
		                        node->pub.process->id, WEIR_PIPELINE_FOLDS_MAX);
	}
	if (i == self->n_folds)
		self->folds[self->n_folds++] = fold;
	uint16_t instr = weir_lower_emit (self,
	                                  (weir_instr_t){ .op = WEIR_OP_INPUT, .a = (uint16_t) i });
	*out = weir_lowered_input (fold.out, instr);
	return 0;
}
