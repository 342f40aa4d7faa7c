/* report.c - what actors report becomes events of the core */
#include "actors/coordinator/coordinator_internal.h"

static uint64_t
s_actor_of (weir_coordinator_t *self, uint64_t conn)
{
	const weir_member_t *member = weir_coordinator_member_of_conn (self, conn);
	return member != NULL ? member->number : 0;
}

static weir_chunk_ref_t
s_ref (const Weir__ChunkRef *ref)
{
	return (weir_chunk_ref_t){ ref->chunk, ref->token_hi, ref->token_lo };
}

static weir_chunk_ref_t
s_run_ref (const Weir__RunRef *ref)
{
	return (weir_chunk_ref_t){ ref->chunk, ref->token_hi, ref->token_lo };
}

void
weir_coordinator_on_reserved (void *arg, uint64_t conn, const Weir__Control *msg)
{
	weir_coordinator_t *self = arg;
	uint64_t actor = s_actor_of (self, conn);
	const Weir__Reserved *reserved = msg->reserved;
	for (size_t i = 0; i < reserved->n_chunks; i++) {
		weir_chunk_ref_t ref = s_ref (reserved->chunks[i]);
		weir_core_reserved (self->core, reserved->job, actor, &ref);
	}
}

void
weir_coordinator_on_released (void *arg, uint64_t conn, const Weir__Control *msg)
{
	weir_coordinator_t *self = arg;
	uint64_t actor = s_actor_of (self, conn);
	for (size_t i = 0; i < msg->released->n_chunks; i++)
		weir_core_released (self->core, msg->released->job, actor, msg->released->chunks[i]->chunk);
}

void
weir_coordinator_on_runs_sent (void *arg, uint64_t conn, const Weir__Control *msg)
{
	weir_coordinator_t *self = arg;
	uint64_t actor = s_actor_of (self, conn);
	for (size_t i = 0; i < msg->runs_sent->n_runs; i++) {
		weir_chunk_ref_t ref = s_run_ref (msg->runs_sent->runs[i]);
		weir_core_run_sent (self->core, msg->runs_sent->job, actor, &ref,
		                    msg->runs_sent->runs[i]->run);
	}
}

void
weir_coordinator_on_runs_back (void *arg, uint64_t conn, const Weir__Control *msg)
{
	weir_coordinator_t *self = arg;
	uint64_t actor = s_actor_of (self, conn);
	for (size_t i = 0; i < msg->runs_back->n_runs; i++) {
		weir_chunk_ref_t ref = s_run_ref (msg->runs_back->runs[i]);
		weir_core_run_back (self->core, msg->runs_back->job, actor, &ref,
		                    msg->runs_back->runs[i]->run);
	}
}

void
weir_coordinator_on_handed_back (void *arg, uint64_t conn, const Weir__Control *msg)
{
	weir_coordinator_t *self = arg;
	uint64_t actor = s_actor_of (self, conn);
	for (size_t i = 0; i < msg->handed_back->n_chunks; i++) {
		weir_chunk_ref_t ref = s_ref (msg->handed_back->chunks[i]);
		weir_core_handed_back (self->core, msg->handed_back->job, actor, &ref);
	}
}

void
weir_coordinator_on_failed (void *arg, uint64_t conn, const Weir__Control *msg)
{
	weir_coordinator_t *self = arg;
	const Weir__Failed *failed = msg->failed;
	weir_chunk_ref_t ref = { failed->chunk, failed->token_hi, failed->token_lo };
	weir_err_t why;
	weir_error_from_message (failed->error, &why);
	weir_coordinated_job_t *job = weir_coordinator_job (self, failed->job);
	uint64_t actor = s_actor_of (self, conn);
	if (job != NULL && actor != 0)
		weir_coordinator_note_failure (job, failed->chunk, &why);
	weir_core_failed (self->core, failed->job, actor, &ref, &why);
}

void
weir_coordinator_on_written (void *arg, uint64_t conn, const Weir__Control *msg)
{
	weir_coordinator_t *self = arg;
	uint64_t actor = s_actor_of (self, conn);
	const Weir__Written *written = msg->written;
	for (size_t i = 0; i < written->n_chunks && written->part <= UINT16_MAX; i++) {
		const Weir__WrittenChunk *chunk = written->chunks[i];
		weir_chunk_ref_t ref = { chunk->chunk, chunk->token_hi, chunk->token_lo };
		weir_core_written (self->core, written->job, actor, (uint16_t) written->part, &ref,
		                   chunk->end_bytes);
	}
}

void
weir_coordinator_on_synced (void *arg, uint64_t conn, const Weir__Control *msg)
{
	weir_coordinator_t *self = arg;
	const Weir__Synced *synced = msg->synced;
	weir_core_synced (self->core, synced->job, s_actor_of (self, conn), (uint16_t) synced->part,
	                  synced->synced_bytes);
}

void
weir_coordinator_on_finished (void *arg, uint64_t conn, const Weir__Control *msg)
{
	weir_coordinator_t *self = arg;
	const Weir__Finished *finished = msg->finished;
	weir_coordinated_job_t *job = weir_coordinator_job (self, finished->job);
	if (job == NULL || s_actor_of (self, conn) == 0)
		return;
	if (finished->error != NULL) {
		weir_err_t why;
		weir_error_from_message (finished->error, &why);
		weir_core_job_failed (self->core, finished->job, &why);
		return;
	}
	for (size_t i = 0; i < finished->n_files; i++)
		weir_vec_push (&job->files, weir_strdup (finished->files[i]));
	weir_core_finished (self->core, finished->job, finished->output, NULL);
}
