/* test_shape.c - polygons from GeoJSON to pixels, drawn out */
#include "cube/grid/shape.h"
#include "runtime/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define N(array) (sizeof (array) / sizeof *(array))

static weir_shape_t
s_parse (const char *text, char *crs)
{
	char *json_text = weir_strdup (text);
	for (char *c = json_text; *c != '\0'; c++)
		*c = *c == '\'' ? '"' : *c;
	json_t *json = json_loads (json_text, 0, NULL);
	assert_non_null (json);
	weir_shape_t shape;
	weir_err_t err = { 0 };
	if (weir_shape_parse (json, &shape, crs, &err) != 0)
		fail_msg ("%s: %s", text, err.text);
	json_decref (json);
	free (json_text);
	return shape;
}

/* Eight columns and six rows of pixels of 1, north-up from (0, 6): centres at .5. */
static const struct {
	const char *name, *geojson;
	const char *rows[6];
} s_pictures[] = {
	{ "a square",
	  "{'type':'Polygon','coordinates':[[[1,1],[5,1],[5,4],[1,4],[1,1]]]}",
	  { "........", "........", ".####...", ".####...", ".####...", "........" } },
	{ "with a hole",
	  "{'type':'Polygon','coordinates':[[[0,0],[8,0],[8,6],[0,6],[0,0]],"
	  "[[2,1],[2,4],[6,4],[6,1],[2,1]]]}",
	  { "########", "########", "##....##", "##....##", "##....##", "########" } },
	{ "centres on edges and corners are inside",
	  "{'type':'Polygon','coordinates':[[[1.5,1.5],[4.5,1.5],[4.5,3.5],[1.5,3.5],[1.5,1.5]]]}",
	  { "........", "........", ".####...", ".####...", ".####...", "........" } },
	{ "so are those on the edge of a hole",
	  "{'type':'Polygon','coordinates':[[[0,0],[8,0],[8,6],[0,6],[0,0]],"
	  "[[1.5,1.5],[4.5,1.5],[4.5,4.5],[1.5,4.5],[1.5,1.5]]]}",
	  { "########", "########", "##..####", "##..####", "########", "########" } },
	{ "a triangle, its tip on a centre",
	  "{'type':'Polygon','coordinates':[[[0.5,0.5],[6.5,0.5],[3.5,3.5],[0.5,0.5]]]}",
	  { "........", "........", "...#....", "..###...", ".#####..", "#######." } },
	{ "two parts that share a diagonal: its centres are in both",
	  "{'type':'MultiPolygon','coordinates':[[[[0,0],[6,0],[0,6],[0,0]]],[[[6,0],[6,6],[0,6],[6,0]]"
	  "]]}",
	  { "######..", "######..", "######..", "######..", "######..", "######.." } },
	{ "polygons that overlap stay inside",
	  "{'type':'FeatureCollection','features':[{'type':'Feature','properties':{},'geometry':"
	  "{'type':'Polygon','coordinates':[[[0,0],[4,0],[4,4],[0,4],[0,0]]]}},"
	  "{'type':'Feature','properties':null,'geometry':null},"
	  "{'type':'Feature','properties':{},'geometry':"
	  "{'type':'Polygon','coordinates':[[[2,2],[6,2],[6,6],[2,6],[2,2]]]}}]}",
	  { "..####..", "..####..", "######..", "######..", "####....", "####...." } },
	{ "even and odd: a bow tie",
	  "{'type':'Feature','properties':{},'geometry':{'type':'Polygon','coordinates':"
	  "[[[0,0],[8,6],[8,0],[0,6],[0,0]]]}}",
	  { "#......#", "##....##", "###..###", "###..###", "##....##", "#......#" } },
	{ "beyond the window on all sides",
	  "{'type':'GeometryCollection','geometries':[{'type':'Polygon','coordinates':"
	  "[[[-100,-100],[100,-100],[100,100],[-100,100],[-100,-100]]]}]}",
	  { "########", "########", "########", "########", "########", "########" } },
	{ "outside",
	  "{'type':'Polygon','coordinates':[[[20,1],[25,1],[25,4],[20,1]]]}",
	  { "........", "........", "........", "........", "........", "........" } },
};

static void
s_check (const char *name, const char *const *rows, const uint8_t *inside, weir_window_t w,
         bool is_south_up)
{
	for (int64_t r = 0; r < w.height; r++)
		for (int64_t c = 0; c < w.width; c++) {
			int64_t row = is_south_up ? 5 - (w.row + r) : w.row + r;
			if (inside[r * w.width + c] != (rows[row][w.col + c] == '#'))
				fail_msg ("%s: row %d, column %d", name, (int) row, (int) (w.col + c));
		}
}

