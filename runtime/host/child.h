/* child.h - actors as child processes: the process launcher's hands
 *
 * A child is this very program with other arguments, bound to the life of the thread that starts
 * it (bound.h). A terminal's Ctrl-C reaches the parent only, which stops its children.
 *
 * Runs on   the main thread (the kernel kills the child when the thread that started it ends)
 * Errors    "ActorUnavailable"
 */
#ifndef WEIR_HOST_CHILD_H
#define WEIR_HOST_CHILD_H

#include "runtime/base/err.h"

#include <stdbool.h>
#include <sys/types.h>

typedef struct weir_child weir_child_t;

/* exe: absolute path of weir; args: its arguments, NULL-ended, copied. Standard error is shared. */
int weir_child_start (const char *exe, const char *const *args, weir_child_t **child_out,
                      weir_err_t *err);
pid_t weir_child_pid (const weir_child_t *self);
bool weir_child_is_running (weir_child_t *self);
/* Starts it once more, after it has ended. */
int weir_child_restart (weir_child_t *self, weir_err_t *err);
int weir_child_n_restarts (const weir_child_t *self);
void weir_child_ask_stop (weir_child_t *self); /* SIGTERM */
/* Waits for its end, SIGKILL after grace_ms; frees. */
void weir_child_destroy (weir_child_t **self_p, int grace_ms);

#endif
