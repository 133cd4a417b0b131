/* Which nodes each pool gets, also against a second, naive implementation. */
#include "support/suite.h"
#include "test_layout.h"

#include <stdio.h>

#define POOLS_MAX 5
#define NODES_MAX 16

static const enum mqc__node_type pool_types[] = {MQC__NODE_WORKER, MQC__NODE_PROXY,
                                                 MQC__NODE_LOGGER};

/* What the naive implementation says: the nodes of each pool, or that there are too few. */
struct expectation {
    const struct mqc__layout_node *nodes[POOLS_MAX][NODES_MAX];
    size_t node_count[POOLS_MAX];
    bool is_refused;
};

/* Returns the first node of a type behind a name, or NULL. Names are NUL-terminated here. */
static const struct mqc__layout_node *next_by_name(const struct mqc__layout *layout,
                                                   enum mqc__node_type type, const char *behind)
{
    const struct mqc__layout_node *found = NULL;
    for (size_t i = 0; i < layout->count; i++) {
        const struct mqc__layout_node *node = &layout->nodes[i];
        if (node->type == type && strcmp(node->name.data, behind) > 0 &&
            (found == NULL || strcmp(node->name.data, found->name.data) < 0))
            found = node;
    }
    return found;
}

static size_t list_by_name(const struct mqc__layout *layout, enum mqc__node_type type,
                           const struct mqc__layout_node *list_out[NODES_MAX])
{
    size_t count = 0;
    const char *behind = "";
    for (;;) {
        const struct mqc__layout_node *node = next_by_name(layout, type, behind);
        if (node == NULL)
            break;
        list_out[count++] = node;
        behind = node->name.data;
    }
    const struct mqc__layout_node *manager = next_by_name(layout, MQC__NODE_MANAGER, "");
    if (type == MQC__NODE_LOGGER && layout->manager_is_logger && manager != NULL)
        list_out[count++] = manager;
    return count;
}

/* The pools of one type, one node at a time. */
static void expect_type(const struct mqc__layout *layout, enum mqc__node_type type,
                        const struct mqc__pool_spec *specs, size_t spec_count,
                        struct expectation *expected)
{
    const struct mqc__layout_node *list[NODES_MAX];
    const size_t count = list_by_name(layout, type, list);
    size_t taken = 0;
    for (size_t p = 0; p < spec_count; p++)
        for (size_t i = 0; specs[p].node_type == type && specs[p].is_exclusive; i++) {
            if (i == specs[p].max_nodes)
                break;
            if (taken == count) {
                expected->is_refused = true;
                return;
            }
            expected->nodes[p][expected->node_count[p]++] = list[taken++];
        }
    size_t turn = 0;
    for (size_t p = 0; p < spec_count; p++) {
        if (specs[p].node_type != type || specs[p].is_exclusive)
            continue;
        for (size_t i = 0; i < count - taken; i++) {
            if (specs[p].has_max_nodes && i == specs[p].max_nodes)
                break;
            expected->nodes[p][expected->node_count[p]++] = list[taken + turn % (count - taken)];
            turn++;
        }
    }
}

static bool is_as_expected(const struct mqc__assignment *assignments, size_t count,
                           const struct expectation *expected)
{
    for (size_t p = 0; p < count; p++) {
        if (assignments[p].node_count != expected->node_count[p])
            return false;
        for (size_t i = 0; i < expected->node_count[p]; i++)
            if (assignments[p].nodes[i] != expected->nodes[p][i])
                return false;
    }
    return true;
}

/* Returns whether both implementations agree. Resets the arena. */
static bool agrees(const struct mqc__layout *layout, const struct mqc__pool_spec *specs,
                   size_t count, struct mqc__arena *arena)
{
    struct mqc__assignment assignments[POOLS_MAX] = {{NULL, NULL, 0}};
    struct expectation expected = {.is_refused = false};
    for (size_t p = 0; p < count; p++)
        assignments[p].spec = &specs[p];
    for (size_t i = 0; i < sizeof pool_types / sizeof pool_types[0]; i++)
        expect_type(layout, pool_types[i], specs, count, &expected);
    const enum mqc_error error = mqc__assign(layout, assignments, count, arena, NULL);
    const bool is_same = expected.is_refused
                             ? error == MQC_ECONFIG
                             : error == MQC_OK && is_as_expected(assignments, count, &expected);
    mqc__arena_reset(arena);
    return is_same;
}

