/* bound.h - child processes that are bound to the life of the thread that starts them
 *
 * A private redis-server or an actor process must not outlive the program, whatever ends it. The
 * request to be killed with the parent must be in force before the child's program runs, which
 * posix_spawn cannot do; so the child is made by vfork, as posix_spawn makes it, and only calls
 * what is allowed there.
 *
 * Runs on   the main thread: the kernel kills the child when the *thread* that made it ends
 * Source    prctl(2) PR_SET_PDEATHSIG, vfork(2)
 */
#ifndef WEIR_HOST_BOUND_H
#define WEIR_HOST_BOUND_H

#include <sys/types.h>

/* program is sought in PATH unless it has a slash; args: its own, NULL-ended, args[0] its name. The
 * child has a process group of its own (a terminal's Ctrl-C is the parent's business), no signal
 * blocked or handled, /dev/null as standard input, no other descriptor of ours. output: a file made
 * new for its standard output and error; NULL: /dev/null, and our standard error.
 * 0, or an errno value: also when the program could not be executed. */
int weir_bound_spawn (const char *program, const char *const *args, const char *output,
                      pid_t *pid_out);

#endif
