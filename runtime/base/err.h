/* err.h - what went wrong, where, and what may be done about it
 *
 * One error record for the whole program. A function that can fail returns 0 or a negative WEIR_E_
 * and fills the caller's weir_err_t. Foreign errors (GDAL, curl, errno, Redis) are translated once,
 * in their connector, and keep their own words at the end of `text`. Policy (retry, fail the job,
 * wait) reads only `klass`.
 *
 * Printed form   weir: error: CODE: <where>: <text>        (where may be empty and is then left
 *                out)
 * Runs on        any thread; no allocation, no I/O
 * Limits         where and text are cut at WEIR_ERR_TEXT_MAX - 1 bytes, on a UTF-8 boundary
 */
#ifndef WEIR_BASE_ERR_H
#define WEIR_BASE_ERR_H

#include <stddef.h>

#define WEIR_ERR_CODE_MAX 64
#define WEIR_ERR_TEXT_MAX 2048

enum {
	WEIR_OK = 0,
	WEIR_E_INVALID = -1,     /* the user's graph, item, option or message is wrong */
	WEIR_E_NOT_FOUND = -2,   /* a file, item, key or process that is not there */
	WEIR_E_UNSUPPORTED = -3, /* understood, and not offered */
	WEIR_E_IO = -4,          /* disk, network or a raster that cannot be read */
	WEIR_E_MEMORY = -5,      /* the memory budget refuses */
	WEIR_E_FULL = -6,        /* disk full, queue full: back-pressure */
	WEIR_E_STALE = -7,       /* an old generation, token or state */
	WEIR_E_CANCELLED = -8,
	WEIR_E_BUG = -9
};

typedef enum {
	WEIR_CLASS_GIVE_UP = 0, /* trying again gives the same */
	WEIR_CLASS_RETRY,       /* may go away: network, lost actor */
	WEIR_CLASS_OVERLOADED,  /* will go away when others are done: memory, disk */
	WEIR_CLASS_BUG          /* ours */
} weir_err_class_t;

typedef struct {
	int status; /* 0 or WEIR_E_… */
	weir_err_class_t klass;
	char code[WEIR_ERR_CODE_MAX];  /* openEO's code where it has one, e.g. "ProcessUnsupported" */
	char where[WEIR_ERR_TEXT_MAX]; /* node, item id or file */
	char text[WEIR_ERR_TEXT_MAX];  /* "<what>: <reason>" */
} weir_err_t;

/* Fills *err (may be NULL) and returns `status`, so that `return weir_err_set (…)` reads well. */
int weir_err_set (weir_err_t *err, int status, weir_err_class_t klass, const char *code,
                  const char *where, const char *format, ...)
	__attribute__ ((format (printf, 6, 7)));

#ifdef __clang_analyzer__ /* what the line above promises, told to the checker (tools/lint) */
#define weir_err_set(err, status, ...) ((void) (weir_err_set) (err, status, __VA_ARGS__), (status))
#endif

/* Shorthands for the common case: class give up. */
#define weir_err_invalid(err, code, where, ...)                                                    \
	weir_err_set (err, WEIR_E_INVALID, WEIR_CLASS_GIVE_UP, code, where, __VA_ARGS__)

void weir_err_clear (weir_err_t *err);

/* Writes "CODE: where: text" into buf; returns buf. */
char *weir_err_format (const weir_err_t *err, char *buf, size_t buf_bytes);

#endif
