/* Nodes of one cluster that find each other through a broker, and events for the owners of keys. */
#include "support/mosquitto.h"
#include "support/node.h"
#include "support/suite.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PATIENCE_MS 60000

static struct test_mosquitto broker;

static const char layout[] = "cluster: {name: test, lease: 3s}\n"
                             "nodes:\n"
                             "  m: {type: manager}\n"
                             "  l: {type: logger}\n"
                             "  p1: {type: proxy}\n"
                             "  p2: {type: proxy}\n"
                             "  p3: {type: proxy}\n"
                             "  w: {type: worker}\n";

/* The nodes of a running cluster: the proxies record what reaches them. */
struct cluster {
    const char *const *settings;
    struct test_node manager;
    struct test_node proxies[3];
};

static const char *const proxy_names[3] = {"p1", "p2", "p3"};

/* Records every event "job". */
static void record_jobs(struct test_node *node)
{
    CHECK_INT(mqc_on_event(node->backend, "job", test_node_record, node, NULL), MQC_OK);
}

static void start_node(struct test_node *node, const char *name, const char *const settings[])
{
    test_node_new_with(node, name, broker.uri, layout, settings);
    record_jobs(node);
    test_node_watch_nodes(node, false);
    test_node_start(node);
}

static void start_cluster(struct cluster *cluster, const char *const settings[])
{
    cluster->settings = settings;
    start_node(&cluster->manager, "m", settings);
    for (size_t i = 0; i < 3; i++)
        start_node(&cluster->proxies[i], proxy_names[i], settings);
    CHECK(test_node_wait_active(&cluster->manager, "proxy", 3));
    for (size_t i = 0; i < 3; i++) {
        CHECK(test_node_wait_active(&cluster->proxies[i], "proxy", 3));
        CHECK(test_node_wait_active(&cluster->proxies[i], "manager", 1));
    }
}

static void stop_cluster(struct cluster *cluster)
{
    test_node_free(&cluster->manager);
    for (size_t i = 0; i < 3; i++)
        test_node_free(&cluster->proxies[i]);
}

static bool publish_job(struct test_node *node, const char *topic, const char *text)
{
    return test_node_say(node, topic, "job", text);
}

static struct mqc_event make_job(const struct test_node *node, const struct mqc_value *arg)
{
    struct mqc_event event = {.arg_count = 0};
    CHECK_INT(mqc_make_event(node->backend, "job", arg, 1, &event, NULL), MQC_OK);
    return event;
}

static bool publish_hrw(struct test_node *node, const char *pool, uint64_t key,
                        struct mqc_error_info *info)
{
    const struct mqc_value arg = mqc_count(key);
    const struct mqc_key owner_key = {.value = mqc_count(key)};
    const struct mqc_event event = make_job(node, &arg);
    return mqc_publish_hrw(node->backend, mqc_view_text(pool), &owner_key, &event, info);
}

static bool publish_rr(struct test_node *node, const char *pool, uint64_t number,
                       struct mqc_error_info *info)
{
    const struct mqc_value arg = mqc_count(number);
    const struct mqc_event event = make_job(node, &arg);
    return mqc_publish_rr(node->backend, mqc_view_text(pool), mqc_view_text("turn"), &event, info);
}

static struct test_node *find_proxy(struct cluster *cluster, const char *name)
{
    for (size_t i = 0; i < 3; i++)
        if (strcmp(proxy_names[i], name) == 0)
            return &cluster->proxies[i];
    return NULL;
}

/* How many of the lines are a certain one, over all proxies. */
static size_t count_everywhere(struct cluster *cluster, const char *line)
{
    size_t count = 0;
    for (size_t i = 0; i < 3; i++)
        count += test_node_count(&cluster->proxies[i], line);
    return count;
}

