#include "test_json_support.h"
#include "test_protobuf_samples.h"

#include <stdlib.h>

#define VECTOR(items) "{\"@data-type\":\"vector\",\"data\":[" items "]}"
#define COUNT(n) "{\"@data-type\":\"count\",\"data\":" #n "}"
#define STRING(s) "{\"@data-type\":\"string\",\"data\":\"" s "\"}"
#define NONE "{\"@data-type\":\"none\",\"data\":{}}"
#define MESSAGE(parts)                                                                             \
    "{\"type\":\"data-message\",\"topic\":\"/t\",\"@data-type\":\"vector\",\"data\":[" parts "]}"
#define EVENT(parts) MESSAGE(COUNT(1) "," COUNT(1) "," VECTOR(parts))
#define PING EVENT(STRING("ping") "," VECTOR(STRING("hi") "," COUNT(42)))

struct message_result {
    enum mqc_error error;
    struct mqc_error_info info;
    struct mqc__arena arena;
    struct mqc__json_message message;
};

static void result_init(struct message_result *result, struct mqc_view json)
{
    *result = (struct message_result){.error = MQC_OK};
    mqc__arena_init(&result->arena, (size_t)1 << 24);
    result->error = mqc__json_read_message(&result->arena, json, &result->message, &result->info);
}

static void result_fini(struct message_result *result)
{
    mqc__arena_fini(&result->arena);
}

static void test_message_event_read_and_written(void)
{
    struct message_result result;
    result_init(&result, mqc_view_text(PING));
    CHECK_INT(result.error, MQC_OK);
    CHECK(result.message.has_topic);
    CHECK_VIEW_TEXT(result.message.topic, "/t");
    const struct mqc_event *event = &result.message.event;
    CHECK_VIEW_TEXT(event->name, "ping");
    CHECK_UNSIGNED(event->arg_count, 2);
    CHECK_VIEW_TEXT(event->args[0].as.text, "hi");
    CHECK_UNSIGNED(event->args[1].as.count, 42);
    CHECK_UNSIGNED(event->metadata_count, 0);
    struct mqc__buffer buffer;
    mqc__buffer_init(&buffer, 1 << 16);
    CHECK_INT(mqc__json_write_message(result.message.topic, event, &buffer), MQC_OK);
    CHECK_VIEW_TEXT(mqc__buffer_view(&buffer), PING);
    mqc__buffer_fini(&buffer);
    result_fini(&result);
}

static void test_message_metadata_read_and_written(void)
{
    static const char json[] = EVENT(STRING("e") "," VECTOR("") "," VECTOR(
        VECTOR(COUNT(1) ",{\"@data-type\":\"timestamp\",\"data\":\"1970-01-01T01:42:"
                        "42.000\"}") "," VECTOR(COUNT(200) "," STRING("x"))));
    struct message_result result;
    result_init(&result, mqc_view_text(json));
    CHECK_INT(result.error, MQC_OK);
    const struct mqc_event *event = &result.message.event;
    CHECK_UNSIGNED(event->metadata_count, 2);
    CHECK_UNSIGNED(event->metadata[0].id, MQC_METADATA_NETWORK_TIMESTAMP);
    CHECK_INT(event->metadata[0].value.as.ns, INT64_C(6162000000000));
    CHECK_UNSIGNED(event->metadata[1].id, 200);
    struct mqc__buffer buffer;
    mqc__buffer_init(&buffer, 1 << 16);
    CHECK_INT(mqc__json_write_message(result.message.topic, event, &buffer), MQC_OK);
    CHECK_VIEW_TEXT(mqc__buffer_view(&buffer), json);
    mqc__buffer_clear(&buffer);
    CHECK_INT(mqc__json_write_metadata(event, &buffer), MQC_OK);
    CHECK_VIEW_TEXT(mqc__buffer_view(&buffer),
                    "[" VECTOR(COUNT(1) ",{\"@data-type\":\"timestamp\",\"data\":\"1970-01-01T01:"
                                        "42:42.000\"}") "," VECTOR(COUNT(200) "," STRING("x")) "]");
    mqc__buffer_fini(&buffer);
    result_fini(&result);
}

static void test_message_without_metadata_written_as_zeek(void)
{
    const struct mqc_event event = {.name = mqc_view_text("e")};
    struct mqc__buffer buffer;
    mqc__buffer_init(&buffer, 1 << 16);
    CHECK_INT(mqc__json_write_message(mqc_view_text("/t"), &event, &buffer), MQC_OK);
    CHECK_VIEW_TEXT(mqc__buffer_view(&buffer), EVENT(STRING("e") "," VECTOR("")));
    mqc__buffer_clear(&buffer);
    CHECK_INT(mqc__json_write_metadata(&event, &buffer), MQC_OK);
    CHECK_INT(mqc__json_write_args(&event, &buffer), MQC_OK);
    CHECK_VIEW_TEXT(mqc__buffer_view(&buffer), "[][]");
    mqc__buffer_fini(&buffer);
}

