/* redis.h - the coordinator's store: batched Lua transitions, asynchronous; a private redis-server
 *
 * Chunk states are packed, 3 bytes a chunk: state (4 bits) and attempts (4 bits), then the part's
 * number (16 bits, little endian), in segments of WEIR_REDIS_SEGMENT_CHUNKS a key; a full record (a
 * hash field) exists only while a chunk is LEASED or WRITTEN. Every change is one Lua script over a
 * batch: it checks state, lease token and job generation, and answers one byte for each transition
 * (weir_redis_answer_t). The host's loop drives it by file descriptor.
 *
 * Runs on   the coordinator's loop; never blocks after weir_redis_connect
 * Errors    "RedisUnavailable" (class retry)
 */
#ifndef WEIR_CONNECTORS_REDIS_H
#define WEIR_CONNECTORS_REDIS_H

#include "runtime/base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define WEIR_REDIS_SEGMENT_CHUNKS 16384
#define WEIR_REDIS_BATCH_MAX 4096

typedef struct weir_redis weir_redis_t;

/* One transition of one chunk. Fenced: from must be the stored state, and for from LEASED or
 * WRITTEN the token must be the stored one (except to CANCELLED or by `force`: loss of a part). */
typedef struct {
	uint64_t chunk;
	uint8_t from, to; /* weir_chunk_state_t (runtime/core) */
	uint8_t attempts; /* new count, ≤ 15 */
	bool force;
	uint16_t part; /* new part number, 0: none */
	uint64_t token_hi, token_lo;
	uint64_t holder; /* actor that holds it: collector (LEASED) or sink (WRITTEN) */
} weir_redis_transition_t;

typedef enum {
	WEIR_REDIS_GO = 'g',
	WEIR_REDIS_WRONG_STATE = 's',
	WEIR_REDIS_WRONG_TOKEN = 't',
	WEIR_REDIS_STALE_GENERATION = 'o'
} weir_redis_answer_t;

typedef void weir_redis_done_fn (void *arg, const weir_err_t *err /* NULL: stored */, size_t n,
                                 const char *answers /* n of weir_redis_answer_t, or NULL */);

/* url: unix:///path or redis://[user:password@]host:port[/db]. Blocks until connected, at most
 * timeout_ms. Ignores SIGPIPE from then on, where it had no handler. */
int weir_redis_connect (const char *url, int timeout_ms, weir_redis_t **redis_out, weir_err_t *err);
void weir_redis_destroy (weir_redis_t **self_p); /* pending calls are answered with an error */

/* ---- the loop's side. The descriptor stays the same while connections come and go behind it; it
 * turns readable for reading and for writing. done must not destroy the client. */
int weir_redis_fd (const weir_redis_t *self);
bool weir_redis_wants_write (const weir_redis_t *self);
void weir_redis_handle (weir_redis_t *self, bool readable, bool writable);
/* Deadlines: when a call has no answer for 10 s, all fail and the link is made anew. */
void weir_redis_tick (weir_redis_t *self, int64_t now_ms);
size_t weir_redis_n_pending (const weir_redis_t *self);
/* false: calls fail at once (answered at the next tick) until a later tick has connected again */
bool weir_redis_is_connected (const weir_redis_t *self);

/* ---- calls: answered through done on the loop, in order */
/* Takes job leadership: generation = max (old + 1, Redis TIME in µs), written with a random id.
 * answers = decimal text. */
void weir_redis_take_generation (weir_redis_t *self, const char *cluster, weir_redis_done_fn *done,
                                 void *arg);
/* Job record (a hash): generation, n_chunks, plan hash, owner, cluster, state; and the plan (zlib)
 * under its SHA-256. */
void weir_redis_job_put (weir_redis_t *self, const char *job, uint64_t generation,
                         uint64_t n_chunks, const char *plan_sha256, const uint8_t *plan,
                         size_t plan_bytes, const char *owner, const char *cluster,
                         weir_redis_done_fn *done, void *arg);
void weir_redis_job_state (weir_redis_t *self, const char *job, uint64_t generation,
                           const char *state, weir_redis_done_fn *done, void *arg);
void weir_redis_job_delete (weir_redis_t *self, const char *job, weir_redis_done_fn *done,
                            void *arg);
/* A batch of 1 … WEIR_REDIS_BATCH_MAX transitions of one job; copied. */
void weir_redis_transition (weir_redis_t *self, const char *job, uint64_t generation, size_t n,
                            const weir_redis_transition_t *transitions, weir_redis_done_fn *done,
                            void *arg);
/* Part record: OPEN, DURABLE, TAKEN_OVER, LOST. */
void weir_redis_part (weir_redis_t *self, const char *job, uint64_t generation, uint16_t part,
                      const char *state, uint64_t sink, uint64_t synced_bytes,
                      weir_redis_done_fn *done, void *arg);

/* ---- for tests and inspection: blocking */
int weir_redis_read_chunk (weir_redis_t *self, const char *job, uint64_t chunk, uint8_t *state_out,
                           uint8_t *attempts_out, uint16_t *part_out, weir_err_t *err);
int weir_redis_used_memory (weir_redis_t *self, uint64_t *bytes_out, weir_err_t *err);

/* ---- a private server: redis-server on a unix socket in `dir`, no persistence, no TCP. It dies
 * with the thread that started it: start it from the main thread */
typedef struct weir_redis_server weir_redis_server_t;
/* Bound to this thread's life (runtime/host/bound.h). Returns when redis-server is being executed,
 * or why it cannot be; connect waits. */
int weir_redis_server_start (const char *dir, weir_redis_server_t **server_out, weir_err_t *err);
const char *weir_redis_server_url (const weir_redis_server_t *self);
pid_t weir_redis_server_pid (const weir_redis_server_t *self);
/* If it has ended: why (its last line of log), else 0. */
int weir_redis_server_check (weir_redis_server_t *self, weir_err_t *err);
/* Asks, SIGTERM, SIGKILL after 2 s; waits; removes its files. */
void weir_redis_server_stop (weir_redis_server_t **self_p);

#endif
