/* cmd_run.c - `weir run`: runs a process graph, here or on a coordinator */
#include "tools/weir/commands.h"

#include "actors/local/local.h"
#include "actors/sink/sink_task.h"
#include "connectors/raster/raster.h"
#include "cube/graph/graph.h"
#include "tools/weir/common.h"
#include "tools/weir/params.h"
#include "tools/weir/sizes.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RECEIVE_MS 100
#define CANCEL_WAIT_MS 15000
#define SUBMIT_WAIT_MS 10000
#define SILENCE_MS 30000 /* a coordinator that works says something every second */

static const char s_usage[] =
	"usage: weir run GRAPH.json [-o DIR] [--param NAME=VALUE]... [OPTIONS]\n"
	"Runs a process graph; GRAPH.json may be - for standard input. Results go to DIR.\n"
	"  -o, --output DIR       folder of the results, made if missing (default .)\n"
	"  --param NAME=VALUE     value of a parameter: JSON, or else a text\n"
	"  --readers A[:B]        reader actors (default 1)\n"
	"  --computes A[:B]       compute actors (default 1)\n"
	"  --sinks A[:B]          sink actors (default 1)\n"
	"  --slots N              slots of each reader (default: number of CPUs)\n"
	"                         of remote files 16 at least, unless given\n"
	"  --memory SIZE          memory budget, e.g. 512M or 2G (default: half of what there is)\n"
	"  --redis URL            unix:///path or redis://host:port (default: a private redis-server)\n"
	"  --launcher thread|process\n"
	"                         how actors run: threads (default), or child processes over ipc\n"
	"  --coordinator ENDPOINT submit to a running coordinator instead of running here\n"
	"  --chunk WIDTHxHEIGHT   shape of the chunks (default: the planner's choice)\n"
	"  --run-labels N         dates of one read run (default: the planner's choice)\n"
	"  --http-timeout S       seconds without an answer that end a remote read (default 15)\n"
	"  --allow-private        a catalogue from the open network may name private hosts\n"
	"  --partial              deliver what there is where a chunk cannot be computed\n"
	"  --skip-bad-items       leave out items that cannot be used, and name them\n"
	"  --json                 one JSON object a line on standard output, the last with state and files\n"
	"Exit status: 0 done, 1 the job failed or is incomplete, 2 bad usage or an invalid graph,\n"
	"130 or 143 ended by SIGINT or SIGTERM.\n";

typedef struct {
	const char *path, *output, *coordinator;
	json_t *params;
	weir_local_config_t local;
	uint32_t chunk_width, chunk_height, run_labels;
	weir_raster_http_t http;
	bool partial, skip_bad_items, is_json;
} s_options_t;

enum {
	OPT_PARAM = 256,
	OPT_READERS,
	OPT_COMPUTES,
	OPT_SINKS,
	OPT_SLOTS,
	OPT_MEMORY,
	OPT_REDIS,
	OPT_LAUNCHER,
	OPT_COORDINATOR,
	OPT_CHUNK,
	OPT_RUN_LABELS,
	OPT_HTTP_TIMEOUT,
	OPT_ALLOW_PRIVATE,
	OPT_PARTIAL,
	OPT_SKIP,
	OPT_JSON
};

