#include "codec/protobuf.h"
#include "test_protobuf_samples.h"
#include "value/check.h"

#include <stdlib.h>

#define DECODE_BYTES ((size_t)16 << 20)

/* What each test needs; made by setup(), which every test calls first. */
struct fixture {
    struct mqc__arena samples;
    struct mqc__arena decoded;
    struct mqc__buffer wire;
    struct mqc__envelope envelope;
    struct mqc_error_info info;
};

static struct fixture setup(void)
{
    struct fixture f = {.envelope = {.event_count = 0}};
    mqc__arena_init(&f.samples, DECODE_BYTES);
    mqc__arena_init(&f.decoded, DECODE_BYTES);
    mqc__buffer_init(&f.wire, DECODE_BYTES);
    return f;
}

static void teardown(struct fixture *f)
{
    mqc__arena_fini(&f->samples);
    mqc__arena_fini(&f->decoded);
    mqc__buffer_fini(&f->wire);
}

static enum mqc_error decode(struct fixture *f)
{
    return mqc__protobuf_decode(&f->decoded, mqc__buffer_view(&f->wire), &f->envelope, &f->info);
}

static void test_event_of_every_type_round_trips(void)
{
    struct fixture f = setup();
    const struct mqc_event event = sample_every_type(&f.samples);
    CHECK_INT(mqc__event_check(&event, &f.info), MQC_OK);
    sample_encode(&event, &f.wire);
    CHECK_INT(decode(&f), MQC_OK);
    CHECK_VIEW_TEXT(f.envelope.sender.instance, "7f3a");
    CHECK_VIEW_TEXT(f.envelope.sender.node, "worker-1");
    CHECK_UNSIGNED(f.envelope.first_sequence, 7);
    CHECK(f.envelope.starts_count);
    CHECK_UNSIGNED(f.envelope.unknown_count, 0);
    REQUIRE(f.envelope.event_count == 1);
    CHECK(sample_events_equal(&f.envelope.events[0], &event));
    teardown(&f);
}

static void test_random_events_round_trip(void)
{
    struct test_random random = {.state = 1};
    struct fixture f = setup();
    for (int round = 0; round < 3000; round++) {
        mqc__arena_reset(&f.samples);
        mqc__arena_reset(&f.decoded);
        mqc__buffer_clear(&f.wire);
        const struct mqc_event event = sample_event(&f.samples, &random);
        CHECK_INT(mqc__event_check(&event, &f.info), MQC_OK);
        sample_encode(&event, &f.wire);
        CHECK_INT(decode(&f), MQC_OK);
        REQUIRE(f.envelope.event_count == 1);
        REQUIRE(sample_events_equal(&f.envelope.events[0], &event));
    }
    teardown(&f);
}

static void test_batch_of_random_events_decodes_in_order(void)
{
    struct test_random random = {.state = 2};
    struct fixture f = setup();
    struct mqc_event events[100];
    const struct mqc__envelope_header header = {.sender = {mqc_view_text("i"), mqc_view_text("n")},
                                                .first_sequence = UINT64_MAX};
    CHECK_INT(mqc__protobuf_header(&header, &f.wire), MQC_OK);
    for (size_t i = 0; i < 100; i++) {
        events[i] = sample_event(&f.samples, &random);
        CHECK_INT(mqc__protobuf_event(&events[i], &f.wire), MQC_OK);
    }
    CHECK_INT(decode(&f), MQC_OK);
    CHECK_UNSIGNED(f.envelope.first_sequence, UINT64_MAX);
    CHECK(!f.envelope.starts_count);
    REQUIRE(f.envelope.event_count == 100);
    for (size_t i = 0; i < 100; i++)
        CHECK(sample_events_equal(&f.envelope.events[i], &events[i]));
    teardown(&f);
}

static void test_event_with_many_values_round_trips(void)
{
    struct fixture f = setup();
    struct mqc_value *items = mqc__arena_array(&f.samples, 5000, sizeof *items);
    for (size_t i = 0; i < 5000; i++)
        items[i] = mqc_count(5000 - i);
    const struct mqc_value args[] = {mqc_set(items, 5000), mqc_vector(items, 5000)};
    const struct mqc_event event = {.name = mqc_view_text("e"), .args = args, .arg_count = 2};
    sample_encode(&event, &f.wire);
    CHECK_INT(decode(&f), MQC_OK);
    REQUIRE(f.envelope.event_count == 1);
    CHECK(sample_events_equal(&f.envelope.events[0], &event));
    CHECK_UNSIGNED(f.envelope.events[0].args[0].as.list.items[0].as.count, 1);
    CHECK_UNSIGNED(f.envelope.events[0].args[1].as.list.items[0].as.count, 5000);
    teardown(&f);
}

