/* compute.h - the actor that collects: leases in, partials in, encoded blocks out
 *
 * For every leased chunk it keeps a record: token, bitmap of runs that have come, their buffers,
 * then the block until the sink has said "stored". Repeats are dropped by the bitmap; a partial
 * with a foreign token is dropped too.
 *
 *   LEASE → reserved → (partials) → task: merge, finish, encode → block waits for the sink's credit
 *   → sent → stored
 *
 * Runs on   its host's loop; merging and encoding on the host's workers
 */
#ifndef WEIR_ACTORS_COMPUTE_H
#define WEIR_ACTORS_COMPUTE_H

#include "runtime/host/host.h"

typedef struct weir_compute weir_compute_t;

/* grant_bytes: how much others may send it at a time (told in HELLO); memory_bytes: the ceiling of
 * its pool. */
weir_compute_t *weir_compute_new (uint32_t n_workers, uint64_t memory_bytes, uint64_t grant_bytes,
                                  uint64_t registry_hash);
void weir_compute_destroy (weir_compute_t **self_p);
extern const weir_actor_class_t weir_compute_class;

#endif
