/* log.c - what a log line looks like, and which are written: each case in a process of its own,
 * as the style is read once */
#include "runtime/host/host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

typedef struct {
	const char *level, *style; /* environment; NULL: unset */
	weir_log_level_t at;
	const char *text;
	const char *expected; /* how the line ends; "" for none */
} log_case_t;

static const log_case_t s_cases[] = {
	{ NULL, NULL, WEIR_LOG_WARN, "late", "weir: warning: actor: late\n" },
	{ NULL, NULL, WEIR_LOG_ERROR, "lost", "weir: error: actor: lost\n" },
	{ NULL, NULL, WEIR_LOG_INFO, "late", "" },
	{ "info", NULL, WEIR_LOG_INFO, "here", "weir: info: actor: here\n" },
	{ "warn", NULL, WEIR_LOG_INFO, "here", "" },
	{ "error", NULL, WEIR_LOG_WARN, "here", "" },
	{ "debug", "text", WEIR_LOG_DEBUG, "x", "weir: debug: actor: x\n" },
	{ NULL, NULL, WEIR_LOG_WARN, "a\nweir: error: b\033[2J", "actor: a weir: error: b [2J\n" },
	{ NULL, "json", WEIR_LOG_WARN, "a \"b\" \\ \n",
	  "\"level\":\"warning\",\"actor\":\"actor\",\"message\":\"a \\\"b\\\" \\\\ \\u000a\"}\n" },
};

static void
s_set (const char *name, const char *value)
{
	if (value != NULL)
		setenv (name, value, 1);
	else
		unsetenv (name);
}

static void
s_run_case (const log_case_t *c, char *out, size_t out_bytes)
{
	int ends[2];
	assert_int_equal (pipe (ends), 0);
	pid_t child = fork ();
	if (child == 0) {
		s_set ("WEIR_LOG", c->level);
		s_set ("WEIR_LOG_FORMAT", c->style);
		dup2 (ends[1], STDERR_FILENO);
		weir_log (c->at, "actor", "%s", c->text);
		_exit (0);
	}
	close (ends[1]);
	size_t n = 0;
	for (ssize_t got = 1; got > 0 && n + 1 < out_bytes; n += got > 0 ? (size_t) got : 0)
		got = read (ends[0], out + n, out_bytes - 1 - n);
	out[n] = '\0';
	close (ends[0]);
	waitpid (child, NULL, 0);
}

static void
test_lines (void **state)
{
	(void) state;
	for (size_t i = 0; i < sizeof s_cases / sizeof s_cases[0]; i++) {
		char out[4096];
		s_run_case (&s_cases[i], out, sizeof out);
		size_t n = strlen (out), n_expected = strlen (s_cases[i].expected);
		if (n_expected == 0)
			assert_string_equal (out, "");
		else if (n < n_expected || strcmp (out + n - n_expected, s_cases[i].expected) != 0)
			fail_msg ("case %zu: %s", i, out);
	}
}

int
main (void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test (test_lines) };
	return cmocka_run_group_tests (tests, NULL, NULL);
}
