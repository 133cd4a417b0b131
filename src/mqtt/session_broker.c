#include "mqtt/session_priv.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/utf8.h"
#include "mqtt/broker_check.h"

#include <stdio.h>

/* How long the answer may take behind that to the subscription; a retained message comes at once.
 */
#define ANSWER_MS 2000

/* The thread waits for the broker to take the question back: only when nothing came for so long,
 * since a handler that is slow holds back the broker's answer too, and how often to look. */
#define QUIET_MS 1000
#define BUSY_MS 500

static const char *current_uri(const struct mqc__session *session)
{
    return session->options->uris[session->machine.uri_index];
}

/* Who only publishes or listens for a while needs no advice about its broker. */
static bool is_of_node(const struct mqc__session *session)
{
    return session->options->presence.topic != NULL;
}

static struct mqc__broker_record *current_record(struct mqc__session *session)
{
    return &session->brokers[session->machine.uri_index];
}

static struct mqc__broker_version version_of(const struct mqc__broker_record *record)
{
    if (record->version[0] == '\0')
        return (struct mqc__broker_version){.kind = MQC__BROKER_UNKNOWN};
    return mqc__broker_version_read(mqc_view_text(record->version));
}

static void tell_trap(struct mqc__session *session, enum mqc__broker_trap trap,
                      const struct mqc__broker_version *version)
{
    char name[60] = "";
    if (version->kind == MQC__BROKER_MOSQUITTO)
        (void)snprintf(name, sizeof name, " (Mosquitto %u.%u.%u)", version->major, version->minor,
                       version->patch);
    const char *text = mqc__broker_trap_text(trap);
    if ((MQC__TRAP_BIT(trap) & MQC__TRAPS_FATAL) != 0)
        mqc__session_report(session, "broker_unfit", "broker %s%s: %s", current_uri(session), name,
                            text);
    else
        mqc__log(MQC_LOG_WARNING, "broker %s%s: %s", current_uri(session), name, text);
}

/* Tells those of the traps `among` that the present broker has and that were not told. */
static void tell_traps(struct mqc__session *session, unsigned among)
{
    struct mqc__broker_record *record = current_record(session);
    const bool is_311 = session->machine.is_311;
    const struct mqc__broker_facts facts = {
        .version = version_of(record),
        .lacks_retain = session->answer.lacks_retain,
        .lacks_wildcards = session->answer.lacks_wildcards,
        .receive_max = session->answer.receive_max,
        .event_expiry_s = is_311 ? 0 : session->options->event_expiry_s,
    };
    const unsigned traps = mqc__broker_traps(&facts) & among & ~record->told;
    record->told |= traps;
    for (int trap = 0; trap < MQC__TRAP_COUNT; trap++)
        if ((traps & MQC__TRAP_BIT(trap)) != 0)
            tell_trap(session, (enum mqc__broker_trap)trap, &facts.version);
}

static void log_answer(const struct mqc__session *session)
{
    const struct mqc__connect_answer *answer = &session->answer;
    char size[30] = "any size";
    if (answer->packet_bytes_max != UINT32_MAX)
        (void)snprintf(size, sizeof size, "up to %u bytes", answer->packet_bytes_max);
    mqc__log(MQC_LOG_DEBUG,
             "broker %s: receive maximum %u, packets of %s, maximum QoS %d, keep-alive %u s, "
             "%s retained messages, %s wildcards, %s shared subscriptions",
             current_uri(session), answer->receive_max, size, answer->qos_max, answer->keep_alive_s,
             answer->lacks_retain ? "no" : "with", answer->lacks_wildcards ? "no" : "with",
             answer->lacks_shared_subscriptions ? "no" : "with");
}

void mqc__session_broker_connected(struct mqc__session *session)
{
    pthread_mutex_lock(&session->mutex);
    session->broker.is_asked = false;
    session->broker.has_answer = false;
    session->broker.deadline_ms = INT64_MAX;
    pthread_mutex_unlock(&session->mutex);
    log_answer(session);
    if (is_of_node(session))
        tell_traps(session, MQC__TRAPS_FATAL);
}

static uint32_t current_bit_locked(const struct mqc__session *session)
{
    return UINT32_C(1) << session->machine.uri_index;
}

