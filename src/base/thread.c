#include "base/thread.h"

#include <signal.h>

enum mqc_error mqc__thread_start(pthread_t *thread_out, void *(*run)(void *context), void *context)
{
    sigset_t all;
    sigset_t before;
    pthread_t thread;
    (void)sigfillset(&all);
    /* A new thread inherits the mask. */
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    const int error = pthread_create(&thread, NULL, run, context);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error != 0)
        return MQC_ENOMEM;
    if (thread_out != NULL)
        *thread_out = thread;
    else
        (void)pthread_detach(thread);
    return MQC_OK;
}
