#include "loading.h"

#include <stdio.h>
#include <stdlib.h>

#define TWO_LINES "cluster: {name: site-7}\nbroker: {uri: 'mqtt://h'}\n"

static void test_get_writes_what_set_took(void)
{
    struct mqc_config *config = mqc_config_new();
    char text[32];
    REQUIRE(config != NULL);
    CHECK_INT(mqc_config_get(config, "node", text, sizeof text), MQC_ENOTFOUND);
    CHECK_INT(mqc_config_get(config, "cluster.watch", text, sizeof text), MQC_ENOTFOUND);
    static const struct {
        const char *path;
        const char *set;
        const char *got;
    } rows[] = {
        {"node", "worker-1", "worker-1"},
        {"log.level", "debug", "debug"},
        {"strict_events", "true", "true"},
        {"broker.keep_alive", "120s", "2m"},
        {"broker.uri", "mqtts://b:1", "mqtts://b:1"},
        {"broker.protocol", "3.1.1", "3.1.1"},
        {"delivery.batch_bytes", "65536", "64KiB"},
        {"delivery.piece_bytes", "1048576", "1MiB"},
        {"delivery.compression", "zstd", "zstd"},
        {"delivery.compression_level", "19", "19"},
        {"broker.max_in_flight", "7", "7"},
        {"tls.ca_file", "a/ca.pem", "a/ca.pem"},
        {"tls.min_version", "1.3", "1.3"},
        {"tls.on_change", "reconnect", "reconnect"},
        {"tls.alpn", "[a,b]", "[a, b]"},
        {"tls.ciphers", "TLS_A", "[TLS_A]"},
        {"tls.expiry_warning", "48h", "2d"},
        {"broker.tcp_quick_ack", "false", "false"},
        {"tls.psk_file", "psk", "psk"},
        {"cluster.topic_separator", ".", "."},
        {"cluster.lease", "120s", "2m"},
        {"cluster.watch", "[worker,proxy]", "[proxy, worker]"},
        {"cluster.watch", "[]", "[]"},
        {"cluster.watch", "control", "[control]"},
        {"membership", "dynamic", "dynamic"},
        {"manager_is_logger", "false", "false"},
        {"delivery.to_self", "false", "false"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CHECK_INT(mqc_config_set(config, rows[i].path, rows[i].set, NULL), MQC_OK);
        CHECK_INT(mqc_config_get(config, rows[i].path, text, sizeof text), MQC_OK);
        CHECK_TEXT(text, rows[i].got);
        CHECK_INT(mqc_config_set(config, rows[i].path, text, NULL), MQC_OK);
    }
    CHECK_INT(mqc_config_get(config, "node", text, 4), MQC_ETOOLARGE);
    CHECK_TEXT(text, "wor");
    CHECK_INT(mqc_config_set(config, "broker.password", "geheim", NULL), MQC_OK);
    CHECK_INT(mqc_config_get(config, "broker.password", text, sizeof text), MQC_ENOTFOUND);
    CHECK_TEXT(text, "");
    CHECK_INT(mqc_config_get(config, "broker", text, sizeof text), MQC_ENOTFOUND);
    CHECK_INT(mqc_config_get(config, "brokr.uri", text, sizeof text), MQC_ENOTFOUND);
    CHECK_INT(mqc_config_get(NULL, "node", text, sizeof text), MQC_EINVAL);
    mqc_config_free(&config);
}

static const struct mqc_config *config_of(const char *text)
{
    const struct loaded *loaded = load_text(text);
    REQUIRE(loaded->config != NULL);
    return loaded->config;
}

static void test_get_tells_one_broker_or_all(void)
{
    static const struct {
        const char *broker;
        const char *uri; /* NULL: not set, as the next */
        const char *uris;
    } rows[] = {
        {"{uri: 'mqtt://h'}", "mqtt://h", "[mqtt://h]"},
        {"{uris: ['mqtt://h:1']}", "mqtt://h:1", "[mqtt://h:1]"},
        {"{uris: ['mqtt://h', 'mqtt://i']}", NULL, "[mqtt://h, mqtt://i]"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char document[200];
        char text[64];
        (void)snprintf(document, sizeof document, "cluster: {name: a}\nbroker: %s\n",
                       rows[i].broker);
        const struct mqc_config *config = config_of(document);
        CHECK_INT(mqc_config_get(config, "broker.uri", text, sizeof text),
                  rows[i].uri != NULL ? MQC_OK : MQC_ENOTFOUND);
        CHECK_TEXT(text, rows[i].uri != NULL ? rows[i].uri : "");
        CHECK_INT(mqc_config_get(config, "broker.uris", text, sizeof text), MQC_OK);
        CHECK_TEXT(text, rows[i].uris);
    }
    unload();
}

static void test_root_is_made_of_the_name_or_given(void)
{
    char text[MQC_ROOT_BYTES];
    struct mqc_config *empty = mqc_config_new();
    REQUIRE(empty != NULL);
    CHECK_INT(mqc_config_root(empty, text, sizeof text), MQC_ENOTFOUND);
    CHECK_TEXT(text, "");
    CHECK_INT(mqc_config_set(empty, "cluster.root", "a/b", NULL), MQC_OK);
    CHECK_INT(mqc_config_root(empty, text, sizeof text), MQC_OK);
    CHECK_TEXT(text, "a/b");
    CHECK_INT(mqc_config_set(empty, "cluster.name", "c", NULL), MQC_OK);
    CHECK_INT(mqc_config_root(empty, text, sizeof text), MQC_OK);
    CHECK_TEXT(text, "a/b");
    mqc_config_free(&empty);
    CHECK_INT(mqc_config_root(config_of(TWO_LINES), text, sizeof text), MQC_OK);
    CHECK_TEXT(text, "mqcluster/site-7");
    CHECK_INT(mqc_config_root(config_of(TWO_LINES), text, 10), MQC_ETOOLARGE);
    CHECK_TEXT(text, "mqcluster");
    CHECK_INT(mqc_config_root(NULL, text, sizeof text), MQC_EINVAL);
    CHECK_INT(mqc_config_root(config_of(TWO_LINES), NULL, 0), MQC_EINVAL);
}

static void test_root_buffer_holds_the_longest(void)
{
    char root[MQC_ROOT_BYTES];
    char got[MQC_ROOT_BYTES];
    struct mqc_config *config = mqc_config_new();
    REQUIRE(config != NULL);
    memset(root, 'r', sizeof root);
    size_t size = sizeof root - 1;
    for (root[size] = '\0'; size > 0; root[--size] = '\0')
        if (mqc_config_set(config, "cluster.root", root, NULL) == MQC_OK)
            break;
    CHECK(size > 500);
    CHECK_INT(mqc_config_root(config, got, sizeof got), MQC_OK);
    CHECK_TEXT(got, root);
    mqc_config_free(&config);
}

static void test_nodes_are_in_the_order_of_the_file(void)
{
    static const struct mqc_config_node expected[] = {
        {"zz", "worker"},     {"manager", "manager"}, {"logger-1", "logger"},
        {"proxy 1", "proxy"}, {"aa", "control"},
    };
    const size_t count = sizeof expected / sizeof expected[0];
    const struct mqc_config *config =
        config_of(TWO_LINES "nodes:\n  zz: {type: worker}\n  manager: {type: manager}\n"
                            "  logger-1: {type: logger}\n  proxy 1: {type: proxy}\n"
                            "  aa: {type: control}\n");
    struct mqc_config_node node;
    REQUIRE(mqc_config_node_count(config) == count);
    for (size_t i = 0; i < count; i++) {
        CHECK_INT(mqc_config_node(config, i, &node), MQC_OK);
        CHECK_TEXT(node.name, expected[i].name);
        CHECK_TEXT(node.type, expected[i].type);
    }
    CHECK_INT(mqc_config_node(config, count, &node), MQC_ENOTFOUND);
    CHECK_INT(mqc_config_node(config, SIZE_MAX, &node), MQC_ENOTFOUND);
    CHECK_INT(mqc_config_node(config, 0, NULL), MQC_EINVAL);
    CHECK_INT(mqc_config_node(NULL, 0, &node), MQC_EINVAL);
    CHECK_UNSIGNED(mqc_config_node_count(NULL), 0);
    CHECK_UNSIGNED(mqc_config_node_count(config_of(TWO_LINES)), 0);
    unload();
}

static void test_pools_are_in_the_order_of_the_file(void)
{
    static const struct mqc_config_pool expected[] = {
        {.name = "zz", .type = "worker"},
        {.name = "logger", .type = "logger", .topic = "a/b", .max_nodes = 3, .has_max_nodes = true},
        {.name = "p.x",
         .type = "proxy",
         .max_nodes = 1,
         .has_max_nodes = true,
         .is_exclusive = true},
    };
    const size_t count = sizeof expected / sizeof expected[0];
    const struct mqc_config *config =
        config_of(TWO_LINES "nodes: {p: {type: proxy}}\npools:\n  zz: {type: worker}\n"
                            "  logger: {type: logger, max_nodes: 3, topic: a/b}\n"
                            "  p.x: {type: proxy, max_nodes: 1, exclusive: true}\n");
    struct mqc_config_pool pool;
    REQUIRE(mqc_config_pool_count(config) == count);
    for (size_t i = 0; i < count; i++) {
        CHECK_INT(mqc_config_pool(config, i, &pool), MQC_OK);
        CHECK_TEXT(pool.name, expected[i].name);
        CHECK_TEXT(pool.type, expected[i].type);
        CHECK_TEXT(pool.topic, expected[i].topic);
        CHECK_UNSIGNED(pool.max_nodes, expected[i].max_nodes);
        CHECK(pool.has_max_nodes == expected[i].has_max_nodes);
        CHECK(pool.is_exclusive == expected[i].is_exclusive);
    }
    CHECK_INT(mqc_config_pool(config, count, &pool), MQC_ENOTFOUND);
    CHECK_INT(mqc_config_pool(config, SIZE_MAX, &pool), MQC_ENOTFOUND);
    CHECK_INT(mqc_config_pool(config, 0, NULL), MQC_EINVAL);
    CHECK_INT(mqc_config_pool(NULL, 0, &pool), MQC_EINVAL);
    CHECK_UNSIGNED(mqc_config_pool_count(NULL), 0);
    CHECK_UNSIGNED(mqc_config_pool_count(config_of(TWO_LINES)), 0);
    unload();
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"options", test_get_writes_what_set_took},
        {"brokers", test_get_tells_one_broker_or_all},
        {"root", test_root_is_made_of_the_name_or_given},
        {"longest root", test_root_buffer_holds_the_longest},
        {"nodes", test_nodes_are_in_the_order_of_the_file},
        {"pools", test_pools_are_in_the_order_of_the_file},
        CU_TEST_INFO_NULL,
    };
    return suite_run("config.get", tests);
}
