/* service.c - see service.h */
#include "tools/weir/service.h"

#include "tools/weir/common.h"

#include <time.h>

int
weir_service_run (const weir_actor_class_t *klass, void *self, const weir_host_config_t *config)
{
	weir_err_t err;
	weir_host_thread_t *thread = NULL;
	weir_signals_catch ();
	if (weir_host_thread_start (klass, self, config, &thread, &err) != 0) {
		weir_print_error (&err);
		return 1;
	}
	while (weir_signal_caught () == 0 && !weir_host_thread_is_done (thread)) {
		struct timespec pause = { .tv_nsec = 20 * 1000 * 1000 };
		nanosleep (&pause, NULL);
	}
	weir_host_thread_stop (thread);
	if (weir_host_thread_join (&thread, &err) != 0) {
		weir_print_error (&err);
		return 1;
	}
	return weir_signal_caught () != 0 ? 128 + weir_signal_caught () : 0;
}
