/* internal.h - what the files of connectors/redis share; not for others
 *
 * A call is queued in the order of asking, written to the socket by hiredis, completed when its
 * reply (or the loss of the connection) comes, and answered to its owner when all calls before it
 * are answered. Owners are called back from weir_redis_handle, weir_redis_tick and
 * weir_redis_destroy only, never from inside hiredis.
 */
#ifndef WEIR_CONNECTORS_REDIS_INTERNAL_H
#define WEIR_CONNECTORS_REDIS_INTERNAL_H

#include "connectors/redis/redis.h"

#include <hiredis/async.h>
#include <hiredis/hiredis.h>

#define WEIR_REDIS_ARGS_MAX 16
#define WEIR_REDIS_DEADLINE_MS 10000

/* One script for each kind of call; scripts.c has them in this order. */
typedef enum {
	WEIR_REDIS_SCRIPT_TRANSITION,
	WEIR_REDIS_SCRIPT_GENERATION,
	WEIR_REDIS_SCRIPT_JOB_PUT,
	WEIR_REDIS_SCRIPT_JOB_STATE,
	WEIR_REDIS_SCRIPT_JOB_DELETE,
	WEIR_REDIS_SCRIPT_PART,
	WEIR_REDIS_N_SCRIPTS,
	WEIR_REDIS_PLAIN /* no script: the arguments are a whole command */
} weir_redis_script_t;

extern const char *const weir_redis_scripts[WEIR_REDIS_N_SCRIPTS];

typedef struct {
	char *path; /* unix socket, or NULL */
	char *host, *user, *password;
	int port, db;
	char *shown; /* the URL without its password, for messages */
} weir_redis_url_t;

typedef enum {
	WEIR_REDIS_DOWN,
	WEIR_REDIS_CONNECTING, /* and loading the scripts; calls may be written already */
	WEIR_REDIS_READY
} weir_redis_link_t;

typedef struct weir_redis_call weir_redis_call_t;
/* Looks at a good reply: fills answers, or reissues the call and returns false. */
typedef bool weir_redis_reply_fn (weir_redis_call_t *call, const redisReply *reply);

struct weir_redis_call {
	weir_redis_call_t *next;
	weir_redis_t *redis;
	weir_redis_script_t script;
	weir_redis_reply_fn *on_reply;
	weir_redis_done_fn *done;
	void *arg;
	int64_t since_ms; /* of the first tick that saw it; -1: none yet */
	bool is_complete, is_reloaded;
	weir_err_t *err; /* NULL: well */
	size_t n;        /* transitions, or bytes of the answer */
	char *answers;
	/* transitions: order[i] is the caller's number of the i-th that was sent; NULL: the same */
	uint16_t *order;
	int n_args;
	const char *args[WEIR_REDIS_ARGS_MAX];
	size_t arg_bytes[WEIR_REDIS_ARGS_MAX];
	char *store; /* what args point into */
	size_t store_bytes, store_used;
};

struct weir_redis {
	weir_redis_url_t url;
	char *cluster;
	int epoll_fd;
	redisAsyncContext *context; /* NULL: down */
	bool wants_read, wants_write;
	uint32_t watched; /* what epoll was told */
	weir_redis_link_t link;
	int n_greetings;      /* replies of AUTH, SELECT and SCRIPT LOAD still to come */
	bool is_refused;      /* the server does not want us: no use in trying again soon */
	weir_err_t link_err;  /* why the link is down */
	bool has_drop_reason; /* link_err was set by us before the context was freed */
	char sha[WEIR_REDIS_N_SCRIPTS][41];
	weir_redis_call_t *first, *last;
	size_t n_pending;
	int64_t now_ms, retry_ms;
	int backoff_ms;
};

/* url.c */
int weir_redis_url_parse (const char *text, weir_redis_url_t *url_out, weir_err_t *err);
void weir_redis_url_clear (weir_redis_url_t *self);

/* link.c */
int weir_redis_link_start (weir_redis_t *self);
void weir_redis_link_drop (weir_redis_t *self, const char *reason);
void weir_redis_link_fail (weir_redis_t *self, const char *what, const char *reason);
void weir_redis_link_note (weir_redis_t *self);
int64_t weir_redis_clock_ms (void);

/* call.c */
/* A call with room for store_bytes of copied arguments. The first argument of a script call is its
 * key. */
weir_redis_call_t *weir_redis_call_new (weir_redis_t *self, weir_redis_script_t script,
                                        size_t store_bytes, weir_redis_done_fn *done, void *arg);
void weir_redis_call_add (weir_redis_call_t *call, const void *bytes, size_t n_bytes);
void weir_redis_call_add_text (weir_redis_call_t *call, const char *text);
void weir_redis_call_add_number (weir_redis_call_t *call, uint64_t number);
/* Room of n_bytes as the next argument, to be filled by the caller. */
char *weir_redis_call_add_room (weir_redis_call_t *call, size_t n_bytes);
void weir_redis_call_submit (weir_redis_call_t *call); /* queues and sends; takes the call */
void weir_redis_call_resend (
	weir_redis_call_t *call); /* from on_reply: again, with changed arguments */
void weir_redis_call_refuse (weir_redis_call_t *call, int status, weir_err_class_t klass,
                             const char *text); /* queues it as failed */
void weir_redis_calls_answer (
	weir_redis_t *self);                         /* runs done for all complete calls at the head */
void weir_redis_calls_fail (weir_redis_t *self); /* completes all that are not, with link_err */
/* Blocks until a call has set *is_done, at the latest when its deadline fails it. Others are
 * answered meanwhile. */
void weir_redis_calls_wait (weir_redis_t *self, const bool *is_done);

/* jobs.c */
/* The key of a job's hash, which all its other keys begin with: weir:{cluster:job}. Free it. */
char *weir_redis_job_key (const weir_redis_t *self, const char *job);

#endif
