#ifndef MQC_BASE_THREAD_H
#define MQC_BASE_THREAD_H

#include "base/error.h"

#include <pthread.h>

/* Starts a thread in which every signal is blocked: the application's signal handlers are to run on
 * its own threads, and a write to a connection that is gone must not end the process. With a
 * thread_out of NULL it is detached. MQC_ENOMEM. */
enum mqc_error mqc__thread_start(pthread_t *thread_out, void *(*run)(void *context), void *context);

#endif