static void node_is_told_once_and_in_order(const char *const settings[])
{
    struct test_node watcher;
    struct test_node node;
    start_node(&watcher, "m", settings);
    test_node_new_with(&node, "p1", broker.uri, layout, settings);
    REQUIRE(mqc_backend_init(node.backend, "ID-1", NULL) == MQC_OK);
    CHECK(test_node_wait_line(&watcher, " Cluster::node_up p1 ID-1", 1));
    CHECK_UNSIGNED(mqc_active_node_count(watcher.backend, "proxy"), 1);
    CHECK_UNSIGNED(mqc_backend_close(node.backend, PATIENCE_MS), 0);
    CHECK(test_node_wait_line(&watcher, " Cluster::node_down p1 ID-1", 1));
    test_node_free(&node);
    test_node_new_with(&node, "p1", broker.uri, layout, settings);
    REQUIRE(mqc_backend_init(node.backend, "ID-2", NULL) == MQC_OK);
    CHECK(test_node_wait_line(&watcher, " Cluster::node_up p1 ID-2", 1));
    static const char *const expected[] = {
        " Cluster::hello p1 ID-1", " Cluster::node_up p1 ID-1", " Cluster::node_down p1 ID-1",
        " Cluster::hello p1 ID-2", " Cluster::node_up p1 ID-2",
    };
    test_node_free(&node);
    CHECK(test_node_wait_line(&watcher, " Cluster::node_down p1 ID-2", 1));
    CHECK_UNSIGNED(mqc_backend_close(watcher.backend, 0), 0);
    CHECK_UNSIGNED(watcher.line_count, 6);
    for (size_t i = 0; i < sizeof expected / sizeof expected[0] && i < watcher.line_count; i++)
        CHECK_TEXT(watcher.lines[i], expected[i]);
    CHECK_UNSIGNED(watcher.error_count, 0);
    test_node_free(&watcher);
}

static void hrw_reaches_exactly_the_owner(const char *const settings[])
{
    struct cluster cluster;
    start_cluster(&cluster, settings);
    for (uint64_t key = 0; key < 30; key++) {
        char line[MQC_NODE_TOPIC_BYTES + 20];
        struct mqc_route route;
        struct mqc_error_info info = {.code = MQC_OK};
        const struct mqc_key owner_key = {.value = mqc_count(key)};
        CHECK_INT(mqc_hrw_topic(cluster.manager.backend, mqc_view_text("proxy"), &owner_key, &route,
                                &info),
                  MQC_OK);
        CHECK(publish_hrw(&cluster.manager, "zeek/cluster/pool/proxy", key, &info));
        struct test_node *owner = find_proxy(&cluster, route.node);
        REQUIRE(owner != NULL);
        (void)snprintf(line, sizeof line, "%s job %u", route.topic, (unsigned)key);
        CHECK(test_node_wait_line(owner, line, 1));
        CHECK_UNSIGNED(count_everywhere(&cluster, line), 1);
    }
    stop_cluster(&cluster);
}

static void rr_visits_in_turn(const char *const settings[])
{
    struct cluster cluster;
    start_cluster(&cluster, settings);
    for (unsigned i = 0; i < 9; i++) {
        char line[100];
        CHECK(publish_rr(&cluster.manager, "proxy", i, NULL));
        (void)snprintf(line, sizeof line, "zeek/cluster/node/%s/ job %u", proxy_names[i % 3], i);
        CHECK(test_node_wait_line(&cluster.proxies[i % 3], line, 1));
        CHECK_UNSIGNED(count_everywhere(&cluster, line), 1);
    }
    stop_cluster(&cluster);
}

