#include "support/suite.h"

#include "api/mqcluster.h"
#include "support/node.h"

#include <stdlib.h>

static struct mqc_config *minimal_config(void)
{
    struct mqc_config *config = mqc_config_new();
    REQUIRE(config != NULL);
    REQUIRE(mqc_config_set(config, "cluster.name", "test", NULL) == MQC_OK);
    REQUIRE(mqc_config_set(config, "broker.uri", "mqtt://127.0.0.1:1", NULL) == MQC_OK);
    return config;
}

static void test_null_arguments_are_refused(void)
{
    struct mqc_error_info info = {0};
    struct mqc_backend *backend = NULL;
    struct mqc_event event;
    struct mqc_stats stats;
    CHECK_INT(mqc_backend_new(NULL, &backend, &info), MQC_EINVAL);
    CHECK_INT(mqc_backend_init(NULL, NULL, &info), MQC_EINVAL);
    CHECK_UNSIGNED(mqc_backend_close(NULL, 0), 0);
    mqc_backend_free(NULL);
    mqc_backend_free(&backend);
    CHECK_TEXT(mqc_backend_node_id(NULL), "");
    CHECK_INT(mqc_backend_state(NULL), MQC_STATE_CLOSED);
    CHECK_INT(mqc_backend_wait_ready(NULL, 0), MQC_EINVAL);
    CHECK_INT(mqc_backend_flush(NULL, 0), MQC_EINVAL);
    mqc_backend_stats(NULL, &stats);
    mqc_backend_stats(NULL, NULL);
    CHECK_INT(mqc_declare_event(NULL, "e", "", &info), MQC_EINVAL);
    CHECK_INT(mqc_make_event(NULL, "e", NULL, 0, &event, &info), MQC_EINVAL);
    CHECK(!mqc_publish(NULL, mqc_view_text("t"), &event, &info));
    CHECK_INT(info.code, MQC_EINVAL);
    CHECK_INT(mqc_subscribe(NULL, mqc_view_text("t"), MQC_MATCH_PREFIX, &info), MQC_EINVAL);
    CHECK_INT(mqc_unsubscribe(NULL, mqc_view_text("t"), MQC_MATCH_PREFIX, &info), MQC_EINVAL);
    CHECK_INT(mqc_on_event(NULL, "e", NULL, NULL, &info), MQC_EINVAL);
    CHECK_INT(mqc_on_prefix(NULL, mqc_view_text(""), NULL, NULL, &info), MQC_EINVAL);
    CHECK_UNSIGNED(mqc_pool_nodes(NULL, NULL, NULL), 0);
    CHECK_INT(mqc_on_error(NULL, NULL, NULL), MQC_EINVAL);
    CHECK_INT(mqc_on_state(NULL, NULL, NULL), MQC_EINVAL);
    mqc_off(NULL, NULL, NULL);
    CHECK_INT(mqc_backend_fd(NULL), -1);
    CHECK_UNSIGNED(mqc_backend_process(NULL, 0), 0);
    mqc_event_free(NULL);
    mqc_request_free(NULL);
    char *text = NULL;
    CHECK_INT(mqc_message_to_json(NULL, &text), MQC_EINVAL);
    CHECK_INT(mqc_payload_decode(mqc_view_text("x"), NULL, NULL, NULL, &info), MQC_EINVAL);
}

static void count_node(void *context, const struct mqc_node *node)
{
    unsigned *count = context;
    *count += node->is_self ? 1 : 0;
}

static void test_null_arguments_about_the_cluster_are_refused(void)
{
    struct mqc_config *config = minimal_config();
    struct mqc_backend *backend = NULL;
    struct mqc_error_info info = {0};
    REQUIRE(mqc_backend_new(config, &backend, &info) == MQC_OK);
    mqc_config_free(&config);
    const struct mqc_view pool = mqc_view_text("proxy");
    const struct mqc_key key = {.value = mqc_count(1)};
    const struct mqc_event event = {.name = mqc_view_text("e")};
    struct mqc_route route;
    CHECK_INT(mqc_hrw_topic(NULL, pool, &key, &route, &info), MQC_EINVAL);
    CHECK_INT(mqc_hrw_topic(backend, pool, NULL, &route, &info), MQC_EINVAL);
    CHECK_INT(mqc_hrw_topic(backend, pool, &key, NULL, NULL), MQC_EINVAL);
    CHECK_INT(mqc_rr_topic(NULL, pool, pool, &route, &info), MQC_EINVAL);
    CHECK_INT(mqc_rr_topic(backend, pool, pool, NULL, NULL), MQC_EINVAL);
    CHECK(!mqc_publish_hrw(NULL, pool, &key, &event, &info));
    CHECK(!mqc_publish_hrw(backend, pool, NULL, &event, &info));
    CHECK(!mqc_publish_hrw(backend, pool, &key, NULL, &info));
    CHECK_INT(info.code, MQC_EINVAL);
    CHECK(!mqc_publish_rr(NULL, pool, pool, &event, NULL));
    CHECK(!mqc_publish_rr(backend, pool, pool, NULL, &info));
    CHECK_INT(info.code, MQC_EINVAL);
    mqc_watch_nodes(NULL);
    CHECK_UNSIGNED(mqc_nodes(NULL, count_node, NULL), 0);
    CHECK_UNSIGNED(mqc_nodes(backend, NULL, NULL), 0);
    CHECK_UNSIGNED(mqc_active_node_count(NULL, "worker"), 0);
    CHECK_UNSIGNED(mqc_active_node_count(backend, NULL), 0);
    CHECK_UNSIGNED(mqc_active_node_count(backend, "wurker"), 0);
    mqc_backend_free(&backend);
}

