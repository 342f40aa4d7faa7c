/* assembly.h - what a file format needs while a result is put together, and how a format joins
 *
 * A sink format is one descriptor in one file, and one line in the table of assembly.c.
 *
 * Runs on   one thread an assembly; blocks on disk
 */
#ifndef WEIR_CONNECTORS_RASTER_ASSEMBLY_H
#define WEIR_CONNECTORS_RASTER_ASSEMBLY_H

#include "connectors/raster/outfile.h"
#include "connectors/raster/piece.h"

typedef struct {
	const weir_plan_t *plan;
	uint32_t index; /* of the output */
	const weir_plan_output_t *output;
	const weir_plan_source_t *source;
	weir_encoded_fetch_fn *fetch;
	void *arg;
	bool (*is_cancelled) (void *arg);
} weir_assembly_t;

/* A fetched and checked chunk. Zeroed it is empty; weir_assembly_release () may be called at any
 * time. */
typedef struct {
	weir_plan_chunk_t chunk;
	weir_piece_view_t view;
	uint8_t *bytes;
	size_t n_bytes;
} weir_assembly_chunk_t;

/* label, col, row: of the output, in chunks. Asks for cancelling first. */
int weir_assembly_fetch (const weir_assembly_t *self, uint64_t label, uint64_t col, uint64_t row,
                         weir_assembly_chunk_t *chunk_out, weir_err_t *err);
void weir_assembly_release (weir_assembly_chunk_t *chunk);
int weir_assembly_ask (const weir_assembly_t *self, weir_err_t *err); /* WEIR_E_CANCELLED or 0 */

typedef struct {
	weir_format_t format;
	const char *extension; /* NULL: makes no file */
	/* Refuses what the format cannot hold; may be NULL. */
	int (*check) (const weir_assembly_t *self, weir_err_t *err);
	/* Writes labels [label_first, label_first + n_labels) into a file that is open and empty. */
	int (*write) (const weir_assembly_t *self, uint64_t label_first, uint64_t n_labels,
	              weir_outfile_t *file, weir_err_t *err);
} weir_sink_format_t;

extern const weir_sink_format_t weir_sink_format_gtiff;
extern const weir_sink_format_t weir_sink_format_cog;
extern const weir_sink_format_t weir_sink_format_png;
extern const weir_sink_format_t weir_sink_format_null;

#endif
