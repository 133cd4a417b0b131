#include "support/suite.h"

#include "api/mqcluster.h"

#include <stdlib.h>

static struct mqc_backend *new_backend(void)
{
    struct mqc_config *config = mqc_config_new();
    struct mqc_backend *backend = NULL;
    REQUIRE(config != NULL);
    REQUIRE(mqc_config_set(config, "cluster.name", "test", NULL) == MQC_OK);
    REQUIRE(mqc_config_set(config, "broker.uri", "mqtt://127.0.0.1:1", NULL) == MQC_OK);
    REQUIRE(mqc_backend_new(config, &backend, NULL) == MQC_OK);
    mqc_config_free(&config);
    return backend;
}

/* The event's arguments as JSON, or the error's text; the caller frees it. */
static char *read_back(const struct mqc_backend *backend, const char *name, const char *text)
{
    struct mqc_event *event = NULL;
    struct mqc_error_info info = {0};
    if (mqc_event_from_text(backend, name, &text, 1, &event, &info) != MQC_OK)
        return strdup(info.text);
    const struct mqc_message message = {.event = event};
    char *json = NULL;
    REQUIRE(mqc_message_to_json(&message, &json) == MQC_OK);
    mqc_event_free(&event);
    return json;
}

static void check_reads(const struct mqc_backend *backend, const char *name, const char *text,
                        const char *expected)
{
    char *got = read_back(backend, name, text);
    CHECK_CONTAINS(got, expected);
    free(got);
}

static void test_event_from_text_undeclared_is_guessed(void)
{
    static const struct {
        const char *text;
        const char *expected;
    } cases[] = {
        {"T", "{\"@data-type\":\"boolean\",\"data\":true}"},
        {"false", "{\"@data-type\":\"boolean\",\"data\":false}"},
        {"0", "{\"@data-type\":\"count\",\"data\":0}"},
        {"18446744073709551615", "{\"@data-type\":\"count\",\"data\":18446744073709551615}"},
        {"-5", "{\"@data-type\":\"integer\",\"data\":-5}"},
        {"1.5", "{\"@data-type\":\"real\",\"data\":1.5}"},
        {"10.0.0.1", "{\"@data-type\":\"address\",\"data\":\"10.0.0.1\"}"},
        {"2001:db8::1", "{\"@data-type\":\"address\",\"data\":\"2001:db8::1\"}"},
        {"10.1.2.3/8", "{\"@data-type\":\"subnet\",\"data\":\"10.0.0.0/8\"}"},
        {"80/tcp", "{\"@data-type\":\"port\",\"data\":\"80/tcp\"}"},
        {"1/2", "{\"@data-type\":\"string\",\"data\":\"1/2\"}"},
        {"90s", "{\"@data-type\":\"timespan\",\"data\":\"90s\"}"},
        {"2023-11-14T22:13:20", "\"timestamp\",\"data\":\"2023-11-14T22:13:20.000\"}"},
        {"hello", "{\"@data-type\":\"string\",\"data\":\"hello\"}"},
        {"", "{\"@data-type\":\"string\",\"data\":\"\"}"},
        {"http://x/", "{\"@data-type\":\"string\",\"data\":\"http://x/\"}"},
    };
    struct mqc_backend *backend = new_backend();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        check_reads(backend, "free", cases[i].text, cases[i].expected);
    mqc_backend_free(&backend);
}

static void test_event_from_text_tagged_is_exact(void)
{
    static const struct {
        const char *text;
        const char *expected;
    } cases[] = {
        {"count:5", "{\"@data-type\":\"count\",\"data\":5}"},
        {"int:5", "{\"@data-type\":\"integer\",\"data\":5}"},
        {"double:5", "{\"@data-type\":\"real\",\"data\":5.0}"},
        {"string:5", "{\"@data-type\":\"string\",\"data\":\"5\"}"},
        {"string:", "{\"@data-type\":\"string\",\"data\":\"\"}"},
        {"addr:10.0.0.1", "{\"@data-type\":\"address\",\"data\":\"10.0.0.1\"}"},
        {"enum:Notice::LOG", "{\"@data-type\":\"enum-value\",\"data\":\"Notice::LOG\"}"},
        {"{\"@data-type\":\"set\",\"data\":[{\"@data-type\":\"count\",\"data\":1}]}",
         "{\"@data-type\":\"set\",\"data\":[{\"@data-type\":\"count\",\"data\":1}]}"},
        {"count:-1", "argument 1: \"-1\" is no count"},
        {"addr:localhost", "argument 1: \"localhost\" is no addr"},
        {"{\"@data-type\":\"money\",\"data\":1}", "argument 1: "},
    };
    struct mqc_backend *backend = new_backend();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        check_reads(backend, "free", cases[i].text, cases[i].expected);
    mqc_backend_free(&backend);
}

