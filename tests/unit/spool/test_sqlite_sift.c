/* Sifting on files: which rows go, which are replaced, and what is left after a crash. */
#include "spool/spool_priv.h"
#include "spool/sqlite_priv.h"
#include "support/suite.h"
#include "unit/spool/owner_double.h"
#include "unit/spool/spool_files.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static struct spool_files files;
static struct owner_double owner;

static struct mqc__spool *open_again(void)
{
    struct mqc__spool_options options = spool_files_options(&files);
    options.bytes_max = MQC__SPOOL_BYTES_MIN;
    owner_double_forget(&owner);
    struct mqc__spool *spool = NULL;
    CHECK_INT(mqc__spool_open(&options, &owner.owner, NULL, NULL, &spool, NULL), MQC_OK);
    REQUIRE(spool != NULL);
    return spool;
}

static struct mqc__spool *begin(void)
{
    spool_files_init(&files);
    owner_double_init(&owner);
    return open_again();
}

static void end(struct mqc__spool **spool)
{
    mqc__spool_free(spool);
    spool_files_fini(&files);
    owner_double_fini(&owner);
}

static void put_and_turn(struct mqc__spool *spool, uint64_t from, uint64_t to)
{
    for (uint64_t number = from; number <= to; number++)
        CHECK_INT(put_numbered(spool, number), MQC_OK);
    mqc__spool_turn(spool);
}