static void
test_pictures (void **state)
{
	(void) state;
	const weir_grid_t north_up = { 0, { 0, 1, 0, 6, 0, -1 }, 8, 6 };
	const weir_grid_t south_up = { 0, { 0, 1, 0, 0, 0, 1 }, 8, 6 };
	static const weir_window_t windows[] = { { 0, 0, 8, 6 }, { 2, 1, 3, 4 }, { 7, 5, 1, 1 } };
	for (size_t i = 0; i < N (s_pictures); i++) {
		char crs[WEIR_SHAPE_CRS_BYTES];
		weir_shape_t shape = s_parse (s_pictures[i].geojson, crs);
		assert_string_equal (crs, "EPSG:4326");
		for (size_t k = 0; k < N (windows); k++) {
			uint8_t inside[48];
			weir_shape_fill (&shape, &north_up, windows[k], inside);
			s_check (s_pictures[i].name, s_pictures[i].rows, inside, windows[k], false);
			weir_shape_fill (&shape, &south_up, windows[k], inside);
			s_check (s_pictures[i].name, s_pictures[i].rows, inside, windows[k], true);
		}
		weir_shape_clear (&shape);
	}
}

static void
test_box_and_crs (void **state)
{
	(void) state;
	static const struct {
		const char *member, *crs;
	} rows[] = {
		{ "'crs':null", "EPSG:4326" },
		{ "'crs':{'type':'name','properties':{'name':'urn:ogc:def:crs:EPSG::32618'}}",
		  "EPSG:32618" },
		{ "'crs':{'type':'name','properties':{'name':'urn:ogc:def:crs:OGC:1.3:CRS84'}}",
		  "OGC:CRS84" },
		{ "'crs':{'type':'name','properties':{'name':'EPSG:3857'}}", "EPSG:3857" },
	};
	for (size_t i = 0; i < N (rows); i++) {
		char crs[WEIR_SHAPE_CRS_BYTES];
		char *text = weir_asprintf ("{'type':'Polygon',%s,'coordinates':[[[1,2],[5,3],[4,7],[1,2]"
		                            "]]}",
		                            rows[i].member);
		weir_shape_t shape = s_parse (text, crs);
		weir_bbox_t box = weir_shape_bbox (&shape);
		assert_string_equal (crs, rows[i].crs);
		assert_true (box.west == 1 && box.south == 2 && box.east == 5 && box.north == 7);
		assert_int_equal (shape.n_points, 3);
		weir_shape_clear (&shape);
		free (text);
	}
}

static void
test_bad_geojson (void **state)
{
	(void) state;
	static const struct {
		const char *text, *word;
	} rows[] = {
		{ "{}", "type" },
		{ "{'type':'Point','coordinates':[1,2]}", "'Point' is no polygon" },
		{ "{'type':'Polygon'}", "array of rings" },
		{ "{'type':'Polygon','coordinates':[]}", "no polygon in it" },
		{ "{'type':'Polygon','coordinates':[7]}", "four or more" },
		{ "{'type':'Polygon','coordinates':[[[1,2],[3,4],[1,2]]]}", "four or more" },
		{ "{'type':'Polygon','coordinates':[[[1,2],[3,4],[5,6],[7,8]]]}", "end where it begins" },
		{ "{'type':'Polygon','coordinates':[[[1,2],[3],[5,6],[1,2]]]}", "two numbers" },
		{ "{'type':'Polygon','coordinates':[[[1,2],[3,'4'],[5,6],[1,2]]]}", "two numbers" },
		{ "{'type':'MultiPolygon','coordinates':{}}", "array of polygons" },
		{ "{'type':'FeatureCollection','features':{}}", "'features' is an array" },
		{ "{'type':'FeatureCollection','features':[]}", "no polygon in it" },
		{ "{'type':'Feature','geometry':7}", "type" },
		{ "{'type':'Polygon','crs':7,'coordinates':[]}", "must name a code" },
	};
	for (size_t i = 0; i < N (rows); i++) {
		char *text = weir_strdup (rows[i].text), crs[WEIR_SHAPE_CRS_BYTES];
		for (char *c = text; *c != '\0'; c++)
			*c = *c == '\'' ? '"' : *c;
		json_t *json = json_loads (text, 0, NULL);
		weir_shape_t shape;
		weir_err_t err = { 0 };
		assert_int_equal (weir_shape_parse (json, &shape, crs, &err), WEIR_E_INVALID);
		if (strstr (err.text, rows[i].word) == NULL)
			fail_msg ("%s: %s", rows[i].text, err.text);
		json_decref (json);
		free (text);
	}
}

/* Collections in collections end somewhere. */
static void
test_deep_geojson (void **state)
{
	(void) state;
	json_t *json = json_pack ("{s:s, s:[]}", "type", "FeatureCollection", "features");
	for (int i = 0; i < 20; i++)
		json = json_pack ("{s:s, s:[o]}", "type", "GeometryCollection", "geometries", json);
	weir_shape_t shape;
	char crs[WEIR_SHAPE_CRS_BYTES];
	weir_err_t err = { 0 };
	assert_int_equal (weir_shape_parse (json, &shape, crs, &err), WEIR_E_INVALID);
	assert_non_null (strstr (err.text, "deeper"));
	json_decref (json);
}

int
main (void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test (test_pictures),
		cmocka_unit_test (test_box_and_crs),
		cmocka_unit_test (test_bad_geojson),
		cmocka_unit_test (test_deep_geojson),
	};
	return cmocka_run_group_tests (tests, NULL, NULL);
}
