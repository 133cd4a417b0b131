#include "backend/gateway.h"
#include "support/fake_broker.h"
#include "support/mosquitto.h"
#include "support/node.h"
#include "support/suite.h"

#include <glob.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Which protocol the nodes of a test speak. */
static const char *const protocols[][3] = {{"broker.protocol", "5", NULL},
                                           {"broker.protocol", "3.1.1", NULL}};

static struct test_mosquitto broker;

/* A node with a gateway. What the gateway gets is recorded by `web` as "topic event arg origin",
 * errors by their tags; `web` has no backend. */
struct near {
    struct test_node node;
    struct test_node web;
    atomic_uint ready_count;
    atomic_uint done_count;
};

static void on_event(void *context, struct mqc_view topic, const struct mqc_event *event,
                     uint64_t origin)
{
    struct near *near = context;
    struct mqc_value args[2] = {[1] = mqc_count(origin)};
    if (event->arg_count != 0)
        args[0] = event->args[0];
    const struct mqc_event with_origin = {
        .name = event->name,
        .args = event->arg_count != 0 ? args : args + 1,
        .arg_count = event->arg_count + 1,
    };
    const struct mqc_message message = {.topic = topic, .event = &with_origin};
    test_node_record(&near->web, &message);
}

static void on_ready(void *context)
{
    struct near *near = context;
    atomic_fetch_add(&near->ready_count, 1);
}

static void on_error(void *context, const char *tag, const char *text)
{
    struct near *near = context;
    const struct mqc_event event = {.name = mqc_view_text(tag)};
    const struct mqc_message message = {.topic = mqc_view_text("error"), .event = &event};
    CHECK(text[0] != '\0');
    test_node_record(&near->web, &message);
}

static void on_done(void *context)
{
    struct near *near = context;
    atomic_fetch_add(&near->done_count, 1);
}

static void add_gateway(struct near *near)
{
    const struct mqc__gateway gateway = {
        .context = near, .event = on_event, .ready = on_ready, .error = on_error};
    mqc__backend_set_gateway(near->node.backend, &gateway);
    atomic_store(&near->ready_count, 0);
    atomic_store(&near->done_count, 0);
    near->web = (struct test_node){0};
    pthread_mutex_init(&near->web.mutex, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&near->web.changed, &attributes);
    pthread_condattr_destroy(&attributes);
}

static void near_new(struct near *near, const char *uri, const char *const settings[])
{
    test_node_new(&near->node, "near", uri, settings);
    add_gateway(near);
}

static void near_free(struct near *near)
{
    test_node_free(&near->node);
    test_node_free(&near->web);
}

static void web_wants(struct near *near, const char *prefix)
{
    const struct mqc_view view = mqc_view_text(prefix);
    CHECK_INT(mqc__backend_gateway_subscribe(near->node.backend, &view, 1, NULL), MQC_OK);
}

static void web_gives_up(struct near *near, const char *prefix)
{
    const struct mqc_view view = mqc_view_text(prefix);
    mqc__backend_gateway_unsubscribe(near->node.backend, &view, 1);
}

static enum mqc_error web_ready(struct near *near, const char *prefix)
{
    const struct mqc_view view = mqc_view_text(prefix);
    return mqc__backend_gateway_ready(near->node.backend, &view, 1);
}

/* Looks again each time the gateway is told to, and not before; returns the last answer. */
static enum mqc_error web_wait(struct near *near, const char *prefix)
{
    for (;;) {
        const unsigned looked_at = atomic_load(&near->ready_count);
        const enum mqc_error error = web_ready(near, prefix);
        if (error != MQC_ETIMEOUT)
            return error;
        for (int left = 60000; atomic_load(&near->ready_count) == looked_at; left--) {
            REQUIRE(left > 0);
            (void)usleep(1000);
        }
    }
}

