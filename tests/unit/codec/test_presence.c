#include "codec/presence.h"
#include "support/suite.h"

#include <stdlib.h>

#define DECODE_BYTES ((size_t)1 << 14)

static const struct mqc__presence sample = {
    .is_up = true,
    .type = {"worker", 6},
    .name = {"worker-1", 8},
    .instance = {"worker-1-00ff\0x", 15},
    .connection = 3,
    .renewal = 70000,
    .lease_ms = 15000,
    .start_ms = UINT64_C(1790000000123),
    .reason = {"stopped", 7},
};

/* What came of a payload; fini() frees it. */
struct outcome {
    enum mqc_error error;
    struct mqc__presence presence;
    struct mqc_error_info info;
    struct mqc__arena arena;
};

static struct outcome decode_within(struct mqc_view payload, size_t limit_bytes)
{
    struct outcome o = {.error = MQC_OK};
    mqc__arena_init(&o.arena, limit_bytes);
    o.error = mqc__presence_decode(&o.arena, payload, &o.presence, &o.info);
    return o;
}

/* Decodes from memory of exactly the payload's size, so that a sanitizer sees the first byte read
 * too far; checks what every outcome must fulfil. */
static struct outcome decode(struct mqc_view payload)
{
    char *copy = malloc(payload.size + 1);
    REQUIRE(copy != NULL);
    char *exact = copy + 1;
    if (payload.size != 0)
        memcpy(exact, payload.data, payload.size);
    struct outcome o = decode_within(mqc_view_bytes(exact, payload.size), DECODE_BYTES);
    free(copy);
    CHECK((o.error == MQC_OK) == (o.info.text[0] == '\0'));
    if (o.error != MQC_OK) {
        CHECK(o.presence.name.size == 0 && !o.presence.is_up);
        return o;
    }
    struct mqc__buffer again;
    mqc__buffer_init(&again, MQC__PRESENCE_OWN_BYTES_MAX);
    CHECK_INT(mqc__presence_encode(&o.presence, &again), MQC_OK);
    mqc__buffer_fini(&again);
    return o;
}

static void fini(struct outcome *o)
{
    mqc__arena_fini(&o->arena);
}

static struct mqc_view encode(const struct mqc__presence *presence, struct mqc__buffer *buffer)
{
    mqc__buffer_init(buffer, MQC__PRESENCE_OWN_BYTES_MAX);
    REQUIRE(mqc__presence_encode(presence, buffer) == MQC_OK);
    return mqc__buffer_view(buffer);
}

static void check_same(const struct mqc__presence *got, const struct mqc__presence *expected)
{
    CHECK_INT(got->is_up, expected->is_up);
    CHECK_VIEW(got->type, expected->type);
    CHECK_VIEW(got->name, expected->name);
    CHECK_VIEW(got->instance, expected->instance);
    CHECK_UNSIGNED(got->connection, expected->connection);
    CHECK_UNSIGNED(got->renewal, expected->renewal);
    CHECK_UNSIGNED(got->lease_ms, expected->lease_ms);
    CHECK_UNSIGNED(got->start_ms, expected->start_ms);
    CHECK_VIEW(got->reason, expected->reason);
    CHECK_INT(got->gave_way, expected->gave_way);
}

static void check_round_trip(const struct mqc__presence *presence)
{
    struct mqc__buffer buffer;
    struct outcome o = decode_within(encode(presence, &buffer), DECODE_BYTES);
    CHECK_TEXT(o.info.text, "");
    CHECK_INT(o.error, MQC_OK);
    check_same(&o.presence, presence);
    fini(&o);
    mqc__buffer_fini(&buffer);
}

static void test_presence_round_trip(void)
{
    check_round_trip(&sample);
    struct mqc__presence down = sample;
    down.is_up = false;
    down.renewal = 0;
    down.gave_way = true;
    down.lease_ms = 0;
    down.reason.size = 0;
    check_round_trip(&down);
}

