/* scene.h - which tiles, dates and frames an archive has: where they lie, when they were taken,
 * what they are called
 *
 * The tiles are neighbours on one lattice of the custom grid, in rows from north-west; together
 * they are the "area". Every date has one pass over the area, cut along its track into frames that
 * overlap; frame times are 25 s apart.
 *
 * Runs on   any thread after weir_scene_new; OSR is used there only
 * Limits    a scene holds a few hundred bytes a tile
 */
#ifndef WEIR_ARCHIVE_SCENE_H
#define WEIR_ARCHIVE_SCENE_H

#include "options.h"

#define WEIR_SCENE_FRAMES_MAX 3
#define WEIR_SCENE_RING 4

typedef struct {
	int64_t col, row;                /* place of the north-west pixel in the area */
	double west, north;              /* of that pixel's corner, metres of the grid */
	char name[64];                   /* "AS020M_E057N042T1" */
	double bbox[4];                  /* west, south, east, north, degrees */
	double ring[WEIR_SCENE_RING][2]; /* corners, degrees, counter-clockwise from south-west */
} weir_scene_tile_t;

typedef struct {
	weir_archive_options_t options;
	int64_t width, height; /* of the area, pixels */
	int64_t n_tiles;
	weir_scene_tile_t *tiles;
	double bbox[4]; /* of all tiles, degrees */
} weir_scene_t;

const char *weir_scene_wkt (void);
int weir_scene_new (const weir_archive_options_t *options, weir_scene_t **scene_out,
                    weir_err_t *err);
void weir_scene_destroy (weir_scene_t **self_p);

int weir_scene_n_frames (const weir_scene_t *self, int64_t date);
int64_t weir_scene_seconds (const weir_scene_t *self, int64_t date,
                            int frame); /* since 2022-09-01T00:00:00Z */

/* A number of the seed and three others, evenly spread; the one source of chance in an archive. */
uint64_t weir_scene_hash (const weir_scene_t *self, uint64_t a, uint64_t b, uint64_t c);
double weir_scene_chance (const weir_scene_t *self, uint64_t a, uint64_t b,
                          uint64_t c); /* 0 <= x < 1 */

#endif
