/* test_core.c - events in, effects out: the coordinator's core, without a clock or a socket */
#include "runtime/core/core.h"

#include "runtime/base/vec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { READER = 1, COMPUTE = 2, SINK = 3, JOB = 7 };

static weir_core_t *
s_new_core (void)
{
	uint8_t seed[32];
	for (size_t i = 0; i < sizeof seed; i++)
		seed[i] = (uint8_t) (i * 37 + 1);
	weir_core_t *core = weir_core_new (seed);
	weir_core_actor_joined (core, READER, WEIR_KIND_READER, 2, 0);
	weir_core_actor_joined (core, COMPUTE, WEIR_KIND_COMPUTE, 2, 1000);
	weir_core_actor_joined (core, SINK, WEIR_KIND_SINK, 1, 0);
	return core;
}

static void
s_add_job (weir_core_t *core, uint64_t n_chunks, uint32_t n_runs, bool partial)
{
	weir_job_output_t output = { .n_chunks = n_chunks,
		                         .column_chunks = 4,
		                         .n_runs = n_runs,
		                         .partial_bytes = 50,
		                         .block_bytes = 50 };
	weir_job_spec_t spec = { .job = JOB,
		                     .generation = 9,
		                     .n_chunks = n_chunks,
		                     .n_outputs = 1,
		                     .outputs = &output,
		                     .partial = partial };
	weir_err_t err;
	assert_int_equal (weir_core_job_added (core, &spec, &err), 0);
}

static weir_job_view_t
s_view (const weir_core_t *core)
{
	weir_job_view_t view;
	assert_true (weir_core_job_view (core, JOB, &view));
	return view;
}

/* Confirms (or refuses) all stores that decide gave out. */
static void
s_confirm (weir_core_t *core, const weir_effects_t *effects, bool go)
{
	weir_transition_t copy[64];
	bool answers[64];
	size_t n = effects->n_stores;
	assert_in_range (n, 1, 64);
	memcpy (copy, effects->stores, n * sizeof *copy);
	for (size_t i = 0; i < n; i++)
		answers[i] = go;
	weir_core_stored (core, JOB, n, copy, answers);
}

static void
test_nothing_is_sent_before_it_is_stored (void **state)
{
	(void) state;
	weir_core_t *core = s_new_core ();
	s_add_job (core, 1, 1, false);
	const weir_effects_t *effects = weir_core_decide (core);
	assert_int_equal (effects->n_effects, 1); /* RUNNING */
	assert_int_equal (effects->n_stores, 1);
	assert_int_equal (effects->stores[0].from, WEIR_CHUNK_PENDING);
	assert_int_equal (effects->stores[0].to, WEIR_CHUNK_LEASED);
	assert_int_equal (effects->n_leases, 0);
	assert_int_equal (s_view (core).n_by_state[WEIR_CHUNK_PENDING], 1);
	s_confirm (core, effects, true);
	effects = weir_core_decide (core);
	assert_int_equal (effects->n_leases, 1);
	assert_int_equal (effects->leases[0].actor, COMPUTE);
	assert_int_equal (effects->leases[0].sink, SINK);
	assert_int_equal (effects->leases[0].reserve_bytes, 100);
	assert_int_equal (effects->n_orders, 0); /* the collector has not reserved yet */
	weir_chunk_ref_t ref = effects->leases[0].ref;
	weir_core_reserved (core, JOB, COMPUTE, &ref);
	effects = weir_core_decide (core);
	assert_int_equal (effects->n_orders, 1);
	assert_int_equal (effects->orders[0].actor, READER);
	assert_int_equal (effects->orders[0].collector, COMPUTE);
	weir_core_run_sent (core, JOB, READER, &ref, 0);
	uint16_t part = weir_core_part (core, JOB, SINK);
	weir_core_written (core, JOB, SINK, part, &ref, 132);
	effects = weir_core_decide (core);
	assert_int_equal (effects->stores[0].to, WEIR_CHUNK_WRITTEN);
	assert_int_equal (effects->effects[0].kind, WEIR_EFFECT_FLUSH);
	weir_transition_t written = effects->stores[0];
	weir_core_synced (core, JOB, SINK, part, 132); /* may come before the store's answer */
	assert_int_equal (weir_core_decide (core)->n_stores, 0);
	weir_core_stored (core, JOB, 1, &written, &(bool){ true });
	effects = weir_core_decide (core);
	assert_int_equal (effects->n_stores, 1);
	assert_int_equal (effects->stores[0].to, WEIR_CHUNK_DONE);
	s_confirm (core, effects, true);
	effects = weir_core_decide (core);
	assert_int_equal (effects->n_effects, 2);
	assert_int_equal (effects->effects[0].state, WEIR_JOB_FINISHING);
	assert_int_equal (effects->effects[1].kind, WEIR_EFFECT_FINISH);
	assert_int_equal (effects->effects[1].actor, SINK);
	weir_core_finished (core, JOB, 0, NULL);
	assert_int_equal (s_view (core).state, WEIR_JOB_DONE);
	weir_core_destroy (&core);
}

