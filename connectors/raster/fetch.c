/* fetch.c - see fetch.h
 *
 * A fetch is QUEUED, RUNNING in curl, WAITING for its next attempt, or DONE. Workers only touch the
 * list of new ones and two flags, under the mutex; everything else is the engine's thread's.
 */
#include "connectors/raster/fetch_impl.h"
#include "runtime/base/mem.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#define RUNNING_MAX 64
#define POLL_MS 100 /* how long a wish to cancel may go unseen */

struct weir_fetch_group {
	pthread_cond_t cond;
	uint64_t n_ended;
	bool (*is_cancelled) (void *arg);
	void *arg;
};

static struct {
	pthread_mutex_t mutex;
	pthread_t thread;
	bool is_started, is_stopping;
	CURLM *multi;
	weir_fetch_t *new_first, *new_last;
	/* the thread's own */
	weir_fetch_t *all, *all_last; /* not yet done, in the order they came */
	unsigned n_running;
	CURL *spare[RUNNING_MAX];
	unsigned n_spare;
} s_engine = { .mutex = PTHREAD_MUTEX_INITIALIZER };

static int64_t
s_now_ms (void)
{
	struct timespec now;
	clock_gettime (CLOCK_MONOTONIC, &now);
	return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void
weir_raster_http_configure (const weir_raster_http_t *config)
{
	if (config->connect_s > 0)
		weir_fetch_config.connect_s = config->connect_s;
	if (config->silence_s > 0)
		weir_fetch_config.silence_s = config->silence_s;
	weir_fetch_config.private_hosts = config->private_hosts;
}

static void
s_free (weir_fetch_t *self)
{
	free (self->first_url);
	free (self->url);
	free (self->bytes);
	free (self->err);
	free (self);
}

/* ---- the thread */

static void
s_leave_curl (weir_fetch_t *self)
{
	if (self->state == S_RUNNING) {
		curl_multi_remove_handle (s_engine.multi, self->curl);
		s_engine.n_running--;
	}
	if (self->curl != NULL && s_engine.n_spare < RUNNING_MAX)
		s_engine.spare[s_engine.n_spare++] = self->curl;
	else if (self->curl != NULL)
		curl_easy_cleanup (self->curl);
	self->curl = NULL;
}

/* It stays in the list until the next sweep; from here on it is the worker's. */
static void
s_finish (weir_fetch_t *self)
{
	s_leave_curl (self);
	self->state = S_DONE;
}

static void
s_run (weir_fetch_t *self)
{
	if (self->curl == NULL)
		self->curl = s_engine.n_spare > 0 ? s_engine.spare[--s_engine.n_spare] : curl_easy_init ();
	weir_assert (self->curl != NULL);
	if (!weir_transfer_prepare (self)) {
		s_finish (self);
		return;
	}
	weir_assert (curl_multi_add_handle (s_engine.multi, self->curl) == CURLM_OK);
	self->state = S_RUNNING;
	s_engine.n_running++;
}

static void
s_take_new (void)
{
	if (s_engine.new_first == NULL)
		return;
	if (s_engine.all_last != NULL)
		s_engine.all_last->next = s_engine.new_first;
	else
		s_engine.all = s_engine.new_first;
	s_engine.all_last = s_engine.new_last;
	s_engine.new_first = s_engine.new_last = NULL;
}

/* Under the mutex: new ones in, done ones to their workers, abandoned ones away. */
static void
s_sweep (void)
{
	s_take_new ();
	weir_fetch_t **at = &s_engine.all, *last = NULL;
	while (*at != NULL) {
		weir_fetch_t *self = *at;
		if (!self->is_abandoned && self->state != S_DONE) {
			last = self;
			at = &self->next;
			continue;
		}
		*at = self->next;
		self->next = NULL;
		if (self->is_abandoned) {
			s_leave_curl (self);
			s_free (self);
			continue;
		}
		self->is_done = true;
		self->group->n_ended++;
		pthread_cond_signal (&self->group->cond);
	}
	s_engine.all_last = last;
}

/* Starts what may start; returns how long curl may sleep. */
static int
s_start_due (void)
{
	int64_t now_ms = s_now_ms (), sleep_ms = 1000;
	for (weir_fetch_t *self = s_engine.all; self != NULL; self = self->next) {
		if (self->state == S_WAITING && self->due_ms > now_ms) {
			if (self->due_ms - now_ms < sleep_ms)
				sleep_ms = self->due_ms - now_ms;
			continue;
		}
		bool is_ready = self->state == S_QUEUED || self->state == S_WAITING;
		if (is_ready && s_engine.n_running < RUNNING_MAX)
			s_run (self);
		if (self->state == S_DONE)
			sleep_ms = 0; /* refused at once: to be handed over */
	}
	return (int) sleep_ms;
}

static void
s_collect (void)
{
	int n_left;
	for (CURLMsg *msg; (msg = curl_multi_info_read (s_engine.multi, &n_left)) != NULL;) {
		if (msg->msg != CURLMSG_DONE)
			continue;
		weir_fetch_t *self = NULL;
		CURLcode code = msg->data.result;
		curl_easy_getinfo (msg->easy_handle, CURLINFO_PRIVATE, (char **) &self);
		curl_multi_remove_handle (s_engine.multi, self->curl);
		s_engine.n_running--;
		self->state = S_WAITING;
		int64_t wait_ms = 0;
		switch (weir_transfer_judge (self, code, &wait_ms)) {
		case S_VERDICT_DONE: s_finish (self); break;
		case S_VERDICT_AGAIN: self->due_ms = 0; break;
		case S_VERDICT_LATER: self->due_ms = s_now_ms () + wait_ms; break;
		}
	}
}

static void *
s_run_engine (void *arg)
{
	(void) arg;
	pthread_mutex_lock (&s_engine.mutex);
	while (!s_engine.is_stopping) {
		s_sweep ();
		pthread_mutex_unlock (&s_engine.mutex);
		int sleep_ms = s_start_due (), n_running = 0;
		curl_multi_perform (s_engine.multi, &n_running);
		if ((unsigned) n_running == s_engine.n_running && sleep_ms > 0)
			curl_multi_poll (s_engine.multi, NULL, 0, sleep_ms, NULL);
		s_collect ();
		pthread_mutex_lock (&s_engine.mutex);
	}
	pthread_mutex_unlock (&s_engine.mutex);
	return NULL;
}

/* Under the mutex. */
static void
s_start_engine (void)
{
	sigset_t all, old;
	curl_global_init (CURL_GLOBAL_DEFAULT);
	s_engine.multi = curl_multi_init ();
	weir_assert (s_engine.multi != NULL);
	curl_multi_setopt (s_engine.multi, CURLMOPT_MAXCONNECTS, (long) RUNNING_MAX);
	s_engine.is_stopping = false;
	sigfillset (&all);
	pthread_sigmask (SIG_SETMASK, &all, &old);
	weir_assert (pthread_create (&s_engine.thread, NULL, s_run_engine, NULL) == 0);
	pthread_setname_np (s_engine.thread, "fetch");
	pthread_sigmask (SIG_SETMASK, &old, NULL);
	s_engine.is_started = true;
}

void
weir_fetch_shutdown (void)
{
	pthread_mutex_lock (&s_engine.mutex);
	bool was_started = s_engine.is_started;
	s_engine.is_started = false;
	s_engine.is_stopping = true;
	if (was_started)
		curl_multi_wakeup (s_engine.multi);
	pthread_mutex_unlock (&s_engine.mutex);
	if (!was_started)
		return;
	pthread_join (s_engine.thread, NULL);
	s_sweep (); /* only abandoned ones are left */
	weir_assert (s_engine.all == NULL);
	while (s_engine.n_spare > 0)
		curl_easy_cleanup (s_engine.spare[--s_engine.n_spare]);
	curl_multi_cleanup (s_engine.multi);
	s_engine.multi = NULL;
	curl_global_cleanup ();
}

/* ---- groups */

weir_fetch_group_t *
weir_fetch_group_new (void)
{
	weir_fetch_group_t *self = weir_alloc (sizeof *self);
	pthread_condattr_t attr;
	pthread_condattr_init (&attr);
	pthread_condattr_setclock (&attr, CLOCK_MONOTONIC);
	pthread_cond_init (&self->cond, &attr);
	pthread_condattr_destroy (&attr);
	return self;
}

void
weir_fetch_group_destroy (weir_fetch_group_t **self_p)
{
	weir_fetch_group_t *self = *self_p;
	if (self == NULL)
		return;
	*self_p = NULL;
	pthread_cond_destroy (&self->cond);
	free (self);
}

void
weir_fetch_group_watch (weir_fetch_group_t *self, bool (*is_cancelled) (void *arg), void *arg)
{
	self->is_cancelled = is_cancelled;
	self->arg = arg;
}

uint64_t
weir_fetch_group_count (weir_fetch_group_t *self)
{
	pthread_mutex_lock (&s_engine.mutex);
	uint64_t n = self->n_ended;
	pthread_mutex_unlock (&s_engine.mutex);
	return n;
}

int
weir_fetch_group_wait (weir_fetch_group_t *self, uint64_t seen, weir_err_t *err)
{
	bool is_cancelled = false;
	pthread_mutex_lock (&s_engine.mutex);
	while (self->n_ended == seen && !is_cancelled) {
		struct timespec until;
		clock_gettime (CLOCK_MONOTONIC, &until);
		until.tv_nsec += POLL_MS * 1000000L;
		until.tv_sec += until.tv_nsec / 1000000000L;
		until.tv_nsec %= 1000000000L;
		pthread_cond_timedwait (&self->cond, &s_engine.mutex, &until);
		is_cancelled = self->is_cancelled != NULL && self->is_cancelled (self->arg);
	}
	pthread_mutex_unlock (&s_engine.mutex);
	if (!is_cancelled)
		return 0;
	return weir_err_set (err, WEIR_E_CANCELLED, WEIR_CLASS_GIVE_UP, "Cancelled", "",
	                     "reading was cancelled");
}

/* ---- fetches */

weir_fetch_t *
weir_fetch_start (weir_fetch_group_t *group, const char *url, weir_reach_t reach, uint64_t offset,
                  size_t n_bytes, const weir_fetch_version_t *expected)
{
	weir_assert (n_bytes > 0);
	weir_fetch_t *self = weir_alloc (sizeof *self);
	self->group = group;
	self->first_url = weir_strdup (url);
	self->url = weir_strdup (url);
	self->reach = reach;
	self->offset = offset;
	self->n_wanted = n_bytes;
	self->has_expected = expected != NULL;
	if (expected != NULL)
		self->expected = *expected;
	pthread_mutex_lock (&s_engine.mutex);
	if (!s_engine.is_started)
		s_start_engine ();
	if (s_engine.new_last != NULL)
		s_engine.new_last->next = self;
	else
		s_engine.new_first = self;
	s_engine.new_last = self;
	curl_multi_wakeup (s_engine.multi);
	pthread_mutex_unlock (&s_engine.mutex);
	return self;
}

void
weir_fetch_end (weir_fetch_t **self_p)
{
	weir_fetch_t *self = *self_p;
	if (self == NULL)
		return;
	*self_p = NULL;
	pthread_mutex_lock (&s_engine.mutex);
	bool is_mine = self->is_done;
	self->is_abandoned = true;
	if (!is_mine)
		curl_multi_wakeup (s_engine.multi);
	pthread_mutex_unlock (&s_engine.mutex);
	if (is_mine)
		s_free (self);
}

bool
weir_fetch_is_done (const weir_fetch_t *self)
{
	pthread_mutex_lock (&s_engine.mutex);
	bool is_done = self->is_done;
	pthread_mutex_unlock (&s_engine.mutex);
	return is_done;
}

int
weir_fetch_status (const weir_fetch_t *self, weir_err_t *err)
{
	if (self->status != 0 && err != NULL)
		*err = *self->err;
	return self->status;
}

const uint8_t *
weir_fetch_bytes (const weir_fetch_t *self, size_t *n_out)
{
	*n_out = self->n_bytes;
	return self->bytes;
}

const weir_fetch_version_t *
weir_fetch_version (const weir_fetch_t *self)
{
	return &self->found;
}

const char *
weir_fetch_url (const weir_fetch_t *self)
{
	return self->url;
}
