/* Random runs of a client library, a gate and handlers, which must keep the rules. */
#include "mqtt/ack_gate.h"

#include "support/suite.h"

#include <stdlib.h>
#include <string.h>

#define OUT_BYTES 400000
#define MESSAGES 1000

/* The library acknowledges a message before it hands it over, by so many at most. */
#define AHEAD 5

/* A run: the packets besides PUBACKs are told apart by a number, PUBACKs by their message's. */
struct run {
    struct mqc__ack_gate gate;
    struct test_random random;
    unsigned char pending[600]; /* written by the client, not yet passed on */
    size_t pending_size;
    unsigned char out[OUT_BYTES];
    size_t out_size;
    bool has_more;
    uint32_t arrived;
    uint32_t written; /* PUBACKs */
    uint32_t other;
    bool is_handled[MESSAGES + 2];
};

/* Passes so many of the pending bytes, with room for some more. */
static void pass(struct run *run, size_t size, size_t more)
{
    struct mqc__link_outgoing out = {.bytes = run->out + run->out_size, .capacity = size + more};
    REQUIRE(run->out_size + out.capacity <= OUT_BYTES);
    CHECK(mqc__ack_gate_pass(&run->gate, mqc_view_bytes(run->pending, size), &out));
    CHECK(out.size <= out.capacity);
    run->out_size += out.size;
    run->has_more = out.has_more;
    run->pending_size -= size;
    memmove(run->pending, run->pending + size, run->pending_size);
}

static void write_puback(struct run *run)
{
    unsigned char *to = run->pending + run->pending_size;
    const uint32_t id = ++run->written;
    const bool has_reason = id % 3 == 0;
    to[0] = 0x40;
    to[1] = has_reason ? 3 : 2;
    to[2] = (unsigned char)(id >> 8);
    to[3] = (unsigned char)id;
    to[4] = 0;
    run->pending_size += has_reason ? 5 : 4;
}

/* Writes a PUBLISH full of bytes that look like PUBACKs. */
static void write_other(struct run *run)
{
    unsigned char *to = run->pending + run->pending_size;
    const size_t size = 2 + test_random_below(&run->random, 150);
    const size_t header = size < 128 ? 2 : 3;
    to[0] = 0x30;
    to[1] = (unsigned char)(size < 128 ? size : 0x80 | (size & 0x7f));
    to[2] = (unsigned char)(size >> 7);
    memset(to + header, 0x40, size);
    run->other++;
    to[header] = (unsigned char)(run->other >> 8);
    to[header + 1] = (unsigned char)run->other;
    run->pending_size += header + size;
}

static void write_one(struct run *run)
{
    const bool may_acknowledge = run->written < run->arrived + AHEAD && run->written < MESSAGES;
    if (run->pending_size > 200)
        return;
    if (may_acknowledge && test_random_below(&run->random, 2) == 0)
        write_puback(run);
    else
        write_other(run);
}

static void arrive(struct run *run)
{
    uint32_t ordinal = 0;
    if (run->arrived == MESSAGES)
        return;
    run->arrived++;
    CHECK(mqc__ack_gate_arrived(&run->gate, (uint16_t)run->arrived, &ordinal));
    CHECK_UNSIGNED(ordinal, run->arrived);
}

/* One of the latest messages: they come back in any order. */
static void handle(struct run *run)
{
    const uint32_t back = (uint32_t)test_random_below(&run->random, 30);
    const uint32_t ordinal = back < run->arrived ? run->arrived - back : 1;
    if (run->arrived == 0)
        return;
    run->is_handled[ordinal] = true;
    if (mqc__ack_gate_handled(&run->gate, ordinal) && test_random_below(&run->random, 2) == 0)
        pass(run, 0, test_random_below(&run->random, 40));
}

static void step(struct run *run)
{
    switch (test_random_below(&run->random, 4)) {
    case 0: arrive(run); break;
    case 1: write_one(run); break;
    case 2: handle(run); break;
    default:
        pass(run, test_random_below(&run->random, run->pending_size + 1),
             1 + test_random_below(&run->random, 40));
        break;
    }
}

/* Reads what came out: whole packets, each kind in order, no PUBACK before its time. Returns how
 * many PUBACKs there were. */
static uint32_t read_out(const struct run *run)
{
    const unsigned char *at = run->out;
    const unsigned char *end = at + run->out_size;
    uint32_t acks = 0;
    uint32_t others = 0;
    while (at < end) {
        const size_t header = (at[1] & 0x80) != 0 ? 3 : 2;
        const size_t length = header == 3 ? (size_t)at[2] << 7 | (at[1] & 0x7f) : at[1];
        const unsigned number = (unsigned)at[header] << 8 | at[header + 1];
        if (at[0] == 0x40)
            CHECK_UNSIGNED(number, ++acks);
        else
            CHECK_UNSIGNED(number, ++others);
        CHECK(at[0] != 0x40 || run->is_handled[acks]);
        at += header + length;
    }
    CHECK(at == end);
    CHECK_UNSIGNED(others, run->other);
    return acks;
}

/* Passes all that is pending: then everything is out that may be. */
static void check_all(struct run *run)
{
    uint32_t expected = 0;
    pass(run, run->pending_size, (size_t)8 * MESSAGES);
    while (expected < run->written && run->is_handled[expected + 1])
        expected++;
    CHECK(!run->has_more);
    CHECK_UNSIGNED(read_out(run), expected);
}

static void finish(struct run *run)
{
    while (run->arrived < MESSAGES)
        arrive(run);
    while (run->written < MESSAGES) {
        write_puback(run);
        pass(run, run->pending_size, 1);
    }
    for (uint32_t i = 1; i <= MESSAGES; i++) {
        run->is_handled[i] = true;
        (void)mqc__ack_gate_handled(&run->gate, i);
    }
    do
        pass(run, 0, 100);
    while (run->has_more);
    CHECK_UNSIGNED(read_out(run), MESSAGES);
}

static void test_ack_gate_random_runs_keep_the_rules(void)
{
    struct run *run = malloc(sizeof *run);
    REQUIRE(run != NULL);
    for (uint64_t seed = 1; seed <= 60; seed++) {
        memset(run, 0, sizeof *run);
        run->random.state = seed;
        for (int i = 1; i <= 3000; i++) {
            step(run);
            if (i % 100 == 0)
                check_all(run);
        }
        CHECK(run->arrived > 100);
        CHECK(run->written > 100);
        finish(run);
        mqc__ack_gate_fini(&run->gate);
    }
    free(run);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"random_runs_keep_the_rules", test_ack_gate_random_runs_keep_the_rules},
        CU_TEST_INFO_NULL,
    };
    return suite_run("mqtt.ack_gate_runs", tests);
}
