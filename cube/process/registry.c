/* registry.c - the registry of processes, see process.h */
#include "cube/process/processes.h"

#include <string.h>

#define WEIR_DESCRIPTOR_ADDRESS(id) &weir_descriptor_##id,

static const weir_process_t *const s_processes[] = { WEIR_PROCESSES (WEIR_DESCRIPTOR_ADDRESS) };

size_t
weir_process_count (void)
{
	return WEIR_N_OF (s_processes);
}

const weir_process_t *
weir_process_at (size_t i)
{
	return i < WEIR_N_OF (s_processes) ? s_processes[i] : NULL;
}

const weir_process_t *
weir_process_find (const char *id)
{
	size_t low = 0, high = WEIR_N_OF (s_processes);
	while (id != NULL && low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp (id, s_processes[middle]->id);
		if (order == 0)
			return s_processes[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

/* FNV-1a; the final 0 byte keeps "ab", "c" and "a", "bc" apart. */
static uint64_t
s_hash_text (uint64_t hash, const char *text)
{
	for (const char *p = text != NULL ? text : ""; *p != '\0'; p++)
		hash = (hash ^ (unsigned char) *p) * 1099511628211ULL;
	return hash * 1099511628211ULL;
}

static uint64_t
s_hash_number (uint64_t hash, int number)
{
	return (hash ^ (uint64_t) (number + 1)) * 1099511628211ULL;
}

uint64_t
weir_process_registry_hash (void)
{
	uint64_t hash = 14695981039346656037ULL;
	for (size_t i = 0; i < WEIR_N_OF (s_processes); i++) {
		const weir_process_t *process = s_processes[i];
		hash = s_hash_text (hash, process->id);
		hash = s_hash_number (hash, (int) process->klass);
		hash = s_hash_number (hash, process->op);
		hash = s_hash_number (hash, process->fold);
		for (size_t k = 0; k < process->n_parameters; k++) {
			const weir_parameter_t *parameter = &process->parameters[k];
			hash = s_hash_text (hash, parameter->name);
			hash = s_hash_text (hash, parameter->types);
			hash = s_hash_text (hash, parameter->default_json);
			hash = s_hash_number (hash, parameter->is_required);
		}
	}
	return hash;
}
