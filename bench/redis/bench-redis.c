/* bench-redis.c - how many chunks a second the store takes, three fenced transitions each
 *
 * bench-redis [--chunks N] [--batch N] [--window N] [--max-memory BYTES] [--min-rate N]
 *
 * A private redis-server, one client. `window` batches are under way at any time, each leased, then
 * written, then done. Prints chunks a second, the time of each hundred thousand against the first,
 * and Redis' used_memory; ends with 1 below min-rate or above max-memory.
 */
#include "connectors/redis/redis.h"
#include "runtime/base/mem.h"
#include "runtime/core/states.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define STRIDE 100000
#define STRIDES_MAX 1000

typedef struct {
	weir_redis_t *redis;
	uint64_t n_chunks, n_batch, window, next, n_done, n_batches;
	uint64_t memory_max, memory_limit;
	double rate_min;
	double start, stride_start, strides[STRIDES_MAX];
	size_t n_strides;
	bool has_failed;
} bench_t;

typedef struct {
	bench_t *bench;
	uint64_t first, n;
	int step; /* index into s_steps */
	weir_redis_transition_t *all;
} batch_t;

static const struct {
	uint8_t from, to;
	uint16_t part;
} s_steps[] = {
	{ WEIR_CHUNK_PENDING, WEIR_CHUNK_LEASED, 0 },
	{ WEIR_CHUNK_LEASED, WEIR_CHUNK_WRITTEN, 1 },
	{ WEIR_CHUNK_WRITTEN, WEIR_CHUNK_DONE, 1 },
};

static double
s_read_clock (void)
{
	struct timespec now;
	clock_gettime (CLOCK_MONOTONIC, &now);
	return (double) now.tv_sec + (double) now.tv_nsec / 1e9;
}

static void s_on_done (void *arg, const weir_err_t *err, size_t n, const char *answers);

static void
s_send_step (batch_t *batch)
{
	for (uint64_t i = 0; i < batch->n; i++) {
		uint64_t chunk = batch->first + i;
		batch->all[i] = (weir_redis_transition_t){
			.chunk = chunk,
			.from = s_steps[batch->step].from,
			.to = s_steps[batch->step].to,
			.part = s_steps[batch->step].part,
			.token_hi = chunk * 0x9E3779B97F4A7C15U,
			.token_lo = ~chunk,
			.holder = 7,
		};
	}
	weir_redis_transition (batch->bench->redis, "bench", 1, batch->n, batch->all, s_on_done, batch);
}

static bool
s_take_chunks (bench_t *bench, batch_t *batch)
{
	if (bench->next >= bench->n_chunks)
		return false;
	uint64_t left = bench->n_chunks - bench->next;
	batch->first = bench->next;
	batch->n = left < bench->n_batch ? left : bench->n_batch;
	batch->step = 0;
	bench->next += batch->n;
	return true;
}

static void
s_note_progress (bench_t *bench, uint64_t n)
{
	uint64_t before = bench->n_done / STRIDE;
	bench->n_done += n;
	if (bench->n_done / STRIDE == before || bench->n_strides == STRIDES_MAX)
		return;
	double now = s_read_clock ();
	bench->strides[bench->n_strides++] = now - bench->stride_start;
	bench->stride_start = now;
}

static void
s_on_done (void *arg, const weir_err_t *err, size_t n, const char *answers)
{
	batch_t *batch = arg;
	bench_t *bench = batch->bench;
	bool is_good = err == NULL;
	for (size_t i = 0; is_good && i < n; i++)
		is_good = answers[i] == WEIR_REDIS_GO;
	if (!is_good && !bench->has_failed)
		fprintf (stderr, "bench-redis: %s\n", err != NULL ? err->text : "a transition was refused");
	bench->has_failed = bench->has_failed || !is_good;
	if (is_good && ++batch->step == 3)
		s_note_progress (bench, batch->n);
	if (!bench->has_failed && (batch->step < 3 || s_take_chunks (bench, batch))) {
		s_send_step (batch);
		return;
	}
	bench->n_batches--;
	free (batch->all);
	free (batch);
}

static void
s_on_plain (void *arg, const weir_err_t *err, size_t n, const char *answers)
{
	(void) n;
	bool *is_done = arg;
	if (err != NULL || answers[0] != WEIR_REDIS_GO)
		fprintf (stderr, "bench-redis: job: %s\n", err != NULL ? err->text : "refused");
	*is_done = true;
}

static void
s_run_loop_once (bench_t *bench)
{
	struct pollfd fd = { .fd = weir_redis_fd (bench->redis), .events = POLLIN };
	poll (&fd, 1, 1000);
	weir_redis_handle (bench->redis, true, true);
}

