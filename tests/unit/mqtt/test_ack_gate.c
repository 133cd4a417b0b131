#include "mqtt/ack_gate.h"

#include "support/failing_malloc.h"
#include "support/suite.h"

#include <stdlib.h>
#include <string.h>

#define OUT_BYTES 400000

/* What a client wrote and what came out of the gate. */
struct wire {
    struct mqc__ack_gate gate;
    size_t capacity; /* of one pass */
    unsigned char *out;
    size_t out_size;
    bool has_more;
};

static void wire_init(struct wire *wire)
{
    *wire = (struct wire){.capacity = OUT_BYTES, .out = malloc(OUT_BYTES)};
    REQUIRE(wire->out != NULL);
}

static void wire_fini(struct wire *wire)
{
    mqc__ack_gate_fini(&wire->gate);
    free(wire->out);
}

static bool pass(struct wire *wire, const void *bytes, size_t size)
{
    struct mqc__link_outgoing out = {.bytes = wire->out + wire->out_size,
                                     .capacity = OUT_BYTES - wire->out_size};
    if (out.capacity > wire->capacity)
        out.capacity = wire->capacity;
    const bool is_fine = mqc__ack_gate_pass(&wire->gate, mqc_view_bytes(bytes, size), &out);
    CHECK(out.size <= out.capacity);
    wire->out_size += out.size;
    wire->has_more = out.has_more;
    return is_fine;
}

/* Passes with nothing to take. */
static void wake(struct wire *wire)
{
    CHECK(pass(wire, NULL, 0));
}

static void check_out(struct wire *wire, const void *bytes, size_t size)
{
    CHECK_VIEW(mqc_view_bytes(wire->out, wire->out_size), mqc_view_bytes(bytes, size));
    wire->out_size = 0;
}

static void arrive(struct wire *wire, uint16_t id, uint32_t expected)
{
    uint32_t ordinal = 0;
    CHECK(mqc__ack_gate_arrived(&wire->gate, id, &ordinal));
    CHECK_UNSIGNED(ordinal, expected);
}

static void handle(struct wire *wire, uint32_t ordinal, bool lets_out)
{
    CHECK(mqc__ack_gate_handled(&wire->gate, ordinal) == lets_out);
}

#define PUBACK(id) "\x40\x02" id

/* Packets of all kinds but PUBACK; the second PUBLISH has a remaining length of two bytes. */
static size_t other_packets(unsigned char *bytes)
{
    static const char begin[] = "\x10\x0e\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\x01x"
                                "\x82\x07\x00\x01\x00\x00\x01#\x01"
                                "\x32\x08\x00\x01t\x00\x02\x00\x40\x02"
                                "\x50\x02\x00\x07\x62\x02\x00\x07\x70\x02\x00\x07"
                                "\xa2\x06\x00\x03\x00\x00\x01#"
                                "\xc0\x00\xf0\x00";
    size_t size = sizeof begin - 1;
    memcpy(bytes, begin, size);
    bytes[size++] = 0x30;
    bytes[size++] = 0xac; /* 300 */
    bytes[size++] = 0x02;
    memset(bytes + size, 0x40, 300);
    return size + 300;
}

static void test_ack_gate_other_packets_pass_cut_anywhere(void)
{
    unsigned char bytes[1000];
    struct wire wire;
    const size_t size = other_packets(bytes);
    wire_init(&wire);
    for (size_t cut = 0; cut <= size; cut++) {
        CHECK(pass(&wire, bytes, cut));
        CHECK_UNSIGNED(wire.out_size, cut);
        CHECK(pass(&wire, bytes + cut, size - cut));
        check_out(&wire, bytes, size);
    }
    for (size_t i = 0; i < size; i++) {
        CHECK(pass(&wire, bytes + i, 1));
        CHECK_UNSIGNED(wire.out_size, i + 1);
    }
    check_out(&wire, bytes, size);
    wire_fini(&wire);
}

static void test_ack_gate_puback_waits_for_its_message(void)
{
    struct wire wire;
    wire_init(&wire);
    arrive(&wire, 0x0102, 1);
    CHECK(pass(&wire, PUBACK("\x01\x02"), 4));
    check_out(&wire, "", 0);
    handle(&wire, 1, true);
    check_out(&wire, "", 0);
    wake(&wire);
    check_out(&wire, PUBACK("\x01\x02"), 4);
    wake(&wire);
    check_out(&wire, "", 0);
    /* Handled before the link has read the PUBACK, and before the message is handed over. */
    arrive(&wire, 7, 2);
    handle(&wire, 2, false);
    CHECK(pass(&wire, PUBACK("\x00\x07"), 4));
    check_out(&wire, PUBACK("\x00\x07"), 4);
    CHECK(pass(&wire, PUBACK("\x00\x08"), 4));
    check_out(&wire, "", 0);
    arrive(&wire, 8, 3);
    handle(&wire, 3, true);
    wake(&wire);
    check_out(&wire, PUBACK("\x00\x08"), 4);
    wire_fini(&wire);
}

