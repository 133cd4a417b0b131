#include "base/fail.h"
#include "base/thread.h"
#include "spool/spool_priv.h"

#include <stdlib.h>

#define PENDING_BYTES ((size_t)8 << 20)
#define PENDING_EVENTS ((size_t)65536)
#define FSYNC_INTERVAL_MS 1000

static bool copy_options(struct mqc__spool *spool, const struct mqc__spool_options *options)
{
    struct mqc__spool_options *own = &spool->options;
    *own = *options;
    own->path = strdup(options->path);
    own->instance = strdup(options->instance);
    if (own->pending_bytes_max == 0)
        own->pending_bytes_max = PENDING_BYTES;
    if (own->pending_bytes_max > own->bytes_max)
        own->pending_bytes_max = (size_t)own->bytes_max;
    if (own->pending_events_max == 0)
        own->pending_events_max = PENDING_EVENTS;
    if (own->fsync_interval_ms == 0)
        own->fsync_interval_ms = FSYNC_INTERVAL_MS;
    return own->path != NULL && own->instance != NULL;
}

static bool init_sync(struct mqc__spool *spool)
{
    pthread_condattr_t attributes;
    if (pthread_condattr_init(&attributes) != 0)
        return false;
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    const bool has_cond = pthread_cond_init(&spool->work, &attributes) == 0;
    (void)pthread_condattr_destroy(&attributes);
    if (!has_cond)
        return false;
    if (pthread_mutex_init(&spool->mutex, NULL) == 0)
        return true;
    (void)pthread_cond_destroy(&spool->work);
    return false;
}

/* Makes one that has no store yet; NULL: out of memory. */
static struct mqc__spool *new_spool(const struct mqc__spool_options *options)
{
    struct mqc__spool *spool = calloc(1, sizeof *spool);
    if (spool == NULL)
        return NULL;
    spool->sync_due_ms = SPOOL_NEVER;
    spool->records = calloc(SPOOL_RECORDS_MAX, sizeof *spool->records);
    if (spool->records != NULL && copy_options(spool, options) && init_sync(spool))
        return spool;
    free((char *)spool->options.path);
    free((char *)spool->options.instance);
    free(spool->records);
    free(spool);
    return NULL;
}

static uint64_t max_number(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* Begins where the store stands. */
static bool adopt_state(struct mqc__spool *spool, const struct mqc__store_state *state)
{
    spool->left = state->left;
    spool->stats.events = state->event_count;
    spool->stats.bytes = state->bytes;
    spool->last_kept = state->last_kept;
    spool->last_done = state->last_number;
    spool->erased_below = state->released;
    spool->has_more_to_erase = state->first_number < state->released;
    const uint64_t first = max_number(max_number(state->first_number, state->released), 1);
    atomic_init(&spool->last_number, state->last_number);
    atomic_init(&spool->released, state->released);
    atomic_init(&spool->next_to_feed, first);
    if (mqc__spool_is_behind(spool))
        spool->stats.unfed_events = state->event_count;
    mqc__spool_settle(spool);
    if (state->damage[0] == '\0')
        return true;
    spool->damage = strdup(state->damage);
    return spool->damage != NULL;
}

static enum mqc_error open_store(struct mqc__spool *spool, struct mqc_error_info *info)
{
    struct mqc__store_state state = {.last_number = 0};
    const enum mqc_error error =
        spool->ops->open(spool->store_context, &spool->options, false, &spool->store, &state, info);
    if (error != MQC_OK) {
        spool->store = NULL;
        return error;
    }
    if (!adopt_state(spool, &state))
        return mqc__fail(info, MQC_ENOMEM, "out of memory");
    return MQC_OK;
}

enum mqc_error mqc__spool_open(const struct mqc__spool_options *options,
                               const struct mqc__spool_owner *owner,
                               const struct mqc__spool_store_ops *store, void *store_context,
                               struct mqc__spool **spool_out, struct mqc_error_info *info)
{
    *spool_out = NULL;
    if (options->path == NULL || options->path[0] == '\0' || options->instance == NULL ||
        options->instance[0] == '\0' || options->bytes_max < MQC__SPOOL_BYTES_MIN)
        return mqc__fail(info, MQC_EINVAL,
                         "a spool needs a path, an instance and a bytes_max of %ju bytes or more",
                         (uintmax_t)MQC__SPOOL_BYTES_MIN);
    struct mqc__spool *spool = new_spool(options);
    if (spool == NULL)
        return mqc__fail(info, MQC_ENOMEM, "out of memory");
    spool->owner = *owner;
    spool->ops = store != NULL ? store : &mqc__sqlite_store_ops;
    spool->store_context = store_context;
    const enum mqc_error error = open_store(spool, info);
    if (error == MQC_OK)
        *spool_out = spool;
    else
        mqc__spool_free(&spool);
    return error;
}

enum mqc_error mqc__spool_start(struct mqc__spool *spool)
{
    const enum mqc_error error = mqc__thread_start(&spool->thread, mqc__spool_run, spool);
    spool->is_started = error == MQC_OK;
    return error;
}

void mqc__spool_close(struct mqc__spool *spool)
{
    (void)pthread_mutex_lock(&spool->mutex);
    const bool is_first = !spool->is_closing;
    spool->is_closing = true;
    mqc__spool_wake(spool);
    (void)pthread_mutex_unlock(&spool->mutex);
    if (!is_first)
        return;
    if (spool->is_started) {
        (void)pthread_join(spool->thread, NULL);
        return;
    }
    mqc__spool_fail_pending(spool, "the spool was closed before it was started");
    mqc__spool_finish(spool);
}

void mqc__spool_free(struct mqc__spool **spool)
{
    struct mqc__spool *dead = *spool;
    *spool = NULL;
    if (dead == NULL)
        return;
    mqc__spool_close(dead);
    for (struct mqc__spool_group *group; (group = dead->idle) != NULL;) {
        dead->idle = group->next;
        mqc__group_free(&group);
    }
    (void)pthread_mutex_destroy(&dead->mutex);
    (void)pthread_cond_destroy(&dead->work);
    free((char *)dead->options.path);
    free((char *)dead->options.instance);
    free((char *)dead->left.data);
    free(dead->damage);
    free(dead->records);
    free(dead);
}
