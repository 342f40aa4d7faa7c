/* pool.c - the recycling pool of buf.h
 *
 * Size classes are eighths between powers of two, so that at most an eighth is wasted; each class
 * has a stack of idle slabs, linked through their own first bytes. Small slabs come from the
 * allocator, large ones straight from the system, to which they go back whole. `used` counts what
 * was asked for; used and idle together stay below the ceiling (by freeing idle ones first), and
 * idle alone below a quarter of it, or 64 MiB where that is more.
 */
#include "runtime/host/pool.h"

#include "runtime/base/mem.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#define S_POISON(at, n) ASAN_POISON_MEMORY_REGION (at, n)
#define S_UNPOISON(at, n) ASAN_UNPOISON_MEMORY_REGION (at, n)
#else
#define S_POISON(at, n) ((void) 0)
#define S_UNPOISON(at, n) ((void) 0)
#endif

#define S_ALIGN ((size_t) 64)
#define S_STEPS 8U
#define S_CLASSES (S_STEPS * 26U)
#define S_BYTES_MAX ((size_t) 1 << 31)
#define S_MAP_MIN ((size_t) 256 << 10)
#define S_IDLE_MIN ((uint64_t) 64 << 20)

typedef struct s_idle {
	struct s_idle *next;
} s_idle_t;

struct weir_pool {
	pthread_mutex_t lock;
	weir_pool_stats_t stats;
	uint64_t n_out;
	bool is_closed;
	s_idle_t *idle[S_CLASSES];
};

/* Class 0 to 7: 64 to 512 bytes in steps of 64; then eighths of each doubling. */
static uint32_t
s_class_of (size_t bytes, size_t *capacity_out)
{
	size_t units = (bytes + S_ALIGN - 1) / S_ALIGN;
	if (units == 0)
		units = 1;
	if (units <= S_STEPS) {
		*capacity_out = units * S_ALIGN;
		return (uint32_t) units - 1;
	}
	unsigned shift = 63U - (unsigned) __builtin_clzll (units - 1) -
	                 3U;                      /* units in (8, 16] << shift */
	size_t step = ((units - 1) >> shift) + 1; /* 9 … 16 */
	*capacity_out = (step << shift) * S_ALIGN;
	return S_STEPS * (shift + 1) + (uint32_t) step - S_STEPS - 1;
}

static size_t
s_class_bytes (uint32_t index)
{
	if (index < S_STEPS)
		return (index + 1) * S_ALIGN;
	return ((size_t) (index % S_STEPS + S_STEPS + 1) << (index / S_STEPS - 1)) * S_ALIGN;
}

