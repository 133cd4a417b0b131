#include "backend/inbox_priv.h"

#include "base/clock.h"

#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Errors, changes of state and the like that may wait: they come from a few rate-limited places. */
#define NOTICES_MAX 1000

/* What happens to nodes comes in as many pieces as there are nodes, and none may be missing. */
#define NODE_NOTICES_MAX 1000000

/* From here on a copy costs more than keeping the memory that a message came in. */
#define LARGE_BYTES ((size_t)4096)

struct mqc__inbox *mqc__inbox_new(size_t messages_max, size_t bytes_max)
{
    struct mqc__inbox *inbox = calloc(1, sizeof *inbox);
    if (inbox == NULL)
        return NULL;
    pthread_mutex_init(&inbox->mutex, NULL);
    pthread_cond_init(&inbox->filled, NULL);
    pthread_cond_init(&inbox->emptied, NULL);
    inbox->last = &inbox->first;
    inbox->messages_max = messages_max;
    inbox->bytes_max = bytes_max;
    inbox->is_blocking = true;
    inbox->fd = -1;
    return inbox;
}

void mqc__inbox_item_free(struct mqc__inbox_item *item)
{
    if (item->memory != NULL)
        item->release(item->memory);
    if (item->freed != NULL)
        item->freed(item->freed_context);
    free(item);
}

void mqc__inbox_free(struct mqc__inbox **inbox)
{
    if (*inbox == NULL)
        return;
    struct mqc__inbox_item *item = (*inbox)->first;
    while (item != NULL) {
        struct mqc__inbox_item *next = item->next;
        mqc__inbox_item_free(item);
        item = next;
    }
    if ((*inbox)->fd >= 0)
        (void)close((*inbox)->fd);
    pthread_cond_destroy(&(*inbox)->emptied);
    pthread_cond_destroy(&(*inbox)->filled);
    pthread_mutex_destroy(&(*inbox)->mutex);
    free(*inbox);
    *inbox = NULL;
}

/* With the mutex held. */
static void signal_fd(const struct mqc__inbox *inbox)
{
    const uint64_t one = 1;
    if (inbox->fd >= 0)
        (void)!write(inbox->fd, &one, sizeof one);
}

/* With the mutex held. */
static void clear_fd(const struct mqc__inbox *inbox)
{
    uint64_t count;
    if (inbox->fd >= 0)
        (void)!read(inbox->fd, &count, sizeof count);
}

int mqc__inbox_fd(struct mqc__inbox *inbox)
{
    pthread_mutex_lock(&inbox->mutex);
    if (inbox->fd < 0) {
        inbox->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (inbox->first != NULL)
            signal_fd(inbox);
    }
    const int fd = inbox->fd;
    pthread_mutex_unlock(&inbox->mutex);
    return fd;
}

static size_t *count_of(struct mqc__inbox *inbox, enum mqc__inbox_kind kind)
{
    return kind == MQC__INBOX_NODE ? &inbox->node_notices : &inbox->notices;
}

static bool is_message(enum mqc__inbox_kind kind)
{
    return kind == MQC__INBOX_MESSAGE || kind == MQC__INBOX_CLIENT;
}

void mqc__inbox_count_locked(struct mqc__inbox *inbox, const struct mqc__inbox_item *item)
{
    if (is_message(item->kind)) {
        inbox->messages++;
        inbox->bytes += item->size_bytes;
    } else if (item->kind == MQC__INBOX_RAISED) {
        inbox->raised++;
        inbox->raised_bytes += item->size_bytes;
    } else {
        (*count_of(inbox, item->kind))++;
    }
}

void mqc__inbox_uncount_locked(struct mqc__inbox *inbox, const struct mqc__inbox_item *item)
{
    if (is_message(item->kind)) {
        inbox->messages--;
        inbox->bytes -= item->size_bytes;
        pthread_cond_signal(&inbox->emptied);
    } else if (item->kind == MQC__INBOX_RAISED) {
        inbox->raised--;
        inbox->raised_bytes -= item->size_bytes;
    } else {
        (*count_of(inbox, item->kind))--;
    }
}

void mqc__inbox_append_locked(struct mqc__inbox *inbox, struct mqc__inbox_item *item)
{
    if (inbox->first == NULL)
        signal_fd(inbox);
    *inbox->last = item;
    inbox->last = &item->next;
}

