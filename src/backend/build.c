#include "backend/backend_priv.h"

#include "base/clock.h"
#include "base/fail.h"
#include "link/tls_source.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* What a tool without a place in the layout is called. */
static const char nameless[] = "client";

/* Large events that may be under way at once, from as many senders: each has one at a time. */
#define EVENTS_IN_PIECES_MAX 1000

static bool copy_text(struct mqc_backend *backend, const char *text, const char **copy_out)
{
    struct mqc_view copy = {NULL, 0};
    if (text != NULL && !mqc__arena_copy(&backend->texts, mqc_view_text(text), &copy))
        return false;
    *copy_out = copy.data;
    return true;
}

static bool copy_uris(struct mqc_backend *backend, const struct mqc__session_options *from)
{
    const char **uris = mqc__arena_array(&backend->texts, from->uri_count, sizeof *uris);
    if (uris == NULL)
        return false;
    for (size_t i = 0; i < from->uri_count; i++)
        if (!copy_text(backend, from->uris[i], &uris[i]))
            return false;
    backend->session_options.uris = uris;
    return true;
}

/* The same at every start, so that the broker finds the session again; a tool's is its own. */
static bool make_client_id(struct mqc_backend *backend, const struct mqc__backend_options *options)
{
    char id[600];
    if (options->node != NULL)
        (void)snprintf(id, sizeof id, "mqcluster/%.250s/%.250s", options->cluster, options->node);
    else
        (void)snprintf(id, sizeof id, "mqcluster/%.250s/client-%016" PRIx64, options->cluster,
                       mqc__random_bits());
    return copy_text(backend, id, &backend->session_options.client_id);
}

static bool copy_session_options(struct mqc_backend *backend,
                                 const struct mqc__backend_options *options)
{
    const struct mqc__session_options *from = &options->session;
    struct mqc__session_options *to = &backend->session_options;
    *to = *from;
    to->node = backend->node;
    if (from->tls.source != NULL)
        (void)mqc__tls_source_ref(from->tls.source);
    return copy_uris(backend, from) &&
           copy_text(backend, from->tls.server_name, &to->tls.server_name) &&
           copy_text(backend, from->durability.directory, &to->durability.directory) &&
           copy_text(backend, from->username, &to->username) &&
           copy_text(backend, from->password, &to->password) &&
           (from->client_id != NULL ? copy_text(backend, from->client_id, &to->client_id)
                                    : make_client_id(backend, options));
}

static int compare_rules(const void *a, const void *b)
{
    const struct mqc__service_rule *left = a;
    const struct mqc__service_rule *right = b;
    return (left->prefix.size < right->prefix.size) - (left->prefix.size > right->prefix.size);
}

static bool copy_rules(struct mqc_backend *backend, const struct mqc__backend_options *options)
{
    struct mqc__service_rule *rules =
        mqc__arena_array(&backend->texts, options->service_rule_count, sizeof *rules);
    if (rules == NULL)
        return false;
    for (size_t i = 0; i < options->service_rule_count; i++) {
        rules[i].service = options->service_rules[i].service;
        if (!mqc__arena_copy(&backend->texts, options->service_rules[i].prefix, &rules[i].prefix))
            return false;
    }
    if (options->service_rule_count > 1)
        qsort(rules, options->service_rule_count, sizeof *rules, compare_rules);
    backend->has_end_to_end = options->default_service.is_end_to_end;
    for (size_t i = 0; i < options->service_rule_count; i++)
        backend->has_end_to_end |= rules[i].service.is_end_to_end;
    backend->service_rules = rules;
    backend->service_rule_count = options->service_rule_count;
    return true;
}

static bool copy_options(struct mqc_backend *backend, const struct mqc__backend_options *options)
{
    backend->default_service = options->default_service;
    backend->event_bytes_max = options->event_bytes_max;
    backend->flush_timeout_ms = options->flush_timeout_ms;
    backend->telemetry = options->telemetry;
    if (!copy_text(backend, options->root, &backend->root) ||
        !copy_text(backend, options->node != NULL ? options->node : nameless, &backend->node) ||
        !copy_session_options(backend, options) || !copy_rules(backend, options))
        return false;
    if (options->session.durability.is_on_disk)
        backend->state_directory = backend->session_options.durability.directory;
    return true;
}

static enum mqc_error declare_all(struct mqc_backend *backend,
                                  const struct mqc__backend_options *options,
                                  struct mqc_error_info *info)
{
    for (size_t i = 0; i < options->signature_count; i++) {
        const enum mqc_error error =
            mqc__declarations_copy(backend->declarations, &options->signatures[i], info);
        if (error != MQC_OK)
            return error;
    }
    return MQC_OK;
}

static bool make_parts(struct mqc_backend *backend, const struct mqc__backend_options *options)
{
    backend->declarations = mqc__declarations_new(options->is_strict);
    backend->handlers = mqc__handlers_new();
    backend->inbox = mqc__inbox_new(options->inbox_messages_max, options->inbox_bytes_max);
    backend->interests = mqc__interests_new(options->root);
    backend->delivers_to_self = options->delivers_to_self;
    backend->separator = options->members.separator;
    return backend->declarations != NULL && backend->handlers != NULL && backend->inbox != NULL &&
           backend->interests != NULL;
}

static enum mqc_error make_members(struct mqc_backend *backend,
                                   const struct mqc__backend_options *options,
                                   struct mqc_error_info *info)
{
    struct mqc__members_options members = options->members;
    members.root = options->root;
    members.node = members.type != MQC__NODE_NONE ? options->node : NULL;
    const struct mqc__members_owner owner = mqc__backend_members_owner(backend);
    return mqc__members_new(&members, &owner, &backend->members, info);
}

enum mqc_error mqc__backend_new(const struct mqc__backend_options *options,
                                struct mqc_backend **backend_out, struct mqc_error_info *info)
{
    *backend_out = NULL;
    struct mqc_backend *backend = calloc(1, sizeof *backend);
    if (backend == NULL)
        return mqc__fail(info, MQC_ENOMEM, "out of memory");
    pthread_mutex_init(&backend->life_mutex, NULL);
    pthread_cond_init(&backend->has_closed, NULL);
    pthread_mutex_init(&backend->subscriptions_mutex, NULL);
    pthread_mutex_init(&backend->trouble_mutex, NULL);
    pthread_mutex_init(&backend->tick_mutex, NULL);
    backend->members_at_ms = INT64_MAX;
    backend->notice_at_ms = INT64_MAX;
    backend->planned_ms = MQC__STREAM_IN_NEVER;
    backend->sync_at_ms = MQC__STREAM_IN_NEVER;
    mqc__arena_init(&backend->texts, SIZE_MAX / 2);
    mqc__arena_init(&backend->arena, 0);
    mqc__pieces_init(&backend->pieces, EVENTS_IN_PIECES_MAX, options->event_bytes_max,
                     options->inbox_bytes_max);
    mqc__buffer_init(&backend->topic, SIZE_MAX / 2);
    mqc__buffer_init(&backend->mqtt_topic, SIZE_MAX / 2);
    enum mqc_error error = MQC_OK;
    if (!copy_options(backend, options) || !make_parts(backend, options))
        error = mqc__fail(info, MQC_ENOMEM, "out of memory");
    if (error == MQC_OK)
        error = make_members(backend, options, info);
    if (error == MQC_OK)
        error = declare_all(backend, options, info);
    if (error != MQC_OK)
        mqc__backend_free(&backend);
    *backend_out = backend;
    return error;
}
