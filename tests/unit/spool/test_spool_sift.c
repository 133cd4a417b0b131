/* A few old records are needed for long: those that are done with go all the same. */
#include "spool/spool_priv.h"
#include "support/suite.h"
#include "unit/spool/memory_store.h"
#include "unit/spool/owner_double.h"
#include "unit/spool/spool_files.h"

static struct memory_store store;
static struct owner_double owner;

#define EVENT_BYTES ((size_t)64 << 10)
#define RECORD_BYTES (EVENT_BYTES + 1 + MQC__SPOOL_RECORD_COST)

/* As many as fit into the smallest spool. */
#define FITTING (MQC__SPOOL_BYTES_MIN / RECORD_BYTES)

static struct mqc__spool *open_with(enum mqc__spool_when_full when_full)
{
    const struct mqc__spool_options options = {.path = "in memory",
                                               .instance = "first",
                                               .bytes_max = MQC__SPOOL_BYTES_MIN,
                                               .when_full = when_full};
    struct mqc__spool *spool = NULL;
    CHECK_INT(mqc__spool_open(&options, &owner.owner, &memory_store_ops, &store, &spool, NULL),
              MQC_OK);
    REQUIRE(spool != NULL);
    return spool;
}

static struct mqc__spool *begin(enum mqc__spool_when_full when_full)
{
    memory_store_init(&store);
    owner_double_init(&owner);
    return open_with(when_full);
}

static void end(struct mqc__spool **spool)
{
    mqc__spool_free(spool);
    memory_store_fini(&store);
    owner_double_fini(&owner);
}

static void need(uint64_t first, uint64_t last)
{
    owner.needed[owner.needed_count++] = (struct mqc__spool_range){.first = first, .last = last};
}

static void need_only(uint64_t first, uint64_t last)
{
    owner.needed_count = 0;
    need(first, last);
}

static void commit_bytes(struct mqc__spool *spool, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        CHECK_INT(put_bytes(spool, EVENT_BYTES), MQC_OK);
        mqc__spool_turn(spool);
    }
}

/* Fills it, with no sifting under way in the end. */
static void fill(struct mqc__spool *spool)
{
    commit_bytes(spool, FITTING);
    while (spool->sifting.is_active)
        mqc__spool_turn(spool);
}

/* As if it were time, until it is over. */
static void sift(struct mqc__spool *spool)
{
    spool->sifting.began_ms = 0;
    do {
        mqc__spool_turn(spool);
    } while (spool->sifting.is_active);
}

static struct mqc__spool_stats stats_of(struct mqc__spool *spool)
{
    struct mqc__spool_stats stats;
    mqc__spool_stats(spool, &stats);
    return stats;
}

static void check_kept(struct mqc__spool *spool, const uint64_t *numbers, size_t count)
{
    REQUIRE(store.group_count == count);
    for (size_t i = 0; i < count; i++)
        CHECK_UNSIGNED(store.groups[i].first_number, numbers[i]);
    CHECK_UNSIGNED(stats_of(spool).events, count);
    CHECK_UNSIGNED(stats_of(spool).bytes, count * RECORD_BYTES);
}

static void test_one_old_record_does_not_keep_all_later_ones(void)
{
    struct mqc__spool *spool = begin(MQC__SPOOL_REFUSE);
    need_only(2, 2);
    commit_bytes(spool, 20 * FITTING);
    CHECK_UNSIGNED(stats_of(spool).dropped, 0);
    CHECK_UNSIGNED(store.groups[0].first_number, 2);
    CHECK_UNSIGNED(owner.fed_count, 20 * FITTING);
    CHECK_UNSIGNED(stats_of(spool).sifted + store.group_count, 20 * FITTING);
    CHECK(owner.needed_calls <= 20 * FITTING / 2);
    const struct mqc__spool_stats before = stats_of(spool);
    mqc__spool_free(&spool);
    owner_double_forget(&owner);
    spool = open_with(MQC__SPOOL_REFUSE);
    CHECK_UNSIGNED(stats_of(spool).events, before.events);
    CHECK_UNSIGNED(stats_of(spool).bytes, before.bytes);
    mqc__spool_turn(spool);
    CHECK_UNSIGNED(owner.fed_count, store.group_count);
    CHECK_UNSIGNED(owner.fed[0].number, 2);
    CHECK_UNSIGNED(mqc__spool_next_to_feed(spool), 20 * FITTING + 1);
    end(&spool);
}

