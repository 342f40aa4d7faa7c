/* coordinator_internal.h - the structs behind coordinator.h, shared by its files
 *
 * coordinator.c   life, registration, heartbeats      job.c     submission, planning, clients
 * report.c        what actors report -> core events   effects.c core effects -> stores and messages
 * finish.c        FINISH and what is missing
 */
#ifndef WEIR_COORDINATOR_INTERNAL_H
#define WEIR_COORDINATOR_INTERNAL_H

#include "actors/coordinator/coordinator.h"
#include "connectors/redis/redis.h"
#include "runtime/base/vec.h"
#include "runtime/core/core.h"

#include <stdatomic.h>

#define WEIR_HEARTBEAT_MS 1000
#define WEIR_LOST_MS 10000

typedef struct {
	uint64_t number, conn;
	Weir__ActorKind kind;
	uint8_t instance[16];
	char *endpoint;
	uint8_t public_key[32];
	size_t public_key_bytes;
	int64_t seen_ms;
} weir_member_t;

typedef struct { /* why a chunk could not be computed */
	uint64_t chunk;
	int status;
	char *code, *where, *text;
} weir_chunk_failure_t;

typedef struct {
	uint64_t number, generation;
	char *name; /* the client's job id */
	char *owner, *cluster, *results_dir;
	weir_job_state_t state;
	bool partial;
	WEIR_VEC (uint64_t) clients; /* conns that hear of it */
	weir_plan_t *plan;
	uint8_t plan_sha256[32];
	uint8_t *plan_packed;
	size_t plan_packed_bytes, plan_text_bytes;
	atomic_bool is_cancelled;  /* read by the planning worker */
	bool is_planning, is_open; /* open: announced to the actors */
	bool is_stored;            /* Redis has keys of it, or soon will */
	weir_err_t error;
	WEIR_VEC (weir_chunk_failure_t) failures; /* of a partial job: one a chunk */
	WEIR_VEC (char *) files;
	uint64_t seq, told_done, told_leased;
	int64_t told_ms;
} weir_coordinated_job_t;

typedef struct {
	uint64_t job;
	weir_err_t why;
} weir_job_failure_t;

struct weir_coordinator {
	weir_coordinator_config_t config;
	weir_host_t *host;
	weir_core_t *core;
	weir_redis_t *redis;
	int redis_fd; /* watched; -1: none */
	uint64_t generation;
	uint8_t leader[16];
	WEIR_VEC (weir_member_t) members;
	WEIR_VEC (weir_coordinated_job_t *) jobs;
	uint64_t actor_last, job_last;
	int64_t now_ms;
	bool is_closing;    /* what Redis no longer answers is nobody's trouble */
	bool is_performing; /* answers that come at once wait until the effects are through */
	WEIR_VEC (weir_job_failure_t) failures;
};

typedef struct { /* planning, on the worker */
	weir_coordinator_t *coordinator;
	weir_coordinated_job_t *job;
	Weir__Control *submit; /* owned copy of the message */
	weir_plan_t *plan;
	char *text;
	uint8_t *packed;
	size_t packed_bytes;
	uint8_t sha256[32];
	int status;
	weir_err_t err;
} weir_planning_task_t;

/* coordinator.c */
weir_member_t *weir_coordinator_member (weir_coordinator_t *self, uint64_t number);
weir_member_t *weir_coordinator_member_of_conn (weir_coordinator_t *self, uint64_t conn);
void weir_coordinator_send_all (weir_coordinator_t *self, const Weir__Control *msg);
void weir_coordinator_send (weir_coordinator_t *self, uint64_t actor, const Weir__Control *msg);

/* job.c */
weir_coordinated_job_t *weir_coordinator_job (const weir_coordinator_t *self, uint64_t number);
void weir_coordinator_on_client (void *self, uint64_t conn, const Weir__Control *msg);
void weir_coordinator_on_planned (void *self, void *task);
void weir_coordinator_drop_planning (void *self, void *task);
void weir_coordinator_run_planning (void *self, void *state, void *task);
void weir_coordinator_on_plan_request (void *self, uint64_t conn, const Weir__Control *msg);
void weir_coordinator_announce (weir_coordinator_t *self, weir_coordinated_job_t *job,
                                const weir_member_t *member);
void weir_coordinator_job_ended (weir_coordinator_t *self, weir_coordinated_job_t *job,
                                 weir_job_state_t state);
void weir_coordinator_tell_progress (weir_coordinator_t *self, weir_coordinated_job_t *job);
void weir_coordinator_free_job (weir_coordinated_job_t *job);

/* report.c */
extern weir_control_fn weir_coordinator_on_reserved, weir_coordinator_on_released,
	weir_coordinator_on_runs_sent, weir_coordinator_on_runs_back, weir_coordinator_on_handed_back,
	weir_coordinator_on_failed, weir_coordinator_on_written, weir_coordinator_on_synced,
	weir_coordinator_on_finished;

/* finish.c */
void weir_coordinator_send_finish (weir_coordinator_t *self, const weir_effect_t *effect);
void weir_coordinator_note_failure (weir_coordinated_job_t *job, uint64_t chunk,
                                    const weir_err_t *why);
void weir_chunk_failure_clear (weir_chunk_failure_t *self);

/* effects.c */
void weir_coordinator_perform (weir_coordinator_t *self);

#endif
