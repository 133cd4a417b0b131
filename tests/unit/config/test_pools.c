#include "loading.h"

#include "cluster/node_type.h"

#define GOOD "cluster: {name: c}\nbroker: {uri: 'mqtt://h'}\n"

static const struct mqc__settings *settings_of(const char *text)
{
    const struct loaded *loaded = load_text(text);
    for (size_t i = 0; i < loaded->count; i++)
        CHECK_TEXT(loaded->problems[i].text, "");
    REQUIRE(loaded->config != NULL);
    return mqc__config_settings(loaded->config);
}

static void test_membership_has_its_defaults(void)
{
    const struct mqc__settings *settings = settings_of(GOOD);
    CHECK_INT(settings->cluster.topic_separator, '/');
    CHECK_UNSIGNED(settings->cluster.lease_ms, 60000);
    CHECK(!settings->cluster.has_watch);
    CHECK(!settings->is_dynamic);
    CHECK(settings->manager_is_logger);
    CHECK(settings->deliver_to_self);
    CHECK_UNSIGNED(settings->pool_count, 0);
}

static void test_membership_is_read(void)
{
    const struct mqc__settings *settings =
        settings_of("cluster:\n  name: c\n  topic_separator: .\n  lease: 5m\n"
                    "  watch: [manager, proxy]\n"
                    "broker: {uri: 'mqtt://h'}\nmembership: dynamic\nmanager_is_logger: false\n"
                    "delivery: {to_self: false}\n");
    CHECK_INT(settings->cluster.topic_separator, '.');
    CHECK_UNSIGNED(settings->cluster.lease_ms, 300000);
    CHECK(settings->cluster.has_watch);
    CHECK_UNSIGNED(settings->cluster.watch, 1U << MQC__NODE_MANAGER | 1U << MQC__NODE_PROXY);
    CHECK(settings->is_dynamic);
    CHECK(!settings->manager_is_logger);
    CHECK(!settings->deliver_to_self);
}

static void test_pools_are_read_in_the_order_of_the_file(void)
{
    const struct mqc__settings *settings =
        settings_of(GOOD "nodes: {p1: {type: proxy}, p2: {type: proxy}}\n"
                         "pools:\n  proxy: {type: proxy, max_nodes: 4294967295}\n"
                         "  intel:\n    type: proxy\n    max_nodes: 2\n    exclusive: true\n"
                         "  dns: {topic: app/dns, type: worker, exclusive: false}\n");
    REQUIRE(settings->pool_count == 3);
    const struct mqc__pool_settings *pools = settings->pools;
    CHECK_TEXT(pools[0].name, "proxy");
    CHECK_TEXT(pools[0].topic, NULL);
    CHECK_INT(pools[0].type, MQC__NODE_PROXY);
    CHECK(pools[0].has_max_nodes && !pools[0].is_exclusive);
    CHECK_UNSIGNED(pools[0].max_nodes, UINT32_MAX);
    CHECK_TEXT(pools[1].name, "intel");
    CHECK(pools[1].has_max_nodes && pools[1].is_exclusive);
    CHECK_UNSIGNED(pools[1].max_nodes, 2);
    CHECK_TEXT(pools[2].name, "dns");
    CHECK_TEXT(pools[2].topic, "app/dns");
    CHECK_INT(pools[2].type, MQC__NODE_WORKER);
    CHECK(!pools[2].has_max_nodes && !pools[2].is_exclusive);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"defaults", test_membership_has_its_defaults},
        {"membership", test_membership_is_read},
        {"pools", test_pools_are_read_in_the_order_of_the_file},
        CU_TEST_INFO_NULL,
    };
    return suite_run("config.pools", tests);
}