static void test_message_lenient_forms_accepted(void)
{
    static const char *const texts[] = {
        EVENT(STRING("e") "," VECTOR("") "," VECTOR("")),
        "{\"data\":[" COUNT(1) "," COUNT(1) "," VECTOR(
            STRING("e") "," VECTOR("")) "],\"x\":1,"
                                        "\"@data-type\":\"vector\",\"topic\":\"<$>\",\"type\":7}",
        "{\"topic\":\"\",\"@data-type\":\"vector\",\"data\":[" COUNT(1) "," COUNT(1) "," VECTOR(
            STRING("e") "," VECTOR("")) "]}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct message_result result;
        result_init(&result, mqc_view_text(texts[i]));
        CHECK_INT(result.error, MQC_OK);
        CHECK(result.message.has_topic);
        CHECK_VIEW_TEXT(result.message.event.name, "e");
        result_fini(&result);
    }
}

static void test_message_topic_missing_is_told(void)
{
    static const char *const texts[] = {
        "{\"@data-type\":\"vector\",\"data\":[" COUNT(1) "," COUNT(1) "," VECTOR(
            STRING("e") "," VECTOR("")) "]}",
        "{\"topic\":7,\"@data-type\":\"vector\",\"data\":[" COUNT(1) "," COUNT(1) "," VECTOR(
            STRING("e") "," VECTOR("")) "]}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct message_result result;
        result_init(&result, mqc_view_text(texts[i]));
        CHECK_INT(result.error, MQC_OK);
        CHECK(!result.message.has_topic);
        result_fini(&result);
    }
}

static void test_message_no_event_is_type_error(void)
{
    static const char *const texts[] = {
        "{\"topic\":\"/t\",\"@data-type\":\"count\",\"data\":1}",
        MESSAGE(""),
        MESSAGE(COUNT(1) "," COUNT(1)),
        MESSAGE(COUNT(2) "," COUNT(1) "," VECTOR(STRING("e") "," VECTOR(""))),
        MESSAGE(COUNT(1) "," COUNT(2) "," VECTOR(STRING("e") "," VECTOR(""))),
        MESSAGE(STRING("1") "," COUNT(1) "," VECTOR(STRING("e") "," VECTOR(""))),
        MESSAGE(COUNT(1) "," COUNT(1) "," VECTOR(STRING("e") "," VECTOR("")) "," NONE),
        MESSAGE(COUNT(1) "," COUNT(1) "," STRING("e")),
        EVENT(""),
        EVENT(STRING("e")),
        EVENT(COUNT(1) "," VECTOR("")),
        EVENT(STRING("") "," VECTOR("")),
        EVENT(STRING("e") "," COUNT(1)),
        EVENT(STRING("e") "," VECTOR("") "," COUNT(1)),
        EVENT(STRING("e") "," VECTOR("") "," NONE),
        EVENT(STRING("e") "," VECTOR("") "," VECTOR(COUNT(1))),
        EVENT(STRING("e") "," VECTOR("") "," VECTOR(VECTOR(""))),
        EVENT(STRING("e") "," VECTOR("") "," VECTOR(VECTOR(COUNT(1)))),
        EVENT(STRING("e") "," VECTOR("") "," VECTOR(VECTOR(STRING("1") "," COUNT(1)))),
        EVENT(STRING("e") "," VECTOR("") "," VECTOR(VECTOR(COUNT(1) "," COUNT(1) "," COUNT(1)))),
        EVENT(STRING("e") "," VECTOR("") "," VECTOR("") "," NONE),
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct message_result result;
        result_init(&result, mqc_view_text(texts[i]));
        (void)check_text(mqc_error_name(result.error), "MQC_ETYPE", texts[i], __FILE__, __LINE__);
        CHECK(result.message.has_topic);
        CHECK_VIEW_TEXT(result.message.topic, "/t");
        result_fini(&result);
    }
}

static void test_message_malformed_value_beats_missing_event(void)
{
    struct message_result result;
    result_init(&result, mqc_view_text(MESSAGE(
                             COUNT(1) "," COUNT(1) "," VECTOR(STRING("e") "," VECTOR(COUNT(-1))))));
    CHECK_INT(result.error, MQC_EMALFORMED);
    CHECK_TEXT(result.info.place, "[2][1][0]");
    result_fini(&result);
    result_init(&result, mqc_view_text(MESSAGE(COUNT(x))));
    CHECK_INT(result.error, MQC_EMALFORMED);
    result_fini(&result);
}

