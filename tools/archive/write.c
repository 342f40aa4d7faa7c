/* write.c - see write.h */
#include "write.h"

#include "mask.h"
#include "runtime/base/mem.h"

#include <cpl_conv.h>
#include <cpl_string.h>
#include <errno.h>
#include <gdal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int
s_fail (const char *name, const char *words, weir_err_t *err)
{
	return weir_err_set (err, WEIR_E_IO, WEIR_CLASS_GIVE_UP, "ArchiveFailed", name,
	                     "cannot write: %s", words);
}

static int
s_make_folder (const char *folder, weir_err_t *err)
{
	if (mkdir (folder, 0777) == 0 || errno == EISDIR)
		return 0;
	int error = errno;
	struct stat about;
	if (error == EEXIST && stat (folder, &about) == 0 && S_ISDIR (about.st_mode))
		return 0;
	return s_fail (folder, strerror (error == EEXIST ? ENOTDIR : error), err);
}

int
weir_write_folder (const char *folder, weir_err_t *err)
{
	char *path = weir_strdup (folder);
	int status = 0;
	for (char *at = path + 1; *path != '\0' && *at != '\0' && status == 0; at++) {
		if (*at != '/')
			continue;
		*at = '\0';
		status = s_make_folder (path, err);
		*at = '/';
	}
	if (status == 0)
		status = s_make_folder (path, err);
	free (path);
	return status;
}

/* A dataset over cells that are there already: nothing is copied. */
static GDALDatasetH
s_wrap_cells (const weir_scene_t *scene, const weir_scene_tile_t *tile, uint8_t *cells)
{
	int size = (int) scene->options.size;
	double pixel = (double) scene->options.pixel;
	double transform[6] = { tile->west, pixel, 0, tile->north, 0, -pixel };
	GDALDatasetH dataset = GDALCreate (GDALGetDriverByName ("MEM"), "", size, size, 0, GDT_Byte,
	                                   NULL);
	if (dataset == NULL)
		return NULL;
	char pointer[64] = { 0 };
	CPLPrintPointer (pointer, cells, sizeof pointer - 1);
	char **options = CSLSetNameValue (NULL, "DATAPOINTER", pointer);
	CPLErr result = GDALAddBand (dataset, GDT_Byte, options);
	CSLDestroy (options);
	if (result == CE_None)
		result = GDALSetGeoTransform (dataset, transform);
	if (result == CE_None)
		result = GDALSetProjection (dataset, weir_scene_wkt ());
	if (result == CE_None)
		result = GDALSetRasterNoDataValue (GDALGetRasterBand (dataset, 1), WEIR_MASK_NODATA);
	if (result == CE_None)
		return dataset;
	GDALClose (dataset);
	return NULL;
}

static int
s_copy_raster (const weir_scene_t *scene, GDALDatasetH source, const char *name)
{
	bool has_overviews = scene->options.kind ==
	                     WEIR_ARCHIVE_FLOOD; /* elsewhere whole blocks are what counts */
	char block[32];
	snprintf (block, sizeof block, "%d", (int) scene->options.block);
	char **options = CSLSetNameValue (NULL, "COMPRESS", "DEFLATE");
	options = CSLSetNameValue (options, "BLOCKSIZE", block);
	options = CSLSetNameValue (options, "OVERVIEWS", has_overviews ? "AUTO" : "NONE");
	options = CSLSetNameValue (options, "RESAMPLING", "NEAREST");
	GDALDatasetH copy = GDALCreateCopy (GDALGetDriverByName ("COG"), name, source, FALSE, options,
	                                    NULL, NULL);
	CSLDestroy (options);
	if (copy == NULL)
		return -1;
	CPLErrorReset ();
	GDALClose (copy);
	return CPLGetLastErrorType () >= CE_Failure ? -1 : 0;
}

int
weir_write_raster (const weir_scene_t *scene, const weir_scene_tile_t *tile, uint8_t *cells,
                   const char *name, weir_err_t *err)
{
	char *temporary = weir_asprintf ("%s.part", name);
	CPLErrorReset ();
	GDALDatasetH source = s_wrap_cells (scene, tile, cells);
	int status = source != NULL ? s_copy_raster (scene, source, temporary) : -1;
	if (status != 0)
		status = s_fail (name, CPLGetLastErrorMsg (), err);
	if (source != NULL)
		GDALClose (source);
	if (status == 0 && rename (temporary, name) != 0)
		status = s_fail (name, strerror (errno), err);
	if (status != 0)
		unlink (temporary);
	free (temporary);
	return status;
}

int
weir_write_json (const json_t *json, const char *name, weir_err_t *err)
{
	char *temporary = weir_asprintf ("%s.part", name);
	int status = 0;
	FILE *file = fopen (temporary, "we");
	if (file == NULL) {
		status = s_fail (name, strerror (errno), err);
		free (temporary);
		return status;
	}
	bool good = json_dumpf (json, file, JSON_INDENT (1) | JSON_REAL_PRECISION (15)) == 0 &&
	            fputc ('\n', file) != EOF;
	if (fclose (file) != 0 || !good || rename (temporary, name) != 0) {
		status = s_fail (name, strerror (errno), err);
		unlink (temporary);
	}
	free (temporary);
	return status;
}
