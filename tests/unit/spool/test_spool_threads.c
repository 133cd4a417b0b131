/* Many threads on one spool, with its worker. */
#include "spool/latch.h"
#include "spool/spool.h"
#include "support/suite.h"
#include "unit/spool/owner_double.h"
#include "unit/spool/spool_files.h"

#include <stdatomic.h>
#include <unistd.h>

#define THREADS ((size_t)8)
#define EVENTS_EACH ((size_t)300)

static struct spool_files files;
static struct owner_double owner;
static struct mqc__spool *spool;
static atomic_uint done_count;
static atomic_uint wrong_count;

static void begin(struct mqc__spool_options options)
{
    struct mqc_error_info info = {.text = ""};
    atomic_store(&done_count, 0);
    atomic_store(&wrong_count, 0);
    CHECK_INT(mqc__spool_open(&options, &owner.owner, NULL, NULL, &spool, &info), MQC_OK);
    CHECK_TEXT(info.text, "");
    REQUIRE(spool != NULL);
    CHECK_INT(mqc__spool_start(spool), MQC_OK);
}

static void begin_plain(void)
{
    spool_files_init(&files);
    owner_double_init(&owner);
    begin(spool_files_options(&files));
}

static void end(void)
{
    mqc__spool_free(&spool);
    spool_files_fini(&files);
    owner_double_fini(&owner);
}

static void run_threads(void *(*run)(void *), size_t count)
{
    pthread_t threads[THREADS];
    for (size_t i = 0; i < count; i++)
        REQUIRE(pthread_create(&threads[i], NULL, run, NULL) == 0);
    for (size_t i = 0; i < count; i++)
        CHECK_INT(pthread_join(threads[i], NULL), 0);
}

static void *put_and_wait(void *context)
{
    for (uint64_t i = 0; i < EVENTS_EACH; i++) {
        if (commit_numbered(spool, i) != MQC_OK)
            (void)atomic_fetch_add(&wrong_count, 1);
    }
    return context;
}

static void test_each_that_waited_was_fed_before(void)
{
    begin_plain();
    run_threads(put_and_wait, THREADS);
    CHECK_UNSIGNED(owner_double_fed(&owner), THREADS * EVENTS_EACH);
    CHECK_UNSIGNED(wrong_count, 0);
    CHECK(owner.is_in_order);
    struct mqc__spool_stats stats;
    mqc__spool_stats(spool, &stats);
    CHECK_UNSIGNED(stats.committed, THREADS * EVENTS_EACH);
    CHECK_UNSIGNED(stats.pending, 0);
    CHECK(stats.groups <= stats.committed);
    CHECK_UNSIGNED(mqc__spool_last_number(spool), THREADS * EVENTS_EACH);
    end();
}

static void note_done(void *context, enum mqc_error error)
{
    (void)context;
    if (error != MQC_OK)
        (void)atomic_fetch_add(&wrong_count, 1);
    (void)atomic_fetch_add(&done_count, 1);
}

static void *put_with_done(void *context)
{
    const struct mqc__spool_offer offer = {
        .topic = mqc_view_text("t"), .event = mqc_view_text("e"), .done = note_done};
    for (unsigned i = 0; i < EVENTS_EACH; i++) {
        if (mqc__spool_put(spool, &offer, NULL) != MQC_OK)
            (void)atomic_fetch_add(&wrong_count, 1);
    }
    return context;
}

static void test_close_tells_all_that_was_put(void)
{
    begin_plain();
    run_threads(put_with_done, THREADS);
    mqc__spool_close(spool);
    CHECK_UNSIGNED(done_count, THREADS * EVENTS_EACH);
    CHECK_UNSIGNED(wrong_count, 0);
    CHECK_INT(put_numbered(spool, 1), MQC_ECLOSED);
    end();
}

/* Gives room a little at a time, and releases what was fed. */
static void *give_room(void *context)
{
    for (;;) {
        const uint64_t next = mqc__spool_next_to_feed(spool);
        mqc__spool_release(spool, next);
        if (next > THREADS / 2 * EVENTS_EACH)
            return context;
        owner_double_add_room(&owner, 7);
        mqc__spool_resume(spool);
        if (next % 3 == 0)
            (void)usleep(50);
    }
}