static void test_nan_keeps_its_bits(void)
{
    static const uint64_t patterns[] = {UINT64_C(0x7ff8000000000000), UINT64_C(0xfff8000000000001),
                                        UINT64_C(0x7ff4000000abcdef), UINT64_C(0x7ff0000000000000),
                                        UINT64_C(0x8000000000000000), UINT64_C(0x0000000000000001)};
    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
        struct fixture f = setup();
        struct mqc_value arg = mqc_real(0);
        memcpy(&arg.as.real, &patterns[i], sizeof arg.as.real);
        const struct mqc_event event = {.name = mqc_view_text("e"), .args = &arg, .arg_count = 1};
        sample_encode(&event, &f.wire);
        CHECK_INT(decode(&f), MQC_OK);
        uint64_t bits = 0;
        memcpy(&bits, &f.envelope.events[0].args[0].as.real, sizeof bits);
        CHECK_UNSIGNED(bits, patterns[i]);
        teardown(&f);
    }
}

/* As an argument and as metadata. */
static void check_nesting(unsigned depth, struct mqc_value innermost, enum mqc_error expected)
{
    struct fixture f = setup();
    const struct mqc_value value = sample_nested(&f.samples, depth, innermost);
    const struct mqc_metadata metadata = {200, value};
    const struct mqc_event events[] = {
        {.name = mqc_view_text("e"), .args = &value, .arg_count = 1},
        {.name = mqc_view_text("e"), .metadata = &metadata, .metadata_count = 1}};
    for (size_t i = 0; i < 2; i++) {
        mqc__buffer_clear(&f.wire);
        sample_encode(&events[i], &f.wire);
        CHECK_INT(mqc__event_check(&events[i], &f.info), expected);
        CHECK_INT(decode(&f), expected);
        if (expected != MQC_OK)
            CHECK_CONTAINS(f.info.text, "nested too deep");
    }
    teardown(&f);
}

static void test_nesting_is_bounded_exactly(void)
{
    static const struct {
        unsigned depth;
        enum mqc_error error;
    } cases[] = {
        {1, MQC_OK}, {63, MQC_OK}, {64, MQC_OK}, {65, MQC_ETOOLARGE}, {300, MQC_ETOOLARGE}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        check_nesting(cases[i].depth, mqc_none(), cases[i].error);
        check_nesting(cases[i].depth, mqc_vector(NULL, 0), cases[i].error);
        check_nesting(cases[i].depth, mqc_string_text("leaf"), cases[i].error);
    }
}

static void test_connection_seen_is_small(void)
{
    struct fixture f = setup();
    const struct mqc_event event = sample_connection_seen(&f.samples);
    CHECK_INT(mqc__protobuf_event(&event, &f.wire), MQC_OK);
    CHECK_UNSIGNED(f.wire.size, 59);
    teardown(&f);
}

/* The bytes are a promise to every other program and to every later version. */
static void test_bytes_on_the_wire_are_fixed(void)
{
    struct fixture f = setup();
    const struct mqc_event event = sample_connection_seen(&f.samples);
    sample_encode(&event, &f.wire);
    static const char expected[] = "\x0a\x04"
                                   "7f3a"
                                   "\x12\x08"
                                   "worker-1"
                                   "\x18\x07"
                                   "\x20\x01"
                                   "\x2a\x39"
                                   "\x0a\x0f"
                                   "connection_seen"
                                   "\x12\x05\x35\x05\x00\x00\x0a"
                                   "\x12\x04\x48\xc5\xa1\x0d"
                                   "\x12\x05\x35\x22\xd8\xb8\x5d"
                                   "\x12\x03\x48\xed\x0d"
                                   "\x12\x0d\x2a\x0b"
                                   "ESTABLISHED";
    CHECK_VIEW(mqc__buffer_view(&f.wire), mqc_view_bytes(expected, sizeof expected - 1));
    teardown(&f);
}

