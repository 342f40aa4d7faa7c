/* tiffdir.c - see tiffdir.h */
#include "connectors/raster/tiffdir.h"

#include "runtime/base/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TAG_WIDTH 256
#define TAG_HEIGHT 257
#define TAG_TILE_OFFSETS 324
#define TAG_TILE_LENGTHS 325
#define TYPE_SHORT 3
#define TYPE_LONG 4
#define TYPE_LONG8 16
#define VALUE_BYTES_MAX ((uint64_t) 1 << 30)
#define TAGS_MAX 4096

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "tags are taken as they lie in memory");

typedef struct {
	int fd;
	const char *path;
	bool is_big;
	weir_err_t *err;
} s_reader_t;

/* How a classic and a big file differ. */
static size_t
s_entry_bytes (bool is_big)
{
	return is_big ? 20 : 12;
}

static size_t
s_word_bytes (bool is_big) /* of an offset, and of a value that stands in its entry */
{
	return is_big ? 8 : 4;
}

static size_t
s_count_bytes (bool is_big) /* of the number of entries */
{
	return is_big ? 8 : 2;
}

static size_t
s_type_bytes (uint16_t type)
{
	static const uint8_t sizes[] = { 0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 0, 0, 0, 8, 8 };
	return type < sizeof sizes ? sizes[type] : 0; /* a tag that points at directories has none */
}

static uint64_t
s_get (const uint8_t *bytes, size_t n)
{
	uint64_t value = 0;
	memcpy (&value, bytes, n);
	return value;
}

/* ---- reading */

static int
s_bad (const s_reader_t *self, const char *text)
{
	return weir_err_set (self->err, WEIR_E_IO, WEIR_CLASS_GIVE_UP, "OutputUnwritable", self->path,
	                     "cannot lay out the file: %s", text);
}

static int
s_pread (const s_reader_t *self, uint64_t at, void *bytes, size_t n)
{
	for (size_t done = 0; done < n;) {
		ssize_t got = at <= INT64_MAX ? pread (self->fd, (uint8_t *) bytes + done, n - done,
		                                       (off_t) (at + done))
		                              : 0;
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return s_bad (self, got < 0 ? strerror (errno) : "it ends too early");
		done += (size_t) got;
	}
	return 0;
}

/* The value of a tag, from its entry or from where that points. */
static int
s_read_value (const s_reader_t *self, const uint8_t *entry, weir_tifftag_t *tag)
{
	size_t word = s_word_bytes (self->is_big);
	uint64_t bytes;
	tag->tag = (uint16_t) s_get (entry, 2);
	tag->type = (uint16_t) s_get (entry + 2, 2);
	tag->count = s_get (entry + 4, word);
	if (__builtin_mul_overflow (tag->count, s_type_bytes (tag->type), &bytes) || bytes == 0 ||
	    bytes > VALUE_BYTES_MAX)
		return s_bad (self, "a tag of unknown type or size");
	tag->value_bytes = (size_t) bytes;
	tag->value = malloc (tag->value_bytes);
	if (tag->value == NULL)
		return weir_err_set (self->err, WEIR_E_MEMORY, WEIR_CLASS_OVERLOADED, "MemoryExhausted",
		                     self->path, "no memory to lay out the file");
	const uint8_t *place = entry + 4 + word;
	if (bytes > word)
		return s_pread (self, s_get (place, word), tag->value, tag->value_bytes);
	memcpy (tag->value, place, tag->value_bytes);
	return 0;
}

static uint64_t
s_number_at (const weir_tifftag_t *tag, size_t i)
{
	size_t n = s_type_bytes (tag->type);
	return s_get (tag->value + i * n, n);
}

static bool
s_is_numbers (const weir_tifftag_t *tag)
{
	return tag->type == TYPE_SHORT || tag->type == TYPE_LONG || tag->type == TYPE_LONG8;
}

