#include "unit/backend/members_driver.h"

#include "cluster/membership.h"
#include "mqtt/session.h"
#include "support/suite.h"

#include <stdio.h>

static const struct mqc_key string_key = {
    .value = {.type = MQC_TYPE_STRING, .as.text = {"key", 3}}};

/* The node that owns the key "key"; for none, the error's text. */
static const char *hrw(struct members_driver *d, const char *pool)
{
    static char text[MQC_NODE_NAME_BYTES + 300];
    struct mqc_route route = {.is_self = true};
    struct mqc_error_info info = {.code = MQC_OK};
    const enum mqc_error error =
        mqc__members_hrw(d->members, mqc_view_text(pool), &string_key, &route, &info);
    CHECK_INT(info.code, error);
    CHECK(error != MQC_OK || !route.is_self);
    (void)snprintf(text, sizeof text, "%s", error == MQC_OK ? route.node : info.text);
    return text;
}

static const char *rr(struct members_driver *d, const char *pool)
{
    static char text[MQC_NODE_NAME_BYTES + 300];
    struct mqc_route route;
    struct mqc_error_info info = {.code = MQC_OK};
    const enum mqc_error error =
        mqc__members_rr(d->members, mqc_view_text(pool), mqc_view_text("turn"), &route, &info);
    CHECK_INT(info.code, error);
    (void)snprintf(text, sizeof text, "%s", error == MQC_OK ? route.node : info.text);
    return text;
}

static const struct mqc__pool_spec own_pool = {.topic = {"app/pool", 8},
                                               .node_type = MQC__NODE_PROXY};

static void test_presence_raises_events_and_changes_the_owner(void)
{
    struct members_driver d;
    const struct mqc__members_options options = members_options();
    members_driver_open(&d, &options);
    CHECK_TEXT(members_driver_log(&d), "announce");
    CHECK(d.is_up && d.is_retained);
    CHECK_TEXT(hrw(&d, "proxy"), "none of the 2 nodes of pool zeek/cluster/pool/proxy is up");
    CHECK(members_driver_see(&d, "proxy", "p1", "A", true));
    CHECK_TEXT(members_driver_log(&d), "hello:p1/A up:p1/A");
    CHECK_TEXT(hrw(&d, "proxy"), "p1");
    CHECK_TEXT(hrw(&d, "zeek/cluster/pool/proxy"), "p1");
    CHECK(members_driver_see(&d, "proxy", "p1", "B", true));
    CHECK_TEXT(members_driver_log(&d), "down:p1/A hello:p1/B up:p1/B");
    CHECK(members_driver_see(&d, "proxy", "p1", "B", false));
    CHECK_TEXT(members_driver_log(&d), "down:p1/B");
    CHECK_CONTAINS(hrw(&d, "proxy"), "is up");
    members_driver_free(&d);
}

static void test_other_messages_are_left_alone(void)
{
    struct members_driver d;
    const struct mqc__members_options options = members_options();
    members_driver_open(&d, &options);
    (void)members_driver_log(&d);
    d.tick_ms = -1;
    const struct mqc__mqtt_message event = {.topic = mqc_view_text("r/event/node/proxy/p1")};
    CHECK(!mqc__members_received(d.members, &event, d.now_ms));
    CHECK_INT(d.tick_ms, -1);
    const struct mqc__mqtt_message broken = {.topic = mqc_view_text("r/node/proxy/p1"),
                                             .payload = mqc_view_text("\xff"),
                                             .expiry_s = -1};
    CHECK(mqc__members_received(d.members, &broken, d.now_ms));
    CHECK_TEXT(members_driver_log(&d), "error:malformed_presence");
    members_driver_free(&d);
}

static void test_every_input_plans_the_next_tick(void)
{
    struct members_driver d;
    const struct mqc__members_options options = members_options();
    members_driver_open(&d, &options);
    CHECK_INT(d.tick_ms, d.now_ms + 5000);
    CHECK(members_driver_see(&d, "proxy", "p1", "A", true));
    while (d.now_ms < 60000) {
        CHECK(d.tick_ms > d.now_ms && d.tick_ms <= d.now_ms + 5000);
        d.now_ms = d.tick_ms;
        mqc__members_tick(d.members, d.now_ms);
        mqc__members_acknowledged(d.members, d.now_ms);
    }
    CHECK_CONTAINS(members_driver_log(&d), "down:p1/A");
    mqc__members_disconnected(d.members, d.now_ms);
    CHECK_INT(d.tick_ms, INT64_MAX);
    mqc__members_connected(d.members, d.now_ms);
    CHECK_INT(d.tick_ms, d.now_ms + 5000);
    (void)members_driver_log(&d);
    mqc__members_leave(d.members, "stopped", d.now_ms);
    CHECK_INT(d.tick_ms, INT64_MAX);
    CHECK_TEXT(members_driver_log(&d), "announce");
    CHECK(!d.is_up && d.is_retained);
    members_driver_free(&d);
}

