#include "backend/backend_priv.h"

#include "base/fail.h"

#include <stdlib.h>

enum mqc_error mqc__backend_hand_over_filters(struct mqc_backend *backend,
                                              struct mqc__session *session)
{
    struct mqc__members_texts texts;
    size_t count = 0;
    mqc__members_texts(backend->members, &texts);
    const char *const *filters = mqc__subscriptions_filters(backend->subscriptions, &count);
    if (filters == NULL && count > 0)
        return MQC_ENOMEM;
    const char **all = calloc(count + texts.filter_count + 1, sizeof *all);
    if (all == NULL)
        return MQC_ENOMEM;
    for (size_t i = 0; i < count; i++)
        all[i] = filters[i];
    for (size_t i = 0; i < texts.filter_count; i++)
        all[count + i] = texts.filters[i];
    const enum mqc_error error = mqc__session_set_filters(session, all, count + texts.filter_count);
    free(all);
    return error;
}

static enum mqc_error hand_over(struct mqc_backend *backend, struct mqc_error_info *info)
{
    struct mqc__session *session = atomic_load(&backend->session);
    if (session == NULL)
        return MQC_OK;
    const enum mqc_error error = mqc__backend_hand_over_filters(backend, session);
    return error == MQC_OK ? MQC_OK : mqc__fail(info, error, "%s", mqc_error_text(error));
}

enum mqc_error mqc__backend_subscribe(struct mqc_backend *backend, struct mqc_view text,
                                      enum mqc_match match, struct mqc_error_info *info)
{
    pthread_mutex_lock(&backend->subscriptions_mutex);
    const size_t before = mqc__subscriptions_count(backend->subscriptions);
    enum mqc_error error = mqc__subscriptions_add(backend->subscriptions, text, match, info);
    const bool is_new = mqc__subscriptions_count(backend->subscriptions) > before;
    if (error == MQC_OK && is_new)
        error = hand_over(backend, info);
    if (error != MQC_OK && is_new)
        (void)mqc__subscriptions_remove(backend->subscriptions, text, match);
    pthread_mutex_unlock(&backend->subscriptions_mutex);
    return error;
}

enum mqc_error mqc__backend_unsubscribe(struct mqc_backend *backend, struct mqc_view text,
                                        enum mqc_match match, struct mqc_error_info *info)
{
    pthread_mutex_lock(&backend->subscriptions_mutex);
    enum mqc_error error = mqc__subscriptions_remove(backend->subscriptions, text, match);
    if (error != MQC_OK) {
        (void)mqc__fail(info, error, "there is no such subscription");
    } else {
        error = hand_over(backend, info);
        if (error == MQC_OK)
            atomic_fetch_add(&backend->unsubscribes, 1);
        else
            (void)mqc__subscriptions_add(backend->subscriptions, text, match, NULL);
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
