/* Which node of a pool is chosen. */
#include "support/suite.h"
#include "test_layout.h"

#include "cluster/hash.h"
#include "cluster/key.h"

#include <stdio.h>
#include <stdlib.h>

static void test_hrw_strings_as_zeek(void)
{
    static const char owners[] = "2121121211";
    struct mqc__pools *pools = test_pools_of(MQC__NODE_WORKER, 2);
    const struct mqc__pool *pool = test_pool(pools, MQC__NODE_WORKER);
    char key[] = "0";
    for (size_t i = 0; i < 10; i++, key[0]++) {
        char name[] = "worker-?";
        name[7] = owners[i];
        CHECK_VIEW_TEXT(test_hrw(pool, key), name);
    }
    mqc__pools_free(&pools);
    pools = test_pools_of(MQC__NODE_WORKER, 4);
    pool = test_pool(pools, MQC__NODE_WORKER);
    CHECK_VIEW_TEXT(test_hrw(pool, "alpha"), "worker-3");
    CHECK_VIEW_TEXT(test_hrw(pool, "beta"), "worker-1");
    CHECK_VIEW_TEXT(test_hrw(pool, "gamma"), "worker-2");
    CHECK_VIEW_TEXT(test_hrw(pool, "delta"), "worker-2");
    CHECK_VIEW_TEXT(test_hrw(pool, "zeek"), "worker-2");
    CHECK_VIEW_TEXT(test_hrw(pool, "mqtt"), "worker-1");
    mqc__pools_free(&pools);
}

static void test_hrw_counts_as_zeek(void)
{
    static const struct {
        uint64_t key;
        const char *owner;
    } cases[] = {
        {0, "proxy-2"},  {1, "proxy-1"},  {2, "proxy-2"},  {3, "proxy-2"},
        {13, "proxy-1"}, {37, "proxy-1"}, {42, "proxy-1"}, {101, "proxy-1"},
    };
    struct mqc__pools *pools = test_pools_of(MQC__NODE_PROXY, 2);
    const struct mqc__pool *pool = test_pool(pools, MQC__NODE_PROXY);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct mqc_value key = mqc_count(cases[i].key);
        uint32_t hash = 0;
        CHECK_INT(mqc__key_hash(&key, NULL, &hash, NULL), MQC_OK);
        CHECK_VIEW_TEXT(mqc__pool_hrw(pool, hash).node->name, cases[i].owner);
    }
    mqc__pools_free(&pools);
}

static void test_hrw_choice_says_all_about_the_node(void)
{
    struct mqc__pools *pools = test_pools_of(MQC__NODE_WORKER, 2);
    const struct mqc__pool_choice choice =
        mqc__pool_hrw(test_pool(pools, MQC__NODE_WORKER), mqc__fnv1a32(mqc_view_text("0")));
    REQUIRE(choice.node != NULL);
    CHECK_UNSIGNED(choice.weight, 1178273453);
    CHECK_VIEW_TEXT(choice.node->name, "worker-2");
    CHECK_VIEW_TEXT(choice.node->topic, "zeek/cluster/node/worker-2/");
    CHECK_UNSIGNED(choice.node->site_id, 0xbc8464ba);
    CHECK(choice.node->is_alive && !choice.node->is_self);
    mqc__pools_free(&pools);
}

/* The site ids of these two differ in the top bit alone, which weights do not contain. */
static void test_hrw_equal_weights_greater_site_id_wins(void)
{
    static struct test_layout layout;
    struct test_random random = {1};
    test_layout_add(&layout, "p9f4b9ad5", MQC__NODE_PROXY);
    test_layout_add(&layout, "pd7270b31", MQC__NODE_PROXY);
    struct mqc__pools *pools = test_pools_new("manager", &layout);
    test_pools_all_up(pools, &layout);
    const struct mqc__pool *pool = test_pool(pools, MQC__NODE_PROXY);
    REQUIRE(pool->node_count == 2);
    CHECK_UNSIGNED(pool->nodes[0].site_id, pool->nodes[1].site_id | UINT32_C(1) << 31);
    for (unsigned i = 0; i < 100; i++) {
        const uint32_t hash = (uint32_t)test_random_next(&random);
        CHECK(mqc__pool_hrw(pool, hash).node == &pool->nodes[0]);
        struct mqc__pool_choice ranks[2];
        mqc__pool_rank(pool, hash, ranks);
        CHECK(ranks[0].node == &pool->nodes[0] && ranks[1].node == &pool->nodes[1]);
        CHECK_UNSIGNED(ranks[0].weight, ranks[1].weight);
    }
    mqc__pools_free(&pools);
}

