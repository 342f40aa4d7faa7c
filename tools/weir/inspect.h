/* inspect.h - what `weir inspect` shows of each kind of file
 *
 * With is_json one object a line, each with "kind"; else lines for people. Results go to standard
 * output. Errors: "FileUnreadable" (where: the file).
 *
 * Runs on   the main thread
 */
#ifndef WEIR_TOOLS_INSPECT_H
#define WEIR_TOOLS_INSPECT_H

#include "connectors/raster/piece.h"

#include <jansson.h>
#include <protobuf-c/protobuf-c.h>

/* A part: its records, then where they end. An error if a payload is not what its checksum says, or
 * bytes follow the last whole record. */
int weir_inspect_part (const char *path, bool is_json, weir_err_t *err);
int weir_inspect_encoded (const char *path, const uint8_t *bytes, size_t n_bytes, bool is_json,
                          weir_err_t *err);
int weir_inspect_messages (const char *path, bool is_json, weir_err_t *err);

/* Kind, type, tiles, range of values; yours. */
json_t *weir_inspect_encoded_json (const weir_piece_view_t *view);
/* The fields that are set, by name; bytes as hexadecimal digits, long ones by their length.
 * Yours. */
json_t *weir_inspect_fields (const ProtobufCMessage *message);

#endif
