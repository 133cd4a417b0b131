#include "support/suite.h"
#include "test_layout.h"

#include "cluster/hash.h"

#include <stdio.h>

/* The names of a pool's nodes, each after a blank; valid until the next call. */
static const char *names_of(const struct mqc__pools *pools, const char *topic)
{
    static char text[400];
    const struct mqc__pool *pool = mqc__pools_find(pools, mqc_view_text(topic));
    REQUIRE(pool != NULL);
    text[0] = '\0';
    for (size_t i = 0; i < pool->node_count; i++) {
        const struct mqc_view name = pool->nodes[i].name;
        const size_t size = strlen(text);
        (void)snprintf(text + size, sizeof text - size, " %.*s", (int)name.size, name.data);
    }
    return text;
}

static struct mqc__pools *new_pools(const char *self)
{
    const struct mqc__pools_options options = {.self = mqc_view_text(self)};
    struct mqc__pools *pools = mqc__pools_new(&options);
    REQUIRE(pools != NULL);
    return pools;
}

static enum mqc_error add(struct mqc__pools *pools, const char *topic, enum mqc__node_type type,
                          struct mqc_error_info *info)
{
    const struct mqc__pool_spec spec = {.topic = mqc_view_text(topic), .node_type = type};
    return mqc__pools_register(pools, &spec, info);
}

static enum mqc_error add_limited(struct mqc__pools *pools, const char *topic, uint32_t max_nodes,
                                  bool is_exclusive)
{
    const struct mqc__pool_spec spec = {
        .topic = mqc_view_text(topic),
        .node_type = MQC__NODE_PROXY,
        .max_nodes = max_nodes,
        .has_max_nodes = true,
        .is_exclusive = is_exclusive,
    };
    return mqc__pools_register(pools, &spec, NULL);
}

static enum mqc_error assign(struct mqc__pools *pools, const struct test_layout *layout)
{
    const struct mqc__layout view = test_layout_view(layout);
    return mqc__pools_assign(pools, &view, NULL);
}

static void test_register_keeps_the_order_of_topics(void)
{
    static const char *const order[] = {"a",
                                        "a/b",
                                        "b",
                                        "zeek/cluster/pool/logger",
                                        "zeek/cluster/pool/proxy",
                                        "zeek/cluster/pool/worker"};
    struct mqc__pools *pools = new_pools("n");
    CHECK_INT(add(pools, "b", MQC__NODE_WORKER, NULL), MQC_OK);
    CHECK_INT(mqc__pools_register_builtin(pools, NULL), MQC_OK);
    CHECK_INT(add(pools, "a/b", MQC__NODE_PROXY, NULL), MQC_OK);
    CHECK_INT(add(pools, "a", MQC__NODE_LOGGER, NULL), MQC_OK);
    REQUIRE(mqc__pools_count(pools) == 6);
    for (size_t i = 0; i < 6; i++) {
        struct mqc__pool *pool = mqc__pools_at(pools, i);
        CHECK_VIEW_TEXT(pool->spec.topic, order[i]);
        CHECK(mqc__pools_find(pools, mqc_view_text(order[i])) == pool);
    }
    CHECK(mqc__pools_find(pools, mqc_view_text("a/")) == NULL);
    CHECK(mqc__pools_find(pools, mqc_view_text("z")) == NULL);
    mqc__pools_free(&pools);
    CHECK(pools == NULL);
    mqc__pools_free(&pools);
}

