/* mask.c - see mask.h
 *
 * Places are measured in u = column / width and v = row / height of the area. The river runs from
 * west to east along v = centre (u); its half width grows and shrinks over the month with the stage
 * of the flood. A frame covers, in every row, one interval of columns: between the edges of the
 * swath, and between the cuts along the track, which are a little askew. */
#include "mask.h"

#include "runtime/base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NOISE_CELL 24 /* pixels between the points of the ragged banks */
#define BED_HALF_WIDTH 0.004
#define CUT_SKEW 0.1
#define FRAME_OVERLAP 0.06
#define NOISY_FLOOD 22 /* of 256: makes deflate reach about 10 times */
#define NOISY_NODATA 254
#define SMOOTH_STEP 8 /* rows with the same swath edges */

enum { HASH_FRAMES = 1, HASH_SWATH, HASH_RIVER, HASH_BANK, HASH_NOISE, HASH_POND };

struct weir_mask {
	const weir_scene_t *scene;
	int64_t date;
	int64_t col, n_cols;
	double west, east, slope;   /* swath edges at mid height, in u, and how much they lean */
	double cut_from, cut_to;    /* along the track */
	float *centre, *half_width; /* of each column, in v */
	float *noise;               /* of each column, of the row that is being made; 0 … 1 */
	uint8_t of_byte[256];       /* noisy: random byte -> cell */
};

static double
s_chance (const weir_mask_t *self, uint64_t what, uint64_t a, uint64_t b)
{
	return weir_scene_chance (self->scene, what, a, b);
}

static double
s_swing (const weir_mask_t *self, uint64_t what, double u, double waves, uint64_t i)
{
	return sin (2 * M_PI * (waves * u + s_chance (self, what, i, 0)));
}

static void
s_shape_river (weir_mask_t *self)
{
	const weir_scene_t *scene = self->scene;
	double day = (double) weir_scene_seconds (scene, self->date, 0) / 86400;
	double stage = exp (-pow ((day - 13) / 6.5, 2));
	double aspect = (double) scene->width / (double) scene->height;
	for (int64_t i = 0; i < self->n_cols; i++) {
		double u = ((double) (self->col + i) + 0.5) / (double) scene->width * aspect;
		double centre = 0.5 + 0.17 * s_swing (self, HASH_RIVER, u, 0.8, 0) +
		                0.07 * s_swing (self, HASH_RIVER, u, 2.3, 1) +
		                0.02 * s_swing (self, HASH_RIVER, u, 6.1, 2);
		double bulge = 0.55 + 0.25 * s_swing (self, HASH_BANK, u, 1.7, 0) +
		               0.2 * s_swing (self, HASH_BANK, u, 4.3, 1);
		self->centre[i] = (float) centre;
		self->half_width[i] = (float) (0.008 + 0.15 * stage * bulge);
	}
}

static void
s_shape_frame (weir_mask_t *self, int frame)
{
	uint64_t date = (uint64_t) self->date;
	int n_frames = weir_scene_n_frames (self->scene, self->date);
	double reach = self->scene->options.kind == WEIR_ARCHIVE_SMOOTH ? 0.25 : 0.45;
	self->slope = (self->date % 2 == 0 ? 1 : -1) *
	              (0.12 + 0.1 * s_chance (self, HASH_SWATH, date, 2));
	self->west = reach * (2 * s_chance (self, HASH_SWATH, date, 0) - 1);
	self->east = 1 + reach * (1 - 2 * s_chance (self, HASH_SWATH, date, 1));
	double shift = 0.2 * (s_chance (self, HASH_SWATH, date, 3) - 0.5);
	self->cut_from = frame == 0 ? -9 : (double) frame / n_frames + shift - FRAME_OVERLAP;
	self->cut_to = frame == n_frames - 1 ? 9
	                                     : (double) (frame + 1) / n_frames + shift + FRAME_OVERLAP;
}

weir_mask_t *
weir_mask_new (const weir_scene_t *scene, int64_t date, int frame, int64_t col, int64_t n_cols)
{
	weir_mask_t *self = weir_alloc (sizeof *self);
	size_t n = (size_t) n_cols;
	self->scene = scene;
	self->date = date;
	self->col = col;
	self->n_cols = n_cols;
	self->centre = weir_alloc (n * sizeof *self->centre);
	self->half_width = weir_alloc (n * sizeof *self->half_width);
	self->noise = weir_alloc (n * sizeof *self->noise);
	for (int byte = 0; byte < 256; byte++)
		self->of_byte[byte] = byte < NOISY_FLOOD ? 1 : byte >= NOISY_NODATA ? WEIR_MASK_NODATA : 0;
	for (size_t i = 0; i < n; i++)
		self->noise[i] = 0.5F;
	s_shape_river (self);
	s_shape_frame (self, frame);
	return self;
}

