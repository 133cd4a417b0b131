#ifndef MQC_BACKEND_HANDLERS_H
#define MQC_BACKEND_HANDLERS_H

#include "backend/message.h"
#include "base/error.h"

/*
 * The registered handlers, found by event name (a hash) and by topic prefix. Any thread, but calls
 * go out from one thread at a time, and without a lock held.
 */
struct mqc__handlers;

/* Creates an empty registry. NULL: out of memory. */
struct mqc__handlers *mqc__handlers_new(void);
void mqc__handlers_free(struct mqc__handlers **handlers);

/* Register a handler, a function with its context, for one more name or prefix. MQC_ENOMEM. */
enum mqc_error mqc__handlers_add_event(struct mqc__handlers *handlers, struct mqc_view name,
                                       mqc_message_fn function, void *context);
enum mqc_error mqc__handlers_add_prefix(struct mqc__handlers *handlers, struct mqc_view prefix,
                                        mqc_message_fn function, void *context);

/* Takes back all that a handler was registered for, and waits until it does not run, unless it is
 * itself the caller. */
void mqc__handlers_remove(struct mqc__handlers *handlers, mqc_message_fn function, void *context);

/* Calls every handler that wants the message, each once. Returns how many there were. */
size_t mqc__handlers_call(struct mqc__handlers *handlers, const struct mqc_message *message);

#endif
