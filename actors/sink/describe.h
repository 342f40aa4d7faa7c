/* describe.h - collection.json and its items beside the files of an output
 *
 * Runs on   the sink's worker; blocks on disk
 */
#ifndef WEIR_ACTORS_DESCRIBE_H
#define WEIR_ACTORS_DESCRIBE_H

#include "cube/plan/plan.h"

/* files: those of weir_assemble_output () in `dir`, label by label. Adds what it writes, the
 * collection last: a collection that is there is whole, and so is all that it names. On error
 * nothing stays of all the files, and the list is empty. */
int weir_sink_describe (const weir_plan_t *plan, uint32_t output, const char *dir, char ***files_p,
                        size_t *n_files_p, weir_err_t *err);

#endif
