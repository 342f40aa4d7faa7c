/* stac.c - the STAC documents of an archive, see write.h */
#include "mask.h"
#include "runtime/base/mem.h"
#include "write.h"

#include <stdlib.h>
#include <time.h>

#define SEPTEMBER_2022 1661990400 /* 2022-09-01T00:00:00Z */

/* is_compact: 20220901T013512, else 2022-09-01T01:35:12Z */
static void
s_write_time (int64_t seconds, bool is_compact, char *buf, size_t bytes)
{
	time_t time = (time_t) (SEPTEMBER_2022 + seconds);
	struct tm parts;
	gmtime_r (&time, &parts);
	if (is_compact)
		strftime (buf, bytes, "%Y%m%dT%H%M%S", &parts);
	else
		strftime (buf, bytes, "%Y-%m-%dT%H:%M:%SZ", &parts);
}

char *
weir_stac_make_id (const weir_scene_tile_t *tile, int64_t seconds)
{
	char time[32];
	s_write_time (seconds, true, time, sizeof time);
	return weir_asprintf ("ENSEMBLE_FLOOD_%s_VV_%s", time, tile->name);
}

static json_t *
s_make_numbers (const double *numbers, size_t n)
{
	json_t *list = json_array ();
	for (size_t i = 0; i < n; i++)
		json_array_append_new (list, json_real (numbers[i]));
	return list;
}

static json_t *
s_make_geometry (const weir_scene_tile_t *tile)
{
	json_t *ring = json_array ();
	for (int i = 0; i <= WEIR_SCENE_RING; i++)
		json_array_append_new (ring, s_make_numbers (tile->ring[i % WEIR_SCENE_RING], 2));
	return json_pack ("{s:s, s:[o]}", "type", "Polygon", "coordinates", ring);
}

static json_t *
s_make_properties (const weir_scene_t *scene, const weir_scene_tile_t *tile, int64_t seconds)
{
	char time[32];
	double pixel = (double) scene->options.pixel;
	double side = pixel * (double) scene->options.size;
	double transform[6] = { pixel, 0, tile->west, 0, -pixel, tile->north };
	double bbox[4] = { tile->west, tile->north - side, tile->west + side, tile->north };
	json_int_t size = (json_int_t) scene->options.size;
	s_write_time (seconds, false, time, sizeof time);
	return json_pack ("{s:s, s:f, s:s, s:n, s:s, s:[I,I], s:o, s:o}", "datetime", time, "gsd",
	                  pixel, "Equi7Tile", tile->name, "proj:epsg", "proj:wkt2", weir_scene_wkt (),
	                  "proj:shape", size, size, "proj:transform", s_make_numbers (transform, 6),
	                  "proj:bbox", s_make_numbers (bbox, 4));
}

static json_t *
s_make_link (const char *rel, const char *href, const char *type)
{
	return json_pack ("{s:s, s:s, s:s}", "rel", rel, "href", href, "type", type);
}

json_t *
weir_stac_make_item (const weir_scene_t *scene, const weir_scene_tile_t *tile, const char *id,
                     int64_t seconds)
{
	char *href = weir_asprintf ("../cog/%s.tif", id);
	json_t *band = json_pack ("{s:s, s:i}", "data_type", "uint8", "nodata", WEIR_MASK_NODATA);
	json_t *asset = json_pack ("{s:s, s:s, s:s, s:[s], s:[o]}", "href", href, "type",
	                           "image/tiff; application=geotiff; profile=cloud-optimized", "title",
	                           "Flood extent: 0 dry, 1 flood, 255 not observed", "roles", "data",
	                           "raster:bands", band);
	json_t *links = json_array ();
	static const char *const rels[] = { "root", "parent", "collection" };
	for (size_t i = 0; i < 3; i++)
		json_array_append_new (links,
		                       s_make_link (rels[i], "../collection.json", "application/json"));
	json_t *item = json_pack ("{s:s, s:s, s:[s,s], s:s, s:s, s:o, s:o, s:o, s:o, s:{s:o}}", "type",
	                          "Feature", "stac_version", "1.0.0", "stac_extensions",
	                          "https://stac-extensions.github.io/projection/v1.1.0/schema.json",
	                          "https://stac-extensions.github.io/raster/v1.1.0/schema.json", "id",
	                          id, "collection", "weir-flood", "geometry", s_make_geometry (tile),
	                          "bbox", s_make_numbers (tile->bbox, 4), "properties",
	                          s_make_properties (scene, tile, seconds), "links", links, "assets",
	                          "ensemble_flood_extent", asset);
	free (href);
	return item;
}

json_t *
weir_stac_make_collection (const weir_scene_t *scene, size_t n_ids, char *const *ids)
{
	char from[32], to[32];
	const weir_archive_options_t *options = &scene->options;
	s_write_time (weir_scene_seconds (scene, 0, 0), false, from, sizeof from);
	s_write_time (weir_scene_seconds (scene, options->dates - 1, WEIR_SCENE_FRAMES_MAX - 1), false,
	              to, sizeof to);
	json_t *links = json_array ();
	json_array_append_new (links, s_make_link ("root", "./collection.json", "application/json"));
	for (size_t i = 0; i < n_ids; i++) {
		char *href = weir_asprintf ("./items/%s.json", ids[i]);
		json_array_append_new (links, s_make_link ("item", href, "application/geo+json"));
		free (href);
	}
	json_t *extent = json_pack ("{s:{s:[o]}, s:{s:[[s,s]]}}", "spatial", "bbox",
	                            s_make_numbers (scene->bbox, 4), "temporal", "interval", from, to);
	return json_pack (
		"{s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o}", "type", "Collection", "stac_version", "1.0.0",
		"id", "weir-flood", "title", "Flood extents, invented", "description",
		"Made by weir-archive for demonstrations, tests and benches. Nothing in it was observed.",
		"license", "CC0-1.0", "extent", extent, "links", links);
}
