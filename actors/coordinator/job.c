/* job.c - submission, planning, announcement, progress and end of jobs */
#include "actors/coordinator/coordinator_internal.h"

#include "actors/coordinator/planning.h"
#include "actors/job/job.h"

#include <string.h>

weir_coordinated_job_t *
weir_coordinator_job (const weir_coordinator_t *self, uint64_t number)
{
	for (size_t i = 0; i < self->jobs.n; i++)
		if (self->jobs.at[i]->number == number)
			return self->jobs.at[i];
	return NULL;
}

static weir_coordinated_job_t *
s_find_by_name (const weir_coordinator_t *self, const char *name)
{
	for (size_t i = 0; i < self->jobs.n; i++)
		if (strcmp (self->jobs.at[i]->name, name) == 0)
			return self->jobs.at[i];
	return NULL;
}

void
weir_coordinator_free_job (weir_coordinated_job_t *job)
{
	free (job->name);
	free (job->owner);
	free (job->cluster);
	free (job->results_dir);
	weir_vec_clear (&job->clients);
	weir_plan_destroy (&job->plan);
	free (job->plan_packed);
	for (size_t i = 0; i < job->files.n; i++)
		free (job->files.at[i]);
	weir_vec_clear (&job->files);
	for (size_t i = 0; i < job->failures.n; i++)
		weir_chunk_failure_clear (&job->failures.at[i]);
	weir_vec_clear (&job->failures);
	free (job);
}

/* ---- clients */

static void
s_send_client (weir_coordinator_t *self, uint64_t conn, Weir__Client *client)
{
	Weir__Control msg = WEIR_CONTROL (CLIENT, client, client);
	(void) weir_host_send_to (self->host, conn, &msg);
}

static void
s_send_clients (weir_coordinator_t *self, weir_coordinated_job_t *job, Weir__Client *client)
{
	Weir__Control msg = WEIR_CONTROL (CLIENT, client, client);
	for (size_t i = 0; i < job->clients.n;) {
		if (weir_host_send_to (self->host, job->clients.at[i], &msg))
			i++;
		else
			weir_vec_remove (&job->clients, i);
	}
}

static void
s_fill_progress (const weir_coordinator_t *self, const weir_coordinated_job_t *job,
                 Weir__Progress *progress)
{
	progress->job = job->name;
	progress->seq = job->seq;
	progress->state = (Weir__JobState) job->state;
	weir_job_view_t view;
	if (!weir_core_job_view (self->core, job->number, &view))
		return;
	progress->chunks = view.n_chunks;
	progress->chunks_leased = view.n_by_state[WEIR_CHUNK_LEASED];
	progress->chunks_written = view.n_by_state[WEIR_CHUNK_WRITTEN];
	progress->chunks_done = view.n_by_state[WEIR_CHUNK_DONE];
	progress->chunks_quarantined = view.n_by_state[WEIR_CHUNK_QUARANTINED];
	if (job->plan == NULL)
		return;
	uint64_t pixels = 0;
	for (size_t i = 0; i < job->plan->n_outputs; i++) {
		const weir_plan_output_t *output = &job->plan->outputs[i];
		const weir_grid_t *grid = &job->plan->sources[output->source].grid;
		pixels += (uint64_t) grid->width * (uint64_t) grid->height;
	}
	uint64_t ended = progress->chunks_written + progress->chunks_done;
	progress->pixels_done =
		view.n_chunks > 0 ? (uint64_t) ((double) pixels * ((double) ended / (double) view.n_chunks))
						  : 0;
}

void
weir_coordinator_tell_progress (weir_coordinator_t *self, weir_coordinated_job_t *job)
{
	Weir__Progress progress = WEIR__PROGRESS__INIT;
	job->seq++;
	s_fill_progress (self, job, &progress);
	if (job->plan != NULL) {
		progress.n_warnings = job->plan->n_warnings;
		progress.warnings = job->plan->warnings;
	}
	Weir__Client client = WEIR__CLIENT__INIT;
	client.body_case = WEIR__CLIENT__BODY_PROGRESS;
	client.progress = &progress;
	s_send_clients (self, job, &client);
	job->told_ms = self->now_ms;
}

