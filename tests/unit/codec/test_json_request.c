#include "test_json_support.h"
#include "test_protobuf_samples.h"

#include "value/signature.h"

#include <stdlib.h>

static const struct {
    const char *event;
    const char *params;
} declared[] = {
    {"conn", "orig_h: addr, orig_p: port, state: string"},
    {"scalars", "a: bool, b: count, c: int, d: double, e: time, f: interval, g: subnet, h: enum"},
    {"times", "t: time, i: interval"},
    {"one_any", "x: any"},
    {"one_set", "x: set[addr]"},
    {"pairs", "x: set[addr, port]"},
    {"by_count", "x: table[count] of string"},
    {"by_pair", "x: table[addr, port] of count"},
    {"by_string", "x: table[string] of set[port]"},
    {"list", "x: vector of vector of double"},
    {"rec", "x: record { a: count; b: string &optional; c: vector of int; }"},
    {"pat", "x: pattern"},
    {"none_at_all", ""},
};

struct request_result {
    enum mqc_error error;
    struct mqc_error_info info;
    struct mqc__arena arena;
    struct mqc__json_request request;
    char *args; /* written again as tagged JSON */
};

/* Declares the event in question; the signature lives in the arena. */
static const struct mqc__signature *find(void *context, struct mqc_view event)
{
    struct mqc__arena *arena = context;
    for (size_t i = 0; i < sizeof declared / sizeof declared[0]; i++) {
        if (!mqc_view_equal(event, mqc_view_text(declared[i].event)))
            continue;
        struct mqc__signature *signature = mqc__arena_alloc(arena, sizeof *signature);
        REQUIRE(signature != NULL);
        REQUIRE(mqc__signature_parse(arena, event, mqc_view_text(declared[i].params), signature,
                                     NULL) == MQC_OK);
        return signature;
    }
    return NULL;
}

static void result_init(struct request_result *result, struct mqc_view json)
{
    *result = (struct request_result){.error = MQC_OK};
    struct mqc__arena types;
    mqc__arena_init(&types, SIZE_MAX);
    mqc__arena_init(&result->arena, 1 << 20);
    const struct mqc__json_signatures signatures = {find, &types};
    result->error =
        mqc__json_read_plain(&result->arena, json, &signatures, &result->request, &result->info);
    mqc__arena_fini(&types);
    struct mqc__buffer buffer;
    mqc__buffer_init(&buffer, SIZE_MAX);
    if (result->error == MQC_OK)
        CHECK_INT(mqc__json_write_args(&result->request.event, &buffer), MQC_OK);
    (void)mqc__buffer_append(&buffer, "", 1);
    result->args = buffer.data;
}

static void result_fini(struct request_result *result)
{
    free(result->args);
    mqc__arena_fini(&result->arena);
}

static void check_args(const char *json, const char *expected, unsigned line)
{
    struct request_result result;
    result_init(&result, mqc_view_text(json));
    (void)check_text(result.error == MQC_OK ? result.args : result.info.text, expected, json,
                     __FILE__, line);
    result_fini(&result);
}

static void check_fails(const char *json, enum mqc_error error, const char *part, unsigned line)
{
    struct request_result result;
    result_init(&result, mqc_view_text(json));
    (void)check_text(mqc_error_name(result.error), mqc_error_name(error), json, __FILE__, line);
    if (result.error != MQC_OK)
        (void)check_contains(result.info.text, part, json, __FILE__, line);
    result_fini(&result);
}

#define CHECK_ARGS(json, expected) check_args(json, expected, __LINE__)
#define CHECK_FAILS(json, error, part) check_fails(json, error, part, __LINE__)
#define T(type, data) "{\"@data-type\":\"" type "\",\"data\":" data "}"

