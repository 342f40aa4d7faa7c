/* sink_task.c - see sink_task.h */
#include "actors/sink/sink_task.h"

#include "actors/sink/describe.h"
#include "actors/sink/sink.h"
#include "connectors/raster/encode.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char *
weir_sink_parts_dir (const char *results_dir, const char *job)
{
	return weir_asprintf ("%s/.weir-%s", results_dir, job);
}

char *
weir_sink_part_path (const char *results_dir, const char *job, unsigned part)
{
	return weir_asprintf ("%s/.weir-%s/part-%u.weir", results_dir, job, part);
}

void
weir_sink_task_destroy (weir_sink_task_t **self_p)
{
	weir_sink_task_t *self = *self_p;
	if (self == NULL)
		return;
	for (size_t i = 0; i < self->n_blocks; i++) {
		weir_buf_release (&self->blocks[i].block);
		free (self->blocks[i].err);
	}
	free (self->blocks);
	for (size_t i = 0; i < self->n_parts; i++)
		free (self->parts[i]);
	free (self->parts);
	for (size_t i = 0; i < self->n_files; i++)
		free (self->files[i]);
	free (self->files);
	for (size_t i = 0; i < self->n_missing; i++)
		free (self->missing[i].err);
	free (self->missing);
	weir_job_release (&self->job);
	free (self);
	*self_p = NULL;
}

void
weir_sink_task_take_missing (weir_sink_task_t *task, const Weir__Finish *finish)
{
	task->n_missing_all = finish->chunks_missing;
	task->missing = weir_alloc ((finish->n_missing + 1) * sizeof *task->missing);
	for (; task->n_missing < finish->n_missing; task->n_missing++) {
		const Weir__MissingChunk *from = finish->missing[task->n_missing];
		weir_sink_missing_t *to = &task->missing[task->n_missing];
		to->chunk = from->chunk;
		to->err = weir_alloc (sizeof *to->err);
		weir_error_from_message (from->error, to->err);
	}
}

