#include "support/suite.h"

#include "api/mqcluster.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char layout[] = "cluster: {name: c}\n"
                             "node: proxy-1\n"
                             "broker: {uri: 'mqtt://h'}\n"
                             "manager_is_logger: false\n"
                             "nodes:\n"
                             "  logger-1: {type: logger}\n"
                             "  proxy-1:  {type: proxy}\n"
                             "  proxy-2:  {type: proxy}\n"
                             "pools:\n"
                             "  single: {type: proxy, max_nodes: 1, topic: zz/single}\n";

static struct mqc_config *load(const char *text)
{
    char path[] = "/tmp/mqcluster-router-XXXXXX";
    const int fd = mkstemp(path);
    struct mqc_config *config = NULL;
    REQUIRE(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    (void)close(fd);
    CHECK_INT(mqc_config_load(path, NULL, NULL, &config), MQC_OK);
    (void)unlink(path);
    REQUIRE(config != NULL);
    return config;
}

static struct mqc_router *new_router(void)
{
    struct mqc_router *router = NULL;
    struct mqc_config *config = load(layout);
    CHECK_INT(mqc_router_new(config, &router, NULL), MQC_OK);
    mqc_config_free(&config);
    REQUIRE(router != NULL);
    return router;
}

static void set_up(struct mqc_router *router, const char *node, bool is_up)
{
    CHECK_INT(mqc_router_set_up(router, mqc_view_text(node), is_up, NULL), MQC_OK);
}

/* Returns "" when nobody can be chosen. */
static const char *owner(struct mqc_router *router, const char *pool, uint64_t key)
{
    static struct mqc_route route;
    const struct mqc_key count = {.value = mqc_count(key)};
    const enum mqc_error error = mqc_router_hrw(router, mqc_view_text(pool), &count, &route, NULL);
    CHECK(error == MQC_OK || error == MQC_ENOTFOUND);
    return error == MQC_OK ? route.node : "";
}

static const char *turn(struct mqc_router *router, const char *key)
{
    static struct mqc_route route;
    CHECK_INT(mqc_router_rr(router, mqc_view_text("proxy"), mqc_view_text(key), &route, NULL),
              MQC_OK);
    CHECK_INT(route.is_self, false);
    return route.node;
}

/* Of a Zeek: count keys over proxy-1 and proxy-2. The node of the configuration is chosen like any
 * other: who asks is outside. */
static void test_router_chooses_as_zeek(void)
{
    static const uint64_t keys[] = {0, 1, 2, 3, 13, 37, 42, 101};
    static const char *const owners[] = {"proxy-2", "proxy-1", "proxy-2", "proxy-2",
                                         "proxy-1", "proxy-1", "proxy-1", "proxy-1"};
    struct mqc_router *router = new_router();
    CHECK_TEXT(owner(router, "proxy", 42), "");
    set_up(router, "proxy-1", true);
    set_up(router, "proxy-2", true);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        CHECK_TEXT(owner(router, "proxy", keys[i]), owners[i]);
    CHECK_TEXT(owner(router, "zeek/cluster/pool/proxy", 42), "proxy-1");
    struct mqc_route route;
    const struct mqc_key key = {.value = mqc_count(42)};
    CHECK_INT(mqc_router_hrw(router, mqc_view_text("proxy"), &key, &route, NULL), MQC_OK);
    CHECK_TEXT(route.topic, "zeek/cluster/node/proxy-1/");
    CHECK_UNSIGNED(route.weight, 1041296457);
    CHECK_UNSIGNED(route.site_id, 0xa214084f);
    set_up(router, "proxy-1", false);
    CHECK_TEXT(owner(router, "proxy", 42), "proxy-2");
    mqc_router_free(&router);
    CHECK(router == NULL);
}

static void test_router_hashes_with_the_whole_type(void)
{
    static const struct {
        const char *text;
        uint32_t hash;
    } cases[] = {
        {"enum transport_proto:tcp", 0xb72fd26d},
        {"vector of count:[1,2,3]", 0xab1a9e42},
        {"record { c: count; s: string &optional; }:{\"c\":42}", 0x5b962da6},
        {"addr:1.2.3.4", 0xa31a27a8},
    };
    struct mqc_router *router = new_router();
    set_up(router, "proxy-1", true);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mqc_key *key = NULL;
        struct mqc_route route = {.key_hash = 0};
        struct mqc_error_info info = {.text = ""};
        REQUIRE(mqc_key_from_text(cases[i].text, NULL, &key, NULL) == MQC_OK);
        CHECK_INT(mqc_router_hrw(router, mqc_view_text("proxy"), key, &route, &info), MQC_OK);
        CHECK_TEXT(info.text, "");
        CHECK_UNSIGNED(route.key_hash, cases[i].hash);
        mqc_key_free(&key);
    }
    mqc_router_free(&router);
}