static void test_envelope_without_events_decodes(void)
{
    struct fixture f = setup();
    CHECK_INT(decode(&f), MQC_OK);
    CHECK_UNSIGNED(f.envelope.event_count, 0);
    CHECK_UNSIGNED(f.envelope.sender.instance.size, 0);
    const struct mqc__envelope_header nothing = {.first_sequence = 0};
    CHECK_INT(mqc__protobuf_header(&nothing, &f.wire), MQC_OK);
    CHECK_UNSIGNED(f.wire.size, 0);
    const struct mqc__envelope_header header = {
        .sender = {mqc_view_bytes("a\0b", 3), mqc_view_text("n")},
        .first_sequence = 300,
        .starts_count = true,
    };
    CHECK_INT(mqc__protobuf_header(&header, &f.wire), MQC_OK);
    CHECK_INT(decode(&f), MQC_OK);
    CHECK_VIEW(f.envelope.sender.instance, header.sender.instance);
    CHECK_UNSIGNED(f.envelope.first_sequence, 300);
    CHECK_UNSIGNED(f.envelope.event_count, 0);
    teardown(&f);
}

/* Told of the fields that a stream with a promise needs. */
static void test_header_of_a_stream_round_trips(void)
{
    static const uint64_t numbers[] = {1, 127, 128, UINT32_MAX, UINT64_MAX};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        struct fixture f = setup();
        const struct mqc__envelope_header header = {
            .sender = {mqc_view_text("i"), mqc_view_text("n")},
            .first_sequence = numbers[i],
            .receipt = i % 2 != 0 ? MQC__RECEIPT_ONE : MQC__RECEIPT_MANY,
            .kept_from = numbers[i],
            .count_age_ms = numbers[i],
            .topic = mqc_view_text("zeek.topic"),
            .after = {mqc_view_text("earlier"), numbers[i], numbers[i], numbers[i]},
        };
        CHECK_INT(mqc__protobuf_header(&header, &f.wire), MQC_OK);
        CHECK_INT(decode(&f), MQC_OK);
        CHECK_UNSIGNED(f.envelope.first_sequence, numbers[i]);
        CHECK_INT(f.envelope.receipt, header.receipt);
        CHECK_UNSIGNED(f.envelope.kept_from, numbers[i]);
        CHECK_UNSIGNED(f.envelope.count_age_ms, numbers[i]);
        CHECK_VIEW_TEXT(f.envelope.topic, "zeek.topic");
        CHECK_VIEW_TEXT(f.envelope.after.instance, "earlier");
        CHECK_UNSIGNED(f.envelope.after.sequence, numbers[i]);
        CHECK_UNSIGNED(f.envelope.after.kept_from, numbers[i]);
        CHECK_UNSIGNED(f.envelope.after.count_age_ms, numbers[i]);
        CHECK_UNSIGNED(f.envelope.receipt_count, 0);
        teardown(&f);
    }
}

/* The bytes of a header and of receipts, like those of events, are a promise. */
static void test_bytes_of_receipts_are_fixed(void)
{
    struct fixture f = setup();
    const struct mqc__envelope_header header = {.sender = {.instance = mqc_view_text("7f3a")},
                                                .receipt = MQC__RECEIPT_MANY,
                                                .kept_from = 300,
                                                .count_age_ms = 5,
                                                .topic = mqc_view_text("t"),
                                                .after = {mqc_view_text("6b"), 7, 300, 1}};
    const struct mqc__receipt receipts[] = {
        {mqc_view_text("ab"), mqc_view_text("t/u"), 128, true},
        {mqc_view_text("c"), mqc_view_text("v"), 0, false},
    };
    CHECK_INT(mqc__protobuf_header(&header, &f.wire), MQC_OK);
    CHECK_INT(mqc__protobuf_receipts(receipts, 2, &f.wire), MQC_OK);
    static const char expected[] = "\x0a\x04"
                                   "7f3a"
                                   "\x40\x02\x48\xac\x02\x50\x05\x5a\x01t"
                                   "\x82\x01\x02"
                                   "6b"
                                   "\x88\x01\x07\x90\x01\xac\x02\x98\x01\x01"
                                   "\x62\x0e\x0a\x02"
                                   "ab"
                                   "\x12\x03t/u\x18\x80\x01\x20\x01"
                                   "\x62\x06\x0a\x01"
                                   "c"
                                   "\x12\x01v";
    CHECK_VIEW(mqc__buffer_view(&f.wire), mqc_view_bytes(expected, sizeof expected - 1));
    CHECK_UNSIGNED(mqc__protobuf_receipt_size(&receipts[0]), 16);
    CHECK_UNSIGNED(mqc__protobuf_receipt_size(&receipts[1]), 8);
    teardown(&f);
}

