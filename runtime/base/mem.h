/* mem.h - small allocations that cannot fail, sizes that cannot wrap
 *
 * Small bookkeeping allocations abort when the system has no memory left; raster blocks never come
 * from here but from the budgeted pool (runtime/host/buf.h), which may refuse.
 *
 * Runs on   any thread
 */
#ifndef WEIR_BASE_MEM_H
#define WEIR_BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void *weir_alloc (size_t bytes);              /* zeroed; aborts when there is none */
void *weir_realloc (void *ptr, size_t bytes); /* aborts when there is none */
char *weir_strdup (const char *text);         /* NULL in, NULL out */
char *weir_asprintf (const char *format, ...) __attribute__ ((format (printf, 1, 2), nonnull (1)));

/* *out_p = a * b (or a + b); false and *out_p untouched when that does not fit. */
static inline bool
weir_size_mul (size_t a, size_t b, size_t *out_p)
{
	size_t product;
	if (__builtin_mul_overflow (a, b, &product))
		return false;
	*out_p = product;
	return true;
}

static inline bool
weir_size_add (size_t a, size_t b, size_t *out_p)
{
	size_t sum;
	if (__builtin_add_overflow (a, b, &sum))
		return false;
	*out_p = sum;
	return true;
}

/* Our own mistakes end the program, in release too. Never for what network, file or user said. */
#define weir_assert(condition)                                                                     \
	((condition) ? (void) 0 : weir_assert_failed (#condition, __FILE__, __LINE__))
_Noreturn void weir_assert_failed (const char *condition, const char *file, int line);

#endif
