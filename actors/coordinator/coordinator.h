/* coordinator.h - the actor that decides: plans, hands out chunks, stores every state, tells
 * clients
 *
 * It is the host of runtime/core: messages become events, effects become stores (Redis) and
 * messages, stores first. Redis is the truth; what is here is a cache. Planning runs on its worker,
 * so that heartbeats never wait for a catalogue.
 *
 * Runs on   its host's loop; planning on the host's worker
 */
#ifndef WEIR_ACTORS_COORDINATOR_H
#define WEIR_ACTORS_COORDINATOR_H

#include "cube/plan/plan.h"
#include "runtime/host/host.h"

typedef struct weir_coordinator weir_coordinator_t;

/* Makes the plan of a submitted job, on a worker; arg as configured. */
typedef int weir_coordinator_plan_fn (void *arg, const Weir__Submit *submit,
                                      bool (*is_cancelled) (void *job), void *job,
                                      weir_plan_t **plan_out, weir_err_t *err);

typedef struct {
	const char *redis_url; /* unix:///path or redis://host:port; borrowed */
	int redis_timeout_ms;  /* how long to wait for it at the start */
	const char *cluster;
	uint32_t n_slots;      /* reader slots that the planner counts on */
	uint64_t memory_bytes; /* of one actor, for the planner */
	uint64_t registry_hash;
	weir_coordinator_plan_fn *plan; /* NULL: from the graph */
	void *plan_arg;
	int (*redis_check) (void *arg,
	                    weir_err_t *err); /* a private server: has it ended, and why? may be NULL */
	void *redis_check_arg;
	/* told once, on the loop's thread, when the start went well (err NULL) or failed; may be NULL
	 * */
	void (*on_started) (void *arg, const weir_err_t *err);
	void *on_started_arg;
} weir_coordinator_config_t;

weir_coordinator_t *weir_coordinator_new (const weir_coordinator_config_t *config);
void weir_coordinator_destroy (weir_coordinator_t **self_p);
extern const weir_actor_class_t weir_coordinator_class; /* wants one worker or more */

#endif
