/* cache.h - inside of a weir_raster_cache_t that tests and benches may look at
 *
 * Runs on   the cache's own thread
 */
#ifndef WEIR_CONNECTORS_RASTER_CACHE_H
#define WEIR_CONNECTORS_RASTER_CACHE_H

#include "connectors/raster/raster.h"

#define WEIR_RASTER_BLOCK_BYTES_MAX ((size_t) 256 << 20)
#define WEIR_RASTER_HANDLE_BYTES                                                                   \
	((size_t) 96 << 10) /* an open GeoTIFF, without its list of blocks */
#define WEIR_RASTER_REMOTE_BYTES ((size_t) 2 << 20) /* of open files, once there are remote ones */
#define WEIR_RASTER_AHEAD_FILES 16                  /* remote files that reads are announced for */
#define WEIR_RASTER_AHEAD_BYTES ((size_t) 4 << 20)  /* of blocks that wait for their turn */

typedef struct {
	size_t n_open, bytes;      /* now */
	size_t n_opened, n_closed; /* since the beginning */
	size_t n_blocks;           /* decoded */
} weir_raster_cache_stats_t;

weir_raster_cache_stats_t weir_raster_cache_stats (const weir_raster_cache_t *self);

#endif
