#include "support/suite.h"

#include "api/mqcluster.h"

#include <stdlib.h>

static struct mqc_config *new_config(const char *key, const char *value)
{
    struct mqc_config *config = mqc_config_new();
    REQUIRE(config != NULL);
    REQUIRE(mqc_config_set(config, key, value, NULL) == MQC_OK);
    return config;
}

static void test_mqtt_topic_stands_below_the_root_encoded(void)
{
    static const struct {
        const char *topic;
        const char *expected;
    } cases[] = {
        {"", "mqcluster/c/event/"},
        {"zeek/cluster/node/worker-1/", "mqcluster/c/event/zeek/cluster/node/worker-1/"},
        {"/a//b c", "mqcluster/c/event//a//b c"},
        {"a+b#c%d", "mqcluster/c/event/a%2Bb%23c%25d"},
        {"\xc3\xbc\n", "mqcluster/c/event/%C3%BC%0A"},
    };
    struct mqc_config *config = new_config("cluster.name", "c");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *text = NULL;
        CHECK_INT(mqc_mqtt_topic(config, mqc_view_text(cases[i].topic), &text, NULL), MQC_OK);
        CHECK_TEXT(text, cases[i].expected);
        free(text);
    }
    char *text = NULL;
    CHECK_INT(mqc_config_set(config, "cluster.root", "my/r%", NULL), MQC_OK);
    CHECK_INT(mqc_mqtt_topic(config, mqc_view_bytes("a\0", 2), &text, NULL), MQC_OK);
    CHECK_TEXT(text, "my/r%/event/a%00");
    free(text);
    mqc_config_free(&config);
}

static void test_mqtt_topic_has_the_limits_of_mqtt(void)
{
    enum { LONGEST = 65535 - 18 };
    struct mqc_config *config = new_config("cluster.name", "c");
    struct mqc_error_info info = {0};
    char *topic = malloc(LONGEST + 1);
    char *text = NULL;
    REQUIRE(topic != NULL);
    memset(topic, 'a', LONGEST + 1);
    CHECK_INT(mqc_mqtt_topic(config, mqc_view_bytes(topic, LONGEST), &text, &info), MQC_OK);
    CHECK_UNSIGNED(strlen(text), 65535);
    free(text);
    CHECK_INT(mqc_mqtt_topic(config, mqc_view_bytes(topic, LONGEST + 1), &text, &info), MQC_ETOPIC);
    CHECK_CONTAINS(info.text, "65536 bytes");
    CHECK(text == NULL);
    memset(topic, '/', 200);
    CHECK_INT(mqc_mqtt_topic(config, mqc_view_bytes(topic, 200), &text, &info), MQC_ETOPIC);
    CHECK_CONTAINS(info.text, "levels");
    free(topic);
    mqc_config_free(&config);
}

static void test_presence_topic_has_the_name_encoded(void)
{
    static const struct {
        struct mqc_config_node node;
        const char *expected; /* NULL: refused */
    } cases[] = {
        {{"worker-1", "worker"}, "mqcluster/c/node/worker/worker-1"},
        {{"w 1", "control"}, "mqcluster/c/node/control/w 1"},
        {{"\xc3\xbc%", "proxy"}, "mqcluster/c/node/proxy/%C3%BC%25"},
        {{"", "worker"}, NULL},
        {{"a/b", "worker"}, NULL},
        {{"a", ""}, NULL},
    };
    struct mqc_config *config = new_config("cluster.name", "c");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *text = NULL;
        struct mqc_error_info info = {0};
        CHECK_INT(mqc_mqtt_presence_topic(config, &cases[i].node, &text, &info),
                  cases[i].expected != NULL ? MQC_OK : MQC_ETOPIC);
        CHECK_TEXT(text, cases[i].expected);
        free(text);
    }
    char name[257];
    memset(name, 0xff, 256);
    name[256] = '\0';
    char *text = NULL;
    const struct mqc_config_node node = {name, "worker"};
    CHECK_INT(mqc_mqtt_presence_topic(config, &node, &text, NULL), MQC_ETOPIC);
    name[255] = '\0';
    CHECK_INT(mqc_mqtt_presence_topic(config, &node, &text, NULL), MQC_OK);
    CHECK_UNSIGNED(strlen(text), strlen("mqcluster/c/node/worker/") + (size_t)3 * 255);
    free(text);
    mqc_config_free(&config);
}

static void test_mqtt_topic_wrong_arguments_are_refused(void)
{
    struct mqc_config *nameless = mqc_config_new();
    struct mqc_error_info info = {0};
    char *text = NULL;
    REQUIRE(nameless != NULL);
    CHECK_INT(mqc_mqtt_topic(nameless, mqc_view_text("a"), &text, &info), MQC_ECONFIG);
    CHECK_CONTAINS(info.text, "cluster.name");
    CHECK_INT(mqc_mqtt_topic(NULL, mqc_view_text("a"), &text, &info), MQC_EINVAL);
    CHECK_INT(mqc_mqtt_topic(nameless, mqc_view_text("a"), NULL, &info), MQC_EINVAL);
    CHECK_INT(mqc_mqtt_topic(nameless, mqc_view_bytes(NULL, 1), &text, &info), MQC_EINVAL);
    const struct mqc_config_node node = {"w", "worker"};
    const struct mqc_config_node empty = {0};
    CHECK_INT(mqc_mqtt_presence_topic(nameless, &node, &text, &info), MQC_ECONFIG);
    CHECK_INT(mqc_mqtt_presence_topic(NULL, &node, &text, &info), MQC_EINVAL);
    CHECK_INT(mqc_mqtt_presence_topic(nameless, NULL, &text, &info), MQC_EINVAL);
    CHECK_INT(mqc_mqtt_presence_topic(nameless, &empty, &text, &info), MQC_EINVAL);
    CHECK_INT(mqc_mqtt_presence_topic(nameless, &node, NULL, &info), MQC_EINVAL);
    CHECK(text == NULL);
    mqc_config_free(&nameless);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"mqtt_topic_stands_below_the_root_encoded", test_mqtt_topic_stands_below_the_root_encoded},
        {"mqtt_topic_has_the_limits_of_mqtt", test_mqtt_topic_has_the_limits_of_mqtt},
        {"presence_topic_has_the_name_encoded", test_presence_topic_has_the_name_encoded},
        {"mqtt_topic_wrong_arguments_are_refused", test_mqtt_topic_wrong_arguments_are_refused},
        CU_TEST_INFO_NULL,
    };
    return suite_run("api.topic", tests);
}