/* Lists of tiles become numbers; they are written anew. */
static int
s_take_tiles (const s_reader_t *self, weir_tiffdir_t *dir, weir_tifftag_t *tag)
{
	bool is_offsets = tag->tag == TAG_TILE_OFFSETS;
	if (!s_is_numbers (tag) || (dir->n_tiles != 0 && dir->n_tiles != tag->count))
		return s_bad (self, "lists of tiles that do not go together");
	dir->n_tiles = (size_t) tag->count;
	if (is_offsets)
		dir->offsets = weir_alloc (dir->n_tiles * sizeof *dir->offsets);
	else
		dir->lengths = weir_alloc (dir->n_tiles * sizeof *dir->lengths);
	for (size_t i = 0; i < dir->n_tiles; i++) {
		uint64_t number = s_number_at (tag, i);
		if (is_offsets)
			dir->offsets[i] = number;
		else if (number > UINT32_MAX - 8)
			return s_bad (self, "a tile of more than 4 GiB");
		else
			dir->lengths[i] = (uint32_t) number;
	}
	free (tag->value);
	tag->value = NULL;
	tag->type = is_offsets && self->is_big ? TYPE_LONG8 : TYPE_LONG;
	tag->value_bytes = dir->n_tiles * s_type_bytes (tag->type);
	return 0;
}

static int
s_read_tags (const s_reader_t *self, const uint8_t *entries, size_t n, weir_tiffdir_t *dir)
{
	dir->tags = weir_alloc (n * sizeof *dir->tags);
	for (size_t i = 0; i < n; i++) {
		weir_tifftag_t *tag = &dir->tags[dir->n_tags++];
		int status = s_read_value (self, entries + i * s_entry_bytes (self->is_big), tag);
		if (status != 0)
			return status;
		if (tag->tag == TAG_TILE_OFFSETS || tag->tag == TAG_TILE_LENGTHS)
			status = s_take_tiles (self, dir, tag);
		else if ((tag->tag == TAG_WIDTH || tag->tag == TAG_HEIGHT) && s_is_numbers (tag))
			*(tag->tag == TAG_WIDTH ? &dir->width : &dir->height) = (uint32_t) s_number_at (tag, 0);
		if (status != 0)
			return status;
	}
	if (dir->offsets == NULL || dir->lengths == NULL || dir->width == 0 || dir->height == 0)
		return s_bad (self, "a directory without tiles");
	return 0;
}

static int
s_read_dir (const s_reader_t *self, uint64_t at, weir_tiffdir_t *dir, uint64_t *next_out)
{
	uint8_t word[8];
	size_t head = s_count_bytes (self->is_big), tail = s_word_bytes (self->is_big);
	int status = s_pread (self, at, word, head);
	if (status != 0)
		return status;
	uint64_t n = s_get (word, head);
	if (n == 0 || n > TAGS_MAX)
		return s_bad (self, "a directory of impossible length");
	size_t bytes = (size_t) n * s_entry_bytes (self->is_big);
	uint8_t *entries = weir_alloc (bytes + tail);
	status = s_pread (self, at + head, entries, bytes + tail);
	if (status == 0) {
		*next_out = s_get (entries + bytes, tail);
		status = s_read_tags (self, entries, (size_t) n, dir);
	}
	free (entries);
	return status;
}

static int
s_compare_dirs (const void *a, const void *b)
{
	const weir_tiffdir_t *x = a, *y = b;
	uint64_t left = (uint64_t) x->width * x->height, right = (uint64_t) y->width * y->height;
	return left == right ? 0 : left > right ? -1 : 1;
}

int
weir_tiffdirs_read (int fd, const char *path, weir_tiffdirs_t *dirs_out, weir_err_t *err)
{
	uint8_t head[16];
	memset (dirs_out, 0, sizeof *dirs_out);
	s_reader_t self = { .fd = fd, .path = path, .err = err };
	int status = s_pread (&self, 0, head, sizeof head);
	if (status != 0)
		return status;
	self.is_big = dirs_out->is_big = memcmp (head, "II+\0\x08\0\0\0", 8) == 0;
	if (!self.is_big && memcmp (head, "II*\0", 4) != 0)
		return s_bad (&self, "not a little-endian TIFF");
	uint64_t next = self.is_big ? s_get (head + 8, 8) : s_get (head + 4, 4);
	while (status == 0 && next != 0) {
		if (dirs_out->n_dirs == WEIR_TIFFDIR_MAX)
			status = s_bad (&self, "too many directories");
		else
			status = s_read_dir (&self, next, &dirs_out->dirs[dirs_out->n_dirs++], &next);
	}
	if (status == 0 && dirs_out->n_dirs == 0)
		status = s_bad (&self, "no directory");
	if (status != 0)
		weir_tiffdirs_clear (dirs_out);
	else
		qsort (dirs_out->dirs, dirs_out->n_dirs, sizeof *dirs_out->dirs, s_compare_dirs);
	return status;
}

