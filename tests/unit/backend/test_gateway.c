#include "unit/backend/gateway_driver.h"

#include "backend/backend_priv.h"
#include "support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct gateway_driver gateway;

static void begin(const struct mqc__backend_options *options)
{
    gateway_new(&gateway, options);
    REQUIRE(mqc__backend_init(gateway.backend, "me", NULL) == MQC_OK);
}

static void begin_usual(void)
{
    const struct mqc__backend_options options = gateway_options();
    begin(&options);
}

static struct mqc_stats stats(void)
{
    struct mqc_stats now;
    mqc__backend_stats(gateway.backend, &now);
    return now;
}

static enum mqc_error publish(const char *topic, const char *name)
{
    const struct mqc_event event = {.name = mqc_view_text(name)};
    return mqc__backend_publish(gateway.backend, mqc_view_text(topic), &event, NULL);
}

static enum mqc_error raise_event(const char *name)
{
    const struct mqc_event event = {.name = mqc_view_text(name)};
    return mqc__backend_raise_event(gateway.backend, &event);
}

static void wait_done(unsigned count)
{
    while (gateway_done_count(&gateway) < count)
        (void)usleep(1000);
    CHECK_UNSIGNED(gateway_done_count(&gateway), count);
}

static void test_gateway_event_reaches_those_who_want_it(void)
{
    static const struct {
        const char *topic;
        bool is_later;
        const char *seen;
        const char *handled;
    } cases[] = {
        {"nobody/", false, "", ""},
        {"node/x", true, "", "node/x e client-7 remote; "},
        {"web/x", false, "web/x e 7; ", ""},
        {"both/x", true, "both/x e 7; ", "both/x e client-7 remote; "},
        {"nod", false, "", ""},
    };
    begin_usual();
    gateway_node_wants(&gateway, "node/");
    gateway_node_wants(&gateway, "both/");
    gateway_wants(&gateway, "web/");
    gateway_wants(&gateway, "bo");
    unsigned done = 0;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bool is_later = !cases[i].is_later;
        CHECK_INT(gateway_publish(&gateway, 7, cases[i].topic, "e", &is_later), MQC_OK);
        CHECK(is_later == cases[i].is_later);
        done += cases[i].is_later;
        wait_done(done);
        CHECK_TEXT(gateway_take(&gateway, gateway.seen), cases[i].seen);
        CHECK_TEXT(gateway_take(&gateway, gateway.handled), cases[i].handled);
        CHECK_UNSIGNED(stats().published_events, i + 1);
    }
    CHECK_UNSIGNED(stats().received_events, 2);
    gateway_free(&gateway);
}

static void test_gateway_sees_what_the_node_publishes(void)
{
    begin_usual();
    gateway_node_wants(&gateway, "");
    gateway_wants(&gateway, "web/");
    CHECK_INT(publish("web/x", "e"), MQC_OK);
    CHECK_INT(publish("we", "e"), MQC_OK);
    CHECK_TEXT(gateway_take(&gateway, gateway.seen), "web/x e 0; ");
    const struct mqc_view prefix = mqc_view_text("web/");
    mqc__backend_gateway_unsubscribe(gateway.backend, &prefix, 1);
    CHECK_INT(publish("web/x", "e"), MQC_OK);
    CHECK_TEXT(gateway_take(&gateway, gateway.seen), "");
    CHECK_UNSIGNED(mqc__backend_close(gateway.backend, 0), 3);
    CHECK_INT(publish("web/x", "e"), MQC_ECLOSED);
    CHECK_TEXT(gateway_take(&gateway, gateway.seen), "");
    CHECK_TEXT(gateway_take(&gateway, gateway.handled), "");
    gateway_free(&gateway);
}

