/* bands.c - which asset and which band of its file a name means
 *
 * Sought in this order: asset key, band name (`bands`, `eo:bands`; the STAC connector puts
 * `cube:variables` there), band description in the file, common_name; among assets those with role
 * `data` before others, `visual` last, thumbnail and overview never.
 *
 * Limits   files are opened for their descriptions only for the first item that needs it
 * Source   DESIGN 8 (Bands)
 */
#include "cube/plan/planner.h"
#include "runtime/base/mem.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define RANK_NEVER 3

static bool
s_has_role (const weir_stac_asset_t *asset, const char *role)
{
	for (size_t i = 0; i < asset->n_roles; i++)
		if (strcasecmp (asset->roles[i], role) == 0)
			return true;
	return false;
}

static int
s_rank_asset (const weir_stac_asset_t *asset)
{
	if (s_has_role (asset, "thumbnail") || s_has_role (asset, "overview"))
		return RANK_NEVER;
	if (s_has_role (asset, "data"))
		return 0;
	return s_has_role (asset, "visual") ? 2 : 1;
}

/* Does `text` hold `hint` (in lower case), in any case? */
static bool
s_mentions (const char *text, const char *hint)
{
	size_t n = strlen (hint);
	for (; *text != '\0'; text++)
		if (strncasecmp (text, hint, n) == 0)
			return true;
	return false;
}

static bool
s_is_raster (const weir_stac_asset_t *asset)
{
	static const char *const hints[] = { "image/", "tiff", "jp2",  "netcdf",
		                                 "hdf",    "grib", "zarr", "octet-stream" };
	if (asset->n_bands > 0 || asset->media_type == NULL)
		return true;
	for (size_t i = 0; i < sizeof hints / sizeof *hints; i++)
		if (s_mentions (asset->media_type, hints[i]))
			return true;
	return false;
}

/* ---- the list of bands where the graph names none */

static bool
s_is_listed (const weir_source_work_t *self, const char *name)
{
	for (size_t i = 0; i < self->n_specs; i++)
		if (strcmp (self->specs[i].name, name) == 0)
			return true;
	return false;
}

static weir_band_spec_t *
s_add_spec (weir_source_work_t *self, char *name)
{
	self->specs = weir_realloc (self->specs, (self->n_specs + 1) * sizeof *self->specs);
	weir_band_spec_t *spec = &self->specs[self->n_specs++];
	*spec = (weir_band_spec_t){ .name = name };
	return spec;
}

/* Band i of n of an asset: by its own name where that is free, else by the asset's key. */
static void
s_list_band (weir_source_work_t *self, const weir_stac_asset_t *asset, const char *own_name,
             size_t i, size_t n)
{
	if (own_name != NULL && *own_name != '\0' && !s_is_listed (self, own_name)) {
		s_add_spec (self, weir_strdup (own_name));
		return;
	}
	char *name = n == 1 ? weir_strdup (asset->key) : weir_asprintf ("%s_%zu", asset->key, i + 1);
	if (s_is_listed (self, name)) {
		free (name);
		return;
	}
	weir_band_spec_t *spec = s_add_spec (self, name);
	spec->asset_key = weir_strdup (asset->key);
	spec->file_band = (uint32_t) i + 1;
}

static int
s_probe_asset (const weir_source_work_t *self, const weir_stac_asset_t *asset,
               weir_probe_t *probe_out, weir_err_t *err)
{
	char *name = NULL;
	int rc = self->options->name_of_href (self->options->arg, asset->href, &name, err);
	if (rc == WEIR_OK)
		rc = self->options->probe (self->options->arg, name, probe_out, err);
	free (name);
	return rc;
}

static int
s_list_asset (weir_source_work_t *self, const weir_stac_asset_t *asset, weir_err_t *err)
{
	for (size_t i = 0; i < asset->n_bands; i++)
		s_list_band (self, asset, asset->bands[i].name, i, asset->n_bands);
	if (asset->n_bands > 0)
		return WEIR_OK;
	weir_probe_t probe = { 0 };
	int rc = s_probe_asset (self, asset, &probe, err);
	if (rc != WEIR_OK)
		return rc;
	for (size_t i = 0; i < probe.n_bands; i++) {
		const char *text = probe.descriptions != NULL && probe.n_bands > 1 ? probe.descriptions[i]
		                                                                   : NULL;
		s_list_band (self, asset, text, i, probe.n_bands);
	}
	weir_probe_clear (&probe);
	return WEIR_OK;
}

