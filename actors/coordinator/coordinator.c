/* coordinator.c - life of the coordinator, registration of actors, heartbeats */
#include "actors/coordinator/coordinator_internal.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#define GENERATION_WAIT_MS 5000
#define PROGRESS_MS 100
#define PLANNING_MS 1000 /* a sign of life while a job is planned */

weir_coordinator_t *
weir_coordinator_new (const weir_coordinator_config_t *config)
{
	weir_coordinator_t *self = weir_alloc (sizeof *self);
	self->config = *config;
	self->redis_fd = -1;
	uint8_t seed[32];
	weir_host_random (seed, sizeof seed);
	weir_host_random (self->leader, sizeof self->leader);
	self->core = weir_core_new (seed);
	return self;
}

void
weir_coordinator_destroy (weir_coordinator_t **self_p)
{
	weir_coordinator_t *self = *self_p;
	if (self == NULL)
		return;
	self->is_closing = true;
	weir_redis_destroy (&self->redis);
	for (size_t i = 0; i < self->jobs.n; i++)
		weir_coordinator_free_job (self->jobs.at[i]);
	weir_vec_clear (&self->jobs);
	for (size_t i = 0; i < self->members.n; i++)
		free (self->members.at[i].endpoint);
	weir_vec_clear (&self->members);
	weir_vec_clear (&self->failures);
	weir_core_destroy (&self->core);
	free (self);
	*self_p = NULL;
}

/* ---- start: Redis, and the right to lead */

typedef struct {
	bool is_done;
	uint64_t generation;
	weir_err_t err;
} weir_generation_wait_t;

static void
s_on_generation (void *arg, const weir_err_t *err, size_t n, const char *answers)
{
	weir_generation_wait_t *wait = arg;
	char text[32] = "";
	if (err != NULL)
		wait->err = *err;
	else
		memcpy (text, answers, n < sizeof text ? n : sizeof text - 1);
	wait->generation = strtoull (text, NULL, 10);
	wait->is_done = true;
}

/* The only time that the coordinator waits: nothing can be said before the generation is known. */
static int
s_take_generation (weir_coordinator_t *self, weir_err_t *err)
{
	weir_generation_wait_t wait = { 0 };
	weir_redis_take_generation (self->redis, self->config.cluster, s_on_generation, &wait);
	for (int64_t waited_ms = 0; !wait.is_done && waited_ms < GENERATION_WAIT_MS; waited_ms += 10) {
		struct pollfd fd = {
			.fd = weir_redis_fd (self->redis),
			.events = (short) (POLLIN | (weir_redis_wants_write (self->redis) ? POLLOUT : 0))
		};
		if (poll (&fd, 1, 10) < 0 && errno != EINTR)
			break;
		weir_redis_handle (self->redis, (fd.revents & (POLLIN | POLLHUP | POLLERR)) != 0,
		                   (fd.revents & POLLOUT) != 0);
	}
	if (wait.is_done && wait.err.status == 0) {
		self->generation = wait.generation;
		return 0;
	}
	if (!wait.is_done) /* the call still points at this frame: it ends with the connection */
		weir_redis_destroy (&self->redis);
	if (wait.err.status != 0) {
		*err = wait.err;
		return err->status;
	}
	return weir_err_set (err, WEIR_E_IO, WEIR_CLASS_RETRY, "RedisUnavailable",
	                     self->config.redis_url, "generation: no answer within %d ms",
	                     GENERATION_WAIT_MS);
}

static bool
s_redis_wants_write (void *arg)
{
	return weir_redis_wants_write (((weir_coordinator_t *) arg)->redis);
}

static void
s_on_redis (void *arg, bool readable, bool writable)
{
	weir_redis_handle (((weir_coordinator_t *) arg)->redis, readable, writable);
}

/* The connector connects again by itself, and then by another descriptor. */
static int
s_watch_redis (weir_coordinator_t *self)
{
	int fd = weir_redis_fd (self->redis);
	if (fd == self->redis_fd)
		return 0;
	if (self->redis_fd >= 0)
		weir_host_unwatch_fd (self->host, self->redis_fd);
	self->redis_fd = fd;
	return fd < 0 ? 0 : weir_host_watch_fd (self->host, fd, s_redis_wants_write, s_on_redis, self);
}

