/* err.c - see err.h */
#include "runtime/base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#undef weir_err_set /* here it is made */

/* Copies at most cap - 1 bytes and never leaves half a UTF-8 sequence at the end. */
static void
s_copy_text (char *dst, size_t cap, const char *src)
{
	size_t n = strlen (src);
	if (n >= cap) {
		n = cap - 1;
		while (n > 0 && ((unsigned char) src[n] & 0xC0U) == 0x80U)
			n--;
	}
	memcpy (dst, src, n);
	dst[n] = '\0';
}

int
weir_err_set (weir_err_t *err, int status, weir_err_class_t klass, const char *code,
              const char *where, const char *format, ...)
{
	if (err == NULL)
		return status;
	char text[WEIR_ERR_TEXT_MAX + 8];
	va_list args;
	va_start (args, format);
	vsnprintf (text, sizeof text, format, args);
	va_end (args);
	char place[WEIR_ERR_TEXT_MAX];
	s_copy_text (place, sizeof place, where != NULL ? where : "");
	err->status = status;
	err->klass = klass;
	s_copy_text (err->code, sizeof err->code, code != NULL ? code : "Internal");
	memcpy (err->where, place, strlen (place) + 1);
	s_copy_text (err->text, sizeof err->text, text);
	return status;
}

void
weir_err_clear (weir_err_t *err)
{
	if (err == NULL)
		return;
	err->status = 0;
	err->klass = WEIR_CLASS_GIVE_UP;
	err->code[0] = err->where[0] = err->text[0] = '\0';
}

char *
weir_err_format (const weir_err_t *err, char *buf, size_t buf_bytes)
{
	if (err->where[0] != '\0')
		snprintf (buf, buf_bytes, "%s: %s: %s", err->code, err->where, err->text);
	else
		snprintf (buf, buf_bytes, "%s: %s", err->code, err->text);
	return buf;
}
