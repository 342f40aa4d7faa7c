/* loop.c - workers, timers, watched descriptors, stops at any moment */
#include "tests/integration/host/cast.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define N_TASKS 2000

typedef struct {
	weir_host_t *host;
	pthread_t loop;
	int tasks[N_TASKS]; /* 1: run, 2: back, 3: dropped */
	int nap_us, pipe_out, pipe_in;
	uint32_t timers[4]; /* in the order they fired: for after how long they were set */
	int n_timers;
	atomic_int n_new, n_destroyed, n_back, n_dropped, n_wrong, n_read, n_fired, n_at_stop;
} work_t;

static int
s_start (void *arg, weir_host_t *host, weir_err_t *err)
{
	(void) err;
	work_t *self = arg;
	self->host = host;
	self->loop = pthread_self ();
	sigset_t blocked;
	pthread_sigmask (SIG_BLOCK, NULL, &blocked);
	if (sigismember (&blocked, SIGINT) != 1 || sigismember (&blocked, SIGTERM) != 1)
		atomic_fetch_add (&self->n_wrong, 1);
	return 0;
}

static void *
s_worker_new (void *arg)
{
	atomic_fetch_add (&((work_t *) arg)->n_new, 1);
	return calloc (1, 1);
}

static void
s_worker_run (void *arg, void *state, void *task)
{
	work_t *self = arg;
	int *number = task;
	if (state == NULL || *number != 0 || pthread_equal (pthread_self (), self->loop))
		atomic_fetch_add (&self->n_wrong, 1);
	*number = 1;
	struct timespec nap = { .tv_nsec = self->nap_us * 1000L };
	if (self->nap_us > 0)
		nanosleep (&nap, NULL);
}

static void
s_worker_destroy (void *arg, void *state)
{
	free (state);
	atomic_fetch_add (&((work_t *) arg)->n_destroyed, 1);
}

static void
s_on_task (void *arg, void *task)
{
	work_t *self = arg;
	int *number = task;
	if (*number != 1 || !pthread_equal (pthread_self (), self->loop))
		atomic_fetch_add (&self->n_wrong, 1);
	*number = 2;
	atomic_fetch_add (&self->n_back, 1);
}

static void
s_on_task_dropped (void *arg, void *task)
{
	work_t *self = arg;
	int *number = task;
	if (*number != 0)
		atomic_fetch_add (&self->n_wrong, 1);
	*number = 3;
	atomic_fetch_add (&self->n_dropped, 1);
}

static void
s_stop (void *arg)
{
	work_t *self = arg;
	atomic_store (&self->n_at_stop, atomic_load (&self->n_back) + atomic_load (&self->n_dropped));
}

static void
s_submit_all (void *arg, int64_t now_ms)
{
	(void) now_ms;
	work_t *self = arg;
	static _Thread_local work_t *begun;
	if (begun == self)
		return;
	begun = self;
	for (int i = 0; i < N_TASKS; i++)
		weir_host_submit (self->host, &self->tasks[i]);
	if (weir_host_n_busy (self->host) != N_TASKS)
		atomic_fetch_add (&self->n_wrong, 1);
}

static const weir_actor_class_t s_worker_class = {
	.name = "worker",
	.kind = WEIR__ACTOR_KIND__ACTOR_COORDINATOR,
	.start = s_start,
	.stop = s_stop,
	.on_tick = s_submit_all,
	.on_task = s_on_task,
	.on_task_dropped = s_on_task_dropped,
	.worker_new = s_worker_new,
	.worker_run = s_worker_run,
	.worker_destroy = s_worker_destroy,
};

static weir_host_thread_t *
s_run (const weir_actor_class_t *klass, work_t *work, uint32_t n_workers)
{
	char control[128];
	cast_endpoint (control, sizeof control, "inproc", "loop");
	weir_host_config_t config = { .control = control, .n_workers = n_workers, .tick_ms = 5 };
	weir_host_thread_t *thread = NULL;
	weir_err_t err;
	assert_int_equal (weir_host_thread_start (klass, work, &config, &thread, &err), 0);
	return thread;
}

static void
s_end_run (weir_host_thread_t *thread)
{
	weir_err_t err;
	weir_host_thread_stop (thread);
	weir_host_thread_stop (thread);
	assert_int_equal (weir_host_thread_join (&thread, &err), 0);
	assert_int_equal (weir_host_thread_join (&thread, &err), 0);
}

static void
test_every_task_comes_back_on_the_loop (void **state)
{
	(void) state;
	work_t work = { 0 };
	weir_host_thread_t *thread = s_run (&s_worker_class, &work, 4);
	cast_wait_for (work.n_back, N_TASKS);
	s_end_run (thread);
	assert_int_equal (atomic_load (&work.n_wrong), 0);
	assert_int_equal (atomic_load (&work.n_new), 4);
	assert_int_equal (atomic_load (&work.n_destroyed), 4);
	assert_int_equal (atomic_load (&work.n_dropped), 0);
}

static void
test_stop_drops_what_has_not_begun (void **state)
{
	(void) state;
	work_t work = { .nap_us = 2000 };
	weir_host_thread_t *thread = s_run (&s_worker_class, &work, 2);
	cast_wait_for (work.n_back, 10);
	s_end_run (thread);
	assert_int_equal (atomic_load (&work.n_wrong), 0);
	assert_true (atomic_load (&work.n_dropped) > 0);
	assert_int_equal (atomic_load (&work.n_at_stop), N_TASKS);
	for (int i = 0; i < N_TASKS; i++)
		assert_true (work.tasks[i] == 2 || work.tasks[i] == 3);
}

