#include "ws/hub.h"

#include "base/log.h"
#include "codec/json.h"
#include "ws/protocol.h"

#include <pthread.h>
#include <stdlib.h>

/* What an event may take as JSON: far above what can come in. */
#define MESSAGE_BYTES_MAX ((size_t)1 << 30)

/* Usual events are written on the stack. */
#define SCRATCH_BYTES 2048

struct mqc__ws_hub {
    struct mqc__telemetry *telemetry;
    void (*filled)(void *context);
    void *context;
    pthread_mutex_t mutex; /* guards the outlets and what follows */
    struct mqc__ws_outlet *outlets;
    struct mqc__ws_outlet *first_filled;
    struct mqc__ws_outlet **last_filled;
};

struct mqc__ws_hub *mqc__ws_hub_new(struct mqc__telemetry *telemetry, void (*filled)(void *context),
                                    void *context)
{
    struct mqc__ws_hub *hub = calloc(1, sizeof *hub);
    if (hub == NULL)
        return NULL;
    *hub = (struct mqc__ws_hub){.telemetry = telemetry, .filled = filled, .context = context};
    hub->last_filled = &hub->first_filled;
    pthread_mutex_init(&hub->mutex, NULL);
    return hub;
}

void mqc__ws_hub_free(struct mqc__ws_hub **hub)
{
    if (*hub == NULL)
        return;
    pthread_mutex_destroy(&(*hub)->mutex);
    free(*hub);
    *hub = NULL;
}

void mqc__ws_hub_add(struct mqc__ws_hub *hub, struct mqc__ws_outlet *outlet)
{
    pthread_mutex_lock(&hub->mutex);
    outlet->previous = NULL;
    outlet->next = hub->outlets;
    if (hub->outlets != NULL)
        hub->outlets->previous = outlet;
    hub->outlets = outlet;
    pthread_mutex_unlock(&hub->mutex);
}

static void forget_filled_locked(struct mqc__ws_hub *hub, struct mqc__ws_outlet *outlet)
{
    struct mqc__ws_outlet **link = &hub->first_filled;
    while (*link != NULL && *link != outlet)
        link = &(*link)->next_filled;
    if (*link == NULL)
        return;
    *link = outlet->next_filled;
    if (hub->last_filled == &outlet->next_filled)
        hub->last_filled = link;
    outlet->is_filled = false;
}

void mqc__ws_hub_remove(struct mqc__ws_hub *hub, struct mqc__ws_outlet *outlet)
{
    pthread_mutex_lock(&hub->mutex);
    if (outlet->next != NULL)
        outlet->next->previous = outlet->previous;
    if (outlet->previous != NULL)
        outlet->previous->next = outlet->next;
    else
        hub->outlets = outlet->next;
    if (outlet->is_filled)
        forget_filled_locked(hub, outlet);
    mqc__ws_line_clear(&outlet->line);
    mqc__ws_line_clear(&outlet->taken);
    pthread_mutex_unlock(&hub->mutex);
}

static bool wants(const struct mqc__ws_outlet *outlet, struct mqc_view topic, uint64_t origin)
{
    if (outlet->client == origin || outlet->is_over)
        return false;
    /* The greatest one that is not greater than the topic: if any is a prefix, it is that one,
     * since what stands between a prefix and the topic begins with the prefix itself. */
    size_t first = 0;
    size_t end = outlet->prefix_count;
    while (first < end) {
        const size_t middle = first + (end - first) / 2;
        if (mqc__ws_compare_bytes(outlet->prefixes[middle], topic) <= 0)
            first = middle + 1;
        else
            end = middle;
    }
    return first != 0 && mqc_view_starts_with(topic, outlet->prefixes[first - 1]);
}

static bool is_wanted(struct mqc__ws_hub *hub, struct mqc_view topic, uint64_t origin)
{
    pthread_mutex_lock(&hub->mutex);
    const struct mqc__ws_outlet *outlet = hub->outlets;
    while (outlet != NULL && !wants(outlet, topic, origin))
        outlet = outlet->next;
    pthread_mutex_unlock(&hub->mutex);
    return outlet != NULL;
}

static void fill_locked(struct mqc__ws_hub *hub, struct mqc__ws_outlet *outlet)
{
    if (outlet->is_filled)
        return;
    outlet->is_filled = true;
    outlet->next_filled = NULL;
    *hub->last_filled = outlet;
    hub->last_filled = &outlet->next_filled;
}

static void put_locked(struct mqc__ws_hub *hub, struct mqc__ws_outlet *outlet,
                       struct mqc__ws_outgoing *outgoing)
{
    const size_t size = outgoing != NULL ? mqc__ws_outgoing_view(outgoing).size : 0;
    outlet->is_over = outgoing == NULL || size > outlet->bytes_max - atomic_load(&outlet->bytes) ||
                      !mqc__ws_line_append(&outlet->line, outgoing);
    if (outlet->is_over || !outlet->is_known)
        fill_locked(hub, outlet);
    if (outlet->is_over)
        return;
    outlet->is_known = true;
    (void)mqc__ws_outgoing_ref(outgoing);
    (void)atomic_fetch_add(&outlet->bytes, size);
}