static void
test_a_collector_gets_no_more_than_it_has_room_for (void **state)
{
	(void) state;
	weir_core_t *core = s_new_core ();
	s_add_job (core, 100, 1, false);
	assert_int_equal (weir_core_decide (core)->n_stores, 10); /* 1000 bytes, 100 each */
	weir_core_released (core, JOB, COMPUTE, 0);
	assert_int_equal (weir_core_decide (core)->n_stores, 1);
	weir_core_destroy (&core);
}

static void
test_an_idle_collector_takes_a_chunk_of_any_size (void **state)
{
	(void) state;
	weir_core_t *core = s_new_core ();
	s_add_job (core, 5, 40, false); /* 40 partials of 50 bytes: more than the 1000 */
	assert_int_equal (weir_core_decide (core)->n_stores, 1);
	weir_core_destroy (&core);
}

static weir_chunk_ref_t
s_lease_first (weir_core_t *core)
{
	s_confirm (core, weir_core_decide (core), true);
	const weir_effects_t *effects = weir_core_decide (core);
	assert_in_range (effects->n_leases, 1, 64);
	weir_chunk_ref_t ref = effects->leases[0].ref;
	weir_core_reserved (core, JOB, COMPUTE, &ref);
	return ref;
}

static void
test_old_tokens_change_nothing (void **state)
{
	(void) state;
	weir_core_t *core = s_new_core ();
	s_add_job (core, 1, 1, false);
	weir_chunk_ref_t ref = s_lease_first (core);
	weir_core_decide (core);
	weir_chunk_ref_t old = ref;
	old.token_lo ^= 1;
	uint16_t part = weir_core_part (core, JOB, SINK);
	weir_core_written (core, JOB, SINK, part, &old, 10);
	weir_core_handed_back (core, JOB, COMPUTE, &old);
	weir_err_t why;
	weir_err_set (&why, WEIR_E_IO, WEIR_CLASS_GIVE_UP, "X", "", "x");
	weir_core_failed (core, JOB, READER, &old, &why);
	const weir_effects_t *effects = weir_core_decide (core);
	assert_int_equal (effects->n_stores, 0);
	assert_int_equal (s_view (core).n_by_state[WEIR_CHUNK_LEASED], 1);
	weir_core_destroy (&core);
}

static void
test_bad_input_quarantines_and_fails_the_job (void **state)
{
	(void) state;
	weir_core_t *core = s_new_core ();
	s_add_job (core, 2, 1, false);
	weir_chunk_ref_t ref = s_lease_first (core);
	weir_core_decide (core);
	weir_err_t why;
	weir_err_set (&why, WEIR_E_IO, WEIR_CLASS_GIVE_UP, "RasterUnreadable", "a.tif", "tile: broken");
	weir_core_failed (core, JOB, READER, &ref, &why);
	const weir_effects_t *effects = weir_core_decide (core);
	assert_int_equal (effects->effects[0].kind, WEIR_EFFECT_REVOKE);
	assert_int_equal (effects->stores[0].to, WEIR_CHUNK_QUARANTINED);
	s_confirm (core, effects, true);
	assert_int_equal (s_view (core).state, WEIR_JOB_FAILED);
	assert_string_equal (s_view (core).error.where, "a.tif");
	weir_core_destroy (&core);
}

