/* utf8.h - is this text UTF-8?
 *
 * Runs on   any thread
 * Source    RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF
 */
#ifndef WEIR_MESSAGES_UTF8_H
#define WEIR_MESSAGES_UTF8_H

#include <stdbool.h>
#include <stddef.h>

bool weir_utf8_is_valid (const char *text, size_t n_bytes);

#endif