static void test_register_topic_twice_only_with_the_same_specification(void)
{
    struct mqc__pools *pools = new_pools("n");
    struct mqc_error_info info = {.text = ""};
    CHECK_INT(add(pools, "a", MQC__NODE_WORKER, NULL), MQC_OK);
    CHECK_INT(add(pools, "a", MQC__NODE_WORKER, NULL), MQC_OK);
    CHECK_UNSIGNED(mqc__pools_count(pools), 1);
    CHECK_INT(add(pools, "a", MQC__NODE_PROXY, &info), MQC_EEXIST);
    CHECK_TEXT(info.place, "pool a");
    CHECK_INT(add_limited(pools, "p", 1, false), MQC_OK);
    CHECK_INT(add_limited(pools, "p", 1, false), MQC_OK);
    CHECK_INT(add_limited(pools, "p", 2, false), MQC_EEXIST);
    CHECK_INT(add_limited(pools, "p", 1, true), MQC_EEXIST);
    CHECK_INT(add(pools, "p", MQC__NODE_PROXY, NULL), MQC_EEXIST);
    CHECK_UNSIGNED(mqc__pools_count(pools), 2);
    mqc__pools_free(&pools);
}

static void test_register_wrong_specification_names_the_pool(void)
{
    struct mqc__pools *pools = new_pools("n");
    struct mqc_error_info info = {.text = ""};
    CHECK_INT(add(pools, "my/pool", MQC__NODE_MANAGER, &info), MQC_ECONFIG);
    CHECK_TEXT(info.text, "invalid pool node type: manager");
    CHECK_TEXT(info.place, "pool my/pool");
    CHECK_UNSIGNED(mqc__pools_count(pools), 0);
    mqc__pools_free(&pools);
}

static void test_builtin_with_dots_and_a_specification_of_ones_own(void)
{
    static struct test_layout layout;
    const struct mqc__pools_options options = {.self = mqc_view_text("proxy-2"), .separator = '.'};
    struct mqc__pools *pools = mqc__pools_new(&options);
    REQUIRE(pools != NULL);
    test_layout_add_many(&layout, MQC__NODE_PROXY, 2);
    test_layout_add_many(&layout, MQC__NODE_WORKER, 2);
    CHECK_INT(add_limited(pools, "zeek.cluster.pool.proxy", 1, false), MQC_OK);
    CHECK_INT(mqc__pools_register_builtin(pools, NULL), MQC_OK);
    CHECK_INT(assign(pools, &layout), MQC_OK);
    CHECK_UNSIGNED(mqc__pools_count(pools), 3);
    CHECK_TEXT(names_of(pools, "zeek.cluster.pool.proxy"), " proxy-1");
    CHECK_TEXT(names_of(pools, "zeek.cluster.pool.worker"), " worker-1 worker-2");
    const struct mqc__pool *pool = mqc__pools_at(pools, 1);
    CHECK_VIEW_TEXT(pool->nodes[0].topic, "zeek.cluster.node.proxy-1.");
    mqc__pools_free(&pools);
}

static void test_assign_limited_and_exclusive_as_zeek(void)
{
    static struct test_layout layout;
    static const char proxy_pool[] = "zeek/cluster/pool/proxy";
    test_layout_add_many(&layout, MQC__NODE_PROXY, 2);
    for (int is_exclusive = 0; is_exclusive < 2; is_exclusive++) {
        struct mqc__pools *pools = new_pools("manager");
        CHECK_INT(add_limited(pools, proxy_pool, 1, is_exclusive != 0), MQC_OK);
        CHECK_INT(add(pools, "my_pool", MQC__NODE_PROXY, NULL), MQC_OK);
        CHECK_INT(assign(pools, &layout), MQC_OK);
        CHECK_TEXT(names_of(pools, proxy_pool), " proxy-1");
        CHECK_TEXT(names_of(pools, "my_pool"), is_exclusive ? " proxy-2" : " proxy-1 proxy-2");
        mqc__pools_free(&pools);
    }
}

static void test_assign_manager_as_logger_comes_last(void)
{
    static struct test_layout layout;
    test_layout_add(&layout, "m-2", MQC__NODE_MANAGER);
    test_layout_add(&layout, "m-1", MQC__NODE_MANAGER);
    test_layout_add(&layout, "z-logger", MQC__NODE_LOGGER);
    layout.manager_is_logger = true;
    struct mqc__pools *pools = test_pools_new("m-1", &layout);
    CHECK_TEXT(names_of(pools, "zeek/cluster/pool/logger"), " z-logger m-1");
    const struct mqc__pool *pool = test_pool(pools, MQC__NODE_LOGGER);
    CHECK(!pool->nodes[0].is_alive && !pool->nodes[0].is_self);
    CHECK(pool->nodes[1].is_alive && pool->nodes[1].is_self);
    mqc__pools_free(&pools);
}

