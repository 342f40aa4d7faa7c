/* wants.c - the arguments of load_stac, read and checked before anything is fetched */
#include "cube/plan/planner.h"
#include "runtime/base/mem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CRS_TEXT_BYTES 24 /* "EPSG:" and a number */

static int
s_invalid (const weir_graph_node_t *node, const char *argument, const char *reason, weir_err_t *err)
{
	return weir_err_invalid (err, "ProcessParameterInvalid", node->id,
	                         "argument '%s' of load_stac: %s", argument, reason);
}

static int
s_read_side (const weir_graph_node_t *node, const json_t *extent, const char *side, double *out,
             weir_err_t *err)
{
	const json_t *value = json_object_get (extent, side);
	char reason[64];
	snprintf (reason, sizeof reason, "'%s' must be a number", side);
	if (!json_is_number (value) || !isfinite (json_number_value (value)))
		return s_invalid (node, "spatial_extent", reason, err);
	*out = json_number_value (value);
	return WEIR_OK;
}

static int
s_read_crs (const weir_graph_node_t *node, const json_t *extent, weir_plan_want_t *want,
            char *crs_text, weir_err_t *err)
{
	const json_t *crs = json_object_get (extent, "crs");
	want->bbox_crs = "EPSG:4326";
	if (crs == NULL || json_is_null (crs))
		return WEIR_OK;
	if (json_is_string (crs) && *json_string_value (crs) != '\0') {
		want->bbox_crs = json_string_value (crs);
		return WEIR_OK;
	}
	if (!json_is_integer (crs) || json_integer_value (crs) < 1 ||
	    json_integer_value (crs) > 999999999)
		return s_invalid (node, "spatial_extent", "'crs' must be an EPSG number or a text", err);
	snprintf (crs_text, CRS_TEXT_BYTES, "EPSG:%d", (int) json_integer_value (crs));
	want->bbox_crs = crs_text;
	return WEIR_OK;
}

static int
s_read_extent (const weir_graph_node_t *node, weir_plan_want_t *want, char *crs_text,
               weir_err_t *err)
{
	const json_t *extent = json_object_get (node->arguments, "spatial_extent");
	if (extent == NULL || json_is_null (extent))
		return WEIR_OK;
	if (!json_is_object (extent))
		return s_invalid (node, "spatial_extent", "expected an object or null", err);
	if (json_object_get (extent, "type") != NULL)
		return weir_err_set (
			err, WEIR_E_UNSUPPORTED, WEIR_CLASS_GIVE_UP, "FeatureUnsupported", node->id,
			"argument 'spatial_extent' of load_stac: GeoJSON is not offered yet: give "
			"west, south, east and north");
	int rc = s_read_side (node, extent, "west", &want->bbox.west, err);
	if (rc == WEIR_OK)
		rc = s_read_side (node, extent, "south", &want->bbox.south, err);
	if (rc == WEIR_OK)
		rc = s_read_side (node, extent, "east", &want->bbox.east, err);
	if (rc == WEIR_OK)
		rc = s_read_side (node, extent, "north", &want->bbox.north, err);
	if (rc != WEIR_OK)
		return rc;
	if (want->bbox.west > want->bbox.east)
		return s_invalid (node, "spatial_extent", "west is greater than east", err);
	if (want->bbox.south > want->bbox.north)
		return s_invalid (node, "spatial_extent", "south is greater than north", err);
	want->has_bbox = true;
	return s_read_crs (node, extent, want, crs_text, err);
}

static int
s_read_instant (const weir_graph_node_t *node, const json_t *value, int64_t *out, weir_err_t *err)
{
	if (value == NULL || json_is_null (value))
		return WEIR_OK;
	if (!json_is_string (value) || !weir_label_parse (json_string_value (value), out))
		return s_invalid (node, "temporal_extent",
		                  "expected RFC 3339 dates such as 2022-09-01 or "
		                  "2022-09-01T00:00:00Z, or null",
		                  err);
	return WEIR_OK;
}

static int
s_read_time (const weir_graph_node_t *node, weir_plan_want_t *want, weir_err_t *err)
{
	const json_t *extent = json_object_get (node->arguments, "temporal_extent");
	want->time_from_us = INT64_MIN;
	want->time_to_us = INT64_MAX;
	if (extent == NULL || json_is_null (extent))
		return WEIR_OK;
	if (!json_is_array (extent) || json_array_size (extent) != 2)
		return s_invalid (node, "temporal_extent", "expected an array of two dates", err);
	int rc = s_read_instant (node, json_array_get (extent, 0), &want->time_from_us, err);
	if (rc == WEIR_OK)
		rc = s_read_instant (node, json_array_get (extent, 1), &want->time_to_us, err);
	if (rc != WEIR_OK)
		return rc;
	if (want->time_from_us >= want->time_to_us)
		return weir_err_invalid (
			err, "TemporalExtentEmpty", node->id,
			"argument 'temporal_extent' of load_stac: the end must be later than the "
			"beginning");
	want->has_time = true;
	return WEIR_OK;
}

