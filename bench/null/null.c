/* null.c - bench-null: what the runtime itself costs a chunk
 *
 * Coordinator, readers, computes and sinks as threads over inproc with a private Redis, and a job
 * whose source and sink do nothing: for each chunk one order, one partial of 64 bytes, one block
 * and three stored transitions. Prints chunks a second, how flat the time a chunk stays (last tenth
 * over first), and the largest used_memory of Redis seen.
 *
 * Usage   bench-null [--chunks N] [--readers N] [--computes N] [--sinks N] [--json]
 */
#include "actors/local/local.h"
#include "connectors/raster/raster.h"
#include "connectors/redis/redis.h"
#include "runtime/base/mem.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MARKS 10 /* the job is timed in tenths */

typedef struct {
	uint64_t n_chunks;
	weir_local_config_t local;
	bool is_json;
} s_options_t;

typedef struct {
	double started, marks[MARKS + 1]; /* seconds at which a tenth was done */
	int n_marks;
	uint64_t redis_bytes;
	weir_redis_t *redis;
	bool is_done, has_failed;
} s_run_t;

static double
s_now (void)
{
	struct timespec now;
	clock_gettime (CLOCK_MONOTONIC, &now);
	return (double) now.tv_sec + (double) now.tv_nsec * 1e-9;
}

static int
s_plan (void *arg, const Weir__Submit *submit, bool (*is_cancelled) (void *), void *job,
        weir_plan_t **plan_out, weir_err_t *err)
{
	(void) submit;
	(void) is_cancelled;
	(void) job;
	const s_options_t *options = arg;
	*plan_out = weir_plan_null (options->n_chunks);
	return *plan_out != NULL ? 0 : weir_err_invalid (err, "BadUsage", "", "--chunks: out of range");
}

static int
s_submit (weir_client_t *client, weir_err_t *err)
{
	Weir__Submit submit = WEIR__SUBMIT__INIT;
	submit.job = "null";
	submit.graph = "{}";
	submit.results_dir = "/tmp";
	submit.work_dir = "/";
	submit.owner = "bench";
	submit.cluster = "bench";
	Weir__Client msg = WEIR__CLIENT__INIT;
	msg.body_case = WEIR__CLIENT__BODY_SUBMIT;
	msg.submit = &submit;
	return weir_client_send (client, &msg, err);
}

static void
s_take_progress (s_run_t *run, const Weir__Progress *progress)
{
	double now = s_now ();
	if (run->started == 0 && progress->chunks > 0)
		run->started = now;
	while (progress->chunks > 0 && run->n_marks < MARKS &&
	       progress->chunks_done >= progress->chunks * (uint64_t) (run->n_marks + 1) / MARKS)
		run->marks[run->n_marks++] = now - run->started;
	uint64_t bytes;
	weir_err_t err;
	if (weir_redis_used_memory (run->redis, &bytes, &err) == 0 && bytes > run->redis_bytes)
		run->redis_bytes = bytes;
}

static void
s_take_message (s_run_t *run, const Weir__Client *msg)
{
	if (msg->body_case == WEIR__CLIENT__BODY_PROGRESS) {
		s_take_progress (run, msg->progress);
	} else if (msg->body_case == WEIR__CLIENT__BODY_END) {
		run->is_done = true;
		run->has_failed = msg->end->state != WEIR__JOB_STATE__JOB_DONE;
		if (run->has_failed && msg->end->error != NULL)
			fprintf (stderr, "bench-null: %s: %s\n", msg->end->error->code, msg->end->error->text);
		while (run->n_marks < MARKS)
			run->marks[run->n_marks++] = s_now () - run->started;
	}
}

static void
s_print (const s_options_t *options, const s_run_t *run)
{
	double seconds = run->marks[MARKS - 1];
	double rate = (double) options->n_chunks / seconds;
	double flatness = (run->marks[MARKS - 1] - run->marks[MARKS - 2]) / run->marks[0];
	if (options->is_json)
		printf (
			"{\"chunks\": %llu, \"seconds\": %.3f, \"chunks_per_second\": %.0f, \"flatness\": %.3f, "
			"\"redis_bytes\": %llu}\n",
			(unsigned long long) options->n_chunks, seconds, rate, flatness,
			(unsigned long long) run->redis_bytes);
	else
		printf ("%llu chunks in %.2f s: %.0f chunks/s; last tenth over first %.2f; Redis %.2f MB\n",
		        (unsigned long long) options->n_chunks, seconds, rate, flatness,
		        (double) run->redis_bytes / 1e6);
}

static int
s_run (s_options_t *options)
{
	weir_err_t err;
	weir_local_t *local = NULL;
	s_run_t run = { 0 };
	options->local.plan = s_plan;
	options->local.plan_arg = options;
	int status = weir_local_start (&options->local, &local, &err);
	if (status == 0)
		status = weir_redis_connect (weir_local_redis_url (local), 1000, &run.redis, &err);
	weir_client_t *client = status == 0 ? weir_client_new (weir_local_endpoint (local)) : NULL;
	if (status == 0)
		status = s_submit (client, &err);
	if (status != 0)
		fprintf (stderr, "bench-null: %s: %s\n", err.code, err.text);
	while (status == 0 && !run.is_done) {
		Weir__Control *msg = weir_client_receive (client, 1000);
		if (msg != NULL)
			s_take_message (&run, msg->client);
		weir_control_free (&msg);
	}
	weir_client_destroy (&client);
	weir_redis_destroy (&run.redis);
	weir_local_stop (&local);
	if (status != 0 || run.has_failed)
		return 1;
	s_print (options, &run);
	return 0;
}

int
main (int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "chunks", required_argument, NULL, 'n' },   { "readers", required_argument, NULL, 'r' },
		{ "computes", required_argument, NULL, 'c' }, { "sinks", required_argument, NULL, 's' },
		{ "json", no_argument, NULL, 'j' },           { NULL, 0, NULL, 0 },
	};
	s_options_t options = { .n_chunks = 1000000 };
	for (int o; (o = getopt_long (argc, argv, "", long_options, NULL)) != -1;) {
		uint64_t value = o != 'j' && o != '?' ? strtoull (optarg, NULL, 10) : 0;
		if (o == 'j')
			options.is_json = true;
		else if (o == 'n')
			options.n_chunks = value;
		else if (o == 'r')
			options.local.n_readers = (uint32_t) value;
		else if (o == 'c')
			options.local.n_computes = (uint32_t) value;
		else if (o == 's')
			options.local.n_sinks = (uint32_t) value;
		else
			return 2;
	}
	weir_err_t err;
	if (weir_raster_init (&err) != 0)
		return 1;
	weir_host_init ();
	int status = s_run (&options);
	weir_host_shutdown ();
	weir_raster_shutdown ();
	return status;
}
