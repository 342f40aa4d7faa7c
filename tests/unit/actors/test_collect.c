/* test_collect.c - the collector's merge: the same bits however a chunk's labels were cut into
 * runs */
#include "actors/compute/collect.h"

#include "tests/unit/plan/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define N_LABELS 100
#define SIDE 20

static const char s_graph[] =
	"{'load': {'process_id': 'load_stac', 'arguments': {'url': 'x'}},"
	"'fold': {'process_id': 'reduce_dimension', 'arguments': {'data': {'from_node': 'load'}, "
	"'dimension': 't', 'reducer': {'process_graph': {'m': {'process_id': '%s', 'arguments': "
	"{'data': {'from_parameter': 'data'}}, 'result': true}}}}},"
	"'save': {'process_id': 'save_result', 'arguments': {'data': {'from_node': 'fold'}, 'format': "
	"'GTiff', 'options': {'compress': 'NONE'}}, 'result': true}}";

static float s_cells[N_LABELS][SIDE * SIDE];

static void
s_fill_cells (void)
{
	uint64_t x = 3; /* numbers of all sizes, so that another order would be another sum */
	for (size_t l = 0; l < N_LABELS; l++) {
		for (size_t i = 0; i < (size_t) SIDE * SIDE; i++) {
			x = x * 6364136223846793005ULL + 1442695040888963407ULL;
			float value = (float) (int32_t) (x >> 32) / 1000.0F;
			s_cells[l][i] = (x >> 20 & 7) == 0 ? value * 1e6F : value;
		}
	}
}

static weir_job_t *
s_make_job (const char *fold)
{
	static char ids[N_LABELS][16], times[N_LABELS][32];
	static fixture_item_t rows[N_LABELS];
	for (int l = 0; l < N_LABELS; l++) {
		snprintf (ids[l], sizeof ids[l], "i%02d", l);
		snprintf (times[l], sizeof times[l], "2020-%02d-%02dT00:00:00Z", l / 25 + 1, l % 25 + 1);
		rows[l] = (fixture_item_t){ .id = ids[l],
			                        .time = times[l],
			                        .x = 0,
			                        .y = 100,
			                        .step = 1,
			                        .width = SIDE,
			                        .height = SIDE,
			                        .crs = "EPSG:1",
			                        .type = "float32",
			                        .nodata = "nan" };
	}
	static weir_cell_t file = { .type = WEIR_F32 };
	char graph[sizeof s_graph + 16];
	snprintf (graph, sizeof graph, s_graph, fold);
	fixture_t fixture;
	fixture_init (&fixture);
	fixture.probe.bands = &file;
	fixture_add_items (&fixture, N_LABELS, rows);
	fixture_expect_ok (&fixture, fixture_plan (&fixture, graph));
	weir_job_t *job = weir_alloc (sizeof *job);
	atomic_init (&job->refs, 1);
	job->plan = fixture.plan;
	fixture.plan = NULL;
	fixture_clear (&fixture);
	job->stages = weir_alloc (sizeof (weir_stage_t *));
	weir_err_t err;
	assert_int_equal (
		weir_stage_new (&job->plan->outputs[0].pipeline, N_LABELS, &job->stages[0], &err), 0);
	return job;
}

static weir_buf_t *
s_read_run (weir_pool_t *pool, const weir_stage_t *stage, uint32_t rank, uint32_t n_labels)
{
	weir_err_t err;
	size_t acc_bytes = weir_stage_acc_bytes (stage, (size_t) SIDE * SIDE);
	weir_buf_t *memory = weir_pool_take (pool, acc_bytes * weir_stage_run_accs (stage, n_labels),
	                                     &err);
	weir_run_t *run = weir_run_new (stage, SIDE, SIDE, rank, n_labels, weir_buf_data (memory));
	for (uint32_t l = rank; l < rank + n_labels; l++)
		weir_run_fold (run, l, s_cells[l], SIDE, 0, 0, SIDE, SIDE);
	weir_run_end (run);
	weir_run_destroy (&run);
	weir_buf_shrink (memory, acc_bytes);
	return memory;
}

