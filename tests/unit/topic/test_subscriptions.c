#include "topic/subscriptions.h"

#include "base/buffer.h"
#include "support/suite.h"
#include "topic/topic.h"

#include <stdio.h>
#include <stdlib.h>

#define ROOT "mqcluster/c"
#define EVENT ROOT "/event/"

static struct mqc__subscriptions *new_set(void)
{
    struct mqc__subscriptions *set = mqc__subscriptions_new(ROOT);
    if (set == NULL)
        abort();
    return set;
}

static void add(struct mqc__subscriptions *set, const char *text, enum mqc_match match)
{
    CHECK_INT(mqc__subscriptions_add(set, mqc_view_text(text), match, NULL), MQC_OK);
}

static void check_filters(struct mqc__subscriptions *set, const char *const *expected)
{
    size_t count = 0;
    const char *const *filters = mqc__subscriptions_filters(set, &count);
    size_t expected_count = 0;
    while (expected[expected_count] != NULL)
        expected_count++;
    CHECK_UNSIGNED(count, expected_count);
    for (size_t i = 0; i < count && i < expected_count; i++)
        CHECK_TEXT(filters[i], expected[i]);
    CHECK((filters == NULL) == (expected_count == 0));
}

static void test_filter_of_one_subscription_is_the_contract_form(void)
{
    static const struct {
        const char *text;
        enum mqc_match match;
        const char *filter;
    } cases[] = {
        {"a/b/", MQC_MATCH_PREFIX, EVENT "a/b/#"},
        {"a/b/wor", MQC_MATCH_PREFIX, EVENT "a/b/#"},
        {"wor", MQC_MATCH_PREFIX, EVENT "#"},
        {"", MQC_MATCH_PREFIX, EVENT "#"},
        {"/lead", MQC_MATCH_PREFIX, EVENT "/#"},
        {"/", MQC_MATCH_PREFIX, EVENT "/#"},
        {"//", MQC_MATCH_PREFIX, EVENT "//#"},
        {"+#%/\xc3\xa9/x", MQC_MATCH_PREFIX, EVENT "%2B%23%25/%C3%A9/#"},
        {"$SYS/", MQC_MATCH_PREFIX, EVENT "$SYS/#"},
        {"zeek/cluster/worker", MQC_MATCH_LEVEL, EVENT "zeek/cluster/worker/#"},
        {"zeek/cluster/worker/", MQC_MATCH_LEVEL, EVENT "zeek/cluster/worker/#"},
        {"", MQC_MATCH_LEVEL, EVENT "#"},
        {"/", MQC_MATCH_LEVEL, EVENT "/#"},
        {"a//", MQC_MATCH_LEVEL, EVENT "a//#"},
        {"+", MQC_MATCH_LEVEL, EVENT "%2B/#"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mqc__subscriptions *set = new_set();
        add(set, cases[i].text, cases[i].match);
        check_filters(set, (const char *const[]){cases[i].filter, NULL});
        mqc__subscriptions_free(&set);
        CHECK(set == NULL);
    }
}

static void test_filters_are_the_smallest_covering_set(void)
{
    struct mqc__subscriptions *set = new_set();
    check_filters(set, (const char *const[]){NULL});
    add(set, "a/b/c", MQC_MATCH_LEVEL);
    add(set, "a/b/x", MQC_MATCH_PREFIX);
    /* ' ' and '!' sort before '#'. */
    add(set, "a/b/!/x/", MQC_MATCH_PREFIX);
    add(set, "a/b /", MQC_MATCH_PREFIX);
    add(set, "a/bb/", MQC_MATCH_PREFIX);
    add(set, "z", MQC_MATCH_LEVEL);
    check_filters(set, (const char *const[]){EVENT "a/b /#", EVENT "a/b/#", EVENT "a/bb/#",
                                             EVENT "z/#", NULL});
    add(set, "a/b", MQC_MATCH_PREFIX);
    check_filters(set, (const char *const[]){EVENT "a/#", EVENT "z/#", NULL});
    add(set, "", MQC_MATCH_PREFIX);
    check_filters(set, (const char *const[]){EVENT "#", NULL});
    CHECK_INT(mqc__subscriptions_remove(set, mqc_view_text(""), MQC_MATCH_PREFIX), MQC_OK);
    CHECK_INT(mqc__subscriptions_remove(set, mqc_view_text("a/b"), MQC_MATCH_PREFIX), MQC_OK);
    check_filters(set, (const char *const[]){EVENT "a/b /#", EVENT "a/b/#", EVENT "a/bb/#",
                                             EVENT "z/#", NULL});
    mqc__subscriptions_free(&set);
}

static void test_remove_takes_exactly_one(void)
{
    struct mqc__subscriptions *set = new_set();
    add(set, "a/b", MQC_MATCH_PREFIX);
    add(set, "a/b", MQC_MATCH_PREFIX);
    add(set, "a/b", MQC_MATCH_LEVEL);
    add(set, "a/b/", MQC_MATCH_LEVEL);
    add(set, "a/", MQC_MATCH_PREFIX);
    CHECK_UNSIGNED(mqc__subscriptions_count(set), 4);
    CHECK_INT(mqc__subscriptions_remove(set, mqc_view_text("a"), MQC_MATCH_PREFIX), MQC_ENOTFOUND);
    CHECK_INT(mqc__subscriptions_remove(set, mqc_view_text("a/"), MQC_MATCH_LEVEL), MQC_ENOTFOUND);
    CHECK_INT(mqc__subscriptions_remove(set, mqc_view_text("a/"), MQC_MATCH_PREFIX), MQC_OK);
    CHECK(!mqc__subscriptions_match(set, mqc_view_text("a/x")));
    CHECK(mqc__subscriptions_match(set, mqc_view_text("a/bc")));
    CHECK_INT(mqc__subscriptions_remove(set, mqc_view_text("a/b"), MQC_MATCH_PREFIX), MQC_OK);
    CHECK_INT(mqc__subscriptions_remove(set, mqc_view_text("a/b"), MQC_MATCH_PREFIX),
              MQC_ENOTFOUND);
    CHECK(!mqc__subscriptions_match(set, mqc_view_text("a/bc")));
    CHECK(mqc__subscriptions_match(set, mqc_view_text("a/b/c")));
    CHECK_INT(mqc__subscriptions_remove(set, mqc_view_text("a/b"), MQC_MATCH_LEVEL), MQC_OK);
    CHECK(mqc__subscriptions_match(set, mqc_view_text("a/b/c")));
    CHECK_INT(mqc__subscriptions_remove(set, mqc_view_text("a/b/"), MQC_MATCH_LEVEL), MQC_OK);
    CHECK(!mqc__subscriptions_match(set, mqc_view_text("a/b/c")));
    CHECK_UNSIGNED(mqc__subscriptions_count(set), 0);
    mqc__subscriptions_free(&set);
}

static void test_referenced_goes_with_the_last_user(void)
{
    struct mqc__subscriptions *set = new_set();
    const struct mqc_view text = mqc_view_text("a/b");
    CHECK_INT(mqc__subscriptions_unref(set, text, MQC_MATCH_PREFIX), MQC_ENOTFOUND);
    for (int i = 0; i < 3; i++)
        CHECK_INT(mqc__subscriptions_ref(set, text, MQC_MATCH_PREFIX, NULL), MQC_OK);
    CHECK_UNSIGNED(mqc__subscriptions_count(set), 1);
    CHECK_INT(mqc__subscriptions_unref(set, text, MQC_MATCH_LEVEL), MQC_ENOTFOUND);
    for (int i = 0; i < 3; i++) {
        CHECK(mqc__subscriptions_match(set, mqc_view_text("a/bc")));
        CHECK_INT(mqc__subscriptions_unref(set, text, MQC_MATCH_PREFIX), MQC_OK);
    }
    CHECK(!mqc__subscriptions_match(set, mqc_view_text("a/bc")));
    CHECK_INT(mqc__subscriptions_unref(set, text, MQC_MATCH_PREFIX), MQC_ENOTFOUND);
    check_filters(set, (const char *const[]){NULL});
    mqc__subscriptions_free(&set);
}

static void test_filter_over_a_limit_is_refused(void)
{
    struct mqc__subscriptions *set = new_set();
    struct mqc_error_info info = {.code = MQC_OK};
    char *text = malloc(70000);
    if (text == NULL)
        abort();
    memset(text, 'x', 70000);
    /* Cut behind its last '/', a long prefix has a short filter. */
    CHECK_INT(mqc__subscriptions_add(set, mqc_view_bytes(text, 70000), MQC_MATCH_PREFIX, &info),
              MQC_OK);
    CHECK_INT(mqc__subscriptions_add(set, mqc_view_bytes(text, 70000), MQC_MATCH_LEVEL, &info),
              MQC_ETOPIC);
    CHECK_CONTAINS(info.text, "filter would be 70020 bytes long");
    CHECK_INT(mqc__subscriptions_add(set, mqc_view_bytes(text, 65515), MQC_MATCH_LEVEL, &info),
              MQC_OK);
    CHECK_INT(mqc__subscriptions_add(set, mqc_view_bytes(text, 65516), MQC_MATCH_LEVEL, &info),
              MQC_ETOPIC);
    memset(text, '/', 70000);
    /* mqcluster, c and event, 196 empty levels, '#'. */
    CHECK_INT(mqc__subscriptions_add(set, mqc_view_bytes(text, 196), MQC_MATCH_PREFIX, &info),
              MQC_OK);
    CHECK_INT(mqc__subscriptions_add(set, mqc_view_bytes(text, 197), MQC_MATCH_PREFIX, &info),
              MQC_ETOPIC);
    CHECK_CONTAINS(info.text, "201 levels");
    CHECK_UNSIGNED(mqc__subscriptions_count(set), 3);
    free(text);
    mqc__subscriptions_free(&set);
}

/* A text over an alphabet in which everything that could go wrong is frequent. */
struct random_text {
    char bytes[8];
    size_t size;
};

static struct mqc_view view_of(const struct random_text *text)
{
    return mqc_view_bytes(text->bytes, text->size);
}

static struct random_text random_text(struct test_random *random)
{
    static const char alphabet[] = "aab///+#$%\xc3\0 ";
    struct random_text text = {.size = test_random_below(random, sizeof text.bytes + 1)};
    for (size_t i = 0; i < text.size; i++)
        text.bytes[i] = alphabet[test_random_below(random, sizeof alphabet - 1)];
    return text;
}

#define SUBSCRIPTIONS 6

struct round {
    struct mqc__subscriptions *set;
    struct random_text texts[SUBSCRIPTIONS];
    enum mqc_match matches[SUBSCRIPTIONS];
    size_t count;
};

static struct round new_round(struct test_random *random)
{
    struct round round = {.set = new_set()};
    round.count = test_random_below(random, SUBSCRIPTIONS + 1);
    for (size_t i = 0; i < round.count; i++) {
        round.texts[i] = random_text(random);
        round.matches[i] = (enum mqc_match)test_random_below(random, 2);
        CHECK_INT(
            mqc__subscriptions_add(round.set, view_of(&round.texts[i]), round.matches[i], NULL),
            MQC_OK);
    }
    return round;
}

static bool naive_match(const struct round *round, struct mqc_view topic)
{
    for (size_t i = 0; i < round->count; i++)
        if (mqc__match(view_of(&round->texts[i]), round->matches[i], topic))
            return true;
    return false;
}

static bool any_filter_matches(const char *const *filters, size_t count, struct mqc_view topic)
{
    struct mqc__buffer buffer;
    mqc__buffer_init(&buffer, 1000);
    CHECK_INT(mqc__topic_event(ROOT, topic, &buffer, NULL), MQC_OK);
    bool is_match = false;
    for (size_t i = 0; i < count; i++)
        is_match = is_match || mqc__filter_match(filters[i], mqc__buffer_view(&buffer));
    mqc__buffer_fini(&buffer);
    return is_match;
}

/* A topic of its own, or one that begins as a subscription does. */
static struct random_text random_topic(struct test_random *random, const struct round *round)
{
    struct random_text topic = random_text(random);
    if (round->count == 0 || test_random_below(random, 3) == 0)
        return topic;
    const struct random_text *begin = &round->texts[test_random_below(random, round->count)];
    memcpy(topic.bytes, begin->bytes, begin->size);
    if (topic.size < begin->size)
        topic.size = begin->size;
    return topic;
}

static void test_set_agrees_with_naive_matcher(void)
{
    struct test_random random = {.state = 1};
    unsigned matched = 0;
    for (int i = 0; i < 2000; i++) {
        struct round round = new_round(&random);
        size_t count = 0;
        const char *const *filters = mqc__subscriptions_filters(round.set, &count);
        for (int k = 0; k < 20; k++) {
            const struct random_text text = random_topic(&random, &round);
            const bool expected = naive_match(&round, view_of(&text));
            matched += expected ? 1 : 0;
            REQUIRE(mqc__subscriptions_match(round.set, view_of(&text)) == expected);
            REQUIRE(!expected || any_filter_matches(filters, count, view_of(&text)));
        }
        mqc__subscriptions_free(&round.set);
    }
    CHECK(matched > 5000 && matched < 35000);
}

static void test_filters_are_minimal_and_sorted(void)
{
    struct test_random random = {.state = 2};
    for (int i = 0; i < 2000; i++) {
        struct round round = new_round(&random);
        size_t count = 0;
        const char *const *filters = mqc__subscriptions_filters(round.set, &count);
        CHECK((count == 0) == (round.count == 0));
        for (size_t a = 0; a < count; a++) {
            CHECK(a == 0 || strcmp(filters[a - 1], filters[a]) < 0);
            for (size_t b = 0; b < count; b++)
                REQUIRE(a == b || !mqc__filter_covers(filters[a], filters[b]));
        }
        mqc__subscriptions_free(&round.set);
    }
}

/* With one LEVEL subscription there is nothing to drop on arrival. */
static void test_level_match_agrees_with_its_filter(void)
{
    struct test_random random = {.state = 3};
    for (int i = 0; i < 10000; i++) {
        struct round round = {.set = new_set(), .count = 1, .matches = {MQC_MATCH_LEVEL}};
        round.texts[0] = random_text(&random);
        const struct random_text topic = random_topic(&random, &round);
        CHECK_INT(
            mqc__subscriptions_add(round.set, view_of(&round.texts[0]), MQC_MATCH_LEVEL, NULL),
            MQC_OK);
        size_t count = 0;
        const char *const *filters = mqc__subscriptions_filters(round.set, &count);
        REQUIRE(any_filter_matches(filters, count, view_of(&topic)) ==
                naive_match(&round, view_of(&topic)));
        mqc__subscriptions_free(&round.set);
    }
}

static void test_add_and_remove_in_any_order_leave_nothing(void)
{
    struct test_random random = {.state = 4};
    for (int i = 0; i < 500; i++) {
        struct round round = new_round(&random);
        while (round.count != 0) {
            const size_t victim = test_random_below(&random, round.count);
            const struct random_text gone = round.texts[victim];
            const enum mqc_match match = round.matches[victim];
            size_t kept = 0;
            for (size_t k = 0; k < round.count; k++) {
                if (round.matches[k] == match &&
                    mqc_view_equal(view_of(&round.texts[k]), view_of(&gone)))
                    continue;
                round.texts[kept] = round.texts[k];
                round.matches[kept++] = round.matches[k];
            }
            round.count = kept;
            CHECK_INT(mqc__subscriptions_remove(round.set, view_of(&gone), match), MQC_OK);
            const struct random_text topic = random_topic(&random, &round);
            REQUIRE(mqc__subscriptions_match(round.set, view_of(&topic)) ==
                    naive_match(&round, view_of(&topic)));
        }
        CHECK_UNSIGNED(mqc__subscriptions_count(round.set), 0);
        mqc__subscriptions_free(&round.set);
    }
}

static void test_thousands_of_subscriptions_match(void)
{
    struct mqc__subscriptions *set = new_set();
    char text[40];
    for (unsigned i = 0; i < 5000; i++) {
        (void)snprintf(text, sizeof text, "zeek/cluster/node/worker-%u", i * 2);
        add(set, text, i % 2 == 0 ? MQC_MATCH_LEVEL : MQC_MATCH_PREFIX);
    }
    CHECK_UNSIGNED(mqc__subscriptions_count(set), 5000);
    size_t count = 0;
    CHECK(mqc__subscriptions_filters(set, &count) != NULL);
    CHECK_UNSIGNED(count, 1);
    for (unsigned i = 0; i < 10000; i += 4) {
        (void)snprintf(text, sizeof text, "zeek/cluster/node/worker-%u/x", i);
        CHECK(mqc__subscriptions_match(set, mqc_view_text(text)));
        (void)snprintf(text, sizeof text, "zeek/cluster/node/worker_%u", i);
        CHECK(!mqc__subscriptions_match(set, mqc_view_text(text)));
    }
    mqc__subscriptions_free(&set);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"filter_of_one_subscription_is_the_contract_form",
         test_filter_of_one_subscription_is_the_contract_form},
        {"filters_are_the_smallest_covering_set", test_filters_are_the_smallest_covering_set},
        {"remove_takes_exactly_one", test_remove_takes_exactly_one},
        {"referenced_goes_with_the_last_user", test_referenced_goes_with_the_last_user},
        {"filter_over_a_limit_is_refused", test_filter_over_a_limit_is_refused},
        {"set_agrees_with_naive_matcher", test_set_agrees_with_naive_matcher},
        {"filters_are_minimal_and_sorted", test_filters_are_minimal_and_sorted},
        {"level_match_agrees_with_its_filter", test_level_match_agrees_with_its_filter},
        {"add_and_remove_in_any_order_leave_nothing",
         test_add_and_remove_in_any_order_leave_nothing},
        {"thousands_of_subscriptions_match", test_thousands_of_subscriptions_match},
        CU_TEST_INFO_NULL,
    };
    return suite_run("topic.subscriptions", tests);
}
