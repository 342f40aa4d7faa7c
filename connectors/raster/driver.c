/* driver.c - see driver.h and raster.h (init, shutdown) */
#include "connectors/raster/driver.h"

#include "connectors/raster/raster.h"
#include "connectors/raster/remote.h"
#include "connectors/raster/words.h"
#include "runtime/base/mem.h"

#include <cpl_conv.h>
#include <errno.h>
#include <fcntl.h>
#include <gdal_frmts.h>
#include <ogr_srs_api.h>
#include <sys/stat.h>
#include <unistd.h>

/* Blocks are read past GDAL's cache; it only serves overviews and what drivers do inside. */
#define GDAL_CACHE_BYTES ((GIntBig) 16 << 20)

typedef struct {
	const char *name;
	void (*enroll) (void);
} s_driver_t;

static const s_driver_t s_drivers[] = {
	{ "GTiff", GDALRegister_GTiff }, /* COG files too */
};

enum { N_DRIVERS = sizeof s_drivers / sizeof s_drivers[0] };

static const char *s_list[N_DRIVERS + 1];
static bool s_is_ready;

static const struct {
	const char *key, *value;
} s_options[] = {
	{ "GDAL_DISABLE_READDIR_ON_OPEN", "EMPTY_DIR" },
	{ "GDAL_PAM_ENABLED", "NO" },
	{ "GTIFF_IGNORE_READ_ERRORS", "NO" }, /* a tile that cannot be read is an error, never zeros */
	{ "GTIFF_DIRECT_IO", "NO" },
	{ "GTIFF_VIRTUAL_MEM_IO", "NO" },
	{ "GDAL_NUM_THREADS", "1" },
};

int
weir_raster_init (weir_err_t *err)
{
	(void) err;
	if (s_is_ready)
		return 0;
	for (size_t i = 0; i < sizeof s_options / sizeof s_options[0]; i++)
		CPLSetConfigOption (s_options[i].key, s_options[i].value);
	weir_words_install ();
	GDALSetCacheMax64 (GDAL_CACHE_BYTES);
	OSRSetPROJEnableNetwork (0);
	for (size_t i = 0; i < N_DRIVERS; i++) {
		s_drivers[i].enroll ();
		if (GDALGetDriverByName (s_drivers[i].name) == NULL)
			return weir_err_set (err, WEIR_E_UNSUPPORTED, WEIR_CLASS_GIVE_UP, "RasterUnreadable",
			                     s_drivers[i].name, "this GDAL lacks the driver");
		s_list[i] = s_drivers[i].name;
	}
	int status = weir_remote_install (err);
	s_is_ready = status == 0;
	return status;
}

void
weir_raster_shutdown (void)
{
	if (!s_is_ready)
		return;
	weir_fetch_shutdown ();
	GDALDestroyDriverManager ();
	OSRCleanup ();
	s_is_ready = false;
}

const char *const *
weir_driver_list (void)
{
	return s_list;
}

/* The system's own words come first: GDAL would say of a missing file only that it is no TIFF. */
static int
s_check_file (const char *name, weir_err_t *err)
{
	struct stat info;
	if (name[0] != '/' || strncmp (name, "/vsi", 4) == 0)
		return weir_err_invalid (err, "AddressNotAllowed", name, "not a local file's path");
	if (stat (name, &info) != 0)
		return weir_words_input_errno (err, errno, name, "cannot open the raster");
	if (S_ISDIR (info.st_mode))
		return weir_words_input_errno (err, EISDIR, name, "cannot open the raster");
	if (!S_ISREG (info.st_mode))
		return weir_err_set (err, WEIR_E_IO, WEIR_CLASS_GIVE_UP, "RasterUnreadable", name,
		                     "cannot open the raster: not a regular file");
	int fd = open (name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return weir_words_input_errno (err, errno, name, "cannot open the raster");
	close (fd);
	return 0;
}

int
weir_driver_open_name (const char *name, const char *shown, GDALDatasetH *dataset_out,
                       weir_err_t *err)
{
	*dataset_out = NULL;
	weir_assert (s_is_ready);
	weir_words_reset ();
	GDALDatasetH dataset = GDALOpenEx (
		name, GDAL_OF_RASTER | GDAL_OF_READONLY | GDAL_OF_VERBOSE_ERROR, s_list, NULL, NULL);
	if (dataset == NULL)
		return weir_err_set (err, WEIR_E_IO, WEIR_CLASS_GIVE_UP, "RasterUnreadable", shown,
		                     "cannot open the raster: %s", weir_words_get ());
	*dataset_out = dataset;
	return 0;
}

int
weir_driver_open (const char *name, GDALDatasetH *dataset_out, weir_err_t *err)
{
	*dataset_out = NULL;
	int status = s_check_file (name, err);
	return status != 0 ? status : weir_driver_open_name (name, name, dataset_out, err);
}

static bool
s_is_signed_byte (GDALRasterBandH band)
{
	const char *pixel_type = GDALGetMetadataItem (band, "PIXELTYPE", "IMAGE_STRUCTURE");
	return pixel_type != NULL && strcmp (pixel_type, "SIGNEDBYTE") == 0;
}

int
weir_driver_band_type (GDALRasterBandH band, const char *name, weir_type_t *type_out,
                       weir_err_t *err)
{
	GDALDataType type = GDALGetRasterDataType (band);
	switch (type) {
	case GDT_Byte: *type_out = s_is_signed_byte (band) ? WEIR_I8 : WEIR_U8; return 0;
#if GDAL_VERSION_NUM >= 3070000
	case GDT_Int8: *type_out = WEIR_I8; return 0;
#endif
	case GDT_UInt16: *type_out = WEIR_U16; return 0;
	case GDT_Int16: *type_out = WEIR_I16; return 0;
	case GDT_UInt32: *type_out = WEIR_U32; return 0;
	case GDT_Int32: *type_out = WEIR_I32; return 0;
	case GDT_Float32: *type_out = WEIR_F32; return 0;
	case GDT_Float64: *type_out = WEIR_F64; return 0;
	default: break;
	}
	return weir_err_set (err, WEIR_E_UNSUPPORTED, WEIR_CLASS_GIVE_UP, "RasterUnreadable", name,
	                     "cells of type %s are not supported", GDALGetDataTypeName (type));
}

GDALDataType
weir_driver_type_of (weir_type_t type, bool *is_signed_byte_out)
{
	*is_signed_byte_out = false;
	switch (type) {
	case WEIR_U8: return GDT_Byte;
	case WEIR_I8:
#if GDAL_VERSION_NUM >= 3070000
		return GDT_Int8;
#else
		*is_signed_byte_out = true;
		return GDT_Byte;
#endif
	case WEIR_U16: return GDT_UInt16;
	case WEIR_I16: return GDT_Int16;
	case WEIR_U32: return GDT_UInt32;
	case WEIR_I32: return GDT_Int32;
	case WEIR_F32: return GDT_Float32;
	case WEIR_F64: return GDT_Float64;
	default: return GDT_Unknown;
	}
}
