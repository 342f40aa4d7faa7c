/* item.c - see item.h: who frees what */
#include "cube/source/item.h"

#include <jansson.h>
#include <stdlib.h>

static void
s_clear_band (weir_stac_band_t *self)
{
	free (self->name);
	free (self->common_name);
	free (self->description);
}

static void
s_clear_asset (weir_stac_asset_t *self)
{
	free (self->key);
	free (self->href);
	free (self->media_type);
	free (self->title);
	for (size_t i = 0; i < self->n_roles; i++)
		free (self->roles[i]);
	free (self->roles);
	for (size_t i = 0; i < self->n_bands; i++)
		s_clear_band (&self->bands[i]);
	free (self->bands);
	free (self->proj.crs);
	for (size_t i = 0; i < sizeof self->proj.crs_candidates / sizeof *self->proj.crs_candidates;
	     i++)
		free (self->proj.crs_candidates[i]);
}

void
weir_stac_item_clear (weir_stac_item_t *self)
{
	if (self == NULL)
		return;
	free (self->id);
	free (self->collection);
	free (self->href);
	for (size_t i = 0; i < self->n_assets; i++)
		s_clear_asset (&self->assets[i]);
	free (self->assets);
	json_decref (self->properties);
	*self = (weir_stac_item_t){ 0 };
}

void
weir_stac_items_destroy (weir_stac_items_t **self_p)
{
	if (self_p == NULL || *self_p == NULL)
		return;
	weir_stac_items_t *self = *self_p;
	*self_p = NULL;
	for (size_t i = 0; i < self->n_items; i++)
		weir_stac_item_clear (&self->items[i]);
	free (self->items);
	free (self->dim_x);
	free (self->dim_y);
	free (self->dim_t);
	free (self->dim_bands);
	free (self);
}

void
weir_probe_clear (weir_probe_t *self)
{
	if (self == NULL)
		return;
	free (self->crs);
	free (self->bands);
	for (size_t i = 0; self->descriptions != NULL && i < self->n_bands; i++)
		free (self->descriptions[i]);
	free (self->descriptions);
	*self = (weir_probe_t){ 0 };
}
