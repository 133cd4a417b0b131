#include "cluster/membership_table.h"
#include "support/suite.h"

#include <stdio.h>

#define NODES 60

/* The deadline that each node has by a plain list; -1: down, -2: not there. */
static int64_t plain[NODES];

static struct mqc__member *find(const struct mqc__member_table *table, size_t i)
{
    char name[20];
    (void)snprintf(name, sizeof name, "n%zu", i);
    return mqc__member_find(table, mqc_view_text(name));
}

static void add(struct mqc__member_table *table, size_t i)
{
    char name[20];
    (void)snprintf(name, sizeof name, "n%zu", i);
    struct mqc__member *member = mqc__member_add(table, mqc_view_text(name),
                                                 i % 2 != 0 ? MQC__NODE_PROXY : MQC__NODE_WORKER);
    REQUIRE(member != NULL);
    CHECK(!member->is_up);
    CHECK_VIEW_TEXT(mqc__member_name(member), name);
    plain[i] = -1;
}

static void change(struct mqc__member_table *table, size_t i, struct test_random *random)
{
    struct mqc__member *member = find(table, i);
    CHECK((member == NULL) == (plain[i] == -2));
    if (member == NULL) {
        add(table, i);
        return;
    }
    const uint64_t what = test_random_below(random, 4);
    if (!member->is_up && what == 0) {
        mqc__member_remove(table, member);
        plain[i] = -2;
    } else if (member->is_up && what <= 1) {
        mqc__member_set_down(table, member);
        plain[i] = -1;
    } else {
        plain[i] = (int64_t)test_random_below(random, 100);
        mqc__member_set_up(table, member, plain[i]);
    }
}

static void check_same(const struct mqc__member_table *table)
{
    size_t count = 0;
    size_t up[2] = {0, 0};
    int64_t first_ms = INT64_MAX;
    for (size_t i = 0; i < NODES; i++) {
        count += plain[i] != -2 ? 1 : 0;
        up[i % 2] += plain[i] >= 0 ? 1 : 0;
        if (plain[i] >= 0 && plain[i] < first_ms)
            first_ms = plain[i];
    }
    CHECK_UNSIGNED(table->count, count);
    CHECK_UNSIGNED(table->up_count, up[0] + up[1]);
    CHECK_UNSIGNED(table->up_by_type[MQC__NODE_WORKER], up[0]);
    CHECK_UNSIGNED(table->up_by_type[MQC__NODE_PROXY], up[1]);
    const struct mqc__member *first = mqc__member_first(table);
    CHECK((first == NULL) == (up[0] + up[1] == 0));
    CHECK(first == NULL || first->deadline_ms == first_ms);
    for (size_t i = 0; i < table->count; i++) {
        CHECK_UNSIGNED(table->items[i]->index, i);
        CHECK_INT(table->items[i]->is_up, i < table->up_count);
    }
    for (size_t i = 1; i < table->up_count; i++)
        CHECK(table->items[(i - 1) / 2]->deadline_ms <= table->items[i]->deadline_ms);
}

static void test_table_agrees_with_a_plain_list(void)
{
    for (uint64_t seed = 0; seed < 5; seed++) {
        struct mqc__member_table table = {.items = NULL};
        struct test_random random = {.state = seed};
        for (size_t i = 0; i < NODES; i++)
            plain[i] = -2;
        for (int round = 0; round < 2000; round++) {
            change(&table, test_random_below(&random, NODES), &random);
            check_same(&table);
        }
        mqc__member_table_fini(&table);
    }
}

static void test_table_gives_the_deadlines_in_order(void)
{
    struct mqc__member_table table = {.items = NULL};
    struct test_random random = {.state = 1};
    for (size_t i = 0; i < NODES; i++) {
        add(&table, i);
        mqc__member_set_up(&table, find(&table, i), (int64_t)test_random_below(&random, 1000));
    }
    int64_t last_ms = 0;
    for (size_t i = 0; i < NODES; i++) {
        struct mqc__member *first = mqc__member_first(&table);
        REQUIRE(first != NULL);
        CHECK(first->deadline_ms >= last_ms);
        last_ms = first->deadline_ms;
        mqc__member_set_down(&table, first);
    }
    CHECK(mqc__member_first(&table) == NULL);
    mqc__member_table_fini(&table);
}

static void test_table_longest_down_is_one_that_is_down(void)
{
    struct mqc__member_table table = {.items = NULL};
    CHECK(mqc__member_longest_down(&table) == NULL);
    for (size_t i = 0; i < 10; i++) {
        add(&table, i);
        struct mqc__member *member = find(&table, i);
        member->since_ms = 100 - (int64_t)i;
        if (i % 3 == 0)
            mqc__member_set_up(&table, member, 0);
    }
    CHECK(mqc__member_longest_down(&table) == find(&table, 8));
    for (size_t i = 0; i < 10; i++)
        mqc__member_set_up(&table, find(&table, i), 0);
    CHECK(mqc__member_longest_down(&table) == NULL);
    mqc__member_table_fini(&table);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"agrees_with_a_plain_list", test_table_agrees_with_a_plain_list},
        {"gives_the_deadlines_in_order", test_table_gives_the_deadlines_in_order},
        {"longest_down_is_one_that_is_down", test_table_longest_down_is_one_that_is_down},
        CU_TEST_INFO_NULL,
    };
    return suite_run("cluster.membership_table", tests);
}
