/* test_server.c - the private redis-server: start, end, every way in which it does not start */
#include "tests/integration/redis/fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int64_t
s_now_ms (void)
{
	struct timespec now;
	clock_gettime (CLOCK_MONOTONIC, &now);
	return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void
s_sleep_ms (long ms)
{
	nanosleep (&(struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 }, NULL);
}

static void
s_make_dir (fixture_t *self)
{
	*self = (fixture_t){ 0 };
	strcpy (self->dir, "/tmp/weir-test-XXXXXX");
	assert_non_null (mkdtemp (self->dir));
}

/* Waits until check says that it has ended. */
static int
s_wait_end (weir_redis_server_t *server, weir_err_t *err)
{
	int status = 0;
	for (int i = 0; i < 5000 && (status = weir_redis_server_check (server, err)) == 0; i++)
		s_sleep_ms (1);
	return status;
}

static void
test_start_and_stop (void **state)
{
	(void) state;
	fixture_t self;
	s_make_dir (&self);
	fixture_start_server (&self);
	weir_err_t err;
	pid_t pid = weir_redis_server_pid (self.server);
	assert_int_equal (weir_redis_server_check (self.server, &err), 0);
	assert_int_not_equal (getpgid (pid), getpgrp ()); /* Ctrl-C is not for it */
	char path[128];
	struct stat info;
	snprintf (path, sizeof path, "%s/redis.sock", self.dir);
	assert_int_equal (stat (path, &info), 0);
	assert_int_equal (info.st_mode & 0777, 0700);
	uint64_t used = 0;
	assert_int_equal (weir_redis_used_memory (self.redis, &used, &err), 0);
	assert_in_range (used, 1, 2000000);
	int64_t start = s_now_ms ();
	weir_redis_destroy (&self.redis);
	weir_redis_server_stop (&self.server);
	assert_in_range (s_now_ms () - start, 0, 1900);
	assert_null (self.server);
	assert_int_equal (kill (pid, 0), -1); /* not even a zombie */
	assert_int_equal (errno, ESRCH);
	fixture_remove_dir (&self);
	weir_redis_server_stop (&self.server);
	weir_redis_server_stop (NULL);
}

static void
test_stop_kills_what_hangs (void **state)
{
	(void) state;
	fixture_t self;
	s_make_dir (&self);
	fixture_start_server (&self);
	weir_redis_destroy (&self.redis);
	pid_t pid = weir_redis_server_pid (self.server);
	kill (pid, SIGSTOP);
	weir_redis_server_stop (&self.server);
	assert_int_equal (kill (pid, 0), -1);
	fixture_remove_dir (&self);
}

/* Stop right after start: redis-server may not even listen. */
static void
test_stop_at_once (void **state)
{
	(void) state;
	fixture_t self;
	weir_err_t err;
	s_make_dir (&self);
	for (int i = 0; i < 20; i++) {
		assert_int_equal (weir_redis_server_start (self.dir, &self.server, &err), 0);
		s_sleep_ms (i % 10);
		weir_redis_server_stop (&self.server);
	}
	fixture_remove_dir (&self);
}

static void
test_not_installed (void **state)
{
	(void) state;
	static const char *const s_paths[] = { "", "/nonexistent", NULL };
	char *path = strdup (getenv ("PATH"));
	for (size_t i = 0; i < 3; i++) {
		fixture_t self;
		weir_err_t err;
		s_make_dir (&self);
		if (s_paths[i] != NULL)
			setenv ("PATH", s_paths[i], 1);
		else
			setenv ("PATH", self.dir, 1);
		assert_int_equal (weir_redis_server_start (self.dir, &self.server, &err), WEIR_E_IO);
		assert_string_equal (err.code, "RedisUnavailable");
		assert_string_equal (err.where, "");
		assert_string_equal (err.text, "redis-server: cannot start: No such file or directory");
		assert_null (self.server);
		fixture_remove_dir (&self);
	}
	setenv ("PATH", path, 1);
	free (path);
}

/* Programs that pretend to be redis-server and end. */
static void
test_last_words (void **state)
{
	(void) state;
	static const struct {
		const char *script, *text;
	} s_cases[] = {
		{ "echo '*** FATAL ***'; echo 'Bad directive' >&2; echo; exit 1",
		  "redis-server: ended: Bad directive" },
		{ "exit 3", "redis-server: ended: exit status 3" },
		{ "kill -KILL $$", "redis-server: ended: Killed" },
		{ "for a; do case $a in */redis.log) log=$a;; esac; done\n"
		  "echo '12:M 20 Nov 2026 10:11:12.123 * Hello' >$log\n"
		  "echo '12:M 20 Nov 2026 10:11:12.123 # Failed opening Unix socket: bind: denied' >>$log\n"
		  "exit 1",
		  "redis-server: ended: Failed opening Unix socket: bind: denied" },
	};
	char *path = strdup (getenv ("PATH")), fake[128], both[8192];
	for (size_t i = 0; i < sizeof s_cases / sizeof *s_cases; i++) {
		fixture_t self;
		weir_err_t err;
		s_make_dir (&self);
		snprintf (fake, sizeof fake, "%s/redis-server", self.dir);
		FILE *file = fopen (fake, "w");
		fprintf (file, "#!/bin/sh\n%s\n", s_cases[i].script);
		fclose (file);
		chmod (fake, 0700);
		snprintf (both, sizeof both, "%s:%s", self.dir, path);
		setenv ("PATH", both, 1);
		assert_int_equal (weir_redis_server_start (self.dir, &self.server, &err), 0);
		assert_int_equal (s_wait_end (self.server, &err), WEIR_E_IO);
		assert_string_equal (err.text, s_cases[i].text);
		weir_redis_server_stop (&self.server);
		unlink (fake);
		fixture_remove_dir (&self);
	}
	setenv ("PATH", path, 1);
	free (path);
}

static void
test_bad_places (void **state)
{
	(void) state;
	fixture_t self;
	weir_err_t err;
	s_make_dir (&self);
	assert_int_equal (weir_redis_server_start ("/nonexistent", &self.server, &err), WEIR_E_IO);
	assert_string_equal (err.where, "/nonexistent");
	assert_non_null (strstr (err.text, "No such file or directory"));
	assert_null (self.server);
	char name[128] = "", deep[256];
	memset (name, 'd', 90);
	snprintf (deep, sizeof deep, "%s/%s", self.dir, name);
	assert_int_equal (mkdir (deep, 0700), 0);
	assert_int_equal (weir_redis_server_start (deep, &self.server, &err), WEIR_E_IO);
	assert_non_null (strstr (err.text, "too long"));
	rmdir (deep);
	fixture_remove_dir (&self);
}

/* The parent is killed: the server ends by itself. */
static void
test_dies_with_its_parent (void **state)
{
	(void) state;
	fixture_t self;
	int pipe_fds[2];
	s_make_dir (&self);
	assert_int_equal (pipe2 (pipe_fds, O_CLOEXEC), 0);
	pid_t parent = fork ();
	assert_true (parent >= 0);
	if (parent == 0) {
		weir_err_t err;
		pid_t pid = -1;
		if (weir_redis_server_start (self.dir, &self.server, &err) == 0 &&
		    weir_redis_connect (weir_redis_server_url (self.server), 5000, &self.redis, &err) == 0)
			pid = weir_redis_server_pid (self.server);
		if (write (pipe_fds[1], &pid, sizeof pid) != sizeof pid)
			_exit (1);
		for (;;)
			pause ();
	}
	pid_t server = -1;
	assert_int_equal (read (pipe_fds[0], &server, sizeof server), sizeof server);
	assert_true (server > 0);
	kill (parent, SIGKILL);
	waitpid (parent, NULL, 0);
	/* nobody may be there to bury it, so look at what it holds: its socket answers no more */
	redisContext *context = NULL;
	char path[128];
	snprintf (path, sizeof path, "%s/redis.sock", self.dir);
	bool is_up = true;
	for (int i = 0; i < 2000 && is_up; i++) {
		context = redisConnectUnix (path);
		is_up = context != NULL && context->err == 0;
		redisFree (context);
		s_sleep_ms (1);
	}
	assert_false (is_up);
	close (pipe_fds[0]);
	close (pipe_fds[1]);
	static const char *const s_left[] = { "redis.sock", "redis.log", "redis.out" };
	for (size_t i = 0; i < 3; i++) {
		snprintf (path, sizeof path, "%s/%s", self.dir, s_left[i]);
		unlink (path);
	}
	fixture_remove_dir (&self);
}

int
main (int argc, char **argv)
{
	int status = fixture_main (argc, argv);
	if (status >= 0)
		return status;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (test_start_and_stop),       cmocka_unit_test (test_stop_kills_what_hangs),
		cmocka_unit_test (test_stop_at_once),         cmocka_unit_test (test_not_installed),
		cmocka_unit_test (test_last_words),           cmocka_unit_test (test_bad_places),
		cmocka_unit_test (test_dies_with_its_parent),
	};
	return cmocka_run_group_tests (tests, NULL, NULL);
}
