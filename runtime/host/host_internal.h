/* host_internal.h - the struct behind host.h, shared by its files
 *
 * loop.c     the loop, timers, descriptors     control.c   registration, heartbeats, control
 *            messages
 * data.c     data links and their queues       worker.c    worker threads and finished tasks
 * thread.c   actors on threads                 client.c    the client's link     log.c   lines on
 *            standard error
 */
#ifndef WEIR_HOST_INTERNAL_H
#define WEIR_HOST_INTERNAL_H

#include "runtime/base/vec.h"
#include "runtime/host/host.h"
#include "runtime/host/record.h"

#include <czmq.h>
#include <pthread.h>
#include <stdatomic.h>

#define WEIR_BURST_MAX 256 /* messages of one socket before the others get their turn */
#define WEIR_HELLO_EVERY_MS 250

typedef struct { /* one message that a socket did not take at once */
	zmq_msg_t header, payload;
	bool has_payload;
} weir_outgoing_t;

typedef struct {
	uint64_t actor;
	char *endpoint;  /* from PEERS; NULL: it is known only by having connected to us */
	zsock_t *dealer; /* made at the first send */
	bool
		/* the peer connected first: answered, and kept in order, on that connection */
		is_by_router;
	WEIR_VEC (weir_outgoing_t) queue;
	size_t queue_first;
} weir_link_t;

typedef struct {
	int fd;
	bool (*wants_write) (void *arg);
	weir_host_fd_fn *fn;
	void *arg;
} weir_watch_t;

typedef struct {
	int64_t due_ms;
	weir_host_timer_fn *fn;
	void *arg;
} weir_timer_t;

typedef struct weir_workers weir_workers_t;

struct weir_host {
	const weir_actor_class_t *klass;
	void *actor_self;
	weir_host_config_t config;
	zsock_t *control, *data;
	WEIR_VEC (zmq_msg_t) held; /* control messages that wait for the next WELCOME */
	size_t held_bytes;
	uint32_t n_hellos; /* unanswered, on this socket */
	char *endpoint;
	WEIR_VEC (weir_link_t) links;
	size_t link_last;   /* where the last search ended: bursts speak of one peer */
	size_t n_strangers; /* links of peers that PEERS did not name */
	WEIR_VEC (weir_watch_t) watches;
	WEIR_VEC (weir_timer_t) timers;
	WEIR_VEC (zmq_pollitem_t) items;
	WEIR_VEC (uint64_t) bad_peers; /* a message of theirs did not decode: said once */
	weir_workers_t *workers;
	int wake_fd;
	atomic_bool is_stopping;
	bool is_failed;
	weir_err_t error;
	int64_t now_ms, tick_ms, next_tick_ms;
	uint8_t instance[16];
	uint64_t actor, generation;
	uint32_t heartbeat_ms, lost_ms;
	uint64_t heartbeat_seq;
	int64_t hello_ms, heartbeat_sent_ms, leader_seen_ms;
	bool is_registered;
	bool must_reopen; /* the control socket, before the next HELLO */
};

bool weir_host_is_coordinator (const weir_host_t *self);
void weir_host_fail (weir_host_t *self, const weir_err_t *err); /* ends the loop with an error */
bool weir_host_is_new_offender (weir_host_t *self, uint64_t who);
/* A run in three steps, so that another thread can ask it to stop from before its first turn to
 * after its last. */
void weir_host_prepare (weir_host_t *self, const weir_actor_class_t *klass, void *actor_self,
                        const weir_host_config_t *config);
int weir_host_run_prepared (weir_host_t *self, weir_err_t *err);
void weir_host_dispose (weir_host_t *self); /* frees it too */

/* record.c: a message that came in, before it is decoded */
void weir_host_record (const weir_host_t *self, weir_record_kind_t kind, uint64_t from,
                       zmq_msg_t *frame, uint64_t payload_bytes);

/* control.c */
int weir_control_open (weir_host_t *self, weir_err_t *err);
void weir_control_drain (weir_host_t *self);
void weir_control_tick (weir_host_t *self);
void weir_control_close (weir_host_t *self);

/* data.c */
int weir_data_open (weir_host_t *self, weir_err_t *err);
void weir_data_close (weir_host_t *self);
void weir_data_drain (weir_host_t *self, zsock_t *socket, uint64_t peer_of_dealer);
void weir_data_pump (weir_host_t *self); /* what waited in queues */
bool weir_data_is_waiting (const weir_host_t *self);
void weir_data_peers (weir_host_t *self, const Weir__Peers *peers);
void weir_data_renumber (weir_host_t *self); /* our own number is another: links are made anew */

/* worker.c */
weir_workers_t *weir_workers_new (weir_host_t *host, uint32_t n);
void weir_workers_stop (weir_workers_t *self); /* running tasks finish, others are dropped */
void weir_workers_destroy (weir_workers_t **self_p);
void weir_workers_submit (weir_workers_t *self, void *task);
size_t weir_workers_collect (weir_workers_t *self); /* calls on_task for what is done */
uint32_t weir_workers_n_busy (const weir_workers_t *self);

#endif
