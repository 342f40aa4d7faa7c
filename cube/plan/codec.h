/* codec.h - what encode.c and the decoders share: version, limits, checked reading of JSON
 *
 * A weir_reader_t remembers the first thing that is wrong; from then on every read gives a harmless
 * value, so that decoders read straight on and look at `failed` where it matters. Private to
 * cube/plan/.
 */
#ifndef WEIR_CUBE_PLAN_CODEC_H
#define WEIR_CUBE_PLAN_CODEC_H

#include "cube/plan/plan.h"

#include <jansson.h>

#define WEIR_PLAN_VERSION 1
#define WEIR_PLAN_CHUNKS_MAX ((uint64_t) 1 << 40)
#define WEIR_PLAN_SIDE_MAX INT64_C (2147483647) /* pixels a side of a grid */
#define WEIR_PLAN_NULL_SIDE_MAX ((int64_t) 1 << 46)
#define WEIR_PLAN_OFFSET_MAX ((int64_t) 1 << 40)   /* of an item's window */
#define WEIR_PLAN_PAYLOAD_MAX ((uint64_t) 1 << 31) /* bytes of one partial or block */
#define WEIR_PLAN_SOURCES_MAX 256
#define WEIR_PLAN_OUTPUTS_MAX 256
#define WEIR_PLAN_BANDS_MAX 4096
#define WEIR_PLAN_ITEMS_MAX 10000000
#define WEIR_PLAN_RUN_LABELS_MAX ((uint32_t) 1 << 30)

typedef struct {
	weir_err_t *err;
	bool failed;
} weir_reader_t;

/* Remembers the first failure; returns false. */
bool weir_reader_fail (weir_reader_t *self, const char *key, const char *format, ...)
	__attribute__ ((format (printf, 3, 4)));

/* Members of an object; a missing one, another type or a value out of range fails. */
int64_t weir_reader_int (weir_reader_t *self, const json_t *object, const char *key, int64_t min,
                         int64_t max);
bool weir_reader_bool (weir_reader_t *self, const json_t *object, const char *key);
char *weir_reader_text (weir_reader_t *self, const json_t *object,
                        const char *key); /* yours; NULL if it failed */
char *weir_reader_text_or_null (weir_reader_t *self, const json_t *object, const char *key);
const json_t *weir_reader_object (weir_reader_t *self, const json_t *object, const char *key);
/* An array of min … max entries; NULL if it failed. */
const json_t *weir_reader_array (weir_reader_t *self, const json_t *object, const char *key,
                                 size_t min, size_t max);
/* Entry i of an array as integer in range. */
int64_t weir_reader_int_at (weir_reader_t *self, const json_t *array, const char *key, size_t i,
                            int64_t min, int64_t max);
/* A number, or "nan", "inf", "-inf", "nodata". */
double weir_reader_number (weir_reader_t *self, const json_t *value, const char *key);
/* Texts of an array; *n_out of them, yours. */
char **weir_reader_texts (weir_reader_t *self, const json_t *object, const char *key, size_t max,
                          size_t *n_out);

weir_cell_t weir_reader_cell (weir_reader_t *self, const json_t *object, const char *key);
void weir_reader_pipeline (weir_reader_t *self, const json_t *object, const char *key,
                           weir_pipeline_t *out);

const char *weir_plan_format_name (weir_format_t format); /* "GTiff", "COG", … */
bool weir_plan_format_parse (const char *name,
                             weir_format_t *format_out); /* any case; also "null" */

/* Names of GDAL that options take, NULL-ended. */
extern const char *const weir_plan_compressions[], *const weir_plan_bigtiffs[],
													   *const weir_plan_resamplings[];

/* Works out n_chunk_cols, n_chunk_rows, n_chunks of an output from grid and chunk size; false if
 * too many. */
bool weir_plan_count_chunks (weir_plan_output_t *output, const weir_plan_source_t *source);
/* Cells of the largest chunk (one band). */
uint64_t weir_plan_chunk_cells (const weir_plan_output_t *output, const weir_plan_source_t *source);

#endif