static void web_says(struct near *near, uint64_t client, const char *topic, const char *text)
{
    const struct mqc_value arg = mqc_string_text(text);
    const struct mqc_event event = {.name = mqc_view_text("e"), .args = &arg, .arg_count = 1};
    const struct mqc__gateway_event publication = {
        .origin = client,
        .topic = mqc_view_text(topic),
        .event = &event,
        .endpoint = mqc_view_text("endpoint"),
        .handled = on_done,
        .context = near,
    };
    bool is_later = false;
    CHECK_INT(mqc__backend_gateway_publish(near->node.backend, &publication, &is_later, NULL),
              MQC_OK);
    mqc__backend_gateway_published(near->node.backend);
}

static void expect(struct test_node *node, bool is_wanted, const char *topic, const char *end)
{
    char line[100];
    (void)snprintf(line, sizeof line, "%s %s", topic, end);
    if (is_wanted)
        CHECK(test_node_wait_line(node, line, 1));
    CHECK_UNSIGNED(test_node_count(node, line), is_wanted ? 1 : 0);
}

/* The name of a topic says who wants it: (n)ode, (w)eb, the (f)ar node. */
static const char *const topics[] = {"-", "n", "w", "nw", "f", "nf", "wf", "nwf"};

#define TOPICS (sizeof topics / sizeof topics[0])

static void watch_by_letter(struct near *near, struct test_node *far)
{
    for (size_t i = 0; i < TOPICS; i++) {
        if (strchr(topics[i], 'n') != NULL)
            test_node_watch(&near->node, topics[i], MQC_MATCH_LEVEL);
        if (strchr(topics[i], 'f') != NULL)
            test_node_watch(far, topics[i], MQC_MATCH_LEVEL);
        /* With the separator: "n" is a prefix of "nw". */
        char prefix[10];
        (void)snprintf(prefix, sizeof prefix, "%s/", topics[i]);
        if (strchr(topics[i], 'w') != NULL)
            web_wants(near, prefix);
    }
    test_node_watch(&near->node, "end/", MQC_MATCH_PREFIX);
    test_node_watch(far, "end/", MQC_MATCH_PREFIX);
    web_wants(near, "end/");
}

static void say_everywhere(struct near *near, struct test_node *far)
{
    for (size_t i = 0; i < TOPICS; i++) {
        char topic[10];
        (void)snprintf(topic, sizeof topic, "%s/x", topics[i]);
        CHECK(test_node_say(&near->node, topic, "e", "near"));
        CHECK(test_node_say(far, topic, "e", "far"));
        web_says(near, 5, topic, "client");
    }
    CHECK_INT(mqc_backend_flush(near->node.backend, 60000), MQC_OK);
    CHECK_INT(mqc_backend_flush(far->backend, 60000), MQC_OK);
    CHECK(test_node_say(&near->node, "end/", "e", "near"));
    CHECK(test_node_say(far, "end/", "e", "far"));
    CHECK(test_node_wait_line(&near->node, "end/ e far", 1));
    CHECK(test_node_wait_line(far, "end/ e near", 1));
    CHECK(test_node_wait_line(&near->web, "end/ e far 0", 1));
}

static void every_combination_gets_what_it_wants(const char *const settings[])
{
    struct near near;
    struct test_node far;
    near_new(&near, broker.uri, settings);
    test_node_new(&far, "far", broker.uri, settings);
    watch_by_letter(&near, &far);
    test_node_start(&near.node);
    test_node_start(&far);
    CHECK_INT(web_wait(&near, "wf/"), MQC_OK);
    say_everywhere(&near, &far);
    for (size_t i = 0; i < TOPICS; i++) {
        char topic[10];
        (void)snprintf(topic, sizeof topic, "%s/x", topics[i]);
        const bool node = strchr(topics[i], 'n') != NULL;
        const bool web = strchr(topics[i], 'w') != NULL;
        const bool is_far = strchr(topics[i], 'f') != NULL;
        expect(&near.node, node, topic, "e far");
        expect(&near.node, node, topic, "e client");
        expect(&near.node, false, topic, "e near");
        expect(&near.web, web, topic, "e near 0");
        expect(&near.web, web, topic, "e far 0");
        expect(&near.web, web, topic, "e client 5");
        expect(&far, is_far, topic, "e near");
        expect(&far, is_far, topic, "e client");
        expect(&far, false, topic, "e far");
    }
    /* Four topics, two senders, and the end. */
    CHECK_UNSIGNED(near.node.line_count, 9);
    CHECK_UNSIGNED(near.web.line_count, 14);
    CHECK_UNSIGNED(far.line_count, 9);
    CHECK_UNSIGNED(atomic_load(&near.done_count), 4);
    near_free(&near);
    test_node_free(&far);
}

