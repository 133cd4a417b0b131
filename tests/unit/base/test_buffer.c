#include "base/buffer.h"
#include "support/suite.h"

static void test_buffer_new_is_empty(void)
{
    struct mqc__buffer buffer;
    mqc__buffer_init(&buffer, 10);
    CHECK_VIEW_TEXT(mqc__buffer_view(&buffer), "");
    CHECK(!mqc__buffer_failed(&buffer));
    CHECK(mqc__buffer_append(&buffer, NULL, 0));
    CHECK_VIEW_TEXT(mqc__buffer_view(&buffer), "");
    mqc__buffer_fini(&buffer);
}

static void test_buffer_append_keeps_order_and_bytes(void)
{
    struct mqc__buffer buffer;
    mqc__buffer_init(&buffer, 100);
    CHECK(mqc__buffer_append_text(&buffer, "one"));
    CHECK(mqc__buffer_append_text(&buffer, ""));
    CHECK(mqc__buffer_append(&buffer, "\0\xff", 2));
    char *end = mqc__buffer_extend(&buffer, 3);
    REQUIRE(end != NULL);
    memcpy(end, "two", 3);
    CHECK_VIEW(mqc__buffer_view(&buffer), mqc_view_bytes("one\0\xfftwo", 8));
    mqc__buffer_fini(&buffer);
}

/* With every size of the first memory, the limit on either side of it. */
static void test_buffer_with_scratch_moves_to_the_heap(void)
{
    static const char text[] = "0123456789";
    for (size_t scratch_size = 0; scratch_size <= 10; scratch_size++) {
        for (size_t limit = 0; limit <= 10; limit++) {
            char scratch[10];
            struct mqc__buffer buffer;
            mqc__buffer_init_scratch(&buffer, scratch, scratch_size, limit);
            for (size_t i = 0; i < limit; i++) {
                REQUIRE(mqc__buffer_append(&buffer, text + i, 1));
                CHECK(mqc__buffer_is_on_heap(&buffer) == (i >= scratch_size));
            }
            CHECK_VIEW(mqc__buffer_view(&buffer), mqc_view_bytes(text, limit));
            CHECK(!mqc__buffer_append(&buffer, "x", 1));
            mqc__buffer_clear(&buffer);
            CHECK_VIEW_TEXT(mqc__buffer_view(&buffer), "");
            CHECK(mqc__buffer_append(&buffer, text, limit));
            CHECK_VIEW(mqc__buffer_view(&buffer), mqc_view_bytes(text, limit));
            mqc__buffer_fini(&buffer);
            CHECK(!mqc__buffer_is_on_heap(&buffer));
        }
    }
}

/* However the bytes are cut into pieces, the buffer holds the same. */
static void test_buffer_append_in_pieces_gives_the_whole(void)
{
    static char whole[20000];
    struct test_random random = {7};
    for (size_t i = 0; i < sizeof whole; i++)
        whole[i] = (char)test_random_below(&random, 256);
    struct mqc__buffer buffer;
    mqc__buffer_init(&buffer, sizeof whole);
    for (size_t longest = 1; longest < sizeof whole; longest = longest * 5 + 1) {
        mqc__buffer_clear(&buffer);
        for (size_t at = 0; at < sizeof whole;) {
            size_t size = (size_t)test_random_below(&random, longest + 1);
            if (size > sizeof whole - at)
                size = sizeof whole - at;
            REQUIRE(mqc__buffer_append(&buffer, whole + at, size));
            at += size;
        }
        CHECK(mqc_view_equal(mqc__buffer_view(&buffer), mqc_view_bytes(whole, sizeof whole)));
        CHECK(buffer.capacity <= sizeof whole);
    }
    mqc__buffer_fini(&buffer);
}

