/* format.c - format and options of save_result
 *
 * Source   DESIGN 7 (Results in DIR)
 */
#include "cube/plan/planner.h"
#include "runtime/base/mem.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define TILE_STEP 16 /* what TIFF asks of tiles */
#define STRIP_ROWS_DEFAULT 16
#define COG_TILE_MIN 64

const char *const weir_plan_compressions[] = { "NONE", "LZW", "DEFLATE", "ZSTD", "PACKBITS", NULL };
const char *const weir_plan_bigtiffs[] = { "IF_SAFER", "YES", "NO", "IF_NEEDED", NULL };
const char *const weir_plan_resamplings[] = { "NEAREST", "AVERAGE",     "MODE",    "BILINEAR",
	                                          "CUBIC",   "CUBICSPLINE", "LANCZOS", NULL };

const char *
weir_plan_format_name (weir_format_t format)
{
	static const char *const names[WEIR_N_FORMATS] = { "GTiff", "COG", "PNG", "NULL" };
	return (unsigned) format < WEIR_N_FORMATS ? names[format] : "?";
}

bool
weir_plan_format_parse (const char *name, weir_format_t *format_out)
{
	for (int i = 0; i < WEIR_N_FORMATS; i++)
		if (strcasecmp (name, weir_plan_format_name ((weir_format_t) i)) == 0) {
			*format_out = (weir_format_t) i;
			return true;
		}
	return false;
}

/* ---- options: one reader each */

typedef struct {
	const char *node;
	weir_target_t *target;
	weir_err_t *err;
} weir_option_reader_t;

static int
s_bad (const weir_option_reader_t *self, const char *option, const char *expected)
{
	return weir_err_invalid (self->err, "ProcessParameterInvalid", self->node,
	                         "option '%s' of save_result: expected %s", option, expected);
}

static int
s_read_choice (const weir_option_reader_t *self, const char *option, const json_t *value,
               const char *const *choices, char **out)
{
	char expected[256] = "one of";
	for (size_t i = 0; choices[i] != NULL; i++) {
		const char *text = json_string_value (value);
		if (text != NULL && strcasecmp (text, choices[i]) == 0) {
			free (*out);
			*out = weir_strdup (choices[i]);
			return WEIR_OK;
		}
		size_t used = strlen (expected);
		snprintf (expected + used, sizeof expected - used, "%s %s", i > 0 ? "," : "", choices[i]);
	}
	return s_bad (self, option, expected);
}

static int
s_read_flag (const weir_option_reader_t *self, const char *option, const json_t *value, bool *out)
{
	if (!json_is_boolean (value))
		return s_bad (self, option, "true or false");
	*out = json_is_true (value);
	return WEIR_OK;
}

static int
s_read_compress (const weir_option_reader_t *self, const json_t *value)
{
	return s_read_choice (self, "compress", value, weir_plan_compressions,
	                      &self->target->options.compress);
}

static int
s_read_predictor (const weir_option_reader_t *self, const json_t *value)
{
	if (!json_is_integer (value) || json_integer_value (value) < 1 ||
	    json_integer_value (value) > 3)
		return s_bad (self, "predictor", "1, 2 or 3");
	self->target->options.predictor = (int) json_integer_value (value);
	return WEIR_OK;
}

static int
s_read_block_side (const weir_option_reader_t *self, const char *option, const json_t *value,
                   int *out)
{
	json_int_t side = json_integer_value (value);
	if (!json_is_integer (value) || side < TILE_STEP || side > WEIR_CHUNK_SIDE_MAX ||
	    side % TILE_STEP != 0)
		return s_bad (self, option, "a multiple of 16 from 16 to 4096");
	*out = (int) side;
	return WEIR_OK;
}

static int
s_read_block_width (const weir_option_reader_t *self, const json_t *value)
{
	return s_read_block_side (self, "blockxsize", value, &self->target->options.block_width);
}

static int
s_read_block_height (const weir_option_reader_t *self, const json_t *value)
{
	return s_read_block_side (self, "blockysize", value, &self->target->options.block_height);
}

static int
s_read_tiled (const weir_option_reader_t *self, const json_t *value)
{
	return s_read_flag (self, "tiled", value, &self->target->options.tiled);
}

static int
s_read_bigtiff (const weir_option_reader_t *self, const json_t *value)
{
	return s_read_choice (self, "bigtiff", value, weir_plan_bigtiffs,
	                      &self->target->options.bigtiff);
}

/* COG: tiles are squares, and such that GDAL makes overviews of the same. */
static int
s_read_block_size (const weir_option_reader_t *self, const json_t *value)
{
	json_int_t side = json_integer_value (value);
	if (!json_is_integer (value) || side < COG_TILE_MIN || side > WEIR_CHUNK_SIDE_MAX ||
	    (side & (side - 1)) != 0)
		return s_bad (self, "blocksize", "64, 128, 256, 512, 1024, 2048 or 4096");
	self->target->options.block_width = self->target->options.block_height = (int) side;
	return WEIR_OK;
}