static void test_ack_gate_pubacks_keep_the_order_of_the_messages(void)
{
    struct wire wire;
    wire_init(&wire);
    for (uint16_t i = 1; i <= 4; i++)
        arrive(&wire, i, i);
    CHECK(pass(&wire, PUBACK("\x00\x01") PUBACK("\x00\x02") PUBACK("\x00\x03") PUBACK("\x00\x04"),
               16));
    handle(&wire, 3, false);
    handle(&wire, 2, false);
    wake(&wire);
    check_out(&wire, "", 0);
    handle(&wire, 1, true);
    wake(&wire);
    check_out(&wire, PUBACK("\x00\x01") PUBACK("\x00\x02") PUBACK("\x00\x03"), 12);
    /* Again, and numbers that nobody waits for. */
    handle(&wire, 1, false);
    handle(&wire, 3, false);
    handle(&wire, 0, false);
    handle(&wire, 5, false);
    handle(&wire, UINT32_MAX, false);
    wake(&wire);
    check_out(&wire, "", 0);
    handle(&wire, 4, true);
    wake(&wire);
    check_out(&wire, PUBACK("\x00\x04"), 4);
    wire_fini(&wire);
}

/* With a reason, with properties, with a remaining length of two bytes. */
static void test_ack_gate_every_form_of_puback_cut_anywhere(void)
{
    static const char forms[] = "\x40\x02\x00\x01"
                                "\x40\x03\x00\x02\x10"
                                "\x40\x04\x00\x03\x00\x00"
                                "\x40\x09\x00\x04\x00\x05\x1f\x00\x02ok"
                                "\x40\x85\x00\x00\x05\x10\x01\x7e";
    const size_t size = sizeof forms - 1;
    struct wire wire;
    uint32_t ordinal = 0;
    wire_init(&wire);
    for (size_t cut = 0; cut <= size; cut++) {
        CHECK(pass(&wire, forms, cut));
        for (uint16_t i = 1; i <= 5; i++)
            arrive(&wire, i, ordinal + i);
        CHECK(pass(&wire, forms + cut, size - cut));
        check_out(&wire, "", 0);
        for (uint16_t i = 1; i <= 5; i++)
            handle(&wire, ordinal + i, true);
        wake(&wire);
        check_out(&wire, forms, size);
        ordinal += 5;
    }
    for (uint16_t i = 1; i <= 5; i++) {
        arrive(&wire, i, ordinal + i);
        handle(&wire, ordinal + i, false);
    }
    for (size_t i = 0; i < size; i++)
        CHECK(pass(&wire, forms + i, 1));
    check_out(&wire, forms, size);
    wire_fini(&wire);
}

/* Nothing may stand inside another packet, not even where only its first byte was written. */
static void test_ack_gate_lets_out_between_packets_only(void)
{
    struct wire wire;
    wire_init(&wire);
    arrive(&wire, 1, 1);
    CHECK(pass(&wire, PUBACK("\x00\x01") "\x30\x03", 6));
    handle(&wire, 1, true);
    wake(&wire);
    check_out(&wire, "\x30\x03", 2);
    CHECK(pass(&wire, "\x00\x01", 2));
    wake(&wire);
    check_out(&wire, "\x00\x01", 2);
    CHECK(pass(&wire, "t", 1));
    check_out(&wire, "t" PUBACK("\x00\x01"), 5);
    arrive(&wire, 2, 2);
    CHECK(pass(&wire, PUBACK("\x00\x02") "\x40", 5));
    handle(&wire, 2, true);
    wake(&wire);
    check_out(&wire, PUBACK("\x00\x02"), 4);
    wire_fini(&wire);
}

