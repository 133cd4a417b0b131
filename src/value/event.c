#include "value/copy.h"

#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>

/* A copy and the memory that it lives in. */
struct owned_event {
    struct mqc_event event;
    struct mqc__arena arena;
};

static enum mqc_error copy_args(struct owned_event *owned, const struct mqc_event *event)
{
    struct mqc_value *args = mqc__arena_array(&owned->arena, event->arg_count, sizeof *args);
    if (args == NULL)
        return MQC_ENOMEM;
    for (size_t i = 0; i < event->arg_count; i++) {
        const enum mqc_error error = mqc__value_copy(&owned->arena, &event->args[i], &args[i]);
        if (error != MQC_OK)
            return error;
    }
    owned->event.args = args;
    owned->event.arg_count = event->arg_count;
    return MQC_OK;
}

static enum mqc_error copy_metadata(struct owned_event *owned, const struct mqc_event *event)
{
    struct mqc_metadata *metadata =
        mqc__arena_array(&owned->arena, event->metadata_count, sizeof *metadata);
    if (metadata == NULL)
        return MQC_ENOMEM;
    for (size_t i = 0; i < event->metadata_count; i++) {
        metadata[i].id = event->metadata[i].id;
        const enum mqc_error error =
            mqc__value_copy(&owned->arena, &event->metadata[i].value, &metadata[i].value);
        if (error != MQC_OK)
            return error;
    }
    owned->event.metadata = metadata;
    owned->event.metadata_count = event->metadata_count;
    return MQC_OK;
}

/* What stands directly in a value, with a gap. */
static size_t outer_bytes(const struct mqc_value *value)
{
    const size_t gap = alignof(max_align_t);
    switch (value->type) {
    case MQC_TYPE_STRING:
    case MQC_TYPE_ENUM: return value->as.text.size + 1 + gap;
    case MQC_TYPE_SET:
    case MQC_TYPE_VECTOR: return value->as.list.count * sizeof(struct mqc_value) + gap;
    case MQC_TYPE_TABLE: return value->as.entries.count * sizeof(struct mqc_entry) + gap;
    default: return 0;
    }
}

/* What the copy takes if lists and tables are of small values; more is found as it is needed. */
static size_t likely_bytes(const struct mqc_event *event)
{
    const size_t gap = alignof(max_align_t);
    size_t bytes = sizeof(struct owned_event) + event->name.size + 1 + 4 * gap;
    for (size_t i = 0; i < event->arg_count; i++)
        bytes += sizeof(struct mqc_value) + outer_bytes(&event->args[i]);
    for (size_t i = 0; i < event->metadata_count; i++)
        bytes += sizeof(struct mqc_metadata) + outer_bytes(&event->metadata[i].value);
    return bytes;
}

/* The copy lives in the memory that it owns. NULL: memory ran out. */
static struct owned_event *new_owned(const struct mqc_event *event)
{
    struct mqc__arena arena;
    mqc__arena_init(&arena, SIZE_MAX);
    if (!mqc__arena_reserve(&arena, likely_bytes(event)))
        return NULL;
    struct owned_event *owned = mqc__arena_alloc(&arena, sizeof *owned);
    if (owned != NULL)
        owned->arena = arena;
    else
        mqc__arena_fini(&arena);
    return owned;
}

enum mqc_error mqc_event_copy(const struct mqc_event *event, struct mqc_event **copy_out)
{
    *copy_out = NULL;
    struct owned_event *owned = new_owned(event);
    if (owned == NULL)
        return MQC_ENOMEM;
    enum mqc_error error = MQC_ENOMEM;
    if (mqc__arena_copy(&owned->arena, event->name, &owned->event.name))
        error = copy_args(owned, event);
    if (error == MQC_OK)
        error = copy_metadata(owned, event);
    struct mqc_event *copy = &owned->event;
    if (error != MQC_OK)
        mqc_event_free(&copy);
    *copy_out = copy;
    return error;
}

size_t mqc__event_copy_bytes(const struct mqc_event *copy)
{
    const struct owned_event *owned = (const struct owned_event *)copy;
    return owned->arena.used_bytes;
}

void mqc_event_free(struct mqc_event **event)
{
    if (event == NULL || *event == NULL)
        return;
    /* The event is the first member of what mqc_event_copy() made. */
    struct mqc__arena arena = ((const struct owned_event *)*event)->arena;
    mqc__arena_fini(&arena);
    *event = NULL;
}
