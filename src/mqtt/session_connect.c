#include "mqtt/session_priv.h"

#include "base/clock.h"
#include "base/log.h"
#include "link/tls_source.h"
#include "mqtt/reason.h"

#include <stdio.h>
#include <string.h>

/* How long to look for the reason of a failure. */
#define PROBE_TIMEOUT_MS 1000

/* Paho's clocks and ours may differ by this much about whether a time-out was reached. */
#define TIMEOUT_SLACK_MS 300

#define TEXT_BYTES 900

/* How an attempt ended. */
struct attempt {
    enum mqc__client_result result;
    int64_t duration_ms;
    const char *uri;
    struct mqc__client_failure failure; /* UNREACHABLE */
};

static const char *current_uri(const struct mqc__session *session)
{
    return session->options->uris[session->machine.uri_index];
}

static void step(struct mqc__session *session, enum mqc__machine_event_kind kind, bool is_explained)
{
    const struct mqc__machine_event event = {.kind = kind,
                                             .now_ms = mqc__clock_monotonic_ms(),
                                             .random = mqc__random_bits(),
                                             .is_explained = is_explained};
    pthread_mutex_lock(&session->mutex);
    mqc__session_step_locked(session, event);
    pthread_mutex_unlock(&session->mutex);
}

static bool is_tls(const struct mqc__session *session)
{
    return strncmp(current_uri(session), "mqtts:", strlen("mqtts:")) == 0;
}

/* The broker was reached, but did not say what a broker says. */
static enum mqc__machine_event_kind no_broker(struct mqc__session *session,
                                              const struct attempt *attempt, bool is_closed)
{
    char text[TEXT_BYTES];
    const char *advice = is_tls(session)
                             ? "check that it is an MQTT broker that listens there, and its log"
                             : "check that it is an MQTT broker without TLS that listens there, "
                               "and its log";
    const unsigned timeout_ms = session->options->connect_timeout_ms;
    const bool has_timed_out = attempt->duration_ms + TIMEOUT_SLACK_MS >= (int64_t)timeout_ms;
    const char *tag = "mqtt_malformed";
    if (is_closed && !has_timed_out) {
        tag = "mqtt_closed";
        (void)snprintf(text, sizeof text,
                       "broker %s accepts the connection and closes it without an MQTT answer; %s",
                       attempt->uri, advice);
    } else if (has_timed_out) {
        tag = "mqtt_timeout";
        (void)snprintf(text, sizeof text,
                       "broker %s accepts the connection but gives no MQTT answer within %u ms; %s",
                       attempt->uri, timeout_ms, advice);
    } else {
        (void)snprintf(text, sizeof text, "broker %s gives an answer that is not MQTT; %s",
                       attempt->uri, advice);
    }
    mqc__session_report_attempt(session, tag, text);
    return is_closed && !has_timed_out ? MQC__MACHINE_HUNG_UP : MQC__MACHINE_FAILED;
}

/* Reports an attempt without an answer; returns what that means to the machine. */
static enum mqc__machine_event_kind unreachable(struct mqc__session *session,
                                                const struct attempt *attempt)
{
    char text[TEXT_BYTES];
    const struct mqc__client_failure *failure = &attempt->failure;
    if (failure->tag == NULL || failure->is_closed)
        return no_broker(session, attempt, failure->is_closed);
    (void)snprintf(text, sizeof text, "broker %s: %s", attempt->uri, failure->text);
    mqc__session_report_attempt(session, failure->tag, text);
    return MQC__MACHINE_FAILED;
}

static enum mqc__machine_event_kind refused(struct mqc__session *session,
                                            const struct attempt *attempt)
{
    const bool is_311 = session->machine.is_311;
    const int reason = session->answer.reason;
    const bool is_version = !is_311 && mqc__connack_refuses_5(reason);
    if (is_version && session->options->version == MQC__MQTT_AUTO) {
        mqc__log(MQC_LOG_INFO, "broker %s does not speak MQTT 5: trying 3.1.1", attempt->uri);
        return MQC__MACHINE_REFUSED_5;
    }
    char text[TEXT_BYTES];
    (void)snprintf(text, sizeof text, "broker %s refused the connection: %s (%d); %s", attempt->uri,
                   mqc__connack_text(is_311, reason), reason, mqc__connack_advice(is_311, reason));
    mqc__session_report_attempt(session, "refused", text);
    return is_version ? MQC__MACHINE_REFUSED_5 : MQC__MACHINE_FAILED;
}

