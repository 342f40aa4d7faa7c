/* buf.c - the pool's classes, ceiling, recycling and giving back; references; buffers as ZeroMQ
 * messages */
#include "runtime/host/buf.h"

#include "runtime/host/buf_msg.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MIB ((uint64_t) 1 << 20)

static void
test_sizes_are_right_and_aligned (void **state)
{
	(void) state;
	weir_pool_t *pool = weir_pool_new (4096 * MIB);
	for (size_t bytes = 0; bytes < 40 * MIB; bytes = bytes + 1 + bytes / 7) {
		weir_buf_t *buf = weir_pool_take (pool, bytes, NULL);
		assert_non_null (buf);
		assert_int_equal (weir_buf_size (buf), bytes);
		assert_int_equal ((uintptr_t) weir_buf_data (buf) % 64, 0);
		if (bytes > 0) {
			weir_buf_data (buf)[0] = 1;
			weir_buf_data (buf)[bytes - 1] = 1;
		}
		weir_buf_release (&buf);
		assert_null (buf);
		weir_buf_release (&buf);
	}
	assert_int_equal (weir_pool_stats (pool).used_bytes, 0);
	weir_pool_destroy (&pool);
	weir_pool_destroy (&pool);
}

static void
test_classes_waste_an_eighth (void **state)
{
	(void) state;
	weir_pool_t *pool = weir_pool_new (4096 * MIB);
	for (size_t bytes = 512; bytes < 30 * MIB; bytes = bytes * 9 / 8 + 3) {
		uint64_t before = weir_pool_stats (pool).idle_bytes;
		weir_buf_t *buf = weir_pool_take (pool, bytes, NULL);
		bool is_new = weir_pool_stats (pool).idle_bytes == before;
		weir_buf_release (&buf);
		uint64_t capacity = weir_pool_stats (pool).idle_bytes - before;
		if (is_new)
			assert_true (capacity >= bytes && capacity <= bytes + bytes / 8 + 64);
	}
	weir_pool_destroy (&pool);
}

static void
test_ceiling_refuses (void **state)
{
	(void) state;
	weir_pool_t *pool = weir_pool_new (10 * MIB);
	weir_err_t err;
	weir_buf_t *first = weir_pool_take (pool, 6 * MIB, &err);
	assert_non_null (first);
	assert_null (weir_pool_take (pool, 4 * MIB + 1, &err));
	assert_int_equal (err.status, WEIR_E_MEMORY);
	assert_int_equal (err.klass, WEIR_CLASS_OVERLOADED);
	assert_null (weir_pool_take (pool, SIZE_MAX, &err));
	assert_null (weir_pool_take (pool, ((size_t) 1 << 31) + 1, &err));
	weir_buf_t *second = weir_pool_take (pool, 4 * MIB, &err);
	assert_non_null (second);
	weir_pool_stats_t stats = weir_pool_stats (pool);
	assert_int_equal (stats.used_bytes, 10 * MIB);
	assert_int_equal (stats.n_refused, 3);
	assert_int_equal (stats.n_taken, 2);
	assert_int_equal (stats.ceiling_bytes, 10 * MIB);
	weir_buf_release (&first);
	weir_buf_release (&second);
	assert_int_equal (weir_pool_stats (pool).peak_bytes, 10 * MIB);
	weir_pool_destroy (&pool);
}

static void
test_freed_bytes_come_again (void **state)
{
	(void) state;
	weir_pool_t *pool = weir_pool_new (100 * MIB);
	weir_buf_t *buf = weir_pool_take (pool, 5 * MIB, NULL);
	uint8_t *data = weir_buf_data (buf);
	weir_buf_release (&buf);
	assert_int_equal (weir_pool_stats (pool).idle_bytes, 5 * MIB);
	buf = weir_pool_take (pool, 5 * MIB - 100, NULL);
	assert_ptr_equal (weir_buf_data (buf), data);
	assert_int_equal (weir_pool_stats (pool).n_recycled, 1);
	weir_buf_shrink (buf, 100);
	assert_int_equal (weir_buf_size (buf), 100);
	weir_buf_release (&buf);
	assert_int_equal (weir_pool_stats (pool).used_bytes, 0);
	weir_pool_destroy (&pool);
}

