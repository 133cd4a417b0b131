/* Every allocation may fail: then nothing changed. */
#include "support/failing_malloc.h"
#include "support/suite.h"
#include "test_layout.h"

#include "cluster/key.h"
#include "value/text.h"

#include <stdlib.h>

static struct mqc__pools *new_pools(void)
{
    const struct mqc__pools_options options = {.self = mqc_view_text("manager"), .keys_max = 2};
    return mqc__pools_new(&options);
}

/* Makes pools and assigns a layout, up to the first error. */
static enum mqc_error set_up(const struct test_layout *layout, struct mqc__pools **pools_out)
{
    const struct mqc__layout view = test_layout_view(layout);
    struct mqc_error_info info = {.code = MQC_OK};
    *pools_out = new_pools();
    if (*pools_out == NULL)
        return MQC_ENOMEM;
    enum mqc_error error = mqc__pools_register_builtin(*pools_out, &info);
    CHECK_INT(error, info.code);
    if (error == MQC_OK)
        error = mqc__pools_assign(*pools_out, &view, &info);
    CHECK_INT(error, info.code);
    return error;
}

static void test_memory_set_up_fails_at_each_allocation(void)
{
    static struct test_layout layout;
    size_t failures = 0;
    test_layout_add_many(&layout, MQC__NODE_WORKER, 200);
    for (;; failures++) {
        struct mqc__pools *pools = NULL;
        fail_allocation(failures + 1);
        const enum mqc_error error = set_up(&layout, &pools);
        const bool has_failed = allocation_has_failed();
        CHECK_INT(error, has_failed ? MQC_ENOMEM : MQC_OK);
        mqc__pools_free(&pools);
        if (!has_failed)
            break;
    }
    fail_allocation(0);
    CHECK(failures > 10);
}

static void test_memory_assign_failing_leaves_all_as_it_was(void)
{
    static struct test_layout layout;
    static struct test_layout larger;
    test_layout_add_many(&layout, MQC__NODE_PROXY, 2);
    test_layout_add_many(&larger, MQC__NODE_PROXY, 300);
    const struct mqc__layout view = test_layout_view(&larger);
    struct mqc__pools *pools = test_pools_new("manager", &layout);
    const struct mqc__pool *pool = test_pool(pools, MQC__NODE_PROXY);
    test_pools_all_up(pools, &layout);
    size_t failures = 0;
    fail_allocation(1);
    while (mqc__pools_assign(pools, &view, NULL) == MQC_ENOMEM) {
        CHECK_UNSIGNED(pool->node_count, 2);
        CHECK_UNSIGNED(pool->site_count, 2);
        CHECK_VIEW_TEXT(pool->nodes[1].topic, "zeek/cluster/node/proxy-2/");
        fail_allocation(++failures + 1);
    }
    fail_allocation(0);
    CHECK(failures > 1);
    CHECK_UNSIGNED(pool->node_count, 300);
    mqc__pools_free(&pools);
}

static void test_memory_rr_failing_leaves_the_turn(void)
{
    static struct test_layout layout;
    struct mqc__pools *pools = NULL;
    test_layout_add_many(&layout, MQC__NODE_PROXY, 3);
    REQUIRE(set_up(&layout, &pools) == MQC_OK);
    test_pools_all_up(pools, &layout);
    struct mqc__pool *pool = test_pool(pools, MQC__NODE_PROXY);
    const struct mqc__pool_node *node = NULL;
    CHECK_VIEW_TEXT(test_rr(pool, "a"), "proxy-1");
    CHECK_VIEW_TEXT(test_rr(pool, "b"), "proxy-1");
    size_t failures = 0;
    fail_allocation(1);
    while (mqc__pool_rr(pool, mqc_view_text("c"), &node) == MQC_ENOMEM) {
        CHECK(node == NULL);
        CHECK_UNSIGNED(mqc__map_count(&pool->positions), 2);
        fail_allocation(++failures + 1);
    }
    CHECK(failures > 1);
    CHECK(node == &pool->nodes[0]);
    /* A key that is known takes no memory. */
    fail_allocation(1);
    CHECK_VIEW_TEXT(test_rr(pool, "b"), "proxy-2");
    CHECK_VIEW_TEXT(test_rr(pool, "c"), "proxy-2");
    CHECK_UNSIGNED(allocation_count(), 0);
    fail_allocation(0);
    mqc__pools_free(&pools);
}

static void test_memory_up_down_and_choice_take_none(void)
{
    static struct test_layout layout;
    test_layout_add_many(&layout, MQC__NODE_PROXY, 20);
    struct mqc__pools *pools = test_pools_new("manager", &layout);
    fail_allocation(1);
    test_pools_all_up(pools, &layout);
    mqc__pools_node_down(pools, layout.nodes[3].name);
    CHECK(test_hrw(test_pool(pools, MQC__NODE_PROXY), "key").size != 0);
    CHECK_UNSIGNED(allocation_count(), 0);
    fail_allocation(0);
    mqc__pools_free(&pools);
}

static void test_memory_hash_of_a_scalar_takes_none(void)
{
    static const struct {
        const char *text;
        enum mqc_type type;
    } keys[] = {
        {"T", MQC_TYPE_BOOLEAN},
        {"1", MQC_TYPE_COUNT},
        {"-1", MQC_TYPE_INTEGER},
        {"1.5", MQC_TYPE_REAL},
        {"text", MQC_TYPE_STRING},
        {"2001:db8::1", MQC_TYPE_ADDRESS},
        {"10.0.0.0/8", MQC_TYPE_SUBNET},
        {"80/tcp", MQC_TYPE_PORT},
        {"2023-11-14T22:13:20", MQC_TYPE_TIMESTAMP},
        {"90s", MQC_TYPE_TIMESPAN},
    };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        struct mqc_value key;
        uint32_t hash = 0;
        REQUIRE(mqc__scalar_parse(keys[i].type, mqc_view_text(keys[i].text), &key));
        fail_allocation(1);
        CHECK_INT(mqc__key_hash(&key, NULL, &hash, NULL), MQC_OK);
        CHECK_UNSIGNED(allocation_count(), 0);
        fail_allocation(0);
    }
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"set_up_fails_at_each_allocation", test_memory_set_up_fails_at_each_allocation},
        {"assign_failing_leaves_all_as_it_was", test_memory_assign_failing_leaves_all_as_it_was},
        {"rr_failing_leaves_the_turn", test_memory_rr_failing_leaves_the_turn},
        {"up_down_and_choice_take_none", test_memory_up_down_and_choice_take_none},
        {"hash_of_a_scalar_takes_none", test_memory_hash_of_a_scalar_takes_none},
        CU_TEST_INFO_NULL,
    };
    return suite_run("cluster.memory", tests);
}
