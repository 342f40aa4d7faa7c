/* sink_task.h - what a sink's worker does: append, sync, build results, clean up
 *
 * Runs on   the sink's one worker; a weir_sink_job_t is only touched there, but for the fields said
 *           otherwise
 */
#ifndef WEIR_ACTORS_SINK_TASK_H
#define WEIR_ACTORS_SINK_TASK_H

#include "actors/job/job.h"
#include "actors/sink/part.h"

typedef struct {
	uint64_t peer; /* the collector */
	uint64_t chunk, token_hi, token_lo;
	weir_buf_t *block;
	bool is_repeat;        /* the part has this chunk: only say where it ends */
	uint64_t credit_bytes; /* what the collector spent on it */
	uint64_t end_bytes;    /* after the task */
	weir_err_t *err;
} weir_sink_block_t;

typedef struct { /* a chunk that could not be computed */
	uint64_t chunk;
	weir_err_t *err; /* owned */
} weir_sink_missing_t;

typedef enum {
	WEIR_SINK_APPEND,
	WEIR_SINK_SYNC,
	WEIR_SINK_FINISH,
	WEIR_SINK_CLEAN
} weir_sink_task_kind_t;

typedef struct {
	weir_sink_task_kind_t kind;
	weir_job_t *job; /* a reference */
	size_t n_blocks;
	weir_sink_block_t *blocks;
	uint64_t synced_bytes;
	uint32_t output;
	size_t n_parts;
	char **parts;
	uint64_t
		n_missing_all; /* of the output: the files are named partial, and missing.json lists them */
	size_t n_missing;  /* of them told, with their errors, ascending by chunk */
	weir_sink_missing_t *missing;
	size_t n_files;
	char **files; /* of the output */
	bool has_err;
	weir_err_t err;
} weir_sink_task_t;

/* part_p: the job's open part on this sink, made at the first block. */
void weir_sink_task_run (weir_sink_task_t *task, weir_part_file_t **part_p);
void weir_sink_task_destroy (weir_sink_task_t **self_p);
void weir_sink_task_take_missing (weir_sink_task_t *task, const Weir__Finish *finish);
/* Removes a job's folder of parts with all that is in it, also what sinks left that are gone. */
void weir_sink_remove_parts (const char *results_dir, const char *job);

/* partial.c: an output with holes. No-data cells for a chunk that is missing, encoded. */
int weir_partial_fill (const weir_plan_t *plan, uint64_t chunk, uint8_t **bytes_out,
                       size_t *n_bytes_out, weir_err_t *err);
/* Moves the finished files from `from` to `dir` as NAME.partial.EXT and adds missing.json to them.
 * */
int weir_partial_deliver (weir_sink_task_t *task, const char *dir, weir_err_t *err);

#endif
