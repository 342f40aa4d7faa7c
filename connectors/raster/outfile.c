/* outfile.c - see outfile.h */
#include "connectors/raster/outfile.h"

#include "connectors/raster/words.h"
#include "runtime/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define WRITE_BYTES_MAX ((size_t) 1 << 30)

/* ---- folders */

/* mkdir of each part; what is there already is fine. 0 or errno. */
static int
s_make_parts (char *path)
{
	for (char *slash = strchr (path + 1, '/');; slash = strchr (slash + 1, '/')) {
		if (slash != NULL)
			*slash = '\0';
		int failed = mkdir (path, 0777) != 0 && errno != EEXIST ? errno : 0;
		if (slash != NULL)
			*slash = '/';
		if (failed != 0 && slash == NULL)
			return failed;
		/* A parent that cannot be made may still be passed through (read-only mounts, automounts).
		 * */
		if (failed != 0 && failed != EROFS && failed != EACCES && failed != EPERM)
			return failed;
		if (slash == NULL)
			return 0;
	}
}

int
weir_folder_make (const char *dir, char **folder_out, weir_err_t *err)
{
	*folder_out = NULL;
	if (dir == NULL || dir[0] == '\0')
		dir = ".";
	char *copy = weir_strdup (dir);
	int failed = s_make_parts (copy);
	free (copy);
	struct stat info;
	if (stat (dir, &info) != 0)
		return weir_words_output_errno (err, failed != 0 ? failed : errno, dir,
		                                "cannot make the output folder");
	if (!S_ISDIR (info.st_mode))
		return weir_words_output_errno (err, ENOTDIR, dir, "cannot make the output folder");
	char *folder = realpath (dir, NULL);
	if (folder == NULL)
		return weir_words_output_errno (err, errno, dir, "cannot find the output folder");
	if (strncmp (folder, "/vsi", 4) == 0) { /* GDAL would not mean the disk */
		free (folder);
		return weir_words_output_errno (err, EINVAL, dir,
		                                "an output folder whose path begins with /vsi");
	}
	*folder_out = folder;
	return 0;
}

int
weir_folder_sync (const char *folder, weir_err_t *err)
{
	int fd = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return weir_words_output_errno (err, errno, folder, "cannot sync the output folder");
	int failed = fsync (fd) != 0 && errno != EINVAL ? errno
	                                                : 0; /* EINVAL: a file system without it */
	close (fd);
	return failed != 0
	           ? weir_words_output_errno (err, failed, folder, "cannot sync the output folder")
	           : 0;
}

/* ---- files */

int
weir_outfile_create (weir_outfile_t *self, const char *folder, const char *name, weir_err_t *err)
{
	static atomic_uint s_count;
	struct timespec now;
	clock_gettime (CLOCK_REALTIME, &now);
	self->fd = -1;
	const char *slash = strcmp (folder, "/") == 0 ? "" : "/";
	self->path = weir_asprintf ("%s%s%s", folder, slash, name);
	self->temp_path = weir_asprintf ("%s%s.%s.%ld-%u-%lx.part", folder, slash, name,
	                                 (long) getpid (), atomic_fetch_add (&s_count, 1),
	                                 (unsigned long) now.tv_nsec);
	self->fd = open (self->temp_path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (self->fd >= 0)
		return 0;
	int failed = errno;
	free (self->temp_path);
	self->temp_path = NULL;
	return weir_words_output_errno (err, failed, self->path, "cannot make the file");
}

int
weir_outfile_write (weir_outfile_t *self, const void *bytes, size_t n_bytes, weir_err_t *err)
{
	const uint8_t *next = bytes;
	while (n_bytes > 0) {
		ssize_t n = write (self->fd, next, n_bytes < WRITE_BYTES_MAX ? n_bytes : WRITE_BYTES_MAX);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return weir_words_output_errno (err, n < 0 ? errno : ENOSPC, self->path,
			                                "cannot write");
		next += n;
		n_bytes -= (size_t) n;
	}
	return 0;
}

int
weir_outfile_close (weir_outfile_t *self, weir_err_t *err)
{
	int fd = self->fd;
	self->fd = -1;
	if (fd >= 0 && close (fd) != 0 && errno != EINTR)
		return weir_words_output_errno (err, errno, self->path, "cannot write");
	return 0;
}

int
weir_outfile_sync (weir_outfile_t *self, weir_err_t *err)
{
	if (self->fd < 0)
		self->fd = open (self->temp_path, O_RDWR | O_CLOEXEC);
	if (self->fd < 0 || (fsync (self->fd) != 0 && errno != EINVAL))
		return weir_words_output_errno (err, errno, self->path, "cannot write");
	return weir_outfile_close (self, err);
}

int
weir_outfile_rename (weir_outfile_t *self, weir_err_t *err)
{
	if (rename (self->temp_path, self->path) != 0)
		return weir_words_output_errno (err, errno, self->path, "cannot rename the finished file");
	free (self->temp_path);
	self->temp_path = NULL;
	return 0;
}

void
weir_outfile_discard (weir_outfile_t *self)
{
	if (self->path == NULL)
		return;
	if (self->fd >= 0)
		close (self->fd);
	if (self->temp_path != NULL)
		unlink (self->temp_path);
	free (self->temp_path);
	free (self->path);
	memset (self, 0, sizeof *self);
	self->fd = -1;
}
