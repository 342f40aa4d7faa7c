/* sink.h - the actor that writes: blocks in, parts on disk, results at the end
 *
 * Blocks go to this sink's part of the job by one worker, in order of arrival; a chunk's first
 * block is kept, later copies are answered "stored" and not written. The part is synced every
 * second or SYNC_BYTES, and at once on FLUSH. FINISH builds an output from all parts of the job.
 *
 *   BLOCK → queue → task: append → STORED to the collector, WRITTEN to the coordinator → task: sync
 *   → SYNCED
 *
 * Parts live in RESULTS_DIR/.weir-JOB/part-N.weir and go with the job.
 *
 * Runs on   its host's loop; the disk on its one worker
 */
#ifndef WEIR_ACTORS_SINK_H
#define WEIR_ACTORS_SINK_H

#include "runtime/host/host.h"

typedef struct weir_sink weir_sink_t;

weir_sink_t *weir_sink_new (uint64_t credit_bytes, uint64_t registry_hash);
/* Parts stay when the loop ends with jobs still open: others may finish them. Before the loop
 * starts. */
void weir_sink_keep_parts (weir_sink_t *self);
void weir_sink_destroy (weir_sink_t **self_p);
extern const weir_actor_class_t weir_sink_class; /* wants exactly one worker */

/* Folder of a job's parts and path of one part; yours. */
char *weir_sink_parts_dir (const char *results_dir, const char *job);
char *weir_sink_part_path (const char *results_dir, const char *job, unsigned part);

#endif
