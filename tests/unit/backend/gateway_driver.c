#include "unit/backend/gateway_driver.h"

#include "support/suite.h"

#include <inttypes.h>
#include <stdio.h>

static const char *const nowhere[] = {"mqtt://127.0.0.1:1"};

struct mqc__backend_options gateway_options(void)
{
    return (struct mqc__backend_options){
        .cluster = "c",
        .root = "mqcluster/c",
        .node = "node-1",
        .session =
            {
                .uris = nowhere,
                .uri_count = 1,
                .version = MQC__MQTT_AUTO,
                .keep_alive_s = 60,
                .connect_timeout_ms = 20000,
                .backoff_min_ms = 50,
                .backoff_max_ms = 500,
                .in_flight_max = 16,
                .in_flight_bytes_max = 1 << 20,
                .outbox_events_max = 1000,
                .outbox_bytes_max = 64 << 20,
                .batch_events_max = 100,
                .batch_bytes_max = 60000,
                .when_full = MQC__WHEN_FULL_REFUSE,
            },
        .members = {.type = MQC__NODE_NONE, .separator = '/', .lease_ms = 30000},
        .default_service = {.qos = MQC__QOS_1},
        .event_bytes_max = 1 << 20,
        .inbox_messages_max = 100,
        .inbox_bytes_max = 1 << 20,
        .flush_timeout_ms = 0,
    };
}

static void append(char *record, size_t size, const char *text)
{
    const size_t used = strlen(record);
    (void)snprintf(record + used, size - used, "%s", text);
}

static void on_event(void *context, struct mqc_view topic, const struct mqc_event *event,
                     uint64_t origin)
{
    struct gateway_driver *driver = context;
    char line[200];
    (void)snprintf(line, sizeof line, "%.*s %.*s %" PRIu64 "; ", (int)topic.size, topic.data,
                   (int)event->name.size, event->name.data, origin);
    pthread_mutex_lock(&driver->mutex);
    append(driver->seen, sizeof driver->seen, line);
    driver->seen_count++;
    pthread_mutex_unlock(&driver->mutex);
}

static void on_ready(void *context)
{
    struct gateway_driver *driver = context;
    pthread_mutex_lock(&driver->mutex);
    driver->ready_count++;
    pthread_mutex_unlock(&driver->mutex);
}

static void on_error(void *context, const char *tag, const char *text)
{
    struct gateway_driver *driver = context;
    (void)text;
    pthread_mutex_lock(&driver->mutex);
    append(driver->errors, sizeof driver->errors, tag);
    append(driver->errors, sizeof driver->errors, "; ");
    pthread_mutex_unlock(&driver->mutex);
}

static void on_done(void *context)
{
    struct gateway_driver *driver = context;
    pthread_mutex_lock(&driver->mutex);
    driver->done_count++;
    pthread_mutex_unlock(&driver->mutex);
}

static void handle(void *context, const struct mqc_message *message)
{
    struct gateway_driver *driver = context;
    const struct mqc_view topic = message->topic;
    const struct mqc_view instance = message->sender_instance;
    char line[200];
    CHECK_VIEW_TEXT(message->sender_node, "node-1");
    CHECK(message->received_ns > 0);
    (void)snprintf(line, sizeof line, "%.*s %.*s %.*s %s; ", (int)topic.size,
                   topic.size != 0 ? topic.data : "", (int)message->event->name.size,
                   message->event->name.data, (int)instance.size, instance.data,
                   message->is_remote ? "remote" : "local");
    pthread_mutex_lock(&driver->mutex);
    append(driver->handled, sizeof driver->handled, line);
    driver->handled_count++;
    while (driver->is_blocked) {
        driver->blocked_count++;
        pthread_cond_broadcast(&driver->changed);
        pthread_cond_wait(&driver->changed, &driver->mutex);
        driver->blocked_count--;
    }
    pthread_cond_broadcast(&driver->changed);
    pthread_mutex_unlock(&driver->mutex);
}