static void test_receipts_round_trip(void)
{
    struct fixture f = setup();
    struct mqc__receipt *receipts =
        mqc__arena_array(&f.samples, MQC__RECEIPTS_MAX + 1, sizeof *receipts);
    for (size_t i = 0; i <= MQC__RECEIPTS_MAX; i++)
        receipts[i] = (struct mqc__receipt){mqc_view_text("instance"), mqc_view_text("topic"),
                                            UINT64_MAX >> i % 64, i % 3 == 0};
    CHECK_INT(mqc__protobuf_receipts(receipts, MQC__RECEIPTS_MAX, &f.wire), MQC_OK);
    CHECK_INT(decode(&f), MQC_OK);
    REQUIRE(f.envelope.receipt_count == MQC__RECEIPTS_MAX);
    for (size_t i = 0; i < MQC__RECEIPTS_MAX; i++) {
        CHECK_VIEW_TEXT(f.envelope.receipts[i].instance, "instance");
        CHECK_VIEW_TEXT(f.envelope.receipts[i].topic, "topic");
        CHECK_UNSIGNED(f.envelope.receipts[i].handled_to, receipts[i].handled_to);
        CHECK_INT(f.envelope.receipts[i].wants_repeat, receipts[i].wants_repeat);
    }
    CHECK_INT(mqc__protobuf_receipts(receipts, 1, &f.wire), MQC_OK);
    CHECK_INT(decode(&f), MQC_ETOOLARGE);
    CHECK_CONTAINS(f.info.text, "10001 receipts, the limit is 10000");
    CHECK_UNSIGNED(f.envelope.receipt_count, 0);
    teardown(&f);
}

static void test_bytes_of_a_piece_are_fixed(void)
{
    struct fixture f = setup();
    const struct mqc__envelope_header header = {.sender = {.instance = mqc_view_text("7f3a")},
                                                .first_sequence = 9,
                                                .piece = {300, 128, mqc_view_text("abc")}};
    CHECK_INT(mqc__protobuf_header(&header, &f.wire), MQC_OK);
    static const char expected[] = "\x0a\x04"
                                   "7f3a"
                                   "\x18\x09\x6a\x0b\x08\xac\x02\x10\x80\x01\x1a\x03"
                                   "abc";
    CHECK_VIEW(mqc__buffer_view(&f.wire), mqc_view_bytes(expected, sizeof expected - 1));
    CHECK_INT(decode(&f), MQC_OK);
    CHECK(mqc__envelope_is_piece(&f.envelope));
    CHECK_UNSIGNED(f.envelope.first_sequence, 9);
    CHECK_UNSIGNED(f.envelope.piece.total, 300);
    CHECK_UNSIGNED(f.envelope.piece.offset, 128);
    CHECK_VIEW_TEXT(f.envelope.piece.content, "abc");
    CHECK_UNSIGNED(f.envelope.event_count, 0);
    teardown(&f);
}

/* An event, cut at every place: the pieces one after another decode as the event. */
static void test_pieces_together_are_the_event(void)
{
    struct fixture f = setup();
    const struct mqc_event event = sample_every_type(&f.samples);
    struct mqc__buffer whole;
    mqc__buffer_init(&whole, DECODE_BYTES);
    sample_encode(&event, &whole);
    for (size_t cut = 1; cut < whole.size; cut++) {
        struct mqc__buffer together;
        mqc__buffer_init(&together, DECODE_BYTES);
        for (int i = 0; i < 2; i++) {
            const size_t from = i == 0 ? 0 : cut;
            const size_t size = i == 0 ? cut : whole.size - cut;
            const struct mqc__envelope_header header = {
                .piece = {whole.size, from, mqc_view_bytes(whole.data + from, size)}};
            mqc__buffer_clear(&f.wire);
            CHECK_INT(mqc__protobuf_header(&header, &f.wire), MQC_OK);
            CHECK_INT(decode(&f), MQC_OK);
            CHECK_UNSIGNED(f.envelope.piece.offset, together.size);
            CHECK(mqc__buffer_append(&together, f.envelope.piece.content.data,
                                     f.envelope.piece.content.size));
        }
        CHECK_INT(mqc__protobuf_decode_events(&f.decoded, mqc__buffer_view(&together), &f.envelope,
                                              &f.info),
                  MQC_OK);
        CHECK_UNSIGNED(f.envelope.event_count, 1);
        CHECK_VIEW(mqc__buffer_view(&together), mqc__buffer_view(&whole));
        mqc__buffer_fini(&together);
    }
    mqc__buffer_fini(&whole);
    teardown(&f);
}