static void test_pool_registration_checks_the_specification(void)
{
    struct mqc_config *config = minimal_config();
    struct mqc_backend *backend = NULL;
    struct mqc_error_info info = {0};
    REQUIRE(mqc_backend_new(config, &backend, &info) == MQC_OK);
    mqc_config_free(&config);
    struct mqc_pool_spec spec = {.topic = mqc_view_text("app/pool"), .type = "proxy"};
    CHECK_INT(mqc_register_pool(NULL, &spec, &info), MQC_EINVAL);
    CHECK_INT(mqc_register_pool(backend, NULL, &info), MQC_EINVAL);
    CHECK_INT(mqc_register_pool(backend, &spec, &info), MQC_OK);
    CHECK_INT(mqc_register_pool(backend, &spec, &info), MQC_OK);
    spec.max_nodes = 2;
    CHECK_INT(mqc_register_pool(backend, &spec, &info), MQC_EEXIST);
    CHECK_CONTAINS(info.text, "another pool");
    spec.topic = mqc_view_text("");
    CHECK_INT(mqc_register_pool(backend, &spec, &info), MQC_EINVAL);
    spec.topic = mqc_view_text("other");
    spec.type = NULL;
    CHECK_INT(mqc_register_pool(backend, &spec, &info), MQC_EINVAL);
    spec.type = "wurker";
    CHECK_INT(mqc_register_pool(backend, &spec, &info), MQC_ECONFIG);
    CHECK_CONTAINS(info.text, "wurker");
    spec.type = "manager";
    CHECK_INT(mqc_register_pool(backend, &spec, &info), MQC_ECONFIG);
    spec = (struct mqc_pool_spec){
        .topic = mqc_view_text("other"), .type = "proxy", .is_exclusive = true};
    CHECK_INT(mqc_register_pool(backend, &spec, &info), MQC_ECONFIG);
    mqc_backend_free(&backend);
}

static void test_uninitialised_backend_knows_no_owner(void)
{
    struct mqc_config *config =
        test_config("cluster: {name: c}\nnode: w\nbroker: {uri: mqtt://127.0.0.1:1}\n"
                    "nodes: {w: {type: worker}, p: {type: proxy}}\n");
    struct mqc_backend *backend = NULL;
    struct mqc_error_info info = {0};
    unsigned self_count = 0;
    REQUIRE(mqc_backend_new(config, &backend, &info) == MQC_OK);
    mqc_config_free(&config);
    const struct mqc_view pool = mqc_view_text("proxy");
    const struct mqc_key key = {.value = mqc_count(1)};
    const struct mqc_event event = {.name = mqc_view_text("e")};
    struct mqc_route route;
    CHECK_INT(mqc_hrw_topic(backend, pool, &key, &route, &info), MQC_ENOTINIT);
    CHECK_INT(mqc_rr_topic(backend, pool, pool, &route, &info), MQC_ENOTINIT);
    CHECK(!mqc_publish_hrw(backend, pool, &key, &event, &info));
    CHECK_INT(info.code, MQC_ENOTINIT);
    CHECK(!mqc_publish_rr(backend, pool, pool, &event, &info));
    CHECK_INT(info.code, MQC_ENOTINIT);
    CHECK_UNSIGNED(mqc_nodes(backend, count_node, &self_count), 1);
    CHECK_UNSIGNED(self_count, 1);
    mqc_backend_free(&backend);
}

static void test_incomplete_configuration_is_refused(void)
{
    struct mqc_config *config = mqc_config_new();
    struct mqc_backend *backend = NULL;
    struct mqc_error_info info = {0};
    REQUIRE(config != NULL);
    CHECK_INT(mqc_backend_new(config, &backend, &info), MQC_ECONFIG);
    CHECK(backend == NULL);
    CHECK_CONTAINS(info.text, "cluster.name");
    mqc_config_free(&config);
}

