#include "metrics/telemetry.h"
#include "support/suite.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALL_LEVELS ((unsigned)MQC__TELEMETRY_INFO | MQC__TELEMETRY_VERBOSE | MQC__TELEMETRY_DEBUG)

static struct mqc__telemetry *new_telemetry(const struct mqc__telemetry_options *options)
{
    struct mqc__telemetry *telemetry = mqc__telemetry_new(options);
    REQUIRE(telemetry != NULL);
    return telemetry;
}

/* The page as text, which the caller frees. */
static char *write_page(struct mqc__telemetry *telemetry, const char *node)
{
    struct mqc__buffer out;
    struct mqc__prometheus writer;
    mqc__buffer_init(&out, (size_t)64 << 20);
    mqc__prometheus_init(&writer, &out, mqc_view_text(node));
    mqc__telemetry_write(telemetry, &writer);
    mqc__buffer_append(&out, "", 1);
    REQUIRE(!mqc__buffer_failed(&out));
    return out.data;
}

static void check_page(struct mqc__telemetry *telemetry, const char *expected)
{
    char *page = write_page(telemetry, "");
    CHECK_TEXT(page, expected);
    free(page);
}

static void check_line(struct mqc__telemetry *telemetry, const char *line)
{
    char *page = write_page(telemetry, "");
    CHECK_CONTAINS(page, line);
    free(page);
}

static size_t count_of(const char *page, const char *part)
{
    size_t count = 0;
    for (const char *at = strstr(page, part); at != NULL; at = strstr(at + 1, part))
        count++;
    return count;
}

static void count_core(struct mqc__telemetry *telemetry, struct mqc_view topic,
                       struct mqc_view handler, size_t bytes)
{
    const struct mqc__telemetry_event event = {
        .side = MQC__TELEMETRY_CORE, .topic = topic, .handler = handler, .bytes = bytes};
    mqc__telemetry_count(telemetry, &event);
}

static void count_websocket(struct mqc__telemetry *telemetry,
                            enum mqc__telemetry_direction direction, const char *app,
                            const char *topic, size_t bytes)
{
    const struct mqc__telemetry_event event = {
        .side = MQC__TELEMETRY_WEBSOCKET,
        .direction = direction,
        .app = mqc_view_text(app),
        .topic = mqc_view_text(topic),
        .handler = mqc_view_text("ping"),
        .bytes = bytes,
    };
    mqc__telemetry_count(telemetry, &event);
}

static void test_telemetry_info_is_there_from_the_start(void)
{
    const struct mqc__telemetry_options options = {.core_levels = MQC__TELEMETRY_INFO,
                                                   .websocket_levels = MQC__TELEMETRY_INFO};
    struct mqc__telemetry *telemetry = new_telemetry(&options);
    count_core(telemetry, mqc_view_text("/t"), mqc_view_text("e"), 1);
    CHECK(!mqc__telemetry_wants_bytes(telemetry, MQC__TELEMETRY_CORE));
    CHECK(!mqc__telemetry_wants_bytes(telemetry, MQC__TELEMETRY_WEBSOCKET));
    check_page(telemetry,
               "# HELP zeek_cluster_core_outgoing_events_total Events published by this "
               "node.\n"
               "# TYPE zeek_cluster_core_outgoing_events_total counter\n"
               "zeek_cluster_core_outgoing_events_total 1\n"
               "# HELP zeek_cluster_core_incoming_events_total Events that this node got "
               "from the cluster.\n"
               "# TYPE zeek_cluster_core_incoming_events_total counter\n"
               "zeek_cluster_core_incoming_events_total 0\n");
    mqc__telemetry_free(&telemetry);
    CHECK(telemetry == NULL);
    mqc__telemetry_free(&telemetry);
}

static void test_telemetry_off_counts_nothing(void)
{
    const struct mqc__telemetry_options options = {.core_levels = 0};
    struct mqc__telemetry *telemetry = new_telemetry(&options);
    count_core(telemetry, mqc_view_text("/t"), mqc_view_text("e"), 1);
    count_websocket(telemetry, MQC__TELEMETRY_INCOMING, "a", "/t", 1);
    check_page(telemetry, "");
    mqc__telemetry_free(&telemetry);
}