static void test_full_buffer_is_left_as_it_was(void)
{
    struct fixture f = setup();
    const struct mqc_event event = sample_connection_seen(&f.samples);
    const struct mqc__envelope_header header = {
        .sender = {mqc_view_text("instance"), mqc_view_text("node")}, .first_sequence = 1};
    const struct mqc__receipt receipt = {.instance = mqc_view_text("instance")};
    for (size_t limit = 3; limit < 59 + 3; limit++) {
        struct mqc__buffer buffer;
        mqc__buffer_init(&buffer, limit);
        CHECK(mqc__buffer_append_text(&buffer, "abc"));
        CHECK_INT(mqc__protobuf_event(&event, &buffer), MQC_ETOOLARGE);
        if (limit < 10) {
            CHECK_INT(mqc__protobuf_header(&header, &buffer), MQC_ETOOLARGE);
            CHECK_INT(mqc__protobuf_receipts(&receipt, 1, &buffer), MQC_ETOOLARGE);
        }
        CHECK_VIEW_TEXT(mqc__buffer_view(&buffer), "abc");
        CHECK(!mqc__buffer_failed(&buffer));
        mqc__buffer_fini(&buffer);
    }
    teardown(&f);
}

static bool is_inside(struct mqc_view part, struct mqc_view whole)
{
    return part.size != 0 && part.data >= whole.data &&
           part.data + part.size <= whole.data + whole.size;
}

/* However long it is: the arena holds the values alone. */
static void test_text_stays_in_the_payload(void)
{
    struct fixture f = setup();
    const size_t size = (size_t)1 << 20;
    char *text = sample_memory(size);
    memset(text, 'x', size);
    const struct mqc_value item = mqc_enum_value("Notice::LOG");
    const struct mqc_value args[] = {mqc_string(mqc_view_bytes(text, size)), mqc_vector(&item, 1)};
    const struct mqc_event event = {.name = mqc_view_text("e"), .args = args, .arg_count = 2};
    sample_encode(&event, &f.wire);
    free(text);
    f.decoded.limit_bytes = 1024;
    CHECK_INT(decode(&f), MQC_OK);
    const struct mqc_view wire = mqc__buffer_view(&f.wire);
    CHECK(is_inside(f.envelope.sender.instance, wire));
    CHECK(is_inside(f.envelope.sender.node, wire));
    REQUIRE(f.envelope.event_count == 1 && f.envelope.events[0].arg_count == 2);
    const struct mqc_event *decoded = &f.envelope.events[0];
    CHECK(is_inside(decoded->name, wire));
    CHECK(is_inside(decoded->args[0].as.text, wire));
    CHECK_UNSIGNED(decoded->args[0].as.text.size, size);
    REQUIRE(decoded->args[1].as.list.count == 1);
    CHECK(is_inside(decoded->args[1].as.list.items[0].as.text, wire));
    CHECK_VIEW_TEXT(decoded->args[1].as.list.items[0].as.text, "Notice::LOG");
    teardown(&f);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"event_of_every_type_round_trips", test_event_of_every_type_round_trips},
        {"random_events_round_trip", test_random_events_round_trip},
        {"batch_of_random_events_decodes_in_order", test_batch_of_random_events_decodes_in_order},
        {"event_with_many_values_round_trips", test_event_with_many_values_round_trips},
        {"text_stays_in_the_payload", test_text_stays_in_the_payload},
        {"nan_keeps_its_bits", test_nan_keeps_its_bits},
        {"nesting_is_bounded_exactly", test_nesting_is_bounded_exactly},
        {"connection_seen_is_small", test_connection_seen_is_small},
        {"bytes_on_the_wire_are_fixed", test_bytes_on_the_wire_are_fixed},
        {"envelope_without_events_decodes", test_envelope_without_events_decodes},
        {"header_of_a_stream_round_trips", test_header_of_a_stream_round_trips},
        {"bytes_of_receipts_are_fixed", test_bytes_of_receipts_are_fixed},
        {"receipts_round_trip", test_receipts_round_trip},
        {"bytes_of_a_piece_are_fixed", test_bytes_of_a_piece_are_fixed},
        {"pieces_together_are_the_event", test_pieces_together_are_the_event},
        {"full_buffer_is_left_as_it_was", test_full_buffer_is_left_as_it_was},
        CU_TEST_INFO_NULL,
    };
    return suite_run("codec.protobuf", tests);
}