static void
test_a_failure_that_may_go_away_is_tried_four_times (void **state)
{
	(void) state;
	weir_core_t *core = s_new_core ();
	s_add_job (core, 1, 1, false);
	weir_err_t why;
	weir_err_set (&why, WEIR_E_IO, WEIR_CLASS_RETRY, "RasterUnreadable", "a.tif", "time-out");
	int tries = 0;
	while (s_view (core).state == WEIR_JOB_RUNNING && tries < 10) {
		weir_chunk_ref_t ref = s_lease_first (core);
		weir_core_decide (core);
		weir_core_failed (core, JOB, READER, &ref, &why);
		weir_core_released (core, JOB, COMPUTE, 0);
		s_confirm (core, weir_core_decide (core), true);
		tries++;
	}
	assert_int_equal (tries, WEIR_ATTEMPTS_MAX);
	assert_int_equal (s_view (core).state, WEIR_JOB_FAILED);
	weir_core_destroy (&core);
}

static void
test_a_lost_reader_costs_its_runs_only (void **state)
{
	(void) state;
	weir_core_t *core = s_new_core ();
	s_add_job (core, 1, 2, false);
	weir_chunk_ref_t ref = s_lease_first (core);
	assert_int_equal (weir_core_decide (core)->n_orders, 2);
	weir_core_run_sent (core, JOB, READER, &ref, 0);
	weir_core_actor_gone (core, READER);
	assert_int_equal (weir_core_decide (core)->n_orders, 0); /* nobody to read */
	weir_core_actor_joined (core, 11, WEIR_KIND_READER, 1, 0);
	const weir_effects_t *effects = weir_core_decide (core);
	/* The one that was sent too: nobody knows whether it arrived, and the collector drops repeats.
	 * */
	assert_int_equal (effects->n_orders, 2);
	assert_int_equal (effects->orders[0].actor, 11);
	assert_int_equal (effects->orders[1].actor, 11);
	assert_int_equal (effects->orders[0].run + effects->orders[1].run, 1);
	assert_int_equal (effects->orders[0].ref.token_lo, ref.token_lo); /* the same lease */
	assert_int_equal (effects->n_stores, 0);
	weir_core_destroy (&core);
}

static void
test_a_lost_collector_means_a_new_token (void **state)
{
	(void) state;
	weir_core_t *core = s_new_core ();
	s_add_job (core, 1, 1, false);
	weir_chunk_ref_t ref = s_lease_first (core);
	weir_core_decide (core);
	weir_core_actor_joined (core, 12, WEIR_KIND_COMPUTE, 1, 1000);
	weir_core_actor_gone (core, COMPUTE);
	const weir_effects_t *effects = weir_core_decide (core);
	assert_int_equal (effects->stores[0].to, WEIR_CHUNK_PENDING);
	assert_int_equal (effects->stores[0].attempts, 1);
	s_confirm (core, effects, true);
	s_confirm (core, weir_core_decide (core), true);
	effects = weir_core_decide (core);
	assert_int_equal (effects->leases[0].actor, 12);
	assert_true (effects->leases[0].ref.token_lo != ref.token_lo);
	weir_core_destroy (&core);
}

static void
test_a_store_that_refuses_fails_the_job (void **state)
{
	(void) state;
	weir_core_t *core = s_new_core ();
	s_add_job (core, 1, 1, false);
	s_confirm (core, weir_core_decide (core), false);
	assert_int_equal (s_view (core).state, WEIR_JOB_FAILED);
	weir_core_destroy (&core);
}

static void
test_cancel_gives_everything_back (void **state)
{
	(void) state;
	weir_core_t *core = s_new_core ();
	s_add_job (core, 100, 1, false);
	s_lease_first (core);
	weir_core_decide (core);
	weir_core_job_cancelled (core, JOB);
	const weir_effects_t *effects = weir_core_decide (core);
	assert_int_equal (effects->effects[0].state, WEIR_JOB_CANCELLED);
	weir_core_job_forget (core, JOB);
	s_add_job (core, 100, 1, false);
	assert_int_equal (weir_core_decide (core)->n_stores, 10); /* the collector is free again */
	weir_core_destroy (&core);
}

/* A reader that was thought lost fails a run that another one has read: the chunk is written and
 * goes on. */
