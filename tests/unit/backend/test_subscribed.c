#include "backend/subscribed.h"

#include "support/suite.h"
#include "topic/subscriptions.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/mqc-test-subscribed-XXXXXX";

static const char *path_of(const char *name)
{
    static char path[100];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

/* So many milliseconds after the start, of a machine that started 1,000 s before. */
static struct mqc__subscribed_now at(int64_t ms)
{
    return (struct mqc__subscribed_now){1000000 + ms, INT64_C(1764108000000000000) + ms * 1000000};
}

static struct mqc__subscribed *new_subscribed(const char *name, int64_t ms)
{
    struct mqc_error_info info;
    struct mqc__subscribed *subscribed = NULL;
    CHECK_INT(mqc__subscribed_new(name != NULL ? path_of(name) : NULL, at(ms), &subscribed, &info),
              MQC_OK);
    CHECK_INT(info.code, MQC_OK);
    REQUIRE(subscribed != NULL);
    return subscribed;
}

/* Up to two filters. */
static void set(struct mqc__subscribed *subscribed, int64_t ms, const char *a, const char *b)
{
    const char *filters[] = {a, b};
    const size_t count = (size_t)(a != NULL) + (size_t)(b != NULL);
    CHECK_INT(mqc__subscribed_set(subscribed, filters, count, at(ms), NULL), MQC_OK);
}

static int64_t age(struct mqc__subscribed *subscribed, const char *topic, int64_t ms)
{
    return mqc__subscribed_find(subscribed, mqc_view_text(topic), at(ms).monotonic_ms).age_ms;
}

static uint64_t epoch(struct mqc__subscribed *subscribed, const char *topic)
{
    return mqc__subscribed_find(subscribed, mqc_view_text(topic), at(0).monotonic_ms).epoch;
}

static void test_age_is_that_of_the_oldest_filter_that_matches(void)
{
    struct mqc__subscribed *subscribed = new_subscribed(NULL, 0);
    CHECK_INT(age(subscribed, "r/a", 10), 0);
    CHECK_UNSIGNED(epoch(subscribed, "r/a"), 0);
    set(subscribed, 10, "r/a/#", NULL);
    set(subscribed, 20, "r/a/#", "r/b/c/#");
    CHECK_INT(age(subscribed, "r/a", 30), 20);
    CHECK_INT(age(subscribed, "r/a/", 30), 20);
    CHECK_INT(age(subscribed, "r/a/x/y", 30), 20);
    CHECK_INT(age(subscribed, "r/ab", 30), 0);
    CHECK_INT(age(subscribed, "r", 30), 0);
    CHECK_INT(age(subscribed, "r/b", 30), 0);
    CHECK_INT(age(subscribed, "r/b/c/d", 30), 10);
    CHECK_INT(age(subscribed, "r/b/c/d", 5), 0);
    CHECK(epoch(subscribed, "r/a") != epoch(subscribed, "r/b/c"));
    CHECK_UNSIGNED(epoch(subscribed, "r/a"), epoch(subscribed, "r/a/x"));
    mqc__subscribed_free(&subscribed);
    CHECK(subscribed == NULL);
    mqc__subscribed_free(&subscribed);
}

static void test_filter_that_comes_back_begins_anew(void)
{
    struct mqc__subscribed *subscribed = new_subscribed(NULL, 0);
    set(subscribed, 10, "a/#", "b/#");
    const uint64_t before_a = epoch(subscribed, "a");
    const uint64_t before_b = epoch(subscribed, "b");
    const uint64_t generation = mqc__subscribed_generation(subscribed);
    set(subscribed, 20, "b/#", NULL);
    CHECK(mqc__subscribed_generation(subscribed) != generation);
    CHECK_INT(age(subscribed, "a", 30), 0);
    set(subscribed, 30, "a/#", "b/#");
    CHECK_INT(age(subscribed, "a", 40), 10);
    CHECK_INT(age(subscribed, "b", 40), 30);
    CHECK(epoch(subscribed, "a") != before_a);
    CHECK_UNSIGNED(epoch(subscribed, "b"), before_b);
    mqc__subscribed_free(&subscribed);
}

/* The broker has a wider filter, then the narrow one again, never neither. */
static void test_covered_filter_goes_on(void)
{
    struct mqc__subscribed *subscribed = new_subscribed(NULL, 0);
    set(subscribed, 10, "a/b/#", NULL);
    const uint64_t before = epoch(subscribed, "a/b/c");
    set(subscribed, 20, "a/#", NULL);
    CHECK_INT(age(subscribed, "a/b/c", 30), 20);
    CHECK_INT(age(subscribed, "a/x", 30), 10);
    set(subscribed, 30, "#", NULL);
    CHECK_INT(age(subscribed, "a/b/c", 30), 20);
    CHECK_INT(age(subscribed, "a/x", 30), 10);
    CHECK_INT(age(subscribed, "x", 40), 10);
    set(subscribed, 40, "a/b/c/#", "a/x/#");
    CHECK_INT(age(subscribed, "a/b/c", 50), 40);
    CHECK_INT(age(subscribed, "a/x", 50), 30);
    CHECK_INT(age(subscribed, "a/b/d", 50), 0);
    CHECK_UNSIGNED(epoch(subscribed, "a/b/c"), before);
    mqc__subscribed_free(&subscribed);
}

static void test_filters_of_presence_have_a_time_too(void)
{
    struct mqc__subscribed *subscribed = new_subscribed(NULL, 0);
    set(subscribed, 10, "r/node/+/x", "r/one");
    set(subscribed, 20, "r/node/+/x", "r/one");
    CHECK_INT(age(subscribed, "r/node/+/x", 30), 20);
    CHECK_INT(age(subscribed, "r/one", 30), 20);
    size_t count = 0;
    const char **filters = mqc__subscribed_filters(subscribed, &count);
    CHECK_UNSIGNED(count, 2);
    free(filters);
    mqc__subscribed_free(&subscribed);
}

static void test_file_carries_times_over_a_restart(void)
{
    struct mqc__subscribed *subscribed = new_subscribed("f", 0);
    set(subscribed, 10, "a/b/#", NULL);
    set(subscribed, 20, "a/#", "b/#");
    const uint64_t before = epoch(subscribed, "a/b");
    mqc__subscribed_free(&subscribed);

    /* The machine has started anew meanwhile. */
    struct mqc_error_info info;
    struct mqc__subscribed_now now = at(1000);
    now.monotonic_ms = 50;
    CHECK_INT(mqc__subscribed_new(path_of("f"), now, &subscribed, &info), MQC_OK);
    REQUIRE(subscribed != NULL);
    CHECK_INT(mqc__subscribed_find(subscribed, mqc_view_text("a/b"), 51).age_ms, 991);
    CHECK_INT(mqc__subscribed_find(subscribed, mqc_view_text("b"), 51).age_ms, 981);
    CHECK_UNSIGNED(epoch(subscribed, "a/b"), before);
    size_t count = 0;
    const char **filters = mqc__subscribed_filters(subscribed, &count);
    REQUIRE(filters != NULL);
    CHECK_UNSIGNED(count, 2);
    for (size_t i = 0; i < count; i++)
        CHECK(strcmp(filters[i], "a/#") == 0 || strcmp(filters[i], "b/#") == 0);
    free(filters);
    mqc__subscribed_free(&subscribed);

    /* The clock on the wall was set back. */
    subscribed = new_subscribed("f", -100000);
    CHECK_INT(age(subscribed, "a/b", -100000 + 7), 7);
    mqc__subscribed_free(&subscribed);
    CHECK_INT(unlink(path_of("f")), 0);
}

static void test_damaged_file_counts_as_empty(void)
{
    struct mqc_error_info info;
    struct mqc__subscribed *subscribed = NULL;
    FILE *file = fopen(path_of("f"), "we");
    REQUIRE(file != NULL);
    CHECK(fputs("nonsense\n", file) >= 0);
    CHECK_INT(fclose(file), 0);
    CHECK_INT(mqc__subscribed_new(path_of("f"), at(0), &subscribed, &info), MQC_OK);
    CHECK_INT(info.code, MQC_EMALFORMED);
    REQUIRE(subscribed != NULL);
    size_t count = 1;
    CHECK(mqc__subscribed_filters(subscribed, &count) == NULL);
    CHECK_UNSIGNED(count, 0);
    set(subscribed, 10, "a/#", NULL);
    mqc__subscribed_free(&subscribed);
    subscribed = new_subscribed("f", 20);
    CHECK_INT(age(subscribed, "a", 20), 10);
    mqc__subscribed_free(&subscribed);
    CHECK_INT(unlink(path_of("f")), 0);
}

static void test_file_that_cannot_be_written_is_an_error_and_the_set_is_new(void)
{
    struct mqc_error_info info;
    struct mqc__subscribed *subscribed = new_subscribed("none/f", 0);
    const char *filters[] = {"a/#"};
    CHECK_INT(mqc__subscribed_set(subscribed, filters, 1, at(10), &info), MQC_EIO);
    CHECK_CONTAINS(info.text, "none/f");
    CHECK_INT(age(subscribed, "a", 20), 10);
    mqc__subscribed_free(&subscribed);
}

static bool is_broken(struct mqc__subscribed *subscribed, const char *topic, uint64_t generation)
{
    return mqc__subscribed_is_broken(subscribed, mqc_view_text(topic), generation);
}

static void test_break_concerns_its_topics_from_then_on(void)
{
    struct mqc__subscribed *subscribed = new_subscribed(NULL, 0);
    const uint64_t first = mqc__subscribed_generation(subscribed);
    CHECK(first != 0);
    CHECK(!is_broken(subscribed, "a/x", 0));
    mqc__subscribed_break(subscribed, mqc_view_text("a/"), MQC_MATCH_PREFIX);
    const uint64_t second = mqc__subscribed_generation(subscribed);
    CHECK(second != first);
    mqc__subscribed_break(subscribed, mqc_view_text("b"), MQC_MATCH_LEVEL);
    const uint64_t third = mqc__subscribed_generation(subscribed);
    CHECK(is_broken(subscribed, "a/x", 0));
    CHECK(is_broken(subscribed, "a/x", first));
    CHECK(!is_broken(subscribed, "a/x", second));
    CHECK(!is_broken(subscribed, "c", first));
    CHECK(is_broken(subscribed, "b/x", second));
    CHECK(!is_broken(subscribed, "bx", second));
    CHECK(!is_broken(subscribed, "b/x", third));
    mqc__subscribed_break(subscribed, mqc_view_text(""), MQC_MATCH_PREFIX);
    CHECK(is_broken(subscribed, "c", third));
    mqc__subscribed_free(&subscribed);
}

static void test_too_many_breaks_concern_all_topics(void)
{
    struct mqc__subscribed *subscribed = new_subscribed(NULL, 0);
    const uint64_t first = mqc__subscribed_generation(subscribed);
    size_t count = 0;
    while (!is_broken(subscribed, "x", first) && count < 100000) {
        mqc__subscribed_break(subscribed, mqc_view_text("a/"), MQC_MATCH_PREFIX);
        count++;
    }
    CHECK(count > 10 && count < 100000);
    CHECK(!is_broken(subscribed, "x", mqc__subscribed_generation(subscribed) - 1));
    CHECK(is_broken(subscribed, "a/", mqc__subscribed_generation(subscribed) - 1));
    mqc__subscribed_free(&subscribed);
}

static size_t random_filters(struct test_random *random, char filters[4][16])
{
    static const char *const words[] = {"a", "b", ""};
    const size_t count = test_random_below(random, 5);
    for (size_t i = 0; i < count; i++) {
        const size_t levels = test_random_below(random, 4);
        int size = 0;
        for (size_t k = 0; k < levels; k++)
            size += snprintf(filters[i] + size, 16 - (size_t)size, "%s/",
                             words[test_random_below(random, 3)]);
        (void)snprintf(filters[i] + size, 16 - (size_t)size, "#");
    }
    return count;
}

/* However filters come and go, nothing is older than it is, and what is let through has an age. */
static void test_ages_agree_with_those_of_single_topics(void)
{
    static const char *const topics[] = {"a", "a/b", "a/b/a", "b/a/a", "/a", "a//b", "b"};
    enum { TOPICS = sizeof topics / sizeof topics[0] };
    struct test_random random = {11};
    struct mqc__subscribed *subscribed = new_subscribed(NULL, 0);
    int64_t since_ms[TOPICS];
    for (size_t i = 0; i < TOPICS; i++)
        since_ms[i] = INT64_MAX;
    for (int64_t now = 1; now < 3000; now++) {
        char texts[4][16];
        const char *filters[] = {texts[0], texts[1], texts[2], texts[3]};
        const size_t count = random_filters(&random, texts);
        CHECK_INT(mqc__subscribed_set(subscribed, filters, count, at(now), NULL), MQC_OK);
        for (size_t i = 0; i < TOPICS; i++) {
            bool is_let_through = false;
            for (size_t k = 0; k < count; k++)
                is_let_through |= mqc__filter_match(texts[k], mqc_view_text(topics[i]));
            if (!is_let_through)
                since_ms[i] = INT64_MAX;
            else if (since_ms[i] == INT64_MAX)
                since_ms[i] = now;
            const int64_t got = age(subscribed, topics[i], now + 1);
            CHECK(is_let_through ? got >= 1 && got <= now + 1 - since_ms[i] : got == 0);
        }
    }
    mqc__subscribed_free(&subscribed);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"age_is_that_of_the_oldest_filter_that_matches",
         test_age_is_that_of_the_oldest_filter_that_matches},
        {"filter_that_comes_back_begins_anew", test_filter_that_comes_back_begins_anew},
        {"covered_filter_goes_on", test_covered_filter_goes_on},
        {"filters_of_presence_have_a_time_too", test_filters_of_presence_have_a_time_too},
        {"file_carries_times_over_a_restart", test_file_carries_times_over_a_restart},
        {"damaged_file_counts_as_empty", test_damaged_file_counts_as_empty},
        {"file_that_cannot_be_written_is_an_error_and_the_set_is_new",
         test_file_that_cannot_be_written_is_an_error_and_the_set_is_new},
        {"break_concerns_its_topics_from_then_on", test_break_concerns_its_topics_from_then_on},
        {"too_many_breaks_concern_all_topics", test_too_many_breaks_concern_all_topics},
        {"ages_agree_with_those_of_single_topics", test_ages_agree_with_those_of_single_topics},
        CU_TEST_INFO_NULL,
    };
    if (mkdtemp(folder) == NULL)
        return EXIT_FAILURE;
    const int status = suite_run("backend.subscribed", tests);
    (void)unlink(path_of("f"));
    (void)rmdir(folder);
    return status;
}
