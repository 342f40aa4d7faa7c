/* test_warp.c - cells that a warp takes, against the rule applied pixel by pixel */
#include "cube/grid/warp.h"
#include "runtime/base/mem.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define N(array) (sizeof (array) / sizeof *(array))
#define NOTHING UINT32_MAX

/* A bend that has no place west of x = 12. */
static int
s_bend (void *arg, size_t n, double *x, double *y, weir_err_t *err)
{
	(void) arg;
	(void) err;
	for (size_t i = 0; i < n; i++) {
		double u = x[i], v = y[i];
		x[i] = u < 12 ? (double) INFINITY : u * 0.8 - v * 0.6 + 20 * sin (v / 50);
		y[i] = u < 12 ? (double) NAN : u * 0.6 + v * 0.8;
	}
	return 0;
}

/* Depends on all points that it is given at once, as a transformation does that picks its method by
 * them. */
static int
s_fickle (void *arg, size_t n, double *x, double *y, weir_err_t *err)
{
	(void) arg;
	(void) err;
	double mean = 0;
	for (size_t i = 0; i < n; i++)
		mean += x[i] / (double) n;
	for (size_t i = 0; i < n; i++) {
		x[i] += fmod (mean, 7);
		y[i] -= 3;
	}
	return 0;
}

typedef struct {
	uint32_t *got; /* column + 1000 · row of the file, by cell of the window */
	size_t n_twice;
} s_target_t;

static void
s_note (void *arg, const void *cells, const uint32_t *targets, size_t n)
{
	s_target_t *to = arg;
	const uint32_t *values = cells;
	for (size_t i = 0; i < n; i++) {
		to->n_twice += to->got[targets[i]] != NOTHING;
		to->got[targets[i]] = values[i];
	}
}

/* A reader that hands on each block of the read, as the raster connector does. */
static void
s_read (const weir_warp_t *warp, const weir_warp_read_t *read, const uint32_t *file,
        const weir_grid_t *grid, const int block[2], s_target_t *to)
{
	weir_window_t w = read->window, all = { 0, 0, grid->width, grid->height };
	weir_window_t inside = weir_window_intersect (w, all);
	assert_memory_equal (&inside, &w, sizeof w);
	assert_int_equal (w.row / block[1], (w.row + w.height - 1) / block[1]);
	for (int64_t b = w.col / block[0]; b <= (w.col + w.width - 1) / block[0]; b++) {
		weir_window_t part = { b * block[0], w.row, block[0], w.height };
		part = weir_window_intersect (part, w);
		weir_warp_gather (warp, read, sizeof *file, file + part.row * grid->width + part.col,
		                  (size_t) grid->width, (size_t) (part.row - w.row),
		                  (size_t) (part.col - w.col), (size_t) part.height, (size_t) part.width,
		                  s_note, to);
	}
}

static uint32_t *
s_run (const weir_grid_t *grid, weir_window_t window, const weir_grid_t *file, const int block[2],
       weir_points_fn *points)
{
	size_t n = (size_t) (window.width * window.height);
	uint32_t *values = weir_alloc ((size_t) (file->width * file->height) * sizeof *values);
	for (int64_t r = 0; r < file->height; r++)
		for (int64_t c = 0; c < file->width; c++)
			values[r * file->width + c] = (uint32_t) (c + 1000 * r);
	s_target_t to = { .got = weir_alloc (n * sizeof *to.got) };
	memset (to.got, 0xFF, n * sizeof *to.got);
	weir_warp_t *warp = NULL;
	weir_err_t err = { 0 };
	assert_int_equal (
		weir_warp_new (grid, window, file, block[0], block[1], points, NULL, &warp, &err), 0);
	for (size_t i = 0; i < warp->n_reads; i++)
		s_read (warp, &warp->reads[i], values, file, block, &to);
	assert_int_equal (to.n_twice, 0);
	assert_true (weir_warp_bytes (warp) > 0);
	weir_warp_destroy (&warp);
	free (values);
	return to.got;
}

