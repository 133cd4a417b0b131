#include "base/thread.h"

#include <signal.h>

enum mqc_error mqc__thread_start(pthread_t *thread_out, void *(*run)(void *context), void *context)
{
    sigset_t all;
    sigset_t before;
    (void)sigfillset(&all);
    /* A new thread inherits the mask. */
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    const int error = pthread_create(thread_out, NULL, run, context);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error == 0 ? MQC_OK : MQC_ENOMEM;
}
