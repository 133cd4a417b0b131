#include "mqtt/filters_priv.h"

#include <stdlib.h>
#include <string.h>

/* What one SUBSCRIBE or UNSUBSCRIBE names at most; a longer filter goes alone. */
#define BATCH_FILTERS_MAX 64
#define BATCH_BYTES_MAX 16384

/* NOLINTBEGIN(readability-function-size,clang-analyzer-core.NullDereference,clang-analyzer-unix.Malloc)
 */
struct mqc__filter *mqc__filters_find(const struct mqc__filters *filters, const char *text)
{
    struct mqc__filter *filter = NULL;
    HASH_FIND_STR(filters->all, text, filter);
    return filter;
}

/* false: no memory. */
static bool insert(struct mqc__filters *filters, struct mqc__filter *filter, size_t size)
{
    HASH_ADD_KEYPTR(hh, filters->all, filter->text, size, filter);
    return filter->hh.tbl != NULL;
}

static void discard(struct mqc__filters *filters, struct mqc__filter *filter)
{
    HASH_DEL(filters->all, filter);
    free(filter);
}
/* NOLINTEND(readability-function-size,clang-analyzer-core.NullDereference,clang-analyzer-unix.Malloc)
 */

/* Frees what is not desired and what the broker cannot know. */
static void discard_unneeded(struct mqc__filters *filters)
{
    struct mqc__filter *filter = NULL;
    struct mqc__filter *next = NULL;
    HASH_ITER (hh, filters->all, filter, next) {
        if (!filter->is_desired && filter->remains_at == 0)
            discard(filters, filter);
    }
}

/* A bit for the broker of the present connection. */
static uint32_t here(const struct mqc__filters *filters)
{
    return (uint32_t)1 << filters->broker;
}

/* Notes which brokers may know a filter. */
static void set_remains(struct mqc__filters *filters, struct mqc__filter *filter,
                        uint32_t remains_at)
{
    filters->has_news |= (filter->remains_at != 0) != (remains_at != 0);
    filter->remains_at = remains_at;
}

static struct mqc__filter *find_or_add(struct mqc__filters *filters, const char *text)
{
    struct mqc__filter *filter = mqc__filters_find(filters, text);
    if (filter != NULL)
        return filter;
    const size_t size = strlen(text);
    filter = calloc(1, sizeof *filter + size + 1);
    if (filter == NULL)
        return NULL;
    memcpy(filter->text, text, size);
    if (!insert(filters, filter, size)) {
        free(filter);
        return NULL;
    }
    return filter;
}

enum mqc_error mqc__filters_set(struct mqc__filters *filters, const char *const *texts,
                                size_t count)
{
    enum mqc_error error = MQC_OK;
    for (struct mqc__filter *filter = filters->all; filter != NULL; filter = filter->hh.next)
        filter->is_listed = false;
    for (size_t i = 0; i < count && error == MQC_OK; i++) {
        struct mqc__filter *filter = find_or_add(filters, texts[i]);
        if (filter == NULL)
            error = MQC_ENOMEM;
        else
            filter->is_listed = true;
    }
    if (error == MQC_OK) {
        for (struct mqc__filter *filter = filters->all; filter != NULL; filter = filter->hh.next)
            filter->is_desired = filter->is_listed;
    }
    discard_unneeded(filters);
    return error;
}

enum mqc_error mqc__filters_remember(struct mqc__filters *filters, const char *const *texts,
                                     size_t count, unsigned broker_count)
{
    const uint32_t everywhere = (uint32_t)(((uint64_t)1 << broker_count) - 1);
    for (size_t i = 0; i < count; i++) {
        struct mqc__filter *filter = find_or_add(filters, texts[i]);
        if (filter == NULL)
            return MQC_ENOMEM;
        set_remains(filters, filter, everywhere);
    }
    /* Who remembers them knows them. */
    filters->has_news = false;
    return MQC_OK;
}