static void test_telemetry_websocket_counts_by_application(void)
{
    const struct mqc__telemetry_options options = {.websocket_levels = MQC__TELEMETRY_INFO};
    struct mqc__telemetry *telemetry = new_telemetry(&options);
    for (unsigned i = 0; i < 5; i++)
        count_websocket(telemetry, MQC__TELEMETRY_OUTGOING, i < 3 ? "" : "edge", "/t", 1);
    count_websocket(telemetry, MQC__TELEMETRY_INCOMING, "edge", "/t", 1);
    char *page = write_page(telemetry, "worker-1");
    CHECK_CONTAINS(page, "\nzeek_cluster_websocket_outgoing_events_total"
                         "{node=\"worker-1\",app=\"unknown\"} 3\n");
    CHECK_CONTAINS(page, "\nzeek_cluster_websocket_outgoing_events_total"
                         "{node=\"worker-1\",app=\"edge\"} 2\n");
    CHECK_CONTAINS(page, "\nzeek_cluster_websocket_incoming_events_total"
                         "{node=\"worker-1\",app=\"edge\"} 1\n");
    CHECK_UNSIGNED(count_of(page, "# TYPE"), 2);
    free(page);
    mqc__telemetry_free(&telemetry);
}

static void test_telemetry_verbose_counts_by_topic_and_handler(void)
{
    const struct mqc__telemetry_options options = {.core_levels = MQC__TELEMETRY_VERBOSE,
                                                   .websocket_levels = MQC__TELEMETRY_VERBOSE};
    struct mqc__telemetry *telemetry = new_telemetry(&options);
    count_core(telemetry, mqc_view_text("/a"), mqc_view_text("e"), 1);
    count_core(telemetry, mqc_view_text("/a"), mqc_view_text("e"), 1);
    count_core(telemetry, mqc_view_text("/a"), mqc_view_text("f"), 1);
    count_core(telemetry, mqc_view_text("/ae"), mqc_view_text(""), 1);
    count_core(telemetry, mqc_view_text(""), mqc_view_text("/ae"), 1);
    count_websocket(telemetry, MQC__TELEMETRY_INCOMING, "x", "/a", 1);
    check_line(telemetry, "core_verbose_outgoing_events_total{topic=\"/a\",handler=\"e\"} 2\n");
    check_line(telemetry, "core_verbose_outgoing_events_total{topic=\"/a\",handler=\"f\"} 1\n");
    check_line(telemetry, "core_verbose_outgoing_events_total{topic=\"/ae\",handler=\"\"} 1\n");
    check_line(telemetry, "core_verbose_outgoing_events_total{topic=\"\",handler=\"/ae\"} 1\n");
    check_line(telemetry, "zeek_cluster_websocket_verbose_incoming_events_total"
                          "{app=\"x\",topic=\"/a\",handler=\"ping\"} 1\n");
    mqc__telemetry_free(&telemetry);
}

