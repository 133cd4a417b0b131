#include "mqtt/session_priv.h"

#include "base/clock.h"
#include "base/fail.h"
#include "base/thread.h"
#include "mqtt/options.h"

#include <stdlib.h>
#include <time.h>

/* Counters of topics with nothing in the outbox. */
#define IDLE_TOPICS_MAX 10000

/* Acknowledgements that may wait beyond what is in flight: repeated ones. */
#define SPARE_ACKS 256

/* Wakes up at least so often: a wait by CLOCK_MONOTONIC does not see the time a machine slept. */
#define LONGEST_WAIT_MS 60000

/* Acknowledgements could not be heard since then. */
static void note_deafness_locked(struct mqc__session *session, int64_t since_ms)
{
    const int64_t now_ms = mqc__clock_monotonic_ms();
    const int64_t progress_ms = session->progress_ms + (now_ms - since_ms);
    session->progress_ms = progress_ms < now_ms ? progress_ms : now_ms;
}

/* An acknowledgement as the owner knows it. */
static uint64_t ack_name_locked(const struct mqc__session *session, uint64_t ack)
{
    return ack != 0 ? (uint64_t)session->connection_count << 32 | (uint32_t)ack : 0;
}

static void tell_message(struct mqc__session *session, const struct mqc__mqtt_message *message)
{
    if (session->events.message != NULL)
        session->events.message(session->events.context, message);
    else
        mqc__session_handled(session, message->ack);
}

static void on_message(void *context, const struct mqc__mqtt_message *client_message)
{
    struct mqc__session *session = context;
    if (mqc__session_broker_take(session, client_message))
        return;
    struct mqc__mqtt_message message = *client_message;
    pthread_mutex_lock(&session->mutex);
    message.ack = ack_name_locked(session, client_message->ack);
    const bool is_wanted = !session->is_abandoned && !session->has_ended;
    const int64_t begin_ms = mqc__clock_monotonic_ms();
    session->message_ms = begin_ms;
    session->message_count += is_wanted ? 1 : 0;
    session->stats.received_messages += is_wanted ? 1 : 0;
    pthread_mutex_unlock(&session->mutex);
    if (!is_wanted)
        return;
    tell_message(session, &message);
    pthread_mutex_lock(&session->mutex);
    session->message_count--;
    note_deafness_locked(session, begin_ms);
    if (session->is_closing)
        pthread_cond_broadcast(&session->changed);
    pthread_mutex_unlock(&session->mutex);
}

void mqc__session_handled(struct mqc__session *session, uint64_t ack)
{
    if (ack == 0)
        return;
    pthread_mutex_lock(&session->mutex);
    /* Under the mutex, so that the client is not freed meanwhile; it does not block. */
    if (session->ack_client != NULL && ack >> 32 == session->connection_count)
        session->ops->handled(session->ack_client, (uint32_t)ack);
    pthread_mutex_unlock(&session->mutex);
}

static void on_acked(void *context, int token, int reason)
{
    struct mqc__session *session = context;
    pthread_mutex_lock(&session->mutex);
    if (session->ack_count < session->ack_capacity)
        session->acks[session->ack_count++] = (struct mqc__ack){.token = token, .reason = reason};
    else
        session->is_flooded = true;
    pthread_mutex_unlock(&session->mutex);
    pthread_cond_signal(&session->wake);
}

static void on_lost(void *context, int reason)
{
    struct mqc__session *session = context;
    pthread_mutex_lock(&session->mutex);
    session->is_lost = true;
    session->lost_reason = reason;
    pthread_cond_signal(&session->wake);
    pthread_mutex_unlock(&session->mutex);
}

static bool init_condition(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;
    if (pthread_condattr_init(&attributes) != 0)
        return false;
    const bool is_done = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0 &&
                         pthread_cond_init(condition, &attributes) == 0;
    pthread_condattr_destroy(&attributes);
    return is_done;
}

