/* cmd_eval.c - `weir eval`: one process on JSON values a line
 *
 * Reads {"id":…,"process_id":…,"arguments":{…}} a line, answers {"id":…,"result":…} or
 * {"id":…,"error":{…}} a line, in order and at once, so that it can be talked to. A bad line is
 * answered and does not end the run.
 */
#include "tools/weir/commands.h"

#include "cube/graph/eval.h"
#include "cube/process/value.h"
#include "runtime/base/mem.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char s_usage[] =
	"usage: weir eval\n"
	"Evaluates openEO processes on JSON values, one case a line on standard input:\n"
	"  {\"id\":\"a\",\"process_id\":\"add\",\"arguments\":{\"x\":1,\"y\":2}}\n"
	"Answers one line each: {\"id\":\"a\",\"result\":3}, or with \"error\".\n";

static json_t *
s_error_json (const weir_err_t *err)
{
	char message[2 * WEIR_ERR_TEXT_MAX + 8];
	snprintf (message, sizeof message, "%s%s%s", err->where, err->where[0] != '\0' ? ": " : "",
	          err->text);
	json_t *text = json_string (message);
	if (text == NULL)
		text = json_string ("the message cannot be shown");
	return json_pack ("{s:s, s:o}", "code", err->code, "message", text);
}

static int
s_eval_case (const json_t *json, json_t **result_out, weir_err_t *err)
{
	const char *process_id = json_string_value (json_object_get (json, "process_id"));
	if (!json_is_object (json))
		return weir_err_invalid (err, "InvalidCase", "", "case: expected an object, found %s",
		                         weir_value_describe (json));
	if (process_id == NULL)
		return weir_err_invalid (err, "InvalidCase", "", "process_id: expected a string, found %s",
		                         weir_value_describe (json_object_get (json, "process_id")));
	return weir_process_eval (process_id, json_object_get (json, "arguments"), result_out, err);
}

/* Whole numbers beyond 64 bits are read as the nearest double. */
static json_t *
s_load (const char *line, size_t n, json_error_t *error)
{
	json_t *json = json_loadb (line, n, JSON_DECODE_ANY, error);
	if (json == NULL && json_error_code (error) == json_error_numeric_overflow)
		json = json_loadb (line, n, JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL, error);
	return json;
}

static void
s_answer (const char *line, size_t n)
{
	weir_err_t err = { 0 };
	json_error_t error;
	json_t *result = NULL, *json = s_load (line, n, &error);
	json_t *id = json_object_get (json, "id");
	json_t *answer = json_pack ("{s:O?}", "id", id);
	if (json == NULL)
		weir_err_invalid (&err, "InvalidCase", "", "case: not JSON: column %d: %s", error.column,
		                  error.text);
	else
		s_eval_case (json, &result, &err);
	if (id == NULL)
		json_object_set_new (answer, "id", json_null ());
	if (result != NULL && err.status == 0)
		json_object_set (answer, "result", result);
	else
		json_object_set_new (answer, "error", s_error_json (&err));
	char *text = json_dumps (answer, JSON_COMPACT);
	puts (text != NULL
	          ? text
	          : "{\"id\":null,\"error\":{\"code\":\"Internal\",\"message\":\"no answer\"}}");
	fflush (stdout);
	free (text);
	json_decref (answer);
	json_decref (result);
	json_decref (json);
}

static int
s_run (void)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t n;
	while ((n = getline (&line, &room, stdin)) >= 0 && !ferror (stdout)) {
		while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == '\r'))
			n--;
		s_answer (line, (size_t) n);
	}
	free (line);
	if (!ferror (stdin) && !ferror (stdout))
		return 0;
	fprintf (stderr, "weir: error: %s: %s\n",
	         ferror (stdin) ? "FileUnreadable: standard input" : "FileUnwritable: standard output",
	         strerror (errno));
	return 1;
}

int
weir_cmd_eval (int argc, char **argv)
{
	static const struct option options[] = { { "help", no_argument, NULL, 'h' },
		                                     { NULL, 0, NULL, 0 } };
	optind = 0;
	opterr = 0;
	for (int option; (option = getopt_long (argc, argv, "+h", options, NULL)) != -1;) {
		if (option == 'h') {
			fputs (s_usage, stdout);
			return 0;
		}
		fprintf (stderr, "weir: error: BadUsage: eval: unknown option: %s\n%s", argv[optind - 1],
		         s_usage);
		return 2;
	}
	if (optind < argc) {
		fprintf (stderr, "weir: error: BadUsage: eval: unexpected argument: %s\n%s", argv[optind],
		         s_usage);
		return 2;
	}
	return s_run ();
}
