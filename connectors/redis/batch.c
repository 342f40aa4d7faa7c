/* batch.c - a batch of transitions, packed for the script; its answers, back in the caller's order
 *
 * The batch is sorted by chunk and cut into runs: ascending chunks of one segment without wide
 * gaps, each one read and one write of its range. A chunk that comes twice goes into a second
 * layer, so that its transitions follow each other.
 */
#include "connectors/redis/internal.h"
#include "runtime/base/mem.h"
#include "runtime/core/states.h"

#include <stdlib.h>
#include <string.h>

#define S_GAP_MAX                                                                                  \
	32 /* chunks that a run may skip: copying them is cheaper than another read and write */
#define S_RECORD_BYTES 40
#define S_RUN_BYTES 14
#define S_FIELD_BYTES 8
#define S_CHUNK_MAX (UINT64_C (1) << 53) /* beyond, Lua's numbers are no longer exact */

enum { S_CHECK = 1, S_KEEP = 2, S_DROP = 4 };

typedef struct {
	const weir_redis_transition_t *all;
	uint16_t *order; /* sorted numbers into all */
	size_t n;
} s_batch_t;

static void
s_put_number (uint8_t **at, uint64_t value, int n_bytes)
{
	for (int i = 0; i < n_bytes; i++, value >>= 8)
		*(*at)++ = (uint8_t) value;
}

static bool
s_is_held (uint8_t state)
{
	return state == WEIR_CHUNK_LEASED || state == WEIR_CHUNK_WRITTEN;
}

static unsigned
s_find_kind (const weir_redis_transition_t *t)
{
	unsigned kind = 0;
	if (s_is_held (t->from) && !t->force && t->to != WEIR_CHUNK_CANCELLED)
		kind |= S_CHECK;
	if (s_is_held (t->to))
		kind |= S_KEEP;
	else if (s_is_held (t->from))
		kind |= S_DROP;
	return kind;
}

static void
s_put_record (uint8_t **at, const weir_redis_transition_t *t)
{
	s_put_number (at, (uint64_t) t->from << 4, 1);
	s_put_number (at, s_find_kind (t), 1);
	s_put_number (at, t->chunk % WEIR_REDIS_SEGMENT_CHUNKS, 2);
	s_put_number (at, (uint64_t) t->to << 4 | t->attempts, 1);
	s_put_number (at, t->part, 2);
	s_put_number (at, 0, 1);
	s_put_number (at, t->chunk, S_FIELD_BYTES);
	s_put_number (at, t->token_hi, 8);
	s_put_number (at, t->token_lo, 8);
	s_put_number (at, t->holder, 8);
}

/* How many of order[0 … n) make one run. */
static size_t
s_measure_run (const weir_redis_transition_t *all, const uint16_t *order, size_t n)
{
	size_t i = 1;
	while (i < n) {
		uint64_t before = all[order[i - 1]].chunk, chunk = all[order[i]].chunk;
		if (chunk - before > S_GAP_MAX ||
		    chunk / WEIR_REDIS_SEGMENT_CHUNKS != before / WEIR_REDIS_SEGMENT_CHUNKS)
			break;
		i++;
	}
	return i;
}

static void
s_put_run (uint8_t **at, const weir_redis_transition_t *all, const uint16_t *order, size_t n)
{
	uint64_t first = all[order[0]].chunk, last = all[order[n - 1]].chunk;
	s_put_number (at, first / WEIR_REDIS_SEGMENT_CHUNKS, 8);
	s_put_number (at, first % WEIR_REDIS_SEGMENT_CHUNKS, 2);
	s_put_number (at, last % WEIR_REDIS_SEGMENT_CHUNKS, 2);
	s_put_number (at, n, 2);
	for (size_t i = 0; i < n; i++)
		s_put_record (at, &all[order[i]]);
}

/* One layer: order[0 … n) ascending, no chunk twice. */
static void
s_put_layer (uint8_t **at, const weir_redis_transition_t *all, const uint16_t *order, size_t n)
{
	uint8_t *n_checks_at = *at;
	uint16_t n_checks = 0, n_runs = 0;
	*at += 2;
	for (size_t i = 0; i < n; i++)
		if ((s_find_kind (&all[order[i]]) & S_CHECK) != 0) {
			s_put_number (at, all[order[i]].chunk, S_FIELD_BYTES);
			n_checks++;
		}
	s_put_number (&n_checks_at, n_checks, 2);
	uint8_t *n_runs_at = *at;
	*at += 2;
	for (size_t i = 0; i < n;) {
		size_t n_run = s_measure_run (all, order + i, n - i);
		s_put_run (at, all, order + i, n_run);
		i += n_run;
		n_runs++;
	}
	s_put_number (&n_runs_at, n_runs, 2);
}