static uint8_t *
s_system_alloc (size_t capacity)
{
	if (capacity < S_MAP_MIN)
		return aligned_alloc (S_ALIGN, capacity);
	void *data = mmap (NULL, capacity, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return data == MAP_FAILED ? NULL : data;
}

static void
s_system_free (uint8_t *data, size_t capacity)
{
	S_UNPOISON (data, capacity);
	if (capacity < S_MAP_MIN)
		free (data);
	else
		munmap (data, capacity);
}

weir_pool_t *
weir_pool_new (uint64_t ceiling_bytes)
{
	weir_pool_t *self = weir_alloc (sizeof *self);
	pthread_mutex_init (&self->lock, NULL);
	self->stats.ceiling_bytes = ceiling_bytes;
	return self;
}

static uint8_t *
s_pop_idle (weir_pool_t *self, uint32_t index, size_t capacity)
{
	s_idle_t *first = self->idle[index];
	if (first == NULL)
		return NULL;
	S_UNPOISON (first, capacity);
	self->idle[index] = first->next;
	self->stats.idle_bytes -= capacity;
	return (uint8_t *) first;
}

/* Gives idle slabs back to the system, largest first, until at most `idle_bytes` are left. */
static void
s_trim (weir_pool_t *self, uint64_t idle_bytes)
{
	for (uint32_t index = S_CLASSES; index-- > 0 && self->stats.idle_bytes > idle_bytes;) {
		size_t capacity = s_class_bytes (index);
		while (self->idle[index] != NULL && self->stats.idle_bytes > idle_bytes)
			s_system_free (s_pop_idle (self, index, capacity), capacity);
	}
}

static uint64_t
s_idle_max (const weir_pool_t *self)
{
	uint64_t quarter = self->stats.ceiling_bytes / 4;
	uint64_t most = quarter > S_IDLE_MIN ? quarter : S_IDLE_MIN;
	uint64_t used = self->stats.used_bytes, ceiling = self->stats.ceiling_bytes;
	uint64_t room = ceiling > used ? ceiling - used : 0;
	return most < room ? most : room;
}

static void
s_pool_free (weir_pool_t *self)
{
	s_trim (self, 0);
	pthread_mutex_destroy (&self->lock);
	free (self);
}

void
weir_pool_destroy (weir_pool_t **self_p)
{
	weir_pool_t *self = *self_p;
	if (self == NULL)
		return;
	*self_p = NULL;
	pthread_mutex_lock (&self->lock);
	self->is_closed = true;
	bool is_last = self->n_out == 0;
	s_trim (self, 0);
	pthread_mutex_unlock (&self->lock);
	if (is_last)
		s_pool_free (self);
}

weir_pool_stats_t
weir_pool_stats (weir_pool_t *self)
{
	pthread_mutex_lock (&self->lock);
	weir_pool_stats_t stats = self->stats;
	pthread_mutex_unlock (&self->lock);
	return stats;
}

static int
s_refuse (weir_pool_t *self, size_t bytes, weir_err_t *err)
{
	self->stats.n_refused++;
	uint64_t used = self->stats.used_bytes, ceiling = self->stats.ceiling_bytes;
	pthread_mutex_unlock (&self->lock);
	return weir_err_set (
		err, WEIR_E_MEMORY, WEIR_CLASS_OVERLOADED, "OutOfMemory", NULL,
		"a buffer of %zu bytes: %llu of %llu bytes of the memory budget are in use", bytes,
		(unsigned long long) used, (unsigned long long) ceiling);
}

int
weir_pool_take_slab (weir_pool_t *self, size_t bytes, weir_slab_t *slab_out, weir_err_t *err)
{
	weir_slab_t slab = { 0 };
	bool fits = bytes <= S_BYTES_MAX;
	if (fits)
		slab.class_index = s_class_of (bytes, &slab.capacity);
	slab.charged = (bytes + S_ALIGN - 1) & ~(S_ALIGN - 1);
	pthread_mutex_lock (&self->lock);
	if (!fits || slab.charged > self->stats.ceiling_bytes - self->stats.used_bytes)
		return s_refuse (self, bytes, err);
	self->stats.used_bytes += slab.charged;
	slab.data = s_pop_idle (self, slab.class_index, slab.capacity);
	if (slab.data != NULL)
		self->stats.n_recycled++;
	else {
		s_trim (self, s_idle_max (self));
		slab.data = s_system_alloc (slab.capacity);
	}
	if (slab.data == NULL) {
		self->stats.used_bytes -= slab.charged;
		return s_refuse (self, bytes, err);
	}
	if (self->stats.used_bytes > self->stats.peak_bytes)
		self->stats.peak_bytes = self->stats.used_bytes;
	self->stats.n_taken++;
	self->n_out++;
	pthread_mutex_unlock (&self->lock);
	S_POISON (slab.data + bytes, slab.capacity - bytes);
	*slab_out = slab;
	return 0;
}

void
weir_pool_give_slab (weir_pool_t *self, weir_slab_t slab)
{
	S_UNPOISON (slab.data, slab.capacity);
	pthread_mutex_lock (&self->lock);
	self->stats.used_bytes -= slab.charged;
	self->n_out--;
	bool is_kept = !self->is_closed && self->stats.idle_bytes + slab.capacity <= s_idle_max (self);
	if (is_kept) {
		s_idle_t *idle = (s_idle_t *) slab.data;
		idle->next = self->idle[slab.class_index];
		self->idle[slab.class_index] = idle;
		self->stats.idle_bytes += slab.capacity;
		S_POISON (slab.data, slab.capacity);
	}
	bool is_last = self->is_closed && self->n_out == 0;
	pthread_mutex_unlock (&self->lock);
	if (!is_kept)
		s_system_free (slab.data, slab.capacity);
	if (is_last)
		s_pool_free (self);
}