#define KEY_COUNT 2000

static void own_all(const struct mqc__pool *pool, const struct mqc__pool_node *owners_out[])
{
    struct test_random random = {99};
    for (size_t i = 0; i < KEY_COUNT; i++)
        owners_out[i] = mqc__pool_hrw(pool, (uint32_t)test_random_next(&random)).node;
}

static void test_hrw_only_keys_of_a_leaving_node_move(void)
{
    static const struct mqc__pool_node *before[KEY_COUNT];
    static const struct mqc__pool_node *after[KEY_COUNT];
    struct mqc__pools *pools = test_pools_of(MQC__NODE_WORKER, 12);
    const struct mqc__pool *pool = test_pool(pools, MQC__NODE_WORKER);
    own_all(pool, before);
    for (size_t n = 0; n < pool->node_count; n++) {
        const struct mqc__pool_node *leaving = &pool->nodes[n];
        size_t moved = 0;
        mqc__pools_node_down(pools, leaving->name);
        own_all(pool, after);
        for (size_t i = 0; i < KEY_COUNT; i++) {
            CHECK(after[i] != leaving);
            CHECK(before[i] == leaving || after[i] == before[i]);
            moved += before[i] != after[i] ? 1 : 0;
        }
        CHECK(moved > 0);
        /* It takes back what was its own, wherever its place in the table is now. */
        mqc__pools_node_up(pools, leaving->name);
        own_all(pool, after);
        CHECK(memcmp(before, after, sizeof before) == 0);
    }
    mqc__pools_free(&pools);
}

static void test_rank_is_the_order_of_owners_as_each_goes_down(void)
{
    struct mqc__pools *pools = test_pools_of(MQC__NODE_WORKER, 40);
    const struct mqc__pool *pool = test_pool(pools, MQC__NODE_WORKER);
    struct mqc__pool_choice ranks[40];
    const uint32_t hash = mqc__fnv1a32(mqc_view_text("some key"));
    mqc__pool_rank(pool, hash, ranks);
    for (size_t i = 0; i < 40; i++) {
        const struct mqc__pool_choice choice = mqc__pool_hrw(pool, hash);
        CHECK(choice.node == ranks[i].node);
        CHECK_UNSIGNED(choice.weight, ranks[i].weight);
        CHECK_UNSIGNED(choice.weight, mqc__hrw_weight(hash, choice.node->site_id));
        mqc__pools_node_down(pools, ranks[i].node->name);
    }
    CHECK(mqc__pool_hrw(pool, hash).node == NULL);
    struct mqc__pool_choice again[40];
    mqc__pool_rank(pool, hash, again);
    for (size_t i = 0; i < 40; i++)
        CHECK(again[i].node == ranks[i].node && again[i].weight == ranks[i].weight);
    mqc__pools_free(&pools);
}

static void test_rank_of_an_empty_pool_is_empty(void)
{
    struct mqc__pools *pools = test_pools_of(MQC__NODE_WORKER, 1);
    mqc__pool_rank(test_pool(pools, MQC__NODE_PROXY), 1, NULL);
    CHECK(mqc__pool_hrw(test_pool(pools, MQC__NODE_PROXY), 1).node == NULL);
    mqc__pools_free(&pools);
}

static void test_rr_keys_have_turns_of_their_own(void)
{
    struct mqc__pools *pools = test_pools_of(MQC__NODE_WORKER, 2);
    struct mqc__pool *pool = test_pool(pools, MQC__NODE_WORKER);
    CHECK_VIEW_TEXT(test_rr(pool, ""), "worker-1");
    CHECK_VIEW_TEXT(test_rr(pool, "a"), "worker-1");
    CHECK_VIEW_TEXT(test_rr(pool, "a"), "worker-2");
    CHECK_VIEW_TEXT(test_rr(pool, "a"), "worker-1");
    CHECK_VIEW_TEXT(test_rr(pool, ""), "worker-2");
    CHECK_VIEW_TEXT(test_rr(pool, "b"), "worker-1");
    mqc__pools_free(&pools);
}