void mqc__inbox_unlock_filled(struct mqc__inbox *inbox)
{
    const bool is_awaited = inbox->is_awaited && inbox->first != NULL;
    if (is_awaited)
        inbox->is_awaited = false; /* once is enough */
    pthread_mutex_unlock(&inbox->mutex);
    if (is_awaited)
        pthread_cond_signal(&inbox->filled);
}

/* With the mutex held. */
static void append(struct mqc__inbox *inbox, struct mqc__inbox_item *item)
{
    mqc__inbox_count_locked(inbox, item);
    mqc__inbox_append_locked(inbox, item);
}

static struct mqc_view place(char **position, struct mqc_view bytes)
{
    const struct mqc_view placed = mqc_view_bytes(*position, bytes.size);
    if (bytes.size != 0)
        memcpy(*position, bytes.data, bytes.size);
    (*position)[bytes.size] = '\0';
    *position += bytes.size + 1;
    return placed;
}

struct mqc__inbox_item *mqc__inbox_item_new(enum mqc__inbox_kind kind, struct mqc_view topic,
                                            struct mqc_view payload, struct mqc_view content_type)
{
    struct mqc__inbox_item *item =
        malloc(sizeof *item + topic.size + payload.size + content_type.size + 3);
    if (item == NULL)
        return NULL;
    *item = (struct mqc__inbox_item){.kind = kind};
    char *position = (char *)(item + 1);
    item->topic = place(&position, topic);
    item->payload = place(&position, payload);
    item->content_type = place(&position, content_type);
    item->size_bytes = (size_t)(position - (char *)item);
    return item;
}

/* One message always has room, so that the limits cannot stop everything. */
bool mqc__inbox_has_room_locked(const struct mqc__inbox *inbox, size_t bytes)
{
    return inbox->messages == 0 ||
           (inbox->messages < inbox->messages_max && bytes <= inbox->bytes_max - inbox->bytes);
}

/* A large payload stays where it is, if its memory can be had. */
static struct mqc__inbox_item *new_message(const struct mqc__mqtt_message *message)
{
    const bool is_kept = message->memory != NULL && message->payload.size >= LARGE_BYTES;
    struct mqc__inbox_item *item = mqc__inbox_item_new(
        MQC__INBOX_MESSAGE, message->topic, is_kept ? mqc_view_bytes(NULL, 0) : message->payload,
        message->content_type);
    if (item != NULL && is_kept) {
        item->payload = message->payload;
        item->size_bytes += message->payload.size;
    }
    return item;
}

/* The payload's memory is taken with the item that goes into the inbox, and not before. */
static void take_memory(struct mqc__inbox_item *item, const struct mqc__mqtt_message *message)
{
    if (message->memory == NULL || item->payload.data != message->payload.data)
        return;
    item->memory = message->memory->memory;
    item->release = message->memory->release;
    message->memory->is_taken = true;
}

static enum mqc__inbox_result put_message(struct mqc__inbox *inbox,
                                          const struct mqc__mqtt_message *message,
                                          int64_t received_ns, bool is_local)
{
    struct mqc__inbox_item *item = new_message(message);
    if (item == NULL)
        return MQC__INBOX_NO_MEMORY;
    item->received_ns = received_ns;
    item->is_local = is_local;
    item->ack = message->ack;
    if (item->size_bytes > inbox->bytes_max) {
        free(item);
        return MQC__INBOX_TOO_LARGE;
    }
    pthread_mutex_lock(&inbox->mutex);
    while (!mqc__inbox_has_room_locked(inbox, item->size_bytes) && inbox->is_blocking && !is_local)
        pthread_cond_wait(&inbox->emptied, &inbox->mutex);
    const bool is_closed = inbox->is_closed;
    const bool is_queued = mqc__inbox_has_room_locked(inbox, item->size_bytes) && !is_closed;
    if (is_queued) {
        take_memory(item, message);
        append(inbox, item);
    }
    mqc__inbox_unlock_filled(inbox);
    if (is_queued)
        return MQC__INBOX_QUEUED;
    free(item);
    return is_local && !is_closed ? MQC__INBOX_FULL : MQC__INBOX_CLOSED;
}

enum mqc__inbox_result mqc__inbox_put_message(struct mqc__inbox *inbox,
                                              const struct mqc__mqtt_message *message,
                                              int64_t received_ns)
{
    return put_message(inbox, message, received_ns, false);
}

enum mqc__inbox_result mqc__inbox_put_local(struct mqc__inbox *inbox,
                                            const struct mqc__mqtt_message *message,
                                            int64_t received_ns)
{
    return put_message(inbox, message, received_ns, true);
}

