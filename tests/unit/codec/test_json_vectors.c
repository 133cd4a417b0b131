/* What a running Zeek accepted, echoed and sent, against this codec. */
#include "test_json_support.h"
#include "test_protobuf_samples.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>

#define ECHO_FILE MQC_TEST_SHARED_DIR "/vectors/websocket-echo-by-zeek.json"
#define SENT_FILE MQC_TEST_SHARED_DIR "/vectors/websocket-sent-by-zeek.jsonl"

#define ARG(type, data)                                                                            \
    "{\"@data-type\":\"vector\",\"data\":[{\"@data-type\":\"" type "\",\"data\":" data "}]}"

/*
 * A reader of its own for the file of vectors: a slice is one JSON value's text, so that numbers
 * stay as they are written. The file is trusted to be JSON.
 */
static struct mqc_view skip_blanks(struct mqc_view text)
{
    while (text.size != 0 && strchr(" \n\r\t,:", text.data[0]) != NULL)
        text = mqc_view_bytes(text.data + 1, text.size - 1);
    return text;
}

static struct mqc_view from(struct mqc_view text, size_t at)
{
    return mqc_view_bytes(text.data + at, text.size - at);
}

static size_t string_size(struct mqc_view text)
{
    size_t size = 1;
    while (size < text.size && text.data[size] != '"')
        size += text.data[size] == '\\' ? 2 : 1;
    return size + 1;
}

static size_t slice_size(struct mqc_view text)
{
    size_t size = 0;
    unsigned depth = 0;
    do {
        const char c = text.data[size];
        if (c == '"') {
            size += string_size(from(text, size));
            continue;
        }
        depth += c == '{' || c == '[' ? 1 : 0;
        depth -= c == '}' || c == ']' ? 1 : 0;
        size++;
    } while (size < text.size &&
             (depth != 0 || (text.data[0] != '"' && strchr("{[\"", text.data[0]) == NULL &&
                             strchr(",]} \n", text.data[size]) == NULL)));
    return size;
}

/* Takes the next item of an array or the next name or value of an object; false at its end. */
static bool next_slice(struct mqc_view *rest, struct mqc_view *slice_out)
{
    *rest = skip_blanks(*rest);
    if (rest->size == 0 || rest->data[0] == ']' || rest->data[0] == '}')
        return false;
    const size_t size = slice_size(*rest);
    *slice_out = mqc_view_bytes(rest->data, size);
    *rest = from(*rest, size);
    return true;
}

static bool find_member(struct mqc_view object, const char *name, struct mqc_view *value_out)
{
    struct mqc_view rest = from(object, 1);
    struct mqc_view key;
    while (next_slice(&rest, &key) && next_slice(&rest, value_out))
        if (mqc_view_equal(mqc_view_bytes(key.data + 1, key.size - 2), mqc_view_text(name)))
            return true;
    return false;
}

/* The member of an object that must be there. */
static struct mqc_view get_member(struct mqc_view object, const char *name)
{
    struct mqc_view value = {NULL, 0};
    if (!find_member(object, name, &value))
        abort();
    return value;
}

/* Appends a slice without the blanks between its tokens. */
static void append_compact(struct mqc__buffer *buffer, struct mqc_view slice)
{
    for (size_t i = 0; i < slice.size;) {
        const size_t size = slice.data[i] == '"' ? string_size(from(slice, i)) : 1;
        if (size != 1 || strchr(" \n", slice.data[i]) == NULL)
            (void)mqc__buffer_append(buffer, slice.data + i, size);
        i += size;
    }
}

/* Decodes a slice that is a string; the caller frees it. */
static struct mqc_view decode_string(struct mqc_view slice)
{
    char *text = strndup(slice.data, slice.size);
    struct json_object *node = json_tokener_parse(text);
    const size_t size = (size_t)json_object_get_string_len(node);
    char *copy = sample_memory(size + 1);
    memcpy(copy, json_object_get_string(node), size + 1);
    json_object_put(node);
    free(text);
    return mqc_view_bytes(copy, size);
}

/* Inputs that Zeek turns into something else, and echoes that lose what the input says. */
static const struct {
    const char *args;
    const char *ours; /* our echo; NULL: refused */
} differences[] = {
    {"[{\"@data-type\":\"port\",\"data\":\"70000/tcp\"}]", NULL},
    {"[{\"@data-type\":\"subnet\",\"data\":\"10.0.0.0/33\"}]", NULL},
    {"[{\"@data-type\":\"timestamp\",\"data\":\"2023-11-14T22:13:20.123456789\"}]",
     ARG("timestamp", "\"2023-11-14T22:13:20.123456789\"")},
    {"[{\"@data-type\":\"timestamp\",\"data\":\"2023-11-14T22:13:20.123456\"}]",
     ARG("timestamp", "\"2023-11-14T22:13:20.123456\"")},
    {"[{\"@data-type\":\"real\",\"data\":1e-07}]", ARG("real", "1e-07")},
    {"[{\"@data-type\":\"string\",\"data\":\"a\\u0000b\"}]", ARG("string", "\"a\\u0000b\"")},
};

