/* main.c - the `weir` program: one binary, one table of subcommands */
#include "tools/weir/commands.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	int (*run) (int argc, char **argv);
	const char *summary;
} s_commands[] = {
	{ "run", weir_cmd_run, "runs a process graph" },
	{ "validate", weir_cmd_validate, "checks a process graph" },
	{ "plan", weir_cmd_plan, "explains what a process graph would do" },
	{ "eval", weir_cmd_eval, "evaluates processes on JSON values, a case a line" },
	{ "inspect", weir_cmd_inspect, "prints recorded messages, parts, encoded chunks and plans" },
	{ "coordinator", weir_cmd_coordinator, "runs a coordinator" },
	{ "actor", weir_cmd_actor, "runs a reader, compute or sink actor" },
};

#define N_COMMANDS (sizeof s_commands / sizeof s_commands[0])

static void
s_print_usage (FILE *to)
{
	fprintf (to, "usage: weir COMMAND [OPTIONS]\n\n");
	for (size_t i = 0; i < N_COMMANDS; i++)
		fprintf (to, "  %-12s %s\n", s_commands[i].name, s_commands[i].summary);
	fprintf (
		to,
		"\n`weir COMMAND --help` says more. Exit status: 0 done, 1 the job failed or is incomplete,\n"
		"2 bad usage or an invalid graph.\n");
}

int
main (int argc, char **argv)
{
	if (argc < 2) {
		s_print_usage (stderr);
		return 2;
	}
	if (strcmp (argv[1], "--help") == 0 || strcmp (argv[1], "-h") == 0 ||
	    strcmp (argv[1], "help") == 0) {
		s_print_usage (stdout);
		return 0;
	}
	if (strcmp (argv[1], "--version") == 0) {
		printf ("weir %s\n", WEIR_VERSION);
		return 0;
	}
	for (size_t i = 0; i < N_COMMANDS; i++)
		if (strcmp (argv[1], s_commands[i].name) == 0)
			return s_commands[i].run (argc - 1, argv + 1);
	fprintf (stderr, "weir: error: BadUsage: %s: no such command\n", argv[1]);
	s_print_usage (stderr);
	return 2;
}
