/* The spool without a thread, on a store in memory: the worker's turns are taken by hand. */
#include "spool/spool.h"

#include "spool/spool_priv.h"
#include "support/suite.h"
#include "unit/spool/memory_store.h"
#include "unit/spool/owner_double.h"
#include "unit/spool/spool_files.h"

static struct memory_store store;
static struct owner_double owner;

static struct mqc__spool *open_with(struct mqc__spool_options options)
{
    struct mqc__spool *spool = NULL;
    struct mqc_error_info info = {.code = MQC_OK};
    if (options.path == NULL)
        options.path = "in memory";
    CHECK_INT(mqc__spool_open(&options, &owner.owner, &memory_store_ops, &store, &spool, &info),
              MQC_OK);
    REQUIRE(spool != NULL);
    return spool;
}

static struct mqc__spool *open_as(const char *instance)
{
    return open_with(
        (struct mqc__spool_options){.instance = instance, .bytes_max = MQC__SPOOL_BYTES_MIN});
}

static struct mqc__spool *begin(void)
{
    memory_store_init(&store);
    owner_double_init(&owner);
    return open_as("first");
}

static void end(struct mqc__spool **spool)
{
    mqc__spool_free(spool);
    CHECK(!store.is_open);
    memory_store_fini(&store);
    owner_double_fini(&owner);
}

static void put_many(struct mqc__spool *spool, uint64_t from, uint64_t to)
{
    for (uint64_t number = from; number <= to; number++)
        CHECK_INT(put_numbered(spool, number), MQC_OK);
}

static void check_fed(size_t index, uint64_t number, const char *event)
{
    CHECK_UNSIGNED(owner.fed[index].number, number);
    CHECK_TEXT(owner.fed[index].event, event);
}

static void test_put_comes_in_order_as_one_group(void)
{
    struct mqc__spool *spool = begin();
    put_many(spool, 1, 3);
    CHECK_UNSIGNED(owner.fed_count, 0);
    CHECK_UNSIGNED(mqc__spool_last_number(spool), 3);
    CHECK_UNSIGNED(mqc__spool_next_to_feed(spool), 1);
    mqc__spool_turn(spool);
    CHECK_UNSIGNED(store.calls[MEMORY_COMMIT], 1);
    CHECK_UNSIGNED(owner.fed_count, 3);
    check_fed(0, 1, "event 1");
    check_fed(2, 3, "event 3");
    CHECK_TEXT(owner.fed[1].topic, "t/2");
    CHECK_TEXT(owner.fed[1].instance, "first");
    CHECK_UNSIGNED(owner.fed[1].service, 2);
    CHECK_UNSIGNED(owner.fed[1].sequence, 2);
    CHECK(owner.fed[0].starts_count && !owner.fed[1].starts_count);
    CHECK_UNSIGNED(mqc__spool_next_to_feed(spool), 4);
    CHECK_UNSIGNED(store.calls[MEMORY_READ], 0);
    end(&spool);
}

static void test_reopened_feeds_what_is_left_as_it_was(void)
{
    struct mqc__spool *spool = begin();
    put_many(spool, 1, 3);
    mqc__spool_turn(spool);
    mqc__spool_release(spool, 3);
    mqc__spool_free(&spool);
    owner_double_forget(&owner);
    spool = open_as("second");
    CHECK_UNSIGNED(mqc__spool_last_number(spool), 3);
    CHECK_UNSIGNED(mqc__spool_next_to_feed(spool), 3);
    CHECK_INT(put_numbered(spool, 4), MQC_OK);
    mqc__spool_turn(spool);
    CHECK_UNSIGNED(owner.fed_count, 2);
    check_fed(0, 3, "event 3");
    CHECK_TEXT(owner.fed[0].instance, "first");
    CHECK_UNSIGNED(owner.fed[0].sequence, 3);
    check_fed(1, 4, "event 4");
    CHECK_TEXT(owner.fed[1].instance, "second");
    end(&spool);
}

static void test_numbers_go_on_when_all_was_released(void)
{
    struct mqc__spool *spool = begin();
    put_many(spool, 1, 5);
    mqc__spool_turn(spool);
    mqc__spool_release(spool, 6);
    mqc__spool_free(&spool);
    CHECK_UNSIGNED(store.group_count, 0);
    spool = open_as("second");
    CHECK_UNSIGNED(mqc__spool_last_number(spool), 5);
    CHECK_UNSIGNED(mqc__spool_next_to_feed(spool), 6);
    end(&spool);
}

static void test_release_of_what_is_to_come_is_cut(void)
{
    struct mqc__spool *spool = begin();
    put_many(spool, 1, 2);
    mqc__spool_turn(spool);
    mqc__spool_release(spool, UINT64_MAX);
    mqc__spool_release(spool, 1);
    put_many(spool, 3, 4);
    mqc__spool_turn(spool);
    mqc__spool_free(&spool);
    CHECK_UNSIGNED(store.released, 3);
    owner_double_forget(&owner);
    spool = open_as("second");
    CHECK_UNSIGNED(mqc__spool_next_to_feed(spool), 3);
    mqc__spool_turn(spool);
    CHECK_UNSIGNED(owner.fed_count, 2);
    end(&spool);
}