static void test_every_combination_gets_what_it_wants(void)
{
    for (size_t i = 0; i < 2; i++)
        every_combination_gets_what_it_wants(protocols[i]);
}

/* One MQTT filter serves all three prefixes. */
static void test_shared_filter_mixes_nothing(void)
{
    struct near near;
    struct test_node far;
    near_new(&near, broker.uri, NULL);
    test_node_new(&far, "far", broker.uri, NULL);
    test_node_watch(&near.node, "x/ab", MQC_MATCH_PREFIX);
    web_wants(&near, "x/cd");
    web_wants(&near, "x/c");
    test_node_start(&near.node);
    test_node_start(&far);
    CHECK_INT(web_wait(&near, "x/cd"), MQC_OK);
    CHECK(test_node_say(&far, "x/ab", "e", "1"));
    CHECK(test_node_say(&far, "x/cd", "e", "2"));
    CHECK(test_node_say(&far, "x/ef", "e", "3"));
    CHECK_INT(mqc_backend_flush(far.backend, 60000), MQC_OK);
    CHECK(test_node_say(&far, "x/abc", "e", "4"));
    CHECK(test_node_wait_lines(&near.node, 2));
    CHECK(test_node_wait_lines(&near.web, 1));
    CHECK_TEXT(near.node.lines[0], "x/ab e 1");
    CHECK_TEXT(near.node.lines[1], "x/abc e 4");
    CHECK_TEXT(near.web.lines[0], "x/cd e 2 0");
    CHECK_UNSIGNED(near.web.line_count, 1);
    struct mqc_stats stats;
    mqc_backend_stats(near.node.backend, &stats);
    CHECK_UNSIGNED(stats.unwanted_messages, 1);
    CHECK_UNSIGNED(stats.received_events, 2);
    web_gives_up(&near, "x/cd");
    web_gives_up(&near, "x/c");
    CHECK(test_node_say(&far, "x/cd", "e", "5"));
    CHECK_INT(mqc_backend_flush(far.backend, 60000), MQC_OK);
    CHECK(test_node_say(&far, "x/ab", "e", "6"));
    CHECK(test_node_wait_line(&near.node, "x/ab e 6", 1));
    CHECK_UNSIGNED(near.web.line_count, 1);
    mqc_backend_stats(near.node.backend, &stats);
    CHECK_UNSIGNED(stats.unwanted_messages, 2);
    CHECK_UNSIGNED(stats.missing_events, 0);
    near_free(&near);
    test_node_free(&far);
}

/* Equal prefixes of a thousand clients are one filter, asked for once. */
static void test_equal_prefixes_are_one_filter(void)
{
    const struct fake_rule rule = {0};
    struct fake_broker *fake = fake_broker_start(&rule, 1);
    REQUIRE(fake != NULL);
    struct near near;
    near_new(&near, fake_broker_uri(fake), NULL);
    test_node_start(&near.node);
    const unsigned before = fake_broker_totals(fake).subscribes;
    web_wants(&near, "a/b/");
    CHECK_INT(web_wait(&near, "a/b/"), MQC_OK);
    for (int i = 1; i < 1000; i++) {
        web_wants(&near, "a/b/");
        CHECK_INT(web_ready(&near, "a/b/"), MQC_OK);
    }
    /* What is covered is ready at once. */
    web_wants(&near, "a/b/c");
    CHECK_INT(web_ready(&near, "a/b/c"), MQC_OK);
    CHECK_UNSIGNED(fake_broker_totals(fake).subscribes, before + 1);
    for (int i = 1; i < 1000; i++)
        web_gives_up(&near, "a/b/");
    CHECK_INT(web_ready(&near, "a/b/"), MQC_OK);
    web_wants(&near, "z/");
    CHECK_INT(web_wait(&near, "z/"), MQC_OK);
    CHECK_UNSIGNED(fake_broker_totals(fake).subscribes, before + 2);
    near_free(&near);
    fake_broker_free(&fake);
}

