/* mem.c - see mem.h */
#include "runtime/base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Noreturn void
weir_assert_failed (const char *condition, const char *file, int line)
{
	fprintf (stderr, "weir: bug: %s:%d: %s\n", file, line, condition);
	abort ();
}

void *
weir_alloc (size_t bytes)
{
	void *ptr = calloc (1, bytes > 0 ? bytes : 1);
	if (ptr == NULL)
		weir_assert_failed ("out of memory", __FILE__, __LINE__);
	return ptr;
}

void *
weir_realloc (void *ptr, size_t bytes)
{
	void *grown = realloc (ptr, bytes > 0 ? bytes : 1);
	if (grown == NULL)
		weir_assert_failed ("out of memory", __FILE__, __LINE__);
	return grown;
}

char *
weir_strdup (const char *text)
{
	if (text == NULL)
		return NULL;
	size_t bytes = strlen (text) + 1;
	char *copy = weir_alloc (bytes);
	memcpy (copy, text, bytes);
	return copy;
}

char *
weir_asprintf (const char *format, ...)
{
	va_list args, again;
	va_start (args, format);
	va_copy (again, args);
	int n = vsnprintf (NULL, 0, format, args);
	va_end (args);
	weir_assert (n >= 0);
	char *text = weir_alloc ((size_t) n + 1);
	vsnprintf (text, (size_t) n + 1, format, again);
	va_end (again);
	return text;
}
