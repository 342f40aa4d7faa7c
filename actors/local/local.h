/* local.h - all actors of a job on this machine, as threads or processes, with a private Redis
 *
 * The thread launcher: coordinator, readers, computes and sinks over inproc, the same classes as
 * everywhere. Without a redis_url a redis-server is started on a unix socket in a temporary folder
 * and dies with the process.
 *
 * Runs on   the main thread (the private server's life is bound to the thread that starts it);
 *           start blocks until the coordinator has its store, stop until all threads have ended and
 *           their files are gone
 */
#ifndef WEIR_ACTORS_LOCAL_H
#define WEIR_ACTORS_LOCAL_H

#include "actors/coordinator/coordinator.h"

typedef struct {
	uint32_t n_readers, n_computes, n_sinks; /* 0: 1 */
	uint32_t n_slots; /* of each reader, and workers of each compute; 0: number of CPUs */
	uint32_t
		n_remote_slots;    /* of each reader for remote files; 0: n_slots where that is given, else
	                            WEIR_READER_REMOTE_SLOTS or n_slots, whichever is more */
	uint64_t memory_bytes; /* ceiling of the process; 0: half of what there is */
	bool as_processes;     /* actors as child processes over ipc instead of threads over inproc */
	const char *redis_url; /* NULL: a private server */
	weir_coordinator_plan_fn *plan; /* NULL: from the graph */
	void *plan_arg;
} weir_local_config_t;

typedef struct weir_local weir_local_t;

int weir_local_start (const weir_local_config_t *config, weir_local_t **local_out, weir_err_t *err);
const char *weir_local_endpoint (
	const weir_local_t *self); /* of the coordinator, for weir_client_new */
/* As processes: starts those again that have ended; an error where one ends again and again. Call
 * it now and then from the thread that called start. */
int weir_local_check (weir_local_t *self, weir_err_t *err);
const char *weir_local_redis_url (const weir_local_t *self);
void weir_local_stop (weir_local_t **self_p);

/* Half of the smaller of RAM and the cgroup's limit. */
uint64_t weir_memory_default (void);
uint32_t weir_cpus (void);

#endif
