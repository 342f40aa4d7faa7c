/* loop.c - the one actor loop: what is readable is drained in bursts, then timers, then the end
 * of the burst */
#include "runtime/host/host_internal.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define TICK_MS 100
#define WAITING_MS 2 /* how soon queues are tried again that a socket did not take */
#define OFFENDERS_MAX 1024

static int64_t
s_clock_ms (void)
{
	struct timespec now;
	clock_gettime (CLOCK_MONOTONIC, &now);
	return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void
weir_host_init (void)
{
	int status = sodium_init ();
	weir_assert (status >= 0);
	zsys_init ();
	zsys_handler_set (NULL); /* signals are the program's */
	zsys_set_max_sockets (0);
	zsys_set_linger (100);
}

void
weir_host_shutdown (void)
{
	zsys_shutdown ();
}

void
weir_host_random (void *bytes, size_t n)
{
	randombytes_buf (bytes, n);
}

int64_t
weir_host_now_ms (const weir_host_t *self)
{
	return self->now_ms;
}

uint64_t
weir_host_actor (const weir_host_t *self)
{
	return self->actor;
}

uint64_t
weir_host_generation (const weir_host_t *self)
{
	return self->generation;
}

bool
weir_host_is_registered (const weir_host_t *self)
{
	return self->is_registered;
}

void
weir_host_stop (weir_host_t *self)
{
	atomic_store (&self->is_stopping, true);
	(void) eventfd_write (self->wake_fd, 1);
}

void
weir_host_fail (weir_host_t *self, const weir_err_t *err)
{
	if (!self->is_failed)
		self->error = *err;
	self->is_failed = true;
	weir_host_stop (self);
}

bool
weir_host_is_new_offender (weir_host_t *self, uint64_t who)
{
	for (size_t i = 0; i < self->bad_peers.n; i++)
		if (self->bad_peers.at[i] == who)
			return false;
	if (self->bad_peers.n < OFFENDERS_MAX)
		weir_vec_push (&self->bad_peers, who);
	return true;
}

void
weir_host_submit (weir_host_t *self, void *task)
{
	weir_assert (self->workers != NULL);
	weir_workers_submit (self->workers, task);
}

uint32_t
weir_host_n_busy (const weir_host_t *self)
{
	return self->workers != NULL ? weir_workers_n_busy (self->workers) : 0;
}

int
weir_host_watch_fd (weir_host_t *self, int fd, bool (*wants_write) (void *arg), weir_host_fd_fn *fn,
                    void *arg)
{
	weir_vec_push (&self->watches, ((weir_watch_t){ fd, wants_write, fn, arg }));
	return 0;
}

void
weir_host_unwatch_fd (weir_host_t *self, int fd)
{
	for (size_t i = 0; i < self->watches.n; i++) {
		if (self->watches.at[i].fd != fd)
			continue;
		weir_vec_remove (&self->watches, i);
		return;
	}
}

void
weir_host_timer (weir_host_t *self, uint32_t after_ms, weir_host_timer_fn *fn, void *arg)
{
	weir_vec_push (&self->timers, ((weir_timer_t){ self->now_ms + after_ms, fn, arg }));
}

/* ---- one turn */

enum { ITEM_WAKE = 0, ITEM_CONTROL, ITEM_DATA, ITEM_LINKS };

static zmq_pollitem_t
s_socket_item (zsock_t *socket)
{
	return (zmq_pollitem_t){ .socket = socket != NULL ? zsock_resolve (socket) : NULL,
		                     .fd = -1,
		                     .events = socket != NULL ? ZMQ_POLLIN : 0 };
}

/* Fills self->items: wake, control, data, a DEALER for each link that has one, watched
 * descriptors. */
static void
s_fill_items (weir_host_t *self)
{
	self->items.n = 0;
	weir_vec_push (&self->items, ((zmq_pollitem_t){ .fd = self->wake_fd, .events = ZMQ_POLLIN }));
	weir_vec_push (&self->items, s_socket_item (self->control));
	weir_vec_push (&self->items,
	               self->data != NULL ? s_socket_item (self->data) : self->items.at[ITEM_CONTROL]);
	for (size_t i = 0; i < self->links.n; i++)
		if (self->links.at[i].dealer != NULL)
			weir_vec_push (&self->items, s_socket_item (self->links.at[i].dealer));
	for (size_t i = 0; i < self->watches.n; i++) {
		const weir_watch_t *watch = &self->watches.at[i];
		bool wants_write = watch->wants_write != NULL && watch->wants_write (watch->arg);
		weir_vec_push (
			&self->items,
			((zmq_pollitem_t){ .fd = watch->fd,
		                       .events = (short) (ZMQ_POLLIN | (wants_write ? ZMQ_POLLOUT : 0)) }));
	}
}

static long
s_wait_ms (const weir_host_t *self)
{
	int64_t due = self->next_tick_ms;
	for (size_t i = 0; i < self->timers.n; i++)
		if (self->timers.at[i].due_ms < due)
			due = self->timers.at[i].due_ms;
	int64_t wait = due - self->now_ms;
	if (weir_data_is_waiting (self) && wait > WAITING_MS)
		wait = WAITING_MS;
	return wait > 0 ? (long) wait : 0;
}

static void
s_drain_links (weir_host_t *self)
{
	/* Handlers may add links; those have nothing to read yet. */
	for (size_t i = 0; i < self->links.n; i++)
		if (self->links.at[i].dealer != NULL)
			weir_data_drain (self, self->links.at[i].dealer, self->links.at[i].actor);
}

static void
s_serve_watches (weir_host_t *self, size_t first)
{
	for (size_t i = first; i < self->items.n; i++) {
		zmq_pollitem_t item = self->items.at[i];
		if (item.revents == 0)
			continue;
		for (size_t w = 0; w < self->watches.n; w++) {
			if (self->watches.at[w].fd != item.fd)
				continue;
			weir_watch_t watch = self->watches.at[w];
			watch.fn (watch.arg, (item.revents & (ZMQ_POLLIN | ZMQ_POLLERR)) != 0,
			          (item.revents & ZMQ_POLLOUT) != 0);
			break;
		}
	}
}

/* The one that is due first, also where the loop comes late to several. False: none is due. */
static bool
s_fire_first (weir_host_t *self)
{
	size_t first = 0;
	for (size_t i = 1; i < self->timers.n; i++)
		if (self->timers.at[i].due_ms < self->timers.at[first].due_ms)
			first = i;
	if (self->timers.n == 0 || self->timers.at[first].due_ms > self->now_ms)
		return false;
	weir_timer_t timer = self->timers.at[first];
	weir_vec_remove (&self->timers, first);
	timer.fn (timer.arg);
	return true;
}

static void
s_serve_timers (weir_host_t *self)
{
	/* A timer that sets itself again for at once has its turn in the next round. */
	for (size_t n = self->timers.n; n > 0 && s_fire_first (self); n--)
		;
	if (self->now_ms < self->next_tick_ms)
		return;
	self->next_tick_ms = self->now_ms + self->tick_ms;
	weir_control_tick (self);
	if (self->klass->on_tick != NULL)
		self->klass->on_tick (self->actor_self, self->now_ms);
}

static void
s_turn (weir_host_t *self)
{
	s_fill_items (self);
	size_t first_watch = self->items.n - self->watches.n;
	int n = zmq_poll (self->items.at, (int) self->items.n, s_wait_ms (self));
	self->now_ms = s_clock_ms ();
	if (n < 0 && zmq_errno () == ETERM) {
		weir_host_stop (self);
		return;
	}
	if (n > 0 && (self->items.at[ITEM_WAKE].revents & ZMQ_POLLIN) != 0) {
		eventfd_t value;
		(void) eventfd_read (self->wake_fd, &value);
	}
	weir_control_drain (self);
	if (self->data != NULL)
		weir_data_drain (self, self->data, 0);
	s_drain_links (self);
	if (self->workers != NULL)
		weir_workers_collect (self->workers);
	if (n > 0)
		s_serve_watches (self, first_watch);
	s_serve_timers (self);
	if (self->klass->on_burst_end != NULL)
		self->klass->on_burst_end (self->actor_self);
	weir_data_pump (self);
}

/* ---- the whole run */

static int
s_open (weir_host_t *self, weir_err_t *err)
{
	self->now_ms = self->leader_seen_ms = s_clock_ms ();
	self->hello_ms = self->now_ms - WEIR_HELLO_EVERY_MS;
	weir_host_random (self->instance, sizeof self->instance);
	self->endpoint = weir_strdup (self->config.endpoint != NULL ? self->config.endpoint : "");
	int status = weir_control_open (self, err);
	if (status == 0 && self->config.endpoint != NULL)
		status = weir_data_open (self, err);
	if (status == 0 && self->klass->start != NULL)
		status = self->klass->start (self->actor_self, self, err);
	if (status == 0 && self->config.n_workers > 0)
		self->workers = weir_workers_new (self, self->config.n_workers);
	return status;
}

static void
s_close (weir_host_t *self, bool has_started)
{
	if (self->workers != NULL)
		weir_workers_stop (self->workers);
	if (has_started && self->klass->stop != NULL)
		self->klass->stop (self->actor_self);
	weir_workers_destroy (&self->workers);
	weir_data_close (self);
	weir_control_close (self);
	weir_vec_clear (&self->watches);
	weir_vec_clear (&self->timers);
	weir_vec_clear (&self->items);
	weir_vec_clear (&self->bad_peers);
	free (self->endpoint);
}

int
weir_host_run_prepared (weir_host_t *self, weir_err_t *err)
{
	int status = s_open (self, err);
	bool has_started = status == 0;
	if (has_started && !weir_host_is_coordinator (self))
		weir_control_tick (self);
	while (has_started && !atomic_load (&self->is_stopping))
		s_turn (self);
	s_close (self, has_started);
	if (self->is_failed) {
		status = self->error.status != 0 ? self->error.status : WEIR_E_IO;
		if (err != NULL)
			*err = self->error;
	}
	return status;
}

void
weir_host_prepare (weir_host_t *self, const weir_actor_class_t *klass, void *actor_self,
                   const weir_host_config_t *config)
{
	self->klass = klass;
	self->actor_self = actor_self;
	self->config = *config;
	self->tick_ms = config->tick_ms > 0 ? config->tick_ms : TICK_MS;
	self->wake_fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK);
	weir_assert (self->wake_fd >= 0);
	atomic_init (&self->is_stopping, false);
}

void
weir_host_dispose (weir_host_t *self)
{
	close (self->wake_fd);
	free (self);
}

int
weir_host_run (const weir_actor_class_t *klass, void *actor_self, const weir_host_config_t *config,
               weir_err_t *err)
{
	weir_host_t *self = weir_alloc (sizeof *self);
	weir_host_prepare (self, klass, actor_self, config);
	int status = weir_host_run_prepared (self, err);
	weir_host_dispose (self);
	return status;
}