/* One message's fate: refused, or the arguments written again. */
struct outcome {
    enum mqc_error error;
    bool has_topic;
    struct mqc__buffer args; /* with a NUL */
    char topic[32];
    char event[64];
};

static void copy_text(char *text_out, size_t size, struct mqc_view text)
{
    (void)snprintf(text_out, size, "%.*s", (int)text.size, text.size != 0 ? text.data : "");
}

static void outcome_init(struct outcome *outcome, struct mqc_view json)
{
    struct mqc__arena arena;
    struct mqc__json_message message;
    mqc__arena_init(&arena, 1 << 20);
    *outcome = (struct outcome){.error = MQC_OK};
    mqc__buffer_init(&outcome->args, SIZE_MAX);
    outcome->error = mqc__json_read_message(&arena, json, &message, NULL);
    outcome->has_topic = message.has_topic;
    if (outcome->error == MQC_OK) {
        const struct mqc_value args = mqc_vector(message.event.args, message.event.arg_count);
        CHECK_INT(mqc__json_write_value(&args, &outcome->args), MQC_OK);
        copy_text(outcome->topic, sizeof outcome->topic, message.topic);
        copy_text(outcome->event, sizeof outcome->event, message.event.name);
    }
    (void)mqc__buffer_append(&outcome->args, "", 1);
    mqc__arena_fini(&arena);
}

static void outcome_fini(struct outcome *outcome)
{
    mqc__buffer_fini(&outcome->args);
}

/* What is expected of an entry: an error, or an echo. */
struct expectation {
    enum mqc_error error;
    struct mqc__buffer echo; /* with a NUL; empty: any */
};

static bool contains(struct mqc_view text, const char *part)
{
    return text.size != 0 && memmem(text.data, text.size, part, strlen(part)) != NULL;
}

static bool is_known_difference(struct mqc_view args, struct expectation *expected)
{
    for (size_t i = 0; i < sizeof differences / sizeof differences[0]; i++) {
        if (!mqc_view_equal(args, mqc_view_text(differences[i].args)))
            continue;
        if (differences[i].ours == NULL)
            expected->error = MQC_EMALFORMED;
        else
            (void)mqc__buffer_append_text(&expected->echo, differences[i].ours);
        return true;
    }
    return false;
}

static void expect(struct expectation *expected, struct mqc_view args, struct mqc_view result)
{
    *expected = (struct expectation){.error = MQC_OK};
    mqc__buffer_init(&expected->echo, SIZE_MAX);
    if (!is_known_difference(args, expected)) {
        if (contains(result, "failed to decode JSON object"))
            expected->error = MQC_EMALFORMED;
        else if (!contains(result, "failed to create Zeek event")) {
            /* Those decode: it is the signature that refuses them. */
            append_compact(&expected->echo, get_member(result, "echo"));
        }
    }
    (void)mqc__buffer_append(&expected->echo, "", 1);
}

static void check_echo_entry(struct mqc_view entry)
{
    const struct mqc_view event = get_member(entry, "event");
    const struct mqc_view args = get_member(entry, "args");
    const struct mqc_view result = get_member(entry, "result");
    struct mqc__buffer compact;
    struct mqc__buffer json;
    mqc__buffer_init(&compact, SIZE_MAX);
    mqc__buffer_init(&json, SIZE_MAX);
    append_compact(&compact, args);
    (void)mqc__buffer_append_text(
        &json, "{\"type\":\"data-message\",\"topic\":\"/in\",\"@data-type\":\"vector\",\"data\":["
               "{\"@data-type\":\"count\",\"data\":1},{\"@data-type\":\"count\",\"data\":1},"
               "{\"@data-type\":\"vector\",\"data\":[{\"@data-type\":\"string\",\"data\":");
    (void)mqc__buffer_append(&json, event.data, event.size);
    (void)mqc__buffer_append_text(&json, "},{\"@data-type\":\"vector\",\"data\":");
    (void)mqc__buffer_append(&json, args.data, args.size);
    (void)mqc__buffer_append_text(&json, "}]}]}");

    struct expectation expected;
    struct outcome outcome;
    expect(&expected, mqc__buffer_view(&compact), result);
    outcome_init(&outcome, mqc__buffer_view(&json));
    (void)mqc__buffer_append(&compact, "", 1);
    (void)check_text(mqc_error_name(outcome.error), mqc_error_name(expected.error), compact.data,
                     __FILE__, __LINE__);
    if (expected.echo.data[0] != '\0')
        (void)check_text(outcome.args.data, expected.echo.data, compact.data, __FILE__, __LINE__);
    outcome_fini(&outcome);
    mqc__buffer_fini(&expected.echo);
    mqc__buffer_fini(&json);
    mqc__buffer_fini(&compact);
}

