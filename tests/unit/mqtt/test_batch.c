#include "mqtt/batch.h"

#include "support/failing_malloc.h"
#include "support/suite.h"

#define HEADROOM 8

static struct mqc__batch_pool new_pool(void)
{
    return (struct mqc__batch_pool){.headroom = HEADROOM};
}

static bool append(struct mqc__batch *batch, const char *event)
{
    return mqc__batch_append(batch, mqc_view_text(event), 1);
}

/* With this header around the events. */
static struct mqc_view enclosed(struct mqc__batch *batch, const char *header)
{
    struct mqc_view payload = {NULL, 0};
    CHECK(mqc__batch_enclose(batch, mqc_view_text(header), &payload));
    return payload;
}

static void fill(struct mqc__buffer *buffer, size_t size)
{
    mqc__buffer_init(buffer, SIZE_MAX / 2);
    char *bytes = mqc__buffer_extend(buffer, size);
    REQUIRE(bytes != NULL);
    memset(bytes, 'x', size);
}

static void test_batch_header_stands_in_front_if_it_fits(void)
{
    struct mqc__batch_pool pool = new_pool();
    struct mqc__batch *batch = mqc__batch_new(&pool, 9);
    REQUIRE(batch != NULL && append(batch, "one") && append(batch, "two") && append(batch, "six"));
    CHECK(!append(batch, "x"));
    CHECK_UNSIGNED(batch->event_count, 3);
    CHECK_UNSIGNED(batch->event_bytes, 9);
    CHECK_VIEW_TEXT(enclosed(batch, ""), "onetwosix");
    CHECK_VIEW_TEXT(enclosed(batch, "head:"), "head:onetwosix");
    CHECK_VIEW_TEXT(enclosed(batch, "head----"), "head----onetwosix");
    CHECK_VIEW_TEXT(enclosed(batch, "a long one"), "onetwosixa long one");
    CHECK_VIEW_TEXT(enclosed(batch, "h:"), "h:onetwosix");
    mqc__batch_free(&pool, batch);
    mqc__batch_pool_fini(&pool);
}

static void test_batch_drop_first_keeps_the_rest(void)
{
    struct mqc__batch_pool pool = new_pool();
    struct mqc__batch *batch = mqc__batch_new(&pool, 100);
    REQUIRE(batch != NULL && append(batch, "1") && append(batch, "22") && append(batch, "333"));
    batch->sequence = 5;
    CHECK_UNSIGNED(mqc__batch_first_size(batch), 1);
    mqc__batch_drop_first(batch);
    CHECK_UNSIGNED(mqc__batch_first_size(batch), 2);
    CHECK_UNSIGNED(batch->sequence, 6);
    CHECK_UNSIGNED(batch->event_bytes, 5);
    /* There is more room in front now. */
    CHECK_VIEW_TEXT(enclosed(batch, "header--1"), "header--122333");
    mqc__batch_free(&pool, batch);
    mqc__batch_pool_fini(&pool);
}

