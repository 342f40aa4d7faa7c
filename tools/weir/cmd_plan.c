/* cmd_plan.c - `weir plan`: what a process graph would do, without doing it
 *
 * Reads the items and opens a few files, as `weir run` does before its first chunk.
 */
#include "actors/coordinator/planning.h"
#include "connectors/raster/raster.h"
#include "cube/graph/graph.h"
#include "tools/weir/commands.h"
#include "tools/weir/params.h"
#include "tools/weir/sizes.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MEMORY_DEFAULT ((uint64_t) 1 << 30)
#define SLOTS_MAX 65536

static const char s_usage[] =
	"usage: weir plan GRAPH.json [--param NAME=VALUE]... [--memory SIZE] [--slots N] "
	"[--skip-bad-items] [--allow-private] [--json]\n"
	"Explains what a process graph would do; GRAPH.json may be - for standard input.\n"
	"  --param NAME=VALUE  value of a parameter: JSON, or else a text\n"
	"  --memory SIZE       budget of one actor, such as 512M or 2G (default: half of the memory "
	"there is)\n"
	"  --slots N           reads at the same time (default: the number of CPUs)\n"
	"  --skip-bad-items    leave out items that cannot be used, with a warning\n"
	"  --allow-private     a catalogue from the open network may name private hosts\n"
	"  --json              one JSON object instead of lines\n"
	"Exit status: 0 done, 1 the items do not allow it, 2 bad usage or an invalid graph.\n";

typedef struct {
	const char *path;
	bool is_json;
	json_t *params;
	weir_plan_options_t plan;
	weir_raster_http_t http;
} s_options_t;

/* Is it the graph that has to be mended, not the data? */
static bool
s_is_graph_error (const weir_err_t *err)
{
	static const char *const codes[] = { "Process",
		                                 "DimensionNotAvailable",
		                                 "FormatUnsupported",
		                                 "FeatureUnsupported",
		                                 "TemporalExtentEmpty",
		                                 "FileUnreadable" };
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
		if (strncmp (err->code, codes[i], strlen (codes[i])) == 0)
			return true;
	return false;
}

static int
s_plan (const s_options_t *options, weir_err_t *err)
{
	weir_graph_t *graph = NULL;
	weir_plan_t *plan = NULL;
	char *text = NULL;
	size_t n = 0;
	int rc = weir_file_read (options->path, &text, &n, err);
	if (rc == 0)
		rc = weir_graph_parse (text, n, options->params, &graph, err);
	if (rc == 0)
		rc = weir_raster_init (err);
	if (rc == 0) {
		weir_raster_http_configure (&options->http);
		rc = weir_planning_run (graph, &options->plan, NULL, NULL, &plan, err);
		if (rc == 0) {
			char *lines = weir_plan_explain (plan, options->is_json);
			fputs (lines, stdout);
			if (options->is_json)
				putchar ('\n');
			free (lines);
		}
		weir_raster_shutdown ();
	}
	weir_plan_destroy (&plan);
	weir_graph_destroy (&graph);
	free (text);
	return rc;
}

static int
s_bad_usage (const char *problem, const char *what)
{
	fprintf (stderr, "weir: error: BadUsage: plan: %s: %s\n%s", problem, what, s_usage);
	return -1;
}

static int
s_take_option (int option, const char *value, s_options_t *self)
{
	weir_err_t err = { 0 };
	char *end = NULL;
	switch (option) {
	case 'p':
		return weir_params_add (self->params, value, &err) == 0 ? 0 : s_bad_usage (err.text, value);
	case 'm':
		return weir_size_parse (value, &self->plan.memory_bytes)
		           ? 0
		           : s_bad_usage ("--memory needs a size such as 512M or 2G", value);
	case 's': {
		long n = strtol (value, &end, 10);
		if (*value == '\0' || *end != '\0' || n < 1 || n > SLOTS_MAX)
			return s_bad_usage ("--slots needs a number from 1 to 65536", value);
		self->plan.n_slots = (uint32_t) n;
		return 0;
	}
	case 'k': self->plan.skip_bad_items = true; return 0;
	case 'a': self->http.private_hosts = WEIR_PRIVATE_ALWAYS; return 0;
	case 'j': self->is_json = true; return 0;
	default: return s_bad_usage ("unknown option", value);
	}
}

/* 0: go on; else *status_out is how it ends. */
static int
s_parse_options (int argc, char **argv, s_options_t *self, int *status_out)
{
	static const struct option options[] = {
		{ "param", required_argument, NULL, 'p' },   { "memory", required_argument, NULL, 'm' },
		{ "slots", required_argument, NULL, 's' },   { "skip-bad-items", no_argument, NULL, 'k' },
		{ "allow-private", no_argument, NULL, 'a' }, { "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },          { NULL, 0, NULL, 0 }
	};
	optind = 0;
	opterr = 0;
	*status_out = 2;
	for (int option; (option = getopt_long (argc, argv, ":h", options, NULL)) != -1;) {
		if (option == 'h') {
			fputs (s_usage, stdout);
			*status_out = 0;
			return -1;
		}
		if (option == ':')
			return s_bad_usage ("option needs a value", argv[optind - 1]);
		if (s_take_option (option, option == '?' ? argv[optind - 1] : optarg, self) != 0)
			return -1;
	}
	if (argc - optind != 1)
		return s_bad_usage ("expected one process graph",
		                    argc > optind ? argv[optind + 1] : "found none");
	self->path = argv[optind];
	return 0;
}

static uint64_t
s_default_memory (void)
{
	long pages = sysconf (_SC_PHYS_PAGES), page = sysconf (_SC_PAGESIZE);
	return pages > 0 && page > 0 ? (uint64_t) pages * (uint64_t) page / 2 : MEMORY_DEFAULT;
}

int
weir_cmd_plan (int argc, char **argv)
{
	long cpus = sysconf (_SC_NPROCESSORS_ONLN);
	s_options_t options = { .params = json_object () };
	options.plan.memory_bytes = s_default_memory ();
	options.plan.n_slots = cpus > 0 ? (uint32_t) cpus : 1;
	int status = 2;
	if (s_parse_options (argc, argv, &options, &status) == 0) {
		weir_err_t err = { 0 };
		status = 0;
		if (s_plan (&options, &err) != 0) {
			char message[2 * WEIR_ERR_TEXT_MAX + WEIR_ERR_CODE_MAX + 8];
			fprintf (stderr, "weir: error: %s\n", weir_err_format (&err, message, sizeof message));
			status = s_is_graph_error (&err) ? 2 : 1;
		}
	}
	json_decref (options.params);
	return status;
}
