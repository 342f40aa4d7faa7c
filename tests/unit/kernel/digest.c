/* digest.c - runs seeded pipelines and prints a digest of the result of each group: bits that
 * depend on the CPU show */
#include "cube/kernel/stage.h"
#include "random.h"
#include "runtime/base/mem.h"

#include <stdio.h>
#include <stdlib.h>

#define N_LABELS 37
#define N_CELLS 2203 /* more than a tile of the interpreter, and odd */

static uint64_t
s_hash (uint64_t hash, const void *data, size_t bytes)
{
	const unsigned char *at = data;
	for (size_t i = 0; i < bytes; i++)
		hash = (hash ^ at[i]) * 1099511628211ULL;
	return hash;
}

/* Both what a partial carries and what comes out. */
static uint64_t
s_digest (uint64_t hash, random_t *random, const weir_pipeline_t *pipeline)
{
	uint32_t n_labels = pipeline->n_folds == 0 ? 1 : N_LABELS;
	weir_stage_t *stage;
	if (weir_stage_new (pipeline, n_labels, &stage, NULL) != 0)
		return hash;
	size_t acc_bytes = weir_stage_acc_bytes (stage, N_CELLS);
	void *memory = aligned_alloc (64, acc_bytes * weir_stage_run_accs (stage, n_labels));
	char *src = weir_alloc (N_CELLS * weir_type_size (pipeline->in.type));
	char *out = weir_alloc (N_CELLS * weir_type_size (pipeline->out.type));
	weir_run_t *run = weir_run_new (stage, 1, N_CELLS, 0, n_labels, memory);
	for (uint32_t rank = 0; rank < n_labels; rank++) {
		random_cells (random, pipeline->in, src, N_CELLS);
		weir_run_fold (run, rank, src, N_CELLS, 0, 0, 1, N_CELLS);
	}
	weir_run_end (run);
	weir_run_destroy (&run);
	weir_err_t err;
	if (weir_stage_finish (stage, memory, N_CELLS, out, &err) == 0)
		hash = s_hash (hash, out, N_CELLS * weir_type_size (pipeline->out.type));
	else
		hash = s_hash (hash, err.text, strlen (err.text));
	free (memory);
	free (src);
	free (out);
	weir_stage_destroy (&stage);
	return hash;
}

int
main (void)
{
	random_t random = { 21 };
	for (int group = 0; group < 10; group++) {
		uint64_t hash = 14695981039346656037ULL;
		for (int i = 0; i < 30; i++) {
			weir_pipeline_t pipeline;
			random_pipeline (&random, &pipeline);
			hash = s_digest (hash, &random, &pipeline);
			weir_pipeline_clear (&pipeline);
		}
		printf ("%d %016llx\n", group, (unsigned long long) hash);
	}
	return 0;
}