/* The encoded chunk, its labels in runs of so many. */
static weir_collect_task_t *
s_collect (weir_pool_t *pool, weir_job_t *job, uint32_t run_labels)
{
	weir_collect_task_t *task = weir_alloc (sizeof *task);
	task->job = weir_job_ref (job);
	task->payload = WEIR__PAYLOAD_KIND__PAYLOAD_ACCUMULATORS;
	task->n_runs = (N_LABELS - 1) / run_labels + 1;
	task->runs = weir_alloc (task->n_runs * sizeof (weir_buf_t *));
	for (uint32_t r = 0; r < task->n_runs; r++) {
		uint32_t rank = r * run_labels, rest = N_LABELS - rank;
		task->runs[r] = s_read_run (pool, job->stages[0], rank,
		                            rest < run_labels ? rest : run_labels);
	}
	weir_collect_task_run (pool, task);
	return task;
}

static void
s_compare (const char *fold)
{
	weir_pool_t *pool = weir_pool_new ((uint64_t) 64 << 20);
	weir_job_t *job = s_make_job (fold);
	weir_collect_task_t *whole = s_collect (pool, job, 128);
	assert_null (whole->err);
	for (uint32_t run_labels = 16; run_labels <= 64; run_labels *= 2) {
		weir_collect_task_t *cut = s_collect (pool, job, run_labels);
		assert_null (cut->err);
		assert_int_equal (weir_buf_size (cut->encoded), weir_buf_size (whole->encoded));
		if (memcmp (weir_buf_data (cut->encoded), weir_buf_data (whole->encoded),
		            weir_buf_size (whole->encoded)) != 0)
			fail_msg ("%s: other bits with runs of %u", fold, run_labels);
		weir_collect_task_destroy (&cut);
	}
	weir_collect_task_destroy (&whole);
	weir_job_release (&job);
	assert_int_equal (weir_pool_stats (pool).used_bytes, 0);
	weir_pool_destroy (&pool);
}

static void
test_cuts_do_not_show (void **state)
{
	(void) state;
	static const char *const folds[] = { "sum", "mean", "min", "max", "first", "last", "count" };
	s_fill_cells ();
	for (size_t i = 0; i < sizeof folds / sizeof folds[0]; i++)
		s_compare (folds[i]);
}

static void
test_a_partial_of_another_size_is_refused (void **state)
{
	(void) state;
	s_fill_cells ();
	weir_pool_t *pool = weir_pool_new ((uint64_t) 64 << 20);
	weir_job_t *job = s_make_job ("sum");
	weir_collect_task_t *task = weir_alloc (sizeof *task);
	task->job = weir_job_ref (job);
	task->payload = WEIR__PAYLOAD_KIND__PAYLOAD_ACCUMULATORS;
	task->n_runs = 1;
	task->runs = weir_alloc (sizeof (weir_buf_t *));
	task->runs[0] = s_read_run (pool, job->stages[0], 0, 16);
	weir_buf_shrink (task->runs[0], weir_buf_size (task->runs[0]) - 64);
	weir_collect_task_run (pool, task);
	assert_non_null (task->err);
	assert_string_equal (task->err->code, "PartialInvalid");
	assert_null (task->encoded);
	weir_collect_task_destroy (&task);
	atomic_store (&job->is_cancelled, true);
	task = s_collect (pool, job, 128);
	assert_int_equal (task->err->status, WEIR_E_CANCELLED);
	weir_collect_task_destroy (&task);
	weir_job_release (&job);
	weir_pool_destroy (&pool);
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (test_cuts_do_not_show),
		cmocka_unit_test (test_a_partial_of_another_size_is_refused),
	};
	return cmocka_run_group_tests (tests, NULL, NULL);
}
