#include "backend/streams.h"

#include "base/clock.h"
#include "base/hash.h"

#include <stdlib.h>

#define NONE UINT32_MAX

/* Where unwanted topics are noted by their hash. Two that share one are taken for each other, but
 * only after a subscription was taken back, see look_at_subscription(). */
#define UNWANTED_PLACES 4096

/* Where streams are looked for before they are by the positions' hash, which is good, but slow. */
#define RECENT_PLACES 1024

/* What is known of the stream in a place, beside its position. */
struct stream {
    struct mqc__stream_in in;
    uint64_t generation; /* of the subscriptions when the epoch was found out; 0: never */
    uint64_t broker_epoch;
    uint64_t breaks;
    uint64_t unwanted_seen; /* the number of unwanted messages when the last batch arrived */
    /* Those that something is due of, perhaps. */
    uint32_t due_next; /* or NONE */
    uint32_t due_previous;
    bool is_due;
    bool has_begun;       /* it is not zeroed memory any more */
    bool holds_others;    /* perhaps */
    unsigned held_count;  /* in so many seconds something was held */
    int64_t held_ms;      /* the latest of them */
    uint64_t held_at;     /* where the other stream stood then */
    size_t held_by;       /* its place plus 1; 0: it is not held */
    size_t instance_size; /* of the texts */
    size_t topic_size;
    char *texts; /* instance and topic; NULL: there was no memory */
};

struct mqc__streams {
    struct mqc__positions *positions;
    struct mqc__subscribed *subscribed;
    struct stream *streams; /* by place */
    uint32_t due_first;     /* or NONE */
    int64_t due_ms;         /* nothing is due before */
    size_t used;            /* no stream is in this place or behind it */
    bool is_on_disk;
    uint64_t seed;
    uint32_t recent[RECENT_PLACES]; /* by hash of instance and topic: the place plus 1, or 0 */
    uint64_t unwanted_count;
    uint64_t unwanted[UNWANTED_PLACES]; /* the number of the last message on such a topic */
};

struct mqc__streams *mqc__streams_new(struct mqc__positions *positions,
                                      struct mqc__subscribed *subscribed)
{
    struct mqc__streams *streams = calloc(1, sizeof *streams);
    if (streams == NULL)
        return NULL;
    streams->positions = positions;
    streams->subscribed = subscribed;
    streams->streams = calloc(mqc__positions_count(positions), sizeof *streams->streams);
    streams->due_first = NONE;
    streams->is_on_disk = mqc__positions_is_on_disk(positions);
    streams->seed = mqc__random_bits();
    streams->due_ms = MQC__STREAM_IN_NEVER;
    if (streams->streams == NULL)
        mqc__streams_free(&streams);
    return streams;
}

void mqc__streams_free(struct mqc__streams **streams)
{
    if (*streams == NULL)
        return;
    for (size_t i = 0; i < (*streams)->used; i++)
        free((*streams)->streams[i].texts);
    free((*streams)->streams);
    free(*streams);
    *streams = NULL;
}

static void link_due(struct mqc__streams *streams, uint32_t place)
{
    struct stream *stream = &streams->streams[place];
    stream->is_due = true;
    stream->due_previous = NONE;
    stream->due_next = streams->due_first;
    if (streams->due_first != NONE)
        streams->streams[streams->due_first].due_previous = place;
    streams->due_first = place;
}

static void unlink_due(struct mqc__streams *streams, uint32_t place)
{
    struct stream *stream = &streams->streams[place];
    stream->is_due = false;
    if (stream->due_previous != NONE)
        streams->streams[stream->due_previous].due_next = stream->due_next;
    else
        streams->due_first = stream->due_next;
    if (stream->due_next != NONE)
        streams->streams[stream->due_next].due_previous = stream->due_previous;
}

/* A receipt can only be given with a name on it. */
static void plan(struct mqc__streams *streams, size_t place)
{
    const struct stream *stream = &streams->streams[place];
    const int64_t due_ms = mqc__stream_in_due_ms(&stream->in);
    if (due_ms == MQC__STREAM_IN_NEVER || stream->texts == NULL)
        return;
    if (!stream->is_due)
        link_due(streams, (uint32_t)place);
    if (due_ms < streams->due_ms)
        streams->due_ms = due_ms;
}

/* The place has got another stream. Returns how many events of the old one are waited for. */
static uint64_t forget(struct mqc__streams *streams, size_t place)
{
    struct stream *stream = &streams->streams[place];
    const uint64_t awaited = stream->has_begun ? mqc__stream_in_give_up(&stream->in) : 0;
    if (stream->is_due)
        unlink_due(streams, (uint32_t)place);
    free(stream->texts);
    *stream = (struct stream){.has_begun = false};
    return awaited;
}

