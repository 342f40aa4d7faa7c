/* local.c - see local.h */
#include "actors/local/local.h"

#include "actors/compute/compute.h"
#include "actors/reader/reader.h"
#include "actors/sink/sink.h"
#include "connectors/redis/redis.h"
#include "cube/process/process.h"
#include "runtime/host/child.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "runtime/base/vec.h"

#define ACTORS_MAX 256
#define GRANT_BYTES ((uint64_t) 40 << 20) /* what collectors let others send them, all together */
#define CREDIT_BYTES ((uint64_t) 16 << 20)
#define REDIS_WAIT_MS 5000
#define CHILD_GRACE_MS 5000
#define CHILD_RESTARTS_MAX 3

typedef struct {
	weir_host_thread_t *thread;
	void *self;
	void (*destroy) (void *self);
} weir_local_actor_t;

struct weir_local {
	char *temp_dir;
	char *endpoint;
	weir_redis_server_t *server;
	weir_coordinator_t *coordinator;
	weir_host_thread_t *coordinator_thread;
	WEIR_VEC (weir_local_actor_t) actors;
	WEIR_VEC (weir_child_t *) children;
	pthread_mutex_t mutex;
	pthread_cond_t cond;
	bool is_started; /* the coordinator has said how its start went */
	bool has_failed;
	weir_err_t error;
};

/* ---- the machine */

static uint64_t
s_read_limit (const char *path)
{
	FILE *file = fopen (path, "re");
	char text[64] = "";
	if (file == NULL)
		return UINT64_MAX;
	bool has_line = fgets (text, sizeof text, file) != NULL;
	fclose (file);
	char *end;
	uint64_t bytes = strtoull (text, &end, 10);
	return has_line && end != text && bytes > 0 ? bytes : UINT64_MAX;
}

uint64_t
weir_memory_default (void)
{
	struct sysinfo info;
	uint64_t bytes = sysinfo (&info) == 0 ? (uint64_t) info.totalram * info.mem_unit
	                                      : (uint64_t) 1 << 30;
	uint64_t v2 = s_read_limit ("/sys/fs/cgroup/memory.max");
	uint64_t v1 = s_read_limit ("/sys/fs/cgroup/memory/memory.limit_in_bytes");
	bytes = v2 < bytes ? v2 : bytes;
	bytes = v1 < bytes ? v1 : bytes;
	return bytes / 2;
}

uint32_t
weir_cpus (void)
{
	cpu_set_t set;
	int n = sched_getaffinity (0, sizeof set, &set) == 0 ? CPU_COUNT (&set) : 1;
	return n > 0 ? (uint32_t) n : 1;
}

/* ---- actors */

static void
s_destroy_reader (void *self)
{
	weir_reader_t *reader = self;
	weir_reader_destroy (&reader);
}

static void
s_destroy_compute (void *self)
{
	weir_compute_t *compute = self;
	weir_compute_destroy (&compute);
}

static void
s_destroy_sink (void *self)
{
	weir_sink_t *sink = self;
	weir_sink_destroy (&sink);
}

static int
s_start_actor (weir_local_t *self, const weir_actor_class_t *klass, void *actor,
               void (*destroy) (void *), uint32_t n_workers, weir_err_t *err)
{
	char endpoint[128];
	snprintf (endpoint, sizeof endpoint, "%s-%s-%zu", self->endpoint, klass->name, self->actors.n);
	weir_host_config_t config = { .control = self->endpoint,
		                          .endpoint = endpoint,
		                          .n_workers = n_workers };
	weir_local_actor_t entry = { .self = actor, .destroy = destroy };
	int status = weir_host_thread_start (klass, actor, &config, &entry.thread, err);
	if (status != 0)
		destroy (actor);
	else
		weir_vec_push (&self->actors, entry);
	return status;
}

/* ---- actors as processes */

