/* leader.c - a coordinator that is bound anew, is older than thought, refuses, stops or never
 * comes */
#include "tests/integration/host/cast.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef struct {
	char control[128], endpoint[128];
	leader_t first, second;
	player_t actor;
} scene_t;

static scene_t *
s_scene_new (const char *scheme)
{
	scene_t *self = calloc (1, sizeof *self);
	cast_endpoint (self->control, sizeof self->control, scheme, "leader");
	cast_endpoint (self->endpoint, sizeof self->endpoint, scheme, "actor");
	self->first.generation = 10;
	return self;
}

static void
s_start_actor (scene_t *self)
{
	player_start (&self->actor, "actor", WEIR__ACTOR_KIND__ACTOR_READER, self->control,
	              self->endpoint);
}

/* Reports one run a tick, whether anybody leads or not. */
static void
s_report (player_t *self)
{
	atomic_int *n_reported = self->more;
	if (self->number == 0 || atomic_load (n_reported) >= 400)
		return;
	Weir__RunRef run = WEIR__RUN_REF__INIT, *runs = &run;
	run.run = (uint32_t) atomic_fetch_add (n_reported, 1) + 1;
	Weir__RunsSent sent = WEIR__RUNS_SENT__INIT;
	sent.n_runs = 1;
	sent.runs = &runs;
	Weir__Control msg = WEIR_CONTROL (RUNS_SENT, runs_sent, &sent);
	weir_host_send (self->host, &msg);
}

static void
test_actor_finds_the_next_leader (void **state)
{
	(void) state;
	for (const char *const *scheme = cast_schemes; *scheme != NULL; scheme++) {
		scene_t *scene = s_scene_new (*scheme);
		atomic_int n_reported = 0;
		scene->actor.more = &n_reported;
		scene->actor.on_tick = s_report;
		leader_start (&scene->first, scene->control);
		s_start_actor (scene);
		cast_wait_for (scene->first.n_runs_sent, 20);
		leader_stop (&scene->first);
		scene->second.generation = 11;
		leader_start (&scene->second, scene->control);
		cast_wait_for (scene->actor.n_registered, 2);
		assert_int_equal (atomic_load (&scene->actor.generation), 11);
		cast_wait_for (n_reported, 400);
		cast_wait_for (scene->second.n_runs_sent, 20);
		cast_wait_for (scene->second.n_heartbeats, 3);
		weir_err_t err;
		assert_int_equal (player_stop (&scene->actor, &err), 0);
		cast_wait_for (scene->second.n_goodbyes, 1);
		assert_int_equal (atomic_load (&scene->second.run_last), 400);
		/* what was held came in order; only what was on its way when the first one died is
		 * missing */
		assert_int_equal (atomic_load (&scene->first.is_in_order), 1);
		assert_true (atomic_load (&scene->second.n_runs_sent) <= 380);
		leader_stop (&scene->second);
		free (scene);
	}
}

static void
test_older_leader_is_not_followed (void **state)
{
	(void) state;
	for (const char *const *scheme = cast_schemes; *scheme != NULL; scheme++) {
		scene_t *scene = s_scene_new (*scheme);
		leader_start (&scene->first, scene->control);
		s_start_actor (scene);
		cast_wait_for (scene->actor.n_registered, 1);
		leader_stop (&scene->first);
		scene->second.generation = 9;
		leader_start (&scene->second, scene->control);
		weir_err_t err;
		assert_int_equal (player_join (&scene->actor, &err), WEIR_E_IO);
		assert_string_equal (err.code, "CoordinatorUnavailable");
		assert_int_equal (atomic_load (&scene->actor.n_registered), 1);
		assert_true (atomic_load (&scene->second.n_welcomed) > 0);
		leader_stop (&scene->second);
		free (scene);
	}
}

static void
test_nobody_leads (void **state)
{
	(void) state;
	for (const char *const *scheme = cast_schemes; *scheme != NULL; scheme++) {
		scene_t *scene = s_scene_new (*scheme);
		s_start_actor (scene);
		weir_err_t err;
		assert_int_equal (player_join (&scene->actor, &err), WEIR_E_IO);
		assert_string_equal (err.code, "CoordinatorUnavailable");
		assert_string_equal (err.where, scene->control);
		free (scene);
	}
}

static void
test_late_leader_is_found (void **state)
{
	(void) state;
	for (const char *const *scheme = cast_schemes; *scheme != NULL; scheme++) {
		scene_t *scene = s_scene_new (*scheme);
		s_start_actor (scene);
		cast_wait_for (scene->actor.n_ticks, 60);
		leader_start (&scene->first, scene->control);
		cast_wait_for (scene->actor.n_registered, 1);
		atomic_store (&scene->first.wish, CAST_STOP_ALL);
		weir_err_t err;
		assert_int_equal (player_join (&scene->actor, &err), 0);
		leader_stop (&scene->first);
		free (scene);
	}
}

static void
test_refusal_ends_the_run (void **state)
{
	(void) state;
	scene_t *scene = s_scene_new ("inproc");
	scene->first.refuse_code = "RegistryMismatch";
	scene->first.refuse_class = WEIR_CLASS_GIVE_UP;
	leader_start (&scene->first, scene->control);
	s_start_actor (scene);
	weir_err_t err;
	assert_int_equal (player_join (&scene->actor, &err), WEIR_E_INVALID);
	assert_string_equal (err.code, "RegistryMismatch");
	assert_string_equal (err.text, "not today");
	leader_stop (&scene->first);
	free (scene);
}

static void
test_refusal_that_may_go_away_is_waited_out (void **state)
{
	(void) state;
	scene_t *scene = s_scene_new ("ipc");
	scene->first.refuse_code = "NotYet";
	scene->first.refuse_class = WEIR_CLASS_RETRY;
	leader_start (&scene->first, scene->control);
	s_start_actor (scene);
	cast_wait_for (scene->first.n_hellos, 3);
	weir_err_t err;
	assert_int_equal (player_join (&scene->actor, &err), WEIR_E_IO);
	assert_string_equal (err.code, "CoordinatorUnavailable");
	leader_stop (&scene->first);
	free (scene);
}

static void
test_endpoints_that_cannot_be (void **state)
{
	(void) state;
	scene_t *scene = s_scene_new ("inproc");
	weir_err_t err;
	player_start (&scene->actor, "actor", WEIR__ACTOR_KIND__ACTOR_READER, scene->control,
	              "ipc:///no/such/folder/socket");
	assert_int_equal (player_join (&scene->actor, &err), WEIR_E_IO);
	assert_string_equal (err.code, "EndpointUnavailable");
	assert_non_null (strstr (err.text, "No such file or directory"));
	player_start (&scene->actor, "actor", WEIR__ACTOR_KIND__ACTOR_READER, "carrier-pigeon://x",
	              scene->endpoint);
	assert_int_equal (player_join (&scene->actor, &err), WEIR_E_IO);
	free (scene);
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
	weir_log_level_set (WEIR_LOG_ERROR);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (test_actor_finds_the_next_leader),
		cmocka_unit_test (test_older_leader_is_not_followed),
		cmocka_unit_test (test_nobody_leads),
		cmocka_unit_test (test_late_leader_is_found),
		cmocka_unit_test (test_refusal_ends_the_run),
		cmocka_unit_test (test_refusal_that_may_go_away_is_waited_out),
		cmocka_unit_test (test_endpoints_that_cannot_be),
	};
	return cmocka_run_group_tests (tests, NULL, s_end);
}
