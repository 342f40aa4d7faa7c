/* cmd_actor.c - `weir actor KIND`: one reader, compute or sink as a process */
#include "tools/weir/commands.h"

#include "actors/compute/compute.h"
#include "actors/local/local.h"
#include "actors/reader/reader.h"
#include "actors/sink/sink.h"
#include "connectors/raster/raster.h"
#include "cube/process/process.h"
#include "tools/weir/common.h"
#include "tools/weir/service.h"
#include "tools/weir/sizes.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#define GRANT_BYTES ((uint64_t) 40 << 20)
#define CREDIT_BYTES ((uint64_t) 16 << 20)

static const char s_usage[] =
	"usage: weir actor reader|compute|sink --coordinator ENDPOINT --listen ENDPOINT [OPTIONS]\n"
	"Runs one actor until SIGINT or SIGTERM, or until the coordinator stops it.\n"
	"  --coordinator ENDPOINT  the coordinator's: ipc:///path\n"
	"  --listen ENDPOINT       where other actors reach this one: ipc:///path\n"
	"  --slots N               slots of a reader, workers of a compute (default: number of CPUs)\n"
	"                          of remote files 16 at least, unless given\n"
	"  --http-timeout S        seconds without an answer that end a remote read (default 15)\n"
	"  --memory SIZE           memory budget (default: half of what there is)\n";

typedef struct {
	const char *kind, *coordinator, *listen;
	uint32_t n_slots, n_remote_slots;
	uint64_t memory_bytes;
	weir_raster_http_t http;
} s_options_t;

static bool
s_take_value (s_options_t *self, int option, const char *value)
{
	switch (option) {
	case 'c': self->coordinator = value; return strncmp (value, "ipc://", 6) == 0;
	case 'l': self->listen = value; return strncmp (value, "ipc://", 6) == 0;
	case 's':
		if (!weir_count_parse (value, &self->n_slots))
			return false;
		self->n_remote_slots = self->n_slots;
		return true;
	case 't': return weir_count_parse (value, &self->http.silence_s);
	case 'm': return weir_size_parse (value, &self->memory_bytes);
	default: return false;
	}
}

static int
s_parse_options (int argc, char **argv, s_options_t *self, int *status_out)
{
	static const struct option options[] = { { "coordinator", required_argument, NULL, 'c' },
		                                     { "listen", required_argument, NULL, 'l' },
		                                     { "slots", required_argument, NULL, 's' },
		                                     { "memory", required_argument, NULL, 'm' },
		                                     { "http-timeout", required_argument, NULL, 't' },
		                                     { "help", no_argument, NULL, 'h' },
		                                     { NULL, 0, NULL, 0 } };
	optind = 0;
	opterr = 0;
	*status_out = 2;
	for (int option; (option = getopt_long (argc, argv, ":h", options, NULL)) != -1;) {
		if (option == 'h') {
			fputs (s_usage, stdout);
			*status_out = 0;
			return -1;
		}
		if (option == ':' || option == '?')
			return weir_usage_error ("actor", s_usage, "%s: %s", argv[optind - 1],
			                         option == ':' ? "needs a value" : "no such option");
		if (!s_take_value (self, option, optarg))
			return weir_usage_error ("actor", s_usage, "%s: not a value of this option",
			                         argv[optind - 1]);
	}
	if (argc - optind != 1 || self->coordinator == NULL || self->listen == NULL)
		return weir_usage_error ("actor", s_usage, "expected a kind, --coordinator and --listen");
	self->kind = argv[optind];
	return 0;
}

static int
s_run_reader (const s_options_t *options, weir_host_config_t *host, uint64_t hash)
{
	weir_reader_t *reader = weir_reader_new (options->n_slots, options->memory_bytes, hash);
	host->n_workers = options->n_remote_slots > options->n_slots ? options->n_remote_slots
	                                                             : options->n_slots;
	weir_reader_set_remote_slots (reader, host->n_workers);
	int status = weir_service_run (&weir_reader_class, reader, host);
	weir_reader_destroy (&reader);
	return status;
}

static int
s_run_compute (const s_options_t *options, weir_host_config_t *host, uint64_t hash)
{
	uint64_t grant = options->memory_bytes / 4 < GRANT_BYTES ? options->memory_bytes / 4
	                                                         : GRANT_BYTES;
	weir_compute_t *compute = weir_compute_new (options->n_slots, options->memory_bytes, grant,
	                                            hash);
	int status = weir_service_run (&weir_compute_class, compute, host);
	weir_compute_destroy (&compute);
	return status;
}

static int
s_run_sink (weir_host_config_t *host, uint64_t hash)
{
	weir_sink_t *sink = weir_sink_new (CREDIT_BYTES, hash);
	weir_sink_keep_parts (sink); /* another sink may finish what is in them */
	host->n_workers = 1;
	int status = weir_service_run (&weir_sink_class, sink, host);
	weir_sink_destroy (&sink);
	return status;
}

int
weir_cmd_actor (int argc, char **argv)
{
	s_options_t options = { .n_slots = weir_cpus (),
		                    .n_remote_slots = WEIR_READER_REMOTE_SLOTS,
		                    .memory_bytes = weir_memory_default () };
	int status;
	if (s_parse_options (argc, argv, &options, &status) != 0)
		return status;
	weir_err_t err;
	if (weir_raster_init (&err) != 0) {
		weir_print_error (&err);
		return 1;
	}
	weir_raster_http_configure (&options.http);
	weir_host_init ();
	weir_host_config_t host = { .control = options.coordinator,
		                        .endpoint = options.listen,
		                        .n_workers = options.n_slots };
	uint64_t hash = weir_process_registry_hash ();
	if (strcmp (options.kind, "reader") == 0)
		status = s_run_reader (&options, &host, hash);
	else if (strcmp (options.kind, "compute") == 0)
		status = s_run_compute (&options, &host, hash);
	else if (strcmp (options.kind, "sink") == 0)
		status = s_run_sink (&host, hash);
	else
		status = weir_usage_error ("actor", s_usage, "%s: no such kind of actor", options.kind);
	weir_host_shutdown ();
	weir_raster_shutdown ();
	return status;
}
