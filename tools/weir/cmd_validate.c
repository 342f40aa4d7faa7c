/* cmd_validate.c - `weir validate`: checks a process graph without reading any data */
#include "tools/weir/commands.h"

#include "cube/plan/build.h"
#include "cube/process/process.h"
#include "tools/weir/params.h"

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static const char s_usage[] =
	"usage: weir validate GRAPH.json [--param NAME=VALUE]... [--json]\n"
	"Checks a process graph; GRAPH.json may be - for standard input.\n"
	"  --param NAME=VALUE  value of a parameter: JSON, or else a text\n"
	"  --json              the verdict as one JSON object on standard output\n"
	"Exit status: 0 valid, 2 not.\n";

typedef struct {
	const char *path;
	bool is_json;
	json_t *params;
} s_options_t;

static void
s_print_json (const weir_err_t *err, size_t n_nodes)
{
	json_t *json = json_pack ("{s:b, s:[]}", "valid", err->status == 0, "errors");
	if (err->status == 0)
		json_object_set_new (json, "nodes", json_integer ((json_int_t) n_nodes));
	else
		json_array_append_new (json_object_get (json, "errors"),
		                       json_pack ("{s:s, s:s*, s:s*}", "code", err->code, "node",
		                                  err->where, "message", err->text));
	json_dumpf (json, stdout, JSON_COMPACT);
	putchar ('\n');
	json_decref (json);
}

/* What a job made of this graph would ask for: extents, dates and formats are read here too. */
static int
s_check_job (const weir_graph_t *graph, weir_err_t *err)
{
	size_t n_wants = 0;
	weir_plan_want_t *wants = NULL;
	if (weir_graph_result (graph)->process->klass != WEIR_PROCESS_SINK)
		return 0;
	int rc = weir_plan_wants (graph, &n_wants, &wants, err);
	free (wants);
	return rc;
}

static int
s_validate (const s_options_t *options)
{
	weir_err_t err = { 0 };
	weir_graph_t *graph = NULL;
	int rc = weir_graph_read (options->path, options->params, &graph, &err);
	if (rc == 0)
		rc = s_check_job (graph, &err);
	if (options->is_json)
		s_print_json (&err, graph != NULL ? weir_graph_n_nodes (graph) : 0);
	else if (rc == 0)
		printf ("%s: valid, %zu nodes\n", options->path, weir_graph_n_nodes (graph));
	if (rc != 0) {
		char message[2 * WEIR_ERR_TEXT_MAX + WEIR_ERR_CODE_MAX + 8];
		fprintf (stderr, "weir: error: %s\n", weir_err_format (&err, message, sizeof message));
	}
	weir_graph_destroy (&graph);
	return rc == 0 ? 0 : 2;
}

/* 0: go on; else *status_out is how it ends. */
static int
s_parse_options (int argc, char **argv, s_options_t *self, int *status_out)
{
	static const struct option options[] = { { "param", required_argument, NULL, 'p' },
		                                     { "json", no_argument, NULL, 'j' },
		                                     { "help", no_argument, NULL, 'h' },
		                                     { NULL, 0, NULL, 0 } };
	weir_err_t err = { 0 };
	optind = 0;
	opterr = 0;
	*status_out = 2;
	for (int option; (option = getopt_long (argc, argv, ":h", options, NULL)) != -1;) {
		if (option == 'h') {
			fputs (s_usage, stdout);
			*status_out = 0;
			return -1;
		}
		if (option == 'j') {
			self->is_json = true;
		} else if (option != 'p') {
			const char *problem = option == ':' ? "option needs a value" : "unknown option";
			fprintf (stderr, "weir: error: BadUsage: validate: %s: %s\n%s", problem,
			         argv[optind - 1], s_usage);
			return -1;
		} else if (weir_params_add (self->params, optarg, &err) != 0) {
			fprintf (stderr, "weir: error: BadUsage: validate: %s\n", err.text);
			return -1;
		}
	}
	if (argc - optind != 1) {
		fprintf (stderr,
		         "weir: error: BadUsage: validate: expected one process graph, found %d\n%s",
		         argc - optind, s_usage);
		return -1;
	}
	self->path = argv[optind];
	return 0;
}

int
weir_cmd_validate (int argc, char **argv)
{
	s_options_t options = { .params = json_object () };
	int status = 2;
	if (s_parse_options (argc, argv, &options, &status) == 0)
		status = s_validate (&options);
	json_decref (options.params);
	return status;
}
