/* test_job.c - plans on their way to an actor: whatever comes, a job is settled once, well or with
 * a reason */
#include "actors/job/job.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

typedef struct {
	weir_jobs_t jobs;
	char *text;
	size_t text_bytes;
	uint8_t *packed;
	size_t packed_bytes;
	uint8_t sha256[32];
	Weir__PlanReply reply;
	int n_settled;
} s_world_t;

static void
s_add_job (s_world_t *self, uint64_t number, const uint8_t sha256[32])
{
	weir_job_t *job = weir_alloc (sizeof *job);
	job->number = number;
	job->name = weir_strdup ("j");
	job->results_dir = weir_strdup ("/nowhere");
	memcpy (job->plan_sha256, sha256, 32);
	atomic_init (&job->refs, 1);
	weir_vec_push (&self->jobs.list, job);
}

static void
s_begin (s_world_t *self, weir_plan_t *plan)
{
	memset (self, 0, sizeof *self);
	self->text = plan != NULL ? weir_plan_encode (plan)
	                          : weir_strdup ("{\"this\": \"is no plan\"}");
	weir_plan_destroy (&plan);
	self->text_bytes = strlen (self->text);
	weir_plan_hash (self->text, self->text_bytes, self->sha256);
	self->packed = weir_plan_pack (self->text, self->text_bytes, &self->packed_bytes);
	weir__plan_reply__init (&self->reply);
	self->reply.sha256.data = self->sha256;
	self->reply.sha256.len = sizeof self->sha256;
	self->reply.plan.data = self->packed;
	self->reply.plan.len = self->packed_bytes;
	self->reply.text_bytes = self->text_bytes;
	s_add_job (self, 1, self->sha256);
}

static void
s_end (s_world_t *self)
{
	weir_jobs_clear (&self->jobs);
	free (self->text);
	free (self->packed);
}

static void
s_on_settled (void *arg, weir_job_t *job)
{
	s_world_t *self = arg;
	assert_true ((job->plan != NULL) != (job->failure != NULL));
	self->n_settled++;
}

static int
s_reply (s_world_t *self)
{
	weir_err_t err;
	weir_err_clear (&err);
	return weir_jobs_plan (&self->jobs, &self->reply, s_on_settled, self, &err);
}

static void
test_all_jobs_of_a_plan_get_it_once (void **state)
{
	(void) state;
	s_world_t world;
	s_begin (&world, weir_plan_null (5));
	uint8_t other[32] = { 1 };
	s_add_job (&world, 2, other);
	s_add_job (&world, 3, world.sha256);
	assert_int_equal (s_reply (&world), 0);
	assert_int_equal (world.n_settled, 2);
	assert_int_equal (weir_jobs_find (&world.jobs, 1)->plan->n_chunks, 5);
	assert_null (weir_jobs_find (&world.jobs, 2)->plan);
	assert_non_null (weir_jobs_find (&world.jobs, 3)->plan);
	assert_int_equal (s_reply (&world), 0);
	assert_int_equal (world.n_settled, 2);
	s_end (&world);
}

static void
s_expect_failure (s_world_t *world)
{
	assert_int_equal (s_reply (world), WEIR_E_INVALID);
	assert_int_equal (world->n_settled, 1);
	const weir_job_t *job = weir_jobs_find (&world->jobs, 1);
	assert_null (job->plan);
	assert_non_null (job->failure);
	(void) s_reply (world);
	assert_int_equal (world->n_settled, 1); /* once */
	s_end (world);
}

static void
test_another_plan_than_its_hash_says (void **state)
{
	(void) state;
	s_world_t world;
	s_begin (&world, weir_plan_null (5));
	free (world.packed);
	world.text[world.text_bytes - 2] ^= 1;
	world.packed = weir_plan_pack (world.text, world.text_bytes, &world.packed_bytes);
	world.reply.plan.data = world.packed;
	world.reply.plan.len = world.packed_bytes;
	s_expect_failure (&world);
}

static void
test_truncated_at_any_byte (void **state)
{
	(void) state;
	s_world_t world;
	s_begin (&world, weir_plan_null (5));
	for (size_t n = 0; n < world.packed_bytes; n++) {
		weir_err_t err;
		assert_null (weir_plan_unpack (world.packed, n, world.text_bytes, &err));
		assert_string_equal (err.code, "PlanInvalid");
	}
	world.reply.plan.len /= 2;
	s_expect_failure (&world);
}

static void
test_of_another_size (void **state)
{
	(void) state;
	static const uint64_t sizes[] = { 0, 1, UINT64_C (1) << 30, UINT64_MAX };
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		s_world_t world;
		s_begin (&world, weir_plan_null (5));
		world.reply.text_bytes = sizes[i];
		s_expect_failure (&world);
	}
	s_world_t world;
	s_begin (&world, weir_plan_null (5));
	world.reply.text_bytes++;
	s_expect_failure (&world);
}

static void
test_text_that_is_no_plan (void **state)
{
	(void) state;
	s_world_t world;
	s_begin (&world, NULL);
	s_expect_failure (&world);
}

static void
test_a_closed_job_lives_as_long_as_its_tasks (void **state)
{
	(void) state;
	s_world_t world;
	s_begin (&world, weir_plan_null (5));
	assert_int_equal (s_reply (&world), 0);
	weir_job_t *held = weir_job_ref (weir_jobs_find (&world.jobs, 1));
	assert_false (weir_job_is_cancelled (held));
	weir_jobs_close (&world.jobs, 1);
	weir_jobs_close (&world.jobs, 1);
	assert_null (weir_jobs_find (&world.jobs, 1));
	assert_true (weir_job_is_cancelled (held));
	assert_int_equal (held->plan->n_chunks, 5);
	weir_job_release (&held);
	weir_job_release (&held);
	s_end (&world);
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (test_all_jobs_of_a_plan_get_it_once),
		cmocka_unit_test (test_another_plan_than_its_hash_says),
		cmocka_unit_test (test_truncated_at_any_byte),
		cmocka_unit_test (test_of_another_size),
		cmocka_unit_test (test_text_that_is_no_plan),
		cmocka_unit_test (test_a_closed_job_lives_as_long_as_its_tasks),
	};
	return cmocka_run_group_tests (tests, NULL, NULL);
}
