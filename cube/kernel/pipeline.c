/* pipeline.c - names of folds, and what must hold before a pipeline is compiled */
#include "cube/kernel/stage_impl.h"
#include "cube/kernel/vec.h"

#include <stdlib.h>

static const char *const s_fold_names[WEIR_N_FOLDS] = {
	[WEIR_FOLD_NONE] = "none", [WEIR_FOLD_SUM] = "sum",         [WEIR_FOLD_MIN] = "min",
	[WEIR_FOLD_MAX] = "max",   [WEIR_FOLD_MEAN] = "mean",       [WEIR_FOLD_COUNT] = "count",
	[WEIR_FOLD_ANY] = "any",   [WEIR_FOLD_ALL] = "all",         [WEIR_FOLD_FIRST] = "first",
	[WEIR_FOLD_LAST] = "last", [WEIR_FOLD_PRODUCT] = "product", [WEIR_FOLD_VARIANCE] = "variance",
	[WEIR_FOLD_SD] = "sd",
};

const char *
weir_fold_name (weir_fold_kind_t kind)
{
	return s_fold_names[kind];
}

bool
weir_fold_parse (const char *name, weir_fold_kind_t *kind_out)
{
	for (int kind = 0; name != NULL && kind < WEIR_N_FOLDS; kind++)
		if (strcmp (name, s_fold_names[kind]) == 0) {
			*kind_out = (weir_fold_kind_t) kind;
			return true;
		}
	return false;
}

void
weir_pipeline_clear (weir_pipeline_t *self)
{
	if (self == NULL)
		return;
	for (size_t i = 0; self->slice_steps != NULL && i < self->n_slice_steps; i++)
		weir_prog_clear (&self->slice_steps[i]);
	for (size_t i = 0; self->folds != NULL && i < self->n_folds; i++)
		weir_prog_clear (&self->folds[i].condition);
	for (size_t i = 0; self->chunk_steps != NULL && i < self->n_chunk_steps; i++)
		weir_prog_clear (&self->chunk_steps[i]);
	weir_prog_clear (&self->post);
	weir_prog_clear (&self->bands);
	free (self->inputs);
	free (self->slice_steps);
	free (self->folds);
	free (self->chunk_steps);
	*self = (weir_pipeline_t){ 0 };
}

static int
s_check_steps (const char *what, const weir_prog_t *steps, size_t n, weir_err_t *err)
{
	if (n > WEIR_PIPELINE_STEPS_MAX || (n > 0 && steps == NULL))
		return weir_err_invalid (err, "Internal", "", "pipeline: %zu %s, at most %d", n, what,
		                         WEIR_PIPELINE_STEPS_MAX);
	for (size_t i = 0; i < n; i++) {
		int status = weir_prog_check (&steps[i], 1, err);
		if (status != 0)
			return status;
	}
	return 0;
}

static int
s_check_fold (const weir_fold_t *fold, weir_err_t *err)
{
	if ((int) fold->kind <= (int) WEIR_FOLD_NONE || fold->kind >= WEIR_N_FOLDS)
		return weir_err_invalid (err, "Internal", "", "pipeline: unknown fold %d",
		                         (int) fold->kind);
	bool is_count = fold->kind == WEIR_FOLD_COUNT;
	if ((fold->has_condition || fold->count_all) && !is_count)
		return weir_err_invalid (err, "Internal", "", "pipeline: %s takes no condition",
		                         weir_fold_name (fold->kind));
	if (fold->has_condition && fold->count_all)
		return weir_err_invalid (err, "Internal", "",
		                         "pipeline: count has a condition and counts all");
	if (fold->has_condition) {
		int status = weir_prog_check (&fold->condition, 1, err);
		if (status != 0)
			return status;
	}
	return weir_cell_check (fold->out, weir_fold_name (fold->kind), err);
}

static int
s_check_folds (const weir_pipeline_t *pipeline, weir_err_t *err)
{
	if (pipeline->n_folds > WEIR_PIPELINE_FOLDS_MAX ||
	    (pipeline->n_folds > 0 && pipeline->folds == NULL))
		return weir_err_invalid (err, "Internal", "", "pipeline: %zu folds, at most %d",
		                         pipeline->n_folds, WEIR_PIPELINE_FOLDS_MAX);
	for (size_t i = 0; i < pipeline->n_folds; i++) {
		int status = s_check_fold (&pipeline->folds[i], err);
		if (status != 0)
			return status;
	}
	if (pipeline->post.n_instr > 0 && pipeline->n_folds > 0)
		return weir_prog_check (&pipeline->post, pipeline->n_folds, err);
	if (pipeline->post.n_instr > 0 || pipeline->n_folds > 1)
		return weir_err_invalid (err, "Internal", "", "pipeline: %zu folds %s a program over them",
		                         pipeline->n_folds, pipeline->n_folds > 1 ? "without" : "and");
	return 0;
}

static int
s_check_bands (const weir_pipeline_t *pipeline, weir_err_t *err)
{
	size_t n_steps = pipeline->bands_at == WEIR_BANDS_SLICE ? pipeline->n_slice_steps
	                                                        : pipeline->n_chunk_steps;
	if (pipeline->bands_at == WEIR_BANDS_APART)
		return 0;
	if (pipeline->bands_at != WEIR_BANDS_SLICE && pipeline->bands_at != WEIR_BANDS_CHUNK)
		return weir_err_invalid (err, "Internal", "", "pipeline: unknown place %d of bands",
		                         (int) pipeline->bands_at);
	if (pipeline->n_bands_before > n_steps || pipeline->n_inputs == 0 || pipeline->inputs == NULL)
		return weir_err_invalid (err, "Internal", "",
		                         "pipeline: %zu bands become one after %zu of %zu steps",
		                         pipeline->n_inputs, pipeline->n_bands_before, n_steps);
	for (size_t i = 1; i < pipeline->n_inputs; i++)
		if (pipeline->inputs[i] <= pipeline->inputs[i - 1])
			return weir_err_invalid (err, "Internal", "", "pipeline: bands out of order");
	return weir_prog_check (&pipeline->bands, pipeline->n_inputs, err);
}

int
weir_pipeline_check (const weir_pipeline_t *pipeline, uint32_t n_labels, weir_err_t *err)
{
	if (n_labels > (uint32_t) INT32_MAX)
		return weir_err_invalid (err, "Internal", "", "pipeline: %u labels, at most %d",
		                         (unsigned) n_labels, INT32_MAX);
	int status = weir_cell_check (pipeline->in, "pipeline: input", err);
	if (status == 0)
		status = weir_cell_check (pipeline->out, "pipeline: output", err);
	if (status == 0)
		status = s_check_steps ("slice steps", pipeline->slice_steps, pipeline->n_slice_steps, err);
	if (status == 0)
		status = s_check_folds (pipeline, err);
	if (status == 0)
		status = s_check_steps ("chunk steps", pipeline->chunk_steps, pipeline->n_chunk_steps, err);
	if (status == 0)
		status = s_check_bands (pipeline, err);
	return status;
}
