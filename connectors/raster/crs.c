/* crs.c - see crs.h and raster.h */
#include "connectors/raster/crs.h"

#include "connectors/raster/raster.h"
#include "connectors/raster/words.h"
#include "runtime/base/mem.h"

#include <cpl_conv.h>
#include <ctype.h>
#include <jansson.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <strings.h>

#define POINTS_AT_ONCE (1 << 20)

/* ---- import */

static const char *const s_authorities[] = { "EPSG", "ESRI", "OGC", "IGNF", "IAU_2015", "NKG" };

static bool
s_is_code (const char *text)
{
	if (text[0] == '\0' || strlen (text) > 32)
		return false;
	for (; *text != '\0'; text++)
		if (!isalnum ((unsigned char) *text) && *text != '_' && *text != '.' && *text != '-')
			return false;
	return true;
}

/* "EPSG:4326". The name that PROJ gets is built from our own table and a checked code. */
static bool
s_import_code (OGRSpatialReferenceH crs, const char *text)
{
	const char *colon = strchr (text, ':');
	if (colon == NULL || !s_is_code (colon + 1))
		return false;
	size_t n = (size_t) (colon - text);
	if (n == 4 && strncasecmp (text, "EPSG", 4) == 0) {
		char *end = NULL;
		long code = strtol (colon + 1, &end, 10);
		return *end == '\0' && code > 0 && code < INT_MAX &&
		       OSRImportFromEPSG (crs, (int) code) == OGRERR_NONE;
	}
	for (size_t i = 1; i < sizeof s_authorities / sizeof s_authorities[0]; i++) {
		if (strlen (s_authorities[i]) != n || strncasecmp (text, s_authorities[i], n) != 0)
			continue;
		char name[64];
		snprintf (name, sizeof name, "%s:%s", s_authorities[i], colon + 1);
		return OSRSetFromUserInput (crs, name) == OGRERR_NONE;
	}
	return false;
}

/* KEYWORD[…] or KEYWORD(…) */
static bool
s_is_wkt (const char *text)
{
	size_t n = 0;
	while (isalnum ((unsigned char) text[n]) || text[n] == '_')
		n++;
	if (n == 0)
		return false;
	while (isspace ((unsigned char) text[n]))
		n++;
	return text[n] == '[' || text[n] == '(';
}

static bool
s_import_wkt (OGRSpatialReferenceH crs, const char *text)
{
	char *copy = weir_strdup (text);
	char *cursor = copy;
	OGRErr status = OSRImportFromWkt (crs, &cursor);
	free (copy);
	return status == OGRERR_NONE;
}

/* GDAL's C interface has no importer for PROJJSON alone. So it is parsed here, must be an object
 * whose type is a CRS, and what GDAL gets is our own printing of it, which can only be read as
 * PROJJSON. */
static bool
s_import_projjson (OGRSpatialReferenceH crs, const char *text)
{
	json_t *root = json_loads (text, JSON_REJECT_DUPLICATES, NULL);
	const char *type = json_string_value (json_object_get (root, "type"));
	size_t n = type != NULL ? strlen (type) : 0;
	char *own = NULL;
	if (n > 3 && strcmp (type + n - 3, "CRS") == 0)
		own = json_dumps (root, JSON_COMPACT);
	json_decref (root);
	bool is_ok = own != NULL && OSRSetFromUserInput (crs, own) == OGRERR_NONE;
	free (own);
	return is_ok;
}

OGRSpatialReferenceH
weir_crs_import (const char *text)
{
	if (text == NULL || strlen (text) > WEIR_CRS_TEXT_MAX)
		return NULL;
	while (isspace ((unsigned char) *text))
		text++;
	OGRSpatialReferenceH crs = OSRNewSpatialReference (NULL);
	weir_words_reset ();
	bool is_ok;
	if (*text == '{')
		is_ok = s_import_projjson (crs, text);
	else if (s_is_wkt (text))
		is_ok = s_import_wkt (crs, text);
	else
		is_ok = s_import_code (crs, text);
	if (!is_ok) {
		OSRDestroySpatialReference (crs);
		return NULL;
	}
	OSRSetAxisMappingStrategy (crs, OAMS_TRADITIONAL_GIS_ORDER);
	return crs;
}

char *
weir_crs_export (OGRSpatialReferenceH crs)
{
	static const char *const options[] = { "FORMAT=WKT2_2019", "MULTILINE=NO", NULL };
	char *wkt = NULL;
	char *text = NULL;
	if (crs != NULL && OSRExportToWktEx (crs, &wkt, options) == OGRERR_NONE && wkt[0] != '\0')
		text = weir_strdup (wkt);
	CPLFree (wkt);
	return text;
}

char *
weir_raster_crs_resolve (void *arg, size_t n, const char *const *candidates)
{
	(void) arg;
	for (size_t i = 0; i < n; i++) {
		OGRSpatialReferenceH crs = weir_crs_import (candidates[i]);
		char *text = weir_crs_export (crs);
		OSRDestroySpatialReference (crs);
		if (text != NULL)
			return text;
	}
	return NULL;
}

char *
weir_raster_crs_code (const char *text)
{
	OGRSpatialReferenceH crs = weir_crs_import (text);
	const char *authority = crs != NULL ? OSRGetAuthorityName (crs, NULL) : NULL;
	const char *number = crs != NULL ? OSRGetAuthorityCode (crs, NULL) : NULL;
	char *code = NULL;
	if (authority != NULL && number != NULL)
		code = weir_asprintf ("%s:%s", authority, number);
	OSRDestroySpatialReference (crs);
	if (code != NULL && weir_raster_crs_equal (NULL, text, code))
		return code;
	free (code);
	return NULL;
}

/* ---- equality */

