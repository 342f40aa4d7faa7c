/* folder.h - a folder of small files for one test, gone afterwards */
#ifndef WEIR_TESTS_STAC_FOLDER_H
#define WEIR_TESTS_STAC_FOLDER_H

#include "runtime/base/mem.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static inline char *
folder_make (void)
{
	const char *parent = getenv ("TMPDIR");
	char *folder = weir_asprintf ("%s/weir-test-XXXXXX", parent != NULL ? parent : "/tmp");
	weir_assert (mkdtemp (folder) != NULL);
	char *real = realpath (folder, NULL);
	free (folder);
	return real;
}

static inline char *
folder_path (const char *folder, const char *name)
{
	return weir_asprintf ("%s/%s", folder, name);
}

/* Text with ' for ". */
static inline void
folder_write (const char *folder, const char *name, const char *text)
{
	char *path = folder_path (folder, name);
	char *slash = strrchr (path, '/');
	*slash = '\0';
	(void) mkdir (path, 0777);
	*slash = '/';
	FILE *file = fopen (path, "w");
	weir_assert (file != NULL);
	for (const char *at = text; *at != '\0'; at++)
		fputc (*at == '\'' ? '"' : *at, file);
	fclose (file);
	free (path);
}

static inline int
folder_remove_entry (const char *path, const struct stat *about, int kind, struct FTW *walk)
{
	(void) about, (void) kind, (void) walk;
	return remove (path);
}

static inline void
folder_destroy (char *folder)
{
	nftw (folder, folder_remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	free (folder);
}

#endif
