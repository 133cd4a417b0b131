#include "spool/group.h"

#include "spool/record.h"

#include <stdlib.h>

#define RECORDS_BYTES_FIRST ((size_t)4096)
#define DONES_FIRST ((size_t)64)

/* What a group may keep for its next use: a full one's, and no event beyond measure. */
#define RECORDS_BYTES_KEPT (2 * MQC__GROUP_BYTES_MAX)

static void begin(struct mqc__spool_group *group)
{
    group->next = NULL;
    group->size = 0;
    group->count = 0;
    group->done_count = 0;
    group->failure[0] = '\0';
    mqc__latch_init(&group->latch);
    atomic_init(&group->refs, 1);
}

struct mqc__spool_group *mqc__group_new(void)
{
    struct mqc__spool_group *group = calloc(1, sizeof *group);
    if (group != NULL)
        begin(group);
    return group;
}

bool mqc__group_is_full(const struct mqc__spool_group *group)
{
    return group->count >= MQC__GROUP_EVENTS_MAX || group->size >= MQC__GROUP_BYTES_MAX;
}

static bool make_room(struct mqc__spool_group *group, size_t bytes)
{
    if (group->capacity - group->size >= bytes)
        return true;
    size_t capacity = group->capacity != 0 ? group->capacity : RECORDS_BYTES_FIRST;
    while (capacity - group->size < bytes)
        capacity *= 2;
    char *records = realloc(group->records, capacity);
    if (records == NULL)
        return false;
    group->records = records;
    group->capacity = capacity;
    return true;
}

static bool make_done_room(struct mqc__spool_group *group)
{
    if (group->done_count != group->done_capacity)
        return true;
    const size_t capacity = group->done_capacity != 0 ? 2 * group->done_capacity : DONES_FIRST;
    struct mqc__group_done *dones = realloc(group->dones, capacity * sizeof *dones);
    if (dones == NULL)
        return false;
    group->dones = dones;
    group->done_capacity = capacity;
    return true;
}

bool mqc__group_add(struct mqc__spool_group *group, const struct mqc__spool_offer *offer)
{
    const size_t bytes = mqc__record_bytes(offer);
    if (!make_room(group, bytes) || (offer->done != NULL && !make_done_room(group)))
        return false;
    mqc__record_write(group->records + group->size, offer);
    group->size += bytes;
    group->count++;
    if (offer->done != NULL)
        group->dones[group->done_count++] =
            (struct mqc__group_done){.function = offer->done, .context = offer->done_context};
    return true;
}

void mqc__group_tell(const struct mqc__spool_group *group, enum mqc_error error)
{
    for (size_t i = 0; i < group->done_count; i++)
        group->dones[i].function(group->dones[i].context, error);
}

bool mqc__group_reuse(struct mqc__spool_group *group)
{
    if (group->capacity > RECORDS_BYTES_KEPT)
        return false;
    begin(group);
    return true;
}

void mqc__group_free(struct mqc__spool_group **group)
{
    if (*group == NULL)
        return;
    free((*group)->records);
    free((*group)->dones);
    free(*group);
    *group = NULL;
}