/* A stream of an earlier process goes on where that was. */
static void begin_stream(struct mqc__streams *streams, size_t place)
{
    struct stream *stream = &streams->streams[place];
    const uint64_t last = mqc__positions_last(streams->positions, place);
    stream->has_begun = true;
    if (last == 0)
        mqc__stream_in_init(&stream->in);
    else
        mqc__stream_in_restore(&stream->in, last, mqc__positions_mark(streams->positions, place));
}

/* Without memory the sender hears nothing of this stream for now. */
static void keep_texts(struct stream *stream, const struct mqc__stream_batch *batch)
{
    stream->texts = malloc(batch->instance.size + batch->topic.size + 1);
    if (stream->texts == NULL)
        return;
    stream->instance_size = batch->instance.size;
    stream->topic_size = batch->topic.size;
    if (batch->instance.size != 0)
        memcpy(stream->texts, batch->instance.data, batch->instance.size);
    if (batch->topic.size != 0)
        memcpy(stream->texts + batch->instance.size, batch->topic.data, batch->topic.size);
}

static bool is_named(const struct stream *stream, const struct mqc__stream_batch *batch)
{
    return stream->texts != NULL &&
           mqc_view_equal(mqc_view_bytes(stream->texts, stream->instance_size), batch->instance) &&
           mqc_view_equal(mqc_view_bytes(stream->texts + stream->instance_size, stream->topic_size),
                          batch->topic);
}

static size_t find_place(struct mqc__streams *streams, const struct mqc__stream_batch *batch,
                         bool *is_new_out)
{
    const uint32_t hash = mqc__hash(batch->topic, mqc__hash(batch->instance, streams->seed));
    uint32_t *recent = &streams->recent[hash % RECENT_PLACES];
    *is_new_out = false;
    if (*recent != 0 && is_named(&streams->streams[*recent - 1], batch)) {
        mqc__positions_touch(streams->positions, *recent - 1);
        return *recent - 1;
    }
    const size_t place =
        mqc__positions_take(streams->positions, batch->instance, batch->topic, is_new_out);
    *recent = (uint32_t)place + 1;
    if (place >= streams->used)
        streams->used = place + 1;
    return place;
}

/* Returns the stream of a batch. */
static struct stream *take(struct mqc__streams *streams, const struct mqc__stream_batch *batch,
                           struct mqc__stream_verdict *verdict)
{
    bool is_new;
    verdict->place = find_place(streams, batch, &is_new);
    struct stream *stream = &streams->streams[verdict->place];
    if (is_new)
        verdict->forgotten = forget(streams, verdict->place);
    if (!stream->has_begun)
        begin_stream(streams, verdict->place);
    if (stream->texts == NULL)
        keep_texts(stream, batch);
    return stream;
}

static uint64_t *unwanted_place(struct mqc__streams *streams, struct mqc_view topic)
{
    return &streams->unwanted[mqc__hash(topic, streams->seed) % UNWANTED_PLACES];
}

void mqc__streams_unwanted(struct mqc__streams *streams, struct mqc_view topic)
{
    *unwanted_place(streams, topic) = ++streams->unwanted_count;
}

/* Finds out whether the subscription to the topic was broken; returns for how long it has not been,
 * where that can matter. */
static int64_t look_at_subscription(struct mqc__streams *streams, struct stream *stream,
                                    const struct mqc__stream_batch *batch, int64_t now_ms)
{
    const uint64_t generation = mqc__subscribed_generation(streams->subscribed);
    const uint64_t unwanted_seen = stream->unwanted_seen;
    stream->unwanted_seen = streams->unwanted_count;
    if (stream->in.is_known && stream->generation == generation)
        return 0;
    const struct mqc__subscribed_time time =
        mqc__subscribed_find(streams->subscribed, batch->mqtt_topic, now_ms);
    stream->broker_epoch = time.epoch;
    if (*unwanted_place(streams, batch->topic) > unwanted_seen &&
        mqc__subscribed_is_broken(streams->subscribed, batch->topic, stream->generation))
        stream->breaks++;
    stream->generation = generation;
    return time.age_ms;
}

/* The positions hold what a later process needs. */
static void store(struct mqc__streams *streams, const struct stream *stream, size_t place)
{
    mqc__positions_skip(streams->positions, place, stream->in.last);
    if (mqc__positions_mark(streams->positions, place) != stream->broker_epoch)
        mqc__positions_set_mark(streams->positions, place, stream->broker_epoch);
}

/* Says whether what arrived has to wait for another stream. */
static bool hold(struct mqc__streams *streams, struct stream *stream,
                 const struct mqc__stream_batch *batch, int64_t now_ms)
{
    stream->held_by = batch->is_held ? batch->held_by + 1 : 0;
    if (!batch->is_held)
        return false;
    struct stream *other = &streams->streams[batch->held_by];
    other->holds_others = true;
    if (stream->held_at != other->in.last)
        stream->held_count = 0;
    stream->held_at = other->in.last;
    const bool is_same_second = stream->held_count != 0 && now_ms - stream->held_ms < 1000;
    if (!is_same_second && stream->held_count <= MQC__STREAMS_HELD_SECONDS) {
        stream->held_ms = now_ms;
        stream->held_count++;
    }
    return stream->held_count <= MQC__STREAMS_HELD_SECONDS;
}

