#include "backend/pieces.h"

#include "backend/pieces_file.h"

#include <errno.h>
#include <stdlib.h>

/* What an event under way takes beside its bytes and its key, about. */
#define EVENT_COST ((size_t)256)

/* Longer than instance and topic can be: both come in one MQTT packet, the topic out of a length of
 * two bytes. */
#define KEY_BYTES_MAX (SIZE_MAX / 2)

/* An event of which the beginning has come. */
struct event {
    uint64_t number;
    uint64_t total;
    size_t cost;     /* what it counts */
    bool is_on_disk; /* all that has come of it */
    struct mqc__buffer bytes;
};

void mqc__pieces_init(struct mqc__pieces *pieces, size_t events_max, size_t event_bytes_max,
                      size_t bytes_max)
{
    *pieces = (struct mqc__pieces){
        .events_max = events_max,
        .event_bytes_max = event_bytes_max,
        .bytes_max = bytes_max,
    };
    mqc__map_init(&pieces->events);
    mqc__buffer_init(&pieces->key, KEY_BYTES_MAX);
}

static void free_event(void *value)
{
    struct event *event = value;
    mqc__buffer_fini(&event->bytes);
    free(event);
}

void mqc__pieces_fini(struct mqc__pieces *pieces)
{
    mqc__map_fini(&pieces->events, free_event);
    mqc__buffer_fini(&pieces->key);
    free(pieces->folder);
    pieces->folder = NULL;
    pieces->byte_count = 0;
}

/* Writes the stream's key into pieces->key. */
static bool make_key(struct mqc__pieces *pieces, struct mqc_view instance, struct mqc_view topic)
{
    struct mqc__buffer *key = &pieces->key;
    mqc__buffer_clear(key);
    (void)mqc__buffer_append(key, instance.data, instance.size);
    (void)mqc__buffer_append(key, "", 1);
    return mqc__buffer_append(key, topic.data, topic.size) && !mqc__buffer_failed(key);
}

static void drop(struct mqc__pieces *pieces, struct mqc_view key)
{
    struct event *event = mqc__map_find(&pieces->events, key);
    if (event == NULL)
        return;
    if (event->is_on_disk)
        mqc__pieces_file_remove(pieces->folder, key);
    (void)mqc__map_remove(&pieces->events, key); /* the key may be the entry's own */
    pieces->byte_count -= event->cost;
    free_event(event);
}

/* Without its file the event goes on in memory. */
static void leave_disk(struct mqc__pieces *pieces, struct event *event)
{
    pieces->file_errno = errno;
    mqc__pieces_file_remove(pieces->folder, mqc__buffer_view(&pieces->key));
    event->is_on_disk = false;
}

static void count_memory(struct mqc__pieces *pieces, struct event *event)
{
    const size_t cost = EVENT_COST + event->bytes.capacity;
    pieces->byte_count += cost - event->cost;
    event->cost = cost;
}

static struct event *new_event(struct mqc__pieces *pieces, const struct mqc__pieces_label *label)
{
    struct event *event = calloc(1, sizeof *event);
    if (event == NULL)
        return NULL;
    event->number = label->number;
    event->total = label->total;
    mqc__buffer_init(&event->bytes, (size_t)event->total);
    if (mqc__map_add(&pieces->events, label->key, event) != MQC_OK) {
        free(event);
        return NULL;
    }
    count_memory(pieces, event);
    return event;
}

static struct event *begin(struct mqc__pieces *pieces, const struct mqc__piece_arrival *arrival)
{
    struct mqc_view oldest;
    if (mqc__map_count(&pieces->events) >= pieces->events_max &&
        mqc__map_oldest(&pieces->events, &oldest))
        drop(pieces, oldest);
    const struct mqc__pieces_label label = {mqc__buffer_view(&pieces->key), arrival->number,
                                            arrival->piece.total};
    struct event *event = new_event(pieces, &label);
    if (event == NULL || pieces->folder == NULL)
        return event;
    event->is_on_disk = true;
    if (!mqc__pieces_file_begin(pieces->folder, &label))
        leave_disk(pieces, event);
    return event;
}

/* Takes up an event that an earlier process has left. */
static bool take_up(void *context, const struct mqc__pieces_label *label, struct mqc_view bytes)
{
    struct mqc__pieces *pieces = context;
    if (label->total > pieces->event_bytes_max || bytes.size > label->total ||
        mqc__map_count(&pieces->events) >= pieces->events_max ||
        bytes.size > pieces->bytes_max - pieces->byte_count)
        return false;
    struct event *event = new_event(pieces, label);
    if (event == NULL)
        return false;
    if (!mqc__buffer_append(&event->bytes, bytes.data, bytes.size)) {
        drop(pieces, label->key);
        return false;
    }
    count_memory(pieces, event);
    event->is_on_disk = true;
    return true;
}