static void test_request_targets_read(void)
{
    struct request_result result;
    result_init(&result, mqc_view_text("{\"topic\":\"/t\",\"event\":\"e\",\"args\":[]}"));
    CHECK_INT(result.error, MQC_OK);
    CHECK(result.request.has_topic && !result.request.has_hrw && !result.request.has_rr);
    CHECK_VIEW_TEXT(result.request.topic, "/t");
    CHECK_VIEW_TEXT(result.request.event.name, "e");
    CHECK_UNSIGNED(result.request.event.arg_count, 0);
    result_fini(&result);

    result_init(&result, mqc_view_text("{\"hrw\":{\"pool\":\"Cluster::proxy_pool\",\"key\":5},"
                                       "\"event\":\"e\"}"));
    CHECK_INT(result.error, MQC_OK);
    CHECK(!result.request.has_topic && result.request.has_hrw && !result.request.has_rr);
    CHECK_VIEW_TEXT(result.request.hrw_pool, "Cluster::proxy_pool");
    CHECK_INT(result.request.hrw_key.type, MQC_TYPE_COUNT);
    result_fini(&result);

    result_init(&result, mqc_view_text("{\"event\":\"e\",\"rr\":{\"key\":" T(
                             "string", "\"10.0.0.1\"") ",\"pool\":\"p\"}}"));
    CHECK_INT(result.error, MQC_OK);
    CHECK(result.request.has_rr);
    CHECK_VIEW_TEXT(result.request.rr_key.as.text, "10.0.0.1");
    result_fini(&result);

    result_init(&result, mqc_view_text("{\"event\":\"e\",\"rr\":{\"pool\":\"p\"}}"));
    CHECK_INT(result.error, MQC_OK);
    CHECK(result.request.has_rr);
    CHECK_INT(result.request.rr_key.type, MQC_TYPE_STRING);
    CHECK_VIEW_TEXT(result.request.rr_key.as.text, "");
    result_fini(&result);

    result_init(&result, mqc_view_text("{\"event\":\"e\"}"));
    CHECK_INT(result.error, MQC_OK);
    CHECK(!result.request.has_topic && !result.request.has_hrw && !result.request.has_rr);
    result_fini(&result);
}

static void test_request_wrong_shape_refused(void)
{
    CHECK_FAILS("", MQC_EMALFORMED, "empty");
    CHECK_FAILS("[]", MQC_EMALFORMED, "expected an object, got an array");
    CHECK_FAILS("{}", MQC_EMALFORMED, "no \"event\"");
    CHECK_FAILS("{\"event\":\"e\",\"argz\":[]}", MQC_EMALFORMED, "unknown member 'argz'");
    CHECK_FAILS("{\"event\":\"e\",\"event\":\"f\"}", MQC_EMALFORMED, "second member 'event'");
    CHECK_FAILS("{\"event\":\"e\\u0000\",\"args\":{}}", MQC_EMALFORMED, "\"args\"");
    CHECK_FAILS("{\"event\":\"\"}", MQC_EMALFORMED, "\"event\"");
    CHECK_FAILS("{\"event\":7}", MQC_EMALFORMED, "\"event\": expected a string");
    CHECK_FAILS("{\"event\":\"e\",\"topic\":null}", MQC_EMALFORMED, "\"topic\"");
    CHECK_FAILS("{\"event\":\"e\",\"topic\":\"\",\"rr\":{}}", MQC_EMALFORMED, "more than one");
    CHECK_FAILS("{\"event\":\"e\",\"hrw\":\"p\"}", MQC_EMALFORMED, "hrw: expected an object");
    CHECK_FAILS("{\"event\":\"e\",\"hrw\":{\"pool\":\"p\"}}", MQC_EMALFORMED, "hrw: no \"key\"");
    CHECK_FAILS("{\"event\":\"e\",\"rr\":{\"key\":\"k\"}}", MQC_EMALFORMED, "rr: no \"pool\"");
    CHECK_FAILS("{\"event\":\"e\",\"rr\":{\"key\":1,\"pool\":1}}", MQC_EMALFORMED, "rr: \"pool\"");
    CHECK_FAILS("{\"event\":\"e\",\"hrw\":{\"key\":{},\"pool\":\"p\"}}", MQC_ETYPE,
                "the key of hrw: a plain object");
    CHECK_FAILS("{\"event\":\"e\",\"rr\":{\"key\":5,\"pool\":\"p\"}}", MQC_ETYPE, "the key of rr");
    CHECK_FAILS("{\"event\":\"e\",\"rr\":{\"pool\":\"p\",\"key\":" T("count", "5") "}}", MQC_ETYPE,
                "the key of rr: expected a string");
    CHECK_FAILS("{\"event\":\"e\",\"rr\":{\"key\":1,\"pool\":\"p\",\"x\":1}}", MQC_EMALFORMED,
                "unknown member 'x'");
}