static int
s_find_exe (char *exe, size_t exe_bytes, weir_err_t *err)
{
	ssize_t n = readlink ("/proc/self/exe", exe, exe_bytes - 1);
	if (n <= 0)
		return weir_err_set (err, WEIR_E_IO, WEIR_CLASS_GIVE_UP, "ActorUnavailable",
		                     "/proc/self/exe", "cannot find this program: %s", strerror (errno));
	exe[n] = '\0';
	return 0;
}

static int
s_start_child (weir_local_t *self, const char *kind, const weir_local_config_t *config,
               weir_err_t *err)
{
	char exe[4096], listen[160], slots[16], memory[32];
	int status = s_find_exe (exe, sizeof exe, err);
	if (status != 0)
		return status;
	snprintf (listen, sizeof listen, "%s-%zu", self->endpoint, self->children.n);
	snprintf (slots, sizeof slots, "%u", config->n_slots);
	snprintf (memory, sizeof memory, "%llu", (unsigned long long) config->memory_bytes);
	const char *args[] = { "actor",   kind,  "--coordinator", self->endpoint, "--listen", listen,
		                   "--slots", slots, "--memory",      memory,         NULL };
	weir_child_t *child;
	status = weir_child_start (exe, args, &child, err);
	if (status == 0)
		weir_vec_push (&self->children, child);
	return status;
}

static int
s_start_children (weir_local_t *self, const weir_local_config_t *config, weir_err_t *err)
{
	int status = 0;
	for (uint32_t i = 0; i < config->n_sinks && status == 0; i++)
		status = s_start_child (self, "sink", config, err);
	for (uint32_t i = 0; i < config->n_computes && status == 0; i++)
		status = s_start_child (self, "compute", config, err);
	for (uint32_t i = 0; i < config->n_readers && status == 0; i++)
		status = s_start_child (self, "reader", config, err);
	return status;
}

int
weir_local_check (weir_local_t *self, weir_err_t *err)
{
	for (size_t i = 0; i < self->children.n; i++) {
		weir_child_t *child = self->children.at[i];
		if (weir_child_is_running (child))
			continue;
		if (weir_child_n_restarts (child) >= CHILD_RESTARTS_MAX)
			return weir_err_set (err, WEIR_E_IO, WEIR_CLASS_GIVE_UP, "ActorUnavailable", "",
			                     "actor process: ended %d times", CHILD_RESTARTS_MAX + 1);
		weir_log (WEIR_LOG_WARN, "launcher", "an actor process has ended: started again");
		int status = weir_child_restart (child, err);
		if (status != 0)
			return status;
	}
	return 0;
}

static void
s_stop_children (weir_local_t *self)
{
	for (size_t i = 0; i < self->children.n; i++)
		weir_child_ask_stop (self->children.at[i]);
	for (size_t i = 0; i < self->children.n; i++)
		weir_child_destroy (&self->children.at[i], CHILD_GRACE_MS);
	weir_vec_clear (&self->children);
}

static int
s_start_actors (weir_local_t *self, const weir_local_config_t *config, weir_err_t *err)
{
	if (config->as_processes)
		return s_start_children (self, config, err);
	uint64_t hash = weir_process_registry_hash (), memory = config->memory_bytes;
	int status = 0;
	for (uint32_t i = 0; i < config->n_sinks && status == 0; i++)
		status = s_start_actor (self, &weir_sink_class, weir_sink_new (CREDIT_BYTES, hash),
		                        s_destroy_sink, 1, err);
	for (uint32_t i = 0; i < config->n_computes && status == 0; i++) {
		uint64_t grant = GRANT_BYTES / config->n_computes;
		void *compute = weir_compute_new (config->n_slots, memory,
		                                  grant < memory / 4 ? grant : memory / 4, hash);
		status = s_start_actor (self, &weir_compute_class, compute, s_destroy_compute,
		                        config->n_slots, err);
	}
	for (uint32_t i = 0; i < config->n_readers && status == 0; i++) {
		weir_reader_t *reader = weir_reader_new (config->n_slots, memory, hash);
		weir_reader_set_remote_slots (reader, config->n_remote_slots);
		status = s_start_actor (self, &weir_reader_class, reader, s_destroy_reader,
		                        config->n_remote_slots, err);
	}
	return status;
}

