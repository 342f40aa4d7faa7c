/* warp.h - which pixel of a file each pixel of a grid takes: nearest neighbour, exactly
 *
 * The centre of every pixel is transformed by itself, in float64, without approximation; it takes
 * the pixel of the file that holds it. Points are transformed in segments of WEIR_WARP_SEGMENT
 * columns that begin at multiples of it, whatever the window, because a transformation may choose
 * its method by the whole of what it is given: so the shape of a chunk never shows.
 *
 * What is made is a list of reads, each inside one row of the file's blocks and naming only blocks
 * that are needed, and for each decoded piece the cells to take from it. Where both share a CRS,
 * columns and rows are found apart from each other and nothing is kept per pixel.
 *
 * Runs on      any thread; pure; a warp is read-only once made
 * Limits       windows of at most WEIR_WARP_CELLS_MAX pixels, unless one row has more; 12 bytes a
 *              pixel where CRS differ
 * Source       DESIGN 3 (6), 8 (Grid)
 */
#ifndef WEIR_CUBE_WARP_H
#define WEIR_CUBE_WARP_H

#include "cube/grid/grid.h"

#define WEIR_WARP_SEGMENT 64
#define WEIR_WARP_CELL_BYTES 12
#define WEIR_WARP_CELLS_MAX ((size_t) 1 << 20)

/* Transforms n points in place, from the grid's CRS to the file's; those without a place there
 * become infinite or NaN. */
typedef int weir_points_fn (void *arg, size_t n, double *x, double *y, weir_err_t *err);

typedef struct { /* one read of the file */
	weir_window_t window;
	size_t first, end; /* the warp's own */
	size_t col_first, col_end;
} weir_warp_read_t;

typedef struct {
	weir_window_t window; /* in pixels of the grid */
	bool is_separable;    /* col and row: of each column, of each row; else of each cell taken */
	int32_t *col, *row;   /* in the file; separable: -1 outside */
	uint32_t *target;     /* not separable: cells of the window, row by row */
	size_t n_reads;
	weir_warp_read_t *reads;
	int64_t block_width;
} weir_warp_t;

/* points NULL: both have the same CRS. block_width, block_height: of the file, ≥ 1. */
int weir_warp_new (const weir_grid_t *grid, weir_window_t window, const weir_grid_t *file,
                   int block_width, int block_height, weir_points_fn *points, void *arg,
                   weir_warp_t **warp_out, weir_err_t *err);
void weir_warp_destroy (weir_warp_t **self_p);
size_t weir_warp_bytes (const weir_warp_t *self);

/* Gets n cells, packed, and where in the window each goes (row · width + col). */
typedef void weir_warp_emit_fn (void *arg, const void *cells, const uint32_t *targets, size_t n);

/* A decoded piece of read `read`: cells of cell_bytes, row_stride in cells; row and col are within
 * the read's window. Gives every cell that is taken from it once. */
void weir_warp_gather (const weir_warp_t *self, const weir_warp_read_t *read, size_t cell_bytes,
                       const void *cells, size_t row_stride, size_t row, size_t col, size_t n_rows,
                       size_t n_cols, weir_warp_emit_fn *emit, void *arg);

#endif
