/* service.h - runs one actor as this process until a signal, a STOP or an error ends it
 *
 * Runs on   the main thread; the actor's loop has a thread of its own, so that signals find the
 *           main thread
 */
#ifndef WEIR_TOOLS_SERVICE_H
#define WEIR_TOOLS_SERVICE_H

#include "runtime/host/host.h"

/* Exit status: 0 stopped, 1 failed (the error is printed), 130 or 143 by a signal. */
int weir_service_run (const weir_actor_class_t *klass, void *self,
                      const weir_host_config_t *config);

#endif
