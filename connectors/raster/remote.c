/* remote.c - see remote.h */
#include "connectors/raster/remote.h"

#include "connectors/raster/driver.h"
#include "connectors/raster/url.h"
#include "connectors/raster/words.h"
#include "runtime/base/vec.h"

#include <cpl_vsi.h>
#include <errno.h>
#include <stdlib.h>

#define STRAY_BYTES ((size_t) 32 << 10)

typedef struct {
	uint64_t offset, n_bytes;
	uint32_t n_uses;
	weir_fetch_t *fetch; /* NULL: not started */
} s_range_t;

struct weir_remote {
	weir_fetch_group_t *group;
	char *name;
	const char *url; /* in name */
	weir_reach_t reach;
	size_t *held;
	weir_fetch_t *head, *stray;
	uint64_t stray_offset;
	WEIR_VEC (s_range_t) ranges; /* by offset */
	weir_err_t *err;             /* of a fetch that GDAL waited for */
};

typedef struct { /* what GDAL holds */
	weir_remote_t *remote;
	uint64_t position;
	bool is_at_end;
} s_file_t;

/* The file that this thread is opening: nobody else's open succeeds. */
static _Thread_local weir_remote_t *s_opening;

weir_remote_t *
weir_remote_new (weir_fetch_group_t *group, const char *name, size_t *held)
{
	weir_remote_t *self = weir_alloc (sizeof *self);
	self->group = group;
	self->name = weir_strdup (name);
	self->url = weir_url_of_name (self->name, &self->reach);
	self->held = held;
	weir_assert (self->url != NULL);
	self->head = weir_fetch_start (group, self->url, self->reach, 0, WEIR_REMOTE_HEAD_BYTES, NULL);
	return self;
}

static void
s_end_range (weir_remote_t *self, size_t i)
{
	s_range_t *range = &self->ranges.at[i];
	if (range->fetch != NULL)
		*self->held -= (size_t) range->n_bytes;
	weir_fetch_end (&range->fetch);
	memmove (range, range + 1, (self->ranges.n - i - 1) * sizeof *range);
	self->ranges.n--;
}

void
weir_remote_destroy (weir_remote_t **self_p)
{
	weir_remote_t *self = *self_p;
	if (self == NULL)
		return;
	*self_p = NULL;
	while (self->ranges.n > 0)
		s_end_range (self, self->ranges.n - 1);
	weir_vec_clear (&self->ranges);
	weir_fetch_end (&self->head);
	weir_fetch_end (&self->stray);
	free (self->err);
	free (self->name);
	free (self);
}

bool
weir_remote_is_ready (weir_remote_t *self)
{
	return weir_fetch_is_done (self->head);
}

int
weir_remote_open (weir_remote_t *self, GDALDatasetH *dataset_out, weir_err_t *err)
{
	*dataset_out = NULL;
	int status = weir_fetch_status (self->head, err);
	if (status != 0)
		return status;
	s_opening = self;
	status = weir_driver_open_name (self->name, self->url, dataset_out, err);
	s_opening = NULL;
	if (status != 0 && self->err != NULL)
		status = weir_remote_take_error (self, err);
	return status;
}

int
weir_remote_take_error (weir_remote_t *self, weir_err_t *err)
{
	if (self->err == NULL)
		return 0;
	int status = self->err->status;
	if (err != NULL)
		*err = *self->err;
	free (self->err);
	self->err = NULL;
	return status;
}

/* ---- ranges */

static uint64_t
s_size (const weir_remote_t *self)
{
	return weir_fetch_version (self->head)->size;
}

static bool
s_is_in_head (const weir_remote_t *self, weir_remote_block_t block)
{
	size_t n;
	(void) weir_fetch_bytes (self->head, &n);
	return block.offset + block.n_bytes <= n;
}

/* Sums of what a file says may wrap; what it says beyond its own end is GDAL's to find out. */
static bool
s_is_sane (const weir_remote_t *self, weir_remote_block_t block)
{
	return block.n_bytes > 0 && block.n_bytes <= s_size (self) &&
	       block.offset <= s_size (self) - block.n_bytes;
}

static s_range_t *
s_find_range (weir_remote_t *self, uint64_t offset, uint64_t n_bytes)
{
	for (size_t i = 0; i < self->ranges.n; i++) {
		s_range_t *range = &self->ranges.at[i];
		if (range->offset <= offset && offset + n_bytes <= range->offset + range->n_bytes)
			return range;
	}
	return NULL;
}

