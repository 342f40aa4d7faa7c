/* bound.c - see bound.h */
#include "runtime/host/bound.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXIT_CANNOT_START 127

static int
s_open_as (const char *path, int flags, int as_fd)
{
	int fd = open (path, flags, 0600);
	if (fd < 0 || (fd != as_fd && dup2 (fd, as_fd) < 0))
		return errno;
	return 0;
}

/* In the child, which may still share our memory: system calls and execvp only. Returns why not. */
static int
s_become (const char *program, const char *const *args, const char *output, pid_t parent)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGPIPE, SIGHUP, SIGQUIT, SIGCHLD };
	if (prctl (PR_SET_PDEATHSIG, SIGKILL) != 0)
		return errno;
	if (getppid () != parent)
		return ESRCH; /* it ended before the binding: nobody is left to tell */
	setpgid (0, 0);
	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
		signal (signals[i], SIG_DFL);
	sigset_t none;
	sigemptyset (&none);
	sigprocmask (SIG_SETMASK, &none, NULL);
	int error = s_open_as ("/dev/null", O_RDONLY, 0);
	if (error == 0 && output != NULL)
		error = s_open_as (output, O_WRONLY | O_CREAT | O_TRUNC, 1);
	else if (error == 0)
		error = s_open_as ("/dev/null", O_WRONLY, 1);
	if (error == 0 && output != NULL && dup2 (1, 2) < 0)
		error = errno;
	if (error != 0)
		return error;
	close_range (3, ~0U, CLOSE_RANGE_CLOEXEC);
	execvp (program, (char *const *) (void *) args);
	return errno;
}

/* What the child could not do; 0 once its program runs, which closes the pipe. */
static int
s_read_error (int fd)
{
	int error = 0;
	ssize_t n;
	do {
		n = read (fd, &error, sizeof error);
	} while (n < 0 && errno == EINTR);
	return n == (ssize_t) sizeof error ? error : 0;
}

int
weir_bound_spawn (const char *program, const char *const *args, const char *output, pid_t *pid_out)
{
	int ends[2];
	if (pipe2 (ends, O_CLOEXEC) != 0)
		return errno;
	pid_t parent = getpid ();
	pid_t pid = vfork (); /* NOLINT: what posix_spawn does, plus the binding */
	if (pid == 0) {
		/* NOLINTNEXTLINE(clang-analyzer-unix.Vfork): system calls and execvp only */
		int error = s_become (program, args, output, parent);
		(void) !write (ends[1], &error, sizeof error);
		_exit (EXIT_CANNOT_START);
	}
	int error = pid < 0 ? errno : 0;
	close (ends[1]);
	if (error == 0)
		error = s_read_error (ends[0]);
	close (ends[0]);
	if (error == 0)
		*pid_out = pid;
	else if (pid > 0)
		while (waitpid (pid, NULL, 0) < 0 && errno == EINTR)
			continue;
	return error;
}