static const struct option s_long_options[] = {
	{ "output", required_argument, NULL, 'o' },
	{ "param", required_argument, NULL, OPT_PARAM },
	{ "readers", required_argument, NULL, OPT_READERS },
	{ "computes", required_argument, NULL, OPT_COMPUTES },
	{ "sinks", required_argument, NULL, OPT_SINKS },
	{ "slots", required_argument, NULL, OPT_SLOTS },
	{ "memory", required_argument, NULL, OPT_MEMORY },
	{ "redis", required_argument, NULL, OPT_REDIS },
	{ "launcher", required_argument, NULL, OPT_LAUNCHER },
	{ "coordinator", required_argument, NULL, OPT_COORDINATOR },
	{ "chunk", required_argument, NULL, OPT_CHUNK },
	{ "run-labels", required_argument, NULL, OPT_RUN_LABELS },
	{ "http-timeout", required_argument, NULL, OPT_HTTP_TIMEOUT },
	{ "allow-private", no_argument, NULL, OPT_ALLOW_PRIVATE },
	{ "partial", no_argument, NULL, OPT_PARTIAL },
	{ "skip-bad-items", no_argument, NULL, OPT_SKIP },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

/* A number above 0 and the character that must follow it; moves on behind both. */
static bool
s_take_pixels (const char **text, char end, uint32_t *number_out)
{
	if (**text < '0' || **text > '9')
		return false;
	char *rest;
	unsigned long number = strtoul (*text, &rest, 10);
	if (*rest != end || number == 0 || number > UINT32_MAX)
		return false;
	*number_out = (uint32_t) number;
	*text = rest + (end != '\0');
	return true;
}

/* true: the option's value is understood */
static bool
s_take_value (s_options_t *self, int option, const char *value, weir_err_t *err)
{
	uint32_t ignored;
	switch (option) {
	case 'o': self->output = value; return true;
	case OPT_PARAM: return weir_params_add (self->params, value, err) == 0;
	case OPT_READERS: return weir_range_parse (value, &ignored, &self->local.n_readers);
	case OPT_COMPUTES: return weir_range_parse (value, &ignored, &self->local.n_computes);
	case OPT_SINKS: return weir_range_parse (value, &ignored, &self->local.n_sinks);
	case OPT_HTTP_TIMEOUT: return weir_count_parse (value, &self->http.silence_s);
	case OPT_SLOTS: return weir_count_parse (value, &self->local.n_slots);
	case OPT_MEMORY:
		return weir_size_parse (value, &self->local.memory_bytes) &&
		       self->local.memory_bytes >= 16U << 20;
	case OPT_REDIS:
		self->local.redis_url = value;
		return strncmp (value, "unix://", 7) == 0 || strncmp (value, "redis://", 8) == 0;
	case OPT_LAUNCHER:
		self->local.as_processes = strcmp (value, "process") == 0;
		return self->local.as_processes || strcmp (value, "thread") == 0;
	case OPT_COORDINATOR:
		self->coordinator = value;
		return strncmp (value, "ipc://", 6) == 0 || strncmp (value, "inproc://", 9) == 0;
	case OPT_CHUNK:
		return s_take_pixels (&value, 'x', &self->chunk_width) &&
		       s_take_pixels (&value, '\0', &self->chunk_height);
	case OPT_RUN_LABELS: return s_take_pixels (&value, '\0', &self->run_labels);
	default: return false;
	}
}

/* 0: go on; else *status_out is how it ends. */
static int
s_parse_options (int argc, char **argv, s_options_t *self, int *status_out)
{
	optind = 0;
	opterr = 0;
	*status_out = 2;
	for (int option; (option = getopt_long (argc, argv, ":ho:", s_long_options, NULL)) != -1;) {
		weir_err_t err;
		weir_err_clear (&err);
		if (option == 'h') {
			fputs (s_usage, stdout);
			*status_out = 0;
			return -1;
		}
		if (option == OPT_ALLOW_PRIVATE) {
			self->http.private_hosts = WEIR_PRIVATE_ALWAYS;
		} else if (option == OPT_PARTIAL) {
			self->partial = true;
		} else if (option == OPT_SKIP) {
			self->skip_bad_items = true;
		} else if (option == OPT_JSON) {
			self->is_json = true;
		} else if (option == ':' || option == '?') {
			return weir_usage_error ("run", s_usage, "%s: %s", argv[optind - 1],
			                         option == ':' ? "needs a value" : "no such option");
		} else if (!s_take_value (self, option, optarg, &err)) {
			return weir_usage_error ("run", s_usage, "%s: %s", argv[optind - 1],
			                         err.status != 0 ? err.text : "not a value of this option");
		}
	}
	if (argc - optind != 1)
		return weir_usage_error ("run", s_usage, "expected one process graph, found %d",
		                         argc - optind);
	self->path = argv[optind];
	return 0;
}

/* ---- the job, as a client */

typedef struct {
	const s_options_t *options;
	weir_client_t *client;
	weir_local_t *local; /* NULL: the coordinator is somebody else's */
	char job[40];
	weir_progress_t progress;
	bool is_submitted;
	bool is_cancelling;
	int64_t waited_ms;
} s_session_t;

static const char *
s_exit_state (Weir__JobState state, bool is_incomplete)
{
	return state == WEIR__JOB_STATE__JOB_DONE && is_incomplete ? "incomplete"
	       : state == WEIR__JOB_STATE__JOB_DONE                ? "done"
	       : state == WEIR__JOB_STATE__JOB_CANCELLED           ? "cancelled"
	                                                           : "failed";
}

static void
s_print_end (const s_session_t *self, const Weir__JobEnd *end, const weir_err_t *err)
{
	if (!self->options->is_json) {
		for (size_t i = 0; i < end->n_files; i++)
			puts (end->files[i]);
		return;
	}
	json_t *files = json_array ();
	for (size_t i = 0; i < end->n_files; i++)
		json_array_append_new (files, json_string (end->files[i]));
	json_t *line = json_pack ("{s:s, s:o}", "state", s_exit_state (end->state, err->status != 0),
	                          "files", files);
	if (err->status != 0)
		json_object_set_new (line, "error",
		                     json_pack ("{s:s, s:s, s:s}", "code", err->code, "where", err->where,
		                                "message", err->text));
	json_dumpf (line, stdout, JSON_COMPACT);
	putchar ('\n');
	json_decref (line);
}

/* What is wrong with the graph itself, though it shows only when the data is known, is bad usage
 * too. */
static int
s_status_of_error (const weir_err_t *err)
{
	static const char *const graph_codes[] = { "ProcessGraph", "ProcessUnsupported",
		                                       "ProcessParameter", "DimensionNotAvailable",
		                                       "FormatUnsupported" };
	for (size_t i = 0; i < sizeof graph_codes / sizeof graph_codes[0]; i++)
		if (strncmp (err->code, graph_codes[i], strlen (graph_codes[i])) == 0)
			return 2;
	return 1;
}

static int
s_take_end (s_session_t *self, const Weir__JobEnd *end)
{
	weir_err_t err;
	weir_err_clear (&err);
	if (end->error != NULL) /* failed, or done with holes */
		weir_error_from_message (end->error, &err);
	weir_progress_clear (&self->progress);
	s_print_end (self, end, &err);
	if (end->state == WEIR__JOB_STATE__JOB_DONE && err.status == 0)
		return 0;
	if (end->state == WEIR__JOB_STATE__JOB_DONE) {
		weir_print_error (&err);
		return 1;
	}
	if (weir_signal_caught () != 0)
		return 128 + weir_signal_caught ();
	if (end->state == WEIR__JOB_STATE__JOB_CANCELLED) {
		fprintf (stderr, "weir: the job was cancelled\n");
		return 1;
	}
	weir_print_error (&err);
	return s_status_of_error (&err);
}

static int
s_send_submit (s_session_t *self, const char *graph, char *results_dir, weir_err_t *err)
{
	uint64_t random[2];
	weir_host_random (random, sizeof random);
	snprintf (self->job, sizeof self->job, "%016llx%08llx", (unsigned long long) random[0],
	          (unsigned long long) (random[1] & 0xFFFFFFFFULL));
	char work_dir[4096];
	Weir__Submit submit = WEIR__SUBMIT__INIT;
	submit.job = self->job;
	submit.graph = (char *) (uintptr_t) graph;
	submit.results_dir = results_dir;
	submit.work_dir = getcwd (work_dir, sizeof work_dir) != NULL ? work_dir : "/";
	submit.owner = "local";
	submit.cluster = "local";
	submit.partial = self->options->partial;
	submit.skip_bad_items = self->options->skip_bad_items;
	submit.chunk_width = self->options->chunk_width;
	submit.chunk_height = self->options->chunk_height;
	submit.run_labels = self->options->run_labels;
	Weir__Client msg = WEIR__CLIENT__INIT;
	msg.body_case = WEIR__CLIENT__BODY_SUBMIT;
	msg.submit = &submit;
	return weir_client_send (self->client, &msg, err);
}

static void
s_send_cancel (s_session_t *self)
{
	Weir__JobCancel cancel = WEIR__JOB_CANCEL__INIT;
	cancel.job = self->job;
	Weir__Client msg = WEIR__CLIENT__INIT;
	msg.body_case = WEIR__CLIENT__BODY_CANCEL;
	msg.cancel = &cancel;
	weir_err_t err;
	if (weir_client_send (self->client, &msg, &err) != 0)
		weir_print_error (&err);
	self->is_cancelling = true;
	self->waited_ms = 0;
}

/* -1: the job goes on; else the exit status. */
static int
s_take_message (s_session_t *self, const Weir__Client *msg)
{
	self->waited_ms = self->is_cancelling ? self->waited_ms : 0;
	self->is_submitted = true;
	if (msg->body_case == WEIR__CLIENT__BODY_PROGRESS)
		weir_progress_show (&self->progress, msg->progress);
	else if (msg->body_case == WEIR__CLIENT__BODY_END)
		return s_take_end (self, msg->end);
	else if (msg->body_case == WEIR__CLIENT__BODY_REJECTED) {
		weir_err_t err;
		weir_error_from_message (msg->rejected->error, &err);
		weir_progress_clear (&self->progress);
		weir_print_error (&err);
		return s_status_of_error (&err);
	}
	return -1;
}

static int
s_follow_job (s_session_t *self)
{
	for (;;) {
		if (weir_signal_caught () != 0 && !self->is_cancelling)
			s_send_cancel (self);
		Weir__Control *msg = weir_client_receive (self->client, RECEIVE_MS);
		if (msg != NULL) {
			int status = s_take_message (self, msg->client);
			weir_control_free (&msg);
			if (status >= 0)
				return status;
			continue;
		}
		self->waited_ms += RECEIVE_MS;
		weir_err_t lost;
		if (self->local != NULL && weir_local_check (self->local, &lost) != 0) {
			weir_progress_clear (&self->progress);
			weir_print_error (&lost);
			return 1;
		}
		if (self->is_cancelling && self->waited_ms >= CANCEL_WAIT_MS) {
			weir_progress_clear (&self->progress);
			fprintf (stderr, "weir: the coordinator does not answer\n");
			return 128 + weir_signal_caught ();
		}
		int64_t most_ms = self->is_submitted ? SILENCE_MS : SUBMIT_WAIT_MS;
		if (self->waited_ms >= most_ms) {
			weir_err_t err;
			weir_err_set (&err, WEIR_E_IO, WEIR_CLASS_RETRY, "CoordinatorUnavailable",
			              self->options->coordinator, "%s: no answer within %d s",
			              self->is_submitted ? "job" : "submit", (int) (most_ms / 1000));
			weir_progress_clear (&self->progress);
			weir_print_error (&err);
			return 1;
		}
	}
}

/* local is stopped and freed at the end; NULL where the coordinator is somebody else's. */
static int
s_run_session (const s_options_t *options, weir_local_t *local, const char *endpoint,
               const char *graph, char *results_dir)
{
	s_session_t session = { .options = options,
		                    .client = weir_client_new (endpoint),
		                    .local = local };
	weir_err_t err;
	weir_progress_begin (&session.progress, options->is_json);
	int status = s_send_submit (&session, graph, results_dir, &err) == 0 ? s_follow_job (&session)
	                                                                     : 1;
	weir_client_destroy (&session.client);
	weir_local_stop (&local);
	/* A sink process that is stopped keeps its parts for whoever takes over: here nobody does. */
	if (options->local.as_processes)
		weir_sink_remove_parts (results_dir, session.job);
	return status;
}

/* ---- the graph, checked before anything is started */

static int
s_load_graph (const s_options_t *options, char **graph_out)
{
	weir_err_t err;
	char *text = NULL;
	size_t n;
	weir_graph_t *graph = NULL;
	int status = weir_file_read (options->path, &text, &n, &err);
	if (status == 0)
		status = weir_graph_parse (text, n, options->params, &graph, &err);
	free (text);
	if (status != 0) {
		weir_print_error (&err);
		return 2;
	}
	*graph_out = weir_graph_text (graph);
	weir_graph_destroy (&graph);
	return 0;
}

static int
s_run_local (const s_options_t *options, const char *graph, char *results_dir)
{
	weir_err_t err;
	weir_local_t *local = NULL;
	if (weir_local_start (&options->local, &local, &err) != 0) {
		weir_print_error (&err);
		return 1;
	}
	return s_run_session (options, local, weir_local_endpoint (local), graph, results_dir);
}

static int
s_run (const s_options_t *options)
{
	weir_err_t err;
	char *graph = NULL, *results_dir = NULL;
	int status = s_load_graph (options, &graph);
	if (status != 0)
		return status;
	if (weir_dir_prepare (options->output, &results_dir, &err) != 0 ||
	    weir_raster_init (&err) != 0) {
		weir_print_error (&err);
		free (graph);
		free (results_dir);
		return 1;
	}
	weir_raster_http_configure (&options->http);
	weir_signals_catch ();
	weir_host_init ();
	if (options->coordinator != NULL)
		status = s_run_session (options, NULL, options->coordinator, graph, results_dir);
	else
		status = s_run_local (options, graph, results_dir);
	weir_host_shutdown ();
	weir_raster_shutdown ();
	free (graph);
	free (results_dir);
	return status;
}

int
weir_cmd_run (int argc, char **argv)
{
	s_options_t options = { .output = ".", .params = json_object () };
	int status;
	if (s_parse_options (argc, argv, &options, &status) == 0)
		status = s_run (&options);
	json_decref (options.params);
	return status;
}
