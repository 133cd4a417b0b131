#include "codec/protobuf.h"
#include "test_protobuf_samples.h"
#include "value/check.h"

#include <stdlib.h>

#define DECODE_BYTES ((size_t)1 << 20)

/* What came of a payload; fini() frees it. */
struct outcome {
    enum mqc_error error;
    struct mqc__envelope envelope;
    struct mqc_error_info info;
    struct mqc__arena arena;
};

static struct outcome decode_within(struct mqc_view payload, size_t limit_bytes)
{
    struct outcome o = {.error = MQC_OK};
    mqc__arena_init(&o.arena, limit_bytes);
    o.error = mqc__protobuf_decode(&o.arena, payload, &o.envelope, &o.info);
    CHECK(o.arena.used_bytes <= limit_bytes);
    return o;
}

static struct outcome decode(struct mqc_view payload)
{
    return decode_within(payload, DECODE_BYTES);
}

static void fini(struct outcome *o)
{
    mqc__arena_fini(&o->arena);
}

/* Decodes into an arena that is used again, and checks that what comes out is as good as what a
 * caller may publish. */
static enum mqc_error decode_again(struct mqc__arena *arena, struct mqc_view payload)
{
    struct mqc__envelope envelope;
    struct mqc_error_info info = {.code = MQC_OK};
    mqc__arena_reset(arena);
    const enum mqc_error error = mqc__protobuf_decode(arena, payload, &envelope, &info);
    CHECK((error == MQC_OK) == (info.text[0] == '\0'));
    CHECK(error == MQC_OK || envelope.event_count == 0);
    for (size_t i = 0; i < envelope.event_count; i++)
        CHECK_INT(mqc__event_check(&envelope.events[i], &info), MQC_OK);
    return error;
}

/* A copy of exactly the payload's size, so that a sanitizer sees the first byte read too far. */
static char *exact_copy(struct mqc_view payload)
{
    char *copy = sample_memory(payload.size);
    memcpy(copy, payload.data, payload.size);
    return copy;
}

static struct outcome decode_exact(struct mqc_view payload)
{
    char *copy = exact_copy(payload);
    struct outcome o = decode(mqc_view_bytes(copy, payload.size));
    free(copy);
    return o;
}

static void every_type_payload(struct mqc__buffer *buffer)
{
    struct mqc__arena samples;
    mqc__arena_init(&samples, DECODE_BYTES);
    const struct mqc_event event = sample_every_type(&samples);
    sample_encode(&event, buffer);
    mqc__arena_fini(&samples);
}

static void test_truncated_payload_is_refused(void)
{
    struct mqc__buffer buffer;
    mqc__buffer_init(&buffer, DECODE_BYTES);
    every_type_payload(&buffer);
    unsigned accepted = 0;
    for (size_t size = 0; size < buffer.size; size++) {
        struct outcome o = decode_exact(mqc_view_bytes(buffer.data, size));
        CHECK(o.error == MQC_OK || o.error == MQC_EMALFORMED);
        /* A cut between two fields of the Envelope leaves an Envelope without the event. */
        if (o.error == MQC_OK) {
            accepted++;
            CHECK_UNSIGNED(o.envelope.event_count, 0);
        }
        fini(&o);
    }
    CHECK_UNSIGNED(accepted, 5);
    mqc__buffer_fini(&buffer);
}

static void test_corrupted_payload_harms_nothing(void)
{
    struct mqc__buffer buffer;
    mqc__buffer_init(&buffer, DECODE_BYTES);
    every_type_payload(&buffer);
    char *bytes = exact_copy(mqc__buffer_view(&buffer));
    struct mqc__arena arena;
    mqc__arena_init(&arena, DECODE_BYTES);
    for (size_t i = 0; i < buffer.size; i++) {
        for (unsigned change = 1; change < 256; change++) {
            bytes[i] = (char)((unsigned char)buffer.data[i] ^ change);
            const enum mqc_error error = decode_again(&arena, mqc_view_bytes(bytes, buffer.size));
            CHECK(error == MQC_OK || error == MQC_EMALFORMED);
        }
        bytes[i] = buffer.data[i];
    }
    free(bytes);
    mqc__arena_fini(&arena);
    mqc__buffer_fini(&buffer);
}

