/* bench-raster.c - what the raster connector costs on top of the libraries below it
 *
 * read    weir_raster_read against a plain loop of GDALReadBlock over the same files, both adding
 *         up every cell
 * encode  weir_encode_chunk in MB/s of cells, for noisy and smooth masks and each compression
 *
 * Usage    bench-raster [FOLDER [N_FILES [SIDE]]]     default: a new folder below /tmp, 8 files,
 *          4096
 * Prints   one line a figure; medians of 5, the two readers in turns; sums are compared first
 */
#include "connectors/raster/encode.h"
#include "connectors/raster/raster.h"
#include "runtime/base/mem.h"

#include <gdal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { N_TIMES = 5, BLOCK = 512 };

static double
s_now (void)
{
	struct timespec now;
	clock_gettime (CLOCK_MONOTONIC, &now);
	return (double) now.tv_sec + (double) now.tv_nsec / 1e9;
}

static int
s_compare (const void *a, const void *b)
{
	double left = *(const double *) a, right = *(const double *) b;
	return (left > right) - (left < right);
}

static double
s_median (double *times)
{
	qsort (times, N_TIMES, sizeof *times, s_compare);
	return times[N_TIMES / 2];
}

/* Masks of 0, 1 and 255: smooth swaths with a ragged edge, or with noise all over. */
static uint8_t
s_mask (int file, int row, int col, bool is_noisy)
{
	uint32_t hash = (uint32_t) row * 73856093U ^ (uint32_t) col * 19349663U;
	hash ^= (uint32_t) file * 83492791U;
	hash = (hash ^ hash >> 13) * 0x5bd1e995U;
	int edge = (row / 3 + file * 97) % 900;
	if (col % 4096 < edge)
		return 255;
	if (is_noisy && (hash >> 8) % 17 == 0)
		return 1;
	return ((row >> 6) * 31 + (col >> 6) * 17 + file) % 7 == 0;
}

static void
s_make_file (const char *path, int file, int side)
{
	char tiled[] = "TILED=YES", width[] = "BLOCKXSIZE=512", height[] = "BLOCKYSIZE=512",
		 compress[] = "COMPRESS=DEFLATE";
	char *options[] = { tiled, width, height, compress, NULL };
	GDALDatasetH dataset = GDALCreate (GDALGetDriverByName ("GTiff"), path, side, side, 1, GDT_Byte,
	                                   options);
	uint8_t *row_cells = weir_alloc ((size_t) side);
	for (int row = 0; dataset != NULL && row < side; row++) {
		for (int col = 0; col < side; col++)
			row_cells[col] = s_mask (file, row, col, true);
		if (GDALRasterIO (GDALGetRasterBand (dataset, 1), GF_Write, 0, row, side, 1, row_cells,
		                  side, 1, GDT_Byte, 0, 0) != CE_None)
			break;
	}
	free (row_cells);
	GDALClose (dataset);
}

/* ---- reading */

static uint64_t
s_add_up (const uint8_t *cells, size_t n)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < n; i++)
		sum += cells[i];
	return sum;
}

static int
s_sum_piece (void *arg, weir_type_t type, const void *cells, size_t row_stride, size_t row,
             size_t col, size_t n_rows, size_t n_cols)
{
	uint64_t *sum = arg;
	(void) type, (void) row, (void) col;
	for (size_t i = 0; i < n_rows; i++)
		*sum += s_add_up ((const uint8_t *) cells + i * row_stride, n_cols);
	return 0;
}

static uint64_t
s_read_plain (char **paths, int n_files, int side)
{
	uint64_t sum = 0;
	uint8_t *block = aligned_alloc (64, (size_t) BLOCK * BLOCK);
	for (int i = 0; i < n_files; i++) {
		GDALDatasetH dataset = GDALOpen (paths[i], GA_ReadOnly);
		if (dataset == NULL)
			continue;
		for (int n = 0; n < (side / BLOCK) * (side / BLOCK); n++)
			if (GDALReadBlock (GDALGetRasterBand (dataset, 1), n % (side / BLOCK),
			                   n / (side / BLOCK), block) == CE_None)
				sum += s_add_up (block, (size_t) BLOCK * BLOCK);
		GDALClose (dataset);
	}
	free (block);
	return sum;
}

static uint64_t
s_read_weir (char **paths, int n_files, int side)
{
	uint64_t sum = 0;
	weir_raster_cache_t *cache = weir_raster_cache_new ((size_t) 64 << 20);
	for (int row = 0; row < side;
	     row += BLOCK) { /* chunk by chunk through all files, as a job reads */
		for (int i = 0; i < n_files; i++) {
			weir_err_t err;
			weir_window_t window = { 0, row, side, BLOCK };
			if (weir_raster_read (cache, paths[i], side, side, 1, window, s_sum_piece, &sum,
			                      &err) != 0)
				fprintf (stderr, "bench-raster: %s: %s\n", err.where, err.text);
		}
	}
	weir_raster_cache_destroy (&cache);
	return sum;
}