/* The rule: the pixel of the file that holds the centre. */
static uint32_t
s_rule (const weir_grid_t *grid, int64_t row, int64_t col, const weir_grid_t *file,
        weir_points_fn *points)
{
	const double *t = grid->transform, *f = file->transform;
	double x = t[0] + ((double) col + 0.5) * t[1], y = t[3] + ((double) row + 0.5) * t[5];
	if (points != NULL)
		points (NULL, 1, &x, &y, NULL);
	double c = floor ((x - f[0]) / f[1]), r = floor ((y - f[3]) / f[5]);
	bool is_inside = c >= 0 && c < (double) file->width && r >= 0 && r < (double) file->height;
	return is_inside ? (uint32_t) (c + 1000 * r) : NOTHING;
}

typedef struct {
	const char *name;
	weir_grid_t grid;
	weir_window_t window;
	weir_grid_t file;
	int block[2];
	weir_points_fn *points;
} s_case_t;

static const s_case_t s_cases[] = {
	{ "half a pixel",
	  { 0, { 5, 10, 0, 95, 0, -10 }, 20, 20 },
	  { 0, 0, 20, 20 },
	  { 0, { 0, 10, 0, 100, 0, -10 }, 10, 10 },
	  { 4, 4 },
	  NULL },
	{ "finer",
	  { 0, { 0, 3, 0, 100, 0, -3 }, 40, 40 },
	  { 2, 3, 30, 31 },
	  { 0, { 10, 10, 0, 90, 0, -10 }, 8, 8 },
	  { 3, 2 },
	  NULL },
	{ "coarser",
	  { 0, { -50, 70, 0, 500, 0, -90 }, 12, 12 },
	  { 0, 0, 12, 12 },
	  { 0, { 0, 3, 0, 400, 0, -3 }, 120, 110 },
	  { 16, 1 },
	  NULL },
	{ "coarser, tiles",
	  { 0, { -50, 70, 0, 500, 0, -90 }, 12, 12 },
	  { 0, 0, 12, 12 },
	  { 0, { 0, 3, 0, 400, 0, -3 }, 120, 110 },
	  { 16, 16 },
	  NULL },
	{ "south-up file",
	  { 0, { 0, 7, 0, 100, 0, -7 }, 14, 14 },
	  { 0, 0, 14, 14 },
	  { 0, { 3, 5, 0, 0, 0, 5 }, 18, 17 },
	  { 4, 5 },
	  NULL },
	{ "south-up grid",
	  { 0, { 0, 7, 0, 0, 0, 7 }, 14, 14 },
	  { 1, 2, 12, 11 },
	  { 0, { 3, 5, 0, 90, 0, -5 }, 18, 17 },
	  { 4, 5 },
	  NULL },
	{ "one block",
	  { 0, { 0, 7, 0, 100, 0, -7 }, 14, 14 },
	  { 0, 0, 14, 14 },
	  { 0, { 3, 5, 0, 90, 0, -5 }, 18, 17 },
	  { 64, 64 },
	  NULL },
	{ "apart",
	  { 0, { 0, 7, 0, 100, 0, -7 }, 14, 14 },
	  { 0, 0, 14, 14 },
	  { 0, { 1000, 5, 0, 90, 0, -5 }, 18, 17 },
	  { 64, 64 },
	  NULL },
	{ "bent",
	  { 0, { 0, 1.7, 0, 100, 0, -1.3 }, 100, 100 },
	  { 0, 0, 100, 100 },
	  { 1, { -20, 2, 0, 120, 0, -2 }, 70, 60 },
	  { 8, 8 },
	  s_bend },
	{ "bent, strips",
	  { 0, { 0, 1.7, 0, 100, 0, -1.3 }, 100, 100 },
	  { 30, 20, 70, 61 },
	  { 1, { -20, 2, 0, 120, 0, -2 }, 70, 60 },
	  { 70, 1 },
	  s_bend },
	{ "bent, finer",
	  { 0, { 30, 0.2, 0, 40, 0, -0.2 }, 90, 90 },
	  { 0, 0, 90, 90 },
	  { 1, { -20, 2, 0, 120, 0, -2 }, 70, 60 },
	  { 16, 3 },
	  s_bend },
	{ "bent, apart",
	  { 0, { 0, 1.7, 0, 100, 0, -1.3 }, 70, 70 },
	  { 0, 0, 70, 70 },
	  { 1, { 9000, 2, 0, 120, 0, -2 }, 70, 60 },
	  { 8, 8 },
	  s_bend },
};

