/* resample.c - a resample_spatial right after a load: what it asks for, and the grid that makes
 *
 * Source   openEO processes 2.0 (resample_spatial); DESIGN 8 (Grid)
 */
#include "cube/plan/planner.h"
#include "runtime/base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int
s_invalid (const weir_graph_node_t *node, const char *argument, const char *reason, weir_err_t *err)
{
	return weir_err_invalid (err, "ProcessParameterInvalid", node->id,
	                         "argument '%s' of resample_spatial: %s", argument, reason);
}

static int
s_read_number (const weir_graph_node_t *node, const json_t *value, double *out, weir_err_t *err)
{
	double number = json_number_value (value);
	if (!json_is_number (value) || !isfinite (number) || number < 0)
		return s_invalid (node, "resolution", "expected one or two numbers, 0 or greater", err);
	*out = number;
	return WEIR_OK;
}

static int
s_read_resolution (const weir_graph_node_t *node, weir_plan_resample_t *out, weir_err_t *err)
{
	const json_t *value = json_object_get (node->arguments, "resolution");
	if (value == NULL || json_is_null (value))
		return WEIR_OK;
	const json_t *x = value, *y = value;
	if (json_is_array (value)) {
		if (json_array_size (value) != 2)
			return s_invalid (node, "resolution", "expected one or two numbers, 0 or greater", err);
		x = json_array_get (value, 0);
		y = json_array_get (value, 1);
	}
	int rc = s_read_number (node, x, &out->res_x, err);
	return rc == WEIR_OK ? s_read_number (node, y, &out->res_y, err) : rc;
}

static int
s_read_method (const weir_graph_node_t *node, weir_err_t *err)
{
	static const char *const later[] = { "average", "bilinear", "cubic", "cubicspline", "gauss",
		                                 "lanczos", "max",      "mean",  "median",      "min",
		                                 "mode",    "q1",       "q3",    "rms",         "sum" };
	const json_t *value = json_object_get (node->arguments, "method");
	const char *method = json_string_value (value);
	if (value == NULL || json_is_null (value) || (method != NULL && strcmp (method, "near") == 0))
		return WEIR_OK;
	for (size_t i = 0; method != NULL && i < sizeof later / sizeof *later; i++)
		if (strcmp (method, later[i]) == 0)
			return weir_err_set (err, WEIR_E_UNSUPPORTED, WEIR_CLASS_GIVE_UP, "FeatureUnsupported",
			                     node->id,
			                     "argument 'method' of resample_spatial: '%s' is not offered yet: "
			                     "only near",
			                     method);
	return s_invalid (node, "method", "no such method: only near is offered", err);
}

static int
s_read_align (const weir_graph_node_t *node, weir_plan_resample_t *out, weir_err_t *err)
{
	static const struct {
		const char *name;
		weir_align_t align;
	} corners[] = { { "upper-left", WEIR_ALIGN_UPPER_LEFT },
		            { "lower-left", WEIR_ALIGN_LOWER_LEFT },
		            { "upper-right", WEIR_ALIGN_UPPER_RIGHT },
		            { "lower-right", WEIR_ALIGN_LOWER_RIGHT } };
	const json_t *value = json_object_get (node->arguments, "align");
	const char *name = json_string_value (value);
	if (value == NULL || json_is_null (value))
		return WEIR_OK;
	for (size_t i = 0; name != NULL && i < sizeof corners / sizeof *corners; i++)
		if (strcmp (corners[i].name, name) == 0) {
			out->align = corners[i].align;
			return WEIR_OK;
		}
	return s_invalid (node, "align", "expected lower-left, upper-left, lower-right or upper-right",
	                  err);
}