/* ---- Redis and the coordinator */

static int
s_make_temp_dir (weir_local_t *self, weir_err_t *err)
{
	const char *base = getenv ("TMPDIR");
	/* A unix socket's path has little room: a long TMPDIR would not do. */
	if (base == NULL || base[0] != '/' || strlen (base) > 60)
		base = "/tmp";
	self->temp_dir = weir_asprintf ("%s/weir-XXXXXX", base);
	if (mkdtemp (self->temp_dir) != NULL)
		return 0;
	int error = errno;
	weir_err_set (err, WEIR_E_IO, WEIR_CLASS_GIVE_UP, "OutputUnwritable", self->temp_dir,
	              "cannot make a temporary folder: %s", strerror (error));
	free (self->temp_dir);
	self->temp_dir = NULL;
	return err->status;
}

static int
s_check_server (void *arg, weir_err_t *err)
{
	weir_local_t *self = arg;
	return weir_redis_server_check (self->server, err);
}

static void
s_on_started (void *arg, const weir_err_t *err)
{
	weir_local_t *self = arg;
	pthread_mutex_lock (&self->mutex);
	self->is_started = true;
	self->has_failed = err != NULL;
	if (err != NULL)
		self->error = *err;
	pthread_cond_signal (&self->cond);
	pthread_mutex_unlock (&self->mutex);
}

static int
s_start_coordinator (weir_local_t *self, const weir_local_config_t *config, weir_err_t *err)
{
	weir_coordinator_config_t coordinator = {
		.redis_url = weir_local_redis_url (self) != NULL ? weir_local_redis_url (self)
		                                                 : config->redis_url,
		.redis_timeout_ms = REDIS_WAIT_MS,
		.cluster = "local",
		.n_slots = config->n_readers * config->n_slots,
		.memory_bytes = config->memory_bytes,
		.registry_hash = weir_process_registry_hash (),
		.plan = config->plan,
		.plan_arg = config->plan_arg,
		.redis_check = self->server != NULL ? s_check_server : NULL,
		.redis_check_arg = self,
		.on_started = s_on_started,
		.on_started_arg = self,
	};
	self->coordinator = weir_coordinator_new (&coordinator);
	weir_host_config_t host = { .control = self->endpoint, .n_workers = 1, .tick_ms = 50 };
	return weir_host_thread_start (&weir_coordinator_class, self->coordinator, &host,
	                               &self->coordinator_thread, err);
}

static int
s_wait_started (weir_local_t *self, weir_err_t *err)
{
	pthread_mutex_lock (&self->mutex);
	while (!self->is_started && !weir_host_thread_is_done (self->coordinator_thread)) {
		struct timespec until; /* a loop that ends before its actor starts tells nobody */
		clock_gettime (CLOCK_REALTIME, &until);
		until.tv_sec++;
		pthread_cond_timedwait (&self->cond, &self->mutex, &until);
	}
	bool is_started = self->is_started;
	pthread_mutex_unlock (&self->mutex);
	if (!is_started) {
		int status = weir_host_thread_join (&self->coordinator_thread, err);
		return status != 0 ? status
		                   : weir_err_set (err, WEIR_E_BUG, WEIR_CLASS_BUG, "Internal", "",
		                                   "coordinator: ended before it began");
	}
	if (self->has_failed)
		*err = self->error;
	return self->has_failed ? err->status : 0;
}

static void
s_name_endpoint (weir_local_t *self, const weir_local_config_t *config)
{
	uint64_t random;
	weir_host_random (&random, sizeof random);
	self->endpoint = config->as_processes
	                     ? weir_asprintf ("ipc://%s/c", self->temp_dir)
	                     : weir_asprintf ("inproc://weir-%016llx", (unsigned long long) random);
}