static void test_ack_gate_without_room_the_rest_comes_later(void)
{
    struct wire wire;
    wire_init(&wire);
    for (uint16_t i = 1; i <= 5; i++)
        arrive(&wire, i, i);
    CHECK(pass(&wire,
               PUBACK("\x00\x01") PUBACK("\x00\x02") PUBACK("\x00\x03") PUBACK("\x00\x04")
                   PUBACK("\x00\x05"),
               20));
    for (uint16_t i = 1; i <= 5; i++)
        handle(&wire, i, true);
    wire.capacity = 9;
    wake(&wire);
    CHECK(wire.has_more);
    check_out(&wire, PUBACK("\x00\x01") PUBACK("\x00\x02"), 8);
    /* What the client writes always has room. */
    CHECK(pass(&wire, "\x30\x04\x00\x01tp", 6));
    CHECK(wire.has_more);
    check_out(&wire, "\x30\x04\x00\x01tp", 6);
    wake(&wire);
    check_out(&wire, PUBACK("\x00\x03") PUBACK("\x00\x04"), 8);
    wake(&wire);
    CHECK(!wire.has_more);
    check_out(&wire, PUBACK("\x00\x05"), 4);
    wire_fini(&wire);
}

static void test_ack_gate_nothing_follows_a_disconnect(void)
{
    struct wire wire;
    wire_init(&wire);
    arrive(&wire, 1, 1);
    arrive(&wire, 2, 2);
    CHECK(pass(&wire, PUBACK("\x00\x01") PUBACK("\x00\x02"), 8));
    handle(&wire, 1, true);
    CHECK(pass(&wire, "\xe0\x00", 2));
    check_out(&wire, PUBACK("\x00\x01") "\xe0\x00", 6);
    (void)mqc__ack_gate_handled(&wire.gate, 2);
    wake(&wire);
    check_out(&wire, "", 0);
    wire_fini(&wire);
}

/* A message that the broker repeats on the same connection needs one acknowledgement; its
 * identifier may be that of another message afterwards. */
static void test_ack_gate_repeated_message_is_acknowledged_once(void)
{
    struct wire wire;
    wire_init(&wire);
    arrive(&wire, 9, 1);
    arrive(&wire, 9, 2);
    CHECK(pass(&wire, PUBACK("\x00\x09") PUBACK("\x00\x09"), 8));
    handle(&wire, 1, true);
    wake(&wire);
    check_out(&wire, PUBACK("\x00\x09"), 4);
    arrive(&wire, 9, 3);
    CHECK(pass(&wire, PUBACK("\x00\x09"), 4));
    handle(&wire, 2, true);
    wake(&wire);
    check_out(&wire, "", 0);
    handle(&wire, 3, true);
    wake(&wire);
    check_out(&wire, PUBACK("\x00\x09"), 4);
    wire_fini(&wire);
}

/* The library has lost a message, or an acknowledgement. */
static void test_ack_gate_wrong_identifier_ends_it(void)
{
    struct wire wire;
    wire_init(&wire);
    arrive(&wire, 1, 1);
    arrive(&wire, 3, 2);
    CHECK(pass(&wire, PUBACK("\x00\x01") PUBACK("\x00\x02") PUBACK("\x00\x03"), 12));
    (void)mqc__ack_gate_handled(&wire.gate, 2);
    (void)mqc__ack_gate_handled(&wire.gate, 1);
    CHECK(!pass(&wire, NULL, 0));
    check_out(&wire, PUBACK("\x00\x01"), 4);
    CHECK(!pass(&wire, "\xc0\x00", 2));
    check_out(&wire, "", 0);
    uint32_t ordinal = 0;
    CHECK(!mqc__ack_gate_arrived(&wire.gate, 4, &ordinal));
    wire_fini(&wire);
}

static void test_ack_gate_malformed_bytes_end_it(void)
{
    static char long_puback[2000] = "\x40\xff\x0f";
    static const struct {
        const char *bytes;
        size_t size;
    } cases[] = {
        {"\x41\x02\x00\x01", 4},
        {"\x40\x00", 2},
        {"\x40\x01\x00", 3},
        {"\x30\xff\xff\xff\xff", 5},
        {"\x40\x82\x80\x80\x80\x00", 6},
        {long_puback, sizeof long_puback},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct wire wire;
        wire_init(&wire);
        CHECK(!pass(&wire, cases[i].bytes, cases[i].size));
        CHECK(!pass(&wire, "\xc0\x00", 2));
        wire_fini(&wire);
        bool is_fine = true;
        wire_init(&wire);
        for (size_t at = 0; at < cases[i].size; at++)
            is_fine = pass(&wire, cases[i].bytes + at, 1) && is_fine;
        CHECK(!is_fine);
        wire_fini(&wire);
    }
}

static void write_puback(struct wire *wire, uint16_t id)
{
    const unsigned char bytes[] = {0x40, 2, (unsigned char)(id >> 8), (unsigned char)id};
    CHECK(pass(wire, bytes, sizeof bytes));
}

