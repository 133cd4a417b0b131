#include "loading.h"

static struct mqc_config *complete(void)
{
    struct mqc_config *config = mqc_config_new();
    REQUIRE(config != NULL);
    CHECK_INT(mqc_config_set(config, "cluster.name", "c", NULL), MQC_OK);
    CHECK_INT(mqc_config_set(config, "broker.uri", "mqtt://h", NULL), MQC_OK);
    return config;
}

static void test_check_empty_configuration_is_incomplete(void)
{
    struct mqc_error_info info;
    struct mqc_config *config = mqc_config_new();
    REQUIRE(config != NULL);
    CHECK_INT(mqc_config_check(config, &info), MQC_ECONFIG);
    CHECK_TEXT(info.place, "cluster.name");
    CHECK_INT(mqc_config_check(config, NULL), MQC_ECONFIG);
    CHECK_INT(mqc_config_set(config, "cluster.name", "c", &info), MQC_OK);
    CHECK_INT(mqc_config_check(config, &info), MQC_ECONFIG);
    CHECK_TEXT(info.place, "broker.uri");
    CHECK_INT(mqc_config_set(config, "broker.uri", "mqtt://h", &info), MQC_OK);
    CHECK_INT(mqc_config_check(config, &info), MQC_OK);
    mqc_config_free(&config);
}

static void test_check_contradictions_are_found(void)
{
    static const struct {
        const char *path;
        const char *value;
        const char *place; /* NULL: no contradiction */
    } cases[] = {
        {"broker.backoff_min", "61s", "broker.backoff_min"},
        {"broker.backoff_max", "499ms", "broker.backoff_min"},
        {"broker.backoff_max", "500ms", NULL},
        {"delivery.max_event_bytes", "65MiB", "delivery.max_event_bytes"},
        {"delivery.max_event_bytes", "64MiB", NULL},
        {"delivery.outbox_bytes", "1000kB", "delivery.max_event_bytes"},
        {"delivery.inbox_bytes", "1000kB", "delivery.max_event_bytes"},
        {"delivery.batch_bytes", "16MiB", NULL},
        {"delivery.piece_bytes", "0", NULL},
        {"delivery.piece_bytes", "1", "delivery.piece_bytes"},
        {"delivery.piece_bytes", "16383", "delivery.piece_bytes"},
        {"delivery.piece_bytes", "16KiB", NULL},
        {"delivery.keep_bytes", "64KiB", NULL},
        {"delivery.spool_bytes", "1MiB", NULL},
        {"delivery.durability", "disk", NULL},
        {"broker.password", "p", "broker.username"},
        {"broker.username", "u", NULL},
        {"tls.ca_file", "ca.pem", "tls.ca_file"},
        {"tls.watch_interval", "1s", NULL},
        {"node", "anything", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mqc_error_info info = {.place = ""};
        struct mqc_config *config = complete();
        CHECK_INT(mqc_config_set(config, cases[i].path, cases[i].value, &info), MQC_OK);
        const enum mqc_error error = mqc_config_check(config, &info);
        CHECK_INT(error, cases[i].place == NULL ? MQC_OK : MQC_ECONFIG);
        CHECK_TEXT(info.place, cases[i].place == NULL ? "" : cases[i].place);
        mqc_config_free(&config);
    }
}

/* A name may have 255 bytes, and so may that of its folder. */
static void test_check_name_must_fit_its_folder(void)
{
    char name[256];
    struct mqc_error_info info;
    struct mqc_config *config = complete();
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    CHECK_INT(mqc_config_set(config, "node", name, NULL), MQC_OK);
    CHECK_INT(mqc_config_set(config, "delivery.durability", "disk", NULL), MQC_OK);
    CHECK_INT(mqc_config_check(config, &info), MQC_OK);
    name[100] = ' ';
    CHECK_INT(mqc_config_set(config, "node", name, NULL), MQC_OK);
    CHECK_INT(mqc_config_check(config, &info), MQC_ECONFIG);
    CHECK_TEXT(info.place, "node");
    CHECK_CONTAINS(info.text, "too long for its folder");
    CHECK_INT(mqc_config_set(config, "delivery.durability", "memory", NULL), MQC_OK);
    CHECK_INT(mqc_config_check(config, &info), MQC_OK);
    mqc_config_free(&config);
}

static void test_check_password_alone_is_fine_with_mqtt_5(void)
{
    struct mqc_config *config = complete();
    CHECK_INT(mqc_config_set(config, "broker.password", "p", NULL), MQC_OK);
    CHECK_INT(mqc_config_check(config, NULL), MQC_ECONFIG);
    CHECK_INT(mqc_config_set(config, "broker.protocol", "5", NULL), MQC_OK);
    CHECK_INT(mqc_config_check(config, NULL), MQC_OK);
    mqc_config_free(&config);
}

static void test_check_node_changed_after_load_must_be_listed(void)
{
    struct mqc_error_info info;
    struct loaded *loaded = load_text("cluster: {name: c}\nbroker: {uri: 'mqtt://h'}\n"
                                      "nodes: {a: {type: worker}, b: {type: proxy}}\n");
    REQUIRE(loaded->config != NULL);
    CHECK_INT(mqc_config_set(loaded->config, "node", "b", &info), MQC_OK);
    CHECK_INT(mqc_config_check(loaded->config, &info), MQC_OK);
    CHECK_INT(mqc_config_set(loaded->config, "node", "z", &info), MQC_OK);
    CHECK_INT(mqc_config_check(loaded->config, &info), MQC_ECONFIG);
    CHECK_TEXT(info.place, "node");
    unload();
}

static void test_set_unknown_option_suggests(void)
{
    static const struct {
        const char *path;
        const char *part;
    } cases[] = {
        {"broker.ury", "did you mean broker.uri?"},
        {"uri", "did you mean broker.uri?"},
        {"broker.uri.x", "there is no option 'broker.uri.x'"},
        {"tls.ca_fiel", "did you mean tls.ca_file?"},
        {"metrics.port", "there is no option 'metrics.port'"},
        {"websocket.listen_adr", "did you mean websocket.listen_addr?"},
        {"websocket[1].listen_adr", "did you mean websocket.listen_addr?"},
        {"", "there is no option ''"},
        {".", "there is no option '.'"},
    };
    struct mqc_error_info info;
    struct mqc_config *config = complete();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CHECK_INT(mqc_config_set(config, cases[i].path, "x", &info), MQC_ENOTFOUND);
        CHECK_CONTAINS(info.text, cases[i].part);
    }
    mqc_config_free(&config);
}

