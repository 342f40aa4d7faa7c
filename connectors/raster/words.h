/* words.h - what GDAL, PROJ and libtiff said last, on this thread
 *
 * All three report through one handler installed by weir_raster_init (); nothing reaches standard
 * error. The first failure since the last reset is kept: it names the cause, later ones only repeat
 * that a caller failed too.
 *
 * Runs on   any thread; each has its own words
 * Limits    WEIR_WORDS_MAX - 1 bytes
 */
#ifndef WEIR_CONNECTORS_RASTER_WORDS_H
#define WEIR_CONNECTORS_RASTER_WORDS_H

#include "runtime/base/err.h"

#include <stdbool.h>

#define WEIR_WORDS_MAX 512

void weir_words_install (void); /* once, before any thread */
void weir_words_reset (void);
bool weir_words_any (void);
const char *weir_words_get (void); /* "unknown reason" where nothing was said */

/* Fills err from errno: code, class and status follow from the number; text is "<what>:
 * <strerror>". */
int weir_words_input_errno (weir_err_t *err, int number, const char *where, const char *what);
int weir_words_output_errno (weir_err_t *err, int number, const char *where, const char *what);

#endif