static int
s_list_item (weir_source_work_t *self, const weir_stac_item_t *item, weir_err_t *err)
{
	bool any_data = false;
	for (size_t i = 0; i < item->n_assets; i++)
		any_data = any_data || s_has_role (&item->assets[i], "data");
	for (size_t i = 0; i < item->n_assets; i++) {
		const weir_stac_asset_t *asset = &item->assets[i];
		bool is_wanted = any_data ? s_rank_asset (asset) == 0 && s_has_role (asset, "data")
		                          : s_rank_asset (asset) == 1 && !s_has_role (asset, "metadata");
		int rc = is_wanted && s_is_raster (asset) ? s_list_asset (self, asset, err) : WEIR_OK;
		if (rc != WEIR_OK)
			return rc;
	}
	if (self->n_specs == 0)
		return weir_err_invalid (err, "BandNotAvailable", item->id,
		                         "the item has no raster asset with data");
	if (self->n_specs > WEIR_PLAN_BANDS_MAX)
		return weir_err_invalid (err, "BandNotAvailable", item->id,
		                         "%zu bands, at most %d are possible", self->n_specs,
		                         WEIR_PLAN_BANDS_MAX);
	return WEIR_OK;
}

int
weir_bands_list (weir_source_work_t *self, weir_err_t *err)
{
	for (size_t i = 0; i < self->want->n_bands; i++)
		s_add_spec (self, weir_strdup (self->want->bands[i]));
	for (size_t i = 0; i < self->n_candidates && self->n_specs == 0; i++) {
		weir_candidate_t *candidate = &self->candidates[i];
		if (candidate->is_dropped || s_list_item (self, candidate->item, err) == WEIR_OK)
			continue;
		if (!weir_work_drop (self, candidate, err))
			return err != NULL ? err->status : WEIR_E_INVALID;
	}
	return WEIR_OK;
}

/* ---- from a name to an asset and a band */

typedef struct {
	const weir_stac_asset_t *asset; /* NULL: not found */
	uint32_t band;
} weir_band_place_t;

static weir_band_place_t
s_find_by_key (const weir_stac_item_t *item, const char *key)
{
	for (size_t i = 0; i < item->n_assets; i++)
		if (strcmp (item->assets[i].key, key) == 0 && s_rank_asset (&item->assets[i]) != RANK_NEVER)
			return (weir_band_place_t){ &item->assets[i], 1 };
	return (weir_band_place_t){ NULL, 0 };
}

static weir_band_place_t
s_find_in_asset (const weir_stac_asset_t *asset, const char *name, bool by_common_name)
{
	for (size_t i = 0; i < asset->n_bands; i++) {
		const char *text = by_common_name ? asset->bands[i].common_name : asset->bands[i].name;
		if (text != NULL && strcmp (text, name) == 0)
			return (weir_band_place_t){ asset, (uint32_t) i + 1 };
	}
	return (weir_band_place_t){ NULL, 0 };
}

static weir_band_place_t
s_find_in_item (const weir_stac_item_t *item, const char *name, bool by_common_name)
{
	weir_band_place_t best = { NULL, 0 };
	int best_rank = RANK_NEVER;
	for (size_t i = 0; i < item->n_assets; i++) {
		int rank = s_rank_asset (&item->assets[i]);
		if (rank >= best_rank)
			continue;
		weir_band_place_t place = s_find_in_asset (&item->assets[i], name, by_common_name);
		if (place.asset == NULL)
			continue;
		best = place;
		best_rank = rank;
	}
	return best;
}

/* Opens the files of one item, once, to look for a description that is the name. */
static void
s_look_into_files (const weir_source_work_t *self, const weir_stac_item_t *item,
                   weir_band_spec_t *spec)
{
	spec->is_described = true;
	for (int rank = 0; rank < RANK_NEVER; rank++)
		for (size_t i = 0; i < item->n_assets && spec->described_key == NULL; i++) {
			const weir_stac_asset_t *asset = &item->assets[i];
			weir_probe_t probe = { 0 };
			if (s_rank_asset (asset) != rank || !s_is_raster (asset) ||
			    s_probe_asset (self, asset, &probe, NULL) != WEIR_OK)
				continue; /* what cannot be opened describes nothing */
			for (size_t b = 0; probe.descriptions != NULL && b < probe.n_bands; b++)
				if (probe.descriptions[b] != NULL &&
				    strcmp (probe.descriptions[b], spec->name) == 0 &&
				    spec->described_key == NULL) {
					spec->described_key = weir_strdup (asset->key);
					spec->described_band = (uint32_t) b + 1;
				}
			weir_probe_clear (&probe);
		}
}

static weir_band_place_t
s_find_described (const weir_source_work_t *self, const weir_stac_item_t *item,
                  weir_band_spec_t *spec)
{
	if (!spec->is_described)
		s_look_into_files (self, item, spec);
	if (spec->described_key == NULL)
		return (weir_band_place_t){ NULL, 0 };
	weir_band_place_t place = s_find_by_key (item, spec->described_key);
	const weir_stac_asset_t *only =
		NULL; /* catalogues that name assets by file: the only data asset */
	for (size_t i = 0; place.asset == NULL && i < item->n_assets; i++)
		if (s_has_role (&item->assets[i], "data") && s_is_raster (&item->assets[i])) {
			if (only != NULL)
				return place;
			only = &item->assets[i];
		}
	if (place.asset == NULL)
		place.asset = only;
	place.band = spec->described_band;
	return place;
}

