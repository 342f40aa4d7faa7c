/* test-bands.c - bands that become one, before the folds and after them, against the plain
 * reference */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cube/kernel/stage.h"
#include "random.h"
#include "reference.h"
#include "runtime/base/mem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROWS = 5, COLS = 7, CELLS = ROWS * COLS, BANDS_MAX = 5, LABELS_MAX = 40 };

typedef struct {
	weir_pipeline_t pipeline;
	size_t n_bands, n_labels;
	char *slices[BANDS_MAX][LABELS_MAX];
	bool is_absent[LABELS_MAX];
} job_t;

static void
s_make (job_t *self, random_t *random, weir_bands_at_t at)
{
	weir_pipeline_t *p = &self->pipeline;
	*self = (job_t){ .n_bands = 1 + random_below (random, BANDS_MAX) };
	random_pipeline (random, p);
	self->n_labels = p->n_folds == 0 ? 1 : 1 + random_below (random, LABELS_MAX);
	size_t n_steps = at == WEIR_BANDS_SLICE ? p->n_slice_steps : p->n_chunk_steps;
	p->bands_at = at;
	p->n_bands_before = random_below (random, (uint32_t) n_steps + 1);
	p->n_inputs = self->n_bands;
	p->inputs = weir_alloc (self->n_bands * sizeof *p->inputs);
	for (uint32_t i = 0; i < self->n_bands; i++)
		p->inputs[i] = i;
	/* What comes after was made for the cell that came before it: `bands` gives the same. */
	const weir_prog_t *steps = at == WEIR_BANDS_SLICE ? p->slice_steps : p->chunk_steps;
	weir_cell_t cell = p->in;
	if (at == WEIR_BANDS_CHUNK)
		cell = p->post.n_instr > 0 ? p->post.out : p->n_folds > 0 ? p->folds[0].out : p->in;
	if (at == WEIR_BANDS_CHUNK && p->n_folds == 0 && p->n_slice_steps > 0)
		cell = p->slice_steps[p->n_slice_steps - 1].out;
	if (p->n_bands_before > 0)
		cell = steps[p->n_bands_before - 1].out;
	random_prog (random, self->n_bands, cell, &p->bands);
	bool can_skip = p->in.has_nodata || weir_type_is_float (p->in.type);
	for (size_t l = 0; l < self->n_labels; l++) {
		self->is_absent[l] = can_skip && random_chance (random, 25);
		for (size_t b = 0; b < self->n_bands; b++) {
			self->slices[b][l] = weir_alloc (CELLS * sizeof (double));
			random_cells (random, p->in, self->slices[b][l], CELLS);
		}
	}
}

static void
s_clear (job_t *self)
{
	for (size_t b = 0; b < self->n_bands; b++)
		for (size_t l = 0; l < self->n_labels; l++)
			free (self->slices[b][l]);
	weir_pipeline_clear (&self->pipeline);
}

/* ---- the stage */

static void
s_fold_label (const job_t *self, weir_run_t **runs, bool is_together, uint32_t label)
{
	size_t size = weir_type_size (self->pipeline.in.type);
	for (size_t row = 0; row < ROWS; row += 2) {
		size_t n = ROWS - row < 2 ? ROWS - row : 2, col = row % 4, at = row * COLS + col;
		const void *srcs[BANDS_MAX];
		for (size_t b = 0; b < self->n_bands; b++)
			srcs[b] = self->slices[b][label] + at * size;
		for (size_t b = 0; b < (is_together ? 1 : self->n_bands); b++) {
			if (self->is_absent[label]) {
				weir_run_skip (runs[b], label, row, 0, n, COLS);
				continue;
			}
			const void *lefts[BANDS_MAX];
			for (size_t k = 0; k < self->n_bands; k++)
				lefts[k] = self->slices[k][label] + row * COLS * size;
			weir_run_fold_bands (runs[b], label, is_together ? srcs : &srcs[b], COLS, row, col, n,
			                     COLS - col);
			weir_run_fold_bands (runs[b], label, is_together ? lefts : &lefts[b], COLS, row, 0, n,
			                     col);
		}
	}
}

