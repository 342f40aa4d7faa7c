/* finish.c - FINISH: which parts there are, and which chunks are in none of them
 *
 * Parts of sinks that are gone are named too: what was synced is there. Why a chunk failed is
 * remembered for jobs that
 * deliver what there is (--partial), at most MISSING_MAX of them: the rest is told by number.
 */
#include "actors/coordinator/coordinator_internal.h"

#include "actors/sink/sink.h"

#include <string.h>

#define MISSING_MAX 4096

void
weir_coordinator_note_failure (weir_coordinated_job_t *job, uint64_t chunk, const weir_err_t *why)
{
	if (!job->partial)
		return;
	size_t i = 0;
	while (i < job->failures.n && job->failures.at[i].chunk != chunk)
		i++;
	if (i == job->failures.n) {
		if (i == MISSING_MAX)
			return;
		weir_vec_push (&job->failures, ((weir_chunk_failure_t){ .chunk = chunk }));
	}
	weir_chunk_failure_t *failure = &job->failures.at[i];
	weir_chunk_failure_clear (failure);
	failure->status = why->status;
	failure->code = weir_strdup (why->code);
	failure->where = weir_strdup (why->where);
	failure->text = weir_strdup (why->text);
}

void
weir_chunk_failure_clear (weir_chunk_failure_t *self)
{
	free (self->code);
	free (self->where);
	free (self->text);
	self->code = self->where = self->text = NULL;
}

static void
s_fill_missing (const weir_coordinated_job_t *job, uint64_t chunk, Weir__MissingChunk *missing,
                Weir__Error *error)
{
	static char s_code[] = "ChunkFailed", s_text[] = "given up after its actors were lost";
	weir__missing_chunk__init (missing);
	weir__error__init (error);
	missing->chunk = chunk;
	missing->error = error;
	error->status = WEIR_E_IO;
	error->code = s_code;
	error->text = s_text;
	for (size_t i = 0; i < job->failures.n; i++) {
		const weir_chunk_failure_t *failure = &job->failures.at[i];
		if (failure->chunk != chunk)
			continue;
		error->status = failure->status;
		error->code = failure->code;
		error->where = failure->where;
		error->text = failure->text;
		return;
	}
}

typedef struct {
	Weir__MissingChunk missing[MISSING_MAX];
	Weir__Error errors[MISSING_MAX];
	Weir__MissingChunk *list[MISSING_MAX];
} weir_missing_list_t;

/* Counts all that is missing of the output, and lists the first MISSING_MAX. */
static void
s_list_missing (const weir_coordinator_t *self, const weir_coordinated_job_t *job,
                Weir__Finish *finish, weir_missing_list_t *list)
{
	const weir_plan_output_t *output = &job->plan->outputs[finish->output];
	finish->missing = list->list;
	for (uint64_t chunk = weir_core_next_quarantined (self->core, job->number, output->first_chunk);
	     chunk < output->first_chunk + output->n_chunks;
	     chunk = weir_core_next_quarantined (self->core, job->number, chunk + 1)) {
		finish->chunks_missing++;
		if (finish->n_missing == MISSING_MAX)
			continue;
		size_t n = finish->n_missing++;
		s_fill_missing (job, chunk, &list->missing[n], &list->errors[n]);
		list->list[n] = &list->missing[n];
	}
}

void
weir_coordinator_send_finish (weir_coordinator_t *self, const weir_effect_t *effect)
{
	weir_coordinated_job_t *job = weir_coordinator_job (self, effect->job);
	if (job == NULL || job->plan == NULL)
		return;
	uint16_t n_parts = weir_core_part_last (self->core, job->number);
	char **paths = weir_alloc (((size_t) n_parts + 1) * sizeof (char *));
	for (uint16_t i = 0; i < n_parts; i++)
		paths[i] = weir_sink_part_path (job->results_dir, job->name, i + 1U);
	weir_missing_list_t *list = weir_alloc (sizeof *list);
	Weir__Finish finish = WEIR__FINISH__INIT;
	finish.job = job->number;
	finish.generation = job->generation;
	finish.output = effect->output;
	finish.n_parts = n_parts;
	finish.parts = paths;
	s_list_missing (self, job, &finish, list);
	Weir__Control msg = WEIR_CONTROL (FINISH, finish, &finish);
	weir_coordinator_send (self, effect->actor, &msg);
	free (list);
	for (uint16_t i = 0; i < n_parts; i++)
		free (paths[i]);
	free (paths);
}