/* Used and idle together stay below the ceiling, idle below a quarter of it or 64 MiB. */
static void
test_idle_memory_is_bounded (void **state)
{
	(void) state;
	weir_pool_t *pool = weir_pool_new (1024 * MIB);
	weir_buf_t *bufs[100];
	for (int i = 0; i < 100; i++)
		bufs[i] = weir_pool_take (pool, 8 * MIB, NULL);
	for (int i = 0; i < 100; i++)
		weir_buf_release (&bufs[i]);
	assert_int_equal (weir_pool_stats (pool).idle_bytes, 256 * MIB);
	weir_buf_t *large = weir_pool_take (pool, 900 * MIB, NULL);
	assert_non_null (large);
	assert_true (weir_pool_stats (pool).idle_bytes <= 124 * MIB);
	weir_buf_release (&large);
	weir_pool_destroy (&pool);
}

static void
test_pool_outlived_by_its_buffers (void **state)
{
	(void) state;
	weir_pool_t *pool = weir_pool_new (100 * MIB);
	weir_buf_t *small = weir_pool_take (pool, 10, NULL), *large = weir_pool_take (pool, MIB, NULL);
	weir_buf_t *again = weir_buf_ref (large);
	weir_pool_destroy (&pool);
	weir_buf_release (&small);
	weir_buf_release (&large);
	weir_buf_data (again)[MIB - 1] = 7;
	weir_buf_release (&again);
}

/* ---- as messages */

static void
test_messages_share_the_bytes (void **state)
{
	(void) state;
	static const size_t sizes[] = { 0, 1, 128, 129, 100000 };
	weir_pool_t *pool = weir_pool_new (100 * MIB);
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		weir_buf_t *buf = weir_pool_take (pool, sizes[i], NULL);
		uint8_t *data = weir_buf_data (buf);
		memset (data, 42, sizes[i]);
		zmq_msg_t msg;
		weir_buf_to_msg (&buf, &msg);
		assert_null (buf);
		assert_int_equal (zmq_msg_size (&msg), sizes[i]);
		weir_buf_t *back = weir_buf_from_msg (&msg);
		zmq_msg_close (&msg);
		assert_int_equal (weir_buf_size (back), sizes[i]);
		bool is_shared = weir_buf_data (back) == data;
		assert_int_equal (is_shared, sizes[i] > WEIR_BUF_COPY_MAX);
		assert_int_equal (weir_pool_stats (pool).used_bytes > 0, is_shared);
		if (sizes[i] > 0)
			assert_int_equal (weir_buf_data (back)[sizes[i] - 1], 42);
		weir_buf_release (&back);
		assert_int_equal (weir_pool_stats (pool).used_bytes, 0);
	}
	weir_pool_destroy (&pool);
}

/* ---- many threads */

#define N_THREADS 4

static void *
s_take_and_release (void *arg)
{
	weir_pool_t *pool = arg;
	weir_buf_t *held[16] = { NULL };
	uint32_t seed = (uint32_t) (uintptr_t) &held;
	for (int i = 0; i < 20000; i++) {
		seed = seed * 1664525U + 1013904223U;
		weir_buf_t **slot = &held[(seed >> 8) % 16];
		weir_buf_release (slot);
		size_t bytes = (seed >> 12) % 300000 + 1;
		*slot = weir_pool_take (pool, bytes, NULL);
		if (*slot != NULL)
			weir_buf_data (*slot)[bytes - 1] = 1;
	}
	for (int i = 0; i < 16; i++)
		weir_buf_release (&held[i]);
	return NULL;
}

static void
test_threads_share_a_pool (void **state)
{
	(void) state;
	weir_pool_t *pool = weir_pool_new (8 * MIB);
	pthread_t threads[N_THREADS];
	for (int i = 0; i < N_THREADS; i++)
		assert_int_equal (pthread_create (&threads[i], NULL, s_take_and_release, pool), 0);
	for (int i = 0; i < N_THREADS; i++)
		pthread_join (threads[i], NULL);
	weir_pool_stats_t stats = weir_pool_stats (pool);
	assert_int_equal (stats.used_bytes, 0);
	assert_true (stats.peak_bytes <= 8 * MIB && stats.n_recycled > 0);
	weir_pool_destroy (&pool);
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (test_sizes_are_right_and_aligned),
		cmocka_unit_test (test_classes_waste_an_eighth),
		cmocka_unit_test (test_ceiling_refuses),
		cmocka_unit_test (test_freed_bytes_come_again),
		cmocka_unit_test (test_idle_memory_is_bounded),
		cmocka_unit_test (test_pool_outlived_by_its_buffers),
		cmocka_unit_test (test_messages_share_the_bytes),
		cmocka_unit_test (test_threads_share_a_pool),
	};
	return cmocka_run_group_tests (tests, NULL, NULL);
}
