/* part.c - see part.h */
#include "actors/sink/part.h"

#include "runtime/base/vec.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include <zlib.h>

#define PART_MAGIC 0x31505257U /* "WRP1" */
#define PAYLOAD_BYTES_MAX ((uint64_t) 1 << 31)

struct weir_part_file {
	int fd;
	char *path;
	uint64_t end_bytes;
};

typedef struct
{ /* as it is on disk; little endian machines only, as the rest of the wire formats */
	uint32_t magic, payload_crc;
	uint64_t chunk, n_bytes;
	uint32_t reserved, header_crc;
} weir_part_header_t;

_Static_assert(sizeof (weir_part_header_t) == WEIR_PART_HEADER_BYTES,
               "the record's header has no padding");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "parts are little endian");

static int
s_write_error (weir_err_t *err, const char *path, int error)
{
	if (error == ENOSPC || error == EDQUOT)
		return weir_err_set (err, WEIR_E_FULL, WEIR_CLASS_OVERLOADED, "DiskFull", path,
		                     "cannot write: %s", strerror (error));
	return weir_err_set (err, WEIR_E_IO, WEIR_CLASS_GIVE_UP, "OutputUnwritable", path,
	                     "cannot write: %s", strerror (error));
}

static uint32_t
s_crc (const void *bytes, size_t n)
{
	return (uint32_t) crc32_z (0, bytes, n);
}