static void test_request_plain_args_take_declared_types(void)
{
    CHECK_ARGS(
        "{\"event\":\"conn\",\"args\":[\"10.0.0.1\",80,\"S1\"]}",
        "[" T("address", "\"10.0.0.1\"") "," T("port", "\"80/tcp\"") "," T("string", "\"S1\"") "]");
    CHECK_ARGS(
        "{\"event\":\"conn\",\"args\":[\"::1\",\"53/udp\"," T("string", "\"x\"") "]}",
        "[" T("address", "\"::1\"") "," T("port", "\"53/udp\"") "," T("string", "\"x\"") "]");
    CHECK_ARGS(
        "{\"event\":\"scalars\",\"args\":[true,18446744073709551615,5,5,0,1.5,"
        "\"10.0.0.0/8\",\"Notice::LOG\"]}",
        "[" T("boolean", "true") "," T("count", "18446744073709551615") "," T("integer", "5") "," T("real", "5.0") "," T(
            "timestamp",
            "\"1970-01-01T00:00:00.000\"") "," T("timespan",
                                                 "\"1500ms\"") "," T("subnet",
                                                                     "\"10.0.0.0/8\"") "," T("enum-"
                                                                                             "valu"
                                                                                             "e",
                                                                                             "\"Not"
                                                                                             "ice::"
                                                                                             "LOG"
                                                                                             "\"") "]");
    CHECK_ARGS("{\"event\":\"none_at_all\",\"args\":[]}", "[]");
    CHECK_ARGS("{\"event\":\"conn\",\"args\":[\"10.0.0.1\",80,\"x\",7]}",
               "[" T("address", "\"10.0.0.1\"") "," T("port", "\"80/tcp\"") "," T(
                   "string", "\"x\"") "," T("count", "7") "]");
}

static void test_request_times_exact_to_the_nanosecond(void)
{
    CHECK_ARGS(
        "{\"event\":\"times\",\"args\":[1700000000.123456789,0.000000001]}",
        "[" T("timestamp", "\"2023-11-14T22:13:20.123456789\"") "," T("timespan", "\"1ns\"") "]");
    CHECK_ARGS("{\"event\":\"times\",\"args\":[\"2023-11-14T22:13:20Z\",\"5min\"]}",
               "[" T("timestamp", "\"2023-11-14T22:13:20.000\"") "," T("timespan", "\"300s\"") "]");
    CHECK_ARGS("{\"event\":\"times\",\"args\":[-1,1e-3]}",
               "[" T("timestamp", "\"1969-12-31T23:59:59.000\"") "," T("timespan", "\"1ms\"") "]");
    CHECK_FAILS("{\"event\":\"times\",\"args\":[9223372037,1]}", MQC_ETYPE,
                "argument 1 (t): expected a time");
    CHECK_FAILS("{\"event\":\"times\",\"args\":[0,1e300]}", MQC_ETYPE, "argument 2 (i)");
    CHECK_FAILS("{\"event\":\"times\",\"args\":[0,nan]}", MQC_ETYPE, "argument 2 (i)");
    CHECK_FAILS("{\"event\":\"times\",\"args\":[\"1\",1]}", MQC_ETYPE, "got '1'");
}

