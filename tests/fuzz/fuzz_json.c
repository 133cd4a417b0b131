/* JSON that a WebSocket client or a file may bring. The first byte of an input chooses the reader;
 * what it reads must be writable, and the writing must read back as the same. */
#include "codec/json.h"
#include "fuzz.h"
#include "value/check.h"

#define LIMIT_BYTES ((size_t)1 << 20)

/* Everything that an input needs memory for. */
struct room {
    struct mqc__arena arena;
    struct mqc__buffer first;
    struct mqc__buffer second;
    struct mqc_error_info info;
};

static void require_ok(enum mqc_error error, const struct room *room)
{
    fuzz_require(error == MQC_OK, room->info.text);
}

/* A value in tagged form may be nested deeper, or be longer, than what is allowed to be written. */
static bool is_written(enum mqc_error error)
{
    fuzz_require(error == MQC_OK || error == MQC_ETOOLARGE, "what is read can be written");
    return error == MQC_OK;
}

static void check_value(const struct mqc_value *value, struct room *room)
{
    struct mqc_value again;
    require_ok(mqc__value_check(value, "value", &room->info), room);
    if (!is_written(mqc__json_write_value(value, &room->first)))
        return;
    require_ok(
        mqc__json_read_value(&room->arena, mqc__buffer_view(&room->first), &again, &room->info),
        room);
    fuzz_require(mqc__json_write_value(&again, &room->second) == MQC_OK, "it is written again");
}

static void check_message(struct mqc_view topic, const struct mqc_event *event, struct room *room)
{
    struct mqc__json_message again;
    require_ok(mqc__event_check(event, &room->info), room);
    if (!is_written(mqc__json_write_message(topic, event, &room->first)))
        return;
    require_ok(
        mqc__json_read_message(&room->arena, mqc__buffer_view(&room->first), &again, &room->info),
        room);
    fuzz_require(again.has_topic && mqc_view_equal(again.topic, topic), "the topic comes back");
    fuzz_require(mqc__json_write_message(again.topic, &again.event, &room->second) == MQC_OK,
                 "it is written again");
}

static enum mqc_error read_value(struct mqc_view json, struct room *room)
{
    struct mqc_value value;
    const enum mqc_error error = mqc__json_read_value(&room->arena, json, &value, &room->info);
    if (error == MQC_OK)
        check_value(&value, room);
    return error;
}

static enum mqc_error read_message(struct mqc_view json, struct room *room)
{
    struct mqc__json_message message;
    const enum mqc_error error = mqc__json_read_message(&room->arena, json, &message, &room->info);
    if (error == MQC_OK)
        check_message(message.topic, &message.event, room);
    return error;
}

/* One declared event, "e", with a parameter of each shape. */
static const struct mqc__signature *find(void *context, struct mqc_view event)
{
    static const char params[] =
        "a: addr, b: table[addr, port] of set[string], c: record { x: count; y: time &optional; }, "
        "d: vector of interval, e: subnet, f: pattern, g: any, h: enum, i: double, j: bool";
    static struct mqc__signature signature;
    struct room *room = context;
    if (!mqc_view_equal(event, mqc_view_text("e")))
        return NULL;
    require_ok(
        mqc__signature_parse(&room->arena, event, mqc_view_text(params), &signature, &room->info),
        room);
    return &signature;
}

static enum mqc_error read_any(struct mqc_view json, struct room *room)
{
    const struct mqc__json_signatures signatures = {.find = find, .context = room};
    struct mqc__json_request request;
    const enum mqc_error error =
        mqc__json_read_any(&room->arena, json, &signatures, &request, &room->info);
    if (error == MQC_OK)
        check_message(request.topic, &request.event, room);
    return error;
}

static enum mqc_error read_as(struct mqc_view json, const char *type, struct room *room)
{
    struct mqc__type_spec spec;
    struct mqc_value value;
    require_ok(mqc__type_parse(&room->arena, mqc_view_text(type), &spec, &room->info), room);
    const enum mqc_error error = mqc__json_read_as(&room->arena, json, &spec, &value, &room->info);
    if (error != MQC_OK)
        return error;
    /* What is tagged says its type itself, and is held against the declaration later. */
    if (memchr(json.data, '@', json.size) == NULL && memchr(json.data, '\\', json.size) == NULL)
        require_ok(mqc__type_check(&spec, &value, "value", &room->info), room);
    check_value(&value, room);
    return error;
}

static enum mqc_error read_one(unsigned reader, struct mqc_view json, struct room *room)
{
    switch (reader % 6) {
    case 0: return read_value(json, room);
    case 1: return read_message(json, room);
    case 2: return read_any(json, room);
    case 3: return read_as(json, "table[addr, port] of vector of double", room);
    case 4: return read_as(json, "set[subnet, interval]", room);
    default:
        return read_as(json, "record { a: time; b: int; c: enum; d: pattern &optional; }", room);
    }
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    struct fuzz_source source = {.at = data, .left = size};
    struct room room = {.info = {.code = MQC_OK}};
    mqc__arena_init(&room.arena, LIMIT_BYTES);
    mqc__buffer_init(&room.first, LIMIT_BYTES);
    mqc__buffer_init(&room.second, LIMIT_BYTES);
    const unsigned reader = fuzz_byte(&source);
    const enum mqc_error error = read_one(reader, fuzz_rest(&source), &room);
    if (error == MQC_OK)
        fuzz_require(mqc_view_equal(mqc__buffer_view(&room.first), mqc__buffer_view(&room.second)),
                     "the same comes back");
    else if (error != MQC_ETYPE)
        fuzz_require_failure(error, &room.info, MQC_EMALFORMED, MQC_ETOOLARGE);
    mqc__buffer_fini(&room.second);
    mqc__buffer_fini(&room.first);
    mqc__arena_fini(&room.arena);
    return 0;
}
