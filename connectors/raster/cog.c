/* cog.c - the sink format COG: the file that GTiff makes, laid out anew
 *
 * First a GTiff with overviews under a temporary name, as gtiff.c and skeleton.c make it. Then its
 * directories go to the front of the result, behind a note that says so, and its encoded tiles
 * behind them, the smallest overview's first. No tile is decoded or encoded a second time, so cells
 * are those of the GTiff to the bit, and memory is one tile and 16 bytes for each.
 *
 * Each tile has its length in front and its last four bytes once more behind: readers need no list
 * of lengths and notice a file that was written on.
 *
 * Runs on   one thread a file; blocks on disk; needs room for the file twice
 * Source    OGC 21-026 (Cloud Optimized GeoTIFF 1.0); GDAL, "COG driver", section header ghost area
 */
#include "connectors/raster/assembly.h"
#include "connectors/raster/tiffdir.h"
#include "connectors/raster/words.h"
#include "runtime/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LEADER_BYTES 4
#define TRAILER_BYTES 4
#define NOTE_HEAD "GDAL_STRUCTURAL_METADATA_SIZE=%06zu bytes\n"
#define NOTE_BYTES_MAX 256

static const char s_note[] = "LAYOUT=IFDS_BEFORE_DATA\n"
							 "BLOCK_ORDER=ROW_MAJOR\n"
							 "BLOCK_LEADER=SIZE_AS_UINT4\n"
							 "BLOCK_TRAILER=LAST_4_BYTES_REPEATED\n"
							 "KNOWN_INCOMPATIBLE_EDITION=NO\n "; /* a blank: room for "YES" */

typedef struct {
	const weir_assembly_t *assembly;
	weir_outfile_t *file;
	int plain_fd;
	weir_tiffdirs_t dirs;
	uint64_t first_dir; /* offsets in the result */
	uint64_t dirs_at[WEIR_TIFFDIR_MAX + 1];
	uint64_t **sources; /* where the tiles of each directory lie in the plain file */
	uint32_t longest;
} s_cog_t;

/* ---- where everything goes */

static size_t
s_format_note (char note[NOTE_BYTES_MAX])
{
	int n = snprintf (note, NOTE_BYTES_MAX, NOTE_HEAD "%s", sizeof s_note - 1, s_note);
	return (size_t) n;
}

static void
s_place_dirs (s_cog_t *self)
{
	char note[NOTE_BYTES_MAX];
	uint64_t at = weir_tiffdirs_header_bytes (&self->dirs) + s_format_note (note);
	at += at % 2;
	self->first_dir = at;
	for (size_t i = 0; i < self->dirs.n_dirs; i++) {
		self->dirs_at[i] = at;
		at += weir_tiffdirs_bytes (&self->dirs, i);
	}
	self->dirs_at[self->dirs.n_dirs] = at;
}

/* The smallest image first. A tile that the file lacks stays lacking. */
static int
s_place_tiles (s_cog_t *self, weir_err_t *err)
{
	uint64_t at = self->dirs_at[self->dirs.n_dirs];
	for (size_t i = self->dirs.n_dirs; i-- > 0;) {
		weir_tiffdir_t *dir = &self->dirs.dirs[i];
		self->sources[i] = dir->offsets;
		dir->offsets = weir_alloc (dir->n_tiles * sizeof *dir->offsets);
		for (size_t k = 0; k < dir->n_tiles; k++) {
			if (dir->lengths[k] == 0)
				continue;
			dir->offsets[k] = at + LEADER_BYTES;
			at += LEADER_BYTES + (uint64_t) dir->lengths[k] + TRAILER_BYTES;
			self->longest = dir->lengths[k] > self->longest ? dir->lengths[k] : self->longest;
		}
	}
	if (self->dirs.is_big || at <= UINT32_MAX)
		return 0;
	return weir_err_set (err, WEIR_E_UNSUPPORTED, WEIR_CLASS_GIVE_UP, "FormatUnsupported",
	                     self->assembly->output->node,
	                     "COG: more than 4 GiB need option bigtiff: YES");
}

/* ---- writing */

static int
s_write_front (const s_cog_t *self, weir_err_t *err)
{
	size_t n = (size_t) self->dirs_at[self->dirs.n_dirs];
	uint8_t *front = weir_alloc (n); /* zeroed */
	char note[NOTE_BYTES_MAX];
	size_t note_bytes = s_format_note (note);
	weir_tiffdirs_put_header (&self->dirs, self->first_dir, front);
	memcpy (front + weir_tiffdirs_header_bytes (&self->dirs), note, note_bytes);
	for (size_t i = 0; i < self->dirs.n_dirs; i++)
		weir_tiffdirs_put (&self->dirs, i, self->dirs_at[i],
		                   i + 1 < self->dirs.n_dirs ? self->dirs_at[i + 1] : 0,
		                   front + self->dirs_at[i]);
	int status = weir_outfile_write (self->file, front, n, err);
	free (front);
	return status;
}