static void test_request_containers_take_declared_types(void)
{
    CHECK_ARGS(
        "{\"event\":\"one_set\",\"args\":[[\"10.0.0.2\",\"10.0.0.1\"]]}",
        "[" T("set", "[" T("address", "\"10.0.0.1\"") "," T("address", "\"10.0.0.2\"") "]") "]");
    CHECK_ARGS("{\"event\":\"pairs\",\"args\":[[[\"10.0.0.2\",80]]]}",
               "[" T("set", "[" T("vector", "[" T("address", "\"10.0.0.2\"") "," T(
                                                "port", "\"80/tcp\"") "]") "]") "]");
    CHECK_ARGS("{\"event\":\"by_count\",\"args\":[{\"10\":\"x\",\"9\":\"y\"}]}",
               "[" T("table", "[{\"key\":" T("count", "9") ",\"value\":" T(
                                  "string", "\"y\"") "},"
                                                     "{\"key\":" T("count", "10") ",\"value\":" T(
                                                         "string", "\"x\"") "}]") "]");
    CHECK_ARGS(
        "{\"event\":\"by_count\",\"args\":[[{\"key\":9,\"value\":\"y\"}]]}",
        "[" T("table", "[{\"key\":" T("count", "9") ",\"value\":" T("string", "\"y\"") "}]") "]");
    CHECK_ARGS(
        "{\"event\":\"by_pair\",\"args\":[[{\"key\":[\"::1\",\"1/udp\"],\"value\":3}]]}",
        "[" T("table",
              "[{\"key\":" T("vector",
                             "[" T("address", "\"::1\"") "," T(
                                 "port", "\"1/udp\"") "]") ",\"value\":" T("count", "3") "}]") "]");
    CHECK_ARGS(
        "{\"event\":\"by_string\",\"args\":[{\"a\\u0000\\udbff\\udeff\":[80]}]}",
        "[" T("table", "[{\"key\":" T("string", "\"a\\u0000\xf4\x8f\xbb\xbf\"") ",\"value\":" T(
                           "set", "[" T("port", "\"80/tcp\"") "]") "}]") "]");
    CHECK_ARGS("{\"event\":\"list\",\"args\":[[[1,2.5],[]]]}",
               "[" T("vector", "[" T("vector", "[" T("real", "1.0") "," T("real", "2.5") "]") "," T(
                                   "vector", "[]") "]") "]");
    CHECK_ARGS("{\"event\":\"pat\",\"args\":[\"foo.*\"]}",
               "[" T("vector", "[" T("string", "\"^?(foo.*)$?\"") "," T(
                                   "string", "\"^?(.|\\\\n)*(foo.*)\"") "]") "]");
    CHECK_ARGS("{\"event\":\"pat\",\"args\":[[\"a\",\"b\"]]}",
               "[" T("vector", "[" T("string", "\"a\"") "," T("string", "\"b\"") "]") "]");
}

