#include "config/check_priv.h"

#include "base/fail.h"

#include <stdio.h>

static void check_required(const struct mqc__settings *settings, const struct mqc__finder *finder)
{
    if (settings->cluster.name == NULL)
        finder->found(finder->context, MQC__KEYS("cluster.name"),
                      "the required option cluster.name is missing");
    if (settings->broker.uri_count == 0)
        finder->found(finder->context, MQC__KEYS("broker.uri", "broker.uris"),
                      "the required option broker.uri (or broker.uris) is missing");
}

static bool has_node(const struct mqc__settings *settings, const char *name)
{
    for (size_t i = 0; i < settings->node_count; i++)
        if (strcmp(settings->nodes[i].name, name) == 0)
            return true;
    return false;
}

static void check_node(const struct mqc__settings *settings, const struct mqc__finder *finder)
{
    char text[360];
    if (settings->node == NULL || settings->node_count == 0 || has_node(settings, settings->node))
        return;
    (void)snprintf(text, sizeof text, "the node '%s' is not one of those listed in nodes",
                   settings->node);
    finder->found(finder->context, MQC__KEYS("node", "nodes"), text);
}

static void check_credentials(const struct mqc__settings *settings,
                              const struct mqc__finder *finder)
{
    /* MQTT 3.1.1, 3.1.2.9: a password needs a user name; MQTT 5 has dropped that. */
    if (settings->broker.password != NULL && settings->broker.username == NULL &&
        settings->broker.protocol != 5)
        finder->found(finder->context,
                      MQC__KEYS("broker.username", "broker.password", "broker.password_file"),
                      "there is a password without broker.username, which MQTT 3.1.1 cannot send; "
                      "give a user name, or set broker.protocol to 5");
}

void mqc__check_order(const struct mqc__finder *finder, uint64_t small, const char *small_key,
                      uint64_t large, const char *large_key)
{
    char text[200];
    if (small <= large)
        return;
    (void)snprintf(text, sizeof text, "%s is greater than %s; it may be at most as great",
                   small_key, large_key);
    finder->found(finder->context, MQC__KEYS(small_key, large_key), text);
}

enum mqc_error mqc__config_check_all(const struct mqc__settings *settings,
                                     const struct mqc__finder *finder)
{
    check_required(settings, finder);
    check_node(settings, finder);
    check_credentials(settings, finder);
    mqc__check_tls(settings, finder);
    mqc__check_order(finder, settings->broker.backoff_min_ms, "broker.backoff_min",
                     settings->broker.backoff_max_ms, "broker.backoff_max");
    mqc__check_delivery(settings, finder);
    mqc__check_websockets(settings, finder);
    return mqc__check_pools(settings, finder);
}

static void keep_first(void *context, const char *const *keys, const char *text)
{
    struct mqc_error_info *first = context;
    if (first->code != MQC_OK)
        return;
    (void)mqc__fail(first, MQC_ECONFIG, "%s", text);
    mqc__fail_place(first, "%s", keys[0]);
}

static void keep_first_of_pool(void *context, const struct mqc__pool_settings *pool,
                               const char *const *keys, const char *text)
{
    struct mqc_error_info *first = context;
    if (first->code != MQC_OK)
        return;
    keep_first(context, keys, text);
    mqc__fail_place(first, "pools.%s", pool->name);
}

static void keep_first_of_websocket(void *context, size_t index, const char *const *keys,
                                    const char *text)
{
    struct mqc_error_info *first = context;
    if (first->code != MQC_OK)
        return;
    keep_first(context, keys, text);
    mqc__fail_place(first, "websocket[%zu]%s", index, keys[0] + strcspn(keys[0], "."));
}

enum mqc_error mqc_config_check(const struct mqc_config *config, struct mqc_error_info *info)
{
    struct mqc_error_info first = {.code = MQC_OK};
    const struct mqc__finder finder = {keep_first, keep_first_of_pool, keep_first_of_websocket,
                                       &first};
    const enum mqc_error error = mqc__config_check_all(&config->settings, &finder);
    if (first.code == MQC_OK && error != MQC_OK)
        return mqc__fail(info, error, "out of memory");
    if (first.code != MQC_OK && info != NULL)
        *info = first;
    return first.code;
}
