#include "server_driver.h"

#include "base/clock.h"
#include "support/mosquitto.h"
#include "support/suite.h"

#include <stdio.h>
#include <unistd.h>

#define PATIENCE_MS 20000

static const char *node_id(void *context)
{
    (void)context;
    return "node-1";
}

static enum mqc_error subscribe(void *context, const struct mqc_view *prefixes, size_t count,
                                struct mqc_error_info *info)
{
    struct server_driver *driver = context;
    (void)prefixes;
    (void)info;
    pthread_mutex_lock(&driver->mutex);
    const enum mqc_error error = driver->subscribe_error;
    driver->subscribed += error == MQC_OK ? count : 0;
    pthread_mutex_unlock(&driver->mutex);
    return error;
}

static void unsubscribe(void *context, const struct mqc_view *prefixes, size_t count)
{
    struct server_driver *driver = context;
    (void)prefixes;
    pthread_mutex_lock(&driver->mutex);
    driver->subscribed -= count;
    pthread_mutex_unlock(&driver->mutex);
}

static enum mqc_error ready(void *context, const struct mqc_view *prefixes, size_t count)
{
    struct server_driver *driver = context;
    (void)prefixes;
    (void)count;
    pthread_mutex_lock(&driver->mutex);
    const enum mqc_error error = driver->ready_error;
    pthread_mutex_unlock(&driver->mutex);
    return error;
}

/* With the mutex held. */
static void note_publication(struct server_driver *driver,
                             const struct mqc__ws_publication *publication)
{
    const struct mqc_view name = publication->event->name;
    const size_t used = strlen(driver->names);
    driver->published++;
    (void)snprintf(driver->names + used, sizeof driver->names - used, "%.*s ", (int)name.size,
                   name.data);
    if (!driver->is_handled_later)
        return;
    REQUIRE(driver->handled_count < DRIVER_HELD_MAX);
    driver->handled = publication->handled;
    driver->handled_contexts[driver->handled_count++] = publication->context;
}

static enum mqc_error publish(void *context, const struct mqc__ws_publication *publication,
                              bool *is_handled_later_out, struct mqc_error_info *info)
{
    struct server_driver *driver = context;
    (void)info;
    pthread_mutex_lock(&driver->mutex);
    const enum mqc_error error = driver->publish_error;
    const bool is_echoed = driver->is_echoed;
    driver->publishes++;
    *is_handled_later_out = error == MQC_OK && driver->is_handled_later;
    if (error == MQC_OK)
        note_publication(driver, publication);
    pthread_cond_broadcast(&driver->changed);
    pthread_mutex_unlock(&driver->mutex);
    if (error == MQC_OK && is_echoed)
        mqc__ws_server_deliver(driver->server, publication->topic, publication->event,
                               publication->client);
    return error;
}

static void client_added(void *context, const struct mqc__ws_endpoint *endpoint,
                         const struct mqc_view *subscriptions, size_t count)
{
    struct server_driver *driver = context;
    (void)endpoint;
    (void)subscriptions;
    (void)count;
    pthread_mutex_lock(&driver->mutex);
    driver->added++;
    pthread_cond_broadcast(&driver->changed);
    pthread_mutex_unlock(&driver->mutex);
}

static void client_lost(void *context, const struct mqc__ws_endpoint *endpoint, unsigned code,
                        struct mqc_view reason)
{
    struct server_driver *driver = context;
    (void)endpoint;
    pthread_mutex_lock(&driver->mutex);
    driver->lost++;
    driver->code = code;
    (void)snprintf(driver->reason, sizeof driver->reason, "%.*s", (int)reason.size, reason.data);
    pthread_cond_broadcast(&driver->changed);
    pthread_mutex_unlock(&driver->mutex);
}

static bool health(void *context, struct mqc__buffer *body)
{
    (void)context;
    return mqc__buffer_append_text(body, "{}");
}

static void metrics(void *context, struct mqc__buffer *body)
{
    struct server_driver *driver = context;
    char *text = mqc__buffer_extend(body, driver->answer_bytes);
    if (text != NULL)
        memset(text, 'x', driver->answer_bytes);
}

void driver_init(struct server_driver *driver)
{
    *driver = (struct server_driver){.answer_bytes = 2};
    pthread_mutex_init(&driver->mutex, NULL);
    pthread_cond_init(&driver->changed, NULL);
    mqc_websocket_options_init(&driver->options);
    driver->options.ping_interval_ms = 0;
    driver->options.handshake_timeout_ms = 20000;
    driver->options.listen_port = test_free_port();
}

