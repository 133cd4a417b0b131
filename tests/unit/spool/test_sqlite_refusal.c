/* Files that cannot be a spool, and disks that cannot hold one: clear words, nothing else lost. */
#include "spool/spool_priv.h"
#include "support/suite.h"
#include "unit/spool/owner_double.h"
#include "unit/spool/spool_files.h"

#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static struct spool_files files;
static struct owner_double owner;

static enum mqc_error try_open(const char *path, struct mqc__spool **spool_out,
                               struct mqc_error_info *info)
{
    struct mqc__spool_options options = spool_files_options(&files);
    options.path = path;
    info->text[0] = '\0';
    return mqc__spool_open(&options, &owner.owner, NULL, NULL, spool_out, info);
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

/* Opening it fails and says so. */
static void check_refused(const char *path, enum mqc_error error, const char *part)
{
    struct mqc__spool *spool = NULL;
    struct mqc_error_info info;
    CHECK_INT(try_open(path, &spool, &info), error);
    CHECK(spool == NULL);
    CHECK_CONTAINS(info.text, part);
    CHECK(strncmp(info.place, path, 100) == 0);
    mqc__spool_free(&spool);
}

static void run_sql(const char *path, const char *text)
{
    sqlite3 *db = NULL;
    CHECK_INT(sqlite3_open(path, &db), SQLITE_OK);
    CHECK_INT(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
    CHECK_INT(sqlite3_close(db), SQLITE_OK);
}

static struct mqc__spool *open_sound(void)
{
    struct mqc__spool *spool = NULL;
    struct mqc_error_info info;
    CHECK_INT(try_open(files.path, &spool, &info), MQC_OK);
    CHECK_TEXT(info.text, "");
    REQUIRE(spool != NULL);
    return spool;
}

static void make_spool(void)
{
    struct mqc__spool *spool = open_sound();
    CHECK_INT(put_numbered(spool, 1), MQC_OK);
    mqc__spool_turn(spool);
    mqc__spool_free(&spool);
}

static void test_newer_schema_is_left_as_it_is(void)
{
    begin();
    make_spool();
    run_sql(files.path, "PRAGMA user_version = 2; ALTER TABLE groups ADD COLUMN more");
    char *before = NULL;
    char *after = NULL;
    size_t size = 0;
    size_t size_after = 0;
    REQUIRE(test_read_file(files.path, &before, &size));
    check_refused(files.path, MQC_EUNSUPPORTED, "newer version");
    REQUIRE(test_read_file(files.path, &after, &size_after));
    CHECK(size == size_after && memcmp(before, after, size) == 0);
    char aside[512];
    CHECK(!spool_files_aside(&files, aside, sizeof aside));
    free(before);
    free(after);
    end();
}

static void test_database_of_another_program_is_left_as_it_is(void)
{
    begin();
    run_sql(files.path, "CREATE TABLE places (url TEXT); INSERT INTO places VALUES ('x')");
    const off_t size = spool_files_size(&files, "");
    check_refused(files.path, MQC_EIO, "database of another program; choose another path");
    CHECK_INT(spool_files_size(&files, ""), size);
    run_sql(files.path, "INSERT INTO places VALUES ('y')");
    end();
}

static void test_second_opener_is_told(void)
{
    begin();
    struct mqc__spool *spool = open_sound();
    check_refused(files.path, MQC_EIO, "another process uses it");
    CHECK_INT(put_numbered(spool, 1), MQC_OK);
    mqc__spool_turn(spool);
    CHECK_UNSIGNED(owner.fed_count, 1);
    /* Trying did not take away the lock. */
    check_refused(files.path, MQC_EIO, "another process uses it");
    mqc__spool_free(&spool);
    end();
}

static void test_file_in_place_of_the_folder(void)
{
    begin();
    make_spool();
    char path[160];
    (void)snprintf(path, sizeof path, "%s/inside", files.path);
    check_refused(path, MQC_EIO, "Not a directory; choose another path");
    end();
}

static void test_folder_in_place_of_the_file(void)
{
    begin();
    check_refused(files.folder, MQC_EIO, "is no regular file; choose another path");
    end();
}

static void test_path_too_long(void)
{
    begin();
    char path[700];
    const int size = snprintf(path, sizeof path, "%s/", files.folder);
    memset(path + size, 'x', sizeof path - (size_t)size);
    path[sizeof path - 1] = '\0';
    check_refused(path, MQC_EIO, "... cannot be opened: File name too long; choose a shorter path");
    end();
}

/* Root may do everything, so it becomes somebody else for a moment. */
static void test_folder_without_permission(void)
{
    begin();
    const bool is_root = geteuid() == 0;
    CHECK_INT(chmod(files.folder, is_root ? 0700 : 0500), 0);
    if (is_root)
        CHECK_INT(seteuid(65534), 0);
    check_refused(files.path, MQC_EIO, "Permission denied; give the user of the node the right");
    if (is_root)
        CHECK_INT(seteuid(0), 0);
    CHECK_INT(chmod(files.folder, 0700), 0);
    end();
}

static void test_file_without_permission(void)
{
    begin();
    make_spool();
    const bool is_root = geteuid() == 0;
    CHECK_INT(chmod(files.path, 0400), 0);
    CHECK_INT(chmod(files.folder, 0755), 0);
    if (is_root)
        CHECK_INT(seteuid(65534), 0);
    check_refused(files.path, MQC_EIO, "Permission denied; give the user of the node the right");
    if (is_root)
        CHECK_INT(seteuid(0), 0);
    CHECK_INT(chmod(files.path, 0600), 0);
    owner_double_forget(&owner);
    struct mqc__spool *spool = open_sound();
    mqc__spool_turn(spool);
    CHECK_UNSIGNED(owner.fed_count, 1);
    mqc__spool_free(&spool);
    end();
}

/* Files may not grow beyond so many bytes; RLIM_INFINITY: as they like. */
static void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    CHECK_INT(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
    CHECK_INT(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void test_full_disk_fails_groups_until_there_is_room(void)
{
    (void)signal(SIGXFSZ, SIG_IGN);
    begin();
    struct mqc__spool *spool = open_sound();
    CHECK_INT(put_numbered(spool, 1), MQC_OK);
    mqc__spool_turn(spool);
    limit_files((rlim_t)spool_files_size(&files, "-wal") + 10000);
    const struct mqc__spool_offer offer = {.topic = mqc_view_text("t")};
    struct mqc__spool_ticket ticket;
    CHECK_INT(put_bytes(spool, 100000), MQC_OK);
    CHECK_INT(mqc__spool_put(spool, &offer, &ticket), MQC_OK);
    mqc__spool_turn(spool);
    struct mqc_error_info info = {.text = ""};
    CHECK_INT(mqc__spool_wait(spool, &ticket, &info), MQC_EIO);
    CHECK_CONTAINS(info.text, "cannot be written: File too large");
    CHECK_CONTAINS(info.text, "raise the limit on the size of files");
    CHECK_TEXT(owner.error_tag, "spool_failed");
    CHECK_UNSIGNED(owner.failed_events, 2);
    /* With something to delete it is a larger transaction. */
    mqc__spool_release(spool, 2);
    spool->erase_ms = -1000000;
    CHECK_INT(put_bytes(spool, 100000), MQC_OK);
    mqc__spool_turn(spool);
    CHECK_UNSIGNED(owner.failed_events, 3);
    limit_files(RLIM_INFINITY);
    CHECK_INT(put_bytes(spool, 100000), MQC_OK);
    mqc__spool_turn(spool);
    CHECK_UNSIGNED(owner.failed_events, 3);
    CHECK_UNSIGNED(owner.fed_count, 2);
    CHECK_UNSIGNED(owner.fed[1].sequence, 2);
    mqc__spool_free(&spool);
    owner_double_forget(&owner);
    spool = open_sound();
    mqc__spool_turn(spool);
    CHECK_UNSIGNED(owner.fed_count, 1);
    CHECK_UNSIGNED(owner.fed[0].number, 5);
    mqc__spool_free(&spool);
    end();
}

static void test_full_disk_on_opening_is_told(void)
{
    (void)signal(SIGXFSZ, SIG_IGN);
    begin();
    limit_files(1000);
    check_refused(files.path, MQC_EIO, "File too large");
    limit_files(RLIM_INFINITY);
    make_spool();
    end();
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"newer schema is left as it is", test_newer_schema_is_left_as_it_is},
        {"database of another program is left as it is",
         test_database_of_another_program_is_left_as_it_is},
        {"second opener is told", test_second_opener_is_told},
        {"file in place of the folder", test_file_in_place_of_the_folder},
        {"folder in place of the file", test_folder_in_place_of_the_file},
        {"path too long", test_path_too_long},
        {"folder without permission", test_folder_without_permission},
        {"file without permission", test_file_without_permission},
        {"full disk fails groups until there is room",
         test_full_disk_fails_groups_until_there_is_room},
        {"full disk on opening is told", test_full_disk_on_opening_is_told},
        CU_TEST_INFO_NULL,
    };
    return suite_run("spool.sqlite_refusal", tests);
}
