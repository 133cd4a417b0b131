#include "codec/compress.h"
#include "codec/decompress.h"
#include "codec/protobuf_schema.h"
#include "test_protobuf_samples.h"

#include <stdlib.h>
#include <zstd.h>

#define LIMIT_BYTES ((size_t)4 << 20)
#define BATCH 1000

/* What each test needs; made by setup(), which every test calls first. */
struct fixture {
    struct mqc__arena samples;
    struct mqc__arena decoded;
    struct mqc__buffer events;
    struct mqc__buffer wire;
    struct mqc__compressor *compressor;
    struct mqc__decompressor decompressor;
    struct mqc__envelope envelope;
    struct mqc_view plain; /* what was decompressed */
    struct mqc_error_info info;
};

static struct fixture setup(void)
{
    struct fixture f = {.compressor = mqc__compressor_new(3)};
    REQUIRE(f.compressor != NULL);
    mqc__arena_init(&f.samples, LIMIT_BYTES);
    mqc__arena_init(&f.decoded, LIMIT_BYTES);
    mqc__buffer_init(&f.events, LIMIT_BYTES);
    mqc__buffer_init(&f.wire, LIMIT_BYTES);
    return f;
}

static void teardown(struct fixture *f)
{
    mqc__arena_fini(&f->samples);
    mqc__arena_fini(&f->decoded);
    mqc__buffer_fini(&f->events);
    mqc__buffer_fini(&f->wire);
    mqc__compressor_free(&f->compressor);
    mqc__decompressor_fini(&f->decompressor);
}

/* Events of one kind with varied arguments. */
static void add_connections(struct fixture *f, size_t count)
{
    struct test_random random = {.state = 5};
    for (size_t i = 0; i < count; i++) {
        mqc__arena_reset(&f->samples);
        struct mqc_event event = sample_connection_seen(&f->samples);
        struct mqc_value args[5];
        memcpy(args, event.args, sizeof args);
        args[0].as.address.bytes[15] = (uint8_t)test_random_next(&random);
        args[1].as.port.number = (uint16_t)test_random_next(&random);
        event.args = args;
        CHECK_INT(mqc__protobuf_event(&event, &f->events), MQC_OK);
    }
}

static void put_header(struct fixture *f)
{
    const struct mqc__envelope_header header = {
        .sender = {mqc_view_text("7f3a"), mqc_view_text("worker-1")},
        .first_sequence = 7,
        .starts_count = true,
    };
    mqc__buffer_clear(&f->wire);
    CHECK_INT(mqc__protobuf_header(&header, &f->wire), MQC_OK);
}

/* The header and these bytes as compressed events. */
static void put_frame(struct fixture *f, struct mqc_view frame)
{
    uint8_t fields[16] = {MQC__TAG_ENVELOPE_COMPRESSION, MQC__COMPRESSION_ZSTD,
                          MQC__TAG_ENVELOPE_COMPRESSED_EVENTS};
    size_t size = 3;
    for (size_t rest = frame.size; size == 3 || rest != 0; rest >>= 7)
        fields[size++] = (uint8_t)((rest & 0x7f) | (rest > 0x7f ? 0x80U : 0));
    put_header(f);
    CHECK(mqc__buffer_append(&f->wire, fields, size));
    CHECK(mqc__buffer_append(&f->wire, frame.data, frame.size));
}

/* As a receiver does it. */
static enum mqc_error decode(struct fixture *f, struct mqc_view payload)
{
    mqc__arena_reset(&f->decoded);
    f->info = (struct mqc_error_info){.code = MQC_OK};
    enum mqc_error error = mqc__protobuf_decode(&f->decoded, payload, &f->envelope, &f->info);
    if (error == MQC_OK && mqc__envelope_is_compressed(&f->envelope)) {
        error = mqc__decompress(&f->decompressor, &f->decoded, &f->envelope, &f->plain, &f->info);
        if (error == MQC_OK)
            error = mqc__protobuf_decode_events(&f->decoded, f->plain, &f->envelope, &f->info);
    }
    CHECK((error == MQC_OK) == (f->info.text[0] == '\0'));
    return error;
}