static void test_owner_without_room_gets_the_rest_later_in_order(void)
{
    struct mqc__spool *spool = begin();
    owner.room = 2;
    put_many(spool, 1, 5);
    mqc__spool_turn(spool);
    put_many(spool, 6, 7);
    mqc__spool_turn(spool);
    struct mqc__spool_stats stats;
    mqc__spool_stats(spool, &stats);
    CHECK(stats.is_behind);
    CHECK_UNSIGNED(stats.unfed_events, 5);
    CHECK_UNSIGNED(owner.fed_count, 2);
    CHECK_UNSIGNED(mqc__spool_next_to_feed(spool), 3);
    CHECK_UNSIGNED(store.calls[MEMORY_READ], 0);
    owner_double_add_room(&owner, 4);
    mqc__spool_turn(spool);
    CHECK_UNSIGNED(owner.fed_count, 2); /* nobody said that there is room */
    mqc__spool_resume(spool);
    mqc__spool_turn(spool);
    CHECK_UNSIGNED(owner.fed_count, 6);
    owner_double_add_room(&owner, 10);
    mqc__spool_resume(spool);
    put_many(spool, 8, 8);
    mqc__spool_turn(spool);
    CHECK_UNSIGNED(owner.fed_count, 8);
    for (size_t i = 0; i < 8; i++)
        CHECK_UNSIGNED(owner.fed[i].number, i + 1);
    mqc__spool_stats(spool, &stats);
    CHECK(!stats.is_behind);
    CHECK_UNSIGNED(stats.read_back, 6);
    CHECK_UNSIGNED(mqc__spool_next_to_feed(spool), 9);
    end(&spool);
}

static void test_behind_reads_back_a_turns_worth(void)
{
    struct mqc__spool *spool = begin();
    owner.room = 0;
    for (uint64_t number = 1; number <= 3 * SPOOL_RECORDS_MAX; number++) {
        CHECK_INT(put_numbered(spool, number), MQC_OK);
        if (number % 100 == 0)
            mqc__spool_turn(spool);
    }
    mqc__spool_turn(spool);
    owner_double_add_room(&owner, SIZE_MAX);
    mqc__spool_resume(spool);
    mqc__spool_turn(spool);
    CHECK(owner.fed_count >= SPOOL_RECORDS_MAX && owner.fed_count < 2 * SPOOL_RECORDS_MAX);
    for (unsigned turn = 0; turn < 4; turn++)
        mqc__spool_turn(spool);
    CHECK_UNSIGNED(owner.fed_count, 3 * SPOOL_RECORDS_MAX);
    CHECK(owner.is_in_order);
    end(&spool);
}

static struct mqc__spool *resumed;

static size_t resume_first(void *context, const struct mqc__spool_record *records, size_t count)
{
    static unsigned calls;
    if (++calls % 2 == 0)
        return owner.owner.feed(context, records, count);
    mqc__spool_resume(resumed);
    return 0;
}

static void test_room_that_comes_while_feeding_is_not_missed(void)
{
    struct mqc__spool *spool = begin();
    resumed = spool;
    spool->owner.feed = resume_first;
    put_many(spool, 1, 3);
    mqc__spool_turn(spool);
    CHECK_UNSIGNED(owner.fed_count, 3);
    CHECK_UNSIGNED(mqc__spool_next_to_feed(spool), 4);
    end(&spool);
}

struct told {
    unsigned count;
    enum mqc_error error;
    size_t fed_count;
};

static void note_done(void *context, enum mqc_error error)
{
    struct told *told = context;
    told->count++;
    told->error = error;
    told->fed_count = owner.fed_count;
}

static void test_done_is_called_once_after_the_feed(void)
{
    struct mqc__spool *spool = begin();
    struct told told[100] = {{.count = 0}};
    for (size_t i = 0; i < 100; i++) {
        const struct mqc__spool_offer offer = {
            .topic = mqc_view_text("t"), .done = note_done, .done_context = &told[i]};
        CHECK_INT(mqc__spool_put(spool, &offer, NULL), MQC_OK);
    }
    CHECK_UNSIGNED(told[0].count, 0);
    mqc__spool_turn(spool);
    mqc__spool_turn(spool);
    for (size_t i = 0; i < 100; i++) {
        CHECK_UNSIGNED(told[i].count, 1);
        CHECK_INT(told[i].error, MQC_OK);
        CHECK_UNSIGNED(told[i].fed_count, 100);
    }
    end(&spool);
}