static void
s_fill_end (weir_coordinated_job_t *job, Weir__JobEnd *end, Weir__Error *error)
{
	end->job = job->name;
	end->seq = job->seq;
	end->state = (Weir__JobState) job->state;
	end->n_files = job->files.n;
	end->files = job->files.at;
	if (job->error.status == 0 || job->state == WEIR_JOB_CANCELLED)
		return; /* of a job that is done: what is missing */
	weir_error_to_message (&job->error, error);
	end->error = error;
}

/* conn 0: all clients of the job */
static void
s_tell_end (weir_coordinator_t *self, weir_coordinated_job_t *job, uint64_t conn)
{
	Weir__JobEnd end = WEIR__JOB_END__INIT;
	Weir__Error error = WEIR__ERROR__INIT;
	s_fill_end (job, &end, &error);
	Weir__Client client = WEIR__CLIENT__INIT;
	client.body_case = WEIR__CLIENT__BODY_END;
	client.end = &end;
	if (conn != 0)
		s_send_client (self, conn, &client);
	else
		s_send_clients (self, job, &client);
}

static void
s_on_deleted (void *arg, const weir_err_t *err, size_t n, const char *answers)
{
	(void) n;
	(void) answers;
	const weir_coordinator_t *self = arg;
	if (err != NULL && !self->is_closing) /* without a store the job has said so itself */
		weir_log (err->klass == WEIR_CLASS_RETRY ? WEIR_LOG_INFO : WEIR_LOG_WARN, "coordinator",
		          "keys of a job not deleted: %s", err->text);
}

/* A job that delivers what there is says what it lacks. */
static void
s_note_missing (const weir_coordinator_t *self, weir_coordinated_job_t *job)
{
	weir_job_view_t view;
	if (!weir_core_job_view (self->core, job->number, &view) ||
	    view.n_by_state[WEIR_CHUNK_QUARANTINED] == 0)
		return;
	weir_err_set (
		&job->error, view.error.status != 0 ? view.error.status : WEIR_E_IO, WEIR_CLASS_GIVE_UP,
		"JobIncomplete", job->results_dir, "%llu of %llu chunks are missing: %s%s%s",
		(unsigned long long) view.n_by_state[WEIR_CHUNK_QUARANTINED],
		(unsigned long long) view.n_chunks, view.error.where,
		view.error.where[0] != '\0' ? ": " : "",
		view.error.text[0] != '\0' ? view.error.text : "given up after their actors were lost");
}

void
weir_coordinator_job_ended (weir_coordinator_t *self, weir_coordinated_job_t *job,
                            weir_job_state_t state)
{
	weir_job_view_t view;
	if (state == WEIR_JOB_FAILED && job->error.status == 0 &&
	    weir_core_job_view (self->core, job->number, &view))
		job->error = view.error;
	if (state == WEIR_JOB_DONE)
		s_note_missing (self, job);
	job->state = state;
	job->seq++;
	if (job->is_open) {
		Weir__JobClose close = WEIR__JOB_CLOSE__INIT;
		close.job = job->number;
		close.keep_results = state == WEIR_JOB_DONE;
		Weir__Control msg = WEIR_CONTROL (JOB_CLOSE, job_close, &close);
		weir_coordinator_send_all (self, &msg);
	}
	if (job->is_stored)
		weir_redis_job_delete (self->redis, job->name, s_on_deleted, self);
	job->is_open = job->is_stored = false;
	s_tell_end (self, job, 0);
	weir_core_job_forget (self->core, job->number);
	weir_plan_destroy (&job->plan);
	free (job->plan_packed);
	job->plan_packed = NULL;
}

/* ---- planning */

