/* decode_pipeline.c - programs, folds and pipelines out of a plan's JSON, see codec.h */
#include "cube/plan/codec.h"
#include "runtime/base/mem.h"

static bool
s_read_instr (weir_reader_t *reader, const json_t *line, weir_instr_t *out)
{
	const char *op = json_string_value (json_array_get (line, 0));
	if (json_array_size (line) != 5 || op == NULL || !weir_op_parse (op, &out->op))
		return weir_reader_fail (reader, "code", "expected [operation, a, b, c, value]");
	out->a = (uint16_t) weir_reader_int_at (reader, line, "code", 1, 0, UINT16_MAX);
	out->b = (uint16_t) weir_reader_int_at (reader, line, "code", 2, 0, UINT16_MAX);
	out->c = (uint16_t) weir_reader_int_at (reader, line, "code", 3, 0, UINT16_MAX);
	out->value = weir_reader_number (reader, json_array_get (line, 4), "code");
	return !reader->failed;
}

static void
s_read_prog (weir_reader_t *reader, const json_t *object, size_t n_inputs, weir_prog_t *out)
{
	const json_t *code = weir_reader_array (reader, object, "code", 1, WEIR_PROG_INSTR_MAX);
	if (code == NULL)
		return;
	out->out = weir_reader_cell (reader, object, "out");
	out->n_instr = json_array_size (code);
	out->instr = weir_alloc (out->n_instr * sizeof *out->instr);
	for (size_t i = 0; i < out->n_instr; i++)
		if (!s_read_instr (reader, json_array_get (code, i), &out->instr[i]))
			return;
	weir_err_t err = { 0 };
	if (weir_prog_check (out, n_inputs, &err) != WEIR_OK)
		weir_reader_fail (reader, "code", "%.400s", err.text);
}

static weir_prog_t *
s_read_progs (weir_reader_t *reader, const json_t *object, const char *key, size_t *n_out)
{
	const json_t *array = weir_reader_array (reader, object, key, 0, WEIR_PIPELINE_STEPS_MAX);
	*n_out = json_array_size (array);
	weir_prog_t *progs = weir_alloc (*n_out * sizeof *progs);
	for (size_t i = 0; i < *n_out && !reader->failed; i++)
		s_read_prog (reader, json_array_get (array, i), 1, &progs[i]);
	return progs;
}

static void
s_read_fold (weir_reader_t *reader, const json_t *object, weir_fold_t *out)
{
	const char *kind = json_string_value (json_object_get (object, "kind"));
	if (kind == NULL || !weir_fold_parse (kind, &out->kind) || out->kind == WEIR_FOLD_NONE) {
		weir_reader_fail (reader, "kind", "expected the name of a fold");
		return;
	}
	out->ignore_nodata = weir_reader_bool (reader, object, "ignore");
	out->count_all = weir_reader_bool (reader, object, "all");
	out->out = weir_reader_cell (reader, object, "out");
	const json_t *condition = json_object_get (object, "condition");
	if (condition != NULL) {
		out->has_condition = true;
		s_read_prog (reader, condition, 1, &out->condition);
	}
	if (out->kind != WEIR_FOLD_COUNT && (out->has_condition || out->count_all))
		weir_reader_fail (reader, "condition", "only count has one");
}

/* What weir_pipeline_check looks at is not looked at here. */
static void
s_read_bands (weir_reader_t *reader, const json_t *object, weir_pipeline_t *out)
{
	const char *at = json_string_value (json_object_get (object, "at"));
	const json_t *inputs = weir_reader_array (reader, object, "inputs", 1, WEIR_PROG_INPUT_MAX);
	const json_t *program = weir_reader_object (reader, object, "program");
	if (inputs == NULL || program == NULL)
		return;
	if (at == NULL || (strcmp (at, "slice") != 0 && strcmp (at, "chunk") != 0)) {
		weir_reader_fail (reader, "at", "expected slice or chunk");
		return;
	}
	out->bands_at = strcmp (at, "slice") == 0 ? WEIR_BANDS_SLICE : WEIR_BANDS_CHUNK;
	out->n_bands_before = (size_t) weir_reader_int (reader, object, "before", 0,
	                                                WEIR_PIPELINE_STEPS_MAX);
	out->n_inputs = json_array_size (inputs);
	out->inputs = weir_alloc (out->n_inputs * sizeof *out->inputs);
	for (size_t i = 0; i < out->n_inputs; i++)
		out->inputs[i] = (uint32_t) weir_reader_int_at (reader, inputs, "inputs", i, 0,
		                                                WEIR_PLAN_BANDS_MAX - 1);
	s_read_prog (reader, program, out->n_inputs, &out->bands);
}

void
weir_reader_pipeline (weir_reader_t *self, const json_t *object, const char *key,
                      weir_pipeline_t *out)
{
	const json_t *pipeline = weir_reader_object (self, object, key);
	const json_t *folds = weir_reader_array (self, pipeline, "folds", 0, WEIR_PIPELINE_FOLDS_MAX);
	if (folds == NULL)
		return;
	out->in = weir_reader_cell (self, pipeline, "in");
	out->out = weir_reader_cell (self, pipeline, "out");
	out->slice_steps = s_read_progs (self, pipeline, "slice", &out->n_slice_steps);
	out->chunk_steps = s_read_progs (self, pipeline, "chunk", &out->n_chunk_steps);
	out->n_folds = json_array_size (folds);
	out->folds = weir_alloc (out->n_folds * sizeof *out->folds);
	for (size_t i = 0; i < out->n_folds && !self->failed; i++)
		s_read_fold (self, json_array_get (folds, i), &out->folds[i]);
	const json_t *post = json_object_get (pipeline, "post");
	if (post != NULL)
		s_read_prog (self, post, out->n_folds, &out->post);
	if ((post != NULL && out->n_folds == 0) || (post == NULL && out->n_folds > 1))
		weir_reader_fail (self, "post", "does not go with %zu folds", out->n_folds);
	if (json_object_get (pipeline, "bands") != NULL)
		s_read_bands (self, weir_reader_object (self, pipeline, "bands"), out);
}
