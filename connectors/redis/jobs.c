/* jobs.c - records of jobs, plans and parts; the right to lead; looking at single values */
#include "connectors/redis/internal.h"
#include "runtime/base/mem.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define S_CODE "RedisUnavailable"

/* Names are people's: what would end the hash tag or a level of the key is written as %XX. */
static char *
s_escape_name (const char *name)
{
	char *out = weir_alloc (strlen (name) * 3 + 1), *at = out;
	for (; *name != '\0'; name++) {
		unsigned char c = (unsigned char) *name;
		if (c <= ' ' || strchr ("%:{}", c) != NULL)
			at += sprintf (at, "%%%02X", c);
		else
			*at++ = (char) c;
	}
	return out;
}

char *
weir_redis_job_key (const weir_redis_t *self, const char *job)
{
	char *cluster = s_escape_name (self->cluster), *name = s_escape_name (job);
	char *key = weir_asprintf ("weir:{%s:%s}", cluster, name);
	free (cluster);
	free (name);
	return key;
}

/* The answer is the reply's text. */
static bool
s_on_text (weir_redis_call_t *call, const redisReply *reply)
{
	if (reply->type != REDIS_REPLY_STRING) {
		call->err = weir_alloc (sizeof *call->err);
		weir_err_set (call->err, WEIR_E_IO, WEIR_CLASS_BUG, S_CODE, NULL,
		              "unexpected type of reply: %d", reply->type);
		return true;
	}
	call->n = (size_t) reply->len;
	call->answers = weir_alloc (call->n + 1);
	memcpy (call->answers, reply->str, call->n);
	return true;
}

/* A call whose first argument is the job's key. */
static weir_redis_call_t *
s_new_job_call (weir_redis_t *self, weir_redis_script_t script, const char *job, size_t store_bytes,
                weir_redis_done_fn *done, void *arg)
{
	char *key = weir_redis_job_key (self, job);
	weir_redis_call_t *call = weir_redis_call_new (self, script, strlen (key) + store_bytes, done,
	                                               arg);
	call->on_reply = s_on_text;
	weir_redis_call_add_text (call, key);
	free (key);
	return call;
}

void
weir_redis_take_generation (weir_redis_t *self, const char *cluster, weir_redis_done_fn *done,
                            void *arg)
{
	uint8_t id[16];
	char hex[sizeof id * 2 + 1];
	free (self->cluster);
	self->cluster = weir_strdup (cluster != NULL && cluster[0] != '\0' ? cluster : "local");
	if (sodium_init () < 0)
		weir_assert_failed ("no source of random numbers", __FILE__, __LINE__);
	randombytes_buf (id, sizeof id);
	sodium_bin2hex (hex, sizeof hex, id, sizeof id);
	char *name = s_escape_name (self->cluster);
	char *key = weir_asprintf ("weir:{%s}:leader", name);
	weir_redis_call_t *call = weir_redis_call_new (self, WEIR_REDIS_SCRIPT_GENERATION,
	                                               strlen (key) + sizeof hex, done, arg);
	call->on_reply = s_on_text;
	weir_redis_call_add_text (call, key);
	weir_redis_call_add_text (call, hex);
	weir_redis_call_submit (call);
	free (key);
	free (name);
}

void
weir_redis_job_put (weir_redis_t *self, const char *job, uint64_t generation, uint64_t n_chunks,
                    const char *plan_sha256, const uint8_t *plan, size_t plan_bytes,
                    const char *owner, const char *cluster, weir_redis_done_fn *done, void *arg)
{
	owner = owner != NULL ? owner : "";
	cluster = cluster != NULL ? cluster : "";
	size_t bytes = 48 + strlen (plan_sha256) + plan_bytes + strlen (owner) + strlen (cluster);
	weir_redis_call_t *call = s_new_job_call (self, WEIR_REDIS_SCRIPT_JOB_PUT, job, bytes, done,
	                                          arg);
	weir_redis_call_add_number (call, generation);
	weir_redis_call_add_number (call, n_chunks);
	weir_redis_call_add_text (call, plan_sha256);
	weir_redis_call_add (call, plan, plan_bytes);
	weir_redis_call_add_text (call, owner);
	weir_redis_call_add_text (call, cluster);
	weir_redis_call_submit (call);
}

void
weir_redis_job_state (weir_redis_t *self, const char *job, uint64_t generation, const char *state,
                      weir_redis_done_fn *done, void *arg)
{
	weir_redis_call_t *call = s_new_job_call (self, WEIR_REDIS_SCRIPT_JOB_STATE, job,
	                                          24 + strlen (state), done, arg);
	weir_redis_call_add_number (call, generation);
	weir_redis_call_add_text (call, state);
	weir_redis_call_submit (call);
}

