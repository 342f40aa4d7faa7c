/* bench-host.c - messages per second of the host's links, with a leader and two actors on threads
 *
 * data      partials of 64 bytes, or of 1 MiB, from one actor to the other; every burst is
 *           answered by one Stored
 * control   orders from the leader in lists of 64, each list answered by one RunsSent
 * Both over inproc and ipc; the sender keeps a window open, as credit does. One line a case.
 *
 * Usage     bench-host [messages, default 1000000]
 */
#include "runtime/host/host.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LIST 64
#define PAYLOADS 16

typedef struct {
	weir_host_t *host;
	uint64_t number, conn, endpoint_conns[2];
	char *endpoints[2];
	struct course *course;
} s_actor_t;

typedef struct course {
	uint64_t n_total, window, n_sent, n_answered, n_taken;
	size_t payload_bytes;
	bool is_control;
	weir_buf_t *payloads[PAYLOADS];
	uint64_t refs[WEIR_LIST_MAX / 8];
	uint32_t n_refs;
	struct timespec begin, end;
	atomic_bool is_done;
	s_actor_t leader, a, b;
} s_course_t;

static void
s_finish (s_course_t *course)
{
	clock_gettime (CLOCK_MONOTONIC, &course->end);
	atomic_store (&course->is_done, true);
}

static int
s_start (void *arg, weir_host_t *host, weir_err_t *err)
{
	(void) err;
	((s_actor_t *) arg)->host = host;
	return 0;
}

/* ---- the leader */

static void
s_tell_peer (s_actor_t *self, uint64_t to, uint64_t about)
{
	Weir__Peer peer = WEIR__PEER__INIT, *peers = &peer;
	peer.actor = about;
	peer.endpoint = self->endpoints[about - 1];
	Weir__Peers body = WEIR__PEERS__INIT;
	body.n_peers = 1;
	body.peers = &peers;
	Weir__Control msg = WEIR_CONTROL (PEERS, peers, &body);
	weir_host_send_to (self->host, self->endpoint_conns[to - 1], &msg);
}

static void
s_send_orders (s_actor_t *self)
{
	s_course_t *course = self->course;
	Weir__Order orders[LIST], *list[LIST];
	while (course->n_sent < course->n_total &&
	       course->n_sent - course->n_answered < course->window) {
		for (int i = 0; i < LIST; i++) {
			weir__order__init (&orders[i]);
			orders[i].chunk = course->n_sent++;
			orders[i].token_hi = orders[i].token_lo = UINT64_C (0x123456789ABCDEF0);
			orders[i].collector = 2;
			orders[i].grant_bytes = 1 << 20;
			list[i] = &orders[i];
		}
		Weir__Orders body = WEIR__ORDERS__INIT;
		body.n_orders = LIST;
		body.orders = list;
		Weir__Control msg = WEIR_CONTROL (ORDERS, orders, &body);
		weir_host_send_to (self->host, self->endpoint_conns[0], &msg);
	}
}

static void
s_on_hello (void *arg, uint64_t conn, const Weir__Control *in)
{
	s_actor_t *self = arg;
	size_t i = in->hello->kind == WEIR__ACTOR_KIND__ACTOR_READER ? 0 : 1;
	self->endpoint_conns[i] = conn;
	if (self->endpoints[i] == NULL)
		self->endpoints[i] = strdup (in->hello->endpoint);
	Weir__Welcome welcome = WEIR__WELCOME__INIT;
	welcome.protocol = WEIR_PROTOCOL_MAX;
	welcome.actor = i + 1;
	welcome.generation = 1;
	welcome.heartbeat_ms = welcome.lost_ms = 600000;
	Weir__Control msg = WEIR_CONTROL (WELCOME, welcome, &welcome);
	weir_host_send_to (self->host, conn, &msg);
	if (self->endpoints[0] == NULL || self->endpoints[1] == NULL)
		return;
	s_tell_peer (self, 1, 2);
	s_tell_peer (self, 2, 1);
	if (self->course->is_control)
		s_send_orders (self);
	clock_gettime (CLOCK_MONOTONIC, &self->course->begin);
}

static void
s_on_runs_sent (void *arg, uint64_t conn, const Weir__Control *in)
{
	(void) conn;
	s_actor_t *self = arg;
	self->course->n_answered += in->runs_sent->n_runs;
	if (self->course->n_answered >= self->course->n_total)
		s_finish (self->course);
	s_send_orders (self);
}