/* A broker may end the connection when it is asked, so it is not asked again unless it answers. */
bool mqc__session_broker_ask(struct mqc__session *session, struct mqc__filter_batch *batch)
{
    struct mqc__session_broker *broker = &session->broker;
    if (!is_of_node(session))
        return false;
    pthread_mutex_lock(&session->mutex);
    const uint32_t bit = current_bit_locked(session);
    const bool asks = !broker->is_asked && (broker->silent & bit) == 0 &&
                      mqc__filter_batch_add(batch, MQC__BROKER_VERSION_TOPIC);
    if (asks) {
        broker->is_asked = true;
        broker->is_subscribed = true;
        broker->silent |= bit;
    }
    pthread_mutex_unlock(&session->mutex);
    return asks;
}

void mqc__session_broker_asked(struct mqc__session *session, bool is_accepted)
{
    const int64_t now_ms = mqc__clock_monotonic_ms();
    pthread_mutex_lock(&session->mutex);
    session->broker.is_subscribed = is_accepted;
    session->broker.deadline_ms = is_accepted ? now_ms + ANSWER_MS : now_ms;
    pthread_mutex_unlock(&session->mutex);
}

bool mqc__session_broker_take(struct mqc__session *session, const struct mqc__mqtt_message *message)
{
    struct mqc__session_broker *broker = &session->broker;
    if (!mqc_view_equal(message->topic, mqc_view_text(MQC__BROKER_VERSION_TOPIC)))
        return false;
    const size_t room = sizeof broker->answer - 1;
    const size_t size = message->payload.size < room ? message->payload.size : room;
    pthread_mutex_lock(&session->mutex);
    if (size != 0)
        memcpy(broker->answer, message->payload.data, size);
    broker->answer[size] = '\0';
    broker->has_answer = true;
    broker->silent &= ~current_bit_locked(session);
    pthread_cond_signal(&session->wake);
    pthread_mutex_unlock(&session->mutex);
    return true;
}

static bool is_quiet_locked(const struct mqc__session *session, int64_t now_ms)
{
    return session->outbox.event_count == 0 && session->message_count == 0 &&
           now_ms - session->message_ms >= QUIET_MS;
}

int64_t mqc__session_broker_ms_locked(const struct mqc__session *session)
{
    const struct mqc__session_broker *broker = &session->broker;
    if (broker->has_answer)
        return INT64_MIN;
    if (broker->deadline_ms != INT64_MAX)
        return broker->deadline_ms;
    if (!broker->is_subscribed || session->is_closing)
        return INT64_MAX;
    const int64_t now_ms = mqc__clock_monotonic_ms();
    return is_quiet_locked(session, now_ms) ? now_ms : now_ms + BUSY_MS;
}

static void note_version(struct mqc__session *session, const char *version)
{
    char excerpt[MQC__EXCERPT_BYTES];
    struct mqc__broker_record *record = current_record(session);
    if (strcmp(record->version, version) == 0)
        return;
    (void)snprintf(record->version, sizeof record->version, "%s", version);
    record->told &= MQC__TRAPS_FATAL;
    mqc__log(MQC_LOG_INFO, "broker %s is %s", current_uri(session),
             mqc__excerpt(mqc_view_text(version), excerpt));
}

static void take_back(struct mqc__session *session)
{
    char topic[] = MQC__BROKER_VERSION_TOPIC;
    char *const filters[] = {topic};
    mqc__session_enter_call(session);
    const enum mqc__client_result result = session->ops->unsubscribe(session->client, filters, 1);
    if (!mqc__session_leave_call(session))
        return;
    pthread_mutex_lock(&session->mutex);
    if (result == MQC__CLIENT_OK || result == MQC__CLIENT_UNUSABLE)
        session->broker.is_subscribed = false;
    pthread_mutex_unlock(&session->mutex);
    if (result == MQC__CLIENT_LOST)
        mqc__session_await_loss(session);
    else if (result == MQC__CLIENT_NOMEM)
        mqc__session_await_memory();
}

void mqc__session_look_at_broker(struct mqc__session *session)
{
    struct mqc__session_broker *broker = &session->broker;
    pthread_mutex_lock(&session->mutex);
    const struct mqc__session_broker before = *broker;
    broker->has_answer = false;
    broker->deadline_ms = INT64_MAX;
    pthread_mutex_unlock(&session->mutex);
    if (!before.has_answer && before.deadline_ms == INT64_MAX) {
        take_back(session);
        return;
    }
    if (before.has_answer)
        note_version(session, before.answer);
    else
        mqc__log(MQC_LOG_DEBUG, "broker %s does not say which one it is", current_uri(session));
    tell_traps(session, ~0U);
}
