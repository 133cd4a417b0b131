#include "backend/subscribed_priv.h"

#include "base/clock.h"
#include "base/fail.h"
#include "topic/subscriptions.h"

#include <stdlib.h>

struct mqc__subscribed_now mqc__subscribed_clock(void)
{
    return (struct mqc__subscribed_now){mqc__clock_monotonic_ms(), mqc__clock_wall_ns()};
}

struct mqc__subscribed_filter *mqc__subscribed_filter_new(struct mqc_view text)
{
    struct mqc__subscribed_filter *filter = calloc(1, sizeof *filter + text.size + 1);
    if (filter != NULL && text.size != 0)
        memcpy(filter->text, text.data, text.size);
    return filter;
}

bool mqc__subscribed_filter_add(struct mqc__map *filters, struct mqc__subscribed_filter *filter)
{
    if (filter != NULL && mqc__map_add(filters, mqc_view_text(filter->text), filter) == MQC_OK)
        return true;
    free(filter);
    return false;
}

/* For who had none so far. */
static int64_t new_epoch(void)
{
    return (int64_t)(mqc__random_bits() >> 1) | 1;
}

static bool copy_path(struct mqc__subscribed *subscribed, const char *path)
{
    subscribed->path = malloc(strlen(path) + 1);
    if (subscribed->path != NULL)
        memcpy(subscribed->path, path, strlen(path) + 1);
    return subscribed->path != NULL;
}

enum mqc_error mqc__subscribed_new(const char *path, struct mqc__subscribed_now now,
                                   struct mqc__subscribed **subscribed_out,
                                   struct mqc_error_info *info)
{
    *subscribed_out = NULL;
    *info = (struct mqc_error_info){.code = MQC_OK};
    struct mqc__subscribed *subscribed = calloc(1, sizeof *subscribed);
    if (subscribed == NULL)
        return mqc__fail(info, MQC_ENOMEM, "out of memory");
    pthread_mutex_init(&subscribed->mutex, NULL);
    mqc__map_init(&subscribed->filters);
    mqc__buffer_init(&subscribed->scratch, SIZE_MAX / 2);
    atomic_init(&subscribed->generation, 1);
    if (path != NULL &&
        (!copy_path(subscribed, path) || mqc__subscribed_load(subscribed, now, info) != MQC_OK)) {
        mqc__subscribed_free(&subscribed);
        return mqc__fail(info, MQC_ENOMEM, "out of memory");
    }
    *subscribed_out = subscribed;
    return MQC_OK;
}

void mqc__subscribed_free(struct mqc__subscribed **subscribed)
{
    if (*subscribed == NULL)
        return;
    mqc__map_fini(&(*subscribed)->filters, free);
    mqc__buffer_fini(&(*subscribed)->scratch);
    for (size_t i = 0; i < MQC__SUBSCRIBED_BREAKS_MAX; i++)
        free((*subscribed)->breaks[i].text);
    pthread_mutex_destroy(&(*subscribed)->mutex);
    free((*subscribed)->path);
    free(*subscribed);
    *subscribed = NULL;
}

static const struct mqc__subscribed_filter *older(const struct mqc__subscribed_filter *a,
                                                  const struct mqc__subscribed_filter *b)
{
    return a == NULL || (b != NULL && b->since_ms < a->since_ms) ? b : a;
}

/* What a filter that ends in "/#" says of the others: "a/b" for "a/b/#"; no bytes at all, not even
 * an empty text, for "#". */
static struct mqc_view base_of(const char *filter)
{
    const struct mqc_view text = mqc_view_text(filter);
    if (text.size == 1 && text.data[0] == '#')
        return mqc_view_bytes(NULL, 0);
    const bool is_wide = text.size > 1 && text.data[text.size - 1] == '#';
    return mqc_view_bytes(text.data, is_wide ? text.size - 2 : text.size);
}

/* Visits the filters that let the topics of `base` through: itself, "base/#", and those above it.
 * They are looked for by name, since there may be very many. false: no memory. */
static bool visit_wider(const struct mqc__map *filters, struct mqc_view base,
                        struct mqc__buffer *scratch,
                        void (*visit)(const struct mqc__subscribed_filter *filter, void *context),
                        void *context)
{
    const struct mqc__subscribed_filter *filter = mqc__map_find(filters, mqc_view_bytes("#", 1));
    if (filter != NULL)
        visit(filter, context);
    if (base.data == NULL)
        return true;
    mqc__buffer_clear(scratch);
    (void)mqc__buffer_append(scratch, base.data, base.size);
    (void)mqc__buffer_append(scratch, "/#", 2);
    if (mqc__buffer_failed(scratch))
        return false;
    filter = mqc__map_find(filters, base);
    if (filter != NULL)
        visit(filter, context);
    for (size_t i = 0; i <= base.size; i++) {
        if (scratch->data[i] != '/')
            continue;
        const char next = scratch->data[i + 1];
        scratch->data[i + 1] = '#';
        filter = mqc__map_find(filters, mqc_view_bytes(scratch->data, i + 2));
        scratch->data[i + 1] = next;
        if (filter != NULL)
            visit(filter, context);
    }
    return true;
}

static void note_oldest(const struct mqc__subscribed_filter *filter, void *context)
{
    const struct mqc__subscribed_filter **oldest = context;
    *oldest = older(*oldest, filter);
}

static void note_at_broker(const struct mqc__subscribed_filter *filter, void *context)
{
    bool *is_any = context;
    *is_any |= filter->is_at_broker;
}