static void test_buffer_append_over_limit_fails_for_good(void)
{
    static const struct {
        size_t limit, first, second;
        bool is_second_taken;
    } rows[] = {
        {10, 10, 0, true},       {10, 9, 1, true},           {10, 10, 1, false},
        {10, 0, 11, false},      {0, 0, 1, false},           {1000, 300, 700, true},
        {1000, 300, 701, false}, {1000, 1, SIZE_MAX, false},
    };
    static const char bytes[1000];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mqc__buffer buffer;
        mqc__buffer_init(&buffer, rows[i].limit);
        CHECK(mqc__buffer_append(&buffer, bytes, rows[i].first));
        CHECK_INT(mqc__buffer_append(&buffer, bytes, rows[i].second), rows[i].is_second_taken);
        CHECK_INT(mqc__buffer_failed(&buffer), !rows[i].is_second_taken);
        CHECK_UNSIGNED(mqc__buffer_view(&buffer).size,
                       rows[i].first + (rows[i].is_second_taken ? rows[i].second : 0));
        CHECK_INT(mqc__buffer_append(&buffer, NULL, 0), rows[i].is_second_taken);
        if (!rows[i].is_second_taken)
            CHECK(mqc__buffer_extend(&buffer, 0) == NULL);
        mqc__buffer_fini(&buffer);
    }
}

static void test_buffer_append_without_memory_fails(void)
{
    struct mqc__buffer buffer;
    mqc__buffer_init(&buffer, PTRDIFF_MAX);
    CHECK(mqc__buffer_append_text(&buffer, "kept"));
    CHECK(mqc__buffer_extend(&buffer, PTRDIFF_MAX - 4) == NULL);
    CHECK(mqc__buffer_failed(&buffer));
    CHECK_VIEW_TEXT(mqc__buffer_view(&buffer), "kept");
    mqc__buffer_clear(&buffer);
    CHECK(mqc__buffer_append_text(&buffer, " on"));
    mqc__buffer_fini(&buffer);
}

static void test_buffer_clear_forgets_contents_and_failure(void)
{
    struct mqc__buffer buffer;
    mqc__buffer_init(&buffer, 4);
    CHECK(!mqc__buffer_append_text(&buffer, "12345"));
    CHECK(!mqc__buffer_append_text(&buffer, "1"));
    mqc__buffer_clear(&buffer);
    CHECK(!mqc__buffer_failed(&buffer));
    CHECK(mqc__buffer_append_text(&buffer, "1234"));
    CHECK_VIEW_TEXT(mqc__buffer_view(&buffer), "1234");
    mqc__buffer_fini(&buffer);
}

static void test_buffer_fini_leaves_it_usable_with_its_limit(void)
{
    struct mqc__buffer buffer;
    mqc__buffer_init(&buffer, 4);
    CHECK(mqc__buffer_append_text(&buffer, "1234"));
    mqc__buffer_fini(&buffer);
    mqc__buffer_fini(&buffer);
    CHECK_VIEW_TEXT(mqc__buffer_view(&buffer), "");
    CHECK(mqc__buffer_append_text(&buffer, "1234"));
    CHECK(!mqc__buffer_append_text(&buffer, "5"));
    mqc__buffer_fini(&buffer);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"new_is_empty", test_buffer_new_is_empty},
        {"append_keeps_order_and_bytes", test_buffer_append_keeps_order_and_bytes},
        {"append_in_pieces_gives_the_whole", test_buffer_append_in_pieces_gives_the_whole},
        {"with_scratch_moves_to_the_heap", test_buffer_with_scratch_moves_to_the_heap},
        {"append_over_limit_fails_for_good", test_buffer_append_over_limit_fails_for_good},
        {"append_without_memory_fails", test_buffer_append_without_memory_fails},
        {"clear_forgets_contents_and_failure", test_buffer_clear_forgets_contents_and_failure},
        {"fini_leaves_it_usable_with_its_limit", test_buffer_fini_leaves_it_usable_with_its_limit},
        CU_TEST_INFO_NULL,
    };
    return suite_run("base.buffer", tests);
}