static void test_rr_nobody_alive_leaves_the_turn(void)
{
    static struct test_layout layout;
    test_layout_add_many(&layout, MQC__NODE_PROXY, 3);
    struct mqc__pools *pools = test_pools_new("manager", &layout);
    struct mqc__pool *pool = test_pool(pools, MQC__NODE_PROXY);
    CHECK_VIEW_TEXT(test_rr(pool, "k"), "");
    test_pools_all_up(pools, &layout);
    CHECK_VIEW_TEXT(test_rr(pool, "k"), "proxy-1");
    for (size_t i = 0; i < 3; i++)
        mqc__pools_node_down(pools, layout.nodes[i].name);
    CHECK_VIEW_TEXT(test_rr(pool, "k"), "");
    test_pools_all_up(pools, &layout);
    CHECK_VIEW_TEXT(test_rr(pool, "k"), "proxy-2");
    CHECK_VIEW_TEXT(test_rr(test_pool(pools, MQC__NODE_WORKER), "k"), "");
    mqc__pools_free(&pools);
}

static void test_rr_skips_who_is_down(void)
{
    struct mqc__pools *pools = test_pools_of(MQC__NODE_PROXY, 4);
    struct mqc__pool *pool = test_pool(pools, MQC__NODE_PROXY);
    mqc__pools_node_down(pools, mqc_view_text("proxy-1"));
    mqc__pools_node_down(pools, mqc_view_text("proxy-3"));
    CHECK_VIEW_TEXT(test_rr(pool, "k"), "proxy-2");
    CHECK_VIEW_TEXT(test_rr(pool, "k"), "proxy-4");
    CHECK_VIEW_TEXT(test_rr(pool, "k"), "proxy-2");
    mqc__pools_node_up(pools, mqc_view_text("proxy-3"));
    CHECK_VIEW_TEXT(test_rr(pool, "k"), "proxy-3");
    mqc__pools_free(&pools);
}

/* Whoever is alive, each of them has had the same number of turns of every key after each round. */
static void test_rr_visits_who_is_alive_evenly(void)
{
    static const char *const keys[] = {"", "a", "another key"};
    struct test_random random = {3};
    for (unsigned round = 0; round < 200; round++) {
        unsigned turns[3][9] = {{0}};
        unsigned alive_count = 0;
        struct mqc__pools *pools = test_pools_of(MQC__NODE_PROXY, 9);
        struct mqc__pool *pool = test_pool(pools, MQC__NODE_PROXY);
        for (size_t n = 0; n < 9; n++) {
            if (test_random_below(&random, 2) != 0)
                mqc__pools_node_down(pools, pool->nodes[n].name);
            alive_count += pool->nodes[n].is_alive ? 1 : 0;
        }
        for (unsigned i = 0; i < 5 * alive_count; i++)
            for (size_t k = 0; k < 3; k++) {
                const struct mqc__pool_node *node = NULL;
                CHECK_INT(mqc__pool_rr(pool, mqc_view_text(keys[k]), &node), MQC_OK);
                turns[k][node - pool->nodes]++;
            }
        for (size_t k = 0; k < 3; k++)
            for (size_t n = 0; n < 9; n++)
                CHECK_UNSIGNED(turns[k][n], pool->nodes[n].is_alive ? 5 : 0);
        mqc__pools_free(&pools);
    }
}

static void test_rr_longest_unused_key_is_forgotten(void)
{
    static struct test_layout layout;
    const struct mqc__pools_options options = {.self = mqc_view_text("manager"), .keys_max = 3};
    struct mqc__pools *pools = mqc__pools_new(&options);
    REQUIRE(pools != NULL);
    test_layout_add_many(&layout, MQC__NODE_PROXY, 4);
    const struct mqc__layout view = test_layout_view(&layout);
    CHECK_INT(mqc__pools_register_builtin(pools, NULL), MQC_OK);
    CHECK_INT(mqc__pools_assign(pools, &view, NULL), MQC_OK);
    test_pools_all_up(pools, &layout);
    struct mqc__pool *pool = test_pool(pools, MQC__NODE_PROXY);
    CHECK_VIEW_TEXT(test_rr(pool, "a"), "proxy-1");
    CHECK_VIEW_TEXT(test_rr(pool, "b"), "proxy-1");
    CHECK_VIEW_TEXT(test_rr(pool, "c"), "proxy-1");
    CHECK_VIEW_TEXT(test_rr(pool, "a"), "proxy-2");
    CHECK_VIEW_TEXT(test_rr(pool, "d"), "proxy-1"); /* forgets b */
    CHECK_UNSIGNED(mqc__map_count(&pool->positions), 3);
    CHECK_VIEW_TEXT(test_rr(pool, "a"), "proxy-3");
    CHECK_VIEW_TEXT(test_rr(pool, "c"), "proxy-2");
    CHECK_VIEW_TEXT(test_rr(pool, "b"), "proxy-1"); /* forgets d */
    CHECK_VIEW_TEXT(test_rr(pool, "b"), "proxy-2");
    CHECK_VIEW_TEXT(test_rr(pool, "d"), "proxy-1");
    CHECK_UNSIGNED(mqc__map_count(&pool->positions), 3);
    mqc__pools_free(&pools);
}

