/* write.h - files of an archive: rasters and STAC documents
 *
 * Every file is written under a temporary name and renamed when whole.
 *
 * Errors   "ArchiveFailed" (where: the file; reason in the words of system or GDAL)
 * Runs on  any thread; one tile of pixels in memory for each call of weir_write_raster
 */
#ifndef WEIR_ARCHIVE_WRITE_H
#define WEIR_ARCHIVE_WRITE_H

#include "scene.h"

#include <jansson.h>

/* Makes the folder and those above it. */
int weir_write_folder (const char *folder, weir_err_t *err);

/* cells: size × size. */
int weir_write_raster (const weir_scene_t *scene, const weir_scene_tile_t *tile, uint8_t *cells,
                       const char *name, weir_err_t *err);
int weir_write_json (const json_t *json, const char *name, weir_err_t *err);

/* STAC documents; yours to decref. */
json_t *weir_stac_make_item (const weir_scene_t *scene, const weir_scene_tile_t *tile,
                             const char *id, int64_t seconds);
json_t *weir_stac_make_collection (const weir_scene_t *scene, size_t n_ids, char *const *ids);

/* "ENSEMBLE_FLOOD_20220901T013512_VV_AS020M_E057N042T1", yours. */
char *weir_stac_make_id (const weir_scene_tile_t *tile, int64_t seconds);

#endif
