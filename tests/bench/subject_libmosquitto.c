/* libmosquitto with a thread of its own, without Nagle's algorithm. */
#include "bench/subject.h"

#include "bench/clock.h"

#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <semaphore.h>
#include <stdlib.h>

#define KEEP_ALIVE_S 60
#define IN_FLIGHT 20

struct session {
    const struct subject_settings *settings;
    struct mosquitto *client;
    sem_t is_ready;
    int reason; /* of the broker; 0 is success. Read after is_ready. */
    char topics[TOPICS_MOST][TOPIC_BYTES];
};

static void on_connect(struct mosquitto *client, void *context, int reason, int flags,
                       const mosquitto_property *properties)
{
    struct session *session = context;
    const struct subject_settings *settings = session->settings;
    char filter[TOPIC_BYTES];
    (void)flags;
    (void)properties;
    session->reason = reason;
    if (reason == 0 && settings->subscribe_topic != NULL) {
        subject_filter(settings, settings->subscribe_topic, filter);
        if (mosquitto_subscribe(client, NULL, filter, settings->qos) == MOSQ_ERR_SUCCESS)
            return; /* the answer to that makes it ready */
        session->reason = MQTT_RC_UNSPECIFIED;
    }
    (void)sem_post(&session->is_ready);
}

static void on_subscribe(struct mosquitto *client, void *context, int id, int qos_count,
                         const int *granted_qos, const mosquitto_property *properties)
{
    struct session *session = context;
    (void)client;
    (void)id;
    (void)properties;
    if (qos_count != 1 || granted_qos[0] != session->settings->qos)
        session->reason = MQTT_RC_UNSPECIFIED;
    (void)sem_post(&session->is_ready);
}

static void on_message(struct mosquitto *client, void *context,
                       const struct mosquitto_message *message,
                       const mosquitto_property *properties)
{
    const struct session *session = context;
    (void)client;
    (void)properties;
    session->settings->on_message(session->settings->context, message->payload,
                                  (size_t)message->payloadlen);
}

static int set_options(const struct session *session)
{
    const struct subject_settings *settings = session->settings;
    struct mosquitto *client = session->client;
    int error = mosquitto_int_option(client, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5);
    if (error == MOSQ_ERR_SUCCESS)
        error = mosquitto_int_option(client, MOSQ_OPT_TCP_NODELAY, 1);
    if (error == MOSQ_ERR_SUCCESS)
        error = mosquitto_int_option(client, MOSQ_OPT_SEND_MAXIMUM, IN_FLIGHT);
    if (error == MOSQ_ERR_SUCCESS && settings->ca_file != NULL)
        error = mosquitto_tls_set(client, settings->ca_file, NULL, settings->certificate_file,
                                  settings->key_file, NULL);
    return error;
}

static int start(struct session *session)
{
    const struct subject_settings *settings = session->settings;
    mosquitto_connect_v5_callback_set(session->client, on_connect);
    mosquitto_subscribe_v5_callback_set(session->client, on_subscribe);
    mosquitto_message_v5_callback_set(session->client, on_message);
    int error = set_options(session);
    if (error == MOSQ_ERR_SUCCESS)
        error = mosquitto_connect(session->client, settings->host, settings->port, KEEP_ALIVE_S);
    if (error == MOSQ_ERR_SUCCESS)
        error = mosquitto_loop_start(session->client);
    return error;
}

static bool wait_until_ready(struct session *session)
{
    const int64_t deadline_ns = clock_now_ns() + SUBJECT_CONNECT_MS * NS_PER_MS;
    const struct timespec deadline = {deadline_ns / NS_PER_S, deadline_ns % NS_PER_S};
    if (sem_clockwait(&session->is_ready, CLOCK_MONOTONIC, &deadline) != 0)
        subject_complain("no answer from the broker");
    else if (session->reason != 0)
        subject_complain("the broker refuses: %s", mosquitto_reason_string(session->reason));
    else
        return true;
    return false;
}

static void libmosquitto_close(void *opaque)
{
    struct session *session = opaque;
    (void)mosquitto_disconnect(session->client);
    (void)mosquitto_loop_stop(session->client, false);
    mosquitto_destroy(session->client);
    (void)mosquitto_lib_cleanup();
    (void)sem_destroy(&session->is_ready);
    free(session);
}

static enum subject_result libmosquitto_connect(const struct subject_settings *settings,
                                                void **session_out)
{
    char id[256];
    struct session *session = calloc(1, sizeof *session);
    if (session == NULL || sem_init(&session->is_ready, 0, 0) != 0) {
        free(session);
        return SUBJECT_FAILED;
    }
    session->settings = settings;
    for (unsigned i = 0; i < settings->topic_count; i++)
        subject_topic(settings, settings->publish_topic, i, session->topics[i]);
    subject_client_id(settings, id, sizeof id);
    (void)mosquitto_lib_init();
    session->client = mosquitto_new(id, true, session);
    const int error = session->client != NULL ? start(session) : MOSQ_ERR_NOMEM;
    if (error != MOSQ_ERR_SUCCESS)
        subject_complain("%s", mosquitto_strerror(error));
    if (error != MOSQ_ERR_SUCCESS || !wait_until_ready(session)) {
        libmosquitto_close(session);
        return SUBJECT_FAILED;
    }
    *session_out = session;
    return SUBJECT_DONE;
}

static enum subject_result libmosquitto_publish(void *opaque, unsigned topic, const void *payload,
                                                size_t size)
{
    struct session *session = opaque;
    const int error = mosquitto_publish(session->client, NULL, session->topics[topic], (int)size,
                                        payload, session->settings->qos, false);
    if (error == MOSQ_ERR_SUCCESS)
        return SUBJECT_DONE;
    subject_complain("%s", mosquitto_strerror(error));
    return SUBJECT_FAILED;
}

const struct subject subject = {
    .name = "libmosquitto",
    .server = "mosquitto",
    .variants = "",
    .qos_most = 1,
    .is_plain = true,
    .is_tls = true,
    .connect = libmosquitto_connect,
    .publish = libmosquitto_publish,
    .close = libmosquitto_close,
};
