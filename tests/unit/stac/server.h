/* server.h - a small HTTP/1.1 server inside a test: a thread a connection, kept alive; a function
 * answers */
#ifndef WEIR_TESTS_STAC_SERVER_H
#define WEIR_TESTS_STAC_SERVER_H

#include <stdbool.h>
#include <stddef.h>

typedef struct {
	const char *method, *path; /* with the query */
	const char *headers;       /* raw, each with CRLF */
	const char *body;
} server_request_t;

typedef struct {         /* begins as zeros; texts are freed by the server */
	int status;          /* 0: 200 */
	char *headers;       /* raw, each with CRLF; or NULL */
	char *body;          /* or NULL */
	size_t spaces;       /* bytes of blanks after the body, without a length */
	size_t length_added; /* promised and never sent, then the connection is closed */
	bool is_stalled;     /* the last byte is never sent, the connection stays */
} server_answer_t;

/* Called by many threads, one at a time. */
typedef void server_fn (void *arg, const server_request_t *request, server_answer_t *answer);

typedef struct server server_t;
server_t *server_start (server_fn *fn, void *arg); /* NULL: no socket on the loopback */
void server_stop (server_t **self_p);
int server_port (const server_t *self);
unsigned server_n_connections (const server_t *self); /* so far */
unsigned server_n_at_once_max (const server_t *self); /* connections open */

#endif
