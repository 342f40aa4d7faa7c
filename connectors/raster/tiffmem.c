/* tiffmem.c - see tiffmem.h */
#include "connectors/raster/tiffmem.h"

#include "connectors/raster/words.h"
#include "runtime/base/mem.h"

#include <fcntl.h>
#include <stdlib.h>
#include <strings.h>

#define TIFF_HEAD_BYTES 8 /* the file header, which is not kept */

struct weir_tiffmem {
	TIFF *tiff;
	const char *where;
	size_t tile_bytes;
	uint8_t *bytes;
	size_t head_bytes, used, capacity; /* used, capacity: from the beginning of bytes */
	uint64_t pos;                      /* in libtiff's file */
	bool is_out_of_memory;
};

/* ---- compressions */

static const struct {
	const char *name;
	uint16_t number;
	bool has_predictor;
} s_compressions[] = {
	{ "NONE", COMPRESSION_NONE, false },
	{ "LZW", COMPRESSION_LZW, true },
	{ "DEFLATE", COMPRESSION_ADOBE_DEFLATE, true },
	{ "ZSTD", COMPRESSION_ZSTD, true },
	{ "PACKBITS", COMPRESSION_PACKBITS, false },
};

enum { N_COMPRESSIONS = sizeof s_compressions / sizeof s_compressions[0] };

bool
weir_tiff_compression (const char *name, uint16_t *number_out)
{
	for (size_t i = 0; name != NULL && i < N_COMPRESSIONS; i++) {
		if (strcasecmp (name, s_compressions[i].name) != 0)
			continue;
		*number_out = s_compressions[i].number;
		return TIFFIsCODECConfigured (s_compressions[i].number) != 0;
	}
	return false;
}

bool
weir_tiff_has_predictor (uint16_t compression)
{
	for (size_t i = 0; i < N_COMPRESSIONS; i++)
		if (s_compressions[i].number == compression)
			return s_compressions[i].has_predictor;
	return false;
}

/* ---- libtiff's view of the buffer */

static tmsize_t
s_read (thandle_t handle, void *data, tmsize_t n)
{
	(void) handle;
	(void) data;
	(void) n;
	return 0;
}

static bool
s_grow (weir_tiffmem_t *self, size_t bytes)
{
	size_t capacity = self->capacity;
	if (bytes <= capacity)
		return true;
	while (capacity < bytes)
		capacity += capacity / 2;
	uint8_t *grown = bytes <= WEIR_ENCODED_BYTES_MAX ? realloc (self->bytes, capacity) : NULL;
	if (grown == NULL) {
		self->is_out_of_memory = true;
		return false;
	}
	self->bytes = grown;
	self->capacity = capacity;
	return true;
}

static tmsize_t
s_write (thandle_t handle, void *data, tmsize_t n)
{
	weir_tiffmem_t *self = handle;
	if (self->pos < TIFF_HEAD_BYTES) {
		self->pos += (uint64_t) n;
		return self->pos <= TIFF_HEAD_BYTES ? n : 0;
	}
	size_t at = self->head_bytes + (size_t) (self->pos - TIFF_HEAD_BYTES);
	if (!s_grow (self, at + (size_t) n))
		return 0;
	memcpy (self->bytes + at, data, (size_t) n);
	self->pos += (uint64_t) n;
	if (at + (size_t) n > self->used)
		self->used = at + (size_t) n;
	return n;
}

static toff_t
s_size (thandle_t handle)
{
	weir_tiffmem_t *self = handle;
	return self->used - self->head_bytes + TIFF_HEAD_BYTES;
}

static toff_t
s_seek (thandle_t handle, toff_t offset, int whence)
{
	weir_tiffmem_t *self = handle;
	if (whence == SEEK_END)
		offset += s_size (handle);
	else if (whence == SEEK_CUR)
		offset += self->pos;
	self->pos = offset;
	return offset;
}

static int
s_close (thandle_t handle)
{
	(void) handle;
	return 0;
}

/* ---- the object */

static uint16_t
s_sample_format (weir_type_t type)
{
	if (weir_type_is_float (type))
		return SAMPLEFORMAT_IEEEFP;
	return weir_type_min (type) < 0 ? SAMPLEFORMAT_INT : SAMPLEFORMAT_UINT;
}

static int
s_set_fields (weir_tiffmem_t *self, const weir_piece_shape_t *shape,
              const weir_format_options_t *options, weir_err_t *err)
{
	uint16_t compression = 0;
	if (!weir_tiff_compression (options->compress, &compression))
		return weir_err_set (err, WEIR_E_UNSUPPORTED, WEIR_CLASS_GIVE_UP, "FormatUnsupported",
		                     self->where, "compression '%s' is not offered",
		                     options->compress != NULL ? options->compress : "");
	TIFF *tiff = self->tiff;
	bool is_ok =
		TIFFSetField (tiff, TIFFTAG_IMAGEWIDTH, shape->n_cols * shape->width) &&
		TIFFSetField (tiff, TIFFTAG_IMAGELENGTH, shape->n_bands * shape->n_rows * shape->height) &&
		TIFFSetField (tiff, TIFFTAG_TILEWIDTH, shape->width) &&
		TIFFSetField (tiff, TIFFTAG_TILELENGTH, shape->height) &&
		TIFFSetField (tiff, TIFFTAG_BITSPERSAMPLE, (int) (8 * weir_type_size (shape->type))) &&
		TIFFSetField (tiff, TIFFTAG_SAMPLEFORMAT, (int) s_sample_format (shape->type)) &&
		TIFFSetField (tiff, TIFFTAG_SAMPLESPERPIXEL, 1) &&
		TIFFSetField (tiff, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG) &&
		TIFFSetField (tiff, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISBLACK) &&
		TIFFSetField (tiff, TIFFTAG_COMPRESSION, (int) compression);
	if (is_ok && options->predictor > 1 && weir_tiff_has_predictor (compression))
		is_ok = TIFFSetField (tiff, TIFFTAG_PREDICTOR, options->predictor);
	if (!is_ok)
		return weir_err_set (err, WEIR_E_UNSUPPORTED, WEIR_CLASS_GIVE_UP, "FormatUnsupported",
		                     self->where, "cannot encode: %s", weir_words_get ());
	return 0;
}

