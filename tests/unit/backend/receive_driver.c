#include "unit/backend/receive_driver.h"

#include "backend/backend_priv.h"
#include "support/suite.h"

#include <dirent.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

static const char *const nowhere[] = {"mqtt://127.0.0.1:1"};

/* There is one driver at a time. */
static struct receive_driver *current;

static unsigned acks[RECEIVE_ACKS_MAX];
void (*receive_on_ack)(uint64_t ack);

void __wrap_mqc__session_handled(struct mqc__session *session, uint64_t ack);

void __wrap_mqc__session_handled(struct mqc__session *session, uint64_t ack)
{
    (void)session;
    if (receive_on_ack != NULL)
        receive_on_ack(ack);
    else
        acks[ack % RECEIVE_ACKS_MAX]++;
    current->unsynced_acks += current->syncs == 0;
}

enum mqc_error __wrap_mqc__positions_sync(const struct mqc__positions *positions,
                                          struct mqc_error_info *info);
enum mqc_error __real_mqc__positions_sync(const struct mqc__positions *positions,
                                          struct mqc_error_info *info);

enum mqc_error __wrap_mqc__positions_sync(const struct mqc__positions *positions,
                                          struct mqc_error_info *info)
{
    current->syncs++;
    return __real_mqc__positions_sync(positions, info);
}

unsigned receive_acks(const struct receive_driver *driver, uint64_t ack)
{
    (void)driver;
    return acks[ack % RECEIVE_ACKS_MAX];
}

struct mqc__backend_options receive_options(const char *state_directory)
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
                .backoff_min_ms = 5000,
                .backoff_max_ms = 50000,
                .in_flight_max = 16,
                .in_flight_bytes_max = 1 << 20,
                .outbox_events_max = 1000,
                .outbox_bytes_max = 64 << 20,
                .batch_events_max = 100,
                .batch_bytes_max = 60000,
                .when_full = MQC__WHEN_FULL_REFUSE,
                .durability =
                    {
                        .is_on_disk = state_directory != NULL,
                        .directory = state_directory,
                        .spool_bytes = 1 << 20,
                        .fsync = MQC__SPOOL_FSYNC_NEVER,
                        .fsync_interval_ms = 50,
                        .keep_ms = 1000,
                        .keep_bytes = 1000000,
                    },
            },
        .members = {.type = MQC__NODE_MANAGER,
                    .separator = '/',
                    .lease_ms = 30000,
                    .is_dynamic = true},
        .default_service = {.qos = MQC__QOS_1},
        .event_bytes_max = 1 << 20,
        .inbox_messages_max = 1000,
        .inbox_bytes_max = RECEIVE_INBOX_BYTES,
        .flush_timeout_ms = 0,
    };
}

static void append(char *record, size_t size, const char *text)
{
    const size_t used = strlen(record);
    (void)snprintf(record + used, size - used, "%s", text);
}

static void handle(void *context, const struct mqc_message *message)
{
    struct receive_driver *driver = context;
    char line[200];
    (void)snprintf(line, sizeof line, "%.*s %" PRIu64 "%s; ", (int)message->topic.size,
                   message->topic.data, message->sequence, message->is_uncertain ? "?" : "");
    append(driver->seen, sizeof driver->seen, line);
    if (driver->handled != NULL)
        driver->handled(message);
}

static void on_error(void *context, const char *tag, const char *text)
{
    struct receive_driver *driver = context;
    (void)text;
    append(driver->errors, sizeof driver->errors, tag);
    append(driver->errors, sizeof driver->errors, "; ");
}

void __wrap_mqc__receipts_send(struct mqc__receipts *receipts, struct mqc_backend *backend);
void __wrap_mqc__receipts_take(struct mqc_backend *backend, const struct mqc__envelope *envelope);

void __wrap_mqc__receipts_send(struct mqc__receipts *receipts, struct mqc_backend *backend)
{
    char line[400];
    CHECK(backend == current->backend);
    for (size_t i = 0; i < receipts->count; i++) {
        const struct mqc__receipt *receipt = &receipts->items[i];
        (void)snprintf(line, sizeof line, "%.*s: %.*s %" PRIu64 "%s; ", (int)receipt->instance.size,
                       receipt->instance.data, (int)receipt->topic.size, receipt->topic.data,
                       receipt->handled_to, receipt->wants_repeat ? " repeat" : "");
        append(current->receipts, sizeof current->receipts, line);
    }
    current->receipt_count += receipts->count;
    receipts->count = 0;
}

void __wrap_mqc__receipts_take(struct mqc_backend *backend, const struct mqc__envelope *envelope)
{
    CHECK(backend == current->backend);
    current->taken_receipts += envelope->receipt_count;
}

void receive_new(struct receive_driver *driver, const char *state_directory)
{
    const struct mqc__backend_options options = receive_options(state_directory);
    receive_new_with(driver, &options);
}

