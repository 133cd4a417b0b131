/* A store that fails: each of its calls, in the ways that it may. */
#include "spool/spool_priv.h"
#include "support/suite.h"
#include "unit/spool/memory_store.h"
#include "unit/spool/owner_double.h"
#include "unit/spool/spool_files.h"

static struct memory_store store;
static struct owner_double owner;

static const struct mqc__spool_options plain = {
    .path = "in memory", .instance = "first", .bytes_max = MQC__SPOOL_BYTES_MIN};

static struct mqc__spool *open_with(const struct mqc__spool_options *options)
{
    struct mqc__spool *spool = NULL;
    CHECK_INT(mqc__spool_open(options, &owner.owner, &memory_store_ops, &store, &spool, NULL),
              MQC_OK);
    REQUIRE(spool != NULL);
    return spool;
}

static struct mqc__spool *begin(void)
{
    memory_store_init(&store);
    owner_double_init(&owner);
    return open_with(&plain);
}

static void end(struct mqc__spool **spool)
{
    mqc__spool_free(spool);
    memory_store_fini(&store);
    owner_double_fini(&owner);
}

static void put_and_turn(struct mqc__spool *spool, uint64_t number)
{
    CHECK_INT(put_numbered(spool, number), MQC_OK);
    mqc__spool_turn(spool);
}

static void test_open_that_fails_leaves_nothing(void)
{
    memory_store_init(&store);
    owner_double_init(&owner);
    store.failures[MEMORY_OPEN] = 1;
    struct mqc__spool *spool = NULL;
    struct mqc_error_info info = {.code = MQC_OK};
    CHECK_INT(mqc__spool_open(&plain, &owner.owner, &memory_store_ops, &store, &spool, &info),
              MQC_EIO);
    CHECK(spool == NULL);
    CHECK_TEXT(info.text, "the store in memory failed");
    CHECK(!store.is_open);
    end(&spool);
}

static void test_commit_that_fails_fails_its_group_alone(void)
{
    struct mqc__spool *spool = begin();
    put_and_turn(spool, 1);
    struct mqc__spool_ticket ticket;
    const struct mqc__spool_offer offer = {.topic = mqc_view_text("t")};
    CHECK_INT(mqc__spool_put(spool, &offer, &ticket), MQC_OK);
    CHECK_INT(put_numbered(spool, 3), MQC_OK);
    store.failures[MEMORY_COMMIT] = 1;
    mqc__spool_turn(spool);
    struct mqc_error_info info = {.code = MQC_OK};
    CHECK_INT(mqc__spool_wait(spool, &ticket, &info), MQC_EIO);
    CHECK_TEXT(info.text, "the store in memory failed");
    CHECK_UNSIGNED(owner.failed_events, 2);
    CHECK_UNSIGNED(owner.fed_count, 1);
    CHECK_UNSIGNED(mqc__spool_next_to_feed(spool), 4);
    struct mqc__spool_stats stats;
    mqc__spool_stats(spool, &stats);
    CHECK(stats.is_failing);
    put_and_turn(spool, 4);
    CHECK_UNSIGNED(owner.fed_count, 2);
    CHECK_UNSIGNED(owner.fed[1].number, 4);
    CHECK_UNSIGNED(owner.fed[1].sequence, 2); /* the void ones were given again */
    mqc__spool_stats(spool, &stats);
    CHECK(!stats.is_failing);
    CHECK_UNSIGNED(stats.failed_groups, 1);
    CHECK_UNSIGNED(stats.failed_events, 2);
    CHECK_UNSIGNED(stats.pending, 0);
    CHECK_UNSIGNED(stats.bytes, store.groups[0].size + store.groups[1].size);
    end(&spool);
}

static void test_trouble_is_told_once_a_minute_with_a_count(void)
{
    struct mqc__spool *spool = begin();
    store.failures[MEMORY_COMMIT] = 4;
    for (uint64_t number = 1; number <= 3; number++)
        put_and_turn(spool, number);
    CHECK_UNSIGNED(owner.error_count, 1);
    CHECK_TEXT(owner.error_tag, "spool_failed");
    CHECK_TEXT(owner.error_text, "the store in memory failed");
    spool->trouble.told_ms -= 60000;
    put_and_turn(spool, 4);
    CHECK_UNSIGNED(owner.error_count, 2);
    CHECK_TEXT(owner.error_text,
               "the store in memory failed (and 2 times more since the last report)");
    end(&spool);
}

static void test_failed_group_while_behind_is_passed_over(void)
{
    struct mqc__spool *spool = begin();
    owner.room = 0;
    put_and_turn(spool, 1);
    store.failures[MEMORY_COMMIT] = 1;
    put_and_turn(spool, 2);
    put_and_turn(spool, 3);
    store.failures[MEMORY_COMMIT] = 1;
    put_and_turn(spool, 4);
    owner_double_add_room(&owner, 10);
    mqc__spool_resume(spool);
    spool->retry_ms = 0;
    mqc__spool_turn(spool);
    CHECK_UNSIGNED(owner.fed_count, 2);
    CHECK_UNSIGNED(owner.fed[1].number, 3);
    CHECK_UNSIGNED(mqc__spool_next_to_feed(spool), 5);
    end(&spool);
}

