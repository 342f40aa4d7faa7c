/* reference.h - what a pipeline means, cell by cell and label by label, as plainly as it can be
 * said */
#ifndef WEIR_TEST_KERNEL_REFERENCE_H
#define WEIR_TEST_KERNEL_REFERENCE_H

#include "cube/kernel/stage.h"

/* values: one cell's value at each rank of the job, no-data where it was not observed. Writes cell
 * i of `out`; false where a value does not fit. */
bool reference_cell (const weir_pipeline_t *pipeline, const double *values, size_t n_labels,
                     void *out, size_t i);

#endif