static void test_assign_without_a_node_of_ones_own_leaves_pools_empty(void)
{
    static struct test_layout layout;
    test_layout_add_many(&layout, MQC__NODE_PROXY, 2);
    struct mqc__pools *pools = test_pools_new("", &layout);
    CHECK_TEXT(names_of(pools, "zeek/cluster/pool/proxy"), "");
    mqc__pools_node_up(pools, mqc_view_text("proxy-1"));
    CHECK_VIEW_TEXT(test_hrw(test_pool(pools, MQC__NODE_PROXY), "key"), "");
    CHECK_VIEW_TEXT(test_rr(test_pool(pools, MQC__NODE_PROXY), "key"), "");
    mqc__pools_free(&pools);
}

static void test_assign_failing_leaves_all_as_it_was(void)
{
    static struct test_layout layout;
    static struct test_layout smaller;
    test_layout_add_many(&layout, MQC__NODE_PROXY, 2);
    test_layout_add_many(&smaller, MQC__NODE_PROXY, 1);
    struct mqc__pools *pools = new_pools("manager");
    CHECK_INT(add_limited(pools, "p", 2, true), MQC_OK);
    CHECK_INT(assign(pools, &layout), MQC_OK);
    test_pools_all_up(pools, &layout);
    CHECK_INT(assign(pools, &smaller), MQC_ECONFIG);
    CHECK_TEXT(names_of(pools, "p"), " proxy-1 proxy-2");
    CHECK_UNSIGNED(mqc__pools_at(pools, 0)->site_count, 2);
    mqc__pools_free(&pools);
}

static void test_assign_again_knows_nobody_and_goes_on_in_turn(void)
{
    static struct test_layout layout;
    static struct test_layout smaller;
    test_layout_add_many(&layout, MQC__NODE_PROXY, 3);
    test_layout_add_many(&smaller, MQC__NODE_PROXY, 1);
    struct mqc__pools *pools = test_pools_new("manager", &layout);
    struct mqc__pool *pool = test_pool(pools, MQC__NODE_PROXY);
    test_pools_all_up(pools, &layout);
    CHECK_VIEW_TEXT(test_rr(pool, "key"), "proxy-1");
    CHECK_INT(assign(pools, &layout), MQC_OK);
    CHECK(test_pool(pools, MQC__NODE_PROXY) == pool);
    CHECK_VIEW_TEXT(test_hrw(pool, "key"), "");
    CHECK_VIEW_TEXT(test_rr(pool, "key"), "");
    test_pools_all_up(pools, &layout);
    CHECK_VIEW_TEXT(test_rr(pool, "key"), "proxy-2");
    /* The position is now behind the end of what follows. */
    CHECK_INT(assign(pools, &smaller), MQC_OK);
    test_pools_all_up(pools, &smaller);
    CHECK_VIEW_TEXT(test_rr(pool, "key"), "proxy-1");
    CHECK_VIEW_TEXT(test_rr(pool, "key"), "proxy-1");
    mqc__pools_free(&pools);
}