static void test_will_counts_for_the_next_connection_only(void)
{
    struct members_driver d;
    const struct mqc__members_options options = members_options();
    members_driver_open(&d, &options);
    struct mqc__arena arena;
    struct mqc__presence first;
    struct mqc__presence second;
    mqc__arena_init(&arena, (size_t)1 << 16);
    REQUIRE(mqc__presence_decode(&arena, mqc__members_will(d.members), &first, NULL) == MQC_OK);
    const uint64_t connection = first.connection;
    CHECK(!first.is_up);
    CHECK_VIEW_TEXT(first.instance, "ME");
    REQUIRE(mqc__presence_decode(&arena, mqc__members_will(d.members), &second, NULL) == MQC_OK);
    CHECK_UNSIGNED(second.connection, connection + 1);
    mqc__arena_fini(&arena);
    members_driver_free(&d);
}

/* Another instance of this node announces itself every second. */
static void meet_other(struct members_driver *d)
{
    const int64_t end_ms = d->now_ms + 10000;
    for (; d->now_ms < end_ms; d->now_ms += 1000)
        CHECK(members_driver_see(d, "manager", "m", "OTHER", true));
}

static void test_of_two_instances_the_earlier_one_gives_way(void)
{
    struct members_driver d;
    const struct mqc__members_options options = members_options();
    members_driver_open(&d, &options);
    meet_other(&d);
    CHECK(strstr(members_driver_log(&d), "give_way") == NULL);
    CHECK_CONTAINS((const char *)d.error.data, "OTHER");
    d.start_ms = UINT64_C(1) << 50;
    meet_other(&d);
    CHECK_CONTAINS(members_driver_log(&d), "announce give_way");
    CHECK(!d.is_up && !d.is_retained);
    CHECK_UNSIGNED(mqc__members_will(d.members).size, 0);
    members_driver_free(&d);
}

static void test_texts_are_what_the_node_is(void)
{
    struct members_driver d;
    const struct mqc__members_options options = members_options();
    members_driver_open(&d, &options);
    struct mqc__members_texts texts;
    mqc__members_texts(d.members, &texts);
    CHECK_TEXT(texts.presence_topic, "r/node/manager/m");
    CHECK_UNSIGNED(texts.presence_expiry_s, 15);
    CHECK_UNSIGNED(texts.filter_count, 5);
    REQUIRE(texts.topic_count == 3);
    CHECK_VIEW_TEXT(texts.topics[0], "zeek/cluster/manager");
    CHECK_VIEW_TEXT(texts.topics[1], "zeek/cluster/nodeid/ME/");
    CHECK_VIEW_TEXT(texts.topics[2], "zeek/cluster/node/m/");
    members_driver_free(&d);
}

static void test_process_outside_the_cluster_only_watches(void)
{
    struct members_driver d;
    struct mqc__members_options options = members_options();
    options.node = NULL;
    options.type = MQC__NODE_NONE;
    options.watch = 0;
    REQUIRE(members_driver_new(&d, &options, NULL) == MQC_OK);
    mqc__members_watch_all(d.members);
    REQUIRE(mqc__members_start(d.members, "ME", NULL) == MQC_OK);
    mqc__members_connected(d.members, d.now_ms);
    struct mqc__members_texts texts;
    mqc__members_texts(d.members, &texts);
    CHECK(texts.presence_topic == NULL);
    CHECK_UNSIGNED(texts.topic_count, 0);
    CHECK_UNSIGNED(texts.filter_count, 5);
    CHECK_UNSIGNED(mqc__members_will(d.members).size, 0);
    CHECK(members_driver_see(&d, "worker", "w1", "A", true));
    CHECK_TEXT(members_driver_log(&d), "hello:w1/A up:w1/A");
    CHECK_UNSIGNED(mqc__members_active_count(d.members, MQC__NODE_WORKER), 1);
    CHECK_UNSIGNED(mqc__members_active_count(d.members, MQC__NODE_MANAGER), 0);
    members_driver_free(&d);
}