static int
s_start (void *arg, weir_host_t *host, weir_err_t *err)
{
	weir_coordinator_t *self = arg;
	self->host = host;
	self->now_ms = weir_host_now_ms (host);
	int status = weir_redis_connect (self->config.redis_url, self->config.redis_timeout_ms,
	                                 &self->redis, err);
	weir_err_t why;
	if (status != 0 && self->config.redis_check != NULL &&
	    self->config.redis_check (self->config.redis_check_arg, &why) != 0)
		*err = why; /* why the server ended says more than that nobody answers */
	if (status == 0)
		status = s_take_generation (self, err);
	if (status == 0)
		status = s_watch_redis (self);
	if (self->config.on_started != NULL)
		self->config.on_started (self->config.on_started_arg, status == 0 ? NULL : err);
	return status;
}

static void
s_stop (void *arg)
{
	weir_coordinator_t *self = arg;
	if (self->redis_fd >= 0)
		weir_host_unwatch_fd (self->host, self->redis_fd);
}

/* ---- members */

weir_member_t *
weir_coordinator_member (weir_coordinator_t *self, uint64_t number)
{
	for (size_t i = 0; i < self->members.n; i++)
		if (self->members.at[i].number == number)
			return &self->members.at[i];
	return NULL;
}

weir_member_t *
weir_coordinator_member_of_conn (weir_coordinator_t *self, uint64_t conn)
{
	for (size_t i = 0; i < self->members.n; i++) {
		if (self->members.at[i].conn == conn) {
			self->members.at[i].seen_ms = self->now_ms;
			return &self->members.at[i];
		}
	}
	return NULL;
}

void
weir_coordinator_send_all (weir_coordinator_t *self, const Weir__Control *msg)
{
	for (size_t i = 0; i < self->members.n; i++)
		(void) weir_host_send_to (self->host, self->members.at[i].conn, msg);
}

void
weir_coordinator_send (weir_coordinator_t *self, uint64_t actor, const Weir__Control *msg)
{
	const weir_member_t *member = weir_coordinator_member (self, actor);
	if (member != NULL)
		(void) weir_host_send_to (self->host, member->conn, msg);
}

static void
s_send_refused (weir_coordinator_t *self, uint64_t conn, const weir_err_t *err)
{
	Weir__Error error = WEIR__ERROR__INIT;
	weir_error_to_message (err, &error);
	Weir__Refused refused = WEIR__REFUSED__INIT;
	refused.error = &error;
	Weir__Control msg = WEIR_CONTROL (REFUSED, refused, &refused);
	(void) weir_host_send_to (self->host, conn, &msg);
}

static int
s_check_hello (const weir_coordinator_t *self, const Weir__Hello *hello, weir_err_t *err)
{
	if (hello->protocol_min > WEIR_PROTOCOL_MAX || hello->protocol_max < WEIR_PROTOCOL_MIN)
		return weir_err_invalid (err, "ProtocolMismatch", hello->endpoint,
		                         "protocol: speaks %u to %u, this coordinator %d to %d",
		                         hello->protocol_min, hello->protocol_max, WEIR_PROTOCOL_MIN,
		                         WEIR_PROTOCOL_MAX);
	if (hello->registry_hash != self->config.registry_hash)
		return weir_err_invalid (
			err, "RegistryMismatch", hello->endpoint,
			"processes: are not those of this coordinator (another version of weir)");
	return 0;
}

static void
s_send_peers (weir_coordinator_t *self, uint64_t conn, const weir_member_t *members, size_t n,
              bool is_gone)
{
	Weir__Peer *peers = weir_alloc (n * sizeof *peers);
	Weir__Peer **list = weir_alloc (n * sizeof (Weir__Peer *));
	for (size_t i = 0; i < n; i++) {
		weir__peer__init (&peers[i]);
		peers[i].actor = members[i].number;
		peers[i].kind = members[i].kind;
		peers[i].endpoint = members[i].endpoint;
		peers[i].public_key.data = (uint8_t *) (uintptr_t) members[i].public_key;
		peers[i].public_key.len = members[i].public_key_bytes;
		peers[i].is_gone = is_gone;
		list[i] = &peers[i];
	}
	Weir__Peers all = WEIR__PEERS__INIT;
	all.n_peers = n;
	all.peers = list;
	Weir__Control msg = WEIR_CONTROL (PEERS, peers, &all);
	if (conn != 0)
		(void) weir_host_send_to (self->host, conn, &msg);
	else
		weir_coordinator_send_all (self, &msg);
	free (peers);
	free (list);
}