void
weir_tiffdirs_clear (weir_tiffdirs_t *self)
{
	for (size_t i = 0; i < self->n_dirs; i++) {
		weir_tiffdir_t *dir = &self->dirs[i];
		for (size_t k = 0; k < dir->n_tags; k++)
			free (dir->tags[k].value);
		free (dir->tags);
		free (dir->offsets);
		free (dir->lengths);
	}
	memset (self, 0, sizeof *self);
}

/* ---- writing */

size_t
weir_tiffdirs_header_bytes (const weir_tiffdirs_t *self)
{
	return self->is_big ? 16 : 8;
}

static uint64_t
s_even (uint64_t n)
{
	return n + n % 2;
}

uint64_t
weir_tiffdirs_bytes (const weir_tiffdirs_t *self, size_t i)
{
	const weir_tiffdir_t *dir = &self->dirs[i];
	size_t word = s_word_bytes (self->is_big);
	uint64_t bytes = s_even (s_count_bytes (self->is_big) +
	                         dir->n_tags * s_entry_bytes (self->is_big) + word);
	for (size_t k = 0; k < dir->n_tags; k++)
		if (dir->tags[k].value_bytes > word)
			bytes += s_even (dir->tags[k].value_bytes);
	return bytes;
}

void
weir_tiffdirs_put_header (const weir_tiffdirs_t *self, uint64_t first, uint8_t *bytes)
{
	memcpy (bytes, self->is_big ? "II+\0\x08\0\0\0" : "II*\0", self->is_big ? 8 : 4);
	memcpy (bytes + (self->is_big ? 8 : 4), &first, s_word_bytes (self->is_big));
}

static void
s_put_value (const weir_tiffdir_t *dir, const weir_tifftag_t *tag, uint8_t *bytes)
{
	size_t n = s_type_bytes (tag->type);
	if (tag->value != NULL) {
		memcpy (bytes, tag->value, tag->value_bytes);
		return;
	}
	for (size_t i = 0; i < dir->n_tiles; i++) {
		uint64_t number = tag->tag == TAG_TILE_OFFSETS ? dir->offsets[i] : dir->lengths[i];
		memcpy (bytes + i * n, &number, n);
	}
}

void
weir_tiffdirs_put (const weir_tiffdirs_t *self, size_t i, uint64_t at, uint64_t next,
                   uint8_t *bytes)
{
	const weir_tiffdir_t *dir = &self->dirs[i];
	size_t word = s_word_bytes (self->is_big), head = s_count_bytes (self->is_big);
	uint64_t n = dir->n_tags;
	memset (bytes, 0, (size_t) weir_tiffdirs_bytes (self, i));
	memcpy (bytes, &n, head);
	uint8_t *entry = bytes + head;
	uint64_t beyond = s_even (head + n * s_entry_bytes (self->is_big) + word);
	for (size_t k = 0; k < dir->n_tags; k++, entry += s_entry_bytes (self->is_big)) {
		const weir_tifftag_t *tag = &dir->tags[k];
		memcpy (entry, &tag->tag, 2);
		memcpy (entry + 2, &tag->type, 2);
		memcpy (entry + 4, &tag->count, word);
		if (tag->value_bytes <= word) {
			s_put_value (dir, tag, entry + 4 + word);
			continue;
		}
		uint64_t place = at + beyond;
		memcpy (entry + 4 + word, &place, word);
		s_put_value (dir, tag, bytes + beyond);
		beyond += s_even (tag->value_bytes);
	}
	memcpy (entry, &next, word);
}
