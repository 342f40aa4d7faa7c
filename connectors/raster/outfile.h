/* outfile.h - a result file under a temporary name: written, synced, renamed when whole
 *
 * The temporary name begins with a dot, lies in the same folder and is new for every attempt, so
 * that an attempt that was killed is never mistaken for a result and two attempts never share a
 * file.
 *
 * Runs on   one thread an object; blocks on disk
 * Errors    "DiskFull" (class overloaded), "OutputUnwritable"; where: the final path
 */
#ifndef WEIR_CONNECTORS_RASTER_OUTFILE_H
#define WEIR_CONNECTORS_RASTER_OUTFILE_H

#include "runtime/base/err.h"

#include <stdint.h>

typedef struct {
	char *path;
	char *temp_path; /* NULL once renamed */
	int fd;          /* -1 once finished */
} weir_outfile_t;

/* Makes a folder and its parents; *folder_out: its absolute path, yours. */
int weir_folder_make (const char *dir, char **folder_out, weir_err_t *err);
int weir_folder_sync (const char *folder, weir_err_t *err);

int weir_outfile_create (weir_outfile_t *self, const char *folder, const char *name,
                         weir_err_t *err);
int weir_outfile_write (weir_outfile_t *self, const void *bytes, size_t n_bytes, weir_err_t *err);
int weir_outfile_close (weir_outfile_t *self, weir_err_t *err);
int weir_outfile_sync (weir_outfile_t *self, weir_err_t *err); /* on disk; open or closed */
int weir_outfile_rename (weir_outfile_t *self, weir_err_t *err);
/* Frees; what was not renamed is deleted. */
void weir_outfile_discard (weir_outfile_t *self);

#endif
