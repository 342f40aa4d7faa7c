/* server.c - a private redis-server on a unix socket, for one job on one machine
 *
 * Its life hangs on the thread that started it (PR_SET_PDEATHSIG is sent when the *thread* ends,
 * not the process): start it from the main thread.
 */
#include "connectors/redis/internal.h"
#include "runtime/base/mem.h"
#include "runtime/host/bound.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define S_CODE "RedisUnavailable"
#define S_SOCKET "redis.sock"
#define S_LOG "redis.log"
#define S_OUTPUT "redis.out" /* what is said before the log is open */
#define S_STOP_MS 2000
#define S_ARGS_MAX 64

struct weir_redis_server {
	char *dir, *socket, *log, *output, *url;
	pid_t pid;
	bool is_reaped;
	int wait_status;
};

/* No persistence, no TCP, nothing that costs time at the start or memory later. */
static const char *const s_options[] = {
	"--port",
	"0",
	"--unixsocketperm",
	"700",
	"--daemonize",
	"no",
	"--save",
	"",
	"--appendonly",
	"no",
	"--databases",
	"1",
	"--maxclients",
	"64",
	"--io-threads",
	"1",
	"--hz",
	"10",
	"--loglevel",
	"notice",
	"--always-show-logo",
	"no",
	"--set-proc-title",
	"no",
	"--latency-tracking",
	"no",
	"--slowlog-max-len",
	"0",
	"--jemalloc-bg-thread",
	"no",
	"--crash-log-enabled",
	"no",
	"--maxmemory-policy",
	"noeviction",
	"--timeout",
	"0",
};

/* ---- why it ended */

/* The last line with words in it, without Redis' prefix "pid:role day month year time mark ". */
static bool
s_read_last_line (const char *path, char *line, size_t line_bytes)
{
	char text[4096];
	FILE *file = fopen (path, "re");
	if (file == NULL)
		return false;
	if (fseek (file, -(long) (sizeof text - 1), SEEK_END) != 0)
		rewind (file);
	size_t n = fread (text, 1, sizeof text - 1, file);
	fclose (file);
	while (n > 0 && strchr (" \t\r\n", text[n - 1]) != NULL)
		n--;
	text[n] = '\0';
	const char *last = strrchr (text, '\n');
	last = last != NULL ? last + 1 : text;
	int prefix = 0;
	sscanf (last, "%*d:%*c %*d %*s %*d %*s %*1[#*.-] %n", &prefix);
	snprintf (line, line_bytes, "%s", last + prefix);
	return line[0] != '\0';
}

static int
s_explain_end (weir_redis_server_t *self, weir_err_t *err)
{
	char line[1024];
	bool has_line = s_read_last_line (self->output, line, sizeof line) ||
	                s_read_last_line (self->log, line, sizeof line);
	if (!has_line && WIFSIGNALED (self->wait_status))
		snprintf (line, sizeof line, "%s", strsignal (WTERMSIG (self->wait_status)));
	else if (!has_line)
		snprintf (line, sizeof line, "exit status %d", WEXITSTATUS (self->wait_status));
	return weir_err_set (err, WEIR_E_IO, WEIR_CLASS_GIVE_UP, S_CODE, NULL,
	                     "redis-server: ended: %s", line);
}

/* true once the child has ended; then it is no zombie any more. */
static bool
s_reap_server (weir_redis_server_t *self)
{
	if (self->is_reaped)
		return true;
	pid_t got;
	do {
		got = waitpid (self->pid, &self->wait_status, WNOHANG);
	} while (got < 0 && errno == EINTR);
	self->is_reaped = got != 0; /* also when somebody else has waited for it */
	return self->is_reaped;
}

int
weir_redis_server_check (weir_redis_server_t *self, weir_err_t *err)
{
	return s_reap_server (self) ? s_explain_end (self, err) : 0;
}

/* ---- start */

static void
s_free_server (weir_redis_server_t *self)
{
	free (self->dir);
	free (self->socket);
	free (self->log);
	free (self->output);
	free (self->url);
	free (self);
}