static void check_refused(struct fixture *f, enum mqc_error error, const char *words)
{
    CHECK_INT(decode(f, mqc__buffer_view(&f->wire)), error);
    CHECK_CONTAINS(f->info.text, words);
    /* The header is read in any case. */
    CHECK_UNSIGNED(f->envelope.first_sequence, 7);
    CHECK_VIEW_TEXT(f->envelope.sender.instance, "7f3a");
}

static void compress(struct fixture *f)
{
    put_header(f);
    REQUIRE(mqc__compress(f->compressor, mqc__buffer_view(&f->events), &f->wire));
}

static void test_batch_round_trips_at_every_level(void)
{
    struct fixture f = setup();
    add_connections(&f, BATCH);
    for (int level = 1; level <= MQC__COMPRESSION_LEVEL_MAX; level++) {
        mqc__compressor_free(&f.compressor);
        f.compressor = mqc__compressor_new(level);
        REQUIRE(f.compressor != NULL);
        compress(&f);
        CHECK(f.wire.size < f.events.size / 3);
        CHECK_INT(decode(&f, mqc__buffer_view(&f.wire)), MQC_OK);
        CHECK_VIEW(f.plain, mqc__buffer_view(&f.events));
        CHECK_UNSIGNED(f.envelope.event_count, BATCH);
        CHECK_UNSIGNED(f.envelope.first_sequence, 7);
        CHECK(f.envelope.starts_count);
    }
    teardown(&f);
}

static void test_events_come_out_as_they_were(void)
{
    struct fixture f = setup();
    const struct mqc_event event = sample_every_type(&f.samples);
    for (size_t count = 1; count <= 3; count++) {
        CHECK_INT(mqc__protobuf_event(&event, &f.events), MQC_OK);
        compress(&f);
        CHECK_INT(decode(&f, mqc__buffer_view(&f.wire)), MQC_OK);
        REQUIRE(f.envelope.event_count == count);
        for (size_t i = 0; i < count; i++)
            CHECK(sample_events_equal(&f.envelope.events[i], &event));
    }
    teardown(&f);
}

/* By what the dictionary has of it. */
static void test_one_event_becomes_smaller(void)
{
    struct fixture f = setup();
    struct mqc_value args[] = {
        mqc_string_text("GET"), mqc_string_text("www.example.com"), mqc_count(200),
        mqc_string_text("Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0")};
    const struct mqc_event event = {.name = mqc_view_text("Site::http_request"),
                                    .args = args,
                                    .arg_count = sizeof args / sizeof args[0]};
    CHECK_INT(mqc__protobuf_event(&event, &f.events), MQC_OK);
    compress(&f);
    CHECK(f.wire.size < f.events.size / 2);
    CHECK_INT(decode(&f, mqc__buffer_view(&f.wire)), MQC_OK);
    CHECK_UNSIGNED(f.envelope.event_count, 1);
    teardown(&f);
}

static void test_what_is_not_worth_it_stays(void)
{
    struct fixture f = setup();
    struct test_random random = {.state = 6};
    put_header(&f);
    const size_t size = f.wire.size;
    CHECK(!mqc__compress(f.compressor, mqc_view_text(""), &f.wire));
    CHECK(!mqc__compress(f.compressor,
                         mqc_view_text("\x2a\x03\x0a\x01"
                                       "e"),
                         &f.wire));
    for (size_t i = 0; i < 5000; i++) {
        const uint64_t bytes = test_random_next(&random);
        CHECK(mqc__buffer_append(&f.events, &bytes, sizeof bytes));
    }
    CHECK(!mqc__compress(f.compressor, mqc__buffer_view(&f.events), &f.wire));
    CHECK_UNSIGNED(f.wire.size, size);
    teardown(&f);
}

static void test_largest_batch_is_compressed_and_a_larger_one_is_not(void)
{
    struct fixture f = setup();
    const size_t most = MQC__COMPRESSED_EVENTS_BYTES_MAX;
    char *zeros = calloc(1, most + 1);
    REQUIRE(zeros != NULL);
    put_header(&f);
    CHECK(!mqc__compress(f.compressor, mqc_view_bytes(zeros, most + 1), &f.wire));
    REQUIRE(mqc__compress(f.compressor, mqc_view_bytes(zeros, most), &f.wire));
    CHECK_INT(decode(&f, mqc__buffer_view(&f.wire)), MQC_EMALFORMED);
    CHECK_UNSIGNED(f.plain.size, most);
    free(zeros);
    teardown(&f);
}