static void test_telemetry_debug_has_a_histogram_of_sizes(void)
{
    const struct mqc__telemetry_options options = {.core_levels = ALL_LEVELS,
                                                   .websocket_levels = MQC__TELEMETRY_DEBUG};
    static const size_t sizes[] = {0, 10, 11, 500, 50000, 50001};
    struct mqc__telemetry *telemetry = new_telemetry(&options);
    CHECK(mqc__telemetry_wants_bytes(telemetry, MQC__TELEMETRY_CORE));
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        count_websocket(telemetry, MQC__TELEMETRY_OUTGOING, "x", "/a", sizes[i]);
    count_websocket(telemetry, MQC__TELEMETRY_INCOMING, "x", "/a", 1);
#define NAME "zeek_cluster_websocket_debug_outgoing_event_sizes"
#define LABELS "app=\"x\",topic=\"/a\",handler=\"ping\",script_location=\"none\""
    check_line(telemetry,
               "# TYPE " NAME " histogram\n" NAME "_bucket{" LABELS ",le=\"10\"} 2\n" NAME
               "_bucket{" LABELS ",le=\"50\"} 3\n" NAME "_bucket{" LABELS ",le=\"100\"} 3\n" NAME
               "_bucket{" LABELS ",le=\"500\"} 4\n" NAME "_bucket{" LABELS ",le=\"1000\"} 4\n" NAME
               "_bucket{" LABELS ",le=\"5000\"} 4\n" NAME "_bucket{" LABELS
               ",le=\"10000\"} 4\n" NAME "_bucket{" LABELS ",le=\"50000\"} 5\n" NAME
               "_bucket{" LABELS ",le=\"+Inf\"} 6\n" NAME "_sum{" LABELS "} 100522\n" NAME
               "_count{" LABELS "} 6\n");
    check_line(telemetry, "zeek_cluster_websocket_debug_incoming_event_sizes_count"
                          "{app=\"x\",topic=\"/a\",handler=\"ping\"} 1\n");
    mqc__telemetry_free(&telemetry);
}

static void check_topic(char separator, const char *topic, const char *label)
{
    const struct mqc__telemetry_options options = {.core_levels = MQC__TELEMETRY_VERBOSE,
                                                   .topic_separator = separator};
    struct mqc__telemetry *telemetry = new_telemetry(&options);
    char expected[200];
    count_core(telemetry, mqc_view_text(topic), mqc_view_text("e"), 1);
    (void)snprintf(expected, sizeof expected, "{topic=\"%s\",handler=\"e\"} 1\n", label);
    check_line(telemetry, expected);
    mqc__telemetry_free(&telemetry);
}

static void test_telemetry_topics_of_node_ids_are_one(void)
{
    check_topic('/', "zeek/cluster/nodeid/3f2a/", "zeek/cluster/nodeid/__normalized__");
    check_topic('\0', "zeek/cluster/nodeid/x", "zeek/cluster/nodeid/__normalized__");
    check_topic('.', "zeek.cluster.nodeid.3f2a.", "zeek.cluster.nodeid.__normalized__");
    check_topic('.', "zeek/cluster/nodeid/3f2a/", "zeek/cluster/nodeid/3f2a/");
    check_topic('/', "zeek/cluster/node/worker-1/", "zeek/cluster/node/worker-1/");
    check_topic('/', "zeek/cluster/nodeid", "zeek/cluster/nodeid");
}

static void test_telemetry_series_are_bounded(void)
{
    const struct mqc__telemetry_options options = {
        .core_levels = ALL_LEVELS, .websocket_levels = ALL_LEVELS, .series_max = 3};
    struct mqc__telemetry *telemetry = new_telemetry(&options);
    for (unsigned i = 0; i < 10; i++) {
        char text[16];
        (void)snprintf(text, sizeof text, "t%u", i);
        count_core(telemetry, mqc_view_text(text), mqc_view_text("e"), 1);
        count_websocket(telemetry, MQC__TELEMETRY_OUTGOING, text, text, 1);
    }
    count_websocket(telemetry, MQC__TELEMETRY_OUTGOING, "t1", "t1", 1);
    check_line(telemetry, "\nzeek_cluster_core_outgoing_events_total 10\n");
    check_line(telemetry, "{topic=\"__overflow__\",handler=\"__overflow__\"} 7\n");
    check_line(telemetry, "websocket_outgoing_events_total{app=\"__overflow__\"} 7\n");
    check_line(telemetry, "websocket_outgoing_events_total{app=\"t1\"} 2\n");
    char *page = write_page(telemetry, "");
    CHECK_UNSIGNED(count_of(page, "\nzeek_cluster_core_verbose_outgoing_events_total{"), 4);
    CHECK_UNSIGNED(count_of(page, "\nzeek_cluster_core_debug_outgoing_event_sizes_sum{"), 4);
    free(page);
    mqc__telemetry_free(&telemetry);
}