static void test_set_option_of_many_values_is_refused(void)
{
    static const char *const paths[] = {"broker", "broker.uris", "nodes",
                                        "events", "pools",       "delivery.prefixes"};
    struct mqc_error_info info;
    struct mqc_config *config = complete();
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        CHECK_INT(mqc_config_set(config, paths[i], "x", &info), MQC_ECONFIG);
        CHECK_CONTAINS(info.text, "only be given in a file");
    }
    mqc_config_free(&config);
}

static void test_set_value_is_literal(void)
{
    struct mqc_config *config = complete();
    CHECK_INT(mqc_config_set(config, "broker.password", "${HOME}$$", NULL), MQC_OK);
    CHECK_TEXT(mqc__config_settings(config)->broker.password, "${HOME}$$");
    mqc_config_free(&config);
}

static void test_set_uri_replaces_the_list(void)
{
    const struct loaded *loaded =
        load_text("cluster: {name: c}\nbroker: {uris: ['mqtt://a', 'mqtt://b']}\n");
    REQUIRE(loaded->config != NULL);
    CHECK_INT(mqc_config_set(loaded->config, "broker.uri", "mqtt://z", NULL), MQC_OK);
    CHECK_UNSIGNED(mqc__config_settings(loaded->config)->broker.uri_count, 1);
    CHECK_TEXT(mqc__config_settings(loaded->config)->broker.uris[0], "mqtt://z");
    unload();
}

static void test_set_again_and_again_stays_within_the_limit(void)
{
    char value[60001];
    struct mqc_error_info info;
    struct mqc_config *config = complete();
    memset(value, 'u', sizeof value - 1);
    value[sizeof value - 1] = '\0';
    enum mqc_error error = MQC_OK;
    for (size_t i = 0; i < 1000 && error == MQC_OK; i++)
        error = mqc_config_set(config, "broker.username", value, &info);
    CHECK_INT(error, MQC_ENOMEM);
    CHECK_TEXT(mqc__config_settings(config)->broker.username, value);
    mqc_config_free(&config);
    CHECK(config == NULL);
    mqc_config_free(&config);
    mqc_config_free(NULL);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"empty", test_check_empty_configuration_is_incomplete},
        {"contradictions", test_check_contradictions_are_found},
        {"name and folder", test_check_name_must_fit_its_folder},
        {"password alone", test_check_password_alone_is_fine_with_mqtt_5},
        {"node changed", test_check_node_changed_after_load_must_be_listed},
        {"unknown option", test_set_unknown_option_suggests},
        {"many values", test_set_option_of_many_values_is_refused},
        {"literal", test_set_value_is_literal},
        {"uri replaces", test_set_uri_replaces_the_list},
        {"again and again", test_set_again_and_again_stays_within_the_limit},
        CU_TEST_INFO_NULL,
    };
    return suite_run("config.check", tests);
}
