#include "backend/subscribed_priv.h"

#include "base/fail.h"
#include "spool/subscription_file.h"

#include <stdlib.h>

#define NS_PER_MS 1000000

/* The clock on the wall may have been set since the file was written: what is older than the start
 * of the other clock has a negative time. */
static int64_t from_wall(int64_t since_ns, struct mqc__subscribed_now now)
{
    const int64_t age_ns = now.wall_ns > since_ns ? now.wall_ns - since_ns : 0;
    return now.monotonic_ms - age_ns / NS_PER_MS;
}

static int64_t to_wall(int64_t since_ms, struct mqc__subscribed_now now)
{
    const int64_t age_ms = now.monotonic_ms - since_ms;
    return age_ms < now.wall_ns / NS_PER_MS ? now.wall_ns - age_ms * NS_PER_MS : 0;
}

static bool add_listed(struct mqc__map *filters, const struct mqc__subscription_list *list,
                       struct mqc__subscribed_now now)
{
    bool is_added = true;
    for (size_t i = 0; i < list->count && is_added; i++) {
        const struct mqc__subscription_entry *entry = &list->entries[i];
        if (mqc__map_find(filters, entry->filter) != NULL)
            continue;
        struct mqc__subscribed_filter *filter = mqc__subscribed_filter_new(entry->filter);
        if (filter != NULL) {
            filter->since_ms = from_wall(entry->since_ns, now);
            filter->epoch = entry->epoch;
            filter->is_at_broker = entry->is_at_broker;
        }
        is_added = mqc__subscribed_filter_add(filters, filter);
    }
    return is_added;
}

enum mqc_error mqc__subscribed_load(struct mqc__subscribed *subscribed,
                                    struct mqc__subscribed_now now, struct mqc_error_info *info)
{
    struct mqc__subscription_list list;
    if (mqc__subscription_file_read(subscribed->path, &list, info) == MQC_ENOMEM)
        return MQC_ENOMEM;
    const bool is_added = add_listed(&subscribed->filters, &list, now);
    mqc__subscription_list_fini(&list);
    return is_added ? MQC_OK : MQC_ENOMEM;
}

/* The entries of a file as they are filled in. */
struct listing {
    struct mqc__subscription_entry *entries;
    size_t count;
    struct mqc__subscribed_now now;
};

static bool list_filter(void *context, void *value)
{
    struct listing *listing = context;
    const struct mqc__subscribed_filter *filter = value;
    listing->entries[listing->count++] = (struct mqc__subscription_entry){
        .filter = mqc_view_text(filter->text),
        .since_ns = to_wall(filter->since_ms, listing->now),
        .epoch = filter->epoch,
        .is_at_broker = filter->is_at_broker,
    };
    return true;
}

enum mqc_error mqc__subscribed_store(struct mqc__subscribed *subscribed,
                                     struct mqc__subscribed_now now, struct mqc_error_info *info)
{
    if (subscribed->path == NULL)
        return MQC_OK;
    struct listing listing = {.now = now};
    listing.entries = calloc(mqc__map_count(&subscribed->filters) + 1, sizeof *listing.entries);
    if (listing.entries == NULL)
        return mqc__fail(info, MQC_EIO, "no memory to write the file %s", subscribed->path);
    mqc__map_filter(&subscribed->filters, list_filter, &listing);
    const enum mqc_error error =
        mqc__subscription_file_write(subscribed->path, listing.entries, listing.count, info);
    free(listing.entries);
    return error == MQC_ENOMEM ? MQC_EIO : error;
}

/* The list of filters as it is filled in. */
struct texts {
    size_t count;
    size_t size;
    const char **texts; /* NULL: they are only counted */
    char *position;
};

static bool list_text(void *context, void *value)
{
    struct texts *texts = context;
    const struct mqc__subscribed_filter *filter = value;
    const size_t size = strlen(filter->text) + 1;
    if (!filter->is_at_broker)
        return true;
    if (texts->texts != NULL) {
        texts->texts[texts->count] = texts->position;
        memcpy(texts->position, filter->text, size);
        texts->position += size;
    }
    texts->count++;
    texts->size += size;
    return true;
}

const char **mqc__subscribed_filters(struct mqc__subscribed *subscribed, size_t *count_out)
{
    struct texts texts = {.count = 0};
    pthread_mutex_lock(&subscribed->mutex);
    mqc__map_filter(&subscribed->filters, list_text, &texts);
    *count_out = texts.count;
    const char **list =
        texts.count != 0 ? malloc(texts.count * sizeof *texts.texts + texts.size) : NULL;
    if (list != NULL) {
        texts = (struct texts){.texts = list, .position = (char *)(list + texts.count)};
        mqc__map_filter(&subscribed->filters, list_text, &texts);
    }
    pthread_mutex_unlock(&subscribed->mutex);
    return list;
}