/* ---- the reader: sends partials, answers orders */

static void
s_send_partials (void *arg)
{
	s_actor_t *self = arg;
	s_course_t *course = self->course;
	if (self->number == 0 || course->is_control)
		return;
	while (course->n_sent < course->n_total &&
	       course->n_sent - course->n_answered < course->window) {
		Weir__Partial partial = WEIR__PARTIAL__INIT;
		partial.job = 1;
		partial.generation = 1;
		partial.chunk = course->n_sent;
		partial.token_hi = partial.token_lo = UINT64_C (0x123456789ABCDEF0);
		Weir__Data msg = WEIR_DATA (PARTIAL, partial, &partial);
		weir_buf_t *buf = weir_buf_ref (course->payloads[course->n_sent % PAYLOADS]);
		if (!weir_host_send_data (self->host, 2, &msg, &buf))
			return; /* not named yet */
		course->n_sent++;
	}
}

static void
s_on_tick (void *arg, int64_t now_ms)
{
	(void) now_ms;
	s_send_partials (arg);
}

static void
s_on_stored (void *arg, uint64_t peer, const Weir__Data *in, weir_buf_t **payload_p)
{
	(void) peer;
	(void) payload_p;
	s_actor_t *self = arg;
	self->course->n_answered += in->stored->n_chunks;
	if (self->course->n_answered >= self->course->n_total)
		s_finish (self->course);
}

static void
s_on_orders (void *arg, uint64_t conn, const Weir__Control *in)
{
	(void) conn;
	s_actor_t *self = arg;
	Weir__RunRef refs[LIST], *list[LIST];
	size_t n = in->orders->n_orders < LIST ? in->orders->n_orders : LIST;
	for (size_t i = 0; i < n; i++) {
		weir__run_ref__init (&refs[i]);
		refs[i].chunk = in->orders->orders[i]->chunk;
		refs[i].token_hi = in->orders->orders[i]->token_hi;
		refs[i].token_lo = in->orders->orders[i]->token_lo;
		list[i] = &refs[i];
	}
	Weir__RunsSent body = WEIR__RUNS_SENT__INIT;
	body.n_runs = n;
	body.runs = list;
	Weir__Control msg = WEIR_CONTROL (RUNS_SENT, runs_sent, &body);
	weir_host_send (self->host, &msg);
}

static void
s_on_registered (void *arg, uint64_t actor, uint64_t generation)
{
	(void) generation;
	((s_actor_t *) arg)->number = actor;
}

/* ---- the collector: answers each burst with one list */

static void
s_on_partial (void *arg, uint64_t peer, const Weir__Data *in, weir_buf_t **payload_p)
{
	(void) peer;
	(void) payload_p;
	s_course_t *course = ((s_actor_t *) arg)->course;
	course->refs[course->n_refs++] = in->partial->chunk;
}

static void
s_answer_burst (void *arg)
{
	s_actor_t *self = arg;
	s_course_t *course = self->course;
	Weir__ChunkRef refs[1024], *list[1024];
	for (uint32_t first = 0; first < course->n_refs; first += 1024) {
		uint32_t n = course->n_refs - first < 1024 ? course->n_refs - first : 1024;
		for (uint32_t i = 0; i < n; i++) {
			weir__chunk_ref__init (&refs[i]);
			refs[i].chunk = course->refs[first + i];
			list[i] = &refs[i];
		}
		Weir__Stored stored = WEIR__STORED__INIT;
		stored.n_chunks = n;
		stored.chunks = list;
		Weir__Data msg = WEIR_DATA (STORED, stored, &stored);
		(void) weir_host_send_data (self->host, 1, &msg, NULL);
	}
	course->n_refs = 0;
}

static const weir_actor_class_t s_leader_class = {
	.name = "leader",
	.kind = WEIR__ACTOR_KIND__ACTOR_COORDINATOR,
	.start = s_start,
	.on_control = { [WEIR__CONTROL__BODY_HELLO] = s_on_hello,
	                [WEIR__CONTROL__BODY_RUNS_SENT] = s_on_runs_sent },
};
static const weir_actor_class_t s_reader_class = {
	.name = "reader",
	.kind = WEIR__ACTOR_KIND__ACTOR_READER,
	.start = s_start,
	.on_registered = s_on_registered,
	.on_tick = s_on_tick,
	.on_burst_end = s_send_partials,
	.on_control = { [WEIR__CONTROL__BODY_ORDERS] = s_on_orders },
	.on_data = { [WEIR__DATA__BODY_STORED] = s_on_stored },
};
static const weir_actor_class_t s_collector_class = {
	.name = "collector",
	.kind = WEIR__ACTOR_KIND__ACTOR_COMPUTE,
	.start = s_start,
	.on_burst_end = s_answer_burst,
	.on_data = { [WEIR__DATA__BODY_PARTIAL] = s_on_partial },
};

