/* scene.c - see scene.h */
#include "scene.h"

#include "runtime/base/mem.h"

#include <cpl_error.h>
#include <math.h>
#include <ogr_srs_api.h>
#include <stdio.h>
#include <stdlib.h>

/* The archive is centred here: lower Indus, in the metres of the grid below (about 68.2 E, 26.9 N).
 * */
#define CENTRE_X 1758000.0
#define CENTRE_Y 2963000.0
#define GRID_WIDTH 8680000.0 /* the grid ends here; it begins at 0, 0 */
#define GRID_HEIGHT 9620000.0
#define EDGE_POINTS 21
#define MONTH_SECONDS (30 * 86400)
#define FRAME_SECONDS 25

const char *
weir_scene_wkt (void)
{
	return "PROJCRS[\"Azimuthal equidistant grid of Asia\","
		   "BASEGEOGCRS[\"WGS 84\",DATUM[\"World Geodetic System 1984\","
		   "ELLIPSOID[\"WGS 84\",6378137,298.257223563,LENGTHUNIT[\"metre\",1]]],"
		   "PRIMEM[\"Greenwich\",0,ANGLEUNIT[\"degree\",0.0174532925199433]]],"
		   "CONVERSION[\"Azimuthal equidistant, Asia\","
		   "METHOD[\"Modified Azimuthal Equidistant\",ID[\"EPSG\",9832]],"
		   "PARAMETER[\"Latitude of natural origin\",47,ANGLEUNIT[\"degree\",0.0174532925199433]],"
		   "PARAMETER[\"Longitude of natural origin\",94,ANGLEUNIT[\"degree\",0.0174532925199433]],"
		   "PARAMETER[\"False easting\",4340000,LENGTHUNIT[\"metre\",1]],"
		   "PARAMETER[\"False northing\",4810000,LENGTHUNIT[\"metre\",1]]],"
		   "CS[Cartesian,2],AXIS[\"easting (E)\",east,ORDER[1],LENGTHUNIT[\"metre\",1]],"
		   "AXIS[\"northing (N)\",north,ORDER[2],LENGTHUNIT[\"metre\",1]]]";
}

static uint64_t
s_mix (uint64_t x)
{
	x += 0x9E3779B97F4A7C15ULL;
	x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
	x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
	return x ^ (x >> 31);
}

uint64_t
weir_scene_hash (const weir_scene_t *self, uint64_t a, uint64_t b, uint64_t c)
{
	return s_mix (s_mix (s_mix (s_mix ((uint64_t) self->options.seed) ^ a) ^ b) ^ c);
}

double
weir_scene_chance (const weir_scene_t *self, uint64_t a, uint64_t b, uint64_t c)
{
	return (double) (weir_scene_hash (self, a, b, c) >> 11) / 9007199254740992.0;
}

static OGRCoordinateTransformationH
s_make_transformation (weir_err_t *err)
{
	OGRSpatialReferenceH grid = OSRNewSpatialReference (NULL);
	OGRSpatialReferenceH degrees = OSRNewSpatialReference (NULL);
	OGRCoordinateTransformationH transformation = NULL;
	OSRSetAxisMappingStrategy (grid, OAMS_TRADITIONAL_GIS_ORDER);
	OSRSetAxisMappingStrategy (degrees, OAMS_TRADITIONAL_GIS_ORDER);
	if (OSRSetFromUserInput (grid, weir_scene_wkt ()) == OGRERR_NONE &&
	    OSRSetWellKnownGeogCS (degrees, "WGS84") == OGRERR_NONE)
		transformation = OCTNewCoordinateTransformation (grid, degrees);
	if (transformation == NULL)
		weir_err_set (err, WEIR_E_IO, WEIR_CLASS_GIVE_UP, "ArchiveFailed", "grid",
		              "cannot set up: %s", CPLGetLastErrorMsg ());
	OSRDestroySpatialReference (grid);
	OSRDestroySpatialReference (degrees);
	return transformation;
}

static double
s_round_degrees (double value)
{
	return round (value * 1e8) / 1e8;
}

static int
s_fail_place (const weir_scene_tile_t *tile, weir_err_t *err)
{
	return weir_err_set (err, WEIR_E_INVALID, WEIR_CLASS_GIVE_UP, "BadUsage", tile->name,
	                     "the tile leaves the grid: fewer tiles, or smaller ones");
}

/* Corners as they are, box over points along all four edges: in this grid edges are curves in
 * degrees. */
