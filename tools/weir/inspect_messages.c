/* inspect_messages.c - messages that were recorded with WEIR_RECORD, one a line */
#include "tools/weir/inspect.h"

#include "messages/codec.h"
#include "runtime/base/mem.h"
#include "runtime/host/record.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FIELDS_SHOWN 160 /* characters, in lines for people */

/* The message without its envelope, and its name. */
static json_t *
s_decode (const weir_record_t *record, const uint8_t *bytes, const char **name_out, weir_err_t *err)
{
	json_t *fields = NULL;
	*name_out = "unreadable";
	if (record->kind == WEIR_RECORD_CONTROL) {
		Weir__Control *msg = weir_control_decode (bytes, record->n_bytes, err);
		fields = msg != NULL ? weir_inspect_fields (&msg->base) : NULL;
		*name_out = msg != NULL ? weir_control_name ((int) msg->body_case) : *name_out;
		weir_control_free (&msg);
	} else {
		Weir__Data *msg = weir_data_decode (bytes, record->n_bytes, err);
		fields = msg != NULL ? weir_inspect_fields (&msg->base) : NULL;
		*name_out = msg != NULL ? weir_data_name ((int) msg->body_case) : *name_out;
		weir_data_free (&msg);
	}
	json_t *body = json_object_get (fields, *name_out);
	if (body == NULL)
		return fields;
	json_incref (body);
	json_decref (fields);
	return body;
}

static void
s_format_time (int64_t time_us, char *text, size_t n)
{
	time_t seconds = (time_t) (time_us / 1000000);
	struct tm parts;
	if (time_us < 0 || gmtime_r (&seconds, &parts) == NULL) {
		snprintf (text, n, "?");
		return;
	}
	char day[64];
	strftime (day, sizeof day, "%Y-%m-%dT%H:%M:%S", &parts);
	snprintf (text, n, "%s.%06dZ", day, (int) (time_us % 1000000));
}

static void
s_print_json (const weir_record_t *record, const char *name, json_t *fields, const weir_err_t *err)
{
	char when[96];
	s_format_time (record->time_us, when, sizeof when);
	bool is_data = record->kind == WEIR_RECORD_DATA;
	json_t *line = json_pack ("{s:s, s:s, s:s, s:s, s:I, s:I, s:I}", "kind",
	                          is_data ? "data" : "control", "time", when, "receiver",
	                          record->receiver, "message", name, "from", (json_int_t) record->from,
	                          "to", (json_int_t) record->to, "bytes", (json_int_t) record->n_bytes);
	if (line == NULL) /* a receiver whose name is no text */
		line = json_pack ("{s:s, s:s}", "kind", is_data ? "data" : "control", "message", name);
	if (is_data)
		json_object_set_new (line, "payload_bytes",
		                     json_integer ((json_int_t) record->payload_bytes));
	if (fields != NULL)
		json_object_set (line, "fields", fields);
	else
		json_object_set_new (line, "error", json_string (err->text));
	json_dumpf (line, stdout, JSON_COMPACT);
	putchar ('\n');
	json_decref (line);
}

static void
s_print_line (const weir_record_t *record, const char *name, json_t *fields, const weir_err_t *err)
{
	char when[96];
	s_format_time (record->time_us, when, sizeof when);
	char *text = fields != NULL ? json_dumps (fields, JSON_COMPACT) : weir_strdup (err->text);
	size_t n = text != NULL ? strlen (text) : 0;
	printf ("%s %s %-7s %s from %llx: %s, %u bytes", when, record->receiver,
	        record->kind == WEIR_RECORD_DATA ? "data" : "control", name,
	        (unsigned long long) record->from,
	        n > FIELDS_SHOWN ? "…"
	        : n > 0          ? text
	                         : "",
	        record->n_bytes);
	if (record->payload_bytes > 0)
		printf (" and %llu of payload", (unsigned long long) record->payload_bytes);
	putchar ('\n');
	if (n > FIELDS_SHOWN)
		printf ("\t%s\n", text);
	free (text);
}

static void
s_show (const weir_record_t *record, const uint8_t *bytes, bool is_json)
{
	weir_err_t err = { 0 };
	const char *name;
	json_t *fields = s_decode (record, bytes, &name, &err);
	if (is_json)
		s_print_json (record, name, fields, &err);
	else
		s_print_line (record, name, fields, &err);
	json_decref (fields);
}

static int
s_walk (FILE *file, const char *path, bool is_json, weir_err_t *err)
{
	uint8_t head[WEIR_RECORD_HEAD_BYTES];
	uint64_t at = 0;
	for (;;) {
		size_t got = fread (head, 1, sizeof head, file);
		if (got == 0 && !ferror (file))
			return 0;
		weir_record_t record;
		if (got < sizeof head || !weir_record_parse (head, &record))
			return weir_err_invalid (err, "FileUnreadable", path, "no message begins at byte %llu",
			                         (unsigned long long) at);
		uint8_t *bytes = malloc ((size_t) record.n_bytes + 1);
		if (bytes == NULL || fread (bytes, 1, record.n_bytes, file) < record.n_bytes) {
			free (bytes);
			return weir_err_invalid (err, "FileUnreadable", path,
			                         "the message at byte %llu is cut short",
			                         (unsigned long long) at);
		}
		s_show (&record, bytes, is_json);
		free (bytes);
		at += sizeof head + record.n_bytes;
	}
}

int
weir_inspect_messages (const char *path, bool is_json, weir_err_t *err)
{
	FILE *file = fopen (path, "rbe");
	if (file == NULL)
		return weir_err_set (err, WEIR_E_IO, WEIR_CLASS_GIVE_UP, "FileUnreadable", path,
		                     "cannot be opened: %s", strerror (errno));
	int status = s_walk (file, path, is_json, err);
	fclose (file);
	return status;
}