int
weir_tiffmem_new (const weir_piece_shape_t *shape, const weir_format_options_t *options,
                  const char *where, size_t head_bytes, weir_tiffmem_t **self_out, weir_err_t *err)
{
	*self_out = NULL;
	weir_words_reset ();
	uint64_t height = (uint64_t) shape->n_bands * shape->n_rows * shape->height;
	if (height > INT32_MAX)
		return weir_err_invalid (err, "PlanInvalid", where, "a chunk of too many bands or rows");
	weir_tiffmem_t *self = weir_alloc (sizeof *self);
	self->where = where;
	self->head_bytes = self->used = head_bytes;
	self->tile_bytes = (size_t) shape->width * shape->height * weir_type_size (shape->type);
	self->capacity = head_bytes + self->tile_bytes * shape->n_pieces / 8 + 65536;
	self->bytes = malloc (self->capacity);
	if (self->bytes != NULL)
		self->tiff = TIFFClientOpen ("chunk", "wlm", self, s_read, s_write, s_seek, s_close, s_size,
		                             NULL, NULL);
	int status = 0;
	if (self->tiff == NULL)
		status = weir_err_set (err, WEIR_E_MEMORY, WEIR_CLASS_OVERLOADED, "MemoryExhausted", where,
		                       "no memory to encode a chunk");
	if (status == 0)
		status = s_set_fields (self, shape, options, err);
	if (status != 0)
		weir_tiffmem_destroy (&self);
	*self_out = self;
	return status;
}

void
weir_tiffmem_destroy (weir_tiffmem_t **self_p)
{
	weir_tiffmem_t *self = self_p != NULL ? *self_p : NULL;
	if (self == NULL)
		return;
	if (self->tiff != NULL) {
		TIFFSetMode (self->tiff, O_RDONLY); /* or it would write a directory, which nobody wants */
		TIFFCleanup (self->tiff);
	}
	free (self->bytes);
	free (self);
	*self_p = NULL;
}

/* libtiff said that it wrote, and the buffer has to agree: one tile right behind the last. */
static int
s_check_tile (const weir_tiffmem_t *self, uint32_t i, size_t before, bool is_written,
              weir_err_t *err)
{
	if (self->is_out_of_memory)
		return weir_err_set (err, WEIR_E_MEMORY, WEIR_CLASS_OVERLOADED, "MemoryExhausted",
		                     self->where, "no memory to encode a chunk");
	if (!is_written || self->used <= before ||
	    TIFFGetStrileByteCount (self->tiff, i) != self->used - before)
		return weir_err_set (err, WEIR_E_UNSUPPORTED, WEIR_CLASS_GIVE_UP, "FormatUnsupported",
		                     self->where, "cannot encode: %s", weir_words_get ());
	return 0;
}

int
weir_tiffmem_add (weir_tiffmem_t *self, uint32_t i, const void *cells, uint32_t *length_out,
                  weir_err_t *err)
{
	size_t before = self->used;
	/* libtiff takes a pointer to what it could write, and does not: predictors work on a copy. */
	tmsize_t n = TIFFWriteEncodedTile (self->tiff, i, (void *) (uintptr_t) cells,
	                                   (tmsize_t) self->tile_bytes);
	int status = s_check_tile (self, i, before, n == (tmsize_t) self->tile_bytes, err);
	*length_out = (uint32_t) (self->used - before);
	return status;
}

int
weir_tiffmem_repeat (weir_tiffmem_t *self, uint32_t i, size_t offset, uint32_t length,
                     weir_err_t *err)
{
	size_t before = self->used;
	bool is_written = false;
	if (s_grow (self,
	            before + length)) /* first, so that the source does not move while it is copied */
		is_written = TIFFWriteRawTile (self->tiff, i, self->bytes + offset, (tmsize_t) length) ==
		             (tmsize_t) length;
	return s_check_tile (self, i, before, is_written, err);
}

size_t
weir_tiffmem_used (const weir_tiffmem_t *self)
{
	return self->used;
}

uint8_t *
weir_tiffmem_take (weir_tiffmem_t *self, size_t *n_bytes_out)
{
	uint8_t *fitting = realloc (self->bytes, self->used);
	uint8_t *bytes = fitting != NULL ? fitting : self->bytes;
	*n_bytes_out = self->used;
	self->bytes = NULL;
	self->used = self->capacity = self->head_bytes = 0;
	return bytes;
}
