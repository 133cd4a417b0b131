/* What is read and written by hand, beside the code that protoc-c makes of the schema. */
#include "codec/protobuf.h"
#include "codec/protobuf_schema.h"
#include "test_protobuf_samples.h"

#include <stdlib.h>

#define DECODE_BYTES ((size_t)16 << 20)

static unsigned wire_type_of(const ProtobufCFieldDescriptor *field)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE: return MQC__WIRE_BYTES;
    case PROTOBUF_C_TYPE_DOUBLE:
    case PROTOBUF_C_TYPE_SFIXED64: return MQC__WIRE_FIXED64;
    case PROTOBUF_C_TYPE_FIXED32: return MQC__WIRE_FIXED32;
    default: return MQC__WIRE_VARINT;
    }
}

static void check_schema(const struct mqc__wire_schema *schema,
                         const ProtobufCMessageDescriptor *generated)
{
    unsigned known = 0;
    for (unsigned i = 0; i <= schema->field_count; i++)
        known += schema->tags[i] != 0;
    CHECK_UNSIGNED(known, generated->n_fields);
    for (unsigned i = 0; i < generated->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &generated->fields[i];
        REQUIRE(field->id <= schema->field_count);
        CHECK_UNSIGNED(schema->tags[field->id], field->id << 3 | wire_type_of(field));
    }
}

static void test_schema_is_that_of_the_proto_file(void)
{
    check_schema(&mqc__schema_envelope, &mqcluster__v1__envelope__descriptor);
    check_schema(&mqc__schema_piece, &mqcluster__v1__piece__descriptor);
    check_schema(&mqc__schema_receipt, &mqcluster__v1__receipt__descriptor);
    check_schema(&mqc__schema_event, &mqcluster__v1__event__descriptor);
    check_schema(&mqc__schema_metadata, &mqcluster__v1__metadata__descriptor);
    check_schema(&mqc__schema_value, &mqcluster__v1__value__descriptor);
    check_schema(&mqc__schema_list, &mqcluster__v1__list__descriptor);
}

