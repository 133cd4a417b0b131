#include "unit/spool/owner_double.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void number(void *context, struct mqc__spool_record *records, size_t count)
{
    struct owner_double *owner = context;
    (void)pthread_mutex_lock(&owner->mutex);
    for (size_t i = 0; i < count; i++) {
        records[i].sequence = ++owner->last_sequence;
        records[i].starts_count = records[i].sequence == 1;
    }
    owner->numbered += count;
    (void)pthread_mutex_unlock(&owner->mutex);
}

static void failed(void *context, const struct mqc__spool_record *records, size_t count)
{
    struct owner_double *owner = context;
    (void)pthread_mutex_lock(&owner->mutex);
    owner->last_sequence = records[0].sequence - 1;
    owner->failed_events += count;
    (void)pthread_mutex_unlock(&owner->mutex);
}

static void copy(char *to, size_t size, struct mqc_view from)
{
    (void)snprintf(to, size, "%.*s", (int)from.size, from.size != 0 ? from.data : "");
}

static void note(struct owner_double *owner, const struct mqc__spool_record *record)
{
    static uint64_t none;
    const uint64_t *last = owner->fed_count != 0 && owner->fed_count <= FED_MAX
                               ? &owner->fed[owner->fed_count - 1].number
                               : &none;
    if (record->number <= *last || record->topic.data[record->topic.size] != '\0')
        owner->is_in_order = false;
    if (owner->fed_count < FED_MAX) {
        struct fed_record *fed = &owner->fed[owner->fed_count];
        fed->number = record->number;
        fed->sequence = record->sequence;
        fed->service = record->service;
        fed->starts_count = record->starts_count;
        copy(fed->instance, sizeof fed->instance, record->instance);
        copy(fed->topic, sizeof fed->topic, record->topic);
        copy(fed->event, sizeof fed->event, record->event);
    }
    owner->fed_count++;
}

static size_t feed(void *context, const struct mqc__spool_record *records, size_t count)
{
    struct owner_double *owner = context;
    (void)pthread_mutex_lock(&owner->mutex);
    const size_t taken = count < owner->room ? count : owner->room;
    for (size_t i = 0; i < taken; i++)
        note(owner, &records[i]);
    owner->room -= taken;
    (void)pthread_mutex_unlock(&owner->mutex);
    return taken;
}

static void dropped(void *context, const struct mqc__spool_drop *drop)
{
    struct owner_double *owner = context;
    (void)pthread_mutex_lock(&owner->mutex);
    if (drop->was_fed)
        owner->dropped_fed += drop->event_count;
    else
        owner->dropped_unfed += drop->event_count;
    (void)pthread_mutex_unlock(&owner->mutex);
}

static enum mqc_error needed(void *context, struct mqc__spool_range **ranges_out, size_t *count_out)
{
    struct owner_double *owner = context;
    (void)pthread_mutex_lock(&owner->mutex);
    owner->needed_calls++;
    const bool fails = owner->needed_fails;
    const size_t count = owner->needed_count;
    struct mqc__spool_range *ranges = fails ? NULL : malloc((count + 1) * sizeof *ranges);
    if (ranges != NULL && count != 0)
        memcpy(ranges, owner->needed, count * sizeof *ranges);
    (void)pthread_mutex_unlock(&owner->mutex);
    if (ranges == NULL)
        return MQC_ENOMEM;
    *ranges_out = ranges;
    *count_out = count;
    return MQC_OK;
}

static void error(void *context, const char *tag, const char *text)
{
    struct owner_double *owner = context;
    (void)pthread_mutex_lock(&owner->mutex);
    owner->error_count++;
    (void)snprintf(owner->error_tag, sizeof owner->error_tag, "%s", tag);
    (void)snprintf(owner->error_text, sizeof owner->error_text, "%s", text);
    (void)pthread_mutex_unlock(&owner->mutex);
}

void owner_double_init(struct owner_double *owner)
{
    memset(owner, 0, sizeof *owner);
    owner->owner = (struct mqc__spool_owner){
        .context = owner,
        .number = number,
        .failed = failed,
        .feed = feed,
        .dropped = dropped,
        .needed = needed,
        .error = error,
    };
    owner->room = SIZE_MAX;
    owner->needed_count = 1;
    owner->needed[0] = (struct mqc__spool_range){.first = 1, .last = UINT64_MAX};
    owner->is_in_order = true;
    (void)pthread_mutex_init(&owner->mutex, NULL);
}

void owner_double_fini(struct owner_double *owner)
{
    (void)pthread_mutex_destroy(&owner->mutex);
}

size_t owner_double_fed(struct owner_double *owner)
{
    (void)pthread_mutex_lock(&owner->mutex);
    const size_t count = owner->fed_count;
    (void)pthread_mutex_unlock(&owner->mutex);
    return count;
}

void owner_double_add_room(struct owner_double *owner, size_t count)
{
    (void)pthread_mutex_lock(&owner->mutex);
    owner->room += count;
    (void)pthread_mutex_unlock(&owner->mutex);
}

void owner_double_await(struct owner_double *owner, size_t count)
{
    while (owner_double_fed(owner) < count)
        (void)usleep(500);
}

void owner_double_forget(struct owner_double *owner)
{
    (void)pthread_mutex_lock(&owner->mutex);
    owner->fed_count = 0;
    owner->error_count = 0;
    owner->is_in_order = true;
    (void)pthread_mutex_unlock(&owner->mutex);
}
