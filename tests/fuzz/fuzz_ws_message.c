/* The texts of a WebSocket client's messages. The first byte of an input chooses between
 * subscriptions and an event. What is read must be writable and read back as the same, and an event
 * must be the same to either of the codec's readers. */
#include "fuzz.h"
#include "ws/protocol.h"

#define LIMIT_BYTES ((size_t)1 << 20)

static void require_context(enum mqc_error error, const char *context)
{
    fuzz_require(error == MQC_EMALFORMED || error == MQC_ETOOLARGE || error == MQC_ETYPE,
                 "a failure is the client's doing");
    fuzz_require(context != NULL, "a failure has words to answer");
    struct mqc__buffer answer;
    mqc__buffer_init(&answer, LIMIT_BYTES);
    fuzz_require(mqc__ws_write_error(MQC__WS_ERROR_DESERIALIZATION, mqc_view_text(context),
                                     &answer) == MQC_OK,
                 "a failure is answered");
    mqc__buffer_fini(&answer);
}

/* --- Subscriptions ------------------------------------------------------------------------------
 */

static bool is_before(struct mqc_view a, struct mqc_view b)
{
    const size_t least = a.size < b.size ? a.size : b.size;
    const int order = least != 0 ? memcmp(a.data, b.data, least) : 0;
    return order < 0 || (order == 0 && a.size < b.size);
}

static void write_subscriptions(const struct mqc_view *prefixes, size_t count,
                                struct mqc__buffer *json)
{
    (void)mqc__buffer_append_text(json, "[");
    for (size_t i = 0; i < count; i++) {
        (void)mqc__buffer_append_text(json, i != 0 ? "," : "");
        (void)mqc__json_write_string(prefixes[i], json);
    }
    (void)mqc__buffer_append_text(json, "]");
    fuzz_require(!mqc__buffer_failed(json), "subscriptions are written");
}

static void check_subscriptions(struct mqc__arena *arena, const struct mqc_view *prefixes,
                                size_t count)
{
    struct mqc__buffer json;
    struct mqc_view *again = NULL;
    size_t again_count = 0;
    const char *context = NULL;
    mqc__buffer_init(&json, LIMIT_BYTES);
    write_subscriptions(prefixes, count, &json);
    fuzz_require(mqc__ws_read_subscriptions(arena, mqc__buffer_view(&json), &again, &again_count,
                                            &context) == MQC_OK,
                 "subscriptions read back");
    fuzz_require(again_count == count, "as many subscriptions come back");
    for (size_t i = 0; i < count; i++) {
        fuzz_require(mqc_view_equal(prefixes[i], again[i]), "the same subscriptions come back");
        fuzz_require(i == 0 || is_before(prefixes[i - 1], prefixes[i]), "they are in order");
    }
    mqc__buffer_fini(&json);
}

static void read_subscriptions(struct mqc_view json)
{
    struct mqc__arena arena;
    struct mqc_view *prefixes = NULL;
    size_t count = 0;
    const char *context = NULL;
    mqc__arena_init(&arena, LIMIT_BYTES);
    const enum mqc_error error =
        mqc__ws_read_subscriptions(&arena, json, &prefixes, &count, &context);
    if (error == MQC_OK)
        check_subscriptions(&arena, prefixes, count);
    else
        require_context(error, context);
    mqc__arena_fini(&arena);
}

/* --- Events -------------------------------------------------------------------------------------
 */

/* What came of an event's text: the event written again, or the context of the error. */
static enum mqc_error read_event(struct mqc_view json, struct mqc__buffer *result)
{
    struct mqc__arena arena;
    struct mqc__json_message message;
    struct mqc_error_info info = {.code = MQC_OK};
    const char *context = NULL;
    mqc__arena_init(&arena, LIMIT_BYTES);
    mqc__buffer_init(result, LIMIT_BYTES);
    enum mqc_error error = mqc__ws_read_event(&arena, json, &message, &context, &info);
    if (error == MQC_OK) {
        fuzz_require(context == NULL, "a success has no words");
        error = mqc__json_write_message(message.topic, &message.event, result);
        fuzz_require(error == MQC_OK || error == MQC_ETOOLARGE, "what is read can be written");
    } else {
        fuzz_require(info.code == error && info.text[0] != '\0', "a failure says what is wrong");
        require_context(error, context);
        (void)mqc__buffer_append_text(result, context);
    }
    mqc__arena_fini(&arena);
    return error;
}

static void require_same(struct mqc_view json, enum mqc_error error,
                         const struct mqc__buffer *expected)
{
    struct mqc__buffer again;
    fuzz_require(read_event(json, &again) == error, "as well or as badly");
    fuzz_require(mqc_view_equal(mqc__buffer_view(expected), mqc__buffer_view(&again)), "the same");
    mqc__buffer_fini(&again);
}

/* With a member that nobody asks for, the text is none for the quick reader. Where it is the only
 * one, its comma would be wrong. */
static bool add_member(struct mqc_view json, struct mqc__buffer *changed)
{
    static const char member[] = "\"?\":0,";
    size_t at = 0;
    while (at < json.size && strchr(" \t\r\n", json.data[at]) != NULL && json.data[at] != '\0')
        at++;
    if (json.size - at < 2 || json.data[at] != '{' || json.data[at + 1] != '"')
        return false;
    (void)mqc__buffer_append(changed, json.data, at + 1);
    (void)mqc__buffer_append_text(changed, member);
    (void)mqc__buffer_append(changed, json.data + at + 1, json.size - at - 1);
    fuzz_require(!mqc__buffer_failed(changed), "there is memory");
    return true;
}

static void check_event(struct mqc_view json)
{
    struct mqc__buffer result;
    struct mqc__buffer changed;
    const enum mqc_error error = read_event(json, &result);
    mqc__buffer_init(&changed, LIMIT_BYTES);
    if (error == MQC_OK)
        require_same(mqc__buffer_view(&result), MQC_OK, &result);
    if (add_member(json, &changed))
        require_same(mqc__buffer_view(&changed), error, &result);
    mqc__buffer_fini(&changed);
    mqc__buffer_fini(&result);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    struct fuzz_source source = {.at = data, .left = size};
    if (fuzz_byte(&source) % 2 == 0)
        read_subscriptions(fuzz_rest(&source));
    else
        check_event(fuzz_rest(&source));
    return 0;
}