static void
test_a_late_failure_changes_nothing (void **state)
{
	(void) state;
	weir_core_t *core = s_new_core ();
	s_add_job (core, 1, 1, false);
	weir_chunk_ref_t ref = s_lease_first (core);
	weir_core_decide (core);
	uint16_t part = weir_core_part (core, JOB, SINK);
	weir_core_written (core, JOB, SINK, part, &ref, 10);
	weir_transition_t written = weir_core_decide (core)->stores[0];
	weir_err_t why;
	weir_err_set (&why, WEIR_E_IO, WEIR_CLASS_GIVE_UP, "X", "", "x");
	weir_core_failed (core, JOB, READER, &ref, &why);
	weir_core_handed_back (core, JOB, COMPUTE, &ref);
	weir_core_stored (core, JOB, 1, &written, &(bool){ true });
	weir_core_synced (core, JOB, SINK, part, 10);
	s_confirm (core, weir_core_decide (core), true);
	assert_int_equal (s_view (core).n_by_state[WEIR_CHUNK_DONE], 1);
	weir_core_destroy (&core);
}

static void
test_only_those_who_have_a_chunk_can_fail_it (void **state)
{
	(void) state;
	weir_core_t *core = s_new_core ();
	s_add_job (core, 1, 1, false);
	weir_chunk_ref_t ref = s_lease_first (core);
	weir_core_decide (core);
	weir_core_actor_joined (core, 12, WEIR_KIND_COMPUTE, 1, 1000);
	weir_err_t why;
	weir_err_set (&why, WEIR_E_FULL, WEIR_CLASS_OVERLOADED, "X", "", "x");
	weir_core_failed (core, JOB, 0, &ref, &why);
	weir_core_failed (core, JOB, 12, &ref, &why);
	assert_int_equal (s_view (core).state, WEIR_JOB_RUNNING);
	assert_int_equal (weir_core_decide (core)->n_stores, 0);
	weir_core_failed (core, JOB, COMPUTE, &ref, &why);
	assert_int_equal (s_view (core).state, WEIR_JOB_FAILED);
	weir_core_destroy (&core);
}

/* The sink goes while leases are being stored: their collector never hears of them and keeps its
 * room. */
static void
test_a_lease_that_was_not_sent_takes_no_room (void **state)
{
	(void) state;
	weir_core_t *core = s_new_core ();
	s_add_job (core, 100, 1, false);
	const weir_effects_t *effects = weir_core_decide (core);
	assert_int_equal (effects->n_stores, 10);
	weir_core_actor_gone (core, SINK);
	s_confirm (core, effects, true);
	effects = weir_core_decide (core);
	assert_int_equal (effects->n_leases, 0);
	assert_int_equal (effects->n_stores, 10);
	assert_int_equal (effects->stores[0].to, WEIR_CHUNK_PENDING);
	s_confirm (core, effects, true);
	weir_core_actor_joined (core, 13, WEIR_KIND_SINK, 1, 0);
	assert_int_equal (weir_core_decide (core)->n_stores, 10);
	weir_core_destroy (&core);
}

static void
test_what_is_being_stored_is_not_overtaken (void **state)
{
	(void) state;
	weir_core_t *core = s_new_core ();
	s_add_job (core, 1, 1, true);
	weir_chunk_ref_t ref = s_lease_first (core);
	weir_core_decide (core);
	weir_err_t why;
	weir_err_set (&why, WEIR_E_IO, WEIR_CLASS_GIVE_UP, "X", "", "x");
	weir_core_failed (core, JOB, READER, &ref, &why);
	const weir_effects_t *effects = weir_core_decide (core);
	weir_core_actor_gone (core, SINK); /* the store of QUARANTINED is under way */
	s_confirm (core, effects, true);
	assert_int_equal (s_view (core).n_by_state[WEIR_CHUNK_QUARANTINED], 1);
	assert_int_equal (weir_core_next_quarantined (core, JOB, 0), 0);
	assert_true (weir_core_next_quarantined (core, JOB, 1) == UINT64_MAX);
	weir_core_destroy (&core);
}