static void test_full_buffer_stays_as_it_was(void)
{
    struct fixture f = setup();
    add_connections(&f, BATCH);
    put_header(&f);
    const size_t size = f.wire.size;
    f.wire.limit_bytes = size + 100;
    CHECK(!mqc__compress(f.compressor, mqc__buffer_view(&f.events), &f.wire));
    CHECK_UNSIGNED(f.wire.size, size);
    CHECK(!mqc__buffer_failed(&f.wire));
    teardown(&f);
}

static void test_every_cut_is_refused(void)
{
    struct fixture f = setup();
    add_connections(&f, 20);
    compress(&f);
    unsigned accepted = 0;
    for (size_t size = 0; size < f.wire.size; size++) {
        char *copy = sample_memory(size);
        memcpy(copy, f.wire.data, size);
        const enum mqc_error error = decode(&f, mqc_view_bytes(copy, size));
        CHECK(error == MQC_OK || error == MQC_EMALFORMED);
        accepted += error == MQC_OK;
        free(copy);
    }
    /* Before and behind each field of the header. */
    CHECK_UNSIGNED(accepted, 5);
    /* The frame itself, cut, in an Envelope that is whole. */
    CHECK_INT(mqc__protobuf_decode(&f.decoded, mqc__buffer_view(&f.wire), &f.envelope, &f.info),
              MQC_OK);
    char *frame = sample_memory(f.envelope.compressed_events.size);
    const size_t whole = f.envelope.compressed_events.size;
    memcpy(frame, f.envelope.compressed_events.data, whole);
    for (size_t size = 0; size < whole; size++) {
        put_frame(&f, mqc_view_bytes(frame, size));
        check_refused(&f, MQC_EMALFORMED, "cut off or not one frame");
    }
    free(frame);
    teardown(&f);
}

static void test_corrupted_bytes_harm_nothing(void)
{
    struct fixture f = setup();
    add_connections(&f, 5);
    compress(&f);
    char *bytes = sample_memory(f.wire.size);
    memcpy(bytes, f.wire.data, f.wire.size);
    for (size_t i = 0; i < f.wire.size; i++) {
        for (unsigned change = 1; change < 256; change++) {
            bytes[i] = (char)((unsigned char)f.wire.data[i] ^ change);
            const enum mqc_error error = decode(&f, mqc_view_bytes(bytes, f.wire.size));
            CHECK(error == MQC_OK || error == MQC_EMALFORMED || error == MQC_ETOOLARGE);
        }
        bytes[i] = f.wire.data[i];
    }
    free(bytes);
    teardown(&f);
}

/* Compresses `size` zeros in pieces, with a header that says their number or does not. */
static void put_zeros(struct fixture *f, unsigned long long size, bool says_size)
{
    static const char zeros[1 << 16];
    ZSTD_CCtx *context = ZSTD_createCCtx();
    REQUIRE(context != NULL);
    (void)ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, says_size ? 1 : 0);
    if (says_size)
        (void)ZSTD_CCtx_setPledgedSrcSize(context, size);
    static char frame[1 << 18];
    ZSTD_outBuffer out = {frame, sizeof frame, 0};
    for (unsigned long long left = size; left != 0;) {
        const size_t piece = left < sizeof zeros ? (size_t)left : sizeof zeros;
        ZSTD_inBuffer in = {zeros, piece, 0};
        left -= piece;
        REQUIRE(ZSTD_compressStream2(context, &out, &in,
                                     left == 0 ? ZSTD_e_end : ZSTD_e_continue) == 0 ||
                left != 0);
    }
    (void)ZSTD_freeCCtx(context);
    put_frame(f, mqc_view_bytes(frame, out.pos));
}

