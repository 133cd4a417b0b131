#include "backend/backend_priv.h"

#include "base/clock.h"
#include "base/fail.h"
#include "base/log.h"
#include "base/utf8.h"
#include "cluster/topics.h"
#include "codec/presence.h"
#include "link/tls_source.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define NODE_ID_RANDOM_BITS 48

/* The node's name and random bits: new at every start, and people see whose it is. */
static void make_node_id(const struct mqc_backend *backend, char id_out[MQC__NODE_ID_BYTES + 1])
{
    const uint64_t bits = mqc__random_bits() >> (64 - NODE_ID_RANDOM_BITS);
    (void)snprintf(id_out, MQC__NODE_ID_BYTES + 1, "%.200s-%012" PRIx64, backend->node, bits);
}

static enum mqc_error set_node_id(struct mqc_backend *backend, const char *node_id,
                                  struct mqc_error_info *info)
{
    if (node_id == NULL) {
        make_node_id(backend, backend->node_id);
        return MQC_OK;
    }
    const size_t size = strlen(node_id);
    if (size == 0 || size > MQC__NODE_ID_BYTES)
        return mqc__fail(info, MQC_EINVAL, "the node id is %zu bytes long, not 1 to %d", size,
                         MQC__NODE_ID_BYTES);
    if (!mqc__utf8_is_valid(mqc_view_text(node_id)))
        return mqc__fail(info, MQC_EINVAL, "the node id is not UTF-8");
    memcpy(backend->node_id, node_id, size + 1);
    return MQC_OK;
}

/* The topic of a node id. */
static enum mqc_error subscribe_node_id(struct mqc_backend *backend, struct mqc_view id)
{
    struct mqc__arena arena;
    struct mqc_view topic;
    bool is_change;
    mqc__arena_init(&arena, SIZE_MAX / 2);
    enum mqc_error error = MQC_ENOMEM;
    if (mqc__topic_of_node_id(&arena, backend->separator, id, &topic))
        error = mqc__interests_add(backend->interests, topic, MQC_MATCH_LEVEL, &is_change, NULL);
    mqc__arena_fini(&arena);
    return error;
}

/* Where receivers say how far they have come: with what this instance has sent, and with what was
 * left of earlier ones. */
static enum mqc_error subscribe_receipts(struct mqc_backend *backend,
                                         const struct mqc__session *session)
{
    enum mqc_error error = MQC_OK;
    if (backend->has_end_to_end)
        error = subscribe_node_id(backend, mqc_view_text(backend->node_id));
    struct mqc_view instance;
    for (size_t i = 0;
         error == MQC_OK && (instance = mqc__session_left_instance(session, i)).size != 0; i++)
        error = subscribe_node_id(backend, instance);
    return error;
}

/* The topics that reach this node for what it is in the cluster. */
static enum mqc_error subscribe_own_topics(struct mqc_backend *backend)
{
    struct mqc__members_texts texts;
    mqc__members_texts(backend->members, &texts);
    enum mqc_error error = MQC_OK;
    bool is_change;
    for (size_t i = 0; i < texts.topic_count && error == MQC_OK; i++)
        error = mqc__interests_add(backend->interests, texts.topics[i], MQC_MATCH_LEVEL, &is_change,
                                   NULL);
    return error;
}

static enum mqc_error open_session(struct mqc_backend *backend, struct mqc__session *session)
{
    backend->own_session = session;
    /* A subscription made meanwhile must not fall between the two: both under one lock. */
    pthread_mutex_lock(&backend->subscriptions_mutex);
    enum mqc_error error = subscribe_own_topics(backend);
    if (error == MQC_OK)
        error = subscribe_receipts(backend, session);
    if (error == MQC_OK)
        error = mqc__backend_hand_over_filters(backend, session);
    if (error == MQC_OK)
        error = mqc__session_open(session);
    if (error == MQC_OK)
        atomic_store(&backend->session, session);
    pthread_mutex_unlock(&backend->subscriptions_mutex);
    return error;
}