/* ---- timers and descriptors */

typedef struct {
	work_t *work;
	uint32_t after_ms;
	int64_t due_ms;
} alarm_t;

static void
s_fire (void *arg)
{
	alarm_t *alarm = arg;
	work_t *self = alarm->work;
	if (weir_host_now_ms (self->host) < alarm->due_ms)
		atomic_fetch_add (&self->n_wrong, 1);
	if (self->n_timers < 4)
		self->timers[self->n_timers++] = alarm->after_ms;
	free (alarm);
	atomic_fetch_add (&self->n_fired, 1);
}

static void
s_set_timer (work_t *self, uint32_t after_ms)
{
	alarm_t *alarm = malloc (sizeof *alarm);
	*alarm = (alarm_t){ self, after_ms, weir_host_now_ms (self->host) + after_ms };
	weir_host_timer (self->host, after_ms, s_fire, alarm);
}

/* Sets itself again for at once: the loop goes on all the same. */
static void
s_insist (void *arg)
{
	work_t *self = arg;
	weir_host_timer (self->host, 0, s_insist, self);
}

/* Late on purpose: all are due in the same turn, and still fire in order. */
static void
s_set_and_oversleep (void *arg)
{
	work_t *self = arg;
	s_set_timer (self, 30);
	s_set_timer (self, 10);
	s_set_timer (self, 20);
	s_set_timer (self, 0);
	struct timespec nap = { .tv_nsec = 60000000 };
	nanosleep (&nap, NULL);
	weir_host_timer (self->host, 0, s_insist, self);
}

static bool
s_wants_write (void *arg)
{
	(void) arg;
	return false;
}

static void
s_on_readable (void *arg, bool readable, bool writable)
{
	work_t *self = arg;
	char byte;
	if (writable || !readable || read (self->pipe_out, &byte, 1) != 1)
		atomic_fetch_add (&self->n_wrong, 1);
	if (atomic_fetch_add (&self->n_read, 1) + 1 == 3)
		weir_host_unwatch_fd (self->host, self->pipe_out);
}

static int
s_start_watching (void *arg, weir_host_t *host, weir_err_t *err)
{
	work_t *self = arg;
	int status = s_start (arg, host, err);
	weir_host_timer (host, 0, s_set_and_oversleep, self);
	(void) weir_host_watch_fd (host, self->pipe_out, s_wants_write, s_on_readable, self);
	return status;
}

static const weir_actor_class_t s_watcher_class = { .name = "watcher with a long name",
	                                                .kind = WEIR__ACTOR_KIND__ACTOR_COORDINATOR,
	                                                .start = s_start_watching };

static void
test_timers_and_descriptors (void **state)
{
	(void) state;
	work_t work = { 0 };
	int ends[2];
	assert_int_equal (pipe (ends), 0);
	work.pipe_out = ends[0];
	work.pipe_in = ends[1];
	weir_host_thread_t *thread = s_run (&s_watcher_class, &work, 0);
	for (int i = 1; i <= 3; i++) {
		assert_int_equal (write (work.pipe_in, "x", 1), 1);
		cast_wait_for (work.n_read, i);
	}
	assert_int_equal (write (work.pipe_in, "x", 1), 1);
	cast_wait_for (work.n_fired, 4);
	s_end_run (thread);
	assert_int_equal (atomic_load (&work.n_read), 3); /* unwatched */
	assert_int_equal (atomic_load (&work.n_wrong), 0);
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal (work.timers[i], 10 * i);
	close (ends[0]);
	close (ends[1]);
}

static int
s_fail_start (void *arg, weir_host_t *host, weir_err_t *err)
{
	(void) arg;
	(void) host;
	return weir_err_set (err, WEIR_E_NOT_FOUND, WEIR_CLASS_GIVE_UP, "NoStart", "here", "will not");
}

static void
test_failed_start_and_early_stop (void **state)
{
	(void) state;
	static const weir_actor_class_t failing = { .name = "failing",
		                                        .kind = WEIR__ACTOR_KIND__ACTOR_COORDINATOR,
		                                        .start = s_fail_start };
	work_t work = { 0 };
	weir_host_thread_t *thread = s_run (&failing, &work, 2);
	weir_err_t err;
	assert_int_equal (weir_host_thread_join (&thread, &err), WEIR_E_NOT_FOUND);
	assert_string_equal (err.code, "NoStart");
	for (int i = 0; i < 50; i++)
		s_end_run (s_run (&s_worker_class, &(work_t){ 0 }, 1));
}

static void
test_random_bytes_differ (void **state)
{
	(void) state;
	uint8_t first[16] = { 0 }, second[16] = { 0 };
	weir_host_random (first, sizeof first);
	weir_host_random (second, sizeof second);
	assert_memory_not_equal (first, second, sizeof first);
}

static int
s_end (void **state)
{
	(void) state;
	weir_host_shutdown ();
	cast_remove_folder ();
	return 0;
}

int
main (void)
{
	weir_host_init ();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (test_every_task_comes_back_on_the_loop),
		cmocka_unit_test (test_stop_drops_what_has_not_begun),
		cmocka_unit_test (test_timers_and_descriptors),
		cmocka_unit_test (test_failed_start_and_early_stop),
		cmocka_unit_test (test_random_bytes_differ),
	};
	return cmocka_run_group_tests (tests, NULL, s_end);
}
