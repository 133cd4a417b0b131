#include "support/failing_malloc.h"
#include "support/suite.h"

#include "backend/pieces.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static const char whole[] = "an event that is too large for one message";
#define WHOLE_BYTES (sizeof whole - 1)

static struct mqc__pieces pieces;
static struct mqc__buffer got;

static void start(size_t events_max, size_t event_bytes_max, size_t bytes_max)
{
    mqc__pieces_init(&pieces, events_max, event_bytes_max, bytes_max);
    mqc__buffer_init(&got, 0);
}

static void finish(void)
{
    mqc__buffer_fini(&got);
    mqc__pieces_fini(&pieces);
    CHECK_UNSIGNED(pieces.byte_count, 0);
}

/* Bytes `from` to `to` of the event with this number arrive. */
static enum mqc_error take_of(const char *instance, const char *topic, uint64_t number, size_t from,
                              size_t to)
{
    const struct mqc__piece_arrival arrival = {
        .instance = mqc_view_text(instance),
        .topic = mqc_view_text(topic),
        .number = number,
        .piece = {WHOLE_BYTES, from, mqc_view_bytes(whole + from, to - from)},
    };
    mqc__buffer_fini(&got);
    return mqc__pieces_take(&pieces, &arrival, &got);
}

/* And are not the last ones that are needed. */
static void take(uint64_t number, size_t from, size_t to)
{
    CHECK_INT(take_of("i", "t", number, from, to), MQC_OK);
    CHECK(got.data == NULL);
}

static void take_last(uint64_t number, size_t from, size_t to)
{
    CHECK_INT(take_of("i", "t", number, from, to), MQC_OK);
    CHECK_VIEW_TEXT(mqc__buffer_view(&got), whole);
    CHECK_UNSIGNED(mqc__map_count(&pieces.events), 0);
    CHECK_UNSIGNED(pieces.byte_count, 0);
}

static void test_one_piece_is_the_event(void)
{
    start(10, 1000, 10000);
    take_last(1, 0, WHOLE_BYTES);
    finish();
}

static void test_two_pieces_cut_anywhere_are_the_event(void)
{
    start(10, 1000, 10000);
    for (size_t cut = 1; cut < WHOLE_BYTES; cut++) {
        take(cut, 0, cut);
        take_last(cut, cut, WHOLE_BYTES);
    }
    finish();
}

static void test_single_bytes_are_the_event(void)
{
    start(10, 1000, 10000);
    for (size_t i = 0; i + 1 < WHOLE_BYTES; i++)
        take(7, i, i + 1);
    take_last(7, WHOLE_BYTES - 1, WHOLE_BYTES);
    finish();
}

/* As after a reconnect of the sender, or of the receiver. */
static void test_what_comes_again_changes_nothing(void)
{
    start(10, 1000, 10000);
    take(1, 0, 10);
    take(1, 0, 10);
    take(1, 10, 20);
    take(1, 0, 10);
    take(1, 10, 20);
    take(1, 3, 17);
    take(1, 3, 25);
    take(1, 0, 30);
    take_last(1, 20, WHOLE_BYTES);
    finish();
}

static void test_a_piece_behind_a_gap_ends_the_event(void)
{
    start(10, 1000, 10000);
    take(1, 0, 10);
    take(1, 11, 20);
    CHECK_UNSIGNED(mqc__map_count(&pieces.events), 0);
    take(1, 10, WHOLE_BYTES);
    take(1, 0, 20);
    take_last(1, 20, WHOLE_BYTES);
    finish();
}

static void test_pieces_without_the_first_are_nothing(void)
{
    start(10, 1000, 10000);
    take(1, 10, WHOLE_BYTES);
    take(1, 1, 2);
    CHECK_UNSIGNED(mqc__map_count(&pieces.events), 0);
    finish();
}

static void test_another_number_takes_the_place_of_the_event(void)
{
    start(10, 1000, 10000);
    take(1, 0, 10);
    take(2, 0, 10);
    take(1, 10, WHOLE_BYTES);
    take(2, 10, WHOLE_BYTES);
    take(3, 0, 10);
    take_last(3, 10, WHOLE_BYTES);
    finish();
}

