#include "support/suite.h"

#include "cluster/hash.h"

static void test_fnv1a32_known_texts_have_their_hash(void)
{
    static const struct {
        const char *text;
        uint32_t hash;
    } cases[] = {
        {"", 0x811c9dc5},          {"a", 0xe40c292c},          {"foobar", 0xbf9cf968},
        {"123", 0x7238631b},       {"worker-1.0", 0xf910a5ab}, {"worker-2.0", 0xbc8464ba},
        {"proxy-1.0", 0xa214084f}, {"proxy-2.0", 0x6587c75e},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        CHECK_UNSIGNED(mqc__fnv1a32(mqc_view_text(cases[i].text)), cases[i].hash);
}

static void test_fnv1a32_piece_by_piece_is_the_whole(void)
{
    const char bytes[] = "any\0bytes\xff\x80";
    const struct mqc_view whole = mqc_view_bytes(bytes, sizeof bytes);
    for (size_t cut = 0; cut <= sizeof bytes; cut++) {
        uint32_t hash = mqc__fnv1a32_add(MQC__FNV1A32_START, bytes, cut);
        hash = mqc__fnv1a32_add(hash, bytes + cut, sizeof bytes - cut);
        CHECK_UNSIGNED(hash, mqc__fnv1a32(whole));
    }
}

static void test_hrw_weight_known_cases(void)
{
    CHECK_UNSIGNED(mqc__hrw_weight(mqc__fnv1a32(mqc_view_text("0")), 0xf910a5ab), 1054877012);
    CHECK_UNSIGNED(mqc__hrw_weight(mqc__fnv1a32(mqc_view_text("0")), 0xbc8464ba), 1178273453);
    /* count 42 over proxy-1 and proxy-2 */
    CHECK_UNSIGNED(mqc__hrw_weight(0x39e5298c, 0xa214084f), 1041296457);
    CHECK_UNSIGNED(mqc__hrw_weight(0x39e5298c, 0x6587c75e), 573262960);
}

static void test_hrw_weight_top_bit_of_the_hash_does_not_count(void)
{
    CHECK_UNSIGNED(mqc__hrw_weight(0xb9e5298c, 0xa214084f), 1041296457);
}

static void test_hrw_weight_is_below_two_to_the_31st(void)
{
    struct test_random random = {7};
    for (unsigned i = 0; i < 10000; i++) {
        const uint32_t hash = (uint32_t)test_random_next(&random);
        CHECK(mqc__hrw_weight(hash, (uint32_t)test_random_next(&random)) < UINT32_C(1) << 31);
    }
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"fnv1a32_known_texts_have_their_hash", test_fnv1a32_known_texts_have_their_hash},
        {"fnv1a32_piece_by_piece_is_the_whole", test_fnv1a32_piece_by_piece_is_the_whole},
        {"hrw_weight_known_cases", test_hrw_weight_known_cases},
        {"hrw_weight_top_bit_of_the_hash_does_not_count",
         test_hrw_weight_top_bit_of_the_hash_does_not_count},
        {"hrw_weight_is_below_two_to_the_31st", test_hrw_weight_is_below_two_to_the_31st},
        CU_TEST_INFO_NULL,
    };
    return suite_run("cluster.hash", tests);
}
