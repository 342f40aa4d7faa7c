/* describe.c - see describe.h
 *
 * The STAC connector knows how a collection is written, the raster connector what is in the files
 * and how a file gets its name when it is whole; here they meet.
 */
#include "actors/sink/describe.h"

#include "connectors/raster/encode.h"
#include "connectors/raster/outfile.h"
#include "connectors/raster/raster.h"
#include "connectors/stac/write.h"
#include "runtime/base/mem.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct {
	const weir_plan_t *plan;
	const weir_plan_output_t *output;
	const weir_plan_source_t *source;
	uint32_t index;
	uint64_t labels_a_file;
	size_t n_items;
	weir_stac_made_item_t *items;
	weir_footprint_t footprint;
	weir_stac_made_t made;
} s_description_t;

static const char *
s_media_type (weir_format_t format)
{
	switch (format) {
	case WEIR_FORMAT_COG: return "image/tiff; application=geotiff; profile=cloud-optimized";
	case WEIR_FORMAT_GTIFF: return "image/tiff; application=geotiff";
	case WEIR_FORMAT_PNG: return "image/png";
	default: return "application/octet-stream";
	}
}

static void
s_describe_item (const s_description_t *self, size_t i, const char *path,
                 weir_stac_made_item_t *item)
{
	const weir_plan_source_t *source = self->source;
	bool is_of_label = self->output->keeps_time && self->n_items == source->n_labels &&
	                   !self->output->options.dates_as_bands;
	uint64_t label_first = is_of_label ? i : 0;
	size_t n_bands = weir_plan_output_bands (source, self->output) * (size_t) self->labels_a_file;
	weir_stac_made_band_t *bands = weir_alloc (n_bands * sizeof *bands);
	for (size_t b = 0; b < n_bands; b++) {
		bands[b].name = weir_output_band_name (self->plan, self->index, label_first,
		                                       self->labels_a_file, b);
		bands[b].type = self->output->pipeline.out.type;
		bands[b].has_nodata = weir_output_nodata (self->plan, self->index, &bands[b].nodata);
	}
	const char *slash = strrchr (path, '/');
	*item = (weir_stac_made_item_t){
		.file = slash != NULL ? slash + 1 : path,
		.media_type = s_media_type (self->output->format),
		.role = self->output->format == WEIR_FORMAT_PNG ? "visual" : "data",
		.is_instant = is_of_label,
		.first_us = source->labels_us[label_first],
		.last_us = source->labels_us[is_of_label ? i : source->n_labels - 1],
		.n_bands = n_bands,
		.bands = bands,
	};
}

static void
s_clear (s_description_t *self)
{
	for (size_t i = 0; i < self->n_items; i++) {
		for (size_t b = 0; b < self->items[i].n_bands; b++)
			free ((char *) (uintptr_t) self->items[i].bands[b].name);
		free ((void *) (uintptr_t) self->items[i].bands);
	}
	free (self->items);
	free ((char *) (uintptr_t) self->made.crs_code);
	free ((char *) (uintptr_t) self->made.description);
}

static void
s_describe (s_description_t *self, char *const *files)
{
	const weir_grid_t *grid = &self->source->grid;
	bool has_crs = grid->crs_id >= 0 && (size_t) grid->crs_id < self->plan->n_crs;
	const char *crs = has_crs ? self->plan->crs[grid->crs_id] : NULL;
	self->items = weir_alloc (self->n_items * sizeof *self->items);
	for (size_t i = 0; i < self->n_items; i++)
		s_describe_item (self, i, files[i], &self->items[i]);
	if (has_crs)
		weir_grid_footprint (grid, crs, weir_raster_transform, NULL, &self->footprint);
	self->made = (weir_stac_made_t){
		.id = self->output->node,
		.description = weir_asprintf ("What node '%s' saved, computed by Weir", self->output->node),
		.grid = *grid,
		.crs_code = has_crs ? weir_raster_crs_code (crs) : NULL,
		.crs_wkt = crs,
		.footprint = has_crs ? &self->footprint : NULL,
		.n_items = self->n_items,
		.items = self->items,
	};
}

/* Takes the text. The file's path joins the list. */
static int
s_write (const char *folder, const char *name, char *text, char ***files_p, size_t *n_files_p,
         weir_err_t *err)
{
	weir_outfile_t file = { .fd = -1 };
	int status = weir_outfile_create (&file, folder, name, err);
	if (status == 0)
		status = weir_outfile_write (&file, text, strlen (text), err);
	if (status == 0)
		status = weir_outfile_sync (&file, err);
	if (status == 0)
		status = weir_outfile_rename (&file, err);
	if (status == 0) {
		*files_p = weir_realloc (*files_p, (*n_files_p + 1) * sizeof **files_p);
		(*files_p)[(*n_files_p)++] = file.path;
		file.path = NULL;
	}
	weir_outfile_discard (&file);
	free (text);
	return status;
}

static int
s_write_all (const s_description_t *self, const char *folder, char ***files_p, size_t *n_files_p,
             weir_err_t *err)
{
	int status = 0;
	for (size_t i = 0; status == 0 && i < self->n_items; i++) {
		char *name = weir_stac_made_name (&self->items[i]);
		status = s_write (folder, name, weir_stac_made_item (&self->made, i), files_p, n_files_p,
		                  err);
		free (name);
	}
	if (status == 0)
		status = s_write (folder, WEIR_STAC_COLLECTION_FILE,
		                  weir_stac_made_collection (&self->made), files_p, n_files_p, err);
	return status == 0 ? weir_folder_sync (folder, err) : status;
}

int
weir_sink_describe (const weir_plan_t *plan, uint32_t output, const char *dir, char ***files_p,
                    size_t *n_files_p, weir_err_t *err)
{
	s_description_t self = { .plan = plan,
		                     .output = &plan->outputs[output],
		                     .source = &plan->sources[plan->outputs[output].source],
		                     .index = output,
		                     .labels_a_file = 1,
		                     .n_items = *n_files_p };
	if (self.n_items == 0 || self.source->n_labels == 0)
		return 0;
	if (self.output->keeps_time && self.output->options.dates_as_bands)
		self.labels_a_file = self.source->n_labels;
	char *folder = NULL;
	int status = weir_folder_make (dir, &folder, err);
	if (status == 0) {
		s_describe (&self, *files_p); /* borrows names of files: the list only grows */
		status = s_write_all (&self, folder, files_p, n_files_p, err);
	}
	for (size_t i = 0; status != 0 && i < *n_files_p; i++) {
		unlink ((*files_p)[i]);
		free ((*files_p)[i]);
	}
	if (status != 0)
		*n_files_p = 0;
	s_clear (&self);
	free (folder);
	return status;
}