static void test_request_records_by_name_and_position(void)
{
    static const char full[] = "[" T("vector", "[" T("count", "1") "," T("string", "\"x\"") "," T(
                                                   "vector", "[" T("integer", "-1") "]") "]") "]";
    static const char unset[] =
        "[" T("vector", "[" T("count", "1") "," T("none", "{}") "," T("vector", "[]") "]") "]";
    CHECK_ARGS("{\"event\":\"rec\",\"args\":[{\"c\":[-1],\"b\":\"x\",\"a\":1}]}", full);
    CHECK_ARGS("{\"event\":\"rec\",\"args\":[[1,\"x\",[-1]]]}", full);
    CHECK_ARGS("{\"event\":\"rec\",\"args\":[{\"a\":1,\"c\":[]}]}", unset);
    CHECK_ARGS("{\"event\":\"rec\",\"args\":[{\"a\":1,\"b\":null,\"c\":[]}]}", unset);
    CHECK_ARGS("{\"event\":\"rec\",\"args\":[[1,null,[]]]}", unset);
    CHECK_FAILS("{\"event\":\"rec\",\"args\":[{\"a\":1}]}", MQC_ETYPE, "field 'c' is missing");
    CHECK_FAILS("{\"event\":\"rec\",\"args\":[[1]]}", MQC_ETYPE, "field 'c' is missing");
    CHECK_FAILS("{\"event\":\"rec\",\"args\":[{\"a\":1,\"c\":[],\"d\":1}]}", MQC_ETYPE,
                "no field 'd'");
    CHECK_FAILS("{\"event\":\"rec\",\"args\":[{\"a\":1,\"a\":2,\"c\":[]}]}", MQC_ETYPE,
                "no second field 'a'");
    CHECK_FAILS("{\"event\":\"rec\",\"args\":[[1,\"x\",[],4]]}", MQC_ETYPE, "only 3 fields");
    CHECK_FAILS("{\"event\":\"rec\",\"args\":[\"x\"]}", MQC_ETYPE, "argument 1 (x)");
}

static void test_request_wrong_types_named(void)
{
    CHECK_FAILS("{\"event\":\"conn\",\"args\":[\"10.0.0.1\",\"70000/tcp\",\"x\"]}", MQC_ETYPE,
                "argument 2 (orig_p): expected a port like 80/tcp, got '70000/tcp'");
    CHECK_FAILS("{\"event\":\"conn\",\"args\":[\"10.0.0.1\",70000]}", MQC_ETYPE, "argument 2");
    CHECK_FAILS("{\"event\":\"conn\",\"args\":[null]}", MQC_ETYPE,
                "argument 1 (orig_h): expected an address like 10.0.0.1 or 2001:db8::1, got null");
    CHECK_FAILS("{\"event\":\"conn\",\"args\":[\"::\",1,5]}", MQC_ETYPE, "argument 3 (state)");
    CHECK_FAILS("{\"event\":\"scalars\",\"args\":[1]}", MQC_ETYPE, "argument 1 (a)");
    CHECK_FAILS("{\"event\":\"scalars\",\"args\":[\"T\"]}", MQC_ETYPE, "argument 1 (a)");
    CHECK_FAILS("{\"event\":\"scalars\",\"args\":[true,\"5\"]}", MQC_ETYPE, "argument 2 (b)");
    CHECK_FAILS("{\"event\":\"scalars\",\"args\":[true,-1]}", MQC_ETYPE, "argument 2 (b)");
    CHECK_FAILS("{\"event\":\"scalars\",\"args\":[true,1,9223372036854775808]}", MQC_ETYPE,
                "argument 3 (c)");
    CHECK_FAILS("{\"event\":\"scalars\",\"args\":[true,1,1,\"1.5\"]}", MQC_ETYPE, "argument 4 (d)");
    CHECK_FAILS("{\"event\":\"one_set\",\"args\":[[\"::1\",\"0::1\"]]}", MQC_EMALFORMED, "twice");
    CHECK_FAILS("{\"event\":\"one_set\",\"args\":[{}]}", MQC_ETYPE, "expected an array");
    CHECK_FAILS("{\"event\":\"pairs\",\"args\":[[\"::1\"]]}", MQC_ETYPE, "array of 2 values");
    CHECK_FAILS("{\"event\":\"by_count\",\"args\":[{\"a\":\"x\"}]}", MQC_ETYPE, "got 'a'");
    CHECK_FAILS("{\"event\":\"by_count\",\"args\":[{\"1\":\"x\",\"1\":\"y\"}]}", MQC_EMALFORMED,
                "twice");
    CHECK_FAILS("{\"event\":\"by_pair\",\"args\":[{\"a\":1}]}", MQC_ETYPE, "\"key\"");
    CHECK_FAILS("{\"event\":\"by_count\",\"args\":[[{\"key\":1}]]}", MQC_ETYPE, "\"value\"");
    CHECK_FAILS("{\"event\":\"by_count\",\"args\":[7]}", MQC_ETYPE, "an object, or an array");
    CHECK_FAILS("{\"event\":\"pat\",\"args\":[7]}", MQC_ETYPE, "pattern");
    CHECK_FAILS("{\"event\":\"one_any\",\"args\":[{\"a\":1}]}", MQC_ETYPE, "plain object");
    CHECK_FAILS("{\"event\":\"one_any\",\"args\":[" T("count", "-1") "]}", MQC_EMALFORMED,
                "argument 1 (x): count");
}