int
weir_part_create (const char *path, weir_part_file_t **part_out, weir_err_t *err)
{
	int fd = open (path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
	if (fd < 0)
		return s_write_error (err, path, errno);
	weir_part_file_t *self = weir_alloc (sizeof *self);
	self->fd = fd;
	self->path = weir_strdup (path);
	*part_out = self;
	return 0;
}

void
weir_part_close (weir_part_file_t **self_p)
{
	weir_part_file_t *self = *self_p;
	if (self == NULL)
		return;
	close (self->fd);
	free (self->path);
	free (self);
	*self_p = NULL;
}

/* Always at the end of the last whole record: what a failed append left there is written over. */
static int
s_write_all (weir_part_file_t *self, struct iovec *iov, int n_iov, weir_err_t *err)
{
	uint64_t at = self->end_bytes;
	while (n_iov > 0) {
		ssize_t n = pwritev (self->fd, iov, n_iov, (off_t) at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return s_write_error (err, self->path, errno);
		at += (uint64_t) n;
		while (n_iov > 0 && (size_t) n >= iov->iov_len) {
			n -= (ssize_t) iov->iov_len;
			iov++;
			n_iov--;
		}
		if (n_iov > 0) {
			iov->iov_base = (char *) iov->iov_base + n;
			iov->iov_len -= (size_t) n;
		}
	}
	return 0;
}

int
weir_part_append (weir_part_file_t *self, uint64_t chunk, const void *payload, size_t n_bytes,
                  uint64_t *end_bytes_out, weir_err_t *err)
{
	weir_part_header_t header = { .magic = PART_MAGIC,
		                          .payload_crc = s_crc (payload, n_bytes),
		                          .chunk = chunk,
		                          .n_bytes = n_bytes };
	if (n_bytes > PAYLOAD_BYTES_MAX)
		return weir_err_set (err, WEIR_E_BUG, WEIR_CLASS_BUG, "Internal", self->path,
		                     "block of %zu bytes: too large", n_bytes);
	header.header_crc = s_crc (&header, offsetof (weir_part_header_t, header_crc));
	struct iovec iov[2] = { { &header, sizeof header }, { (void *) (uintptr_t) payload, n_bytes } };
	int status = s_write_all (self, iov, 2, err);
	if (status != 0) { /* half a record takes room that others need */
		int ignored = ftruncate (self->fd, (off_t) self->end_bytes);
		(void) ignored;
		return status;
	}
	self->end_bytes += sizeof header + n_bytes;
	*end_bytes_out = self->end_bytes;
	return 0;
}

uint64_t
weir_part_end (const weir_part_file_t *self)
{
	return self->end_bytes;
}

int
weir_part_sync (weir_part_file_t *self, uint64_t *synced_bytes_out, weir_err_t *err)
{
	if (fdatasync (self->fd) != 0)
		return s_write_error (err, self->path, errno);
	*synced_bytes_out = self->end_bytes;
	return 0;
}

/* ---- reading */

typedef WEIR_VEC (weir_part_entry_t) weir_entries_t;

static int
s_read_error (weir_err_t *err, const char *path, const char *what, int error)
{
	return weir_err_set (err, WEIR_E_IO, WEIR_CLASS_RETRY, "PartUnreadable", path, "%s: %s", what,
	                     error != 0 ? strerror (error) : "not as it was written");
}

int
weir_part_walk (const char *path, weir_part_visit_fn *visit, void *arg, uint64_t *end_bytes_out,
                weir_err_t *err)
{
	*end_bytes_out = 0;
	int fd = open (path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return 0; /* a sink that never got a block */
	if (fd < 0)
		return s_read_error (err, path, "cannot open", errno);
	struct stat info;
	uint64_t size = fstat (fd, &info) == 0 ? (uint64_t) info.st_size : 0, at = 0;
	weir_part_header_t header;
	while (pread (fd, &header, sizeof header, (off_t) at) == (ssize_t) sizeof header) {
		bool is_whole = header.magic == PART_MAGIC &&
		                header.header_crc ==
		                    s_crc (&header, offsetof (weir_part_header_t, header_crc)) &&
		                header.n_bytes <= PAYLOAD_BYTES_MAX &&
		                at + sizeof header + header.n_bytes <= size;
		if (!is_whole)
			break;
		weir_part_entry_t entry = { .chunk = header.chunk,
			                        .offset = at + sizeof header,
			                        .n_bytes = header.n_bytes,
			                        .crc = header.payload_crc };
		visit (arg, fd, &entry);
		at += sizeof header + header.n_bytes;
	}
	close (fd);
	*end_bytes_out = at;
	return 0;
}

typedef struct {
	uint32_t part;
	weir_entries_t *entries;
} s_collector_t;

static void
s_collect_entry (void *arg, int fd, const weir_part_entry_t *entry)
{
	(void) fd;
	const s_collector_t *self = arg;
	weir_part_entry_t own = *entry;
	own.part = self->part;
	weir_vec_push (self->entries, own);
}

static int
s_index_file (const char *path, uint32_t part, weir_entries_t *entries, weir_err_t *err)
{
	s_collector_t collector = { part, entries };
	uint64_t end;
	return weir_part_walk (path, s_collect_entry, &collector, &end, err);
}

static int
s_compare_entries (const void *a, const void *b)
{
	const weir_part_entry_t *x = a, *y = b;
	if (x->chunk != y->chunk)
		return x->chunk < y->chunk ? -1 : 1;
	if (x->part != y->part)
		return x->part < y->part ? -1 : 1;
	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

int
weir_part_index (size_t n_paths, const char *const *paths, weir_part_entry_t **entries_out,
                 size_t *n_out, weir_err_t *err)
{
	weir_entries_t entries = { 0 };
	for (size_t i = 0; i < n_paths; i++) {
		int status = s_index_file (paths[i], (uint32_t) i, &entries, err);
		if (status != 0) {
			weir_vec_clear (&entries);
			return status;
		}
	}
	if (entries.n > 0)
		qsort (entries.at, entries.n, sizeof *entries.at, s_compare_entries);
	size_t n = 0;
	for (size_t i = 0; i < entries.n; i++)
		if (n == 0 || entries.at[n - 1].chunk != entries.at[i].chunk)
			entries.at[n++] = entries.at[i];
	*entries_out = entries.at;
	*n_out = n;
	return 0;
}

int
weir_part_fetch (int fd, const char *path, const weir_part_entry_t *entry, uint8_t **bytes_out,
                 weir_err_t *err)
{
	uint8_t *bytes = malloc (entry->n_bytes > 0 ? entry->n_bytes : 1);
	if (bytes == NULL)
		return weir_err_set (err, WEIR_E_MEMORY, WEIR_CLASS_OVERLOADED, "MemoryExceeded", path,
		                     "block of %llu bytes: no memory", (unsigned long long) entry->n_bytes);
	uint64_t have = 0;
	while (have < entry->n_bytes) {
		ssize_t n = pread (fd, bytes + have, entry->n_bytes - have, (off_t) (entry->offset + have));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		have += (uint64_t) n;
	}
	if (have == entry->n_bytes && s_crc (bytes, have) == entry->crc) {
		*bytes_out = bytes;
		return 0;
	}
	free (bytes);
	return s_read_error (err, path, "block", 0);
}
