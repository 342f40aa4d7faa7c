/* handoff.h - tells the thread sanitizer that bytes change hands through ZeroMQ
 *
 * libzmq is not instrumented, so its queues order nothing for the sanitizer: without this every
 * message that is packed by one thread and read by another would be reported. Elsewhere: nothing.
 *
 * Runs on   any thread
 */
#ifndef WEIR_HOST_HANDOFF_H
#define WEIR_HOST_HANDOFF_H

#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
#define weir_handoff_give(bytes) __tsan_release (bytes) /* after the last write */
#define weir_handoff_take(bytes) __tsan_acquire (bytes) /* before the first read */
#else
#define weir_handoff_give(bytes) ((void) (bytes))
#define weir_handoff_take(bytes) ((void) (bytes))
#endif

#endif