static void test_request_undeclared_args_guessed(void)
{
    CHECK_ARGS(
        "{\"event\":\"who\",\"args\":[true,0,-1,1.5,1e3,\"s\",null,[1,[\"x\"]]]}",
        "[" T("boolean", "true") "," T("count", "0") "," T("integer", "-1") "," T(
            "real",
            "1.5") "," T("real",
                         "1000.0") "," T("string",
                                         "\"s\"") "," T("none",
                                                        "{}") "," T("vector",
                                                                    "[" T("count", "1") "," T(
                                                                        "vector",
                                                                        "[" T(
                                                                            "string",
                                                                            "\"x\"") "]") "]") "]");
    CHECK_ARGS("{\"event\":\"one_any\",\"args\":[\"10.0.0.1\"]}",
               "[" T("string", "\"10.0.0.1\"") "]");
    CHECK_FAILS("{\"event\":\"who\",\"args\":[1,{\"a\":1}]}", MQC_ETYPE, "argument 2: a plain");
}

static void test_request_without_signatures_guesses(void)
{
    struct mqc__arena arena;
    struct mqc__json_request request;
    mqc__arena_init(&arena, 1 << 16);
    CHECK_INT(mqc__json_read_plain(&arena,
                                   mqc_view_text("{\"event\":\"conn\",\"args\":[\"10.0.0.1\"]}"),
                                   NULL, &request, NULL),
              MQC_OK);
    CHECK_INT(request.event.args[0].type, MQC_TYPE_STRING);
    mqc__arena_fini(&arena);
}

static void test_request_nesting_bounded(void)
{
    static const struct {
        size_t levels;
        enum mqc_error error;
    } cases[] = {{63, MQC_OK},
                 {64, MQC_OK},
                 {65, MQC_ETOOLARGE},
                 {1000, MQC_ETOOLARGE},
                 {100000, MQC_ETOOLARGE}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *arg = json_nested("[", "1", "]", cases[i].levels - 1);
        struct mqc__buffer json;
        mqc__buffer_init(&json, SIZE_MAX);
        (void)mqc__buffer_append_text(&json, "{\"event\":\"who\",\"args\":[");
        (void)mqc__buffer_append_text(&json, arg);
        (void)mqc__buffer_append(&json, "]}", sizeof "]}");
        struct request_result result;
        result_init(&result, mqc_view_text(json.data));
        CHECK_TEXT(mqc_error_name(result.error), mqc_error_name(cases[i].error));
        result_fini(&result);
        mqc__buffer_fini(&json);
        free(arg);
    }
}

static void test_request_every_prefix_refused(void)
{
    static const char json[] =
        "{\"hrw\":{\"pool\":\"p\",\"key\":[1]},\"event\":\"rec\",\"args\":[{\"c\":[-1],\"a\":1}]}";
    for (size_t size = 0; size < sizeof json - 1; size++) {
        char *copy = sample_memory(size + 1);
        memcpy(copy + 1, json, size);
        struct request_result result;
        result_init(&result, mqc_view_bytes(copy + 1, size));
        CHECK_INT(result.error, MQC_EMALFORMED);
        result_fini(&result);
        free(copy);
    }
}

