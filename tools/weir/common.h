/* common.h - what the commands that run something share: messages, signals, progress
 *
 * Runs on   the main thread
 */
#ifndef WEIR_TOOLS_COMMON_H
#define WEIR_TOOLS_COMMON_H

#include "messages/codec.h"

#include <stdbool.h>
#include <stdint.h>

void weir_print_error (const weir_err_t *err); /* weir: error: CODE: where: text */
int weir_usage_error (const char *command, const char *usage, const char *format, ...)
	__attribute__ ((format (printf, 3, 4))); /* prints both; returns 2 */

/* SIGINT and SIGTERM from now on only set a flag; returns which came (0: none) */
void weir_signals_catch (void);
int weir_signal_caught (void);

/* "N" or "A:B" with 1 ≤ A ≤ B ≤ 1024 */
bool weir_range_parse (const char *text, uint32_t *min_out, uint32_t *max_out);
bool weir_count_parse (const char *text, uint32_t *count_out); /* 1 … 1024 */

/* Makes the folder (with parents) and gives its absolute path (yours); "OutputUnwritable" where
 * that cannot be. */
int weir_dir_prepare (const char *path, char **absolute_out, weir_err_t *err);

typedef struct {
	bool is_json, is_terminal, has_bar;
	int64_t started_ms, printed_ms;
	uint64_t printed_percent;
	size_t n_warnings;
} weir_progress_t;

void weir_progress_begin (weir_progress_t *self, bool is_json);
void weir_progress_show (weir_progress_t *self, const Weir__Progress *progress);
void weir_progress_clear (weir_progress_t *self); /* the bar goes before anything else is printed */

#endif