static int
s_read_resampling (const weir_option_reader_t *self, const json_t *value)
{
	return s_read_choice (self, "resampling", value, weir_plan_resamplings,
	                      &self->target->options.resampling);
}

static int
s_read_overviews (const weir_option_reader_t *self, const json_t *value)
{
	return s_read_flag (self, "overviews", value, &self->target->options.overviews);
}

static int
s_read_type (const weir_option_reader_t *self, const json_t *value)
{
	const char *name = json_string_value (value);
	if (name == NULL || !weir_type_parse (name, &self->target->type))
		return s_bad (self, "dtype",
		              "uint8, int8, uint16, int16, uint32, int32, float32 or float64");
	self->target->has_type = true;
	return WEIR_OK;
}

static int
s_read_nodata (const weir_option_reader_t *self, const json_t *value)
{
	const char *text = json_string_value (value);
	if (!json_is_number (value) && (text == NULL || strcasecmp (text, "nan") != 0))
		return s_bad (self, "nodata", "a number or \"nan\"");
	self->target->nodata = text != NULL ? (double) NAN : json_number_value (value);
	self->target->has_nodata = true;
	return WEIR_OK;
}

static int
s_read_dates (const weir_option_reader_t *self, const json_t *value)
{
	const char *text = json_string_value (value);
	if (text == NULL || (strcmp (text, "bands") != 0 && strcmp (text, "files") != 0))
		return s_bad (self, "dates", "\"files\" or \"bands\"");
	self->target->options.dates_as_bands = strcmp (text, "bands") == 0;
	return WEIR_OK;
}

typedef struct {
	const char *name;
	int (*read) (const weir_option_reader_t *self, const json_t *value);
} weir_option_t;

static const weir_option_t s_gtiff_options[] = {
	{ "compress", s_read_compress },
	{ "predictor", s_read_predictor },
	{ "blockxsize", s_read_block_width },
	{ "blockysize", s_read_block_height },
	{ "tiled", s_read_tiled },
	{ "bigtiff", s_read_bigtiff },
	{ "overviews", s_read_overviews },
	{ "dtype", s_read_type },
	{ "nodata", s_read_nodata },
	{ "dates", s_read_dates },
};

static const weir_option_t s_cog_options[] = {
	{ "compress", s_read_compress },    { "predictor", s_read_predictor },
	{ "blocksize", s_read_block_size }, { "bigtiff", s_read_bigtiff },
	{ "overviews", s_read_overviews },  { "resampling", s_read_resampling },
	{ "dtype", s_read_type },           { "nodata", s_read_nodata },
	{ "dates", s_read_dates },
};

static const struct {
	size_t n;
	const weir_option_t *options;
} s_options[WEIR_N_FORMATS] = {
	[WEIR_FORMAT_GTIFF] = { sizeof s_gtiff_options / sizeof *s_gtiff_options, s_gtiff_options },
	[WEIR_FORMAT_COG] = { sizeof s_cog_options / sizeof *s_cog_options, s_cog_options },
};

static int
s_unknown_option (const weir_option_reader_t *self, const char *key)
{
	weir_format_t format = self->target->format;
	char known[256] = "";
	for (size_t i = 0; i < s_options[format].n; i++) {
		size_t used = strlen (known);
		snprintf (known + used, sizeof known - used, "%s%s", i > 0 ? ", " : "",
		          s_options[format].options[i].name);
	}
	return weir_err_invalid (self->err, "ProcessParameterUnsupported", self->node,
	                         "save_result: %s has no option '%s': it has %s",
	                         weir_plan_format_name (format), key,
	                         s_options[format].n > 0 ? known : "none");
}

static int
s_read_option (const weir_option_reader_t *self, const char *key, const json_t *value)
{
	const weir_option_t *options = s_options[self->target->format].options;
	for (size_t i = 0; i < s_options[self->target->format].n; i++)
		if (strcasecmp (key, options[i].name) == 0) /* null: the default */
			return json_is_null (value) ? WEIR_OK : options[i].read (self, value);
	return s_unknown_option (self, key);
}

static int
s_read_options (const weir_option_reader_t *self, const json_t *options)
{
	const char *key;
	const json_t *value;
	json_t *object = (json_t *) (uintptr_t) options; /* the iterator macro takes no const */
	json_object_foreach (object, key, value)
	{
		int rc = s_read_option (self, key, value);
		if (rc != WEIR_OK)
			return rc;
	}
	bool has_predictor = self->target->options.predictor != 1;
	const char *compress = self->target->options.compress;
	if (has_predictor && (strcmp (compress, "NONE") == 0 || strcmp (compress, "PACKBITS") == 0))
		return s_bad (self, "predictor", "1 unless compress is LZW, DEFLATE or ZSTD");
	if (!self->target->options.tiled && json_object_get (options, "blockxsize") != NULL)
		return s_bad (self, "blockxsize", "tiled: true with it");
	if (!self->target->options.tiled && json_object_get (options, "blockysize") == NULL)
		self->target->options.block_height = STRIP_ROWS_DEFAULT;
	return WEIR_OK;
}

