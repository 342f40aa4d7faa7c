/* host.h - the one actor loop: links, timers, workers, heartbeats
 *
 * An actor is a class (weir_actor_class_t: one table of handlers) and a struct of its own. The host
 * runs its loop in a thread or in the process, decodes and checks messages, calls handlers one at a
 * time, and knows nothing of rasters. Handlers never block: what blocks (GDAL, HTTP, disk, kernels)
 * is a task for the host's workers, whose end comes back through on_task.
 *
 * Control link   actor: a DEALER connected to the coordinator; coordinator: a ROUTER bound. The
 *                host of an actor sends HELLO from the class's fill_hello, keeps heartbeats, learns
 *                its number (WELCOME) and its peers (PEERS).
 * Data link      a ROUTER bound at `endpoint`; DEALERs to peers are made on first use; peers are
 *                meant by actor number. Sends never block the loop: what the socket does not take
 *                waits in the host in order (bounded by credit).
 * Endpoints      "inproc://name", "ipc:///path"; tcp comes with CURVE
 * Messages       a message that does not decode is dropped, logged once a peer, and answered
 *                REFUSED on control links
 * Order          what one actor sends to one peer arrives in order; nothing is promised between
 *                peers
 * Held           control messages sent while no leader is known wait, and go after the next WELCOME
 * Alignment      a payload that came over ipc is aligned to 8 bytes, over inproc as its sender made
 *                it
 * Runs on        every weir_host_… call only on the host's own loop, unless it says otherwise
 */
#ifndef WEIR_HOST_H
#define WEIR_HOST_H

#include "messages/codec.h"
#include "runtime/host/buf.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct weir_host weir_host_t;

/* conn: the sender's connection on a coordinator (to answer with weir_host_send_to); 0 on an
 * actor. */
typedef void weir_control_fn (void *self, uint64_t conn, const Weir__Control *msg);
/* peer: the sender's actor number. The handler may take *payload_p (set it to NULL); else the
 * host releases it. */
typedef void weir_data_fn (void *self, uint64_t peer, const Weir__Data *msg,
                           weir_buf_t **payload_p);

typedef struct {
	const char *name; /* "reader" … for threads and logs */
	Weir__ActorKind kind;
	int (*start) (void *self, weir_host_t *host, weir_err_t *err);
	void (*fill_hello) (void *self,
	                    Weir__Hello *hello); /* actors: pointers stay valid until the next call */
	void (*on_registered) (void *self, uint64_t actor,
	                       uint64_t generation); /* after each WELCOME */
	void (*on_peer_gone) (void *self, uint64_t actor);
	void (*on_task) (void *self, void *task); /* a task is done; the task is the actor's again */
	void (*on_tick) (void *self, int64_t now_ms); /* every tick_ms */
	void (*stop) (void *self); /* last call on the loop: workers are joined, links still open */
	weir_control_fn
		*on_control[WEIR_CONTROL_N_BODIES]; /* by body case; NULL: ignored with a log line */
	weir_data_fn *on_data[WEIR_DATA_N_BODIES];
	/* workers: called on a worker's thread; state is per worker (from worker_new, may be NULL) */
	void *(*worker_new) (void *self);
	void (*worker_run) (void *self, void *state, void *task);
	void (*worker_destroy) (void *self, void *state);
	/* after every burst of handled messages, tasks and timers, before the loop waits again:
	 * flush batched lists here */
	void (*on_burst_end) (void *self);
	/* a task that never ran because the host stops; the actor's again. NULL: forgotten */
	void (*on_task_dropped) (void *self, void *task);
} weir_actor_class_t;

typedef struct {
	const char *control;  /* actor: the coordinator's endpoint; coordinator: where it binds */
	const char *endpoint; /* actor: where its data link binds; NULL for the coordinator */
	const char *cluster;
	uint32_t n_workers; /* 0: none */
	uint32_t tick_ms;   /* 0: 100 */
	uint32_t
		leader_timeout_ms; /* actor: give up after so long without a coordinator; 0: 10 minutes */
} weir_host_config_t;