static void test_read_any_takes_both_forms(void)
{
    static const struct {
        const char *json;
        enum mqc_error error;
        const char *part;
    } cases[] = {
        {"{\"topic\":\"/t\",\"event\":\"data\",\"args\":[\"@data-type\"]}", MQC_OK, ""},
        {"{\"topic\":\"/t\",\"@data-type\":\"vector\",\"data\":[" T("count", "1") "," T(
             "count", "1") "," T("vector",
                                 "[" T("string", "\"data\"") "," T(
                                     "vector", "[" T("string", "\"event\"") "]") "]") "]}",
         MQC_OK, ""},
        {"{\"topic\":\"/t\",\"@data-type\":\"count\",\"data\":1}", MQC_ETYPE, "the data is no"},
        {"{\"topic\":\"/t\",\"data\":1}", MQC_EMALFORMED, "no @data-type"},
        {"{\"topic\":\"/t\",\"evnt\":\"e\"}", MQC_EMALFORMED, "unknown member 'evnt'"},
        {"[]", MQC_EMALFORMED, "expected an object"},
        {"null", MQC_EMALFORMED, "expected an object"},
        {"{", MQC_EMALFORMED, "ends early"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mqc__arena arena;
        struct mqc__json_request request;
        struct mqc_error_info info = {.code = MQC_OK};
        mqc__arena_init(&arena, 1 << 16);
        const enum mqc_error error =
            mqc__json_read_any(&arena, mqc_view_text(cases[i].json), NULL, &request, &info);
        CHECK_TEXT(mqc_error_name(error), mqc_error_name(cases[i].error));
        CHECK_CONTAINS(info.text, cases[i].part);
        if (error == MQC_OK) {
            CHECK(request.has_topic);
            CHECK_VIEW_TEXT(request.event.name, "data");
            CHECK_UNSIGNED(request.event.arg_count, 1);
        }
        mqc__arena_fini(&arena);
    }
}

static void test_read_as_type_reads_one_value(void)
{
    struct mqc__arena arena;
    struct mqc__type_spec spec;
    struct mqc_value value = mqc_none();
    struct mqc_error_info info;
    mqc__arena_init(&arena, 1 << 16);
    REQUIRE(mqc__type_parse(&arena, mqc_view_text("set[port]"), &spec, &info) == MQC_OK);
    CHECK_INT(mqc__json_read_as(&arena, mqc_view_text("[80,\"53/udp\"]"), &spec, &value, &info),
              MQC_OK);
    CHECK_INT(value.type, MQC_TYPE_SET);
    CHECK_UNSIGNED(value.as.list.items[0].as.port.number, 53);
    CHECK_INT(mqc__json_read_as(&arena, mqc_view_text("[80,-1]"), &spec, &value, &info), MQC_ETYPE);
    CHECK_TEXT(info.text, "expected a port like 80/tcp, got an integer");
    CHECK_TEXT(info.place, "[1]");
    CHECK_INT(mqc__json_read_as(&arena, mqc_view_text("-5"), NULL, &value, &info), MQC_OK);
    CHECK_INT(value.type, MQC_TYPE_INTEGER);
    mqc__arena_fini(&arena);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"targets", test_request_targets_read},
        {"wrong_shape", test_request_wrong_shape_refused},
        {"plain_args", test_request_plain_args_take_declared_types},
        {"times", test_request_times_exact_to_the_nanosecond},
        {"containers", test_request_containers_take_declared_types},
        {"records", test_request_records_by_name_and_position},
        {"wrong_types", test_request_wrong_types_named},
        {"undeclared", test_request_undeclared_args_guessed},
        {"without_signatures", test_request_without_signatures_guesses},
        {"nesting", test_request_nesting_bounded},
        {"every_prefix", test_request_every_prefix_refused},
        {"read_any", test_read_any_takes_both_forms},
        {"read_as", test_read_as_type_reads_one_value},
        CU_TEST_INFO_NULL,
    };
    return suite_run("codec.json_request", tests);
}