static void
test_cells (void **state)
{
	(void) state;
	for (size_t i = 0; i < N (s_cases); i++) {
		const s_case_t *c = &s_cases[i];
		weir_window_t w = c->window;
		uint32_t *got = s_run (&c->grid, w, &c->file, c->block, c->points);
		for (int64_t r = 0; r < w.height; r++)
			for (int64_t k = 0; k < w.width; k++) {
				uint32_t want = s_rule (&c->grid, w.row + r, w.col + k, &c->file, c->points);
				if (got[r * w.width + k] != want)
					fail_msg ("%s: row %d, column %d: %u, not %u", c->name, (int) r, (int) k,
					          got[r * w.width + k], want);
			}
		free (got);
	}
}

/* What is cut into windows is the same as the whole, whatever the transformation does. */
static void
test_windows_do_not_show (void **state)
{
	(void) state;
	const weir_grid_t grid = { 0, { 0, 1.5, 0, 100, 0, -1.5 }, 200, 20 };
	const weir_grid_t file = { 1, { 0, 2, 0, 100, 0, -2 }, 160, 20 };
	const int block[2] = { 16, 16 };
	weir_window_t all = { -70, 0, 270, 20 };
	uint32_t *whole = s_run (&grid, all, &file, block, s_fickle);
	static const weir_window_t parts[] = { { -70, 0, 1, 20 },
		                                   { -69, 3, 100, 7 },
		                                   { 31, 0, 33, 20 },
		                                   { 64, 1, 64, 1 },
		                                   { 199, 19, 1, 1 } };
	for (size_t p = 0; p < N (parts); p++) {
		weir_window_t w = parts[p];
		uint32_t *got = s_run (&grid, w, &file, block, s_fickle);
		for (int64_t r = 0; r < w.height; r++)
			for (int64_t c = 0; c < w.width; c++)
				assert_int_equal (got[r * w.width + c],
				                  whole[(w.row + r) * all.width + w.col + c + 70]);
		free (got);
	}
	free (whole);
}

/* Only blocks that are needed are read, each once: at 70 to 3 few rows of strips are. */
static void
test_reads_are_few (void **state)
{
	(void) state;
	const s_case_t *c = &s_cases[2];
	weir_warp_t *warp = NULL;
	assert_int_equal (
		weir_warp_new (&c->grid, c->window, &c->file, 120, 1, NULL, NULL, &warp, NULL), 0);
	assert_int_equal (warp->n_reads, 4); /* rows of the grid at 455, 365 … of which 4 lie inside */
	weir_warp_destroy (&warp);
}

static int
s_break (void *arg, size_t n, double *x, double *y, weir_err_t *err)
{
	(void) arg;
	(void) n;
	(void) x;
	(void) y;
	return weir_err_invalid (err, "CRSInvalid", NULL, "no way");
}

static void
test_failure (void **state)
{
	(void) state;
	const s_case_t *c = &s_cases[8];
	weir_warp_t *warp = NULL;
	weir_err_t err = { 0 };
	assert_int_equal (
		weir_warp_new (&c->grid, c->window, &c->file, 8, 8, s_break, NULL, &warp, &err),
		WEIR_E_INVALID);
	assert_null (warp);
	weir_warp_destroy (&warp);
}

/* A file of two thousand million one-row strips: what is kept does not grow with them. */
static void
test_huge_file (void **state)
{
	(void) state;
	const weir_grid_t grid = { 0, { 0, 1, 0, 0, 0, -1 }, 64, 64 };
	const weir_grid_t file = { 1, { -1e9, 1e-3, 0, 1e6, 0, -1e-3 }, 2147483647, 2147483647 };
	weir_warp_t *warp = NULL;
	assert_int_equal (weir_warp_new (&grid, (weir_window_t){ 0, 0, 64, 64 }, &file, 1, 1, s_bend,
	                                 NULL, &warp, NULL),
	                  0);
	assert_true (weir_warp_bytes (warp) < 1000000);
	weir_warp_destroy (&warp);
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (test_cells),         cmocka_unit_test (test_windows_do_not_show),
		cmocka_unit_test (test_reads_are_few), cmocka_unit_test (test_failure),
		cmocka_unit_test (test_huge_file),
	};
	return cmocka_run_group_tests (tests, NULL, NULL);
}