static void test_batch_move_takes_what_fits_and_one_in_any_case(void)
{
    static const struct {
        size_t bytes_max;
        const char *moved;
        const char *rest;
    } cases[] = {
        {0, "11", "22233"}, {1, "11", "22233"},   {2, "11", "22233"},
        {4, "11", "22233"}, {5, "11222", "33"},   {6, "11222", "33"},
        {7, "1122233", ""}, {100, "1122233", ""}, {SIZE_MAX, "1122233", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mqc__batch_pool pool = new_pool();
        struct mqc__batch *from = mqc__batch_new(&pool, 100);
        struct mqc__batch *to = mqc__batch_new(&pool, 100);
        REQUIRE(from != NULL && to != NULL);
        REQUIRE(append(from, "11") && append(from, "222") && append(from, "33"));
        CHECK(mqc__batch_move(from, to, cases[i].bytes_max));
        CHECK_VIEW_TEXT(enclosed(to, ""), cases[i].moved);
        CHECK_VIEW_TEXT(enclosed(from, ""), cases[i].rest);
        mqc__batch_free(&pool, from);
        mqc__batch_free(&pool, to);
        mqc__batch_pool_fini(&pool);
    }
}

static void test_batch_memory_comes_again(void)
{
    struct mqc__batch_pool pool = new_pool();
    struct mqc__batch *batch = mqc__batch_new(&pool, 1000);
    REQUIRE(batch != NULL && append(batch, "something"));
    batch->is_closed = true;
    batch->token = 3;
    mqc__batch_free(&pool, batch);
    fail_allocation(0);
    struct mqc__batch *again = mqc__batch_new(&pool, 1000);
    REQUIRE(again != NULL && append(again, "else"));
    CHECK_UNSIGNED(allocation_count(), 0);
    CHECK(!again->is_closed);
    CHECK_INT(again->token, -1);
    CHECK_UNSIGNED(again->event_count, 1);
    CHECK_VIEW_TEXT(enclosed(again, "h"), "helse");
    mqc__batch_free(&pool, again);
    mqc__batch_pool_fini(&pool);
}

static void test_batch_pool_keeps_a_bounded_amount(void)
{
    struct mqc__batch_pool pool = new_pool();
    struct mqc__batch *batches[50];
    for (size_t i = 0; i < 50; i++) {
        struct mqc__buffer event;
        fill(&event, 100000);
        batches[i] = mqc__batch_adopt(&pool, &event, 1);
        REQUIRE(batches[i] != NULL);
        CHECK(event.data == NULL);
    }
    for (size_t i = 0; i < 50; i++)
        mqc__batch_free(&pool, batches[i]);
    CHECK(pool.spare_count > 0);
    CHECK(pool.spare_count <= 16);
    CHECK(pool.spare_bytes <= 1 << 20);
    struct mqc__buffer large;
    fill(&large, 10 << 20);
    const size_t before = pool.spare_bytes;
    struct mqc__batch *batch = mqc__batch_adopt(&pool, &large, 1);
    REQUIRE(batch != NULL);
    mqc__batch_free(&pool, batch);
    CHECK_UNSIGNED(pool.spare_bytes, before);
    mqc__batch_pool_fini(&pool);
    CHECK_UNSIGNED(pool.spare_bytes, 0);
}

static void test_batch_adopted_event_stays_where_it_is(void)
{
    struct mqc__batch_pool pool = new_pool();
    char scratch[4];
    struct mqc__buffer event;
    mqc__buffer_init_scratch(&event, scratch, sizeof scratch, 5);
    REQUIRE(mqc__buffer_append_text(&event, "event"));
    const char *memory = event.data;
    struct mqc__batch *batch = mqc__batch_adopt(&pool, &event, 1);
    REQUIRE(batch != NULL);
    CHECK_VIEW_TEXT(mqc__buffer_view(&event), "");
    CHECK(enclosed(batch, "").data == memory);
    CHECK_VIEW_TEXT(enclosed(batch, ":header"), "event:header");
    CHECK_VIEW_TEXT(enclosed(batch, ":other"), "event:other");
    mqc__batch_free(&pool, batch);
    mqc__buffer_fini(&event);
    mqc__batch_pool_fini(&pool);
}

/* Every allocation fails once: what was there is there afterwards, and it works the next time. */
static void test_batch_without_memory_loses_nothing(void)
{
    for (size_t number = 1;; number++) {
        struct mqc__batch_pool pool = new_pool();
        struct mqc__buffer event;
        fill(&event, 300);
        fail_allocation(number);
        struct mqc__batch *adopted = mqc__batch_adopt(&pool, &event, 1);
        struct mqc__batch *batch = mqc__batch_new(&pool, 2000);
        size_t appended = 0;
        for (size_t i = 0; batch != NULL && i < 40; i++)
            appended += append(batch, "0123456789") ? 1 : 0;
        struct mqc__batch *other = mqc__batch_new(&pool, 2000);
        if (batch != NULL && other != NULL && appended != 0)
            (void)mqc__batch_move(batch, other, 100);
        const bool has_failed = allocation_has_failed();
        fail_allocation(0);
        CHECK((adopted == NULL) == (event.data != NULL));
        if (batch != NULL && other != NULL)
            CHECK_UNSIGNED(batch->event_count + other->event_count, appended);
        struct mqc__batch *all[] = {adopted, batch, other};
        for (size_t i = 0; i < 3; i++)
            if (all[i] != NULL)
                mqc__batch_free(&pool, all[i]);
        mqc__buffer_fini(&event);
        mqc__batch_pool_fini(&pool);
        if (!has_failed)
            break;
    }
}

static void test_batch_events_keep_their_numbers(void)
{
    struct mqc__batch_pool pool = {.headroom = 8};
    const uint64_t numbers[] = {UINT32_MAX - 1, UINT32_MAX, UINT64_C(1) << 32,
                                (UINT64_C(1) << 32) + 1000};
    struct mqc__batch *batch = mqc__batch_new(&pool, 100);
    struct mqc__batch *other = mqc__batch_new(&pool, 100);
    REQUIRE(batch != NULL && other != NULL);
    for (size_t i = 0; i < 4; i++)
        CHECK(mqc__batch_append(batch, mqc_view_text("12345"), numbers[i]));
    batch->number = numbers[0];
    other->number = numbers[0];
    for (size_t i = 0; i < 4; i++)
        CHECK_UNSIGNED(mqc__batch_number(batch, i), numbers[i]);
    mqc__batch_drop_first(batch);
    CHECK(mqc__batch_move(batch, other, 10));
    CHECK_UNSIGNED(mqc__batch_number(other, 0), numbers[1]);
    CHECK_UNSIGNED(mqc__batch_number(other, 1), numbers[2]);
    CHECK_UNSIGNED(mqc__batch_number(batch, 0), numbers[3]);
    mqc__batch_free(&pool, batch);
    mqc__batch_free(&pool, other);
    mqc__batch_pool_fini(&pool);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"header_stands_in_front_if_it_fits", test_batch_header_stands_in_front_if_it_fits},
        {"drop_first_keeps_the_rest", test_batch_drop_first_keeps_the_rest},
        {"move_takes_what_fits_and_one_in_any_case",
         test_batch_move_takes_what_fits_and_one_in_any_case},
        {"memory_comes_again", test_batch_memory_comes_again},
        {"pool_keeps_a_bounded_amount", test_batch_pool_keeps_a_bounded_amount},
        {"adopted_event_stays_where_it_is", test_batch_adopted_event_stays_where_it_is},
        {"without_memory_loses_nothing", test_batch_without_memory_loses_nothing},
        {"events_keep_their_numbers", test_batch_events_keep_their_numbers},
        CU_TEST_INFO_NULL,
    };
    return suite_run("mqtt.batch", tests);
}
