#include "base/arena.h"
#include "cluster/presence_topic.h"
#include "codec/presence.h"
#include "support/suite.h"
#include "topic/subscriptions.h"

static void test_topic_is_made_and_read_back(void)
{
    static const struct {
        enum mqc__node_type type;
        struct mqc_view name;
        const char *topic;
    } cases[] = {
        {MQC__NODE_WORKER, {"worker-1", 8}, "mqcluster/c/node/worker/worker-1"},
        {MQC__NODE_PROXY, {"a b", 3}, "mqcluster/c/node/proxy/a b"},
        {MQC__NODE_LOGGER, {"+#%", 3}, "mqcluster/c/node/logger/%2B%23%25"},
        {MQC__NODE_MANAGER, {"\xc3\xa4\0", 3}, "mqcluster/c/node/manager/%C3%A4%00"},
        {MQC__NODE_CONTROL, {"$x", 2}, "mqcluster/c/node/control/$x"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mqc__buffer topic;
        struct mqc__buffer name;
        struct mqc__buffer filter;
        enum mqc__node_type type = MQC__NODE_NONE;
        mqc__buffer_init(&topic, 1000);
        mqc__buffer_init(&name, 1000);
        mqc__buffer_init(&filter, 1000);
        CHECK_INT(mqc__presence_topic("mqcluster/c", cases[i].type, cases[i].name, &topic, NULL),
                  MQC_OK);
        const struct mqc_view made = mqc__buffer_view(&topic);
        CHECK_VIEW_TEXT(made, cases[i].topic);
        CHECK(mqc__presence_topic_is("mqcluster/c", made));
        CHECK_INT(mqc__presence_topic_parse("mqcluster/c", made, &type, &name, NULL), MQC_OK);
        CHECK_INT(type, cases[i].type);
        CHECK_VIEW(mqc__buffer_view(&name), cases[i].name);
        CHECK_INT(mqc__presence_filter("mqcluster/c", type, &filter), MQC_OK);
        CHECK(mqc__buffer_append(&filter, "", 1));
        CHECK(mqc__filter_match(filter.data, made));
        mqc__buffer_fini(&topic);
        mqc__buffer_fini(&name);
        mqc__buffer_fini(&filter);
    }
}

static void test_topic_of_a_longest_name(void)
{
    static char bytes[256];
    memset(bytes, 0xff, sizeof bytes);
    struct mqc__buffer topic;
    struct mqc__buffer name;
    enum mqc__node_type type = MQC__NODE_NONE;
    mqc__buffer_init(&topic, 1000);
    mqc__buffer_init(&name, (size_t)3 * MQC__PRESENCE_NAME_BYTES_MAX);
    CHECK_INT(mqc__presence_topic("r", MQC__NODE_WORKER, mqc_view_bytes(bytes, 255), &topic, NULL),
              MQC_OK);
    CHECK_INT(mqc__presence_topic_parse("r", mqc__buffer_view(&topic), &type, &name, NULL), MQC_OK);
    CHECK_VIEW(mqc__buffer_view(&name), mqc_view_bytes(bytes, 255));
    mqc__buffer_clear(&name);
    CHECK(mqc__buffer_append_text(&topic, "%FF"));
    CHECK_INT(mqc__presence_topic_parse("r", mqc__buffer_view(&topic), &type, &name, NULL),
              MQC_EMALFORMED);
    mqc__buffer_clear(&topic);
    CHECK(mqc__buffer_append_text(&topic, "r/node/worker/"));
    for (int i = 0; i < 256; i++)
        CHECK(mqc__buffer_append_text(&topic, "x"));
    struct mqc_error_info info;
    CHECK_INT(mqc__presence_topic_parse("r", mqc__buffer_view(&topic), &type, &name, &info),
              MQC_EMALFORMED);
    CHECK_TEXT(info.text, "the name in the topic is longer than 255 bytes");
    CHECK_UNSIGNED(name.size, 0);
    mqc__buffer_fini(&topic);
    mqc__buffer_fini(&name);
}

static void test_topic_refuses_names_that_are_no_level(void)
{
    static char longest[256];
    memset(longest, 'x', sizeof longest);
    const struct {
        struct mqc_view name;
        const char *problem;
    } cases[] = {
        {{"", 0}, "a node's name is empty"},
        {{"a/b", 3}, "a node's name contains '/'"},
        {{longest, 256}, "a node's name is longer than 255 bytes"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mqc__buffer topic;
        struct mqc_error_info info;
        mqc__buffer_init(&topic, 1000);
        CHECK_INT(mqc__presence_topic("r", MQC__NODE_WORKER, cases[i].name, &topic, &info),
                  MQC_ETOPIC);
        CHECK_TEXT(info.text, cases[i].problem);
        CHECK_UNSIGNED(topic.size, 0);
        mqc__buffer_fini(&topic);
    }
}

static void test_topic_full_buffer_stays_as_it_was(void)
{
    for (size_t limit = 0; limit < 15; limit++) {
        struct mqc__buffer topic;
        struct mqc__buffer name;
        enum mqc__node_type type = MQC__NODE_NONE;
        mqc__buffer_init(&topic, limit);
        CHECK_INT(mqc__presence_topic("r", MQC__NODE_WORKER, mqc_view_text("w"), &topic, NULL),
                  MQC_ENOMEM);
        CHECK_INT(mqc__presence_filter("r", MQC__NODE_WORKER, &topic), MQC_ENOMEM);
        CHECK_UNSIGNED(topic.size, 0);
        CHECK(!mqc__buffer_failed(&topic));
        mqc__buffer_fini(&topic);
        mqc__buffer_init(&name, limit);
        CHECK_INT(mqc__presence_topic_parse("r", mqc_view_text("r/node/worker/123456789012345"),
                                            &type, &name, NULL),
                  MQC_ENOMEM);
        mqc__buffer_fini(&name);
    }
}

/* No topic makes it read too far or give a name that would not make the same topic. */
static void test_topic_garbage_is_refused_or_reads_back(void)
{
    static const char alphabet[] = "rnodew/%2Bk+#\xff";
    struct test_random random = {.state = 5};
    for (int round = 0; round < 20000; round++) {
        char text[40] = "r/node/worker/";
        const size_t start = test_random_below(&random, 15);
        const size_t size = start + test_random_below(&random, sizeof text - start);
        for (size_t i = start; i < size; i++)
            text[i] = alphabet[test_random_below(&random, sizeof alphabet - 1)];
        struct mqc__buffer topic;
        struct mqc__buffer name;
        enum mqc__node_type type = MQC__NODE_NONE;
        mqc__buffer_init(&topic, 1000);
        mqc__buffer_init(&name, 1000);
        const struct mqc_view given = mqc_view_bytes(text, size);
        const enum mqc_error error = mqc__presence_topic_parse("r", given, &type, &name, NULL);
        CHECK(error == MQC_OK || error == MQC_EMALFORMED);
        if (error == MQC_OK) {
            CHECK_INT(mqc__presence_topic("r", type, mqc__buffer_view(&name), &topic, NULL),
                      MQC_OK);
            CHECK_VIEW(mqc__buffer_view(&topic), given);
        }
        mqc__buffer_fini(&topic);
        mqc__buffer_fini(&name);
    }
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"is_made_and_read_back", test_topic_is_made_and_read_back},
        {"of_a_longest_name", test_topic_of_a_longest_name},
        {"refuses_names_that_are_no_level", test_topic_refuses_names_that_are_no_level},
        {"full_buffer_stays_as_it_was", test_topic_full_buffer_stays_as_it_was},
        {"garbage_is_refused_or_reads_back", test_topic_garbage_is_refused_or_reads_back},
        CU_TEST_INFO_NULL,
    };
    return suite_run("cluster.presence_topic", tests);
}
