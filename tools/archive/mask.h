/* mask.h - the pixels of one frame
 *
 * What the satellite saw: 255 outside the frame, 1 where a river has left its bed, 0 elsewhere. A
 * pixel depends on seed, date, frame and its place in the area only, so tiles fit together and
 * threads do not show.
 *
 * Shape    rows × cols of uint8, row 0 north
 * Runs on  one thread a mask; the scene is shared and only read
 */
#ifndef WEIR_ARCHIVE_MASK_H
#define WEIR_ARCHIVE_MASK_H

#include "scene.h"

#include <stddef.h>

#define WEIR_MASK_NODATA 255

typedef struct weir_mask weir_mask_t;

/* Columns col … col + n_cols of the area, of one frame of one date. */
weir_mask_t *weir_mask_new (const weir_scene_t *scene, int64_t date, int frame, int64_t col,
                            int64_t n_cols);
void weir_mask_destroy (weir_mask_t **self_p);

/* Fills one row of the area; returns how many of its cells are not 255. */
size_t weir_mask_fill_row (weir_mask_t *self, int64_t row, uint8_t *cells_out);

#endif