static void test_rr_usual_limit_of_keys_holds(void)
{
    struct mqc__pools *pools = test_pools_of(MQC__NODE_PROXY, 3);
    struct mqc__pool *pool = test_pool(pools, MQC__NODE_PROXY);
    for (unsigned i = 0; i < MQC__POOL_KEYS_MAX + 100; i++) {
        char key[16];
        (void)snprintf(key, sizeof key, "%u", i);
        CHECK_VIEW_TEXT(test_rr(pool, key), "proxy-1");
    }
    CHECK_UNSIGNED(mqc__map_count(&pool->positions), MQC__POOL_KEYS_MAX);
    CHECK_VIEW_TEXT(test_rr(pool, "100"), "proxy-2");
    CHECK_VIEW_TEXT(test_rr(pool, "99"), "proxy-1");
    mqc__pools_free(&pools);
}

static void test_rr_long_key_is_refused(void)
{
    struct mqc__pools *pools = test_pools_of(MQC__NODE_PROXY, 2);
    struct mqc__pool *pool = test_pool(pools, MQC__NODE_PROXY);
    char key[MQC__POOL_KEY_BYTES_MAX + 1];
    memset(key, 'k', sizeof key);
    const struct mqc__pool_node *node = NULL;
    CHECK_INT(mqc__pool_rr(pool, mqc_view_bytes(key, sizeof key), &node), MQC_ETOOLARGE);
    CHECK_UNSIGNED(mqc__map_count(&pool->positions), 0);
    CHECK_INT(mqc__pool_rr(pool, mqc_view_bytes(key, sizeof key - 1), &node), MQC_OK);
    CHECK_INT(mqc__pool_rr(pool, mqc_view_bytes(key, sizeof key - 1), &node), MQC_OK);
    CHECK_VIEW_TEXT(node->name, "proxy-2");
    mqc__pools_free(&pools);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"hrw_strings_as_zeek", test_hrw_strings_as_zeek},
        {"hrw_counts_as_zeek", test_hrw_counts_as_zeek},
        {"hrw_choice_says_all_about_the_node", test_hrw_choice_says_all_about_the_node},
        {"hrw_equal_weights_greater_site_id_wins", test_hrw_equal_weights_greater_site_id_wins},
        {"hrw_only_keys_of_a_leaving_node_move", test_hrw_only_keys_of_a_leaving_node_move},
        {"rank_is_the_order_of_owners_as_each_goes_down",
         test_rank_is_the_order_of_owners_as_each_goes_down},
        {"rank_of_an_empty_pool_is_empty", test_rank_of_an_empty_pool_is_empty},
        {"rr_keys_have_turns_of_their_own", test_rr_keys_have_turns_of_their_own},
        {"rr_nobody_alive_leaves_the_turn", test_rr_nobody_alive_leaves_the_turn},
        {"rr_skips_who_is_down", test_rr_skips_who_is_down},
        {"rr_visits_who_is_alive_evenly", test_rr_visits_who_is_alive_evenly},
        {"rr_longest_unused_key_is_forgotten", test_rr_longest_unused_key_is_forgotten},
        {"rr_usual_limit_of_keys_holds", test_rr_usual_limit_of_keys_holds},
        {"rr_long_key_is_refused", test_rr_long_key_is_refused},
        CU_TEST_INFO_NULL,
    };
    return suite_run("cluster.pool", tests);
}
