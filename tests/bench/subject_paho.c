/*
 * Paho's MQTTAsync: as libpaho-mqtt3a without TLS, and built with BENCH_PAHO_TLS as libpaho-mqtt3as
 * with it. Its own window stalls for a second when it is full, so what is in flight at QoS 1 is
 * counted here and stays below what Mosquitto allows.
 */
#include "bench/subject.h"

#include "bench/clock.h"

#include <MQTTAsync.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define KEEP_ALIVE_S 60
#define IN_FLIGHT 16
#define BUFFERED 1000
#define CLOSE_MS 2000

struct session {
    const struct subject_settings *settings;
    MQTTAsync client;
    sem_t answer; /* to connect, subscribe, disconnect */
    sem_t room;   /* of the window */
    atomic_bool has_failed;
    char topics[TOPICS_MOST][TOPIC_BYTES];
};

static bool wait_ms(sem_t *semaphore, int64_t ms)
{
    const int64_t deadline_ns = clock_now_ns() + ms * NS_PER_MS;
    const struct timespec deadline = {deadline_ns / NS_PER_S, deadline_ns % NS_PER_S};
    return sem_clockwait(semaphore, CLOCK_MONOTONIC, &deadline) == 0;
}

static void on_success(void *context, MQTTAsync_successData5 *data)
{
    struct session *session = context;
    (void)data;
    (void)sem_post(&session->answer);
}

static void on_failure(void *context, MQTTAsync_failureData5 *data)
{
    struct session *session = context;
    subject_complain("%s (%d, reason %d)", data->message != NULL ? data->message : "refused",
                     data->code, (int)data->reasonCode);
    atomic_store(&session->has_failed, true);
    (void)sem_post(&session->answer);
}

static void on_sent(void *context, MQTTAsync_successData5 *data)
{
    struct session *session = context;
    (void)data;
    (void)sem_post(&session->room);
}

static void on_not_sent(void *context, MQTTAsync_failureData5 *data)
{
    struct session *session = context;
    (void)data;
    atomic_store(&session->has_failed, true);
    (void)sem_post(&session->room);
}

static int on_message(void *context, char *topic, int topic_size, MQTTAsync_message *message)
{
    const struct session *session = context;
    (void)topic_size;
    session->settings->on_message(session->settings->context, message->payload,
                                  (size_t)message->payloadlen);
    MQTTAsync_freeMessage(&message);
    MQTTAsync_free(topic);
    return 1;
}

static bool got_answer(struct session *session, int error)
{
    if (error != MQTTASYNC_SUCCESS)
        subject_complain("%s", MQTTAsync_strerror(error));
    else if (!wait_ms(&session->answer, SUBJECT_CONNECT_MS))
        subject_complain("no answer from the broker");
    else
        return !atomic_load(&session->has_failed);
    return false;
}

static bool create(struct session *session)
{
    const struct subject_settings *settings = session->settings;
    MQTTAsync_createOptions options = MQTTAsync_createOptions_initializer5;
    options.maxBufferedMessages = BUFFERED;
    char id[256];
    char uri[300];
    subject_client_id(settings, id, sizeof id);
    (void)snprintf(uri, sizeof uri, "%s://%s:%u", settings->ca_file != NULL ? "ssl" : "tcp",
                   settings->host, settings->port);
    return MQTTAsync_createWithOptions(&session->client, uri, id, MQTTCLIENT_PERSISTENCE_NONE, NULL,
                                       &options) == MQTTASYNC_SUCCESS &&
           MQTTAsync_setCallbacks(session->client, session, NULL, on_message, NULL) ==
               MQTTASYNC_SUCCESS;
}

static bool connect_client(struct session *session)
{
    const struct subject_settings *settings = session->settings;
    MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer5;
    MQTTAsync_SSLOptions tls = MQTTAsync_SSLOptions_initializer;
    tls.trustStore = settings->ca_file;
    tls.keyStore = settings->certificate_file;
    tls.privateKey = settings->key_file;
    tls.verify = 1;
    options.keepAliveInterval = KEEP_ALIVE_S;
    options.ssl = settings->ca_file != NULL ? &tls : NULL;
    options.onSuccess5 = on_success;
    options.onFailure5 = on_failure;
    options.context = session;
    return got_answer(session, MQTTAsync_connect(session->client, &options));
}

static bool subscribe(struct session *session)
{
    const struct subject_settings *settings = session->settings;
    MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
    char filter[TOPIC_BYTES];
    options.onSuccess5 = on_success;
    options.onFailure5 = on_failure;
    options.context = session;
    subject_filter(settings, settings->subscribe_topic, filter);
    return got_answer(session,
                      MQTTAsync_subscribe(session->client, filter, settings->qos, &options));
}

static void paho_close(void *opaque)
{
    struct session *session = opaque;
    MQTTAsync_disconnectOptions options = MQTTAsync_disconnectOptions_initializer5;
    options.onSuccess5 = on_success;
    options.context = session;
    if (session->client != NULL &&
        MQTTAsync_disconnect(session->client, &options) == MQTTASYNC_SUCCESS)
        (void)wait_ms(&session->answer, CLOSE_MS);
    MQTTAsync_destroy(&session->client);
    (void)sem_destroy(&session->answer);
    (void)sem_destroy(&session->room);
    free(session);
}

static enum subject_result paho_connect(const struct subject_settings *settings, void **session_out)
{
    struct session *session = calloc(1, sizeof *session);
    if (session == NULL)
        return SUBJECT_FAILED;
    session->settings = settings;
    for (unsigned i = 0; i < settings->topic_count; i++)
        subject_topic(settings, settings->publish_topic, i, session->topics[i]);
    (void)sem_init(&session->answer, 0, 0);
    (void)sem_init(&session->room, 0, IN_FLIGHT);
    if (!create(session) || !connect_client(session) ||
        (settings->subscribe_topic != NULL && !subscribe(session))) {
        paho_close(session);
        return SUBJECT_FAILED;
    }
    *session_out = session;
    return SUBJECT_DONE;
}

static enum subject_result paho_publish(void *opaque, unsigned topic, const void *payload,
                                        size_t size)
{
    struct session *session = opaque;
    const int qos = session->settings->qos;
    MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
    options.onSuccess5 = on_sent;
    options.onFailure5 = on_not_sent;
    options.context = session;
    if (qos > 0 && !wait_ms(&session->room, 1000))
        return SUBJECT_BUSY;
    const int error = MQTTAsync_send(session->client, session->topics[topic], (int)size, payload,
                                     qos, 0, qos > 0 ? &options : NULL);
    if (error == MQTTASYNC_SUCCESS && !atomic_load(&session->has_failed))
        return SUBJECT_DONE;
    if (error == MQTTASYNC_MAX_BUFFERED_MESSAGES && qos == 0)
        return SUBJECT_BUSY;
    subject_complain("not sent: %s", MQTTAsync_strerror(error));
    return SUBJECT_FAILED;
}

const struct subject subject = {
#ifdef BENCH_PAHO_TLS
    .name = "paho-openssl",
    .is_tls = true,
#else
    .name = "paho",
    .is_plain = true,
#endif
    .server = "mosquitto",
    .variants = "",
    .qos_most = 1,
    .connect = paho_connect,
    .publish = paho_publish,
    .close = paho_close,
};
