#include "topic/cover.h"

#include "support/suite.h"
#include "topic/subscriptions.h"

#include <stdio.h>
#include <stdlib.h>

/* Refuses the filters of a list that ends with NULL. */
static bool is_listed(void *context, const char *filter)
{
    const char *const *list = context;
    for (; *list != NULL; list++)
        if (strcmp(*list, filter) == 0)
            return true;
    return false;
}

static void check_cover(const char *const *given, const char *const *refused, const char *expected)
{
    const char *filters[20];
    size_t count = 0;
    while (given[count] != NULL) {
        filters[count] = given[count];
        count++;
    }
    const struct mqc__cover_rule rule = {(void *)refused, is_listed};
    count = mqc__cover(filters, count, refused != NULL ? &rule : NULL);
    char text[400] = "";
    for (size_t i = 0; i < count; i++)
        (void)snprintf(text + strlen(text), sizeof text - strlen(text), "%s ", filters[i]);
    CHECK_TEXT(text, expected);
}

#define LIST(...)                                                                                  \
    (const char *const[])                                                                          \
    {                                                                                              \
        __VA_ARGS__, NULL                                                                          \
    }

static void test_cover_drops_what_is_covered(void)
{
    check_cover(LIST("b/#", "a/b/#", "a/#", "a/c/#"), NULL, "a/# b/# ");
    check_cover(LIST("a/#", "#", "b/#"), NULL, "# ");
    check_cover(LIST("a/#", "a/#", "a/#"), NULL, "a/# ");
    check_cover((const char *const[]){NULL}, NULL, "");
}

static void test_cover_a_refused_filter_covers_nothing(void)
{
    check_cover(LIST("#", "b/#", "a/#", "a/b/#"), LIST("#"), "# a/# b/# ");
    check_cover(LIST("#", "b/#", "a/#", "a/b/#"), LIST("#", "a/#"), "# a/# a/b/# b/# ");
    /* What is refused and covered by another is not needed. */
    check_cover(LIST("#", "a/#", "a/b/#"), LIST("a/#"), "# ");
    check_cover(LIST("#", "#", "a/#", "a/#"), LIST("#"), "# a/# ");
    check_cover(LIST("a/b/c/#", "a/#", "a/b/#"), LIST("a/#"), "a/# a/b/# ");
}

/* A filter of up to four levels of one of two names. */
static void make_filter(struct test_random *random, char text_out[10])
{
    size_t size = 0;
    for (uint64_t levels = test_random_below(random, 5); levels > 0; levels--) {
        text_out[size++] = test_random_below(random, 2) != 0 ? 'a' : 'b';
        text_out[size++] = '/';
    }
    text_out[size++] = '#';
    text_out[size] = '\0';
}

/* The refused ones are those whose bit is set. */
struct lottery {
    char texts[8][10];
    unsigned refused;
};

static bool is_refused(void *context, const char *filter)
{
    const struct lottery *lottery = context;
    for (unsigned i = 0; i < 8; i++)
        if ((lottery->refused >> i & 1) != 0 && strcmp(lottery->texts[i], filter) == 0)
            return true;
    return false;
}

static bool is_served(struct lottery *lottery, const char **kept, size_t count, const char *filter)
{
    for (size_t i = 0; i < count; i++)
        if (!is_refused(lottery, kept[i]) && mqc__filter_covers(kept[i], filter))
            return true;
    return false;
}

static bool is_kept(const char **kept, size_t count, const char *filter)
{
    size_t times = 0;
    for (size_t i = 0; i < count; i++)
        times += strcmp(kept[i], filter) == 0;
    CHECK(times <= 1);
    return times != 0;
}

static void test_cover_serves_all_that_can_be_served_with_no_filter_too_many(void)
{
    struct test_random random = {.state = 7};
    for (int round = 0; round < 5000; round++) {
        struct lottery lottery = {.refused = (unsigned)test_random_below(&random, 256)};
        const char *filters[8];
        for (size_t i = 0; i < 8; i++) {
            make_filter(&random, lottery.texts[i]);
            filters[i] = lottery.texts[i];
        }
        const struct mqc__cover_rule rule = {&lottery, is_refused};
        const size_t count = mqc__cover(filters, 8, &rule);
        for (size_t i = 0; i < 8; i++) {
            const char *text = lottery.texts[i];
            REQUIRE(is_kept(filters, count, text) || is_served(&lottery, filters, count, text));
        }
        for (size_t i = 0; i < count; i++)
            for (size_t k = 0; k < count; k++)
                REQUIRE(i == k || is_refused(&lottery, filters[i]) ||
                        !mqc__filter_covers(filters[i], filters[k]));
    }
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"cover_drops_what_is_covered", test_cover_drops_what_is_covered},
        {"cover_a_refused_filter_covers_nothing", test_cover_a_refused_filter_covers_nothing},
        {"cover_serves_all_that_can_be_served_with_no_filter_too_many",
         test_cover_serves_all_that_can_be_served_with_no_filter_too_many},
        CU_TEST_INFO_NULL,
    };
    return suite_run("topic.cover", tests);
}
