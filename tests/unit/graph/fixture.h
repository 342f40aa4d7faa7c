/* fixture.h - process graphs for tests, written as expressions
 *
 * "if(or(is_nodata(x), eq(x, 0)), 0, x)" is the callback that it looks like: processes take their
 * arguments in the order of the registry, names are parameters, {…} is a callback, 'a' a text.
 */
#ifndef WEIR_TESTS_GRAPH_FIXTURE_H
#define WEIR_TESTS_GRAPH_FIXTURE_H

#include "cube/graph/graph.h"

json_t *fixture_callback (const char *expression); /* {"process_graph": …}, yours */
char *fixture_quotes (const char *text);           /* ' becomes ", yours */
/* "u8/255", "u8", "f32", "bool", …: as in cell_text. */
weir_cell_t fixture_cell (const char *text);
const char *fixture_cell_text (weir_cell_t cell); /* static storage */
/* "x0 is_nodata:0 const=0 eq:0,2 …"; static storage */
const char *fixture_prog_text (const weir_prog_t *prog);
/* A value as in tables: no-data is ND below. */
#define ND (-1e308)
double fixture_value (double value); /* ND -> the pattern */
int fixture_same (double got, double wanted);

#endif
