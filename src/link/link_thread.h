#ifndef MQC_LINK_LINK_THREAD_H
#define MQC_LINK_LINK_THREAD_H

#include <pthread.h>

/* Starts a thread that takes no signals; detached when thread_out is NULL. Returns 0 or an errno.
 */
int mqc__link_thread_start(void *(*run)(void *context), void *context, pthread_t *thread_out);

#endif