static void
s_send_welcome (weir_coordinator_t *self, const weir_member_t *member)
{
	Weir__Welcome welcome = WEIR__WELCOME__INIT;
	welcome.protocol = WEIR_PROTOCOL_MAX;
	welcome.actor = member->number;
	welcome.generation = self->generation;
	welcome.leader.data = self->leader;
	welcome.leader.len = sizeof self->leader;
	welcome.heartbeat_ms = WEIR_HEARTBEAT_MS;
	welcome.lost_ms = WEIR_LOST_MS;
	Weir__Control msg = WEIR_CONTROL (WELCOME, welcome, &welcome);
	(void) weir_host_send_to (self->host, member->conn, &msg);
}

static weir_member_t *
s_find_instance (weir_coordinator_t *self, const Weir__Hello *hello)
{
	for (size_t i = 0; i < self->members.n; i++)
		if (memcmp (self->members.at[i].instance, hello->instance.data,
		            sizeof self->members.at[i].instance) == 0)
			return &self->members.at[i];
	return NULL;
}

static void
s_add_member (weir_coordinator_t *self, uint64_t conn, const Weir__Hello *hello)
{
	weir_member_t member = { .number = ++self->actor_last,
		                     .conn = conn,
		                     .kind = hello->kind,
		                     .endpoint = weir_strdup (hello->endpoint),
		                     .public_key_bytes = hello->public_key.len,
		                     .seen_ms = self->now_ms };
	memcpy (member.instance, hello->instance.data, sizeof member.instance);
	if (hello->public_key.len > 0)
		memcpy (member.public_key, hello->public_key.data, hello->public_key.len);
	s_send_welcome (self, &member);
	if (self->members.n > 0)
		s_send_peers (self, conn, self->members.at, self->members.n, false);
	s_send_peers (self, 0, &member, 1, false);
	weir_vec_push (&self->members, member);
	weir_core_actor_joined (self->core, member.number, (weir_kind_t) hello->kind, hello->slots,
	                        hello->memory_bytes);
	for (size_t i = 0; i < self->jobs.n; i++)
		if (self->jobs.at[i]->is_open)
			weir_coordinator_announce (self, self->jobs.at[i], &member);
	weir_log (
		WEIR_LOG_INFO, "coordinator", "actor %llu joined: %s at %s",
		(unsigned long long) member.number,
		protobuf_c_enum_descriptor_get_value (&weir__actor_kind__descriptor, (int) member.kind)
			->name,
		member.endpoint);
}

static void
s_lose_member (weir_coordinator_t *self, size_t at)
{
	weir_member_t gone = self->members.at[at];
	weir_vec_remove (&self->members, at);
	s_send_peers (self, 0, &gone, 1, true);
	weir_core_actor_gone (self->core, gone.number);
	weir_log (WEIR_LOG_WARN, "coordinator", "actor %llu at %s is gone",
	          (unsigned long long) gone.number, gone.endpoint);
	free (gone.endpoint);
}

static bool
s_has_open_job (const weir_coordinator_t *self)
{
	for (size_t i = 0; i < self->jobs.n; i++)
		if (self->jobs.at[i]->is_open)
			return true;
	return false;
}

static void
s_on_hello (void *arg, uint64_t conn, const Weir__Control *msg)
{
	weir_coordinator_t *self = arg;
	const Weir__Hello *hello = msg->hello;
	weir_err_t err;
	if (s_check_hello (self, hello, &err) != 0) {
		s_send_refused (self, conn, &err);
		return;
	}
	weir_member_t *known = s_find_instance (self, hello);
	if (known == NULL) {
		s_add_member (self, conn, hello);
		return;
	}
	if (known->conn != conn && s_has_open_job (self)) {
		/* What was said to its old connection may be lost with it, leases and orders too. */
		s_lose_member (self, (size_t) (known - self->members.at));
		s_add_member (self, conn, hello);
		return;
	}
	known->conn = conn; /* the same process again: it keeps its number */
	known->seen_ms = self->now_ms;
	s_send_welcome (self, known);
	s_send_peers (self, conn, self->members.at, self->members.n, false);
}

