#include "support/suite.h"
#include "topic/subscriptions.h"

#include <stdio.h>

static void test_filter_match_follows_mqtt(void)
{
    /* The first rows are the examples of MQTT 4.7.1 and 4.7.2. */
    static const struct {
        const char *filter;
        const char *topic;
        bool expected;
    } cases[] = {
        {"sport/tennis/player1/#", "sport/tennis/player1", true},
        {"sport/tennis/player1/#", "sport/tennis/player1/ranking", true},
        {"sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true},
        {"sport/tennis/player1/#", "sport/tennis/player10", false},
        {"sport/#", "sport", true},
        {"#", "sport", true},
        {"#", "", true},
        {"#", "/", true},
        {"sport/tennis/+", "sport/tennis/player1", true},
        {"sport/tennis/+", "sport/tennis/player1/ranking", false},
        {"sport/+", "sport", false},
        {"sport/+", "sport/", true},
        {"+/+", "/finance", true},
        {"/+", "/finance", true},
        {"+", "/finance", false},
        {"+/tennis/#", "sport/tennis", true},
        {"+/tennis/#", "sport/golf/x", false},
        {"#", "$SYS/monitor/Clients", false},
        {"+/monitor/Clients", "$SYS/monitor/Clients", false},
        {"$SYS/#", "$SYS/monitor/Clients", true},
        {"$SYS/monitor/+", "$SYS/monitor/Clients", true},
        {"a/+/c", "a/$b/c", true},
        {"a/b", "a/b", true},
        {"a/b", "a/b/", false},
        {"a/b/", "a/b", false},
        {"a/b", "a/bc", false},
        {"a//#", "a/", true},
        {"a//#", "a", false},
        {"a//#", "a//x", true},
        {"a/+b", "a/xb", false},
        {"a/+b", "a/+b", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (!CHECK(mqc__filter_match(cases[i].filter, mqc_view_text(cases[i].topic)) ==
                   cases[i].expected))
            (void)printf("  %s against %s\n", cases[i].filter, cases[i].topic);
}

static void test_filter_covers_known_pairs(void)
{
    static const struct {
        const char *a;
        const char *b;
        bool expected;
    } cases[] = {
        {"#", "a/b/#", true},       {"#", "#", true},           {"a/#", "a", true},
        {"a/#", "a/+/b", true},     {"a/#", "a/#", true},       {"a/#", "a/b/#", true},
        {"a/b/#", "a/#", false},    {"a/+", "a/b", true},       {"a/+", "a/#", false},
        {"a/b", "a/+", false},      {"+/#", "#", true},         {"#", "+/#", true},
        {"+", "#", false},          {"+/+/#", "#", false},      {"#", "$SYS/#", false},
        {"+/a", "$SYS/a", false},   {"$SYS/#", "$SYS/a", true}, {"$SYS/#", "#", false},
        {"a/b/#", "a/bc/#", false}, {"a/+/#", "a/#", false},    {"a/+/#", "a/b/#", true},
        {"a//#", "a/#", false},     {"a/#", "a//#", true},      {"a", "a/#", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (!CHECK(mqc__filter_covers(cases[i].a, cases[i].b) == cases[i].expected))
            (void)printf("  %s covers %s\n", cases[i].a, cases[i].b);
}

#define TEXTS_MAX 512

struct texts {
    char items[TEXTS_MAX][16];
    size_t count;
};

/* Adds every text of one to `levels` levels, each one of `names`. */
static void add_texts(struct texts *texts, const char *const *names, size_t name_count,
                      unsigned levels)
{
    size_t from = 0;
    for (size_t n = 0; n < name_count; n++)
        (void)snprintf(texts->items[texts->count++], 16, "%s", names[n]);
    for (unsigned level = 1; level < levels; level++) {
        const size_t to = texts->count;
        for (; from < to; from++) {
            char upper[16];
            memcpy(upper, texts->items[from], sizeof upper);
            for (size_t n = 0; n < name_count; n++)
                (void)snprintf(texts->items[texts->count++], 16, "%.12s/%.2s", upper, names[n]);
        }
    }
}

/* '#' stands only at the end. */
static bool is_filter(const char *text)
{
    const char *wildcard = strchr(text, '#');
    return wildcard == NULL || wildcard[1] == '\0';
}

/* Every topic that b matches, one by one; topics with one level more and one name more than the
 * filters have show every difference that there can be. */
static bool covers_by_trial(const struct texts *topics, const char *a, const char *b)
{
    for (size_t t = 0; t < topics->count; t++) {
        const struct mqc_view topic = mqc_view_text(topics->items[t]);
        if (mqc__filter_match(b, topic) && !mqc__filter_match(a, topic))
            return false;
    }
    return true;
}

static void test_filter_covers_agrees_with_trial_of_all_topics(void)
{
    static const char *const topic_names[] = {"x", "", "$", "y"};
    static const char *const filter_names[] = {"x", "", "$", "+", "#"};
    static struct texts topics;
    static struct texts filters;
    add_texts(&topics, topic_names, 4, 4);
    add_texts(&filters, filter_names, 5, 3);
    unsigned covering = 0;
    for (size_t a = 0; a < filters.count; a++) {
        for (size_t b = 0; b < filters.count; b++) {
            if (!is_filter(filters.items[a]) || !is_filter(filters.items[b]))
                continue;
            const bool covers = mqc__filter_covers(filters.items[a], filters.items[b]);
            covering += covers ? 1 : 0;
            if (!CHECK(covers == covers_by_trial(&topics, filters.items[a], filters.items[b])))
                (void)printf("  %s covers %s\n", filters.items[a], filters.items[b]);
        }
    }
    CHECK(covering > 500);
}

static void test_match_applies_both_rules(void)
{
    static const struct {
        const char *text;
        const char *topic;
        bool by_prefix;
        bool by_level;
    } cases[] = {
        {"", "", true, true},
        {"", "a/b", true, true},
        {"a", "a", true, true},
        {"a", "a/", true, true},
        {"a", "a/b", true, true},
        {"a", "ab", true, false},
        {"a/", "a", false, true},
        {"a/", "a/b", true, true},
        {"a/b", "a/bc", true, false},
        {"a/b", "a", false, false},
        {"a/b/wor", "a/b/worker", true, false},
        {"/", "", false, true},
        {"/", "/x", true, true},
        {"/", "x", false, false},
        {"//", "/", false, true},
        {"//", "//x", true, true},
        {"//", "/x", false, false},
        {"a//", "a/", false, true},
        {"a//", "a", false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct mqc_view text = mqc_view_text(cases[i].text);
        const struct mqc_view topic = mqc_view_text(cases[i].topic);
        if (!CHECK(mqc__match(text, MQC_MATCH_PREFIX, topic) == cases[i].by_prefix) ||
            !CHECK(mqc__match(text, MQC_MATCH_LEVEL, topic) == cases[i].by_level))
            (void)printf("  \"%s\" against \"%s\"\n", cases[i].text, cases[i].topic);
    }
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"filter_match_follows_mqtt", test_filter_match_follows_mqtt},
        {"filter_covers_known_pairs", test_filter_covers_known_pairs},
        {"filter_covers_agrees_with_trial_of_all_topics",
         test_filter_covers_agrees_with_trial_of_all_topics},
        {"match_applies_both_rules", test_match_applies_both_rules},
        CU_TEST_INFO_NULL,
    };
    return suite_run("topic.filter", tests);
}