/* What is in the folder `fd` (taken), and one level of folders below it. Never follows a link. */
static void
s_empty_dir (int fd, int depth) // NOLINT(misc-no-recursion): two levels
{
	DIR *dir = fdopendir (fd);
	if (dir == NULL) {
		close (fd);
		return;
	}
	for (struct dirent *entry; (entry = readdir (dir)) != NULL;) {
		if (strcmp (entry->d_name, ".") == 0 || strcmp (entry->d_name, "..") == 0)
			continue;
		if (unlinkat (fd, entry->d_name, 0) == 0 || depth == 0)
			continue;
		int below = openat (fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (below >= 0)
			s_empty_dir (below, depth - 1);
		(void) unlinkat (fd, entry->d_name, AT_REMOVEDIR);
	}
	closedir (dir);
}

void
weir_sink_remove_parts (const char *results_dir, const char *job)
{
	char *path = weir_sink_parts_dir (results_dir, job);
	int fd = open (path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0)
		s_empty_dir (fd, 1);
	(void) rmdir (path);
	free (path);
}

/* mkdir -p */
static int
s_make_dir (const char *path, weir_err_t *err)
{
	char *copy = weir_strdup (path);
	int status = 0;
	for (char *at = copy + 1; status == 0; at++) {
		if (*at != '/' && *at != '\0')
			continue;
		char end = *at;
		*at = '\0';
		if (mkdir (copy, 0777) != 0 && errno != EEXIST)
			status = weir_err_set (err, errno == ENOSPC ? WEIR_E_FULL : WEIR_E_IO,
			                       errno == ENOSPC ? WEIR_CLASS_OVERLOADED : WEIR_CLASS_GIVE_UP,
			                       errno == ENOSPC ? "DiskFull" : "OutputUnwritable", path,
			                       "cannot make the folder: %s", strerror (errno));
		if (end == '\0')
			break;
		*at = end;
	}
	free (copy);
	return status;
}

static int
s_open_part (const weir_job_t *job, weir_part_file_t **part_p, weir_err_t *err)
{
	if (*part_p != NULL)
		return 0;
	char *dir = weir_sink_parts_dir (job->results_dir, job->name);
	int status = s_make_dir (dir, err);
	free (dir);
	if (status != 0)
		return status;
	char *path = weir_sink_part_path (job->results_dir, job->name, job->part);
	status = weir_part_create (path, part_p, err);
	free (path);
	return status;
}

static void
s_append (weir_sink_task_t *task, weir_part_file_t **part_p)
{
	for (size_t i = 0; i < task->n_blocks; i++) {
		weir_sink_block_t *block = &task->blocks[i];
		weir_err_t err;
		int status = s_open_part (task->job, part_p, &err);
		if (status == 0 && block->is_repeat)
			block->end_bytes = weir_part_end (*part_p);
		else if (status == 0)
			status = weir_part_append (*part_p, block->chunk, weir_buf_data (block->block),
			                           weir_buf_size (block->block), &block->end_bytes, &err);
		if (status != 0) {
			block->err = weir_alloc (sizeof *block->err);
			*block->err = err;
		}
	}
}

/* ---- results */

typedef struct {
	const weir_sink_task_t *task;
	weir_part_entry_t *entries;
	size_t n_entries;
	int *fds;
} weir_assembly_t;

static int
s_compare_chunk (const void *key, const void *entry)
{
	uint64_t chunk = *(const uint64_t *) key, other = ((const weir_part_entry_t *) entry)->chunk;
	return chunk < other ? -1 : chunk > other;
}

static int
s_fetch_block (void *arg, uint64_t chunk, uint8_t **bytes_out, size_t *n_bytes_out, weir_err_t *err)
{
	weir_assembly_t *self = arg;
	const weir_part_entry_t *entry = self->n_entries == 0
	                                     ? NULL
	                                     : bsearch (&chunk, self->entries, self->n_entries,
	                                                sizeof *self->entries, s_compare_chunk);
	if (entry == NULL && self->task->n_missing_all > 0)
		return weir_partial_fill (self->task->job->plan, chunk, bytes_out, n_bytes_out, err);
	if (entry == NULL)
		return weir_err_set (err, WEIR_E_NOT_FOUND, WEIR_CLASS_RETRY, "PartUnreadable",
		                     self->task->job->name, "chunk %llu: no part has it",
		                     (unsigned long long) chunk);
	*n_bytes_out = entry->n_bytes;
	return weir_part_fetch (self->fds[entry->part], self->task->parts[entry->part], entry,
	                        bytes_out, err);
}

static bool
s_is_cancelled (void *arg)
{
	return weir_job_is_cancelled (((weir_assembly_t *) arg)->task->job);
}

static int
s_open_parts (weir_assembly_t *self, weir_err_t *err)
{
	const weir_sink_task_t *task = self->task;
	for (size_t i = 0; i < task->n_parts; i++) {
		self->fds[i] = open (task->parts[i], O_RDONLY | O_CLOEXEC);
		if (self->fds[i] < 0 && errno != ENOENT)
			return weir_err_set (err, WEIR_E_IO, WEIR_CLASS_RETRY, "PartUnreadable", task->parts[i],
			                     "cannot open: %s", strerror (errno));
	}
	return weir_part_index (task->n_parts, (const char *const *) task->parts, &self->entries,
	                        &self->n_entries, err);
}

/* Files with holes are put together aside, so that none of them ever has the name of a whole
 * result; no collection offers them as one. */
static int
s_assemble (weir_assembly_t *assembly, weir_sink_task_t *task, const char *dir, weir_err_t *err)
{
	const weir_plan_t *plan = task->job->plan;
	int status = s_make_dir (dir, err);
	if (status == 0 && task->n_missing_all == 0) {
		status = weir_assemble_output (plan, task->output, dir, s_fetch_block, assembly,
		                               s_is_cancelled, &task->files, &task->n_files, err);
		return status != 0 ? status
		                   : weir_sink_describe (plan, task->output, dir, &task->files,
		                                         &task->n_files, err);
	}
	if (status != 0)
		return status;
	char *parts = weir_sink_parts_dir (task->job->results_dir, task->job->name);
	char *aside = weir_asprintf ("%s/output-%u", parts, task->output);
	status = s_make_dir (aside, err);
	if (status == 0)
		status = weir_assemble_output (plan, task->output, aside, s_fetch_block, assembly,
		                               s_is_cancelled, &task->files, &task->n_files, err);
	if (status == 0)
		status = weir_partial_deliver (task, dir, err);
	free (aside);
	free (parts);
	return status;
}

static int
s_finish (weir_sink_task_t *task, weir_err_t *err)
{
	const weir_plan_t *plan = task->job->plan;
	if (plan == NULL || task->output >= plan->n_outputs)
		return weir_err_set (err, WEIR_E_BUG, WEIR_CLASS_BUG, "Internal", task->job->name,
		                     "output %u: the plan has none such", task->output);
	const weir_plan_output_t *output = &plan->outputs[task->output];
	if (output->format == WEIR_FORMAT_NULL)
		return 0;
	weir_assembly_t assembly = { .task = task,
		                         .fds = weir_alloc ((task->n_parts + 1) * sizeof (int)) };
	for (size_t i = 0; i < task->n_parts; i++)
		assembly.fds[i] = -1;
	char *dir = output->is_result ? weir_strdup (task->job->results_dir)
	                              : weir_asprintf ("%s/%s", task->job->results_dir, output->node);
	int status = s_open_parts (&assembly, err);
	if (status == 0)
		status = s_assemble (&assembly, task, dir, err);
	for (size_t i = 0; i < task->n_parts; i++)
		if (assembly.fds[i] >= 0)
			close (assembly.fds[i]);
	free (assembly.fds);
	free (assembly.entries);
	free (dir);
	return status;
}

void
weir_sink_task_run (weir_sink_task_t *task, weir_part_file_t **part_p)
{
	int status = 0;
	switch (task->kind) {
	case WEIR_SINK_APPEND: s_append (task, part_p); break;
	case WEIR_SINK_SYNC:
		if (*part_p != NULL)
			status = weir_part_sync (*part_p, &task->synced_bytes, &task->err);
		break;
	case WEIR_SINK_FINISH: status = s_finish (task, &task->err); break;
	case WEIR_SINK_CLEAN:
		weir_part_close (part_p);
		weir_sink_remove_parts (task->job->results_dir, task->job->name);
		break;
	}
	task->has_err = status != 0;
}
