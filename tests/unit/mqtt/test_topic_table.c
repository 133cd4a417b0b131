#include "mqtt/topic_table.h"

#include "support/suite.h"

#include <stdio.h>

static struct mqc__topic *use(struct mqc__topic_table *table, const char *text)
{
    struct mqc__topic *topic = mqc__topic_table_use(table, mqc_view_text(text));
    REQUIRE(topic != NULL);
    return topic;
}

static void test_table_use_same_text_gives_the_same_topic(void)
{
    struct mqc__topic_table table = {.idle_max = 10};
    struct mqc__topic *a = use(&table, "a");
    CHECK(use(&table, "b") != a);
    CHECK(use(&table, "a") == a);
    CHECK_UNSIGNED(a->user_count, 2);
    CHECK_UNSIGNED(a->next_sequence, 1);
    CHECK(a->starts_count);
    mqc__topic_table_leave(&table, a);
    mqc__topic_table_leave(&table, a);
    mqc__topic_table_leave(&table, use(&table, "b"));
    mqc__topic_table_leave(&table, use(&table, "b"));
    CHECK_UNSIGNED(table.idle_count, 1);
    mqc__topic_table_leave(&table, use(&table, "a"));
    struct mqc__topic *b = use(&table, "b");
    mqc__topic_table_leave(&table, b);
    mqc__topic_table_leave(&table, b);
    CHECK_UNSIGNED(table.idle_count, 2);
    mqc__topic_table_fini(&table);
    CHECK(table.topics == NULL);
}

static void test_table_idle_topic_keeps_its_counter(void)
{
    struct mqc__topic_table table = {.idle_max = 10};
    struct mqc__topic *a = use(&table, "a");
    a->next_sequence = 50;
    a->starts_count = false;
    mqc__topic_table_leave(&table, a);
    a = use(&table, "a");
    CHECK_UNSIGNED(a->next_sequence, 50);
    CHECK(!a->starts_count);
    mqc__topic_table_leave(&table, a);
    mqc__topic_table_fini(&table);
}

static void test_table_forgets_the_least_recently_used_and_never_counts_back(void)
{
    struct mqc__topic_table table = {.idle_max = 2};
    static const char *const names[] = {"a", "b", "c"};
    for (size_t i = 0; i < 3; i++) {
        struct mqc__topic *topic = use(&table, names[i]);
        topic->next_sequence = 100 - i * 10;
        topic->starts_count = false;
        mqc__topic_table_leave(&table, topic);
    }
    CHECK_UNSIGNED(table.idle_count, 2);
    CHECK_UNSIGNED(table.forgotten_sequence, 99);
    struct mqc__topic *a = use(&table, "a");
    CHECK_UNSIGNED(a->next_sequence, 100);
    CHECK(a->starts_count);
    struct mqc__topic *b = use(&table, "b");
    CHECK_UNSIGNED(b->next_sequence, 90);
    mqc__topic_table_leave(&table, a);
    mqc__topic_table_leave(&table, b);
    mqc__topic_table_fini(&table);
}

static void test_table_used_topics_are_never_forgotten(void)
{
    struct mqc__topic_table table = {.idle_max = 1};
    struct mqc__topic *topics[100];
    for (int i = 0; i < 100; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "t%d", i);
        topics[i] = use(&table, name);
    }
    CHECK_UNSIGNED(HASH_COUNT(table.topics), 100);
    for (int i = 0; i < 100; i++)
        mqc__topic_table_leave(&table, topics[i]);
    CHECK_UNSIGNED(HASH_COUNT(table.topics), 1);
    mqc__topic_table_fini(&table);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"use_same_text_gives_the_same_topic", test_table_use_same_text_gives_the_same_topic},
        {"idle_topic_keeps_its_counter", test_table_idle_topic_keeps_its_counter},
        {"forgets_the_least_recently_used_and_never_counts_back",
         test_table_forgets_the_least_recently_used_and_never_counts_back},
        {"used_topics_are_never_forgotten", test_table_used_topics_are_never_forgotten},
        CU_TEST_INFO_NULL,
    };
    return suite_run("mqtt.topic_table", tests);
}
