/* cmd_coordinator.c - `weir coordinator`: a coordinator as a process, for actors and clients on
 * this machine */
#include "tools/weir/commands.h"

#include "actors/coordinator/coordinator.h"
#include "actors/local/local.h"
#include "connectors/raster/raster.h"
#include "cube/process/process.h"
#include "tools/weir/common.h"
#include "tools/weir/service.h"
#include "tools/weir/sizes.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#define REDIS_WAIT_MS 5000

static const char s_usage[] =
	"usage: weir coordinator --listen ENDPOINT --redis URL [OPTIONS]\n"
	"Runs a coordinator until SIGINT or SIGTERM.\n"
	"  --listen ENDPOINT  where actors and clients connect: ipc:///path\n"
	"  --redis URL        unix:///path or redis://[user:password@]host:port[/db]\n"
	"  --slots N          reader slots that plans count on (default: number of CPUs)\n"
	"  --allow-private    what a catalogue names may be on a private host\n"
	"  --memory SIZE      memory budget of one actor, for plans (default: half of what there is)\n";

typedef struct {
	const char *listen;
	weir_raster_http_t http;
	weir_coordinator_config_t config;
} s_options_t;

static bool
s_take_value (s_options_t *self, int option, const char *value)
{
	switch (option) {
	case 'p': self->http.private_hosts = WEIR_PRIVATE_ALWAYS; return true;
	case 'l': self->listen = value; return strncmp (value, "ipc://", 6) == 0;
	case 'r':
		self->config.redis_url = value;
		return strncmp (value, "unix://", 7) == 0 || strncmp (value, "redis://", 8) == 0;
	case 's': return weir_count_parse (value, &self->config.n_slots);
	case 'm': return weir_size_parse (value, &self->config.memory_bytes);
	default: return false;
	}
}

static int
s_parse_options (int argc, char **argv, s_options_t *self, int *status_out)
{
	static const struct option options[] = { { "listen", required_argument, NULL, 'l' },
		                                     { "redis", required_argument, NULL, 'r' },
		                                     { "slots", required_argument, NULL, 's' },
		                                     { "memory", required_argument, NULL, 'm' },
		                                     { "allow-private", no_argument, NULL, 'p' },
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
			return weir_usage_error ("coordinator", s_usage, "%s: %s", argv[optind - 1],
			                         option == ':' ? "needs a value" : "no such option");
		if (!s_take_value (self, option, optarg))
			return weir_usage_error ("coordinator", s_usage, "%s: not a value of this option",
			                         argv[optind - 1]);
	}
	if (optind != argc || self->listen == NULL || self->config.redis_url == NULL)
		return weir_usage_error ("coordinator", s_usage,
		                         "expected --listen and --redis and nothing else");
	return 0;
}

int
weir_cmd_coordinator (int argc, char **argv)
{
	s_options_t options = { .http = { .private_hosts = WEIR_PRIVATE_NEVER },
		                    .config = { .redis_timeout_ms = REDIS_WAIT_MS,
		                                .cluster = "local",
		                                .n_slots = weir_cpus (),
		                                .memory_bytes = weir_memory_default (),
		                                .registry_hash = weir_process_registry_hash () } };
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
	weir_coordinator_t *coordinator = weir_coordinator_new (&options.config);
	weir_host_config_t host = { .control = options.listen, .n_workers = 1, .tick_ms = 50 };
	status = weir_service_run (&weir_coordinator_class, coordinator, &host);
	weir_coordinator_destroy (&coordinator);
	weir_host_shutdown ();
	weir_raster_shutdown ();
	return status;
}