static void test_watch_all_after_start_has_no_effect(void)
{
    struct members_driver d;
    struct mqc__members_options options = members_options();
    options.watch = MQC__TYPE_BIT(MQC__NODE_LOGGER);
    members_driver_open(&d, &options);
    mqc__members_watch_all(d.members);
    CHECK_TEXT(hrw(&d, "proxy"), "this node does not watch the proxys of pool "
                                 "zeek/cluster/pool/proxy: add proxy to cluster.watch");
    members_driver_free(&d);
}

static void test_choice_says_what_is_wrong(void)
{
    struct members_driver d;
    struct mqc__members_options options = members_options();
    struct mqc_route route;
    struct mqc_error_info info;
    REQUIRE(members_driver_new(&d, &options, NULL) == MQC_OK);
    CHECK_TEXT(hrw(&d, "proxy"), "mqc_backend_init() was not called");
    REQUIRE(mqc__members_start(d.members, "ME", NULL) == MQC_OK);
    CHECK_TEXT(hrw(&d, "nope"), "there is no pool 'nope'");
    CHECK_TEXT(rr(&d, "nope"), "there is no pool 'nope'");
    CHECK_TEXT(rr(&d, "proxy"), "none of the 2 nodes of pool zeek/cluster/pool/proxy is up");
    char large[600];
    memset(large, 'x', sizeof large);
    CHECK_INT(mqc__members_rr(d.members, mqc_view_text("logger"),
                              mqc_view_bytes(large, sizeof large), &route, &info),
              MQC_ETOOLARGE);
    CHECK_CONTAINS(info.text, "round robin key");
    const struct mqc_key set = {.value = {.type = MQC_TYPE_SET}};
    CHECK_INT(mqc__members_hrw(d.members, mqc_view_text("proxy"), &set, &route, &info), MQC_ETYPE);
    const struct mqc_key odd = {.value = string_key.value, .type = "vector of"};
    CHECK_INT(mqc__members_hrw(d.members, mqc_view_text("proxy"), &odd, &route, &info), MQC_EINVAL);
    members_driver_free(&d);
    options.node_count = 1;
    members_driver_open(&d, &options);
    CHECK_TEXT(hrw(&d, "proxy"),
               "pool zeek/cluster/pool/proxy has no nodes: no proxy in the layout is left for it");
    members_driver_free(&d);
}

static void test_key_may_have_a_composite_type(void)
{
    struct members_driver d;
    const struct mqc__members_options options = members_options();
    members_driver_open(&d, &options);
    CHECK(members_driver_see(&d, "proxy", "p1", "A", true));
    const struct mqc_value elements[] = {mqc_count(1), mqc_count(2)};
    const struct mqc_key key = {.value = mqc_vector(elements, 2), .type = "vector of count"};
    struct mqc_route route = {.key_hash = 0};
    struct mqc_error_info info = {.code = MQC_OK};
    CHECK_INT(mqc__members_hrw(d.members, mqc_view_text("proxy"), &key, &route, &info), MQC_OK);
    CHECK_TEXT(info.text, "");
    CHECK_TEXT(route.node, "p1");
    CHECK_TEXT(route.topic, "zeek/cluster/node/p1/");
    CHECK(route.key_hash != 0 && route.weight != 0 && route.site_id != 0);
    members_driver_free(&d);
}

static void test_round_robin_counts_this_node_and_hrw_does_not(void)
{
    struct members_driver d;
    struct mqc__members_options options = members_options();
    options.node = "w1";
    options.type = MQC__NODE_WORKER;
    members_driver_open(&d, &options);
    CHECK_TEXT(rr(&d, "worker"), "w1");
    CHECK_TEXT(hrw(&d, "worker"), "of the 3 nodes of pool zeek/cluster/pool/worker only this one "
                                  "is up, which hrw never chooses");
    CHECK(members_driver_see(&d, "worker", "w3", "A", true));
    CHECK_TEXT(rr(&d, "worker"), "w3");
    CHECK_TEXT(rr(&d, "worker"), "w1");
    CHECK_TEXT(hrw(&d, "worker"), "w3");
    CHECK_UNSIGNED(mqc__members_active_count(d.members, MQC__NODE_WORKER), 2);
    members_driver_free(&d);
}