static void test_fields_have_the_names_of_the_proto_file(void)
{
    static const struct {
        const ProtobufCMessageDescriptor *message;
        const char *name;
        uint8_t tag;
    } cases[] = {
        {&mqcluster__v1__envelope__descriptor, "instance", MQC__TAG_ENVELOPE_INSTANCE},
        {&mqcluster__v1__envelope__descriptor, "node", MQC__TAG_ENVELOPE_NODE},
        {&mqcluster__v1__envelope__descriptor, "first_sequence", MQC__TAG_ENVELOPE_FIRST_SEQUENCE},
        {&mqcluster__v1__envelope__descriptor, "starts_count", MQC__TAG_ENVELOPE_STARTS_COUNT},
        {&mqcluster__v1__envelope__descriptor, "events", MQC__TAG_ENVELOPE_EVENTS},
        {&mqcluster__v1__envelope__descriptor, "compression", MQC__TAG_ENVELOPE_COMPRESSION},
        {&mqcluster__v1__envelope__descriptor, "compressed_events",
         MQC__TAG_ENVELOPE_COMPRESSED_EVENTS},
        {&mqcluster__v1__envelope__descriptor, "receipt", MQC__TAG_ENVELOPE_RECEIPT},
        {&mqcluster__v1__envelope__descriptor, "kept_from", MQC__TAG_ENVELOPE_KEPT_FROM},
        {&mqcluster__v1__envelope__descriptor, "count_age_ms", MQC__TAG_ENVELOPE_COUNT_AGE_MS},
        {&mqcluster__v1__envelope__descriptor, "topic", MQC__TAG_ENVELOPE_TOPIC},
        {&mqcluster__v1__envelope__descriptor, "receipts", MQC__TAG_ENVELOPE_RECEIPTS},
        {&mqcluster__v1__envelope__descriptor, "after_instance", MQC__TAG_ENVELOPE_AFTER_INSTANCE},
        {&mqcluster__v1__envelope__descriptor, "after_sequence", MQC__TAG_ENVELOPE_AFTER_SEQUENCE},
        {&mqcluster__v1__envelope__descriptor, "after_kept_from",
         MQC__TAG_ENVELOPE_AFTER_KEPT_FROM},
        {&mqcluster__v1__envelope__descriptor, "after_count_age_ms",
         MQC__TAG_ENVELOPE_AFTER_COUNT_AGE_MS},
        {&mqcluster__v1__envelope__descriptor, "piece", MQC__TAG_ENVELOPE_PIECE},
        {&mqcluster__v1__piece__descriptor, "total", MQC__TAG_PIECE_TOTAL},
        {&mqcluster__v1__piece__descriptor, "offset", MQC__TAG_PIECE_OFFSET},
        {&mqcluster__v1__piece__descriptor, "content", MQC__TAG_PIECE_CONTENT},
        {&mqcluster__v1__receipt__descriptor, "instance", MQC__TAG_RECEIPT_INSTANCE},
        {&mqcluster__v1__receipt__descriptor, "topic", MQC__TAG_RECEIPT_TOPIC},
        {&mqcluster__v1__receipt__descriptor, "handled_to", MQC__TAG_RECEIPT_HANDLED_TO},
        {&mqcluster__v1__receipt__descriptor, "wants_repeat", MQC__TAG_RECEIPT_WANTS_REPEAT},
        {&mqcluster__v1__event__descriptor, "name", MQC__TAG_EVENT_NAME},
        {&mqcluster__v1__event__descriptor, "args", MQC__TAG_EVENT_ARGS},
        {&mqcluster__v1__event__descriptor, "metadata", MQC__TAG_EVENT_METADATA},
        {&mqcluster__v1__metadata__descriptor, "id", MQC__TAG_METADATA_ID},
        {&mqcluster__v1__metadata__descriptor, "value", MQC__TAG_METADATA_VALUE},
        {&mqcluster__v1__list__descriptor, "items", MQC__TAG_LIST_ITEMS},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const ProtobufCFieldDescriptor *field =
            protobuf_c_message_descriptor_get_field_by_name(cases[i].message, cases[i].name);
        REQUIRE(field != NULL);
        CHECK_UNSIGNED(cases[i].tag >> 3, field->id);
    }
}

/* By protobuf-c: reads the bytes and writes what it has read. */
static void rewrite(struct mqc_view wire, struct mqc__buffer *rewritten)
{
    Mqcluster__V1__Envelope *envelope =
        mqcluster__v1__envelope__unpack(NULL, wire.size, (const uint8_t *)wire.data);
    REQUIRE(envelope != NULL);
    const size_t size = mqcluster__v1__envelope__get_packed_size(envelope);
    uint8_t *bytes = mqc__buffer_extend(rewritten, size);
    REQUIRE(bytes != NULL);
    CHECK_UNSIGNED(mqcluster__v1__envelope__pack(envelope, bytes), size);
    mqcluster__v1__envelope__free_unpacked(envelope, NULL);
}

static void check_rewriting(const struct mqc_event *event)
{
    struct mqc__buffer wire;
    struct mqc__buffer rewritten;
    mqc__buffer_init(&wire, DECODE_BYTES);
    mqc__buffer_init(&rewritten, DECODE_BYTES);
    sample_encode(event, &wire);
    rewrite(mqc__buffer_view(&wire), &rewritten);
    CHECK_VIEW(mqc__buffer_view(&rewritten), mqc__buffer_view(&wire));
    mqc__buffer_fini(&wire);
    mqc__buffer_fini(&rewritten);
}

static void test_generated_code_writes_the_same_bytes(void)
{
    struct test_random random = {.state = 7};
    struct mqc__arena samples;
    mqc__arena_init(&samples, DECODE_BYTES);
    const struct mqc_event every_type = sample_every_type(&samples);
    check_rewriting(&every_type);
    for (int round = 0; round < 2000; round++) {
        mqc__arena_reset(&samples);
        const struct mqc_event event = sample_event(&samples, &random);
        check_rewriting(&event);
    }
    mqc__arena_fini(&samples);
}