bool mqc__pieces_open(struct mqc__pieces *pieces, const char *folder, bool syncs)
{
    pieces->folder = strdup(folder);
    pieces->syncs = syncs;
    if (pieces->folder != NULL && mqc__pieces_file_load(folder, take_up, pieces))
        return true;
    const int reason = pieces->folder != NULL ? errno : ENOMEM;
    free(pieces->folder);
    pieces->folder = NULL;
    errno = reason;
    return false;
}

/* Gives up others until all have room; one alone always has. */
static void make_room(struct mqc__pieces *pieces)
{
    struct mqc_view oldest;
    while (pieces->byte_count > pieces->bytes_max && mqc__map_count(&pieces->events) > 1 &&
           mqc__map_oldest(&pieces->events, &oldest))
        drop(pieces, oldest);
}

/* Finds the event that the piece is of, or lets it begin; NULL with MQC_OK: the piece is of no use.
 */
static struct event *find_event(struct mqc__pieces *pieces,
                                const struct mqc__piece_arrival *arrival, enum mqc_error *error_out)
{
    const struct mqc__piece *piece = &arrival->piece;
    const struct mqc_view key = mqc__buffer_view(&pieces->key);
    struct event *event = mqc__map_find(&pieces->events, key);
    *error_out = MQC_OK;
    if (event != NULL && event->number == arrival->number && event->total == piece->total &&
        piece->offset <= event->bytes.size)
        return event;
    drop(pieces, key);
    if (piece->offset != 0)
        return NULL;
    if (piece->total > pieces->event_bytes_max) {
        *error_out = MQC_ETOOLARGE;
        return NULL;
    }
    event = begin(pieces, arrival);
    *error_out = event != NULL ? MQC_OK : MQC_ENOMEM;
    return event;
}

/* Appends what of the piece was not there yet. */
static bool append(struct mqc__pieces *pieces, struct event *event, const struct mqc__piece *piece)
{
    const size_t known = event->bytes.size - (size_t)piece->offset;
    if (known >= piece->content.size)
        return true;
    const struct mqc_view news =
        mqc_view_bytes(piece->content.data + known, piece->content.size - known);
    if (!mqc__buffer_append(&event->bytes, news.data, news.size))
        return false;
    if (event->is_on_disk &&
        !mqc__pieces_file_append(pieces->folder, mqc__buffer_view(&pieces->key), news,
                                 pieces->syncs))
        leave_disk(pieces, event);
    return true;
}

static void hand_over(struct mqc__pieces *pieces, struct event *event,
                      struct mqc__buffer *events_out)
{
    *events_out = event->bytes;
    mqc__buffer_init(&event->bytes, 0);
    event->is_on_disk = false; /* it stays there */
    drop(pieces, mqc__buffer_view(&pieces->key));
}

enum mqc_error mqc__pieces_take(struct mqc__pieces *pieces,
                                const struct mqc__piece_arrival *arrival,
                                struct mqc__buffer *events_out)
{
    mqc__buffer_init(events_out, 0);
    if (!make_key(pieces, arrival->instance, arrival->topic))
        return MQC_ENOMEM;
    enum mqc_error error = MQC_OK;
    struct event *event = find_event(pieces, arrival, &error);
    if (event == NULL)
        return error;
    mqc__map_touch(&pieces->events, mqc__buffer_view(&pieces->key));
    if (!append(pieces, event, &arrival->piece)) {
        drop(pieces, mqc__buffer_view(&pieces->key));
        return MQC_ENOMEM;
    }
    count_memory(pieces, event);
    make_room(pieces);
    if (event->bytes.size == event->total)
        hand_over(pieces, event, events_out);
    return MQC_OK;
}

void mqc__pieces_handled(struct mqc__pieces *pieces, struct mqc_view instance,
                         struct mqc_view topic)
{
    if (pieces->folder != NULL && make_key(pieces, instance, topic))
        mqc__pieces_file_remove(pieces->folder, mqc__buffer_view(&pieces->key));
}

bool mqc__pieces_await(struct mqc__pieces *pieces, struct mqc_view instance, struct mqc_view topic,
                       uint64_t number)
{
    if (mqc__map_count(&pieces->events) == 0 || !make_key(pieces, instance, topic))
        return false;
    const struct event *event = mqc__map_find(&pieces->events, mqc__buffer_view(&pieces->key));
    return event != NULL && event->number == number;
}

void mqc__pieces_forget(struct mqc__pieces *pieces, struct mqc_view instance, struct mqc_view topic)
{
    if (mqc__map_count(&pieces->events) != 0 && make_key(pieces, instance, topic))
        drop(pieces, mqc__buffer_view(&pieces->key));
}
