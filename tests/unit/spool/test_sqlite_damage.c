/* Files that were cut, overwritten or are something else: set aside, and what is readable in them
 * is carried over; never a crash, never an event that was not put. */
#include "spool/spool_priv.h"
#include "support/suite.h"
#include "unit/spool/owner_double.h"
#include "unit/spool/spool_files.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PAGE_BYTES ((size_t)4096)

static struct spool_files files;
static struct owner_double owner;

struct image {
    char *bytes;
    size_t size;
};

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

static struct mqc__spool *open_spool(struct mqc_error_info *info)
{
    const struct mqc__spool_options options = spool_files_options(&files);
    struct mqc__spool *spool = NULL;
    info->text[0] = '\0';
    owner_double_forget(&owner);
    owner.room = SIZE_MAX;
    owner.error_tag[0] = '\0';
    (void)mqc__spool_open(&options, &owner.owner, NULL, NULL, &spool, info);
    return spool;
}

static struct mqc__spool *open_sound(void)
{
    struct mqc_error_info info;
    struct mqc__spool *spool = open_spool(&info);
    CHECK_TEXT(info.text, "");
    REQUIRE(spool != NULL);
    return spool;
}

/* Every `per_group` events are a group. */
static void put_groups(struct mqc__spool *spool, uint64_t count, uint64_t per_group)
{
    for (uint64_t number = 1; number <= count; number++) {
        CHECK_INT(put_numbered(spool, number), MQC_OK);
        if (number % per_group == 0)
            mqc__spool_turn(spool);
    }
    mqc__spool_turn(spool);
}

static struct image read_image(const char *path)
{
    struct image image = {.bytes = NULL};
    REQUIRE(test_read_file(path, &image.bytes, &image.size));
    return image;
}

static void write_image(const char *path, const char *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    REQUIRE(file != NULL);
    CHECK_UNSIGNED(fwrite(bytes, 1, size, file), size);
    CHECK_INT(fclose(file), 0);
}

/* Makes a spool of `count` events and returns its file, closed in order. */
static struct image make_image(uint64_t count, uint64_t per_group)
{
    struct mqc__spool *spool = open_sound();
    put_groups(spool, count, per_group);
    mqc__spool_free(&spool);
    return read_image(files.path);
}

static void empty_folder(void)
{
    spool_files_fini(&files);
    spool_files_init(&files);
}

/* What came out of a damaged file. */
struct outcome {
    size_t fed_count;
    bool is_open;
    bool is_aside;
};

/* What was fed is some of what was put, in order, and a new event comes behind. */
static void check_fed(uint64_t count)
{
    CHECK(owner.is_in_order);
    for (size_t i = 0; i + 1 < owner.fed_count; i++) {
        char event[32];
        (void)snprintf(event, sizeof event, "event %ju", (uintmax_t)owner.fed[i].number);
        CHECK(owner.fed[i].number <= count);
        CHECK_TEXT(owner.fed[i].event, event);
    }
    CHECK_TEXT(owner.fed[owner.fed_count - 1].event, "event 999999");
}

/* Damage to what is free is seen only when it is written to; then the store is replaced. */
static void put_more(struct mqc__spool *spool)
{
    for (unsigned attempt = 0; attempt < 2; attempt++) {
        owner.failed_events = 0;
        CHECK_INT(put_numbered(spool, 999999), MQC_OK);
        for (unsigned turn = 0; turn < 3; turn++) {
            spool->retry_ms = 0;
            mqc__spool_turn(spool);
        }
        if (owner.failed_events == 0)
            return;
    }
    CHECK_UNSIGNED(owner.failed_events, 0);
}

/* Opens what is there, puts one event more, and looks at what is fed. */
static struct outcome try_damaged(uint64_t count)
{
    struct outcome outcome = {.fed_count = 0};
    struct mqc_error_info info;
    char aside[512];
    struct mqc__spool *spool = open_spool(&info);
    outcome.is_open = spool != NULL;
    if (spool != NULL) {
        put_more(spool);
        check_fed(count);
        outcome.fed_count = owner.fed_count - 1;
        outcome.is_aside = spool->damage != NULL || strcmp(owner.error_tag, "spool_damaged") == 0;
    } else {
        CHECK(info.text[0] != '\0');
    }
    CHECK(outcome.is_aside == spool_files_aside(&files, aside, sizeof aside));
    mqc__spool_free(&spool);
    return outcome;
}

