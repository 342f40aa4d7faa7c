/* report.c - what a collector tells the coordinator: reserved, released, failed */
#include "actors/compute/compute_internal.h"

#define LIST_FLUSH 4096

typedef struct {
	Weir__ChunkRef refs[LIST_FLUSH];
	Weir__ChunkRef *list[LIST_FLUSH];
} weir_ref_list_t;

/* Takes entries of one job from *i on; returns how many. */
static size_t
s_fill_refs (weir_ref_list_t *out, const weir_named_chunk_t *from, size_t n_from, size_t *i)
{
	uint64_t job = from[*i].job;
	size_t n = 0;
	for (; *i < n_from && n < LIST_FLUSH && from[*i].job == job; (*i)++, n++) {
		weir__chunk_ref__init (&out->refs[n]);
		out->refs[n].chunk = from[*i].chunk;
		out->refs[n].token_hi = from[*i].token_hi;
		out->refs[n].token_lo = from[*i].token_lo;
		out->list[n] = &out->refs[n];
	}
	return n;
}

void
weir_compute_flush_lists (weir_compute_t *self)
{
	static _Thread_local weir_ref_list_t list;
	for (size_t i = 0; i < self->reserved.n;) {
		Weir__Reserved reserved = WEIR__RESERVED__INIT;
		reserved.job = self->reserved.at[i].job;
		reserved.n_chunks = s_fill_refs (&list, self->reserved.at, self->reserved.n, &i);
		reserved.chunks = list.list;
		Weir__Control msg = WEIR_CONTROL (RESERVED, reserved, &reserved);
		weir_host_send (self->host, &msg);
	}
	self->reserved.n = 0;
	for (size_t i = 0; i < self->released.n;) {
		Weir__Released released = WEIR__RELEASED__INIT;
		released.job = self->released.at[i].job;
		released.n_chunks = s_fill_refs (&list, self->released.at, self->released.n, &i);
		released.chunks = list.list;
		Weir__Control msg = WEIR_CONTROL (RELEASED, released, &released);
		weir_host_send (self->host, &msg);
	}
	self->released.n = 0;
}

void
weir_compute_send_failure (weir_compute_t *self, const weir_job_t *job,
                           const weir_named_chunk_t *name, const weir_err_t *err)
{
	Weir__Error error = WEIR__ERROR__INIT;
	weir_error_to_message (err, &error);
	Weir__Failed failed = WEIR__FAILED__INIT;
	failed.job = job->number;
	failed.generation = job->generation;
	failed.chunk = name->chunk;
	failed.token_hi = name->token_hi;
	failed.token_lo = name->token_lo;
	failed.error = &error;
	Weir__Control msg = WEIR_CONTROL (FAILED, failed, &failed);
	weir_host_send (self->host, &msg);
}