static int
s_compare_blocks (const void *a, const void *b)
{
	const weir_remote_block_t *x = a, *y = b;
	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static int
s_compare_ranges (const void *a, const void *b)
{
	const s_range_t *x = a, *y = b;
	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/* A range that is not started yet may grow. */
static bool
s_extend (s_range_t *range, weir_remote_block_t block)
{
	uint64_t end = block.offset + block.n_bytes, range_end = range->offset + range->n_bytes;
	if (range->fetch != NULL || block.offset < range->offset ||
	    block.offset > range_end + WEIR_REMOTE_GAP_BYTES ||
	    end - range->offset > WEIR_REMOTE_RANGE_BYTES)
		return false;
	if (end > range_end)
		range->n_bytes = end - range->offset;
	range->n_uses++;
	return true;
}

void
weir_remote_want (weir_remote_t *self, size_t n, weir_remote_block_t *blocks)
{
	size_t n_old = self->ranges.n;
	if (n > 0)
		qsort (blocks, n, sizeof *blocks, s_compare_blocks);
	for (size_t i = 0; i < n; i++) {
		if (!s_is_sane (self, blocks[i]) || s_is_in_head (self, blocks[i]))
			continue;
		s_range_t *range = s_find_range (self, blocks[i].offset, blocks[i].n_bytes);
		if (range != NULL) {
			range->n_uses++;
			continue;
		}
		if (self->ranges.n > n_old && s_extend (&self->ranges.at[self->ranges.n - 1], blocks[i]))
			continue;
		s_range_t fresh = { .offset = blocks[i].offset, .n_bytes = blocks[i].n_bytes, .n_uses = 1 };
		weir_vec_push (&self->ranges, fresh);
	}
	if (self->ranges.n > n_old)
		qsort (self->ranges.at, self->ranges.n, sizeof *self->ranges.at, s_compare_ranges);
}

static void
s_start_range (weir_remote_t *self, s_range_t *range)
{
	if (range->fetch != NULL)
		return;
	*self->held += (size_t) range->n_bytes;
	range->fetch = weir_fetch_start (self->group, weir_fetch_url (self->head), self->reach,
	                                 range->offset, (size_t) range->n_bytes,
	                                 weir_fetch_version (self->head));
}

void
weir_remote_start (weir_remote_t *self, size_t held_max)
{
	for (size_t i = 0; i < self->ranges.n && *self->held < held_max; i++)
		s_start_range (self, &self->ranges.at[i]);
}

static int
s_wait (weir_remote_t *self, const weir_fetch_t *fetch, weir_err_t *err)
{
	for (;;) {
		uint64_t seen = weir_fetch_group_count (self->group);
		if (weir_fetch_is_done (fetch))
			return weir_fetch_status (fetch, err);
		int status = weir_fetch_group_wait (self->group, seen, err);
		if (status != 0)
			return status;
	}
}

int
weir_remote_need (weir_remote_t *self, weir_remote_block_t block, weir_err_t *err)
{
	if (!s_is_sane (self, block) || s_is_in_head (self, block))
		return 0;
	s_range_t *range = s_find_range (self, block.offset, block.n_bytes);
	if (range == NULL)
		return 0;
	s_start_range (self, range);
	return s_wait (self, range->fetch, err);
}

void
weir_remote_use (weir_remote_t *self, weir_remote_block_t block)
{
	if (!s_is_sane (self, block) || s_is_in_head (self, block))
		return;
	s_range_t *range = s_find_range (self, block.offset, block.n_bytes);
	if (range != NULL && --range->n_uses == 0)
		s_end_range (self, (size_t) (range - self->ranges.at));
}

/* ---- what GDAL calls */

static int
s_vsi_stat (void *arg, const char *name, VSIStatBufL *info, int flags)
{
	(void) arg, (void) name, (void) info, (void) flags;
	errno = ENOENT;
	return -1;
}

static void *
s_vsi_open (void *arg, const char *name, const char *access)
{
	(void) arg;
	if (s_opening == NULL || access[0] != 'r' || strchr (access, '+') != NULL ||
	    strcmp (name, s_opening->name + strlen (WEIR_REMOTE_PREFIX)) != 0) {
		errno = ENOENT;
		return NULL;
	}
	s_file_t *file = weir_alloc (sizeof *file);
	file->remote = s_opening;
	return file;
}

static vsi_l_offset
s_vsi_tell (void *arg)
{
	return ((s_file_t *) arg)->position;
}

static int
s_vsi_seek (void *arg, vsi_l_offset offset, int whence)
{
	s_file_t *file = arg;
	uint64_t base = whence == SEEK_CUR   ? file->position
	                : whence == SEEK_END ? s_size (file->remote)
	                                     : 0;
	file->position = base + offset;
	file->is_at_end = false;
	return 0;
}

static size_t
s_copy (const weir_fetch_t *fetch, uint64_t offset, uint64_t position, uint8_t *out, size_t n)
{
	size_t n_have;
	const uint8_t *bytes = weir_fetch_bytes (fetch, &n_have);
	if (position < offset || position - offset >= n_have)
		return 0;
	size_t from = (size_t) (position - offset);
	n = n < n_have - from ? n : n_have - from;
	memcpy (out, bytes + from, n);
	return n;
}

static s_range_t *
s_range_at (weir_remote_t *self, uint64_t position)
{
	for (size_t i = 0; i < self->ranges.n; i++) {
		s_range_t *range = &self->ranges.at[i];
		if (range->fetch != NULL && position >= range->offset &&
		    position - range->offset < range->n_bytes)
			return range;
	}
	return NULL;
}

/* Some bytes at a position inside the file; 0: failed, the reason is kept. */
static size_t
s_read_some (weir_remote_t *self, uint64_t position, uint8_t *out, size_t n)
{
	size_t got = s_copy (self->head, 0, position, out, n);
	weir_err_t err;
	const s_range_t *range = got == 0 ? s_range_at (self, position) : NULL;
	if (range != NULL && s_wait (self, range->fetch, &err) == 0)
		return s_copy (range->fetch, range->offset, position, out, n);
	if (got == 0 && range == NULL && self->stray != NULL)
		got = s_copy (self->stray, self->stray_offset, position, out, n);
	if (got > 0)
		return got;
	if (range == NULL) {
		weir_fetch_end (&self->stray);
		self->stray_offset = position;
		uint64_t left = s_size (self) - position;
		size_t wanted = n > STRAY_BYTES ? n : STRAY_BYTES;
		self->stray = weir_fetch_start (self->group, weir_fetch_url (self->head), self->reach,
		                                position, wanted < left ? wanted : (size_t) left,
		                                weir_fetch_version (self->head));
		if (s_wait (self, self->stray, &err) == 0)
			return s_copy (self->stray, position, position, out, n);
		weir_fetch_end (&self->stray);
	}
	if (self->err == NULL) {
		self->err = weir_alloc (sizeof *self->err);
		*self->err = err;
	}
	return 0;
}

static size_t
s_vsi_read (void *arg, void *out, size_t size, size_t count)
{
	s_file_t *file = arg;
	size_t n, n_done = 0;
	uint64_t n_file = s_size (file->remote);
	if (size == 0 || !weir_size_mul (size, count, &n))
		return 0;
	while (n_done < n) {
		if (file->position >= n_file) {
			file->is_at_end = true;
			break;
		}
		uint64_t left = n_file - file->position;
		size_t step = n - n_done < left ? n - n_done : (size_t) left;
		step = s_read_some (file->remote, file->position, (uint8_t *) out + n_done, step);
		if (step == 0)
			break;
		file->position += step;
		n_done += step;
	}
	return n_done / size;
}

static int
s_vsi_eof (void *arg)
{
	return ((s_file_t *) arg)->is_at_end;
}

static int
s_vsi_close (void *arg)
{
	free (arg);
	return 0;
}

int
weir_remote_install (weir_err_t *err)
{
	VSIFilesystemPluginCallbacksStruct *calls = VSIAllocFilesystemPluginCallbacksStruct ();
	calls->stat = s_vsi_stat;
	calls->open = s_vsi_open;
	calls->tell = s_vsi_tell;
	calls->seek = s_vsi_seek;
	calls->read = s_vsi_read;
	calls->eof = s_vsi_eof;
	calls->close = s_vsi_close;
	int failed = VSIInstallPluginHandler (WEIR_REMOTE_PREFIX, calls);
	VSIFreeFilesystemPluginCallbacksStruct (calls);
	if (failed)
		return weir_err_set (err, WEIR_E_UNSUPPORTED, WEIR_CLASS_GIVE_UP, "RasterUnreadable",
		                     WEIR_REMOTE_PREFIX, "GDAL refuses the file system: %s",
		                     weir_words_get ());
	return 0;
}
