#include "value/copy.h"

#include <stdint.h>
#include <stdlib.h>

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

enum mqc_error mqc_event_copy(const struct mqc_event *event, struct mqc_event **copy_out)
{
    *copy_out = NULL;
    struct owned_event *owned = calloc(1, sizeof *owned);
    if (owned == NULL)
        return MQC_ENOMEM;
    mqc__arena_init(&owned->arena, SIZE_MAX);
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
    return sizeof *owned + owned->arena.used_bytes;
}

void mqc_event_free(struct mqc_event **event)
{
    if (event == NULL || *event == NULL)
        return;
    /* The event is the first member of what mqc_event_copy() allocated. */
    struct owned_event *owned = (struct owned_event *)*event;
    mqc__arena_fini(&owned->arena);
    free(owned);
    *event = NULL;
}
