/*
 * NATS by its C client. What it delivers at most once compares with QoS 0; it has no QoS 1 without
 * a server that stores. The client collects messages for a moment before it writes them; the
 * variant "send=asap" writes each at once.
 */
#include "bench/subject.h"

#include <nats/nats.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLOSE_MS 2000

struct session {
    const struct subject_settings *settings;
    natsConnection *connection;
    natsSubscription *subscription;
    char topics[TOPICS_MOST][TOPIC_BYTES];
};

/* A subject has dots where an MQTT topic has slashes, and '>' for '#'. */
static void make_subject(char *topic)
{
    for (; *topic != '\0'; topic++) {
        if (*topic == '/')
            *topic = '.';
        else if (*topic == '#')
            *topic = '>';
    }
}

static void on_message(natsConnection *connection, natsSubscription *subscription, natsMsg *message,
                       void *context)
{
    const struct session *session = context;
    (void)connection;
    (void)subscription;
    session->settings->on_message(session->settings->context, natsMsg_GetData(message),
                                  (size_t)natsMsg_GetDataLength(message));
    natsMsg_Destroy(message);
}

static natsStatus set_tls(natsOptions *options, const struct subject_settings *settings)
{
    natsStatus status = natsOptions_SetSecure(options, true);
    if (status == NATS_OK)
        status = natsOptions_LoadCATrustedCertificates(options, settings->ca_file);
    if (status == NATS_OK)
        status = natsOptions_LoadCertificatesChain(options, settings->certificate_file,
                                                   settings->key_file);
    if (status == NATS_OK)
        status = natsOptions_SetExpectedHostname(options, settings->host);
    return status;
}

static natsStatus set_options(natsOptions *options, const struct subject_settings *settings)
{
    char url[300];
    (void)snprintf(url, sizeof url, "nats://%s:%u", settings->host, settings->port);
    natsStatus status = natsOptions_SetURL(options, url);
    if (status == NATS_OK)
        status = natsOptions_SetTimeout(options, SUBJECT_CONNECT_MS);
    if (status == NATS_OK)
        status = natsOptions_SetAllowReconnect(options, false);
    if (status == NATS_OK)
        status = natsOptions_SetSendAsap(options, strcmp(settings->variant, "send=asap") == 0);
    if (status == NATS_OK && settings->ca_file != NULL)
        status = set_tls(options, settings);
    return status;
}

static natsStatus connect_client(struct session *session)
{
    natsOptions *options = NULL;
    natsStatus status = natsOptions_Create(&options);
    if (status == NATS_OK)
        status = set_options(options, session->settings);
    if (status == NATS_OK)
        status = natsConnection_Connect(&session->connection, options);
    natsOptions_Destroy(options);
    return status;
}

/* The answer to the flush comes after the server has taken the subscription. */
static natsStatus subscribe(struct session *session)
{
    char filter[TOPIC_BYTES];
    subject_filter(session->settings, session->settings->subscribe_topic, filter);
    make_subject(filter);
    const natsStatus status = natsConnection_Subscribe(&session->subscription, session->connection,
                                                       filter, on_message, session);
    return status == NATS_OK ? natsConnection_FlushTimeout(session->connection, SUBJECT_CONNECT_MS)
                             : status;
}

static void nats_close(void *opaque)
{
    struct session *session = opaque;
    natsSubscription_Destroy(session->subscription);
    natsConnection_Destroy(session->connection);
    (void)nats_CloseAndWait(CLOSE_MS);
    free(session);
}

static enum subject_result nats_connect(const struct subject_settings *settings, void **session_out)
{
    struct session *session = calloc(1, sizeof *session);
    if (session == NULL)
        return SUBJECT_FAILED;
    session->settings = settings;
    for (unsigned i = 0; i < settings->topic_count; i++) {
        subject_topic(settings, settings->publish_topic, i, session->topics[i]);
        make_subject(session->topics[i]);
    }
    natsStatus status = connect_client(session);
    if (status == NATS_OK && settings->subscribe_topic != NULL)
        status = subscribe(session);
    if (status != NATS_OK) {
        subject_complain("%s", natsStatus_GetText(status));
        nats_close(session);
        return SUBJECT_FAILED;
    }
    *session_out = session;
    return SUBJECT_DONE;
}

static enum subject_result nats_publish(void *opaque, unsigned topic, const void *payload,
                                        size_t size)
{
    const struct session *session = opaque;
    const natsStatus status =
        natsConnection_Publish(session->connection, session->topics[topic], payload, (int)size);
    if (status == NATS_OK)
        return SUBJECT_DONE;
    subject_complain("%s", natsStatus_GetText(status));
    return SUBJECT_FAILED;
}

const struct subject subject = {
    .name = "nats",
    .server = "nats",
    .variants = "send=asap",
    .qos_most = 0,
    .is_plain = true,
    .is_tls = true,
    .connect = nats_connect,
    .publish = nats_publish,
    .close = nats_close,
};
