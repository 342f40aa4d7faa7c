/* common.c - see common.h */
#include "tools/weir/common.h"

#include "runtime/base/mem.h"

#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define BAR_WIDTH 30
#define LINE_EVERY_MS 5000

void
weir_print_error (const weir_err_t *err)
{
	char text[WEIR_ERR_CODE_MAX + 2 * WEIR_ERR_TEXT_MAX + 8];
	fprintf (stderr, "weir: error: %s\n", weir_err_format (err, text, sizeof text));
}

int
weir_usage_error (const char *command, const char *usage, const char *format, ...)
{
	char text[1024];
	va_list args;
	va_start (args, format);
	vsnprintf (text, sizeof text, format, args);
	va_end (args);
	fprintf (stderr, "weir: error: BadUsage: %s: %s\n%s", command, text, usage);
	return 2;
}

static volatile sig_atomic_t s_caught;

static void
s_on_signal (int number)
{
	if (s_caught != 0) /* asked twice: at once */
		_exit (128 + number);
	s_caught = number;
}

void
weir_signals_catch (void)
{
	struct sigaction action = { .sa_handler = s_on_signal };
	sigemptyset (&action.sa_mask);
	sigaction (SIGINT, &action, NULL);
	sigaction (SIGTERM, &action, NULL);
	signal (SIGPIPE, SIG_IGN);
	signal (SIGXFSZ, SIG_IGN); /* a limit on file sizes is an error of the write like any other */
}

int
weir_signal_caught (void)
{
	return s_caught;
}

bool
weir_count_parse (const char *text, uint32_t *count_out)
{
	char *end;
	errno = 0;
	unsigned long n = strtoul (text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || text[0] == '-' || n < 1 || n > 1024)
		return false;
	*count_out = (uint32_t) n;
	return true;
}

bool
weir_range_parse (const char *text, uint32_t *min_out, uint32_t *max_out)
{
	const char *colon = strchr (text, ':');
	if (colon == NULL) {
		if (!weir_count_parse (text, max_out))
			return false;
		*min_out = *max_out;
		return true;
	}
	char low[16];
	if ((size_t) (colon - text) >= sizeof low)
		return false;
	memcpy (low, text, (size_t) (colon - text));
	low[colon - text] = '\0';
	return weir_count_parse (low, min_out) && weir_count_parse (colon + 1, max_out) &&
	       *min_out <= *max_out;
}

int
weir_dir_prepare (const char *path, char **absolute_out, weir_err_t *err)
{
	char *copy = weir_strdup (path[0] != '\0' ? path : ".");
	int error = 0;
	for (char *at = copy + 1; error == 0; at++) {
		if (*at != '/' && *at != '\0')
			continue;
		char end = *at;
		*at = '\0';
		if (mkdir (copy, 0777) != 0 && errno != EEXIST)
			error = errno;
		if (end == '\0')
			break;
		*at = end;
	}
	char real[PATH_MAX];
	struct stat info;
	if (error == 0 && realpath (copy, real) == NULL)
		error = errno;
	if (error == 0 && stat (real, &info) == 0 && !S_ISDIR (info.st_mode))
		error = ENOTDIR;
	if (error == 0 && access (real, W_OK | X_OK) != 0)
		error = errno;
	free (copy);
	if (error != 0)
		return weir_err_set (err, WEIR_E_IO, WEIR_CLASS_GIVE_UP, "OutputUnwritable", path,
		                     "results folder: %s", strerror (error));
	*absolute_out = weir_strdup (real);
	return 0;
}

/* ---- progress */

static int64_t
s_now_ms (void)
{
	struct timespec now;
	clock_gettime (CLOCK_MONOTONIC, &now);
	return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void
weir_progress_begin (weir_progress_t *self, bool is_json)
{
	*self = (weir_progress_t){ .is_json = is_json, .is_terminal = isatty (STDERR_FILENO) != 0 };
	self->started_ms = self->printed_ms = s_now_ms ();
}

static const char *
s_state_name (Weir__JobState state)
{
	static const char *const names[] = { "unknown", "planning", "running",  "finishing",
		                                 "done",    "failed",   "cancelled" };
	return (size_t) state < sizeof names / sizeof names[0] ? names[state] : "unknown";
}

static void
s_show_json (const Weir__Progress *progress)
{
	json_t *line = json_pack (
		"{s:s, s:s, s:I, s:I, s:I, s:I}", "job", progress->job, "state",
		s_state_name (progress->state), "chunks", (json_int_t) progress->chunks, "written",
		(json_int_t) progress->chunks_written, "done", (json_int_t) progress->chunks_done, "pixels",
		(json_int_t) progress->pixels_done);
	json_dumpf (line, stdout, JSON_COMPACT);
	putchar ('\n');
	fflush (stdout);
	json_decref (line);
}

static void
s_show_bar (weir_progress_t *self, const Weir__Progress *progress, uint64_t ended, double seconds)
{
	char bar[BAR_WIDTH + 1];
	size_t filled = progress->chunks > 0 ? (size_t) (ended * BAR_WIDTH / progress->chunks) : 0;
	for (size_t i = 0; i < BAR_WIDTH; i++)
		bar[i] = i < filled ? '#' : '.';
	bar[BAR_WIDTH] = '\0';
	double rate = seconds > 0 ? (double) progress->pixels_done / seconds / 1e6 : 0;
	double left = ended > 0 ? seconds * (double) (progress->chunks - ended) / (double) ended : 0;
	fprintf (stderr, "\r\033[K%s [%s] %llu of %llu chunks", s_state_name (progress->state), bar,
	         (unsigned long long) ended, (unsigned long long) progress->chunks);
	if (ended > 0)
		fprintf (stderr, ", %.1f Mpx/s, %.0f s left", rate, left);
	fflush (stderr);
	self->has_bar = true;
}

void
weir_progress_show (weir_progress_t *self, const Weir__Progress *progress)
{
	for (; self->n_warnings < progress->n_warnings; self->n_warnings++) {
		weir_progress_clear (self);
		fprintf (stderr, "weir: warning: %s\n", progress->warnings[self->n_warnings]);
	}
	int64_t now_ms = s_now_ms ();
	double seconds = (double) (now_ms - self->started_ms) / 1000.0;
	uint64_t ended = progress->chunks_written + progress->chunks_done +
	                 progress->chunks_quarantined;
	if (self->is_json) {
		s_show_json (progress);
	} else if (self->is_terminal) {
		s_show_bar (self, progress, ended, seconds);
	} else if (now_ms - self->printed_ms >= LINE_EVERY_MS) {
		self->printed_ms = now_ms;
		fprintf (stderr, "weir: %s: %llu of %llu chunks, %.1f s\n", s_state_name (progress->state),
		         (unsigned long long) ended, (unsigned long long) progress->chunks, seconds);
	}
}

void
weir_progress_clear (weir_progress_t *self)
{
	if (self->has_bar)
		fputs ("\r\033[K", stderr);
	self->has_bar = false;
}