static int
s_bench_read (char **paths, int n_files, int side)
{
	double plain[N_TIMES], weir[N_TIMES];
	if (s_read_plain (paths, n_files, side) != s_read_weir (paths, n_files, side)) {
		fprintf (stderr, "bench-raster: the two readers differ\n");
		return 1;
	}
	for (int i = 0; i < N_TIMES; i++) {
		double begin = s_now ();
		s_read_plain (paths, n_files, side);
		double middle = s_now ();
		s_read_weir (paths, n_files, side);
		plain[i] = middle - begin;
		weir[i] = s_now () - middle;
	}
	double a = s_median (plain), b = s_median (weir);
	double mpx = (double) n_files * side * side / 1e6;
	printf ("read   GDALReadBlock %6.0f Mpx/s   weir_raster_read %6.0f Mpx/s   ratio %.3f\n",
	        mpx / a, mpx / b, b / a);
	return 0;
}

/* ---- encoding */

static void
s_bench_encode (char *compress, int side, bool is_noisy)
{
	char node[] = "save";
	weir_plan_source_t source = { .n_bands = 1, .grid = { .width = side, .height = side } };
	weir_plan_output_t output = { .node = node,
		                          .chunk_width = side,
		                          .chunk_height = side,
		                          .n_chunk_cols = 1,
		                          .n_chunk_rows = 1,
		                          .options = { .compress = compress,
		                                       .predictor = 1,
		                                       .block_width = BLOCK,
		                                       .block_height = BLOCK,
		                                       .tiled = true },
		                          .pipeline.out = {
									  .type = WEIR_U8, .has_nodata = true, .nodata = 255 } };
	weir_plan_t plan = { .n_sources = 1, .sources = &source, .n_outputs = 1, .outputs = &output };
	weir_plan_chunk_t chunk = { .window = { 0, 0, side, side } };
	uint8_t *cells = weir_alloc ((size_t) side * (size_t) side);
	for (int i = 0; i < side * side; i++)
		cells[i] = s_mask (0, i / side, i % side, is_noisy);
	double times[N_TIMES];
	size_t n_bytes = 0;
	for (int i = 0; i < N_TIMES; i++) {
		weir_err_t err;
		uint8_t *bytes = NULL;
		double begin = s_now ();
		if (weir_encode_chunk (&plan, &chunk, cells, &bytes, &n_bytes, &err) != 0)
			fprintf (stderr, "bench-raster: %s: %s\n", err.code, err.text);
		times[i] = s_now () - begin;
		free (bytes);
	}
	free (cells);
	double mb = (double) side * side / 1e6;
	printf ("encode %-8s %-6s %7.0f MB/s   %.1f : 1\n", compress, is_noisy ? "noisy" : "smooth",
	        mb / s_median (times), mb * 1e6 / (double) (n_bytes > 0 ? n_bytes : 1));
}

int
main (int argc, char **argv)
{
	char made[] = "/tmp/bench-raster-XXXXXX";
	const char *folder = argc > 1 ? argv[1] : mkdtemp (made);
	int n_files = argc > 2 ? (int) strtol (argv[2], NULL, 10) : 8;
	int side = argc > 3 ? (int) strtol (argv[3], NULL, 10) / BLOCK * BLOCK : 4096;
	weir_err_t err;
	if (folder == NULL || n_files < 1 || side < BLOCK || side > 16384 ||
	    weir_raster_init (&err) != 0) {
		fprintf (stderr, "usage: bench-raster [FOLDER [N_FILES [SIDE]]]\n");
		return 2;
	}
	char **paths = weir_alloc ((size_t) n_files * sizeof *paths);
	for (int i = 0; i < n_files; i++) {
		paths[i] = weir_asprintf ("%s/bench-%d.tif", folder, i);
		s_make_file (paths[i], i, side);
	}
	int failed = s_bench_read (paths, n_files, side);
	char compressions[][9] = { "NONE", "LZW", "DEFLATE", "ZSTD", "PACKBITS" };
	for (size_t i = 0; i < sizeof compressions / sizeof compressions[0]; i++)
		for (int is_noisy = 1; is_noisy >= 0; is_noisy--)
			s_bench_encode (compressions[i], 2048, is_noisy != 0);
	for (int i = 0; i < n_files; i++) {
		unlink (paths[i]);
		free (paths[i]);
	}
	free (paths);
	if (argc <= 1)
		rmdir (folder);
	weir_raster_shutdown ();
	return failed;
}
