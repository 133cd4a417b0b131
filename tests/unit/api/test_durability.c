/* How the section delivery becomes what the session goes by. */
#include "api/options.h"
#include "support/node.h"
#include "support/suite.h"

#include <stdio.h>

/* A configuration stays as long as the options that were made of it. */
struct made {
    struct mqc_config *config;
    struct mqc__arena arena;
    struct mqc__backend_options options;
    struct mqc_error_info info;
};

static enum mqc_error make(struct made *made, const char *yaml)
{
    char whole[1000];
    (void)snprintf(whole, sizeof whole, "cluster: {name: c}\nbroker: {uri: mqtt://h}\n%s", yaml);
    *made = (struct made){.config = test_config(whole)};
    mqc__arena_init(&made->arena, (size_t)1 << 20);
    return mqc__api_backend_options(made->config, &made->arena, &made->options, &made->info);
}

static void unmake(struct made *made)
{
    mqc__arena_fini(&made->arena);
    mqc_config_free(&made->config);
}

static void test_defaults_keep_nothing_on_disk(void)
{
    struct made made;
    REQUIRE(make(&made, "") == MQC_OK);
    const struct mqc__durability *durability = &made.options.session.durability;
    CHECK(!durability->is_on_disk);
    CHECK(durability->directory == NULL);
    CHECK_INT(durability->keep_ms, 600000);
    CHECK_UNSIGNED(durability->keep_bytes, 64 << 20);
    CHECK_INT(made.options.default_service.qos, MQC__QOS_1);
    CHECK(!made.options.default_service.is_end_to_end);
    CHECK(!made.options.default_service.is_urgent);
    unmake(&made);
}

static void test_disk_names_the_folder_of_the_node(void)
{
    struct made made;
    REQUIRE(make(&made,
                 "node: w 1\n"
                 "delivery: {durability: disk, directory: /d/, spool_bytes: 2GiB,\n"
                 "  fsync: always, fsync_interval: 2s, keep_time: 3s, keep_bytes: 4MiB}\n") ==
            MQC_OK);
    const struct mqc__durability *durability = &made.options.session.durability;
    CHECK(durability->is_on_disk);
    CHECK_TEXT(durability->directory, "/d/w%201");
    CHECK_UNSIGNED(durability->spool_bytes, UINT64_C(2) << 30);
    CHECK_INT(durability->fsync, MQC__SPOOL_FSYNC_ALWAYS);
    CHECK_UNSIGNED(durability->fsync_interval_ms, 2000);
    CHECK_INT(durability->keep_ms, 3000);
    CHECK_UNSIGNED(durability->keep_bytes, 4 << 20);
    unmake(&made);
}

/* Its state could not be found again. */
static void test_disk_without_a_name_is_refused(void)
{
    struct made made;
    CHECK_INT(make(&made, "delivery: {durability: disk}\n"), MQC_ECONFIG);
    CHECK_TEXT(made.info.place, "node");
    CHECK_CONTAINS(made.info.text, "set node");
    unmake(&made);
}

/* It may go by the name of a node that runs. */
static void test_guest_goes_by_memory(void)
{
    static const char *const forms[] = {"", "node: w\n"};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        char yaml[200];
        struct made made;
        (void)snprintf(yaml, sizeof yaml, "%sdelivery: {durability: disk}\n", forms[i]);
        (void)make(&made, yaml);
        CHECK_INT(mqc_config_set(made.config, "cluster.guest", "true", NULL), MQC_OK);
        CHECK_INT(mqc__api_backend_options(made.config, &made.arena, &made.options, &made.info),
                  MQC_OK);
        CHECK(!made.options.session.durability.is_on_disk);
        CHECK(made.options.session.durability.directory == NULL);
        unmake(&made);
    }
}

static void test_guarantees_become_services(void)
{
    static const struct mqc__service services[] = {
        {.qos = MQC__QOS_0},
        {.qos = MQC__QOS_1, .is_urgent = true},
        {.qos = MQC__QOS_1, .is_end_to_end = true, .is_urgent = true},
    };
    struct made made;
    REQUIRE(make(&made, "delivery:\n  guarantee: end_to_end\n  prefixes:\n"
                        "  - {prefix: a, guarantee: best_effort}\n"
                        "  - {prefix: b, guarantee: broker, urgent: true}\n"
                        "  - {prefix: c, guarantee: end_to_end, urgent: true}\n") == MQC_OK);
    CHECK_INT(made.options.default_service.qos, MQC__QOS_1);
    CHECK(made.options.default_service.is_end_to_end);
    CHECK(!made.options.default_service.is_urgent);
    REQUIRE(made.options.service_rule_count == 3);
    for (size_t i = 0; i < 3; i++) {
        const struct mqc__service *service = &made.options.service_rules[i].service;
        CHECK_INT(service->qos, services[i].qos);
        CHECK(service->is_end_to_end == services[i].is_end_to_end);
        CHECK(service->is_urgent == services[i].is_urgent);
    }
    unmake(&made);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"defaults", test_defaults_keep_nothing_on_disk},
        {"disk", test_disk_names_the_folder_of_the_node},
        {"disk without a name", test_disk_without_a_name_is_refused},
        {"guest", test_guest_goes_by_memory},
        {"guarantees", test_guarantees_become_services},
        CU_TEST_INFO_NULL,
    };
    return suite_run("api.durability", tests);
}
