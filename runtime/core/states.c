/* states.c - see states.h */
#include "runtime/core/states.h"

#include <stddef.h>

#define S_NAME_CHUNK(name, number) [WEIR_CHUNK_##name] = #name,
#define S_NAME_JOB(name, number) [WEIR_JOB_##name] = #name,
#define S_NAME_PART(name, number) [WEIR_PART_##name] = #name,

static const char *const s_chunk_names[WEIR_N_CHUNK_STATES] = { WEIR_CHUNK_STATES (S_NAME_CHUNK) };
static const char *const s_job_names[WEIR_N_JOB_STATES] = { WEIR_JOB_STATES (S_NAME_JOB) };
static const char *const s_part_names[WEIR_N_PART_STATES] = { WEIR_PART_STATES (S_NAME_PART) };

/* Numbers come from Redis and from messages too: one that names nothing prints as "?". */
static const char *
s_pick_name (const char *const *names, size_t n, size_t number)
{
	return number < n && names[number] != NULL ? names[number] : "?";
}

const char *
weir_chunk_state_name (weir_chunk_state_t state)
{
	return s_pick_name (s_chunk_names, WEIR_N_CHUNK_STATES, (size_t) state);
}

const char *
weir_job_state_name (weir_job_state_t state)
{
	return s_pick_name (s_job_names, WEIR_N_JOB_STATES, (size_t) state);
}

const char *
weir_part_state_name (weir_part_state_t state)
{
	return s_pick_name (s_part_names, WEIR_N_PART_STATES, (size_t) state);
}