static bool put_notice(struct mqc__inbox *inbox, struct mqc__inbox_item *item)
{
    if (item == NULL)
        return false;
    pthread_mutex_lock(&inbox->mutex);
    const size_t most = item->kind == MQC__INBOX_NODE ? NODE_NOTICES_MAX : NOTICES_MAX;
    const bool is_queued = *count_of(inbox, item->kind) < most && !inbox->is_closed;
    if (is_queued)
        append(inbox, item);
    mqc__inbox_unlock_filled(inbox);
    if (!is_queued)
        free(item);
    return is_queued;
}

bool mqc__inbox_put_error(struct mqc__inbox *inbox, const char *tag, const char *text)
{
    struct mqc__inbox_item *item = mqc__inbox_item_new(MQC__INBOX_ERROR, mqc_view_text(tag),
                                                       mqc_view_text(text), mqc_view_text(NULL));
    if (item != NULL)
        item->received_ns = mqc__clock_wall_ns();
    return put_notice(inbox, item);
}

bool mqc__inbox_put_state(struct mqc__inbox *inbox, enum mqc_state state)
{
    struct mqc__inbox_item *item = mqc__inbox_item_new(MQC__INBOX_STATE, mqc_view_text(NULL),
                                                       mqc_view_text(NULL), mqc_view_text(NULL));
    if (item != NULL)
        item->state = state;
    return put_notice(inbox, item);
}

bool mqc__inbox_put_due(struct mqc__inbox *inbox)
{
    return put_notice(inbox, mqc__inbox_item_new(MQC__INBOX_DUE, mqc_view_text(NULL),
                                                 mqc_view_text(NULL), mqc_view_text(NULL)));
}

bool mqc__inbox_put_node(struct mqc__inbox *inbox, enum mqc__member_event event,
                         struct mqc_view name, struct mqc_view id)
{
    struct mqc__inbox_item *item =
        mqc__inbox_item_new(MQC__INBOX_NODE, name, id, mqc_view_text(NULL));
    if (item != NULL) {
        item->event = event;
        item->received_ns = mqc__clock_wall_ns();
    }
    return put_notice(inbox, item);
}

/* With the mutex held. */
static void unlink_first(struct mqc__inbox *inbox)
{
    const struct mqc__inbox_item *item = inbox->first;
    inbox->first = item->next;
    if (inbox->first == NULL) {
        inbox->last = &inbox->first;
        clear_fd(inbox);
    }
    mqc__inbox_uncount_locked(inbox, item);
}

struct mqc__inbox_item *mqc__inbox_take(struct mqc__inbox *inbox, bool wait)
{
    pthread_mutex_lock(&inbox->mutex);
    while (inbox->first == NULL && wait && !inbox->is_closed) {
        inbox->is_awaited = true;
        pthread_cond_wait(&inbox->filled, &inbox->mutex);
        inbox->is_awaited = false;
    }
    struct mqc__inbox_item *item = inbox->first;
    if (item != NULL)
        unlink_first(inbox);
    pthread_mutex_unlock(&inbox->mutex);
    return item;
}

size_t mqc__inbox_count(struct mqc__inbox *inbox)
{
    pthread_mutex_lock(&inbox->mutex);
    const size_t count = inbox->messages + inbox->notices + inbox->node_notices + inbox->raised;
    pthread_mutex_unlock(&inbox->mutex);
    return count;
}

void mqc__inbox_stop_blocking(struct mqc__inbox *inbox)
{
    pthread_mutex_lock(&inbox->mutex);
    inbox->is_blocking = false;
    pthread_cond_broadcast(&inbox->emptied);
    pthread_mutex_unlock(&inbox->mutex);
}

void mqc__inbox_close(struct mqc__inbox *inbox)
{
    pthread_mutex_lock(&inbox->mutex);
    inbox->is_closed = true;
    inbox->is_blocking = false;
    pthread_cond_broadcast(&inbox->emptied);
    pthread_cond_broadcast(&inbox->filled);
    pthread_mutex_unlock(&inbox->mutex);
}

void mqc__inbox_stats(struct mqc__inbox *inbox, struct mqc_stats *stats_out)
{
    pthread_mutex_lock(&inbox->mutex);
    stats_out->inbox_messages = inbox->messages;
    stats_out->inbox_bytes = inbox->bytes;
    pthread_mutex_unlock(&inbox->mutex);
}