void mqc__filters_connected(struct mqc__filters *filters, unsigned broker, bool is_clean)
{
    const bool is_other = filters->broker != broker;
    filters->broker = broker;
    for (struct mqc__filter *filter = filters->all; filter != NULL; filter = filter->hh.next) {
        filter->has_retained = filter->has_retained && !is_other;
        if (is_clean)
            set_remains(filters, filter, filter->remains_at & ~here(filters));
    }
    discard_unneeded(filters);
}

/* Adds a copy while there is room; *bytes counts them. */
static bool add_text(struct mqc__filter_batch *batch, const char *text, size_t *bytes)
{
    const size_t size = strlen(text) + 1;
    char *copy = malloc(size);
    if (copy == NULL)
        return false;
    memcpy(copy, text, size);
    batch->texts[batch->count++] = copy;
    *bytes += size;
    return true;
}

bool mqc__filter_batch_add(struct mqc__filter_batch *batch, const char *text)
{
    size_t bytes = 0;
    return batch->count < BATCH_FILTERS_MAX && add_text(batch, text, &bytes);
}

static bool has_room(const struct mqc__filter_batch *batch, const char *text, size_t bytes)
{
    return batch->count == 0 ||
           (batch->count < BATCH_FILTERS_MAX && bytes + strlen(text) + 1 <= BATCH_BYTES_MAX);
}

/* Whether the broker of the present connection is to be told about a filter. */
typedef bool (*is_wanted_fn)(const struct mqc__filters *filters, const struct mqc__filter *filter);

static bool wants_subscribe(const struct mqc__filters *filters, const struct mqc__filter *filter)
{
    (void)filters;
    return filter->is_desired && filter->state == MQC__FILTER_UNKNOWN;
}

static bool wants_unsubscribe(const struct mqc__filters *filters, const struct mqc__filter *filter)
{
    return !filter->is_desired && (filter->remains_at & here(filters)) != 0;
}

static struct mqc__filter *first_wanted(const struct mqc__filters *filters, is_wanted_fn is_wanted)
{
    struct mqc__filter *filter = filters->all;
    while (filter != NULL && !is_wanted(filters, filter))
        filter = filter->hh.next;
    return filter;
}

static enum mqc_error collect(struct mqc__filters *filters, is_wanted_fn is_wanted,
                              struct mqc__filter_batch *batch_out)
{
    *batch_out = (struct mqc__filter_batch){0};
    struct mqc__filter *filter = first_wanted(filters, is_wanted);
    if (filter == NULL)
        return MQC_OK;
    batch_out->texts = calloc(BATCH_FILTERS_MAX, sizeof *batch_out->texts);
    if (batch_out->texts == NULL)
        return MQC_ENOMEM;
    batch_out->wants_retained = !filter->has_retained;
    size_t bytes = 0;
    for (; filter != NULL; filter = filter->hh.next) {
        if (!is_wanted(filters, filter) || filter->has_retained == batch_out->wants_retained)
            continue;
        if (!has_room(batch_out, filter->text, bytes))
            break;
        if (!add_text(batch_out, filter->text, &bytes)) {
            mqc__filter_batch_fini(batch_out);
            return MQC_ENOMEM;
        }
        /* From here on the broker may know it, whatever becomes of the answer. */
        set_remains(filters, filter, filter->remains_at | here(filters));
    }
    return MQC_OK;
}

static size_t count_remaining(const struct mqc__filters *filters)
{
    size_t count = 0;
    for (const struct mqc__filter *filter = filters->all; filter != NULL; filter = filter->hh.next)
        count += filter->remains_at != 0 ? 1 : 0;
    return count;
}

