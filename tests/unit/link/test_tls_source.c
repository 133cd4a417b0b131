/* Files that are replaced while they are in use. */
#include "test_tls_pair.h"

#include "link/tls_source.h"
#include "link/tls_stamp.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Copies a file of the certificates to another name, as a new file in its place. */
static void put(const char *from, const char *to)
{
    char *bytes = NULL;
    size_t size = 0;
    char path[160];
    REQUIRE(test_read_file(tls_file(from), &bytes, &size));
    (void)snprintf(path, sizeof path, "%s.new", tls_file(to));
    FILE *file = fopen(path, "we");
    REQUIRE(file != NULL);
    CHECK(fwrite(bytes, 1, size, file) == size);
    CHECK_INT(fclose(file), 0);
    CHECK_INT(chmod(path, 0600), 0);
    CHECK_INT(rename(path, tls_file(to)), 0);
    free(bytes);
}

/* A source whose certificate and key are copies that a test may replace. */
static struct mqc__tls_source *open_source(void)
{
    struct mqc__tls_source *source = NULL;
    put("client.pem", "own.pem");
    put("client.key", "own.key");
    const struct mqc__tls_options options = tls_client_options("own");
    REQUIRE(mqc__tls_source_new(&options, &source, NULL) == MQC_OK);
    return source;
}

static int64_t expiry_of(const struct mqc__tls_source *source)
{
    struct mqc__tls_expiry expiry = {.chain_s = 0};
    CHECK(mqc__tls_config_expiry(mqc__tls_source_config(source), &expiry));
    return expiry.chain_s;
}

static void test_source_same_files_are_left_alone(void)
{
    struct mqc__tls_source *source = open_source();
    const struct mqc__tls_config *config = mqc__tls_source_config(source);
    for (int i = 0; i < 3; i++)
        CHECK_INT(mqc__tls_source_look(source, false, NULL), MQC__TLS_LOOK_SAME);
    CHECK(mqc__tls_source_config(source) == config);
    CHECK_INT(mqc__tls_source_look(source, true, NULL), MQC__TLS_LOOK_LOADED);
    CHECK_INT(mqc__tls_source_look(source, false, NULL), MQC__TLS_LOOK_SAME);
    mqc__tls_source_unref(&source);
    CHECK(source == NULL);
}

static void test_source_new_files_are_loaded_once_they_stay(void)
{
    struct mqc__tls_source *source = open_source();
    const int64_t before_s = expiry_of(source);
    put("expired-client.pem", "own.pem");
    /* The key does not belong to it yet, which nobody must notice. */
    CHECK_INT(mqc__tls_source_look(source, false, NULL), MQC__TLS_LOOK_SAME);
    put("expired-client.key", "own.key");
    CHECK_INT(mqc__tls_source_look(source, false, NULL), MQC__TLS_LOOK_SAME);
    CHECK_INT(expiry_of(source), before_s);
    CHECK_INT(mqc__tls_source_look(source, false, NULL), MQC__TLS_LOOK_LOADED);
    CHECK_INT(expiry_of(source), 1609459200); /* 2021-01-01 */
    CHECK_INT(mqc__tls_source_look(source, false, NULL), MQC__TLS_LOOK_SAME);
    mqc__tls_source_unref(&source);
}

static void test_source_bad_files_keep_the_old_and_are_not_tried_again(void)
{
    struct mqc_error_info info;
    struct mqc__tls_source *source = open_source();
    const struct mqc__tls_config *config = mqc__tls_source_config(source);
    put("stranger-client.key", "own.key");
    CHECK_INT(mqc__tls_source_look(source, false, &info), MQC__TLS_LOOK_SAME);
    CHECK_INT(mqc__tls_source_look(source, false, &info), MQC__TLS_LOOK_FAILED);
    CHECK_CONTAINS(info.text, "own.key");
    CHECK(mqc__tls_source_config(source) == config);
    CHECK_INT(mqc__tls_source_look(source, false, &info), MQC__TLS_LOOK_SAME);
    CHECK_INT(mqc__tls_source_look(source, true, &info), MQC__TLS_LOOK_FAILED);
    put("client.key", "own.key");
    CHECK_INT(mqc__tls_source_look(source, false, &info), MQC__TLS_LOOK_SAME);
    CHECK_INT(mqc__tls_source_look(source, false, &info), MQC__TLS_LOOK_LOADED);
    mqc__tls_source_unref(&source);
}

static void test_source_that_cannot_be_loaded_is_none(void)
{
    struct mqc_error_info info;
    struct mqc__tls_source *source = NULL;
    struct mqc__tls_options options = tls_client_options("client");
    options.ca_file = "/no/such/ca.pem";
    CHECK_INT(mqc__tls_source_new(&options, &source, &info), MQC_ECONFIG);
    CHECK_CONTAINS(info.text, "/no/such/ca.pem");
    CHECK(source == NULL);
}

static void test_source_copies_its_options(void)
{
    char name[] = "mqtt";
    const char *names[] = {name};
    struct mqc__tls_source *source = NULL;
    struct mqc__tls_options options = tls_client_options(NULL);
    options.alpn = names;
    options.alpn_count = 1;
    REQUIRE(mqc__tls_source_new(&options, &source, NULL) == MQC_OK);
    memset(name, 0, sizeof name); /* an empty name would be refused */
    names[0] = NULL;
    struct mqc__tls_source *second = mqc__tls_source_ref(source);
    mqc__tls_source_unref(&source);
    CHECK_INT(mqc__tls_source_look(second, true, NULL), MQC__TLS_LOOK_LOADED);
    CHECK(mqc__tls_source_certificate_file(second) == NULL);
    mqc__tls_source_unref(&second);
}

/* Each of these must show. */
static void test_stamp_tells_every_kind_of_change(void)
{
    struct mqc__tls_options options = {.ca_path = tls_file("folder"), .crl_file = tls_file("list")};
    const uint64_t without = mqc__tls_stamp(&options);
    CHECK(mqc__tls_stamp(&options) == without);
    put("crl.pem", "list");
    const uint64_t with_list = mqc__tls_stamp(&options);
    CHECK(with_list != without);
    put("crl.pem", "list");
    const uint64_t replaced = mqc__tls_stamp(&options);
    CHECK(replaced != with_list);
    CHECK_INT(truncate(tls_file("list"), 10), 0);
    const uint64_t cut = mqc__tls_stamp(&options);
    CHECK(cut != replaced);
    CHECK_INT(chmod(tls_file("list"), 0640), 0);
    const uint64_t opened = mqc__tls_stamp(&options);
    CHECK(opened != cut);
    put("stranger.pem", "folder/other.pem");
    const uint64_t added = mqc__tls_stamp(&options);
    CHECK(added != opened);
    /* In place: the folder itself does not change. */
    CHECK_INT(truncate(tls_file("folder/other.pem"), 20), 0);
    const uint64_t written = mqc__tls_stamp(&options);
    CHECK(written != added);
    CHECK_INT(unlink(tls_file("folder/other.pem")), 0);
    CHECK(mqc__tls_stamp(&options) != written);
    CHECK_INT(unlink(tls_file("list")), 0);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"same files", test_source_same_files_are_left_alone},
        {"new files", test_source_new_files_are_loaded_once_they_stay},
        {"bad files", test_source_bad_files_keep_the_old_and_are_not_tried_again},
        {"no files", test_source_that_cannot_be_loaded_is_none},
        {"options", test_source_copies_its_options},
        {"stamp", test_stamp_tells_every_kind_of_change},
        CU_TEST_INFO_NULL,
    };
    return tls_suite_run("link.tls_source", tests);
}