static void
s_run_bench (bench_t *bench)
{
	bool is_done = false;
	weir_redis_job_put (bench->redis, "bench", 1, bench->n_chunks, "00", (const uint8_t *) "", 0,
	                    "", "", s_on_plain, &is_done);
	while (!is_done)
		s_run_loop_once (bench);
	bench->start = bench->stride_start = s_read_clock ();
	for (uint64_t i = 0; i < bench->window; i++) {
		batch_t *batch = weir_alloc (sizeof *batch);
		batch->bench = bench;
		if (!s_take_chunks (bench, batch)) {
			free (batch);
			break;
		}
		batch->all = weir_alloc (batch->n * sizeof *batch->all);
		bench->n_batches++;
		s_send_step (batch);
	}
	while (bench->n_batches > 0)
		s_run_loop_once (bench);
}

/* The answers said so; now what is stored. */
static bool
s_is_stored (bench_t *bench)
{
	const uint64_t probes[] = { 0, bench->n_chunks / 2, bench->n_chunks - 1 };
	for (size_t i = 0; i < sizeof probes / sizeof *probes; i++) {
		uint8_t state = 0, attempts = 0;
		uint16_t part = 0;
		weir_err_t err;
		if (weir_redis_read_chunk (bench->redis, "bench", probes[i], &state, &attempts, &part,
		                           &err) != 0 ||
		    state != WEIR_CHUNK_DONE || part != 1) {
			fprintf (stderr, "bench-redis: a chunk is not stored as done\n");
			return false;
		}
	}
	return true;
}

static int
s_report (bench_t *bench, double seconds)
{
	weir_err_t err;
	uint64_t memory = 0;
	if (weir_redis_used_memory (bench->redis, &memory, &err) != 0)
		fprintf (stderr, "bench-redis: %s\n", err.text);
	double rate = (double) bench->n_done / seconds;
	printf ("chunks: %llu\nbatch: %llu\nwindow: %llu\nseconds: %.3f\nchunks_per_second: %.0f\n",
	        (unsigned long long) bench->n_done, (unsigned long long) bench->n_batch,
	        (unsigned long long) bench->window, seconds, rate);
	printf ("seconds_per_100k:");
	for (size_t i = 0; i < bench->n_strides; i++)
		printf (" %.3f", bench->strides[i]);
	if (bench->n_strides > 1)
		printf ("\nlast_over_first: %.2f",
		        bench->strides[bench->n_strides - 1] / bench->strides[0]);
	printf ("\nused_memory: %llu\n", (unsigned long long) memory);
	bool is_good = !bench->has_failed && s_is_stored (bench) && bench->n_done == bench->n_chunks &&
	               rate >= bench->rate_min &&
	               (bench->memory_limit == 0 || memory <= bench->memory_limit);
	return is_good ? 0 : 1;
}

static int
s_run_with_server (bench_t *bench, const char *dir)
{
	weir_redis_server_t *server;
	weir_err_t err;
	int status = 1;
	if (weir_redis_server_start (dir, &server, &err) != 0) {
		fprintf (stderr, "bench-redis: cannot start redis-server\n");
		return 1;
	}
	double start = s_read_clock ();
	if (weir_redis_connect (weir_redis_server_url (server), 5000, &bench->redis, &err) == 0) {
		printf ("server_start_ms: %.1f\n", (s_read_clock () - start) * 1e3);
		s_run_bench (bench);
		status = s_report (bench, s_read_clock () - bench->start);
		weir_redis_destroy (&bench->redis);
	} else {
		fprintf (stderr, "bench-redis: %s\n", err.text);
	}
	start = s_read_clock ();
	weir_redis_server_stop (&server);
	printf ("server_stop_ms: %.1f\n", (s_read_clock () - start) * 1e3);
	return status;
}

static bool
s_read_option (bench_t *bench, const char *name, const char *value)
{
	double number = strtod (value, NULL);
	if (strcmp (name, "--chunks") == 0)
		bench->n_chunks = (uint64_t) number;
	else if (strcmp (name, "--batch") == 0)
		bench->n_batch = (uint64_t) number;
	else if (strcmp (name, "--window") == 0)
		bench->window = (uint64_t) number;
	else if (strcmp (name, "--max-memory") == 0)
		bench->memory_limit = (uint64_t) number;
	else if (strcmp (name, "--min-rate") == 0)
		bench->rate_min = number;
	else
		return false;
	return number > 0;
}

int
main (int argc, char **argv)
{
	bench_t bench = { .n_chunks = 1000000, .n_batch = 256, .window = 8 };
	bool is_good = argc % 2 == 1;
	for (int i = 1; i + 1 < argc && is_good; i += 2)
		is_good = s_read_option (&bench, argv[i], argv[i + 1]);
	if (!is_good || bench.n_batch > WEIR_REDIS_BATCH_MAX) {
		fprintf (stderr,
		         "usage: bench-redis [--chunks N] [--batch N] [--window N] [--max-memory BYTES] "
		         "[--min-rate N]\n");
		return 2;
	}
	char dir[] = "/tmp/weir-bench-redis-XXXXXX";
	if (mkdtemp (dir) == NULL) {
		fprintf (stderr, "bench-redis: %s: %s\n", dir, strerror (errno));
		return 1;
	}
	int status = s_run_with_server (&bench, dir);
	rmdir (dir);
	return status;
}
