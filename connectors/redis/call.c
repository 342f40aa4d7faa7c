/* call.c - calls: queued, sent, completed by replies, answered in order */
#include "connectors/redis/internal.h"
#include "runtime/base/mem.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define S_CODE "RedisUnavailable"

weir_redis_call_t *
weir_redis_call_new (weir_redis_t *self, weir_redis_script_t script, size_t store_bytes,
                     weir_redis_done_fn *done, void *arg)
{
	weir_redis_call_t *call = weir_alloc (sizeof *call);
	call->redis = self;
	call->script = script;
	call->done = done;
	call->arg = arg;
	call->since_ms = -1;
	call->n = 1;
	call->store = weir_alloc (store_bytes);
	call->store_bytes = store_bytes;
	return call;
}

char *
weir_redis_call_add_room (weir_redis_call_t *call, size_t n_bytes)
{
	weir_assert (call->n_args < WEIR_REDIS_ARGS_MAX);
	weir_assert (n_bytes <= call->store_bytes - call->store_used);
	char *room = call->store + call->store_used;
	call->store_used += n_bytes;
	call->args[call->n_args] = room;
	call->arg_bytes[call->n_args++] = n_bytes;
	return room;
}

void
weir_redis_call_add (weir_redis_call_t *call, const void *bytes, size_t n_bytes)
{
	char *room = weir_redis_call_add_room (call, n_bytes);
	if (n_bytes > 0)
		memcpy (room, bytes, n_bytes);
}

void
weir_redis_call_add_text (weir_redis_call_t *call, const char *text)
{
	weir_redis_call_add (call, text, strlen (text));
}

void
weir_redis_call_add_number (weir_redis_call_t *call, uint64_t number)
{
	char text[24];
	int n = snprintf (text, sizeof text, "%" PRIu64, number);
	weir_redis_call_add (call, text, (size_t) n);
}

static void
s_free_call (weir_redis_call_t *call)
{
	free (call->err);
	free (call->answers);
	free (call->order);
	free (call->store);
	free (call);
}

static void
s_complete_with (weir_redis_call_t *call, int status, weir_err_class_t klass, const char *text)
{
	if (call->is_complete)
		return;
	call->is_complete = true;
	call->err = weir_alloc (sizeof *call->err);
	weir_err_set (call->err, status, klass, S_CODE, call->redis->url.shown, "%s", text);
}

static void
s_complete_down (weir_redis_call_t *call)
{
	const weir_err_t *why = &call->redis->link_err;
	s_complete_with (call, WEIR_E_IO, WEIR_CLASS_RETRY,
	                 why->status != 0 ? why->text : "not connected");
}

/* What the server says in an error reply: its words begin with a code of its own. */
static weir_err_class_t
s_find_class (const char *text)
{
	static const char *const s_passing[] = { "LOADING",    "BUSY",      "OOM",        "MISCONF",
		                                     "READONLY",   "TRYAGAIN",  "MASTERDOWN", "CLUSTERDOWN",
		                                     "NOREPLICAS", "UNKILLABLE" };
	for (size_t i = 0; i < sizeof s_passing / sizeof *s_passing; i++)
		if (strncmp (text, s_passing[i], strlen (s_passing[i])) == 0)
			return WEIR_CLASS_RETRY;
	return WEIR_CLASS_GIVE_UP;
}

static void s_send_call (weir_redis_call_t *call);

/* Somebody emptied the server's script cache: load this one again, before the call itself. */
static void
s_reload_script (weir_redis_call_t *call)
{
	weir_redis_t *self = call->redis;
	call->is_reloaded = true;
	if (self->context != NULL)
		redisAsyncCommand (self->context, NULL, NULL, "SCRIPT LOAD %s",
		                   weir_redis_scripts[call->script]);
	s_send_call (call);
}

static void
s_on_reply (redisAsyncContext *context, void *reply_void, void *user)
{
	(void) context;
	weir_redis_call_t *call = user;
	const redisReply *reply = reply_void;
	if (reply == NULL) {
		weir_redis_link_note (call->redis);
		s_complete_down (call);
	} else if (reply->type == REDIS_REPLY_ERROR) {
		if (strncmp (reply->str, "NOSCRIPT", 8) == 0 && !call->is_reloaded)
			s_reload_script (call);
		else
			s_complete_with (call, WEIR_E_IO, s_find_class (reply->str), reply->str);
	} else if (call->on_reply (call, reply)) {
		call->is_complete = true;
	}
}

static void
s_send_call (weir_redis_call_t *call)
{
	weir_redis_t *self = call->redis;
	const char *args[WEIR_REDIS_ARGS_MAX + 3];
	size_t bytes[WEIR_REDIS_ARGS_MAX + 3];
	int n = 0;
	if (call->script != WEIR_REDIS_PLAIN) {
		args[0] = "EVALSHA", bytes[0] = 7;
		args[1] = self->sha[call->script], bytes[1] = 40;
		args[2] = "1", bytes[2] = 1;
		n = 3;
	}
	for (int i = 0; i < call->n_args; i++, n++) {
		args[n] = call->args[i];
		bytes[n] = call->arg_bytes[i];
	}
	if (self->context == NULL ||
	    redisAsyncCommandArgv (self->context, s_on_reply, call, n, args, bytes) != REDIS_OK)
		s_complete_down (call);
}

static void
s_queue_call (weir_redis_call_t *call)
{
	weir_redis_t *self = call->redis;
	if (self->last != NULL)
		self->last->next = call;
	else
		self->first = call;
	self->last = call;
	self->n_pending++;
}

void
weir_redis_call_submit (weir_redis_call_t *call)
{
	s_queue_call (call);
	s_send_call (call);
}

void
weir_redis_call_resend (weir_redis_call_t *call)
{
	s_send_call (call);
}

void
weir_redis_call_refuse (weir_redis_call_t *call, int status, weir_err_class_t klass,
                        const char *text)
{
	s_queue_call (call);
	s_complete_with (call, status, klass, text);
}

void
weir_redis_calls_answer (weir_redis_t *self)
{
	while (self->first != NULL && self->first->is_complete) {
		weir_redis_call_t *call = self->first;
		self->first = call->next;
		if (self->first == NULL)
			self->last = NULL;
		self->n_pending--;
		if (call->done != NULL && call->err != NULL)
			call->done (call->arg, call->err, call->n, NULL);
		else if (call->done != NULL)
			call->done (call->arg, NULL, call->n, call->answers);
		s_free_call (call);
	}
}

void
weir_redis_calls_fail (weir_redis_t *self)
{
	for (weir_redis_call_t *call = self->first; call != NULL; call = call->next)
		s_complete_down (call);
}

void
weir_redis_calls_wait (weir_redis_t *self, const bool *is_done)
{
	int64_t deadline = weir_redis_clock_ms () + WEIR_REDIS_DEADLINE_MS;
	weir_redis_calls_answer (self);
	while (!*is_done) {
		int64_t left = deadline - weir_redis_clock_ms ();
		struct pollfd fd = { .fd = self->epoll_fd, .events = POLLIN };
		if (left <= 0)
			weir_redis_link_drop (self, "no answer within 10 s");
		else
			poll (&fd, 1, (int) left);
		weir_redis_handle (self, true, true);
	}
}
