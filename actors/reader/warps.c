/* warps.c - see warps.h */
#include "actors/reader/warps.h"

#include "connectors/raster/raster.h"
#include "runtime/base/vec.h"

#include <string.h>

typedef struct {
	int from, to; /* crs_id */
	weir_raster_transformer_t *transformer;
} s_pair_t;

typedef struct {
	weir_grid_t grid, file;
	weir_window_t window;
	int block[2];
	weir_warp_t *warp;
	uint64_t used; /* when last */
} s_entry_t;

struct weir_warps {
	size_t bytes_max, bytes;
	uint64_t clock;
	uint8_t plan_sha256[32];
	WEIR_VEC (s_pair_t) pairs;
	WEIR_VEC (s_entry_t) entries;
};

weir_warps_t *
weir_warps_new (size_t bytes_max)
{
	weir_warps_t *self = weir_alloc (sizeof *self);
	self->bytes_max = bytes_max;
	return self;
}

static void
s_drop_entry (weir_warps_t *self, size_t i)
{
	self->bytes -= weir_warp_bytes (self->entries.at[i].warp);
	weir_warp_destroy (&self->entries.at[i].warp);
	weir_vec_remove (&self->entries, i);
}

static void
s_clear (weir_warps_t *self)
{
	while (self->entries.n > 0)
		s_drop_entry (self, self->entries.n - 1);
	for (size_t i = 0; i < self->pairs.n; i++)
		weir_raster_transformer_destroy (&self->pairs.at[i].transformer);
	self->pairs.n = 0;
}

void
weir_warps_destroy (weir_warps_t **self_p)
{
	weir_warps_t *self = *self_p;
	if (self == NULL)
		return;
	s_clear (self);
	weir_vec_clear (&self->entries);
	weir_vec_clear (&self->pairs);
	free (self);
	*self_p = NULL;
}

static int
s_find_transformer (weir_warps_t *self, const weir_plan_t *plan, int from, int to,
                    weir_raster_transformer_t **out, weir_err_t *err)
{
	for (size_t i = 0; i < self->pairs.n; i++)
		if (self->pairs.at[i].from == from && self->pairs.at[i].to == to) {
			*out = self->pairs.at[i].transformer;
			return 0;
		}
	s_pair_t pair = { .from = from, .to = to };
	int status = weir_raster_transformer_new (plan->crs[from], plan->crs[to], &pair.transformer,
	                                          err);
	if (status != 0)
		return status;
	weir_vec_push (&self->pairs, pair);
	*out = pair.transformer;
	return 0;
}

static bool
s_is_entry (const s_entry_t *a, const s_entry_t *b)
{
	return a->window.col == b->window.col && a->window.row == b->window.row &&
	       a->window.width == b->window.width && a->window.height == b->window.height &&
	       a->block[0] == b->block[0] && a->block[1] == b->block[1] &&
	       weir_grid_equal (&a->file, &b->file) && weir_grid_equal (&a->grid, &b->grid);
}

static void
s_make_room (weir_warps_t *self, size_t bytes)
{
	while (self->entries.n > 0 && self->bytes + bytes > self->bytes_max) {
		size_t oldest = 0;
		for (size_t i = 1; i < self->entries.n; i++)
			if (self->entries.at[i].used < self->entries.at[oldest].used)
				oldest = i;
		s_drop_entry (self, oldest);
	}
}

static int
s_make_entry (weir_warps_t *self, const weir_plan_t *plan, s_entry_t *entry, weir_err_t *err)
{
	weir_raster_transformer_t *transformer = NULL;
	bool is_same = entry->grid.crs_id == entry->file.crs_id;
	int status = is_same ? 0
	                     : s_find_transformer (self, plan, entry->grid.crs_id, entry->file.crs_id,
	                                           &transformer, err);
	if (status == 0)
		status = weir_warp_new (&entry->grid, entry->window, &entry->file, entry->block[0],
		                        entry->block[1], is_same ? NULL : weir_raster_transformer_points,
		                        transformer, &entry->warp, err);
	if (status != 0)
		return status;
	size_t bytes = weir_warp_bytes (entry->warp);
	s_make_room (self, bytes);
	self->bytes += bytes;
	weir_vec_push (&self->entries, *entry);
	return 0;
}

int
weir_warps_find (weir_warps_t *self, const weir_job_t *job, const weir_grid_t *grid,
                 weir_window_t window, const weir_grid_t *file, const int block[2],
                 const weir_warp_t **warp_out, weir_err_t *err)
{
	if (memcmp (self->plan_sha256, job->plan_sha256, sizeof self->plan_sha256) != 0) {
		s_clear (self);
		memcpy (self->plan_sha256, job->plan_sha256, sizeof self->plan_sha256);
	}
	s_entry_t wanted = { .grid = *grid,
		                 .file = *file,
		                 .window = window,
		                 .block = { block[0], block[1] },
		                 .used = ++self->clock };
	for (size_t i = 0; i < self->entries.n; i++)
		if (s_is_entry (&self->entries.at[i], &wanted)) {
			self->entries.at[i].used = self->clock;
			*warp_out = self->entries.at[i].warp;
			return 0;
		}
	int status = s_make_entry (self, job->plan, &wanted, err);
	*warp_out = wanted.warp;
	return status;
}