static void test_router_takes_turns_for_each_key(void)
{
    struct mqc_router *router = new_router();
    set_up(router, "proxy-1", true);
    set_up(router, "proxy-2", true);
    CHECK_TEXT(turn(router, "a"), "proxy-1");
    CHECK_TEXT(turn(router, "a"), "proxy-2");
    CHECK_TEXT(turn(router, "b"), "proxy-1");
    set_up(router, "proxy-1", false);
    CHECK_TEXT(turn(router, "a"), "proxy-2");
    mqc_router_free(&router);
}

static void test_router_pools_of_the_configuration(void)
{
    struct mqc_router *router = new_router();
    set_up(router, "proxy-1", true);
    set_up(router, "proxy-2", true);
    for (uint64_t key = 0; key < 8; key++) {
        CHECK_TEXT(owner(router, "zz/single", key), "proxy-1");
    }
    mqc_router_free(&router);
}

static void test_router_wrong_is_refused(void)
{
    struct mqc_error_info info = {.text = ""};
    struct mqc_router *router = NULL;
    struct mqc_config *config = mqc_config_new();
    CHECK_INT(mqc_router_new(config, &router, &info), MQC_ECONFIG);
    CHECK(router == NULL);
    mqc_config_free(&config);
    CHECK_INT(mqc_router_new(NULL, &router, &info), MQC_EINVAL);
    CHECK_INT(mqc_router_set_up(NULL, mqc_view_text("a"), true, &info), MQC_EINVAL);
    mqc_router_free(NULL);

    router = new_router();
    struct mqc_route route;
    const struct mqc_key key = {.value = mqc_count(1)};
    CHECK_INT(mqc_router_set_up(router, mqc_view_text("proxy-3"), true, &info), MQC_ENOTFOUND);
    CHECK_CONTAINS(info.text, "'proxy-3'");
    CHECK_INT(mqc_router_hrw(router, mqc_view_text("what"), &key, &route, &info), MQC_ENOTFOUND);
    CHECK_CONTAINS(info.text, "there is no pool 'what");
    CHECK_INT(mqc_router_hrw(router, mqc_view_text("proxy"), &key, &route, &info), MQC_ENOTFOUND);
    CHECK_CONTAINS(info.text, "none of the 2 nodes");
    CHECK_INT(mqc_router_rr(router, mqc_view_text("worker"), mqc_view_text(""), &route, &info),
              MQC_ENOTFOUND);
    CHECK_CONTAINS(info.text, "has no nodes");
    CHECK_INT(mqc_router_hrw(router, mqc_view_text("proxy"), NULL, &route, &info), MQC_EINVAL);
    mqc_router_free(&router);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"router_chooses_as_zeek", test_router_chooses_as_zeek},
        {"router_hashes_with_the_whole_type", test_router_hashes_with_the_whole_type},
        {"router_takes_turns_for_each_key", test_router_takes_turns_for_each_key},
        {"router_pools_of_the_configuration", test_router_pools_of_the_configuration},
        {"router_wrong_is_refused", test_router_wrong_is_refused},
        CU_TEST_INFO_NULL,
    };
    return suite_run("api.router", tests);
}