static void test_another_size_takes_the_place_of_the_event(void)
{
    start(10, 1000, 10000);
    take(1, 0, 10);
    const struct mqc__piece_arrival arrival = {
        mqc_view_text("i"), mqc_view_text("t"), 1, {20, 10, mqc_view_bytes(whole, 10)}};
    CHECK_INT(mqc__pieces_take(&pieces, &arrival, &got), MQC_OK);
    CHECK(got.data == NULL);
    CHECK_UNSIGNED(mqc__map_count(&pieces.events), 0);
    finish();
}

static void test_streams_do_not_mix(void)
{
    static const char *const streams[][2] = {
        {"i", "t"}, {"i", "u"}, {"j", "t"}, {"", "it"}, {"it", ""}};
    enum { COUNT = sizeof streams / sizeof streams[0] };
    start(COUNT, 1000, 10000);
    for (size_t i = 0; i < COUNT; i++)
        CHECK_INT(take_of(streams[i][0], streams[i][1], i + 1, 0, 5), MQC_OK);
    CHECK_UNSIGNED(mqc__map_count(&pieces.events), COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        CHECK_INT(take_of(streams[i][0], streams[i][1], i + 1, 5, WHOLE_BYTES), MQC_OK);
        CHECK_VIEW_TEXT(mqc__buffer_view(&got), whole);
    }
    finish();
}

static void test_forgotten_events_are_not_completed(void)
{
    start(10, 1000, 10000);
    mqc__pieces_forget(&pieces, mqc_view_text("i"), mqc_view_text("t"));
    take(1, 0, 10);
    CHECK_INT(take_of("i", "u", 1, 0, 10), MQC_OK);
    mqc__pieces_forget(&pieces, mqc_view_text("i"), mqc_view_text("t"));
    CHECK_UNSIGNED(mqc__map_count(&pieces.events), 1);
    take(1, 10, WHOLE_BYTES);
    finish();
}

static bool awaits(const char *instance, uint64_t number)
{
    return mqc__pieces_await(&pieces, mqc_view_text(instance), mqc_view_text("t"), number);
}

static void test_what_has_begun_is_awaited(void)
{
    start(10, 1000, 10000);
    CHECK(!awaits("i", 1));
    take(1, 0, 10);
    CHECK(awaits("i", 1));
    CHECK(!awaits("i", 2));
    CHECK(!awaits("j", 1));
    take_last(1, 10, WHOLE_BYTES);
    CHECK(!awaits("i", 1));
    finish();
}

static void test_the_longest_unused_gives_way_to_another(void)
{
    start(2, 1000, 10000);
    CHECK_INT(take_of("a", "t", 1, 0, 5), MQC_OK);
    CHECK_INT(take_of("b", "t", 1, 0, 5), MQC_OK);
    CHECK_INT(take_of("a", "t", 1, 5, 6), MQC_OK);
    CHECK_INT(take_of("c", "t", 1, 0, 5), MQC_OK);
    CHECK_UNSIGNED(mqc__map_count(&pieces.events), 2);
    CHECK_INT(take_of("b", "t", 1, 5, WHOLE_BYTES), MQC_OK);
    CHECK(got.data == NULL);
    CHECK_INT(take_of("a", "t", 1, 6, WHOLE_BYTES), MQC_OK);
    CHECK_VIEW_TEXT(mqc__buffer_view(&got), whole);
    finish();
}

static void test_bytes_of_all_are_bounded(void)
{
    start(100, 1000, 2000);
    for (int i = 0; i < 100; i++) {
        const char instance[] = {(char)(' ' + i), '\0'};
        CHECK_INT(take_of(instance, "t", 1, 0, 5), MQC_OK);
        CHECK(pieces.byte_count <= 2000);
    }
    CHECK(mqc__map_count(&pieces.events) > 1);
    CHECK(mqc__map_count(&pieces.events) < 100);
    finish();
}

static enum mqc_error take_hostile(uint64_t total, uint64_t offset, size_t size)
{
    const struct mqc__piece_arrival arrival = {
        mqc_view_text("i"), mqc_view_text("t"), 1, {total, offset, mqc_view_bytes(whole, size)}};
    mqc__buffer_fini(&got);
    return mqc__pieces_take(&pieces, &arrival, &got);
}

