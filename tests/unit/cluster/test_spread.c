/* How evenly HRW spreads keys. */
#include "support/suite.h"
#include "test_layout.h"

#include "cluster/hash.h"
#include "cluster/key.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define KEY_COUNT 1000000

/*
 * If every node had the same chance, a node's number of keys would be binomial: of N keys and n
 * nodes N/n, with a standard deviation of sqrt(N/n * (1 - 1/n)). Of all the numbers below, some two
 * hundred and fifty, one is off by more than five deviations once in seven thousand choices of
 * keys. The chances are not quite the same: the weights come from two steps of a linear
 * congruential generator, not from an ideal hash, and so the share of a node lies a few percent
 * beside 1/n. Over twenty million random hashes that was at most 3.4 % for the names of this test.
 * It is Zeek's function, and every node has to use it as it is; an error in it would show as a node
 * that gets a multiple of its share, or nothing.
 */
#define DEVIATIONS 5.0
#define BIAS 0.04

static void check_spread(const struct mqc__pool *pool, const uint32_t *hashes, const char *what)
{
    unsigned counts[TEST_NODES_MAX] = {0};
    for (size_t i = 0; i < KEY_COUNT; i++)
        counts[mqc__pool_hrw(pool, hashes[i]).node - pool->nodes]++;
    const double share = 1.0 / (double)pool->node_count;
    const double expected = KEY_COUNT * share;
    const double bound = DEVIATIONS * sqrt(expected * (1.0 - share)) + BIAS * expected;
    for (size_t n = 0; n < pool->node_count; n++) {
        char text[100];
        (void)snprintf(text, sizeof text, "%s: node %zu of %zu has %u keys, expected %.0f +- %.0f",
                       what, n, pool->node_count, counts[n], expected, bound);
        (void)check_true(fabs(counts[n] - expected) <= bound, text, __FILE__, __LINE__, false);
    }
}

/* The numbers of nodes end with 0. */
static void check_pools(const size_t *node_counts, const uint32_t *hashes, const char *what)
{
    for (; *node_counts != 0; node_counts++) {
        struct mqc__pools *pools = test_pools_of(MQC__NODE_WORKER, *node_counts);
        check_spread(test_pool(pools, MQC__NODE_WORKER), hashes, what);
        mqc__pools_free(&pools);
    }
}

static void test_spread_of_texts_is_even(void)
{
    static const size_t node_counts[] = {3, 4, 5, 7, 10, 16, 25, 50, 100, 0};
    static uint32_t hashes[KEY_COUNT];
    for (unsigned i = 0; i < KEY_COUNT; i++) {
        char key[16];
        (void)snprintf(key, sizeof key, "%u", i);
        hashes[i] = mqc__fnv1a32(mqc_view_text(key));
    }
    check_pools(node_counts, hashes, "texts");
}

static void test_spread_of_addresses_is_even(void)
{
    static const size_t node_counts[] = {3, 7, 30, 0};
    static uint32_t hashes[KEY_COUNT];
    for (unsigned i = 0; i < KEY_COUNT; i++) {
        const uint8_t bytes[] = {10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i};
        const struct mqc_value key = mqc_address_v4(bytes);
        REQUIRE(mqc__key_hash(&key, NULL, &hashes[i], NULL) == MQC_OK);
    }
    check_pools(node_counts, hashes, "addresses");
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"of_texts_is_even", test_spread_of_texts_is_even},
        {"of_addresses_is_even", test_spread_of_addresses_is_even},
        CU_TEST_INFO_NULL,
    };
    return suite_run("cluster.spread", tests);
}
