#include "base/file.h"

#include "support/suite.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/mqc-test-file-XXXXXX";

static const char *path_of(const char *name)
{
    static char path[100];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void put(const char *name, const char *text, mode_t mode)
{
    FILE *file = fopen(path_of(name), "we");
    REQUIRE(file != NULL);
    CHECK(fputs(text, file) >= 0);
    CHECK_INT(fclose(file), 0);
    CHECK_INT(chmod(path_of(name), mode), 0);
}

static enum mqc_error read_secret(const char *path, struct mqc_error_info *info)
{
    struct mqc__file file = {.data = NULL};
    const enum mqc_error error = mqc__file_read(path, MQC__FILE_SECRET, &file, info);
    mqc__file_fini(&file);
    return error;
}

static void test_file_is_read_with_a_nul_behind(void)
{
    struct mqc__file file;
    put("plain", "abc\n", 0644);
    REQUIRE(mqc__file_read(path_of("plain"), MQC__FILE_PUBLIC, &file, NULL) == MQC_OK);
    CHECK_UNSIGNED(file.size, 4);
    CHECK_TEXT((const char *)file.data, "abc\n");
    mqc__file_fini(&file);
    CHECK(file.data == NULL);
    mqc__file_fini(&file);
}

static void test_file_secret_open_to_others_is_refused(void)
{
    static const struct {
        mode_t mode;
        bool is_fine;
    } cases[] = {{0600, true},  {0400, true},  {0640, false}, {0440, false},
                 {0604, false}, {0660, false}, {0777, false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mqc_error_info info;
        put("secret", "x", cases[i].mode);
        CHECK_INT(read_secret(path_of("secret"), &info), cases[i].is_fine ? MQC_OK : MQC_ECONFIG);
        if (!cases[i].is_fine)
            CHECK_CONTAINS(info.text, "chmod 600");
    }
}

/* As systemd 252 makes them: a group that may read, because of the access list. */
static void test_file_credential_of_the_service_may_be_readable_for_its_group(void)
{
    struct mqc_error_info info;
    char outside[200];
    REQUIRE(setenv("CREDENTIALS_DIRECTORY", folder, 1) == 0);
    put("credential", "x", 0440);
    CHECK_INT(read_secret(path_of("credential"), &info), MQC_OK);
    (void)snprintf(outside, sizeof outside, "%s/../%s/credential", folder, folder + 5);
    CHECK_INT(read_secret(outside, &info), MQC_ECONFIG);
    put("credential", "x", 0444);
    CHECK_INT(read_secret(path_of("credential"), &info), MQC_ECONFIG);
    put("credential", "x", 0460);
    CHECK_INT(read_secret(path_of("credential"), &info), MQC_ECONFIG);
    REQUIRE(unsetenv("CREDENTIALS_DIRECTORY") == 0);
}

static void test_file_that_is_none_is_named(void)
{
    struct mqc_error_info info;
    struct mqc__file file;
    CHECK_INT(mqc__file_read(path_of("none"), MQC__FILE_PUBLIC, &file, &info), MQC_ECONFIG);
    CHECK_CONTAINS(info.text, "none");
    CHECK_CONTAINS(info.place, "none");
    CHECK_INT(mqc__file_read(folder, MQC__FILE_PUBLIC, &file, &info), MQC_ECONFIG);
    CHECK_CONTAINS(info.text, "no regular file");
    REQUIRE(mkfifo(path_of("fifo"), 0600) == 0);
    CHECK_INT(mqc__file_read(path_of("fifo"), MQC__FILE_PUBLIC, &file, &info), MQC_ECONFIG);
    CHECK_CONTAINS(info.text, "no regular file");
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"is read", test_file_is_read_with_a_nul_behind},
        {"secret", test_file_secret_open_to_others_is_refused},
        {"credential", test_file_credential_of_the_service_may_be_readable_for_its_group},
        {"none", test_file_that_is_none_is_named},
        CU_TEST_INFO_NULL,
    };
    if (mkdtemp(folder) == NULL)
        return EXIT_FAILURE;
    const int status = suite_run("base.file", tests);
    static const char *const names[] = {"plain", "secret", "credential", "fifo"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        (void)unlink(path_of(names[i]));
    (void)rmdir(folder);
    return status;
}