static void test_ready_follows_the_connection(void)
{
    struct test_mosquitto own;
    struct near near;
    REQUIRE(test_mosquitto_start(&own, "persistence false\n"));
    near_new(&near, own.uri, NULL);
    web_wants(&near, "a/");
    CHECK_INT(web_ready(&near, "a/"), MQC_ETIMEOUT);
    CHECK_INT(mqc_backend_init(near.node.backend, NULL, NULL), MQC_OK);
    CHECK_INT(web_wait(&near, "a/"), MQC_OK);
    REQUIRE(test_mosquitto_kill(&own));
    while (web_ready(&near, "a/") == MQC_OK)
        (void)usleep(1000);
    CHECK_INT(web_ready(&near, "a/"), MQC_ETIMEOUT);
    CHECK_INT(mqc__backend_gateway_ready(near.node.backend, NULL, 0), MQC_ETIMEOUT);
    web_wants(&near, "b/");
    REQUIRE(test_mosquitto_restart(&own));
    CHECK_INT(web_wait(&near, "a/"), MQC_OK);
    CHECK_INT(web_wait(&near, "b/"), MQC_OK);
    (void)mqc_backend_close(near.node.backend, 0);
    CHECK_INT(web_ready(&near, "a/"), MQC_ECLOSED);
    near_free(&near);
    test_mosquitto_stop(&own);
}

/* Whether a broker refuses filters is told by its plugin. */
static bool find_plugin(char *line, size_t size)
{
    glob_t found;
    const bool is_there = glob("/usr/lib*/*/mosquitto_dynamic_security.so", 0, NULL, &found) == 0;
    if (is_there)
        (void)snprintf(line, size,
                       "persistence false\nplugin %s\nplugin_opt_config_file @DIR@/rules.json\n",
                       found.gl_pathv[0]);
    globfree(&found);
    return is_there;
}

/* Everybody may subscribe to all but two filters. */
static const char rules[] =
    "{\"defaultACLAccess\":{\"publishClientSend\":true,\"publishClientReceive\":true,"
    "\"subscribe\":true,\"unsubscribe\":true},\"clients\":[],\"anonymousGroup\":\"all\","
    "\"groups\":[{\"groupname\":\"all\",\"roles\":[{\"rolename\":\"most\"}]}],"
    "\"roles\":[{\"rolename\":\"most\",\"acls\":["
    "{\"acltype\":\"subscribeLiteral\",\"topic\":\"mqcluster/test/event/#\",\"allow\":false},"
    "{\"acltype\":\"subscribeLiteral\",\"topic\":\"mqcluster/test/event/secret/#\","
    "\"allow\":false}]}]}";