/* Sockets that actors bound in the temporary folder; an actor that was killed leaves its own. */
static void
s_remove_sockets (const weir_local_t *self, size_t n_children)
{
	for (size_t i = 0; i <= n_children && self->endpoint != NULL; i++) {
		char *path = i == n_children ? weir_asprintf ("%s/c", self->temp_dir)
		                             : weir_asprintf ("%s/c-%zu", self->temp_dir, i);
		(void) unlink (path);
		free (path);
	}
}

int
weir_local_start (const weir_local_config_t *given, weir_local_t **local_out, weir_err_t *err)
{
	weir_local_config_t config = *given;
	config.n_readers = config.n_readers > 0 ? config.n_readers : 1;
	config.n_computes = config.n_computes > 0 ? config.n_computes : 1;
	config.n_sinks = config.n_sinks > 0 ? config.n_sinks : 1;
	if (config.n_remote_slots == 0)
		config.n_remote_slots = config.n_slots > 0 ? config.n_slots : WEIR_READER_REMOTE_SLOTS;
	config.n_slots = config.n_slots > 0 ? config.n_slots : weir_cpus ();
	if (config.n_remote_slots < config.n_slots)
		config.n_remote_slots = config.n_slots;
	config.memory_bytes = config.memory_bytes > 0 ? config.memory_bytes : weir_memory_default ();
	weir_local_t *self = weir_alloc (sizeof *self);
	pthread_mutex_init (&self->mutex, NULL);
	pthread_cond_init (&self->cond, NULL);
	int status = config.redis_url == NULL || config.as_processes ? s_make_temp_dir (self, err) : 0;
	if (status == 0)
		s_name_endpoint (self, &config);
	if (status == 0 && config.redis_url == NULL)
		status = weir_redis_server_start (self->temp_dir, &self->server, err);
	if (status == 0)
		status = s_start_coordinator (self, &config, err);
	if (status == 0)
		status = s_start_actors (self, &config, err);
	if (self->coordinator_thread != NULL) {
		weir_err_t why;
		int waited = s_wait_started (self, &why);
		if (status == 0 && waited != 0) {
			*err = why;
			status = waited;
		}
	}
	if (status != 0)
		weir_local_stop (&self);
	*local_out = self;
	return status;
}

const char *
weir_local_endpoint (const weir_local_t *self)
{
	return self->endpoint;
}

const char *
weir_local_redis_url (const weir_local_t *self)
{
	return self->server != NULL ? weir_redis_server_url (self->server) : NULL;
}

/* Actors first, while the coordinator still answers them; Redis last. */
void
weir_local_stop (weir_local_t **self_p)
{
	weir_local_t *self = *self_p;
	if (self == NULL)
		return;
	weir_err_t ignored;
	size_t n_children = self->children.n;
	s_stop_children (self);
	for (size_t i = 0; i < self->actors.n; i++)
		weir_host_thread_stop (self->actors.at[i].thread);
	for (size_t i = 0; i < self->actors.n; i++)
		(void) weir_host_thread_join (&self->actors.at[i].thread, &ignored);
	if (self->coordinator_thread != NULL) {
		weir_host_thread_stop (self->coordinator_thread);
		(void) weir_host_thread_join (&self->coordinator_thread, &ignored);
	}
	for (size_t i = 0; i < self->actors.n; i++)
		self->actors.at[i].destroy (self->actors.at[i].self);
	weir_vec_clear (&self->actors);
	weir_coordinator_destroy (&self->coordinator);
	weir_redis_server_stop (&self->server);
	if (self->temp_dir != NULL)
		s_remove_sockets (self, n_children);
	if (self->temp_dir != NULL)
		(void) rmdir (self->temp_dir);
	free (self->temp_dir);
	free (self->endpoint);
	pthread_mutex_destroy (&self->mutex);
	pthread_cond_destroy (&self->cond);
	free (self);
	*self_p = NULL;
}
