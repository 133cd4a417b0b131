/* mqcluster by its public interface, with the configuration of a node. */
#include "bench/subject.h"

#include <mqcluster.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EVENT "bench"
#define CLOSE_MS 2000

/* Room in an event beside its payload. */
#define EVENT_BYTES 1024

struct session {
    const struct subject_settings *settings;
    struct mqc_backend *backend;
    char topics[TOPICS_MOST][TOPIC_BYTES];
};

static void on_problem(void *context, const struct mqc_config_problem *problem)
{
    (void)context;
    subject_complain("%s:%u: %s: %s", problem->file, problem->line, problem->key, problem->text);
}

static void on_error(void *context, const char *tag, const char *message)
{
    (void)context;
    subject_complain("%s: %s", tag, message);
}

static void on_event(void *context, const struct mqc_message *message)
{
    const struct subject_settings *settings = ((const struct session *)context)->settings;
    const struct mqc_view payload = message->event->args[0].as.text; /* declared as a string */
    settings->on_message(settings->context, payload.data, payload.size);
}

static void write_tls(FILE *file, const struct subject_settings *settings)
{
    (void)fprintf(file,
                  "tls:\n"
                  "  ca_file: \"%s\"\n"
                  "  certificate_file: \"%s\"\n"
                  "  key_file: \"%s\"\n",
                  settings->ca_file, settings->certificate_file, settings->key_file);
}

/* The variant "batch=1" sends each event by itself. */
static void write_delivery(FILE *file, const struct subject_settings *settings)
{
    const size_t largest = settings->max_payload_bytes + EVENT_BYTES;
    (void)fprintf(file,
                  "delivery:\n"
                  "  prefixes: [{prefix: bench/, guarantee: %s}]\n",
                  settings->qos == 0 ? "best_effort" : "broker");
    if (largest > (1U << 20))
        (void)fprintf(file, "  max_event_bytes: %zu\n", largest);
    if (strcmp(settings->variant, "batch=1") == 0)
        (void)fprintf(file, "  batch_events: 1\n");
}

static bool write_config(const struct subject_settings *settings, const char *path)
{
    FILE *file = fopen(path, "we");
    if (file == NULL) {
        subject_complain("%s cannot be written", path);
        return false;
    }
    (void)fprintf(file,
                  "cluster: {name: %s}\n"
                  "node: %s\n"
                  "broker: {uri: \"%s://%s:%u\"}\n"
                  "events:\n"
                  "  " EVENT ": {args: [{payload: string}]}\n"
                  "nodes:\n"
                  "  " PUBLISHER_NAME ": {type: worker}\n",
                  settings->cluster, settings->name, settings->ca_file != NULL ? "mqtts" : "mqtt",
                  settings->host, settings->port);
    for (unsigned i = 0; i < RECEIVERS_MOST; i++)
        (void)fprintf(file, "  " RECEIVER_NAME ": {type: logger}\n", i);
    if (settings->ca_file != NULL)
        write_tls(file, settings);
    write_delivery(file, settings);
    return fclose(file) == 0;
}

/* A library without TLS refuses the configuration for it. */
static enum subject_result make_backend(struct session *session)
{
    const struct subject_settings *settings = session->settings;
    struct mqc_error_info info = {.code = MQC_OK};
    struct mqc_config *config = NULL;
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s-%s.yaml", settings->folder, settings->cluster,
                   settings->name);
    if (!write_config(settings, path))
        return SUBJECT_FAILED;
    const enum mqc_error error = mqc_config_load(path, on_problem, NULL, &config);
    if (error != MQC_OK)
        return error == MQC_ECONFIG && settings->ca_file != NULL ? SUBJECT_UNSUPPORTED
                                                                 : SUBJECT_FAILED;
    if (mqc_backend_new(config, &session->backend, &info) != MQC_OK)
        subject_complain("%s", info.text);
    mqc_config_free(&config);
    return info.code == MQC_OK ? SUBJECT_DONE : SUBJECT_FAILED;
}

static bool start(struct session *session)
{
    struct mqc_error_info info = {.code = MQC_OK};
    if ((info.code = mqc_on_error(session->backend, on_error, NULL)) == MQC_OK &&
        (session->settings->subscribe_topic == NULL ||
         (mqc_on_event(session->backend, EVENT, on_event, session, &info) == MQC_OK &&
          mqc_subscribe(session->backend, mqc_view_text(session->settings->subscribe_topic),
                        MQC_MATCH_LEVEL, &info) == MQC_OK)) &&
        mqc_backend_init(session->backend, NULL, &info) == MQC_OK &&
        (info.code = mqc_backend_wait_ready(session->backend, SUBJECT_CONNECT_MS)) == MQC_OK)
        return true;
    subject_complain("%s", info.text[0] != '\0' ? info.text : mqc_error_text(info.code));
    return false;
}

static void mqcluster_close(void *opaque)
{
    struct session *session = opaque;
    (void)mqc_backend_close(session->backend, CLOSE_MS);
    mqc_backend_free(&session->backend);
    free(session);
}

static enum subject_result mqcluster_connect(const struct subject_settings *settings,
                                             void **session_out)
{
    struct session *session = calloc(1, sizeof *session);
    if (session == NULL)
        return SUBJECT_FAILED;
    session->settings = settings;
    for (unsigned i = 0; i < settings->topic_count; i++)
        subject_event_topic(settings->publish_topic, i, session->topics[i]);
    const enum subject_result result = make_backend(session);
    if (result != SUBJECT_DONE) {
        free(session);
        return result;
    }
    if (!start(session)) {
        mqcluster_close(session);
        return SUBJECT_FAILED;
    }
    *session_out = session;
    return SUBJECT_DONE;
}

static enum subject_result mqcluster_publish(void *opaque, unsigned topic, const void *payload,
                                             size_t size)
{
    const struct session *session = opaque;
    const struct mqc_value args[] = {mqc_string(mqc_view_bytes(payload, size))};
    struct mqc_event event;
    struct mqc_error_info info;
    if (mqc_make_event(session->backend, EVENT, args, 1, &event, &info) == MQC_OK &&
        mqc_publish(session->backend, mqc_view_text(session->topics[topic]), &event, &info))
        return SUBJECT_DONE;
    if (info.code == MQC_EFULL)
        return SUBJECT_BUSY;
    subject_complain("%s", info.text[0] != '\0' ? info.text : mqc_error_text(info.code));
    return SUBJECT_FAILED;
}

const struct subject subject = {
    .name = "mqcluster",
    .server = "mosquitto",
    .variants = "batch=1",
    .qos_most = 1,
    .is_plain = true,
    .is_tls = true,
    .connect = mqcluster_connect,
    .publish = mqcluster_publish,
    .close = mqcluster_close,
};
