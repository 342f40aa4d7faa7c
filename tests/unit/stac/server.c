/* server.c - see server.h */
#include "server.h"

#include "runtime/base/mem.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUEST_BYTES_MAX (1 << 20)

typedef struct s_connection {
	struct s_connection *next;
	server_t *server;
	int fd;
	pthread_t thread;
} s_connection_t;

struct server {
	server_fn *fn;
	void *arg;
	int listener, port;
	pthread_t thread;
	pthread_mutex_t lock; /* the handler, the list, the counts */
	s_connection_t *connections;
	unsigned n_connections, n_open, n_open_max;
};

static bool
s_send (int fd, const char *text, size_t n)
{
	while (n > 0) {
		ssize_t sent = send (fd, text, n, MSG_NOSIGNAL);
		if (sent <= 0)
			return false;
		text += sent;
		n -= (size_t) sent;
	}
	return true;
}

static void
s_send_spaces (int fd, size_t n)
{
	enum { BLOCK = 1 << 16 };
	char spaces[BLOCK];
	memset (spaces, ' ', BLOCK);
	for (; n >= BLOCK && s_send (fd, spaces, BLOCK); n -= BLOCK)
		;
}

/* True: the connection stays. */
static bool
s_send_answer (int fd, const server_answer_t *answer)
{
	const char *body = answer->body != NULL ? answer->body : "";
	size_t n = strlen (body) + answer->length_added;
	char length[64] = "Connection: close\r\n";
	if (answer->spaces == 0)
		snprintf (length, sizeof length, "Content-Length: %zu\r\n", n);
	char *head = weir_asprintf ("HTTP/1.1 %d Answer\r\n%s%s\r\n",
	                            answer->status != 0 ? answer->status : 200, length,
	                            answer->headers != NULL ? answer->headers : "");
	bool good = s_send (fd, head, strlen (head)) &&
	            s_send (fd, body, strlen (body) - (answer->is_stalled ? 1 : 0));
	free (head);
	s_send_spaces (fd, answer->spaces);
	char byte;
	if (answer->is_stalled) /* until the client has had enough */
		while (recv (fd, &byte, 1, 0) > 0)
			;
	return good && answer->spaces == 0 && answer->length_added == 0 && !answer->is_stalled;
}

/* A whole request into buf; false where the client is gone. */
static bool
s_read_request (int fd, char *buf, size_t *n_head_out)
{
	size_t n = 0, n_body = 0;
	char *end = NULL;
	while (end == NULL || n < (size_t) (end - buf) + 4 + n_body) {
		ssize_t got = n + 1 < REQUEST_BYTES_MAX ? recv (fd, buf + n, REQUEST_BYTES_MAX - 1 - n, 0)
		                                        : 0;
		if (got <= 0)
			return false;
		n += (size_t) got;
		buf[n] = '\0';
		end = strstr (buf, "\r\n\r\n");
		const char *length = end != NULL ? strcasestr (buf, "\r\nContent-Length: ") : NULL;
		if (length != NULL && length < end)
			n_body = (size_t) strtoul (length + 18, NULL, 10);
	}
	*n_head_out = (size_t) (end - buf);
	return true;
}

static bool
s_answer (s_connection_t *self, char *buf, size_t n_head)
{
	char method[16] = "", path[4096] = "";
	server_answer_t answer = { 0 };
	sscanf (buf, "%15s %4095s", method, path);
	buf[n_head + 2] = '\0';
	const char *line = strstr (buf, "\r\n");
	server_request_t request = { method, path, line != NULL ? line + 2 : "", buf + n_head + 4 };
	pthread_mutex_lock (&self->server->lock);
	self->server->fn (self->server->arg, &request, &answer);
	pthread_mutex_unlock (&self->server->lock);
	bool stays = s_send_answer (self->fd, &answer);
	free (answer.headers);
	free (answer.body);
	return stays;
}

static void *
s_serve (void *arg)
{
	s_connection_t *self = arg;
	char *buf = weir_alloc (REQUEST_BYTES_MAX);
	size_t n_head;
	while (s_read_request (self->fd, buf, &n_head) && s_answer (self, buf, n_head))
		;
	free (buf);
	shutdown (self->fd, SHUT_RDWR);
	pthread_mutex_lock (&self->server->lock);
	self->server->n_open--;
	pthread_mutex_unlock (&self->server->lock);
	return NULL;
}

static void *
s_accept (void *arg)
{
	server_t *self = arg;
	for (;;) {
		int fd = accept (self->listener, NULL, NULL), on = 1;
		if (fd < 0)
			return NULL;
		setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
		s_connection_t *connection = weir_alloc (sizeof *connection);
		connection->server = self;
		connection->fd = fd;
		pthread_mutex_lock (&self->lock);
		connection->next = self->connections;
		self->connections = connection;
		self->n_connections++;
		if (++self->n_open > self->n_open_max)
			self->n_open_max = self->n_open;
		weir_assert (pthread_create (&connection->thread, NULL, s_serve, connection) == 0);
		pthread_mutex_unlock (&self->lock);
	}
}

server_t *
server_start (server_fn *fn, void *arg)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_ANY) };
	socklen_t n = sizeof address;
	server_t *self = weir_alloc (sizeof *self);
	self->fn = fn;
	self->arg = arg;
	self->listener = socket (AF_INET, SOCK_STREAM, 0);
	if (bind (self->listener, (struct sockaddr *) &address, n) != 0 ||
	    listen (self->listener, 64) != 0 ||
	    getsockname (self->listener, (struct sockaddr *) &address, &n) != 0) {
		close (self->listener);
		free (self);
		return NULL;
	}
	self->port = ntohs (address.sin_port);
	pthread_mutex_init (&self->lock, NULL);
	weir_assert (pthread_create (&self->thread, NULL, s_accept, self) == 0);
	return self;
}

void
server_stop (server_t **self_p)
{
	server_t *self = *self_p;
	*self_p = NULL;
	shutdown (self->listener, SHUT_RDWR);
	pthread_join (self->thread, NULL);
	close (self->listener);
	while (self->connections != NULL) {
		s_connection_t *connection = self->connections;
		self->connections = connection->next;
		shutdown (connection->fd, SHUT_RDWR);
		pthread_join (connection->thread, NULL);
		close (connection->fd);
		free (connection);
	}
	pthread_mutex_destroy (&self->lock);
	free (self);
}

int
server_port (const server_t *self)
{
	return self->port;
}

unsigned
server_n_connections (const server_t *self)
{
	return self->n_connections;
}

unsigned
server_n_at_once_max (const server_t *self)
{
	return self->n_open_max;
}