static void
test_a_sink_writes_into_its_own_part_only (void **state)
{
	(void) state;
	weir_core_t *core = s_new_core ();
	s_add_job (core, 1, 1, false);
	weir_core_actor_joined (core, 13, WEIR_KIND_SINK, 1, 0);
	uint16_t foreign = weir_core_part (core, JOB, 13);
	weir_chunk_ref_t ref = s_lease_first (core);
	weir_core_decide (core);
	weir_core_written (core, JOB, SINK, foreign, &ref, 10);
	weir_core_written (core, JOB, SINK, 77, &ref, 10);
	assert_int_equal (weir_core_decide (core)->n_stores, 0);
	assert_int_equal (weir_core_part_last (core, JOB), foreign);
	weir_core_destroy (&core);
}

/* ---- a small world with faults: every chunk is in the end synced by exactly one confirmed way */

typedef struct {
	int kind; /* 0 store answer, 1 reserve, 2 run, 3 block written, 4 release */
	weir_transition_t transition;
	weir_chunk_ref_t ref;
	uint64_t actor, sink;
	uint32_t n_runs;
} s_happening_t;

typedef struct {
	weir_core_t *core;
	uint64_t random;
	WEIR_VEC (s_happening_t) queue;
	uint64_t actors[4][8]; /* by kind */
	size_t n_actors[4];
	uint64_t actor_last;
	uint64_t part_end[64], written[4096];
	int n_losses;
} s_world_t;

static uint64_t
s_random (s_world_t *world, uint64_t n)
{
	world->random = world->random * 6364136223846793005ULL + 1442695040888963407ULL;
	return (world->random >> 33) % n;
}

static bool
s_is_alive (const s_world_t *world, uint64_t actor)
{
	for (int kind = 1; kind <= 3; kind++)
		for (size_t i = 0; i < world->n_actors[kind]; i++)
			if (world->actors[kind][i] == actor)
				return true;
	return false;
}

static void
s_join (s_world_t *world, int kind)
{
	uint64_t actor = ++world->actor_last;
	world->actors[kind][world->n_actors[kind]++] = actor;
	weir_core_actor_joined (world->core, actor, (weir_kind_t) kind, 2, 500);
}

static void
s_lose (s_world_t *world)
{
	int kind = (int) s_random (world, 3) + 1;
	uint64_t *list = world->actors[kind];
	size_t i = s_random (world, world->n_actors[kind]);
	uint64_t actor = list[i];
	list[i] = list[--world->n_actors[kind]];
	weir_core_actor_gone (world->core, actor);
	s_join (world, kind);
	world->n_losses++;
}

static void
s_collect_effects (s_world_t *world)
{
	const weir_effects_t *effects = weir_core_decide (world->core);
	for (size_t i = 0; i < effects->n_stores; i++)
		weir_vec_push (&world->queue,
		               ((s_happening_t){ .kind = 0, .transition = effects->stores[i] }));
	for (size_t i = 0; i < effects->n_leases; i++)
		weir_vec_push (&world->queue, ((s_happening_t){ .kind = 1,
		                                                .ref = effects->leases[i].ref,
		                                                .actor = effects->leases[i].actor,
		                                                .sink = effects->leases[i].sink }));
	for (size_t i = 0; i < effects->n_orders; i++)
		weir_vec_push (&world->queue, ((s_happening_t){ .kind = 2,
		                                                .ref = effects->orders[i].ref,
		                                                .actor = effects->orders[i].actor,
		                                                .n_runs = effects->orders[i].run }));
	for (size_t i = 0; i < effects->n_effects; i++)
		if (effects->effects[i].kind == WEIR_EFFECT_FINISH)
			weir_core_finished (world->core, JOB, effects->effects[i].output, NULL);
}

static void
s_happen (s_world_t *world, s_happening_t h)
{
	bool go = true;
	switch (h.kind) {
	case 0: weir_core_stored (world->core, JOB, 1, &h.transition, &go); break;
	case 1:
		if (!s_is_alive (world, h.actor))
			break;
		weir_core_reserved (world->core, JOB, h.actor, &h.ref);
		h.kind = 3;
		weir_vec_push (&world->queue, h);
		break;
	case 2:
		if (s_is_alive (world, h.actor))
			weir_core_run_sent (world->core, JOB, h.actor, &h.ref, h.n_runs);
		break;
	case 3: /* the block comes to its sink, if both still are */
		if (!s_is_alive (world, h.actor) || !s_is_alive (world, h.sink))
			break;
		uint16_t part = weir_core_part (world->core, JOB, h.sink);
		world->part_end[part % 64] += 10;
		weir_core_written (world->core, JOB, h.sink, part, &h.ref, world->part_end[part % 64]);
		h.kind = 4;
		weir_vec_push (&world->queue, h);
		break;
	default: weir_core_released (world->core, JOB, h.actor, h.ref.chunk); break;
	}
}