static void test_gateway_set_once_and_late(void)
{
    const struct mqc__backend_options options = gateway_options();
    struct mqc_backend *backend = NULL;
    REQUIRE(mqc__backend_new(&options, &backend, NULL) == MQC_OK);
    REQUIRE(mqc__backend_init(backend, "me", NULL) == MQC_OK);
    const struct mqc_view prefix = mqc_view_text("a");
    CHECK_INT(mqc__backend_gateway_subscribe(backend, &prefix, 1, NULL), MQC_OK);
    struct mqc_backend *other = backend;
    begin_usual();
    const struct mqc__gateway second = {0};
    mqc__backend_set_gateway(gateway.backend, &second);
    gateway_wants(&gateway, "a");
    CHECK_INT(publish("a", "e"), MQC_OK);
    CHECK_TEXT(gateway_take(&gateway, gateway.seen), "a e 0; ");
    mqc__backend_free(&other);
    gateway_free(&gateway);
}

/* When the outbox takes nothing, nobody gets anything. */
static void test_gateway_full_outbox_delivers_nowhere(void)
{
    struct mqc__backend_options options = gateway_options();
    options.session.outbox_events_max = 2;
    options.session.batch_events_max = 2;
    bool is_later = true;
    begin(&options);
    gateway_node_wants(&gateway, "");
    gateway_wants(&gateway, "");
    CHECK_INT(gateway_publish(&gateway, 1, "t", "e", &is_later), MQC_OK);
    CHECK_INT(publish("t", "e"), MQC_OK);
    wait_done(1);
    CHECK_TEXT(gateway_take(&gateway, gateway.seen), "t e 1; t e 0; ");
    CHECK_INT(gateway_publish(&gateway, 1, "t", "f", &is_later), MQC_EFULL);
    CHECK(!is_later);
    CHECK_UNSIGNED(stats().refused_events, 0); /* it will come again */
    CHECK_INT(publish("t", "f"), MQC_EFULL);
    CHECK_UNSIGNED(stats().refused_events, 1);
    CHECK_TEXT(gateway_take(&gateway, gateway.seen), "");
    CHECK_TEXT(gateway_take(&gateway, gateway.handled), "t e client-1 remote; ");
    CHECK_UNSIGNED(stats().inbox_messages, 0);
    CHECK_UNSIGNED(stats().inbox_bytes, 0);
    CHECK_UNSIGNED(stats().received_events, 1);
    gateway_free(&gateway);
    CHECK_UNSIGNED(gateway.done_count, 1);
}

/* Blocked handlers hold back clients whose events they are to get, and nobody else. */
static void test_gateway_full_inbox_delivers_nowhere(void)
{
    struct mqc__backend_options options = gateway_options();
    options.inbox_messages_max = 2;
    bool is_later = false;
    begin(&options);
    gateway_node_wants(&gateway, "node/");
    gateway_wants(&gateway, "");
    gateway_block(&gateway, true);
    CHECK_INT(gateway_publish(&gateway, 1, "node/1", "e", &is_later), MQC_OK);
    gateway_wait_blocked(&gateway);
    CHECK_INT(gateway_publish(&gateway, 1, "node/2", "e", &is_later), MQC_OK);
    CHECK_INT(gateway_publish(&gateway, 1, "node/3", "e", &is_later), MQC_OK);
    (void)gateway_take(&gateway, gateway.seen);
    CHECK_INT(gateway_publish(&gateway, 1, "node/4", "e", &is_later), MQC_EFULL);
    CHECK(!is_later);
    CHECK_TEXT(gateway_take(&gateway, gateway.seen), "");
    CHECK_UNSIGNED(stats().published_events, 3);
    CHECK_INT(gateway_publish(&gateway, 1, "web/", "e", &is_later), MQC_OK);
    CHECK(!is_later);
    CHECK_INT(publish("node/", "e"), MQC_OK);
    CHECK_TEXT(gateway_take(&gateway, gateway.seen), "web/ e 1; node/ e 0; ");
    gateway_block(&gateway, false);
    wait_done(3);
    CHECK_INT(gateway_publish(&gateway, 1, "node/4", "e", &is_later), MQC_OK);
    wait_done(4);
    gateway_free(&gateway);
}

