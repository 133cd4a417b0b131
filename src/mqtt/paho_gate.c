#include "mqtt/paho_gate.h"

#include <pthread.h>
#include <time.h>

/* How long a connect waits for calls to return: more than the receive thread takes to end. */
#define CONNECT_WAIT_MS 300

static pthread_once_t once = PTHREAD_ONCE_INIT;
/* Guards the counters. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t has_changed;
static unsigned call_count;
static unsigned connect_count;
static unsigned disconnect_count;

static void init(void)
{
    pthread_condattr_t attributes;
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&has_changed, &attributes);
    (void)pthread_condattr_destroy(&attributes);
}

static void lock(void)
{
    (void)pthread_once(&once, init);
    pthread_mutex_lock(&mutex);
}

static void leave(unsigned *count)
{
    pthread_mutex_lock(&mutex);
    (*count)--;
    if (*count == 0)
        pthread_cond_broadcast(&has_changed);
    pthread_mutex_unlock(&mutex);
}

/* Waits until both counters are zero, or the time is over. */
static void await_zero_locked(const unsigned *a, const unsigned *b, unsigned wait_ms)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += wait_ms / 1000;
    until.tv_nsec += (long)(wait_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    int error = 0;
    while ((*a != 0 || *b != 0) && error == 0)
        error = pthread_cond_timedwait(&has_changed, &mutex, &until);
}

void mqc__paho_gate_enter_call(void)
{
    lock();
    call_count++;
    pthread_mutex_unlock(&mutex);
}

void mqc__paho_gate_leave_call(void)
{
    leave(&call_count);
}

void mqc__paho_gate_enter_connect(void)
{
    lock();
    await_zero_locked(&call_count, &disconnect_count, CONNECT_WAIT_MS);
    connect_count++;
    pthread_mutex_unlock(&mutex);
}

void mqc__paho_gate_leave_connect(void)
{
    leave(&connect_count);
}

bool mqc__paho_gate_enter_disconnect(unsigned wait_ms)
{
    lock();
    await_zero_locked(&connect_count, &connect_count, wait_ms);
    disconnect_count++;
    const bool is_alone = connect_count == 0;
    pthread_mutex_unlock(&mutex);
    return is_alone;
}

void mqc__paho_gate_leave_disconnect(void)
{
    leave(&disconnect_count);
}

bool mqc__paho_gate_is_connecting(void)
{
    lock();
    const bool is_connecting = connect_count != 0;
    pthread_mutex_unlock(&mutex);
    return is_connecting;
}