static void
s_sync_all (s_world_t *world)
{
	for (size_t i = 0; i < world->n_actors[WEIR_KIND_SINK]; i++) {
		uint64_t sink = world->actors[WEIR_KIND_SINK][i];
		uint16_t part = weir_core_part (world->core, JOB, sink);
		weir_core_synced (world->core, JOB, sink, part, world->part_end[part % 64]);
	}
}

static void
s_live (uint64_t seed, bool has_faults)
{
	s_world_t world = { .random = seed * 2 + 1 };
	uint8_t core_seed[32] = { 1, (uint8_t) seed };
	world.core = weir_core_new (core_seed);
	for (int kind = 1; kind <= 3; kind++)
		for (int i = 0; i < 3; i++)
			s_join (&world, kind);
	s_add_job (world.core, 200, 1 + (uint32_t) (seed % 3), false);
	int steps = 0;
	while (s_view (world.core).state != WEIR_JOB_DONE && steps++ < 200000) {
		s_collect_effects (&world);
		if (world.queue.n > 0) {
			size_t i = s_random (&world, world.queue.n < 8 ? world.queue.n : 8);
			s_happening_t h = world.queue.at[i];
			memmove (&world.queue.at[i], &world.queue.at[i + 1],
			         (world.queue.n - i - 1) * sizeof h);
			world.queue.n--;
			s_happen (&world, h);
		}
		if (s_random (&world, 50) == 0 || world.queue.n == 0)
			s_sync_all (&world);
		if (has_faults && world.n_losses < 8 && s_random (&world, 150) == 0)
			s_lose (&world);
		if (s_view (world.core).state == WEIR_JOB_FAILED)
			fail_msg ("seed %llu: %s", (unsigned long long) seed, s_view (world.core).error.text);
	}
	if (s_view (world.core).state != WEIR_JOB_DONE)
		fail_msg ("seed %llu: stuck", (unsigned long long) seed);
	assert_int_equal (s_view (world.core).n_by_state[WEIR_CHUNK_DONE], 200);
	weir_vec_clear (&world.queue);
	weir_core_destroy (&world.core);
}

static void
test_all_chunks_end_in_any_order_of_messages (void **state)
{
	(void) state;
	for (uint64_t seed = 0; seed < 50; seed++)
		s_live (seed, false);
}

static void
test_all_chunks_end_whoever_is_lost (void **state)
{
	(void) state;
	for (uint64_t seed = 0; seed < 200; seed++)
		s_live (seed, true);
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (test_nothing_is_sent_before_it_is_stored),
		cmocka_unit_test (test_a_collector_gets_no_more_than_it_has_room_for),
		cmocka_unit_test (test_an_idle_collector_takes_a_chunk_of_any_size),
		cmocka_unit_test (test_old_tokens_change_nothing),
		cmocka_unit_test (test_bad_input_quarantines_and_fails_the_job),
		cmocka_unit_test (test_a_failure_that_may_go_away_is_tried_four_times),
		cmocka_unit_test (test_a_lost_reader_costs_its_runs_only),
		cmocka_unit_test (test_a_lost_collector_means_a_new_token),
		cmocka_unit_test (test_a_store_that_refuses_fails_the_job),
		cmocka_unit_test (test_cancel_gives_everything_back),
		cmocka_unit_test (test_a_late_failure_changes_nothing),
		cmocka_unit_test (test_only_those_who_have_a_chunk_can_fail_it),
		cmocka_unit_test (test_a_lease_that_was_not_sent_takes_no_room),
		cmocka_unit_test (test_what_is_being_stored_is_not_overtaken),
		cmocka_unit_test (test_a_sink_writes_into_its_own_part_only),
		cmocka_unit_test (test_all_chunks_end_in_any_order_of_messages),
		cmocka_unit_test (test_all_chunks_end_whoever_is_lost),
	};
	return cmocka_run_group_tests (tests, NULL, NULL);
}