static int
s_not_found (const weir_source_work_t *self, const weir_stac_item_t *item,
             const weir_band_spec_t *spec, weir_err_t *err)
{
	char known[512] = "";
	for (size_t i = 0; i < item->n_assets; i++) {
		size_t used = strlen (known);
		if (s_rank_asset (&item->assets[i]) != RANK_NEVER &&
		    used + strlen (item->assets[i].key) + 3 < sizeof known)
			snprintf (known + used, sizeof known - used, "%s%s", used > 0 ? ", " : "",
			          item->assets[i].key);
	}
	return weir_err_invalid (err, "BandNotAvailable", item->id,
	                         "band '%s' of node '%s': the item has no such band: its assets are %s",
	                         spec->name, self->want->node, known[0] != '\0' ? known : "none");
}

static int
s_find_band (const weir_source_work_t *self, const weir_stac_item_t *item, weir_band_spec_t *spec,
             weir_band_place_t *place_out, weir_err_t *err)
{
	weir_band_place_t place = s_find_by_key (item, spec->asset_key != NULL ? spec->asset_key
	                                                                       : spec->name);
	if (spec->asset_key != NULL)
		place.band = spec->file_band;
	else if (place.asset != NULL && place.asset->n_bands > 1) {
		const weir_stac_asset_t *asset = place.asset;
		place = s_find_in_asset (asset, spec->name, false);
		if (place.asset == NULL)
			place = s_find_in_item (item, spec->name, false);
		if (place.asset == NULL)
			return weir_err_invalid (err, "BandNotAvailable", item->id,
			                         "band '%s' is an asset of %zu bands: name its bands",
			                         spec->name, asset->n_bands);
	}
	if (place.asset == NULL && spec->asset_key == NULL)
		place = s_find_in_item (item, spec->name, false);
	if (place.asset == NULL && spec->asset_key == NULL)
		place = s_find_described (self, item, spec);
	if (place.asset == NULL && spec->asset_key == NULL)
		place = s_find_in_item (item, spec->name, true);
	bool is_there = place.asset != NULL &&
	                (place.asset->n_bands == 0 || place.band <= place.asset->n_bands);
	if (!is_there)
		return s_not_found (self, item, spec, err);
	*place_out = place;
	return WEIR_OK;
}

/* Index of the asset's file in the candidate; a new one is named. */
static int
s_add_file (const weir_source_work_t *self, weir_candidate_t *candidate,
            const weir_stac_asset_t *asset, uint32_t *index_out, weir_err_t *err)
{
	for (size_t i = 0; i < candidate->n_files; i++)
		if (candidate->files[i].asset == asset) {
			*index_out = (uint32_t) i;
			return WEIR_OK;
		}
	char *name = NULL;
	int rc = self->options->name_of_href (self->options->arg, asset->href, &name, err);
	if (rc != WEIR_OK)
		return rc;
	size_t n = candidate->n_files;
	candidate->files = weir_realloc (candidate->files, (n + 1) * sizeof *candidate->files);
	candidate->files[n] = (weir_file_t){ .asset = asset, .name = name };
	candidate->n_files = n + 1;
	*index_out = (uint32_t) n;
	json_t *text = json_string (name); /* plans are JSON: names must be UTF-8 */
	bool is_utf8 = text != NULL;
	json_decref (text);
	if (!is_utf8)
		return weir_err_invalid (err, "AddressNotAllowed", candidate->item->id,
		                         "the file name of asset '%s' is not UTF-8", asset->key);
	return WEIR_OK;
}

int
weir_bands_resolve (weir_source_work_t *self, weir_candidate_t *candidate, weir_err_t *err)
{
	candidate->bands = weir_alloc (self->n_specs * sizeof *candidate->bands);
	candidate->stac_bands = weir_alloc (self->n_specs * sizeof *candidate->stac_bands);
	for (size_t i = 0; i < self->n_specs; i++) {
		weir_band_place_t place = { 0 };
		int rc = s_find_band (self, candidate->item, &self->specs[i], &place, err);
		if (rc == WEIR_OK)
			rc = s_add_file (self, candidate, place.asset, &candidate->bands[i].asset, err);
		if (rc != WEIR_OK)
			return rc;
		candidate->bands[i].band = place.band;
		if (place.band <= place.asset->n_bands)
			candidate->stac_bands[i] = &place.asset->bands[place.band - 1];
	}
	return WEIR_OK;
}
