/* inspect_part.c - parts and encoded chunks */
#include "tools/weir/inspect.h"

#include "actors/sink/part.h"
#include "runtime/base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static const char *
s_kind_name (weir_piece_kind_t kind)
{
	return kind == WEIR_PIECE_TILES ? "tiles" : kind == WEIR_PIECE_ROWS ? "rows" : "nothing";
}

json_t *
weir_inspect_encoded_json (const weir_piece_view_t *view)
{
	const weir_piece_shape_t *shape = &view->shape;
	json_t *object = json_pack (
		"{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I}", "pieces", s_kind_name (shape->kind), "type",
		weir_type_name (shape->type), "bands", (json_int_t) shape->n_bands, "piece_width",
		(json_int_t) shape->width, "piece_height", (json_int_t) shape->height, "cols",
		(json_int_t) shape->n_cols, "rows", (json_int_t) shape->n_rows, "n",
		(json_int_t) shape->n_pieces);
	if (view->range.n_valid > 0) {
		json_object_set_new (object, "valid_min", json_real (view->range.min));
		json_object_set_new (object, "valid_max", json_real (view->range.max));
	}
	return object;
}

static void
s_print_encoded (const weir_piece_view_t *view)
{
	const weir_piece_shape_t *shape = &view->shape;
	if (shape->kind == WEIR_PIECE_NONE) {
		printf ("nothing encoded");
		return;
	}
	printf ("%u %s of %u x %u %s, %u x %u in each of %u bands", shape->n_pieces,
	        s_kind_name (shape->kind), shape->width, shape->height, weir_type_name (shape->type),
	        shape->n_cols, shape->n_rows, shape->n_bands);
	if (view->range.n_valid > 0)
		printf (", valid %.17g to %.17g", view->range.min, view->range.max);
}

int
weir_inspect_encoded (const char *path, const uint8_t *bytes, size_t n_bytes, bool is_json,
                      weir_err_t *err)
{
	weir_piece_view_t view;
	if (!weir_piece_describe (bytes, n_bytes, &view))
		return weir_err_invalid (err, "FileUnreadable", path,
		                         "an encoded chunk whose header does not agree with its length");
	uint32_t per_band = view.shape.n_cols * view.shape.n_rows;
	if (is_json) {
		json_t *line = weir_inspect_encoded_json (&view), *lengths = json_array ();
		for (uint32_t i = 0; i < view.shape.n_pieces; i++)
			json_array_append_new (lengths, json_integer (weir_piece_length (&view, i)));
		json_object_set_new (line, "kind", json_string ("encoded"));
		json_object_set_new (line, "lengths", lengths);
		json_dumpf (line, stdout, JSON_COMPACT);
		putchar ('\n');
		json_decref (line);
		return 0;
	}
	printf ("encoded chunk, %zu bytes: ", n_bytes);
	s_print_encoded (&view);
	putchar ('\n');
	for (uint32_t i = 0; i < view.shape.n_pieces; i++)
		printf ("band %u, row %u, col %u: %u bytes\n", i / per_band,
		        i % per_band / view.shape.n_cols, i % view.shape.n_cols,
		        weir_piece_length (&view, i));
	return 0;
}

/* ---- parts */

typedef struct {
	const char *path;
	bool is_json;
	uint64_t n_records, n_bad;
} s_part_t;

static void
s_show_record_json (const weir_part_entry_t *entry, bool is_good, const weir_piece_view_t *view)
{
	json_t *line = json_pack ("{s:s, s:I, s:I, s:I, s:b}", "kind", "record", "chunk",
	                          (json_int_t) entry->chunk, "offset", (json_int_t) entry->offset,
	                          "length", (json_int_t) entry->n_bytes, "crc_ok", is_good);
	if (view != NULL)
		json_object_set_new (line, "encoded", weir_inspect_encoded_json (view));
	json_dumpf (line, stdout, JSON_COMPACT);
	putchar ('\n');
	json_decref (line);
}

static void
s_show_record (void *arg, int fd, const weir_part_entry_t *entry)
{
	s_part_t *self = arg;
	uint8_t *bytes = NULL;
	weir_err_t ignored;
	weir_piece_view_t view;
	bool is_good = weir_part_fetch (fd, self->path, entry, &bytes, &ignored) == 0;
	bool is_encoded = is_good && weir_piece_describe (bytes, (size_t) entry->n_bytes, &view);
	self->n_records++;
	self->n_bad += !is_good;
	if (self->is_json) {
		s_show_record_json (entry, is_good, is_encoded ? &view : NULL);
	} else {
		printf ("chunk %llu: offset %llu, length %llu, crc %s", (unsigned long long) entry->chunk,
		        (unsigned long long) entry->offset, (unsigned long long) entry->n_bytes,
		        is_good ? "ok" : "WRONG");
		if (is_encoded) {
			printf ("; ");
			s_print_encoded (&view);
		}
		putchar ('\n');
	}
	free (bytes);
}

int
weir_inspect_part (const char *path, bool is_json, weir_err_t *err)
{
	s_part_t self = { .path = path, .is_json = is_json };
	uint64_t end = 0;
	struct stat info = { 0 };
	int status = weir_part_walk (path, s_show_record, &self, &end, err);
	if (status != 0)
		return status;
	uint64_t size = stat (path, &info) == 0 ? (uint64_t) info.st_size : end;
	uint64_t tail = size > end ? size - end : 0;
	if (is_json)
		printf ("{\"kind\":\"part\",\"records\":%llu,\"bytes\":%llu,\"tail_bytes\":%llu}\n",
		        (unsigned long long) self.n_records, (unsigned long long) end,
		        (unsigned long long) tail);
	else
		printf ("part: %llu records in %llu bytes\n", (unsigned long long) self.n_records,
		        (unsigned long long) end);
	if (self.n_bad > 0)
		return weir_err_invalid (err, "FileUnreadable", path,
		                         "%llu records are not as they were written",
		                         (unsigned long long) self.n_bad);
	if (tail > 0)
		return weir_err_invalid (err, "FileUnreadable", path,
		                         "%llu bytes after the last whole record",
		                         (unsigned long long) tail);
	return 0;
}