/* PROJ counts a datum's name. Files and items often lose it, so a datum that is named by its
 * ellipsoid alone, or not at all, is compared by its figures. */
static bool
s_has_unnamed_datum (OGRSpatialReferenceH crs)
{
	const char *datum = OSRGetAttrValue (crs, "DATUM", 0);
	return datum == NULL || strncasecmp (datum, "unknown", 7) == 0 ||
	       strncasecmp (datum, "D_unknown", 9) == 0 || strncasecmp (datum, "unnamed", 7) == 0 ||
	       strncasecmp (datum, "Not_specified", 13) == 0 ||
	       strncasecmp (datum, "Not specified", 13) == 0 || strncasecmp (datum, "user", 4) == 0;
}

/* A PROJ string without its datum: "+datum=WGS84" is the ellipsoid of that name here. */
static char *
s_export_figures (OGRSpatialReferenceH crs)
{
	char *proj = NULL;
	char *text = NULL;
	if (OSRExportToProj4 (crs, &proj) == OGRERR_NONE && proj[0] != '\0') {
		text = weir_strdup (proj);
		char *datum = strstr (text, "+datum=WGS84");
		if (datum != NULL)
			memcpy (datum, "+ellps=WGS84", 12);
	}
	CPLFree (proj);
	return text;
}

static bool
s_same_figures (OGRSpatialReferenceH a, OGRSpatialReferenceH b)
{
	if (!s_has_unnamed_datum (a) && !s_has_unnamed_datum (b))
		return false;
	char *left = s_export_figures (a);
	char *right = s_export_figures (b);
	bool is_same = left != NULL && right != NULL && strcmp (left, right) == 0;
	free (left);
	free (right);
	return is_same;
}

bool
weir_raster_crs_equal (void *arg, const char *a, const char *b)
{
	static const char *const options[] = { "IGNORE_DATA_AXIS_TO_SRS_AXIS_MAPPING=YES",
		                                   "CRITERION=EQUIVALENT_EXCEPT_AXIS_ORDER_GEOGCRS",
		                                   "IGNORE_COORDINATE_EPOCH=YES", NULL };
	(void) arg;
	if (a == NULL || b == NULL)
		return false;
	if (strcmp (a, b) == 0)
		return true;
	OGRSpatialReferenceH left = weir_crs_import (a);
	OGRSpatialReferenceH right = weir_crs_import (b);
	bool is_equal = left != NULL && right != NULL &&
	                (OSRIsSameEx (left, right, options) || s_same_figures (left, right));
	OSRDestroySpatialReference (left);
	OSRDestroySpatialReference (right);
	return is_equal;
}

/* ---- transformation */

static int
s_make_transformation (const char *src_crs, const char *dst_crs,
                       OGRCoordinateTransformationH *made_out, weir_err_t *err)
{
	OGRSpatialReferenceH src = weir_crs_import (src_crs);
	OGRSpatialReferenceH dst = weir_crs_import (dst_crs);
	int status = 0;
	*made_out = NULL;
	if (src == NULL || dst == NULL) {
		const char *bad = src == NULL ? src_crs : dst_crs;
		status = weir_err_invalid (err, "CRSInvalid", "", "not a known CRS: %.200s",
		                           bad != NULL ? bad : "(none)");
	} else {
		weir_words_reset ();
		*made_out = OCTNewCoordinateTransformation (
			src, dst); /* GDAL keeps the last ones for all threads */
		if (*made_out == NULL)
			status = weir_err_invalid (err, "CRSInvalid", "",
			                           "no transformation between the CRS: %s", weir_words_get ());
	}
	OSRDestroySpatialReference (src);
	OSRDestroySpatialReference (dst);
	return status;
}

/* Points without a place in the other CRS become infinite. */
static void
s_transform_some (OGRCoordinateTransformationH transformation, int n, double *x, double *y)
{
	(void) OCTTransform (transformation, n, x, y, NULL);
	for (int i = 0; i < n; i++)
		if (!isfinite (x[i]) || !isfinite (y[i]))
			x[i] = y[i] = INFINITY;
}

int
weir_raster_transform (void *arg, const char *src_crs, const char *dst_crs, size_t n, double *x,
                       double *y, weir_err_t *err)
{
	(void) arg;
	OGRCoordinateTransformationH transformation = NULL;
	int status = s_make_transformation (src_crs, dst_crs, &transformation, err);
	if (status != 0)
		return status;
	for (size_t done = 0; done < n;) {
		int count = n - done > POINTS_AT_ONCE ? POINTS_AT_ONCE : (int) (n - done);
		s_transform_some (transformation, count, x + done, y + done);
		done += (size_t) count;
	}
	OCTDestroyCoordinateTransformation (transformation);
	return 0;
}

struct weir_raster_transformer {
	OGRCoordinateTransformationH transformation;
};

int
weir_raster_transformer_new (const char *src_crs, const char *dst_crs,
                             weir_raster_transformer_t **transformer_out, weir_err_t *err)
{
	OGRCoordinateTransformationH transformation = NULL;
	int status = s_make_transformation (src_crs, dst_crs, &transformation, err);
	if (status != 0)
		return status;
	*transformer_out = weir_alloc (sizeof **transformer_out);
	(*transformer_out)->transformation = transformation;
	return 0;
}

void
weir_raster_transformer_destroy (weir_raster_transformer_t **self_p)
{
	weir_raster_transformer_t *self = *self_p;
	if (self == NULL)
		return;
	OCTDestroyCoordinateTransformation (self->transformation);
	free (self);
	*self_p = NULL;
}

int
weir_raster_transformer_points (void *transformer, size_t n, double *x, double *y, weir_err_t *err)
{
	(void) err;
	const weir_raster_transformer_t *self = transformer;
	s_transform_some (self->transformation, (int) n, x, y);
	return 0;
}
