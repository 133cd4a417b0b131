#include "spool/record.h"

#include "support/suite.h"

#include <stdlib.h>

static size_t write_two(char *at)
{
    const struct mqc__spool_offer first = {.topic = mqc_view_text("a/topic"),
                                           .event = mqc_view_text("an event"),
                                           .service = 0x80000001};
    const struct mqc__spool_offer second = {.topic = mqc_view_text(NULL)};
    mqc__record_write(at, &first);
    const size_t size = mqc__record_bytes(&first);
    mqc__record_write(at + size, &second);
    return size + mqc__record_bytes(&second);
}

static void test_record_is_read_as_written(void)
{
    char bytes[128];
    const struct mqc_view both = mqc_view_bytes(bytes, write_two(bytes));
    CHECK_UNSIGNED(both.size, 2 * MQC__SPOOL_RECORD_COST + 7 + 8);
    struct mqc__spool_record record;
    size_t at = 0;
    CHECK(mqc__record_read(both, &at, &record));
    CHECK_VIEW_TEXT(record.topic, "a/topic");
    CHECK_TEXT(record.topic.data, "a/topic");
    CHECK_VIEW_TEXT(record.event, "an event");
    CHECK_UNSIGNED(record.service, 0x80000001);
    CHECK_UNSIGNED(record.sequence, 0);
    CHECK(!record.starts_count);
    CHECK(mqc__record_read(both, &at, &record));
    CHECK_UNSIGNED(record.topic.size, 0);
    CHECK_UNSIGNED(record.event.size, 0);
    CHECK(!mqc__record_read(both, &at, &record));
}

static void test_record_amended_keeps_the_rest(void)
{
    char bytes[128];
    const struct mqc_view both = mqc_view_bytes(bytes, write_two(bytes));
    struct mqc__spool_record record;
    size_t at = 0;
    REQUIRE(mqc__record_read(both, &at, &record));
    record.sequence = UINT64_C(0xfedcba9876543210);
    record.starts_count = true;
    mqc__record_amend(&record);
    struct mqc__spool_record again;
    at = 0;
    CHECK(mqc__record_read(both, &at, &again));
    CHECK_UNSIGNED(again.sequence, UINT64_C(0xfedcba9876543210));
    CHECK(again.starts_count);
    CHECK_UNSIGNED(again.service, 0x80000001);
    CHECK_VIEW_TEXT(again.topic, "a/topic");
    CHECK_VIEW_TEXT(again.event, "an event");
}

/* Exact copies, so that memcheck and the sanitizers see a read beyond the end. */
static size_t count_records(const char *bytes, size_t size)
{
    char *copy = malloc(size + 1);
    REQUIRE(copy != NULL);
    memcpy(copy, bytes, size);
    char *exact = realloc(copy, size != 0 ? size : 1);
    size_t at = 0;
    size_t count = 0;
    struct mqc__spool_record record;
    while (mqc__record_read(mqc_view_bytes(exact, size), &at, &record))
        count++;
    free(exact);
    return count;
}

static void test_record_cut_anywhere_is_none(void)
{
    char bytes[128];
    const size_t size = write_two(bytes);
    const size_t first = MQC__SPOOL_RECORD_COST + 7 + 8;
    for (size_t cut = 0; cut <= size; cut++)
        CHECK_UNSIGNED(count_records(bytes, cut), cut == size ? 2 : cut >= first);
}

static void test_record_any_bytes_are_no_harm(void)
{
    struct test_random random = {.state = 7};
    for (unsigned round = 0; round < 20000; round++) {
        char bytes[64];
        const size_t size = (size_t)test_random_below(&random, sizeof bytes);
        memset(bytes, 0, size);
        for (size_t i = 0; i < size; i += 1 + (size_t)test_random_below(&random, 5))
            bytes[i] = (char)test_random_below(&random, 256);
        CHECK(count_records(bytes, size) <= size / MQC__SPOOL_RECORD_COST);
    }
}

static void test_sum_every_bit_matters(void)
{
    char bytes[128];
    const size_t size = write_two(bytes);
    const struct mqc_view name = mqc_view_text("node");
    const struct mqc_view view = mqc_view_bytes(bytes, size);
    const uint64_t sum = mqc__record_sum(1, 2, name, view);
    for (size_t bit = 0; bit < 8 * size; bit++) {
        bytes[bit / 8] = (char)(bytes[bit / 8] ^ (1 << bit % 8));
        CHECK(mqc__record_sum(1, 2, name, view) != sum);
        bytes[bit / 8] = (char)(bytes[bit / 8] ^ (1 << bit % 8));
    }
    CHECK_UNSIGNED(mqc__record_sum(1, 2, name, view), sum);
    CHECK(mqc__record_sum(2, 2, name, view) != sum);
    CHECK(mqc__record_sum(1, 3, name, view) != sum);
    CHECK(mqc__record_sum(1, 2, mqc_view_text("nod"), view) != sum);
    CHECK(mqc__record_sum(1, 2, name, mqc_view_bytes(bytes, size - 1)) != sum);
}

/* What was written on one machine is read on another, and by later versions. */
static void test_sum_is_what_it_always_was(void)
{
    CHECK_UNSIGNED(mqc__record_sum(1, 2, mqc_view_text("node"), mqc_view_text("123456789")),
                   UINT64_C(0x2b545a1925b05996));
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"record is read as written", test_record_is_read_as_written},
        {"record amended keeps the rest", test_record_amended_keeps_the_rest},
        {"record cut anywhere is none", test_record_cut_anywhere_is_none},
        {"record any bytes are no harm", test_record_any_bytes_are_no_harm},
        {"sum every bit matters", test_sum_every_bit_matters},
        {"sum is what it always was", test_sum_is_what_it_always_was},
        CU_TEST_INFO_NULL,
    };
    return suite_run("spool.record", tests);
}
