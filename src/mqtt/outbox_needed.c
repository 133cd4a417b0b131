#include "mqtt/outbox_priv.h"

#include <stdlib.h>

/* Where the next range goes. */
struct collection {
    struct mqc__spool_range *ranges;
    size_t count;
};

static size_t count_events(const struct mqc__batch *list)
{
    size_t count = 0;
    for (; list != NULL; list = list->next)
        count += list->event_count;
    return count;
}

static void collect_batch(struct collection *to, const struct mqc__batch *batch)
{
    struct mqc__spool_range *last = NULL;
    for (size_t i = 0; i < batch->event_count; i++) {
        const uint64_t number = mqc__batch_number(batch, i);
        if (last == NULL || number != last->last + 1) {
            last = &to->ranges[to->count++];
            last->first = number;
        }
        last->last = number;
    }
}

static void collect(struct collection *to, const struct mqc__batch *list)
{
    for (; list != NULL; list = list->next)
        collect_batch(to, list);
}

static int compare(const void *a, const void *b)
{
    const struct mqc__spool_range *left = a;
    const struct mqc__spool_range *right = b;
    return (left->first > right->first) - (left->first < right->first);
}

size_t mqc__outbox_order_ranges(struct mqc__spool_range *ranges, size_t count)
{
    size_t kept = 0;
    qsort(ranges, count, sizeof *ranges, compare);
    for (size_t i = 0; i < count; i++) {
        struct mqc__spool_range *last = kept != 0 ? &ranges[kept - 1] : NULL;
        if (last == NULL || ranges[i].first > last->last + 1)
            ranges[kept++] = ranges[i];
        else if (ranges[i].last > last->last)
            last->last = ranges[i].last;
    }
    return kept;
}

enum mqc_error mqc__outbox_needed(const struct mqc__outbox *outbox,
                                  struct mqc__spool_range **ranges_out, size_t *count_out)
{
    const struct mqc__batch *const lists[] = {outbox->waiting, outbox->urgent, outbox->in_flight,
                                              outbox->keep.batches};
    size_t most = 0;
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        most += count_events(lists[i]);
    struct collection collection = {calloc(most + 1, sizeof *collection.ranges), 0};
    if (collection.ranges == NULL)
        return MQC_ENOMEM;
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        collect(&collection, lists[i]);
    *ranges_out = collection.ranges;
    *count_out = collection.count;
    return MQC_OK;
}
