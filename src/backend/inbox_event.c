#include "backend/inbox_priv.h"

#include "value/copy.h"

#include <stdlib.h>

/* Events of this node's own that may wait; they take as many bytes as messages may. */
#define RAISED_MAX 10000

static void free_copy(void *memory)
{
    struct mqc_event *copy = memory;
    mqc_event_free(&copy);
}

enum mqc_error mqc__inbox_event_new(enum mqc__inbox_kind kind, const struct mqc__inbox_event *event,
                                    struct mqc__inbox_item **item_out)
{
    *item_out = NULL;
    struct mqc_event *copy = NULL;
    const enum mqc_error error = mqc_event_copy(event->event, &copy);
    if (error != MQC_OK)
        return error;
    struct mqc__inbox_item *item =
        mqc__inbox_item_new(kind, event->topic, event->instance, mqc_view_text(NULL));
    if (item == NULL) {
        mqc_event_free(&copy);
        return MQC_ENOMEM;
    }
    item->copy = copy;
    item->memory = copy;
    item->release = free_copy;
    item->size_bytes += mqc__event_copy_bytes(copy);
    item->freed = event->freed;
    item->freed_context = event->context;
    *item_out = item;
    return MQC_OK;
}

enum mqc__inbox_result mqc__inbox_reserve(struct mqc__inbox *inbox,
                                          const struct mqc__inbox_item *item)
{
    enum mqc__inbox_result result = MQC__INBOX_QUEUED;
    pthread_mutex_lock(&inbox->mutex);
    if (inbox->is_closed)
        result = MQC__INBOX_CLOSED;
    else if (item->size_bytes > inbox->bytes_max)
        result = MQC__INBOX_TOO_LARGE;
    else if (!mqc__inbox_has_room_locked(inbox, item->size_bytes))
        result = MQC__INBOX_FULL;
    else
        mqc__inbox_count_locked(inbox, item);
    pthread_mutex_unlock(&inbox->mutex);
    return result;
}

void mqc__inbox_cancel(struct mqc__inbox *inbox, const struct mqc__inbox_item *item)
{
    pthread_mutex_lock(&inbox->mutex);
    mqc__inbox_uncount_locked(inbox, item);
    pthread_mutex_unlock(&inbox->mutex);
}

bool mqc__inbox_put_reserved(struct mqc__inbox *inbox, struct mqc__inbox_item *item)
{
    pthread_mutex_lock(&inbox->mutex);
    const bool is_queued = !inbox->is_closed;
    if (is_queued)
        mqc__inbox_append_locked(inbox, item);
    else
        mqc__inbox_uncount_locked(inbox, item);
    pthread_mutex_unlock(&inbox->mutex);
    return is_queued;
}

void mqc__inbox_wake(struct mqc__inbox *inbox)
{
    pthread_mutex_lock(&inbox->mutex);
    mqc__inbox_unlock_filled(inbox);
}

enum mqc__inbox_result mqc__inbox_put_raised(struct mqc__inbox *inbox, struct mqc__inbox_item *item)
{
    enum mqc__inbox_result result = MQC__INBOX_QUEUED;
    pthread_mutex_lock(&inbox->mutex);
    if (inbox->is_closed)
        result = MQC__INBOX_CLOSED;
    else if (item->size_bytes > inbox->bytes_max)
        result = MQC__INBOX_TOO_LARGE;
    else if (inbox->raised >= RAISED_MAX ||
             item->size_bytes > inbox->bytes_max - inbox->raised_bytes)
        result = MQC__INBOX_FULL;
    if (result == MQC__INBOX_QUEUED) {
        mqc__inbox_count_locked(inbox, item);
        mqc__inbox_append_locked(inbox, item);
    }
    mqc__inbox_unlock_filled(inbox);
    return result;
}