static void
s_on_heartbeat (void *arg, uint64_t conn, const Weir__Control *msg)
{
	weir_coordinator_t *self = arg;
	if (weir_coordinator_member_of_conn (self, conn) == NULL)
		return; /* without an acknowledgement it says HELLO again */
	Weir__HeartbeatAck ack = WEIR__HEARTBEAT_ACK__INIT;
	ack.seq = msg->heartbeat->seq;
	ack.generation = self->generation;
	Weir__Control answer = WEIR_CONTROL (HEARTBEAT_ACK, heartbeat_ack, &ack);
	(void) weir_host_send_to (self->host, conn, &answer);
}

static void
s_on_goodbye (void *arg, uint64_t conn, const Weir__Control *msg)
{
	(void) msg;
	weir_coordinator_t *self = arg;
	const weir_member_t *member = weir_coordinator_member_of_conn (self, conn);
	if (member != NULL)
		s_lose_member (self, (size_t) (member - self->members.at));
}

/* ---- time */

static void
s_check_redis (weir_coordinator_t *self)
{
	weir_err_t why;
	if (self->config.redis_check == NULL ||
	    self->config.redis_check (self->config.redis_check_arg, &why) == 0)
		return;
	for (size_t i = 0; i < self->jobs.n; i++)
		if (self->jobs.at[i]->is_open)
			weir_core_job_failed (self->core, self->jobs.at[i]->number, &why);
}

static void
s_on_tick (void *arg, int64_t now_ms)
{
	weir_coordinator_t *self = arg;
	self->now_ms = now_ms;
	weir_redis_tick (self->redis, now_ms);
	(void) s_watch_redis (self);
	s_check_redis (self);
	for (size_t i = 0; i < self->members.n;) {
		if (now_ms - self->members.at[i].seen_ms > WEIR_LOST_MS)
			s_lose_member (self, i);
		else
			i++;
	}
	for (size_t i = 0; i < self->jobs.n; i++) {
		weir_coordinated_job_t *job = self->jobs.at[i];
		int64_t every_ms = job->is_open ? PROGRESS_MS : PLANNING_MS;
		bool is_alive = job->is_open || job->state == WEIR_JOB_PLANNING;
		if (is_alive && now_ms - job->told_ms >= every_ms)
			weir_coordinator_tell_progress (self, job);
	}
}

static void
s_on_burst_end (void *arg)
{
	weir_coordinator_perform (arg);
}

const weir_actor_class_t weir_coordinator_class = {
	.name = "coordinator",
	.kind = WEIR__ACTOR_KIND__ACTOR_COORDINATOR,
	.start = s_start,
	.stop = s_stop,
	.on_tick = s_on_tick,
	.on_burst_end = s_on_burst_end,
	.on_task = weir_coordinator_on_planned,
	.on_task_dropped = weir_coordinator_drop_planning,
	.worker_run = weir_coordinator_run_planning,
	.on_control = {
	    [WEIR__CONTROL__BODY_CLIENT] = weir_coordinator_on_client,
	    [WEIR__CONTROL__BODY_HELLO] = s_on_hello,
	    [WEIR__CONTROL__BODY_HEARTBEAT] = s_on_heartbeat,
	    [WEIR__CONTROL__BODY_GOODBYE] = s_on_goodbye,
	    [WEIR__CONTROL__BODY_PLAN_REQUEST] = weir_coordinator_on_plan_request,
	    [WEIR__CONTROL__BODY_RESERVED] = weir_coordinator_on_reserved,
	    [WEIR__CONTROL__BODY_RELEASED] = weir_coordinator_on_released,
	    [WEIR__CONTROL__BODY_RUNS_SENT] = weir_coordinator_on_runs_sent,
	    [WEIR__CONTROL__BODY_RUNS_BACK] = weir_coordinator_on_runs_back,
	    [WEIR__CONTROL__BODY_HANDED_BACK] = weir_coordinator_on_handed_back,
	    [WEIR__CONTROL__BODY_FAILED] = weir_coordinator_on_failed,
	    [WEIR__CONTROL__BODY_WRITTEN] = weir_coordinator_on_written,
	    [WEIR__CONTROL__BODY_SYNCED] = weir_coordinator_on_synced,
	    [WEIR__CONTROL__BODY_FINISHED] = weir_coordinator_on_finished,
	},
};