static void test_uninitialised_backend_works_as_far_as_it_can(void)
{
    struct mqc_config *config = minimal_config();
    struct mqc_backend *backend = NULL;
    struct mqc_error_info info = {0};
    REQUIRE(mqc_backend_new(config, &backend, &info) == MQC_OK);
    mqc_config_free(&config);
    struct mqc_event event = {.name = mqc_view_text("e")};
    CHECK(!mqc_publish(backend, mqc_view_text("t"), &event, &info));
    CHECK_INT(info.code, MQC_ENOTINIT);
    CHECK(!mqc_publish(backend, mqc_view_text("t"), &event, NULL));
    CHECK_INT(mqc_backend_wait_ready(backend, 0), MQC_ENOTINIT);
    CHECK_INT(mqc_backend_flush(backend, 0), MQC_ENOTINIT);
    CHECK_INT(mqc_subscribe(backend, mqc_view_text("t"), MQC_MATCH_PREFIX, &info), MQC_OK);
    CHECK_INT(mqc_subscribe(backend, mqc_view_text("t"), MQC_MATCH_PREFIX, &info), MQC_OK);
    CHECK_INT(mqc_subscribe(backend, mqc_view_text("t"), (enum mqc_match)7, &info), MQC_EINVAL);
    CHECK_INT(mqc_unsubscribe(backend, mqc_view_text("t"), MQC_MATCH_LEVEL, &info), MQC_ENOTFOUND);
    CHECK_INT(mqc_unsubscribe(backend, mqc_view_text("t"), MQC_MATCH_PREFIX, &info), MQC_OK);
    CHECK_INT(mqc_backend_init(backend, "", &info), MQC_EINVAL);
    CHECK_INT(mqc_backend_init(backend, "\xff", &info), MQC_EINVAL);
    CHECK_UNSIGNED(mqc_backend_close(backend, 0), 0);
    CHECK_INT(mqc_backend_init(backend, NULL, &info), MQC_ECLOSED);
    mqc_backend_free(&backend);
    CHECK(backend == NULL);
}

static void test_make_event_checks_values_and_signature(void)
{
    struct mqc_config *config = minimal_config();
    struct mqc_backend *backend = NULL;
    struct mqc_error_info info = {0};
    CHECK_INT(mqc_config_set(config, "strict_events", "true", &info), MQC_OK);
    REQUIRE(mqc_backend_new(config, &backend, &info) == MQC_OK);
    mqc_config_free(&config);
    struct mqc_event event;
    const struct mqc_value twice[] = {mqc_count(1), mqc_count(1)};
    const struct mqc_value args[] = {mqc_set(twice, 2)};
    CHECK_INT(mqc_make_event(backend, "e", twice, 2, &event, &info), MQC_EUNDECLARED);
    CHECK_INT(mqc_declare_event(backend, "e", "s: set[count]", &info), MQC_OK);
    CHECK_INT(mqc_declare_event(backend, "e", "s: set[int]", &info), MQC_EEXIST);
    CHECK_INT(mqc_declare_event(backend, "f", "s: set[", &info), MQC_EINVAL);
    CHECK_CONTAINS(info.text, "column");
    CHECK_INT(mqc_make_event(backend, "e", args, 1, &event, &info), MQC_EINVAL);
    CHECK_CONTAINS(info.text, "argument 1: an element stands twice");
    CHECK_INT(mqc_make_event(backend, "e", twice, 2, &event, &info), MQC_ETYPE);
    CHECK_CONTAINS(info.text, "got 2 arguments, expected 1");
    CHECK_INT(mqc_make_event(backend, "", args, 1, &event, &info), MQC_EINVAL);
    CHECK_INT(mqc_make_event(backend, "e", NULL, 1, &event, &info), MQC_EINVAL);
    const struct mqc_value good[] = {mqc_set(twice, 1)};
    CHECK_INT(mqc_make_event(backend, "e", good, 1, &event, &info), MQC_OK);
    CHECK(event.args == good);
    mqc_backend_free(&backend);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"null_arguments_are_refused", test_null_arguments_are_refused},
        {"null_arguments_about_the_cluster", test_null_arguments_about_the_cluster_are_refused},
        {"pool_registration_checks", test_pool_registration_checks_the_specification},
        {"uninitialised_backend_knows_no_owner", test_uninitialised_backend_knows_no_owner},
        {"incomplete_configuration_is_refused", test_incomplete_configuration_is_refused},
        {"uninitialised_backend_works_as_far_as_it_can",
         test_uninitialised_backend_works_as_far_as_it_can},
        {"make_event_checks_values_and_signature", test_make_event_checks_values_and_signature},
        CU_TEST_INFO_NULL,
    };
    return suite_run("api.misuse", tests);
}