static enum mqc__machine_event_kind failed(struct mqc__session *session,
                                           const struct attempt *attempt)
{
    char text[TEXT_BYTES];
    const char *tag = "connect_failed";
    switch (attempt->result) {
    case MQC__CLIENT_REFUSED: return refused(session, attempt);
    case MQC__CLIENT_UNUSABLE:
        (void)snprintf(text, sizeof text,
                       "cannot connect to %s: the client id, user name or password is no valid "
                       "UTF-8; check the broker section of the configuration",
                       attempt->uri);
        break;
    case MQC__CLIENT_NOMEM:
        tag = "link_failed";
        (void)snprintf(text, sizeof text, "cannot connect to %s: out of memory", attempt->uri);
        break;
    default: return unreachable(session, attempt);
    }
    mqc__session_report_attempt(session, tag, text);
    return MQC__MACHINE_FAILED;
}

static void connected(struct mqc__session *session)
{
    for (size_t i = 0; i < MQC__MACHINE_URIS_MAX; i++)
        mqc__repeat_reset(&session->connect_reports[i]);
    const char *version = session->machine.is_311 ? "3.1.1" : "5";
    mqc__log(MQC_LOG_INFO, "connected to %s (%s) with MQTT %s as %s", current_uri(session),
             session->answer.connection, version, session->options->client_id);
    if (session->answer.qos_max < MQC__QOS_1)
        mqc__session_report(session, "qos_reduced",
                            "broker %s takes no messages with QoS 1: sending all with QoS 0, which "
                            "it does not acknowledge",
                            current_uri(session));
    mqc__session_broker_connected(session);
    pthread_mutex_lock(&session->mutex);
    session->packet_bytes_max = session->answer.packet_bytes_max;
    session->has_filter_work = true;
    session->stats.connects++;
    session->traffic_client = session->client;
    mqc__outbox_set_online(&session->outbox, true, mqc__clock_monotonic_ms());
    pthread_mutex_unlock(&session->mutex);
    step(session, MQC__MACHINE_CONNECTED, false);
}

/*
 * Unless the owner wants to go on with it, the first connection to a broker throws away what that
 * still has for the client id: its subscriptions may not be those of today, and what came for them
 * was for another instance. The next connection to the same broker goes on with the session.
 */
static bool starts_clean(const struct mqc__session *session)
{
    const bool resumes = session->options->resumes && session->options->session_expiry_s != 0;
    return !resumes && session->session_uri != session->machine.uri_index;
}

static void prepare_request(struct mqc__session *session)
{
    const struct mqc__session_options *options = session->options;
    const struct mqc__tls_source *tls = options->tls.source;
    session->request = (struct mqc__connect_request){
        .uri = current_uri(session),
        .tls = tls != NULL ? mqc__tls_source_config(tls) : NULL,
        .server_name = options->tls.server_name,
        .tls_session = &session->tls_sessions[session->machine.uri_index],
        .tcp_timeout_ms = options->tcp_timeout_ms,
        .tcp_keep_alive_s = options->tcp_keep_alive_s,
        .tcp_quick_ack = options->tcp_quick_ack,
        .is_311 = session->machine.is_311,
        .client_id = options->client_id,
        .username = options->username,
        .password = options->password,
        .keep_alive_s = session->keep_alive_s[session->machine.uri_index],
        .timeout_ms = options->connect_timeout_ms,
        .starts_clean = starts_clean(session),
        .session_expiry_s = options->session_expiry_s,
        .in_flight_max = options->in_flight_max,
        .receive_max = (uint16_t)options->receive_max,
        .uses_topic_aliases = options->uses_topic_aliases,
        .holds_acks = options->holds_acks,
        .will = mqc__session_will(session),
    };
    /* What a client says if it says nothing. */
    session->answer = (struct mqc__connect_answer){.receive_max = UINT16_MAX,
                                                   .packet_bytes_max = UINT32_MAX,
                                                   .qos_max = MQC__QOS_1,
                                                   .keep_alive_s = session->request.keep_alive_s};
    pthread_mutex_lock(&session->mutex);
    session->is_lost = false;
    session->lost_reason = -1;
    session->is_flooded = false;
    session->ack_count = 0;
    session->connection_count++;
    pthread_mutex_unlock(&session->mutex);
}

