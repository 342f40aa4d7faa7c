/* vec.h - a growing array, as a macro: struct { T *at; size_t n, cap; }
 *
 * Runs on   any thread; small bookkeeping only (weir_realloc aborts when there is no memory)
 */
#ifndef WEIR_BASE_VEC_H
#define WEIR_BASE_VEC_H

#include "runtime/base/mem.h"

#include <stdlib.h>

#define WEIR_VEC(T)                                                                                \
	struct {                                                                                       \
		T *at;                                                                                     \
		size_t n, cap;                                                                             \
	}

#define weir_vec_push(vec, value)                                                                  \
	do {                                                                                           \
		if ((vec)->n == (vec)->cap) {                                                              \
			(vec)->cap = (vec)->cap > 0 ? (vec)->cap * 2 : 16;                                     \
			(vec)->at = weir_realloc ((vec)->at, (vec)->cap * sizeof *(vec)->at);                  \
		}                                                                                          \
		(vec)->at[(vec)->n++] = (value);                                                           \
	} while (0)

/* The last takes the place of the removed: order is not kept. */
#define weir_vec_remove(vec, i) ((vec)->at[(i)] = (vec)->at[--(vec)->n])

#define weir_vec_clear(vec)                                                                        \
	do {                                                                                           \
		free ((vec)->at);                                                                          \
		(vec)->at = NULL;                                                                          \
		(vec)->n = (vec)->cap = 0;                                                                 \
	} while (0)

#endif