static void set_presence(struct mqc_backend *backend)
{
    struct mqc__members_texts texts;
    mqc__members_texts(backend->members, &texts);
    backend->session_options.presence = (struct mqc__session_presence){
        .topic = texts.presence_topic,
        .content_type = MQC__CONTENT_TYPE_PRESENCE,
        .expiry_s = texts.presence_expiry_s,
    };
}

/* With the life mutex held. */
static enum mqc_error start(struct mqc_backend *backend, struct mqc_error_info *info)
{
    struct mqc__session *session = NULL;
    backend->session_options.instance = backend->node_id;
    enum mqc_error error = mqc__members_start(backend->members, backend->node_id, info);
    if (error != MQC_OK)
        return error;
    set_presence(backend);
    if (!mqc__topic_of_node_id(&backend->texts, backend->separator, mqc_view_text(backend->node_id),
                               &backend->id_topic))
        return mqc__fail(info, MQC_ENOMEM, "out of memory");
    error = mqc__backend_open_state(backend, info);
    if (error != MQC_OK)
        return error;
    error = mqc__backend_make_session(backend, &session, info);
    if (error != MQC_OK)
        return error;
    error = open_session(backend, session);
    if (error == MQC_OK)
        error = mqc__backend_start_dispatcher(backend);
    if (error == MQC_OK)
        return MQC_OK;
    atomic_store(&backend->session, NULL);
    mqc__session_free(&session);
    return mqc__fail(info, error, "the backend cannot start: %s", mqc_error_text(error));
}

enum mqc_error mqc__backend_init(struct mqc_backend *backend, const char *node_id,
                                 struct mqc_error_info *info)
{
    pthread_mutex_lock(&backend->life_mutex);
    enum mqc_error error = MQC_OK;
    if (backend->is_closing)
        error = mqc__fail(info, MQC_ECLOSED, "the backend is closed");
    else if (atomic_load(&backend->session) != NULL)
        error = mqc__fail(info, MQC_EEXIST, "the backend is initialised already");
    if (error == MQC_OK)
        error = set_node_id(backend, node_id, info);
    if (error == MQC_OK)
        error = start(backend, info);
    pthread_mutex_unlock(&backend->life_mutex);
    return error;
}

/* Waits for another close. With the life mutex held; returns whether this one is to do the work. */
static bool begin_close(struct mqc_backend *backend)
{
    const bool is_first = !backend->is_closing;
    backend->is_closing = true;
    while (!is_first && !backend->is_closed)
        pthread_cond_wait(&backend->has_closed, &backend->life_mutex);
    return is_first;
}

/* Without the life mutex: handlers that run meanwhile may call what takes it. */
static uint64_t close_session(struct mqc_backend *backend, struct mqc__session *session,
                              unsigned flush_ms)
{
    /* Who polls may sit in this very call and cannot take messages meanwhile. */
    if (atomic_load(&backend->is_polled))
        mqc__inbox_stop_blocking(backend->inbox);
    const uint64_t left_over = mqc__session_close(session, flush_ms);
    mqc__backend_report_troubles(backend);
    const uint64_t unhandled = atomic_load(&backend->unhandled_messages);
    if (unhandled > 0)
        mqc__log(MQC_LOG_WARNING, "%" PRIu64 " messages arrived that nobody could handle",
                 unhandled);
    atomic_store(&backend->state, MQC_STATE_CLOSED);
    (void)mqc__inbox_put_state(backend->inbox, MQC_STATE_CLOSED);
    mqc__backend_drain(backend);
    mqc__backend_stop_dispatcher(backend);
    /* What a client's publish has put in just before the inbox was closed. */
    mqc__backend_drain(backend);
    return left_over;
}

uint64_t mqc__backend_close(struct mqc_backend *backend, unsigned flush_ms)
{
    if (mqc__backend_is_handling(backend))
        return 0;
    pthread_mutex_lock(&backend->life_mutex);
    const bool is_first = begin_close(backend);
    struct mqc__session *session = atomic_load(&backend->session);
    pthread_mutex_unlock(&backend->life_mutex);
    if (!is_first)
        return 0;
    const uint64_t left_over = session != NULL ? close_session(backend, session, flush_ms) : 0;
    pthread_mutex_lock(&backend->life_mutex);
    backend->is_closed = true;
    pthread_cond_broadcast(&backend->has_closed);
    pthread_mutex_unlock(&backend->life_mutex);
    return left_over;
}