static int
s_plan_graph (const weir_coordinator_config_t *config, const Weir__Submit *submit,
              bool (*is_cancelled) (void *), void *job, weir_plan_t **plan_out, weir_err_t *err)
{
	weir_graph_t *graph = NULL;
	int status = weir_graph_parse (submit->graph, strlen (submit->graph), NULL, &graph, err);
	if (status != 0)
		return status;
	weir_plan_options_t options = { .memory_bytes = config->memory_bytes,
		                            .n_slots = config->n_slots,
		                            .skip_bad_items = submit->skip_bad_items,
		                            .chunk_width = submit->chunk_width,
		                            .chunk_height = submit->chunk_height,
		                            .run_labels = submit->run_labels };
	status = weir_planning_run (graph, &options, is_cancelled, job, plan_out, err);
	weir_graph_destroy (&graph);
	return status;
}

static bool
s_is_cancelled (void *arg)
{
	return atomic_load_explicit (&((weir_coordinated_job_t *) arg)->is_cancelled,
	                             memory_order_relaxed);
}

void
weir_coordinator_run_planning (void *arg, void *state, void *work)
{
	(void) state;
	weir_coordinator_t *self = arg;
	weir_planning_task_t *task = work;
	const Weir__Submit *submit = task->submit->client->submit;
	if (self->config.plan != NULL)
		task->status = self->config.plan (self->config.plan_arg, submit, s_is_cancelled, task->job,
		                                  &task->plan, &task->err);
	else
		task->status = s_plan_graph (&self->config, submit, s_is_cancelled, task->job, &task->plan,
		                             &task->err);
	if (task->status != 0)
		return;
	task->text = weir_plan_encode (task->plan);
	weir_plan_hash (task->text, strlen (task->text), task->sha256);
	task->packed = weir_plan_pack (task->text, strlen (task->text), &task->packed_bytes);
}

void
weir_coordinator_drop_planning (void *arg, void *work)
{
	(void) arg;
	weir_planning_task_t *task = work;
	weir_control_free (&task->submit);
	weir_plan_destroy (&task->plan);
	free (task->text);
	free (task->packed);
	free (task);
}

void
weir_coordinator_announce (weir_coordinator_t *self, weir_coordinated_job_t *job,
                           const weir_member_t *member)
{
	Weir__JobOpen open = WEIR__JOB_OPEN__INIT;
	open.job = job->number;
	open.generation = job->generation;
	open.name = job->name;
	open.plan_sha256.data = job->plan_sha256;
	open.plan_sha256.len = sizeof job->plan_sha256;
	open.owner = job->owner;
	open.cluster = job->cluster;
	open.results_dir = job->results_dir;
	if (member->kind == WEIR__ACTOR_KIND__ACTOR_SINK)
		open.part = weir_core_part (self->core, job->number, member->number);
	Weir__Control msg = WEIR_CONTROL (JOB_OPEN, job_open, &open);
	(void) weir_host_send_to (self->host, member->conn, &msg);
}

static int
s_add_to_core (weir_coordinator_t *self, weir_coordinated_job_t *job, weir_err_t *err)
{
	const weir_plan_t *plan = job->plan;
	weir_job_output_t *outputs = weir_alloc (plan->n_outputs * sizeof *outputs);
	for (size_t i = 0; i < plan->n_outputs; i++) {
		const weir_plan_output_t *from = &plan->outputs[i];
		weir_plan_chunk_t first = weir_plan_chunk (plan, from->first_chunk);
		outputs[i] = (weir_job_output_t){
			.first_chunk = from->first_chunk,
			.n_chunks = from->n_chunks,
			.column_chunks = from->n_chunk_rows > 0 ? from->n_chunk_rows : 1,
			.n_runs = first.n_runs,
			.partial_bytes = from->is_whole_chunk ? from->block_bytes : from->acc_bytes,
			.block_bytes = from->block_bytes,
		};
	}
	weir_job_spec_t spec = { .job = job->number,
		                     .generation = job->generation,
		                     .n_chunks = plan->n_chunks,
		                     .n_outputs = (uint32_t) plan->n_outputs,
		                     .outputs = outputs,
		                     .partial = job->partial };
	int status = weir_core_job_added (self->core, &spec, err);
	free (outputs);
	return status;
}

