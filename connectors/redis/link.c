/* link.c - the connection: hiredis driven by our own loop, greeting, loss, trying again
 *
 * The loop watches one epoll descriptor that stays the same while sockets come and go behind it, so
 * it needs no notice of a reconnect. It turns readable for whatever the socket waits for, reading
 * or writing.
 */
#include "connectors/redis/internal.h"
#include "runtime/base/mem.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define S_CODE "RedisUnavailable"
#define S_BACKOFF_MIN_MS 20
#define S_BACKOFF_MAX_MS 2000
#define S_EAGER_MS 500 /* so long a starting server is asked every millisecond */

int64_t
weir_redis_clock_ms (void)
{
	struct timespec now;
	clock_gettime (CLOCK_MONOTONIC, &now);
	return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- what hiredis wants to wait for */

static void
s_watch_socket (weir_redis_t *self)
{
	uint32_t wanted = (self->wants_read ? EPOLLIN : 0U) | (self->wants_write ? EPOLLOUT : 0U);
	if (self->context == NULL || wanted == self->watched)
		return;
	struct epoll_event event = { .events = wanted };
	int fd = self->context->c.fd;
	if (epoll_ctl (self->epoll_fd, EPOLL_CTL_MOD, fd, &event) != 0)
		epoll_ctl (self->epoll_fd, EPOLL_CTL_ADD, fd, &event);
	self->watched = wanted;
}

static void
s_add_read (void *user)
{
	weir_redis_t *self = user;
	self->wants_read = true;
	s_watch_socket (self);
}

static void
s_del_read (void *user)
{
	weir_redis_t *self = user;
	self->wants_read = false;
	s_watch_socket (self);
}

static void
s_add_write (void *user)
{
	weir_redis_t *self = user;
	self->wants_write = true;
	s_watch_socket (self);
}

static void
s_del_write (void *user)
{
	weir_redis_t *self = user;
	self->wants_write = false;
	s_watch_socket (self);
}

/* Keeps hiredis' own words of why the link broke. */
void
weir_redis_link_note (weir_redis_t *self)
{
	if (self->context == NULL || self->has_drop_reason || self->context->err == 0)
		return;
	weir_redis_link_fail (self,
	                      self->link == WEIR_REDIS_READY ? "connection lost" : "cannot connect",
	                      self->context->errstr);
}

/* The context ends; hiredis has answered its callbacks and closes the socket next. */
static void
s_cleanup (void *user)
{
	weir_redis_t *self = user;
	if (self->context == NULL)
		return;
	weir_redis_link_note (self);
	epoll_ctl (self->epoll_fd, EPOLL_CTL_DEL, self->context->c.fd, NULL);
	self->context = NULL;
	self->watched = 0;
	self->wants_read = self->wants_write = false;
	self->link = WEIR_REDIS_DOWN;
	self->retry_ms = -1;
}

/* ---- the greeting: password, database, scripts */

void
weir_redis_link_fail (weir_redis_t *self, const char *what, const char *reason)
{
	weir_err_set (&self->link_err, WEIR_E_IO, WEIR_CLASS_RETRY, S_CODE, self->url.shown, "%s: %s",
	              what, reason);
}

void
weir_redis_link_drop (weir_redis_t *self, const char *reason)
{
	if (self->context == NULL)
		return;
	weir_redis_link_fail (
		self, self->link == WEIR_REDIS_READY ? "connection given up" : "cannot connect", reason);
	self->has_drop_reason = true;
	redisAsyncFree (self->context);
}

static void
s_refuse_greeting (weir_redis_t *self, const char *reason)
{
	/* a server that still loads its data will take us in a moment */
	self->is_refused = strncmp (reason, "LOADING", 7) != 0;
	weir_redis_link_drop (self, reason);
}

static void
s_on_greeting (redisAsyncContext *context, void *reply_void, void *user)
{
	weir_redis_t *self = context->data;
	const redisReply *reply = reply_void;
	char *sha = user; /* NULL: not a SCRIPT LOAD */
	if (reply == NULL || self->has_drop_reason)
		return;
	if (reply->type == REDIS_REPLY_ERROR) {
		s_refuse_greeting (self, reply->str);
		return;
	}
	if (sha != NULL && reply->len == 40)
		memcpy (sha, reply->str, 41);
	if (--self->n_greetings > 0)
		return;
	self->link = WEIR_REDIS_READY;
	self->backoff_ms = S_BACKOFF_MIN_MS;
	weir_err_clear (&self->link_err);
}

static void
s_send_greeting (weir_redis_t *self)
{
	const weir_redis_url_t *url = &self->url;
	redisAsyncContext *context = self->context;
	self->n_greetings = WEIR_REDIS_N_SCRIPTS + (url->password != NULL) + (url->db != 0);
	if (url->password != NULL && url->user != NULL && url->user[0] != '\0')
		redisAsyncCommand (context, s_on_greeting, NULL, "AUTH %s %s", url->user, url->password);
	else if (url->password != NULL)
		redisAsyncCommand (context, s_on_greeting, NULL, "AUTH %s", url->password);
	if (url->db != 0)
		redisAsyncCommand (context, s_on_greeting, NULL, "SELECT %d", url->db);
	for (int i = 0; i < WEIR_REDIS_N_SCRIPTS; i++)
		redisAsyncCommand (context, s_on_greeting, self->sha[i], "SCRIPT LOAD %s",
		                   weir_redis_scripts[i]);
}

/* hiredis asks for writing only when it is told of a connect; failures are read in s_cleanup. */
static void
s_on_connect (const redisAsyncContext *context, int status)
{
	(void) context;
	(void) status;
}

int
weir_redis_link_start (weir_redis_t *self)
{
	redisAsyncContext *context = self->url.path != NULL
	                                 ? redisAsyncConnectUnix (self->url.path)
	                                 : redisAsyncConnect (self->url.host, self->url.port);
	self->has_drop_reason = self->is_refused = false;
	if (context == NULL || context->err != 0) {
		weir_redis_link_fail (self, "cannot connect",
		                      context == NULL ? "out of memory" : context->errstr);
		if (context != NULL)
			redisAsyncFree (context);
		return self->link_err.status;
	}
	context->data = self;
	context->ev.data = self;
	context->ev.addRead = s_add_read;
	context->ev.delRead = s_del_read;
	context->ev.addWrite = s_add_write;
	context->ev.delWrite = s_del_write;
	context->ev.cleanup = s_cleanup;
	self->context = context;
	self->link = WEIR_REDIS_CONNECTING;
	redisAsyncSetConnectCallback (context, s_on_connect);
	s_send_greeting (self);
	return 0;
}

/* ---- from outside */

/* One attempt: until ready, down, or start_ms + timeout_ms. */
static void
s_try_connect (weir_redis_t *self, int64_t start_ms, int timeout_ms)
{
	char reason[64];
	snprintf (reason, sizeof reason, "no answer within %d ms", timeout_ms);
	if (weir_redis_link_start (self) != 0)
		return;
	while (self->link == WEIR_REDIS_CONNECTING) {
		int64_t left = start_ms + timeout_ms - weir_redis_clock_ms ();
		struct pollfd fd = { .fd = self->epoll_fd, .events = POLLIN };
		if (poll (&fd, 1, left > 0 ? (int) left : 0) == 0 && left <= 0)
			weir_redis_link_drop (self, reason);
		else
			weir_redis_handle (self, true, true);
	}
}

static weir_redis_t *
s_new_redis (const weir_redis_url_t *url)
{
	weir_redis_t *self = weir_alloc (sizeof *self);
	self->url = *url;
	self->cluster = weir_strdup ("local");
	self->backoff_ms = S_BACKOFF_MIN_MS;
	self->retry_ms = -1;
	return self;
}

/* hiredis writes without MSG_NOSIGNAL: a server that goes must be an error, not our end. */
static void
s_ignore_sigpipe (void)
{
	struct sigaction action;
	if (sigaction (SIGPIPE, NULL, &action) != 0 || action.sa_handler != SIG_DFL)
		return;
	action.sa_handler = SIG_IGN;
	sigaction (SIGPIPE, &action, NULL);
}

int
weir_redis_connect (const char *url_text, int timeout_ms, weir_redis_t **redis_out, weir_err_t *err)
{
	weir_redis_url_t url;
	*redis_out = NULL;
	int status = weir_redis_url_parse (url_text, &url, err);
	if (status != 0)
		return status;
	weir_redis_t *self = s_new_redis (&url);
	self->epoll_fd = epoll_create1 (EPOLL_CLOEXEC);
	if (self->epoll_fd < 0) {
		status = weir_err_set (err, WEIR_E_IO, WEIR_CLASS_RETRY, S_CODE, url_text, "epoll: %s",
		                       strerror (errno));
		weir_redis_destroy (&self);
		return status;
	}
	s_ignore_sigpipe ();
	int64_t start = weir_redis_clock_ms ();
	timeout_ms = timeout_ms > 0 ? timeout_ms : 0;
	for (;;) {
		s_try_connect (self, start, timeout_ms);
		int64_t waited = weir_redis_clock_ms () - start;
		if (self->link == WEIR_REDIS_READY || self->is_refused || waited >= timeout_ms)
			break;
		usleep (waited < S_EAGER_MS ? 1000 : 20000);
	}
	if (self->link == WEIR_REDIS_READY) {
		*redis_out = self;
		return 0;
	}
	if (err != NULL)
		*err = self->link_err;
	status = self->link_err.status;
	weir_redis_destroy (&self);
	return status;
}

void
weir_redis_destroy (weir_redis_t **self_p)
{
	if (self_p == NULL || *self_p == NULL)
		return;
	weir_redis_t *self = *self_p;
	*self_p = NULL;
	weir_redis_link_drop (self, "closed");
	weir_redis_link_fail (self, "connection given up", "closed");
	weir_redis_calls_fail (self);
	weir_redis_calls_answer (self);
	if (self->epoll_fd >= 0)
		close (self->epoll_fd);
	weir_redis_url_clear (&self->url);
	free (self->cluster);
	free (self);
}

int
weir_redis_fd (const weir_redis_t *self)
{
	return self->epoll_fd;
}

bool
weir_redis_wants_write (const weir_redis_t *self)
{
	return self->wants_write;
}

size_t
weir_redis_n_pending (const weir_redis_t *self)
{
	return self->n_pending;
}

bool
weir_redis_is_connected (const weir_redis_t *self)
{
	return self->link == WEIR_REDIS_READY;
}

void
weir_redis_handle (weir_redis_t *self, bool readable, bool writable)
{
	(void) readable; /* what is ready is asked from epoll: the caller sees its descriptor only */
	(void) writable;
	struct epoll_event event;
	if (self->context != NULL && epoll_wait (self->epoll_fd, &event, 1, 0) == 1) {
		bool has_error = (event.events & (EPOLLERR | EPOLLHUP)) != 0;
		if ((event.events & EPOLLIN) != 0 || has_error)
			redisAsyncHandleRead (self->context);
		if (self->context != NULL && self->wants_write && (event.events & EPOLLOUT) != 0)
			redisAsyncHandleWrite (self->context);
	}
	weir_redis_calls_answer (self);
}

/* The first tick that finds the link down sets the time of the next try. */
static void
s_reconnect (weir_redis_t *self)
{
	if (self->retry_ms < 0) {
		self->retry_ms = self->now_ms + (self->is_refused ? S_BACKOFF_MAX_MS : self->backoff_ms);
		self->backoff_ms = self->backoff_ms * 2 < S_BACKOFF_MAX_MS ? self->backoff_ms * 2
		                                                           : S_BACKOFF_MAX_MS;
	}
	if (self->now_ms < self->retry_ms)
		return;
	self->retry_ms = -1;
	weir_redis_link_start (self);
}

void
weir_redis_tick (weir_redis_t *self, int64_t now_ms)
{
	self->now_ms = now_ms;
	bool is_late = false;
	for (weir_redis_call_t *call = self->first; call != NULL; call = call->next) {
		if (call->since_ms < 0)
			call->since_ms = now_ms;
		is_late = is_late || now_ms - call->since_ms >= WEIR_REDIS_DEADLINE_MS;
	}
	/* Answers come in order: one that never comes holds up all others, and only a new connection
	 * helps. */
	if (is_late)
		weir_redis_link_drop (self, "no answer within 10 s");
	weir_redis_calls_answer (self);
	if (self->link == WEIR_REDIS_DOWN)
		s_reconnect (self);
}
