/* test_processes.c - coordinator, reader, compute and sink as four processes over ipc: the same map
 * as by threads */
#include "tests/e2e/harness.h"

#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static void
s_wait_for (const char *path)
{
	for (int waited = 0; waited < 10000 && !e2e_exists (path); waited += 5) {
		struct timespec pause = { .tv_nsec = 5 * 1000 * 1000 };
		nanosleep (&pause, NULL);
	}
	assert_true (e2e_exists (path));
}

static pid_t
s_start_redis (const char *dir)
{
	char socket[128];
	snprintf (socket, sizeof socket, "%s/redis.sock", dir);
	char *argv[] = { "redis-server", "--port", "0",     "--unixsocket",           socket,
		             "--save",       "",       "--dir", (char *) (uintptr_t) dir, "--logfile",
		             "/dev/null",    NULL };
	pid_t pid = -1;
	assert_int_equal (posix_spawnp (&pid, "redis-server", NULL, NULL, argv, environ), 0);
	s_wait_for (socket);
	return pid;
}

static void
test_four_processes_over_ipc (void **state)
{
	(void) state;
	char dir[] = "/tmp/wp-XXXXXX", command[4096];
	assert_non_null (mkdtemp (dir));
	snprintf (command, sizeof command,
	          "%s/weir-archive masks --tiles 2 --dates 8 --size 700 --block 128 >/dev/null 2>&1",
	          getenv ("WEIR_BUILD_DIR"));
	assert_int_equal (system (command), 0);
	char *graph = e2e_source ("examples/max-flood-extent.json"), *here = getcwd (NULL, 0);
	e2e_expect (0, "run %s --param catalog=%s/masks/collection.json -o threads", graph, here);

	pid_t redis = s_start_redis (dir);
	pid_t pids[4];
	pids[0] = e2e_start ("c.err", "coordinator --listen ipc://%s/c --redis unix://%s/redis.sock",
	                     dir, dir);
	pids[1] = e2e_start ("r.err", "actor reader --coordinator ipc://%s/c --listen ipc://%s/r", dir,
	                     dir);
	pids[2] = e2e_start ("k.err", "actor compute --coordinator ipc://%s/c --listen ipc://%s/k", dir,
	                     dir);
	pids[3] = e2e_start ("s.err", "actor sink --coordinator ipc://%s/c --listen ipc://%s/s", dir,
	                     dir);
	for (int i = 0; i < 2; i++) /* a second job on the same actors */
		e2e_expect (
			0,
			"run %s --param catalog=%s/masks/collection.json -o processes --coordinator ipc://%s/c",
			graph, here, dir);
	assert_true (e2e_same_files ("threads/result.tif", "processes/result.tif"));
	assert_int_equal (e2e_leftovers ("processes"), 0);
	for (int i = 3; i >= 0; i--) {
		kill (pids[i], SIGTERM);
		assert_int_equal (e2e_wait (pids[i], 10000), 128 + SIGTERM);
	}
	kill (redis, SIGTERM);
	waitpid (redis, NULL, 0);
	snprintf (command, sizeof command, "rm -rf %s", dir);
	assert_int_equal (system (command), 0);
	free (graph);
	free (here);
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (test_four_processes_over_ipc),
	};
	return cmocka_run_group_tests (tests, e2e_setup, e2e_teardown);
}