static void test_garbage_is_set_aside(void)
{
    begin();
    char garbage[10000];
    struct test_random random = {.state = 1};
    for (size_t i = 0; i < sizeof garbage; i++)
        garbage[i] = (char)test_random_next(&random);
    write_image(files.path, garbage, sizeof garbage);
    struct mqc__spool *spool = open_sound();
    char aside[512];
    REQUIRE(spool_files_aside(&files, aside, sizeof aside));
    REQUIRE(spool->damage != NULL);
    CHECK_CONTAINS(spool->damage, aside);
    CHECK_CONTAINS(spool->damage, "was damaged: it was set aside as");
    struct image kept = read_image(aside);
    CHECK_VIEW(mqc_view_bytes(kept.bytes, kept.size), mqc_view_bytes(garbage, sizeof garbage));
    free(kept.bytes);
    /* What was given before is not known, so the numbers are high. */
    CHECK(mqc__spool_last_number(spool) > UINT64_C(1) << 48);
    CHECK_INT(mqc__spool_start(spool), MQC_OK);
    CHECK_INT(commit_numbered(spool, 1), MQC_OK);
    mqc__spool_free(&spool);
    CHECK_UNSIGNED(owner.error_count, 1);
    CHECK_TEXT(owner.error_tag, "spool_damaged");
    spool = open_sound();
    mqc__spool_turn(spool);
    CHECK_UNSIGNED(owner.fed_count, 1);
    mqc__spool_free(&spool);
    end();
}

static void test_two_set_aside_within_a_second_are_both_kept(void)
{
    begin();
    for (unsigned i = 0; i < 2; i++) {
        write_image(files.path, "not a database at all", 21);
        struct mqc__spool *spool = open_sound();
        REQUIRE(spool->damage != NULL);
        char *name = strstr(spool->damage, "aside as ") + 9;
        *strchr(name, ',') = '\0';
        CHECK_INT(access(name, F_OK), 0);
        if (i == 1)
            CHECK_INT(unlink(name), 0);
        mqc__spool_free(&spool);
    }
    char aside[512];
    CHECK(spool_files_aside(&files, aside, sizeof aside));
    end();
}

static void test_empty_file_is_a_new_spool_with_high_numbers(void)
{
    begin();
    for (size_t size = 0; size < 2; size++) {
        write_image(files.path, "\n", size);
        struct mqc__spool *spool = open_sound();
        CHECK(spool->damage == NULL);
        CHECK(mqc__spool_last_number(spool) > UINT64_C(1) << 48);
        mqc__spool_free(&spool);
        empty_folder();
    }
    end();
}

/* Every 64th size, and all around the ends of pages. */
static bool is_cut_tried(size_t size)
{
    const size_t in_page = size % PAGE_BYTES;
    return size % 64 == 0 || in_page < 2 || in_page > PAGE_BYTES - 2;
}

static void test_file_cut_anywhere(void)
{
    begin();
    const uint64_t count = 400;
    struct image image = make_image(count, 10);
    size_t most = 0;
    for (size_t size = 2; size < image.size; size++) {
        if (!is_cut_tried(size))
            continue;
        empty_folder();
        write_image(files.path, image.bytes, size);
        const struct outcome outcome = try_damaged(count);
        CHECK(outcome.is_open && outcome.is_aside);
        most = outcome.fed_count > most ? outcome.fed_count : most;
    }
    /* With all but a part of the last page there is much to be had. */
    CHECK(most > 200 && most < count);
    free(image.bytes);
    end();
}

/* A spool that was not closed: the log is cut, or the file, or one is missing. */
static void test_log_cut_anywhere_loses_the_end_only(void)
{
    begin();
    const uint64_t count = 60;
    struct mqc__spool *spool = open_sound();
    put_groups(spool, count, 5);
    char log_path[128];
    (void)snprintf(log_path, sizeof log_path, "%s-wal", files.path);
    struct image main = read_image(files.path);
    struct image log = read_image(log_path);
    mqc__spool_free(&spool);
    size_t fed_before = 0;
    for (size_t size = 0; size <= log.size; size++) {
        if (!is_cut_tried(size) && size != log.size)
            continue;
        empty_folder();
        write_image(files.path, main.bytes, main.size);
        (void)snprintf(log_path, sizeof log_path, "%s-wal", files.path);
        write_image(log_path, log.bytes, size);
        const struct outcome outcome = try_damaged(count);
        CHECK(outcome.is_open);
        CHECK(outcome.fed_count >= fed_before && outcome.fed_count % 5 == 0);
        for (size_t i = 0; i < outcome.fed_count; i++)
            CHECK_UNSIGNED(owner.fed[i].number, i + 1);
        fed_before = outcome.fed_count;
    }
    CHECK_UNSIGNED(fed_before, count);
    free(main.bytes);
    free(log.bytes);
    end();
}