/* Sifts with what the owner needs, whether it is time or not. */
static void sift(struct mqc__spool *spool)
{
    const uint64_t bytes_max = spool->options.bytes_max;
    spool->options.bytes_max = 0;
    spool->sifting.began_ms = 0;
    mqc__spool_sift(spool);
    for (unsigned i = 0; i < 10000 && spool->sifting.is_active; i++)
        mqc__spool_sift(spool);
    CHECK(!spool->sifting.is_active);
    spool->options.bytes_max = bytes_max;
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

static struct mqc__spool_stats stats_of(struct mqc__spool *spool)
{
    struct mqc__spool_stats stats;
    mqc__spool_stats(spool, &stats);
    return stats;
}

/* What is fed again after a crash: these numbers, with what belongs to them. */
static void check_left(struct mqc__spool **spool, const uint64_t *numbers, size_t count)
{
    const struct mqc__spool_stats before = stats_of(*spool);
    const uint64_t last = mqc__spool_last_number(*spool);
    mqc__spool_free(spool);
    *spool = open_again();
    const struct mqc__spool_stats after = stats_of(*spool);
    CHECK_UNSIGNED(after.events, before.events);
    CHECK_UNSIGNED(after.bytes, before.bytes);
    CHECK_UNSIGNED(mqc__spool_last_number(*spool), last);
    mqc__spool_turn(*spool);
    REQUIRE(owner.fed_count == count);
    for (size_t i = 0; i < count; i++) {
        char event[32];
        (void)snprintf(event, sizeof event, "event %ju", (uintmax_t)numbers[i]);
        CHECK_UNSIGNED(owner.fed[i].number, numbers[i]);
        CHECK_UNSIGNED(owner.fed[i].sequence, numbers[i]);
        CHECK_TEXT(owner.fed[i].event, event);
    }
    CHECK_UNSIGNED(mqc__spool_next_to_feed(*spool), last + 1);
}

static void test_rows_that_nobody_needs_go(void)
{
    struct mqc__spool *spool = begin();
    for (uint64_t row = 0; row < 10; row++)
        put_and_turn(spool, 10 * row + 1, 10 * row + 10);
    need_only(11, 20);
    need(41, 46);
    sift(spool);
    CHECK_UNSIGNED(stats_of(spool).sifted, 80);
    const uint64_t left[] = {11, 12, 13, 14, 15, 16, 17, 18, 19, 20,
                             41, 42, 43, 44, 45, 46, 47, 48, 49, 50};
    check_left(&spool, left, sizeof left / sizeof left[0]);
    end(&spool);
}

static void test_row_of_which_little_is_needed_is_replaced(void)
{
    struct mqc__spool *spool = begin();
    put_and_turn(spool, 1, 20);
    put_and_turn(spool, 21, 40);
    const uint64_t bytes = stats_of(spool).bytes;
    need_only(1, 1);
    need(5, 6);
    need(20, 22);
    need(40, 40);
    sift(spool);
    CHECK_UNSIGNED(stats_of(spool).events, 7);
    CHECK(stats_of(spool).bytes < bytes / 4);
    const uint64_t left[] = {1, 5, 6, 20, 21, 22, 40};
    check_left(&spool, left, sizeof left / sizeof left[0]);
    /* Once more with less. */
    need_only(6, 6);
    need(22, 22);
    sift(spool);
    const uint64_t rest[] = {6, 22};
    check_left(&spool, rest, sizeof rest / sizeof rest[0]);
    end(&spool);
}

static void test_numbers_go_on_when_all_is_sifted(void)
{
    struct mqc__spool *spool = begin();
    put_and_turn(spool, 1, 30);
    owner.needed_count = 0;
    sift(spool);
    CHECK_UNSIGNED(stats_of(spool).events, 0);
    CHECK_UNSIGNED(stats_of(spool).bytes, 0);
    check_left(&spool, NULL, 0);
    put_and_turn(spool, 31, 31);
    CHECK_UNSIGNED(owner.fed[0].number, 31);
    end(&spool);
}

static void test_row_that_is_fed_in_part_stays(void)
{
    struct mqc__spool *spool = begin();
    owner.room = 15;
    put_and_turn(spool, 1, 10);
    put_and_turn(spool, 11, 20);
    put_and_turn(spool, 21, 30);
    owner.needed_count = 0;
    sift(spool);
    CHECK_UNSIGNED(stats_of(spool).events, 20);
    owner_double_add_room(&owner, 100);
    mqc__spool_resume(spool);
    mqc__spool_turn(spool);
    CHECK_UNSIGNED(owner.fed_count, 30);
    CHECK(owner.is_in_order);
    sift(spool);
    CHECK_UNSIGNED(stats_of(spool).events, 0);
    end(&spool);
}

/* More rows than one step looks at. */
static void test_many_rows_take_several_steps(void)
{
    struct mqc__spool *spool = begin();
    const uint64_t count = 9000;
    for (uint64_t number = 1; number <= count; number++)
        put_and_turn(spool, number, number);
    need_only(1, 1);
    need(count / 2, count / 2);
    need(count, count);
    spool->options.bytes_max = 0;
    spool->sifting.began_ms = 0;
    mqc__spool_sift(spool);
    CHECK(spool->sifting.is_active);
    CHECK(stats_of(spool).events > count / 4);
    CHECK(stats_of(spool).events < count);
    while (spool->sifting.is_active)
        mqc__spool_sift(spool);
    spool->options.bytes_max = MQC__SPOOL_BYTES_MIN;
    const uint64_t left[] = {1, count / 2, count};
    check_left(&spool, left, sizeof left / sizeof left[0]);
    end(&spool);
}

/* Whatever is needed of whatever rows: that is fed again, and of the rest what stands in a row with
 * it at most. */
static void test_any_ranges_leave_what_is_in_them(void)
{
    uint64_t random = 12345;
    for (unsigned round = 0; round < 40; round++) {
        struct mqc__spool *spool = begin();
        uint64_t number = 1;
        for (unsigned row = 0; row < 20; row++) {
            random = random * UINT64_C(6364136223846793005) + 1;
            const uint64_t size = 1 + (random >> 33) % 30;
            put_and_turn(spool, number, number + size - 1);
            number += size;
        }
        bool is_needed[700] = {false};
        owner.needed_count = 0;
        for (uint64_t at = 1; at < number && owner.needed_count < NEEDED_MAX;) {
            random = random * UINT64_C(6364136223846793005) + 1;
            const uint64_t last = at + (random >> 33) % 5;
            need(at, last);
            for (uint64_t i = at; i <= last && i < number; i++)
                is_needed[i] = true;
            at = last + 2 + (random >> 43) % 40;
        }
        sift(spool);
        const uint64_t events = stats_of(spool).events;
        mqc__spool_free(&spool);
        spool = open_again();
        mqc__spool_turn(spool);
        CHECK_UNSIGNED(owner.fed_count, events);
        CHECK(owner.is_in_order);
        size_t at = 0;
        for (uint64_t i = 1; i < number; i++) {
            const bool is_fed = at < owner.fed_count && owner.fed[at].number == i;
            CHECK(is_fed || !is_needed[i]);
            at += is_fed ? 1 : 0;
        }
        end(&spool);
    }
}

static uint64_t walked;

static bool count_record(void *context, const struct mqc__spool_record *record)
{
    (void)context;
    walked += record->number;
    return true;
}

static void test_walk_reads_over_what_is_missing(void)
{
    struct mqc__spool *spool = begin();
    put_and_turn(spool, 1, 50);
    put_and_turn(spool, 51, 60);
    put_and_turn(spool, 61, 61);
    need_only(3, 3);
    need(61, 61);
    sift(spool);
    mqc__spool_close(spool);
    walked = 0;
    CHECK_INT(mqc__spool_walk(files.path, count_record, NULL, NULL), MQC_OK);
    CHECK_UNSIGNED(walked, 64);
    end(&spool);
}

static void test_damage_in_a_row_is_found_when_it_is_replaced(void)
{
    struct mqc__spool *spool = begin();
    put_and_turn(spool, 1, 20);
    put_and_turn(spool, 21, 40);
    CHECK_INT(
        mqc__sqlite_run(spool->store, "UPDATE groups SET sum = sum + 1 WHERE first = 21", NULL),
        MQC_OK);
    need_only(1, 2);
    need(21, 22);
    sift(spool);
    /* Of the step that found it nothing was done. */
    CHECK_UNSIGNED(stats_of(spool).events, 40);
    CHECK(spool->is_store_damaged);
    mqc__spool_turn(spool);
    CHECK_TEXT(owner.error_tag, "spool_damaged");
    CHECK_UNSIGNED(stats_of(spool).events, 20);
    spool->retry_ms = 0;
    sift(spool);
    CHECK_UNSIGNED(stats_of(spool).events, 2);
    end(&spool);
}

/* The other process never gets to close it. */
static void sift_and_die(void)
{
    struct mqc__spool *spool = open_again();
    for (uint64_t row = 0; row < 10; row++)
        put_and_turn(spool, 10 * row + 1, 10 * row + 10);
    need_only(7, 7);
    need(95, 100);
    sift(spool);
    (void)raise(SIGKILL);
}

static void test_killed_after_it_feeds_what_was_needed(void)
{
    struct mqc__spool *spool = begin();
    mqc__spool_free(&spool);
    (void)fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        sift_and_die();
        _exit(1);
    }
    int status = 0;
    CHECK_INT(waitpid(child, &status, 0), child);
    CHECK(WIFSIGNALED(status));
    spool = open_again();
    CHECK_UNSIGNED(stats_of(spool).events, 11);
    mqc__spool_turn(spool);
    REQUIRE(owner.fed_count == 11);
    CHECK_UNSIGNED(owner.fed[0].number, 7);
    CHECK_UNSIGNED(owner.fed[1].number, 91);
    CHECK_UNSIGNED(mqc__spool_last_number(spool), 100);
    end(&spool);
}

