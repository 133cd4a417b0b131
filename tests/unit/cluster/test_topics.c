#include "support/suite.h"

#include "cluster/topics.h"

static const struct mqc_view name = {"worker-1", 8};

static void test_topics_with_slashes_as_zeek(void)
{
    struct mqc__arena arena;
    struct mqc_view topic;
    mqc__arena_init(&arena, 1 << 16);
    CHECK(mqc__topic_of_class(&arena, '/', MQC__NODE_LOGGER, &topic));
    CHECK_VIEW_TEXT(topic, "zeek/cluster/logger");
    CHECK(mqc__topic_of_class(&arena, '/', MQC__NODE_MANAGER, &topic));
    CHECK_VIEW_TEXT(topic, "zeek/cluster/manager");
    CHECK(mqc__topic_of_class(&arena, '/', MQC__NODE_PROXY, &topic));
    CHECK_VIEW_TEXT(topic, "zeek/cluster/proxy");
    CHECK(mqc__topic_of_class(&arena, '/', MQC__NODE_WORKER, &topic));
    CHECK_VIEW_TEXT(topic, "zeek/cluster/worker");
    CHECK(mqc__topic_of_pool(&arena, '/', mqc_view_text("proxy"), &topic));
    CHECK_VIEW_TEXT(topic, "zeek/cluster/pool/proxy");
    CHECK(mqc__topic_of_node(&arena, '/', name, &topic));
    CHECK_VIEW_TEXT(topic, "zeek/cluster/node/worker-1/");
    CHECK(mqc__topic_of_node_id(&arena, '/', mqc_view_text("ab-12"), &topic));
    CHECK_VIEW_TEXT(topic, "zeek/cluster/nodeid/ab-12/");
    mqc__arena_fini(&arena);
}

static void test_topics_with_dots_as_zeek_on_zeromq(void)
{
    struct mqc__arena arena;
    struct mqc_view topic;
    mqc__arena_init(&arena, 1 << 16);
    CHECK(mqc__topic_of_class(&arena, '.', MQC__NODE_WORKER, &topic));
    CHECK_VIEW_TEXT(topic, "zeek.cluster.worker");
    CHECK(mqc__topic_of_pool(&arena, '.', mqc_view_text("logger"), &topic));
    CHECK_VIEW_TEXT(topic, "zeek.cluster.pool.logger");
    CHECK(mqc__topic_of_node(&arena, '.', name, &topic));
    CHECK_VIEW_TEXT(topic, "zeek.cluster.node.worker-1.");
    CHECK(mqc__topic_of_node_id(&arena, '.', mqc_view_text("ab-12"), &topic));
    CHECK_VIEW_TEXT(topic, "zeek.cluster.nodeid.ab-12.");
    mqc__arena_fini(&arena);
}

static void test_topics_no_class_has_no_topic(void)
{
    struct mqc__arena arena;
    struct mqc_view topic = name;
    mqc__arena_init(&arena, 0);
    CHECK(mqc__topic_of_class(&arena, '/', MQC__NODE_NONE, &topic));
    CHECK_UNSIGNED(topic.size, 0);
    topic = name;
    CHECK(mqc__topic_of_class(&arena, '/', MQC__NODE_CONTROL, &topic));
    CHECK_UNSIGNED(topic.size, 0);
    mqc__arena_fini(&arena);
}

static void test_topics_without_room_fail(void)
{
    struct mqc__arena arena;
    struct mqc_view topic;
    mqc__arena_init(&arena, 16);
    CHECK(!mqc__topic_of_class(&arena, '/', MQC__NODE_WORKER, &topic));
    CHECK(!mqc__topic_of_pool(&arena, '/', name, &topic));
    CHECK(!mqc__topic_of_node(&arena, '/', name, &topic));
    CHECK(!mqc__topic_of_node_id(&arena, '/', name, &topic));
    mqc__arena_fini(&arena);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"with_slashes_as_zeek", test_topics_with_slashes_as_zeek},
        {"with_dots_as_zeek_on_zeromq", test_topics_with_dots_as_zeek_on_zeromq},
        {"no_class_has_no_topic", test_topics_no_class_has_no_topic},
        {"without_room_fail", test_topics_without_room_fail},
        CU_TEST_INFO_NULL,
    };
    return suite_run("cluster.topics", tests);
}
