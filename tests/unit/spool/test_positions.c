#include "spool/positions.h"

#include "spool/positions_hash.h"
#include "support/suite.h"

#include <endian.h>
#include <stdio.h>

static size_t take(struct mqc__positions *positions, const char *instance, const char *topic,
                   bool *is_new_out)
{
    return mqc__positions_take(positions, mqc_view_text(instance), mqc_view_text(topic),
                               is_new_out);
}

static void handle(struct mqc__positions *positions, size_t place, uint64_t number)
{
    mqc__positions_begin(positions, place, number);
    mqc__positions_done(positions, place, number);
}

static void test_siphash_agrees_with_openssl(void)
{
    /* openssl mac -macopt hexkey:000102030405060708090a0b0c0d0e0f -macopt size:16 SIPHASH, of the
     * bytes 0, 1, 2.. */
    static const struct {
        size_t size;
        uint64_t words[2]; /* big endian, as they are printed */
    } cases[] = {
        {0, {UINT64_C(0xa3817f04ba25a8e6), UINT64_C(0x6df67214c7550293)}},
        {1, {UINT64_C(0xda87c1d86b99af44), UINT64_C(0x347659119b22fc45)}},
        {8, {UINT64_C(0x3b62a9ba6258f561), UINT64_C(0x0f83e264f31497b4)}},
        {15, {UINT64_C(0x5493e99933b0a811), UINT64_C(0x7e08ec0f97cfc3d9)}},
    };
    static const uint64_t seed[2] = {UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)};
    static const char bytes[] = "\0\1\2\3\4\5\6\7\10\11\12\13\14\15\16";
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct mqc_view piece = mqc_view_bytes(bytes, cases[i].size);
        const struct mqc__positions_key key = mqc__positions_siphash(seed, &piece, 1);
        CHECK_UNSIGNED(htobe64(htole64(key.words[0])), cases[i].words[0]);
        CHECK_UNSIGNED(htobe64(htole64(key.words[1])), cases[i].words[1]);
    }
}

/* Wherever the border between instance and topic is, and whatever they are filled up with. */
static void test_streams_with_the_same_bytes_are_apart(void)
{
    static const char bytes[] = "\0\0\0\0\0\0\0\0ab\0\0\0\0\0\0\0\0\0\0";
    struct mqc__positions *positions = mqc__positions_new(1000);
    REQUIRE(positions != NULL);
    size_t count = 0;
    for (size_t whole = 0; whole < sizeof bytes; whole++) {
        for (size_t border = 0; border <= whole; border++) {
            bool is_new = false;
            (void)mqc__positions_take(positions, mqc_view_bytes(bytes, border),
                                      mqc_view_bytes(bytes + border, whole - border), &is_new);
            CHECK(is_new);
            count++;
        }
    }
    CHECK(count < 1000);
    mqc__positions_free(&positions);
    CHECK(positions == NULL);
    mqc__positions_free(&positions);
}

static void test_last_follows_what_is_done(void)
{
    bool is_new = false;
    struct mqc__positions *positions = mqc__positions_new(10);
    REQUIRE(positions != NULL);
    const size_t place = take(positions, "worker-1-a", "t", &is_new);
    CHECK(is_new);
    CHECK_UNSIGNED(mqc__positions_last(positions, place), 0);
    mqc__positions_begin(positions, place, 1);
    CHECK_UNSIGNED(mqc__positions_last(positions, place), 0);
    mqc__positions_done(positions, place, 1);
    CHECK_UNSIGNED(mqc__positions_last(positions, place), 1);
    mqc__positions_begin(positions, place, 7);
    CHECK_UNSIGNED(mqc__positions_last(positions, place), 6);
    mqc__positions_done(positions, place, 7);
    handle(positions, place, 3);
    CHECK_UNSIGNED(mqc__positions_last(positions, place), 7);
    mqc__positions_skip(positions, place, 20);
    mqc__positions_skip(positions, place, 10);
    CHECK_UNSIGNED(mqc__positions_last(positions, place), 20);
    handle(positions, place, UINT64_MAX);
    CHECK_UNSIGNED(mqc__positions_last(positions, place), UINT64_MAX);
    CHECK_UNSIGNED(take(positions, "worker-1-a", "t", &is_new), place);
    CHECK(!is_new);
    CHECK(!mqc__positions_is_uncertain(positions, place, 0));
    CHECK_INT(mqc__positions_sync(positions, NULL), MQC_OK);
    mqc__positions_free(&positions);
}

static void test_mark_is_kept_with_the_stream(void)
{
    bool is_new = false;
    struct mqc__positions *positions = mqc__positions_new(1);
    REQUIRE(positions != NULL);
    size_t place = take(positions, "a", "t", &is_new);
    CHECK_UNSIGNED(mqc__positions_mark(positions, place), 0);
    mqc__positions_set_mark(positions, place, 17);
    CHECK_UNSIGNED(mqc__positions_mark(positions, place), 17);
    place = take(positions, "a", "u", &is_new);
    CHECK_UNSIGNED(mqc__positions_mark(positions, place), 0);
    mqc__positions_free(&positions);
}

/* What the table should say, the simple way. */
struct model {
    uint64_t last[40];
    uint64_t use[40]; /* 0: forgotten */
    uint64_t now;
};

static void model_forget_one(struct model *model, size_t most)
{
    size_t count = 0;
    size_t oldest = 0;
    for (size_t i = 0; i < 40; i++) {
        count += model->use[i] != 0;
        if (model->use[i] != 0 && (model->use[oldest] == 0 || model->use[i] < model->use[oldest]))
            oldest = i;
    }
    if (count < most)
        return;
    model->use[oldest] = 0;
    model->last[oldest] = 0;
}

static void test_the_longest_unused_is_forgotten_as_in_a_model(void)
{
    for (size_t size = 1; size <= 17; size++) {
        struct test_random random = {size};
        struct model model = {.now = 0};
        struct mqc__positions *positions = mqc__positions_new(size);
        REQUIRE(positions != NULL);
        for (int step = 0; step < 3000; step++) {
            char name[8];
            bool is_new = false;
            const size_t stream = test_random_below(&random, 40);
            (void)snprintf(name, sizeof name, "%zu", stream);
            const size_t place = take(positions, name, "topic", &is_new);
            CHECK(place < size);
            CHECK_INT(is_new, model.use[stream] == 0);
            if (is_new)
                model_forget_one(&model, size);
            model.use[stream] = ++model.now;
            CHECK_UNSIGNED(mqc__positions_last(positions, place), model.last[stream]);
            model.last[stream] += 1 + test_random_below(&random, 3);
            handle(positions, place, model.last[stream]);
        }
        mqc__positions_free(&positions);
    }
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"siphash_agrees_with_openssl", test_siphash_agrees_with_openssl},
        {"streams_with_the_same_bytes_are_apart", test_streams_with_the_same_bytes_are_apart},
        {"last_follows_what_is_done", test_last_follows_what_is_done},
        {"mark_is_kept_with_the_stream", test_mark_is_kept_with_the_stream},
        {"the_longest_unused_is_forgotten_as_in_a_model",
         test_the_longest_unused_is_forgotten_as_in_a_model},
        CU_TEST_INFO_NULL,
    };
    return suite_run("spool.positions", tests);
}