static char *read_or_skip(const char *path, size_t *size_out)
{
    char *text = NULL;
    if (!test_read_file(path, &text, size_out))
        suite_skip(path);
    return text;
}

static void test_vectors_echo_events_same_meaning(void)
{
    size_t size = 0;
    char *text = read_or_skip(ECHO_FILE, &size);
    if (text == NULL)
        return;
    const struct mqc_view events = get_member(mqc_view_bytes(text, size), "events");
    struct mqc_view rest = from(events, 1);
    struct mqc_view entry = {NULL, 0};
    unsigned count = 0;
    for (; next_slice(&rest, &entry); count++)
        check_echo_entry(entry);
    CHECK_UNSIGNED(count, 81);
    free(text);
}

/* Zeek's reply to each of the hand-made messages. */
static void check_raw_entry(struct mqc_view entry)
{
    const struct mqc_view reply = get_member(entry, "reply");
    const struct mqc_view sent = decode_string(get_member(entry, "sent"));
    struct outcome outcome;
    outcome_init(&outcome, sent);
    enum mqc_error error = MQC_OK;
    if (contains(reply, "failed to decode JSON object"))
        error = MQC_EMALFORMED;
    else if (contains(reply, "failed to create Zeek event"))
        error = MQC_ETYPE;
    if (contains(reply, "no topic in top-level JSON object"))
        CHECK(!outcome.has_topic && outcome.error != MQC_EMALFORMED);
    else
        (void)check_text(mqc_error_name(outcome.error), mqc_error_name(error), sent.data, __FILE__,
                         __LINE__);
    if (error == MQC_OK && outcome.has_topic)
        CHECK_TEXT(outcome.args.data, ARG("count", "1"));
    outcome_fini(&outcome);
    free((char *)sent.data);
}

static void test_vectors_raw_messages_same_verdict(void)
{
    size_t size = 0;
    char *text = read_or_skip(ECHO_FILE, &size);
    if (text == NULL)
        return;
    const struct mqc_view raw = get_member(mqc_view_bytes(text, size), "raw");
    struct mqc_view rest = from(raw, 1);
    struct mqc_view entry = {NULL, 0};
    unsigned count = 0;
    for (; next_slice(&rest, &entry); count++)
        check_raw_entry(entry);
    CHECK_UNSIGNED(count, 13);
    free(text);
}

/* Zeek's reply to "a\u0000b" holds a raw NUL, which is no JSON; it is read all the same. */
static void test_vectors_raw_nul_in_echo_read(void)
{
    size_t size = 0;
    char *text = read_or_skip(ECHO_FILE, &size);
    if (text == NULL)
        return;
    const struct mqc_view events = get_member(mqc_view_bytes(text, size), "events");
    struct mqc_view rest = from(events, 1);
    struct mqc_view entry = {NULL, 0};
    unsigned found = 0;
    while (next_slice(&rest, &entry)) {
        const struct mqc_view result = get_member(entry, "result");
        if (result.data[0] != '"')
            continue;
        const struct mqc_view message = decode_string(result);
        CHECK(memchr(message.data, '\0', message.size) != NULL);
        struct outcome outcome;
        outcome_init(&outcome, message);
        CHECK_TEXT(outcome.args.data, ARG("string", "\"a\\u0000b\""));
        outcome_fini(&outcome);
        free((char *)message.data);
        found++;
    }
    CHECK_UNSIGNED(found, 1);
    free(text);
}

/* What Zeek's writer loses or writes as no JSON; every other line is written again byte by byte. */
static const struct {
    const char *sent;
    const char *ours;
} rewritten[] = {
    {"0.000000", "0.0"},
    {"1.500000", "1.5"},
    {"-2.250000", "-2.25"},
    {"10000000000000000159028911097599180468360808563945281389781327557747838772170381060813469985"
     "856815104.000000",
     "1e+100"},
    {"123456789.123457", "123456789.123457"},
    {"3.000000", "3.0"},
    {"\"\xff\xfe\"", "\"\xf4\x8f\xbb\xbf\xf4\x8f\xbb\xbe\""},
};