static void
s_launch (const weir_actor_class_t *klass, s_actor_t *actor, const weir_host_config_t *config,
          weir_host_thread_t **thread_out)
{
	weir_err_t err;
	if (weir_host_thread_start (klass, actor, config, thread_out, &err) == 0)
		return;
	fprintf (stderr, "bench-host: %s: %s\n", klass->name, err.text);
	exit (1);
}

static void
s_run_course (s_course_t *course, const char *scheme, const char *name)
{
	char control[64], a[64], b[64];
	snprintf (control, sizeof control, "%s-leader-%s", scheme, name);
	snprintf (a, sizeof a, "%s-a-%s", scheme, name);
	snprintf (b, sizeof b, "%s-b-%s", scheme, name);
	course->leader.course = course->a.course = course->b.course = course;
	for (int i = 0; i < PAYLOADS && course->payload_bytes > 0; i++)
		course->payloads[i] = weir_buf_adopt (calloc (1, course->payload_bytes),
		                                      course->payload_bytes);
	weir_host_thread_t *threads[3];
	weir_host_config_t config = { .control = control, .cluster = "bench", .tick_ms = 5 };
	s_launch (&s_leader_class, &course->leader, &config, &threads[0]);
	config.endpoint = a;
	s_launch (&s_reader_class, &course->a, &config, &threads[1]);
	config.endpoint = b;
	s_launch (&s_collector_class, &course->b, &config, &threads[2]);
	while (!atomic_load (&course->is_done))
		usleep (1000);
	for (int i = 2; i >= 0; i--) {
		weir_err_t err;
		weir_host_thread_stop (threads[i]);
		(void) weir_host_thread_join (&threads[i], &err);
	}
	double seconds = (double) (course->end.tv_sec - course->begin.tv_sec) +
	                 (double) (course->end.tv_nsec - course->begin.tv_nsec) * 1e-9;
	printf ("%-8s %-18s %9.0f /s %9.1f MiB/s\n",
	        scheme[0] == 'i' && scheme[1] == 'n' ? "inproc" : "ipc", name,
	        (double) course->n_total / seconds,
	        (double) course->n_total * (double) course->payload_bytes / seconds / 1048576.0);
	fflush (stdout);
	for (int i = 0; i < PAYLOADS; i++)
		weir_buf_release (&course->payloads[i]);
	free (course->leader.endpoints[0]);
	free (course->leader.endpoints[1]);
	free (course);
}

int
main (int argc, char **argv)
{
	uint64_t n = argc > 1 ? strtoull (argv[1], NULL, 10) : 1000000;
	char folder[] = "/tmp/weir-bench-XXXXXX", ipc[64];
	if (n < LIST || mkdtemp (folder) == NULL) {
		fprintf (stderr, "usage: bench-host [messages, at least %d]\n", LIST);
		return 2;
	}
	snprintf (ipc, sizeof ipc, "ipc://%s/", folder);
	weir_host_init ();
	const char *schemes[] = { "inproc://", ipc };
	static const struct {
		const char *name;
		size_t payload_bytes;
		uint64_t window, share;
		bool is_control;
	} courses[] = { { "data, 64 bytes", 64, 4096, 1, false },
		            { "data, 1 MiB", 1 << 20, 64, 200, false },
		            { "orders in lists", 0, 4096, 1, true } };
	for (int s = 0; s < 2; s++)
		for (size_t c = 0; c < sizeof courses / sizeof courses[0]; c++) {
			s_course_t *course = calloc (1, sizeof *course);
			if (course == NULL)
				return 1;
			course->n_total = (n / courses[c].share + LIST - 1) / LIST * LIST;
			course->payload_bytes = courses[c].payload_bytes;
			course->window = courses[c].window;
			course->is_control = courses[c].is_control;
			s_run_course (course, schemes[s], courses[c].name);
		}
	weir_host_shutdown ();
	(void) rmdir (folder);
	return 0;
}
