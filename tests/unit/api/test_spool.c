/* What a program sees of a spool: through a backend that keeps one, and after it. */
#include "api/services.h"
#include "support/node.h"
#include "support/suite.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char folder[64];

static void begin(void)
{
    (void)snprintf(folder, sizeof folder, "/tmp/mqc-api-spool-XXXXXX");
    REQUIRE(mkdtemp(folder) != NULL);
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *where)
{
    (void)status;
    (void)kind;
    (void)where;
    return remove(path);
}

static void end(void)
{
    CHECK_INT(nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

/* Nobody listens at the broker's port. */
static struct mqc_config *configure(const char *more)
{
    char yaml[1000];
    (void)snprintf(yaml, sizeof yaml,
                   "cluster: {name: c}\nbroker: {uri: 'mqtt://127.0.0.1:1'}\n"
                   "delivery:\n  durability: disk\n  directory: %s\n"
                   "  prefixes:\n"
                   "  - {prefix: e/, guarantee: end_to_end}\n"
                   "  - {prefix: zeek/cluster/, guarantee: end_to_end, urgent: true}\n"
                   "  - {prefix: b/, guarantee: best_effort}\n%s",
                   folder, more);
    return test_config(yaml);
}

static struct mqc_backend *start(const struct mqc_config *config)
{
    struct mqc_backend *backend = NULL;
    struct mqc_error_info info;
    REQUIRE(mqc_backend_new(config, &backend, &info) == MQC_OK);
    REQUIRE(mqc_backend_init(backend, "id-1", &info) == MQC_OK);
    return backend;
}

static void publish(struct mqc_backend *backend, const char *topic)
{
    const struct mqc_value argument = mqc_count(7);
    const struct mqc_event event = {.name = mqc_view_text("e"), .args = &argument, .arg_count = 1};
    struct mqc_error_info info;
    CHECK(mqc_publish(backend, mqc_view_text(topic), &event, &info));
}

struct seen {
    unsigned count;
    unsigned most;
    struct mqc_spool_record records[8]; /* numbers only */
    char topics[8][64];
    char mqtt_topics[8][64];
    unsigned decoded;
};

static void decode(void *context, const struct mqc_message *message)
{
    struct seen *seen = context;
    seen->decoded += mqc_view_equal(message->event->name, mqc_view_text("e")) &&
                             message->event->args[0].as.count == 7
                         ? 1
                         : 0;
}

static bool see(void *context, const struct mqc_spool_record *record)
{
    struct seen *seen = context;
    struct mqc_error_info info;
    const unsigned at = seen->count++;
    seen->records[at] = *record;
    (void)snprintf(seen->topics[at], sizeof seen->topics[at], "%.*s", (int)record->topic.size,
                   record->topic.data != NULL ? record->topic.data : "");
    (void)snprintf(seen->mqtt_topics[at], sizeof seen->mqtt_topics[at], "%.*s",
                   (int)record->mqtt_topic.size, record->mqtt_topic.data);
    CHECK(mqc_view_equal(record->instance, mqc_view_text("id-1")));
    CHECK_INT(mqc_payload_decode(record->payload, NULL, decode, seen, &info), MQC_OK);
    return seen->count != seen->most;
}

static enum mqc_error walk(const struct mqc_config *config, struct seen *seen, unsigned most,
                           struct mqc_error_info *info)
{
    *seen = (struct seen){.most = most};
    return mqc_spool_walk(config, see, seen, info);
}

static void test_walk_tells_what_was_left(void)
{
    begin();
    struct mqc_config *config = configure("node: w\n");
    struct mqc_backend *backend = start(config);
    static const char *const topics[] = {"a/+", "e/x", "zeek/cluster/node/m/", "a/+"};
    for (size_t i = 0; i < 4; i++)
        publish(backend, topics[i]);
    publish(backend, "b/y"); /* best effort does not go to disk */
    struct seen seen;
    struct mqc_error_info info;
    CHECK_INT(walk(config, &seen, 8, &info), MQC_EIO);
    CHECK_CONTAINS(info.text, "another process uses it");
    mqc_backend_free(&backend);
    CHECK_INT(walk(config, &seen, 8, &info), MQC_OK);
    CHECK_UNSIGNED(seen.count, 4);
    CHECK_UNSIGNED(seen.decoded, 4);
    static const enum mqc_guarantee guarantees[] = {MQC_GUARANTEE_BROKER, MQC_GUARANTEE_END_TO_END,
                                                    MQC_GUARANTEE_END_TO_END, MQC_GUARANTEE_BROKER};
    for (unsigned i = 0; i < 4; i++) {
        CHECK_UNSIGNED(seen.records[i].number, i + 1);
        CHECK_TEXT(seen.topics[i], topics[i]);
        CHECK_INT(seen.records[i].guarantee, guarantees[i]);
        CHECK_INT(seen.records[i].is_to_one, i == 2);
        CHECK_INT(seen.records[i].is_urgent, i == 2);
        CHECK_UNSIGNED(seen.records[i].sequence, i == 3 ? 2 : 1);
        CHECK(seen.records[i].bytes > seen.records[i].mqtt_topic.size);
    }
    CHECK_TEXT(seen.mqtt_topics[0], "mqcluster/c/event/a/%2B");
    CHECK_INT(walk(config, &seen, 2, &info), MQC_OK);
    CHECK_UNSIGNED(seen.count, 2);
    REQUIRE(mqc_config_set(config, "cluster.root", "other", NULL) == MQC_OK);
    CHECK_INT(walk(config, &seen, 1, &info), MQC_OK);
    CHECK(seen.records[0].topic.data == NULL);
    mqc_config_free(&config);
    end();
}

static void test_guarantees_have_their_names(void)
{
    CHECK_TEXT(mqc_guarantee_name(MQC_GUARANTEE_BEST_EFFORT), "best_effort");
    CHECK_TEXT(mqc_guarantee_name(MQC_GUARANTEE_BROKER), "broker");
    CHECK_TEXT(mqc_guarantee_name(MQC_GUARANTEE_END_TO_END), "end_to_end");
}

static void test_path_is_in_the_folder_of_the_node(void)
{
    begin();
    char expected[100];
    char path[100];
    char small[10];
    struct mqc_error_info info;
    struct mqc_config *config = configure("node: w 1\n");
    (void)snprintf(expected, sizeof expected, "%s/w%%201/spool.db", folder);
    CHECK_INT(mqc_spool_path(config, path, sizeof path, &info), MQC_OK);
    CHECK_TEXT(path, expected);
    CHECK_INT(mqc_spool_path(config, small, sizeof small, &info), MQC_ETOOLARGE);
    CHECK_INT(mqc_spool_path(NULL, path, sizeof path, &info), MQC_EINVAL);
    CHECK_INT(mqc_spool_path(config, NULL, 10, &info), MQC_EINVAL);
    struct seen seen;
    CHECK_INT(walk(config, &seen, 1, &info), MQC_ENOTFOUND);
    CHECK_CONTAINS(info.text, expected);
    CHECK_INT(mqc_spool_walk(NULL, see, &seen, &info), MQC_EINVAL);
    CHECK_INT(mqc_spool_walk(config, NULL, &seen, &info), MQC_EINVAL);
    mqc_config_free(&config);
    struct mqc_config *nameless = mqc_config_new();
    CHECK_INT(mqc_spool_path(nameless, path, sizeof path, &info), MQC_ECONFIG);
    CHECK_TEXT(info.place, "node");
    CHECK_INT(walk(nameless, &seen, 1, &info), MQC_ECONFIG);
    mqc_config_free(&nameless);
    end();
}

static void test_only_a_guest_adopts_a_spool(void)
{
    begin();
    struct mqc_error_info info;
    struct mqc_config *config = configure("node: w\n");
    struct mqc_backend *backend = NULL;
    REQUIRE(mqc_backend_new(config, &backend, &info) == MQC_OK);
    CHECK_INT(mqc_spool_adopt(NULL, config, &info), MQC_EINVAL);
    CHECK_INT(mqc_spool_adopt(backend, NULL, &info), MQC_EINVAL);
    CHECK_INT(mqc_spool_adopt(backend, config, &info), MQC_ECONFIG);
    CHECK_CONTAINS(info.text, "cluster.guest");
    mqc_backend_free(&backend);
    REQUIRE(mqc_config_set(config, "cluster.guest", "true", &info) == MQC_OK);
    REQUIRE(mqc_backend_new(config, &backend, &info) == MQC_OK);
    CHECK_INT(mqc_spool_adopt(backend, config, &info), MQC_OK);
    CHECK_INT(mqc_spool_adopt(backend, config, &info), MQC_EEXIST);
    mqc_backend_free(&backend);
    mqc_config_free(&config);
    end();
}

static void test_adopted_spool_is_sent_and_gets_nothing_new(void)
{
    begin();
    struct mqc_error_info info;
    struct mqc_config *config = configure("node: w\n");
    struct mqc_backend *backend = start(config);
    publish(backend, "t");
    REQUIRE(mqc_config_set(config, "cluster.guest", "true", &info) == MQC_OK);
    struct mqc_backend *guest = NULL;
    REQUIRE(mqc_backend_new(config, &guest, &info) == MQC_OK);
    CHECK_INT(mqc_spool_adopt(guest, config, &info), MQC_OK);
    CHECK_INT(mqc_backend_init(guest, NULL, &info), MQC_EIO);
    mqc_backend_free(&backend);
    CHECK_INT(mqc_backend_init(guest, NULL, &info), MQC_OK);
    struct mqc_stats stats;
    mqc_backend_stats(guest, &stats);
    CHECK_UNSIGNED(stats.spool_events, 1);
    const struct mqc_event event = {.name = mqc_view_text("e")};
    CHECK(!mqc_publish(guest, mqc_view_text("t"), &event, &info));
    CHECK_INT(info.code, MQC_ECLOSED);
    mqc_backend_free(&guest);
    mqc_config_free(&config);
    end();
}

static void check_texts(struct mqc_backend *backend, const char *const metrics[],
                        const char *health)
{
    char *text = NULL;
    REQUIRE(mqc_metrics_to_text(backend, &text) == MQC_OK);
    for (; *metrics != NULL; metrics++)
        CHECK_CONTAINS(text, *metrics);
    free(text);
    struct mqc__buffer body;
    mqc__buffer_init(&body, 10000);
    CHECK(!mqc__api_write_health(backend, &body));
    (void)mqc__buffer_append(&body, "", 1);
    CHECK_CONTAINS(body.data, health);
    mqc__buffer_fini(&body);
}

static void test_totals_tell_of_the_spool(void)
{
    begin();
    struct mqc_config *config = configure("node: w\n");
    struct mqc_backend *backend = start(config);
    struct mqc_stats stats;
    mqc_backend_stats(backend, &stats);
    CHECK_UNSIGNED(stats.spool_events, 0);
    publish(backend, "a");
    publish(backend, "b");
    mqc_backend_stats(backend, &stats);
    CHECK_UNSIGNED(stats.published_events, 2);
    CHECK_UNSIGNED(stats.spool_events, 2);
    CHECK(stats.spool_bytes > 40);
    CHECK_UNSIGNED(stats.spool_commits, 2);
    CHECK_UNSIGNED(stats.spool_failed_commits, 0);
    CHECK(!stats.spool_is_failing);
    check_texts(backend,
                (const char *const[]){
                    "# TYPE mqcluster_spool_events gauge", "mqcluster_spool_events{node=\"w\"} 2\n",
                    "mqcluster_spool_commits_total{node=\"w\"} 2\n",
                    "mqcluster_spool_failing{node=\"w\"} 0\n", "mqcluster_kept_events{", NULL},
                "\"spool\":\"ok\",\"spool_events\":2}");
    mqc_backend_free(&backend);
    mqc_config_free(&config);
    end();
}

static void test_memory_has_no_totals_of_a_spool(void)
{
    begin();
    struct mqc_error_info info;
    struct mqc_config *config = configure("node: w\n");
    REQUIRE(mqc_config_set(config, "delivery.durability", "memory", &info) == MQC_OK);
    struct mqc_backend *backend = start(config);
    publish(backend, "a");
    struct mqc_stats stats;
    mqc_backend_stats(backend, &stats);
    CHECK_UNSIGNED(stats.outbox_events, 1);
    CHECK_UNSIGNED(stats.spool_events, 0);
    CHECK_UNSIGNED(stats.spool_commits, 0);
    char *text = NULL;
    REQUIRE(mqc_metrics_to_text(backend, &text) == MQC_OK);
    CHECK(strstr(text, "spool") == NULL);
    free(text);
    mqc_backend_free(&backend);
    mqc_config_free(&config);
    end();
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"walk tells what was left", test_walk_tells_what_was_left},
        {"guarantees have their names", test_guarantees_have_their_names},
        {"path is in the folder of the node", test_path_is_in_the_folder_of_the_node},
        {"only a guest adopts a spool", test_only_a_guest_adopts_a_spool},
        {"adopted spool is sent and gets nothing new",
         test_adopted_spool_is_sent_and_gets_nothing_new},
        {"totals tell of the spool", test_totals_tell_of_the_spool},
        {"memory has no totals of a spool", test_memory_has_no_totals_of_a_spool},
        CU_TEST_INFO_NULL,
    };
    return suite_run("api.spool", tests);
}