static void test_node_up_and_down_are_idempotent(void)
{
    static struct test_layout layout;
    test_layout_add_many(&layout, MQC__NODE_PROXY, 3);
    struct mqc__pools *pools = test_pools_new("manager", &layout);
    const struct mqc__pool *pool = test_pool(pools, MQC__NODE_PROXY);
    const struct mqc_view name = mqc_view_text("proxy-2");
    CHECK_UNSIGNED(pool->site_count, 0);
    mqc__pools_node_down(pools, name);
    CHECK_UNSIGNED(pool->site_count, 0);
    mqc__pools_node_up(pools, name);
    mqc__pools_node_up(pools, name);
    REQUIRE(pool->site_count == 1);
    CHECK_UNSIGNED(pool->sites[0].id, mqc__fnv1a32(mqc_view_text("proxy-2.0")));
    CHECK(pool->nodes[1].is_alive);
    mqc__pools_node_up(pools, mqc_view_text("proxy-9"));
    mqc__pools_node_down(pools, mqc_view_text("proxy-1"));
    CHECK_UNSIGNED(pool->site_count, 1);
    mqc__pools_node_down(pools, name);
    mqc__pools_node_down(pools, name);
    CHECK_UNSIGNED(pool->site_count, 0);
    CHECK(!pool->nodes[1].is_alive);
    mqc__pools_free(&pools);
}

/* Zeek raises no node_up for the process itself, hence it is never in its own table for HRW. */
static void test_self_takes_turns_but_owns_no_key(void)
{
    static struct test_layout layout;
    test_layout_add_many(&layout, MQC__NODE_PROXY, 2);
    struct mqc__pools *pools = test_pools_new("proxy-1", &layout);
    struct mqc__pool *pool = test_pool(pools, MQC__NODE_PROXY);
    CHECK_VIEW_TEXT(test_rr(pool, "key"), "proxy-1");
    CHECK_VIEW_TEXT(test_hrw(pool, "key"), "");
    mqc__pools_node_up(pools, mqc_view_text("proxy-1"));
    CHECK_VIEW_TEXT(test_hrw(pool, "key"), "");
    mqc__pools_node_down(pools, mqc_view_text("proxy-1"));
    CHECK_VIEW_TEXT(test_rr(pool, "key"), "proxy-1");
    test_pools_all_up(pools, &layout);
    for (char key[] = "0"; key[0] <= '9'; key[0]++)
        CHECK_VIEW_TEXT(test_hrw(pool, key), "proxy-2");
    mqc__pools_free(&pools);
}

static void test_site_ids_of_a_pool_differ(void)
{
    /* Three names with one hash, whatever is appended to them. */
    static const char *const names[] = {"p7282eabc", "p8b9273b9", "pe1a33ffe"};
    static const char *const aliases[] = {"p7282eabc.0", "p8b9273b9.1", "pe1a33ffe.2"};
    static struct test_layout layout;
    for (size_t i = 0; i < 3; i++) {
        CHECK_UNSIGNED(mqc__fnv1a32(mqc_view_text(names[i])),
                       mqc__fnv1a32(mqc_view_text(names[0])));
        test_layout_add(&layout, names[2 - i], MQC__NODE_PROXY);
    }
    struct mqc__pools *pools = test_pools_new("manager", &layout);
    const struct mqc__pool *pool = test_pool(pools, MQC__NODE_PROXY);
    REQUIRE(pool->node_count == 3);
    for (size_t i = 0; i < 3; i++)
        CHECK_UNSIGNED(pool->nodes[i].site_id, mqc__fnv1a32(mqc_view_text(aliases[i])));
    mqc__pools_free(&pools);
}

/* The topics of a node, each after a blank; valid until the next call. */
static const char *own_topics(const struct mqc__pools *pools, enum mqc__node_type type)
{
    static char text[400];
    struct mqc__arena arena;
    struct mqc__topic_list list = {NULL, 0};
    mqc__arena_init(&arena, 1 << 16);
    CHECK_INT(mqc__pools_own_topics(pools, type, mqc_view_text("id-7"), &arena, &list), MQC_OK);
    text[0] = '\0';
    for (size_t i = 0; i < list.count; i++) {
        const size_t size = strlen(text);
        (void)snprintf(text + size, sizeof text - size, " %.*s", (int)list.topics[i].size,
                       list.topics[i].data);
    }
    mqc__arena_fini(&arena);
    return text;
}