static void test_what_is_promised_takes_no_memory(void)
{
    start(10, SIZE_MAX, SIZE_MAX);
    CHECK_INT(take_hostile(INT64_MAX, 0, 10), MQC_OK);
    CHECK(pieces.byte_count < 1000);
    CHECK_INT(take_hostile(INT64_MAX, INT64_MAX - 10, 10), MQC_OK);
    CHECK_UNSIGNED(mqc__map_count(&pieces.events), 0);
    finish();
}

static void test_too_large_an_event_is_refused_once(void)
{
    start(10, 1000, 10000);
    CHECK_INT(take_hostile(1000, 0, 10), MQC_OK);
    CHECK_INT(take_hostile(1001, 0, 10), MQC_ETOOLARGE);
    CHECK_UNSIGNED(mqc__map_count(&pieces.events), 0);
    CHECK_INT(take_hostile(1001, 10, 10), MQC_OK);
    CHECK_INT(take_hostile(UINT64_MAX, UINT64_MAX - 1, 1), MQC_OK);
    CHECK_UNSIGNED(mqc__map_count(&pieces.events), 0);
    finish();
}

/* Cuts an event at random, loses, repeats and swaps pieces: what comes out is the event. */
static void test_random_pieces_make_the_event_or_nothing(void)
{
    struct test_random random = {1};
    size_t complete = 0;
    start(10, 1000, 10000);
    for (uint64_t number = 1; number <= 2000; number++) {
        for (int i = 0; i < 20; i++) {
            const size_t from = test_random_below(&random, WHOLE_BYTES);
            const size_t to = from + 1 + test_random_below(&random, WHOLE_BYTES - from);
            CHECK_INT(take_of("i", "t", number, i % 3 == 0 ? 0 : from, to), MQC_OK);
            if (got.data == NULL)
                continue;
            CHECK_VIEW_TEXT(mqc__buffer_view(&got), whole);
            complete++;
        }
    }
    CHECK(complete > 2000);
    finish();
}

/* In a folder of the test's own. */

static char folder[] = "/tmp/mqc-pieces-XXXXXX";
static char file[PATH_MAX]; /* the first one found there */

static void start_in_folder(void)
{
    start(10, 1000, 10000);
    REQUIRE(mqc__pieces_open(&pieces, folder, false));
}

static void restart(void)
{
    finish();
    start_in_folder();
}

static size_t count_files(void)
{
    size_t count = 0;
    DIR *names = opendir(folder);
    REQUIRE(names != NULL);
    for (const struct dirent *entry; (entry = readdir(names)) != NULL;) {
        if (entry->d_name[0] == '.')
            continue;
        count++;
        (void)snprintf(file, sizeof file, "%s/%s", folder, entry->d_name);
    }
    (void)closedir(names);
    return count;
}

static void handled(void)
{
    mqc__pieces_handled(&pieces, mqc_view_text("i"), mqc_view_text("t"));
    CHECK_UNSIGNED(count_files(), 0);
}

static void test_event_goes_on_after_a_restart_at_every_piece(void)
{
    for (size_t cut = 1; cut < WHOLE_BYTES; cut++) {
        start_in_folder();
        take(cut, 0, cut);
        restart();
        take(cut, 0, cut); /* it may come again */
        if (cut + 1 < WHOLE_BYTES)
            take(cut, cut, cut + 1);
        restart();
        take_last(cut, cut, WHOLE_BYTES);
        CHECK_UNSIGNED(count_files(), 1);
        handled();
        finish();
    }
}

/* Its last piece comes again then, since it was not acknowledged. */
static void test_event_that_was_not_handled_comes_again(void)
{
    start_in_folder();
    take(1, 0, 10);
    take_last(1, 10, WHOLE_BYTES);
    restart();
    take_last(1, 10, WHOLE_BYTES);
    restart();
    take_last(1, 10, WHOLE_BYTES);
    handled();
    restart();
    take(1, 10, WHOLE_BYTES);
    finish();
}

