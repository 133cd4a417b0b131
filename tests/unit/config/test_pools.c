#include "loading.h"

#include "base/buffer.h"
#include "cluster/node_type.h"

#include <stdio.h>

#define GOOD "cluster: {name: c}\nbroker: {uri: 'mqtt://h'}\n"

static void test_membership_has_its_defaults(void)
{
    const struct mqc__settings *settings = load_settings(GOOD);
    CHECK_INT(settings->cluster.topic_separator, '/');
    CHECK_UNSIGNED(settings->cluster.lease_ms, 60000);
    CHECK(!settings->cluster.has_watch);
    CHECK(!settings->cluster.is_guest);
    CHECK(!settings->is_dynamic);
    CHECK(settings->manager_is_logger);
    CHECK(settings->deliver_to_self);
    CHECK_UNSIGNED(settings->pool_count, 0);
}

static void test_membership_is_read(void)
{
    const struct mqc__settings *settings =
        load_settings("cluster:\n  name: c\n  topic_separator: .\n  lease: 5m\n"
                      "  watch: [manager, proxy]\n  guest: true\n"
                      "broker: {uri: 'mqtt://h'}\nmembership: dynamic\nmanager_is_logger: false\n"
                      "delivery: {to_self: false}\n");
    CHECK_INT(settings->cluster.topic_separator, '.');
    CHECK_UNSIGNED(settings->cluster.lease_ms, 300000);
    CHECK(settings->cluster.has_watch);
    CHECK(settings->cluster.is_guest);
    CHECK_UNSIGNED(settings->cluster.watch, 1U << MQC__NODE_MANAGER | 1U << MQC__NODE_PROXY);
    CHECK(settings->is_dynamic);
    CHECK(!settings->manager_is_logger);
    CHECK(!settings->deliver_to_self);
}

