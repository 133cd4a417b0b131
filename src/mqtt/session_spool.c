#include "mqtt/session_priv.h"

#include "base/fail.h"
#include "base/log.h"

#include <inttypes.h>
#include <stdio.h>

#define PATH_BYTES 4096

/* How a service is written into a record: part of the file's format. */
enum {
    SERVICE_QOS_1 = 1,
    SERVICE_URGENT = 2,
    SERVICE_END_TO_END = 4,
    SERVICE_TO_ONE = 8,
};

static uint32_t pack(struct mqc__service service)
{
    return (service.qos == MQC__QOS_1 ? SERVICE_QOS_1 : 0U) |
           (service.is_urgent ? SERVICE_URGENT : 0U) |
           (service.is_end_to_end ? SERVICE_END_TO_END : 0U) |
           (service.is_to_one ? SERVICE_TO_ONE : 0U);
}

struct mqc__service mqc__session_spool_service(uint32_t service)
{
    return (struct mqc__service){
        .qos = (service & SERVICE_QOS_1) != 0 ? MQC__QOS_1 : MQC__QOS_0,
        .is_urgent = (service & SERVICE_URGENT) != 0,
        .is_end_to_end = (service & SERVICE_END_TO_END) != 0,
        .is_to_one = (service & SERVICE_TO_ONE) != 0,
    };
}

/* There is always an answer: without memory it waits for some. */
static void number_one(struct mqc__session *session, struct mqc__spool_record *record)
{
    struct mqc__numbering numbering = {0};
    while (mqc__outbox_number(&session->outbox, record->topic, &numbering) == MQC_ENOMEM) {
        pthread_mutex_unlock(&session->mutex);
        mqc__session_await_memory();
        pthread_mutex_lock(&session->mutex);
    }
    record->sequence = numbering.sequence;
    record->starts_count = numbering.starts_count;
}

static void on_number(void *context, struct mqc__spool_record *records, size_t count)
{
    struct mqc__session *session = context;
    pthread_mutex_lock(&session->mutex);
    for (size_t i = 0; i < count; i++)
        number_one(session, &records[i]);
    session->stats.accepted_events += count;
    pthread_mutex_unlock(&session->mutex);
}

static void on_failed(void *context, const struct mqc__spool_record *records, size_t count)
{
    struct mqc__session *session = context;
    pthread_mutex_lock(&session->mutex);
    for (size_t i = count; i-- > 0;) {
        const struct mqc__numbering numbering = {.sequence = records[i].sequence,
                                                 .starts_count = records[i].starts_count};
        mqc__outbox_unnumber(&session->outbox, records[i].topic, &numbering);
    }
    session->stats.accepted_events -= count;
    pthread_mutex_unlock(&session->mutex);
}

static bool is_own(const struct mqc__session *session, struct mqc_view instance)
{
    return mqc_view_equal(instance, mqc_view_text(session->options->instance));
}

/* What an earlier start accepted with other limits, or for another broker, may not fit any more. */
static void refuse_record_locked(struct mqc__session *session,
                                 const struct mqc__spool_record *record)
{
    mqc__session_note_refused_locked(session, record->topic,
                                     "larger than delivery.outbox_bytes allows", 1);
    session->stats.dropped_events++;
}

/* Returns whether it is done with. */
static bool take_record_locked(struct mqc__session *session, const struct mqc__spool_record *record)
{
    struct mqc__numbering numbering = {
        .number = record->number,
        .sequence = record->sequence,
        .starts_count = record->starts_count,
    };
    if (!is_own(session, record->instance)) {
        numbering.origin = mqc__outbox_origin(&session->outbox, record->instance);
        if (numbering.origin == NULL)
            return false;
    }
    const enum mqc_error error = mqc__outbox_accept_numbered(
        &session->outbox, record->topic, mqc__session_spool_service(record->service), record->event,
        &numbering);
    if (error == MQC_EFULL || error == MQC_ENOMEM)
        return false;
    if (error != MQC_OK)
        refuse_record_locked(session, record);
    return true;
}

static size_t on_feed(void *context, const struct mqc__spool_record *records, size_t count)
{
    struct mqc__session *session = context;
    size_t taken = 0;
    pthread_mutex_lock(&session->mutex);
    const bool is_over = session->has_ended || session->is_abandoned;
    while (!is_over && taken < count && take_record_locked(session, &records[taken]))
        taken++;
    const bool has_work = mqc__session_has_work_locked(session);
    pthread_mutex_unlock(&session->mutex);
    if (has_work)
        pthread_cond_signal(&session->wake);
    return taken;
}

static void on_dropped(void *context, const struct mqc__spool_drop *drop)
{
    struct mqc__session *session = context;
    if (drop->was_fed)
        return; /* they are in the outbox, and lost only if the node dies now */
    pthread_mutex_lock(&session->mutex);
    session->stats.dropped_events += drop->event_count;
    mqc__session_note_overflow_locked(session, 0, drop->event_count);
    pthread_cond_signal(&session->wake);
    pthread_mutex_unlock(&session->mutex);
}