void gateway_new(struct gateway_driver *driver, const struct mqc__backend_options *options)
{
    struct mqc_error_info info = {.text = ""};
    *driver = (struct gateway_driver){0};
    pthread_mutex_init(&driver->mutex, NULL);
    pthread_cond_init(&driver->changed, NULL);
    CHECK_INT(mqc__backend_new(options, &driver->backend, &info), MQC_OK);
    CHECK_TEXT(info.text, "");
    REQUIRE(driver->backend != NULL);
    const struct mqc__gateway gateway = {
        .context = driver, .event = on_event, .ready = on_ready, .error = on_error};
    mqc__backend_set_gateway(driver->backend, &gateway);
    static const char *const names[] = {"e", "f", "g"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        CHECK_INT(mqc__backend_on_event(driver->backend, mqc_view_text(names[i]), handle, driver),
                  MQC_OK);
}

void gateway_free(struct gateway_driver *driver)
{
    mqc__backend_free(&driver->backend);
    pthread_cond_destroy(&driver->changed);
    pthread_mutex_destroy(&driver->mutex);
}

void gateway_block(struct gateway_driver *driver, bool is_blocked)
{
    pthread_mutex_lock(&driver->mutex);
    driver->is_blocked = is_blocked;
    pthread_cond_broadcast(&driver->changed);
    pthread_mutex_unlock(&driver->mutex);
}

void gateway_wait_handled(struct gateway_driver *driver, unsigned count)
{
    pthread_mutex_lock(&driver->mutex);
    while (driver->handled_count < count)
        pthread_cond_wait(&driver->changed, &driver->mutex);
    pthread_mutex_unlock(&driver->mutex);
}

void gateway_wait_blocked(struct gateway_driver *driver)
{
    pthread_mutex_lock(&driver->mutex);
    while (driver->blocked_count == 0)
        pthread_cond_wait(&driver->changed, &driver->mutex);
    pthread_mutex_unlock(&driver->mutex);
}

void gateway_node_wants(struct gateway_driver *driver, const char *prefix)
{
    CHECK_INT(
        mqc__backend_subscribe(driver->backend, mqc_view_text(prefix), MQC_MATCH_PREFIX, NULL),
        MQC_OK);
}

void gateway_wants(struct gateway_driver *driver, const char *prefix)
{
    const struct mqc_view view = mqc_view_text(prefix);
    CHECK_INT(mqc__backend_gateway_subscribe(driver->backend, &view, 1, NULL), MQC_OK);
}

enum mqc_error gateway_publish(struct gateway_driver *driver, uint64_t origin, const char *topic,
                               const char *name, bool *is_later_out)
{
    char endpoint[40];
    (void)snprintf(endpoint, sizeof endpoint, "client-%" PRIu64, origin);
    const struct mqc_event event = {.name = mqc_view_text(name)};
    const struct mqc__gateway_event publication = {
        .origin = origin,
        .topic = mqc_view_text(topic),
        .event = &event,
        .endpoint = mqc_view_text(endpoint),
        .handled = on_done,
        .context = driver,
    };
    const enum mqc_error error =
        mqc__backend_gateway_publish(driver->backend, &publication, is_later_out, NULL);
    mqc__backend_gateway_published(driver->backend);
    return error;
}

const char *gateway_take(struct gateway_driver *driver, char *record)
{
    static char taken[4000];
    pthread_mutex_lock(&driver->mutex);
    (void)snprintf(taken, sizeof taken, "%s", record);
    record[0] = '\0';
    pthread_mutex_unlock(&driver->mutex);
    return taken;
}

unsigned gateway_done_count(struct gateway_driver *driver)
{
    pthread_mutex_lock(&driver->mutex);
    const unsigned count = driver->done_count;
    pthread_mutex_unlock(&driver->mutex);
    return count;
}