/* p2 is in the pool too. */
static void own_turn_reaches_own_handlers(const char *const settings[], bool is_to_self)
{
    struct cluster cluster;
    start_cluster(&cluster, settings);
    struct test_node *self = &cluster.proxies[1];
    for (unsigned i = 0; i < 6; i++)
        CHECK(publish_rr(self, "proxy", i, NULL));
    CHECK(test_node_wait_line(&cluster.proxies[0], "zeek/cluster/node/p1/ job 3", 1));
    CHECK(test_node_wait_line(&cluster.proxies[2], "zeek/cluster/node/p3/ job 5", 1));
    if (is_to_self)
        CHECK(test_node_wait_line(self, "zeek/cluster/node/p2/ job 4", 1));
    CHECK(publish_job(&cluster.manager, "zeek/cluster/node/p2/", "end"));
    CHECK(test_node_wait_line(self, "zeek/cluster/node/p2/ job end", 1));
    CHECK_UNSIGNED(test_node_count(self, "zeek/cluster/node/p2/ job 1"), is_to_self ? 1 : 0);
    CHECK_UNSIGNED(test_node_count(self, "zeek/cluster/node/p2/ job 4"), is_to_self ? 1 : 0);
    stop_cluster(&cluster);
}

static void publishing_to_an_empty_pool_is_an_error(const char *const settings[])
{
    struct test_node node;
    struct mqc_error_info info = {.code = MQC_OK};
    start_node(&node, "m", settings);
    CHECK(!publish_hrw(&node, "proxy", 1, &info));
    CHECK_INT(info.code, MQC_ENOTFOUND);
    CHECK_CONTAINS(info.text, "none of the 3 nodes");
    CHECK(!publish_rr(&node, "proxy", 1, &info));
    CHECK_INT(info.code, MQC_ENOTFOUND);
    CHECK(!publish_hrw(&node, "nope", 1, &info));
    CHECK_INT(info.code, MQC_ENOTFOUND);
    CHECK_CONTAINS(info.text, "nope");
    CHECK_UNSIGNED(mqc_backend_close(node.backend, 0), 0);
    CHECK(!publish_hrw(&node, "proxy", 1, &info));
    test_node_free(&node);
}

static void own_topics_are_subscribed_to(const char *const settings[])
{
    struct test_node sender;
    struct test_node node;
    test_node_new(&sender, NULL, broker.uri, settings);
    test_node_start(&sender);
    start_node(&node, "p1", settings);
    char id_topic[400];
    char line[420];
    (void)snprintf(id_topic, sizeof id_topic, "zeek/cluster/nodeid/%s/",
                   mqc_backend_node_id(node.backend));
    const char *const wanted[] = {"zeek/cluster/node/p1/", "zeek/cluster/proxy",
                                  "zeek/cluster/pool/proxy", "zeek/cluster/pool/proxy/sub",
                                  id_topic};
    const char *const other[] = {"zeek/cluster/node/p10/", "zeek/cluster/proxy2",
                                 "zeek/cluster/worker", "zeek/cluster/pool/worker", "zeek/cluster"};
    for (size_t i = 0; i < sizeof other / sizeof other[0]; i++)
        CHECK(publish_job(&sender, other[i], "x"));
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        CHECK(publish_job(&sender, wanted[i], "x"));
        (void)snprintf(line, sizeof line, "%s job x", wanted[i]);
        CHECK(test_node_wait_line(&node, line, 1));
    }
    CHECK_UNSIGNED(mqc_backend_close(node.backend, 0), 0);
    CHECK_UNSIGNED(node.line_count, sizeof wanted / sizeof wanted[0]);
    test_node_free(&node);
    test_node_free(&sender);
}

static void tool_watches(const char *const settings[])
{
    struct test_node tool;
    struct test_node node;
    test_node_new_with(&tool, NULL, broker.uri, layout, settings);
    test_node_watch_nodes(&tool, true);
    test_node_start(&tool);
    start_node(&node, "w", settings);
    CHECK(test_node_wait_active(&tool, "worker", 1));
    CHECK_UNSIGNED(mqc_active_node_count(node.backend, "worker"), 1);
    struct mqc_error_info info;
    CHECK(publish_rr(&tool, "worker", 1, &info));
    CHECK(publish_hrw(&tool, "worker", 1, &info));
    test_node_free(&node);
    CHECK(test_node_wait_active(&tool, "worker", 0));
    CHECK(!publish_rr(&tool, "worker", 1, &info));
    CHECK_CONTAINS(info.text, "is up");
    CHECK_UNSIGNED(tool.error_count, 0);
    test_node_free(&tool);
}