static void test_event_from_text_declared_takes_the_type(void)
{
    static const struct {
        const char *type;
        const char *text;
        const char *expected;
    } cases[] = {
        {"string", "5", "{\"@data-type\":\"string\",\"data\":\"5\"}"},
        {"string", "count:5", "{\"@data-type\":\"string\",\"data\":\"count:5\"}"},
        {"string", "string:x", "{\"@data-type\":\"string\",\"data\":\"x\"}"},
        {"int", "5", "{\"@data-type\":\"integer\",\"data\":5}"},
        {"double", "5", "{\"@data-type\":\"real\",\"data\":5.0}"},
        {"port", "80", "{\"@data-type\":\"port\",\"data\":\"80/tcp\"}"},
        {"enum", "Green", "{\"@data-type\":\"enum-value\",\"data\":\"Green\"}"},
        {"bool", "T", "{\"@data-type\":\"boolean\",\"data\":true}"},
        {"set[addr]", "[\"10.0.0.2\",\"10.0.0.1\"]",
         "[{\"@data-type\":\"address\",\"data\":\"10.0.0.1\"},"},
        {"vector of count", "[1,2]", "[{\"@data-type\":\"count\",\"data\":1},"},
        {"record { a: count; b: string &optional; }", "{\"a\":1}",
         "[{\"@data-type\":\"count\",\"data\":1},{\"@data-type\":\"none\",\"data\":{}}]"},
        {"any", "7", "{\"@data-type\":\"count\",\"data\":7}"},
        {"count", "x", "argument 1 (a): \"x\" is no count"},
        {"count", "int:1", "argument 1 (a): got integer, expected count"},
        {"set[addr]", "nonsense", "argument 1 (a)"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mqc_backend *backend = new_backend();
        char params[200];
        (void)snprintf(params, sizeof params, "a: %s", cases[i].type);
        CHECK_INT(mqc_declare_event(backend, "typed", params, NULL), MQC_OK);
        check_reads(backend, "typed", cases[i].text, cases[i].expected);
        mqc_backend_free(&backend);
    }
}

static void test_request_from_json_reads_both_forms(void)
{
    static const char *const good[] = {
        "{\"topic\":\"a/b\",\"event\":\"e\",\"args\":[1]}",
        "{\"type\":\"data-message\",\"topic\":\"a/b\",\"@data-type\":\"vector\",\"data\":["
        "{\"@data-type\":\"count\",\"data\":1},{\"@data-type\":\"count\",\"data\":1},"
        "{\"@data-type\":\"vector\",\"data\":[{\"@data-type\":\"string\",\"data\":\"e\"},"
        "{\"@data-type\":\"vector\",\"data\":[{\"@data-type\":\"count\",\"data\":1}]}]}]}",
    };
    static const struct {
        const char *json;
        const char *expected;
    } bad[] = {
        {"", ""},
        {"{\"event\":\"e\"}", "\"topic\" is missing"},
        {"{\"topic\":\"t\"}", "event"},
        {"{\"topic\":\"t\",\"event\":\"e\",\"arg\":[]}", "arg"},
        {"{\"hrw\":{\"pool\":\"p\"},\"event\":\"e\"}", "hrw: no \"key\""},
    };
    struct mqc_backend *backend = new_backend();
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct mqc_request *request = NULL;
        struct mqc_error_info info = {0};
        REQUIRE(mqc_request_from_json(backend, mqc_view_text(good[i]), &request, &info) == MQC_OK);
        CHECK_VIEW_TEXT(request->topic, "a/b");
        CHECK_VIEW_TEXT(request->event.name, "e");
        CHECK_UNSIGNED(request->event.arg_count, 1);
        CHECK_UNSIGNED(request->event.args[0].as.count, 1);
        mqc_request_free(&request);
        CHECK(request == NULL);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct mqc_request *request = NULL;
        struct mqc_error_info info = {0};
        CHECK(mqc_request_from_json(backend, mqc_view_text(bad[i].json), &request, &info) !=
              MQC_OK);
        CHECK(request == NULL);
        CHECK_CONTAINS(info.text, bad[i].expected);
    }
    mqc_backend_free(&backend);
}

