/* test_signals.c - Ctrl-C in the middle of a job, and a parent that is killed: nothing stays */
#include "tests/e2e/harness.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void
s_pause (int ms)
{
	struct timespec pause = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };
	nanosleep (&pause, NULL);
}

/* Long enough to be interrupted: many dates of frames that cost something to decode. */
static void
s_make (void)
{
	char command[4096];
	snprintf (
		command, sizeof command,
		"test -e long/collection.json || %s/weir-archive long --kind noisy --dates 24 --size 3072 >/dev/null 2>&1",
		getenv ("WEIR_BUILD_DIR"));
	assert_int_equal (system (command), 0);
}

static const char *s_launcher = "thread";

static pid_t
s_start_job (void)
{
	char *graph = e2e_source ("examples/max-flood-extent.json");
	assert_int_equal (system ("rm -rf out"), 0); /* a killed job leaves its part there */
	pid_t pid = e2e_start ("signal.err",
	                       "run %s -o out --launcher %s --chunk 512x512 --slots 1 "
	                       "--param catalog=long/collection.json",
	                       graph, s_launcher);
	free (graph);
	for (int waited = 0; waited < 20000;
	     waited += 5) { /* until a part is there, the job is under way */
		if (system ("ls out/.weir-*/part-* >/dev/null 2>&1") == 0)
			return pid;
		s_pause (5);
	}
	fail_msg ("the job did not begin");
	return pid;
}

static void
s_check_nothing_stays (void)
{
	assert_int_equal (e2e_leftovers ("out"), 0);
	assert_false (e2e_exists ("out/result.tif"));
	assert_int_equal (system ("test -z \"$(ls -d \"${TMPDIR:-/tmp}\"/weir-?????? 2>/dev/null)\""),
	                  0);
}

static void
s_interrupt (int number)
{
	s_make ();
	pid_t pid = s_start_job ();
	kill (pid, number);
	int status = e2e_wait (pid, 20000);
	char *text = e2e_read ("signal.err");
	if (status != 128 + number)
		print_error ("status %d: %s\n", status, text);
	assert_int_equal (status, 128 + number);
	assert_null (strstr (text, "ERROR"));
	free (text);
	s_check_nothing_stays ();
}

static void
test_ctrl_c_cleans_up (void **state)
{
	(void) state;
	setenv ("TMPDIR", "/tmp", 1);
	char dir[] = "/tmp/wt-XXXXXX";
	assert_non_null (mkdtemp (dir));
	setenv ("TMPDIR", dir, 1);
	s_interrupt (SIGINT);
	s_interrupt (SIGTERM);
	assert_int_equal (e2e_processes_of (dir), 0);
	rmdir (dir);
}

static void
s_kill_program (size_t n_children_max)
{
	char dir[] = "/tmp/wt-XXXXXX", command[64];
	assert_non_null (mkdtemp (dir));
	setenv ("TMPDIR", dir, 1);
	s_make ();
	pid_t pid = s_start_job ();
	assert_in_range (e2e_processes_of (dir), n_children_max - 1, n_children_max);
	kill (pid, SIGKILL);
	assert_int_equal (e2e_wait (pid, 5000), 128 + SIGKILL);
	for (int waited = 0; waited < 3000 && e2e_processes_of (dir) > 0; waited += 10)
		s_pause (10);
	assert_int_equal (e2e_processes_of (dir), 0);
	snprintf (command, sizeof command, "rm -rf %s", dir);
	assert_int_equal (system (command), 0);
}

/* The private redis-server is bound to the life of the program, whatever ends it. */
static void
test_redis_dies_with_the_program (void **state)
{
	(void) state;
	s_kill_program (2);
}

/* Actors as processes too: reader, compute, sink and redis-server. */
static void
test_actor_processes_die_with_the_program (void **state)
{
	(void) state;
	s_launcher = "process";
	s_kill_program (5);
	s_launcher = "thread";
}

static void
test_ctrl_c_cleans_up_processes (void **state)
{
	(void) state;
	char dir[] = "/tmp/wt-XXXXXX";
	assert_non_null (mkdtemp (dir));
	setenv ("TMPDIR", dir, 1);
	s_launcher = "process";
	s_interrupt (SIGINT);
	s_interrupt (SIGTERM);
	s_launcher = "thread";
	assert_int_equal (e2e_processes_of (dir), 0);
	rmdir (dir);
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (test_ctrl_c_cleans_up),
		cmocka_unit_test (test_redis_dies_with_the_program),
		cmocka_unit_test (test_actor_processes_die_with_the_program),
		cmocka_unit_test (test_ctrl_c_cleans_up_processes),
	};
	return cmocka_run_group_tests (tests, e2e_setup, e2e_teardown);
}
