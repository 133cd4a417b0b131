#include "backend/backend_priv.h"

#include "base/log.h"

/* What the members of the cluster do, brought to the session and to the handlers. */

static int shown(struct mqc_view text)
{
    return (int)(text.size < 250 ? text.size : 250);
}

static void announce(void *context, struct mqc_view payload, bool is_retained)
{
    const struct mqc_backend *backend = context;
    const enum mqc_error error = mqc__session_announce(backend->own_session, payload, is_retained);
    if (error != MQC_OK && error != MQC_ECLOSED)
        mqc__log(MQC_LOG_WARNING, "this node cannot announce itself: %s", mqc_error_text(error));
}

static void log_event(enum mqc__member_event event, const struct mqc__member_change *change)
{
    const struct mqc_view name = change->name;
    const struct mqc_view id = change->instance;
    if (event == MQC__MEMBER_HELLO)
        mqc__log(MQC_LOG_INFO, "got hello from %.*s (%.*s)", shown(name), name.data, shown(id),
                 id.data);
    else if (event == MQC__MEMBER_DOWN)
        mqc__log(MQC_LOG_INFO, "node down: %.*s (%.*s): %s", shown(name), name.data, shown(id),
                 id.data, change->why);
}

static void raise_event(void *context, enum mqc__member_event event,
                        const struct mqc__member_change *change)
{
    const struct mqc_backend *backend = context;
    log_event(event, change);
    if (!mqc__inbox_put_node(backend->inbox, event, change->name, change->instance))
        mqc__log(MQC_LOG_ERROR,
                 "the handlers miss what happened to node %.*s: too much waits for them",
                 shown(change->name), change->name.data);
}

static void raise_error(void *context, const char *tag, const char *text)
{
    mqc__backend_raise(context, tag, text);
}

static void give_way(void *context, const char *text)
{
    struct mqc_backend *backend = context;
    mqc__backend_raise(backend, "duplicate_node", text);
    mqc__session_give_way(backend->own_session);
}

static void tick_at(void *context, int64_t at_ms)
{
    mqc__backend_tick_members_at(context, at_ms);
}

struct mqc__members_owner mqc__backend_members_owner(struct mqc_backend *backend)
{
    return (struct mqc__members_owner){
        .context = backend,
        .announce = announce,
        .event = raise_event,
        .error = raise_error,
        .give_way = give_way,
        .tick_at = tick_at,
    };
}

struct mqc__members *mqc__backend_members(const struct mqc_backend *backend)
{
    return backend->members;
}