static bool init_sync(struct mqc__session *session)
{
    if (pthread_mutex_init(&session->mutex, NULL) != 0)
        return false;
    if (!init_condition(&session->wake)) {
        pthread_mutex_destroy(&session->mutex);
        return false;
    }
    if (!init_condition(&session->changed)) {
        pthread_cond_destroy(&session->wake);
        pthread_mutex_destroy(&session->mutex);
        return false;
    }
    return true;
}

/* What is larger could not be compressed. */
static size_t batch_bytes_max(const struct mqc__session_options *options)
{
    const bool is_bound = options->compression_level != 0 &&
                          options->batch_bytes_max > MQC__COMPRESSED_EVENTS_BYTES_MAX;
    return is_bound ? MQC__COMPRESSED_EVENTS_BYTES_MAX : options->batch_bytes_max;
}

static void init_parts(struct mqc__session *session)
{
    const struct mqc__session_options *options = session->options;
    const size_t header_bytes_max =
        2 * strlen(options->instance) + strlen(options->node) + MQC__ENVELOPE_OVERHEAD_BYTES;
    const struct mqc__outbox_limits limits = {
        .events_max = options->outbox_events_max,
        .bytes_max = options->outbox_bytes_max,
        .batch_events_max = options->batch_events_max,
        .batch_bytes_max = batch_bytes_max(options),
        .topics_max = IDLE_TOPICS_MAX,
        .header_bytes_max = header_bytes_max,
        .piece_bytes_max = options->piece_bytes,
        .when_full = options->when_full,
        .kept_bytes_max = options->durability.keep_bytes,
        .keep_ms = options->durability.keep_ms,
        .is_fed = options->durability.is_on_disk,
    };
    mqc__outbox_init(&session->outbox, &limits);
    session->outbox.origins_ms = mqc__clock_monotonic_ms();
    mqc__machine_init(&session->machine, options);
    mqc__buffer_init(&session->payload, MQC__EVENT_BYTES_MAX);
    session->packet_bytes_max = UINT32_MAX;
    session->session_uri = MQC__MACHINE_URIS_MAX;
    session->broker.deadline_ms = INT64_MAX;
    session->reference_count = 1;
    mqc__buffer_init(&session->topic, UINT16_MAX + 1);
    mqc__session_presence_init(session);
    mqc__session_keep_init(session);
    mqc__session_tls_init(session);
    session->sink = (struct mqc__client_sink){
        .context = session, .message = on_message, .acked = on_acked, .lost = on_lost};
    for (size_t i = 0; i < MQC__MACHINE_URIS_MAX; i++)
        session->keep_alive_s[i] = options->keep_alive_s;
}

static enum mqc_error fill(struct mqc__session *session, const struct mqc__session_options *options,
                           const struct mqc__client_ops *client, struct mqc_error_info *info)
{
    const enum mqc_error error = mqc__session_options_copy(options, &session->options, info);
    if (error != MQC_OK)
        return error;
    session->ops = client;
    if (client == NULL && mqc__paho_ops(&session->ops) != MQC_OK)
        return mqc__fail(info, MQC_ENOMEM, "out of memory");
    session->ack_capacity = (size_t)options->in_flight_max + SPARE_ACKS;
    session->acks = calloc(session->ack_capacity, sizeof *session->acks);
    const int level = session->options->compression_level;
    session->compressor = level != 0 ? mqc__compressor_new(level) : NULL;
    if (session->acks == NULL || (session->compressor == NULL && level != 0) || !init_sync(session))
        return mqc__fail(info, MQC_ENOMEM, "out of memory");
    return MQC_OK;
}

static enum mqc_error remember_filters(struct mqc__session *session,
                                       const struct mqc__session_options *options,
                                       struct mqc_error_info *info)
{
    const enum mqc_error error =
        mqc__filters_remember(&session->filters, options->stale_filters,
                              options->stale_filter_count, (unsigned)options->uri_count);
    return error != MQC_OK ? mqc__fail(info, error, "out of memory") : MQC_OK;
}

