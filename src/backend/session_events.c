#include "backend/backend_priv.h"

#include "base/clock.h"
#include "base/log.h"

/* Returns whether it is done with: not if the handlers will get it, or if it is to come again at
 * the next start because this node is closing. */
static bool receive(struct mqc_backend *backend, const struct mqc__mqtt_message *message)
{
    if (mqc__members_received(backend->members, message, mqc__clock_monotonic_ms()))
        return true;
    switch (mqc__inbox_put_message(backend->inbox, message, mqc__clock_wall_ns())) {
    case MQC__INBOX_QUEUED: return false;
    case MQC__INBOX_TOO_LARGE:
        atomic_fetch_add(&backend->malformed_messages, 1);
        mqc__backend_trouble(backend, MQC__TROUBLE_TOO_LARGE,
                             "a message of %zu bytes is larger than delivery.inbox_bytes; it is "
                             "dropped",
                             message->payload.size);
        return true;
    case MQC__INBOX_NO_MEMORY:
        atomic_fetch_add(&backend->unhandled_messages, 1);
        mqc__backend_trouble(backend, MQC__TROUBLE_MEMORY,
                             "no memory for a message of %zu bytes; it is dropped",
                             message->payload.size);
        return true;
    case MQC__INBOX_FULL:
    case MQC__INBOX_CLOSED: break;
    }
    atomic_fetch_add(&backend->unhandled_messages, 1);
    return false;
}

/* On the MQTT client's receive thread; blocking here is what holds the broker back. */
static void on_message(void *context, const struct mqc__mqtt_message *message)
{
    struct mqc_backend *backend = context;
    if (receive(backend, message) && message->ack != 0)
        mqc__session_handled(backend->own_session, message->ack);
}

const char *mqc_state_name(enum mqc_state state)
{
    switch (state) {
    case MQC_STATE_DOWN: return "down";
    case MQC_STATE_UP: return "up";
    case MQC_STATE_TAKEN: return "taken";
    case MQC_STATE_CLOSED: return "closed";
    }
    return "unknown";
}

static enum mqc_state state_of(enum mqc__session_state state)
{
    switch (state) {
    case MQC__SESSION_DOWN: return MQC_STATE_DOWN;
    case MQC__SESSION_UP: return MQC_STATE_UP;
    case MQC__SESSION_TAKEN: return MQC_STATE_TAKEN;
    case MQC__SESSION_CLOSED: return MQC_STATE_CLOSED;
    }
    return MQC_STATE_DOWN;
}

static void tell_members(const struct mqc_backend *backend, enum mqc_state state)
{
    const int64_t now_ms = mqc__clock_monotonic_ms();
    if (state == MQC_STATE_UP)
        mqc__members_connected(backend->members, now_ms);
    else
        mqc__members_disconnected(backend->members, now_ms);
}

static void on_state(void *context, enum mqc__session_state session_state)
{
    struct mqc_backend *backend = context;
    const enum mqc_state state = state_of(session_state);
    tell_members(backend, state);
    if (atomic_exchange(&backend->state, (int)state) == (int)state)
        return;
    mqc__log(MQC_LOG_INFO, "node %s: connection is %s", backend->node_id, mqc_state_name(state));
    if (!mqc__inbox_put_state(backend->inbox, state))
        mqc__log(MQC_LOG_WARNING, "the state handlers miss this one: too much waits for them");
    mqc__backend_tell_ready(backend);
}

static struct mqc_view on_will(void *context)
{
    const struct mqc_backend *backend = context;
    return mqc__members_will(backend->members);
}

static void on_announced(void *context)
{
    const struct mqc_backend *backend = context;
    mqc__members_acknowledged(backend->members, mqc__clock_monotonic_ms());
}

static void on_leaving(void *context)
{
    const struct mqc_backend *backend = context;
    mqc__members_leave(backend->members, "stopped", mqc__clock_monotonic_ms());
}

static void on_tick(void *context, int64_t now_ms)
{
    mqc__backend_tick(context, now_ms);
}

static void on_answered(void *context, bool is_refused)
{
    struct mqc_backend *backend = context;
    mqc__backend_filters_answered(backend, is_refused);
    mqc__backend_tell_ready(backend);
}

static void on_filters(void *context, const char *const *filters, size_t count)
{
    mqc__backend_filters_changed(context, filters, count);
}

static void on_error(void *context, const char *tag, const char *text)
{
    mqc__backend_raise(context, tag, text);
}

struct mqc__session_events mqc__backend_session_events(struct mqc_backend *backend)
{
    return (struct mqc__session_events){
        .context = backend,
        .message = on_message,
        .state = on_state,
        .will = on_will,
        .announced = on_announced,
        .leaving = on_leaving,
        .tick = on_tick,
        .answered = on_answered,
        .filters = on_filters,
        .error = on_error,
    };
}
