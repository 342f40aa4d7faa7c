/* partial.c - an output with holes: cells for what is missing, names that say so, and the list of
 * it */
#include "actors/sink/sink_task.h"

#include "connectors/raster/encode.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LIST_NAME "missing.json"

int
weir_partial_fill (const weir_plan_t *plan, uint64_t chunk, uint8_t **bytes_out,
                   size_t *n_bytes_out, weir_err_t *err)
{
	weir_plan_chunk_t where = weir_plan_chunk (plan, chunk);
	const weir_plan_output_t *output = &plan->outputs[where.output];
	size_t n_cells = (size_t) where.window.width * (size_t) where.window.height *
	                 plan->sources[output->source].n_bands;
	weir_cell_t cell = output->pipeline.out;
	void *cells = calloc (n_cells > 0 ? n_cells : 1, weir_type_size (cell.type));
	if (cells == NULL)
		return weir_err_set (err, WEIR_E_MEMORY, WEIR_CLASS_OVERLOADED, "MemoryExceeded",
		                     output->node, "chunk of %zu cells: no memory", n_cells);
	if (cell.has_nodata)
		weir_cell_fill_nodata (cell, cells, n_cells);
	int status = weir_encode_chunk (plan, &where, cells, bytes_out, n_bytes_out, err);
	free (cells);
	return status;
}

static int
s_write_error (weir_err_t *err, const char *path, int error)
{
	bool is_full = error == ENOSPC || error == EDQUOT;
	return weir_err_set (err, is_full ? WEIR_E_FULL : WEIR_E_IO,
	                     is_full ? WEIR_CLASS_OVERLOADED : WEIR_CLASS_GIVE_UP,
	                     is_full ? "DiskFull" : "OutputUnwritable", path, "cannot write: %s",
	                     strerror (error));
}

/* DIR/result_x.tif -> DIR/result_x.partial.tif; yours */
static char *
s_partial_name (const char *path, const char *dir)
{
	const char *slash = strrchr (path, '/'), *name = slash != NULL ? slash + 1 : path;
	const char *dot = strrchr (name, '.');
	int stem = dot != NULL ? (int) (dot - name) : (int) strlen (name);
	return weir_asprintf ("%s/%.*s.partial%s", dir, stem, name, dot != NULL ? dot : "");
}

static json_t *
s_list_chunk (const weir_plan_t *plan, const weir_sink_missing_t *missing)
{
	weir_plan_chunk_t where = weir_plan_chunk (plan, missing->chunk);
	const weir_plan_output_t *output = &plan->outputs[where.output];
	json_t *entry = json_pack (
		"{s:I, s:{s:I, s:I, s:I, s:I}, s:{s:s, s:s, s:s}}", "chunk", (json_int_t) missing->chunk,
		"window", "col", (json_int_t) where.window.col, "row", (json_int_t) where.window.row,
		"width", (json_int_t) where.window.width, "height", (json_int_t) where.window.height,
		"error", "code", missing->err->code, "where", missing->err->where, "message",
		missing->err->text);
	char label[40];
	if (entry != NULL && output->keeps_time)
		json_object_set_new (
			entry, "label",
			json_string (weir_label_format (plan->sources[output->source].labels_us[where.label],
		                                    label, sizeof label)));
	return entry;
}

static char *
s_list_text (const weir_sink_task_t *task, size_t *n_bytes_out)
{
	const weir_plan_t *plan = task->job->plan;
	json_t *chunks = json_array (), *files = json_array ();
	for (size_t i = 0; i < task->n_missing; i++) {
		json_t *entry = s_list_chunk (plan, &task->missing[i]);
		if (entry != NULL)
			json_array_append_new (chunks, entry);
	}
	for (size_t i = 0; i < task->n_files; i++)
		json_array_append_new (files, json_string (strrchr (task->files[i], '/') + 1));
	json_t *list = json_pack ("{s:s, s:o, s:I, s:I, s:o}", "node", plan->outputs[task->output].node,
	                          "files", files, "chunks",
	                          (json_int_t) plan->outputs[task->output].n_chunks, "chunks_missing",
	                          (json_int_t) task->n_missing_all, "missing", chunks);
	char *text = list != NULL ? json_dumps (list, JSON_INDENT (1)) : NULL;
	json_decref (list);
	*n_bytes_out = text != NULL ? strlen (text) : 0;
	return text;
}

static int
s_write_list (const weir_sink_task_t *task, const char *path, weir_err_t *err)
{
	size_t n_bytes;
	char *text = s_list_text (task, &n_bytes);
	if (text == NULL)
		return weir_err_set (err, WEIR_E_BUG, WEIR_CLASS_BUG, "Internal", path,
		                     "list: cannot be written down");
	char *temp = weir_asprintf ("%s.%s.part", path, task->job->name);
	int error = 0;
	int fd = open (temp, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0666);
	if (fd < 0)
		error = errno;
	for (size_t have = 0; error == 0 && have < n_bytes;) {
		ssize_t n = write (fd, text + have, n_bytes - have);
		if (n >= 0)
			have += (size_t) n;
		else if (errno != EINTR)
			error = errno;
	}
	if (error == 0 && fsync (fd) != 0)
		error = errno;
	if (fd >= 0)
		close (fd);
	if (error == 0 && rename (temp, path) != 0)
		error = errno;
	if (error != 0)
		(void) unlink (temp);
	free (temp);
	free (text);
	return error == 0 ? 0 : s_write_error (err, path, error);
}

/* Takes the text. */
static void
s_add_file (weir_sink_task_t *task, char *path)
{
	task->files = weir_realloc (task->files, (task->n_files + 1) * sizeof *task->files);
	task->files[task->n_files++] = path;
}

int
weir_partial_deliver (weir_sink_task_t *task, const char *dir, weir_err_t *err)
{
	int status = 0;
	for (size_t i = 0; i < task->n_files && status == 0; i++) {
		char *path = s_partial_name (task->files[i], dir);
		if (rename (task->files[i], path) != 0)
			status = s_write_error (err, path, errno);
		free (task->files[i]);
		task->files[i] = path;
	}
	char *list = weir_asprintf ("%s/" LIST_NAME, dir);
	if (status == 0)
		status = s_write_list (task, list, err);
	for (size_t i = 0; i < task->n_files && status != 0; i++)
		(void) unlink (task->files[i]);
	if (status == 0)
		s_add_file (task, list);
	else
		free (list);
	return status;
}
