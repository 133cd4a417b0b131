#include "backend/backend_priv.h"

#include "base/clock.h"
#include "base/fail.h"
#include "topic/topic.h"

void mqc__backend_set_gateway(struct mqc_backend *backend, const struct mqc__gateway *gateway)
{
    pthread_mutex_lock(&backend->life_mutex);
    if (mqc__backend_gateway(backend) == NULL) {
        backend->gateway_parts = *gateway;
        atomic_store_explicit(&backend->gateway, &backend->gateway_parts, memory_order_release);
    }
    pthread_mutex_unlock(&backend->life_mutex);
}

void mqc__backend_tap(struct mqc_backend *backend, struct mqc_view topic,
                      const struct mqc_event *event, uint64_t origin)
{
    const struct mqc__gateway *gateway = mqc__backend_gateway(backend);
    if (gateway != NULL &&
        mqc__interests_match(backend->interests, MQC__INTEREST_GATEWAY, topic) != 0)
        gateway->event(gateway->context, topic, event, origin);
}

void mqc__backend_tell_ready(struct mqc_backend *backend)
{
    const struct mqc__gateway *gateway = mqc__backend_gateway(backend);
    if (gateway != NULL)
        gateway->ready(gateway->context);
}

void mqc__backend_tell_error(struct mqc_backend *backend, const char *tag, const char *text)
{
    const struct mqc__gateway *gateway = mqc__backend_gateway(backend);
    if (gateway != NULL && mqc__gateway_error_is_for_clients(tag))
        gateway->error(gateway->context, tag, text);
}

/* With the subscriptions' mutex held. The last first: a set loses its greatest text fastest.
 * Returns whether it is another set now. */
static bool unref_all(struct mqc_backend *backend, const struct mqc_view *prefixes, size_t count)
{
    bool is_any = false;
    while (count > 0) {
        bool is_change = false;
        (void)mqc__interests_unref(backend->interests, prefixes[--count], &is_change);
        if (is_change)
            mqc__backend_unsubscribed(backend, prefixes[count], MQC_MATCH_PREFIX);
        is_any |= is_change;
    }
    return is_any;
}

/* With the subscriptions' mutex held. *done_out: so many were added, also on failure. */
static enum mqc_error ref_all(struct mqc_backend *backend, const struct mqc_view *prefixes,
                              size_t count, size_t *done_out, struct mqc_error_info *info)
{
    bool is_any = false;
    enum mqc_error error = MQC_OK;
    for (*done_out = 0; *done_out < count && error == MQC_OK; (*done_out)++) {
        bool is_change = false;
        error = mqc__interests_ref(backend->interests, prefixes[*done_out], &is_change, info);
        is_any |= is_change;
        if (error != MQC_OK)
            return error;
    }
    return is_any ? mqc__backend_change_filters(backend, info) : MQC_OK;
}

enum mqc_error mqc__backend_gateway_subscribe(struct mqc_backend *backend,
                                              const struct mqc_view *prefixes, size_t count,
                                              struct mqc_error_info *info)
{
    size_t done = 0;
    pthread_mutex_lock(&backend->subscriptions_mutex);
    const enum mqc_error error = ref_all(backend, prefixes, count, &done, info);
    if (error != MQC_OK)
        (void)unref_all(backend, prefixes, done);
    pthread_mutex_unlock(&backend->subscriptions_mutex);
    return error;
}

void mqc__backend_gateway_unsubscribe(struct mqc_backend *backend, const struct mqc_view *prefixes,
                                      size_t count)
{
    pthread_mutex_lock(&backend->subscriptions_mutex);
    /* Filters that are too wide do no harm until the next change. */
    if (unref_all(backend, prefixes, count))
        (void)mqc__backend_change_filters(backend, NULL);
    pthread_mutex_unlock(&backend->subscriptions_mutex);
}

static enum mqc_error prefix_ready(const struct mqc_backend *backend, struct mqc__session *session,
                                   struct mqc_view prefix)
{
    struct mqc__buffer filter;
    mqc__buffer_init(&filter, MQC__TOPIC_BYTES_MAX + 1);
    enum mqc_error error =
        mqc__filter_compose(backend->root, prefix, MQC_MATCH_PREFIX, &filter, NULL);
    if (error == MQC_OK && !mqc__buffer_append(&filter, "", 1))
        error = MQC_ENOMEM;
    if (error == MQC_OK) {
        const char *text = filter.data;
        error = mqc__session_wait_filters(session, &text, 1, 0);
    }
    mqc__buffer_fini(&filter);
    return error;
}

/* One prefix at a time, so that nobody waits for the session for long. */
enum mqc_error mqc__backend_gateway_ready(struct mqc_backend *backend,
                                          const struct mqc_view *prefixes, size_t count)
{
    struct mqc__session *session = atomic_load(&backend->session);
    if (session == NULL)
        return MQC_ETIMEOUT;
    enum mqc_error result = mqc__session_wait_filters(session, NULL, 0, 0);
    for (size_t i = 0; i < count && (result == MQC_OK || result == MQC_ETIMEOUT); i++) {
        const enum mqc_error error = prefix_ready(backend, session, prefixes[i]);
        result = error != MQC_OK ? error : result;
    }
    return result;
}