static void test_request_from_json_reads_pools(void)
{
    static const struct {
        const char *json;
        enum mqc_target target;
        const char *key;
    } cases[] = {
        {"{\"hrw\":{\"pool\":\"p\",\"key\":1},\"event\":\"e\"}", MQC_TARGET_HRW,
         "{\"@data-type\":\"count\",\"data\":1}"},
        {"{\"hrw\":{\"pool\":\"p\",\"key\":{\"@data-type\":\"port\",\"data\":\"53/udp\"}},"
         "\"event\":\"e\"}",
         MQC_TARGET_HRW, "{\"@data-type\":\"port\",\"data\":\"53/udp\"}"},
        {"{\"rr\":{\"pool\":\"p\",\"key\":\"k\"},\"event\":\"e\"}", MQC_TARGET_RR,
         "{\"@data-type\":\"string\",\"data\":\"k\"}"},
        {"{\"rr\":{\"pool\":\"p\"},\"event\":\"e\"}", MQC_TARGET_RR,
         "{\"@data-type\":\"string\",\"data\":\"\"}"},
    };
    struct mqc_backend *backend = new_backend();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mqc_request *request = NULL;
        char *key = NULL;
        REQUIRE(mqc_request_from_json(backend, mqc_view_text(cases[i].json), &request, NULL) ==
                MQC_OK);
        CHECK_INT(request->target, cases[i].target);
        CHECK_VIEW_TEXT(request->pool, "p");
        CHECK(request->key.type == NULL);
        CHECK_INT(mqc_value_to_json(&request->key.value, &key), MQC_OK);
        CHECK_TEXT(key, cases[i].key);
        free(key);
        mqc_request_free(&request);
    }
    mqc_backend_free(&backend);
}

static void test_text_to_json_writes_any_bytes(void)
{
    char *json = NULL;
    CHECK_INT(mqc_text_to_json(mqc_view_bytes("a\"\n\xff", 4), &json), MQC_OK);
    CHECK_TEXT(json, "\"a\\\"\\n\xf4\x8f\xbb\xbf\"");
    free(json);
    CHECK_INT(mqc_text_to_json(mqc_view_bytes(NULL, 1), &json), MQC_EINVAL);
    CHECK_INT(mqc_text_to_json(mqc_view_text("a"), NULL), MQC_EINVAL);
    CHECK_INT(mqc_value_to_json(NULL, &json), MQC_EINVAL);
    CHECK(json == NULL);
}

static void test_message_to_json_writes_what_is_empty_as_null(void)
{
    const struct mqc_value args[] = {mqc_string(mqc_view_bytes("\xff\x01", 2))};
    const struct mqc_metadata metadata[] = {{1, mqc_timestamp(1500000000)}};
    const struct mqc_event event = {mqc_view_text("e"), args, 1, metadata, 1};
    struct mqc_message message = {.event = &event, .received_ns = 1000001};
    char *json = NULL;
    REQUIRE(mqc_message_to_json(&message, &json) == MQC_OK);
    CHECK_TEXT(json,
               "{\"topic\":null,\"event\":\"e\",\"args\":[{\"@data-type\":\"string\",\"data\":"
               "\"\xf4\x8f\xbb\xbf\\u0001\"}],\"metadata\":[{\"@data-type\":\"vector\","
               "\"data\":[{\"@data-type\":\"count\",\"data\":1},{\"@data-type\":"
               "\"timestamp\",\"data\":\"1970-01-01T00:00:01.500\"}]}],\"sender\":{"
               "\"node\":null,\"instance\":null},\"received\":"
               "\"1970-01-01T00:00:00.001000001Z\"}");
    free(json);
    message.topic = mqc_view_text("");
    message.sender_node = mqc_view_text("n");
    message.sender_instance = mqc_view_text("i");
    REQUIRE(mqc_message_to_json(&message, &json) == MQC_OK);
    CHECK_CONTAINS(json, "{\"topic\":\"\",");
    CHECK_CONTAINS(json, "\"sender\":{\"node\":\"n\",\"instance\":\"i\"}");
    free(json);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"event_from_text_undeclared_is_guessed", test_event_from_text_undeclared_is_guessed},
        {"event_from_text_tagged_is_exact", test_event_from_text_tagged_is_exact},
        {"event_from_text_declared_takes_the_type", test_event_from_text_declared_takes_the_type},
        {"request_from_json_reads_both_forms", test_request_from_json_reads_both_forms},
        {"request_from_json_reads_pools", test_request_from_json_reads_pools},
        {"text_to_json_writes_any_bytes", test_text_to_json_writes_any_bytes},
        {"message_to_json_writes_what_is_empty_as_null",
         test_message_to_json_writes_what_is_empty_as_null},
        CU_TEST_INFO_NULL,
    };
    return suite_run("api.text", tests);
}