/* A worker that is not told to watch the others hears of none. */
static void worker_watches_no_workers(const char *const settings[])
{
    struct test_node node;
    start_node(&node, "w", settings);
    struct mqc_error_info info;
    CHECK(!publish_hrw(&node, "worker", 1, &info));
    CHECK_CONTAINS(info.text, "does not watch");
    test_node_free(&node);
}

static void stranger_is_reported(const char *const settings[])
{
    static const char other_layout[] = "cluster: {name: test}\nnodes: {p9: {type: proxy}}\n";
    struct test_node node;
    struct test_node stranger;
    start_node(&node, "m", settings);
    test_node_new_with(&stranger, "p9", broker.uri, other_layout, settings);
    test_node_start(&stranger);
    CHECK(test_node_wait_error(&node, "unexpected_node"));
    CHECK_UNSIGNED(mqc_active_node_count(node.backend, "proxy"), 0);
    CHECK(test_node_wait_error(&stranger, "unexpected_node"));
    test_node_free(&stranger);
    test_node_free(&node);
}

static bool wait_state(const struct test_node *node, enum mqc_state state)
{
    for (unsigned left = PATIENCE_MS / 10; left > 0; left--) {
        if (mqc_backend_state(node->backend) == state)
            return true;
        (void)usleep(10000);
    }
    return false;
}

/* Two client ids, so that the broker does not keep them apart by itself. */
static void duplicate_gives_way(const char *const settings[])
{
    struct test_node first;
    struct test_node second;
    struct test_node watcher;
    const char *one[8] = {settings[0], settings[1], "broker.client_id", "one", NULL};
    const char *two[8] = {settings[0], settings[1], "broker.client_id", "two", NULL};
    start_node(&watcher, "m", settings);
    start_node(&first, "p1", one);
    CHECK(test_node_wait_active(&watcher, "proxy", 1));
    start_node(&second, "p1", two);
    CHECK(test_node_wait_error(&first, "duplicate_node"));
    CHECK(wait_state(&first, MQC_STATE_TAKEN));
    CHECK_INT(mqc_backend_wait_ready(first.backend, PATIENCE_MS), MQC_ETAKEN);
    CHECK_INT(mqc_backend_state(second.backend), MQC_STATE_UP);
    char line[300];
    (void)snprintf(line, sizeof line, " Cluster::node_up p1 %s",
                   mqc_backend_node_id(second.backend));
    CHECK(test_node_wait_line(&watcher, line, 1));
    CHECK(test_node_wait_active(&watcher, "proxy", 1));
    test_node_free(&first);
    test_node_free(&second);
    test_node_free(&watcher);
}

/* Nobody knows a layout. */
static void dynamic_nodes_find_each_other(const char *const settings[])
{
    static const char one[] =
        "cluster: {name: test, lease: 3s}\nmembership: dynamic\nnodes: {x1: {type: proxy}}\n";
    static const char two[] =
        "cluster: {name: test, lease: 3s}\nmembership: dynamic\nnodes: {x2: {type: manager}}\n";
    struct test_node proxy;
    struct test_node manager;
    test_node_new_with(&proxy, "x1", broker.uri, one, settings);
    record_jobs(&proxy);
    test_node_start(&proxy);
    test_node_new_with(&manager, "x2", broker.uri, two, settings);
    test_node_start(&manager);
    CHECK(test_node_wait_active(&manager, "proxy", 1));
    CHECK(test_node_wait_active(&proxy, "manager", 1));
    CHECK(publish_hrw(&manager, "proxy", 5, NULL));
    CHECK(test_node_wait_line(&proxy, "zeek/cluster/node/x1/ job 5", 1));
    CHECK_UNSIGNED(manager.error_count, 0);
    test_node_free(&proxy);
    CHECK(test_node_wait_active(&manager, "proxy", 0));
    test_node_free(&manager);
}