static int
s_read_bands (const weir_graph_node_t *node, const char **bands, weir_plan_want_t *want,
              weir_err_t *err)
{
	const json_t *array = json_object_get (node->arguments, "bands");
	if (array == NULL || json_is_null (array))
		return WEIR_OK;
	size_t n = json_array_size (array);
	if (!json_is_array (array) || n == 0 || n > WEIR_PLAN_BANDS_MAX)
		return s_invalid (node, "bands", "expected an array of names", err);
	for (size_t i = 0; i < n; i++) {
		bands[i] = json_string_value (json_array_get (array, i));
		if (bands[i] == NULL || *bands[i] == '\0')
			return s_invalid (node, "bands", "expected names", err);
		for (size_t k = 0; k < i; k++)
			if (strcmp (bands[i], bands[k]) == 0)
				return s_invalid (node, "bands", "the same band twice", err);
	}
	want->n_bands = n;
	want->bands = bands;
	return WEIR_OK;
}

/* The graph has checked that each member is a callback. */
static void
s_read_conditions (const weir_graph_t *graph, const weir_graph_node_t *node,
                   weir_plan_condition_t *conditions, weir_plan_want_t *want)
{
	const char *name;
	json_t *member;
	json_object_foreach (json_object_get (node->arguments, "properties"), name, member)
	{
		char *key = weir_asprintf ("properties/%s", name);
		const weir_graph_t *callback = weir_graph_argument_callback (graph, node, key);
		free (key);
		if (callback != NULL)
			conditions[want->n_conditions++] = (weir_plan_condition_t){ name, callback };
	}
	want->conditions = conditions;
}

static int
s_read_want (const weir_graph_node_t *node, weir_plan_want_t *want, const char **bands,
             char *crs_text, weir_err_t *err)
{
	want->node = node->id;
	want->url = json_string_value (json_object_get (node->arguments, "url"));
	want->bbox_crs = "EPSG:4326";
	if (want->url == NULL || *want->url == '\0')
		return s_invalid (node, "url", "expected an address", err);
	int rc = s_read_extent (node, want, crs_text, err);
	if (rc == WEIR_OK)
		rc = s_read_time (node, want, err);
	if (rc == WEIR_OK)
		rc = s_read_bands (node, bands, want, err);
	return rc;
}

static bool
s_is_needed (const weir_graph_node_t *node, size_t n_chains, const weir_chain_t *chains)
{
	for (size_t i = 0; i < n_chains; i++)
		if (chains[i].load == node)
			return true;
	return false;
}

/* The formats are read here too, and thrown away, so that their mistakes show before anything is
 * fetched. */
static int
s_check_targets (size_t n, const weir_chain_t *chains, weir_err_t *err)
{
	for (size_t i = 0; i < n; i++) {
		weir_target_t target = { 0 };
		int rc = weir_target_read (chains[i].save, &target, err);
		weir_target_clear (&target);
		if (rc != WEIR_OK)
			return rc;
	}
	return WEIR_OK;
}

/* One block: the wants, then the conditions, the pointers to names of bands, and the texts of CRS
 * given as numbers. */
static int
s_read_wants (const weir_graph_t *graph, size_t n_chains, const weir_chain_t *chains,
              size_t *n_wants_out, weir_plan_want_t **wants_out, weir_err_t *err)
{
	size_t n_wants = 0, n_bands = 0, n_conditions = 0, n_nodes = weir_graph_n_nodes (graph);
	for (size_t i = 0; i < n_nodes; i++) {
		const weir_graph_node_t *node = weir_graph_node (graph, i);
		if (!s_is_needed (node, n_chains, chains))
			continue;
		n_wants++;
		n_bands += json_array_size (json_object_get (node->arguments, "bands"));
		n_conditions += json_object_size (json_object_get (node->arguments, "properties"));
	}
	size_t conditions_offset = n_wants * sizeof (weir_plan_want_t);
	size_t bands_offset = conditions_offset + n_conditions * sizeof (weir_plan_condition_t);
	size_t texts_offset = bands_offset + n_bands * sizeof (char *);
	char *block = weir_alloc (texts_offset + n_wants * CRS_TEXT_BYTES);
	weir_plan_want_t *want = (weir_plan_want_t *) (void *) block;
	weir_plan_condition_t *conditions = (weir_plan_condition_t *) (void *) (block +
	                                                                        conditions_offset);
	const char **bands = (const char **) (void *) (block + bands_offset);
	char *crs_text = block + texts_offset;
	int rc = WEIR_OK;
	for (size_t i = 0; i < n_nodes && rc == WEIR_OK; i++) {
		const weir_graph_node_t *node = weir_graph_node (graph, i);
		if (!s_is_needed (node, n_chains, chains))
			continue;
		rc = s_read_want (node, want, bands, crs_text, err);
		s_read_conditions (graph, node, conditions, want);
		conditions += want->n_conditions;
		bands += want->n_bands;
		crs_text += CRS_TEXT_BYTES;
		want++;
	}
	if (rc != WEIR_OK) {
		free (block);
		return rc;
	}
	*n_wants_out = n_wants;
	*wants_out = (weir_plan_want_t *) (void *) block;
	return WEIR_OK;
}

int
weir_plan_wants (const weir_graph_t *graph, size_t *n_wants_out, weir_plan_want_t **wants_out,
                 weir_err_t *err)
{
	size_t n = 0;
	weir_chain_t *chains = NULL;
	int rc = weir_chains_walk (graph, &n, &chains, err);
	if (rc == WEIR_OK)
		rc = s_check_targets (n, chains, err);
	if (rc == WEIR_OK)
		rc = s_read_wants (graph, n, chains, n_wants_out, wants_out, err);
	weir_chains_free (n, chains);
	return rc;
}
