/* cast.h - a coordinator and two kinds of actors that do next to nothing, for the tests of the host
 *
 * The leader welcomes everybody, names peers to each other and acknowledges heartbeats. An actor
 * counts what happens to it and hands data messages to the test's own function. Counters are
 * atomic: the test's thread looks at them.
 */
#ifndef WEIR_TESTS_HOST_CAST_H
#define WEIR_TESTS_HOST_CAST_H

#include "runtime/host/host.h"

#include <stdatomic.h>
#include <stdbool.h>

#define CAST_HEARTBEAT_MS 50
#define CAST_LOST_MS 400

typedef struct {
	weir_host_t *host;
	weir_host_thread_t *thread;
	uint64_t generation;
	const char *refuse_code; /* every HELLO is refused with it */
	weir_err_class_t refuse_class;
	uint64_t conns[16];
	uint8_t instances[16][16];
	char *endpoints[16];
	int kinds[16];
	size_t n_members;
	atomic_int n_hellos, n_welcomed, n_heartbeats, n_goodbyes, n_runs_sent, n_clients;
	atomic_ullong run_last; /* of the last RUNS_SENT */
	atomic_int is_in_order; /* runs of RUNS_SENT ascend by one */
	atomic_int wish;        /* done on the next tick: CAST_… */
	atomic_ullong wish_actor;
} leader_t;

enum { CAST_NOTHING = 0, CAST_STOP_ALL, CAST_GONE };

typedef struct player {
	weir_host_t *host;
	weir_host_thread_t *thread;
	weir_actor_class_t klass;
	char endpoint[128];
	void (*on_data) (struct player *self, uint64_t peer, const Weir__Data *msg,
	                 weir_buf_t **payload_p);
	void (*on_tick) (struct player *self);
	void *more; /* the test's own */
	uint64_t number;
	atomic_int n_registered, n_peers_gone, n_data, n_ticks, n_bursts;
	atomic_ullong generation, actor;
} player_t;

extern const char *const cast_schemes[]; /* "inproc", "ipc", NULL */

/* "inproc://…" or "ipc://<temporary folder>/…"; unique for each name within the process */
void cast_endpoint (char *out, size_t out_bytes, const char *scheme, const char *name);
void cast_remove_folder (void);

void leader_start (leader_t *self, const char *control);
void leader_stop (leader_t *self); /* join, free */
void player_start (player_t *self, const char *name, Weir__ActorKind kind, const char *control,
                   const char *endpoint);
int player_stop (player_t *self, weir_err_t *err); /* asks and joins */
int player_join (player_t *self, weir_err_t *err);
void player_send (player_t *self, uint64_t peer, uint64_t chunk, weir_buf_t **payload_p);

/* Waits until *counter is at least n; fails the test after 20 s. */
void cast_wait (atomic_int *counter, int n);
#define cast_wait_for(counter, n) cast_wait (&(counter), (n))

#endif