int
weir_target_read (const weir_graph_node_t *save, weir_target_t *target_out, weir_err_t *err)
{
	const char *name = json_string_value (json_object_get (save->arguments, "format"));
	const json_t *options = json_object_get (save->arguments, "options");
	weir_target_t target = { 0 };
	if (name == NULL)
		return weir_err_invalid (err, "ProcessParameterInvalid", save->id,
		                         "argument 'format' of save_result: expected a text");
	if (!weir_plan_format_parse (name, &target.format) || target.format == WEIR_FORMAT_NULL)
		return weir_err_set (
			err, WEIR_E_UNSUPPORTED, WEIR_CLASS_GIVE_UP, "FormatUnsupported", save->id,
			"save_result: format '%s' is not offered: there are GTiff, COG and PNG", name);
	if (options != NULL && !json_is_null (options) && !json_is_object (options) &&
	    json_array_size (options) > 0)
		return weir_err_invalid (err, "ProcessParameterInvalid", save->id,
		                         "argument 'options' of save_result: expected an object");
	bool is_tiff = target.format == WEIR_FORMAT_GTIFF || target.format == WEIR_FORMAT_COG;
	target.options = (weir_format_options_t){ .compress = weir_strdup (is_tiff ? "DEFLATE" : NULL),
		                                      .predictor = 1,
		                                      .block_width = WEIR_TILE_DEFAULT,
		                                      .block_height = WEIR_TILE_DEFAULT,
		                                      .tiled = true,
		                                      .overviews = target.format == WEIR_FORMAT_COG,
		                                      .bigtiff = weir_strdup (is_tiff ? "IF_SAFER"
		                                                                      : NULL) };
	weir_option_reader_t reader = { save->id, &target, err };
	int rc = json_is_object (options) ? s_read_options (&reader, options) : WEIR_OK;
	if (rc != WEIR_OK)
		weir_target_clear (&target);
	else
		*target_out = target;
	return rc;
}

void
weir_target_clear (weir_target_t *self)
{
	free (self->options.compress);
	free (self->options.bigtiff);
	free (self->options.resampling);
	*self = (weir_target_t){ 0 };
}

/* What no-data becomes in another type: kept if it fits, else the type's own end. */
static weir_cell_t
s_retype (weir_cell_t cell, weir_type_t type)
{
	if (cell.type == type)
		return cell;
	if (weir_type_is_float (type))
		return weir_cell_float (type);
	weir_cell_t out = { .type = type, .has_nodata = cell.has_nodata, .nodata = cell.nodata };
	bool is_kept = !weir_type_is_float (cell.type) && cell.has_nodata &&
	               weir_type_holds (type, cell.nodata);
	if (out.has_nodata && !is_kept)
		out.nodata = weir_type_min (type) < 0 ? weir_type_min (type) : weir_type_max (type);
	return out;
}

int
weir_target_apply (weir_target_t *self, const char *node, size_t n_bands, bool keeps_time,
                   weir_pipeline_t *pipeline, weir_err_t *err)
{
	if (self->format == WEIR_FORMAT_PNG && (n_bands != 1 || keeps_time))
		return weir_err_set (
			err, WEIR_E_UNSUPPORTED, WEIR_CLASS_GIVE_UP, "FormatUnsupported", node,
			"save_result: PNG holds one band and no time: this cube has %zu bands%s", n_bands,
			keeps_time ? " and a temporal dimension" : "");
	weir_cell_t out = self->has_type ? s_retype (pipeline->out, self->type) : pipeline->out;
	weir_option_reader_t reader = { .node = node, .err = err };
	bool is_float = weir_type_is_float (out.type);
	bool is_fit = is_float ? out.type != WEIR_F32 || !(fabs (self->nodata) > (double) FLT_MAX)
	                       : weir_type_holds (out.type, self->nodata);
	if (self->has_nodata && !is_fit)
		return weir_err_invalid (err, "ProcessParameterInvalid", node,
		                         "option 'nodata' of save_result: %g does not fit %s", self->nodata,
		                         weir_type_name (out.type));
	if (self->has_nodata && is_float && !isnan (self->nodata)) {
		self->options.has_nodata = true; /* as it will be read back */
		self->options.nodata = out.type == WEIR_F32 ? (double) (float) self->nodata : self->nodata;
	}
	if (self->has_nodata && !is_float) {
		out.is_bool = out.is_bool && self->nodata == 255;
		out.has_nodata = true;
		out.nodata = self->nodata;
	}
	if (self->options.predictor == 2 && is_float)
		return s_bad (&reader, "predictor", "1 or 3 for floating-point cells");
	if (self->options.predictor == 3 && !is_float)
		return s_bad (&reader, "predictor", "1 or 2 for integer cells");
	pipeline->out = out;
	return WEIR_OK;
}
