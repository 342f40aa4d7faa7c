/* thread.c - an actor on a thread of its own, with all signals blocked */
#include "runtime/host/host_internal.h"

#include <signal.h>
#include <stdio.h>
#include <sys/eventfd.h>

struct weir_host_thread {
	pthread_t thread;
	const weir_actor_class_t *klass;
	void *actor_self;
	char *control, *endpoint, *cluster;
	weir_host_config_t config;
	pthread_mutex_t mutex;
	weir_host_t *host; /* while it runs */
	bool is_asked_to_stop;
	atomic_bool is_done;
	int status;
	weir_err_t err;
};

static void
s_set_host (weir_host_thread_t *self, weir_host_t *host)
{
	pthread_mutex_lock (&self->mutex);
	self->host = host;
	if (host != NULL && self->is_asked_to_stop)
		atomic_store (&host->is_stopping, true);
	pthread_mutex_unlock (&self->mutex);
}

/* The start and the end of the actor, as seen by whoever may ask it to stop from another thread. */
static int
s_run_host (weir_host_thread_t *self)
{
	weir_host_t *host = weir_alloc (sizeof *host);
	weir_host_prepare (host, self->klass, self->actor_self, &self->config);
	s_set_host (self, host);
	int status = weir_host_run_prepared (host, &self->err);
	s_set_host (self, NULL);
	weir_host_dispose (host);
	return status;
}

static void *
s_run_thread (void *arg)
{
	weir_host_thread_t *self = arg;
	self->status = s_run_host (self);
	atomic_store (&self->is_done, true);
	return NULL;
}

int
weir_host_thread_start (const weir_actor_class_t *klass, void *actor_self,
                        const weir_host_config_t *config, weir_host_thread_t **thread_out,
                        weir_err_t *err)
{
	weir_host_thread_t *self = weir_alloc (sizeof *self);
	self->klass = klass;
	self->actor_self = actor_self;
	self->config = *config;
	self->config.control = self->control = weir_strdup (config->control);
	self->config.endpoint = self->endpoint = weir_strdup (config->endpoint);
	self->config.cluster = self->cluster = weir_strdup (config->cluster);
	pthread_mutex_init (&self->mutex, NULL);
	atomic_init (&self->is_done, false);
	sigset_t all, old;
	sigfillset (&all);
	pthread_sigmask (SIG_SETMASK, &all, &old);
	int error = pthread_create (&self->thread, NULL, s_run_thread, self);
	pthread_sigmask (SIG_SETMASK, &old, NULL);
	if (error == 0) {
		char name[16];
		snprintf (name, sizeof name, "%s", klass->name);
		pthread_setname_np (self->thread, name);
		*thread_out = self;
		return 0;
	}
	free (self->control);
	free (self->endpoint);
	free (self->cluster);
	pthread_mutex_destroy (&self->mutex);
	free (self);
	return weir_err_set (err, WEIR_E_MEMORY, WEIR_CLASS_OVERLOADED, "ThreadUnavailable",
	                     klass->name, "cannot start a thread: error %d", error);
}

void
weir_host_thread_stop (weir_host_thread_t *self)
{
	pthread_mutex_lock (&self->mutex);
	self->is_asked_to_stop = true;
	if (self->host != NULL)
		weir_host_stop (self->host);
	pthread_mutex_unlock (&self->mutex);
}

bool
weir_host_thread_is_done (const weir_host_thread_t *self)
{
	return atomic_load (&self->is_done);
}

int
weir_host_thread_join (weir_host_thread_t **self_p, weir_err_t *err)
{
	weir_host_thread_t *self = *self_p;
	*self_p = NULL;
	if (self == NULL)
		return 0;
	pthread_join (self->thread, NULL);
	int status = self->status;
	if (status != 0)
		*err = self->err;
	free (self->control);
	free (self->endpoint);
	free (self->cluster);
	pthread_mutex_destroy (&self->mutex);
	free (self);
	return status;
}
