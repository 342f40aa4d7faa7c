/* validity.h - what counts as a valid value, shared by is_valid and count
 *
 * Runs on   any thread; pure
 */
#ifndef WEIR_CUBE_VALIDITY_H
#define WEIR_CUBE_VALIDITY_H

#include <jansson.h>
#include <stdbool.h>

bool weir_value_is_valid (const json_t *value);

#endif
