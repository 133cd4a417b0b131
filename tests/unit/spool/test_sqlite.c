/* The spool on files: what survives, and how large they get. */
#include "spool/spool_priv.h"
#include "support/suite.h"
#include "unit/spool/owner_double.h"
#include "unit/spool/spool_files.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct spool_files files;
static struct owner_double owner;

static struct mqc__spool *open_with(const struct mqc__spool_options *options)
{
    struct mqc__spool *spool = NULL;
    struct mqc_error_info info = {.text = ""};
    CHECK_INT(mqc__spool_open(options, &owner.owner, NULL, NULL, &spool, &info), MQC_OK);
    CHECK_TEXT(info.text, "");
    REQUIRE(spool != NULL);
    return spool;
}

static struct mqc__spool *open_again(void)
{
    const struct mqc__spool_options options = spool_files_options(&files);
    owner_double_forget(&owner);
    return open_with(&options);
}

static void begin(void)
{
    spool_files_init(&files);
    owner_double_init(&owner);
}

static void end(void)
{
    spool_files_fini(&files);
    owner_double_fini(&owner);
}

static void put_and_turn(struct mqc__spool *spool, uint64_t from, uint64_t to)
{
    for (uint64_t number = from; number <= to; number++)
        CHECK_INT(put_numbered(spool, number), MQC_OK);
    mqc__spool_turn(spool);
}

static void test_file_is_for_its_owner_alone(void)
{
    begin();
    struct mqc__spool_options options = spool_files_options(&files);
    char path[128];
    (void)snprintf(path, sizeof path, "%s/one/two/spool", files.folder);
    options.path = path;
    struct mqc__spool *spool = open_with(&options);
    struct stat status;
    CHECK_INT(stat(path, &status), 0);
    CHECK_INT(status.st_mode & 07777U, 0600);
    mqc__spool_free(&spool);
    (void)unlink(path);
    (void)snprintf(path, sizeof path, "%s/one/two", files.folder);
    CHECK_INT(stat(path, &status), 0);
    CHECK_INT(status.st_mode & 07777U, 0700);
    (void)rmdir(path);
    end();
}

static void test_closed_and_reopened_goes_on(void)
{
    begin();
    struct mqc__spool *spool = open_again();
    put_and_turn(spool, 1, 3);
    put_and_turn(spool, 4, 5);
    mqc__spool_release(spool, 3);
    mqc__spool_free(&spool);
    CHECK_INT(spool_files_size(&files, "-wal"), -1);
    struct mqc__spool_options options = spool_files_options(&files);
    options.instance = "second";
    owner_double_forget(&owner);
    spool = open_with(&options);
    CHECK_VIEW_TEXT(mqc__spool_left_instance(spool, 0), "first");
    CHECK_UNSIGNED(mqc__spool_left_instance(spool, 1).size, 0);
    put_and_turn(spool, 6, 6);
    CHECK_UNSIGNED(owner.fed_count, 4);
    for (size_t i = 0; i < 4; i++) {
        CHECK_UNSIGNED(owner.fed[i].number, i + 3);
        CHECK_UNSIGNED(owner.fed[i].sequence, i + 3);
        CHECK_UNSIGNED(owner.fed[i].service, i + 3);
    }
    CHECK_TEXT(owner.fed[0].topic, "t/3");
    CHECK_TEXT(owner.fed[0].event, "event 3");
    CHECK_TEXT(owner.fed[2].instance, "first");
    CHECK_TEXT(owner.fed[3].instance, "second");
    mqc__spool_free(&spool);
    end();
}

static void test_numbers_go_on_when_nothing_is_left(void)
{
    begin();
    struct mqc__spool *spool = open_again();
    put_and_turn(spool, 1, 10);
    mqc__spool_release(spool, 11);
    mqc__spool_free(&spool);
    for (unsigned round = 0; round < 3; round++) {
        spool = open_again();
        CHECK_UNSIGNED(mqc__spool_last_number(spool), 10);
        struct mqc__spool_stats stats;
        mqc__spool_stats(spool, &stats);
        CHECK_UNSIGNED(stats.events, 0);
        mqc__spool_free(&spool);
    }
    end();
}

/* Commits a hundred events with a worker, tells how many through the pipe, and waits to be killed.
 */