/* A number says where to go on: the same call again, until "g". */
static bool
s_on_deleted (weir_redis_call_t *call, const redisReply *reply)
{
	if (reply->type != REDIS_REPLY_STRING || reply->len == 0 || reply->len > 20 ||
	    reply->str[0] == 'g')
		return s_on_text (call, reply);
	memcpy (call->store + call->store_bytes - 24, reply->str, (size_t) reply->len);
	call->arg_bytes[call->n_args - 1] = (size_t) reply->len;
	weir_redis_call_resend (call);
	return false;
}

void
weir_redis_job_delete (weir_redis_t *self, const char *job, weir_redis_done_fn *done, void *arg)
{
	weir_redis_call_t *call = s_new_job_call (self, WEIR_REDIS_SCRIPT_JOB_DELETE, job, 24, done,
	                                          arg);
	call->on_reply = s_on_deleted;
	weir_redis_call_add_number (call, 0);
	weir_redis_call_submit (call);
}

void
weir_redis_part (weir_redis_t *self, const char *job, uint64_t generation, uint16_t part,
                 const char *state, uint64_t sink, uint64_t synced_bytes, weir_redis_done_fn *done,
                 void *arg)
{
	char *record = weir_asprintf ("%s %" PRIu64 " %" PRIu64, state, sink, synced_bytes);
	weir_redis_call_t *call = s_new_job_call (self, WEIR_REDIS_SCRIPT_PART, job,
	                                          48 + strlen (record), done, arg);
	weir_redis_call_add_number (call, generation);
	weir_redis_call_add_number (call, part);
	weir_redis_call_add_text (call, record);
	weir_redis_call_submit (call);
	free (record);
}

/* ---- for tests and inspection: blocking */

typedef struct {
	bool is_done;
	weir_err_t err;
	size_t n;
	char *text;
} s_wait_t;

static void
s_on_waited (void *arg, const weir_err_t *err, size_t n, const char *answers)
{
	s_wait_t *wait = arg;
	wait->is_done = true;
	if (err != NULL) {
		wait->err = *err;
		return;
	}
	wait->n = n;
	wait->text = weir_alloc (n + 1);
	memcpy (wait->text, answers, n);
}

/* Sends a whole command of n words; its text is the caller's to free. */
static int
s_ask (weir_redis_t *self, int n_words, const char *const *words, s_wait_t *wait, weir_err_t *err)
{
	size_t bytes = 0;
	for (int i = 0; i < n_words; i++)
		bytes += strlen (words[i]);
	*wait = (s_wait_t){ 0 };
	weir_redis_call_t *call = weir_redis_call_new (self, WEIR_REDIS_PLAIN, bytes, s_on_waited,
	                                               wait);
	call->on_reply = s_on_text;
	for (int i = 0; i < n_words; i++)
		weir_redis_call_add_text (call, words[i]);
	weir_redis_call_submit (call);
	weir_redis_calls_wait (self, &wait->is_done);
	if (wait->err.status != 0 && err != NULL)
		*err = wait->err;
	return wait->err.status;
}

int
weir_redis_read_chunk (weir_redis_t *self, const char *job, uint64_t chunk, uint8_t *state_out,
                       uint8_t *attempts_out, uint16_t *part_out, weir_err_t *err)
{
	char *base = weir_redis_job_key (self, job);
	char *key = weir_asprintf ("%s:s:%" PRIu64, base, chunk / WEIR_REDIS_SEGMENT_CHUNKS);
	uint64_t at = chunk % WEIR_REDIS_SEGMENT_CHUNKS * 3;
	char *first = weir_asprintf ("%" PRIu64, at), *last = weir_asprintf ("%" PRIu64, at + 2);
	const char *words[] = { "GETRANGE", key, first, last };
	s_wait_t wait;
	int status = s_ask (self, 4, words, &wait, err);
	if (status == 0) { /* nothing there yet: PENDING */
		const uint8_t *bytes = (const uint8_t *) wait.text;
		bool is_there = wait.n == 3;
		*state_out = is_there ? bytes[0] >> 4 : 0;
		*attempts_out = is_there ? bytes[0] & 15 : 0;
		*part_out = is_there ? (uint16_t) (bytes[1] | bytes[2] << 8) : 0;
	}
	free (wait.text);
	free (base);
	free (key);
	free (first);
	free (last);
	return status;
}

int
weir_redis_used_memory (weir_redis_t *self, uint64_t *bytes_out, weir_err_t *err)
{
	const char *words[] = { "INFO", "memory" };
	s_wait_t wait;
	int status = s_ask (self, 2, words, &wait, err);
	const char *line = status == 0 ? strstr (wait.text, "used_memory:") : NULL;
	if (line != NULL)
		*bytes_out = strtoull (line + strlen ("used_memory:"), NULL, 10);
	else if (status == 0)
		status = weir_err_set (err, WEIR_E_IO, WEIR_CLASS_GIVE_UP, S_CODE, self->url.shown,
		                       "INFO memory: no used_memory");
	free (wait.text);
	return status;
}
