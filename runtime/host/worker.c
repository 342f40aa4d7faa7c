/* worker.c - worker threads: tasks in by a queue, finished ones back through the loop's wake
 * descriptor
 *
 * A task goes to the idle worker with the lowest number: where there are more workers than tasks,
 * the same few do all the work, with what they keep open and warm.
 */
#include "runtime/host/host_internal.h"

#include <signal.h>
#include <stdio.h>
#include <sys/eventfd.h>

typedef struct {
	weir_workers_t *pool;
	pthread_t thread;
	pthread_cond_t cond;
	bool is_idle; /* waits for cond */
} weir_worker_t;

struct weir_workers {
	weir_host_t *host;
	pthread_mutex_t mutex;
	WEIR_VEC (void *) queue;
	size_t queue_first;
	WEIR_VEC (void *) done;
	uint32_t n_busy; /* submitted and not collected; the loop's */
	bool is_stopping;
	uint32_t n_made, n_threads;
	weir_worker_t *workers;
};

static void *
s_take_task (weir_worker_t *worker)
{
	weir_workers_t *self = worker->pool;
	pthread_mutex_lock (&self->mutex);
	while (!self->is_stopping && self->queue_first == self->queue.n) {
		worker->is_idle = true;
		pthread_cond_wait (&worker->cond, &self->mutex);
	}
	worker->is_idle = false;
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
	weir_worker_t *worker = arg;
	weir_workers_t *self = worker->pool;
	const weir_actor_class_t *klass = self->host->klass;
	void *actor = self->host->actor_self;
	void *state = klass->worker_new != NULL ? klass->worker_new (actor) : NULL;
	for (void *task = s_take_task (worker); task != NULL; task = s_take_task (worker)) {
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
	self->workers = weir_alloc (n * sizeof *self->workers);
	self->n_made = n;
	for (uint32_t i = 0; i < n; i++) {
		self->workers[i].pool = self;
		pthread_cond_init (&self->workers[i].cond, NULL);
	}
	sigset_t all, old;
	sigfillset (&all);
	pthread_sigmask (SIG_SETMASK, &all, &old);
	for (uint32_t i = 0; i < n; i++) {
		if (pthread_create (&self->workers[i].thread, NULL, s_run_worker, &self->workers[i]) != 0)
			break;
		char name[32];
		snprintf (name, sizeof name, "%.9s/%u", host->klass->name, i);
		name[15] = '\0'; /* the kernel's limit */
		pthread_setname_np (self->workers[i].thread, name);
		self->n_threads++;
	}
	pthread_sigmask (SIG_SETMASK, &old, NULL);
	weir_assert (self->n_threads > 0);
	return self;
}

/* Under the mutex. Where all are busy, the next that is done looks at the queue by itself. */
static void
s_wake_first (weir_workers_t *self)
{
	for (uint32_t i = 0; i < self->n_threads; i++) {
		if (!self->workers[i].is_idle)
			continue;
		self->workers[i].is_idle = false;
		pthread_cond_signal (&self->workers[i].cond);
		return;
	}
}

void
weir_workers_submit (weir_workers_t *self, void *task)
{
	pthread_mutex_lock (&self->mutex);
	weir_vec_push (&self->queue, task);
	s_wake_first (self);
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
	for (uint32_t i = 0; i < self->n_threads; i++)
		pthread_cond_signal (&self->workers[i].cond);
	pthread_mutex_unlock (&self->mutex);
	for (uint32_t i = 0; i < self->n_threads; i++)
		pthread_join (self->workers[i].thread, NULL);
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
	for (uint32_t i = 0; i < self->n_made; i++)
		pthread_cond_destroy (&self->workers[i].cond);
	free (self->workers);
	free (self);
	*self_p = NULL;
}
