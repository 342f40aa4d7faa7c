/* wants.c - the arguments of load_stac, read and checked before anything is fetched */
#include "cube/plan/planner.h"
#include "runtime/base/mem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EPSG_MAX 999999999

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

bool
weir_want_read_crs (const json_t *value, char *text, const char **crs_out)
{
	const char *given = json_string_value (value);
	*crs_out = text;
	if (json_is_object (value)) {
		size_t n = json_dumpb (value, NULL, 0, JSON_COMPACT);
		json_dumpb (value, text, n, JSON_COMPACT);
		text[n] = '\0';
		return true;
	}
	json_int_t code = json_integer_value (value);
	if (given != NULL && strspn (given, "0123456789") == strlen (given))
		code = strlen (given) < 10 ? strtol (given, NULL, 10) : 0;
	else if (given != NULL) {
		*crs_out = given;
		return true;
	}
	snprintf (text, WEIR_CRS_TEXT_BYTES, "EPSG:%lld", (long long) code);
	return code >= 1 && code <= EPSG_MAX && !json_is_real (value);
}

/* Room that weir_want_read_crs needs. */
static size_t
s_crs_bytes (const json_t *value)
{
	size_t bytes = json_is_object (value) ? json_dumpb (value, NULL, 0, JSON_COMPACT) + 1 : 0;
	return bytes > WEIR_CRS_TEXT_BYTES ? bytes : WEIR_CRS_TEXT_BYTES;
}

static int
s_read_crs (const weir_graph_node_t *node, const json_t *extent, weir_plan_want_t *want,
            char *crs_text, weir_err_t *err)
{
	const json_t *crs = json_object_get (extent, "crs");
	if (crs == NULL || json_is_null (crs) || weir_want_read_crs (crs, crs_text, &want->bbox_crs))
		return WEIR_OK;
	return s_invalid (node, "spatial_extent",
	                  "'crs' must be an EPSG number, a code, WKT or PROJJSON", err);
}

static int
s_read_geojson (const weir_graph_node_t *node, const json_t *extent, weir_plan_want_t *want,
                char *crs_text, weir_err_t *err)
{
	weir_shape_t shape;
	weir_err_t reason = { 0 };
	int rc = weir_shape_parse (extent, &shape, crs_text, &reason);
	if (rc != WEIR_OK)
		return s_invalid (node, "spatial_extent", reason.text, err);
	want->has_bbox = true;
	want->bbox = weir_shape_bbox (&shape);
	want->bbox_crs = crs_text;
	want->geometry = extent;
	weir_shape_clear (&shape);
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
		return s_read_geojson (node, extent, want, crs_text, err);
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
		return s_invalid (
			node, "spatial_extent",
			"west is greater than east: a box over the antimeridian is to be split in two", err);
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

/* Chains that are fed by different reads, in the order of the graph's load nodes. */
static size_t
s_list_reads (const weir_graph_t *graph, size_t n_chains, const weir_chain_t *chains,
              const weir_chain_t **reads)
{
	size_t n = 0;
	for (size_t i = 0; i < weir_graph_n_nodes (graph); i++)
		for (size_t c = 0; c < n_chains; c++) {
			bool is_new = chains[c].load == weir_graph_node (graph, i);
			for (size_t k = 0; k < n && is_new; k++)
				is_new = reads[k]->load != chains[c].load ||
				         reads[k]->resample != chains[c].resample;
			if (is_new)
				reads[n++] = &chains[c];
		}
	return n;
}

static const json_t *
s_extent_crs (const weir_chain_t *read)
{
	return json_object_get (json_object_get (read->load->arguments, "spatial_extent"), "crs");
}

static const json_t *
s_projection (const weir_chain_t *read)
{
	return read->resample != NULL ? json_object_get (read->resample->arguments, "projection")
	                              : NULL;
}

/* One block: the wants, then the conditions, the pointers to names of bands, the texts of CRS. */
static int
s_read_wants (const weir_graph_t *graph, size_t n, const weir_chain_t *const *reads,
              size_t *n_wants_out, weir_plan_want_t **wants_out, weir_err_t *err)
{
	size_t n_bands = 0, n_conditions = 0, text_bytes = 0;
	for (size_t i = 0; i < n; i++) {
		const json_t *arguments = reads[i]->load->arguments;
		n_bands += json_array_size (json_object_get (arguments, "bands"));
		n_conditions += json_object_size (json_object_get (arguments, "properties"));
		text_bytes += s_crs_bytes (s_extent_crs (reads[i])) + s_crs_bytes (s_projection (reads[i]));
	}
	size_t conditions_offset = n * sizeof (weir_plan_want_t);
	size_t bands_offset = conditions_offset + n_conditions * sizeof (weir_plan_condition_t);
	size_t texts_offset = bands_offset + n_bands * sizeof (char *);
	char *block = weir_alloc (texts_offset + text_bytes);
	weir_plan_want_t *wants = (weir_plan_want_t *) (void *) block;
	weir_plan_condition_t *conditions = (weir_plan_condition_t *) (void *) (block +
	                                                                        conditions_offset);
	const char **bands = (const char **) (void *) (block + bands_offset);
	char *text = block + texts_offset;
	int rc = WEIR_OK;
	for (size_t i = 0; i < n && rc == WEIR_OK; i++) {
		rc = s_read_want (reads[i]->load, &wants[i], bands, text, err);
		s_read_conditions (graph, reads[i]->load, conditions, &wants[i]);
		conditions += wants[i].n_conditions;
		text += s_crs_bytes (s_extent_crs (reads[i]));
		if (rc == WEIR_OK && reads[i]->resample != NULL)
			rc = weir_resample_read (reads[i]->resample, &wants[i].resample, text, err);
		text += s_crs_bytes (s_projection (reads[i]));
		bands += wants[i].n_bands;
	}
	if (rc != WEIR_OK) {
		free (block);
		return rc;
	}
	*n_wants_out = n;
	*wants_out = wants;
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
	if (rc == WEIR_OK) {
		const weir_chain_t **reads = weir_alloc (n * sizeof (weir_chain_t *));
		size_t n_reads = s_list_reads (graph, n, chains, reads);
		rc = s_read_wants (graph, n_reads, reads, n_wants_out, wants_out, err);
		free (reads);
	}
	weir_chains_free (n, chains);
	return rc;
}