/* Creates the client and connects; false: the session was abandoned meanwhile. */
static bool connect_client(struct mqc__session *session, struct attempt *attempt)
{
    const int64_t start_ms = mqc__clock_monotonic_ms();
    mqc__session_enter_call(session);
    session->client = session->ops->create(&session->request, &session->sink);
    pthread_mutex_lock(&session->mutex);
    session->ack_client = session->client; /* messages may come before connect returns */
    pthread_mutex_unlock(&session->mutex);
    attempt->result = MQC__CLIENT_NOMEM;
    if (session->client != NULL)
        attempt->result = session->ops->connect(session->client, &session->answer);
    if (attempt->result == MQC__CLIENT_UNREACHABLE)
        session->ops->failure(session->client, &attempt->failure);
    const bool goes_on = mqc__session_leave_call(session);
    attempt->duration_ms = mqc__clock_monotonic_ms() - start_ms;
    return goes_on;
}

/* MQTT 3.1.1 cannot begin a session that outlasts its connection without taking over an old one. So
 * a clean connection is left at once. */
static bool wants_lasting_session(const struct mqc__session *session)
{
    return session->request.is_311 && session->request.starts_clean &&
           session->options->session_expiry_s != 0;
}

/* The client pings as it asked for; the broker would close the connection in between. */
static bool wants_other_keep_alive(const struct mqc__session *session)
{
    const uint32_t asked_s = session->request.keep_alive_s;
    const uint32_t wanted_s = session->answer.keep_alive_s;
    return wanted_s != 0 && (asked_s == 0 || wanted_s < asked_s);
}

static void connect_again(struct mqc__session *session)
{
    if (mqc__session_drop_client(session))
        step(session, MQC__MACHINE_OTHER_TERMS, false);
}

static void change_keep_alive(struct mqc__session *session)
{
    const uint32_t wanted_s = session->answer.keep_alive_s;
    mqc__log(MQC_LOG_INFO, "broker %s wants a keep-alive of %u s: connecting again with that",
             current_uri(session), wanted_s);
    session->keep_alive_s[session->machine.uri_index] = wanted_s;
    connect_again(session);
}

void mqc__session_attempt(struct mqc__session *session)
{
    prepare_request(session);
    struct attempt attempt = {.uri = current_uri(session)};
    if (!connect_client(session, &attempt))
        return;
    if (attempt.result != MQC__CLIENT_OK) {
        if (mqc__session_drop_client(session))
            step(session, failed(session, &attempt), false);
        return;
    }
    pthread_mutex_lock(&session->mutex);
    mqc__filters_connected(&session->filters, (unsigned)session->machine.uri_index,
                           session->request.starts_clean);
    pthread_mutex_unlock(&session->mutex);
    session->session_uri = session->options->session_expiry_s != 0 ? session->machine.uri_index
                                                                   : MQC__MACHINE_URIS_MAX;
    if (wants_other_keep_alive(session))
        change_keep_alive(session);
    else if (wants_lasting_session(session))
        connect_again(session);
    else
        connected(session);
}

/* What was under way is to be sent, or asked for, again. */
static void forget_connection_locked(struct mqc__session *session)
{
    mqc__session_settle_locked(session);
    mqc__outbox_requeue(&session->outbox);
    mqc__outbox_set_online(&session->outbox, false, mqc__clock_monotonic_ms());
    mqc__session_forget_notes_locked(session);
    mqc__session_forget_announcement_locked(session);
    mqc__filters_lost(&session->filters, session->options->session_expiry_s != 0);
}

/* What is known about a connection that broke. */
struct loss {
    int reason; /* of a DISCONNECT, -1: none */
    struct mqc__client_failure failure;
    bool is_suspect; /* another client may have taken the session */
};

static const char *loss_text(const struct loss *loss)
{
    if (loss->reason >= 0)
        return mqc__reason_text(loss->reason);
    if (loss->failure.tag != NULL)
        return loss->failure.text;
    return "the broker does not answer any more, or not with MQTT";
}