static void refused_filter_harms_its_owner_alone(struct test_mosquitto *own,
                                                 const char *const settings[])
{
    struct near near;
    struct test_node far;
    near_new(&near, own->uri, settings);
    test_node_new(&far, "far", own->uri, settings);
    test_node_watch(&near.node, "node/", MQC_MATCH_PREFIX);
    test_node_start(&near.node);
    test_node_start(&far);
    web_wants(&near, "web/");
    CHECK_INT(web_wait(&near, "web/"), MQC_OK);
    web_wants(&near, "");
    CHECK_INT(web_wait(&near, ""), MQC_EREFUSED);
    CHECK_INT(web_ready(&near, "web/"), MQC_OK);
    web_wants(&near, "secret/x");
    web_wants(&near, "new/");
    CHECK_INT(web_wait(&near, "secret/x"), MQC_EREFUSED);
    CHECK_INT(web_wait(&near, "new/"), MQC_OK);
    CHECK_INT(mqc_backend_wait_ready(near.node.backend, 60000), MQC_OK);
    test_node_watch(&near.node, "late/", MQC_MATCH_PREFIX);
    CHECK_INT(mqc_backend_wait_ready(near.node.backend, 60000), MQC_OK);
    CHECK(test_node_say(&far, "node/", "e", "x"));
    CHECK(test_node_say(&far, "late/", "e", "x"));
    CHECK(test_node_say(&far, "web/", "e", "x"));
    CHECK(test_node_say(&far, "new/", "e", "x"));
    CHECK(test_node_wait_lines(&near.node, 2));
    CHECK(test_node_wait_line(&near.web, "web/ e x 0", 1));
    CHECK(test_node_wait_line(&near.web, "new/ e x 0", 1));
    CHECK(test_node_count_errors(&near.node, "subscribe_refused") >= 2);
    CHECK_UNSIGNED(test_node_count(&near.web, "error subscribe_refused"), 0);
    /* The same again after the next connect. */
    REQUIRE(test_mosquitto_kill(own) && test_mosquitto_restart(own));
    CHECK_INT(mqc_backend_wait_ready(far.backend, 60000), MQC_OK);
    while (web_ready(&near, "web/") != MQC_ETIMEOUT && web_ready(&near, "") != MQC_EREFUSED)
        (void)usleep(1000);
    CHECK_INT(web_wait(&near, "web/"), MQC_OK);
    CHECK_INT(web_wait(&near, ""), MQC_EREFUSED);
    web_gives_up(&near, "");
    web_gives_up(&near, "secret/x");
    CHECK_INT(web_wait(&near, "web/"), MQC_OK);
    CHECK_INT(mqc_backend_wait_ready(near.node.backend, 60000), MQC_OK);
    CHECK(test_node_say(&far, "web/", "e", "y"));
    CHECK(test_node_wait_line(&near.web, "web/ e y 0", 1));
    near_free(&near);
    test_node_free(&far);
}

static void test_refused_filter_harms_its_owner_alone(void)
{
    char config[300];
    struct test_mosquitto own;
    if (!find_plugin(config, sizeof config)) {
        suite_skip("mosquitto has no dynamic security plugin here");
        return;
    }
    REQUIRE(test_mosquitto_prepare(&own));
    REQUIRE(test_mosquitto_write_file(&own, "rules.json", rules));
    REQUIRE(test_mosquitto_run(&own, config));
    for (size_t i = 0; i < 2; i++)
        refused_filter_harms_its_owner_alone(&own, protocols[i]);
    test_mosquitto_stop(&own);
}

static void test_what_does_not_fit_reaches_nobody(void)
{
    const char *const strict[] = {"strict_events", "true", NULL};
    struct near near;
    struct test_node far;
    near_new(&near, broker.uri, strict);
    test_node_new(&far, "far", broker.uri, NULL);
    CHECK_INT(mqc_declare_event(near.node.backend, "e", "text: string", NULL), MQC_OK);
    CHECK_INT(mqc_declare_event(near.node.backend, "f", "n: count", NULL), MQC_OK);
    web_wants(&near, "t/");
    test_node_start(&near.node);
    test_node_start(&far);
    CHECK_INT(web_wait(&near, "t/"), MQC_OK);
    CHECK(test_node_say(&far, "t/", "f", "no count"));
    CHECK(test_node_say(&far, "t/", "unheard_of", "x"));
    CHECK(test_node_say(&far, "t/", "e", "x"));
    CHECK(test_node_wait_line(&near.web, "t/ e x 0", 1));
    CHECK_UNSIGNED(test_node_count(&near.web, "error event_mismatch"), 1);
    CHECK_UNSIGNED(near.web.line_count, 2);
    struct mqc_stats stats;
    mqc_backend_stats(near.node.backend, &stats);
    CHECK_UNSIGNED(stats.mismatched_events, 2);
    near_free(&near);
    test_node_free(&far);
}