static void test_ticket_outlives_group_and_close(void)
{
    struct mqc__spool *spool = begin();
    const struct mqc__spool_offer offer = {.topic = mqc_view_text("t")};
    struct mqc__spool_ticket tickets[2];
    CHECK_INT(mqc__spool_put(spool, &offer, &tickets[0]), MQC_OK);
    mqc__spool_turn(spool);
    for (uint64_t number = 0; number < 20; number++) {
        CHECK_INT(put_numbered(spool, number), MQC_OK);
        mqc__spool_turn(spool);
    }
    CHECK_INT(mqc__spool_put(spool, &offer, &tickets[1]), MQC_OK);
    mqc__spool_close(spool);
    struct mqc_error_info info = {.code = MQC_OK};
    CHECK_INT(mqc__spool_wait(spool, &tickets[1], &info), MQC_EIO);
    CHECK_CONTAINS(info.text, "before it was started");
    CHECK_INT(mqc__spool_wait(spool, &tickets[0], &info), MQC_OK);
    CHECK_INT(put_numbered(spool, 1), MQC_ECLOSED);
    mqc__spool_close(spool);
    end(&spool);
}

static void test_group_larger_than_one_takes_is_several(void)
{
    struct mqc__spool *spool = begin();
    put_many(spool, 1, MQC__GROUP_EVENTS_MAX + 1);
    mqc__spool_turn(spool);
    CHECK_UNSIGNED(owner.fed_count, MQC__GROUP_EVENTS_MAX);
    mqc__spool_turn(spool);
    CHECK_UNSIGNED(owner.fed_count, MQC__GROUP_EVENTS_MAX + 1);
    CHECK(owner.is_in_order);
    CHECK_UNSIGNED(store.calls[MEMORY_COMMIT], 2);
    end(&spool);
}

static void test_released_is_deleted_group_by_group(void)
{
    struct mqc__spool *spool = begin();
    for (uint64_t group = 0; group < 3; group++) {
        put_many(spool, 2 * group + 1, 2 * group + 2);
        mqc__spool_turn(spool);
    }
    CHECK_UNSIGNED(store.group_count, 3);
    mqc__spool_release(spool, 4); /* the second half of the second group is needed */
    spool->erase_ms = -1000000;
    mqc__spool_turn(spool);
    CHECK_UNSIGNED(store.group_count, 2);
    CHECK_UNSIGNED(store.groups[0].first_number, 3);
    struct mqc__spool_stats stats;
    mqc__spool_stats(spool, &stats);
    CHECK_UNSIGNED(stats.events, 4);
    CHECK_UNSIGNED(stats.bytes, store.groups[0].size + store.groups[1].size);
    end(&spool);
}

static void test_open_wants_sensible_options(void)
{
    memory_store_init(&store);
    owner_double_init(&owner);
    const struct mqc__spool_options wrong[] = {
        {.path = NULL, .instance = "a", .bytes_max = MQC__SPOOL_BYTES_MIN},
        {.path = "", .instance = "a", .bytes_max = MQC__SPOOL_BYTES_MIN},
        {.path = "a", .instance = NULL, .bytes_max = MQC__SPOOL_BYTES_MIN},
        {.path = "a", .instance = "", .bytes_max = MQC__SPOOL_BYTES_MIN},
        {.path = "a", .instance = "a", .bytes_max = MQC__SPOOL_BYTES_MIN - 1},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct mqc__spool *spool = NULL;
        CHECK_INT(mqc__spool_open(&wrong[i], &owner.owner, &memory_store_ops, &store, &spool, NULL),
                  MQC_EINVAL);
        CHECK(spool == NULL);
    }
    struct mqc__spool *none = NULL;
    mqc__spool_free(&none);
    CHECK_UNSIGNED(store.calls[MEMORY_OPEN], 0);
    memory_store_fini(&store);
    owner_double_fini(&owner);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"put comes in order as one group", test_put_comes_in_order_as_one_group},
        {"reopened feeds what is left as it was", test_reopened_feeds_what_is_left_as_it_was},
        {"numbers go on when all was released", test_numbers_go_on_when_all_was_released},
        {"release of what is to come is cut", test_release_of_what_is_to_come_is_cut},
        {"owner without room gets the rest later in order",
         test_owner_without_room_gets_the_rest_later_in_order},
        {"behind reads back a turn's worth", test_behind_reads_back_a_turns_worth},
        {"room that comes while feeding is not missed",
         test_room_that_comes_while_feeding_is_not_missed},
        {"done is called once after the feed", test_done_is_called_once_after_the_feed},
        {"ticket outlives group and close", test_ticket_outlives_group_and_close},
        {"group larger than one takes is several", test_group_larger_than_one_takes_is_several},
        {"released is deleted group by group", test_released_is_deleted_group_by_group},
        {"open wants sensible options", test_open_wants_sensible_options},
        CU_TEST_INFO_NULL,
    };
    return suite_run("spool.spool", tests);
}
