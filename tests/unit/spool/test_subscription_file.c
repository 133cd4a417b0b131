#include "spool/subscription_file.h"

#include "support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/mqc-test-subscriptions-XXXXXX";

static const char *path_of(const char *name)
{
    static char paths[4][100];
    static size_t next;
    char *path = paths[next++ % 4];
    (void)snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static const struct mqc__subscription_entry samples[] = {
    {{"mqcluster/a/event/#", 19}, 1764108000123456789, INT64_MAX, true},
    {{"two\nlines end 1\n/#", 18}, 0, 0, false},
    {{"#", 1}, INT64_MAX, 7, true},
};
#define SAMPLE_COUNT (sizeof samples / sizeof samples[0])

static void put(const char *name, const char *bytes, size_t size)
{
    FILE *file = fopen(path_of(name), "we");
    REQUIRE(file != NULL);
    CHECK_UNSIGNED(fwrite(bytes, 1, size, file), size);
    CHECK_INT(fclose(file), 0);
}

static enum mqc_error read_file(const char *name, struct mqc__subscription_list *list)
{
    struct mqc_error_info info;
    const enum mqc_error error = mqc__subscription_file_read(path_of(name), list, &info);
    if (error != MQC_OK) {
        CHECK_INT(info.code, error);
        CHECK_CONTAINS(info.text, name);
        CHECK_UNSIGNED(list->count, 0);
    }
    return error;
}

static void check_samples(const char *name)
{
    struct mqc__subscription_list list;
    REQUIRE(read_file(name, &list) == MQC_OK);
    CHECK_UNSIGNED(list.count, SAMPLE_COUNT);
    for (size_t i = 0; i < list.count && i < SAMPLE_COUNT; i++) {
        CHECK_VIEW(list.entries[i].filter, samples[i].filter);
        CHECK_INT(list.entries[i].since_ns, samples[i].since_ns);
        CHECK_INT(list.entries[i].epoch, samples[i].epoch);
        CHECK_INT(list.entries[i].is_at_broker, samples[i].is_at_broker);
    }
    mqc__subscription_list_fini(&list);
    CHECK(list.entries == NULL);
}

static void test_what_is_written_is_read(void)
{
    const char *path = path_of("good");
    CHECK_INT(mqc__subscription_file_write(path, samples, SAMPLE_COUNT, NULL), MQC_OK);
    check_samples("good");
    CHECK_INT(access(path_of("good.new"), F_OK), -1);
    struct stat status;
    REQUIRE(stat(path, &status) == 0);
    CHECK_UNSIGNED(status.st_mode & 0777U, 0600);
    CHECK_INT(mqc__subscription_file_write(path, NULL, 0, NULL), MQC_OK);
    struct mqc__subscription_list list;
    CHECK_INT(read_file("good", &list), MQC_OK);
    CHECK_UNSIGNED(list.count, 0);
    mqc__subscription_list_fini(&list);
}

static void test_file_in_the_working_folder_needs_no_slash(void)
{
    char before[4096];
    REQUIRE(getcwd(before, sizeof before) != NULL);
    REQUIRE(chdir(folder) == 0);
    CHECK_INT(mqc__subscription_file_write("good", samples, SAMPLE_COUNT, NULL), MQC_OK);
    CHECK_INT(chdir(before), 0);
    check_samples("good");
}

static void test_absent_file_is_an_empty_list(void)
{
    struct mqc__subscription_list list;
    CHECK_INT(read_file("absent", &list), MQC_OK);
    CHECK_UNSIGNED(list.count, 0);
    mqc__subscription_list_fini(&list);
}

static void test_remains_of_a_write_do_no_harm(void)
{
    put("good.new", "x", 1);
    CHECK_INT(mqc__subscription_file_write(path_of("good"), samples, SAMPLE_COUNT, NULL), MQC_OK);
    check_samples("good");
}

static void test_failed_write_leaves_the_old_file(void)
{
    struct mqc_error_info info;
    CHECK_INT(mqc__subscription_file_write(path_of("good"), samples, SAMPLE_COUNT, NULL), MQC_OK);
    REQUIRE(mkdir(path_of("good.new"), 0700) == 0);
    CHECK_INT(mqc__subscription_file_write(path_of("good"), NULL, 0, &info), MQC_EIO);
    CHECK_CONTAINS(info.text, "good");
    CHECK_INT(rmdir(path_of("good.new")), 0);
    check_samples("good");
    CHECK_INT(mqc__subscription_file_write(path_of("none/good"), NULL, 0, &info), MQC_EIO);
}

static void test_too_many_are_refused(void)
{
    struct mqc_error_info info;
    char *text = malloc(MQC__SUBSCRIPTION_FILE_BYTES_MAX);
    REQUIRE(text != NULL);
    memset(text, 'x', MQC__SUBSCRIPTION_FILE_BYTES_MAX);
    /* What stands around this one takes 26 + 14 + 7 bytes. */
    struct mqc__subscription_entry entry = {
        mqc_view_bytes(text, MQC__SUBSCRIPTION_FILE_BYTES_MAX - 46), 1, 2, true};
    CHECK_INT(mqc__subscription_file_write(path_of("large"), &entry, 1, &info), MQC_ETOOLARGE);
    CHECK_CONTAINS(info.text, "large");
    CHECK_INT(access(path_of("large"), F_OK), -1);
    entry.filter.size--;
    CHECK_INT(mqc__subscription_file_write(path_of("large"), &entry, 1, &info), MQC_OK);
    struct mqc__subscription_list list;
    REQUIRE(read_file("large", &list) == MQC_OK);
    CHECK_UNSIGNED(list.count, 1);
    mqc__subscription_list_fini(&list);
    free(text);
}

static void test_cut_file_is_malformed_at_every_length(void)
{
    char *text = NULL;
    size_t size = 0;
    CHECK_INT(mqc__subscription_file_write(path_of("good"), samples, SAMPLE_COUNT, NULL), MQC_OK);
    REQUIRE(test_read_file(path_of("good"), &text, &size));
    for (size_t cut = 0; cut < size; cut++) {
        struct mqc__subscription_list list;
        put("cut", text, cut);
        CHECK_INT(read_file("cut", &list), MQC_EMALFORMED);
        mqc__subscription_list_fini(&list);
    }
    free(text);
}

/* Some still say something, but never more than the file has room for. */
static void test_changed_bytes_do_no_harm(void)
{
    static const char likely[] = {'\0', '9', '-', ' '};
    struct test_random random = {1};
    char *text = NULL;
    size_t size = 0;
    size_t malformed = 0;
    CHECK_INT(mqc__subscription_file_write(path_of("good"), samples, SAMPLE_COUNT, NULL), MQC_OK);
    REQUIRE(test_read_file(path_of("good"), &text, &size));
    for (size_t at = 0; at < size; at++) {
        for (int i = 0; i < 8; i++) {
            struct mqc__subscription_list list;
            const char before = text[at];
            text[at] = (char)test_random_next(&random);
            if (i < 4)
                text[at] = likely[i];
            put("changed", text, size);
            malformed += read_file("changed", &list) == MQC_EMALFORMED;
            for (size_t k = 0; k < list.count; k++)
                CHECK(list.entries[k].filter.size < size && list.entries[k].since_ns >= 0);
            mqc__subscription_list_fini(&list);
            text[at] = before;
        }
    }
    CHECK(malformed > size);
    free(text);
}

static void test_nonsense_is_malformed(void)
{
    static const char *const texts[] = {
        "",
        "x",
        "mqcluster subscriptions 2\nend 0\n",
        "mqcluster subscriptions 1\nend 1\n",
        "mqcluster subscriptions 1\nend 0\n\n",
        "mqcluster subscriptions 1\n+ 1 1 1 #\nend 2\n",
        "mqcluster subscriptions 1\n+ 1 1 0 \nend 1\n",
        "mqcluster subscriptions 1\n+ 1 1 9223372036854775807 #\nend 1\n",
        "mqcluster subscriptions 1\n+ 9223372036854775808 1 1 #\nend 1\n",
        "mqcluster subscriptions 1\n+ -1 1 1 #\nend 1\n",
        "mqcluster subscriptions 1\n+ 01 1 1 #\nend 1\n",
        "mqcluster subscriptions 1\n+ 1 1  1 #\nend 1\n",
        "mqcluster subscriptions 1\n+ 1 1 1 #end 1\n",
        "mqcluster subscriptions 1\n+ 1 1 13 #",
        "mqcluster subscriptions 1\n+ 1 ",
        "mqcluster subscriptions 1\n1 1 1 #\nend 1\n",
        "mqcluster subscriptions 1\n* 1 1 1 #\nend 1\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct mqc__subscription_list list;
        put("nonsense", texts[i], strlen(texts[i]));
        CHECK_INT(read_file("nonsense", &list), MQC_EMALFORMED);
        mqc__subscription_list_fini(&list);
    }
}

static void test_what_is_no_file_cannot_be_read(void)
{
    struct mqc__subscription_list list;
    REQUIRE(mkfifo(path_of("fifo"), 0600) == 0);
    CHECK_INT(read_file("fifo", &list), MQC_EIO);
    mqc__subscription_list_fini(&list);
    CHECK_INT(read_file("", &list), MQC_EIO);
    mqc__subscription_list_fini(&list);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"what_is_written_is_read", test_what_is_written_is_read},
        {"file_in_the_working_folder_needs_no_slash",
         test_file_in_the_working_folder_needs_no_slash},
        {"absent_file_is_an_empty_list", test_absent_file_is_an_empty_list},
        {"remains_of_a_write_do_no_harm", test_remains_of_a_write_do_no_harm},
        {"failed_write_leaves_the_old_file", test_failed_write_leaves_the_old_file},
        {"too_many_are_refused", test_too_many_are_refused},
        {"cut_file_is_malformed_at_every_length", test_cut_file_is_malformed_at_every_length},
        {"changed_bytes_do_no_harm", test_changed_bytes_do_no_harm},
        {"nonsense_is_malformed", test_nonsense_is_malformed},
        {"what_is_no_file_cannot_be_read", test_what_is_no_file_cannot_be_read},
        CU_TEST_INFO_NULL,
    };
    if (mkdtemp(folder) == NULL)
        return EXIT_FAILURE;
    const int status = suite_run("spool.subscription_file", tests);
    static const char *const names[] = {"good",    "good.new", "large", "cut",
                                        "changed", "nonsense", "fifo"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        (void)unlink(path_of(names[i]));
    (void)rmdir(folder);
    return status;
}
