#include "bench/payload.h"

#include "support/suite.h"

static void test_read_returns_what_was_written(void)
{
    static const uint32_t sizes[] = {PAYLOAD_LEAST, PAYLOAD_LEAST + 1, 100, 5000};
    static char payload[5000];
    payload_fill(payload, sizeof payload);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        const struct payload_head head = {
            .sequence = 1ULL << 40 | i, .sent_ns = -7, .phase = 2, .size = sizes[i]};
        struct payload_head read = {.sequence = 0};
        payload_write(payload, &head);
        CHECK(payload_read(payload, sizes[i], &read));
        CHECK_UNSIGNED(read.sequence, head.sequence);
        CHECK_INT(read.sent_ns, head.sent_ns);
        CHECK_UNSIGNED(read.phase, head.phase);
        CHECK_UNSIGNED(read.size, head.size);
    }
}

static void test_read_refuses_what_was_cut_or_changed(void)
{
    char payload[100];
    const struct payload_head head = {.sequence = 1, .size = sizeof payload};
    struct payload_head read;
    payload_fill(payload, sizeof payload);
    payload_write(payload, &head);
    for (size_t size = 0; size < sizeof payload; size++)
        CHECK(!payload_read(payload, size, &read));
    payload[sizeof payload - 1] ^= 1;
    CHECK(!payload_read(payload, sizeof payload, &read));
}

static void test_fill_does_not_repeat(void)
{
    char payload[4096];
    unsigned counts[256] = {0};
    payload_fill(payload, sizeof payload);
    for (size_t i = 0; i < sizeof payload; i++)
        counts[(unsigned char)payload[i]]++;
    for (size_t i = 0; i < 256; i++) {
        CHECK(counts[i] > 0);
        CHECK(counts[i] < 64);
    }
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"read_returns_what_was_written", test_read_returns_what_was_written},
        {"read_refuses", test_read_refuses_what_was_cut_or_changed},
        {"fill", test_fill_does_not_repeat},
        CU_TEST_INFO_NULL,
    };
    return suite_run("bench.payload", tests);
}