static void *put_or_give(void *context)
{
    static atomic_uint turn;
    return atomic_fetch_add(&turn, 1) % 2 == 0 ? put_and_wait(context) : give_room(context);
}

static void test_owner_with_little_room_gets_all_in_order(void)
{
    spool_files_init(&files);
    owner_double_init(&owner);
    owner.room = 0;
    struct mqc__spool_options options = spool_files_options(&files);
    options.fsync = MQC__SPOOL_FSYNC_INTERVAL;
    options.fsync_interval_ms = 1;
    begin(options);
    run_threads(put_or_give, THREADS);
    CHECK_UNSIGNED(owner_double_fed(&owner), THREADS / 2 * EVENTS_EACH);
    CHECK(owner.is_in_order);
    CHECK_UNSIGNED(wrong_count, 0);
    mqc__spool_close(spool);
    struct mqc__spool_stats stats;
    mqc__spool_stats(spool, &stats);
    CHECK_UNSIGNED(stats.events, 0);
    end();
}

static void test_worker_feeds_what_is_left_without_being_asked(void)
{
    begin_plain();
    owner_double_forget(&owner);
    owner.room = 0;
    run_threads(put_and_wait, 2);
    mqc__spool_free(&spool);
    owner_double_add_room(&owner, 1 << 20);
    begin(spool_files_options(&files));
    owner_double_await(&owner, 2 * EVENTS_EACH);
    CHECK(owner.is_in_order);
    end();
}

static void await_empty(void)
{
    struct mqc__spool_stats stats;
    do {
        (void)usleep(1000);
        mqc__spool_stats(spool, &stats);
    } while (stats.events != 0);
    CHECK_UNSIGNED(stats.bytes, 0);
}

static void test_released_goes_though_nothing_else_happens(void)
{
    begin_plain();
    for (uint64_t number = 1; number <= 10; number++)
        CHECK_INT(commit_numbered(spool, number), MQC_OK);
    mqc__spool_release(spool, 11);
    await_empty();
    CHECK_INT(commit_numbered(spool, 11), MQC_OK);
    /* The worker sleeps by now, and nothing is due. */
    (void)usleep(20000);
    mqc__spool_release(spool, 12);
    await_empty();
    end();
}

static struct mqc__latch latch;
static unsigned written;

static void *wait_for_latch(void *context)
{
    if (mqc__latch_wait(&latch) != 7 || written != 42)
        (void)atomic_fetch_add(&wrong_count, 1);
    return context;
}

static void test_latch_wakes_all(void)
{
    pthread_t threads[THREADS];
    atomic_store(&wrong_count, 0);
    for (unsigned round = 0; round < 50; round++) {
        written = 0;
        mqc__latch_init(&latch);
        for (size_t i = 0; i < THREADS; i++)
            REQUIRE(pthread_create(&threads[i], NULL, wait_for_latch, NULL) == 0);
        if (round % 2 == 0)
            (void)usleep(500);
        written = 42;
        mqc__latch_open(&latch, 7);
        for (size_t i = 0; i < THREADS; i++)
            CHECK_INT(pthread_join(threads[i], NULL), 0);
    }
    CHECK_UNSIGNED(wrong_count, 0);
    CHECK_UNSIGNED(mqc__latch_wait(&latch), 7);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"each that waited was fed before", test_each_that_waited_was_fed_before},
        {"close tells all that was put", test_close_tells_all_that_was_put},
        {"owner with little room gets all in order", test_owner_with_little_room_gets_all_in_order},
        {"worker feeds what is left without being asked",
         test_worker_feeds_what_is_left_without_being_asked},
        {"released goes though nothing else happens",
         test_released_goes_though_nothing_else_happens},
        {"latch wakes all", test_latch_wakes_all},
        CU_TEST_INFO_NULL,
    };
    return suite_run("spool.spool_threads", tests);
}
