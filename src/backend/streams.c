#include "backend/streams.h"

#include "base/map.h"

#include <stdlib.h>

struct stream {
    uint64_t last;
    uint64_t epoch;
};

struct mqc__streams {
    struct mqc__map streams; /* by instance, NUL, topic; the longest unused is the oldest */
    size_t streams_max;
    char *key;
    size_t key_capacity;
};

struct mqc__streams *mqc__streams_new(size_t streams_max)
{
    struct mqc__streams *streams = calloc(1, sizeof *streams);
    if (streams == NULL)
        return NULL;
    mqc__map_init(&streams->streams);
    streams->streams_max = streams_max;
    return streams;
}

void mqc__streams_free(struct mqc__streams **streams)
{
    if (*streams == NULL)
        return;
    mqc__map_fini(&(*streams)->streams, free);
    free((*streams)->key);
    free(*streams);
    *streams = NULL;
}

static bool make_key(struct mqc__streams *streams, struct mqc_view instance, struct mqc_view topic,
                     struct mqc_view *key_out)
{
    const size_t size = instance.size + 1 + topic.size;
    if (size > streams->key_capacity) {
        char *key = realloc(streams->key, size);
        if (key == NULL)
            return false;
        streams->key = key;
        streams->key_capacity = size;
    }
    if (instance.size != 0)
        memcpy(streams->key, instance.data, instance.size);
    streams->key[instance.size] = '\0';
    if (topic.size != 0)
        memcpy(streams->key + instance.size + 1, topic.data, topic.size);
    *key_out = mqc_view_bytes(streams->key, size);
    return true;
}

static void forget_longest_unused(struct mqc__streams *streams)
{
    struct mqc_view oldest;
    if (mqc__map_count(&streams->streams) >= streams->streams_max &&
        mqc__map_oldest(&streams->streams, &oldest))
        free(mqc__map_remove(&streams->streams, oldest));
}

static enum mqc_error remember(struct mqc__streams *streams, struct mqc_view key,
                               struct stream fresh)
{
    forget_longest_unused(streams);
    struct stream *stream = malloc(sizeof *stream);
    if (stream == NULL)
        return MQC_ENOMEM;
    *stream = fresh;
    const enum mqc_error error = mqc__map_add(&streams->streams, key, stream);
    if (error != MQC_OK)
        free(stream);
    return error;
}

static struct mqc__stream_verdict judge(const struct stream *stream,
                                        const struct mqc__stream_batch *batch)
{
    struct mqc__stream_verdict verdict = {0};
    if (batch->first <= stream->last) {
        const uint64_t known = stream->last - batch->first + 1;
        verdict.repeated = known < batch->count ? known : batch->count;
    } else if (!batch->starts_count && batch->epoch == stream->epoch) {
        verdict.missing = batch->first - stream->last - 1;
    }
    return verdict;
}

enum mqc_error mqc__streams_arrive(struct mqc__streams *streams,
                                   const struct mqc__stream_batch *batch,
                                   struct mqc__stream_verdict *verdict_out)
{
    *verdict_out = (struct mqc__stream_verdict){0};
    /* Numbers begin at 1; a peer's nonsense must not wrap around. */
    if (batch->first == 0 || batch->count > UINT64_MAX - batch->first)
        return MQC_EMALFORMED;
    const uint64_t last = batch->first + batch->count - 1;
    struct mqc_view key;
    if (!make_key(streams, batch->instance, batch->topic, &key))
        return MQC_ENOMEM;
    struct stream *stream = mqc__map_find(&streams->streams, key);
    if (stream == NULL)
        return remember(streams, key, (struct stream){last, batch->epoch});
    *verdict_out = judge(stream, batch);
    stream->epoch = batch->epoch;
    if (last > stream->last)
        stream->last = last;
    mqc__map_touch(&streams->streams, key);
    return MQC_OK;
}