void receive_new_with(struct receive_driver *driver, const struct mqc__backend_options *options)
{
    struct mqc_error_info info = {.text = ""};
    *driver = (struct receive_driver){.backend = NULL};
    memset(acks, 0, sizeof acks);
    current = driver;
    CHECK_INT(mqc__backend_new(options, &driver->backend, &info), MQC_OK);
    CHECK_TEXT(info.text, "");
    REQUIRE(driver->backend != NULL);
    REQUIRE(mqc__backend_fd(driver->backend) >= 0);
    CHECK_INT(mqc__backend_on_event(driver->backend, mqc_view_text("e"), handle, driver), MQC_OK);
    CHECK_INT(mqc__backend_on_error(driver->backend, on_error, driver), MQC_OK);
    CHECK_INT(mqc__backend_subscribe(driver->backend, mqc_view_text("t/"), MQC_MATCH_PREFIX, NULL),
              MQC_OK);
    CHECK_INT(mqc__backend_init(driver->backend, NULL, &info), MQC_OK);
    CHECK_TEXT(info.text, "");
}

void receive_free(struct receive_driver *driver)
{
    mqc__backend_free(&driver->backend);
}

void receive_remove_state(const char *folder)
{
    DIR *files = opendir(folder);
    REQUIRE(files != NULL);
    const struct dirent *entry;
    while ((entry = readdir(files)) != NULL)
        (void)unlinkat(dirfd(files), entry->d_name, 0);
    (void)closedir(files);
}

static void put(const struct receive_driver *driver, const char *mqtt_topic,
                struct mqc_view payload, uint64_t ack)
{
    const struct mqc__session_events events = mqc__backend_session_events(driver->backend);
    const struct mqc__mqtt_message message = {
        .topic = mqc_view_text(mqtt_topic), .payload = payload, .expiry_s = -1, .ack = ack};
    events.message(events.context, &message);
}

void receive_put_bytes(struct receive_driver *driver, const char *mqtt_topic, const char *payload,
                       uint64_t ack)
{
    put(driver, mqtt_topic, mqc_view_text(payload), ack);
}

void receive_put(struct receive_driver *driver, const struct receive_batch *batch, uint64_t ack)
{
    char mqtt_topic[400];
    struct mqc__buffer payload;
    mqc__buffer_init(&payload, (size_t)1 << 20);
    const struct mqc__envelope_header header = {
        .sender = {mqc_view_text(batch->instance != NULL ? batch->instance : "worker-1-a"),
                   mqc_view_text("worker-1")},
        .first_sequence = batch->first,
        .receipt = batch->receipt,
        .topic = mqc_view_text(batch->original_topic),
        .after = batch->after,
    };
    const struct mqc_event event = {.name =
                                        mqc_view_text(batch->event != NULL ? batch->event : "e")};
    CHECK_INT(mqc__protobuf_header(&header, &payload), MQC_OK);
    for (uint64_t i = 0; i < batch->count; i++)
        CHECK_INT(mqc__protobuf_event(&event, &payload), MQC_OK);
    (void)snprintf(mqtt_topic, sizeof mqtt_topic, "mqcluster/c/event/%s", batch->topic);
    put(driver, mqtt_topic, mqc__buffer_view(&payload), ack);
    mqc__buffer_fini(&payload);
}

void receive_put_receipts(struct receive_driver *driver, const char *topic, size_t count,
                          uint64_t ack)
{
    char mqtt_topic[400];
    struct mqc__buffer payload;
    mqc__buffer_init(&payload, (size_t)1 << 20);
    const struct mqc__envelope_header header = {
        .sender = {mqc_view_text("worker-1-a"), mqc_view_text("worker-1")}};
    const struct mqc__receipt receipt = {
        .instance = mqc_view_text("me"), .topic = mqc_view_text("t"), .handled_to = 7};
    CHECK_INT(mqc__protobuf_header(&header, &payload), MQC_OK);
    for (size_t i = 0; i < count; i++)
        CHECK_INT(mqc__protobuf_receipts(&receipt, 1, &payload), MQC_OK);
    (void)snprintf(mqtt_topic, sizeof mqtt_topic, "mqcluster/c/event/%s", topic);
    put(driver, mqtt_topic, mqc__buffer_view(&payload), ack);
    mqc__buffer_fini(&payload);
}

void receive_run(struct receive_driver *driver)
{
    while (mqc__backend_process(driver->backend, 0) != 0)
        ;
}

void receive_wait_receipts(struct receive_driver *driver, size_t count)
{
    struct pollfd fd = {.fd = mqc__backend_fd(driver->backend), .events = POLLIN};
    while (driver->receipt_count < count && poll(&fd, 1, 60000) == 1)
        receive_run(driver);
    CHECK_UNSIGNED(driver->receipt_count, count);
}

void receive_wait_syncs(struct receive_driver *driver, unsigned count)
{
    struct pollfd fd = {.fd = mqc__backend_fd(driver->backend), .events = POLLIN};
    while (driver->syncs < count && poll(&fd, 1, 60000) == 1)
        receive_run(driver);
    CHECK(driver->syncs >= count);
}