static void test_random_bytes_harm_nothing(void)
{
    struct test_random random = {.state = 3};
    struct mqc__arena arena;
    mqc__arena_init(&arena, DECODE_BYTES);
    for (int round = 0; round < 20000; round++) {
        char bytes[48];
        const size_t size = test_random_below(&random, sizeof bytes + 1);
        for (size_t i = 0; i < size; i++)
            bytes[i] = (char)test_random_next(&random);
        /* Most random bytes fail at once: let half of them begin as an event. */
        if (size > 2 && round % 2 == 0) {
            bytes[0] = 0x2a;
            bytes[1] = (char)(size - 2);
        }
        const enum mqc_error error = decode_again(&arena, mqc_view_bytes(bytes, size));
        CHECK(error == MQC_OK || error == MQC_EMALFORMED);
    }
    mqc__arena_fini(&arena);
}

/* Two bytes on the wire become an object of 48 bytes and more. */
static void test_empty_values_cannot_amplify(void)
{
    const size_t size = (size_t)1 << 20;
    char *payload = sample_memory(size);
    static const char head[] = "\x2a\xfb\xff\x3f\x0a\x01"
                               "e";
    memcpy(payload, head, 7);
    for (size_t i = 7; i + 1 < size; i += 2) {
        payload[i] = 0x12;
        payload[i + 1] = 0;
    }
    /* 7 + 2n bytes: the odd one is left out. */
    payload[1] = (char)(0x80 | ((size - 5) & 0x7f));
    struct outcome o = decode_within(mqc_view_bytes(payload, size - 1), size);
    CHECK_INT(o.error, MQC_ETOOLARGE);
    CHECK_CONTAINS(o.info.text, "1048576 bytes");
    fini(&o);
    o = decode_within(mqc_view_bytes(payload, size - 1), size * 100);
    CHECK_INT(o.error, MQC_OK);
    REQUIRE(o.envelope.event_count == 1);
    CHECK_UNSIGNED(o.envelope.events[0].arg_count, (size - 8) / 2);
    fini(&o);
    free(payload);
}

/* Every allocation fails once, by the limit. */
static void test_every_arena_limit_is_kept(void)
{
    struct mqc__buffer buffer;
    mqc__buffer_init(&buffer, DECODE_BYTES);
    every_type_payload(&buffer);
    struct outcome all = decode(mqc__buffer_view(&buffer));
    CHECK_INT(all.error, MQC_OK);
    const size_t needed = all.arena.used_bytes;
    fini(&all);
    for (size_t limit = 0; limit <= needed; limit++) {
        struct outcome o = decode_within(mqc__buffer_view(&buffer), limit);
        CHECK_INT(o.error, limit < needed ? MQC_ETOOLARGE : MQC_OK);
        CHECK_UNSIGNED(o.envelope.event_count, limit < needed ? 0 : 1);
        fini(&o);
    }
    mqc__buffer_fini(&buffer);
}

/* Bytes that grow to the front, so that a length can stand before what it counts. */
struct reversed {
    char *bytes;
    size_t size;
    size_t start;
};