static void be_killed(int told)
{
    const struct mqc__spool_options options = spool_files_options(&files);
    struct mqc__spool *spool = NULL;
    if (mqc__spool_open(&options, &owner.owner, NULL, NULL, &spool, NULL) != MQC_OK ||
        mqc__spool_start(spool) != MQC_OK)
        _exit(1);
    for (uint64_t number = mqc__spool_last_number(spool) + 1;; number++) {
        if (commit_numbered(spool, number) != MQC_OK ||
            write(told, &number, sizeof number) != sizeof number)
            _exit(1);
    }
}

/* Returns the last number that the child was sure of. */
static uint64_t kill_after(size_t count)
{
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0)
        be_killed(ends[1]);
    (void)close(ends[1]);
    uint64_t last = 0;
    for (size_t i = 0; i < count; i++)
        CHECK_INT(read(ends[0], &last, sizeof last), sizeof last);
    (void)kill(child, SIGKILL);
    int status = 0;
    CHECK_INT(waitpid(child, &status, 0), child);
    CHECK(WIFSIGNALED(status));
    for (uint64_t number = 0; read(ends[0], &number, sizeof number) == sizeof number;)
        last = number;
    (void)close(ends[0]);
    return last;
}

static void test_killed_right_after_wait_has_the_event(void)
{
    begin();
    uint64_t before = 0;
    for (unsigned round = 0; round < 10; round++) {
        const uint64_t last = kill_after(20 + 37 * (size_t)round);
        CHECK(last > before);
        struct mqc__spool *spool = open_again();
        CHECK(mqc__spool_last_number(spool) >= last);
        mqc__spool_turn(spool);
        CHECK(owner.fed_count >= last);
        CHECK(owner.is_in_order);
        CHECK_UNSIGNED(owner.fed[last - 1].number, last);
        before = mqc__spool_last_number(spool);
        mqc__spool_free(&spool);
        CHECK_UNSIGNED(owner.error_count, 0);
    }
    end();
}

static void test_files_do_not_grow_over_many_rounds(void)
{
    begin();
    struct mqc__spool *spool = open_again();
    off_t early = 0;
    for (uint64_t round = 1; round <= 4000; round++) {
        CHECK_INT(put_bytes(spool, 5000), MQC_OK);
        mqc__spool_release(spool, round);
        spool->erase_ms = -1000000;
        mqc__spool_turn(spool);
        if (round == 1000)
            early = spool_files_size(&files, "") + spool_files_size(&files, "-wal");
    }
    CHECK(spool_files_size(&files, "") + spool_files_size(&files, "-wal") <= early + (1 << 20));
    CHECK(spool_files_size(&files, "") < 1 << 20);
    mqc__spool_free(&spool);
    end();
}

static void test_file_shrinks_after_an_outage(void)
{
    begin();
    struct mqc__spool *spool = open_again();
    for (unsigned i = 0; i < 500; i++) {
        CHECK_INT(put_bytes(spool, 100000), MQC_OK);
        mqc__spool_turn(spool);
    }
    mqc__spool_free(&spool);
    CHECK(spool_files_size(&files, "") > 40 << 20);
    spool = open_again();
    mqc__spool_release(spool, 500);
    for (unsigned turn = 0; turn < 50; turn++) {
        spool->erase_ms = -1000000;
        mqc__spool_turn(spool);
    }
    struct mqc__spool_stats stats;
    mqc__spool_stats(spool, &stats);
    CHECK_UNSIGNED(stats.events, 1);
    CHECK(spool_files_size(&files, "") < 1 << 20);
    put_and_turn(spool, 501, 501);
    mqc__spool_free(&spool);
    spool = open_again();
    mqc__spool_turn(spool);
    CHECK_UNSIGNED(owner.fed_count, 2);
    CHECK_UNSIGNED(owner.fed[0].number, 500);
    mqc__spool_free(&spool);
    end();
}

static void test_drop_oldest_on_a_file_keeps_within_its_limit(void)
{
    begin();
    struct mqc__spool_options options = spool_files_options(&files);
    options.bytes_max = MQC__SPOOL_BYTES_MIN;
    options.when_full = MQC__SPOOL_DROP_OLDEST;
    struct mqc__spool *spool = open_with(&options);
    owner.room = 1;
    for (unsigned i = 0; i < 100; i++) {
        CHECK_INT(put_bytes(spool, 50000), MQC_OK);
        mqc__spool_turn(spool);
    }
    struct mqc__spool_stats stats;
    mqc__spool_stats(spool, &stats);
    CHECK(stats.bytes <= MQC__SPOOL_BYTES_MIN);
    CHECK_UNSIGNED(owner.dropped_unfed, 100 - stats.events);
    CHECK_UNSIGNED(stats.events, 20);
    owner_double_add_room(&owner, 1000);
    mqc__spool_resume(spool);
    mqc__spool_turn(spool);
    CHECK_UNSIGNED(owner.fed_count, 20);
    CHECK_UNSIGNED(owner.fed[0].number, 1);
    CHECK_UNSIGNED(owner.fed[1].number, 82);
    mqc__spool_free(&spool);
    end();
}