static void test_bomb_is_refused_before_it_takes_memory(void)
{
    struct fixture f = setup();
    put_zeros(&f, 1000000000, true);
    CHECK(f.wire.size < 100000);
    check_refused(&f, MQC_ETOOLARGE, "1000000000 bytes large when decompressed");
    CHECK_UNSIGNED(f.decoded.used_bytes, 0);
    put_zeros(&f, MQC__COMPRESSED_EVENTS_BYTES_MAX + 1, true);
    check_refused(&f, MQC_ETOOLARGE, "the limit is 1048576");
    put_zeros(&f, 1000000000, false);
    check_refused(&f, MQC_EMALFORMED, "do not say how large");
    CHECK_UNSIGNED(f.decoded.used_bytes, 0);
    teardown(&f);
}

/* The frame has more in it, or less, than it says. */
static void test_wrong_size_is_refused(void)
{
    struct fixture f = setup();
    put_zeros(&f, 200, true);
    CHECK_INT(mqc__protobuf_decode(&f.decoded, mqc__buffer_view(&f.wire), &f.envelope, &f.info),
              MQC_OK);
    const size_t at = (size_t)(f.envelope.compressed_events.data - f.wire.data) + 5;
    REQUIRE((unsigned char)f.wire.data[at] == 200);
    for (unsigned size = 0; size < 256; size++) {
        f.wire.data[at] = (char)size;
        CHECK_INT(decode(&f, mqc__buffer_view(&f.wire)), MQC_EMALFORMED);
        if (size != 200)
            CHECK_CONTAINS(f.info.text, "cannot be decompressed");
    }
    teardown(&f);
}

static void test_arena_limit_is_kept(void)
{
    struct fixture f = setup();
    f.decoded.limit_bytes = 1000;
    put_zeros(&f, 2000, true);
    check_refused(&f, MQC_ETOOLARGE, "more than 1000 bytes");
    teardown(&f);
}

/* A dictionary of the same content, with another number: bytes 4 to 7. */
static void test_unknown_dictionary_is_named(void)
{
    struct fixture f = setup();
    add_connections(&f, 3);
    compress(&f);
    CHECK_INT(decode(&f, mqc__buffer_view(&f.wire)), MQC_OK);
    CHECK_UNSIGNED(ZSTD_getDictID_fromFrame(f.envelope.compressed_events.data,
                                            f.envelope.compressed_events.size),
                   32769);
    const size_t at = (size_t)(f.envelope.compressed_events.data - f.wire.data) + 5;
    f.wire.data[at] = 2;
    check_refused(&f, MQC_EMALFORMED,
                  "with a dictionary, number 32770, that this version does not");
    teardown(&f);
}

static void test_no_dictionary_is_fine(void)
{
    struct fixture f = setup();
    add_connections(&f, BATCH);
    static char frame[1 << 17];
    const size_t size =
        ZSTD_compress(frame, sizeof frame, f.events.data, f.events.size, ZSTD_CLEVEL_DEFAULT);
    REQUIRE(!ZSTD_isError(size));
    put_frame(&f, mqc_view_bytes(frame, size));
    CHECK_INT(decode(&f, mqc__buffer_view(&f.wire)), MQC_OK);
    CHECK_UNSIGNED(f.envelope.event_count, BATCH);
    teardown(&f);
}

static void test_unknown_compression_is_named(void)
{
    struct fixture f = setup();
    add_connections(&f, 3);
    compress(&f);
    /* Behind the header stand the compression and its number. */
    const size_t size = f.wire.size;
    put_header(&f);
    const size_t at = f.wire.size;
    REQUIRE(f.wire.data[at] == (char)MQC__TAG_ENVELOPE_COMPRESSION);
    f.wire.size = size;
    static const struct {
        char number;
        const char *words;
    } cases[] = {{2, "number 2, that this version does not know"}, {0, "in a way, number 0"}};
    for (size_t i = 0; i < 2; i++) {
        f.wire.data[at + 1] = cases[i].number;
        check_refused(&f, MQC_EMALFORMED, cases[i].words);
    }
    /* A compression alone, too: what it is of may be a field that is not known here. */
    put_header(&f);
    CHECK(mqc__buffer_append(&f.wire, "\x30\x02", 2));
    check_refused(&f, MQC_EMALFORMED, "number 2");
    teardown(&f);
}

