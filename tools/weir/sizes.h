/* sizes.h - sizes of memory as people write them
 *
 * Runs on   any thread; pure
 */
#ifndef WEIR_TOOLS_SIZES_H
#define WEIR_TOOLS_SIZES_H

#include <stdbool.h>
#include <stdint.h>

/* "4096", "512K", "512M", "1.5G", "2GiB", "2GB": units of 1024, any case. False for anything else,
 * for 0, and for more than 2^63 - 1 bytes. */
bool weir_size_parse (const char *text, uint64_t *bytes_out);

#endif