enum mqc_error mqc__filters_remaining(struct mqc__filters *filters,
                                      struct mqc__filter_batch *batch_out)
{
    *batch_out = (struct mqc__filter_batch){0};
    if (!filters->has_news)
        return MQC_OK;
    size_t bytes = 0;
    /* One more, so that there are texts even if there are none. */
    batch_out->texts = calloc(count_remaining(filters) + 1, sizeof *batch_out->texts);
    if (batch_out->texts == NULL)
        return MQC_ENOMEM;
    for (const struct mqc__filter *filter = filters->all; filter != NULL;
         filter = filter->hh.next) {
        if (filter->remains_at != 0 && !add_text(batch_out, filter->text, &bytes)) {
            mqc__filter_batch_fini(batch_out);
            return MQC_ENOMEM;
        }
    }
    filters->has_news = false;
    return MQC_OK;
}

enum mqc_error mqc__filters_to_subscribe(struct mqc__filters *filters,
                                         struct mqc__filter_batch *batch_out)
{
    return collect(filters, wants_subscribe, batch_out);
}

enum mqc_error mqc__filters_to_unsubscribe(struct mqc__filters *filters,
                                           struct mqc__filter_batch *batch_out)
{
    const enum mqc_error error = collect(filters, wants_unsubscribe, batch_out);
    /* One that becomes desired again before the broker has answered is to be subscribed anew. */
    for (size_t i = 0; error == MQC_OK && i < batch_out->count; i++)
        mqc__filters_find(filters, batch_out->texts[i])->state = MQC__FILTER_UNKNOWN;
    return error;
}

void mqc__filters_subscribed(struct mqc__filters *filters, const char *text, bool is_accepted)
{
    struct mqc__filter *filter = mqc__filters_find(filters, text);
    if (filter == NULL)
        return;
    filter->state = is_accepted ? MQC__FILTER_ACTIVE : MQC__FILTER_REFUSED;
    filter->has_retained = is_accepted;
    set_remains(filters, filter,
                is_accepted ? filter->remains_at | here(filters)
                            : filter->remains_at & ~here(filters));
    if (!filter->is_desired && filter->remains_at == 0)
        discard(filters, filter);
}

void mqc__filters_unsubscribed(struct mqc__filters *filters, const char *text)
{
    struct mqc__filter *filter = mqc__filters_find(filters, text);
    if (filter == NULL)
        return;
    /* It may have become desired again in the meantime. */
    filter->state = MQC__FILTER_UNKNOWN;
    filter->has_retained = false;
    set_remains(filters, filter, filter->remains_at & ~here(filters));
    if (!filter->is_desired && filter->remains_at == 0)
        discard(filters, filter);
}

void mqc__filters_lost(struct mqc__filters *filters, bool is_kept)
{
    for (struct mqc__filter *filter = filters->all; filter != NULL; filter = filter->hh.next) {
        filter->state = MQC__FILTER_UNKNOWN;
        if (!is_kept)
            set_remains(filters, filter, filter->remains_at & ~here(filters));
    }
    discard_unneeded(filters);
}

bool mqc__filters_settled(const struct mqc__filters *filters)
{
    for (const struct mqc__filter *filter = filters->all; filter != NULL;
         filter = filter->hh.next) {
        if (wants_subscribe(filters, filter))
            return false;
    }
    return true;
}

bool mqc__filters_refused(const struct mqc__filters *filters)
{
    for (const struct mqc__filter *filter = filters->all; filter != NULL;
         filter = filter->hh.next) {
        if (filter->is_desired && filter->state == MQC__FILTER_REFUSED)
            return true;
    }
    return false;
}

bool mqc__filters_is_refused(const struct mqc__filters *filters, const char *text)
{
    const struct mqc__filter *filter = mqc__filters_find(filters, text);
    return filter != NULL && filter->is_desired && filter->state == MQC__FILTER_REFUSED;
}

void mqc__filter_batch_fini(struct mqc__filter_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        free(batch->texts[i]);
    free(batch->texts);
    *batch = (struct mqc__filter_batch){0};
}

void mqc__filters_fini(struct mqc__filters *filters)
{
    struct mqc__filter *filter = NULL;
    struct mqc__filter *next = NULL;
    HASH_ITER (hh, filters->all, filter, next) {
        discard(filters, filter);
    }
}
