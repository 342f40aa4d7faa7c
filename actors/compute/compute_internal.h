/* compute_internal.h - the structs behind compute.h, shared by its files
 *
 * compute.c   leases, partials, blocks to sinks      report.c   what the coordinator is told
 */
#ifndef WEIR_COMPUTE_INTERNAL_H
#define WEIR_COMPUTE_INTERNAL_H

#include "actors/compute/collect.h"
#include "actors/compute/compute.h"
#include "runtime/core/in_flight.h"

typedef struct {     /* a chunk that this actor has the lease of */
	weir_job_t *job; /* a reference */
	weir_buf_t **runs;
	Weir__PayloadKind payload;
	uint32_t n_missing;
	weir_buf_t *block; /* encoded; kept until stored */
	bool is_sent;
} weir_collect_t;

typedef struct {
	uint64_t job;
	uint64_t chunk, token_hi, token_lo;
} weir_named_chunk_t;

typedef struct { /* a lease that came before the plan: nothing is reserved for it yet */
	uint64_t chunk, token_hi, token_lo, sink;
	uint32_t n_runs;
} weir_early_lease_t;

typedef struct { /* job->user */
	weir_in_flight_map_t *map;
	WEIR_VEC (weir_early_lease_t) early;
} weir_collect_job_t;

typedef struct { /* blocks on their way to one sink, in order */
	uint64_t sink;
	bool is_asked, has_grant;
	uint64_t credit_bytes, granted_bytes;
	WEIR_VEC (weir_named_chunk_t) waiting;
	size_t waiting_first;
} weir_outlet_t;

struct weir_compute {
	weir_host_t *host;
	uint32_t n_workers;
	uint64_t memory_bytes, grant_bytes, registry_hash;
	uint64_t actor; /* its number when it last registered; 0: not yet */
	weir_pool_t *pool;
	weir_jobs_t jobs;
	WEIR_VEC (weir_outlet_t) outlets;
	WEIR_VEC (weir_named_chunk_t) reserved; /* told at the end of the burst */
	WEIR_VEC (weir_named_chunk_t) released;
};

/* report.c */
void weir_compute_flush_lists (weir_compute_t *self); /* what was reserved and released */
void weir_compute_send_failure (weir_compute_t *self, const weir_job_t *job,
                                const weir_named_chunk_t *name, const weir_err_t *err);

#endif