/* What the pool's turn brings to the node itself its clients see as well, once. */
static void own_turn_reaches_the_gateway(const char *is_to_self)
{
    static const char yaml[] =
        "cluster: {name: test}\nnodes:\n  p1: {type: proxy}\n  p2: {type: proxy}\n";
    const char *const settings[] = {"delivery.to_self", is_to_self, NULL};
    struct near near;
    test_node_new_with(&near.node, "p1", broker.uri, yaml, settings);
    add_gateway(&near);
    CHECK_INT(mqc_on_event(near.node.backend, "e", test_node_record, &near.node, NULL), MQC_OK);
    web_wants(&near, "zeek/cluster/node/p1/");
    test_node_start(&near.node);
    CHECK_INT(web_wait(&near, "zeek/cluster/node/p1/"), MQC_OK);
    const struct mqc_value arg = mqc_string_text("x");
    const struct mqc_event event = {.name = mqc_view_text("e"), .args = &arg, .arg_count = 1};
    CHECK(mqc_publish_rr(near.node.backend, mqc_view_text("proxy"), mqc_view_text("k"), &event,
                         NULL));
    const bool is_local = strcmp(is_to_self, "true") == 0;
    CHECK(test_node_wait_line(&near.web, "zeek/cluster/node/p1/ e x 0", 1));
    if (is_local)
        CHECK(test_node_wait_lines(&near.node, 1));
    CHECK_INT(mqc_backend_flush(near.node.backend, 60000), MQC_OK);
    (void)mqc_backend_close(near.node.backend, 1000);
    CHECK_UNSIGNED(test_node_count(&near.web, "zeek/cluster/node/p1/ e x 0"), 1);
    CHECK_UNSIGNED(near.node.line_count, is_local ? 1 : 0);
    near_free(&near);
}

static void test_own_turn_reaches_the_gateway(void)
{
    own_turn_reaches_the_gateway("true");
    own_turn_reaches_the_gateway("false");
}

#define EVENTS 3000

/* Events come in order and once while the node subscribes, unsubscribes, and the broker breaks. */
static void test_gateway_gets_a_stream_in_order(void)
{
    struct near near;
    struct test_node far;
    near_new(&near, broker.uri, NULL);
    test_node_new(&far, "far", broker.uri, NULL);
    web_wants(&near, "s/");
    test_node_start(&near.node);
    test_node_start(&far);
    CHECK_INT(web_wait(&near, "s/"), MQC_OK);
    for (unsigned i = 0; i < EVENTS; i++) {
        char text[20];
        (void)snprintf(text, sizeof text, "%u", i);
        CHECK(test_node_say(&far, "s/", "e", text));
        if (i % 300 == 0) {
            const struct mqc_view prefix = mqc_view_text(i % 600 == 0 ? "s/" : "s");
            CHECK_INT(mqc_subscribe(near.node.backend, prefix, MQC_MATCH_PREFIX, NULL), MQC_OK);
            web_wants(&near, i % 600 == 0 ? "" : "s/");
            CHECK_INT(mqc_unsubscribe(near.node.backend, prefix, MQC_MATCH_PREFIX, NULL), MQC_OK);
            web_gives_up(&near, i % 600 == 0 ? "" : "s/");
        }
    }
    CHECK(test_node_wait_lines(&near.web, EVENTS));
    for (unsigned i = 0; i < EVENTS; i++) {
        char line[40];
        (void)snprintf(line, sizeof line, "s/ e %u 0", i);
        CHECK_TEXT(near.web.lines[i], line);
    }
    CHECK_UNSIGNED(near.web.line_count, EVENTS);
    near_free(&near);
    test_node_free(&far);
}

int main(void)
{
    if (!test_mosquitto_start(&broker, "")) {
        (void)fprintf(stderr, "mosquitto cannot be started: is it installed?\n");
        return EXIT_FAILURE;
    }
    CU_TestInfo tests[] = {
        {"every_combination_gets_what_it_wants", test_every_combination_gets_what_it_wants},
        {"shared_filter_mixes_nothing", test_shared_filter_mixes_nothing},
        {"equal_prefixes_are_one_filter", test_equal_prefixes_are_one_filter},
        {"ready_follows_the_connection", test_ready_follows_the_connection},
        {"refused_filter_harms_its_owner_alone", test_refused_filter_harms_its_owner_alone},
        {"what_does_not_fit_reaches_nobody", test_what_does_not_fit_reaches_nobody},
        {"own_turn_reaches_the_gateway", test_own_turn_reaches_the_gateway},
        {"gateway_gets_a_stream_in_order", test_gateway_gets_a_stream_in_order},
        CU_TEST_INFO_NULL,
    };
    const int status = suite_run("broker.gateway", tests);
    test_mosquitto_stop(&broker);
    return status;
}