static int
s_stage (const job_t *self, void *out)
{
	weir_stage_t *stage = NULL;
	weir_err_t err = { 0 };
	weir_run_t *runs[BANDS_MAX];
	bool is_together = self->pipeline.bands_at == WEIR_BANDS_SLICE;
	size_t n_accs = is_together ? 1 : self->n_bands;
	if (weir_stage_new (&self->pipeline, (uint32_t) self->n_labels, &stage, &err) != 0)
		fail_msg ("%s", err.text);
	assert_int_equal (weir_stage_run_bands (stage), is_together ? self->n_bands : 1);
	size_t stride = weir_stage_acc_bytes (stage, CELLS) *
	                weir_stage_run_accs (stage, (uint32_t) self->n_labels);
	char *memory = aligned_alloc (64, n_accs * stride + 64);
	for (size_t i = 0; i < n_accs; i++)
		runs[i] = weir_run_new (stage, ROWS, COLS, 0, (uint32_t) self->n_labels,
		                        memory + i * stride);
	for (uint32_t label = 0; label < self->n_labels; label++)
		s_fold_label (self, runs, is_together, label);
	for (size_t i = 0; i < n_accs; i++) {
		weir_run_end (runs[i]);
		weir_run_destroy (&runs[i]);
	}
	int rc = weir_stage_finish_bands (stage, memory, stride, n_accs, CELLS, out, &err);
	free (memory);
	weir_stage_destroy (&stage);
	return rc;
}

/* ---- the reference: the two halves of the pipeline one after the other */

static double
s_value (const job_t *self, size_t band, size_t label, size_t cell)
{
	return self->is_absent[label]
	           ? weir_nodata_f64 ()
	           : weir_cell_get (self->pipeline.in, self->slices[band][label], cell);
}

static bool
s_reference_slice (const job_t *self, size_t cell, void *out)
{
	weir_pipeline_t rest = self->pipeline;
	size_t n = rest.n_bands_before;
	double values[LABELS_MAX];
	for (size_t l = 0; l < self->n_labels; l++) {
		double inputs[BANDS_MAX];
		for (size_t b = 0; b < self->n_bands; b++) {
			inputs[b] = s_value (self, b, l, cell);
			for (size_t i = 0; i < n; i++)
				inputs[b] = weir_prog_eval (&rest.slice_steps[i], &inputs[b]);
		}
		values[l] = weir_prog_eval (&rest.bands, inputs);
	}
	rest.in = rest.bands.out;
	rest.n_slice_steps -= n;
	rest.slice_steps += n;
	return reference_cell (&rest, values, self->n_labels, out, cell);
}

static bool
s_reference_chunk (const job_t *self, size_t cell, void *out)
{
	weir_pipeline_t first = self->pipeline, rest = { .in = first.bands.out, .out = first.out };
	size_t n = first.n_bands_before;
	rest.n_chunk_steps = first.n_chunk_steps - n;
	rest.chunk_steps = first.chunk_steps + n;
	first.n_chunk_steps = n;
	first.out = first.bands.out;
	double inputs[BANDS_MAX], values[LABELS_MAX];
	bool fits = true;
	for (size_t b = 0; b < self->n_bands; b++) {
		double finished;
		for (size_t l = 0; l < self->n_labels; l++)
			values[l] = s_value (self, b, l, cell);
		fits = reference_cell (&first, values, self->n_labels, &finished, 0) && fits;
		inputs[b] = weir_cell_get (first.out, &finished, 0);
	}
	double value = weir_prog_eval (&self->pipeline.bands, inputs);
	return reference_cell (&rest, &value, 1, out, cell) && fits;
}

static void
s_check (random_t *random, weir_bands_at_t at)
{
	job_t job;
	double got[CELLS] = { 0 }, want[CELLS] = { 0 };
	bool fits = true;
	s_make (&job, random, at);
	int rc = s_stage (&job, got);
	for (size_t cell = 0; cell < CELLS; cell++)
		fits = (at == WEIR_BANDS_SLICE ? s_reference_slice (&job, cell, want)
		                               : s_reference_chunk (&job, cell, want)) &&
		       fits;
	assert_int_equal (rc, fits ? 0 : WEIR_E_INVALID);
	if (fits)
		assert_memory_equal (got, want, CELLS * weir_type_size (job.pipeline.out.type));
	s_clear (&job);
}

static void
s_test_before (void **state)
{
	(void) state;
	random_t random = { 20221101 };
	for (int i = 0; i < 400; i++)
		s_check (&random, WEIR_BANDS_SLICE);
}

static void
s_test_after (void **state)
{
	(void) state;
	random_t random = { 7 };
	for (int i = 0; i < 400; i++)
		s_check (&random, WEIR_BANDS_CHUNK);
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (s_test_before),
		cmocka_unit_test (s_test_after),
	};
	return cmocka_run_group_tests (tests, NULL, NULL);
}