/* A specification by its number: type, then no limit, or limits of 0 to 3 nodes, shared or not. */
#define SPEC_COUNT ((uint64_t)27)

static struct mqc__pool_spec spec_of(uint64_t number)
{
    const unsigned limit = (unsigned)(number / 3);
    return (struct mqc__pool_spec){
        .node_type = pool_types[number % 3],
        .has_max_nodes = limit > 0,
        .max_nodes = limit > 0 ? (limit - 1) / 2 : 0,
        .is_exclusive = limit > 0 && limit % 2 == 0,
    };
}

/* A layout by its number, its nodes in no order. */
#define LAYOUT_COUNT ((uint64_t)5 * 3 * 3 * 3 * 2)

static void layout_of(uint64_t number, struct test_layout *layout)
{
    static const char *const workers[] = {"w-2", "w-10", "w-1", "w"};
    static const char *const others[][2] = {{"p-2", "p-1"}, {"l-2", "l-1"}, {"m-2", "m-1"}};
    static const enum mqc__node_type types[] = {MQC__NODE_PROXY, MQC__NODE_LOGGER,
                                                MQC__NODE_MANAGER};
    *layout = (struct test_layout){.count = 0};
    for (uint64_t i = 0; i < number % 5; i++)
        test_layout_add(layout, workers[i], MQC__NODE_WORKER);
    number /= 5;
    for (size_t t = 0; t < 3; t++) {
        for (uint64_t i = 0; i < number % 3; i++)
            test_layout_add(layout, others[t][i], types[t]);
        number /= 3;
    }
    test_layout_add(layout, "c-1", MQC__NODE_CONTROL);
    layout->manager_is_logger = number != 0;
}

static void test_assign_every_two_pools_agree_with_naive(void)
{
    static struct test_layout layout;
    struct mqc__arena arena;
    unsigned disagreements = 0;
    mqc__arena_init(&arena, 1 << 20);
    for (uint64_t l = 0; l < LAYOUT_COUNT; l++) {
        layout_of(l, &layout);
        const struct mqc__layout view = test_layout_view(&layout);
        for (uint64_t s = 0; s < SPEC_COUNT * SPEC_COUNT; s++) {
            const struct mqc__pool_spec specs[] = {spec_of(s % SPEC_COUNT),
                                                   spec_of(s / SPEC_COUNT)};
            disagreements += agrees(&view, specs, 2, &arena) ? 0 : 1;
        }
    }
    CHECK_UNSIGNED(disagreements, 0);
    mqc__arena_fini(&arena);
}

static void test_assign_many_pools_agree_with_naive(void)
{
    static struct test_layout layout;
    struct mqc__arena arena;
    struct test_random random = {20};
    unsigned disagreements = 0;
    mqc__arena_init(&arena, 1 << 20);
    for (unsigned round = 0; round < 20000; round++) {
        struct mqc__pool_spec specs[POOLS_MAX];
        const size_t count = (size_t)test_random_below(&random, POOLS_MAX + 1);
        for (size_t p = 0; p < count; p++)
            specs[p] = spec_of(test_random_below(&random, SPEC_COUNT));
        layout_of(test_random_below(&random, LAYOUT_COUNT), &layout);
        const struct mqc__layout view = test_layout_view(&layout);
        disagreements += agrees(&view, specs, count, &arena) ? 0 : 1;
    }
    CHECK_UNSIGNED(disagreements, 0);
    mqc__arena_fini(&arena);
}

