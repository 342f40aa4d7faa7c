/* worker.c - worker threads: tasks in by a queue, finished ones back through the loop's wake
 * descriptor */
#include "runtime/host/host_internal.h"

#include <signal.h>
#include <stdio.h>
#include <sys/eventfd.h>

struct weir_workers {
	weir_host_t *host;
	pthread_mutex_t mutex;
	pthread_cond_t cond;
	WEIR_VEC (void *) queue;
	size_t queue_first;
	WEIR_VEC (void *) done;
	uint32_t n_busy; /* submitted and not collected; the loop's */
	bool is_stopping;
	size_t n_threads;
	pthread_t *threads;
};

static void *
s_take_task (weir_workers_t *self)
{
	pthread_mutex_lock (&self->mutex);
	while (!self->is_stopping && self->queue_first == self->queue.n)
		pthread_cond_wait (&self->cond, &self->mutex);
	void *task = NULL;
	if (!self->is_stopping) {
		task = self->queue.at[self->queue_first++];
		if (self->queue_first == self->queue.n)
			self->queue_first = self->queue.n = 0;
	}
	pthread_mutex_unlock (&self->mutex);
	return task;
}

static void
s_give_done (weir_workers_t *self, void *task)
{
	pthread_mutex_lock (&self->mutex);
	bool is_first = self->done.n == 0;
	weir_vec_push (&self->done, task);
	pthread_mutex_unlock (&self->mutex);
	if (is_first)
		(void) eventfd_write (self->host->wake_fd, 1);
}

static void *
s_run_worker (void *arg)
{
	weir_workers_t *self = arg;
	const weir_actor_class_t *klass = self->host->klass;
	void *actor = self->host->actor_self;
	void *state = klass->worker_new != NULL ? klass->worker_new (actor) : NULL;
	for (void *task = s_take_task (self); task != NULL; task = s_take_task (self)) {
		klass->worker_run (actor, state, task);
		s_give_done (self, task);
	}
	if (klass->worker_destroy != NULL)
		klass->worker_destroy (actor, state);
	return NULL;
}

weir_workers_t *
weir_workers_new (weir_host_t *host, uint32_t n)
{
	weir_workers_t *self = weir_alloc (sizeof *self);
	self->host = host;
	pthread_mutex_init (&self->mutex, NULL);
	pthread_cond_init (&self->cond, NULL);
	self->threads = weir_alloc (n * sizeof *self->threads);
	sigset_t all, old;
	sigfillset (&all);
	pthread_sigmask (SIG_SETMASK, &all, &old);
	for (uint32_t i = 0; i < n; i++) {
		if (pthread_create (&self->threads[i], NULL, s_run_worker, self) != 0)
			break;
		char name[32];
		snprintf (name, sizeof name, "%.9s/%u", host->klass->name, i);
		name[15] = '\0'; /* the kernel's limit */
		pthread_setname_np (self->threads[i], name);
		self->n_threads++;
	}
	pthread_sigmask (SIG_SETMASK, &old, NULL);
	weir_assert (self->n_threads > 0);
	return self;
}

void
weir_workers_submit (weir_workers_t *self, void *task)
{
	pthread_mutex_lock (&self->mutex);
	weir_vec_push (&self->queue, task);
	pthread_cond_signal (&self->cond);
	pthread_mutex_unlock (&self->mutex);
	self->n_busy++;
}

size_t
weir_workers_collect (weir_workers_t *self)
{
	pthread_mutex_lock (&self->mutex);
	size_t n = self->done.n;
	void **tasks = self->done.at;
	self->done.at = NULL;
	self->done.n = self->done.cap = 0;
	pthread_mutex_unlock (&self->mutex);
	for (size_t i = 0; i < n; i++) {
		self->n_busy--;
		self->host->klass->on_task (self->host->actor_self, tasks[i]);
	}
	free (tasks);
	return n;
}

uint32_t
weir_workers_n_busy (const weir_workers_t *self)
{
	return self->n_busy;
}

void
weir_workers_stop (weir_workers_t *self)
{
	pthread_mutex_lock (&self->mutex);
	self->is_stopping = true;
	pthread_cond_broadcast (&self->cond);
	pthread_mutex_unlock (&self->mutex);
	for (size_t i = 0; i < self->n_threads; i++)
		pthread_join (self->threads[i], NULL);
	self->n_threads = 0;
	weir_workers_collect (self);
	const weir_actor_class_t *klass = self->host->klass;
	while (self->queue_first < self->queue.n) {
		void *task = self->queue.at[self->queue_first++];
		if (klass->on_task_dropped != NULL)
			klass->on_task_dropped (self->host->actor_self, task);
	}
}

void
weir_workers_destroy (weir_workers_t **self_p)
{
	weir_workers_t *self = *self_p;
	if (self == NULL)
		return;
	weir_vec_clear (&self->queue);
	weir_vec_clear (&self->done);
	pthread_mutex_destroy (&self->mutex);
	pthread_cond_destroy (&self->cond);
	free (self->threads);
	free (self);
	*self_p = NULL;
}