/* Makes everything so far the contents of one field. */
static void enclose(struct reversed *r, unsigned char tag)
{
    unsigned char head[12] = {tag};
    size_t length = 1;
    for (size_t rest = r->size - r->start; length == 1 || rest != 0; rest >>= 7)
        head[length++] = (unsigned char)((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    REQUIRE(r->start >= length);
    r->start -= length;
    memcpy(r->bytes + r->start, head, length);
}

/* Deeper than any stack. */
static void test_very_deep_payload_is_refused(void)
{
    struct reversed r = {.size = (size_t)1 << 20, .start = (size_t)1 << 20};
    r.bytes = sample_memory(r.size);
    while (r.start > 32) {
        enclose(&r, 0x0a); /* List.items */
        enclose(&r, 0x7a); /* Value.vector */
    }
    enclose(&r, 0x12); /* Event.args */
    enclose(&r, 0x2a); /* Envelope.events */
    struct outcome o = decode(mqc_view_bytes(r.bytes + r.start, r.size - r.start));
    CHECK_INT(o.error, MQC_ETOOLARGE);
    CHECK_CONTAINS(o.info.text, "nested too deep");
    fini(&o);
    free(r.bytes);
}

#define WIRE(text)                                                                                 \
    {                                                                                              \
        text, sizeof(text) - 1                                                                     \
    }
/* An event "e" whose only argument has these `size` bytes; one literal each, sizes below 0x70. */
struct argument {
    const char *bytes;
    size_t size;
};

static size_t wrap(const struct argument *argument, char *out)
{
    const char head[] = {0x2a, (char)(argument->size + 5), 0x0a, 0x01, 'e',
                         0x12, (char)argument->size};
    memcpy(out, head, sizeof head);
    memcpy(out + sizeof head, argument->bytes, argument->size);
    return sizeof head + argument->size;
}

static void test_wrong_argument_is_refused_by_name(void)
{
    static const struct {
        struct argument argument;
        const char *problem;
    } cases[] = {
        {WIRE("\x3a\x04\x0a\x00\x00\x01"), "an IPv6 address is not 16 bytes"},
        {WIRE("\x3a\x00"), "an IPv6 address is not 16 bytes"},
        {WIRE("\x42\x00"), "a subnet is neither 5 nor 17 bytes"},
        {WIRE("\x42\x04\x0a\x00\x00\x00"), "a subnet is neither 5 nor 17 bytes"},
        {WIRE("\x42\x05\x0a\x00\x00\x00\x21"), "a subnet's prefix is too long"},
        {WIRE("\x42\x05\x0a\x00\x00\x01\x08"), "a subnet's address has bits behind its prefix"},
        {WIRE("\x42\x05\x0a\x80\x00\x00\x08"), "a subnet's address has bits behind its prefix"},
        {WIRE("\x42\x11 \x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x81"), "a subnet's prefix is too long"},
        {WIRE("\x42\x11 \x01\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x7f"),
         "a subnet's address has bits behind its prefix"},
        {WIRE("\x48\x80\x80\x10"), "a port number is over 65535"},
        {WIRE("\x6a\x08\x0a\x02\x10\x05\x0a\x02\x10\x05"), "a set has an element twice"},
        {WIRE("\x6a\x0c\x0a\x02\x10\x05\x0a\x02\x10\x04\x0a\x02\x10\x05"),
         "a set has an element twice"},
        {WIRE("\x72\x04\x0a\x02\x10\x05"), "a table's last key has no value"},
        {WIRE("\x72\x0c\x0a\x02\x10\x05\x0a\x00\x0a\x02\x10\x05\x0a\x00"),
         "a table has a key twice"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char payload[128];
        struct outcome o = decode(mqc_view_bytes(payload, wrap(&cases[i].argument, payload)));
        CHECK_INT(o.error, MQC_EMALFORMED);
        CHECK_CONTAINS(o.info.text, "event 1 (e), argument 1: ");
        CHECK_CONTAINS(o.info.text, cases[i].problem);
        fini(&o);
    }
}

struct refused_payload {
    struct argument payload;
    const char *problem;
};

static void check_refused(const struct refused_payload *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct outcome o =
            decode_exact(mqc_view_bytes(cases[i].payload.bytes, cases[i].payload.size));
        CHECK_INT(o.error, MQC_EMALFORMED);
        CHECK_CONTAINS(o.info.text, cases[i].problem);
        fini(&o);
    }
}

static void test_wrong_wire_form_is_refused(void)
{
    static const struct refused_payload cases[] = {
        {WIRE("\x00"), "no field begins here"},
        {WIRE("\x80\x00\x00"), "no field begins here"},
        {WIRE("\x80\x80\x80\x80\x80\x01\x00"), "no field begins here"},
        {WIRE("\x2a"), "a length is cut off"},
        {WIRE("\x2a\x80\x80\x80\x80\x80\x00"), "a length is cut off or too long"},
        {WIRE("\x2a\x01"), "longer than what surrounds it"},
        {WIRE("\x2a\xff\xff\xff\xff\x0f"), "longer than what surrounds it"},
        {WIRE("\x2a\x03\x0a\x02"
              "e"),
         "longer than what surrounds it"},
        {WIRE("\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"), "over 64 bits"},
        {WIRE("\x18\x80"), "a number is cut off"},
        {WIRE("\x1a\x01\x00"), "another wire type"},
        {WIRE("\x2b"), "another wire type"},
        {WIRE("\x7b"), "a wire type that does not exist"},
        {WIRE("\x7c"), "a wire type that does not exist"},
        {WIRE("\x7d\x00\x00\x00"), "a number is cut off"},
        {WIRE("\x79\x00\x00\x00\x00\x00\x00\x00"), "a number is cut off"},
        /* receipts */
        {WIRE("\x60\x01"), "another wire type"},
        {WIRE("\x62\x02\x0a\x01"), "longer than what surrounds it"},
        {WIRE("\x62\x02\x1a\x00"), "another wire type"},
        {WIRE("\x62\x02\x18\x80"), "a number is cut off"},
        /* fields whose tags take two bytes */
        {WIRE("\x82\x01\x05x"), "longer than what surrounds it"},
        {WIRE("\x82\x01"), "a length is cut off"},
        {WIRE("\x80\x01\x05"), "another wire type"},
        {WIRE("\x8a\x01\x01x"), "another wire type"},
        {WIRE("\x88\x01\x80"), "a number is cut off"},
        {WIRE("\x9a\x01\x00"), "another wire type"},
    };
    check_refused(cases, sizeof cases / sizeof cases[0]);
}

static void test_pieces_that_cannot_be_are_refused(void)
{
    static const struct refused_payload cases[] = {
        {WIRE("\x68\x01"), "another wire type"},
        {WIRE("\x6a\x02\x0a\x00"), "another wire type"},
        {WIRE("\x6a\x02\x1a\x01"), "longer than what surrounds it"},
        {WIRE("\x6a\x00"), "cannot be one"},
        {WIRE("\x6a\x03\x1a\x01x"), "cannot be one"},
        {WIRE("\x6a\x04\x08\x01\x1a\x00"), "cannot be one"},
        {WIRE("\x6a\x06\x08\x01\x1a\x02xx"), "cannot be one"},
        {WIRE("\x6a\x07\x08\x01\x10\x01\x1a\x01x"), "cannot be one"},
        {WIRE("\x6a\x08\x08\x02\x10\x01\x1a\x02xx"), "cannot be one"},
        {WIRE("\x6a\x10\x08\x05\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x1a\x01x"),
         "cannot be one"},
        {WIRE("\x6a\x05\x08\x02\x1a\x01x\x6a\x05\x08\x02\x1a\x01x"), "comes again"},
        {WIRE("\x6a\x05\x08\x02\x1a\x01x\x62\x00"), "more beside it"},
        {WIRE("\x62\x00\x6a\x05\x08\x02\x1a\x01x"), "more beside it"},
        {WIRE("\x6a\x05\x08\x02\x1a\x01x\x30\x01"), "more beside it"},
        {WIRE("\x6a\x05\x08\x02\x1a\x01x\x2a\x03\x0a\x01"
              "e"),
         "more beside it"},
        /* a port of more than 32 bits */
        {WIRE("\x2a\x0b\x0a\x01"
              "e\x12\x06\x48\x80\x80\x80\x80\x10"),
         "over 32 bits"},
        /* metadata with two values, a value with two vectors */
        {WIRE("\x2a\x09\x0a\x01"
              "e\x1a\x04\x12\x00\x12\x00"),
         "comes again"},
        {WIRE("\x2a\x09\x0a\x01"
              "e\x12\x04\x7a\x00\x7a\x00"),
         "comes again"},
    };
    check_refused(cases, sizeof cases / sizeof cases[0]);
}

static void test_event_without_name_is_refused(void)
{
    static const struct argument cases[] = {WIRE("\x2a\x00"), WIRE("\x2a\x02\x0a\x00"),
                                            WIRE("\x2a\x02\x12\x00")};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct outcome o = decode(mqc_view_bytes(cases[i].bytes, cases[i].size));
        CHECK_INT(o.error, MQC_EMALFORMED);
        CHECK_TEXT(o.info.text, "event 1 (): it has no name");
        fini(&o);
    }
}

/* A later schema: fields 16 and up in every message. */
static void test_unknown_fields_are_skipped(void)
{
    static const char payload[] = "\x82\x01\x03new\x0a\x01i\xa5\x06\x01\x02\x03\x04"
                                  "\x2a\x1f\x80\x01\x05\x0a\x01"
                                  "e\x12\x07\x10\x05\x82\x01\x02xx"
                                  "\x1a\x0e\x08\x01\x12\x00\x81\x01\1\2\3\4\5\6\7\x08";
    struct outcome o = decode(mqc_view_bytes(payload, sizeof payload - 1));
    CHECK_INT(o.error, MQC_OK);
    CHECK_VIEW_TEXT(o.envelope.sender.instance, "i");
    CHECK_UNSIGNED(o.envelope.unknown_count, 0);
    REQUIRE(o.envelope.event_count == 1);
    const struct mqc_event *decoded = &o.envelope.events[0];
    CHECK_VIEW_TEXT(decoded->name, "e");
    REQUIRE(decoded->arg_count == 1 && decoded->metadata_count == 1);
    CHECK_INT(decoded->args[0].type, MQC_TYPE_COUNT);
    CHECK_UNSIGNED(decoded->args[0].as.count, 5);
    CHECK_UNSIGNED(decoded->metadata[0].id, 1);
    fini(&o);
}

static void test_unknown_kinds_become_none_and_are_counted(void)
{
    /* Arguments: field 16 as bytes; none; a vector of field 17 as varint and of none. */
    static const char payload[] =
        "\x2a\x16\x0a\x01"
        "e\x12\x04\x82\x01\x01z\x12\x00\x12\x09\x7a\x07\x0a\x03\x88\x01\x07"
        "\x0a\x00";
    struct outcome o = decode(mqc_view_bytes(payload, sizeof payload - 1));
    CHECK_INT(o.error, MQC_OK);
    CHECK_UNSIGNED(o.envelope.unknown_count, 2);
    REQUIRE(o.envelope.event_count == 1 && o.envelope.events[0].arg_count == 3);
    const struct mqc_value *args = o.envelope.events[0].args;
    CHECK_INT(args[0].type, MQC_TYPE_NONE);
    CHECK_INT(args[1].type, MQC_TYPE_NONE);
    REQUIRE(args[2].type == MQC_TYPE_VECTOR && args[2].as.list.count == 2);
    CHECK_INT(args[2].as.list.items[0].type, MQC_TYPE_NONE);
    fini(&o);
}

/* An earlier schema: no instance, no sequence; metadata without a value. */
static void test_missing_fields_have_defaults(void)
{
    static const char payload[] = "\x2a\x07\x0a\x01"
                                  "e\x1a\x02\x08\x09";
    struct outcome o = decode(mqc_view_bytes(payload, sizeof payload - 1));
    CHECK_INT(o.error, MQC_OK);
    CHECK_UNSIGNED(o.envelope.first_sequence, 0);
    CHECK(!o.envelope.starts_count);
    REQUIRE(o.envelope.event_count == 1 && o.envelope.events[0].metadata_count == 1);
    CHECK_UNSIGNED(o.envelope.events[0].metadata[0].id, 9);
    CHECK_INT(o.envelope.events[0].metadata[0].value.type, MQC_TYPE_NONE);
    fini(&o);
}

/* A later version may want to hear something else, or say more in a receipt. */
static void test_unknown_parts_of_receipts_are_skipped(void)
{
    static const char payload[] = "\x40\x03\x62\x0b\x0a\x01i\x2a\x01x\x18\x05\xf0\x01\x07"
                                  "\x62\x00";
    struct outcome o = decode(mqc_view_bytes(payload, sizeof payload - 1));
    CHECK_INT(o.error, MQC_OK);
    CHECK_INT(o.envelope.receipt, MQC__RECEIPT_NONE);
    REQUIRE(o.envelope.receipt_count == 2);
    CHECK_VIEW_TEXT(o.envelope.receipts[0].instance, "i");
    CHECK_UNSIGNED(o.envelope.receipts[0].topic.size, 0);
    CHECK_UNSIGNED(o.envelope.receipts[0].handled_to, 5);
    CHECK_UNSIGNED(o.envelope.receipts[1].instance.size, 0);
    CHECK(!o.envelope.receipts[1].wants_repeat);
    fini(&o);
    o = decode_within(mqc_view_bytes(payload, sizeof payload - 1), sizeof(struct mqc__receipt));
    CHECK_INT(o.error, MQC_ETOOLARGE);
    CHECK_UNSIGNED(o.envelope.receipt_count, 0);
    fini(&o);
}

/* Bytes that pieces, or what was decompressed, are put together to. */
static void test_pieces_within_events_are_refused(void)
{
    static const char payload[] = "\x6a\x05\x08\x02\x1a\x01x";
    struct mqc__arena arena;
    mqc__arena_init(&arena, 1000);
    struct mqc__envelope envelope = {.first_sequence = 7};
    struct mqc_error_info info;
    CHECK_INT(mqc__protobuf_decode_events(&arena, mqc_view_bytes(payload, sizeof payload - 1),
                                          &envelope, &info),
              MQC_EMALFORMED);
    CHECK_CONTAINS(info.text, "in pieces again");
    CHECK_UNSIGNED(envelope.first_sequence, 7);
    mqc__arena_fini(&arena);
}

static void test_unprintable_name_is_not_printed(void)
{
    static const char payload[] = "\x2a\x0a\x0a\x02\x1b\n\x12\x04\x48\x80\x80\x10";
    struct outcome o = decode(mqc_view_bytes(payload, sizeof payload - 1));
    CHECK_INT(o.error, MQC_EMALFORMED);
    CHECK_TEXT(o.info.text, "event 1 (\?\?), argument 1: a port number is over 65535");
    fini(&o);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"truncated_payload_is_refused", test_truncated_payload_is_refused},
        {"corrupted_payload_harms_nothing", test_corrupted_payload_harms_nothing},
        {"random_bytes_harm_nothing", test_random_bytes_harm_nothing},
        {"empty_values_cannot_amplify", test_empty_values_cannot_amplify},
        {"every_arena_limit_is_kept", test_every_arena_limit_is_kept},
        {"very_deep_payload_is_refused", test_very_deep_payload_is_refused},
        {"wrong_argument_is_refused_by_name", test_wrong_argument_is_refused_by_name},
        {"wrong_wire_form_is_refused", test_wrong_wire_form_is_refused},
        {"pieces_that_cannot_be_are_refused", test_pieces_that_cannot_be_are_refused},
        {"event_without_name_is_refused", test_event_without_name_is_refused},
        {"unknown_fields_are_skipped", test_unknown_fields_are_skipped},
        {"unknown_kinds_become_none_and_are_counted",
         test_unknown_kinds_become_none_and_are_counted},
        {"missing_fields_have_defaults", test_missing_fields_have_defaults},
        {"pieces_within_events_are_refused", test_pieces_within_events_are_refused},
        {"unknown_parts_of_receipts_are_skipped", test_unknown_parts_of_receipts_are_skipped},
        {"unprintable_name_is_not_printed", test_unprintable_name_is_not_printed},
        CU_TEST_INFO_NULL,
    };
    return suite_run("codec.protobuf_malformed", tests);
}