static void test_files_go_with_their_events(void)
{
    start_in_folder();
    take(1, 0, 10);
    CHECK_UNSIGNED(count_files(), 1);
    take(2, 0, 10);
    CHECK_UNSIGNED(count_files(), 1);
    take(2, 20, 30);
    CHECK_UNSIGNED(count_files(), 0);
    take(3, 0, 10);
    mqc__pieces_forget(&pieces, mqc_view_text("i"), mqc_view_text("t"));
    CHECK_UNSIGNED(count_files(), 0);
    for (int i = 0; i < 20; i++) {
        const char instance[] = {(char)('a' + i), '\0'};
        CHECK_INT(take_of(instance, "t", 1, 0, 10), MQC_OK);
    }
    CHECK_UNSIGNED(count_files(), 10);
    finish();
    start(3, 1000, 10000);
    REQUIRE(mqc__pieces_open(&pieces, folder, true));
    CHECK_UNSIGNED(mqc__map_count(&pieces.events), 3);
    CHECK_UNSIGNED(count_files(), 3);
    finish();
    start(10, WHOLE_BYTES - 1, 10000);
    REQUIRE(mqc__pieces_open(&pieces, folder, true));
    CHECK_UNSIGNED(mqc__map_count(&pieces.events), 0);
    CHECK_UNSIGNED(count_files(), 0);
    finish();
}

/* As a power cut may leave it: what is whole counts, and more can be added behind it. */
static void test_torn_files_are_read_as_far_as_they_are_whole(void)
{
    start_in_folder();
    take(1, 0, 10);
    CHECK_UNSIGNED(count_files(), 1);
    struct stat first;
    REQUIRE(stat(file, &first) == 0);
    take(1, 10, 20);
    struct stat both;
    REQUIRE(stat(file, &both) == 0);
    for (off_t size = both.st_size - 1; size >= first.st_size; size--) {
        REQUIRE(truncate(file, size) == 0);
        restart();
        take(1, 20, 30); /* a gap, which ends it */
        CHECK_UNSIGNED(count_files(), 0);
        take(1, 0, 10);
        take(1, 10, 20);
        REQUIRE(truncate(file, size) == 0);
        restart();
        take_last(1, 10, WHOLE_BYTES);
        handled();
        take(1, 0, 10);
        take(1, 10, 20);
    }
    for (off_t size = first.st_size - 1; size >= 0; size--) {
        finish();
        REQUIRE(truncate(file, size) == 0);
        start_in_folder();
        CHECK(count_files() <= 1);
        CHECK(!awaits("i", 2));
        mqc__pieces_forget(&pieces, mqc_view_text("i"), mqc_view_text("t"));
        take(1, 0, 10);
    }
    mqc__pieces_forget(&pieces, mqc_view_text("i"), mqc_view_text("t"));
    finish();
}

static void test_damaged_bytes_are_not_taken(void)
{
    start_in_folder();
    take(1, 0, 10);
    CHECK_UNSIGNED(count_files(), 1);
    struct stat status;
    REQUIRE(stat(file, &status) == 0);
    for (off_t at = 0; at < status.st_size; at++) {
        finish();
        FILE *damaged = fopen(file, "r+e");
        REQUIRE(damaged != NULL);
        REQUIRE(fseek(damaged, (long)at, SEEK_SET) == 0);
        const int byte = fgetc(damaged);
        REQUIRE(fseek(damaged, (long)at, SEEK_SET) == 0);
        REQUIRE(fputc(byte ^ 0x10, damaged) != EOF && fclose(damaged) == 0);
        start_in_folder();
        take(1, 10, WHOLE_BYTES); /* it would be complete */
        take(1, 0, 10);
    }
    mqc__pieces_forget(&pieces, mqc_view_text("i"), mqc_view_text("t"));
    CHECK_UNSIGNED(count_files(), 0);
    finish();
}

