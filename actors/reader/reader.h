/* reader.h - the actor that reads: orders in, partials and finished chunks out
 *
 * Orders wait in a queue of this actor (bounded by the collectors' reservations); whenever a slot
 * is free, a batch of neighbouring orders becomes one task. A batch is larger the more is waiting,
 * within SLOT_BYTES_AIM of memory.
 *
 * Runs on   its host's loop; slots are the host's workers
 */
#ifndef WEIR_ACTORS_READER_H
#define WEIR_ACTORS_READER_H

#include "runtime/host/host.h"

typedef struct weir_reader weir_reader_t;

weir_reader_t *weir_reader_new (uint32_t n_slots, uint64_t memory_bytes, uint64_t registry_hash);
void weir_reader_destroy (weir_reader_t **self_p);
extern const weir_actor_class_t weir_reader_class;
/* Tasks of remote files at a time: they mostly wait. The host needs as many workers. Fewer where
 * they would take more than a quarter of the memory. */
#define WEIR_READER_REMOTE_SLOTS 16
void weir_reader_set_remote_slots (weir_reader_t *self, uint32_t n);

#endif
