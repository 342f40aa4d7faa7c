/* shape.c - size of chunks, length of runs, memory of a slot
 *
 * A chunk is the smallest multiple of the output tile and of the files' block, at most 4096 × 4096,
 * never more tiles than the grid has. It shrinks, tile by tile, where its working set is too large;
 * below one tile the job is refused.
 *
 * Source   DESIGN 3 (2, 5, 6), 5, 7
 */
#include "cube/plan/planner.h"
#include "runtime/base/mem.h"

#include <stdio.h>

#define STRIP_ROWS 512
#define JOB_CHUNKS_MAX (INT64_C (1) << 28) /* three bytes each in the store */
#define RUNS_PER_SLOT 4
#define RUN_LABELS_MAX WEIR_PLAN_RUN_LABELS_MAX

bool
weir_plan_count_chunks (weir_plan_output_t *output, const weir_plan_source_t *source)
{
	if (output->chunk_width < 1 || output->chunk_height < 1)
		return false;
	output->n_chunk_cols = (uint64_t) ((source->grid.width - 1) / output->chunk_width + 1);
	output->n_chunk_rows = (uint64_t) ((source->grid.height - 1) / output->chunk_height + 1);
	uint64_t n_labels = output->keeps_time ? source->n_labels : 1;
	return !__builtin_mul_overflow (output->n_chunk_cols, output->n_chunk_rows,
	                                &output->n_chunks) &&
	       !__builtin_mul_overflow (output->n_chunks, n_labels, &output->n_chunks) &&
	       output->n_chunks <= WEIR_PLAN_CHUNKS_MAX;
}

uint64_t
weir_plan_chunk_cells (const weir_plan_output_t *output, const weir_plan_source_t *source)
{
	int64_t width = output->chunk_width < source->grid.width ? output->chunk_width
	                                                         : source->grid.width;
	int64_t height = output->chunk_height < source->grid.height ? output->chunk_height
	                                                            : source->grid.height;
	return (uint64_t) width * (uint64_t) height;
}

