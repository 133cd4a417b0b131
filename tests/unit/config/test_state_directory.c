#include "config/state_directory.h"

#include "config/text_check.h"
#include "support/suite.h"

static void test_directory_is_made_of_the_name(void)
{
    static const struct {
        const char *directory;
        const char *node;
        const char *path;
    } cases[] = {
        {"/var/lib/mqcluster", "worker-1", "/var/lib/mqcluster/worker-1"},
        {"/d", "W_2.a", "/d/W_2.a"},
        {"/d/", "n", "/d/n"},
        {"/d//", "n", "/d/n"},
        {"/", "n", "/n"},
        {"//", "n", "/n"},
        {"/d", "a/b", "/d/a%2Fb"},
        {"/d", "..", "/d/%2E."},
        {"/d", ".", "/d/%2E"},
        {"/d", "a.", "/d/a."},
        {"/d", "100%", "/d/100%25"},
        {"/d", "a b\tc~", "/d/a%20b%09c%7E"},
        {"/d", "\xc3\xa4\xff", "/d/%C3%A4%FF"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char path[PATH_MAX];
        CHECK_INT(mqc__state_directory(cases[i].directory, cases[i].node, path, NULL), MQC_OK);
        CHECK_TEXT(path, cases[i].path);
    }
}

/* Each byte alone gives another folder, and none of them another level. */
static void test_directory_is_another_for_each_name(void)
{
    char paths[256][PATH_MAX];
    for (unsigned byte = 1; byte < 256; byte++) {
        const char node[] = {(char)byte, '\0'};
        CHECK_INT(mqc__state_directory("/d", node, paths[byte], NULL), MQC_OK);
        CHECK(strchr(paths[byte] + 3, '/') == NULL);
        for (unsigned other = 1; other < byte; other++)
            CHECK(strcmp(paths[byte], paths[other]) != 0);
    }
}

static void test_directory_too_long_is_refused(void)
{
    char path[PATH_MAX];
    char node[257];
    char directory[PATH_MAX];
    struct mqc_error_info info;
    memset(node, 'n', sizeof node);
    node[255] = '\0';
    CHECK_INT(mqc__state_directory("/d", node, path, &info), MQC_OK);
    CHECK_UNSIGNED(strlen(path), 3 + 255);
    node[253] = '+';
    CHECK_INT(mqc__state_directory("/d", node, path, &info), MQC_ECONFIG);
    CHECK_CONTAINS(info.text, "the node's name is too long");
    node[253] = '\0';
    memset(directory, 'd', sizeof directory);
    directory[0] = '/';
    directory[MQC__DIRECTORY_BYTES_MAX] = '\0';
    CHECK_INT(mqc__check_directory(directory, &info), MQC_OK);
    CHECK_INT(mqc__state_directory(directory, node, path, &info), MQC_OK);
    directory[MQC__DIRECTORY_BYTES_MAX] = 'd';
    directory[MQC__DIRECTORY_BYTES_MAX + 1] = '\0';
    CHECK_INT(mqc__check_directory(directory, &info), MQC_ECONFIG);
    CHECK_CONTAINS(info.text, "the path has 3001 bytes, at most 3000");
    directory[MQC__DIRECTORY_BYTES_MAX + 1] = 'd';
    directory[PATH_MAX - 254] = '\0';
    CHECK_INT(mqc__state_directory(directory, node, path, &info), MQC_ECONFIG);
    CHECK_CONTAINS(info.text, "the path of the node's folder is too long");
    directory[PATH_MAX - 255] = '\0';
    CHECK_INT(mqc__state_directory(directory, node, path, &info), MQC_OK);
    CHECK_UNSIGNED(strlen(path), PATH_MAX - 1);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"made of the name", test_directory_is_made_of_the_name},
        {"another for each name", test_directory_is_another_for_each_name},
        {"too long", test_directory_too_long_is_refused},
        CU_TEST_INFO_NULL,
    };
    return suite_run("config.state_directory", tests);
}