static weir_redis_server_t *
s_new_server (const char *dir)
{
	weir_redis_server_t *self = weir_alloc (sizeof *self);
	self->dir = weir_strdup (dir);
	self->socket = weir_asprintf ("%s/" S_SOCKET, dir);
	self->log = weir_asprintf ("%s/" S_LOG, dir);
	self->output = weir_asprintf ("%s/" S_OUTPUT, dir);
	self->url = weir_asprintf ("unix://%s", self->socket);
	return self;
}

static void
s_remove_files (const weir_redis_server_t *self)
{
	unlink (self->socket);
	unlink (self->log);
	unlink (self->output);
}

static void
s_fill_args (const weir_redis_server_t *self, const char **args)
{
	size_t n = 0;
	args[n++] = "redis-server";
	for (size_t i = 0; i < sizeof s_options / sizeof *s_options; i++)
		args[n++] = s_options[i];
	const char *const own[] = { "--dir",      self->dir,   "--unixsocket",
		                        self->socket, "--logfile", self->log };
	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		args[n++] = own[i];
	weir_assert (n < S_ARGS_MAX);
	args[n] = NULL;
}

int
weir_redis_server_start (const char *dir, weir_redis_server_t **server_out, weir_err_t *err)
{
	*server_out = NULL;
	size_t limit = sizeof ((struct sockaddr_un *) 0)->sun_path - 1;
	char *absolute = realpath (dir, NULL);
	if (absolute == NULL)
		return weir_err_set (err, WEIR_E_IO, WEIR_CLASS_GIVE_UP, S_CODE, dir,
		                     "folder of the private redis-server: %s", strerror (errno));
	weir_redis_server_t *self = s_new_server (absolute);
	free (absolute);
	int status = 0;
	if (strlen (self->socket) > limit) {
		status = weir_err_set (err, WEIR_E_IO, WEIR_CLASS_GIVE_UP, S_CODE, self->socket,
		                       "path of a unix socket is too long: %zu bytes, at most %zu",
		                       strlen (self->socket), limit);
		s_free_server (self);
		return status;
	}
	const char *args[S_ARGS_MAX];
	s_fill_args (self, args);
	s_remove_files (self); /* of a run that was killed */
	int spawned = weir_bound_spawn (args[0], args, self->output, &self->pid);
	if (spawned != 0) {
		status = weir_err_set (err, WEIR_E_IO, WEIR_CLASS_GIVE_UP, S_CODE, NULL,
		                       "redis-server: cannot start: %s", strerror (spawned));
		s_remove_files (self);
		s_free_server (self);
		return status;
	}
	*server_out = self;
	return 0;
}

const char *
weir_redis_server_url (const weir_redis_server_t *self)
{
	return self->url;
}

pid_t
weir_redis_server_pid (const weir_redis_server_t *self)
{
	return self->pid;
}

/* ---- stop */

/* Asks over the socket, which is answered at once; a signal is only looked at when redis-server's
 * own timer fires. */
static void
s_ask_shutdown (const weir_redis_server_t *self)
{
	static const char s_words[] = "SHUTDOWN NOSAVE\r\n";
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	memcpy (address.sun_path, self->socket, strlen (self->socket) + 1);
	int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return;
	if (connect (fd, (struct sockaddr *) &address, sizeof address) == 0)
		(void) !send (fd, s_words, sizeof s_words - 1, MSG_NOSIGNAL);
	close (fd);
}

static bool
s_wait_end (weir_redis_server_t *self, int timeout_ms)
{
	int64_t deadline = weir_redis_clock_ms () + timeout_ms;
	while (!s_reap_server (self)) {
		if (weir_redis_clock_ms () >= deadline)
			return false;
		usleep (500);
	}
	return true;
}

void
weir_redis_server_stop (weir_redis_server_t **self_p)
{
	if (self_p == NULL || *self_p == NULL)
		return;
	weir_redis_server_t *self = *self_p;
	*self_p = NULL;
	if (!s_reap_server (self)) {
		s_ask_shutdown (self);
		if (!s_wait_end (self, 50))
			kill (self->pid, SIGTERM);
		if (!s_wait_end (self, S_STOP_MS)) {
			kill (self->pid, SIGKILL);
			while (!self->is_reaped && waitpid (self->pid, &self->wait_status, 0) < 0 &&
			       errno == EINTR)
				;
		}
	}
	s_remove_files (self);
	s_free_server (self);
}