static void test_page_torn_leaves_the_others_readable(void)
{
    begin();
    const uint64_t count = 1000;
    struct image image = make_image(count, 10);
    const size_t pages = image.size / PAGE_BYTES;
    REQUIRE(pages > 8);
    size_t carried = 0;
    for (size_t page = 0; page < pages; page++) {
        empty_folder();
        char *copy = malloc(image.size);
        REQUIRE(copy != NULL);
        memcpy(copy, image.bytes, image.size);
        memset(copy + page * PAGE_BYTES + PAGE_BYTES / 8, 0x5a, PAGE_BYTES - PAGE_BYTES / 8);
        write_image(files.path, copy, image.size);
        const struct outcome outcome = try_damaged(count);
        CHECK(outcome.is_open && outcome.is_aside);
        carried += outcome.fed_count;
        free(copy);
    }
    /* But for the few pages that hold no groups, each costs a few dozen events. */
    CHECK(carried > (pages - 4) * (count - 100));
    free(image.bytes);
    end();
}

static void test_bits_flipped_are_seen_or_do_not_matter(void)
{
    begin();
    const uint64_t count = 100;
    struct image image = make_image(count, 5);
    struct test_random random = {.state = 11};
    for (unsigned round = 0; round < 600; round++) {
        empty_folder();
        /* The first bytes say what the file is: each of their bits. */
        const size_t bit = round < 8 * 100 / 2 ? 2 * (size_t)round
                                               : (size_t)test_random_below(&random, 8 * image.size);
        image.bytes[bit / 8] = (char)(image.bytes[bit / 8] ^ (1 << bit % 8));
        write_image(files.path, image.bytes, image.size);
        const struct outcome outcome = try_damaged(count);
        /* All is there, or it was said that not, or it looks like another version's. */
        CHECK(outcome.fed_count == count || outcome.is_aside || !outcome.is_open);
        if (!outcome.is_open)
            CHECK(bit / 8 >= 60 && bit / 8 < 72);
        image.bytes[bit / 8] = (char)(image.bytes[bit / 8] ^ (1 << bit % 8));
    }
    free(image.bytes);
    end();
}

/* Larger than SQLite's cache, so that it reads what was changed behind its back. */
static void test_damage_while_running_costs_what_is_damaged(void)
{
    begin();
    struct mqc__spool *spool = open_sound();
    for (unsigned i = 0; i < 2000; i++) {
        CHECK_INT(put_bytes(spool, 8000), MQC_OK);
        mqc__spool_turn(spool);
    }
    mqc__spool_free(&spool);
    spool = open_sound();
    owner.room = 0;
    const int fd = open(files.path, O_WRONLY | O_CLOEXEC);
    REQUIRE(fd >= 0);
    char torn[3 * 4096];
    memset(torn, 0x5a, sizeof torn);
    CHECK_INT(pwrite(fd, torn, sizeof torn, (off_t)1000 * 4096), sizeof torn);
    CHECK_INT(close(fd), 0);
    owner_double_add_room(&owner, SIZE_MAX);
    for (unsigned turn = 0; turn < 10; turn++) {
        spool->retry_ms = 0;
        mqc__spool_turn(spool);
    }
    CHECK(owner.fed_count >= 1990 && owner.fed_count < 2000);
    CHECK(owner.is_in_order);
    CHECK_TEXT(owner.error_tag, "spool_damaged");
    CHECK_INT(put_numbered(spool, 2001), MQC_OK);
    mqc__spool_turn(spool);
    CHECK_UNSIGNED(owner.fed[owner.fed_count - 1].number, 2001);
    mqc__spool_free(&spool);
    end();
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"garbage is set aside", test_garbage_is_set_aside},
        {"two set aside within a second are both kept",
         test_two_set_aside_within_a_second_are_both_kept},
        {"empty file is a new spool with high numbers",
         test_empty_file_is_a_new_spool_with_high_numbers},
        {"file cut anywhere", test_file_cut_anywhere},
        {"log cut anywhere loses the end only", test_log_cut_anywhere_loses_the_end_only},
        {"page torn leaves the others readable", test_page_torn_leaves_the_others_readable},
        {"bits flipped are seen or do not matter", test_bits_flipped_are_seen_or_do_not_matter},
        {"damage while running costs what is damaged",
         test_damage_while_running_costs_what_is_damaged},
        CU_TEST_INFO_NULL,
    };
    return suite_run("spool.sqlite_damage", tests);
}