/* A line that is there twice makes the whole page invalid. */
static void test_telemetry_labels_that_look_alike_are_one(void)
{
    const struct mqc__telemetry_options options = {.core_levels = MQC__TELEMETRY_VERBOSE,
                                                   .series_max = 2};
    struct mqc__telemetry *telemetry = new_telemetry(&options);
    const struct mqc_view overflow = mqc_view_text("__overflow__");
    char longest[MQC__TELEMETRY_LABEL_BYTES_MAX + 1];
    memset(longest, '\xff', sizeof longest);
    count_core(telemetry, overflow, overflow, 1);
    count_core(telemetry, mqc_view_bytes(longest, sizeof longest), overflow, 1);
    count_core(telemetry, mqc_view_text("\xff"), mqc_view_text("e"), 1);
    count_core(telemetry, mqc_view_text("\x01"), mqc_view_text("e"), 1);
    count_core(telemetry, mqc_view_bytes(longest, sizeof longest - 1), mqc_view_text("e"), 1);
    count_core(telemetry, mqc_view_text("third"), mqc_view_text("e"), 1);
    check_line(telemetry, "{topic=\"__overflow__\",handler=\"__overflow__\"} 3\n");
    check_line(telemetry, "{topic=\"\xef\xbf\xbd\",handler=\"e\"} 2\n");
    char *page = write_page(telemetry, "");
    CHECK_UNSIGNED(count_of(page, "\"__overflow__\",handler=\"__overflow__\""), 1);
    CHECK_UNSIGNED(count_of(page, "\xef\xbf\xbd"), MQC__TELEMETRY_LABEL_BYTES_MAX + 1);
    free(page);
    mqc__telemetry_free(&telemetry);
}

#define THREADS 4
#define ROUNDS 2000

static void *count_many(void *context)
{
    struct mqc__telemetry *telemetry = context;
    for (unsigned i = 0; i < ROUNDS; i++) {
        char topic[16];
        (void)snprintf(topic, sizeof topic, "t%u", i % 50);
        count_core(telemetry, mqc_view_text(topic), mqc_view_text("e"), i);
        count_websocket(telemetry, MQC__TELEMETRY_INCOMING, topic, topic, i);
        if (i % 500 == 0)
            free(write_page(telemetry, "n"));
    }
    return NULL;
}

static void test_telemetry_of_several_threads_is_exact(void)
{
    const struct mqc__telemetry_options options = {
        .core_levels = ALL_LEVELS, .websocket_levels = ALL_LEVELS, .series_max = 25};
    struct mqc__telemetry *telemetry = new_telemetry(&options);
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++)
        REQUIRE(pthread_create(&threads[i], NULL, count_many, telemetry) == 0);
    for (size_t i = 0; i < THREADS; i++)
        REQUIRE(pthread_join(threads[i], NULL) == 0);
    check_line(telemetry, "\nzeek_cluster_core_outgoing_events_total 8000\n");
    char *page = write_page(telemetry, "");
    CHECK_UNSIGNED(count_of(page, "\nzeek_cluster_core_verbose_outgoing_events_total{"), 26);
    CHECK_UNSIGNED(count_of(page, "\nzeek_cluster_websocket_incoming_events_total{"), 26);
    CHECK_CONTAINS(page, "core_verbose_outgoing_events_total{topic=\"__overflow__\","
                         "handler=\"__overflow__\"} 4000\n");
    free(page);
    mqc__telemetry_free(&telemetry);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"info", test_telemetry_info_is_there_from_the_start},
        {"off", test_telemetry_off_counts_nothing},
        {"applications", test_telemetry_websocket_counts_by_application},
        {"verbose", test_telemetry_verbose_counts_by_topic_and_handler},
        {"debug", test_telemetry_debug_has_a_histogram_of_sizes},
        {"node ids", test_telemetry_topics_of_node_ids_are_one},
        {"bounded", test_telemetry_series_are_bounded},
        {"look alike", test_telemetry_labels_that_look_alike_are_one},
        {"threads", test_telemetry_of_several_threads_is_exact},
        CU_TEST_INFO_NULL,
    };
    return suite_run("metrics.telemetry", tests);
}
