#include "loop/loop.h"

#include "base/thread.h"

#include <stdbool.h>
#include <stdlib.h>

/* A function that somebody waits for; it lives on the caller's stack. */
struct call {
    struct call *next;
    mqc__loop_fn function;
    void *context;
    bool is_done;
};

struct mqc__loop {
    uv_loop_t uv;
    uv_async_t wake;
    pthread_t thread;
    mqc__loop_fn woken;
    void *context;
    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t done;
    struct call *first;
    struct call **last;
    bool is_ending;
};

static struct call *take_call(struct mqc__loop *loop)
{
    pthread_mutex_lock(&loop->mutex);
    struct call *call = loop->first;
    if (call != NULL) {
        loop->first = call->next;
        if (loop->first == NULL)
            loop->last = &loop->first;
    }
    pthread_mutex_unlock(&loop->mutex);
    return call;
}

static void run_calls(struct mqc__loop *loop)
{
    struct call *call;
    while ((call = take_call(loop)) != NULL) {
        call->function(call->context);
        pthread_mutex_lock(&loop->mutex);
        call->is_done = true;
        pthread_cond_broadcast(&loop->done);
        pthread_mutex_unlock(&loop->mutex);
    }
}

static bool is_ending(struct mqc__loop *loop)
{
    pthread_mutex_lock(&loop->mutex);
    const bool is_ending = loop->is_ending;
    pthread_mutex_unlock(&loop->mutex);
    return is_ending;
}

static void on_wake(uv_async_t *handle)
{
    struct mqc__loop *loop = handle->data;
    run_calls(loop);
    if (is_ending(loop))
        uv_close((uv_handle_t *)&loop->wake, NULL);
    else
        loop->woken(loop->context);
}

static void *run(void *context)
{
    struct mqc__loop *loop = context;
    (void)uv_run(&loop->uv, UV_RUN_DEFAULT);
    return NULL;
}

/* Without the thread: only the handle that every loop has. */
static void close_uv(struct mqc__loop *loop)
{
    uv_close((uv_handle_t *)&loop->wake, NULL);
    (void)uv_run(&loop->uv, UV_RUN_DEFAULT);
    (void)uv_loop_close(&loop->uv);
}

static enum mqc_error start(struct mqc__loop *loop)
{
    if (uv_loop_init(&loop->uv) != 0)
        return MQC_ENOMEM;
    if (uv_async_init(&loop->uv, &loop->wake, on_wake) != 0) {
        (void)uv_loop_close(&loop->uv);
        return MQC_ENOMEM;
    }
    loop->wake.data = loop;
    const enum mqc_error error = mqc__thread_start(&loop->thread, run, loop);
    if (error != MQC_OK)
        close_uv(loop);
    return error;
}

static void free_loop(struct mqc__loop *loop)
{
    pthread_cond_destroy(&loop->done);
    pthread_mutex_destroy(&loop->mutex);
    free(loop);
}

enum mqc_error mqc__loop_new(mqc__loop_fn woken, void *context, struct mqc__loop **loop_out)
{
    *loop_out = NULL;
    struct mqc__loop *loop = calloc(1, sizeof *loop);
    if (loop == NULL)
        return MQC_ENOMEM;
    loop->woken = woken;
    loop->context = context;
    loop->last = &loop->first;
    pthread_mutex_init(&loop->mutex, NULL);
    pthread_cond_init(&loop->done, NULL);
    const enum mqc_error error = start(loop);
    if (error != MQC_OK)
        free_loop(loop);
    else
        *loop_out = loop;
    return error;
}

uv_loop_t *mqc__loop_uv(struct mqc__loop *loop)
{
    return &loop->uv;
}

void mqc__loop_wake(struct mqc__loop *loop)
{
    (void)uv_async_send(&loop->wake);
}

void mqc__loop_call(struct mqc__loop *loop, mqc__loop_fn function, void *context)
{
    struct call call = {.function = function, .context = context};
    pthread_mutex_lock(&loop->mutex);
    *loop->last = &call;
    loop->last = &call.next;
    mqc__loop_wake(loop);
    while (!call.is_done)
        pthread_cond_wait(&loop->done, &loop->mutex);
    pthread_mutex_unlock(&loop->mutex);
}

void mqc__loop_free(struct mqc__loop **loop)
{
    if (*loop == NULL)
        return;
    pthread_mutex_lock(&(*loop)->mutex);
    (*loop)->is_ending = true;
    mqc__loop_wake(*loop);
    pthread_mutex_unlock(&(*loop)->mutex);
    (void)pthread_join((*loop)->thread, NULL);
    (void)uv_loop_close(&(*loop)->uv);
    free_loop(*loop);
    *loop = NULL;
}