enum mqc_error mqc__session_new(const struct mqc__session_options *options,
                                const struct mqc__session_events *events,
                                const struct mqc__client_ops *client,
                                struct mqc__session **session_out, struct mqc_error_info *info)
{
    *session_out = NULL;
    struct mqc__session *session = calloc(1, sizeof *session);
    if (session == NULL)
        return mqc__fail(info, MQC_ENOMEM, "out of memory");
    enum mqc_error error = fill(session, options, client, info);
    if (error != MQC_OK) {
        free(session->acks);
        mqc__compressor_free(&session->compressor);
        mqc__session_options_free(&session->options);
        free(session);
        return error;
    }
    session->events = *events;
    init_parts(session);
    error = remember_filters(session, options, info);
    if (error == MQC_OK)
        error = mqc__session_spool_open(session, info);
    if (error != MQC_OK)
        mqc__session_unref(session);
    else
        *session_out = session;
    return error;
}

void mqc__session_unref(struct mqc__session *session)
{
    pthread_mutex_lock(&session->mutex);
    const bool is_last = --session->reference_count == 0;
    pthread_mutex_unlock(&session->mutex);
    if (!is_last)
        return;
    mqc__spool_free(&session->spool);
    mqc__session_forget_notes_locked(session);
    mqc__buffer_fini(&session->topic);
    mqc__outbox_fini(&session->outbox);
    mqc__filters_fini(&session->filters);
    mqc__buffer_fini(&session->payload);
    mqc__compressor_free(&session->compressor);
    mqc__buffer_fini(&session->announcement);
    mqc__session_tls_fini(session);
    pthread_cond_destroy(&session->changed);
    pthread_cond_destroy(&session->wake);
    pthread_mutex_destroy(&session->mutex);
    free(session->acks);
    mqc__session_options_free(&session->options);
    free(session);
}

void mqc__session_changed_locked(struct mqc__session *session)
{
    if (session->waiter_count != 0)
        pthread_cond_broadcast(&session->changed);
}

void mqc__session_wait_locked(struct mqc__session *session, pthread_cond_t *condition,
                              int64_t until_ms)
{
    int64_t wait_ms = LONGEST_WAIT_MS;
    const int64_t now_ms = mqc__clock_monotonic_ms();
    if (until_ms < now_ms + LONGEST_WAIT_MS)
        wait_ms = until_ms > now_ms ? until_ms - now_ms : 0;
    struct timespec at;
    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += wait_ms / 1000;
    at.tv_nsec += (wait_ms % 1000) * 1000000;
    if (at.tv_nsec >= 1000000000) {
        at.tv_sec++;
        at.tv_nsec -= 1000000000;
    }
    (void)pthread_cond_timedwait(condition, &session->mutex, &at);
}

enum mqc_error mqc__session_open(struct mqc__session *session)
{
    enum mqc_error error = MQC_EINVAL;
    pthread_mutex_lock(&session->mutex);
    if (!session->is_open && !session->is_closing) {
        session->reference_count++;
        /* The client's threads inherit the signal mask of this one. */
        error = mqc__thread_start(&session->thread, mqc__session_run, session);
        session->is_open = error == MQC_OK;
        session->reference_count -= session->is_open ? 0 : 1;
    }
    pthread_mutex_unlock(&session->mutex);
    /* Without its thread the spool would never commit; the caller frees the session then. */
    if (error == MQC_OK && session->spool != NULL)
        error = mqc__spool_start(session->spool);
    return error;
}

enum mqc_error mqc__session_set_filters(struct mqc__session *session, const char *const *filters,
                                        size_t filter_count)
{
    pthread_mutex_lock(&session->mutex);
    enum mqc_error error = MQC_ECLOSED;
    if (!session->is_closing)
        error = mqc__filters_set(&session->filters, filters, filter_count);
    session->has_filter_work = true;
    pthread_cond_signal(&session->wake);
    mqc__session_changed_locked(session);
    pthread_mutex_unlock(&session->mutex);
    return error;
}

