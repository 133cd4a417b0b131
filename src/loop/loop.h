#ifndef MQC_LOOP_LOOP_H
#define MQC_LOOP_LOOP_H

#include "base/error.h"

#include <uv.h>

/* One libuv loop on a thread of its own. */
struct mqc__loop;

/* Runs on the loop's thread. */
typedef void (*mqc__loop_fn)(void *context);

/*
 * Starts the thread. `woken` is called on it after each mqc__loop_wake(); several of these may be
 * one call. The caller frees the loop with mqc__loop_free(). MQC_ENOMEM: no memory, thread or file
 * descriptor.
 */
enum mqc_error mqc__loop_new(mqc__loop_fn woken, void *context, struct mqc__loop **loop_out);

/* The loop itself, to be used on its thread only. */
uv_loop_t *mqc__loop_uv(struct mqc__loop *loop);

/* Has `woken` called soon. Any thread; it never waits and needs no memory. */
void mqc__loop_wake(struct mqc__loop *loop);

/* Runs a function on the loop's thread and waits until it has returned. Any thread but that one. */
void mqc__loop_call(struct mqc__loop *loop, mqc__loop_fn function, void *context);

/* Ends the thread, after every handle but the loop's own was closed there, and frees the loop; NULL
 * is accepted. Not on its thread; no other call may be under way. */
void mqc__loop_free(struct mqc__loop **loop);

#endif
