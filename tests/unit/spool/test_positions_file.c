#include "spool/positions_priv.h"

#include "support/suite.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/mqc-test-positions-XXXXXX";

static const char *path_of(const char *name)
{
    static char paths[4][300];
    static size_t next;
    char *path = paths[next++ % 4];
    (void)snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

/* Removes the files whose names begin so, and says how many there were. */
static size_t remove_files(const char *start)
{
    size_t count = 0;
    DIR *files = opendir(folder);
    REQUIRE(files != NULL);
    const struct dirent *entry;
    while ((entry = readdir(files)) != NULL)
        if (strncmp(entry->d_name, start, strlen(start)) == 0 && entry->d_name[0] != '.')
            count += unlink(path_of(entry->d_name)) == 0;
    (void)closedir(files);
    return count;
}

static struct mqc__positions *open_good(void)
{
    struct mqc__positions *positions = NULL;
    struct mqc_error_info info;
    CHECK_INT(mqc__positions_open(path_of("p"), &positions, &info), MQC_OK);
    CHECK_INT(info.code, MQC_OK);
    REQUIRE(positions != NULL);
    return positions;
}

/* A stream that must be there, or must not. */
static size_t take(struct mqc__positions *positions, const char *topic, bool is_known)
{
    bool is_new;
    const size_t place = mqc__positions_take(positions, mqc_view_text("worker-1-0123456789ab"),
                                             mqc_view_text(topic), &is_new);
    CHECK_INT(is_new, !is_known);
    return place;
}

static void handle(struct mqc__positions *positions, const char *topic, uint64_t number)
{
    bool is_new;
    const size_t place = mqc__positions_take(positions, mqc_view_text("worker-1-0123456789ab"),
                                             mqc_view_text(topic), &is_new);
    mqc__positions_begin(positions, place, number);
    mqc__positions_done(positions, place, number);
}

static void test_open_again_knows_what_was_done(void)
{
    struct mqc__positions *positions = open_good();
    handle(positions, "a", 5);
    handle(positions, "b", 1);
    size_t place = take(positions, "b", true);
    mqc__positions_set_mark(positions, place, 99);
    (void)take(positions, "nothing done", false);
    CHECK_INT(mqc__positions_sync(positions, NULL), MQC_OK);
    mqc__positions_free(&positions);
    CHECK_INT(access(path_of("p.new"), F_OK), -1);
    struct stat status;
    REQUIRE(stat(path_of("p"), &status) == 0);
    CHECK_UNSIGNED(status.st_mode & 0777U, 0600);
    CHECK_UNSIGNED(status.st_size, mqc__positions_bytes(MQC__POSITIONS_MAX));
    CHECK(status.st_blocks * 512 >= status.st_size);

    positions = open_good();
    place = take(positions, "a", true);
    CHECK_UNSIGNED(mqc__positions_last(positions, place), 5);
    CHECK(!mqc__positions_is_uncertain(positions, place, 6));
    place = take(positions, "b", true);
    CHECK_UNSIGNED(mqc__positions_last(positions, place), 1);
    CHECK_UNSIGNED(mqc__positions_mark(positions, place), 99);
    (void)take(positions, "nothing done", false);
    mqc__positions_free(&positions);
    CHECK_UNSIGNED(remove_files("p"), 1);
}

static void test_interrupted_event_is_uncertain_until_it_is_done(void)
{
    struct mqc__positions *positions = open_good();
    handle(positions, "other", 3);
    size_t place = take(positions, "a", false);
    mqc__positions_begin(positions, place, 7);
    mqc__positions_free(&positions);
    /* However often it is opened, and whatever else is handled. */
    for (uint64_t i = 0; i < 3; i++) {
        positions = open_good();
        place = take(positions, "a", true);
        CHECK_UNSIGNED(mqc__positions_last(positions, place), 6);
        CHECK(mqc__positions_is_uncertain(positions, place, 7));
        CHECK(!mqc__positions_is_uncertain(positions, place, 8));
        CHECK(!mqc__positions_is_uncertain(positions, take(positions, "other", true), 4 + i));
        handle(positions, "other", 4 + i);
        mqc__positions_free(&positions);
    }
    positions = open_good();
    handle(positions, "a", 7);
    mqc__positions_free(&positions);
    positions = open_good();
    place = take(positions, "a", true);
    CHECK_UNSIGNED(mqc__positions_last(positions, place), 7);
    CHECK(!mqc__positions_is_uncertain(positions, place, 8));
    mqc__positions_free(&positions);
    CHECK_UNSIGNED(remove_files("p"), 1);
}

/* The first event of a stream is interrupted: the stream has nothing but that. */
static void test_interrupted_first_event_is_known(void)
{
    struct mqc__positions *positions = open_good();
    mqc__positions_begin(positions, take(positions, "a", false), 1);
    mqc__positions_free(&positions);
    positions = open_good();
    mqc__positions_free(&positions);
    positions = open_good();
    const size_t place = take(positions, "a", true);
    CHECK_UNSIGNED(mqc__positions_last(positions, place), 0);
    CHECK(mqc__positions_is_uncertain(positions, place, 1));
    mqc__positions_free(&positions);
    CHECK_UNSIGNED(remove_files("p"), 1);
}

static const char *nth(size_t number)
{
    static char topic[32];
    (void)snprintf(topic, sizeof topic, "topic %zu", number);
    return topic;
}

static void test_more_streams_than_places_keep_the_youngest(void)
{
    const size_t over = 3000;
    struct mqc__positions *positions = open_good();
    for (size_t i = 0; i < MQC__POSITIONS_MAX; i++)
        handle(positions, nth(i), i + 1);
    handle(positions, nth(0), 2);
    mqc__positions_free(&positions);
    positions = open_good();
    for (size_t i = 0; i < over; i++)
        handle(positions, nth(MQC__POSITIONS_MAX + i), 1);
    mqc__positions_free(&positions);
    positions = open_good();
    for (size_t i = over + 1; i < MQC__POSITIONS_MAX; i++)
        CHECK_UNSIGNED(mqc__positions_last(positions, take(positions, nth(i), true)), i + 1);
    CHECK_UNSIGNED(mqc__positions_last(positions, take(positions, nth(0), true)), 2);
    for (size_t i = 1; i <= over; i++)
        (void)take(positions, nth(i), false);
    mqc__positions_free(&positions);
    CHECK_UNSIGNED(remove_files("p"), 1);
}

static void test_second_opener_is_refused(void)
{
    struct mqc__positions *positions = open_good();
    struct mqc__positions *second = NULL;
    struct mqc_error_info info;
    handle(positions, "a", 5);
    CHECK_INT(mqc__positions_open(path_of("p"), &second, &info), MQC_EEXIST);
    CHECK(second == NULL);
    CHECK_CONTAINS(info.text, "another process");
    CHECK_CONTAINS(info.place, "/p");
    CHECK_UNSIGNED(mqc__positions_last(positions, take(positions, "a", true)), 5);
    mqc__positions_free(&positions);
    positions = open_good();
    mqc__positions_free(&positions);
    CHECK_UNSIGNED(remove_files("p"), 1);
}

/* Who begins the file has the lock on it before it has its name. */
static void test_file_that_is_being_begun_is_in_use(void)
{
    struct mqc__positions *positions = NULL;
    struct mqc_error_info info;
    const int fd = open(path_of("p.new"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    REQUIRE(fd >= 0);
    REQUIRE(flock(fd, LOCK_EX | LOCK_NB) == 0);
    CHECK_INT(mqc__positions_open(path_of("p"), &positions, &info), MQC_EEXIST);
    CHECK(positions == NULL);
    CHECK_INT(access(path_of("p.new"), F_OK), 0);
    (void)close(fd);
    /* Now it is what a process left that was killed. */
    positions = open_good();
    mqc__positions_free(&positions);
    CHECK_UNSIGNED(remove_files("p"), 1);
}

static void write_at(const char *name, off_t at, const void *bytes, size_t size)
{
    const int fd = open(path_of(name), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    REQUIRE(fd >= 0);
    CHECK_INT(pwrite(fd, bytes, size, at), size);
    (void)close(fd);
}

static void read_at(const char *name, off_t at, void *bytes, size_t size)
{
    const int fd = open(path_of(name), O_RDONLY | O_CLOEXEC);
    REQUIRE(fd >= 0);
    CHECK_INT(pread(fd, bytes, size, at), size);
    (void)close(fd);
}

/* The file is set aside as it is, and the next one is empty. */
static void check_set_aside(void)
{
    struct mqc__positions *positions = NULL;
    struct mqc_error_info info;
    CHECK_INT(mqc__positions_open(path_of("p"), &positions, &info), MQC_OK);
    CHECK_INT(info.code, MQC_EMALFORMED);
    CHECK_CONTAINS(info.text, "damaged");
    REQUIRE(positions != NULL);
    (void)take(positions, "a", false);
    mqc__positions_free(&positions);
    CHECK_UNSIGNED(remove_files("p.damaged-"), 1);
    positions = open_good();
    handle(positions, "a", 5);
    mqc__positions_free(&positions);
}

static void begin_good(void)
{
    struct mqc__positions *positions = open_good();
    handle(positions, "a", 5);
    mqc__positions_free(&positions);
}

static void test_cut_file_is_set_aside(void)
{
    const size_t whole = mqc__positions_bytes(MQC__POSITIONS_MAX);
    begin_good();
    for (size_t size = 0; size < sizeof(struct mqc__positions_header); size++) {
        REQUIRE(truncate(path_of("p"), (off_t)size) == 0);
        check_set_aside();
    }
    const size_t sizes[] = {4095, 4096, 4097, whole / 2, whole - 4096, whole - 1, whole + 1};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        REQUIRE(truncate(path_of("p"), (off_t)sizes[i]) == 0);
        check_set_aside();
    }
    CHECK_UNSIGNED(remove_files("p"), 1);
}

static void test_changed_header_is_set_aside(void)
{
    begin_good();
    for (size_t at = 0; at < offsetof(struct mqc__positions_header, check) + 8; at++) {
        unsigned char byte;
        /* A greater version is another case. */
        if (at >= offsetof(struct mqc__positions_header, version) &&
            at < offsetof(struct mqc__positions_header, slot_bytes))
            continue;
        read_at("p", (off_t)at, &byte, 1);
        byte ^= 0x10;
        write_at("p", (off_t)at, &byte, 1);
        check_set_aside();
    }
    const uint32_t version = 0;
    write_at("p", offsetof(struct mqc__positions_header, version), &version, sizeof version);
    check_set_aside();
    CHECK_UNSIGNED(remove_files("p"), 1);
}

static void test_garbage_is_set_aside(void)
{
    struct test_random random = {3};
    const size_t size = mqc__positions_bytes(MQC__POSITIONS_MAX);
    unsigned char *garbage = malloc(size);
    REQUIRE(garbage != NULL);
    for (size_t i = 0; i < size; i++)
        garbage[i] = (unsigned char)test_random_next(&random);
    write_at("p", 0, garbage, size);
    check_set_aside();
    memset(garbage, 0, size);
    write_at("p", 0, garbage, size);
    check_set_aside();
    free(garbage);
    CHECK_UNSIGNED(remove_files("p"), 1);
}

/* Slots have no check: whatever is in them, the table works. */
static void test_garbage_in_slots_does_no_harm(void)
{
    struct test_random random = {4};
    begin_good();
    const size_t size = (size_t)1000 * sizeof(struct mqc__positions_slot);
    uint64_t *garbage = malloc(size);
    REQUIRE(garbage != NULL);
    for (size_t i = 0; i < size / sizeof *garbage; i++)
        garbage[i] = test_random_below(&random, 3);
    write_at("p", MQC__POSITIONS_HEADER_BYTES + (off_t)size, garbage, size);
    struct mqc__positions *positions = open_good();
    for (size_t i = 0; i < MQC__POSITIONS_MAX; i++)
        handle(positions, nth(i), 7);
    for (size_t i = 0; i < MQC__POSITIONS_MAX; i++)
        CHECK_UNSIGNED(mqc__positions_last(positions, take(positions, nth(i), true)), 7);
    mqc__positions_free(&positions);
    free(garbage);
    CHECK_UNSIGNED(remove_files("p"), 1);
}

static void test_newer_version_is_refused_and_stays(void)
{
    struct mqc__positions *positions = NULL;
    struct mqc_error_info info;
    uint32_t version = MQC__POSITIONS_VERSION + 1;
    begin_good();
    write_at("p", offsetof(struct mqc__positions_header, version), &version, sizeof version);
    CHECK_INT(mqc__positions_open(path_of("p"), &positions, &info), MQC_EUNSUPPORTED);
    CHECK(positions == NULL);
    CHECK_CONTAINS(info.text, "newer version");
    CHECK_CONTAINS(info.text, path_of("p"));
    version = MQC__POSITIONS_VERSION;
    write_at("p", offsetof(struct mqc__positions_header, version), &version, sizeof version);
    positions = open_good();
    CHECK_UNSIGNED(mqc__positions_last(positions, take(positions, "a", true)), 5);
    mqc__positions_free(&positions);
    CHECK_UNSIGNED(remove_files("p"), 1);
}

static void check_io_error(const char *name, const char *part)
{
    struct mqc__positions *positions = NULL;
    struct mqc_error_info info;
    CHECK_INT(mqc__positions_open(path_of(name), &positions, &info), MQC_EIO);
    CHECK(positions == NULL);
    CHECK_CONTAINS(info.text, part);
    CHECK_CONTAINS(info.text, name);
    CHECK_CONTAINS(info.place, name);
}

static void test_what_cannot_be_a_file_is_an_error(void)
{
    write_at("p", 0, "", 0);
    REQUIRE(mkfifo(path_of("fifo"), 0600) == 0);
    REQUIRE(mkdir(path_of("folder"), 0700) == 0);
    check_io_error("p/p", "opened");
    check_io_error("fifo", "no file");
    check_io_error("folder", "opened");
    CHECK_INT(unlink(path_of("fifo")), 0);
    CHECK_INT(rmdir(path_of("folder")), 0);
    CHECK_UNSIGNED(remove_files("p"), 1);
}

static void test_folders_are_made(void)
{
    struct mqc__positions *positions = NULL;
    struct mqc_error_info info;
    CHECK_INT(mqc__positions_open(path_of("a/b/p"), &positions, &info), MQC_OK);
    mqc__positions_free(&positions);
    struct stat status;
    REQUIRE(stat(path_of("a/b"), &status) == 0);
    CHECK_UNSIGNED(status.st_mode & 0777U, 0700);
    CHECK_INT(unlink(path_of("a/b/p")), 0);
    CHECK_INT(rmdir(path_of("a/b")), 0);
    CHECK_INT(rmdir(path_of("a")), 0);
}

/* As root, too, nobody writes to a file of this kind. */
static void test_read_only_file_is_an_error(void)
{
    struct mqc__positions *positions = NULL;
    struct mqc_error_info info;
    CHECK_INT(mqc__positions_open("/proc/version", &positions, &info), MQC_EIO);
    CHECK(positions == NULL);
    CHECK_CONTAINS(info.text, "/proc/version");
}

static void test_full_disk_is_an_error_and_leaves_nothing(void)
{
    struct rlimit before;
    REQUIRE(getrlimit(RLIMIT_FSIZE, &before) == 0);
    const struct rlimit small = {(rlim_t)1 << 20, before.rlim_max};
    (void)signal(SIGXFSZ, SIG_IGN);
    REQUIRE(setrlimit(RLIMIT_FSIZE, &small) == 0);
    check_io_error("p", "4 MB");
    REQUIRE(setrlimit(RLIMIT_FSIZE, &before) == 0);
    CHECK_UNSIGNED(remove_files("p"), 0);
}

static void test_damaged_file_that_cannot_be_begun_anew_is_an_error(void)
{
    struct mqc__positions *positions = NULL;
    struct mqc_error_info info;
    write_at("p", 0, "x", 1);
    REQUIRE(mkdir(path_of("p.new"), 0700) == 0);
    CHECK_INT(mqc__positions_open(path_of("p"), &positions, &info), MQC_EIO);
    CHECK_INT(info.code, MQC_EIO);
    CHECK_INT(rmdir(path_of("p.new")), 0);
    CHECK_UNSIGNED(remove_files("p.damaged-"), 1);
    CHECK_UNSIGNED(remove_files("p"), 0);
}

/* After a power cut some pages are older than others. */
static void test_stream_in_two_places_keeps_the_greater_number(void)
{
    struct mqc__positions *positions = open_good();
    const off_t first = MQC__POSITIONS_HEADER_BYTES +
                        (off_t)(take(positions, "a", false) * sizeof(struct mqc__positions_slot));
    handle(positions, "a", 9);
    const off_t second = MQC__POSITIONS_HEADER_BYTES +
                         (off_t)(take(positions, "b", false) * sizeof(struct mqc__positions_slot));
    handle(positions, "b", 1);
    mqc__positions_free(&positions);
    for (int i = 0; i < 2; i++) {
        unsigned char slot[sizeof(struct mqc__positions_slot)];
        const uint64_t last = i == 0 ? 3 : 30;
        read_at("p", first, slot, sizeof slot);
        write_at("p", second, slot, sizeof slot);
        write_at("p", second + (off_t)offsetof(struct mqc__positions_slot, last), &last,
                 sizeof last);
        positions = open_good();
        CHECK_UNSIGNED(mqc__positions_last(positions, take(positions, "a", true)), i == 0 ? 9 : 30);
        (void)take(positions, "b", false);
        mqc__positions_free(&positions);
    }
    CHECK_UNSIGNED(remove_files("p"), 1);
}

/* The page with the header is newer than that with the stream. */
static void test_interrupted_event_of_a_stream_that_is_not_there_makes_it(void)
{
    static const unsigned char nothing[sizeof(struct mqc__positions_slot)];
    struct mqc__positions *positions = open_good();
    size_t place = take(positions, "a", false);
    handle(positions, "a", 8);
    mqc__positions_begin(positions, place, 9);
    mqc__positions_free(&positions);
    write_at("p", MQC__POSITIONS_HEADER_BYTES + (off_t)(place * sizeof nothing), nothing,
             sizeof nothing);
    positions = open_good();
    place = take(positions, "a", true);
    CHECK_UNSIGNED(mqc__positions_last(positions, place), 8);
    CHECK(mqc__positions_is_uncertain(positions, place, 9));
    mqc__positions_free(&positions);
    CHECK_UNSIGNED(remove_files("p"), 1);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"open_again_knows_what_was_done", test_open_again_knows_what_was_done},
        {"interrupted_event_is_uncertain_until_it_is_done",
         test_interrupted_event_is_uncertain_until_it_is_done},
        {"interrupted_first_event_is_known", test_interrupted_first_event_is_known},
        {"more_streams_than_places_keep_the_youngest",
         test_more_streams_than_places_keep_the_youngest},
        {"second_opener_is_refused", test_second_opener_is_refused},
        {"file_that_is_being_begun_is_in_use", test_file_that_is_being_begun_is_in_use},
        {"cut_file_is_set_aside", test_cut_file_is_set_aside},
        {"changed_header_is_set_aside", test_changed_header_is_set_aside},
        {"garbage_is_set_aside", test_garbage_is_set_aside},
        {"garbage_in_slots_does_no_harm", test_garbage_in_slots_does_no_harm},
        {"newer_version_is_refused_and_stays", test_newer_version_is_refused_and_stays},
        {"what_cannot_be_a_file_is_an_error", test_what_cannot_be_a_file_is_an_error},
        {"folders_are_made", test_folders_are_made},
        {"read_only_file_is_an_error", test_read_only_file_is_an_error},
        {"full_disk_is_an_error_and_leaves_nothing", test_full_disk_is_an_error_and_leaves_nothing},
        {"damaged_file_that_cannot_be_begun_anew_is_an_error",
         test_damaged_file_that_cannot_be_begun_anew_is_an_error},
        {"stream_in_two_places_keeps_the_greater_number",
         test_stream_in_two_places_keeps_the_greater_number},
        {"interrupted_event_of_a_stream_that_is_not_there_makes_it",
         test_interrupted_event_of_a_stream_that_is_not_there_makes_it},
        CU_TEST_INFO_NULL,
    };
    if (mkdtemp(folder) == NULL)
        return EXIT_FAILURE;
    const int status = suite_run("spool.positions_file", tests);
    (void)remove_files("");
    (void)rmdir(folder);
    return status;
}