static void check_depth(const char *before, const char *after, size_t levels,
                        enum mqc_error expected)
{
    char *value = json_nested("{\"@data-type\":\"vector\",\"data\":[", COUNT(1), "]}", levels - 1);
    struct mqc__buffer json;
    mqc__buffer_init(&json, SIZE_MAX);
    (void)mqc__buffer_append_text(&json, before);
    (void)mqc__buffer_append_text(&json, value);
    (void)mqc__buffer_append_text(&json, after);
    struct message_result result;
    result_init(&result, mqc__buffer_view(&json));
    CHECK_TEXT(mqc_error_name(result.error), mqc_error_name(expected));
    if (result.error == MQC_OK) {
        struct mqc__buffer again;
        mqc__buffer_init(&again, SIZE_MAX);
        CHECK_INT(mqc__json_write_message(mqc_view_text("/t"), &result.message.event, &again),
                  MQC_OK);
        CHECK_VIEW(mqc__buffer_view(&again), mqc__buffer_view(&json));
        mqc__buffer_fini(&again);
    }
    result_fini(&result);
    mqc__buffer_fini(&json);
    free(value);
}

static void test_message_nesting_counts_from_arguments(void)
{
    static const char before[] =
        "{\"type\":\"data-message\",\"topic\":\"/t\",\"@data-type\":"
        "\"vector\",\"data\":[" COUNT(1) "," COUNT(
            1) ",{\"@data-type\":\"vector\",\"data\":[" STRING("e") ","
                                                                    "{\"@data-type\":\"vector\","
                                                                    "\"data\":[";
    check_depth(before, "]}]}]}", 63, MQC_OK);
    check_depth(before, "]}]}]}", 64, MQC_OK);
    check_depth(before, "]}]}]}", 65, MQC_ETOOLARGE);
    check_depth(before, "]}]}]}", 100000, MQC_ETOOLARGE);
    static const char metadata[] =
        "{\"type\":\"data-message\",\"topic\":\"/t\",\"@data-type\":"
        "\"vector\",\"data\":[" COUNT(1) "," COUNT(1) ",{\"@data-type\":\"vector\",\"data\":"
                                                      "[" STRING("e") "," VECTOR(
                                                          "") ",{\"@data-type\":\"vector\","
                                                              "\"data\":[{\"@data-type\":"
                                                              "\"vector\",\"data\":[" COUNT(1) ",";
    check_depth(metadata, "]}]}]}]}", 63, MQC_OK);
    check_depth(metadata, "]}]}]}]}", 64, MQC_ETOOLARGE);
}

static void test_message_every_prefix_refused(void)
{
    static const char json[] = PING;
    for (size_t size = 0; size < sizeof json - 1; size++) {
        char *copy = sample_memory(size + 1);
        memcpy(copy + 1, json, size);
        struct message_result result;
        result_init(&result, mqc_view_bytes(copy + 1, size));
        CHECK_INT(result.error, MQC_EMALFORMED);
        result_fini(&result);
        free(copy);
    }
}

static bool values_equal(const struct mqc_event *a, const struct mqc_event *b)
{
    const struct mqc_value left = mqc_vector(a->args, a->arg_count);
    const struct mqc_value right = mqc_vector(b->args, b->arg_count);
    if (!mqc_view_equal(a->name, b->name) || mqc_value_compare(&left, &right) != 0 ||
        a->metadata_count != b->metadata_count)
        return false;
    for (size_t i = 0; i < a->metadata_count; i++)
        if (a->metadata[i].id != b->metadata[i].id ||
            mqc_value_compare(&a->metadata[i].value, &b->metadata[i].value) != 0)
            return false;
    return true;
}

static void test_message_random_events_round_trip(void)
{
    struct test_random random = {6};
    for (int i = 0; i < 200; i++) {
        struct mqc__arena arena;
        mqc__arena_init(&arena, SIZE_MAX);
        const struct mqc_event event =
            i == 0 ? sample_every_type(&arena) : sample_event(&arena, &random);
        struct mqc__buffer buffer;
        mqc__buffer_init(&buffer, SIZE_MAX);
        REQUIRE(mqc__json_write_message(mqc_view_text("/\xff"), &event, &buffer) == MQC_OK);
        struct message_result result;
        result_init(&result, mqc__buffer_view(&buffer));
        CHECK_INT(result.error, MQC_OK);
        CHECK_VIEW_TEXT(result.message.topic, "/\xff");
        CHECK(values_equal(&event, &result.message.event));
        result_fini(&result);
        mqc__buffer_fini(&buffer);
        mqc__arena_fini(&arena);
    }
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"event", test_message_event_read_and_written},
        {"metadata", test_message_metadata_read_and_written},
        {"without_metadata", test_message_without_metadata_written_as_zeek},
        {"lenient_forms", test_message_lenient_forms_accepted},
        {"topic_missing", test_message_topic_missing_is_told},
        {"no_event", test_message_no_event_is_type_error},
        {"malformed_value", test_message_malformed_value_beats_missing_event},
        {"nesting", test_message_nesting_counts_from_arguments},
        {"every_prefix", test_message_every_prefix_refused},
        {"random_events", test_message_random_events_round_trip},
        CU_TEST_INFO_NULL,
    };
    return suite_run("codec.json_message", tests);
}
