#include "base/arena.h"
#include "support/suite.h"

#include <stdalign.h>

#define PIECES 400

static void test_arena_alloc_gives_zeroed_aligned_separate_memory(void)
{
    struct mqc__arena arena;
    struct test_random random = {1};
    unsigned char *pieces[PIECES];
    size_t sizes[PIECES];
    mqc__arena_init(&arena, SIZE_MAX);
    for (size_t i = 0; i < PIECES; i++) {
        sizes[i] = (size_t)test_random_below(&random, 300);
        pieces[i] = mqc__arena_alloc(&arena, sizes[i]);
        REQUIRE(pieces[i] != NULL);
        CHECK_UNSIGNED((uintptr_t)pieces[i] % alignof(max_align_t), 0);
        for (size_t at = 0; at < sizes[i]; at++)
            REQUIRE(pieces[i][at] == 0);
        memset(pieces[i], (int)(i % 255 + 1), sizes[i]);
    }
    for (size_t i = 0; i < PIECES; i++)
        for (size_t at = 0; at < sizes[i]; at++)
            REQUIRE(pieces[i][at] == i % 255 + 1);
    mqc__arena_fini(&arena);
}

static void test_arena_alloc_of_nothing_gives_distinct_pointers(void)
{
    struct mqc__arena arena;
    mqc__arena_init(&arena, 1000);
    const void *first = mqc__arena_alloc(&arena, 0);
    const void *second = mqc__arena_alloc(&arena, 0);
    CHECK(first != NULL);
    CHECK(second != NULL);
    CHECK(first != second);
    mqc__arena_fini(&arena);
}

/* Every piece takes a multiple of this. */
#define STEP alignof(max_align_t)

static void test_arena_alloc_over_limit_fails_and_takes_nothing(void)
{
    static const struct {
        size_t limit, first, second;
        bool is_second_given;
    } rows[] = {
        {10 * STEP, 6 * STEP, 4 * STEP, true},
        {10 * STEP, 6 * STEP, 4 * STEP + 1, false},
        {10 * STEP, 10 * STEP, 0, false},
        {10 * STEP, 10 * STEP, 1, false},
        {10 * STEP, 1, SIZE_MAX, false},
        {10 * STEP, 1, SIZE_MAX - STEP + 2, false},
        {SIZE_MAX, 1, 10, true},
        {SIZE_MAX, 0, SIZE_MAX - 2, false},
        {2 * STEP, 0, 10, true},
        {2 * STEP - 1, 1, 1, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mqc__arena arena;
        mqc__arena_init(&arena, rows[i].limit);
        CHECK(mqc__arena_alloc(&arena, rows[i].first) != NULL);
        const size_t used = arena.used_bytes;
        CHECK(used >= rows[i].first && used <= rows[i].first + STEP);
        CHECK_INT(mqc__arena_alloc(&arena, rows[i].second) != NULL, rows[i].is_second_given);
        CHECK_INT(arena.is_over_limit, !rows[i].is_second_given);
        CHECK_INT(arena.used_bytes > used, rows[i].is_second_given);
        mqc__arena_fini(&arena);
    }
}

static void test_arena_alloc_without_memory_fails_and_stays_usable(void)
{
    struct mqc__arena arena;
    mqc__arena_init(&arena, PTRDIFF_MAX);
    CHECK(mqc__arena_alloc(&arena, PTRDIFF_MAX - 64) == NULL);
    CHECK(!arena.is_over_limit);
    CHECK_UNSIGNED(arena.used_bytes, 0);
    CHECK(mqc__arena_alloc(&arena, 10) != NULL);
    mqc__arena_fini(&arena);
}

static void test_arena_alloc_larger_than_a_block_works(void)
{
    struct mqc__arena arena;
    const size_t size = (size_t)5 << 20;
    mqc__arena_init(&arena, size + 2 * STEP);
    char *before = mqc__arena_alloc(&arena, 1);
    char *large = mqc__arena_alloc(&arena, size);
    char *after = mqc__arena_alloc(&arena, 1);
    REQUIRE(before != NULL && large != NULL && after != NULL);
    memset(large, 'x', size);
    CHECK_INT(*before, 0);
    CHECK_INT(*after, 0);
    mqc__arena_fini(&arena);
}

static void test_arena_array_multiplies_safely(void)
{
    struct mqc__arena arena;
    mqc__arena_init(&arena, 100 * STEP);
    CHECK(mqc__arena_array(&arena, 10, 10 * STEP) != NULL);
    CHECK_UNSIGNED(arena.used_bytes, 100 * STEP);
    CHECK(mqc__arena_array(&arena, 1, 1) == NULL);
    mqc__arena_reset(&arena);
    CHECK(mqc__arena_array(&arena, SIZE_MAX / 8 + 2, 8) == NULL);
    CHECK(mqc__arena_array(&arena, 2, SIZE_MAX / 2 + 1) == NULL);
    CHECK(mqc__arena_array(&arena, 0, 8) != NULL);
    CHECK(mqc__arena_array(&arena, 8, 0) != NULL);
    mqc__arena_fini(&arena);
}

static void test_arena_copy_is_independent_and_terminated(void)
{
    struct mqc__arena arena;
    char bytes[] = {'a', '\0', 'b'};
    struct mqc_view copy;
    mqc__arena_init(&arena, 2 * STEP);
    REQUIRE(mqc__arena_copy(&arena, mqc_view_bytes(bytes, 3), &copy));
    bytes[0] = 'x';
    CHECK_VIEW(copy, mqc_view_bytes("a\0b", 3));
    CHECK_INT(copy.data[3], '\0');
    REQUIRE(mqc__arena_copy(&arena, mqc_view_text(NULL), &copy));
    CHECK_VIEW_TEXT(copy, "");
    CHECK_INT(copy.data[0], '\0');
    CHECK(!mqc__arena_copy(&arena, mqc_view_text(""), &copy));
    CHECK(!mqc__arena_copy(&arena, mqc_view_bytes(bytes, SIZE_MAX), &copy));
    mqc__arena_fini(&arena);
}

static void test_arena_reset_gives_the_limit_back(void)
{
    struct mqc__arena arena;
    mqc__arena_init(&arena, (1000 + STEP - 1) / STEP * STEP * 100);
    mqc__arena_reset(&arena);
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < 100; i++) {
            const char *piece = mqc__arena_alloc(&arena, 1000);
            REQUIRE(piece != NULL);
            CHECK_INT(piece[0] | piece[999], 0);
            memset((char *)piece, 'x', 1000);
        }
        CHECK(mqc__arena_alloc(&arena, 1) == NULL);
        mqc__arena_reset(&arena);
        CHECK_UNSIGNED(arena.used_bytes, 0);
    }
    mqc__arena_fini(&arena);
    CHECK(mqc__arena_alloc(&arena, 100000) != NULL);
    mqc__arena_fini(&arena);
    mqc__arena_fini(&arena);
}