void mqc__backend_free(struct mqc_backend **backend)
{
    struct mqc_backend *gone = *backend;
    if (gone == NULL)
        return;
    (void)mqc__backend_close(gone, 0);
    struct mqc__session *session = atomic_load(&gone->session);
    mqc__session_free(&session);
    mqc__tls_source_unref(&gone->session_options.tls.source);
    mqc__inbox_free(&gone->inbox);
    mqc__handlers_free(&gone->handlers);
    mqc__declarations_free(&gone->declarations);
    mqc__interests_free(&gone->interests);
    mqc__backend_close_state(gone);
    mqc__receipts_fini(&gone->receipts);
    mqc__members_free(&gone->members);
    mqc__arena_fini(&gone->arena);
    mqc__decompressor_fini(&gone->decompressor);
    mqc__pieces_fini(&gone->pieces);
    mqc__buffer_fini(&gone->topic);
    mqc__buffer_fini(&gone->mqtt_topic);
    pthread_cond_destroy(&gone->has_closed);
    pthread_mutex_destroy(&gone->life_mutex);
    pthread_mutex_destroy(&gone->subscriptions_mutex);
    pthread_mutex_destroy(&gone->trouble_mutex);
    pthread_mutex_destroy(&gone->tick_mutex);
    mqc__arena_fini(&gone->texts);
    free(gone);
    *backend = NULL;
}

void mqc__backend_attach(struct mqc_backend *backend, void *attached)
{
    backend->attached = attached;
}

void *mqc__backend_attached(const struct mqc_backend *backend)
{
    return backend->attached;
}

const char *mqc__backend_node(const struct mqc_backend *backend)
{
    return backend->node;
}

const char *mqc__backend_node_id(const struct mqc_backend *backend)
{
    return backend->node_id;
}

unsigned mqc__backend_flush_timeout_ms(const struct mqc_backend *backend)
{
    return backend->flush_timeout_ms;
}

enum mqc_state mqc__backend_state(const struct mqc_backend *backend)
{
    return (enum mqc_state)atomic_load(&backend->state);
}

/* Returns the session that a waiting call may use. */
static enum mqc_error waiting_session(struct mqc_backend *backend,
                                      struct mqc__session **session_out)
{
    *session_out = atomic_load(&backend->session);
    if (mqc__backend_is_handling(backend))
        return MQC_EINVAL;
    return *session_out != NULL ? MQC_OK : MQC_ENOTINIT;
}

enum mqc_error mqc__backend_wait_ready(struct mqc_backend *backend, unsigned timeout_ms)
{
    struct mqc__session *session;
    const enum mqc_error error = waiting_session(backend, &session);
    if (error != MQC_OK)
        return error;
    return mqc__backend_gateway(backend) != NULL
               ? mqc__backend_wait_filters(backend, session, timeout_ms)
               : mqc__session_wait_ready(session, timeout_ms);
}

enum mqc_error mqc__backend_flush(struct mqc_backend *backend, unsigned timeout_ms)
{
    struct mqc__session *session;
    const enum mqc_error error = waiting_session(backend, &session);
    return error == MQC_OK ? mqc__session_flush(session, timeout_ms) : error;
}

void mqc__backend_reload_tls(struct mqc_backend *backend)
{
    struct mqc__session *session = atomic_load(&backend->session);
    if (session != NULL)
        mqc__session_reload_tls(session);
}

bool mqc__backend_has_spool(const struct mqc_backend *backend)
{
    return backend->session_options.durability.is_on_disk;
}

static enum mqc_error adopt(struct mqc_backend *backend, const char *directory)
{
    struct mqc__durability *durability = &backend->session_options.durability;
    struct mqc_view copy;
    if (backend->is_closing)
        return MQC_ECLOSED;
    if (atomic_load(&backend->session) != NULL || durability->is_on_disk)
        return MQC_EEXIST;
    if (!mqc__arena_copy(&backend->texts, mqc_view_text(directory), &copy))
        return MQC_ENOMEM;
    durability->directory = copy.data;
    durability->is_spool_only = true;
    durability->is_on_disk = true;
    return MQC_OK;
}