static int
s_read_tile (const s_cog_t *self, uint64_t at, uint8_t *bytes, size_t n, weir_err_t *err)
{
	for (size_t done = 0; done < n;) {
		ssize_t got = pread (self->plain_fd, bytes + done, n - done, (off_t) (at + done));
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return weir_words_output_errno (err, got < 0 ? errno : EIO, self->file->path,
			                                "cannot lay out the file");
		done += (size_t) got;
	}
	return 0;
}

static int
s_copy_tile (const s_cog_t *self, size_t dir, size_t tile, uint8_t *buffer, weir_err_t *err)
{
	uint32_t length = self->dirs.dirs[dir].lengths[tile];
	if (length == 0)
		return 0;
	uint8_t *bytes = buffer + LEADER_BYTES, *end = bytes + length;
	int status = weir_assembly_ask (self->assembly, err);
	if (status == 0)
		status = s_read_tile (self, self->sources[dir][tile], bytes, length, err);
	if (status != 0)
		return status;
	memcpy (buffer, &length, LEADER_BYTES);
	memset (end, 0, TRAILER_BYTES);
	if (length >= TRAILER_BYTES)
		memcpy (end, end - TRAILER_BYTES, TRAILER_BYTES);
	return weir_outfile_write (self->file, buffer, LEADER_BYTES + (size_t) length + TRAILER_BYTES,
	                           err);
}

static int
s_copy_tiles (const s_cog_t *self, weir_err_t *err)
{
	uint8_t *buffer = malloc (LEADER_BYTES + (size_t) self->longest + TRAILER_BYTES);
	if (buffer == NULL)
		return weir_err_set (err, WEIR_E_MEMORY, WEIR_CLASS_OVERLOADED, "MemoryExhausted",
		                     self->assembly->output->node, "no memory for a tile of the result");
	int status = 0;
	for (size_t i = self->dirs.n_dirs; status == 0 && i-- > 0;)
		for (size_t k = 0; status == 0 && k < self->dirs.dirs[i].n_tiles; k++)
			status = s_copy_tile (self, i, k, buffer, err);
	free (buffer);
	return status;
}

static int
s_lay_out (s_cog_t *self, const weir_outfile_t *plain, weir_err_t *err)
{
	self->plain_fd = open (plain->temp_path, O_RDONLY | O_CLOEXEC);
	if (self->plain_fd < 0)
		return weir_words_output_errno (err, errno, plain->path, "cannot lay out the file");
	uint64_t *sources[WEIR_TIFFDIR_MAX] = { 0 };
	self->sources = sources;
	int status = weir_tiffdirs_read (self->plain_fd, plain->path, &self->dirs, err);
	if (status == 0) {
		s_place_dirs (self);
		status = s_place_tiles (self, err);
	}
	if (status == 0)
		status = s_write_front (self, err);
	if (status == 0)
		status = s_copy_tiles (self, err);
	for (size_t i = 0; i < self->dirs.n_dirs; i++)
		free (sources[i]);
	weir_tiffdirs_clear (&self->dirs);
	close (self->plain_fd);
	return status;
}

/* ---- the format */

static int
s_write_cog (const weir_assembly_t *assembly, uint64_t label_first, uint64_t n_labels,
             weir_outfile_t *file, weir_err_t *err)
{
	weir_outfile_t plain = { .fd = -1 };
	const char *slash = strrchr (file->path, '/');
	char *folder = weir_strdup (file->path);
	folder[slash == file->path ? 1 : slash - file->path] = '\0';
	int status = weir_outfile_create (&plain, folder, slash + 1, err);
	free (folder);
	if (status == 0)
		status = weir_sink_format_gtiff.write (assembly, label_first, n_labels, &plain, err);
	if (status == 0)
		status = weir_outfile_close (&plain, err);
	s_cog_t self = { .assembly = assembly, .file = file };
	if (status == 0)
		status = s_lay_out (&self, &plain, err);
	weir_outfile_discard (&plain);
	return status;
}

const weir_sink_format_t weir_sink_format_cog = {
	.format = WEIR_FORMAT_COG,
	.extension = "tif",
	.write = s_write_cog,
};