typedef struct {
	weir_coordinator_t *coordinator;
	uint64_t job;
} weir_job_call_t;

static void
s_fail_job (weir_coordinator_t *self, weir_coordinated_job_t *job, const weir_err_t *err)
{
	job->error = *err;
	weir_coordinator_job_ended (self, job, WEIR_JOB_FAILED);
}

/* The plan is stored: now the job may run. */
static void
s_on_job_put (void *arg, const weir_err_t *err, size_t n, const char *answers)
{
	(void) n;
	(void) answers;
	weir_job_call_t *call = arg;
	weir_coordinator_t *self = call->coordinator;
	weir_coordinated_job_t *job = weir_coordinator_job (self, call->job);
	free (call);
	if (job == NULL || job->state != WEIR_JOB_PLANNING)
		return;
	weir_err_t why;
	if (err != NULL) {
		s_fail_job (self, job, err);
		return;
	}
	if (s_add_to_core (self, job, &why) != 0) {
		s_fail_job (self, job, &why);
		return;
	}
	job->is_open = true;
	for (size_t i = 0; i < self->members.n; i++)
		weir_coordinator_announce (self, job, &self->members.at[i]);
}

static void
s_store_plan (weir_coordinator_t *self, weir_coordinated_job_t *job)
{
	char hex[65];
	for (size_t i = 0; i < sizeof job->plan_sha256; i++)
		snprintf (hex + 2 * i, 3, "%02x", job->plan_sha256[i]);
	weir_job_call_t *call = weir_alloc (sizeof *call);
	call->coordinator = self;
	call->job = job->number;
	job->is_stored = true;
	weir_redis_job_put (self->redis, job->name, job->generation, job->plan->n_chunks, hex,
	                    job->plan_packed, job->plan_packed_bytes, job->owner, job->cluster,
	                    s_on_job_put, call);
}

void
weir_coordinator_on_planned (void *arg, void *work)
{
	weir_coordinator_t *self = arg;
	weir_planning_task_t *task = work;
	weir_coordinated_job_t *job = task->job;
	job->is_planning = false;
	if (atomic_load (&job->is_cancelled)) {
		weir_coordinator_job_ended (self, job, WEIR_JOB_CANCELLED);
	} else if (task->status != 0) {
		s_fail_job (self, job, &task->err);
	} else {
		job->plan = task->plan;
		job->plan_packed = task->packed;
		job->plan_packed_bytes = task->packed_bytes;
		job->plan_text_bytes = strlen (task->text);
		memcpy (job->plan_sha256, task->sha256, sizeof job->plan_sha256);
		task->plan = NULL;
		task->packed = NULL;
		s_store_plan (self, job);
	}
	weir_coordinator_drop_planning (self, task);
}

void
weir_coordinator_on_plan_request (void *arg, uint64_t conn, const Weir__Control *msg)
{
	weir_coordinator_t *self = arg;
	for (size_t i = 0; i < self->jobs.n; i++) {
		const weir_coordinated_job_t *job = self->jobs.at[i];
		if (job->plan_packed == NULL ||
		    memcmp (job->plan_sha256, msg->plan_request->sha256.data, sizeof job->plan_sha256) != 0)
			continue;
		Weir__PlanReply reply = WEIR__PLAN_REPLY__INIT;
		reply.sha256 = msg->plan_request->sha256;
		reply.text_bytes = job->plan_text_bytes;
		reply.plan.data = job->plan_packed;
		reply.plan.len = job->plan_packed_bytes;
		Weir__Control answer = WEIR_CONTROL (PLAN_REPLY, plan_reply, &reply);
		(void) weir_host_send_to (self->host, conn, &answer);
		return;
	}
}

/* ---- what clients say */