void
weir_mask_destroy (weir_mask_t **self_p)
{
	if (self_p == NULL || *self_p == NULL)
		return;
	weir_mask_t *self = *self_p;
	*self_p = NULL;
	free (self->centre);
	free (self->half_width);
	free (self->noise);
	free (self);
}

static int64_t
s_clamp_col (double col, int64_t n_cols)
{
	return col <= 0 ? 0 : col >= (double) n_cols ? n_cols : (int64_t) col;
}

/* The frame's columns in this row, from 0 … n_cols; a cell belongs to it when its centre does. */
static void
s_find_columns (const weir_mask_t *self, int64_t row, int64_t *from_out, int64_t *to_out)
{
	double width = (double) self->scene->width;
	if (self->scene->options.kind == WEIR_ARCHIVE_SMOOTH)
		row = row / SMOOTH_STEP * SMOOTH_STEP;
	double v = ((double) row + 0.5) / (double) self->scene->height;
	double lean = self->slope * (v - 0.5);
	double from = fmax (self->west + lean, (self->cut_from - v) / CUT_SKEW + 0.5);
	double to = fmin (self->east + lean, (self->cut_to - v) / CUT_SKEW + 0.5);
	*from_out = s_clamp_col (ceil (from * width - 0.5) - (double) self->col, self->n_cols);
	*to_out = s_clamp_col (ceil (to * width - 0.5) - (double) self->col, self->n_cols);
}

/* Noise of the four points around a place, weighted; points are NOISE_CELL pixels apart. Half of it
 * stays the same over the month: the ground. */
static void
s_make_noise (weir_mask_t *self, int64_t row)
{
	uint64_t y = (uint64_t) (row / NOISE_CELL);
	double fy = (double) (row % NOISE_CELL) / NOISE_CELL;
	double left = 0, right = 0;
	for (int64_t i = 0; i < self->n_cols; i++) {
		int64_t col = self->col + i;
		int64_t fx = col % NOISE_CELL;
		if (i == 0 || fx == 0) {
			double side[2];
			for (uint64_t k = 0; k < 2; k++) {
				uint64_t x = ((uint64_t) (col / NOISE_CELL) + k) << 24;
				double top = s_chance (self, HASH_NOISE, x | y, 0) +
				             s_chance (self, HASH_NOISE, x | y, (uint64_t) self->date + 1);
				double bottom = s_chance (self, HASH_NOISE, x | (y + 1), 0) +
				                s_chance (self, HASH_NOISE, x | (y + 1), (uint64_t) self->date + 1);
				side[k] = 0.5 * (top + fy * (bottom - top));
			}
			left = side[0];
			right = side[1];
		}
		self->noise[i] = (float) (left + (right - left) * (double) fx / NOISE_CELL);
	}
}

static void
s_fill_flood (weir_mask_t *self, int64_t row, int64_t from, int64_t to, uint8_t *cells)
{
	float v = (float) (((double) row + 0.5) / (double) self->scene->height);
	bool ragged = self->scene->options.kind == WEIR_ARCHIVE_FLOOD;
	if (ragged)
		s_make_noise (self, row);
	for (int64_t i = from; i < to; i++) {
		float away = fabsf (v - self->centre[i]);
		float bank = self->half_width[i] * (0.4F + 1.2F * self->noise[i]);
		bool pond = ragged && self->noise[i] > 0.88F && away < 3 * self->half_width[i];
		cells[i] = away > (float) BED_HALF_WIDTH && (away < bank || pond) ? 1 : 0;
	}
}

static size_t
s_fill_noisy (const weir_mask_t *self, int64_t row, uint8_t *cells)
{
	size_t n_valid = 0;
	uint64_t state = weir_scene_hash (self->scene, HASH_NOISE, (uint64_t) self->date,
	                                  (uint64_t) row);
	for (int64_t i = 0; i < self->n_cols; i += 8) {
		/* xorshift64*, started anew for each row and tile */
		state ^= state >> 12;
		state ^= state << 25;
		state ^= state >> 27;
		uint64_t bytes = (state + (uint64_t) self->col) * 0x2545F4914F6CDD1DULL;
		for (int64_t k = i; k < i + 8 && k < self->n_cols; k++, bytes >>= 8) {
			cells[k] = self->of_byte[bytes & 0xFF];
			n_valid += cells[k] != WEIR_MASK_NODATA;
		}
	}
	return n_valid;
}

size_t
weir_mask_fill_row (weir_mask_t *self, int64_t row, uint8_t *cells_out)
{
	int64_t from, to;
	if (self->scene->options.kind == WEIR_ARCHIVE_NOISY)
		return s_fill_noisy (self, row, cells_out);
	memset (cells_out, WEIR_MASK_NODATA, (size_t) self->n_cols);
	s_find_columns (self, row, &from, &to);
	if (from >= to)
		return 0;
	s_fill_flood (self, row, from, to, cells_out);
	return (size_t) (to - from);
}
