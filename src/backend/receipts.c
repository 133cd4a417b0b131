#include "backend/receipts.h"

#include "backend/backend_priv.h"
#include "cluster/topics.h"
#include "topic/topic.h"

#include <stdlib.h>

/* In one message; more go into several. */
#define MESSAGE_RECEIPTS_MAX 1000

#define FIRST_CAPACITY 16

/* Longer ones do not travel: a topic has a limit of its own. */
#define PAYLOAD_BYTES_MAX ((size_t)64 << 20)

/* Room for the topic of a node id. */
#define ARENA_BYTES ((size_t)256 << 10)

static bool has_room(struct mqc__receipts *receipts)
{
    if (receipts->count < receipts->capacity)
        return true;
    const size_t capacity = receipts->capacity != 0 ? 2 * receipts->capacity : FIRST_CAPACITY;
    struct mqc__receipt *items = realloc(receipts->items, capacity * sizeof *items);
    if (items == NULL)
        return false;
    receipts->items = items;
    receipts->capacity = capacity;
    return true;
}

void mqc__receipts_add(struct mqc__receipts *receipts, const struct mqc__receipt *receipt)
{
    if (has_room(receipts))
        receipts->items[receipts->count++] = *receipt;
}

void mqc__receipts_fini(struct mqc__receipts *receipts)
{
    free(receipts->items);
    *receipts = (struct mqc__receipts){0};
}

static int compare_senders(const void *a, const void *b)
{
    const struct mqc__receipt *left = a;
    const struct mqc__receipt *right = b;
    const struct mqc_view one = left->instance;
    const struct mqc_view other = right->instance;
    if (one.size != other.size)
        return one.size < other.size ? -1 : 1;
    return one.size != 0 ? memcmp(one.data, other.data, one.size) : 0;
}

/* The MQTT topic on which an instance hears what is meant for it alone. */
static bool make_node_id_topic(const struct mqc_backend *backend, struct mqc_view instance,
                               struct mqc__buffer *mqtt_topic)
{
    struct mqc__arena arena;
    struct mqc_view topic;
    mqc__arena_init(&arena, ARENA_BYTES);
    mqc__buffer_clear(mqtt_topic);
    const bool is_made = mqc__topic_of_node_id(&arena, backend->separator, instance, &topic) &&
                         mqc__topic_event(backend->root, topic, mqtt_topic, NULL) == MQC_OK;
    mqc__arena_fini(&arena);
    return is_made;
}

/* All to one sender. What gets lost is said again: the sender asks, or this node does. */
static void send_group(struct mqc_backend *backend, const struct mqc__receipt *receipts,
                       size_t count)
{
    struct mqc__session *session = atomic_load(&backend->session);
    const struct mqc__envelope_header header = {
        .sender = {.instance = mqc_view_text(backend->node_id),
                   .node = mqc_view_text(backend->node)},
    };
    struct mqc__buffer topic;
    struct mqc__buffer payload;
    mqc__buffer_init(&topic, (size_t)4 * MQC__TOPIC_BYTES_MAX);
    mqc__buffer_init(&payload, PAYLOAD_BYTES_MAX);
    if (session != NULL && make_node_id_topic(backend, receipts->instance, &topic) &&
        mqc__protobuf_header(&header, &payload) == MQC_OK &&
        mqc__protobuf_receipts(receipts, count, &payload) == MQC_OK)
        (void)mqc__session_say(session, mqc__buffer_view(&topic), mqc__buffer_view(&payload));
    mqc__buffer_fini(&topic);
    mqc__buffer_fini(&payload);
}

void mqc__receipts_send(struct mqc__receipts *receipts, struct mqc_backend *backend)
{
    if (receipts->count > 1)
        qsort(receipts->items, receipts->count, sizeof *receipts->items, compare_senders);
    size_t begin = 0;
    while (begin < receipts->count) {
        size_t end = begin + 1;
        while (end < receipts->count && end - begin < MESSAGE_RECEIPTS_MAX &&
               compare_senders(&receipts->items[begin], &receipts->items[end]) == 0)
            end++;
        send_group(backend, &receipts->items[begin], end - begin);
        begin = end;
    }
    receipts->count = 0;
}

static void take_one(struct mqc_backend *backend, const struct mqc__receipt *receipt,
                     struct mqc_view requester, struct mqc_view reply_topic)
{
    struct mqc__buffer mqtt_topic;
    mqc__buffer_init(&mqtt_topic, (size_t)4 * MQC__TOPIC_BYTES_MAX);
    if (mqc__topic_event(backend->root, receipt->topic, &mqtt_topic, NULL) == MQC_OK) {
        const struct mqc__session_receipt told = {
            .instance = receipt->instance,
            .mqtt_topic = mqc__buffer_view(&mqtt_topic),
            .topic = receipt->topic,
            .requester = requester,
            .reply_topic = reply_topic,
            .handled_to = receipt->handled_to,
            .wants_repeat = receipt->wants_repeat,
        };
        mqc__session_receipt(atomic_load(&backend->session), &told);
    }
    mqc__buffer_fini(&mqtt_topic);
}

void mqc__receipts_take(struct mqc_backend *backend, const struct mqc__envelope *envelope)
{
    const struct mqc_view requester = envelope->sender.instance;
    struct mqc__buffer reply_topic;
    mqc__buffer_init(&reply_topic, (size_t)4 * MQC__TOPIC_BYTES_MAX);
    if (requester.size != 0 && make_node_id_topic(backend, requester, &reply_topic))
        for (size_t i = 0; i < envelope->receipt_count; i++)
            take_one(backend, &envelope->receipts[i], requester, mqc__buffer_view(&reply_topic));
    mqc__buffer_fini(&reply_topic);
}