static void test_gateway_too_large_for_the_inbox_is_refused(void)
{
    struct mqc__backend_options options = gateway_options();
    options.inbox_bytes_max = 2000;
    begin(&options);
    gateway_node_wants(&gateway, "");
    char text[3000];
    memset(text, 'x', sizeof text);
    const struct mqc_value arg = mqc_string(mqc_view_bytes(text, sizeof text));
    const struct mqc_event event = {.name = mqc_view_text("e"), .args = &arg, .arg_count = 1};
    const struct mqc__gateway_event publication = {.origin = 1, .event = &event};
    struct mqc_error_info info;
    bool is_later = true;
    CHECK_INT(mqc__backend_gateway_publish(gateway.backend, &publication, &is_later, &info),
              MQC_ETOOLARGE);
    CHECK_CONTAINS(info.text, "delivery.inbox_bytes");
    CHECK(!is_later);
    CHECK_UNSIGNED(stats().published_events, 0);
    CHECK_INT(mqc__backend_raise_event(gateway.backend, &event), MQC_ETOOLARGE);
    gateway_free(&gateway);
}

static void test_gateway_events_are_checked(void)
{
    struct mqc__backend_options options = gateway_options();
    options.is_strict = true;
    bool is_later = false;
    begin(&options);
    CHECK_INT(
        mqc__backend_declare(gateway.backend, mqc_view_text("e"), mqc_view_text("n: count"), NULL),
        MQC_OK);
    gateway_node_wants(&gateway, "");
    gateway_wants(&gateway, "");
    CHECK_INT(gateway_publish(&gateway, 1, "t", "e", &is_later), MQC_ETYPE);
    CHECK_INT(gateway_publish(&gateway, 1, "t", "f", &is_later), MQC_EUNDECLARED);
    CHECK_INT(gateway_publish(&gateway, 1, "t", "", &is_later), MQC_EINVAL);
    CHECK_TEXT(gateway_take(&gateway, gateway.seen), "");
    CHECK_UNSIGNED(stats().inbox_messages, 0);
    gateway_free(&gateway);
    CHECK_UNSIGNED(gateway.done_count, 0);
    CHECK_TEXT(gateway.handled, "");
}

static void test_gateway_before_init(void)
{
    const struct mqc__backend_options options = gateway_options();
    bool is_later = true;
    gateway_new(&gateway, &options);
    gateway_node_wants(&gateway, "");
    gateway_wants(&gateway, "");
    const struct mqc_view prefix = mqc_view_text("");
    CHECK_INT(gateway_publish(&gateway, 1, "t", "e", &is_later), MQC_ENOTINIT);
    CHECK(!is_later);
    CHECK_INT(mqc__backend_gateway_ready(gateway.backend, &prefix, 1), MQC_ETIMEOUT);
    CHECK_INT(raise_event("g"), MQC_OK);
    REQUIRE(mqc__backend_init(gateway.backend, "me", NULL) == MQC_OK);
    CHECK_INT(mqc__backend_gateway_ready(gateway.backend, &prefix, 1), MQC_ETIMEOUT);
    CHECK_INT(mqc__backend_gateway_ready(gateway.backend, NULL, 0), MQC_ETIMEOUT);
    gateway_wait_handled(&gateway, 1);
    CHECK_TEXT(gateway_take(&gateway, gateway.handled), " g me local; ");
    gateway_free(&gateway);
}

/* In order with everything else, and without a limit on anything else. */
static void test_raised_events_keep_the_order(void)
{
    bool is_later = false;
    begin_usual();
    gateway_node_wants(&gateway, "");
    gateway_block(&gateway, true);
    CHECK_INT(raise_event("e"), MQC_OK);
    CHECK_INT(gateway_publish(&gateway, 1, "t", "f", &is_later), MQC_OK);
    CHECK_INT(raise_event("g"), MQC_OK);
    CHECK_INT(gateway_publish(&gateway, 2, "t", "f", &is_later), MQC_OK);
    gateway_block(&gateway, false);
    gateway_wait_handled(&gateway, 4);
    CHECK_TEXT(gateway_take(&gateway, gateway.handled),
               " e me local; t f client-1 remote;  g me local; t f client-2 remote; ");
    CHECK_UNSIGNED(stats().received_events, 2);
    gateway_free(&gateway);
}

