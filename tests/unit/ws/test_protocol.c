#include "support/suite.h"

#include "ws/protocol.h"

#include <stdio.h>

#define LIMIT_BYTES ((size_t)64 << 20)

/* --- Subscriptions ------------------------------------------------------------------------------
 */

struct subscriptions {
    struct mqc__arena arena;
    struct mqc_view *prefixes;
    size_t count;
    const char *context;
    enum mqc_error error;
};

static void read_subscriptions(struct mqc_view json, struct subscriptions *read)
{
    *read = (struct subscriptions){.error = MQC_OK};
    mqc__arena_init(&read->arena, LIMIT_BYTES);
    read->error = mqc__ws_read_subscriptions(&read->arena, json, &read->prefixes, &read->count,
                                             &read->context);
}

static void test_read_subscriptions_are_sorted_and_unique(void)
{
    static const struct {
        const char *json;
        const char *expected[5];
    } cases[] = {
        {"[]", {NULL}},
        {" [\r\n] ", {NULL}},
        {"[\"\"]", {""}},
        {"[\"/topic/good\",\"/duplicate\",\"/duplicate\",\"/is/okay\"]",
         {"/duplicate", "/is/okay", "/topic/good"}},
        {"[\"b\", \"a\", \"ab\", \"\", \"a\"]", {"", "a", "ab", "b"}},
        {"[\"\xc3\xa4\", \"z\", \"\\u00e4\", \"\\/\"]", {"/", "z", "\xc3\xa4"}},
        /* The character that stands for a byte that is no UTF-8. */
        {"[\"a\xf4\x8f\xbb\xbf\"]", {"a\xff"}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct subscriptions read;
        read_subscriptions(mqc_view_text(cases[i].json), &read);
        CHECK_INT(read.error, MQC_OK);
        CHECK(read.context == NULL);
        size_t count = 0;
        for (; count < 5 && cases[i].expected[count] != NULL && count < read.count; count++)
            CHECK_VIEW_TEXT(read.prefixes[count], cases[i].expected[count]);
        CHECK_UNSIGNED(read.count, count);
        CHECK(count == 5 || cases[i].expected[count] == NULL);
        mqc__arena_fini(&read.arena);
    }
}

static void test_read_subscriptions_keep_nul(void)
{
    struct subscriptions read;
    read_subscriptions(mqc_view_text("[\"a\\u0000b\",\"a\"]"), &read);
    CHECK_INT(read.error, MQC_OK);
    CHECK_UNSIGNED(read.count, 2);
    CHECK_VIEW_TEXT(read.prefixes[0], "a");
    CHECK_VIEW(read.prefixes[1], mqc_view_bytes("a\0b", 3));
    mqc__arena_fini(&read.arena);
}

static void test_read_subscriptions_that_are_none_have_zeeks_context(void)
{
    static const struct {
        const char *json;
        const char *context;
    } cases[] = {
        {"", "subscriptions not an array"},
        {"[", "subscriptions not an array"},
        {"[\"a\",]", "subscriptions not an array"},
        {"[\"a\"] x", "subscriptions not an array"},
        {"no json", "subscriptions not an array"},
        {"{}", "subscriptions not an array"},
        {"{\"a\": [\"b\"]}", "subscriptions not an array"},
        {"\"/topic\"", "subscriptions not an array"},
        {"null", "subscriptions not an array"},
        {"5", "subscriptions not an array"},
        {"[\"\\ud800\"]", "subscriptions not an array"},
        {"[1]", "individual subscription not a string"},
        {"[\"/topic/good\", 1, \"/topic/also\"]", "individual subscription not a string"},
        {"[\"/topic/good\", null]", "individual subscription not a string"},
        {"[[\"/topic/good\"]]", "individual subscription not a string"},
        {"[{}]", "individual subscription not a string"},
        {"[true]", "individual subscription not a string"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct subscriptions read;
        read_subscriptions(mqc_view_text(cases[i].json), &read);
        CHECK_INT(read.error, MQC_EMALFORMED);
        CHECK_TEXT(read.context, cases[i].context);
        CHECK_UNSIGNED(read.count, 0);
        mqc__arena_fini(&read.arena);
    }
}

/* An array of so many different strings. */
static void write_many(size_t count, struct mqc__buffer *json)
{
    for (size_t i = 0; i < count; i++) {
        char item[30];
        (void)snprintf(item, sizeof item, "%s\"%zu\"", i == 0 ? "[" : ",", i);
        (void)mqc__buffer_append_text(json, item);
    }
    REQUIRE(mqc__buffer_append_text(json, "]"));
}

static void check_too_many(struct mqc_view json)
{
    struct subscriptions read;
    read_subscriptions(json, &read);
    CHECK_INT(read.error, MQC_ETOOLARGE);
    CHECK_TEXT(read.context, "too many subscriptions");
    CHECK_UNSIGNED(read.count, 0);
    mqc__arena_fini(&read.arena);
}

static void test_read_subscriptions_have_limits(void)
{
    struct subscriptions read;
    struct mqc__buffer json;
    mqc__buffer_init(&json, LIMIT_BYTES);
    write_many(MQC__WS_SUBSCRIPTIONS_MAX, &json);
    read_subscriptions(mqc__buffer_view(&json), &read);
    CHECK_INT(read.error, MQC_OK);
    CHECK_UNSIGNED(read.count, MQC__WS_SUBSCRIPTIONS_MAX);
    mqc__arena_fini(&read.arena);
    mqc__buffer_clear(&json);
    write_many(MQC__WS_SUBSCRIPTIONS_MAX + 1, &json);
    check_too_many(mqc__buffer_view(&json));
    mqc__buffer_clear(&json);
    write_many(MQC__WS_SUBSCRIPTION_BYTES_MAX / 2, &json);
    check_too_many(mqc__buffer_view(&json));
    mqc__buffer_fini(&json);
}

/* --- Events -------------------------------------------------------------------------------------
 */

#define TAG(type, data) "{\"@data-type\":\"" type "\",\"data\":" data "}"
#define ONE TAG("count", "1")
#define PING TAG("string", "\"ping\"")
#define ARGS TAG("vector", "[" TAG("string", "\"hi\"") "," TAG("count", "42") "]")
#define EVENT "[" ONE "," ONE "," TAG("vector", "[" PING "," ARGS "]") "]"
#define MESSAGE(topic, data) "{" topic "\"@data-type\":\"vector\",\"data\":" data "}"
#define T "\"type\":\"data-message\",\"topic\":\"/t\","

struct event {
    struct mqc__arena arena;
    struct mqc__json_message message;
    const char *context;
    struct mqc_error_info info;
    enum mqc_error error;
};

static void read_event(struct mqc_view json, struct event *read)
{
    *read = (struct event){.error = MQC_OK};
    mqc__arena_init(&read->arena, LIMIT_BYTES);
    read->error =
        mqc__ws_read_event(&read->arena, json, &read->message, &read->context, &read->info);
}

static void test_read_event_accepts_what_zeek_accepts(void)
{
    static const struct {
        const char *json;
        const char *topic;
    } cases[] = {
        {MESSAGE(T, EVENT), "/t"},
        {MESSAGE("\"topic\":\"\",", EVENT), ""},
        {MESSAGE("\"topic\":\"<$\",", EVENT), "<$"},
        /* The first of two members counts, the type never, others are ignored. */
        {MESSAGE("\"topic\":\"a\",\"topic\":\"b\",\"type\":5,\"more\":[{}],", EVENT), "a"},
        {"{\"data\":" EVENT ",\"topic\":\"x\",\r\n\"@data-type\":\"vector\"}", "x"},
        /* Empty metadata, as Zeek 8.0.0 sent it. */
        {MESSAGE(T, "[" ONE "," ONE
                    "," TAG("vector", "[" PING "," ARGS "," TAG("vector", "[]") "]") "]"),
         "/t"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct event read;
        read_event(mqc_view_text(cases[i].json), &read);
        CHECK_INT(read.error, MQC_OK);
        CHECK(read.context == NULL);
        CHECK_VIEW_TEXT(read.message.topic, cases[i].topic);
        CHECK_VIEW_TEXT(read.message.event.name, "ping");
        CHECK_UNSIGNED(read.message.event.arg_count, 2);
        CHECK_UNSIGNED(read.message.event.metadata_count, 0);
        mqc__arena_fini(&read.arena);
    }
}

static void test_read_event_with_metadata_has_it(void)
{
    struct event read;
    read_event(
        mqc_view_text(MESSAGE(
            T, "[" ONE "," ONE "," TAG(
                   "vector",
                   "[" PING "," ARGS "," TAG(
                       "vector",
                       "[" TAG("vector",
                               "[" ONE "," TAG("timestamp",
                                               "\"1970-01-01T01:42:42.000\"") "]") "]") "]") "]")),
        &read);
    CHECK_INT(read.error, MQC_OK);
    REQUIRE(read.message.event.metadata_count == 1);
    CHECK_UNSIGNED(read.message.event.metadata[0].id, 1);
    CHECK_INT(read.message.event.metadata[0].value.as.ns, 6162000000000);
    mqc__arena_fini(&read.arena);
}

struct refused_case {
    const char *json;
    const char *context;
};

static void check_refused(const struct refused_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct event read;
        read_event(mqc_view_text(cases[i].json), &read);
        CHECK(read.error != MQC_OK && read.error != MQC_ENOMEM);
        CHECK_TEXT(read.context, cases[i].context);
        CHECK_INT(read.info.code, read.error);
        CHECK(read.info.text[0] != '\0');
        mqc__arena_fini(&read.arena);
    }
}

#define NO_JSON "failed to decode JSON object"
#define NO_TOPIC "no topic in top-level JSON object"
#define NO_EVENT "failed to create Zeek event"

static void test_read_event_that_does_not_decode(void)
{
    static const struct refused_case cases[] = {
        {"", NO_JSON},
        {"no json", NO_JSON},
        {"[]", NO_JSON},
        {"{}", NO_JSON},
        {"null", NO_JSON},
        {MESSAGE(T, EVENT) ",", NO_JSON},
        {"{" T "\"data\":" EVENT "}", NO_JSON},
        {"{" T "\"@data-type\":\"vector\"}", NO_JSON},
        {"{" T "\"@data-type\":\"no such type\",\"data\":1}", NO_JSON},
        {MESSAGE(T, "{}"), NO_JSON},
        {MESSAGE(T, "[1]"), NO_JSON},
        {MESSAGE(T, "[" TAG("count", "-1") "]"), NO_JSON},
        {MESSAGE(T, "[" TAG("count", "\"1\"") "]"), NO_JSON},
        {MESSAGE(T, "[" TAG("set", "[" ONE "," ONE "]") "]"), NO_JSON},
        /* What decodes wrongly has no topic either, and that is found first. */
        {MESSAGE("", "[1]"), NO_JSON},
    };
    check_refused(cases, sizeof cases / sizeof cases[0]);
}

static void test_read_event_without_a_topic(void)
{
    static const struct refused_case cases[] = {
        {MESSAGE("", EVENT), NO_TOPIC},
        {MESSAGE("\"topic\":5,", EVENT), NO_TOPIC},
        {MESSAGE("\"topic\":null,", EVENT), NO_TOPIC},
        {MESSAGE("\"topic\":[\"a\"],\"topic\":\"b\",", EVENT), NO_TOPIC},
        {MESSAGE("\"topic\":\"<$>\",", EVENT), NO_TOPIC},
        {MESSAGE("\"Topic\":\"a\",", EVENT), NO_TOPIC},
        /* Found before it is no event. */
        {MESSAGE("", "[]"), NO_TOPIC},
        {"{\"@data-type\":\"none\"}", NO_TOPIC},
    };
    check_refused(cases, sizeof cases / sizeof cases[0]);
}

#define INNER(parts) MESSAGE(T, "[" ONE "," ONE "," TAG("vector", "[" parts "]") "]")

static void test_read_event_that_is_no_event(void)
{
    static const struct refused_case cases[] = {
        {MESSAGE(T, "[]"), NO_EVENT},
        {MESSAGE(T, "[" ONE "]"), NO_EVENT},
        {MESSAGE(T, "[" ONE "," ONE "]"), NO_EVENT},
        {"{" T "\"@data-type\":\"none\"}", NO_EVENT},
        {"{" T "\"@data-type\":\"string\",\"data\":\"ping\"}", NO_EVENT},
        /* Another format or message type, and one element more. */
        {MESSAGE(T, "[" TAG("count", "2") "," ONE "," TAG("vector", "[" PING "," ARGS "]") "]"),
         NO_EVENT},
        {MESSAGE(T, "[" ONE "," TAG("count", "2") "," TAG("vector", "[" PING "," ARGS "]") "]"),
         NO_EVENT},
        {MESSAGE(T, "[" ONE "," ONE "," TAG("vector", "[" PING "," ARGS "]") "," ONE "]"),
         NO_EVENT},
        {INNER(""), NO_EVENT},
        {INNER(PING), NO_EVENT},
        {INNER(ARGS "," PING), NO_EVENT},
        {INNER(TAG("string", "\"\"") "," ARGS), NO_EVENT},
        {INNER(TAG("enum-value", "\"ping\"") "," ARGS), NO_EVENT},
        {INNER(PING "," PING), NO_EVENT},
        {INNER(PING "," TAG("set", "[]")), NO_EVENT},
        {INNER(PING "," ARGS "," ONE), NO_EVENT},
        {INNER(PING "," ARGS "," TAG("vector", "[" ONE "]")), NO_EVENT},
        {INNER(PING "," ARGS "," TAG("vector", "[" TAG("vector", "[" ONE "]") "]")), NO_EVENT},
        {INNER(PING "," ARGS "," TAG("vector", "[" TAG("vector", "[" PING "," ONE "]") "]")),
         NO_EVENT},
        {INNER(PING "," ARGS "," TAG("vector", "[]") "," ONE), NO_EVENT},
    };
    check_refused(cases, sizeof cases / sizeof cases[0]);
}

/* A message whose only argument is nested so deep. */
static void write_nested(int levels, struct mqc__buffer *json)
{
    (void)mqc__buffer_append_text(json, "{" T "\"@data-type\":\"vector\",\"data\":[" ONE "," ONE
                                        ",{\"@data-type\":\"vector\",\"data\":[" PING
                                        ",{\"@data-type\":\"vector\",\"data\":[");
    for (int i = 0; i < levels; i++)
        (void)mqc__buffer_append_text(json, "{\"@data-type\":\"vector\",\"data\":[");
    for (int i = 0; i < levels; i++)
        (void)mqc__buffer_append_text(json, "]}");
    REQUIRE(mqc__buffer_append_text(json, "]}]}]}"));
}

static void test_read_event_nested_too_deep_does_not_decode(void)
{
    struct mqc__buffer json;
    mqc__buffer_init(&json, LIMIT_BYTES);
    static const int levels[] = {1, MQC_MAX_DEPTH, MQC_MAX_DEPTH + 1, 1000, 100000};
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
        struct event read;
        mqc__buffer_clear(&json);
        write_nested(levels[i], &json);
        read_event(mqc__buffer_view(&json), &read);
        if (levels[i] <= MQC_MAX_DEPTH) {
            CHECK_INT(read.error, MQC_OK);
        } else {
            CHECK_INT(read.error, MQC_ETOOLARGE);
            CHECK_TEXT(read.context, NO_JSON);
        }
        mqc__arena_fini(&read.arena);
    }
    mqc__buffer_fini(&json);
}

static void test_read_event_cut_anywhere_does_not_decode(void)
{
    const struct mqc_view json = mqc_view_text(MESSAGE(T, EVENT));
    for (size_t size = 0; size < json.size; size++) {
        struct event read;
        read_event(mqc_view_bytes(json.data, size), &read);
        CHECK_INT(read.error, MQC_EMALFORMED);
        CHECK_TEXT(read.context, NO_JSON);
        mqc__arena_fini(&read.arena);
    }
}

/* --- Answers ------------------------------------------------------------------------------------
 */

static void test_write_ack_and_error_have_zeeks_form(void)
{
    struct mqc__buffer buffer;
    mqc__buffer_init(&buffer, 1000);
    CHECK_INT(mqc__ws_write_ack(mqc_view_text("worker-1-websocket-0"), "mqcluster 0.1.0", &buffer),
              MQC_OK);
    CHECK_VIEW_TEXT(mqc__buffer_view(&buffer),
                    "{\"type\":\"ack\",\"endpoint\":\"worker-1-websocket-"
                    "0\",\"version\":\"mqcluster 0.1.0\"}");
    mqc__buffer_clear(&buffer);
    CHECK_INT(mqc__ws_write_error(MQC__WS_ERROR_URI, mqc_view_text(MQC__WS_CONTEXT_URI), &buffer),
              MQC_OK);
    CHECK_VIEW_TEXT(mqc__buffer_view(&buffer),
                    "{\"type\":\"error\",\"code\":\"invalid_uri\",\"context\":\"Invalid URI - use "
                    "/v1/messages/json\"}");
    mqc__buffer_clear(&buffer);
    CHECK_INT(mqc__ws_write_error("a\n", mqc_view_bytes("\"\xff\0", 3), &buffer), MQC_OK);
    CHECK_VIEW_TEXT(mqc__buffer_view(&buffer),
                    "{\"type\":\"error\",\"code\":\"a\\n\",\"context\":\"\\\"\xf4\x8f\xbb\xbf"
                    "\\u0000\"}");
    mqc__buffer_fini(&buffer);
}

static void test_write_over_the_limit_says_so(void)
{
    static const char expected[] = "{\"type\":\"ack\",\"endpoint\":\"id\",\"version\":\"1\"}";
    for (size_t limit = 0; limit < 60; limit++) {
        struct mqc__buffer buffer;
        mqc__buffer_init(&buffer, limit);
        const enum mqc_error error = mqc__ws_write_ack(mqc_view_text("id"), "1", &buffer);
        CHECK_INT(error, limit >= strlen(expected) ? MQC_OK : MQC_ETOOLARGE);
        mqc__buffer_fini(&buffer);
    }
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"read_subscriptions_are_sorted_and_unique", test_read_subscriptions_are_sorted_and_unique},
        {"read_subscriptions_keep_nul", test_read_subscriptions_keep_nul},
        {"read_subscriptions_that_are_none_have_zeeks_context",
         test_read_subscriptions_that_are_none_have_zeeks_context},
        {"read_subscriptions_have_limits", test_read_subscriptions_have_limits},
        {"read_event_accepts_what_zeek_accepts", test_read_event_accepts_what_zeek_accepts},
        {"read_event_with_metadata_has_it", test_read_event_with_metadata_has_it},
        {"read_event_that_does_not_decode", test_read_event_that_does_not_decode},
        {"read_event_without_a_topic", test_read_event_without_a_topic},
        {"read_event_that_is_no_event", test_read_event_that_is_no_event},
        {"read_event_nested_too_deep_does_not_decode",
         test_read_event_nested_too_deep_does_not_decode},
        {"read_event_cut_anywhere_does_not_decode", test_read_event_cut_anywhere_does_not_decode},
        {"write_ack_and_error_have_zeeks_form", test_write_ack_and_error_have_zeeks_form},
        {"write_over_the_limit_says_so", test_write_over_the_limit_says_so},
        CU_TEST_INFO_NULL,
    };
    return suite_run("ws.protocol", tests);
}