/* A worker sifts while others put and the owner needs one old record. */
static void test_worker_keeps_room_for_those_who_put(void)
{
    struct mqc__spool *spool = begin();
    need_only(1, 1);
    CHECK_INT(mqc__spool_start(spool), MQC_OK);
    for (unsigned i = 0; i < 200; i++) {
        enum mqc_error error;
        while ((error = put_bytes(spool, 1 << 16)) == MQC_EFULL)
            (void)usleep(500);
        CHECK_INT(error, MQC_OK);
    }
    owner_double_await(&owner, 200);
    mqc__spool_close(spool);
    CHECK_UNSIGNED(stats_of(spool).dropped, 0);
    CHECK(stats_of(spool).sifted >= 180);
    mqc__spool_free(&spool);
    spool = open_again();
    mqc__spool_turn(spool);
    CHECK_UNSIGNED(owner.fed[0].number, 1);
    CHECK(owner.fed_count <= 16);
    end(&spool);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"rows that nobody needs go", test_rows_that_nobody_needs_go},
        {"row of which little is needed is replaced",
         test_row_of_which_little_is_needed_is_replaced},
        {"numbers go on when all is sifted", test_numbers_go_on_when_all_is_sifted},
        {"row that is fed in part stays", test_row_that_is_fed_in_part_stays},
        {"many rows take several steps", test_many_rows_take_several_steps},
        {"any ranges leave what is in them", test_any_ranges_leave_what_is_in_them},
        {"walk reads over what is missing", test_walk_reads_over_what_is_missing},
        {"damage in a row is found when it is replaced",
         test_damage_in_a_row_is_found_when_it_is_replaced},
        {"killed after it feeds what was needed", test_killed_after_it_feeds_what_was_needed},
        {"worker keeps room for those who put", test_worker_keeps_room_for_those_who_put},
        CU_TEST_INFO_NULL,
    };
    return suite_run("spool.sqlite_sift", tests);
}
