/* child.c - see child.h */
#include "runtime/host/child.h"

#include "runtime/base/vec.h"
#include "runtime/host/bound.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WAIT_STEP_MS 2

struct weir_child {
	WEIR_VEC (char *) args; /* of posix_spawn, NULL-ended */
	pid_t pid;              /* 0: ended and waited for */
	int n_restarts;
};

static int
s_spawn (weir_child_t *self, weir_err_t *err)
{
	int error = weir_bound_spawn (self->args.at[0], (const char *const *) self->args.at, NULL,
	                              &self->pid);
	if (error == 0)
		return 0;
	self->pid = 0;
	return weir_err_set (err, WEIR_E_IO, WEIR_CLASS_RETRY, "ActorUnavailable", self->args.at[0],
	                     "cannot start a process: %s", strerror (error));
}

static void
s_free (weir_child_t *self)
{
	for (size_t i = 0; i < self->args.n; i++)
		free (self->args.at[i]);
	weir_vec_clear (&self->args);
	free (self);
}

int
weir_child_start (const char *exe, const char *const *args, weir_child_t **child_out,
                  weir_err_t *err)
{
	weir_child_t *self = weir_alloc (sizeof *self);
	weir_vec_push (&self->args, weir_strdup (exe));
	for (; *args != NULL; args++)
		weir_vec_push (&self->args, weir_strdup (*args));
	weir_vec_push (&self->args, NULL);
	int status = s_spawn (self, err);
	if (status != 0)
		s_free (self);
	else
		*child_out = self;
	return status;
}

pid_t
weir_child_pid (const weir_child_t *self)
{
	return self->pid;
}

bool
weir_child_is_running (weir_child_t *self)
{
	if (self->pid != 0 && waitpid (self->pid, NULL, WNOHANG) != 0)
		self->pid = 0;
	return self->pid != 0;
}

int
weir_child_restart (weir_child_t *self, weir_err_t *err)
{
	if (weir_child_is_running (self))
		return 0;
	self->n_restarts++;
	return s_spawn (self, err);
}

int
weir_child_n_restarts (const weir_child_t *self)
{
	return self->n_restarts;
}

void
weir_child_ask_stop (weir_child_t *self)
{
	if (weir_child_is_running (self))
		kill (self->pid, SIGTERM);
}

void
weir_child_destroy (weir_child_t **self_p, int grace_ms)
{
	weir_child_t *self = *self_p;
	if (self == NULL)
		return;
	weir_child_ask_stop (self);
	for (int waited = 0; weir_child_is_running (self) && waited < grace_ms;
	     waited += WAIT_STEP_MS) {
		struct timespec pause = { .tv_nsec = WAIT_STEP_MS * 1000000L };
		nanosleep (&pause, NULL);
	}
	if (weir_child_is_running (self)) {
		kill (self->pid, SIGKILL);
		waitpid (self->pid, NULL, 0);
	}
	s_free (self);
	*self_p = NULL;
}