void driver_start(struct server_driver *driver)
{
    const struct mqc__ws_cluster cluster = {
        .context = driver,
        .node_id = node_id,
        .subscribe = subscribe,
        .unsubscribe = unsubscribe,
        .ready = ready,
        .publish = publish,
        .client_added = client_added,
        .client_lost = client_lost,
        .health = health,
        .metrics = metrics,
    };
    struct mqc_error_info info = {.text = ""};
    REQUIRE(mqc__ws_server_new(&cluster, "1.2.3", NULL, &driver->server) == MQC_OK);
    if (mqc__ws_server_listen(driver->server, &driver->options, &info) != MQC_OK)
        CHECK_TEXT(info.text, "");
}

void driver_open(struct server_driver *driver)
{
    driver_init(driver);
    driver_start(driver);
}

void driver_handle(struct server_driver *driver, size_t count)
{
    while (count-- > 0) {
        pthread_mutex_lock(&driver->mutex);
        REQUIRE(driver->handled_count > 0);
        void *context = driver->handled_contexts[--driver->handled_count];
        pthread_mutex_unlock(&driver->mutex);
        driver->handled(context);
    }
}

void driver_set(struct server_driver *driver, enum mqc_error *answer, enum mqc_error error)
{
    pthread_mutex_lock(&driver->mutex);
    *answer = error;
    pthread_mutex_unlock(&driver->mutex);
}

size_t driver_get(struct server_driver *driver, const size_t *number)
{
    pthread_mutex_lock(&driver->mutex);
    const size_t value = *number;
    pthread_mutex_unlock(&driver->mutex);
    return value;
}

const char *driver_end(struct server_driver *driver)
{
    static char text[160];
    pthread_mutex_lock(&driver->mutex);
    (void)snprintf(text, sizeof text, "%u %s", driver->code, driver->reason);
    pthread_mutex_unlock(&driver->mutex);
    return text;
}

bool driver_wait(struct server_driver *driver, const size_t *number, size_t expected)
{
    const int64_t deadline_ms = mqc__clock_monotonic_ms() + PATIENCE_MS;
    size_t seen = 0;
    do {
        seen = driver_get(driver, number);
        if (seen != expected)
            (void)usleep(1000);
    } while (seen != expected && mqc__clock_monotonic_ms() < deadline_ms);
    return CHECK_UNSIGNED(seen, expected);
}

bool driver_wait_clients(struct server_driver *driver, uint64_t expected)
{
    const int64_t deadline_ms = mqc__clock_monotonic_ms() + PATIENCE_MS;
    struct mqc__ws_stats stats;
    do {
        mqc__ws_server_stats(driver->server, &stats);
        if (stats.clients != expected)
            (void)usleep(1000);
    } while (stats.clients != expected && mqc__clock_monotonic_ms() < deadline_ms);
    return CHECK_UNSIGNED(stats.clients, expected);
}

void driver_deliver(struct server_driver *driver, const char *topic, const char *text)
{
    const struct mqc_value args[] = {mqc_string(mqc_view_text(text))};
    const struct mqc_event event = {.name = mqc_view_text("e"), .args = args, .arg_count = 1};
    mqc__ws_server_deliver(driver->server, mqc_view_text(topic), &event, 0);
}

const char *driver_event_text(const char *topic, const char *name)
{
    static _Thread_local char text[512];
    (void)snprintf(
        text, sizeof text,
        "{\"type\":\"data-message\",\"topic\":\"%s\",\"@data-type\":\"vector\",\"data\":"
        "[{\"@data-type\":\"count\",\"data\":1},{\"@data-type\":\"count\",\"data\":1},"
        "{\"@data-type\":\"vector\",\"data\":[{\"@data-type\":\"string\",\"data\":\"%s\"}"
        ",{\"@data-type\":\"vector\",\"data\":[]}]}]}",
        topic, name);
    return text;
}

void driver_close(struct server_driver *driver)
{
    mqc__ws_server_close(driver->server);
    driver_handle(driver, driver->handled_count);
    struct mqc__ws_stats stats;
    mqc__ws_server_stats(driver->server, &stats);
    CHECK_UNSIGNED(stats.clients, 0);
    CHECK_UNSIGNED(driver->subscribed, 0);
    mqc__ws_server_free(&driver->server);
    pthread_cond_destroy(&driver->changed);
    pthread_mutex_destroy(&driver->mutex);
}