static void test_own_topics_in_zeeks_order(void)
{
    static struct test_layout layout;
    test_layout_add_many(&layout, MQC__NODE_WORKER, 2);
    test_layout_add(&layout, "manager-1", MQC__NODE_MANAGER);
    layout.manager_is_logger = true;
    struct mqc__pools *pools = test_pools_new("worker-2", &layout);
    CHECK_INT(add(pools, "zz", MQC__NODE_WORKER, NULL), MQC_OK);
    CHECK_INT(add(pools, "aa", MQC__NODE_WORKER, NULL), MQC_OK);
    CHECK_INT(assign(pools, &layout), MQC_OK);
    CHECK_TEXT(own_topics(pools, MQC__NODE_WORKER),
               " aa zeek/cluster/pool/worker zz zeek/cluster/worker zeek/cluster/nodeid/id-7/ "
               "zeek/cluster/node/worker-2/");
    mqc__pools_free(&pools);
    /* A manager that is also a logger has the pool's topic, not the class's. */
    pools = test_pools_new("manager-1", &layout);
    CHECK_TEXT(own_topics(pools, MQC__NODE_MANAGER),
               " zeek/cluster/pool/logger zeek/cluster/manager zeek/cluster/nodeid/id-7/ "
               "zeek/cluster/node/manager-1/");
    CHECK_TEXT(own_topics(pools, MQC__NODE_CONTROL),
               " zeek/cluster/pool/logger zeek/cluster/nodeid/id-7/ zeek/cluster/node/manager-1/");
    mqc__pools_free(&pools);
    pools = test_pools_new("", &layout);
    CHECK_TEXT(own_topics(pools, MQC__NODE_NONE), "");
    mqc__pools_free(&pools);
}

static void test_own_topics_without_room_fail(void)
{
    static struct test_layout layout;
    test_layout_add_many(&layout, MQC__NODE_WORKER, 1);
    struct mqc__pools *pools = test_pools_new("worker-1", &layout);
    for (size_t limit = 0; limit < 160; limit += 16) {
        struct mqc__arena arena;
        struct mqc__topic_list list = {NULL, 0};
        mqc__arena_init(&arena, limit);
        CHECK_INT(
            mqc__pools_own_topics(pools, MQC__NODE_WORKER, mqc_view_text("id"), &arena, &list),
            MQC_ENOMEM);
        mqc__arena_fini(&arena);
    }
    mqc__pools_free(&pools);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"register_keeps_the_order_of_topics", test_register_keeps_the_order_of_topics},
        {"register_topic_twice_only_with_the_same_specification",
         test_register_topic_twice_only_with_the_same_specification},
        {"register_wrong_specification_names_the_pool",
         test_register_wrong_specification_names_the_pool},
        {"builtin_with_dots_and_a_specification_of_ones_own",
         test_builtin_with_dots_and_a_specification_of_ones_own},
        {"assign_limited_and_exclusive_as_zeek", test_assign_limited_and_exclusive_as_zeek},
        {"assign_manager_as_logger_comes_last", test_assign_manager_as_logger_comes_last},
        {"assign_without_a_node_of_ones_own_leaves_pools_empty",
         test_assign_without_a_node_of_ones_own_leaves_pools_empty},
        {"assign_failing_leaves_all_as_it_was", test_assign_failing_leaves_all_as_it_was},
        {"assign_again_knows_nobody_and_goes_on_in_turn",
         test_assign_again_knows_nobody_and_goes_on_in_turn},
        {"node_up_and_down_are_idempotent", test_node_up_and_down_are_idempotent},
        {"self_takes_turns_but_owns_no_key", test_self_takes_turns_but_owns_no_key},
        {"site_ids_of_a_pool_differ", test_site_ids_of_a_pool_differ},
        {"own_topics_in_zeeks_order", test_own_topics_in_zeeks_order},
        {"own_topics_without_room_fail", test_own_topics_without_room_fail},
        CU_TEST_INFO_NULL,
    };
    return suite_run("cluster.pools", tests);
}