static void test_arena_rewind_forgets_what_came_after(void)
{
    static const size_t before[] = {0, 100, 5000};
    for (size_t i = 0; i < sizeof before / sizeof before[0]; i++) {
        struct mqc__arena arena;
        mqc__arena_init(&arena, 200 * STEP + 5008);
        char *kept = before[i] != 0 ? mqc__arena_alloc(&arena, before[i]) : NULL;
        if (kept != NULL)
            memset(kept, 'k', before[i]);
        const size_t used_bytes = arena.used_bytes;
        for (unsigned round = 0; round < 3; round++) {
            const struct mqc__arena_mark mark = mqc__arena_mark(&arena);
            char *piece = NULL;
            while ((piece = mqc__arena_alloc(&arena, 100)) != NULL)
                memset(piece, 'x', 100);
            mqc__arena_rewind(&arena, mark);
            CHECK_UNSIGNED(arena.used_bytes, used_bytes);
            CHECK(!arena.is_over_limit);
        }
        for (size_t at = 0; at < before[i]; at++)
            REQUIRE(kept[at] == 'k');
        mqc__arena_fini(&arena);
    }
}

static void test_arena_reserve_keeps_pieces_together_and_limits_nothing(void)
{
    struct mqc__arena arena;
    mqc__arena_init(&arena, 1000 * STEP);
    REQUIRE(mqc__arena_reserve(&arena, 3 * STEP));
    CHECK_UNSIGNED(arena.used_bytes, 0);
    char *first = mqc__arena_alloc(&arena, STEP + 1);
    char *second = mqc__arena_alloc(&arena, 1);
    REQUIRE(first != NULL && second != NULL);
    CHECK(second == first + 2 * STEP);
    CHECK(mqc__arena_alloc(&arena, 300 * STEP) != NULL);
    REQUIRE(mqc__arena_reserve(&arena, STEP));
    CHECK(!mqc__arena_reserve(&arena, SIZE_MAX));
    CHECK(mqc__arena_alloc(&arena, STEP) != NULL);
    mqc__arena_fini(&arena);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"alloc_gives_zeroed_aligned_separate_memory",
         test_arena_alloc_gives_zeroed_aligned_separate_memory},
        {"alloc_of_nothing_gives_distinct_pointers",
         test_arena_alloc_of_nothing_gives_distinct_pointers},
        {"alloc_over_limit_fails_and_takes_nothing",
         test_arena_alloc_over_limit_fails_and_takes_nothing},
        {"alloc_without_memory_fails_and_stays_usable",
         test_arena_alloc_without_memory_fails_and_stays_usable},
        {"alloc_larger_than_a_block_works", test_arena_alloc_larger_than_a_block_works},
        {"array_multiplies_safely", test_arena_array_multiplies_safely},
        {"copy_is_independent_and_terminated", test_arena_copy_is_independent_and_terminated},
        {"rewind_forgets_what_came_after", test_arena_rewind_forgets_what_came_after},
        {"reserve_keeps_pieces_together_and_limits_nothing",
         test_arena_reserve_keeps_pieces_together_and_limits_nothing},
        {"reset_gives_the_limit_back", test_arena_reset_gives_the_limit_back},
        CU_TEST_INFO_NULL,
    };
    return suite_run("base.arena", tests);
}