static void count(struct mqc__ws_hub *hub, const struct mqc__ws_outlet *outlet,
                  struct mqc__telemetry_event *counted)
{
    if (hub->telemetry == NULL || counted == NULL)
        return;
    counted->app = outlet->application;
    mqc__telemetry_count(hub->telemetry, counted);
}

/* `topic` NULL: for everybody. `outgoing` NULL: there was no memory for it; who misses something
 * without knowing would be worse off than who has to come again. */
static void put(struct mqc__ws_hub *hub, const struct mqc_view *topic, uint64_t origin,
                struct mqc__ws_outgoing *outgoing, struct mqc__telemetry_event *counted)
{
    pthread_mutex_lock(&hub->mutex);
    const bool was_empty = hub->first_filled == NULL;
    for (struct mqc__ws_outlet *outlet = hub->outlets; outlet != NULL; outlet = outlet->next) {
        if (outlet->is_over || (topic != NULL && !wants(outlet, *topic, origin)))
            continue;
        count(hub, outlet, counted);
        put_locked(hub, outlet, outgoing);
    }
    const bool is_filled = was_empty && hub->first_filled != NULL;
    pthread_mutex_unlock(&hub->mutex);
    if (is_filled)
        hub->filled(hub->context);
}

void mqc__ws_hub_deliver(struct mqc__ws_hub *hub, struct mqc_view topic,
                         const struct mqc_event *event, uint64_t origin)
{
    struct mqc__buffer json;
    char scratch[SCRATCH_BYTES];
    struct mqc__ws_outgoing *outgoing = NULL;
    if (!is_wanted(hub, topic, origin))
        return;
    mqc__buffer_init_scratch(&json, scratch, sizeof scratch, MESSAGE_BYTES_MAX);
    if (mqc__json_write_message(topic, event, &json) == MQC_OK)
        outgoing = mqc__ws_outgoing_text(mqc__buffer_view(&json));
    struct mqc__telemetry_event counted = {
        .side = MQC__TELEMETRY_WEBSOCKET,
        .direction = MQC__TELEMETRY_INCOMING,
        .topic = topic,
        .handler = event->name,
        .bytes = json.size,
    };
    put(hub, &topic, origin, outgoing, &counted);
    mqc__ws_outgoing_unref(outgoing);
    mqc__buffer_fini(&json);
}

void mqc__ws_hub_tell_all(struct mqc__ws_hub *hub, struct mqc_view message)
{
    struct mqc__ws_outgoing *outgoing = mqc__ws_outgoing_text(message);
    if (outgoing == NULL) {
        mqc__log(MQC_LOG_WARNING, "no memory to tell the WebSocket clients of an error");
        return;
    }
    put(hub, NULL, 0, outgoing, NULL);
    mqc__ws_outgoing_unref(outgoing);
}

/* What cannot be moved for lack of memory is a loss, and so the end of the client. */
static void take_locked(struct mqc__ws_outlet *outlet, size_t most)
{
    if (outlet->line.count <= most) {
        outlet->taken = outlet->line;
        outlet->line = (struct mqc__ws_line){0};
    }
    while (outlet->line.count != 0 && outlet->taken.count < most) {
        if (!mqc__ws_line_append(&outlet->taken, mqc__ws_line_at(&outlet->line, 0))) {
            outlet->is_over = true;
            break;
        }
        (void)mqc__ws_line_take(&outlet->line);
    }
    outlet->is_known = outlet->line.count != 0;
    outlet->was_over = outlet->is_over;
}

struct mqc__ws_outlet *mqc__ws_hub_take_filled(struct mqc__ws_hub *hub)
{
    struct mqc__ws_outlet *first = NULL;
    struct mqc__ws_outlet **last = &first;
    pthread_mutex_lock(&hub->mutex);
    for (struct mqc__ws_outlet *o = hub->first_filled; o != NULL; o = o->next_filled) {
        o->is_filled = false;
        if (o->is_busy && !o->is_over)
            continue;
        take_locked(o, MQC__WS_HUB_PORTION);
        *last = o;
        last = &o->next_taken;
    }
    hub->first_filled = NULL;
    hub->last_filled = &hub->first_filled;
    pthread_mutex_unlock(&hub->mutex);
    *last = NULL;
    return first;
}

void mqc__ws_hub_take(struct mqc__ws_hub *hub, struct mqc__ws_outlet *outlet, size_t most)
{
    pthread_mutex_lock(&hub->mutex);
    take_locked(outlet, most);
    pthread_mutex_unlock(&hub->mutex);
}

void mqc__ws_hub_written(struct mqc__ws_outlet *outlet, size_t bytes)
{
    (void)atomic_fetch_sub(&outlet->bytes, bytes);
}
