#include "link/link_thread.h"

#include <signal.h>
#include <stddef.h>

int mqc__link_thread_start(void *(*run)(void *context), void *context, pthread_t *thread_out)
{
    sigset_t all;
    sigset_t before;
    pthread_t thread;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    const int error = pthread_create(&thread, NULL, run, context);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error != 0)
        return error;
    if (thread_out != NULL)
        *thread_out = thread;
    else
        (void)pthread_detach(thread);
    return 0;
}