enum mqc_error mqc__backend_adopt_spool(struct mqc_backend *backend, const char *directory)
{
    pthread_mutex_lock(&backend->life_mutex);
    const enum mqc_error error = adopt(backend, directory);
    pthread_mutex_unlock(&backend->life_mutex);
    return error;
}

static void add_spool_stats(const struct mqc__spool_stats *from, struct mqc_stats *stats)
{
    stats->spool_events = from->events;
    stats->spool_bytes = from->bytes;
    stats->spool_unread_events = from->unfed_events;
    stats->spool_commits = from->groups;
    stats->spool_failed_commits = from->failed_groups;
    stats->spool_syncs = from->syncs;
    stats->spool_is_failing = from->is_failing;
}

static void add_session_stats(struct mqc__session *session, struct mqc_stats *stats)
{
    struct mqc__session_stats from;
    mqc__session_stats(session, &from);
    stats->published_events = from.accepted_events;
    stats->refused_events = from.refused_events;
    stats->delivered_events = from.delivered_events;
    stats->dropped_events = from.dropped_events;
    stats->repeated_messages = from.repeated_messages;
    stats->given_up_events = from.given_up_events;
    stats->connects = from.connects;
    stats->outbox_events = from.outbox_events;
    stats->outbox_bytes = from.outbox_bytes;
    stats->kept_events = from.kept_events;
    stats->kept_bytes = from.kept_bytes;
    add_spool_stats(&from.spool, stats);
    stats->broker_in_bytes = from.broker_in_bytes;
    stats->broker_out_bytes = from.broker_out_bytes;
    stats->certificate_expiry_s = from.certificate_expiry_s;
}

void mqc__backend_stats(const struct mqc_backend *backend, struct mqc_stats *stats_out)
{
    *stats_out = (struct mqc_stats){
        .received_events = atomic_load(&backend->received_events),
        .duplicate_events = atomic_load(&backend->duplicate_events),
        .missing_events = atomic_load(&backend->missing_events),
        .unwanted_messages = atomic_load(&backend->unwanted_messages),
        .malformed_messages = atomic_load(&backend->malformed_messages),
        .mismatched_events = atomic_load(&backend->mismatched_events),
        .unhandled_messages = atomic_load(&backend->unhandled_messages),
    };
    mqc__inbox_stats(backend->inbox, stats_out);
    struct mqc__session *session = atomic_load(&backend->session);
    if (session != NULL)
        add_session_stats(session, stats_out);
}

enum mqc_error mqc__backend_declare(struct mqc_backend *backend, struct mqc_view name,
                                    struct mqc_view params, struct mqc_error_info *info)
{
    return mqc__declarations_add(backend->declarations, name, params, info);
}

const struct mqc__signature *mqc__backend_signature(const struct mqc_backend *backend,
                                                    struct mqc_view event)
{
    return mqc__declarations_find(backend->declarations, event);
}

enum mqc_error mqc__backend_on_error(struct mqc_backend *backend, mqc_error_fn handler,
                                     void *context)
{
    pthread_mutex_lock(&backend->life_mutex);
    enum mqc_error error = MQC_OK;
    if (atomic_load(&backend->session) != NULL)
        error = MQC_EEXIST;
    else if (backend->error_listener_count == MQC__LISTENERS_MAX)
        error = MQC_EFULL;
    else
        backend->error_listeners[backend->error_listener_count++] =
            (struct mqc__error_listener){handler, context};
    pthread_mutex_unlock(&backend->life_mutex);
    return error;
}

enum mqc_error mqc__backend_on_state(struct mqc_backend *backend, mqc_state_fn handler,
                                     void *context)
{
    pthread_mutex_lock(&backend->life_mutex);
    enum mqc_error error = MQC_OK;
    if (atomic_load(&backend->session) != NULL)
        error = MQC_EEXIST;
    else if (backend->state_listener_count == MQC__LISTENERS_MAX)
        error = MQC_EFULL;
    else
        backend->state_listeners[backend->state_listener_count++] =
            (struct mqc__state_listener){handler, context};
    pthread_mutex_unlock(&backend->life_mutex);
    return error;
}