static void test_read_that_fails_is_tried_again_later(void)
{
    struct mqc__spool *spool = begin();
    owner.room = 0;
    put_and_turn(spool, 1);
    put_and_turn(spool, 2);
    owner_double_add_room(&owner, 10);
    mqc__spool_resume(spool);
    store.failures[MEMORY_READ] = 1;
    mqc__spool_turn(spool);
    CHECK_UNSIGNED(owner.fed_count, 0);
    CHECK_UNSIGNED(owner.error_count, 1);
    mqc__spool_turn(spool);
    CHECK_UNSIGNED(store.calls[MEMORY_READ], 1); /* not at once */
    spool->retry_ms = 0;
    mqc__spool_turn(spool);
    CHECK_UNSIGNED(owner.fed_count, 2);
    CHECK(owner.is_in_order);
    end(&spool);
}

static void test_sync_that_fails_is_tried_again_later(void)
{
    memory_store_init(&store);
    owner_double_init(&owner);
    struct mqc__spool_options options = plain;
    options.fsync = MQC__SPOOL_FSYNC_INTERVAL;
    struct mqc__spool *spool = open_with(&options);
    put_and_turn(spool, 1);
    CHECK_UNSIGNED(store.calls[MEMORY_SYNC], 0);
    spool->sync_due_ms = 0;
    store.failures[MEMORY_SYNC] = 1;
    mqc__spool_turn(spool);
    CHECK_UNSIGNED(store.calls[MEMORY_SYNC], 1);
    CHECK_UNSIGNED(owner.error_count, 1);
    CHECK(spool->sync_due_ms != SPOOL_NEVER && spool->sync_due_ms > 0);
    spool->sync_due_ms = 0;
    mqc__spool_turn(spool);
    CHECK_UNSIGNED(store.calls[MEMORY_SYNC], 2);
    CHECK(spool->sync_due_ms == SPOOL_NEVER);
    end(&spool);
}

static void test_damage_found_on_the_way_sets_the_store_aside(void)
{
    struct mqc__spool *spool = begin();
    put_and_turn(spool, 1);
    store.failure = MQC_EMALFORMED;
    store.failures[MEMORY_COMMIT] = 1;
    put_and_turn(spool, 2);
    CHECK_UNSIGNED(owner.failed_events, 1);
    CHECK_UNSIGNED(store.set_asides, 0);
    put_and_turn(spool, 3);
    CHECK_UNSIGNED(store.set_asides, 1);
    CHECK_TEXT(owner.error_tag, "spool_damaged");
    CHECK_TEXT(owner.error_text, "the memory was set aside");
    CHECK_UNSIGNED(owner.fed_count, 2);
    CHECK_UNSIGNED(owner.fed[1].number, 3);
    end(&spool);
}

static void test_store_that_cannot_be_opened_again_fails_groups_until_it_can(void)
{
    struct mqc__spool *spool = begin();
    store.failure = MQC_EMALFORMED;
    store.failures[MEMORY_COMMIT] = 1;
    put_and_turn(spool, 1);
    store.failure = MQC_EIO;
    store.failures[MEMORY_OPEN] = 1;
    put_and_turn(spool, 2);
    put_and_turn(spool, 3);
    CHECK_UNSIGNED(owner.failed_events, 3);
    CHECK_UNSIGNED(store.calls[MEMORY_OPEN], 2);
    spool->retry_ms = 0;
    put_and_turn(spool, 4);
    CHECK_UNSIGNED(owner.failed_events, 3);
    CHECK_UNSIGNED(owner.fed_count, 1);
    CHECK_UNSIGNED(owner.fed[0].number, 4);
    CHECK_UNSIGNED(owner.fed[0].sequence, 1);
    end(&spool);
}

static void test_erasing_that_fails_is_done_later(void)
{
    struct mqc__spool *spool = begin();
    put_and_turn(spool, 1);
    mqc__spool_release(spool, 2);
    store.failures[MEMORY_COMMIT] = 1;
    spool->erase_ms = -1000000;
    mqc__spool_turn(spool);
    CHECK_UNSIGNED(store.group_count, 1);
    mqc__spool_turn(spool);
    CHECK_UNSIGNED(store.calls[MEMORY_COMMIT], 2); /* not at once */
    spool->retry_ms = 0;
    mqc__spool_turn(spool);
    CHECK_UNSIGNED(store.group_count, 0);
    end(&spool);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"open that fails leaves nothing", test_open_that_fails_leaves_nothing},
        {"commit that fails fails its group alone", test_commit_that_fails_fails_its_group_alone},
        {"trouble is told once a minute with a count",
         test_trouble_is_told_once_a_minute_with_a_count},
        {"failed group while behind is passed over", test_failed_group_while_behind_is_passed_over},
        {"read that fails is tried again later", test_read_that_fails_is_tried_again_later},
        {"sync that fails is tried again later", test_sync_that_fails_is_tried_again_later},
        {"damage found on the way sets the store aside",
         test_damage_found_on_the_way_sets_the_store_aside},
        {"store that cannot be opened again fails groups until it can",
         test_store_that_cannot_be_opened_again_fails_groups_until_it_can},
        {"erasing that fails is done later", test_erasing_that_fails_is_done_later},
        CU_TEST_INFO_NULL,
    };
    return suite_run("spool.spool_failing", tests);
}