/* The type of the only argument, by the event's name. */
static const struct {
    const char *event;
    const char *type;
} argument_types[] = {
    {"v_bool", "boolean"},      {"v_count", "count"},     {"v_int", "integer"},
    {"v_double", "real"},       {"v_string", "string"},   {"v_addr", "address"},
    {"v_subnet", "subnet"},     {"v_port", "port"},       {"v_time", "timestamp"},
    {"v_interval", "timespan"}, {"v_enum", "enum-value"}, {"v_set", "set"},
    {"v_set2", "set"},          {"v_table", "table"},     {"v_table2", "table"},
    {"v_vector", "vector"},     {"v_record", "vector"},   {"v_pattern", "vector"},
    {"v_two", "string"},        {"v_none", NULL},
};

static void check_argument_type(const struct outcome *outcome)
{
    for (size_t i = 0; i < sizeof argument_types / sizeof argument_types[0]; i++) {
        if (strcmp(outcome->event, argument_types[i].event) != 0)
            continue;
        char start[96];
        (void)snprintf(start, sizeof start, "{\"@data-type\":\"vector\",\"data\":[%s%s%s",
                       argument_types[i].type != NULL ? "{\"@data-type\":\"" : "]}",
                       argument_types[i].type != NULL ? argument_types[i].type : "",
                       argument_types[i].type != NULL ? "\"" : "");
        CHECK(mqc_view_starts_with(mqc_view_text(outcome->args.data), mqc_view_text(start)));
        return;
    }
    (void)check_text(outcome->event, "a known event", "event", __FILE__, __LINE__);
}

/* The arguments of a sent line as they should be written again. */
static void append_expected(struct mqc__buffer *buffer, struct mqc_view line)
{
    static const char marker[] = "\"},{\"@data-type\":\"vector\",\"data\":";
    const char *start = memmem(line.data, line.size, marker, sizeof marker - 1);
    REQUIRE(start != NULL);
    const struct mqc_view args = from(line, (size_t)(start - line.data) + 3);
    const size_t size = slice_size(args);
    for (size_t at = 0; at < size;) {
        const struct mqc_view rest = mqc_view_bytes(args.data + at, size - at);
        size_t i = 0;
        const size_t count = sizeof rewritten / sizeof rewritten[0];
        while (i < count && !mqc_view_starts_with(rest, mqc_view_text(rewritten[i].sent)))
            i++;
        if (i < count && (args.data[at - 1] == ':')) {
            (void)mqc__buffer_append_text(buffer, rewritten[i].ours);
            at += strlen(rewritten[i].sent);
        } else if (args.data[at] == '\0' || args.data[at] == '\x01') {
            (void)mqc__buffer_append_text(buffer, args.data[at] == '\0' ? "\\u0000" : "\\u0001");
            at++;
        } else {
            (void)mqc__buffer_append(buffer, args.data + at++, 1);
        }
    }
    (void)mqc__buffer_append(buffer, "", 1);
}

static void check_sent_line(struct mqc_view line)
{
    struct outcome outcome;
    struct mqc__buffer expected;
    mqc__buffer_init(&expected, SIZE_MAX);
    append_expected(&expected, line);
    outcome_init(&outcome, line);
    CHECK_INT(outcome.error, MQC_OK);
    CHECK_TEXT(outcome.topic, "/out");
    CHECK_TEXT(outcome.args.data, expected.data);
    check_argument_type(&outcome);
    outcome_fini(&outcome);
    mqc__buffer_fini(&expected);
}

static void test_vectors_sent_lines_read_and_written_again(void)
{
    size_t size = 0;
    char *text = read_or_skip(SENT_FILE, &size);
    if (text == NULL)
        return;
    struct mqc_view rest = mqc_view_bytes(text, size);
    unsigned count = 0;
    while (rest.size != 0) {
        const char *end = memchr(rest.data, '\n', rest.size);
        const size_t line_size = end != NULL ? (size_t)(end - rest.data) : rest.size;
        check_sent_line(mqc_view_bytes(rest.data, line_size));
        rest = from(rest, end != NULL ? line_size + 1 : line_size);
        count++;
    }
    CHECK_UNSIGNED(count, 63);
    free(text);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"echo_events", test_vectors_echo_events_same_meaning},
        {"raw_messages", test_vectors_raw_messages_same_verdict},
        {"raw_nul_in_echo", test_vectors_raw_nul_in_echo_read},
        {"sent_lines", test_vectors_sent_lines_read_and_written_again},
        CU_TEST_INFO_NULL,
    };
    return suite_run("codec.json_vectors", tests);
}
