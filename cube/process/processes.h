/* processes.h - the list of all descriptors: one line each, sorted by id
 *
 * Private to cube/process. The registry is made of this list; a test holds that it is sorted.
 */
#ifndef WEIR_CUBE_PROCESSES_H
#define WEIR_CUBE_PROCESSES_H

#include "cube/process/process.h"

#define WEIR_PROCESSES(X)                                                                          \
	X (absolute)                                                                                   \
	X (add)                                                                                        \
	X (all)                                                                                        \
	X (and)                                                                                        \
	X (any)                                                                                        \
	X (apply)                                                                                      \
	X (array_element)                                                                              \
	X (between)                                                                                    \
	X (count)                                                                                      \
	X (divide)                                                                                     \
	X (eq)                                                                                         \
	X (first)                                                                                      \
	X (gt)                                                                                         \
	X (gte)                                                                                        \
	X (if)                                                                                         \
	X (is_nan)                                                                                     \
	X (is_nodata)                                                                                  \
	X (is_valid)                                                                                   \
	X (last)                                                                                       \
	X (load_stac)                                                                                  \
	X (lt)                                                                                         \
	X (lte)                                                                                        \
	X (max)                                                                                        \
	X (mean)                                                                                       \
	X (min)                                                                                        \
	X (multiply)                                                                                   \
	X (neq)                                                                                        \
	X (normalized_difference)                                                                      \
	X (not )                                                                                       \
	X (or)                                                                                         \
	X (product)                                                                                    \
	X (reduce_dimension)                                                                           \
	X (resample_spatial)                                                                           \
	X (save_result)                                                                                \
	X (sd)                                                                                         \
	X (sqrt)                                                                                       \
	X (subtract)                                                                                   \
	X (sum)                                                                                        \
	X (variance)                                                                                   \
	X (xor)

#define WEIR_DESCRIPTOR_DECLARE(id) extern const weir_process_t weir_descriptor_##id;
WEIR_PROCESSES (WEIR_DESCRIPTOR_DECLARE)

#define WEIR_N_OF(array) (sizeof (array) / sizeof (array)[0])

#endif