/* Nothing is waited for in this place any more: what was held because of it is asked for. */
static void release_held(struct mqc__streams *streams, size_t place, int64_t now_ms)
{
    struct stream *stream = &streams->streams[place];
    if (!stream->holds_others || mqc__stream_in_awaited(&stream->in) != 0)
        return;
    stream->holds_others = false;
    for (uint32_t held = streams->due_first; held != NONE; held = streams->streams[held].due_next) {
        if (streams->streams[held].held_by != place + 1)
            continue;
        mqc__stream_in_connected(&streams->streams[held].in, now_ms);
        plan(streams, held);
    }
}

enum mqc_error mqc__streams_arrive(struct mqc__streams *streams,
                                   const struct mqc__stream_batch *batch, int64_t now_ms,
                                   struct mqc__stream_verdict *verdict_out)
{
    *verdict_out = (struct mqc__stream_verdict){.place = 0};
    struct mqc__stream_in_batch in = {
        .first = batch->first,
        .count = batch->count,
        .starts_count = batch->starts_count,
        .is_for_others = batch->is_for_others,
        .receipt = (uint8_t)batch->receipt,
        .kept_from = batch->kept_from,
        .count_age_ms = batch->count_age_ms,
    };
    /* A peer's nonsense must not wrap around. */
    if (!mqc__stream_in_is_possible(&in))
        return MQC_EMALFORMED;
    struct stream *stream = take(streams, batch, verdict_out);
    in.subscribed_for_ms = look_at_subscription(streams, stream, batch, now_ms);
    in.epoch = stream->broker_epoch + stream->breaks;
    if (!stream->in.is_known)
        stream->in.epoch = in.epoch; /* nothing came before that could be a break */
    in.is_held = hold(streams, stream, batch, now_ms);
    const struct mqc__stream_in_verdict verdict = mqc__stream_in_arrive(&stream->in, &in, now_ms);
    verdict_out->repeated = verdict.repeated;
    verdict_out->missing = verdict.missing;
    verdict_out->is_discarded = verdict.is_discarded;
    verdict_out->last = stream->in.last;
    store(streams, stream, verdict_out->place);
    plan(streams, verdict_out->place);
    release_held(streams, verdict_out->place, now_ms);
    return MQC_OK;
}

/* In memory only the whole batch counts: nobody sees what is between. */
bool mqc__streams_begin(struct mqc__streams *streams, size_t place, uint64_t number)
{
    if (!streams->is_on_disk)
        return false;
    mqc__positions_begin(streams->positions, place, number);
    return mqc__positions_is_uncertain(streams->positions, place, number);
}

void mqc__streams_done(struct mqc__streams *streams, size_t place, uint64_t number)
{
    if (streams->is_on_disk)
        mqc__positions_done(streams->positions, place, number);
}

void mqc__streams_handled(struct mqc__streams *streams, size_t place, uint64_t to, int64_t now_ms)
{
    mqc__stream_in_handled(&streams->streams[place].in, to, now_ms);
    mqc__positions_skip(streams->positions, place, to);
    plan(streams, place);
    release_held(streams, place, now_ms);
}

int64_t mqc__streams_due_ms(const struct mqc__streams *streams)
{
    return streams->due_ms;
}

void mqc__streams_receipts(struct mqc__streams *streams, int64_t now_ms,
                           void (*emit)(void *context, const struct mqc__receipt *receipt),
                           void *context)
{
    streams->due_ms = MQC__STREAM_IN_NEVER;
    for (uint32_t place = streams->due_first; place != NONE;) {
        struct stream *stream = &streams->streams[place];
        const uint32_t next = stream->due_next;
        struct mqc__stream_in_receipt receipt;
        if (mqc__stream_in_receipt(&stream->in, now_ms, &receipt)) {
            const struct mqc__receipt named = {
                .instance = mqc_view_bytes(stream->texts, stream->instance_size),
                .topic = mqc_view_bytes(stream->texts + stream->instance_size, stream->topic_size),
                .handled_to = receipt.handled_to,
                .wants_repeat = receipt.wants_repeat,
            };
            emit(context, &named);
        }
        const int64_t due_ms = mqc__stream_in_due_ms(&stream->in);
        if (due_ms == MQC__STREAM_IN_NEVER)
            unlink_due(streams, place);
        else if (due_ms < streams->due_ms)
            streams->due_ms = due_ms;
        place = next;
    }
}

void mqc__streams_connected(struct mqc__streams *streams, int64_t now_ms)
{
    for (uint32_t place = streams->due_first; place != NONE;
         place = streams->streams[place].due_next) {
        mqc__stream_in_connected(&streams->streams[place].in, now_ms);
        plan(streams, place);
    }
}