static uint64_t random_number(struct test_random *random)
{
    return test_random_next(random) >> test_random_below(random, 64);
}

static void test_generated_code_writes_the_same_receipts(void)
{
    struct test_random random = {.state = 8};
    for (int round = 0; round < 500; round++) {
        struct mqc__buffer wire;
        struct mqc__buffer rewritten;
        mqc__buffer_init(&wire, DECODE_BYTES);
        mqc__buffer_init(&rewritten, DECODE_BYTES);
        struct mqc__envelope_header header = {
            .sender = {.instance = mqc_view_text("7f3a")},
            .first_sequence = random_number(&random),
            .receipt = (enum mqc__receipt_kind)test_random_below(&random, 3),
            .kept_from = random_number(&random),
            .count_age_ms = random_number(&random),
            .topic = mqc_view_text(round % 2 != 0 ? "a/b" : ""),
            .piece = {round % 4 == 0 ? random_number(&random) : 0, random_number(&random),
                      mqc_view_text("piece")},
        };
        /* Receipts have a lower number, and no events before which they stand. */
        if (round % 4 == 0)
            header.after = (struct mqc__after){mqc_view_text(round % 8 != 0 ? "" : "6b01"),
                                               random_number(&random), random_number(&random),
                                               random_number(&random)};
        CHECK_INT(mqc__protobuf_header(&header, &wire), MQC_OK);
        for (int i = 0; i < round % 4; i++) {
            const struct mqc__receipt receipt = {
                mqc_view_text(i % 2 != 0 ? "" : "8e40"), mqc_view_text(round % 3 != 0 ? "t" : ""),
                random_number(&random), test_random_below(&random, 2) != 0};
            CHECK_INT(mqc__protobuf_receipts(&receipt, 1, &wire), MQC_OK);
        }
        rewrite(mqc__buffer_view(&wire), &rewritten);
        CHECK_VIEW(mqc__buffer_view(&rewritten), mqc__buffer_view(&wire));
        mqc__buffer_fini(&wire);
        mqc__buffer_fini(&rewritten);
    }
}

/* Numbers whose size changes, and texts whose length does. */
static void test_sizes_around_each_limit_of_a_varint(void)
{
    for (unsigned bits = 7; bits < 64; bits += 7) {
        for (int off = -1; off <= 1; off++) {
            const uint64_t number = (UINT64_C(1) << bits) + (uint64_t)(int64_t)off;
            const struct mqc_value args[] = {mqc_count(number), mqc_integer((int64_t)number),
                                             mqc_integer((int64_t)(0 - number)),
                                             mqc_timespan((int64_t)(number / 2))};
            const struct mqc_event event = {
                .name = mqc_view_text("e"), .args = args, .arg_count = 4};
            check_rewriting(&event);
        }
    }
    char *text = calloc(1, 20000);
    REQUIRE(text != NULL);
    static const size_t sizes[] = {0,   1,   100, 117, 118,   119,   120,   121,  122,
                                   123, 124, 125, 126, 127,   128,   129,   130,  131,
                                   200, 256, 300, 512, 16370, 16383, 16384, 20000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        const struct mqc_value arg = mqc_string(mqc_view_bytes(text, sizes[i]));
        const struct mqc_event event = {.name = mqc_view_text("e"), .args = &arg, .arg_count = 1};
        check_rewriting(&event);
    }
    free(text);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"schema_is_that_of_the_proto_file", test_schema_is_that_of_the_proto_file},
        {"fields_have_the_names_of_the_proto_file", test_fields_have_the_names_of_the_proto_file},
        {"generated_code_writes_the_same_bytes", test_generated_code_writes_the_same_bytes},
        {"generated_code_writes_the_same_receipts", test_generated_code_writes_the_same_receipts},
        {"sizes_around_each_limit_of_a_varint", test_sizes_around_each_limit_of_a_varint},
        CU_TEST_INFO_NULL,
    };
    return suite_run("codec.protobuf_generated", tests);
}