static void test_presence_largest_fits_what_is_promised(void)
{
    static char bytes[256];
    memset(bytes, 0xff, sizeof bytes);
    const struct mqc__presence largest = {
        .is_up = true,
        .type = {bytes, MQC__PRESENCE_TYPE_BYTES_MAX},
        .name = {bytes, MQC__PRESENCE_NAME_BYTES_MAX},
        .instance = {bytes, MQC__PRESENCE_INSTANCE_BYTES_MAX},
        .connection = UINT64_MAX,
        .renewal = UINT64_MAX,
        .lease_ms = MQC__PRESENCE_LEASE_MAX_MS,
        .start_ms = UINT64_MAX,
        .reason = {bytes, MQC__PRESENCE_REASON_BYTES_MAX},
    };
    check_round_trip(&largest);
}

struct change {
    const char *problem;
    struct mqc__presence presence;
};

static void test_presence_encode_refuses_what_decode_would(void)
{
    static char long_text[400];
    memset(long_text, 'x', sizeof long_text);
    struct change changes[] = {{"no type", sample},     {"long type", sample},
                               {"no name", sample},     {"long name", sample},
                               {"no instance", sample}, {"long instance", sample},
                               {"long reason", sample}, {"no renewal", sample},
                               {"short lease", sample}, {"too long lease", sample}};
    changes[0].presence.type.size = 0;
    changes[1].presence.type = mqc_view_bytes(long_text, MQC__PRESENCE_TYPE_BYTES_MAX + 1);
    changes[2].presence.name.size = 0;
    changes[3].presence.name = mqc_view_bytes(long_text, MQC__PRESENCE_NAME_BYTES_MAX + 1);
    changes[4].presence.instance.size = 0;
    changes[5].presence.instance = mqc_view_bytes(long_text, MQC__PRESENCE_INSTANCE_BYTES_MAX + 1);
    changes[6].presence.reason = mqc_view_bytes(long_text, MQC__PRESENCE_REASON_BYTES_MAX + 1);
    changes[7].presence.renewal = 0;
    changes[8].presence.lease_ms = MQC__PRESENCE_LEASE_MIN_MS - 1;
    changes[9].presence.lease_ms = MQC__PRESENCE_LEASE_MAX_MS + 1;
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        struct mqc__buffer buffer;
        mqc__buffer_init(&buffer, MQC__PRESENCE_OWN_BYTES_MAX);
        if (!CHECK_INT(mqc__presence_encode(&changes[i].presence, &buffer), MQC_EINVAL))
            CHECK_TEXT(changes[i].problem, "refused");
        CHECK_UNSIGNED(buffer.size, 0);
        mqc__buffer_fini(&buffer);
    }
}

static void test_presence_encode_keeps_a_full_buffer_as_it_was(void)
{
    struct mqc__buffer buffer;
    const size_t size = encode(&sample, &buffer).size;
    mqc__buffer_fini(&buffer);
    mqc__buffer_init(&buffer, size + 2);
    CHECK(mqc__buffer_append_text(&buffer, "abc"));
    CHECK_INT(mqc__presence_encode(&sample, &buffer), MQC_ETOOLARGE);
    CHECK_VIEW_TEXT(mqc__buffer_view(&buffer), "abc");
    CHECK(!mqc__buffer_failed(&buffer));
    mqc__buffer_fini(&buffer);
}

#define WIRE(text)                                                                                 \
    {                                                                                              \
        text, sizeof(text) - 1                                                                     \
    }
/* up, worker, "n", "i", renewal 1, lease 1000 */
#define GOOD                                                                                       \
    "\x08\x01\x12\x06worker\x1a\x01n\x22\x01i"                                                     \
    "\x30\x01\x38\xe8\x07"
