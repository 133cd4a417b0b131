/* How a configuration becomes the options of membership and pools. */
#include "api/options.h"
#include "cluster/membership.h"
#include "support/node.h"
#include "support/suite.h"

#include <stdio.h>

static const char layout[] =
    "cluster: {name: c}\nbroker: {uri: mqtt://h}\n"
    "nodes: {m: {type: manager}, w: {type: worker}, w2: {type: worker}, p: {type: proxy}}\n";

/* A configuration stays as long as the options that were made of it. */
struct made {
    struct mqc_config *config;
    struct mqc__arena arena;
    struct mqc__backend_options options;
    struct mqc_error_info info;
};

/* Options of a node with this name, NULL for none, and more YAML. */
static enum mqc_error make(struct made *made, const char *node, const char *more)
{
    char yaml[1000];
    (void)snprintf(yaml, sizeof yaml, "%s%s", layout, more);
    *made = (struct made){.config = test_config(yaml)};
    if (node != NULL)
        CHECK_INT(mqc_config_set(made->config, "node", node, NULL), MQC_OK);
    mqc__arena_init(&made->arena, (size_t)1 << 20);
    return mqc__api_backend_options(made->config, &made->arena, &made->options, &made->info);
}

static void unmake(struct made *made)
{
    mqc__arena_fini(&made->arena);
    mqc_config_free(&made->config);
}

static unsigned watch_of(const char *node, const char *more)
{
    struct made made;
    CHECK_INT(make(&made, node, more), MQC_OK);
    const unsigned watch = made.options.members.watch;
    unmake(&made);
    return watch;
}

static void test_watch_is_what_the_node_needs(void)
{
    static const char pool[] = "pools: {a: {type: worker}}\n";
    const unsigned worker = MQC__TYPE_BIT(MQC__NODE_WORKER);
    CHECK_UNSIGNED(watch_of("m", ""), MQC__TYPES_ALL);
    CHECK_UNSIGNED(watch_of("w", ""), MQC__TYPES_ALL & ~worker);
    CHECK_UNSIGNED(watch_of("w", pool), MQC__TYPES_ALL);
    CHECK_UNSIGNED(watch_of(NULL, ""), 0);
    CHECK_UNSIGNED(watch_of(NULL, pool), 0);
    struct made made;
    REQUIRE(make(&made, "w", "") == MQC_OK);
    CHECK_INT(mqc_config_set(made.config, "cluster.watch", "[logger]", NULL), MQC_OK);
    CHECK_INT(mqc__api_backend_options(made.config, &made.arena, &made.options, NULL), MQC_OK);
    CHECK_UNSIGNED(made.options.members.watch, MQC__TYPE_BIT(MQC__NODE_LOGGER));
    unmake(&made);
}

static void test_layout_and_defaults_are_handed_over(void)
{
    struct made made;
    REQUIRE(make(&made, "w", "") == MQC_OK);
    const struct mqc__members_options *members = &made.options.members;
    CHECK_INT(members->type, MQC__NODE_WORKER);
    CHECK_UNSIGNED(members->node_count, 4);
    CHECK(!members->is_dynamic);
    CHECK_INT(members->separator, '/');
    CHECK_UNSIGNED(members->lease_ms, 60000);
    CHECK_UNSIGNED(members->pool_count, 0);
    CHECK(made.options.delivers_to_self);
    bool has_proxy = false;
    for (size_t i = 0; i < members->node_count; i++)
        has_proxy = has_proxy || (mqc_view_equal(members->nodes[i].name, mqc_view_text("p")) &&
                                  members->nodes[i].type == MQC__NODE_PROXY);
    CHECK(has_proxy);
    unmake(&made);
}

static void test_pools_get_a_topic_from_their_name(void)
{
    struct made made;
    REQUIRE(make(&made, "w",
                 "pools: {a: {type: worker, max_nodes: 1, exclusive: true}, "
                 "b: {type: proxy, topic: t}}\n") == MQC_OK);
    REQUIRE(made.options.members.pool_count == 2);
    const struct mqc__pool_spec *pools = made.options.members.pools;
    CHECK_VIEW_TEXT(pools[0].topic, "zeek/cluster/pool/a");
    CHECK_INT(pools[0].node_type, MQC__NODE_WORKER);
    CHECK(pools[0].is_exclusive && pools[0].has_max_nodes);
    CHECK_UNSIGNED(pools[0].max_nodes, 1);
    CHECK_VIEW_TEXT(pools[1].topic, "t");
    CHECK(!pools[1].is_exclusive && !pools[1].has_max_nodes);
    unmake(&made);
}

static void test_dynamic_node_must_tell_its_type(void)
{
    static const char dynamic[] = "membership: dynamic\n";
    struct made made;
    CHECK_INT(make(&made, "stranger", dynamic), MQC_ECONFIG);
    CHECK_CONTAINS(made.info.text, "stranger");
    unmake(&made);
    CHECK_INT(make(&made, "w", dynamic), MQC_OK);
    CHECK(made.options.members.is_dynamic);
    unmake(&made);
    CHECK_INT(make(&made, NULL, dynamic), MQC_OK);
    unmake(&made);
}

static void test_other_options_are_handed_over(void)
{
    struct made made;
    CHECK_INT(make(&made, "w", "manager_is_logger: true\ndelivery: {to_self: false}\n"), MQC_OK);
    CHECK(made.options.members.manager_is_logger);
    CHECK(!made.options.delivers_to_self);
    CHECK_INT(mqc_config_set(made.config, "cluster.lease", "3s", NULL), MQC_OK);
    CHECK_INT(mqc__api_backend_options(made.config, &made.arena, &made.options, NULL), MQC_OK);
    CHECK_UNSIGNED(made.options.members.lease_ms, 3000);
    unmake(&made);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"watch", test_watch_is_what_the_node_needs},
        {"layout", test_layout_and_defaults_are_handed_over},
        {"pools", test_pools_get_a_topic_from_their_name},
        {"dynamic", test_dynamic_node_must_tell_its_type},
        {"others", test_other_options_are_handed_over},
        CU_TEST_INFO_NULL,
    };
    return suite_run("api.members", tests);
}