static void test_without_room_on_the_disk_the_event_is_in_memory(void)
{
    struct rlimit before;
    REQUIRE(getrlimit(RLIMIT_FSIZE, &before) == 0);
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    for (rlim_t room = 0; room < 100; room += 9) {
        start_in_folder();
        const struct rlimit small = {room, before.rlim_max};
        REQUIRE(setrlimit(RLIMIT_FSIZE, &small) == 0);
        take(1, 0, 10);
        take(1, 10, 20);
        REQUIRE(setrlimit(RLIMIT_FSIZE, &before) == 0);
        CHECK(pieces.file_errno != 0);
        CHECK_UNSIGNED(count_files(), 0);
        take_last(1, 20, WHOLE_BYTES);
        finish();
    }
    (void)signal(SIGXFSZ, handler);
}

static void test_folder_that_cannot_be_made_is_refused(void)
{
    start(10, 1000, 10000);
    CHECK(!mqc__pieces_open(&pieces, "/nowhere/at/all", false));
    CHECK_INT(errno, ENOENT);
    take(1, 0, 10);
    take_last(1, 10, WHOLE_BYTES);
    finish();
}

static void test_without_memory_the_event_is_given_up(void)
{
    size_t failures = 0;
    bool has_failed = true;
    for (size_t n = 1; has_failed; n++) {
        start(10, 1000, 10000);
        fail_allocation(n);
        enum mqc_error error = take_of("i", "t", 1, 0, 10);
        if (error == MQC_OK)
            error = take_of("i", "t", 1, 10, WHOLE_BYTES);
        has_failed = allocation_has_failed();
        fail_allocation(0);
        CHECK_INT(error, has_failed ? MQC_ENOMEM : MQC_OK);
        CHECK_UNSIGNED(mqc__map_count(&pieces.events), 0);
        failures += has_failed ? 1 : 0;
        take(1, 0, 10);
        take_last(1, 10, WHOLE_BYTES);
        finish();
    }
    CHECK(failures >= 3);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"one_piece_is_the_event", test_one_piece_is_the_event},
        {"two_pieces_cut_anywhere_are_the_event", test_two_pieces_cut_anywhere_are_the_event},
        {"single_bytes_are_the_event", test_single_bytes_are_the_event},
        {"what_comes_again_changes_nothing", test_what_comes_again_changes_nothing},
        {"a_piece_behind_a_gap_ends_the_event", test_a_piece_behind_a_gap_ends_the_event},
        {"pieces_without_the_first_are_nothing", test_pieces_without_the_first_are_nothing},
        {"another_number_takes_the_place_of_the_event",
         test_another_number_takes_the_place_of_the_event},
        {"another_size_takes_the_place_of_the_event",
         test_another_size_takes_the_place_of_the_event},
        {"streams_do_not_mix", test_streams_do_not_mix},
        {"forgotten_events_are_not_completed", test_forgotten_events_are_not_completed},
        {"what_has_begun_is_awaited", test_what_has_begun_is_awaited},
        {"the_longest_unused_gives_way_to_another", test_the_longest_unused_gives_way_to_another},
        {"bytes_of_all_are_bounded", test_bytes_of_all_are_bounded},
        {"what_is_promised_takes_no_memory", test_what_is_promised_takes_no_memory},
        {"too_large_an_event_is_refused_once", test_too_large_an_event_is_refused_once},
        {"random_pieces_make_the_event_or_nothing", test_random_pieces_make_the_event_or_nothing},
        {"event_goes_on_after_a_restart_at_every_piece",
         test_event_goes_on_after_a_restart_at_every_piece},
        {"event_that_was_not_handled_comes_again", test_event_that_was_not_handled_comes_again},
        {"files_go_with_their_events", test_files_go_with_their_events},
        {"torn_files_are_read_as_far_as_they_are_whole",
         test_torn_files_are_read_as_far_as_they_are_whole},
        {"damaged_bytes_are_not_taken", test_damaged_bytes_are_not_taken},
        {"without_room_on_the_disk_the_event_is_in_memory",
         test_without_room_on_the_disk_the_event_is_in_memory},
        {"folder_that_cannot_be_made_is_refused", test_folder_that_cannot_be_made_is_refused},
        {"without_memory_the_event_is_given_up", test_without_memory_the_event_is_given_up},
        CU_TEST_INFO_NULL,
    };
    if (mkdtemp(folder) == NULL)
        return EXIT_FAILURE;
    const int status = suite_run("backend.pieces", tests);
    (void)rmdir(folder);
    return status;
}