/* What a caller waits for. */
struct wish {
    uint64_t number;            /* of the last event that is to be flushed */
    const char *const *filters; /* to be served */
    size_t filter_count;
};

/* Whether it has come: MQC_ETIMEOUT means not yet. */
typedef enum mqc_error (*check_fn)(const struct mqc__session *session, const struct wish *wish);

static enum mqc_error check_online(const struct mqc__session *session)
{
    if (session->is_closing)
        return MQC_ECLOSED;
    if (session->machine.state == MQC__MACHINE_TAKEN)
        return MQC_ETAKEN;
    return session->machine.state != MQC__MACHINE_ONLINE || session->is_lost ? MQC_ETIMEOUT
                                                                             : MQC_OK;
}

static enum mqc_error check_ready(const struct mqc__session *session, const struct wish *wish)
{
    (void)wish;
    const enum mqc_error error = check_online(session);
    if (error != MQC_OK)
        return error;
    if (mqc__filters_refused(&session->filters))
        return MQC_EREFUSED;
    return mqc__filters_settled(&session->filters) ? MQC_OK : MQC_ETIMEOUT;
}

/* What was refused is told before what is not answered yet. */
static enum mqc_error check_filters(const struct mqc__session *session, const struct wish *wish)
{
    enum mqc_error error = check_online(session);
    if (error != MQC_OK)
        return error;
    for (size_t i = 0; i < wish->filter_count; i++) {
        const enum mqc_error served = mqc__filters_serve(&session->filters, wish->filters[i]);
        if (served != MQC_OK && served != MQC_ETIMEOUT)
            return served;
        error = served != MQC_OK ? served : error;
    }
    return error;
}

static enum mqc_error check_flushed(const struct mqc__session *session, const struct wish *wish)
{
    if (mqc__outbox_oldest_undone(&session->outbox) > wish->number &&
        mqc__session_unfed_locked(session) > wish->number)
        return MQC_OK;
    if (session->machine.state == MQC__MACHINE_TAKEN)
        return MQC_ETAKEN;
    return session->machine.state == MQC__MACHINE_CLOSED ? MQC_ECLOSED : MQC_ETIMEOUT;
}

static enum mqc_error wait_for(struct mqc__session *session, check_fn check, struct wish wish,
                               unsigned timeout_ms)
{
    const int64_t deadline_ms = mqc__clock_monotonic_ms() + (int64_t)timeout_ms;
    pthread_mutex_lock(&session->mutex);
    wish.number = mqc__session_last_number_locked(session);
    session->waiter_count++;
    enum mqc_error error = check(session, &wish);
    while (error == MQC_ETIMEOUT && mqc__clock_monotonic_ms() < deadline_ms) {
        mqc__session_wait_locked(session, &session->changed, deadline_ms);
        error = check(session, &wish);
    }
    session->waiter_count--;
    pthread_mutex_unlock(&session->mutex);
    return error;
}

enum mqc_error mqc__session_wait_ready(struct mqc__session *session, unsigned timeout_ms)
{
    return wait_for(session, check_ready, (struct wish){0}, timeout_ms);
}

enum mqc_error mqc__session_wait_filters(struct mqc__session *session, const char *const *filters,
                                         size_t count, unsigned timeout_ms)
{
    const struct wish wish = {.filters = filters, .filter_count = count};
    return wait_for(session, check_filters, wish, timeout_ms);
}

bool mqc__session_is_refused(struct mqc__session *session, const char *filter)
{
    pthread_mutex_lock(&session->mutex);
    const bool is_refused = mqc__filters_is_refused(&session->filters, filter);
    pthread_mutex_unlock(&session->mutex);
    return is_refused;
}

enum mqc_error mqc__session_flush(struct mqc__session *session, unsigned timeout_ms)
{
    return wait_for(session, check_flushed, (struct wish){0}, timeout_ms);
}
