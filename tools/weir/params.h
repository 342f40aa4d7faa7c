/* params.h - what `weir run`, `weir plan` and `weir validate` share: --param and the graph's file
 *
 * Runs on   the main thread; reads files
 */
#ifndef WEIR_TOOLS_PARAMS_H
#define WEIR_TOOLS_PARAMS_H

#include "cube/graph/graph.h"
#include "runtime/base/err.h"

#include <jansson.h>

/* "name=value" of --param into the object params: JSON if the value parses as JSON, else a text. A
 * name that is given again replaces. */
int weir_params_add (json_t *params, const char *text, weir_err_t *err);

/* The whole file; "-" is standard input. *text_out is yours, with a 0 byte behind the n bytes. Code
 * FileUnreadable; more than 64 MiB are refused. */
int weir_file_read (const char *path, char **text_out, size_t *n_out, weir_err_t *err);

/* Reads and parses a process graph; a message that names no node names the file. */
int weir_graph_read (const char *path, const json_t *params, weir_graph_t **graph_out,
                     weir_err_t *err);

#endif