/* Runs the loop on this thread until weir_host_stop, a STOP message, or an error (filled in
 * err). */
int weir_host_run (const weir_actor_class_t *klass, void *self, const weir_host_config_t *config,
                   weir_err_t *err);

/* The same on a thread of its own. The config's strings are copied. */
typedef struct weir_host_thread weir_host_thread_t;
int weir_host_thread_start (const weir_actor_class_t *klass, void *self,
                            const weir_host_config_t *config, weir_host_thread_t **thread_out,
                            weir_err_t *err);
void weir_host_thread_stop (weir_host_thread_t *self);          /* any thread; asks */
bool weir_host_thread_is_done (const weir_host_thread_t *self); /* any thread: has the run ended? */
/* Waits for the end; 0 or what the run returned (err filled). Frees. */
int weir_host_thread_join (weir_host_thread_t **self_p, weir_err_t *err);

/* ---- from handlers */
void weir_host_stop (weir_host_t *self);
int64_t weir_host_now_ms (const weir_host_t *self);      /* monotonic */
uint64_t weir_host_actor (const weir_host_t *self);      /* own number; 0 before WELCOME */
uint64_t weir_host_generation (const weir_host_t *self); /* the leader's */
bool weir_host_is_registered (const weir_host_t *self);
void weir_host_random (void *bytes, size_t n); /* any thread; for tokens and ids */

void weir_host_send (weir_host_t *self, const Weir__Control *msg); /* actor -> coordinator */
/* coordinator -> actor or client; false if the connection is gone */
bool weir_host_send_to (weir_host_t *self, uint64_t conn, const Weir__Control *msg);
/* payload_p may be NULL; taken. false: the peer is unknown or gone (the payload is released). */
bool weir_host_send_data (weir_host_t *self, uint64_t peer, const Weir__Data *msg,
                          weir_buf_t **payload_p);

/* Gives a task to the workers (a queue without bound: the actor bounds it). */
void weir_host_submit (weir_host_t *self, void *task);
uint32_t weir_host_n_busy (const weir_host_t *self); /* tasks submitted and not yet back */

typedef void weir_host_fd_fn (void *arg, bool readable, bool writable);
/* Watches a file descriptor; wants_write is asked before each wait. One callback a descriptor. */
int weir_host_watch_fd (weir_host_t *self, int fd, bool (*wants_write) (void *arg),
                        weir_host_fd_fn *fn, void *arg);
void weir_host_unwatch_fd (weir_host_t *self, int fd);
typedef void weir_host_timer_fn (void *arg);
void weir_host_timer (weir_host_t *self, uint32_t after_ms, weir_host_timer_fn *fn,
                      void *arg); /* once */

/* ---- the client's link: a DEALER to a coordinator, for a thread without a loop */
typedef struct weir_client weir_client_t;
weir_client_t *weir_client_new (const char *coordinator);
void weir_client_destroy (weir_client_t **self_p);
int weir_client_send (weir_client_t *self, const Weir__Client *msg, weir_err_t *err);
/* Next message within timeout_ms, NULL on time-out or interruption; free with weir_control_free.
 * Body is `client`. */
Weir__Control *weir_client_receive (weir_client_t *self, int timeout_ms);

/* ---- logging: text or JSON lines on standard error; any thread */
typedef enum { WEIR_LOG_ERROR = 0, WEIR_LOG_WARN, WEIR_LOG_INFO, WEIR_LOG_DEBUG } weir_log_level_t;
void weir_log_level_set (
	weir_log_level_t level); /* default WARN; WEIR_LOG=debug|info|warn|error overrides */
void weir_log (weir_log_level_t level, const char *actor, const char *format, ...)
	__attribute__ ((format (printf, 3, 4)));

/* Once a process, before any thread: quiets czmq's own signal handling, sets limits. */
void weir_host_init (void);
void weir_host_shutdown (void); /* after all threads are joined */

#endif