static void test_nobody_is_asked_below_half(void)
{
    struct mqc__spool *spool = begin(MQC__SPOOL_REFUSE);
    need_only(1, 1);
    commit_bytes(spool, FITTING / 2);
    sift(spool);
    CHECK_UNSIGNED(owner.needed_calls, 0);
    commit_bytes(spool, 2);
    CHECK(owner.needed_calls > 0);
    end(&spool);
}

static void test_what_waits_to_be_fed_stays(void)
{
    struct mqc__spool *spool = begin(MQC__SPOOL_REFUSE);
    owner.room = 4;
    need_only(2, 3);
    fill(spool);
    sift(spool);
    const uint64_t kept[] = {2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    check_kept(spool, kept, sizeof kept / sizeof kept[0]);
    CHECK_UNSIGNED(stats_of(spool).unfed_events, FITTING - 4);
    owner_double_add_room(&owner, SIZE_MAX / 2);
    mqc__spool_resume(spool);
    mqc__spool_turn(spool);
    CHECK_UNSIGNED(owner.fed_count, FITTING);
    CHECK_UNSIGNED(owner.fed[4].number, 5);
    CHECK(owner.is_in_order);
    CHECK_UNSIGNED(stats_of(spool).unfed_events, 0);
    end(&spool);
}

static void test_several_ranges_keep_what_is_in_them(void)
{
    struct mqc__spool *spool = begin(MQC__SPOOL_REFUSE);
    fill(spool);
    need_only(2, 4);
    need(7, 7);
    need(FITTING, UINT64_MAX);
    sift(spool);
    const uint64_t kept[] = {2, 3, 4, 7, FITTING};
    check_kept(spool, kept, sizeof kept / sizeof kept[0]);
    /* What was released goes as ever. */
    mqc__spool_release(spool, 5);
    commit_bytes(spool, 1);
    spool->erase_ms = 0;
    mqc__spool_turn(spool);
    const uint64_t left[] = {7, FITTING, FITTING + 1};
    check_kept(spool, left, sizeof left / sizeof left[0]);
    end(&spool);
}

static void test_full_takes_again_what_was_sifted(void)
{
    struct mqc__spool *spool = begin(MQC__SPOOL_REFUSE);
    fill(spool);
    CHECK_INT(put_bytes(spool, EVENT_BYTES), MQC_EFULL);
    need_only(1, 1);
    sift(spool);
    CHECK_UNSIGNED(stats_of(spool).events, 1);
    fill(spool);
    end(&spool);
}

static void test_commits_go_between_the_steps(void)
{
    struct mqc__spool *spool = begin(MQC__SPOOL_REFUSE);
    commit_bytes(spool, FITTING - 1);
    while (spool->sifting.is_active)
        mqc__spool_turn(spool);
    need_only(1, 1);
    spool->sifting.began_ms = 0;
    mqc__spool_turn(spool);
    CHECK(spool->sifting.is_active);
    const size_t left = store.group_count;
    commit_bytes(spool, 1);
    CHECK(spool->sifting.is_active);
    CHECK_UNSIGNED(store.group_count, left + 1 - MEMORY_SIFT_GROUPS);
    while (spool->sifting.is_active)
        mqc__spool_turn(spool);
    /* It was not there when the owner was asked. */
    const uint64_t kept[] = {1, FITTING};
    check_kept(spool, kept, sizeof kept / sizeof kept[0]);
    end(&spool);
}

static void test_drop_oldest_drops_nothing_if_that_is_enough(void)
{
    struct mqc__spool *spool = begin(MQC__SPOOL_DROP_OLDEST);
    fill(spool);
    need_only(1, 3);
    spool->sifting.began_ms = 0;
    commit_bytes(spool, 1);
    CHECK_UNSIGNED(owner.dropped_fed + owner.dropped_unfed, 0);
    CHECK_UNSIGNED(store.groups[0].first_number, 1);
    CHECK(stats_of(spool).bytes <= MQC__SPOOL_BYTES_MIN);
    end(&spool);
}

static void test_drop_oldest_drops_when_all_is_needed(void)
{
    struct mqc__spool *spool = begin(MQC__SPOOL_DROP_OLDEST);
    fill(spool);
    spool->sifting.began_ms = 0;
    commit_bytes(spool, 2);
    CHECK_UNSIGNED(owner.dropped_fed, 2);
    CHECK_UNSIGNED(stats_of(spool).sifted, 0);
    end(&spool);
}

static void test_owner_that_does_not_know_loses_nothing(void)
{
    struct mqc__spool *spool = begin(MQC__SPOOL_REFUSE);
    owner.needed_fails = true;
    owner.needed_count = 0;
    fill(spool);
    sift(spool);
    CHECK(owner.needed_calls > 0);
    CHECK_UNSIGNED(stats_of(spool).events, FITTING);
    owner.needed_fails = false;
    sift(spool);
    CHECK_UNSIGNED(stats_of(spool).events, 0);
    end(&spool);
}

static void test_step_that_fails_fails_no_event(void)
{
    struct mqc__spool *spool = begin(MQC__SPOOL_REFUSE);
    fill(spool);
    need_only(1, 1);
    store.failures[MEMORY_COMMIT] = 1;
    spool->sifting.began_ms = 0;
    mqc__spool_turn(spool);
    CHECK(!spool->sifting.is_active);
    CHECK_UNSIGNED(owner.failed_events, 0);
    CHECK_UNSIGNED(owner.error_count, 1);
    CHECK_TEXT(owner.error_tag, "spool_failed");
    CHECK(stats_of(spool).is_failing);
    CHECK_UNSIGNED(stats_of(spool).events, FITTING);
    /* Not again at once. */
    const unsigned calls = owner.needed_calls;
    sift(spool);
    CHECK_UNSIGNED(owner.needed_calls, calls);
    spool->retry_ms = 0;
    sift(spool);
    CHECK(!stats_of(spool).is_failing);
    CHECK_UNSIGNED(stats_of(spool).events, 1);
    end(&spool);
}

static void test_step_that_fails_before_dropping_is_followed_by_dropping(void)
{
    struct mqc__spool *spool = begin(MQC__SPOOL_DROP_OLDEST);
    fill(spool);
    need_only(1, 1);
    store.failures[MEMORY_COMMIT] = 1;
    spool->sifting.began_ms = 0;
    commit_bytes(spool, 1);
    CHECK_UNSIGNED(owner.dropped_fed, 1);
    CHECK_UNSIGNED(owner.failed_events, 0);
    CHECK_UNSIGNED(owner.fed_count, FITTING + 1);
    end(&spool);
}

static void test_damage_that_is_found_ends_it(void)
{
    struct mqc__spool *spool = begin(MQC__SPOOL_REFUSE);
    fill(spool);
    need_only(1, 1);
    store.failure = MQC_EMALFORMED;
    store.failures[MEMORY_COMMIT] = 1;
    spool->sifting.began_ms = 0;
    mqc__spool_turn(spool);
    mqc__spool_turn(spool);
    CHECK_UNSIGNED(store.set_asides, 1);
    CHECK_UNSIGNED(stats_of(spool).events, FITTING);
    spool->retry_ms = 0;
    sift(spool);
    CHECK_UNSIGNED(stats_of(spool).events, 1);
    end(&spool);
}

static void test_closing_ends_it(void)
{
    struct mqc__spool *spool = begin(MQC__SPOOL_REFUSE);
    fill(spool);
    need_only(1, 1);
    spool->sifting.began_ms = 0;
    mqc__spool_turn(spool);
    CHECK(spool->sifting.is_active);
    mqc__spool_close(spool);
    CHECK(!spool->sifting.is_active);
    CHECK_UNSIGNED(store.group_count, FITTING - MEMORY_SIFT_GROUPS + 1);
    end(&spool);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"one old record does not keep all later ones",
         test_one_old_record_does_not_keep_all_later_ones},
        {"nobody is asked below half", test_nobody_is_asked_below_half},
        {"what waits to be fed stays", test_what_waits_to_be_fed_stays},
        {"several ranges keep what is in them", test_several_ranges_keep_what_is_in_them},
        {"full takes again what was sifted", test_full_takes_again_what_was_sifted},
        {"commits go between the steps", test_commits_go_between_the_steps},
        {"drop oldest drops nothing if that is enough",
         test_drop_oldest_drops_nothing_if_that_is_enough},
        {"drop oldest drops when all is needed", test_drop_oldest_drops_when_all_is_needed},
        {"owner that does not know loses nothing", test_owner_that_does_not_know_loses_nothing},
        {"step that fails fails no event", test_step_that_fails_fails_no_event},
        {"step that fails before dropping is followed by dropping",
         test_step_that_fails_before_dropping_is_followed_by_dropping},
        {"damage that is found ends it", test_damage_that_is_found_ends_it},
        {"closing ends it", test_closing_ends_it},
        CU_TEST_INFO_NULL,
    };
    return suite_run("spool.spool_sift", tests);
}