static void report_end(struct mqc__session *session, const struct loss *loss)
{
    pthread_mutex_lock(&session->mutex);
    const bool is_taken = session->machine.state == MQC__MACHINE_TAKEN;
    pthread_mutex_unlock(&session->mutex);
    const char *uri = current_uri(session);
    const char *tag = loss->failure.tag;
    const bool is_tls_failure = tag != NULL && strncmp(tag, "tls_", strlen("tls_")) == 0;
    if (!is_taken)
        mqc__session_report(
            session, is_tls_failure ? tag : "connection_lost",
            "connection to %s lost: %s%s; connecting again", uri, loss_text(loss),
            loss->is_suspect ? ", perhaps because another client with the same id connected" : "");
    else
        mqc__session_report(session, "duplicate_node",
                            "client id %s was taken over by another client at %s%s: give each node "
                            "its own name or broker.client_id; this one gives way and connects no "
                            "more",
                            session->options->client_id, uri,
                            loss->reason >= 0
                                ? ""
                                : " (it broke several connections in a row right after it had "
                                  "accepted them)");
}

/* Whether the end of the connection has another cause than a client that took the session over, as
 * far as that can be told. False in *goes_on_out: the session was abandoned meanwhile. */
static bool is_explained(struct mqc__session *session, const struct loss *loss, bool is_suspect,
                         bool *goes_on_out)
{
    *goes_on_out = true;
    if (loss->reason >= 0 || (loss->failure.tag != NULL && !loss->failure.is_closed))
        return true;
    if (!is_suspect)
        return false;
    mqc__session_enter_call(session);
    const bool is_reachable = session->ops->probe(current_uri(session), PROBE_TIMEOUT_MS);
    *goes_on_out = mqc__session_leave_call(session);
    return !is_reachable;
}

void mqc__session_connection_lost(struct mqc__session *session)
{
    struct loss loss;
    session->ops->failure(session->client, &loss.failure);
    pthread_mutex_lock(&session->mutex);
    loss.reason = session->lost_reason;
    const bool is_suspect = loss.reason < 0 && mqc__machine_suspects_takeover(
                                                   &session->machine, mqc__clock_monotonic_ms());
    forget_connection_locked(session);
    pthread_mutex_unlock(&session->mutex);
    bool goes_on = true;
    const bool is_known = is_explained(session, &loss, is_suspect, &goes_on);
    if (!goes_on)
        return;
    loss.is_suspect = is_suspect && !is_known;
    const bool is_told = loss.reason == MQC__REASON_TAKEN_OVER;
    step(session, is_told ? MQC__MACHINE_TAKEN_OVER : MQC__MACHINE_LOST, is_known);
    report_end(session, &loss);
    mqc__session_tell_state(session);
    (void)mqc__session_drop_client(session);
}

/* Ends the connection politely; the event says what follows. */
static void leave(struct mqc__session *session, enum mqc__machine_event_kind kind)
{
    mqc__session_enter_call(session);
    session->ops->disconnect(session->client);
    if (!mqc__session_leave_call(session))
        return;
    pthread_mutex_lock(&session->mutex);
    forget_connection_locked(session);
    pthread_mutex_unlock(&session->mutex);
    step(session, kind, false);
    mqc__session_tell_state(session);
    (void)mqc__session_drop_client(session);
}

void mqc__session_renew_connection(struct mqc__session *session)
{
    leave(session, MQC__MACHINE_LEFT);
}

void mqc__session_leave_to_other(struct mqc__session *session)
{
    leave(session, MQC__MACHINE_TAKEN_OVER);
}

void mqc__session_give_up_connection(struct mqc__session *session)
{
    pthread_mutex_lock(&session->mutex);
    const bool is_flooded = session->is_flooded;
    const unsigned stalled_s =
        (unsigned)((mqc__clock_monotonic_ms() - session->progress_ms) / 1000);
    session->stall_count += is_flooded ? 0 : 1;
    forget_connection_locked(session);
    pthread_mutex_unlock(&session->mutex);
    step(session, MQC__MACHINE_LEFT, false);
    if (is_flooded)
        mqc__session_report(session, "protocol_error",
                            "broker %s acknowledges messages that it never was sent: connecting "
                            "again; check what listens there",
                            current_uri(session));
    else
        mqc__session_report(
            session, "publish_stalled",
            "broker %s has acknowledged nothing for %u s: connecting again to repeat "
            "what is not acknowledged; check the broker's load and log",
            current_uri(session), stalled_s);
    mqc__session_tell_state(session);
    (void)mqc__session_drop_client(session);
}
