/* assembly.c - see assembly.h; weir_assemble_output () of encode.h */
#include "connectors/raster/assembly.h"

#include "runtime/base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const weir_sink_format_t weir_sink_format_null = { .format = WEIR_FORMAT_NULL };

static const weir_sink_format_t *const s_formats[] = {
	&weir_sink_format_gtiff,
	&weir_sink_format_cog,
	&weir_sink_format_png,
	&weir_sink_format_null,
};

static const weir_sink_format_t *
s_find_format (weir_format_t format)
{
	for (size_t i = 0; i < sizeof s_formats / sizeof s_formats[0]; i++)
		if (s_formats[i]->format == format)
			return s_formats[i];
	return NULL;
}

/* ---- chunks */

int
weir_assembly_ask (const weir_assembly_t *self, weir_err_t *err)
{
	if (self->is_cancelled == NULL || !self->is_cancelled (self->arg))
		return 0;
	return weir_err_set (err, WEIR_E_CANCELLED, WEIR_CLASS_GIVE_UP, "Cancelled", self->output->node,
	                     "cancelled while the result was written");
}

void
weir_assembly_release (weir_assembly_chunk_t *chunk)
{
	free (chunk->bytes);
	memset (chunk, 0, sizeof *chunk);
}

/* The plan's own arithmetic is trusted as little as the bytes: a chunk has to lie on the grid where
 * its number says. */
static bool
s_is_in_place (const weir_assembly_t *self, const weir_plan_chunk_t *chunk)
{
	const weir_grid_t *grid = &self->source->grid;
	const weir_plan_output_t *output = self->output;
	weir_window_t window = chunk->window;
	return chunk->output == self->index &&
	       window.col == (int64_t) chunk->col * output->chunk_width &&
	       window.row == (int64_t) chunk->row * output->chunk_height && window.width > 0 &&
	       window.height > 0 && window.width <= output->chunk_width &&
	       window.height <= output->chunk_height && window.col + window.width <= grid->width &&
	       window.row + window.height <= grid->height;
}

int
weir_assembly_fetch (const weir_assembly_t *self, uint64_t label, uint64_t col, uint64_t row,
                     weir_assembly_chunk_t *chunk_out, weir_err_t *err)
{
	const weir_plan_output_t *output = self->output;
	memset (chunk_out, 0, sizeof *chunk_out);
	int status = weir_assembly_ask (self, err);
	if (status != 0)
		return status;
	uint64_t number = output->first_chunk +
	                  (label * output->n_chunk_cols + col) * output->n_chunk_rows + row;
	chunk_out->chunk = weir_plan_chunk (self->plan, number);
	if (!s_is_in_place (self, &chunk_out->chunk))
		return weir_err_invalid (err, "PlanInvalid", output->node,
		                         "chunk %llu lies outside its grid", (unsigned long long) number);
	status = self->fetch (self->arg, number, &chunk_out->bytes, &chunk_out->n_bytes, err);
	if (status == 0)
		status = weir_piece_parse (self->plan, &chunk_out->chunk, chunk_out->bytes,
		                           chunk_out->n_bytes, &chunk_out->view, err);
	if (status != 0)
		weir_assembly_release (chunk_out);
	return status;
}

/* ---- files */

static bool
s_has_file_per_label (const weir_assembly_t *self)
{
	return self->output->keeps_time && !self->output->options.dates_as_bands;
}

static int
s_write_file (const weir_assembly_t *self, const weir_sink_format_t *format, const char *folder,
              uint64_t i, weir_outfile_t *file, weir_err_t *err)
{
	bool is_per_label = s_has_file_per_label (self);
	uint64_t n_labels = self->output->keeps_time && !is_per_label ? self->source->n_labels : 1;
	char label[64] = "";
	char name[128];
	if (is_per_label)
		weir_label_format (self->source->labels_us[i], label, sizeof label);
	snprintf (name, sizeof name, "result%s%s.%s", is_per_label ? "_" : "", label,
	          format->extension);
	int status = weir_outfile_create (file, folder, name, err);
	if (status == 0)
		status = format->write (self, i, n_labels, file, err);
	if (status == 0)
		status = weir_outfile_sync (file, err);
	return status;
}

/* All files are whole before the first one gets its name. */
static int
s_write_files (const weir_assembly_t *self, const weir_sink_format_t *format, const char *folder,
               uint64_t n_files, weir_outfile_t *files, weir_err_t *err)
{
	int status = 0;
	uint64_t n_renamed = 0;
	for (uint64_t i = 0; status == 0 && i < n_files; i++)
		status = s_write_file (self, format, folder, i, &files[i], err);
	if (status == 0)
		status = weir_assembly_ask (self, err);
	while (status == 0 && n_renamed < n_files) {
		status = weir_outfile_rename (&files[n_renamed], err);
		n_renamed += status == 0;
	}
	if (status == 0)
		status = weir_folder_sync (folder, err);
	for (uint64_t i = 0; status != 0 && i < n_renamed; i++)
		unlink (files[i].path);
	return status;
}

static int
s_assemble (const weir_assembly_t *self, const weir_sink_format_t *format, const char *dir,
            char ***files_out, size_t *n_files_out, weir_err_t *err)
{
	int status = format->check != NULL ? format->check (self, err) : 0;
	if (status != 0)
		return status;
	char *folder = NULL;
	status = weir_folder_make (dir, &folder, err);
	if (status != 0)
		return status;
	size_t n_files = s_has_file_per_label (self) ? self->source->n_labels : 1;
	weir_outfile_t *files = weir_alloc (n_files * sizeof *files);
	status = s_write_files (self, format, folder, n_files, files, err);
	if (status == 0) {
		*files_out = weir_alloc (n_files * sizeof **files_out);
		*n_files_out = n_files;
	}
	for (size_t i = 0; i < n_files; i++) {
		if (status == 0) {
			(*files_out)[i] = files[i].path;
			files[i].path = NULL;
		}
		weir_outfile_discard (&files[i]);
	}
	free (files);
	free (folder);
	return status;
}

int
weir_assemble_output (const weir_plan_t *plan, uint32_t output, const char *dir,
                      weir_encoded_fetch_fn *fetch, void *arg, bool (*is_cancelled) (void *arg),
                      char ***files_out, size_t *n_files_out, weir_err_t *err)
{
	*files_out = NULL;
	*n_files_out = 0;
	if (output >= plan->n_outputs || plan->outputs[output].source >= plan->n_sources)
		return weir_err_invalid (err, "PlanInvalid", "", "no output %u", output);
	weir_assembly_t self = { .plan = plan,
		                     .index = output,
		                     .output = &plan->outputs[output],
		                     .source = &plan->sources[plan->outputs[output].source],
		                     .fetch = fetch,
		                     .arg = arg,
		                     .is_cancelled = is_cancelled };
	const weir_sink_format_t *format = s_find_format (self.output->format);
	if (format == NULL)
		return weir_err_set (err, WEIR_E_UNSUPPORTED, WEIR_CLASS_GIVE_UP, "FormatUnsupported",
		                     self.output->node, "no such output format");
	if (format->extension == NULL)
		return 0;
	return s_assemble (&self, format, dir, files_out, n_files_out, err);
}