static void
s_attach (weir_coordinator_t *self, weir_coordinated_job_t *job, uint64_t conn)
{
	for (size_t i = 0; i < job->clients.n; i++)
		if (job->clients.at[i] == conn)
			return;
	weir_vec_push (&job->clients, conn);
	Weir__Submitted submitted = WEIR__SUBMITTED__INIT;
	submitted.job = job->name;
	submitted.generation = job->generation;
	Weir__Client client = WEIR__CLIENT__INIT;
	client.body_case = WEIR__CLIENT__BODY_SUBMITTED;
	client.submitted = &submitted;
	s_send_client (self, conn, &client);
	if (job->state == WEIR_JOB_DONE || job->state == WEIR_JOB_FAILED ||
	    job->state == WEIR_JOB_CANCELLED)
		s_tell_end (self, job, conn);
}

static void
s_submit (weir_coordinator_t *self, uint64_t conn, const Weir__Control *msg)
{
	const Weir__Submit *submit = msg->client->submit;
	weir_coordinated_job_t *job = s_find_by_name (self, submit->job);
	if (job != NULL) {
		s_attach (self, job, conn);
		return;
	}
	job = weir_alloc (sizeof *job);
	job->number = ++self->job_last;
	job->generation = self->generation;
	job->name = weir_strdup (submit->job);
	job->owner = weir_strdup (submit->owner);
	job->cluster = weir_strdup (submit->cluster);
	job->results_dir = weir_strdup (submit->results_dir);
	job->partial = submit->partial;
	job->state = WEIR_JOB_PLANNING;
	job->is_planning = true;
	atomic_init (&job->is_cancelled, false);
	weir_vec_push (&self->jobs, job);
	s_attach (self, job, conn);
	weir_planning_task_t *task = weir_alloc (sizeof *task);
	task->coordinator = self;
	task->job = job;
	size_t n_bytes; /* the message is the loop's: the worker gets a copy of its own */
	uint8_t *bytes = weir_control_encode (msg, &n_bytes);
	weir_err_t err;
	task->submit = weir_control_decode (bytes, n_bytes, &err);
	free (bytes);
	weir_assert (task->submit != NULL);
	weir_host_submit (self->host, task);
	weir_coordinator_tell_progress (self, job);
}

static void
s_cancel (weir_coordinator_t *self, const char *name)
{
	weir_coordinated_job_t *job = s_find_by_name (self, name);
	if (job == NULL)
		return;
	atomic_store (&job->is_cancelled, true);
	if (job->is_open)
		weir_core_job_cancelled (self->core, job->number);
	else if (!job->is_planning && job->state == WEIR_JOB_PLANNING)
		weir_coordinator_job_ended (self, job, WEIR_JOB_CANCELLED);
}

static void
s_reject_unknown (weir_coordinator_t *self, uint64_t conn, char *name)
{
	weir_err_t err;
	weir_err_set (&err, WEIR_E_NOT_FOUND, WEIR_CLASS_GIVE_UP, "JobNotFound", name,
	              "job: is not known here");
	Weir__Error error = WEIR__ERROR__INIT;
	weir_error_to_message (&err, &error);
	Weir__JobRejected rejected = WEIR__JOB_REJECTED__INIT;
	rejected.job = name;
	rejected.error = &error;
	Weir__Client client = WEIR__CLIENT__INIT;
	client.body_case = WEIR__CLIENT__BODY_REJECTED;
	client.rejected = &rejected;
	s_send_client (self, conn, &client);
}

void
weir_coordinator_on_client (void *arg, uint64_t conn, const Weir__Control *msg)
{
	weir_coordinator_t *self = arg;
	const Weir__Client *client = msg->client;
	if (client->body_case == WEIR__CLIENT__BODY_SUBMIT) {
		s_submit (self, conn, msg);
	} else if (client->body_case == WEIR__CLIENT__BODY_CANCEL) {
		s_cancel (self, client->cancel->job);
	} else if (client->body_case == WEIR__CLIENT__BODY_ATTACH) {
		weir_coordinated_job_t *job = s_find_by_name (self, client->attach->job);
		if (job != NULL)
			s_attach (self, job, conn);
		else
			s_reject_unknown (self, conn, client->attach->job);
	}
}
