#include "backend/backend_priv.h"

#include "base/fail.h"

#include <stdlib.h>

/* What the broker has refused, as the cover asks for it. */
struct refusals {
    struct mqc__session *session;
    bool is_any;
};

static bool is_refused(void *context, const char *filter)
{
    struct refusals *refusals = context;
    const bool is_refused = mqc__session_is_refused(refusals->session, filter);
    refusals->is_any |= is_refused;
    return is_refused;
}

enum mqc_error mqc__backend_hand_over_filters(struct mqc_backend *backend,
                                              struct mqc__session *session)
{
    struct mqc__members_texts texts;
    mqc__members_texts(backend->members, &texts);
    const size_t most = mqc__interests_count(backend->interests) + texts.filter_count;
    const char **all = calloc(most + 1, sizeof *all);
    if (all == NULL)
        return MQC_ENOMEM;
    struct refusals refusals = {.session = session};
    const struct mqc__cover_rule rule = {&refusals, is_refused};
    size_t count =
        mqc__interests_filters(backend->interests, MQC__INTEREST_NODE | MQC__INTEREST_GATEWAY,
                               backend->has_refused_filters ? &rule : NULL, all);
    for (size_t i = 0; i < texts.filter_count; i++)
        all[count++] = texts.filters[i];
    const enum mqc_error error = mqc__session_set_filters(session, all, count);
    if (error == MQC_OK)
        backend->has_refused_filters = refusals.is_any;
    free(all);
    return error;
}

enum mqc_error mqc__backend_change_filters(struct mqc_backend *backend, struct mqc_error_info *info)
{
    struct mqc__session *session = atomic_load(&backend->session);
    if (session == NULL)
        return MQC_OK;
    const enum mqc_error error = mqc__backend_hand_over_filters(backend, session);
    return error == MQC_OK ? MQC_OK : mqc__fail(info, error, "%s", mqc_error_text(error));
}

void mqc__backend_filters_answered(struct mqc_backend *backend, bool is_refused)
{
    pthread_mutex_lock(&backend->subscriptions_mutex);
    /* Narrower ones take the place of one that is refused, and go when it is granted. Without
     * memory they do so at the next change. */
    backend->has_refused_filters |= is_refused;
    if (backend->has_refused_filters)
        (void)mqc__backend_hand_over_filters(backend, backend->own_session);
    pthread_mutex_unlock(&backend->subscriptions_mutex);
}

/* Copies the filters that serve the node itself; NULL: no memory. */
static const char **copy_own_filters(struct mqc_backend *backend, struct mqc__arena *arena,
                                     size_t *count_out)
{
    struct mqc__members_texts texts;
    mqc__members_texts(backend->members, &texts);
    const size_t most = mqc__interests_count(backend->interests) + texts.filter_count;
    const char **filters = mqc__arena_array(arena, most, sizeof *filters);
    if (filters == NULL)
        return NULL;
    size_t count = mqc__interests_filters(backend->interests, MQC__INTEREST_NODE, NULL, filters);
    for (size_t i = 0; i < texts.filter_count; i++)
        filters[count++] = texts.filters[i];
    for (size_t i = 0; i < count; i++) {
        struct mqc_view copy;
        if (!mqc__arena_copy(arena, mqc_view_text(filters[i]), &copy))
            return NULL;
        filters[i] = copy.data;
    }
    *count_out = count;
    return filters;
}

enum mqc_error mqc__backend_wait_filters(struct mqc_backend *backend, struct mqc__session *session,
                                         unsigned timeout_ms)
{
    struct mqc__arena arena;
    size_t count = 0;
    mqc__arena_init(&arena, SIZE_MAX / 2);
    pthread_mutex_lock(&backend->subscriptions_mutex);
    const char **filters = copy_own_filters(backend, &arena, &count);
    pthread_mutex_unlock(&backend->subscriptions_mutex);
    const enum mqc_error error =
        filters != NULL ? mqc__session_wait_filters(session, filters, count, timeout_ms)
                        : MQC_ENOMEM;
    mqc__arena_fini(&arena);
    return error;
}

enum mqc_error mqc__backend_subscribe(struct mqc_backend *backend, struct mqc_view text,
                                      enum mqc_match match, struct mqc_error_info *info)
{
    bool is_new = false;
    pthread_mutex_lock(&backend->subscriptions_mutex);
    enum mqc_error error = mqc__interests_add(backend->interests, text, match, &is_new, info);
    if (error == MQC_OK && is_new)
        error = mqc__backend_change_filters(backend, info);
    if (error != MQC_OK && is_new)
        (void)mqc__interests_remove(backend->interests, text, match);
    pthread_mutex_unlock(&backend->subscriptions_mutex);
    return error;
}

enum mqc_error mqc__backend_unsubscribe(struct mqc_backend *backend, struct mqc_view text,
                                        enum mqc_match match, struct mqc_error_info *info)
{
    pthread_mutex_lock(&backend->subscriptions_mutex);
    enum mqc_error error = mqc__interests_remove(backend->interests, text, match);
    bool is_change;
    if (error != MQC_OK) {
        (void)mqc__fail(info, error, "there is no such subscription");
    } else {
        error = mqc__backend_change_filters(backend, info);
        if (error == MQC_OK)
            mqc__backend_unsubscribed(backend, text, match);
        else
            (void)mqc__interests_add(backend->interests, text, match, &is_change, NULL);
    }
    pthread_mutex_unlock(&backend->subscriptions_mutex);
    return error;
}

enum mqc_error mqc__backend_on_event(struct mqc_backend *backend, struct mqc_view name,
                                     mqc_message_fn handler, void *context)
{
    return mqc__handlers_add_event(backend->handlers, name, handler, context);
}

enum mqc_error mqc__backend_on_prefix(struct mqc_backend *backend, struct mqc_view prefix,
                                      mqc_message_fn handler, void *context)
{
    return mqc__handlers_add_prefix(backend->handlers, prefix, handler, context);
}

void mqc__backend_off(struct mqc_backend *backend, mqc_message_fn handler, void *context)
{
    mqc__handlers_remove(backend->handlers, handler, context);
}