static enum mqc_error explain(enum mqc__inbox_result result, struct mqc_error_info *info)
{
    switch (result) {
    case MQC__INBOX_QUEUED: return MQC_OK;
    case MQC__INBOX_TOO_LARGE:
        return mqc__fail(info, MQC_ETOOLARGE,
                         "the event is larger than delivery.inbox_bytes allows");
    case MQC__INBOX_CLOSED: return mqc__fail(info, MQC_ECLOSED, "the backend is closed");
    case MQC__INBOX_NO_MEMORY: return mqc__fail(info, MQC_ENOMEM, "out of memory");
    case MQC__INBOX_FULL: break;
    }
    return mqc__fail(info, MQC_EFULL,
                     "the node's handlers have too much waiting: publish again later, or raise "
                     "delivery.inbox_messages and delivery.inbox_bytes");
}

/* Frees an item that was never put in: nobody is to hear of it. */
static void discard(struct mqc__inbox_item *item)
{
    item->freed = NULL;
    mqc__inbox_item_free(item);
}

/* Copies the event for the node's handlers, and keeps room for it. */
static enum mqc_error prepare(struct mqc_backend *backend, const struct mqc__gateway_event *event,
                              struct mqc__inbox_item **item_out, struct mqc_error_info *info)
{
    const struct mqc__inbox_event carried = {
        .event = event->event,
        .topic = event->topic,
        .instance = event->endpoint,
        .freed = event->handled,
        .context = event->context,
    };
    struct mqc__inbox_item *item = NULL;
    enum mqc_error error = mqc__inbox_event_new(MQC__INBOX_CLIENT, &carried, &item);
    if (error != MQC_OK)
        return mqc__fail(info, error, "the event cannot be copied: %s", mqc_error_text(error));
    item->received_ns = mqc__clock_wall_ns();
    error = explain(mqc__inbox_reserve(backend->inbox, item), info);
    if (error != MQC_OK)
        discard(item);
    else
        *item_out = item;
    return error;
}

/* Returns whether the handlers get it: not when the backend was closed meanwhile. */
static bool put(struct mqc_backend *backend, struct mqc__inbox_item *item)
{
    if (mqc__inbox_put_reserved(backend->inbox, item))
        return true;
    atomic_fetch_add(&backend->unhandled_messages, 1);
    discard(item);
    return false;
}

/* The loop that serves all clients cannot wait for the disk, and its client believes the event to
 * be on its way. On the spool's thread. */
static void note_written(void *context, enum mqc_error error)
{
    if (error != MQC_OK)
        mqc__backend_trouble(context, MQC__TROUBLE_DISK,
                             "an event of a WebSocket client could not be written to disk, and is "
                             "lost: %s",
                             mqc_error_text(error));
}

enum mqc_error mqc__backend_gateway_publish(struct mqc_backend *backend,
                                            const struct mqc__gateway_event *event,
                                            bool *is_handled_later_out, struct mqc_error_info *info)
{
    struct mqc__inbox_item *item = NULL;
    enum mqc_error error = MQC_OK;
    *is_handled_later_out = false;
    if (mqc__interests_match(backend->interests, MQC__INTEREST_NODE, event->topic) != 0)
        error = prepare(backend, event, &item, info);
    if (error != MQC_OK)
        return error;
    struct mqc__departure departure = {
        .topic = event->topic,
        .event = event->event,
        .service = mqc__backend_service(backend, event->topic),
        .done = {note_written, backend},
    };
    departure.service.is_retried = true; /* its client is held back meanwhile */
    error = mqc__backend_send(backend, &departure, info);
    if (error == MQC_OK)
        mqc__backend_tap(backend, event->topic, event->event, event->origin);
    if (item == NULL)
        return error;
    if (error == MQC_OK) {
        *is_handled_later_out = put(backend, item);
    } else {
        mqc__inbox_cancel(backend->inbox, item);
        discard(item);
    }
    return error;
}

void mqc__backend_gateway_published(struct mqc_backend *backend)
{
    mqc__inbox_wake(backend->inbox);
}

/* The node may have unsubscribed since. */
void mqc__backend_handle_client(struct mqc_backend *backend, const struct mqc__inbox_item *item)
{
    if (mqc__interests_match(backend->interests, MQC__INTEREST_NODE, item->topic) == 0)
        return;
    const struct mqc_message message = {
        .topic = item->topic,
        .event = item->copy,
        .sender_node = mqc_view_text(backend->node),
        .sender_instance = item->payload,
        .received_ns = item->received_ns,
        .is_remote = true,
    };
    mqc__backend_deliver(backend, &message);
}

enum mqc_error mqc__backend_raise_event(struct mqc_backend *backend, const struct mqc_event *event)
{
    const struct mqc__inbox_event carried = {.event = event};
    struct mqc__inbox_item *item = NULL;
    enum mqc_error error = mqc__inbox_event_new(MQC__INBOX_RAISED, &carried, &item);
    if (error != MQC_OK)
        return error;
    item->received_ns = mqc__clock_wall_ns();
    error = explain(mqc__inbox_put_raised(backend->inbox, item), NULL);
    if (error != MQC_OK)
        discard(item);
    return error;
}
