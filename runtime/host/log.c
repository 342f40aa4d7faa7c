/* log.c - lines on standard error: text, or JSON with WEIR_LOG_FORMAT=json */
#include "runtime/host/host.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static atomic_int s_level = -1;
static const char *const s_names[] = { "error", "warning", "info", "debug" };

static int
s_level_of_environment (void)
{
	const char *text = getenv ("WEIR_LOG");
	for (int i = 0; text != NULL && i <= WEIR_LOG_DEBUG; i++)
		if (strncmp (text, s_names[i], 4) == 0)
			return i;
	return -1;
}

void
weir_log_level_set (weir_log_level_t level)
{
	int wanted = s_level_of_environment ();
	atomic_store (&s_level, wanted >= 0 ? wanted : (int) level);
}

/* What is logged may come from the network: nothing in it steers the terminal or looks like
 * another line. */
static void
s_disarm (char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char) *text < 0x20 || *text == 0x7F)
			*text = ' ';
}

static void
s_print_json (const char *level, const char *actor, const char *text)
{
	struct timespec now;
	clock_gettime (CLOCK_REALTIME, &now);
	char line[4096];
	size_t n = (size_t) snprintf (
		line, sizeof line, "{\"time\":%lld.%03ld,\"level\":\"%s\",\"actor\":\"%s\",\"message\":\"",
		(long long) now.tv_sec, now.tv_nsec / 1000000, level, actor);
	for (; *text != '\0' && n < sizeof line - 16; text++) {
		unsigned char c = (unsigned char) *text;
		if (c < 0x20)
			n += (size_t) snprintf (line + n, sizeof line - n, "\\u%04x", c);
		else {
			if (c == '"' || c == '\\')
				line[n++] = '\\';
			line[n++] = (char) c;
		}
	}
	snprintf (line + n, sizeof line - n, "\"}\n");
	fputs (line, stderr);
}

void
weir_log (weir_log_level_t level, const char *actor, const char *format, ...)
{
	if (atomic_load (&s_level) < 0)
		weir_log_level_set (WEIR_LOG_WARN);
	if ((int) level > atomic_load (&s_level))
		return;
	char text[3072];
	va_list args;
	va_start (args, format);
	vsnprintf (text, sizeof text, format, args);
	va_end (args);
	const char *style = getenv ("WEIR_LOG_FORMAT");
	if (style != NULL && strcmp (style, "json") == 0)
		s_print_json (s_names[level], actor, text);
	else {
		s_disarm (text);
		fprintf (stderr, "weir: %s: %s: %s\n", s_names[level], actor, text);
	}
}
