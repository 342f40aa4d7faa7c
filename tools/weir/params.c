/* params.c - see params.h */
#include "tools/weir/params.h"

#include "runtime/base/mem.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define S_FILE_MAX ((size_t) 64 << 20)

int
weir_params_add (json_t *params, const char *text, weir_err_t *err)
{
	const char *equals = strchr (text, '=');
	if (equals == NULL || equals == text)
		return weir_err_invalid (err, "BadUsage", "", "--param %s: expected NAME=VALUE", text);
	json_t *value = json_loads (equals + 1, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
	if (value == NULL)
		value = json_string (equals + 1);
	if (value == NULL)
		return weir_err_invalid (err, "BadUsage", "", "--param %s: the value is not UTF-8", text);
	char *name = weir_strdup (text);
	name[equals - text] = '\0';
	int rc = json_object_set_new (params, name, value);
	if (rc != 0)
		rc = weir_err_invalid (err, "BadUsage", "", "--param %s: the name is not UTF-8", text);
	free (name);
	return rc;
}

static const char *
s_name (const char *path)
{
	return strcmp (path, "-") == 0 ? "standard input" : path;
}

static int
s_fail (weir_err_t *err, const char *path, const char *doing, const char *reason)
{
	return weir_err_set (err, WEIR_E_IO, WEIR_CLASS_GIVE_UP, "FileUnreadable", s_name (path),
	                     "%s: %s", doing, reason);
}

static int
s_read_all (FILE *file, const char *path, char **text_out, size_t *n_out, weir_err_t *err)
{
	size_t n = 0, room = 0;
	char *text = NULL;
	for (;;) {
		if (room - n < 2) {
			room = room * 2 + 65536;
			text = weir_realloc (text, room);
		}
		size_t got = fread (text + n, 1, room - n - 1, file);
		n += got;
		if (got == 0 || n > S_FILE_MAX)
			break;
	}
	if (ferror (file) || n > S_FILE_MAX) {
		const char *reason = n > S_FILE_MAX ? "larger than 64 MiB" : strerror (errno);
		free (text);
		return s_fail (err, path, "cannot be read", reason);
	}
	text[n] = '\0';
	*text_out = text;
	*n_out = n;
	return 0;
}

int
weir_file_read (const char *path, char **text_out, size_t *n_out, weir_err_t *err)
{
	*text_out = NULL;
	*n_out = 0;
	if (strcmp (path, "-") == 0)
		return s_read_all (stdin, path, text_out, n_out, err);
	FILE *file = fopen (path, "rb");
	if (file == NULL)
		return s_fail (err, path, "cannot be opened", strerror (errno));
	int rc = s_read_all (file, path, text_out, n_out, err);
	fclose (file);
	return rc;
}

int
weir_graph_read (const char *path, const json_t *params, weir_graph_t **graph_out, weir_err_t *err)
{
	char *text = NULL;
	size_t n = 0;
	*graph_out = NULL;
	int rc = weir_file_read (path, &text, &n, err);
	if (rc == 0)
		rc = weir_graph_parse (text, n, params, graph_out, err);
	free (text);
	if (rc != 0 && err != NULL && err->where[0] == '\0')
		snprintf (err->where, sizeof err->where, "%s", s_name (path));
	return rc;
}
