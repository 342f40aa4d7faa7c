/* vec.h - vector operations over tiles of float64 values
 *
 * A tile is an array of doubles in which no-data is WEIR_NODATA_F64 by its bits. Loading turns
 * every other NaN into WEIR_NAN, so that no arithmetic can ever make the no-data pattern. Loops are
 * simple: the compiler vectorises them, for each CPU variant (clones.h).
 *
 * Runs on   any thread; pure
 */
#ifndef WEIR_CUBE_KERNEL_VEC_H
#define WEIR_CUBE_KERNEL_VEC_H

#include "cube/kernel/prog.h"

#define WEIR_NAN __builtin_nan ("")
#define WEIR_I64 WEIR_N_TYPES        /* wide accumulators: loads only */
#define WEIR_I128 (WEIR_N_TYPES + 1) /* sums of squares: not even loaded */

/* dst[i] = op (a[i], b[i], c[i]); dst is none of the operands. Ops without INPUT, CONST, NODATA. */
typedef void weir_vec_op_fn_t (double *restrict dst, const double *a, const double *b,
                               const double *c, double value, size_t n);
weir_vec_op_fn_t *weir_vec_op (weir_op_t op);

/* Cells (or wide accumulators) to values. `nodata`: the integer that stands for no-data, NaN if
 * there is none. */
void weir_vec_load (int type, double nodata, double *dst, const void *src, size_t n);
/* Rounds to what the cell can hold, as weir_cell_round does for one value; dst may be src. */
void weir_vec_round (weir_cell_t cell, double *dst, const double *src, size_t n);
/* Values that weir_vec_round left. */
void weir_vec_store (weir_cell_t cell, void *dst, const double *src, size_t n);
/* How many values an integer cell cannot hold: out of range after rounding, no-data without a
 * no-data value and, if `strict`, a value that is the no-data value. Floats hold all. */
size_t weir_vec_misfits (weir_cell_t cell, bool strict, const double *src, size_t n);
/* sum[i] / count[i]; no-data where count is 0 or `poison` (< 0: none). */
void weir_vec_mean (double *sum, const double *count, double poison, size_t n);

void weir_fill_bits (void *dst, size_t cell_bytes, uint64_t bits, size_t n);

/* One value: rounded and saturated to the cell, with no-data where the cell holds its no-data
 * value. */
double weir_cell_round (weir_cell_t cell, double value);
double weir_nan_canonical (double value);
/* Type, and no-data representable in it; for cells that came from a plan. */
int weir_cell_check (weir_cell_t cell, const char *what, weir_err_t *err);

#endif
