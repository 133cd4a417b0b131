#include "loading.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/mqc-password-XXXXXX";

static const char *path_of(const char *name)
{
    static char path[200];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void write_file(const char *name, const char *bytes, size_t size, mode_t mode)
{
    (void)unlink(path_of(name));
    const int file = open(path_of(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    REQUIRE(file >= 0);
    REQUIRE(write(file, bytes, size) == (ssize_t)size);
    REQUIRE(fchmod(file, mode) == 0);
    (void)close(file);
}

static enum mqc_error set_file(struct mqc_config *config, const char *name,
                               struct mqc_error_info *info)
{
    return mqc_config_set(config, "broker.password_file", path_of(name), info);
}

static void test_password_file_is_read_without_its_line_end(void)
{
    static const struct {
        const char *contents;
        const char *password;
    } cases[] = {
        {"secret", "secret"},       {"secret\n", "secret"}, {"secret\r\n", "secret"},
        {"secret\n\n", "secret\n"}, {" s p \n", " s p "},   {"\xc3\xa4\n", "\xc3\xa4"},
    };
    struct mqc_config *config = mqc_config_new();
    REQUIRE(config != NULL);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        write_file("p", cases[i].contents, strlen(cases[i].contents), 0600);
        CHECK_INT(set_file(config, "p", NULL), MQC_OK);
        CHECK_TEXT(mqc__config_settings(config)->broker.password, cases[i].password);
    }
    mqc_config_free(&config);
}

static void test_password_file_open_to_others_is_refused(void)
{
    static const struct {
        mode_t mode;
        bool is_fine;
    } cases[] = {{0600, true},  {0400, true},  {0640, false},
                 {0604, false}, {0644, false}, {0620, false}};
    struct mqc_config *config = mqc_config_new();
    REQUIRE(config != NULL);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mqc_error_info info = {.text = ""};
        write_file("p", "secret\n", 7, cases[i].mode);
        CHECK_INT(set_file(config, "p", &info), cases[i].is_fine ? MQC_OK : MQC_ECONFIG);
        if (!cases[i].is_fine) {
            CHECK_CONTAINS(info.text, "mend it with: chmod 600 ");
            CHECK_CONTAINS(info.text, path_of("p"));
        }
    }
    mqc_config_free(&config);
}

static void test_password_file_that_is_none_is_refused(void)
{
    struct mqc_error_info info;
    struct mqc_config *config = mqc_config_new();
    static char large[65536];
    REQUIRE(config != NULL);
    memset(large, 'p', sizeof large);
    CHECK_INT(set_file(config, "missing", &info), MQC_ECONFIG);
    CHECK_CONTAINS(info.text, "No such file or directory");
    CHECK_INT(set_file(config, ".", &info), MQC_ECONFIG);
    CHECK_CONTAINS(info.text, "is no regular file");
    REQUIRE(mkfifo(path_of("fifo"), 0600) == 0);
    CHECK_INT(set_file(config, "fifo", &info), MQC_ECONFIG);
    CHECK_CONTAINS(info.text, "is no regular file");
    write_file("p", "\n", 1, 0600);
    CHECK_INT(set_file(config, "p", &info), MQC_ECONFIG);
    CHECK_CONTAINS(info.text, "holds no password");
    write_file("p", "a\0b", 3, 0600);
    CHECK_INT(set_file(config, "p", &info), MQC_ECONFIG);
    CHECK_CONTAINS(info.text, "no UTF-8 text");
    write_file("p", "\xff", 1, 0600);
    CHECK_INT(set_file(config, "p", &info), MQC_ECONFIG);
    write_file("p", large, 65536, 0600);
    CHECK_INT(set_file(config, "p", &info), MQC_ECONFIG);
    CHECK_CONTAINS(info.text, "over 65535 bytes");
    write_file("p", large, 65535, 0600);
    CHECK_INT(set_file(config, "p", &info), MQC_OK);
    mqc_config_free(&config);
}

static void test_password_file_is_found_beside_the_configuration(void)
{
    static const char yaml[] = "cluster: {name: c}\n"
                               "broker: {uri: 'mqtt://h', username: u, password_file: p}\n";
    write_file("p", "beside\n", 7, 0600);
    write_file("node.yaml", yaml, sizeof yaml - 1, 0644);
    const struct loaded *loaded = load_file(path_of("node.yaml"));
    CHECK_INT(loaded->error, MQC_OK);
    REQUIRE(loaded->config != NULL);
    CHECK_TEXT(mqc__config_settings(loaded->config)->broker.password, "beside");
    write_file("p", "beside\n", 7, 0644);
    static char path[200];
    (void)snprintf(path, sizeof path, "%s", path_of("node.yaml"));
    loaded = load_file(path);
    CHECK_UNSIGNED(loaded->count, 1);
    CHECK_UNSIGNED(loaded->problems[0].line, 2);
    CHECK_TEXT(loaded->problems[0].key, "broker.password_file");
    CHECK_CONTAINS(loaded->problems[0].text, "chmod 600");
    unload();
}

static void test_password_file_without_a_user_name_is_named(void)
{
    static const char yaml[] = "cluster: {name: c}\n"
                               "broker: {uri: 'mqtt://h', password_file: p}\n";
    char path[200];
    write_file("p", "secret\n", 7, 0600);
    write_file("node.yaml", yaml, sizeof yaml - 1, 0644);
    (void)snprintf(path, sizeof path, "%s", path_of("node.yaml"));
    const struct loaded *loaded = load_file(path);
    CHECK_UNSIGNED(loaded->count, 1);
    CHECK_UNSIGNED(loaded->problems[0].line, 2);
    CHECK_TEXT(loaded->problems[0].key, "broker.password_file");
    CHECK_CONTAINS(loaded->problems[0].text, "a password without broker.username");
    unload();
}

static void remove_files(void)
{
    static const char *const names[] = {"p", "fifo", "node.yaml"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        (void)unlink(path_of(names[i]));
    (void)rmdir(folder);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"line end", test_password_file_is_read_without_its_line_end},
        {"open to others", test_password_file_open_to_others_is_refused},
        {"no file", test_password_file_that_is_none_is_refused},
        {"no user name", test_password_file_without_a_user_name_is_named},
        {"beside", test_password_file_is_found_beside_the_configuration},
        CU_TEST_INFO_NULL,
    };
    if (mkdtemp(folder) == NULL)
        return EXIT_FAILURE;
    const int status = suite_run("config.password", tests);
    remove_files();
    return status;
}