static enum mqc_error on_needed(void *context, struct mqc__spool_range **ranges_out,
                                size_t *count_out)
{
    struct mqc__session *session = context;
    pthread_mutex_lock(&session->mutex);
    const bool is_over = session->has_ended || session->is_abandoned;
    const enum mqc_error error =
        is_over ? MQC_ECLOSED : mqc__outbox_needed(&session->outbox, ranges_out, count_out);
    pthread_mutex_unlock(&session->mutex);
    if (error == MQC_OK)
        *count_out = mqc__outbox_order_ranges(*ranges_out, *count_out);
    return error;
}

static void on_error(void *context, const char *tag, const char *text)
{
    struct mqc__session *session = context;
    mqc__session_report(session, tag, "%s", text);
}

enum mqc_error mqc__session_spool_open(struct mqc__session *session, struct mqc_error_info *info)
{
    const struct mqc__durability *durability = &session->options->durability;
    char path[PATH_BYTES];
    if (!durability->is_on_disk)
        return MQC_OK;
    const int size =
        snprintf(path, sizeof path, "%s/%s", durability->directory, MQC__SESSION_SPOOL_NAME);
    if (size < 0 || (size_t)size >= sizeof path)
        return mqc__fail(info, MQC_EINVAL, "delivery.directory is too long");
    const struct mqc__spool_options options = {
        .path = path,
        .instance = session->options->instance,
        .bytes_max = durability->spool_bytes,
        .fsync = durability->fsync,
        .fsync_interval_ms = durability->fsync_interval_ms,
        .when_full = session->options->when_full == MQC__WHEN_FULL_DROP_OLDEST
                         ? MQC__SPOOL_DROP_OLDEST
                         : MQC__SPOOL_REFUSE,
    };
    const struct mqc__spool_owner owner = {
        .context = session,
        .number = on_number,
        .failed = on_failed,
        .feed = on_feed,
        .dropped = on_dropped,
        .needed = on_needed,
        .error = on_error,
    };
    return mqc__spool_open(&options, &owner, NULL, NULL, &session->spool, info);
}

void mqc__session_tell_spool_locked(struct mqc__session *session)
{
    if (session->spool == NULL)
        return;
    const uint64_t frontier = mqc__outbox_frontier(&session->outbox);
    const uint64_t unfed = mqc__spool_next_to_feed(session->spool);
    mqc__spool_release(session->spool, frontier < unfed ? frontier : unfed);
    mqc__spool_resume(session->spool);
}

uint64_t mqc__session_unfed_locked(const struct mqc__session *session)
{
    return session->spool != NULL ? mqc__spool_next_to_feed(session->spool) : UINT64_MAX;
}

uint64_t mqc__session_last_number_locked(const struct mqc__session *session)
{
    return session->spool != NULL ? mqc__spool_last_number(session->spool)
                                  : session->outbox.last_number;
}

struct mqc_view mqc__session_left_instance(const struct mqc__session *session, size_t index)
{
    return session->spool != NULL ? mqc__spool_left_instance(session->spool, index)
                                  : mqc_view_text(NULL);
}

static enum mqc_error put(struct mqc__session *session, const struct mqc__spool_offer *offer,
                          struct mqc_error_info *info)
{
    struct mqc__spool_ticket ticket;
    const bool waits = offer->done == NULL;
    const enum mqc_error error = mqc__spool_put(session->spool, offer, waits ? &ticket : NULL);
    return error == MQC_OK && waits ? mqc__spool_wait(session->spool, &ticket, info) : error;
}

enum mqc_error mqc__session_publish_durably(struct mqc__session *session,
                                            const struct mqc__offer *offer,
                                            struct mqc_error_info *info)
{
    const struct mqc__spool_offer to_spool = {
        .topic = offer->topic,
        .event = offer->event,
        .service = pack(offer->service),
        .done = offer->done,
        .done_context = offer->done_context,
    };
    const enum mqc_error error = put(session, &to_spool, info);
    if (error != MQC_EFULL || offer->service.is_retried)
        return error;
    pthread_mutex_lock(&session->mutex);
    session->stats.refused_events++;
    mqc__session_note_overflow_locked(session, 1, 0);
    pthread_cond_signal(&session->wake);
    pthread_mutex_unlock(&session->mutex);
    return error;
}

/* Ends the spool; what is in it waits for the next start. */
void mqc__session_spool_close(struct mqc__session *session)
{
    if (session->spool == NULL)
        return;
    /* What was acknowledged before the spool knew that it was fed. */
    pthread_mutex_lock(&session->mutex);
    mqc__session_tell_spool_locked(session);
    pthread_mutex_unlock(&session->mutex);
    mqc__spool_close(session->spool);
    struct mqc__spool_stats stats;
    mqc__spool_stats(session->spool, &stats);
    if (stats.events != 0)
        mqc__log(MQC_LOG_INFO, "%" PRIu64 " events wait in %s/%s for the next start", stats.events,
                 session->options->durability.directory, MQC__SESSION_SPOOL_NAME);
}