static void test_raised_events_are_bounded(void)
{
    struct mqc__backend_options options = gateway_options();
    options.inbox_bytes_max = 100000;
    begin(&options);
    gateway_node_wants(&gateway, "");
    gateway_block(&gateway, true);
    CHECK_INT(raise_event("e"), MQC_OK);
    gateway_wait_blocked(&gateway);
    unsigned count = 0;
    while (raise_event("undeclared") == MQC_OK)
        count++;
    CHECK(count > 100 && count <= 10000);
    CHECK_INT(raise_event("e"), MQC_EFULL);
    bool is_later = false;
    CHECK_INT(gateway_publish(&gateway, 1, "t", "f", &is_later), MQC_OK);
    gateway_block(&gateway, false);
    gateway_wait_handled(&gateway, 2);
    CHECK_INT(raise_event("e"), MQC_OK);
    gateway_wait_handled(&gateway, 3);
    (void)mqc__backend_close(gateway.backend, 0);
    CHECK_INT(raise_event("e"), MQC_ECLOSED);
    gateway_free(&gateway);
}

/* The handlers block while the backend closes: what was accepted is handled, each once. */
static void *close_backend(void *context)
{
    (void)mqc__backend_close(context, 0);
    return NULL;
}

static void close_with_events_waiting(bool is_polled)
{
    const struct mqc__backend_options options = gateway_options();
    bool is_later = false;
    gateway_new(&gateway, &options);
    if (is_polled)
        CHECK(mqc__backend_fd(gateway.backend) >= 0);
    REQUIRE(mqc__backend_init(gateway.backend, "me", NULL) == MQC_OK);
    gateway_node_wants(&gateway, "");
    gateway_block(&gateway, true);
    for (int i = 0; i < 20; i++)
        CHECK_INT(gateway_publish(&gateway, 1, "t", "e", &is_later), MQC_OK);
    pthread_t thread;
    REQUIRE(pthread_create(&thread, NULL, close_backend, gateway.backend) == 0);
    gateway_wait_blocked(&gateway);
    while (mqc__backend_state(gateway.backend) != MQC_STATE_CLOSED)
        (void)usleep(1000);
    CHECK_INT(gateway_publish(&gateway, 1, "t", "e", &is_later), MQC_ECLOSED);
    CHECK(!is_later);
    const struct mqc_view prefix = mqc_view_text("new");
    CHECK_INT(mqc__backend_gateway_subscribe(gateway.backend, &prefix, 1, NULL), MQC_ECLOSED);
    CHECK_INT(mqc__backend_gateway_ready(gateway.backend, &prefix, 1), MQC_ECLOSED);
    gateway_block(&gateway, false);
    (void)pthread_join(thread, NULL);
    CHECK_UNSIGNED(gateway.done_count, 20);
    CHECK_UNSIGNED(gateway.handled_count, 20);
    gateway_free(&gateway);
    CHECK_UNSIGNED(gateway.done_count, 20);
}

static void test_gateway_close_handles_what_was_accepted(void)
{
    close_with_events_waiting(false);
    close_with_events_waiting(true);
}

/* Where nobody runs the handlers, the end tells of what was not handled. */
static void test_gateway_free_without_handlers_tells_the_end(void)
{
    const struct mqc__backend_options options = gateway_options();
    bool is_later = false;
    gateway_new(&gateway, &options);
    CHECK(mqc__backend_fd(gateway.backend) >= 0);
    REQUIRE(mqc__backend_init(gateway.backend, "me", NULL) == MQC_OK);
    gateway_node_wants(&gateway, "t");
    CHECK_INT(gateway_publish(&gateway, 1, "t", "e", &is_later), MQC_OK);
    CHECK(is_later);
    /* What is not wanted any more is not handled, but done with. */
    CHECK_INT(mqc__backend_unsubscribe(gateway.backend, mqc_view_text("t"), MQC_MATCH_PREFIX, NULL),
              MQC_OK);
    CHECK_UNSIGNED(gateway_done_count(&gateway), 0);
    gateway_free(&gateway);
    CHECK_UNSIGNED(gateway.done_count, 1);
    CHECK_UNSIGNED(gateway.handled_count, 0);
}