int
weir_resample_read (const weir_graph_node_t *node, weir_plan_resample_t *out, char *crs_text,
                    weir_err_t *err)
{
	*out = (weir_plan_resample_t){ .node = node->id };
	const json_t *projection = json_object_get (node->arguments, "projection");
	int rc = s_read_resolution (node, out, err);
	if (rc == WEIR_OK)
		rc = s_read_method (node, err);
	if (rc == WEIR_OK)
		rc = s_read_align (node, out, err);
	if (rc != WEIR_OK || projection == NULL || json_is_null (projection))
		return rc;
	if (!weir_want_read_crs (projection, crs_text, &out->crs))
		return s_invalid (node, "projection", "expected an EPSG number, a code or WKT2", err);
	return WEIR_OK;
}

/* ---- the grid */

static int
s_find_crs (weir_source_work_t *self, int base, int *crs_id_out, weir_err_t *err)
{
	const weir_plan_resample_t *resample = &self->want->resample;
	*crs_id_out = base;
	if (resample->crs == NULL)
		return WEIR_OK;
	char *text = self->options->crs_resolve (self->options->arg, 1, &resample->crs);
	if (text == NULL)
		return weir_err_invalid (err, "ProcessParameterInvalid", resample->node,
		                         "argument 'projection' of resample_spatial: PROJ knows no CRS "
		                         "'%.200s'",
		                         resample->crs);
	*crs_id_out = weir_place_intern_crs (self, text);
	return WEIR_OK;
}

/* The side of a square as large as a pixel of `base` is in the other CRS, in the middle of the
 * extent (box, in the other CRS). */
static int
s_measure_pixel (weir_source_work_t *self, const weir_grid_t *base, int crs_id, weir_bbox_t box,
                 double *res_out, weir_err_t *err)
{
	const weir_plan_options_t *options = self->options;
	char *const *crs = self->plan->crs;
	double x[3] = { (box.west + box.east) / 2 }, y[3] = { (box.south + box.north) / 2 };
	int rc = options->transform (options->arg, crs[crs_id], crs[base->crs_id], 1, x, y, err);
	if (rc != WEIR_OK)
		return rc;
	x[1] = x[0] + base->transform[1];
	y[1] = y[2] = y[0];
	x[2] = x[0];
	y[2] += fabs (base->transform[5]);
	rc = options->transform (options->arg, crs[base->crs_id], crs[crs_id], 3, x, y, err);
	double area = fabs ((x[1] - x[0]) * (y[2] - y[0]) - (x[2] - x[0]) * (y[1] - y[0]));
	*res_out = sqrt (area);
	if (rc == WEIR_OK && (!isfinite (area) || !(area > 0)))
		rc = weir_err_invalid (
			err, "ExtentInvalid", self->want->resample.node,
			"the middle of the extent has no place in the CRS of the items: give "
			"a resolution");
	return rc;
}

int
weir_resample_grid (weir_source_work_t *self, const weir_grid_t *base,
                    weir_resample_extent_fn *extent, void *arg, bool *is_changed_out,
                    weir_grid_t *grid_out, weir_err_t *err)
{
	const weir_plan_resample_t *resample = &self->want->resample;
	double res_x = resample->res_x, res_y = resample->res_y, native = 0;
	int crs_id;
	weir_bbox_t box;
	weir_err_t reason = { 0 };
	int rc = s_find_crs (self, base->crs_id, &crs_id, err);
	bool is_native = crs_id == base->crs_id;
	*is_changed_out = rc == WEIR_OK && !(is_native && res_x == 0 && res_y == 0);
	if (!*is_changed_out)
		return rc;
	rc = extent (arg, crs_id, &box, &reason);
	if (rc == WEIR_OK && !is_native && (res_x == 0 || res_y == 0))
		rc = s_measure_pixel (self, base, crs_id, box, &native, &reason);
	if (res_x == 0)
		res_x = is_native ? base->transform[1] : native;
	if (res_y == 0)
		res_y = is_native ? fabs (base->transform[5]) : native;
	if (rc == WEIR_OK)
		rc = weir_grid_snap (box, res_x, res_y, resample->align, crs_id, grid_out, &reason);
	if (rc == WEIR_OK)
		return rc;
	return weir_err_set (err, rc, reason.klass, reason.code, resample->node,
	                     "resample_spatial: %.1500s", reason.text);
}