static void test_pools_are_read_in_the_order_of_the_file(void)
{
    const struct mqc__settings *settings =
        load_settings(GOOD "nodes: {p1: {type: proxy}, p2: {type: proxy}}\n"
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

static void test_pools_that_can_be_are_taken(void)
{
    static const char *const files[] = {
        GOOD "pools: {}\n",
        GOOD "pools: {proxy: {type: proxy}, worker: {type: worker}, logger: {type: logger}}\n",
        GOOD "pools: {worker: {type: worker, topic: app/workers, max_nodes: 1}}\n",
        GOOD "nodes: {m: {type: manager}, l: {type: logger}}\n"
             "pools: {a: {type: logger, max_nodes: 2, exclusive: true}}\n",
        GOOD "membership: dynamic\npools: {a: {type: worker, max_nodes: 99, exclusive: true}}\n",
        GOOD "nodes: {p: {type: proxy}}\npools:\n"
             "  a: {type: proxy, max_nodes: 1, exclusive: true}\n"
             "  b: {type: proxy, max_nodes: 5}\n  c: {type: worker, max_nodes: 3}\n",
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        (void)load_settings(files[i]);
}

static void test_pools_changed_surroundings_are_checked(void)
{
    struct mqc_error_info info;
    const struct loaded *loaded =
        load_text(GOOD "nodes: {m: {type: manager}, l: {type: logger}}\npools:\n"
                       "  a: {type: logger, max_nodes: 2, exclusive: true}\n"
                       "  b: {type: proxy, topic: zeek.cluster.pool.c}\n  c: {type: proxy}\n");
    struct mqc_config *config = loaded->config;
    REQUIRE(config != NULL);
    CHECK_INT(mqc_config_set(config, "manager_is_logger", "false", NULL), MQC_OK);
    CHECK_INT(mqc_config_check(config, &info), MQC_ECONFIG);
    CHECK_TEXT(info.place, "pools.a");
    CHECK_CONTAINS(info.text, "not enough logger nodes");
    CHECK_INT(mqc_config_set(config, "membership", "dynamic", NULL), MQC_OK);
    CHECK_INT(mqc_config_check(config, &info), MQC_OK);
    CHECK_INT(mqc_config_set(config, "cluster.topic_separator", ".", NULL), MQC_OK);
    CHECK_INT(mqc_config_check(config, &info), MQC_ECONFIG);
    CHECK_TEXT(info.place, "pools.c");
    unload();
}

/* Loads that many pools, and as many nodes for each of them alone. */
static const struct loaded *load_many(unsigned count)
{
    struct mqc__buffer buffer;
    char line[80];
    mqc__buffer_init(&buffer, (size_t)1 << 20);
    CHECK(mqc__buffer_append_text(&buffer, GOOD "nodes:\n"));
    for (unsigned i = 0; i < count; i++) {
        (void)snprintf(line, sizeof line, "  n%u: {type: worker}\n", i);
        CHECK(mqc__buffer_append_text(&buffer, line));
    }
    CHECK(mqc__buffer_append_text(&buffer, "pools:\n"));
    for (unsigned i = 0; i < count; i++) {
        (void)snprintf(line, sizeof line, "  p%u: {type: worker, max_nodes: 1, exclusive: true}\n",
                       i);
        CHECK(mqc__buffer_append_text(&buffer, line));
    }
    const struct mqc_view text = mqc__buffer_view(&buffer);
    const struct loaded *loaded = load_bytes(text.data, text.size);
    mqc__buffer_fini(&buffer);
    return loaded;
}

static void test_pools_have_a_limit(void)
{
    const struct loaded *loaded = load_many(256);
    REQUIRE(loaded->config != NULL);
    CHECK_UNSIGNED(mqc_config_pool_count(loaded->config), 256);
    CHECK_INT(load_many(257)->error, MQC_ECONFIG);
    CHECK_UNSIGNED(loaded->count, 1);
    CHECK_TEXT(loaded->problems[0].key, "pools");
    CHECK_CONTAINS(loaded->problems[0].text, "257 pools, at most 256 are possible");
    unload();
}

static void test_watch_takes_one_word_or_none(void)
{
    static const struct {
        const char *text;
        unsigned watch;
    } cases[] = {
        {"cluster: {name: c, watch: worker}\nbroker: {uri: 'mqtt://h'}\n", 1U << MQC__NODE_WORKER},
        {"cluster: {name: c, watch: '[worker, logger]'}\nbroker: {uri: 'mqtt://h'}\n",
         1U << MQC__NODE_WORKER | 1U << MQC__NODE_LOGGER},
        {"cluster: {name: c, watch: []}\nbroker: {uri: 'mqtt://h'}\n", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct mqc__settings *settings = load_settings(cases[i].text);
        CHECK(settings->cluster.has_watch);
        CHECK_UNSIGNED(settings->cluster.watch, cases[i].watch);
    }
}

static void test_watch_wrong_text_changes_nothing(void)
{
    static const char *const wrong[] = {"", "boss", "[worker, boss]", "[worker, worker]", "[,]"};
    struct mqc_config *config = mqc_config_new();
    REQUIRE(config != NULL);
    CHECK_INT(mqc_config_set(config, "cluster.watch", "proxy", NULL), MQC_OK);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        CHECK_INT(mqc_config_set(config, "cluster.watch", wrong[i], NULL), MQC_ECONFIG);
    CHECK_UNSIGNED(mqc__config_settings(config)->cluster.watch, 1U << MQC__NODE_PROXY);
    mqc_config_free(&config);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"defaults", test_membership_has_its_defaults},
        {"membership", test_membership_is_read},
        {"pools", test_pools_are_read_in_the_order_of_the_file},
        {"right", test_pools_that_can_be_are_taken},
        {"surroundings", test_pools_changed_surroundings_are_checked},
        {"limit", test_pools_have_a_limit},
        {"watch", test_watch_takes_one_word_or_none},
        {"watch wrong", test_watch_wrong_text_changes_nothing},
        CU_TEST_INFO_NULL,
    };
    return suite_run("config.pools", tests);
}
