/* cmd_inspect.c - `weir inspect`: what is in a file that Weir keeps for itself
 *
 * Parts, encoded chunks, plans and recorded messages are told apart by their first bytes. Anything
 * else, and what is damaged, is an error that says so.
 */
#include "actors/sink/part.h"
#include "cube/plan/build.h"
#include "runtime/base/mem.h"
#include "runtime/host/record.h"
#include "tools/weir/commands.h"
#include "tools/weir/common.h"
#include "tools/weir/inspect.h"
#include "tools/weir/params.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#define PLAN_BYTES_MAX ((size_t) 256 << 20)

static const char s_usage[] =
	"usage: weir inspect FILE [--json]\n"
	"Prints what is in a file that Weir keeps for itself:\n"
	"  part-N.weir       the records of a part: chunk, place, length, whether the checksum holds\n"
	"  an encoded chunk  its header and the lengths of its tiles\n"
	"  a plan            JSON as it is or compressed, as it lies in Redis: the lines of `weir plan`\n"
	"  messages          that were recorded by WEIR_RECORD=FILE in the environment of weir\n"
	"  --json            one JSON object a line\n"
	"Exit status: 0 done, 1 the file cannot be read, is damaged or none of these, 2 bad usage.\n";

/* ---- plans */

static int
s_inspect_plan (const char *path, const char *text, size_t n, bool is_json, weir_err_t *err)
{
	weir_plan_t *plan = NULL;
	int status = weir_plan_decode (text, n, &plan, err);
	if (status != 0) {
		char why[WEIR_ERR_TEXT_MAX];
		snprintf (why, sizeof why, "%s", err->text);
		return weir_err_invalid (err, "FileUnreadable", path, "JSON, but not a plan: %.300s", why);
	}
	char *lines = weir_plan_explain (plan, is_json);
	fputs (lines, stdout);
	if (is_json)
		putchar ('\n');
	free (lines);
	weir_plan_destroy (&plan);
	return 0;
}

/* NULL: not zlib's, or too much of it */
static char *
s_inflate (const char *bytes, size_t n, size_t *n_out)
{
	for (uLongf cap = 1 << 20; cap <= PLAN_BYTES_MAX; cap *= 4) {
		char *text = malloc (cap);
		uLongf got = cap;
		int rc = text != NULL ? uncompress ((Bytef *) text, &got, (const Bytef *) bytes, (uLong) n)
		                      : Z_MEM_ERROR;
		*n_out = got;
		if (rc == Z_OK)
			return text;
		free (text);
		if (rc != Z_BUF_ERROR)
			return NULL;
	}
	return NULL;
}

/* ---- which kind */

static bool
s_begins (const char *bytes, size_t n, const char *magic)
{
	return n >= strlen (magic) && memcmp (bytes, magic, strlen (magic)) == 0;
}

/* Files that are read whole. */
static int
s_inspect_bytes (const char *path, const char *bytes, size_t n, bool is_json, weir_err_t *err)
{
	if (s_begins (bytes, n, WEIR_PIECE_MAGIC))
		return weir_inspect_encoded (path, (const uint8_t *) bytes, n, is_json, err);
	if (n > 0 && bytes[0] == '{')
		return s_inspect_plan (path, bytes, n, is_json, err);
	size_t n_text = 0;
	char *text = n > 0 && bytes[0] == 0x78 ? s_inflate (bytes, n, &n_text) : NULL;
	int status = text != NULL && n_text > 0 && text[0] == '{'
	                 ? s_inspect_plan (path, text, n_text, is_json, err)
	                 : weir_err_invalid (
						   err, "FileUnreadable", path,
						   "not a part, an encoded chunk, a plan or recorded messages");
	free (text);
	return status;
}

static int
s_inspect (const char *path, bool is_json, weir_err_t *err)
{
	char head[8] = "";
	struct stat info;
	FILE *file = fopen (path, "rbe");
	if (file == NULL || fstat (fileno (file), &info) != 0 || S_ISDIR (info.st_mode)) {
		int error = file != NULL ? EISDIR : errno;
		if (file != NULL)
			fclose (file);
		return weir_err_set (err, WEIR_E_IO, WEIR_CLASS_GIVE_UP, "FileUnreadable", path,
		                     "cannot be opened: %s", strerror (error));
	}
	size_t n = fread (head, 1, sizeof head, file);
	fclose (file);
	if (s_begins (head, n, WEIR_PART_MAGIC_TEXT))
		return weir_inspect_part (path, is_json, err);
	if (s_begins (head, n, WEIR_RECORD_MAGIC))
		return weir_inspect_messages (path, is_json, err);
	char *bytes = NULL;
	int status = weir_file_read (path, &bytes, &n, err);
	if (status == 0)
		status = s_inspect_bytes (path, bytes, n, is_json, err);
	free (bytes);
	return status;
}

int
weir_cmd_inspect (int argc, char **argv)
{
	static const struct option options[] = { { "json", no_argument, NULL, 'j' },
		                                     { "help", no_argument, NULL, 'h' },
		                                     { NULL, 0, NULL, 0 } };
	bool is_json = false;
	optind = 0;
	opterr = 0;
	for (int option; (option = getopt_long (argc, argv, ":h", options, NULL)) != -1;) {
		if (option == 'h') {
			fputs (s_usage, stdout);
			return 0;
		}
		if (option != 'j')
			return weir_usage_error ("inspect", s_usage, "unknown option: %s", argv[optind - 1]);
		is_json = true;
	}
	if (argc - optind != 1)
		return weir_usage_error ("inspect", s_usage, "expected one file, found %d", argc - optind);
	weir_err_t err = { 0 };
	int status = s_inspect (argv[optind], is_json, &err);
	fflush (stdout);
	if (status == 0)
		return 0;
	weir_print_error (&err);
	return 1;
}