/* The set of filters that is being made from the old one. */
struct change {
    const struct mqc__map *before;
    struct mqc__map after;
    struct mqc__buffer scratch;
    bool has_failed;
};

static void keep(struct change *change, const char *text, const struct mqc__subscribed_filter *from,
                 bool is_at_broker)
{
    struct mqc__subscribed_filter *filter = mqc__subscribed_filter_new(mqc_view_text(text));
    if (filter != NULL) {
        filter->since_ms = from->since_ms;
        filter->epoch = from->epoch;
        filter->is_at_broker = is_at_broker;
    }
    change->has_failed |= !mqc__subscribed_filter_add(&change->after, filter);
}

static void take_over(struct change *change, const char *text, int64_t now_ms)
{
    if (mqc__map_find(&change->after, mqc_view_text(text)) != NULL)
        return;
    const struct mqc__subscribed_filter *oldest = NULL;
    const struct mqc__subscribed_filter fresh = {.since_ms = now_ms, .epoch = new_epoch()};
    change->has_failed |=
        !visit_wider(change->before, base_of(text), &change->scratch, note_oldest, &oldest);
    keep(change, text, oldest != NULL ? oldest : &fresh, true);
}

/* What the broker lets through by a wider filter now goes on. */
static bool keep_covered(void *context, void *value)
{
    struct change *change = context;
    const struct mqc__subscribed_filter *filter = value;
    bool is_covered = false;
    if (mqc__map_find(&change->after, mqc_view_text(filter->text)) != NULL)
        return true;
    change->has_failed |= !visit_wider(&change->after, base_of(filter->text), &change->scratch,
                                       note_at_broker, &is_covered);
    if (is_covered)
        keep(change, filter->text, filter, false);
    return true;
}

static uint64_t advance(struct mqc__subscribed *subscribed)
{
    return atomic_fetch_add(&subscribed->generation, 1) + 1;
}

enum mqc_error mqc__subscribed_set(struct mqc__subscribed *subscribed, const char *const *filters,
                                   size_t count, struct mqc__subscribed_now now,
                                   struct mqc_error_info *info)
{
    struct change change = {.before = &subscribed->filters};
    mqc__map_init(&change.after);
    mqc__buffer_init(&change.scratch, SIZE_MAX / 2);
    for (size_t i = 0; i < count && !change.has_failed; i++)
        take_over(&change, filters[i], now.monotonic_ms);
    if (!change.has_failed)
        mqc__map_filter(&subscribed->filters, keep_covered, &change);
    mqc__buffer_fini(&change.scratch);
    struct mqc__map old = change.after;
    if (!change.has_failed) {
        pthread_mutex_lock(&subscribed->mutex);
        old = subscribed->filters;
        subscribed->filters = change.after;
        (void)advance(subscribed);
        pthread_mutex_unlock(&subscribed->mutex);
    }
    mqc__map_fini(&old, free);
    return change.has_failed ? mqc__fail(info, MQC_ENOMEM, "out of memory")
                             : mqc__subscribed_store(subscribed, now, info);
}

void mqc__subscribed_break(struct mqc__subscribed *subscribed, struct mqc_view text,
                           enum mqc_match match)
{
    char *copy = malloc(text.size + 1);
    if (copy != NULL && text.size != 0)
        memcpy(copy, text.data, text.size);
    pthread_mutex_lock(&subscribed->mutex);
    struct mqc__subscribed_gone *unwanted = &subscribed->breaks[subscribed->next_break];
    const uint64_t generation = advance(subscribed);
    if (copy == NULL) {
        subscribed->broken_before = generation;
    } else {
        if (unwanted->text != NULL)
            subscribed->broken_before = unwanted->generation;
        free(unwanted->text);
        *unwanted = (struct mqc__subscribed_gone){generation, copy, text.size, match};
        subscribed->next_break = (subscribed->next_break + 1) % MQC__SUBSCRIBED_BREAKS_MAX;
    }
    pthread_mutex_unlock(&subscribed->mutex);
}

uint64_t mqc__subscribed_generation(const struct mqc__subscribed *subscribed)
{
    return atomic_load_explicit(&subscribed->generation, memory_order_acquire);
}

bool mqc__subscribed_is_broken(struct mqc__subscribed *subscribed, struct mqc_view topic,
                               uint64_t generation)
{
    pthread_mutex_lock(&subscribed->mutex);
    bool is_broken = generation < subscribed->broken_before;
    for (size_t i = 0; i < MQC__SUBSCRIBED_BREAKS_MAX && !is_broken; i++) {
        const struct mqc__subscribed_gone *unwanted = &subscribed->breaks[i];
        is_broken =
            unwanted->generation > generation &&
            mqc__match(mqc_view_bytes(unwanted->text, unwanted->size), unwanted->match, topic);
    }
    pthread_mutex_unlock(&subscribed->mutex);
    return is_broken;
}

struct mqc__subscribed_time mqc__subscribed_find(struct mqc__subscribed *subscribed,
                                                 struct mqc_view mqtt_topic, int64_t now_ms)
{
    const struct mqc__subscribed_filter *oldest = NULL;
    struct mqc__subscribed_time time = {.age_ms = 0};
    pthread_mutex_lock(&subscribed->mutex);
    (void)visit_wider(&subscribed->filters, mqtt_topic, &subscribed->scratch, note_oldest, &oldest);
    if (oldest != NULL) {
        time.epoch = (uint64_t)oldest->epoch;
        time.age_ms = now_ms > oldest->since_ms ? now_ms - oldest->since_ms : 0;
    }
    pthread_mutex_unlock(&subscribed->mutex);
    return time;
}