static void test_every_fsync_keeps_the_events(void)
{
    static const enum mqc__spool_fsync all[] = {MQC__SPOOL_FSYNC_ALWAYS, MQC__SPOOL_FSYNC_INTERVAL,
                                                MQC__SPOOL_FSYNC_NEVER};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        begin();
        struct mqc__spool_options options = spool_files_options(&files);
        options.fsync = all[i];
        struct mqc__spool *spool = open_with(&options);
        put_and_turn(spool, 1, 3);
        if (all[i] == MQC__SPOOL_FSYNC_INTERVAL) {
            spool->sync_due_ms = 0;
            mqc__spool_turn(spool);
        }
        mqc__spool_free(&spool);
        CHECK_UNSIGNED(owner.error_count, 0);
        spool = open_again();
        mqc__spool_turn(spool);
        CHECK_UNSIGNED(owner.fed_count, 3);
        mqc__spool_free(&spool);
        end();
    }
}

static bool count_visit(void *context, const struct mqc__spool_record *record)
{
    uint64_t *last = context;
    CHECK(record->number > *last);
    *last = record->number;
    CHECK_VIEW_TEXT(record->instance, "first");
    return record->number != 5;
}

static void test_walk_shows_what_is_left_and_changes_nothing(void)
{
    begin();
    uint64_t last = 0;
    CHECK_INT(mqc__spool_walk(files.path, count_visit, &last, NULL), MQC_ENOTFOUND);
    struct mqc__spool *spool = open_again();
    put_and_turn(spool, 1, 3);
    put_and_turn(spool, 4, 7);
    struct mqc_error_info info = {.text = ""};
    CHECK_INT(mqc__spool_walk(files.path, count_visit, &last, &info), MQC_EIO);
    CHECK_CONTAINS(info.text, "another process uses it");
    mqc__spool_release(spool, 3);
    mqc__spool_free(&spool);
    const off_t size = spool_files_size(&files, "");
    last = 2;
    CHECK_INT(mqc__spool_walk(files.path, count_visit, &last, &info), MQC_OK);
    CHECK_UNSIGNED(last, 5);
    CHECK_INT(spool_files_size(&files, ""), size);
    CHECK_INT(spool_files_size(&files, "-shm"), -1);
    end();
}

/* A file that was not closed has most of what it holds in the log. */
static void test_walk_reads_the_log_of_a_killed_node_and_leaves_it(void)
{
    begin();
    const uint64_t killed_at = kill_after(5);
    const off_t size = spool_files_size(&files, "-wal");
    CHECK(size > 0);
    uint64_t last = 0;
    CHECK_INT(mqc__spool_walk(files.path, count_visit, &last, NULL), MQC_OK);
    CHECK_UNSIGNED(last, 5);
    CHECK_INT(spool_files_size(&files, "-wal"), size);
    struct mqc__spool *spool = open_again();
    CHECK(mqc__spool_last_number(spool) >= killed_at);
    mqc__spool_free(&spool);
    end();
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"file is for its owner alone", test_file_is_for_its_owner_alone},
        {"closed and reopened goes on", test_closed_and_reopened_goes_on},
        {"numbers go on when nothing is left", test_numbers_go_on_when_nothing_is_left},
        {"killed right after wait has the event", test_killed_right_after_wait_has_the_event},
        {"files do not grow over many rounds", test_files_do_not_grow_over_many_rounds},
        {"file shrinks after an outage", test_file_shrinks_after_an_outage},
        {"drop oldest on a file keeps within its limit",
         test_drop_oldest_on_a_file_keeps_within_its_limit},
        {"every fsync keeps the events", test_every_fsync_keeps_the_events},
        {"walk shows what is left and changes nothing",
         test_walk_shows_what_is_left_and_changes_nothing},
        {"walk reads the log of a killed node and leaves it",
         test_walk_reads_the_log_of_a_killed_node_and_leaves_it},
        CU_TEST_INFO_NULL,
    };
    return suite_run("spool.sqlite", tests);
}
