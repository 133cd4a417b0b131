#include "base/hash.h"
#include "support/suite.h"

#include <stdlib.h>

static void test_hash_depends_on_every_byte_and_on_the_size(void)
{
    char bytes[40] = "";
    for (size_t size = 0; size < sizeof bytes; size++) {
        const uint32_t hash = mqc__hash(mqc_view_bytes(bytes, size), 1);
        CHECK(hash != mqc__hash(mqc_view_bytes(bytes, size + 1), 1));
        for (size_t i = 0; i < size; i++) {
            bytes[i] = 1;
            CHECK(hash != mqc__hash(mqc_view_bytes(bytes, size), 1));
            bytes[i] = 0;
        }
    }
}

/* From memory of exactly the size, so that a sanitizer sees the first byte read too far. */
static void test_hash_is_the_same_wherever_the_bytes_are(void)
{
    const char text[] = "zeek/cluster/node/worker-1/";
    for (size_t size = 0; size < sizeof text; size++) {
        char *copy = malloc(size + 1);
        REQUIRE(copy != NULL);
        char *exact = copy + 1;
        memcpy(exact, text, size);
        CHECK_UNSIGNED(mqc__hash(mqc_view_bytes(exact, size), 5),
                       mqc__hash(mqc_view_bytes(text, size), 5));
        free(copy);
    }
    CHECK_UNSIGNED(mqc__hash(mqc_view_text(NULL), 5), mqc__hash(mqc_view_text(""), 5));
}

/* Keys that fall into one place with one seed do not with another. */
static void test_hash_with_another_seed_spreads_otherwise(void)
{
    unsigned together = 0;
    for (unsigned i = 0; i < 1000; i++) {
        const struct mqc_view key = mqc_view_bytes(&i, sizeof i);
        if (mqc__hash(key, 1) % 16 == 0 && mqc__hash(key, 2) % 16 == 0)
            together++;
    }
    CHECK(together < 20);
}

static void test_hash_fills_all_places_evenly(void)
{
    unsigned places[64] = {0};
    for (unsigned i = 0; i < 6400; i++)
        places[mqc__hash(mqc_view_bytes(&i, sizeof i), 3) % 64]++;
    for (size_t i = 0; i < 64; i++)
        CHECK(places[i] > 50 && places[i] < 150);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"depends_on_every_byte_and_on_the_size", test_hash_depends_on_every_byte_and_on_the_size},
        {"is_the_same_wherever_the_bytes_are", test_hash_is_the_same_wherever_the_bytes_are},
        {"with_another_seed_spreads_otherwise", test_hash_with_another_seed_spreads_otherwise},
        {"fills_all_places_evenly", test_hash_fills_all_places_evenly},
        CU_TEST_INFO_NULL,
    };
    return suite_run("base.hash", tests);
}