#define THREADS 3

/* A client that publishes until it is refused for good. */
struct client {
    pthread_t thread;
    uint64_t number;
    unsigned accepted;
    unsigned later;
};

static void *be_client(void *context)
{
    struct client *client = context;
    enum mqc_error error = MQC_OK;
    while (error == MQC_OK || error == MQC_EFULL) {
        bool is_later = false;
        error = gateway_publish(&gateway, client->number, "t", "silent", &is_later);
        client->accepted += error == MQC_OK;
        client->later += is_later;
        const struct mqc_view prefixes[] = {mqc_view_text("t"), mqc_view_text("u")};
        if (mqc__backend_gateway_subscribe(gateway.backend, prefixes, 2, NULL) == MQC_OK)
            mqc__backend_gateway_unsubscribe(gateway.backend, prefixes, 2);
        (void)mqc__backend_gateway_ready(gateway.backend, prefixes, 2);
        (void)raise_event("silent");
    }
    CHECK_INT(error, MQC_ECLOSED);
    return NULL;
}

static void test_gateway_clients_publish_while_the_backend_closes(void)
{
    struct mqc__backend_options options = gateway_options();
    options.session.outbox_events_max = 100000;
    for (unsigned round = 0; round < 10; round++) {
        struct client clients[THREADS] = {0};
        begin(&options);
        gateway_node_wants(&gateway, "t");
        for (size_t i = 0; i < THREADS; i++) {
            clients[i].number = i + 1;
            REQUIRE(pthread_create(&clients[i].thread, NULL, be_client, &clients[i]) == 0);
        }
        (void)usleep(2000 * round);
        (void)mqc__backend_close(gateway.backend, 0);
        unsigned accepted = 0;
        unsigned later = 0;
        for (size_t i = 0; i < THREADS; i++) {
            (void)pthread_join(clients[i].thread, NULL);
            accepted += clients[i].accepted;
            later += clients[i].later;
        }
        const struct mqc_stats end = stats();
        CHECK_UNSIGNED(end.published_events, accepted);
        CHECK_UNSIGNED(later + end.unhandled_messages, accepted);
        CHECK_UNSIGNED(end.received_events, later);
        CHECK_UNSIGNED(end.inbox_messages, 0);
        CHECK_UNSIGNED(end.inbox_bytes, 0);
        gateway_free(&gateway);
        CHECK_UNSIGNED(gateway.done_count, later);
    }
}

static void test_gateway_subscribes_all_or_none(void)
{
    char long_text[MQC__GATEWAY_PREFIX_BYTES_MAX + 1];
    memset(long_text, 'x', sizeof long_text);
    const struct mqc_view prefixes[] = {mqc_view_text("a"), mqc_view_text("b"), mqc_view_text("a"),
                                        mqc_view_bytes(long_text, sizeof long_text)};
    begin_usual();
    CHECK_INT(mqc__backend_gateway_subscribe(gateway.backend, prefixes, 4, NULL), MQC_ETOOLARGE);
    CHECK_INT(publish("a", "e"), MQC_OK);
    CHECK_TEXT(gateway_take(&gateway, gateway.seen), "");
    CHECK_INT(mqc__backend_gateway_subscribe(gateway.backend, prefixes, 3, NULL), MQC_OK);
    mqc__backend_gateway_unsubscribe(gateway.backend, prefixes, 2);
    CHECK_INT(publish("a", "e"), MQC_OK);
    CHECK_INT(publish("b", "e"), MQC_OK);
    CHECK_TEXT(gateway_take(&gateway, gateway.seen), "a e 0; ");
    mqc__backend_gateway_unsubscribe(gateway.backend, prefixes, 4);
    CHECK_INT(publish("a", "e"), MQC_OK);
    CHECK_TEXT(gateway_take(&gateway, gateway.seen), "");
    gateway_free(&gateway);
}