static int
s_place_tile (OGRCoordinateTransformationH transformation, double side, weir_scene_tile_t *tile,
              weir_err_t *err)
{
	static const int corners[WEIR_SCENE_RING][2] = { { 0, 0 }, { 1, 0 }, { 1, 1 }, { 0, 1 } };
	if (tile->west < 0 || tile->north - side < 0 || tile->west + side > GRID_WIDTH ||
	    tile->north > GRID_HEIGHT)
		return s_fail_place (tile, err);
	tile->bbox[0] = tile->bbox[1] = HUGE_VAL;
	tile->bbox[2] = tile->bbox[3] = -HUGE_VAL;
	for (int edge = 0; edge < WEIR_SCENE_RING; edge++) {
		const int *from = corners[edge], *to = corners[(edge + 1) % WEIR_SCENE_RING];
		for (int i = 0; i < EDGE_POINTS; i++) {
			double part = (double) i / EDGE_POINTS;
			double x = tile->west + side * (from[0] + part * (to[0] - from[0]));
			double y = tile->north - side + side * (from[1] + part * (to[1] - from[1]));
			if (!OCTTransform (transformation, 1, &x, &y, NULL))
				return s_fail_place (tile, err);
			tile->bbox[0] = fmin (tile->bbox[0], s_round_degrees (x));
			tile->bbox[1] = fmin (tile->bbox[1], s_round_degrees (y));
			tile->bbox[2] = fmax (tile->bbox[2], s_round_degrees (x));
			tile->bbox[3] = fmax (tile->bbox[3], s_round_degrees (y));
			if (i == 0) {
				tile->ring[edge][0] = s_round_degrees (x);
				tile->ring[edge][1] = s_round_degrees (y);
			}
		}
	}
	return 0;
}

static void
s_grow_bbox (double bbox[4], const double other[4])
{
	bbox[0] = fmin (bbox[0], other[0]);
	bbox[1] = fmin (bbox[1], other[1]);
	bbox[2] = fmax (bbox[2], other[2]);
	bbox[3] = fmax (bbox[3], other[3]);
}

static int
s_place_tiles (weir_scene_t *self, OGRCoordinateTransformationH transformation, weir_err_t *err)
{
	const weir_archive_options_t *options = &self->options;
	int64_t n_cols = (int64_t) ceil (sqrt ((double) options->tiles));
	int64_t n_rows = (options->tiles + n_cols - 1) / n_cols;
	double side = (double) (options->size * options->pixel);
	/* the lattice begins at the origin of the grid, as that of Equi7 tiles does */
	int64_t first_col = (int64_t) floor (CENTRE_X / side - (double) n_cols / 2 + 0.5);
	int64_t last_row = (int64_t) floor (CENTRE_Y / side + (double) n_rows / 2 - 0.5);
	self->width = n_cols * options->size;
	self->height = n_rows * options->size;
	for (int64_t i = 0; i < options->tiles; i++) {
		weir_scene_tile_t *tile = &self->tiles[i];
		int64_t col = i % n_cols, row = i / n_cols;
		tile->col = col * options->size;
		tile->row = row * options->size;
		tile->west = (double) (first_col + col) * side;
		tile->north = (double) (last_row - row + 1) * side;
		snprintf (tile->name, sizeof tile->name, "AS%03dM_E%03dN%03dT%d", (int) options->pixel,
		          (int) (first_col + col), (int) (last_row - row),
		          (int) fmax (1, round (side / 100000)));
		int status = s_place_tile (transformation, side, tile, err);
		if (status != 0)
			return status;
		s_grow_bbox (self->bbox, tile->bbox);
	}
	return 0;
}

int
weir_scene_new (const weir_archive_options_t *options, weir_scene_t **scene_out, weir_err_t *err)
{
	*scene_out = NULL;
	OGRCoordinateTransformationH transformation = s_make_transformation (err);
	if (transformation == NULL)
		return WEIR_E_IO;
	weir_scene_t *self = weir_alloc (sizeof *self);
	self->options = *options;
	self->n_tiles = options->tiles;
	self->tiles = weir_alloc ((size_t) options->tiles * sizeof *self->tiles);
	self->bbox[0] = self->bbox[1] = HUGE_VAL;
	self->bbox[2] = self->bbox[3] = -HUGE_VAL;
	int status = s_place_tiles (self, transformation, err);
	OCTDestroyCoordinateTransformation (transformation);
	if (status != 0)
		weir_scene_destroy (&self);
	*scene_out = self;
	return status;
}

void
weir_scene_destroy (weir_scene_t **self_p)
{
	if (self_p == NULL || *self_p == NULL)
		return;
	free ((*self_p)->tiles);
	free (*self_p);
	*self_p = NULL;
}

int
weir_scene_n_frames (const weir_scene_t *self, int64_t date)
{
	if (self->options.kind != WEIR_ARCHIVE_FLOOD)
		return 1;
	return weir_scene_hash (self, 1, (uint64_t) date, 0) % 3 == 0 ? 3 : 2;
}

int64_t
weir_scene_seconds (const weir_scene_t *self, int64_t date, int frame)
{
	int64_t start = date * MONTH_SECONDS / self->options.dates;
	if (self->options.dates <=
	    30) /* then every date is a day of its own: mornings and evenings in turn */
		start = start / 86400 * 86400 + (date % 2 == 0 ? 5712 : 48553);
	return start + frame * FRAME_SECONDS;
}
