/* words.c - see words.h */
#include "connectors/raster/words.h"

#include <cpl_error.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <tiffio.h>

static _Thread_local char s_words[WEIR_WORDS_MAX];

/* One line, without the blanks at its end: it becomes the last part of a message. */
static void
s_tidy_words (char *text)
{
	size_t n = strlen (text);
	while (n > 0 && (unsigned char) text[n - 1] <= ' ')
		text[--n] = '\0';
	for (size_t i = 0; i < n; i++)
		if ((unsigned char) text[i] < ' ')
			text[i] = ' ';
}

static void CPL_STDCALL
s_keep_words (CPLErr klass, CPLErrorNum number, const char *text)
{
	(void) number;
	if (klass < CE_Failure || s_words[0] != '\0')
		return;
	snprintf (s_words, sizeof s_words, "%s", text);
	s_tidy_words (s_words);
}

/* GDAL installs one of the same kind when it opens its first GeoTIFF; this one serves until then.
 * */
static void
s_keep_tiff_words (const char *module, const char *format, va_list args)
{
	char text[WEIR_WORDS_MAX];
	vsnprintf (text, sizeof text, format, args); // NOLINT(clang-analyzer-valist.Uninitialized)
	CPLError (CE_Failure, CPLE_AppDefined, "%s:%s", module != NULL ? module : "libtiff", text);
}

void
weir_words_install (void)
{
	CPLSetErrorHandler (s_keep_words);
	TIFFSetErrorHandler (s_keep_tiff_words);
	TIFFSetWarningHandler (NULL);
}

void
weir_words_reset (void)
{
	s_words[0] = '\0';
	CPLErrorReset ();
}

bool
weir_words_any (void)
{
	return s_words[0] != '\0';
}

const char *
weir_words_get (void)
{
	return s_words[0] != '\0' ? s_words : "unknown reason";
}

int
weir_words_input_errno (weir_err_t *err, int number, const char *where, const char *what)
{
	int status = WEIR_E_IO;
	weir_err_class_t klass = WEIR_CLASS_GIVE_UP;
	if (number == ENOENT || number == ENOTDIR)
		status = WEIR_E_NOT_FOUND;
	else if (number == EMFILE || number == ENFILE || number == ENOMEM)
		klass = WEIR_CLASS_OVERLOADED;
	else if (number == EIO || number == ESTALE || number == ETIMEDOUT || number == EINTR)
		klass = WEIR_CLASS_RETRY;
	return weir_err_set (err, status, klass, "RasterUnreadable", where, "%s: %s", what,
	                     strerror (number));
}

int
weir_words_output_errno (weir_err_t *err, int number, const char *where, const char *what)
{
	if (number == ENOSPC || number == EDQUOT)
		return weir_err_set (err, WEIR_E_FULL, WEIR_CLASS_OVERLOADED, "DiskFull", where, "%s: %s",
		                     what, strerror (number));
	return weir_err_set (err, WEIR_E_IO, WEIR_CLASS_GIVE_UP, "OutputUnwritable", where, "%s: %s",
	                     what, strerror (number));
}