/* As many as there are identifiers, in a window that moves over its end. */
static void test_ack_gate_holds_all_identifiers_and_no_more(void)
{
    struct wire wire;
    uint32_t ordinal = 0;
    wire_init(&wire);
    for (uint32_t i = 1; i <= 65535; i++) {
        CHECK(mqc__ack_gate_arrived(&wire.gate, (uint16_t)i, &ordinal));
        write_puback(&wire, (uint16_t)i);
    }
    check_out(&wire, "", 0);
    for (uint32_t i = 1; i <= 30000; i++)
        (void)mqc__ack_gate_handled(&wire.gate, i);
    wake(&wire);
    CHECK_UNSIGNED(wire.out_size, 120000);
    wire.out_size = 0;
    for (uint32_t i = 1; i <= 30000; i++) {
        CHECK(mqc__ack_gate_arrived(&wire.gate, (uint16_t)i, &ordinal));
        write_puback(&wire, (uint16_t)i);
    }
    CHECK_UNSIGNED(ordinal, 95535);
    for (uint32_t i = 30001; i <= 95535; i++)
        (void)mqc__ack_gate_handled(&wire.gate, i);
    wake(&wire);
    CHECK_UNSIGNED(wire.out_size, 4 * 65535);
    for (uint32_t i = 0; i < 65535; i++) {
        const unsigned char *packet = wire.out + (size_t)4 * i;
        const uint32_t id = i < 35535 ? 30001 + i : i - 35534;
        CHECK_UNSIGNED((unsigned)packet[2] << 8 | packet[3], id);
    }
    for (uint32_t i = 1; i <= 65535; i++)
        CHECK(mqc__ack_gate_arrived(&wire.gate, (uint16_t)i, &ordinal));
    CHECK(!mqc__ack_gate_arrived(&wire.gate, 1, &ordinal));
    CHECK(!pass(&wire, NULL, 0));
    wire_fini(&wire);
}

static void test_ack_gate_ordinals_go_round(void)
{
    struct wire wire;
    wire_init(&wire);
    wire.gate.released_count = UINT32_MAX - 2;
    arrive(&wire, 1, UINT32_MAX - 1);
    arrive(&wire, 2, UINT32_MAX);
    arrive(&wire, 3, 0);
    arrive(&wire, 4, 1);
    for (uint16_t i = 1; i <= 4; i++)
        write_puback(&wire, i);
    handle(&wire, 0, false);
    handle(&wire, UINT32_MAX, false);
    handle(&wire, UINT32_MAX - 1, true);
    wake(&wire);
    check_out(&wire, PUBACK("\x00\x01") PUBACK("\x00\x02") PUBACK("\x00\x03"), 12);
    handle(&wire, 1, true);
    wake(&wire);
    check_out(&wire, PUBACK("\x00\x04"), 4);
    wire_fini(&wire);
}

static void test_ack_gate_without_memory_nothing_goes_out(void)
{
    for (size_t nth = 1; nth <= 4; nth++) {
        struct wire wire;
        bool is_fine = true;
        uint32_t ordinal = 0;
        wire_init(&wire);
        fail_allocation(nth);
        for (uint16_t i = 1; i <= 200 && is_fine; i++) {
            const unsigned char bytes[] = {0x40, 2, 0, (unsigned char)i};
            is_fine =
                mqc__ack_gate_arrived(&wire.gate, i, &ordinal) && pass(&wire, bytes, sizeof bytes);
        }
        CHECK(allocation_has_failed());
        fail_allocation(0);
        CHECK(!is_fine);
        for (uint32_t i = 1; i <= ordinal; i++)
            (void)mqc__ack_gate_handled(&wire.gate, i);
        CHECK(!pass(&wire, NULL, 0));
        check_out(&wire, "", 0);
        wire_fini(&wire);
    }
}

int main(void)
{
#define TEST(name) {#name, test_ack_gate_##name}
    CU_TestInfo tests[] = {
        TEST(other_packets_pass_cut_anywhere),
        TEST(puback_waits_for_its_message),
        TEST(pubacks_keep_the_order_of_the_messages),
        TEST(every_form_of_puback_cut_anywhere),
        TEST(lets_out_between_packets_only),
        TEST(without_room_the_rest_comes_later),
        TEST(nothing_follows_a_disconnect),
        TEST(repeated_message_is_acknowledged_once),
        TEST(wrong_identifier_ends_it),
        TEST(malformed_bytes_end_it),
        TEST(holds_all_identifiers_and_no_more),
        TEST(ordinals_go_round),
        TEST(without_memory_nothing_goes_out),
        CU_TEST_INFO_NULL,
    };
    return suite_run("mqtt.ack_gate", tests);
}