static int
s_compare_chunks (const void *a, const void *b, void *user)
{
	const weir_redis_transition_t *all = user;
	uint16_t left = *(const uint16_t *) a, right = *(const uint16_t *) b;
	if (all[left].chunk != all[right].chunk)
		return all[left].chunk < all[right].chunk ? -1 : 1;
	return left < right ? -1 : left > right;
}

/* Fills order; says whether it differs from the caller's. */
static bool
s_sort_batch (s_batch_t *batch)
{
	bool is_sorted = true;
	for (size_t i = 0; i < batch->n; i++) {
		batch->order[i] = (uint16_t) i;
		is_sorted = is_sorted && (i == 0 || batch->all[i - 1].chunk <= batch->all[i].chunk);
	}
	if (!is_sorted)
		qsort_r (batch->order, batch->n, sizeof *batch->order, s_compare_chunks,
		         (void *) batch->all);
	return !is_sorted;
}

/* Moves the first of each chunk in order[from …) to its front; both halves stay sorted. */
static size_t
s_split_layer (s_batch_t *batch, size_t from, uint16_t *spare)
{
	size_t n_first = 0, n_rest = 0;
	uint16_t *order = batch->order + from;
	uint64_t last = UINT64_MAX;
	for (size_t i = 0; i < batch->n - from; i++) {
		uint16_t number = order[i];
		if (batch->all[number].chunk == last) {
			spare[n_rest++] = number;
		} else {
			last = batch->all[number].chunk;
			order[n_first++] = number;
		}
	}
	memcpy (order + n_first, spare, n_rest * sizeof *spare);
	return n_first;
}

/* The reply: one letter for all, or one for each in the order that was sent. */
static bool
s_on_answers (weir_redis_call_t *call, const redisReply *reply)
{
	size_t n = call->n;
	call->answers = weir_alloc (n + 1);
	if (reply->type != REDIS_REPLY_STRING || (reply->len != 1 && (size_t) reply->len != n)) {
		call->err = weir_alloc (sizeof *call->err);
		weir_err_set (call->err, WEIR_E_IO, WEIR_CLASS_BUG, "RedisUnavailable", NULL,
		              "a batch of %zu was answered with something else", n);
		return true;
	}
	for (size_t i = 0; i < n; i++) {
		size_t place = call->order != NULL ? call->order[i] : i;
		call->answers[place] = reply->str[reply->len == 1 ? 0 : i];
	}
	return true;
}

static bool
s_is_valid (size_t n, const weir_redis_transition_t *all)
{
	if (n == 0 || n > WEIR_REDIS_BATCH_MAX)
		return false;
	for (size_t i = 0; i < n; i++)
		if (all[i].from >= WEIR_N_CHUNK_STATES || all[i].to >= WEIR_N_CHUNK_STATES ||
		    all[i].attempts > 15 || all[i].chunk >= S_CHUNK_MAX)
			return false;
	return true;
}

static void
s_pack_batch (weir_redis_call_t *call, const weir_redis_transition_t *all, char *room)
{
	s_batch_t batch = { .all = all,
		                .order = weir_alloc (call->n * sizeof (uint16_t)),
		                .n = call->n };
	uint16_t spare[WEIR_REDIS_BATCH_MAX];
	uint8_t *at = (uint8_t *) room;
	bool is_moved = s_sort_batch (&batch);
	for (size_t from = 0; from < batch.n;) {
		size_t n = s_split_layer (&batch, from, spare);
		is_moved = is_moved || n < batch.n - from;
		s_put_layer (&at, all, batch.order + from, n);
		from += n;
	}
	call->arg_bytes[call->n_args - 1] = (size_t) ((char *) at - room);
	if (is_moved)
		call->order = batch.order;
	else
		free (batch.order);
}

void
weir_redis_transition (weir_redis_t *self, const char *job, uint64_t generation, size_t n,
                       const weir_redis_transition_t *transitions, weir_redis_done_fn *done,
                       void *arg)
{
	/* the worst: each record a run, each chunk a layer of its own */
	size_t packed = n <= WEIR_REDIS_BATCH_MAX
	                    ? n * (S_RECORD_BYTES + S_RUN_BYTES + S_FIELD_BYTES + 4)
	                    : 0;
	char *key = weir_redis_job_key (self, job);
	weir_redis_call_t *call = weir_redis_call_new (self, WEIR_REDIS_SCRIPT_TRANSITION,
	                                               strlen (key) + 24 + packed, done, arg);
	call->n = n;
	call->on_reply = s_on_answers;
	if (s_is_valid (n, transitions)) {
		weir_redis_call_add_text (call, key);
		weir_redis_call_add_number (call, generation);
		s_pack_batch (call, transitions, weir_redis_call_add_room (call, packed));
		weir_redis_call_submit (call);
	} else {
		weir_redis_call_refuse (
			call, WEIR_E_BUG, WEIR_CLASS_BUG,
			"a batch of transitions that is empty, too long, or no such states");
	}
	free (key);
}
