#include "mqtt/options.h"

#include "support/suite.h"

#include <stdlib.h>

static const char *const uris[] = {"mqtt://a", "mqtt://b:1884"};

static struct mqc__session_options good(void)
{
    return (struct mqc__session_options){
        .uris = uris,
        .uri_count = 2,
        .client_id = "client",
        .username = "user",
        .password = "secret",
        .instance = "instance",
        .node = "node",
        .keep_alive_s = 30,
        .connect_timeout_ms = 1000,
        .backoff_min_ms = 10,
        .backoff_max_ms = 100,
        .in_flight_max = 16,
        .in_flight_bytes_max = 1000,
        .outbox_events_max = 100,
        .outbox_bytes_max = 100000,
        .batch_events_max = 10,
        .batch_bytes_max = 1000,
    };
}

static void check_wrong(struct mqc__session_options options, const char *words)
{
    struct mqc__session_options *copy = NULL;
    struct mqc_error_info info = {.code = MQC_OK};
    CHECK_INT(mqc__session_options_copy(&options, &copy, &info), MQC_EINVAL);
    CHECK_CONTAINS(info.text, words);
    CHECK(copy == NULL);
}

static void test_options_copy_owns_its_texts(void)
{
    char client_id[] = "client";
    char uri[] = "mqtt://broker";
    const char *const own_uris[] = {uri};
    struct mqc__session_options options = good();
    options.client_id = client_id;
    char directory[] = "/d";
    options.durability.is_on_disk = true;
    options.durability.directory = directory;
    options.uris = own_uris;
    options.uri_count = 1;
    options.username = NULL;
    options.password = NULL;
    struct mqc__session_options *copy = NULL;
    CHECK_INT(mqc__session_options_copy(&options, &copy, NULL), MQC_OK);
    memset(client_id, 'x', sizeof client_id - 1);
    memset(uri, 'x', sizeof uri - 1);
    memset(directory, 'x', sizeof directory - 1);
    CHECK_TEXT(copy->durability.directory, "/d");
    CHECK_TEXT(copy->client_id, "client");
    CHECK_TEXT(copy->uris[0], "mqtt://broker");
    CHECK(copy->username == NULL);
    CHECK(copy->password == NULL);
    CHECK_UNSIGNED(copy->in_flight_max, 16);
    mqc__session_options_free(&copy);
    CHECK(copy == NULL);
    mqc__session_options_free(&copy);
}

#define WRONG(field, value, words)                                                                 \
    do {                                                                                           \
        struct mqc__session_options options = good();                                              \
        options.field = (value);                                                                   \
        check_wrong(options, (words));                                                             \
    } while (0)

static void test_options_out_of_range_are_named(void)
{
    WRONG(uri_count, 0, "URIs");
    WRONG(uri_count, 33, "URIs");
    WRONG(client_id, NULL, "client id");
    WRONG(client_id, "", "client id");
    WRONG(instance, NULL, "instance");
    WRONG(node, NULL, "name");
    WRONG(username, NULL, "user name");
    WRONG(keep_alive_s, 65536, "keep-alive");
    WRONG(connect_timeout_ms, 0, "connect timeout");
    WRONG(backoff_min_ms, 0, "pause");
    WRONG(backoff_min_ms, 101, "pause");
    WRONG(in_flight_max, 0, "in flight");
    WRONG(in_flight_max, 60001, "in flight");
    WRONG(in_flight_bytes_max, 0, "in flight");
    WRONG(outbox_events_max, 0, "outbox");
    WRONG(outbox_bytes_max, 0, "outbox");
    WRONG(batch_events_max, 0, "batch");
    WRONG(batch_bytes_max, 0, "batch");
    WRONG(batch_bytes_max, (size_t)1 << 30, "batch");
    WRONG(compression_level, -1, "compression");
    WRONG(compression_level, 20, "compression");
    WRONG(durability.is_on_disk, true, "directory");
    WRONG(durability.fsync, (enum mqc__spool_fsync)3, "fsync");
    WRONG(durability.keep_ms, -1, "time to keep");
    static const char *const bad_uris[] = {"mqtt://a", "tcp://b"};
    WRONG(uris, bad_uris, "mqtt://");
}

static void test_options_texts_are_bounded(void)
{
    char *text = malloc(65537);
    REQUIRE(text != NULL);
    memset(text, 'x', 65536);
    text[65536] = '\0';
    WRONG(client_id, text, "client id");
    WRONG(username, text, "user name");
    WRONG(password, text, "password");
    free(text);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"copy_owns_its_texts", test_options_copy_owns_its_texts},
        {"out_of_range_are_named", test_options_out_of_range_are_named},
        {"texts_are_bounded", test_options_texts_are_bounded},
        CU_TEST_INFO_NULL,
    };
    return suite_run("mqtt.options", tests);
}