/* The same but for what is left out. */
#define NO_TYPE "\x08\x01\x1a\x01n\x22\x01i\x30\x01\x38\xe8\x07"
#define NO_NAME "\x08\x01\x12\x06worker\x22\x01i\x30\x01\x38\xe8\x07"
#define NO_INSTANCE "\x08\x01\x12\x06worker\x1a\x01n\x30\x01\x38\xe8\x07"
#define NO_RENEWAL "\x08\x01\x12\x06worker\x1a\x01n\x22\x01i\x38\xe8\x07"
#define NO_LEASE "\x08\x01\x12\x06worker\x1a\x01n\x22\x01i\x30\x01"

static void test_presence_malformed_is_refused(void)
{
    static const struct {
        struct mqc_view payload;
        const char *problem;
    } cases[] = {
        {WIRE(""), "a presence that says neither up nor down"},
        {WIRE("\x08\x00\x12\x06worker\x1a\x01n\x22\x01i"), "neither up nor down"},
        {WIRE("\x08\x03\x12\x06worker\x1a\x01n\x22\x01i"), "neither up nor down"},
        {WIRE(NO_TYPE), "a presence without a type"},
        {WIRE(NO_NAME), "a presence without a name"},
        {WIRE(NO_INSTANCE), "a presence without an instance id"},
        {WIRE(NO_RENEWAL), "a presence without the number of its renewal"},
        {WIRE(NO_LEASE), "a presence with a lease of 0 ms, 1000 to 86400000 are possible"},
        {WIRE(GOOD "\x12\x21"
                   "123456789012345678901234567890123"),
         "a presence with a type of 33 bytes, the limit is 32"},
        {WIRE(GOOD "\x38\xff\xff\xff\xff\x0f"), "a lease of 4294967295 ms"},
        {WIRE(GOOD "\x38\xff\xff\xff\xff\x1f"), "a 32-bit number is over 32 bits"},
        {WIRE("\x08\x81\x80\x80\x80\x10" GOOD), "a 32-bit number is over 32 bits"},
        {WIRE(GOOD "\x12\x7fworker"),
         "no Presence that can be read: at byte 23: a field is longer"},
        {WIRE(GOOD "\x0a\x01\x01"), "another wire type"},
        {WIRE(GOOD "\x7c"), "a wire type that does not exist"},
        {WIRE(GOOD "\x30"), "a number is cut off"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct outcome o = decode(cases[i].payload);
        CHECK_INT(o.error, MQC_EMALFORMED);
        CHECK_CONTAINS(o.info.text, cases[i].problem);
        fini(&o);
    }
}

static void test_presence_large_is_refused_unread(void)
{
    static char payload[MQC__PRESENCE_BYTES_MAX + 1];
    struct outcome o = decode_within(mqc_view_bytes(payload, sizeof payload), 0);
    CHECK_INT(o.error, MQC_ETOOLARGE);
    CHECK_TEXT(o.info.text, "a presence of 4097 bytes, the limit is 4096");
    fini(&o);
}

/* A later schema: fields of every wire type behind those of today. */
static void test_presence_unknown_fields_are_skipped(void)
{
    static const struct mqc_view payload =
        WIRE(GOOD "\x82\x01\x03new\x88\x01\x07\x91\x01\1\2\3\4\5\6\7\x08\x9d\x01\1\2\3\4");
    struct outcome o = decode(payload);
    CHECK_INT(o.error, MQC_OK);
    CHECK(o.presence.is_up);
    CHECK_VIEW_TEXT(o.presence.name, "n");
    CHECK_UNSIGNED(o.presence.lease_ms, 1000);
    fini(&o);
}

/* As many unknown fields as a payload can hold cost no more than the limit. */
static void test_presence_unknown_fields_cannot_amplify(void)
{
    static char payload[MQC__PRESENCE_BYTES_MAX];
    for (size_t i = 0; i + 2 < sizeof payload; i += 3)
        memcpy(payload + i, "\x82\x01", 3);
    const struct mqc_view view = mqc_view_bytes(payload, sizeof payload / 3 * 3);
    struct outcome o = decode_within(view, DECODE_BYTES);
    CHECK_INT(o.error, MQC_ETOOLARGE);
    CHECK_CONTAINS(o.info.text, "16384 bytes when decoded");
    fini(&o);
}

static void test_presence_truncated_is_refused(void)
{
    struct mqc__buffer buffer;
    const struct mqc_view whole = encode(&sample, &buffer);
    for (size_t size = 0; size < whole.size; size++) {
        struct outcome o = decode(mqc_view_bytes(whole.data, size));
        /* A cut in front of the start time or the reason leaves a presence without them. */
        const bool is_between = o.error == MQC_OK;
        if (is_between)
            CHECK(o.presence.start_ms == 0 || o.presence.reason.size == 0);
        else
            CHECK_INT(o.error, MQC_EMALFORMED);
        fini(&o);
    }
    mqc__buffer_fini(&buffer);
}

static void test_presence_corrupted_harms_nothing(void)
{
    struct mqc__buffer buffer;
    const struct mqc_view whole = encode(&sample, &buffer);
    char *bytes = buffer.data;
    for (size_t i = 0; i < whole.size; i++) {
        const char right = bytes[i];
        for (unsigned change = 1; change < 256; change++) {
            bytes[i] = (char)((unsigned char)right ^ change);
            struct outcome o = decode(whole);
            CHECK(o.error == MQC_OK || o.error == MQC_EMALFORMED);
            fini(&o);
        }
        bytes[i] = right;
    }
    mqc__buffer_fini(&buffer);
}

static void test_presence_random_bytes_harm_nothing(void)
{
    struct test_random random = {.state = 11};
    for (int round = 0; round < 20000; round++) {
        char bytes[64] = GOOD;
        size_t size = test_random_below(&random, sizeof bytes + 1);
        /* Half of them begin well: most random bytes fail at once. */
        const size_t from = round % 2 == 0 && size > sizeof GOOD ? sizeof GOOD - 1 : 0;
        for (size_t i = from; i < size; i++)
            bytes[i] = (char)test_random_next(&random);
        struct outcome o = decode(mqc_view_bytes(bytes, size));
        CHECK(o.error == MQC_OK || o.error == MQC_EMALFORMED);
        fini(&o);
    }
}

/* Every allocation fails once, by the limit. */
static void test_presence_every_arena_limit_is_kept(void)
{
    struct mqc__buffer buffer;
    const struct mqc_view whole = encode(&sample, &buffer);
    struct outcome all = decode_within(whole, DECODE_BYTES);
    CHECK_INT(all.error, MQC_OK);
    const size_t needed = all.arena.used_bytes;
    fini(&all);
    for (size_t limit = 0; limit <= needed; limit++) {
        struct outcome o = decode_within(whole, limit);
        CHECK_INT(o.error, limit < needed ? MQC_ETOOLARGE : MQC_OK);
        fini(&o);
    }
    mqc__buffer_fini(&buffer);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"round_trip", test_presence_round_trip},
        {"largest_fits_what_is_promised", test_presence_largest_fits_what_is_promised},
        {"encode_refuses_what_decode_would", test_presence_encode_refuses_what_decode_would},
        {"encode_keeps_a_full_buffer_as_it_was",
         test_presence_encode_keeps_a_full_buffer_as_it_was},
        {"malformed_is_refused", test_presence_malformed_is_refused},
        {"large_is_refused_unread", test_presence_large_is_refused_unread},
        {"unknown_fields_are_skipped", test_presence_unknown_fields_are_skipped},
        {"unknown_fields_cannot_amplify", test_presence_unknown_fields_cannot_amplify},
        {"truncated_is_refused", test_presence_truncated_is_refused},
        {"corrupted_harms_nothing", test_presence_corrupted_harms_nothing},
        {"random_bytes_harm_nothing", test_presence_random_bytes_harm_nothing},
        {"every_arena_limit_is_kept", test_presence_every_arena_limit_is_kept},
        CU_TEST_INFO_NULL,
    };
    return suite_run("codec.presence", tests);
}