static void test_other_frames_are_refused(void)
{
    static const struct {
        const char *frame;
        size_t size;
        const char *words;
    } cases[] = {
        {"", 0, "not one frame"},
        {"garbage", 7, "not one frame"},
        /* To be skipped; of version 0.7. */
        {"\x50\x2a\x4d\x18\x00\x00\x00\x00", 8, "not one frame"},
        {"\x27\xb5\x2f\xfd\x00\x00\x00\x00", 8, "not one frame"},
    };
    struct fixture f = setup();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        put_frame(&f, mqc_view_bytes(cases[i].frame, cases[i].size));
        check_refused(&f, MQC_EMALFORMED, cases[i].words);
    }
    /* Two frames in a row. */
    static char frames[400];
    const size_t size = ZSTD_compress(frames, sizeof frames,
                                      "\x2a\x03\x0a\x01"
                                      "e",
                                      5, 3);
    REQUIRE(size <= sizeof frames / 2);
    memcpy(frames + size, frames, size);
    put_frame(&f, mqc_view_bytes(frames, size));
    CHECK_INT(decode(&f, mqc__buffer_view(&f.wire)), MQC_OK);
    CHECK_UNSIGNED(f.envelope.event_count, 1);
    put_frame(&f, mqc_view_bytes(frames, 2 * size));
    check_refused(&f, MQC_EMALFORMED, "not one frame");
    teardown(&f);
}

static void test_events_stand_in_one_place_only(void)
{
    struct fixture f = setup();
    add_connections(&f, 10);
    compress(&f);
    CHECK(mqc__buffer_append(&f.wire, f.events.data, f.events.size));
    check_refused(&f, MQC_EMALFORMED, "has events beside compressed ones");
    /* Twice: one Envelope behind the other. */
    compress(&f);
    const size_t size = f.wire.size;
    for (size_t i = 0; i < size; i++)
        CHECK(mqc__buffer_append(&f.wire, &f.wire.data[i], 1));
    CHECK_INT(decode(&f, mqc__buffer_view(&f.wire)), MQC_EMALFORMED);
    CHECK_CONTAINS(f.info.text, "comes again");
    /* Inside each other. */
    compress(&f);
    static char frame[4096];
    const size_t frame_size = ZSTD_compress(frame, sizeof frame, f.wire.data, f.wire.size, 3);
    REQUIRE(!ZSTD_isError(frame_size));
    put_frame(&f, mqc_view_bytes(frame, frame_size));
    check_refused(&f, MQC_EMALFORMED, "compressed again");
    CHECK_UNSIGNED(f.envelope.event_count, 0);
    teardown(&f);
}

static void test_free_accepts_nothing(void)
{
    struct mqc__compressor *compressor = NULL;
    mqc__compressor_free(&compressor);
    struct mqc__decompressor decompressor = {NULL, NULL};
    mqc__decompressor_fini(&decompressor);
    mqc__decompressor_fini(&decompressor);
}

int main(void)
{
#define TEST(name) {#name, test_##name}
    CU_TestInfo tests[] = {
        TEST(batch_round_trips_at_every_level),
        TEST(events_come_out_as_they_were),
        TEST(one_event_becomes_smaller),
        TEST(what_is_not_worth_it_stays),
        TEST(largest_batch_is_compressed_and_a_larger_one_is_not),
        TEST(full_buffer_stays_as_it_was),
        TEST(every_cut_is_refused),
        TEST(corrupted_bytes_harm_nothing),
        TEST(bomb_is_refused_before_it_takes_memory),
        TEST(wrong_size_is_refused),
        TEST(arena_limit_is_kept),
        TEST(unknown_dictionary_is_named),
        TEST(no_dictionary_is_fine),
        TEST(unknown_compression_is_named),
        TEST(other_frames_are_refused),
        TEST(events_stand_in_one_place_only),
        TEST(free_accepts_nothing),
        CU_TEST_INFO_NULL,
    };
    return suite_run("codec.compress", tests);
}