typedef void (*scenario_fn)(const char *const settings[]);

static void with_both_protocols(scenario_fn scenario)
{
    static const char *const protocols[][3] = {{"broker.protocol", "5", NULL},
                                               {"broker.protocol", "3.1.1", NULL}};
    for (size_t i = 0; i < 2; i++) {
        scenario(protocols[i]);
        /* What the last ones left at the broker is gone with it. */
        CHECK(test_mosquitto_kill(&broker) && test_mosquitto_restart(&broker));
    }
}

static void test_node_that_comes_and_goes_is_told_once_and_in_order(void)
{
    with_both_protocols(node_is_told_once_and_in_order);
}

static void test_publish_hrw_reaches_exactly_the_owner(void)
{
    with_both_protocols(hrw_reaches_exactly_the_owner);
}

static void test_publish_rr_visits_the_nodes_in_turn(void)
{
    with_both_protocols(rr_visits_in_turn);
}

static void own_turn_with_self(const char *const settings[])
{
    own_turn_reaches_own_handlers(settings, true);
}

static void own_turn_without_self(const char *const settings[])
{
    const char *more[5] = {settings[0], settings[1], "delivery.to_self", "false", NULL};
    own_turn_reaches_own_handlers(more, false);
}

static void test_publish_rr_own_turn_reaches_own_handlers(void)
{
    with_both_protocols(own_turn_with_self);
}

static void test_publish_rr_own_turn_without_self_delivery_reaches_nobody(void)
{
    with_both_protocols(own_turn_without_self);
}

static void test_publish_to_an_empty_pool_is_an_error(void)
{
    with_both_protocols(publishing_to_an_empty_pool_is_an_error);
}

static void test_own_topics_are_subscribed_to(void)
{
    with_both_protocols(own_topics_are_subscribed_to);
}

static void test_tool_outside_the_layout_watches(void)
{
    with_both_protocols(tool_watches);
}

static void test_worker_watches_no_workers(void)
{
    with_both_protocols(worker_watches_no_workers);
}

static void test_stranger_to_the_layout_is_reported(void)
{
    with_both_protocols(stranger_is_reported);
}

static void test_duplicate_under_another_client_id_gives_way(void)
{
    with_both_protocols(duplicate_gives_way);
}

static void test_dynamic_nodes_find_each_other(void)
{
    with_both_protocols(dynamic_nodes_find_each_other);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"told once", test_node_that_comes_and_goes_is_told_once_and_in_order},
        {"hrw", test_publish_hrw_reaches_exactly_the_owner},
        {"rr", test_publish_rr_visits_the_nodes_in_turn},
        {"own turn", test_publish_rr_own_turn_reaches_own_handlers},
        {"own turn to nobody", test_publish_rr_own_turn_without_self_delivery_reaches_nobody},
        {"empty pool", test_publish_to_an_empty_pool_is_an_error},
        {"own topics", test_own_topics_are_subscribed_to},
        {"tool", test_tool_outside_the_layout_watches},
        {"worker", test_worker_watches_no_workers},
        {"stranger", test_stranger_to_the_layout_is_reported},
        {"duplicate", test_duplicate_under_another_client_id_gives_way},
        {"dynamic", test_dynamic_nodes_find_each_other},
        CU_TEST_INFO_NULL,
    };
    if (!test_mosquitto_start(&broker, "")) {
        (void)fprintf(stderr, "mosquitto does not start\n");
        return 1;
    }
    const int status = suite_run("broker.cluster", tests);
    test_mosquitto_stop(&broker);
    return status;
}
