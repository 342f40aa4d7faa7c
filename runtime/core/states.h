/* states.h - the states of chunks, jobs and parts, each from one list
 *
 * Enum, names, transition table (chunk_table.c) and the diagrams in docs/architecture.md come from
 * these lists. The numbers are stored in Redis and never change.
 *
 * Source   DESIGN 4
 */
#ifndef WEIR_CORE_STATES_H
#define WEIR_CORE_STATES_H

#define WEIR_CHUNK_STATES(X)                                                                       \
	X (PENDING, 0)                                                                                 \
	X (LEASED, 1)                                                                                  \
	X (WRITTEN, 2)                                                                                 \
	X (DONE, 3)                                                                                    \
	X (QUARANTINED, 4)                                                                             \
	X (CANCELLED, 5)

#define WEIR_JOB_STATES(X)                                                                         \
	X (PLANNING, 1)                                                                                \
	X (RUNNING, 2)                                                                                 \
	X (FINISHING, 3)                                                                               \
	X (DONE, 4)                                                                                    \
	X (FAILED, 5)                                                                                  \
	X (CANCELLED, 6)

#define WEIR_PART_STATES(X)                                                                        \
	X (OPEN, 0)                                                                                    \
	X (DURABLE, 1)                                                                                 \
	X (TAKEN_OVER, 2)                                                                              \
	X (LOST, 3)

#define WEIR_STATE_ENUM_CHUNK(name, number) WEIR_CHUNK_##name = (number),
#define WEIR_STATE_ENUM_JOB(name, number) WEIR_JOB_##name = (number),
#define WEIR_STATE_ENUM_PART(name, number) WEIR_PART_##name = (number),

typedef enum { WEIR_CHUNK_STATES (WEIR_STATE_ENUM_CHUNK) WEIR_N_CHUNK_STATES } weir_chunk_state_t;
typedef enum { WEIR_JOB_STATES (WEIR_STATE_ENUM_JOB) WEIR_N_JOB_STATES } weir_job_state_t;
typedef enum { WEIR_PART_STATES (WEIR_STATE_ENUM_PART) WEIR_N_PART_STATES } weir_part_state_t;

const char *weir_chunk_state_name (weir_chunk_state_t state);
const char *weir_job_state_name (weir_job_state_t state);
const char *weir_part_state_name (weir_part_state_t state);

#define WEIR_ATTEMPTS_MAX 4

#endif
