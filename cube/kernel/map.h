/* map.h - cells to cells: the cheapest way to apply a chain of programs
 *
 * A chain on cells of 8 or 16 bits is worked out once for every value that can occur. What comes
 * out is an identity, or a few ranges of values with a constant or affine (x + c) result, which
 * vectorise well, or else a table. Wider cells go through the vector interpreter.
 *
 * Runs on   any thread; immutable; each thread brings its own memory
 */
#ifndef WEIR_CUBE_KERNEL_MAP_H
#define WEIR_CUBE_KERNEL_MAP_H

#include "cube/kernel/chain.h"

#define WEIR_MAP_RANGES_MAX 12
#define WEIR_MAP_KERNEL_RANGES                                                                     \
	3 /* ranges that one kernel takes; each further one is a pass of its own */

typedef enum {
	WEIR_MAP_IDENTITY = 0,
	WEIR_MAP_RANGES,
	WEIR_MAP_TABLE,
	WEIR_MAP_CHAIN
} weir_map_kind_t;

/* From x >= from on: integers (x & mask) + konst, modulo the width of the output;
 * float32: the bits of (float) (x + add), & mask | konst. */
typedef struct {
	int32_t from, add;
	uint32_t mask, konst;
} weir_map_range_t;

typedef void weir_map_fn_t (void *restrict dst, const void *restrict src, size_t n,
                            const weir_map_range_t *ranges);
typedef void weir_map_table_fn_t (void *restrict dst, const void *restrict src, size_t n,
                                  const void *restrict table);
/* `which`: 2 or 3 ranges, or 1 for a further one on top; NULL where there is no such kernel. */
weir_map_fn_t *weir_map_kernel (weir_type_t in, weir_type_t out, int which);
weir_map_table_fn_t *weir_map_table_kernel (weir_type_t in, weir_type_t out);

typedef struct {
	weir_cell_t in;
	weir_chain_spec_t chain; /* n_inputs 1 */
	double lo, hi;           /* values of `in` that occur, beside no-data; for 8 and 16 bits */
} weir_map_spec_t;

typedef struct { /* what can come out; for an integer `out` */
	bool may_be_nodata;
	double lo, hi; /* lo > hi: nothing but no-data */
} weir_domain_t;

typedef struct weir_map weir_map_t;
weir_map_t *weir_map_new (const weir_map_spec_t *spec);
void weir_map_destroy (weir_map_t **self_p);
weir_map_kind_t weir_map_kind (const weir_map_t *self);
weir_domain_t weir_map_domain (const weir_map_t *self);
void weir_map_describe (const weir_map_t *self, char *buf, size_t buf_bytes);

/* Memory for a map's runs: made once for each thread, for identity, ranges and tables empty. */
size_t weir_map_memory_bytes (const weir_map_t *self);
void weir_map_prepare (const weir_map_t *self, double *memory);
bool weir_map_run (const weir_map_t *self, double *memory, void *dst, const void *src, size_t n,
                   weir_misfit_t *misfit_out);

#endif