char *
weir_plan_bytes_text (uint64_t bytes, char *buf, size_t buf_bytes)
{
	static const char *const units[] = { "bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	size_t unit = 0;
	while (bytes >> (10 * unit) >= 1024)
		unit++;
	double value = (double) bytes / (double) (UINT64_C (1) << (10 * unit));
	snprintf (buf, buf_bytes, "%.*f %s", unit == 0 ? 0 : 1, value, units[unit]);
	return buf;
}

static int64_t
s_round_up (int64_t value, int64_t step)
{
	return (value + step - 1) / step * step;
}

static int64_t
s_gcd (int64_t a, int64_t b)
{
	while (b != 0) {
		int64_t rest = a % b;
		a = b;
		b = rest;
	}
	return a;
}

/* One side of a chunk, in pixels. */
static int64_t
s_choose_side (int64_t tile, int64_t block, int64_t grid, int64_t wanted)
{
	int64_t whole = s_round_up (grid, tile), side;
	if (wanted > 0)
		return wanted < whole ? s_round_up (wanted, tile) : whole;
	int64_t common = tile / s_gcd (tile, block) * block;
	if (common <= WEIR_CHUNK_SIDE_MAX)
		side = common;
	else if (block < WEIR_CHUNK_SIDE_MAX)
		side = s_round_up (block, tile);
	else
		side = WEIR_CHUNK_SIDE_MAX / tile * tile;
	if (side > WEIR_CHUNK_SIDE_MAX)
		side = WEIR_CHUNK_SIDE_MAX / tile * tile;
	if (side < tile)
		side = tile;
	return side < whole ? side : whole;
}

static void
s_choose_chunk (const weir_plan_options_t *options, const weir_plan_source_t *source,
                weir_plan_output_t *output)
{
	int64_t block_width = source->block_width, block_height = source->block_height;
	bool is_strip = source->n_items > 0 &&
	                block_width >= weir_plan_item_place (&source->items[0], 0).window.width;
	if (is_strip && block_height < STRIP_ROWS)
		block_height = STRIP_ROWS;
	output->chunk_width = s_choose_side (output->options.block_width, block_width,
	                                     source->grid.width, options->chunk_width);
	output->chunk_height = s_choose_side (output->options.block_height, block_height,
	                                      source->grid.height, options->chunk_height);
}

/* 16 · 2^k labels, at least `wanted`. */
static uint32_t
s_round_run (uint64_t wanted)
{
	uint32_t labels = WEIR_LEAF_LABELS;
	while (labels < wanted && labels < RUN_LABELS_MAX)
		labels *= 2;
	return labels;
}

static void
s_choose_runs (const weir_plan_options_t *options, const weir_plan_source_t *source,
               weir_plan_output_t *output)
{
	uint64_t n_labels = output->keeps_time ? 1 : source->n_labels;
	uint64_t wanted = (uint64_t) RUNS_PER_SLOT * (options->n_slots > 0 ? options->n_slots : 1);
	output->run_labels = s_round_run (n_labels);
	if (options->run_labels > 0)
		output->run_labels = s_round_run (options->run_labels);
	else if (output->n_chunks < wanted) {
		uint64_t runs_per_chunk = (wanted - 1) / output->n_chunks + 1;
		while (output->run_labels > WEIR_LEAF_LABELS &&
		       (n_labels - 1) / output->run_labels + 1 < runs_per_chunk)
			output->run_labels /= 2;
	}
	output->is_whole_chunk = n_labels <= output->run_labels;
}

/* Polygons mark every cell of a chunk; a file of another CRS has a place for every cell. */
static uint64_t
s_measure_places (const weir_plan_source_t *source, uint64_t cells)
{
	return (source->mask.n_points > 0 ? cells : 0) + (source->is_warped ? WEIR_WARPS_BYTES : 0);
}

/* Bytes that one slot holds at once: accumulators of a run, the finished block, one slice and one
 * decoded block. UINT64_MAX where a payload would be larger than a message may be. */
static uint64_t
s_measure_slot (const weir_stage_t *stage, const weir_plan_source_t *source,
                weir_plan_output_t *output)
{
	uint64_t cells = weir_plan_chunk_cells (output, source);
	uint64_t n_inputs = weir_plan_output_inputs (source, output);
	if (cells * n_inputs > WEIR_PLAN_PAYLOAD_MAX)
		return UINT64_MAX;
	uint64_t n_labels = output->keeps_time ? 1 : source->n_labels;
	uint64_t run = n_labels < output->run_labels ? n_labels : output->run_labels;
	uint64_t acc_bytes = weir_stage_acc_bytes (stage, cells);
	output->acc_bytes = weir_plan_output_accs (source, output) * acc_bytes;
	output->block_bytes = weir_plan_output_bands (source, output) * cells *
	                      weir_type_size (output->pipeline.out.type);
	if (output->acc_bytes > WEIR_PLAN_PAYLOAD_MAX || output->block_bytes > WEIR_PLAN_PAYLOAD_MAX)
		return UINT64_MAX;
	uint64_t cell_bytes = weir_type_size (source->cell.type);
	uint64_t decoded = (uint64_t) source->block_width * (uint64_t) source->block_height *
	                   cell_bytes;
	if (output->pipeline.bands_at == WEIR_BANDS_SLICE)
		decoded *= 1 + n_inputs; /* and the blocks of all bands translated */
	return output->acc_bytes * weir_stage_run_accs (stage, (uint32_t) run) + output->block_bytes +
	       n_inputs * cells * cell_bytes + decoded + s_measure_places (source, cells);
}

/* Halves the longer side, in whole tiles; false if it is one tile already. */
static bool
s_shrink_chunk (weir_plan_output_t *output)
{
	int64_t tile_width = output->options.block_width, tile_height = output->options.block_height;
	int64_t cols = output->chunk_width / tile_width, rows = output->chunk_height / tile_height;
	if (cols == 1 && rows == 1)
		return false;
	bool is_wide = rows == 1 || (cols > 1 && output->chunk_width > output->chunk_height);
	if (is_wide)
		output->chunk_width = (cols + 1) / 2 * tile_width;
	else
		output->chunk_height = (rows + 1) / 2 * tile_height;
	return true;
}

/* Chunks, runs and the working set of one slot, for the chunk size as it is. */
static int
s_measure_output (const weir_plan_options_t *options, const weir_stage_t *stage,
                  const weir_plan_source_t *source, weir_plan_output_t *output, uint64_t *bytes_out,
                  weir_err_t *err)
{
	if (!weir_plan_count_chunks (output, source) || output->n_chunks > JOB_CHUNKS_MAX)
		return weir_err_invalid (
			err, "ExtentTooLarge", output->node,
			"%lld × %lld pixels%s are more than %lld chunks of %lld × %lld: choose a smaller extent or "
			"larger pixels",
			(long long) source->grid.width, (long long) source->grid.height,
			output->keeps_time ? " a date" : "", (long long) JOB_CHUNKS_MAX,
			(long long) output->chunk_width, (long long) output->chunk_height);
	s_choose_runs (options, source, output);
	*bytes_out = s_measure_slot (stage, source, output);
	return WEIR_OK;
}

static int
s_refuse (const weir_plan_output_t *output, uint64_t bytes, uint64_t budget, weir_err_t *err)
{
	char needed[32], there[32];
	if (bytes == UINT64_MAX)
		return weir_err_set (
			err, WEIR_E_MEMORY, WEIR_CLASS_GIVE_UP, "MemoryExceeded", output->node,
			"one output tile of %d × %d is larger than a chunk may be: choose smaller tiles or "
			"fewer bands",
			output->options.block_width, output->options.block_height);
	uint64_t mebibytes = (bytes - 1) / (1024 * 1024) + 1;
	return weir_err_set (err, WEIR_E_MEMORY, WEIR_CLASS_GIVE_UP, "MemoryExceeded", output->node,
	                     "the smallest working set is %s, the budget %s: --memory %lluM would fit",
	                     weir_plan_bytes_text (bytes, needed, sizeof needed),
	                     weir_plan_bytes_text (budget, there, sizeof there),
	                     (unsigned long long) mebibytes);
}

int
weir_shape_output (const weir_plan_options_t *options, const weir_plan_source_t *source,
                   weir_plan_output_t *output, uint64_t *memory_out, weir_err_t *err)
{
	weir_stage_t *stage = NULL;
	int rc = weir_stage_new (&output->pipeline, (uint32_t) source->n_labels, &stage, err);
	if (rc != WEIR_OK)
		return rc;
	uint64_t bytes = 0;
	s_choose_chunk (options, source, output);
	do
		rc = s_measure_output (options, stage, source, output, &bytes, err);
	while (rc == WEIR_OK && bytes > options->memory_bytes && s_shrink_chunk (output));
	if (rc == WEIR_OK && bytes > options->memory_bytes)
		rc = s_refuse (output, bytes, options->memory_bytes, err);
	weir_stage_destroy (&stage);
	*memory_out = bytes;
	return rc;
}