static void test_own_pool_is_found_by_topic_and_registered_in_time_only(void)
{
    struct members_driver d;
    struct mqc__members_options options = members_options();
    struct mqc_error_info info;
    options.watch = MQC__TYPE_BIT(MQC__NODE_LOGGER);
    REQUIRE(members_driver_new(&d, &options, NULL) == MQC_OK);
    CHECK_INT(mqc__members_register(d.members, &own_pool, &info), MQC_OK);
    struct mqc__pool_spec wrong = own_pool;
    wrong.is_exclusive = true;
    CHECK_INT(mqc__members_register(d.members, &wrong, &info), MQC_ECONFIG);
    wrong = own_pool;
    wrong.node_type = MQC__NODE_LOGGER;
    CHECK_INT(mqc__members_register(d.members, &wrong, &info), MQC_EEXIST);
    REQUIRE(mqc__members_start(d.members, "ME", NULL) == MQC_OK);
    CHECK_INT(mqc__members_register(d.members, &own_pool, &info), MQC_EEXIST);
    CHECK_CONTAINS(info.text, "before mqc_backend_init()");
    mqc__members_connected(d.members, d.now_ms);
    CHECK(members_driver_see(&d, "proxy", "p2", "A", true));
    CHECK_TEXT(hrw(&d, "app/pool"), "p2");
    members_driver_free(&d);
}

static void test_options_with_a_wrong_pool_are_refused(void)
{
    struct members_driver d;
    struct mqc__members_options options = members_options();
    struct mqc_error_info info;
    const struct mqc__pool_spec wrong = {
        .topic = {"a", 1}, .node_type = MQC__NODE_MANAGER, .is_exclusive = true};
    options.pools = &wrong;
    options.pool_count = 1;
    CHECK_INT(members_driver_new(&d, &options, &info), MQC_ECONFIG);
    CHECK(d.members == NULL);
    members_driver_free(&d);
}

static void test_start_that_failed_may_be_repeated(void)
{
    struct members_driver d;
    struct mqc__members_options options = members_options();
    struct mqc_error_info info;
    struct mqc__pool_spec greedy = own_pool;
    greedy.is_exclusive = true;
    greedy.has_max_nodes = true;
    greedy.max_nodes = 3;
    options.pools = &greedy;
    options.pool_count = 1;
    REQUIRE(members_driver_new(&d, &options, &info) == MQC_OK);
    CHECK_INT(mqc__members_start(d.members, "ME", &info), MQC_ECONFIG);
    CHECK_CONTAINS(info.text, "not enough proxy nodes");
    CHECK_INT(mqc__members_start(d.members, "ME", &info), MQC_ECONFIG);
    CHECK_TEXT(hrw(&d, "proxy"), "mqc_backend_init() was not called");
    members_driver_free(&d);
    options = members_options();
    REQUIRE(members_driver_new(&d, &options, &info) == MQC_OK);
    CHECK_INT(mqc__members_start(d.members, "", &info), MQC_EINVAL);
    CHECK_INT(mqc__members_start(d.members, "ONE", &info), MQC_OK);
    CHECK_INT(mqc__members_start(d.members, "TWO", &info), MQC_OK);
    struct mqc__members_texts texts;
    mqc__members_texts(d.members, &texts);
    CHECK_VIEW_TEXT(texts.topics[1], "zeek/cluster/nodeid/TWO/");
    members_driver_free(&d);
}

static void test_dynamic_members_join_the_pools(void)
{
    struct members_driver d;
    struct mqc__members_options options = members_options();
    options.is_dynamic = true;
    options.node_count = 1;
    members_driver_open(&d, &options);
    (void)members_driver_log(&d);
    CHECK_CONTAINS(hrw(&d, "worker"), "has no nodes");
    CHECK(members_driver_see(&d, "worker", "w9", "A", true));
    CHECK_TEXT(members_driver_log(&d), "hello:w9/A up:w9/A");
    CHECK_TEXT(hrw(&d, "worker"), "w9");
    CHECK(members_driver_see(&d, "worker", "w8", "A", true));
    const char *const turns[] = {"w8", "w9", "w8"};
    for (size_t i = 0; i < 3; i++)
        CHECK_TEXT(rr(&d, "worker"), turns[i]);
    CHECK(members_driver_see(&d, "worker", "w9", "A", false));
    CHECK_TEXT(hrw(&d, "worker"), "w8");
    CHECK(members_driver_see(&d, "worker", "w7", "A", true));
    CHECK(members_driver_see(&d, "worker", "w8", "A", false));
    CHECK_TEXT(hrw(&d, "worker"), "w7");
    members_driver_free(&d);
}