static void test_spec_check_wrong_ones_in_zeeks_words(void)
{
    static const enum mqc__node_type wrong[] = {MQC__NODE_NONE, MQC__NODE_CONTROL,
                                                MQC__NODE_MANAGER};
    struct mqc_error_info info = {.text = ""};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char text[64];
        const struct mqc__pool_spec spec = {.node_type = wrong[i]};
        CHECK_INT(mqc__pool_spec_check(&spec, &info), MQC_ECONFIG);
        (void)snprintf(text, sizeof text, "invalid pool node type: %s",
                       mqc__node_type_name(wrong[i]));
        CHECK_TEXT(info.text, text);
    }
    const struct mqc__pool_spec exclusive = {.node_type = MQC__NODE_PROXY, .is_exclusive = true};
    CHECK_INT(mqc__pool_spec_check(&exclusive, &info), MQC_ECONFIG);
    CHECK_CONTAINS(info.text, "'max_nodes' field must be set when using the 'exclusive' flag");
    for (uint64_t s = 0; s < SPEC_COUNT; s++) {
        const struct mqc__pool_spec spec = spec_of(s);
        CHECK_INT(mqc__pool_spec_check(&spec, &info), MQC_OK);
    }
}

static void test_assign_too_few_nodes_in_zeeks_words(void)
{
    static struct test_layout layout;
    const struct mqc__pool_spec specs[] = {
        {.node_type = MQC__NODE_PROXY, .has_max_nodes = true, .max_nodes = 1, .is_exclusive = true},
        {.node_type = MQC__NODE_WORKER,
         .has_max_nodes = true,
         .max_nodes = UINT32_MAX,
         .is_exclusive = true},
        {.node_type = MQC__NODE_WORKER,
         .has_max_nodes = true,
         .max_nodes = UINT32_MAX,
         .is_exclusive = true},
    };
    struct mqc__assignment assignments[] = {
        {.spec = &specs[0]}, {.spec = &specs[1]}, {.spec = &specs[2]}};
    struct mqc_error_info info = {.text = ""};
    struct mqc__arena arena;
    mqc__arena_init(&arena, 1 << 20);
    test_layout_add_many(&layout, MQC__NODE_WORKER, 3);
    const struct mqc__layout view = test_layout_view(&layout);
    CHECK_INT(mqc__assign(&view, assignments, 1, &arena, &info), MQC_ECONFIG);
    CHECK_TEXT(info.text, "not enough proxy nodes to satisfy pool exclusivity requirements: need 1 "
                          "nodes");
    CHECK_INT(mqc__assign(&view, assignments, 3, &arena, &info), MQC_ECONFIG);
    CHECK_TEXT(info.text, "not enough worker nodes to satisfy pool exclusivity requirements: need "
                          "8589934590 nodes");
    mqc__arena_fini(&arena);
}

static void test_assign_name_twice_is_refused(void)
{
    static struct test_layout layout;
    struct mqc_error_info info = {.text = ""};
    struct mqc__arena arena;
    mqc__arena_init(&arena, 1 << 20);
    test_layout_add(&layout, "a", MQC__NODE_WORKER);
    test_layout_add(&layout, "b", MQC__NODE_WORKER);
    test_layout_add(&layout, "a", MQC__NODE_PROXY);
    const struct mqc__layout view = test_layout_view(&layout);
    CHECK_INT(mqc__assign(&view, NULL, 0, &arena, &info), MQC_EINVAL);
    CHECK_CONTAINS(info.text, "\"a\"");
    mqc__arena_fini(&arena);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"every_two_pools_agree_with_naive", test_assign_every_two_pools_agree_with_naive},
        {"many_pools_agree_with_naive", test_assign_many_pools_agree_with_naive},
        {"spec_check_wrong_ones_in_zeeks_words", test_spec_check_wrong_ones_in_zeeks_words},
        {"too_few_nodes_in_zeeks_words", test_assign_too_few_nodes_in_zeeks_words},
        {"name_twice_is_refused", test_assign_name_twice_is_refused},
        CU_TEST_INFO_NULL,
    };
    return suite_run("cluster.assign", tests);
}
