/* guard.c - the child's side of a private server: bound to its parent's life, then redis-server
 *
 * weir __guard PARENT_PID redis-server OPTION…
 *
 * The binding must be in force before redis-server runs, and redis-server cannot do it itself: so
 * the program executes itself once more, asks the kernel to be killed when its parent ends, makes
 * sure that the parent is still the one that asked, and becomes redis-server; the request survives
 * exec.
 */
#include "connectors/redis/redis.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define S_EXIT_CANNOT_START 127

int
weir_redis_guard_main (int argc, char **argv)
{
	/* argv: weir __guard PID program … */
	char *end = NULL;
	long parent = argc > 3 ? strtol (argv[2], &end, 10) : 0;
	if (parent <= 0 || *end != '\0') {
		fprintf (stderr, "usage: weir __guard PARENT_PID PROGRAM [OPTION…]\n");
		return 2;
	}
	if (prctl (PR_SET_PDEATHSIG, SIGKILL) != 0) {
		fprintf (stderr, "cannot bind to the parent process: %s\n", strerror (errno));
		return S_EXIT_CANNOT_START;
	}
	if (getppid () != (pid_t) parent)
		return S_EXIT_CANNOT_START; /* it ended before the binding: nobody is left to tell */
	/* A terminal's Ctrl-C goes to the foreground group: weir decides what is still to be stored. */
	setpgid (0, 0);
	signal (SIGINT, SIG_IGN);
	execvp (argv[3], argv + 3);
	fprintf (stderr, "%s: cannot start: %s\n", argv[3], strerror (errno));
	return S_EXIT_CANNOT_START;
}
