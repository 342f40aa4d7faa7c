/* seen.h - a set of texts that were met, by a 128-bit digest: 16 to 32 bytes each, whatever they
 * hold
 *
 * Runs on   any thread; pure
 */
#ifndef WEIR_CONNECTORS_STAC_SEEN_H
#define WEIR_CONNECTORS_STAC_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct { /* begins as zeros */
	size_t n, cap;
	uint64_t (*slots)[2]; /* 0, 0: free */
} weir_seen_t;

/* The texts as they stand, one after the other: ("a", "bc") is not ("ab", "c"). NULL counts as
 * "". True: not met before. */
bool weir_seen_add (weir_seen_t *self, size_t n_texts, const char *const *texts);
void weir_seen_clear (weir_seen_t *self);

#endif