/* The node's own traffic is counted; what a client publishes only where the node gets it. */
static void test_telemetry_counts_what_is_between_node_and_cluster(void)
{
    const struct mqc__telemetry_options levels = {.core_levels =
                                                      MQC__TELEMETRY_INFO | MQC__TELEMETRY_DEBUG};
    struct mqc__backend_options options = gateway_options();
    bool is_later = false;
    options.telemetry = mqc__telemetry_new(&levels);
    REQUIRE(options.telemetry != NULL);
    begin(&options);
    gateway_node_wants(&gateway, "both/");
    gateway_wants(&gateway, "");
    for (int i = 0; i < 3; i++)
        CHECK_INT(publish("web/", "e"), MQC_OK);
    CHECK_INT(publish("web/", ""), MQC_EINVAL);
    CHECK_INT(gateway_publish(&gateway, 1, "web/", "e", &is_later), MQC_OK);
    CHECK_INT(gateway_publish(&gateway, 1, "both/", "e", &is_later), MQC_OK);
    wait_done(1);
    gateway_free(&gateway);
    struct mqc__buffer text;
    struct mqc__prometheus writer;
    mqc__buffer_init(&text, 100000);
    mqc__prometheus_init(&writer, &text, mqc_view_text(""));
    mqc__telemetry_write(options.telemetry, &writer);
    CHECK(mqc__buffer_append(&text, "", 1));
    CHECK_CONTAINS(text.data, "zeek_cluster_core_outgoing_events_total 3\n");
    CHECK_CONTAINS(text.data, "zeek_cluster_core_incoming_events_total 1\n");
    CHECK_CONTAINS(text.data, "le=\"10\"} 3\n");
    mqc__buffer_fini(&text);
    mqc__telemetry_free(&options.telemetry);
}

static void test_gateway_hears_of_errors_that_concern_events(void)
{
    static const char *const told[] = {"malformed_payload", "event_mismatch",  "events_missing",
                                       "message_too_large", "outbox_overflow", "publish_refused",
                                       "undelivered",       "out_of_memory"};
    static const char *const untold[] = {
        "connect_failed",    "connection_lost", "tls_certificate", "duplicate_node",
        "subscribe_refused", "refused",         "broker_unfit",    ""};
    begin_usual();
    char expected[400] = "";
    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++) {
        mqc__backend_raise(gateway.backend, told[i], "text");
        (void)snprintf(expected + strlen(expected), sizeof expected - strlen(expected), "%s; ",
                       told[i]);
    }
    for (size_t i = 0; i < sizeof untold / sizeof untold[0]; i++)
        mqc__backend_raise(gateway.backend, untold[i], "text");
    CHECK_TEXT(gateway_take(&gateway, gateway.errors), expected);
    gateway_free(&gateway);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"event_reaches_those_who_want_it", test_gateway_event_reaches_those_who_want_it},
        {"sees_what_the_node_publishes", test_gateway_sees_what_the_node_publishes},
        {"set_once_and_late", test_gateway_set_once_and_late},
        {"full_outbox_delivers_nowhere", test_gateway_full_outbox_delivers_nowhere},
        {"full_inbox_delivers_nowhere", test_gateway_full_inbox_delivers_nowhere},
        {"too_large_for_the_inbox_is_refused", test_gateway_too_large_for_the_inbox_is_refused},
        {"events_are_checked", test_gateway_events_are_checked},
        {"before_init", test_gateway_before_init},
        {"raised_events_keep_the_order", test_raised_events_keep_the_order},
        {"raised_events_are_bounded", test_raised_events_are_bounded},
        {"close_handles_what_was_accepted", test_gateway_close_handles_what_was_accepted},
        {"free_without_handlers_tells_the_end", test_gateway_free_without_handlers_tells_the_end},
        {"clients_publish_while_the_backend_closes",
         test_gateway_clients_publish_while_the_backend_closes},
        {"subscribes_all_or_none", test_gateway_subscribes_all_or_none},
        {"telemetry_counts_what_is_between_node_and_cluster",
         test_telemetry_counts_what_is_between_node_and_cluster},
        {"hears_of_errors_that_concern_events", test_gateway_hears_of_errors_that_concern_events},
        CU_TEST_INFO_NULL,
    };
    return suite_run("backend.gateway", tests);
}
