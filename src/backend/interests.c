#include "backend/interests.h"

#include "base/fail.h"

#include <pthread.h>
#include <stdlib.h>

struct mqc__interests {
    pthread_mutex_t mutex; /* guards the sets against those who match */
    struct mqc__subscriptions *node;
    struct mqc__subscriptions *gateway;
    size_t gateway_bytes;
};

struct mqc__interests *mqc__interests_new(const char *root)
{
    struct mqc__interests *interests = calloc(1, sizeof *interests);
    if (interests == NULL)
        return NULL;
    pthread_mutex_init(&interests->mutex, NULL);
    interests->node = mqc__subscriptions_new(root);
    interests->gateway = mqc__subscriptions_new(root);
    if (interests->node == NULL || interests->gateway == NULL)
        mqc__interests_free(&interests);
    return interests;
}

void mqc__interests_free(struct mqc__interests **interests)
{
    if (*interests == NULL)
        return;
    mqc__subscriptions_free(&(*interests)->node);
    mqc__subscriptions_free(&(*interests)->gateway);
    pthread_mutex_destroy(&(*interests)->mutex);
    free(*interests);
    *interests = NULL;
}

enum mqc_error mqc__interests_add(struct mqc__interests *interests, struct mqc_view text,
                                  enum mqc_match match, bool *is_change_out,
                                  struct mqc_error_info *info)
{
    pthread_mutex_lock(&interests->mutex);
    const size_t before = mqc__subscriptions_count(interests->node);
    const enum mqc_error error = mqc__subscriptions_add(interests->node, text, match, info);
    *is_change_out = mqc__subscriptions_count(interests->node) != before;
    pthread_mutex_unlock(&interests->mutex);
    return error;
}

enum mqc_error mqc__interests_remove(struct mqc__interests *interests, struct mqc_view text,
                                     enum mqc_match match)
{
    pthread_mutex_lock(&interests->mutex);
    const enum mqc_error error = mqc__subscriptions_remove(interests->node, text, match);
    pthread_mutex_unlock(&interests->mutex);
    return error;
}

/* Also for a prefix that is there already: strangers are told the same whoever else is there. */
static enum mqc_error check_room(const struct mqc__interests *interests, struct mqc_view prefix,
                                 struct mqc_error_info *info)
{
    if (prefix.size > MQC__GATEWAY_PREFIX_BYTES_MAX)
        return mqc__fail(info, MQC_ETOOLARGE, "a topic prefix of %zu bytes is longer than %d",
                         prefix.size, MQC__GATEWAY_PREFIX_BYTES_MAX);
    if (mqc__subscriptions_count(interests->gateway) >= MQC__GATEWAY_PREFIXES_MAX ||
        prefix.size > MQC__GATEWAY_BYTES_MAX - interests->gateway_bytes)
        return mqc__fail(info, MQC_EFULL,
                         "the clients of this node have subscribed to too many topic prefixes: at "
                         "most %d, of %zu bytes in total",
                         MQC__GATEWAY_PREFIXES_MAX, MQC__GATEWAY_BYTES_MAX);
    return MQC_OK;
}

enum mqc_error mqc__interests_ref(struct mqc__interests *interests, struct mqc_view prefix,
                                  bool *is_change_out, struct mqc_error_info *info)
{
    *is_change_out = false;
    enum mqc_error error = check_room(interests, prefix, info);
    if (error != MQC_OK)
        return error;
    pthread_mutex_lock(&interests->mutex);
    const size_t before = mqc__subscriptions_count(interests->gateway);
    error = mqc__subscriptions_ref(interests->gateway, prefix, MQC_MATCH_PREFIX, info);
    *is_change_out = mqc__subscriptions_count(interests->gateway) != before;
    interests->gateway_bytes += *is_change_out ? prefix.size : 0;
    pthread_mutex_unlock(&interests->mutex);
    return error;
}

enum mqc_error mqc__interests_unref(struct mqc__interests *interests, struct mqc_view prefix,
                                    bool *is_change_out)
{
    pthread_mutex_lock(&interests->mutex);
    const size_t before = mqc__subscriptions_count(interests->gateway);
    const enum mqc_error error =
        mqc__subscriptions_unref(interests->gateway, prefix, MQC_MATCH_PREFIX);
    *is_change_out = mqc__subscriptions_count(interests->gateway) != before;
    interests->gateway_bytes -= *is_change_out ? prefix.size : 0;
    pthread_mutex_unlock(&interests->mutex);
    return error;
}

unsigned mqc__interests_match(struct mqc__interests *interests, unsigned who, struct mqc_view topic)
{
    unsigned found = 0;
    pthread_mutex_lock(&interests->mutex);
    if ((who & MQC__INTEREST_NODE) != 0 && mqc__subscriptions_match(interests->node, topic))
        found |= MQC__INTEREST_NODE;
    if ((who & MQC__INTEREST_GATEWAY) != 0 && mqc__subscriptions_match(interests->gateway, topic))
        found |= MQC__INTEREST_GATEWAY;
    pthread_mutex_unlock(&interests->mutex);
    return found;
}

size_t mqc__interests_count(const struct mqc__interests *interests)
{
    return mqc__subscriptions_count(interests->node) + mqc__subscriptions_count(interests->gateway);
}

/* Only changes could disturb this, and there is none meanwhile. */
size_t mqc__interests_filters(struct mqc__interests *interests, unsigned who,
                              const struct mqc__cover_rule *rule, const char **filters_out)
{
    size_t count = 0;
    if ((who & MQC__INTEREST_NODE) != 0)
        count = mqc__subscriptions_list(interests->node, filters_out);
    if ((who & MQC__INTEREST_GATEWAY) != 0)
        count += mqc__subscriptions_list(interests->gateway, filters_out + count);
    return mqc__cover(filters_out, count, rule);
}