/* The nodes that it needs may come later. */
static void test_dynamic_exclusive_pool_waits_for_its_nodes(void)
{
    struct members_driver d;
    struct mqc__members_options options = members_options();
    struct mqc__pool_spec pair = own_pool;
    pair.is_exclusive = true;
    pair.has_max_nodes = true;
    pair.max_nodes = 2;
    options.pools = &pair;
    options.pool_count = 1;
    options.is_dynamic = true;
    options.node_count = 1;
    members_driver_open(&d, &options);
    CHECK_CONTAINS(hrw(&d, "app/pool"), "not enough proxy nodes");
    CHECK(members_driver_see(&d, "proxy", "p1", "A", true));
    CHECK_CONTAINS(hrw(&d, "app/pool"), "not enough proxy nodes");
    CHECK(members_driver_see(&d, "proxy", "p2", "A", true));
    CHECK(strlen(hrw(&d, "app/pool")) == 2);
    members_driver_free(&d);
}

/* What mqc__members_each() lists. */
struct listed {
    unsigned count;
    unsigned up_count;
    unsigned self_count;
    char id[20]; /* of w1 */
    bool has_times;
};

static void list(void *context, const struct mqc_node *node)
{
    struct listed *listed = context;
    listed->count++;
    listed->up_count += node->is_up;
    listed->self_count += node->is_self;
    if (!mqc_view_equal(node->name, mqc_view_text("w1")))
        return;
    (void)snprintf(listed->id, sizeof listed->id, "%.*s", (int)node->id.size,
                   node->id.size != 0 ? node->id.data : "");
    listed->has_times = node->since_ns != 0 && node->last_seen_ns != 0;
    CHECK_TEXT(node->type, "worker");
}

static void test_each_lists_the_layout_and_this_node(void)
{
    struct members_driver d;
    struct listed listed = {0};
    const struct mqc__members_options options = members_options();
    REQUIRE(members_driver_new(&d, &options, NULL) == MQC_OK);
    CHECK_UNSIGNED(mqc__members_each(d.members, list, &listed), 1);
    CHECK_UNSIGNED(listed.up_count, 0);
    members_driver_free(&d);
    members_driver_open(&d, &options);
    listed = (struct listed){0};
    CHECK_UNSIGNED(mqc__members_each(d.members, list, &listed), 7);
    CHECK_UNSIGNED(listed.count, 7);
    CHECK_UNSIGNED(listed.up_count, 1);
    CHECK_UNSIGNED(listed.self_count, 1);
    CHECK(!listed.has_times);
    CHECK(members_driver_see(&d, "worker", "w1", "A", true));
    listed = (struct listed){0};
    (void)mqc__members_each(d.members, list, &listed);
    CHECK_UNSIGNED(listed.up_count, 2);
    CHECK_TEXT(listed.id, "A");
    CHECK(listed.has_times);
    CHECK_UNSIGNED(mqc__members_active_count(d.members, MQC__NODE_WORKER), 1);
    CHECK_UNSIGNED(mqc__members_active_count(d.members, MQC__NODE_MANAGER), 1);
    members_driver_free(&d);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"events and owner", test_presence_raises_events_and_changes_the_owner},
        {"other messages", test_other_messages_are_left_alone},
        {"ticks", test_every_input_plans_the_next_tick},
        {"will", test_will_counts_for_the_next_connection_only},
        {"give way", test_of_two_instances_the_earlier_one_gives_way},
        {"texts", test_texts_are_what_the_node_is},
        {"outside the cluster", test_process_outside_the_cluster_only_watches},
        {"watch too late", test_watch_all_after_start_has_no_effect},
        {"errors of a choice", test_choice_says_what_is_wrong},
        {"composite key", test_key_may_have_a_composite_type},
        {"this node", test_round_robin_counts_this_node_and_hrw_does_not},
        {"own pool", test_own_pool_is_found_by_topic_and_registered_in_time_only},
        {"wrong pool", test_options_with_a_wrong_pool_are_refused},
        {"start again", test_start_that_failed_may_be_repeated},
        {"dynamic", test_dynamic_members_join_the_pools},
        {"dynamic exclusive", test_dynamic_exclusive_pool_waits_for_its_nodes},
        {"each", test_each_lists_the_layout_and_this_node},
        CU_TEST_INFO_NULL,
    };
    return suite_run("backend.members", tests);
}
